/* SPDX-License-Identifier: ISC */
/* ICMP errors off a raw socket, and the probe that they quote. */
#include <errno.h>

#include "packet/error.h"

#include "fuzz.h"

/* The first byte: which family, and what to make right, for no fuzzer finds a
 * checksum. */
enum {
	IS_IP6 = 1,
	SEAL_ICMP = 2,
	SEAL_EXT = 4
};

static uint64_t
mix_original(uint64_t digest, const struct ht_original *o)
{
	const uint64_t values[] = { o->proto, o->sport, o->dport, o->id, o->seq,
		o->tcp_seq, o->payload_len, o->quote.seen, o->quote.changed,
		o->quote.tos, o->quote.ttl, o->quote.id, o->quote.checksum,
		o->quote.label };

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		digest = fuzz_mix(digest, values[i]);
	return fuzz_mix_ip(digest, &o->ip);
}

static void
check_original(const struct ht_original *o, const uint8_t *data, size_t size)
{
	fuzz_within(o->ip.data, o->ip.data_len, data, size);
	if (o->proto == HT_PROTO_NONE) {
		assert(o->payload == NULL && o->payload_len == 0);
		assert((o->quote.seen & (HT_QUOTE_PORT | HT_QUOTE_CHECKSUM)) == 0);
	} else {
		assert(!o->ip.is_fragment && o->ip.data_len >= 8);
		assert(o->payload >= o->ip.data + 8);
		fuzz_within(o->payload, o->payload_len, o->ip.data, o->ip.data_len);
	}
	assert(o->quote.changed == 0);
}

static uint64_t
read_error(enum ht_family family, const uint8_t *data, size_t size)
{
	struct ht_icmp_seen seen;
	int r = ht_icmp_error_parse(family, data, size, &seen);

	assert(r == 0 || r == -EINVAL || r == -ENOMSG);
	if (r < 0)
		return (uint64_t)r;
	check_original(&seen.original, data, size);
	assert(seen.original.ip.src.family == family);
	assert(seen.ip.src.family == (family == HT_FAMILY_IP4 ? HT_FAMILY_IP4 : 0));

	uint64_t digest = fuzz_mix((uint64_t)seen.type << 8 | seen.code, seen.mtu);
	digest = fuzz_mix_ip(fuzz_mix(digest, seen.has_ext), &seen.ip);
	if (seen.has_ext)
		digest = fuzz_mix_ext(digest, &seen.ext);
	return mix_original(digest, &seen.original);
}

static uint64_t
read_quote(const uint8_t *data, size_t size)
{
	struct ht_original original;

	if (ht_original_parse(data, size, &original) < 0)
		return 0;
	check_original(&original, data, size);
	return mix_original(1, &original);
}

/* Make checksums and the length of the outer packet right, as far as there is one. */
static void
mend(unsigned what, uint8_t *p, size_t size)
{
	bool is_ip6 = (what & IS_IP6) != 0;
	size_t icmp = is_ip6 || size == 0 ? 0 : (size_t)(p[0] & 0x0f) * 4;

	if (size < icmp + 8)
		return;
	if (what & SEAL_EXT) {
		size_t stated = is_ip6 ? p[icmp + 4] * 8u : p[icmp + 5] * 4u;
		size_t at = icmp + 8 + (stated >= 128 ? stated : 128);
		if (at < size)
			fuzz_seal(p + at, size - at, 2);
	}
	if (what & SEAL_ICMP && icmp >= 20) {
		p[2] = (uint8_t)(size >> 8);
		p[3] = (uint8_t)size;
		fuzz_seal(p + icmp, size - icmp, 2);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = { data, size };
	unsigned what = fuzz_take(&bytes, 1);
	enum ht_family family = what & IS_IP6 ? HT_FAMILY_IP6 : HT_FAMILY_IP4;
	uint8_t *copy = fuzz_copy(bytes.at, bytes.left);

	mend(what, copy, bytes.left);
	uint8_t *again = fuzz_copy(copy, bytes.left);
	assert(read_error(family, copy, bytes.left)
	       == read_error(family, again, bytes.left));
	assert(read_quote(copy, bytes.left) == read_quote(again, bytes.left));
	fuzz_free(again);
	fuzz_free(copy);
	return 0;
}
