/* SPDX-License-Identifier: ISC */
/*
 * A million ICMP packets that answer no probe of ours, and among them some that do:
 * each is counted, the right ones are taken for the right probe, the others never.
 *
 * What a transport does with a packet is done here by accept(): parse it, look for
 * the identity, else for the numbers, and compare them with what is in flight.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/rng.h"
#include "packet/build.h"
#include "packet/error.h"
#include "transport/linux/identity.h"

#define HOSTILE    1000000
#define HONEST     50000
#define PROBES     96
#define PACKET_MAX 512
#define PAYLOAD    32

/* One that is in flight. */
struct probe {
	struct ht_ip ip;
	uint8_t proto;
	uint16_t sport, dport, id, seq;
	uint32_t tcp_seq, token;
	uint8_t bytes[128];
	size_t len;
	size_t headers; /* bytes in front of the payload */
};

/* A packet on its way to us. */
struct packet {
	enum ht_family family;
	struct ht_addr from; /* what the socket says of an IPv6 packet */
	uint8_t bytes[PACKET_MAX];
	size_t len;
};

enum verdict {
	MALFORMED,
	NO_ANSWER, /* ICMP, but neither error nor echo reply */
	FOREIGN,
	ACCEPTED,
	VERDICTS
};

static const uint8_t magic[HT_IDENTITY_MAGIC] = { 0xa1, 0x5c, 0x3e, 0x77 };
static struct probe probes[PROBES];
static struct ht_rng rng;

static unsigned
below(unsigned bound)
{
	return (unsigned)ht_rng_below(&rng, bound);
}

static struct ht_addr
address(enum ht_family family, unsigned last)
{
	uint8_t raw[16] = { 0x20, 0x01, 0x0d, 0xb8 };

	if (family == HT_FAMILY_IP6) {
		raw[15] = (uint8_t)last;
		return ht_addr_ip6(raw, 0);
	}
	memcpy(raw, (uint8_t[]){ 192, 0, 2, (uint8_t)last }, 4);
	return ht_addr_ip4(raw);
}

/* Probes ********************************************************************/

static int
build_probe(struct probe *p, const uint8_t *payload, size_t len)
{
	const struct ht_udp udp = {
		.sport = p->sport, .dport = p->dport, .data = payload, .data_len = len
	};
	const struct ht_icmp_echo echo = {
		.id = p->id, .seq = p->seq, .data = payload, .data_len = len
	};
	const struct ht_tcp tcp = { .sport = p->sport,
		.dport = p->dport,
		.seq = p->tcp_seq,
		.flags = HT_TCP_SYN,
		.data = payload,
		.data_len = len };

	if (p->proto == HT_PROTO_UDP)
		return ht_build_udp(p->bytes, sizeof(p->bytes), &p->ip, &udp);
	if (p->proto == HT_PROTO_TCP)
		return ht_build_tcp(p->bytes, sizeof(p->bytes), &p->ip, &tcp);
	return ht_build_icmp_echo(p->bytes, sizeof(p->bytes), &p->ip, &echo);
}

/* No two have the same numbers. */
static void
make_probe(unsigned i, struct probe *p)
{
	enum ht_family family = i % 2 == 0 ? HT_FAMILY_IP4 : HT_FAMILY_IP6;
	uint8_t payload[PAYLOAD];

	*p = (struct probe){
		.ip = { .ttl = 1,
		    .src = address(family, 10),
		    .dst = address(family, 20 + i % 5) },
		.proto = (uint8_t)(HT_PROTO_ICMP + i / 2 % 3),
		.token = 0x00010000u * (i % 7) + i,
	};
	if (p->proto == HT_PROTO_ICMP) {
		p->id = 4711;
		p->seq = (uint16_t)i;
	} else {
		p->sport = 61000;
		p->dport = (uint16_t)(33434 + i);
		p->tcp_seq = p->proto == HT_PROTO_TCP ? 0x12340000u + i : 0;
	}
	ht_identity_put(payload, sizeof(payload), magic, p->token, 0, 0, 0);
	p->len = (size_t)build_probe(p, payload, sizeof(payload));
	p->headers = p->len - sizeof(payload);
}

static int
set_up(void **state)
{
	(void)state;
	ht_rng_init(&rng, 792);
	for (unsigned i = 0; i < PROBES; i++)
		make_probe(i, &probes[i]);
	return 0;
}

/* What a transport does ***************************************************/

static const struct probe *
by_numbers(const struct ht_original *o)
{
	for (unsigned i = 0; i < PROBES; i++) {
		const struct probe *p = &probes[i];
		if (p->proto == o->proto && ht_addr_equal(&p->ip.dst, &o->ip.dst)
		    && p->sport == o->sport && p->dport == o->dport && p->id == o->id
		    && p->seq == o->seq && p->tcp_seq == o->tcp_seq)
			return p;
	}
	return NULL;
}

/* Identity decides where there is one, and has to agree with the numbers. */
static const struct probe *
match(const struct ht_original *o)
{
	uint32_t token;
	enum ht_identity id = HT_IDENTITY_NONE;
	const struct probe *p = by_numbers(o);

	if (o->payload_len > 0)
		id = ht_identity_get(o->payload, o->payload_len, magic, &token);
	if (p == NULL || id == HT_IDENTITY_FOREIGN)
		return NULL;
	return id != HT_IDENTITY_OURS || token == p->token ? p : NULL;
}

/* An echo reply read as if it were a quote of its request. */
static struct ht_original
as_original(const struct ht_icmp *icmp, const struct ht_addr *from)
{
	return (struct ht_original){ .proto = HT_PROTO_ICMP,
		.id = icmp->id,
		.seq = icmp->seq,
		.payload = icmp->data,
		.payload_len = icmp->data_len,
		.ip.dst = *from };
}

static bool
is_echo_reply(enum ht_family family, const struct ht_icmp *icmp)
{
	return icmp->type == (family == HT_FAMILY_IP6 ? 129 : 0) && icmp->code == 0;
}

static enum verdict
read_packet(enum ht_family family, const uint8_t *data, size_t len,
    const struct ht_addr *from, const struct probe **ret_probe)
{
	struct ht_icmp_seen seen;
	struct ht_icmp icmp;
	struct ht_ip ip;
	int r = ht_icmp_error_parse(family, data, len, &seen);

	if (r == -ENOMSG) {
		assert_int_equal(
		    ht_icmp_packet_parse(family, data, len, &ip, &icmp), 0);
		if (!is_echo_reply(family, &icmp))
			return NO_ANSWER;
		seen.original = as_original(
		    &icmp, family == HT_FAMILY_IP6 ? from : &ip.src);
	} else if (r < 0) {
		assert_int_equal(r, -EINVAL);
		return MALFORMED;
	}
	*ret_probe = match(&seen.original);
	return *ret_probe != NULL ? ACCEPTED : FOREIGN;
}

/* From the heap, so that a sanitizer sees a read past the end. */
static enum verdict
accept(const struct packet *pk, const struct probe **ret_probe)
{
	uint8_t *copy = malloc(pk->len + 1);

	assert_non_null(copy);
	memcpy(copy + 1, pk->bytes, pk->len);
	enum verdict v = read_packet(
	    pk->family, copy + 1, pk->len, &pk->from, ret_probe);
	free(copy);
	return v;
}

/* Packets *******************************************************************/

static struct ht_ip
envelope(const struct probe *p, struct ht_addr from)
{
	return (struct ht_ip){ .ttl = 60, .src = from, .dst = p->ip.src };
}

/* Somebody who is no target. */
static struct ht_addr
stranger(const struct probe *p)
{
	return address((enum ht_family)p->ip.src.family, 100 + below(100));
}

/* A raw IPv6 socket does not get the IP header. */
static void
finish(struct packet *pk, const struct ht_ip *ip, int len)
{
	assert_true(len > 0);
	pk->family = (enum ht_family)ip->src.family;
	pk->from = ip->src;
	pk->len = (size_t)len;
	if (pk->family == HT_FAMILY_IP6) {
		pk->len -= 40;
		memmove(pk->bytes, pk->bytes + 40, pk->len);
	}
}

/* Types and codes of errors, the probe quoted as it is in p, up to quote_len. */
static void
make_error(struct packet *pk, const struct probe *p, size_t quote_len)
{
	static const uint8_t types[][2] = { { 11, 3 }, { 3, 1 }, { 12, 4 } };
	static const struct ht_extensions ext = { .n_mpls = 1, .mpls = { { 16 } } };
	unsigned kind = below(3);
	const struct ht_ip ip = envelope(p, stranger(p));
	const struct ht_icmp_error error = {
		.type = types[kind][p->ip.src.family == HT_FAMILY_IP6],
		.code = (uint8_t)below(2),
		.quote = p->bytes,
		.quote_len = quote_len,
		.ext = below(4) == 0 && kind < 2 ? &ext : NULL,
		.has_length = below(2) == 0,
	};

	finish(pk, &ip, ht_build_icmp_error(pk->bytes, sizeof(pk->bytes), &ip, &error));
}

static void
make_reply(struct packet *pk, const struct probe *p, struct ht_addr from)
{
	const struct ht_ip ip = envelope(p, from);
	const struct ht_icmp_echo echo = { .is_reply = true,
		.id = p->id,
		.seq = p->seq,
		.data = p->bytes + p->headers,
		.data_len = p->len - p->headers };

	finish(pk, &ip, ht_build_icmp_echo(pk->bytes, sizeof(pk->bytes), &ip, &echo));
}

static size_t
icmp_at(const struct packet *pk)
{
	return pk->family == HT_FAMILY_IP6 ? 0 : 20;
}

/* What is needed of the quote: an IP header and 8 bytes. */
static size_t
least_quote(const struct probe *p)
{
	return (p->ip.src.family == HT_FAMILY_IP6 ? 40 : 20) + 8;
}

/* Make the sums of a packet right again; len may have changed. */
static void
repair(struct packet *pk)
{
	uint8_t *icmp = pk->bytes + icmp_at(pk);

	if (pk->family == HT_FAMILY_IP6 || pk->len < 24)
		return;
	pk->bytes[2] = (uint8_t)(pk->len >> 8);
	pk->bytes[3] = (uint8_t)pk->len;
	icmp[2] = icmp[3] = 0;
	unsigned sum = ht_checksum(icmp, pk->len - 20);
	icmp[2] = (uint8_t)(sum >> 8);
	icmp[3] = (uint8_t)sum;
}

/* What is wrong with it *****************************************************/

typedef void make_fn(struct packet *pk, const struct probe *p);

static void
noise(struct packet *pk, const struct probe *p)
{
	pk->family = (enum ht_family)p->ip.src.family;
	pk->from = p->ip.dst;
	pk->len = below(160);
	for (size_t i = 0; i < pk->len; i++)
		pk->bytes[i] = (uint8_t)ht_rng_next(&rng);
}

/* Noise behind headers that are right. */
static void
noise_in_error(struct packet *pk, const struct probe *p)
{
	make_error(pk, p, p->len);
	for (size_t i = icmp_at(pk) + 8; i < pk->len; i++)
		pk->bytes[i] = (uint8_t)ht_rng_next(&rng);
	repair(pk);
}

/* Cut on its way; IPv4 says how long it was. */
static void
cut_off(struct packet *pk, const struct probe *p)
{
	make_error(pk, p, p->len);
	if (pk->family == HT_FAMILY_IP4)
		pk->len = below((unsigned)pk->len);
	else
		pk->len = below(8 + (unsigned)least_quote(p));
}

/* A router that quotes too little for the numbers, with zeros behind it or not. */
static void
short_quote(struct packet *pk, const struct probe *p)
{
	make_error(pk, p, below((unsigned)least_quote(p) - 4));
}

/* Up to 15 bits in a row, which the checksum always tells; of IPv6 the kernel has
 * looked at that, so there it is a bit of the magic. */
static void
bits_flipped(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	unsigned bit = below(8 * HT_IDENTITY_MAGIC);

	bad.bytes[bad.headers + bit / 8] ^= (uint8_t)(1 << bit % 8);
	if (p->ip.src.family == HT_FAMILY_IP6) {
		make_error(pk, &bad, bad.len);
		return;
	}
	make_error(pk, p, p->len);
	size_t first = 8 * icmp_at(pk)
		       + below(8 * (unsigned)(pk->len - icmp_at(pk)) - 15);
	unsigned mask = 1 + below(0x7fff);
	for (unsigned i = 0; i < 15; i++)
		if (mask >> i & 1)
			pk->bytes[(first + i) / 8] ^= (uint8_t)(0x80
								>> (first + i) % 8);
}

/* Another run's, or another program's. */
static void
other_magic(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	uint8_t *at = bad.bytes + bad.headers;

	at[below(HT_IDENTITY_MAGIC)] ^= (uint8_t)(1 + below(255));
	make_error(pk, &bad, bad.len);
}

/* Not in flight: an earlier one, or one that never was. */
static void
other_token(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	uint32_t token = p->token + 0x00100000u * (1 + below(4000));

	ht_identity_put(bad.bytes + bad.headers, PAYLOAD, magic, token, 0, 0, 0);
	make_error(pk, &bad, bad.len);
}

/* The payload is right, what is in front of it is not ours. */
static void
other_numbers(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	size_t ip = least_quote(p) - 8;
	/* ICMP: id, seq; UDP and TCP: ports. */
	size_t at = ip + (p->proto == HT_PROTO_ICMP ? 4 : 0) + below(4);

	bad.bytes[at] ^= 0x80;
	make_error(pk, &bad, bad.len);
}

static void
other_target(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	size_t end = least_quote(p) - 8; /* of the destination */

	bad.bytes[end - 1 - below(4)] ^= 0x80;
	make_error(pk, &bad, bad.len);
}

static void
other_protocol(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	static const uint8_t others[] = { 2, 33, 50, 132 };

	bad.bytes[p->ip.src.family == HT_FAMILY_IP6 ? 6 : 9] = others[below(4)];
	make_error(pk, &bad, bad.len);
}

/* The quote is of a packet in pieces, and this is not the first. */
static void
later_fragment(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;

	if (p->ip.src.family == HT_FAMILY_IP4) {
		bad.bytes[7] = (uint8_t)(1 + below(255));
		make_error(pk, &bad, bad.len);
		return;
	}
	memmove(bad.bytes + 48, bad.bytes + 40, bad.len - 40);
	memcpy(bad.bytes + 40,
	    (uint8_t[]){ bad.bytes[6], 0, 0, (uint8_t)(8 + 8 * below(31)), 0, 0, 0, 1 },
	    8);
	bad.bytes[6] = 44;
	bad.len += 8;
	make_error(pk, &bad, bad.len);
}

/* Any type but those that tell of a probe, with a good quote in it. */
static void
no_error(struct packet *pk, const struct probe *p)
{
	make_error(pk, p, p->len);
	uint8_t *type = pk->bytes + icmp_at(pk);
	do
		*type = (uint8_t)below(256);
	while (pk->family == HT_FAMILY_IP6
		   ? *type < 5 || *type == 129
		   : *type == 0 || *type == 3 || *type == 11 || *type == 12);
	repair(pk);
}

/* The other family's packet, or none at all, is what it quotes. */
static void
wrong_version(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;

	bad.bytes[0] ^= (uint8_t)(0x10 * (1 + below(15)));
	make_error(pk, &bad, bad.len);
}

/* An echo reply to somebody else, or from somebody else. */
static void
stray_reply(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	bool is_echo = p->proto == HT_PROTO_ICMP;

	bad.id = (uint16_t)(p->id + 1 + below(60000));
	if (is_echo && below(2) == 0) {
		bad.id = p->id;
		bad.seq = (uint16_t)(PROBES + below(60000));
	}
	make_reply(pk, &bad, bad.ip.dst);
}

static void
spoofed_reply(struct packet *pk, const struct probe *p)
{
	make_reply(pk, p, stranger(p));
}

/* Lengths that lie, in every header there is, of a probe to somebody else. */
static void
lying_lengths(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	bool is_ip6 = p->ip.src.family == HT_FAMILY_IP6;
	/* IPv4: header length, total; IPv6: payload length; UDP: length. */
	static const size_t at4[] = { 0, 2, 3, 24, 25 }, at6[] = { 4, 5, 6, 44, 45 };
	size_t at = is_ip6 ? at6[below(5)] : at4[below(5)];

	bad.bytes[least_quote(p) - 9] ^= 0x80;
	bad.bytes[at] ^= at == 0 ? (uint8_t)(1 + below(15)) : (uint8_t)(1 + below(255));
	make_error(pk, &bad, bad.len);
	pk->bytes[icmp_at(pk) + (is_ip6 ? 4 : 5)] = (uint8_t)ht_rng_next(&rng);
	repair(pk);
}

/* clang-format off: what may become of it, as a set of verdicts */
static const struct {
	const char *name;
	make_fn *make;
	unsigned verdicts;
} kinds[] = {
	{ "noise", noise, 1 << MALFORMED | 1 << NO_ANSWER | 1 << FOREIGN },
	{ "noise in an error", noise_in_error, 1 << MALFORMED | 1 << FOREIGN },
	{ "cut off", cut_off, 1 << MALFORMED | 1 << FOREIGN },
	{ "short quote", short_quote, 1 << MALFORMED | 1 << FOREIGN },
	{ "bits flipped", bits_flipped, 1 << MALFORMED | 1 << FOREIGN },
	{ "other magic", other_magic, 1 << FOREIGN },
	{ "other token", other_token, 1 << FOREIGN },
	{ "other numbers", other_numbers, 1 << FOREIGN },
	{ "other target", other_target, 1 << FOREIGN },
	{ "other protocol", other_protocol, 1 << FOREIGN },
	{ "later fragment", later_fragment, 1 << FOREIGN },
	{ "no error", no_error, 1 << NO_ANSWER },
	{ "wrong version", wrong_version, 1 << MALFORMED },
	{ "stray reply", stray_reply, 1 << FOREIGN },
	{ "spoofed reply", spoofed_reply, 1 << FOREIGN },
	{ "lying lengths", lying_lengths, 1 << MALFORMED | 1 << FOREIGN },
};
/* clang-format on */
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void
accepts_none_of_a_million(void **state)
{
	unsigned counts[VERDICTS] = { 0 };

	(void)state;
	for (unsigned i = 0; i < HOSTILE; i++) {
		const struct probe *p = &probes[below(PROBES)], *got = NULL;
		struct packet pk;

		kinds[i % KINDS].make(&pk, p);
		enum verdict v = accept(&pk, &got);
		counts[v]++;
		if ((kinds[i % KINDS].verdicts >> v & 1) == 0)
			fail_msg(
			    "packet %u, %s: verdict %u", i, kinds[i % KINDS].name, v);
	}
	assert_int_equal(counts[ACCEPTED], 0);
	assert_int_equal(
	    counts[MALFORMED] + counts[NO_ANSWER] + counts[FOREIGN], HOSTILE);
	/* None of them is a formality. */
	assert_true(counts[MALFORMED] > HOSTILE / 8);
	assert_true(counts[NO_ANSWER] > HOSTILE / 20);
	assert_true(counts[FOREIGN] > HOSTILE / 3);
}

/* Quotes from the least to the whole, echo replies: else the test above says
 * nothing. */
static void
accepts_every_honest_one(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HONEST; i++) {
		const struct probe *p = &probes[below(PROBES)], *got = NULL;
		size_t least = least_quote(p);
		struct packet pk;

		if (p->proto == HT_PROTO_ICMP && below(2) == 0)
			make_reply(&pk, p, p->ip.dst);
		else
			make_error(
			    &pk, p, least + below((unsigned)(p->len - least) + 1));
		assert_int_equal(accept(&pk, &got), ACCEPTED);
		assert_ptr_equal(got, p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(accepts_none_of_a_million, set_up),
		cmocka_unit_test_setup(accepts_every_honest_one, set_up),
	};

	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
