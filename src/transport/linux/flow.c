/* SPDX-License-Identifier: ISC */
#include "transport/linux/flow.h"

/* Odd, so that all labels of up to 2^20 flows differ; spreads their bits. */
#define LABEL_STEP 0x9e377

static uint16_t
default_port(unsigned proto)
{
	return proto == HT_PROTO_TCP ? HT_PORT_TCP : HT_PORT_UDP;
}

struct ht_flow
ht_flow_of(const struct ht_probe *probe)
{
	unsigned base = probe->local_port != 0 ? probe->local_port : HT_FLOW_LOCAL_PORT;
	unsigned local = base + probe->flow;
	uint32_t label = LABEL_STEP * (probe->flow + 1u) & 0xfffff;

	return (struct ht_flow){
		/* Beyond the last port it goes on behind the privileged ones. */
		.local_port = (uint16_t)(local <= 65535 ? local : local - 65536 + 1024),
		.port = probe->port != 0 ? probe->port : default_port(probe->proto),
		/* A sum of 0 has two spellings, and routers may take it for "none". */
		.checksum = (uint16_t)(probe->flow + 1),
		.label = label,
	};
}
