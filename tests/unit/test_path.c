/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <inttypes.h>
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

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What the allocator was asked for, by this program and the library. */
static unsigned allocations, frees;
static size_t allocated_bytes;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void __real_free(void *p);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

void *
__wrap_malloc(size_t size)
{
	allocations++;
	allocated_bytes += size;
	return __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	allocated_bytes += n * size;
	return __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	allocations++;
	allocated_bytes += size;
	return __real_realloc(p, size);
}

void
__wrap_free(void *p)
{
	frees++;
	__real_free(p);
}

/* An engine of the simplest kind: it numbers probes and says what it is told. */
struct feed {
	struct ht_path *path;
	ht_time now;
	uint32_t next_seq[HT_TTL_MAX + 1];
};

static void
feed_init(struct feed *feed, unsigned max_ttl, size_t history)
{
	*feed = (struct feed){ .path = ht_path_new(max_ttl, history),
		.now = 1000 * HT_S };
	assert_non_null(feed->path);
}

/* 10.0.TTL.HOST */
static struct ht_addr
router(unsigned ttl, unsigned host)
{
	const uint8_t bytes[4] = { 10, 0, (uint8_t)ttl, (uint8_t)host };

	return ht_addr_ip4(bytes);
}

static uint32_t
feed_sent(struct feed *feed, unsigned ttl)
{
	uint32_t seq = feed->next_seq[ttl]++;
	struct ht_event ev = { .type = HT_EVENT_SENT,
		.ttl = (uint8_t)ttl,
		.seq = seq,
		.at = feed->now,
		.rtt_ns = -1 };

	ht_path_event(feed->path, &ev);
	return seq;
}

static void
feed_failed(struct feed *feed, unsigned ttl, uint32_t seq, int error)
{
	struct ht_event ev = { .type = HT_EVENT_FAILED,
		.ttl = (uint8_t)ttl,
		.seq = seq,
		.at = feed->now,
		.rtt_ns = -1,
		.error = error };

	ht_path_event(feed->path, &ev);
}

static void
feed_lost(struct feed *feed, unsigned ttl, uint32_t seq)
{
	struct ht_event ev = { .type = HT_EVENT_LOST,
		.ttl = (uint8_t)ttl,
		.seq = seq,
		.at = feed->now,
		.rtt_ns = -1 };

	ht_path_event(feed->path, &ev);
}

/* REPLY, LATE or DUPLICATE from router(ttl, host). */
static void
feed_answer_as(struct feed *feed, enum ht_event_type type, enum ht_match match,
    unsigned ttl, uint32_t seq, int64_t rtt_ns, unsigned host)
{
	struct ht_reply reply = { .kind = HT_REPLY_TIME_EXCEEDED,
		.match = (uint8_t)match,
		.icmp_type = 11,
		.from = router(ttl, host),
		.reply_ttl = 60 };
	struct ht_event ev = { .type = (uint8_t)type,
		.ttl = (uint8_t)ttl,
		.seq = seq,
		.at = feed->now,
		.rtt_ns = rtt_ns,
		.reply = &reply };

	ht_path_event(feed->path, &ev);
}

static void
feed_reply(struct feed *feed, unsigned ttl, uint32_t seq, int64_t rtt_ns, unsigned host)
{
	feed_answer_as(feed, HT_EVENT_REPLY, HT_MATCH_EXACT, ttl, seq, rtt_ns, host);
}

static void
feed_late(struct feed *feed, unsigned ttl, uint32_t seq, int64_t rtt_ns)
{
	feed_answer_as(feed, HT_EVENT_LATE, HT_MATCH_EXACT, ttl, seq, rtt_ns, 1);
}

/* One second: a probe to ttl that router(ttl, host) answers. */
static void
feed_round(struct feed *feed, unsigned ttl, unsigned host)
{
	feed->now += HT_S;
	feed_reply(feed, ttl, feed_sent(feed, ttl), 10 * HT_MS, host);
}

static void
feed_end(struct feed *feed, unsigned ttl, enum ht_stop stop)
{
	struct ht_event ev = { .type = HT_EVENT_END,
		.ttl = (uint8_t)ttl,
		.at = feed->now,
		.rtt_ns = -1,
		.stop = (uint8_t)stop };

	ht_path_event(feed->path, &ev);
}

static void
feed_reset(struct feed *feed)
{
	struct ht_event ev = { .type = HT_EVENT_MARK,
		.mark = HT_MARK_RESET,
		.at = feed->now,
		.rtt_ns = -1 };

	ht_path_event(feed->path, &ev);
}

/* sent received pending lost late duplicate failed */
static void
assert_counts(const struct ht_counts *got, const uint64_t want[7])
{
	const uint64_t have[7] = { got->sent, got->received, got->pending, got->lost,
		got->late, got->duplicate, got->failed };

	assert_int_equal(
	    got->sent, got->received + got->pending + got->lost + got->late);
	for (int i = 0; i < 7; i++)
		if (have[i] != want[i])
			fail_msg("count %d is %" PRIu64 ", not %" PRIu64, i, have[i],
			    want[i]);
}

#define ASSERT_COUNTS(hop, ...)                                                        \
	assert_counts(&(hop)->counts, (const uint64_t[7]){ __VA_ARGS__ })

static uint8_t
sample_state(const struct ht_hop *hop, size_t back)
{
	struct ht_sample sample;

	assert_true(ht_hop_sample(hop, back, &sample));
	return sample.state;
}

static void
test_each_count(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, 8, 64);
	assert_null(ht_path_hop(feed.path, 4));
	uint32_t answered = feed_sent(&feed, 4);
	const struct ht_hop *hop = ht_path_hop(feed.path, 4);
	ASSERT_COUNTS(hop, 1, 0, 1, 0, 0, 0, 0);
	feed_reply(&feed, 4, answered, 7 * HT_MS, 1);
	ASSERT_COUNTS(hop, 1, 1, 0, 0, 0, 0, 0);
	feed_answer_as(
	    &feed, HT_EVENT_DUPLICATE, HT_MATCH_EXACT, 4, answered, HT_MS, 1);
	ASSERT_COUNTS(hop, 1, 1, 0, 0, 0, 1, 0);

	uint32_t lost = feed_sent(&feed, 4);
	feed_lost(&feed, 4, lost);
	ASSERT_COUNTS(hop, 2, 1, 0, 1, 0, 1, 0);
	assert_int_equal(sample_state(hop, 0), HT_SAMPLE_LOST);
	feed_late(&feed, 4, lost, 4 * HT_S);
	ASSERT_COUNTS(hop, 2, 1, 0, 0, 1, 1, 0);
	assert_int_equal(sample_state(hop, 0), HT_SAMPLE_LATE);
	feed_late(&feed, 4, feed_sent(&feed, 4), 5 * HT_S);
	ASSERT_COUNTS(hop, 3, 1, 0, 0, 2, 1, 0);

	feed_failed(&feed, 4, feed.next_seq[4], ENETUNREACH);
	ASSERT_COUNTS(hop, 3, 1, 0, 0, 2, 1, 1);
	assert_int_equal(hop->last_error, ENETUNREACH);
	assert_int_equal(hop->last_error_at, feed.now);
	assert_int_equal(sample_state(hop, 0), HT_SAMPLE_FAILED);
	assert_int_equal(hop->rtt.n, 1);
	assert_int_equal(hop->hist->n, 1);
	assert_int_equal(hop->addrs[0].replies, 3);
	assert_int_equal(hop->addrs[0].rtt.n, 1);
	ht_path_free(feed.path);
}

static void
test_failed_keeps_its_seq(void **state)
{
	struct feed feed;
	struct ht_sample sample;

	(void)state;
	feed_init(&feed, 1, 64);
	for (int i = 0; i < 3; i++)
		feed_failed(&feed, 1, 0, EPERM);
	uint32_t seq = feed_sent(&feed, 1);
	assert_int_equal(seq, 0);
	for (int i = 0; i < 5; i++)
		feed_failed(&feed, 1, 1, EPERM);
	feed_sent(&feed, 1);
	feed_reply(&feed, 1, seq, 3 * HT_MS, 1);

	const struct ht_hop *hop = ht_path_hop(feed.path, 1);
	ASSERT_COUNTS(hop, 2, 1, 1, 0, 0, 0, 8);
	assert_int_equal(ht_hop_samples(hop), 10);
	assert_true(ht_hop_sample(hop, 6, &sample));
	assert_int_equal(sample.state, HT_SAMPLE_RECEIVED);
	assert_int_equal(sample.rtt_ns, 3 * HT_MS);
	assert_int_equal(sample_state(hop, 0), HT_SAMPLE_PENDING);
	ht_path_free(feed.path);
}

/* A record that answers a probe twice must not answer a failed one. */
static void
test_answered_twice(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, 1, 64);
	feed_failed(&feed, 1, 0, EPERM);
	feed_sent(&feed, 1);
	feed_reply(&feed, 1, 0, 3 * HT_MS, 1);
	feed_reply(&feed, 1, 0, 3 * HT_MS, 1);

	const struct ht_hop *hop = ht_path_hop(feed.path, 1);
	assert_int_equal(hop->counts.received, 1);
	assert_int_equal(sample_state(hop, 0), HT_SAMPLE_RECEIVED);
	assert_int_equal(sample_state(hop, 1), HT_SAMPLE_FAILED);
	ht_path_free(feed.path);
}

/* The system may refuse a probe after send() has taken it. */
static void
test_refused_after_sent(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, 1, 64);
	uint32_t seq = feed_sent(&feed, 1);
	feed_sent(&feed, 1);
	feed_failed(&feed, 1, seq, EHOSTUNREACH);

	const struct ht_hop *hop = ht_path_hop(feed.path, 1);
	ASSERT_COUNTS(hop, 1, 0, 1, 0, 0, 0, 1);
	assert_int_equal(ht_hop_samples(hop), 2);
	assert_int_equal(sample_state(hop, 1), HT_SAMPLE_FAILED);
	ht_path_free(feed.path);
}

static void
test_ambiguous(void **state)
{
	struct feed feed;
	struct ht_sample sample;
	struct ht_window *win = malloc(sizeof(*win));

	(void)state;
	assert_non_null(win);
	feed_init(&feed, 1, 64);
	for (int i = 0; i < 20; i++)
		feed_answer_as(&feed, HT_EVENT_REPLY, HT_MATCH_AMBIGUOUS, 1,
		    feed_sent(&feed, 1), 9 * HT_MS, 1);

	const struct ht_hop *hop = ht_path_hop(feed.path, 1);
	ASSERT_COUNTS(hop, 20, 20, 0, 0, 0, 0, 0);
	assert_int_equal(hop->rtt.n, 0);
	assert_int_equal(hop->hist->n, 0);
	assert_int_equal(hop->addrs[0].rtt.n, 0);
	assert_int_equal(hop->addrs[0].replies, 20);
	assert_int_equal(hop->ambiguous, 20);
	assert_int_equal(hop->mapped, 0);
	assert_true(ht_hop_sample(hop, 0, &sample));
	assert_false(sample.has_rtt);
	ht_hop_window_last(hop, 10, win);
	assert_int_equal(win->counts.received, 10);
	assert_int_equal(win->rtt.n, 0);

	/* Known by the address is known well enough; a reset begins anew. */
	feed_answer_as(&feed, HT_EVENT_REPLY, HT_MATCH_MAPPED, 1, feed_sent(&feed, 1),
	    9 * HT_MS, 1);
	assert_int_equal(hop->mapped, 1);
	assert_int_equal(hop->rtt.n, 1);
	ht_path_event(feed.path,
	    &(struct ht_event){ .type = HT_EVENT_MARK, .mark = HT_MARK_RESET });
	assert_int_equal(hop->mapped + hop->ambiguous, 0);
	free(win);
	ht_path_free(feed.path);
}

static void
test_out_of_order(void **state)
{
	static const int64_t rtts[] = { 40 * HT_MS, 30 * HT_MS, 20 * HT_MS,
		50 * HT_MS };
	static const int64_t arrived[] = { 20 * HT_MS, 50 * HT_MS, 30 * HT_MS,
		40 * HT_MS };
	static const uint32_t order[] = { 2, 3, 1, 0 };
	struct ht_window *win = malloc(sizeof(*win));
	struct ht_sample sample;
	struct feed feed;

	(void)state;
	assert_non_null(win);
	feed_init(&feed, 2, 64);
	for (int i = 0; i < 4; i++)
		feed_sent(&feed, 2);
	for (int i = 0; i < 4; i++)
		feed_reply(&feed, 2, order[i], rtts[order[i]], 1);

	const struct ht_hop *hop = ht_path_hop(feed.path, 2);
	oracle_check(&hop->rtt, arrived, 4); /* running: as they arrived */
	ht_hop_window_last(hop, 4, win);
	oracle_check(&win->rtt, rtts, 4); /* window: as they were sent */
	for (size_t i = 0; i < 4; i++) {
		assert_true(ht_hop_sample(hop, 3 - i, &sample));
		assert_int_equal(sample.rtt_ns, rtts[i]);
	}
	free(win);
	ht_path_free(feed.path);
}

/* Counts stay right for probes that have left the history. */
static void
test_forgotten_probes(void **state)
{
	enum {
		HISTORY = 64,
		SENT = 1000
	};
	struct feed feed;

	(void)state;
	feed_init(&feed, 1, HISTORY);
	for (int i = 0; i < SENT; i++)
		feed_sent(&feed, 1);
	const struct ht_hop *hop = ht_path_hop(feed.path, 1);
	assert_int_equal(ht_hop_samples(hop), HISTORY);
	feed_reply(&feed, 1, 0, HT_MS, 1);
	feed_lost(&feed, 1, 1);
	feed_lost(&feed, 1, 2);
	ASSERT_COUNTS(hop, SENT, 1, SENT - 3, 2, 0, 0, 0);
	feed_late(&feed, 1, 2, 4 * HT_S);
	ASSERT_COUNTS(hop, SENT, 1, SENT - 3, 1, 1, 0, 0);
	feed_late(&feed, 1, 3, 4 * HT_S); /* was still pending */
	ASSERT_COUNTS(hop, SENT, 1, SENT - 4, 1, 2, 0, 0);
	for (size_t i = 0; i < HISTORY; i++)
		assert_int_equal(sample_state(hop, i), HT_SAMPLE_PENDING);
	feed_reply(&feed, 1, SENT - HISTORY, HT_MS, 1); /* the oldest that is kept */
	feed_reply(&feed, 1, SENT - HISTORY - 1, HT_MS, 1);
	assert_int_equal(sample_state(hop, HISTORY - 1), HT_SAMPLE_RECEIVED);
	assert_int_equal(sample_state(hop, HISTORY - 2), HT_SAMPLE_PENDING);
	struct ht_sample sample;
	assert_false(ht_hop_sample(hop, HISTORY, &sample));
	ht_path_free(feed.path);
}

/* An answer so old that its place in the bitmap is another probe's by now. */
static void
test_very_old_answer(void **state)
{
	enum {
		SENT = 10000
	};
	struct feed feed;

	(void)state;
	feed_init(&feed, 1, 64);
	feed_lost(&feed, 1, feed_sent(&feed, 1));
	for (int i = 1; i < SENT; i++)
		feed_sent(&feed, 1);
	feed_late(&feed, 1, 0, 100 * HT_S);
	const struct ht_hop *hop = ht_path_hop(feed.path, 1);
	ASSERT_COUNTS(hop, SENT, 0, SENT - 1, 0, 1, 0, 0);
	for (uint32_t seq = 1; seq < SENT; seq++)
		feed_lost(&feed, 1, seq);
	ASSERT_COUNTS(hop, SENT, 0, 0, SENT - 1, 1, 0, 0);
	ht_path_free(feed.path);
}

static void
test_reset(void **state)
{
	struct ht_window *win = malloc(sizeof(*win));
	struct feed feed;

	(void)state;
	assert_non_null(win);
	feed_init(&feed, 3, 64);
	for (int i = 0; i < 10; i++)
		feed_round(&feed, 2, 1);
	uint32_t answered = feed_sent(&feed, 2), lost = feed_sent(&feed, 2);
	uint32_t late = feed_sent(&feed, 2), late2 = feed_sent(&feed, 2);
	feed_lost(&feed, 2, late);
	feed.now += 10;
	feed_reset(&feed);

	const struct ht_hop *hop = ht_path_hop(feed.path, 2);
	ASSERT_COUNTS(hop, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(ht_path_since(feed.path), feed.now);
	assert_int_equal(hop->n_addrs, 1);
	assert_int_equal(hop->addr_index, 0);
	assert_int_equal(hop->addrs[0].replies, 0);
	assert_int_equal(hop->addrs[0].rtt.n, 0);
	assert_int_equal(ht_hop_samples(hop), 14);

	feed_reply(&feed, 2, answered, 5 * HT_MS, 1);
	feed_lost(&feed, 2, lost);
	feed_late(&feed, 2, late, 5 * HT_S);
	feed_late(&feed, 2, late2, 5 * HT_S);
	feed_answer_as(&feed, HT_EVENT_DUPLICATE, HT_MATCH_EXACT, 2, 3, HT_MS, 1);
	ASSERT_COUNTS(hop, 0, 0, 0, 0, 0, 0, 0);
	assert_int_equal(hop->rtt.n, 0);
	assert_int_equal(hop->hist->n, 0);
	assert_int_equal(hop->addrs[0].replies, 0);
	assert_int_equal(sample_state(hop, 3), HT_SAMPLE_RECEIVED);
	assert_int_equal(sample_state(hop, 2), HT_SAMPLE_LOST);
	assert_int_equal(sample_state(hop, 1), HT_SAMPLE_LATE);
	assert_int_equal(sample_state(hop, 0), HT_SAMPLE_LATE);
	ht_hop_window_last(hop, 100, win);
	assert_int_equal(win->counts.sent, 0);

	feed_round(&feed, 2, 1);
	ASSERT_COUNTS(hop, 1, 1, 0, 0, 0, 0, 0);
	ht_hop_window_last(hop, 100, win);
	assert_int_equal(win->counts.sent, 1);
	assert_int_equal(win->rtt.n, 1);
	free(win);
	ht_path_free(feed.path);
}

static void
test_many_addresses(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, 5, 64);
	for (unsigned host = 0; host < 40; host++)
		for (unsigned i = 0; i <= host % 3; i++)
			feed_round(&feed, 5, host);

	const struct ht_hop *hop = ht_path_hop(feed.path, 5);
	uint64_t replies = hop->other_addr_replies;
	assert_int_equal(hop->n_addrs, HT_HOP_ADDRS_MAX);
	for (unsigned i = 0; i < HT_HOP_ADDRS_MAX; i++) {
		struct ht_addr want = router(5, i);
		assert_true(ht_addr_equal(&hop->addrs[i].addr, &want));
		assert_int_equal(hop->addrs[i].replies, i % 3 + 1);
		assert_int_equal(hop->addrs[i].rtt.n, i % 3 + 1);
		assert_int_equal(
		    hop->addrs[i].last_at - hop->addrs[i].first_at, i % 3 * HT_S);
		replies += hop->addrs[i].replies;
	}
	assert_int_equal(replies, hop->counts.received);
	struct ht_sample sample;
	assert_true(ht_hop_sample(hop, 0, &sample));
	assert_int_equal(sample.addr_index, 255);
	assert_true(ht_hop_sample(hop, ht_hop_samples(hop) - 1, &sample));
	assert_in_range(sample.addr_index, 0, 15);
	ht_path_free(feed.path);
}

static void
test_newest_answer(void **state)
{
	struct feed feed;
	struct ht_extensions ext = { .n_mpls = 1, .mpls = { { .label = 16001 } } };
	struct ht_reply reply = { .kind = HT_REPLY_UNREACHABLE,
		.match = HT_MATCH_EXACT,
		.icmp_type = 3,
		.icmp_code = 13,
		.mtu = 1400,
		.from = router(1, 9),
		.tx_stamp = HT_STAMP_USER,
		.rx_stamp = HT_STAMP_KERNEL,
		.reply_ttl = 250,
		.ext = &ext };
	struct ht_event ev = {
		.type = HT_EVENT_REPLY, .ttl = 1, .rtt_ns = HT_MS, .reply = &reply
	};

	(void)state;
	feed_init(&feed, 1, 64);
	feed_sent(&feed, 1);
	const struct ht_hop *hop = ht_path_hop(feed.path, 1);
	assert_int_equal(hop->reply_kind, HT_REPLY_NONE);
	assert_int_equal(hop->reply_ttl, -1);
	assert_int_equal(hop->addr_index, -1);
	ht_path_event(feed.path, &ev);
	assert_int_equal(hop->reply_kind, HT_REPLY_UNREACHABLE);
	assert_int_equal(hop->icmp_type * 100 + hop->icmp_code, 313);
	assert_int_equal(hop->mtu, 1400);
	assert_int_equal(hop->rx_stamp, HT_STAMP_KERNEL);
	assert_int_equal(hop->reply_ttl, 250);
	feed_round(&feed, 1, 1);
	assert_int_equal(hop->reply_kind, HT_REPLY_TIME_EXCEEDED);
	assert_int_equal(hop->mtu, 0);
	assert_int_equal(hop->addr_index, 1);
	assert_true(hop->has_ext); /* the newest that had any */
	assert_int_equal(hop->ext.mpls[0].label, 16001);
	ht_path_free(feed.path);
}

/*
 * Random events at one hop, and all of them remembered: the path must agree
 * with what can be computed from that memory.
 */
enum {
	SHADOW_MAX = 60000,
	SHADOW_HISTORY = 2000
};

struct shadow_probe {
	ht_time at;
	int64_t rtt_ns;
	uint32_t seq;
	uint8_t state;
	bool is_ambiguous;
	unsigned era; /* number of resets before it */
};

struct shadow {
	struct feed feed;
	struct ht_rng rng;
	struct shadow_probe *probes; /* in sending order, failed ones included */
	size_t n;
	size_t oldest_open; /* all before it are settled for good */
	unsigned era;
	uint64_t duplicates; /* of this era */
	int64_t *arrived;    /* RTTs of this era in order of arrival */
	size_t n_arrived;
};

static void
shadow_send(struct shadow *sh)
{
	bool fails = ht_rng_below(&sh->rng, 10) == 0;
	size_t burst = fails ? 1 + (size_t)ht_rng_below(&sh->rng, 8) : 1;

	for (size_t i = 0; i < burst && sh->n < SHADOW_MAX; i++) {
		struct shadow_probe *probe = &sh->probes[sh->n++];
		sh->feed.now += (ht_time)ht_rng_below(&sh->rng, (uint64_t)HT_S);
		*probe = (struct shadow_probe){ .at = sh->feed.now,
			.rtt_ns = -1,
			.seq = sh->feed.next_seq[1],
			.era = sh->era };
		probe->state = fails ? HT_SAMPLE_FAILED : HT_SAMPLE_PENDING;
		if (fails)
			feed_failed(&sh->feed, 1, probe->seq, ENOBUFS);
		else
			feed_sent(&sh->feed, 1);
	}
}

static void
shadow_answer(struct shadow *sh, struct shadow_probe *probe, bool is_late)
{
	probe->state = is_late ? HT_SAMPLE_LATE : HT_SAMPLE_RECEIVED;
	probe->rtt_ns = (int64_t)ht_rng_below(&sh->rng, (uint64_t)(9 * HT_S));
	probe->is_ambiguous = ht_rng_below(&sh->rng, 20) == 0;
	feed_answer_as(&sh->feed, is_late ? HT_EVENT_LATE : HT_EVENT_REPLY,
	    probe->is_ambiguous ? HT_MATCH_AMBIGUOUS : HT_MATCH_EXACT, 1, probe->seq,
	    probe->rtt_ns, 1);
	if (!is_late && !probe->is_ambiguous && probe->era == sh->era)
		sh->arrived[sh->n_arrived++] = probe->rtt_ns;
}

/* Something happens to a probe of the newest 3000, further back than the ring. */
static void
shadow_settle(struct shadow *sh)
{
	size_t reach = sh->n < 3000 ? sh->n : 3000;
	struct shadow_probe *probe =
	    &sh->probes[sh->n - 1
			- (ht_rng_below(&sh->rng, 4) == 0
				? ht_rng_below(&sh->rng, reach)
				: ht_rng_below(&sh->rng, reach < 20 ? reach : 20))];
	uint64_t what = ht_rng_below(&sh->rng, 10);

	if (probe->state == HT_SAMPLE_PENDING && what < 6) {
		shadow_answer(sh, probe, false);
	} else if (probe->state == HT_SAMPLE_PENDING && what < 9) {
		probe->state = HT_SAMPLE_LOST;
		feed_lost(&sh->feed, 1, probe->seq);
	} else if (probe->state == HT_SAMPLE_PENDING
		   || probe->state == HT_SAMPLE_LOST) {
		shadow_answer(sh, probe, true);
	} else if (probe->state != HT_SAMPLE_FAILED) {
		feed_answer_as(&sh->feed, HT_EVENT_DUPLICATE, HT_MATCH_EXACT, 1,
		    probe->seq, HT_S, 1);
		sh->duplicates += probe->era == sh->era;
	}
}

static void
shadow_step(struct shadow *sh)
{
	if (ht_rng_below(&sh->rng, 20000) == 0) {
		feed_reset(&sh->feed);
		sh->era++;
		sh->duplicates = 0;
		sh->n_arrived = 0;
	}
	if (sh->n == 0 || ht_rng_below(&sh->rng, 2) == 0)
		shadow_send(sh);
	else
		shadow_settle(sh);
}

/* Counts and RTTs of probes[first..end) of this era. */
static size_t
shadow_fold(const struct shadow *sh, size_t first, size_t end, struct ht_counts *counts,
    int64_t *rtts)
{
	size_t n = 0;

	*counts = (struct ht_counts){ .sent = 0 };
	for (size_t i = first; i < end; i++) {
		const struct shadow_probe *probe = &sh->probes[i];
		if (probe->era != sh->era)
			continue;
		counts->sent += probe->state != HT_SAMPLE_FAILED;
		counts->failed += probe->state == HT_SAMPLE_FAILED;
		counts->pending += probe->state == HT_SAMPLE_PENDING;
		counts->lost += probe->state == HT_SAMPLE_LOST;
		counts->late += probe->state == HT_SAMPLE_LATE;
		counts->received += probe->state == HT_SAMPLE_RECEIVED;
		if (probe->state == HT_SAMPLE_RECEIVED && !probe->is_ambiguous)
			rtts[n++] = probe->rtt_ns;
	}
	return n;
}

static void
check_window(const struct shadow *sh, const struct ht_window *win, size_t first,
    size_t end, int64_t *rtts)
{
	struct ht_counts want;
	size_t n = shadow_fold(sh, first, end, &want, rtts);
	int64_t got;

	assert_memory_equal(&win->counts, &want, sizeof(want));
	oracle_check(&win->rtt, rtts, n);
	assert_int_equal(win->hist.n, n);
	if (n == 0)
		return;
	qsort(rtts, n, sizeof(*rtts), oracle_by_value);
	assert_int_equal(win->rtt.best_ns, rtts[0]);
	assert_int_equal(win->rtt.worst_ns, rtts[n - 1]);
	assert_true(ht_hist_quantile(&win->hist, 0.95, &got));
	int64_t exact = rtts[(95 * n + 99) / 100 - 1];
	assert_true(imaxabs(got - exact) * 100 <= exact);
}

static void
check_windows(struct shadow *sh, struct ht_window *win, int64_t *rtts)
{
	static const size_t sizes[] = { 0, 1, 10, 60, 1000, SHADOW_HISTORY, SIZE_MAX };
	const struct ht_hop *hop = ht_path_hop(sh->feed.path, 1);
	size_t kept = sh->n < SHADOW_HISTORY ? sh->n : SHADOW_HISTORY;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ht_hop_window_last(hop, sizes[i], win);
		check_window(
		    sh, win, sh->n - (sizes[i] < kept ? sizes[i] : kept), sh->n, rtts);
	}
	for (int i = 0; i < 10; i++) {
		size_t first = sh->n - kept + (size_t)ht_rng_below(&sh->rng, kept);
		size_t end = first + (size_t)ht_rng_below(&sh->rng, sh->n - first);
		/* The beginning belongs to the span, its end does not. */
		while (first > sh->n - kept
		       && sh->probes[first - 1].at == sh->probes[first].at)
			first--;
		while (end > first && sh->probes[end - 1].at == sh->probes[end].at)
			end--;
		ht_hop_window_span(hop, sh->probes[first].at, sh->probes[end].at, win);
		check_window(sh, win, first, end, rtts);
	}
	ht_hop_window_span(hop, INT64_MIN, INT64_MAX, win);
	check_window(sh, win, sh->n - kept, sh->n, rtts);
	ht_hop_window_span(hop, sh->feed.now, sh->feed.now - HT_S, win);
	assert_int_equal(win->counts.sent, 0);
}

static void
check_samples(const struct shadow *sh)
{
	const struct ht_hop *hop = ht_path_hop(sh->feed.path, 1);
	struct ht_sample got;

	for (size_t back = 0; back < ht_hop_samples(hop); back++) {
		const struct shadow_probe *want = &sh->probes[sh->n - 1 - back];
		bool is_answered = want->rtt_ns >= 0;
		assert_true(ht_hop_sample(hop, back, &got));
		assert_int_equal(got.state, want->state);
		assert_int_equal(got.at, want->at);
		assert_int_equal(got.rtt_ns, want->rtt_ns);
		assert_int_equal(got.has_rtt, is_answered && !want->is_ambiguous);
		assert_int_equal(got.addr_index, is_answered ? 0 : 255);
	}
}

static void
test_random_against_shadow(void **state)
{
	struct ht_window *win = malloc(sizeof(*win));
	int64_t *rtts = malloc(SHADOW_MAX * sizeof(*rtts));
	struct shadow sh = { .probes = malloc(SHADOW_MAX * sizeof(*sh.probes)),
		.arrived = malloc(SHADOW_MAX * sizeof(*sh.arrived)) };
	struct ht_counts want;

	(void)state;
	assert_true(
	    win != NULL && rtts != NULL && sh.probes != NULL && sh.arrived != NULL);
	feed_init(&sh.feed, 1, SHADOW_HISTORY);
	ht_rng_init(&sh.rng, 20);
	for (unsigned step = 1; sh.n < SHADOW_MAX; step++) {
		shadow_step(&sh);
		if (step % 2500 != 0)
			continue;
		const struct ht_hop *hop = ht_path_hop(sh.feed.path, 1);
		shadow_fold(&sh, 0, sh.n, &want, rtts);
		want.duplicate = sh.duplicates;
		assert_memory_equal(&hop->counts, &want, sizeof(want));
		oracle_check(&hop->rtt, sh.arrived, sh.n_arrived);
		assert_int_equal(hop->hist->n, sh.n_arrived);
		check_samples(&sh);
		check_windows(&sh, win, rtts);
	}
	assert_true(sh.era >= 2);
	free(win);
	free(rtts);
	free(sh.probes);
	free(sh.arrived);
	ht_path_free(sh.feed.path);
}

static void
test_shape(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, 20, 64);
	assert_int_equal(ht_path_first(feed.path), 0);
	assert_int_equal(ht_path_last(feed.path), 0);
	for (unsigned ttl = 3; ttl <= 8; ttl++)
		feed_sent(&feed, ttl);
	assert_int_equal(ht_path_first(feed.path), 3);
	assert_int_equal(ht_path_last(feed.path), 3);
	feed_reply(&feed, 5, 0, HT_MS, 1);
	assert_int_equal(ht_path_last(feed.path), 6);
	feed_reply(&feed, 8, 0, HT_MS, 1);
	assert_int_equal(ht_path_last(feed.path), 8);
	feed_end(&feed, 7, HT_STOP_DESTINATION);
	assert_int_equal(ht_path_last(feed.path), 7);
	assert_int_equal(ht_path_stop(feed.path), HT_STOP_DESTINATION);
	assert_true(ht_path_is_reached(feed.path));
	feed_round(&feed, 9, 1); /* beyond the end: not looked at */
	assert_int_equal(ht_path_last(feed.path), 7);
	feed_end(&feed, 0, HT_STOP_NONE);
	assert_int_equal(ht_path_last(feed.path), 8);
	assert_false(ht_path_is_reached(feed.path));
	feed_end(&feed, 7, HT_STOP_UNREACHABLE);
	assert_false(ht_path_is_reached(feed.path));
	assert_int_equal(ht_path_epoch(feed.path), 0);
	assert_null(ht_path_hop(feed.path, 2));
	assert_null(ht_path_hop(feed.path, 0));
	assert_null(ht_path_hop(feed.path, 21));
	assert_int_equal(ht_path_cycles(feed.path), 1);
	feed_round(&feed, 4, 1);
	feed_round(&feed, 4, 1);
	assert_int_equal(ht_path_cycles(feed.path), 3);
	assert_int_equal(ht_path_since(feed.path), 1000 * HT_S);
	ht_path_free(feed.path);
}

static void
test_route_change(void **state)
{
	struct feed feed;
	struct ht_path_change change;

	(void)state;
	feed_init(&feed, 6, 64);
	for (int i = 0; i < 20; i++)
		for (unsigned ttl = 1; ttl <= 6; ttl++)
			feed_round(&feed, ttl, 1);
	assert_false(ht_path_change(feed.path, 0, &change));
	ht_time begin = feed.now;
	for (int i = 0; i < 2; i++)
		for (unsigned ttl = 3; ttl <= 6; ttl++)
			feed_round(&feed, ttl, ttl == 6 ? 1 : 2);
	assert_int_equal(ht_path_epoch(feed.path), 0);
	for (unsigned ttl = 3; ttl <= 6; ttl++)
		feed_round(&feed, ttl, ttl == 6 ? 1 : 2);

	/* Three hops at once: one epoch, which began with the first new answer. */
	assert_int_equal(ht_path_epoch(feed.path), 1);
	assert_int_equal(ht_path_epoch_since(feed.path), begin + HT_S);
	for (unsigned back = 0; back < 3; back++) {
		unsigned ttl = 5 - back;
		struct ht_addr from = router(ttl, 1), to = router(ttl, 2);
		assert_true(ht_path_change(feed.path, back, &change));
		assert_int_equal(change.ttl, ttl);
		assert_int_equal(change.epoch, 1);
		assert_true(ht_addr_equal(&change.from, &from));
		assert_true(ht_addr_equal(&change.to, &to));
		assert_int_equal(change.at, begin + (ttl - 2) * HT_S);
	}
	assert_false(ht_path_change(feed.path, 3, &change));
	ht_path_free(feed.path);
}

/* A flapping route: each change of one hop is an epoch of its own. */
static void
test_route_flap(void **state)
{
	struct feed feed;
	struct ht_path_change newest, oldest;

	(void)state;
	feed_init(&feed, 2, 64);
	for (unsigned i = 0; i < 101; i++)
		for (int k = 0; k < 40; k++)
			feed_round(&feed, 2, i % 2);
	assert_int_equal(ht_path_epoch(feed.path), 100);
	assert_true(ht_path_change(feed.path, 0, &newest));
	assert_true(ht_path_change(feed.path, HT_PATH_CHANGES_MAX - 1, &oldest));
	assert_false(ht_path_change(feed.path, HT_PATH_CHANGES_MAX, &oldest));
	assert_int_equal(newest.epoch, 100);
	assert_int_equal(oldest.epoch, 100 - HT_PATH_CHANGES_MAX + 1);
	ht_path_free(feed.path);
}

/* There and back within five cycles: still two epochs. */
static void
test_route_there_and_back(void **state)
{
	struct ht_path_change change;
	struct feed feed;

	(void)state;
	feed_init(&feed, 1, 64);
	for (unsigned i = 0; i < 80; i++)
		feed_round(&feed, 1, i >= 30 && i < 33 ? 2 : 1);
	assert_int_equal(ht_path_epoch(feed.path), 2);
	assert_true(ht_path_change(feed.path, 0, &change));
	assert_int_equal(change.at, ht_path_epoch_since(feed.path));
	assert_int_equal(change.at - ht_path_since(feed.path), 33 * HT_S);
	ht_path_free(feed.path);
}

/* A lost reply here and there does not hide a change. */
static void
test_route_change_with_loss(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, 1, 64);
	for (unsigned i = 0; i < 40; i++) {
		feed_round(&feed, 1, i < 30 ? 1 : 2);
		feed_lost(&feed, 1, feed_sent(&feed, 1));
	}
	assert_int_equal(ht_path_epoch(feed.path), 1);
	ht_path_free(feed.path);
}

/* Late and ambiguous answers say nothing about the present route. */
static void
test_route_ignores_guesses(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, 1, 64);
	for (int i = 0; i < 30; i++)
		feed_round(&feed, 1, 1);
	for (int i = 0; i < 30; i++) {
		feed_answer_as(&feed, HT_EVENT_LATE, HT_MATCH_EXACT, 1,
		    feed_sent(&feed, 1), 5 * HT_S, 2);
		feed_answer_as(&feed, HT_EVENT_REPLY, HT_MATCH_AMBIGUOUS, 1,
		    feed_sent(&feed, 1), HT_MS, 2);
	}
	assert_int_equal(ht_path_epoch(feed.path), 0);
	ht_path_free(feed.path);
}

/* Host 1 answers with probability share; the other hosts have the rest. */
static void
feed_balanced(struct feed *feed, struct ht_rng *rng, double share, unsigned hosts)
{
	unsigned host = 1;

	if (ht_rng_double(rng) >= share)
		host = 2 + (unsigned)ht_rng_below(rng, hosts - 1);
	feed_round(feed, 1, host);
}

/* 100000 answers of hops that balance per packet, in several proportions. */
static void
test_balancing_is_no_change(void **state)
{
	static const struct {
		double share;
		unsigned hosts;
	} rows[] = { { 0.5, 2 }, { 0.9, 2 }, { 0.7, 2 }, { 0.3, 2 }, { 0.97, 2 },
		{ 0.34, 3 }, { 0.25, 4 }, { 0.0625, 16 } };
	struct ht_rng rng;

	(void)state;
	ht_rng_init(&rng, 5);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct feed feed;
		feed_init(&feed, 1, 64);
		for (int k = 0; k < 100000; k++)
			feed_balanced(&feed, &rng, rows[i].share, rows[i].hosts);
		if (ht_path_epoch(feed.path) != 0)
			fail_msg("%u changes at a share of %g",
			    ht_path_epoch(feed.path), rows[i].share);
		ht_path_free(feed.path);
	}
}

/* The first answers are where one knows least: 4000 beginnings. */
static void
test_balancing_at_the_beginning(void **state)
{
	enum {
		RUNS = 4000
	};
	unsigned wrong = 0;
	struct ht_rng rng;

	(void)state;
	ht_rng_init(&rng, 6);
	for (int i = 0; i < RUNS; i++) {
		struct feed feed;
		feed_init(&feed, 1, 64);
		for (int k = 0; k < 100; k++)
			feed_balanced(&feed, &rng, 0.5, 2);
		wrong += ht_path_epoch(feed.path) > 0;
		ht_path_free(feed.path);
	}
	if (wrong * 200 > RUNS)
		fail_msg("%u of %d beginnings saw a change", wrong, RUNS);
}

/* A hop that balanced and then changes for good is found out within a minute. */
static void
test_change_after_balancing(void **state)
{
	struct ht_path_change change;
	struct feed feed;
	struct ht_rng rng;

	(void)state;
	feed_init(&feed, 1, 64);
	ht_rng_init(&rng, 7);
	for (int i = 0; i < 1000; i++)
		feed_balanced(&feed, &rng, 0.5, 2);
	feed_round(&feed, 1, 1);
	ht_time begin = feed.now + HT_S;
	for (int i = 0; i < 60; i++)
		feed_round(&feed, 1, 3);
	assert_int_equal(ht_path_epoch(feed.path), 1);
	assert_true(ht_path_change(feed.path, 0, &change));
	assert_int_equal(change.at, begin);
	ht_path_free(feed.path);
}

static void
test_change_of_a_young_hop(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, 1, 64);
	for (int i = 0; i < 5; i++)
		feed_round(&feed, 1, 1);
	for (int i = 0; i < 11; i++)
		feed_round(&feed, 1, 2);
	assert_int_equal(ht_path_epoch(feed.path), 0);
	for (int i = 0; i < 10; i++)
		feed_round(&feed, 1, 2);
	assert_int_equal(ht_path_epoch(feed.path), 1);
	ht_path_free(feed.path);
}

/* rounds of a path with routers 1 and the target at its end. */
static void
feed_path(struct feed *feed, unsigned end, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		for (unsigned ttl = 1; ttl <= end; ttl++) {
			feed_round(feed, ttl, ttl == end ? 99 : 1);
			feed->now -= HT_S - HT_MS;
		}
		feed_end(feed, end, HT_STOP_DESTINATION);
		feed->now += HT_S;
	}
}

static void
test_end_moves(void **state)
{
	struct ht_path_change change;
	struct ht_addr target = router(7, 99);
	struct feed feed;

	(void)state;
	feed_init(&feed, 10, 64);
	feed_path(&feed, 5, 30);
	assert_int_equal(ht_path_epoch(feed.path), 0);
	feed_path(&feed, 7, 1);
	assert_int_equal(ht_path_epoch(feed.path), 1);
	assert_true(ht_path_change(feed.path, 0, &change));
	assert_int_equal(change.ttl, 7);
	assert_int_equal(change.from.family, HT_FAMILY_NONE);
	assert_true(ht_addr_equal(&change.to, &target));
	feed_path(&feed, 7, 30); /* hop 5 is a router now: the same epoch */
	assert_int_equal(ht_path_epoch(feed.path), 1);
	assert_true(ht_path_change(feed.path, 0, &change));
	assert_int_equal(change.ttl, 5);

	feed_end(&feed, 0, HT_STOP_NONE); /* an outage between is no change */
	feed_path(&feed, 7, 10);
	assert_int_equal(ht_path_epoch(feed.path), 1);
	feed_end(&feed, 0, HT_STOP_NONE);
	feed_end(&feed, 10, HT_STOP_UNKNOWN);
	feed_path(&feed, 6, 10);
	assert_int_equal(ht_path_epoch(feed.path), 2);
	assert_true(ht_path_change(feed.path, 1, &change));
	assert_int_equal(change.ttl, 7);
	assert_int_equal(change.to.family, HT_FAMILY_NONE);
	assert_true(ht_addr_equal(&change.from, &target));
	ht_path_free(feed.path);
}

/* Hops beyond the target answer first: found at 9, then at 8 and 7. */
static void
test_end_while_discovering(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, 12, 64);
	for (unsigned ttl = 9; ttl >= 7; ttl--) {
		feed_round(&feed, ttl, 99);
		feed_end(&feed, ttl, HT_STOP_DESTINATION);
	}
	feed_path(&feed, 7, 20);
	assert_int_equal(ht_path_epoch(feed.path), 0);

	/* That the target answered at 8 as well is no news when it moves to 9. */
	struct ht_path_change change;
	feed_path(&feed, 9, 200);
	assert_int_equal(ht_path_epoch(feed.path), 1);
	assert_true(ht_path_change(feed.path, 1, &change));
	for (unsigned back = 0; ht_path_change(feed.path, back, &change); back++)
		assert_int_not_equal(change.ttl, 8);
	ht_path_free(feed.path);
}

static void
test_no_allocation_while_running(void **state)
{
	struct feed feed;
	struct ht_rng rng;
	unsigned before;

	(void)state;
	feed_init(&feed, 15, 64);
	ht_rng_init(&rng, 8);
	before = allocations;
	for (int i = 0; i < 50000; i++) {
		unsigned ttl = 1 + (unsigned)ht_rng_below(&rng, 15);
		feed_round(&feed, ttl, (unsigned)ht_rng_below(&rng, 30));
		if (i % 1000 == 0)
			feed_end(&feed, 10 + i / 1000 % 5, HT_STOP_DESTINATION);
	}
	assert_int_equal(allocations, before);
	ht_path_free(feed.path);
}

/* A day at 1 Hz of 15 hops: 20 MB of history, all taken in the beginning. */
static void
test_a_day_is_bounded(void **state)
{
	enum {
		DAY = 86400,
		HOPS = 15
	};
	size_t bytes = allocated_bytes;
	unsigned before = allocations, freed = frees;
	struct feed feed;

	(void)state;
	feed_init(&feed, HOPS, DAY);
	unsigned blocks = allocations - before;
	bytes = allocated_bytes - bytes;
	assert_in_range(bytes, (size_t)HOPS * DAY * 16,
	    (size_t)HOPS * (DAY * 16 + sizeof(struct ht_hist) + 8192) + 8192);
	for (int i = 0; i < DAY + 1000; i++) {
		for (unsigned ttl = 1; ttl <= HOPS; ttl++)
			feed_round(&feed, ttl, 1);
	}
	for (unsigned ttl = 1; ttl <= HOPS; ttl++)
		assert_int_equal(ht_hop_samples(ht_path_hop(feed.path, ttl)), DAY);
	ht_path_free(feed.path);
	assert_int_equal(allocations - before, blocks);
	assert_int_equal(frees - freed, blocks);
}

/* A damaged record may say anything; the sum must hold and nothing break. */
static void
test_any_event(void **state)
{
	struct feed feed;
	struct ht_rng rng;
	struct ht_window *win = malloc(sizeof(*win));

	(void)state;
	assert_non_null(win);
	feed_init(&feed, 4, 64);
	ht_rng_init(&rng, 9);
	for (int i = 0; i < 200000; i++) {
		uint64_t bits = ht_rng_next(&rng);
		struct ht_reply reply = { .kind = (uint8_t)(bits >> 40),
			.match = (uint8_t)(bits >> 48 & 7),
			.from = router(1, (unsigned)(bits >> 56 & 31)) };
		struct ht_event ev = { .type = (uint8_t)(bits % 16),
			.ttl = (uint8_t)(bits >> 8 & 7),
			.mark = (uint8_t)(bits >> 16 & 255),
			.stop = (uint8_t)(bits >> 24 & 7),
			.seq = (uint32_t)ht_rng_below(
			    &rng, bits & 1 << 20 ? 200 : UINT32_MAX),
			.at = (ht_time)ht_rng_next(&rng),
			.rtt_ns = (int64_t)ht_rng_next(&rng),
			.reply = bits & 1 << 21 ? &reply : NULL };
		ht_path_event(feed.path, &ev);
	}
	for (unsigned ttl = 1; ttl <= 4; ttl++) {
		const struct ht_hop *hop = ht_path_hop(feed.path, ttl);
		const struct ht_counts *c = &hop->counts;
		assert_int_equal(c->sent, c->received + c->pending + c->lost + c->late);
		ht_hop_window_last(hop, 64, win);
		ht_hop_window_span(hop, -HT_S, HT_S, win);
	}
	free(win);
	ht_path_free(feed.path);
}

static void
test_too_large(void **state)
{
	(void)state;
	assert_null(ht_path_new(255, SIZE_MAX / 2));
	ht_path_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_count),
		cmocka_unit_test(test_failed_keeps_its_seq),
		cmocka_unit_test(test_answered_twice),
		cmocka_unit_test(test_refused_after_sent),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_forgotten_probes),
		cmocka_unit_test(test_very_old_answer),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_many_addresses),
		cmocka_unit_test(test_newest_answer),
		cmocka_unit_test(test_random_against_shadow),
		cmocka_unit_test(test_shape),
		cmocka_unit_test(test_route_change),
		cmocka_unit_test(test_route_flap),
		cmocka_unit_test(test_route_there_and_back),
		cmocka_unit_test(test_route_change_with_loss),
		cmocka_unit_test(test_route_ignores_guesses),
		cmocka_unit_test(test_balancing_is_no_change),
		cmocka_unit_test(test_balancing_at_the_beginning),
		cmocka_unit_test(test_change_after_balancing),
		cmocka_unit_test(test_change_of_a_young_hop),
		cmocka_unit_test(test_end_moves),
		cmocka_unit_test(test_end_while_discovering),
		cmocka_unit_test(test_no_allocation_while_running),
		cmocka_unit_test(test_a_day_is_bounded),
		cmocka_unit_test(test_any_event),
		cmocka_unit_test(test_too_large),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
