/* SPDX-License-Identifier: ISC */
/* Which stamps make the RTT, and what a payload that came back says. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "transport/linux/identity.h"
#include "transport/linux/pace.h"
#include "transport/linux/stamps.h"

#define OFFSET (1700000000 * HT_S)

/* Left at 1000 us, came back at 2000 us; our clock saw it 50 us around. */
static const struct ht_instant left = { 950 * HT_US, OFFSET, OFFSET + 1000 * HT_US };
static const struct ht_instant back = { 2050 * HT_US, OFFSET, OFFSET + 2000 * HT_US };

static void
expect(const struct ht_instant *tx, const struct ht_instant *rx, ht_time rtt_us,
    enum ht_stamp tx_stamp, enum ht_stamp rx_stamp)
{
	struct ht_reply rp = { 0 };

	ht_stamps_pair(tx, rx, &rp);
	assert_int_equal(rp.rx_ns - rp.tx_ns, rtt_us * HT_US);
	assert_int_equal(rp.tx_stamp, tx_stamp);
	assert_int_equal(rp.rx_stamp, rx_stamp);
	/* Monotonic, not wall-clock. */
	assert_true(rp.rx_ns <= rx->user && rp.rx_ns > 900 * HT_US);
}

static void
takes_the_best_pair(void **state)
{
	struct ht_instant tx = left, rx = back;

	(void)state;
	expect(&tx, &rx, 1000, HT_STAMP_KERNEL, HT_STAMP_KERNEL);
	tx.kernel = 0;
	expect(&tx, &rx, 1050, HT_STAMP_USER, HT_STAMP_KERNEL);
	rx.kernel = 0;
	expect(&tx, &rx, 1100, HT_STAMP_USER, HT_STAMP_USER);
	tx.kernel = left.kernel;
	expect(&tx, &rx, 1050, HT_STAMP_KERNEL, HT_STAMP_USER);
	rx.kernel = back.kernel;
	expect(NULL, &rx, 0, HT_STAMP_NONE, HT_STAMP_KERNEL);
}

static void
sees_the_wall_clock_set(void **state)
{
	static const ht_time steps[] = { 3600 * HT_S, -3600 * HT_S, 2 * HT_MS,
		-2 * HT_MS };
	struct ht_instant rx = back;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		/* Set while it was under way, and set before it was read. */
		rx.offset = OFFSET + steps[i];
		rx.kernel = back.kernel + steps[i];
		expect(&left, &rx, 1000, HT_STAMP_KERNEL, HT_STAMP_KERNEL);
		rx.kernel = back.kernel;
		expect(&left, &rx, 1000, HT_STAMP_KERNEL, HT_STAMP_KERNEL);
		/* Of one side only it cannot be told. */
		struct ht_instant tx = left;
		tx.kernel = 0;
		expect(&tx, &rx, 1100, HT_STAMP_USER, HT_STAMP_USER);
	}
	/* Both may be: 3 ms, or 1 ms of them the clock's. */
	rx = back;
	rx.user += 2 * HT_MS;
	rx.offset += 2 * HT_MS;
	rx.kernel += 2 * HT_MS;
	struct ht_reply rp = { 0 };
	ht_stamps_pair(&left, &rx, &rp);
	assert_int_equal(rp.rx_ns - rp.tx_ns, 3100 * HT_US);
	assert_int_equal(rp.rx_stamp, HT_STAMP_USER);
	/* What reading two clocks costs is not a step, and cancels out. */
	rx = back;
	rx.offset += 20 * HT_US;
	expect(&left, &rx, 1000, HT_STAMP_KERNEL, HT_STAMP_KERNEL);
}

static void
never_runs_backwards(void **state)
{
	struct ht_instant tx = left, rx = back;

	(void)state;
	tx.kernel = rx.kernel + 1;
	expect(&tx, &rx, 1050, HT_STAMP_USER, HT_STAMP_KERNEL);
	rx.kernel = OFFSET + 1 * HT_US;
	expect(&tx, &rx, 1100, HT_STAMP_USER, HT_STAMP_USER);
}

static const uint8_t magic[] = { 1, 2, 3, 4 };

static void
knows_its_own_payload(void **state)
{
	static const uint32_t tokens[] = { 0, 1, 0x00010000, 0xdeadbeef, UINT32_MAX };
	uint8_t p[36];
	uint32_t token;

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		assert_true(ht_identity_put(p, sizeof(p), magic, tokens[i], 7, 0, 0));
		token = ~tokens[i];
		for (size_t len = 8; len <= sizeof(p); len++) {
			assert_int_equal(
			    ht_identity_get(p, len, magic, &token), HT_IDENTITY_OURS);
			assert_int_equal(token, tokens[i]);
		}
		for (size_t len = 0; len < 8; len++)
			assert_int_equal(
			    ht_identity_get(p, len, magic, &token), HT_IDENTITY_NONE);
		assert_int_equal(p[35], 7);
		memset(p + 4, 0, sizeof(p) - 4); /* cut, and padded */
		assert_int_equal(
		    ht_identity_get(p, sizeof(p), magic, &token), HT_IDENTITY_NONE);
		memset(p, 0, sizeof(p));
		assert_int_equal(
		    ht_identity_get(p, sizeof(p), magic, &token), HT_IDENTITY_NONE);
		p[3] = 4;
		assert_int_equal(
		    ht_identity_get(p, sizeof(p), magic, &token), HT_IDENTITY_FOREIGN);
	}
}

/* The sum over the varying words and the payload, the long way. */
static uint32_t
sum_of(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void
keeps_the_checksum_of_a_flow(void **state)
{
	uint8_t p[64];

	(void)state;
	for (uint32_t n = 0; n < 70000; n++) {
		size_t len = 2 + n % 63;
		bool is_marked = ht_identity_put(
		    p, len, magic, n * 2654435761u, (uint8_t)n, (uint16_t)n, 17);
		assert_int_equal(is_marked, len >= HT_IDENTITY_SIZE);
		assert_int_equal(sum_of(n & 0xffff, p, len), 17);
	}
	assert_false(ht_identity_put(p, 1, magic, 1, 9, 0, 0));
	assert_int_equal(p[0], 9);
	assert_false(ht_identity_put(p, 0, magic, 1, 9, 0, 0));
}

/* Probes at a fixed distance, from start on; until when answers may wait then. */
static ht_time
send_many(struct ht_pace *pace, ht_time start, unsigned n, ht_time gap)
{
	for (unsigned i = 0; i < n; i++)
		ht_pace_sent(pace, start + i * gap);
	return pace->until - (start + (n - 1) * gap);
}

static void
lets_answers_wait_at_a_steady_pace(void **state)
{
	struct ht_pace pace = { 0 };

	(void)state;
	/* The first second of a run never waits, however fast it is. */
	assert_true(send_many(&pace, 100 * HT_S, 60, 16 * HT_MS) <= 0);
	assert_int_equal(send_many(&pace, 101 * HT_S, 60, 16 * HT_MS), HT_PACE_WAIT);
	/* Nothing was sent for a while: that is a beginning again. */
	assert_true(send_many(&pace, 110 * HT_S, 60, 16 * HT_MS) <= 0);
	/* Too slow. */
	assert_true(send_many(&pace, 120 * HT_S, 100, 30 * HT_MS) <= 0);
	pace = (struct ht_pace){ 0 };
	ht_pace_hurry(&pace);
	assert_true(send_many(&pace, 100 * HT_S, 1000, 10 * HT_MS) <= 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_best_pair),
		cmocka_unit_test(sees_the_wall_clock_set),
		cmocka_unit_test(never_runs_backwards),
		cmocka_unit_test(knows_its_own_payload),
		cmocka_unit_test(keeps_the_checksum_of_a_flow),
		cmocka_unit_test(lets_answers_wait_at_a_steady_pace),
	};

	return cmocka_run_group_tests_name("stamps", tests, NULL, NULL);
}
