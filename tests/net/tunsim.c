/* SPDX-License-Identifier: ISC */
/*
 * The simulated internet behind a TUN device: real packets in, real packets out.
 *
 *   tests/net/tunsim SCENARIO --dev NAME [--log FILE] [--no-spin | --busy]
 *       [--no-length] [--garbage] [--damage] [--log-all]
 *
 * In a network namespace of its own, as root:
 *
 *   ip netns add demo
 *   ip netns exec demo tests/net/tunsim src/transport/sim/demo.net --dev sim0 &
 *   ip netns exec demo sh -c '
 *       ip link set lo up
 *       ip addr add 192.0.2.10/32 dev sim0
 *       ip addr add 2001:db8::10/128 dev sim0 nodad
 *       ip link set sim0 up
 *       ip route add default dev sim0
 *       ip -6 route add default dev sim0
 *       traceroute -n 203.0.113.80'
 *
 * The device is made if it does not exist, and then goes away with the program.
 * One that was set up before it was opened drops packets for a moment: open first.
 *
 * An answer leaves when it is due: the last moment before is spent looking at the
 * clock.  With --no-spin it is not, which is cheap and some 60 us late; with --busy
 * the program never sleeps, so that no probe waits for it to wake up either.  With
 * --no-length its routers are older than RFC 4884: they do not say where their
 * extensions begin.
 *
 * With --garbage each probe that gets an answer first gets one packet of every kind
 * in garbage.c, none of which is an answer; the log has a line for each, with
 * kind=garbage and heard=1 if a socket gets to see it.  With --damage each answer is
 * preceded by two damaged copies, which are not logged.
 *
 * It prints "ready" once the device is open, and ends on SIGTERM or SIGINT, or
 * when the device goes away.  Packets to an address that is no target of the
 * scenario, and those that are no probe, are ignored.
 *
 * The log has a line for each answer, and one for each probe without any; tunlog.h
 * says what is in it.  out - in is the true RTT but for what the kernel needs between
 * TUN and socket: in is taken right after the probe was read, out right before the
 * answer was written.  With --log-all packets to a target that are no probe, such as
 * what follows a SYN-ACK, have a line too, with kind=ignored.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_tun.h>

#include "transport/sim/net.h"

#include "answer.h"
#include "garbage.h"
#include "tunlog.h"

#define PACKET_MAX  65535
#define PENDING_MAX 8192

/* A sleep may end this much late: the rest is spent looking at the clock. */
#define SPIN_NS (60 * HT_US)
#define REST_NS (300 * HT_US)

/* An answer that waits for its time. */
struct pending {
	ht_time due;
	size_t len;
	uint8_t *packet;  /* freed with the line */
	const char *line; /* of the log, NULL without one */
};

struct tunsim {
	int fd;
	struct ht_simnet *net;
	FILE *log;
	bool spins;
	bool is_busy;     /* never sleeps ... */
	bool is_rested;   /* ... but once a probe */
	bool has_lengths; /* RFC 4884 */
	bool has_garbage; /* garbage.h */
	bool has_damage;
	bool logs_all; /* what is no probe, too */
	struct ht_rng rng;
	struct pending pending[PENDING_MAX]; /* by due, latest first */
	unsigned n;
};

static volatile sig_atomic_t is_over;

static void
on_signal(int sig)
{
	(void)sig;
	is_over = 1;
}

static ht_time
clock_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * HT_S + ts.tv_nsec;
}

/* --- what is no answer --- */

static void
write_garbage(struct tunsim *ts, const struct seen *seen)
{
	static uint8_t buf[PACKET_MAX];

	for (unsigned kind = 0; kind < garbage_kinds(); kind++) {
		int len = garbage_build(kind, seen, buf, sizeof(buf), &ts->rng);

		if (len < 0 || write(ts->fd, buf, (size_t)len) != len)
			continue;
		if (ts->log != NULL)
			fprintf(ts->log,
			    "ttl=%u proto=%s kind=garbage heard=%d what=%s\n",
			    seen->ip.ttl, ht_proto_name((enum ht_proto)seen->proto),
			    garbage_is_heard(kind, seen), garbage_name(kind));
	}
}

static void
write_damaged(struct tunsim *ts, const struct pending *p)
{
	static uint8_t buf[PACKET_MAX];

	for (int i = 0; i < 2; i++) {
		memcpy(buf, p->packet, p->len);
		size_t len = garbage_damage(buf, p->len, &ts->rng);
		if (write(ts->fd, buf, len) < 0)
			continue; /* so broken that TUN does not take it */
	}
}

/* --- the schedule --- */

/* Keep packet and line in one piece of memory; false when there is none. */
static bool
keep(const struct tunsim *ts, struct pending *p, const uint8_t *packet,
    const struct seen *seen, const struct ht_sim_answer *an)
{
	char line[TUNLOG_MAX] = "";

	if (ts->log != NULL)
		tunlog_describe(line, seen, an, NULL);
	p->packet = malloc(p->len + strlen(line) + 1);
	if (p->packet == NULL)
		return false;
	memcpy(p->packet, packet, p->len);
	if (ts->log != NULL)
		p->line = strcpy((char *)p->packet + p->len, line);
	return true;
}

/* Put an answer among those that wait, latest first. */
static void
schedule(struct tunsim *ts, const struct seen *seen, const struct ht_sim_answer *an)
{
	static uint8_t buf[PACKET_MAX];
	int len = answer_build(buf, sizeof(buf), seen, an, ts->has_lengths);
	struct pending p = { .due = seen->in + an->delay, .len = (size_t)len };
	unsigned i;

	if (len < 0 || ts->n == PENDING_MAX || !keep(ts, &p, buf, seen, an))
		return;
	for (i = ts->n++; i > 0 && ts->pending[i - 1].due <= p.due; i--)
		ts->pending[i] = ts->pending[i - 1];
	ts->pending[i] = p;
}

/* Say in the log that nothing was answered. */
static void
log_silence(struct tunsim *ts, const struct seen *seen, const char *kind)
{
	char line[TUNLOG_MAX];

	if (ts->log == NULL)
		return;
	tunlog_describe(line, seen, NULL, kind);
	tunlog_write(ts->log, line, -1);
}

static void
take_in(struct tunsim *ts, const uint8_t *packet, size_t len, ht_time now)
{
	struct ht_sim_answer answers[HT_SIM_ANSWERS_MAX];
	struct seen seen;
	bool is_probe = answer_see(&seen, packet, len, now);
	unsigned n;

	if (!ht_simnet_is_target(ts->net, &seen.ip.dst))
		return;
	if (!is_probe) {
		if (ts->logs_all)
			log_silence(ts, &seen, "ignored");
		return;
	}
	const struct ht_sim_probe pr = answer_probe(&seen);
	n = ht_simnet_probe(ts->net, now, &pr, answers);
	if (ts->has_garbage && n > 0)
		write_garbage(ts, &seen);
	for (unsigned i = 0; i < n; i++)
		schedule(ts, &seen, &answers[i]);
	if (n == 0)
		log_silence(ts, &seen, "none");
}

/* Read one packet; false when there is none. */
static bool
read_one(struct tunsim *ts)
{
	static uint8_t buf[PACKET_MAX];
	ssize_t n = read(ts->fd, buf, sizeof(buf));
	ht_time now = clock_now();

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		is_over = 1;
	if (n <= 0)
		return false;
	ts->is_rested = false;
	take_in(ts, buf, (size_t)n, now);
	return true;
}

/* Write all answers whose time has come. */
static void
write_due(struct tunsim *ts)
{
	while (ts->n > 0 && ts->pending[ts->n - 1].due <= clock_now()) {
		struct pending *p = &ts->pending[--ts->n];

		if (ts->has_damage)
			write_damaged(ts, p);

		ht_time out = clock_now();
		ssize_t n = write(ts->fd, p->packet, p->len);

		if (p->line != NULL)
			tunlog_write(ts->log, p->line, n == (ssize_t)p->len ? out : -1);
		free(p->packet);
	}
}

/* A real-time process may not run all the time: give up the processor while an
 * answer waits, so that the kernel does not take it away at a worse moment. */
static void
rest(struct tunsim *ts, ht_time left)
{
	struct timespec span = { .tv_nsec = REST_NS };

	if (!ts->is_rested && left > 2 * REST_NS)
		nanosleep(&span, NULL);
	ts->is_rested = true;
}

/* Wait for a packet, or until shortly before the next answer is due. */
static void
wait_for_work(struct tunsim *ts)
{
	struct pollfd pfd = { .fd = ts->fd, .events = POLLIN };
	struct timespec span = { 0 };
	ht_time left;

	if (ts->n == 0) {
		/* The log is complete whenever nothing is in flight. */
		if (ts->log != NULL)
			fflush(ts->log);
		if (ts->is_busy)
			return;
		span.tv_sec = 1;
		ppoll(&pfd, 1, &span, NULL);
		return;
	}
	left = ts->pending[ts->n - 1].due - clock_now() - (ts->spins ? SPIN_NS : 0);
	if (ts->is_busy)
		rest(ts, left);
	if (ts->is_busy || left <= 0)
		return;
	span.tv_sec = (time_t)(left / HT_S);
	span.tv_nsec = (long)(left % HT_S);
	ppoll(&pfd, 1, &span, NULL);
}

static void
run(struct tunsim *ts)
{
	while (!is_over) {
		wait_for_work(ts);
		write_due(ts);
		while (!is_over && read_one(ts))
			write_due(ts);
	}
}

/* --- setting up --- */

static int
fail(const char *what, const char *why)
{
	fprintf(stderr, "tunsim: %s: %s\n", what, why);
	return -1;
}

static int
open_tun(const char *dev)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fail("/dev/net/tun", strerror(errno));
	if (strlen(dev) >= sizeof(ifr.ifr_name))
		return fail(dev, "too long for a device name");
	strcpy(ifr.ifr_name, dev);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0)
		return fail(dev, strerror(errno));
	return fd;
}

static struct ht_simnet *
read_scenario(const char *path)
{
	static char text[256 * 1024 + 1];
	struct ht_simnet *net;
	struct ht_err err;
	FILE *fp = fopen(path, "r");

	if (fp == NULL) {
		fail(path, strerror(errno));
		return NULL;
	}
	net = ht_simnet_parse(text, fread(text, 1, sizeof(text), fp), &err);
	fclose(fp);
	if (net == NULL)
		fprintf(stderr, "tunsim: %s:%u: %s\n", path, err.line, err.text);
	return net;
}

struct arguments {
	const char *scenario, *dev, *log;
	bool spins, is_busy, has_lengths, has_garbage, has_damage, logs_all;
};

static bool
read_arguments(int argc, char **argv, struct arguments *args)
{
	*args = (struct arguments){ .spins = true, .has_lengths = true };
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--no-spin") == 0)
			args->spins = false;
		else if (strcmp(argv[i], "--busy") == 0)
			args->is_busy = true;
		else if (strcmp(argv[i], "--no-length") == 0)
			args->has_lengths = false;
		else if (strcmp(argv[i], "--garbage") == 0)
			args->has_garbage = true;
		else if (strcmp(argv[i], "--damage") == 0)
			args->has_damage = true;
		else if (strcmp(argv[i], "--log-all") == 0)
			args->logs_all = true;
		else if (strcmp(argv[i], "--dev") == 0 && i + 1 < argc)
			args->dev = argv[++i];
		else if (strcmp(argv[i], "--log") == 0 && i + 1 < argc)
			args->log = argv[++i];
		else if (argv[i][0] != '-' && args->scenario == NULL)
			args->scenario = argv[i];
		else
			return false;
	}
	return args->scenario != NULL && args->dev != NULL;
}

static bool
set_up(struct tunsim *ts, const struct arguments *args)
{
	struct sigaction sa = { .sa_handler = on_signal };

	ts->spins = args->spins;
	ts->is_busy = args->is_busy;
	ts->has_lengths = args->has_lengths;
	ts->has_garbage = args->has_garbage;
	ts->has_damage = args->has_damage;
	ts->logs_all = args->logs_all;
	ht_rng_init(&ts->rng, 1);
	ts->net = read_scenario(args->scenario);
	if (ts->net == NULL)
		return false;
	ts->fd = open_tun(args->dev);
	if (ts->fd < 0)
		return false;
	if (args->log != NULL) {
		ts->log = fopen(args->log, "w");
		if (ts->log == NULL)
			return fail(args->log, strerror(errno)) == 0;
	}
	/* Sleeps of this process are not rounded up to save power. */
	prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	return true;
}

int
main(int argc, char **argv)
{
	static struct tunsim ts;
	struct arguments args;

	if (!read_arguments(argc, argv, &args)) {
		fprintf(stderr,
		    "usage: tunsim SCENARIO --dev NAME [--log FILE] [--no-spin | "
		    "--busy] [--no-length] [--garbage] [--damage] [--log-all]\n");
		return 2;
	}
	if (!set_up(&ts, &args))
		return 1;
	puts("ready");
	fflush(stdout);
	run(&ts);
	if (ts.log != NULL)
		fclose(ts.log);
	ht_simnet_free(ts.net);
	return 0;
}
