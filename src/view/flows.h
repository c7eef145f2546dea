/* SPDX-License-Identifier: ISC */
/**
 * @file flows.h
 * The flows of a target, looked at together: which rows they have, and which
 * branches.
 *
 * A set of flows is a uint64_t with a bit for each, by index from 0; flow 0 is
 * number settings.flow.
 */
#ifndef HT_VIEW_FLOWS_H
#define HT_VIEW_FLOWS_H

#include "view/columns.h"

/** Most addresses of a hop that are shown unless -E says otherwise; as in mtr. */
#define VIEW_PATHS_DEFAULT 8
/** Largest -E. */
#define VIEW_PATHS_MAX 128

/** Memory for a row that is the merge of several flows. */
struct view_room {
	struct ht_merged merged;
	struct ht_window recent;
};

/** All flows of the session. */
uint64_t view_flows_all(const struct ht_session *ss);

unsigned view_flows_count(uint64_t flows);

/** Index of the lowest flow; 0 for an empty set. */
unsigned view_flows_first(uint64_t flows);

/**
 * The path that says how the flows end: the first one that reached the target,
 * else that of the lowest flow.
 *
 * @return borrowed; NULL before the target has an address
 */
const struct ht_path *view_flows_path(
    const struct ht_session *ss, unsigned target, uint64_t flows);

/** Did any flow reach the target? */
bool view_is_reached(const struct ht_session *ss, unsigned target);

/**
 * The ttls that any of the flows has to show.
 *
 * @return false, and first > last, when there is none
 */
bool view_flows_rows(const struct ht_session *ss, unsigned target, uint64_t flows,
    unsigned *ret_first, unsigned *ret_last);

/**
 * Look up the hops of flows at a ttl, by index; NULL for flows that are not in
 * the set, or whose path ends before.
 *
 * @return entries of ret_hops
 */
unsigned view_flows_hops(const struct ht_session *ss, unsigned target, uint64_t flows,
    unsigned ttl, const struct ht_hop *ret_hops[HT_MERGE_MAX]);

/**
 * Part flows into branches, see ht_hops_branches(); one branch of all flows where
 * nothing was probed yet.
 *
 * @return how many there are, at least 1
 */
unsigned view_flows_branches(const struct ht_session *ss, unsigned target,
    uint64_t flows, unsigned ttl, struct ht_branch ret_branches[HT_MERGE_MAX]);

/**
 * Fill in the row of several flows; recent is NULL, as for view_row_init().
 *
 * @param room  the row points into it
 */
void view_row_flows(struct view_row *row, struct view_room *room,
    const struct ht_session *ss, unsigned target, uint64_t flows, unsigned ttl);

/** Compute what the columns of the last VIEW_RECENT probes of each flow need. */
void view_row_recent(struct view_row *row, struct view_room *room);

/** How the load of these flows is balanced at a ttl, see ht_hops_balance(). */
enum ht_balance view_flows_balance(const struct ht_session *ss, unsigned target,
    uint64_t flows, unsigned ttl, unsigned *ret_routers);

#endif /* HT_VIEW_FLOWS_H */
