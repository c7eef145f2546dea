/* SPDX-License-Identifier: ISC */
/**
 * @file arrival.h
 * One message from a socket or from its error queue, taken apart.
 */
#ifndef HT_TRANSPORT_LINUX_ARRIVAL_H
#define HT_TRANSPORT_LINUX_ARRIVAL_H

#include <hoptop/types.h>

#include "transport/linux/family.h"
#include "transport/linux/stamps.h"

/** What a message says besides its data. */
struct ht_arrival {
	size_t len;              /**< bytes of data, cut to the caller's buffer */
	struct ht_addr peer;     /**< normal queue: sender; errors: target quoted */
	uint16_t port;           /**< of peer; 0 for ICMP */
	struct ht_addr offender; /**< who sent the ICMP error, else family none */
	uint8_t origin;          /**< SO_EE_ORIGIN_*, 0 in the normal queue */
	uint8_t icmp_type;       /**< of an ICMP error */
	uint8_t icmp_code;       /**< of an ICMP error */
	int error;               /**< positive errno that the kernel made of it */
	uint32_t info;           /**< ee_info: the MTU with "too big" */
	uint32_t flowinfo;       /**< IPv6 errors: traffic class and label quoted */
	uint32_t id;             /**< ee_data of a departure stamp */
	uint16_t ext_at;         /**< offset of extensions in the data, 0: not stated */
	bool is_ext_bad;         /**< the kernel found them wrong */
	int16_t ttl;             /**< of the packet that came, -1 unknown */
	int16_t tos;             /**< of the packet that came, -1 unknown */
	struct ht_instant at;    /**< when; of a departure stamp: the departure */
};

/**
 * Take the next message from a socket.
 *
 * @param flags  MSG_ERRQUEUE or 0; never blocks
 * @param buf    for the data; the rest of a longer message is dropped
 * @return 0, -EAGAIN when there is none, or another negative errno, which may
 *         be an ICMP error's and says nothing about the next call
 */
int ht_arrival_read(int fd, const struct ht_family_facts *ff, int flags, uint8_t *buf,
    size_t size, struct ht_arrival *ret_arrival);

/** Messages taken in one call, and bytes kept of each: the largest probe comes back
 * whole to raw sockets, which look at its checksum. */
#define HT_INBOX_SIZE 8
#define HT_INBOX_DATA 9216

/** Messages of one queue. */
struct ht_inbox {
	unsigned n;
	struct ht_arrival arrivals[HT_INBOX_SIZE];
	uint8_t data[HT_INBOX_SIZE][HT_INBOX_DATA];
};

/**
 * Take what waits in a queue, as far as it fits: less than that is all there was.
 *
 * @param flags  MSG_ERRQUEUE or 0; never blocks
 * @return 0, or as of ht_arrival_read(); ret_inbox is set, and empty then
 */
int ht_arrival_batch(
    int fd, const struct ht_family_facts *ff, int flags, struct ht_inbox *ret_inbox);

#endif /* HT_TRANSPORT_LINUX_ARRIVAL_H */
