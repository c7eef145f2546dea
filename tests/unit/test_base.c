/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/rng.h"
#include "base/text.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct ht_addr
addr_of(const char *text)
{
	struct ht_addr addr;

	assert_true(ht_addr_parse(text, &addr));
	return addr;
}

static void
test_addr_round_trip(void **state)
{
	/* clang-format off: one line, one address */
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "255.255.255.254", "255.255.255.254" },
		{ "2001:DB8:0:0:0:0:0:1", "2001:db8::1" },
		{ "::", "::" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
		{ "fe80::1%2", "fe80::1%2" },
		{ "fe80::1%4294967295", "fe80::1%4294967295" },
		{ "2001:db8:1111:2222:3333:4444:5555:6666%4294967295",
		    "2001:db8:1111:2222:3333:4444:5555:6666%4294967295" },
	};
	/* clang-format on */
	char buf[HT_ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ht_addr addr = addr_of(rows[i].in);
		assert_string_equal(ht_addr_text(&addr, buf), rows[i].out);
	}
	struct ht_addr none = { .family = HT_FAMILY_NONE };
	assert_string_equal(ht_addr_text(&none, buf), "");
}

static void
test_addr_hostile(void **state)
{
	static const char *const rows[] = { "", " ", "1", "1.2.3", "1.2.3.4.5",
		"1.2.3.256", "1.2.3.-1", "1.2.3.4 ", " 1.2.3.4", "0x7f.0.0.1",
		"1.2.3.4%1", ":", ":::", "1::2::3", "fe80::1%", "fe80::1%eth0",
		"fe80::1%-1", "fe80::1% 1", "fe80::1%4294967296",
		"fe80::1%99999999999999999999999", "%1", "::%1%2",
		"12345::", "2001:db8::1/64", "[::1]", "\xff\xfe", "::1\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"1111111111111111111111111111111111111111111111111111111111111111111",
		"::%0000000000000000000000000000000000000000000000000000000000001" };
	struct ht_addr before, addr;

	(void)state;
	memset(&before, 0xa5, sizeof(before));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		addr = before;
		if (ht_addr_parse(rows[i], &addr))
			fail_msg("taken for an address: %s", rows[i]);
		assert_memory_equal(&addr, &before, sizeof(addr));
	}
}

static void
test_addr_refusal(void **state)
{
	static const char *const refused[] = { "0.0.0.0", "0.1.2.3", "255.255.255.255",
		"224.0.0.1", "239.255.255.255", "::", "ff02::1" };
	static const char *const taken[] = { "1.0.0.0", "223.255.255.255", "240.0.0.1",
		"127.0.0.1", "255.255.255.254", "::1", "fe80::1%1", "2001:db8::" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct ht_addr addr = addr_of(refused[i]);
		assert_non_null(ht_addr_refusal(&addr));
	}
	for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
		struct ht_addr addr = addr_of(taken[i]);
		assert_null(ht_addr_refusal(&addr));
	}
}

static void
test_addr_order(void **state)
{
	static const char *const rows[] = { "1.2.3.4", "1.2.3.5", "200.0.0.1", "::1",
		"fe80::1", "fe80::1%1", "fe80::1%2" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(rows); k++) {
			struct ht_addr a = addr_of(rows[i]), b = addr_of(rows[k]);
			int order = ht_addr_compare(&a, &b);
			assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
			assert_int_equal(ht_addr_equal(&a, &b), i == k);
		}
	}
}

static void
test_addr_sockaddr(void **state)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6, .sin6_scope_id = 7 };
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct sockaddr other = { .sa_family = AF_UNIX };
	char buf[HT_ADDR_TEXT_MAX];

	(void)state;
	sin.sin_addr.s_addr = htonl(0xc0000201);
	sin6.sin6_addr.s6_addr[0] = 0xfe;
	sin6.sin6_addr.s6_addr[1] = 0x80;
	struct ht_addr addr = ht_addr_from_sockaddr((const struct sockaddr *)&sin);
	assert_string_equal(ht_addr_text(&addr, buf), "192.0.2.1");
	addr = ht_addr_from_sockaddr((const struct sockaddr *)&sin6);
	assert_string_equal(ht_addr_text(&addr, buf), "fe80::%7");
	addr = ht_addr_from_sockaddr(&other);
	assert_int_equal(addr.family, HT_FAMILY_NONE);
	assert_int_equal(ht_addr_size(&addr), 0);
}

static void
test_buf(void **state)
{
	struct ht_buf b;

	(void)state;
	ht_buf_init(&b);
	assert_string_equal(b.text, "");
	ht_buf_clear(&b);
	for (int i = 0; i < 1000; i++)
		ht_buf_printf(&b, "%d,", i % 10);
	assert_int_equal(b.len, 2000);
	assert_int_equal(strlen(b.text), 2000);
	assert_memory_equal(b.text + 1980, "0,1,2,3,4,5,6,7,8,9,", 20);
	ht_buf_clear(&b);
	assert_string_equal(b.text, "");
	ht_buf_str(&b, "ab");
	ht_buf_fill(&b, '-', 3);
	ht_buf_add(&b, "x\0y", 3);
	assert_int_equal(b.len, 8);
	assert_memory_equal(b.text, "ab---x\0y", 9);
	assert_false(b.failed);
	ht_buf_done(&b);
	assert_string_equal(b.text, "");
	ht_buf_str(&b, "again");
	assert_string_equal(b.text, "again");
	ht_buf_done(&b);
}

/* The outputs that are published for splitmix64 with these seeds. */
static void
test_rng_vectors(void **state)
{
	static const uint64_t seed0[] = { 0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4,
		0x06c45d188009454f };
	static const uint64_t seed1234567[] = { 6457827717110365317u,
		3203168211198807973u, 9817491932198370423u, 4593380528125082431u,
		16408922859458223821u };
	struct ht_rng rng;

	(void)state;
	ht_rng_init(&rng, 0);
	for (size_t i = 0; i < ARRAY_SIZE(seed0); i++)
		assert_true(ht_rng_next(&rng) == seed0[i]);
	ht_rng_init(&rng, 1234567);
	for (size_t i = 0; i < ARRAY_SIZE(seed1234567); i++)
		assert_true(ht_rng_next(&rng) == seed1234567[i]);
}

static void
test_rng_ranges(void **state)
{
	enum {
		N = 100000
	};
	unsigned seen[10] = { 0 };
	struct ht_rng rng;
	double sum = 0.0, sum_exp = 0.0;

	(void)state;
	ht_rng_init(&rng, 42);
	for (int i = 0; i < N; i++) {
		double x = ht_rng_double(&rng);
		double y = ht_rng_exp(&rng, 3.0);
		assert_true(x >= 0.0 && x < 1.0 && y >= 0.0);
		sum += x;
		sum_exp += y;
		seen[ht_rng_below(&rng, 10)]++;
	}
	/* Five standard errors. */
	assert_true(sum / N > 0.5 - 0.0046 && sum / N < 0.5 + 0.0046);
	assert_true(sum_exp / N > 3.0 - 0.048 && sum_exp / N < 3.0 + 0.048);
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		assert_in_range(seen[i], 9520, 10480);
	assert_int_equal(ht_rng_below(&rng, 0), 0);
	assert_int_equal(ht_rng_below(&rng, 1), 0);
}

static void
test_decode_malformed(void **state)
{
	/* What Unicode 15 section 3.9 and table 3-7 call ill-formed. */
	static const char *const rows[] = { "\x80", "\xbf", "\xc0\xaf", "\xc1\xbf",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "\xc3",
		"\xe2\x82", "\xf0\x9f\x98", "\xe2(", "\xc3\xc3" };
	uint32_t cp;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		size_t used = ht_text_decode(rows[i], &cp);
		assert_int_equal(cp, 0xfffd);
		assert_in_range(used, 1, strlen(rows[i]));
	}
	/* What follows a cut sequence is not swallowed. */
	assert_int_equal(ht_text_decode("\xe2\x82(", &cp), 2);
	assert_int_equal(ht_text_decode("\xc3(", &cp), 1);
}

static void
test_decode_encode_all(void **state)
{
	char buf[5];
	uint32_t got;

	(void)state;
	for (uint32_t cp = 1; cp <= 0x10ffff; cp++) {
		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		size_t len = ht_text_encode(cp, buf);
		assert_int_equal(strlen(buf), len);
		assert_int_equal(ht_text_decode(buf, &got), len);
		assert_int_equal(got, cp);
	}
	assert_int_equal(ht_text_encode(0x20ac, buf), 3);
	assert_string_equal(buf, "\xe2\x82\xac");
}

static void
test_widths(void **state)
{
	/* clang-format off: one line, one string */
	static const struct {
		const char *text;
		size_t width;
	} rows[] = {
		{ "", 0 }, { "abc", 3 }, { "\xc3\xa9", 1 }, { "e\xcc\x81", 1 },
		{ "\xe6\x97\xa5\xe6\x9c\xac", 4 }, /* CJK */
		{ "\xef\xbc\xa1", 2 },             /* full-width A */
		{ "\xe2\x96\x81\xe2\x96\x88", 2 }, /* sparkline blocks */
		{ "\xe2\x94\x80\xe2\x94\x82", 2 }, /* box drawing */
		{ "\xe2\x80\x8b", 0 },             /* zero-width space */
		{ "\xe2\x80\xae", 0 },             /* right-to-left override */
		{ "\xf0\x9f\x98\x80", 2 },         /* emoji */
		{ "\x1b[0m", 3 },                  /* escape itself is 0 */
		{ "\xff", 1 },                     /* replacement */
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(ht_text_width(rows[i].text), rows[i].width);
}

static void
test_clean(void **state)
{
	char all[256], dst[256];

	(void)state;
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	ht_text_clean(dst, sizeof(dst), all);
	assert_int_equal(strlen(dst), 255);
	for (int i = 1; i < 256; i++)
		assert_int_equal(dst[i - 1], i >= 0x20 && i < 0x7f ? i : '?');
	ht_text_clean(dst, sizeof(dst), "a\x1b]0;x\a\xc2\x9b\n");
	assert_string_equal(dst, "a?]0;x????");
	ht_text_clean(dst, 4, "abcdef");
	assert_string_equal(dst, "abc");
	ht_text_clean(dst, 1, "abcdef");
	assert_string_equal(dst, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_round_trip),
		cmocka_unit_test(test_addr_hostile),
		cmocka_unit_test(test_addr_refusal),
		cmocka_unit_test(test_addr_order),
		cmocka_unit_test(test_addr_sockaddr),
		cmocka_unit_test(test_buf),
		cmocka_unit_test(test_rng_vectors),
		cmocka_unit_test(test_rng_ranges),
		cmocka_unit_test(test_decode_malformed),
		cmocka_unit_test(test_decode_encode_all),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_clean),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
