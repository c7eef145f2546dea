/* SPDX-License-Identifier: ISC */
/*
 * Protocols, flows, and transports that cannot take every probe at once: the
 * session against a path of which each flow carries one probe at a time, as
 * unprivileged TCP does.  Time is the test's.
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

#define HOPS      15
#define HOP_RTT   (5 * HT_MS)   /* for each hop on the way */
#define HOLD      (250 * HT_MS) /* longest that a probe keeps the way */
#define FLOWS     4
#define FLOW_BASE 7

/* A path that carries one probe of a flow at a time **************************/

/* The probe on its way on one flow. */
struct way {
	bool is_taken;
	struct ht_probe probe;
	ht_time sent_at;
	ht_time answer_at; /* HT_TIME_NEVER for a silent hop */
	ht_time free_at;
};

struct narrow {
	struct ht_transport base;
	struct way ways[FLOWS];
	bool is_serial;
	bool says_alone;  /* ... and says so when a probe leaves */
	bool is_doubtful; /* hand up "no answer yet" for the newest, once */
	bool is_nobody;   /* answers are nobody's */
	unsigned silent;  /* this ttl never answers, and the next two */
	unsigned n_refused;
	unsigned n_sent;
	struct ht_probe newest;
};

static struct narrow *
to_narrow(struct ht_transport *tp)
{
	return (struct narrow *)tp;
}

static unsigned
narrow_caps(const struct ht_transport *tp)
{
	(void)tp;
	return HT_CAP_ICMP | HT_CAP_UDP | HT_CAP_TCP;
}

static bool
is_silent(const struct narrow *t, unsigned ttl)
{
	return t->silent > 0 && ttl >= t->silent && ttl < t->silent + 3;
}

static int
narrow_send(struct ht_transport *tp, const struct ht_probe *pr, ht_time now)
{
	struct narrow *t = to_narrow(tp);
	struct way *way = &t->ways[pr->flow - FLOW_BASE];
	unsigned far = pr->ttl < HOPS ? pr->ttl : HOPS;

	if (t->is_serial && way->is_taken) {
		t->n_refused++;
		return -EAGAIN;
	}
	assert_false(way->is_taken); /* the tests without it send one at a time */
	*way = (struct way){ .is_taken = true, .probe = *pr, .sent_at = now };
	way->answer_at = is_silent(t, pr->ttl) ? HT_TIME_NEVER : now + far * HOP_RTT;
	way->free_at = way->answer_at < now + HOLD ? way->answer_at : now + HOLD;
	t->n_sent++;
	t->newest = *pr;
	return t->says_alone ? HT_SENT_ALONE : 0;
}

static struct ht_reply
make_reply(const struct narrow *t, const struct way *way)
{
	unsigned ttl = way->probe.ttl;
	uint8_t bytes[4] = { 10, 0, 0, (uint8_t)ttl };

	return (struct ht_reply){
		.token = way->probe.token,
		.kind = ttl < HOPS ? HT_REPLY_TIME_EXCEEDED : HT_REPLY_TCP_OPEN,
		.match = t->is_nobody ? HT_MATCH_AMBIGUOUS : HT_MATCH_EXACT,
		.from = t->is_nobody ? (struct ht_addr){ .family = HT_FAMILY_NONE }
				     : ht_addr_ip4(bytes),
		.tx_ns = way->sent_at,
		.rx_ns = way->answer_at,
		.tx_stamp = HT_STAMP_USER,
		.rx_stamp = HT_STAMP_USER,
		.reply_ttl = -1,
		.reply_tos = -1,
	};
}

static int
narrow_receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	struct narrow *t = to_narrow(tp);

	if (t->is_doubtful) {
		struct ht_reply doubt = {
			.token = t->newest.token,
			.match = HT_MATCH_AMBIGUOUS,
		};
		t->is_doubtful = false;
		fn(ctx, &doubt);
	}
	for (unsigned i = 0; i < FLOWS; i++) {
		struct way *way = &t->ways[i];
		if (!way->is_taken || way->free_at > now)
			continue;
		way->is_taken = false;
		if (way->answer_at > now)
			continue;
		struct ht_reply reply = make_reply(t, way);
		fn(ctx, &reply);
	}
	return 0;
}

static ht_time
narrow_next(const struct ht_transport *tp)
{
	const struct narrow *t = (const struct narrow *)tp;
	ht_time next = HT_TIME_NEVER;

	for (unsigned i = 0; i < FLOWS; i++)
		if (t->ways[i].is_taken && t->ways[i].free_at < next)
			next = t->ways[i].free_at;
	return next;
}

static const struct ht_transport_ops narrow_ops = {
	.name = "narrow",
	.caps = narrow_caps,
	.prepare = stub_prepare,
	.fds = stub_fds,
	.send = narrow_send,
	.receive = narrow_receive,
	.next = narrow_next,
	.close = stub_close,
};

/* A run *********************************************************************/

struct bench {
	struct narrow tp;
	struct ht_settings set;
	struct ht_session *ss;
	ht_time now;
	unsigned n_steps;
	unsigned by_proto[HT_PROTO_COUNT]; /* probes told of in events */
	unsigned by_flow[FLOWS];
	unsigned n_failed;
};

static void
on_event(void *ctx, const struct ht_event *ev)
{
	struct bench *b = ctx;

	if (ev->type == HT_EVENT_SENT) {
		b->by_proto[ev->proto]++;
		b->by_flow[ev->flow - FLOW_BASE]++;
	}
	b->n_failed += ev->type == HT_EVENT_FAILED;
}

static struct bench *
bench_new(void)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->tp.base.ops = &narrow_ops;
	b->tp.is_serial = true;
	ht_settings_init(&b->set);
	b->set.proto = HT_PROTO_TCP;
	b->set.flow = FLOW_BASE;
	b->set.history = 1000;
	b->now = HT_S;
	return b;
}

static void
bench_start(struct bench *b)
{
	struct ht_addr addr;

	assert_true(ht_addr_parse("192.0.2.1", &addr));
	b->ss = ht_session_new(&b->set, &b->tp.base);
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

/* Step as the run loop does, for so long or until all is done. */
static void
run(struct bench *b, ht_time span)
{
	ht_time end = b->now + span;

	while (b->now <= end && !ht_session_is_done(b->ss)) {
		ht_time next = ht_session_step(b->ss, b->now);
		assert_true(b->n_steps++ < 1000000);
		b->now = next > b->now ? next : b->now + 1;
	}
	b->now = b->now < end ? b->now : end;
}

static const struct ht_hop *
hop(const struct bench *b, unsigned flow, unsigned ttl)
{
	const struct ht_path *path = ht_session_path(b->ss, 0, flow);

	assert_non_null(path);
	return ht_path_hop(path, ttl);
}

/* Tests ***********************************************************************/

static void
test_one_at_a_time_is_fair(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->tp.silent = 4;
	bench_start(b);
	run(b, 200 * HT_S);

	/* 12 hops that answer and 3 that take the longest: no more is possible. */
	unsigned least = UINT32_MAX, most = 0;
	for (unsigned ttl = 1; ttl <= HOPS; ttl++) {
		const struct ht_hop *h = hop(b, 0, ttl);
		assert_non_null(h);
		unsigned sent = (unsigned)h->counts.sent;
		least = sent < least ? sent : least;
		most = sent > most ? sent : most;
		assert_int_equal(h->counts.received + h->counts.pending,
		    is_silent(&b->tp, ttl) ? h->counts.pending : sent);
	}
	assert_true(most - least <= 2);
	assert_true(least >= 150);
	assert_int_equal(b->n_failed, 0);
	assert_true(b->tp.n_refused > 0);
	assert_true(b->n_steps < 4 * b->tp.n_sent);
	bench_free(b);
}

/* Who is told when the way is free need not ask: he wakes for answers alone. */
static void
test_alone_is_not_asked_in_vain(void **state)
{
	struct bench *asks = bench_new(), *told = bench_new();

	(void)state;
	told->tp.says_alone = true;
	asks->tp.silent = told->tp.silent = 4;
	bench_start(asks);
	bench_start(told);
	run(asks, 200 * HT_S);
	run(told, 200 * HT_S);
	/* Steps for other reasons ask as well: timeouts of the silent hops. */
	assert_true(2 * told->n_steps < 3 * told->tp.n_sent);
	assert_true(4 * told->tp.n_refused < asks->tp.n_refused);
	for (unsigned ttl = 1; ttl <= HOPS; ttl++)
		assert_in_range(hop(told, 0, ttl)->counts.sent,
		    hop(asks, 0, ttl)->counts.sent - 2,
		    hop(asks, 0, ttl)->counts.sent + 2);
	bench_free(asks);
	bench_free(told);
}

static void
test_alone_rests_and_comes_back(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->tp.says_alone = true;
	bench_start(b);
	run(b, 5 * HT_S);
	/* Once with a probe on its way, for it is the middle of a round. */
	for (int i = 0; i < 10; i++) {
		run(b, i * 7 * HT_MS);
		ht_session_pause(b->ss, b->now);
		run(b, 2 * HT_S);
		ht_session_resume(b->ss, b->now);
		unsigned before = b->tp.n_sent;
		run(b, 2 * HT_S);
		assert_true(b->tp.n_sent - before >= HOPS);
	}
	bench_free(b);
}

static void
test_one_at_a_time_finds_the_path_soon(void **state)
{
	struct bench *b = bench_new();
	ht_time sum = 0;

	(void)state;
	for (unsigned ttl = 1; ttl <= HOPS; ttl++)
		sum += ttl * HOP_RTT;
	bench_start(b);
	run(b, sum + 100 * HT_MS);
	assert_int_equal(
	    ht_path_stop(ht_session_path(b->ss, 0, 0)), HT_STOP_DESTINATION);
	assert_int_equal(ht_path_last(ht_session_path(b->ss, 0, 0)), HOPS);
	bench_free(b);
}

static void
test_flows_are_told_apart(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.flows = FLOWS;
	b->set.cycles = 5;
	bench_start(b);
	run(b, 60 * HT_S);
	assert_true(ht_session_is_done(b->ss));
	for (unsigned flow = 0; flow < FLOWS; flow++) {
		assert_in_range(b->by_flow[flow], HOPS * 5, HOPS * 5 + FLOWS);
		assert_int_equal(hop(b, flow, HOPS)->counts.received, 5);
	}
	assert_null(ht_session_path(b->ss, 0, FLOWS));
	bench_free(b);
}

static void
test_flows_begin_one_after_the_other(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.flows = FLOWS;
	bench_start(b);
	ht_session_step(b->ss, b->now);
	assert_int_equal(b->by_flow[0], 1);
	assert_int_equal(b->tp.n_sent, 1);
	run(b, HT_S / FLOWS - 1);
	assert_int_equal(b->by_flow[1], 0);
	run(b, HT_S / FLOWS);
	assert_true(b->by_flow[1] > 0);
	assert_int_equal(b->by_flow[2], 0);
	bench_free(b);
}

static void
test_protocols_have_paths_of_their_own(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	bench_start(b);
	run(b, 10 * HT_S);

	const struct ht_path *tcp = ht_session_path(b->ss, 0, 0);
	uint64_t sent = hop(b, 0, 3)->counts.sent;
	assert_true(sent >= 9);
	assert_null(ht_session_path_of(b->ss, 0, HT_PROTO_UDP, 0));

	struct ht_settings set = *ht_session_settings(b->ss);
	set.proto = HT_PROTO_UDP;
	assert_int_equal(ht_session_set(b->ss, &set, b->now), 0);
	assert_ptr_not_equal(ht_session_path(b->ss, 0, 0), tcp);
	assert_null(hop(b, 0, 3));
	run(b, 5 * HT_S);
	assert_in_range(hop(b, 0, 3)->counts.sent, 4, 6);
	assert_int_equal(b->tp.newest.proto, HT_PROTO_UDP);
	assert_true(b->by_proto[HT_PROTO_UDP] > 0);

	/* The old path has rested, and goes on where it was. */
	assert_ptr_equal(ht_session_path_of(b->ss, 0, HT_PROTO_TCP, 0), tcp);
	assert_int_equal(ht_path_hop(tcp, 3)->counts.sent, sent);
	assert_int_equal(ht_path_hop(tcp, 3)->counts.pending, 0);
	set.proto = HT_PROTO_TCP;
	assert_int_equal(ht_session_set(b->ss, &set, b->now), 0);
	run(b, 5 * HT_S);
	assert_in_range(ht_path_hop(tcp, 3)->counts.sent, sent + 4, sent + 6);
	bench_free(b);
}

static void
test_ports_are_the_targets_or_the_settings(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.port = 443;
	b->set.local_port = 5000;
	bench_start(b);
	run(b, HT_S);
	assert_int_equal(b->tp.newest.port, 443);
	assert_int_equal(b->tp.newest.local_port, 5000);
	assert_int_equal(b->tp.newest.flow, FLOW_BASE);
	ht_session_set_port(b->ss, 0, 8080);
	run(b, HT_S);
	assert_int_equal(b->tp.newest.port, 8080);
	bench_free(b);
}

static void
test_nobodys_answers_are_no_loss(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->tp.is_nobody = true;
	bench_start(b);
	run(b, 20 * HT_S);

	const struct ht_hop *h = hop(b, 0, 2);
	assert_true(h->counts.received > 10);
	assert_int_equal(h->counts.lost, 0);
	assert_int_equal(h->n_addrs, 0);
	assert_int_equal(h->rtt.n, 0);
	/* Nobody knows where such answers end the path. */
	assert_int_not_equal(
	    ht_path_stop(ht_session_path(b->ss, 0, 0)), HT_STOP_DESTINATION);
	bench_free(b);
}

static void
test_doubt_asks_again_at_once(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.max_ttl = 1;
	b->tp.silent = 1;
	bench_start(b);
	run(b, 400 * HT_MS);
	assert_int_equal(b->tp.n_sent, 1);

	/* "No answer yet": the hop is asked again out of turn, and only once. */
	b->tp.is_doubtful = true;
	run(b, HT_MS);
	assert_int_equal(b->tp.n_sent, 2);
	run(b, 500 * HT_MS);
	assert_int_equal(b->tp.n_sent, 2);
	assert_int_equal(hop(b, 0, 1)->counts.received, 0);
	assert_int_equal(hop(b, 0, 1)->counts.pending, 2);
	bench_free(b);
}

static void
test_no_end_before_the_due_ttl(void **state)
{
	struct bench *b = bench_new();

	(void)state;
	b->set.due_ttl = HOPS + 3;
	bench_start(b);
	run(b, 10 * HT_S);
	assert_int_equal(ht_path_last(ht_session_path(b->ss, 0, 0)), HOPS + 3);
	assert_true(ht_path_is_reached(ht_session_path(b->ss, 0, 0)));

	struct ht_settings set = *ht_session_settings(b->ss);
	set.due_ttl = HOPS + 5;
	assert_int_equal(ht_session_set(b->ss, &set, b->now), 0);
	run(b, 10 * HT_S);
	assert_int_equal(ht_path_last(ht_session_path(b->ss, 0, 0)), HOPS + 5);
	bench_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time_is_fair),
		cmocka_unit_test(test_alone_is_not_asked_in_vain),
		cmocka_unit_test(test_alone_rests_and_comes_back),
		cmocka_unit_test(test_one_at_a_time_finds_the_path_soon),
		cmocka_unit_test(test_flows_are_told_apart),
		cmocka_unit_test(test_flows_begin_one_after_the_other),
		cmocka_unit_test(test_protocols_have_paths_of_their_own),
		cmocka_unit_test(test_ports_are_the_targets_or_the_settings),
		cmocka_unit_test(test_nobodys_answers_are_no_loss),
		cmocka_unit_test(test_doubt_asks_again_at_once),
		cmocka_unit_test(test_no_end_before_the_due_ttl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
