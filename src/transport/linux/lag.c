/* SPDX-License-Identifier: ISC */
#include "transport/linux/lag.h"

void
ht_lag_woke(struct ht_lag *lag)
{
	lag->is_told = false;
}

void
ht_lag_note(struct ht_lag *lag, const struct ht_instant *at)
{
	if (at->kernel == 0 || lag->is_told)
		return;
	lag->newest[lag->n++ % HT_LAGS] = at->user - (at->kernel - at->offset);
	lag->is_told = true;
}

ht_time
ht_lag_least(const struct ht_lag *lag)
{
	ht_time least = lag->n < HT_LAGS ? 0 : HT_LAG_MAX;

	for (unsigned i = 0; i < HT_LAGS; i++)
		if (lag->newest[i] < least)
			least = lag->newest[i];
	/* The wall clock was set in between. */
	return least > 0 ? least : 0;
}
