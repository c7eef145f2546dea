/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "transport/linux/stamps.h"

#include <time.h>

/* The offset of the clocks is known to less than a microsecond, and slewing
 * moves both clocks alike: what is more than this is a step. */
#define STEP HT_MS

/* Reading two clocks takes 0.1 us; if more, we were interrupted in between. */
#define READING_MAX (2 * HT_US)
#define READINGS    4

static ht_time
read_clock(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * HT_S + ts.tv_nsec;
}

void
ht_stamps_now(struct ht_instant *ret_at)
{
	ht_time best = HT_TIME_NEVER;

	ret_at->kernel = 0;
	for (int i = 0; i < READINGS && best > READING_MAX; i++) {
		ht_time before = read_clock(CLOCK_MONOTONIC);
		ht_time wall = read_clock(CLOCK_REALTIME);
		ht_time after = read_clock(CLOCK_MONOTONIC);
		if (after - before < best) {
			best = after - before;
			ret_at->offset = wall - before - best / 2;
		}
		ret_at->user = after;
	}
}

static bool
was_set_between(const struct ht_instant *a, const struct ht_instant *b)
{
	ht_time moved = a->offset - b->offset;

	return moved > STEP || moved < -STEP;
}

static void
put(ht_time user, ht_time kernel, ht_time offset, ht_time *ret_at, uint8_t *ret_stamp)
{
	*ret_at = kernel != 0 ? kernel - offset : user;
	*ret_stamp = kernel != 0 ? HT_STAMP_KERNEL : HT_STAMP_USER;
}

static void
put_pair(const struct ht_instant *tx, ht_time tx_kernel, const struct ht_instant *rx,
    ht_time rx_kernel, struct ht_reply *rp)
{
	/* One offset for both, so that its error cancels out. */
	put(tx->user, tx_kernel, rx->offset, &rp->tx_ns, &rp->tx_stamp);
	put(rx->user, rx_kernel, rx->offset, &rp->rx_ns, &rp->rx_stamp);
}

static bool
is_possible(ht_time rtt, const struct ht_instant *tx, const struct ht_instant *rx)
{
	return rtt >= 0 && rtt <= rx->user - tx->user;
}

/*
 * The wall clock was set between the two.  The answer's stamp is from before that or
 * from after it, and mostly one of these cannot be: the round trip that it makes
 * would be negative, or longer than by our own clock.
 */
static bool
put_across_step(
    const struct ht_instant *tx, const struct ht_instant *rx, struct ht_reply *rp)
{
	ht_time before = rx->kernel - tx->kernel;
	ht_time after = before - (rx->offset - tx->offset);

	if (tx->kernel == 0 || rx->kernel == 0
	    || is_possible(before, tx, rx) == is_possible(after, tx, rx))
		return false;
	rp->tx_ns = tx->user;
	rp->rx_ns = tx->user + (is_possible(before, tx, rx) ? before : after);
	rp->tx_stamp = rp->rx_stamp = HT_STAMP_KERNEL;
	return true;
}

void
ht_stamps_pair(
    const struct ht_instant *tx, const struct ht_instant *rx, struct ht_reply *rp)
{
	if (tx == NULL) {
		put(rx->user, rx->kernel, rx->offset, &rp->rx_ns, &rp->rx_stamp);
		rp->tx_ns = rp->rx_ns;
		rp->tx_stamp = HT_STAMP_NONE;
		return;
	}
	if (was_set_between(tx, rx)) {
		if (!put_across_step(tx, rx, rp))
			put_pair(tx, 0, rx, 0, rp);
		return;
	}
	put_pair(tx, tx->kernel, rx, rx->kernel, rp);
	if (rp->rx_ns < rp->tx_ns)
		put_pair(tx, 0, rx, rx->kernel, rp);
	if (rp->rx_ns < rp->tx_ns)
		put_pair(tx, 0, rx, 0, rp);
}
