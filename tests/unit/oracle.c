/* SPDX-License-Identifier: ISC */
#include "oracle.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

void
oracle_close(double got, long double want)
{
	long double error = fabsl((long double)got - want);

	if (error > 1e-9L * fabsl(want))
		fail_msg("%.17g instead of %.17g", got, (double)want);
}

long double
oracle_mean(const int64_t *x, size_t n)
{
	long double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (long double)x[i];
	return sum / (long double)n;
}

long double
oracle_stdev(const int64_t *x, size_t n)
{
	long double mean = oracle_mean(x, n), sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += ((long double)x[i] - mean) * ((long double)x[i] - mean);
	return sqrtl(sum / (long double)(n - 1));
}

/* By the definition: zeros count as 1 ns. */
long double
oracle_gmean(const int64_t *x, size_t n)
{
	long double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += logl(x[i] > 0 ? (long double)x[i] : 1.0L);
	return expl(sum / (long double)n);
}

long double
oracle_jitter_mean(const int64_t *x, size_t n)
{
	long double sum = 0;

	for (size_t i = 1; i < n; i++)
		sum += x[i] > x[i - 1] ? x[i] - x[i - 1] : x[i - 1] - x[i];
	return sum / (long double)(n - 1);
}

/* RFC 3550 A.8 unrolled: the weight of a jitter k samples ago is (15/16)^k / 16. */
long double
oracle_jitter_rfc(const int64_t *x, size_t n)
{
	long double sum = 0, weight = 1.0L / 16;

	for (size_t i = n - 1; i > 0; i--) {
		sum += weight * fabsl((long double)x[i] - (long double)x[i - 1]);
		weight *= 15.0L / 16;
	}
	return sum;
}

int64_t
oracle_jitter_worst(const int64_t *x, size_t n)
{
	int64_t worst = 0;

	for (size_t i = 1; i < n; i++)
		if (imaxabs(x[i] - x[i - 1]) > worst)
			worst = imaxabs(x[i] - x[i - 1]);
	return worst;
}

int
oracle_by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

void
oracle_check(const struct ht_stats *st, const int64_t *x, size_t n)
{
	double got;

	assert_int_equal(st->n, n);
	if (n > 0) {
		assert_int_equal(st->last_ns, x[n - 1]);
		oracle_close(st->mean_ns, oracle_mean(x, n));
		assert_true(ht_stats_gmean(st, &got));
		oracle_close(got, oracle_gmean(x, n));
	}
	assert_int_equal(ht_stats_stdev(st, &got), n >= 2);
	if (n < 2)
		return;
	oracle_close(got, oracle_stdev(x, n));
	assert_int_equal(st->jitter_ns, imaxabs(x[n - 1] - x[n - 2]));
	assert_int_equal(st->jitter_worst_ns, oracle_jitter_worst(x, n));
	assert_true(ht_stats_jitter_mean(st, &got));
	oracle_close(got, oracle_jitter_mean(x, n));
	oracle_close(st->jitter_rfc_ns, oracle_jitter_rfc(x, n));
}
