/* SPDX-License-Identifier: ISC */
/**
 * @file hosts.h
 * From the hosts of the command line to targets of the session, and from
 * addresses that answer to their names.
 */
#ifndef HT_APP_HOSTS_H
#define HT_APP_HOSTS_H

#include <hoptop/session.h>

#include "app/options.h"
#include "app/world.h"

struct names;

struct app_hosts {
	struct ht_session *ss;         /**< borrowed */
	struct app_world *world;       /**< borrowed */
	const struct app_options *opt; /**< borrowed */
	struct names *names;           /**< owned; NULL in the simulated internet */
	bool has_screen; /**< a target without a route is probed all the same */
	bool resolve;    /**< ask for the names of what answers */
	bool is_stopped; /**< names_answer callbacks are to be ignored */
	unsigned failed; /**< targets that will never be probed */
	int status;      /**< why the newest of them failed: enum app_exit */
	struct ht_buf complaints; /**< a line for each, "hoptop: HOST: reason" */
};

/**
 * Add all targets; those with a name are looked up while the run goes on.
 *
 * @return 0 or the status to exit with, then err says why
 */
int app_hosts_init(struct app_hosts *hosts, struct ht_session *ss,
    struct app_world *world, const struct app_options *opt, bool has_screen,
    struct ht_buf *err);

void app_hosts_done(struct app_hosts *hosts);

/** Ask for names of addresses that answer; an ht_event_fn, ctx is the hosts. */
void app_hosts_event(void *ctx, const struct ht_event *ev);

/** Complain of targets that at last could not be sent to. */
void app_hosts_tell_unsent(struct app_hosts *hosts);

/** True when none of them can be probed. */
bool app_hosts_all_failed(const struct app_hosts *hosts);

#endif /* HT_APP_HOSTS_H */
