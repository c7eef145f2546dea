/* SPDX-License-Identifier: ISC */
/*
 * The session against a transport that does what the test says: what an answer
 * is called, what a stall does, when a run is over.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hoptop/session.h>

#include "base/addr.h"
#include "stub.h"

/* A transport in the hands of the test ***************************************/

#define QUEUE_MAX 64

struct script {
	struct ht_transport base;
	struct ht_probe sent[QUEUE_MAX]; /* the newest, in a ring */
	unsigned n_sent;
	struct ht_reply queue[QUEUE_MAX]; /* handed up by the next receive */
	unsigned n_queue;
	int send_error; /* what send() and prepare() return */
	int prepare_error;
	unsigned n_prepared;
	struct ht_addr source; /* of prepare(); none: the target's */
};

static struct script *
to_script(struct ht_transport *tp)
{
	return (struct script *)tp;
}

static unsigned
script_caps(const struct ht_transport *tp)
{
	(void)tp;
	return HT_CAP_ICMP;
}

static int
script_prepare(struct ht_transport *tp, const struct ht_addr *target,
    enum ht_proto proto, struct ht_addr *ret_source)
{
	(void)proto;
	to_script(tp)->n_prepared++;
	*ret_source = to_script(tp)->source.family != HT_FAMILY_NONE
			  ? to_script(tp)->source
			  : *target;
	return to_script(tp)->prepare_error;
}

static int
script_send(struct ht_transport *tp, const struct ht_probe *pr, ht_time now)
{
	struct script *sc = to_script(tp);

	(void)now;
	if (sc->send_error != 0)
		return sc->send_error;
	sc->sent[sc->n_sent++ % QUEUE_MAX] = *pr;
	return 0;
}

static int
script_receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	struct script *sc = to_script(tp);
	int n = (int)sc->n_queue;

	(void)now;
	for (unsigned i = 0; i < sc->n_queue; i++)
		fn(ctx, &sc->queue[i]);
	sc->n_queue = 0;
	return n;
}

static const struct ht_transport_ops script_ops = {
	.name = "script",
	.caps = script_caps,
	.prepare = script_prepare,
	.fds = stub_fds,
	.send = script_send,
	.receive = script_receive,
	.next = stub_next,
	.close = stub_close,
};

/* A run of one target ********************************************************/

struct bench {
	struct script sc;
	struct ht_settings set;
	struct ht_session *ss;
	unsigned n_events[HT_EVENT_COUNT];
	unsigned n_marks[HT_MARK_COUNT];
	struct ht_event newest[HT_EVENT_COUNT];
	ht_time sent_at[QUEUE_MAX]; /* of the first probes */
};

static void
on_event(void *ctx, const struct ht_event *ev)
{
	struct bench *b = ctx;

	b->n_events[ev->type]++;
	b->newest[ev->type] = *ev;
	if (ev->type == HT_EVENT_MARK)
		b->n_marks[ev->mark]++;
	if (ev->type == HT_EVENT_SENT && b->n_events[ev->type] <= QUEUE_MAX)
		b->sent_at[b->n_events[ev->type] - 1] = ev->at;
}

static struct bench *
bench_new(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->sc.base.ops = &script_ops;
	ht_settings_init(&b->set);
	b->set.max_ttl = 1;
	b->set.history = 100;
	return b;
}

static void
bench_start(struct bench *b)
{
	struct ht_addr addr;

	assert_true(ht_addr_parse("192.0.2.1", &addr));
	b->ss = ht_session_new(&b->set, &b->sc.base);
	assert_non_null(b->ss);
	assert_int_equal(ht_session_observe(b->ss, on_event, b), 0);
	assert_int_equal(ht_session_add(b->ss, "target", &addr), 0);
}

static void
bench_free(struct bench *b)
{
	ht_session_free(b->ss);
	free(b);
}

/* Let an answer to a probe wait in the transport. */
static void
answer(struct bench *b, unsigned number, ht_time tx, ht_time rx)
{
	struct ht_reply *reply = &b->sc.queue[b->sc.n_queue++];

	*reply = (struct ht_reply){
		.token = b->sc.sent[number % QUEUE_MAX].token,
		.kind = HT_REPLY_ECHO,
		.match = HT_MATCH_EXACT,
		.from = b->sc.sent[number % QUEUE_MAX].target,
		.tx_ns = tx,
		.rx_ns = rx,
		.tx_stamp = HT_STAMP_USER,
		.rx_stamp = HT_STAMP_USER,
		.reply_ttl = 64,
		.reply_tos = -1,
	};
}

static const struct ht_hop *
hop(const struct bench *b)
{
	const struct ht_hop *h = ht_path_hop(ht_session_path(b->ss, 0, 0), 1);

	assert_non_null(h);
	return h;
}

/* Tests ***********************************************************************/

static void
test_answer_in_time(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	ht_session_step(b->ss, 0);
	answer(b, 0, 100, 20 * HT_MS);
	ht_session_step(b->ss, 21 * HT_MS);
	assert_int_equal(b->n_events[HT_EVENT_REPLY], 1);
	assert_true(b->newest[HT_EVENT_REPLY].rtt_ns == 20 * HT_MS - 100);
	assert_int_equal(b->newest[HT_EVENT_END].stop, HT_STOP_DESTINATION);
	assert_int_equal(hop(b)->counts.received, 1);
	assert_true(ht_path_is_reached(ht_session_path(b->ss, 0, 0)));
	bench_free(b);
}

static void
test_late_and_duplicate(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.cycles = 1;
	bench_start(b);
	ht_session_step(b->ss, 0);
	ht_session_step(b->ss, 3 * HT_S);
	assert_int_equal(b->n_events[HT_EVENT_LOST], 1);
	answer(b, 0, 0, 3500 * HT_MS);
	answer(b, 0, 0, 3600 * HT_MS);
	ht_session_step(b->ss, 3600 * HT_MS);
	assert_int_equal(b->n_events[HT_EVENT_LATE], 1);
	assert_int_equal(b->n_events[HT_EVENT_DUPLICATE], 1);
	assert_int_equal(hop(b)->counts.lost, 0);
	assert_int_equal(hop(b)->counts.late, 1);
	assert_int_equal(ht_session_totals(b->ss).lost, 0);
	assert_int_equal(ht_session_totals(b->ss).late, 1);
	assert_int_equal(hop(b)->counts.duplicate, 1);
	bench_free(b);
}

/* The process was stopped; the answers waited in the socket, stamped in time. */
static void
test_stopped_process_invents_no_loss(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	ht_session_step(b->ss, 0);
	answer(b, 0, 0, 20 * HT_MS);
	ht_session_step(b->ss, 60 * HT_S);
	assert_int_equal(b->n_events[HT_EVENT_LOST], 0);
	assert_int_equal(b->n_events[HT_EVENT_REPLY], 1);
	assert_true(b->newest[HT_EVENT_REPLY].rtt_ns == 20 * HT_MS);
	assert_int_equal(b->n_marks[HT_MARK_GAP], 1);
	/* And no burst afterwards. */
	assert_true(b->sc.n_sent <= 2);
	bench_free(b);
}

/* Who cannot look up a route for want of descriptors still has the one of before. */
static void
test_shortage_is_no_lost_route(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	ht_session_step(b->ss, 0);
	b->sc.prepare_error = -EMFILE;
	unsigned before = b->sc.n_sent, looks = b->sc.n_prepared;
	ht_session_step(b->ss, 11 * HT_S);
	ht_session_step(b->ss, 12 * HT_S);
	assert_true(b->sc.n_prepared > looks);
	assert_true(b->sc.n_sent > before);
	assert_int_equal(b->n_events[HT_EVENT_FAILED], 0);
	b->sc.prepare_error = -ENETUNREACH;
	ht_session_step(b->ss, 23 * HT_S);
	ht_session_step(b->ss, 24 * HT_S);
	assert_true(b->n_events[HT_EVENT_FAILED] > 0);
	bench_free(b);
}

/* "Port unreachable" ends a path if it can be the target's, and else refuses it. */
static void
test_closed_port_is_the_targets(void **state)
{
	static const struct {
		enum ht_proto proto;
		const char *from;
		enum ht_stop stop;
	} cases[] = {
		{ HT_PROTO_UDP, "192.0.2.1", HT_STOP_DESTINATION },
		{ HT_PROTO_UDP, "192.0.2.9", HT_STOP_DESTINATION },
		{ HT_PROTO_ICMP, "192.0.2.1", HT_STOP_DESTINATION },
		{ HT_PROTO_ICMP, "192.0.2.9", HT_STOP_UNREACHABLE },
		{ HT_PROTO_TCP, "192.0.2.1", HT_STOP_DESTINATION },
		{ HT_PROTO_TCP, "192.0.2.9", HT_STOP_UNREACHABLE },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bench *b = bench_new();
		bool is_target = cases[i].stop == HT_STOP_DESTINATION;
		b->set.proto = cases[i].proto;
		bench_start(b);
		ht_session_step(b->ss, 0);
		answer(b, 0, 0, 20 * HT_MS);
		struct ht_reply *reply = &b->sc.queue[0];
		reply->kind = HT_REPLY_UNREACHABLE;
		reply->icmp_type = reply->icmp_code = 3;
		assert_true(ht_addr_parse(cases[i].from, &reply->from));
		ht_session_step(b->ss, 21 * HT_MS);
		assert_int_equal(b->newest[HT_EVENT_END].stop, cases[i].stop);
		assert_int_equal(hop(b)->reply_kind,
		    is_target ? HT_REPLY_PORT_CLOSED : HT_REPLY_UNREACHABLE);
		assert_true(
		    ht_path_is_reached(ht_session_path(b->ss, 0, 0)) == is_target);
		bench_free(b);
	}
}

/* An answer that took longer than the timeout is late even if it comes first. */
static void
test_beyond_timeout_is_late_at_once(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	ht_session_step(b->ss, 0);
	answer(b, 0, 0, 3100 * HT_MS);
	ht_session_step(b->ss, 60 * HT_S);
	assert_int_equal(b->n_events[HT_EVENT_LOST], 0);
	assert_int_equal(b->n_events[HT_EVENT_LATE], 1);
	assert_int_equal(hop(b)->counts.pending, b->sc.n_sent - 1);
	bench_free(b);
}

/* The transport has forgotten when the probe left; we have not. */
static void
test_unknown_departure(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.cycles = 1;
	bench_start(b);
	ht_session_step(b->ss, HT_S);
	answer(b, 0, 5 * HT_S, 5 * HT_S);
	b->sc.queue[0].tx_stamp = HT_STAMP_NONE;
	ht_session_step(b->ss, 5 * HT_S);
	assert_int_equal(b->n_events[HT_EVENT_LATE], 1);
	assert_true(b->newest[HT_EVENT_LATE].rtt_ns == 4 * HT_S);
	bench_free(b);
}

static void
test_foreign_answers_are_counted_alone(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	ht_session_step(b->ss, 0);
	answer(b, 0, 0, 10);
	b->sc.queue[0].match = HT_MATCH_NONE;
	answer(b, 0, 0, 10);
	b->sc.queue[1].token ^= 0x10000;
	ht_session_step(b->ss, 10);
	assert_int_equal(b->n_events[HT_EVENT_UNMATCHED], 2);
	assert_int_equal(b->n_events[HT_EVENT_REPLY], 0);
	assert_int_equal(ht_session_totals(b->ss).unmatched, 2);
	assert_int_equal(hop(b)->counts.pending, 1);
	bench_free(b);
}

static void
test_withdrawn_probe_was_never_sent(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	ht_session_step(b->ss, 0);
	answer(b, 0, 0, 10);
	b->sc.queue[0].kind = HT_REPLY_LOCAL_ERROR;
	b->sc.queue[0].error = EMSGSIZE;
	ht_session_step(b->ss, 10);
	assert_int_equal(b->newest[HT_EVENT_FAILED].error, EMSGSIZE);
	assert_int_equal(hop(b)->counts.sent, 0);
	assert_int_equal(hop(b)->counts.pending, 0);
	assert_int_equal(hop(b)->counts.failed, 1);
	assert_int_equal(ht_session_totals(b->ss).sent, 0);
	assert_int_equal(ht_session_totals(b->ss).failed, 1);
	ht_session_step(b->ss, 10 * HT_S);
	assert_int_equal(hop(b)->counts.lost, 0);
	bench_free(b);
}

static void
test_send_errors_go_on_and_look_up_the_route(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	b->sc.send_error = -ENETUNREACH;
	for (ht_time now = 0; now < 10 * HT_S;) {
		ht_time next = ht_session_step(b->ss, now);
		assert_true(next > now);
		now = next;
	}
	assert_in_range(b->n_events[HT_EVENT_FAILED], 9, 11);
	assert_int_equal(ht_session_target(b->ss, 0)->send_error, ENETUNREACH);
	assert_true(b->sc.n_prepared >= 3);
	assert_int_equal(hop(b)->last_error, ENETUNREACH);
	assert_int_equal(hop(b)->counts.lost, 0);
	b->sc.send_error = 0;
	ht_session_step(b->ss, 12 * HT_S);
	assert_int_equal(b->n_events[HT_EVENT_SENT], 1);
	assert_int_equal(ht_session_target(b->ss, 0)->send_error, 0);
	bench_free(b);
}

/* The machine has moved to another network while it was probing. */
/* A full queue is an error like others, and no reason to try again at once. */
static void
test_no_room_is_a_failure(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	b->sc.send_error = -ENOBUFS;
	ht_session_step(b->ss, 0);
	assert_int_equal(b->n_events[HT_EVENT_FAILED], 1);
	assert_int_equal(b->newest[HT_EVENT_FAILED].error, ENOBUFS);
	ht_session_step(b->ss, HT_S / 2);
	assert_int_equal(b->n_events[HT_EVENT_FAILED], 1);
	bench_free(b);
}

/* What this host gives back says nothing about the hop: its silence is not counted,
 * and nothing is looked for behind it. */
static void
test_withdrawn_is_not_silent(void **state)
{
	struct bench *b = bench_new();
	unsigned beyond = 0;

	(void)state;
	b->set.max_ttl = 2;
	bench_start(b);
	ht_session_step(b->ss, 0);
	answer(b, 0, 0, 10);
	ht_session_step(b->ss, 10);
	assert_int_equal(b->newest[HT_EVENT_END].ttl, 1);
	for (unsigned i = 1, n = b->sc.n_sent; i <= 30; i++) {
		ht_session_step(b->ss, i * HT_S);
		for (; n < b->sc.n_sent; n++) {
			beyond += b->sc.sent[n].ttl > 1;
			answer(b, n, i * HT_S, i * HT_S + 1);
			b->sc.queue[b->sc.n_queue - 1].kind = HT_REPLY_LOCAL_ERROR;
			b->sc.queue[b->sc.n_queue - 1].error = EMSGSIZE;
		}
	}
	assert_true(b->n_events[HT_EVENT_FAILED] > 20);
	assert_true(beyond <= 2);
	bench_free(b);
}

/* The last ttl that may be asked is the end of a path only if somebody answers. */
static void
test_silence_is_no_end(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	ht_session_step(b->ss, 0);
	assert_int_equal(b->newest[HT_EVENT_END].stop, HT_STOP_MAX_TTL);
	assert_int_equal(b->newest[HT_EVENT_END].ttl, 0);
	answer(b, 0, 0, 10);
	b->sc.queue[0].kind = HT_REPLY_TIME_EXCEEDED;
	ht_session_step(b->ss, 10);
	assert_int_equal(b->newest[HT_EVENT_END].stop, HT_STOP_MAX_TTL);
	assert_int_equal(b->newest[HT_EVENT_END].ttl, 1);
	bench_free(b);
}

/* At long intervals the loop may sleep through one of them, but not an hour. */
static void
test_gaps_are_measured_by_the_interval(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.interval_ns = 20 * HT_S;
	b->set.timeout_ns = 60 * HT_S;
	bench_start(b);
	ht_session_step(b->ss, 0);
	ht_session_step(b->ss, 30 * HT_S);
	assert_int_equal(b->n_marks[HT_MARK_GAP], 0);
	ht_session_step(b->ss, 3600 * HT_S);
	assert_int_equal(b->n_marks[HT_MARK_GAP], 1);
	bench_free(b);
}

static void
test_new_source_is_marked(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	for (ht_time now = 0; now <= 25 * HT_S; now += HT_S) {
		if (now == 15 * HT_S)
			assert_true(ht_addr_parse("192.0.2.77", &b->sc.source));
		ht_session_step(b->ss, now);
	}
	assert_int_equal(b->n_marks[HT_MARK_SOURCE], 1);
	assert_true(ht_addr_equal(&ht_session_target(b->ss, 0)->source, &b->sc.source));
	assert_int_equal(b->n_events[HT_EVENT_FAILED], 0);
	bench_free(b);
}

static void
test_suspension_is_a_gap(void **state)
{
	struct bench *b = bench_new();
	ht_time now = 0;

	(void)state;
	bench_start(b);
	for (; now <= 3 * HT_S; now += HT_S)
		ht_session_step(b->ss, now);

	unsigned prepared = b->sc.n_prepared, sent = b->sc.n_sent;
	ht_session_wake(b->ss, now);
	assert_int_equal(b->n_marks[HT_MARK_GAP], 1);
	ht_session_step(b->ss, now);
	ht_session_step(b->ss, now + HT_S);
	assert_int_equal(b->sc.n_prepared, prepared + 1);
	assert_true(b->sc.n_sent > sent);
	assert_int_equal(b->n_marks[HT_MARK_GAP], 1);
	bench_free(b);
}

static void
test_done_when_nothing_is_outstanding(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.cycles = 1;
	bench_start(b);
	ht_session_step(b->ss, 0);
	assert_false(ht_session_is_done(b->ss));
	answer(b, 0, 0, HT_MS);
	ht_session_step(b->ss, HT_MS);
	assert_true(ht_session_is_done(b->ss));
	assert_int_equal(b->n_marks[HT_MARK_DONE], 1);
	bench_free(b);
}

/* Answers come after the timeout: those of the last probes are waited for. */
static void
test_done_waits_for_late_answers(void **state)
{
	struct bench *b = bench_new();
	ht_time now = 0;

	(void)state;
	b->set.cycles = 3;
	b->set.timeout_ns = HT_S;
	bench_start(b);
	while (!ht_session_is_done(b->ss)) {
		ht_time next = ht_session_step(b->ss, now);
		/* Each answer comes 2.5 s after its probe. */
		now += 10 * HT_MS;
		assert_true(next > now - 10 * HT_MS || ht_session_is_done(b->ss));
		for (unsigned i = 0; i < b->sc.n_sent; i++)
			if (now == b->sent_at[i] + 2500 * HT_MS)
				answer(b, i, b->sent_at[i], now);
	}
	assert_int_equal(hop(b)->counts.late, 3);
	assert_int_equal(hop(b)->counts.lost, 0);
	assert_true(now < 6 * HT_S);
	bench_free(b);
}

static void
test_grace_ends_the_wait(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.cycles = 1;
	b->set.timeout_ns = 10 * HT_S;
	b->set.grace_ns = 2 * HT_S;
	bench_start(b);
	assert_true(ht_session_step(b->ss, 0) == 2 * HT_S);
	ht_session_step(b->ss, 2 * HT_S);
	assert_true(ht_session_is_done(b->ss));
	assert_int_equal(hop(b)->counts.lost, 0);
	assert_int_equal(hop(b)->counts.pending, 1);
	bench_free(b);
}

/* A long interval with a short grace must not make the loop spin. */
static void
test_grace_does_not_spin_between_cycles(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.cycles = 2;
	b->set.interval_ns = 60 * HT_S;
	bench_start(b);
	ht_session_step(b->ss, 0);
	answer(b, 0, 0, HT_MS);
	assert_true(ht_session_step(b->ss, 6 * HT_S) > 50 * HT_S);
	bench_free(b);
}

static void
test_pause_stops_sending_only(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	ht_session_step(b->ss, 0);
	ht_session_pause(b->ss, HT_MS);
	answer(b, 0, 0, 20 * HT_MS);
	ht_session_step(b->ss, 20 * HT_MS);
	assert_int_equal(b->n_events[HT_EVENT_REPLY], 1);
	ht_session_step(b->ss, 30 * HT_S);
	assert_int_equal(b->sc.n_sent, 1);
	/* What was missed is not made up for. */
	ht_session_resume(b->ss, 30 * HT_S);
	ht_session_step(b->ss, 30 * HT_S);
	ht_session_step(b->ss, 31 * HT_S - 1);
	assert_int_equal(b->sc.n_sent, 2);
	bench_free(b);
}

static void
test_reset_begins_anew(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	ht_session_step(b->ss, 0);
	answer(b, 0, 0, HT_MS);
	ht_session_step(b->ss, HT_MS);
	ht_session_reset(b->ss, 2 * HT_MS);
	assert_int_equal(hop(b)->counts.sent, 0);
	assert_int_equal(hop(b)->counts.received, 0);
	assert_int_equal(ht_session_totals(b->ss).sent, 0);
	assert_int_equal(ht_hop_samples(hop(b)), 1);
	/* What was sent before is not counted when it comes. */
	ht_session_step(b->ss, HT_S);
	ht_session_reset(b->ss, HT_S + 1);
	answer(b, 1, HT_S, HT_S + 2);
	ht_session_step(b->ss, HT_S + 2);
	assert_int_equal(hop(b)->counts.received, 0);
	assert_int_equal(ht_session_totals(b->ss).received, 0);
	bench_free(b);
}

static void
test_settings_change_while_running(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	ht_session_step(b->ss, 0);
	struct ht_settings set = *ht_session_settings(b->ss);
	set.size = 5;
	assert_int_equal(ht_session_set(b->ss, &set, 0), -EINVAL);
	set.size = 100;
	set.interval_ns = 5 * HT_S;
	assert_int_equal(ht_session_set(b->ss, &set, HT_MS), 0);
	for (ht_time now = HT_MS; now < 11 * HT_S; now += 10 * HT_MS)
		ht_session_step(b->ss, now);
	assert_int_equal(b->sc.n_sent, 3);
	assert_int_equal(b->sc.sent[1].size, 100);
	bench_free(b);
}

/* A shorter timeout is for those in flight, too, and judges them now at the earliest.
 */
static void
test_shorter_timeout_while_running(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.timeout_ns = 60 * HT_S;
	bench_start(b);
	ht_session_step(b->ss, 0);
	ht_session_step(b->ss, 10 * HT_S);
	struct ht_settings set = *ht_session_settings(b->ss);
	set.timeout_ns = HT_S;
	assert_int_equal(ht_session_set(b->ss, &set, 10 * HT_S), 0);
	ht_session_step(b->ss, 10 * HT_S);
	assert_int_equal(b->n_events[HT_EVENT_LOST], 1);
	assert_true(b->newest[HT_EVENT_LOST].at == 10 * HT_S);
	bench_free(b);
}

static void
test_random_size_and_pattern(void **state)
{
	struct bench *b = bench_new();
	bool has_small = false, has_large = false;

	(void)state;
	b->set.size = -100;
	b->set.pattern = -1;
	b->set.interval_ns = 10 * HT_MS;
	bench_start(b);
	for (ht_time now = 0; now < 10 * HT_S; now += 10 * HT_MS) {
		ht_session_step(b->ss, now);
		unsigned size = b->sc.sent[(b->sc.n_sent - 1) % QUEUE_MAX].size;
		assert_in_range(size, 28, 100);
		has_small |= size == 28;
		has_large |= size == 100;
	}
	assert_true(has_small && has_large);
	bench_free(b);
}

static void
test_names_are_cleaned(void **state)
{
	struct bench *b = bench_new();
	struct ht_addr addr, other;

	(void)state;
	bench_start(b);
	assert_true(ht_addr_parse("2001:db8::1", &addr));
	assert_true(ht_addr_parse("2001:db8::2", &other));
	ht_session_set_name(b->ss, &addr, "evil\033[2Jhost\xc3\xa9", 0);
	assert_string_equal(ht_session_name(b->ss, &addr), "evil?[2Jhost??");
	assert_null(ht_session_name(b->ss, &other));
	assert_int_equal(b->n_events[HT_EVENT_NAME], 1);
	bench_free(b);
}

static void
test_target_that_never_resolves(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.cycles = 1;
	bench_start(b);
	assert_int_equal(ht_session_add(b->ss, "nosuch.example", NULL), 1);
	ht_session_step(b->ss, 0);
	answer(b, 0, 0, HT_MS);
	ht_session_step(b->ss, HT_MS);
	assert_false(ht_session_is_done(b->ss));
	assert_null(ht_session_path(b->ss, 1, 0));
	assert_int_equal(ht_session_resolve(b->ss, 1, NULL, "no such host"), 0);
	assert_string_equal(ht_session_target(b->ss, 1)->error, "no such host");
	ht_session_step(b->ss, 2 * HT_MS);
	assert_true(ht_session_is_done(b->ss));
	bench_free(b);
}

/* Two targets behind the same three routers: each router is asked once. */
struct shared_bench {
	struct bench b;
	struct ht_addr routers[2][8]; /* by target and ttl */
	unsigned asked[32];           /* probes on the wire by ttl */
	double tokens[32];            /* of the routers' limits; negative: none */
	ht_time refilled[32];
};

/* One answer a second, six at once, as Linux routers do. */
static bool
is_limited(struct shared_bench *sb, unsigned ttl, ht_time now)
{
	double *tokens = &sb->tokens[ttl];

	if (*tokens < 0)
		return false;
	*tokens += (double)(now - sb->refilled[ttl]) / (double)HT_S;
	*tokens = *tokens > 6 ? 6 : *tokens;
	sb->refilled[ttl] = now;
	if (*tokens < 1)
		return true;
	*tokens -= 1;
	return false;
}

static void
answer_all(struct shared_bench *sb, unsigned from, ht_time now)
{
	for (unsigned i = from; i < sb->b.sc.n_sent; i++) {
		const struct ht_probe *pr = &sb->b.sc.sent[i % QUEUE_MAX];
		unsigned target = pr->target.bytes[3] - 1;

		sb->asked[pr->ttl]++;
		if (is_limited(sb, pr->ttl, now))
			continue;
		answer(&sb->b, i, now, now + HT_MS);
		struct ht_reply *reply = &sb->b.sc.queue[sb->b.sc.n_queue - 1];
		if (pr->ttl < 5) {
			reply->kind = HT_REPLY_TIME_EXCEEDED;
			reply->from = sb->routers[target][pr->ttl];
		}
	}
}

static void
shared_run(struct shared_bench *sb, ht_time *now, ht_time span)
{
	ht_time until = *now + span;

	while (*now < until) {
		unsigned before = sb->b.sc.n_sent;
		ht_time next = ht_session_step(sb->b.ss, *now);
		answer_all(sb, before, *now);
		*now = sb->b.sc.n_queue > 0 ? *now + HT_MS : next;
	}
}

static struct shared_bench *
shared_new(void)
{
	struct shared_bench *sb = calloc(1, sizeof(*sb));
	struct ht_addr addr;

	assert_non_null(sb);
	sb->b.sc.base.ops = &script_ops;
	ht_settings_init(&sb->b.set);
	sb->b.set.history = 2000;
	bench_start(&sb->b);
	assert_true(ht_addr_parse("192.0.2.2", &addr));
	assert_int_equal(ht_session_add(sb->b.ss, "other", &addr), 1);
	for (unsigned ttl = 0; ttl < 32; ttl++)
		sb->tokens[ttl] = -1;
	for (unsigned ttl = 1; ttl < 5; ttl++) {
		uint8_t bytes[4] = { 10, 0, 0, (uint8_t)ttl };
		sb->routers[0][ttl] = sb->routers[1][ttl] = ht_addr_ip4(bytes);
	}
	sb->routers[1][4].bytes[2] = 9;
	return sb;
}

static uint64_t
sent_to(const struct shared_bench *sb, unsigned target, unsigned ttl)
{
	return ht_path_hop(ht_session_path(sb->b.ss, target, 0), ttl)->counts.sent;
}

static void
test_shared_hops_are_asked_once(void **state)
{
	struct shared_bench *sb = shared_new();
	ht_time now = 0;

	(void)state;
	shared_run(sb, &now, 200 * HT_S);
	for (unsigned ttl = 1; ttl <= 3; ttl++) {
		assert_in_range(sb->asked[ttl], 198, 204);
		assert_in_range(sent_to(sb, 0, ttl), 198, 202);
		assert_in_range(sent_to(sb, 1, ttl), 196, 202);
	}
	assert_in_range(sb->asked[4], 396, 404);
	assert_in_range(sent_to(sb, 1, 4), 198, 202);
	/* Nothing is lost or counted twice by it. */
	for (unsigned target = 0; target < 2; target++) {
		for (unsigned ttl = 1; ttl <= 5; ttl++) {
			const struct ht_hop *h = ht_path_hop(
			    ht_session_path(sb->b.ss, target, 0), ttl);
			assert_true(
			    h->counts.received + h->counts.pending == h->counts.sent);
			assert_int_equal(h->counts.duplicate, 0);
		}
	}
	assert_int_equal(ht_session_totals(sb->b.ss).sent, sb->b.sc.n_sent);
	ht_session_free(sb->b.ss);
	free(sb);
}

/* Asked for each target, it would answer half of them. */
static void
test_shared_limit_makes_no_loss(void **state)
{
	struct shared_bench *sb = shared_new();
	ht_time now = 0;

	(void)state;
	sb->tokens[1] = 6;
	sb->tokens[2] = 1; /* the second target gets no first answer */
	shared_run(sb, &now, 200 * HT_S);
	for (unsigned target = 0; target < 2; target++) {
		const struct ht_path *path = ht_session_path(sb->b.ss, target, 0);
		assert_int_equal(ht_path_hop(path, 1)->counts.lost, 0);
		assert_true(ht_path_hop(path, 2)->counts.lost <= 5);
		assert_true(ht_path_hop(path, 2)->counts.received > 180);
	}
	ht_session_free(sb->b.ss);
	free(sb);
}

static void
test_sharing_ends_where_routes_part(void **state)
{
	struct shared_bench *sb = shared_new();
	const struct ht_hop *h;
	ht_time now = 0;

	(void)state;
	shared_run(sb, &now, 60 * HT_S);
	/* The second target now goes another way from ttl 2 on. */
	sb->routers[1][2].bytes[2] = 7;
	sb->routers[1][3].bytes[2] = 7;
	shared_run(sb, &now, 60 * HT_S);
	unsigned before = sb->asked[2];
	shared_run(sb, &now, 100 * HT_S);
	assert_in_range(sb->asked[2] - before, 196, 204);
	h = ht_path_hop(ht_session_path(sb->b.ss, 1, 0), 2);
	assert_true(ht_addr_equal(&h->addrs[h->addr_index].addr, &sb->routers[1][2]));
	h = ht_path_hop(ht_session_path(sb->b.ss, 0, 0), 2);
	assert_int_equal(h->n_addrs, 1);
	ht_session_free(sb->b.ss);
	free(sb);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answer_in_time),
		cmocka_unit_test(test_late_and_duplicate),
		cmocka_unit_test(test_stopped_process_invents_no_loss),
		cmocka_unit_test(test_shortage_is_no_lost_route),
		cmocka_unit_test(test_closed_port_is_the_targets),
		cmocka_unit_test(test_beyond_timeout_is_late_at_once),
		cmocka_unit_test(test_unknown_departure),
		cmocka_unit_test(test_foreign_answers_are_counted_alone),
		cmocka_unit_test(test_withdrawn_probe_was_never_sent),
		cmocka_unit_test(test_send_errors_go_on_and_look_up_the_route),
		cmocka_unit_test(test_no_room_is_a_failure),
		cmocka_unit_test(test_withdrawn_is_not_silent),
		cmocka_unit_test(test_silence_is_no_end),
		cmocka_unit_test(test_gaps_are_measured_by_the_interval),
		cmocka_unit_test(test_new_source_is_marked),
		cmocka_unit_test(test_suspension_is_a_gap),
		cmocka_unit_test(test_done_when_nothing_is_outstanding),
		cmocka_unit_test(test_done_waits_for_late_answers),
		cmocka_unit_test(test_grace_ends_the_wait),
		cmocka_unit_test(test_grace_does_not_spin_between_cycles),
		cmocka_unit_test(test_pause_stops_sending_only),
		cmocka_unit_test(test_reset_begins_anew),
		cmocka_unit_test(test_settings_change_while_running),
		cmocka_unit_test(test_shorter_timeout_while_running),
		cmocka_unit_test(test_random_size_and_pattern),
		cmocka_unit_test(test_names_are_cleaned),
		cmocka_unit_test(test_target_that_never_resolves),
		cmocka_unit_test(test_shared_hops_are_asked_once),
		cmocka_unit_test(test_shared_limit_makes_no_loss),
		cmocka_unit_test(test_sharing_ends_where_routes_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
