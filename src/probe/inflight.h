/* SPDX-License-Identifier: ISC */
/**
 * @file inflight.h
 * What is in flight, and what was a moment ago.
 *
 * A settled probe keeps its place until all places that were settled before have
 * been taken anew, so that an answer to an expired probe is recognised as late and
 * a second answer as a duplicate.
 */
#ifndef HT_PROBE_INFLIGHT_H
#define HT_PROBE_INFLIGHT_H

#include <hoptop/types.h>

#define HT_INFLIGHT_MIN 1024
#define HT_INFLIGHT_MAX 65536

enum ht_flight_state {
	HT_FLIGHT_NONE = 0,
	HT_FLIGHT_PENDING,
	HT_FLIGHT_ANSWERED,
	HT_FLIGHT_LOST,
	HT_FLIGHT_WITHDRAWN, /**< this host could not send it after all */
};

/** One probe that was sent. */
struct ht_flight {
	uint32_t token;   /**< low 16 bits: its place; high: generation */
	uint32_t seq;     /**< per (lane, ttl) */
	uint16_t lane;    /**< index of the (target, flow) */
	uint8_t ttl;      /**< 1..255 */
	uint8_t state;    /**< enum ht_flight_state */
	uint8_t era;      /**< resets of the statistics before it left, modulo 256 */
	bool is_shared;   /**< never on the wire: another lane's probe stands for it */
	bool is_told;     /**< shared: its lane knows of it */
	bool has_shadow;  /**< shadow is set */
	uint32_t shadow;  /**< token of the next probe that this one stands for */
	ht_time sent_at;  /**< monotonic */
	ht_time deadline; /**< monotonic; pending until then */
};

/** A place's neighbours, in the order in which they came to their list. */
struct ht_flight_link {
	uint32_t older;
	uint32_t newer;
};

struct ht_inflight {
	struct ht_flight *places;     /**< size of them */
	struct ht_flight_link *links; /**< size, and the anchors of two lists */
	unsigned size;                /**< a power of two */
};

/**
 * Take the memory for at least want probes.
 *
 * @return 0 or -ENOMEM
 */
int ht_inflight_init(struct ht_inflight *fl, size_t want);

void ht_inflight_done(struct ht_inflight *fl);

/**
 * Reserve the place of the next probe; its token is set, state is NONE.
 *
 * Nothing happens until ht_inflight_commit(); asking again gives the same.
 *
 * @return NULL when as many probes are pending as there are places
 */
struct ht_flight *ht_inflight_reserve(struct ht_inflight *fl);

/** The reserved probe has left: it is pending now. */
void ht_inflight_commit(struct ht_inflight *fl);

/** Note what became of a probe; any state but NONE and PENDING. */
void ht_inflight_settle(
    struct ht_inflight *fl, struct ht_flight *f, enum ht_flight_state state);

/** Find the probe of a token; NULL if it is foreign or too old. */
struct ht_flight *ht_inflight_find(struct ht_inflight *fl, uint32_t token);

/**
 * Take the oldest pending probe whose deadline has passed; it becomes LOST.
 *
 * Deadlines are taken to be in sending order; see ht_inflight_hurry().
 *
 * @return NULL when there is none (any more)
 */
struct ht_flight *ht_inflight_expire(struct ht_inflight *fl, ht_time now);

/** Deadline of the oldest pending probe, HT_TIME_NEVER if none. */
ht_time ht_inflight_next(const struct ht_inflight *fl);

/** The timeout was changed: what is pending waits no longer than that, or now. */
void ht_inflight_hurry(struct ht_inflight *fl, ht_time timeout_ns, ht_time now);

#endif /* HT_PROBE_INFLIGHT_H */
