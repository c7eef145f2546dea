/* SPDX-License-Identifier: ISC */
/*
 * The life of a probe here:
 *
 *  1. send() writes identity into the payload (identity.h), lets the socket
 *     send it (socket.h), and remembers the probe in its slot, the low 16 bits
 *     of its token.  It stays there until the slot is taken again, so that late
 *     answers find it too.
 *  2. The kernel's stamp of its departure comes back through the error queue and
 *     is added to what is remembered.
 *  3. An ICMP error comes through the error queue, data and echo replies through
 *     the normal one (arrival.h).  The quoted payload, or else sequence number
 *     or port, says whose it is.
 *  4. The best pair of stamps is chosen (stamps.h), and the reply handed up.
 */
#include "config.h"

#include "transport/linux/dgram.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>

#include "base/addr.h"
#include "packet/csum.h"
#include "packet/ext.h"
#include "transport/linux/arrival.h"
#include "transport/linux/family.h"
#include "transport/linux/flow.h"
#include "transport/linux/identity.h"
#include "transport/linux/socket.h"
#include "transport/linux/stamps.h"

#define SLOTS       65536
#define L4_SIZE     8 /* header of ICMP echo, and of UDP */
#define SIZE_MAX_IP 9000
#define QUOTE_MAX   4096

/* Stamping begins 0.1 to 1 ms after it was asked for. */
#define WARM_UP_NS (2 * HT_MS)

/* Messages taken from one queue in one go, so that a flood cannot keep us, and
 * errors of recvmsg() in a row until we believe that there is nothing. */
#define DRAIN_MAX    65536
#define FAILURES_MAX 16

/* A probe that left. */
struct sent {
	uint32_t token;
	uint16_t port; /* UDP: destination */
	bool is_used;
	bool is_marked; /* its payload has the identity */
	const struct ht_socket *s;
	struct ht_addr target;
	struct ht_instant at;
};

struct dgram {
	struct ht_transport tp;
	struct ht_dgram_config cfg;
	char device[IFNAMSIZ];
	unsigned caps;
	uint8_t magic[HT_IDENTITY_MAGIC];
	int warm; /* descriptor: keeps the kernel stamping, see open */
	struct ht_socket socks[HT_DGRAM_FDS_MAX]; /* n_socks of them were needed */
	int n_socks;
	uint8_t out[SIZE_MAX_IP];
	uint8_t in[QUOTE_MAX];    /* normal queue */
	uint8_t quote[QUOTE_MAX]; /* error queue */
	struct sent sent[SLOTS];
};

/* Where replies go to. */
struct sink {
	ht_reply_fn *fn;
	void *ctx;
	int count;
};

/* What a packet says about its probe. */
struct clue {
	const struct sent *by_number; /* ICMP: by sequence number, NULL if none */
	uint16_t slot;                /* ICMP: the sequence number */
	const uint8_t *payload;
	size_t len;
	bool is_quote; /* a payload that is not ours speaks against it */
};

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

static uint16_t
get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void
put16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
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
	size_t headers = s->ff->ip_header + L4_SIZE;
	size_t size = pr->size < SIZE_MAX_IP ? pr->size : SIZE_MAX_IP;
	size_t len = size > headers ? size - headers : 0;
	uint8_t *payload = is_icmp ? t->out + L4_SIZE : t->out;

	if (is_icmp) {
		put16(t->out, (unsigned)s->ff->echo_request << 8);
		put16(t->out + 2, 0);
		put16(t->out + 4, s->id);
		put16(t->out + 6, (uint16_t)pr->token);
	}
	/* What differs within a flow: the header of ICMP, and the length, which is
	 * in UDP's header and in the pseudo-header of all but ICMP for IPv4. */
	uint8_t lengths[] = { (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)(len >> 8),
		(uint8_t)len };
	size_t used = !is_icmp ? 4 : s->family == HT_FAMILY_IP6 ? 2 : 0;
	uint16_t varying = ht_csum_add(0, lengths, used);
	if (is_icmp)
		varying = ht_csum_add(varying, t->out, L4_SIZE);
	*ret_is_marked = ht_identity_put(
	    payload, len, t->magic, pr->token, pr->pattern, varying, wanted);
	return is_icmp ? len + L4_SIZE : len;
}

static int
dgram_send(struct ht_transport *tp, const struct ht_probe *pr, ht_time now)
{
	struct dgram *t = to_dgram(tp);
	struct ht_flow flow = ht_flow_of(pr);
	struct ht_socket *s;
	int r = open_socket(t, pr, flow.local_port, &s);

	(void)now;
	if (r < 0)
		return r;
	struct sent sent = {
		.token = pr->token,
		.port = s->proto == HT_PROTO_UDP ? flow.port : 0,
		.is_used = true,
		.s = s,
		.target = pr->target,
	};
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
	r = ht_socket_send(s, &mail, &sent.at);
	if (r == 0)
		t->sent[(uint16_t)pr->token] = sent;
	return r;
}

/* Whose is it? **************************************************************/

static const struct sent *
sent_by_slot(const struct dgram *t, const struct ht_socket *s, uint16_t slot)
{
	const struct sent *sent = &t->sent[slot];

	return sent->is_used && sent->s == s ? sent : NULL;
}

/* Take the token from the payload if it is there, for that is the surest; ICMP's
 * number is good enough if the target is right as well. */
static enum ht_match
match(const struct dgram *t, const struct ht_socket *s, const struct clue *clue,
    const struct ht_addr *target, struct sent *ret_sent)
{
	const struct sent *sent = clue->by_number;
	uint32_t token = 0;
	enum ht_identity id = ht_identity_get(
	    clue->payload, clue->len, t->magic, &token);

	if (id == HT_IDENTITY_OURS) {
		if (s->proto == HT_PROTO_ICMP && clue->slot != (uint16_t)token)
			return HT_MATCH_NONE;
		sent = sent_by_slot(t, s, (uint16_t)token);
		*ret_sent = sent != NULL && sent->token == token
				? *sent
				: (struct sent){ .token = token };
		return HT_MATCH_EXACT;
	}
	if (sent == NULL || memcmp(sent->target.bytes, target->bytes, 16) != 0)
		return HT_MATCH_NONE;
	if (id == HT_IDENTITY_FOREIGN && clue->is_quote && sent->is_marked)
		return HT_MATCH_NONE;
	*ret_sent = *sent;
	return HT_MATCH_EXACT;
}

/* ICMP: the sequence number and what follows the header. */
static bool
read_echo(const struct dgram *t, const struct ht_socket *s, uint8_t type,
    const uint8_t *data, size_t len, struct clue *ret_clue)
{
	if (len < L4_SIZE || data[0] != type)
		return false;
	*ret_clue = (struct clue){
		.slot = get16(data + 6),
		.payload = data + L4_SIZE,
		.len = len - L4_SIZE,
		.is_quote = true,
	};
	ret_clue->by_number = sent_by_slot(t, s, ret_clue->slot);
	return true;
}

/* Handing up ****************************************************************/

static void
hand_up(struct dgram *t, const struct ht_socket *s, const struct clue *clue,
    const struct ht_arrival *a, struct ht_reply *rp, struct sink *sink)
{
	struct sent sent = { 0 };

	rp->match = (uint8_t)match(t, s, clue, &a->peer, &sent);
	rp->token = sent.token;
	rp->reply_ttl = a->ttl;
	rp->reply_tos = a->tos;
	ht_stamps_pair(sent.is_used ? &sent.at : NULL, &a->at, rp);
	if (rp->kind == HT_REPLY_LOCAL_ERROR && rp->match == HT_MATCH_NONE)
		return; /* send() has said so */
	sink->count++;
	sink->fn(sink->ctx, rp);
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
	size_t cut = s->ff->ip_header + (s->proto == HT_PROTO_UDP ? L4_SIZE : 0);

	if (!ht_ext_find(data, a->len, cut, a->ext_at, ret_ext))
		return false;
	ret_ext->malformed |= a->is_ext_bad;
	return true;
}

static void
take_icmp_error(struct dgram *t, const struct ht_socket *s, const struct ht_arrival *a,
    struct sink *sink)
{
	struct clue clue;
	struct ht_extensions ext;
	struct ht_reply rp = {
		.kind = kind_of(s, a),
		.icmp_type = a->icmp_type,
		.icmp_code = a->icmp_code,
		.from = a->offender,
	};

	if (s->proto == HT_PROTO_UDP) {
		clue = (struct clue){
			.payload = t->quote, .len = a->len, .is_quote = true
		};
	} else if (!read_echo(t, s, s->ff->echo_request, t->quote, a->len, &clue)) {
		t->tp.malformed++;
		return;
	}
	if (find_extensions(s, a, t->quote, &ext))
		rp.ext = &ext;
	if (rp.kind == HT_REPLY_LOCAL_ERROR)
		rp.error = a->error;
	/* Elsewhere ee_info has other fields of the header. */
	if (rp.kind == HT_REPLY_LOCAL_ERROR
	    || (a->icmp_type == s->ff->too_big_type
		&& a->icmp_code == s->ff->too_big_code))
		rp.mtu = a->info;
	hand_up(t, s, &clue, a, &rp, sink);
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
		size_t payload = ip + ff->ip_header + L4_SIZE;
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
take_departure(struct dgram *t, const struct ht_socket *s, const struct ht_arrival *a)
{
	uint32_t token = a->id;

	if (s->stamp_id == HT_STAMP_ID_PACKET
	    && !read_own_packet(t, s, t->quote, a->len, &token))
		return;

	struct sent *sent = &t->sent[(uint16_t)token];
	if (sent->is_used && sent->s == s && sent->token == token
	    && sent->at.kernel == 0)
		sent->at.kernel = a->at.kernel;
}

static void
take_error(struct dgram *t, const struct ht_socket *s, const struct ht_arrival *a,
    struct sink *sink)
{
	if (a->origin == SO_EE_ORIGIN_TIMESTAMPING)
		take_departure(t, s, a);
	else if (a->origin == s->ff->icmp_origin || a->origin == SO_EE_ORIGIN_LOCAL)
		take_icmp_error(t, s, a, sink);
}

static void
drain_errors(struct dgram *t, const struct ht_socket *s, struct sink *sink)
{
	unsigned n = 0;
	int failures = 0;

	while (n < DRAIN_MAX && failures < FAILURES_MAX) {
		struct ht_arrival a;
		int r = ht_arrival_read(
		    s->fd, s->ff, MSG_ERRQUEUE, t->quote, sizeof(t->quote), &a);
		if (r == -EAGAIN)
			break;
		if (r < 0) {
			failures++;
			continue;
		}
		n++;
		take_error(t, s, &a, sink);
	}
}

static void
take_answer(struct dgram *t, const struct ht_socket *s, const struct ht_arrival *a,
    struct sink *sink)
{
	struct clue clue;
	struct ht_reply rp = { .kind = HT_REPLY_UDP_DATA, .from = a->peer };

	if (s->proto == HT_PROTO_ICMP) {
		if (!read_echo(t, s, s->ff->echo_reply, t->in, a->len, &clue)) {
			t->tp.malformed++;
			return;
		}
		rp.kind = HT_REPLY_ECHO;
		rp.icmp_type = s->ff->echo_reply;
	} else {
		clue = (struct clue){ .payload = t->in, .len = a->len };
	}
	/* The stamp of its departure may have come since we looked. */
	if (clue.by_number != NULL && clue.by_number->at.kernel == 0)
		drain_errors(t, s, sink);
	hand_up(t, s, &clue, a, &rp, sink);
}

/*
 * The kernel queues an error and then says so.  Who reads the queue in between leaves
 * a socket that is forever ready, with nothing to read there: reading here takes the
 * error away, so this has to follow drain_errors() even when no answer waits.
 */
static void
drain_answers(struct dgram *t, const struct ht_socket *s, struct sink *sink)
{
	unsigned n = 0;
	int failures = 0;

	while (n < DRAIN_MAX && failures < FAILURES_MAX) {
		struct ht_arrival a;
		int r = ht_arrival_read(s->fd, s->ff, 0, t->in, sizeof(t->in), &a);
		if (r == -EAGAIN)
			break;
		/* The ICMP error of a probe, which is in the other queue. */
		if (r < 0) {
			failures++;
			continue;
		}
		n++;
		take_answer(t, s, &a, sink);
	}
}

static int
dgram_receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	struct dgram *t = to_dgram(tp);
	struct sink sink = { .fn = fn, .ctx = ctx };

	(void)now;
	for (int i = 0; i < t->n_socks; i++) {
		const struct ht_socket *s = &t->socks[i];
		if (s->fd < 0)
			continue;
		drain_errors(t, s, &sink);
		drain_answers(t, s, &sink);
	}
	return sink.count;
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

	for (int i = 0; i < t->n_socks && n < max; i++)
		if (t->socks[i].fd >= 0)
			fds[n++] = (struct pollfd){ .fd = t->socks[i].fd,
				.events = POLLIN };
	return n;
}

static unsigned
dgram_caps(const struct ht_transport *tp)
{
	return to_const_dgram(tp)->caps;
}

static ht_time
dgram_next(const struct ht_transport *tp)
{
	(void)tp;
	return HT_TIME_NEVER;
}

static void
dgram_close(struct ht_transport *tp)
{
	struct dgram *t = to_dgram(tp);

	for (int i = 0; i < t->n_socks; i++)
		ht_socket_close(&t->socks[i]);
	if (t->warm >= 0)
		close(t->warm);
	free(t);
}

static const struct ht_transport_ops dgram_ops = {
	.name = "dgram",
	.caps = dgram_caps,
	.prepare = dgram_prepare,
	.fds = dgram_fds,
	.send = dgram_send,
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

	if (can_any(HT_PROTO_ICMP))
		caps |= HT_CAP_ICMP;
	if (can_any(HT_PROTO_UDP))
		caps |= HT_CAP_UDP;
	return caps;
}

/* Random, so that no other run's probes are taken for ours; without zeros, for
 * those are what short quotes are padded with. */
static void
make_magic(uint8_t *magic)
{
	struct ht_instant at;

	ht_stamps_now(&at);
	memcpy(magic, &at.user, HT_IDENTITY_MAGIC);
	if (getrandom(magic, HT_IDENTITY_MAGIC, GRND_NONBLOCK) < 0)
		magic[0] ^= (uint8_t)getpid();
	for (int i = 0; i < HT_IDENTITY_MAGIC; i++)
		if (magic[i] == 0)
			magic[i] = 0xa5;
}

static void
explain(struct ht_err *err, const struct ht_dgram_config *cfg, int r)
{
	char text[HT_ADDR_TEXT_MAX];

	*err = (struct ht_err){ .code = r };
	if (r == -EPERM && cfg->device != NULL)
		snprintf(err->text, sizeof(err->text),
		    "%s: this kernel binds to a device for root only (before 5.7)",
		    cfg->device);
	else if (r == -ENODEV && cfg->device != NULL)
		snprintf(
		    err->text, sizeof(err->text), "%s: no such interface", cfg->device);
	else if (r == -EADDRNOTAVAIL)
		snprintf(err->text, sizeof(err->text),
		    "%s: not an address of this host",
		    ht_addr_text(&cfg->source, text));
	else
		snprintf(err->text, sizeof(err->text), "cannot open a socket: %s",
		    strerror(-r));
}

/*
 * The kernel turns stamping on for the first socket that wants it, a moment
 * after it was asked.  A socket that is there from the start has that behind it
 * when the first probe leaves; we wait that moment once.  It also tells whether
 * device and source are right.
 */
static int
open_warm(const struct ht_dgram_config *cfg)
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

static int
copy_config(struct dgram *t, const struct ht_dgram_config *cfg)
{
	t->cfg = *cfg;
	if (cfg->device == NULL)
		return 0;
	if (strlen(cfg->device) >= sizeof(t->device))
		return -ENODEV;
	strcpy(t->device, cfg->device);
	t->cfg.device = t->device;
	return 0;
}

struct ht_transport *
ht_dgram_open(const struct ht_dgram_config *cfg, struct ht_err *err)
{
	struct dgram *t = calloc(1, sizeof(*t));
	int r = t != NULL ? copy_config(t, cfg) : -ENOMEM;

	if (r == 0)
		r = t->warm = open_warm(&t->cfg);
	if (r < 0) {
		explain(err, cfg, r);
		free(t);
		return NULL;
	}
	t->tp.ops = &dgram_ops;
	t->caps = find_caps();
	make_magic(t->magic);
	return &t->tp;
}
