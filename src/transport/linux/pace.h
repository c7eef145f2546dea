/* SPDX-License-Identifier: ISC */
/**
 * @file pace.h
 * May answers wait until the next probe leaves?
 *
 * At a steady pace each answer would wake the process once between two probes.  The
 * kernel has stamped it, so that nobody can tell whether it was read at once or with
 * the next probe; reading it then saves a third of the system calls.  At the
 * beginning of a run, and when few probes are sent, nothing waits.
 */
#ifndef HT_TRANSPORT_LINUX_PACE_H
#define HT_TRANSPORT_LINUX_PACE_H

#include <hoptop/types.h>

/** Probes in a second from which on the pace is steady. */
#define HT_PACE_STEADY 40

/** The longest that an answer waits; two probes of a steady pace are closer. */
#define HT_PACE_WAIT (25 * HT_MS)

/** All zero at the beginning. */
struct ht_pace {
	ht_time begin;   /**< of this second */
	unsigned count;  /**< probes in it */
	bool is_steady;  /**< so were those of the second before */
	bool is_hurried; /**< nothing ever waits */
	ht_time until;   /**< answers may wait until then */
};

/** A probe has left. */
void ht_pace_sent(struct ht_pace *pace, ht_time now);

/** From now on nothing waits. */
void ht_pace_hurry(struct ht_pace *pace);

#endif /* HT_TRANSPORT_LINUX_PACE_H */
