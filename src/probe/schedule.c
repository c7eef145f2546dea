/* SPDX-License-Identifier: ISC */
/*
 * The schedule of one (target, flow).
 *
 * When a probe leaves:
 *
 * 1. Every ttl of the path is due once an interval, on a grid of its own: the
 *    hops' turns are spread evenly over the interval, so that no two probes
 *    queue behind each other and a router on two rows is not asked in a burst.
 *    A turn is never less than 15/16 of an interval after the one before.  Ahead
 *    of the farthest answer the second turn waits PATIENCE_MAX for the first's answer.
 * 2. While the end of the path is unknown, the frontier grows: at once up to
 *    WINDOW hops beyond the farthest answer (by UDP fewer: the target's answers are
 *    ICMP errors, of which it has few), then, while all of those stay
 *    silent, by one hop per patience (twice the largest RTT) up to max_unknown
 *    silent hops.  A path of silent routers so costs time, not a burst.
 *    Of a new hop at_once probes leave before the next hop is asked: a target that
 *    answers few of them so spends them on the hop that is its own.
 * 3. What is overdue by half an interval (the process was stopped, the machine
 *    slept) waits for its next turn: waking up must not send a burst.  Nor may
 *    anything else: no more than BURST_MAX at once, then a short rest.
 *    But a probe that the transport had no way for (one in flight could not have
 *    been told from it) keeps its turn: the one that waits longest goes first, and
 *    the interval gets longer for all hops alike.
 * 4. One ttl beyond the known end is asked every CHECK_CYCLES cycles, so that a
 *    path that grows is seen; or, while the end is silent, one every cycle, each
 *    time the next one, up to max_unknown beyond: the new hops may be silent too.
 *
 * Where the path ends:
 *
 * 5. An answer of the destination ends it at that ttl, whatever its source; the
 *    smallest such ttl wins.  A time-exceeded is transit, even from the target's
 *    own address.  Another unreachable ends it too, but only where no transit
 *    hop answered at that ttl or beyond, and any proof of a longer way undoes it.
 * 6. A ttl that was seen as transit needs END_RUN answers in a row to become the
 *    end, and the end needs TRANSIT_RUN time-exceeded in a row to be transit
 *    again: with routes of unequal length in parallel the end stays put.
 * 7. Up to due_ttl there is no end: what answers there is only another hop.
 */
#include "probe/schedule.h"

#include <string.h>

#include "base/addr.h"

#define WINDOW        6
#define WINDOW_UDP    4
#define CHECK_CYCLES  16
#define END_RUN       5
#define TRANSIT_RUN   3
#define REFUSAL_RUN   3
#define SILENT_RUN    10
#define FOLLOW_SILENT 2
#define LEAVE_SILENT  5
#define OWN_MAX       128
#define EXTRA_MAX     4
#define BURST_MAX     6
#define BURST_GAP     (10 * HT_MS)
#define PATIENCE_MIN  (50 * HT_MS)
#define PATIENCE_MAX  (250 * HT_MS)

void
ht_schedule_init(struct ht_schedule *sch, const struct ht_settings *set, double phase)
{
	memset(sch, 0, sizeof(*sch));
	sch->set = set;
	sch->phase = phase;
	sch->farthest = set->first_ttl - 1;
	sch->frontier = set->first_ttl - 1;
}

static unsigned
max_of(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned
min_of(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Largest ttl that was tried or lies before the first one. */
static unsigned
frontier(const struct ht_schedule *sch)
{
	return max_of(sch->frontier, sch->set->first_ttl - 1);
}

/* Silent hops between the farthest answer and the frontier. */
static unsigned
ahead(const struct ht_schedule *sch)
{
	unsigned farthest = max_of(sch->farthest, sch->set->first_ttl - 1);
	unsigned edge = frontier(sch);

	return edge > farthest ? edge - farthest : 0;
}

/* Last ttl that is probed every cycle; less than first_ttl if none is. */
static unsigned
live_last(const struct ht_schedule *sch)
{
	return min_of(sch->end != 0 ? sch->end : frontier(sch), sch->set->max_ttl);
}

bool
ht_schedule_is_exhausted(const struct ht_schedule *sch, unsigned ttl)
{
	const struct ht_slot *slot = &sch->slots[ttl];

	return sch->set->cycles > 0 && slot->attempts >= sch->set->cycles + slot->extra;
}

/* The first turn of a ttl that is not before a given time. */
static ht_time
turn(const struct ht_schedule *sch, unsigned ttl, ht_time after)
{
	ht_time interval = sch->set->interval_ns;
	unsigned first = sch->set->first_ttl;
	unsigned last = max_of(max_of(live_last(sch), ttl), first);
	/* In double: ttl may be less than first, which is changed while running. */
	double place = ((double)ttl - first + sch->phase) / ((double)last - first + 1);
	ht_time base = sch->start + (ht_time)((double)interval * place);
	ht_time behind = after - base;
	ht_time rounds = behind / interval + (behind % interval > 0);

	return base + rounds * interval;
}

/* Does a ttl ahead of the farthest answer wait for its first one? */
static bool
is_first_look(const struct ht_schedule *sch, unsigned ttl)
{
	return sch->end == 0 && ttl > sch->farthest && sch->slots[ttl].attempts == 1;
}

/*
 * Earliest that a ttl may be asked again.  All those ahead may be the target's, which
 * answers few at once: at short intervals they would use up what its own hop needs.
 */
static ht_time
again_at(const struct ht_schedule *sch, unsigned ttl)
{
	ht_time interval = sch->set->interval_ns;
	ht_time wait = interval - interval / 16;

	if (wait < PATIENCE_MAX && is_first_look(sch, ttl))
		wait = PATIENCE_MAX;
	return sch->slots[ttl].asked_at + wait;
}

static ht_time
next_turn(const struct ht_schedule *sch, unsigned ttl)
{
	ht_time after = again_at(sch, ttl);

	return turn(sch, ttl, after > sch->not_before ? after : sch->not_before);
}

/* The number of hops or the interval changed: spread the turns anew. */
static void
spread(struct ht_schedule *sch)
{
	for (unsigned ttl = sch->set->first_ttl; ttl <= live_last(sch); ttl++)
		if (sch->slots[ttl].attempts > 0 && !sch->slots[ttl].is_in_turn)
			sch->slots[ttl].due = next_turn(sch, ttl);
}

static ht_time
patience(const struct ht_schedule *sch)
{
	ht_time wait = 2 * sch->rtt_worst_ns;

	if (wait == 0 || wait > PATIENCE_MAX)
		return PATIENCE_MAX;
	return wait > PATIENCE_MIN ? wait : PATIENCE_MIN;
}

static unsigned
window(const struct ht_schedule *sch)
{
	/* What is beyond the target's own hop may stay without an answer then. */
	if (sch->set->at_once > 1)
		return WINDOW;
	return sch->set->proto == HT_PROTO_UDP ? WINDOW_UDP : WINDOW;
}

/* When the frontier may grow by one. */
static ht_time
grow_at(const struct ht_schedule *sch)
{
	unsigned unknown = sch->set->max_unknown;

	if (sch->end != 0 || sch->is_blocked || frontier(sch) >= sch->set->max_ttl
	    || sch->slots[frontier(sch) + 1].is_busy)
		return HT_TIME_NEVER;
	if (ahead(sch) < min_of(window(sch), unknown))
		return sch->not_before;
	if (ahead(sch) >= unknown)
		return HT_TIME_NEVER;

	ht_time at = sch->progress_at + patience(sch);
	return at > sch->not_before ? at : sch->not_before;
}

/* Hops beyond a silent end that are looked at in turn. */
static unsigned
check_span(const struct ht_schedule *sch)
{
	if (sch->slots[sch->end].silent_run < SILENT_RUN)
		return 1;
	return min_of(sch->set->max_unknown, sch->set->max_ttl - sch->end);
}

static unsigned
check_ttl(const struct ht_schedule *sch)
{
	return sch->end + 1 + sch->check % check_span(sch);
}

/* When the ttl beyond the end is to be asked. */
static ht_time
check_at(const struct ht_schedule *sch)
{
	if (sch->end == 0 || sch->end >= sch->set->max_ttl
	    || ht_schedule_is_exhausted(sch, sch->end)
	    || sch->slots[check_ttl(sch)].is_busy)
		return HT_TIME_NEVER;

	bool is_urgent = sch->slots[sch->end].silent_run >= SILENT_RUN;
	const struct ht_slot *beyond = &sch->slots[check_ttl(sch)];
	ht_time last = beyond->attempts > 0 ? beyond->asked_at : sch->start;
	if (last < sch->checked_at)
		last = sch->checked_at;
	ht_time at = last + sch->set->interval_ns * (is_urgent ? 1 : CHECK_CYCLES);

	return at > sch->not_before ? at : sch->not_before;
}

/* Look at the same ttl again only if it has just answered. */
static void
checked(struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	const struct ht_slot *slot = &sch->slots[ttl];

	sch->checked_at = now;
	if (slot->target_run == 0 || slot->silent_run > 0)
		sch->check = (ttl - sch->end) % check_span(sch);
}

/* When enough has left at one moment, the rest has to wait for a little. */
static ht_time
rest_until(const struct ht_schedule *sch)
{
	ht_time gap = sch->set->interval_ns / 32;

	if (sch->burst < BURST_MAX)
		return sch->not_before;
	gap = sch->burst_at + (gap < BURST_GAP ? gap + 1 : BURST_GAP);
	return gap > sch->not_before ? gap : sch->not_before;
}

/* Postpone a turn that was missed by far. */
static bool
is_missed(struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	struct ht_slot *slot = &sch->slots[ttl];

	if (slot->attempts == 0 || slot->is_delayed
	    || now - slot->due <= sch->set->interval_ns / 2)
		return false;
	slot->due = turn(sch, ttl, now);
	return slot->due > now;
}

static void set_stop_of_discovery(struct ht_schedule *sch);

static void
grow(struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	sch->frontier = ttl;
	sch->progress_at = now;
	spread(sch);
}

/*
 * The next ttl of the frontier, if it is time; 0 if it is not.  One that has been
 * asked a moment ago, before the end was lost, waits for its turn like all others.
 */
static unsigned
grow_due(struct ht_schedule *sch, ht_time now)
{
	while (grow_at(sch) <= now) {
		unsigned ttl = frontier(sch) + 1;
		if (sch->slots[ttl].attempts == 0
		    || (again_at(sch, ttl) <= now
			&& !ht_schedule_is_exhausted(sch, ttl)))
			return ttl;
		grow(sch, ttl, now);
		set_stop_of_discovery(sch);
	}
	return 0;
}

/* Does it take part in the turns at the moment? */
static bool
is_waiting(const struct ht_schedule *sch, unsigned ttl)
{
	return !sch->slots[ttl].is_busy && !ht_schedule_is_exhausted(sch, ttl);
}

/* The ttl of the path whose turn it has been for longest; 0 if none. */
static unsigned
turn_due(struct ht_schedule *sch, ht_time now)
{
	unsigned found = 0;

	for (unsigned ttl = sch->set->first_ttl; ttl <= live_last(sch); ttl++) {
		ht_time due = sch->slots[ttl].due;
		if (due <= now && (found == 0 || due < sch->slots[found].due)
		    && is_waiting(sch, ttl) && !is_missed(sch, ttl, now))
			found = ttl;
	}
	return found;
}

/* A new hop that has not had all the probes that are to leave at once; 0 if none. */
static unsigned
rest_due(const struct ht_schedule *sch)
{
	unsigned ttl = frontier(sch);
	const struct ht_slot *slot = &sch->slots[ttl];

	if (sch->end != 0 || ttl < sch->set->first_ttl || slot->attempts == 0
	    || slot->attempts >= sch->set->at_once || !is_waiting(sch, ttl))
		return 0;
	return ttl;
}

unsigned
ht_schedule_due(struct ht_schedule *sch, ht_time now)
{
	unsigned ttl;

	if (!sch->is_started) {
		sch->is_started = true;
		sch->start = sch->progress_at = now;
	}
	if (sch->is_wake_known && now < sch->wake)
		return 0;
	sch->is_wake_known = false;
	if (sch->is_taken || now < rest_until(sch))
		return 0;
	ttl = rest_due(sch);
	if (ttl == 0)
		ttl = turn_due(sch, now);
	if (ttl == 0)
		ttl = grow_due(sch, now);
	/* To grow may have spread the turns anew. */
	if (ttl == 0)
		ttl = turn_due(sch, now);
	if (ttl == 0 && check_at(sch) <= now)
		ttl = check_ttl(sch);
	return ttl;
}

static ht_time
find_wake(const struct ht_schedule *sch)
{
	ht_time next = grow_at(sch);
	ht_time check = check_at(sch);

	if (sch->is_taken)
		return HT_TIME_NEVER;
	if (check < next)
		next = check;
	if (rest_due(sch) != 0)
		next = 0;
	for (unsigned ttl = sch->set->first_ttl; ttl <= live_last(sch); ttl++)
		if (is_waiting(sch, ttl) && sch->slots[ttl].due < next)
			next = sch->slots[ttl].due;
	return next > rest_until(sch) ? next : rest_until(sch);
}

ht_time
ht_schedule_next(struct ht_schedule *sch)
{
	if (!sch->is_started)
		return sch->not_before;
	if (!sch->is_wake_known)
		sch->wake = find_wake(sch);
	sch->is_wake_known = true;
	return sch->wake;
}

/* When a ttl that is asked now has its next turn. */
static ht_time
turn_after(const struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	const struct ht_slot *slot = &sch->slots[ttl];

	if (!slot->is_delayed)
		return next_turn(sch, ttl);
	/* It would have left at once with the one before. */
	if (slot->attempts < sch->set->at_once)
		return now;
	/* On the grid a hop that came late would lose a whole interval. */
	return now + sch->set->interval_ns;
}

/* A probe was tried: what sent and failed have in common. */
static struct ht_slot *
tried(struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	struct ht_slot *slot = &sch->slots[ttl];

	sch->burst = sch->burst_at == now ? sch->burst + 1 : 1;
	sch->burst_at = now;
	slot->attempts++;
	slot->tried_at = slot->asked_at = now;
	if (sch->end == 0 && ttl > frontier(sch))
		grow(sch, ttl, now);
	if (sch->end != 0 && ttl > sch->end)
		checked(sch, ttl, now);
	slot->had_turn = slot->is_in_turn;
	slot->is_tried |= slot->had_turn && slot->from.family == HT_FAMILY_NONE;
	slot->is_in_turn = false;
	slot->due = turn_after(sch, ttl, now);
	slot->is_delayed = false;
	return slot;
}

/* Why there is no known end, from the state of the discovery. */
static void
set_stop_of_discovery(struct ht_schedule *sch)
{
	if (sch->end != 0)
		return;
	if (ahead(sch) >= sch->set->max_unknown)
		sch->stop = HT_STOP_UNKNOWN;
	else if (frontier(sch) >= sch->set->max_ttl)
		sch->stop = HT_STOP_MAX_TTL;
	else
		sch->stop = HT_STOP_NONE;
}

void
ht_schedule_sent(struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	struct ht_slot *slot = tried(sch, ttl, now);

	sch->is_wake_known = false;
	slot->seq++;
	slot->pending++;
	sch->is_blocked = false;
	set_stop_of_discovery(sch);
}

void
ht_schedule_shared(struct ht_schedule *sch, unsigned ttl)
{
	sch->is_wake_known = false;
	/* When it left is the leader's affair, and so is when the next one will. */
	sch->slots[ttl].attempts++;
	sch->slots[ttl].seq++;
	sch->slots[ttl].pending++;
}

void
ht_schedule_failed(struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	sch->is_wake_known = false;
	tried(sch, ttl, now);
	sch->is_blocked = true;
}

void
ht_schedule_busy(struct ht_schedule *sch, unsigned ttl)
{
	sch->is_wake_known = false;
	sch->has_busy = true;
	sch->slots[ttl].is_busy = true;
	sch->slots[ttl].is_delayed = true;
}

void
ht_schedule_taken(struct ht_schedule *sch)
{
	sch->is_wake_known = false;
	sch->is_taken = true;
}

void
ht_schedule_free(struct ht_schedule *sch, ht_time now)
{
	if (!sch->has_busy && !sch->is_taken)
		return;
	unsigned last = sch->is_taken ? min_of(frontier(sch) + 1, HT_TTL_MAX) : 0;
	for (unsigned ttl = 1; ttl <= last; ttl++)
		sch->slots[ttl].is_delayed |= sch->slots[ttl].due <= now;
	for (unsigned ttl = 1; ttl <= HT_TTL_MAX; ttl++)
		sch->slots[ttl].is_busy = false;
	sch->is_wake_known = sch->has_busy = sch->is_taken = false;
}

void
ht_schedule_again(struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	struct ht_slot *slot = &sch->slots[ttl];

	sch->is_wake_known = false;
	/* A trace has no further cycle that would make up for it. */
	if ((ht_schedule_is_exhausted(sch, ttl) || sch->set->at_once > 1)
	    && slot->extra < EXTRA_MAX)
		slot->extra++;
	if (slot->is_in_turn || slot->due < now)
		return;
	slot->due = now;
	slot->is_delayed = true;
}

static void
set_end(struct ht_schedule *sch, unsigned ttl, enum ht_stop stop)
{
	bool has_moved = sch->end != ttl;

	sch->end = ttl;
	sch->stop = stop;
	sch->cut_end = 0;
	if (has_moved)
		spread(sch);
}

/* The path turned out to be longer than thought: go on behind ttl. */
static void
reopen(struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	sch->end = 0;
	sch->farthest = sch->frontier = ttl;
	sch->progress_at = now;
	set_stop_of_discovery(sch);
	spread(sch);
}

static void
judge_transit(struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	if (sch->end == 0 || ttl < sch->end)
		return;

	const struct ht_slot *end = &sch->slots[sch->end];
	bool is_end_doubtful = sch->stop == HT_STOP_UNREACHABLE || end->target_run == 0
			       || end->silent_run >= TRANSIT_RUN;

	if (ttl == sch->end ? end->transit_run >= TRANSIT_RUN : is_end_doubtful)
		reopen(sch, ttl, now);
}

static void
judge_destination(struct ht_schedule *sch, unsigned ttl)
{
	const struct ht_slot *slot = &sch->slots[ttl];

	if (ttl < sch->set->due_ttl || (slot->is_transit && slot->target_run < END_RUN))
		return;

	bool is_end_gone = sch->end != 0
			   && sch->slots[sch->end].silent_run >= SILENT_RUN
			   && slot->target_run >= 2;

	if (sch->end == 0 || ttl <= sch->end || sch->stop == HT_STOP_UNREACHABLE
	    || is_end_gone)
		set_end(sch, ttl, HT_STOP_DESTINATION);
}

static bool
is_transit_beyond(const struct ht_schedule *sch, unsigned ttl)
{
	for (unsigned t = ttl + 1; t <= min_of(frontier(sch), HT_TTL_MAX); t++)
		if (sch->slots[t].transit_run > 0)
			return true;
	return false;
}

/* Does anything answer behind it that is no refusal?  Then others get through. */
static bool
is_passed(const struct ht_schedule *sch, unsigned ttl)
{
	unsigned last = sch->end != 0 ? sch->end : min_of(frontier(sch), HT_TTL_MAX);

	for (unsigned t = ttl + 1; t <= last; t++) {
		const struct ht_slot *slot = &sch->slots[t];
		if (slot->silent_run == 0
		    && (slot->transit_run > 0 || slot->target_run > 0))
			return true;
	}
	return false;
}

static void
judge_refusal(struct ht_schedule *sch, unsigned ttl)
{
	const struct ht_slot *slot = &sch->slots[ttl];
	bool is_sure = slot->refusal_run >= END_RUN;

	if (ttl < sch->set->due_ttl || is_passed(sch, ttl))
		return;
	if (!is_sure && (slot->is_transit || is_transit_beyond(sch, ttl)))
		return;
	if (sch->stop == HT_STOP_DESTINATION && slot->refusal_run < REFUSAL_RUN)
		return;
	if (sch->end == 0 || ttl < sch->end
	    || (ttl == sch->end && sch->stop == HT_STOP_DESTINATION))
		set_end(sch, ttl, HT_STOP_UNREACHABLE);
}

void
ht_schedule_reply(struct ht_schedule *sch, unsigned ttl, const struct ht_reply *reply,
    bool was_pending, ht_time now)
{
	struct ht_slot *slot = &sch->slots[ttl];
	bool is_transit = reply->kind == HT_REPLY_TIME_EXCEEDED;
	bool is_target = ht_reply_is_destination(reply);
	int64_t rtt = reply->rx_ns - reply->tx_ns;

	sch->is_wake_known = false;
	if (was_pending)
		slot->pending--;
	slot->silent_run = 0;
	if (reply->match == HT_MATCH_AMBIGUOUS && reply->from.family == HT_FAMILY_NONE)
		return;
	slot->is_transit |= is_transit;
	slot->transit_run = is_transit ? slot->transit_run + 1 : 0;
	slot->target_run = is_target ? slot->target_run + 1 : 0;
	slot->refusal_run = is_transit || is_target ? 0 : slot->refusal_run + 1;
	slot->from = reply->from;
	slot->is_tried = false;
	if (rtt > sch->rtt_worst_ns)
		sch->rtt_worst_ns = rtt;
	/* Asked before the settings were changed: no end can be there now. */
	if (ttl < sch->set->first_ttl || ttl > sch->set->max_ttl)
		return;
	if (ttl > sch->farthest) {
		sch->farthest = ttl;
		sch->progress_at = now;
		spread(sch);
	}

	if (is_transit)
		judge_transit(sch, ttl, now);
	else if (is_target)
		judge_destination(sch, ttl);
	else
		judge_refusal(sch, ttl);
	set_stop_of_discovery(sch);
}

void
ht_schedule_lost(struct ht_schedule *sch, unsigned ttl, bool is_silence)
{
	struct ht_slot *slot = &sch->slots[ttl];

	sch->is_wake_known = false;
	slot->pending--;
	if (is_silence)
		slot->silent_run++;
}

void
ht_schedule_own(struct ht_schedule *sch, unsigned ttl, bool is_answered)
{
	struct ht_slot *slot = &sch->slots[ttl];

	slot->own_silent = is_answered ? 0 : slot->own_silent + 1;
	slot->own_judged++;
	slot->own_lost += !is_answered;
	/* What was long ago counts less and less. */
	if (slot->own_judged >= OWN_MAX) {
		slot->own_judged /= 2;
		slot->own_lost /= 2;
	}
}

/* Can it be the same router?  One that has not answered yet, to either, can. */
static bool
can_be_same_hop(const struct ht_slot *a, const struct ht_slot *b)
{
	return a->from.family == HT_FAMILY_NONE || b->from.family == HT_FAMILY_NONE
	       || ht_addr_equal(&a->from, &b->from);
}

static bool
is_inner(const struct ht_schedule *sch, unsigned ttl)
{
	if (ttl < sch->set->first_ttl || ttl > live_last(sch))
		return false;
	return sch->end != 0 ? ttl < sch->end : ttl <= sch->farthest;
}

bool
ht_schedule_takes_turns(const struct ht_schedule *sch, unsigned ttl)
{
	const struct ht_slot *slot = &sch->slots[ttl];

	if (sch->is_blocked || !is_inner(sch, ttl))
		return false;
	if (slot->from.family == HT_FAMILY_NONE)
		return slot->own_silent >= FOLLOW_SILENT && !slot->is_tried;
	return slot->transit_run > 0 && slot->own_silent < LEAVE_SILENT;
}

bool
ht_schedule_is_same_way(
    const struct ht_schedule *a, const struct ht_schedule *b, unsigned ttl)
{
	if (a->slots[ttl].from.family == HT_FAMILY_NONE
	    && b->slots[ttl].from.family == HT_FAMILY_NONE)
		return false;
	for (unsigned t = a->set->first_ttl; t <= ttl; t++)
		if (!can_be_same_hop(&a->slots[t], &b->slots[t]))
			return false;
	return true;
}

double
ht_schedule_contrast(
    const struct ht_schedule *a, const struct ht_schedule *b, unsigned ttl)
{
	double na = a->slots[ttl].own_judged, nb = b->slots[ttl].own_judged;
	double la = a->slots[ttl].own_lost, lb = b->slots[ttl].own_lost;
	double lost = la + lb, answered = na + nb - lost;
	double difference = la * nb - lb * na;

	if (na == 0 || nb == 0 || lost == 0 || answered == 0)
		return 0;
	return difference * difference * (na + nb) / (na * nb * lost * answered);
}

bool
ht_schedule_is_doubtful(const struct ht_schedule *sch, unsigned ttl)
{
	const struct ht_slot *slot = &sch->slots[ttl];

	return slot->from.family == HT_FAMILY_NONE || slot->own_silent > 0;
}

void
ht_schedule_turn(struct ht_schedule *sch, unsigned ttl, ht_time now, ht_time due)
{
	struct ht_slot *slot = &sch->slots[ttl];

	sch->is_wake_known = false;
	slot->is_in_turn = true;
	slot->is_delayed = false;
	slot->asked_at = now;
	slot->due = due;
}

void
ht_schedule_alone(struct ht_schedule *sch, unsigned ttl, ht_time now)
{
	struct ht_slot *slot = &sch->slots[ttl];

	sch->is_wake_known = false;
	slot->is_in_turn = false;
	slot->due = next_turn(sch, ttl);
	if (slot->due <= now)
		slot->due = turn(sch, ttl, now + 1);
}

/* An end that the settings no longer let us ask is none, until they let us again. */
static void
refit_end(struct ht_schedule *sch)
{
	unsigned first = sch->set->first_ttl;
	unsigned max = sch->set->max_ttl;

	if (sch->end != 0 && sch->end < first) {
		sch->end = 0;
		sch->farthest = sch->frontier = first - 1;
	} else if (sch->end != 0 && sch->end < sch->set->due_ttl) {
		sch->farthest = sch->frontier = sch->end;
		sch->end = 0;
	} else if (sch->end > max) {
		sch->cut_end = sch->end;
		sch->cut_stop = sch->stop;
		sch->end = 0;
		sch->farthest = sch->frontier = max;
	} else if (sch->end == 0 && sch->cut_end >= first && sch->cut_end <= max) {
		set_end(sch, sch->cut_end, sch->cut_stop);
	}
}

void
ht_schedule_hold(struct ht_schedule *sch, ht_time now)
{
	sch->is_wake_known = false;
	sch->not_before = now;
	for (unsigned ttl = 1; ttl <= HT_TTL_MAX; ttl++)
		sch->slots[ttl].is_in_turn = false;
	refit_end(sch);
	spread(sch);
	set_stop_of_discovery(sch);
}

bool
ht_schedule_is_done(const struct ht_schedule *sch)
{
	if (sch->set->cycles == 0 || !sch->is_started || grow_at(sch) != HT_TIME_NEVER)
		return false;
	for (unsigned ttl = sch->set->first_ttl; ttl <= live_last(sch); ttl++)
		if (!ht_schedule_is_exhausted(sch, ttl))
			return false;
	return true;
}

unsigned
ht_schedule_pending(const struct ht_schedule *sch)
{
	unsigned pending = 0;

	for (unsigned ttl = sch->set->first_ttl; ttl <= live_last(sch); ttl++)
		pending += sch->slots[ttl].pending;
	return pending;
}
