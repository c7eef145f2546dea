/* SPDX-License-Identifier: ISC */
/**
 * @file raw.h
 * The privileged Linux transport: whole IP packets out, ICMP, UDP and TCP in.
 *
 * Carries ICMP, UDP and TCP over IPv4 and IPv6.  All sockets that need privilege
 * are opened by ht_raw_open(), none later.  What it promises beyond transport.h:
 *
 * - Every byte on the wire is ours: TOS, IP ID, no DF, flow label, checksum.  What
 *   is larger than the MTU of the interface is refused with -EMSGSIZE, for such
 *   packets are not cut into fragments here; routers may do so.
 * - A probe is told by its IPv4 ID, which is never 0 (Dublin traceroute), by the
 *   sequence number of ICMP (the slot) and TCP (the token, masked), and by magic
 *   and token in the payload of ICMP and UDP (identity.h).  So any quote tells an
 *   IPv4 probe, be it cut down to 28 bytes or rewritten by a NAT.
 * - What is left are UDP over IPv6 quoted without payload, a target that answers
 *   to UDP with data other than ours, one that answers to a SYN by a plain ACK,
 *   and an IPv4 ID that somebody has erased: if only one probe of the flow is
 *   unanswered, it is MAPPED to that; else the reply is AMBIGUOUS, without from.
 * - A flow has constant ports, checksum of ICMP and UDP, and label.  Without room
 *   for a word in the payload (below 30 and 50 bytes) that of ICMP varies.
 * - Probes have at least 28 (IPv6: 48) bytes, of TCP 40 (60).  A SYN is padded
 *   with options that mean nothing, up to 80 (100) bytes; only what is beyond is
 *   data, filled with the pattern.
 * - Our source ports are held by ordinary sockets: nobody else gets them, and data
 *   from a target is not answered by "port unreachable".  The kernel answers a
 *   SYN-ACK by a reset, so that nothing is left at the target.
 * - Packets of other programs are not counted as unmatched unless they claim to be
 *   about ours.
 */
#ifndef HT_TRANSPORT_LINUX_RAW_H
#define HT_TRANSPORT_LINUX_RAW_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

#include "transport/linux/sockopt.h"

/**
 * Open the transport, and every socket that it needs privilege for.
 *
 * @param cfg  copied
 * @param err  filled on failure: -EPERM (CAP_NET_RAW is missing, or with a mark
 *             CAP_NET_ADMIN), -ENODEV, -EADDRNOTAVAIL (source is not an address
 *             of this host), -ENOMEM, ...
 * @return NULL on failure; close with ops->close()
 */
struct ht_transport *ht_raw_open(
    const struct ht_socket_config *cfg, struct ht_err *err);

/**
 * Ask the kernel whether raw sockets can be had right now.
 *
 * @return 0, -EPERM, -EAFNOSUPPORT (no IPv6 here), ...
 */
int ht_raw_can(enum ht_family family);

#endif /* HT_TRANSPORT_LINUX_RAW_H */
