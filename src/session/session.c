/* SPDX-License-Identifier: ISC */
/*
 * One run.  A step does four things, and their order matters:
 *
 * 1. take in what waits in the transport, judged by its own time stamps;
 * 2. only then declare lost whatever is past its deadline: a process that was
 *    stopped finds its answers in the socket and invents no loss;
 * 3. send what is due;
 * 4. look whether all is done.
 *
 * A lane is one (target, flow): its schedule says what leaves when, its path
 * folds the events.  The schedule and the path do not know each other.
 */
#include <hoptop/session.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/text.h"
#include "probe/inflight.h"
#include "probe/schedule.h"
#include "session/nametab.h"
#include "session/settings.h"

#define OBSERVERS_MAX 8
/* Lanes that follow another send every such probe themselves. */
#define SHARE_CHECK 16
/* After so many failures in a row the route is looked up anew. */
#define PREPARE_AFTER_FAILURES 3
/* Fractions of the golden ratio are spread evenly, however many lanes come. */
#define GOLDEN 0.6180339887498949

struct lane {
	uint16_t target;
	uint16_t flow;
	struct ht_schedule sch;
	struct ht_path *path;
	uint8_t told_end; /* what the newest END event said */
	uint8_t told_stop;
	bool was_told;
};

struct target {
	struct ht_target pub;
	unsigned first_lane; /* its lanes are consecutive */
	unsigned n_lanes;    /* 0 before it has an address */
	bool is_prepared;
	unsigned failures; /* sends in a row that failed */
};

struct observer {
	ht_event_fn *fn;
	void *ctx;
};

struct ht_session {
	struct ht_settings set;
	struct ht_transport *tp;
	unsigned max_ttl; /* of the beginning: the memory was taken for it */
	struct target targets[HT_TARGETS_MAX];
	unsigned n_targets;
	struct lane **lanes; /* owned; HT_TARGETS_MAX * flows places */
	unsigned n_lanes;
	struct ht_inflight flight;
	struct observer observers[OBSERVERS_MAX];
	unsigned n_observers;
	struct ht_totals totals;
	struct ht_nametab names;
	struct ht_rng rng;
	bool is_started, is_paused;
	bool is_all_sent; /* every hop has had its cycles */
	bool is_done;
	ht_time start;
	ht_time now;       /* of the newest step */
	ht_time promised;  /* when the newest step asked to be called again */
	ht_time last_sent; /* newest attempt, for the grace time */
};

/* Room for everything that can be pending, four times over for the late ones. */
static size_t
flights_wanted(const struct ht_settings *set)
{
	double per_ttl = (double)set->timeout_ns / (double)set->interval_ns + 2;
	double want = 4 * per_ttl * set->max_ttl * set->flows;

	return want < HT_INFLIGHT_MAX ? (size_t)want : HT_INFLIGHT_MAX;
}

struct ht_session *
ht_session_new(const struct ht_settings *set, struct ht_transport *tp)
{
	struct ht_session *ss = calloc(1, sizeof(*ss));

	assert(set->interval_ns > 0 && set->timeout_ns > 0 && set->flows >= 1);
	if (ss == NULL)
		return NULL;
	ss->set = *set;
	ss->tp = tp;
	ss->max_ttl = set->max_ttl;
	ss->promised = HT_TIME_NEVER;
	ht_rng_init(&ss->rng, set->seed);
	ht_nametab_init(&ss->names);
	ss->lanes = calloc((size_t)HT_TARGETS_MAX * set->flows, sizeof(ss->lanes[0]));
	if (ss->lanes == NULL
	    || ht_inflight_init(&ss->flight, flights_wanted(set)) < 0) {
		ht_session_free(ss);
		return NULL;
	}
	return ss;
}

static void
lane_free(struct lane *lane)
{
	if (lane == NULL)
		return;
	ht_path_free(lane->path);
	free(lane);
}

void
ht_session_free(struct ht_session *ss)
{
	if (ss == NULL)
		return;
	for (unsigned i = 0; i < ss->n_lanes; i++)
		lane_free(ss->lanes[i]);
	free(ss->lanes);
	ht_inflight_done(&ss->flight);
	ht_nametab_done(&ss->names);
	free(ss);
}

/* With an end in sight no more than that many probes need a place. */
static size_t
history_wanted(const struct ht_settings *set)
{
	size_t want = set->history > 64 ? set->history : 64;

	if (set->cycles > 0 && set->cycles < want)
		return set->cycles > 64 ? (size_t)set->cycles : 64;
	return want;
}

static struct lane *
lane_new(const struct ht_session *ss, unsigned target, unsigned flow)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (lane == NULL)
		return NULL;
	lane->target = (uint16_t)target;
	lane->flow = (uint16_t)flow;
	lane->path = ht_path_new(ss->max_ttl, history_wanted(&ss->set));
	if (lane->path == NULL) {
		free(lane);
		return NULL;
	}

	double phase = GOLDEN * (ss->n_lanes + flow);
	ht_schedule_init(&lane->sch, &ss->set, phase - (double)(long)phase);
	return lane;
}

/* Make the lanes of a target that has got its address. */
static int
open_lanes(struct ht_session *ss, struct target *t, const struct ht_addr *addr)
{
	unsigned index = (unsigned)(t - ss->targets);

	for (unsigned flow = 0; flow < ss->set.flows; flow++) {
		struct lane *lane = lane_new(ss, index, flow);
		if (lane == NULL) {
			while (flow-- > 0)
				lane_free(ss->lanes[ss->n_lanes + flow]);
			return -ENOMEM;
		}
		ss->lanes[ss->n_lanes + flow] = lane;
	}
	t->first_lane = ss->n_lanes;
	t->n_lanes = ss->set.flows;
	ss->n_lanes += ss->set.flows;
	t->pub.addr = *addr;
	t->pub.state = HT_TARGET_READY;
	return 0;
}

int
ht_session_add(struct ht_session *ss, const char *name, const struct ht_addr *addr)
{
	if (ss->n_targets >= HT_TARGETS_MAX)
		return -ENOSPC;

	struct target *t = &ss->targets[ss->n_targets];
	*t = (struct target){ .pub.state = HT_TARGET_RESOLVING };
	ht_text_clean(t->pub.name, sizeof(t->pub.name), name);
	if (addr != NULL) {
		int r = open_lanes(ss, t, addr);
		if (r < 0)
			return r;
	}
	return (int)ss->n_targets++;
}

int
ht_session_resolve(struct ht_session *ss, unsigned target, const struct ht_addr *addr,
    const char *error)
{
	assert(target < ss->n_targets);

	struct target *t = &ss->targets[target];
	if (t->pub.state == HT_TARGET_READY)
		return -EALREADY;
	if (addr != NULL)
		return open_lanes(ss, t, addr);
	t->pub.state = HT_TARGET_FAILED;
	ht_text_clean(t->pub.error, sizeof(t->pub.error), error);
	return 0;
}

int
ht_session_observe(struct ht_session *ss, ht_event_fn *fn, void *ctx)
{
	if (ss->n_observers >= OBSERVERS_MAX)
		return -ENOSPC;
	ss->observers[ss->n_observers++] = (struct observer){ .fn = fn, .ctx = ctx };
	return 0;
}

/* Count an event for the whole run. */
static void
count(struct ht_totals *totals, uint8_t type)
{
	switch ((enum ht_event_type)type) {
	case HT_EVENT_SENT:
		totals->sent++;
		break;
	case HT_EVENT_REPLY:
		totals->received++;
		break;
	case HT_EVENT_LOST:
		totals->lost++;
		break;
	case HT_EVENT_LATE:
		totals->late++;
		break;
	case HT_EVENT_DUPLICATE:
		totals->duplicate++;
		break;
	case HT_EVENT_FAILED:
		totals->failed++;
		break;
	case HT_EVENT_UNMATCHED:
		totals->unmatched++;
		break;
	case HT_EVENT_NONE:
	case HT_EVENT_END:
	case HT_EVENT_NAME:
	case HT_EVENT_MARK:
	case HT_EVENT_COUNT:
		break;
	}
}

/* Hand an event to its path (none: to all of them) and to the observers. */
static void
emit(struct ht_session *ss, struct lane *lane, const struct ht_event *ev)
{
	if (!ev->is_shared)
		count(&ss->totals, ev->type);
	if (lane != NULL)
		ht_path_event(lane->path, ev);
	else if (ev->type == HT_EVENT_MARK)
		for (unsigned i = 0; i < ss->n_lanes; i++)
			ht_path_event(ss->lanes[i]->path, ev);
	for (unsigned i = 0; i < ss->n_observers; i++)
		ss->observers[i].fn(ss->observers[i].ctx, ev);
}

static struct ht_event
lane_event(const struct lane *lane, enum ht_event_type type, unsigned ttl, ht_time at)
{
	return (struct ht_event){
		.type = (uint8_t)type,
		.ttl = (uint8_t)ttl,
		.target = lane->target,
		.flow = lane->flow,
		.at = at,
		.rtt_ns = -1,
	};
}

static void
mark(struct ht_session *ss, enum ht_mark what, ht_time at)
{
	emit(ss, NULL,
	    &(struct ht_event){
		.type = HT_EVENT_MARK, .mark = (uint8_t)what, .at = at, .rtt_ns = -1 });
}

/* Tell the world when a lane's end has moved. */
static void
tell_end(struct ht_session *ss, struct lane *lane, ht_time at)
{
	unsigned end = lane->sch.end;

	if (lane->was_told && lane->told_end == end
	    && lane->told_stop == lane->sch.stop)
		return;
	if (!lane->was_told && end == 0 && lane->sch.stop == HT_STOP_NONE)
		return;
	lane->was_told = true;
	lane->told_end = (uint8_t)end;
	lane->told_stop = (uint8_t)lane->sch.stop;

	struct ht_event ev = lane_event(lane, HT_EVENT_END, end, at);
	ev.stop = lane->told_stop;
	emit(ss, lane, &ev);
}

static void
emit_unmatched(struct ht_session *ss, const struct ht_reply *reply)
{
	emit(ss, NULL,
	    &(struct ht_event){ .type = HT_EVENT_UNMATCHED,
		.at = reply->rx_ns,
		.rtt_ns = -1,
		.reply = reply });
}

/* This host gave the probe back after send() had taken it. */
static void
withdraw(struct ht_session *ss, struct ht_flight *f, const struct ht_reply *reply)
{
	struct lane *lane = ss->lanes[f->lane];

	if (f->state != HT_FLIGHT_PENDING)
		return;
	f->state = HT_FLIGHT_WITHDRAWN;
	ht_schedule_lost(&lane->sch, f->ttl, false);

	struct ht_event ev = lane_event(lane, HT_EVENT_FAILED, f->ttl, reply->rx_ns);
	ev.seq = f->seq;
	ev.error = reply->error;
	ev.reply = reply;
	ev.is_shared = f->is_shared;
	emit(ss, lane, &ev);
}

/* By the transport's stamps; by our own where it no longer knows the departure. */
static int64_t
round_trip(const struct ht_flight *f, const struct ht_reply *reply)
{
	ht_time tx_ns = reply->tx_stamp != HT_STAMP_NONE ? reply->tx_ns : f->sent_at;

	return reply->rx_ns > tx_ns ? reply->rx_ns - tx_ns : 0;
}

/* What an answer to this probe is, before it is noted. */
static enum ht_event_type
answer_type(const struct ht_flight *f, const struct ht_reply *reply)
{
	if (f->state == HT_FLIGHT_ANSWERED)
		return HT_EVENT_DUPLICATE;
	if (f->state == HT_FLIGHT_LOST
	    || round_trip(f, reply) > f->deadline - f->sent_at)
		return HT_EVENT_LATE;
	return HT_EVENT_REPLY;
}

/* Note the answer to one probe, or to one that a shared probe stands for. */
static void
take_answer(struct ht_session *ss, struct ht_flight *f, const struct ht_reply *reply)
{
	struct lane *lane = ss->lanes[f->lane];
	enum ht_event_type type = answer_type(f, reply);
	struct ht_event ev = lane_event(lane, type, f->ttl, reply->rx_ns);

	ev.seq = f->seq;
	ev.rtt_ns = round_trip(f, reply);
	ev.reply = reply;
	ev.is_shared = f->is_shared;
	/* Not lost after all; unless a reset came between, and it is not counted. */
	if (f->state == HT_FLIGHT_LOST && !f->is_shared && ss->totals.lost > 0)
		ss->totals.lost--;
	if (type != HT_EVENT_DUPLICATE) {
		bool was_pending = f->state == HT_FLIGHT_PENDING;
		f->state = HT_FLIGHT_ANSWERED;
		ht_schedule_reply(&lane->sch, f->ttl, reply, was_pending, ss->now);
		/* Another router than before: what was shared may differ now. */
		if (lane->sch.slots[f->ttl].from_run == 1)
			ht_schedule_unfollow(&lane->sch, f->ttl);
	}
	emit(ss, lane, &ev);
	tell_end(ss, lane, reply->rx_ns);
}

static void
on_reply(void *ctx, const struct ht_reply *reply)
{
	struct ht_session *ss = ctx;
	struct ht_flight *f = reply->match != HT_MATCH_NONE
				  ? ht_inflight_find(&ss->flight, reply->token)
				  : NULL;

	if (f == NULL || f->is_shared || f->state == HT_FLIGHT_WITHDRAWN) {
		emit_unmatched(ss, reply);
		return;
	}
	while (f != NULL) {
		if (reply->kind == HT_REPLY_LOCAL_ERROR)
			withdraw(ss, f, reply);
		else
			take_answer(ss, f, reply);
		f = f->has_shadow ? ht_inflight_find(&ss->flight, f->shadow) : NULL;
	}
}

static void
expire(struct ht_session *ss, ht_time now)
{
	struct ht_flight *f;

	while ((f = ht_inflight_expire(&ss->flight, now)) != NULL) {
		struct lane *lane = ss->lanes[f->lane];
		struct ht_event ev = lane_event(
		    lane, HT_EVENT_LOST, f->ttl, f->deadline);

		ev.seq = f->seq;
		ev.is_shared = f->is_shared;
		ht_schedule_lost(&lane->sch, f->ttl, true);
		emit(ss, lane, &ev);
		tell_end(ss, lane, f->deadline);
	}
}

static unsigned
probe_size(struct ht_session *ss)
{
	int size = ss->set.size;

	if (size >= 0)
		return (unsigned)size;
	return HT_SIZE_MIN
	       + (unsigned)ht_rng_below(&ss->rng, (uint64_t)(-size - HT_SIZE_MIN + 1));
}

static struct ht_probe
make_probe(struct ht_session *ss, const struct lane *lane, unsigned ttl, uint32_t token)
{
	int pattern = ss->set.pattern;

	return (struct ht_probe){
		.token = token,
		.target = ss->targets[lane->target].pub.addr,
		.proto = (uint8_t)ss->set.proto,
		.ttl = (uint8_t)ttl,
		.tos = (uint8_t)ss->set.tos,
		.pattern = (uint8_t)(pattern >= 0 ? pattern
						  : (int)ht_rng_below(&ss->rng, 256)),
		.flow = lane->flow,
		.size = (uint16_t)probe_size(ss),
		.port = (uint16_t)ss->set.port,
	};
}

/* Look up the route: before the first probe, and when sending keeps failing. */
static int
prepare(struct ht_session *ss, struct target *t)
{
	int r = ss->tp->ops->prepare(
	    ss->tp, &t->pub.addr, ss->set.proto, &t->pub.source);

	t->is_prepared = r == 0;
	t->failures = 0;
	return r;
}

/* Fill in the reserved place of a probe. */
static void
fill_flight(struct ht_session *ss, struct ht_flight *f, unsigned lane, unsigned ttl,
    ht_time now)
{
	f->seq = ss->lanes[lane]->sch.slots[ttl].seq;
	f->lane = (uint16_t)lane;
	f->ttl = (uint8_t)ttl;
	f->sent_at = now;
	f->deadline = now + ss->set.timeout_ns;
}

/* Hand a probe to the transport; 0 or negative errno. */
static int
transmit(struct ht_session *ss, unsigned index, unsigned ttl, ht_time now,
    struct ht_flight **ret_flight)
{
	struct lane *lane = ss->lanes[index];
	struct target *t = &ss->targets[lane->target];
	struct ht_flight *f = ht_inflight_reserve(&ss->flight);

	if (f == NULL)
		return -ENOBUFS;
	if (!t->is_prepared || t->failures >= PREPARE_AFTER_FAILURES) {
		int r = prepare(ss, t);
		if (r < 0)
			return r;
	}

	struct ht_probe pr = make_probe(ss, lane, ttl, f->token);
	fill_flight(ss, f, index, ttl, now);
	int r = ss->tp->ops->send(ss->tp, &pr, now);
	if (r < 0)
		return r;
	ht_inflight_commit(&ss->flight);
	*ret_flight = f;
	return 0;
}

/* A probe has left, or one that stands for it. */
static void
note_sent(
    struct ht_session *ss, unsigned index, unsigned ttl, ht_time now, bool is_shared)
{
	struct lane *lane = ss->lanes[index];
	struct ht_event ev = lane_event(lane, HT_EVENT_SENT, ttl, now);

	ev.seq = lane->sch.slots[ttl].seq;
	ev.is_shared = is_shared;
	ht_schedule_sent(&lane->sch, ttl, now);
	emit(ss, lane, &ev);
	tell_end(ss, lane, now);
}

static void
note_failed(struct ht_session *ss, unsigned index, unsigned ttl, ht_time now, int error)
{
	struct lane *lane = ss->lanes[index];
	struct target *t = &ss->targets[lane->target];
	struct ht_event ev = lane_event(lane, HT_EVENT_FAILED, ttl, now);

	ev.seq = lane->sch.slots[ttl].seq;
	ev.error = error;
	t->pub.send_error = error;
	t->failures++;
	ht_schedule_failed(&lane->sch, ttl, now);
	emit(ss, lane, &ev);
	tell_end(ss, lane, now);
}

/*
 * Let a probe stand for those of all lanes that follow at this ttl.  Every
 * SHARE_CHECK-th one they send themselves, to see whether it is still the same
 * router that answers.
 */
static void
share(struct ht_session *ss, unsigned index, unsigned ttl, ht_time now,
    struct ht_flight *f)
{
	for (unsigned i = 0; i < ss->n_lanes; i++) {
		struct ht_slot *slot = &ss->lanes[i]->sch.slots[ttl];
		if (!slot->is_led || slot->leader != index)
			continue;
		if (slot->attempts % SHARE_CHECK == 0) {
			slot->is_led = false;
			continue;
		}
		struct ht_flight *shadow = ht_inflight_reserve(&ss->flight);
		if (shadow == NULL)
			return;
		fill_flight(ss, shadow, i, ttl, now);
		shadow->is_shared = true;
		ht_inflight_commit(&ss->flight);
		f->has_shadow = true;
		f->shadow = shadow->token;
		f = shadow;
		note_sent(ss, i, ttl, now, true);
	}
}

static void
send_one(struct ht_session *ss, unsigned index, unsigned ttl, ht_time now)
{
	struct lane *lane = ss->lanes[index];
	struct target *t = &ss->targets[lane->target];
	struct ht_flight *f;
	int r = transmit(ss, index, ttl, now, &f);

	lane->sch.slots[ttl].is_led = false;
	ss->last_sent = now;
	if (r < 0) {
		note_failed(ss, index, ttl, now, -r);
		return;
	}
	t->pub.send_error = 0;
	t->failures = 0;
	note_sent(ss, index, ttl, now, false);
	share(ss, index, ttl, now, f);
}

/* Is there a lane whose probes can stand for this one?  Then wait for them. */
static bool
follow(struct ht_session *ss, unsigned index, unsigned ttl, ht_time now)
{
	struct lane *lane = ss->lanes[index];
	const struct ht_addr *addr = &ss->targets[lane->target].pub.addr;
	const struct ht_slot *slot = &lane->sch.slots[ttl];

	if (slot->is_led || slot->attempts % SHARE_CHECK == 0)
		return false;
	for (unsigned i = 0; i < index; i++) {
		const struct lane *other = ss->lanes[i];
		if (other->flow == lane->flow
		    && ss->targets[other->target].pub.addr.family == addr->family
		    && ht_schedule_can_follow(&lane->sch, &other->sch, ttl)) {
			ht_schedule_follow(&lane->sch, ttl, (uint16_t)i, now);
			return true;
		}
	}
	return false;
}

static void
send_due(struct ht_session *ss, ht_time now)
{
	unsigned ttl;

	for (unsigned i = 0; i < ss->n_lanes; i++)
		while ((ttl = ht_schedule_due(&ss->lanes[i]->sch, now)) != 0)
			if (!follow(ss, i, ttl, now))
				send_one(ss, i, ttl, now);
}

/* Was the step called much later than it had asked for? */
static void
note_gap(struct ht_session *ss, ht_time now)
{
	ht_time patience = ss->set.interval_ns > HT_S ? ss->set.interval_ns : HT_S;

	if (ss->promised != HT_TIME_NEVER && now - ss->promised > patience)
		mark(ss, HT_MARK_GAP, now);
}

static bool
is_outstanding(const struct ht_session *ss, ht_time now)
{
	if (now - ss->last_sent >= ss->set.grace_ns)
		return false;
	for (unsigned i = 0; i < ss->n_lanes; i++)
		if (ht_schedule_pending(&ss->lanes[i]->sch) > 0)
			return true;
	return false;
}

/* Has every hop of every target had its cycles? */
static bool
is_all_sent(const struct ht_session *ss)
{
	if (ss->set.cycles == 0)
		return false;
	for (unsigned i = 0; i < ss->n_targets; i++)
		if (ss->targets[i].pub.state == HT_TARGET_RESOLVING)
			return false;
	for (unsigned i = 0; i < ss->n_lanes; i++)
		if (!ht_schedule_is_done(&ss->lanes[i]->sch))
			return false;
	return true;
}

static void
look_whether_done(struct ht_session *ss, ht_time now)
{
	if (ss->is_done)
		return;
	ss->is_all_sent = is_all_sent(ss);
	if (!ss->is_all_sent || is_outstanding(ss, now))
		return;
	ss->is_done = true;
	mark(ss, HT_MARK_DONE, now);
}

static ht_time
next_deadline(struct ht_session *ss)
{
	ht_time next = ht_inflight_next(&ss->flight);
	ht_time arrival = ss->tp->ops->next(ss->tp);

	if (ss->is_done)
		return HT_TIME_NEVER;
	if (arrival < next)
		next = arrival;
	for (unsigned i = 0; !ss->is_paused && i < ss->n_lanes; i++) {
		ht_time due = ht_schedule_next(&ss->lanes[i]->sch);
		if (due < next)
			next = due;
	}
	if (ss->is_all_sent && next > ss->last_sent + ss->set.grace_ns)
		next = ss->last_sent + ss->set.grace_ns;
	return next;
}

ht_time
ht_session_step(struct ht_session *ss, ht_time now)
{
	if (!ss->is_started) {
		ss->is_started = true;
		ss->start = ss->last_sent = now;
		mark(ss, HT_MARK_START, now);
	}
	note_gap(ss, now);
	ss->now = now;
	ss->tp->ops->receive(ss->tp, now, on_reply, ss);
	expire(ss, now);
	if (!ss->is_paused && !ss->is_done)
		send_due(ss, now);
	look_whether_done(ss, now);
	ss->promised = next_deadline(ss);
	return ss->promised;
}

bool
ht_session_is_done(const struct ht_session *ss)
{
	return ss->is_done;
}

/* What was missed meanwhile is not made up for. */
static void
hold_all(struct ht_session *ss, ht_time now)
{
	for (unsigned i = 0; i < ss->n_lanes; i++)
		ht_schedule_hold(&ss->lanes[i]->sch, now);
}

void
ht_session_pause(struct ht_session *ss, ht_time now)
{
	if (ss->is_paused)
		return;
	ss->is_paused = true;
	mark(ss, HT_MARK_PAUSE, now);
}

void
ht_session_resume(struct ht_session *ss, ht_time now)
{
	if (!ss->is_paused)
		return;
	ss->is_paused = false;
	hold_all(ss, now);
	mark(ss, HT_MARK_RESUME, now);
}

bool
ht_session_is_paused(const struct ht_session *ss)
{
	return ss->is_paused;
}

void
ht_session_reset(struct ht_session *ss, ht_time now)
{
	ss->totals = (struct ht_totals){ .sent = 0 };
	mark(ss, HT_MARK_RESET, now);
}

const struct ht_settings *
ht_session_settings(const struct ht_session *ss)
{
	return &ss->set;
}

int
ht_session_set(struct ht_session *ss, const struct ht_settings *set, ht_time now)
{
	if (!ht_settings_are_valid(set, ss->max_ttl))
		return -EINVAL;
	ss->set.interval_ns = set->interval_ns;
	ss->set.timeout_ns = set->timeout_ns;
	ss->set.grace_ns = set->grace_ns;
	ss->set.first_ttl = set->first_ttl;
	ss->set.max_ttl = set->max_ttl;
	ss->set.max_unknown = set->max_unknown;
	ss->set.size = set->size;
	ss->set.pattern = set->pattern;
	ss->set.tos = set->tos;
	ss->set.cycles = set->cycles;
	hold_all(ss, now);
	mark(ss, HT_MARK_SETTINGS, now);
	return 0;
}

unsigned
ht_session_targets(const struct ht_session *ss)
{
	return ss->n_targets;
}

const struct ht_target *
ht_session_target(const struct ht_session *ss, unsigned target)
{
	return target < ss->n_targets ? &ss->targets[target].pub : NULL;
}

const struct ht_path *
ht_session_path(const struct ht_session *ss, unsigned target, unsigned flow)
{
	if (target >= ss->n_targets || flow >= ss->targets[target].n_lanes)
		return NULL;
	return ss->lanes[ss->targets[target].first_lane + flow]->path;
}

ht_time
ht_session_start(const struct ht_session *ss)
{
	return ss->start;
}

struct ht_totals
ht_session_totals(const struct ht_session *ss)
{
	struct ht_totals totals = ss->totals;

	totals.malformed = ss->tp->malformed;
	return totals;
}

const struct ht_transport *
ht_session_transport(const struct ht_session *ss)
{
	return ss->tp;
}

void
ht_session_set_name(
    struct ht_session *ss, const struct ht_addr *addr, const char *name, ht_time now)
{
	const char *kept = ht_nametab_set(&ss->names, addr, name);

	if (kept == NULL)
		return;
	emit(ss, NULL,
	    &(struct ht_event){ .type = HT_EVENT_NAME,
		.at = now,
		.rtt_ns = -1,
		.addr = addr,
		.name = kept });
}

const char *
ht_session_name(const struct ht_session *ss, const struct ht_addr *addr)
{
	return ht_nametab_find(&ss->names, addr);
}
