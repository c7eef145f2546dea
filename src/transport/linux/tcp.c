/* SPDX-License-Identifier: ISC */
/*
 * The life of a probe here:
 *
 *  1. send() finds out which source port the flow has, and whether a SYN is in
 *     flight between these addresses and ports: the kernel allows no second one, so
 *     the new one has to wait.
 *  2. A socket of that port that is free, or a new one, sends the SYN (syn.h).
 *  3. poll() says which sockets have something to tell; only those that carry a
 *     probe are asked.  An ICMP error is in the error queue, SYN-ACK and RST are in
 *     the state of the socket.
 *  4. What is not answered in its time is given up: the socket is reset, and is free
 *     for the next probe.  How long that is depends on whether the flow is wanted,
 *     and on what is known of the target: hold_time().
 */
#include "config.h"

#include "transport/linux/tcp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>

#include "base/addr.h"
#include "packet/bytes.h"
#include "packet/ext.h"
#include "transport/linux/arrival.h"
#include "transport/linux/family.h"
#include "transport/linux/flow.h"
#include "transport/linux/hold.h"
#include "transport/linux/lag.h"
#include "transport/linux/lport.h"
#include "transport/linux/socket.h"
#include "transport/linux/syn.h"

#define QUOTE_MAX 4096

/* Of the TOS; the kernel keeps them 0 in TCP. */
#define ECN_BITS 3

/* Stamping begins 0.1 to 1 ms after it was asked for. */
#define WARM_UP_NS (2 * HT_MS)

/* Messages taken from one error queue; one is an answer, more are not expected. */
#define DRAIN_MAX 16

/* A socket, and the probe that it carries. */
struct carrier {
	struct ht_syn syn;
	bool is_busy;   /* a SYN is in flight */
	bool is_wanted; /* so that another has to wait */
	short revents;  /* of the newest poll() */
	uint8_t ttl;
	uint16_t port;  /* destination */
	uint32_t label; /* IPv6, 0: the kernel's choice */
	uint32_t token;
	struct ht_addr target;
	struct ht_hold *hold; /* what is known of the target */
};

struct tcp {
	struct ht_transport tp;
	struct ht_socket_config cfg;
	unsigned caps;
	int warm; /* descriptor: keeps the kernel stamping, -1 before the first use */
	bool was_polled;
	unsigned n; /* carriers in use */
	unsigned max;
	struct carrier carriers[HT_TCP_SOCKETS];
	struct ht_lports ports;
	struct ht_holds holds;
	struct ht_lag lag;
	uint8_t quote[QUOTE_MAX];
};

/* Where replies go to. */
struct sink {
	ht_reply_fn *fn;
	void *ctx;
	int count;
};

static struct tcp *
to_tcp(struct ht_transport *tp)
{
	return (struct tcp *)tp;
}

static const struct tcp *
to_const_tcp(const struct ht_transport *tp)
{
	return (const struct tcp *)tp;
}

/* Sending *******************************************************************/

/* When a SYN in flight is given up. */
static ht_time
end_of(const struct carrier *c)
{
	return c->syn.before.user
	       + (c->is_wanted ? ht_hold_time(c->hold, c->ttl)
			       : ht_hold_limit(c->hold));
}

/* The SYN that is in flight from this port to the probe's target; NULL if none. */
static struct carrier *
find_busy(struct tcp *t, uint16_t local_port, const struct ht_probe *pr, uint16_t port)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct carrier *c = &t->carriers[i];
		if (c->is_busy && c->syn.local_port == local_port && c->port == port
		    && ht_addr_equal(&c->target, &pr->target))
			return c;
	}
	return NULL;
}

/* A socket that is free, or NULL; best one that has the ttl already. */
static struct carrier *
find_free(struct tcp *t, const struct ht_family_facts *ff, uint16_t local_port, int ttl)
{
	struct carrier *found = NULL;

	for (unsigned i = 0; i < t->n; i++) {
		struct carrier *c = &t->carriers[i];
		if (c->is_busy || c->syn.fd < 0 || c->syn.ff != ff
		    || c->syn.local_port != local_port)
			continue;
		if (c->syn.ttl == ttl)
			return c;
		found = c;
	}
	return t->n < t->max ? NULL : found;
}

/* Close a socket that is not busy, whatever its port; NULL if there is none. */
static struct carrier *
close_idle(struct tcp *t)
{
	for (unsigned i = 0; i < t->n; i++) {
		struct carrier *c = &t->carriers[i];
		if (c->is_busy || c->syn.fd < 0)
			continue;
		ht_syn_close(&c->syn);
		return c;
	}
	return NULL;
}

/* A place for a new socket, NULL if all are busy. */
static struct carrier *
find_place(struct tcp *t)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->carriers[i].syn.fd < 0)
			return &t->carriers[i];
	if (t->n == t->max)
		return close_idle(t);
	t->carriers[t->n].syn.fd = -1;
	return &t->carriers[t->n++];
}

/* Let the SYN that left first make room. */
static void
want_oldest(struct tcp *t)
{
	struct carrier *oldest = NULL;

	for (unsigned i = 0; i < t->n; i++) {
		struct carrier *c = &t->carriers[i];
		if (c->is_busy
		    && (oldest == NULL || c->syn.before.user < oldest->syn.before.user))
			oldest = c;
	}
	if (oldest != NULL)
		oldest->is_wanted = true;
}

static bool
is_any_busy(const struct tcp *t)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->carriers[i].is_busy)
			return true;
	return false;
}

static bool
is_short_of_descriptors(int r)
{
	return r == -EMFILE || r == -ENFILE;
}

static int
open_carrier(struct tcp *t, const struct ht_family_facts *ff, uint16_t local_port,
    struct carrier **ret_carrier)
{
	struct carrier *c = find_place(t);

	*ret_carrier = c;
	if (c == NULL)
		return -EMFILE;
	int r = ht_syn_open(&c->syn, ff, &t->cfg, local_port);
	/* So many can be had, and no more. */
	if (is_short_of_descriptors(r))
		t->max = t->n;
	return r;
}

static int
get_carrier(struct tcp *t, const struct ht_family_facts *ff, uint16_t local_port,
    int ttl, struct carrier **ret_carrier)
{
	*ret_carrier = find_free(t, ff, local_port, ttl);
	if (*ret_carrier != NULL)
		return 0;

	int r = open_carrier(t, ff, local_port, ret_carrier);
	if (!is_short_of_descriptors(r))
		return r;
	*ret_carrier = find_free(t, ff, local_port, ttl);
	if (*ret_carrier != NULL)
		return 0;
	if (close_idle(t) != NULL)
		return open_carrier(t, ff, local_port, ret_carrier);
	want_oldest(t);
	return is_any_busy(t) ? -EAGAIN : r;
}

static int
launch(struct tcp *t, struct carrier *c, const struct ht_probe *pr,
    const struct ht_flow *flow)
{
	const struct ht_syn_mail mail = {
		.target = &pr->target,
		.port = flow->port,
		.ttl = pr->ttl,
		.tos = pr->tos,
		.label = flow->label,
	};
	int r = ht_syn_send(&c->syn, &mail);

	if (r < 0) {
		if (ht_sockopt_is_stale(c->syn.fd, r))
			ht_syn_close(&c->syn);
		return r;
	}
	c->is_busy = true;
	c->is_wanted = false;
	c->revents = 0;
	c->ttl = pr->ttl;
	c->port = flow->port;
	c->label = c->syn.is_unlabeled ? 0 : flow->label;
	c->token = pr->token;
	c->target = pr->target;
	c->hold = ht_hold_find(&t->holds, &pr->target);
	return 0;
}

static int
send_from(struct tcp *t, const struct ht_lport *p, const struct ht_probe *pr,
    const struct ht_flow *flow)
{
	struct carrier *c = find_busy(t, p->actual, pr, flow->port);

	if (c != NULL) {
		c->is_wanted = true;
		return -EAGAIN;
	}
	int r = get_carrier(
	    t, ht_family_facts(pr->target.family), p->actual, pr->ttl, &c);
	if (r == 0)
		r = launch(t, c, pr, flow);
	if (r < 0)
		return r;
	/* Where it makes no difference, we need not be told that the flow is wanted. */
	return ht_hold_time(c->hold, c->ttl) < ht_hold_limit(c->hold) ? 0
								      : HT_SENT_ALONE;
}

/*
 * Somebody has a connection with all of these addresses and ports, for which he need
 * not have the port for himself: try another one.  If that does not help, it was the
 * address.
 */
static int
send_from_another(struct tcp *t, struct ht_lport *p, const struct ht_probe *pr,
    const struct ht_flow *flow)
{
	struct ht_lport old;
	int r = ht_lport_change(p, &t->cfg, &old);

	if (r < 0)
		return r;
	r = send_from(t, p, pr, flow);
	if (r == -EADDRNOTAVAIL)
		ht_lport_undo(p, &old);
	else
		ht_lport_release(&old);
	return r;
}

static int
tcp_send(struct ht_transport *tp, const struct ht_probe *pr, ht_time now)
{
	struct tcp *t = to_tcp(tp);
	const struct ht_flow flow = ht_flow_of(pr);
	bool is_named = pr->local_port != 0;
	struct ht_lport *p;

	(void)now;
	if (pr->proto != HT_PROTO_TCP || ht_family_facts(pr->target.family) == NULL)
		return -EPROTONOSUPPORT;
	int r = ht_lport_get(
	    &t->ports, &t->cfg, pr->target.family, flow.local_port, is_named, &p);
	if (r == 0)
		r = send_from(t, p, pr, &flow);
	if (r == -EADDRNOTAVAIL && !is_named && p->family != HT_FAMILY_NONE)
		r = send_from_another(t, p, pr, &flow);
	return r;
}

/* Answers *******************************************************************/

static void
hand_up(struct carrier *c, struct ht_reply *rp, struct sink *sink)
{
	ht_time rtt = rp->rx_ns - rp->tx_ns;

	/* By then there was another SYN, and it may be the answer to that. */
	if (rtt >= HT_SYN_AGAIN)
		rp->match = HT_MATCH_AMBIGUOUS;
	else if (rp->match == HT_MATCH_NONE)
		rp->match = HT_MATCH_EXACT;
	if (rp->kind != HT_REPLY_LOCAL_ERROR)
		ht_hold_answered(c->hold, c->ttl,
		    rp->match == HT_MATCH_EXACT || rtt >= HT_SYN_AGAIN ? rtt : 0);
	rp->token = c->token;
	c->is_busy = false;
	sink->count++;
	sink->fn(sink->ctx, rp);
}

/* Nothing came, and nothing is waited for any more. */
static void
drop(struct carrier *c)
{
	ht_hold_silent(c->hold, c->ttl);
	c->is_busy = false;
}

static uint8_t
kind_of(const struct ht_family_facts *ff, const struct ht_arrival *a)
{
	return a->icmp_type == ff->exceeded && a->icmp_code == 0
		   ? HT_REPLY_TIME_EXCEEDED
		   : HT_REPLY_UNREACHABLE;
}

/* The kernel has compared addresses, ports and sequence number; an error that was
 * queued for an earlier probe of this socket has another target or port. */
static bool
is_of(const struct tcp *t, const struct carrier *c, const struct ht_arrival *a)
{
	return a->len >= 4 && ht_get16(t->quote) == c->syn.local_port
	       && ht_get16(t->quote + 2) == c->port && a->port == c->port
	       && memcmp(a->peer.bytes, c->target.bytes, sizeof(a->peer.bytes)) == 0;
}

static bool
find_extensions(const struct tcp *t, const struct ht_family_facts *ff,
    const struct ht_arrival *a, struct ht_extensions *ret_ext)
{
	if (!ht_ext_find(t->quote, a->len, ff->ip_header, a->ext_at, ret_ext))
		return false;
	ret_ext->malformed |= a->is_ext_bad;
	return true;
}

/* It would not be here if addresses or ports were others.  The kernel keeps the rest
 * of the quote to itself, but for traffic class and flow label of IPv6. */
static void
read_quote(const struct carrier *c, const struct ht_arrival *a, struct ht_quote *ret_q)
{
	*ret_q = (struct ht_quote){ .seen = HT_QUOTE_ADDRESS | HT_QUOTE_PORT };
	if (c->syn.ff->domain != AF_INET6)
		return;
	ret_q->seen |= HT_QUOTE_TOS | HT_QUOTE_LABEL;
	ret_q->tos = (uint8_t)(a->flowinfo >> 20);
	ret_q->label = a->flowinfo & 0xfffff;
	if (ret_q->tos != (c->syn.tos & ~ECN_BITS))
		ret_q->changed |= HT_QUOTE_TOS;
	if (c->label != 0 && ret_q->label != c->label)
		ret_q->changed |= HT_QUOTE_LABEL;
}

static void
take_icmp_error(
    struct tcp *t, struct carrier *c, const struct ht_arrival *a, struct sink *sink)
{
	const struct ht_family_facts *ff = c->syn.ff;
	const struct ht_instant tx = ht_syn_departure(&c->syn, &a->at);
	struct ht_extensions ext;
	struct ht_quote quote;
	struct ht_reply rp = {
		.kind = kind_of(ff, a),
		.icmp_type = a->icmp_type,
		.icmp_code = a->icmp_code,
		.from = a->offender,
		.reply_ttl = a->ttl,
		.reply_tos = a->tos,
		.quote = &quote,
	};

	ht_lag_note(&t->lag, &a->at);
	read_quote(c, a, &quote);
	if (find_extensions(t, ff, a, &ext))
		rp.ext = &ext;
	if (a->icmp_type == ff->too_big_type && a->icmp_code == ff->too_big_code)
		rp.mtu = a->info;
	ht_stamps_pair(&tx, &a->at, &rp);
	hand_up(c, &rp, sink);
}

/* Read one message of the error queue; false when there is none. */
static bool
take_error(struct tcp *t, struct carrier *c, struct sink *sink)
{
	const struct ht_family_facts *ff = c->syn.ff;
	struct ht_arrival a;
	int r = ht_arrival_read(
	    c->syn.fd, ff, MSG_ERRQUEUE, t->quote, sizeof(t->quote), &a);

	if (r == -EAGAIN)
		return false;
	if (r < 0 || a.origin != ff->icmp_origin || !c->is_busy)
		return true;
	if (is_of(t, c, &a))
		take_icmp_error(t, c, &a, sink);
	else
		t->tp.malformed++;
	return true;
}

/* Read the error queue until there is an answer. */
static void
find_answer(struct tcp *t, struct carrier *c, struct sink *sink)
{
	for (int i = 0; i < DRAIN_MAX && c->is_busy && take_error(t, c, sink); i++)
		;
}

/* Reset the socket, and leave nothing in its error queue that the next probe could
 * take for its own; an answer that came in the last moment is taken. */
static void
reset(struct tcp *t, struct carrier *c, struct sink *sink)
{
	ht_syn_reset(&c->syn);
	for (int i = 0; i < DRAIN_MAX && take_error(t, c, sink); i++)
		;
}

/* The kernel knows how long SYN-ACK took, if not when it came. */
static void
put_rtt(ht_time rtt_ns, struct ht_reply *rp)
{
	rp->rx_ns = rp->tx_ns + rtt_ns;
	rp->tx_stamp = rp->rx_stamp = HT_STAMP_KERNEL;
}

/* Nobody stamps RST.  We had no time to sleep for what came as soon as this. */
static ht_time
guess_wait(const struct tcp *t, const struct carrier *c, const struct ht_instant *rx)
{
	ht_time lag = ht_lag_least(&t->lag);

	return rx->user - c->syn.after > 2 * lag ? lag : 0;
}

static void
take_state(struct tcp *t, struct carrier *c, const struct ht_syn_state *st,
    struct ht_instant rx, struct sink *sink)
{
	struct ht_reply rp = { .kind = HT_REPLY_LOCAL_ERROR,
		.match = st->is_doubted ? HT_MATCH_AMBIGUOUS : HT_MATCH_NONE,
		.reply_ttl = -1,
		.reply_tos = -1 };

	rx.user -= guess_wait(t, c, &rx);
	const struct ht_instant tx = ht_syn_departure(&c->syn, &rx);
	ht_stamps_pair(&tx, &rx, &rp);
	if (st->is_open)
		rp.kind = HT_REPLY_TCP_OPEN;
	else if (st->error == ECONNREFUSED)
		rp.kind = HT_REPLY_TCP_CLOSED;
	else
		rp.error = st->error;
	if (rp.kind != HT_REPLY_LOCAL_ERROR)
		rp.from = c->target;
	if (st->is_open && st->rtt_ns > 0 && !st->is_doubted)
		put_rtt(st->rtt_ns, &rp);
	hand_up(c, &rp, sink);
}

/* A socket says something, but has no ICMP error: SYN-ACK, RST, or the end. */
static void
find_state(struct tcp *t, struct carrier *c, struct sink *sink)
{
	struct ht_instant rx;

	ht_stamps_now(&rx);
	const struct ht_syn_state st = ht_syn_look(&c->syn);
	/* An ICMP error that came since then explains it better. */
	if (st.error != 0)
		find_answer(t, c, sink);
	if (!c->is_busy)
		return;
	/* A time that the kernel waits for in vain is longer than ours. */
	if (st.is_open || (st.error != 0 && st.error != ETIMEDOUT))
		take_state(t, c, &st, rx, sink);
	else if (st.is_over)
		drop(c);
}

static void
take_event(struct tcp *t, struct carrier *c, struct sink *sink)
{
	if (c->revents & POLLERR)
		find_answer(t, c, sink);
	if (c->is_busy)
		find_state(t, c, sink);
	/* Where the answer was there before connect() was over, and with SYN-ACK, the
	 * connection goes on until it is reset; else it has ended by itself. */
	if (!c->is_busy && !(c->revents & POLLHUP))
		reset(t, c, sink);
}

static int
list_busy(const struct tcp *t, struct pollfd *fds, int max)
{
	int n = 0;

	for (unsigned i = 0; i < t->n && n < max; i++)
		if (t->carriers[i].is_busy)
			fds[n++] = (struct pollfd){ .fd = t->carriers[i].syn.fd,
				.events = POLLOUT };
	return n;
}

/* What poll() said about those that list_busy() gave; who was not asked is looked
 * at in any case. */
static void
note_busy(struct tcp *t, const struct pollfd *fds, int n)
{
	int k = 0;

	for (unsigned i = 0; i < t->n; i++)
		if (t->carriers[i].is_busy)
			t->carriers[i].revents = k < n ? fds[k++].revents
						       : POLLOUT | POLLERR;
}

static void
ask_busy(struct tcp *t)
{
	struct pollfd fds[HT_TCP_SOCKETS];
	int n = list_busy(t, fds, HT_TCP_SOCKETS);

	if (n > 0 && poll(fds, (nfds_t)n, 0) > 0)
		note_busy(t, fds, n);
}

static bool
is_any_due(const struct tcp *t, ht_time now)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->carriers[i].is_busy && end_of(&t->carriers[i]) <= now)
			return true;
	return false;
}

static void
give_up(struct tcp *t, struct carrier *c, struct sink *sink)
{
	reset(t, c, sink);
	if (c->is_busy)
		drop(c);
}

static int
tcp_receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	struct tcp *t = to_tcp(tp);
	struct sink sink = { .fn = fn, .ctx = ctx };

	if (!t->was_polled || is_any_due(t, now))
		ask_busy(t);
	t->was_polled = false;
	ht_lag_woke(&t->lag);
	for (unsigned i = 0; i < t->n; i++) {
		struct carrier *c = &t->carriers[i];
		if (c->is_busy && c->revents != 0)
			take_event(t, c, &sink);
		c->revents = 0;
		if (c->is_busy && end_of(c) <= now)
			give_up(t, c, &sink);
	}
	return sink.count;
}

static void
tcp_polled(struct ht_transport *tp, const struct pollfd *fds, int n)
{
	struct tcp *t = to_tcp(tp);

	note_busy(t, fds, n);
	t->was_polled = true;
}

/* Getting ready *************************************************************/

/* The kernel turns stamping on for the first socket that wants it, a moment after
 * it was asked; so one socket wants it all the time. */
static int
warm_up(struct tcp *t, const struct ht_family_facts *ff)
{
	int fd = socket(ff->domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	t->warm = fd;
	ht_socket_stamp(fd, HT_STAMP_ID_TOKEN);
	nanosleep(&(struct timespec){ .tv_nsec = WARM_UP_NS }, NULL);
	return 0;
}

static int
tcp_prepare(struct ht_transport *tp, const struct ht_addr *target, enum ht_proto proto,
    struct ht_addr *ret_source)
{
	struct tcp *t = to_tcp(tp);
	const struct ht_family_facts *ff = ht_family_facts(target->family);

	if (proto != HT_PROTO_TCP || ff == NULL)
		return -EPROTONOSUPPORT;
	if (t->cfg.source.family != HT_FAMILY_NONE
	    && t->cfg.source.family != target->family)
		return -EADDRNOTAVAIL;
	int r = t->warm < 0 ? warm_up(t, ff) : 0;
	return r == 0 ? ht_socket_source(&t->cfg, target, ret_source) : r;
}

static int
tcp_fds(const struct ht_transport *tp, struct pollfd *fds, int max)
{
	return list_busy(to_const_tcp(tp), fds, max);
}

static unsigned
tcp_caps(const struct ht_transport *tp)
{
	return to_const_tcp(tp)->caps;
}

static ht_time
tcp_next(const struct ht_transport *tp)
{
	const struct tcp *t = to_const_tcp(tp);
	ht_time next = HT_TIME_NEVER;

	for (unsigned i = 0; i < t->n; i++)
		if (t->carriers[i].is_busy && end_of(&t->carriers[i]) < next)
			next = end_of(&t->carriers[i]);
	return next;
}

static void
tcp_close(struct ht_transport *tp)
{
	struct tcp *t = to_tcp(tp);

	for (unsigned i = 0; i < t->n; i++)
		ht_syn_close(&t->carriers[i].syn);
	ht_lports_done(&t->ports);
	if (t->warm >= 0)
		close(t->warm);
	free(t);
}

static const struct ht_transport_ops tcp_ops = {
	.name = "tcp",
	.caps = tcp_caps,
	.prepare = tcp_prepare,
	.fds = tcp_fds,
	.send = tcp_send,
	.polled = tcp_polled,
	.receive = tcp_receive,
	.next = tcp_next,
	.close = tcp_close,
};

int
ht_tcp_reserve(struct ht_transport *tp, enum ht_family family, uint16_t local_port,
    unsigned first_flow, unsigned n_flows, uint16_t *ret_port)
{
	struct ht_lport *p;
	int r = ht_tcp_can(family);

	*ret_port = local_port;
	for (unsigned i = 0; r == 0 && i < n_flows; i++) {
		const struct ht_probe pr = { .proto = HT_PROTO_TCP,
			.flow = (uint16_t)(first_flow + i),
			.local_port = local_port };
		*ret_port = ht_flow_of(&pr).local_port;
		r = ht_lport_get(&to_tcp(tp)->ports, &to_tcp(tp)->cfg, family,
		    *ret_port, local_port != 0, &p);
	}
	return r;
}

int
ht_tcp_can(enum ht_family family)
{
	const struct ht_family_facts *ff = ht_family_facts(family);

	if (ff == NULL)
		return -EAFNOSUPPORT;
	int fd = socket(ff->domain, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* Leave most descriptors to others. */
static unsigned
socket_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0
	    || limit.rlim_cur / 4 >= HT_TCP_SOCKETS)
		return HT_TCP_SOCKETS;
	return limit.rlim_cur < 4 ? 1 : (unsigned)(limit.rlim_cur / 4);
}

struct ht_transport *
ht_tcp_open(const struct ht_socket_config *cfg, struct ht_err *err)
{
	struct tcp *t = calloc(1, sizeof(*t));

	if (t == NULL) {
		ht_socket_explain(cfg, "a socket", -ENOMEM, err);
		return NULL;
	}
	t->tp.ops = &tcp_ops;
	t->caps = HT_CAP_TCP | HT_CAP_KERNEL_RX | HT_CAP_REPLY_TTL | HT_CAP_EXTENSIONS;
	if (ht_tcp_can(HT_FAMILY_IP6) == 0)
		t->caps |= HT_CAP_QUOTE6;
	t->warm = -1;
	t->max = socket_limit();
	t->cfg = *cfg;
	return &t->tp;
}
