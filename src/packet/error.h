/* SPDX-License-Identifier: ISC */
/**
 * @file error.h
 * ICMP packets as a raw socket hands them up, and in ICMP errors the datagram
 * that they quote.
 *
 * Anybody can send such a packet.  What is read here is what it says, cut to the
 * bytes that are there; whether the datagram in it was ours is for the caller to
 * find out.
 */
#ifndef HT_PACKET_ERROR_H
#define HT_PACKET_ERROR_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

#include "packet/ip.h"

/** The datagram that an ICMP error is about, as far as the router quotes it. */
struct ht_original {
	struct ht_ip ip;  /**< its data ends before padding and extensions */
	uint8_t proto;    /**< enum ht_proto: whose header follows is set; NONE: that of
			       no probe (a fragment, not an echo request), or cut off */
	uint16_t sport;   /**< UDP, TCP */
	uint16_t dport;   /**< UDP, TCP */
	uint16_t id;      /**< ICMP */
	uint16_t seq;     /**< ICMP */
	uint32_t tcp_seq; /**< TCP */
	const uint8_t *payload; /**< behind that header; borrowed; NULL if proto NONE */
	size_t payload_len;     /**< bytes of it that are quoted */
	struct ht_quote quote;  /**< seen, and what was seen; changed is 0: only who
				     sent it can tell */
};

/** An ICMP error that came in. */
struct ht_icmp_seen {
	struct ht_ip ip; /**< outer header; IPv6: all zero, the socket tells */
	uint8_t type;    /**< of the family */
	uint8_t code;
	uint32_t mtu; /**< of "too big", else 0 */
	bool has_ext; /**< there are extensions to show */
	struct ht_extensions ext;
	struct ht_original original;
};

/**
 * Tell whether messages of this type say what became of a packet: time exceeded,
 * unreachable, too big, parameter problem.
 *
 * False for all that the standards have dropped or not yet made: source quench (RFC
 * 6633), ICMPv6 errors beyond parameter problem.
 */
bool ht_icmp_is_error(enum ht_family family, unsigned type);

/**
 * Read an ICMP packet: an error, an echo, whatever.
 *
 * @param family   of the socket
 * @param data     the whole packet, as a raw socket hands it up: IPv4 from the IP
 *                 header on, IPv6 from the ICMPv6 header on
 * @param len      bytes of data
 * @param ret_ip   outer header; IPv6: all zero
 * @param ret_icmp  set on success
 * @return 0, or -EINVAL: cut off, not ICMP, a fragment, or (IPv4; the kernel looks
 *         at that of ICMPv6) a wrong checksum
 */
int ht_icmp_packet_parse(enum ht_family family, const void *data, size_t len,
    struct ht_ip *ret_ip, struct ht_icmp *ret_icmp);

/**
 * Read an ICMP error and the datagram that it quotes.
 *
 * The quote may be of any length from a whole IP header on, its upper header
 * missing.
 *
 * @param family, data, len  as of ht_icmp_packet_parse()
 * @param ret_seen  set on success; points into data
 * @return 0; -ENOMSG: it is ICMP, but not ht_icmp_is_error(); -EINVAL: as of
 *         ht_icmp_packet_parse(), or what it quotes is no packet of the family
 */
int ht_icmp_error_parse(
    enum ht_family family, const void *data, size_t len, struct ht_icmp_seen *ret_seen);

/**
 * Read a quoted datagram.
 *
 * @param data  from its IP header on, without extensions
 * @return 0, or -EINVAL: no IP packet, or cut off in the IP header
 */
int ht_original_parse(const void *data, size_t len, struct ht_original *ret_original);

#endif /* HT_PACKET_ERROR_H */
