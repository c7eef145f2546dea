/* SPDX-License-Identifier: ISC */
/*
 * Long runs on the virtual clock: engine, path model and simulated internet
 * together take no memory once they are started, and remember no more than they
 * were told to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <hoptop/session.h>

#include "transport/sim/sim.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static unsigned allocations;

void *
__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	allocations++;
	return __real_realloc(p, size);
}

/* Fifteen hops, some of which lose, limit, repeat or keep silent. */
static const char scenario[] = "target 203.0.113.80\n"
			       "hop 1 192.168.1.1 rtt 1ms jitter 0.2ms\n"
			       "hop 2 10.64.0.1 rtt 8ms jitter 1ms\n"
			       "hop 3 198.51.100.1 rtt 9ms limit 30/m burst 3\n"
			       "hop 4 198.51.100.5 rtt 10ms\n"
			       "hop 5 198.51.100.9 rtt 11ms loss 5%\n"
			       "hop 6 198.51.100.13 rtt 20ms\n"
			       "hop 7 silent\n"
			       "hop 8 198.51.100.17 rtt 22ms duplicates 1% 5ms\n"
			       "hop 9 198.51.100.21 rtt 23ms\n"
			       "hop 10 198.51.100.25 rtt 24ms\n"
			       "hop 11 198.51.100.29 rtt 25ms\n"
			       "hop 12 198.51.100.33 rtt 26ms\n"
			       "hop 13 198.51.100.37 rtt 27ms jitter 5ms\n"
			       "hop 14 198.51.100.41 rtt 3500ms\n"
			       "hop 15 target rtt 80ms\n";

struct long_run {
	struct ht_simnet *net;
	struct ht_transport *tp;
	struct ht_session *ss;
	ht_time now;
};

static struct long_run
begin(size_t history)
{
	struct long_run run = { .now = 0 };
	struct ht_err err = { .text = "" };
	struct ht_settings set;

	run.net = ht_simnet_parse(scenario, strlen(scenario), &err);
	if (run.net == NULL)
		print_message("# line %u: %s\n", err.line, err.text);
	assert_non_null(run.net);
	run.tp = ht_sim_open(run.net, &err);
	assert_non_null(run.tp);
	ht_settings_init(&set);
	set.history = history;
	run.ss = ht_session_new(&set, run.tp);
	assert_non_null(run.ss);
	assert_int_equal(
	    ht_session_add(run.ss, "target", &ht_simnet_target(run.net, 0)->addr), 0);
	return run;
}

static void
end(struct long_run *run)
{
	ht_session_free(run->ss);
	run->tp->ops->close(run->tp);
	ht_simnet_free(run->net);
}

static void
test_no_allocation_after_the_start(void **state)
{
	struct long_run run = begin(86400);
	clock_t begun = clock();

	(void)state;
	run.now = ht_session_step(run.ss, run.now);
	allocations = 0;
	while (ht_session_totals(run.ss).sent < 100000)
		run.now = ht_session_step(run.ss, run.now);
	assert_int_equal(allocations, 0);
	print_message("# 100000 probes, %.0f s of the virtual clock, in %.3f s\n",
	    (double)run.now / 1e9, (double)(clock() - begun) / CLOCKS_PER_SEC);
	assert_true(ht_path_is_reached(ht_session_path(run.ss, 0, 0)));
	end(&run);
}

/* The books of every hop balance, late and duplicate answers and all. */
static void
check_books(const struct ht_path *path)
{
	for (unsigned ttl = 1; ttl <= 15; ttl++) {
		const struct ht_counts *c = &ht_path_hop(path, ttl)->counts;
		assert_true(c->sent == c->received + c->pending + c->lost + c->late);
	}
	assert_int_equal(ht_path_hop(path, 14)->counts.received, 0);
	assert_true(ht_path_hop(path, 14)->counts.late > 0);
	assert_true(ht_path_hop(path, 8)->counts.duplicate > 0);
}

static void
test_a_day_stays_within_the_history(void **state)
{
	enum {
		HISTORY = 20000,
		DAY = 86400
	};
	struct long_run run = begin(HISTORY);
	const struct ht_path *path = ht_session_path(run.ss, 0, 0);

	(void)state;
	run.now = ht_session_step(run.ss, run.now);
	allocations = 0;
	while (run.now < DAY * HT_S)
		run.now = ht_session_step(run.ss, run.now);
	assert_int_equal(allocations, 0);
	for (unsigned ttl = 1; ttl <= 15; ttl++) {
		const struct ht_hop *hop = ht_path_hop(path, ttl);
		struct ht_sample oldest;

		assert_in_range(hop->counts.sent, DAY - 2, DAY + 2);
		assert_int_equal(ht_hop_samples(hop), HISTORY);
		assert_true(ht_hop_sample(hop, HISTORY - 1, &oldest));
		assert_in_range(oldest.at / HT_S, DAY - HISTORY - 2, DAY - HISTORY + 2);
	}
	check_books(path);
	end(&run);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_allocation_after_the_start),
		cmocka_unit_test(test_a_day_stays_within_the_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
