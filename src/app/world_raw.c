/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "app/world_raw.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "app/priv.h"
#include "transport/linux/raw.h"

/* For the hint, if /proc is not there. */
#define ANY_PATH "hoptop"

bool
app_world_needs_privilege(const struct app_options *opt)
{
	bool is_sim = opt->is_demo || opt->sim_file != NULL;

	return opt->is_version || (opt->transport == APP_TRANSPORT_RAW && !is_sim);
}

/* What a user types to be allowed. */
static void
add_remedy(struct ht_buf *out)
{
	char path[1024];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

	ht_buf_str(out, "run as root, or once: setcap cap_net_raw+ep ");
	/* One that was cut is none. */
	if (n > 0 && (size_t)n < sizeof(path))
		ht_buf_add(out, path, (size_t)n);
	else
		ht_buf_str(out, ANY_PATH);
}

static void
explain(const struct ht_err *why, struct ht_buf *err)
{
	if (why->code != -EPERM && why->code != -EACCES) {
		ht_buf_str(err, why->text);
		return;
	}
	ht_buf_str(err, "raw sockets: not permitted: ");
	add_remedy(err);
	ht_buf_str(err, "; or leave out --transport raw, --dublin, --mark: most things "
			"need no privilege");
}

int
app_world_open_raw(
    struct app_world *world, const struct app_options *opt, struct ht_buf *err)
{
	const struct ht_socket_config cfg = app_world_sockets(opt);
	struct ht_err why = { .code = app_priv_raise(opt->mark != 0) };

	if (why.code == 0)
		world->tp = ht_raw_open(&cfg, &why);
	int r = app_priv_drop(world->tp != NULL);
	if (r < 0) {
		ht_buf_printf(err, "cannot give up privileges: %s", strerror(-r));
		return APP_EXIT_SYSTEM;
	}
	if (world->tp == NULL) {
		explain(&why, err);
		return APP_EXIT_SYSTEM;
	}
	world->proto = opt->settings.proto != HT_PROTO_NONE ? opt->settings.proto
							    : HT_PROTO_ICMP;
	return app_world_try_ports(world->proto, opt, err);
}

static void
feature(struct ht_buf *out, enum ht_family family)
{
	int r = ht_raw_can(family);

	ht_buf_printf(out, "  all  IPv%d  ", (int)family);
	if (r == 0) {
		ht_buf_str(out, "yes\n");
	} else if (r == -EACCES || r == -EPERM) {
		ht_buf_str(out, "no: CAP_NET_RAW is missing: ");
		add_remedy(out);
		ht_buf_str(out, "\n");
	} else {
		ht_buf_printf(out, "no: %s\n", strerror(-r));
	}
}

void
app_world_raw_features(struct ht_buf *out)
{
	app_priv_raise(false);
	ht_buf_str(out, "transport raw: raw sockets, on request only (--transport raw, "
			"--dublin, --mark)\n");
	feature(out, HT_FAMILY_IP4);
	feature(out, HT_FAMILY_IP6);
	app_priv_drop(false);
}
