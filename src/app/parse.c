/* SPDX-License-Identifier: ISC */
/*
 * The parser, as mtr's users know it from getopt_long: bundled letters, values
 * attached or as the next word, --name=value, prefixes of long names that mean
 * one option only, hosts anywhere, and -- before hosts that begin with '-'.
 */
#include "app/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "app/number.h"
#include "app/shellwords.h"
#include "app/targets.h"
#include "base/text.h"
#include "view/columns.h"

/* Between two probes of a trace to one hop, unless -i says so. */
#define TRACE_INTERVAL (20 * HT_MS)
/* Probes of a trace to one hop, unless -q says so. */
#define TRACE_QUERIES 3

int
app_refuse(struct app_parse *ps, const char *fmt, ...)
{
	va_list ap;

	ht_buf_printf(ps->err, "hoptop: %s", ps->origin);
	va_start(ap, fmt);
	ht_buf_vprintf(ps->err, fmt, ap);
	va_end(ap);
	ht_buf_str(ps->err, "\n");
	return APP_EXIT_USAGE;
}

static void
add_choices(const struct app_option *row, struct ht_buf *out)
{
	for (unsigned i = 0; row->choices[i] != NULL; i++)
		ht_buf_printf(out, "%s%s", i > 0 ? ", " : "", row->choices[i]);
}

void
app_option_range(const struct app_option *row, struct ht_buf *out)
{
	char min[32], max[32];

	if (row->range != NULL)
		ht_buf_str(out, row->range);
	else if (row->arg == APP_ARG_NUMBER)
		ht_buf_printf(out, "%" PRId64 " to %" PRId64, row->min, row->max);
	else if (row->arg == APP_ARG_SECONDS)
		ht_buf_printf(out, "%s to %s", app_seconds_text(row->min, min),
		    app_seconds_text(row->max, max));
}

int
app_refuse_value(struct app_parse *ps, const char *text)
{
	const struct app_option *row = ps->row;
	char quote[APP_QUOTE_MAX];
	struct ht_buf range;

	ht_buf_init(&range);
	if (row->arg == APP_ARG_CHOICE)
		add_choices(row, &range);
	else
		app_option_range(row, &range);
	app_quote(text, quote);
	if (row->arg == APP_ARG_CHOICE)
		app_refuse(
		    ps, "--%s: %s is not one of %s", row->name, quote, range.text);
	else if (range.len > 0)
		app_refuse(ps, "--%s: %s is not %s (%s)", row->name, quote, row->what,
		    range.text);
	else
		app_refuse(ps, "--%s: %s is not %s", row->name, quote, row->what);
	ht_buf_done(&range);
	return APP_EXIT_USAGE;
}

/* Check a value by its row; false if it is not one. */
static bool
read_value(const struct app_option *row, const char *text, struct app_value *v)
{
	*v = (struct app_value){ .text = text, .number = row->min };
	switch (row->arg) {
	case APP_ARG_NONE:
	case APP_ARG_TEXT:
		return true;
	case APP_ARG_NUMBER:
		return app_number_parse(text, &v->number) && v->number >= row->min
		       && v->number <= row->max;
	case APP_ARG_SECONDS:
		return app_seconds_parse(text, &v->number) && v->number >= row->min
		       && v->number <= row->max;
	case APP_ARG_CHOICE:
		for (v->number = 0; row->choices[v->number] != NULL; v->number++)
			if (strcmp(row->choices[v->number], text) == 0)
				return true;
		return false;
	}
	return false;
}

/*
 * Do what one option says.  attached is a value in the same word, next the word
 * behind it; *used tells whether that was taken.
 */
static int
apply(struct app_parse *ps, const struct app_option *row, const char *attached,
    const char *next, bool *used)
{
	struct app_value v;

	ps->row = row;
	ps->given[row->letter & 0x7f] = *ps->origin != '\0' ? APP_GIVEN_ENV
							    : APP_GIVEN_ARGV;
	*used = false;
	if (row->set == NULL)
		return app_refuse(ps, "--%s: not yet in this version", row->name);
	if (row->arg == APP_ARG_NONE && attached != NULL)
		return app_refuse(ps, "--%s: takes no value", row->name);
	if (row->arg != APP_ARG_NONE && attached == NULL) {
		if (next == NULL)
			return app_refuse(
			    ps, "--%s: needs a value, %s", row->name, row->metavar);
		attached = next;
		*used = true;
	}
	if (!read_value(row, attached != NULL ? attached : "", &v))
		return app_refuse_value(ps, attached);
	return row->set(ps, &v);
}

/* Long names ================================================================*/

static unsigned
smallest(unsigned a, unsigned b, unsigned c)
{
	unsigned min = a < b ? a : b;

	return min < c ? min : c;
}

/* Letters to insert, drop or change to get from a to b; both short. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[APP_QUOTE_MAX];
	size_t len = strlen(b);

	for (unsigned j = 0; j <= len; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1] != '\0'; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			unsigned change = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = smallest(row[j] + 1, row[j - 1] + 1, change);
		}
	}
	return row[len];
}

/* The option whose name is nearest to a mistyped one; NULL if none is near. */
static const struct app_option *
nearest(const char *name)
{
	const struct app_option *best = NULL;
	unsigned best_distance = strlen(name) < 5 ? 2 : 3;

	if (strlen(name) >= APP_QUOTE_MAX)
		return NULL;
	for (const struct app_option *row = app_option_table; row->name != NULL;
	     row++) {
		unsigned d = distance(name, row->name);
		if (d < best_distance && row->set != NULL) {
			best = row;
			best_distance = d;
		}
	}
	return best;
}

static int
refuse_unknown(struct app_parse *ps, const char *name)
{
	const struct app_option *near = nearest(name);
	char with_dashes[APP_QUOTE_MAX * 2], quote[APP_QUOTE_MAX];

	snprintf(with_dashes, sizeof(with_dashes), "--%s", name);
	app_quote(with_dashes, quote);
	if (near != NULL)
		return app_refuse(
		    ps, "unknown option %s (did you mean '--%s'?)", quote, near->name);
	return app_refuse(ps, "unknown option %s", quote);
}

static int
refuse_ambiguous(struct app_parse *ps, const char *name)
{
	size_t len = strlen(name);
	char quote[APP_QUOTE_MAX];
	struct ht_buf list;

	ht_buf_init(&list);
	for (const struct app_option *row = app_option_table; row->name != NULL; row++)
		if (strncmp(row->name, name, len) == 0)
			ht_buf_printf(
			    &list, "%s--%s", list.len > 0 ? ", " : "", row->name);
	app_refuse(
	    ps, "option %s is ambiguous: %s", app_quote(name - 2, quote), list.text);
	ht_buf_done(&list);
	return APP_EXIT_USAGE;
}

/*
 * Find an option by its name or the beginning of it.  Run as mtr, only mtr's
 * own options are found by a beginning, so that ours make none ambiguous.
 */
static const struct app_option *
find_long(const struct app_parse *ps, const char *name, unsigned *ret_n)
{
	const struct app_option *found = NULL;
	size_t len = strlen(name);

	*ret_n = 0;
	for (const struct app_option *row = app_option_table; row->name != NULL;
	     row++) {
		if (strcmp(row->name, name) == 0) {
			*ret_n = 1;
			return row;
		}
		if (len == 0 || strncmp(row->name, name, len) != 0
		    || (ps->is_mtr && !row->is_mtr))
			continue;
		found = row;
		++*ret_n;
	}
	return found;
}

static int
parse_long(struct app_parse *ps, const char *word, const char *next, bool *used)
{
	const char *value = strchr(word, '=');
	size_t len = value != NULL ? (size_t)(value - word) : strlen(word);
	char *name = malloc(len + 3);
	unsigned n;
	int r;

	if (name == NULL)
		return APP_EXIT_SYSTEM;
	memcpy(name, word - 2, len + 2);
	name[len + 2] = '\0';

	const struct app_option *row = find_long(ps, name + 2, &n);
	if (n == 0)
		r = refuse_unknown(ps, name + 2);
	else if (n > 1)
		r = refuse_ambiguous(ps, name + 2);
	else
		r = apply(ps, row, value != NULL ? value + 1 : NULL, next, used);
	free(name);
	return r;
}

/* Letters, hosts, words =====================================================*/

static const struct app_option *
find_letter(char letter)
{
	for (const struct app_option *row = app_option_table; row->name != NULL; row++)
		if (row->letter == letter)
			return row;
	return NULL;
}

/* "-rwnc10": flags, and at the end perhaps one option with a value. */
static int
parse_letters(struct app_parse *ps, const char *letters, const char *next, bool *used)
{
	for (; *letters != '\0' && !ps->is_over; letters++) {
		const struct app_option *row = find_letter(*letters);
		char word[3] = { '-', *letters, '\0' }, quote[APP_QUOTE_MAX];
		bool takes_value = row != NULL && row->arg != APP_ARG_NONE;

		if (row == NULL)
			return app_refuse(
			    ps, "unknown option %s", app_quote(word, quote));
		int r = apply(ps, row,
		    takes_value && letters[1] != '\0' ? letters + 1 : NULL, next, used);
		if (r != 0 || takes_value)
			return r;
	}
	return 0;
}

static int
parse_host(struct app_parse *ps, const char *word)
{
	char quote[APP_QUOTE_MAX];
	struct ht_buf why;

	if (*ps->origin != '\0')
		return app_refuse(ps, "%s is not an option", app_quote(word, quote));
	ht_buf_init(&why);
	int r = app_targets_add(ps->opt, word, &why);
	if (r != 0)
		app_refuse(ps, "%s", why.text);
	ht_buf_done(&why);
	return r != 0 ? APP_EXIT_USAGE : 0;
}

static int
parse_words(struct app_parse *ps, unsigned n, char *const *words)
{
	bool only_hosts = false, used;
	int r = 0;

	for (unsigned i = 0; i < n && r == 0 && !ps->is_over; i += 1 + used) {
		const char *word = words[i];
		const char *next = i + 1 < n ? words[i + 1] : NULL;

		used = false;
		if (only_hosts || word[0] != '-' || word[1] == '\0')
			r = parse_host(ps, word);
		else if (strcmp(word, "--") == 0)
			only_hosts = true;
		else if (word[1] == '-')
			r = parse_long(ps, word + 2, next, &used);
		else
			r = parse_letters(ps, word + 1, next, &used);
	}
	return r;
}

static int
parse_variable(struct app_parse *ps, const char *name, const char *text)
{
	struct app_shellwords sw;
	char origin[32];
	int r;

	if (text == NULL || ps->is_over)
		return 0;
	snprintf(origin, sizeof(origin), "%s: ", name);
	ps->origin = origin;
	r = app_shellwords_split(text, &sw);
	if (r == 0) {
		r = parse_words(ps, sw.n, sw.words);
		app_shellwords_done(&sw);
	} else if (r == -EINVAL) {
		r = app_refuse(ps, "a quote is not closed");
	} else {
		r = APP_EXIT_SYSTEM;
	}
	ps->origin = "";
	return r;
}

/* What only makes sense together ============================================*/

static int
check_pace(struct app_parse *ps)
{
	ht_time interval = ps->opt->settings.interval_ns;
	char text[32];

	if (interval < HT_S / 10 && !ps->env->is_root)
		return app_refuse(ps,
		    "--interval: %s is below 0.1 seconds, which only root may ask for",
		    app_seconds_text(interval, text));
	ps->opt->is_fast = interval < HT_S;
	return 0;
}

static int
check_range(struct app_parse *ps)
{
	const struct ht_settings *set = &ps->opt->settings;

	if (set->first_ttl > set->max_ttl)
		return app_refuse(ps, "--first-ttl: %u is beyond --max-ttl, %u",
		    set->first_ttl, set->max_ttl);
	if (set->due_ttl > set->max_ttl)
		return app_refuse(ps, "--due-ttl: %u is beyond --max-ttl, %u",
		    set->due_ttl, set->max_ttl);
	if (ps->opt->mark != 0 && ps->opt->transport == APP_TRANSPORT_DGRAM)
		return app_refuse(ps, "--mark: needs --transport raw");
	if (ps->opt->is_dublin && ps->opt->transport == APP_TRANSPORT_DGRAM)
		return app_refuse(ps, "--dublin: needs --transport raw");
	if (ps->opt->mark != 0 || ps->opt->is_dublin)
		ps->opt->transport = APP_TRANSPORT_RAW;
	if (set->flow + set->flows - 1 > HT_FLOW_MAX)
		return app_refuse(ps, "--flows: %u from --flow %u on are more than %u",
		    set->flows, set->flow, HT_FLOW_MAX + 1);
	if (set->local_port + set->flow + set->flows - 1 > UINT16_MAX)
		return app_refuse(ps, "--localport: flow %u would be from port %u",
		    set->flow + set->flows - 1,
		    set->local_port + set->flow + set->flows - 1);
	return 0;
}

static int
check_family(struct app_parse *ps)
{
	struct app_options *opt = ps->opt;

	if (opt->source.family == HT_FAMILY_NONE)
		return 0;
	if (opt->family != 0 && opt->family != opt->source.family)
		return app_refuse(ps,
		    "--address: is not an IPv%u address, as -%u asks for", opt->family,
		    opt->family);
	opt->family = opt->source.family;
	return 0;
}

/* What only a screen can draw is not left out of a report without a word. */
static int
check_columns(struct app_parse *ps)
{
	char text[2] = { 0 }, quote[APP_QUOTE_MAX];

	for (const char *c = ps->opt->columns; *c != '\0'; c++) {
		const struct view_column *col = view_column_find(*c);
		text[0] = *c;
		if (app_mode_is_report(ps->opt->mode) && col != NULL
		    && col->unit == VIEW_UNIT_HISTORY)
			return app_refuse(ps,
			    "--order: column %s is drawn by the dashboard alone",
			    app_quote(text, quote));
	}
	return 0;
}

static bool
has_ports(enum ht_proto proto)
{
	return proto == HT_PROTO_UDP || proto == HT_PROTO_TCP;
}

/* Who names a port wants to know about that port, and ICMP has none.  mtr does not
 * mind; and in it no host has a port. */
static int
check_ports(struct app_parse *ps)
{
	const struct ht_settings *set = &ps->opt->settings;
	char quote[APP_QUOTE_MAX];

	if (has_ports(set->proto))
		return 0;
	for (unsigned i = 0; i < ps->opt->n_targets; i++)
		if (ps->opt->targets[i].port != 0)
			return app_refuse(ps, "%s: port %u: needs --tcp or --udp",
			    app_quote(ps->opt->targets[i].host, quote),
			    ps->opt->targets[i].port);
	if (set->port != 0 && !ps->is_mtr)
		return app_refuse(ps, "--port: needs --tcp or --udp");
	if (set->local_port != 0 && !ps->is_mtr)
		return app_refuse(ps, "--localport: needs --tcp or --udp");
	return 0;
}

/*
 * A trace is over soon: few probes to a hop, all at once.  It goes on to
 * --max-ttl as traceroute does, however silent the hops are.
 */
static void
set_trace_defaults(struct app_parse *ps)
{
	struct ht_settings *set = &ps->opt->settings;

	set->cycles = ps->queries > 0 ? ps->queries : TRACE_QUERIES;
	if (!ps->given['i']) {
		set->interval_ns = TRACE_INTERVAL;
		set->at_once = (unsigned)set->cycles;
	}
	if (!ps->given['U'])
		set->max_unknown = HT_TTL_MAX;
	if (!ps->given['G'] && set->grace_ns < set->timeout_ns)
		set->grace_ns = set->timeout_ns;
}

static int
check_trace(struct app_parse *ps)
{
	bool is_trace = ps->opt->mode == APP_MODE_TRACE;

	if (!is_trace && ps->given['q'] == APP_GIVEN_ARGV)
		return app_refuse(ps, "--queries: only for --trace; others take -c");
	if (is_trace && ps->given['c'] == APP_GIVEN_ARGV)
		return app_refuse(
		    ps, "--report-cycles: not for --trace, which takes -q");
	if (is_trace && ps->opt->settings.flows > 1)
		return app_refuse(
		    ps, "--flows: not for --trace, which keeps to one flow");
	if (is_trace)
		set_trace_defaults(ps);
	return 0;
}

static int
check_targets(struct app_parse *ps)
{
	if (ps->opt->n_targets > 0 || ps->opt->is_demo || ps->opt->sim_file != NULL)
		return 0;
	app_refuse(ps, "no host given");
	ht_buf_str(ps->err,
	    "Usage: hoptop [OPTIONS] HOST...\n"
	    "Try 'hoptop --help', or 'hoptop --demo', which needs no network.\n");
	return APP_EXIT_USAGE;
}

static int
check_all(struct app_parse *ps)
{
	static int (*const checks[])(struct app_parse *) = { check_pace, check_range,
		check_family, check_ports, check_columns, check_trace, check_targets };
	int r = 0;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && r == 0; i++)
		r = checks[i](ps);
	if (!ps->opt->resolve)
		ps->opt->names = APP_NAMES_ADDR;
	else if (ps->show_ips)
		ps->opt->names = APP_NAMES_BOTH;
	return r;
}

static bool
is_run_as_mtr(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	return strcmp(slash != NULL ? slash + 1 : argv0, "mtr") == 0;
}

static void
set_defaults(struct app_options *opt)
{
	*opt = (struct app_options){ .resolve = true };
	ht_settings_init(&opt->settings);
	opt->settings.proto = HT_PROTO_NONE;
}

int
app_options_parse(int argc, char *const *argv, const struct app_env *env,
    struct app_options *ret_opt, struct ht_buf *err)
{
	struct app_options opt;
	struct app_parse ps = { .opt = &opt, .env = env, .err = err, .origin = "" };
	int r = 0;

	set_defaults(&opt);
	ps.is_mtr = argc > 0 && is_run_as_mtr(argv[0]);
	if (ps.is_mtr)
		r = parse_variable(&ps, "MTR_OPTIONS", env->mtr_options);
	if (r == 0)
		r = parse_variable(&ps, "HOPTOP_OPTIONS", env->hoptop_options);
	if (r == 0 && argc > 0 && !ps.is_over)
		r = parse_words(&ps, (unsigned)argc - 1, argv + 1);
	if (r == 0 && !ps.is_over)
		r = check_all(&ps);
	if (r == 0) {
		*ret_opt = opt;
		return 0;
	}
	if (err->len == 0)
		app_refuse(&ps, "out of memory");
	app_options_done(&opt);
	return r;
}

void
app_options_done(struct app_options *opt)
{
	free(opt->sim_file);
	opt->sim_file = NULL;
}
