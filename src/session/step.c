/* SPDX-License-Identifier: ISC */
/*
 * A step does four things, and their order matters:
 *
 * 1. take in what waits in the transport, judged by its own time stamps;
 * 2. only then declare lost whatever is past its deadline: a process that was
 *    stopped finds its answers in the socket and invents no loss;
 * 3. send what is due;
 * 4. look whether all is done.
 */
#include "session/internal.h"

#include <errno.h>

#include "base/addr.h"
#include "session/settings.h"

/* After so many failures in a row the route is looked up anew; and now and then. */
#define PREPARE_AFTER_FAILURES 3
#define PREPARE_EVERY          (10 * HT_S)

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
void
ht_session_emit(struct ht_session *ss, struct lane *lane, const struct ht_event *ev)
{
	if (lane != NULL)
		ht_path_event(lane->path, ev);
	else if (ev->type == HT_EVENT_MARK)
		for (unsigned i = 0; i < ss->n_lanes; i++)
			ht_path_event(ss->lanes[i]->path, ev);
	for (unsigned i = 0; i < ss->n_observers; i++)
		ss->observers[i].fn(ss->observers[i].ctx, ev);
}

/*
 * Count what became of a probe, if it left since the newest reset.  A shared one
 * was never on the wire.
 */
static void
count_flight(struct ht_session *ss, const struct ht_flight *f, enum ht_event_type type)
{
	if (f->is_shared || f->era != ss->era)
		return;
	count(&ss->totals, (uint8_t)type);
	/* Not lost after all; not sent after all. */
	if (type == HT_EVENT_LATE && f->state == HT_FLIGHT_LOST)
		ss->totals.lost--;
	if (type == HT_EVENT_FAILED)
		ss->totals.sent--;
}

static struct ht_event
lane_event(const struct lane *lane, enum ht_event_type type, unsigned ttl, ht_time at)
{
	return (struct ht_event){
		.type = (uint8_t)type,
		.ttl = (uint8_t)ttl,
		.target = lane->target,
		.flow = lane->flow,
		.proto = lane->proto,
		.at = at,
		.rtt_ns = -1,
	};
}

void
ht_session_mark(struct ht_session *ss, enum ht_mark what, ht_time at)
{
	ht_session_emit(ss, NULL,
	    &(struct ht_event){
		.type = HT_EVENT_MARK, .mark = (uint8_t)what, .at = at, .rtt_ns = -1 });
}

/* The last ttl of the path; where we stop asking, if all up to there is known. */
static unsigned
end_of(const struct ht_session *ss, const struct lane *lane)
{
	bool is_cut = lane->sch.stop == HT_STOP_MAX_TTL
		      && lane->sch.farthest >= ss->set.max_ttl;

	return is_cut ? ss->set.max_ttl : lane->sch.end;
}

/* Tell the world when a lane's end has moved. */
void
ht_session_tell_end(struct ht_session *ss, struct lane *lane, ht_time at)
{
	unsigned end = end_of(ss, lane);

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
	ht_session_emit(ss, lane, &ev);
}

static void
emit_unmatched(struct ht_session *ss, const struct ht_reply *reply)
{
	count(&ss->totals, HT_EVENT_UNMATCHED);
	ht_session_emit(ss, NULL,
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
	count_flight(ss, f, HT_EVENT_FAILED);
	ht_inflight_settle(&ss->flight, f, HT_FLIGHT_WITHDRAWN);
	if (f->is_shared && !f->is_told)
		return;
	ht_schedule_lost(&lane->sch, f->ttl, false);

	struct ht_event ev = lane_event(lane, HT_EVENT_FAILED, f->ttl, reply->rx_ns);
	ev.seq = f->seq;
	ev.error = reply->error;
	ev.reply = reply;
	ev.is_shared = f->is_shared;
	ht_session_emit(ss, lane, &ev);
}

/* By the transport's stamps; by our own where it no longer knows the departure. */
static int64_t
round_trip(const struct ht_flight *f, const struct ht_reply *reply)
{
	ht_time tx_ns = reply->tx_stamp != HT_STAMP_NONE ? reply->tx_ns : f->sent_at;

	return reply->rx_ns > tx_ns ? reply->rx_ns - tx_ns : 0;
}

/*
 * Is it the target that says "port unreachable"?  To UDP, whatever the address: a NAT
 * may have changed it.  An echo has no port and a closed TCP port sends a RST, so that
 * to these it is a firewall that refuses them; the target's own, if it is its address.
 */
static bool
is_closed_port(
    const struct ht_session *ss, const struct lane *lane, const struct ht_reply *reply)
{
	return reply->kind == HT_REPLY_UNREACHABLE
	       && ht_icmp_is_port_unreachable((enum ht_family)reply->from.family,
		   reply->icmp_type, reply->icmp_code)
	       && (lane->proto == HT_PROTO_UDP
		   || ht_addr_equal(&reply->from, &ss->targets[lane->target].pub.addr));
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
	bool is_known = reply->from.family != HT_FAMILY_NONE;

	if (f->is_shared && !ht_share_adopt(ss, f, is_known ? &reply->from : NULL))
		return;

	struct lane *lane = ss->lanes[f->lane];
	struct ht_reply closed;

	if (is_closed_port(ss, lane, reply)) {
		closed = *reply;
		closed.kind = HT_REPLY_PORT_CLOSED;
		reply = &closed;
	}

	enum ht_event_type type = answer_type(f, reply);
	struct ht_event ev = lane_event(lane, type, f->ttl, reply->rx_ns);

	ev.seq = f->seq;
	ev.rtt_ns = round_trip(f, reply);
	ev.reply = reply;
	ev.is_shared = f->is_shared;
	count_flight(ss, f, type);
	if (!f->is_shared)
		ht_schedule_own(&lane->sch, f->ttl, true);
	if (type == HT_EVENT_LATE && ev.rtt_ns > ss->slowest)
		ss->slowest = ev.rtt_ns;
	if (type != HT_EVENT_DUPLICATE) {
		bool was_pending = f->state == HT_FLIGHT_PENDING;
		ht_inflight_settle(&ss->flight, f, HT_FLIGHT_ANSWERED);
		ht_schedule_reply(&lane->sch, f->ttl, reply, was_pending, ss->now);
	}
	ht_session_emit(ss, lane, &ev);
	ht_session_tell_end(ss, lane, reply->rx_ns);
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
	/* No answer yet: the transport would like to know more first. */
	if (reply->kind == HT_REPLY_NONE) {
		ht_schedule_again(&ss->lanes[f->lane]->sch, f->ttl, ss->now);
		return;
	}
	while (f != NULL) {
		if (reply->kind == HT_REPLY_LOCAL_ERROR)
			withdraw(ss, f, reply);
		else if (f->state != HT_FLIGHT_WITHDRAWN)
			take_answer(ss, f, reply);
		f = f->has_shadow ? ht_inflight_find(&ss->flight, f->shadow) : NULL;
	}
}

static void
expire(struct ht_session *ss, ht_time now)
{
	struct ht_flight *f;

	while ((f = ht_inflight_expire(&ss->flight, now)) != NULL) {
		if (f->is_shared && !ht_share_adopt(ss, f, NULL))
			continue;

		struct lane *lane = ss->lanes[f->lane];
		struct ht_event ev = lane_event(
		    lane, HT_EVENT_LOST, f->ttl, f->deadline);

		ev.seq = f->seq;
		ev.is_shared = f->is_shared;
		count_flight(ss, f, HT_EVENT_LOST);
		if (!f->is_shared)
			ht_schedule_own(&lane->sch, f->ttl, false);
		ht_schedule_lost(&lane->sch, f->ttl, true);
		ht_session_emit(ss, lane, &ev);
		ht_session_tell_end(ss, lane, f->deadline);
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
	const struct ht_target *target = &ss->targets[lane->target].pub;
	int pattern = ss->set.pattern;

	return (struct ht_probe){
		.token = token,
		.target = target->addr,
		.proto = lane->proto,
		.ttl = (uint8_t)ttl,
		.tos = (uint8_t)ss->set.tos,
		.pattern = (uint8_t)(pattern >= 0 ? pattern
						  : (int)ht_rng_below(&ss->rng, 256)),
		.flow = lane->flow,
		.size = (uint16_t)probe_size(ss),
		.port = (uint16_t)(target->port != 0 ? target->port : ss->set.port),
		.local_port = (uint16_t)ss->set.local_port,
	};
}

static bool
is_shortage(int r)
{
	return r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOBUFS;
}

/*
 * Look up the route: before the first probe, when sending keeps failing, and now and
 * then, for the machine may have moved to another network.
 */
static int
prepare(struct ht_session *ss, struct target *t, ht_time now)
{
	struct ht_addr before = t->pub.source;
	int r = ss->tp->ops->prepare(
	    ss->tp, &t->pub.addr, ss->set.proto, &t->pub.source);

	/* It cannot look, which says nothing of the route; who has a socket goes on. */
	if (before.family != HT_FAMILY_NONE && is_shortage(r))
		r = 0;
	t->is_prepared = r == 0;
	t->prepared_at = now;
	t->failures = 0;
	if (before.family != HT_FAMILY_NONE && !ht_addr_equal(&before, &t->pub.source))
		ht_session_mark(ss, HT_MARK_SOURCE, now);
	return r;
}

static bool
is_route_known(const struct target *t, ht_time now)
{
	return t->is_prepared && t->failures < PREPARE_AFTER_FAILURES
	       && now - t->prepared_at < PREPARE_EVERY;
}

/* Fill in the reserved place of a probe. */
void
ht_session_fill_flight(struct ht_session *ss, struct ht_flight *f, unsigned lane,
    unsigned ttl, ht_time now)
{
	f->seq = ss->lanes[lane]->sch.slots[ttl].seq;
	f->lane = (uint16_t)lane;
	f->ttl = (uint8_t)ttl;
	f->era = ss->era;
	f->sent_at = now;
	f->deadline = now + ss->set.timeout_ns;
}

/* Hand a probe to the transport; as its send(). */
static int
transmit(struct ht_session *ss, unsigned index, unsigned ttl, ht_time now,
    struct ht_flight **ret_flight)
{
	struct lane *lane = ss->lanes[index];
	struct target *t = &ss->targets[lane->target];
	struct ht_flight *f = ht_inflight_reserve(&ss->flight);

	if (f == NULL)
		return -ENOBUFS;
	if (!is_route_known(t, now)) {
		int r = prepare(ss, t, now);
		if (r < 0)
			return r;
	}

	struct ht_probe pr = make_probe(ss, lane, ttl, f->token);
	ht_session_fill_flight(ss, f, index, ttl, now);
	int r = ss->tp->ops->send(ss->tp, &pr, now);
	if (r < 0)
		return r;
	ht_inflight_commit(&ss->flight);
	*ret_flight = f;
	return r;
}

static void
emit_sent(
    struct ht_session *ss, unsigned index, unsigned ttl, ht_time at, bool is_shared)
{
	struct lane *lane = ss->lanes[index];
	struct ht_event ev = lane_event(lane, HT_EVENT_SENT, ttl, at);

	ev.seq = lane->sch.slots[ttl].seq - 1;
	ev.is_shared = is_shared;
	ht_session_emit(ss, lane, &ev);
	ht_session_tell_end(ss, lane, at);
}

void
ht_session_note_shared(struct ht_session *ss, const struct ht_flight *f)
{
	ht_schedule_shared(&ss->lanes[f->lane]->sch, f->ttl);
	emit_sent(ss, f->lane, f->ttl, f->sent_at, true);
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
	count(&ss->totals, HT_EVENT_FAILED);
	ht_schedule_failed(&lane->sch, ttl, now);
	ht_session_emit(ss, lane, &ev);
	ht_session_tell_end(ss, lane, now);
}

static void
send_one(struct ht_session *ss, unsigned index, unsigned ttl, ht_time now)
{
	struct lane *lane = ss->lanes[index];
	struct target *t = &ss->targets[lane->target];
	struct ht_flight *f;
	int r = transmit(ss, index, ttl, now, &f);

	if (r == -EAGAIN) {
		ht_schedule_busy(&lane->sch, ttl);
		return;
	}
	ss->last_sent = now;
	if (r < 0) {
		note_failed(ss, index, ttl, now, -r);
		return;
	}
	t->pub.send_error = 0;
	t->failures = 0;
	count_flight(ss, f, HT_EVENT_SENT);
	ht_schedule_sent(&lane->sch, ttl, now);
	if (r == HT_SENT_ALONE)
		ht_schedule_taken(&lane->sch);
	emit_sent(ss, index, ttl, now, false);
	ht_share_sent(ss, index, ttl, now, f);
}

bool
ht_session_is_active(const struct ht_session *ss, unsigned lane)
{
	return ss->lanes[lane]->proto == ss->set.proto;
}

/*
 * When the first probe of a lane may leave.  The flows of a target begin one after
 * the other, or the first routers would be asked by all of them at once.
 */
static ht_time
lane_start(const struct ht_session *ss, const struct lane *lane)
{
	const struct target *t = &ss->targets[lane->target];
	const struct lane *first = ss->lanes[t->first_lane[lane->proto]];
	unsigned index = lane->flow - first->flow;

	if (index == 0 || lane->sch.is_started)
		return 0;
	if (!first->sch.is_started)
		return HT_TIME_NEVER;
	return first->sch.start + ss->set.interval_ns / ss->set.flows * index;
}

static void
send_lane(struct ht_session *ss, unsigned lane, ht_time now)
{
	struct ht_schedule *sch = &ss->lanes[lane]->sch;
	unsigned ttl;

	if (!ht_session_is_active(ss, lane) || lane_start(ss, ss->lanes[lane]) > now)
		return;
	/* The transport has been heard since it had no way for a probe. */
	ht_schedule_free(sch, now);
	while ((ttl = ht_schedule_due(sch, now)) != 0)
		send_one(ss, lane, ttl, now);
}

static void
send_due(struct ht_session *ss, ht_time now)
{
	for (unsigned i = 0; i < ss->n_lanes; i++)
		send_lane(ss, i, now);
}

/* Was the step called much later than it had asked for? */
static void
note_gap(struct ht_session *ss, ht_time now)
{
	ht_time patience = ss->set.interval_ns > HT_S ? ss->set.interval_ns : HT_S;

	if (ss->promised != HT_TIME_NEVER && now - ss->promised > patience)
		ht_session_mark(ss, HT_MARK_GAP, now);
}

void
ht_session_wake(struct ht_session *ss, ht_time now)
{
	for (unsigned i = 0; i < ss->n_targets; i++)
		ss->targets[i].is_prepared = false;
	for (unsigned i = 0; i < ss->n_lanes; i++)
		ht_schedule_hold(&ss->lanes[i]->sch, now);
	ht_session_mark(ss, HT_MARK_GAP, now);
}

/*
 * Where answers have been late, those of the newest probes may be as well: until
 * when it is worth waiting for them.  Before the last probe where none was late.
 */
static ht_time
late_until(const struct ht_session *ss)
{
	return ss->slowest > 0 ? ss->last_sent + ss->slowest + ss->slowest / 4 : 0;
}

static bool
is_outstanding(const struct ht_session *ss, ht_time now)
{
	if (now - ss->last_sent >= ss->set.grace_ns)
		return false;
	for (unsigned i = 0; i < ss->n_lanes; i++)
		if (ht_session_is_active(ss, i)
		    && ht_schedule_pending(&ss->lanes[i]->sch) > 0)
			return true;
	return ss->totals.lost > 0 && now < late_until(ss);
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
		if (ht_session_is_active(ss, i)
		    && !ht_schedule_is_done(&ss->lanes[i]->sch))
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
	ht_session_mark(ss, HT_MARK_DONE, now);
}

/* When a lane has something to send, HT_TIME_NEVER if it rests. */
static ht_time
lane_next(const struct ht_session *ss, unsigned lane)
{
	ht_time start = lane_start(ss, ss->lanes[lane]);
	ht_time due = ht_schedule_next(&ss->lanes[lane]->sch);

	if (!ht_session_is_active(ss, lane))
		return HT_TIME_NEVER;
	return due > start ? due : start;
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
		ht_time due = lane_next(ss, i);
		if (due < next)
			next = due;
	}
	if (ss->is_all_sent && late_until(ss) > ss->now && next > late_until(ss))
		next = late_until(ss);
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
		ht_session_mark(ss, HT_MARK_START, now);
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
