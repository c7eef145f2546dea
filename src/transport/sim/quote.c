/* SPDX-License-Identifier: ISC */
#include "transport/sim/quote.h"

#include "base/addr.h"
#include "packet/csum.h"

/* In one's complement, to take away is to add the complement. */
static uint16_t
exchange(uint16_t sum, const uint8_t *was, const uint8_t *is, size_t len)
{
	uint16_t sum_was = (uint16_t)~ht_csum_add(0, was, len);
	const uint8_t word[2] = { (uint8_t)(sum_was >> 8), (uint8_t)sum_was };

	return ht_csum_add(ht_csum_add(sum, word, 2), is, len);
}

static uint16_t
exchange_addr(uint16_t sum, const struct ht_addr *was, const struct ht_addr *is)
{
	if (is->family == HT_FAMILY_NONE)
		return sum;
	return exchange(sum, was->bytes, is->bytes, ht_addr_size(is));
}

static uint16_t
exchange_port(uint16_t sum, uint16_t was, uint16_t is)
{
	const uint8_t old[2] = { (uint8_t)(was >> 8), (uint8_t)was };
	const uint8_t new[2] = { (uint8_t)(is >> 8), (uint8_t)is };

	return is == 0 ? sum : exchange(sum, old, new, 2);
}

uint16_t
ht_sim_quoted_checksum(
    const struct ht_sim_headers *sent, const struct ht_sim_rewrite *rw)
{
	bool is_icmp = sent->proto == HT_PROTO_ICMP;
	uint16_t sum = (uint16_t)~sent->checksum;

	if (rw->checksum >= 0)
		return (uint16_t)rw->checksum;
	if ((is_icmp && sent->target.family == HT_FAMILY_IP4)
	    || (sent->proto == HT_PROTO_UDP && sent->checksum == 0))
		return sent->checksum;
	sum = exchange_addr(sum, &sent->source, &rw->source);
	sum = exchange_addr(sum, &sent->target, &rw->target);
	if (!is_icmp) {
		sum = exchange_port(sum, sent->sport, rw->sport);
		sum = exchange_port(sum, sent->dport, rw->dport);
	}
	sum = (uint16_t)~sum;
	return sum == 0 && sent->proto == HT_PROTO_UDP ? 0xffff : sum;
}

static bool
is_other(const struct ht_addr *is, const struct ht_addr *was)
{
	return is->family != HT_FAMILY_NONE && !ht_addr_equal(is, was);
}

static bool
is_other_port(uint16_t is, uint16_t was)
{
	return is != 0 && is != was;
}

/* Which fields lie within the first len bytes; RFC 791, 8200, 792, 768, 9293. */
static unsigned
fields_within(const struct ht_sim_headers *sent, size_t len)
{
	static const size_t checksum_end[HT_PROTO_COUNT] = {
		[HT_PROTO_ICMP] = 4, [HT_PROTO_UDP] = 8, [HT_PROTO_TCP] = 18
	};
	bool is_ip6 = sent->target.family == HT_FAMILY_IP6;
	size_t header = is_ip6 ? 40 : 20;
	unsigned seen = 0;

	if (len < header)
		return 0;
	seen |= HT_QUOTE_TOS | HT_QUOTE_TTL | HT_QUOTE_ADDRESS;
	seen |= is_ip6 ? HT_QUOTE_LABEL : HT_QUOTE_ID;
	if (len >= header + 4 && sent->proto != HT_PROTO_ICMP)
		seen |= HT_QUOTE_PORT;
	if (len >= header + checksum_end[sent->proto])
		seen |= HT_QUOTE_CHECKSUM;
	return seen;
}

static unsigned
fields_changed(const struct ht_sim_headers *sent, const struct ht_sim_rewrite *rw)
{
	unsigned changed = 0;

	if (rw->tos != sent->tos)
		changed |= HT_QUOTE_TOS;
	if (rw->id >= 0 && rw->id != sent->id)
		changed |= HT_QUOTE_ID;
	if (is_other(&rw->source, &sent->source)
	    || is_other(&rw->target, &sent->target))
		changed |= HT_QUOTE_ADDRESS;
	if (is_other_port(rw->sport, sent->sport)
	    || is_other_port(rw->dport, sent->dport))
		changed |= HT_QUOTE_PORT;
	if (ht_sim_quoted_checksum(sent, rw) != sent->checksum)
		changed |= HT_QUOTE_CHECKSUM;
	return changed;
}

void
ht_sim_quote(const struct ht_sim_headers *sent, const struct ht_sim_rewrite *rw,
    size_t len, struct ht_quote *ret_quote)
{
	unsigned seen = fields_within(sent, len < sent->size ? len : sent->size);
	struct ht_quote quote = { .seen = (uint16_t)seen };

	quote.changed = (uint16_t)(fields_changed(sent, rw) & seen);
	if (seen & HT_QUOTE_TOS)
		quote.tos = rw->tos;
	if (seen & HT_QUOTE_TTL)
		quote.ttl = rw->ttl;
	if (seen & HT_QUOTE_ID)
		quote.id = rw->id >= 0 ? (uint16_t)rw->id : sent->id;
	if (seen & HT_QUOTE_CHECKSUM)
		quote.checksum = ht_sim_quoted_checksum(sent, rw);
	if (seen & HT_QUOTE_LABEL)
		quote.label = sent->label;
	*ret_quote = quote;
}
