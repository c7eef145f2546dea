/* SPDX-License-Identifier: ISC */
/*
 * What the unprivileged transport makes of answers that quote nothing of the payload:
 * over a queue that is filled by hand, with stamps that are chosen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>

#include "transport/linux/dgram_internal.h"
#include "transport/linux/identity.h"

#define OFFSET (1700000000 * HT_S) /* of the wall clock */
#define TTL    61
#define EXT_AT 16 /* behind a quote of nothing but zeros */

static const struct ht_addr target = { .family = HT_FAMILY_IP4,
	.bytes = { 203, 0, 113, 9 } };
static const struct ht_addr router = { .family = HT_FAMILY_IP4,
	.bytes = { 10, 0, 0, 1 } };

/* One message waits in the error queue, or none. */
static struct {
	bool is_full;
	struct ht_arrival arrival;
	uint8_t data[64];
} queue;

static struct dgram *t;
static ht_time now;

/* The newest replies. */
static struct {
	int n;
	struct ht_reply newest;
	bool has_ext;
	unsigned
	    again; /* tokens of those that say no more than to ask again, as bits */
} got;

int __wrap_ht_arrival_batch(
    int fd, const struct ht_family_facts *ff, int flags, struct ht_inbox *ret_inbox);

int
__wrap_ht_arrival_batch(
    int fd, const struct ht_family_facts *ff, int flags, struct ht_inbox *ret_inbox)
{
	(void)fd, (void)ff;
	ret_inbox->n = 0;
	if (!queue.is_full || flags != MSG_ERRQUEUE)
		return -EAGAIN;
	queue.is_full = false;
	ret_inbox->n = 1;
	ret_inbox->arrivals[0] = queue.arrival;
	memcpy(ret_inbox->data[0], queue.data, sizeof(queue.data));
	return 0;
}

static int
begin(void **state)
{
	struct ht_socket *s;

	(void)state;
	memset(&queue, 0, sizeof(queue));
	now = 1000 * HT_S;
	t = calloc(1, sizeof(*t));
	assert_non_null(t);
	t->bare = ht_bare_new();
	assert_non_null(t->bare);
	memcpy(t->magic, "\1\2\3\4", HT_IDENTITY_MAGIC);
	t->n_socks = 1;
	s = &t->socks[0];
	s->ff = ht_family_facts(HT_FAMILY_IP4);
	s->family = HT_FAMILY_IP4;
	s->proto = HT_PROTO_UDP;
	s->local_port = 61000;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	ht_bare_free(t->bare);
	free(t);
	return 0;
}

/* A probe leaves now; the token's lower half is its slot. */
static void
send_at(unsigned ttl, uint32_t token)
{
	const struct ht_socket *s = &t->socks[0];
	const struct ht_bare_key key = ht_dgram_lane(s, &target, HT_PORT_UDP);

	t->sent[(uint16_t)token] = (struct dgram_sent){ .token = token,
		.port = HT_PORT_UDP,
		.is_used = true,
		.is_marked = true,
		.s = s,
		.target = target,
		.at = { .user = now, .offset = OFFSET } };
	ht_bare_sent(t->bare, &key, ttl, token, now);
}

static void
note(void *ctx, const struct ht_reply *rp)
{
	(void)ctx;
	if (rp->kind == HT_REPLY_NONE) {
		assert_int_equal(rp->match, HT_MATCH_AMBIGUOUS);
		assert_int_equal(rp->from.family, HT_FAMILY_NONE);
		got.again |= 1u << rp->token;
		return;
	}
	got.n++;
	got.newest = *rp;
	got.has_ext = rp->ext != NULL;
}

static void
receive(void)
{
	int n;

	memset(&got, 0, sizeof(got));
	n = ht_intake(t, now, note, NULL);
	assert_int_equal(n, got.n + __builtin_popcount(got.again));
}

/* A router answers, and quotes so much; the kernel stamps it, and we see it 1 ms
 * later. */
static void
arrive(const struct ht_addr *from, size_t len)
{
	queue.is_full = true;
	queue.arrival = (struct ht_arrival){ .len = len,
		.peer = target,
		.port = HT_PORT_UDP,
		.offender = *from,
		.origin = t->socks[0].ff->icmp_origin,
		.icmp_type = 11,
		.ttl = TTL,
		.tos = 0x20,
		.at = {
		    .user = now + HT_MS, .offset = OFFSET, .kernel = now + OFFSET } };
}

static void
answer(const struct ht_addr *from)
{
	arrive(from, 0);
	receive();
}

/* With a stack of one label, RFC 4950. */
static void
answer_with_label(const struct ht_addr *from)
{
	static const uint8_t ext[] = { 0x20, 0, 0, 0, 0, 8, 1, 1, 0x00, 0x3e, 0x81, 5 };

	memset(queue.data, 0, sizeof(queue.data));
	memcpy(queue.data + EXT_AT, ext, sizeof(ext));
	arrive(from, EXT_AT + sizeof(ext));
	queue.arrival.ext_at = EXT_AT;
	receive();
}

static void
expect(enum ht_match match, uint32_t token)
{
	assert_int_equal(got.n, 1);
	assert_int_equal(got.newest.match, match);
	assert_int_equal(got.newest.token, token);
	assert_int_equal(got.newest.kind, HT_REPLY_TIME_EXCEEDED);
	assert_int_equal(got.newest.reply_ttl, TTL);
	assert_int_equal(got.newest.reply_tos, 0x20);
}

static ht_time
rtt(void)
{
	return got.newest.rx_ns - got.newest.tx_ns;
}

static void
the_only_one_has_a_time(void **state)
{
	(void)state;
	send_at(3, 0x50003);
	now += 20 * HT_MS;
	answer(&router);
	expect(HT_MATCH_MAPPED, 0x50003);
	assert_int_equal(rtt(), 20 * HT_MS);
	assert_int_equal(got.newest.tx_stamp, HT_STAMP_USER);
	assert_int_equal(got.newest.rx_stamp, HT_STAMP_KERNEL);
	assert_memory_equal(got.newest.from.bytes, router.bytes, 4);
	assert_false(got.has_ext);
	/* From now on it does not do to read it with the next probe. */
	assert_true(t->pace.is_hurried);
}

static void
labels_come_with_it(void **state)
{
	(void)state;
	send_at(3, 3);
	now += 20 * HT_MS;
	answer_with_label(&router);
	expect(HT_MATCH_MAPPED, 3);
	assert_true(got.has_ext);
	assert_int_equal(rtt(), 20 * HT_MS);
}

/* Another probe has its slot by now: when the first one left is forgotten. */
static void
a_departure_is_its_own_or_none(void **state)
{
	(void)state;
	send_at(3, 0x50003);
	now += 20 * HT_MS;
	t->sent[3].token = 0x60003;
	answer(&router);
	expect(HT_MATCH_MAPPED, 0x50003);
	assert_int_equal(got.newest.tx_stamp, HT_STAMP_NONE);
	assert_int_equal(rtt(), 0);
}

/* Not yet whose it is, then nobody knows: no address, no labels, no time. */
static void
one_of_two_says_neither(void **state)
{
	(void)state;
	send_at(3, 3);
	send_at(4, 4);
	now += 20 * HT_MS;
	answer_with_label(&router);
	assert_int_equal(got.n, 0);
	assert_int_equal(got.again, 1u << 3 | 1u << 4);
	now += HT_BARE_KEEP - 1;
	receive();
	assert_int_equal(got.n, 0);
	now += 1;
	receive();
	expect(HT_MATCH_AMBIGUOUS, 3);
	assert_int_equal(got.newest.from.family, HT_FAMILY_NONE);
	assert_false(got.has_ext);
	assert_int_equal(got.newest.tx_stamp, HT_STAMP_NONE);
}

/* So soon behind an answer that it may be a copy: this hop, but no time. */
static void
what_may_be_a_copy_has_no_time(void **state)
{
	(void)state;
	send_at(3, 3);
	now += 100 * HT_MS;
	answer(&router);
	expect(HT_MATCH_MAPPED, 3);
	send_at(3, 4);
	now += 10 * HT_MS;
	answer_with_label(&router);
	expect(HT_MATCH_AMBIGUOUS, 4);
	assert_int_equal(got.newest.from.family, HT_FAMILY_IP4);
	assert_true(got.has_ext);
	assert_int_equal(got.newest.tx_stamp, HT_STAMP_NONE);
}

/* It came between two probes, by the kernel's clock; we see it behind the second. */
static void
who_left_later_is_not_it(void **state)
{
	(void)state;
	send_at(3, 3);
	now += 20 * HT_MS;
	arrive(&router, 0);
	now += HT_US;
	send_at(4, 4);
	now += HT_MS;
	receive();
	expect(HT_MATCH_MAPPED, 3);
	assert_int_equal(rtt(), 20 * HT_MS);
}

static void
nobody_in_flight_is_nobody(void **state)
{
	(void)state;
	answer(&router);
	expect(HT_MATCH_NONE, 0);
	send_at(3, 0);
	now += 20 * HT_MS;
	answer(&router);
	expect(HT_MATCH_MAPPED, 0);
	/* By another one: not the copy of that. */
	answer(&target);
	expect(HT_MATCH_NONE, 0);
	assert_int_equal(got.newest.tx_stamp, HT_STAMP_NONE);
}

/* Who has had an answer with payload is not in question any more. */
static void
a_full_answer_leaves_the_other(void **state)
{
	(void)state;
	send_at(3, 3);
	send_at(4, 4);
	now += 20 * HT_MS;
	ht_identity_put(queue.data, 16, t->magic, 4, 0x55, 0, 0);
	arrive(&target, 16);
	receive();
	expect(HT_MATCH_EXACT, 4);
	answer(&router);
	expect(HT_MATCH_MAPPED, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_only_one_has_a_time, begin, end),
		cmocka_unit_test_setup_teardown(labels_come_with_it, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_departure_is_its_own_or_none, begin, end),
		cmocka_unit_test_setup_teardown(one_of_two_says_neither, begin, end),
		cmocka_unit_test_setup_teardown(
		    what_may_be_a_copy_has_no_time, begin, end),
		cmocka_unit_test_setup_teardown(who_left_later_is_not_it, begin, end),
		cmocka_unit_test_setup_teardown(nobody_in_flight_is_nobody, begin, end),
		cmocka_unit_test_setup_teardown(
		    a_full_answer_leaves_the_other, begin, end),
	};

	return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
