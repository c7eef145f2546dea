/* SPDX-License-Identifier: ISC */
/*
 * Headers against bytes written out by hand from the RFCs.  That the kernel takes
 * what is built here is seen in tests/net/tunsim_selftest.sh.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/rng.h"
#include "packet/build.h"
#include "packet/ip.h"

/* Turn hexadecimal text into bytes; blanks and '|' are for the reader. */
static size_t
unhex(const char *text, uint8_t *buf, size_t size)
{
	size_t n = 0;
	unsigned byte;

	for (; *text != '\0'; text++) {
		if (*text == ' ' || *text == '|' || *text == '\n')
			continue;
		assert_int_equal(sscanf(text, "%2x", &byte), 1);
		assert_true(n < size);
		buf[n++] = (uint8_t)byte;
		text++;
	}
	return n;
}

static void
assert_bytes(const uint8_t *got, int len, const char *want)
{
	uint8_t bytes[2048];
	size_t n = unhex(want, bytes, sizeof(bytes));

	assert_int_equal(len, n);
	assert_memory_equal(got, bytes, n);
}

static void
assert_addr(const struct ht_addr *addr, const char *want)
{
	char buf[HT_ADDR_TEXT_MAX];

	assert_string_equal(ht_addr_text(addr, buf), want);
}

static struct ht_ip
between(const char *src, const char *dst)
{
	struct ht_ip ip = { .ttl = 64 };

	assert_true(ht_addr_parse(src, &ip.src));
	assert_true(ht_addr_parse(dst, &ip.dst));
	return ip;
}

/* The example of RFC 1071 section 3, and odd lengths padded with zero. */
static void
test_checksum(void **state)
{
	static const uint8_t rfc[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
	static const uint8_t odd[] = { 0x12, 0x34, 0x56 },
			     even[] = { 0x12, 0x34, 0x56, 0 };

	(void)state;
	assert_int_equal(ht_checksum(rfc, 8), (uint16_t)~0xddf2);
	assert_int_equal(ht_checksum(odd, 3), ht_checksum(even, 4));
	assert_int_equal(ht_checksum(odd, 0), 0xffff);
}

/* UDP from 192.168.0.1 to 192.168.0.199, TTL 64, with a well-known checksum. */
static const char ip4_udp[] = "45000073000040004011b861c0a80001c0a800c7"
			      "0035e97c005f279f 1e4b818000010001";

static void
test_ip4(void **state)
{
	uint8_t p[64];
	size_t len = unhex(ip4_udp, p, sizeof(p));
	struct ht_ip ip;
	struct ht_udp udp;

	(void)state;
	assert_int_equal(ht_ip_parse(p, len, &ip), 0);
	assert_int_equal(ht_checksum(p, 20), 0);
	assert_int_equal(ip.ttl, 64);
	assert_int_equal(ip.proto, HT_IP_UDP);
	assert_int_equal(ip.total, 115);
	assert_int_equal(ip.data_len, 16); /* cut off: what is there counts */
	assert_addr(&ip.src, "192.168.0.1");
	assert_addr(&ip.dst, "192.168.0.199");
	assert_int_equal(ht_udp_parse(ip.data, ip.data_len, &udp), 0);
	assert_int_equal(udp.sport, 53);
	assert_int_equal(udp.dport, 0xe97c);
	assert_int_equal(udp.length, 95);
	assert_int_equal(udp.checksum, 0x279f);
	assert_int_equal(udp.data_len, 8);
	for (size_t cut = 0; cut < 20; cut++)
		assert_int_equal(ht_ip_parse(p, cut, &ip), -EINVAL);
	p[0] = 0x4f; /* header longer than what is there */
	assert_int_equal(ht_ip_parse(p, len, &ip), -EINVAL);
	p[0] = 0x44; /* header too short */
	assert_int_equal(ht_ip_parse(p, len, &ip), -EINVAL);
	p[0] = 0x55; /* no such version */
	assert_int_equal(ht_ip_parse(p, len, &ip), -EINVAL);
	p[0] = 0x45;
	p[2] = 0, p[3] = 19; /* whole packet shorter than its header */
	assert_int_equal(ht_ip_parse(p, len, &ip), -EINVAL);
	p[3] = 24; /* bytes behind the packet are not its payload */
	assert_int_equal(ht_ip_parse(p, len, &ip), 0);
	assert_int_equal(ip.data_len, 4);
	p[3] = 0; /* as some hosts quote it */
	assert_int_equal(ht_ip_parse(p, len, &ip), 0);
	assert_int_equal(ip.data_len, 16);
	p[7] = 8; /* fragment offset 64 */
	assert_int_equal(ht_ip_parse(p, len, &ip), 0);
	assert_true(ip.is_fragment);
}

static void
test_ip4_options(void **state)
{
	uint8_t p[64];
	size_t len = unhex("46c0 0020 1234 0000 0102 0000 c0000201 e0000016 94040000"
			   "1600 0000 00000000",
	    p, sizeof(p));
	struct ht_ip ip;

	(void)state;
	assert_int_equal(ht_ip_parse(p, len, &ip), 0);
	assert_int_equal(ip.tos, 0xc0);
	assert_int_equal(ip.id, 0x1234);
	assert_int_equal(ip.data - p, 24);
	assert_int_equal(ip.data_len, 8);
}

static void
test_ip6(void **state)
{
	/* traffic class 0xb8, label 0x12345; hop-by-hop, fragment, ICMPv6 */
	uint8_t p[128];
	size_t len = unhex(
	    "6b812345 0018 00 40"
	    "20010db8000000000000000000000001"
	    "20010db8000000000000000000000002"
	    "2c00 0502 0000 0100 | 3a00 0000 00000001 | 8000 1234 0007 0009",
	    p, sizeof(p));
	struct ht_ip ip;
	struct ht_icmp icmp;

	(void)state;
	assert_int_equal(ht_ip_parse(p, len, &ip), 0);
	assert_int_equal(ip.tos, 0xb8);
	assert_int_equal(ip.label, 0x12345);
	assert_int_equal(ip.ttl, 64);
	assert_int_equal(ip.total, 64);
	assert_int_equal(ip.proto, HT_IP_ICMP6);
	assert_false(ip.is_fragment);
	assert_int_equal(ip.data - p, 56);
	assert_addr(&ip.dst, "2001:db8::2");
	assert_int_equal(ht_icmp_parse(HT_FAMILY_IP6, ip.data, ip.data_len, &icmp), 0);
	assert_int_equal(icmp.type, 128);
	assert_int_equal(icmp.id, 7);
	assert_int_equal(icmp.seq, 9);
	for (size_t cut = 0; cut < 56; cut++)
		assert_int_equal(ht_ip_parse(p, cut, &ip), -EINVAL);
	p[41] = 255; /* an extension header longer than the packet */
	assert_int_equal(ht_ip_parse(p, len, &ip), -EINVAL);
	p[41] = 0;
	p[51] = 8; /* not the first fragment: what follows is no header */
	assert_int_equal(ht_ip_parse(p, len, &ip), 0);
	assert_true(ip.is_fragment);
	p[51] = 0;
	p[5] = 0; /* length unsaid */
	assert_int_equal(ht_ip_parse(p, len, &ip), 0);
	assert_int_equal(ip.data_len, 8);
	p[5] = 8; /* less than its extension headers */
	assert_int_equal(ht_ip_parse(p, len, &ip), -EINVAL);
	assert_int_equal(ht_ip_parse_quote(p, len, &ip), 0);
	assert_int_equal(ip.data_len, 8);
}

static void
test_icmp(void **state)
{
	static const uint8_t exceeded4[] = { 11, 0, 1, 2, 0, 17, 0, 0 };
	static const uint8_t exceeded6[] = { 3, 0, 1, 2, 16, 0, 0, 0 };
	static const uint8_t big4[] = { 3, 4, 0, 0, 0, 32, 0x05, 0x78 };
	static const uint8_t big6[] = { 2, 0, 0, 0, 0, 0, 0x05, 0x78, 0x60 };
	struct ht_icmp icmp;

	(void)state;
	assert_int_equal(ht_icmp_parse(HT_FAMILY_IP4, exceeded4, 8, &icmp), 0);
	assert_int_equal(icmp.checksum, 0x0102);
	assert_int_equal(icmp.quote_len, 68);
	assert_int_equal(ht_icmp_parse(HT_FAMILY_IP6, exceeded6, 8, &icmp), 0);
	assert_int_equal(icmp.quote_len, 128);
	assert_int_equal(ht_icmp_parse(HT_FAMILY_IP4, big4, 8, &icmp), 0);
	assert_int_equal(icmp.mtu, 1400);
	assert_int_equal(icmp.quote_len, 128);
	assert_int_equal(ht_icmp_parse(HT_FAMILY_IP6, big6, 9, &icmp), 0);
	assert_int_equal(icmp.mtu, 1400);
	assert_int_equal(icmp.quote_len, 0);
	assert_int_equal(icmp.data_len, 1);
	assert_int_equal(ht_icmp_parse(HT_FAMILY_IP4, exceeded4, 7, &icmp), -EINVAL);
}

static void
test_tcp(void **state)
{
	uint8_t p[20];
	struct ht_tcp tcp;
	struct ht_udp udp;

	(void)state;
	unhex("9c40 01bb 01020304 05060708 5012 ffff 0000 0000", p, sizeof(p));
	assert_int_equal(ht_tcp_parse(p, 20, &tcp), 0);
	assert_int_equal(tcp.sport, 40000);
	assert_int_equal(tcp.dport, 443);
	assert_int_equal(tcp.seq, 0x01020304);
	assert_int_equal(tcp.ack, 0x05060708);
	assert_int_equal(tcp.flags, HT_TCP_SYN | HT_TCP_ACK);
	assert_true(tcp.has_checksum);
	assert_int_equal(tcp.data_len, 0);
	assert_int_equal(ht_tcp_parse(p, 17, &tcp), 0);
	assert_false(tcp.has_checksum);
	assert_int_equal(ht_tcp_parse(p, 8, &tcp), 0); /* the least that is quoted */
	assert_int_equal(tcp.seq, 0x01020304);
	assert_int_equal(tcp.ack, 0);
	assert_int_equal(tcp.flags, 0);
	assert_int_equal(ht_tcp_parse(p, 7, &tcp), -EINVAL);
	p[12] = 0x40; /* header too short */
	assert_int_equal(ht_tcp_parse(p, 20, &tcp), -EINVAL);
	p[12] = 0x60; /* options cut off */
	assert_int_equal(ht_tcp_parse(p, 20, &tcp), 0);
	assert_int_equal(tcp.data_len, 0);
	assert_int_equal(ht_udp_parse(p, 7, &udp), -EINVAL);
}

static void
test_build_echo(void **state)
{
	static const uint8_t data[] = { 0xab, 0xcd };
	struct ht_ip ip = between("192.0.2.1", "192.0.2.2");
	struct ht_icmp_echo echo = { .id = 1, .seq = 2, .data = data, .data_len = 2 };
	uint8_t p[64];

	(void)state;
	/* ~(4500+001e+4001+c000+0201+c000+0202), ~(0800+0001+0002+abcd) */
	int len = ht_build_icmp_echo(p, sizeof(p), &ip, &echo);
	assert_bytes(p, len,
	    "4500001e00000000 4001 f6db c0000201c0000202"
	    "0800 4c2f 0001 0002 abcd");
	assert_int_equal(ht_build_icmp_echo(p, 29, &ip, &echo), -EMSGSIZE);
	ip = between("2001:db8::1", "2001:db8::2");
	ip.tos = 0xb8;
	ip.label = 0x12345;
	echo.is_reply = true;
	/* ~(2001+0db8+1 + 2001+0db8+2 + 10 + 58 + 8100+1+2+abcd) */
	len = ht_build_icmp_echo(p, sizeof(p), &ip, &echo);
	assert_bytes(p, len,
	    "6b812345 000a 3a 40 20010db8000000000000000000000001"
	    "20010db8000000000000000000000002"
	    "8100 7775 0001 0002 abcd");
}

static void
test_build_udp_tcp(void **state)
{
	struct ht_ip ip = between("192.0.2.1", "192.0.2.2");
	const struct ht_udp udp = { .sport = 53, .dport = 40000 };
	const struct ht_tcp tcp = {
		.sport = 80, .dport = 40000, .ack = 1, .flags = HT_TCP_RST
	};
	uint8_t p[64];

	(void)state;
	/* ~(c000+0201+c000+0202 + 17 + 8 + 0035+9c40+0008) */
	assert_bytes(p, ht_build_udp(p, sizeof(p), &ip, &udp),
	    "4500001c00000000 4011 f6cd c0000201c0000202 0035 9c40 0008 df64");
	/* ~(c000+0201+c000+0202 + 6 + 20 + 0050+9c40+0001+5004+ffff) */
	assert_bytes(p, ht_build_tcp(p, sizeof(p), &ip, &tcp),
	    "4500002800000000 4006 f6cc c0000201c0000202"
	    "0050 9c40 00000000 00000001 5004 ffff 8f4b 0000");
	assert_int_equal(ht_build_tcp(p, 39, &ip, &tcp), -EMSGSIZE);
}

/* A SYN of a given size carries data; options are no data. */
static void
test_tcp_payload(void **state)
{
	static const uint8_t data[] = { 0xab, 0xcd };
	struct ht_ip ip = between("192.0.2.1", "192.0.2.2");
	struct ht_tcp tcp = { .sport = 80,
		.dport = 40000,
		.flags = HT_TCP_SYN,
		.data = data,
		.data_len = sizeof(data) };
	uint8_t p[64];

	(void)state;
	/* ~(c000+0201+c000+0202 + 6 + 22 + 0050+9c40+5002+ffff+abcd) */
	int len = ht_build_tcp(p, sizeof(p), &ip, &tcp);
	assert_bytes(p, len,
	    "4500002a00000000 4006 f6ca c0000201c0000202"
	    "0050 9c40 00000000 00000000 5002 ffff e37e 0000 abcd");
	assert_int_equal(ht_tcp_parse(p + 20, 22, &tcp), 0);
	assert_ptr_equal(tcp.data, p + 40);
	assert_int_equal(tcp.data_len, 2);
	assert_int_equal(tcp.checksum, 0xe37e);
	p[32] = 0x60; /* 24 bytes of header */
	assert_int_equal(ht_tcp_parse(p + 20, 22, &tcp), 0);
	assert_int_equal(tcp.data_len, 0);
	assert_int_equal(ht_tcp_parse(p + 20, 26, &tcp), 0);
	assert_int_equal(tcp.data_len, 2);
}

/* The payload of UDP ends where the header says, if that can be. */
static void
test_udp_length(void **state)
{
	uint8_t p[] = { 0, 53, 0, 54, 0, 10, 0, 0, 1, 2, 3, 4 };
	struct ht_udp udp;

	(void)state;
	for (unsigned length = 0; length < 16; length++) {
		p[5] = (uint8_t)length;
		assert_int_equal(ht_udp_parse(p, sizeof(p), &udp), 0);
		assert_int_equal(udp.length, length);
		assert_int_equal(
		    udp.data_len, length >= 8 && length < 12 ? length - 8 : 4);
	}
}

/* An all-zero UDP checksum is sent as ffff. */
static void
test_udp_checksum_never_zero(void **state)
{
	struct ht_ip ip = between("192.0.2.1", "192.0.2.2"), seen;
	struct ht_udp udp = { .sport = 53 };
	uint8_t p[64];

	(void)state;
	udp.dport = 0x9c40;
	for (unsigned port = 1; port <= 0xffff; port++) {
		udp.dport = (uint16_t)port;
		int len = ht_build_udp(p, sizeof(p), &ip, &udp);
		assert_int_equal(len, 28);
		assert_false(p[26] == 0 && p[27] == 0);
		assert_int_equal(ht_ip_parse(p, 28, &seen), 0);
		uint16_t sum = ht_checksum_upper(&seen, HT_IP_UDP, p + 20, 8);
		assert_true(sum == 0 || sum == 0xffff);
	}
}

static const struct ht_extensions extensions = {
	.n_mpls = 2,
	.mpls = { { .label = 24001, .tc = 3, .ttl = 1 },
	    { .label = 16, .tc = 5, .bottom = 1, .ttl = 254 } },
	.if_index = 42,
	.if_mtu = 9000,
	.if_name = "ge-0/0/1",
};

/* RFC 4884, 4950 and 5837, byte by byte; the checksum is 0 over the whole. */
static void
test_build_extensions(void **state)
{
	uint8_t p[128];
	int len = ht_build_extensions(p, sizeof(p), &extensions);

	(void)state;
	assert_true(len > 4);
	assert_int_equal(ht_checksum(p, (size_t)len), 0);
	p[2] = p[3] = 0;
	assert_bytes(p, len,
	    "20000000"
	    "000c 01 01 05dc1601 00010bfe"
	    "0018 02 0b 0000002a 0c 67652d302f302f31 000000 00002328");
	for (size_t size = 0; size < (size_t)len; size++)
		assert_int_equal(ht_build_extensions(p, size, &extensions), -EMSGSIZE);

	/* 2000+0008+0101+def6 is ffff, and its complement would say "none". */
	const struct ht_extensions zero = { .n_mpls = 1,
		.mpls = { { .label = 0xdef60 } } };
	assert_bytes(
	    p, ht_build_extensions(p, sizeof(p), &zero), "2000ffff 00080101 def60000");
}

static void
test_build_error(void **state)
{
	uint8_t quote[1024] = { 0x45, 0 }, p[1500];
	struct ht_ip ip = between("192.0.2.1", "192.0.2.2"), seen;
	struct ht_icmp_error error = { .type = 11, .quote = quote, .quote_len = 28 };
	struct ht_icmp icmp;

	(void)state;
	assert_int_equal(ht_build_icmp_error(p, sizeof(p), &ip, &error), 56);
	assert_int_equal(ht_ip_parse(p, 56, &seen), 0);
	assert_int_equal(ht_checksum(seen.data, seen.data_len), 0);
	assert_memory_equal(p + 28, quote, 28);
	error.ext = &extensions;
	/* Padded to 128 with zeros; length in words of four, or unsaid. */
	for (unsigned has = 0; has < 2; has++) {
		error.has_length = has;
		memset(p, 0xee, sizeof(p));
		int len = ht_build_icmp_error(p, sizeof(p), &ip, &error);
		assert_int_equal(len, 28 + 128 + 40);
		assert_int_equal(ht_ip_parse(p, (size_t)len, &seen), 0);
		assert_int_equal(
		    ht_icmp_parse(HT_FAMILY_IP4, seen.data, seen.data_len, &icmp), 0);
		assert_int_equal(icmp.quote_len, has ? 128 : 0);
		assert_int_equal(ht_checksum(seen.data, seen.data_len), 0);
		for (unsigned i = 28; i < 128; i++)
			assert_int_equal(icmp.data[i], 0);
		assert_int_equal(icmp.data[128], 0x20);
	}
	error.quote_len = 129; /* to the next word */
	assert_int_equal(ht_build_icmp_error(p, sizeof(p), &ip, &error), 28 + 132 + 40);
	error.quote_len = 1020; /* 255 words; the byte has no room for more */
	assert_int_equal(
	    ht_build_icmp_error(p, sizeof(p), &ip, &error), 28 + 1020 + 40);
	error.quote_len = 1021;
	assert_int_equal(ht_build_icmp_error(p, sizeof(p), &ip, &error), -EMSGSIZE);
	error.quote_len = 129;
	ip = between("2001:db8::1", "2001:db8::2");
	error.type = 3;
	assert_int_equal(ht_build_icmp_error(p, sizeof(p), &ip, &error), 48 + 136 + 40);
	assert_int_equal(p[44], 17); /* length in words of eight */
	ip.tos = 0xb8;
	ip.label = 0xfff12345; /* 20 bits of it */
	assert_int_equal(ht_build_icmp_error(p, sizeof(p), &ip, &error), 48 + 136 + 40);
	assert_memory_equal(p, "\x6b\x81\x23\x45", 4);
	assert_int_equal(ht_ip_parse(p, 48 + 136 + 40, &seen), 0);
	assert_int_equal(
	    ht_checksum_upper(&seen, HT_IP_ICMP6, seen.data, seen.data_len), 0);
	for (size_t size = 0; size < 48 + 136 + 40; size++)
		assert_int_equal(ht_build_icmp_error(p, size, &ip, &error), -EMSGSIZE);
}

/* Noise of every length in memory of just that length: sanitizers look on. */
static void
test_noise(void **state)
{
	struct ht_rng rng;

	(void)state;
	ht_rng_init(&rng, 4);
	for (unsigned i = 0; i < 100000; i++) {
		size_t len = (size_t)ht_rng_below(&rng, 90);
		uint8_t *p = malloc(len + 1);
		struct ht_ip ip;
		struct ht_icmp icmp;
		struct ht_tcp tcp;

		assert_non_null(p);
		uint8_t *exact = p + 1; /* and unaligned */
		for (size_t j = 0; j < len; j++)
			exact[j] = (uint8_t)ht_rng_next(&rng);
		if (len > 0)
			exact[0] = (uint8_t)(i % 2 ? 0x45 : 0x60);
		if (len > 6 && i % 3 == 0)
			exact[6] = (uint8_t)(i % 9 == 0 ? 0 : 60);
		if (ht_ip_parse(exact, len, &ip) == 0) {
			assert_true(ip.data >= exact && ip.data <= exact + len);
			assert_true(ip.data_len <= (size_t)(exact + len - ip.data));
			ht_icmp_parse(HT_FAMILY_IP4, ip.data, ip.data_len, &icmp);
			ht_tcp_parse(ip.data, ip.data_len, &tcp);
		}
		free(p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_ip4),
		cmocka_unit_test(test_ip4_options),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_build_echo),
		cmocka_unit_test(test_build_udp_tcp),
		cmocka_unit_test(test_tcp_payload),
		cmocka_unit_test(test_udp_length),
		cmocka_unit_test(test_udp_checksum_never_zero),
		cmocka_unit_test(test_build_extensions),
		cmocka_unit_test(test_build_error),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
