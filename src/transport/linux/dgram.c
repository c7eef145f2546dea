/* SPDX-License-Identifier: ISC */
/*
 * The life of a probe here:
 *
 *  1. send() writes identity into the payload (identity.h), lets the socket
 *     send it (socket.h), and remembers the probe in its slot, the low 16 bits
 *     of its token.  It stays there until the slot is taken again, so that late
 *     answers find it too.
 *  2. The kernel's stamp of its departure comes back through the error queue and
 *     is added to what is remembered (intake.c); usually right after send().
 *  3. An ICMP error comes through the error queue, data and echo replies through
 *     the normal one (arrival.h).  The quoted payload, or else the sequence number,
 *     says whose it is.
 *  4. The best pair of stamps is chosen (stamps.h), and the reply handed up.
 */
#include "config.h"

#include "transport/linux/dgram.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "packet/bytes.h"
#include "packet/csum.h"
#include "transport/linux/dgram_internal.h"
#include "transport/linux/family.h"
#include "transport/linux/flow.h"

/* Stamping begins 0.1 to 1 ms after it was asked for. */
#define WARM_UP_NS (2 * HT_MS)

static struct dgram *
to_dgram(struct ht_transport *tp)
{
	return (struct dgram *)tp;
}

static const struct dgram *
to_const_dgram(const struct ht_transport *tp)
{
	return (const struct dgram *)tp;
}

/* Sockets *******************************************************************/

static struct ht_socket *
find_socket(struct dgram *t, unsigned family, unsigned proto, uint16_t local_port)
{
	for (int i = 0; i < t->n_socks; i++) {
		struct ht_socket *s = &t->socks[i];
		if (s->family == family && s->proto == proto
		    && s->local_port == local_port)
			return s;
	}
	return NULL;
}

static int
count_sockets(const struct dgram *t, unsigned family, unsigned proto)
{
	int n = 0;

	for (int i = 0; i < t->n_socks; i++)
		n += t->socks[i].family == family && t->socks[i].proto == proto;
	return n;
}

/* Find the socket of a flow, or make a closed one; NULL if there are too many. */
static struct ht_socket *
need_socket(struct dgram *t, unsigned family, unsigned proto, uint16_t local_port)
{
	struct ht_socket *s = find_socket(t, family, proto, local_port);

	if (s != NULL)
		return s;
	if (count_sockets(t, family, proto)
	    >= (proto == HT_PROTO_ICMP ? 1 : HT_DGRAM_FLOWS))
		return NULL;
	s = &t->socks[t->n_socks++];
	*s = (struct ht_socket){
		.ff = ht_family_facts(family),
		.family = (uint8_t)family,
		.proto = (uint8_t)proto,
		.local_port = local_port,
		.fd = -1,
	};
	return s;
}

static bool
is_carried(unsigned family, unsigned proto)
{
	return ht_family_facts(family) != NULL
	       && (proto == HT_PROTO_ICMP || proto == HT_PROTO_UDP);
}

/* Find the open socket for a probe. */
static int
open_socket(struct dgram *t, const struct ht_probe *pr, uint16_t local_port,
    struct ht_socket **ret_socket)
{
	struct ht_socket *s;

	if (!is_carried(pr->target.family, pr->proto))
		return -EPROTONOSUPPORT;
	s = need_socket(t, pr->target.family, pr->proto,
	    pr->proto == HT_PROTO_UDP ? local_port : 0);
	if (s == NULL)
		return -EMFILE;
	s->is_port_fixed = pr->local_port != 0;
	*ret_socket = s;
	return s->fd >= 0 ? 0 : ht_socket_open(s, &t->cfg);
}

/* Sending *******************************************************************/

/* Write the bytes after the IP header (ICMP) or the UDP header. */
static size_t
compose(struct dgram *t, const struct ht_socket *s, const struct ht_probe *pr,
    uint16_t wanted, bool *ret_is_marked)
{
	bool is_icmp = s->proto == HT_PROTO_ICMP;
	size_t headers = s->ff->ip_header + DGRAM_L4_SIZE;
	size_t size = pr->size < DGRAM_SIZE_MAX ? pr->size : DGRAM_SIZE_MAX;
	size_t len = size > headers ? size - headers : 0;
	uint8_t *payload = is_icmp ? t->out + DGRAM_L4_SIZE : t->out;

	if (is_icmp) {
		ht_put16(t->out, (unsigned)s->ff->echo_request << 8);
		ht_put16(t->out + 2, 0);
		ht_put16(t->out + 4, s->id);
		ht_put16(t->out + 6, (uint16_t)pr->token);
	}
	/* What differs within a flow: the header of ICMP, and the length, which is
	 * in UDP's header and in the pseudo-header of all but ICMP for IPv4. */
	uint8_t lengths[] = { (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)(len >> 8),
		(uint8_t)len };
	size_t used = !is_icmp ? 4 : s->family == HT_FAMILY_IP6 ? 2 : 0;
	uint16_t varying = ht_csum_add(0, lengths, used);
	if (is_icmp)
		varying = ht_csum_add(varying, t->out, DGRAM_L4_SIZE);
	*ret_is_marked = ht_identity_put(
	    payload, len, t->magic, pr->token, pr->pattern, varying, wanted);
	return is_icmp ? len + DGRAM_L4_SIZE : len;
}

/* Do answers wait for the next probe? */
static bool
is_waiting(const struct dgram *t)
{
	return t->now < t->pace.until;
}

struct ht_bare_key
ht_dgram_lane(const struct ht_socket *s, const struct ht_addr *target, uint16_t port)
{
	return (struct ht_bare_key){
		.target = *target, .local_port = s->local_port, .port = port
	};
}

static struct dgram_sent
describe(
    const struct ht_socket *s, const struct ht_probe *pr, const struct ht_flow *flow)
{
	return (struct dgram_sent){
		.token = pr->token,
		.label = s->is_unlabeled ? 0 : flow->label,
		.port = s->proto == HT_PROTO_UDP ? flow->port : 0,
		.checksum = (uint16_t)~flow->checksum,
		.tos = pr->tos,
		.is_used = true,
		.s = s,
		.target = pr->target,
	};
}

/* It has left. */
static void
note_sent(
    struct dgram *t, struct ht_socket *s, const struct dgram_sent *sent, ht_time now)
{
	t->sent[(uint16_t)sent->token] = *sent;
	t->now = now;
	if (!sent->is_marked)
		s->small_at = now;
	if (!ht_bare_is_used(t->bare))
		ht_pace_sent(&t->pace, now);
	if (!is_waiting(t))
		ht_intake_early(t, s);
}

static int
dgram_send(struct ht_transport *tp, const struct ht_probe *pr, ht_time now)
{
	struct dgram *t = to_dgram(tp);
	struct ht_flow flow = ht_flow_of(pr);
	struct ht_socket *s;
	int r = open_socket(t, pr, flow.local_port, &s);

	if (r < 0)
		return r;
	struct dgram_sent sent = describe(s, pr, &flow);
	struct ht_socket_mail mail = {
		.target = &pr->target,
		.port = sent.port,
		.ttl = pr->ttl,
		.tos = pr->tos,
		.label = flow.label,
		.token = pr->token,
		.data = t->out,
		.len = compose(t, s, pr, flow.checksum, &sent.is_marked),
	};
	struct ht_bare_key lane = ht_dgram_lane(s, &pr->target, sent.port);
	bool is_udp = s->proto == HT_PROTO_UDP;
	if (is_udp && !ht_bare_may_send(t->bare, &lane, pr->ttl, sent.is_marked, now))
		return -EAGAIN;
	r = ht_socket_send(s, &mail, &sent.at);
	if (r < 0)
		return r == -EAGAIN ? -ENOBUFS : r;
	if (is_udp)
		ht_bare_sent(t->bare, &lane, pr->ttl, pr->token, sent.at.user);
	note_sent(t, s, &sent, now);
	return 0;
}

static int
dgram_receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	return ht_intake(to_dgram(tp), now, fn, ctx);
}

/* Getting ready *************************************************************/

/* Those of ICMP tell at once whether this user may; those of UDP can wait. */
static int
prepare_sockets(struct dgram *t, unsigned family, enum ht_proto proto)
{
	for (int i = 0; i < t->n_socks; i++) {
		struct ht_socket *s = &t->socks[i];
		if (s->family == family && s->proto == proto && s->is_stale)
			ht_socket_close(s);
	}
	if (proto == HT_PROTO_UDP)
		return 0;

	struct ht_socket *s = need_socket(t, family, proto, 0);
	return s->fd < 0 ? ht_socket_open(s, &t->cfg) : 0;
}

static int
dgram_prepare(struct ht_transport *tp, const struct ht_addr *target,
    enum ht_proto proto, struct ht_addr *ret_source)
{
	struct dgram *t = to_dgram(tp);

	if (!is_carried(target->family, proto))
		return -EPROTONOSUPPORT;
	if (t->cfg.source.family != HT_FAMILY_NONE
	    && t->cfg.source.family != target->family)
		return -EADDRNOTAVAIL;
	int r = prepare_sockets(t, target->family, proto);
	if (r < 0)
		return r;
	return ht_socket_source(&t->cfg, target, ret_source);
}

static int
dgram_fds(const struct ht_transport *tp, struct pollfd *fds, int max)
{
	const struct dgram *t = to_const_dgram(tp);
	int n = 0;

	for (int i = 0; i < t->n_socks && n < max && !is_waiting(t); i++)
		if (t->socks[i].fd >= 0)
			fds[n++] = (struct pollfd){ .fd = t->socks[i].fd,
				.events = POLLIN };
	return n;
}

/* Both lists have the same order; one that is not in fds may have anything. */
static void
dgram_polled(struct ht_transport *tp, const struct pollfd *fds, int n)
{
	struct dgram *t = to_dgram(tp);
	struct ht_instant at;
	int k = 0;

	for (int i = 0; i < t->n_socks; i++) {
		struct ht_socket *s = &t->socks[i];
		bool is_there = s->fd >= 0 && k < n && fds[k].fd == s->fd;
		int revents = is_there ? fds[k++].revents : POLLIN | POLLERR;
		s->has_errors = (revents & ~POLLIN) != 0;
		s->has_answers = (revents & POLLIN) != 0;
	}
	ht_stamps_now(&at);
	t->polled_at = at.user;
}

static unsigned
dgram_caps(const struct ht_transport *tp)
{
	return to_const_dgram(tp)->caps;
}

static ht_time
dgram_next(const struct ht_transport *tp)
{
	const struct dgram *t = to_const_dgram(tp);

	if (t->early.n > 0)
		return t->now;
	ht_time next = ht_bare_next(t->bare);
	return is_waiting(t) && t->pace.until < next ? t->pace.until : next;
}

static void
dgram_close(struct ht_transport *tp)
{
	struct dgram *t = to_dgram(tp);

	for (int i = 0; i < t->n_socks; i++)
		ht_socket_close(&t->socks[i]);
	if (t->warm >= 0)
		close(t->warm);
	ht_bare_free(t->bare);
	free(t);
}

static const struct ht_transport_ops dgram_ops = {
	.name = "dgram",
	.caps = dgram_caps,
	.prepare = dgram_prepare,
	.fds = dgram_fds,
	.send = dgram_send,
	.polled = dgram_polled,
	.receive = dgram_receive,
	.next = dgram_next,
	.close = dgram_close,
};

int
ht_dgram_can(enum ht_proto proto, enum ht_family family)
{
	const struct ht_family_facts *ff = ht_family_facts(family);

	if (ff == NULL)
		return -EAFNOSUPPORT;
	if (proto != HT_PROTO_ICMP && proto != HT_PROTO_UDP)
		return -EPROTONOSUPPORT;

	int protocol = proto == HT_PROTO_ICMP ? ff->ping_protocol : IPPROTO_UDP;
	int fd = socket(ff->domain, SOCK_DGRAM | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static bool
can_any(enum ht_proto proto)
{
	return ht_dgram_can(proto, HT_FAMILY_IP4) == 0
	       || ht_dgram_can(proto, HT_FAMILY_IP6) == 0;
}

static unsigned
find_caps(void)
{
	unsigned caps = HT_CAP_KERNEL_RX | HT_CAP_KERNEL_TX | HT_CAP_REPLY_TTL
			| HT_CAP_EXTENSIONS;

	if (ht_dgram_can(HT_PROTO_UDP, HT_FAMILY_IP6) == 0)
		caps |= HT_CAP_QUOTE6;
	if (can_any(HT_PROTO_ICMP))
		caps |= HT_CAP_ICMP;
	if (can_any(HT_PROTO_UDP))
		caps |= HT_CAP_UDP;
	return caps;
}

/*
 * The kernel turns stamping on for the first socket that wants it, a moment
 * after it was asked.  A socket that is there from the start has that behind it
 * when the first probe leaves; we wait that moment once.  It also tells whether
 * device and source are right.
 */
static int
open_warm(const struct ht_socket_config *cfg)
{
	unsigned family = cfg->source.family;
	int fd;

	if (family != HT_FAMILY_NONE) {
		fd = ht_socket_plain(ht_family_facts(family), IPPROTO_UDP, cfg, 0);
	} else {
		fd = ht_socket_plain(
		    ht_family_facts(HT_FAMILY_IP4), IPPROTO_UDP, cfg, 0);
		if (fd == -EAFNOSUPPORT)
			fd = ht_socket_plain(
			    ht_family_facts(HT_FAMILY_IP6), IPPROTO_UDP, cfg, 0);
	}
	if (fd >= 0) {
		ht_socket_stamp(fd, HT_STAMP_ID_TOKEN);
		nanosleep(&(struct timespec){ .tv_nsec = WARM_UP_NS }, NULL);
	}
	return fd;
}

struct ht_transport *
ht_dgram_open(const struct ht_socket_config *cfg, struct ht_err *err)
{
	struct dgram *t = calloc(1, sizeof(*t));
	int r = -ENOMEM;

	if (t != NULL) {
		t->cfg = *cfg;
		t->bare = ht_bare_new();
		r = t->bare != NULL ? open_warm(&t->cfg) : -ENOMEM;
	}
	if (r < 0) {
		ht_socket_explain(cfg, "a socket", r, err);
		if (t != NULL)
			ht_bare_free(t->bare);
		free(t);
		return NULL;
	}
	t->warm = r;
	t->tp.ops = &dgram_ops;
	t->caps = find_caps();
	ht_identity_make(t->magic, sizeof(t->magic));
	return &t->tp;
}
