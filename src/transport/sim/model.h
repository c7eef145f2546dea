/* SPDX-License-Identifier: ISC */
/**
 * @file model.h
 * What a scenario is once it is read; private to the simulator.
 */
#ifndef HT_TRANSPORT_SIM_MODEL_H
#define HT_TRANSPORT_SIM_MODEL_H

#include "base/rng.h"
#include "transport/sim/net.h"

#define SIM_ADDRS_MAX   16
#define SIM_CHANGES_MAX 1024
#define SIM_PORTS_MAX   8

/** Something that happens to a share of the answers. */
struct sim_chance {
	double share; /**< 0..1 */
	ht_time span; /**< ns, >= 0 */
};

/** A token bucket. */
struct sim_limit {
	double rate;  /**< answers per second, 0: no limit */
	double burst; /**< most tokens, >= 1 */
};

/** One row of the table of "unreachable" answers. */
struct sim_unreach {
	const char *name;
	uint8_t type4, code4;
	uint8_t type6, code6;
};

/** What a router quotes instead of what the probe had. */
struct sim_quoted {
	struct ht_addr source[2], target[2]; /**< IPv4, IPv6; family none: as sent */
	uint16_t sport[2], dport[2];         /**< with these; 0: as sent */
	int id, checksum, length;            /**< -1: as sent */
};

/** What one of several routers of a hop has for itself; negative: as the hop. */
struct sim_branch {
	bool is_said;   /**< anything was said about it */
	bool is_silent; /**< never answers */
	bool is_absent; /**< the way over it has no such hop: costs no TTL */
	ht_time rtt, jitter, delay;
	double loss, reply_loss;
};

/** What the target says to probes of one port. */
struct sim_port {
	uint8_t proto; /**< enum ht_proto */
	uint8_t kind;  /**< enum ht_reply_kind, NONE silent */
	uint16_t port;
};

/** One hop: a link, and the router or target behind it. */
struct sim_hop {
	unsigned id;    /**< of the router's state, stable when the hop moves */
	bool is_target; /**< the probe ends here whatever its TTL */
	bool is_silent;
	bool is_per_packet;  /**< choice among addrs: by packet, else by flow */
	unsigned like;       /**< number in the file: shares its choice; 0: none */
	bool is_from_target; /**< answers with the target's address */
	bool is_blackhole;   /**< nothing goes beyond, and nobody says so */
	unsigned n_addrs;
	struct ht_addr addrs[SIM_ADDRS_MAX];
	struct sim_branch branches[SIM_ADDRS_MAX]; /**< by the place among addrs of
							the probe's family */
	struct ht_addr from[2]; /**< answers with this address, IPv4 and IPv6; family
				     none: addrs */
	ht_time rtt;
	ht_time jitter;                    /**< mean of the exponential tail */
	struct sim_chance spikes;          /**< up to so much more */
	ht_time delay;                     /**< link: fixed */
	ht_time queue;                     /**< link: mean of an exponential */
	double loss;                       /**< link, forward, 0..1 */
	double back_loss;                  /**< link, backward, 0..1 */
	double reply_loss;                 /**< own answers, 0..1 */
	struct sim_limit limit;            /**< own ICMP errors */
	struct sim_chance duplicates;      /**< second answer so much later */
	struct sim_chance reorder;         /**< answer held back so long */
	const struct sim_unreach *unreach; /**< to all that comes here, or NULL */
	const struct sim_unreach *refuses; /**< to what ends here, or NULL */
	const struct sim_unreach *blocks;  /**< to all that would go on, or NULL */
	unsigned mtu;                      /**< of the link beyond, 0: any size */
	uint8_t answer[HT_PROTO_COUNT]; /**< target: enum ht_reply_kind, NONE silent */
	unsigned n_ports;
	struct sim_port ports[SIM_PORTS_MAX]; /**< go before answer */
	int tos;                  /**< link: new TOS of what passes, or -1 */
	unsigned initial_ttl;     /**< of answers, 0: 255, target 64 */
	unsigned hops_back;       /**< 0: as many as forward */
	unsigned quote;           /**< bytes */
	struct sim_quoted quoted; /**< what stands in quotes instead */
	bool has_no_length;       /**< older than RFC 4884 */
	bool has_ext;
	struct ht_extensions ext;
};

enum sim_change_what {
	SIM_CHANGE_NONE = 0,
	SIM_CHANGE_HOP,
	SIM_CHANGE_INSERT,
	SIM_CHANGE_REMOVE,
	SIM_CHANGE_SEND_ERROR,
	SIM_CHANGE_COUNT
};

/** Words of one line. */
struct sim_words {
	const char **word;
	unsigned n;
};

/** A statement that holds in [from, until), every so often anew. */
struct sim_change {
	ht_time from, until;    /**< of the scenario; until may be HT_TIME_NEVER */
	ht_time every;          /**< period, 0: once */
	uint8_t what;           /**< enum sim_change_what */
	unsigned hop;           /**< number in the file */
	unsigned id;            /**< INSERT: id of the new hop */
	int error;              /**< SEND_ERROR: positive errno */
	struct sim_words words; /**< HOP, INSERT: what is said about the hop */
};

/** State of a router's token bucket. */
struct sim_bucket {
	double tokens;
	ht_time at;
	bool is_used;
};

/** An address and its name. */
struct sim_name {
	struct ht_addr addr;
	const char *name;
};

struct ht_simnet {
	char *text;         /**< copy of the text, cut into words */
	const char **words; /**< all words, in order; point into text */
	const char *title;
	uint64_t seed;
	struct ht_addr source4, source6;
	unsigned n_targets, n_changes, n_notes, n_names, n_ids;
	struct ht_sim_target *targets;
	struct sim_change *changes;
	struct ht_sim_note *notes;
	struct sim_name *names;
	bool has_rewrites; /**< some hop changes what it forwards or quotes */
	unsigned n_base;   /**< hops of the file */
	struct sim_hop base[HT_TTL_MAX];

	/* State of a run. */
	bool is_started;
	ht_time start;                   /**< time 0 of the scenario */
	ht_time valid_from, valid_until; /**< of hops, in time of the scenario */
	unsigned n_hops;
	struct sim_hop hops[HT_TTL_MAX]; /**< with the changes of now applied */
	int send_error;
	uint64_t sent[HT_TTL_MAX + 1]; /**< probes by ttl: their numbers */
	struct sim_bucket *buckets;    /**< by id and branch */
};

#endif /* HT_TRANSPORT_SIM_MODEL_H */
