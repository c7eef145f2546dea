/* SPDX-License-Identifier: ISC */
/* What leaves when, what is in flight, where the path ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "probe/inflight.h"
#include "probe/schedule.h"

/* In flight ***************************************************************/

static struct ht_flight *
launch(struct ht_inflight *fl, ht_time deadline)
{
	struct ht_flight *f = ht_inflight_reserve(fl);

	assert_non_null(f);
	f->deadline = deadline;
	ht_inflight_commit(fl);
	return f;
}

static void
test_tokens_are_never_reused(void **state)
{
	struct ht_inflight fl;
	uint32_t first;

	(void)state;
	assert_int_equal(ht_inflight_init(&fl, 1), 0);
	first = launch(&fl, 10)->token;
	ht_inflight_settle(&fl, ht_inflight_find(&fl, first), HT_FLIGHT_LOST);
	for (unsigned i = 1; i < fl.size; i++)
		ht_inflight_settle(&fl, launch(&fl, 10), HT_FLIGHT_ANSWERED);
	/* Its place is the next to be taken; until then it is known. */
	assert_non_null(ht_inflight_find(&fl, first));
	assert_int_not_equal(launch(&fl, 20)->token, first);
	assert_null(ht_inflight_find(&fl, first));
	assert_null(ht_inflight_find(&fl, 0xffffffffu));
	ht_inflight_done(&fl);
}

/* One that is never answered is in nobody's way, however many come after it. */
static void
test_one_pending_blocks_nothing(void **state)
{
	struct ht_inflight fl;
	uint32_t first;

	(void)state;
	assert_int_equal(ht_inflight_init(&fl, 1), 0);
	first = launch(&fl, 10)->token;
	for (unsigned i = 0; i < 10 * fl.size; i++)
		ht_inflight_settle(&fl, launch(&fl, 20), HT_FLIGHT_ANSWERED);
	assert_true(ht_inflight_next(&fl) == 10);
	assert_int_equal(ht_inflight_expire(&fl, 10)->token, first);
	for (unsigned i = 0; i < fl.size; i++)
		launch(&fl, 30);
	assert_null(ht_inflight_reserve(&fl));
	ht_inflight_done(&fl);
}

static void
test_a_shorter_timeout_is_for_all(void **state)
{
	struct ht_inflight fl;

	(void)state;
	assert_int_equal(ht_inflight_init(&fl, 1), 0);
	launch(&fl, 60);
	struct ht_flight *b = launch(&fl, 90);
	b->sent_at = 30;
	ht_inflight_hurry(&fl, 10, 35);
	assert_non_null(ht_inflight_expire(&fl, 35));
	assert_null(ht_inflight_expire(&fl, 39));
	assert_ptr_equal(ht_inflight_expire(&fl, 40), b);
	ht_inflight_done(&fl);
}

static void
test_expiry_is_in_order(void **state)
{
	struct ht_inflight fl;

	(void)state;
	assert_int_equal(ht_inflight_init(&fl, 1), 0);
	assert_true(ht_inflight_next(&fl) == HT_TIME_NEVER);
	struct ht_flight *a = launch(&fl, 10);
	struct ht_flight *b = launch(&fl, 20);
	struct ht_flight *c = launch(&fl, 30);
	assert_true(ht_inflight_next(&fl) == 10);
	assert_null(ht_inflight_expire(&fl, 9));
	assert_ptr_equal(ht_inflight_expire(&fl, 10), a);
	assert_int_equal(a->state, HT_FLIGHT_LOST);
	ht_inflight_settle(&fl, b, HT_FLIGHT_ANSWERED);
	assert_true(ht_inflight_next(&fl) == 30);
	assert_ptr_equal(ht_inflight_expire(&fl, 99), c);
	assert_null(ht_inflight_expire(&fl, 99));
	/* Lost ones are remembered: their answers will be late, not foreign. */
	assert_ptr_equal(ht_inflight_find(&fl, a->token), a);
	ht_inflight_done(&fl);
}

/* The schedule: a world that answers as it is told ***************************/

#define HOPS_MAX 40

struct world {
	struct ht_settings set;
	struct ht_schedule sch;
	ht_time now;
	unsigned length; /* the destination's ttl, 0: none answers */
	bool is_silent[HOPS_MAX];
	ht_time last[HOPS_MAX]; /* newest send by ttl */
	unsigned sent[HOPS_MAX];
	unsigned in_burst; /* sends since time moved on */
};

static void
world_init(struct world *w, unsigned length)
{
	memset(w, 0, sizeof(*w));
	ht_settings_init(&w->set);
	w->length = length;
	ht_schedule_init(&w->sch, &w->set, 0.0);
}

static struct ht_reply
reply_of(enum ht_reply_kind kind)
{
	return (struct ht_reply){ .kind = (uint8_t)kind, .rx_ns = 10 * HT_MS };
}

static void
answer(struct world *w, unsigned ttl)
{
	bool is_target = w->length != 0 && ttl >= w->length;
	struct ht_reply reply = reply_of(
	    is_target ? HT_REPLY_ECHO : HT_REPLY_TIME_EXCEEDED);

	if (w->is_silent[is_target ? w->length : ttl] || (w->length == 0 && ttl > 5))
		ht_schedule_lost(&w->sch, ttl, true);
	else
		ht_schedule_reply(&w->sch, ttl, &reply, true, w->now);
}

/* Send all that is due now; the answers come after all have left. */
static void
world_step(struct world *w)
{
	unsigned ttls[256];
	unsigned ttl;

	w->in_burst = 0;
	while ((ttl = ht_schedule_due(&w->sch, w->now)) != 0) {
		assert_true(ttl < HOPS_MAX);
		ttls[w->in_burst++] = ttl;
		ht_schedule_sent(&w->sch, ttl, w->now);
		w->last[ttl] = w->now;
		w->sent[ttl]++;
	}
	for (unsigned i = 0; i < w->in_burst; i++)
		answer(w, ttls[i]);
}

/* Run until a time; the largest burst that was seen. */
static unsigned
world_run(struct world *w, ht_time until)
{
	unsigned burst = 0;

	while (w->now <= until) {
		world_step(w);
		burst = w->in_burst > burst ? w->in_burst : burst;
		ht_time next = ht_schedule_next(&w->sch);
		assert_true(next > w->now || w->in_burst > 0);
		w->now = next > w->now ? next : w->now + 1;
	}
	return burst;
}

static void
test_discovery_is_gentle(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 12);
	world_step(&w);
	assert_true(w.in_burst <= 6);
	assert_true(world_run(&w, 100 * HT_MS) <= 6);
	assert_int_equal(w.sch.end, 12);
	assert_int_equal(w.sch.stop, HT_STOP_DESTINATION);
}

static void
test_turns_are_spread(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 10);
	world_run(&w, 20 * HT_S);
	/* From the second cycle on no two hops share a moment. */
	for (unsigned a = 1; a <= 10; a++) {
		for (unsigned b = a + 1; b <= 10; b++) {
			ht_time apart = (w.last[a] - w.last[b]) % HT_S;
			apart = apart < 0 ? apart + HT_S : apart;
			assert_true(apart >= 99 * HT_MS && apart <= 901 * HT_MS);
		}
	}
	/* Twenty seconds are twenty probes, one more or less for the phase. */
	for (unsigned ttl = 1; ttl <= 10; ttl++)
		assert_in_range(w.sent[ttl], 19, 21);
}

static void
test_gap_is_never_short(void **state)
{
	struct world w;
	ht_time last[HOPS_MAX] = { 0 };
	unsigned seen[HOPS_MAX] = { 0 };

	(void)state;
	world_init(&w, 7);
	while (w.now < 30 * HT_S) {
		world_step(&w);
		for (unsigned ttl = 1; ttl <= 7; ttl++) {
			if (w.sent[ttl] == seen[ttl])
				continue;
			if (seen[ttl] > 0)
				assert_true(w.last[ttl] - last[ttl] >= HT_S * 15 / 16);
			last[ttl] = w.last[ttl];
			seen[ttl] = w.sent[ttl];
		}
		ht_time next = ht_schedule_next(&w.sch);
		w.now = next > w.now ? next : w.now + 1;
	}
}

static void
test_silent_hops_cost_time_not_bursts(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 14);
	for (unsigned ttl = 3; ttl <= 12; ttl++)
		w.is_silent[ttl] = true;
	assert_true(world_run(&w, 4 * HT_S) <= 6);
	assert_int_equal(w.sch.end, 14);
}

/* Send what is due without answering, until a time. */
static void
world_wait(struct world *w, ht_time until)
{
	for (unsigned ttl; w->now < until; w->now += HT_MS)
		while ((ttl = ht_schedule_due(&w->sch, w->now)) != 0) {
			ht_schedule_sent(&w->sch, ttl, w->now);
			w->sent[ttl]++;
		}
}

/*
 * Two hops to a target that is 200 ms away and answers six at once, as Linux does:
 * one of them for each ttl ahead of hop 1, and what its own ttl needs besides.
 */
static void
test_short_intervals_spare_the_target(void **state)
{
	struct ht_reply transit = reply_of(HT_REPLY_TIME_EXCEEDED);
	struct ht_reply target = reply_of(HT_REPLY_ECHO);
	struct world w;

	(void)state;
	world_init(&w, 2);
	w.set.proto = HT_PROTO_UDP;
	w.set.interval_ns = 50 * HT_MS;
	w.set.cycles = 3;
	transit.rx_ns = 120 * HT_MS;
	world_wait(&w, HT_MS);
	ht_schedule_reply(&w.sch, 1, &transit, true, w.now);
	world_wait(&w, 200 * HT_MS);
	assert_int_equal(w.sent[1], 3);
	for (unsigned ttl = 2; ttl <= 5; ttl++)
		ht_schedule_reply(&w.sch, ttl, &target, true, w.now);
	world_wait(&w, 2 * HT_S);
	assert_int_equal(w.sent[2], 3);
	for (unsigned ttl = 3; ttl < HOPS_MAX; ttl++)
		assert_int_equal(w.sent[ttl], ttl <= 5 ? 1 : 0);
}

/* It is the first answer that is waited for; silence is asked as often as all. */
static void
test_short_intervals_are_kept_in_silence(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	w.set.interval_ns = 100 * HT_MS;
	w.set.max_ttl = 3;
	world_wait(&w, 10 * HT_S);
	for (unsigned ttl = 1; ttl <= 3; ttl++)
		assert_in_range(w.sent[ttl], 96, 101);
}

static void
test_unknown_limit_stops(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	w.set.max_unknown = 8;
	world_run(&w, 10 * HT_S);
	assert_int_equal(w.sch.end, 0);
	assert_int_equal(w.sch.stop, HT_STOP_UNKNOWN);
	assert_true(w.sent[13] > 0);
	assert_int_equal(w.sent[14], 0);
}

static void
test_max_ttl_stops(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 20);
	w.set.max_ttl = 8;
	world_run(&w, 10 * HT_S);
	assert_int_equal(w.sch.stop, HT_STOP_MAX_TTL);
	assert_int_equal(w.sent[9], 0);
}

static void
test_stall_makes_no_burst(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 10);
	world_run(&w, 10 * HT_S);
	w.now += 3600 * HT_S + 400 * HT_MS;
	world_step(&w);
	assert_true(w.in_burst <= 6);
	unsigned before = w.sent[3];
	world_run(&w, w.now + 10 * HT_S);
	assert_in_range(w.sent[3] - before, 9, 11);
}

static void
test_path_that_grows_is_found(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 6);
	world_run(&w, 10 * HT_S);
	assert_int_equal(w.sch.end, 6);
	w.length = 9;
	world_run(&w, 20 * HT_S);
	assert_int_equal(w.sch.end, 9);
	w.length = 5;
	world_run(&w, 40 * HT_S);
	assert_int_equal(w.sch.end, 5);
}

static void
test_growth_behind_a_silent_hop_is_found(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 6);
	world_run(&w, 10 * HT_S);
	w.length = 7;
	w.is_silent[6] = true;
	world_run(&w, 60 * HT_S);
	assert_int_equal(w.sch.end, 7);
}

static void
test_growth_behind_silent_hops_is_found(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 6);
	world_run(&w, 10 * HT_S);
	w.length = 9;
	w.is_silent[6] = w.is_silent[7] = w.is_silent[8] = true;
	world_run(&w, 90 * HT_S);
	assert_int_equal(w.sch.end, 9);
}

/* Settings are changed while running; the end may be out of their range then. */
static void
test_end_out_of_range_is_none(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 10);
	world_run(&w, 5 * HT_S);
	w.set.first_ttl = 12;
	ht_schedule_hold(&w.sch, w.now);
	world_run(&w, 10 * HT_S);
	assert_int_equal(w.sch.end, 12);
	w.set.first_ttl = 1;
	ht_schedule_hold(&w.sch, w.now);
	assert_true(world_run(&w, 15 * HT_S) <= 6);
	assert_int_equal(w.sch.end, 10);
	w.set.max_ttl = 6;
	ht_schedule_hold(&w.sch, w.now);
	assert_int_equal(w.sch.end, 0);
	assert_int_equal(w.sch.stop, HT_STOP_MAX_TTL);
	world_run(&w, 20 * HT_S);
	w.set.max_ttl = 30;
	ht_schedule_hold(&w.sch, w.now);
	assert_int_equal(w.sch.end, 10);
	world_run(&w, 25 * HT_S);
	assert_int_equal(w.sch.end, 10);
}

static void
test_beyond_the_end_is_asked_seldom(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 6);
	world_run(&w, 10 * HT_S);
	unsigned before = w.sent[7];
	world_run(&w, 170 * HT_S);
	assert_in_range(w.sent[7] - before, 8, 12);
	assert_int_equal(w.sent[9], 0);
}

static void
hear(struct world *w, unsigned ttl, enum ht_reply_kind kind)
{
	struct ht_reply reply = reply_of(kind);

	ht_schedule_sent(&w->sch, ttl, w->now);
	ht_schedule_reply(&w->sch, ttl, &reply, true, w->now);
}

static void
test_refusal_ends_only_where_no_transit_answers(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	(void)ht_schedule_due(&w.sch, 0);
	for (unsigned ttl = 1; ttl <= 4; ttl++)
		hear(&w, ttl, HT_REPLY_TIME_EXCEEDED);
	hear(&w, 3, HT_REPLY_UNREACHABLE);
	assert_int_equal(w.sch.end, 0);
	hear(&w, 5, HT_REPLY_UNREACHABLE);
	assert_int_equal(w.sch.end, 5);
	assert_int_equal(w.sch.stop, HT_STOP_UNREACHABLE);
	/* A proof of a longer way undoes it. */
	hear(&w, 6, HT_REPLY_TIME_EXCEEDED);
	assert_int_equal(w.sch.end, 0);
	hear(&w, 7, HT_REPLY_ECHO);
	assert_int_equal(w.sch.end, 7);
	assert_int_equal(w.sch.stop, HT_STOP_DESTINATION);
}

static void
test_parallel_routes_keep_the_end(void **state)
{
	struct world w;
	unsigned moves = 0;

	(void)state;
	world_init(&w, 0);
	(void)ht_schedule_due(&w.sch, 0);
	for (unsigned ttl = 1; ttl <= 7; ttl++)
		hear(&w, ttl, HT_REPLY_TIME_EXCEEDED);
	hear(&w, 8, HT_REPLY_ECHO);
	/* Every second packet finds the target one hop earlier. */
	for (unsigned i = 0; i < 200; i++) {
		hear(&w, 7, i % 2 ? HT_REPLY_TIME_EXCEEDED : HT_REPLY_ECHO);
		moves += w.sch.end != 8;
		hear(&w, 8, HT_REPLY_ECHO);
	}
	assert_int_equal(moves, 0);
}

/* How many answers in a row it takes to move the end: END_RUN, TRANSIT_RUN,
 * REFUSAL_RUN of schedule.c. */
static void
test_the_end_moves_by_several_answers(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	(void)ht_schedule_due(&w.sch, 0);
	for (unsigned ttl = 1; ttl <= 8; ttl++)
		hear(&w, ttl, HT_REPLY_TIME_EXCEEDED);
	for (unsigned i = 1; i <= 5; i++) {
		assert_int_equal(w.sch.end, 0);
		hear(&w, 8, HT_REPLY_ECHO);
	}
	assert_int_equal(w.sch.end, 8);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(w.sch.end, 8);
		hear(&w, 8, HT_REPLY_TIME_EXCEEDED);
	}
	assert_int_equal(w.sch.end, 0);
	hear(&w, 9, HT_REPLY_ECHO);
	for (unsigned i = 1; i <= 3; i++) {
		assert_int_equal(w.sch.stop, HT_STOP_DESTINATION);
		hear(&w, 9, HT_REPLY_UNREACHABLE);
	}
	assert_int_equal(w.sch.end, 9);
	assert_int_equal(w.sch.stop, HT_STOP_UNREACHABLE);
}

static void
test_no_refusal_ends_before_the_due_ttl(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	w.set.due_ttl = 3;
	(void)ht_schedule_due(&w.sch, 0);
	hear(&w, 1, HT_REPLY_TIME_EXCEEDED);
	hear(&w, 2, HT_REPLY_UNREACHABLE);
	assert_int_equal(w.sch.end, 0);
	hear(&w, 3, HT_REPLY_UNREACHABLE);
	assert_int_equal(w.sch.end, 3);
}

/* A path of one hop, which has been asked once. */
static void
world_init_one(struct world *w)
{
	world_init(w, 0);
	w->set.max_ttl = 1;
	assert_int_equal(ht_schedule_due(&w->sch, 0), 1);
	ht_schedule_sent(&w->sch, 1, 0);
	assert_int_equal(ht_schedule_due(&w->sch, 0), 0);
}

/* Doubted probes are made up for behind the last cycle, but not for ever. */
static void
test_again_has_a_limit(void **state)
{
	unsigned sent = 1;
	struct world w;

	(void)state;
	world_init_one(&w);
	w.set.cycles = 1;
	while (sent < 100) {
		w.now += 20 * HT_MS;
		ht_schedule_again(&w.sch, 1, w.now);
		if (ht_schedule_due(&w.sch, w.now) == 0)
			break;
		ht_schedule_sent(&w.sch, 1, w.now);
		sent++;
	}
	assert_int_equal(sent, 1 + 4);
}

/* What left out of turn has its next turn an interval later, not on the grid. */
static void
test_again_begins_a_new_interval(void **state)
{
	struct world w;

	(void)state;
	world_init_one(&w);
	ht_schedule_again(&w.sch, 1, 400 * HT_MS);
	assert_int_equal(ht_schedule_due(&w.sch, 400 * HT_MS), 1);
	ht_schedule_sent(&w.sch, 1, 400 * HT_MS);
	assert_int_equal(ht_schedule_next(&w.sch), 1400 * HT_MS);
}

/* Who had no way keeps his turn, however long that takes. */
static void
test_busy_keeps_its_turn(void **state)
{
	struct world w;

	(void)state;
	world_init_one(&w);
	assert_int_equal(ht_schedule_due(&w.sch, HT_S), 1);
	ht_schedule_busy(&w.sch, 1);
	assert_int_equal(ht_schedule_due(&w.sch, 1800 * HT_MS), 0);
	ht_schedule_free(&w.sch, 1800 * HT_MS);
	assert_int_equal(ht_schedule_due(&w.sch, 1800 * HT_MS), 1);
}

/* The three that should leave at once, where the transport took the first alone. */
static void
test_busy_goes_on_at_once(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 2);
	w.set.at_once = 3;
	w.set.cycles = 3;
	w.set.max_ttl = 2;
	w.set.interval_ns = 300 * HT_MS;
	assert_int_equal(ht_schedule_due(&w.sch, 0), 1);
	ht_schedule_sent(&w.sch, 1, 0);
	assert_int_equal(ht_schedule_due(&w.sch, 0), 1);
	ht_schedule_busy(&w.sch, 1);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(ht_schedule_due(&w.sch, 0), 2);
		ht_schedule_sent(&w.sch, 2, 0);
	}
	assert_int_equal(ht_schedule_due(&w.sch, 0), 0);
	ht_schedule_free(&w.sch, 400 * HT_MS);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(ht_schedule_due(&w.sch, 400 * HT_MS), 1);
		ht_schedule_sent(&w.sch, 1, 400 * HT_MS);
	}
	assert_true(ht_schedule_is_exhausted(&w.sch, 1));
}

static void
test_failures_do_not_grow_but_end(void **state)
{
	struct world w;
	unsigned ttl, tries = 0;

	(void)state;
	world_init(&w, 5);
	w.set.cycles = 3;
	while (!ht_schedule_is_done(&w.sch)) {
		while ((ttl = ht_schedule_due(&w.sch, w.now)) != 0) {
			assert_int_equal(ttl, 1);
			ht_schedule_failed(&w.sch, ttl, w.now);
			tries++;
		}
		w.now = ht_schedule_next(&w.sch);
		assert_true(w.now < 10 * HT_S || ht_schedule_is_done(&w.sch));
	}
	assert_int_equal(tries, 3);
}

static void
test_cycles_end(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 8);
	w.set.cycles = 10;
	while (!ht_schedule_is_done(&w.sch)) {
		world_step(&w);
		ht_time next = ht_schedule_next(&w.sch);
		if (next == HT_TIME_NEVER)
			break;
		w.now = next > w.now ? next : w.now + 1;
	}
	assert_true(ht_schedule_is_done(&w.sch));
	for (unsigned i = 1; i <= 8; i++)
		assert_int_equal(w.sent[i], 10);
	assert_true(w.now <= 10 * HT_S);
	assert_int_equal(ht_schedule_pending(&w.sch), 0);
}

/* Numbers of schedule.c, to the nanosecond ****************************************/

/* Who is asked when, if nobody answers: n of them. */
struct turn {
	ht_time at;
	unsigned ttl;
};

static void
expect_turns(struct world *w, const struct turn *turns, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		ht_time next = ht_schedule_next(&w->sch);
		w->now = next > w->now ? next : w->now;
		assert_int_equal(w->now, turns[i].at);
		assert_int_equal(ht_schedule_due(&w->sch, w->now), turns[i].ttl);
		ht_schedule_sent(&w->sch, turns[i].ttl, w->now);
	}
}

#define EXPECT_TURNS(w, ...)                                                           \
	expect_turns(w, (const struct turn[]){ __VA_ARGS__ },                          \
	    sizeof((const struct turn[]){ __VA_ARGS__ }) / sizeof(struct turn))

/* A window of six at once, by UDP of four; then one each 250 ms. */
static void
test_silence_grows_by_time(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	EXPECT_TURNS(&w, { 0, 1 }, { 0, 2 }, { 0, 3 }, { 0, 4 }, { 0, 5 }, { 0, 6 },
	    { 250 * HT_MS, 7 }, { 500 * HT_MS, 8 });
	world_init(&w, 0);
	w.set.proto = HT_PROTO_UDP;
	EXPECT_TURNS(&w, { 0, 1 }, { 0, 2 }, { 0, 3 }, { 0, 4 }, { 250 * HT_MS, 5 },
	    { 500 * HT_MS, 6 });
	/* No more than may be unknown, whatever the window. */
	world_init(&w, 0);
	w.set.max_unknown = 3;
	EXPECT_TURNS(&w, { 0, 1 }, { 0, 2 }, { 0, 3 });
	assert_int_equal(w.sch.stop, HT_STOP_UNKNOWN);
	assert_true(ht_schedule_next(&w.sch) >= HT_S);
}

/* Twice the largest RTT, within 50 and 250 ms. */
static void
test_patience_follows_the_rtt(void **state)
{
	static const struct {
		ht_time rtt, patience;
	} rows[] = { { 10 * HT_MS, 50 * HT_MS }, { 25 * HT_MS, 50 * HT_MS },
		{ 40 * HT_MS, 80 * HT_MS }, { 125 * HT_MS, 250 * HT_MS },
		{ 200 * HT_MS, 250 * HT_MS } };
	struct ht_reply reply = reply_of(HT_REPLY_TIME_EXCEEDED);
	struct world w;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ht_time rtt = rows[i].rtt;
		world_init(&w, 0);
		w.set.interval_ns = 10 * HT_S;
		EXPECT_TURNS(
		    &w, { 0, 1 }, { 0, 2 }, { 0, 3 }, { 0, 4 }, { 0, 5 }, { 0, 6 });
		w.now = 200 * HT_MS;
		reply.rx_ns = rtt;
		ht_schedule_reply(&w.sch, 1, &reply, true, w.now);
		/* The smaller ones do not count. */
		reply.rx_ns = HT_MS;
		ht_schedule_reply(&w.sch, 2, &reply, true, w.now);
		EXPECT_TURNS(
		    &w, { w.now, 7 }, { w.now, 8 }, { w.now + rows[i].patience, 9 });
	}
}

/* Six at once, then 10 ms; at short intervals a 32nd of them. */
static void
test_bursts_are_followed_by_a_rest(void **state)
{
	struct world w;

	(void)state;
	world_init(&w, 0);
	w.set.at_once = 3;
	EXPECT_TURNS(&w, { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 2 }, { 0, 2 }, { 0, 2 },
	    { 10 * HT_MS, 3 }, { 10 * HT_MS, 3 }, { 10 * HT_MS, 3 }, { 10 * HT_MS, 4 },
	    { 10 * HT_MS, 4 }, { 10 * HT_MS, 4 }, { 20 * HT_MS, 5 });
	/* By UDP it is as many, for they leave hop by hop. */
	world_init(&w, 0);
	w.set.at_once = 2;
	w.set.proto = HT_PROTO_UDP;
	EXPECT_TURNS(&w, { 0, 1 }, { 0, 1 }, { 0, 2 }, { 0, 2 }, { 0, 3 }, { 0, 3 },
	    { 10 * HT_MS, 4 }, { 10 * HT_MS, 4 }, { 10 * HT_MS, 5 }, { 10 * HT_MS, 5 });
	world_init(&w, 0);
	w.set.at_once = 3;
	w.set.interval_ns = 64 * HT_MS;
	EXPECT_TURNS(&w, { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 2 }, { 0, 2 }, { 0, 2 },
	    { 2 * HT_MS + 1, 3 });
}

/* Hops 1 to 7 and the end at 8, asked once; nothing else is known. */
static void
world_init_eight(struct world *w)
{
	world_init(w, 0);
	(void)ht_schedule_due(&w->sch, 0);
	for (unsigned ttl = 1; ttl <= 7; ttl++)
		hear(w, ttl, HT_REPLY_TIME_EXCEEDED);
	hear(w, 8, HT_REPLY_ECHO);
	assert_int_equal(w->sch.end, 8);
}

static void
fall_silent(struct world *w, unsigned ttl, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		ht_schedule_sent(&w->sch, ttl, w->now);
		ht_schedule_lost(&w->sch, ttl, true);
	}
}

/* The time at which ttl is asked, while all are; none of them answers. */
static ht_time
when_asked(struct world *w, unsigned ttl)
{
	for (;;) {
		ht_time next = ht_schedule_next(&w->sch);
		w->now = next > w->now ? next : w->now;
		unsigned due = ht_schedule_due(&w->sch, w->now);
		assert_true(w->now < 100 * HT_S);
		if (due == 0)
			continue;
		ht_schedule_sent(&w->sch, due, w->now);
		if (due == ttl)
			return w->now;
	}
}

/* Beyond the end every 16 intervals; from ten silent ones on, every interval. */
static void
test_beyond_the_end_is_asked_in_time(void **state)
{
	struct world w;

	(void)state;
	world_init_eight(&w);
	assert_int_equal(when_asked(&w, 9), 16 * HT_S);
	assert_int_equal(when_asked(&w, 9), 32 * HT_S);
	world_init_eight(&w);
	fall_silent(&w, 8, 9);
	assert_int_equal(when_asked(&w, 9), 16 * HT_S);
	world_init_eight(&w);
	fall_silent(&w, 8, 10);
	assert_int_equal(when_asked(&w, 9), HT_S);
	assert_int_equal(when_asked(&w, 10), 2 * HT_S);
	assert_int_equal(when_asked(&w, 11), 3 * HT_S);
	/* Not farther than may be unknown, nor than the largest. */
	world_init_eight(&w);
	w.set.max_unknown = 2;
	fall_silent(&w, 8, 10);
	(void)when_asked(&w, 10);
	assert_int_equal(when_asked(&w, 9), 3 * HT_S);
	world_init_eight(&w);
	w.set.max_ttl = 10;
	fall_silent(&w, 8, 10);
	(void)when_asked(&w, 10);
	assert_int_equal(when_asked(&w, 9), 3 * HT_S);
}

/* The end goes farther when it was silent ten times and another answered twice. */
static void
test_a_silent_end_gives_way(void **state)
{
	struct world w;

	(void)state;
	world_init_eight(&w);
	fall_silent(&w, 8, 9);
	hear(&w, 9, HT_REPLY_ECHO);
	hear(&w, 9, HT_REPLY_ECHO);
	assert_int_equal(w.sch.end, 8);
	world_init_eight(&w);
	fall_silent(&w, 8, 10);
	hear(&w, 9, HT_REPLY_ECHO);
	assert_int_equal(w.sch.end, 8);
	hear(&w, 9, HT_REPLY_ECHO);
	assert_int_equal(w.sch.end, 9);
}

/* One router that answers from behind does not undo an end that answers, too. */
static void
test_transit_behind_undoes_a_doubtful_end(void **state)
{
	struct world w;

	(void)state;
	world_init_eight(&w);
	hear(&w, 9, HT_REPLY_TIME_EXCEEDED);
	assert_int_equal(w.sch.end, 8);
	fall_silent(&w, 8, 2);
	hear(&w, 9, HT_REPLY_TIME_EXCEEDED);
	assert_int_equal(w.sch.end, 8);
	fall_silent(&w, 8, 1);
	hear(&w, 9, HT_REPLY_TIME_EXCEEDED);
	assert_int_equal(w.sch.end, 0);
	/* It has refused, if not often enough to be believed. */
	world_init_eight(&w);
	hear(&w, 8, HT_REPLY_UNREACHABLE);
	hear(&w, 9, HT_REPLY_TIME_EXCEEDED);
	assert_int_equal(w.sch.end, 0);
}

/* Where others get through, a refusal is no end; elsewhere it takes five of them if
 * something speaks against it. */
static void
test_refusals_in_doubt_need_five(void **state)
{
	struct world w;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		/* Hop 3 was transit; or only those behind it were. */
		world_init(&w, 0);
		(void)ht_schedule_due(&w.sch, 0);
		for (unsigned ttl = 1; ttl <= 4; ttl++)
			if (i == 0 || ttl != 3)
				hear(&w, ttl, HT_REPLY_TIME_EXCEEDED);
		fall_silent(&w, 4, 1);
		for (unsigned n = 1; n <= 5; n++) {
			assert_int_equal(w.sch.end, 0);
			hear(&w, 3, HT_REPLY_UNREACHABLE);
		}
		assert_int_equal(w.sch.end, 3);
	}
	/* Nobody but hop 3 was transit. */
	world_init(&w, 0);
	(void)ht_schedule_due(&w.sch, 0);
	hear(&w, 3, HT_REPLY_TIME_EXCEEDED);
	for (unsigned n = 1; n <= 5; n++) {
		assert_int_equal(w.sch.end, 0);
		hear(&w, 3, HT_REPLY_UNREACHABLE);
	}
	assert_int_equal(w.sch.end, 3);
	/* Hop 4 answers; then only the target does. */
	world_init_eight(&w);
	for (unsigned n = 0; n < 9; n++)
		hear(&w, 3, HT_REPLY_UNREACHABLE);
	assert_int_equal(w.sch.end, 8);
	for (unsigned ttl = 4; ttl <= 7; ttl++)
		fall_silent(&w, ttl, 1);
	hear(&w, 3, HT_REPLY_UNREACHABLE);
	assert_int_equal(w.sch.end, 8);
	hear(&w, 4, HT_REPLY_TIME_EXCEEDED);
	fall_silent(&w, 8, 1);
	hear(&w, 3, HT_REPLY_UNREACHABLE);
	assert_int_equal(w.sch.end, 8);
	fall_silent(&w, 4, 1);
	hear(&w, 3, HT_REPLY_UNREACHABLE);
	assert_int_equal(w.sch.end, 3);
}

/* What is late by up to half an interval is made up for at once, else not. */
static void
test_half_an_interval_is_missed(void **state)
{
	struct world w;

	(void)state;
	world_init_one(&w);
	assert_int_equal(ht_schedule_due(&w.sch, 1500 * HT_MS), 1);
	world_init_one(&w);
	assert_int_equal(ht_schedule_due(&w.sch, 1500 * HT_MS + 1), 0);
	assert_int_equal(ht_schedule_next(&w.sch), 2 * HT_S);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens_are_never_reused),
		cmocka_unit_test(test_one_pending_blocks_nothing),
		cmocka_unit_test(test_a_shorter_timeout_is_for_all),
		cmocka_unit_test(test_expiry_is_in_order),
		cmocka_unit_test(test_discovery_is_gentle),
		cmocka_unit_test(test_turns_are_spread),
		cmocka_unit_test(test_gap_is_never_short),
		cmocka_unit_test(test_silent_hops_cost_time_not_bursts),
		cmocka_unit_test(test_short_intervals_spare_the_target),
		cmocka_unit_test(test_short_intervals_are_kept_in_silence),
		cmocka_unit_test(test_unknown_limit_stops),
		cmocka_unit_test(test_max_ttl_stops),
		cmocka_unit_test(test_stall_makes_no_burst),
		cmocka_unit_test(test_path_that_grows_is_found),
		cmocka_unit_test(test_growth_behind_a_silent_hop_is_found),
		cmocka_unit_test(test_growth_behind_silent_hops_is_found),
		cmocka_unit_test(test_end_out_of_range_is_none),
		cmocka_unit_test(test_beyond_the_end_is_asked_seldom),
		cmocka_unit_test(test_refusal_ends_only_where_no_transit_answers),
		cmocka_unit_test(test_parallel_routes_keep_the_end),
		cmocka_unit_test(test_the_end_moves_by_several_answers),
		cmocka_unit_test(test_no_refusal_ends_before_the_due_ttl),
		cmocka_unit_test(test_again_has_a_limit),
		cmocka_unit_test(test_again_begins_a_new_interval),
		cmocka_unit_test(test_busy_keeps_its_turn),
		cmocka_unit_test(test_busy_goes_on_at_once),
		cmocka_unit_test(test_failures_do_not_grow_but_end),
		cmocka_unit_test(test_cycles_end),
		cmocka_unit_test(test_silence_grows_by_time),
		cmocka_unit_test(test_patience_follows_the_rtt),
		cmocka_unit_test(test_bursts_are_followed_by_a_rest),
		cmocka_unit_test(test_beyond_the_end_is_asked_in_time),
		cmocka_unit_test(test_a_silent_end_gives_way),
		cmocka_unit_test(test_transit_behind_undoes_a_doubtful_end),
		cmocka_unit_test(test_refusals_in_doubt_need_five),
		cmocka_unit_test(test_half_an_interval_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
