/* SPDX-License-Identifier: ISC */
/**
 * @file dgram_internal.h
 * What the halves of the unprivileged transport share: dgram.c sends, intake.c
 * takes in what comes back.
 */
#ifndef HT_TRANSPORT_LINUX_DGRAM_INTERNAL_H
#define HT_TRANSPORT_LINUX_DGRAM_INTERNAL_H

#include <hoptop/transport.h>

#include "transport/linux/arrival.h"
#include "transport/linux/bare.h"
#include "transport/linux/dgram.h"
#include "transport/linux/identity.h"
#include "transport/linux/pace.h"
#include "transport/linux/socket.h"
#include "transport/linux/stamps.h"

#define DGRAM_SLOTS    65536
#define DGRAM_L4_SIZE  8 /* header of ICMP echo, and of UDP */
#define DGRAM_SIZE_MAX 9000

/** A probe that left, in the slot of its token. */
struct dgram_sent {
	uint32_t token;
	uint32_t label;    /**< IPv6: flow label, 0 if it is not known */
	uint16_t port;     /**< UDP: destination */
	uint16_t checksum; /**< ICMP for IPv4, if the payload was large enough */
	uint8_t tos;
	bool is_used;
	bool is_marked; /**< its payload has the identity */
	const struct ht_socket *s;
	struct ht_addr target;
	struct ht_instant at;
};

/** The transport. */
struct dgram {
	struct ht_transport tp;
	struct ht_socket_config cfg;
	unsigned caps;
	uint8_t magic[HT_IDENTITY_MAGIC];
	int warm; /**< descriptor: keeps the kernel stamping, see dgram.c */
	struct ht_socket socks[HT_DGRAM_FDS_MAX]; /**< n_socks of them were needed */
	int n_socks;
	ht_time polled_at; /**< of the marks in socks, 0: there are none */
	struct ht_pace pace;
	struct ht_bare *bare; /**< UDP: answers that quote no payload */
	ht_time now;          /**< the newest that we know of */

	struct ht_inbox errors;
	struct ht_inbox answers;
	struct ht_inbox early; /**< found while sending, to be handed up */
	const struct ht_socket *early_from;

	uint8_t out[DGRAM_SIZE_MAX];
	struct dgram_sent sent[DGRAM_SLOTS];
};

/** What tells the lanes of UDP apart, see bare.h. */
struct ht_bare_key ht_dgram_lane(
    const struct ht_socket *s, const struct ht_addr *target, uint16_t port);

/**
 * Look for the stamp of a probe that has just left.
 *
 * Usually the kernel has it by now, and poll() is not woken for it.  What else is
 * found waits for ht_intake().
 */
void ht_intake_early(struct dgram *t, struct ht_socket *s);

/** Hand up all that has come; as of ht_transport_ops.receive(). */
int ht_intake(struct dgram *t, ht_time now, ht_reply_fn *fn, void *ctx);

#endif /* HT_TRANSPORT_LINUX_DGRAM_INTERNAL_H */
