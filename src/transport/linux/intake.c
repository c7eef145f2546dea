/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "transport/linux/dgram_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/errqueue.h>

#include "packet/bytes.h"
#include "packet/error.h"
#include "packet/ext.h"
#include "transport/linux/family.h"
#include "transport/linux/match.h"

/* Messages taken from one queue in one go, so that a flood cannot keep us, and
 * errors of recvmmsg() in a row until we believe that there is nothing. */
#define DRAIN_MAX    65536
#define FAILURES_MAX 16

/* What poll() said is believed for so long: a process that was stopped since then
 * is to find what came in the meantime. */
#define MARKS_LAST (20 * HT_MS)

/* Where stamps do not come at once, it is not worth asking each time. */
#define MISSES_MAX  8
#define MISSES_REST 64

/* Where replies go to. */
struct sink {
	struct dgram *t;
	ht_reply_fn *fn;
	void *ctx;
	int count;
};

/* What the quote says ********************************************************/

static void
see(struct ht_quote *q, enum ht_quote_field field, bool is_changed)
{
	q->seen |= (uint16_t)field;
	if (is_changed)
		q->changed |= (uint16_t)field;
}

/* The kernel shows little of a quote: where to, of ICMP the checksum, of IPv6 the
 * traffic class and the flow label. */
static void
read_quote(const struct ht_socket *s, const struct dgram_sent *sent,
    const struct ht_arrival *a, const uint8_t *data, struct ht_quote *ret_q)
{
	bool is_ip6 = s->family == HT_FAMILY_IP6;

	*ret_q = (struct ht_quote){ 0 };
	see(ret_q, HT_QUOTE_ADDRESS,
	    memcmp(a->peer.bytes, sent->target.bytes, sizeof(a->peer.bytes)) != 0);
	if (s->proto == HT_PROTO_UDP)
		see(ret_q, HT_QUOTE_PORT, a->port != sent->port);
	if (is_ip6) {
		ret_q->tos = (uint8_t)(a->flowinfo >> 20);
		ret_q->label = a->flowinfo & 0xfffff;
		see(ret_q, HT_QUOTE_TOS, ret_q->tos != sent->tos);
		see(ret_q, HT_QUOTE_LABEL,
		    sent->label != 0 && ret_q->label != sent->label);
	}
	/* Of IPv6 it depends on the source address, which is not ours to choose. */
	if (s->proto == HT_PROTO_ICMP && !is_ip6 && sent->is_marked) {
		ret_q->checksum = ht_get16(data + 2);
		see(ret_q, HT_QUOTE_CHECKSUM, ret_q->checksum != sent->checksum);
	}
}

/* Handing up ****************************************************************/

static void
emit(struct sink *sink, const struct ht_reply *rp)
{
	sink->count++;
	sink->fn(sink->ctx, rp);
}

static void
hand_up(struct dgram *t, const struct ht_found *found, const struct ht_arrival *a,
    struct ht_reply *rp, struct sink *sink)
{
	rp->match = (uint8_t)found->match;
	rp->token = found->token;
	rp->reply_ttl = a->ttl;
	rp->reply_tos = a->tos;
	ht_stamps_pair(found->sent != NULL ? &found->sent->at : NULL, &a->at, rp);
	/* By our own clock, reading at once is all. */
	if (rp->rx_stamp != HT_STAMP_KERNEL)
		ht_pace_hurry(&t->pace);
	if (rp->kind == HT_REPLY_LOCAL_ERROR && rp->match == HT_MATCH_NONE)
		return; /* send() has said so */
	emit(sink, rp);
}

static uint8_t
kind_of(const struct ht_socket *s, const struct ht_arrival *a)
{
	if (a->origin == SO_EE_ORIGIN_LOCAL)
		return HT_REPLY_LOCAL_ERROR;
	/* Code 1 comes from the target, which waited for fragments. */
	if (a->icmp_type == s->ff->exceeded && a->icmp_code == 0)
		return HT_REPLY_TIME_EXCEEDED;
	return HT_REPLY_UNREACHABLE;
}

static bool
find_extensions(const struct ht_socket *s, const struct ht_arrival *a,
    const uint8_t *data, struct ht_extensions *ret_ext)
{
	size_t cut = s->ff->ip_header + (s->proto == HT_PROTO_UDP ? DGRAM_L4_SIZE : 0);

	if (!ht_ext_find(data, a->len, cut, a->ext_at, ret_ext))
		return false;
	ret_ext->malformed |= a->is_ext_bad;
	return true;
}

static struct ht_reply
reply_of_error(const struct ht_socket *s, const struct ht_arrival *a)
{
	struct ht_reply rp = {
		.kind = kind_of(s, a),
		.icmp_type = a->icmp_type,
		.icmp_code = a->icmp_code,
		.from = a->offender,
	};

	if (rp.kind == HT_REPLY_LOCAL_ERROR)
		rp.error = a->error;
	/* Elsewhere ee_info has other fields of the header. */
	if (rp.kind == HT_REPLY_LOCAL_ERROR
	    || (a->icmp_type == s->ff->too_big_type
		&& a->icmp_code == s->ff->too_big_code))
		rp.mtu = a->info;
	return rp;
}

/* Without payload *************************************************************/

static ht_time
came_at(const struct ht_instant *at)
{
	return at->kernel != 0 ? at->kernel - at->offset : at->user;
}

/* It was decided whose it is, or that it is not known yet. */
static void
on_bare(
    void *ctx, uint32_t token, enum ht_match match, const struct ht_bare_answer *answer)
{
	struct sink *sink = ctx;
	const struct dgram_sent *sent = &sink->t->sent[(uint16_t)token];
	struct ht_reply rp = { .kind = HT_REPLY_NONE };

	if (answer != NULL) {
		bool is_sure = match == HT_MATCH_MAPPED && sent->is_used
			       && sent->token == token;
		rp = answer->reply;
		bool is_known = rp.from.family != HT_FAMILY_NONE;
		rp.ext = answer->has_ext && is_known ? &answer->ext : NULL;
		ht_stamps_pair(is_sure ? &sent->at : NULL, &answer->at, &rp);
	}
	rp.token = token;
	rp.match = (uint8_t)match;
	emit(sink, &rp);
}

static void
take_bare(struct dgram *t, const struct ht_socket *s, const struct ht_arrival *a,
    const struct ht_reply *rp, struct sink *sink)
{
	struct ht_bare_key key = ht_dgram_lane(s, &a->peer, a->port);
	struct ht_bare_answer answer = { .reply = *rp,
		.at = a->at,
		.came = came_at(&a->at),
		.has_ext = rp->ext != NULL };

	if (rp->ext != NULL)
		answer.ext = *rp->ext;
	answer.reply.ext = NULL;
	answer.reply.reply_ttl = a->ttl;
	answer.reply.reply_tos = a->tos;
	ht_pace_hurry(&t->pace);
	ht_bare_take(t->bare, &key, &answer, t->now, on_bare, sink);
}

/* UDP: this probe is in flight no more. */
static void
note_full(struct dgram *t, const struct ht_socket *s, const struct ht_found *found,
    const struct ht_arrival *a, struct sink *sink)
{
	if (s->proto != HT_PROTO_UDP || found->sent == NULL)
		return;
	struct ht_bare_key key = ht_dgram_lane(
	    s, &found->sent->target, found->sent->port);
	ht_bare_full(t->bare, &key, found->token, came_at(&a->at), on_bare, sink);
}

/* Errors ********************************************************************/

static void
take_icmp_error(struct dgram *t, const struct ht_socket *s, const struct ht_arrival *a,
    const uint8_t *data, struct sink *sink)
{
	struct ht_reply rp = reply_of_error(s, a);
	struct ht_clue clue = { .payload = data, .len = a->len, .is_quote = true };
	struct ht_extensions ext;
	struct ht_quote quote;

	if (s->proto == HT_PROTO_ICMP
	    && !ht_match_echo(t, s, s->ff->echo_request, true, data, a->len, &clue)) {
		t->tp.malformed++;
		return;
	}
	if (find_extensions(s, a, data, &ext))
		rp.ext = &ext;
	/* The kernel hands up types that do not say what became of the probe, too. */
	bool is_local = rp.kind == HT_REPLY_LOCAL_ERROR;
	bool is_error = ht_icmp_is_error((enum ht_family)s->family, a->icmp_type);
	if (!is_local && is_error && ht_match_is_bare(t, s, &clue)) {
		take_bare(t, s, a, &rp, sink);
		return;
	}
	struct ht_found found = { .match = HT_MATCH_NONE };
	if (is_local || is_error)
		found = ht_match_find(t, s, &clue, &a->peer);
	if (found.sent != NULL && !is_local) {
		read_quote(s, found.sent, a, data, &quote);
		rp.quote = &quote;
	}
	hand_up(t, &found, a, &rp, sink);
	/* What this host says of a probe tells nothing about routers. */
	if (rp.kind != HT_REPLY_LOCAL_ERROR)
		note_full(t, s, &found, a, sink);
}

/* A packet of ours that came back whole, from the link header on or without. */
static bool
read_own_packet(const struct dgram *t, const struct ht_socket *s, const uint8_t *data,
    size_t len, uint32_t *ret_token)
{
	static const size_t link_headers[] = { 0, 14, 18 };
	const struct ht_family_facts *ff = s->ff;
	uint8_t proto = s->proto == HT_PROTO_UDP ? IPPROTO_UDP
						 : (uint8_t)ff->ping_protocol;

	for (size_t i = 0; i < sizeof(link_headers) / sizeof(link_headers[0]); i++) {
		size_t ip = link_headers[i];
		size_t payload = ip + ff->ip_header + DGRAM_L4_SIZE;
		if (len < payload || data[ip + ff->proto_at] != proto
		    || (data[ip] & (ff->domain == AF_INET ? 0xff : 0xf0))
			   != ff->first_byte)
			continue;
		if (ht_identity_get(data + payload, len - payload, t->magic, ret_token)
		    == HT_IDENTITY_OURS)
			return true;
	}
	return false;
}

/* The kernel says when a probe left. */
static void
take_departure(struct dgram *t, const struct ht_socket *s, const struct ht_arrival *a,
    const uint8_t *data)
{
	uint32_t token = a->id;

	if (s->stamp_id == HT_STAMP_ID_PACKET
	    && !read_own_packet(t, s, data, a->len, &token))
		return;

	struct dgram_sent *sent = ht_match_sent(t, s, token);
	if (sent != NULL && sent->at.kernel == 0)
		sent->at.kernel = a->at.kernel;
}

static void
take_error(struct dgram *t, const struct ht_socket *s, const struct ht_arrival *a,
    const uint8_t *data, struct sink *sink)
{
	if (a->origin == SO_EE_ORIGIN_TIMESTAMPING)
		take_departure(t, s, a, data);
	else if (a->origin == s->ff->icmp_origin || a->origin == SO_EE_ORIGIN_LOCAL)
		take_icmp_error(t, s, a, data, sink);
}

/* Queues ********************************************************************/

/* Takes one message. */
typedef void take_fn(struct dgram *t, const struct ht_socket *s,
    const struct ht_arrival *a, const uint8_t *data, struct sink *sink);

/* Empty a queue; give back how many messages there were. */
static unsigned
drain(struct dgram *t, const struct ht_socket *s, int flags, struct ht_inbox *inbox,
    take_fn *take, struct sink *sink)
{
	unsigned n = 0;
	int failures = 0;

	while (n < DRAIN_MAX && failures < FAILURES_MAX) {
		int r = ht_arrival_batch(s->fd, s->ff, flags, inbox);
		if (r == -EAGAIN)
			break;
		/* In the normal queue: the ICMP error of a probe. */
		failures += r < 0;
		for (unsigned i = 0; i < inbox->n; i++)
			take(t, s, &inbox->arrivals[i], inbox->data[i], sink);
		n += inbox->n;
		if (r == 0 && inbox->n < HT_INBOX_SIZE)
			break;
	}
	return n;
}

static unsigned
drain_errors(struct dgram *t, const struct ht_socket *s, struct sink *sink)
{
	return drain(t, s, MSG_ERRQUEUE, &t->errors, take_error, sink);
}

static void
take_answer(struct dgram *t, const struct ht_socket *s, const struct ht_arrival *a,
    const uint8_t *data, struct sink *sink)
{
	struct ht_clue clue = { .payload = data, .len = a->len };
	struct ht_reply rp = { .kind = HT_REPLY_UDP_DATA, .from = a->peer };

	if (s->proto == HT_PROTO_ICMP) {
		if (!ht_match_echo(
			t, s, s->ff->echo_reply, false, data, a->len, &clue)) {
			t->tp.malformed++;
			return;
		}
		rp.kind = HT_REPLY_ECHO;
		rp.icmp_type = s->ff->echo_reply;
	}
	if (ht_match_is_bare(t, s, &clue)) {
		take_bare(t, s, a, &rp, sink);
		return;
	}
	struct ht_found found = ht_match_find(t, s, &clue, &a->peer);
	/* The stamp of its departure may have come since we looked. */
	if (found.sent != NULL && found.sent->at.kernel == 0)
		drain_errors(t, s, sink);
	hand_up(t, &found, a, &rp, sink);
	note_full(t, s, &found, a, sink);
}

/*
 * The kernel queues an error and then says so.  Who reads the queue in between leaves
 * a socket that is forever ready, with nothing to read there: reading the normal queue
 * takes the error away, so this has to be done even when no answer waits.
 */
static void
drain_socket(
    struct dgram *t, const struct ht_socket *s, bool is_polled, struct sink *sink)
{
	bool has_errors = !is_polled || s->has_errors;
	unsigned n = has_errors ? drain_errors(t, s, sink) : 0;

	if (!is_polled || s->has_answers || (has_errors && n == 0))
		drain(t, s, 0, &t->answers, take_answer, sink);
}

static void
take_early(struct dgram *t, struct sink *sink)
{
	unsigned n = t->early.n;

	t->early.n = 0;
	for (unsigned i = 0; i < n; i++)
		take_error(
		    t, t->early_from, &t->early.arrivals[i], t->early.data[i], sink);
}

/* Are there only stamps, and are they any? */
static bool
take_stamps(struct dgram *t, struct ht_socket *s)
{
	bool is_all = true;

	for (unsigned i = 0; i < t->early.n; i++) {
		const struct ht_arrival *a = &t->early.arrivals[i];
		if (a->origin != SO_EE_ORIGIN_TIMESTAMPING) {
			is_all = false;
			continue;
		}
		take_departure(t, s, a, t->early.data[i]);
		s->misses = 0;
	}
	return is_all;
}

void
ht_intake_early(struct dgram *t, struct ht_socket *s)
{
	if (t->early.n > 0)
		return;
	if (++s->misses > MISSES_MAX && s->misses % MISSES_REST != 0)
		return;
	if (ht_arrival_batch(s->fd, s->ff, MSG_ERRQUEUE, &t->early) < 0)
		return;
	if (take_stamps(t, s))
		t->early.n = 0;
	t->early_from = s;
}

int
ht_intake(struct dgram *t, ht_time now, ht_reply_fn *fn, void *ctx)
{
	struct sink sink = { .t = t, .fn = fn, .ctx = ctx };
	bool is_polled = t->polled_at != 0 && now - t->polled_at < MARKS_LAST;

	t->polled_at = 0;
	t->now = now;
	take_early(t, &sink);
	for (int i = 0; i < t->n_socks; i++)
		if (t->socks[i].fd >= 0)
			drain_socket(t, &t->socks[i], is_polled, &sink);
	ht_bare_tick(t->bare, now, on_bare, &sink);
	return sink.count;
}
