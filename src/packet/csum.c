/* SPDX-License-Identifier: ISC */
#include "packet/csum.h"

#include "packet/bytes.h"

static uint16_t
fold(uint64_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t
ht_csum_add(uint16_t sum, const uint8_t *data, size_t len)
{
	uint64_t s = sum;

	for (; len >= 2; data += 2, len -= 2)
		s += ht_get16(data);
	return fold(len > 0 ? s + ((uint64_t)data[0] << 8) : s);
}

uint16_t
ht_csum_compensator(uint16_t sum, uint16_t wanted)
{
	/* In one's complement, to subtract is to add the complement. */
	return fold((uint64_t)wanted + (uint16_t)~sum);
}
