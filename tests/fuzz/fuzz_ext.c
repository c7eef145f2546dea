/* SPDX-License-Identifier: ISC */
/* ICMP extension structures. */
#include "packet/build.h"
#include "packet/ext.h"

#include "fuzz.h"

/* What was read well can be built, and then reads the same. */
static void
round_trip(const struct ht_extensions *ext)
{
	struct ht_extensions again;
	uint8_t buf[256];
	int len = ht_build_extensions(buf, sizeof(buf), ext);

	assert(len > 0);
	bool is_found = ht_ext_parse(buf, (size_t)len, &again);
	assert(is_found == (len > 4));
	assert(fuzz_mix_ext(0, &again) == fuzz_mix_ext(0, ext));
}

static uint64_t
read_structure(const uint8_t *data, size_t size)
{
	struct ht_extensions ext;
	bool is_found = ht_ext_parse(data, size, &ext);
	uint64_t digest = fuzz_mix_ext(is_found, &ext);

	assert(is_found || !ext.malformed);
	if (!ext.malformed)
		round_trip(&ext);
	return digest;
}

static uint64_t
find(const uint8_t *data, size_t size, size_t cut, size_t stated)
{
	struct ht_extensions ext;

	return ht_ext_find(data, size, cut, stated, &ext) ? fuzz_mix_ext(1, &ext) : 0;
}

/* Behind three bytes of our own; in two of three cases the checksum is made right,
 * for no fuzzer finds one. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = { data, size };
	unsigned kind = fuzz_take(&bytes, 1) % 3;
	size_t cut = fuzz_take(&bytes, 1), stated = fuzz_take(&bytes, 1) * 4;
	uint8_t *copy = fuzz_copy(bytes.at, bytes.left);
	size_t at = HT_EXT_LEGACY_OFFSET > cut ? HT_EXT_LEGACY_OFFSET - cut : 0;

	if (stated > 0)
		at = stated;
	if (kind == 1)
		fuzz_seal(copy, bytes.left, 2);
	if (kind == 2 && at < bytes.left)
		fuzz_seal(copy + at, bytes.left - at, 2);

	uint8_t *again = fuzz_copy(copy, bytes.left);
	assert(read_structure(copy, bytes.left) == read_structure(again, bytes.left));
	assert(find(copy, bytes.left, cut, stated)
	       == find(again, bytes.left, cut, stated));
	fuzz_free(again);
	fuzz_free(copy);
	return 0;
}
