/* SPDX-License-Identifier: ISC */
/**
 * @file match.h
 * Whose is what came: by the payload, or else by ICMP's sequence number.
 *
 * - Our payload says it all: whatever else has been rewritten on the way, it is that
 *   probe's.  Only the sequence number of ICMP has to agree, for it came by itself.
 * - A payload that is somebody else's, quoted where ours would be: nobody's.
 * - None, from ICMP: the kernel has seen to the identifier, so that the sequence
 *   number is ours; an echo reply has to come from the target, a quote has to say it,
 *   unless that probe is in flight: then a NAT may have rewritten the target.
 * - None, from UDP: see bare.h.
 */
#ifndef HT_TRANSPORT_LINUX_MATCH_H
#define HT_TRANSPORT_LINUX_MATCH_H

#include "transport/linux/dgram_internal.h"

/** For that long a probe is believed to be in flight, whatever the quote says. */
#define HT_MATCH_FRESH (5 * HT_S)

/** What a packet says about its probe. */
struct ht_clue {
	struct dgram_sent *by_number; /**< ICMP: by sequence number, NULL if none */
	uint16_t slot;                /**< ICMP: the sequence number */
	const uint8_t *payload;
	size_t len;
	bool is_quote; /**< of an error; else the target's own words */
};

/** Whose it is. */
struct ht_found {
	enum ht_match match;
	uint32_t token;
	struct dgram_sent *sent; /**< NULL: its departure is not known any more */
};

/** Give the probe of a token, if it has left by this socket and is remembered. */
struct dgram_sent *ht_match_sent(
    struct dgram *t, const struct ht_socket *s, uint32_t token);

/**
 * Read an ICMP echo header: the sequence number and what follows.
 *
 * @param type      that it has to have
 * @param is_quote  it is quoted in an error
 * @return false if it is something else, or cut off in the header
 */
bool ht_match_echo(struct dgram *t, const struct ht_socket *s, uint8_t type,
    bool is_quote, const uint8_t *data, size_t len, struct ht_clue *ret_clue);

/** Is it UDP that says nothing about its probe? */
bool ht_match_is_bare(
    const struct dgram *t, const struct ht_socket *s, const struct ht_clue *clue);

/**
 * Find whose it is.
 *
 * @param target  that is quoted, or who answers
 */
struct ht_found ht_match_find(struct dgram *t, const struct ht_socket *s,
    const struct ht_clue *clue, const struct ht_addr *target);

#endif /* HT_TRANSPORT_LINUX_MATCH_H */
