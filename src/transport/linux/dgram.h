/* SPDX-License-Identifier: ISC */
/**
 * @file dgram.h
 * The unprivileged Linux transport: ICMP ping sockets and UDP sockets whose
 * ICMP errors come back through the error queue.
 *
 * Carries ICMP and UDP over IPv4 and IPv6: one socket for all ICMP of a family,
 * one for each flow of UDP, opened when it is first needed.  What it relies on and
 * what it promises beyond transport.h:
 *
 * - Of a token only the low 16 bits are the slot that tells probes in flight
 *   apart; the high 16 bits may be any generation.  Slots of the newest 1024
 *   probes must differ.
 * - ICMP: the sequence number is the slot.  UDP: nothing but the payload differs
 *   from probe to probe.
 * - The payload begins with a magic of this run, the token and a word that
 *   keeps the checksum constant within a flow, 10 bytes in all.  ICMP probes too
 *   small for them (IPv4 below 38, IPv6 below 58 bytes) are known by sequence
 *   number alone, and an answer that is a whole turn of the slots old is then
 *   taken for the newest.  So small UDP probes, and answers that quote no payload,
 *   go by who answers: bare.h.
 * - What is on the wire has the size that the probe asks for, but 48 bytes at least
 *   for IPv6, for that is what its headers take, and 9000 at most.
 * - Where the source port of a flow is taken, another one is used; but where the
 *   probe names one, send() says -EADDRINUSE or -EACCES.  No more than
 *   HT_DGRAM_FLOWS flows of UDP in a family: -EMFILE.
 * - Where somebody in this network namespace has an IPv6 flow label for himself
 *   alone, and ours cannot be had by asking, it is the kernel's choice.
 * - DF is never set, like traceroute does: a probe beyond the MTU is cut into
 *   fragments, and "too big" comes back only for what cannot be.
 * - An answer to a probe whose slot was taken again has the token that it
 *   belongs to, tx_stamp HT_STAMP_NONE and tx_ns equal to rx_ns: its departure
 *   is no longer known.
 */
#ifndef HT_TRANSPORT_LINUX_DGRAM_H
#define HT_TRANSPORT_LINUX_DGRAM_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

#include "transport/linux/sockopt.h"

/** Most flows of UDP in a family. */
#define HT_DGRAM_FLOWS 64

/** Most descriptors to poll for: each flow of two families, and two for ICMP. */
#define HT_DGRAM_FDS_MAX (2 * HT_DGRAM_FLOWS + 2)

/**
 * Open the transport.
 *
 * Checks device and source, and takes all the memory that it will ever need.
 * Needs no privilege; sockets for probes are opened by prepare().
 *
 * @param cfg  copied
 * @param err  filled on failure: -ENODEV (no such device), -EPERM (a mark takes
 *             CAP_NET_ADMIN, or CAP_NET_RAW since Linux 5.17; a device takes
 *             CAP_NET_RAW before 5.7), -EADDRNOTAVAIL
 *             (source is not an address of this host), -ENOMEM, ...
 * @return NULL on failure; close with ops->close()
 */
struct ht_transport *ht_dgram_open(
    const struct ht_socket_config *cfg, struct ht_err *err);

/**
 * Ask the kernel whether this user may send this kind of probe.
 *
 * @return 0, -EACCES (net.ipv4.ping_group_range leaves this user out),
 *         -EAFNOSUPPORT (no IPv6 here), -EPROTONOSUPPORT (not ICMP or UDP), ...
 */
int ht_dgram_can(enum ht_proto proto, enum ht_family family);

#endif /* HT_TRANSPORT_LINUX_DGRAM_H */
