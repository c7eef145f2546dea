/* SPDX-License-Identifier: ISC */
/**
 * @file build.h
 * Headers to bytes: whole packets, checksums included.
 *
 * Every function writes one packet into the caller's memory and returns its
 * length, or -EMSGSIZE when it does not fit there (or into 65535 bytes).
 */
#ifndef HT_PACKET_BUILD_H
#define HT_PACKET_BUILD_H

#include <hoptop/transport.h>

#include "packet/ip.h"

/** An ICMP error about a packet. */
struct ht_icmp_error {
	uint8_t type;
	uint8_t code;
	uint32_t mtu;         /**< "too big" only, else 0 */
	const uint8_t *quote; /**< the packet it is about, from its IP header on */
	size_t quote_len;     /**< bytes of it to quote */
	const struct ht_extensions *ext; /**< RFC 4884 extensions, NULL for none */
	bool has_length; /**< say where the extensions begin (RFC 4884); routers
			      older than that leave it out and mean byte 128 */
};

/** An echo request or reply. */
struct ht_icmp_echo {
	bool is_reply;
	uint16_t id;
	uint16_t seq;
	const uint8_t *data; /**< payload */
	size_t data_len;
};

/**
 * Build an ICMP error.
 *
 * With extensions the quote is padded with zeros to 128 bytes at least, and to
 * a whole number of words (RFC 4884 section 4).
 *
 * @param ip  tos, ttl, id, label, src, dst are used
 */
int ht_build_icmp_error(uint8_t *buf, size_t size, const struct ht_ip *ip,
    const struct ht_icmp_error *error);

/** Build an echo request or reply. */
int ht_build_icmp_echo(
    uint8_t *buf, size_t size, const struct ht_ip *ip, const struct ht_icmp_echo *echo);

/** Build a UDP packet; sport, dport, data, data_len are used. */
int ht_build_udp(
    uint8_t *buf, size_t size, const struct ht_ip *ip, const struct ht_udp *udp);

/**
 * Build a TCP packet; ports, seq, ack, flags, options_len, data, data_len are used.
 *
 * Options that mean nothing and data are how a SYN of a given size is made.
 */
int ht_build_tcp(
    uint8_t *buf, size_t size, const struct ht_ip *ip, const struct ht_tcp *tcp);

/**
 * Build an extension structure: header, MPLS stack (RFC 4950), interface
 * information (RFC 5837, of the incoming interface).
 *
 * @return bytes written, or -EMSGSIZE
 */
int ht_build_extensions(uint8_t *buf, size_t size, const struct ht_extensions *ext);

#endif /* HT_PACKET_BUILD_H */
