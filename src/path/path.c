/* SPDX-License-Identifier: ISC */
/*
 * One function per type of event; the table at the end names them.
 *
 * Counts do not depend on the history: which probes are in flight is kept in a
 * bitmap by seq, so that an answer to a probe that has left a small history
 * still moves the right counts.
 */
#include <hoptop/path.h>

#include <assert.h>
#include <stdlib.h>

#include "base/addr.h"
#include "path/ring.h"
#include "path/route.h"

/* Newest probes whose flight is remembered: 80 s at an interval of 10 ms. */
#define FLIGHT_BITS 8192

/* Changes within that many cycles of the hop belong to the same epoch. */
#define EPOCH_CYCLES 5

/* Answers that a hop needs before it counts as an end that can move. */
#define END_ANSWERS 3

struct hop {
	struct ht_hop pub;
	struct ht_ring ring;
	struct ht_route_hop route;
	bool is_tried;      /**< a probe was sent, or failed */
	uint32_t next_seq;  /**< of the next SENT */
	uint32_t reset_seq; /**< first that is counted */
	uint64_t flight[FLIGHT_BITS / 64];
};

struct ht_path {
	unsigned max_ttl;
	bool is_started;
	ht_time since;
	uint8_t end;  /**< 0 unknown */
	uint8_t stop; /**< enum ht_stop */
	unsigned first;
	unsigned last_tried;
	unsigned last_answered;
	struct ht_route route;
	struct hop *hops;           /**< max_ttl, [0] is ttl 1 */
	struct ht_hist *hists;      /**< one per hop */
	struct ht_ring_slot *slots; /**< max_ttl * history */
};

static void
hop_init(struct ht_path *path, unsigned index, size_t history)
{
	struct hop *hop = &path->hops[index];

	ht_ring_init(&hop->ring, path->slots + index * history, history);
	hop->pub.ttl = (uint8_t)(index + 1);
	hop->pub.addr_index = -1;
	hop->pub.reply_ttl = -1;
	hop->pub.hist = &path->hists[index];
	hop->pub.ring = &hop->ring;
}

struct ht_path *
ht_path_new(unsigned max_ttl, size_t history)
{
	assert(max_ttl >= 1 && max_ttl <= HT_TTL_MAX && history >= 64);
	if (history > SIZE_MAX / sizeof(struct ht_ring_slot) / max_ttl)
		return NULL;

	struct ht_path *path = calloc(1, sizeof(*path));
	if (path == NULL)
		return NULL;
	path->max_ttl = max_ttl;
	path->hops = calloc(max_ttl, sizeof(*path->hops));
	path->hists = calloc(max_ttl, sizeof(*path->hists));
	path->slots = calloc(max_ttl * history, sizeof(*path->slots));
	if (path->hops == NULL || path->hists == NULL || path->slots == NULL) {
		ht_path_free(path);
		return NULL;
	}
	for (unsigned i = 0; i < max_ttl; i++)
		hop_init(path, i, history);
	return path;
}

void
ht_path_free(struct ht_path *path)
{
	if (path == NULL)
		return;
	free(path->hops);
	free(path->hists);
	free(path->slots);
	free(path);
}

static uint64_t *
flight_word(struct hop *hop, uint32_t seq)
{
	return &hop->flight[seq % FLIGHT_BITS / 64];
}

static void
flight_set(struct hop *hop, uint32_t seq)
{
	*flight_word(hop, seq) |= UINT64_C(1) << seq % 64;
}

/* Take a probe out of flight; false if it was not, or is too old to tell. */
static bool
flight_take(struct hop *hop, uint32_t seq)
{
	uint64_t bit = UINT64_C(1) << seq % 64;
	uint64_t *word = flight_word(hop, seq);
	bool was_set = (*word & bit) != 0;

	if (seq >= hop->next_seq || hop->next_seq - seq > FLIGHT_BITS)
		return false;
	*word &= ~bit;
	return was_set;
}

/* Move one probe between counts; a record with gaps must not go below 0. */
static void
move(uint64_t *from, uint64_t *to)
{
	if (*from == 0)
		return;
	(*from)--;
	(*to)++;
}

static bool
is_counted(const struct hop *hop, const struct ht_event *ev)
{
	return ev->seq >= hop->reset_seq;
}

static void
hop_try(struct ht_path *path, struct hop *hop)
{
	unsigned ttl = hop->pub.ttl;

	hop->is_tried = true;
	if (path->first == 0 || ttl < path->first)
		path->first = ttl;
	if (ttl > path->last_tried)
		path->last_tried = ttl;
}

static void
fold_sent(struct ht_path *path, struct hop *hop, const struct ht_event *ev)
{
	hop_try(path, hop);
	ht_ring_push(&hop->ring, HT_SAMPLE_PENDING, ev->seq, ev->at);
	hop->next_seq = ev->seq + 1;
	flight_set(hop, ev->seq);
	hop->pub.counts.sent++;
	hop->pub.counts.pending++;
}

/* A probe that this host refused after it had been announced as sent. */
static void
take_back(struct hop *hop, const struct ht_event *ev)
{
	struct ht_sample outcome = { .state = HT_SAMPLE_FAILED, .addr_index = 255 };
	struct ht_counts *counts = &hop->pub.counts;

	ht_ring_settle(&hop->ring, ev->seq, &outcome);
	if (!is_counted(hop, ev) || counts->pending == 0)
		return;
	move(&counts->pending, &counts->failed);
	counts->sent--;
}

static void
fold_failed(struct ht_path *path, struct hop *hop, const struct ht_event *ev)
{
	hop_try(path, hop);
	hop->pub.last_error = ev->error;
	hop->pub.last_error_at = ev->at;
	if (flight_take(hop, ev->seq)) {
		take_back(hop, ev);
		return;
	}
	ht_ring_push(&hop->ring, HT_SAMPLE_FAILED, ev->seq, ev->at);
	hop->pub.counts.failed++;
}

static void
fold_lost(struct ht_path *path, struct hop *hop, const struct ht_event *ev)
{
	struct ht_sample outcome = { .state = HT_SAMPLE_LOST, .addr_index = 255 };

	(void)path;
	flight_take(hop, ev->seq);
	ht_ring_settle(&hop->ring, ev->seq, &outcome);
	if (is_counted(hop, ev))
		move(&hop->pub.counts.pending, &hop->pub.counts.lost);
}

/* The hop's entry for an address, made if there is room; NULL if there is none. */
static struct ht_hop_addr *
find_addr(struct ht_hop *hop, const struct ht_addr *from, ht_time at)
{
	for (unsigned i = 0; i < hop->n_addrs; i++)
		if (ht_addr_equal(&hop->addrs[i].addr, from))
			return &hop->addrs[i];
	if (hop->n_addrs == HT_HOP_ADDRS_MAX)
		return NULL;

	struct ht_hop_addr *entry = &hop->addrs[hop->n_addrs++];
	*entry = (struct ht_hop_addr){ .addr = *from, .first_at = at };
	return entry;
}

/* What the newest answer says about the hop, counted or not. */
static void
note_reply(struct ht_hop *hop, const struct ht_reply *reply, ht_time at)
{
	hop->reply_at = at;
	hop->reply_kind = reply->kind;
	hop->icmp_type = reply->icmp_type;
	hop->icmp_code = reply->icmp_code;
	hop->mtu = reply->mtu;
	hop->reply_ttl = reply->reply_ttl;
	hop->tx_stamp = reply->tx_stamp;
	hop->rx_stamp = reply->rx_stamp;
	if (reply->ext != NULL) {
		hop->ext = *reply->ext;
		hop->has_ext = true;
	}
	if (reply->quote != NULL) {
		hop->quote = *reply->quote;
		hop->has_quote = true;
	}
}

/* Who answered; NULL for nobody, or for one more than the table holds. */
static struct ht_hop_addr *
note_addr(struct ht_hop *hop, const struct ht_event *ev)
{
	if (ev->reply == NULL)
		return NULL;
	note_reply(hop, ev->reply, ev->at);
	if (ev->reply->from.family == HT_FAMILY_NONE)
		return NULL;

	struct ht_hop_addr *entry = find_addr(hop, &ev->reply->from, ev->at);
	if (entry == NULL)
		return NULL;
	entry->last_at = ev->at;
	hop->addr_index = (int)(entry - hop->addrs);
	return entry;
}

static bool
has_rtt(const struct ht_event *ev)
{
	return ev->rtt_ns >= 0
	       && (ev->reply == NULL || ev->reply->match != HT_MATCH_AMBIGUOUS);
}

static void
count_addr(struct ht_hop *hop, struct ht_hop_addr *entry, const struct ht_event *ev)
{
	if (entry != NULL)
		entry->replies++;
	else if (ev->reply != NULL && ev->reply->from.family != HT_FAMILY_NONE)
		hop->other_addr_replies++;
}

static void
count_rtt(struct ht_hop *hop, struct ht_hop_addr *entry, const struct ht_event *ev)
{
	ht_stats_add(&hop->rtt, ev->rtt_ns);
	ht_hist_add(hop->hist, ev->rtt_ns);
	hop->rtt_at = ev->at;
	if (entry == NULL)
		return;
	ht_stats_add(&entry->rtt, ev->rtt_ns);
	entry->rtt_at = ev->at;
}

/* Settle the sample of an answer; gives who answered, as note_addr() does. */
static struct ht_hop_addr *
settle(struct hop *hop, enum ht_sample_state state, const struct ht_event *ev)
{
	struct ht_hop_addr *entry = note_addr(&hop->pub, ev);
	struct ht_sample outcome = {
		.rtt_ns = ev->rtt_ns,
		.state = (uint8_t)state,
		.addr_index = entry != NULL ? (uint8_t)hop->pub.addr_index : UINT8_MAX,
		.has_rtt = has_rtt(ev),
	};

	ht_ring_settle(&hop->ring, ev->seq, &outcome);
	return entry;
}

/* How long the newest cycles of a hop took: what "at the same time" means. */
static ht_time
epoch_slack(const struct hop *hop)
{
	struct ht_sample newest, before;
	size_t n = ht_hop_samples(&hop->pub);
	size_t back = n > EPOCH_CYCLES ? EPOCH_CYCLES : n - 1;

	if (!ht_hop_sample(&hop->pub, 0, &newest))
		return 0;
	ht_hop_sample(&hop->pub, back, &before);
	return ht_route_elapsed(before.at, newest.at);
}

static void
follow_route(struct ht_path *path, struct hop *hop, const struct ht_event *ev)
{
	struct ht_path_change change;

	if (ev->reply == NULL || ev->reply->from.family == HT_FAMILY_NONE
	    || ev->reply->match == HT_MATCH_AMBIGUOUS)
		return;
	if (path->end != 0 && hop->pub.ttl > path->end)
		return;
	if (!ht_route_answer(&hop->route, &ev->reply->from, ev->at, &change))
		return;
	change.ttl = hop->pub.ttl;
	ht_route_log(&path->route, &hop->route, &change, epoch_slack(hop));
}

static void
note_answered(struct ht_path *path, unsigned ttl)
{
	/* Beyond the end it is the target that answers, at every ttl. */
	if (ttl > path->last_answered && (path->end == 0 || ttl <= path->end))
		path->last_answered = ttl;
}

static void
count_match(struct ht_hop *hop, const struct ht_event *ev)
{
	if (ev->reply == NULL)
		return;
	hop->mapped += ev->reply->match == HT_MATCH_MAPPED;
	hop->ambiguous += ev->reply->match == HT_MATCH_AMBIGUOUS;
}

static void
fold_reply(struct ht_path *path, struct hop *hop, const struct ht_event *ev)
{
	struct ht_hop_addr *entry = settle(hop, HT_SAMPLE_RECEIVED, ev);

	flight_take(hop, ev->seq);
	note_answered(path, ev->ttl);
	follow_route(path, hop, ev);
	if (!is_counted(hop, ev))
		return;
	move(&hop->pub.counts.pending, &hop->pub.counts.received);
	count_addr(&hop->pub, entry, ev);
	count_match(&hop->pub, ev);
	if (has_rtt(ev))
		count_rtt(&hop->pub, entry, ev);
}

static void
fold_late(struct ht_path *path, struct hop *hop, const struct ht_event *ev)
{
	struct ht_counts *counts = &hop->pub.counts;
	struct ht_hop_addr *entry = settle(hop, HT_SAMPLE_LATE, ev);
	bool was_pending = flight_take(hop, ev->seq);

	note_answered(path, ev->ttl);
	if (!is_counted(hop, ev))
		return;
	move(was_pending ? &counts->pending : &counts->lost, &counts->late);
	count_addr(&hop->pub, entry, ev);
}

static void
fold_duplicate(struct ht_path *path, struct hop *hop, const struct ht_event *ev)
{
	(void)path;
	if (is_counted(hop, ev))
		hop->pub.counts.duplicate++;
}

/* The address that answered last at a hop; none if none has. */
static struct ht_addr
newest_addr(const struct ht_path *path, unsigned ttl)
{
	const struct ht_hop *hop = &path->hops[ttl - 1].pub;

	if (hop->addr_index < 0)
		return (struct ht_addr){ .family = HT_FAMILY_NONE };
	return hop->addrs[hop->addr_index].addr;
}

/*
 * The end moved from path->route.end to ttl.  Shown at the longer one, the only
 * hop that came or went for sure.
 */
static void
end_moved(struct ht_path *path, uint8_t ttl, ht_time at)
{
	struct ht_path_change change = { .at = at };
	struct hop *old = &path->hops[path->route.end - 1];

	/* While the path is being found, answers come in any order. */
	if (ht_route_answers(&old->route) < END_ANSWERS)
		return;
	if (ttl > path->route.end) {
		change.ttl = ttl;
		change.to = newest_addr(path, ttl);
	} else {
		change.ttl = path->route.end;
		change.from = newest_addr(path, path->route.end);
	}
	ht_route_log(
	    &path->route, &path->hops[change.ttl - 1].route, &change, epoch_slack(old));
}

/* Beyond the end the target answered: no news when a router answers there. */
static void
forget_beyond(struct ht_path *path, unsigned ttl)
{
	for (unsigned i = ttl; i < path->max_ttl; i++)
		path->hops[i].route = (struct ht_route_hop){ .run = 0 };
}

static void
fold_end(struct ht_path *path, const struct ht_event *ev)
{
	if (ev->ttl > path->max_ttl)
		return;
	path->end = ev->ttl;
	path->stop = ev->stop;
	if (ev->ttl == 0)
		return;
	if (path->last_answered > ev->ttl)
		path->last_answered = ev->ttl;
	/* The others only say where probing gave up. */
	if (ev->stop != HT_STOP_DESTINATION && ev->stop != HT_STOP_UNREACHABLE)
		return;
	if (path->route.end != 0 && path->route.end != ev->ttl)
		end_moved(path, ev->ttl, ev->at);
	path->route.end = ev->ttl;
	forget_beyond(path, ev->ttl);
}

static void
hop_reset(struct hop *hop)
{
	struct ht_hop *pub = &hop->pub;

	if (!hop->is_tried)
		return;
	pub->counts = (struct ht_counts){ .sent = 0 };
	ht_stats_clear(&pub->rtt);
	ht_hist_clear(pub->hist);
	for (unsigned i = 0; i < pub->n_addrs; i++) {
		pub->addrs[i].replies = 0;
		ht_stats_clear(&pub->addrs[i].rtt);
	}
	pub->other_addr_replies = 0;
	pub->mapped = pub->ambiguous = 0;
	hop->reset_seq = hop->next_seq;
	hop->ring.floor = hop->ring.end;
}

static void
fold_mark(struct ht_path *path, const struct ht_event *ev)
{
	if (ev->mark != HT_MARK_RESET)
		return;
	for (unsigned i = 0; i < path->max_ttl; i++)
		hop_reset(&path->hops[i]);
	path->since = ev->at;
}

typedef void fold_fn(struct ht_path *path, struct hop *hop, const struct ht_event *ev);

static void
fold_hop(struct ht_path *path, const struct ht_event *ev)
{
	static fold_fn *const folds[HT_EVENT_COUNT] = {
		[HT_EVENT_SENT] = fold_sent,
		[HT_EVENT_REPLY] = fold_reply,
		[HT_EVENT_LOST] = fold_lost,
		[HT_EVENT_LATE] = fold_late,
		[HT_EVENT_DUPLICATE] = fold_duplicate,
		[HT_EVENT_FAILED] = fold_failed,
	};
	bool is_first = ev->type == HT_EVENT_SENT || ev->type == HT_EVENT_FAILED;

	if (ev->type >= HT_EVENT_COUNT || folds[ev->type] == NULL)
		return;
	if (ev->ttl == 0 || ev->ttl > path->max_ttl)
		return;

	struct hop *hop = &path->hops[ev->ttl - 1];
	if (is_first || hop->is_tried)
		folds[ev->type](path, hop, ev);
}

void
ht_path_event(struct ht_path *path, const struct ht_event *ev)
{
	if (!path->is_started) {
		path->is_started = true;
		path->since = ev->at;
		path->route.epoch_since = ev->at;
	}
	if (ev->type == HT_EVENT_END)
		fold_end(path, ev);
	else if (ev->type == HT_EVENT_MARK)
		fold_mark(path, ev);
	else
		fold_hop(path, ev);
}

const struct ht_hop *
ht_path_hop(const struct ht_path *path, unsigned ttl)
{
	if (ttl == 0 || ttl > path->max_ttl || !path->hops[ttl - 1].is_tried)
		return NULL;
	return &path->hops[ttl - 1].pub;
}

unsigned
ht_path_first(const struct ht_path *path)
{
	return path->first;
}

unsigned
ht_path_last(const struct ht_path *path)
{
	unsigned last = path->last_answered + 1;

	if (path->first == 0)
		return 0;
	if (path->end != 0)
		return path->end;
	if (last < path->first)
		return path->first;
	return last < path->last_tried ? last : path->last_tried;
}

enum ht_stop
ht_path_stop(const struct ht_path *path)
{
	return (enum ht_stop)path->stop;
}

bool
ht_path_is_reached(const struct ht_path *path)
{
	return path->end != 0 && path->stop == HT_STOP_DESTINATION;
}

uint64_t
ht_path_cycles(const struct ht_path *path)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < path->max_ttl; i++)
		if (path->hops[i].pub.counts.sent > most)
			most = path->hops[i].pub.counts.sent;
	return most;
}

ht_time
ht_path_since(const struct ht_path *path)
{
	return path->since;
}

unsigned
ht_path_epoch(const struct ht_path *path)
{
	return path->route.epoch;
}

ht_time
ht_path_epoch_since(const struct ht_path *path)
{
	return path->route.epoch_since;
}

bool
ht_path_change(
    const struct ht_path *path, unsigned back, struct ht_path_change *ret_change)
{
	const struct ht_route *route = &path->route;

	if (back >= HT_PATH_CHANGES_MAX || back >= route->n_changes)
		return false;
	*ret_change =
	    route->changes[(route->n_changes - 1 - back) % HT_PATH_CHANGES_MAX];
	return true;
}
