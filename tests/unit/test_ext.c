/* SPDX-License-Identifier: ISC */
/* ICMP extensions: literal bytes from the RFCs' figures, and hostile ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/rng.h"
#include "packet/csum.h"
#include "packet/ext.h"

/* Structures are kept without their checksum; this puts it in, computed the
 * long way (RFC 1071, a 32-bit sum folded at the end). */
static void
seal(uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	p[2] = p[3] = 0;
	for (size_t i = 0; i < len; i++)
		sum += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	p[2] = (uint8_t)(sum >> 8);
	p[3] = (uint8_t)sum;
}

/* Parse from the heap, so that a sanitizer sees a read past the end. */
static bool
parse(const uint8_t *p, size_t len, struct ht_extensions *ret_ext)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, p, len);
	bool found = ht_ext_parse(copy, len, ret_ext);
	free(copy);
	return found;
}

/* RFC 4950: labels 24003 and 16, the second at the bottom. */
static const uint8_t stack[] = { 0x20, 0, 0, 0, 0, 12, 1, 1, 0x05, 0xdc, 0x36, 0x01,
	0x00, 0x01, 0x0b, 0xfe };

/* RFC 5837: role 0, index 42, 192.0.2.7, "ge-0/0/1", MTU 9000. */
static const uint8_t interface[] = { 0x20, 0, 0, 0, 0, 32, 2, 0x0f, 0, 0, 0, 42, 0, 1,
	0, 0, 192, 0, 2, 7, 12, 'g', 'e', '-', '0', '/', '0', '/', '1', 0, 0, 0, 0, 0,
	0x23, 0x28 };

/* Bytes left over are no entry; another C-Type of the class is no stack. */
static void
reads_no_more_than_whole_stacks(void **state)
{
	uint8_t p[sizeof(stack) + 2];
	struct ht_extensions ext;

	(void)state;
	memcpy(p, stack, sizeof(stack));
	p[sizeof(stack)] = p[sizeof(stack) + 1] = 0;
	p[5] += 2;
	seal(p, sizeof(p));
	assert_true(parse(p, sizeof(p), &ext));
	assert_int_equal(ext.n_mpls, 2);
	assert_int_equal(ext.malformed, 1);

	memcpy(p, stack, sizeof(stack));
	p[7] = 2;
	seal(p, sizeof(stack));
	parse(p, sizeof(stack), &ext);
	assert_int_equal(ext.n_mpls, 0);
	assert_int_equal(ext.malformed, 0);
}

static void
reads_a_label_stack(void **state)
{
	uint8_t p[sizeof(stack)];
	struct ht_extensions ext;

	(void)state;
	memcpy(p, stack, sizeof(p));
	seal(p, sizeof(p));
	assert_true(parse(p, sizeof(p), &ext));
	assert_int_equal(ext.malformed, 0);
	assert_int_equal(ext.n_mpls, 2);
	assert_int_equal(ext.mpls[0].label, 24003);
	assert_int_equal(ext.mpls[0].tc, 3);
	assert_int_equal(ext.mpls[0].bottom, 0);
	assert_int_equal(ext.mpls[0].ttl, 1);
	assert_int_equal(ext.mpls[1].label, 16);
	assert_int_equal(ext.mpls[1].tc, 5);
	assert_int_equal(ext.mpls[1].bottom, 1);
	assert_int_equal(ext.mpls[1].ttl, 254);
}

static void
reads_an_interface(void **state)
{
	uint8_t p[sizeof(interface)];
	struct ht_extensions ext;
	char text[HT_ADDR_TEXT_MAX];

	(void)state;
	memcpy(p, interface, sizeof(p));
	seal(p, sizeof(p));
	assert_true(parse(p, sizeof(p), &ext));
	assert_int_equal(ext.malformed, 0);
	assert_int_equal(ext.if_index, 42);
	assert_int_equal(ext.if_mtu, 9000);
	assert_string_equal(ht_addr_text(&ext.if_addr, text), "192.0.2.7");
	assert_string_equal(ext.if_name, "ge-0/0/1");
}

static void
reads_an_ip6_interface(void **state)
{
	uint8_t p[] = { 0x20, 0, 0, 0, 0, 24, 2, 0x04, 0, 2, 0, 0, 0x20, 0x01, 0x0d,
		0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7 };
	struct ht_extensions ext;
	char text[HT_ADDR_TEXT_MAX];

	(void)state;
	seal(p, sizeof(p));
	assert_true(parse(p, sizeof(p), &ext));
	assert_int_equal(ext.malformed, 0);
	assert_string_equal(ht_addr_text(&ext.if_addr, text), "2001:db8::7");
}

static void
prefers_the_arrival_interface(void **state)
{
	/* Role 2 (outgoing) index 9, role 0 (arrival) index 5, role 0 index 6. */
	uint8_t p[] = { 0x20, 0, 0, 0, 0, 8, 2, 0x88, 0, 0, 0, 9, 0, 8, 2, 0x08, 0, 0,
		0, 5, 0, 8, 2, 0x08, 0, 0, 0, 6 };
	struct ht_extensions ext;

	(void)state;
	seal(p, sizeof(p));
	assert_true(parse(p, sizeof(p), &ext));
	assert_int_equal(ext.if_index, 5);
	assert_true(parse(p, 12, &ext)); /* checksum is of the whole: void */
	assert_int_equal(ext.if_index, 0);
}

static void
cleans_the_name(void **state)
{
	uint8_t p[] = { 0x20, 0, 0, 0, 0, 12, 2, 0x02, 8, 'a', 0x1b, '[', 0x9b, 0xff,
		'z', 0 };
	struct ht_extensions ext;

	(void)state;
	seal(p, sizeof(p));
	assert_true(parse(p, sizeof(p), &ext));
	assert_string_equal(ext.if_name, "a?[??z");
}

static void
skips_unknown_classes(void **state)
{
	uint8_t p[] = { 0x20, 0, 0, 0, 0, 7, 99, 1, 1, 2, 3, 0, 8, 1, 1, 0x05, 0xdc,
		0x36, 0x01 };
	uint8_t only[] = { 0x20, 0, 0, 0, 0, 8, 99, 1, 1, 2, 3, 4 };
	struct ht_extensions ext;

	(void)state;
	seal(p, sizeof(p));
	assert_true(parse(p, sizeof(p), &ext));
	assert_int_equal(ext.malformed, 0);
	assert_int_equal(ext.n_mpls, 1);
	seal(only, sizeof(only));
	assert_false(parse(only, sizeof(only), &ext));
}

static void
keeps_the_first_labels_of_many(void **state)
{
	uint8_t p[4 + 4 + 4 * 20] = { 0x20, 0, 0, 0, 0, 4 + 4 * 20, 1, 1 };
	struct ht_extensions ext;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		p[8 + 4 * i + 2] = (uint8_t)(i << 4);
	seal(p, sizeof(p));
	assert_true(parse(p, sizeof(p), &ext));
	assert_int_equal(ext.malformed, 0);
	assert_int_equal(ext.n_mpls, HT_MPLS_MAX);
	for (unsigned i = 0; i < HT_MPLS_MAX; i++)
		assert_int_equal(ext.mpls[i].label, i);
}

static void
takes_a_missing_checksum(void **state)
{
	struct ht_extensions ext;

	(void)state;
	assert_true(parse(stack, sizeof(stack), &ext));
	assert_int_equal(ext.malformed, 0);
	assert_int_equal(ext.n_mpls, 2);
}

static void
voids_a_wrong_checksum(void **state)
{
	struct ht_extensions ext;

	(void)state;
	for (size_t bit = 0; bit < 8 * sizeof(stack); bit++) {
		uint8_t p[sizeof(stack)];
		memcpy(p, stack, sizeof(p));
		seal(p, sizeof(p));
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_true(parse(p, sizeof(p), &ext));
		assert_int_equal(ext.malformed, 1);
		assert_int_equal(ext.n_mpls, 0);
	}
}

static void
flags_wrong_lengths(void **state)
{
	static const struct {
		unsigned len;    /* in the object's header */
		unsigned labels; /* that survive */
	} rows[] = { { 0, 0 }, { 3, 0 }, { 4, 0 }, { 11, 1 }, { 13, 0 }, { 4000, 0 },
		{ 0xffff, 0 } };
	struct ht_extensions ext;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t p[sizeof(stack)];
		memcpy(p, stack, sizeof(p));
		p[4] = (uint8_t)(rows[i].len >> 8);
		p[5] = (uint8_t)rows[i].len;
		seal(p, sizeof(p));
		assert_true(parse(p, sizeof(p), &ext));
		assert_int_equal(ext.malformed, 1);
		assert_int_equal(ext.n_mpls, rows[i].labels);
	}
}

static void
flags_wrong_names(void **state)
{
	static const uint8_t lengths[] = { 0, 1, 3, 16, 68, 255 };
	struct ht_extensions ext;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths); i++) {
		uint8_t p[16] = { 0x20, 0, 0, 0, 0, 12, 2, 0x02, lengths[i], 'x', 'y',
			'z' };
		seal(p, sizeof(p));
		assert_true(parse(p, sizeof(p), &ext));
		assert_int_equal(ext.malformed, 1);
		assert_string_equal(ext.if_name, "");
	}
}

/* Cut anywhere, sealed again or not: never more than is there. */
static void
survives_every_truncation(void **state)
{
	struct ht_extensions ext;
	uint8_t p[sizeof(interface)];

	(void)state;
	for (size_t len = 0; len < sizeof(interface); len++) {
		memcpy(p, interface, sizeof(p));
		seal(p, sizeof(p));
		assert_true(parse(p, len, &ext));
		assert_int_equal(ext.malformed, 1);
		if (len < 4)
			continue;
		seal(p, len);
		assert_int_equal(parse(p, len, &ext), len > 4);
		assert_int_equal(ext.malformed, len > 4);
		assert_string_equal(ext.if_name, "");
	}
}

static bool
is_printable(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			return false;
	return true;
}

/* Random bytes; mostly with the right version and checksum, so that they get
 * past the door, and with small lengths. */
static void
survives_random_bytes(void **state)
{
	struct ht_rng rng;
	struct ht_extensions ext;
	uint8_t p[160];
	unsigned objects = 0;

	(void)state;
	ht_rng_init(&rng, 4884);
	for (unsigned n = 0; n < 100000; n++) {
		size_t len = (size_t)ht_rng_below(&rng, sizeof(p) + 1);
		for (size_t i = 0; i < len; i++)
			p[i] = (uint8_t)ht_rng_next(&rng);
		if (n % 4 != 0 && len >= 8) {
			p[0] = 0x20;
			p[4] = 0;
			p[5] = (uint8_t)ht_rng_below(&rng, len);
			p[6] = (uint8_t)(1 + ht_rng_below(&rng, 2));
			p[7] &= n % 8 < 4 ? 0x0f : 0x01;
			seal(p, len);
		}
		if (n % 2 != 0)
			parse(p, len, &ext);
		else if (!ht_ext_find(p, len, n % 130, n % 3 == 0 ? n % 200 : 0, &ext))
			continue;
		assert_true(ext.n_mpls <= HT_MPLS_MAX);
		assert_true(is_printable(ext.if_name));
		objects += ext.n_mpls > 0 || ext.if_index != 0;
	}
	assert_true(objects > 5000);
}

/* A UDP probe over IPv4: the kernel keeps back 28 bytes of the quote. */
static void
finds_what_old_routers_append(void **state)
{
	uint8_t quote[100 + sizeof(stack)] = { 0 };
	struct ht_extensions ext;

	(void)state;
	memcpy(quote + 100, stack, sizeof(stack));
	assert_false(ht_ext_find(quote, sizeof(quote), 28, 0, &ext));
	seal(quote + 100, sizeof(stack));
	assert_true(ht_ext_find(quote, sizeof(quote), 28, 0, &ext));
	assert_int_equal(ext.n_mpls, 2);
	assert_false(ht_ext_find(quote, sizeof(quote), 20, 0, &ext));
	assert_false(ht_ext_find(quote, 100, 28, 0, &ext));
	assert_false(ht_ext_find(quote, 102, 28, 0, &ext));
	assert_false(ht_ext_find(quote, sizeof(quote), 4000, 0, &ext));
	quote[100] = 0x10;
	assert_false(ht_ext_find(quote, sizeof(quote), 28, 0, &ext));
	/* A payload of 0x20 sums up by chance: its objects do not. */
	uint8_t payload[100 + 510];
	memset(payload, 0x20, sizeof(payload));
	assert_int_equal(ht_csum_add(0, payload + 100, 510), 0xffff);
	assert_false(ht_ext_find(payload, sizeof(payload), 28, 0, &ext));
	assert_true(ht_ext_find(payload, sizeof(payload), 28, 100, &ext));
	assert_int_equal(ext.malformed, 1);
}

static void
finds_what_is_stated(void **state)
{
	uint8_t quote[8 + sizeof(stack)] = { 0 };
	struct ht_extensions ext;

	(void)state;
	memcpy(quote + 8, stack, sizeof(stack));
	assert_true(ht_ext_find(quote, sizeof(quote), 28, 8, &ext));
	assert_int_equal(ext.n_mpls, 2);
	assert_int_equal(ext.malformed, 0);
	assert_false(ht_ext_find(quote, sizeof(quote), 28, 25, &ext));
	assert_true(ht_ext_find(quote, sizeof(quote), 28, 24, &ext));
	assert_int_equal(ext.malformed, 1);
}

/* RFC 1071 section 3: the sum of these bytes is 2ddf0, folded ddf2. */
static void
sums_like_rfc_1071(void **state)
{
	static const uint8_t p[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(ht_csum_add(0, p, sizeof(p)), 0xddf2);
	assert_int_equal(ht_csum_add(ht_csum_add(0, p, 4), p + 4, 4), 0xddf2);
	assert_int_equal(ht_csum_add(0, p, 3), 0xf201);
	for (uint32_t want = 1; want <= 0xffff; want += 7) {
		uint16_t word = ht_csum_compensator(0xddf2, (uint16_t)want);
		uint8_t bytes[2] = { (uint8_t)(word >> 8), (uint8_t)word };
		assert_int_equal(ht_csum_add(0xddf2, bytes, 2), want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_label_stack),
		cmocka_unit_test(reads_no_more_than_whole_stacks),
		cmocka_unit_test(reads_an_interface),
		cmocka_unit_test(reads_an_ip6_interface),
		cmocka_unit_test(prefers_the_arrival_interface),
		cmocka_unit_test(cleans_the_name),
		cmocka_unit_test(skips_unknown_classes),
		cmocka_unit_test(keeps_the_first_labels_of_many),
		cmocka_unit_test(takes_a_missing_checksum),
		cmocka_unit_test(voids_a_wrong_checksum),
		cmocka_unit_test(flags_wrong_lengths),
		cmocka_unit_test(flags_wrong_names),
		cmocka_unit_test(survives_every_truncation),
		cmocka_unit_test(survives_random_bytes),
		cmocka_unit_test(finds_what_old_routers_append),
		cmocka_unit_test(finds_what_is_stated),
		cmocka_unit_test(sums_like_rfc_1071),
	};

	return cmocka_run_group_tests_name("ext", tests, NULL, NULL);
}
