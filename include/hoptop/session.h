/* SPDX-License-Identifier: ISC */
/**
 * @file session.h
 * One run: targets, settings, the probe engine and the path models, stepped by
 * a clock that the caller owns.
 *
 *     ss = ht_session_new(&settings, transport);
 *     ht_session_add(ss, "example.net", &addr);
 *     while (!ht_session_is_done(ss)) {
 *             next = ht_session_step(ss, now);
 *             ... sleep until next, or until a descriptor of the transport
 *             is ready ...
 *     }
 */
#ifndef HOPTOP_SESSION_H
#define HOPTOP_SESSION_H

#include <hoptop/event.h>
#include <hoptop/path.h>
#include <hoptop/transport.h>
#include <hoptop/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HT_TARGETS_MAX 64
#define HT_NAME_MAX    256
#define HT_FLOWS_MAX   64

/** How to probe; fill with ht_settings_init() first. */
struct ht_settings {
	enum ht_proto proto;  /**< ICMP, UDP, ... */
	ht_time interval_ns;  /**< between two probes of one hop and flow; 1 s */
	ht_time timeout_ns;   /**< a probe is pending until then, then lost; 3 s */
	ht_time grace_ns;     /**< most to wait after the last probe; 5 s */
	unsigned first_ttl;   /**< 1..max_ttl; 1 */
	unsigned max_ttl;     /**< 1..HT_TTL_MAX; 30 */
	unsigned max_unknown; /**< consecutive silent hops that end a path; 12 */
	unsigned at_once;     /**< probes of a hop that leave when it is found; 1 */
	unsigned due_ttl;     /**< probe up to here even beyond the target; 0 */
	uint64_t cycles;      /**< probes per hop, 0 = without end */
	int size;             /**< bytes of the IP packet; negative: random up to; 64 */
	int pattern;          /**< payload byte 0..255; negative: random; 0 */
	unsigned tos;         /**< 0..255; 0 */
	unsigned port;        /**< destination port, 0 = protocol's default; 0 */
	unsigned local_port;  /**< source port of flow 0, 0 = any; 0 */
	unsigned flow;        /**< number of the first flow, 0..HT_FLOW_MAX; 0 */
	unsigned flows;       /**< flows per target, 1..HT_FLOWS_MAX; 1 */
	size_t history;       /**< probes kept per hop; 86400 */
	uint64_t seed;        /**< of the random sizes and patterns */
};

/** Fill in the defaults named in the struct. */
void ht_settings_init(struct ht_settings *set);

enum ht_target_state {
	HT_TARGET_RESOLVING = 0, /**< no address yet */
	HT_TARGET_READY,         /**< being probed */
	HT_TARGET_FAILED,        /**< no address to be had; error says why */
	HT_TARGET_COUNT
};

/** What is known about a target; borrowed from the session. */
struct ht_target {
	char name[HT_NAME_MAX]; /**< as the user gave it, sanitised */
	struct ht_addr addr;    /**< family none while resolving */
	struct ht_addr source;  /**< where packets leave from, if known */
	unsigned port;          /**< its own destination port, 0: as in the settings */
	uint8_t state;          /**< enum ht_target_state */
	int send_error;         /**< positive errno while it cannot be sent to */
	char error[160];        /**< FAILED: one line, e.g. "no such host" */
};

/** Counts of the whole run that belong to no hop. */
struct ht_totals {
	uint64_t sent;
	uint64_t received;
	uint64_t lost;
	uint64_t late;
	uint64_t duplicate;
	uint64_t failed;    /**< send errors */
	uint64_t unmatched; /**< answers to nothing that we sent */
	uint64_t malformed; /**< packets that could not be parsed */
};

struct ht_session;

/**
 * Begin a run.
 *
 * @param set  copied
 * @param tp   borrowed until ht_session_free()
 * @return NULL when memory is short
 */
struct ht_session *ht_session_new(
    const struct ht_settings *set, struct ht_transport *tp);

void ht_session_free(struct ht_session *ss);

/**
 * Add a target; probing starts with the next step.
 *
 * @param name  as shown; copied, cut and sanitised
 * @param addr  NULL: still being resolved, ht_session_resolve() follows
 * @return index from 0, or -ENOSPC, -ENOMEM
 */
int ht_session_add(struct ht_session *ss, const char *name, const struct ht_addr *addr);

/**
 * Give a target a destination port of its own (HOST:PORT), before its first probe.
 *
 * @param port  1..65535; 0 takes it away
 */
void ht_session_set_port(struct ht_session *ss, unsigned target, unsigned port);

/**
 * The destination port that a target is probed at; 0 for a protocol without ports,
 * and for a target that is not there.
 */
unsigned ht_session_port(const struct ht_session *ss, unsigned target);

/**
 * Give a target its address, or the reason why there is none.
 *
 * @param addr   NULL on failure
 * @param error  one line, used when addr is NULL
 * @return 0, -EALREADY if it has one, or -ENOMEM
 */
int ht_session_resolve(struct ht_session *ss, unsigned target,
    const struct ht_addr *addr, const char *error);

/** Call fn for every event from now on; at most 8 observers, else -ENOSPC. */
int ht_session_observe(struct ht_session *ss, ht_event_fn *fn, void *ctx);

/**
 * Do all that is due: take in replies, declare losses, send probes.
 *
 * Order matters: replies that wait in the transport are taken in before
 * anything is declared lost, so a stalled process does not invent loss.
 *
 * @param now  monotonic, never less than in the call before
 * @return when to call again at the latest, HT_TIME_NEVER if nothing is due
 *         until a reply arrives
 */
ht_time ht_session_step(struct ht_session *ss, ht_time now);

/**
 * Tell that the machine was suspended: a monotonic clock does not see it.  Marks
 * the gap, and looks up the routes anew.
 */
void ht_session_wake(struct ht_session *ss, ht_time now);

/** True once all cycles are done and nothing is outstanding. */
bool ht_session_is_done(const struct ht_session *ss);

/** Stop sending; replies are still taken in. */
void ht_session_pause(struct ht_session *ss, ht_time now);
void ht_session_resume(struct ht_session *ss, ht_time now);
bool ht_session_is_paused(const struct ht_session *ss);

/** Begin all statistics anew; the history stays. */
void ht_session_reset(struct ht_session *ss, ht_time now);

const struct ht_settings *ht_session_settings(const struct ht_session *ss);

/**
 * Change settings while running: proto, interval, timeout, grace, first_ttl,
 * max_ttl (up to that of the beginning), max_unknown, due_ttl, size, pattern, tos,
 * cycles.  Others keep their value.
 *
 * Each protocol has paths of its own.  Those of the other protocols rest: they are
 * not probed, keep what they know, and go on where they were when it is their turn
 * again.
 *
 * @return 0, or -EINVAL and nothing is changed
 */
int ht_session_set(struct ht_session *ss, const struct ht_settings *set, ht_time now);

unsigned ht_session_targets(const struct ht_session *ss);

/** Look at a target; NULL if there is none with this index. */
const struct ht_target *ht_session_target(const struct ht_session *ss, unsigned target);

/**
 * The path of a target and flow by the present protocol; NULL before the target has
 * an address.
 *
 * @param flow  index of the flow, from 0 (its number is settings.flow + flow)
 */
const struct ht_path *ht_session_path(
    const struct ht_session *ss, unsigned target, unsigned flow);

/** The same of a protocol that may rest; NULL if it was never probed with. */
const struct ht_path *ht_session_path_of(
    const struct ht_session *ss, unsigned target, enum ht_proto proto, unsigned flow);

/** When the first step was made; 0 before it. */
ht_time ht_session_start(const struct ht_session *ss);

struct ht_totals ht_session_totals(const struct ht_session *ss);

const struct ht_transport *ht_session_transport(const struct ht_session *ss);

/**
 * Remember the name of an address; emits HT_EVENT_NAME.  Copied and sanitised;
 * silently forgotten when too many are known.
 */
void ht_session_set_name(
    struct ht_session *ss, const struct ht_addr *addr, const char *name, ht_time now);

/** The name of an address, borrowed; NULL if none is known. */
const char *ht_session_name(const struct ht_session *ss, const struct ht_addr *addr);

#ifdef __cplusplus
}
#endif

#endif /* HOPTOP_SESSION_H */
