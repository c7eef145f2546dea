/* SPDX-License-Identifier: ISC */
/**
 * @file raw_socket.h
 * The sockets of the raw transport, for one family: what is opened with privilege,
 * once, and the source ports that are held without.
 */
#ifndef HT_TRANSPORT_LINUX_RAW_SOCKET_H
#define HT_TRANSPORT_LINUX_RAW_SOCKET_H

#include "transport/linux/family.h"
#include "transport/linux/sockopt.h"
#include "transport/linux/stamps.h"

/** What is heard. */
enum ht_raw_ear {
	HT_RAW_EAR_ICMP = 0,
	HT_RAW_EAR_UDP,
	HT_RAW_EAR_TCP,
	HT_RAW_EAR_COUNT
};

/** Source ports held at most, for each of UDP and TCP. */
#define HT_RAW_PORTS_MAX 1024

/** The source ports of one protocol that are ours. */
struct ht_raw_ports {
	unsigned n;
	int fds[HT_RAW_PORTS_MAX];
	uint16_t ports[HT_RAW_PORTS_MAX];
	uint16_t by_wanted[65536]; /* port that stands for it, 0: none yet */
};

/** One family's. */
struct ht_raw_sockets {
	const struct ht_family_facts *ff; /**< NULL while closed */
	int out;                          /**< sends whole packets */
	int ears[HT_RAW_EAR_COUNT];       /**< raw, each with a filter */
	int finder;            /**< ordinary; asked where packets would leave from */
	bool is_tsid;          /**< departure stamps bring our token; else the packet */
	struct ht_addr source; /**< that was asked for, or family none */
	char device[HT_DEVICE_MAX]; /**< "" if none */
	struct ht_raw_ports udp, tcp;
};

/**
 * Open what needs privilege.
 *
 * @param echo_id  ICMP identifier of the replies to hear
 * @return 0 or negative errno: -EPERM, -ENODEV, -EADDRNOTAVAIL, -EAFNOSUPPORT, ...;
 *         then nothing is open
 */
int ht_raw_sockets_open(struct ht_raw_sockets *s, enum ht_family family,
    const struct ht_socket_config *cfg, uint16_t echo_id);

/** Close; nothing happens if not open. */
void ht_raw_sockets_close(struct ht_raw_sockets *s);

/**
 * Find the address that packets to target leave from.
 *
 * @return 0, or -ENETUNREACH, -EHOSTUNREACH, -EACCES (broadcast), -EINVAL (a
 *         link-local target without a zone), ...
 */
int ht_raw_source(
    struct ht_raw_sockets *s, const struct ht_addr *target, struct ht_addr *ret_source);

/**
 * Hold a source port, and hear what comes to it.
 *
 * @param wanted    if somebody else has it, any other is taken; the same one is
 *                  given the next time
 * @param is_named  the user wants this one: take no other
 * @return the port, or negative errno (-EMFILE: too many, -EADDRINUSE, -EACCES)
 */
int ht_raw_port(
    struct ht_raw_sockets *s, enum ht_proto proto, uint16_t wanted, bool is_named);

/** Is it one that we hold? */
bool ht_raw_has_port(
    const struct ht_raw_sockets *s, enum ht_proto proto, uint16_t port);

/**
 * Send a whole packet.
 *
 * @param token   comes back with the stamp of its departure, if is_tsid
 * @param ret_at  when it left; set on success
 * @return 0 or negative errno
 */
int ht_raw_send(struct ht_raw_sockets *s, const struct ht_addr *target, uint32_t token,
    const uint8_t *packet, size_t len, struct ht_instant *ret_at);

#endif /* HT_TRANSPORT_LINUX_RAW_SOCKET_H */
