/* SPDX-License-Identifier: ISC */
/* How long answers wait for us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "transport/linux/lag.h"

#define OFFSET (1700000000 * HT_S)

static struct ht_instant
came(ht_time waited)
{
	return (struct ht_instant){
		.user = 5 * HT_S, .offset = OFFSET, .kernel = 5 * HT_S - waited + OFFSET
	};
}

static void
note(struct ht_lag *lag, ht_time waited)
{
	struct ht_instant at = came(waited);

	ht_lag_woke(lag);
	ht_lag_note(lag, &at);
}

static void
is_the_least_of_the_newest(void **state)
{
	struct ht_lag lag = { 0 };

	(void)state;
	note(&lag, 20 * HT_US);
	for (unsigned i = 1; i < HT_LAGS; i++) {
		assert_int_equal(ht_lag_least(&lag), 0); /* too few */
		note(&lag, (50 + i) * HT_US);
	}
	assert_int_equal(ht_lag_least(&lag), 20 * HT_US);
	note(&lag, 70 * HT_US); /* the first one is forgotten */
	assert_int_equal(ht_lag_least(&lag), 51 * HT_US);
}

static void
load_is_not_taken_off(void **state)
{
	struct ht_lag lag = { 0 };

	(void)state;
	for (unsigned i = 0; i < HT_LAGS; i++)
		note(&lag, 20 * HT_MS);
	assert_int_equal(ht_lag_least(&lag), HT_LAG_MAX);
}

/* Eight answers that wait for one stall tell no more than one. */
static void
a_wake_up_counts_once(void **state)
{
	struct ht_instant at = came(90 * HT_US);
	struct ht_lag lag = { 0 };

	(void)state;
	ht_lag_woke(&lag);
	for (unsigned i = 0; i < 2 * HT_LAGS; i++)
		ht_lag_note(&lag, &at);
	assert_int_equal(lag.n, 1);
	assert_int_equal(ht_lag_least(&lag), 0);
}

static void
what_has_no_stamp_tells_nothing(void **state)
{
	struct ht_instant at = came(0);
	struct ht_lag lag = { 0 };

	(void)state;
	at.kernel = 0;
	ht_lag_woke(&lag);
	ht_lag_note(&lag, &at);
	assert_int_equal(lag.n, 0);
}

static void
a_clock_that_is_set_takes_nothing_off(void **state)
{
	struct ht_lag lag = { 0 };

	(void)state;
	for (unsigned i = 0; i < HT_LAGS; i++)
		note(&lag, i == 3 ? -30 * HT_S : 40 * HT_US);
	assert_int_equal(ht_lag_least(&lag), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_the_least_of_the_newest),
		cmocka_unit_test(load_is_not_taken_off),
		cmocka_unit_test(a_wake_up_counts_once),
		cmocka_unit_test(what_has_no_stamp_tells_nothing),
		cmocka_unit_test(a_clock_that_is_set_takes_nothing_off),
	};

	return cmocka_run_group_tests_name("lag", tests, NULL, NULL);
}
