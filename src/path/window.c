/* SPDX-License-Identifier: ISC */
/*
 * Statistics of a part of the history: computed anew from the samples, with the
 * functions that keep the running ones.
 */
#include "path/ring.h"

static void
fold_sample(struct ht_window *win, const struct ht_sample *sample)
{
	struct ht_counts *counts = &win->counts;
	uint64_t *const count[HT_SAMPLE_COUNT] = {
		[HT_SAMPLE_PENDING] = &counts->pending,
		[HT_SAMPLE_RECEIVED] = &counts->received,
		[HT_SAMPLE_LOST] = &counts->lost,
		[HT_SAMPLE_LATE] = &counts->late,
		[HT_SAMPLE_FAILED] = &counts->failed,
	};

	(*count[sample->state])++;
	if (sample->state != HT_SAMPLE_FAILED)
		counts->sent++;
	if (sample->state == HT_SAMPLE_RECEIVED && sample->has_rtt) {
		ht_stats_add(&win->rtt, sample->rtt_ns);
		ht_hist_add(&win->hist, sample->rtt_ns);
	}
}

static void
fold(const struct ht_ring *ring, uint64_t first, uint64_t end, struct ht_window *win)
{
	struct ht_sample sample;

	win->counts = (struct ht_counts){ .sent = 0 };
	ht_stats_clear(&win->rtt);
	ht_hist_clear(&win->hist);
	if (first < ring->floor)
		first = ring->floor;
	for (uint64_t pos = first; pos < end; pos++) {
		ht_ring_get(ring, pos, &sample);
		fold_sample(win, &sample);
	}
}

void
ht_hop_window_last(const struct ht_hop *hop, size_t n, struct ht_window *ret_window)
{
	const struct ht_ring *ring = hop->ring;
	uint64_t oldest = ht_ring_oldest(ring);
	uint64_t first = n < ring->end - oldest ? ring->end - n : oldest;

	fold(ring, first, ring->end, ret_window);
}

void
ht_hop_window_span(
    const struct ht_hop *hop, ht_time from, ht_time to, struct ht_window *ret_window)
{
	const struct ht_ring *ring = hop->ring;

	fold(ring, ht_ring_lower_bound(ring, from), ht_ring_lower_bound(ring, to),
	    ret_window);
}

size_t
ht_hop_samples(const struct ht_hop *hop)
{
	if (hop->ring == NULL)
		return 0;
	return (size_t)(hop->ring->end - ht_ring_oldest(hop->ring));
}

bool
ht_hop_sample(const struct ht_hop *hop, size_t back, struct ht_sample *ret_sample)
{
	if (back >= ht_hop_samples(hop))
		return false;
	ht_ring_get(hop->ring, hop->ring->end - 1 - back, ret_sample);
	return true;
}
