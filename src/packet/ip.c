/* SPDX-License-Identifier: ISC */
#include "packet/ip.h"

#include <errno.h>

#include "base/addr.h"

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

/* Say where the payload is: no farther than both header and bytes go. */
static void
set_payload(struct ht_ip *ip, const uint8_t *packet, size_t len, size_t header)
{
	size_t end = ip->total < len ? ip->total : len;

	ip->data = packet + header;
	ip->data_len = end > header ? end - header : 0;
}

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
		.total = get16(p + 2),
		.id = get16(p + 4),
		.is_fragment = (get16(p + 6) & 0x1fff) != 0,
		.ttl = p[8],
		.proto = p[9],
		.src = ht_addr_ip4(p + 12),
		.dst = ht_addr_ip4(p + 16),
	};
	if (ip->total == 0)
		ip->total = len;
	if (ip->total < header)
		return -EINVAL;
	set_payload(ip, p, len, header);
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
			ip->is_fragment = (get16(ext + 2) & 0xfff8) != 0;
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
		.tos = (uint8_t)(get16(p) >> 4),
		.label = get32(p) & 0xfffff,
		.total = (size_t)get16(p + 4) + 40,
		.proto = p[6],
		.ttl = p[7],
		.src = ht_addr_ip6(p + 8, 0),
		.dst = ht_addr_ip6(p + 24, 0),
	};
	if (skip_extensions(p, len, ip, &header) < 0)
		return -EINVAL;
	set_payload(ip, p, len, header);
	return 0;
}

int
ht_ip_parse(const void *packet, size_t len, struct ht_ip *ret_ip)
{
	const uint8_t *p = packet;
	struct ht_ip ip;
	int r = -EINVAL;

	if (len > 0 && p[0] >> 4 == 4)
		r = parse_ip4(p, len, &ip);
	else if (len > 0 && p[0] >> 4 == 6)
		r = parse_ip6(p, len, &ip);
	if (r == 0)
		*ret_ip = ip;
	return r;
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
		.checksum = get16(p + 2),
		.id = get16(p + 4),
		.seq = get16(p + 6),
		.data = p + 8,
		.data_len = len - 8,
	};
	/* RFC 4884 section 4: in words of 4 bytes, of 8 in ICMPv6. */
	if (family == HT_FAMILY_IP6) {
		icmp.quote_len = icmp.type == 1 || icmp.type == 3 ? p[4] * 8u : 0;
		icmp.mtu = icmp.type == 2 ? get32(p + 4) : 0;
	} else {
		bool has_length = icmp.type == 3 || icmp.type == 11 || icmp.type == 12;
		icmp.quote_len = has_length ? p[5] * 4u : 0;
		icmp.mtu = icmp.type == 3 && icmp.code == 4 ? get16(p + 6) : 0;
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
	*ret_udp = (struct ht_udp){
		.sport = get16(p),
		.dport = get16(p + 2),
		.length = get16(p + 4),
		.checksum = get16(p + 6),
		.data = p + 8,
		.data_len = len - 8,
	};
	return 0;
}

int
ht_tcp_parse(const void *data, size_t len, struct ht_tcp *ret_tcp)
{
	const uint8_t *p = data;

	if (len < 8)
		return -EINVAL;
	*ret_tcp = (struct ht_tcp){
		.sport = get16(p),
		.dport = get16(p + 2),
		.seq = get32(p + 4),
		.ack = len >= 12 ? get32(p + 8) : 0,
		.flags = len >= 14 ? p[13] : 0,
	};
	return 0;
}

/* Add up 16-bit words; an odd last byte is the high half of one. */
static uint64_t
add_words(uint64_t sum, const uint8_t *p, size_t len)
{
	for (; len >= 2; p += 2, len -= 2)
		sum += get16(p);
	return len > 0 ? sum + (uint64_t)(p[0] << 8) : sum;
}

static uint16_t
fold(uint64_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t
ht_checksum(const void *data, size_t len)
{
	return fold(add_words(0, data, len));
}

uint16_t
ht_checksum_upper(const struct ht_ip *ip, unsigned proto, const void *data, size_t len)
{
	uint64_t sum = proto + (len >> 16) + (len & 0xffff);

	sum = add_words(sum, ip->src.bytes, ht_addr_size(&ip->src));
	sum = add_words(sum, ip->dst.bytes, ht_addr_size(&ip->dst));
	return fold(add_words(sum, data, len));
}
