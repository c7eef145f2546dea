/* SPDX-License-Identifier: ISC */
/**
 * @file lport.h
 * The source ports of TCP flows, each taken for as long as the run lasts.
 *
 * Two processes that send SYNs from one port to one target would get each other's
 * answers, or none.  So a port is bound to without SO_REUSEADDR, which fails if
 * anybody has it, and kept.
 */
#ifndef HT_TRANSPORT_LINUX_LPORT_H
#define HT_TRANSPORT_LINUX_LPORT_H

#include <hoptop/types.h>

#include "transport/linux/sockopt.h"

/** Most ports: those of 64 flows in two families. */
#define HT_LPORTS 128

/** A source port. */
struct ht_lport {
	uint8_t family;  /**< HT_FAMILY_NONE: this place is free */
	uint16_t wanted; /**< what the flow asks for */
	uint16_t actual; /**< what it got */
	int fd;          /**< keeps it; -1: no descriptor was left for that */
};

/** All of them; zeroed at the beginning. */
struct ht_lports {
	struct ht_lport ports[HT_LPORTS];
};

/**
 * Give the port for a flow, taken now if it was not before.
 *
 * @param is_named  no other port will do
 * @return 0, -EADDRINUSE (is_named, and it is taken), -EACCES (a privileged one),
 *         -EMFILE (HT_LPORTS are in use), -EADDRNOTAVAIL (the source of cfg is no
 *         address of this host any more), ...
 */
int ht_lport_get(struct ht_lports *lps, const struct ht_socket_config *cfg,
    unsigned family, uint16_t wanted, bool is_named, struct ht_lport **ret_port);

/**
 * Take another port instead.
 *
 * @param ret_old  what to give to ht_lport_undo() or ht_lport_release()
 * @return 0, or negative errno and nothing is changed
 */
int ht_lport_change(
    struct ht_lport *p, const struct ht_socket_config *cfg, struct ht_lport *ret_old);

/** Go back to the port from before ht_lport_change(). */
void ht_lport_undo(struct ht_lport *p, const struct ht_lport *old);

/** Let a port go. */
void ht_lport_release(struct ht_lport *p);

/** Let all of them go. */
void ht_lports_done(struct ht_lports *lps);

#endif /* HT_TRANSPORT_LINUX_LPORT_H */
