/* SPDX-License-Identifier: ISC */
/*
 * Several targets behind the same routers: each router is asked once.
 *
 * Routers limit their answers per prober, so asking once for each target would
 * make loss that is not there.  Lanes that see the same addresses up to a ttl
 * take turns at it:
 *
 * 1. One of them leads: it sends, and its probe stands for the others' too.  Then
 *    another one leads, the one that has not for longest.  So each lane sees with
 *    its own probe, every so many turns, that it still is the same router; and the
 *    router sees one prober.
 * 2. What became of the probe counts for another lane only if the router that
 *    answered is the one that this lane knows, or if nobody answered.  A lane
 *    learns of a shared probe at that moment, with the time at which it left.
 *    A lane that knows another router has left the group, with all ttls beyond.
 * 3. A lane that has never had an answer at this ttl (the router's limit was
 *    used up by the others) takes turns too, or it would never get one.  But
 *    nothing is counted for it before, nor is its own probe for the others.
 * 4. A lane whose own probes get no answer is in doubt: its way may have turned
 *    to a router that keeps silent, and the others' answers would hide it.  Every
 *    second turn is for those in doubt, few of them at a time; what they send
 *    counts for nobody else, and those who get no answer then leave the group.
 * 5. Who cannot send, leads nobody.  When a leader falls silent for any reason,
 *    the first that notices takes its place, for all.
 */
#include "session/internal.h"

#include "base/addr.h"

/* Lanes of one group that never had an answer; others go on alone meanwhile. */
#define STRANGERS_MAX 4

/* A lane in doubt about more of its own probes than that speaks for itself only. */
#define DOUBTS_MAX 1

static bool
is_follower(const struct ht_session *ss, unsigned lane, unsigned leader, unsigned ttl)
{
	const struct ht_slot *slot = &ss->lanes[lane]->sch.slots[ttl];

	return slot->is_led && slot->leader == leader;
}

static bool
is_stranger(const struct ht_session *ss, unsigned lane, unsigned ttl)
{
	return ss->lanes[lane]->sch.slots[ttl].from.family == HT_FAMILY_NONE;
}

static bool
has_room(const struct ht_session *ss, unsigned lane, unsigned leader, unsigned ttl)
{
	unsigned strangers = 0;

	for (unsigned i = 0; i < ss->n_lanes; i++)
		strangers += is_follower(ss, i, leader, ttl) && is_stranger(ss, i, ttl);
	return !is_stranger(ss, lane, ttl) || strangers < STRANGERS_MAX;
}

/* All that follow one lane follow another one now. */
static void
hand_over(struct ht_session *ss, unsigned from, unsigned to, unsigned ttl, ht_time now)
{
	for (unsigned i = 0; i < ss->n_lanes; i++)
		if (i != to && is_follower(ss, i, from, ttl))
			ht_schedule_follow(&ss->lanes[i]->sch, ttl, (uint16_t)to, now);
}

/* One that was led is due: has it been left alone?  Then it takes the place. */
static bool
wait_on(struct ht_session *ss, unsigned lane, unsigned ttl, ht_time now)
{
	unsigned leader = ss->lanes[lane]->sch.slots[ttl].leader;
	ht_time soon = now + ss->set.interval_ns;

	/* All were late, the leader is only the next in the row. */
	if (ht_schedule_is_asking(&ss->lanes[leader]->sch, ttl, soon)) {
		ht_schedule_follow(&ss->lanes[lane]->sch, ttl, (uint16_t)leader, now);
		return true;
	}
	hand_over(ss, leader, lane, ttl, now);
	return false;
}

bool
ht_share_wait(struct ht_session *ss, unsigned lane, unsigned ttl, ht_time now)
{
	struct lane *own = ss->lanes[lane];
	const struct ht_addr *addr = &ss->targets[own->target].pub.addr;

	if (!ht_schedule_is_inner(&own->sch, ttl))
		return false;
	if (own->sch.slots[ttl].is_led)
		return wait_on(ss, lane, ttl, now);
	for (unsigned i = 0; i < ss->n_lanes; i++) {
		const struct lane *other = ss->lanes[i];
		if (i == lane || !ht_session_is_active(ss, i)
		    || other->flow != own->flow
		    || ss->targets[other->target].pub.addr.family != addr->family
		    || !ht_schedule_can_follow(&own->sch, &other->sch, ttl)
		    || !has_room(ss, lane, i, ttl))
			continue;
		hand_over(ss, lane, i, ttl, now);
		ht_schedule_follow(&own->sch, ttl, (uint16_t)i, now);
		return true;
	}
	return false;
}

/* Add a flight for a lane behind that of the probe, or behind another such one. */
static struct ht_flight *
add_shadow(struct ht_session *ss, struct ht_flight *f, unsigned lane, unsigned ttl,
    ht_time now)
{
	struct ht_flight *shadow = ht_inflight_reserve(&ss->flight);

	if (shadow == NULL)
		return f;
	ht_session_fill_flight(ss, shadow, lane, ttl, now);
	shadow->is_shared = true;
	ht_inflight_commit(&ss->flight);
	f->has_shadow = true;
	f->shadow = shadow->token;
	return shadow;
}

/*
 * Who leads next: of those that still have cycles to go the one whose own newest
 * probe is oldest; in doubt and not in doubt in turn.  The leader itself if none.
 */
static unsigned
next_leader(const struct ht_session *ss, unsigned leader, unsigned ttl)
{
	bool want_doubt = !ht_schedule_is_doubtful(&ss->lanes[leader]->sch, ttl);
	bool has_wanted = false;
	unsigned next = leader;

	for (unsigned i = 0; i < ss->n_lanes; i++) {
		const struct ht_schedule *sch = &ss->lanes[i]->sch;
		bool is_wanted = ht_schedule_is_doubtful(sch, ttl) == want_doubt;
		if (!is_follower(ss, i, leader, ttl)
		    || ht_schedule_is_exhausted(sch, ttl) || (has_wanted && !is_wanted))
			continue;
		if (next == leader || (is_wanted && !has_wanted)
		    || sch->slots[ttl].tried_at
			   < ss->lanes[next]->sch.slots[ttl].tried_at)
			next = i;
		has_wanted = is_wanted;
	}
	return next;
}

static void
pass_on(struct ht_session *ss, unsigned leader, unsigned ttl, ht_time now)
{
	unsigned next = next_leader(ss, leader, ttl);

	for (unsigned i = 0; i < ss->n_lanes; i++) {
		struct ht_schedule *sch = &ss->lanes[i]->sch;
		if (i == next || (i != leader && !is_follower(ss, i, leader, ttl)))
			continue;
		ht_schedule_asked(sch, ttl, now);
		if (ht_schedule_may_wait(sch, ttl))
			ht_schedule_follow(sch, ttl, (uint16_t)next, now);
		else
			ht_schedule_unfollow_one(sch, ttl, now);
	}
	ht_schedule_asked(&ss->lanes[next]->sch, ttl, now);
	ht_schedule_lead(&ss->lanes[next]->sch, ttl, now);
}

void
ht_share_sent(struct ht_session *ss, unsigned lane, unsigned ttl, ht_time now,
    struct ht_flight *f)
{
	const struct ht_slot *slot = &ss->lanes[lane]->sch.slots[ttl];
	bool speaks = !is_stranger(ss, lane, ttl) && slot->own_silent <= DOUBTS_MAX;
	bool has_followers = false;

	for (unsigned i = 0; i < ss->n_lanes; i++) {
		if (!is_follower(ss, i, lane, ttl))
			continue;
		has_followers = true;
		if (speaks && !is_stranger(ss, i, ttl))
			f = add_shadow(ss, f, i, ttl, now);
	}
	if (has_followers)
		pass_on(ss, lane, ttl, now);
}

void
ht_share_failed(struct ht_session *ss, unsigned lane, unsigned ttl)
{
	for (unsigned i = 0; i < ss->n_lanes; i++)
		if (is_follower(ss, i, lane, ttl))
			ht_schedule_unfollow_one(&ss->lanes[i]->sch, ttl, ss->now);
}

/* From a ttl on a lane sees other routers than those it took turns with. */
static void
leave(struct ht_session *ss, unsigned lane, unsigned ttl)
{
	for (unsigned i = 0; i < ss->n_lanes; i++) {
		for (unsigned t = ttl; t <= ss->max_ttl; t++) {
			if (!is_follower(ss, i, lane, t))
				continue;
			ht_schedule_unfollow(&ss->lanes[i]->sch, t, ss->now);
			break;
		}
	}
	ht_schedule_unfollow(&ss->lanes[lane]->sch, ttl, ss->now);
}

bool
ht_share_adopt(struct ht_session *ss, struct ht_flight *f, const struct ht_addr *from)
{
	struct ht_schedule *sch = &ss->lanes[f->lane]->sch;
	struct ht_slot *slot = &sch->slots[f->ttl];
	bool is_known = slot->from.family != HT_FAMILY_NONE;
	/* A router that refuses what this lane sends is an end here, not transit. */
	bool is_other = is_known
			&& (slot->transit_run == 0
			    || (from != NULL && !ht_addr_equal(&slot->from, from)));

	if (is_other)
		leave(ss, f->lane, f->ttl);
	/* It may have been told of a loss, and now another router answers late. */
	if (f->is_told)
		return !is_other;
	if (!is_known || is_other || ht_schedule_is_exhausted(sch, f->ttl)) {
		ht_inflight_settle(&ss->flight, f, HT_FLIGHT_WITHDRAWN);
		return false;
	}
	f->is_told = true;
	f->seq = slot->seq;
	ht_session_note_shared(ss, f);
	return true;
}
