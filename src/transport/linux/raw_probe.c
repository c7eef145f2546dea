/* SPDX-License-Identifier: ISC */
#include "transport/linux/raw_probe.h"

#include <errno.h>
#include <string.h>

#include "packet/build.h"
#include "packet/bytes.h"
#include "packet/csum.h"
#include "transport/linux/flow.h"

#define IDS         65535u
#define TCP_OPTIONS 40 /* bytes at most */

static size_t
ip_header(const struct ht_probe *pr)
{
	return pr->target.family == HT_FAMILY_IP6 ? 40 : 20;
}

static size_t
upper_header(const struct ht_probe *pr)
{
	return pr->proto == HT_PROTO_TCP ? 20 : 8;
}

/* Where the IDs of this run begin: those of two runs side by side differ. */
static uint32_t
first_id(const struct ht_raw_table *tb)
{
	return ht_get16(tb->magic) % IDS;
}

uint16_t
ht_raw_id(const struct ht_raw_table *tb, uint32_t token)
{
	return (uint16_t)(((token & 0xffff) + first_id(tb)) % IDS + 1);
}

struct ht_raw_sent *
ht_raw_by_id(struct ht_raw_table *tb, uint16_t id)
{
	uint32_t slot = (id + 2 * IDS - 1 - first_id(tb)) % IDS;
	struct ht_raw_sent *first = &tb->sent[0], *last = &tb->sent[IDS];

	/* There is one ID less than slots, so two of them share one. */
	if (slot == 0 && last->is_used
	    && (!first->is_used || last->at.user > first->at.user))
		return last;
	return &tb->sent[slot];
}

/* A reset acknowledges the data of its SYN, too: the slot stands in the upper half, so
 * that no two probes are closer to each other than any packet is long. */
static uint32_t
swap_halves(uint32_t x)
{
	return x >> 16 | x << 16;
}

uint32_t
ht_raw_seq(const struct ht_raw_table *tb, uint32_t token)
{
	return swap_halves(token) ^ ht_get32(tb->magic);
}

uint32_t
ht_raw_seq_token(const struct ht_raw_table *tb, uint32_t seq)
{
	return swap_halves(seq ^ ht_get32(tb->magic));
}

void
ht_raw_remember(struct ht_raw_table *tb, const struct ht_raw_sent *sent)
{
	uint16_t slot = (uint16_t)sent->token;

	tb->sent[slot] = *sent;
	tb->sent[slot].is_used = true;
	tb->recent[tb->count++ % HT_RAW_RECENT] = slot;
}

/* Of IPv6 the header of UDP has nothing else to tell probes apart where the router
 * quotes no more than that; nobody balances by its checksum. */
static bool
is_numbered(const struct ht_probe *pr)
{
	return pr->proto == HT_PROTO_UDP && pr->target.family == HT_FAMILY_IP6;
}

/* What the words of a packet add up to; never 0, which has two spellings. */
static uint16_t
wanted_sum(const struct ht_probe *pr)
{
	if (!is_numbered(pr))
		return ht_flow_of(pr).checksum;
	return (uint16_t)((uint16_t)pr->token % 65534 + 1);
}

/* Fill the payload; varying are the words of the header that differ within a flow,
 * the length (which is in every header but that of ICMP for IPv4) among them. */
static void
fill(const struct ht_raw_table *tb, const struct ht_probe *pr, const uint16_t *varying,
    size_t n, uint8_t *payload, size_t len, struct ht_raw_sent *sent)
{
	uint16_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t word[2];
		ht_put16(word, varying[i]);
		sum = ht_csum_add(sum, word, sizeof(word));
	}
	sent->is_marked = ht_identity_put(
	    payload, len, tb->magic, pr->token, pr->pattern, sum, wanted_sum(pr));
	sent->is_numbered = is_numbered(pr) && len >= 2;
}

static int
build_icmp(const struct ht_raw_table *tb, const struct ht_probe *pr,
    const struct ht_ip *ip, size_t len, uint8_t *buf, struct ht_raw_sent *sent)
{
	uint8_t payload[HT_RAW_SIZE_MAX];
	uint16_t slot = (uint16_t)pr->token;
	bool is_ip6 = pr->target.family == HT_FAMILY_IP6;
	/* With the type, so that a flow is the same as that of unprivileged probes. */
	uint16_t words[] = { is_ip6 ? 0x8000 : 0x0800, tb->echo_id, slot,
		is_ip6 ? (uint16_t)len : 0 };
	struct ht_icmp_echo echo = {
		.id = tb->echo_id, .seq = slot, .data = payload, .data_len = len
	};

	fill(tb, pr, words, sizeof(words) / sizeof(words[0]), payload, len, sent);
	return ht_build_icmp_echo(buf, HT_RAW_SIZE_MAX, ip, &echo);
}

static int
build_udp(const struct ht_raw_table *tb, const struct ht_probe *pr,
    const struct ht_ip *ip, size_t len, uint8_t *buf, struct ht_raw_sent *sent)
{
	uint8_t payload[HT_RAW_SIZE_MAX];
	uint16_t words[] = { (uint16_t)len, (uint16_t)len };
	struct ht_udp udp = {
		.sport = sent->local_port,
		.dport = sent->port,
		.data = payload,
		.data_len = len,
	};

	fill(tb, pr, words, sizeof(words) / sizeof(words[0]), payload, len, sent);
	return ht_build_udp(buf, HT_RAW_SIZE_MAX, ip, &udp);
}

/* Firewalls do not like data in a SYN: as far as it goes, options fill it up. */
static int
build_tcp(const struct ht_raw_table *tb, const struct ht_probe *pr,
    const struct ht_ip *ip, size_t len, uint8_t *buf, struct ht_raw_sent *sent)
{
	uint8_t payload[HT_RAW_SIZE_MAX];
	size_t options = len < TCP_OPTIONS ? len - len % 4 : TCP_OPTIONS;
	struct ht_tcp tcp = {
		.sport = sent->local_port,
		.dport = sent->port,
		.seq = ht_raw_seq(tb, pr->token),
		.flags = HT_TCP_SYN,
		.options_len = options,
		.data = payload,
		.data_len = len - options,
	};

	memset(payload, pr->pattern, tcp.data_len);
	sent->data_len = (uint16_t)tcp.data_len;
	return ht_build_tcp(buf, HT_RAW_SIZE_MAX, ip, &tcp);
}

static size_t
checksum_at(const struct ht_probe *pr)
{
	static const uint8_t behind[HT_PROTO_COUNT] = {
		[HT_PROTO_ICMP] = 2, [HT_PROTO_UDP] = 6, [HT_PROTO_TCP] = 16
	};

	return ip_header(pr) + behind[pr->proto];
}

static size_t
payload_len(const struct ht_probe *pr)
{
	size_t headers = ip_header(pr) + upper_header(pr);
	size_t size = pr->size < HT_RAW_SIZE_MAX ? pr->size : HT_RAW_SIZE_MAX;

	return size > headers ? size - headers : 0;
}

static int
build_upper(const struct ht_raw_table *tb, const struct ht_probe *pr,
    const struct ht_ip *ip, uint8_t *buf, struct ht_raw_sent *sent)
{
	size_t len = payload_len(pr);

	switch (pr->proto) {
	case HT_PROTO_ICMP:
		return build_icmp(tb, pr, ip, len, buf, sent);
	case HT_PROTO_UDP:
		return build_udp(tb, pr, ip, len, buf, sent);
	case HT_PROTO_TCP:
		return build_tcp(tb, pr, ip, len, buf, sent);
	default:
		return -EPROTONOSUPPORT;
	}
}

int
ht_raw_build(const struct ht_raw_table *tb, const struct ht_probe *pr,
    const struct ht_addr *source, uint16_t local_port, uint8_t *buf,
    struct ht_raw_sent *ret_sent)
{
	struct ht_flow flow = ht_flow_of(pr);
	bool is_ip6 = pr->target.family == HT_FAMILY_IP6;
	bool has_ports = pr->proto != HT_PROTO_ICMP;
	struct ht_raw_sent sent = {
		.token = pr->token,
		.target = pr->target,
		.source = *source,
		.flow = pr->flow,
		.proto = pr->proto,
		.ttl = pr->ttl,
		.tos = pr->tos,
		.label = is_ip6 ? flow.label : 0,
		.id = is_ip6 ? 0 : ht_raw_id(tb, pr->token),
		.local_port = has_ports ? local_port : 0,
		.port = has_ports ? flow.port : 0,
	};
	struct ht_ip ip = {
		.tos = pr->tos,
		.ttl = pr->ttl,
		.id = sent.id,
		.label = sent.label,
		.src = *source,
		.dst = pr->target,
	};
	int r = build_upper(tb, pr, &ip, buf, &sent);

	if (r < 0)
		return r;
	sent.checksum = ht_get16(buf + checksum_at(pr));
	sent.size = (uint16_t)r;
	*ret_sent = sent;
	return r;
}
