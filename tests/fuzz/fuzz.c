/* SPDX-License-Identifier: ISC */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/addr.h"

uint32_t
fuzz_take(struct fuzz_bytes *bytes, unsigned n)
{
	uint32_t value = 0;

	while (n-- > 0 && bytes->left > 0) {
		value = value << 8 | *bytes->at++;
		bytes->left--;
	}
	return value;
}

struct ht_addr
fuzz_take_addr(struct fuzz_bytes *bytes, enum ht_family family)
{
	uint8_t raw[16] = { 0 };
	size_t size = family == HT_FAMILY_IP6 ? 16 : 4;

	for (size_t i = 0; i < size; i++)
		raw[i] = (uint8_t)fuzz_take(bytes, 1);
	return family == HT_FAMILY_IP6 ? ht_addr_ip6(raw, 0) : ht_addr_ip4(raw);
}

uint8_t *
fuzz_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);

	if (copy == NULL)
		abort();
	copy[0] = 0;
	if (size > 0)
		memcpy(copy + 1, data, size);
	return copy + 1;
}

void
fuzz_free(uint8_t *copy)
{
	free(copy - 1);
}

void
fuzz_within(
    const uint8_t *part, size_t part_len, const uint8_t *whole, size_t whole_len)
{
	assert(part >= whole && part <= whole + whole_len);
	assert(part_len <= (size_t)(whole + whole_len - part));
}

uint64_t
fuzz_mix(uint64_t digest, uint64_t value)
{
	/* FNV-1a, on words. */
	return (digest ^ value) * 0x100000001b3;
}

static uint64_t
mix_addr(uint64_t digest, const struct ht_addr *addr)
{
	digest = fuzz_mix(fuzz_mix(digest, addr->family), addr->scope);
	for (unsigned i = 0; i < 16; i++)
		digest = fuzz_mix(digest, addr->bytes[i]);
	return digest;
}

uint64_t
fuzz_mix_ip(uint64_t digest, const struct ht_ip *ip)
{
	const uint64_t values[] = { ip->tos, ip->ttl, ip->proto, ip->is_fragment,
		ip->id, ip->label, ip->total, ip->data_len };

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		digest = fuzz_mix(digest, values[i]);
	return mix_addr(mix_addr(digest, &ip->src), &ip->dst);
}

uint64_t
fuzz_mix_ext(uint64_t digest, const struct ht_extensions *ext)
{
	assert(ext->n_mpls <= HT_MPLS_MAX);
	for (unsigned i = 0; i < ext->n_mpls; i++) {
		const struct ht_mpls *m = &ext->mpls[i];

		assert(m->label <= 0xfffff && m->tc <= 7 && m->bottom <= 1);
		digest = fuzz_mix(digest, m->label);
		digest = fuzz_mix(
		    digest, (uint64_t)m->tc << 16 | m->bottom << 8 | m->ttl);
	}
	assert(memchr(ext->if_name, '\0', sizeof(ext->if_name)) != NULL);
	for (const char *p = ext->if_name; *p != '\0'; p++) {
		assert(*p >= 0x20 && *p <= 0x7e);
		digest = fuzz_mix(digest, (uint64_t)*p);
	}
	digest = fuzz_mix(digest, ext->n_mpls);
	digest = fuzz_mix(digest, ext->malformed);
	digest = fuzz_mix(digest, ext->if_index);
	digest = fuzz_mix(digest, ext->if_mtu);
	return mix_addr(digest, &ext->if_addr);
}

void
fuzz_seal(uint8_t *data, size_t len, size_t at)
{
	uint32_t sum = 0;

	if (len < at + 2)
		return;
	data[at] = data[at + 1] = 0;
	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	data[at] = (uint8_t)(~sum >> 8);
	data[at + 1] = (uint8_t)~sum;
}
