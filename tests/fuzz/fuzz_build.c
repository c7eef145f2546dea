/* SPDX-License-Identifier: ISC */
/* What is built reads the same again, and fits into no less than its length. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "packet/build.h"
#include "packet/error.h"

#include "fuzz.h"

#define PACKET_MAX 2048

/* A packet, what it was built from, and the call that builds it. */
struct packet {
	struct ht_ip ip;
	struct ht_udp udp;
	struct ht_tcp tcp;
	struct ht_icmp_echo echo;
	struct ht_icmp_error error;
	struct ht_extensions ext;
	unsigned proto;
	uint8_t *bytes; /* exactly len */
	int len;
};

static int
build_udp(const struct packet *pk, uint8_t *buf, size_t size)
{
	return ht_build_udp(buf, size, &pk->ip, &pk->udp);
}

static int
build_tcp(const struct packet *pk, uint8_t *buf, size_t size)
{
	return ht_build_tcp(buf, size, &pk->ip, &pk->tcp);
}

static int
build_echo(const struct packet *pk, uint8_t *buf, size_t size)
{
	return ht_build_icmp_echo(buf, size, &pk->ip, &pk->echo);
}

static int
build_error(const struct packet *pk, uint8_t *buf, size_t size)
{
	return ht_build_icmp_error(buf, size, &pk->ip, &pk->error);
}

typedef int build_fn(const struct packet *pk, uint8_t *buf, size_t size);

/* Build into memory of just that length; one byte less is refused. */
static void
build(struct packet *pk, build_fn *fn)
{
	static uint8_t room[PACKET_MAX];
	static const uint8_t zeros[PACKET_MAX];

	pk->len = fn(pk, room, sizeof(room));
	assert(pk->len > 0);
	pk->bytes = fuzz_copy(zeros, (size_t)pk->len);
	assert(fn(pk, pk->bytes, (size_t)pk->len) == pk->len);
	assert(memcmp(room, pk->bytes, (size_t)pk->len) == 0);
	uint8_t *less = fuzz_copy(zeros, (size_t)pk->len - 1);
	assert(fn(pk, less, (size_t)pk->len - 1) == -EMSGSIZE);
	fuzz_free(less);
}

static bool
is_ip6(const struct packet *pk)
{
	return pk->ip.src.family == HT_FAMILY_IP6;
}

/* The outer header reads as it was asked for; all sums are right. */
static struct ht_ip
check_ip(const struct packet *pk)
{
	struct ht_ip want = pk->ip, got;

	assert(ht_ip_parse(pk->bytes, (size_t)pk->len, &got) == 0);
	want.proto = (uint8_t)pk->proto;
	want.total = (size_t)pk->len;
	want.data_len = (size_t)pk->len - (is_ip6(pk) ? 40 : 20);
	if (is_ip6(pk))
		want.id = 0;
	else
		want.label = 0;
	assert(fuzz_mix_ip(0, &want) == fuzz_mix_ip(0, &got));
	assert(is_ip6(pk) || ht_checksum(pk->bytes, 20) == 0);
	unsigned sum = pk->proto == HT_IP_ICMP
			   ? ht_checksum(got.data, got.data_len)
			   : ht_checksum_upper(&got, pk->proto, got.data, got.data_len);
	assert(sum == 0 || (sum == 0xffff && pk->proto == HT_IP_UDP));
	return got;
}

static void
check_data(const uint8_t *got, size_t got_len, const uint8_t *want, size_t want_len)
{
	assert(got_len == want_len);
	assert(want_len == 0 || memcmp(got, want, want_len) == 0);
}

static void
try_udp(struct packet *pk, struct fuzz_bytes *bytes)
{
	struct ht_udp got;

	pk->proto = HT_IP_UDP;
	pk->udp.sport = (uint16_t)fuzz_take(bytes, 2);
	pk->udp.dport = (uint16_t)fuzz_take(bytes, 2);
	pk->udp.data = bytes->at;
	pk->udp.data_len = bytes->left;
	build(pk, build_udp);
	struct ht_ip ip = check_ip(pk);
	assert(ht_udp_parse(ip.data, ip.data_len, &got) == 0);
	assert(got.sport == pk->udp.sport && got.dport == pk->udp.dport);
	assert(got.length == bytes->left + 8 && got.checksum != 0);
	check_data(got.data, got.data_len, bytes->at, bytes->left);
}

static void
try_tcp(struct packet *pk, struct fuzz_bytes *bytes)
{
	struct ht_tcp got;

	pk->proto = HT_IP_TCP;
	pk->tcp.sport = (uint16_t)fuzz_take(bytes, 2);
	pk->tcp.dport = (uint16_t)fuzz_take(bytes, 2);
	pk->tcp.seq = fuzz_take(bytes, 4);
	pk->tcp.ack = fuzz_take(bytes, 4);
	pk->tcp.flags = (uint8_t)fuzz_take(bytes, 1);
	pk->tcp.data = bytes->at;
	pk->tcp.data_len = bytes->left;
	build(pk, build_tcp);
	struct ht_ip ip = check_ip(pk);
	assert(ht_tcp_parse(ip.data, ip.data_len, &got) == 0);
	assert(got.sport == pk->tcp.sport && got.dport == pk->tcp.dport);
	assert(got.seq == pk->tcp.seq && got.ack == pk->tcp.ack);
	assert(got.flags == pk->tcp.flags && got.has_checksum);
	check_data(got.data, got.data_len, bytes->at, bytes->left);
}

static void
try_echo(struct packet *pk, struct fuzz_bytes *bytes)
{
	struct ht_icmp got;

	pk->proto = is_ip6(pk) ? HT_IP_ICMP6 : HT_IP_ICMP;
	pk->echo.is_reply = fuzz_take(bytes, 1) & 1;
	pk->echo.id = (uint16_t)fuzz_take(bytes, 2);
	pk->echo.seq = (uint16_t)fuzz_take(bytes, 2);
	pk->echo.data = bytes->at;
	pk->echo.data_len = bytes->left;
	build(pk, build_echo);
	struct ht_ip ip = check_ip(pk);
	assert(ht_icmp_parse((enum ht_family)ip.src.family, ip.data, ip.data_len, &got)
	       == 0);
	assert(got.id == pk->echo.id && got.seq == pk->echo.seq && got.code == 0);
	check_data(got.data, got.data_len, bytes->at, bytes->left);
}

static void
take_ext(struct packet *pk, struct fuzz_bytes *bytes)
{
	struct ht_extensions *ext = &pk->ext;

	ext->n_mpls = (uint8_t)(fuzz_take(bytes, 1) % (HT_MPLS_MAX + 1));
	for (unsigned i = 0; i < ext->n_mpls; i++) {
		ext->mpls[i].label = fuzz_take(bytes, 3) & 0xfffff;
		ext->mpls[i].tc = fuzz_take(bytes, 1) & 7;
		ext->mpls[i].bottom = i + 1u == ext->n_mpls;
		ext->mpls[i].ttl = (uint8_t)fuzz_take(bytes, 1);
	}
	ext->if_index = fuzz_take(bytes, 4);
	ext->if_mtu = fuzz_take(bytes, 2);
	if (fuzz_take(bytes, 1) & 1)
		ext->if_addr = fuzz_take_addr(bytes, (enum ht_family)pk->ip.src.family);
	size_t len = fuzz_take(bytes, 1) % sizeof(ext->if_name);
	for (size_t i = 0; i < len; i++)
		ext->if_name[i] = (char)(0x21 + fuzz_take(bytes, 1) % 0x5e);
}

/* Is there anything in it that would be shown? */
static bool
is_empty(const struct ht_extensions *ext)
{
	return ext->n_mpls == 0 && ext->if_index == 0 && ext->if_mtu == 0
	       && ext->if_addr.family == HT_FAMILY_NONE && ext->if_name[0] == '\0';
}

/* An error of a kind that has extensions, about a UDP probe of the same host; the
 * probe is cut, the extensions are stated or not. */
static void
try_error(struct packet *pk, struct fuzz_bytes *bytes)
{
	struct packet probe = { .ip = pk->ip };
	unsigned flags = fuzz_take(bytes, 1);
	size_t cut = fuzz_take(bytes, 2);
	bool has_ext = flags & 1;
	struct ht_icmp_seen seen;

	pk->proto = is_ip6(pk) ? HT_IP_ICMP6 : HT_IP_ICMP;
	take_ext(pk, bytes);
	try_udp(&probe, bytes);
	pk->error = (struct ht_icmp_error){
		.type = (uint8_t)(is_ip6(pk) ? 3 : 11),
		.code = flags >> 1 & 1,
		.quote = probe.bytes,
		.quote_len = cut < (size_t)probe.len ? cut : (size_t)probe.len,
		.ext = has_ext ? &pk->ext : NULL,
		.has_length = flags >> 2 & 1,
	};
	/* Unstated, they can only be behind 128 bytes. */
	if (has_ext && !pk->error.has_length && pk->error.quote_len > 128)
		pk->error.quote_len = 128;
	if (has_ext && pk->error.quote_len > 255u * 4)
		pk->error.quote_len = 255u * 4;
	build(pk, build_error);
	struct ht_ip ip = check_ip(pk);
	const uint8_t *data = is_ip6(pk) ? ip.data : pk->bytes;
	int r = ht_icmp_error_parse((enum ht_family)ip.src.family, data,
	    (size_t)(pk->bytes + pk->len - data), &seen);

	/* A quote that is cut in its IP header is read only if padding fills it. */
	assert(r == 0 || pk->error.quote_len < (is_ip6(pk) ? 40u : 20u));
	if (r == 0) {
		assert(seen.type == pk->error.type && seen.code == pk->error.code);
		assert(seen.has_ext == (has_ext && !is_empty(&pk->ext)));
	}
	if (r == 0 && seen.has_ext)
		assert(fuzz_mix_ext(0, &seen.ext) == fuzz_mix_ext(0, &pk->ext));
	if (r == 0 && pk->error.quote_len >= (is_ip6(pk) ? 48u : 28u)) {
		assert(seen.original.sport == probe.udp.sport);
		assert(seen.original.dport == probe.udp.dport);
		assert(seen.original.quote.tos == pk->ip.tos);
		assert(seen.original.quote.ttl == pk->ip.ttl);
	}
	fuzz_free(probe.bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_bytes bytes = { data, size < 1200 ? size : 1200 };
	unsigned kind = fuzz_take(&bytes, 1);
	enum ht_family family = kind & 1 ? HT_FAMILY_IP6 : HT_FAMILY_IP4;
	struct packet pk = { .ip = {
				 .tos = (uint8_t)fuzz_take(&bytes, 1),
				 .ttl = (uint8_t)fuzz_take(&bytes, 1),
				 .id = (uint16_t)fuzz_take(&bytes, 2),
				 .label = fuzz_take(&bytes, 3) & 0xfffff,
			     } };
	static void (*const tries[])(struct packet *, struct fuzz_bytes *) = { try_udp,
		try_tcp, try_echo, try_error };

	pk.ip.src = fuzz_take_addr(&bytes, family);
	pk.ip.dst = fuzz_take_addr(&bytes, family);
	tries[kind / 2 % 4](&pk, &bytes);
	fuzz_free(pk.bytes);
	return 0;
}
