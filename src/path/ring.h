/* SPDX-License-Identifier: ISC */
/**
 * @file ring.h
 * The history of a hop: its newest probes in sending order, 16 bytes each.
 *
 * A position counts the probes ever pushed, from 0; it is not the probe's seq,
 * for a probe that failed to leave takes a position and no seq.
 */
#ifndef HT_PATH_RING_H
#define HT_PATH_RING_H

#include <hoptop/path.h>

/** One probe, packed: see ring.c. */
struct ht_ring_slot {
	ht_time at;
	uint64_t word;
};

struct ht_ring {
	struct ht_ring_slot *slots; /**< borrowed, size of them */
	size_t size;                /**< > 0 */
	uint64_t end;               /**< position of the next probe */
	uint64_t floor;             /**< position where the statistics begin */
	uint64_t skew;              /**< position - seq of the newest, modulo 2^64 */
};

/** Make an empty ring on borrowed memory, which is not touched. */
void ht_ring_init(struct ht_ring *ring, struct ht_ring_slot *slots, size_t size);

/**
 * Add the newest probe, forgetting the oldest if need be.
 *
 * @param state  HT_SAMPLE_PENDING or HT_SAMPLE_FAILED
 * @param seq    its seq; FAILED: the seq that it would have had
 */
void ht_ring_push(
    struct ht_ring *ring, enum ht_sample_state state, uint32_t seq, ht_time at);

/**
 * Say what became of a probe that is pending or lost.
 *
 * @param outcome  its `at` is ignored
 * @return false when it has left the history, or was answered before
 */
bool ht_ring_settle(
    struct ht_ring *ring, uint32_t seq, const struct ht_sample *outcome);

/** Position of the oldest probe; equals ring->end when there is none. */
uint64_t ht_ring_oldest(const struct ht_ring *ring);

/** Position of the first probe that was sent at or after a time. */
uint64_t ht_ring_lower_bound(const struct ht_ring *ring, ht_time at);

/** Unpack the probe at a position, oldest <= pos < end. */
void ht_ring_get(
    const struct ht_ring *ring, uint64_t pos, struct ht_sample *ret_sample);

#endif /* HT_PATH_RING_H */
