/* SPDX-License-Identifier: ISC */
/*
 * Several targets behind the same routers: each router is asked once.
 *
 * Routers limit their answers per prober, so asking once for each target would
 * make loss that is not there.  Lanes that see the same addresses up to a ttl
 * take turns at it:
 *
 * 1. One of them leads: it sends, and its probe stands for the others' too.  Then
 *    the next one leads.  So each lane sees with its own probe, every so many
 *    turns, that it still is the same router; and the router sees one prober.
 * 2. What became of the probe counts for another lane only if the router that
 *    answered is the one that this lane knows, or if nobody answered.  A lane
 *    learns of a shared probe at that moment, with the time at which it left.
 *    A lane that knows another router has left the group, with all ttls beyond.
 * 3. A lane that has never had an answer at this ttl (the router's limit was
 *    used up by the others) takes turns too, or it would never get one.  But
 *    nothing is counted for it before, nor is its own probe for the others.
 */
#include "session/internal.h"

#include "base/addr.h"

static bool
is_follower(const struct ht_session *ss, unsigned lane, unsigned leader, unsigned ttl)
{
	const struct ht_slot *slot = &ss->lanes[lane]->sch.slots[ttl];

	return slot->is_led && slot->leader == leader;
}

bool
ht_share_wait(struct ht_session *ss, unsigned lane, unsigned ttl, ht_time now)
{
	struct lane *own = ss->lanes[lane];
	const struct ht_addr *addr = &ss->targets[own->target].pub.addr;

	/* Who was led and is due has been left alone. */
	if (own->sch.slots[ttl].is_led)
		return false;
	for (unsigned i = 0; i < ss->n_lanes; i++) {
		const struct lane *other = ss->lanes[i];
		if (i == lane || other->flow != own->flow
		    || ss->targets[other->target].pub.addr.family != addr->family
		    || !ht_schedule_can_follow(&own->sch, &other->sch, ttl))
			continue;
		for (unsigned k = 0; k < ss->n_lanes; k++)
			if (is_follower(ss, k, lane, ttl))
				ht_schedule_follow(
				    &ss->lanes[k]->sch, ttl, (uint16_t)i, now);
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

/* The next follower that still has cycles to go; the leader itself if none has. */
static unsigned
next_leader(const struct ht_session *ss, unsigned leader, unsigned ttl)
{
	for (unsigned k = 1; k < ss->n_lanes; k++) {
		unsigned i = (leader + k) % ss->n_lanes;
		if (is_follower(ss, i, leader, ttl)
		    && !ht_schedule_is_exhausted(&ss->lanes[i]->sch, ttl))
			return i;
	}
	return leader;
}

static void
pass_on(struct ht_session *ss, unsigned leader, unsigned ttl, ht_time now)
{
	unsigned next = next_leader(ss, leader, ttl);

	for (unsigned i = 0; i < ss->n_lanes; i++)
		if (i == leader || is_follower(ss, i, leader, ttl))
			ht_schedule_follow(
			    &ss->lanes[i]->sch, ttl, (uint16_t)next, now);
	ht_schedule_lead(&ss->lanes[next]->sch, ttl, now);
}

void
ht_share_sent(struct ht_session *ss, unsigned lane, unsigned ttl, ht_time now,
    struct ht_flight *f)
{
	bool is_known = ss->lanes[lane]->sch.slots[ttl].from.family != HT_FAMILY_NONE;
	bool has_followers = false;

	for (unsigned i = 0; i < ss->n_lanes; i++) {
		if (!is_follower(ss, i, lane, ttl))
			continue;
		has_followers = true;
		if (is_known)
			f = add_shadow(ss, f, i, ttl, now);
	}
	if (has_followers)
		pass_on(ss, lane, ttl, now);
}

/* From a ttl on a lane sees other routers than those it took turns with. */
static void
leave(struct ht_session *ss, unsigned lane, unsigned ttl)
{
	for (unsigned i = 0; i < ss->n_lanes; i++) {
		for (unsigned t = ttl; t <= ss->max_ttl; t++) {
			if (!is_follower(ss, i, lane, t))
				continue;
			ht_schedule_unfollow(&ss->lanes[i]->sch, t);
			break;
		}
	}
	ht_schedule_unfollow(&ss->lanes[lane]->sch, ttl);
}

bool
ht_share_adopt(struct ht_session *ss, struct ht_flight *f, const struct ht_addr *from)
{
	struct ht_schedule *sch = &ss->lanes[f->lane]->sch;
	struct ht_slot *slot = &sch->slots[f->ttl];
	bool is_known = slot->from.family != HT_FAMILY_NONE;
	bool is_other = is_known && from != NULL && !ht_addr_equal(&slot->from, from);

	if (is_other)
		leave(ss, f->lane, f->ttl);
	if (!is_known || is_other || ht_schedule_is_exhausted(sch, f->ttl)) {
		ht_inflight_settle(&ss->flight, f, HT_FLIGHT_WITHDRAWN);
		return false;
	}
	f->is_told = true;
	f->seq = slot->seq;
	ht_session_note_shared(ss, f);
	return true;
}
