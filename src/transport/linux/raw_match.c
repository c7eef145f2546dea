/* SPDX-License-Identifier: ISC */
/*
 * In this order, the surest first:
 *
 *  1. magic and token in the payload; a payload that is another run's ends it;
 *  2. TCP: 32 bits of sequence number;
 *  3. ICMP: our identifier and the slot as sequence number;
 *  4. IPv4: the ID, if source or target is right as well;
 *  5. ports and addresses alone: good enough if only one probe of that flow has
 *     no answer yet.
 */
#include "transport/linux/raw_match.h"

#include <string.h>

#include "packet/ip.h"

/* What had no answer for so long will get none. */
#define TOO_OLD (10 * HT_S)

static bool
is_same(const struct ht_addr *a, const struct ht_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, 16) == 0;
}

static struct ht_raw_found
found(struct ht_raw_sent *sent, enum ht_match match)
{
	return (struct ht_raw_found){
		.match = (uint8_t)match, .token = sent->token, .sent = sent
	};
}

static struct ht_raw_found
nobodys(bool is_about_us)
{
	return (struct ht_raw_found){ .is_about_us = is_about_us };
}

static struct ht_raw_sent *
by_slot(struct ht_raw_table *tb, uint32_t token)
{
	return &tb->sent[(uint16_t)token];
}

/* By the payload; the slot may have been taken anew since. */
static struct ht_raw_found
by_token(struct ht_raw_table *tb, uint32_t token, unsigned proto)
{
	struct ht_raw_sent *sent = by_slot(tb, token);

	if (!sent->is_used || sent->token != token)
		return (struct ht_raw_found){ .match = HT_MATCH_EXACT, .token = token };
	return sent->proto == proto ? found(sent, HT_MATCH_EXACT) : nobodys(true);
}

/* Ports alone ***************************************************************/

static bool
is_alike(const struct ht_raw_sent *sent, const struct ht_raw_sent *like)
{
	return sent->proto == like->proto && sent->local_port == like->local_port
	       && sent->port == like->port && is_same(&sent->target, &like->target)
	       && (like->source.family == HT_FAMILY_NONE
		   || is_same(&sent->source, &like->source));
}

/* Those of the flow that wait for an answer: the oldest, and how many there are. */
static struct ht_raw_sent *
find_waiting(struct ht_raw_table *tb, const struct ht_raw_sent *like, ht_time now,
    unsigned *ret_n)
{
	unsigned depth = tb->count < HT_RAW_RECENT ? tb->count : HT_RAW_RECENT;
	struct ht_raw_sent *oldest = NULL;

	*ret_n = 0;
	for (unsigned i = 1; i <= depth; i++) {
		uint32_t at = (tb->count - i) % HT_RAW_RECENT;
		struct ht_raw_sent *sent = &tb->sent[tb->recent[at]];
		if (now - sent->at.user > TOO_OLD)
			break;
		if (sent->is_answered || !is_alike(sent, like))
			continue;
		/* With company it may lose its own answer to another one. */
		if (oldest != NULL)
			sent->is_doubted = oldest->is_doubted = true;
		oldest = sent;
		(*ret_n)++;
	}
	return oldest;
}

/*
 * The one probe of the flow that waits for an answer, or one of several.  One that is
 * left over of several is no surer than they were.
 */
static struct ht_raw_found
by_ports(struct ht_raw_table *tb, const struct ht_raw_sent *like, ht_time now)
{
	unsigned n;
	struct ht_raw_sent *oldest = find_waiting(tb, like, now, &n);

	if (n == 0)
		return nobodys(false);

	bool is_sure = n == 1 && !oldest->is_doubted;
	struct ht_raw_found f = found(
	    oldest, is_sure ? HT_MATCH_MAPPED : HT_MATCH_AMBIGUOUS);
	f.is_anybodys = !is_sure;
	return f;
}

/* Quotes ********************************************************************/

/* One end of the probe, as the quote has it. */
enum end {
	END_WRONG = 0, /* the address is right, the port is not: somebody else's */
	END_REWRITTEN, /* another address, and maybe port */
	END_RIGHT
};

static enum end
judge(const struct ht_addr *is, const struct ht_addr *was, bool is_port_right)
{
	if (!is_same(is, was))
		return END_REWRITTEN;
	return is_port_right ? END_RIGHT : END_WRONG;
}

static enum end
judge_source(const struct ht_raw_table *tb, const struct ht_original *o,
    const struct ht_raw_sent *sent)
{
	bool is_port_right = o->proto == HT_PROTO_ICMP ? o->id == tb->echo_id
						       : o->sport == sent->local_port;

	return judge(&o->ip.src, &sent->source, is_port_right);
}

static enum end
judge_target(const struct ht_original *o, const struct ht_raw_sent *sent)
{
	bool is_port_right = o->proto == HT_PROTO_ICMP || o->dport == sent->port;

	return judge(&o->ip.dst, &sent->target, is_port_right);
}

/* A NAT changes one end of a packet, not both. */
static bool
are_ends_right(const struct ht_raw_table *tb, const struct ht_original *o,
    const struct ht_raw_sent *sent)
{
	enum end source = judge_source(tb, o, sent), target = judge_target(o, sent);

	return source != END_WRONG && target != END_WRONG
	       && (source == END_RIGHT || target == END_RIGHT);
}

/* A header that hides payload which is there, and says who has sent it, lies. */
static bool
is_length_right(const struct ht_original *o, const struct ht_raw_sent *sent)
{
	size_t headers = o->ip.src.family == HT_FAMILY_IP6 ? 48 : 28;
	size_t here = o->ip.data_len - 8, was = sent->size - headers;

	return o->proto != HT_PROTO_UDP || o->payload_len >= (here < was ? here : was);
}

/* By the IPv4 ID.  Where the source was rewritten anybody behind the same NAT may
 * have sent it, so the size has to be right as well. */
static bool
is_by_id(const struct ht_raw_table *tb, const struct ht_original *o,
    const struct ht_raw_sent *sent)
{
	if (o->ip.src.family != HT_FAMILY_IP4 || !sent->is_used || sent->id != o->ip.id
	    || sent->proto != o->proto || !are_ends_right(tb, o, sent)
	    || !is_length_right(o, sent))
		return false;
	if (o->proto == HT_PROTO_ICMP && o->seq != (uint16_t)sent->token)
		return false;
	return judge_source(tb, o, sent) == END_RIGHT || o->ip.total == sent->size;
}

/* By the number of TCP, or that of ICMP under our identifier. */
static bool
is_by_seq(const struct ht_raw_table *tb, const struct ht_original *o,
    const struct ht_raw_sent *sent)
{
	if (!sent->is_used || sent->proto != o->proto || !are_ends_right(tb, o, sent))
		return false;
	return o->proto == HT_PROTO_TCP ? o->tcp_seq == ht_raw_seq(tb, sent->token)
					: o->id == tb->echo_id;
}

/* UDP over IPv6 has no number but its checksum, see raw_probe.c; NULL if several have
 * the same. */
static struct ht_raw_sent *
find_by_checksum(struct ht_raw_table *tb, const struct ht_original *o)
{
	unsigned depth = tb->count < HT_RAW_RECENT ? tb->count : HT_RAW_RECENT;
	struct ht_raw_sent *found_one = NULL;

	if ((o->quote.seen & HT_QUOTE_CHECKSUM) == 0)
		return NULL;
	for (unsigned i = 1; i <= depth; i++) {
		struct ht_raw_sent *sent =
		    &tb->sent[tb->recent[(tb->count - i) % HT_RAW_RECENT]];
		if (!sent->is_used || sent->proto != HT_PROTO_UDP || !sent->is_numbered
		    || sent->checksum != o->quote.checksum
		    || judge_source(tb, o, sent) != END_RIGHT
		    || judge_target(o, sent) != END_RIGHT || !is_length_right(o, sent))
			continue;
		if (found_one != NULL && found_one != sent)
			return NULL;
		found_one = sent;
	}
	return found_one;
}

static struct ht_raw_sent *
find_numbered(struct ht_raw_table *tb, const struct ht_original *o)
{
	struct ht_raw_sent *sent = NULL;

	if (o->proto == HT_PROTO_UDP && o->ip.src.family == HT_FAMILY_IP6)
		return find_by_checksum(tb, o);

	if (o->proto == HT_PROTO_TCP)
		sent = by_slot(tb, ht_raw_seq_token(tb, o->tcp_seq));
	else if (o->proto == HT_PROTO_ICMP)
		sent = by_slot(tb, o->seq);
	if (sent != NULL && is_by_seq(tb, o, sent))
		return sent;
	sent = ht_raw_by_id(tb, o->ip.id);
	return is_by_id(tb, o, sent) ? sent : NULL;
}

/* Nothing but its ports and addresses is left of it. */
static struct ht_raw_found
find_unnumbered(struct ht_raw_table *tb, const struct ht_original *o, ht_time now)
{
	struct ht_raw_sent like = {
		.proto = o->proto,
		.local_port = o->sport,
		.port = o->dport,
		.target = o->ip.dst,
		.source = o->ip.src,
	};

	if (o->proto != HT_PROTO_UDP)
		return nobodys(o->proto == HT_PROTO_ICMP && o->id == tb->echo_id);

	struct ht_raw_found f = by_ports(tb, &like, now);
	return f.sent == NULL || is_length_right(o, f.sent) ? f : nobodys(true);
}

struct ht_raw_found
ht_raw_match_quote(struct ht_raw_table *tb, const struct ht_original *o, ht_time now)
{
	bool has_payload = o->proto == HT_PROTO_ICMP || o->proto == HT_PROTO_UDP;
	enum ht_identity id = HT_IDENTITY_NONE;
	uint32_t token = 0;

	if (has_payload)
		id = ht_identity_get(o->payload, o->payload_len, tb->magic, &token);
	if (id == HT_IDENTITY_OURS) {
		if (o->proto == HT_PROTO_ICMP && o->seq != (uint16_t)token)
			return nobodys(true);
		return by_token(tb, token, o->proto);
	}
	struct ht_raw_sent *sent = find_numbered(tb, o);
	if (sent != NULL && id == HT_IDENTITY_FOREIGN && sent->is_marked)
		return nobodys(true);
	if (sent != NULL)
		return found(sent, HT_MATCH_EXACT);

	/* Too small for an identity are probes whose payload looks like another's. */
	struct ht_raw_found f = find_unnumbered(tb, o, now);
	if (id == HT_IDENTITY_FOREIGN && (f.sent == NULL || f.sent->is_marked))
		return nobodys(false);
	return f;
}

void
ht_raw_compare(const struct ht_raw_table *tb, const struct ht_raw_sent *sent,
    const struct ht_original *o, struct ht_quote *ret_quote)
{
	struct ht_quote q = o->quote;
	bool is_icmp = sent->proto == HT_PROTO_ICMP;
	unsigned changed = 0;

	if (is_icmp && o->proto == HT_PROTO_ICMP)
		q.seen |= HT_QUOTE_PORT; /* a NAT takes its identifier for one */
	if (q.tos != sent->tos)
		changed |= HT_QUOTE_TOS;
	if (q.id != sent->id)
		changed |= HT_QUOTE_ID;
	if (q.checksum != sent->checksum)
		changed |= HT_QUOTE_CHECKSUM;
	if (q.label != sent->label)
		changed |= HT_QUOTE_LABEL;
	if (!is_same(&o->ip.src, &sent->source) || !is_same(&o->ip.dst, &sent->target))
		changed |= HT_QUOTE_ADDRESS;
	if (is_icmp ? o->id != tb->echo_id
		    : o->sport != sent->local_port || o->dport != sent->port)
		changed |= HT_QUOTE_PORT;
	q.changed = (uint16_t)(changed & q.seen);
	*ret_quote = q;
}

/* Answers *******************************************************************/

struct ht_raw_found
ht_raw_match_echo(
    struct ht_raw_table *tb, const struct ht_icmp *icmp, const struct ht_addr *from)
{
	struct ht_raw_sent *sent = by_slot(tb, icmp->seq);
	uint32_t token = 0;
	enum ht_identity id = ht_identity_get(
	    icmp->data, icmp->data_len, tb->magic, &token);

	if (icmp->id != tb->echo_id)
		return nobodys(false);
	if (id == HT_IDENTITY_OURS)
		return icmp->seq == (uint16_t)token ? by_token(tb, token, HT_PROTO_ICMP)
						    : nobodys(true);
	if (!sent->is_used || sent->proto != HT_PROTO_ICMP || sent->is_marked
	    || !is_same(&sent->target, from))
		return nobodys(true);
	return found(sent, HT_MATCH_EXACT);
}

struct ht_raw_found
ht_raw_match_udp(struct ht_raw_table *tb, const struct ht_udp *udp,
    const struct ht_addr *from, ht_time now)
{
	struct ht_raw_sent like = {
		.proto = HT_PROTO_UDP,
		.local_port = udp->dport,
		.port = udp->sport,
		.target = *from,
	};
	uint32_t token = 0;

	/* It may have come back as it was; most answers have a payload of their own. */
	if (ht_identity_get(udp->data, udp->data_len, tb->magic, &token)
	    == HT_IDENTITY_OURS)
		return by_token(tb, token, HT_PROTO_UDP);
	return by_ports(tb, &like, now);
}

/* Is it this probe that the packet acknowledges?  A reset counts its data, too. */
static bool
is_acked(const struct ht_raw_table *tb, const struct ht_raw_sent *sent,
    const struct ht_tcp *tcp)
{
	uint32_t ack = tcp->ack - ht_raw_seq(tb, sent->token) - 1;

	return sent->is_used && sent->proto == HT_PROTO_TCP
	       && sent->local_port == tcp->dport && sent->port == tcp->sport
	       && (ack == 0 || ack == sent->data_len);
}

static struct ht_raw_sent *
find_acked(
    struct ht_raw_table *tb, const struct ht_tcp *tcp, const struct ht_addr *from)
{
	unsigned depth = tb->count < HT_RAW_RECENT ? tb->count : HT_RAW_RECENT;
	struct ht_raw_sent *sent = by_slot(tb, ht_raw_seq_token(tb, tcp->ack - 1));

	if (is_acked(tb, sent, tcp) && is_same(&sent->target, from))
		return sent;
	for (unsigned i = 1; i <= depth; i++) {
		sent = &tb->sent[tb->recent[(tb->count - i) % HT_RAW_RECENT]];
		if (is_acked(tb, sent, tcp) && is_same(&sent->target, from))
			return sent;
	}
	return NULL;
}

/* A target may answer from another address, as through a load balancer.  32 bits of
 * sequence number are hardly right by chance. */
static struct ht_raw_sent *
find_acked_by_other(
    struct ht_raw_table *tb, const struct ht_tcp *tcp, const struct ht_addr *from)
{
	struct ht_raw_sent *sent = by_slot(tb, ht_raw_seq_token(tb, tcp->ack - 1));

	return is_acked(tb, sent, tcp) && sent->target.family == from->family ? sent
									      : NULL;
}

/*
 * A plain ACK is what Linux says to a SYN while it still waits for the end of the
 * handshake with an earlier one of the same ports: it acknowledges that one.
 */
static struct ht_raw_found
match_challenge(struct ht_raw_table *tb, const struct ht_tcp *tcp,
    const struct ht_addr *from, ht_time now)
{
	struct ht_raw_sent *sent = find_acked(tb, tcp, from);

	return sent != NULL ? by_ports(tb, sent, now) : nobodys(true);
}

struct ht_raw_found
ht_raw_match_tcp(struct ht_raw_table *tb, const struct ht_tcp *tcp,
    const struct ht_addr *from, ht_time now, uint8_t *ret_kind)
{
	unsigned flags = tcp->flags & (HT_TCP_SYN | HT_TCP_RST | HT_TCP_ACK);
	struct ht_raw_sent *sent;

	*ret_kind = flags & HT_TCP_RST ? HT_REPLY_TCP_CLOSED : HT_REPLY_TCP_OPEN;
	if (flags == HT_TCP_ACK)
		return match_challenge(tb, tcp, from, now);
	if (flags != (HT_TCP_SYN | HT_TCP_ACK) && flags != (HT_TCP_RST | HT_TCP_ACK))
		return nobodys(true);
	sent = find_acked(tb, tcp, from);
	if (sent == NULL)
		sent = find_acked_by_other(tb, tcp, from);
	return sent != NULL ? found(sent, HT_MATCH_EXACT) : nobodys(true);
}
