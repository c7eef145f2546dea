/* SPDX-License-Identifier: ISC */
/*
 * Several targets behind the same routers: each router is asked once.
 *
 * Routers limit their answers per prober, so asking once for each target would
 * make loss that is not there.  Lanes that see the same addresses up to a ttl
 * take turns at it.  Nobody keeps a list of who takes turns with whom: each time
 * that one sends, the lanes that it stands for are found anew, by what they know
 * at that moment.
 *
 * 1. A probe stands for all of them.  The next one to send is the one whose own
 *    newest probe is oldest, an interval later.  So each lane sees with its own
 *    probe, every so many turns, that it still is the same router; and the router
 *    sees one prober.
 * 2. The others wait for that probe, and a while longer than it should take; then
 *    the first of them sends one.  So whoever cannot send, or has come to see other
 *    routers, keeps nobody waiting for good.
 * 3. What became of the probe counts for another lane only if the router that
 *    answered is the one that this lane knows, or if nobody answered.  A lane
 *    learns of a shared probe at that moment, with the time at which it left.
 * 4. A lane that has never had an answer at this ttl (the router's limit was
 *    used up by the others) takes turns too, or it would never get one.  But
 *    nothing is counted for it before, nor is its own probe for the others; and
 *    if it has no answer in its turn either, it goes on alone.
 * 5. A lane whose own probes get no answer is in doubt: its way may have turned
 *    to a router that keeps silent, and the others' answers would hide it.  Every
 *    second turn is for those in doubt; what they send counts for nobody else, and
 *    those who get no answer then go on alone.
 * 6. Something that is not seen here may drop what goes to one target and spare the
 *    others.  Then the lanes' own probes are lost at different rates: as soon as
 *    that is likely nothing of the one counts for the other, whatever becomes of it:
 *    to leave out losses alone would hide those that are the router's.
 */
#include "session/internal.h"

#include "base/addr.h"

/*
 * A lane with more of its own newest probes lost than that speaks for itself only.
 * One that never had an answer, too: it takes turns only after more.
 */
#define DOUBTS_MAX 1

/*
 * Losses that differ by so many standard deviations, squared: what becomes of one's
 * probe is not counted for the other.  They still take turns, or a router that limits
 * its answers would be asked more just where it is silent.
 */
#define CONTRAST_MUTE 7

/* Those that a probe's turn was for, its own lane first.  One of a target at most. */
struct turn {
	unsigned ttl;
	ht_time now;
	unsigned n;
	uint16_t lanes[HT_TARGETS_MAX];
};

static struct ht_schedule *
schedule(struct ht_session *ss, unsigned lane)
{
	return &ss->lanes[lane]->sch;
}

static struct ht_slot *
slot_of(struct ht_session *ss, unsigned lane, unsigned ttl)
{
	return &ss->lanes[lane]->sch.slots[ttl];
}

/* Can two lanes take turns? */
static bool
is_same_way(struct ht_session *ss, unsigned a, unsigned b, unsigned ttl)
{
	return ht_schedule_takes_turns(schedule(ss, b), ttl)
	       && ht_schedule_is_same_way(schedule(ss, a), schedule(ss, b), ttl);
}

/*
 * Is a lane that never had an answer here about to have its turn?  It may fit in with
 * several groups; those that come between would put it off again and again.
 */
static bool
is_on_trial(struct ht_session *ss, unsigned lane, unsigned ttl)
{
	const struct ht_slot *slot = slot_of(ss, lane, ttl);

	return slot->from.family == HT_FAMILY_NONE && slot->is_in_turn
	       && slot->due - slot->asked_at <= ss->set.interval_ns;
}

/* Find those that the probe of a lane can stand for. */
static void
gather(struct ht_session *ss, unsigned lane, struct turn *turn)
{
	const struct lane *own = ss->lanes[lane];
	const struct target *own_target = &ss->targets[own->target];
	unsigned index = lane - own_target->first_lane[own->proto];

	turn->n = 0;
	turn->lanes[turn->n++] = (uint16_t)lane;
	for (unsigned t = 0; t < ss->n_targets; t++) {
		const struct target *target = &ss->targets[t];
		unsigned other = target->first_lane[own->proto] + index;
		if (t == own->target || target->n_lanes[own->proto] <= index
		    || target->pub.addr.family != own_target->pub.addr.family
		    || ht_schedule_is_exhausted(schedule(ss, other), turn->ttl)
		    || is_on_trial(ss, other, turn->ttl)
		    || !is_same_way(ss, lane, other, turn->ttl))
			continue;
		turn->lanes[turn->n++] = (uint16_t)other;
	}
}

/* Add a flight for a lane behind that of the probe, or behind another such one. */
static struct ht_flight *
add_shadow(
    struct ht_session *ss, struct ht_flight *f, unsigned lane, const struct turn *turn)
{
	struct ht_flight *shadow = ht_inflight_reserve(&ss->flight);

	if (shadow == NULL)
		return f;
	ht_session_fill_flight(ss, shadow, lane, turn->ttl, turn->now);
	shadow->is_shared = true;
	ht_inflight_commit(&ss->flight);
	f->has_shadow = true;
	f->shadow = shadow->token;
	return shadow;
}

/* Let the probe stand for the others, unless those before it had no answer. */
static void
speak(struct ht_session *ss, const struct turn *turn, struct ht_flight *f)
{
	unsigned own = turn->lanes[0];

	if (slot_of(ss, own, turn->ttl)->own_silent > DOUBTS_MAX)
		return;
	for (unsigned i = 1; i < turn->n; i++)
		if (ht_schedule_contrast(
			schedule(ss, own), schedule(ss, turn->lanes[i]), turn->ttl)
		    < CONTRAST_MUTE)
			f = add_shadow(ss, f, turn->lanes[i], turn);
}

/*
 * Who is next: of those that still have cycles to go the one whose own newest
 * probe is oldest; in doubt and not in doubt in turn.  The same again if none.
 */
static unsigned
next_of(struct ht_session *ss, const struct turn *turn)
{
	unsigned own = turn->lanes[0], ttl = turn->ttl;
	bool want_doubt = !ht_schedule_is_doubtful(schedule(ss, own), ttl);
	bool has_wanted = false;
	unsigned next = own;

	for (unsigned i = 1; i < turn->n; i++) {
		unsigned lane = turn->lanes[i];
		bool is_wanted = ht_schedule_is_doubtful(schedule(ss, lane), ttl)
				 == want_doubt;
		if (has_wanted && !is_wanted)
			continue;
		if (next == own || is_wanted != has_wanted
		    || slot_of(ss, lane, ttl)->tried_at
			   < slot_of(ss, next, ttl)->tried_at)
			next = lane;
		has_wanted = is_wanted;
	}
	return next;
}

/* The router has been asked: say to each lane when it is its turn again. */
static void
pass_on(struct ht_session *ss, const struct turn *turn)
{
	unsigned next = next_of(ss, turn);
	ht_time at = turn->now + ss->set.interval_ns;
	ht_time late = ss->set.interval_ns * 3 / 2;

	for (unsigned i = 0; i < turn->n; i++) {
		unsigned lane = turn->lanes[i];
		struct ht_schedule *sch = schedule(ss, lane);
		if (lane == next)
			ht_schedule_turn(sch, turn->ttl, turn->now, at);
		else if (is_same_way(ss, next, lane, turn->ttl))
			ht_schedule_turn(sch, turn->ttl, turn->now, at + late);
		else
			ht_schedule_alone(sch, turn->ttl, turn->now);
	}
}

void
ht_share_sent(struct ht_session *ss, unsigned lane, unsigned ttl, ht_time now,
    struct ht_flight *f)
{
	struct turn turn = { .ttl = ttl, .now = now };

	/* It may have lost the right to while it waited: the turn goes on all the same.
	 */
	if (!slot_of(ss, lane, ttl)->had_turn
	    && !ht_schedule_takes_turns(schedule(ss, lane), ttl))
		return;
	gather(ss, lane, &turn);
	if (turn.n < 2)
		return;
	speak(ss, &turn, f);
	pass_on(ss, &turn);
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
