/* SPDX-License-Identifier: ISC */
/**
 * @file tcp.h
 * The unprivileged Linux transport for TCP: connect() sends a SYN, its fate comes
 * back through the error queue and the state of the socket.
 *
 * What it promises beyond transport.h, and what it cannot do:
 *
 * - All that routers balance by is constant within a flow (Paris): source port,
 *   destination port, IPv6 flow label.  The price is one SYN in flight for a target,
 *   flow and port: send() says -EAGAIN until it is answered or given up.
 * - A SYN is given up after 900 ms, for the kernel sends it again after 1 s; sooner
 *   if the flow is wanted for another probe, later if the target seems to be far:
 *   see hold.h.  An answer that comes later than that is lost to us.
 * - The source port of a flow is taken for the life of the transport, so that no
 *   other process sends from it.  Where it is taken, another one is used; but where
 *   the probe names one, send() says -EADDRINUSE or -EACCES.
 * - The target's application sees no connection: SYN-ACK is answered by RST.  Only if
 *   we are not run for 40 ms or more the kernel may acknowledge it before.
 * - Open: the RTT is the kernel's own.  Other answers: the departure is by our own
 *   clock, see ht_syn_departure().  ICMP errors are stamped by the kernel, RST is
 *   not: it is what our own clock says, less the time that each of the newest
 *   stamped answers at least had to wait for us (lag.h).  An answer that may be to
 *   a SYN that the kernel sent again is AMBIGUOUS.
 * - The size of a SYN is the kernel's affair: 60 bytes in IPv4, 80 in IPv6, as a
 *   rule.  So are DF, which is set, and the ECN bits of the TOS, which are not.
 * - A SYN that the local firewall drops without a word looks lost: TCP does not
 *   tell.
 */
#ifndef HT_TRANSPORT_LINUX_TCP_H
#define HT_TRANSPORT_LINUX_TCP_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

#include "transport/linux/sockopt.h"

/** Most sockets for probes, and to poll for; each flow keeps one more. */
#define HT_TCP_SOCKETS 128

/**
 * Open the transport.  Needs no privilege; sockets are opened as they are needed.
 *
 * @param cfg  copied; device and source are taken to be right
 * @param err  filled on failure
 * @return NULL on failure; close with ops->close()
 */
struct ht_transport *ht_tcp_open(
    const struct ht_socket_config *cfg, struct ht_err *err);

/**
 * Take the source ports of several flows now, to know at once whether they can be
 * had.
 *
 * @param tp          of ht_tcp_open()
 * @param local_port  of flow 0, as the probes will name it
 * @param ret_port    on failure, the port that cannot be had
 * @return 0, -EADDRINUSE, -EACCES (a privileged port), -EAFNOSUPPORT, ...
 */
int ht_tcp_reserve(struct ht_transport *tp, enum ht_family family, uint16_t local_port,
    unsigned first_flow, unsigned n_flows, uint16_t *ret_port);

/**
 * Ask the kernel whether TCP can be had.
 *
 * @return 0, or -EAFNOSUPPORT (no IPv6 here), ...
 */
int ht_tcp_can(enum ht_family family);

#endif /* HT_TRANSPORT_LINUX_TCP_H */
