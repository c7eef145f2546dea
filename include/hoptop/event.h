/* SPDX-License-Identifier: ISC */
/**
 * @file event.h
 * The event stream: the one thing that the path model, the recorder, the
 * streaming outputs and the screen all read.
 */
#ifndef HOPTOP_EVENT_H
#define HOPTOP_EVENT_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum ht_event_type {
	HT_EVENT_NONE = 0,
	HT_EVENT_SENT,      /**< a probe left */
	HT_EVENT_REPLY,     /**< first answer, within the timeout */
	HT_EVENT_LOST,      /**< no answer within the timeout */
	HT_EVENT_LATE,      /**< first answer, after LOST or beyond the timeout */
	HT_EVENT_DUPLICATE, /**< a further answer to the same probe */
	HT_EVENT_FAILED,    /**< this host could not send; never counted as loss */
	HT_EVENT_UNMATCHED, /**< an answer to nothing that we sent; no ttl, no seq */
	HT_EVENT_END,       /**< the end of the path was found, moved or lost */
	HT_EVENT_NAME,      /**< an address got a name */
	HT_EVENT_MARK,      /**< something that a reader of the record must know */
	HT_EVENT_COUNT
};

enum ht_mark {
	HT_MARK_NONE = 0,
	HT_MARK_START,
	HT_MARK_PAUSE,
	HT_MARK_RESUME,
	HT_MARK_RESET,    /**< statistics start anew; the history stays */
	HT_MARK_GAP,      /**< nothing was sent for a while: suspended, stalled */
	HT_MARK_SETTINGS, /**< interval, size, ... were changed while running */
	HT_MARK_SOURCE,   /**< a target is probed from another address now */
	HT_MARK_DONE,     /**< all cycles are done and nothing is outstanding */
	HT_MARK_COUNT
};

/** Why probing stops where it stops. */
enum ht_stop {
	HT_STOP_NONE = 0,    /**< the end is not known yet */
	HT_STOP_DESTINATION, /**< the target answered */
	HT_STOP_UNREACHABLE, /**< a router says "unreachable", and is the last one */
	HT_STOP_UNKNOWN,     /**< too many hops in a row were silent (-U) */
	HT_STOP_MAX_TTL,     /**< the largest TTL (-m) was tried */
	HT_STOP_COUNT
};

/** One event; valid during the call of the observer only. */
struct ht_event {
	uint8_t type;    /**< enum ht_event_type */
	uint8_t ttl;     /**< hop, 1..255; END: last ttl of the path, 0 unknown */
	uint16_t target; /**< index of the target, from 0 */
	uint16_t flow;   /**< flow number, 0..HT_FLOW_MAX */
	uint8_t proto;   /**< enum ht_proto of the probe; of MARK and NAME: NONE */
	uint8_t mark;    /**< MARK: enum ht_mark */
	uint8_t stop;    /**< END: enum ht_stop */
	bool is_shared;  /**< the probe went to another target with the same hop */
	uint32_t seq;    /**< number of the probe at this (target, flow, ttl), from 0 */
	ht_time at;      /**< monotonic; when it happened, as far as known */
	int64_t rtt_ns;  /**< REPLY, LATE, DUPLICATE: >= 0; else -1 */
	int error;       /**< FAILED: positive errno */
	const struct ht_reply *reply; /**< with an answer; borrowed, else NULL */
	const struct ht_addr *addr;   /**< NAME; borrowed, else NULL */
	const char *name;             /**< NAME; borrowed, sanitised, else NULL */
};

/** Observer of the stream; must not call back into the session's step. */
typedef void ht_event_fn(void *ctx, const struct ht_event *ev);

/** Name an event type: "sent", "reply", ...; never NULL. */
const char *ht_event_type_name(enum ht_event_type type);

/** Name a mark: "pause", "resume", ...; never NULL. */
const char *ht_mark_name(enum ht_mark mark);

/** Name a stop reason: "destination", "unreachable", ...; never NULL. */
const char *ht_stop_name(enum ht_stop stop);

#ifdef __cplusplus
}
#endif

#endif /* HOPTOP_EVENT_H */
