/* SPDX-License-Identifier: ISC */
/**
 * @file answer.h
 * What the simulated internet answers, as packets.
 */
#ifndef TESTS_NET_ANSWER_H
#define TESTS_NET_ANSWER_H

#include "transport/sim/net.h"

#include "garbage.h"

/** Read a packet as a probe; false if it is none, with as much set as was read. */
bool answer_see(struct seen *seen, const uint8_t *packet, size_t len, ht_time now);

/** The probe as the scenario wants to know it. */
struct ht_sim_probe answer_probe(const struct seen *seen);

/** Bytes of the probe that an error quotes. */
size_t answer_quoted(const struct seen *seen, const struct ht_sim_answer *an);

/**
 * Build the packet of an answer.
 *
 * @param has_lengths  false: all routers are older than RFC 4884
 * @return bytes, or negative errno
 */
int answer_build(uint8_t *buf, size_t size, const struct seen *seen,
    const struct ht_sim_answer *an, bool has_lengths);

#endif /* TESTS_NET_ANSWER_H */
