/* SPDX-License-Identifier: ISC */
/*
 * A slot's word, from bit 0: 40 bits of value, 8 of address index, 8 of state,
 * 1 that says whether the value is an RTT to count.  The value of an answered
 * probe is its RTT in ns; the others have none, so it holds their seq.  That is
 * how a probe is found again:
 *
 * 1. Without failures since, it is at seq + skew; go there.
 * 2. Each failure since then pushed it one position further back.  A slot that
 *    knows its seq tells how many positions at least remain; else step by one.
 * 3. Stop at the seq, or where the history ends.
 */
#include "path/ring.h"

#include <assert.h>

#define VALUE_BITS  40
#define VALUE_MAX   ((INT64_C(1) << VALUE_BITS) - 1)
#define ADDR_SHIFT  VALUE_BITS
#define STATE_SHIFT 48
#define RTT_FLAG    (UINT64_C(1) << 56)

static_assert(sizeof(struct ht_ring_slot) == 16, "the history is 16 bytes a probe");

static uint64_t
pack(enum ht_sample_state state, uint64_t value, uint8_t addr_index, bool has_rtt)
{
	return value | (uint64_t)addr_index << ADDR_SHIFT
	       | (uint64_t)state << STATE_SHIFT | (has_rtt ? RTT_FLAG : 0);
}

static enum ht_sample_state
state_of(uint64_t word)
{
	return (enum ht_sample_state)(word >> STATE_SHIFT & 0xff);
}

static bool
is_answered(enum ht_sample_state state)
{
	return state == HT_SAMPLE_RECEIVED || state == HT_SAMPLE_LATE;
}

static struct ht_ring_slot *
slot_at(const struct ht_ring *ring, uint64_t pos)
{
	return &ring->slots[pos % ring->size];
}

void
ht_ring_init(struct ht_ring *ring, struct ht_ring_slot *slots, size_t size)
{
	*ring = (struct ht_ring){ .slots = slots, .size = size };
}

void
ht_ring_push(struct ht_ring *ring, enum ht_sample_state state, uint32_t seq, ht_time at)
{
	struct ht_ring_slot *slot = slot_at(ring, ring->end);

	slot->at = at;
	slot->word = pack(state, seq, UINT8_MAX, false);
	ring->skew = ring->end - seq;
	ring->end++;
}

uint64_t
ht_ring_oldest(const struct ht_ring *ring)
{
	return ring->end > ring->size ? ring->end - ring->size : 0;
}

/* Positions from here back to seq, 0 when it is here; at least that many. */
static uint64_t
distance(uint64_t word, uint32_t seq)
{
	uint32_t found = (uint32_t)(word & UINT32_MAX);

	if (is_answered(state_of(word)))
		return 1;
	if (found == seq)
		return state_of(word) == HT_SAMPLE_FAILED ? 1 : 0;
	return found > seq ? found - seq : UINT64_MAX;
}

static bool
find(const struct ht_ring *ring, uint32_t seq, uint64_t *ret_pos)
{
	uint64_t oldest = ht_ring_oldest(ring);
	uint64_t pos = seq + ring->skew;

	while (pos >= oldest && pos < ring->end) {
		uint64_t back = distance(slot_at(ring, pos)->word, seq);
		if (back == 0) {
			*ret_pos = pos;
			return true;
		}
		if (back > pos - oldest)
			return false;
		pos -= back;
	}
	return false;
}

bool
ht_ring_settle(struct ht_ring *ring, uint32_t seq, const struct ht_sample *outcome)
{
	uint64_t pos;
	uint64_t value = seq;

	if (!find(ring, seq, &pos))
		return false;
	if (is_answered(outcome->state)) {
		int64_t rtt = outcome->rtt_ns > 0 ? outcome->rtt_ns : 0;
		value = (uint64_t)(rtt < VALUE_MAX ? rtt : VALUE_MAX);
	}
	slot_at(ring, pos)->word = pack((enum ht_sample_state)outcome->state, value,
	    outcome->addr_index, outcome->has_rtt);
	return true;
}

uint64_t
ht_ring_lower_bound(const struct ht_ring *ring, ht_time at)
{
	uint64_t low = ht_ring_oldest(ring);
	uint64_t high = ring->end;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (slot_at(ring, middle)->at < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
ht_ring_get(const struct ht_ring *ring, uint64_t pos, struct ht_sample *ret_sample)
{
	const struct ht_ring_slot *slot = slot_at(ring, pos);
	enum ht_sample_state state = state_of(slot->word);

	*ret_sample = (struct ht_sample){
		.at = slot->at,
		.rtt_ns = is_answered(state) ? (int64_t)(slot->word & VALUE_MAX) : -1,
		.state = (uint8_t)state,
		.addr_index = (uint8_t)(slot->word >> ADDR_SHIFT & 0xff),
		.has_rtt = (slot->word & RTT_FLAG) != 0,
	};
}
