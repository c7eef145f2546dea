/* SPDX-License-Identifier: ISC */
/**
 * @file tunlog.h
 * The log of tests/net/tunsim: what a probe was as it came in, and what was answered.
 *
 * A line is key=value, key=value.  Scripts look for keys by name; no key ends in the
 * name of another one, so that a search for " ttl=" or "ttl=" finds the same.
 *
 *   ttl proto id seq sport dport len data kind from family src dst tos label ident df
 *   flow sum sumok syn flags payload fill filled total hop branch delay type code back
 *   class mtu quote in out
 *
 *   ttl, tos, len          of the probe as it came in; len is the whole IP packet
 *   id, seq                of ICMP; sport, dport of UDP and TCP
 *   data                   first 8 bytes behind the upper header, hex, "-" if none
 *   kind, from             of the answer: kind none, from - if there is none
 *   family, src, dst       4 or 6
 *   label                  IPv6 flow label, decimal
 *   ident, df              IPv4 identification; 1 with "don't fragment"
 *   flow                   hash by which routers choose, hex
 *   sum, sumok             checksum of ICMP, UDP or TCP, hex; 1 if it is right (0000
 *                          in UDP for IPv4 is right too: there is none)
 *   syn, flags             TCP sequence number, flags in hex
 *   payload, fill, filled, total
 *                          bytes of payload; the last one, hex; how many at the end
 *                          are equal to it; the sum of all
 *   hop, branch            which hop of the way answered, which of its addresses
 *   delay                  ns that the scenario wants between in and out
 *   type, code, mtu        of an ICMP answer; quote: bytes of the probe in it
 *   back, class            TTL and TOS of the answer
 *   in, out                CLOCK_MONOTONIC, ns: read, written; out is -1 if never
 */
#ifndef TESTS_NET_TUNLOG_H
#define TESTS_NET_TUNLOG_H

#include <stdio.h>

#include "transport/sim/net.h"

#include "garbage.h"

/** Bytes of a line. */
#define TUNLOG_MAX 768

/**
 * Fill in a line but for "out", which is known last.
 *
 * @param line  TUNLOG_MAX bytes
 * @param an    NULL: there is no answer
 * @param kind  what to call that: "none"
 */
void tunlog_describe(char *line, const struct seen *seen,
    const struct ht_sim_answer *an, const char *kind);

/** Write a line. */
void tunlog_write(FILE *fp, const char *line, ht_time out);

#endif /* TESTS_NET_TUNLOG_H */
