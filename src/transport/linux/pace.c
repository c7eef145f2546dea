/* SPDX-License-Identifier: ISC */
#include "transport/linux/pace.h"

/* A second that lasts longer had a pause in it. */
#define SECOND_MAX (HT_S + 4 * HT_PACE_WAIT)

void
ht_pace_sent(struct ht_pace *pace, ht_time now)
{
	ht_time lasted = now - pace->begin;

	if (lasted >= HT_S) {
		pace->is_steady = lasted < SECOND_MAX && pace->count >= HT_PACE_STEADY;
		pace->begin = now;
		pace->count = 0;
	}
	pace->count++;
	if (pace->is_steady && !pace->is_hurried)
		pace->until = now + HT_PACE_WAIT;
}

void
ht_pace_hurry(struct ht_pace *pace)
{
	pace->is_hurried = true;
	pace->until = 0;
}
