/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "garbage.h"

#include <string.h>

#include "base/addr.h"
#include "packet/build.h"
#include "packet/bytes.h"

#define QUOTE_MAX 1024

/* A packet in the making. */
struct making {
	const struct seen *seen;
	uint8_t *buf;
	size_t size;
	struct ht_rng *rng;
	uint8_t quote[QUOTE_MAX]; /* a copy of the probe */
	size_t len;               /* of the copy */
};

static bool
is_ip6(const struct seen *seen)
{
	return seen->ip.src.family == HT_FAMILY_IP6;
}

static size_t
upper_at(const struct seen *seen)
{
	return is_ip6(seen) ? 40 : 20;
}

/* Somebody who has no business here. */
static struct ht_addr
villain(const struct seen *seen)
{
	struct ht_addr addr;

	ht_addr_parse(is_ip6(seen) ? "2001:db8:66::66" : "198.51.100.66", &addr);
	return addr;
}

static struct ht_ip
envelope(const struct seen *seen, struct ht_addr from)
{
	return (struct ht_ip){ .ttl = 60, .src = from, .dst = seen->ip.src };
}

/* Make lengths and checksums of a packet right, whatever is in it. */
static void
repair(uint8_t *packet, size_t len)
{
	size_t at = packet[0] >> 4 == 6 ? 40 : 20;
	struct ht_ip ip = { 0 };

	if (at == 40) {
		ht_put16(packet + 4, (unsigned)(len - 40));
		ip.src = ht_addr_ip6(packet + 8, 0);
		ip.dst = ht_addr_ip6(packet + 24, 0);
	} else {
		ht_put16(packet + 2, (unsigned)len);
		ht_put16(packet + 10, 0);
		ht_put16(packet + 10, ht_checksum(packet, 20));
	}
	if (len < at + 4)
		return;
	ht_put16(packet + at + 2, 0);
	ht_put16(packet + at + 2,
	    at == 20 ? ht_checksum(packet + at, len - at)
		     : ht_checksum_upper(&ip, packet[6], packet + at, len - at));
}

/* An error about the first len bytes of the copy. */
static int
make_error(struct making *mk, unsigned type4, unsigned type6, size_t len)
{
	const struct ht_ip ip = envelope(mk->seen, villain(mk->seen));
	const struct ht_icmp_error error = {
		.type = (uint8_t)(is_ip6(mk->seen) ? type6 : type4),
		.quote = mk->quote,
		.quote_len = len < mk->len ? len : mk->len,
	};

	return ht_build_icmp_error(mk->buf, mk->size, &ip, &error);
}

/* The payload begins behind the 8 bytes of ICMP or UDP. */
static uint8_t *
payload(struct making *mk)
{
	return mk->quote + upper_at(mk->seen) + 8;
}

/* Make it somebody else's.  TCP has no payload of ours, but a number. */
static void
disown(struct making *mk)
{
	uint8_t *at = mk->seen->proto == HT_PROTO_TCP ? payload(mk) - 4 : payload(mk);

	for (unsigned i = 0; i < 4; i++)
		at[i] ^= 0x5a;
}

static int
make_foreign(struct making *mk)
{
	disown(mk);
	return make_error(mk, 11, 3, mk->len);
}

static int
make_foreign_unreachable(struct making *mk)
{
	disown(mk);
	return make_error(mk, 3, 1, mk->len);
}

static int
make_old_generation(struct making *mk)
{
	if (mk->seen->proto == HT_PROTO_TCP)
		disown(mk);
	payload(mk)[4] ^= 0x40;
	return make_error(mk, 11, 3, mk->len);
}

/* A sequence number or port that no probe has had, and nothing else to go by. */
static int
make_never_sent(struct making *mk)
{
	size_t at = upper_at(mk->seen) + (mk->seen->proto == HT_PROTO_ICMP ? 6 : 2);

	mk->quote[at] ^= 0x40;
	return make_error(mk, 11, 3, upper_at(mk->seen) + 8);
}

static int
make_cut_quote(struct making *mk)
{
	size_t len = (size_t)ht_rng_below(mk->rng, upper_at(mk->seen) + 8);

	return make_error(mk, 11, 3, len);
}

static int
make_bad_checksum(struct making *mk)
{
	int n = make_error(mk, 11, 3, mk->len);

	mk->buf[upper_at(mk->seen) + 2] ^= 0x11;
	return n;
}

/* The answer to a SYN whose number is one off. */
static int
make_tcp(struct making *mk, struct ht_addr from, uint8_t flags)
{
	const struct ht_ip ip = envelope(mk->seen, from);
	const struct ht_tcp tcp = {
		.sport = mk->seen->dport,
		.dport = mk->seen->sport,
		.seq = (uint32_t)ht_rng_next(mk->rng),
		.ack = mk->seen->tcp_seq + 2,
		.flags = flags | HT_TCP_ACK,
	};

	return ht_build_tcp(mk->buf, mk->size, &ip, &tcp);
}

/* Echo with a number that is not there; data from a stranger; a reset. */
static int
make_stray_answer(struct making *mk)
{
	const struct seen *seen = mk->seen;
	const struct ht_icmp_echo echo = {
		.is_reply = true,
		.id = seen->id,
		.seq = seen->seq ^ 0x4000,
	};
	const struct ht_udp udp = {
		.sport = 53,
		.dport = seen->sport,
		.data = (const uint8_t *)"stray",
		.data_len = 5,
	};
	struct ht_ip ip = envelope(seen, seen->ip.dst);

	if (seen->proto == HT_PROTO_ICMP)
		return ht_build_icmp_echo(mk->buf, mk->size, &ip, &echo);
	if (seen->proto == HT_PROTO_TCP)
		return make_tcp(mk, seen->ip.dst, HT_TCP_RST);
	ip.src = villain(seen);
	return ht_build_udp(mk->buf, mk->size, &ip, &udp);
}

/* The right number from the wrong house, and no payload. */
static int
make_spoofed_answer(struct making *mk)
{
	const struct seen *seen = mk->seen;
	const struct ht_ip ip = envelope(seen, villain(seen));
	const struct ht_icmp_echo echo = {
		.is_reply = true, .id = seen->id, .seq = seen->seq
	};
	const struct ht_udp udp = { .sport = seen->dport, .dport = seen->sport };

	if (seen->proto == HT_PROTO_ICMP)
		return ht_build_icmp_echo(mk->buf, mk->size, &ip, &echo);
	if (seen->proto == HT_PROTO_TCP)
		return make_tcp(mk, villain(seen), HT_TCP_SYN);
	return ht_build_udp(mk->buf, mk->size, &ip, &udp);
}

static int
make_noise(struct making *mk)
{
	size_t at = upper_at(mk->seen);
	int n = make_error(mk, 11, 3, mk->len);

	for (int i = (int)at; i < n; i++)
		mk->buf[i] = (uint8_t)ht_rng_next(mk->rng);
	return n;
}

/* Somebody else's probe, and behind it what looks like extensions. */
static int
make_broken_extensions(struct making *mk)
{
	static const struct ht_extensions ext = { .n_mpls = HT_MPLS_MAX };
	const struct ht_ip ip = envelope(mk->seen, villain(mk->seen));
	struct ht_icmp_error error = {
		.type = is_ip6(mk->seen) ? 3 : 11,
		.quote = mk->quote,
		.quote_len = mk->len < 128 ? mk->len : 128,
		.ext = &ext,
		.has_length = ht_rng_below(mk->rng, 2) == 0,
	};

	disown(mk);
	int n = ht_build_icmp_error(mk->buf, mk->size, &ip, &error);
	/* Object headers and labels, behind ICMP's header, quote and version. */
	for (int i = (int)upper_at(mk->seen) + 8 + 128 + 4; i < n; i++)
		mk->buf[i] = (uint8_t)ht_rng_next(mk->rng);
	repair(mk->buf, (size_t)n);
	return n;
}

/* Somebody else's probe, of which nothing is as long as its headers say. */
static int
make_lying_lengths(struct making *mk)
{
	/* Total or payload length, then that of UDP. */
	size_t at = is_ip6(mk->seen) ? 4 : 2;

	for (unsigned i = 0; i < 2; i++)
		mk->quote[at + i] = (uint8_t)ht_rng_next(mk->rng);
	if (mk->seen->proto == HT_PROTO_UDP)
		mk->quote[upper_at(mk->seen) + 5] = (uint8_t)ht_rng_next(mk->rng);
	disown(mk);
	int n = make_error(mk, 11, 3, mk->len);
	/* Where RFC 4884 has the length of the quote. */
	mk->buf[upper_at(mk->seen) + (is_ip6(mk->seen) ? 4 : 5)] = (uint8_t)ht_rng_next(
	    mk->rng);
	repair(mk->buf, (size_t)n);
	return n;
}

/* Messages that are neither error nor echo: advertisements, time stamps. */
static int
make_unrelated(struct making *mk)
{
	static const uint8_t types4[] = { 9, 10, 13, 14, 17, 18 };
	static const uint8_t types6[] = { 138, 139, 140, 144, 145, 200 };
	uint64_t i = ht_rng_below(mk->rng, sizeof(types4));

	return make_error(mk, types4[i], types6[i], mk->len);
}

/* About a probe of ours, but of a type that says nothing about it: source quench
 * (RFC 6633), and one that is kept for experiments.  TCP gives up at that. */
static int
make_unknown_error(struct making *mk)
{
	if (mk->seen->proto == HT_PROTO_TCP)
		disown(mk);
	return make_error(mk, 4, 100, mk->len);
}

/* clang-format off: one kind, one line; heard by: ping sockets, UDP
 * sockets of IPv4, of IPv6; TCP compares its numbers in the kernel */
static const struct {
	const char *name;
	int (*make)(struct making *mk);
	bool by_icmp, by_udp4, by_udp6;
} kinds[] = {
	{ "foreign payload", make_foreign, true, true, true },
	{ "foreign unreachable", make_foreign_unreachable, true, true, true },
	{ "token of another time", make_old_generation, true, true, true },
	{ "number never sent", make_never_sent, true, true, true },
	{ "quote cut off", make_cut_quote, false, false, false },
	{ "bad checksum", make_bad_checksum, false, false, false },
	{ "stray answer", make_stray_answer, true, true, true },
	{ "spoofed answer", make_spoofed_answer, true, true, true },
	{ "noise", make_noise, false, false, false },
	{ "broken extensions", make_broken_extensions, true, true, true },
	{ "lying lengths", make_lying_lengths, true, true, true },
	{ "unrelated message", make_unrelated, false, false, false },
	{ "unknown error", make_unknown_error, true, false, true },
};
/* clang-format on */

unsigned
garbage_kinds(void)
{
	return sizeof(kinds) / sizeof(kinds[0]);
}

const char *
garbage_name(unsigned kind)
{
	return kinds[kind].name;
}

bool
garbage_is_heard(unsigned kind, const struct seen *seen)
{
	if (seen->proto == HT_PROTO_ICMP)
		return kinds[kind].by_icmp;
	if (seen->proto == HT_PROTO_UDP)
		return is_ip6(seen) ? kinds[kind].by_udp6 : kinds[kind].by_udp4;
	return false;
}

int
garbage_build(unsigned kind, const struct seen *seen, uint8_t *buf, size_t size,
    struct ht_rng *rng)
{
	struct making mk = { .seen = seen, .buf = buf, .size = size, .rng = rng };

	mk.len = seen->len < QUOTE_MAX ? seen->len : QUOTE_MAX;
	memcpy(mk.quote, seen->packet, mk.len);
	return kinds[kind].make(&mk);
}

size_t
garbage_damage(uint8_t *packet, size_t len, struct ht_rng *rng)
{
	size_t at = packet[0] >> 4 == 6 ? 40 : 20;
	uint64_t n = 1 + ht_rng_below(rng, 8);

	if (len <= at)
		return len;
	for (uint64_t i = 0; i < n; i++)
		packet[at + ht_rng_below(rng, len - at)] = (uint8_t)ht_rng_next(rng);
	if (ht_rng_below(rng, 2) == 0)
		len = at + (size_t)ht_rng_below(rng, len - at + 1);
	if (ht_rng_below(rng, 4) != 0)
		repair(packet, len);
	return len;
}
