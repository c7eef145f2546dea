/* SPDX-License-Identifier: ISC */
/* How long a SYN without an answer keeps its flow: worked out by hand from hold.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transport/linux/hold.h"

static struct ht_holds holds;

static struct ht_hold *
target(unsigned n)
{
	const struct ht_addr addr = { .family = HT_FAMILY_IP4,
		.bytes = { 192, 0, (uint8_t)(n >> 8), (uint8_t)n } };

	return ht_hold_find(&holds, &addr);
}

static int
begin(void **state)
{
	(void)state;
	memset(&holds, 0, sizeof(holds));
	return 0;
}

static unsigned
wait_ms(const struct ht_hold *h, unsigned ttl)
{
	return (unsigned)(ht_hold_time(h, ttl) / HT_MS);
}

static void
nothing_is_known(void **state)
{
	struct ht_hold *h = target(1);

	(void)state;
	assert_int_equal(wait_ms(h, 1), 2800);
	assert_int_equal(wait_ms(h, 255), 2800);
	ht_hold_silent(h, 9);
	assert_int_equal(wait_ms(h, 1), 250);
	/* Of a target that never answered nothing is too short. */
	for (unsigned i = 1; i <= 5; i++) {
		ht_hold_silent(h, 1);
		assert_int_equal(wait_ms(h, 1), i == 1 ? 2800 : 250);
	}
}

static void
by_the_longest_answer(void **state)
{
	struct ht_hold *h = target(1);

	(void)state;
	ht_hold_answered(h, 1, 20 * HT_MS);
	assert_int_equal(wait_ms(h, 2), 250);
	ht_hold_answered(h, 9, 80 * HT_MS);
	ht_hold_answered(h, 1, 20 * HT_MS);
	assert_int_equal(wait_ms(h, 2), 320);
	assert_int_equal(wait_ms(h, 5), 320);
	ht_hold_answered(h, 10, 600 * HT_MS);
	assert_int_equal(wait_ms(h, 2), 2400);
	assert_int_equal(wait_ms(h, 1), 2800);
	/* Another target is another matter; unknown RTTs say nothing. */
	ht_hold_answered(target(2), 1, 0);
	assert_int_equal(wait_ms(target(2), 2), 250);
}

/* Once in eight there is time for a hop that is farther than all others. */
static void
silent_hops(void **state)
{
	static const unsigned waits[] = { 250, 900, 100, 100, 100, 100, 100, 100, 100,
		900, 100, 100, 100, 100, 100, 100, 100, 900, 100 };
	struct ht_hold *h = target(1);

	(void)state;
	ht_hold_answered(h, 1, 10 * HT_MS);
	for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_int_equal(wait_ms(h, 7), waits[i]);
		ht_hold_silent(h, 7);
	}
	ht_hold_answered(h, 1, 70 * HT_MS);
	assert_int_equal(wait_ms(h, 7), 140);
	/* Who answers has time; who did and does not now, the usual. */
	ht_hold_answered(h, 7, 100 * HT_MS);
	for (unsigned i = 0; i < 20; i++) {
		assert_int_equal(wait_ms(h, 7), i == 0 ? 900 : 400);
		ht_hold_silent(h, 7);
	}
	ht_hold_answered(h, 7, 100 * HT_MS);
	assert_int_equal(wait_ms(h, 7), 900);
}

static void
the_oldest_is_forgotten(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HT_HOLD_TARGETS; i++)
		ht_hold_answered(target(i), 1, 200 * HT_MS);
	target(0);
	target(HT_HOLD_TARGETS);
	assert_int_equal(wait_ms(target(0), 2), 800);
	assert_int_equal(wait_ms(target(2), 2), 800);
	assert_int_equal(wait_ms(target(1), 2), 2800);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_known, begin),
		cmocka_unit_test_setup(by_the_longest_answer, begin),
		cmocka_unit_test_setup(silent_hops, begin),
		cmocka_unit_test_setup(the_oldest_is_forgotten, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
