/* SPDX-License-Identifier: ISC */
#include "packet/error.h"

#include <errno.h>

#include "packet/ext.h"

/* ICMP types, of IPv4 and of IPv6. */
enum {
	UNREACHABLE4 = 3,
	ECHO4 = 8,
	EXCEEDED4 = 11,
	PARAMETER4 = 12,
	UNREACHABLE6 = 1,
	TOO_BIG6 = 2,
	EXCEEDED6 = 3,
	PARAMETER6 = 4,
	ECHO6 = 128
};

/* Outer headers *************************************************************/

/* A raw IPv4 socket gets packets before the kernel looks at ICMP's checksum. */
static int
open_ip4(const void *data, size_t len, struct ht_ip *ip)
{
	int r = ht_ip_parse(data, len, ip);

	if (r < 0)
		return r;
	if (ip->src.family != HT_FAMILY_IP4 || ip->proto != HT_IP_ICMP
	    || ip->is_fragment || ip->total > len
	    || ht_checksum(ip->data, ip->data_len) != 0)
		return -EINVAL;
	return 0;
}

int
ht_icmp_packet_parse(enum ht_family family, const void *data, size_t len,
    struct ht_ip *ret_ip, struct ht_icmp *ret_icmp)
{
	struct ht_ip ip = { 0 };
	int r;

	if (family == HT_FAMILY_IP6) {
		r = ht_icmp_parse(family, data, len, ret_icmp);
	} else {
		r = open_ip4(data, len, &ip);
		if (r == 0)
			r = ht_icmp_parse(family, ip.data, ip.data_len, ret_icmp);
	}
	if (r == 0)
		*ret_ip = ip;
	return r;
}

/* What is quoted ************************************************************/

static void
read_udp(struct ht_original *o)
{
	struct ht_udp udp;

	if (ht_udp_parse(o->ip.data, o->ip.data_len, &udp) < 0)
		return;
	o->proto = HT_PROTO_UDP;
	o->sport = udp.sport;
	o->dport = udp.dport;
	o->payload = udp.data;
	o->payload_len = udp.data_len;
	o->quote.checksum = udp.checksum;
	o->quote.seen |= HT_QUOTE_PORT | HT_QUOTE_CHECKSUM;
}

/* Where a quote is cut within the header, zeros may fill it up: then 8 bytes are all
 * that is sure, and no checksum is. */
static void
read_tcp(struct ht_original *o)
{
	struct ht_tcp tcp;

	if (ht_tcp_parse(o->ip.data, o->ip.data_len, &tcp) < 0
	    && (o->ip.data_len < 8 || ht_tcp_parse(o->ip.data, 8, &tcp) < 0))
		return;
	o->proto = HT_PROTO_TCP;
	o->sport = tcp.sport;
	o->dport = tcp.dport;
	o->tcp_seq = tcp.seq;
	o->payload = tcp.data;
	o->payload_len = tcp.data_len;
	o->quote.checksum = tcp.checksum;
	o->quote.seen |= HT_QUOTE_PORT;
	if (tcp.checksum != 0)
		o->quote.seen |= HT_QUOTE_CHECKSUM;
}

/* Only requests are probes: a quoted reply is one that this host gave. */
static void
read_echo(struct ht_original *o, enum ht_family family)
{
	struct ht_icmp icmp;

	if (ht_icmp_parse(family, o->ip.data, o->ip.data_len, &icmp) < 0
	    || icmp.type != (family == HT_FAMILY_IP6 ? ECHO6 : ECHO4) || icmp.code != 0)
		return;
	o->proto = HT_PROTO_ICMP;
	o->id = icmp.id;
	o->seq = icmp.seq;
	o->payload = icmp.data;
	o->payload_len = icmp.data_len;
	o->quote.checksum = icmp.checksum;
	o->quote.seen |= HT_QUOTE_CHECKSUM;
}

static void
read_upper(struct ht_original *o, enum ht_family family)
{
	if (o->ip.is_fragment)
		return;
	if (o->ip.proto == HT_IP_UDP)
		read_udp(o);
	else if (o->ip.proto == HT_IP_TCP)
		read_tcp(o);
	else if (o->ip.proto == (family == HT_FAMILY_IP6 ? HT_IP_ICMP6 : HT_IP_ICMP))
		read_echo(o, family);
}

int
ht_original_parse(const void *data, size_t len, struct ht_original *ret_original)
{
	struct ht_original o = { 0 };

	if (ht_ip_parse_quote(data, len, &o.ip) < 0)
		return -EINVAL;

	enum ht_family family = (enum ht_family)o.ip.src.family;
	o.quote = (struct ht_quote){
		.seen = HT_QUOTE_TOS | HT_QUOTE_TTL | HT_QUOTE_ADDRESS,
		.tos = o.ip.tos,
		.ttl = o.ip.ttl,
		.id = o.ip.id,
		.label = o.ip.label,
	};
	o.quote.seen |= family == HT_FAMILY_IP6 ? HT_QUOTE_LABEL : HT_QUOTE_ID;
	read_upper(&o, family);
	*ret_original = o;
	return 0;
}

/* The error *****************************************************************/

bool
ht_icmp_is_error(enum ht_family family, unsigned type)
{
	if (family == HT_FAMILY_IP6)
		return type == UNREACHABLE6 || type == TOO_BIG6 || type == EXCEEDED6
		       || type == PARAMETER6;
	return type == UNREACHABLE4 || type == EXCEEDED4 || type == PARAMETER4;
}

/* Bytes in front of the extensions, all if there are none; RFC 4884 has 128 at
 * least, and a smaller number is some router's noise in an unused field. */
static size_t
split(const struct ht_icmp *icmp, struct ht_icmp_seen *seen)
{
	size_t stated = icmp->quote_len >= HT_EXT_LEGACY_OFFSET ? icmp->quote_len : 0;

	if (stated >= icmp->data_len && stated > 0)
		return icmp->data_len;
	seen->has_ext = ht_ext_find(icmp->data, icmp->data_len, 0, stated, &seen->ext);
	if (stated > 0)
		return stated;
	return seen->has_ext ? HT_EXT_LEGACY_OFFSET : icmp->data_len;
}

int
ht_icmp_error_parse(
    enum ht_family family, const void *data, size_t len, struct ht_icmp_seen *ret_seen)
{
	struct ht_icmp_seen seen = { 0 };
	struct ht_icmp icmp;
	int r = ht_icmp_packet_parse(family, data, len, &seen.ip, &icmp);

	if (r < 0)
		return r;
	if (!ht_icmp_is_error(family, icmp.type))
		return -ENOMSG;
	seen.type = icmp.type;
	seen.code = icmp.code;
	seen.mtu = icmp.mtu;
	r = ht_original_parse(icmp.data, split(&icmp, &seen), &seen.original);
	if (r < 0 || seen.original.ip.src.family != family)
		return -EINVAL;
	*ret_seen = seen;
	return 0;
}
