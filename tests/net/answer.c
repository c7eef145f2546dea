/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "answer.h"

#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "packet/build.h"
#include "transport/sim/quote.h"

#define PACKET_MAX 65535

/* --- in --- */

static bool
see_icmp(struct seen *seen)
{
	enum ht_family family = (enum ht_family)seen->ip.dst.family;
	struct ht_icmp icmp;

	if (ht_icmp_parse(family, seen->ip.data, seen->ip.data_len, &icmp) < 0)
		return false;
	seen->proto = HT_PROTO_ICMP;
	seen->id = icmp.id;
	seen->seq = icmp.seq;
	seen->checksum = icmp.checksum;
	seen->data = icmp.data;
	seen->data_len = icmp.data_len;
	return icmp.type == (family == HT_FAMILY_IP6 ? 128 : 8);
}

static bool
see_udp(struct seen *seen)
{
	struct ht_udp udp;

	if (ht_udp_parse(seen->ip.data, seen->ip.data_len, &udp) < 0)
		return false;
	seen->proto = HT_PROTO_UDP;
	seen->sport = udp.sport;
	seen->dport = udp.dport;
	seen->checksum = udp.checksum;
	seen->data = udp.data;
	seen->data_len = udp.data_len;
	return true;
}

/* Behind the options; nothing if the header is cut off. */
static void
see_tcp_data(struct seen *seen)
{
	size_t header = (size_t)(seen->ip.data[12] >> 4) * 4;

	if (header < 20 || header > seen->ip.data_len)
		return;
	seen->data = seen->ip.data + header;
	seen->data_len = seen->ip.data_len - header;
}

static bool
see_tcp(struct seen *seen)
{
	struct ht_tcp tcp;

	if (ht_tcp_parse(seen->ip.data, seen->ip.data_len, &tcp) < 0
	    || seen->ip.data_len < 20)
		return false;
	seen->proto = HT_PROTO_TCP;
	seen->sport = tcp.sport;
	seen->dport = tcp.dport;
	seen->tcp_seq = tcp.seq;
	seen->tcp_flags = tcp.flags;
	seen->checksum = (uint16_t)(seen->ip.data[16] << 8 | seen->ip.data[17]);
	see_tcp_data(seen);
	return (tcp.flags & (HT_TCP_SYN | HT_TCP_ACK | HT_TCP_RST)) == HT_TCP_SYN;
}

bool
answer_see(struct seen *seen, const uint8_t *packet, size_t len, ht_time now)
{
	*seen = (struct seen){ .packet = packet, .len = len, .in = now };
	if (ht_ip_parse(packet, len, &seen->ip) < 0 || seen->ip.is_fragment)
		return false;
	switch (seen->ip.proto) {
	case HT_IP_ICMP:
	case HT_IP_ICMP6:
		return see_icmp(seen);
	case HT_IP_UDP:
		return see_udp(seen);
	case HT_IP_TCP:
		return see_tcp(seen);
	default:
		return false;
	}
}

static uint32_t
hash(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ bytes[i]) * 16777619u; /* FNV-1a */
	return sum;
}

/*
 * What routers hash, as the Paris traceroute authors found it: addresses, protocol,
 * the first four bytes behind the IP header (the ports; type, code and checksum of
 * ICMP), and for IPv6 the flow label (RFC 6438).
 */
static uint32_t
flow_of(const struct seen *seen)
{
	const uint8_t label[4] = { 0, (uint8_t)(seen->ip.label >> 16),
		(uint8_t)(seen->ip.label >> 8), (uint8_t)seen->ip.label };
	uint32_t sum = 2166136261u;

	sum = hash(sum, seen->ip.src.bytes, sizeof(seen->ip.src.bytes));
	sum = hash(sum, seen->ip.dst.bytes, sizeof(seen->ip.dst.bytes));
	sum = hash(sum, &seen->ip.proto, 1);
	sum = hash(sum, seen->ip.data, seen->ip.data_len < 4 ? seen->ip.data_len : 4);
	return hash(sum, label, sizeof(label));
}

struct ht_sim_probe
answer_probe(const struct seen *seen)
{
	bool is_ip4 = seen->ip.dst.family == HT_FAMILY_IP4;

	return (struct ht_sim_probe){
		.target = seen->ip.dst,
		.proto = seen->proto,
		.ttl = seen->ip.ttl,
		.tos = seen->ip.tos,
		.flow = flow_of(seen),
		.size = (unsigned)seen->len,
		.port = seen->dport,
		.is_divisible = is_ip4 && (seen->packet[6] & 0x40) == 0,
	};
}

/* --- out --- */

static void
set16(uint8_t *p, unsigned x)
{
	p[0] = (uint8_t)(x >> 8);
	p[1] = (uint8_t)x;
}

static void
rewrite_ip4(uint8_t *p, const struct ht_sim_rewrite *rw)
{
	p[1] = rw->tos;
	p[8] = rw->ttl;
	if (rw->length >= 0)
		set16(p + 2, (unsigned)rw->length);
	if (rw->id >= 0)
		set16(p + 4, (unsigned)rw->id);
	if (rw->source.family == HT_FAMILY_IP4)
		memcpy(p + 12, rw->source.bytes, 4);
	if (rw->target.family == HT_FAMILY_IP4)
		memcpy(p + 16, rw->target.bytes, 4);
	set16(p + 10, 0);
	set16(p + 10, ht_checksum(p, (size_t)(p[0] & 0x0f) * 4));
}

static void
rewrite_ip6(uint8_t *p, const struct ht_sim_rewrite *rw)
{
	p[0] = (uint8_t)(0x60 | rw->tos >> 4);
	p[1] = (uint8_t)((rw->tos & 0x0f) << 4 | (p[1] & 0x0f));
	p[7] = rw->ttl;
	if (rw->length >= 0)
		set16(p + 4, (unsigned)rw->length);
	if (rw->source.family == HT_FAMILY_IP6)
		memcpy(p + 8, rw->source.bytes, 16);
	if (rw->target.family == HT_FAMILY_IP6)
		memcpy(p + 24, rw->target.bytes, 16);
}

static struct ht_sim_headers
headers_of(const struct seen *seen)
{
	return (struct ht_sim_headers){
		.source = seen->ip.src,
		.target = seen->ip.dst,
		.proto = seen->proto,
		.sport = seen->sport,
		.dport = seen->dport,
		.checksum = seen->checksum,
	};
}

static void
rewrite_upper(uint8_t *p, const struct seen *seen, const struct ht_sim_rewrite *rw)
{
	static const size_t checksum_at[HT_PROTO_COUNT] = {
		[HT_PROTO_ICMP] = 2, [HT_PROTO_UDP] = 6, [HT_PROTO_TCP] = 16
	};
	const struct ht_sim_headers sent = headers_of(seen);

	if (seen->proto != HT_PROTO_ICMP && rw->sport != 0)
		set16(p, rw->sport);
	if (seen->proto != HT_PROTO_ICMP && rw->dport != 0)
		set16(p + 2, rw->dport);
	set16(p + checksum_at[seen->proto], ht_sim_quoted_checksum(&sent, rw));
}

size_t
answer_quoted(const struct seen *seen, const struct ht_sim_answer *an)
{
	bool is_ip6 = seen->ip.src.family == HT_FAMILY_IP6;
	/* RFC 1812 4.3.2.3 and RFC 4443 2.4: whole error at most 576 or 1280. */
	size_t most = is_ip6 ? 1280 - 48 : 576 - 28;

	if (an->has_ext)
		most -= 200;
	if (an->quote < most)
		most = an->quote;
	return seen->len < most ? seen->len : most;
}

/* Quote the probe as it got there. */
static int
build_error(uint8_t *buf, size_t size, const struct ht_ip *ip, const struct seen *seen,
    const struct ht_sim_answer *an, bool has_lengths)
{
	static uint8_t quote[PACKET_MAX];
	const struct ht_icmp_error error = {
		.type = an->icmp_type,
		.code = an->icmp_code,
		.mtu = an->mtu,
		.quote = quote,
		.quote_len = answer_quoted(seen, an),
		.ext = an->has_ext ? &an->ext : NULL,
		.has_length = has_lengths && !an->has_no_length,
	};

	memcpy(quote, seen->packet, seen->len);
	rewrite_upper(quote + (seen->ip.data - seen->packet), seen, &an->rewrite);
	if (ip->src.family == HT_FAMILY_IP6)
		rewrite_ip6(quote, &an->rewrite);
	else
		rewrite_ip4(quote, &an->rewrite);
	return ht_build_icmp_error(buf, size, ip, &error);
}

static int
build_tcp(uint8_t *buf, size_t size, const struct ht_ip *ip, const struct seen *seen,
    bool is_open)
{
	const struct ht_tcp tcp = {
		.sport = seen->dport,
		.dport = seen->sport,
		.seq = is_open ? 1000 : 0,
		.ack = seen->tcp_seq + 1,
		.flags = (is_open ? HT_TCP_SYN : HT_TCP_RST) | HT_TCP_ACK,
	};

	return ht_build_tcp(buf, size, ip, &tcp);
}

static int
build_udp(uint8_t *buf, size_t size, const struct ht_ip *ip, const struct seen *seen)
{
	const struct ht_udp udp = {
		.sport = seen->dport,
		.dport = seen->sport,
		.data = seen->data,
		.data_len = seen->data_len,
	};

	return ht_build_udp(buf, size, ip, &udp);
}

static int
build_echo(uint8_t *buf, size_t size, const struct ht_ip *ip, const struct seen *seen)
{
	const struct ht_icmp_echo echo = {
		.is_reply = true,
		.id = seen->id,
		.seq = seen->seq,
		.data = seen->data,
		.data_len = seen->data_len,
	};

	return ht_build_icmp_echo(buf, size, ip, &echo);
}

int
answer_build(uint8_t *buf, size_t size, const struct seen *seen,
    const struct ht_sim_answer *an, bool has_lengths)
{
	const struct ht_ip ip = {
		.tos = an->reply_tos,
		.ttl = an->reply_ttl,
		.src = an->from,
		.dst = seen->ip.src,
	};

	switch ((enum ht_reply_kind)an->kind) {
	case HT_REPLY_TIME_EXCEEDED:
	case HT_REPLY_UNREACHABLE:
	case HT_REPLY_PORT_CLOSED:
		return build_error(buf, size, &ip, seen, an, has_lengths);
	case HT_REPLY_ECHO:
		return build_echo(buf, size, &ip, seen);
	case HT_REPLY_UDP_DATA:
		return build_udp(buf, size, &ip, seen);
	case HT_REPLY_TCP_OPEN:
		return build_tcp(buf, size, &ip, seen, true);
	case HT_REPLY_TCP_CLOSED:
		return build_tcp(buf, size, &ip, seen, false);
	case HT_REPLY_NONE:
	case HT_REPLY_LOCAL_ERROR:
	case HT_REPLY_COUNT:
		break;
	}
	return -EINVAL;
}
