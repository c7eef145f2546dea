/* SPDX-License-Identifier: ISC */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hoptop/stats.h>

#include "base/rng.h"
#include "oracle.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum {
	N = 100000
};

typedef int64_t draw_fn(struct ht_rng *rng);

static int64_t
draw_uniform(struct ht_rng *rng)
{
	return (int64_t)ht_rng_below(rng, 300000000);
}

static double
draw_normal(struct ht_rng *rng)
{
	double radius = sqrt(-2.0 * log1p(-ht_rng_double(rng)));

	return radius * cos(6.283185307179586 * ht_rng_double(rng));
}

static int64_t
draw_lognormal(struct ht_rng *rng)
{
	return (int64_t)(20e6 * exp(0.5 * draw_normal(rng)));
}

/* Pareto with an index of 1.2: no variance to speak of. */
static int64_t
draw_heavy(struct ht_rng *rng)
{
	double x = 1e6 * pow(1.0 - ht_rng_double(rng), -1.0 / 1.2);

	return x < 1e12 ? (int64_t)x : 1000000000000;
}

/* 200 ms, 10 us wide: what a sum of squares would ruin. */
static int64_t
draw_narrow(struct ht_rng *rng)
{
	return 200000000 + (int64_t)ht_rng_below(rng, 10000);
}

static int64_t
draw_small(struct ht_rng *rng)
{
	return (int64_t)ht_rng_below(rng, 300);
}

static int64_t
draw_bimodal(struct ht_rng *rng)
{
	return (ht_rng_below(rng, 10) < 7 ? 10000000 : 250000000)
	       + (int64_t)ht_rng_below(rng, 100000);
}

static draw_fn *const draws[] = { draw_uniform, draw_lognormal, draw_heavy, draw_narrow,
	draw_small, draw_bimodal };

static int64_t *
draw_all(draw_fn *draw, size_t n, uint64_t seed)
{
	int64_t *x = malloc(n * sizeof(*x));
	struct ht_rng rng;

	assert_non_null(x);
	ht_rng_init(&rng, seed);
	for (size_t i = 0; i < n; i++)
		x[i] = draw(&rng);
	return x;
}

static void
check_stats(const int64_t *x, size_t n)
{
	struct ht_stats st;

	ht_stats_clear(&st);
	for (size_t i = 0; i < n; i++)
		ht_stats_add(&st, x[i]);
	oracle_check(&st, x, n);
}

static void
test_running_statistics(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(draws); i++) {
		int64_t *x = draw_all(draws[i], N, 100 + i);
		check_stats(x, N);
		check_stats(x, 2);
		check_stats(x, 3);
		free(x);
	}
}

static void
test_best_and_worst(void **state)
{
	struct ht_stats st;
	int64_t *x = draw_all(draw_lognormal, N, 7);

	(void)state;
	ht_stats_clear(&st);
	for (size_t i = 0; i < N; i++)
		ht_stats_add(&st, x[i]);
	qsort(x, N, sizeof(*x), oracle_by_value);
	assert_int_equal(st.best_ns, x[0]);
	assert_int_equal(st.worst_ns, x[N - 1]);
	free(x);
}

static void
test_nothing_is_not_zero(void **state)
{
	struct ht_stats st;
	double got = -1.0;

	(void)state;
	ht_stats_clear(&st);
	assert_false(ht_stats_stdev(&st, &got));
	assert_false(ht_stats_gmean(&st, &got));
	assert_false(ht_stats_jitter_mean(&st, &got));
	ht_stats_add(&st, 5000000);
	assert_false(ht_stats_stdev(&st, &got));
	assert_false(ht_stats_jitter_mean(&st, &got));
	assert_true(got < 0.0);
	assert_true(ht_stats_gmean(&st, &got));
	oracle_close(got, 5000000.0L);
	assert_int_equal(st.jitter_ns, 0);
	assert_int_equal(st.best_ns, 5000000);
}

/* After 10^15 samples or so one logarithm is less than the sum can hold. */
static void
test_log_sum_loses_nothing(void **state)
{
	struct ht_stats st;
	double got;

	(void)state;
	ht_stats_clear(&st);
	st.log_sum = 1e17;
	for (int i = 0; i < 1000; i++)
		ht_stats_add(&st, 1000);
	st.log_sum -= 1e17;
	assert_true(ht_stats_gmean(&st, &got));
	oracle_close(got, 1000.0L);
}

static void
test_loss(void **state)
{
	struct ht_counts counts = { .sent = 7, .pending = 7, .failed = 3 };
	double pct = -1.0;

	(void)state;
	assert_false(ht_counts_loss_pct(&counts, &pct));
	assert_true(pct < 0.0);
	counts = (struct ht_counts){ .sent = 12,
		.received = 5,
		.pending = 2,
		.lost = 3,
		.late = 2,
		.failed = 9 };
	assert_true(ht_counts_loss_pct(&counts, &pct));
	oracle_close(pct, 30.0L);
}

/* All percentiles of n samples against the sorted ones, rank in integers. */
static void
check_quantiles(draw_fn *draw, size_t n, uint64_t seed)
{
	struct ht_hist *hist = calloc(1, sizeof(*hist));
	int64_t *x = draw_all(draw, n, seed);
	int64_t got;

	assert_non_null(hist);
	for (size_t i = 0; i < n; i++)
		ht_hist_add(hist, x[i]);
	qsort(x, n, sizeof(*x), oracle_by_value);
	for (size_t pct = 1; pct <= 100; pct++) {
		int64_t exact = x[(pct * n + 99) / 100 - 1];
		assert_true(ht_hist_quantile(hist, (double)pct / 100.0, &got));
		if (imaxabs(got - exact) * 100 > exact)
			fail_msg("p%zu of %zu: %jd instead of %jd", pct, n,
			    (intmax_t)got, (intmax_t)exact);
	}
	free(hist);
	free(x);
}

static void
test_quantiles(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(draws); i++)
		check_quantiles(draws[i], N, 500 + i);
}

static void
test_quantiles_of_few(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(draws); i++) {
		for (size_t n = 1; n <= 120; n++)
			check_quantiles(draws[i], n, 900 + n);
		check_quantiles(draws[i], 1000, 900);
	}
}

static void
test_quantile_edges(void **state)
{
	struct ht_hist hist;
	int64_t got = -1;

	(void)state;
	ht_hist_clear(&hist);
	assert_false(ht_hist_quantile(&hist, 0.5, &got));
	assert_int_equal(got, -1);
	ht_hist_add(&hist, -5);
	assert_true(ht_hist_quantile(&hist, 1.0, &got));
	assert_int_equal(got, 0);
	ht_hist_add(&hist, INT64_MAX);
	assert_true(ht_hist_quantile(&hist, 1.0, &got));
	assert_in_range(got, (INT64_C(1) << 40) / 1000 * 995, INT64_C(1) << 40);
	assert_true(ht_hist_quantile(&hist, 1e-9, &got));
	assert_int_equal(got, 0);
}

/* Around every power of two, where the buckets change width, within 0.4 %. */
static void
test_bucket_error(void **state)
{
	struct ht_hist hist;
	int64_t got;

	(void)state;
	ht_hist_clear(&hist);
	for (unsigned bit = 0; bit < HT_HIST_MAX_BITS; bit++) {
		for (int64_t off = -3; off <= 3; off++) {
			int64_t value = (INT64_C(1) << bit) + off;
			if (value < 0)
				continue;
			ht_hist_add(&hist, value);
			assert_true(ht_hist_quantile(&hist, 1.0, &got));
			assert_true(imaxabs(got - value) * 250 <= value);
			if (value < 256)
				assert_int_equal(got, value);
			ht_hist_clear(&hist);
		}
	}
}

/* Whichever of them is lower, and whichever is empty. */
static void
test_merged_quantiles(void **state)
{
	static const int64_t values[][2] = { { 5000, 100 }, { 100, 5000 } };
	struct ht_hist a, b, none;
	int64_t low, high;

	(void)state;
	for (int i = 0; i < 2; i++) {
		ht_hist_clear(&a);
		ht_hist_clear(&b);
		ht_hist_clear(&none);
		ht_hist_add(&a, values[i][0]);
		ht_hist_add(&b, values[i][1]);
		ht_hist_merge(&a, &none);
		ht_hist_merge(&none, &b);
		ht_hist_merge(&a, &none);
		assert_true(ht_hist_quantile(&a, 0.5, &low));
		assert_true(ht_hist_quantile(&a, 1.0, &high));
		assert_int_equal(low, 100);
		assert_in_range(high, 4980, 5020);
	}
}

static void
test_saturation(void **state)
{
	struct ht_hist hist;
	int64_t got;

	(void)state;
	ht_hist_clear(&hist);
	hist.n = hist.count[10] = UINT32_MAX;
	ht_hist_add(&hist, 10);
	assert_int_equal(hist.count[10], UINT32_MAX);
	assert_true(ht_hist_quantile(&hist, 1.0, &got));
	assert_int_equal(got, 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_running_statistics),
		cmocka_unit_test(test_best_and_worst),
		cmocka_unit_test(test_nothing_is_not_zero),
		cmocka_unit_test(test_log_sum_loses_nothing),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_quantiles_of_few),
		cmocka_unit_test(test_quantile_edges),
		cmocka_unit_test(test_bucket_error),
		cmocka_unit_test(test_merged_quantiles),
		cmocka_unit_test(test_saturation),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
