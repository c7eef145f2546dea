/* SPDX-License-Identifier: ISC */
/* One run as its owner sees it: targets, settings, results.  Its life is step.c. */
#include <hoptop/session.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "session/internal.h"
#include "session/settings.h"

/* Fractions of the golden ratio are spread evenly, however many lanes come. */
#define GOLDEN 0.6180339887498949

struct ht_session *
ht_session_new(const struct ht_settings *set, struct ht_transport *tp)
{
	struct ht_session *ss = calloc(1, sizeof(*ss));

	assert(set->interval_ns > 0 && set->timeout_ns > 0 && set->flows >= 1);
	if (ss == NULL)
		return NULL;
	ss->set = *set;
	ss->tp = tp;
	ss->max_ttl = set->max_ttl;
	ss->promised = HT_TIME_NEVER;
	ht_rng_init(&ss->rng, set->seed);
	ht_nametab_init(&ss->names);
	ss->lanes = calloc((size_t)HT_TARGETS_MAX * set->flows, sizeof(ss->lanes[0]));
	if (ss->lanes == NULL || ht_inflight_init(&ss->flight, HT_INFLIGHT_MAX) < 0) {
		ht_session_free(ss);
		return NULL;
	}
	return ss;
}

static void
lane_free(struct lane *lane)
{
	if (lane == NULL)
		return;
	ht_path_free(lane->path);
	free(lane);
}

void
ht_session_free(struct ht_session *ss)
{
	if (ss == NULL)
		return;
	for (unsigned i = 0; i < ss->n_lanes; i++)
		lane_free(ss->lanes[i]);
	free(ss->lanes);
	ht_inflight_done(&ss->flight);
	ht_nametab_done(&ss->names);
	free(ss);
}

/* With an end in sight no more than that many probes need a place. */
static size_t
history_wanted(const struct ht_settings *set)
{
	size_t want = set->history > 64 ? set->history : 64;

	if (set->cycles > 0 && set->cycles < want)
		return set->cycles > 64 ? (size_t)set->cycles : 64;
	return want;
}

static struct lane *
lane_new(const struct ht_session *ss, unsigned target, unsigned flow)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (lane == NULL)
		return NULL;
	lane->target = (uint16_t)target;
	lane->flow = (uint16_t)flow;
	lane->path = ht_path_new(ss->max_ttl, history_wanted(&ss->set));
	if (lane->path == NULL) {
		free(lane);
		return NULL;
	}

	double phase = GOLDEN * (ss->n_lanes + flow);
	ht_schedule_init(&lane->sch, &ss->set, phase - (double)(long)phase);
	return lane;
}

/* Make the lanes of a target that has got its address. */
static int
open_lanes(struct ht_session *ss, struct target *t, const struct ht_addr *addr)
{
	unsigned index = (unsigned)(t - ss->targets);

	for (unsigned flow = 0; flow < ss->set.flows; flow++) {
		struct lane *lane = lane_new(ss, index, flow);
		if (lane == NULL) {
			while (flow-- > 0)
				lane_free(ss->lanes[ss->n_lanes + flow]);
			return -ENOMEM;
		}
		ss->lanes[ss->n_lanes + flow] = lane;
	}
	t->first_lane = ss->n_lanes;
	t->n_lanes = ss->set.flows;
	ss->n_lanes += ss->set.flows;
	t->pub.addr = *addr;
	t->pub.state = HT_TARGET_READY;
	return 0;
}

int
ht_session_add(struct ht_session *ss, const char *name, const struct ht_addr *addr)
{
	if (ss->n_targets >= HT_TARGETS_MAX)
		return -ENOSPC;

	struct target *t = &ss->targets[ss->n_targets];
	*t = (struct target){ .pub.state = HT_TARGET_RESOLVING };
	ht_text_clean(t->pub.name, sizeof(t->pub.name), name);
	if (addr != NULL) {
		int r = open_lanes(ss, t, addr);
		if (r < 0)
			return r;
	}
	return (int)ss->n_targets++;
}

int
ht_session_resolve(struct ht_session *ss, unsigned target, const struct ht_addr *addr,
    const char *error)
{
	assert(target < ss->n_targets);

	struct target *t = &ss->targets[target];
	if (t->pub.state == HT_TARGET_READY)
		return -EALREADY;
	if (addr != NULL)
		return open_lanes(ss, t, addr);
	t->pub.state = HT_TARGET_FAILED;
	ht_text_clean(t->pub.error, sizeof(t->pub.error), error);
	return 0;
}

int
ht_session_observe(struct ht_session *ss, ht_event_fn *fn, void *ctx)
{
	if (ss->n_observers >= OBSERVERS_MAX)
		return -ENOSPC;
	ss->observers[ss->n_observers++] = (struct observer){ .fn = fn, .ctx = ctx };
	return 0;
}

bool
ht_session_is_done(const struct ht_session *ss)
{
	return ss->is_done;
}

/* What was missed meanwhile is not made up for. */
static void
hold_all(struct ht_session *ss, ht_time now)
{
	for (unsigned i = 0; i < ss->n_lanes; i++)
		ht_schedule_hold(&ss->lanes[i]->sch, now);
}

void
ht_session_pause(struct ht_session *ss, ht_time now)
{
	if (ss->is_paused)
		return;
	ss->is_paused = true;
	ht_session_mark(ss, HT_MARK_PAUSE, now);
}

void
ht_session_resume(struct ht_session *ss, ht_time now)
{
	if (!ss->is_paused)
		return;
	ss->is_paused = false;
	hold_all(ss, now);
	ht_session_mark(ss, HT_MARK_RESUME, now);
}

bool
ht_session_is_paused(const struct ht_session *ss)
{
	return ss->is_paused;
}

void
ht_session_reset(struct ht_session *ss, ht_time now)
{
	ss->totals = (struct ht_totals){ .sent = 0 };
	ss->era++;
	ht_session_mark(ss, HT_MARK_RESET, now);
}

const struct ht_settings *
ht_session_settings(const struct ht_session *ss)
{
	return &ss->set;
}

int
ht_session_set(struct ht_session *ss, const struct ht_settings *set, ht_time now)
{
	if (!ht_settings_are_valid(set, ss->max_ttl))
		return -EINVAL;
	ss->set.interval_ns = set->interval_ns;
	ss->set.timeout_ns = set->timeout_ns;
	ss->set.grace_ns = set->grace_ns;
	ss->set.first_ttl = set->first_ttl;
	ss->set.max_ttl = set->max_ttl;
	ss->set.max_unknown = set->max_unknown;
	ss->set.size = set->size;
	ss->set.pattern = set->pattern;
	ss->set.tos = set->tos;
	ss->set.cycles = set->cycles;
	ht_inflight_hurry(&ss->flight, set->timeout_ns, now);
	hold_all(ss, now);
	ht_session_mark(ss, HT_MARK_SETTINGS, now);
	for (unsigned i = 0; i < ss->n_lanes; i++)
		ht_session_tell_end(ss, ss->lanes[i], now);
	return 0;
}

unsigned
ht_session_targets(const struct ht_session *ss)
{
	return ss->n_targets;
}

const struct ht_target *
ht_session_target(const struct ht_session *ss, unsigned target)
{
	return target < ss->n_targets ? &ss->targets[target].pub : NULL;
}

const struct ht_path *
ht_session_path(const struct ht_session *ss, unsigned target, unsigned flow)
{
	if (target >= ss->n_targets || flow >= ss->targets[target].n_lanes)
		return NULL;
	return ss->lanes[ss->targets[target].first_lane + flow]->path;
}

ht_time
ht_session_start(const struct ht_session *ss)
{
	return ss->start;
}

struct ht_totals
ht_session_totals(const struct ht_session *ss)
{
	struct ht_totals totals = ss->totals;

	totals.malformed = ss->tp->malformed;
	return totals;
}

const struct ht_transport *
ht_session_transport(const struct ht_session *ss)
{
	return ss->tp;
}

void
ht_session_set_name(
    struct ht_session *ss, const struct ht_addr *addr, const char *name, ht_time now)
{
	const char *kept = ht_nametab_set(&ss->names, addr, name);

	if (kept == NULL)
		return;
	ht_session_emit(ss, NULL,
	    &(struct ht_event){ .type = HT_EVENT_NAME,
		.at = now,
		.rtt_ns = -1,
		.addr = addr,
		.name = kept });
}

const char *
ht_session_name(const struct ht_session *ss, const struct ht_addr *addr)
{
	return ht_nametab_find(&ss->names, addr);
}
