/* SPDX-License-Identifier: ISC */
/**
 * @file oracle.h
 * What the statistics of samples are, computed another way.
 *
 * Each function reads all samples, twice where need be, in long double; none
 * keeps a running value, and nothing of src/path is called but the getters.
 * n is >= 1, and >= 2 for deviation and jitter.
 */
#ifndef HT_TESTS_ORACLE_H
#define HT_TESTS_ORACLE_H

#include <hoptop/stats.h>

/** Fail the test unless got is within 1e-9 of want, relative. */
void oracle_close(double got, long double want);

long double oracle_mean(const int64_t *x, size_t n);
long double oracle_stdev(const int64_t *x, size_t n);

/** Zeros count as 1 ns. */
long double oracle_gmean(const int64_t *x, size_t n);

long double oracle_jitter_mean(const int64_t *x, size_t n);
long double oracle_jitter_rfc(const int64_t *x, size_t n);
int64_t oracle_jitter_worst(const int64_t *x, size_t n);

/** Order for qsort(). */
int oracle_by_value(const void *a, const void *b);

/** Fail the test unless st holds the statistics of x, n >= 0. */
void oracle_check(const struct ht_stats *st, const int64_t *x, size_t n);

#endif /* HT_TESTS_ORACLE_H */
