/* SPDX-License-Identifier: ISC */
/**
 * @file family.h
 * What differs between IPv4 and IPv6, as data.
 */
#ifndef HT_TRANSPORT_LINUX_FAMILY_H
#define HT_TRANSPORT_LINUX_FAMILY_H

#include <sys/socket.h>

#include <hoptop/types.h>

/** Numbers of one family; one path of code reads them. */
struct ht_family_facts {
	int domain;        /**< AF_INET ... */
	int level;         /**< of the options and control messages below */
	int ping_protocol; /**< of a ping socket */
	int recverr;       /**< option and control message of the error queue */
	int rfc4884;       /**< option: say where the extensions are */
	int recvttl;       /**< option: hand up the TTL */
	int recvtos;       /**< option: hand up the TOS */
	int ttl;           /**< control message, both ways */
	int tos;           /**< control message, both ways */
	int mtu_discover;  /**< option */
	int mtu_dont;      /**< its value: never set DF */
	int mtu_probe; /**< its value: send it whole, whatever is known of the path */
	uint8_t icmp_origin;  /**< ee_origin of ICMP errors */
	uint8_t echo_request; /**< ICMP type */
	uint8_t echo_reply;   /**< ICMP type */
	uint8_t exceeded;     /**< ICMP type */
	uint8_t too_big_type; /**< ICMP type ... */
	uint8_t too_big_code; /**< ... and code */
	uint8_t ip_header;    /**< bytes, without options */
	uint8_t first_byte;   /**< of the header: version, and length for IPv4 */
	uint8_t proto_at;     /**< offset of the protocol in the header */
	socklen_t sockaddr;   /**< bytes of the socket address */
};

/** Facts about a family; NULL for anything but IPv4 and IPv6. */
const struct ht_family_facts *ht_family_facts(unsigned family);

/**
 * Make a socket address.
 *
 * @param addr  family none: the unspecified address of the facts' family
 * @return bytes used of ret_sa
 */
socklen_t ht_family_sockaddr(const struct ht_family_facts *ff,
    const struct ht_addr *addr, uint16_t port, struct sockaddr_storage *ret_sa);

/** Give the port of a socket address of either family. */
uint16_t ht_family_port(const struct sockaddr_storage *sa);

/** Set the flow information of an IPv6 socket address; of IPv4 it has none. */
void ht_family_set_flowinfo(struct sockaddr_storage *sa, uint32_t flowinfo);

/** Give traffic class and flow label of an IPv6 socket address; 0 of IPv4. */
uint32_t ht_family_flowinfo(const struct sockaddr_storage *sa);

#endif /* HT_TRANSPORT_LINUX_FAMILY_H */
