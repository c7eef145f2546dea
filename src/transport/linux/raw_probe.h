/* SPDX-License-Identifier: ISC */
/**
 * @file raw_probe.h
 * Probes of the raw transport: what they look like, and which have left.
 */
#ifndef HT_TRANSPORT_LINUX_RAW_PROBE_H
#define HT_TRANSPORT_LINUX_RAW_PROBE_H

#include <hoptop/transport.h>

#include "transport/linux/identity.h"
#include "transport/linux/stamps.h"

#define HT_RAW_SLOTS    65536
#define HT_RAW_RECENT   1024 /* newest probes, looked through where all else fails */
#define HT_RAW_SIZE_MAX 9000

/** A probe as it left. */
struct ht_raw_sent {
	uint32_t token;
	uint32_t label;
	struct ht_addr target;
	struct ht_addr source;
	struct ht_instant at;
	uint16_t local_port; /* UDP, TCP */
	uint16_t port;       /* UDP, TCP */
	uint16_t id;         /* of IPv4 */
	uint16_t checksum;   /* of ICMP, UDP, TCP */
	uint16_t size;       /* whole packet */
	uint16_t data_len;   /* TCP: bytes behind the options */
	uint16_t flow;
	uint8_t proto;
	uint8_t ttl;
	uint8_t tos;
	bool is_used;
	bool is_marked;   /* its payload has the identity */
	bool is_answered; /* at least once */
	bool is_numbered; /* UDP over IPv6: its checksum is a number */
	bool is_doubted;  /* another one of the flow waited beside it */
};

/** All probes of a run; large, so better not on the stack. */
struct ht_raw_table {
	uint8_t magic[HT_IDENTITY_MAGIC];      /**< none of them zero */
	uint16_t echo_id;                      /**< ICMP: of this run */
	uint32_t count;                        /**< probes remembered so far */
	uint16_t recent[HT_RAW_RECENT];        /**< slot of probe n at n modulo that */
	struct ht_raw_sent sent[HT_RAW_SLOTS]; /**< by the low 16 bits of the token */
};

/** IPv4 ID of a probe, 1..65535; those of 65535 slots in a row differ. */
uint16_t ht_raw_id(const struct ht_raw_table *tb, uint32_t token);

/** The newest probe with this IPv4 ID, maybe an unused one. */
struct ht_raw_sent *ht_raw_by_id(struct ht_raw_table *tb, uint16_t id);

/** TCP sequence number of a probe; those in flight are 65536 or more apart. */
uint32_t ht_raw_seq(const struct ht_raw_table *tb, uint32_t token);

/** The token of the probe that had this sequence number. */
uint32_t ht_raw_seq_token(const struct ht_raw_table *tb, uint32_t seq);

/**
 * Build a probe.
 *
 * @param local_port  UDP, TCP
 * @param buf         HT_RAW_SIZE_MAX bytes
 * @param ret_sent    what is to be remembered, but for its time
 * @return bytes of the packet, or -EPROTONOSUPPORT
 */
int ht_raw_build(const struct ht_raw_table *tb, const struct ht_probe *pr,
    const struct ht_addr *source, uint16_t local_port, uint8_t *buf,
    struct ht_raw_sent *ret_sent);

/** Remember a probe that has left. */
void ht_raw_remember(struct ht_raw_table *tb, const struct ht_raw_sent *sent);

#endif /* HT_TRANSPORT_LINUX_RAW_PROBE_H */
