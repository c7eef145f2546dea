/* SPDX-License-Identifier: ISC */
/**
 * @file ext.h
 * ICMP extension structures: RFC 4884, with the label stacks of RFC 4950 and
 * the interface information of RFC 5837.
 *
 * Everything here was chosen by a stranger: every length is checked against the
 * bytes there are, and what is wrong is flagged, never fatal.
 */
#ifndef HT_PACKET_EXT_H
#define HT_PACKET_EXT_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

/** Bytes of the quoted datagram before extensions in routers older than RFC 4884. */
#define HT_EXT_LEGACY_OFFSET 128

/**
 * Read an extension structure.
 *
 * Objects of unknown class are skipped.  A wrong version or checksum makes the
 * whole structure void (section 7), a wrong object length ends the reading:
 * what came before it is kept.  Of several interface objects the one about the
 * interface that the probe arrived on wins, else the first.
 *
 * @param data     the structure, from its version nibble on
 * @param len      bytes of data
 * @param ret_ext  always set; malformed tells of anything wrong
 * @return true when there is something to show: an object of a known class, or
 *         the flag
 */
bool ht_ext_parse(const uint8_t *data, size_t len, struct ht_extensions *ret_ext);

/**
 * Find and read the extensions of an ICMP error.
 *
 * Where the router did not state the length of its quote (pre-RFC 4884), the
 * structure is looked for at HT_EXT_LEGACY_OFFSET, and believed only when its
 * checksum is there and right and so are its objects: these bytes may as well be
 * the probe's own.
 *
 * @param data     the quoted datagram, without its first cut bytes
 * @param len      bytes of data
 * @param cut      bytes of the quote that the kernel kept back: IP and maybe
 *                 UDP header
 * @param stated   offset of the structure in data, 0 if the router stated none
 * @param ret_ext  may be overwritten in any case
 * @return true when there is something to show
 */
bool ht_ext_find(const uint8_t *data, size_t len, size_t cut, size_t stated,
    struct ht_extensions *ret_ext);

#endif /* HT_PACKET_EXT_H */
