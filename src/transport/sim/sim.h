/* SPDX-License-Identifier: ISC */
/**
 * @file sim.h
 * The simulated internet as a transport on a virtual clock, and the demo.
 */
#ifndef HT_TRANSPORT_SIM_SIM_H
#define HT_TRANSPORT_SIM_SIM_H

#include "transport/sim/net.h"

/** Most answers in flight; sending more fails with -ENOBUFS. */
#define HT_SIM_FLIGHT_MAX 16384

/**
 * Open a transport that carries probes through a scenario.
 *
 * Time is what the caller says, so that a simulated hour takes milliseconds, or
 * an hour if the clock is a real one.  Nothing is allocated afterwards.
 *
 * @param net  borrowed until close
 * @param err  filled on failure
 * @return NULL when memory is short
 */
struct ht_transport *ht_sim_open(struct ht_simnet *net, struct ht_err *err);

/**
 * The scenario that --demo shows, as text.
 *
 * @param ret_len  its length; the text is not terminated
 */
const char *ht_sim_demo(size_t *ret_len);

#endif /* HT_TRANSPORT_SIM_SIM_H */
