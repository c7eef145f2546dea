/* SPDX-License-Identifier: ISC */
/*
 * What the simulated internet answers.
 *
 * A probe goes out over the links 1..k to the hop that answers: the one where
 * its TTL ends, the target, or a router that says no.
 *
 *  1. The changes that hold now are applied to the hops of the file; the result
 *     is kept until the next change begins or ends.
 *  2. The routers on its way are chosen where a hop has several; each link may
 *     lose the probe, one draw per link.
 *  3. The answering hop may be silent, over its rate limit, or lose its answer.
 *  4. Each link on the way back may lose the answer.
 *  5. Its time is the hop's rtt and jitter, plus what the links add.
 *
 * The draws of a probe come from a generator of its own, made of the seed, its
 * TTL and its number: what is sent to one hop changes nothing at another.
 */
#include "transport/sim/net.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "transport/sim/hop.h"

const char *
ht_simnet_title(const struct ht_simnet *net)
{
	return net->title;
}

unsigned
ht_simnet_targets(const struct ht_simnet *net)
{
	return net->n_targets;
}

const struct ht_sim_target *
ht_simnet_target(const struct ht_simnet *net, unsigned i)
{
	assert(i < net->n_targets);
	return &net->targets[i];
}

bool
ht_simnet_has_rewrites(const struct ht_simnet *net)
{
	return net->has_rewrites;
}

bool
ht_simnet_is_target(const struct ht_simnet *net, const struct ht_addr *addr)
{
	for (unsigned i = 0; i < net->n_targets; i++)
		if (ht_addr_equal(&net->targets[i].addr, addr))
			return true;
	return false;
}

const struct ht_addr *
ht_simnet_source(const struct ht_simnet *net, enum ht_family family)
{
	return family == HT_FAMILY_IP6 ? &net->source6 : &net->source4;
}

const char *
ht_simnet_name(const struct ht_simnet *net, const struct ht_addr *addr)
{
	for (unsigned i = 0; i < net->n_names; i++)
		if (ht_addr_equal(&net->names[i].addr, addr))
			return net->names[i].name;
	return NULL;
}

unsigned
ht_simnet_notes(const struct ht_simnet *net)
{
	return net->n_notes;
}

const struct ht_sim_note *
ht_simnet_note(const struct ht_simnet *net, unsigned i)
{
	assert(i < net->n_notes);
	return &net->notes[i];
}

/*
 * Tell whether a change holds at t, and move *until to when that ends, if it is
 * sooner.
 */
static bool
holds(const struct sim_change *ch, ht_time t, ht_time *until)
{
	ht_time next = HT_TIME_NEVER;
	bool is_on;

	if (t < ch->from) {
		is_on = false;
		next = ch->from;
	} else if (ch->every > 0) {
		ht_time phase = (t - ch->from) % ch->every;
		ht_time span = ch->until - ch->from;
		is_on = phase < span;
		next = t - phase + (is_on && span < ch->every ? span : ch->every);
	} else {
		is_on = t < ch->until;
		if (is_on)
			next = ch->until;
	}
	if (next < *until)
		*until = next;
	return is_on;
}

/* Append hop k of the file, and what the changes put before it or say to it. */
static void
build_hop(struct ht_simnet *net, unsigned k, ht_time t)
{
	struct sim_hop hop = net->base[k - 1];
	bool is_removed = false;

	for (unsigned i = 0; i < net->n_changes; i++) {
		const struct sim_change *ch = &net->changes[i];
		if (ch->hop != k || !holds(ch, t, &net->valid_until))
			continue;
		if (ch->what == SIM_CHANGE_REMOVE)
			is_removed = true;
		if (ch->what == SIM_CHANGE_HOP)
			sim_hop_apply(&hop, &ch->words);
		if (ch->what == SIM_CHANGE_INSERT && net->n_hops < HT_TTL_MAX) {
			struct sim_hop *new_hop = &net->hops[net->n_hops++];
			sim_hop_init(new_hop, ch->id);
			sim_hop_apply(new_hop, &ch->words);
		}
	}
	if (!is_removed && net->n_hops < HT_TTL_MAX)
		net->hops[net->n_hops++] = hop;
}

/* Bring the hops up to the time t of the scenario. */
static void
refresh(struct ht_simnet *net, ht_time t)
{
	if (net->n_hops > 0 && t >= net->valid_from && t < net->valid_until)
		return;
	net->valid_from = t;
	net->valid_until = HT_TIME_NEVER;
	net->n_hops = 0;
	net->send_error = 0;
	for (unsigned k = 1; k <= net->n_base; k++)
		build_hop(net, k, t);
	for (unsigned i = 0; i < net->n_changes; i++) {
		const struct sim_change *ch = &net->changes[i];
		if (ch->what == SIM_CHANGE_SEND_ERROR
		    && holds(ch, t, &net->valid_until))
			net->send_error = ch->error;
	}
}

/* The time of the scenario; its first call is time 0. */
static ht_time
scenario_time(struct ht_simnet *net, ht_time now)
{
	if (!net->is_started) {
		net->is_started = true;
		net->start = now;
	}
	return now - net->start;
}

int
ht_simnet_send_error(struct ht_simnet *net, ht_time now)
{
	refresh(net, scenario_time(net, now));
	return -net->send_error;
}

unsigned
ht_simnet_hops(struct ht_simnet *net, ht_time now)
{
	refresh(net, scenario_time(net, now));
	return net->n_hops;
}

static uint64_t
mix(uint64_t a, uint64_t b)
{
	struct ht_rng rng;

	ht_rng_init(&rng, a ^ b);
	return ht_rng_next(&rng);
}

static bool
happens(struct ht_rng *rng, double share)
{
	/* Always one draw, so that a share of 0 shifts nothing. */
	return ht_rng_double(rng) < share;
}

static ht_time
exponential(struct ht_rng *rng, ht_time mean)
{
	return (ht_time)ht_rng_exp(rng, (double)mean);
}

/*
 * The way of one probe: the hops that it can reach, each with the router that it
 * meets there.
 */
struct way {
	unsigned n;
	struct step {
		const struct sim_hop *hop;
		const struct sim_branch *br;
		const struct ht_addr *addr; /* NULL if it has none of the family */
		unsigned index;             /* of the branch */
	} step[HT_TTL_MAX];
};

static const struct sim_hop *
current_hop(const struct ht_simnet *net, const struct sim_hop *base)
{
	for (unsigned i = 0; i < net->n_hops; i++)
		if (net->hops[i].id == base->id)
			return &net->hops[i];
	return base; /* removed, but others still choose like it */
}

/* The number that a hop chooses by; hops that choose alike get the same one. */
static uint64_t
choice(const struct ht_simnet *net, const struct sim_hop *hop,
    const struct ht_sim_probe *pr, uint64_t packet)
{
	/* This ends: what a hop refers to always comes before it. */
	while (hop->like > 0)
		hop = current_hop(net, &net->base[hop->like - 1]);
	return mix(mix(hop->id, hop->is_per_packet ? packet : pr->flow), 0x666c6f77);
}

/* Find the router that the probe meets at a hop. */
static struct step
meet(const struct ht_simnet *net, const struct sim_hop *hop,
    const struct ht_sim_probe *pr, uint64_t packet)
{
	unsigned n = sim_hop_addrs(hop, (enum ht_family)pr->target.family);
	struct step step = { .hop = hop };

	if (n > 1)
		step.index = (unsigned)(choice(net, hop, pr, packet) % n);
	step.br = &hop->branches[step.index];
	for (unsigned i = 0, k = 0; i < hop->n_addrs && step.addr == NULL; i++)
		if (hop->addrs[i].family == pr->target.family && k++ == step.index)
			step.addr = &hop->addrs[i];
	return step;
}

/* Find the way as far as the TTL goes. */
static void
find_way(const struct ht_simnet *net, const struct ht_sim_probe *pr, uint64_t packet,
    struct way *way)
{
	way->n = 0;
	for (unsigned i = 0; i < net->n_hops && way->n < pr->ttl; i++) {
		struct step step = meet(net, &net->hops[i], pr, packet);

		if (!step.br->is_absent)
			way->step[way->n++] = step;
	}
}

/* What a branch says goes before what the hop says. */
static double
share_of(double of_branch, double of_hop)
{
	return of_branch >= 0 ? of_branch : of_hop;
}

static ht_time
time_of(ht_time of_branch, ht_time of_hop)
{
	return of_branch >= 0 ? of_branch : of_hop;
}

/* Whom a hop turns away: all, what ends here, or what would go on. */
static const struct sim_unreach *
turned_away(const struct sim_hop *hop, bool goes_on)
{
	const struct sim_unreach *un = goes_on ? hop->blocks : hop->refuses;

	return un != NULL ? un : hop->unreach;
}

/* Find the hop that answers; 0 when the probe gets lost on the way there. */
static unsigned
travel(const struct way *way, const struct ht_sim_probe *pr, struct ht_rng *rng,
    const struct sim_unreach **ret_unreach, bool *ret_is_too_big)
{
	*ret_unreach = NULL;
	*ret_is_too_big = false;
	for (unsigned k = 1; k <= way->n; k++) {
		const struct step *step = &way->step[k - 1];
		bool goes_on = k < way->n;

		if (happens(rng, share_of(step->br->loss, step->hop->loss))
		    || (goes_on && step->hop->is_blackhole))
			return 0;
		*ret_unreach = turned_away(step->hop, goes_on);
		*ret_is_too_big = goes_on && step->hop->mtu > 0
				  && pr->size > step->hop->mtu && !pr->is_divisible;
		if (*ret_unreach != NULL || *ret_is_too_big)
			return k;
	}
	return way->n;
}

/* The TOS with which the probe gets to hop k. */
static uint8_t
tos_at(const struct way *way, unsigned k, uint8_t tos)
{
	for (unsigned i = 0; i < k; i++)
		if (way->step[i].hop->tos >= 0)
			tos = (uint8_t)way->step[i].hop->tos;
	return tos;
}

/* Take a token; like Linux, only ICMP errors need one. */
static bool
is_within_limit(struct sim_bucket *bucket, const struct sim_limit *limit, ht_time t)
{
	if (limit->rate <= 0)
		return true;
	if (!bucket->is_used) {
		*bucket = (struct sim_bucket){
			.tokens = limit->burst, .at = t, .is_used = true
		};
	} else if (t > bucket->at) {
		bucket->tokens += (double)(t - bucket->at) / (double)HT_S * limit->rate;
		bucket->at = t;
	}
	if (bucket->tokens > limit->burst)
		bucket->tokens = limit->burst;
	/* A whole token may be short of 1 by what the additions rounded off. */
	if (bucket->tokens < 1 - 1e-9)
		return false;
	bucket->tokens -= 1;
	return true;
}

/* Draw how long probe and answer take to hop k and back. */
static ht_time
draw_rtt(const struct way *way, unsigned k, struct ht_rng *rng)
{
	const struct sim_hop *hop = way->step[k - 1].hop;
	const struct sim_branch *br = way->step[k - 1].br;
	ht_time rtt = time_of(br->rtt, hop->rtt)
		      + exponential(rng, time_of(br->jitter, hop->jitter));

	if (happens(rng, hop->spikes.share))
		rtt += (ht_time)(ht_rng_double(rng) * (double)hop->spikes.span);
	for (unsigned i = 0; i < k; i++) {
		const struct step *step = &way->step[i];
		rtt += time_of(step->br->delay, step->hop->delay)
		       + exponential(rng, step->hop->queue);
	}
	return rtt;
}

/* Find the address that a hop answers from; false if it has none. */
static bool
find_source(
    const struct step *step, const struct ht_sim_probe *pr, struct ht_addr *ret_from)
{
	const struct sim_hop *hop = step->hop;
	const struct ht_addr *from = &hop->from[pr->target.family == HT_FAMILY_IP6];

	if (from->family != HT_FAMILY_NONE)
		*ret_from = *from;
	else if (step->addr != NULL && !hop->is_from_target)
		*ret_from = *step->addr;
	else if (hop->is_target || hop->is_from_target)
		*ret_from = pr->target;
	else
		return false;
	return true;
}

static void
set_icmp(
    struct ht_sim_answer *an, enum ht_reply_kind kind, unsigned type, unsigned code)
{
	an->kind = (uint8_t)kind;
	an->icmp_type = (uint8_t)type;
	an->icmp_code = (uint8_t)code;
}

static void
set_unreach(struct ht_sim_answer *an, bool is_ip6, const struct sim_unreach *un)
{
	set_icmp(an, HT_REPLY_UNREACHABLE, is_ip6 ? un->type6 : un->type4,
	    is_ip6 ? un->code6 : un->code4);
}

/* What the target itself says. */
static void
set_targets_own(struct ht_sim_answer *an, bool is_ip6, enum ht_reply_kind kind)
{
	static const struct sim_unreach port = { "port", 3, 3, 1, 4 };

	if (kind == HT_REPLY_UNREACHABLE)
		set_unreach(an, is_ip6, &port);
	else if (kind == HT_REPLY_ECHO)
		set_icmp(an, kind, is_ip6 ? 129 : 0, 0);
	else
		set_icmp(an, kind, 0, 0);
}

static bool
is_error(const struct ht_sim_answer *an)
{
	return an->kind == HT_REPLY_TIME_EXCEEDED || an->kind == HT_REPLY_UNREACHABLE;
}

/* What the target says to a protocol and port. */
static enum ht_reply_kind
targets_answer(const struct sim_hop *hop, const struct ht_sim_probe *pr)
{
	for (unsigned i = 0; i < hop->n_ports; i++)
		if (hop->ports[i].proto == pr->proto && hop->ports[i].port == pr->port)
			return (enum ht_reply_kind)hop->ports[i].kind;
	return pr->proto < HT_PROTO_COUNT ? (enum ht_reply_kind)hop->answer[pr->proto]
					  : HT_REPLY_NONE;
}

/* What an error tells about the probe besides its kind. */
static void
compose_error(const struct sim_hop *hop, bool is_ip6, struct ht_sim_answer *an)
{
	const struct sim_quoted *quoted = &hop->quoted;
	struct ht_sim_rewrite *rw = &an->rewrite;

	rw->source = quoted->source[is_ip6];
	rw->sport = quoted->sport[is_ip6];
	rw->target = quoted->target[is_ip6];
	rw->dport = quoted->dport[is_ip6];
	rw->id = quoted->id;
	rw->checksum = quoted->checksum;
	rw->length = quoted->length;
	an->has_no_length = hop->has_no_length;
	an->has_ext = hop->has_ext;
	if (hop->has_ext)
		an->ext = hop->ext;
	/* Errors leave with internetwork control precedence, RFC 1812 4.3.2.5. */
	an->reply_tos = is_ip6 ? 0 : 0xc0;
}

/* Fill in what the hop says; false when it says nothing. */
static bool
compose(const struct sim_hop *hop, const struct ht_sim_probe *pr,
    const struct sim_unreach *unreach, bool is_too_big, struct ht_sim_answer *an)
{
	bool is_ip6 = pr->target.family == HT_FAMILY_IP6;

	if (is_too_big) {
		set_icmp(an, HT_REPLY_UNREACHABLE, is_ip6 ? 2 : 3, is_ip6 ? 0 : 4);
		an->mtu = hop->mtu;
	} else if (unreach != NULL) {
		set_unreach(an, is_ip6, unreach);
	} else if (hop->is_target) {
		set_targets_own(an, is_ip6, targets_answer(hop, pr));
	} else {
		set_icmp(an, HT_REPLY_TIME_EXCEEDED, is_ip6 ? 3 : 11, 0);
	}
	an->quote = (uint16_t)hop->quote;
	an->reply_tos = an->rewrite.tos; /* as the probe got here */
	if (is_error(an))
		compose_error(hop, is_ip6, an);
	return an->kind != HT_REPLY_NONE;
}

static uint8_t
ttl_on_arrival(const struct sim_hop *hop, unsigned k)
{
	unsigned initial = hop->initial_ttl > 0 ? hop->initial_ttl
			   : hop->is_target     ? 64
						: 255;
	unsigned hops = hop->hops_back > 0 ? hop->hops_back : k;

	return (uint8_t)(initial > hops ? initial - hops + 1 : 1);
}

/* The way back of an answer of hop k; false when it is lost. */
static bool
travel_back(const struct way *way, unsigned k, struct ht_rng *rng)
{
	for (unsigned i = k; i > 0; i--)
		if (happens(rng, way->step[i - 1].hop->back_loss))
			return false;
	return true;
}

/* Decide about duplicates and delays; the answer is in ret_answers[0]. */
static unsigned
finish(const struct sim_hop *hop, struct ht_rng *rng, struct ht_sim_answer *answers)
{
	if (happens(rng, hop->reorder.share))
		answers[0].delay += hop->reorder.span;
	if (!happens(rng, hop->duplicates.share))
		return 1;
	answers[1] = answers[0];
	answers[1].delay += hop->duplicates.span;
	return 2;
}

/* Let hop k say what it says, if it does; false when it is silent. */
static bool
speak(const struct way *way, unsigned k, const struct ht_sim_probe *pr,
    const struct sim_unreach *unreach, bool is_too_big, struct ht_sim_answer *an)
{
	const struct step *step = &way->step[k - 1];

	an->hop = (uint8_t)k;
	an->branch = (uint8_t)(step->addr != NULL ? step->index + 1 : 0);
	an->rewrite.tos = tos_at(way, k, pr->tos);
	an->rewrite.ttl = (uint8_t)(pr->ttl - k + 1);
	an->reply_ttl = ttl_on_arrival(step->hop, k);
	return !step->hop->is_silent && !step->br->is_silent
	       && find_source(step, pr, &an->from)
	       && compose(step->hop, pr, unreach, is_too_big, an);
}

unsigned
ht_simnet_probe(struct ht_simnet *net, ht_time now, const struct ht_sim_probe *pr,
    struct ht_sim_answer *ret_answers)
{
	ht_time t = scenario_time(net, now);
	struct ht_sim_answer *an = &ret_answers[0];
	const struct sim_unreach *unreach;
	bool is_too_big;
	struct ht_rng rng;
	struct way way;
	unsigned k;

	refresh(net, t);
	uint64_t packet = mix(mix(net->seed, pr->ttl), net->sent[pr->ttl]++);
	ht_rng_init(&rng, packet);
	find_way(net, pr, packet, &way);
	k = travel(&way, pr, &rng, &unreach, &is_too_big);
	if (k == 0)
		return 0;

	const struct step *step = &way.step[k - 1];
	const struct sim_hop *hop = step->hop;
	struct sim_bucket *bucket =
	    &net->buckets[hop->id * SIM_ADDRS_MAX + step->index];
	*an = (struct ht_sim_answer){ .delay = draw_rtt(&way, k, &rng) };
	if (!speak(&way, k, pr, unreach, is_too_big, an))
		return 0;
	if (is_error(an) && !is_within_limit(bucket, &hop->limit, t + an->delay / 2))
		return 0;
	if (happens(&rng, share_of(step->br->reply_loss, hop->reply_loss))
	    || !travel_back(&way, k, &rng))
		return 0;
	return finish(hop, &rng, ret_answers);
}
