/* SPDX-License-Identifier: ISC */
/*
 * The life of a probe here:
 *
 *  1. send() looks up its source address and source port, builds the whole packet
 *     (raw_probe.h), sends it (raw_socket.h) and remembers it in its slot.
 *  2. The kernel's stamp of its departure waits in the error queue of the sending
 *     socket, which nobody polls: it is read when an answer has come that needs it.
 *  3. ICMP, UDP and TCP sockets hear everything that comes, as far as the kernel's
 *     filters let it through.  Whose it is says raw_match.h.
 *  4. The best pair of stamps is chosen (stamps.h), and the reply handed up.
 */
#include "config.h"

#include "transport/linux/raw.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>

#include "base/addr.h"
#include "transport/linux/arrival.h"
#include "transport/linux/flow.h"
#include "transport/linux/raw_match.h"
#include "transport/linux/raw_probe.h"
#include "transport/linux/raw_socket.h"
#include "transport/linux/stamps.h"

#define FAMILIES 2
#define ROUTES   64 /* as many targets as a session has */
#define FLOWS    16 /* whose state is kept for each target */

/* Stamping begins 0.1 to 1 ms after it was asked for. */
#define WARM_UP_NS (2 * HT_MS)

/* A SYN that may have reached its target is waited for; see is_in_the_way(). */
#define SYN_AGE HT_S

/* How often the kernel is asked for the source address of a target. */
#define SOURCE_EVERY HT_S

/* Stamps that may wait before they are read, answer or not. */
#define STAMPS_WAITING 64

/* Batches taken from one queue in one go, so that a flood cannot keep us. */
#define BATCHES_MAX (65536 / HT_INBOX_SIZE)

/* Of a TCP flow: who has reached the target, and was the last to try. */
struct syn {
	bool is_used;
	uint16_t flow;
	uint8_t ttl;    /* the smallest that was answered by SYN-ACK */
	uint32_t token; /* of the newest with that or more */
	ht_time at;     /* HT_TIME_NEVER: it has its answer */
};

/* What is known about a target. */
struct route {
	struct ht_addr target; /* family none: unused */
	struct ht_addr source; /* newest answer of the kernel */
	ht_time asked_at;      /* when that was */
	struct syn syns[FLOWS];
};

struct raw {
	struct ht_transport tp;
	struct ht_socket_config cfg;
	struct ht_raw_sockets socks[FAMILIES]; /* IPv4, IPv6 */
	struct route routes[ROUTES];
	unsigned n_routes; /* ever made */
	unsigned unread;   /* probes sent since the stamps were read */
	ht_time freed_at;  /* a SYN that was refused may leave then, NEVER: none was */
	bool was_polled;
	bool is_ready[FAMILIES][HT_RAW_EAR_COUNT];
	struct ht_raw_table table;
	uint8_t out[HT_RAW_SIZE_MAX];
	struct ht_inbox in;
	struct ht_inbox departures;
};

/* A packet that came in. */
struct mail {
	const struct ht_raw_sockets *s;
	const struct ht_arrival *a;
	const uint8_t *data; /* a->len bytes */
};

/* Where replies go to. */
struct sink {
	ht_reply_fn *fn;
	void *ctx;
	int count;
};

static struct raw *
to_raw(struct ht_transport *tp)
{
	return (struct raw *)tp;
}

static const struct raw *
to_const_raw(const struct ht_transport *tp)
{
	return (const struct raw *)tp;
}

static struct ht_raw_sockets *
sockets_of(struct raw *t, unsigned family)
{
	struct ht_raw_sockets *s = &t->socks[family == HT_FAMILY_IP6];

	return s->ff != NULL ? s : NULL;
}

/* An ear that cannot hear anything yet is left alone. */
static bool
is_listening(const struct ht_raw_sockets *s, int ear)
{
	if (s->ff == NULL)
		return false;
	return ear == HT_RAW_EAR_ICMP
	       || (ear == HT_RAW_EAR_UDP ? s->udp.n : s->tcp.n) > 0;
}

/* Routes ********************************************************************/

static struct route *
find_route(struct raw *t, const struct ht_addr *target)
{
	for (unsigned i = 0; i < t->n_routes && i < ROUTES; i++)
		if (ht_addr_equal(&t->routes[i].target, target))
			return &t->routes[i];
	return NULL;
}

static struct route *
make_route(struct raw *t, const struct ht_addr *target)
{
	struct route *route = find_route(t, target);

	if (route != NULL)
		return route;
	route = &t->routes[t->n_routes++ % ROUTES];
	*route = (struct route){ .target = *target };
	return route;
}

/* SYNs in each other's way **************************************************/

static struct syn *
syn_of(struct route *route, unsigned flow)
{
	return &route->syns[flow % FLOWS];
}

/*
 * While a target waits for the end of a handshake it does not answer a further SYN
 * of the same ports, or not by a SYN-ACK.  It takes a round trip until our reset
 * has told it that there is none, and until then the next one has to wait.
 */
static bool
is_in_the_way(struct route *route, const struct ht_probe *pr, ht_time now)
{
	const struct syn *syn = syn_of(route, pr->flow);

	if (pr->proto != HT_PROTO_TCP || !syn->is_used || syn->flow != pr->flow
	    || pr->ttl < syn->ttl)
		return false;
	return syn->at != HT_TIME_NEVER && now - syn->at < SYN_AGE;
}

static void
note_syn(struct route *route, const struct ht_probe *pr, ht_time now)
{
	struct syn *syn = syn_of(route, pr->flow);

	if (pr->proto != HT_PROTO_TCP || !syn->is_used || syn->flow != pr->flow
	    || pr->ttl < syn->ttl)
		return;
	syn->token = pr->token;
	syn->at = now;
}

static void
note_answer(struct raw *t, const struct ht_raw_sent *sent, unsigned kind)
{
	struct route *route = find_route(t, &sent->target);
	struct syn *syn;

	if (sent->proto != HT_PROTO_TCP || route == NULL)
		return;
	syn = syn_of(route, sent->flow);
	if (kind == HT_REPLY_TCP_OPEN
	    && (!syn->is_used || syn->flow != sent->flow || sent->ttl < syn->ttl))
		*syn = (struct syn){ .is_used = true,
			.flow = sent->flow,
			.ttl = sent->ttl,
			.at = HT_TIME_NEVER };
	if (syn->flow != sent->flow)
		return;
	if (sent->token == syn->token)
		syn->at = HT_TIME_NEVER;
	/* The path is longer now. */
	if (kind == HT_REPLY_TIME_EXCEEDED && sent->ttl >= syn->ttl)
		syn->is_used = false;
}

/* Sending *******************************************************************/

static int
send_packet(struct raw *t, struct ht_raw_sockets *s, struct route *route,
    const struct ht_probe *pr)
{
	struct ht_raw_sent sent;
	int port = 0, r;

	if (pr->proto != HT_PROTO_ICMP)
		port = ht_raw_port(s, (enum ht_proto)pr->proto,
		    ht_flow_of(pr).local_port, pr->local_port != 0);
	if (port < 0)
		return port;
	r = ht_raw_build(&t->table, pr, &route->source, (uint16_t)port, t->out, &sent);
	if (r < 0)
		return r;
	r = ht_raw_send(s, &pr->target, pr->token, t->out, (size_t)r, &sent.at);
	if (r < 0)
		return r;
	ht_raw_remember(&t->table, &sent);
	t->unread++;
	return 0;
}

/*
 * Our packets carry their source address: one that this host has no more would be an
 * address of nobody, and answers would not find back.
 */
static void
refresh_source(struct ht_raw_sockets *s, struct route *route, ht_time now)
{
	struct ht_addr source;

	if (now - route->asked_at < SOURCE_EVERY)
		return;
	route->asked_at = now;
	/* Without a route the send will say so. */
	if (ht_raw_source(s, &route->target, &source) == 0)
		route->source = source;
}

static int
raw_send(struct ht_transport *tp, const struct ht_probe *pr, ht_time now)
{
	struct raw *t = to_raw(tp);
	struct ht_raw_sockets *s = sockets_of(t, pr->target.family);
	struct route *route = find_route(t, &pr->target);
	int r;

	if (s == NULL)
		return -EAFNOSUPPORT;
	if (route == NULL)
		return -ENOTCONN;
	if (is_in_the_way(route, pr, now)) {
		ht_time at = syn_of(route, pr->flow)->at + SYN_AGE;
		t->freed_at = at < t->freed_at ? at : t->freed_at;
		return -EAGAIN;
	}
	refresh_source(s, route, now);
	r = send_packet(t, s, route, pr);
	/* A full queue is no reason to ask again at once. */
	if (r == -EAGAIN)
		r = -ENOBUFS;
	if (r == 0)
		note_syn(route, pr, now);
	return r;
}

/* Departures ****************************************************************/

/* A packet of ours that came back whole, from the link header on or without. */
static struct ht_raw_sent *
find_own(struct raw *t, const uint8_t *data, size_t len, ht_time now)
{
	static const size_t link_headers[] = { 0, 14, 18 };
	struct ht_original own;

	for (size_t i = 0; i < sizeof(link_headers) / sizeof(link_headers[0]); i++) {
		size_t skip = link_headers[i];
		if (len < skip || ht_original_parse(data + skip, len - skip, &own) < 0)
			continue;
		struct ht_raw_found f = ht_raw_match_quote(&t->table, &own, now);
		if (f.match == HT_MATCH_EXACT)
			return f.sent;
	}
	return NULL;
}

static void
take_departure(struct raw *t, const struct mail *m)
{
	const struct ht_arrival *a = m->a;
	struct ht_raw_sent *sent;

	if (a->origin != SO_EE_ORIGIN_TIMESTAMPING)
		return;
	if (a->len == 0) {
		sent = &t->table.sent[(uint16_t)a->id];
		if (!m->s->is_tsid || sent->token != a->id)
			return;
	} else {
		sent = find_own(t, m->data, a->len, a->at.user);
	}
	if (sent != NULL && sent->is_used && sent->at.kernel == 0)
		sent->at.kernel = a->at.kernel;
}

/* Take a batch; give back whether there may be more. */
static bool
take_departures(struct raw *t, const struct ht_raw_sockets *s)
{
	struct ht_inbox *inbox = &t->departures;
	int r = ht_arrival_batch(s->out, s->ff, MSG_ERRQUEUE, inbox);

	for (unsigned i = 0; i < inbox->n; i++)
		take_departure(
		    t, &(struct mail){
			   .s = s, .a = &inbox->arrivals[i], .data = inbox->data[i] });
	return r == 0 && inbox->n == HT_INBOX_SIZE;
}

/* Read stamps until that of a probe is there; all of them for NULL. */
static void
drain_departures(
    struct raw *t, const struct ht_raw_sockets *s, const struct ht_raw_sent *wanted)
{
	for (unsigned n = 0; n < BATCHES_MAX; n++)
		if (!take_departures(t, s)
		    || (wanted != NULL && wanted->at.kernel != 0))
			return;
}

static void
drain_all_departures(struct raw *t)
{
	for (int i = 0; i < FAMILIES; i++)
		if (t->socks[i].ff != NULL)
			drain_departures(t, &t->socks[i], NULL);
	t->unread = 0;
}

/* Handing up ****************************************************************/

static void
hand_up(struct raw *t, const struct mail *m, const struct ht_raw_found *f,
    struct ht_reply *rp, struct sink *sink)
{
	const struct ht_arrival *a = m->a;
	struct ht_raw_sent *sent = f->sent;

	if (f->match == HT_MATCH_NONE && !f->is_about_us)
		return;
	if (sent != NULL && sent->at.kernel == 0)
		drain_departures(t, m->s, sent);
	rp->match = f->match;
	rp->token = f->token;
	if (!f->is_anybodys)
		rp->from = a->peer;
	rp->reply_ttl = a->ttl;
	rp->reply_tos = a->tos;
	ht_stamps_pair(sent != NULL && !f->is_anybodys ? &sent->at : NULL, &a->at, rp);
	if (sent != NULL) {
		sent->is_answered = true;
		note_answer(t, sent, rp->kind);
	}
	sink->count++;
	sink->fn(sink->ctx, rp);
}

/* Arrivals ******************************************************************/

static void
take_error(struct raw *t, const struct mail *m, const struct ht_icmp_seen *seen,
    struct sink *sink)
{
	const struct ht_original *o = &seen->original;
	struct ht_raw_found f = ht_raw_match_quote(&t->table, o, m->a->at.user);
	/* Code 1 comes from the target, which waited for fragments. */
	bool is_exceeded = seen->type == m->s->ff->exceeded && seen->code == 0;
	struct ht_quote quote;
	struct ht_reply rp = {
		.kind = is_exceeded ? HT_REPLY_TIME_EXCEEDED : HT_REPLY_UNREACHABLE,
		.icmp_type = seen->type,
		.icmp_code = seen->code,
		.mtu = seen->mtu,
		.ext = seen->has_ext ? &seen->ext : NULL,
	};

	if (f.match == HT_MATCH_NONE && o->proto > HT_PROTO_ICMP)
		f.is_about_us |= ht_raw_has_port(
		    m->s, (enum ht_proto)o->proto, o->sport);
	if (f.sent != NULL && !f.is_anybodys) {
		ht_raw_compare(&t->table, f.sent, o, &quote);
		rp.quote = &quote;
	}
	hand_up(t, m, &f, &rp, sink);
}

static void
take_icmp(struct raw *t, const struct mail *m, struct sink *sink)
{
	enum ht_family family = (enum ht_family)m->a->peer.family;
	struct ht_reply rp = { .kind = HT_REPLY_ECHO,
		.icmp_type = m->s->ff->echo_reply };
	struct ht_icmp_seen seen;
	struct ht_icmp icmp;
	struct ht_ip ip;
	int r = ht_icmp_error_parse(family, m->data, m->a->len, &seen);

	if (r == 0) {
		take_error(t, m, &seen, sink);
	} else if (r != -ENOMSG
		   || ht_icmp_packet_parse(family, m->data, m->a->len, &ip, &icmp)
			  < 0) {
		t->tp.malformed++;
	} else if (icmp.type == m->s->ff->echo_reply) {
		struct ht_raw_found f = ht_raw_match_echo(
		    &t->table, &icmp, &m->a->peer);
		rp.icmp_code = icmp.code;
		hand_up(t, m, &f, &rp, sink);
	}
}

/* What is behind the IP header, which only IPv4 sockets hand up. */
static bool
find_upper(const struct mail *m, const uint8_t **ret_data, size_t *ret_len)
{
	struct ht_ip ip;

	*ret_data = m->data;
	*ret_len = m->a->len;
	if (m->a->peer.family == HT_FAMILY_IP6)
		return true;
	if (ht_ip_parse(m->data, m->a->len, &ip) < 0 || ip.is_fragment)
		return false;
	*ret_data = ip.data;
	*ret_len = ip.data_len;
	return true;
}

static void
take_udp(struct raw *t, const struct mail *m, struct sink *sink)
{
	struct ht_reply rp = { .kind = HT_REPLY_UDP_DATA };
	const uint8_t *data;
	struct ht_udp udp;
	size_t len;

	if (!find_upper(m, &data, &len) || ht_udp_parse(data, len, &udp) < 0) {
		t->tp.malformed++;
		return;
	}
	struct ht_raw_found f = ht_raw_match_udp(
	    &t->table, &udp, &m->a->peer, m->a->at.user);
	f.is_about_us = true; /* or the filter would not have let it through */
	hand_up(t, m, &f, &rp, sink);
}

static void
take_tcp(struct raw *t, const struct mail *m, struct sink *sink)
{
	struct ht_reply rp = { 0 };
	const uint8_t *data;
	struct ht_tcp tcp;
	size_t len;

	if (!find_upper(m, &data, &len) || ht_tcp_parse(data, len, &tcp) < 0) {
		t->tp.malformed++;
		return;
	}
	struct ht_raw_found f = ht_raw_match_tcp(
	    &t->table, &tcp, &m->a->peer, m->a->at.user, &rp.kind);
	f.is_about_us = true;
	hand_up(t, m, &f, &rp, sink);
}

static void
take(struct raw *t, const struct mail *m, int ear, struct sink *sink)
{
	if (ear == HT_RAW_EAR_ICMP)
		take_icmp(t, m, sink);
	else if (ear == HT_RAW_EAR_UDP)
		take_udp(t, m, sink);
	else
		take_tcp(t, m, sink);
}

static void
drain(struct raw *t, const struct ht_raw_sockets *s, int ear, struct sink *sink)
{
	struct ht_inbox *inbox = &t->in;

	for (unsigned n = 0; n < BATCHES_MAX; n++) {
		int r = ht_arrival_batch(s->ears[ear], s->ff, 0, inbox);
		for (unsigned i = 0; i < inbox->n; i++)
			take(t,
			    &(struct mail){ .s = s,
				.a = &inbox->arrivals[i],
				.data = inbox->data[i] },
			    ear, sink);
		if (r < 0 || inbox->n < HT_INBOX_SIZE)
			return;
	}
}

static int
raw_receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	struct raw *t = to_raw(tp);
	struct sink sink = { .fn = fn, .ctx = ctx };

	if (t->freed_at <= now)
		t->freed_at = HT_TIME_NEVER;
	if (t->unread >= STAMPS_WAITING)
		drain_all_departures(t);
	for (int i = 0; i < FAMILIES; i++)
		for (int ear = 0; ear < HT_RAW_EAR_COUNT; ear++)
			if (is_listening(&t->socks[i], ear)
			    && (!t->was_polled || t->is_ready[i][ear]))
				drain(t, &t->socks[i], ear, &sink);
	t->was_polled = false;
	memset(t->is_ready, 0, sizeof(t->is_ready));
	return sink.count;
}

static void
raw_polled(struct ht_transport *tp, const struct pollfd *fds, int n)
{
	struct raw *t = to_raw(tp);
	int at = 0;

	/* As raw_fds() lists them. */
	for (int i = 0; i < FAMILIES; i++) {
		for (int ear = 0; ear < HT_RAW_EAR_COUNT; ear++) {
			if (!is_listening(&t->socks[i], ear))
				continue;
			while (at < n && fds[at].fd != t->socks[i].ears[ear])
				at++;
			t->is_ready[i][ear] |= at < n && fds[at].revents != 0;
		}
	}
	t->was_polled = true;
}

/* Getting ready *************************************************************/

static int
raw_fds(const struct ht_transport *tp, struct pollfd *fds, int max)
{
	const struct raw *t = to_const_raw(tp);
	int n = 0;

	for (int i = 0; i < FAMILIES; i++)
		for (int ear = 0; ear < HT_RAW_EAR_COUNT && n < max; ear++)
			if (is_listening(&t->socks[i], ear))
				fds[n++] = (struct pollfd){ .fd = t->socks[i].ears[ear],
					.events = POLLIN };
	return n;
}

static int
raw_prepare(struct ht_transport *tp, const struct ht_addr *target, enum ht_proto proto,
    struct ht_addr *ret_source)
{
	struct raw *t = to_raw(tp);
	struct ht_raw_sockets *s = sockets_of(t, target->family);
	struct ht_addr source;
	int r;

	if (proto != HT_PROTO_ICMP && proto != HT_PROTO_UDP && proto != HT_PROTO_TCP)
		return -EPROTONOSUPPORT;
	if (t->cfg.source.family != HT_FAMILY_NONE
	    && t->cfg.source.family != target->family)
		return -EADDRNOTAVAIL;
	if (s == NULL)
		return -EAFNOSUPPORT;
	r = ht_raw_source(s, target, &source);
	if (r < 0)
		return r;
	make_route(t, target)->source = source;
	*ret_source = source;
	return 0;
}

static unsigned
raw_caps(const struct ht_transport *tp)
{
	(void)tp;
	return HT_CAP_ICMP | HT_CAP_UDP | HT_CAP_TCP | HT_CAP_SYN_SIZE
	       | HT_CAP_KERNEL_RX | HT_CAP_KERNEL_TX | HT_CAP_REPLY_TTL
	       | HT_CAP_EXTENSIONS | HT_CAP_QUOTE4 | HT_CAP_QUOTE6;
}

static ht_time
raw_next(const struct ht_transport *tp)
{
	return to_const_raw(tp)->freed_at;
}

static void
raw_close(struct ht_transport *tp)
{
	struct raw *t = to_raw(tp);

	for (int i = 0; i < FAMILIES; i++)
		ht_raw_sockets_close(&t->socks[i]);
	free(t);
}

static const struct ht_transport_ops raw_ops = {
	.name = "raw",
	.caps = raw_caps,
	.prepare = raw_prepare,
	.fds = raw_fds,
	.send = raw_send,
	.polled = raw_polled,
	.receive = raw_receive,
	.next = raw_next,
	.close = raw_close,
};

/* Opening *******************************************************************/

int
ht_raw_can(enum ht_family family)
{
	const struct ht_family_facts *ff = ht_family_facts(family);
	int fd;

	if (ff == NULL)
		return -EAFNOSUPPORT;
	fd = socket(ff->domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* A host without IPv6, or without IPv4, has to do with the other. */
static int
open_families(struct raw *t)
{
	static const uint8_t families[FAMILIES] = { HT_FAMILY_IP4, HT_FAMILY_IP6 };
	int n = 0, r = -EAFNOSUPPORT;

	for (int i = 0; i < FAMILIES; i++) {
		if (t->cfg.family != 0 && t->cfg.family != families[i])
			continue;
		r = ht_raw_sockets_open(&t->socks[i], (enum ht_family)families[i],
		    &t->cfg, t->table.echo_id);
		if (r < 0 && r != -EAFNOSUPPORT)
			return r;
		n += r == 0;
	}
	return n > 0 ? 0 : r;
}

static int
open_all(struct raw *t, const struct ht_socket_config *cfg)
{
	t->cfg = *cfg;
	if (cfg->source.family != HT_FAMILY_NONE)
		t->cfg.family = cfg->source.family;
	ht_identity_make(t->table.magic, sizeof(t->table.magic));
	ht_identity_make((uint8_t *)&t->table.echo_id, sizeof(t->table.echo_id));
	return open_families(t);
}

struct ht_transport *
ht_raw_open(const struct ht_socket_config *cfg, struct ht_err *err)
{
	struct raw *t = calloc(1, sizeof(*t));
	int r;

	if (t == NULL) {
		ht_socket_explain(cfg, "a raw socket", -ENOMEM, err);
		return NULL;
	}
	t->tp.ops = &raw_ops;
	t->freed_at = HT_TIME_NEVER;
	r = open_all(t, cfg);
	if (r < 0) {
		ht_socket_explain(cfg, "a raw socket", r, err);
		raw_close(&t->tp);
		return NULL;
	}
	nanosleep(&(struct timespec){ .tv_nsec = WARM_UP_NS }, NULL);
	return &t->tp;
}
