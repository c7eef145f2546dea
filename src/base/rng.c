/* SPDX-License-Identifier: ISC */
#include "base/rng.h"

#include <math.h>

void
ht_rng_init(struct ht_rng *rng, uint64_t seed)
{
	rng->state = seed;
}

uint64_t
ht_rng_next(struct ht_rng *rng)
{
	uint64_t z = (rng->state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

double
ht_rng_double(struct ht_rng *rng)
{
	return (double)(ht_rng_next(rng) >> 11) * 0x1p-53;
}

uint64_t
ht_rng_below(struct ht_rng *rng, uint64_t bound)
{
	/* The modulo bias is below bound / 2^64: of no account here. */
	return bound > 0 ? ht_rng_next(rng) % bound : 0;
}

double
ht_rng_exp(struct ht_rng *rng, double mean)
{
	return -mean * log1p(-ht_rng_double(rng));
}
