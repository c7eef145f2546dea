/* SPDX-License-Identifier: ISC */
/*
 * The simulated internet as a transport: the answers in flight wait in a heap,
 * earliest first; those of the same nanosecond leave it as they came in.
 */
#include "transport/sim/sim.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "transport/linux/flow.h"
#include "transport/sim/quote.h"

/* An answer in flight. */
struct flight {
	uint32_t token;
	ht_time tx_ns;
	bool has_quote;
	struct ht_quote quote;
	struct ht_sim_answer answer;
};

/* Its place in the heap. */
struct due {
	ht_time at;
	uint64_t order;
	unsigned slot;
};

struct sim {
	struct ht_transport base;
	struct ht_simnet *net;
	uint64_t order;         /* answers so far */
	unsigned n;             /* entries of heap in use */
	struct due *heap;       /* HT_SIM_FLIGHT_MAX */
	struct flight *flights; /* HT_SIM_FLIGHT_MAX */
	unsigned *free_slots;   /* those from n on are free */
};

static struct sim *
to_sim(struct ht_transport *tp)
{
	return (struct sim *)tp;
}

static const struct sim *
to_const_sim(const struct ht_transport *tp)
{
	return (const struct sim *)tp;
}

static bool
is_before(const struct due *a, const struct due *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void
heap_push(struct sim *sim, struct due due)
{
	unsigned i = sim->n++;

	for (; i > 0 && is_before(&due, &sim->heap[(i - 1) / 2]); i = (i - 1) / 2)
		sim->heap[i] = sim->heap[(i - 1) / 2];
	sim->heap[i] = due;
}

static struct due
heap_pop(struct sim *sim)
{
	struct due first = sim->heap[0], last = sim->heap[--sim->n];
	unsigned i = 0;

	for (unsigned child = 1; child < sim->n; child = 2 * i + 1) {
		if (child + 1 < sim->n
		    && is_before(&sim->heap[child + 1], &sim->heap[child]))
			child++;
		if (!is_before(&sim->heap[child], &last))
			break;
		sim->heap[i] = sim->heap[child];
		i = child;
	}
	sim->heap[i] = last;
	return first;
}

static unsigned
sim_caps(const struct ht_transport *tp)
{
	unsigned caps = HT_CAP_ICMP | HT_CAP_UDP | HT_CAP_TCP | HT_CAP_SYN_SIZE
			| HT_CAP_REPLY_TTL | HT_CAP_EXTENSIONS | HT_CAP_VIRTUAL_CLOCK;

	if (ht_simnet_has_rewrites(to_const_sim(tp)->net))
		caps |= HT_CAP_QUOTE4 | HT_CAP_QUOTE6;
	return caps;
}

static int
sim_prepare(struct ht_transport *tp, const struct ht_addr *target, enum ht_proto proto,
    struct ht_addr *ret_source)
{
	struct sim *sim = to_sim(tp);

	if (proto != HT_PROTO_ICMP && proto != HT_PROTO_UDP && proto != HT_PROTO_TCP)
		return -EPROTONOSUPPORT;
	if (!ht_simnet_is_target(sim->net, target))
		return -ENETUNREACH;
	*ret_source = *ht_simnet_source(sim->net, (enum ht_family)target->family);
	return 0;
}

static int
sim_fds(const struct ht_transport *tp, struct pollfd *fds, int max)
{
	(void)tp;
	(void)fds;
	(void)max;
	return 0;
}

/* What the probe would have looked like on a wire. */
static struct ht_sim_headers
headers_of(const struct sim *sim, const struct ht_probe *probe)
{
	struct ht_flow flow = ht_flow_of(probe);

	return (struct ht_sim_headers){
		.source = *ht_simnet_source(
		    sim->net, (enum ht_family)probe->target.family),
		.target = probe->target,
		.proto = probe->proto,
		.tos = probe->tos,
		.id = (uint16_t)probe->token,
		.sport = flow.local_port,
		.dport = flow.port,
		.checksum = (uint16_t)~flow.checksum, /* that was its sum */
		.label = flow.label,
		.size = probe->size,
	};
}

static bool
is_error(const struct ht_sim_answer *an)
{
	return an->kind == HT_REPLY_TIME_EXCEEDED || an->kind == HT_REPLY_UNREACHABLE;
}

static void
enqueue(struct sim *sim, const struct ht_probe *probe, ht_time now,
    const struct ht_sim_answer *an)
{
	unsigned slot = sim->free_slots[sim->n];
	struct flight *fl = &sim->flights[slot];

	*fl = (struct flight){ .token = probe->token, .tx_ns = now, .answer = *an };
	if (is_error(an) && ht_simnet_has_rewrites(sim->net)) {
		const struct ht_sim_headers sent = headers_of(sim, probe);
		ht_sim_quote(&sent, &an->rewrite, an->quote, &fl->quote);
		fl->has_quote = true;
	}
	heap_push(sim,
	    (struct due){ .at = now + an->delay, .order = sim->order++, .slot = slot });
}

static int
sim_send(struct ht_transport *tp, const struct ht_probe *probe, ht_time now)
{
	struct sim *sim = to_sim(tp);
	const struct ht_sim_probe pr = {
		.target = probe->target,
		.proto = probe->proto,
		.ttl = probe->ttl,
		.tos = probe->tos,
		.flow = probe->flow,
		.size = probe->size,
		.port = ht_flow_of(probe).port,
	};
	struct ht_sim_answer answers[HT_SIM_ANSWERS_MAX];
	unsigned n;
	int r = ht_simnet_send_error(sim->net, now);

	if (r < 0)
		return r;
	if (!ht_simnet_is_target(sim->net, &probe->target))
		return -ENETUNREACH;
	if (sim->n + HT_SIM_ANSWERS_MAX > HT_SIM_FLIGHT_MAX)
		return -ENOBUFS;
	n = ht_simnet_probe(sim->net, now, &pr, answers);
	for (unsigned i = 0; i < n; i++)
		enqueue(sim, probe, now, &answers[i]);
	return 0;
}

static void
hand_up(const struct flight *fl, ht_time at, ht_reply_fn *fn, void *ctx)
{
	const struct ht_sim_answer *an = &fl->answer;
	const struct ht_reply reply = {
		.token = fl->token,
		.kind = an->kind,
		.match = HT_MATCH_EXACT,
		.icmp_type = an->icmp_type,
		.icmp_code = an->icmp_code,
		.from = an->from,
		.tx_ns = fl->tx_ns,
		.rx_ns = at,
		.tx_stamp = HT_STAMP_SIMULATED,
		.rx_stamp = HT_STAMP_SIMULATED,
		.reply_ttl = an->reply_ttl,
		.reply_tos = an->reply_tos,
		.mtu = an->mtu,
		.ext = an->has_ext ? &an->ext : NULL,
		.quote = fl->has_quote ? &fl->quote : NULL,
	};

	fn(ctx, &reply);
}

static int
sim_receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	struct sim *sim = to_sim(tp);
	int n = 0;

	while (sim->n > 0 && sim->heap[0].at <= now) {
		struct due due = heap_pop(sim);
		/* A copy: fn may send, and that may use the slot again. */
		struct flight fl = sim->flights[due.slot];

		sim->free_slots[sim->n] = due.slot;
		hand_up(&fl, due.at, fn, ctx);
		n++;
	}
	return n;
}

static ht_time
sim_next(const struct ht_transport *tp)
{
	const struct sim *sim = to_const_sim(tp);

	return sim->n > 0 ? sim->heap[0].at : HT_TIME_NEVER;
}

static void
sim_close(struct ht_transport *tp)
{
	struct sim *sim = to_sim(tp);

	if (sim == NULL)
		return;
	free(sim->heap);
	free(sim->flights);
	free(sim->free_slots);
	free(sim);
}

static const struct ht_transport_ops sim_ops = {
	.name = "sim",
	.caps = sim_caps,
	.prepare = sim_prepare,
	.fds = sim_fds,
	.send = sim_send,
	.receive = sim_receive,
	.next = sim_next,
	.close = sim_close,
};

struct ht_transport *
ht_sim_open(struct ht_simnet *net, struct ht_err *err)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	if (sim != NULL) {
		sim->heap = calloc(HT_SIM_FLIGHT_MAX, sizeof(*sim->heap));
		sim->flights = calloc(HT_SIM_FLIGHT_MAX, sizeof(*sim->flights));
		sim->free_slots = calloc(HT_SIM_FLIGHT_MAX, sizeof(*sim->free_slots));
	}
	if (sim == NULL || sim->heap == NULL || sim->flights == NULL
	    || sim->free_slots == NULL) {
		if (sim != NULL)
			sim_close(&sim->base);
		*err = (struct ht_err){ .code = -ENOMEM };
		snprintf(err->text, sizeof(err->text), "out of memory");
		return NULL;
	}
	for (unsigned i = 0; i < HT_SIM_FLIGHT_MAX; i++)
		sim->free_slots[i] = i;
	sim->base.ops = &sim_ops;
	sim->net = net;
	return &sim->base;
}
