/* SPDX-License-Identifier: ISC */
#include "transport/linux/bare.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "transport/linux/lane.h"

#define RIVALS 32 /* probes that an answer may belong to */

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
	struct ht_lane lanes[HT_BARE_LANES];
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

/* Lanes *********************************************************************/

static bool
is_key(const struct ht_bare_key *a, const struct ht_bare_key *b)
{
	return a->local_port == b->local_port && a->port == b->port
	       && ht_addr_equal(&a->target, &b->target);
}

static struct ht_lane *
find_lane(struct ht_bare *bare, const struct ht_bare_key *key)
{
	for (int i = 0; i < bare->n_lanes; i++)
		if (is_key(&bare->lanes[i].key, key))
			return &bare->lanes[i];
	return NULL;
}

static void
forget_kept(struct ht_bare *bare, const struct ht_lane *ln)
{
	for (int i = 0; i < HT_BARE_KEPT; i++)
		if (bare->kept[i].lane == ln - bare->lanes)
			bare->kept[i].is_used = false;
}

/* A new lane, or the one that was not used for longest. */
static struct ht_lane *
take_lane(struct ht_bare *bare)
{
	struct ht_lane *oldest = &bare->lanes[0];

	if (bare->n_lanes < HT_BARE_LANES)
		return &bare->lanes[bare->n_lanes++];
	for (int i = 1; i < HT_BARE_LANES; i++)
		if (bare->lanes[i].last < oldest->last)
			oldest = &bare->lanes[i];
	forget_kept(bare, oldest);
	return oldest;
}

static struct ht_lane *
need_lane(struct ht_bare *bare, const struct ht_bare_key *key, ht_time now)
{
	struct ht_lane *ln = find_lane(bare, key);

	if (ln == NULL) {
		bool is_taken_over = bare->n_lanes == HT_BARE_LANES;
		ln = take_lane(bare);
		memset(ln, 0, sizeof(*ln));
		ln->key = *key;
		ln->freed_at = HT_TIME_NEVER;
		/* It may have been this one's before, with probes still on their way.
		 */
		if (is_taken_over)
			ln->blind_until = now + HT_LANE_DEAD_MAX;
	}
	ln->last = now;
	return ln;
}

bool
ht_bare_may_send(struct ht_bare *bare, const struct ht_bare_key *key, unsigned ttl,
    bool has_payload, ht_time now)
{
	struct ht_lane *ln = need_lane(bare, key, now);
	struct ht_place *pl = ht_lane_place(ln, ttl);

	if (!has_payload) {
		bare->is_used = ln->is_bare = true;
		if (pl->state == HT_PLACE_FULL)
			ht_place_set(pl, HT_PLACE_UNKNOWN, now);
	}
	if (ln->is_bare)
		return ht_lane_may_send(ln, ttl, now);
	/* Routers quote as much as they can of IPv6 (RFC 4443 section 3.3). */
	return key->target.family != HT_FAMILY_IP4
	       || !ht_lane_is_first_look(ln, ttl, now);
}

void
ht_bare_sent(struct ht_bare *bare, const struct ht_bare_key *key, unsigned ttl,
    uint32_t token, ht_time now)
{
	ht_lane_sent(need_lane(bare, key, now), ttl, token, now);
}

/* Deciding ******************************************************************/

/* An answer was found to be this flight's, whatever else it could have been. */
static void
settle(struct ht_bare *bare, struct ht_lane *ln, struct ht_lane_flight *f, uint64_t by,
    ht_time came)
{
	f->outcome = HT_LANE_ANSWERED;
	f->by = by;
	f->came = came;
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
is_decided(struct ht_lane *ln, const struct kept *k, int *ret_rival)
{
	*ret_rival = -1;
	int n = 0;

	for (int i = 0; i < k->n; i++) {
		const struct ht_place *pl = ht_lane_place(ln, k->rivals[i].ttl);
		if (pl->state == HT_PLACE_UNKNOWN
		    || (pl->state != HT_PLACE_MAPPED && pl->since <= k->answer.came))
			return false;
		if (!ht_place_has(pl, k->name))
			continue;
		*ret_rival = i;
		n++;
	}
	if (n != 1)
		*ret_rival = -1;
	return true;
}

/* How likely is an answer by this name from there? */
static int
likelihood(const struct ht_place *pl, uint64_t name)
{
	if (pl->state == HT_PLACE_SILENT)
		return 0;
	if (pl->state == HT_PLACE_UNKNOWN)
		return pl->misses > 0 ? 1 : 3;
	return ht_place_has(pl, name) ? 4 : 2;
}

/* The likeliest rival, of several the oldest; -1 if it can be none. */
static int
likeliest(struct ht_lane *ln, const struct kept *k)
{
	int found = -1, best = 0;

	for (int i = 0; i < k->n; i++) {
		int how = likelihood(ht_lane_place(ln, k->rivals[i].ttl), k->name);
		if (how < best || how == 0
		    || (how == best && found >= 0
			&& k->rivals[i].sent_at >= k->rivals[found].sent_at))
			continue;
		found = i;
		best = how;
	}
	return found;
}

/* Give it to the one that it may well be of, as nobody's in particular; but rather
 * take it for a copy of another answer than for one from where nobody may be. */
static void
give_up(struct ht_bare *bare, struct kept *k, const struct sink *sink)
{
	struct ht_lane *ln = &bare->lanes[k->lane];
	int rival = likeliest(ln, k);
	struct ht_lane_flight *twin = ht_lane_twin(ln, k->name, k->answer.came);

	k->is_used = false;
	if (twin != NULL
	    && (rival < 0
		|| likelihood(ht_lane_place(ln, k->rivals[rival].ttl), k->name) < 2)) {
		sink->fn(sink->ctx, twin->token, HT_MATCH_MAPPED, &k->answer);
		return;
	}
	if (rival < 0) {
		sink->fn(sink->ctx, 0, HT_MATCH_NONE, &k->answer);
		return;
	}
	uint32_t token = k->rivals[rival].token;
	struct ht_lane_flight *f = ht_lane_find(ln, token);
	if (f != NULL)
		settle(bare, ln, f, k->name, k->answer.came);
	k->answer.reply.from = (struct ht_addr){ .family = HT_FAMILY_NONE };
	sink->fn(sink->ctx, token, HT_MATCH_AMBIGUOUS, &k->answer);
}

/* Something was learned: decide what can be. */
static void
decide(struct ht_bare *bare, struct ht_lane *ln, const struct sink *sink)
{
	for (int i = 0; i < HT_BARE_KEPT; i++) {
		struct kept *k = &bare->kept[i];
		int rival;
		if (!k->is_used || k->lane != ln - bare->lanes || k->is_blind
		    || !is_decided(ln, k, &rival))
			continue;
		struct ht_lane_flight *f = rival >= 0 ? ht_lane_find(
					       ln, k->rivals[rival].token)
						      : NULL;
		if (f == NULL) {
			give_up(bare, k, sink);
			continue;
		}
		k->is_used = false;
		settle(bare, ln, f, k->name, k->answer.came);
		sink->fn(sink->ctx, f->token, HT_MATCH_MAPPED, &k->answer);
	}
}

void
ht_bare_full(struct ht_bare *bare, const struct ht_bare_key *key, uint32_t token,
    ht_time now, ht_bare_fn *fn, void *ctx)
{
	const struct sink sink = { fn, ctx };
	struct ht_lane *ln = find_lane(bare, key);
	struct ht_lane_flight *f = ln != NULL ? ht_lane_find(ln, token) : NULL;

	if (f == NULL || f->outcome == HT_LANE_ANSWERED)
		return;
	struct ht_place *pl = ht_lane_place(ln, f->ttl);
	ht_lane_note_rtt(ln, f, now);
	settle(bare, ln, f, 0, now);
	/* Both kinds of routers may stand there. */
	if (pl->state != HT_PLACE_MAPPED)
		ht_place_set(pl, HT_PLACE_FULL, now);
	if (pl->state == HT_PLACE_FULL)
		pl->since = now;
	decide(bare, ln, &sink);
}

/* Bare answers **************************************************************/

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
keep(struct ht_bare *bare, struct ht_lane *ln, uint64_t name,
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
		struct ht_lane_flight *f = ht_lane_flight(ln, i);
		if (!ht_flight_can_be(f, answer->came))
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

/* Who may have caused it is UNKNOWN from now on, and asked again. */
static void
doubt(struct ht_lane *ln, const struct kept *k, const struct sink *sink, ht_time now)
{
	for (int i = 0; i < k->n; i++) {
		struct ht_place *pl = ht_lane_place(ln, k->rivals[i].ttl);
		if (pl->state == HT_PLACE_UNKNOWN || ht_place_has(pl, k->name))
			ht_place_suspect(pl, now);
	}
	for (int i = 0; i < k->n; i++)
		if (ht_lane_place(ln, k->rivals[i].ttl)->state == HT_PLACE_UNKNOWN)
			sink->fn(
			    sink->ctx, k->rivals[i].token, HT_MATCH_AMBIGUOUS, NULL);
}

/* So soon behind an answer of the same router, and in less than half the time that it
 * ever took, it is probably a copy of that one. */
static bool
is_too_soon(
    struct ht_lane *ln, const struct ht_lane_flight *f, uint64_t name, ht_time came)
{
	ht_time heard = ht_lane_heard(ln, name, 0);

	return heard >= 0 && came - heard < HT_LANE_QUIET
	       && came - f->sent_at < ht_lane_place(ln, f->ttl)->best / 2;
}

static void
credit(struct ht_bare *bare, struct ht_lane *ln, struct ht_lane_flight *f,
    uint64_t name, const struct ht_bare_answer *answer, ht_time now,
    const struct sink *sink)
{
	struct ht_place *pl = ht_lane_place(ln, f->ttl);
	bool is_sure = !is_too_soon(ln, f, name, answer->came);
	ht_time rtt = answer->came - f->sent_at;

	ht_lane_note_rtt(ln, f, answer->came);
	settle(bare, ln, f, name, answer->came);
	ht_place_learn(pl, name, now);
	if (pl->best == 0 || rtt < pl->best)
		pl->best = rtt;
	if (ht_addr_equal(&answer->reply.from, &ln->key.target))
		ln->target = name;
	sink->fn(sink->ctx, f->token, is_sure ? HT_MATCH_MAPPED : HT_MATCH_AMBIGUOUS,
	    answer);
	decide(bare, ln, sink);
}

/* Asked alone, but another place's router was heard a moment ago: this may be a copy
 * of that. */
static bool
may_be_copy(
    struct ht_lane *ln, const struct ht_lane_flight *f, uint64_t name, ht_time came)
{
	ht_time heard = ht_lane_heard(ln, name, f->ttl);

	return heard >= 0 && came - heard < HT_LANE_QUIET
	       && !ht_place_has(ht_lane_place(ln, f->ttl), name);
}

/* Ask again, when copies have had their time. */
static void
shun(struct ht_lane *ln, struct ht_lane_flight *f, uint64_t name, ht_time now)
{
	struct ht_place *pl = ht_lane_place(ln, f->ttl);

	ht_place_suspect(pl, now);
	pl->shuns = name;
}

void
ht_bare_take(struct ht_bare *bare, const struct ht_bare_key *key,
    const struct ht_bare_answer *answer, ht_time now, ht_bare_fn *fn, void *ctx)
{
	const struct sink sink = { fn, ctx };
	uint64_t name = ht_lane_name(&answer->reply.from, answer->reply.reply_ttl);
	struct ht_lane *ln = find_lane(bare, key);

	if (ln == NULL) {
		fn(ctx, 0, HT_MATCH_NONE, answer);
		return;
	}
	bare->is_used = ln->is_bare = true;
	ht_lane_bury(ln, answer->came);
	struct ht_suspects s = ht_lane_suspects(ln, name, answer->came);
	struct ht_lane_flight *twin = ht_lane_twin(ln, name, answer->came);
	bool is_blind = answer->came < ln->blind_until;

	if (s.n_unknown == 1 && s.n == 1 && !is_blind
	    && may_be_copy(ln, s.unknown, name, answer->came)) {
		doubt(ln, keep(bare, ln, name, answer, &sink), &sink, now);
		shun(ln, s.unknown, name, now);
	} else if (s.n_unknown == 1 && s.n == 1 && !is_blind) {
		credit(bare, ln, s.unknown, name, answer, now, &sink);
	} else if (s.n_unknown == 0 && s.n_mapped == 1 && !is_blind) {
		credit(bare, ln, s.mapped, name, answer, now, &sink);
	} else if (s.n_unknown + s.n_mapped == 0 && twin != NULL) {
		fn(ctx, twin->token, HT_MATCH_MAPPED, answer);
	} else if (s.n == 0) {
		ln->is_slow |= ht_lane_has_recent_dead(ln, answer->came);
		fn(ctx, 0, HT_MATCH_NONE, answer);
	} else {
		if (s.n_unknown + s.n_mapped == 0)
			ht_lane_note_stranger(ln, name, answer->came, now);
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
