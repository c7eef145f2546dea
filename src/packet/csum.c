/* SPDX-License-Identifier: ISC */
#include "packet/csum.h"

static uint16_t
fold(uint32_t sum)
{
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint16_t
ht_csum_add(uint16_t sum, const uint8_t *data, size_t len)
{
	uint32_t s = sum;

	for (size_t i = 0; i + 1 < len; i += 2)
		s = fold(s + ((uint32_t)data[i] << 8 | data[i + 1]));
	if (len % 2 != 0)
		s = fold(s + ((uint32_t)data[len - 1] << 8));
	return (uint16_t)s;
}

uint16_t
ht_csum_compensator(uint16_t sum, uint16_t wanted)
{
	/* In one's complement, to subtract is to add the complement. */
	return fold((uint32_t)wanted + (uint16_t)~sum);
}
