/* SPDX-License-Identifier: ISC */
#include "transport/linux/hold.h"

#include "base/addr.h"

#define WAIT       (250 * HT_MS)
#define WAIT_SHORT (100 * HT_MS)

/* silent[ttl] counts SYNs without an answer, 0 at first, then 1..TURN again and
 * again; or says that this hop answers, or did and is silent now. */
#define TURN     8
#define ANSWERED 255
#define MISSED   254

struct ht_hold *
ht_hold_find(struct ht_holds *hs, const struct ht_addr *target)
{
	struct ht_hold *found = NULL, *oldest = &hs->holds[0];

	for (unsigned i = 0; i < HT_HOLD_TARGETS && found == NULL; i++) {
		struct ht_hold *h = &hs->holds[i];
		if (ht_addr_equal(&h->target, target))
			found = h;
		if (h->used < oldest->used)
			oldest = h;
	}
	if (found == NULL) {
		*oldest = (struct ht_hold){ .target = *target };
		found = oldest;
	}
	found->used = ++hs->count;
	return found;
}

void
ht_hold_answered(struct ht_hold *h, unsigned ttl, ht_time rtt_ns)
{
	h->silent[ttl] = ANSWERED;
	h->is_begun = true;
	if (rtt_ns > h->worst_ns)
		h->worst_ns = rtt_ns;
}

void
ht_hold_silent(struct ht_hold *h, unsigned ttl)
{
	uint8_t *n = &h->silent[ttl];

	h->is_begun = true;
	if (*n >= MISSED)
		*n = MISSED;
	else
		*n = *n < TURN ? (uint8_t)(*n + 1) : 1;
}

static ht_time
at_least(ht_time a, ht_time b)
{
	return a > b ? a : b;
}

ht_time
ht_hold_limit(const struct ht_hold *h)
{
	bool is_far = h->worst_ns == 0 || h->worst_ns > HT_HOLD_MAX / 2;

	return is_far ? HT_HOLD_LONG : HT_HOLD_MAX;
}

ht_time
ht_hold_time(const struct ht_hold *h, unsigned ttl)
{
	uint8_t silent = h->silent[ttl];
	ht_time limit = ht_hold_limit(h);
	ht_time wait = at_least(4 * h->worst_ns, WAIT);

	if (silent == 1 || silent == ANSWERED || !h->is_begun)
		wait = limit;
	else if (silent > 1 && silent != MISSED && h->worst_ns > 0)
		wait = at_least(2 * h->worst_ns, WAIT_SHORT);
	return wait < limit ? wait : limit;
}
