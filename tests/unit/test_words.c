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

/* What traceroute(8) of Linux says, by the codes of RFC 792, 1812 and 4443. */
static void
test_marks(void **state)
{
	static const char *const marks4[] = { "!N", "!H", "!P", "", "!F", "!S", "!N",
		"!H", "!N", "!X", "!X", "!N", "!H", "!X", "!<14>", "!<15>" };
	static const char *const marks6[] = { "!N", "!X", "!H", "!H", "", "!X", "!X",
		"!<7>" };
	char buf[8];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(marks4); i++)
		assert_string_equal(ht_reply_mark(HT_FAMILY_IP4, 3, i, buf), marks4[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(marks6); i++)
		assert_string_equal(ht_reply_mark(HT_FAMILY_IP6, 1, i, buf), marks6[i]);
}

static void
test_no_marks(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(ht_reply_mark(HT_FAMILY_IP4, 11, 0, buf), "");
	assert_string_equal(ht_reply_mark(HT_FAMILY_IP4, 11, 1, buf), "");
	assert_string_equal(ht_reply_mark(HT_FAMILY_IP4, 0, 0, buf), "");
	assert_string_equal(ht_reply_mark(HT_FAMILY_IP6, 3, 0, buf), "");
	assert_string_equal(ht_reply_mark(HT_FAMILY_IP6, 129, 0, buf), "");
	/* Packet too big, which IPv4 says as a code of type 3. */
	assert_string_equal(ht_reply_mark(HT_FAMILY_IP6, 2, 0, buf), "!F");
	/* The longest there is; a code is one byte. */
	assert_string_equal(ht_reply_mark(HT_FAMILY_IP4, 3, 255, buf), "!<255>");
	assert_string_equal(ht_reply_mark(HT_FAMILY_IP4, 3, 1000000255, buf), "!<255>");
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
		cmocka_unit_test(test_no_marks),
		cmocka_unit_test(test_every_value_has_its_word),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
