/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "app/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "app/world_raw.h"
#include "transport/linux/dgram.h"
#include "transport/linux/flow.h"
#include "transport/linux/socket.h"
#include "transport/linux/tcp.h"
#include "transport/mux.h"
#include "transport/sim/net.h"
#include "transport/sim/sim.h"

static int64_t
clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * HT_S + ts.tv_nsec;
}

/* Read a whole file; 0 or negative errno. */
static int
read_file(const char *path, struct ht_buf *text)
{
	char chunk[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return -errno;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		ht_buf_add(text, chunk, n);

	int r = ferror(f) ? -errno : text->failed ? -ENOMEM : 0;
	fclose(f);
	return r;
}

static int
parse_scenario(struct app_world *world, const char *name, const char *text, size_t len,
    struct ht_buf *err)
{
	struct ht_err why = { .code = 0 };

	world->net = ht_simnet_parse(text, len, &why);
	if (world->net != NULL)
		return 0;
	ht_buf_str(err, name);
	if (why.line > 0)
		ht_buf_printf(err, ":%u", why.line);
	ht_buf_printf(err, ": %s", why.text);
	return why.code == -ENOMEM ? APP_EXIT_SYSTEM : APP_EXIT_USAGE;
}

static int
load_scenario(
    struct app_world *world, const struct app_options *opt, struct ht_buf *err)
{
	struct ht_buf text;
	size_t len;

	if (opt->is_demo) {
		const char *demo = ht_sim_demo(&len);
		return parse_scenario(world, "demo", demo, len, err);
	}

	ht_buf_init(&text);
	int status = read_file(opt->sim_file, &text);
	if (status < 0) {
		ht_buf_printf(err, "%s: %s", opt->sim_file, strerror(-status));
		status = APP_EXIT_SYSTEM;
	} else {
		status = parse_scenario(world, opt->sim_file, text.text, text.len, err);
	}
	ht_buf_done(&text);
	return status;
}

static int
open_sim(struct app_world *world, const struct app_options *opt, struct ht_buf *err)
{
	struct ht_err why = { .code = 0 };
	int status = load_scenario(world, opt, err);

	if (status != 0)
		return status;
	world->proto = opt->settings.proto != HT_PROTO_NONE ? opt->settings.proto
							    : HT_PROTO_ICMP;
	world->tp = ht_sim_open(world->net, &why);
	if (world->tp != NULL)
		return 0;
	ht_buf_str(err, why.text);
	return APP_EXIT_SYSTEM;
}

static int
can(enum ht_proto proto, enum ht_family family)
{
	return proto == HT_PROTO_TCP ? ht_tcp_can(family) : ht_dgram_can(proto, family);
}

/* ICMP if this user may, else UDP; or what was asked for, if it can be had. */
static int
choose_protocol(
    struct app_world *world, const struct app_options *opt, struct ht_buf *err)
{
	enum ht_family family = opt->family == 6 ? HT_FAMILY_IP6 : HT_FAMILY_IP4;
	enum ht_proto asked = opt->settings.proto;
	int r = can(asked != HT_PROTO_NONE ? asked : HT_PROTO_ICMP, family);

	world->proto = asked;
	if (asked == HT_PROTO_NONE) {
		world->is_fallback = r == -EACCES || r == -EPERM;
		world->proto = world->is_fallback ? HT_PROTO_UDP : HT_PROTO_ICMP;
	}
	if (asked == HT_PROTO_NONE || r == 0 || r == -EAFNOSUPPORT)
		return 0;
	if (r == -EACCES || r == -EPERM)
		ht_buf_printf(err,
		    "%s: not permitted for this user: net.ipv4.ping_group_range leaves "
		    "it"
		    " out; -u needs no permission",
		    ht_proto_name(asked));
	else
		ht_buf_printf(err, "%s: %s", ht_proto_name(asked), strerror(-r));
	return APP_EXIT_SYSTEM;
}

static int
refuse_port(struct ht_buf *err, enum ht_family family, unsigned port, int r)
{
	ht_buf_printf(err, "--localport: %u of IPv%d: %s", port, (int)family,
	    r == -EACCES ? "not permitted" : strerror(-r));
	return APP_EXIT_SYSTEM;
}

/* Look whether the ports of all flows can be had. */
static int
try_ports(enum ht_proto proto, const struct app_options *opt, enum ht_family family,
    struct ht_buf *err)
{
	const struct ht_socket_config cfg = { .source = opt->source };
	const struct ht_settings *set = &opt->settings;

	for (unsigned i = 0; i < set->flows; i++) {
		struct ht_probe pr = {
			.proto = (uint8_t)proto,
			.flow = (uint16_t)(set->flow + i),
			.local_port = (uint16_t)set->local_port,
		};
		unsigned port = ht_flow_of(&pr).local_port;
		int r = ht_socket_try_port(&cfg, family, proto, (uint16_t)port);
		if (r < 0 && r != -EAFNOSUPPORT)
			return refuse_port(err, family, port, r);
	}
	return 0;
}

static bool
is_family_wanted(const struct app_options *opt, enum ht_family family)
{
	return opt->family == 0 || opt->family == (unsigned)family;
}

/* A source port that was named is had from the first probe on, or not at all. */
int
app_world_try_ports(
    enum ht_proto proto, const struct app_options *opt, struct ht_buf *err)
{
	static const enum ht_family families[] = { HT_FAMILY_IP4, HT_FAMILY_IP6 };
	int status = 0;

	if (proto == HT_PROTO_ICMP || opt->settings.local_port == 0)
		return 0;
	for (int i = 0; i < 2 && status == 0; i++)
		if (is_family_wanted(opt, families[i]))
			status = try_ports(proto, opt, families[i], err);
	return status;
}

/* TCP keeps its ports from then on. */
static int
reserve_ports(struct ht_transport *tcp, const struct app_options *opt,
    enum ht_family family, struct ht_buf *err)
{
	const struct ht_settings *set = &opt->settings;
	uint16_t port;

	if (!is_family_wanted(opt, family))
		return 0;
	int r = ht_tcp_reserve(
	    tcp, family, (uint16_t)set->local_port, set->flow, set->flows, &port);
	return r == 0 || r == -EAFNOSUPPORT ? 0 : refuse_port(err, family, port, r);
}

static int
claim_ports(const struct app_world *world, struct ht_transport *tcp,
    const struct app_options *opt, struct ht_buf *err)
{
	if (world->proto != HT_PROTO_TCP || opt->settings.local_port == 0)
		return app_world_try_ports(world->proto, opt, err);
	int status = reserve_ports(tcp, opt, HT_FAMILY_IP4, err);
	return status == 0 ? reserve_ports(tcp, opt, HT_FAMILY_IP6, err) : status;
}

struct ht_socket_config
app_world_sockets(const struct app_options *opt)
{
	struct ht_socket_config cfg = {
		.source = opt->source,
		.mark = opt->mark,
		.family = opt->family,
	};

	snprintf(cfg.device, sizeof(cfg.device), "%s", opt->interface);
	return cfg;
}

/* Sockets that need no privilege: one transport for datagrams, one for TCP. */
static struct ht_transport *
open_sockets(const struct ht_socket_config *cfg, struct ht_transport **ret_tcp,
    struct ht_err *why)
{
	struct ht_transport *members[2];

	members[0] = ht_dgram_open(cfg, why);
	if (members[0] == NULL)
		return NULL;
	members[1] = *ret_tcp = ht_tcp_open(cfg, why);
	if (members[1] == NULL) {
		members[0]->ops->close(members[0]);
		return NULL;
	}
	struct ht_transport *tp = ht_mux_open(members[0]->ops->name, members, 2);
	if (tp == NULL)
		snprintf(why->text, sizeof(why->text), "%s", strerror(ENOMEM));
	return tp;
}

static int
open_dgram(struct app_world *world, const struct app_options *opt, struct ht_buf *err)
{
	const struct ht_socket_config cfg = app_world_sockets(opt);
	struct ht_err why = { .code = 0 };
	struct ht_transport *tcp;
	int status = choose_protocol(world, opt, err);

	if (status != 0)
		return status;
	world->tp = open_sockets(&cfg, &tcp, &why);
	if (world->tp != NULL)
		return claim_ports(world, tcp, opt, err);
	ht_buf_str(err, why.text);
	return APP_EXIT_SYSTEM;
}

int
app_world_open(struct app_world *world, const struct app_options *opt, bool has_screen,
    struct ht_buf *err)
{
	bool is_sim = opt->is_demo || opt->sim_file != NULL;

	*world = (struct app_world){
		.is_virtual = is_sim && !has_screen,
		.start_ns = clock_ns(CLOCK_REALTIME),
	};
	app_world_slept(world);
	if (is_sim)
		return open_sim(world, opt, err);
	if (opt->transport == APP_TRANSPORT_RAW)
		return app_world_open_raw(world, opt, err);
	return open_dgram(world, opt, err);
}

void
app_world_close(struct app_world *world)
{
	if (world->tp != NULL)
		world->tp->ops->close(world->tp);
	ht_simnet_free(world->net);
}

ht_time
app_world_now(const struct app_world *world)
{
	return world->is_virtual ? world->now : clock_ns(CLOCK_MONOTONIC);
}

ht_time
app_world_slept(struct app_world *world)
{
	ht_time before = world->suspended;

	if (world->is_virtual)
		return 0;
#ifdef CLOCK_BOOTTIME
	world->suspended = clock_ns(CLOCK_BOOTTIME) - clock_ns(CLOCK_MONOTONIC);
#endif
	return world->suspended - before;
}

int64_t
app_world_wall(const struct app_world *world)
{
	return world->is_virtual ? world->start_ns + world->now
				 : clock_ns(CLOCK_REALTIME);
}

int
app_utc_offset(int64_t wall_ns)
{
	time_t seconds = (time_t)(wall_ns / HT_S);
	struct tm tm;

	return localtime_r(&seconds, &tm) != NULL ? (int)tm.tm_gmtoff : 0;
}

static void
feature(struct ht_buf *out, enum ht_proto proto, enum ht_family family)
{
	int r = can(proto, family);

	ht_buf_printf(out, "  %-4s IPv%d  ", ht_proto_name(proto), (int)family);
	if (r == 0)
		ht_buf_str(out, proto == HT_PROTO_TCP
				    ? "yes, with user stamps when a probe leaves\n"
				    : "yes\n");
	else if (r == -EACCES || r == -EPERM)
		ht_buf_str(out, "no: net.ipv4.ping_group_range leaves this user out\n");
	else
		ht_buf_printf(out, "no: %s\n", strerror(-r));
}

/* What the transport itself says that it can do. */
static void
stamps(struct ht_buf *out)
{
	const struct ht_socket_config cfg = { .mark = 0 };
	struct ht_err why = { .code = 0 };
	struct ht_transport *tp = ht_dgram_open(&cfg, &why);

	if (tp == NULL) {
		ht_buf_printf(out, "  cannot be opened: %s\n", why.text);
		return;
	}
	unsigned caps = tp->ops->caps(tp);
	ht_buf_printf(out,
	    "  stamps     %s when a probe leaves, %s when an answer comes\n",
	    caps & HT_CAP_KERNEL_TX ? "kernel" : "user",
	    caps & HT_CAP_KERNEL_RX ? "kernel" : "user");
	tp->ops->close(tp);
}

void
app_world_features(struct ht_buf *out)
{
	ht_buf_str(out, "transport dgram: unprivileged sockets\n");
	stamps(out);
	feature(out, HT_PROTO_ICMP, HT_FAMILY_IP4);
	feature(out, HT_PROTO_ICMP, HT_FAMILY_IP6);
	feature(out, HT_PROTO_UDP, HT_FAMILY_IP4);
	feature(out, HT_PROTO_UDP, HT_FAMILY_IP6);
	feature(out, HT_PROTO_TCP, HT_FAMILY_IP4);
	feature(out, HT_PROTO_TCP, HT_FAMILY_IP6);
	app_world_raw_features(out);
	ht_buf_str(out, "transport sim: the simulated internet (--demo, --sim)\n"
			"  stamps     simulated\n");
}
