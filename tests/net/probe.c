/* SPDX-License-Identifier: ISC */
/*
 * Send probes through the unprivileged transport, or the raw one, without an engine,
 * and print what came back: one line per answer, one with the totals at the end.
 *
 *     probe [OPTION]... icmp|udp|tcp ADDRESS
 *
 *     -R     through raw sockets            -M MARK    with this mark
 *     -B BYTE  pattern
 *     -c N   probes per ttl (1)             -f -m TTL  first, last ttl (1, 30)
 *     -s N   bytes of the IP packet (64)    -Q TOS     -P PORT  -F FLOW
 *     -S N   sizes from -s to this, one after the other
 *     -i US  microseconds between probes    -w MS      wait for the last (10000)
 *     -L PORT         source port of flow 0
 *     -I DEV -a ADDR  device, source        -o         as on an older kernel
 *     -b N   look for answers after every N probes only (1)
 *     -k     keep to -i, do not send sooner; print at once, failures as well
 *     -W N   keep so many in flight, as fast as that goes; took_us says how long
 *     -q     totals only                    -n         only ask whether we may
 *     -x     look all the time, without waiting: stuck=N sockets were ready then
 *            with nothing to read, and stayed so
 *
 * It ends when all is answered; the waits are for what may never be, and long, for a
 * busy machine.  At SIGTERM it sends no more.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <hoptop/transport.h>

#include "base/addr.h"
#include "transport/linux/dgram.h"
#include "transport/linux/raw.h"
#include "transport/linux/tcp.h"

#define FDS_MAX HT_DGRAM_FDS_MAX
#define SETTLED (20 * HT_US)

struct options {
	struct ht_socket_config cfg;
	struct ht_probe probe; /* but for token and ttl */
	unsigned count;
	unsigned burst;
	unsigned window; /* 0: any number in flight */
	unsigned first;
	unsigned last;
	unsigned size_max; /* 0: they all have the same */
	ht_time gap;
	ht_time wait;
	bool is_quiet;
	bool keeps_pace;
	bool only_asks;
	bool is_raw;
	uint32_t mark;
	bool is_restless;
};

struct totals {
	const struct options *opt;
	unsigned sent;
	unsigned failed;
	int error; /* newest, positive */
	unsigned received;
	unsigned unmatched;
	unsigned wrong; /* token of no probe, or answered before */
	unsigned kernel_tx;
	unsigned kernel_rx;
	unsigned backwards; /* RTT below zero */
	unsigned again;     /* probes that had to wait */
	unsigned idle;      /* woken for nothing */
	unsigned stuck;     /* ready with nothing to read, twice */
	ht_time rtt_max;
	ht_time began, ended; /* before the first probe, after the last answer */
	uint8_t *answers;     /* by token, saturating */
};

static volatile sig_atomic_t is_over;

static void
on_signal(int sig)
{
	(void)sig;
	is_over = 1;
}

static ht_time
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * HT_S + ts.tv_nsec;
}

static void
print_extensions(const struct ht_extensions *ext)
{
	for (unsigned i = 0; i < ext->n_mpls; i++)
		printf(" mpls=%u/%u/%u/%u", (unsigned)ext->mpls[i].label,
		    ext->mpls[i].tc, ext->mpls[i].bottom, ext->mpls[i].ttl);
	if (ext->if_index != 0)
		printf(" ifindex=%u", (unsigned)ext->if_index);
	if (ext->if_name[0] != '\0')
		printf(" ifname=%s", ext->if_name);
	if (ext->malformed)
		printf(" malformed");
}

static void
print_quote(const struct ht_quote *q)
{
	printf(" seen=0x%x changed=0x%x q_tos=%u q_ttl=%u q_id=%u q_checksum=0x%04x "
	       "q_label=0x%05x",
	    q->seen, q->changed, q->tos, q->ttl, q->id, q->checksum,
	    (unsigned)q->label);
}

static void
print_reply(const struct options *opt, const struct ht_reply *rp)
{
	unsigned ttls = opt->last - opt->first + 1;
	char text[HT_ADDR_TEXT_MAX];

	printf("ttl=%u seq=%u match=%d kind=%s from=%s icmp=%u/%u rtt_us=%.1f tx=%s "
	       "rx=%s reply_ttl=%d reply_tos=%d mtu=%u error=%d",
	    opt->first + rp->token % ttls, (unsigned)(rp->token / ttls), rp->match,
	    ht_reply_kind_name((enum ht_reply_kind)rp->kind),
	    ht_addr_text(&rp->from, text), rp->icmp_type, rp->icmp_code,
	    (double)(rp->rx_ns - rp->tx_ns) / 1e3,
	    ht_stamp_name((enum ht_stamp)rp->tx_stamp),
	    ht_stamp_name((enum ht_stamp)rp->rx_stamp), rp->reply_ttl, rp->reply_tos,
	    (unsigned)rp->mtu, rp->error);
	if (rp->ext != NULL)
		print_extensions(rp->ext);
	if (rp->quote != NULL)
		print_quote(rp->quote);
	putchar('\n');
}

static void
on_reply(void *ctx, const struct ht_reply *rp)
{
	struct totals *tt = ctx;

	if (rp->kind == HT_REPLY_NONE)
		return; /* not yet */
	if (!tt->opt->is_quiet)
		print_reply(tt->opt, rp);
	if (rp->match == HT_MATCH_NONE) {
		tt->unmatched++;
		return;
	}
	if (rp->token >= tt->sent + tt->failed || tt->answers[rp->token]++ > 0) {
		tt->wrong++;
		return;
	}
	tt->received++;
	tt->ended = now_ns();
	tt->kernel_tx += rp->tx_stamp == HT_STAMP_KERNEL;
	tt->kernel_rx += rp->rx_stamp == HT_STAMP_KERNEL;
	tt->backwards += rp->rx_ns < rp->tx_ns;
	if (rp->rx_ns - rp->tx_ns > tt->rtt_max)
		tt->rtt_max = rp->rx_ns - rp->tx_ns;
}

/* Wait until something is there, or until the transport or the time wants it. */
static void
listen_once(struct ht_transport *tp, struct totals *tt, ht_time until)
{
	struct pollfd fds[FDS_MAX];
	int n = tp->ops->fds(tp, fds, FDS_MAX);
	ht_time next = tp->ops->next(tp),
		left = (next < until ? next : until) - now_ns();
	struct timespec ts = { 0 };

	if (left > 0)
		ts = (struct timespec){ (time_t)(left / HT_S), (long)(left % HT_S) };
	int ready = ppoll(fds, (nfds_t)n, &ts, NULL);
	if (ready >= 0 && tp->ops->polled != NULL)
		tp->ops->polled(tp, fds, n);
	int got = ready > 0 || now_ns() >= next
		      ? tp->ops->receive(tp, now_ns(), on_reply, tt)
		      : 0;
	tt->idle += ready > 0 && got == 0;
}

static bool
has_all(const struct totals *tt)
{
	return tt->sent + tt->failed > 0 && tt->received == tt->sent;
}

static void
listen_until(struct ht_transport *tp, struct totals *tt, ht_time until)
{
	while (now_ns() < until && !is_over && (!has_all(tt) || tt->opt->keeps_pace))
		listen_once(tp, tt, until);
}

/* What came while this process had to stand still is there at the end of the wait. */
static void
listen_at_last(struct ht_transport *tp, struct totals *tt, ht_time until)
{
	while (now_ns() < until && !has_all(tt))
		listen_once(tp, tt, until);
	if (!has_all(tt))
		tp->ops->receive(tp, now_ns(), on_reply, tt);
}

/* Listen until fewer are in flight than may be. */
static void
keep_window(struct ht_transport *tp, struct totals *tt, const struct options *opt)
{
	ht_time until = now_ns() + opt->wait;

	while (tt->sent - tt->received >= opt->window && now_ns() < until)
		listen_once(tp, tt, until);
}

static bool
is_ready(struct ht_transport *tp)
{
	struct pollfd fds[FDS_MAX];
	int n = tp->ops->fds(tp, fds, FDS_MAX);

	return poll(fds, (nfds_t)n, 0) > 0;
}

/* Read while the kernel writes, which is where its error and its queue part. */
static void
look_until(struct ht_transport *tp, struct totals *tt, ht_time until)
{
	while (now_ns() < until && tt->received < tt->sent)
		tp->ops->receive(tp, now_ns(), on_reply, tt);
	for (ht_time end = now_ns() + SETTLED; now_ns() < end;)
		; /* the kernel comes to its end */
	if (is_ready(tp) && tp->ops->receive(tp, now_ns(), on_reply, tt) == 0)
		tt->stuck += is_ready(tp);
}

/* Send one, when its flow is free. */
static int
send_one(struct ht_transport *tp, const struct ht_probe *pr, struct totals *tt)
{
	int r = tp->ops->send(tp, pr, now_ns());

	tt->again += r == -EAGAIN;
	while (r == -EAGAIN) {
		struct pollfd fds[FDS_MAX];
		int n = tp->ops->fds(tp, fds, FDS_MAX);
		ht_time left = tp->ops->next(tp) - now_ns();
		if (left > HT_S)
			left = HT_S;
		poll(fds, (nfds_t)n, left > 0 ? (int)(left / HT_MS) + 1 : 0);
		tp->ops->receive(tp, now_ns(), on_reply, tt);
		r = tp->ops->send(tp, pr, now_ns());
	}
	return r;
}

static void
send_all(struct ht_transport *tp, const struct options *opt, struct totals *tt)
{
	unsigned ttls = opt->last - opt->first + 1;
	struct ht_probe pr = opt->probe;

	tt->began = now_ns();
	for (unsigned i = 0; i < opt->count * ttls && !is_over; i++) {
		pr.token = i;
		pr.ttl = (uint8_t)(opt->first + i % ttls);
		if (opt->size_max > opt->probe.size)
			pr.size =
			    (uint16_t)(opt->probe.size
				       + i % (opt->size_max - opt->probe.size + 1));
		int r = send_one(tp, &pr, tt);
		tt->sent += r >= 0;
		tt->failed += r < 0;
		if (r < 0)
			tt->error = -r;
		if (r < 0 && opt->keeps_pace && !opt->is_quiet)
			printf("failed error=%s\n", strerrorname_np(-r));
		if (opt->is_restless)
			look_until(tp, tt, now_ns() + opt->gap);
		else if (opt->gap > 0)
			listen_until(tp, tt, now_ns() + opt->gap);
		if (opt->window > 0)
			keep_window(tp, tt, opt);
		if ((i + 1) % opt->burst == 0)
			tp->ops->receive(tp, now_ns(), on_reply, tt);
	}
	listen_at_last(tp, tt, now_ns() + opt->wait);
}

static void
print_totals(const struct ht_transport *tp, const struct totals *tt)
{
	printf("sent=%u failed=%u error=%s received=%u unmatched=%u wrong=%u "
	       "kernel_tx=%u kernel_rx=%u backwards=%u again=%u idle=%u stuck=%u "
	       "malformed=%u "
	       "rtt_max_us=%.0f took_us=%.0f\n",
	    tt->sent, tt->failed, tt->error == 0 ? "0" : strerrorname_np(tt->error),
	    tt->received, tt->unmatched, tt->wrong, tt->kernel_tx, tt->kernel_rx,
	    tt->backwards, tt->again, tt->idle, tt->stuck, (unsigned)tp->malformed,
	    (double)tt->rtt_max / 1e3, (double)(tt->ended - tt->began) / 1e3);
}

static int
run(struct ht_transport *tp, const struct options *opt)
{
	size_t n = (size_t)opt->count * (opt->last - opt->first + 1);
	struct totals tt = { .opt = opt, .answers = calloc(n, 1) };
	struct ht_addr source;
	char text[HT_ADDR_TEXT_MAX];
	int r = tp->ops->prepare(
	    tp, &opt->probe.target, (enum ht_proto)opt->probe.proto, &source);

	if (r < 0 || tt.answers == NULL) {
		printf("prepare=%s\n", strerrorname_np(-r));
		free(tt.answers);
		return 1;
	}
	printf("source=%s\n", ht_addr_text(&source, text));
	send_all(tp, opt, &tt);
	print_totals(tp, &tt);
	free(tt.answers);
	return 0;
}

static int
ask(const struct options *opt)
{
	enum ht_family family = (enum ht_family)opt->probe.target.family;
	int r = opt->probe.proto == HT_PROTO_TCP
		    ? ht_tcp_can(family)
		    : ht_dgram_can((enum ht_proto)opt->probe.proto, family);

	printf("can=%s\n", r == 0 ? "0" : strerrorname_np(-r));
	return r == 0 ? 0 : 1;
}

static void
set_option(struct options *opt, int c, const char *arg)
{
	unsigned n = arg != NULL ? (unsigned)strtoul(arg, NULL, 0) : 0;

	switch (c) {
	case 'c':
		opt->count = n;
		break;
	case 'b':
		opt->burst = n;
		break;
	case 'W':
		opt->window = n;
		break;
	case 'f':
		opt->first = n;
		break;
	case 'm':
		opt->last = n;
		break;
	case 's':
		opt->probe.size = (uint16_t)n;
		break;
	case 'S':
		opt->size_max = n;
		break;
	case 'Q':
		opt->probe.tos = (uint8_t)n;
		break;
	case 'P':
		opt->probe.port = (uint16_t)n;
		break;
	case 'F':
		opt->probe.flow = (uint16_t)n;
		break;
	case 'L':
		opt->probe.local_port = (uint16_t)n;
		break;
	case 'i':
		opt->gap = n * HT_US;
		break;
	case 'B':
		opt->probe.pattern = (uint8_t)n;
		break;
	case 'R':
		opt->is_raw = true;
		break;
	case 'M':
		opt->mark = opt->cfg.mark = n;
		break;
	case 'w':
		opt->wait = n * HT_MS;
		break;
	case 'I':
		snprintf(opt->cfg.device, sizeof(opt->cfg.device), "%s", arg);
		break;
	case 'a':
		ht_addr_parse(arg, &opt->cfg.source);
		break;
	case 'o':
		opt->cfg.is_old_kernel = true;
		break;
	case 'q':
		opt->is_quiet = true;
		break;
	case 'x':
		opt->is_restless = true;
		break;
	case 'k':
		opt->keeps_pace = true;
		setvbuf(stdout, NULL, _IOLBF, 0);
		break;
	case 'n':
		opt->only_asks = true;
		break;
	default:
		exit(2);
	}
}

static uint8_t
find_proto(const char *name)
{
	uint8_t proto = HT_PROTO_ICMP;

	while (proto < HT_PROTO_COUNT
	       && strcmp(ht_proto_name((enum ht_proto)proto), name) != 0)
		proto++;
	return proto;
}

static struct ht_transport *
open_transport(const struct options *opt, struct ht_err *err)
{
	if (opt->is_raw)
		return ht_raw_open(&opt->cfg, err);
	return opt->probe.proto == HT_PROTO_TCP ? ht_tcp_open(&opt->cfg, err)
						: ht_dgram_open(&opt->cfg, err);
}

int
main(int argc, char **argv)
{
	struct options opt = { .count = 1,
		.burst = 1,
		.first = 1,
		.last = 30,
		.wait = 10 * HT_S,
		.probe = { .size = 64 } };
	const struct sigaction sa = { .sa_handler = on_signal };
	struct ht_err err;
	int c;

	while (
	    (c = getopt(argc, argv, "W:b:B:c:f:m:M:Rs:S:Q:P:F:L:i:w:I:a:koqnx")) != -1)
		set_option(&opt, c, optarg);
	if (argc - optind != 2 || opt.first > opt.last || opt.burst == 0
	    || !ht_addr_parse(argv[optind + 1], &opt.probe.target))
		return 2;
	opt.probe.proto = find_proto(argv[optind]);
	if (opt.only_asks)
		return ask(&opt);

	sigaction(SIGTERM, &sa, NULL);
	struct ht_transport *tp = open_transport(&opt, &err);
	if (tp == NULL) {
		printf("open=%s: %s\n", strerrorname_np(-err.code), err.text);
		return 1;
	}
	int r = run(tp, &opt);
	tp->ops->close(tp);
	return r;
}
