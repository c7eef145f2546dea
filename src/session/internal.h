/* SPDX-License-Identifier: ISC */
/**
 * @file internal.h
 * What the files of the session share; private to src/session.
 *
 * A lane is one (target, protocol, flow): its schedule says what leaves when, its
 * path folds the events.  The schedule and the path do not know each other.  Lanes
 * of another protocol than the settings' rest.
 */
#ifndef HT_SESSION_INTERNAL_H
#define HT_SESSION_INTERNAL_H

#include <hoptop/session.h>

#include "base/rng.h"
#include "probe/inflight.h"
#include "probe/schedule.h"
#include "session/nametab.h"

#define OBSERVERS_MAX 8

struct lane {
	uint16_t target;
	uint16_t flow; /* number of the flow */
	uint8_t proto; /* enum ht_proto */
	struct ht_schedule sch;
	struct ht_path *path;
	uint8_t told_end; /* what the newest END event said */
	uint8_t told_stop;
	bool was_told;
};

struct target {
	struct ht_target pub;
	unsigned first_lane[HT_PROTO_COUNT]; /* lanes of a protocol are consecutive */
	unsigned n_lanes[HT_PROTO_COUNT];    /* 0 before it has an address */
	bool is_prepared;
	ht_time prepared_at; /* when its route was looked up */
	unsigned failures;   /* sends in a row that failed */
};

struct observer {
	ht_event_fn *fn;
	void *ctx;
};

struct ht_session {
	struct ht_settings set;
	struct ht_transport *tp;
	unsigned max_ttl; /* of the beginning: the memory was taken for it */
	struct target targets[HT_TARGETS_MAX];
	unsigned n_targets;
	struct lane **lanes; /* owned; HT_TARGETS_MAX * HT_PROTO_COUNT * flows places */
	unsigned n_lanes;
	struct ht_inflight flight;
	struct observer observers[OBSERVERS_MAX];
	unsigned n_observers;
	struct ht_totals totals;
	uint8_t era; /* resets so far, modulo 256: totals are of this one */
	struct ht_nametab names;
	struct ht_rng rng;
	bool is_started, is_paused;
	bool is_all_sent; /* every hop has had its cycles */
	bool is_done;
	ht_time start;
	ht_time now;       /* of the newest step */
	ht_time promised;  /* when the newest step asked to be called again */
	ht_time last_sent; /* newest attempt, for the grace time */
	ht_time slowest;   /* longest round trip of a late answer, 0 if none */
};

/** Is it probed?  Not while another protocol is. */
bool ht_session_is_active(const struct ht_session *ss, unsigned lane);

/** Hand an event to its path (no lane: marks to all of them) and the observers. */
void ht_session_emit(
    struct ht_session *ss, struct lane *lane, const struct ht_event *ev);

/** Emit a mark. */
void ht_session_mark(struct ht_session *ss, enum ht_mark what, ht_time at);

/** Fill in the reserved place of a probe. */
void ht_session_fill_flight(struct ht_session *ss, struct ht_flight *f, unsigned lane,
    unsigned ttl, ht_time now);

/** Tell the world when a lane's end has moved. */
void ht_session_tell_end(struct ht_session *ss, struct lane *lane, ht_time at);

/** Tell schedule, path and observers of a probe that another one stood for. */
void ht_session_note_shared(struct ht_session *ss, const struct ht_flight *f);

/**
 * A probe has left: let it stand for all lanes that can take turns with its own,
 * and say who of them sends the next one.
 */
void ht_share_sent(struct ht_session *ss, unsigned lane, unsigned ttl, ht_time now,
    struct ht_flight *f);

/**
 * Decide whether what became of the probe counts for a lane that it stands for,
 * and if so tell the lane that it was sent, unless it knows.
 *
 * @param f     a shared flight
 * @param from  who answered; NULL: nobody did
 * @return false when it does not count
 */
bool ht_share_adopt(
    struct ht_session *ss, struct ht_flight *f, const struct ht_addr *from);

#endif /* HT_SESSION_INTERNAL_H */
