/* SPDX-License-Identifier: ISC */
/**
 * @file route.h
 * Tells a change of the route from load balancing, and keeps the log of changes.
 */
#ifndef HT_PATH_ROUTE_H
#define HT_PATH_ROUTE_H

#include <hoptop/path.h>

/** What one hop remembers of who answered; all zero before the first answer. */
struct ht_route_hop {
	struct ht_addr stable;    /**< the address that counts as this hop's */
	struct ht_addr candidate; /**< newest of the run */
	ht_time run_at;           /**< first answer of the run */
	unsigned run;             /**< answers in a row that were not from stable */
	bool run_mixed;           /**< the run has more than one address */
	bool is_shared;           /**< others answered in this reign, before the run */
	unsigned reign;  /**< answers since stable is, without the run; halved */
	unsigned others; /**< of them, not from stable */
	unsigned epoch;  /**< epoch of its newest change, 0 if none */
};

/** What one path remembers: where it ends and how it changed. */
struct ht_route {
	struct ht_path_change changes[HT_PATH_CHANGES_MAX]; /**< ring */
	unsigned n_changes;                                 /**< ever logged */
	unsigned epoch;                                     /**< from 0 */
	ht_time epoch_since;
	uint8_t end; /**< ttl of the newest true end, 0 if none yet */
};

/**
 * Take in who answered a probe in time.
 *
 * @param ret_change  set when the route has changed here: at, from and to
 * @return true when it has
 */
bool ht_route_answer(struct ht_route_hop *rt, const struct ht_addr *from, ht_time at,
    struct ht_path_change *ret_change);

/** Time from one point to another; 0 backwards, however far apart they are. */
ht_time ht_route_elapsed(ht_time from, ht_time to);

/** Number of answers that tell whether the hop is settled, the run included. */
unsigned ht_route_answers(const struct ht_route_hop *rt);

/**
 * Log a change, in the present epoch or as the first of a new one.
 *
 * @param rt      of the hop that changed
 * @param change  its epoch is set here
 * @param slack   ns; a change that began so soon after the epoch belongs to it
 */
void ht_route_log(struct ht_route *route, struct ht_route_hop *rt,
    const struct ht_path_change *change, ht_time slack);

#endif /* HT_PATH_ROUTE_H */
