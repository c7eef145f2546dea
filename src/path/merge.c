/* SPDX-License-Identifier: ISC */
/*
 * Flows are kept apart and merged only to be looked at: nothing here changes
 * what a path knows, and nothing is kept between two calls.
 */
#include <hoptop/path.h>

#include <assert.h>

#include "base/addr.h"

/* The flow that was answered last, NULL if none ever was. */
static const struct ht_hop *
newest_answered(const struct ht_hop *const *hops, unsigned n)
{
	const struct ht_hop *newest = NULL;

	for (unsigned i = 0; i < n; i++)
		if (hops[i] != NULL && hops[i]->reply_kind != HT_REPLY_NONE
		    && (newest == NULL || hops[i]->reply_at > newest->reply_at))
			newest = hops[i];
	return newest;
}

/* What the newest answer of all says. */
static void
take_reply(struct ht_hop *to, const struct ht_hop *newest)
{
	to->reply_at = newest->reply_at;
	to->reply_kind = newest->reply_kind;
	to->icmp_type = newest->icmp_type;
	to->icmp_code = newest->icmp_code;
	to->mtu = newest->mtu;
	to->reply_ttl = newest->reply_ttl;
	to->tx_stamp = newest->tx_stamp;
	to->rx_stamp = newest->rx_stamp;
}

static void
merge_numbers(struct ht_hop *to, const struct ht_hop *from)
{
	bool is_newer = from->rtt.n > 0 && from->rtt_at >= to->rtt_at;

	ht_counts_merge(&to->counts, &from->counts);
	ht_stats_merge(&to->rtt, &from->rtt, is_newer);
	ht_hist_merge(to->hist, from->hist);
	to->mapped += from->mapped;
	to->ambiguous += from->ambiguous;
	if (is_newer)
		to->rtt_at = from->rtt_at;
	if (from->last_error != 0
	    && (to->last_error == 0 || from->last_error_at > to->last_error_at)) {
		to->last_error = from->last_error;
		to->last_error_at = from->last_error_at;
	}
}

/* Of the flows that have any, those answered last. */
static void
merge_extras(struct ht_hop *to, const struct ht_hop *const *hops, unsigned n)
{
	ht_time ext_at = 0, quote_at = 0;

	for (unsigned i = 0; i < n; i++) {
		const struct ht_hop *hop = hops[i];

		if (hop == NULL)
			continue;
		if (hop->has_ext && (!to->has_ext || hop->reply_at > ext_at)) {
			to->ext = hop->ext;
			to->has_ext = true;
			ext_at = hop->reply_at;
		}
		if (hop->has_quote && (!to->has_quote || hop->reply_at > quote_at)) {
			to->quote = hop->quote;
			to->has_quote = true;
			quote_at = hop->reply_at;
		}
	}
}

static int
find_addr(const struct ht_hop *hop, const struct ht_addr *addr)
{
	for (unsigned i = 0; i < hop->n_addrs; i++)
		if (ht_addr_equal(&hop->addrs[i].addr, addr))
			return (int)i;
	return -1;
}

static void
merge_addr(struct ht_hop_addr *to, const struct ht_hop_addr *from)
{
	bool is_newer = from->rtt.n > 0 && from->rtt_at >= to->rtt_at;

	ht_stats_merge(&to->rtt, &from->rtt, is_newer);
	to->replies += from->replies;
	if (is_newer)
		to->rtt_at = from->rtt_at;
	if (from->first_at < to->first_at)
		to->first_at = from->first_at;
	if (from->last_at > to->last_at)
		to->last_at = from->last_at;
}

/*
 * The address not yet in the table that appeared first; NULL when all are.  Its
 * first appearance counts wherever it was, so flows may see it in any order.
 */
static const struct ht_hop_addr *
next_addr(const struct ht_hop *to, const struct ht_hop *const *hops, unsigned n)
{
	const struct ht_hop_addr *first = NULL;

	for (unsigned i = 0; i < n; i++)
		for (unsigned k = 0; hops[i] != NULL && k < hops[i]->n_addrs; k++) {
			const struct ht_hop_addr *addr = &hops[i]->addrs[k];

			if ((first == NULL || addr->first_at < first->first_at)
			    && find_addr(to, &addr->addr) < 0)
				first = addr;
		}
	return first;
}

static void
reserve_addr(struct ht_hop *to, const struct ht_hop_addr *addr)
{
	to->addrs[to->n_addrs++] = (struct ht_hop_addr){
		.addr = addr->addr,
		.first_at = addr->first_at,
		.last_at = addr->last_at,
		.rtt_at = addr->rtt_at,
	};
}

/* In order of appearance, as in the hop of one flow. */
static void
sort_addrs(struct ht_hop *hop)
{
	const struct ht_addr newest = hop->addr_index >= 0
					  ? hop->addrs[hop->addr_index].addr
					  : (struct ht_addr){
						    .family = HT_FAMILY_NONE
					    };

	for (unsigned i = 1; i < hop->n_addrs; i++) {
		struct ht_hop_addr addr = hop->addrs[i];
		unsigned at = i;

		for (; at > 0 && hop->addrs[at - 1].first_at > addr.first_at; at--)
			hop->addrs[at] = hop->addrs[at - 1];
		hop->addrs[at] = addr;
	}
	hop->addr_index = find_addr(hop, &newest);
}

static void
merge_addrs(struct ht_hop *to, const struct ht_hop *const *hops, unsigned n,
    const struct ht_hop *newest)
{
	const struct ht_hop_addr *addr;

	if (newest != NULL && newest->addr_index >= 0) {
		reserve_addr(to, &newest->addrs[newest->addr_index]);
		to->addr_index = 0;
	}
	while (
	    to->n_addrs < HT_HOP_ADDRS_MAX && (addr = next_addr(to, hops, n)) != NULL)
		reserve_addr(to, addr);
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; hops[i] != NULL && k < hops[i]->n_addrs; k++) {
			int at = find_addr(to, &hops[i]->addrs[k].addr);

			if (at >= 0)
				merge_addr(&to->addrs[at], &hops[i]->addrs[k]);
			else
				to->other_addr_replies += hops[i]->addrs[k].replies;
		}
		if (hops[i] != NULL)
			to->other_addr_replies += hops[i]->other_addr_replies;
	}
	sort_addrs(to);
}

void
ht_hop_merge(const struct ht_hop *const *hops, unsigned n, struct ht_merged *ret_merged)
{
	const struct ht_hop *newest = newest_answered(hops, n);
	struct ht_hop *to = &ret_merged->hop;

	assert(n <= HT_MERGE_MAX);
	*to = (struct ht_hop){
		.addr_index = -1,
		.reply_ttl = -1,
		.hist = &ret_merged->hist,
	};
	ht_hist_clear(to->hist);
	for (unsigned i = 0; i < n; i++)
		if (hops[i] != NULL) {
			to->ttl = hops[i]->ttl;
			merge_numbers(to, hops[i]);
		}
	if (newest != NULL)
		take_reply(to, newest);
	merge_addrs(to, hops, n, newest);
	merge_extras(to, hops, n);
}

/* One flow's probes, newest first. */
struct cursor {
	const struct ht_hop *hop;
	size_t back;
	struct ht_sample sample;
	bool has_sample;
};

/* The cursor at the probe that was sent last; NULL when all are at their end. */
static struct cursor *
newest_cursor(struct cursor *cursors, unsigned n)
{
	struct cursor *newest = NULL;

	for (unsigned i = 0; i < n; i++)
		if (cursors[i].has_sample
		    && (newest == NULL || cursors[i].sample.at > newest->sample.at))
			newest = &cursors[i];
	return newest;
}

size_t
ht_hops_newest(const struct ht_hop *const *hops, unsigned n,
    struct ht_sample *ret_samples, size_t max)
{
	struct cursor cursors[HT_MERGE_MAX] = { { .back = 0 } };
	struct cursor *cu;
	size_t got = 0;

	assert(n <= HT_MERGE_MAX);
	for (unsigned i = 0; i < n; i++)
		if (hops[i] != NULL) {
			cursors[i].hop = hops[i];
			cursors[i].has_sample = ht_hop_sample(
			    hops[i], 0, &cursors[i].sample);
		}
	while (got < max && (cu = newest_cursor(cursors, n)) != NULL) {
		ret_samples[got++] = cu->sample;
		cu->has_sample = ht_hop_sample(cu->hop, ++cu->back, &cu->sample);
	}
	return got;
}

/* When the newest sample in a window was sent, roughly when it was answered. */
static ht_time
newest_sent(const struct ht_hop *hop)
{
	struct ht_sample sample;

	return ht_hop_sample(hop, 0, &sample) ? sample.at : 0;
}

void
ht_hops_window_last(const struct ht_hop *const *hops, unsigned n, size_t probes,
    struct ht_window *ret_window)
{
	struct ht_window one;
	ht_time newest = 0;

	ret_window->counts = (struct ht_counts){ .sent = 0 };
	ht_stats_clear(&ret_window->rtt);
	ht_hist_clear(&ret_window->hist);
	for (unsigned i = 0; i < n; i++) {
		if (hops[i] == NULL)
			continue;
		ht_time at = newest_sent(hops[i]);
		ht_hop_window_last(hops[i], probes, &one);
		ht_counts_merge(&ret_window->counts, &one.counts);
		ht_stats_merge(&ret_window->rtt, &one.rtt, at >= newest);
		ht_hist_merge(&ret_window->hist, &one.hist);
		newest = at > newest ? at : newest;
	}
}
