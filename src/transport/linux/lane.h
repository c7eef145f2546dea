/* SPDX-License-Identifier: ISC */
/**
 * @file lane.h
 * What bare.h knows of the path of one target and flow: who answers from where, what
 * is in flight, and what may be in flight together.
 */
#ifndef HT_TRANSPORT_LINUX_LANE_H
#define HT_TRANSPORT_LINUX_LANE_H

#include <hoptop/types.h>

#include "transport/linux/bare.h"

/** A probe older than that is dead in any case. */
#define HT_LANE_DEAD_MAX (3 * HT_S)

/** Copies of an answer come within that time. */
#define HT_LANE_QUIET HT_S

#define HT_LANE_TTLS    (HT_TTL_MAX + 1)
#define HT_LANE_FLIGHTS 512 /**< probes that are remembered */
#define HT_PLACE_ADDRS  16  /**< names of a TTL; the oldest gives way */

/** What is known about a TTL, see bare.h. */
enum ht_place_state {
	HT_PLACE_UNKNOWN = 0,
	HT_PLACE_FULL,
	HT_PLACE_MAPPED,
	HT_PLACE_SILENT,
	HT_PLACE_COUNT
};

/** A TTL. */
struct ht_place {
	uint8_t state;    /**< enum ht_place_state */
	bool needs_alone; /**< UNKNOWN: an answer was not to be told from others */
	uint8_t misses;   /**< UNKNOWN: asked alone in vain */
	uint8_t n_addrs;  /**< used of addrs */
	uint64_t shuns; /**< UNKNOWN: a copy of this one's answer may have come here */
	uint8_t newest; /**< index of the name that was learned last */
	ht_time since;  /**< when it got to this state */
	ht_time best;   /**< MAPPED: shortest round trip, 0: none yet */
	uint64_t addrs[HT_PLACE_ADDRS]; /**< who answers, see ht_lane_name() */
};

/** What became of a probe. */
enum ht_lane_outcome {
	HT_LANE_IN_FLIGHT = 0,
	HT_LANE_ANSWERED,
	HT_LANE_DEAD, /**< too old to be answered */
	HT_LANE_COUNT
};

/** A probe. */
struct ht_lane_flight {
	uint32_t token;
	uint8_t ttl;
	uint8_t outcome; /**< enum ht_lane_outcome */
	bool is_doubted; /**< an answer kept back may be its own */
	uint64_t by;     /**< ANSWERED: by whom, 0: by payload */
	ht_time sent_at;
	ht_time came; /**< ANSWERED: when */
};

/** A lane; all zero but key and freed_at at the beginning. */
struct ht_lane {
	struct ht_bare_key key;
	bool is_bare;    /**< has seen an answer without payload */
	bool is_slow;    /**< there are longer round trips than we have waited for */
	ht_time last;    /**< use */
	ht_time worst;   /**< round trip */
	uint64_t target; /**< the name that the target has, 0: not known */
	ht_time blind_until; /**< more was in flight than is remembered */
	uint8_t claimant;    /**< TTL that waits to be asked, 0: none */
	ht_time claimed_at;
	ht_time freed_at; /**< what was refused may leave then, NEVER: nothing was */
	uint32_t n_sent;  /**< probes; the newest has the number before it */
	uint32_t oldest;  /**< before this number none is in flight */
	struct ht_lane_flight flights[HT_LANE_FLIGHTS]; /**< see ht_lane_flight() */
	struct ht_place places[HT_LANE_TTLS + 1];       /**< see ht_lane_place() */
};

/** Those in flight that can have caused an answer. */
struct ht_suspects {
	unsigned n;                     /**< all */
	unsigned n_unknown;             /**< whose TTL is UNKNOWN */
	unsigned n_mapped;              /**< whose TTL has the name */
	struct ht_lane_flight *unknown; /**< one of them */
	struct ht_lane_flight *mapped;  /**< one of them */
};

/** Name who answers: the address, and how far back it is; never 0. */
uint64_t ht_lane_name(const struct ht_addr *from, int reply_ttl);

bool ht_place_has(const struct ht_place *pl, uint64_t name);

/** It is known who answers; FULL and SILENT have no names. */
void ht_place_set(struct ht_place *pl, enum ht_place_state state, ht_time now);

/** This name answers from here: MAPPED. */
void ht_place_learn(struct ht_place *pl, uint64_t name, ht_time now);

/** What is known is not sure any more: UNKNOWN, and to be asked alone. */
void ht_place_suspect(struct ht_place *pl, ht_time now);

struct ht_place *ht_lane_place(struct ht_lane *ln, unsigned ttl);

/** Give the probe of a number. */
struct ht_lane_flight *ht_lane_flight(struct ht_lane *ln, uint32_t number);

/** Find the newest probe with this token; NULL if it is forgotten. */
struct ht_lane_flight *ht_lane_find(struct ht_lane *ln, uint32_t token);

/** Give up on what is too old. */
void ht_lane_bury(struct ht_lane *ln, ht_time now);

/** May a probe leave?  If not, it has a claim; see ht_bare_may_send(). */
bool ht_lane_may_send(struct ht_lane *ln, unsigned ttl, ht_time now);

/**
 * Is a probe on its way to a TTL of which it is not known yet how much its router
 * quotes?  Another one could not be told from it if that is little.
 */
bool ht_lane_is_first_look(struct ht_lane *ln, unsigned ttl, ht_time now);

/** A probe has left. */
void ht_lane_sent(struct ht_lane *ln, unsigned ttl, uint32_t token, ht_time now);

/** A probe was answered at that time. */
void ht_lane_note_rtt(struct ht_lane *ln, const struct ht_lane_flight *f, ht_time came);

/** Can what came then be the answer to this probe? */
bool ht_flight_can_be(const struct ht_lane_flight *f, ht_time came);

struct ht_suspects ht_lane_suspects(struct ht_lane *ln, uint64_t name, ht_time came);

/** Find a probe that this router answered a moment ago: it may do so twice. */
struct ht_lane_flight *ht_lane_twin(struct ht_lane *ln, uint64_t name, ht_time came);

/**
 * Say when this router last answered a probe of another ttl, -1: not of late.
 *
 * Packets are copied on their way.  For HT_LANE_QUIET after an answer another one by
 * the same router may be a copy of it.
 */
ht_time ht_lane_heard(struct ht_lane *ln, uint64_t name, unsigned ttl);

/** Was there one that we have given up, and might have been patient with? */
bool ht_lane_has_recent_dead(struct ht_lane *ln, ht_time came);

/**
 * Nobody in flight is known to answer like that.
 *
 * Somebody new is one more router that shares the load of a hop, or a part of another
 * path; but one who was known in another place has moved, and the others with him.
 */
void ht_lane_note_stranger(
    struct ht_lane *ln, uint64_t name, ht_time came, ht_time now);

#endif /* HT_TRANSPORT_LINUX_LANE_H */
