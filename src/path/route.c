/* SPDX-License-Identifier: ISC */
/*
 * When has the route changed?  Each hop has a stable address; a run is a row of
 * answers from others.
 *
 * 1. The first address that answers is stable, and its reign begins.
 * 2. No other answered in this reign before, the reign has some length, and the
 *    run is of one address: three answers are a change.
 * 3. Otherwise the hop may balance its load: a run must have twelve answers,
 *    and be so long that chance makes it less than once in 10^8, at the share
 *    that the others had before it.
 *
 * The change began with the first answer of the run.  Old answers weigh less
 * and less in the share, for routers are reconfigured.
 */
#include "path/route.h"

#include <math.h>

#include "base/addr.h"

#define RUN_CLEAR    3
#define RUN_BALANCED 12
#define REIGN_CLEAR  10
#define CHANCE       1e-8
#define REIGN_MAX    1024

static void
reign_begin(struct ht_route_hop *rt, const struct ht_addr *stable, unsigned answers)
{
	/* A run of several addresses says that they share the load from now on. */
	rt->is_shared = rt->run > 0 && rt->run_mixed;
	rt->stable = *stable;
	rt->reign = answers;
	rt->others = 0;
	rt->run = 0;
}

/* Stable has answered again: the run was balancing, it goes into the share. */
static void
run_end(struct ht_route_hop *rt)
{
	rt->is_shared = rt->is_shared || rt->run > 0;
	rt->others += rt->run;
	rt->reign += rt->run + 1;
	rt->run = 0;
	while (rt->reign >= REIGN_MAX) {
		rt->reign /= 2;
		rt->others /= 2;
	}
}

static void
run_add(struct ht_route_hop *rt, const struct ht_addr *from, ht_time at)
{
	if (rt->run == 0) {
		rt->run_at = at;
		rt->run_mixed = false;
	} else if (!ht_addr_equal(&rt->candidate, from)) {
		rt->run_mixed = true;
	}
	rt->candidate = *from;
	rt->run++;
}

/*
 * Chance that a run as long as this one is nothing but balancing, at the share
 * of the others plus two standard errors: a share that is underrated by little
 * underrates the chance of a long run by much.
 */
static double
run_chance(const struct ht_route_hop *rt)
{
	double n = rt->reign + 2.0;
	double share = (rt->others + 1.0) / n;

	share += 2.0 * sqrt(share * (1.0 - share) / n);
	return share < 1.0 ? pow(share, rt->run) : 1.0;
}

static bool
is_change(const struct ht_route_hop *rt)
{
	if (!rt->is_shared && rt->reign >= REIGN_CLEAR && !rt->run_mixed)
		return rt->run >= RUN_CLEAR;
	return rt->run >= RUN_BALANCED && run_chance(rt) <= CHANCE;
}

bool
ht_route_answer(struct ht_route_hop *rt, const struct ht_addr *from, ht_time at,
    struct ht_path_change *ret_change)
{
	if (rt->stable.family == HT_FAMILY_NONE) {
		reign_begin(rt, from, 1);
		return false;
	}
	if (ht_addr_equal(&rt->stable, from)) {
		run_end(rt);
		return false;
	}
	run_add(rt, from, at);
	if (!is_change(rt))
		return false;
	*ret_change = (struct ht_path_change){
		.at = rt->run_at,
		.from = rt->stable,
		.to = *from,
	};
	reign_begin(rt, from, rt->run);
	return true;
}

unsigned
ht_route_answers(const struct ht_route_hop *rt)
{
	return rt->reign + rt->run;
}

ht_time
ht_route_elapsed(ht_time from, ht_time to)
{
	/* A record may hold any times: the difference may not fit. */
	uint64_t span = (uint64_t)to - (uint64_t)from;

	if (to <= from)
		return 0;
	return span < INT64_MAX ? (ht_time)span : INT64_MAX;
}

void
ht_route_log(struct ht_route *route, struct ht_route_hop *rt,
    const struct ht_path_change *change, ht_time slack)
{
	struct ht_path_change *entry =
	    &route->changes[route->n_changes % HT_PATH_CHANGES_MAX];
	bool is_soon = route->epoch > 0
		       && ht_route_elapsed(route->epoch_since, change->at) <= slack;

	/* A hop that changes twice has left the epoch, however soon. */
	if (!is_soon || rt->epoch == route->epoch) {
		route->epoch++;
		route->epoch_since = change->at;
	}
	rt->epoch = route->epoch;
	*entry = *change;
	entry->epoch = route->epoch;
	route->n_changes++;
}
