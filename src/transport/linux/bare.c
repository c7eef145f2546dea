/* SPDX-License-Identifier: ISC */
#include "transport/linux/bare.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

#define TTLS      (HT_TTL_MAX + 1)
#define ADDRS_MAX 16  /* of a TTL; the oldest gives way */
#define FLIGHTS   512 /* remembered in a lane */
#define RIVALS    32  /* probes that an answer may belong to */

/* A probe older than that many round trips is dead, within these bounds. */
#define DEAD_RTTS 8
#define DEAD_MIN  HT_S
#define DEAD_MAX  (3 * HT_S)

/* Asked alone so often in vain makes a TTL silent: lossy hops are not to be. */
#define MISSES_SILENT 3

/* How long a claim is honoured without being made anew. */
#define CLAIM_LASTS HT_S

enum state {
	UNKNOWN = 0,
	FULL,
	MAPPED,
	SILENT
};

/* What is known about a TTL. */
struct place {
	uint8_t state;    /* enum state */
	bool needs_alone; /* UNKNOWN: an answer was not to be told from others */
	uint8_t misses;   /* UNKNOWN: asked alone in vain */
	uint8_t n_addrs;  /* used of addrs */
	uint8_t newest;   /* index of the address that was learned last */
	ht_time since;    /* when it got to this state */
	uint64_t addrs[ADDRS_MAX]; /* who answers from here, see name_of() */
};

enum outcome {
	IN_FLIGHT = 0,
	ANSWERED,
	DEAD
};

struct flight {
	uint32_t token;
	uint8_t ttl;
	uint8_t outcome; /* enum outcome */
	bool is_doubted; /* an answer kept back may be its own */
	uint64_t by;     /* ANSWERED: by whom, 0: by payload */
	ht_time sent_at;
};

struct lane {
	bool is_bare; /* has seen an answer without payload */
	struct ht_bare_key key;
	ht_time last;        /* use */
	ht_time worst;       /* round trip */
	bool is_slow;        /* there are longer ones than we have waited for */
	uint64_t target;     /* the name that the target has, 0: not known */
	ht_time blind_until; /* more was in flight than is remembered */
	uint8_t claimant;    /* TTL that waits to be asked, 0: none */
	ht_time claimed_at;
	ht_time freed_at; /* something refused may leave then, NEVER: nothing was */
	uint32_t n_sent;  /* flights[n % FLIGHTS] is the newest but one */
	uint32_t oldest;  /* before it none is in flight */
	struct flight flights[FLIGHTS];
	struct place places[TTLS + 1]; /* by ttl + 1, see place_at() */
};

/* An answer kept back. */
struct kept {
	bool is_used;
	bool is_blind; /* there may have been more rivals */
	uint8_t lane;
	uint8_t n;
	uint64_t name;
	struct {
		uint32_t token;
		uint8_t ttl;
		ht_time sent_at;
	} rivals[RIVALS];
	struct ht_bare_answer answer;
};

struct ht_bare {
	bool is_used; /* some lane is bare */
	int n_lanes;
	struct kept kept[HT_BARE_KEPT];
	struct lane lanes[HT_BARE_LANES];
};

/* Where decisions go to. */
struct sink {
	ht_bare_fn *fn;
	void *ctx;
};

struct ht_bare *
ht_bare_new(void)
{
	return calloc(1, sizeof(struct ht_bare));
}

void
ht_bare_free(struct ht_bare *bare)
{
	free(bare);
}

bool
ht_bare_is_used(const struct ht_bare *bare)
{
	return bare->is_used;
}

/* Names *********************************************************************/

/* Who answers: the address, and how far back it is, which tells the same router
 * on two places of a path apart.  FNV-1a; never 0. */
static uint64_t
name_of(const struct ht_addr *from, int reply_ttl)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < sizeof(from->bytes); i++)
		hash = (hash ^ from->bytes[i]) * 1099511628211u;
	hash = (hash ^ from->scope) * 1099511628211u;
	hash = (hash ^ (uint64_t)(reply_ttl + 1)) * 1099511628211u;
	return hash | 1;
}

static bool
has_name(const struct place *pl, uint64_t name)
{
	for (int i = 0; i < pl->n_addrs; i++)
		if (pl->addrs[i] == name)
			return true;
	return false;
}

static bool
share_name(const struct place *a, const struct place *b)
{
	for (int i = 0; i < a->n_addrs; i++)
		if (has_name(b, a->addrs[i]))
			return true;
	return false;
}

static void
set_state(struct place *pl, enum state state, ht_time now)
{
	if (pl->state != state)
		pl->since = now;
	pl->state = (uint8_t)state;
	pl->misses = 0;
	pl->needs_alone = false;
	if (state == FULL || state == SILENT)
		pl->n_addrs = 0;
}

static void
learn(struct place *pl, uint64_t name, ht_time now)
{
	set_state(pl, MAPPED, now);
	if (has_name(pl, name))
		return;
	if (pl->n_addrs < ADDRS_MAX)
		pl->newest = pl->n_addrs++;
	else
		pl->newest = (uint8_t)((pl->newest + 1) % ADDRS_MAX);
	pl->addrs[pl->newest] = name;
}

/* Lanes *********************************************************************/

/* Each place of a path has two before it. */
static struct place *
place_at(struct lane *ln, unsigned ttl)
{
	return &ln->places[ttl + 1];
}

static bool
is_key(const struct ht_bare_key *a, const struct ht_bare_key *b)
{
	return a->local_port == b->local_port && a->port == b->port
	       && ht_addr_equal(&a->target, &b->target);
}

static struct lane *
find_lane(struct ht_bare *bare, const struct ht_bare_key *key)
{
	for (int i = 0; i < bare->n_lanes; i++)
		if (is_key(&bare->lanes[i].key, key))
			return &bare->lanes[i];
	return NULL;
}

static void
forget_kept(struct ht_bare *bare, const struct lane *ln)
{
	for (int i = 0; i < HT_BARE_KEPT; i++)
		if (bare->kept[i].lane == ln - bare->lanes)
			bare->kept[i].is_used = false;
}

/* A new lane, or the one that was not used for longest. */
static struct lane *
take_lane(struct ht_bare *bare)
{
	struct lane *oldest = &bare->lanes[0];

	if (bare->n_lanes < HT_BARE_LANES)
		return &bare->lanes[bare->n_lanes++];
	for (int i = 1; i < HT_BARE_LANES; i++)
		if (bare->lanes[i].last < oldest->last)
			oldest = &bare->lanes[i];
	forget_kept(bare, oldest);
	return oldest;
}

static struct lane *
need_lane(struct ht_bare *bare, const struct ht_bare_key *key, ht_time now)
{
	struct lane *ln = find_lane(bare, key);

	if (ln == NULL) {
		ln = take_lane(bare);
		memset(ln, 0, sizeof(*ln));
		ln->key = *key;
		ln->freed_at = HT_TIME_NEVER;
	}
	ln->last = now;
	return ln;
}

static ht_time
patience(const struct lane *ln)
{
	ht_time span = DEAD_RTTS * ln->worst;

	if (ln->is_slow || span > DEAD_MAX)
		return DEAD_MAX;
	return span > DEAD_MIN ? span : DEAD_MIN;
}

static struct flight *
flight_at(struct lane *ln, uint32_t i)
{
	return &ln->flights[i % FLIGHTS];
}

static bool
is_live(const struct flight *f)
{
	return f->outcome == IN_FLIGHT;
}

/* Asked alone, and nobody answered.  Behind the target, where it may well have been
 * the target's answer that was lost, nothing is believed to be silent. */
static void
note_miss(struct lane *ln, struct place *pl, unsigned ttl, ht_time now)
{
	bool is_beyond = false;

	for (unsigned i = 1; i < ttl && ln->target != 0; i++)
		is_beyond |= has_name(place_at(ln, i), ln->target);
	if (pl->misses + 1 < MISSES_SILENT)
		pl->misses++;
	else if (!is_beyond)
		set_state(pl, SILENT, now);
}

/* Give up on what is too old; give back how many are still in flight. */
static void
bury(struct lane *ln, ht_time now)
{
	for (uint32_t i = ln->oldest; i != ln->n_sent; i++) {
		struct flight *f = flight_at(ln, i);
		if (!is_live(f))
			continue;
		if (now - f->sent_at < patience(ln))
			break;
		f->outcome = DEAD;
		struct place *pl = place_at(ln, f->ttl);
		if (ln->is_bare && pl->state == UNKNOWN && !f->is_doubted)
			note_miss(ln, pl, f->ttl, now);
	}
	while (ln->oldest != ln->n_sent && !is_live(flight_at(ln, ln->oldest)))
		ln->oldest++;
}

/* What may be in flight together *********************************************/

/* Asked in vain: maybe silent. */
static bool
is_quiet(const struct place *pl)
{
	return pl->state == SILENT || (pl->state == UNKNOWN && pl->misses > 0);
}

/*
 * Nobody knows who answers here, but somebody may.  Behind two that are silent the
 * next are likely to be as well, and silence of several at once is silence of each;
 * if it turns out otherwise, each is asked alone.
 */
static bool
is_fresh(const struct place *pl)
{
	return pl->state == UNKNOWN && pl->misses == 0
	       && (pl->needs_alone || !is_quiet(pl - 1) || !is_quiet(pl - 2));
}

/* Could an answer to one be taken for the other's? */
static bool
is_conflict(const struct place *a, const struct place *b)
{
	if (a == b)
		return a->state == UNKNOWN || a->state == MAPPED;
	if (is_fresh(a) || is_fresh(b))
		return true;
	/* Two that are probably silent cannot be told apart, but then are asked anew.
	 */
	if (a->state == UNKNOWN || b->state == UNKNOWN)
		return a->state == MAPPED || b->state == MAPPED;
	return share_name(a, b);
}

static bool
is_claimed(struct lane *ln, unsigned ttl, ht_time now)
{
	return ln->claimant != 0 && ln->claimant != ttl
	       && now - ln->claimed_at < CLAIM_LASTS
	       && is_conflict(place_at(ln, ln->claimant), place_at(ln, ttl));
}

static void
claim(struct lane *ln, unsigned ttl, ht_time now)
{
	bool is_free = ln->claimant == 0 || now - ln->claimed_at >= CLAIM_LASTS;

	if (!is_free && ln->claimant != ttl)
		return;
	ln->claimant = (uint8_t)ttl;
	ln->claimed_at = now;
}

static void
freed_by(struct lane *ln, ht_time at)
{
	if (at < ln->freed_at)
		ln->freed_at = at;
}

bool
ht_bare_may_send(struct ht_bare *bare, const struct ht_bare_key *key, unsigned ttl,
    bool has_payload, ht_time now)
{
	struct lane *ln = need_lane(bare, key, now);
	struct place *pl = place_at(ln, ttl);

	if (!has_payload) {
		bare->is_used = ln->is_bare = true;
		if (pl->state == FULL)
			set_state(pl, UNKNOWN, now);
	}
	if (!ln->is_bare)
		return true;
	bury(ln, now);
	if (is_claimed(ln, ttl, now)) {
		freed_by(ln, ln->claimed_at + CLAIM_LASTS);
		return false;
	}
	for (uint32_t i = ln->oldest; i != ln->n_sent; i++) {
		struct flight *f = flight_at(ln, i);
		if (!is_live(f) || !is_conflict(pl, place_at(ln, f->ttl)))
			continue;
		freed_by(ln, f->sent_at + patience(ln));
		if (f->ttl != ttl)
			claim(ln, ttl, now);
		return false;
	}
	return true;
}

void
ht_bare_sent(struct ht_bare *bare, const struct ht_bare_key *key, unsigned ttl,
    uint32_t token, ht_time now)
{
	struct lane *ln = need_lane(bare, key, now);

	bury(ln, now);
	if (ln->n_sent - ln->oldest == FLIGHTS) {
		ln->blind_until = flight_at(ln, ln->oldest)->sent_at + DEAD_MAX;
		ln->oldest++;
	}
	*flight_at(ln, ln->n_sent++) = (struct flight){
		.token = token, .ttl = (uint8_t)ttl, .sent_at = now
	};
	if (ln->claimant == ttl)
		ln->claimant = 0;
}

/* Deciding ******************************************************************/

static void
note_rtt(struct lane *ln, const struct flight *f, ht_time came)
{
	if (came - f->sent_at > ln->worst)
		ln->worst = came - f->sent_at;
}

static struct flight *
find_flight(struct lane *ln, uint32_t token)
{
	/* The newest: a token may come again. */
	for (uint32_t i = ln->n_sent; i != 0 && ln->n_sent - i < FLIGHTS; i--)
		if (flight_at(ln, i - 1)->token == token)
			return flight_at(ln, i - 1);
	return NULL;
}

/* An answer was found to be this flight's, whatever else it could have been. */
static void
settle(struct ht_bare *bare, struct lane *ln, struct flight *f, uint64_t by)
{
	f->outcome = ANSWERED;
	f->by = by;
	for (int i = 0; i < HT_BARE_KEPT; i++) {
		struct kept *k = &bare->kept[i];
		if (!k->is_used || k->lane != ln - bare->lanes)
			continue;
		for (int j = 0; j < k->n; j++)
			if (k->rivals[j].token == f->token)
				k->rivals[j] = k->rivals[--k->n];
	}
}

/* Is it known, since the answer came, who answers from all places in question?  Then
 * give the only rival with this name: its index, -1 if none or several. */
static bool
is_decided(struct lane *ln, const struct kept *k, int *ret_rival)
{
	*ret_rival = -1;
	int n = 0;

	for (int i = 0; i < k->n; i++) {
		const struct place *pl = place_at(ln, k->rivals[i].ttl);
		if (pl->state == UNKNOWN
		    || (pl->state != MAPPED && pl->since <= k->answer.came))
			return false;
		if (!has_name(pl, k->name))
			continue;
		*ret_rival = i;
		n++;
	}
	if (n != 1)
		*ret_rival = -1;
	return true;
}

/* Give it to the oldest that may be, as nobody's in particular. */
static void
give_up(struct ht_bare *bare, struct kept *k, const struct sink *sink)
{
	struct lane *ln = &bare->lanes[k->lane];
	int oldest = 0;

	k->is_used = false;
	for (int i = 1; i < k->n; i++)
		if (k->rivals[i].sent_at < k->rivals[oldest].sent_at)
			oldest = i;
	if (k->n == 0) {
		sink->fn(sink->ctx, 0, HT_MATCH_NONE, &k->answer);
		return;
	}
	uint32_t token = k->rivals[oldest].token;
	struct flight *f = find_flight(ln, token);
	if (f != NULL)
		settle(bare, ln, f, k->name);
	sink->fn(sink->ctx, token, HT_MATCH_AMBIGUOUS, &k->answer);
}

/* Something was learned: decide what can be. */
static void
decide(struct ht_bare *bare, struct lane *ln, const struct sink *sink)
{
	for (int i = 0; i < HT_BARE_KEPT; i++) {
		struct kept *k = &bare->kept[i];
		int rival;
		if (!k->is_used || k->lane != ln - bare->lanes || k->is_blind
		    || !is_decided(ln, k, &rival))
			continue;
		struct flight *f = rival >= 0 ? find_flight(ln, k->rivals[rival].token)
					      : NULL;
		if (f == NULL) {
			give_up(bare, k, sink);
			continue;
		}
		k->is_used = false;
		settle(bare, ln, f, k->name);
		sink->fn(sink->ctx, f->token, HT_MATCH_MAPPED, &k->answer);
	}
}

void
ht_bare_full(struct ht_bare *bare, const struct ht_bare_key *key, uint32_t token,
    ht_time now, ht_bare_fn *fn, void *ctx)
{
	const struct sink sink = { fn, ctx };
	struct lane *ln = find_lane(bare, key);
	struct flight *f = ln != NULL ? find_flight(ln, token) : NULL;

	if (f == NULL || f->outcome == ANSWERED)
		return;
	struct place *pl = place_at(ln, f->ttl);
	note_rtt(ln, f, now);
	settle(bare, ln, f, 0);
	/* Both kinds of routers may stand there. */
	if (pl->state != MAPPED)
		set_state(pl, FULL, now);
	if (pl->state == FULL)
		pl->since = now;
	decide(bare, ln, &sink);
}

/* Bare answers **************************************************************/

/* Those in flight that can have caused an answer. */
struct suspects {
	unsigned n;         /* all */
	unsigned n_unknown; /* whose TTL is UNKNOWN */
	unsigned n_mapped;  /* whose TTL has the name */
	struct flight *unknown;
	struct flight *mapped;
};

static bool
can_be(const struct flight *f, ht_time came)
{
	return is_live(f) && f->sent_at <= came;
}

static struct suspects
look_for_suspects(struct lane *ln, uint64_t name, ht_time came)
{
	struct suspects s = { 0 };

	for (uint32_t i = ln->oldest; i != ln->n_sent; i++) {
		struct flight *f = flight_at(ln, i);
		if (!can_be(f, came))
			continue;
		s.n++;
		if (place_at(ln, f->ttl)->state == UNKNOWN) {
			s.n_unknown++;
			s.unknown = f;
		} else if (has_name(place_at(ln, f->ttl), name)) {
			s.n_mapped++;
			s.mapped = f;
		}
	}
	return s;
}

/* Has one that this router answered a moment ago been answered twice? */
static struct flight *
find_twin(struct lane *ln, uint64_t name, ht_time came)
{
	for (uint32_t i = ln->n_sent; i != 0 && ln->n_sent - i < FLIGHTS; i--) {
		struct flight *f = flight_at(ln, i - 1);
		if (came - f->sent_at > 2 * patience(ln))
			break;
		if (f->outcome == ANSWERED && f->by == name && f->sent_at <= came
		    && has_name(place_at(ln, f->ttl), name))
			return f;
	}
	return NULL;
}

/* Maybe we were not patient enough. */
static bool
has_recent_dead(struct lane *ln, ht_time came)
{
	for (uint32_t i = ln->n_sent; i != 0 && ln->n_sent - i < FLIGHTS; i--) {
		const struct flight *f = flight_at(ln, i - 1);
		if (f->outcome == DEAD && f->sent_at <= came
		    && came - f->sent_at < DEAD_MAX)
			return true;
	}
	return false;
}

static struct kept *
need_kept(struct ht_bare *bare, const struct sink *sink)
{
	struct kept *oldest = &bare->kept[0];

	for (int i = 0; i < HT_BARE_KEPT; i++) {
		struct kept *k = &bare->kept[i];
		if (!k->is_used)
			return k;
		if (k->answer.came < oldest->answer.came)
			oldest = k;
	}
	give_up(bare, oldest, sink);
	return oldest;
}

static struct kept *
keep(struct ht_bare *bare, struct lane *ln, uint64_t name,
    const struct ht_bare_answer *answer, const struct sink *sink)
{
	struct kept *k = need_kept(bare, sink);

	*k = (struct kept){
		.is_used = true,
		.is_blind = answer->came < ln->blind_until,
		.lane = (uint8_t)(ln - bare->lanes),
		.name = name,
		.answer = *answer,
	};
	for (uint32_t i = ln->oldest; i != ln->n_sent; i++) {
		struct flight *f = flight_at(ln, i);
		if (!can_be(f, answer->came))
			continue;
		f->is_doubted = true;
		if (k->n == RIVALS) {
			k->is_blind = true;
			break;
		}
		k->rivals[k->n].token = f->token;
		k->rivals[k->n].ttl = f->ttl;
		k->rivals[k->n++].sent_at = f->sent_at;
	}
	return k;
}

static void
suspect(struct place *pl, ht_time now)
{
	set_state(pl, UNKNOWN, now);
	pl->needs_alone = true;
}

/* Who may have caused it is UNKNOWN from now on, and asked again. */
static void
doubt(struct lane *ln, const struct kept *k, const struct sink *sink, ht_time now)
{
	for (int i = 0; i < k->n; i++) {
		struct place *pl = place_at(ln, k->rivals[i].ttl);
		if (pl->state == UNKNOWN || has_name(pl, k->name))
			suspect(pl, now);
	}
	for (int i = 0; i < k->n; i++)
		if (place_at(ln, k->rivals[i].ttl)->state == UNKNOWN)
			sink->fn(
			    sink->ctx, k->rivals[i].token, HT_MATCH_AMBIGUOUS, NULL);
}

static void
credit(struct ht_bare *bare, struct lane *ln, struct flight *f, uint64_t name,
    const struct ht_bare_answer *answer, ht_time now, const struct sink *sink)
{
	note_rtt(ln, f, answer->came);
	settle(bare, ln, f, name);
	learn(place_at(ln, f->ttl), name, now);
	if (ht_addr_equal(&answer->reply.from, &ln->key.target))
		ln->target = name;
	sink->fn(sink->ctx, f->token, HT_MATCH_MAPPED, answer);
	decide(bare, ln, sink);
}

static bool
is_elsewhere(struct lane *ln, uint64_t name)
{
	for (unsigned i = 1; i < TTLS; i++)
		if (has_name(place_at(ln, i), name))
			return true;
	return false;
}

/* Nobody in flight is known to answer like that.  Somebody new is one more router
 * that shares the load of a hop, or a part of another path; but one who was known in
 * another place has moved, and the others with him. */
static void
note_stranger(struct lane *ln, uint64_t name, ht_time came, ht_time now)
{
	bool has_moved = is_elsewhere(ln, name);

	for (unsigned i = 1; i < TTLS && has_moved; i++) {
		suspect(place_at(ln, i), now);
		place_at(ln, i)->n_addrs = 0;
	}
	for (uint32_t i = ln->oldest; i != ln->n_sent; i++)
		if (can_be(flight_at(ln, i), came))
			suspect(place_at(ln, flight_at(ln, i)->ttl), now);
}

void
ht_bare_take(struct ht_bare *bare, const struct ht_bare_key *key,
    const struct ht_bare_answer *answer, ht_time now, ht_bare_fn *fn, void *ctx)
{
	const struct sink sink = { fn, ctx };
	uint64_t name = name_of(&answer->reply.from, answer->reply.reply_ttl);
	struct lane *ln = find_lane(bare, key);

	if (ln == NULL) {
		fn(ctx, 0, HT_MATCH_NONE, answer);
		return;
	}
	bare->is_used = ln->is_bare = true;
	bury(ln, answer->came);
	struct suspects s = look_for_suspects(ln, name, answer->came);
	struct flight *twin = find_twin(ln, name, answer->came);
	bool is_blind = answer->came < ln->blind_until;

	if (s.n_unknown == 1 && s.n == 1 && !is_blind) {
		credit(bare, ln, s.unknown, name, answer, now, &sink);
	} else if (s.n_unknown == 0 && s.n_mapped == 1 && !is_blind) {
		credit(bare, ln, s.mapped, name, answer, now, &sink);
	} else if (s.n_unknown + s.n_mapped == 0 && twin != NULL) {
		fn(ctx, twin->token, HT_MATCH_MAPPED, answer);
	} else if (s.n == 0) {
		ln->is_slow |= has_recent_dead(ln, answer->came);
		fn(ctx, 0, HT_MATCH_NONE, answer);
	} else {
		if (s.n_unknown + s.n_mapped == 0)
			note_stranger(ln, name, answer->came, now);
		doubt(ln, keep(bare, ln, name, answer, &sink), &sink, now);
	}
}

/* Time **********************************************************************/

void
ht_bare_tick(struct ht_bare *bare, ht_time now, ht_bare_fn *fn, void *ctx)
{
	const struct sink sink = { fn, ctx };

	for (int i = 0; bare->is_used && i < HT_BARE_KEPT; i++) {
		struct kept *k = &bare->kept[i];
		if (k->is_used && now - k->answer.came >= HT_BARE_KEEP)
			give_up(bare, k, &sink);
	}
	/* Whoever waits for that is asked right after this. */
	for (int i = 0; i < bare->n_lanes; i++)
		if (bare->lanes[i].freed_at <= now)
			bare->lanes[i].freed_at = HT_TIME_NEVER;
}

ht_time
ht_bare_next(const struct ht_bare *bare)
{
	ht_time next = HT_TIME_NEVER;

	for (int i = 0; bare->is_used && i < HT_BARE_KEPT; i++) {
		const struct kept *k = &bare->kept[i];
		if (k->is_used && k->answer.came + HT_BARE_KEEP < next)
			next = k->answer.came + HT_BARE_KEEP;
	}
	for (int i = 0; i < bare->n_lanes; i++)
		if (bare->lanes[i].freed_at < next)
			next = bare->lanes[i].freed_at;
	return next;
}
