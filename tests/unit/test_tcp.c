/* SPDX-License-Identifier: ISC */
/*
 * What the TCP transport says of a probe, and when it wants to be called: over sockets
 * that open, send and answer as they are told, at times that are chosen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "transport/linux/flow.h"
#include "transport/linux/hold.h"
#include "transport/linux/syn.h"
#include "transport/linux/tcp.h"

#define DEVICE "dev0"

/* A kernel, in place of the real one. */
static struct {
	ht_time now;
	rlim_t limit;   /* of descriptors, as it is said to be ... */
	unsigned room;  /* ... and sockets that can be had in fact */
	unsigned asked; /* for sockets */
	unsigned n_open;
	unsigned n_sent;
	int shortage;           /* what it says when there are no more */
	int refusal;            /* of connect() ... */
	unsigned refusals;      /* ... so often */
	uint16_t taken;         /* a port that somebody else has */
	int answered;           /* a socket that has an answer */
	struct ht_syn_state is; /* and which */
	uint16_t port;          /* from where the newest SYN left */
	char device[HT_DEVICE_MAX];
	int device_error;
} kernel;

int __wrap_getrlimit(int resource, struct rlimit *ret);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap___poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size);
void __wrap_ht_stamps_now(struct ht_instant *ret_at);
int __wrap_ht_sockopt_device(int fd, const char *device);
int __real_ht_syn_reserve(const struct ht_family_facts *ff,
    const struct ht_socket_config *cfg, uint16_t port, uint16_t *ret_port);
int __wrap_ht_syn_reserve(const struct ht_family_facts *ff,
    const struct ht_socket_config *cfg, uint16_t port, uint16_t *ret_port);
int __real_ht_syn_open(struct ht_syn *s, const struct ht_family_facts *ff,
    const struct ht_socket_config *cfg, uint16_t local_port);
int __wrap_ht_syn_open(struct ht_syn *s, const struct ht_family_facts *ff,
    const struct ht_socket_config *cfg, uint16_t local_port);
void __real_ht_syn_close(struct ht_syn *s);
void __wrap_ht_syn_close(struct ht_syn *s);
int __wrap_ht_syn_send(struct ht_syn *s, const struct ht_syn_mail *mail);
struct ht_syn_state __wrap_ht_syn_look(const struct ht_syn *s);
void __wrap_ht_syn_reset(struct ht_syn *s);
int __wrap_ht_arrival_read(int fd, const struct ht_family_facts *ff, int flags,
    uint8_t *buf, size_t size, struct ht_arrival *ret_arrival);

int
__wrap_getrlimit(int resource, struct rlimit *ret)
{
	assert_int_equal(resource, RLIMIT_NOFILE);
	ret->rlim_cur = ret->rlim_max = kernel.limit;
	return kernel.limit == 0 ? -1 : 0;
}

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int ready = 0;

	assert_int_equal(timeout, 0);
	for (nfds_t i = 0; i < n; i++) {
		fds[i].revents = fds[i].fd == kernel.answered ? POLLOUT : 0;
		ready += fds[i].revents != 0;
	}
	return ready;
}

/* What becomes of poll() in a build with fortification. */
int
__wrap___poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t size)
{
	assert_true(n * sizeof(*fds) <= size);
	return __wrap_poll(fds, n, timeout);
}

void
__wrap_ht_stamps_now(struct ht_instant *ret_at)
{
	*ret_at = (struct ht_instant){ .user = kernel.now };
}

int
__wrap_ht_sockopt_device(int fd, const char *device)
{
	assert_true(fd >= 0);
	memcpy(kernel.device, device, sizeof(kernel.device));
	return kernel.device_error;
}

/* It is closed in earnest. */
int
__wrap_ht_syn_reserve(const struct ht_family_facts *ff,
    const struct ht_socket_config *cfg, uint16_t port, uint16_t *ret_port)
{
	(void)ff;
	assert_string_equal(cfg->device, DEVICE);
	if (port != 0 && port == kernel.taken)
		return -EADDRINUSE;
	*ret_port = port != 0 ? port : 50000;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
__wrap_ht_syn_open(struct ht_syn *s, const struct ht_family_facts *ff,
    const struct ht_socket_config *cfg, uint16_t local_port)
{
	assert_string_equal(cfg->device, DEVICE);
	kernel.asked++;
	if (kernel.n_open == kernel.room)
		return kernel.shortage;
	kernel.n_open++;
	*s = (struct ht_syn){ .ff = ff,
		.fd = (int)(1000 + kernel.asked),
		.local_port = local_port,
		.ttl = -1,
		.tos = -1 };
	return 0;
}

void
__wrap_ht_syn_close(struct ht_syn *s)
{
	kernel.n_open -= s->fd >= 0;
	s->fd = -1;
}

int
__wrap_ht_syn_send(struct ht_syn *s, const struct ht_syn_mail *mail)
{
	int r = kernel.refusals > 0 ? kernel.refusal : 0;

	kernel.refusals -= r != 0;
	s->ttl = mail->ttl;
	s->before = (struct ht_instant){ .user = kernel.now };
	s->after = kernel.now;
	kernel.port = s->local_port;
	kernel.n_sent += r == 0;
	return r;
}

struct ht_syn_state
__wrap_ht_syn_look(const struct ht_syn *s)
{
	assert_int_equal(s->fd, kernel.answered);
	return kernel.is;
}

void
__wrap_ht_syn_reset(struct ht_syn *s)
{
	s->is_used = false;
}

int
__wrap_ht_arrival_read(int fd, const struct ht_family_facts *ff, int flags,
    uint8_t *buf, size_t size, struct ht_arrival *ret_arrival)
{
	(void)fd, (void)ff, (void)flags, (void)buf, (void)size, (void)ret_arrival;
	return -EAGAIN;
}

/* The transport ***************************************************************/

static struct ht_transport *tp;
static unsigned replies;

static void
note(void *ctx, const struct ht_reply *rp)
{
	(void)ctx, (void)rp;
	replies++;
}

static void
open_with(rlim_t limit)
{
	const struct ht_socket_config cfg = { .device = DEVICE };
	struct ht_err err;

	kernel.limit = limit;
	tp = ht_tcp_open(&cfg, &err);
	assert_non_null(tp);
}

static void
done(void)
{
	tp->ops->close(tp);
	assert_int_equal(kernel.n_open, 0);
}

static int
begin(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.now = 1000 * HT_S;
	kernel.room = 1000;
	kernel.shortage = -EMFILE;
	replies = 0;
	return 0;
}

static struct ht_probe
probe(unsigned host, unsigned ttl)
{
	return (struct ht_probe){
		.target = { .family = HT_FAMILY_IP4,
		    .bytes = { 192, 0, 2, (uint8_t)host } },
		.proto = HT_PROTO_TCP,
		.ttl = (uint8_t)ttl,
	};
}

static int
launch(const struct ht_probe *pr)
{
	return tp->ops->send(tp, pr, kernel.now);
}

static int
send_to(unsigned host, unsigned ttl)
{
	const struct ht_probe pr = probe(host, ttl);

	return launch(&pr);
}

/* The only SYN in flight is answered, so long after it left. */
static void
hear(ht_time rtt)
{
	struct pollfd fds[2];
	unsigned before = replies;

	assert_int_equal(tp->ops->fds(tp, fds, 2), 1);
	kernel.answered = fds[0].fd;
	kernel.is = (struct ht_syn_state){ .is_open = true, .rtt_ns = rtt };
	kernel.now += rtt;
	assert_int_equal(tp->ops->receive(tp, kernel.now, note, NULL), 1);
	assert_int_equal(replies, before + 1);
	kernel.answered = 0;
}

/* Nothing came until then. */
static void
wait_until(ht_time at)
{
	kernel.now = at;
	assert_int_equal(tp->ops->receive(tp, at, note, NULL), 0);
}

static ht_time
next(void)
{
	return tp->ops->next(tp);
}

/* Answers of send() and next() **************************************************/

static void
one_syn_is_in_flight_for_a_flow(void **state)
{
	struct ht_probe other = probe(1, 1);

	(void)state;
	open_with(1024);
	assert_int_equal(next(), HT_TIME_NEVER);
	/* Of a new target it makes no difference who waits. */
	assert_int_equal(send_to(1, 1), HT_SENT_ALONE);
	assert_int_equal(next(), kernel.now + HT_HOLD_LONG);
	assert_int_equal(send_to(1, 2), -EAGAIN);
	assert_int_equal(next(), kernel.now + HT_HOLD_LONG);
	assert_int_equal(send_to(2, 1), HT_SENT_ALONE);
	other.flow = 1;
	assert_int_equal(launch(&other), HT_SENT_ALONE);
	other.flow = 0;
	other.port = 81;
	assert_int_equal(launch(&other), HT_SENT_ALONE);
	assert_int_equal(launch(&other), -EAGAIN);
	assert_int_equal(kernel.n_sent, 4);
	done();
}

static void
who_waits_makes_silence_shorter(void **state)
{
	ht_time sent;

	(void)state;
	open_with(1024);
	assert_int_equal(send_to(1, 1), HT_SENT_ALONE);
	hear(20 * HT_MS);
	assert_int_equal(next(), HT_TIME_NEVER);
	sent = kernel.now;
	assert_int_equal(send_to(1, 2), 0);
	assert_int_equal(next(), sent + HT_HOLD_MAX);
	kernel.now += 100 * HT_MS;
	assert_int_equal(send_to(1, 3), -EAGAIN);
	assert_int_equal(next(), sent + 250 * HT_MS);
	wait_until(sent + 250 * HT_MS - 1);
	assert_int_equal(send_to(1, 3), -EAGAIN);
	wait_until(sent + 250 * HT_MS);
	assert_int_equal(next(), HT_TIME_NEVER);
	assert_int_equal(send_to(1, 2), HT_SENT_ALONE);
	assert_int_equal(send_to(1, 3), -EAGAIN);
	wait_until(next());
	/* Silent for the third time; that somebody waited is not inherited. */
	sent = kernel.now;
	assert_int_equal(send_to(1, 2), 0);
	assert_int_equal(next(), sent + HT_HOLD_MAX);
	assert_int_equal(send_to(1, 3), -EAGAIN);
	assert_int_equal(next(), sent + 100 * HT_MS);
	wait_until(next());
	/* A hop that answers has the time that it needs, whoever waits. */
	assert_int_equal(send_to(1, 1), HT_SENT_ALONE);
	assert_int_equal(send_to(1, 2), -EAGAIN);
	assert_int_equal(next(), kernel.now + HT_HOLD_MAX);
	done();
}

static void
next_is_that_of_the_first(void **state)
{
	ht_time sent = kernel.now;

	(void)state;
	open_with(1024);
	for (unsigned host = 1; host <= 3; host++) {
		kernel.now = sent + (host == 2 ? 0 : host) * HT_MS;
		assert_int_equal(send_to(host, 1), HT_SENT_ALONE);
	}
	assert_int_equal(next(), sent + HT_HOLD_LONG);
	wait_until(sent + HT_HOLD_LONG);
	assert_int_equal(next(), sent + HT_MS + HT_HOLD_LONG);
	wait_until(sent + HT_MS + HT_HOLD_LONG);
	assert_int_equal(next(), sent + 3 * HT_MS + HT_HOLD_LONG);
	wait_until(sent + 3 * HT_MS + HT_HOLD_LONG);
	assert_int_equal(next(), HT_TIME_NEVER);
	done();
}

/* What came after poll() had looked, but before the SYN was given up. */
static void
an_answer_in_the_last_moment_counts(void **state)
{
	struct pollfd fd;

	(void)state;
	open_with(1024);
	assert_int_equal(send_to(1, 1), HT_SENT_ALONE);
	assert_int_equal(tp->ops->fds(tp, &fd, 1), 1);
	fd.revents = 0;
	tp->ops->polled(tp, &fd, 1);
	hear(HT_HOLD_LONG);
	assert_int_equal(next(), HT_TIME_NEVER);
	done();
}

static void
refuse(int error, unsigned often)
{
	kernel.refusal = error;
	kernel.refusals = often;
}

static void
refusals_are_handed_on_and_block_nothing(void **state)
{
	static const int useless[] = { -ENODEV, -ENETDOWN, -ENXIO, -EADDRNOTAVAIL };
	struct ht_probe pr = probe(1, 1);

	(void)state;
	open_with(1024);
	refuse(-ENETUNREACH, 1);
	assert_int_equal(send_to(1, 1), -ENETUNREACH);
	assert_int_equal(next(), HT_TIME_NEVER);
	assert_int_equal(kernel.n_open, 1);
	for (size_t i = 0; i < sizeof(useless) / sizeof(useless[0]); i++) {
		refuse(useless[i], 2);
		assert_int_equal(send_to(1, 1), useless[i]);
		assert_int_equal(kernel.n_open, 0);
		refuse(0, 0);
	}
	/* Somebody has that connection: from another port, unless it was named. */
	pr.local_port = 5000;
	refuse(-EADDRNOTAVAIL, 1);
	assert_int_equal(launch(&pr), -EADDRNOTAVAIL);
	assert_int_equal(kernel.n_sent, 0);
	assert_int_equal(send_to(1, 1), HT_SENT_ALONE);
	assert_int_equal(kernel.port, HT_FLOW_LOCAL_PORT);
	pr = probe(1, 1);
	pr.flow = 1;
	refuse(-EADDRNOTAVAIL, 1);
	assert_int_equal(launch(&pr), HT_SENT_ALONE);
	assert_int_equal(kernel.port, 50000);
	pr.proto = HT_PROTO_UDP;
	assert_int_equal(launch(&pr), -EPROTONOSUPPORT);
	pr.proto = HT_PROTO_TCP;
	pr.target.family = HT_FAMILY_NONE;
	assert_int_equal(launch(&pr), -EPROTONOSUPPORT);
	done();
}

/* Sockets *********************************************************************/

/* SYNs that can be in flight at once, to one port each. */
static unsigned
count_in_flight(void)
{
	struct ht_probe pr = probe(1, 1);
	int r = HT_SENT_ALONE;

	while (r == HT_SENT_ALONE && pr.port < 300) {
		pr.port++;
		r = launch(&pr);
	}
	assert_int_equal(r, -EAGAIN);
	assert_int_equal(kernel.n_open, pr.port - 1);
	return pr.port - 1u;
}

static void
most_descriptors_are_left_to_others(void **state)
{
	static const struct {
		rlim_t limit; /* 0: nobody knows */
		unsigned sockets;
	} rows[] = { { 0, HT_TCP_SOCKETS }, { 1, 1 }, { 3, 1 }, { 4, 1 }, { 7, 1 },
		{ 8, 2 }, { 40, 10 }, { 4 * HT_TCP_SOCKETS - 1, HT_TCP_SOCKETS - 1 },
		{ 4 * HT_TCP_SOCKETS, HT_TCP_SOCKETS },
		{ 4 * HT_TCP_SOCKETS + 4, HT_TCP_SOCKETS },
		{ RLIM_INFINITY, HT_TCP_SOCKETS } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin(state);
		open_with(rows[i].limit);
		assert_int_equal(count_in_flight(), rows[i].sockets);
		assert_int_equal(kernel.asked, rows[i].sockets);
		done();
	}
}

/* The one that left first makes room, and its socket goes to whoever comes. */
static void
all_that_can_be_had_are_shared(void **state)
{
	struct ht_probe pr = probe(2, 2);
	ht_time sent;

	(void)state;
	open_with(8);
	assert_int_equal(send_to(2, 1), HT_SENT_ALONE);
	hear(20 * HT_MS);
	sent = kernel.now;
	assert_int_equal(launch(&pr), 0);
	kernel.now += HT_MS;
	pr.port = 81;
	assert_int_equal(launch(&pr), 0);
	assert_int_equal(next(), sent + HT_HOLD_MAX);
	pr.port = 82;
	pr.ttl = 3;
	assert_int_equal(launch(&pr), -EAGAIN);
	assert_int_equal(next(), sent + 250 * HT_MS);
	wait_until(sent + 250 * HT_MS);
	assert_int_equal(next(), sent + HT_MS + HT_HOLD_MAX);
	assert_int_equal(launch(&pr), 0);
	/* From another port: it has to be another socket, but is not one more. */
	wait_until(sent + HT_S);
	assert_int_equal(kernel.asked, 2);
	pr.flow = 1;
	pr.ttl = 4;
	assert_int_equal(launch(&pr), 0);
	assert_int_equal(kernel.asked, 3);
	assert_int_equal(kernel.n_open, 2);
	done();
}

static void
fewer_descriptors_than_allowed_will_do(void **state)
{
	struct ht_probe pr = probe(1, 1);

	open_with(1024);
	kernel.room = 5;
	assert_int_equal(count_in_flight(), 5);
	wait_until(next());
	assert_int_equal(next(), HT_TIME_NEVER);
	/* Of another port: one of the five, which is idle, has to go. */
	pr.flow = 1;
	assert_true(launch(&pr) >= 0);
	assert_int_equal(kernel.n_open, 5);
	done();
	/* With none at all there is nothing to wait for. */
	begin(state);
	open_with(1024);
	kernel.room = 0;
	kernel.shortage = -ENFILE;
	assert_int_equal(send_to(1, 1), -ENFILE);
	assert_int_equal(next(), HT_TIME_NEVER);
	kernel.room = 1;
	assert_int_equal(send_to(1, 1), HT_SENT_ALONE);
	assert_int_equal(send_to(2, 1), -EAGAIN);
	/* Once it is known that there is one only, nobody asks for more. */
	kernel.asked = 0;
	for (unsigned ttl = 2; ttl < 9; ttl++) {
		hear(20 * HT_MS);
		assert_true(send_to(1, ttl) >= 0);
	}
	assert_int_equal(kernel.asked, 0);
	done();
}

/* Those that have the TTL already, as long as there is one for each. */
static void
sockets_are_used_again(void **state)
{
	struct ht_probe pr = probe(1, 1);

	(void)state;
	open_with(1024);
	for (unsigned i = 0; i < 9; i++) {
		assert_true(send_to(1, 1 + i % 3) >= 0);
		hear(20 * HT_MS);
	}
	assert_int_equal(kernel.n_open, 3);
	/* One of the other family is of no use, though its port is the same. */
	pr.target.family = HT_FAMILY_IP6;
	assert_true(launch(&pr) >= 0);
	assert_int_equal(kernel.n_open, 4);
	assert_int_equal(kernel.asked, 4);
	done();
}

static void
the_first_port_that_is_taken_is_named(void **state)
{
	uint16_t port;

	(void)state;
	open_with(1024);
	kernel.taken = 5002;
	assert_int_equal(ht_tcp_reserve(tp, HT_FAMILY_IP4, 5000, 0, 2, &port), 0);
	assert_int_equal(
	    ht_tcp_reserve(tp, HT_FAMILY_IP4, 5000, 0, 5, &port), -EADDRINUSE);
	assert_int_equal(port, 5002);
	done();
}

static void
those_in_flight_are_polled_for(void **state)
{
	struct pollfd fds[4];

	(void)state;
	open_with(1024);
	assert_int_equal(tp->ops->fds(tp, fds, 4), 0);
	for (unsigned host = 1; host <= 3; host++)
		send_to(host, 1);
	assert_int_equal(tp->ops->fds(tp, fds, 4), 3);
	assert_int_equal(tp->ops->fds(tp, fds, 2), 2);
	wait_until(next());
	assert_int_equal(tp->ops->fds(tp, fds, 4), 0);
	done();
}

/* -I: every socket, the one that holds the port, too. */
static void
sockets_are_bound_to_the_device(void **state)
{
	const struct ht_socket_config cfg = { .device = DEVICE };
	const struct ht_family_facts *ff = ht_family_facts(HT_FAMILY_IP4);
	struct ht_syn syn;
	uint16_t port;
	int fd;

	(void)state;
	assert_int_equal(__real_ht_syn_open(&syn, ff, &cfg, 0), 0);
	assert_string_equal(kernel.device, DEVICE);
	__real_ht_syn_close(&syn);
	memset(kernel.device, 0, sizeof(kernel.device));
	fd = __real_ht_syn_reserve(ff, &cfg, 0, &port);
	assert_true(fd >= 0);
	assert_string_equal(kernel.device, DEVICE);
	close(fd);
	kernel.device_error = -ENODEV;
	assert_int_equal(__real_ht_syn_open(&syn, ff, &cfg, 0), -ENODEV);
	assert_int_equal(__real_ht_syn_reserve(ff, &cfg, 0, &port), -ENODEV);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_syn_is_in_flight_for_a_flow, begin),
		cmocka_unit_test_setup(who_waits_makes_silence_shorter, begin),
		cmocka_unit_test_setup(next_is_that_of_the_first, begin),
		cmocka_unit_test_setup(an_answer_in_the_last_moment_counts, begin),
		cmocka_unit_test_setup(refusals_are_handed_on_and_block_nothing, begin),
		cmocka_unit_test_setup(most_descriptors_are_left_to_others, begin),
		cmocka_unit_test_setup(all_that_can_be_had_are_shared, begin),
		cmocka_unit_test_setup(fewer_descriptors_than_allowed_will_do, begin),
		cmocka_unit_test_setup(sockets_are_used_again, begin),
		cmocka_unit_test_setup(the_first_port_that_is_taken_is_named, begin),
		cmocka_unit_test_setup(those_in_flight_are_polled_for, begin),
		cmocka_unit_test_setup(sockets_are_bound_to_the_device, begin),
	};

	return cmocka_run_group_tests_name("tcp", tests, NULL, NULL);
}
