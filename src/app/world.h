/* SPDX-License-Identifier: ISC */
/**
 * @file world.h
 * Where probes go, and whose clock counts: real sockets with the machine's
 * clock, or the simulated internet, on that clock or on a virtual one.
 */
#ifndef HT_APP_WORLD_H
#define HT_APP_WORLD_H

#include <hoptop/transport.h>

#include "app/options.h"
#include "transport/linux/sockopt.h"

struct ht_simnet;

struct app_world {
	struct ht_transport *tp;
	struct ht_simnet *net; /**< the simulated internet, NULL for the real one */
	enum ht_proto proto;   /**< what auto came to */
	bool is_fallback;      /**< auto took UDP: this user may not send ICMP */
	bool is_virtual;       /**< time is `now`, set by the run loop */
	ht_time now;           /**< the virtual time */
	ht_time suspended;     /**< of app_world_slept(): total so far */
	int64_t start_ns;      /**< wall clock at the opening, ns since 1970 */
};

/**
 * Open what the options ask for.
 *
 * @param has_screen  a dashboard: simulated time runs at the pace of real time
 * @param err         on failure one line without "hoptop: "
 * @return 0, or the status to exit with
 */
int app_world_open(struct app_world *world, const struct app_options *opt,
    bool has_screen, struct ht_buf *err);

/**
 * Look whether the source ports that were asked for (-L) can be had.
 *
 * @return 0, or the status to exit with, and err filled
 */
int app_world_try_ports(
    enum ht_proto proto, const struct app_options *opt, struct ht_buf *err);

void app_world_close(struct app_world *world);

/** The time to step the session with. */
ht_time app_world_now(const struct app_world *world);

/**
 * Tell how long the machine has been suspended since the call before, in ns; 0 in
 * virtual time, and where the kernel does not say.
 */
ht_time app_world_slept(struct app_world *world);

/** The wall clock that belongs to app_world_now(), ns since 1970. */
int64_t app_world_wall(const struct app_world *world);

/** Local time minus UTC at a point in time, in seconds. */
int app_utc_offset(int64_t wall_ns);

/** Write which kinds of probe this user may send: the features of -v.  Gives up
 * all privilege. */
void app_world_features(struct ht_buf *out);

/** What the options say about sockets. */
struct ht_socket_config app_world_sockets(const struct app_options *opt);

#endif /* HT_APP_WORLD_H */
