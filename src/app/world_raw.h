/* SPDX-License-Identifier: ISC */
/**
 * @file world_raw.h
 * The real world through raw sockets: the one place where privilege is used.
 */
#ifndef HT_APP_WORLD_RAW_H
#define HT_APP_WORLD_RAW_H

#include "app/world.h"

/** Do the options need privilege?  If not, give it up before anything else. */
bool app_world_needs_privilege(const struct app_options *opt);

/**
 * Open the raw transport with privilege, then give that up for good.
 *
 * @param world  tp and proto are set
 * @param err    on failure one line without "hoptop: "
 * @return 0, or the status to exit with
 */
int app_world_open_raw(
    struct app_world *world, const struct app_options *opt, struct ht_buf *err);

/** Write whether raw sockets can be had, and why not; gives up all privilege. */
void app_world_raw_features(struct ht_buf *out);

#endif /* HT_APP_WORLD_RAW_H */
