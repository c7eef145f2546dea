/* SPDX-License-Identifier: ISC */
/**
 * @file rng.h
 * Seeded random numbers: the same seed gives the same sequence everywhere.
 */
#ifndef HT_BASE_RNG_H
#define HT_BASE_RNG_H

#include <hoptop/types.h>

/** State of a generator (splitmix64, Steele et al. 2014). */
struct ht_rng {
	uint64_t state;
};

void ht_rng_init(struct ht_rng *rng, uint64_t seed);

/** Next 64 random bits. */
uint64_t ht_rng_next(struct ht_rng *rng);

/** Uniform in [0, 1), 53 bits. */
double ht_rng_double(struct ht_rng *rng);

/** Uniform in 0..bound-1; 0 for a bound of 0. */
uint64_t ht_rng_below(struct ht_rng *rng, uint64_t bound);

/** Exponential with the given mean, >= 0. */
double ht_rng_exp(struct ht_rng *rng, double mean);

#endif /* HT_BASE_RNG_H */
