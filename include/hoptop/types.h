/* SPDX-License-Identifier: ISC */
/**
 * @file types.h
 * The few types that every layer shares: time, address, protocol, error.
 */
#ifndef HOPTOP_TYPES_H
#define HOPTOP_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A point in time or a span, in nanoseconds.
 *
 * Points are monotonic: they never jump with the wall clock, and their zero is
 * whatever the caller's clock says.  The library never reads a clock.
 */
typedef int64_t ht_time;

#define HT_TIME_NEVER INT64_MAX
#define HT_US         ((ht_time)1000)
#define HT_MS         ((ht_time)1000000)
#define HT_S          ((ht_time)1000000000)

#define HT_TTL_MAX 255

/** Largest number of a flow; see struct ht_probe. */
#define HT_FLOW_MAX 4095

/** Address family of a struct ht_addr. */
enum ht_family {
	HT_FAMILY_NONE = 0,
	HT_FAMILY_IP4 = 4,
	HT_FAMILY_IP6 = 6
};

/** An IPv4 or IPv6 address; all zero means "none". */
struct ht_addr {
	uint8_t family;    /**< enum ht_family */
	uint8_t bytes[16]; /**< network order; IPv4 uses the first 4, rest zero */
	uint32_t scope;    /**< IPv6 zone (interface index), else 0 */
};

/** Probe protocols. */
enum ht_proto {
	HT_PROTO_NONE = 0,
	HT_PROTO_ICMP,
	HT_PROTO_UDP,
	HT_PROTO_TCP,
	HT_PROTO_SCTP,
	HT_PROTO_COUNT
};

/** What went wrong, for a human; filled only on failure. */
struct ht_err {
	int code;       /**< negative errno */
	unsigned line;  /**< line of the input that was refused, 0 if none */
	char text[160]; /**< one line without a trailing newline */
};

/**
 * Give the protocol's name as used on the command line: "icmp", "udp", ...
 *
 * @return static string, "none" for unknown values
 */
const char *ht_proto_name(enum ht_proto proto);

#ifdef __cplusplus
}
#endif

#endif /* HOPTOP_TYPES_H */
