/* SPDX-License-Identifier: ISC */
/* A transport made of several: who gets what, with members that only take notes. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "transport/mux.h"

#define FDS 3

struct member {
	struct ht_transport tp;
	struct ht_transport_ops ops;
	unsigned caps;
	int first_fd; /* it has n_fds of them from this on */
	int n_fds;
	ht_time next;
	uint32_t sent; /* newest token */
	int prepared;  /* newest protocol */
	int polled;    /* entries of the newest polled() ... */
	int polled_fd; /* ... and the first of them */
	bool is_closed;
};

static unsigned
caps(const struct ht_transport *tp)
{
	return ((const struct member *)tp)->caps;
}

static int
prepare(struct ht_transport *tp, const struct ht_addr *target, enum ht_proto proto,
    struct ht_addr *ret_source)
{
	(void)target;
	((struct member *)tp)->prepared = proto;
	*ret_source = (struct ht_addr){ .family = HT_FAMILY_IP4, .bytes = { 1 } };
	return 0;
}

static int
fds(const struct ht_transport *tp, struct pollfd *out, int max)
{
	const struct member *m = (const struct member *)tp;
	int n = 0;

	for (; n < m->n_fds && n < max; n++)
		out[n] = (struct pollfd){ .fd = m->first_fd + n, .events = POLLIN };
	return n;
}

static int
send_probe(struct ht_transport *tp, const struct ht_probe *probe, ht_time now)
{
	(void)now;
	((struct member *)tp)->sent = probe->token;
	return probe->token == 13 ? -EAGAIN : 0;
}

static void
polled(struct ht_transport *tp, const struct pollfd *in, int n)
{
	struct member *m = (struct member *)tp;

	m->polled = n;
	m->polled_fd = n > 0 ? in[0].fd : -1;
}

/* Two answers, and a packet that cannot be read. */
static int
receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	const struct ht_reply rp = { .token = ((struct member *)tp)->sent };

	(void)now;
	fn(ctx, &rp);
	fn(ctx, &rp);
	tp->malformed++;
	return 2;
}

static ht_time
next(const struct ht_transport *tp)
{
	return ((const struct member *)tp)->next;
}

static void
close_member(struct ht_transport *tp)
{
	((struct member *)tp)->is_closed = true;
}

static struct member datagrams, streams;

static struct ht_transport *
open_both(void)
{
	static const struct ht_transport_ops ops = { .name = "member",
		.caps = caps,
		.prepare = prepare,
		.fds = fds,
		.send = send_probe,
		.polled = polled,
		.receive = receive,
		.next = next,
		.close = close_member };
	struct ht_transport *const members[] = { &datagrams.tp, &streams.tp };

	datagrams = (struct member){ .ops = ops,
		.caps = HT_CAP_ICMP | HT_CAP_UDP | HT_CAP_KERNEL_TX,
		.first_fd = 10,
		.n_fds = FDS,
		.next = HT_TIME_NEVER };
	streams = (struct member){ .ops = ops,
		.caps = HT_CAP_TCP | HT_CAP_UDP,
		.first_fd = 20,
		.n_fds = 1,
		.next = 700 };
	datagrams.tp.ops = &datagrams.ops;
	streams.tp.ops = &streams.ops;
	return ht_mux_open("both", members, 2);
}

static int
send_token(struct ht_transport *tp, enum ht_proto proto, uint32_t token)
{
	const struct ht_probe pr = { .proto = (uint8_t)proto, .token = token };

	return tp->ops->send(tp, &pr, 0);
}

static void
probes_go_to_who_can(void **state)
{
	const struct ht_addr target = { .family = HT_FAMILY_IP4 };
	struct ht_transport *tp = open_both();
	struct ht_addr source = { .family = HT_FAMILY_NONE };

	(void)state;
	assert_string_equal(tp->ops->name, "both");
	assert_int_equal(tp->ops->caps(tp),
	    HT_CAP_ICMP | HT_CAP_UDP | HT_CAP_TCP | HT_CAP_KERNEL_TX);
	assert_int_equal(send_token(tp, HT_PROTO_ICMP, 1), 0);
	assert_int_equal(datagrams.sent, 1);
	assert_int_equal(send_token(tp, HT_PROTO_TCP, 2), 0);
	assert_int_equal(streams.sent, 2);
	/* Both can: the first one does. */
	assert_int_equal(send_token(tp, HT_PROTO_UDP, 3), 0);
	assert_int_equal(datagrams.sent, 3);
	assert_int_equal(streams.sent, 2);
	assert_int_equal(send_token(tp, HT_PROTO_TCP, 13), -EAGAIN);
	assert_int_equal(send_token(tp, HT_PROTO_SCTP, 4), -EPROTONOSUPPORT);
	assert_int_equal(send_token(tp, HT_PROTO_NONE, 4), -EPROTONOSUPPORT);

	assert_int_equal(tp->ops->prepare(tp, &target, HT_PROTO_TCP, &source), 0);
	assert_int_equal(source.bytes[0], 1);
	assert_int_equal(streams.prepared, HT_PROTO_TCP);
	assert_int_equal(datagrams.prepared, HT_PROTO_NONE);
	assert_int_equal(
	    tp->ops->prepare(tp, &target, HT_PROTO_SCTP, &source), -EPROTONOSUPPORT);
	tp->ops->close(tp);
	assert_true(datagrams.is_closed && streams.is_closed);
}

static void
descriptors_stand_in_a_row(void **state)
{
	struct ht_transport *tp = open_both();
	struct pollfd in[8];

	(void)state;
	assert_int_equal(tp->ops->fds(tp, in, 8), FDS + 1);
	assert_int_equal(in[0].fd, 10);
	assert_int_equal(in[FDS - 1].fd, 12);
	assert_int_equal(in[FDS].fd, 20);
	tp->ops->polled(tp, in, FDS + 1);
	assert_int_equal(datagrams.polled, FDS);
	assert_int_equal(datagrams.polled_fd, 10);
	assert_int_equal(streams.polled, 1);
	assert_int_equal(streams.polled_fd, 20);

	/* No room for all of them: who comes late has none. */
	assert_int_equal(tp->ops->fds(tp, in, 2), 2);
	tp->ops->polled(tp, in, 2);
	assert_int_equal(datagrams.polled, 2);
	assert_int_equal(streams.polled, 0);

	/* A member need not care. */
	datagrams.ops.polled = NULL;
	assert_int_equal(tp->ops->fds(tp, in, 8), FDS + 1);
	tp->ops->polled(tp, in, FDS + 1);
	assert_int_equal(streams.polled_fd, 20);
	tp->ops->close(tp);
}

static void
note_token(void *ctx, const struct ht_reply *rp)
{
	uint32_t *tokens = ctx;

	tokens[0] = tokens[0] * 10 + rp->token;
}

static void
answers_of_all(void **state)
{
	struct ht_transport *tp = open_both();
	uint32_t tokens = 0;

	(void)state;
	send_token(tp, HT_PROTO_ICMP, 1);
	send_token(tp, HT_PROTO_TCP, 2);
	assert_int_equal(tp->ops->receive(tp, 5, note_token, &tokens), 4);
	assert_int_equal(tokens, 1122);
	assert_int_equal(tp->malformed, 2);
	assert_int_equal(tp->ops->receive(tp, 6, note_token, &tokens), 4);
	assert_int_equal(tp->malformed, 4);

	assert_int_equal(tp->ops->next(tp), 700);
	datagrams.next = 600;
	assert_int_equal(tp->ops->next(tp), 600);
	datagrams.next = streams.next = HT_TIME_NEVER;
	assert_int_equal(tp->ops->next(tp), HT_TIME_NEVER);
	tp->ops->close(tp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(probes_go_to_who_can),
		cmocka_unit_test(descriptors_stand_in_a_row),
		cmocka_unit_test(answers_of_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
