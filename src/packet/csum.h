/* SPDX-License-Identifier: ISC */
/**
 * @file csum.h
 * The Internet checksum, RFC 1071.
 */
#ifndef HT_PACKET_CSUM_H
#define HT_PACKET_CSUM_H

#include <hoptop/types.h>

/**
 * Add bytes to a one's complement sum of 16-bit words in network order.
 *
 * An odd last byte counts as the high half of a word, so only the last piece
 * of a packet may be odd.
 *
 * @param sum  0, or what an earlier call returned
 * @return 0..0xffff, folded; the checksum of a header is its complement
 */
uint16_t ht_csum_add(uint16_t sum, const uint8_t *data, size_t len);

/** Give the word that turns a sum into the wanted one when added to it. */
uint16_t ht_csum_compensator(uint16_t sum, uint16_t wanted);

#endif /* HT_PACKET_CSUM_H */
