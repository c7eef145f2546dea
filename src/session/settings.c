/* SPDX-License-Identifier: ISC */
#include "session/settings.h"

#include <stdlib.h>

void
ht_settings_init(struct ht_settings *set)
{
	*set = (struct ht_settings){
		.proto = HT_PROTO_ICMP,
		.interval_ns = HT_S,
		.timeout_ns = 3 * HT_S,
		.grace_ns = 5 * HT_S,
		.first_ttl = 1,
		.max_ttl = 30,
		.max_unknown = 12,
		.at_once = 1,
		.size = 64,
		.flows = 1,
		.history = 86400,
	};
}

bool
ht_settings_are_valid(const struct ht_settings *set, unsigned max_ttl)
{
	bool is_timed = set->interval_ns > 0 && set->timeout_ns > 0
			&& set->grace_ns >= 0;
	bool is_ranged = set->first_ttl >= 1 && set->first_ttl <= set->max_ttl
			 && set->max_ttl <= max_ttl && set->max_unknown >= 1;
	bool is_sized = set->size <= HT_SIZE_MAX && set->size >= -HT_SIZE_MAX
			&& (set->size >= HT_SIZE_MIN || set->size <= -HT_SIZE_MIN);

	bool is_known = set->proto > HT_PROTO_NONE && set->proto < HT_PROTO_COUNT;

	return is_timed && is_ranged && is_sized && is_known && set->tos <= 255
	       && set->pattern <= 255 && set->due_ttl <= HT_TTL_MAX;
}
