/* SPDX-License-Identifier: ISC */
/**
 * @file quote.h
 * What a router quotes of a probe that was changed on its way.
 */
#ifndef HT_TRANSPORT_SIM_QUOTE_H
#define HT_TRANSPORT_SIM_QUOTE_H

#include "transport/sim/net.h"

/** The headers of a probe as it was sent. */
struct ht_sim_headers {
	struct ht_addr source;
	struct ht_addr target; /**< same family */
	uint8_t proto;         /**< enum ht_proto */
	uint8_t tos;
	uint16_t id;       /**< IPv4 identification */
	uint16_t sport;    /**< UDP, TCP */
	uint16_t dport;    /**< same */
	uint16_t checksum; /**< of UDP, TCP or ICMP */
	uint32_t label;    /**< IPv6 flow label */
	unsigned size;     /**< whole IP packet in bytes */
};

/**
 * Give the checksum of a quote: the one that was asked for, or else the probe's,
 * brought up to date with new addresses and ports as a NAT does (RFC 1624).
 *
 * ICMP for IPv4 covers no addresses; a UDP checksum of 0 (none) stays 0.
 */
uint16_t ht_sim_quoted_checksum(
    const struct ht_sim_headers *sent, const struct ht_sim_rewrite *rw);

/**
 * Give what a quote shows, and what of it differs from the probe.
 *
 * @param len  bytes of the probe that are quoted at most
 */
void ht_sim_quote(const struct ht_sim_headers *sent, const struct ht_sim_rewrite *rw,
    size_t len, struct ht_quote *ret_quote);

#endif /* HT_TRANSPORT_SIM_QUOTE_H */
