/* SPDX-License-Identifier: ISC */
/**
 * @file stamps.h
 * Time stamps: the kernel's are wall-clock, what is handed up is monotonic.
 */
#ifndef HT_TRANSPORT_LINUX_STAMPS_H
#define HT_TRANSPORT_LINUX_STAMPS_H

#include <hoptop/transport.h>
#include <hoptop/types.h>

/** A departure or an arrival, as both clocks saw it. */
struct ht_instant {
	ht_time user;   /**< monotonic; taken by us around the system call */
	ht_time offset; /**< wall clock minus monotonic clock at that time */
	ht_time kernel; /**< wall clock; the kernel's stamp, 0 if there is none */
};

/** Read both clocks; the kernel's stamp is 0. */
void ht_stamps_now(struct ht_instant *ret_at);

/**
 * Choose the best pair of stamps and write it to a reply.
 *
 * Kernel to kernel where both are there; else the missing side is our own
 * clock's.  If the wall clock was set between the two and it cannot be told on
 * which side of that the answer came, or if a kernel stamp would make time run
 * backwards, both sides are our own.  rx_ns is never less than tx_ns.
 *
 * @param tx  NULL: not known any more; tx_ns = rx_ns, tx_stamp HT_STAMP_NONE
 * @param rp  its tx_ns, rx_ns, tx_stamp and rx_stamp are set
 */
void ht_stamps_pair(
    const struct ht_instant *tx, const struct ht_instant *rx, struct ht_reply *rp);

#endif /* HT_TRANSPORT_LINUX_STAMPS_H */
