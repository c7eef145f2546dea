/* SPDX-License-Identifier: ISC */
#include "transport/linux/match.h"

#include <string.h>

#include "transport/linux/identity.h"

static struct dgram_sent *
sent_by_slot(struct dgram *t, const struct ht_socket *s, uint16_t slot)
{
	struct dgram_sent *sent = &t->sent[slot];

	return sent->is_used && sent->s == s ? sent : NULL;
}

struct dgram_sent *
ht_match_sent(struct dgram *t, const struct ht_socket *s, uint32_t token)
{
	struct dgram_sent *sent = sent_by_slot(t, s, (uint16_t)token);

	return sent != NULL && sent->token == token ? sent : NULL;
}

bool
ht_match_echo(struct dgram *t, const struct ht_socket *s, uint8_t type, bool is_quote,
    const uint8_t *data, size_t len, struct ht_clue *ret_clue)
{
	if (len < DGRAM_L4_SIZE || data[0] != type)
		return false;
	*ret_clue = (struct ht_clue){
		.slot = (uint16_t)(data[6] << 8 | data[7]),
		.payload = data + DGRAM_L4_SIZE,
		.len = len - DGRAM_L4_SIZE,
		.is_quote = is_quote,
	};
	ret_clue->by_number = sent_by_slot(t, s, ret_clue->slot);
	return true;
}

/* Could it be of a probe that was too small to have an identity, and has left a
 * moment ago? */
static bool
is_small(const struct dgram *t, const struct ht_socket *s, const struct ht_clue *clue)
{
	size_t len = clue->len;

	while (len > 0 && clue->payload[len - 1] == 0)
		len--;
	return len < HT_IDENTITY_SIZE && s->small_at != 0
	       && t->now - s->small_at < HT_MATCH_FRESH;
}

bool
ht_match_is_bare(
    const struct dgram *t, const struct ht_socket *s, const struct ht_clue *clue)
{
	uint32_t token;

	if (s->proto != HT_PROTO_UDP)
		return false;
	switch (ht_identity_get(clue->payload, clue->len, t->magic, &token)) {
	case HT_IDENTITY_NONE:
		return true;
	case HT_IDENTITY_FOREIGN:
		/* Who answers with data may answer with his own. */
		return !clue->is_quote || is_small(t, s, clue);
	case HT_IDENTITY_OURS:
	case HT_IDENTITY_COUNT:
		break;
	}
	return false;
}

static bool
is_fresh(const struct dgram *t, const struct dgram_sent *sent)
{
	return t->now - sent->at.user < HT_MATCH_FRESH;
}

static bool
is_target(const struct dgram_sent *sent, const struct ht_addr *target)
{
	return memcmp(sent->target.bytes, target->bytes, sizeof(target->bytes)) == 0;
}

struct ht_found
ht_match_find(struct dgram *t, const struct ht_socket *s, const struct ht_clue *clue,
    const struct ht_addr *target)
{
	static const struct ht_found none = { .match = HT_MATCH_NONE };
	struct dgram_sent *sent = clue->by_number;
	uint32_t token = 0;
	enum ht_identity id = ht_identity_get(
	    clue->payload, clue->len, t->magic, &token);

	if (id == HT_IDENTITY_OURS) {
		if (s->proto == HT_PROTO_ICMP && clue->slot != (uint16_t)token)
			return none;
		return (struct ht_found){ HT_MATCH_EXACT, token,
			ht_match_sent(t, s, token) };
	}
	if (sent == NULL || (id == HT_IDENTITY_FOREIGN && sent->is_marked))
		return none;
	if (!is_target(sent, target) && !(clue->is_quote && is_fresh(t, sent)))
		return none;
	return (struct ht_found){ HT_MATCH_EXACT, sent->token, sent };
}
