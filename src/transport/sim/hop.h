/* SPDX-License-Identifier: ISC */
/**
 * @file hop.h
 * From words to a hop; private to the simulator.
 */
#ifndef HT_TRANSPORT_SIM_HOP_H
#define HT_TRANSPORT_SIM_HOP_H

#include "transport/sim/words.h"

/** Fill in a hop about which nothing is said yet. */
void sim_hop_init(struct sim_hop *hop, unsigned id);

/**
 * Say to a hop all the words that are left.
 *
 * @return false when one of them is wrong; the hop is then half done
 */
bool sim_hop_say(struct sim_cursor *cu, struct sim_hop *hop);

/** The same for words that were found right when the text was read. */
void sim_hop_apply(struct sim_hop *hop, const struct sim_words *words);

/** Number of addresses that the hop has of a family. */
unsigned sim_hop_addrs(const struct sim_hop *hop, enum ht_family family);

/** True when it changes what it forwards or quotes. */
bool sim_hop_rewrites(const struct sim_hop *hop);

#endif /* HT_TRANSPORT_SIM_HOP_H */
