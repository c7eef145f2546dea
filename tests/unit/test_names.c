/* SPDX-License-Identifier: ISC */
/*
 * Names against a name server of our own on the loopback, which answers in this
 * process, between two turns of the loop: right, slowly, wrongly or not at all.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "names/cache.h"
#include "names/names.h"

#define TYPE_A    1
#define TYPE_PTR  12
#define TYPE_AAAA 28

/* What names_* called back with. */
struct seen {
	unsigned n_found;
	char name[512];
	struct ht_addr addr;
	unsigned n_answers, id, n_addrs;
	struct ht_addr addrs[NAMES_ADDRS_MAX];
	char error[160];
	unsigned n_queries;  /* that the server got */
	unsigned max_flight; /* most of them unanswered at a time */
};

struct fixture {
	int fd; /* the server */
	struct names *names;
	struct seen seen;
};

static ht_time
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * HT_S + ts.tv_nsec;
}

/* The server ================================================================*/

struct packet {
	uint8_t bytes[1500];
	size_t len;
};

static void
put16(struct packet *p, unsigned value)
{
	p->bytes[p->len++] = (uint8_t)(value >> 8);
	p->bytes[p->len++] = (uint8_t)value;
}

static void
put(struct packet *p, const void *data, size_t len)
{
	memcpy(p->bytes + p->len, data, len);
	p->len += len;
}

/* Labels are taken apart at '/', so that one may hold a dot. */
static void
put_name(struct packet *p, const char *name)
{
	while (*name != '\0') {
		size_t len = strcspn(name, "/");
		p->bytes[p->len++] = (uint8_t)len;
		put(p, name, len);
		name += len + (name[len] == '/');
	}
	p->bytes[p->len++] = 0;
}

/* Begin one answer record; what is returned is where its length goes. */
static size_t
begin_record(struct packet *p, unsigned type)
{
	p->bytes[7]++;
	put16(p, 0xc00c);
	put16(p, type);
	put16(p, 1);
	put16(p, 0);
	put16(p, 60);
	put16(p, 0);
	return p->len - 2;
}

static void
end_record(struct packet *p, size_t at)
{
	size_t len = p->len - at - 2;

	p->bytes[at] = (uint8_t)(len >> 8);
	p->bytes[at + 1] = (uint8_t)len;
}

static void
answer_address(struct packet *p, int family, const char *text)
{
	uint8_t bytes[16];
	size_t at = begin_record(p, family == AF_INET ? TYPE_A : TYPE_AAAA);

	assert_int_equal(inet_pton(family, text, bytes), 1);
	put(p, bytes, family == AF_INET ? 4 : 16);
	end_record(p, at);
}

static void
answer_pointer(struct packet *p, const char *name)
{
	size_t at = begin_record(p, TYPE_PTR);

	put_name(p, name);
	end_record(p, at);
}

/* 253 bytes in four labels: the longest name there is. */
static const char *
longest_name(char separator)
{
	static char names[2][254];
	char *name = names[separator == '.'];

	memset(name, 'x', 253);
	name[63] = name[127] = name[191] = separator;
	return name;
}

/* Write the question's name with dots; returns its type. */
static unsigned
read_question(const struct packet *q, char *name)
{
	size_t at = 12, out = 0;

	while (q->bytes[at] != 0) {
		memcpy(name + out, q->bytes + at + 1, q->bytes[at]);
		out += q->bytes[at];
		name[out++] = '.';
		at += 1u + q->bytes[at];
	}
	name[out > 0 ? out - 1 : 0] = '\0';
	return (unsigned)(q->bytes[at + 1] << 8 | q->bytes[at + 2]);
}

/* Fill in the answer; false to stay silent. */
static bool
answer(struct packet *p, const char *name, unsigned type)
{
	bool is_a = type == TYPE_A, is_aaaa = type == TYPE_AAAA;

	if (strncmp(name, "silent.", 7) == 0 || strncmp(name, "5.2.", 4) == 0)
		return false;
	if (strcmp(name, "both.test") == 0) {
		if (is_a)
			answer_address(p, AF_INET, "127.0.0.7");
		if (is_aaaa)
			answer_address(p, AF_INET6, "::1");
	} else if (strcmp(name, "four.test") == 0) {
		if (is_a)
			answer_address(p, AF_INET, "192.0.2.1");
	} else if (strcmp(name, "zero.test") == 0) {
		if (is_a)
			answer_address(p, AF_INET, "0.0.0.0");
	} else if (strcmp(name, "refused.test") == 0) {
		p->bytes[3] |= 5;
	} else if (strcmp(name, "broken.test") == 0) {
		p->bytes[3] |= 2;
	} else if (strcmp(name, "1.2.0.192.in-addr.arpa") == 0) {
		answer_pointer(p, "router1/example/net");
	} else if (strcmp(name, "2.2.0.192.in-addr.arpa") == 0) {
		answer_pointer(p, "red\033[31m/example/net");
	} else if (strcmp(name, "3.2.0.192.in-addr.arpa") == 0) {
		answer_pointer(p, longest_name('/'));
	} else if (strcmp(name, "6.2.0.192.in-addr.arpa") == 0) {
		answer_pointer(p, "cut/off/example/net");
		p->len -= 9;
	} else if (strcmp(name, "7.2.0.192.in-addr.arpa") == 0) {
		answer_pointer(p, "8/8/8/8");
	} else if (strcmp(name, "8.2.0.192.in-addr.arpa") == 0) {
		answer_pointer(p, "a b/example/net");
	} else if (strcmp(name, "9.2.0.192.in-addr.arpa") == 0) {
		answer_pointer(p, "a.b/example/net");
	} else if (strstr(name, ".51.198.in-addr.arpa") != NULL) {
		answer_pointer(p, "many/example/net");
	} else if (strstr(name, "8.b.d.0.1.0.0.2.ip6.arpa") != NULL) {
		answer_pointer(p, "six/example/net");
	} else {
		p->bytes[3] |= 3;
	}
	return true;
}

/* Answer one query that waits at the socket; false if none does. */
static bool
serve_one(struct fixture *f)
{
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	struct packet p;
	char name[512];
	ssize_t len = recvfrom(f->fd, p.bytes, sizeof(p.bytes), MSG_DONTWAIT,
	    (struct sockaddr *)&from, &from_len);

	if (len < 12)
		return false;
	f->seen.n_queries++;
	p.len = (size_t)len;

	unsigned type = read_question(&p, name);
	/* Flags: a response.  No additional records of the query come back. */
	p.bytes[2] = 0x84;
	p.bytes[3] = 0x80;
	memset(p.bytes + 6, 0, 6);
	p.len = 12 + strlen(name) + 2 + 4;
	if (answer(&p, name, type))
		sendto(f->fd, p.bytes, p.len, 0, (struct sockaddr *)&from, from_len);
	return true;
}

/* The loop ==================================================================*/

static void
on_found(void *ctx, const struct ht_addr *addr, const char *name)
{
	struct fixture *f = ctx;

	f->seen.n_found++;
	f->seen.addr = *addr;
	snprintf(f->seen.name, sizeof(f->seen.name), "%s", name);
}

static void
on_answer(
    void *ctx, unsigned id, const struct ht_addr *addrs, unsigned n, const char *error)
{
	struct fixture *f = ctx;

	f->seen.n_answers++;
	f->seen.id = id;
	f->seen.n_addrs = n;
	if (n > 0)
		memcpy(f->seen.addrs, addrs, n * sizeof(*addrs));
	snprintf(
	    f->seen.error, sizeof(f->seen.error), "%s", error != NULL ? error : "");
}

/* Turn until nothing is pending and n answers came; at most 20 seconds. */
static void
turn(struct fixture *f, unsigned n_answers, bool is_serving)
{
	ht_time now = clock_now(), deadline = now + 20 * HT_S;

	names_process(f->names, now);
	while (names_pending(f->names) > 0 || f->seen.n_answers < n_answers) {
		struct pollfd fds[1 + NAMES_FDS_MAX];
		int n = 1 + names_fds(f->names, fds + 1, NAMES_FDS_MAX);
		ht_time wait = names_next(f->names, now) - now;

		fds[0] = (struct pollfd){ .fd = is_serving ? f->fd : -1,
			.events = POLLIN };
		poll(fds, (nfds_t)n,
		    wait > HT_S ? 1000 : (int)((wait + HT_MS - 1) / HT_MS));
		while (is_serving && serve_one(f))
			continue;
		now = clock_now();
		assert_true(now < deadline);
		names_process(f->names, now);
	}
}

static int
set_up(void **state)
{
	static struct fixture f;
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	struct names_config cfg = {
		.timeout_ms = 100, .tries = 2, .found = on_found, .ctx = &f
	};
	struct ht_err err;
	char server[64];

	memset(&f, 0, sizeof(f));
	f.fd = socket(AF_INET, SOCK_DGRAM, 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(f.fd, (struct sockaddr *)&sin, sizeof(sin)) != 0)
		return -1;
	getsockname(f.fd, (struct sockaddr *)&sin, &len);
	snprintf(server, sizeof(server), "127.0.0.1:%u", ntohs(sin.sin_port));
	cfg.server = server;
	f.names = names_new(&cfg, &err);
	*state = &f;
	return f.names != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	names_free(f->names);
	close(f->fd);
	return 0;
}

/* Ask for the name of 192.0.2.LAST and wait; the name, or "" for none. */
static const char *
name_of(struct fixture *f, const char *text)
{
	struct ht_addr addr;

	assert_true(ht_addr_parse(text, &addr));
	f->seen = (struct seen){ 0 };
	names_lookup(f->names, &addr, clock_now());
	assert_int_equal(f->seen.n_found, 0);
	turn(f, 0, true);
	if (f->seen.n_found > 0)
		assert_true(ht_addr_equal(&addr, &f->seen.addr));
	return f->seen.name;
}

static const char *
resolve(struct fixture *f, const char *host, unsigned family)
{
	f->seen = (struct seen){ 0 };
	names_resolve(f->names, host, family, 42, on_answer);
	turn(f, 1, true);
	assert_int_equal(f->seen.n_answers, 1);
	assert_int_equal(f->seen.id, 42);
	assert_int_equal(f->seen.n_addrs == 0, f->seen.error[0] != '\0');
	return f->seen.error;
}

/* Tests =====================================================================*/

static void
names_of_addresses(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(name_of(f, "192.0.2.1"), "router1.example.net");
	assert_string_equal(name_of(f, "2001:db8::1"), "six.example.net");
	assert_string_equal(name_of(f, "192.0.2.4"), "");
}

static void
the_longest_name_fits(void **state)
{
	assert_string_equal(name_of(*state, "192.0.2.3"), longest_name('.'));
}

static void
lies_are_no_names(void **state)
{
	assert_string_equal(name_of(*state, "192.0.2.2"), "");
	assert_string_equal(name_of(*state, "192.0.2.6"), "");
	assert_string_equal(name_of(*state, "192.0.2.7"), "");
	assert_string_equal(name_of(*state, "192.0.2.8"), "");
	assert_string_equal(name_of(*state, "192.0.2.9"), "");
}

static void
answers_are_remembered(void **state)
{
	struct fixture *f = *state;
	struct ht_addr addr;
	ht_time now = clock_now();

	name_of(f, "192.0.2.1");
	assert_int_equal(f->seen.n_queries, 1);
	name_of(f, "192.0.2.1");
	assert_int_equal(f->seen.n_queries, 0);

	assert_true(ht_addr_parse("192.0.2.1", &addr));
	names_lookup(f->names, &addr, now + 3599 * HT_S);
	assert_int_equal(names_pending(f->names), 0);
	names_lookup(f->names, &addr, now + 3700 * HT_S);
	assert_int_equal(names_pending(f->names), 1);
	turn(f, 0, true);

	name_of(f, "192.0.2.4");
	assert_true(ht_addr_parse("192.0.2.4", &addr));
	names_lookup(f->names, &addr, now + 299 * HT_S);
	assert_int_equal(names_pending(f->names), 0);
	names_lookup(f->names, &addr, now + 400 * HT_S);
	assert_int_equal(names_pending(f->names), 1);
	turn(f, 0, true);
}

/* A dead server costs 100 + 200 ms, and is asked again after 30 s. */
static void
silence_ends(void **state)
{
	struct fixture *f = *state;
	ht_time before = clock_now();
	struct ht_addr addr;

	assert_string_equal(name_of(f, "192.0.2.5"), "");
	/* The limit is that of turn(), or of a busy machine. */
	assert_true(clock_now() - before < 20 * HT_S);
	assert_true(ht_addr_parse("192.0.2.5", &addr));
	names_lookup(f->names, &addr, clock_now() + 29 * HT_S);
	assert_int_equal(names_pending(f->names), 0);
	names_lookup(f->names, &addr, clock_now() + 31 * HT_S);
	assert_int_equal(names_pending(f->names), 1);
	turn(f, 0, true);
	assert_string_equal(name_of(f, "192.0.2.1"), "router1.example.net");
}

static void
few_are_in_flight(void **state)
{
	struct fixture *f = *state;

	for (uint8_t i = 0; i < 200; i++) {
		uint8_t bytes[4] = { 198, 51, 100, i };
		struct ht_addr addr = ht_addr_ip4(bytes);
		names_lookup(f->names, &addr, clock_now());
		names_lookup(f->names, &addr, clock_now());
	}
	assert_int_equal(names_pending(f->names), 200);
	names_process(f->names, clock_now());
	while (serve_one(f))
		continue;
	assert_int_equal(f->seen.n_queries, NAMES_IN_FLIGHT_MAX);
	turn(f, 0, true);
	assert_int_equal(f->seen.n_found, 200);
	assert_int_equal(f->seen.n_queries, 200);
}

static void
hosts_have_addresses(void **state)
{
	struct fixture *f = *state;
	char text[HT_ADDR_TEXT_MAX];

	assert_string_equal(resolve(f, "both.test", 4), "");
	assert_string_equal(ht_addr_text(&f->seen.addrs[0], text), "127.0.0.7");
	assert_string_equal(resolve(f, "both.test", 6), "");
	assert_string_equal(ht_addr_text(&f->seen.addrs[0], text), "::1");
	assert_string_equal(resolve(f, "both.test", 0), "");
	assert_int_equal(f->seen.n_addrs, 2);
	assert_string_equal(resolve(f, "four.test", 0), "");
	assert_int_equal(f->seen.n_addrs, 1);
	assert_string_equal(resolve(f, "localhost", 4), "");
	assert_int_equal(f->seen.n_queries, 0);
}

static void
literals_ask_nobody(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(resolve(f, "192.0.2.1", 0), "");
	assert_string_equal(resolve(f, "2001:db8::1", 6), "");
	assert_string_equal(resolve(f, "fe80::1%lo", 0), "");
	assert_true(f->seen.addrs[0].scope > 0);
	assert_string_equal(resolve(f, "192.0.2.1", 6), "no IPv6 address");
	assert_string_equal(
	    resolve(f, "224.0.0.1", 0), "is a multicast group, not a host");
	assert_int_equal(f->seen.n_queries, 0);
}

static void
failures_have_words(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(resolve(f, "nosuch.example", 0), "no such host");
	assert_string_equal(resolve(f, "nosuch.example", 4), "no such host");
	assert_string_equal(resolve(f, "four.test", 6), "no IPv6 address");
	assert_string_equal(
	    resolve(f, "zero.test", 4), "is the unspecified address, not a host");
	assert_string_equal(
	    resolve(f, "silent.test", 4), "name server does not answer");
	assert_string_equal(
	    resolve(f, "refused.test", 4), "no name server gives an answer");
	assert_string_equal(
	    resolve(f, "broken.test", 4), "no name server gives an answer");
	assert_string_equal(resolve(f, "a..b", 4), "is not a host name");
	assert_int_equal(f->seen.n_queries, 0);
}

static void
an_absent_server_has_words(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	f->fd = -1;
	f->seen = (struct seen){ 0 };
	names_resolve(f->names, "both.test", 4, 1, on_answer);
	turn(f, 1, false);
	assert_string_equal(f->seen.error, "no name server gives an answer");
}

/* Nothing is called back after names_free(); the sanitizers look for leaks. */
static void
freeing_is_silent(void **state)
{
	struct fixture *f = *state;
	struct names_config cfg = {
		.server = "127.0.0.1:9", .found = on_found, .ctx = f
	};
	struct names *names = names_new(&cfg, NULL);
	struct ht_addr addr;

	assert_non_null(names);
	assert_true(ht_addr_parse("192.0.2.5", &addr));
	names_lookup(names, &addr, clock_now());
	names_resolve(names, "silent.test", 4, 1, on_answer);
	names_free(names);
	names_free(NULL);
	assert_int_equal(f->seen.n_answers + f->seen.n_found, 0);
}

static void
a_bad_server_is_refused(void **state)
{
	struct names_config cfg = { .server = "no server" };
	struct ht_err err;

	(void)state;
	assert_null(names_new(&cfg, &err));
	assert_true(err.code < 0);
	assert_memory_equal(err.text, "cannot look up names: ", 22);
}

static void
host_names(void **state)
{
	char label[66], name[256];

	(void)state;
	assert_null(names_refusal("a"));
	assert_null(names_refusal("a_b-c.example.net."));
	assert_null(names_refusal("3com.com"));
	assert_null(names_refusal("::1"));
	assert_non_null(names_refusal(""));
	assert_non_null(names_refusal("."));
	assert_non_null(names_refusal(".a"));
	assert_non_null(names_refusal("a/b"));
	assert_non_null(names_refusal("1.2.3"));
	assert_string_equal(
	    names_refusal("fe80::1%nosuch"), "has a zone that is no interface here");
	memset(label, 'x', 65);
	label[63] = '\0';
	assert_null(names_refusal(label));
	label[63] = 'x';
	label[64] = '\0';
	assert_string_equal(
	    names_refusal(label), "is not a host name: a part is longer than 63");
	snprintf(name, sizeof(name), "%s", longest_name('.'));
	assert_null(names_refusal(name));
	strcat(name, ".");
	assert_null(names_refusal(name));
	name[253] = 'x';
	assert_string_equal(names_refusal(name), "is too long for a host name");
}

/* A full cache forgets the settled entry that expires first, never a wanted one. */
static void
cache_is_bounded(void **state)
{
	struct names_cache *cache = names_cache_new();
	struct ht_addr addr = { .family = HT_FAMILY_IP4 };

	(void)state;
	for (unsigned i = 0; i < NAMES_CACHE_MAX; i++) {
		addr.bytes[1] = (uint8_t)(i >> 8);
		addr.bytes[2] = (uint8_t)i;
		assert_true(names_cache_want(cache, &addr, 0));
	}
	addr.bytes[0] = 9;
	assert_false(names_cache_want(cache, &addr, 0));
	names_cache_settle(names_cache_take(cache), 1000);
	names_cache_settle(names_cache_take(cache), 500);
	assert_true(names_cache_want(cache, &addr, 0));
	assert_int_equal(names_cache_waiting(cache), NAMES_CACHE_MAX - 1);

	addr = (struct ht_addr){ .family = HT_FAMILY_IP4 };
	assert_false(names_cache_want(cache, &addr, 999));
	assert_true(names_cache_want(cache, &addr, 1000));
	names_cache_free(cache);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(names_of_addresses),
		WITH_SERVER(the_longest_name_fits),
		WITH_SERVER(lies_are_no_names),
		WITH_SERVER(answers_are_remembered),
		WITH_SERVER(silence_ends),
		WITH_SERVER(few_are_in_flight),
		WITH_SERVER(hosts_have_addresses),
		WITH_SERVER(literals_ask_nobody),
		WITH_SERVER(failures_have_words),
		WITH_SERVER(an_absent_server_has_words),
		WITH_SERVER(freeing_is_silent),
		cmocka_unit_test(a_bad_server_is_refused),
		cmocka_unit_test(host_names),
		cmocka_unit_test(cache_is_bounded),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
