/* SPDX-License-Identifier: ISC */
/* Whose is an answer: what has been rewritten on the way, what is not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "transport/linux/identity.h"
#include "transport/linux/match.h"

#define TOKEN 0x00050007u
#define NOW   (100 * HT_S)

static const struct ht_addr target = { .family = HT_FAMILY_IP4,
	.bytes = { 203, 0, 113, 9 } };
static const struct ht_addr other = { .family = HT_FAMILY_IP4,
	.bytes = { 10, 0, 0, 9 } };

/* The transport with one probe, which left a moment ago. */
static struct dgram *
make(enum ht_proto proto)
{
	struct dgram *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	memcpy(t->magic, "\1\2\3\4", 4);
	t->now = NOW;
	t->socks[0] = (struct ht_socket){ .family = HT_FAMILY_IP4,
		.proto = (uint8_t)proto,
		.ff = ht_family_facts(HT_FAMILY_IP4) };
	t->sent[TOKEN & 0xffff] = (struct dgram_sent){ .token = TOKEN,
		.is_used = true,
		.is_marked = true,
		.s = &t->socks[0],
		.target = target,
		.at = { .user = NOW - HT_MS } };
	return t;
}

/* An ICMP echo: header, and so much of the payload. */
static struct ht_found
find_echo(struct dgram *t, bool is_quote, unsigned seq, const uint8_t *payload,
    size_t len, const struct ht_addr *from)
{
	static uint8_t data[64];
	struct ht_clue clue;
	uint8_t type = is_quote ? 8 : 0;

	memset(data, 0, sizeof(data));
	data[0] = type;
	data[6] = (uint8_t)(seq >> 8);
	data[7] = (uint8_t)seq;
	memcpy(data + 8, payload, len);
	assert_true(
	    ht_match_echo(t, &t->socks[0], type, is_quote, data, 8 + len, &clue));
	return ht_match_find(t, &t->socks[0], &clue, from);
}

static const uint8_t *
payload_of(const char *magic, uint32_t token)
{
	static uint8_t payload[16];

	ht_identity_put(
	    payload, sizeof(payload), (const uint8_t *)magic, token, 0x55, 0, 0);
	return payload;
}

static void
expect_ours(struct ht_found found)
{
	assert_int_equal(found.match, HT_MATCH_EXACT);
	assert_int_equal(found.token, TOKEN);
	assert_non_null(found.sent);
}

static void
expect_none(struct ht_found found)
{
	assert_int_equal(found.match, HT_MATCH_NONE);
}

static void
believes_its_own_payload_from_anywhere(void **state)
{
	struct dgram *t = make(HT_PROTO_ICMP);
	const uint8_t *ours = payload_of("\1\2\3\4", TOKEN);

	(void)state;
	expect_ours(find_echo(t, true, 7, ours, 16, &target));
	expect_ours(find_echo(t, true, 7, ours, 16, &other));
	expect_ours(find_echo(t, false, 7, ours, 16, &other));
	/* Both of them say which probe, and not the same. */
	expect_none(find_echo(t, true, 8, ours, 16, &target));
	/* Of another time: its token comes back, its departure is forgotten. */
	struct ht_found old = find_echo(
	    t, true, 7, payload_of("\1\2\3\4", 0x00040007), 16, &target);
	assert_int_equal(old.match, HT_MATCH_EXACT);
	assert_int_equal(old.token, 0x00040007);
	assert_null(old.sent);
	free(t);
}

static void
takes_nothing_of_others(void **state)
{
	struct dgram *t = make(HT_PROTO_ICMP);
	const uint8_t *foreign = payload_of("\1\2\3\5", TOKEN);

	(void)state;
	for (size_t len = 4; len <= 16; len++) {
		expect_none(find_echo(t, true, 7, foreign, len, &target));
		expect_none(find_echo(t, false, 7, foreign, len, &target));
	}
	/* A number that nobody has. */
	expect_none(find_echo(t, true, 9, foreign, 0, &target));
	expect_none(find_echo(t, false, 9, foreign, 0, &target));
	free(t);
}

static void
goes_by_number_where_nothing_else_is_quoted(void **state)
{
	struct dgram *t = make(HT_PROTO_ICMP);
	const uint8_t *ours = payload_of("\1\2\3\4", TOKEN);

	(void)state;
	for (size_t len = 0; len < 8; len++)
		expect_ours(find_echo(t, true, 7, ours, len, &target));
	/* A NAT before that router, which does not repair what it quotes. */
	expect_ours(find_echo(t, true, 7, ours, 0, &other));
	t->now = NOW + 2 * HT_MATCH_FRESH;
	expect_none(find_echo(t, true, 7, ours, 0, &other));
	expect_ours(find_echo(t, true, 7, ours, 0, &target));
	/* But who answers himself has to be the one who was asked. */
	t->now = NOW;
	expect_none(find_echo(t, false, 7, ours, 0, &other));
	expect_ours(find_echo(t, false, 7, ours, 0, &target));
	free(t);
}

static bool
is_bare(struct dgram *t, bool is_quote, const void *payload, size_t len)
{
	const struct ht_clue clue = {
		.payload = payload, .len = len, .is_quote = is_quote
	};

	return ht_match_is_bare(t, &t->socks[0], &clue);
}

static void
knows_udp_that_says_nothing(void **state)
{
	static const uint8_t zeros[100];
	static const uint8_t small[100] = { 0xab, 0xcd, 7, 7 };
	struct dgram *t = make(HT_PROTO_UDP);

	(void)state;
	assert_true(is_bare(t, true, zeros, 0));
	assert_true(is_bare(t, true, zeros, sizeof(zeros)));
	assert_true(is_bare(t, true, "\1\2\3", 3));
	assert_false(is_bare(t, true, payload_of("\1\2\3\4", TOKEN), 16));
	assert_false(is_bare(t, true, payload_of("\1\2\3\5", TOKEN), 16));
	/* A server says what it likes; a router quotes what was sent. */
	assert_true(is_bare(t, false, "hello, world", 12));
	assert_false(is_bare(t, true, "hello, world", 12));
	/* Unless that was too small for more. */
	assert_false(is_bare(t, true, small, 4));
	t->socks[0].small_at = NOW - HT_MS;
	assert_true(is_bare(t, true, small, 4));
	assert_true(is_bare(t, true, small, sizeof(small)));
	assert_false(is_bare(t, true, "hello, world", 12));
	t->now = NOW + 2 * HT_MATCH_FRESH;
	assert_false(is_bare(t, true, small, 4));
	/* ICMP has its number. */
	t->socks[0].proto = HT_PROTO_ICMP;
	assert_false(is_bare(t, true, zeros, 0));
	free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(believes_its_own_payload_from_anywhere),
		cmocka_unit_test(takes_nothing_of_others),
		cmocka_unit_test(goes_by_number_where_nothing_else_is_quoted),
		cmocka_unit_test(knows_udp_that_says_nothing),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
