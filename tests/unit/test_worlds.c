/* SPDX-License-Identifier: ISC */
/*
 * Random worlds, random users, and books of our own.
 *
 * A world is a set of targets behind routers that delay, lose, limit, repeat and
 * keep silent.  It writes down what was really sent and answered; after every step
 * the session is held to rules that must be true in every world, and at the end
 * its counts are compared with the books.  A seed that fails is printed.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hoptop/session.h>

#include "base/addr.h"
#include "base/rng.h"
#include "stub.h"

#define TARGETS_MAX 12
#define FLOWS_MAX   3
#define LENGTH_MAX  24
#define TTLS        64
#define BURST_MAX   6
#define ANSWERS_MAX 65536
#define WIRE_MAX    400000

/* What a world may have; each bit makes truth harder to see. */
enum {
	LOSS = 1 << 0,
	LIMITS = 1 << 1,
	DUPLICATES = 1 << 2,
	SILENT = 1 << 3,
	SLOW = 1 << 4,    /* round trips longer than the interval */
	LATE = 1 << 5,    /* and some longer than the timeout */
	CHANGES = 1 << 6, /* routes grow and shrink */
	ERRORS = 1 << 7,  /* this host cannot send for a while */
	USER = 1 << 8,    /* somebody at the keyboard */
	REFUSE = 1 << 9,  /* a router says that it goes no further */
	STALLS = 1 << 10, /* the process is not run for a while */
	DEAF = 1 << 11,   /* some targets never answer */
};

struct router {
	struct ht_addr addr;
	ht_time rtt, jitter;
	double loss, duplicates;
	bool is_silent;
	double rate; /* answers a second, 0: no limit */
	double tokens;
	ht_time refilled;
	unsigned asked;
	ht_time asked_at;
};

/* One probe that left, as the world saw it. */
struct wire {
	uint32_t token;
	uint16_t target, flow;
	uint8_t ttl;
	ht_time at, answered; /* NEVER while it is not */
	unsigned answers;
};

struct answer {
	struct ht_reply reply;
	unsigned wire;
};

struct record {
	struct ht_event ev;
	struct ht_reply reply;
};

struct world {
	struct ht_transport base;
	struct ht_rng rng;
	unsigned traits;
	ht_time now;
	unsigned n_targets, n_shared;
	unsigned length[TARGETS_MAX], refuse[TARGETS_MAX];
	bool is_deaf[TARGETS_MAX];
	bool is_cut_off[TARGETS_MAX];    /* this host cannot send there */
	double filtered[TARGETS_MAX];    /* lost of what goes there, from ttl 3 on */
	unsigned on_common[TARGETS_MAX]; /* its last ttl on the common routers */
	struct ht_addr addr[TARGETS_MAX];
	struct router common[TTLS], own[TARGETS_MAX][TTLS];
	ht_time error_until;
	struct answer *answers; /* a heap by arrival */
	unsigned n_answers;
	struct wire *wires;
	unsigned n_wires;
	ht_time sent_at[TARGETS_MAX][FLOWS_MAX][TTLS];
	unsigned in_step[TARGETS_MAX];

	struct ht_settings set;
	struct ht_session *ss;
	unsigned tries, sends, arrivals, steps;
	struct ht_counts seen[TARGETS_MAX][FLOWS_MAX][TTLS]; /* since reset */
	struct record *records;
	unsigned n_records;
	struct ht_event newest_end[TARGETS_MAX];
	ht_time changed_at; /* newest change of a route */
	bool was_reset;
};

static bool
has(const struct world *w, unsigned trait)
{
	return (w->traits & trait) != 0;
}

static bool
chance(struct world *w, double p)
{
	return ht_rng_double(&w->rng) < p;
}

static unsigned
between(struct world *w, unsigned low, unsigned high)
{
	return low + (unsigned)ht_rng_below(&w->rng, high - low + 1);
}

/* The world **************************************************************/

static struct router *
router_at(struct world *w, unsigned target, unsigned ttl)
{
	return ttl <= w->on_common[target] ? &w->common[ttl] : &w->own[target][ttl];
}

static void
heap_swap(struct world *w, unsigned a, unsigned b)
{
	struct answer t = w->answers[a];

	w->answers[a] = w->answers[b];
	w->answers[b] = t;
}

static ht_time
arrival(const struct world *w, unsigned i)
{
	return w->answers[i].reply.rx_ns;
}

static void
heap_push(struct world *w, const struct answer *answer)
{
	unsigned i = w->n_answers++;

	assert_true(w->n_answers < ANSWERS_MAX);
	w->answers[i] = *answer;
	for (; i > 0 && arrival(w, (i - 1) / 2) > arrival(w, i); i = (i - 1) / 2)
		heap_swap(w, i, (i - 1) / 2);
}

static struct answer
heap_pop(struct world *w)
{
	struct answer top = w->answers[0];
	unsigned i = 0, child;

	w->answers[0] = w->answers[--w->n_answers];
	while ((child = 2 * i + 1) < w->n_answers) {
		if (child + 1 < w->n_answers
		    && arrival(w, child + 1) < arrival(w, child))
			child++;
		if (arrival(w, child) >= arrival(w, i))
			break;
		heap_swap(w, i, child);
		i = child;
	}
	return top;
}

static bool
is_limited(struct router *r, ht_time now)
{
	if (r->rate <= 0)
		return false;
	r->tokens += (double)(now - r->refilled) / 1e9 * r->rate;
	r->tokens = r->tokens > 6 ? 6 : r->tokens;
	r->refilled = now;
	if (r->tokens < 1)
		return true;
	r->tokens -= 1;
	return false;
}

/* Who answers a probe of this ttl, and how; NULL: nobody. */
static struct router *
who_answers(
    struct world *w, const struct ht_probe *pr, unsigned target, struct ht_reply *reply)
{
	unsigned end = w->length[target];
	bool is_end = pr->ttl >= end;
	struct router *r = router_at(w, target, is_end ? end : pr->ttl);

	reply->kind = HT_REPLY_TIME_EXCEEDED;
	reply->icmp_type = 11;
	if (w->refuse[target] != 0 && pr->ttl >= w->refuse[target]) {
		r = router_at(w, target, w->refuse[target]);
		reply->kind = HT_REPLY_UNREACHABLE;
		reply->icmp_type = 3;
		reply->icmp_code = 1;
	} else if (is_end) {
		r = &w->own[target][0];
		reply->kind = HT_REPLY_ECHO;
		reply->icmp_type = 0;
		if (w->is_deaf[target])
			return NULL;
	}
	reply->from = r->addr;
	return r->is_silent ? NULL : r;
}

static void
world_answer(struct world *w, const struct ht_probe *pr, unsigned wire)
{
	struct answer answer = { .wire = wire };
	struct ht_reply *reply = &answer.reply;
	struct router *r = who_answers(w, pr, w->wires[wire].target, reply);

	if (r == NULL)
		return;
	r->asked++;
	if (chance(w, r->loss) || is_limited(r, w->now))
		return;
	if (pr->ttl >= 3 && chance(w, w->filtered[w->wires[wire].target]))
		return;
	reply->token = pr->token;
	reply->match = HT_MATCH_EXACT;
	reply->tx_ns = w->now;
	reply->rx_ns = w->now + r->rtt
		       + (ht_time)(ht_rng_double(&w->rng) * (double)r->jitter);
	reply->tx_stamp = reply->rx_stamp = HT_STAMP_SIMULATED;
	reply->reply_ttl = 60;
	reply->reply_tos = -1;
	heap_push(w, &answer);
	if (chance(w, r->duplicates)) {
		reply->rx_ns += HT_MS;
		heap_push(w, &answer);
	}
}

/* The world as a transport ***************************************************/

static struct world *
to_world(struct ht_transport *tp)
{
	return (struct world *)tp;
}

static unsigned
world_caps(const struct ht_transport *tp)
{
	(void)tp;
	return HT_CAP_ICMP | HT_CAP_VIRTUAL_CLOCK;
}

/* Rules of what may be on the wire, in every world. */
static void
check_send(struct world *w, const struct ht_probe *pr, unsigned target)
{
	const struct ht_settings *set = ht_session_settings(w->ss);
	ht_time *last = &w->sent_at[target][pr->flow][pr->ttl];

	assert_false(ht_session_is_paused(w->ss));
	assert_in_range(pr->ttl, set->first_ttl, set->max_ttl);
	if (*last != HT_TIME_NEVER)
		assert_true(w->now - *last >= set->interval_ns - set->interval_ns / 16);
	*last = w->now;
	w->in_step[target]++;
	assert_true(w->in_step[target] <= BURST_MAX * set->flows);
}

static int
world_send(struct ht_transport *tp, const struct ht_probe *pr, ht_time now)
{
	struct world *w = to_world(tp);
	unsigned target = pr->target.bytes[3];

	assert_true(now == w->now);
	check_send(w, pr, target);
	w->tries++;
	if (now < w->error_until || w->is_cut_off[target])
		return -ENETUNREACH;
	assert_true(w->n_wires < WIRE_MAX);
	w->wires[w->n_wires] = (struct wire){ .token = pr->token,
		.target = (uint16_t)target,
		.flow = pr->flow,
		.ttl = pr->ttl,
		.at = now,
		.answered = HT_TIME_NEVER };
	w->sends++;
	world_answer(w, pr, w->n_wires++);
	return 0;
}

static int
world_receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	struct world *w = to_world(tp);
	int n = 0;

	for (; w->n_answers > 0 && arrival(w, 0) <= now; n++) {
		struct answer answer = heap_pop(w);
		struct wire *wire = &w->wires[answer.wire];
		if (wire->answers++ == 0)
			wire->answered = answer.reply.rx_ns;
		w->arrivals++;
		fn(ctx, &answer.reply);
	}
	return n;
}

static ht_time
world_next(const struct ht_transport *tp)
{
	const struct world *w = (const struct world *)tp;

	return w->n_answers > 0 ? arrival(w, 0) : HT_TIME_NEVER;
}

static const struct ht_transport_ops world_ops = {
	.name = "world",
	.caps = world_caps,
	.prepare = stub_prepare,
	.fds = stub_fds,
	.send = world_send,
	.receive = world_receive,
	.next = world_next,
	.close = stub_close,
};

/* Making one *****************************************************************/

static void
router_make(struct world *w, struct router *r, unsigned a, unsigned b)
{
	*r = (struct router){ .addr = ht_addr_ip4(
				  (uint8_t[4]){ 10, (uint8_t)a, 0, (uint8_t)b }) };
	r->rtt = between(w, 1, 80) * HT_MS;
	r->jitter = between(w, 0, 5) * HT_MS;
	if (has(w, SLOW) && chance(w, 0.3))
		r->rtt = between(w, 900, 2700) * HT_MS;
	if (has(w, LATE) && chance(w, 0.2))
		r->rtt = between(w, 2900, 4000) * HT_MS;
	if (has(w, LOSS) && chance(w, 0.3))
		r->loss = 0.3 * ht_rng_double(&w->rng);
	if (has(w, DUPLICATES) && chance(w, 0.3))
		r->duplicates = 0.2;
	if (has(w, LIMITS) && chance(w, 0.4)) {
		r->rate = 0.5 + ht_rng_double(&w->rng);
		r->tokens = between(w, 1, 6);
	}
	r->is_silent = has(w, SILENT) && chance(w, 0.25);
}

static void
target_make(struct world *w, unsigned t)
{
	for (unsigned ttl = 1; ttl < TTLS; ttl++)
		router_make(w, &w->own[t][ttl], t + 1, ttl);
	router_make(w, &w->own[t][0], 250, t);
	w->own[t][0].is_silent = false;
	w->own[t][0].rate = 0;
	w->addr[t] = ht_addr_ip4((uint8_t[4]){ 192, 0, 2, (uint8_t)t });
	w->own[t][0].addr = w->addr[t];
	w->on_common[t] = w->n_shared;
	w->length[t] = between(w, 1, 18);
	w->is_deaf[t] = has(w, DEAF) && chance(w, 0.5);
	if (has(w, REFUSE) && chance(w, 0.5) && w->length[t] > 2)
		w->refuse[t] = between(w, 2, w->length[t] - 1);
}

static void on_event(void *ctx, const struct ht_event *ev);

static struct world *
world_new(
    unsigned seed, unsigned traits, unsigned targets, unsigned flows, uint64_t cycles)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->base.ops = &world_ops;
	w->traits = traits;
	w->answers = calloc(ANSWERS_MAX, sizeof(w->answers[0]));
	w->wires = calloc(WIRE_MAX, sizeof(w->wires[0]));
	w->records = calloc(4 * WIRE_MAX, sizeof(w->records[0]));
	assert_true(w->answers != NULL && w->wires != NULL && w->records != NULL);
	ht_rng_init(&w->rng, seed);
	w->n_targets = targets;
	w->n_shared = targets > 1 ? between(w, 0, 8) : 0;
	for (unsigned ttl = 0; ttl < TTLS; ttl++)
		router_make(w, &w->common[ttl], 0, ttl);
	for (unsigned t = 0; t < targets; t++)
		target_make(w, t);
	for (unsigned i = 0; i < TARGETS_MAX * FLOWS_MAX * TTLS; i++)
		(&w->sent_at[0][0][0])[i] = HT_TIME_NEVER;
	ht_settings_init(&w->set);
	w->set.flows = flows;
	w->set.cycles = cycles;
	w->set.seed = seed;
	w->set.history = 4096;
	w->ss = ht_session_new(&w->set, &w->base);
	assert_non_null(w->ss);
	assert_int_equal(ht_session_observe(w->ss, on_event, w), 0);
	for (unsigned t = 0; t < targets; t++)
		assert_int_equal(ht_session_add(w->ss, "t", &w->addr[t]), (int)t);
	return w;
}

static void
world_free(struct world *w)
{
	ht_session_free(w->ss);
	free(w->answers);
	free(w->wires);
	free(w->records);
	free(w);
}

/* Rules of the event stream *************************************************/

static bool
was_lost(const struct world *w, const struct ht_event *ev)
{
	for (unsigned i = w->n_records - 1; i-- > 0;) {
		const struct ht_event *old = &w->records[i].ev;
		/* The end of a path has a ttl too, but it is no probe's fate. */
		if (old->type == HT_EVENT_END || old->target != ev->target
		    || old->flow != ev->flow || old->ttl != ev->ttl
		    || old->seq != ev->seq)
			continue;
		return old->type == HT_EVENT_LOST;
	}
	return false;
}

static void
count(struct world *w, const struct ht_event *ev)
{
	struct ht_counts *c = &w->seen[ev->target][ev->flow][ev->ttl];

	if (ev->type == HT_EVENT_SENT) {
		c->sent++;
		c->pending++;
	} else if (ev->type == HT_EVENT_REPLY) {
		c->pending--;
		c->received++;
	} else if (ev->type == HT_EVENT_LOST) {
		c->pending--;
		c->lost++;
	} else if (ev->type == HT_EVENT_LATE) {
		(*(was_lost(w, ev) ? &c->lost : &c->pending))--;
		c->late++;
	} else if (ev->type == HT_EVENT_DUPLICATE) {
		c->duplicate++;
	} else if (ev->type == HT_EVENT_FAILED) {
		c->failed++;
	}
}

/* A sample from a router that was not on the lane's way counts for nobody. */
static void
check_origin(struct world *w, const struct ht_event *ev)
{
	unsigned t = ev->target;
	unsigned refuse = w->refuse[t] != 0 ? w->refuse[t] : HT_TTL_MAX;

	if (has(w, CHANGES) || !ev->is_shared)
		return;
	assert_true(ev->ttl < w->length[t] && ev->ttl < refuse);
	assert_true(ht_addr_equal(&ev->reply->from, &router_at(w, t, ev->ttl)->addr));
}

static void
on_event(void *ctx, const struct ht_event *ev)
{
	struct world *w = ctx;
	struct record *rec = &w->records[w->n_records++];

	assert_true(w->n_records < 4 * WIRE_MAX);
	rec->ev = *ev;
	if (ev->reply != NULL)
		rec->reply = *ev->reply;
	if (ev->type == HT_EVENT_MARK && ev->mark == HT_MARK_RESET)
		w->was_reset = true;
	if (ev->type == HT_EVENT_END)
		w->newest_end[ev->target] = *ev;
	if (ev->type == HT_EVENT_MARK || ev->type == HT_EVENT_UNMATCHED)
		return;
	assert_true(ev->target < w->n_targets && ev->flow < w->set.flows);
	assert_true(ev->ttl <= w->set.max_ttl);
	if (ev->reply != NULL && ev->type != HT_EVENT_FAILED)
		check_origin(w, ev);
	if (ev->type != HT_EVENT_END)
		count(w, ev);
}

/* Rules after every step *****************************************************/

static void
check_balance(const struct ht_counts *c)
{
	assert_true(c->sent == c->received + c->pending + c->lost + c->late);
}

static void
check_hops(struct world *w, unsigned target, unsigned flow)
{
	const struct ht_path *path = ht_session_path(w->ss, target, flow);

	for (unsigned ttl = 1; ttl <= w->set.max_ttl; ttl++) {
		const struct ht_hop *hop = ht_path_hop(path, ttl);
		const struct ht_counts *seen = &w->seen[target][flow][ttl];
		if (hop == NULL) {
			assert_true(seen->sent == 0 && seen->failed == 0);
			continue;
		}
		check_balance(&hop->counts);
		assert_true(hop->counts.received == hop->rtt.n);
		if (!w->was_reset)
			assert_memory_equal(seen, &hop->counts, sizeof(*seen));
	}
}

/* For one target nothing is shared: the totals are the sum of the hops. */
static void
check_sum(struct world *w)
{
	struct ht_totals totals = ht_session_totals(w->ss);

	for (unsigned flow = 0; flow < w->set.flows; flow++) {
		const struct ht_path *path = ht_session_path(w->ss, 0, flow);
		for (unsigned ttl = 1; ttl <= w->set.max_ttl; ttl++) {
			const struct ht_hop *hop = ht_path_hop(path, ttl);
			if (hop == NULL)
				continue;
			totals.sent -= hop->counts.sent;
			totals.received -= hop->counts.received;
			totals.lost -= hop->counts.lost;
			totals.late -= hop->counts.late;
			totals.duplicate -= hop->counts.duplicate;
			totals.failed -= hop->counts.failed;
		}
	}
	assert_memory_equal(&totals, &(struct ht_totals){ .sent = 0 }, sizeof(totals));
}

static void
check_paths(struct world *w)
{
	if (w->n_targets == 1)
		check_sum(w);
	for (unsigned t = 0; t < w->n_targets; t++)
		for (unsigned flow = 0; flow < w->set.flows; flow++)
			check_hops(w, t, flow);
}

/* The totals are of what was on the wire: not of what is shared. */
static void
check_totals(struct world *w)
{
	struct ht_totals totals = ht_session_totals(w->ss);

	/* Nothing that was asked for is ever taken for somebody else's. */
	assert_int_equal(totals.unmatched, 0);
	assert_true(totals.received + totals.lost + totals.late <= totals.sent);
	if (!w->was_reset)
		assert_true(totals.sent == w->sends);
}

static ht_time
step(struct world *w)
{
	memset(w->in_step, 0, sizeof(w->in_step));
	w->steps++;

	ht_time next = ht_session_step(w->ss, w->now);
	/* A step does all that is due: else the caller spins. */
	assert_true(next > w->now);
	check_totals(w);
	return next;
}

/* Run until a time; the steps must be for something. */
static void
run(struct world *w, ht_time until)
{
	while (w->now < until && !ht_session_is_done(w->ss)) {
		ht_time next = step(w);
		w->now = next < until ? next : until;
	}
	if (!ht_session_is_done(w->ss))
		step(w);
	check_paths(w);
	assert_true(
	    w->steps <= 100 + 3 * (w->tries + w->arrivals) + 4 * (w->now / HT_S));
}

/* Chaos ************************************************************************/

static void
change_route(struct world *w)
{
	unsigned t = between(w, 0, w->n_targets - 1);

	w->length[t] = between(w, 1, 18);
	if (w->refuse[t] >= w->length[t])
		w->refuse[t] = 0;
	if (chance(w, 0.5))
		router_make(
		    w, &w->own[t][between(w, 1, 18)], t + 1, between(w, 100, 200));
	w->changed_at = w->now;
}

static void
change_settings(struct world *w)
{
	static const ht_time intervals[] = { 100 * HT_MS, 500 * HT_MS, HT_S, 3 * HT_S };
	struct ht_settings set = *ht_session_settings(w->ss);

	switch (between(w, 0, 4)) {
	case 0:
		set.interval_ns = intervals[between(w, 0, 3)];
		break;
	case 1:
		set.timeout_ns = between(w, 2, 60) * 100 * HT_MS;
		break;
	case 2:
		set.first_ttl = between(w, 1, 12);
		set.max_ttl = set.max_ttl < set.first_ttl ? 30 : set.max_ttl;
		break;
	case 3:
		set.max_ttl = between(w, set.first_ttl, 30);
		break;
	case 4:
		set.max_unknown = between(w, 1, 12);
		break;
	}
	assert_int_equal(ht_session_set(w->ss, &set, w->now), 0);
}

static void
press_a_key(struct world *w)
{
	switch (between(w, 0, 3)) {
	case 0:
		ht_session_pause(w->ss, w->now);
		break;
	case 1:
		ht_session_resume(w->ss, w->now);
		break;
	case 2:
		ht_session_reset(w->ss, w->now);
		break;
	case 3:
		change_settings(w);
		break;
	}
}

static void
happen(struct world *w)
{
	if (has(w, CHANGES) && chance(w, 0.3))
		change_route(w);
	if (has(w, USER) && chance(w, 0.5))
		press_a_key(w);
	if (has(w, ERRORS) && chance(w, 0.2))
		w->error_until = w->now + between(w, 1, 5000) * HT_MS;
	if (has(w, STALLS) && chance(w, 0.2))
		w->now += between(w, 1, 20000) * HT_MS;
}

static void
chaos(struct world *w, ht_time span)
{
	ht_time until = w->now + span;

	while (w->now < until && !ht_session_is_done(w->ss)) {
		run(w, w->now + between(w, 1, 6000) * HT_MS);
		happen(w);
	}
	ht_session_resume(w->ss, w->now);
	if (has(w, USER))
		assert_int_equal(ht_session_set(w->ss, &w->set, w->now), 0);
	w->error_until = 0;
}

/* Rules at the end ***********************************************************/

static void
fold_wires(const struct world *w, unsigned target, unsigned flow, unsigned ttl,
    struct ht_counts *c)
{
	*c = (struct ht_counts){ .sent = 0 };
	for (unsigned i = 0; i < w->n_wires; i++) {
		const struct wire *wire = &w->wires[i];
		if (wire->target != target || wire->flow != flow || wire->ttl != ttl)
			continue;
		c->sent++;
		if (wire->answered == HT_TIME_NEVER)
			w->now - wire->at >= w->set.timeout_ns ? c->lost++
							       : c->pending++;
		else if (wire->answered - wire->at <= w->set.timeout_ns)
			c->received++;
		else
			c->late++;
		c->duplicate += wire->answers > 1;
	}
}

/* One target, nobody at the keyboard: the counts are the world's. */
static void
check_truth(struct world *w)
{
	for (unsigned flow = 0; flow < w->set.flows; flow++) {
		const struct ht_path *path = ht_session_path(w->ss, 0, flow);
		for (unsigned ttl = 1; ttl <= 30; ttl++) {
			const struct ht_hop *hop = ht_path_hop(path, ttl);
			struct ht_counts truth;
			fold_wires(w, 0, flow, ttl, &truth);
			if (hop == NULL) {
				assert_true(truth.sent == 0);
				continue;
			}
			truth.failed = hop->counts.failed;
			assert_memory_equal(&truth, &hop->counts, sizeof(truth));
		}
	}
}

static void
check_end(struct world *w, unsigned t)
{
	const struct ht_path *path = ht_session_path(w->ss, t, 0);

	if (w->refuse[t] != 0) {
		if (router_at(w, t, w->refuse[t])->is_silent)
			return;
		assert_int_equal(ht_path_last(path), w->refuse[t]);
		assert_int_equal(ht_path_stop(path), HT_STOP_UNREACHABLE);
		return;
	}
	if (w->is_deaf[t])
		return;
	assert_int_equal(ht_path_last(path), w->length[t]);
	assert_int_equal(ht_path_stop(path), HT_STOP_DESTINATION);
}

static void
replay(const struct world *w, struct ht_path *path, unsigned target, unsigned flow)
{
	for (unsigned i = 0; i < w->n_records; i++) {
		struct ht_event ev = w->records[i].ev;
		if (ev.reply != NULL)
			ev.reply = &w->records[i].reply;
		if (ev.type == HT_EVENT_MARK
		    || (ev.target == target && ev.flow == flow
			&& ev.type != HT_EVENT_UNMATCHED))
			ht_path_event(path, &ev);
	}
}

/* The record says all that the screen said. */
static void
check_replay(const struct world *w, unsigned target, unsigned flow)
{
	const struct ht_path *live = ht_session_path(w->ss, target, flow);
	struct ht_path *path = ht_path_new(30, 4096);

	assert_non_null(path);
	replay(w, path, target, flow);
	assert_int_equal(ht_path_last(path), ht_path_last(live));
	assert_int_equal(ht_path_stop(path), ht_path_stop(live));
	assert_int_equal(ht_path_epoch(path), ht_path_epoch(live));
	for (unsigned ttl = 1; ttl <= 30; ttl++) {
		const struct ht_hop *a = ht_path_hop(path, ttl);
		const struct ht_hop *b = ht_path_hop(live, ttl);
		assert_true((a == NULL) == (b == NULL));
		if (a == NULL)
			continue;
		assert_memory_equal(&a->counts, &b->counts, sizeof(a->counts));
		assert_memory_equal(&a->rtt, &b->rtt, sizeof(a->rtt));
		assert_memory_equal(a->hist, b->hist, sizeof(*a->hist));
	}
	ht_path_free(path);
}

/* No answer was lost on the way: none may be said to be. */
static void
check_no_loss(const struct world *w)
{
	for (unsigned t = 0; t < w->n_targets; t++)
		for (unsigned ttl = 1; ttl <= w->length[t]; ttl++)
			assert_int_equal(w->seen[t][0][ttl].lost, 0);
}

/* Tests **********************************************************************/

static unsigned
seeds(void)
{
	const char *text = getenv("HT_WORLDS");

	return text != NULL ? (unsigned)atoi(text) : 12;
}

typedef void world_fn(unsigned seed, unsigned traits);

/* The seed of a failure is the newest line before it. */
static void
for_all_seeds(const char *name, unsigned traits, world_fn *fn)
{
	/* Worlds beyond the first few that have shown something. */
	static const unsigned known[] = { 163, 406, 656 };
	const unsigned n_known = sizeof(known) / sizeof(known[0]);
	const char *only = getenv("HT_WORLD_SEED");
	bool is_loud = getenv("HT_WORLDS") != NULL;

	for (unsigned i = 0; i < seeds() + n_known; i++) {
		unsigned seed = i < n_known ? known[i] : i - n_known;
		if (only != NULL)
			seed = (unsigned)strtoul(only, NULL, 0);
		if (is_loud)
			fprintf(stderr, "# %s seed %u\n", name, seed);
		fn(seed, traits);
		if (only != NULL)
			break;
	}
}

static void
check_all_replays(const struct world *w)
{
	for (unsigned t = 0; t < w->n_targets; t++)
		check_replay(w, t, w->set.flows - 1);
}

/* Alone, the counts are those of the world. */
static void
run_alone(unsigned seed, unsigned traits)
{
	struct world *w = world_new(seed, traits, 1, seed % 4 == 3 ? 2 : 1, 0);

	chaos(w, 90 * HT_S);
	run(w, w->now + 10 * HT_S);
	check_truth(w);
	check_replay(w, 0, 0);
	world_free(w);
}

static void
test_counts_are_the_truth(void **state)
{
	(void)state;
	for_all_seeds("alone", LOSS | LIMITS | DUPLICATES | SILENT | SLOW, run_alone);
	for_all_seeds("late", LOSS | DUPLICATES | LATE | STALLS, run_alone);
	for_all_seeds("errors", LOSS | ERRORS | SILENT | CHANGES, run_alone);
}

/* When all is quiet again, the end is found. */
static void
run_end(unsigned seed, unsigned traits)
{
	struct world *w = world_new(seed, traits, 1 + seed % 4, 1, 0);

	chaos(w, 120 * HT_S);
	run(w, w->now + 200 * HT_S);
	for (unsigned t = 0; t < w->n_targets; t++)
		check_end(w, t);
	check_all_replays(w);
	world_free(w);
}

static void
test_end_is_found(void **state)
{
	(void)state;
	for_all_seeds("end", SILENT | REFUSE, run_end);
	for_all_seeds("changes", CHANGES | SILENT, run_end);
	for_all_seeds("keys", CHANGES | USER | ERRORS | STALLS | SILENT, run_end);
	for_all_seeds("all",
	    CHANGES | USER | ERRORS | STALLS | SILENT | REFUSE | SLOW | DUPLICATES,
	    run_end);
}

static void
run_lossless(unsigned seed, unsigned traits)
{
	struct world *w = world_new(seed, traits, 1 + seed % 6, 1, 0);

	chaos(w, 100 * HT_S);
	run(w, w->now + 20 * HT_S);
	check_no_loss(w);
	check_all_replays(w);
	world_free(w);
}

static void
test_no_loss_is_invented(void **state)
{
	(void)state;
	for_all_seeds("lossless", SLOW | DUPLICATES, run_lossless);
	for_all_seeds("stalls", SLOW | STALLS, run_lossless);
	for_all_seeds("sending", ERRORS, run_lossless);
}

/* Each live hop has had its cycles, and not long after the last was due. */
static void
run_cycles(unsigned seed, unsigned traits)
{
	uint64_t cycles = 1 + seed % 12;
	struct world *w = world_new(seed, traits, 1 + seed % 9, 1, cycles);
	ht_time bound = ((ht_time)cycles + 30) * HT_S;

	run(w, bound);
	assert_true(ht_session_is_done(w->ss));
	for (unsigned t = 0; t < w->n_targets; t++) {
		const struct ht_path *path = ht_session_path(w->ss, t, 0);
		for (unsigned ttl = 1; ttl <= ht_path_last(path); ttl++) {
			const struct ht_counts *c = &ht_path_hop(path, ttl)->counts;
			assert_true(c->sent + c->failed == cycles);
		}
	}
	check_all_replays(w);
	world_free(w);
}

static void
test_cycles_end(void **state)
{
	(void)state;
	for_all_seeds("cycles", LOSS | LIMITS, run_cycles);
	for_all_seeds("silent cycles", SILENT | LOSS | DEAF | REFUSE, run_cycles);
	for_all_seeds("slow cycles", SLOW | LATE | DUPLICATES, run_cycles);
}

/* Routers before all targets are asked as if there were one target. */
static void
check_asked(struct world *w, ht_time span)
{
	unsigned expected = (unsigned)(span / HT_S);

	for (unsigned ttl = 1; ttl <= w->n_shared; ttl++) {
		bool is_inner = true;
		for (unsigned t = 0; t < w->n_targets; t++)
			is_inner = is_inner && ttl < w->length[t];
		if (!is_inner || w->common[ttl].is_silent)
			continue;
		assert_in_range(w->common[ttl].asked, expected * 9 / 10 - 1,
		    expected * 11 / 10 + 2);
	}
}

static void
clear_asked(struct world *w)
{
	for (unsigned ttl = 0; ttl < TTLS; ttl++)
		w->common[ttl].asked = 0;
}

/* Each target sees with probes of its own that it still is the same router. */
static void
check_turns(const struct world *w, ht_time since)
{
	unsigned own[TARGETS_MAX][TTLS] = { { 0 } };

	for (unsigned i = 0; i < w->n_wires; i++)
		own[w->wires[i].target][w->wires[i].ttl] += w->wires[i].at >= since;
	for (unsigned t = 0; t < w->n_targets; t++)
		for (unsigned ttl = 1; ttl <= w->on_common[t]; ttl++)
			if (ttl < w->length[t])
				assert_true(own[t][ttl] >= (w->now - since) / HT_S
							       / w->n_targets * 3 / 4);
}

static void
run_shared(unsigned seed, unsigned traits)
{
	struct world *w = world_new(seed, traits, 2 + seed % 11, 1, 0);

	run(w, 60 * HT_S);
	clear_asked(w);
	run(w, w->now + 60 * HT_S);
	check_asked(w, 60 * HT_S);
	check_turns(w, 60 * HT_S);
	/* A pause, a sleep and a setting are no reason to ask more. */
	clear_asked(w);
	run(w, w->now + 20 * HT_S);
	ht_session_pause(w->ss, w->now);
	run(w, w->now + 10 * HT_S);
	ht_session_resume(w->ss, w->now);
	run(w, w->now + 20 * HT_S);
	w->now += 15 * HT_S;
	run(w, w->now + 20 * HT_S);
	check_asked(w, 60 * HT_S);
	/* Every row moves on at about its own pace. */
	for (unsigned t = 0; t < w->n_targets; t++)
		for (unsigned ttl = 1; ttl <= w->length[t]; ttl++)
			assert_in_range(w->seen[t][0][ttl].sent, 140, 185);
	world_free(w);
}

static void
test_shared_routers_are_asked_once(void **state)
{
	(void)state;
	for_all_seeds("shared", 0, run_shared);
	for_all_seeds("shared silent", SILENT, run_shared);
	for_all_seeds("shared deaf", DEAF, run_shared);
}

/* Lanes over the same few routers. */
static struct world *
common_new(unsigned seed, unsigned traits, unsigned targets, unsigned n_common)
{
	struct world *w = world_new(seed, traits | CHANGES, targets, 1, 0);

	w->n_shared = n_common;
	for (unsigned t = 0; t < w->n_targets; t++) {
		w->on_common[t] = n_common;
		w->length[t] = 8;
	}
	return w;
}

/* Four lanes over the same five routers, and a minute to get used to it. */
static struct world *
shared_new(unsigned seed, unsigned traits)
{
	struct world *w = common_new(seed, traits, 4, 5);

	run(w, 60 * HT_S);
	return w;
}

static const struct ht_hop *
hop_of(const struct world *w, unsigned target, unsigned ttl)
{
	return ht_path_hop(ht_session_path(w->ss, target, 0), ttl);
}

/*
 * The others' answers do not hide that the way of one has turned to silence: of
 * eight, every second turn is soon for the one.  Nor is its silence theirs for long.
 */
static void
run_turn(unsigned seed, unsigned traits)
{
	struct world *w = common_new(seed, traits, 8, 5);
	struct ht_window win;

	run(w, 60 * HT_S);
	w->on_common[1] = 1;
	for (unsigned ttl = 2; ttl <= 5; ttl++)
		w->own[1][ttl].is_silent = true;
	run(w, w->now + 90 * HT_S);
	for (unsigned ttl = 2; ttl <= 5; ttl++) {
		ht_hop_window_last(hop_of(w, 1, ttl), 60, &win);
		assert_int_equal(win.counts.received, 0);
		assert_true(win.counts.lost >= 55);
		assert_true(hop_of(w, 2, ttl)->counts.lost <= 3);
		ht_hop_window_last(hop_of(w, 2, ttl), 60, &win);
		assert_int_equal(win.counts.lost, 0);
	}
	world_free(w);
}

/* Ten that never have an answer where two have one: none keeps another waiting. */
static void
run_strangers(unsigned seed, unsigned traits)
{
	struct world *w = common_new(seed, traits, 12, 2);

	for (unsigned t = 0; t < w->n_targets; t++) {
		w->own[t][3].is_silent = t >= 2;
		w->own[t][3].addr = w->common[3].addr;
	}
	run(w, 60 * HT_S);
	for (unsigned t = 0; t < w->n_targets; t++) {
		const struct ht_counts *c = &hop_of(w, t, 3)->counts;
		assert_in_range(c->sent, t < 2 ? 45 : 35, 66);
		assert_true(t >= 2 ? c->received == 0 : c->lost == 0);
	}
	world_free(w);
}

/* Routers that answer once a second: when all have found each other, nothing is lost.
 */
static void
run_limited(unsigned seed, unsigned traits)
{
	struct world *w = common_new(seed, traits, 12, 3);
	struct ht_window win;

	for (unsigned ttl = 1; ttl <= 3; ttl++) {
		w->common[ttl].rate = 1;
		w->common[ttl].tokens = 6;
	}
	run(w, 180 * HT_S);
	for (unsigned t = 0; t < w->n_targets; t++)
		for (unsigned ttl = 1; ttl <= 3; ttl++) {
			ht_hop_window_last(hop_of(w, t, ttl), 60, &win);
			assert_int_equal(win.counts.lost, 0);
			assert_true(win.counts.received > 50);
		}
	world_free(w);
}

/*
 * Two ways that part and meet again, and one between that answers on neither: it may
 * be asked for with both of them, but nobody waits for another.
 */
static void
run_diamond(unsigned seed, unsigned traits)
{
	struct world *w = common_new(seed, traits, 3, 1);

	w->own[0][2].is_silent = true;
	for (unsigned t = 0; t < w->n_targets; t++)
		w->own[t][3].addr = w->common[3].addr;
	run(w, 120 * HT_S);
	for (unsigned t = 0; t < w->n_targets; t++)
		assert_in_range(hop_of(w, t, 3)->counts.sent, 115, 185);
	world_free(w);
}

/* Losses here and there are no reason to ask a router for each lane. */
static void
run_lossy(unsigned seed, unsigned traits)
{
	struct world *w = common_new(seed, traits, 6, 5);

	w->common[3].loss = 0.2;
	run(w, 120 * HT_S);
	for (unsigned t = 0; t < w->n_targets; t++)
		assert_in_range(hop_of(w, t, 3)->counts.sent, 90, 125);
	assert_in_range(w->common[3].asked, 115, 140);
	world_free(w);
}

/* Nor does an answer that comes late from there count for the others. */
static void
run_late_turn(unsigned seed, unsigned traits)
{
	struct world *w = shared_new(seed, traits);

	w->on_common[1] = 1;
	for (unsigned ttl = 2; ttl <= 5; ttl++)
		w->own[1][ttl].rtt = 3500 * HT_MS;
	run(w, w->now + 60 * HT_S);
	for (unsigned ttl = 2; ttl <= 5; ttl++) {
		assert_int_equal(hop_of(w, 0, ttl)->counts.late, 0);
		assert_int_equal(hop_of(w, 0, ttl)->n_addrs, 1);
	}
	world_free(w);
}

/* One that cannot send, or needs the hop no more, keeps nobody from going on. */
static void
run_dropout(unsigned seed, unsigned traits)
{
	struct world *w = shared_new(seed, traits);
	uint64_t before[TARGETS_MAX];

	for (unsigned t = 0; t < w->n_targets; t++)
		before[t] = hop_of(w, t, 3)->counts.sent;
	w->is_cut_off[seed % 4] = true;
	w->length[(seed + 1) % 4] = 2;
	clear_asked(w);
	run(w, w->now + 60 * HT_S);
	for (unsigned t = 0; t < w->n_targets; t++)
		if (t != seed % 4 && t != (seed + 1) % 4)
			assert_in_range(
			    hop_of(w, t, 3)->counts.sent - before[t], 55, 63);
	assert_in_range(w->common[3].asked, 55, 70);
	world_free(w);
}

/* What is dropped on its way to one target is not for long taken for all. */
static void
run_filtered(unsigned seed, unsigned traits)
{
	struct world *w = common_new(seed, traits, 3, 5);
	struct ht_window win;

	w->filtered[0] = 0.4;
	run(w, 900 * HT_S);
	for (unsigned ttl = 3; ttl <= 5; ttl++) {
		ht_hop_window_last(hop_of(w, 0, ttl), 200, &win);
		assert_in_range(win.counts.lost, 50, 110);
		for (unsigned t = 1; t < w->n_targets; t++) {
			assert_true(hop_of(w, t, ttl)->counts.lost <= 15);
			ht_hop_window_last(hop_of(w, t, ttl), 200, &win);
			assert_true(win.counts.lost <= 3);
		}
	}
	world_free(w);
}

static void
test_others_are_not_misled(void **state)
{
	(void)state;
	for_all_seeds("turn", 0, run_turn);
	for_all_seeds("strangers", 0, run_strangers);
	for_all_seeds("limited", 0, run_limited);
	for_all_seeds("diamond", 0, run_diamond);
	for_all_seeds("lossy", 0, run_lossy);
	for_all_seeds("filtered", 0, run_filtered);
	for_all_seeds("late turn", 0, run_late_turn);
	for_all_seeds("dropout", 0, run_dropout);
}

/* Targets, flows, keys: nothing breaks, whatever happens. */
static void
run_chaos(unsigned seed, unsigned traits)
{
	struct world *w = world_new(seed, traits, 1 + seed % 12, 1 + seed % 3, 0);

	chaos(w, 150 * HT_S);
	check_all_replays(w);
	world_free(w);
}

static void
test_chaos(void **state)
{
	(void)state;
	for_all_seeds("chaos", ~0u, run_chaos);
	for_all_seeds("chaos without changes", ~0u ^ CHANGES, run_chaos);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_are_the_truth),
		cmocka_unit_test(test_end_is_found),
		cmocka_unit_test(test_no_loss_is_invented),
		cmocka_unit_test(test_cycles_end),
		cmocka_unit_test(test_shared_routers_are_asked_once),
		cmocka_unit_test(test_others_are_not_misled),
		cmocka_unit_test(test_chaos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
