/* SPDX-License-Identifier: ISC */
/**
 * @file identity.h
 * The payload of a probe: which run and which token it belongs to.
 *
 *     0  magic of this run, 4 bytes, none of them zero
 *     4  token, masked with the magic
 *     8  word that keeps the checksum constant within a flow (Paris)
 *    10  pattern byte to the end
 *
 * A payload of 2..9 bytes has only that word, at its beginning.
 */
#ifndef HT_TRANSPORT_LINUX_IDENTITY_H
#define HT_TRANSPORT_LINUX_IDENTITY_H

#include <hoptop/types.h>

#define HT_IDENTITY_SIZE  10
#define HT_IDENTITY_MAGIC 4

/** What a payload that came back says. */
enum ht_identity {
	HT_IDENTITY_NONE = 0, /**< nothing: too short, or padded with zeros */
	HT_IDENTITY_OURS,     /**< the token is given */
	HT_IDENTITY_FOREIGN,  /**< it is somebody else's */
	HT_IDENTITY_COUNT
};

/**
 * Make a magic, or another number that no other run has.
 *
 * @param bytes  n of them, none is zero: those are what short quotes are padded with
 */
void ht_identity_make(uint8_t *bytes, size_t n);

/**
 * Fill the payload of a probe.
 *
 * @param payload  len bytes
 * @param magic    HT_IDENTITY_MAGIC bytes
 * @param varying  sum of the header words that differ between probes of a flow
 * @param wanted   what that sum and the payload's are to be together
 * @return true when it was large enough for magic and token
 */
bool ht_identity_put(uint8_t *payload, size_t len, const uint8_t *magic, uint32_t token,
    uint8_t pattern, uint16_t varying, uint16_t wanted);

/**
 * Read the payload of a probe that came back, maybe cut short, and maybe filled up
 * with zeros.
 *
 * @param ret_token  set with HT_IDENTITY_OURS
 */
enum ht_identity ht_identity_get(
    const uint8_t *payload, size_t len, const uint8_t *magic, uint32_t *ret_token);

#endif /* HT_TRANSPORT_LINUX_IDENTITY_H */
