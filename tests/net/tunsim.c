/* SPDX-License-Identifier: ISC */
/*
 * The simulated internet behind a TUN device: real packets in, real packets out.
 *
 *   tests/net/tunsim SCENARIO --dev NAME [--log FILE] [--no-spin | --busy]
 *       [--no-length] [--garbage] [--damage]
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
 * The log has a line for each answer, and one for each probe without any:
 *
 *   ttl=3 proto=udp id=0 seq=0 sport=40000 dport=33437 len=64 data=0011223344556677
 *       kind=time-exceeded from=198.51.100.1 in=NS out=NS
 *
 * (one line; id and seq are of ICMP, the ports of UDP and TCP; data are the first
 * 8 bytes behind that header).  in is CLOCK_MONOTONIC right after the probe was
 * read, out right before the answer was written: their difference is the true
 * RTT but for what the kernel needs between TUN and socket.  Without an answer
 * kind is none and out is -1.
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

#include "base/addr.h"
#include "packet/build.h"
#include "packet/ip.h"
#include "transport/sim/net.h"

#include "garbage.h"

#define PACKET_MAX  65535
#define PENDING_MAX 8192

/* A sleep may end this much late: the rest is spent looking at the clock. */
#define SPIN_NS (60 * HT_US)
#define REST_NS (300 * HT_US)

/* An answer that waits for its time. */
struct pending {
	ht_time due;
	uint8_t *packet;
	size_t len;
	char log[256]; /* all but the time when it left */
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

/* --- in --- */

static bool
see_icmp(struct seen *seen)
{
	enum ht_family family = (enum ht_family)seen->ip.dst.family;
	struct ht_icmp icmp;

	if (ht_icmp_parse(family, seen->ip.data, seen->ip.data_len, &icmp) < 0
	    || icmp.type != (family == HT_FAMILY_IP6 ? 128 : 8))
		return false;
	seen->proto = HT_PROTO_ICMP;
	seen->id = icmp.id;
	seen->seq = icmp.seq;
	seen->data = icmp.data;
	seen->data_len = icmp.data_len;
	return true;
}

static bool
see_udp(struct seen *seen)
{
	struct ht_udp udp;

	if (ht_udp_parse(seen->ip.data, seen->ip.data_len, &udp) < 0)
		return false;
	seen->proto = HT_PROTO_UDP;
	seen->sport = udp.sport;
	seen->dport = udp.dport;
	seen->data = udp.data;
	seen->data_len = udp.data_len;
	return true;
}

static bool
see_tcp(struct seen *seen)
{
	struct ht_tcp tcp;

	if (ht_tcp_parse(seen->ip.data, seen->ip.data_len, &tcp) < 0
	    || (tcp.flags & (HT_TCP_SYN | HT_TCP_ACK | HT_TCP_RST)) != HT_TCP_SYN)
		return false;
	seen->proto = HT_PROTO_TCP;
	seen->sport = tcp.sport;
	seen->dport = tcp.dport;
	seen->tcp_seq = tcp.seq;
	return true;
}

/* Read a packet as a probe; false if it is none. */
static bool
see(struct seen *seen, const uint8_t *packet, size_t len, ht_time now)
{
	*seen = (struct seen){ .packet = packet, .len = len, .in = now };
	if (ht_ip_parse(packet, len, &seen->ip) < 0 || seen->ip.is_fragment)
		return false;
	switch (seen->ip.proto) {
	case HT_IP_ICMP:
	case HT_IP_ICMP6:
		return see_icmp(seen);
	case HT_IP_UDP:
		return see_udp(seen);
	case HT_IP_TCP:
		return see_tcp(seen);
	default:
		return false;
	}
}

/* What routers hash: addresses, protocol, ports; of ICMP the id (and no seq). */
static uint32_t
flow_of(const struct seen *seen)
{
	const uint8_t *bytes = seen->ip.dst.bytes;
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (unsigned i = 0; i < 16; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	hash = (hash ^ seen->ip.proto) * 16777619u;
	hash = (hash ^ seen->id) * 16777619u;
	hash = (hash ^ seen->sport) * 16777619u;
	hash = (hash ^ seen->dport) * 16777619u;
	return (hash ^ seen->ip.label) * 16777619u;
}

/* --- out --- */

/* Quote the probe as it got there: its TTL used up, its checksum right. */
static int
build_error(const struct tunsim *ts, uint8_t *buf, const struct ht_ip *ip,
    const struct seen *seen, const struct ht_sim_answer *an)
{
	bool is_ip6 = ip->src.family == HT_FAMILY_IP6;
	uint8_t quote[1280];
	/* RFC 1812 4.3.2.3 and RFC 4443 2.4: whole error at most 576 or 1280. */
	size_t most = is_ip6 ? 1280 - 48 : 576 - 28;
	size_t len = seen->len < an->quote ? seen->len : an->quote;
	struct ht_icmp_error error = {
		.type = an->icmp_type,
		.code = an->icmp_code,
		.mtu = an->mtu,
		.quote = quote,
		.ext = an->has_ext ? &an->ext : NULL,
		.has_length = ts->has_lengths,
	};

	if (an->has_ext)
		most -= 200;
	error.quote_len = len < most ? len : most;
	memcpy(quote, seen->packet, error.quote_len);
	if (an->kind == HT_REPLY_TIME_EXCEEDED && is_ip6) {
		quote[7] = 1;
	} else if (an->kind == HT_REPLY_TIME_EXCEEDED) {
		quote[8] = 1;
		quote[10] = quote[11] = 0;
		unsigned sum = ht_checksum(quote, (size_t)(quote[0] & 0x0f) * 4);
		quote[10] = (uint8_t)(sum >> 8);
		quote[11] = (uint8_t)sum;
	}
	return ht_build_icmp_error(buf, PACKET_MAX, ip, &error);
}

static int
build_tcp(uint8_t *buf, const struct ht_ip *ip, const struct seen *seen, bool is_open)
{
	const struct ht_tcp tcp = {
		.sport = seen->dport,
		.dport = seen->sport,
		.seq = is_open ? 1000 : 0,
		.ack = seen->tcp_seq + 1,
		.flags = (is_open ? HT_TCP_SYN : HT_TCP_RST) | HT_TCP_ACK,
	};

	return ht_build_tcp(buf, PACKET_MAX, ip, &tcp);
}

static int
build_udp(uint8_t *buf, const struct ht_ip *ip, const struct seen *seen)
{
	const struct ht_udp udp = {
		.sport = seen->dport,
		.dport = seen->sport,
		.data = seen->data,
		.data_len = seen->data_len,
	};

	return ht_build_udp(buf, PACKET_MAX, ip, &udp);
}

static int
build_echo(uint8_t *buf, const struct ht_ip *ip, const struct seen *seen)
{
	const struct ht_icmp_echo echo = {
		.is_reply = true,
		.id = seen->id,
		.seq = seen->seq,
		.data = seen->data,
		.data_len = seen->data_len,
	};

	return ht_build_icmp_echo(buf, PACKET_MAX, ip, &echo);
}

static int
build(const struct tunsim *ts, uint8_t *buf, const struct seen *seen,
    const struct ht_sim_answer *an)
{
	const struct ht_ip ip = {
		.tos = an->reply_tos,
		.ttl = an->reply_ttl,
		.src = an->from,
		.dst = seen->ip.src,
	};

	switch ((enum ht_reply_kind)an->kind) {
	case HT_REPLY_TIME_EXCEEDED:
	case HT_REPLY_UNREACHABLE:
		return build_error(ts, buf, &ip, seen, an);
	case HT_REPLY_ECHO:
		return build_echo(buf, &ip, seen);
	case HT_REPLY_UDP_DATA:
		return build_udp(buf, &ip, seen);
	case HT_REPLY_TCP_OPEN:
		return build_tcp(buf, &ip, seen, true);
	case HT_REPLY_TCP_CLOSED:
		return build_tcp(buf, &ip, seen, false);
	case HT_REPLY_NONE:
	case HT_REPLY_LOCAL_ERROR:
	case HT_REPLY_COUNT:
		break;
	}
	return -EINVAL;
}

/* --- the log --- */

static void
describe(
    char *line, size_t size, const struct seen *seen, const struct ht_sim_answer *an)
{
	char from[HT_ADDR_TEXT_MAX] = "-", data[17] = "-";
	size_t n = seen->data_len < 8 ? seen->data_len : 8;

	for (size_t i = 0; i < n; i++)
		snprintf(data + 2 * i, 3, "%02x", seen->data[i]);
	if (an != NULL)
		ht_addr_text(&an->from, from);
	snprintf(line, size,
	    "ttl=%u proto=%s id=%u seq=%u sport=%u dport=%u len=%zu data=%s kind=%s"
	    " from=%s in=%lld",
	    seen->ip.ttl, ht_proto_name((enum ht_proto)seen->proto), seen->id,
	    seen->seq, seen->sport, seen->dport, seen->len, data,
	    an != NULL ? ht_reply_kind_name((enum ht_reply_kind)an->kind) : "none",
	    from, (long long)seen->in);
}

static void
write_log(struct tunsim *ts, const char *line, ht_time out)
{
	if (ts->log != NULL)
		fprintf(ts->log, "%s out=%lld\n", line, (long long)out);
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

/* Put an answer among those that wait, latest first. */
static void
schedule(struct tunsim *ts, const struct seen *seen, const struct ht_sim_answer *an)
{
	static uint8_t buf[PACKET_MAX];
	int len = build(ts, buf, seen, an);
	struct pending p = { .due = seen->in + an->delay, .len = (size_t)len };
	unsigned i;

	if (len < 0 || ts->n == PENDING_MAX)
		return;
	p.packet = malloc((size_t)len);
	if (p.packet == NULL)
		return;
	memcpy(p.packet, buf, (size_t)len);
	describe(p.log, sizeof(p.log), seen, an);
	for (i = ts->n++; i > 0 && ts->pending[i - 1].due <= p.due; i--)
		ts->pending[i] = ts->pending[i - 1];
	ts->pending[i] = p;
}

static void
take_in(struct tunsim *ts, const uint8_t *packet, size_t len, ht_time now)
{
	struct ht_sim_answer answers[HT_SIM_ANSWERS_MAX];
	char line[256];
	struct seen seen;
	unsigned n;

	if (!see(&seen, packet, len, now)
	    || !ht_simnet_is_target(ts->net, &seen.ip.dst))
		return;
	const struct ht_sim_probe pr = {
		.target = seen.ip.dst,
		.proto = seen.proto,
		.ttl = seen.ip.ttl,
		.tos = seen.ip.tos,
		.flow = flow_of(&seen),
		.size = (unsigned)len,
	};
	n = ht_simnet_probe(ts->net, now, &pr, answers);
	if (ts->has_garbage && n > 0)
		write_garbage(ts, &seen);
	for (unsigned i = 0; i < n; i++)
		schedule(ts, &seen, &answers[i]);
	if (n == 0) {
		describe(line, sizeof(line), &seen, NULL);
		write_log(ts, line, -1);
	}
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

		write_log(ts, p->log, n == (ssize_t)p->len ? out : -1);
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
	bool spins, is_busy, has_lengths, has_garbage, has_damage;
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
		    "--busy] [--no-length] [--garbage] [--damage]\n");
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
