/* SPDX-License-Identifier: ISC */
/*
 * Run a session on real sockets, without a screen, and print every event: what
 * reports add up, one by one and in nanoseconds.
 *
 *     events [OPTION]... ADDRESS
 *
 *     -u           UDP instead of ICMP      -c N         cycles (5)
 *     -i MS        interval (1000)          -Z MS        timeout (3000)
 *     -f -m TTL    first, last (1, 30)      -s N         bytes (64)
 *     -t MS        end then at the latest
 *
 * At SIGTERM it sends no more, and ends when nothing is outstanding.
 *
 *     reply ttl=3 seq=0 at=NS rtt=NS kind=time-exceeded from=198.51.100.1 ...
 *     mark gap at=NS
 *     totals sent=5 received=5 lost=0 late=0 ...
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

#include <hoptop/session.h>

#include "base/addr.h"
#include "transport/linux/dgram.h"

#define FDS_MAX HT_DGRAM_FDS_MAX

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
print_reply(const struct ht_reply *rp)
{
	char text[HT_ADDR_TEXT_MAX];

	printf(" kind=%s from=%s icmp=%u/%u match=%u tx=%s rx=%s mtu=%u",
	    ht_reply_kind_name((enum ht_reply_kind)rp->kind),
	    ht_addr_text(&rp->from, text), rp->icmp_type, rp->icmp_code, rp->match,
	    ht_stamp_name((enum ht_stamp)rp->tx_stamp),
	    ht_stamp_name((enum ht_stamp)rp->rx_stamp), (unsigned)rp->mtu);
}

static void
on_event(void *ctx, const struct ht_event *ev)
{
	(void)ctx;
	if (ev->type == HT_EVENT_MARK) {
		printf("mark %s at=%lld\n", ht_mark_name((enum ht_mark)ev->mark),
		    (long long)ev->at);
		return;
	}
	printf("%s ttl=%u seq=%u at=%lld rtt=%lld",
	    ht_event_type_name((enum ht_event_type)ev->type), ev->ttl,
	    (unsigned)ev->seq, (long long)ev->at, (long long)ev->rtt_ns);
	if (ev->type == HT_EVENT_FAILED)
		printf(" error=%s", strerrorname_np(ev->error));
	if (ev->type == HT_EVENT_END)
		printf(" stop=%s", ht_stop_name((enum ht_stop)ev->stop));
	if (ev->reply != NULL)
		print_reply(ev->reply);
	putchar('\n');
}

static void
print_totals(const struct ht_session *ss)
{
	struct ht_totals t = ht_session_totals(ss);

	printf("totals sent=%llu received=%llu lost=%llu late=%llu duplicate=%llu "
	       "failed=%llu unmatched=%llu malformed=%llu\n",
	    (unsigned long long)t.sent, (unsigned long long)t.received,
	    (unsigned long long)t.lost, (unsigned long long)t.late,
	    (unsigned long long)t.duplicate, (unsigned long long)t.failed,
	    (unsigned long long)t.unmatched, (unsigned long long)t.malformed);
}

/* No more cycles than there were. */
static void
send_no_more(struct ht_session *ss)
{
	struct ht_settings set = *ht_session_settings(ss);

	set.cycles = 1;
	ht_session_set(ss, &set, now_ns());
}

static void
run(struct ht_session *ss, struct ht_transport *tp, ht_time until)
{
	while (!ht_session_is_done(ss) && now_ns() < until) {
		struct pollfd fds[FDS_MAX];
		if (is_over)
			send_no_more(ss);
		ht_time next = ht_session_step(ss, now_ns());
		int n = tp->ops->fds(tp, fds, FDS_MAX);
		ht_time left = next != HT_TIME_NEVER ? next - now_ns() : HT_S;
		struct timespec ts = { .tv_sec = (time_t)(left / HT_S),
			.tv_nsec = (long)(left % HT_S) };

		fflush(stdout);
		if (left > 0 && !ht_session_is_done(ss)
		    && ppoll(fds, (nfds_t)n, &ts, NULL) >= 0 && tp->ops->polled != NULL)
			tp->ops->polled(tp, fds, n);
	}
	print_totals(ss);
}

static int
set_option(struct ht_settings *set, int c, const char *arg)
{
	unsigned n = arg != NULL ? (unsigned)strtoul(arg, NULL, 0) : 0;

	switch (c) {
	case 'u':
		set->proto = HT_PROTO_UDP;
		return 0;
	case 'c':
		set->cycles = n;
		return 0;
	case 'i':
		set->interval_ns = n * HT_MS;
		return 0;
	case 'Z':
		set->timeout_ns = n * HT_MS;
		return 0;
	case 'f':
		set->first_ttl = n;
		return 0;
	case 'm':
		set->max_ttl = n;
		return 0;
	case 's':
		set->size = (int)n;
		return 0;
	default:
		return -EINVAL;
	}
}

int
main(int argc, char **argv)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	struct ht_settings set;
	struct ht_socket_config cfg = { .mark = 0 };
	struct ht_addr target;
	struct ht_err err;
	ht_time until = HT_TIME_NEVER;
	int c, r = 0;

	ht_settings_init(&set);
	set.proto = HT_PROTO_ICMP;
	set.cycles = 5;
	while (r == 0 && (c = getopt(argc, argv, "uc:i:Z:f:m:s:t:")) != -1)
		if (c == 't')
			until = now_ns() + (ht_time)atoi(optarg) * HT_MS;
		else
			r = set_option(&set, c, optarg);
	if (r < 0 || argc - optind != 1 || !ht_addr_parse(argv[optind], &target))
		return 2;

	sigaction(SIGTERM, &sa, NULL);
	struct ht_transport *tp = ht_dgram_open(&cfg, &err);
	if (tp == NULL)
		return 1;
	struct ht_session *ss = ht_session_new(&set, tp);
	if (ss == NULL || ht_session_observe(ss, on_event, NULL) < 0
	    || ht_session_add(ss, "target", &target) < 0)
		return 1;
	run(ss, tp, until);
	ht_session_free(ss);
	tp->ops->close(tp);
	return 0;
}
