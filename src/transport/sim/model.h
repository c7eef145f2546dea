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

/** One hop: a link, and the router or target behind it. */
struct sim_hop {
	unsigned id;    /**< of the router's state, stable when the hop moves */
	bool is_target; /**< the probe ends here whatever its TTL */
	bool is_silent;
	bool is_per_packet;  /**< choice among addrs: by packet, else by flow */
	bool is_from_target; /**< answers with the target's address */
	bool is_blackhole;   /**< nothing goes beyond, and nobody says so */
	unsigned n_addrs;
	struct ht_addr addrs[SIM_ADDRS_MAX];
	struct ht_addr from; /**< answers with this address; family none: addrs */
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
	const struct sim_unreach *blocks;  /**< to all that would go on, or NULL */
	unsigned mtu;                      /**< of the link beyond, 0: any size */
	uint8_t answer[HT_PROTO_COUNT]; /**< target: enum ht_reply_kind, NONE silent */
	unsigned initial_ttl;           /**< of answers, 0: 255, target 64 */
	unsigned hops_back;             /**< 0: as many as forward */
	unsigned quote;                 /**< bytes */
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
	unsigned n_base; /**< hops of the file */
	struct sim_hop base[HT_TTL_MAX];

	/* State of a run. */
	bool is_started;
	ht_time start;                   /**< time 0 of the scenario */
	ht_time valid_from, valid_until; /**< of hops, in time of the scenario */
	unsigned n_hops;
	struct sim_hop hops[HT_TTL_MAX]; /**< with the changes of now applied */
	int send_error;
	uint64_t sent[HT_TTL_MAX + 1]; /**< probes by ttl: their numbers */
	struct sim_bucket *buckets;    /**< by id */
};

#endif /* HT_TRANSPORT_SIM_MODEL_H */
