/* SPDX-License-Identifier: ISC */
/**
 * @file ip.h
 * Bytes to headers: IPv4, IPv6, ICMP, ICMPv6, UDP, TCP.
 *
 * Nothing read here is trusted: every length is checked against the bytes that
 * are there.  A packet may be the start of one only, as routers quote them; what
 * its header claims and what is present are told apart.
 */
#ifndef HT_PACKET_IP_H
#define HT_PACKET_IP_H

#include <hoptop/types.h>

/** Protocol numbers of the IP header (IANA). */
enum ht_ip_proto {
	HT_IP_ICMP = 1,
	HT_IP_TCP = 6,
	HT_IP_UDP = 17,
	HT_IP_ICMP6 = 58
};

/** An IP header, of either family. */
struct ht_ip {
	uint8_t tos;         /**< TOS or traffic class */
	uint8_t ttl;         /**< TTL or hop limit */
	uint8_t proto;       /**< behind IPv6 extension headers; enum ht_ip_proto */
	bool is_fragment;    /**< not the first one: the payload has no header */
	uint16_t id;         /**< IPv4 identification, else 0 */
	uint32_t label;      /**< IPv6 flow label, else 0 */
	struct ht_addr src;  /**< its family is the packet's */
	struct ht_addr dst;  /**< same family */
	size_t total;        /**< bytes of the whole packet, as the header claims */
	const uint8_t *data; /**< payload; borrowed from the packet */
	size_t data_len;     /**< bytes of it that are present */
};

/** ICMP or ICMPv6. */
struct ht_icmp {
	uint8_t type;
	uint8_t code;
	uint16_t checksum;
	uint16_t id;         /**< of an echo */
	uint16_t seq;        /**< of an echo */
	uint32_t mtu;        /**< of "too big", else 0 */
	size_t quote_len;    /**< RFC 4884: bytes before the extensions; 0 unsaid */
	const uint8_t *data; /**< what follows the 8 bytes; borrowed */
	size_t data_len;     /**< bytes of it */
};

/** UDP. */
struct ht_udp {
	uint16_t sport;
	uint16_t dport;
	uint16_t length; /**< header included, as claimed */
	uint16_t checksum;
	const uint8_t *data; /**< payload; borrowed */
	size_t data_len;     /**< bytes of it that are present */
};

/** TCP; a quote may hold no more of it than the ports and seq. */
struct ht_tcp {
	uint16_t sport;
	uint16_t dport;
	uint32_t seq;
	uint32_t ack;        /**< 0 if cut off */
	uint8_t flags;       /**< HT_TCP_..., 0 if cut off */
	bool has_checksum;   /**< it is not cut off */
	uint16_t checksum;   /**< 0 if cut off */
	const uint8_t *data; /**< payload, behind the options; borrowed */
	size_t data_len;     /**< bytes of it that are present */
	size_t options_len;  /**< to build only: bytes of options, all of them "no
			      operation"; a multiple of 4 up to 40 */
};

#define HT_TCP_FIN 0x01
#define HT_TCP_SYN 0x02
#define HT_TCP_RST 0x04
#define HT_TCP_ACK 0x10

/**
 * Read an IP header.
 *
 * IPv4 options and IPv6 extension headers are skipped.  A length of zero, as some
 * hosts quote it, is taken for the bytes present.
 *
 * @return 0, or -EINVAL when it is neither IPv4 nor IPv6, or cut off in a header
 */
int ht_ip_parse(const void *packet, size_t len, struct ht_ip *ret_ip);

/**
 * Read the IP header of a packet that a router quotes.
 *
 * Some of them give its length in the wrong byte order, or less the header's: one
 * that leaves no room for 8 bytes of payload is not believed, but taken for the
 * bytes present.
 *
 * @return 0, or -EINVAL when it is neither IPv4 nor IPv6, or cut off in a header
 */
int ht_ip_parse_quote(const void *packet, size_t len, struct ht_ip *ret_ip);

/** Read 8 bytes of ICMP; -EINVAL when there are fewer. */
int ht_icmp_parse(
    enum ht_family family, const void *data, size_t len, struct ht_icmp *ret_icmp);

/**
 * Read 8 bytes of UDP; -EINVAL when there are fewer.
 *
 * The payload goes no farther than the header says; a length that is less than
 * the header's own says nothing.
 */
int ht_udp_parse(const void *data, size_t len, struct ht_udp *ret_udp);

/**
 * Read the 8 or more bytes of TCP that are there.
 *
 * @return 0, or -EINVAL when there are fewer than 8, or the header claims fewer
 *         than its 20
 */
int ht_tcp_parse(const void *data, size_t len, struct ht_tcp *ret_tcp);

/** The Internet checksum (RFC 1071), in host order; 0 over data that holds it. */
uint16_t ht_checksum(const void *data, size_t len);

/**
 * The same with the pseudo header of UDP, TCP and ICMPv6.
 *
 * @param ip   src and dst are used
 * @param len  bytes of the whole upper-layer packet
 */
uint16_t ht_checksum_upper(
    const struct ht_ip *ip, unsigned proto, const void *data, size_t len);

#endif /* HT_PACKET_IP_H */
