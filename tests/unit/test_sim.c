/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/rng.h"
#include "packet/build.h"
#include "transport/sim/quote.h"
#include "transport/sim/sim.h"

#define TARGET  "target 203.0.113.80 (example.net)\n"
#define TARGET6 "target 2001:db8:80::80\n"
/* Three hops without chance; tests add lines to it. */
#define PATH                                                                           \
	TARGET "hop 1 192.168.1.1 (gateway) rtt 1ms\n"                                 \
	       "hop 2 198.51.100.1 198.51.100.2 rtt 10ms\nhop 3 target rtt 20ms\n"

static struct ht_addr
address(const char *text)
{
	struct ht_addr addr;

	assert_true(ht_addr_parse(text, &addr));
	return addr;
}

static struct ht_simnet *
parsed(const char *text)
{
	struct ht_err err;
	struct ht_simnet *net = ht_simnet_parse(text, strlen(text), &err);

	if (net == NULL)
		fail_msg("line %u: %s", err.line, err.text);
	return net;
}

static struct ht_sim_probe
probe_to(const char *target, unsigned ttl)
{
	return (struct ht_sim_probe){ .target = address(target),
		.proto = HT_PROTO_ICMP,
		.ttl = (uint8_t)ttl,
		.size = 64 };
}

static unsigned
ask(struct ht_simnet *net, ht_time now, unsigned ttl, struct ht_sim_answer *ret)
{
	struct ht_sim_probe pr = probe_to("203.0.113.80", ttl);

	return ht_simnet_probe(net, now, &pr, ret);
}

static void
assert_address(const struct ht_addr *addr, const char *text)
{
	char buf[HT_ADDR_TEXT_MAX];

	assert_string_equal(ht_addr_text(addr, buf), text);
}

/* What the whole path says at one time: "addr addr ..." with * for silence. */
static void
assert_path(struct ht_simnet *net, ht_time now, const char *want)
{
	char got[512] = "", buf[HT_ADDR_TEXT_MAX];
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	unsigned hops = ht_simnet_hops(net, now);

	for (unsigned ttl = 1; ttl <= hops; ttl++) {
		const char *who = ask(net, now, ttl, an) > 0
				      ? ht_addr_text(&an[0].from, buf)
				      : "*";
		size_t len = strlen(got);
		snprintf(got + len, sizeof(got) - len, "%s%s", len > 0 ? " " : "", who);
	}
	assert_string_equal(got, want);
}

/* Text that must be refused, with the line and a part of the reason. */
struct refusal {
	const char *text;
	unsigned line;
	const char *reason;
};

/* clang-format off: one line, one refusal */
static const struct refusal refusals[] = {
	{ "", 0, "no target" },
	{ TARGET, 0, "no hops" },
	{ TARGET "hop 1 192.168.1.1\n", 0, "not the target" },
	{ TARGET "hop 300 silent\n", 2, "hop 300: not a TTL (1 to 255)" },
	{ TARGET "hop 0 silent\n", 2, "hop 0: not a TTL" },
	{ TARGET "hop 99999999999999999999999 silent\n", 2, "not a TTL" },
	{ TARGET "hop x silent\n", 2, "hop x: not a TTL" },
	{ TARGET "hop\n", 2, "the line ends" },
	{ TARGET "hop 2 silent\n", 2, "hop 1 comes first" },
	{ TARGET "hop 1\n", 2, "nothing is said" },
	{ TARGET "hop 1 target\nhop 2 silent\n", 3, "hop 1 is the target" },
	{ TARGET "hop 1 silent\nhop 2 silent\nhop 1 target\n", 4, "the last hop" },
	{ TARGET "hop 1 target rtt\n", 2, "a duration" },
	{ TARGET "hop 1 target rtt 5\n", 2, "needs a unit" },
	{ TARGET "hop 1 target rtt 5xs\n", 2, "needs a unit" },
	{ TARGET "hop 1 target rtt -5ms\n", 2, "not a duration" },
	{ TARGET "hop 1 target rtt 5.ms\n", 2, "not a duration" },
	{ TARGET "hop 1 target rtt 10001h\n", 2, "longer than" },
	{ TARGET "hop 1 target rtt 99999999999999999999s\n", 2, "not a duration" },
	{ TARGET "hop 1 target loss 5\n", 2, "not a percentage" },
	{ TARGET "hop 1 target loss 100.1%\n", 2, "not a percentage" },
	{ TARGET "hop 1 target loss 1e2%\n", 2, "not a percentage" },
	{ TARGET "hop 1 target limit 1\n", 2, "not a rate" },
	{ TARGET "hop 1 target limit 0/s\n", 2, "not a rate" },
	{ TARGET "hop 1 target limit 1/s burst 0\n", 2, "not a burst" },
	{ TARGET "hop 1 target unreachable me\n", 2, "not a kind of unreachable" },
	{ TARGET "hop 1 target choose any\n", 2, "choose by" },
	{ TARGET "hop 1 target choose like x\n", 2, "x: not a hop" },
	{ TARGET "hop 1 target choose like 1\n", 2, "like 1: that is no hop before" },
	{ PATH "at 1s hop 2 choose like 2\n", 5, "like 2: that is no hop before" },
	{ PATH "at 1s insert 2 silent choose like 3\n", 5, "that is no hop before" },
	{ PATH "hop 2 branch 3 silent\n", 5, "branch 3: the hop has 2 addresses" },
	{ PATH "hop 2 branch 0 silent\n", 5, "0: not a branch" },
	{ PATH "hop 2 branch 1\n", 5, "a property of the branch should be" },
	{ PATH "hop 2 branch 1 loss\n", 5, "a percentage should be" },
	{ PATH "hop 2 branch 1 rtt 5ms quote 28\n", 5,
	    "quote: not a property of a branch" },
	{ TARGET "hop 1 target 203.0.113.80 branch 1 absent\n", 2, "cannot be absent" },
	{ PATH "hop 2 tos 256\n", 5, "256: not a TOS" },
	{ PATH "hop 2 quote-source\n", 5, "an address should be" },
	{ PATH "hop 2 quote-source 203.0.113.9 0\n", 5, "0: not a port" },
	{ PATH "hop 2 quote-target nat\n", 5, "nat: not an address" },
	{ PATH "hop 2 quote-id 65536\n", 5, "not an identification" },
	{ PATH "hop 2 quote-checksum 0x12\n", 5, "not a checksum" },
	{ PATH "hop 2 quote-length -1\n", 5, "not a length" },
	{ PATH "hop 2 refuses all\n", 5, "not a kind of unreachable" },
	{ PATH "hop 3 tcp open 65536\n", 5, "65536: not a port" },
	{ PATH "hop 3 icmp echo 7\n", 5, "7: unknown word" },
	{ PATH "hop 3 udp data 1 udp data 2 udp data 3 udp data 4 udp data 5"
	       " udp data 6 udp data 7 udp data 8 udp data 8 udp data 9\n",
	    5, "more than 8 ports" },
	{ TARGET "hop 1 target mpls 1048576 0 1\n", 2, "not an MPLS label" },
	{ TARGET "hop 1 target mpls 1 8 1\n", 2, "not an MPLS traffic class" },
	{ TARGET "hop 1 target mpls 1 0 256\n", 2, "not an MPLS TTL" },
	{ TARGET "hop 1 target mpls 1 0\n", 2, "an MPLS TTL should be" },
	{ TARGET "hop 1 target mtu 67\n", 2, "not an MTU" },
	{ TARGET "hop 1 target quote 27\n", 2, "not a number of bytes" },
	{ TARGET "hop 1 target initial-ttl 256\n", 2, "not a TTL" },
	{ TARGET "hop 1 target udp echo\n", 2, "echo: not" },
	{ TARGET "hop 1 target tcp data\n", 2, "data: not" },
	{ TARGET "hop 1 target from 224.0.0.1\n", 2, "multicast" },
	{ TARGET "hop 1 target from here\n", 2, "here: not an address" },
	{ TARGET "hop 1 target wrong\n", 2, "wrong: unknown word" },
	{ TARGET "hop 1 1.2.3.4.5\n", 2, "not an address" },
	{ TARGET "hop 1 (gateway)\n", 2, "a name follows its address" },
	{ TARGET "hop 1 192.168.1.1 (gateway\n", 2, "in parentheses" },
	{ TARGET "hop 1 udp data\n", 2, "only the target's hop" },
	{ PATH "at 5s hop 4 silent\n", 5, "no such hop" },
	{ PATH "at 5s hop 2 target\n", 5, "cannot become the target" },
	{ PATH "at 5s remove 3\n", 5, "the target cannot be removed" },
	{ PATH "at 5s insert 2 target\n", 5, "cannot be the target" },
	{ PATH "at 5s hop 2 silent until 5s\n", 5, "ends before it begins" },
	{ PATH "at 5s hop 2 silent every 9s\n", 5, "needs an \"until\"" },
	{ PATH "at 5s hop 2 silent until 9s every 3s\n", 5, "comes again before" },
	{ PATH "at 5s hop 2 silent until 9s or so\n", 5, "or: the line should end" },
	{ PATH "at 5s remove 2 now\n", 5, "now: the line should end" },
	{ PATH "at 5s\n", 5, "\"hop\", \"insert\"" },
	{ PATH "at 5s explode\n", 5, "explode: not" },
	{ PATH "at 5s send-error EWHAT\n", 5, "not a send error" },
	{ PATH "seed -1\n", 5, "not a seed" },
	{ PATH "seed 1 2\n", 5, "2: the line should end" },
	{ PATH "name\n", 5, "a name should be" },
	{ PATH "source nowhere\n", 5, "not an address" },
	{ PATH "target 203.0.113.80\n", 5, "named twice" },
	{ PATH "target 203.0.113.81 example\n", 5, "in parentheses" },
	{ PATH "frobnicate 1\n", 5, "frobnicate: unknown statement" },
	{ PATH "hop 1 silent \x1b[2J\n", 5, "byte 0x1b" },
	{ PATH "hop 1 silent \xff\n", 5, "byte 0xff" },
};
/* clang-format on */

static void
test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *want = &refusals[i];
		struct ht_err err;

		assert_null(ht_simnet_parse(want->text, strlen(want->text), &err));
		if (err.code != -EINVAL || err.line != want->line
		    || strstr(err.text, want->reason) == NULL)
			fail_msg("%s: line %u: %s", want->text, err.line, err.text);
	}
}

static void
test_nul_byte_and_length(void **state)
{
	static char big[256 * 1024 + 1];
	struct ht_err err;

	(void)state;
	assert_null(ht_simnet_parse("seed 1\nse\0d 2\n", 14, &err));
	assert_int_equal(err.line, 2);
	memset(big, '\n', sizeof(big));
	assert_null(ht_simnet_parse(big, sizeof(big), &err));
	assert_non_null(strstr(err.text, "256 KiB"));
	assert_null(ht_simnet_parse(big, sizeof(big) - 1, &err));
	assert_non_null(strstr(err.text, "no target"));
}

/* Every statement and property, in one file. */
static const char everything[] =
    "# comment \xc3\xa9\n"
    "name a b  c # not this\r\n"
    "seed 18446744073709551615\n\n"
    "source 192.0.2.77\nsource 2001:db8::77\n" TARGET TARGET6
    "hop 1 192.168.1.1 (gateway) 2001:db8::1 (gw6) rtt 250us jitter 0 spikes 1% 9ms\n"
    "hop 2 198.51.100.1 198.51.100.2 choose packet delay 1ms queue 0.5ms"
    " branch 2 rtt 1ms jitter 1ms delay 1ms loss 1% reply-loss 1% branch 1 silent\n"
    "hop 2 loss 1% back-loss 2% reply-loss 0.5% limit 30/m burst 3\n"
    "hop 3 silent choose like 2 tos 8 quote-source 203.0.113.9 5 quote-target ::2\n"
    "hop 4 quote-id 0 quote-checksum 1 quote-length 0 no-length refuses net\n"
    "hop 4 198.51.100.4 duplicates 1% 5ms reorder 1% 3ms mtu 1400 quote 128\n"
    "hop 4 mpls 24001 3 1 mpls 16 5 254 interface 42 ge-0/0/1 9000\n"
    "hop 5 from target initial-ttl 128 hops-back 7 limit off quote full\n"
    "hop 6 from 198.51.100.6 unreachable admin blocks net\n"
    "hop 7 198.51.100.7 blocks silently\n"
    "hop 8 target icmp silent udp data tcp open udp silent 53\n"
    "at 1s hop 4 198.51.100.40 (new.example) rtt 1m until 90s every 2m\n"
    "at 1s insert 4 198.51.100.41 until 1h\n"
    "at 2s remove 4\nat 3s send-error EPERM until 4s\n"
    "cycles 10\ninterval 1s\nexpect hop 5 loss 18..22\n";

static void
test_everything_is_read(void **state)
{
	struct ht_simnet *net = parsed(everything);
	struct ht_addr gw = address("192.168.1.1"), v6 = address("2001:db8::1"),
		       changed = address("198.51.100.40");

	(void)state;
	assert_string_equal(ht_simnet_title(net), "a b  c");
	assert_int_equal(ht_simnet_targets(net), 2);
	assert_string_equal(ht_simnet_target(net, 0)->name, "example.net");
	assert_string_equal(ht_simnet_target(net, 1)->name, "");
	assert_address(&ht_simnet_target(net, 1)->addr, "2001:db8:80::80");
	assert_address(ht_simnet_source(net, HT_FAMILY_IP4), "192.0.2.77");
	assert_address(ht_simnet_source(net, HT_FAMILY_IP6), "2001:db8::77");
	assert_string_equal(ht_simnet_name(net, &gw), "gateway");
	assert_string_equal(ht_simnet_name(net, &v6), "gw6");
	assert_string_equal(ht_simnet_name(net, &changed), "new.example");
	assert_null(ht_simnet_name(net, ht_simnet_source(net, HT_FAMILY_IP4)));
	assert_int_equal(ht_simnet_notes(net), 3);
	assert_string_equal(ht_simnet_note(net, 2)->word[4], "18..22");
	assert_int_equal(ht_simnet_note(net, 2)->n_words, 5);
	assert_int_equal(ht_simnet_note(net, 2)->line, 26);
	ht_simnet_free(net);
}

/* Hostile input: cut anywhere, and any byte replaced. */
static void
test_mangled_text(void **state)
{
	static const char bytes[] = "\0\n #9.-(%:\xff";
	size_t len = sizeof(everything) - 1;
	char *copy = malloc(len); /* no byte more: sanitizers see any overrun */
	struct ht_err err;
	unsigned refused = 0;

	(void)state;
	assert_non_null(copy);
	for (size_t cut = 0; cut < len; cut++) {
		char *exact = malloc(cut > 0 ? cut : 1);
		assert_non_null(exact);
		memcpy(exact, everything, cut);
		struct ht_simnet *net = ht_simnet_parse(exact, cut, &err);
		assert_true(net != NULL || (err.code < 0 && err.text[0] != '\0'));
		ht_simnet_free(net);
		free(exact);
	}
	for (size_t i = 0; i < len * (sizeof(bytes) - 1); i++) {
		memcpy(copy, everything, len);
		copy[i % len] = bytes[i / len];
		struct ht_simnet *net = ht_simnet_parse(copy, len, &err);
		assert_true(net != NULL || (err.code < 0 && err.text[0] != '\0'));
		refused += net == NULL;
		ht_simnet_free(net);
	}
	assert_true(refused > len);
	free(copy);
}

static void
test_garbage(void **state)
{
	struct ht_rng rng;
	struct ht_err err;
	char noise[512];

	(void)state;
	ht_rng_init(&rng, 1);
	for (unsigned i = 0; i < 2000; i++) {
		size_t n = (size_t)ht_rng_below(&rng, sizeof(noise));
		for (size_t j = 0; j < n; j++)
			noise[j] = (char)ht_rng_next(&rng);
		assert_null(ht_simnet_parse(noise, n, &err));
		assert_true(err.code < 0 && err.text[0] != '\0');
	}
}

static void
test_answers(void **state)
{
	struct ht_simnet *net = parsed(PATH);
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];

	(void)state;
	assert_int_equal(ask(net, 0, 1, an), 1);
	assert_int_equal(an[0].kind, HT_REPLY_TIME_EXCEEDED);
	assert_int_equal(an[0].icmp_type, 11);
	assert_int_equal(an[0].delay, HT_MS);
	assert_int_equal(an[0].reply_ttl, 255);
	assert_address(&an[0].from, "192.168.1.1");
	/* The target answers to any TTL that gets there. */
	for (unsigned ttl = 3; ttl <= 255; ttl += 63) {
		assert_int_equal(ask(net, 0, ttl, an), 1);
		assert_int_equal(an[0].kind, HT_REPLY_ECHO);
		assert_int_equal(an[0].icmp_type, 0);
		assert_int_equal(an[0].delay, 20 * HT_MS);
		assert_int_equal(an[0].reply_ttl, 62);
		assert_address(&an[0].from, "203.0.113.80");
	}
	assert_int_equal(ask(net, 0, 0, an), 0);
	ht_simnet_free(net);
}

static void
test_target_answers_by_protocol(void **state)
{
	static const struct {
		const char *line;
		enum ht_proto proto;
		unsigned kind, type, code;
	} cases[] = {
		{ "", HT_PROTO_UDP, HT_REPLY_UNREACHABLE, 3, 3 },
		{ "hop 3 udp data", HT_PROTO_UDP, HT_REPLY_UDP_DATA, 0, 0 },
		{ "hop 3 udp silent", HT_PROTO_UDP, HT_REPLY_NONE, 0, 0 },
		{ "", HT_PROTO_TCP, HT_REPLY_TCP_CLOSED, 0, 0 },
		{ "hop 3 tcp open", HT_PROTO_TCP, HT_REPLY_TCP_OPEN, 0, 0 },
		{ "hop 3 icmp silent", HT_PROTO_ICMP, HT_REPLY_NONE, 0, 0 },
		{ "hop 3 silent", HT_PROTO_ICMP, HT_REPLY_NONE, 0, 0 },
	};
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
		struct ht_sim_probe pr = probe_to("203.0.113.80", 3);

		snprintf(text, sizeof(text), PATH "%s\n", cases[i].line);
		struct ht_simnet *net = parsed(text);
		pr.proto = (uint8_t)cases[i].proto;
		unsigned n = ht_simnet_probe(net, 0, &pr, an);
		assert_int_equal(n, cases[i].kind != HT_REPLY_NONE);
		if (n > 0) {
			assert_int_equal(an[0].kind, cases[i].kind);
			assert_int_equal(an[0].icmp_type, cases[i].type);
			assert_int_equal(an[0].icmp_code, cases[i].code);
		}
		ht_simnet_free(net);
	}
}

static void
test_ip6(void **state)
{
	struct ht_simnet *net = parsed(TARGET TARGET6
	    "hop 1 192.168.1.1 2001:db8::1\nhop 2 198.51.100.1\nhop 3 target\n");
	struct ht_sim_probe pr = probe_to("2001:db8:80::80", 1);
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];

	(void)state;
	assert_int_equal(ht_simnet_probe(net, 0, &pr, an), 1);
	assert_int_equal(an[0].icmp_type, 3);
	assert_address(&an[0].from, "2001:db8::1");
	pr.ttl = 2; /* this hop speaks IPv4 only */
	assert_int_equal(ht_simnet_probe(net, 0, &pr, an), 0);
	pr.ttl = 3;
	assert_int_equal(ht_simnet_probe(net, 0, &pr, an), 1);
	assert_int_equal(an[0].icmp_type, 129);
	pr.proto = HT_PROTO_UDP;
	assert_int_equal(ht_simnet_probe(net, 0, &pr, an), 1);
	assert_int_equal(an[0].icmp_type, 1);
	assert_int_equal(an[0].icmp_code, 4);
	ht_simnet_free(net);
}

static void
test_unreachable_blocks_mtu(void **state)
{
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	struct ht_simnet *net = parsed(PATH "hop 2 unreachable host\n");
	struct ht_sim_probe pr = probe_to("203.0.113.80", 3);

	(void)state;
	for (unsigned ttl = 2; ttl <= 4; ttl++) {
		assert_int_equal(ask(net, 0, ttl, an), 1);
		assert_int_equal(an[0].kind, HT_REPLY_UNREACHABLE);
		assert_int_equal(an[0].icmp_code, 1);
	}
	ht_simnet_free(net);

	net = parsed(PATH "hop 1 blocks admin\n");
	ask(net, 0, 1, an);
	assert_int_equal(an[0].kind, HT_REPLY_TIME_EXCEEDED);
	ask(net, 0, 2, an);
	assert_int_equal(an[0].kind, HT_REPLY_UNREACHABLE);
	assert_int_equal(an[0].icmp_code, 13);
	assert_address(&an[0].from, "192.168.1.1");
	ht_simnet_free(net);

	net = parsed(PATH "hop 1 blocks silently\n");
	assert_path(net, 0, "192.168.1.1 * *");
	ht_simnet_free(net);

	net = parsed(PATH "hop 1 mtu 1400\n");
	pr.size = 1400;
	ht_simnet_probe(net, 0, &pr, an);
	assert_int_equal(an[0].kind, HT_REPLY_ECHO);
	pr.size = 1401;
	ht_simnet_probe(net, 0, &pr, an);
	assert_int_equal(an[0].icmp_type, 3);
	assert_int_equal(an[0].icmp_code, 4);
	assert_int_equal(an[0].mtu, 1400);
	ht_simnet_free(net);
}

static void
test_sources_ttls_extensions(void **state)
{
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	struct ht_simnet *net = parsed(PATH
	    "hop 1 mpls 24001 3 1 mpls 16 5 254 interface 42 ge-0/0/1 9000 quote 28\n"
	    "hop 2 from target initial-ttl 128 hops-back 7\n"
	    "hop 3 from 198.51.100.99\n");

	(void)state;
	ask(net, 0, 1, an);
	assert_true(an[0].has_ext);
	assert_int_equal(an[0].quote, 28);
	assert_int_equal(an[0].ext.n_mpls, 2);
	assert_int_equal(an[0].ext.mpls[0].label, 24001);
	assert_int_equal(an[0].ext.mpls[0].bottom, 0);
	assert_int_equal(an[0].ext.mpls[1].tc, 5);
	assert_int_equal(an[0].ext.mpls[1].bottom, 1);
	assert_int_equal(an[0].ext.if_index, 42);
	assert_string_equal(an[0].ext.if_name, "ge-0/0/1");
	ask(net, 0, 2, an);
	assert_int_equal(an[0].kind, HT_REPLY_TIME_EXCEEDED);
	assert_address(&an[0].from, "203.0.113.80");
	assert_int_equal(an[0].reply_ttl, 122);
	ask(net, 0, 3, an);
	assert_int_equal(an[0].kind, HT_REPLY_ECHO);
	assert_address(&an[0].from, "198.51.100.99");
	ht_simnet_free(net);
}

static void
test_changes(void **state)
{
	struct ht_simnet *net = parsed(
	    TARGET "hop 1 192.168.1.1\nhop 2 198.51.100.1\nhop 3 target\n"
		   "at 10s hop 2 198.51.100.9 until 20s\n"
		   "at 30s insert 2 198.51.100.50 until 40s\n"
		   "at 35s insert 2 198.51.100.51 until 40s\n"
		   "at 50s remove 2 until 60s every 100s\n"
		   "at 70s hop 1 silent\n"
		   "at 80s send-error ENETUNREACH until 90s\n");
	ht_time t0 = 12345 * HT_S; /* time 0 is the first probe, whatever the clock */

	(void)state;
	assert_path(net, t0, "192.168.1.1 198.51.100.1 203.0.113.80");
	assert_path(net, t0 + 10 * HT_S - 1, "192.168.1.1 198.51.100.1 203.0.113.80");
	assert_path(net, t0 + 10 * HT_S, "192.168.1.1 198.51.100.9 203.0.113.80");
	assert_path(net, t0 + 20 * HT_S, "192.168.1.1 198.51.100.1 203.0.113.80");
	assert_path(
	    net, t0 + 30 * HT_S, "192.168.1.1 198.51.100.50 198.51.100.1 203.0.113.80");
	assert_path(net, t0 + 35 * HT_S,
	    "192.168.1.1 198.51.100.50 198.51.100.51 198.51.100.1 203.0.113.80");
	assert_path(net, t0 + 40 * HT_S, "192.168.1.1 198.51.100.1 203.0.113.80");
	assert_path(net, t0 + 50 * HT_S, "192.168.1.1 203.0.113.80");
	assert_path(net, t0 + 60 * HT_S, "192.168.1.1 198.51.100.1 203.0.113.80");
	assert_int_equal(ht_simnet_send_error(net, t0 + 70 * HT_S), 0);
	assert_int_equal(ht_simnet_send_error(net, t0 + 80 * HT_S), -ENETUNREACH);
	assert_int_equal(ht_simnet_send_error(net, t0 + 90 * HT_S), 0);
	assert_path(net, t0 + 150 * HT_S, "* 203.0.113.80");
	assert_path(net, t0 + 160 * HT_S, "* 198.51.100.1 203.0.113.80");
	assert_path(net, t0 + 1050 * HT_S, "* 203.0.113.80");
	ht_simnet_free(net);
}

/* |observed - n p| must stay within 4 standard deviations (1 in 16000). */
static void
assert_share(unsigned n, unsigned observed, double p)
{
	double mean = n * p, sd = sqrt(n * p * (1 - p));

	if (fabs(observed - mean) > 4 * sd + 1e-9)
		fail_msg("%u of %u where %g +- %g was due", observed, n, mean, sd);
}

static unsigned
count_answers(struct ht_simnet *net, unsigned ttl, unsigned n)
{
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	unsigned answers = 0;

	for (unsigned i = 0; i < n; i++)
		answers += ask(net, i * HT_MS, ttl, an);
	return answers;
}

static void
test_loss_statistics(void **state)
{
	enum {
		N = 20000
	};
	struct ht_simnet *net = parsed(
	    PATH "hop 2 loss 20%\nhop 3 loss 10% back-loss 5% duplicates 25% 3ms\n");

	(void)state;
	assert_int_equal(count_answers(net, 1, N), N);
	assert_share(N, count_answers(net, 2, N), 0.8);
	ht_simnet_free(net);

	/* Hop 3: two links there, one back; a quarter of the answers twice. */
	net = parsed(PATH "hop 2 loss 20%\nhop 3 loss 10% back-loss 5%\n");
	assert_share(N, count_answers(net, 3, N), 0.8 * 0.9 * 0.95);
	ht_simnet_free(net);
	net = parsed(PATH "hop 2 back-loss 20% reply-loss 10%\n");
	assert_int_equal(count_answers(net, 1, N), N);
	assert_share(N, count_answers(net, 2, N), 0.8 * 0.9);
	assert_share(N, count_answers(net, 3, N), 0.8);
	ht_simnet_free(net);
	net = parsed(PATH "hop 3 duplicates 25% 3ms\n");
	assert_share(N, count_answers(net, 3, N) - N, 0.25);
	ht_simnet_free(net);
	net = parsed(PATH "hop 3 loss 100%\n");
	assert_int_equal(count_answers(net, 3, N), 0);
	ht_simnet_free(net);
}

/* An exponential of mean m above the base: mean, deviation and median are known. */
static void
test_jitter_statistics(void **state)
{
	enum {
		N = 20000
	};
	struct ht_simnet *net = parsed(PATH "hop 3 jitter 4ms\n");
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	double sum = 0, squares = 0;
	unsigned below_median = 0;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(ask(net, i * HT_MS, 3, an), 1);
		double tail = (double)(an[0].delay - 20 * HT_MS) / (double)HT_MS;
		assert_true(tail >= 0);
		sum += tail;
		squares += tail * tail;
		below_median += tail < 4 * log(2);
	}
	/* Standard errors: m / sqrt(n), and m sqrt(2 / n) for the deviation. */
	double mean = sum / N;
	double dev = sqrt(squares / N - mean * mean);
	assert_true(fabs(mean - 4) < 4 * 4 / sqrt(N));
	assert_true(fabs(dev - 4) < 4 * 4 * sqrt(2.0 / N));
	assert_share(N, below_median, 0.5);
	ht_simnet_free(net);
}

static void
test_spikes_reorder_queue(void **state)
{
	enum {
		N = 20000
	};
	struct ht_simnet *net = parsed(
	    PATH "hop 1 spikes 10% 50ms reorder 20% 1s delay 3ms\n");
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	unsigned spikes = 0, held = 0;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(ask(net, i * HT_MS, 1, an), 1);
		bool is_held = an[0].delay >= HT_S;
		ht_time rest = an[0].delay - (is_held ? HT_S : 0);
		held += is_held;
		spikes += rest > 4 * HT_MS;
		assert_true(rest >= 4 * HT_MS && rest < 54 * HT_MS);
	}
	assert_share(N, spikes, 0.1);
	assert_share(N, held, 0.2);
	ask(net, 0, 3, an); /* the delay of the link is that of all behind it */
	assert_int_equal(an[0].delay, 23 * HT_MS);
	ht_simnet_free(net);

	net = parsed(PATH "hop 2 queue 5ms\n");
	double sum = 0;
	for (unsigned i = 0; i < N; i++) {
		ask(net, 0, 3, an);
		sum += (double)(an[0].delay - 20 * HT_MS) / (double)HT_MS;
	}
	assert_true(fabs(sum / N - 5) < 4 * 5 / sqrt(N));
	ht_simnet_free(net);
}

/* Answers in [0, t]: min(asked, burst + rate * t), counted by hand. */
static void
test_token_bucket(void **state)
{
	struct ht_simnet *net = parsed(PATH "hop 2 limit 2/s burst 6\n");
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	unsigned answers = 0;

	(void)state;
	/* 10/s for 100 s: six from the bucket, then 2/s; the last is at 99.9 s. */
	for (unsigned i = 0; i < 1000; i++)
		answers += ask(net, i * (HT_S / 10), 2, an);
	assert_int_equal(answers, 6 + 199);
	/* As fast as the rate allows: all. */
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(ask(net, (1000 + i) * (HT_S / 2), 2, an), 1);
	/* After a long rest no more than the burst. */
	for (answers = 0, ++answers; answers < 20; answers++)
		if (ask(net, 10000 * HT_S, 2, an) == 0)
			break;
	assert_int_equal(answers, 6 + 1);
	/* What passes through is not limited, nor is an echo reply. */
	assert_int_equal(count_answers(net, 3, 1000), 1000);
	ht_simnet_free(net);
	net = parsed(PATH "hop 3 limit 1/s\n");
	assert_int_equal(count_answers(net, 3, 1000), 1000);
	ht_simnet_free(net);
}

static void
test_choice_of_address(void **state)
{
	enum {
		N = 10000
	};
	struct ht_simnet *net = parsed(PATH),
			 *random = parsed(PATH "hop 2 choose packet\n");
	struct ht_addr first = address("198.51.100.1");
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	unsigned flows_first = 0, packets_first = 0;

	(void)state;
	for (uint32_t flow = 0; flow < N; flow++) {
		struct ht_sim_probe pr = probe_to("203.0.113.80", 2);
		struct ht_addr once;

		pr.flow = flow;
		ht_simnet_probe(net, 0, &pr, an);
		once = an[0].from;
		flows_first += ht_addr_equal(&once, &first);
		ht_simnet_probe(net, HT_S, &pr, an);
		assert_true(ht_addr_equal(&once, &an[0].from));
		pr.flow = 0;
		ht_simnet_probe(random, 0, &pr, an);
		packets_first += ht_addr_equal(&an[0].from, &first);
	}
	assert_share(N, flows_first, 0.5);
	assert_share(N, packets_first, 0.5);
	ht_simnet_free(net);
	ht_simnet_free(random);
}

#define BRANCHES                                                                       \
	TARGET TARGET6                                                                 \
	    "hop 1 192.168.1.1 2001:db8:1::1 rtt 1ms\n"                                \
	    "hop 2 198.51.100.1 198.51.100.2 198.51.100.3 198.51.100.4 rtt 10ms\n"     \
	    "hop 3 198.51.100.11 198.51.100.12 198.51.100.13 198.51.100.14 rtt 15ms\n" \
	    "hop 4 198.51.100.21 198.51.100.22 rtt 18ms\nhop 5 target rtt 20ms\n"

/* The last byte of the address that answers; 0 for silence. */
static unsigned
who(struct ht_simnet *net, ht_time now, unsigned ttl, uint32_t flow)
{
	struct ht_sim_probe pr = probe_to("203.0.113.80", ttl);
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];

	pr.flow = flow;
	if (ht_simnet_probe(net, now, &pr, an) == 0)
		return 0;
	assert_int_equal(an[0].hop, ttl);
	return an[0].from.bytes[3];
}

/* Hops that choose alike go together, and all branches are found by 16 flows. */
static void
test_branches_agree(void **state)
{
	struct ht_simnet *net = parsed(
	    BRANCHES "hop 3 choose like 2\nhop 4 choose like 3\n");
	struct ht_simnet *loose = parsed(BRANCHES);
	unsigned seen = 0, differ = 0;

	(void)state;
	for (uint32_t flow = 0; flow <= HT_FLOW_MAX; flow++) {
		unsigned k = who(net, 0, 2, flow);

		assert_true(k >= 1 && k <= 4);
		assert_int_equal(who(net, HT_S, 3, flow), 10 + k);
		assert_int_equal(who(net, HT_S, 4, flow), k % 2 == 1 ? 21 : 22);
		assert_int_equal(who(net, 2 * HT_S, 2, flow), k);
		if (flow < 16)
			seen |= 1u << k;
		differ += who(loose, 0, 2, flow) != who(loose, 0, 3, flow) - 10;
	}
	assert_int_equal(seen, 0x1e);
	assert_share(HT_FLOW_MAX + 1, differ, 0.75);
	ht_simnet_free(net);
	ht_simnet_free(loose);
}

/* What holds on one branch is met by its flows alone, also by what passes. */
static void
test_branches_have_their_own(void **state)
{
	enum {
		N = 4000
	};
	struct ht_simnet *net = parsed(
	    BRANCHES "hop 3 choose like 2\n"
		     "hop 2 branch 1 rtt 30ms branch 2 loss 20% branch 3 delay 7ms\n"
		     "hop 3 branch 4 silent branch 3 reply-loss 100%\n"
		     "at 60s hop 2 branch 1 rtt 40ms\n");
	static const unsigned rtt_ms[] = { 0, 30, 10, 17, 10 };
	struct ht_sim_probe pr = probe_to("203.0.113.80", 2);
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	unsigned flow_of[5] = { 0 };

	(void)state;
	for (uint32_t flow = 0; flow < 64; flow++) {
		unsigned k;
		while ((k = who(net, 0, 2, flow)) == 0)
			; /* lost */
		flow_of[k] = flow;
	}
	for (unsigned k = 1; k <= 4; k++) {
		unsigned answers[6] = { 0 };
		pr.flow = flow_of[k];
		for (unsigned i = 0; i < N; i++) {
			for (unsigned ttl = 2; ttl <= 5; ttl++) {
				pr.ttl = (uint8_t)ttl;
				if (ht_simnet_probe(net, HT_S, &pr, an) == 0)
					continue;
				answers[ttl]++;
				if (ttl < 4)
					assert_int_equal(an[0].branch, k);
				if (ttl == 2)
					assert_int_equal(
					    an[0].delay, rtt_ms[k] * HT_MS);
				if (ttl == 5)
					assert_int_equal(
					    an[0].delay, (k == 3 ? 27 : 20) * HT_MS);
			}
		}
		assert_share(N, answers[2], k == 2 ? 0.8 : 1);
		assert_share(N, answers[3], k == 2 ? 0.8 : k < 3 ? 1 : 0);
		assert_share(N, answers[5], k == 2 ? 0.8 : 1);
	}
	pr.flow = flow_of[1];
	pr.ttl = 2;
	ht_simnet_probe(net, 60 * HT_S, &pr, an);
	assert_int_equal(an[0].delay, 40 * HT_MS);
	ht_simnet_free(net);
}

/* A packet that chooses for itself stays on its branch, too. */
static void
test_branches_by_packet(void **state)
{
	enum {
		N = 4000
	};
	struct ht_simnet *net = parsed(
	    BRANCHES "hop 2 choose packet branch 1 delay 100ms\nhop 3 choose like 2\n");
	struct ht_sim_probe pr = probe_to("203.0.113.80", 3);
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	unsigned firsts = 0;

	(void)state;
	for (unsigned i = 0; i < N; i++) {
		assert_int_equal(ht_simnet_probe(net, 0, &pr, an), 1);
		firsts += an[0].branch == 1;
		assert_int_equal(an[0].from.bytes[3], 10 + an[0].branch);
		assert_int_equal(an[0].delay, (an[0].branch == 1 ? 115 : 15) * HT_MS);
	}
	assert_share(N, firsts, 0.25);
	ht_simnet_free(net);
}

/* Ways of different length: on two branches there is no hop 3. */
static void
test_branches_of_different_length(void **state)
{
	struct ht_simnet *net = parsed(
	    BRANCHES "hop 3 choose like 2 delay 4ms branch 1 absent branch 3 absent\n");
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	struct ht_sim_probe pr = probe_to("203.0.113.80", 4);
	unsigned shorter = 0;

	(void)state;
	for (uint32_t flow = 0; flow < 64; flow++) {
		bool is_short = who(net, 0, 2, flow) % 2 == 1;

		shorter += is_short;
		assert_int_equal(who(net, 0, 3, flow) / 10, is_short ? 2 : 1);
		pr.flow = flow;
		assert_int_equal(ht_simnet_probe(net, 0, &pr, an), 1);
		assert_int_equal(
		    an[0].kind, is_short ? HT_REPLY_ECHO : HT_REPLY_TIME_EXCEEDED);
		assert_int_equal(an[0].delay, (is_short ? 20 : 22) * HT_MS);
		assert_int_equal(an[0].reply_ttl, is_short ? 61 : 252);
	}
	assert_true(shorter > 16 && shorter < 48);
	ht_simnet_free(net);
}

/* IPv6 has its own branches, and each router its own bucket. */
static void
test_branches_families_and_limits(void **state)
{
	struct ht_simnet *net = parsed(TARGET TARGET6
	    "hop 1 192.168.1.1 2001:db8:1::1 2001:db8:1::2 limit 1/s burst 1\n"
	    "hop 1 branch 2 rtt 9ms\nhop 2 target\n");
	struct ht_sim_probe pr = probe_to("2001:db8:80::80", 1);
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	unsigned seen = 0;

	(void)state;
	assert_int_equal(who(net, 0, 1, 0), 1);
	assert_int_equal(who(net, 0, 1, 1), 0); /* one router, one token */
	for (uint32_t flow = 0; flow < 64; flow++) {
		pr.flow = flow;
		if (ht_simnet_probe(net, 2 * HT_S, &pr, an) == 0)
			continue;
		assert_int_equal(an[0].from.bytes[15], an[0].branch);
		assert_int_equal(an[0].delay, an[0].branch == 2 ? 9 * HT_MS : 0);
		seen += an[0].branch;
	}
	assert_int_equal(seen, 1 + 2);
	ht_simnet_free(net);
}

/* "like" goes on when the hop that it refers to is changed, or gone. */
static void
test_branches_through_changes(void **state)
{
	struct ht_simnet *net = parsed(
	    BRANCHES "hop 3 choose like 2\n"
		     "at 10s insert 2 198.51.100.101 198.51.100.102 until 20s\n"
		     "at 30s remove 2 until 40s\n"
		     "at 50s hop 3 198.51.100.99 until 60s\n");

	(void)state;
	for (uint32_t flow = 0; flow < 64; flow++) {
		unsigned k = who(net, 0, 2, flow);

		assert_int_equal(who(net, 10 * HT_S, 2, flow) / 100, 1);
		assert_int_equal(who(net, 10 * HT_S, 3, flow), k);
		assert_int_equal(who(net, 10 * HT_S, 4, flow), 10 + k);
		assert_int_equal(who(net, 30 * HT_S, 2, flow), 10 + k);
		assert_int_equal(who(net, 50 * HT_S, 3, flow), 99);
		assert_int_equal(who(net, 60 * HT_S, 3, flow), 10 + k);
	}
	ht_simnet_free(net);
}

static void
test_ports(void **state)
{
	static const struct {
		enum ht_proto proto;
		uint16_t port;
		unsigned kind;
	} cases[] = {
		{ HT_PROTO_TCP, 443, HT_REPLY_TCP_OPEN },
		{ HT_PROTO_TCP, 80, HT_REPLY_TCP_CLOSED },
		{ HT_PROTO_TCP, 25, HT_REPLY_NONE },
		{ HT_PROTO_UDP, 443, HT_REPLY_NONE },
		{ HT_PROTO_UDP, 53, HT_REPLY_UDP_DATA },
		{ HT_PROTO_UDP, 54, HT_REPLY_NONE },
		{ HT_PROTO_ICMP, 443, HT_REPLY_ECHO },
	};
	struct ht_simnet *net = parsed(
	    PATH "hop 3 tcp open 443 tcp silent 25 udp silent udp data 53\n"
		 "at 9s hop 3 tcp closed 443\n");
	struct ht_sim_probe pr = probe_to("203.0.113.80", 3);
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pr.proto = (uint8_t)cases[i].proto;
		pr.port = cases[i].port;
		unsigned n = ht_simnet_probe(net, 0, &pr, an);
		assert_int_equal(n, cases[i].kind != HT_REPLY_NONE);
		if (n > 0)
			assert_int_equal(an[0].kind, cases[i].kind);
	}
	pr.proto = HT_PROTO_TCP;
	pr.port = 443;
	assert_int_equal(ht_simnet_probe(net, 9 * HT_S, &pr, an), 1);
	assert_int_equal(an[0].kind, HT_REPLY_TCP_CLOSED);
	ht_simnet_free(net);
}

/* A router may refuse what ends at it, and let the rest pass. */
static void
test_refuses_and_fragments(void **state)
{
	struct ht_simnet *net = parsed(PATH "hop 2 refuses admin\n");
	struct ht_sim_probe pr = probe_to("203.0.113.80", 3);
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];

	(void)state;
	ask(net, 0, 2, an);
	assert_int_equal(an[0].kind, HT_REPLY_UNREACHABLE);
	assert_int_equal(an[0].icmp_code, 13);
	ask(net, 0, 3, an);
	assert_int_equal(an[0].kind, HT_REPLY_ECHO);
	ht_simnet_free(net);

	net = parsed(PATH "hop 1 mtu 1400\n");
	pr.size = 1401;
	pr.is_divisible = true;
	ht_simnet_probe(net, 0, &pr, an);
	assert_int_equal(an[0].kind, HT_REPLY_ECHO);
	ht_simnet_free(net);
}

/* What errors say about the probe: how it got there, and what NATs made of it. */
static void
test_rewrites(void **state)
{
	struct ht_simnet *net = parsed(TARGET TARGET6
	    "hop 1 192.168.1.1 2001:db8:1::1\nhop 2 198.51.100.1 2001:db8:2::1 tos 4\n"
	    "hop 3 198.51.100.3 2001:db8:3::1 quote-source 203.0.113.9 1234\n"
	    "hop 3 quote-target 2001:db8::5 quote-id 0 quote-checksum 7 quote-length "
	    "0\n"
	    "hop 3 from 198.51.100.33 from 2001:db8:3::33 no-length mpls 5 0 1\n"
	    "hop 4 198.51.100.4 tos 0\nhop 5 target\n");
	struct ht_sim_probe pr = probe_to("203.0.113.80", 1);
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];
	static const unsigned tos[] = { 0, 0xb8, 4, 4, 0, 0 };

	(void)state;
	assert_true(ht_simnet_has_rewrites(net));
	pr.tos = 0xb8;
	for (unsigned ttl = 1; ttl <= 5; ttl++) {
		pr.ttl = (uint8_t)ttl;
		assert_int_equal(ht_simnet_probe(net, 0, &pr, an), 1);
		assert_int_equal(an[0].rewrite.tos, tos[ttl]);
		assert_int_equal(an[0].rewrite.ttl, 1);
		assert_int_equal(an[0].reply_tos, ttl < 5 ? 0xc0 : 0);
		if (ttl == 3)
			continue;
		assert_int_equal(an[0].rewrite.source.family, HT_FAMILY_NONE);
		assert_false(an[0].has_no_length);
	}
	pr.ttl = 3;
	ht_simnet_probe(net, 0, &pr, an);
	assert_address(&an[0].from, "198.51.100.33");
	assert_address(&an[0].rewrite.source, "203.0.113.9");
	assert_int_equal(an[0].rewrite.sport, 1234);
	assert_int_equal(an[0].rewrite.target.family, HT_FAMILY_NONE);
	assert_int_equal(an[0].rewrite.id, 0);
	assert_int_equal(an[0].rewrite.checksum, 7);
	assert_int_equal(an[0].rewrite.length, 0);
	assert_true(an[0].has_no_length);
	pr.ttl = 9; /* 5 of them are left at the target, which says no */
	pr.proto = HT_PROTO_UDP;
	ht_simnet_probe(net, 0, &pr, an);
	assert_int_equal(an[0].kind, HT_REPLY_UNREACHABLE);
	assert_int_equal(an[0].rewrite.ttl, 5);
	pr.target = address("2001:db8:80::80");
	pr.ttl = 3;
	ht_simnet_probe(net, 0, &pr, an);
	assert_address(&an[0].from, "2001:db8:3::33");
	assert_address(&an[0].rewrite.target, "2001:db8::5");
	assert_int_equal(an[0].rewrite.source.family, HT_FAMILY_NONE);
	assert_int_equal(an[0].rewrite.sport, 0);
	ht_simnet_free(net);
	net = parsed(PATH);
	assert_false(ht_simnet_has_rewrites(net));
	ht_simnet_free(net);
	net = parsed(PATH "at 5s hop 2 tos 0\n");
	assert_true(ht_simnet_has_rewrites(net));
	ht_simnet_free(net);
}

/* The checksum that a whole new packet has, at the place for its protocol. */
static uint16_t
built_checksum(const struct ht_ip *ip, unsigned proto, uint16_t sport, uint16_t dport)
{
	static const uint8_t data[] = { 1, 2, 3, 4, 5 };
	const struct ht_udp udp = {
		.sport = sport, .dport = dport, .data = data, .data_len = sizeof(data)
	};
	const struct ht_tcp tcp = { .sport = sport, .dport = dport, .seq = 99 };
	const struct ht_icmp_echo echo = {
		.id = 5, .seq = 6, .data = data, .data_len = sizeof(data)
	};
	size_t at = ip->src.family == HT_FAMILY_IP6 ? 40 : 20;
	uint8_t buf[128];

	if (proto == HT_PROTO_UDP) {
		assert_true(ht_build_udp(buf, sizeof(buf), ip, &udp) > 0);
		at += 6;
	} else if (proto == HT_PROTO_TCP) {
		assert_true(ht_build_tcp(buf, sizeof(buf), ip, &tcp) > 0);
		at += 16;
	} else {
		assert_true(ht_build_icmp_echo(buf, sizeof(buf), ip, &echo) > 0);
		at += 2;
	}
	return (uint16_t)(buf[at] << 8 | buf[at + 1]);
}

/* A NAT brings checksums up to date: against those of packets built anew. */
static void
test_quoted_checksum(void **state)
{
	struct ht_rng rng;

	(void)state;
	ht_rng_init(&rng, 3);
	for (unsigned i = 0; i < 6000; i++) {
		bool is_ip6 = i % 2 == 0;
		uint8_t b[64];
		for (unsigned j = 0; j < sizeof(b); j++)
			b[j] = (uint8_t)ht_rng_next(&rng);
		struct ht_ip ip = { .ttl = 1 }, ip_new;
		ip.src = is_ip6 ? ht_addr_ip6(b, 0) : ht_addr_ip4(b);
		ip.dst = is_ip6 ? ht_addr_ip6(b + 16, 0) : ht_addr_ip4(b + 16);
		struct ht_sim_headers sent = { .source = ip.src,
			.target = ip.dst,
			.proto = (uint8_t)(HT_PROTO_ICMP + i / 2 % 3),
			.sport = (uint16_t)(b[60] << 8 | 1),
			.dport = (uint16_t)(b[61] << 8 | 1) };
		struct ht_sim_rewrite rw = { .id = -1, .checksum = -1, .length = -1 };
		rw.source = is_ip6 ? ht_addr_ip6(b + 32, 0) : ht_addr_ip4(b + 32);
		rw.sport = (uint16_t)(b[62] << 8 | 1);
		if (i % 5 == 0)
			rw.target = is_ip6 ? ht_addr_ip6(b + 44, 0)
					   : ht_addr_ip4(b + 44);
		if (i % 7 == 0)
			rw.dport = 33434;
		ip_new = ip;
		ip_new.src = rw.source;
		if (rw.target.family != HT_FAMILY_NONE)
			ip_new.dst = rw.target;
		sent.checksum = built_checksum(&ip, sent.proto, sent.sport, sent.dport);
		uint16_t want = built_checksum(&ip_new, sent.proto, rw.sport,
		    rw.dport != 0 ? rw.dport : sent.dport);
		uint16_t got = ht_sim_quoted_checksum(&sent, &rw);
		/* 0 and ffff are the same sum: both are right but in UDP. */
		if (want != got
		    && (sent.proto == HT_PROTO_UDP || (uint16_t)(want + 1) > 1))
			fail_msg("proto %u: %04x, not %04x", sent.proto, got, want);
		sent.proto = HT_PROTO_UDP;
		sent.checksum = 0;
		assert_int_equal(ht_sim_quoted_checksum(&sent, &rw), 0);
	}
}

/* A UDP checksum that comes out as 0 is written as ffff: 0 is none. */
static void
test_quoted_checksum_is_never_none(void **state)
{
	struct ht_ip ip = {
		.ttl = 1, .src = address("192.0.2.10"), .dst = address("203.0.113.80")
	};
	struct ht_sim_headers sent = { .source = ip.src,
		.target = ip.dst,
		.proto = HT_PROTO_UDP,
		.sport = 1,
		.dport = 2,
		.checksum = built_checksum(&ip, HT_PROTO_UDP, 1, 2) };
	struct ht_sim_rewrite rw = { .sport = 1, .id = -1, .checksum = -1 };

	(void)state;
	while (built_checksum(&ip, HT_PROTO_UDP, rw.sport, 2) != 0xffff)
		assert_int_not_equal(++rw.sport, 0);
	assert_int_equal(ht_sim_quoted_checksum(&sent, &rw), 0xffff);
}

#define CHANCY                                                                         \
	"hop 1 loss 20% jitter 3ms\nhop 2 back-loss 10% jitter 2ms spikes 9% 1s\n"     \
	"hop 3 reply-loss 30% duplicates 20% 5ms reorder 5% 1s\n"

/* What one hop answers depends on its own probes only, in whatever order. */
static void
test_determinism(void **state)
{
	struct ht_simnet *a = parsed("seed 9\n" PATH CHANCY);
	struct ht_simnet *b = parsed("seed 9\n" PATH CHANCY);
	struct ht_simnet *c = parsed("seed 10\n" PATH CHANCY);
	struct ht_sim_answer an[2][HT_SIM_ANSWERS_MAX];
	unsigned differ = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		ask(b, 0, 1, an[1]);
	for (unsigned i = 0; i < 3000; i++) {
		unsigned ttl = 2 + i % 2, n = ask(a, i, ttl, an[0]);

		assert_int_equal(n, ask(b, i, ttl, an[1]));
		for (unsigned j = 0; j < n; j++)
			assert_int_equal(an[0][j].delay, an[1][j].delay);
		differ += n != ask(c, i, ttl, an[1]);
	}
	assert_true(differ > 300);
	ht_simnet_free(a);
	ht_simnet_free(b);
	ht_simnet_free(c);
}

/* --- the transport --- */

struct log {
	unsigned n;
	struct ht_reply reply[64];
	bool has_ext[64];
	struct ht_quote quote[64];
};

static void
log_reply(void *ctx, const struct ht_reply *reply)
{
	struct log *log = ctx;

	assert_true(log->n < 64);
	log->has_ext[log->n] = reply->ext != NULL && reply->ext->n_mpls == 1;
	if (reply->quote != NULL)
		log->quote[log->n] = *reply->quote;
	log->reply[log->n++] = *reply;
}

static int
send_one(struct ht_transport *tp, uint32_t token, unsigned ttl, ht_time now)
{
	const struct ht_probe probe = {
		.token = token,
		.target = address("203.0.113.80"),
		.proto = HT_PROTO_ICMP,
		.ttl = (uint8_t)ttl,
		.size = 64,
	};

	return tp->ops->send(tp, &probe, now);
}

static void
test_transport(void **state)
{
	struct ht_simnet *net = parsed(
	    PATH "hop 2 mpls 5 0 1\nhop 3 duplicates 100% 7ms\n");
	struct ht_err err;
	struct ht_transport *tp = ht_sim_open(net, &err);
	struct ht_addr source, target = address("203.0.113.80"),
			       other = address("203.0.113.81");
	struct log log = { 0 };
	ht_time t = 100 * HT_S;

	(void)state;
	assert_non_null(tp);
	assert_true(tp->ops->caps(tp) & HT_CAP_VIRTUAL_CLOCK);
	assert_int_equal(tp->ops->fds(tp, NULL, 0), 0);
	assert_int_equal(tp->ops->prepare(tp, &target, HT_PROTO_ICMP, &source), 0);
	assert_address(&source, "192.0.2.10");
	assert_int_equal(
	    tp->ops->prepare(tp, &target, HT_PROTO_SCTP, &source), -EPROTONOSUPPORT);
	assert_int_equal(
	    tp->ops->prepare(tp, &other, HT_PROTO_ICMP, &source), -ENETUNREACH);
	assert_true(tp->ops->next(tp) == HT_TIME_NEVER);

	for (unsigned ttl = 3; ttl >= 1; ttl--)
		assert_int_equal(send_one(tp, 70 + ttl, ttl, t), 0);
	assert_true(tp->ops->next(tp) == t + HT_MS);
	assert_int_equal(tp->ops->receive(tp, t + HT_MS - 1, log_reply, &log), 0);
	assert_int_equal(tp->ops->receive(tp, t + HT_S, log_reply, &log), 4);
	assert_true(tp->ops->next(tp) == HT_TIME_NEVER);
	static const unsigned tokens[] = { 71, 72, 73, 73 }, ms[] = { 1, 10, 20, 27 };
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(log.reply[i].token, tokens[i]);
		assert_true(log.reply[i].tx_ns == t);
		assert_true(log.reply[i].rx_ns == t + ms[i] * HT_MS);
		assert_int_equal(log.reply[i].rx_stamp, HT_STAMP_SIMULATED);
		assert_int_equal(log.reply[i].match, HT_MATCH_EXACT);
		assert_int_equal(log.has_ext[i], i == 1);
	}
	tp->ops->close(tp);
	ht_simnet_free(net);
}

static void
test_transport_errors(void **state)
{
	struct ht_simnet *net = parsed(PATH "at 10s send-error EPERM until 20s\n");
	struct ht_err err;
	struct ht_transport *tp = ht_sim_open(net, &err);
	unsigned sent = 0;

	(void)state;
	assert_non_null(tp);
	assert_int_equal(send_one(tp, 1, 1, 0), 0);
	assert_int_equal(send_one(tp, 1, 1, 10 * HT_S), -EPERM);
	assert_int_equal(send_one(tp, 1, 1, 20 * HT_S), 0);
	while (send_one(tp, 1, 1, 20 * HT_S) == 0 && sent < 2 * HT_SIM_FLIGHT_MAX)
		sent++;
	assert_int_equal(send_one(tp, 1, 1, 20 * HT_S), -ENOBUFS);
	assert_true(sent > HT_SIM_FLIGHT_MAX - 8 && sent < HT_SIM_FLIGHT_MAX);
	tp->ops->close(tp);
	ht_simnet_free(net);
}

/* The heap against a plain sort: random delays come out in order, none is lost. */
static void
count_in_order(void *ctx, const struct ht_reply *reply)
{
	ht_time *state = ctx;

	assert_true(reply->rx_ns >= state[0]);
	state[0] = reply->rx_ns;
	state[1]++;
}

static void
test_transport_order(void **state)
{
	struct ht_simnet *net = parsed(PATH "hop 3 jitter 500ms\n");
	struct ht_err err;
	struct ht_transport *tp = ht_sim_open(net, &err);
	ht_time seen[2] = { 0, 0 };

	(void)state;
	assert_non_null(tp);
	for (unsigned i = 0; i < 5000; i++) {
		ht_time now = i * HT_MS;
		tp->ops->receive(tp, now, count_in_order, seen);
		assert_int_equal(send_one(tp, i, 3, now), 0);
	}
	tp->ops->receive(tp, 1000 * HT_S, count_in_order, seen);
	assert_int_equal(seen[1], 5000);
	tp->ops->close(tp);
	ht_simnet_free(net);
}

/* Port 0 is that of the protocol, as on real sockets. */
static void
test_transport_ports(void **state)
{
	struct ht_simnet *net = parsed(
	    PATH "hop 3 tcp closed tcp open 80 udp closed udp data 33434\n");
	struct ht_err err;
	struct ht_transport *tp = ht_sim_open(net, &err);
	struct ht_probe probe = {
		.target = address("203.0.113.80"), .ttl = 3, .size = 64
	};
	static const struct {
		enum ht_proto proto;
		uint16_t port;
		unsigned kind;
	} cases[] = {
		{ HT_PROTO_TCP, 0, HT_REPLY_TCP_OPEN },
		{ HT_PROTO_TCP, 80, HT_REPLY_TCP_OPEN },
		{ HT_PROTO_TCP, 443, HT_REPLY_TCP_CLOSED },
		{ HT_PROTO_UDP, 0, HT_REPLY_UDP_DATA },
		{ HT_PROTO_UDP, 33435, HT_REPLY_UNREACHABLE },
	};
	struct log log = { 0 };

	(void)state;
	assert_non_null(tp);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		probe.proto = (uint8_t)cases[i].proto;
		probe.port = cases[i].port;
		assert_int_equal(tp->ops->send(tp, &probe, (ht_time)i), 0);
	}
	assert_int_equal(tp->ops->receive(tp, HT_S, log_reply, &log), 5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(log.reply[i].kind, cases[i].kind);
		assert_null(log.reply[i].quote);
	}
	assert_int_equal(tp->ops->caps(tp) & (HT_CAP_QUOTE4 | HT_CAP_QUOTE6), 0);
	tp->ops->close(tp);
	ht_simnet_free(net);
}

/* Fields that a quote shows, as the transport hands them up. */
static void
test_transport_quotes(void **state)
{
	struct ht_simnet *net = parsed(TARGET TARGET6
	    "hop 1 192.168.1.1 2001:db8:1::1 rtt 1ms\n"
	    "hop 2 198.51.100.2 2001:db8:2::1 rtt 2ms tos 4\n"
	    "hop 3 198.51.100.3 2001:db8:3::1 rtt 3ms\n"
	    "hop 3 quote-source 203.0.113.9 1234 quote-source 2001:db8::9 1234\n"
	    "hop 4 198.51.100.4 2001:db8:4::1 rtt 4ms quote-id 0 quote-checksum 7\n"
	    "hop 5 198.51.100.5 2001:db8:5::1 rtt 5ms quote 28\n"
	    "hop 6 target rtt 6ms\n");
	enum {
		T = HT_QUOTE_TOS,
		L = HT_QUOTE_TTL,
		I = HT_QUOTE_ID,
		C = HT_QUOTE_CHECKSUM,
		F = HT_QUOTE_LABEL,
		A = HT_QUOTE_ADDRESS,
		P = HT_QUOTE_PORT
	};
	static const unsigned changed[2][7] = {
		{ 0, 0, T, T | A | P | C, T | I | C, T, T },
		{ 0, 0, T, T | A | P | C, T | C, 0, T },
	};
	struct ht_err err;
	struct ht_transport *tp = ht_sim_open(net, &err);
	struct log log;

	(void)state;
	assert_non_null(tp);
	assert_true(tp->ops->caps(tp) & HT_CAP_QUOTE4 & ~HT_CAP_QUOTE6);
	assert_true(tp->ops->caps(tp) & HT_CAP_QUOTE6);
	for (int v = 0; v < 2; v++) {
		struct ht_probe probe = { .token = 7,
			.target = address(v == 0 ? "203.0.113.80" : "2001:db8:80::80"),
			.proto = HT_PROTO_UDP,
			.tos = 0xb8,
			.flow = 5,
			.size = 64 };
		unsigned all = T | L | C | A | P | (v == 0 ? I : F);

		log = (struct log){ 0 };
		for (probe.ttl = 1; probe.ttl <= 6; probe.ttl++)
			assert_int_equal(tp->ops->send(tp, &probe, 0), 0);
		assert_int_equal(tp->ops->receive(tp, HT_S, log_reply, &log), 6);
		for (unsigned ttl = 1; ttl <= 6; ttl++) {
			const struct ht_quote *q = &log.quote[ttl - 1];
			bool is_cut = v == 1 && ttl == 5; /* in the IPv6 header */

			assert_non_null(log.reply[ttl - 1].quote);
			assert_int_equal(q->seen, is_cut ? 0 : all);
			assert_int_equal(q->changed, changed[v][ttl]);
			if (is_cut)
				continue;
			assert_int_equal(q->tos, ttl == 1 ? 0xb8 : 4);
			assert_int_equal(q->ttl, 1);
			assert_int_equal(q->id, v == 1 || ttl == 4 ? 0 : 7);
			if (ttl == 4)
				assert_int_equal(q->checksum, 7);
			assert_int_equal(q->label != 0, v == 1);
		}
	}
	tp->ops->close(tp);
	ht_simnet_free(net);
}

static void
test_demo(void **state)
{
	size_t len;
	const char *text = ht_sim_demo(&len);
	struct ht_err err;
	struct ht_simnet *net = ht_simnet_parse(text, len, &err);
	struct ht_addr gateway = address("192.168.1.1");
	struct ht_sim_answer an[HT_SIM_ANSWERS_MAX];

	(void)state;
	if (net == NULL)
		fail_msg("demo.net:%u: %s", err.line, err.text);
	assert_string_equal(ht_simnet_target(net, 0)->name, "example.net");
	assert_address(&ht_simnet_target(net, 0)->addr, "203.0.113.80");
	assert_string_equal(ht_simnet_name(net, &gateway), "gateway");
	assert_int_equal(ht_simnet_hops(net, 0), 9);
	assert_int_equal(ask(net, 0, 8, an), 0);
	assert_int_equal(ask(net, 0, 4, an), 1);
	assert_address(&an[0].from, "198.51.100.5");
	assert_int_equal(ask(net, 41 * HT_S, 4, an), 1);
	assert_address(&an[0].from, "198.51.100.77");
	assert_int_equal(ask(net, 100 * HT_S, 4, an), 1);
	assert_address(&an[0].from, "198.51.100.5");
	assert_int_equal(ask(net, 170 * HT_S, 4, an), 1);
	assert_address(&an[0].from, "198.51.100.77");
	ht_simnet_free(net);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_nul_byte_and_length),
		cmocka_unit_test(test_everything_is_read),
		cmocka_unit_test(test_mangled_text),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_target_answers_by_protocol),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_unreachable_blocks_mtu),
		cmocka_unit_test(test_sources_ttls_extensions),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_loss_statistics),
		cmocka_unit_test(test_jitter_statistics),
		cmocka_unit_test(test_spikes_reorder_queue),
		cmocka_unit_test(test_token_bucket),
		cmocka_unit_test(test_choice_of_address),
		cmocka_unit_test(test_branches_agree),
		cmocka_unit_test(test_branches_have_their_own),
		cmocka_unit_test(test_branches_by_packet),
		cmocka_unit_test(test_branches_of_different_length),
		cmocka_unit_test(test_branches_families_and_limits),
		cmocka_unit_test(test_branches_through_changes),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_refuses_and_fragments),
		cmocka_unit_test(test_rewrites),
		cmocka_unit_test(test_quoted_checksum),
		cmocka_unit_test(test_quoted_checksum_is_never_none),
		cmocka_unit_test(test_determinism),
		cmocka_unit_test(test_transport),
		cmocka_unit_test(test_transport_errors),
		cmocka_unit_test(test_transport_order),
		cmocka_unit_test(test_transport_ports),
		cmocka_unit_test(test_transport_quotes),
		cmocka_unit_test(test_demo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
