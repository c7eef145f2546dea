/* SPDX-License-Identifier: ISC */
/* The raw transport without sockets: probes as they leave, and whose a packet is
 * that came in, cut, rewritten or somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "packet/build.h"
#include "transport/linux/raw_match.h"
#include "transport/linux/raw_probe.h"

#define PORT_OURS   61000
#define PORT_THEIRS 61001
#define NOW         (100 * HT_S)
#define PARIS       2000 /* probes of one flow */

/* Two runs on one host. */
static struct ht_raw_table ours, theirs;

static const unsigned families[] = { HT_FAMILY_IP4, HT_FAMILY_IP6 };
static const unsigned protos[] = { HT_PROTO_ICMP, HT_PROTO_UDP, HT_PROTO_TCP };

struct packet {
	size_t len;
	uint8_t bytes[HT_RAW_SIZE_MAX];
};

static struct ht_addr
addr(const char *text)
{
	struct ht_addr a;

	assert_true(ht_addr_parse(text, &a));
	return a;
}

static struct ht_addr
source(unsigned family)
{
	return addr(family == HT_FAMILY_IP4 ? "192.0.2.10" : "2001:db8::10");
}

static struct ht_addr
target(unsigned family)
{
	return addr(family == HT_FAMILY_IP4 ? "203.0.113.80" : "2001:db8:ff::80");
}

static struct ht_probe
probe(unsigned family, unsigned proto, uint32_t token)
{
	return (struct ht_probe){ .token = token,
		.target = target(family),
		.proto = (uint8_t)proto,
		.ttl = 7,
		.tos = 0xb8,
		.pattern = 0x55,
		.flow = 3,
		.size = 64 };
}

/* Send: build it, and remember it if it is ours. */
static void
send_one(struct ht_raw_table *tb, const struct ht_probe *pr, struct packet *ret_packet)
{
	uint16_t port = tb == &ours ? PORT_OURS : PORT_THEIRS;
	struct ht_addr from = source(pr->target.family);
	struct ht_raw_sent sent;
	int r = ht_raw_build(tb, pr, &from, port, ret_packet->bytes, &sent);

	assert_true(r > 0);
	ret_packet->len = (size_t)r;
	sent.at.user = NOW - HT_MS;
	ht_raw_remember(tb, &sent);
}

static struct packet
sent(unsigned family, unsigned proto, uint32_t token)
{
	struct ht_probe pr = probe(family, proto, token);
	struct packet p;

	send_one(&ours, &pr, &p);
	return p;
}

/* As a router quotes its first bytes. */
static struct ht_raw_found
quoted(const struct packet *p, size_t len, struct ht_quote *ret_quote)
{
	struct ht_original o;
	struct ht_raw_found f;

	assert_int_equal(ht_original_parse(p->bytes, len, &o), 0);
	f = ht_raw_match_quote(&ours, &o, NOW);
	if (f.sent != NULL)
		ht_raw_compare(&ours, f.sent, &o, ret_quote);
	return f;
}

static size_t
header(unsigned family)
{
	return family == HT_FAMILY_IP4 ? 20 : 40;
}

static void
set16(struct packet *p, size_t at, unsigned value)
{
	p->bytes[at] = (uint8_t)(value >> 8);
	p->bytes[at + 1] = (uint8_t)value;
}

static int
reset(void **state)
{
	(void)state;
	memset(&ours, 0, sizeof(ours));
	memset(&theirs, 0, sizeof(theirs));
	memcpy(ours.magic, "\x11\x22\x33\x44", HT_IDENTITY_MAGIC);
	memcpy(theirs.magic, "\x91\xa2\xb3\xc4", HT_IDENTITY_MAGIC);
	ours.echo_id = 0x4711;
	theirs.echo_id = 0x0815;
	return 0;
}

/* Sending *******************************************************************/

static void
probes_are_as_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		unsigned family = families[i / 3], proto = protos[i % 3];
		size_t least = header(family) + (proto == HT_PROTO_TCP ? 20 : 8);
		for (unsigned size = 28; size < 300; size++) {
			struct ht_probe pr = probe(family, proto, size);
			struct packet p;
			struct ht_ip ip;
			pr.size = (uint16_t)size;
			send_one(&ours, &pr, &p);
			assert_int_equal(p.len, size < least ? least : size);
			assert_int_equal(ht_ip_parse(p.bytes, p.len, &ip), 0);
			assert_int_equal(ip.total, p.len);
			assert_int_equal(ip.ttl, 7);
			assert_int_equal(ip.tos, 0xb8);
			assert_true(
			    family == HT_FAMILY_IP4 ? ip.id != 0 : ip.label != 0);
			assert_int_equal(
			    proto == HT_PROTO_ICMP && family == HT_FAMILY_IP4
				? ht_checksum(ip.data, ip.data_len)
				: ht_checksum_upper(
				    &ip, ip.proto, ip.data, ip.data_len),
			    0);
		}
	}
}

static void
refuses_other_protocols(void **state)
{
	struct ht_probe pr = probe(HT_FAMILY_IP4, HT_PROTO_SCTP, 1);
	struct ht_addr from = source(HT_FAMILY_IP4);
	struct ht_raw_sent s;
	struct packet p;

	(void)state;
	assert_true(ht_raw_build(&ours, &pr, &from, 1, p.bytes, &s) < 0);
}

/* The first 60 bytes of options are no data; what is beyond has the pattern. */
static void
a_syn_has_data_only_beyond_its_options(void **state)
{
	struct ht_probe pr = probe(HT_FAMILY_IP4, HT_PROTO_TCP, 1);
	struct packet p;
	struct ht_ip ip;
	struct ht_tcp tcp;

	(void)state;
	for (unsigned size = 40; size <= 200; size += 4) {
		pr.size = (uint16_t)size;
		send_one(&ours, &pr, &p);
		assert_int_equal(ht_ip_parse(p.bytes, p.len, &ip), 0);
		assert_int_equal(ht_tcp_parse(ip.data, ip.data_len, &tcp), 0);
		assert_int_equal(tcp.flags, HT_TCP_SYN);
		assert_int_equal(tcp.data_len, size <= 80 ? 0 : size - 80);
		for (size_t i = 0; i < tcp.data_len; i++)
			assert_int_equal(tcp.data[i], 0x55);
		assert_int_equal(ours.sent[1].data_len, tcp.data_len);
	}
}

static void
ids_are_never_zero_and_all_differ(void **state)
{
	static uint8_t seen[65536];

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (uint32_t slot = 0; slot < 65535; slot++) {
		uint16_t id = ht_raw_id(&ours, 0x30000 | slot);
		assert_int_not_equal(id, 0);
		assert_int_equal(seen[id]++, 0);
		assert_ptr_equal(ht_raw_by_id(&ours, id), &ours.sent[slot]);
	}
	/* The one that is shared goes to whoever came last. */
	uint16_t id = ht_raw_id(&ours, 65535);
	assert_int_equal(id, ht_raw_id(&ours, 0));
	ours.sent[0].is_used = ours.sent[65535].is_used = true;
	ours.sent[0].at.user = 1;
	assert_ptr_equal(ht_raw_by_id(&ours, id), &ours.sent[0]);
	ours.sent[65535].at.user = 2;
	assert_ptr_equal(ht_raw_by_id(&ours, id), &ours.sent[65535]);
}

/* What routers balance by does not change from probe to probe. */
static void
a_flow_is_constant(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		unsigned family = families[i / 2], proto = protos[i % 2];
		size_t at = header(family) + (proto == HT_PROTO_ICMP ? 2 : 6);
		struct packet first = { 0 }, p;
		for (uint32_t token = 0; token < PARIS; token++) {
			struct ht_probe pr = probe(family, proto, token * 77);
			pr.size = (uint16_t)(header(family) + 18 + token % 80);
			send_one(&ours, &pr, &p);
			if (token == 0)
				first = p;
			/* Of UDP over IPv6 the checksum is the number of the probe. */
			if (family == HT_FAMILY_IP4 || proto == HT_PROTO_ICMP)
				assert_memory_equal(p.bytes + at, first.bytes + at, 2);
			/* Traffic class and label of IPv6, ports of UDP. */
			if (family == HT_FAMILY_IP6)
				assert_memory_equal(p.bytes, first.bytes, 4);
			if (proto == HT_PROTO_UDP)
				assert_memory_equal(
				    p.bytes + at - 6, first.bytes + at - 6, 4);
		}
	}
	/* Worked out by hand: all of it adds up to the flow's number (3), and 1. */
	struct packet p = sent(HT_FAMILY_IP4, HT_PROTO_ICMP, 5);
	assert_int_equal(p.bytes[22] << 8 | p.bytes[23], 0xffff - 4);
}

/* Quotes ********************************************************************/

static void
quotes_of_any_length_tell_the_probe(void **state)
{
	struct ht_quote q;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		unsigned family = families[i / 3], proto = protos[i % 3];
		struct packet first = sent(family, proto, 0x20000 + 10 * (uint32_t)i);
		struct packet p = sent(family, proto, 0x20001 + 10 * (uint32_t)i);
		for (size_t len = header(family) + 8; len <= p.len; len++) {
			struct ht_raw_found f = quoted(&p, len, &q);
			assert_int_equal(f.match, HT_MATCH_EXACT);
			assert_int_equal(f.token, 0x20001 + 10 * i);
			assert_int_equal(q.changed, 0);
		}
		assert_int_equal(quoted(&first, first.len, &q).token, 0x20000 + 10 * i);
	}
}

/* A UDP probe over IPv6 that is too small for any number. */
static struct packet
sent_small(uint32_t token)
{
	struct ht_probe pr = probe(HT_FAMILY_IP6, HT_PROTO_UDP, token);
	struct packet p;

	pr.size = 48;
	send_one(&ours, &pr, &p);
	return p;
}

static void
ports_alone_tell_one_probe_but_not_two(void **state)
{
	struct packet p = sent_small(1);
	struct ht_raw_found f;
	struct ht_quote q;

	(void)state;
	f = quoted(&p, 48, &q);
	assert_int_equal(f.match, HT_MATCH_MAPPED);
	assert_int_equal(f.token, 1);
	assert_false(f.is_anybodys);
	sent_small(2);
	f = quoted(&p, 48, &q);
	assert_int_equal(f.match, HT_MATCH_AMBIGUOUS);
	assert_true(f.is_anybodys);
	/* What is left over of two is no surer; who is too old does not count. */
	ours.sent[1].is_answered = true;
	assert_int_equal(quoted(&p, 48, &q).token, 2);
	assert_int_equal(quoted(&p, 48, &q).match, HT_MATCH_AMBIGUOUS);
	ours.sent[2].at.user = NOW - 9 * HT_S;
	assert_int_equal(quoted(&p, 48, &q).token, 2);
	ours.sent[2].at.user = NOW - 11 * HT_S;
	assert_int_equal(quoted(&p, 48, &q).match, HT_MATCH_NONE);
}

/* There are 65534 checksums: if two probes have the same one, none of them is it. */
static void
one_checksum_of_two_tells_neither(void **state)
{
	struct packet p = sent(HT_FAMILY_IP6, HT_PROTO_UDP, 1);
	struct ht_quote q;

	(void)state;
	assert_int_equal(quoted(&p, 48, &q).match, HT_MATCH_EXACT);
	sent(HT_FAMILY_IP6, HT_PROTO_UDP, 1 + 65534);
	assert_int_equal(quoted(&p, 48, &q).match, HT_MATCH_AMBIGUOUS);
	assert_int_equal(quoted(&p, p.len, &q).token, 1);
}

/* Source address and port, or identifier, are those that the NAT has put there. */
static void
a_nat_that_does_not_repair_quotes_is_seen(void **state)
{
	(void)state;
	for (size_t i = 0; i < 6; i++) {
		unsigned family = families[i / 3], proto = protos[i % 3];
		struct packet p = sent(family, proto, 40 + (uint32_t)i);
		size_t upper = header(family), source_at = upper == 20 ? 12 : 8;
		size_t checksum_at[] = { 2, 6, 16 };
		size_t short_quote = upper + 8;
		struct ht_quote q;
		struct ht_raw_found f;

		p.bytes[source_at + 1] ^= 0x40;
		set16(&p, upper + (proto == HT_PROTO_ICMP ? 4 : 0), 40001);
		set16(&p, upper + checksum_at[i % 3], 0x1234);
		f = quoted(&p, p.len, &q);
		assert_int_equal(f.match, HT_MATCH_EXACT);
		assert_int_equal(f.token, 40 + i);
		assert_int_equal(
		    q.changed, HT_QUOTE_ADDRESS | HT_QUOTE_PORT | HT_QUOTE_CHECKSUM);
		/* Without payload IPv4 has its ID, TCP its number. */
		f = quoted(&p, short_quote, &q);
		if (family == HT_FAMILY_IP4 || proto == HT_PROTO_TCP) {
			assert_int_equal(f.match, HT_MATCH_EXACT);
			assert_int_equal(f.token, 40 + i);
		} else {
			assert_int_equal(f.match, HT_MATCH_NONE);
		}
	}
}

static void
changes_are_named(void **state)
{
	struct packet p = sent(HT_FAMILY_IP4, HT_PROTO_UDP, 1), bad;
	struct packet p6 = sent(HT_FAMILY_IP6, HT_PROTO_UDP, 2);
	struct ht_quote q;

	(void)state;
	bad = p;
	bad.bytes[1] = 0; /* TOS: bleached */
	bad.bytes[8] = 1; /* TTL: as it should be */
	assert_int_equal(quoted(&bad, 28, &q).match, HT_MATCH_EXACT);
	assert_int_equal(q.changed, HT_QUOTE_TOS);
	assert_int_equal(q.ttl, 1);
	bad = p;
	bad.bytes[12] ^= 1; /* source: rewritten, the port is not */
	assert_int_equal(quoted(&bad, 28, &q).match, HT_MATCH_EXACT);
	assert_int_equal(q.changed, HT_QUOTE_ADDRESS);
	bad = p;
	bad.bytes[16] ^= 1; /* target: that of a DNAT */
	assert_int_equal(quoted(&bad, 28, &q).match, HT_MATCH_EXACT);
	assert_int_equal(q.changed, HT_QUOTE_ADDRESS);
	bad = p;
	set16(&bad, 4, 0); /* ID: erased, but the payload is there */
	assert_int_equal(quoted(&bad, bad.len, &q).match, HT_MATCH_EXACT);
	assert_int_equal(q.changed, HT_QUOTE_ID);
	p6.bytes[3] ^= 1; /* flow label */
	assert_int_equal(quoted(&p6, p6.len, &q).match, HT_MATCH_EXACT);
	assert_int_equal(q.changed, HT_QUOTE_LABEL);
}

/* A host that erases the ID, and quotes 28 bytes. */
static void
without_an_id_the_rest_has_to_do(void **state)
{
	struct packet p[3];
	struct ht_quote q;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		p[i] = sent(HT_FAMILY_IP4, protos[i], 100 + i);
		set16(&p[i], 4, 0);
		assert_int_equal(quoted(&p[i], 28, &q).token, 100 + i);
		assert_int_equal(quoted(&p[i], 28, &q).match,
		    protos[i] == HT_PROTO_UDP ? HT_MATCH_MAPPED : HT_MATCH_EXACT);
	}
	sent(HT_FAMILY_IP4, HT_PROTO_UDP, 104);
	assert_int_equal(quoted(&p[1], 28, &q).match, HT_MATCH_AMBIGUOUS);
}

/* Others ********************************************************************/

/* Another run on this host, to the same target, with the same tokens. */
static void
another_runs_probes_are_not_ours(void **state)
{
	struct ht_quote q;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		unsigned family = families[i / 3], proto = protos[i % 3];
		size_t upper = header(family);
		for (uint32_t token = 0; token < 3000; token++) {
			struct ht_probe pr = probe(family, proto, token);
			struct packet p;
			sent(family, proto, token);
			send_one(&theirs, &pr, &p);
			assert_int_equal(quoted(&p, p.len, &q).match, HT_MATCH_NONE);
			assert_int_equal(
			    quoted(&p, upper + 8, &q).match, HT_MATCH_NONE);
			p.bytes[upper == 20 ? 13 : 9] ^= 0x40; /* behind a NAT */
			assert_int_equal(quoted(&p, p.len, &q).match, HT_MATCH_NONE);
		}
	}
}

/* One with our IPv4 ID, by chance, as any other program may send it. */
static void
an_id_by_chance_is_not_enough(void **state)
{
	struct packet p = sent(HT_FAMILY_IP4, HT_PROTO_UDP, 1), bad;
	struct ht_quote q;

	(void)state;
	bad = p;
	set16(&bad, 20, 33000); /* their port, our host */
	assert_int_equal(quoted(&bad, 28, &q).match, HT_MATCH_NONE);
	bad = p;
	set16(&bad, 22, 33000); /* another port of our target */
	assert_int_equal(quoted(&bad, 28, &q).match, HT_MATCH_NONE);
	bad = p;
	bad.bytes[12] ^= 1, bad.bytes[16] ^= 1; /* neither end is right */
	assert_int_equal(quoted(&bad, 28, &q).match, HT_MATCH_NONE);
	bad = p;
	bad.bytes[12] ^= 1, set16(&bad, 2, 60); /* another size */
	assert_int_equal(quoted(&bad, 28, &q).match, HT_MATCH_NONE);
	bad = p;
	bad.bytes[9] = 6; /* another protocol */
	assert_int_equal(quoted(&bad, 28, &q).match, HT_MATCH_NONE);
	bad = p;
	set16(&bad, 28, 0x4242); /* somebody else's payload */
	assert_int_equal(quoted(&bad, bad.len, &q).match, HT_MATCH_NONE);
	bad = p;
	set16(&bad, 24, 8), set16(&bad, 28, 0x4242); /* that, and denied */
	assert_int_equal(quoted(&bad, bad.len, &q).match, HT_MATCH_NONE);
	bad = p;
	set16(&bad, 4, 0), set16(&bad, 28, 0x4242); /* our ports, and no more */
	assert_int_equal(quoted(&bad, bad.len, &q).match, HT_MATCH_NONE);
	/* Less than 8 bytes behind the header: no router does that (RFC 792). */
	for (size_t len = 20; len < 28; len++)
		assert_int_equal(quoted(&p, len, &q).match, HT_MATCH_NONE);
	assert_int_equal(quoted(&p, 28, &q).match, HT_MATCH_EXACT);
}

/* Our payload, but what is in front of it belongs to another probe. */
static void
a_token_has_to_fit_its_header(void **state)
{
	struct packet udp = sent(HT_FAMILY_IP4, HT_PROTO_UDP, 1);
	struct packet echo = sent(HT_FAMILY_IP4, HT_PROTO_ICMP, 1);
	struct ht_quote q;

	(void)state;
	assert_int_equal(quoted(&echo, echo.len, &q).match, HT_MATCH_EXACT);
	assert_int_equal(quoted(&udp, udp.len, &q).match, HT_MATCH_NONE);
	set16(&echo, 26, 2); /* sequence number */
	assert_int_equal(quoted(&echo, echo.len, &q).match, HT_MATCH_NONE);
}

/* Answers *******************************************************************/

static void
echo_replies_are_matched(void **state)
{
	struct ht_addr from = target(HT_FAMILY_IP4), other = addr("198.51.100.9");
	struct packet p = sent(HT_FAMILY_IP4, HT_PROTO_ICMP, 0x70005);
	struct ht_probe tiny = probe(HT_FAMILY_IP4, HT_PROTO_ICMP, 6);
	struct ht_icmp icmp;

	(void)state;
	assert_int_equal(
	    ht_icmp_parse(HT_FAMILY_IP4, p.bytes + 20, p.len - 20, &icmp), 0);
	assert_int_equal(ht_raw_match_echo(&ours, &icmp, &from).match, HT_MATCH_EXACT);
	assert_int_equal(ht_raw_match_echo(&ours, &icmp, &from).token, 0x70005);
	/* Some targets answer from another address: the payload is enough. */
	assert_int_equal(ht_raw_match_echo(&ours, &icmp, &other).match, HT_MATCH_EXACT);
	icmp.seq++;
	assert_int_equal(ht_raw_match_echo(&ours, &icmp, &from).match, HT_MATCH_NONE);
	icmp.seq--;
	icmp.id++;
	assert_int_equal(ht_raw_match_echo(&ours, &icmp, &from).match, HT_MATCH_NONE);
	assert_false(ht_raw_match_echo(&ours, &icmp, &from).is_about_us);
	icmp.id--;
	p.bytes[30] ^= 1;
	assert_int_equal(ht_raw_match_echo(&ours, &icmp, &from).match, HT_MATCH_NONE);

	/* Without payload sequence number and address have to do. */
	tiny.size = 28;
	send_one(&ours, &tiny, &p);
	assert_int_equal(
	    ht_icmp_parse(HT_FAMILY_IP4, p.bytes + 20, p.len - 20, &icmp), 0);
	assert_int_equal(ht_raw_match_echo(&ours, &icmp, &from).token, 6);
	assert_int_equal(ht_raw_match_echo(&ours, &icmp, &other).match, HT_MATCH_NONE);
}

static void
udp_data_is_matched(void **state)
{
	struct ht_addr from = target(HT_FAMILY_IP4);
	struct packet p = sent(HT_FAMILY_IP4, HT_PROTO_UDP, 77);
	struct ht_udp udp = { .sport = 33434, .dport = PORT_OURS };

	(void)state;
	assert_int_equal(
	    ht_raw_match_udp(&ours, &udp, &from, NOW).match, HT_MATCH_MAPPED);
	sent(HT_FAMILY_IP4, HT_PROTO_UDP, 78);
	assert_int_equal(
	    ht_raw_match_udp(&ours, &udp, &from, NOW).match, HT_MATCH_AMBIGUOUS);
	udp.data = p.bytes + 28; /* an echo service */
	udp.data_len = p.len - 28;
	assert_int_equal(ht_raw_match_udp(&ours, &udp, &from, NOW).token, 77);
	assert_int_equal(
	    ht_raw_match_udp(&ours, &udp, &from, NOW).match, HT_MATCH_EXACT);
	udp.data_len = 0;
	udp.sport++;
	assert_int_equal(
	    ht_raw_match_udp(&ours, &udp, &from, NOW).match, HT_MATCH_NONE);
}

static struct ht_raw_found
answer(unsigned flags, uint32_t ack, uint8_t *ret_kind)
{
	struct ht_addr from = target(HT_FAMILY_IP6);
	struct ht_tcp tcp = {
		.sport = 80, .dport = PORT_OURS, .ack = ack, .flags = (uint8_t)flags
	};

	return ht_raw_match_tcp(&ours, &tcp, &from, NOW, ret_kind);
}

/* The number is right, but ports or family are another connection's.  Another address
 * may be the target's, if the number is. */
static void
tcp_answers_of_others_are_not_ours(void **state)
{
	struct ht_addr from = target(HT_FAMILY_IP6), other = addr("2001:db8::9");
	struct ht_addr alien = addr("192.0.2.9");
	struct ht_tcp tcp = { .sport = 80,
		.dport = PORT_OURS,
		.ack = ht_raw_seq(&ours, 5) + 1,
		.flags = HT_TCP_SYN | HT_TCP_ACK };
	uint8_t kind;

	(void)state;
	sent(HT_FAMILY_IP6, HT_PROTO_TCP, 5);
	assert_int_equal(ht_raw_match_tcp(&ours, &tcp, &from, NOW, &kind).token, 5);
	assert_int_equal(ht_raw_match_tcp(&ours, &tcp, &other, NOW, &kind).token, 5);
	assert_int_equal(
	    ht_raw_match_tcp(&ours, &tcp, &other, NOW, &kind).match, HT_MATCH_EXACT);
	assert_int_equal(
	    ht_raw_match_tcp(&ours, &tcp, &alien, NOW, &kind).match, HT_MATCH_NONE);
	tcp.ack++;
	assert_int_equal(
	    ht_raw_match_tcp(&ours, &tcp, &other, NOW, &kind).match, HT_MATCH_NONE);
	tcp.ack--;
	tcp.flags = HT_TCP_ACK;
	assert_int_equal(
	    ht_raw_match_tcp(&ours, &tcp, &other, NOW, &kind).match, HT_MATCH_NONE);
	tcp.flags = HT_TCP_SYN | HT_TCP_ACK;
	tcp.dport = PORT_THEIRS;
	assert_int_equal(
	    ht_raw_match_tcp(&ours, &tcp, &from, NOW, &kind).match, HT_MATCH_NONE);
	tcp.dport = PORT_OURS;
	tcp.sport = 81;
	assert_int_equal(
	    ht_raw_match_tcp(&ours, &tcp, &from, NOW, &kind).match, HT_MATCH_NONE);
}

static void
tcp_answers_are_matched(void **state)
{
	struct packet p = sent(HT_FAMILY_IP6, HT_PROTO_TCP, 0x50007);
	struct ht_probe large = probe(HT_FAMILY_IP6, HT_PROTO_TCP, 0x50008);
	uint32_t seq = ht_raw_seq(&ours, 0x50007);
	uint8_t kind;

	(void)state;
	assert_int_equal(answer(HT_TCP_SYN | HT_TCP_ACK, seq + 1, &kind).match, 3);
	assert_int_equal(kind, HT_REPLY_TCP_OPEN);
	assert_int_equal(
	    answer(HT_TCP_RST | HT_TCP_ACK, seq + 1, &kind).token, 0x50007);
	assert_int_equal(kind, HT_REPLY_TCP_CLOSED);
	assert_int_equal(answer(HT_TCP_RST | HT_TCP_ACK, seq, &kind).match, 0);
	assert_int_equal(answer(HT_TCP_RST, seq + 1, &kind).match, 0);
	assert_int_equal(answer(HT_TCP_SYN, seq + 1, &kind).match, 0);

	/* A reset acknowledges the data as well. */
	large.size = 160;
	send_one(&ours, &large, &p);
	seq = ht_raw_seq(&ours, 0x50008);
	assert_int_equal(
	    answer(HT_TCP_RST | HT_TCP_ACK, seq + 1 + 60, &kind).token, 0x50008);
	assert_int_equal(
	    answer(HT_TCP_SYN | HT_TCP_ACK, seq + 1, &kind).token, 0x50008);

	/* A plain ACK names the SYN before, and answers the one after. */
	ours.sent[7].is_answered = true;
	assert_int_equal(
	    answer(HT_TCP_ACK, ht_raw_seq(&ours, 0x50007) + 1, &kind).token, 0x50008);
	assert_int_equal(answer(HT_TCP_ACK, 12345, &kind).match, HT_MATCH_NONE);
}

/* Many SYNs with data in flight: what a reset acknowledges fits one of them. */
static void
resets_of_data_are_matched(void **state)
{
	struct ht_probe pr;
	struct packet p;
	uint8_t kind;

	(void)state;
	for (uint32_t token = 0; token < 1000; token++) {
		pr = probe(HT_FAMILY_IP6, HT_PROTO_TCP, 0x30000 + token);
		pr.size = (uint16_t)(100 + token % 97);
		send_one(&ours, &pr, &p);
	}
	for (uint32_t token = 0; token < 1000; token++) {
		uint32_t seq = ht_raw_seq(&ours, 0x30000 + token);
		uint32_t data = token % 97;
		assert_int_equal(
		    answer(HT_TCP_RST | HT_TCP_ACK, seq + 1 + data, &kind).token,
		    0x30000 + token);
		assert_int_equal(answer(HT_TCP_SYN | HT_TCP_ACK, seq + 1, &kind).token,
		    0x30000 + token);
		assert_int_equal(ht_raw_seq_token(&ours, seq), 0x30000 + token);
		if (data > 3)
			assert_int_equal(
			    answer(HT_TCP_RST | HT_TCP_ACK, seq + 3, &kind).match,
			    HT_MATCH_NONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(resets_of_data_are_matched, reset),
		cmocka_unit_test_setup(probes_are_as_asked_for, reset),
		cmocka_unit_test_setup(refuses_other_protocols, reset),
		cmocka_unit_test_setup(a_syn_has_data_only_beyond_its_options, reset),
		cmocka_unit_test_setup(ids_are_never_zero_and_all_differ, reset),
		cmocka_unit_test_setup(a_flow_is_constant, reset),
		cmocka_unit_test_setup(quotes_of_any_length_tell_the_probe, reset),
		cmocka_unit_test_setup(ports_alone_tell_one_probe_but_not_two, reset),
		cmocka_unit_test_setup(one_checksum_of_two_tells_neither, reset),
		cmocka_unit_test_setup(
		    a_nat_that_does_not_repair_quotes_is_seen, reset),
		cmocka_unit_test_setup(changes_are_named, reset),
		cmocka_unit_test_setup(without_an_id_the_rest_has_to_do, reset),
		cmocka_unit_test_setup(another_runs_probes_are_not_ours, reset),
		cmocka_unit_test_setup(an_id_by_chance_is_not_enough, reset),
		cmocka_unit_test_setup(a_token_has_to_fit_its_header, reset),
		cmocka_unit_test_setup(echo_replies_are_matched, reset),
		cmocka_unit_test_setup(udp_data_is_matched, reset),
		cmocka_unit_test_setup(tcp_answers_are_matched, reset),
		cmocka_unit_test_setup(tcp_answers_of_others_are_not_ours, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
