/* SPDX-License-Identifier: ISC */
/**
 * @file fuzz.h
 * What the fuzzers share.  Each is one file with one function, which libFuzzer or
 * replay.c calls; whatever is wrong ends the process.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

/* Here the asserts are the test. */
#undef NDEBUG
#include <assert.h>

#include <hoptop/transport.h>
#include <hoptop/types.h>

#include "packet/ip.h"

/** Try one input; returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Bytes that are left to make something of. */
struct fuzz_bytes {
	const uint8_t *at;
	size_t left;
};

/** Take a number of so many bytes (at most 4), zeros when there are no more. */
uint32_t fuzz_take(struct fuzz_bytes *bytes, unsigned n);

/** Take an address of a family. */
struct ht_addr fuzz_take_addr(struct fuzz_bytes *bytes, enum ht_family family);

/** Copy to an odd address, with not a byte behind it; free with fuzz_free(). */
uint8_t *fuzz_copy(const uint8_t *data, size_t size);
void fuzz_free(uint8_t *copy);

/** Demand that part lies within whole. */
void fuzz_within(
    const uint8_t *part, size_t part_len, const uint8_t *whole, size_t whole_len);

/** Add to a digest of results. */
uint64_t fuzz_mix(uint64_t digest, uint64_t value);

/** Add every field of a header but its pointer. */
uint64_t fuzz_mix_ip(uint64_t digest, const struct ht_ip *ip);

/** Demand what holds for all extensions, and add them. */
uint64_t fuzz_mix_ext(uint64_t digest, const struct ht_extensions *ext);

/** Put a right checksum to data[at], computed as RFC 1071 has it. */
void fuzz_seal(uint8_t *data, size_t len, size_t at);

#endif /* TESTS_FUZZ_FUZZ_H */
