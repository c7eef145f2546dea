/* SPDX-License-Identifier: ISC */
/* The payload of a probe: only our own is ours. */
#include <string.h>

#include "packet/csum.h"
#include "transport/linux/identity.h"

#include "fuzz.h"

#define PAYLOAD_MAX 256

/* Whatever comes: ours begins with the magic and has a token. */
static void
read_payload(const uint8_t *data, size_t size, const uint8_t *magic)
{
	uint32_t token = 0;
	enum ht_identity id = ht_identity_get(data, size, magic, &token);

	if (id == HT_IDENTITY_OURS)
		assert(size >= 8 && memcmp(data, magic, HT_IDENTITY_MAGIC) == 0);
	if (size >= HT_IDENTITY_MAGIC && memcmp(data, magic, HT_IDENTITY_MAGIC) != 0)
		assert(id != HT_IDENTITY_OURS);
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	static const uint8_t zeros[PAYLOAD_MAX];

	return memcmp(p, zeros, len) == 0;
}

/* The beginning of a payload that was put: its token, or nothing at all. */
static void
get_cut(const uint8_t *payload, size_t cut, const uint8_t *magic, uint32_t token)
{
	uint32_t got = ~token;
	enum ht_identity id = ht_identity_get(payload, cut, magic, &got);
	/* A masked token of zeros looks like padding, and so does a last zero of it
	 * with nothing behind. */
	bool is_lost = cut < 8 || is_zero(payload + 4, 4)
		       || (cut >= HT_IDENTITY_SIZE && is_zero(payload + 7, cut - 7));

	assert(id == (is_lost ? HT_IDENTITY_NONE : HT_IDENTITY_OURS));
	assert(is_lost || got == token);
}

/* The same, filled up with zeros. */
static void
get_padded(const uint8_t *payload, size_t cut, size_t len, const uint8_t *magic,
    uint32_t token)
{
	static const uint8_t zeros[PAYLOAD_MAX];
	uint8_t *padded = fuzz_copy(zeros, len);
	uint32_t got = ~token;

	memcpy(padded, payload, cut);
	enum ht_identity id = ht_identity_get(padded, len, magic, &got);
	assert(id != HT_IDENTITY_FOREIGN);
	assert(id != HT_IDENTITY_OURS || (cut >= 7 && got == token));
	fuzz_free(padded);
}

/* Nothing that differs in its magic is ours. */
static void
get_flipped(uint8_t *payload, size_t len, const uint8_t *magic)
{
	uint32_t got;

	for (size_t bit = 0; bit < 8 * HT_IDENTITY_MAGIC; bit++) {
		payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert(ht_identity_get(payload, len, magic, &got) != HT_IDENTITY_OURS);
		payload[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
put_and_get(struct fuzz_bytes *bytes, const uint8_t *magic, size_t len)
{
	static const uint8_t zeros[PAYLOAD_MAX];
	uint32_t token = fuzz_take(bytes, 4);
	uint8_t pattern = (uint8_t)fuzz_take(bytes, 1);
	uint16_t varying = (uint16_t)fuzz_take(bytes, 2);
	uint16_t wanted = (uint16_t)fuzz_take(bytes, 2);
	uint8_t *payload = fuzz_copy(zeros, len);
	bool is_marked = ht_identity_put(
	    payload, len, magic, token, pattern, varying, wanted);

	assert(is_marked == (len >= HT_IDENTITY_SIZE));
	/* In one's complement 0 and ffff are the same. */
	if (len >= 2)
		assert(ht_csum_add(varying, payload, len) % 0xffff == wanted % 0xffff);
	for (size_t cut = 0; is_marked && cut <= len; cut++) {
		get_cut(payload, cut, magic, token);
		get_padded(payload, cut, len, magic, token);
	}
	if (is_marked)
		get_flipped(payload, len, magic);
	fuzz_free(payload);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = { data, size };
	uint8_t magic[HT_IDENTITY_MAGIC];

	for (unsigned i = 0; i < HT_IDENTITY_MAGIC; i++) {
		magic[i] = (uint8_t)fuzz_take(&bytes, 1);
		magic[i] |= magic[i] == 0; /* never zero */
	}
	size_t len = fuzz_take(&bytes, 2) % PAYLOAD_MAX;
	read_payload(data, size, magic);
	put_and_get(&bytes, magic, len);
	read_payload(bytes.at, bytes.left, magic);
	return 0;
}
