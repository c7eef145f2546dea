/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <hoptop/event.h>
#include <hoptop/transport.h>
#include <hoptop/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct marked {
	uint8_t type, code;
	uint32_t mtu;
	const char *mark;
};

/*
 * Names of the codes as in the RFCs, marks as in the manual of traceroute(8), its
 * version 2.1.2 was asked where that is silent.
 */
/* clang-format off */
static const struct marked marked4[] = {
	{ 3, 0, 0, "!N" },          /* RFC 792: net unreachable */
	{ 3, 1, 0, "!H" },          /* host unreachable */
	{ 3, 2, 0, "!P" },          /* protocol unreachable */
	{ 3, 3, 0, "" },            /* port unreachable: the destination */
	{ 3, 4, 0, "!F" },          /* fragmentation needed, before RFC 1191 */
	{ 3, 4, 1400, "!F-1400" },  /* RFC 1191 */
	{ 3, 5, 0, "!S" },          /* source route failed */
	{ 3, 6, 0, "!N" },          /* RFC 1122: destination network unknown */
	{ 3, 7, 0, "!H" },          /* destination host unknown */
	{ 3, 8, 0, "!N" },          /* source host isolated */
	{ 3, 9, 0, "!X" },          /* network administratively prohibited */
	{ 3, 10, 0, "!X" },         /* host administratively prohibited */
	{ 3, 11, 0, "!N" },         /* network unreachable for this TOS */
	{ 3, 12, 0, "!H" },         /* host unreachable for this TOS */
	{ 3, 13, 0, "!X" },         /* RFC 1812: administratively prohibited */
	{ 3, 14, 0, "!V" },         /* host precedence violation */
	{ 3, 15, 0, "!C" },         /* precedence cutoff in effect */
	{ 3, 16, 0, "!<16>" },
	{ 3, 255, 1400, "!<255>" },
	{ 11, 0, 0, "" },           /* TTL exceeded in transit */
	{ 11, 1, 0, "!<11-1>" },    /* fragment reassembly time exceeded */
	{ 12, 0, 0, "!<12-0>" },    /* parameter problem */
	{ 4, 255, 0, "!<4-255>" },  /* source quench */
	{ 0, 0, 0, "" },            /* echo reply */
};

static const struct marked marked6[] = {
	{ 1, 0, 0, "!N" },          /* RFC 4443: no route to destination */
	{ 1, 1, 0, "!X" },          /* administratively prohibited */
	{ 1, 2, 0, "!H" },          /* beyond scope of source address */
	{ 1, 3, 0, "!H" },          /* address unreachable */
	{ 1, 4, 0, "" },            /* port unreachable: the destination */
	{ 1, 5, 0, "!X" },          /* source address failed policy: subset of 1 */
	{ 1, 6, 0, "!X" },          /* reject route to destination: subset of 1 */
	{ 1, 7, 0, "!<7>" },
	{ 2, 0, 0, "!F" },          /* packet too big */
	{ 2, 0, 1280, "!F-1280" },
	{ 2, 0, UINT32_MAX, "!F-4294967295" },
	{ 3, 0, 0, "" },            /* hop limit exceeded in transit */
	{ 3, 1, 0, "!<3-1>" },      /* fragment reassembly time exceeded */
	{ 4, 0, 0, "!<4-0>" },      /* erroneous header field */
	{ 4, 1, 0, "!P" },          /* unrecognized next header */
	{ 127, 255, 0, "!<127-255>" },
	{ 129, 0, 0, "" },          /* echo reply */
	{ 0, 0, 0, "" },            /* no ICMP */
};
/* clang-format on */

static void
check_marks(enum ht_family family, const struct marked *m, size_t n)
{
	char buf[HT_MARK_TEXT_MAX];

	for (; n > 0; n--, m++)
		assert_string_equal(
		    ht_reply_mark(family, m->type, m->code, m->mtu, buf), m->mark);
}

static void
test_marks(void **state)
{
	char buf[HT_MARK_TEXT_MAX];

	(void)state;
	check_marks(HT_FAMILY_IP4, marked4, ARRAY_SIZE(marked4));
	check_marks(HT_FAMILY_IP6, marked6, ARRAY_SIZE(marked6));
	/* A code is one byte, whatever the caller made of it. */
	assert_string_equal(
	    ht_reply_mark(HT_FAMILY_IP4, 3, 1000000255, 0, buf), "!<255>");
}

/* Wrappers, for an enum is not an int to a pointer to a function. */
static const char *
proto(int i)
{
	return ht_proto_name((enum ht_proto)i);
}

static const char *
kind(int i)
{
	return ht_reply_kind_name((enum ht_reply_kind)i);
}

static const char *
stamp(int i)
{
	return ht_stamp_name((enum ht_stamp)i);
}

static const char *
event(int i)
{
	return ht_event_type_name((enum ht_event_type)i);
}

static const char *
mark(int i)
{
	return ht_mark_name((enum ht_mark)i);
}

static const char *
stop(int i)
{
	return ht_stop_name((enum ht_stop)i);
}

/* A value that was added to an enum alone would have no word, or another's. */
static void
test_every_value_has_its_word(void **state)
{
	static const struct {
		const char *(*name)(int i);
		int n;
	} enums[] = {
		{ proto, HT_PROTO_COUNT },
		{ kind, HT_REPLY_COUNT },
		{ stamp, HT_STAMP_COUNT },
		{ event, HT_EVENT_COUNT },
		{ mark, HT_MARK_COUNT },
		{ stop, HT_STOP_COUNT },
	};

	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(enums); e++) {
		for (int i = 0; i < enums[e].n; i++) {
			assert_non_null(enums[e].name(i));
			for (int k = 0; k < i; k++)
				assert_string_not_equal(
				    enums[e].name(i), enums[e].name(k));
		}
		assert_string_equal(enums[e].name(enums[e].n), enums[e].name(0));
		assert_string_equal(enums[e].name(-1), enums[e].name(0));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_every_value_has_its_word),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
