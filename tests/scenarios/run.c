/* SPDX-License-Identifier: ISC */
/*
 * Run scenarios through the real session on a virtual clock, and check what they
 * expect.  Prints TAP, one test for each `expect` line.
 *
 *   tests/scenarios/run [FILE...]     all beside this file if none is named
 *
 * Settings of the run, in the scenario: cycles interval timeout grace protocol
 * port tos flow flows size first max max-unknown.  What can be expected:
 *
 *   expect flow N WHAT...         of the N-th flow of the run, from 0; else of flow 0
 *   expect hop K METRIC RANGE     K or K..M; METRIC of the table below
 *   expect hop K loss near 20%    within the binomial 99.9 % band of that share
 *   expect hop K address ADDR     newest that answered; "none" if nobody did
 *   expect hop K seen ADDR        among those that answered
 *   expect hop K kind KIND        newest answer: time-exceeded, echo-reply, ...
 *   expect hop K changed FIELD    in its newest quote: tos id checksum address port;
 *                                 "none" if there is a quote and nothing changed
 *   expect hop K mpls LABEL       top of the newest stack
 *   expect last RANGE             last hop worth showing
 *   expect changes RANGE          route changes
 *   expect total METRIC RANGE     of the run: sent lost late failed ...
 *   expect reached | unreached
 *   expect stop WHY               destination, unreachable, unknown, max-ttl
 *
 * A RANGE is "5", "18..22", "> 0" or "< 3"; rtt is in ms, loss in percent.
 */
#include <errno.h>
#include <glob.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hoptop/session.h>

#include "base/addr.h"
#include "transport/sim/sim.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The longest run, in steps: a run that never ends is to fail, not to hang. */
#define STEPS_MAX 20000000

struct run {
	const char *file;
	struct ht_simnet *net;
	struct ht_settings set;
	struct ht_session *ss;
	const struct ht_path *path;
	char why[256]; /* what was found instead */
};

static unsigned n_tests, n_failed;

static bool found(struct run *run, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Say what was found instead; returns false. */
static bool
found(struct run *run, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(run->why, sizeof(run->why), fmt, ap);
	va_end(ap);
	return false;
}

/* --- ranges --- */

struct range {
	double min, max;
	bool is_open; /* the bounds themselves are outside */
};

static bool
read_number(const char *word, const char **ret_end, double *ret_x)
{
	char *end;

	*ret_x = strtod(word, &end);
	*ret_end = end;
	return end != word;
}

/* "5", "18..22", "> 0", "< 3" */
static bool
read_range(const char *const *word, unsigned n, struct range *ret)
{
	const char *end;

	*ret = (struct range){ .min = -HUGE_VAL, .max = HUGE_VAL };
	if (n == 2 && (word[0][0] == '>' || word[0][0] == '<')) {
		ret->is_open = true;
		double *bound = word[0][0] == '>' ? &ret->min : &ret->max;
		return read_number(word[1], &end, bound) && *end == '\0';
	}
	if (n != 1)
		return false;
	/* "18..22" would read as "18." and ".22". */
	const char *dots = strstr(word[0], "..");
	if (dots == NULL) {
		if (!read_number(word[0], &end, &ret->min) || *end != '\0')
			return false;
		ret->max = ret->min;
		return true;
	}
	return read_number(word[0], &end, &ret->min)
	       && read_number(dots + 2, &end, &ret->max) && *end == '\0';
}

static bool
is_in(struct run *run, const struct range *range, double x)
{
	if (range->is_open ? x > range->min && x < range->max
			   : x >= range->min && x <= range->max)
		return true;
	return found(run, "%g", x);
}

/* --- the binomial band --- */

static double
binomial(unsigned n, double p, unsigned k)
{
	double ln = lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);

	return exp(ln + k * log(p) + (n - k) * log1p(-p));
}

/* Is k among the n + 1 outcomes' central 99.9 %? */
static bool
is_likely(unsigned n, double p, unsigned k)
{
	double below = 0, above = 0;

	if (p <= 0 || p >= 1)
		return k == (p <= 0 ? 0 : n);
	for (unsigned i = 0; i <= n; i++) {
		below += i <= k ? binomial(n, p, i) : 0;
		above += i >= k ? binomial(n, p, i) : 0;
	}
	return below > 0.0005 && above > 0.0005;
}

static bool
is_loss_near(struct run *run, const struct ht_counts *counts, const char *word)
{
	unsigned lost = (unsigned)counts->lost;
	unsigned n = (unsigned)(counts->received + counts->lost + counts->late);
	const char *end;
	double pct;

	if (!read_number(word, &end, &pct) || strcmp(end, "%") != 0)
		return found(run, "%s is not a percentage", word);
	if (n > 0 && is_likely(n, pct / 100, lost))
		return true;
	return found(run, "%u lost of %u", lost, n);
}

/* --- what can be expected of a hop --- */

typedef bool metric_fn(const struct ht_hop *hop, double *ret);

static bool
get_loss(const struct ht_hop *hop, double *ret)
{
	return ht_counts_loss_pct(&hop->counts, ret);
}

#define COUNT_METRIC(field)                                                            \
	static bool get_##field(const struct ht_hop *hop, double *ret)                 \
	{                                                                              \
		*ret = (double)hop->counts.field;                                      \
		return true;                                                           \
	}
COUNT_METRIC(sent)
COUNT_METRIC(received)
COUNT_METRIC(lost)
COUNT_METRIC(late)
COUNT_METRIC(duplicate)
COUNT_METRIC(failed)
COUNT_METRIC(pending)

static bool
get_addresses(const struct ht_hop *hop, double *ret)
{
	*ret = hop->n_addrs;
	return true;
}

static bool
get_avg(const struct ht_hop *hop, double *ret)
{
	*ret = hop->rtt.mean_ns / (double)HT_MS;
	return hop->rtt.n > 0;
}

static bool
get_best(const struct ht_hop *hop, double *ret)
{
	*ret = (double)hop->rtt.best_ns / (double)HT_MS;
	return hop->rtt.n > 0;
}

static bool
get_worst(const struct ht_hop *hop, double *ret)
{
	*ret = (double)hop->rtt.worst_ns / (double)HT_MS;
	return hop->rtt.n > 0;
}

static bool
get_stdev(const struct ht_hop *hop, double *ret)
{
	if (!ht_stats_stdev(&hop->rtt, ret))
		return false;
	*ret /= (double)HT_MS;
	return true;
}

static bool
get_p50(const struct ht_hop *hop, double *ret)
{
	int64_t ns;

	if (!ht_hist_quantile(hop->hist, 0.5, &ns))
		return false;
	*ret = (double)ns / (double)HT_MS;
	return true;
}

static bool
get_reply_ttl(const struct ht_hop *hop, double *ret)
{
	*ret = hop->reply_ttl;
	return hop->reply_ttl >= 0;
}

/* clang-format off: one line, one metric */
static const struct {
	const char *name;
	metric_fn *get;
} metrics[] = {
	{ "loss", get_loss },
	{ "sent", get_sent },
	{ "received", get_received },
	{ "lost", get_lost },
	{ "late", get_late },
	{ "duplicate", get_duplicate },
	{ "failed", get_failed },
	{ "pending", get_pending },
	{ "addresses", get_addresses },
	{ "avg", get_avg },
	{ "best", get_best },
	{ "worst", get_worst },
	{ "stdev", get_stdev },
	{ "p50", get_p50 },
	{ "reply-ttl", get_reply_ttl },
};
/* clang-format on */

static bool
is_address(struct run *run, const struct ht_hop *hop, const char *want)
{
	char buf[HT_ADDR_TEXT_MAX] = "none";

	if (hop->addr_index >= 0)
		ht_addr_text(&hop->addrs[hop->addr_index].addr, buf);
	return strcmp(buf, want) == 0 || found(run, "%s", buf);
}

static bool
was_seen(struct run *run, const struct ht_hop *hop, const char *want)
{
	char buf[HT_ADDR_TEXT_MAX];

	for (unsigned i = 0; i < hop->n_addrs; i++)
		if (strcmp(ht_addr_text(&hop->addrs[i].addr, buf), want) == 0)
			return true;
	return found(run, "not among %u addresses", hop->n_addrs);
}

static bool
is_kind(struct run *run, const struct ht_hop *hop, const char *want)
{
	const char *kind = ht_reply_kind_name((enum ht_reply_kind)hop->reply_kind);

	return strcmp(kind, want) == 0 || found(run, "%s", kind);
}

static bool
is_mpls(struct run *run, const struct ht_hop *hop, const char *want)
{
	char buf[16] = "none";

	if (hop->has_ext && hop->ext.n_mpls > 0)
		snprintf(buf, sizeof(buf), "%u", hop->ext.mpls[0].label);
	return strcmp(buf, want) == 0 || found(run, "%s", buf);
}

static bool
is_changed(struct run *run, const struct ht_hop *hop, const char *want)
{
	static const struct {
		const char *name;
		unsigned fields;
	} names[] = { { "none", 0 }, { "tos", HT_QUOTE_TOS }, { "id", HT_QUOTE_ID },
		{ "checksum", HT_QUOTE_CHECKSUM }, { "address", HT_QUOTE_ADDRESS },
		{ "port", HT_QUOTE_PORT } };
	unsigned changed = hop->quote.changed;

	if (!hop->has_quote)
		return found(run, "no quote");
	for (size_t i = 0; i < COUNT(names); i++)
		if (strcmp(want, names[i].name) == 0)
			return (i == 0 ? changed == 0
				       : (changed & names[i].fields) != 0)
			       || found(run, "changed are 0x%x", changed);
	return found(run, "not a field");
}

static bool
holds_at_hop(struct run *run, unsigned ttl, const char *const *word, unsigned n)
{
	/* clang-format off */
	static const struct {
		const char *name;
		bool (*holds)(struct run *run, const struct ht_hop *hop, const char *want);
	} words[] = {
		{ "address", is_address },
		{ "seen",    was_seen },
		{ "kind",    is_kind },
		{ "mpls",    is_mpls },
		{ "changed", is_changed },
	};
	/* clang-format on */
	const struct ht_hop *hop = ht_path_hop(run->path, ttl);
	struct range range;
	double x;

	if (hop == NULL)
		return found(run, "hop %u was never probed", ttl);
	if (n == 3 && strcmp(word[0], "loss") == 0 && strcmp(word[1], "near") == 0)
		return is_loss_near(run, &hop->counts, word[2]);
	for (size_t i = 0; i < COUNT(words); i++)
		if (n == 2 && strcmp(word[0], words[i].name) == 0)
			return words[i].holds(run, hop, word[1]);
	for (size_t i = 0; i < COUNT(metrics); i++) {
		if (n < 2 || strcmp(word[0], metrics[i].name) != 0)
			continue;
		if (!read_range(word + 1, n - 1, &range))
			return found(run, "not a range");
		if (!metrics[i].get(hop, &x))
			return found(run, "hop %u has none", ttl);
		return is_in(run, &range, x);
	}
	return found(run, "unknown expectation");
}

/* "hop K ..." and "hop K..M ..." */
static bool
expect_hop(struct run *run, const char *const *word, unsigned n)
{
	struct range hops;

	if (n < 2 || !read_range(word, 1, &hops) || hops.min < 1 || hops.max > 255)
		return found(run, "not a hop");
	for (unsigned ttl = (unsigned)hops.min; ttl <= (unsigned)hops.max; ttl++)
		if (!holds_at_hop(run, ttl, word + 1, n - 1))
			return false;
	return true;
}

static bool
expect_last(struct run *run, const char *const *word, unsigned n)
{
	struct range range;

	if (!read_range(word, n, &range))
		return found(run, "not a range");
	return is_in(run, &range, ht_path_last(run->path));
}

static bool
expect_changes(struct run *run, const char *const *word, unsigned n)
{
	struct ht_path_change change;
	struct range range;
	unsigned changes = 0;

	if (!read_range(word, n, &range))
		return found(run, "not a range");
	while (ht_path_change(run->path, changes, &change))
		changes++;
	return is_in(run, &range, changes);
}

static bool
expect_total(struct run *run, const char *const *word, unsigned n)
{
	const struct ht_totals t = ht_session_totals(run->ss);
	const struct {
		const char *name;
		uint64_t value;
	} totals[] = { { "sent", t.sent }, { "received", t.received },
		{ "lost", t.lost }, { "late", t.late }, { "duplicate", t.duplicate },
		{ "failed", t.failed }, { "unmatched", t.unmatched },
		{ "malformed", t.malformed } };
	struct range range;

	for (size_t i = 0; n >= 2 && i < COUNT(totals); i++)
		if (strcmp(word[0], totals[i].name) == 0)
			return read_range(word + 1, n - 1, &range)
			       && is_in(run, &range, (double)totals[i].value);
	return found(run, "unknown total");
}

static bool
expect_reached(struct run *run, const char *const *word, unsigned n)
{
	(void)word;
	return (n == 0 && ht_path_is_reached(run->path)) || found(run, "unreached");
}

static bool
expect_unreached(struct run *run, const char *const *word, unsigned n)
{
	(void)word;
	return (n == 0 && !ht_path_is_reached(run->path)) || found(run, "reached");
}

static bool
expect_stop(struct run *run, const char *const *word, unsigned n)
{
	const char *stop = ht_stop_name(ht_path_stop(run->path));

	return (n == 1 && strcmp(word[0], stop) == 0) || found(run, "%s", stop);
}

static bool
expect_of_path(struct run *run, const char *const *word, unsigned n)
{
	/* clang-format off */
	static const struct {
		const char *name;
		bool (*expect)(struct run *run, const char *const *word, unsigned n);
	} subjects[] = {
		{ "hop",       expect_hop },
		{ "last",      expect_last },
		{ "changes",   expect_changes },
		{ "total",     expect_total },
		{ "reached",   expect_reached },
		{ "unreached", expect_unreached },
		{ "stop",      expect_stop },
	};
	/* clang-format on */

	for (size_t i = 0; n >= 1 && i < COUNT(subjects); i++)
		if (strcmp(word[0], subjects[i].name) == 0)
			return subjects[i].expect(run, word + 1, n - 1);
	return found(run, "unknown expectation");
}

static bool
is_met(struct run *run, const struct ht_sim_note *note)
{
	const char *const *word = note->word + 1;
	unsigned n = note->n_words - 1, flow = 0;
	struct range range;

	if (n > 2 && strcmp(word[0], "flow") == 0) {
		if (!read_range(word + 1, 1, &range) || range.min < 0
		    || range.min >= run->set.flows)
			return found(run, "not a flow of this run");
		flow = (unsigned)range.min;
		word += 2;
		n -= 2;
	}
	run->path = ht_session_path(run->ss, 0, flow);
	return run->path != NULL ? expect_of_path(run, word, n) : found(run, "no path");
}

/* --- settings --- */

static bool
read_span(const char *word, ht_time *ret)
{
	const char *end;
	double x;

	if (!read_number(word, &end, &x))
		return false;
	if (strcmp(end, "ms") == 0)
		*ret = (ht_time)(x * (double)HT_MS);
	else if (strcmp(end, "s") == 0)
		*ret = (ht_time)(x * (double)HT_S);
	else
		return false;
	return true;
}

static bool
read_protocol(const char *word, enum ht_proto *ret)
{
	for (int i = HT_PROTO_ICMP; i < HT_PROTO_COUNT; i++) {
		if (strcmp(word, ht_proto_name((enum ht_proto)i)) == 0) {
			*ret = (enum ht_proto)i;
			return true;
		}
	}
	return false;
}

/* Take one setting; false if there is no such, or its value is wrong. */
static bool
set_one(struct ht_settings *set, const char *key, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);
	bool is_n = end != value && *end == '\0';

	if (strcmp(key, "interval") == 0)
		return read_span(value, &set->interval_ns);
	if (strcmp(key, "timeout") == 0)
		return read_span(value, &set->timeout_ns);
	if (strcmp(key, "grace") == 0)
		return read_span(value, &set->grace_ns);
	if (strcmp(key, "protocol") == 0)
		return read_protocol(value, &set->proto);
	if (strcmp(key, "cycles") == 0)
		set->cycles = n;
	else if (strcmp(key, "port") == 0)
		set->port = (unsigned)n;
	else if (strcmp(key, "tos") == 0)
		set->tos = (unsigned)n;
	else if (strcmp(key, "flow") == 0)
		set->flow = (unsigned)n;
	else if (strcmp(key, "flows") == 0)
		set->flows = (unsigned)n;
	else if (strcmp(key, "size") == 0)
		set->size = (int)n;
	else if (strcmp(key, "first") == 0)
		set->first_ttl = (unsigned)n;
	else if (strcmp(key, "max") == 0)
		set->max_ttl = (unsigned)n;
	else if (strcmp(key, "max-unknown") == 0)
		set->max_unknown = (unsigned)n;
	else
		return false;
	return is_n;
}

/* Take all settings; counts the expectations. */
static bool
read_settings(struct run *run, unsigned *ret_expects)
{
	ht_settings_init(&run->set);
	run->set.history = 4096;
	*ret_expects = 0;
	for (unsigned i = 0; i < ht_simnet_notes(run->net); i++) {
		const struct ht_sim_note *note = ht_simnet_note(run->net, i);

		if (strcmp(note->word[0], "expect") == 0)
			++*ret_expects;
		else if (note->n_words != 2
			 || !set_one(&run->set, note->word[0], note->word[1]))
			return found(run, "line %u: wrong setting", note->line);
	}
	if (run->set.cycles == 0)
		return found(run, "no line \"cycles N\"");
	return *ret_expects > 0 || found(run, "nothing is expected");
}

/* --- the run --- */

static bool
step_to_the_end(struct run *run, struct ht_transport *tp)
{
	ht_time now = HT_S; /* not 0: nothing may depend on that */

	for (unsigned i = 0; i < STEPS_MAX; i++) {
		ht_time next = ht_session_step(run->ss, now);
		ht_time reply = tp->ops->next(tp);

		if (ht_session_is_done(run->ss))
			return true;
		if (reply < next)
			next = reply;
		if (next == HT_TIME_NEVER)
			return found(run, "nothing is due, yet it is not done");
		now = next > now ? next : now + 1;
	}
	return found(run, "the run does not end");
}

static bool
run_session(struct run *run, struct ht_transport *tp)
{
	const struct ht_sim_target *target = ht_simnet_target(run->net, 0);

	run->ss = ht_session_new(&run->set, tp);
	if (run->ss == NULL)
		return found(run, "no session");
	if (ht_session_add(run->ss, target->name, &target->addr) != 0)
		return found(run, "the target was refused");
	if (!step_to_the_end(run, tp))
		return false;
	return true;
}

static void
report(const struct run *run, bool is_ok, unsigned line, const char *text)
{
	n_failed += !is_ok;
	printf("%s %u - %s:%u: %s\n", is_ok ? "ok" : "not ok", ++n_tests, run->file,
	    line, text);
	if (!is_ok)
		printf("# found: %s\n", run->why);
}

static void
check_expectations(struct run *run)
{
	for (unsigned i = 0; i < ht_simnet_notes(run->net); i++) {
		const struct ht_sim_note *note = ht_simnet_note(run->net, i);
		char text[256] = "";

		if (strcmp(note->word[0], "expect") != 0)
			continue;
		for (unsigned j = 1; j < note->n_words; j++) {
			size_t len = strlen(text);
			snprintf(text + len, sizeof(text) - len, "%s%s",
			    len > 0 ? " " : "", note->word[j]);
		}
		report(run, is_met(run, note), note->line, text);
	}
}

static struct ht_simnet *
read_scenario(struct run *run, const char *path, unsigned *ret_line)
{
	static char text[256 * 1024 + 1];
	struct ht_simnet *net;
	struct ht_err err;
	FILE *fp = fopen(path, "r");

	if (fp == NULL) {
		found(run, "%s", strerror(errno));
		return NULL;
	}
	net = ht_simnet_parse(text, fread(text, 1, sizeof(text), fp), &err);
	fclose(fp);
	if (net == NULL) {
		*ret_line = err.line;
		found(run, "%s", err.text);
	}
	return net;
}

static void
run_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct run run = { .file = slash != NULL ? slash + 1 : path };
	struct ht_transport *tp = NULL;
	struct ht_err err;
	unsigned line = 0, expects;

	run.net = read_scenario(&run, path, &line);
	if (run.net != NULL && read_settings(&run, &expects))
		tp = ht_sim_open(run.net, &err);
	if (tp != NULL && run_session(&run, tp))
		check_expectations(&run);
	else
		report(&run, false, line, "runs");
	ht_session_free(run.ss);
	if (tp != NULL)
		tp->ops->close(tp);
	ht_simnet_free(run.net);
}

static void
run_all(void)
{
	const char *srcdir = getenv("srcdir");
	char pattern[4096];
	glob_t files;

	snprintf(pattern, sizeof(pattern), "%s/tests/scenarios/*.net",
	    srcdir != NULL ? srcdir : ".");
	if (glob(pattern, 0, NULL, &files) != 0) {
		printf("not ok 1 - no scenario: %s\n1..1\n", pattern);
		exit(1);
	}
	for (size_t i = 0; i < files.gl_pathc; i++)
		run_file(files.gl_pathv[i]);
	globfree(&files);
}

int
main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1)
		run_all();
	printf("1..%u\n", n_tests);
	return n_failed > 0;
}
