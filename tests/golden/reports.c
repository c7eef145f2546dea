/* SPDX-License-Identifier: ISC */
/*
 * Print one output of a run that is the same every time.
 *
 *     reports ID [-o COLUMNS] [-n] [-b] [-e] [-m | -F FLOWS] [-E PATHS]
 *
 * The engine is the real one; behind it stands a transport that answers from
 * the table below on a virtual clock.  All that the numbers of the reports
 * should be can be worked out from that table by hand.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hoptop/session.h>

#include "base/addr.h"
#include "report/report.h"

#define QUEUE_MAX 256

/* What a hop does with the nth probe that it gets. */
struct answer {
	const char *target; /* whose probe */
	unsigned ttl;
	const char *from;   /* who answers */
	const char *second; /* who answers every second probe, or NULL */
	unsigned moves_at;  /* ... or, if not 0, from this probe on */
	unsigned lose_mod;  /* of so many probes ... */
	unsigned lose_at;   /* ... this one is lost; 0 0: none */
	ht_time rtt;
	ht_time step; /* added with every probe */
	uint8_t kind;
	uint8_t type, code;
	int16_t reply_ttl;
	bool has_mpls;
	bool is_doubled;   /* the first answer comes twice */
	unsigned flow_mod; /* if not 0, only for flows of which so many ... */
	unsigned flow_at;  /* ... leave this */
};

/* clang-format off */
static const struct answer world[] = {
	/* target, ttl     from            second        moves lost  RTT           grows        kind                    type code ttl MPLS double flows */
	{ "203.0.113.80", 1, "192.0.2.1",    NULL,           0, 0, 0, 1250 * HT_US, 0,           HT_REPLY_TIME_EXCEEDED, 11, 0,  64, false, false, 0, 0 },
	{ "203.0.113.80", 3, "198.51.100.3", "198.51.100.4", 0, 5, 2, 10 * HT_MS,   HT_MS,       HT_REPLY_TIME_EXCEEDED, 11, 0, 253, true,  false, 0, 0 },
	{ "203.0.113.80", 4, "198.51.100.9", NULL,           0, 0, 0, 1000 * HT_MS, 300 * HT_MS, HT_REPLY_TIME_EXCEEDED, 11, 0, 250, false, false, 0, 0 },
	{ "203.0.113.80", 5, "203.0.113.80", NULL,           0, 0, 0, 20 * HT_MS,   0,           HT_REPLY_ECHO,           0, 0,  60, false, true, 0, 0 },
	{ "203.0.113.99", 1, "192.0.2.1",    NULL,           0, 0, 0, 1250 * HT_US, 0,           HT_REPLY_TIME_EXCEEDED, 11, 0,  64, false, false, 0, 0 },
	{ "203.0.113.99", 2, "192.0.2.66",   NULL,           0, 2, 1, 5 * HT_MS,    0,           HT_REPLY_UNREACHABLE,    3, 13, 63, false, false, 0, 0 },
	{ "203.0.113.70", 1, "192.0.2.1",    NULL,           0, 0, 0, 1250 * HT_US, 0,           HT_REPLY_TIME_EXCEEDED, 11, 0,  64, false, false, 0, 0 },
	{ "203.0.113.70", 2, "198.51.100.7", "198.51.100.8", 12, 0, 0, 4 * HT_MS,   0,           HT_REPLY_TIME_EXCEEDED, 11, 0, 254, false, false, 0, 0 },
	{ "203.0.113.70", 3, "203.0.113.70", NULL,           0, 0, 0, 7 * HT_MS,    0,           HT_REPLY_ECHO,           0, 0,  62, false, false, 0, 0 },
	{ "203.0.113.60", 1, "192.0.2.1",    NULL,           0, 0, 0, 1250 * HT_US, 0,           HT_REPLY_TIME_EXCEEDED, 11, 0,  64, false, false, 0, 0 },
	{ "203.0.113.60", 2, "198.51.100.61", NULL,          0, 5, 2, 10 * HT_MS,   HT_MS,       HT_REPLY_TIME_EXCEEDED, 11, 0, 254, true,  false, 2, 0 },
	{ "203.0.113.60", 2, "198.51.100.62", NULL,          0, 0, 0, 30 * HT_MS,   0,           HT_REPLY_TIME_EXCEEDED, 11, 0, 253, false, false, 4, 1 },
	{ "203.0.113.60", 3, "203.0.113.60", NULL,           0, 0, 0, 40 * HT_MS,   0,           HT_REPLY_ECHO,           0, 0,  61, false, false, 0, 0 },
};
/* clang-format on */

#define WORLD (sizeof(world) / sizeof(world[0]))

static const struct ht_extensions label = {
	.n_mpls = 1,
	.mpls = { { .label = 24001, .tc = 0, .bottom = 1, .ttl = 1 } },
	.if_index = 42,
	.if_mtu = 9000,
	.if_name = "ge-0/0/1",
};

struct table_transport {
	struct ht_transport base;
	unsigned seen[WORLD];
	struct ht_reply queue[QUEUE_MAX];
	unsigned n_queue;
};

static struct table_transport *
to_table(struct ht_transport *tp)
{
	return (struct table_transport *)(void *)tp;
}

static unsigned
table_caps(const struct ht_transport *tp)
{
	(void)tp;
	return HT_CAP_ICMP | HT_CAP_REPLY_TTL | HT_CAP_EXTENSIONS
	       | HT_CAP_VIRTUAL_CLOCK;
}

static int
table_prepare(struct ht_transport *tp, const struct ht_addr *target,
    enum ht_proto proto, struct ht_addr *ret_source)
{
	(void)tp;
	(void)target;
	(void)proto;
	ht_addr_parse("192.0.2.10", ret_source);
	return 0;
}

static int
table_fds(const struct ht_transport *tp, struct pollfd *fds, int max)
{
	(void)tp;
	(void)fds;
	(void)max;
	return 0;
}

static void
answer(struct table_transport *t, const struct answer *a, unsigned nth,
    const struct ht_probe *probe, ht_time now)
{
	struct ht_reply reply = {
		.token = probe->token,
		.kind = a->kind,
		.match = HT_MATCH_EXACT,
		.icmp_type = a->type,
		.icmp_code = a->code,
		.tx_ns = now,
		.rx_ns = now + a->rtt + nth * a->step,
		.tx_stamp = HT_STAMP_SIMULATED,
		.rx_stamp = HT_STAMP_SIMULATED,
		.reply_ttl = a->reply_ttl,
		.reply_tos = -1,
		.ext = a->has_mpls ? &label : NULL,
	};
	bool is_second = a->moves_at > 0 ? nth >= a->moves_at
					 : a->second != NULL && nth % 2 == 1;
	unsigned copies = a->is_doubled && nth == 0 ? 2 : 1;

	if (a->lose_mod > 0 && nth % a->lose_mod == a->lose_at)
		return;
	ht_addr_parse(is_second ? a->second : a->from, &reply.from);
	while (copies-- > 0 && t->n_queue < QUEUE_MAX)
		t->queue[t->n_queue++] = reply;
}

static int
table_send(struct ht_transport *tp, const struct ht_probe *probe, ht_time now)
{
	struct table_transport *t = to_table(tp);
	char target[HT_ADDR_TEXT_MAX];

	ht_addr_text(&probe->target, target);
	for (unsigned i = 0; i < WORLD; i++)
		if (world[i].ttl == probe->ttl && strcmp(world[i].target, target) == 0
		    && (world[i].flow_mod == 0
			|| probe->flow % world[i].flow_mod == world[i].flow_at))
			answer(t, &world[i], t->seen[i]++, probe, now);
	return 0;
}

/* Index of the reply that arrives first, -1 if none is on its way. */
static int
earliest(const struct table_transport *t)
{
	int best = -1;

	for (unsigned i = 0; i < t->n_queue; i++)
		if (best < 0 || t->queue[i].rx_ns < t->queue[best].rx_ns)
			best = (int)i;
	return best;
}

static int
table_receive(struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx)
{
	struct table_transport *t = to_table(tp);
	int n = 0;
	int i;

	while ((i = earliest(t)) >= 0 && t->queue[i].rx_ns <= now) {
		struct ht_reply reply = t->queue[i];

		memmove(&t->queue[i], &t->queue[i + 1],
		    (--t->n_queue - (unsigned)i) * sizeof(reply));
		fn(ctx, &reply);
		n++;
	}
	return n;
}

static ht_time
table_next(const struct ht_transport *tp)
{
	const struct table_transport *t = (const void *)tp;
	int i = earliest(t);

	return i >= 0 ? t->queue[i].rx_ns : HT_TIME_NEVER;
}

static void
table_close(struct ht_transport *tp)
{
	(void)tp;
}

static const struct ht_transport_ops table_ops = {
	.name = "sim",
	.caps = table_caps,
	.prepare = table_prepare,
	.fds = table_fds,
	.send = table_send,
	.receive = table_receive,
	.next = table_next,
	.close = table_close,
};

static void
name(struct ht_session *ss, const char *address, const char *text)
{
	struct ht_addr addr;

	ht_addr_parse(address, &addr);
	ht_session_set_name(ss, &addr, text, 0);
}

/* Three targets: one that answers, one unknown, one that is filtered. */
static void
add_targets(struct ht_session *ss)
{
	struct ht_addr addr;

	ht_addr_parse("203.0.113.80", &addr);
	ht_session_add(ss, "example.net", &addr);
	ht_session_add(ss, "nosuch.example", NULL);
	ht_session_resolve(ss, 1, NULL, "no such host");
	ht_addr_parse("203.0.113.99", &addr);
	ht_session_add(ss, "203.0.113.99", &addr);
	name(ss, "192.0.2.1", "gw.example");
	name(ss, "198.51.100.9", "a-very-long-name-of-a-router.transit.example");
	name(ss, "203.0.113.80", "comma,only.example");
	name(ss, "192.0.2.66", "evil\",<b>&\x1b[31m.example");
}

/* One target, of which the table says what is special about it. */
static void
add_target(struct ht_session *ss, const char *target_name, const char *address)
{
	struct ht_addr addr;

	ht_addr_parse(address, &addr);
	ht_session_add(ss, target_name, &addr);
}

static void
run(struct ht_session *ss, struct ht_transport *tp, struct report *rp)
{
	ht_time now = HT_S;
	unsigned steps = 0;

	do {
		ht_time next = ht_session_step(ss, now);
		report_tick(rp, now);
		ht_time reply = tp->ops->next(tp);

		if (reply < next)
			next = reply;
		now = next > now && next != HT_TIME_NEVER ? next : now + HT_MS;
	} while (!ht_session_is_done(ss) && ++steps < 100000);
	rp->run.end_ns = rp->run.start_ns + (now - ht_session_start(ss));
}

static bool
parse(int argc, char **argv, struct report_run *rn, bool *ret_is_moving,
    unsigned *ret_flows)
{
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
			rn->columns = argv[++i];
		else if (strcmp(argv[i], "-n") == 0)
			rn->names = VIEW_NAMES_ADDR;
		else if (strcmp(argv[i], "-b") == 0)
			rn->names = VIEW_NAMES_BOTH;
		else if (strcmp(argv[i], "-e") == 0)
			rn->show_mpls = true;
		else if (strcmp(argv[i], "-F") == 0 && i + 1 < argc)
			*ret_flows = (unsigned)atoi(argv[++i]);
		else if (strcmp(argv[i], "-E") == 0 && i + 1 < argc)
			rn->paths_max = (unsigned)atoi(argv[++i]);
		else if (strcmp(argv[i], "-m") == 0)
			*ret_is_moving = true;
		else
			return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct report_run rn = {
		.local_host = "laptop",
		.start_ns = INT64_C(1795435643) * HT_S, /* 2026-11-23 12:07:23 UTC */
		.utc_offset_s = 7200,
	};
	struct table_transport tp = { .base = { .ops = &table_ops } };
	const struct report_ops *ops = argc > 1 ? report_find(argv[1]) : NULL;
	struct ht_settings set;
	struct report rp;
	bool is_moving = false;
	unsigned flows = 1;

	setlocale(LC_ALL, "");
	if (ops == NULL || !parse(argc, argv, &rn, &is_moving, &flows)) {
		fprintf(stderr, "usage: reports ID [-o COLUMNS] [-n] [-b] [-e] "
				"[-m | -F FLOWS] [-E PATHS]\n");
		return 2;
	}
	ht_settings_init(&set);
	set.proto = HT_PROTO_ICMP;
	set.cycles = is_moving ? 20 : 10;
	set.history = 1000;
	set.flows = flows;
	set.flow = flows > 1 ? 8 : 0;

	struct ht_session *ss = ht_session_new(&set, &tp.base);
	rn.ss = ss;
	if (ss == NULL || report_init(&rp, ops, &rn) != 0)
		return 1;
	ht_session_observe(ss, report_event, &rp);
	if (flows > 1)
		add_target(ss, "balanced.example", "203.0.113.60");
	else if (is_moving)
		add_target(ss, "moving.example", "203.0.113.70");
	else
		add_targets(ss);
	run(ss, &tp.base, &rp);
	for (unsigned i = 0; i < ht_session_targets(ss); i++)
		report_finish(&rp, i);
	fwrite(rp.out.text, 1, rp.out.len, stdout);
	report_done(&rp);
	ht_session_free(ss);
	return fflush(stdout) == 0 ? 0 : 4;
}
