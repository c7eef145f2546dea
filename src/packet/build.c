/* SPDX-License-Identifier: ISC */
#include "packet/build.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/addr.h"
#include "packet/bytes.h"
#include "packet/ext.h"

/* RFC 9293: an option of one byte. */
#define TCP_NO_OPERATION 1

/* Writes from front to back; room is looked at once, by taken(). */
struct writer {
	uint8_t *buf;
	size_t size;
	size_t len; /* asked for; what is beyond size is not written */
};

static void
put(struct writer *w, const void *data, size_t len)
{
	if (len > 0 && w->len <= w->size && len <= w->size - w->len)
		memcpy(w->buf + w->len, data, len);
	w->len += len;
}

static void
put8(struct writer *w, unsigned x)
{
	uint8_t byte = (uint8_t)x;

	put(w, &byte, 1);
}

static void
put16(struct writer *w, unsigned x)
{
	put8(w, x >> 8);
	put8(w, x & 0xff);
}

static void
put32(struct writer *w, uint32_t x)
{
	put16(w, x >> 16);
	put16(w, x & 0xffff);
}

static void
pad(struct writer *w, size_t until)
{
	while (w->len < until)
		put8(w, 0);
}

/* The length of what was written, or -EMSGSIZE. */
static int
taken(const struct writer *w)
{
	return w->len <= w->size && w->len <= UINT16_MAX ? (int)w->len : -EMSGSIZE;
}

static size_t
header_size(const struct ht_ip *ip)
{
	return ip->src.family == HT_FAMILY_IP6 ? 40 : 20;
}

/* The IP header; its length and checksum come last, in finish(). */
static void
put_ip(struct writer *w, const struct ht_ip *ip, unsigned proto)
{
	assert(ip->src.family == ip->dst.family);
	if (ip->src.family == HT_FAMILY_IP6) {
		put32(w, 6u << 28 | (uint32_t)ip->tos << 20 | (ip->label & 0xfffff));
		put16(w, 0);
		put8(w, proto);
		put8(w, ip->ttl);
	} else {
		put8(w, 0x45);
		put8(w, ip->tos);
		put16(w, 0);
		put16(w, ip->id);
		put16(w, 0);
		put8(w, ip->ttl);
		put8(w, proto);
		put16(w, 0);
	}
	put(w, ip->src.bytes, ht_addr_size(&ip->src));
	put(w, ip->dst.bytes, ht_addr_size(&ip->dst));
}

/* Fill in lengths and checksums; checksum_at is that of the upper layer. */
static int
finish(struct writer *w, const struct ht_ip *ip, unsigned proto, size_t checksum_at)
{
	size_t header = header_size(ip);
	const uint8_t *upper = w->buf + header;
	unsigned sum;

	if (taken(w) < 0)
		return -EMSGSIZE;
	if (header == 40) {
		ht_put16(w->buf + 4, (unsigned)(w->len - 40));
	} else {
		ht_put16(w->buf + 2, (unsigned)w->len);
		ht_put16(w->buf + 10, ht_checksum(w->buf, 20));
	}
	sum = proto == HT_IP_ICMP
		  ? ht_checksum(upper, w->len - header)
		  : ht_checksum_upper(ip, proto, upper, w->len - header);
	/* In UDP zero means "no checksum". */
	if (sum == 0 && proto == HT_IP_UDP)
		sum = 0xffff;
	ht_put16(w->buf + header + checksum_at, sum);
	return taken(w);
}

static unsigned
icmp_proto(const struct ht_ip *ip)
{
	return ip->src.family == HT_FAMILY_IP6 ? HT_IP_ICMP6 : HT_IP_ICMP;
}

/* Bytes that the quote takes in front of extensions. */
static size_t
padded_quote(const struct ht_ip *ip, size_t quote_len)
{
	size_t word = ip->src.family == HT_FAMILY_IP6 ? 8 : 4;

	if (quote_len < HT_EXT_LEGACY_OFFSET)
		return HT_EXT_LEGACY_OFFSET;
	return (quote_len + word - 1) / word * word;
}

/* The four bytes behind the checksum: length of the quote, MTU. */
static int
put_rest(struct writer *w, const struct ht_ip *ip, const struct ht_icmp_error *error,
    size_t quote_len)
{
	bool is_ip6 = ip->src.family == HT_FAMILY_IP6;
	size_t words = quote_len / (is_ip6 ? 8 : 4);

	if (error->ext == NULL || !error->has_length)
		words = 0;
	if (words > 255)
		return -EMSGSIZE;
	if (is_ip6 && error->mtu > 0) {
		put32(w, error->mtu); /* no room for a length: RFC 4884 section 4 */
	} else if (is_ip6) {
		put8(w, (unsigned)words);
		put8(w, 0);
		put16(w, 0);
	} else {
		put8(w, 0);
		put8(w, (unsigned)words);
		put16(w, error->mtu);
	}
	return 0;
}

int
ht_build_icmp_error(uint8_t *buf, size_t size, const struct ht_ip *ip,
    const struct ht_icmp_error *error)
{
	struct writer w = { .buf = buf, .size = size };
	size_t quote_len = error->quote_len, start;
	int r;

	if (error->ext != NULL)
		quote_len = padded_quote(ip, quote_len);
	put_ip(&w, ip, icmp_proto(ip));
	put8(&w, error->type);
	put8(&w, error->code);
	put16(&w, 0);
	r = put_rest(&w, ip, error, quote_len);
	if (r < 0)
		return r;
	start = w.len;
	put(&w, error->quote, error->quote_len);
	pad(&w, start + quote_len);
	if (error->ext != NULL && taken(&w) >= 0) {
		r = ht_build_extensions(buf + w.len, size - w.len, error->ext);
		if (r < 0)
			return r;
		w.len += (size_t)r;
	}
	return finish(&w, ip, icmp_proto(ip), 2);
}

int
ht_build_icmp_echo(
    uint8_t *buf, size_t size, const struct ht_ip *ip, const struct ht_icmp_echo *echo)
{
	struct writer w = { .buf = buf, .size = size };
	bool is_ip6 = ip->src.family == HT_FAMILY_IP6;
	unsigned request = is_ip6 ? 128 : 8, reply = is_ip6 ? 129 : 0;

	put_ip(&w, ip, icmp_proto(ip));
	put8(&w, echo->is_reply ? reply : request);
	put8(&w, 0);
	put16(&w, 0);
	put16(&w, echo->id);
	put16(&w, echo->seq);
	put(&w, echo->data, echo->data_len);
	return finish(&w, ip, icmp_proto(ip), 2);
}

int
ht_build_udp(
    uint8_t *buf, size_t size, const struct ht_ip *ip, const struct ht_udp *udp)
{
	struct writer w = { .buf = buf, .size = size };

	if (udp->data_len > UINT16_MAX - 8)
		return -EMSGSIZE;
	put_ip(&w, ip, HT_IP_UDP);
	put16(&w, udp->sport);
	put16(&w, udp->dport);
	put16(&w, (unsigned)udp->data_len + 8);
	put16(&w, 0);
	put(&w, udp->data, udp->data_len);
	return finish(&w, ip, HT_IP_UDP, 6);
}

int
ht_build_tcp(
    uint8_t *buf, size_t size, const struct ht_ip *ip, const struct ht_tcp *tcp)
{
	struct writer w = { .buf = buf, .size = size };

	assert(tcp->options_len % 4 == 0 && tcp->options_len <= 40);
	put_ip(&w, ip, HT_IP_TCP);
	put16(&w, tcp->sport);
	put16(&w, tcp->dport);
	put32(&w, tcp->seq);
	put32(&w, tcp->ack);
	put8(&w, (unsigned)(5 + tcp->options_len / 4) << 4);
	put8(&w, tcp->flags);
	put16(&w, 65535); /* window */
	put32(&w, 0);     /* checksum, urgent pointer */
	for (size_t i = 0; i < tcp->options_len; i++)
		put8(&w, TCP_NO_OPERATION);
	put(&w, tcp->data, tcp->data_len);
	return finish(&w, ip, HT_IP_TCP, 16);
}

/* Class 1, type 1: the incoming label stack. */
static void
put_mpls(struct writer *w, const struct ht_extensions *ext)
{
	put16(w, 4 + 4u * ext->n_mpls);
	put8(w, 1);
	put8(w, 1);
	for (unsigned i = 0; i < ext->n_mpls; i++) {
		const struct ht_mpls *m = &ext->mpls[i];
		put32(w, (m->label & 0xfffff) << 12 | (m->tc & 7u) << 9
			     | (m->bottom & 1u) << 8 | m->ttl);
	}
}

/* A name with its length in front, to a multiple of four bytes. */
static void
put_name(struct writer *w, const char *name)
{
	size_t len = strlen(name), size = (len + 1 + 3) / 4 * 4;
	size_t end = w->len + size;

	put8(w, (unsigned)size);
	put(w, name, len);
	pad(w, end);
}

/* Class 2; the type tells role (0: incoming) and what is there, in that order. */
static void
put_interface(struct writer *w, const struct ht_extensions *ext)
{
	bool has_addr = ext->if_addr.family != HT_FAMILY_NONE;
	bool has_name = ext->if_name[0] != '\0';
	size_t start = w->len;

	put16(w, 0);
	put8(w, 2);
	put8(w, (ext->if_index > 0 ? 8u : 0) | (has_addr ? 4u : 0) | (has_name ? 2u : 0)
		    | (ext->if_mtu > 0 ? 1u : 0));
	if (ext->if_index > 0)
		put32(w, ext->if_index);
	if (has_addr) {
		put16(w, ext->if_addr.family == HT_FAMILY_IP6 ? 2 : 1);
		put16(w, 0);
		put(w, ext->if_addr.bytes, ht_addr_size(&ext->if_addr));
	}
	if (has_name)
		put_name(w, ext->if_name);
	if (ext->if_mtu > 0)
		put32(w, ext->if_mtu);
	if (taken(w) >= 0)
		ht_put16(w->buf + start, (unsigned)(w->len - start));
}

int
ht_build_extensions(uint8_t *buf, size_t size, const struct ht_extensions *ext)
{
	struct writer w = { .buf = buf, .size = size };

	put32(&w, 2u << 28); /* version 2, checksum to come */
	if (ext->n_mpls > 0)
		put_mpls(&w, ext);
	if (ext->if_index > 0 || ext->if_mtu > 0 || ext->if_name[0] != '\0'
	    || ext->if_addr.family != HT_FAMILY_NONE)
		put_interface(&w, ext);
	if (taken(&w) < 0)
		return -EMSGSIZE;
	/* Zero means "no checksum" here, too. */
	unsigned sum = ht_checksum(buf, w.len);
	ht_put16(buf + 2, sum != 0 ? sum : 0xffff);
	return taken(&w);
}
