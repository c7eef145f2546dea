/* SPDX-License-Identifier: ISC */
/*
 * Buckets 0..127 hold the values 0..127.  From there on each octave [2^k,
 * 2^(k+1)) is cut into 128 buckets of 2^(k-7) ns, so a bucket is at most 1/128
 * of its lower edge wide and its middle is at most 1/256 away from a member.
 */
#include <hoptop/stats.h>

#include <assert.h>
#include <math.h>
#include <string.h>

#define SUB_BUCKETS (1u << HT_HIST_SUB_BITS)
#define LARGEST     ((UINT64_C(1) << HT_HIST_MAX_BITS) - 1)

/* How far the values of an octave are shifted right; 0 for the exact ones. */
static unsigned
octave_shift(uint64_t value)
{
	unsigned shift = 0;

	while (value >> shift >= 2 * SUB_BUCKETS)
		shift++;
	return shift;
}

static size_t
bucket_of(uint64_t value)
{
	unsigned shift = octave_shift(value);

	/* value >> shift is in 128..255, but below 128 in the first buckets. */
	return ((size_t)shift << HT_HIST_SUB_BITS) + (size_t)(value >> shift);
}

static int64_t
bucket_middle(size_t bucket)
{
	if (bucket < 2 * SUB_BUCKETS)
		return (int64_t)bucket;

	unsigned shift = (unsigned)(bucket >> HT_HIST_SUB_BITS) - 1;
	uint64_t low = (uint64_t)(SUB_BUCKETS + bucket % SUB_BUCKETS) << shift;
	return (int64_t)(low + (UINT64_C(1) << shift) / 2);
}

void
ht_hist_clear(struct ht_hist *hist)
{
	memset(hist, 0, sizeof(*hist));
}

/* Few buckets are in use: the others need not be looked at. */
static void
widen(struct ht_hist *hist, uint32_t first, uint32_t last)
{
	if (hist->n == 0 || first < hist->first)
		hist->first = first;
	if (hist->n == 0 || last > hist->last)
		hist->last = last;
}

void
ht_hist_add(struct ht_hist *hist, int64_t rtt_ns)
{
	uint64_t value = rtt_ns > 0 ? (uint64_t)rtt_ns : 0;
	size_t bucket = bucket_of(value < LARGEST ? value : LARGEST);

	widen(hist, (uint32_t)bucket, (uint32_t)bucket);
	hist->n++;
	if (hist->count[bucket] < UINT32_MAX)
		hist->count[bucket]++;
}

void
ht_hist_merge(struct ht_hist *hist, const struct ht_hist *other)
{
	if (other->n == 0)
		return;
	widen(hist, other->first, other->last);
	hist->n += other->n;
	for (size_t i = other->first; i <= other->last; i++) {
		uint32_t sum = hist->count[i] + other->count[i];

		hist->count[i] = sum >= other->count[i] ? sum : UINT32_MAX;
	}
}

/*
 * ceil(q * n), 1..n.  A q such as 0.07 is stored a little too large, and 0.07 *
 * 100 would become rank 8; so products that close to an integer count as it.
 */
static uint64_t
nearest_rank(double q, uint64_t n)
{
	double rank = ceil(q * (double)n * (1.0 - 1e-15));

	if (rank < 1.0)
		return 1;
	return rank < (double)n ? (uint64_t)rank : n;
}

bool
ht_hist_quantile(const struct ht_hist *hist, double q, int64_t *ret_ns)
{
	assert(q > 0.0 && q <= 1.0);
	if (hist->n == 0)
		return false;

	uint64_t rank = nearest_rank(q, hist->n);
	uint64_t seen = 0;
	size_t newest = 0; /* a saturated bucket may end the search too early */

	for (size_t i = hist->first; i <= hist->last && seen < rank; i++) {
		if (hist->count[i] > 0)
			newest = i;
		seen += hist->count[i];
	}
	*ret_ns = bucket_middle(newest);
	return true;
}
