/* SPDX-License-Identifier: ISC */
/**
 * @file lag.h
 * How long an answer waits for us: what of a time by our own clock was not travel.
 *
 * The kernel stamps ICMP errors, but no TCP reset; of that we know only when we had
 * woken up for it.  Stamped answers tell how long that takes: 5 to 100 us, which is as
 * much as a LAN.  The least of the newest ones is what the next one has waited for at
 * least, as a rule.
 *
 * Pure.
 */
#ifndef HT_TRANSPORT_LINUX_LAG_H
#define HT_TRANSPORT_LINUX_LAG_H

#include <hoptop/types.h>

#include "transport/linux/stamps.h"

/** Answers that are remembered. */
#define HT_LAGS 8

/** What is longer is other people's load, and may be over. */
#define HT_LAG_MAX (100 * HT_US)

/** What is known; zeroed at the beginning. */
struct ht_lag {
	ht_time newest[HT_LAGS];
	unsigned n;   /**< of all */
	bool is_told; /**< this wake-up has been noted */
};

/**
 * We woke up.  Of all that is found now only the first answer counts: what one late
 * wake-up finds has all waited for the same reason.
 */
void ht_lag_woke(struct ht_lag *lag);

/** An answer came; nothing happens if it is not stamped. */
void ht_lag_note(struct ht_lag *lag, const struct ht_instant *at);

/** What may be taken off a time by our own clock, 0..HT_LAG_MAX; 0 if too little is
 * known. */
ht_time ht_lag_least(const struct ht_lag *lag);

#endif /* HT_TRANSPORT_LINUX_LAG_H */
