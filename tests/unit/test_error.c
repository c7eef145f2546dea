/* SPDX-License-Identifier: ISC */
/*
 * ICMP errors as raw sockets hand them up, against bytes written out by hand from
 * the RFCs.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "packet/error.h"

/* A message in the making. */
struct bytes {
	uint8_t p[512];
	size_t len;
};

/* Add bytes in hexadecimal; blanks are for the reader. */
static void
add(struct bytes *b, const char *text)
{
	unsigned byte;

	for (; *text != '\0'; text++) {
		if (*text == ' ')
			continue;
		assert_int_equal(sscanf(text, "%2x", &byte), 1);
		assert_true(b->len < sizeof(b->p));
		b->p[b->len++] = (uint8_t)byte;
		text++;
	}
}

static void
pad(struct bytes *b, size_t until)
{
	assert_true(b->len <= until && until <= sizeof(b->p));
	memset(b->p + b->len, 0, until - b->len);
	b->len = until;
}

/* Put a checksum into from[2..3], computed the long way. */
static void
seal(uint8_t *from, size_t len)
{
	uint32_t sum = 0;

	from[2] = from[3] = 0;
	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)from[i] << 8 : from[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	from[2] = (uint8_t)(~sum >> 8);
	from[3] = (uint8_t)~sum;
}

/* An IPv4 packet of ICMP: outer header, then what text says; 192.0.2.9 sends. */
static struct bytes
ip4(const char *text)
{
	struct bytes b = { .len = 0 };

	add(&b, "45c0 0000 0001 0000 3c01 0000 c0000209 c6336401");
	add(&b, text);
	return b;
}

/* Make length and checksum of the outer packet right. */
static void
finish(struct bytes *b)
{
	b->p[2] = (uint8_t)(b->len >> 8);
	b->p[3] = (uint8_t)b->len;
	seal(b->p + 20, b->len - 20);
}

/* Parse from the heap, so that a sanitizer sees a read past the end; what is
 * borrowed is only compared. */
static int
parse(const struct bytes *b, enum ht_family family, struct ht_icmp_seen *ret_seen)
{
	uint8_t *copy = malloc(b->len > 0 ? b->len : 1);

	assert_non_null(copy);
	if (b->len > 0)
		memcpy(copy, b->p, b->len);
	int r = ht_icmp_error_parse(family, copy, b->len, ret_seen);
	if (r == 0) {
		const struct ht_original *o = &ret_seen->original;
		assert_true(o->ip.data >= copy);
		assert_true(o->ip.data + o->ip.data_len <= copy + b->len);
		assert_true(o->proto != HT_PROTO_NONE || o->payload == NULL);
		assert_true(
		    o->payload == NULL
		    || (o->payload >= o->ip.data
			&& o->payload + o->payload_len <= o->ip.data + o->ip.data_len));
		/* Make it an offset, which outlives the copy. */
		if (o->payload != NULL)
			ret_seen->original.payload = b->p + (o->payload - copy);
	}
	free(copy);
	return r;
}

static void
assert_addr(const struct ht_addr *addr, const char *want)
{
	char buf[HT_ADDR_TEXT_MAX];

	assert_string_equal(ht_addr_text(addr, buf), want);
}

/* What a probe to 203.0.113.7 looks like: TOS 0xb8, id 0x1234, TTL 1 left. */
#define UDP4                                                                           \
	"45b8 0026 1234 0000 0111 0000 c6336401 cb007107"                              \
	"ee48 829a 0012 beef a1a2a3a4 0000 0001 cccc"
#define EXCEEDED "0b00 0000 0000 0000"
#define SEEN4    (HT_QUOTE_TOS | HT_QUOTE_TTL | HT_QUOTE_ADDRESS | HT_QUOTE_ID)
#define SEEN6    (HT_QUOTE_TOS | HT_QUOTE_TTL | HT_QUOTE_ADDRESS | HT_QUOTE_LABEL)

static void
reads_a_quoted_udp_probe(void **state)
{
	struct bytes b = ip4(EXCEEDED UDP4);
	struct ht_icmp_seen seen;
	const struct ht_original *o = &seen.original;

	(void)state;
	finish(&b);
	assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
	assert_addr(&seen.ip.src, "192.0.2.9");
	assert_int_equal(seen.ip.ttl, 60);
	assert_int_equal(seen.ip.tos, 0xc0);
	assert_int_equal(seen.type, 11);
	assert_int_equal(seen.code, 0);
	assert_int_equal(seen.mtu, 0);
	assert_false(seen.has_ext);
	assert_addr(&o->ip.src, "198.51.100.1");
	assert_addr(&o->ip.dst, "203.0.113.7");
	assert_int_equal(o->proto, HT_PROTO_UDP);
	assert_int_equal(o->sport, 61000);
	assert_int_equal(o->dport, 33434);
	assert_ptr_equal(o->payload, b.p + 56);
	assert_int_equal(o->payload_len, 10);
	assert_int_equal(o->quote.seen, SEEN4 | HT_QUOTE_PORT | HT_QUOTE_CHECKSUM);
	assert_int_equal(o->quote.changed, 0);
	assert_int_equal(o->quote.tos, 0xb8);
	assert_int_equal(o->quote.ttl, 1);
	assert_int_equal(o->quote.id, 0x1234);
	assert_int_equal(o->quote.checksum, 0xbeef);
	assert_int_equal(o->quote.label, 0);
}

/* The least that RFC 792 asks for; whatever follows the claimed length is none. */
static void
reads_short_and_long_quotes(void **state)
{
	struct ht_icmp_seen seen;

	(void)state;
	for (size_t len = 20; len <= 60; len++) {
		struct bytes b = ip4(
		    EXCEEDED UDP4 "dddddddddddddddddddddddddddddddddddd"
				  "dddddddddddddd");
		b.len = 28 + len;
		finish(&b);
		assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
		size_t data_len = len < 38 ? len - 20 : 18;
		assert_int_equal(seen.original.ip.data_len, data_len);
		assert_int_equal(
		    seen.original.proto, len < 28 ? HT_PROTO_NONE : HT_PROTO_UDP);
		assert_int_equal(
		    seen.original.payload_len, len < 28 ? 0 : data_len - 8);
		assert_int_equal(seen.original.quote.seen,
		    len < 28 ? SEEN4 : SEEN4 | HT_QUOTE_PORT | HT_QUOTE_CHECKSUM);
	}
}

static void
reads_ip4_options(void **state)
{
	struct bytes b = ip4(EXCEEDED "4600 0020 1234 0000 0111 0000 c6336401 cb007107"
				      "94040000 ee48 829a 0008 beef");
	struct ht_icmp_seen seen;

	(void)state;
	finish(&b);
	assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
	assert_int_equal(seen.original.dport, 33434);
	assert_int_equal(seen.original.payload_len, 0);
}

/* Total length swapped (0x2600), less the header (18), or none at all. */
static void
mistrusts_the_quoted_length(void **state)
{
	static const uint8_t lengths[][2] = { { 0x26, 0 }, { 0, 18 }, { 0, 0 },
		{ 0xff, 0xff } };
	struct ht_icmp_seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct bytes b = ip4(EXCEEDED UDP4);
		memcpy(b.p + 30, lengths[i], 2);
		finish(&b);
		assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
		assert_int_equal(seen.original.dport, 33434);
		assert_int_equal(seen.original.payload_len, 10);
	}
}

static void
reads_a_quoted_syn(void **state)
{
	static const char quote[] = "4500 002c 1234 0000 0106 0000 c6336401 cb007107"
				    "ee48 0050 01020304 00000000 6002 ffff beef 0000"
				    "020405b4";
	struct ht_icmp_seen seen;

	(void)state;
	for (size_t len = 28; len <= 44; len++) {
		struct bytes b = ip4(EXCEEDED);
		add(&b, quote);
		b.len = 28 + len;
		finish(&b);
		assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
		assert_int_equal(seen.original.proto, HT_PROTO_TCP);
		assert_int_equal(seen.original.sport, 61000);
		assert_int_equal(seen.original.dport, 80);
		assert_int_equal(seen.original.tcp_seq, 0x01020304);
		assert_int_equal(seen.original.payload_len, 0);
		assert_int_equal(seen.original.quote.seen,
		    SEEN4 | HT_QUOTE_PORT | (len < 38 ? 0 : HT_QUOTE_CHECKSUM));
		assert_int_equal(seen.original.quote.checksum, len < 38 ? 0 : 0xbeef);
	}
}

/* Quoted as far as 28..40 bytes, then zeros to 128 (RFC 4884 section 5.4). */
static void
reads_a_padded_syn(void **state)
{
	struct ht_icmp_seen seen;

	(void)state;
	for (size_t len = 28; len <= 40; len++) {
		struct bytes b = ip4(
		    "0b00 0000 0020 0000 4500 0040 1234 0000 0106 0000"
		    "c6336401 cb007107 ee48 0050 01020304 00000000 5002 ffff"
		    "beef 0000");
		b.len = 28 + len;
		pad(&b, 28 + 128);
		finish(&b);
		assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
		assert_int_equal(seen.original.proto, HT_PROTO_TCP);
		assert_int_equal(seen.original.dport, 80);
		assert_int_equal(seen.original.tcp_seq, 0x01020304);
		if (len <= 36)
			assert_false(seen.original.quote.seen & HT_QUOTE_CHECKSUM);
		if (len >= 38)
			assert_int_equal(seen.original.quote.checksum, 0xbeef);
	}
}

/* A quoted echo reply, redirect or odd code is no probe of ours. */
static void
reads_a_quoted_echo_request(void **state)
{
	static const struct {
		unsigned type, code;
		bool is_probe;
	} rows[] = { { 8, 0, true }, { 0, 0, false }, { 8, 1, false }, { 3, 0, false },
		{ 128, 0, false } };
	struct ht_icmp_seen seen;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes b = ip4(
		    EXCEEDED "4500 001e 1234 0000 0101 0000 c6336401 cb007107"
			     "0000 beef 0007 0009 abcd");
		b.p[48] = (uint8_t)rows[i].type;
		b.p[49] = (uint8_t)rows[i].code;
		finish(&b);
		assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
		const struct ht_original *o = &seen.original;
		assert_int_equal(
		    o->proto, rows[i].is_probe ? HT_PROTO_ICMP : HT_PROTO_NONE);
		assert_int_equal(o->id, rows[i].is_probe ? 7 : 0);
		assert_int_equal(o->seq, rows[i].is_probe ? 9 : 0);
		assert_int_equal(o->quote.checksum, rows[i].is_probe ? 0xbeef : 0);
		assert_int_equal(o->payload_len, rows[i].is_probe ? 2 : 0);
	}
}

static void
reads_no_header_in_later_fragments(void **state)
{
	struct bytes b = ip4(EXCEEDED UDP4);
	struct ht_icmp_seen seen;

	(void)state;
	b.p[28 + 6] = 0x20; /* the first of several */
	finish(&b);
	assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
	assert_int_equal(seen.original.proto, HT_PROTO_UDP);
	b.p[28 + 7] = 1; /* at 8 */
	finish(&b);
	assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
	assert_int_equal(seen.original.proto, HT_PROTO_NONE);
	assert_int_equal(seen.original.sport, 0);
}

#define STACK "2000 0000 000c 0101 05dc3601 00010bfe"

/* The length is in words of 4; the quote ends where the structure begins. */
static void
reads_extensions(void **state)
{
	struct bytes b = ip4("0b00 0000 0020 0000"
			     "4500 0100 1234 0000 0111 0000 c6336401 cb007107"
			     "ee48 829a 00ec beef a1a2a3a4 00000001 cccc");
	struct ht_icmp_seen seen;

	(void)state;
	pad(&b, 28 + 128);
	add(&b, STACK);
	seal(b.p + 156, 16);
	finish(&b);
	for (unsigned stated = 0; stated <= 32; stated += 16) {
		/* Unsaid, too small for RFC 4884, right. */
		b.p[25] = (uint8_t)stated;
		finish(&b);
		assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
		assert_true(seen.has_ext);
		assert_int_equal(seen.ext.malformed, 0);
		assert_int_equal(seen.ext.n_mpls, 2);
		assert_int_equal(seen.ext.mpls[0].label, 24003);
		assert_int_equal(seen.original.payload_len, 100);
	}
	b.p[160] ^= 1; /* broken, and said to be there: flagged */
	finish(&b);
	assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
	assert_true(seen.has_ext);
	assert_int_equal(seen.ext.malformed, 1);
	assert_int_equal(seen.original.payload_len, 100);
	b.p[25] = 0; /* unsaid: then it is the probe's own bytes */
	finish(&b);
	assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
	assert_false(seen.has_ext);
	assert_int_equal(seen.original.payload_len, 116);
	b.p[25] = 36; /* all that is there, and so nothing behind it */
	finish(&b);
	assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
	assert_false(seen.has_ext);
	assert_int_equal(seen.original.payload_len, 116);
	b.p[25] = 255; /* beyond what is there */
	finish(&b);
	assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
	assert_false(seen.has_ext);
	assert_int_equal(seen.original.payload_len, 116);
}

/* Traffic class 0xb8, label 0x12345, from 2001:db8::1 to 2001:db8::7. */
#define HEADER6                                                                        \
	"6b812345 0012 11 01 20010db8000000000000000000000001"                         \
	"20010db8000000000000000000000007"
#define UDP6 "ee48 829a 0012 beef a1a2a3a4 00000001 cccc"

static void
reads_ip6_from_its_icmp_header_on(void **state)
{
	struct bytes b = { .len = 0 };
	struct ht_icmp_seen seen;
	const struct ht_original *o = &seen.original;

	(void)state;
	add(&b, "0300 dead 00000000" HEADER6 UDP6);
	assert_int_equal(parse(&b, HT_FAMILY_IP6, &seen), 0);
	assert_int_equal(seen.type, 3);
	assert_int_equal(seen.ip.src.family, HT_FAMILY_NONE);
	assert_addr(&o->ip.src, "2001:db8::1");
	assert_addr(&o->ip.dst, "2001:db8::7");
	assert_int_equal(o->proto, HT_PROTO_UDP);
	assert_int_equal(o->dport, 33434);
	assert_int_equal(o->payload_len, 10);
	assert_int_equal(o->quote.seen, SEEN6 | HT_QUOTE_PORT | HT_QUOTE_CHECKSUM);
	assert_int_equal(o->quote.tos, 0xb8);
	assert_int_equal(o->quote.label, 0x12345);
	assert_int_equal(o->quote.ttl, 1);
}

/* Length in words of 8; too big has an MTU there. */
static void
reads_ip6_extensions_and_mtu(void **state)
{
	struct bytes b = { .len = 0 };
	struct ht_icmp_seen seen;

	(void)state;
	add(&b, "0300 dead 10000000" HEADER6 UDP6);
	pad(&b, 8 + 128);
	add(&b, STACK);
	assert_int_equal(parse(&b, HT_FAMILY_IP6, &seen), 0);
	assert_true(seen.has_ext);
	assert_int_equal(seen.ext.n_mpls, 2);
	assert_int_equal(seen.original.payload_len, 10);

	b.len = 0;
	add(&b, "0200 dead 00000500" HEADER6 UDP6);
	assert_int_equal(parse(&b, HT_FAMILY_IP6, &seen), 0);
	assert_int_equal(seen.mtu, 1280);
	b = ip4("0304 0000 0000 0578" UDP4);
	finish(&b);
	assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), 0);
	assert_int_equal(seen.mtu, 1400);
}

static void
reads_a_quoted_ip6_fragment(void **state)
{
	struct bytes b = { .len = 0 };
	struct ht_icmp_seen seen;

	(void)state;
	add(&b, "0300 dead 00000000"
		"60000000 05a0 2c 01 20010db8000000000000000000000001"
		"20010db8000000000000000000000007 1100 0001 00000007" UDP6);
	assert_int_equal(parse(&b, HT_FAMILY_IP6, &seen), 0);
	assert_int_equal(seen.original.proto, HT_PROTO_UDP);
	assert_int_equal(seen.original.payload_len, 10);
	b.p[8 + 40 + 3] = 9;
	assert_int_equal(parse(&b, HT_FAMILY_IP6, &seen), 0);
	assert_int_equal(seen.original.proto, HT_PROTO_NONE);
}

/* ICMP that is no error: not malformed, but nobody's. */
static void
tells_other_messages_apart(void **state)
{
	static const uint8_t errors4[] = { 3, 11, 12 }, errors6[] = { 1, 2, 3, 4 };
	struct ht_icmp_seen seen;

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		struct bytes b4 = ip4(EXCEEDED UDP4), b6 = { .len = 0 };
		b4.p[20] = (uint8_t)type;
		finish(&b4);
		assert_int_equal(parse(&b4, HT_FAMILY_IP4, &seen),
		    memchr(errors4, (int)type, sizeof(errors4)) ? 0 : -ENOMSG);
		assert_int_equal(ht_icmp_is_error(HT_FAMILY_IP4, type),
		    memchr(errors4, (int)type, sizeof(errors4)) != NULL);
		add(&b6, "0000 dead 00000000" HEADER6 UDP6);
		b6.p[0] = (uint8_t)type;
		assert_int_equal(parse(&b6, HT_FAMILY_IP6, &seen),
		    memchr(errors6, (int)type, sizeof(errors6)) ? 0 : -ENOMSG);
	}
}

static void
refuses_a_wrong_envelope(void **state)
{
	/* offset and value: UDP, version 6, a fragment, claims more, claims less,
	 * the quote has no version, or that of the other family */
	static const struct {
		size_t at;
		uint8_t value;
	} rows[] = { { 9, 17 }, { 0, 0x65 }, { 7, 1 }, { 3, 255 }, { 3, 19 }, { 3, 27 },
		{ 28, 0x35 }, { 28, 0x65 } };
	struct ht_icmp_seen seen;
	struct bytes b;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		b = ip4(EXCEEDED UDP4);
		finish(&b);
		b.p[rows[i].at] = rows[i].value;
		if (rows[i].at >= 20)
			finish(&b);
		assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), -EINVAL);
	}
	for (size_t bit = 0; bit < 8 * 38; bit++) {
		b = ip4(EXCEEDED UDP4);
		finish(&b);
		b.p[20 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), -EINVAL);
	}
}

/* Cut anywhere; the outer length and checksum made right again, or not. */
static void
survives_every_truncation(void **state)
{
	struct ht_icmp_seen seen;

	(void)state;
	for (size_t len = 0; len < 28 + 38; len++) {
		struct bytes b = ip4(EXCEEDED UDP4), b6 = { .len = 0 };
		finish(&b);
		b.len = len;
		assert_int_equal(parse(&b, HT_FAMILY_IP4, &seen), -EINVAL);
		if (len >= 24) {
			finish(&b);
			assert_int_equal(
			    parse(&b, HT_FAMILY_IP4, &seen), len < 48 ? -EINVAL : 0);
		}
		add(&b6, "0300 dead 00000000" HEADER6 UDP6);
		b6.len = len;
		assert_int_equal(
		    parse(&b6, HT_FAMILY_IP6, &seen), len < 48 ? -EINVAL : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_quoted_udp_probe),
		cmocka_unit_test(reads_short_and_long_quotes),
		cmocka_unit_test(reads_ip4_options),
		cmocka_unit_test(mistrusts_the_quoted_length),
		cmocka_unit_test(reads_a_quoted_syn),
		cmocka_unit_test(reads_a_padded_syn),
		cmocka_unit_test(reads_a_quoted_echo_request),
		cmocka_unit_test(reads_no_header_in_later_fragments),
		cmocka_unit_test(reads_extensions),
		cmocka_unit_test(reads_ip6_from_its_icmp_header_on),
		cmocka_unit_test(reads_ip6_extensions_and_mtu),
		cmocka_unit_test(reads_a_quoted_ip6_fragment),
		cmocka_unit_test(tells_other_messages_apart),
		cmocka_unit_test(refuses_a_wrong_envelope),
		cmocka_unit_test(survives_every_truncation),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
