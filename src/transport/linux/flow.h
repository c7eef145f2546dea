/* SPDX-License-Identifier: ISC */
/**
 * @file flow.h
 * What routers balance by, as a function of the number of the flow.
 *
 * The same number gives the same values in every run, so that a path that was
 * seen can be looked at again: --flow 7 today is --flow 7 tomorrow.
 */
#ifndef HT_TRANSPORT_LINUX_FLOW_H
#define HT_TRANSPORT_LINUX_FLOW_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

/** Source port of flow 0: beyond those that Linux gives to others by itself. */
#define HT_FLOW_LOCAL_PORT 61000

/** The values of one flow. */
struct ht_flow {
	uint16_t local_port; /**< UDP, TCP: source port to try first */
	uint16_t port;       /**< UDP, TCP: destination port */
	uint16_t checksum;   /**< ICMP: one's complement sum to arrive at, not 0 */
	uint32_t label;      /**< IPv6: flow label, 1..0xfffff */
};

/**
 * Give the values for a probe; proto, flow, port and local_port of it are read.
 *
 * Where local_port is taken by somebody else, any other may be used instead.
 */
struct ht_flow ht_flow_of(const struct ht_probe *probe);

#endif /* HT_TRANSPORT_LINUX_FLOW_H */
