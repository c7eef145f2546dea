/* SPDX-License-Identifier: ISC */
/**
 * @file priv.h
 * What hoptop may do beyond an ordinary user, and how it gives that up.
 *
 *     app_priv_begin()   first of all: nothing is in effect any more
 *     ...                the command line, the environment, files
 *     app_priv_raise()   only if raw sockets were asked for
 *     ...                they are opened
 *     app_priv_drop()    nothing is left, and nothing can come back
 *
 * Privilege may come from uid 0, from a capability of the file, or from its
 * set-uid bit; after app_priv_begin() the uid is the real one.  Root stays uid 0,
 * for the files that are root's own.
 */
#ifndef HT_APP_PRIV_H
#define HT_APP_PRIV_H

#include <hoptop/types.h>

/**
 * Go back to the real user; of all capabilities keep those that raw sockets need,
 * and put none into effect.
 *
 * @return 0 or negative errno: then do not go on
 */
int app_priv_begin(void);

/**
 * Put into effect what raw sockets need, as far as it is there.
 *
 * @param has_mark  SO_MARK is to be set, too (CAP_NET_ADMIN before Linux 5.17)
 * @return 0, or -EPERM: this user may not open raw sockets
 */
int app_priv_raise(bool has_mark);

/**
 * Give up every capability for good, and see that it is gone.
 *
 * @param holds_raw  raw sockets are open: let no other process of this user reach
 *                   into ours (no ptrace, no core dump)
 * @return 0 or negative errno: then do not go on
 */
int app_priv_drop(bool holds_raw);

#endif /* HT_APP_PRIV_H */
