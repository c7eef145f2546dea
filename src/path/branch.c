/* SPDX-License-Identifier: ISC */
/*
 * Flows to branches, in three steps: those balanced per packet, those that were
 * answered, those that never were.
 */
#include <hoptop/path.h>

#include <assert.h>

#include "base/addr.h"
#include "path/balance.h"

struct parting {
	const struct ht_hop *const *hops;
	unsigned n;
	struct ht_branch *branches;
	unsigned n_branches;
	uint64_t mixed;
};

static uint64_t
bit(unsigned flow)
{
	return UINT64_C(1) << flow;
}

/* Who answered last; NULL for nobody. */
static const struct ht_addr *
newest_addr(const struct ht_hop *hop)
{
	return hop->addr_index >= 0 ? &hop->addrs[hop->addr_index].addr : NULL;
}

static bool
has_addr(const struct ht_hop *hop, const struct ht_addr *addr)
{
	for (unsigned i = 0; i < hop->n_addrs; i++)
		if (ht_addr_equal(&hop->addrs[i].addr, addr))
			return true;
	return false;
}

/* Does a flow that is mixed use this address too? */
static bool
is_mixed_addr(const struct parting *pt, const struct ht_addr *addr)
{
	for (unsigned i = 0; i < pt->n; i++)
		if ((pt->mixed & bit(i)) != 0 && has_addr(pt->hops[i], addr))
			return true;
	return false;
}

/* Add flows to the branch of an address, made if there is none. */
static void
join(struct parting *pt, const struct ht_addr *addr, uint64_t flows)
{
	for (unsigned i = 0; i < pt->n_branches; i++)
		if (ht_addr_equal(&pt->branches[i].addr, addr)) {
			pt->branches[i].flows |= flows;
			return;
		}
	pt->branches[pt->n_branches++] = (struct ht_branch){
		.addr = *addr,
		.flows = flows,
	};
}

/* All flows whose packets go the ways of the mixed ones, as one branch. */
static uint64_t
part_mixed(struct parting *pt)
{
	const struct ht_hop *newest = NULL;
	uint64_t flows = 0;

	for (unsigned i = 0; i < pt->n && pt->mixed != 0; i++) {
		const struct ht_hop *hop = pt->hops[i];

		if (hop == NULL || newest_addr(hop) == NULL
		    || !is_mixed_addr(pt, newest_addr(hop)))
			continue;
		flows |= bit(i);
		if (newest == NULL || hop->reply_at > newest->reply_at)
			newest = hop;
	}
	if (newest != NULL)
		join(pt, newest_addr(newest), flows);
	return flows;
}

static void
part_answered(struct parting *pt, uint64_t done)
{
	for (unsigned i = 0; i < pt->n; i++)
		if (pt->hops[i] != NULL && (done & bit(i)) == 0
		    && newest_addr(pt->hops[i]) != NULL)
			join(pt, newest_addr(pt->hops[i]), bit(i));
}

static void
part_silent(struct parting *pt)
{
	static const struct ht_addr nobody;
	uint64_t silent = 0, waiting = 0;

	for (unsigned i = 0; i < pt->n; i++) {
		if (pt->hops[i] == NULL || newest_addr(pt->hops[i]) != NULL)
			continue;
		if (pt->hops[i]->counts.lost > 0)
			silent |= bit(i);
		else
			waiting |= bit(i);
	}
	if (pt->n_branches == 0)
		silent |= waiting;
	if (silent != 0)
		join(pt, &nobody, silent);
}

static unsigned
lowest(uint64_t flows)
{
	unsigned i = 0;

	while ((flows >> i & 1) == 0)
		i++;
	return i;
}

/* The mixed branch was made first, but may not have the lowest flow. */
static void
sort_first(struct parting *pt)
{
	struct ht_branch first = pt->branches[0];
	unsigned at = 0;

	while (at + 1 < pt->n_branches
	       && lowest(pt->branches[at + 1].flows) < lowest(first.flows)) {
		pt->branches[at] = pt->branches[at + 1];
		at++;
	}
	pt->branches[at] = first;
}

unsigned
ht_hops_branches(
    const struct ht_hop *const *hops, unsigned n, struct ht_branch *ret_branches)
{
	struct parting pt = {
		.hops = hops,
		.n = n,
		.branches = ret_branches,
		.mixed = ht_balance_mixed(hops, n),
	};

	assert(n <= HT_MERGE_MAX);
	part_answered(&pt, part_mixed(&pt));
	if (pt.n_branches > 1)
		sort_first(&pt);
	part_silent(&pt);
	return pt.n_branches;
}
