/* SPDX-License-Identifier: ISC */
/**
 * @file bare.h
 * Whose is an ICMP error that quotes nothing of the payload?
 *
 * A router that quotes 28 bytes of an IPv4 UDP probe (48 of IPv6) says where the
 * probe went to and nothing that differs between the probes of a flow.  What is left
 * is who answers, over how many hops back, and which probes are in flight.  It is
 * kept in lanes: one for each target, source port and destination port.
 *
 *  1. Until the first bare answer everything may be in flight at once, but of IPv4
 *     only one to each TTL that has not answered yet: often routers quote enough.
 *  2. From then on each TTL is UNKNOWN, FULL (its answers have the payload), MAPPED
 *     (it has bare ones, from these addresses), or SILENT (asked alone several times,
 *     nobody answered).  What is UNKNOWN is asked alone: nothing else of the lane is
 *     in flight, so that the answer can only be its own.  TTLs that are MAPPED are
 *     asked at once unless they have an address in common.
 *  3. A bare answer belongs to the one probe in flight that can have caused it: the
 *     only one at all, or the only one whose TTL has that address while none is
 *     UNKNOWN.  Otherwise it is kept back, those that may have caused it are
 *     UNKNOWN again, and the engine is told that asking again would help.  If nobody
 *     can have caused it, the route has changed: all TTLs are UNKNOWN again.
 *  4. What is kept back is given to its probe once all that were in flight with it
 *     are known, if one of them alone has that address.  After HT_BARE_KEEP it is
 *     given to the likeliest, as an answer of nobody knows whom.
 *  5. Packets are copied on their way.  Soon after an answer another one from the same
 *     address, to a probe of another TTL that is UNKNOWN and alone, may be a copy: it
 *     is kept back, and that TTL asked again when the address has been quiet for a
 *     second.  To a probe of the same TTL, in less than half of the shortest round
 *     trip, it counts as an answer without a time.
 *
 * A probe is in flight until it is answered or dead: older than 1 s and eight times
 * the longest round trip of its lane, but 3 s at most.  What this cannot see: an
 * answer that is later than that, a hop believed to be SILENT that speaks up with an
 * address that another hop has, and a copy that comes when the next probe to the same
 * hop could be answered.
 *
 * Pure: time is an argument.  "An answer" is whatever the caller wants back later.
 */
#ifndef HT_TRANSPORT_LINUX_BARE_H
#define HT_TRANSPORT_LINUX_BARE_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

#include "transport/linux/stamps.h"

/** How long an answer is kept back: less than the engine waits by default. */
#define HT_BARE_KEEP (2500 * HT_MS)

/** Lanes, and answers kept back in all of them; beyond that the oldest give way. */
#define HT_BARE_LANES 128
#define HT_BARE_KEPT  64

/** What the probes of a lane have in common. */
struct ht_bare_key {
	struct ht_addr target;
	uint16_t local_port; /**< that was wanted: names the socket */
	uint16_t port;       /**< destination */
};

/** An answer without payload. */
struct ht_bare_answer {
	struct ht_reply reply; /**< all but token, match and the stamps */
	struct ht_instant at;  /**< when it came */
	ht_time came;          /**< the same, monotonic */
	bool has_ext;
	struct ht_extensions ext; /**< instead of that in reply */
};

/**
 * Take what is decided about a probe.
 *
 * @param answer  NULL: none yet, asking this hop again would help
 * @param match   MAPPED; AMBIGUOUS: answered, by nobody knows whom, or if the answer
 * has an address, by this one but maybe to another probe; NONE: nobody's
 */
typedef void ht_bare_fn(void *ctx, uint32_t token, enum ht_match match,
    const struct ht_bare_answer *answer);

struct ht_bare;

/** Take all memory that will be needed; NULL when there is none. */
struct ht_bare *ht_bare_new(void);

void ht_bare_free(struct ht_bare *bare);

/**
 * May a probe leave now, without being mistaken for one in flight?
 *
 * One that may not has a claim from then on, for a second: nothing leaves that would
 * keep it waiting longer.
 *
 * @param has_payload  its payload would say which it is
 */
bool ht_bare_may_send(struct ht_bare *bare, const struct ht_bare_key *key, unsigned ttl,
    bool has_payload, ht_time now);

/** A probe has left. */
void ht_bare_sent(struct ht_bare *bare, const struct ht_bare_key *key, unsigned ttl,
    uint32_t token, ht_time now);

/** An answer with payload has come, or the probe came to nothing. */
void ht_bare_full(struct ht_bare *bare, const struct ht_bare_key *key, uint32_t token,
    ht_time now, ht_bare_fn *fn, void *ctx);

/** A bare answer has come; fn is called before this returns, unless it is kept back. */
void ht_bare_take(struct ht_bare *bare, const struct ht_bare_key *key,
    const struct ht_bare_answer *answer, ht_time now, ht_bare_fn *fn, void *ctx);

/** Give up on answers that were kept back for too long. */
void ht_bare_tick(struct ht_bare *bare, ht_time now, ht_bare_fn *fn, void *ctx);

/**
 * Say when something changes by time alone: an answer is given up, or a probe that
 * was refused may leave.
 *
 * @return HT_TIME_NEVER if nothing does
 */
ht_time ht_bare_next(const struct ht_bare *bare);

/** Has any lane seen a bare answer? */
bool ht_bare_is_used(const struct ht_bare *bare);

#endif /* HT_TRANSPORT_LINUX_BARE_H */
