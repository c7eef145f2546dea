/* SPDX-License-Identifier: ISC */
/**
 * @file raw_match.h
 * Whose is it?  Packets that came in, and the probes that they belong to.
 *
 * A raw socket hears what comes for every program of this host, and anybody may
 * send anything.  Strict where it can be: ports that this run holds, its random
 * ICMP identifier, IPv4 ID, sequence numbers and magic.  Loose where quotes are
 * rewritten on their way: by a NAT (source address and port), by a load balancer
 * (source), by hosts that erase the IPv4 ID; then more of the rest has to be right.
 */
#ifndef HT_TRANSPORT_LINUX_RAW_MATCH_H
#define HT_TRANSPORT_LINUX_RAW_MATCH_H

#include "packet/error.h"
#include "transport/linux/raw_probe.h"

/** What was found. */
struct ht_raw_found {
	uint8_t match;    /**< enum ht_match */
	bool is_about_us; /**< match NONE: it looks like this run's all the same */
	bool is_anybodys; /**< match AMBIGUOUS: of several probes, any */
	uint32_t token;   /**< of the probe */
	struct ht_raw_sent *sent; /**< NULL: not remembered any more */
};

/** Find the probe that an ICMP error quotes; now as of ht_stamps_now(). */
struct ht_raw_found ht_raw_match_quote(
    struct ht_raw_table *tb, const struct ht_original *o, ht_time now);

/** Find the probe that an echo reply answers. */
struct ht_raw_found ht_raw_match_echo(
    struct ht_raw_table *tb, const struct ht_icmp *icmp, const struct ht_addr *from);

/** Find the probe that a UDP packet answers. */
struct ht_raw_found ht_raw_match_udp(struct ht_raw_table *tb, const struct ht_udp *udp,
    const struct ht_addr *from, ht_time now);

/**
 * Find the probe that a TCP packet answers.
 *
 * @param ret_kind  HT_REPLY_TCP_OPEN or HT_REPLY_TCP_CLOSED, if there is a match
 */
struct ht_raw_found ht_raw_match_tcp(struct ht_raw_table *tb, const struct ht_tcp *tcp,
    const struct ht_addr *from, ht_time now, uint8_t *ret_kind);

/** Say which of the fields that were seen have changed on the way. */
void ht_raw_compare(const struct ht_raw_table *tb, const struct ht_raw_sent *sent,
    const struct ht_original *o, struct ht_quote *ret_quote);

#endif /* HT_TRANSPORT_LINUX_RAW_MATCH_H */
