/* SPDX-License-Identifier: ISC */
/*
 * Three rules keep the ring simple:
 *
 * 1. The place of probe number N is N mod size, and its token is that place
 *    with the round (N / size) above it: an old token never fits a new probe.
 * 2. All probes before tail are settled; tail moves up as they settle, so the
 *    oldest pending probe is found without a search.
 * 3. A place that is still pending when the ring comes round is not taken: the
 *    caller has to count that probe as not sent.
 */
#include "probe/inflight.h"

#include <errno.h>
#include <stdlib.h>

int
ht_inflight_init(struct ht_inflight *fl, size_t want)
{
	unsigned size = HT_INFLIGHT_MIN;

	while (size < want && size < HT_INFLIGHT_MAX)
		size *= 2;
	*fl = (struct ht_inflight){ .size = size };
	fl->ring = calloc(size, sizeof(fl->ring[0]));
	return fl->ring != NULL ? 0 : -ENOMEM;
}

void
ht_inflight_done(struct ht_inflight *fl)
{
	free(fl->ring);
	fl->ring = NULL;
}

static struct ht_flight *
at(struct ht_inflight *fl, uint64_t number)
{
	return &fl->ring[number & (fl->size - 1)];
}

struct ht_flight *
ht_inflight_reserve(struct ht_inflight *fl)
{
	struct ht_flight *f = at(fl, fl->head);

	if (f->state == HT_FLIGHT_PENDING)
		return NULL;
	*f = (struct ht_flight){
		.token = (uint32_t)(fl->head / fl->size) << 16
			 | (uint32_t)(fl->head & (fl->size - 1)),
	};
	return f;
}

void
ht_inflight_commit(struct ht_inflight *fl)
{
	at(fl, fl->head)->state = HT_FLIGHT_PENDING;
	fl->head++;
}

struct ht_flight *
ht_inflight_find(struct ht_inflight *fl, uint32_t token)
{
	unsigned place = token & 0xffff;

	if (place >= fl->size)
		return NULL;

	struct ht_flight *f = &fl->ring[place];
	return f->state != HT_FLIGHT_NONE && f->token == token ? f : NULL;
}

/* The oldest pending probe, or NULL. */
static struct ht_flight *
oldest(struct ht_inflight *fl)
{
	while (fl->tail < fl->head && at(fl, fl->tail)->state != HT_FLIGHT_PENDING)
		fl->tail++;
	return fl->tail < fl->head ? at(fl, fl->tail) : NULL;
}

struct ht_flight *
ht_inflight_expire(struct ht_inflight *fl, ht_time now)
{
	struct ht_flight *f = oldest(fl);

	if (f == NULL || f->deadline > now)
		return NULL;
	f->state = HT_FLIGHT_LOST;
	return f;
}

ht_time
ht_inflight_next(struct ht_inflight *fl)
{
	const struct ht_flight *f = oldest(fl);

	return f != NULL ? f->deadline : HT_TIME_NEVER;
}
