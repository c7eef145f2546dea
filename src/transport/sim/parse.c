/* SPDX-License-Identifier: ISC */
/*
 * From text to a scenario.
 *
 *  1. The text is copied and cut into words, line by line; a '#' ends a line.
 *  2. The first word of a line finds its statement in a table.
 *  3. Statements about hops are read by hop.c.  Those with a time keep their
 *     words, and net.c says them to the hop whenever they hold.
 *
 * The arrays are as long as the text could ever need: nothing is reallocated.
 */
#include "transport/sim/net.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "transport/sim/hop.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define TEXT_MAX    (256 * 1024)
#define TARGETS_MAX 64
#define NOTES_MAX   4096
#define NAMES_MAX   4096

struct parse {
	struct ht_simnet *net;
	struct sim_cursor cu;
	struct sim_words words; /* of the line */
	unsigned n_words;       /* in net->words, all lines */
};

/* Reads the words after the statement's own. */
typedef bool statement_fn(struct parse *p);

static struct sim_words
words_left(const struct parse *p)
{
	return (struct sim_words){ .word = p->words.word + p->cu.at,
		.n = p->words.n - p->cu.at };
}

/* Join the rest of the line again: names of scenarios have spaces. */
static bool
state_name(struct parse *p)
{
	if (sim_peek(&p->cu) == NULL)
		return sim_fail(&p->cu, "the line ends where a name should be");
	p->net->title = sim_peek(&p->cu);
	for (unsigned i = p->cu.at + 1; i < p->words.n; i++) {
		char *gap = p->net->text + (p->words.word[i] - p->net->text);
		while (*--gap == '\0')
			*gap = ' ';
	}
	p->cu.at = p->words.n;
	return true;
}

static bool
state_seed(struct parse *p)
{
	return sim_uint(&p->cu, "a seed", 0, UINT64_MAX, &p->net->seed);
}

static bool
state_source(struct parse *p)
{
	struct ht_addr addr;

	if (!sim_address(&p->cu, &addr))
		return false;
	if (addr.family == HT_FAMILY_IP4)
		p->net->source4 = addr;
	else
		p->net->source6 = addr;
	return true;
}

/* Cut the parentheses off "(name)". */
static bool
unwrap(struct parse *p, const char *word, const char **ret_name)
{
	size_t len = strlen(word);
	char *name = p->net->text + (word - p->net->text);

	if (len < 3 || word[0] != '(' || word[len - 1] != ')')
		return sim_fail(
		    &p->cu, "%.40s: a name stands in parentheses: (name)", word);
	if (len - 2 > 255)
		return sim_fail(&p->cu, "%.40s...: the name is too long", word);
	/* The opening one stays in the word before: hop.c skips it by that. */
	name[len - 1] = '\0';
	*ret_name = name + 1;
	return true;
}

static bool
add_name(struct parse *p, const struct ht_addr *addr, const char *name)
{
	struct ht_simnet *net = p->net;

	if (net->n_names == NAMES_MAX)
		return sim_fail(&p->cu, "more than %d names", NAMES_MAX);
	net->names[net->n_names++] = (struct sim_name){ .addr = *addr, .name = name };
	return true;
}

static bool
state_target(struct parse *p)
{
	struct ht_simnet *net = p->net;
	struct ht_sim_target *target = &net->targets[net->n_targets];
	const char *word;

	if (net->n_targets == TARGETS_MAX)
		return sim_fail(&p->cu, "more than %d targets", TARGETS_MAX);
	if (!sim_address(&p->cu, &target->addr))
		return false;
	if (ht_simnet_is_target(net, &target->addr))
		return sim_fail(&p->cu, "this target is named twice");
	target->name = "";
	net->n_targets++;
	if (sim_peek(&p->cu) == NULL)
		return true;
	return sim_word(&p->cu, "a name", &word) && unwrap(p, word, &target->name)
	       && add_name(p, &target->addr, target->name);
}

/* Remember the names among the words that are left. */
static bool
take_names(struct parse *p)
{
	const char **word = p->words.word;
	struct ht_addr addr;
	const char *name = NULL;

	for (unsigned i = p->cu.at; i < p->words.n; i++) {
		if (word[i][0] != '(')
			continue;
		if (i == p->cu.at || !ht_addr_parse(word[i - 1], &addr))
			return sim_fail(
			    &p->cu, "%.40s: a name follows its address", word[i]);
		if (!unwrap(p, word[i], &name) || !add_name(p, &addr, name))
			return false;
	}
	return true;
}

/* What words alone do not tell: whom a hop refers to. */
static bool
check_references(struct parse *p, const struct sim_hop *hop, unsigned k)
{
	unsigned n4 = sim_hop_addrs(hop, HT_FAMILY_IP4);
	unsigned n6 = sim_hop_addrs(hop, HT_FAMILY_IP6);
	unsigned n = n4 > n6 ? n4 : n6;

	if (hop->like >= k)
		return sim_fail(
		    &p->cu, "choose like %u: that is no hop before it", hop->like);
	for (unsigned i = 0; i < SIM_ADDRS_MAX; i++) {
		if (i >= n && hop->branches[i].is_said)
			return sim_fail(&p->cu,
			    "branch %u: the hop has %u addresses of a family", i + 1,
			    n);
		if (hop->is_target && hop->branches[i].is_absent)
			return sim_fail(&p->cu, "the target cannot be absent");
	}
	return true;
}

/* What is read about hop k must hold by itself and in every state of the hop. */
static bool
say_hop(struct parse *p, struct sim_hop *hop, unsigned k)
{
	if (sim_peek(&p->cu) == NULL)
		return sim_fail(&p->cu, "nothing is said about the hop");
	if (!take_names(p) || !sim_hop_say(&p->cu, hop) || !check_references(p, hop, k))
		return false;
	p->net->has_rewrites |= sim_hop_rewrites(hop);
	return true;
}

/* The number of a hop of the file. */
static bool
known_hop(struct parse *p, unsigned *ret_k)
{
	uint64_t k;

	if (!sim_uint(&p->cu, "a TTL", 1, HT_TTL_MAX, &k))
		return false;
	if (k > p->net->n_base)
		return sim_fail(
		    &p->cu, "hop %u: there is no such hop above", (unsigned)k);
	*ret_k = (unsigned)k;
	return true;
}

static bool
state_hop(struct parse *p)
{
	struct ht_simnet *net = p->net;
	const char *word = sim_peek(&p->cu);
	uint64_t k;

	if (word == NULL)
		return sim_fail(&p->cu, "the line ends where a TTL should be");
	if (!sim_uint(&p->cu, "a TTL", 1, HT_TTL_MAX, &k)) {
		snprintf(p->cu.err->text, sizeof(p->cu.err->text),
		    "hop %.40s: not a TTL (1 to %d)", word, HT_TTL_MAX);
		return false;
	}
	if (k > net->n_base + 1u)
		return sim_fail(
		    &p->cu, "hop %u: hop %u comes first", (unsigned)k, net->n_base + 1);
	if (k > net->n_base) {
		if (k > 1 && net->base[k - 2].is_target)
			return sim_fail(&p->cu,
			    "hop %u: hop %u is the target, nothing is behind it",
			    (unsigned)k, (unsigned)k - 1);
		sim_hop_init(&net->base[k - 1], net->n_ids++);
		net->n_base++;
	}
	if (!say_hop(p, &net->base[k - 1], (unsigned)k))
		return false;
	if (net->base[k - 1].is_target && k < net->n_base)
		return sim_fail(
		    &p->cu, "hop %u: the target is the last hop", (unsigned)k);
	return true;
}

/* "at T hop K ..." */
static bool
change_hop(struct parse *p, struct sim_change *ch)
{
	struct sim_hop scratch;
	bool was_target;

	if (!known_hop(p, &ch->hop))
		return false;
	ch->words = words_left(p);
	scratch = p->net->base[ch->hop - 1];
	was_target = scratch.is_target;
	if (!say_hop(p, &scratch, ch->hop))
		return false;
	if (scratch.is_target && !was_target)
		return sim_fail(&p->cu, "hop %u cannot become the target", ch->hop);
	return true;
}

/* "at T insert K ..." */
static bool
change_insert(struct parse *p, struct sim_change *ch)
{
	struct sim_hop scratch;

	if (!known_hop(p, &ch->hop))
		return false;
	ch->id = p->net->n_ids++;
	ch->words = words_left(p);
	sim_hop_init(&scratch, ch->id);
	if (!say_hop(p, &scratch, ch->hop))
		return false;
	if (scratch.is_target)
		return sim_fail(&p->cu, "an inserted hop cannot be the target");
	return true;
}

/* "at T remove K" */
static bool
change_remove(struct parse *p, struct sim_change *ch)
{
	if (!known_hop(p, &ch->hop))
		return false;
	if (p->net->base[ch->hop - 1].is_target)
		return sim_fail(&p->cu, "the target cannot be removed");
	return true;
}

/* "at T send-error NAME" */
static bool
change_send_error(struct parse *p, struct sim_change *ch)
{
	/* clang-format off */
	static const struct {
		const char *name;
		int error;
	} errors[] = {
		{ "ENETUNREACH",   ENETUNREACH },
		{ "EHOSTUNREACH",  EHOSTUNREACH },
		{ "ENETDOWN",      ENETDOWN },
		{ "EADDRNOTAVAIL", EADDRNOTAVAIL },
		{ "ENOBUFS",       ENOBUFS },
		{ "EMSGSIZE",      EMSGSIZE },
		{ "EPERM",         EPERM },
		{ "EACCES",        EACCES },
		{ "EINVAL",        EINVAL },
	};
	/* clang-format on */
	const char *word;

	if (!sim_word(&p->cu, "the name of an error", &word))
		return false;
	for (size_t i = 0; i < COUNT(errors); i++) {
		if (strcmp(word, errors[i].name) == 0) {
			ch->error = errors[i].error;
			return true;
		}
	}
	return sim_fail(&p->cu,
	    "%.40s: not a send error (ENETUNREACH EHOSTUNREACH ENETDOWN EADDRNOTAVAIL"
	    " ENOBUFS EMSGSIZE EPERM EACCES EINVAL)",
	    word);
}

/* Find a word from cu->at on; 0 if it is not there. */
static unsigned
find_word(const struct parse *p, const char *word)
{
	for (unsigned i = p->cu.at; i < p->words.n; i++)
		if (strcmp(p->words.word[i], word) == 0)
			return i;
	return 0;
}

/* Read "until T [every P]" off the end of the line, and cut it off. */
static bool
read_until(struct parse *p, struct sim_change *ch)
{
	unsigned start = p->cu.at, until = find_word(p, "until");

	ch->until = HT_TIME_NEVER;
	if (until == 0) {
		if (find_word(p, "every") != 0)
			return sim_fail(&p->cu, "\"every\" needs an \"until\" before");
		return true;
	}
	p->cu.at = until + 1;
	if (!sim_duration(&p->cu, &ch->until))
		return false;
	if (ch->until <= ch->from)
		return sim_fail(&p->cu, "it ends before it begins");
	if (sim_take(&p->cu, "every")) {
		if (!sim_duration(&p->cu, &ch->every))
			return false;
		if (ch->every < ch->until - ch->from)
			return sim_fail(&p->cu, "it comes again before it ends");
	}
	if (sim_peek(&p->cu) != NULL)
		return sim_fail(
		    &p->cu, "%.40s: the line should end before this", sim_peek(&p->cu));
	p->words.n = until;
	p->cu.at = start;
	return true;
}

static bool
read_change(struct parse *p, struct sim_change *ch)
{
	/* clang-format off */
	static const struct {
		const char *word;
		enum sim_change_what what;
		bool (*read)(struct parse *p, struct sim_change *ch);
	} changes[] = {
		{ "hop",        SIM_CHANGE_HOP,        change_hop },
		{ "insert",     SIM_CHANGE_INSERT,     change_insert },
		{ "remove",     SIM_CHANGE_REMOVE,     change_remove },
		{ "send-error", SIM_CHANGE_SEND_ERROR, change_send_error },
	};
	/* clang-format on */
	const char *word;

	if (!sim_word(
		&p->cu, "\"hop\", \"insert\", \"remove\" or \"send-error\"", &word))
		return false;
	for (size_t i = 0; i < COUNT(changes); i++) {
		if (strcmp(word, changes[i].word) == 0) {
			ch->what = (uint8_t)changes[i].what;
			return changes[i].read(p, ch);
		}
	}
	return sim_fail(&p->cu,
	    "%.40s: not \"hop\", \"insert\", \"remove\" or \"send-error\"", word);
}

static bool
state_at(struct parse *p)
{
	struct ht_simnet *net = p->net;
	struct sim_change ch = { .what = SIM_CHANGE_NONE };

	if (net->n_changes == SIM_CHANGES_MAX)
		return sim_fail(&p->cu, "more than %d changes", SIM_CHANGES_MAX);
	if (!sim_duration(&p->cu, &ch.from) || !read_until(p, &ch)
	    || !read_change(p, &ch))
		return false;
	net->changes[net->n_changes++] = ch;
	return true;
}

static bool
state_note(struct parse *p)
{
	struct ht_simnet *net = p->net;

	if (net->n_notes == NOTES_MAX)
		return sim_fail(&p->cu, "more than %d notes", NOTES_MAX);
	net->notes[net->n_notes++] = (struct ht_sim_note){
		.line = p->cu.line,
		.n_words = p->words.n,
		.word = p->words.word,
	};
	p->cu.at = p->words.n;
	return true;
}

static bool
read_statement(struct parse *p)
{
	/* clang-format off: one line, one statement */
	static const struct {
		const char *word;
		statement_fn *read;
	} statements[] = {
		{ "name", state_name },
		{ "seed", state_seed },
		{ "source", state_source },
		{ "target", state_target },
		{ "hop", state_hop },
		{ "at", state_at },
		/* About a run: for the test runner, not for the network. */
		{ "expect", state_note },
		{ "cycles", state_note },
		{ "interval", state_note },
		{ "timeout", state_note },
		{ "grace", state_note },
		{ "protocol", state_note },
		{ "port", state_note },
		{ "tos", state_note },
		{ "flow", state_note },
		{ "flows", state_note },
		{ "size", state_note },
		{ "first", state_note },
		{ "max", state_note },
		{ "max-unknown", state_note },
	};
	/* clang-format on */
	const char *word = p->words.word[0];

	p->cu.at = 1;
	for (size_t i = 0; i < COUNT(statements); i++) {
		if (strcmp(word, statements[i].word) != 0)
			continue;
		if (!statements[i].read(p))
			return false;
		if (sim_peek(&p->cu) == NULL)
			return true;
		return sim_fail(
		    &p->cu, "%.40s: the line should end before this", sim_peek(&p->cu));
	}
	return sim_fail(&p->cu, "%.40s: unknown statement", word);
}

/* Cut a line into words; the rest behind '#' is for humans. */
static bool
cut_line(struct parse *p, char *line)
{
	bool is_word = false;

	p->words.word = p->net->words + p->n_words;
	p->words.n = 0;
	for (char *s = line; *s != '\0' && *s != '#'; s++) {
		if (*s == ' ' || *s == '\t' || *s == '\r') {
			*s = '\0';
			is_word = false;
			continue;
		}
		if (*s < 0x21 || *s > 0x7e)
			return sim_fail(&p->cu,
			    "byte 0x%02x: only ASCII text is allowed", *s & 0xff);
		if (!is_word)
			p->words.word[p->words.n++] = s;
		is_word = true;
	}
	p->n_words += p->words.n;
	return true;
}

static bool
read_line(struct parse *p, char *line, size_t len)
{
	char *comment;

	p->cu.line++;
	if (memchr(line, '\0', len) != NULL)
		return sim_fail(&p->cu, "byte 0x00: only ASCII text is allowed");
	comment = strchr(line, '#');
	if (comment != NULL)
		*comment = '\0';
	if (!cut_line(p, line))
		return false;
	return p->words.n == 0 || read_statement(p);
}

/* What no single line can tell. */
static bool
check_whole(struct parse *p)
{
	const struct ht_simnet *net = p->net;

	p->cu.line = 0;
	if (net->n_targets == 0)
		return sim_fail(
		    &p->cu, "no target: a line \"target ADDRESS\" is needed");
	if (net->n_base == 0)
		return sim_fail(&p->cu, "no hops: lines \"hop N ...\" are needed");
	if (!net->base[net->n_base - 1].is_target)
		return sim_fail(&p->cu,
		    "hop %u, the last, is not the target: write \"hop %u target ...\"",
		    net->n_base, net->n_base);
	return true;
}

static bool
read_text(struct parse *p, size_t len)
{
	char *line = p->net->text, *end = line + len;

	while (line < end) {
		char *eol = memchr(line, '\n', (size_t)(end - line));
		size_t n = (size_t)((eol != NULL ? eol : end) - line);

		line[n] = '\0';
		if (!read_line(p, line, n))
			return false;
		line += n + 1;
	}
	return check_whole(p);
}

static unsigned
count_lines(const char *text, size_t len)
{
	unsigned n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	return n;
}

static size_t
at_most(size_t n, size_t max)
{
	return n < max ? n : max;
}

static int
alloc_tables(struct ht_simnet *net, const char *text, size_t len)
{
	size_t lines = count_lines(text, len), words = len / 2 + 1;

	net->text = malloc(len + 1);
	net->words = calloc(words, sizeof(*net->words));
	net->targets = calloc(TARGETS_MAX + 1, sizeof(*net->targets));
	net->changes = calloc(at_most(lines, SIM_CHANGES_MAX), sizeof(*net->changes));
	net->notes = calloc(at_most(lines, NOTES_MAX), sizeof(*net->notes));
	net->names = calloc(at_most(words, NAMES_MAX), sizeof(*net->names));
	if (net->text == NULL || net->words == NULL || net->targets == NULL
	    || net->changes == NULL || net->notes == NULL || net->names == NULL)
		return -ENOMEM;
	memcpy(net->text, text, len);
	net->text[len] = '\0';
	return 0;
}

/* What grows with the number of hops. */
static int
alloc_state(struct ht_simnet *net)
{
	size_t n = (size_t)net->n_ids * SIM_ADDRS_MAX;

	net->buckets = calloc(n, sizeof(*net->buckets));
	return net->buckets != NULL ? 0 : -ENOMEM;
}

static struct ht_simnet *
fail_whole(struct ht_simnet *net, struct ht_err *err, int code, const char *why)
{
	*err = (struct ht_err){ .code = code };
	snprintf(err->text, sizeof(err->text), "%s", why);
	ht_simnet_free(net);
	return NULL;
}

struct ht_simnet *
ht_simnet_parse(const char *text, size_t len, struct ht_err *err)
{
	struct parse p = { .net = NULL };

	*err = (struct ht_err){ 0 };
	if (len > TEXT_MAX)
		return fail_whole(NULL, err, -EINVAL, "longer than 256 KiB");
	p.net = calloc(1, sizeof(*p.net));
	if (p.net == NULL || alloc_tables(p.net, text, len) < 0)
		return fail_whole(p.net, err, -ENOMEM, "out of memory");

	p.net->title = "";
	p.net->seed = 1;
	ht_addr_parse("192.0.2.10", &p.net->source4);
	ht_addr_parse("2001:db8::10", &p.net->source6);
	p.cu = (struct sim_cursor){ .words = &p.words, .err = err };
	if (!read_text(&p, len)) {
		ht_simnet_free(p.net);
		return NULL;
	}
	if (alloc_state(p.net) < 0)
		return fail_whole(p.net, err, -ENOMEM, "out of memory");
	return p.net;
}

void
ht_simnet_free(struct ht_simnet *net)
{
	if (net == NULL)
		return;
	free(net->text);
	free(net->words);
	free(net->targets);
	free(net->changes);
	free(net->notes);
	free(net->names);
	free(net->buckets);
	free(net);
}
