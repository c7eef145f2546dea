/* SPDX-License-Identifier: ISC */
#include "app/hosts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "names/names.h"
#include "transport/sim/net.h"

/* This target will not be probed: tell the session, the user and the exit status. */
static void
fail(struct app_hosts *hosts, unsigned index, int status, const char *reason)
{
	ht_session_resolve(hosts->ss, index, NULL, reason);
	ht_buf_printf(&hosts->complaints, "hoptop: %s: %s\n",
	    ht_session_target(hosts->ss, index)->name, reason);
	hosts->failed++;
	hosts->status = status;
}

/* Probe a target at this address. */
static void
settle(struct app_hosts *hosts, unsigned index, const struct ht_addr *addr)
{
	int r = ht_session_resolve(hosts->ss, index, addr, NULL);

	if (r < 0)
		fail(hosts, index, APP_EXIT_SYSTEM, strerror(-r));
}

/* A local errno in the words of the field. */
static const char *
route_error(int error)
{
	switch (error) {
	case ENETUNREACH:
	case EHOSTUNREACH:
		return "no route to it from this machine";
	case EACCES:
	case EPERM:
		return "blocked by the local firewall or a prohibit route";
	case EINVAL:
		return "its route leads nowhere (blackhole)";
	case EAFNOSUPPORT:
		return "this machine does not speak its address family";
	default:
		return strerror(error);
	}
}

/*
 * Take the first address that packets can be sent to.  A dashboard takes the
 * first in any case: it shows the send errors, and a route may come.
 */
static void
take_address(
    struct app_hosts *hosts, unsigned index, const struct ht_addr *addrs, unsigned n)
{
	struct ht_transport *tp = hosts->world->tp;
	struct ht_addr source;
	int first_error = 0;

	for (unsigned i = 0; i < n; i++) {
		int r = tp->ops->prepare(tp, &addrs[i], hosts->world->proto, &source);
		if (r == 0) {
			settle(hosts, index, &addrs[i]);
			return;
		}
		first_error = first_error != 0 ? first_error : -r;
	}
	if (hosts->has_screen)
		settle(hosts, index, &addrs[0]);
	else
		fail(hosts, index, APP_EXIT_SYSTEM, route_error(first_error));
}

static void
on_answer(
    void *ctx, unsigned id, const struct ht_addr *addrs, unsigned n, const char *error)
{
	struct app_hosts *hosts = ctx;

	if (hosts->is_stopped)
		return;
	if (n == 0)
		fail(hosts, id, APP_EXIT_RESOLVE, error);
	else
		take_address(hosts, id, addrs, n);
}

static void
on_name(void *ctx, const struct ht_addr *addr, const char *name)
{
	struct app_hosts *hosts = ctx;

	ht_session_set_name(hosts->ss, addr, name, app_world_now(hosts->world));
}

/* A link-local address says on which interface; if it does not, -I may. */
static const char *
with_zone(
    const struct app_target *target, const char *interface, char *buf, size_t size)
{
	struct ht_addr addr;
	int n;

	if (interface[0] == '\0' || strchr(target->host, '%') != NULL
	    || !names_literal(target->host, &addr) || addr.family != HT_FAMILY_IP6
	    || ht_addr_refusal(&addr) == NULL)
		return target->host;
	n = snprintf(buf, size, "%s%%%s", target->host, interface);
	return n > 0 && (size_t)n < size && names_literal(buf, &addr) ? buf
								      : target->host;
}

static int
add_real(struct app_hosts *hosts, const struct app_target *target, struct ht_buf *err)
{
	char zoned[HT_NAME_MAX];
	const char *host = with_zone(
	    target, hosts->opt->interface, zoned, sizeof(zoned));
	struct ht_addr addr;
	bool is_literal = names_literal(host, &addr);
	const char *refusal = is_literal ? ht_addr_refusal(&addr) : NULL;

	if (refusal != NULL) {
		ht_buf_printf(err, "%s: %s", host, refusal);
		return APP_EXIT_USAGE;
	}

	int index = ht_session_add(hosts->ss, host, NULL);
	if (index < 0) {
		ht_buf_str(err, strerror(-index));
		return APP_EXIT_SYSTEM;
	}
	ht_session_set_port(hosts->ss, (unsigned)index, target->port);
	names_resolve(
	    hosts->names, host, hosts->opt->family, (unsigned)index, on_answer);
	return 0;
}

static int
init_real(struct app_hosts *hosts, struct ht_buf *err)
{
	struct names_config cfg = {
		.server = hosts->opt->dns_server, .found = on_name, .ctx = hosts
	};
	struct ht_err why = { .code = 0 };
	int status = 0;

	hosts->names = names_new(&cfg, &why);
	if (hosts->names == NULL) {
		ht_buf_str(err, why.text);
		return APP_EXIT_SYSTEM;
	}
	for (unsigned i = 0; status == 0 && i < hosts->opt->n_targets; i++)
		status = add_real(hosts, &hosts->opt->targets[i], err);
	return status;
}

/* A host of the command line in the simulated internet: by name or address. */
static const struct ht_sim_target *
find_simulated(const struct ht_simnet *net, const char *host)
{
	struct ht_addr addr;
	bool is_literal = ht_addr_parse(host, &addr);

	for (unsigned i = 0; i < ht_simnet_targets(net); i++) {
		const struct ht_sim_target *t = ht_simnet_target(net, i);
		if (strcmp(t->name, host) == 0
		    || (is_literal && ht_addr_equal(&t->addr, &addr)))
			return t;
	}
	return NULL;
}

static int
add_simulated(struct app_hosts *hosts, const struct ht_sim_target *t, unsigned port,
    struct ht_buf *err)
{
	char text[HT_ADDR_TEXT_MAX];
	const char *name = t->name[0] != '\0' ? t->name : ht_addr_text(&t->addr, text);
	int r = ht_session_add(hosts->ss, name, &t->addr);

	if (r >= 0) {
		ht_session_set_port(hosts->ss, (unsigned)r, port);
		return 0;
	}
	ht_buf_str(err, strerror(-r));
	return APP_EXIT_SYSTEM;
}

/* No host was named: all targets of one family, of the first if none is asked for. */
static int
add_all_simulated(struct app_hosts *hosts, struct ht_buf *err)
{
	const struct ht_simnet *net = hosts->world->net;
	unsigned family = hosts->opt->family;
	int status = 0;

	if (family == 0)
		family = ht_simnet_target(net, 0)->addr.family;
	for (unsigned i = 0; status == 0 && i < ht_simnet_targets(net); i++)
		if (ht_simnet_target(net, i)->addr.family == family)
			status = add_simulated(hosts, ht_simnet_target(net, i), 0, err);
	if (status != 0 || ht_session_targets(hosts->ss) > 0)
		return status;
	ht_buf_printf(err, "no target of IPv%u in this simulated internet", family);
	return APP_EXIT_RESOLVE;
}

static int
init_simulated(struct app_hosts *hosts, struct ht_buf *err)
{
	const struct ht_simnet *net = hosts->world->net;
	int status = 0;

	for (unsigned i = 0; status == 0 && i < hosts->opt->n_targets; i++) {
		const char *host = hosts->opt->targets[i].host;
		const struct ht_sim_target *t = find_simulated(net, host);
		if (t == NULL) {
			ht_buf_printf(
			    err, "%s: no such host in this simulated internet", host);
			return APP_EXIT_RESOLVE;
		}
		status = add_simulated(hosts, t, hosts->opt->targets[i].port, err);
	}
	if (status == 0 && hosts->opt->n_targets == 0)
		status = add_all_simulated(hosts, err);
	return status;
}

int
app_hosts_init(struct app_hosts *hosts, struct ht_session *ss, struct app_world *world,
    const struct app_options *opt, bool has_screen, struct ht_buf *err)
{
	*hosts = (struct app_hosts){
		.ss = ss,
		.world = world,
		.opt = opt,
		.has_screen = has_screen,
		.resolve = opt->resolve,
	};
	ht_buf_init(&hosts->complaints);
	return world->net != NULL ? init_simulated(hosts, err) : init_real(hosts, err);
}

void
app_hosts_done(struct app_hosts *hosts)
{
	hosts->is_stopped = true;
	names_free(hosts->names);
	ht_buf_done(&hosts->complaints);
}

void
app_hosts_event(void *ctx, const struct ht_event *ev)
{
	struct app_hosts *hosts = ctx;

	if (!hosts->resolve
	    || (ev->type != HT_EVENT_REPLY && ev->type != HT_EVENT_LATE))
		return;

	const struct ht_addr *from = &ev->reply->from;
	if (hosts->names != NULL) {
		names_lookup(hosts->names, from, ev->at);
	} else if (ht_session_name(hosts->ss, from) == NULL) {
		const char *name = ht_simnet_name(hosts->world->net, from);
		if (name != NULL)
			ht_session_set_name(hosts->ss, from, name, ev->at);
	}
}

void
app_hosts_tell_unsent(struct app_hosts *hosts)
{
	for (unsigned i = 0; i < ht_session_targets(hosts->ss); i++) {
		const struct ht_target *tg = ht_session_target(hosts->ss, i);
		if (tg->state == HT_TARGET_READY && tg->send_error != 0)
			ht_buf_printf(&hosts->complaints, "hoptop: %s: %s\n", tg->name,
			    route_error(tg->send_error));
	}
}

bool
app_hosts_all_failed(const struct app_hosts *hosts)
{
	return hosts->failed > 0 && hosts->failed == ht_session_targets(hosts->ss);
}
