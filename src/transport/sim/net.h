/* SPDX-License-Identifier: ISC */
/**
 * @file net.h
 * The simulated internet: a scenario in words, and what it answers to a probe.
 *
 * docs/SCENARIOS.md describes the text.  One scenario is one path, the last hop
 * of which is the target; statements with a time change it.  The same text, the
 * same probes at the same times give the same answers, everywhere.  Nothing is
 * allocated after ht_simnet_parse().
 */
#ifndef HT_TRANSPORT_SIM_NET_H
#define HT_TRANSPORT_SIM_NET_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

/** Most answers to one probe: itself and one duplicate. */
#define HT_SIM_ANSWERS_MAX 2

/** Value of ht_sim_answer.quote: the router quotes all of the probe. */
#define HT_SIM_QUOTE_FULL 65535

struct ht_simnet;

/** A probe as the network sees it. */
struct ht_sim_probe {
	struct ht_addr target; /**< where to; one of the scenario's targets */
	uint8_t proto;         /**< enum ht_proto */
	uint8_t ttl;           /**< 1..255 */
	uint8_t tos;           /**< TOS or traffic class byte */
	uint32_t flow;         /**< number or hash of the flow */
	unsigned size;         /**< whole IP packet in bytes */
	uint16_t port;         /**< UDP, TCP: destination port */
	bool is_divisible;     /**< IPv4 without DF: no link is too narrow for it */
};

/** What stands in a quote instead of what the probe was sent with. */
struct ht_sim_rewrite {
	uint8_t tos;           /**< TOS or traffic class, as the probe got there */
	uint8_t ttl;           /**< what was left of it */
	struct ht_addr source; /**< family none: as sent */
	struct ht_addr target; /**< same */
	uint16_t sport;        /**< UDP, TCP; 0: as sent */
	uint16_t dport;        /**< same */
	int id;                /**< IPv4 identification, -1: as sent */
	int checksum;          /**< of UDP, TCP or ICMP, -1: what the new addresses
				    and ports make of the one that was sent */
	int length;            /**< in the IP header, -1: as sent */
};

/** One answer of the network. */
struct ht_sim_answer {
	ht_time delay;       /**< from the probe's departure to the arrival, >= 0 */
	uint8_t kind;        /**< enum ht_reply_kind */
	uint8_t icmp_type;   /**< of the target's family, 0 if not ICMP */
	uint8_t icmp_code;   /**< same */
	uint8_t reply_ttl;   /**< TTL of the answer on arrival */
	uint8_t reply_tos;   /**< TOS of the answer */
	uint16_t quote;      /**< most bytes of the probe that are quoted, from its
				  IP header on; HT_SIM_QUOTE_FULL: all */
	uint32_t mtu;        /**< bytes, with "too big", else 0 */
	struct ht_addr from; /**< outer source address */
	uint8_t hop;         /**< which hop of the way answers, from 1 */
	uint8_t branch;      /**< which of its addresses of this family, from 1; 0 if
				  it has none */
	struct ht_sim_rewrite rewrite; /**< errors: in the quote */
	bool has_no_length;            /**< older than RFC 4884: does not say where the
					    extensions begin */
	bool has_ext;                  /**< ext is set */
	struct ht_extensions ext;      /**< RFC 4950 and 5837 objects */
};

/** A target that the scenario names; borrowed from it. */
struct ht_sim_target {
	struct ht_addr addr;
	const char *name; /**< "" if it has none */
};

/**
 * A line that is not about the network but about a run: `cycles`, `interval`,
 * `expect` and the like.  Borrowed from the scenario.
 */
struct ht_sim_note {
	unsigned line;           /**< in the text, from 1 */
	unsigned n_words;        /**< >= 1 */
	const char *const *word; /**< the words, the keyword first */
};

/**
 * Read a scenario.
 *
 * @param text  any bytes; copied
 * @param err   filled on failure: the line (0: the text as a whole) and what is
 *              wrong with it
 * @return NULL on failure; err->code is -EINVAL or -ENOMEM
 */
struct ht_simnet *ht_simnet_parse(const char *text, size_t len, struct ht_err *err);

void ht_simnet_free(struct ht_simnet *net);

/** The scenario's name as it was given, "" if it has none; borrowed. */
const char *ht_simnet_title(const struct ht_simnet *net);

/** Number of targets, >= 1. */
unsigned ht_simnet_targets(const struct ht_simnet *net);

/** Look at a target, i < ht_simnet_targets(). */
const struct ht_sim_target *ht_simnet_target(const struct ht_simnet *net, unsigned i);

/** True when some hop changes what it forwards or quotes (TOS, NAT). */
bool ht_simnet_has_rewrites(const struct ht_simnet *net);

/** True when addr is one of the targets. */
bool ht_simnet_is_target(const struct ht_simnet *net, const struct ht_addr *addr);

/** The address that probes of a family leave from. */
const struct ht_addr *ht_simnet_source(
    const struct ht_simnet *net, enum ht_family family);

/** The name of an address, borrowed; NULL if the scenario gives it none. */
const char *ht_simnet_name(const struct ht_simnet *net, const struct ht_addr *addr);

/** Number of notes. */
unsigned ht_simnet_notes(const struct ht_simnet *net);

/** Look at a note, i < ht_simnet_notes(). */
const struct ht_sim_note *ht_simnet_note(const struct ht_simnet *net, unsigned i);

/**
 * Ask whether this host can send now.
 *
 * @param now  any clock that does not run backwards; the first call of this or of
 *             ht_simnet_probe() is time 0 of the scenario
 * @return 0, or the negative errno of a `send-error`
 */
int ht_simnet_send_error(struct ht_simnet *net, ht_time now);

/**
 * Send a probe into the network.
 *
 * What happens to the n-th probe of a (ttl, flow) depends on the seed, n and the
 * time only, not on what else was sent; except that the rate limit of a router
 * counts everything that it answers.
 *
 * @param now          as above
 * @param ret_answers  HT_SIM_ANSWERS_MAX entries
 * @return number of answers, 0 when it is lost or nobody speaks
 */
unsigned ht_simnet_probe(struct ht_simnet *net, ht_time now,
    const struct ht_sim_probe *pr, struct ht_sim_answer *ret_answers);

/** Hops that the path has at a time of the scenario, the target included. */
unsigned ht_simnet_hops(struct ht_simnet *net, ht_time now);

#endif /* HT_TRANSPORT_SIM_NET_H */
