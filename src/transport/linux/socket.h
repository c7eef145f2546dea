/* SPDX-License-Identifier: ISC */
/**
 * @file socket.h
 * One probe socket: its options, and sending through it.
 */
#ifndef HT_TRANSPORT_LINUX_SOCKET_H
#define HT_TRANSPORT_LINUX_SOCKET_H

#include <sys/socket.h>

#include <hoptop/types.h>

#include "transport/linux/family.h"
#include "transport/linux/sockopt.h"
#include "transport/linux/stamps.h"

/** How a departure stamp says which probe it belongs to. */
enum ht_stamp_id {
	HT_STAMP_ID_NONE = 0,
	HT_STAMP_ID_TOKEN,  /**< SCM_TS_OPT_ID: our token comes back */
	HT_STAMP_ID_PACKET, /**< older kernels: the whole packet comes back */
	HT_STAMP_ID_COUNT
};

/** A socket for one family, protocol and flow. */
struct ht_socket {
	const struct ht_family_facts *ff;
	uint8_t family;      /**< enum ht_family */
	uint8_t proto;       /**< enum ht_proto: ICMP or UDP */
	bool is_port_fixed;  /**< UDP: no other port will do */
	bool is_stale;       /**< its interface is gone: open it anew */
	bool is_unlabeled;   /**< the kernel lets it have no flow labels of ours */
	uint8_t stamp_id;    /**< enum ht_stamp_id */
	uint16_t local_port; /**< UDP: source port that is wanted; 0 for ICMP */
	uint16_t id;         /**< what it got: source port of UDP, identifier of ICMP */
	int fd;              /**< -1 while closed */
	ht_time small_at; /**< when a probe too small for an identity left, 0: never */
	bool has_errors;  /**< poll() said so, of the error queue ... */
	bool has_answers; /**< ... and of the normal one */
	uint8_t misses;   /**< departure stamps in a row that did not come at once */
};

/** What to send besides the bytes. */
struct ht_socket_mail {
	const struct ht_addr *target;
	uint16_t port; /**< 0 for ICMP */
	uint8_t ttl;
	uint8_t tos;
	uint32_t label; /**< IPv6: flow label, 0 = the kernel's choice */
	uint32_t token;
	const uint8_t *data; /**< for ICMP with its header */
	size_t len;
};

/**
 * Open a plain datagram socket with the device and source of cfg.
 *
 * @param port  local port; 0: the kernel's choice
 * @return descriptor, or -EPERM (may not bind to the device), -ENODEV,
 *         -EADDRNOTAVAIL, -EADDRINUSE (port is taken), -EACCES, -EAFNOSUPPORT, ...
 */
int ht_socket_plain(const struct ht_family_facts *ff, int protocol,
    const struct ht_socket_config *cfg, uint16_t port);

/**
 * Look whether a source port can be had now.
 *
 * @param proto  TCP, or anything else for datagrams
 * @return 0, -EADDRINUSE (somebody has it), -EACCES (privileged), -EAFNOSUPPORT, ...
 */
int ht_socket_try_port(const struct ht_socket_config *cfg, enum ht_family family,
    enum ht_proto proto, uint16_t port);

/** Have replies stamped on their arrival, probes on their departure. */
int ht_socket_stamp(int fd, enum ht_stamp_id stamp_id);

/**
 * Open s for probing; family, proto, local_port and is_port_fixed are set.
 *
 * @return 0, or negative errno as of ht_socket_plain()
 */
int ht_socket_open(struct ht_socket *s, const struct ht_socket_config *cfg);

/** Close; may be opened again. */
void ht_socket_close(struct ht_socket *s);

/**
 * Send, in spite of errors that belong to earlier probes.
 *
 * @param ret_at  when it left; set on success
 * @return 0, or negative errno of this very probe
 */
int ht_socket_send(
    struct ht_socket *s, const struct ht_socket_mail *mail, struct ht_instant *ret_at);

/**
 * Find the address that packets to target leave from.
 *
 * @return 0, or -ENETUNREACH, -EHOSTUNREACH, -EACCES (broadcast), -EINVAL (a
 *         link-local target without a zone), ...
 */
int ht_socket_source(const struct ht_socket_config *cfg, const struct ht_addr *target,
    struct ht_addr *ret_source);

#endif /* HT_TRANSPORT_LINUX_SOCKET_H */
