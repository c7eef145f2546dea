/* SPDX-License-Identifier: ISC */
/**
 * @file syn.h
 * One TCP socket that sends a SYN, learns what comes of it, and is used again.
 *
 * connect() sends the SYN, an ICMP error comes through the error queue, SYN-ACK
 * and RST change the state of the socket.  A SYN-ACK is answered with RST: the
 * target's application never sees a connection, and nothing is left on either
 * side.
 */
#ifndef HT_TRANSPORT_LINUX_SYN_H
#define HT_TRANSPORT_LINUX_SYN_H

#include <hoptop/types.h>

#include "transport/linux/arrival.h"
#include "transport/linux/family.h"
#include "transport/linux/sockopt.h"
#include "transport/linux/stamps.h"

/**
 * When the kernel sends the SYN again by itself.  What comes later may be the
 * answer to that one; the socket has to be reset before.
 */
#define HT_SYN_AGAIN HT_S

/** A socket. */
struct ht_syn {
	const struct ht_family_facts *ff;
	int fd;              /**< -1 while closed */
	uint16_t local_port; /**< it is bound to this one */
	int ttl;             /**< as set, -1: not yet */
	int tos;             /**< as set, -1: not yet */
	bool is_used;        /**< has been connected since the last reset */
	bool is_unlabeled;   /**< the kernel lets it have no flow labels of ours */

	struct ht_instant before; /**< of the newest SYN: when connect() began ... */
	ht_time after;            /**< ... and when it came back; monotonic */
};

/** What to send. */
struct ht_syn_mail {
	const struct ht_addr *target;
	uint16_t port; /**< destination */
	uint8_t ttl;
	uint8_t tos;    /**< the kernel masks its ECN bits */
	uint32_t label; /**< IPv6: flow label, 1..0xfffff */
};

/** What came of a SYN, but for what is in the error queue. */
struct ht_syn_state {
	bool is_open;    /**< SYN-ACK came */
	bool is_over;    /**< the kernel waits for nothing any more */
	bool is_doubted; /**< was sent again, so the answer may be to either */
	int error;       /**< positive errno; ECONNREFUSED: RST came */
	ht_time rtt_ns;  /**< open: SYN to SYN-ACK by the kernel's clock, 0 unknown */
};

/**
 * Bind a TCP socket to a port that nobody else has, and keep it for ourselves.
 *
 * As long as it is open, no other process gets the port by asking for it, unless
 * with SO_REUSEADDR; sockets of ht_syn_open() do.
 *
 * @param port      0: any free one
 * @param ret_port  the one it got
 * @return descriptor, or -EADDRINUSE, -EACCES (below 1024), -EADDRNOTAVAIL (the
 *         source of cfg is no address of this host any more), -EMFILE, ...
 */
int ht_syn_reserve(const struct ht_family_facts *ff, const struct ht_socket_config *cfg,
    uint16_t port, uint16_t *ret_port);

/**
 * Open a socket for SYNs from a port that was reserved.
 *
 * @return 0, or negative errno as of ht_syn_reserve()
 */
int ht_syn_open(struct ht_syn *s, const struct ht_family_facts *ff,
    const struct ht_socket_config *cfg, uint16_t local_port);

/** Close; whatever is connected is reset. */
void ht_syn_close(struct ht_syn *s);

/**
 * Send a SYN.  Resets the socket first if it was used.
 *
 * @return 0, or negative errno: -EADDRNOTAVAIL (something with the same ports and
 *         addresses exists), -ENETUNREACH, -EACCES, ...
 */
int ht_syn_send(struct ht_syn *s, const struct ht_syn_mail *mail);

/** Ask what came of it; all zero while nothing has.  Takes the error away. */
struct ht_syn_state ht_syn_look(const struct ht_syn *s);

/**
 * Leave the connection; nothing that comes later finds this socket.  What is in
 * the error queue stays there.
 */
void ht_syn_reset(struct ht_syn *s);

/**
 * Say when the newest SYN left, for an answer that came at rx.
 *
 * No stamp of the kernel is to be had for a SYN.  It leaves within connect(), and
 * in its last microsecond unless something else comes in between: so that is when
 * it comes back, or 20 us after its beginning if it takes longer.  An answer that
 * came before connect() was over has kept it busy itself, as in a chain of network
 * namespaces; then it is the beginning.
 */
struct ht_instant ht_syn_departure(const struct ht_syn *s, const struct ht_instant *rx);

#endif /* HT_TRANSPORT_LINUX_SYN_H */
