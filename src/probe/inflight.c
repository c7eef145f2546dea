/* SPDX-License-Identifier: ISC */
/*
 * Each place is in one of two lists, pending or idle:
 *
 * 1. A new probe takes the place that has been idle longest.  Its token is that
 *    place with the number of probes that had it above: an old token never fits.
 * 2. Pending ones are in sending order, so the next to expire is the first.
 * 3. One that is settled goes to the end of the idle ones.  So one that is never
 *    answered keeps no place from those that are, however long the timeout is.
 */
#include "probe/inflight.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

/* Anchors of the lists, behind the links of the places. */
static uint32_t
idle(const struct ht_inflight *fl)
{
	return fl->size;
}

static uint32_t
pending(const struct ht_inflight *fl)
{
	return fl->size + 1;
}

static uint32_t
place_of(const struct ht_inflight *fl, const struct ht_flight *f)
{
	return (uint32_t)(f - fl->places);
}

static void
append(struct ht_inflight *fl, uint32_t anchor, uint32_t place)
{
	uint32_t newest = fl->links[anchor].older;

	fl->links[place] = (struct ht_flight_link){ .older = newest, .newer = anchor };
	fl->links[newest].newer = place;
	fl->links[anchor].older = place;
}

/* To the end of the other list. */
static void
move_to(struct ht_inflight *fl, uint32_t anchor, uint32_t place)
{
	struct ht_flight_link *link = &fl->links[place];

	fl->links[link->older].newer = link->newer;
	fl->links[link->newer].older = link->older;
	append(fl, anchor, place);
}

int
ht_inflight_init(struct ht_inflight *fl, size_t want)
{
	unsigned size = HT_INFLIGHT_MIN;

	while (size < want && size < HT_INFLIGHT_MAX)
		size *= 2;
	*fl = (struct ht_inflight){ .size = size };
	fl->places = calloc(size, sizeof(fl->places[0]));
	fl->links = calloc(size + 2, sizeof(fl->links[0]));
	if (fl->places == NULL || fl->links == NULL) {
		ht_inflight_done(fl);
		return -ENOMEM;
	}
	for (uint32_t anchor = idle(fl); anchor <= pending(fl); anchor++)
		fl->links[anchor] = (struct ht_flight_link){ anchor, anchor };
	for (uint32_t place = 0; place < size; place++) {
		fl->places[place].token = place;
		append(fl, idle(fl), place);
	}
	return 0;
}

void
ht_inflight_done(struct ht_inflight *fl)
{
	free(fl->places);
	free(fl->links);
	*fl = (struct ht_inflight){ .places = NULL };
}

/* The oldest of a list, or NULL. */
static struct ht_flight *
oldest(const struct ht_inflight *fl, uint32_t anchor)
{
	uint32_t place = fl->links[anchor].newer;

	return place != anchor ? &fl->places[place] : NULL;
}

struct ht_flight *
ht_inflight_reserve(struct ht_inflight *fl)
{
	struct ht_flight *f = oldest(fl, idle(fl));

	if (f == NULL)
		return NULL;

	uint32_t rounds = f->state != HT_FLIGHT_NONE ? 1 : 0;
	*f = (struct ht_flight){ .token = f->token + (rounds << 16) };
	return f;
}

void
ht_inflight_commit(struct ht_inflight *fl)
{
	uint32_t place = fl->links[idle(fl)].newer;

	assert(place < fl->size);
	fl->places[place].state = HT_FLIGHT_PENDING;
	move_to(fl, pending(fl), place);
}

void
ht_inflight_settle(
    struct ht_inflight *fl, struct ht_flight *f, enum ht_flight_state state)
{
	if (f->state == HT_FLIGHT_PENDING)
		move_to(fl, idle(fl), place_of(fl, f));
	f->state = (uint8_t)state;
}

struct ht_flight *
ht_inflight_find(struct ht_inflight *fl, uint32_t token)
{
	unsigned place = token & 0xffff;

	if (place >= fl->size)
		return NULL;

	struct ht_flight *f = &fl->places[place];
	return f->state != HT_FLIGHT_NONE && f->token == token ? f : NULL;
}

struct ht_flight *
ht_inflight_expire(struct ht_inflight *fl, ht_time now)
{
	struct ht_flight *f = oldest(fl, pending(fl));

	if (f == NULL || f->deadline > now)
		return NULL;
	ht_inflight_settle(fl, f, HT_FLIGHT_LOST);
	return f;
}

ht_time
ht_inflight_next(const struct ht_inflight *fl)
{
	const struct ht_flight *f = oldest(fl, pending(fl));

	return f != NULL ? f->deadline : HT_TIME_NEVER;
}

void
ht_inflight_hurry(struct ht_inflight *fl, ht_time timeout_ns, ht_time now)
{
	uint32_t place = fl->links[pending(fl)].newer;

	for (; place != pending(fl); place = fl->links[place].newer) {
		struct ht_flight *f = &fl->places[place];
		ht_time deadline = f->sent_at + timeout_ns;
		deadline = deadline > now ? deadline : now;
		if (f->deadline > deadline)
			f->deadline = deadline;
	}
}
