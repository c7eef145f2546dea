/* SPDX-License-Identifier: ISC */
/**
 * @file garbage.h
 * Packets that answer a probe as a hostile or broken network might: none of them
 * is a valid answer.
 */
#ifndef TESTS_NET_GARBAGE_H
#define TESTS_NET_GARBAGE_H

#include <hoptop/types.h>

#include "base/rng.h"
#include "packet/ip.h"

/** A probe as it came in. */
struct seen {
	struct ht_ip ip;
	uint8_t proto; /**< enum ht_proto */
	uint16_t id, seq, sport, dport;
	uint32_t tcp_seq;
	const uint8_t *data; /**< behind the upper header */
	size_t data_len;
	const uint8_t *packet;
	size_t len;
	ht_time in;
	uint16_t checksum; /**< of ICMP, UDP or TCP */
	uint8_t tcp_flags;
};

/** Number of kinds of garbage. */
unsigned garbage_kinds(void);

/** Name a kind, 0..garbage_kinds() - 1. */
const char *garbage_name(unsigned kind);

/**
 * Tell whether the kernel hands such a packet to the socket of the probe; it
 * throws the others away itself.
 */
bool garbage_is_heard(unsigned kind, const struct seen *seen);

/**
 * Build a packet of a kind.
 *
 * @return bytes, or negative errno
 */
int garbage_build(unsigned kind, const struct seen *seen, uint8_t *buf, size_t size,
    struct ht_rng *rng);

/**
 * Damage a valid answer: bytes change, bytes are missing, and half of the time the
 * checksums are made right again.  What comes out may still be an answer.
 *
 * @return bytes, at most len
 */
size_t garbage_damage(uint8_t *packet, size_t len, struct ht_rng *rng);

#endif /* TESTS_NET_GARBAGE_H */
