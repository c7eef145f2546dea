/* SPDX-License-Identifier: ISC */
/*
 * The option table.  To add an option: one row, and a function that stores its
 * value unless one of those here already does.  A row without a function is
 * known and refused by name, so that a script for mtr is told what is missing
 * instead of "unknown option".
 */
#include "app/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/parse.h"
#include "app/targets.h"
#include "base/addr.h"
#include "names/names.h"
#include "report/report.h"
#include "view/columns.h"
#include "view/flows.h"

const char *
app_mode_name(enum app_mode mode)
{
	static const char *const names[] = { "auto", "dashboard", "text", "wide",
		"json", "csv", "raw", "xml", "split", "trace" };

	return (unsigned)mode < APP_MODE_COUNT ? names[mode] : "none";
}

bool
app_mode_is_report(enum app_mode mode)
{
	return mode >= APP_MODE_TEXT;
}

/* Where to ==================================================================*/

static int
set_family(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->family = (unsigned)v->number;
	return 0;
}

static int
set_filename(struct app_parse *ps, const struct app_value *v)
{
	bool is_stdin = strcmp(v->text, "-") == 0;
	FILE *fp = is_stdin ? stdin : fopen(v->text, "re");
	char quote[APP_QUOTE_MAX];
	struct ht_buf why;
	int r;

	if (fp == NULL) {
		r = errno;
		app_refuse(
		    ps, "--filename: %s: %s", app_quote(v->text, quote), strerror(r));
		return APP_EXIT_SYSTEM;
	}
	ht_buf_init(&why);
	r = app_targets_read(ps->opt, fp, is_stdin ? "standard input" : v->text, &why);
	if (!is_stdin)
		fclose(fp);
	if (r != 0)
		app_refuse(ps, "%s", why.text);
	ht_buf_done(&why);
	if (r == 0)
		return 0;
	return r == -EINVAL || r == -ENOSPC ? APP_EXIT_USAGE : APP_EXIT_SYSTEM;
}

static int
set_interface(struct app_parse *ps, const struct app_value *v)
{
	size_t len = strlen(v->text);

	if (len == 0 || len >= sizeof(ps->opt->interface)
	    || strpbrk(v->text, "/ \t\n") != NULL)
		return app_refuse_value(ps, v->text);
	strcpy(ps->opt->interface, v->text);
	return 0;
}

static int
set_address(struct app_parse *ps, const struct app_value *v)
{
	if (!names_literal(v->text, &ps->opt->source)
	    || ht_addr_refusal(&ps->opt->source) != NULL)
		return app_refuse_value(ps, v->text);
	return 0;
}

static int
set_demo(struct app_parse *ps, const struct app_value *v)
{
	(void)v;
	ps->opt->is_demo = true;
	return 0;
}

static int
set_sim(struct app_parse *ps, const struct app_value *v)
{
	free(ps->opt->sim_file);
	ps->opt->sim_file = strdup(v->text);
	if (*v->text == '\0')
		return app_refuse_value(ps, v->text);
	return ps->opt->sim_file != NULL ? 0 : APP_EXIT_SYSTEM;
}

/* What to show ==============================================================*/

static int
set_mode(struct app_parse *ps, const struct app_value *v)
{
	enum app_mode mode = (enum app_mode)v->number;

	if (app_mode_is_report(mode) && report_find(app_mode_name(mode)) == NULL)
		return app_refuse(ps, "--%s: not yet in this version", ps->row->name);
	ps->is_wide |= mode == APP_MODE_WIDE;
	ps->opt->mode = mode == APP_MODE_TEXT && ps->is_wide ? APP_MODE_WIDE : mode;
	return 0;
}

static int
set_report_on_exit(struct app_parse *ps, const struct app_value *v)
{
	(void)v;
	ps->opt->report_on_exit = true;
	return 0;
}

static int
set_order(struct app_parse *ps, const struct app_value *v)
{
	size_t blanks = strspn(v->text, " ");
	char bad[2] = { 0 }, quote[APP_QUOTE_MAX];

	if (strlen(v->text) >= sizeof(ps->opt->columns) || v->text[blanks] == '\0')
		return app_refuse_value(ps, v->text);
	for (const char *c = v->text; *c != '\0'; c++) {
		bad[0] = *c;
		if (*c == ' ' || view_column_find(*c) != NULL)
			continue;
		if (view_column_planned(*c) != NULL)
			return app_refuse(ps,
			    "--order: column %s (%s): not yet in this version",
			    app_quote(bad, quote), view_column_planned(*c));
		return app_refuse(
		    ps, "--order: %s is not a column", app_quote(bad, quote));
	}
	strcpy(ps->opt->columns, v->text);
	return 0;
}

static int
set_displaymode(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->display = (unsigned)v->number;
	return 0;
}

static int
set_compact(struct app_parse *ps, const struct app_value *v)
{
	(void)v;
	ps->opt->is_compact = true;
	return 0;
}

static int
set_mpls(struct app_parse *ps, const struct app_value *v)
{
	(void)v;
	ps->opt->show_mpls = true;
	return 0;
}

static int
set_paths_max(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->paths_max = (unsigned)v->number;
	return 0;
}

static int
set_ascii(struct app_parse *ps, const struct app_value *v)
{
	(void)v;
	ps->opt->is_ascii = true;
	return 0;
}

static int
set_color(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->color = (enum app_color)v->number;
	return 0;
}

static int
set_history(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.history = (size_t)v->number;
	return 0;
}

/* How to probe ==============================================================*/

static int
set_protocol(struct app_parse *ps, const struct app_value *v)
{
	if (v->number > HT_PROTO_TCP)
		return app_refuse(
		    ps, "--protocol %s: not yet in this version", v->text);
	ps->opt->settings.proto = (enum ht_proto)v->number;
	return 0;
}

static int
set_port(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.port = (unsigned)v->number;
	return 0;
}

static int
set_localport(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.local_port = (unsigned)v->number;
	return 0;
}

static int
set_transport(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->transport = (enum app_transport)v->number;
	return 0;
}

static int
set_dublin(struct app_parse *ps, const struct app_value *v)
{
	(void)v;
	ps->opt->settings.proto = HT_PROTO_UDP;
	ps->opt->is_dublin = true;
	return 0;
}

static int
set_mark(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->mark = (uint32_t)v->number;
	return 0;
}

static int
set_cycles(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.cycles = (uint64_t)v->number;
	return 0;
}

static int
set_queries(struct app_parse *ps, const struct app_value *v)
{
	ps->queries = (unsigned)v->number;
	return 0;
}

static int
set_interval(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.interval_ns = v->number;
	return 0;
}

static int
set_gracetime(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.grace_ns = v->number;
	return 0;
}

static int
set_timeout(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.timeout_ns = v->number;
	return 0;
}

static int
set_psize(struct app_parse *ps, const struct app_value *v)
{
	if (v->number > -28 && v->number < 28)
		return app_refuse_value(ps, v->text);
	ps->opt->settings.size = (int)v->number;
	return 0;
}

static int
set_bitpattern(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.pattern = (int)v->number;
	return 0;
}

static int
set_tos(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.tos = (unsigned)v->number;
	return 0;
}

static int
set_first_ttl(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.first_ttl = (unsigned)v->number;
	return 0;
}

static int
set_max_ttl(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.max_ttl = (unsigned)v->number;
	return 0;
}

static int
set_due_ttl(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.due_ttl = (unsigned)v->number;
	return 0;
}

static int
set_flow(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.flow = (unsigned)v->number;
	return 0;
}

static int
set_flows(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.flows = (unsigned)v->number;
	return 0;
}

static int
set_max_unknown(struct app_parse *ps, const struct app_value *v)
{
	ps->opt->settings.max_unknown = (unsigned)v->number;
	return 0;
}

/* Names and the rest ========================================================*/

static int
set_no_dns(struct app_parse *ps, const struct app_value *v)
{
	(void)v;
	ps->opt->resolve = false;
	return 0;
}

static int
set_show_ips(struct app_parse *ps, const struct app_value *v)
{
	(void)v;
	ps->show_ips = true;
	return 0;
}

/* c-ares wants the port behind a colon, and then brackets around IPv6. */
static int
set_dns_server(struct app_parse *ps, const struct app_value *v)
{
	char text[HT_ADDR_TEXT_MAX];
	struct app_target server;
	struct ht_addr addr;
	struct ht_buf why;

	ht_buf_init(&why);
	int r = app_target_parse(v->text, &server, &why);
	ht_buf_done(&why);
	if (r != 0 || !names_literal(server.host, &addr)
	    || ht_addr_refusal(&addr) != NULL)
		return app_refuse_value(ps, v->text);
	snprintf(ps->opt->dns_server, sizeof(ps->opt->dns_server),
	    addr.family == HT_FAMILY_IP6 ? "[%s]:%u" : "%s:%u",
	    ht_addr_text(&addr, text), server.port != 0 ? server.port : 53);
	return 0;
}

static int
set_help(struct app_parse *ps, const struct app_value *v)
{
	(void)v;
	ps->opt->is_help = true;
	ps->is_over = true;
	return 0;
}

static int
set_version(struct app_parse *ps, const struct app_value *v)
{
	(void)v;
	ps->opt->is_version = true;
	ps->is_over = true;
	return 0;
}

/* The table =================================================================*/

/* As enum ht_proto counts them. */
static const char *const protocols[] = { "auto", "icmp", "udp", "tcp", "sctp", NULL };
static const char *const transports[] = { "auto", "dgram", "raw", NULL };
static const char *const colors[] = { "auto", "always", "never", NULL };

#define MTR true
#define OWN false

#define CENTI (HT_S / 100)
#define HOUR  (3600 * HT_S)

/* One option, one row; what a kind of row has not is left out. */
/* clang-format off */
#define ROW(letter_, name_, group_, mtr_, ...) \
	{ .letter = (letter_), .name = (name_), .group = APP_GROUP_##group_, \
	  .is_mtr = (mtr_), __VA_ARGS__ }
#define FLAG(letter_, name_, group_, mtr_, value_, set_, help_) \
	ROW(letter_, name_, group_, mtr_, .min = (value_), .set = (set_), .help = (help_))
#define RANGED(letter_, name_, group_, mtr_, meta_, what_, range_, min_, max_, def_, set_, help_) \
	ROW(letter_, name_, group_, mtr_, .arg = APP_ARG_NUMBER, .metavar = (meta_), \
	    .what = (what_), .range = (range_), .min = (min_), .max = (max_), \
	    .def = (def_), .set = (set_), .help = (help_))
#define NUMBER(letter_, name_, group_, mtr_, meta_, what_, min_, max_, def_, set_, help_) \
	RANGED(letter_, name_, group_, mtr_, meta_, what_, NULL, min_, max_, def_, set_, help_)
#define SECONDS(letter_, name_, group_, mtr_, min_, max_, def_, set_, help_) \
	ROW(letter_, name_, group_, mtr_, .arg = APP_ARG_SECONDS, .metavar = "SECONDS", \
	    .what = "a number of seconds", .min = (min_), .max = (max_), \
	    .def = (def_), .set = (set_), .help = (help_))
#define CHOICE(letter_, name_, group_, mtr_, meta_, choices_, def_, set_, help_) \
	ROW(letter_, name_, group_, mtr_, .arg = APP_ARG_CHOICE, .metavar = (meta_), \
	    .choices = (choices_), .def = (def_), .set = (set_), .help = (help_))
#define TEXT(letter_, name_, group_, mtr_, meta_, what_, set_, help_) \
	ROW(letter_, name_, group_, mtr_, .arg = APP_ARG_TEXT, .metavar = (meta_), \
	    .what = (what_), .set = (set_), .help = (help_))
#define LATER(letter_, name_, mtr_) \
	{ .letter = (letter_), .name = (name_), .is_mtr = (mtr_) }

const struct app_option app_option_table[] = {
	FLAG('4', "inet",      TARGET, MTR, HT_FAMILY_IP4, set_family, "use IPv4 only"),
	FLAG('6', "inet6",     TARGET, MTR, HT_FAMILY_IP6, set_family, "use IPv6 only"),
	TEXT('F', "filename",  TARGET, MTR, "FILE", "a file", set_filename,
	    "read hosts from FILE, one a line, '#' begins a comment; '-' is standard input"),
	TEXT('I', "interface", TARGET, MTR, "NAME", "an interface name", set_interface,
	    "send through this network interface"),
	TEXT('a', "address",   TARGET, MTR, "ADDRESS", "an IPv4 or IPv6 address of a host", set_address,
	    "send from this source address"),
	FLAG(0,   "demo",      TARGET, OWN, 0, set_demo,
	    "trace a simulated internet: no network, no privilege"),
	TEXT(0,   "sim",       TARGET, OWN, "FILE", "a file name", set_sim,
	    "trace the simulated internet that FILE describes"),

	FLAG('t', "curses",         MODE, MTR, APP_MODE_DASHBOARD, set_mode, "show the dashboard; as is usual on a terminal"),
	FLAG('r', "report",         MODE, MTR, APP_MODE_TEXT,      set_mode, "print a report; as is usual elsewhere"),
	FLAG('w', "report-wide",    MODE, MTR, APP_MODE_WIDE,      set_mode, "print a report that cuts no name"),
	FLAG('j', "json",           MODE, MTR, APP_MODE_JSON,      set_mode, "print a report in JSON"),
	FLAG('C', "csv",            MODE, MTR, APP_MODE_CSV,       set_mode, "print a report in CSV"),
	FLAG('x', "xml",            MODE, MTR, APP_MODE_XML,       set_mode, "print a report in XML"),
	FLAG('l', "raw",            MODE, MTR, APP_MODE_RAW,       set_mode, "print every answer as it comes, in mtr's raw format"),
	FLAG('p', "split",          MODE, MTR, APP_MODE_SPLIT,     set_mode, "print every answer as it comes, in mtr's split format"),
	FLAG(0,   "trace",          MODE, OWN, APP_MODE_TRACE,     set_mode, "print a line for each hop, as traceroute does, and end"),
	FLAG(0,   "report-on-exit", MODE, MTR, 0, set_report_on_exit, "print a report when the dashboard ends"),
	NUMBER('c', "report-cycles", MODE, MTR, "COUNT", "a number of cycles", 1, 1000000000, NULL, set_cycles,
	    "end after COUNT probes to each hop; a report takes 10, the dashboard goes on"),
	NUMBER('q', "queries",      MODE, OWN, "COUNT", "a number of probes", 1, 10, "3", set_queries,
	    "probes of --trace to each hop"),
	TEXT('o', "order",          MODE, MTR, "FIELDS", "a list of column letters", set_order,
	    "show these columns, by their letters"),

	CHOICE(0, "protocol",      PROBE, OWN, "NAME", protocols, "auto", set_protocol,
	    "probe with auto, icmp, udp or tcp; auto is icmp where this user may, else udp"),
	FLAG('u', "udp",           PROBE, MTR, HT_PROTO_UDP, set_protocol,
	    "probe with UDP instead of ICMP echo"),
	FLAG('T', "tcp",           PROBE, MTR, HT_PROTO_TCP, set_protocol,
	    "probe with TCP SYN instead of ICMP echo"),
	NUMBER('P', "port",        PROBE, MTR, "PORT", "a port", 1, 65535, NULL, set_port,
	    "probe this port by TCP (80) or UDP (33434); HOST:PORT for one host"),
	NUMBER('L', "localport",   PROBE, MTR, "PORT", "a port", 1, 65535, NULL, set_localport,
	    "send TCP or UDP from this port, further flows from those behind it"),
	SECONDS('i', "interval",   PROBE, MTR, CENTI, HOUR, "1", set_interval,
	    "time between two probes to a hop; below 0.1 is for root"),
	SECONDS('Z', "timeout",    PROBE, MTR, CENTI, HOUR, "3", set_timeout,
	    "a probe without an answer is lost after this time"),
	SECONDS('G', "gracetime",  PROBE, MTR, 0, HOUR, "5", set_gracetime,
	    "longest wait for answers after the last cycle"),
	NUMBER('f', "first-ttl",   PROBE, MTR, "TTL", "a TTL", 1, HT_TTL_MAX, "1", set_first_ttl,
	    "begin with this hop"),
	NUMBER('m', "max-ttl",     PROBE, MTR, "TTL", "a TTL", 1, HT_TTL_MAX, "30", set_max_ttl,
	    "go no farther than this hop"),
	NUMBER('U', "max-unknown", PROBE, MTR, "COUNT", "a number of hops", 1, HT_TTL_MAX, "12", set_max_unknown,
	    "give up behind so many silent hops in a row"),
	NUMBER('D', "due-ttl",     PROBE, MTR, "TTL", "a TTL", 1, HT_TTL_MAX, NULL, set_due_ttl,
	    "go on to this hop, even if the target answers before"),
	NUMBER(0, "flow",          PROBE, OWN, "NUMBER", "the number of a flow", 0, HT_FLOW_MAX, "0", set_flow,
	    "keep to this one of the ways that routers balance over"),
	NUMBER(0, "flows",         PROBE, OWN, "COUNT", "a number of flows", 1, HT_FLOWS_MAX, "1", set_flows,
	    "look at so many flows, from --flow on"),
	RANGED('s', "psize",       PROBE, MTR, "BYTES", "a packet size", "28 to 9000, or -9000 to -28 for random sizes",
	    -9000, 9000, "64", set_psize, "size of the whole IP packet; not that of a SYN"),
	RANGED('B', "bitpattern",  PROBE, MTR, "BYTE", "a byte", "0 to 255, or -1 for random bytes",
	    -1, 255, "0", set_bitpattern, "fill packets with this byte"),
	NUMBER('Q', "tos",         PROBE, MTR, "BYTE", "a TOS byte", 0, 255, "0", set_tos,
	    "type of service, or traffic class of IPv6"),
	CHOICE(0, "transport",     PROBE, OWN, "NAME", transports, "auto", set_transport,
	    "probe through auto or dgram: unprivileged sockets; raw: privileged ones"),
	FLAG(0,   "dublin",        PROBE, OWN, 0, set_dublin,
	    "probe with UDP through raw sockets, told apart by the IPv4 ID"),
	NUMBER('M', "mark",        PROBE, MTR, "MARK", "a packet mark", 1, UINT32_MAX, NULL, set_mark,
	    "set this mark on packets for the firewall and routing here; takes raw sockets"),

	FLAG('n', "no-dns",     NAMES, MTR, 0, set_no_dns,   "show addresses, ask for no names"),
	FLAG('b', "show-ips",   NAMES, MTR, 0, set_show_ips, "show names and addresses"),
	TEXT(0,   "dns-server", NAMES, OWN, "ADDRESS[:PORT]", "the address of a name server", set_dns_server,
	    "ask this name server instead of the system's"),

	FLAG('e', "mpls",        LOOK, MTR, 0, set_mpls, "show MPLS labels and other ICMP extensions"),
	NUMBER(0, "displaymode", LOOK, MTR, "MODE", "a display mode", 0, 2, "0", set_displaymode,
	    "first show statistics (0) or the history of each hop (1, 2)"),
	NUMBER('E', "max-display-path", LOOK, MTR, "COUNT", "a number of addresses", 1, VIEW_PATHS_MAX, "8", set_paths_max,
	    "show so many addresses or branches of a hop"),
	FLAG(0,   "compact",     LOOK, MTR, 0, set_compact, "leave out what takes space"),
	FLAG(0,   "ascii",       LOOK, OWN, 0, set_ascii,   "draw with ASCII characters only"),
	CHOICE(0, "color",       LOOK, OWN, "WHEN", colors, "auto", set_color,
	    "colours: auto, always or never; NO_COLOR in the environment is honoured"),
	NUMBER(0, "history",     LOOK, OWN, "COUNT", "a number of probes", 64, 1000000, "86400", set_history,
	    "remember so many probes of each hop, 16 bytes each"),

	FLAG('h', "help",    OTHER, MTR, 0, set_help,    "print this help"),
	FLAG('v', "version", OTHER, MTR, 0, set_version, "print the version and what can be used here"),

	LATER('S', "sctp",                MTR),
	LATER('z', "aslookup",            MTR),
	LATER('y', "ipinfo",              MTR),
	LATER(0,   "scale",               MTR),
	LATER(0,   "record",              OWN),
	LATER(0,   "replay",              OWN),
	LATER(0,   "ndjson",              OWN),
	LATER(0,   "markdown",            OWN),
	LATER(0,   "ticket",              OWN),
	LATER(0,   "redact",              OWN),
	LATER(0,   "expect",              OWN),
	LATER(0,   "prometheus-listen",   OWN),
	LATER(0,   "prometheus-textfile", OWN),
	LATER(0,   "mtu",                 OWN),
	LATER(0,   "plain",               OWN),
	LATER(0,   "theme",               OWN),
	LATER(0,   "mouse",               OWN),
	LATER(0,   "asn",                 OWN),
	LATER(0,   "mmdb",                OWN),
	{ .name = NULL },
};
/* clang-format on */
