/* SPDX-License-Identifier: ISC */
/**
 * @file hold.h
 * How long a SYN without an answer keeps its flow from the next one.
 *
 * One SYN at a time can be in flight for a target and flow.  Silent hops must not
 * make a round last for seconds; yet if all waits were short while the flow is
 * wanted all the time, a hop that is farther than that would never be heard, and
 * nothing be learned from it:
 *
 * 1. A SYN is waited for four times the longest RTT of this target, and 250 ms; the
 *    first one to a target as long as it can be.
 * 2. The second one to a hop that has never answered is waited for as long as it
 *    can be, and from then on one in eight; the others for twice the longest RTT,
 *    and 100 ms, once anything of this target has answered.
 * 3. A hop that answered the SYN before gets all the time there is, or a queue that
 *    has grown would look like loss.  Not so the next one, once it has kept silent.
 * 4. None is waited for longer than HT_HOLD_MAX; or HT_HOLD_LONG, if nothing of this
 *    target has answered yet, or half of HT_HOLD_MAX was not enough once.
 */
#ifndef HT_TRANSPORT_LINUX_HOLD_H
#define HT_TRANSPORT_LINUX_HOLD_H

#include <hoptop/types.h>

/** The longest wait: the kernel sends a SYN again after 1 s. */
#define HT_HOLD_MAX (900 * HT_MS)

/** The longest where that says nothing: it may be the answer to either, but it is
 * one.  Less than the engine waits by default, and than the kernel's third SYN. */
#define HT_HOLD_LONG (2800 * HT_MS)

/** Targets that are remembered; beyond, the one that was longest not probed goes. */
#define HT_HOLD_TARGETS 64

/** What was learned about a target. */
struct ht_hold {
	struct ht_addr target;
	uint64_t used;       /**< when it was looked up last, by count of look-ups */
	ht_time worst_ns;    /**< longest RTT, 0: none yet */
	bool is_begun;       /**< it was known of a SYN what became of it */
	uint8_t silent[256]; /**< by ttl; see hold.c */
};

/** All targets; zeroed at the beginning. */
struct ht_holds {
	uint64_t count;
	struct ht_hold holds[HT_HOLD_TARGETS];
};

/** What is known of a target, nothing if it is new; good until HT_HOLD_TARGETS more. */
struct ht_hold *ht_hold_find(struct ht_holds *hs, const struct ht_addr *target);

/** An answer came. @param rtt_ns  0 if it is not known */
void ht_hold_answered(struct ht_hold *h, unsigned ttl, ht_time rtt_ns);

/** A SYN was given up. */
void ht_hold_silent(struct ht_hold *h, unsigned ttl);

/** How long to wait for a SYN if nothing else wants its flow. */
ht_time ht_hold_limit(const struct ht_hold *h);

/** How long to wait for a SYN with this ttl while another wants its flow. */
ht_time ht_hold_time(const struct ht_hold *h, unsigned ttl);

#endif /* HT_TRANSPORT_LINUX_HOLD_H */
