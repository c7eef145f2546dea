/* SPDX-License-Identifier: ISC */
/*
 * Whose is an answer that quotes nothing?  Against a model of a path that knows: it
 * sends probes as the engine does, answers them late and out of order, and compares
 * what is decided with what it did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "transport/linux/bare.h"
#include "transport/linux/lane.h"

#define HOPS     16
#define ADDRS    3
#define AIR_MAX  4096
#define STEP     (4 * HT_MS)
#define INTERVAL (500 * HT_MS)
#define RTT_MAX  400 /* ms */
#define PROBES   12000

/* A hop of the path. */
struct hop {
	unsigned addrs[ADDRS]; /* any of them answers; 0: none */
	int reply_ttl;
	unsigned loss; /* % of the answers */
	bool is_silent;
	bool is_full;     /* it quotes enough */
	unsigned rtt_min; /* ms */
	unsigned rtt_max;
	unsigned copies; /* % of the answers that come twice */
};

/* An answer on its way. */
struct answer {
	ht_time at;
	uint32_t token;
	bool is_full;
	bool is_copy; /* of one that has come */
	unsigned addr;
	int reply_ttl;
};

/* What became of a probe. */
struct fate {
	uint8_t ttl;
	uint8_t answers; /* that were given to it */
	bool by_copy;    /* that was a copy of the answer before */
};

struct model {
	struct ht_bare *bare;
	struct ht_bare_key key;
	struct ht_rng rng;
	struct hop hops[HOPS + 1];
	ht_time now;
	ht_time due[HOPS + 1];
	struct answer air[AIR_MAX];
	unsigned n_air;
	struct fate fates[PROBES];
	uint32_t n_sent;
	/* of bare answers but copies */
	unsigned came, right, wrong, ambiguous, unmatched;
	unsigned again;
	unsigned right_at[HOPS + 1], sent_at[HOPS + 1];
	unsigned copies;
	unsigned stolen;   /* answers whose probe a copy was given to */
	unsigned phantoms; /* silent hops that are said to have answered */
};

static unsigned
below(struct model *m, unsigned n)
{
	return (unsigned)ht_rng_below(&m->rng, n);
}

static void
init(struct model *m, uint64_t seed)
{
	memset(m, 0, sizeof(*m));
	m->bare = ht_bare_new();
	assert_non_null(m->bare);
	ht_rng_init(&m->rng, seed);
	m->now = 1000 * HT_S;
	m->key = (struct ht_bare_key){
		.target = { .family = HT_FAMILY_IP4, .bytes = { 10, 0, 0, HOPS } },
		.local_port = 61000,
		.port = 33434,
	};
	for (unsigned ttl = 1; ttl <= HOPS; ttl++) {
		m->hops[ttl] = (struct hop){ .addrs = { ttl },
			.reply_ttl = 65 - (int)ttl,
			.rtt_min = 1,
			.rtt_max = RTT_MAX };
		m->due[ttl] = m->now + ttl * INTERVAL / HOPS / 20;
	}
}

static struct ht_bare_answer
bare_answer(const struct answer *an)
{
	return (struct ht_bare_answer){
		.reply = { .kind = HT_REPLY_TIME_EXCEEDED,
		    .token = an->token,   /* for us: whose it is ... */
		    .error = an->is_copy, /* ... and whether it is the second one */
		    .from = { .family = HT_FAMILY_IP4,
			.bytes = { 10, 0, 0, (uint8_t)an->addr } },
		    .reply_ttl = (int16_t)an->reply_ttl },
		.came = an->at,
	};
}

/* Nobody's, one more to a probe that has its answer, or in doubt; but never an answer
 * of another hop.  It may be the next probe's to the same hop, see bare.h. */
static void
on_copy(struct model *m, uint32_t token, enum ht_match match,
    const struct ht_bare_answer *answer)
{
	m->copies++;
	if (match != HT_MATCH_MAPPED)
		return;
	if (m->fates[token].ttl != m->fates[answer->reply.token].ttl)
		m->wrong++;
	else if (m->fates[token].answers == 0)
		m->fates[token].by_copy = true;
}

static void
on_decision(
    void *ctx, uint32_t token, enum ht_match match, const struct ht_bare_answer *answer)
{
	struct model *m = ctx;

	if (answer == NULL) {
		assert_int_equal(match, HT_MATCH_AMBIGUOUS);
		assert_int_equal(m->fates[token].answers, 0);
		m->due[m->fates[token].ttl] = m->now;
		m->again++;
		return;
	}
	if (match != HT_MATCH_NONE)
		m->phantoms += m->hops[m->fates[token].ttl].is_silent;
	if (answer->reply.error != 0) {
		on_copy(m, token, match, answer);
		return;
	}
	m->unmatched += match == HT_MATCH_NONE;
	m->ambiguous += match == HT_MATCH_AMBIGUOUS;
	if (match == HT_MATCH_NONE)
		return;
	assert_true(token < m->n_sent);
	if (m->fates[token].by_copy) {
		m->stolen++;
		return;
	}
	assert_int_equal(m->fates[token].answers++, 0);
	if (match != HT_MATCH_MAPPED)
		return;
	if (token == answer->reply.token) {
		m->right++;
		m->right_at[m->fates[token].ttl]++;
	} else {
		m->wrong++;
	}
}

static void
send_probe(struct model *m, unsigned ttl)
{
	const struct hop *hop = &m->hops[ttl];
	uint32_t token = m->n_sent++;
	unsigned n = 1;

	m->fates[token] = (struct fate){ .ttl = (uint8_t)ttl };
	m->sent_at[ttl]++;
	ht_bare_sent(m->bare, &m->key, ttl, token, m->now);
	if (hop->is_silent || below(m, 100) < hop->loss)
		return;
	while (n < ADDRS && hop->addrs[n] != 0)
		n++;
	assert_true(m->n_air < AIR_MAX);
	m->air[m->n_air++] = (struct answer){
		.at = m->now + HT_US
		      + (hop->rtt_min + below(m, hop->rtt_max - hop->rtt_min + 1))
			    * HT_MS,
		.token = token,
		.is_full = hop->is_full,
		.addr = hop->addrs[below(m, n)],
		.reply_ttl = hop->reply_ttl,
	};
	if (hop->copies == 0 || below(m, 100) >= hop->copies)
		return;
	m->air[m->n_air] = m->air[m->n_air - 1];
	m->air[m->n_air].is_copy = true;
	m->air[m->n_air++].at += below(m, 40) * HT_MS;
}

/* The one that waits longest goes first; a turn is not lost by waiting. */
static void
send_due(struct model *m)
{
	bool was_refused[HOPS + 1] = { false };

	while (m->n_sent < PROBES) {
		unsigned first = 0;
		for (unsigned ttl = 1; ttl <= HOPS; ttl++)
			if (!was_refused[ttl] && m->due[ttl] <= m->now
			    && (first == 0 || m->due[ttl] < m->due[first]))
				first = ttl;
		if (first == 0)
			return;
		if (!ht_bare_may_send(m->bare, &m->key, first, true, m->now)) {
			was_refused[first] = true;
			continue;
		}
		send_probe(m, first);
		m->due[first] = m->now + INTERVAL;
	}
}

static void
deliver(struct model *m, unsigned i)
{
	struct answer an = m->air[i];

	m->air[i] = m->air[--m->n_air];
	if (an.is_full) {
		m->fates[an.token].answers++;
		ht_bare_full(m->bare, &m->key, an.token, an.at, on_decision, m);
		return;
	}
	struct ht_bare_answer answer = bare_answer(&an);
	m->came += !an.is_copy;
	ht_bare_take(m->bare, &m->key, &answer, m->now, on_decision, m);
}

static void
receive(struct model *m)
{
	for (;;) {
		unsigned first = m->n_air;
		for (unsigned i = 0; i < m->n_air; i++)
			if (m->air[i].at <= m->now
			    && (first == m->n_air || m->air[i].at < m->air[first].at))
				first = i;
		if (first == m->n_air)
			break;
		deliver(m, first);
	}
	ht_bare_tick(m->bare, m->now, on_decision, m);
}

static void
run_until(struct model *m, uint32_t n_sent)
{
	while (m->n_sent < n_sent) {
		m->now += STEP;
		receive(m);
		send_due(m);
	}
}

static void
finish(struct model *m)
{
	run_until(m, PROBES);
	for (int i = 0; i < 2000; i++) {
		m->now += STEP;
		receive(m);
	}
	assert_int_equal(ht_bare_next(m->bare), HT_TIME_NEVER);
	assert_int_equal(
	    m->came, m->right + m->wrong + m->ambiguous + m->unmatched + m->stolen);
	print_message("# %u bare answers: %u right, %u wrong, %u ambiguous, "
		      "%u unmatched; asked again %u times, %lld s\n",
	    m->came, m->right, m->wrong, m->ambiguous, m->unmatched, m->again,
	    (long long)((m->now - 1000 * HT_S) / HT_S));
	assert_int_equal(m->wrong, 0);
	ht_bare_free(m->bare);
}

/* Nearly all answers are given to their probes. */
static void
expect_right(const struct model *m, unsigned percent)
{
	assert_true(m->right >= m->came * percent / 100);
}

static struct model model;

static void
tells_apart_what_comes_out_of_order(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		init(&model, seed);
		finish(&model);
		expect_right(&model, 99);
	}
}

static void
is_not_misled_by_silence_and_loss(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		init(&model, seed);
		model.hops[3].is_silent = model.hops[7].is_silent = true;
		model.hops[8].is_silent = true;
		model.hops[2].loss = 5;
		model.hops[5].loss = 30;
		model.hops[9].loss = 60;
		model.hops[12].loss = 10;
		finish(&model);
		expect_right(&model, 98);
	}
}

/* A hop that is silent has no answers, not even in doubt, though its neighbours' come
 * twice; nor is theirs lost for its sake. */
static void
sees_no_phantoms_at_silent_hops(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++) {
		init(&model, seed);
		for (unsigned ttl = 1; ttl <= HOPS; ttl++) {
			model.hops[ttl].is_full = ttl > 2 && seed % 2 == 0;
			model.hops[ttl].copies = seed > 2 ? 20 : 0;
			model.hops[ttl].rtt_max = 40;
		}
		model.hops[1].is_silent = model.hops[5].is_silent = true;
		finish(&model);
		print_message("# %u copies, %u took another's place, %u phantoms\n",
		    model.copies, model.stolen, model.phantoms);
		/* Of a copy that comes while the path is learned nobody can tell. */
		assert_true(model.phantoms <= (model.copies > 0 ? 12 : 0));
	}
}

/* The target answers from its place on; two hops have the same address. */
static void
knows_an_address_at_several_places(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		init(&model, seed);
		for (unsigned ttl = 13; ttl <= HOPS; ttl++) {
			model.hops[ttl].addrs[0] = HOPS;
			model.hops[ttl].reply_ttl = 52;
		}
		model.hops[9].addrs[0] = 4;
		model.hops[9].reply_ttl = model.hops[4].reply_ttl;
		model.hops[14].loss = 20;
		model.hops[9].loss = 10;
		finish(&model);
		expect_right(&model, 98);
	}
}

static void
learns_a_hop_with_several_addresses(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		init(&model, seed);
		for (unsigned ttl = 6; ttl <= 8; ttl++)
			for (unsigned i = 1; i < ADDRS; i++)
				model.hops[ttl].addrs[i] = 50 + 10 * i + ttl;
		finish(&model);
		expect_right(&model, 98);
	}
}

/* Other routers; a hop more, with the way back longer by as much; and back. */
static void
sees_the_route_change(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		init(&model, seed);
		model.hops[11].is_silent = true;
		model.hops[6].loss = 20;
		run_until(&model, 3000);
		for (unsigned ttl = 5; ttl <= 9; ttl++)
			model.hops[ttl].addrs[0] = 100 + ttl;
		run_until(&model, 6000);
		struct hop before[HOPS + 1];
		memcpy(before, model.hops, sizeof(before));
		for (unsigned ttl = 8; ttl <= HOPS; ttl++) {
			model.hops[ttl] = before[ttl - 1];
			model.hops[ttl].reply_ttl--;
		}
		model.hops[7].addrs[0] = 150;
		run_until(&model, 9000);
		memcpy(model.hops, before, sizeof(before));
		finish(&model);
		expect_right(&model, 97);
	}
}

static void
mixes_with_routers_that_quote_enough(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		init(&model, seed);
		for (unsigned ttl = 1; ttl <= HOPS; ttl++)
			model.hops[ttl].is_full = ttl % 3 != 0;
		model.hops[5].is_silent = true;
		model.hops[6].loss = model.hops[7].loss = 20;
		run_until(&model, 6000);
		for (unsigned ttl = 4; ttl <= HOPS; ttl++) {
			model.hops[ttl].addrs[0] = 100 + ttl;
			model.hops[ttl].is_full = ttl % 3 == 1;
		}
		finish(&model);
		expect_right(&model, 97);
	}
}

/* Anything at once. */
static void
survives_random_paths(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		init(&model, seed);
		for (uint32_t n = 3000; n <= PROBES; n += 3000) {
			for (unsigned ttl = 1; ttl <= HOPS; ttl++) {
				struct hop *hop = &model.hops[ttl];
				if (below(&model, 3) != 0)
					continue;
				hop->addrs[0] = 20 + below(&model, 200);
				hop->addrs[1] = below(&model, 5) == 0
						    ? 20 + below(&model, 200)
						    : 0;
				hop->is_silent = below(&model, 6) == 0;
				hop->is_full = below(&model, 3) == 0;
				hop->loss = below(&model, 3) == 0 ? below(&model, 20)
								  : 0;
				hop->rtt_min = 1 + below(&model, 100);
				hop->rtt_max = hop->rtt_min + below(&model, 300);
			}
			run_until(&model, n);
		}
		finish(&model);
	}
}

/* One by one ****************************************************************/

static struct {
	struct ht_bare *bare;
	int n;
	int n_ambiguous;
	uint32_t token;
	int match;
	unsigned again; /* tokens that should be asked again, as bits ... */
	int n_again;    /* ... and how many */
	ht_time came;   /* of the newest answer */
	ht_time now;
} hand;

static const struct ht_bare_key lane = {
	.target = { .family = HT_FAMILY_IP4, .bytes = { 10, 0, 0, 99 } },
	.local_port = 61000,
	.port = 33434,
};

static void
note(
    void *ctx, uint32_t token, enum ht_match match, const struct ht_bare_answer *answer)
{
	(void)ctx;
	if (answer == NULL) {
		hand.again |= token < 32 ? 1u << token : 0;
		hand.n_again++;
		return;
	}
	hand.n++;
	hand.n_ambiguous += match == HT_MATCH_AMBIGUOUS;
	hand.token = token;
	hand.match = (int)match;
	hand.came = answer->came;
}

static void
begin(void)
{
	memset(&hand, 0, sizeof(hand));
	hand.bare = ht_bare_new();
	hand.now = 1000 * HT_S;
}

static bool
may(unsigned ttl)
{
	return ht_bare_may_send(hand.bare, &lane, ttl, true, hand.now);
}

/* The token is the ttl. */
static void
send_at(unsigned ttl)
{
	assert_true(may(ttl));
	ht_bare_sent(hand.bare, &lane, ttl, ttl, hand.now);
}

static void
answer_from(unsigned addr, ht_time after)
{
	struct answer an = { .at = hand.now + after, .addr = addr, .reply_ttl = 60 };
	struct ht_bare_answer answer = bare_answer(&an);

	hand.again = 0;
	hand.n_again = 0;
	hand.n = hand.n_ambiguous = 0;
	hand.now += after;
	ht_bare_take(hand.bare, &lane, &answer, hand.now, note, NULL);
}

static void
expect_decision(enum ht_match match, uint32_t token)
{
	assert_int_equal(hand.n, 1);
	assert_int_equal(hand.match, match);
	if (match != HT_MATCH_NONE)
		assert_int_equal(hand.token, token);
	hand.n = 0;
}

static void
map(unsigned ttl, unsigned addr)
{
	send_at(ttl);
	answer_from(addr, 10 * HT_MS);
	expect_decision(HT_MATCH_MAPPED, ttl);
}

/* Asked, and nobody answers. */
static void
miss(unsigned ttl)
{
	send_at(ttl);
	hand.now += 1100 * HT_MS;
}

static void
full_at(unsigned ttl)
{
	ht_bare_full(hand.bare, &lane, ttl, hand.now, note, NULL);
}

static void
everything_may_leave_before_the_first(void **state)
{
	(void)state;
	begin();
	for (unsigned ttl = 1; ttl <= 30; ttl++)
		send_at(ttl);
	assert_int_equal(ht_bare_next(hand.bare), HT_TIME_NEVER);
	assert_false(ht_bare_is_used(hand.bare));
	/* Which of the thirty?  From now on one alone, when all these are dead. */
	answer_from(7, 10 * HT_MS);
	assert_int_equal(hand.n, 0);
	assert_int_equal(hand.again, 0x7ffffffe);
	assert_true(ht_bare_is_used(hand.bare));
	assert_false(may(7));
	assert_int_equal(ht_bare_next(hand.bare), 1001 * HT_S);
	hand.now = 1001 * HT_S;
	ht_bare_tick(hand.bare, hand.now, note, NULL);
	send_at(7);
	assert_false(may(8));
	answer_from(7, 10 * HT_MS);
	expect_decision(HT_MATCH_MAPPED, 7);
	/* What was kept back is given to the oldest, as nobody's. */
	hand.now += HT_S;
	ht_bare_tick(hand.bare, hand.now, note, NULL);
	hand.now = 1000 * HT_S + 10 * HT_MS + HT_BARE_KEEP;
	assert_int_equal(ht_bare_next(hand.bare), hand.now);
	ht_bare_tick(hand.bare, hand.now, note, NULL);
	expect_decision(HT_MATCH_AMBIGUOUS, 1);
	ht_bare_free(hand.bare);
}

static void
gives_what_it_kept_back_when_all_is_known(void **state)
{
	(void)state;
	/* Two may be in flight; both are asked alone. */
	begin();
	send_at(3);
	send_at(4);
	answer_from(30, 10 * HT_MS);
	assert_int_equal(hand.again, 1u << 3 | 1u << 4);
	hand.now += HT_S;
	ht_bare_sent(hand.bare, &lane, 4, 14, hand.now);
	answer_from(40, 10 * HT_MS);
	expect_decision(HT_MATCH_MAPPED, 14);
	ht_bare_sent(hand.bare, &lane, 3, 13, hand.now);
	answer_from(30, 10 * HT_MS);
	assert_int_equal(hand.n, 2); /* and then the first one, to the first probe */
	assert_int_equal(hand.match, HT_MATCH_MAPPED);
	assert_int_equal(hand.token, 3);
	ht_bare_free(hand.bare);

	/* Both have the address: nobody knows. */
	begin();
	send_at(3);
	send_at(4);
	answer_from(30, 10 * HT_MS);
	hand.now += HT_S;
	ht_bare_sent(hand.bare, &lane, 4, 14, hand.now);
	answer_from(30, 10 * HT_MS);
	ht_bare_sent(hand.bare, &lane, 3, 13, hand.now);
	answer_from(30, 10 * HT_MS); /* or a copy of the one before? */
	assert_int_equal(hand.n, 0);
	assert_int_equal(hand.again, 1u << 13);
	hand.now += HT_S - 20 * HT_MS;
	assert_false(may(3));
	assert_false(may(4));
	hand.now += 20 * HT_MS;
	assert_true(may(3));
	ht_bare_sent(hand.bare, &lane, 3, 23, hand.now);
	answer_from(30, 10 * HT_MS);
	/* 23, the one of which nobody knows, and 13. */
	assert_int_equal(hand.n, 3);
	assert_int_equal(hand.n_ambiguous, 1);
	assert_int_equal(hand.token, 13);
	assert_int_equal(hand.match, HT_MATCH_MAPPED);
	ht_bare_free(hand.bare);
}

static void
asks_alone_what_may_be_silent(void **state)
{
	(void)state;
	begin();
	map(1, 1);
	map(2, 2);
	send_at(1);
	send_at(2); /* no address in common: at once */
	hand.now += 2 * HT_S;
	miss(3);
	miss(4);
	/* After the first time with others, and so the next, but not with those that
	 * are mapped. */
	send_at(3);
	send_at(5);
	assert_false(may(1));
	full_at(5);
	hand.now += 1100 * HT_MS;
	/* A full one may have turned bare: this is not 3's for sure. */
	send_at(3);
	send_at(5);
	answer_from(3, 10 * HT_MS);
	assert_int_equal(hand.n, 0);
	assert_int_equal(hand.again, 1u << 3);
	hand.now += 3 * HT_S;
	ht_bare_tick(hand.bare, hand.now, note, NULL);
	miss(3);
	miss(3);
	miss(3);
	send_at(3); /* silent: with all the others */
	send_at(1);
	send_at(2);
	answer_from(2, 10 * HT_MS);
	expect_decision(HT_MATCH_MAPPED, 2);
	/* It is not: asked again. */
	answer_from(3, 10 * HT_MS);
	assert_true(hand.again & 1u << 3);
	ht_bare_free(hand.bare);
}

static void
believes_in_no_silence_behind_the_target(void **state)
{
	(void)state;
	begin();
	map(10, 99);
	for (int i = 0; i < 5; i++)
		miss(11);
	send_at(11);
	assert_false(may(10));
	ht_bare_free(hand.bare);
}

static void
sees_that_a_router_has_moved(void **state)
{
	(void)state;
	begin();
	for (unsigned ttl = 5; ttl <= 8; ttl++)
		map(ttl, ttl);
	send_at(7);
	send_at(8);
	hand.now += 2 * HT_S;
	send_at(5);
	answer_from(6, 10 * HT_MS); /* which was one farther */
	assert_int_equal(hand.n, 0);
	assert_int_equal(hand.again, 1u << 5);
	hand.now += 2 * HT_S;
	send_at(7);
	assert_false(may(8));
	ht_bare_free(hand.bare);
}

static void
learns_how_slow_a_path_is(void **state)
{
	(void)state;
	begin();
	map(1, 1);
	send_at(2);
	answer_from(2, 1500 * HT_MS); /* believed dead */
	expect_decision(HT_MATCH_NONE, 0);
	send_at(2);
	answer_from(2, 1500 * HT_MS);
	expect_decision(HT_MATCH_MAPPED, 2);
	ht_bare_free(hand.bare);
}

static void
takes_nothing_that_cannot_be(void **state)
{
	struct answer an = { .addr = 3, .reply_ttl = 60 };
	struct ht_bare_key other = lane;

	(void)state;
	begin();
	hand.now += HT_S;
	send_at(3);
	an.at = hand.now - 1; /* before it left */
	struct ht_bare_answer answer = bare_answer(&an);
	ht_bare_take(hand.bare, &lane, &answer, hand.now, note, NULL);
	expect_decision(HT_MATCH_NONE, 0);
	answer.came = hand.now + 1;
	other.port++;
	ht_bare_take(hand.bare, &other, &answer, hand.now, note, NULL);
	expect_decision(HT_MATCH_NONE, 0);
	other = lane;
	other.target.bytes[0]++;
	ht_bare_take(hand.bare, &other, &answer, hand.now, note, NULL);
	expect_decision(HT_MATCH_NONE, 0);
	answer_from(3, HT_MS);
	expect_decision(HT_MATCH_MAPPED, 3);
	answer_from(3, HT_MS); /* again: a duplicate */
	expect_decision(HT_MATCH_MAPPED, 3);
	answer_from(4, HT_MS);
	expect_decision(HT_MATCH_NONE, 0);
	ht_bare_free(hand.bare);
}

/* More lanes, probes and answers than there is room for: nothing is mistaken. */
static void
survives_too_much_of_all(void **state)
{
	struct ht_bare_key key = lane;

	(void)state;
	begin();
	for (unsigned i = 0; i < 2 * HT_BARE_LANES; i++) {
		key.local_port = (uint16_t)i;
		assert_true(ht_bare_may_send(hand.bare, &key, 1, true, hand.now));
		ht_bare_sent(hand.bare, &key, 1, i, ++hand.now);
	}
	for (unsigned i = 0; i < 3000; i++)
		ht_bare_sent(hand.bare, &lane, 1 + i % 30, i, ++hand.now);
	for (unsigned i = 0; i < 3 * HT_BARE_KEPT; i++) {
		answer_from(i % 200, HT_US);
		assert_true(hand.n <= 1);
		assert_true(hand.match != HT_MATCH_MAPPED);
	}
	hand.now += 2 * HT_BARE_KEEP;
	hand.n = 0;
	ht_bare_tick(hand.bare, hand.now, note, NULL);
	assert_int_equal(hand.n, HT_BARE_KEPT);
	assert_int_equal(ht_bare_next(hand.bare), HT_TIME_NEVER);
	ht_bare_free(hand.bare);
}

/* Probes without payload are told apart in this way from the beginning. */
static void
knows_probes_without_payload(void **state)
{
	(void)state;
	begin();
	assert_true(ht_bare_may_send(hand.bare, &lane, 1, false, hand.now));
	ht_bare_sent(hand.bare, &lane, 1, 1, hand.now);
	assert_false(ht_bare_may_send(hand.bare, &lane, 2, false, hand.now));
	ht_bare_free(hand.bare);
}

/* Limits: worked out by hand from bare.h and lane.h. ****************************/

static struct ht_bare_key
numbered(unsigned i)
{
	struct ht_bare_key key = lane;

	key.local_port = (uint16_t)i;
	return key;
}

static void
take_in(const struct ht_bare_key *key, unsigned addr)
{
	struct answer an = { .at = hand.now, .addr = addr, .reply_ttl = 60 };
	struct ht_bare_answer answer = bare_answer(&an);

	hand.n = 0;
	ht_bare_take(hand.bare, key, &answer, hand.now, note, NULL);
}

/* The lane that was used last longest ago gives way, with what was kept back for it;
 * the next one there knows that its predecessor's answers may still come. */
static void
the_oldest_lane_gives_way(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < 128; i++, hand.now += HT_US) {
		struct ht_bare_key key = numbered(i);
		ht_bare_sent(hand.bare, &key, 1, i, hand.now);
		if (i == 1)
			ht_bare_sent(hand.bare, &key, 2, 1000, hand.now);
	}
	struct ht_bare_key first = numbered(0), second = numbered(1);
	struct ht_bare_key new = numbered(128);
	hand.now += HT_MS;
	take_in(&second, 7);
	assert_int_equal(hand.n, 0);
	hand.now += HT_MS;
	assert_true(ht_bare_may_send(hand.bare, &first, 9, true, hand.now));
	ht_bare_sent(hand.bare, &new, 1, 128, hand.now);
	take_in(&first, 7);
	expect_decision(HT_MATCH_MAPPED, 0);
	take_in(&second, 7);
	expect_decision(HT_MATCH_NONE, 0);
	/* Within 3 s it may be the other one's; nothing says so of the second's. */
	hand.now += 3 * HT_S - 1;
	ht_bare_sent(hand.bare, &new, 1, 129, hand.now);
	take_in(&new, 8);
	assert_int_equal(hand.n, 0);
	assert_int_equal(ht_bare_next(hand.bare), hand.now + HT_BARE_KEEP);
	hand.now += HT_S;
	ht_bare_sent(hand.bare, &new, 1, 130, hand.now);
	hand.now += 10 * HT_MS;
	take_in(&new, 8);
	expect_decision(HT_MATCH_MAPPED, 130);
	ht_bare_free(hand.bare);
}

/* What was kept back longest is given to somebody when there is no more room. */
static void
the_oldest_answer_gives_way(void **state)
{
	ht_time first;

	(void)state;
	begin();
	for (unsigned ttl = 1; ttl <= 2; ttl++)
		ht_bare_sent(hand.bare, &lane, ttl, ttl, hand.now);
	first = hand.now + HT_US;
	for (unsigned i = 0; i < 64; i++) {
		answer_from(i, HT_US);
		assert_int_equal(hand.n, 0);
	}
	answer_from(64, HT_US);
	assert_int_equal(hand.n, 1);
	assert_int_equal(hand.match, HT_MATCH_AMBIGUOUS);
	assert_int_equal(hand.came, first);
	assert_int_equal(ht_bare_next(hand.bare), first + HT_US + HT_BARE_KEEP);
	ht_bare_free(hand.bare);
}

static void
an_answer_has_so_many_rivals(void **state)
{
	(void)state;
	begin();
	for (unsigned ttl = 1; ttl <= 40; ttl++)
		send_at(ttl);
	answer_from(7, HT_MS);
	assert_int_equal(hand.n_again, 32);
	ht_bare_free(hand.bare);
}

/* Which is not decided: any of the others may have been it. */
static void
more_rivals_than_that_are_not_told_apart(void **state)
{
	(void)state;
	for (unsigned n = 32; n <= 33; n++) {
		begin();
		for (unsigned ttl = 1; ttl <= n; ttl++)
			send_at(ttl);
		answer_from(7, HT_MS);
		hand.now += HT_S;
		for (unsigned ttl = 1; ttl <= n; ttl++) {
			ht_bare_sent(hand.bare, &lane, ttl, 100 + ttl, hand.now);
			answer_from(ttl, HT_MS);
			assert_int_equal(hand.n, ttl == 32 && n == 32 ? 2 : 1);
		}
		if (n == 32)
			assert_int_equal(hand.token, 7);
		ht_bare_free(hand.bare);
	}
}

static struct ht_lane ln;

static void
begin_lane(void)
{
	memset(&ln, 0, sizeof(ln));
	ln.key = lane;
	ln.is_bare = true;
	ln.freed_at = HT_TIME_NEVER;
}

static void
probes_are_in_flight_for_so_long(void **state)
{
	static const struct {
		ht_time worst;
		bool is_slow;
		ht_time lasts;
	} rows[] = { { 0, false, HT_S }, { 125 * HT_MS, false, HT_S },
		{ 200 * HT_MS, false, 1600 * HT_MS }, { 375 * HT_MS, false, 3 * HT_S },
		{ 400 * HT_MS, false, 3 * HT_S }, { 0, true, 3 * HT_S } };
	ht_time sent = 1000 * HT_S;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin_lane();
		ln.worst = rows[i].worst;
		ln.is_slow = rows[i].is_slow;
		ht_lane_sent(&ln, 1, 1, sent);
		assert_false(ht_lane_may_send(&ln, 2, sent + rows[i].lasts - 1));
		assert_int_equal(ln.freed_at, sent + rows[i].lasts);
		assert_true(ht_lane_may_send(&ln, 2, sent + rows[i].lasts));
	}
}

static void
a_first_look_lasts_so_long(void **state)
{
	ht_time sent = 1000 * HT_S;

	(void)state;
	begin_lane();
	ht_lane_sent(&ln, 1, 1, sent);
	assert_false(ht_lane_is_first_look(&ln, 2, sent));
	assert_true(ht_lane_is_first_look(&ln, 1, sent + 300 * HT_MS - 1));
	assert_int_equal(ln.freed_at, sent + 300 * HT_MS);
	assert_false(ht_lane_is_first_look(&ln, 1, sent + 300 * HT_MS));
	ht_place_set(ht_lane_place(&ln, 1), HT_PLACE_FULL, sent);
	assert_false(ht_lane_is_first_look(&ln, 1, sent));
	/* IPv6 is not asked. */
	struct ht_bare_key key6 = lane;
	key6.target.family = HT_FAMILY_IP6;
	begin();
	ht_bare_sent(hand.bare, &key6, 1, 1, hand.now);
	assert_true(ht_bare_may_send(hand.bare, &key6, 1, true, hand.now));
	ht_bare_sent(hand.bare, &lane, 1, 1, hand.now);
	assert_false(may(1));
	ht_bare_free(hand.bare);
}

static void
a_claim_lasts_so_long(void **state)
{
	ht_time now = 1000 * HT_S;

	(void)state;
	begin_lane();
	ln.is_slow = true;
	ht_place_learn(ht_lane_place(&ln, 1), 11, now);
	ht_place_learn(ht_lane_place(&ln, 3), 13, now);
	ht_lane_sent(&ln, 1, 1, now);
	assert_false(ht_lane_may_send(&ln, 2, now)); /* alone, from now on */
	ln.freed_at = HT_TIME_NEVER;
	assert_false(ht_lane_may_send(&ln, 3, now + HT_S - 1));
	assert_int_equal(ln.freed_at, now + HT_S);
	assert_true(ht_lane_may_send(&ln, 3, now + HT_S));
	/* Another one may claim then, and has it for as long. */
	assert_false(ht_lane_may_send(&ln, 4, now + HT_S));
	assert_false(ht_lane_may_send(&ln, 3, now + 2 * HT_S - 1));
	assert_true(ht_lane_may_send(&ln, 3, now + 2 * HT_S));
}

/* Copies come within a second. */
static void
quiet_lasts_so_long(void **state)
{
	struct ht_lane_flight *f;
	ht_time came = 1000 * HT_S;

	(void)state;
	begin_lane();
	ht_lane_sent(&ln, 4, 4, came - 10 * HT_MS);
	f = ht_lane_find(&ln, 4);
	f->outcome = HT_LANE_ANSWERED;
	f->by = 14;
	f->came = came;
	ht_place_suspect(ht_lane_place(&ln, 3), came);
	ht_lane_place(&ln, 3)->shuns = 14;
	assert_int_equal(ht_lane_heard(&ln, 14, 3), came);
	assert_int_equal(ht_lane_heard(&ln, 14, 4), -1);
	assert_false(ht_lane_may_send(&ln, 3, came + HT_S - 1));
	assert_int_equal(ln.freed_at, came + HT_S);
	assert_true(ht_lane_may_send(&ln, 3, came + HT_S));
}

static void
so_many_probes_are_remembered(void **state)
{
	ht_time now = 1000 * HT_S;

	(void)state;
	begin_lane();
	for (unsigned i = 0; i < 512; i++)
		ht_lane_sent(&ln, 1, i, now + i);
	assert_int_equal(ln.oldest, 0);
	assert_int_equal(ln.blind_until, 0);
	ht_lane_sent(&ln, 1, 512, now + 512);
	assert_int_equal(ln.oldest, 1);
	/* What has been forgotten may be answered until it would be dead. */
	assert_int_equal(ln.blind_until, now + 3 * HT_S);
}

static void
a_place_has_so_many_names(void **state)
{
	struct ht_place *pl;

	(void)state;
	begin_lane();
	pl = ht_lane_place(&ln, 1);
	for (uint64_t name = 1; name <= 40; name++) {
		ht_place_learn(pl, name, HT_S);
		for (uint64_t known = 1; known <= name; known++)
			assert_int_equal(ht_place_has(pl, known), known + 16 > name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_apart_what_comes_out_of_order),
		cmocka_unit_test(is_not_misled_by_silence_and_loss),
		cmocka_unit_test(sees_no_phantoms_at_silent_hops),
		cmocka_unit_test(knows_an_address_at_several_places),
		cmocka_unit_test(learns_a_hop_with_several_addresses),
		cmocka_unit_test(sees_the_route_change),
		cmocka_unit_test(mixes_with_routers_that_quote_enough),
		cmocka_unit_test(survives_random_paths),
		cmocka_unit_test(everything_may_leave_before_the_first),
		cmocka_unit_test(gives_what_it_kept_back_when_all_is_known),
		cmocka_unit_test(asks_alone_what_may_be_silent),
		cmocka_unit_test(believes_in_no_silence_behind_the_target),
		cmocka_unit_test(sees_that_a_router_has_moved),
		cmocka_unit_test(learns_how_slow_a_path_is),
		cmocka_unit_test(takes_nothing_that_cannot_be),
		cmocka_unit_test(survives_too_much_of_all),
		cmocka_unit_test(knows_probes_without_payload),
		cmocka_unit_test(the_oldest_lane_gives_way),
		cmocka_unit_test(the_oldest_answer_gives_way),
		cmocka_unit_test(an_answer_has_so_many_rivals),
		cmocka_unit_test(more_rivals_than_that_are_not_told_apart),
		cmocka_unit_test(probes_are_in_flight_for_so_long),
		cmocka_unit_test(a_first_look_lasts_so_long),
		cmocka_unit_test(a_claim_lasts_so_long),
		cmocka_unit_test(quiet_lasts_so_long),
		cmocka_unit_test(so_many_probes_are_remembered),
		cmocka_unit_test(a_place_has_so_many_names),
	};

	return cmocka_run_group_tests_name("bare", tests, NULL, NULL);
}
