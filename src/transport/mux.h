/* SPDX-License-Identifier: ISC */
/**
 * @file mux.h
 * A transport made of several, each for protocols of its own.
 */
#ifndef HT_TRANSPORT_MUX_H
#define HT_TRANSPORT_MUX_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

/** Most members. */
#define HT_MUX_MAX 4

/** Most descriptors of one member. */
#define HT_MUX_FDS_MAX 256

/**
 * Put transports together.
 *
 * A probe goes to the first member whose capabilities have its protocol; none:
 * -EPROTONOSUPPORT.  Descriptors stand one after the other in the order of the
 * members.  The capabilities are those of any member.
 *
 * @param name     as shown on the screen; lives as long as the transport
 * @param members  1..HT_MUX_MAX, owned from now on, also on failure; closed with it
 * @return NULL when memory is short
 */
struct ht_transport *ht_mux_open(
    const char *name, struct ht_transport *const *members, unsigned n);

#endif /* HT_TRANSPORT_MUX_H */
