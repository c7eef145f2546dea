/* SPDX-License-Identifier: ISC */
/**
 * @file text.h
 * UTF-8: decoding, display width, cutting, and cleaning text from the network.
 */
#ifndef HT_BASE_TEXT_H
#define HT_BASE_TEXT_H

#include <hoptop/types.h>

/**
 * Decode one character.
 *
 * @param s       at least one byte before the NUL
 * @param ret_cp  the code point; U+FFFD for a malformed sequence
 * @return bytes consumed, >= 1
 */
size_t ht_text_decode(const char *s, uint32_t *ret_cp);

/**
 * Encode one code point.
 *
 * @param buf  caller's, at least 5 bytes; terminated
 * @return bytes written, without the NUL
 */
size_t ht_text_encode(uint32_t cp, char *buf);

/** Columns that a code point takes on a terminal: 0, 1 or 2. */
unsigned ht_text_cp_width(uint32_t cp);

/** Columns that a string takes. */
size_t ht_text_width(const char *s);

/**
 * Copy text from the network (names, TXT records), keeping what is harmless.
 *
 * Every byte that is not printable ASCII becomes '?': such names are ASCII by
 * RFC 1123 (others travel as punycode), so anything else is a trick.
 *
 * @param dst   caller's
 * @param size  bytes of dst, >= 1; the copy is cut to fit and terminated
 */
void ht_text_clean(char *dst, size_t size, const char *src);

#endif /* HT_BASE_TEXT_H */
