/* SPDX-License-Identifier: ISC */
/*
 * What can be said about a hop: one row of the table per word.
 *
 * The same function reads the words when the scenario is read (and complains)
 * and says them to a copy of the hop when their time has come.
 */
#include "transport/sim/hop.h"

#include <string.h>

#include "base/addr.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* clang-format off: one line, one answer; RFC 792, 1812, 4443 */
static const struct sim_unreach unreaches[] = {
	{ "net", 3, 0, 1, 0 },
	{ "host", 3, 1, 1, 3 },
	{ "protocol", 3, 2, 4, 1 },
	{ "port", 3, 3, 1, 4 },
	{ "route", 3, 5, 1, 6 },
	{ "net-admin", 3, 9, 1, 1 },
	{ "admin", 3, 13, 1, 1 },
	{ "policy", 3, 13, 1, 5 },
};
/* clang-format on */

/* Reads what follows the word of a property. */
typedef bool property_fn(struct sim_cursor *cu, struct sim_hop *hop);

static bool
read_chance(struct sim_cursor *cu, struct sim_chance *ret_chance)
{
	return sim_share(cu, &ret_chance->share) && sim_duration(cu, &ret_chance->span);
}

static bool
read_unreach(struct sim_cursor *cu, const struct sim_unreach **ret_unreach)
{
	const char *word;

	if (!sim_word(cu, "a kind of unreachable", &word))
		return false;
	for (size_t i = 0; i < COUNT(unreaches); i++) {
		if (strcmp(word, unreaches[i].name) == 0) {
			*ret_unreach = &unreaches[i];
			return true;
		}
	}
	return sim_fail(cu,
	    "%.40s: not a kind of unreachable (net host protocol port route net-admin"
	    " admin policy)",
	    word);
}

static bool
read_small(struct sim_cursor *cu, const char *what, unsigned min, unsigned max,
    unsigned *ret_n)
{
	uint64_t n;

	if (!sim_uint(cu, what, min, max, &n))
		return false;
	*ret_n = (unsigned)n;
	return true;
}

/* Read an address into the place of its family; NULL if there is none. */
static struct ht_addr *
read_by_family(struct sim_cursor *cu, struct ht_addr *places)
{
	struct ht_addr addr, *place;

	if (!sim_address(cu, &addr))
		return NULL;
	place = &places[addr.family == HT_FAMILY_IP6];
	*place = addr;
	return place;
}

static bool
is_number_next(const struct sim_cursor *cu)
{
	const char *word = sim_peek(cu);

	return word != NULL && *word >= '0' && *word <= '9';
}

/* A port, if a number follows. */
static bool
read_port(struct sim_cursor *cu, uint16_t *ret_port)
{
	unsigned port = 0;

	if (is_number_next(cu) && !read_small(cu, "a port", 1, 65535, &port))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

static bool
say_rtt(struct sim_cursor *cu, struct sim_hop *hop)
{
	return sim_duration(cu, &hop->rtt);
}

static bool
say_jitter(struct sim_cursor *cu, struct sim_hop *hop)
{
	return sim_duration(cu, &hop->jitter);
}

static bool
say_spikes(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_chance(cu, &hop->spikes);
}

static bool
say_delay(struct sim_cursor *cu, struct sim_hop *hop)
{
	return sim_duration(cu, &hop->delay);
}

static bool
say_queue(struct sim_cursor *cu, struct sim_hop *hop)
{
	return sim_duration(cu, &hop->queue);
}

static bool
say_loss(struct sim_cursor *cu, struct sim_hop *hop)
{
	return sim_share(cu, &hop->loss);
}

static bool
say_back_loss(struct sim_cursor *cu, struct sim_hop *hop)
{
	return sim_share(cu, &hop->back_loss);
}

static bool
say_reply_loss(struct sim_cursor *cu, struct sim_hop *hop)
{
	return sim_share(cu, &hop->reply_loss);
}

static bool
say_limit(struct sim_cursor *cu, struct sim_hop *hop)
{
	unsigned burst = 6; /* Linux, for ICMPv4 */

	if (sim_take(cu, "off")) {
		hop->limit = (struct sim_limit){ 0, 0 };
		return true;
	}
	if (!sim_rate(cu, &hop->limit.rate))
		return false;
	if (sim_take(cu, "burst") && !read_small(cu, "a burst", 1, 1000000, &burst))
		return false;
	hop->limit.burst = burst;
	return true;
}

static bool
say_silent(struct sim_cursor *cu, struct sim_hop *hop)
{
	(void)cu;
	hop->is_silent = true;
	return true;
}

static bool
say_duplicates(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_chance(cu, &hop->duplicates);
}

static bool
say_reorder(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_chance(cu, &hop->reorder);
}

static bool
say_unreachable(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_unreach(cu, &hop->unreach);
}

static bool
say_refuses(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_unreach(cu, &hop->refuses);
}

static bool
say_blocks(struct sim_cursor *cu, struct sim_hop *hop)
{
	hop->is_blackhole = sim_take(cu, "silently");
	return hop->is_blackhole || read_unreach(cu, &hop->blocks);
}

static bool
say_mtu(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_small(cu, "an MTU", 68, 65535, &hop->mtu);
}

static bool
say_choose(struct sim_cursor *cu, struct sim_hop *hop)
{
	const char *word;

	if (sim_take(cu, "like"))
		return read_small(cu, "a hop", 1, HT_TTL_MAX, &hop->like);
	hop->like = 0;
	if (!sim_word(cu, "\"flow\", \"packet\" or \"like\"", &word))
		return false;
	hop->is_per_packet = strcmp(word, "packet") == 0;
	if (!hop->is_per_packet && strcmp(word, "flow") != 0)
		return sim_fail(cu,
		    "%.40s: choose by \"flow\" or \"packet\", or \"like\" a hop", word);
	return true;
}

static bool
say_from(struct sim_cursor *cu, struct sim_hop *hop)
{
	hop->is_from_target = sim_take(cu, "target");
	return hop->is_from_target || read_by_family(cu, hop->from) != NULL;
}

static bool
say_initial_ttl(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_small(cu, "a TTL", 1, HT_TTL_MAX, &hop->initial_ttl);
}

static bool
say_hops_back(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_small(cu, "a number of hops", 1, HT_TTL_MAX, &hop->hops_back);
}

static bool
say_quote(struct sim_cursor *cu, struct sim_hop *hop)
{
	hop->quote = HT_SIM_QUOTE_FULL;
	return sim_take(cu, "full")
	       || read_small(cu, "a number of bytes", 28, 9000, &hop->quote);
}

/* An address and perhaps a port, as a NAT changes them together. */
static bool
read_endpoint(struct sim_cursor *cu, struct ht_addr *addrs, uint16_t *ports)
{
	const struct ht_addr *place = read_by_family(cu, addrs);

	return place != NULL && read_port(cu, &ports[place - addrs]);
}

static bool
say_quote_source(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_endpoint(cu, hop->quoted.source, hop->quoted.sport);
}

static bool
say_quote_target(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_endpoint(cu, hop->quoted.target, hop->quoted.dport);
}

static bool
read_field(struct sim_cursor *cu, const char *what, unsigned max, int *ret)
{
	unsigned n;

	if (!read_small(cu, what, 0, max, &n))
		return false;
	*ret = (int)n;
	return true;
}

static bool
say_quote_id(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_field(cu, "an identification", UINT16_MAX, &hop->quoted.id);
}

static bool
say_quote_checksum(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_field(cu, "a checksum", UINT16_MAX, &hop->quoted.checksum);
}

static bool
say_quote_length(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_field(cu, "a length", UINT16_MAX, &hop->quoted.length);
}

static bool
say_tos(struct sim_cursor *cu, struct sim_hop *hop)
{
	return read_field(cu, "a TOS", UINT8_MAX, &hop->tos);
}

static bool
say_no_length(struct sim_cursor *cu, struct sim_hop *hop)
{
	(void)cu;
	hop->has_no_length = true;
	return true;
}

/* "mpls LABEL TC TTL"; the newest entry is the bottom of the stack. */
static bool
say_mpls(struct sim_cursor *cu, struct sim_hop *hop)
{
	struct ht_extensions *ext = &hop->ext;
	uint64_t label, tc, ttl;

	if (ext->n_mpls == HT_MPLS_MAX)
		return sim_fail(cu, "more than %d MPLS labels", HT_MPLS_MAX);
	if (!sim_uint(cu, "an MPLS label", 0, 1048575, &label)
	    || !sim_uint(cu, "an MPLS traffic class", 0, 7, &tc)
	    || !sim_uint(cu, "an MPLS TTL", 0, 255, &ttl))
		return false;
	if (ext->n_mpls > 0)
		ext->mpls[ext->n_mpls - 1].bottom = 0;
	ext->mpls[ext->n_mpls++] = (struct ht_mpls){
		.label = (uint32_t)label,
		.tc = (uint8_t)tc,
		.bottom = 1,
		.ttl = (uint8_t)ttl,
	};
	hop->has_ext = true;
	return true;
}

/* "interface INDEX NAME MTU" */
static bool
say_interface(struct sim_cursor *cu, struct sim_hop *hop)
{
	struct ht_extensions *ext = &hop->ext;
	uint64_t index, mtu;
	const char *name;

	if (!sim_uint(cu, "an interface index", 1, UINT32_MAX, &index)
	    || !sim_word(cu, "an interface name", &name)
	    || !sim_uint(cu, "an MTU", 68, 65535, &mtu))
		return false;
	if (strlen(name) >= sizeof(ext->if_name))
		return sim_fail(cu, "%.40s...: too long for an interface name", name);
	ext->if_index = (uint32_t)index;
	ext->if_mtu = (uint32_t)mtu;
	strcpy(ext->if_name, name);
	hop->has_ext = true;
	return true;
}

/* One of several words, each with its kind of reply. */
struct answer {
	const char *word;
	enum ht_reply_kind kind;
};

static bool
read_answer(struct sim_cursor *cu, const char *what, const struct answer *answers,
    size_t n, uint8_t *ret_kind)
{
	const char *word;

	if (!sim_word(cu, what, &word))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(word, answers[i].word) == 0) {
			*ret_kind = (uint8_t)answers[i].kind;
			return true;
		}
	}
	return sim_fail(cu, "%.40s: not %s", word, what);
}

/* Remember what a port answers, in place of what was said about it before. */
static bool
set_port(struct sim_cursor *cu, struct sim_hop *hop, const struct sim_port *port)
{
	unsigned i;

	for (i = 0; i < hop->n_ports; i++)
		if (hop->ports[i].proto == port->proto
		    && hop->ports[i].port == port->port)
			break;
	if (i == SIM_PORTS_MAX)
		return sim_fail(cu, "more than %d ports", SIM_PORTS_MAX);
	hop->ports[i] = *port;
	if (i == hop->n_ports)
		hop->n_ports++;
	return true;
}

/* "closed", "open 443": of all ports, or of one alone. */
static bool
say_ports(struct sim_cursor *cu, struct sim_hop *hop, enum ht_proto proto,
    const char *what, const struct answer *answers, size_t n)
{
	struct sim_port port = { .proto = (uint8_t)proto };

	if (!read_answer(cu, what, answers, n, &port.kind)
	    || !read_port(cu, &port.port))
		return false;
	if (port.port != 0)
		return set_port(cu, hop, &port);
	hop->answer[proto] = port.kind;
	return true;
}

static bool
say_icmp(struct sim_cursor *cu, struct sim_hop *hop)
{
	static const struct answer answers[] = {
		{ "echo", HT_REPLY_ECHO },
		{ "silent", HT_REPLY_NONE },
	};

	return read_answer(cu, "\"echo\" or \"silent\"", answers, COUNT(answers),
	    &hop->answer[HT_PROTO_ICMP]);
}

static bool
say_udp(struct sim_cursor *cu, struct sim_hop *hop)
{
	static const struct answer answers[] = {
		{ "closed", HT_REPLY_UNREACHABLE },
		{ "data", HT_REPLY_UDP_DATA },
		{ "silent", HT_REPLY_NONE },
	};

	return say_ports(cu, hop, HT_PROTO_UDP, "\"closed\", \"data\" or \"silent\"",
	    answers, COUNT(answers));
}

static bool
say_tcp(struct sim_cursor *cu, struct sim_hop *hop)
{
	static const struct answer answers[] = {
		{ "open", HT_REPLY_TCP_OPEN },
		{ "closed", HT_REPLY_TCP_CLOSED },
		{ "silent", HT_REPLY_NONE },
	};

	return say_ports(cu, hop, HT_PROTO_TCP, "\"open\", \"closed\" or \"silent\"",
	    answers, COUNT(answers));
}

static bool
say_branch_property(struct sim_cursor *cu, struct sim_branch *br)
{
	const char *word;

	if (!sim_word(cu, "a property of the branch", &word))
		return false;
	if (strcmp(word, "rtt") == 0)
		return sim_duration(cu, &br->rtt);
	if (strcmp(word, "jitter") == 0)
		return sim_duration(cu, &br->jitter);
	if (strcmp(word, "delay") == 0)
		return sim_duration(cu, &br->delay);
	if (strcmp(word, "loss") == 0)
		return sim_share(cu, &br->loss);
	if (strcmp(word, "reply-loss") == 0)
		return sim_share(cu, &br->reply_loss);
	br->is_silent |= strcmp(word, "silent") == 0;
	br->is_absent |= strcmp(word, "absent") == 0;
	if (strcmp(word, "silent") == 0 || strcmp(word, "absent") == 0)
		return true;
	return sim_fail(cu,
	    "%.40s: not a property of a branch (rtt jitter delay loss reply-loss"
	    " silent absent)",
	    word);
}

/* "branch K PROPERTY...", up to the next branch or the end of the line. */
static bool
say_branch(struct sim_cursor *cu, struct sim_hop *hop)
{
	struct sim_branch *br;
	unsigned k;

	if (!read_small(cu, "a branch", 1, SIM_ADDRS_MAX, &k))
		return false;
	br = &hop->branches[k - 1];
	br->is_said = true;
	do {
		if (!say_branch_property(cu, br))
			return false;
	} while (sim_peek(cu) != NULL && strcmp(sim_peek(cu), "branch") != 0);
	return true;
}

/* clang-format off: one line, one property */
static const struct {
	const char *word;
	bool is_targets; /* only the target can have it */
	property_fn *say;
} properties[] = {
	{ "rtt", false, say_rtt },
	{ "jitter", false, say_jitter },
	{ "spikes", false, say_spikes },
	{ "delay", false, say_delay },
	{ "queue", false, say_queue },
	{ "loss", false, say_loss },
	{ "back-loss", false, say_back_loss },
	{ "reply-loss", false, say_reply_loss },
	{ "limit", false, say_limit },
	{ "silent", false, say_silent },
	{ "duplicates", false, say_duplicates },
	{ "reorder", false, say_reorder },
	{ "unreachable", false, say_unreachable },
	{ "refuses", false, say_refuses },
	{ "blocks", false, say_blocks },
	{ "mtu", false, say_mtu },
	{ "choose", false, say_choose },
	{ "from", false, say_from },
	{ "initial-ttl", false, say_initial_ttl },
	{ "hops-back", false, say_hops_back },
	{ "branch", false, say_branch },
	{ "tos", false, say_tos },
	{ "quote", false, say_quote },
	{ "quote-source", false, say_quote_source },
	{ "quote-target", false, say_quote_target },
	{ "quote-id", false, say_quote_id },
	{ "quote-checksum", false, say_quote_checksum },
	{ "quote-length", false, say_quote_length },
	{ "no-length", false, say_no_length },
	{ "mpls", false, say_mpls },
	{ "interface", false, say_interface },
	{ "icmp", true, say_icmp },
	{ "udp", true, say_udp },
	{ "tcp", true, say_tcp },
};
/* clang-format on */

void
sim_hop_init(struct sim_hop *hop, unsigned id)
{
	*hop = (struct sim_hop){
		.id = id,
		.quote = HT_SIM_QUOTE_FULL,
		.quoted = { .id = -1, .checksum = -1, .length = -1 },
		.tos = -1,
		.answer = {
			[HT_PROTO_ICMP] = HT_REPLY_ECHO,
			[HT_PROTO_UDP] = HT_REPLY_UNREACHABLE,
			[HT_PROTO_TCP] = HT_REPLY_TCP_CLOSED,
		},
	};
	for (unsigned i = 0; i < SIM_ADDRS_MAX; i++)
		hop->branches[i] = (struct sim_branch){ .rtt = -1,
			.jitter = -1,
			.delay = -1,
			.loss = -1,
			.reply_loss = -1 };
}

/* Addresses come first, each perhaps with "(name)"; a new list replaces the old. */
static bool
say_addresses(struct sim_cursor *cu, struct sim_hop *hop)
{
	unsigned n = 0;

	for (const char *w = sim_peek(cu); w != NULL; w = sim_peek(cu)) {
		if (*w == '(' && n > 0) {
			cu->at++;
			continue;
		}
		if (*w < '0' || (*w > '9' && strchr(w, ':') == NULL))
			break;
		if (n == SIM_ADDRS_MAX)
			return sim_fail(
			    cu, "more than %d addresses at a hop", SIM_ADDRS_MAX);
		if (!sim_address(cu, &hop->addrs[n]))
			return false;
		hop->n_addrs = ++n;
	}
	return true;
}

static bool
say_property(struct sim_cursor *cu, struct sim_hop *hop)
{
	const char *word;

	if (!sim_word(cu, "a property", &word))
		return false;
	for (size_t i = 0; i < COUNT(properties); i++) {
		if (strcmp(word, properties[i].word) != 0)
			continue;
		if (properties[i].is_targets && !hop->is_target)
			return sim_fail(cu, "%s: only the target's hop has this", word);
		return properties[i].say(cu, hop);
	}
	return sim_fail(cu, "%.40s: unknown word", word);
}

bool
sim_hop_say(struct sim_cursor *cu, struct sim_hop *hop)
{
	/* A line that speaks of extensions says all of them. */
	for (unsigned i = cu->at; i < cu->words->n; i++)
		if (strcmp(cu->words->word[i], "mpls") == 0)
			hop->ext.n_mpls = 0;
	if (sim_take(cu, "target"))
		hop->is_target = true;
	if (!say_addresses(cu, hop))
		return false;
	while (sim_peek(cu) != NULL)
		if (!say_property(cu, hop))
			return false;
	return true;
}

void
sim_hop_apply(struct sim_hop *hop, const struct sim_words *words)
{
	struct ht_err err = { 0 };
	struct sim_cursor cu = { .words = words, .err = &err };

	sim_hop_say(&cu, hop);
}

unsigned
sim_hop_addrs(const struct sim_hop *hop, enum ht_family family)
{
	unsigned n = 0;

	for (unsigned i = 0; i < hop->n_addrs; i++)
		n += hop->addrs[i].family == family;
	return n;
}

bool
sim_hop_rewrites(const struct sim_hop *hop)
{
	const struct sim_quoted *q = &hop->quoted;
	bool is_nat = false;

	for (int i = 0; i < 2; i++)
		if (q->source[i].family != HT_FAMILY_NONE
		    || q->target[i].family != HT_FAMILY_NONE)
			is_nat = true;
	return is_nat || hop->tos >= 0 || q->id >= 0 || q->checksum >= 0;
}
