/* SPDX-License-Identifier: ISC */
/*
 * Several flows told as one: against the samples themselves, computed another
 * way.  Balancing: against sequences of which the truth is known.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hoptop/path.h>

#include "base/addr.h"
#include "base/rng.h"
#include "oracle.h"

#define FLOWS_MAX 64
#define TTL       3

/* Flows that are fed by hand ************************************************/

struct flow {
	struct ht_path *path;
	uint32_t next_seq;
	int64_t *rtts; /* that were answered in time, in order */
	size_t n_rtts;
};

struct feed {
	unsigned n;
	struct flow flows[FLOWS_MAX];
	const struct ht_hop *hops[FLOWS_MAX];
	ht_time now;
};

static void
feed_init(struct feed *feed, unsigned n, size_t samples)
{
	*feed = (struct feed){ .n = n, .now = 1000 * HT_S };
	for (unsigned i = 0; i < n; i++) {
		feed->flows[i].path = ht_path_new(TTL, 1024);
		assert_non_null(feed->flows[i].path);
		feed->flows[i].rtts = calloc(samples, sizeof(int64_t));
		assert_non_null(feed->flows[i].rtts);
	}
}

static void
feed_done(struct feed *feed)
{
	for (unsigned i = 0; i < feed->n; i++) {
		ht_path_free(feed->flows[i].path);
		free(feed->flows[i].rtts);
	}
}

/* The hops of the flows, as they are now. */
static const struct ht_hop *const *
hops(struct feed *feed)
{
	for (unsigned i = 0; i < feed->n; i++)
		feed->hops[i] = ht_path_hop(feed->flows[i].path, TTL);
	return feed->hops;
}

/* 10.0.3.HOST */
static struct ht_addr
router(unsigned host)
{
	const uint8_t bytes[4] = { 10, 0, TTL, (uint8_t)host };

	return ht_addr_ip4(bytes);
}

static void
feed_event(struct feed *feed, unsigned flow, enum ht_event_type type, int64_t rtt_ns,
    unsigned host)
{
	struct flow *fl = &feed->flows[flow];
	struct ht_reply reply = { .kind = HT_REPLY_TIME_EXCEEDED,
		.match = HT_MATCH_EXACT,
		.icmp_type = 11,
		.from = router(host),
		.reply_ttl = (int16_t)(60 + host % 100) };
	bool has_reply = type == HT_EVENT_REPLY || type == HT_EVENT_LATE;
	struct ht_event ev = { .type = (uint8_t)type,
		.ttl = TTL,
		.flow = (uint16_t)flow,
		.seq = type == HT_EVENT_SENT ? fl->next_seq++ : fl->next_seq - 1,
		.at = feed->now,
		.rtt_ns = rtt_ns,
		.error = type == HT_EVENT_FAILED ? ENETUNREACH : 0,
		.reply = has_reply ? &reply : NULL };

	if (type == HT_EVENT_FAILED)
		ev.seq = fl->next_seq;
	ht_path_event(fl->path, &ev);
}

static void
feed_sent(struct feed *feed, unsigned flow)
{
	feed_event(feed, flow, HT_EVENT_SENT, -1, 0);
}

static void
feed_answer(struct feed *feed, unsigned flow, int64_t rtt_ns, unsigned host)
{
	struct flow *fl = &feed->flows[flow];

	feed_sent(feed, flow);
	feed_event(feed, flow, HT_EVENT_REPLY, rtt_ns, host);
	fl->rtts[fl->n_rtts++] = rtt_ns;
}

static void
feed_lost(struct feed *feed, unsigned flow)
{
	feed_sent(feed, flow);
	feed_event(feed, flow, HT_EVENT_LOST, -1, 0);
}

/* An answer to a probe that is sent now, with all that it says. */
static void
feed_reply(struct feed *feed, unsigned flow, enum ht_event_type type, int64_t rtt_ns,
    const struct ht_reply *reply)
{
	struct flow *fl = &feed->flows[flow];
	struct ht_event ev = { .type = (uint8_t)type,
		.ttl = TTL,
		.flow = (uint16_t)flow,
		.at = feed->now,
		.rtt_ns = rtt_ns,
		.reply = reply };

	feed_sent(feed, flow);
	ev.seq = fl->next_seq - 1;
	ht_path_event(fl->path, &ev);
}

/* Merging *******************************************************************/

/* All samples of all flows, one flow after the other. */
static int64_t *
concatenate(const struct feed *feed, size_t *ret_n)
{
	size_t n = 0;

	for (unsigned i = 0; i < feed->n; i++)
		n += feed->flows[i].n_rtts;

	int64_t *all = calloc(n + 1, sizeof(*all));

	assert_non_null(all);
	*ret_n = 0;
	for (unsigned i = 0; i < feed->n; i++)
		for (size_t k = 0; k < feed->flows[i].n_rtts; k++)
			all[(*ret_n)++] = feed->flows[i].rtts[k];
	return all;
}

/* Mean jitter by its definition here: differences within flows alone. */
static long double
jitter_mean(const struct feed *feed)
{
	long double sum = 0, n = 0;

	for (unsigned i = 0; i < feed->n; i++) {
		const struct flow *fl = &feed->flows[i];

		if (fl->n_rtts < 2)
			continue;
		sum += oracle_jitter_mean(fl->rtts, fl->n_rtts)
		       * (long double)(fl->n_rtts - 1);
		n += (long double)(fl->n_rtts - 1);
	}
	return sum / n;
}

static void
check_quantile(const struct ht_hist *hist, const int64_t *sorted, size_t n, double q)
{
	size_t rank = (size_t)(q * (double)n);
	int64_t got;

	if ((double)rank < q * (double)n)
		rank++;
	assert_true(ht_hist_quantile(hist, q, &got));
	assert_true(llabs(got - sorted[rank - 1]) <= sorted[rank - 1] / 100);
}

static void
check_merged(struct feed *feed, int64_t last_ns)
{
	static struct ht_merged merged;
	size_t n;
	int64_t *all = concatenate(feed, &n);
	double got;

	ht_hop_merge(hops(feed), feed->n, &merged);
	assert_int_equal(merged.hop.rtt.n, n);
	assert_int_equal(merged.hist.n, n);
	assert_int_equal(merged.hop.rtt.last_ns, last_ns);
	oracle_close(merged.hop.rtt.mean_ns, oracle_mean(all, n));
	assert_true(ht_stats_stdev(&merged.hop.rtt, &got));
	oracle_close(got, oracle_stdev(all, n));
	assert_true(ht_stats_gmean(&merged.hop.rtt, &got));
	oracle_close(got, oracle_gmean(all, n));
	assert_true(ht_stats_jitter_mean(&merged.hop.rtt, &got));
	oracle_close(got, jitter_mean(feed));
	qsort(all, n, sizeof(*all), oracle_by_value);
	assert_int_equal(merged.hop.rtt.best_ns, all[0]);
	assert_int_equal(merged.hop.rtt.worst_ns, all[n - 1]);
	check_quantile(&merged.hist, all, n, 0.5);
	check_quantile(&merged.hist, all, n, 0.99);
	free(all);
}

static void
merges_samples_as_if_they_were_one_hops(void **state)
{
	struct ht_rng rng;

	(void)state;
	ht_rng_init(&rng, 5);
	for (unsigned round = 0; round < 30; round++) {
		struct feed feed;
		int64_t rtt = 0;
		/* Far from 0 and close together: what sums of squares cannot do. */
		int64_t base = round % 2 == 0 ? 0 : 900 * HT_S;

		feed_init(&feed, 2 + round % 7, 3000);
		for (unsigned k = 0; k < 2000; k++) {
			unsigned flow = (unsigned)ht_rng_below(&rng, feed.n);

			feed.now += HT_MS;
			rtt = base + (int64_t)ht_rng_exp(&rng, 1e6 * (flow + 1));
			feed_answer(&feed, flow, rtt, flow);
		}
		check_merged(&feed, rtt);
		feed_done(&feed);
	}
}

static void
has_no_jitter_across_flows(void **state)
{
	static struct ht_merged merged;
	struct feed feed;
	double got;

	(void)state;
	feed_init(&feed, 2, 10);
	feed_answer(&feed, 0, 10 * HT_MS, 1);
	feed.now += HT_S;
	feed_answer(&feed, 1, 90 * HT_MS, 2);
	ht_hop_merge(hops(&feed), 2, &merged);
	assert_int_equal(merged.hop.rtt.n, 2);
	assert_false(ht_stats_jitter_mean(&merged.hop.rtt, &got));
	assert_true(ht_stats_stdev(&merged.hop.rtt, &got));
	feed_done(&feed);
}

/* Interarrival jitter of the flows, weighted by their jitters. */
static void
weighs_interarrival_jitter(void **state)
{
	static struct ht_merged merged;
	struct feed feed;
	long double want;

	(void)state;
	feed_init(&feed, 3, 100);
	for (unsigned k = 0; k < 40; k++) {
		feed.now += HT_MS;
		feed_answer(&feed, 0, (10 + k % 3) * HT_MS, 1);
		if (k < 11)
			feed_answer(&feed, 2, (50 + k % 7) * HT_MS, 1);
	}
	ht_hop_merge(hops(&feed), 3, &merged);
	want = (39 * oracle_jitter_rfc(feed.flows[0].rtts, 40)
		   + 10 * oracle_jitter_rfc(feed.flows[2].rtts, 11))
	       / 49;
	oracle_close(merged.hop.rtt.jitter_rfc_ns, want);
	assert_int_equal(merged.hop.rtt.jitter_worst_ns, 6 * HT_MS);
	assert_int_equal(merged.hop.rtt.jitter_ns, 2 * HT_MS); /* 12 to 10 ms */
	feed_done(&feed);
}

static void
adds_counts_and_says_the_newest(void **state)
{
	static struct ht_merged merged;
	struct feed feed;
	double loss;

	(void)state;
	feed_init(&feed, 4, 10);
	feed_answer(&feed, 0, HT_MS, 1);
	feed_lost(&feed, 0);
	feed.now += HT_S;
	feed_sent(&feed, 1);
	feed_event(&feed, 1, HT_EVENT_LATE, 5 * HT_S, 7);
	feed_event(&feed, 1, HT_EVENT_DUPLICATE, 5 * HT_S, 7);
	feed_event(&feed, 1, HT_EVENT_FAILED, -1, 0);
	feed_sent(&feed, 2);

	ht_hop_merge(hops(&feed), 4, &merged);
	const struct ht_counts *c = &merged.hop.counts;
	assert_int_equal(c->sent, 4);
	assert_int_equal(c->received, 1);
	assert_int_equal(c->lost, 1);
	assert_int_equal(c->late, 1);
	assert_int_equal(c->pending, 1);
	assert_int_equal(c->duplicate, 1);
	assert_int_equal(c->failed, 1);
	assert_int_equal(merged.hop.last_error, ENETUNREACH);
	assert_true(ht_counts_loss_pct(c, &loss));
	oracle_close(loss, 100.0L / 3);

	/* The late answer is the newest of all, but not the newest time. */
	assert_int_equal(merged.hop.reply_ttl, 67);
	assert_int_equal(merged.hop.rtt.last_ns, HT_MS);
	struct ht_addr newest = router(7);
	assert_true(
	    ht_addr_equal(&merged.hop.addrs[merged.hop.addr_index].addr, &newest));
	assert_int_equal(ht_hop_samples(&merged.hop), 0);
	feed_done(&feed);
}

/* What is known of an address; zeros if it is not there. */
static struct ht_hop_addr
addr_of(const struct ht_hop *hop, unsigned host)
{
	struct ht_addr addr = router(host);

	for (unsigned i = 0; i < hop->n_addrs; i++)
		if (ht_addr_equal(&hop->addrs[i].addr, &addr))
			return hop->addrs[i];
	return (struct ht_hop_addr){ .replies = 0 };
}

static void
keeps_answers_by_address(void **state)
{
	static struct ht_merged merged;
	struct feed feed;

	(void)state;
	feed_init(&feed, 2, 100);
	for (unsigned k = 0; k < 20; k++) {
		feed.now += HT_S;
		feed_answer(&feed, 0, 10 * HT_MS, 1 + k % 2);
		feed_answer(&feed, 1, 30 * HT_MS, 2);
	}
	ht_hop_merge(hops(&feed), 2, &merged);
	assert_int_equal(merged.hop.n_addrs, 2);
	assert_int_equal(addr_of(&merged.hop, 1).replies, 10);
	assert_int_equal(addr_of(&merged.hop, 2).replies, 30);
	oracle_close(addr_of(&merged.hop, 2).rtt.mean_ns, (10 + 60) * HT_MS / 3.0L);
	assert_int_equal(addr_of(&merged.hop, 2).first_at, 1001 * HT_S);
	feed_done(&feed);
}

/* 64 flows, each with an address of its own: none is forgotten. */
static void
counts_what_the_table_does_not_hold(void **state)
{
	static struct ht_merged merged;
	struct feed feed;
	uint64_t told = 0;

	(void)state;
	feed_init(&feed, FLOWS_MAX, 10);
	for (unsigned i = 0; i < FLOWS_MAX; i++) {
		feed.now += HT_MS;
		feed_answer(&feed, i, HT_MS, 1 + i);
	}
	ht_hop_merge(hops(&feed), FLOWS_MAX, &merged);
	assert_int_equal(merged.hop.n_addrs, HT_HOP_ADDRS_MAX);
	for (unsigned i = 0; i < merged.hop.n_addrs; i++)
		told += merged.hop.addrs[i].replies;
	assert_int_equal(told + merged.hop.other_addr_replies, FLOWS_MAX);
	assert_int_equal(addr_of(&merged.hop, FLOWS_MAX).replies, 1); /* the newest */
	assert_int_equal(addr_of(&merged.hop, 1).replies, 1);
	feed_done(&feed);
}

/* One flow saw more than its table holds, and the merged table is full of that. */
static void
counts_what_no_table_holds(void **state)
{
	static struct ht_merged merged;
	struct feed feed;

	(void)state;
	feed_init(&feed, 1, 100);
	for (unsigned i = 0; i < HT_HOP_ADDRS_MAX + 3; i++)
		feed_answer(&feed, 0, HT_MS, 1 + i);
	ht_hop_merge(hops(&feed), 1, &merged);
	assert_int_equal(merged.hop.n_addrs, HT_HOP_ADDRS_MAX);
	assert_int_equal(merged.hop.other_addr_replies, 3);
	feed_done(&feed);
}

/* The newest is now the first of the flows, now the second. */
static void
says_of_all_flows_the_newest(void **state)
{
	static struct ht_merged merged;
	struct ht_hop *hop = &merged.hop;
	struct feed feed;

	(void)state;
	for (unsigned newer = 0; newer < 2; newer++) {
		unsigned older = 1 - newer;
		struct ht_extensions ext[2] = { { .if_index = 11 },
			{ .if_index = 22 } };
		struct ht_quote quote[2] = { { .tos = 11 }, { .tos = 22 } };
		struct ht_reply reply = { .kind = HT_REPLY_UNREACHABLE,
			.match = HT_MATCH_MAPPED,
			.rx_stamp = HT_STAMP_USER,
			.mtu = 1280,
			.from = router(1),
			.ext = &ext[0],
			.quote = &quote[0] };

		feed_init(&feed, 2, 10);
		feed_reply(&feed, older, HT_EVENT_REPLY, 10 * HT_MS, &reply);
		feed_event(&feed, older, HT_EVENT_FAILED, -1, 0);
		feed.now += HT_S;
		reply.match = HT_MATCH_AMBIGUOUS;
		reply.rx_stamp = HT_STAMP_KERNEL;
		reply.mtu = 1400;
		reply.ext = &ext[1];
		reply.quote = &quote[1];
		feed_reply(&feed, newer, HT_EVENT_REPLY, 20 * HT_MS, &reply);
		feed_answer(&feed, newer, 30 * HT_MS, 1);
		feed_event(&feed, newer, HT_EVENT_FAILED, -1, 0);

		ht_hop_merge(hops(&feed), 2, &merged);
		assert_int_equal(hop->mapped, 1);
		assert_int_equal(hop->ambiguous, 1);
		assert_int_equal(hop->ext.if_index, 22);
		assert_int_equal(hop->quote.tos, 22);
		assert_int_equal(hop->last_error_at, feed.now);
		assert_int_equal(hop->rtt.last_ns, 30 * HT_MS);
		assert_int_equal(hop->addrs[0].rtt.last_ns, 30 * HT_MS);
		assert_int_equal(hop->addrs[0].last_at, feed.now);

		feed.now += HT_S;
		feed_reply(&feed, newer, HT_EVENT_REPLY, HT_MS, &reply);
		ht_hop_merge(hops(&feed), 2, &merged);
		assert_int_equal(hop->mtu, 1400);
		assert_int_equal(hop->rx_stamp, HT_STAMP_KERNEL);
		feed_done(&feed);
	}
}

/* In the order of their first answers, and until when each was seen by any flow. */
static void
lists_addresses_as_they_appeared(void **state)
{
	static struct ht_merged merged;
	struct ht_hop *hop = &merged.hop;
	struct ht_addr newest = router(3);
	struct feed feed;

	(void)state;
	feed_init(&feed, 2, 10);
	feed_answer(&feed, 0, HT_MS, 1);
	feed.now += HT_S;
	feed_answer(&feed, 1, HT_MS, 2);
	feed.now += HT_S;
	feed_answer(&feed, 1, HT_MS, 1);
	feed.now += HT_S;
	feed_answer(&feed, 0, HT_MS, 3);
	ht_hop_merge(hops(&feed), 2, &merged);
	assert_int_equal(hop->n_addrs, 3);
	for (unsigned i = 0; i < 3; i++) {
		struct ht_addr addr = router(1 + i);

		assert_true(ht_addr_equal(&hop->addrs[i].addr, &addr));
	}
	assert_true(ht_addr_equal(&hop->addrs[hop->addr_index].addr, &newest));
	assert_int_equal(hop->addrs[0].last_at, feed.now - HT_S);
	feed_done(&feed);
}

static void
merges_nothing_to_nothing(void **state)
{
	static struct ht_merged merged;
	const struct ht_hop *none[2] = { NULL, NULL };
	struct ht_branch branches[2];
	struct ht_sample sample;
	unsigned routers;

	(void)state;
	ht_hop_merge(none, 2, &merged);
	assert_int_equal(merged.hop.counts.sent, 0);
	assert_int_equal(merged.hop.addr_index, -1);
	assert_int_equal(merged.hop.reply_ttl, -1);
	assert_int_equal(ht_hops_newest(none, 2, &sample, 1), 0);
	assert_int_equal(ht_hops_branches(none, 2, branches), 0);
	assert_int_equal(ht_hops_balance(none, 2, &routers), HT_BALANCE_NONE);
}

static void
lists_probes_in_sending_order(void **state)
{
	struct ht_sample samples[300];
	struct ht_rng rng;
	struct feed feed;

	(void)state;
	ht_rng_init(&rng, 11);
	feed_init(&feed, 5, 300);
	for (unsigned k = 0; k < 200; k++) {
		feed.now += HT_MS;
		feed_answer(&feed, (unsigned)ht_rng_below(&rng, 5), k * HT_US, 1);
	}
	assert_int_equal(ht_hops_newest(hops(&feed), 5, samples, 7), 7);
	assert_int_equal(ht_hops_newest(hops(&feed), 5, samples, 300), 200);
	for (unsigned k = 0; k < 200; k++)
		assert_int_equal(samples[k].rtt_ns, (199 - k) * HT_US);
	feed_done(&feed);
}

static void
sums_windows_of_each_flow(void **state)
{
	static struct ht_window window;
	struct feed feed;

	(void)state;
	feed_init(&feed, 2, 100);
	for (unsigned k = 0; k < 30; k++) {
		feed.now += HT_S;
		feed_answer(&feed, 0, k < 20 ? 500 * HT_MS : 10 * HT_MS, 1);
		if (k % 2 == 0)
			feed_lost(&feed, 1);
		else
			feed_answer(&feed, 1, 30 * HT_MS, 1);
	}
	ht_hops_window_last(hops(&feed), 2, 10, &window);
	assert_int_equal(window.counts.sent, 20);
	assert_int_equal(window.counts.lost, 5);
	assert_int_equal(window.rtt.worst_ns, 30 * HT_MS);
	oracle_close(window.rtt.mean_ns, (100 + 150) * HT_MS / 15.0L);
	assert_int_equal(window.hist.n, 15);
	/* The last time is that of the flow whose newest probe is newer. */
	feed.now += HT_S;
	feed_answer(&feed, 0, 11 * HT_MS, 1);
	ht_hops_window_last(hops(&feed), 2, 10, &window);
	assert_int_equal(window.rtt.last_ns, 11 * HT_MS);
	feed.now += HT_S;
	feed_answer(&feed, 1, 31 * HT_MS, 1);
	ht_hops_window_last(hops(&feed), 2, 10, &window);
	assert_int_equal(window.rtt.last_ns, 31 * HT_MS);
	feed_done(&feed);
}

/* Balancing *****************************************************************/

static enum ht_balance
balance(struct feed *feed, unsigned *ret_routers)
{
	return ht_hops_balance(hops(feed), feed->n, ret_routers);
}

/* Share of runs of so many answers, by chance of so many routers, that tell. */
static double
power(unsigned flows, unsigned answers, unsigned routers)
{
	struct ht_rng rng;
	unsigned told = 0, n;

	for (unsigned seed = 0; seed < 500; seed++) {
		struct feed feed;

		ht_rng_init(&rng, seed);
		feed_init(&feed, flows, answers);
		for (unsigned k = 0; k < answers * flows; k++) {
			feed.now += HT_S;
			feed_answer(&feed, k % flows, HT_MS,
			    (unsigned)ht_rng_below(&rng, routers));
		}
		told += balance(&feed, &n) == HT_BALANCE_PACKET && n == routers;
		feed_done(&feed);
	}
	return told / 500.0;
}

static void
tells_per_packet_balancing(void **state)
{
	(void)state;
	/* The test is made to miss 2.5 %: 12 of 500, and 4 standard deviations. */
	assert_true(power(1, 64, 2) >= 0.947);
	assert_true(power(1, 64, 4) >= 0.947);
	assert_true(power(1, 30, 2) >= 0.94);
	assert_true(power(1, 19, 2) == 0); /* too few to say */
	assert_true(power(1, 20, 3) >= 0.94);
	assert_true(power(16, 10, 2) >= 0.94);
}

static void
tells_turns_from_chance_by_nothing(void **state)
{
	struct feed feed;
	unsigned n;

	(void)state;
	feed_init(&feed, 1, 200);
	for (unsigned k = 0; k < 20; k++)
		feed_answer(&feed, 0, HT_MS, k % 3);
	assert_int_equal(balance(&feed, &n), HT_BALANCE_PACKET);
	assert_int_equal(n, 3);
	feed_done(&feed);
}

/* Who answers late shows the way as well; what may be another's proves nothing. */
static void
tells_balancing_by_sure_answers(void **state)
{
	static const struct {
		enum ht_event_type type;
		enum ht_match match;
		enum ht_balance want;
	} rows[] = { { HT_EVENT_REPLY, HT_MATCH_EXACT, HT_BALANCE_PACKET },
		{ HT_EVENT_LATE, HT_MATCH_EXACT, HT_BALANCE_PACKET },
		{ HT_EVENT_REPLY, HT_MATCH_AMBIGUOUS, HT_BALANCE_NONE } };
	unsigned n;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct feed feed;
		struct ht_reply reply = { .kind = HT_REPLY_TIME_EXCEEDED,
			.match = (uint8_t)rows[i].match };

		feed_init(&feed, 1, 1);
		for (unsigned k = 0; k < 30; k++) {
			reply.from = router(k % 2);
			feed_reply(&feed, 0, rows[i].type, HT_MS, &reply);
		}
		assert_int_equal(balance(&feed, &n), rows[i].want);
		feed_done(&feed);
	}
}

/* What a flow hears from routers 0 and 1, oldest first, so often. */
static void
feed_row(struct feed *feed, unsigned flow, unsigned times, const char *row)
{
	for (; times > 0; times--)
		for (const char *r = row; *r != '\0'; r++)
			feed_answer(feed, flow, HT_MS, *r == '1');
}

static void
expect_balance(struct feed *feed, enum ht_balance want)
{
	unsigned n;

	assert_int_equal(balance(feed, &n), want);
	feed_done(feed);
}

/* The newest 64 answers, of which a tenth has to be another router's. */
static void
looks_at_so_many_answers(void **state)
{
	struct feed feed;

	(void)state;
	for (unsigned ones = 6; ones <= 7; ones++) {
		feed_init(&feed, 1, 200);
		feed_row(&feed, 0, 50, "0");
		feed_row(&feed, 0, ones, "01");
		feed_row(&feed, 0, 64 - 2 * ones, "0");
		expect_balance(&feed, ones == 7 ? HT_BALANCE_PACKET : HT_BALANCE_NONE);
	}
	/* Two are enough, of twenty. */
	feed_init(&feed, 1, 200);
	feed_row(&feed, 0, 1, "00000001000000100000");
	expect_balance(&feed, HT_BALANCE_PACKET);
}

/* Thirty answers if there are several flows, and ten of each. */
static void
needs_so_many_answers_of_several_flows(void **state)
{
	struct feed feed;

	(void)state;
	for (unsigned n = 14; n <= 15; n++) {
		feed_init(&feed, 2, 200);
		feed_row(&feed, 0, 1, "010101010101010");
		feed_row(&feed, 1, n / 2, "01");
		feed_row(&feed, 1, n % 2, "0");
		expect_balance(&feed, n == 15 ? HT_BALANCE_PACKET : HT_BALANCE_NONE);
	}
	feed_init(&feed, 4, 200);
	for (unsigned i = 0; i < 4; i++)
		feed_row(&feed, i, 1, "010101010");
	expect_balance(&feed, HT_BALANCE_NONE);
}

/* Ten of each in R runs: chance makes 11, and less than 6.7 once in forty times. */
static void
needs_so_many_runs(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, 1, 200);
	feed_row(&feed, 0, 1, "00011100011100011110");
	expect_balance(&feed, HT_BALANCE_PACKET);
	feed_init(&feed, 1, 200);
	feed_row(&feed, 0, 1, "00011100011100001111");
	expect_balance(&feed, HT_BALANCE_NONE);
}

/* Most of those that are answered have to keep to one router each. */
static void
half_of_the_flows_are_not_most(void **state)
{
	struct feed feed;

	(void)state;
	for (unsigned others = 1; others <= 2; others++) {
		feed_init(&feed, 4, 200);
		feed_row(&feed, 0, 1, "00000");
		feed_row(&feed, 1, 1, "11111");
		for (unsigned i = 0; i < others; i++)
			feed_row(&feed, 2 + i, 1, "0000");
		expect_balance(&feed, others == 1 ? HT_BALANCE_FLOW : HT_BALANCE_NONE);
	}
}

/* From one router to another, at every point of time, by one flow or many. */
static void
takes_no_change_for_balancing(void **state)
{
	unsigned n;

	(void)state;
	for (unsigned flows = 1; flows <= 16; flows += 5)
		for (unsigned at = 1; at < 80; at++) {
			struct feed feed;

			feed_init(&feed, flows, 160);
			for (unsigned k = 0; k < 80; k++) {
				for (unsigned i = 0; i < flows; i++)
					feed_answer(&feed, i, HT_MS, k >= at);
				if (balance(&feed, &n) != HT_BALANCE_NONE)
					fail_msg("%u flows, changed at %u, seen at %u",
					    flows, at, k);
			}
			feed_done(&feed);
		}
}

/*
 * Share of looks at a flapping route that take it for balancing.  Each way
 * lasts `least` probes and an exponential time with this mean.
 */
static double
mistaken(unsigned flows, unsigned least, double mean)
{
	struct ht_rng rng;
	unsigned told = 0, looks = 0, n;

	for (unsigned seed = 0; seed < 40; seed++) {
		struct feed feed;
		unsigned way = 0, left = 0;

		ht_rng_init(&rng, seed);
		feed_init(&feed, flows, 300);
		for (unsigned k = 0; k < 300; k++) {
			if (left-- == 0) {
				way = !way;
				left = least + (unsigned)ht_rng_exp(&rng, mean) - 1;
			}
			for (unsigned i = 0; i < flows; i++)
				feed_answer(&feed, i, HT_MS, way);
			told += balance(&feed, &n) == HT_BALANCE_PACKET;
			looks++;
		}
		feed_done(&feed);
	}
	return (double)told / looks;
}

static void
check_mistaken(unsigned flows, unsigned least, double mean, double most)
{
	double share = mistaken(flows, least, mean);

	print_message("# %u flows, ways last %u + %.0f probes: taken for per-packet in "
		      "%.2f %% of looks\n",
	    flows, least, mean, 100 * share);
	assert_true(share <= most);
}

static void
takes_no_flap_for_balancing(void **state)
{
	(void)state;
	check_mistaken(1, 4, 0.001, 0);
	check_mistaken(1, 4, 4, 0.005);
	check_mistaken(1, 5, 10, 0.002);
	check_mistaken(1, 10, 30, 0);
	check_mistaken(2, 4, 4, 0.005);
	check_mistaken(3, 4, 4, 0.005);
	check_mistaken(16, 4, 4, 0.005);
}

static void
check_blip(unsigned flows, unsigned at, unsigned length)
{
	struct feed feed;
	unsigned n;

	feed_init(&feed, flows, 100);
	for (unsigned k = 0; k < 60; k++) {
		bool is_blip = k >= at && k < at + length;

		for (unsigned i = 0; i < flows; i++)
			feed_answer(&feed, i, HT_MS, is_blip);
		if (balance(&feed, &n) != HT_BALANCE_NONE)
			fail_msg("%u flows, %u probes at %u, seen at %u", flows, length,
			    at, k);
	}
	feed_done(&feed);
}

/* A cycle or two by another way is no balancing, whoever looks. */
static void
takes_no_blip_for_balancing(void **state)
{
	static const unsigned flows[] = { 1, 2, 3, 4, 7, 16 };

	(void)state;
	for (unsigned at = 1; at < 40; at++)
		for (unsigned length = 1; length <= 5; length++)
			for (unsigned i = 0; i < 6; i++)
				check_blip(flows[i], at, length);
}

static void
tells_per_flow_balancing(void **state)
{
	struct feed feed;
	unsigned n;

	(void)state;
	feed_init(&feed, 16, 100);
	for (unsigned k = 0; k < 5; k++) {
		assert_int_equal(balance(&feed, &n), HT_BALANCE_NONE);
		for (unsigned i = 0; i < 16; i++)
			feed_answer(&feed, i, HT_MS, i * 7 % 4);
	}
	assert_int_equal(balance(&feed, &n), HT_BALANCE_FLOW);
	assert_int_equal(n, 4);
	feed_done(&feed);

	feed_init(&feed, 16, 100);
	for (unsigned k = 0; k < 5 * 16; k++)
		feed_answer(&feed, k % 16, HT_MS, 1);
	assert_int_equal(balance(&feed, &n), HT_BALANCE_NONE);
	assert_int_equal(n, 0);
	feed_done(&feed);
}

/* Two routers, packet by packet: never said to be by flow, from the start. */
static void
takes_no_packets_for_flows(void **state)
{
	struct ht_rng rng;
	unsigned told = 0, looks = 0, n;

	(void)state;
	for (unsigned seed = 0; seed < 100; seed++) {
		struct feed feed;

		ht_rng_init(&rng, seed);
		feed_init(&feed, 2 + seed % 15, 100);
		for (unsigned k = 0; k < 60; k++) {
			for (unsigned i = 0; i < feed.n; i++)
				feed_answer(
				    &feed, i, HT_MS, (unsigned)ht_rng_below(&rng, 2));
			told += balance(&feed, &n) == HT_BALANCE_FLOW;
			looks++;
		}
		feed_done(&feed);
	}
	print_message("# per packet taken for per flow in %.2f %% of looks\n",
	    100.0 * told / looks);
	assert_true(told * 1000 <= looks * 2);
}

/* Branches ******************************************************************/

static void
parts_flows_by_their_router(void **state)
{
	static const uint64_t want[4] = { 0x1111, 0x2222, 0x4444, 0x8888 };
	static struct ht_merged merged;
	struct ht_branch branches[16];
	const struct ht_hop *some[16];
	struct feed feed;

	(void)state;
	feed_init(&feed, 16, 100);
	for (unsigned k = 0; k < 10; k++)
		for (unsigned i = 0; i < 16; i++) {
			feed.now += HT_MS;
			if (i == 6 && k < 5)
				feed_lost(&feed, i);
			else
				feed_answer(&feed, i, (10 + i % 4) * HT_MS, i % 4);
		}
	assert_int_equal(ht_hops_branches(hops(&feed), 16, branches), 4);
	for (unsigned b = 0; b < 4; b++) {
		struct ht_addr addr = router(b);

		assert_int_equal(branches[b].flows, want[b]);
		assert_true(ht_addr_equal(&branches[b].addr, &addr));
		for (unsigned i = 0; i < 16; i++)
			some[i] = want[b] >> i & 1 ? feed.hops[i] : NULL;
		ht_hop_merge(some, 16, &merged);
		assert_int_equal(merged.hop.counts.sent, 40);
		assert_int_equal(merged.hop.counts.lost, b == 2 ? 5 : 0);
		oracle_close(merged.hop.rtt.mean_ns, (10.0L + b) * HT_MS);
		assert_int_equal(merged.hop.n_addrs, 1);
	}
	feed_done(&feed);
}

static void
shows_silence_beside_answers(void **state)
{
	struct ht_branch branches[5];
	struct feed feed;

	(void)state;
	feed_init(&feed, 5, 10);
	for (unsigned i = 0; i < 4; i++)
		feed_sent(&feed, i);
	/* Nobody has said anything: one branch that waits. */
	assert_int_equal(ht_hops_branches(hops(&feed), 5, branches), 1);
	assert_int_equal(branches[0].flows, 0xf);
	assert_int_equal(branches[0].addr.family, HT_FAMILY_NONE);

	feed_event(&feed, 0, HT_EVENT_LOST, -1, 0);
	feed_event(&feed, 1, HT_EVENT_REPLY, HT_MS, 1);
	feed_event(&feed, 3, HT_EVENT_LOST, -1, 0);
	assert_int_equal(ht_hops_branches(hops(&feed), 5, branches), 2);
	assert_int_equal(branches[0].flows, 0x2);
	assert_int_equal(branches[1].flows, 0x9);
	assert_int_equal(branches[1].addr.family, HT_FAMILY_NONE);
	feed_done(&feed);
}

static void
parts_no_flow_that_has_no_way_of_its_own(void **state)
{
	struct ht_branch branches[6];
	struct ht_rng rng;
	struct feed feed;

	(void)state;
	ht_rng_init(&rng, 3);
	feed_init(&feed, 6, 100);
	for (unsigned k = 0; k < 60; k++) {
		feed.now += HT_S;
		feed_answer(&feed, 0, HT_MS, 9);
		feed_answer(&feed, 5, HT_MS, 1); /* one of theirs, always */
		for (unsigned i = 1; i < 5; i++)
			feed_answer(
			    &feed, i, HT_MS, 1 + (unsigned)ht_rng_below(&rng, 2));
	}
	assert_int_equal(ht_hops_branches(hops(&feed), 6, branches), 2);
	assert_int_equal(branches[0].flows, 0x01);
	assert_int_equal(branches[1].flows, 0x3e);
	/* It goes by the name of its newest answer. */
	for (unsigned i = 5; i >= 1; i--) {
		struct ht_addr newest = router(1 + i % 2);

		feed.now += HT_S;
		feed_answer(&feed, i, HT_MS, 1 + i % 2);
		assert_int_equal(ht_hops_branches(hops(&feed), 6, branches), 2);
		assert_true(ht_addr_equal(&branches[1].addr, &newest));
	}
	feed_done(&feed);
}

/* A route that changed: the branch is where the flow goes now. */
static void
follows_a_flow_to_its_new_way(void **state)
{
	struct ht_branch branches[2];
	struct feed feed;

	(void)state;
	feed_init(&feed, 2, 100);
	for (unsigned k = 0; k < 40; k++) {
		feed_answer(&feed, 0, HT_MS, 1);
		feed_answer(&feed, 1, HT_MS, k < 30 ? 2 : 1);
	}
	assert_int_equal(ht_hops_branches(hops(&feed), 2, branches), 1);
	assert_int_equal(branches[0].flows, 0x3);
	feed_done(&feed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_samples_as_if_they_were_one_hops),
		cmocka_unit_test(has_no_jitter_across_flows),
		cmocka_unit_test(weighs_interarrival_jitter),
		cmocka_unit_test(adds_counts_and_says_the_newest),
		cmocka_unit_test(keeps_answers_by_address),
		cmocka_unit_test(counts_what_the_table_does_not_hold),
		cmocka_unit_test(counts_what_no_table_holds),
		cmocka_unit_test(says_of_all_flows_the_newest),
		cmocka_unit_test(lists_addresses_as_they_appeared),
		cmocka_unit_test(merges_nothing_to_nothing),
		cmocka_unit_test(lists_probes_in_sending_order),
		cmocka_unit_test(sums_windows_of_each_flow),
		cmocka_unit_test(tells_per_packet_balancing),
		cmocka_unit_test(tells_turns_from_chance_by_nothing),
		cmocka_unit_test(tells_balancing_by_sure_answers),
		cmocka_unit_test(looks_at_so_many_answers),
		cmocka_unit_test(needs_so_many_answers_of_several_flows),
		cmocka_unit_test(needs_so_many_runs),
		cmocka_unit_test(half_of_the_flows_are_not_most),
		cmocka_unit_test(takes_no_change_for_balancing),
		cmocka_unit_test(takes_no_flap_for_balancing),
		cmocka_unit_test(takes_no_blip_for_balancing),
		cmocka_unit_test(tells_per_flow_balancing),
		cmocka_unit_test(takes_no_packets_for_flows),
		cmocka_unit_test(parts_flows_by_their_router),
		cmocka_unit_test(shows_silence_beside_answers),
		cmocka_unit_test(parts_no_flow_that_has_no_way_of_its_own),
		cmocka_unit_test(follows_a_flow_to_its_new_way),
	};

	return cmocka_run_group_tests_name("flows", tests, NULL, NULL);
}
