/* SPDX-License-Identifier: ISC */
#include "view/flows.h"

uint64_t
view_flows_all(const struct ht_session *ss)
{
	unsigned n = ht_session_settings(ss)->flows;

	return n < HT_MERGE_MAX ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

static bool
is_in(uint64_t flows, unsigned flow)
{
	return (flows >> flow & 1) != 0;
}

unsigned
view_flows_count(uint64_t flows)
{
	unsigned n = 0;

	for (; flows != 0; flows &= flows - 1)
		n++;
	return n;
}

unsigned
view_flows_first(uint64_t flows)
{
	unsigned i = 0;

	while (flows != 0 && !is_in(flows, i))
		i++;
	return i;
}

const struct ht_path *
view_flows_path(const struct ht_session *ss, unsigned target, uint64_t flows)
{
	for (unsigned i = 0; i < HT_MERGE_MAX; i++) {
		const struct ht_path *path = is_in(flows, i)
						 ? ht_session_path(ss, target, i)
						 : NULL;

		if (path != NULL && ht_path_is_reached(path))
			return path;
	}
	return ht_session_path(ss, target, view_flows_first(flows));
}

bool
view_is_reached(const struct ht_session *ss, unsigned target)
{
	const struct ht_path *path = view_flows_path(ss, target, view_flows_all(ss));

	return path != NULL && ht_path_is_reached(path);
}

bool
view_flows_rows(const struct ht_session *ss, unsigned target, uint64_t flows,
    unsigned *ret_first, unsigned *ret_last)
{
	*ret_first = HT_TTL_MAX;
	*ret_last = 0;
	for (unsigned i = 0; i < HT_MERGE_MAX; i++) {
		const struct ht_path *path = is_in(flows, i)
						 ? ht_session_path(ss, target, i)
						 : NULL;

		if (path == NULL || ht_path_first(path) == 0)
			continue;
		if (ht_path_first(path) < *ret_first)
			*ret_first = ht_path_first(path);
		if (ht_path_last(path) > *ret_last)
			*ret_last = ht_path_last(path);
	}
	return *ret_first <= *ret_last;
}

unsigned
view_flows_hops(const struct ht_session *ss, unsigned target, uint64_t flows,
    unsigned ttl, const struct ht_hop *ret_hops[HT_MERGE_MAX])
{
	for (unsigned i = 0; i < HT_MERGE_MAX; i++) {
		const struct ht_path *path = is_in(flows, i)
						 ? ht_session_path(ss, target, i)
						 : NULL;

		ret_hops[i] = path != NULL && ttl <= ht_path_last(path)
				  ? ht_path_hop(path, ttl)
				  : NULL;
	}
	return HT_MERGE_MAX;
}

unsigned
view_flows_branches(const struct ht_session *ss, unsigned target, uint64_t flows,
    unsigned ttl, struct ht_branch ret_branches[HT_MERGE_MAX])
{
	const struct ht_hop *hops[HT_MERGE_MAX];
	unsigned n = view_flows_hops(ss, target, flows, ttl, hops);

	n = ht_hops_branches(hops, n, ret_branches);
	if (n > 0)
		return n;
	ret_branches[0] = (struct ht_branch){ .flows = flows };
	return 1;
}

void
view_row_flows(struct view_row *row, struct view_room *room,
    const struct ht_session *ss, unsigned target, uint64_t flows, unsigned ttl)
{
	const struct ht_hop *hops[HT_MERGE_MAX];
	unsigned n, there = 0;

	view_row_init(row, ss, target, view_flows_first(flows), ttl);
	row->flows = flows;
	if (view_flows_count(flows) < 2)
		return;
	n = view_flows_hops(ss, target, flows, ttl, hops);
	for (unsigned i = 0; i < n; i++)
		there += hops[i] != NULL;
	row->hop = NULL;
	if (there == 0)
		return;
	ht_hop_merge(hops, n, &room->merged);
	row->hop = &room->merged.hop;
}

void
view_row_recent(struct view_row *row, struct view_room *room)
{
	const struct ht_hop *hops[HT_MERGE_MAX];
	unsigned n;

	if (row->hop == NULL)
		return;
	row->recent = &room->recent;
	if (view_flows_count(row->flows) < 2) {
		ht_hop_window_last(row->hop, VIEW_RECENT, &room->recent);
		return;
	}
	n = view_flows_hops(row->ss, row->target, row->flows, row->ttl, hops);
	ht_hops_window_last(hops, n, VIEW_RECENT, &room->recent);
}

enum ht_balance
view_flows_balance(const struct ht_session *ss, unsigned target, uint64_t flows,
    unsigned ttl, unsigned *ret_routers)
{
	const struct ht_hop *hops[HT_MERGE_MAX];
	unsigned n = view_flows_hops(ss, target, flows, ttl, hops);

	return ht_hops_balance(hops, n, ret_routers);
}
