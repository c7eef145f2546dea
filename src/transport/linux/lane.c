/* SPDX-License-Identifier: ISC */
#include "transport/linux/lane.h"

/* A probe older than that many round trips is dead, within these bounds. */
#define DEAD_RTTS 8
#define DEAD_MIN  HT_S

/* Asked alone so often in vain makes a TTL silent: lossy hops are not to be. */
#define MISSES_SILENT 3

/* How long the first probe to a TTL is waited for before the next one may leave. */
#define FIRST_LOOK (300 * HT_MS)

/* How long a claim is honoured without being made anew. */
#define CLAIM_LASTS HT_S

/* Who answers: the address, and how far back it is, which tells the same router
 * on two places of a path apart.  FNV-1a; never 0. */
uint64_t
ht_lane_name(const struct ht_addr *from, int reply_ttl)
{
	uint64_t hash = 14695981039346656037u;

	for (size_t i = 0; i < sizeof(from->bytes); i++)
		hash = (hash ^ from->bytes[i]) * 1099511628211u;
	hash = (hash ^ from->scope) * 1099511628211u;
	hash = (hash ^ (uint64_t)(reply_ttl + 1)) * 1099511628211u;
	return hash | 1;
}

bool
ht_place_has(const struct ht_place *pl, uint64_t name)
{
	for (int i = 0; i < pl->n_addrs; i++)
		if (pl->addrs[i] == name)
			return true;
	return false;
}

static bool
share_name(const struct ht_place *a, const struct ht_place *b)
{
	for (int i = 0; i < a->n_addrs; i++)
		if (ht_place_has(b, a->addrs[i]))
			return true;
	return false;
}

void
ht_place_set(struct ht_place *pl, enum ht_place_state state, ht_time now)
{
	if (pl->state != state)
		pl->since = now;
	pl->state = (uint8_t)state;
	pl->misses = 0;
	pl->needs_alone = false;
	pl->shuns = 0;
	if (state != HT_PLACE_MAPPED)
		pl->best = 0;
	if (state == HT_PLACE_FULL || state == HT_PLACE_SILENT)
		pl->n_addrs = 0;
}

void
ht_place_learn(struct ht_place *pl, uint64_t name, ht_time now)
{
	ht_place_set(pl, HT_PLACE_MAPPED, now);
	if (ht_place_has(pl, name))
		return;
	if (pl->n_addrs < HT_PLACE_ADDRS)
		pl->newest = pl->n_addrs++;
	else
		pl->newest = (uint8_t)((pl->newest + 1) % HT_PLACE_ADDRS);
	pl->addrs[pl->newest] = name;
}

void
ht_place_suspect(struct ht_place *pl, ht_time now)
{
	ht_place_set(pl, HT_PLACE_UNKNOWN, now);
	pl->needs_alone = true;
}

/* Each place of a path has two before it. */
struct ht_place *
ht_lane_place(struct ht_lane *ln, unsigned ttl)
{
	return &ln->places[ttl + 1];
}

static ht_time
patience(const struct ht_lane *ln)
{
	ht_time span = DEAD_RTTS * ln->worst;

	if (ln->is_slow || span > HT_LANE_DEAD_MAX)
		return HT_LANE_DEAD_MAX;
	return span > DEAD_MIN ? span : DEAD_MIN;
}

struct ht_lane_flight *
ht_lane_flight(struct ht_lane *ln, uint32_t i)
{
	return &ln->flights[i % HT_LANE_FLIGHTS];
}

static bool
is_live(const struct ht_lane_flight *f)
{
	return f->outcome == HT_LANE_IN_FLIGHT;
}

/* Asked alone, and nobody answered.  Behind the target, where it may well have been
 * the target's answer that was lost, nothing is believed to be silent. */
static void
note_miss(struct ht_lane *ln, struct ht_place *pl, unsigned ttl, ht_time now)
{
	bool is_beyond = false;

	for (unsigned i = 1; i < ttl && ln->target != 0; i++)
		is_beyond |= ht_place_has(ht_lane_place(ln, i), ln->target);
	if (pl->misses + 1 < MISSES_SILENT)
		pl->misses++;
	else if (!is_beyond)
		ht_place_set(pl, HT_PLACE_SILENT, now);
}

void
ht_lane_bury(struct ht_lane *ln, ht_time now)
{
	for (uint32_t i = ln->oldest; i != ln->n_sent; i++) {
		struct ht_lane_flight *f = ht_lane_flight(ln, i);
		if (!is_live(f))
			continue;
		if (now - f->sent_at < patience(ln))
			break;
		f->outcome = HT_LANE_DEAD;
		struct ht_place *pl = ht_lane_place(ln, f->ttl);
		if (ln->is_bare && pl->state == HT_PLACE_UNKNOWN && !f->is_doubted)
			note_miss(ln, pl, f->ttl, now);
	}
	while (ln->oldest != ln->n_sent && !is_live(ht_lane_flight(ln, ln->oldest)))
		ln->oldest++;
}

/* Asked in vain: maybe silent. */
static bool
is_quiet(const struct ht_place *pl)
{
	return pl->state == HT_PLACE_SILENT
	       || (pl->state == HT_PLACE_UNKNOWN && pl->misses > 0);
}

/*
 * Nobody knows who answers here, but somebody may.  Behind two that are silent the
 * next are likely to be as well, and silence of several at once is silence of each;
 * if it turns out otherwise, each is asked alone.
 */
static bool
is_fresh(const struct ht_place *pl)
{
	return pl->state == HT_PLACE_UNKNOWN && pl->misses == 0
	       && (pl->needs_alone || !is_quiet(pl - 1) || !is_quiet(pl - 2));
}

/* Could an answer to one be taken for the other's? */
static bool
is_conflict(const struct ht_place *a, const struct ht_place *b)
{
	if (a == b)
		return a->state == HT_PLACE_UNKNOWN || a->state == HT_PLACE_MAPPED;
	if (is_fresh(a) || is_fresh(b))
		return true;
	/* Two that are probably silent cannot be told apart, but then are asked anew.
	 */
	if (a->state == HT_PLACE_UNKNOWN || b->state == HT_PLACE_UNKNOWN)
		return a->state == HT_PLACE_MAPPED || b->state == HT_PLACE_MAPPED;
	return share_name(a, b);
}

static bool
is_claimed(struct ht_lane *ln, unsigned ttl, ht_time now)
{
	return ln->claimant != 0 && ln->claimant != ttl
	       && now - ln->claimed_at < CLAIM_LASTS
	       && is_conflict(ht_lane_place(ln, ln->claimant), ht_lane_place(ln, ttl));
}

static void
claim(struct ht_lane *ln, unsigned ttl, ht_time now)
{
	bool is_free = ln->claimant == 0 || now - ln->claimed_at >= CLAIM_LASTS;

	if (!is_free && ln->claimant != ttl)
		return;
	ln->claimant = (uint8_t)ttl;
	ln->claimed_at = now;
}

static void
freed_by(struct ht_lane *ln, ht_time at)
{
	if (at < ln->freed_at)
		ln->freed_at = at;
}

/* Until when a copy of somebody else's answer could be taken for one from here; -1
 * if there is no reason to fear that. */
static ht_time
shuns_until(struct ht_lane *ln, unsigned ttl)
{
	const struct ht_place *pl = ht_lane_place(ln, ttl);
	ht_time heard = pl->shuns != 0 ? ht_lane_heard(ln, pl->shuns, ttl) : -1;

	return heard >= 0 ? heard + HT_LANE_QUIET : -1;
}

bool
ht_lane_may_send(struct ht_lane *ln, unsigned ttl, ht_time now)
{
	struct ht_place *pl = ht_lane_place(ln, ttl);
	ht_time quiet = shuns_until(ln, ttl);

	ht_lane_bury(ln, now);
	if (is_claimed(ln, ttl, now)) {
		freed_by(ln, ln->claimed_at + CLAIM_LASTS);
		return false;
	}
	if (quiet > now) {
		freed_by(ln, quiet);
		claim(ln, ttl, now);
		return false;
	}
	for (uint32_t i = ln->oldest; i != ln->n_sent; i++) {
		struct ht_lane_flight *f = ht_lane_flight(ln, i);
		if (!is_live(f) || !is_conflict(pl, ht_lane_place(ln, f->ttl)))
			continue;
		freed_by(ln, f->sent_at + patience(ln));
		if (f->ttl != ttl)
			claim(ln, ttl, now);
		return false;
	}
	return true;
}

bool
ht_lane_is_first_look(struct ht_lane *ln, unsigned ttl, ht_time now)
{
	if (ht_lane_place(ln, ttl)->state != HT_PLACE_UNKNOWN)
		return false;
	ht_lane_bury(ln, now);
	for (uint32_t i = ln->oldest; i != ln->n_sent; i++) {
		struct ht_lane_flight *f = ht_lane_flight(ln, i);
		if (!is_live(f) || f->ttl != ttl || now - f->sent_at >= FIRST_LOOK)
			continue;
		freed_by(ln, f->sent_at + FIRST_LOOK);
		return true;
	}
	return false;
}

void
ht_lane_sent(struct ht_lane *ln, unsigned ttl, uint32_t token, ht_time now)
{
	ht_lane_bury(ln, now);
	if (ln->n_sent - ln->oldest == HT_LANE_FLIGHTS) {
		ln->blind_until = ht_lane_flight(ln, ln->oldest)->sent_at
				  + HT_LANE_DEAD_MAX;
		ln->oldest++;
	}
	*ht_lane_flight(ln, ln->n_sent++) = (struct ht_lane_flight){
		.token = token, .ttl = (uint8_t)ttl, .sent_at = now
	};
	if (ln->claimant == ttl)
		ln->claimant = 0;
}

void
ht_lane_note_rtt(struct ht_lane *ln, const struct ht_lane_flight *f, ht_time came)
{
	if (came - f->sent_at > ln->worst)
		ln->worst = came - f->sent_at;
}

struct ht_lane_flight *
ht_lane_find(struct ht_lane *ln, uint32_t token)
{
	/* The newest: a token may come again. */
	for (uint32_t i = ln->n_sent; i != 0 && ln->n_sent - i < HT_LANE_FLIGHTS; i--)
		if (ht_lane_flight(ln, i - 1)->token == token)
			return ht_lane_flight(ln, i - 1);
	return NULL;
}

bool
ht_flight_can_be(const struct ht_lane_flight *f, ht_time came)
{
	return is_live(f) && f->sent_at <= came;
}

struct ht_suspects
ht_lane_suspects(struct ht_lane *ln, uint64_t name, ht_time came)
{
	struct ht_suspects s = { 0 };

	for (uint32_t i = ln->oldest; i != ln->n_sent; i++) {
		struct ht_lane_flight *f = ht_lane_flight(ln, i);
		if (!ht_flight_can_be(f, came))
			continue;
		s.n++;
		if (ht_lane_place(ln, f->ttl)->state == HT_PLACE_UNKNOWN) {
			s.n_unknown++;
			s.unknown = f;
		} else if (ht_place_has(ht_lane_place(ln, f->ttl), name)) {
			s.n_mapped++;
			s.mapped = f;
		}
	}
	return s;
}

struct ht_lane_flight *
ht_lane_twin(struct ht_lane *ln, uint64_t name, ht_time came)
{
	for (uint32_t i = ln->n_sent; i != 0 && ln->n_sent - i < HT_LANE_FLIGHTS; i--) {
		struct ht_lane_flight *f = ht_lane_flight(ln, i - 1);
		if (came - f->sent_at > 2 * patience(ln))
			break;
		if (f->outcome == HT_LANE_ANSWERED && f->by == name
		    && f->sent_at <= came
		    && ht_place_has(ht_lane_place(ln, f->ttl), name))
			return f;
	}
	return NULL;
}

ht_time
ht_lane_heard(struct ht_lane *ln, uint64_t name, unsigned ttl)
{
	ht_time newest = -1;

	for (uint32_t i = ln->n_sent; i != 0 && ln->n_sent - i < HT_LANE_FLIGHTS; i--) {
		const struct ht_lane_flight *f = ht_lane_flight(ln, i - 1);
		if (f->outcome == HT_LANE_ANSWERED && f->by == name && f->ttl != ttl
		    && f->came > newest)
			newest = f->came;
	}
	return newest;
}

bool
ht_lane_has_recent_dead(struct ht_lane *ln, ht_time came)
{
	for (uint32_t i = ln->n_sent; i != 0 && ln->n_sent - i < HT_LANE_FLIGHTS; i--) {
		const struct ht_lane_flight *f = ht_lane_flight(ln, i - 1);
		if (f->outcome == HT_LANE_DEAD && f->sent_at <= came
		    && came - f->sent_at < HT_LANE_DEAD_MAX)
			return true;
	}
	return false;
}

static bool
is_elsewhere(struct ht_lane *ln, uint64_t name)
{
	for (unsigned i = 1; i < HT_LANE_TTLS; i++)
		if (ht_place_has(ht_lane_place(ln, i), name))
			return true;
	return false;
}

void
ht_lane_note_stranger(struct ht_lane *ln, uint64_t name, ht_time came, ht_time now)
{
	bool has_moved = is_elsewhere(ln, name);

	for (unsigned i = 1; i < HT_LANE_TTLS && has_moved; i++) {
		ht_place_suspect(ht_lane_place(ln, i), now);
		ht_lane_place(ln, i)->n_addrs = 0;
	}
	for (uint32_t i = ln->oldest; i != ln->n_sent; i++)
		if (ht_flight_can_be(ht_lane_flight(ln, i), came))
			ht_place_suspect(
			    ht_lane_place(ln, ht_lane_flight(ln, i)->ttl), now);
}
