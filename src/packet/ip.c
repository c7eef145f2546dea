/* SPDX-License-Identifier: ISC */
#include "packet/ip.h"

#include <errno.h>

#include "base/addr.h"
#include "packet/bytes.h"
#include "packet/csum.h"

static int
parse_ip4(const uint8_t *p, size_t len, struct ht_ip *ip)
{
	size_t header;

	if (len < 20)
		return -EINVAL;
	header = (size_t)(p[0] & 0x0f) * 4;
	if (header < 20 || header > len)
		return -EINVAL;
	*ip = (struct ht_ip){
		.tos = p[1],
		.total = ht_get16(p + 2),
		.id = ht_get16(p + 4),
		.is_fragment = (ht_get16(p + 6) & 0x1fff) != 0,
		.ttl = p[8],
		.proto = p[9],
		.src = ht_addr_ip4(p + 12),
		.dst = ht_addr_ip4(p + 16),
	};
	ip->data = p + header;
	return 0;
}

static bool
is_ip6_extension(uint8_t proto)
{
	/* hop-by-hop, routing, fragment, destination options */
	return proto == 0 || proto == 43 || proto == 44 || proto == 60;
}

/* Find what lies behind the extension headers; each is at least 8 bytes. */
static int
skip_extensions(const uint8_t *p, size_t len, struct ht_ip *ip, size_t *header)
{
	while (is_ip6_extension(ip->proto) && !ip->is_fragment) {
		const uint8_t *ext = p + *header;

		if (len - *header < 8)
			return -EINVAL;
		size_t size = ip->proto == 44 ? 8 : ((size_t)ext[1] + 1) * 8;
		if (ip->proto == 44)
			ip->is_fragment = (ht_get16(ext + 2) & 0xfff8) != 0;
		if (size > len - *header)
			return -EINVAL;
		ip->proto = ext[0];
		*header += size;
	}
	return 0;
}

static int
parse_ip6(const uint8_t *p, size_t len, struct ht_ip *ip)
{
	size_t header = 40;

	if (len < 40)
		return -EINVAL;
	*ip = (struct ht_ip){
		.tos = (uint8_t)(ht_get16(p) >> 4),
		.label = ht_get32(p) & 0xfffff,
		.total = ht_get16(p + 4) == 0 ? 0 : ht_get16(p + 4) + 40u,
		.proto = p[6],
		.ttl = p[7],
		.src = ht_addr_ip6(p + 8, 0),
		.dst = ht_addr_ip6(p + 24, 0),
	};
	if (skip_extensions(p, len, ip, &header) < 0)
		return -EINVAL;
	ip->data = p + header;
	return 0;
}

/* All but data_len, and total as it is claimed, 0 if unsaid. */
static int
parse_header(const uint8_t *p, size_t len, struct ht_ip *ip)
{
	if (len > 0 && p[0] >> 4 == 4)
		return parse_ip4(p, len, ip);
	if (len > 0 && p[0] >> 4 == 6)
		return parse_ip6(p, len, ip);
	return -EINVAL;
}

/* The payload goes no farther than both header and bytes do. */
static void
set_end(struct ht_ip *ip, const uint8_t *packet, size_t len)
{
	size_t end = ip->total < len ? ip->total : len;

	ip->data_len = end - (size_t)(ip->data - packet);
}

int
ht_ip_parse(const void *packet, size_t len, struct ht_ip *ret_ip)
{
	const uint8_t *p = packet;
	struct ht_ip ip;

	if (parse_header(p, len, &ip) < 0)
		return -EINVAL;
	if (ip.total == 0)
		ip.total = len;
	if (ip.total < (size_t)(ip.data - p))
		return -EINVAL;
	set_end(&ip, p, len);
	*ret_ip = ip;
	return 0;
}

int
ht_ip_parse_quote(const void *packet, size_t len, struct ht_ip *ret_ip)
{
	const uint8_t *p = packet;
	struct ht_ip ip;

	if (parse_header(p, len, &ip) < 0)
		return -EINVAL;
	if (ip.total < (size_t)(ip.data - p) + 8)
		ip.total = len;
	set_end(&ip, p, len);
	*ret_ip = ip;
	return 0;
}

int
ht_icmp_parse(
    enum ht_family family, const void *data, size_t len, struct ht_icmp *ret_icmp)
{
	const uint8_t *p = data;

	if (len < 8)
		return -EINVAL;

	struct ht_icmp icmp = {
		.type = p[0],
		.code = p[1],
		.checksum = ht_get16(p + 2),
		.id = ht_get16(p + 4),
		.seq = ht_get16(p + 6),
		.data = p + 8,
		.data_len = len - 8,
	};
	/* RFC 4884 section 4: in words of 4 bytes, of 8 in ICMPv6. */
	if (family == HT_FAMILY_IP6) {
		icmp.quote_len = icmp.type == 1 || icmp.type == 3 ? p[4] * 8u : 0;
		icmp.mtu = icmp.type == 2 ? ht_get32(p + 4) : 0;
	} else {
		bool has_length = icmp.type == 3 || icmp.type == 11 || icmp.type == 12;
		icmp.quote_len = has_length ? p[5] * 4u : 0;
		icmp.mtu = icmp.type == 3 && icmp.code == 4 ? ht_get16(p + 6) : 0;
	}
	*ret_icmp = icmp;
	return 0;
}

int
ht_udp_parse(const void *data, size_t len, struct ht_udp *ret_udp)
{
	const uint8_t *p = data;

	if (len < 8)
		return -EINVAL;

	size_t length = ht_get16(p + 4);
	size_t end = length >= 8 && length < len ? length : len;
	*ret_udp = (struct ht_udp){
		.sport = ht_get16(p),
		.dport = ht_get16(p + 2),
		.length = (uint16_t)length,
		.checksum = ht_get16(p + 6),
		.data = p + 8,
		.data_len = end - 8,
	};
	return 0;
}

int
ht_tcp_parse(const void *data, size_t len, struct ht_tcp *ret_tcp)
{
	const uint8_t *p = data;

	if (len < 8)
		return -EINVAL;

	size_t header = len >= 13 ? (size_t)(p[12] >> 4) * 4 : len;
	if (len >= 13 && header < 20)
		return -EINVAL;
	if (header > len)
		header = len;
	*ret_tcp = (struct ht_tcp){
		.sport = ht_get16(p),
		.dport = ht_get16(p + 2),
		.seq = ht_get32(p + 4),
		.ack = len >= 12 ? ht_get32(p + 8) : 0,
		.flags = len >= 14 ? p[13] : 0,
		.has_checksum = len >= 18,
		.checksum = len >= 18 ? ht_get16(p + 16) : 0,
		.data = p + header,
		.data_len = len - header,
	};
	return 0;
}

uint16_t
ht_checksum(const void *data, size_t len)
{
	return (uint16_t)~ht_csum_add(0, data, len);
}

uint16_t
ht_checksum_upper(const struct ht_ip *ip, unsigned proto, const void *data, size_t len)
{
	uint8_t words[8];
	uint16_t sum;

	ht_put32(words, (uint32_t)len);
	ht_put32(words + 4, proto);
	sum = ht_csum_add(0, words, sizeof(words));
	sum = ht_csum_add(sum, ip->src.bytes, ht_addr_size(&ip->src));
	sum = ht_csum_add(sum, ip->dst.bytes, ht_addr_size(&ip->dst));
	return (uint16_t)~ht_csum_add(sum, data, len);
}
