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

	assert(set->interval_ns > 0 && set->timeout_ns > 0);
	assert(set->flows >= 1 && set->flows <= HT_FLOWS_MAX);
	if (ss == NULL)
		return NULL;
	ss->set = *set;
	ss->tp = tp;
	ss->max_ttl = set->max_ttl;
	ss->promised = HT_TIME_NEVER;
	ht_rng_init(&ss->rng, set->seed);
	ht_nametab_init(&ss->names);
	ss->lanes = calloc(
	    (size_t)HT_TARGETS_MAX * HT_PROTO_COUNT * set->flows, sizeof(ss->lanes[0]));
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
lane_new(const struct ht_session *ss, unsigned target, unsigned index)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (lane == NULL)
		return NULL;
	lane->target = (uint16_t)target;
	lane->flow = (uint16_t)(ss->set.flow + index);
	lane->proto = (uint8_t)ss->set.proto;
	lane->path = ht_path_new(ss->max_ttl, history_wanted(&ss->set));
	if (lane->path == NULL) {
		free(lane);
		return NULL;
	}

	double phase = GOLDEN * (ss->n_lanes + index);
	ht_schedule_init(&lane->sch, &ss->set, phase - (double)(long)phase);
	return lane;
}

/* Make the lanes of a target for the present protocol, if it has none yet. */
static int
open_lanes(struct ht_session *ss, struct target *t)
{
	unsigned target = (unsigned)(t - ss->targets);
	unsigned proto = ss->set.proto;

	if (t->n_lanes[proto] > 0)
		return 0;
	for (unsigned i = 0; i < ss->set.flows; i++) {
		struct lane *lane = lane_new(ss, target, i);
		if (lane == NULL) {
			while (i-- > 0)
				lane_free(ss->lanes[ss->n_lanes + i]);
			return -ENOMEM;
		}
		ss->lanes[ss->n_lanes + i] = lane;
	}
	t->first_lane[proto] = ss->n_lanes;
	t->n_lanes[proto] = ss->set.flows;
	ss->n_lanes += ss->set.flows;
	return 0;
}

static int
make_ready(struct ht_session *ss, struct target *t, const struct ht_addr *addr)
{
	int r = open_lanes(ss, t);

	if (r < 0)
		return r;
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
		int r = make_ready(ss, t, addr);
		if (r < 0)
			return r;
	}
	return (int)ss->n_targets++;
}

void
ht_session_set_port(struct ht_session *ss, unsigned target, unsigned port)
{
	assert(target < ss->n_targets && port <= UINT16_MAX);
	ss->targets[target].pub.port = port;
}

unsigned
ht_session_port(const struct ht_session *ss, unsigned target)
{
	static const unsigned ports[HT_PROTO_COUNT] = {
		[HT_PROTO_UDP] = HT_PORT_UDP,
		[HT_PROTO_TCP] = HT_PORT_TCP,
	};
	unsigned port = ports[ss->set.proto];

	if (target >= ss->n_targets || port == 0)
		return 0;
	if (ss->targets[target].pub.port != 0)
		return ss->targets[target].pub.port;
	return ss->set.port != 0 ? ss->set.port : port;
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
		return make_ready(ss, t, addr);
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

/* Make the paths that the new protocol has not yet; those of the old one rest. */
static int
change_proto(struct ht_session *ss, enum ht_proto proto)
{
	enum ht_proto old = ss->set.proto;

	ss->set.proto = proto;
	for (unsigned i = 0; i < ss->n_targets; i++) {
		struct target *t = &ss->targets[i];
		if (t->pub.state == HT_TARGET_READY && open_lanes(ss, t) < 0) {
			ss->set.proto = old;
			return -ENOMEM;
		}
	}
	for (unsigned i = 0; i < ss->n_targets; i++)
		ss->targets[i].is_prepared = false;
	ss->is_done = false;
	return 0;
}

int
ht_session_set(struct ht_session *ss, const struct ht_settings *set, ht_time now)
{
	if (!ht_settings_are_valid(set, ss->max_ttl))
		return -EINVAL;
	if (set->proto != ss->set.proto && change_proto(ss, set->proto) < 0)
		return -ENOMEM;
	ss->set.interval_ns = set->interval_ns;
	ss->set.timeout_ns = set->timeout_ns;
	ss->set.grace_ns = set->grace_ns;
	ss->set.first_ttl = set->first_ttl;
	ss->set.max_ttl = set->max_ttl;
	ss->set.max_unknown = set->max_unknown;
	ss->set.due_ttl = set->due_ttl;
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
ht_session_path_of(
    const struct ht_session *ss, unsigned target, enum ht_proto proto, unsigned flow)
{
	if (target >= ss->n_targets || flow >= ss->targets[target].n_lanes[proto])
		return NULL;
	return ss->lanes[ss->targets[target].first_lane[proto] + flow]->path;
}

const struct ht_path *
ht_session_path(const struct ht_session *ss, unsigned target, unsigned flow)
{
	return ht_session_path_of(ss, target, ss->set.proto, flow);
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
