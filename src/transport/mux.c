/* SPDX-License-Identifier: ISC */
#include "transport/mux.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

struct mux {
	struct ht_transport tp;
	struct ht_transport_ops ops; /* with the name that was given */
	struct ht_transport *members[HT_MUX_MAX];
	unsigned n;
};

static struct mux *
to_mux(struct ht_transport *tp)
{
	return (struct mux *)tp;
}

static const struct mux *
to_const_mux(const struct ht_transport *tp)
{
	return (const struct mux *)tp;
}

static unsigned
cap_of(unsigned proto)
{
	switch (proto) {
	case HT_PROTO_ICMP:
		return HT_CAP_ICMP;
	case HT_PROTO_UDP:
		return HT_CAP_UDP;
	case HT_PROTO_TCP:
		return HT_CAP_TCP;
	default:
		return 0;
	}
}

static struct ht_transport *
member_for(const struct mux *m, unsigned proto)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->members[i]->ops->caps(m->members[i]) & cap_of(proto))
			return m->members[i];
	return NULL;
}

static unsigned
mux_caps(const struct ht_transport *tp)
{
	const struct mux *m = to_const_mux(tp);
	unsigned caps = 0;

	for (unsigned i = 0; i < m->n; i++)
		caps |= m->members[i]->ops->caps(m->members[i]);
	return caps;
}

static int
mux_prepare(struct ht_transport *tp, const struct ht_addr *target, enum ht_proto proto,
    struct ht_addr *ret_source)
{
	struct ht_transport *member = member_for(to_mux(tp), proto);

	return member != NULL ? member->ops->prepare(member, target, proto, ret_source)
			      : -EPROTONOSUPPORT;
}

static int
mux_fds(const struct ht_transport *tp, struct pollfd *fds, int max)
{
	const struct mux *m = to_const_mux(tp);
	int n = 0;

	for (unsigned i = 0; i < m->n; i++)
		n += m->members[i]->ops->fds(m->members[i], fds + n, max - n);
	return n;
}

static int
mux_send(struct ht_transport *tp, const struct ht_probe *probe, ht_time now)
{
	struct ht_transport *member = member_for(to_mux(tp), probe->proto);

	return member != NULL ? member->ops->send(member, probe, now)
			      : -EPROTONOSUPPORT;
}

/* How many of these entries are the member's: it says so again. */
static int
count_fds(const struct ht_transport *member, int max)
{
	struct pollfd fds[HT_MUX_FDS_MAX];

	return member->ops->fds(
	    member, fds, max < HT_MUX_FDS_MAX ? max : HT_MUX_FDS_MAX);
}

static void
mux_polled(struct ht_transport *tp, const struct pollfd *fds, int n)
{
	struct mux *m = to_mux(tp);
	int at = 0;

	for (unsigned i = 0; i < m->n; i++) {
		struct ht_transport *member = m->members[i];
		int own = count_fds(member, n - at);
		if (member->ops->polled != NULL)
			member->ops->polled(member, fds + at, own);
		at += own;
	}
}

static int
mux_receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	struct mux *m = to_mux(tp);
	int n = 0;

	tp->malformed = 0;
	for (unsigned i = 0; i < m->n; i++) {
		n += m->members[i]->ops->receive(m->members[i], now, fn, ctx);
		tp->malformed += m->members[i]->malformed;
	}
	return n;
}

static ht_time
mux_next(const struct ht_transport *tp)
{
	const struct mux *m = to_const_mux(tp);
	ht_time next = HT_TIME_NEVER;

	for (unsigned i = 0; i < m->n; i++) {
		ht_time at = m->members[i]->ops->next(m->members[i]);
		if (at < next)
			next = at;
	}
	return next;
}

static void
mux_close(struct ht_transport *tp)
{
	struct mux *m = to_mux(tp);

	for (unsigned i = 0; i < m->n; i++)
		m->members[i]->ops->close(m->members[i]);
	free(m);
}

static const struct ht_transport_ops mux_ops = {
	.caps = mux_caps,
	.prepare = mux_prepare,
	.fds = mux_fds,
	.send = mux_send,
	.polled = mux_polled,
	.receive = mux_receive,
	.next = mux_next,
	.close = mux_close,
};

struct ht_transport *
ht_mux_open(const char *name, struct ht_transport *const *members, unsigned n)
{
	struct mux *m = calloc(1, sizeof(*m));

	assert(n >= 1 && n <= HT_MUX_MAX);
	if (m == NULL) {
		for (unsigned i = 0; i < n; i++)
			members[i]->ops->close(members[i]);
		return NULL;
	}
	m->ops = mux_ops;
	m->ops.name = name;
	m->tp.ops = &m->ops;
	m->n = n;
	memcpy(m->members, members, n * sizeof(*members));
	return &m->tp;
}
