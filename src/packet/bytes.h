/* SPDX-License-Identifier: ISC */
/**
 * @file bytes.h
 * Numbers in network order, at any address.
 */
#ifndef HT_PACKET_BYTES_H
#define HT_PACKET_BYTES_H

#include <hoptop/types.h>

/** Read 2 bytes. */
static inline uint16_t
ht_get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/** Read 4 bytes. */
static inline uint32_t
ht_get32(const uint8_t *p)
{
	return (uint32_t)ht_get16(p) << 16 | ht_get16(p + 2);
}

/** Write 2 bytes; of value the low 16 bits. */
static inline void
ht_put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/** Write 4 bytes. */
static inline void
ht_put32(uint8_t *p, uint32_t value)
{
	ht_put16(p, value >> 16);
	ht_put16(p + 2, value & 0xffff);
}

#endif /* HT_PACKET_BYTES_H */
