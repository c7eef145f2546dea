/* SPDX-License-Identifier: ISC */
/*
 * What the raw sockets let through.  In place of each there is one half of a pair, with
 * the filter that the raw one would have: what is written to the other half is a packet
 * that came in.  The filters of ICMP types, which only raw sockets have, are looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/icmp.h>

#include "packet/error.h"
#include "transport/linux/raw_socket.h"

#define ECHO_ID 0x4711
#define FD_MAX  256

static struct {
	int peers[FD_MAX]; /* by descriptor: the other half */
	struct icmp_filter drop4;
	struct icmp6_filter pass6;
	uint16_t port;  /* that the newest socket was bound to */
	uint16_t taken; /* this one cannot be had ... */
	int why;        /* ... and that is said of it */
} kernel;

int __wrap_socket(int domain, int type, int protocol);
int __real_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len);
int __wrap_ht_sockopt_bind(int fd, const struct ht_family_facts *ff,
    const struct ht_addr *addr, uint16_t port);
uint16_t __wrap_ht_sockopt_port(int fd);

int
__wrap_socket(int domain, int type, int protocol)
{
	int pair[2];

	(void)domain, (void)type, (void)protocol;
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	assert_in_range(pair[0], 0, FD_MAX - 1);
	kernel.peers[pair[0]] = pair[1];
	return pair[0];
}

int
__wrap_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	if (level == SOL_RAW && name == ICMP_FILTER) {
		assert_int_equal(len, sizeof(kernel.drop4));
		memcpy(&kernel.drop4, value, sizeof(kernel.drop4));
	} else if (level == IPPROTO_ICMPV6 && name == ICMP6_FILTER) {
		assert_int_equal(len, sizeof(kernel.pass6));
		memcpy(&kernel.pass6, value, sizeof(kernel.pass6));
	} else if (level == SOL_SOCKET && name == SO_ATTACH_FILTER) {
		return __real_setsockopt(fd, level, name, value, len);
	}
	return 0;
}

int
__wrap_ht_sockopt_bind(
    int fd, const struct ht_family_facts *ff, const struct ht_addr *addr, uint16_t port)
{
	(void)fd, (void)ff, (void)addr;
	if (port != 0 && port == kernel.taken)
		return kernel.why;
	kernel.port = port != 0 ? port : 50000;
	return 0;
}

uint16_t
__wrap_ht_sockopt_port(int fd)
{
	(void)fd;
	return kernel.port;
}

/* The sockets *****************************************************************/

static struct ht_raw_sockets socks;

static void
open_for(enum ht_family family)
{
	const struct ht_socket_config cfg = { .device = "" };

	memset(&socks, 0, sizeof(socks));
	memset(&kernel, 0, sizeof(kernel));
	assert_int_equal(ht_raw_sockets_open(&socks, family, &cfg, ECHO_ID), 0);
}

static void
done(void)
{
	ht_raw_sockets_close(&socks);
	for (int i = 0; i < FD_MAX; i++)
		if (kernel.peers[i] != 0)
			close(kernel.peers[i]);
}

/* Does it hear a packet with these bytes behind the IP header? */
static bool
hears(enum ht_raw_ear ear, const uint8_t *data, size_t len, unsigned options)
{
	uint8_t packet[64] = { 0 }, got[64];
	size_t ip = 0;
	int fd = socks.ears[ear];

	if (socks.ff->domain == AF_INET) {
		ip = 20 + options;
		packet[0] = (uint8_t)(0x40 | ip / 4);
	}
	memcpy(packet + ip, data, len);
	/* The whole pair is within the kernel: there at once, or never. */
	assert_int_equal(send(kernel.peers[fd], packet, ip + len, 0), ip + len);
	ssize_t r = recv(fd, got, sizeof(got), MSG_DONTWAIT);
	if (r >= 0)
		assert_int_equal(r, ip + len);
	return r >= 0;
}

static bool
hears_icmp(unsigned type, unsigned id)
{
	const uint8_t data[8] = { (uint8_t)type, 0, 0, 0, (uint8_t)(id >> 8),
		(uint8_t)id };

	return hears(HT_RAW_EAR_ICMP, data, sizeof(data), 0);
}

static bool
hears_port(enum ht_raw_ear ear, unsigned port, unsigned options)
{
	const uint8_t data[8] = { 0x12, 0x34, (uint8_t)(port >> 8), (uint8_t)port };

	return hears(ear, data, sizeof(data), options);
}

/* The tests *******************************************************************/

/* Whatever may say what became of a probe, and nothing else. */
static void
errors_of_all_types_come_in(void **state)
{
	(void)state;
	open_for(HT_FAMILY_IP4);
	for (unsigned type = 0; type < 32; type++)
		assert_int_equal((kernel.drop4.data >> type & 1) == 0,
		    type == ICMP_ECHOREPLY || ht_icmp_is_error(HT_FAMILY_IP4, type));
	done();
	open_for(HT_FAMILY_IP6);
	for (unsigned type = 0; type < 256; type++)
		assert_int_equal(ICMP6_FILTER_WILLPASS(type, &kernel.pass6) != 0,
		    type == ICMP6_ECHO_REPLY || ht_icmp_is_error(HT_FAMILY_IP6, type));
	done();
}

static void
echo_replies_of_others_do_not(void **state)
{
	static const unsigned families[] = { HT_FAMILY_IP4, HT_FAMILY_IP6 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		unsigned reply = ht_family_facts(families[i])->echo_reply;
		open_for((enum ht_family)families[i]);
		assert_true(hears_icmp(reply, ECHO_ID));
		assert_false(hears_icmp(reply, ECHO_ID + 1));
		assert_false(hears_icmp(reply, ECHO_ID + 0x100));
		/* Of an error those bytes are something else. */
		for (unsigned type = 0; type < 256; type++)
			assert_int_equal(hears_icmp(type, ECHO_ID + 1), type != reply);
		done();
	}
}

static void
only_the_ports_that_are_held_are_heard(void **state)
{
	static const unsigned families[] = { HT_FAMILY_IP4, HT_FAMILY_IP6 };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_for((enum ht_family)families[i]);
		assert_false(hears_port(HT_RAW_EAR_UDP, 61000, 0));
		assert_int_equal(
		    ht_raw_port(&socks, HT_PROTO_UDP, 61000, false), 61000);
		assert_int_equal(ht_raw_port(&socks, HT_PROTO_UDP, 61007, true), 61007);
		assert_int_equal(
		    ht_raw_port(&socks, HT_PROTO_TCP, 61001, false), 61001);
		for (unsigned port = 60990; port < 61010; port++) {
			assert_int_equal(hears_port(HT_RAW_EAR_UDP, port, 0),
			    port == 61000 || port == 61007);
			assert_int_equal(
			    hears_port(HT_RAW_EAR_TCP, port, 0), port == 61001);
			assert_int_equal(
			    ht_raw_has_port(&socks, HT_PROTO_UDP, (uint16_t)port),
			    port == 61000 || port == 61007);
		}
		assert_true(hears_port(HT_RAW_EAR_UDP, 61007, 8));
		assert_false(hears_port(HT_RAW_EAR_UDP, 61008, 8));
		done();
	}
}

static void
another_port_stands_for_one_that_is_taken(void **state)
{
	static const int reasons[] = { -EADDRINUSE, -EACCES };

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		open_for(HT_FAMILY_IP4);
		kernel.taken = 61000;
		kernel.why = reasons[i];
		assert_int_equal(
		    ht_raw_port(&socks, HT_PROTO_UDP, 61000, true), reasons[i]);
		for (unsigned k = 0; k < 2; k++)
			assert_int_equal(
			    ht_raw_port(&socks, HT_PROTO_UDP, 61000, false), 50000);
		assert_int_equal(socks.udp.n, 1);
		assert_false(hears_port(HT_RAW_EAR_UDP, 61000, 0));
		assert_true(hears_port(HT_RAW_EAR_UDP, 50000, 0));
		done();
	}
}

/* Or what is never read there would fill its queue. */
static void
who_holds_a_port_is_deaf(void **state)
{
	uint8_t got[8];
	int fd;

	(void)state;
	open_for(HT_FAMILY_IP4);
	assert_int_equal(ht_raw_port(&socks, HT_PROTO_UDP, 61000, false), 61000);
	fd = socks.udp.fds[0];
	send(kernel.peers[fd], "data", 4, 0);
	assert_int_equal(recv(fd, got, sizeof(got), MSG_DONTWAIT), -1);
	done();
}

/* More than the filter has room for. */
static void
ports_have_a_limit(void **state)
{
	(void)state;
	open_for(HT_FAMILY_IP4);
	socks.udp.n = HT_RAW_PORTS_MAX;
	assert_int_equal(ht_raw_port(&socks, HT_PROTO_UDP, 61000, false), -EMFILE);
	socks.udp.n = 0;
	done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_all_types_come_in),
		cmocka_unit_test(echo_replies_of_others_do_not),
		cmocka_unit_test(only_the_ports_that_are_held_are_heard),
		cmocka_unit_test(another_port_stands_for_one_that_is_taken),
		cmocka_unit_test(who_holds_a_port_is_deaf),
		cmocka_unit_test(ports_have_a_limit),
	};

	return cmocka_run_group_tests_name("raw_socket", tests, NULL, NULL);
}
