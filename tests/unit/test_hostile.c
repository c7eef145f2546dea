/* SPDX-License-Identifier: ISC */
/*
 * A million ICMP packets that answer no probe of this run, and among them some that
 * do: each is counted, the right ones are taken for the right probe, the others never.
 * What reads them is what the raw transport has: packet/error.h and raw_match.h.
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
#include "packet/bytes.h"
#include "packet/error.h"
#include "transport/linux/identity.h"
#include "transport/linux/raw_match.h"
#include "transport/linux/raw_probe.h"

#define HOSTILE    1000000
#define HONEST     50000
#define PROBES     96
#define PACKET_MAX 512
#define NOW        (100 * HT_S)

/* One that has left. */
struct probe {
	struct ht_raw_sent sent;
	enum ht_family family;
	uint16_t id; /* ICMP */
	uint8_t bytes[128];
	size_t len;
	size_t upper; /* where the header behind that of IP begins */
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

/* Two runs on one host. */
static struct ht_raw_table ours, theirs;
static struct probe our_probes[PROBES], their_probes[PROBES];
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

static void
send_probe(struct ht_raw_table *tb, unsigned i, uint16_t local_port, struct probe *p)
{
	enum ht_family family = i % 2 == 0 ? HT_FAMILY_IP4 : HT_FAMILY_IP6;
	struct ht_addr source = address(family, 10);
	static uint8_t buf[HT_RAW_SIZE_MAX];
	const struct ht_probe pr = {
		.token = 0x00010000u * (i % 7) + i,
		.target = address(family, 20 + i % 5),
		.proto = (uint8_t)(HT_PROTO_ICMP + i / 2 % 3),
		.ttl = 1,
		.size = 90,
	};
	int len = ht_raw_build(tb, &pr, &source, local_port, buf, &p->sent);

	assert_in_range(len, 60, sizeof(p->bytes));
	memcpy(p->bytes, buf, (size_t)len);
	p->len = (size_t)len;
	p->family = family;
	p->upper = family == HT_FAMILY_IP6 ? 40 : 20;
	p->id = tb->echo_id;
	p->sent.at.user = NOW - HT_MS;
	ht_raw_remember(tb, &p->sent);
}

static int
set_up(void **state)
{
	(void)state;
	ht_rng_init(&rng, 792);
	memset(&ours, 0, sizeof(ours));
	memset(&theirs, 0, sizeof(theirs));
	memcpy(ours.magic, "\xa1\x5c\x3e\x77", HT_IDENTITY_MAGIC);
	memcpy(theirs.magic, "\x5a\xc1\x3e\x78", HT_IDENTITY_MAGIC);
	ours.echo_id = 4711;
	theirs.echo_id = 815;
	for (unsigned i = 0; i < PROBES; i++) {
		send_probe(&ours, i, 61000, &our_probes[i]);
		send_probe(&theirs, i, 61001, &their_probes[i]);
	}
	return 0;
}

/* What the transport does *************************************************/

static enum verdict
verdict(const struct ht_raw_found *f, uint32_t *ret_token)
{
	/* A token that nobody remembers is the engine's to refuse. */
	if (f->match == HT_MATCH_NONE || f->sent == NULL)
		return FOREIGN;
	*ret_token = f->token;
	return ACCEPTED;
}

/* from is what the socket says. */
static enum verdict
read_packet(enum ht_family family, const uint8_t *data, size_t len,
    const struct ht_addr *from, uint32_t *ret_token)
{
	struct ht_icmp_seen seen;
	struct ht_raw_found f;
	struct ht_icmp icmp;
	struct ht_ip ip;
	int r = ht_icmp_error_parse(family, data, len, &seen);

	if (r == 0) {
		f = ht_raw_match_quote(&ours, &seen.original, NOW);
		return verdict(&f, ret_token);
	}
	if (r != -ENOMSG)
		return MALFORMED;
	assert_int_equal(ht_icmp_packet_parse(family, data, len, &ip, &icmp), 0);
	if (icmp.type != (family == HT_FAMILY_IP6 ? 129 : 0))
		return NO_ANSWER;
	f = ht_raw_match_echo(&ours, &icmp, family == HT_FAMILY_IP6 ? from : &ip.src);
	return verdict(&f, ret_token);
}

/* From the heap, so that a sanitizer sees a read past the end. */
static enum verdict
accept(const struct packet *pk, uint32_t *ret_token)
{
	uint8_t *copy = malloc(pk->len + 1);

	assert_non_null(copy);
	memcpy(copy + 1, pk->bytes, pk->len);
	enum verdict v = read_packet(
	    pk->family, copy + 1, pk->len, &pk->from, ret_token);
	free(copy);
	return v;
}

/* Packets *******************************************************************/

static struct ht_ip
envelope(const struct probe *p, struct ht_addr from)
{
	return (struct ht_ip){ .ttl = 60, .src = from, .dst = p->sent.source };
}

/* Somebody who is no target. */
static struct ht_addr
stranger(const struct probe *p)
{
	return address(p->family, 100 + below(100));
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
	static const struct ht_extensions ext = { .n_mpls = 1,
		.mpls = { { .label = 16 } } };
	unsigned kind = below(3);
	const struct ht_ip ip = envelope(p, stranger(p));
	const struct ht_icmp_error error = {
		.type = types[kind][p->family == HT_FAMILY_IP6],
		.code = (uint8_t)below(2),
		.quote = p->bytes,
		.quote_len = quote_len,
		.ext = below(4) == 0 && kind < 2 ? &ext : NULL,
		.has_length = below(2) == 0,
	};

	finish(pk, &ip, ht_build_icmp_error(pk->bytes, sizeof(pk->bytes), &ip, &error));
}

static void
make_reply(struct packet *pk, const struct probe *p, struct ht_addr from, uint16_t seq,
    size_t data_len)
{
	const struct ht_ip ip = envelope(p, from);
	const struct ht_icmp_echo echo = { .is_reply = true,
		.id = p->id,
		.seq = seq,
		.data = p->bytes + p->upper + 8,
		.data_len = data_len };

	finish(pk, &ip, ht_build_icmp_echo(pk->bytes, sizeof(pk->bytes), &ip, &echo));
}

static size_t
icmp_at(const struct packet *pk)
{
	return pk->family == HT_FAMILY_IP6 ? 0 : 20;
}

/* Make the sums of a packet right again; len may have changed. */
static void
repair(struct packet *pk)
{
	uint8_t *icmp = pk->bytes + icmp_at(pk);

	if (pk->family == HT_FAMILY_IP6 || pk->len < 24)
		return;
	ht_put16(pk->bytes + 2, (unsigned)pk->len);
	ht_put16(icmp + 2, 0);
	ht_put16(icmp + 2, ht_checksum(icmp, pk->len - 20));
}

/* What is wrong with it *****************************************************/

typedef void make_fn(struct packet *pk, const struct probe *p);

static uint8_t *
payload(struct probe *p)
{
	return p->bytes + p->upper + 8;
}

/* Numbers that no probe of ours has; ports stay, and so does the payload. */
static void
renumber(struct probe *p)
{
	uint16_t id;

	if (p->sent.proto == HT_PROTO_ICMP)
		p->bytes[p->upper + 6] ^= 0x80;
	else if (p->sent.proto == HT_PROTO_TCP)
		p->bytes[p->upper + 4] ^= (uint8_t)(1 + below(255));
	if (p->family == HT_FAMILY_IP6)
		return;
	do
		id = (uint16_t)ht_rng_next(&rng);
	while (ht_raw_by_id(&ours, id)->is_used);
	ht_put16(p->bytes + 4, id);
}

static void
noise(struct packet *pk, const struct probe *p)
{
	pk->family = p->family;
	pk->from = p->sent.target;
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
		pk->len = below(8 + (unsigned)p->upper + 8);
}

static void
whole_quote(struct packet *pk, const struct probe *p)
{
	make_error(pk, p, p->len);
}

/* By chance the IPv4 ID is that of a probe of ours to the same target. */
static void
same_id(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;

	if (p->family == HT_FAMILY_IP4)
		ht_put16(bad.bytes + 4, our_probes[p - their_probes].sent.id);
	make_error(pk, &bad, p->upper + 8);
}

/* A router that quotes too little for the numbers, with zeros behind it or not. */
static void
short_quote(struct packet *pk, const struct probe *p)
{
	make_error(pk, p, below((unsigned)p->upper + 4));
}

/* Another run's, or another program's.  TCP has only its number. */
static void
other_magic(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;

	if (p->sent.proto == HT_PROTO_TCP)
		renumber(&bad);
	else
		payload(&bad)[below(HT_IDENTITY_MAGIC)] ^= (uint8_t)(1 + below(255));
	make_error(pk, &bad, bad.len);
}

/* Up to 15 bits in a row, which the checksum always tells; that of IPv6 is the
 * kernel's to look at. */
static void
bits_flipped(struct packet *pk, const struct probe *p)
{
	if (p->family == HT_FAMILY_IP6) {
		other_magic(pk, p);
		return;
	}
	make_error(pk, p, p->len);
	unsigned bits = 8 * (unsigned)(pk->len - icmp_at(pk));
	size_t first = 8 * icmp_at(pk) + below(bits - 15);
	unsigned mask = 1 + below(0x7fff);
	for (size_t bit = first; mask != 0; bit++, mask >>= 1)
		pk->bytes[bit / 8] ^= (uint8_t)((mask & 1) << (7 - bit % 8));
}

/* Not in flight: an earlier one, or one that never was. */
static void
other_token(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	uint32_t token = p->sent.token + 0x00100000u * (1 + below(4000));

	if (p->sent.proto == HT_PROTO_TCP)
		renumber(&bad);
	else
		ht_identity_put(payload(&bad), 32, ours.magic, token, 0, 0, 0);
	make_error(pk, &bad, bad.len);
}

/* Somebody else's ports, and numbers; there is no payload to go by. */
static void
other_ports(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;

	renumber(&bad);
	bad.bytes[p->upper + below(4)] ^= 0x80;
	make_error(pk, &bad, p->upper + 8);
}

/* From the right port, but to somebody else. */
static void
other_target(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;

	renumber(&bad);
	bad.bytes[p->upper - 1 - below(4)] ^= 0x80;
	make_error(pk, &bad, p->upper + 8);
}

static void
other_protocol(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	static const uint8_t others[] = { 2, 33, 50, 132 };

	bad.bytes[p->family == HT_FAMILY_IP6 ? 6 : 9] = others[below(4)];
	make_error(pk, &bad, bad.len);
}

/* The quote is of a packet in pieces, and this is not the first. */
static void
later_fragment(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;

	if (p->family == HT_FAMILY_IP4) {
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

/* An echo reply to somebody else, or to what was never asked. */
static void
stray_reply(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	uint16_t seq = (uint16_t)p->sent.token;

	if (below(2) == 0)
		bad.id = (uint16_t)(p->id + 1 + below(60000));
	else
		seq = (uint16_t)(PROBES + below(60000));
	make_reply(pk, &bad, p->sent.target, seq, 32);
}

/* The numbers can be guessed, the payload cannot. */
static void
spoofed_reply(struct packet *pk, const struct probe *p)
{
	make_reply(pk, p, below(2) == 0 ? stranger(p) : p->sent.target,
	    (uint16_t)p->sent.token, 0);
}

/* Lengths that lie, in every header there is. */
static void
lying_lengths(struct packet *pk, const struct probe *p)
{
	struct probe bad = *p;
	bool is_ip6 = p->family == HT_FAMILY_IP6;
	/* IPv4: header length, total; IPv6: payload length; UDP: length. */
	static const size_t at4[] = { 0, 2, 3, 24, 25 }, at6[] = { 4, 5, 44, 45 };
	size_t at = is_ip6 ? at6[below(4)] : at4[below(5)];

	bad.bytes[at] ^= at == 0 ? (uint8_t)(1 + below(15)) : (uint8_t)(1 + below(255));
	make_error(pk, &bad, bad.len);
	pk->bytes[icmp_at(pk) + (is_ip6 ? 4 : 5)] = (uint8_t)ht_rng_next(&rng);
	repair(pk);
}

/* clang-format off: what may become of it, as a set of verdicts; of our probes a quote
 * may be short and lie about its length, and is good all the same */
static const struct {
	const char *name;
	make_fn *make;
	unsigned verdicts;
	bool is_theirs;
} kinds[] = {
	{ "noise", noise, 1 << MALFORMED | 1 << NO_ANSWER | 1 << FOREIGN, false },
	{ "noise in an error", noise_in_error, 1 << MALFORMED | 1 << FOREIGN, false },
	{ "cut off", cut_off, 1 << MALFORMED | 1 << FOREIGN, false },
	{ "bits flipped", bits_flipped, 1 << MALFORMED | 1 << FOREIGN, false },
	{ "other magic", other_magic, 1 << FOREIGN, false },
	{ "other token", other_token, 1 << FOREIGN, false },
	{ "other ports", other_ports, 1 << FOREIGN, false },
	{ "other target", other_target, 1 << FOREIGN, false },
	{ "other protocol", other_protocol, 1 << FOREIGN, false },
	{ "later fragment", later_fragment, 1 << FOREIGN, false },
	{ "no error", no_error, 1 << NO_ANSWER, false },
	{ "wrong version", wrong_version, 1 << MALFORMED, false },
	{ "stray reply", stray_reply, 1 << FOREIGN, false },
	{ "spoofed reply", spoofed_reply, 1 << FOREIGN, false },
	{ "whole quote", whole_quote, 1 << FOREIGN, true },
	{ "same ID", same_id, 1 << FOREIGN, true },
	{ "short quote", short_quote, 1 << MALFORMED | 1 << FOREIGN, true },
	{ "lying lengths", lying_lengths, 1 << MALFORMED | 1 << FOREIGN, true },
};
/* clang-format on */
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Half of the probes are those of another run on this host. */
static enum verdict
try_one(unsigned kind)
{
	bool is_theirs = kinds[kind].is_theirs || below(2) == 0;
	struct packet pk;
	uint32_t token;

	kinds[kind].make(&pk, &(is_theirs ? their_probes : our_probes)[below(PROBES)]);
	enum verdict v = accept(&pk, &token);
	if ((kinds[kind].verdicts >> v & 1) == 0)
		fail_msg("%s: verdict %u", kinds[kind].name, v);
	return v;
}

static void
accepts_none_of_a_million(void **state)
{
	unsigned counts[VERDICTS] = { 0 };

	(void)state;
	for (unsigned i = 0; i < HOSTILE; i++)
		counts[try_one(i % KINDS)]++;
	assert_int_equal(counts[ACCEPTED], 0);
	assert_int_equal(
	    counts[MALFORMED] + counts[NO_ANSWER] + counts[FOREIGN], HOSTILE);
	/* None of them is a formality. */
	assert_true(counts[MALFORMED] > HOSTILE / 8);
	assert_true(counts[NO_ANSWER] > HOSTILE / 20);
	assert_true(counts[FOREIGN] > HOSTILE / 3);
}

/* Quotes from the least to the whole, echo replies: else the test above says
 * nothing.  UDP over IPv6 has no number in front of its payload. */
static void
accepts_every_honest_one(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HONEST; i++) {
		const struct probe *p = &our_probes[below(PROBES)];
		bool has_number = p->family == HT_FAMILY_IP4
				  || p->sent.proto != HT_PROTO_UDP;
		size_t least = p->upper + (has_number ? 8 : 16);
		struct packet pk;
		uint32_t token = 0;

		if (p->sent.proto == HT_PROTO_ICMP && below(2) == 0)
			make_reply(&pk, p, p->sent.target, (uint16_t)p->sent.token, 32);
		else
			make_error(
			    &pk, p, least + below((unsigned)(p->len - least) + 1));
		assert_int_equal(accept(&pk, &token), ACCEPTED);
		assert_int_equal(token, p->sent.token);
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
