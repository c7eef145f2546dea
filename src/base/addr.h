/* SPDX-License-Identifier: ISC */
/**
 * @file addr.h
 * Addresses: text to bytes and back, equality, kinds.
 */
#ifndef HT_BASE_ADDR_H
#define HT_BASE_ADDR_H

#include <hoptop/types.h>

struct sockaddr;

/** Bytes that the text of any address needs, zone and final NUL included. */
#define HT_ADDR_TEXT_MAX 64

/** Bytes in the address itself: 4, 16, or 0 for none. */
size_t ht_addr_size(const struct ht_addr *addr);

/** True for the same family, bytes and scope. */
bool ht_addr_equal(const struct ht_addr *a, const struct ht_addr *b);

/** Order: none, IPv4, IPv6; within a family by bytes.  <0, 0, >0. */
int ht_addr_compare(const struct ht_addr *a, const struct ht_addr *b);

/**
 * Parse dotted IPv4 or IPv6; a numeric zone ("fe80::1%2") is allowed.
 *
 * @return false if text is not a literal address
 */
bool ht_addr_parse(const char *text, struct ht_addr *ret_addr);

/**
 * Write the address as text ("" for none).
 *
 * @param buf  caller's, at least HT_ADDR_TEXT_MAX bytes; returned
 */
const char *ht_addr_text(const struct ht_addr *addr, char *buf);

/** Make an address from 4 bytes in network order. */
struct ht_addr ht_addr_ip4(const void *bytes);

/** Make an address from 16 bytes in network order. */
struct ht_addr ht_addr_ip6(const void *bytes, uint32_t scope);

/** Make an address from a socket address; family none if it is of another kind. */
struct ht_addr ht_addr_from_sockaddr(const struct sockaddr *sa);

/**
 * Say why an address cannot be traced: unspecified, multicast, broadcast.
 *
 * @return static text, or NULL when it is a host address
 */
const char *ht_addr_refusal(const struct ht_addr *addr);

#endif /* HT_BASE_ADDR_H */
