/* SPDX-License-Identifier: ISC */
/**
 * @file path.h
 * The path model: folds the event stream of one (target, flow) into hops.
 *
 * A path is fed events and asked for hops; it never decides anything about
 * probing.  All memory is taken when it is made: feeding it never allocates.
 */
#ifndef HOPTOP_PATH_H
#define HOPTOP_PATH_H

#include <hoptop/event.h>
#include <hoptop/stats.h>
#include <hoptop/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HT_HOP_ADDRS_MAX    16
#define HT_PATH_CHANGES_MAX 64

/** State of one probe in the history. */
enum ht_sample_state {
	HT_SAMPLE_NONE = 0,
	HT_SAMPLE_PENDING,
	HT_SAMPLE_RECEIVED,
	HT_SAMPLE_LOST,
	HT_SAMPLE_LATE,
	HT_SAMPLE_FAILED,
	HT_SAMPLE_COUNT
};

/** One probe of the history, unpacked. */
struct ht_sample {
	ht_time at;         /**< when it was sent */
	int64_t rtt_ns;     /**< RECEIVED, LATE: >= 0; else -1 */
	uint8_t state;      /**< enum ht_sample_state */
	uint8_t addr_index; /**< into ht_hop.addrs, 255 if none */
	bool has_rtt;       /**< false for an ambiguous match: rtt is not counted */
};

/** One address that answered at a hop. */
struct ht_hop_addr {
	struct ht_addr addr;
	uint64_t replies;    /**< answers from it, late ones included */
	struct ht_stats rtt; /**< of the answers in time */
	ht_time first_at;    /**< first answer */
	ht_time last_at;     /**< newest answer */
	ht_time rtt_at;      /**< newest answer in time: rtt.last_ns */
};

struct ht_ring; /* the history; private to src/path */

/** Everything known about one TTL of one flow; borrowed from its path. */
struct ht_hop {
	uint8_t ttl;
	struct ht_counts counts; /**< since reset */
	struct ht_stats rtt;     /**< since reset, answers in time */
	struct ht_hist *hist;    /**< since reset, same samples as rtt */
	unsigned n_addrs;        /**< entries of addrs in use */
	int addr_index;          /**< newest that answered, -1 if none */
	struct ht_hop_addr addrs[HT_HOP_ADDRS_MAX]; /**< in order of appearance */
	uint64_t other_addr_replies; /**< answers from addresses beyond the table */
	ht_time rtt_at;              /**< newest answer in time: rtt.last_ns */
	ht_time reply_at;            /**< newest answer, late ones included */
	uint8_t reply_kind;    /**< newest answer: enum ht_reply_kind, NONE if none */
	uint8_t icmp_type;     /**< newest answer */
	uint8_t icmp_code;     /**< newest answer */
	uint32_t mtu;          /**< newest answer: bytes, if "too big"; else 0 */
	int16_t reply_ttl;     /**< newest answer, -1 unknown */
	uint8_t tx_stamp;      /**< newest answer: enum ht_stamp */
	uint8_t rx_stamp;      /**< newest answer: enum ht_stamp */
	int last_error;        /**< errno of the newest FAILED, 0 if none */
	ht_time last_error_at; /**< when */
	struct ht_extensions ext; /**< newest answer that had any */
	bool has_ext;             /**< ext is set */
	struct ht_quote quote;    /**< newest answer that quoted anything to see */
	bool has_quote;           /**< quote is set */
	uint64_t mapped;          /**< answers in time known by their address alone */
	uint64_t ambiguous;       /**< answers in time that are somebody's here, but
				       nobody knows whose: without RTT and address */
	struct ht_ring *ring;     /**< private; NULL: no history of its own */
};

/** A change of the route: at ttl, from one address to another. */
struct ht_path_change {
	ht_time at;
	uint8_t ttl;
	struct ht_addr from; /**< family none: the path got longer */
	struct ht_addr to;   /**< family none: the path got shorter */
	unsigned epoch;      /**< number of the epoch that it began, from 1 */
};

/** Statistics of a span of probes; same meaning as in struct ht_hop. */
struct ht_window {
	struct ht_counts counts; /**< duplicate is always 0: not in the history */
	struct ht_stats rtt;
	struct ht_hist hist;
};

struct ht_path;

/**
 * Make the model of one flow to one target.
 *
 * @param max_ttl  largest ttl that will occur, 1..HT_TTL_MAX
 * @param history  probes kept per hop, >= 64; 16 bytes each, address space
 *                 that is only touched as probes come in
 * @return NULL when memory is short
 */
struct ht_path *ht_path_new(unsigned max_ttl, size_t history);

void ht_path_free(struct ht_path *path);

/**
 * Fold in one event; those of other types than SENT, REPLY, LOST, LATE,
 * DUPLICATE, FAILED, END and MARK are ignored.  The caller routes by target
 * and flow.
 */
void ht_path_event(struct ht_path *path, const struct ht_event *ev);

/**
 * Find a hop.
 *
 * @return borrowed, valid until the path is freed; NULL when no probe with
 *         this ttl was ever sent or tried
 */
const struct ht_hop *ht_path_hop(const struct ht_path *path, unsigned ttl);

/** First ttl that was probed, 0 if none. */
unsigned ht_path_first(const struct ht_path *path);

/**
 * Last ttl worth showing.
 *
 * The end of the path where it is known; else one beyond the farthest answer,
 * but not beyond the farthest probe.  0 before the first probe.
 */
unsigned ht_path_last(const struct ht_path *path);

/** Why the path ends at ht_path_last(). */
enum ht_stop ht_path_stop(const struct ht_path *path);

/** True when the target itself answered at ht_path_last(). */
bool ht_path_is_reached(const struct ht_path *path);

/** Probes sent to the hop that has had most of them: the cycle number. */
uint64_t ht_path_cycles(const struct ht_path *path);

/** When the statistics began (start, or newest reset). */
ht_time ht_path_since(const struct ht_path *path);

/** Number of the epoch, from 0; a change of the route begins a new one. */
unsigned ht_path_epoch(const struct ht_path *path);

/** When the present epoch began. */
ht_time ht_path_epoch_since(const struct ht_path *path);

/**
 * List route changes, newest first.
 *
 * @param back        0 is the newest, at most HT_PATH_CHANGES_MAX are kept
 * @param ret_change  set on success
 * @return false when there is no such change
 */
bool ht_path_change(
    const struct ht_path *path, unsigned back, struct ht_path_change *ret_change);

/** Probes of the hop in the history, oldest forgotten ones not included. */
size_t ht_hop_samples(const struct ht_hop *hop);

/**
 * Look at one probe of the history.
 *
 * @param back  0 is the newest
 */
bool ht_hop_sample(const struct ht_hop *hop, size_t back, struct ht_sample *ret_sample);

/**
 * Compute the statistics of the newest n probes, in sending order.
 *
 * Probes from before the newest reset are left out, like in the counts.
 */
void ht_hop_window_last(
    const struct ht_hop *hop, size_t n, struct ht_window *ret_window);

/** Compute the statistics of the probes sent in [from, to). */
void ht_hop_window_span(
    const struct ht_hop *hop, ht_time from, ht_time to, struct ht_window *ret_window);

/*
 * Several flows at one TTL.  Each function takes an array of their hops by index
 * of the flow, n <= HT_MERGE_MAX; those that are NULL are left out.
 */

#define HT_MERGE_MAX 64

/** Hops of several flows told as one, in the caller's memory. */
struct ht_merged {
	struct ht_hop hop;   /**< not to be copied: hist points to the next member */
	struct ht_hist hist; /**< of all their samples */
};

/**
 * Merge the hops of flows at one TTL, as if all their probes were one hop's.
 *
 * Counts, samples, histogram and answers by address are sums; what is said of
 * the newest answer is of the newest of all.  ext and quote are those of the flow
 * answered last of those that have any.  Jitter is never taken across flows, see
 * ht_stats_merge().  The history stays with the flows: ht_hop_samples() is 0.
 *
 * The address table holds the one that answered last and those that appeared
 * first, in order of appearance; what the rest answered is in other_addr_replies.
 */
void ht_hop_merge(
    const struct ht_hop *const *hops, unsigned n, struct ht_merged *ret_merged);

/**
 * List the newest probes of all flows in the order of their sending, newest
 * first.
 *
 * @param ret_samples  room for max; addr_index is that of the probe's own hop
 * @return how many there are, at most max
 */
size_t ht_hops_newest(const struct ht_hop *const *hops, unsigned n,
    struct ht_sample *ret_samples, size_t max);

/** Compute the statistics of the newest `probes` of each flow together. */
void ht_hops_window_last(const struct ht_hop *const *hops, unsigned n, size_t probes,
    struct ht_window *ret_window);

/** How the load is balanced where packets come to one TTL by several ways. */
enum ht_balance {
	HT_BALANCE_NONE = 0, /**< one way, or nobody can tell yet */
	HT_BALANCE_FLOW,     /**< each flow keeps to its way */
	HT_BALANCE_PACKET,   /**< packets of one flow take several ways in turn */
	HT_BALANCE_COUNT
};

/**
 * Tell per-packet from per-flow balancing by who answered the newest probes of
 * each flow.
 *
 * PACKET: the answers of several addresses are as mixed as chance or taking
 * turns would have them (Wald-Wolfowitz runs test, not too few runs at the 5 %
 * level), in 20 answers or more, of which a tenth or more is not the commonest
 * address's.  A change of the route, there and back too, has fewer runs.  FLOW:
 * no PACKET, most flows have had one address in their newest five answers, and
 * not all of them the same.
 *
 * @param ret_routers  addresses among which it is balanced; 0 for NONE
 */
enum ht_balance ht_hops_balance(
    const struct ht_hop *const *hops, unsigned n, unsigned *ret_routers);

/** The flows that take the same way to a TTL. */
struct ht_branch {
	struct ht_addr addr; /**< whose answers are newest; family none: silent */
	uint64_t flows;      /**< set of indices */
};

/**
 * Part the flows at a TTL into branches: those whose newest answer is from the
 * same address.
 *
 * What belongs to a branch is all that its flows have seen at this TTL: its
 * loss is that of their probes, its times are those of whoever answered them.
 * After a change of the route that includes the router from before, as in a
 * hop of one flow; ht_hop.addrs tells them apart.
 *
 * Flows balanced per packet have no way of their own: they are one branch,
 * together with flows that use one of its addresses alone.  Flows that have
 * lost a probe and never had an answer are a silent branch.  Those that still
 * wait for their first answer are in none, but for the silent one where there
 * is no other.
 *
 * @param ret_branches  room for n; by their lowest flow, the silent one last
 * @return how many there are
 */
unsigned ht_hops_branches(
    const struct ht_hop *const *hops, unsigned n, struct ht_branch *ret_branches);

#ifdef __cplusplus
}
#endif

#endif /* HOPTOP_PATH_H */
