/* SPDX-License-Identifier: ISC */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/number.h"
#include "app/options.h"
#include "app/parse.h"
#include "app/shellwords.h"
#include "app/targets.h"

#define WORDS_MAX 100

/* One parse: what came out of it. */
struct run {
	struct app_options opt;
	struct ht_buf err;
	int r;
};

static struct app_env plain_env;

/* Parse a line that is split at blanks only, argv[0] first. */
static void
parse_in(struct run *run, const struct app_env *env, const char *line)
{
	char copy[4096], *argv[WORDS_MAX + 1] = { 0 };
	int argc = 0;

	assert_true(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	for (char *w = strtok(copy, " "); w != NULL; w = strtok(NULL, " ")) {
		assert_true(argc < WORDS_MAX);
		argv[argc++] = w;
	}
	memset(run, 0, sizeof(*run));
	ht_buf_init(&run->err);
	run->r = app_options_parse(argc, argv, env, &run->opt, &run->err);
}

static void
done(struct run *run)
{
	if (run->r == 0)
		app_options_done(&run->opt);
	ht_buf_done(&run->err);
}

/* Parse; must succeed and say nothing. */
static struct app_options
good(const char *line)
{
	struct run run;

	parse_in(&run, &plain_env, line);
	assert_string_equal(run.err.text, "");
	assert_int_equal(run.r, 0);
	done(&run);
	return run.opt;
}

/* Parse; must fail with exactly this line. */
static void
bad(const char *line, const char *error)
{
	struct run run;

	parse_in(&run, &plain_env, line);
	assert_int_not_equal(run.r, 0);
	if (run.err.len > 0 && run.err.text[run.err.len - 1] == '\n')
		run.err.text[run.err.len - 1] = '\0';
	assert_string_equal(run.err.text, error);
	assert_int_equal(run.r, APP_EXIT_USAGE);
	done(&run);
}

static void
defaults(void **state)
{
	struct app_options opt = good("hoptop example.net");

	(void)state;
	assert_int_equal(opt.settings.proto, HT_PROTO_NONE);
	assert_int_equal(opt.settings.interval_ns, HT_S);
	assert_int_equal(opt.settings.timeout_ns, 3 * HT_S);
	assert_int_equal(opt.settings.grace_ns, 5 * HT_S);
	assert_int_equal(opt.settings.cycles, 0);
	assert_int_equal(opt.settings.size, 64);
	assert_int_equal(opt.settings.max_ttl, 30);
	assert_int_equal(opt.settings.max_unknown, 12);
	assert_int_equal(opt.mode, APP_MODE_AUTO);
	assert_int_equal(opt.names, APP_NAMES_NAME);
	assert_true(opt.resolve);
	assert_false(opt.is_fast);
	assert_int_equal(opt.n_targets, 1);
	assert_string_equal(opt.targets[0].host, "example.net");
	assert_int_equal(opt.targets[0].port, 0);
}

/* The default that the table states is the one that is used. */
static void
stated_defaults_hold(void **state)
{
	static struct app_options plain, typed;

	(void)state;
	for (const struct app_option *row = app_option_table; row->name != NULL;
	     row++) {
		/* Taken in one mode only. */
		const char *mode = row->letter == 'q' ? "--trace" : "-t";
		char line[128];

		if (row->def == NULL)
			continue;
		snprintf(line, sizeof(line), "hoptop %s example.net", mode);
		plain = good(line);
		snprintf(line, sizeof(line), "hoptop %s --%s=%s example.net", mode,
		    row->name, row->def);
		typed = good(line);
		assert_memory_equal(&plain.settings, &typed.settings,
		    offsetof(struct ht_settings, seed));
		assert_int_equal(plain.transport, typed.transport);
		assert_int_equal(plain.color, typed.color);
		assert_int_equal(plain.display, typed.display);
	}
}

static void
every_probe_option(void **state)
{
	struct app_options opt = good("hoptop -u -c 7 -i .25 -G 2.5 -Z 0.01 -f 3 -m 40 "
				      "-U 255 -s -9000 -B -1 -Q 184 h");

	(void)state;
	assert_int_equal(opt.settings.proto, HT_PROTO_UDP);
	assert_int_equal(opt.settings.cycles, 7);
	assert_int_equal(opt.settings.interval_ns, 250 * HT_MS);
	assert_true(opt.is_fast);
	assert_int_equal(opt.settings.grace_ns, 2500 * HT_MS);
	assert_int_equal(opt.settings.timeout_ns, 10 * HT_MS);
	assert_int_equal(opt.settings.first_ttl, 3);
	assert_int_equal(opt.settings.max_ttl, 40);
	assert_int_equal(opt.settings.max_unknown, 255);
	assert_int_equal(opt.settings.size, -9000);
	assert_int_equal(opt.settings.pattern, -1);
	assert_int_equal(opt.settings.tos, 184);

	assert_int_equal(
	    good("hoptop --protocol icmp h").settings.proto, HT_PROTO_ICMP);
	assert_int_equal(
	    good("hoptop -u --protocol auto h").settings.proto, HT_PROTO_NONE);
	assert_int_equal(
	    good("hoptop --transport dgram h").transport, APP_TRANSPORT_DGRAM);
	assert_int_equal(good("hoptop --transport raw h").transport, APP_TRANSPORT_RAW);
	assert_int_equal(good("hoptop --dublin h").transport, APP_TRANSPORT_RAW);
	assert_int_equal(good("hoptop --dublin h").settings.proto, HT_PROTO_UDP);
	assert_int_equal(good("hoptop -M 4294967295 h").mark, 4294967295u);
	assert_int_equal(good("hoptop -M 7 h").transport, APP_TRANSPORT_RAW);
	bad("hoptop -M 7 --transport dgram h", "hoptop: --mark: needs --transport raw");
	bad("hoptop -M 0 h",
	    "hoptop: --mark: '0' is not a packet mark (1 to 4294967295)");
	assert_int_equal(good("hoptop --history 64 h").settings.history, 64);
}

static void
every_other_option(void **state)
{
	struct app_options opt = good("hoptop -6 -e -n -b -I eth0 -a 2001:db8::1 "
				      "-o LSRm --displaymode 2 --compact --ascii "
				      "--color never --report-on-exit h");

	(void)state;
	assert_int_equal(opt.family, 6);
	assert_true(opt.show_mpls);
	assert_false(opt.resolve);
	assert_int_equal(opt.names, APP_NAMES_ADDR);
	assert_string_equal(opt.interface, "eth0");
	assert_int_equal(opt.source.family, HT_FAMILY_IP6);
	assert_string_equal(opt.columns, "LSRm");
	assert_int_equal(opt.display, 2);
	assert_true(opt.is_compact);
	assert_true(opt.is_ascii);
	assert_int_equal(opt.color, APP_COLOR_NEVER);
	assert_true(opt.report_on_exit);

	assert_int_equal(good("hoptop -6 -4 h").family, 4);
	assert_int_equal(good("hoptop -a 192.0.2.7 h").family, 4);
	assert_int_equal(good("hoptop -b h").names, APP_NAMES_BOTH);
	assert_int_equal(good("hoptop --color always h").color, APP_COLOR_ALWAYS);
	assert_true(good("hoptop --demo").is_demo);
	assert_string_equal(
	    good("hoptop --dns-server 192.0.2.1 h").dns_server, "192.0.2.1:53");
	assert_string_equal(
	    good("hoptop --dns-server [::1]:5353 h").dns_server, "[::1]:5353");
}

static void
sim_file(void **state)
{
	struct run run;

	(void)state;
	parse_in(&run, &plain_env, "hoptop --sim a.net --sim b.net");
	assert_int_equal(run.r, 0);
	assert_string_equal(run.opt.sim_file, "b.net");
	done(&run);
}

static void
modes(void **state)
{
	static const struct {
		const char *line;
		enum app_mode mode;
	} cases[] = {
		{ "hoptop -t h", APP_MODE_DASHBOARD },
		{ "hoptop --curses h", APP_MODE_DASHBOARD },
		{ "hoptop -r h", APP_MODE_TEXT },
		{ "hoptop --report h", APP_MODE_TEXT },
		{ "hoptop -w h", APP_MODE_WIDE },
		{ "hoptop -wr h", APP_MODE_WIDE },
		{ "hoptop -rw h", APP_MODE_WIDE },
		{ "hoptop -j h", APP_MODE_JSON },
		{ "hoptop -j -r h", APP_MODE_TEXT },
		{ "hoptop -C h", APP_MODE_CSV },
		{ "hoptop -x h", APP_MODE_XML },
		{ "hoptop -l h", APP_MODE_RAW },
		{ "hoptop -p h", APP_MODE_SPLIT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(good(cases[i].line).mode, cases[i].mode);
	assert_string_equal(app_mode_name(APP_MODE_JSON), "json");
	assert_false(app_mode_is_report(APP_MODE_DASHBOARD));
	assert_true(app_mode_is_report(APP_MODE_SPLIT));
}

static void
words_as_getopt_takes_them(void **state)
{
	struct app_options opt = good("hoptop -rwnc10 h");

	(void)state;
	assert_int_equal(opt.mode, APP_MODE_WIDE);
	assert_false(opt.resolve);
	assert_int_equal(opt.settings.cycles, 10);
	assert_int_equal(good("hoptop -c10 h").settings.cycles, 10);
	assert_int_equal(good("hoptop h -c 10").settings.cycles, 10);
	assert_int_equal(good("hoptop --report-cycles=10 h").settings.cycles, 10);
	assert_int_equal(good("hoptop --report-c 10 h").settings.cycles, 10);
	assert_int_equal(good("hoptop --interv 2 h").settings.interval_ns, 2 * HT_S);
	assert_int_equal(good("hoptop -s -100 h").settings.size, -100);

	opt = good("hoptop a -n b -- c");
	assert_int_equal(opt.n_targets, 3);
	assert_string_equal(opt.targets[1].host, "b");
	assert_string_equal(opt.targets[2].host, "c");
}

/* --co is --compact for mtr, and --color as well for us. */
static void
prefixes(void **state)
{
	(void)state;
	assert_true(good("/usr/local/bin/mtr --co h").is_compact);
	bad("hoptop --co h", "hoptop: option '--co' is ambiguous: --compact, --color");
	bad("hoptop --repor h",
	    "hoptop: option '--repor' is ambiguous: --report, --report-wide, "
	    "--report-on-exit, --report-cycles");
}

static void
value_errors(void **state)
{
	static const char *const cases[][2] = {
		{ "--interval 0,5",
		    "--interval: '0,5' is not a number of seconds (0.01 to 3600)" },
		{ "-i 0", "--interval: '0' is not a number of seconds (0.01 to 3600)" },
		{ "-i nan",
		    "--interval: 'nan' is not a number of seconds (0.01 to 3600)" },
		{ "-i 1e3",
		    "--interval: '1e3' is not a number of seconds (0.01 to 3600)" },
		{ "-i -1",
		    "--interval: '-1' is not a number of seconds (0.01 to 3600)" },
		{ "-i 3600.1",
		    "--interval: '3600.1' is not a number of seconds (0.01 to 3600)" },
		{ "-i 99999999999999999999", "--interval: '99999999999999999999' is "
					     "not a number of seconds (0.01 to 3600)" },
		{ "--interval=",
		    "--interval: '' is not a number of seconds (0.01 to 3600)" },
		{ "-i 0.05", "--interval: 0.05 is below 0.1 seconds, which only root "
			     "may ask for" },
		{ "-Z 0", "--timeout: '0' is not a number of seconds (0.01 to 3600)" },
		{ "-G 3601",
		    "--gracetime: '3601' is not a number of seconds (0 to 3600)" },
		{ "-c 0", "--report-cycles: '0' is not a number of cycles (1 to "
			  "1000000000)" },
		{ "-c 0x10", "--report-cycles: '0x10' is not a number of cycles (1 to "
			     "1000000000)" },
		{ "-c 1.5", "--report-cycles: '1.5' is not a number of cycles (1 to "
			    "1000000000)" },
		{ "-f 0", "--first-ttl: '0' is not a TTL (1 to 255)" },
		{ "-f 31", "--first-ttl: 31 is beyond --max-ttl, 30" },
		{ "-m 256", "--max-ttl: '256' is not a TTL (1 to 255)" },
		{ "-f 5 -m 4", "--first-ttl: 5 is beyond --max-ttl, 4" },
		{ "-D 0", "--due-ttl: '0' is not a TTL (1 to 255)" },
		{ "-D 31", "--due-ttl: 31 is beyond --max-ttl, 30" },
		{ "-E 0", "--max-display-path: '0' is not a number of addresses (1 to "
			  "128)" },
		{ "-E 129", "--max-display-path: '129' is not a number of addresses (1 "
			    "to 128)" },
		{ "--flow 4096",
		    "--flow: '4096' is not the number of a flow (0 to 4095)" },
		{ "--flows 65", "--flows: '65' is not a number of flows (1 to 64)" },
		{ "--flow 4095 --flows 2",
		    "--flows: 2 from --flow 4095 on are more than 4096" },
		{ "-u -L 65500 --flows 64",
		    "--localport: flow 63 would be from port 65563" },
		{ "-U 0", "--max-unknown: '0' is not a number of hops (1 to 255)" },
		{ "-s 27", "--psize: '27' is not a packet size (28 to 9000, or -9000 "
			   "to -28 for random sizes)" },
		{ "-s -27", "--psize: '-27' is not a packet size (28 to 9000, or -9000 "
			    "to -28 for random sizes)" },
		{ "-s 9001", "--psize: '9001' is not a packet size (28 to 9000, or "
			     "-9000 to -28 for random sizes)" },
		{ "-B 256", "--bitpattern: '256' is not a byte (0 to 255, or -1 for "
			    "random bytes)" },
		{ "-B -2", "--bitpattern: '-2' is not a byte (0 to 255, or -1 for "
			   "random bytes)" },
		{ "-Q 256", "--tos: '256' is not a TOS byte (0 to 255)" },
		{ "--displaymode 3",
		    "--displaymode: '3' is not a display mode (0 to 2)" },
		{ "--history 63",
		    "--history: '63' is not a number of probes (64 to 1000000)" },
		{ "--color blue", "--color: 'blue' is not one of auto, always, never" },
		{ "--protocol gre",
		    "--protocol: 'gre' is not one of auto, icmp, udp, tcp, sctp" },
		{ "-I a/b", "--interface: 'a/b' is not an interface name" },
		{ "-I abcdefghijklmnop",
		    "--interface: 'abcdefghijklmnop' is not an interface name" },
		{ "-a host",
		    "--address: 'host' is not an IPv4 or IPv6 address of a host" },
		{ "-a 224.0.0.1",
		    "--address: '224.0.0.1' is not an IPv4 or IPv6 address of a host" },
		{ "-6 -a 192.0.2.1",
		    "--address: is not an IPv6 address, as -6 asks for" },
		{ "--dns-server ns.example",
		    "--dns-server: 'ns.example' is not the address of a name server" },
		{ "--sim=", "--sim: '' is not a file name" },
		{ "-o LSZ", "--order: 'Z' is not a column" },
		{ "-o __", "--order: '_' is not a column" },
		{ "-T -P 0", "--port: '0' is not a port (1 to 65535)" },
		{ "-T -P 65536", "--port: '65536' is not a port (1 to 65535)" },
		{ "-T -P http", "--port: 'http' is not a port (1 to 65535)" },
		{ "-u -L 0", "--localport: '0' is not a port (1 to 65535)" },
		{ "--report=1", "--report: takes no value" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[256], error[256];
		snprintf(line, sizeof(line), "hoptop %s h", cases[i][0]);
		snprintf(error, sizeof(error), "hoptop: %s", cases[i][1]);
		bad(line, error);
	}
	bad("hoptop h -i", "hoptop: --interval: needs a value, SECONDS");
}

static void
ports_of_the_probes(void **state)
{
	struct app_options opt = good("hoptop -T -P 443 -L 5000 h");

	(void)state;
	assert_int_equal(opt.settings.proto, HT_PROTO_TCP);
	assert_int_equal(opt.settings.port, 443);
	assert_int_equal(opt.settings.local_port, 5000);
	opt = good("hoptop --localport 65535 --port 1 --udp h:2");
	assert_int_equal(opt.settings.port, 1);
	assert_int_equal(opt.settings.local_port, 65535);
	assert_int_equal(opt.targets[0].port, 2);
	assert_int_equal(good("hoptop --protocol tcp h").settings.proto, HT_PROTO_TCP);
	assert_int_equal(good("hoptop -T h").settings.port, 0);

	bad("hoptop -P 9 a", "hoptop: --port: needs --tcp or --udp");
	bad("hoptop -L 9 a", "hoptop: --localport: needs --tcp or --udp");
	/* mtr takes them with ICMP as well. */
	assert_int_equal(good("mtr -P 9 -L 9 a").settings.port, 9);
}

static void
planned_are_refused_by_name(void **state)
{
	unsigned n = 0;

	(void)state;
	bad("hoptop -S h", "hoptop: --sctp: not yet in this version");
	bad("hoptop --mtu h", "hoptop: --mtu: not yet in this version");
	bad("hoptop --protocol sctp h",
	    "hoptop: --protocol sctp: not yet in this version");
	for (const struct app_option *row = app_option_table; row->name != NULL;
	     row++) {
		char line[64], error[96];

		if (row->set != NULL)
			continue;
		n++;
		snprintf(line, sizeof(line), "hoptop --%s h", row->name);
		snprintf(error, sizeof(error), "hoptop: --%s: not yet in this version",
		    row->name);
		bad(line, error);
	}
	assert_true(n > 10);
}

/* A trace ends by itself, soon, and goes on to --max-ttl. */
static void
trace(void **state)
{
	struct app_options opt = good("hoptop --trace h");

	(void)state;
	assert_int_equal(opt.mode, APP_MODE_TRACE);
	assert_true(app_mode_is_report(opt.mode));
	assert_int_equal(opt.settings.cycles, 3);
	assert_int_equal(opt.settings.interval_ns, 20 * HT_MS);
	assert_int_equal(opt.settings.max_unknown, HT_TTL_MAX);
	assert_int_equal(opt.settings.timeout_ns, 3 * HT_S);
	assert_int_equal(opt.settings.grace_ns, 5 * HT_S);

	opt = good("hoptop --trace -q 10 -i 1 -U 4 -Z 9 h");
	assert_int_equal(opt.settings.cycles, 10);
	assert_int_equal(opt.settings.interval_ns, HT_S);
	assert_int_equal(opt.settings.max_unknown, 4);
	assert_int_equal(opt.settings.grace_ns, 9 * HT_S);
	assert_int_equal(good("hoptop --trace -Z 9 -G 1 h").settings.grace_ns, HT_S);

	bad("hoptop -q 3 h", "hoptop: --queries: only for --trace; others take -c");
	bad("hoptop --trace -c 3 h",
	    "hoptop: --report-cycles: not for --trace, which takes -q");
	bad("hoptop --trace --flows 2 h",
	    "hoptop: --flows: not for --trace, which keeps to one flow");
	bad("hoptop --trace -q 11 h",
	    "hoptop: --queries: '11' is not a number of probes (1 to 10)");
}

/* What stands in a variable is a habit, and waits for where it has a meaning. */
static void
trace_in_a_variable(void **state)
{
	const struct app_env env = { .hoptop_options = "-q 2 -c 7 -i 2" };
	struct run run;

	(void)state;
	parse_in(&run, &env, "hoptop --trace h");
	assert_string_equal(run.err.text, "");
	assert_int_equal(run.opt.settings.cycles, 2);
	assert_int_equal(run.opt.settings.interval_ns, 2 * HT_S);
	done(&run);
	parse_in(&run, &env, "hoptop -r h");
	assert_string_equal(run.err.text, "");
	assert_int_equal(run.opt.settings.cycles, 7);
	done(&run);
}

static void
unknown_options(void **state)
{
	(void)state;
	bad("hoptop --foo h", "hoptop: unknown option '--foo'");
	bad("hoptop -g h", "hoptop: unknown option '-g'");
	bad("hoptop -rg h", "hoptop: unknown option '-g'");
	bad("hoptop --intervall 1 h",
	    "hoptop: unknown option '--intervall' (did you mean '--interval'?)");
	bad("hoptop --nodns h",
	    "hoptop: unknown option '--nodns' (did you mean '--no-dns'?)");
	bad("hoptop --\033[31m h", "hoptop: unknown option '--?[31m'");
	bad("hoptop "
	    "--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    " h",
	    "hoptop: unknown option '--aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'");
}

static void
hosts_and_ports(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
	} cases[] = {
		{ "example.net", "example.net", 0 },
		{ "2001:db8::1", "2001:db8::1", 0 },
		{ "[2001:db8::1]", "2001:db8::1", 0 },
		{ "example.net.", "example.net.", 0 },
		{ "-T example.net:443", "example.net", 443 },
		{ "-u 192.0.2.1:53", "192.0.2.1", 53 },
		{ "-T [2001:db8::1]:65535", "2001:db8::1", 65535 },
		{ "[2001:db8::1]:1 --protocol tcp", "2001:db8::1", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[64];
		snprintf(line, sizeof(line), "hoptop %s", cases[i].text);
		struct app_options opt = good(line);
		assert_string_equal(opt.targets[0].host, cases[i].host);
		assert_int_equal(opt.targets[0].port, cases[i].port);
	}
	bad("hoptop -r -o LSh a",
	    "hoptop: --order: column 'h' is drawn by the dashboard alone");
	assert_string_equal(good("hoptop -o LSh a").columns, "LSh");
	bad("hoptop a:443", "hoptop: 'a': port 443: needs --tcp or --udp");
	bad("hoptop --protocol icmp [2001:db8::1]:65535",
	    "hoptop: '2001:db8::1': port 65535: needs --tcp or --udp");
	bad("hoptop h:0", "hoptop: '0' is not a port (1 to 65535)");
	bad("hoptop h:65536", "hoptop: '65536' is not a port (1 to 65535)");
	bad("hoptop h:", "hoptop: '' is not a port (1 to 65535)");
	bad("hoptop https://example.net/",
	    "hoptop: 'https://example.net/' is a URL; give its host alone");
	bad("hoptop a..b", "hoptop: 'a..b' is not a host name");
	bad("hoptop 300.1.1.1",
	    "hoptop: '300.1.1.1' is neither a host name nor an address");
	bad("hoptop m\303\274nchen.de",
	    "hoptop: 'm??nchen.de' is not ASCII: write the name as xn--...");
}

static void
no_host(void **state)
{
	(void)state;
	bad("hoptop",
	    "hoptop: no host given\n"
	    "Usage: hoptop [OPTIONS] HOST...\n"
	    "Try 'hoptop --help', or 'hoptop --demo', which needs no network.");
}

static void
too_many_hosts(void **state)
{
	char line[512] = "hoptop";

	(void)state;
	for (int i = 0; i < HT_TARGETS_MAX; i++)
		strcat(line, " h");
	assert_int_equal(good(line).n_targets, HT_TARGETS_MAX);
	strcat(line, " h");
	bad(line, "hoptop: more than 64 hosts");
}

static void
root_may_be_fast(void **state)
{
	struct app_env env = { .is_root = true };
	struct run run;

	(void)state;
	parse_in(&run, &env, "hoptop -i 0.01 h");
	assert_int_equal(run.r, 0);
	assert_int_equal(run.opt.settings.interval_ns, 10 * HT_MS);
	assert_true(run.opt.is_fast);
	done(&run);
	assert_int_equal(good("hoptop -i 0.1 h").settings.interval_ns, 100 * HT_MS);
}

static void
environment(void **state)
{
	struct app_env env = { .mtr_options = "-4 -c 1",
		.hoptop_options = "--report-cycles '2' -n" };
	struct run run;

	(void)state;
	parse_in(&run, &env, "/usr/bin/mtr -6 h");
	assert_int_equal(run.r, 0);
	assert_int_equal(run.opt.family, 6);
	assert_int_equal(run.opt.settings.cycles, 2);
	done(&run);

	parse_in(&run, &env, "hoptop h");
	assert_int_equal(run.r, 0);
	assert_int_equal(run.opt.family, 0);
	assert_int_equal(run.opt.settings.cycles, 2);
	assert_false(run.opt.resolve);
	done(&run);

	parse_in(&run, &env, "hoptop -c 3 h");
	assert_int_equal(run.opt.settings.cycles, 3);
	done(&run);
}

static void
environment_errors(void **state)
{
	static const char *const cases[][2] = {
		{ "-c x", "hoptop: HOPTOP_OPTIONS: --report-cycles: 'x' is not a "
			  "number of cycles (1 to 1000000000)\n" },
		{ "-o 'L", "hoptop: HOPTOP_OPTIONS: a quote is not closed\n" },
		{ "example.net",
		    "hoptop: HOPTOP_OPTIONS: 'example.net' is not an option\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct app_env env = { .hoptop_options = cases[i][0] };
		struct run run;
		parse_in(&run, &env, "hoptop h");
		assert_int_equal(run.r, APP_EXIT_USAGE);
		assert_string_equal(run.err.text, cases[i][1]);
		done(&run);
	}
}

static void
quoted_words(void **state)
{
	struct app_shellwords sw;

	(void)state;
	assert_int_equal(
	    app_shellwords_split(" -o 'L S' \"a\\\"b\\c\" x\\ y '' a'b'\"c\" ", &sw),
	    0);
	assert_int_equal(sw.n, 6);
	assert_string_equal(sw.words[1], "L S");
	assert_string_equal(sw.words[2], "a\"b\\c");
	assert_string_equal(sw.words[3], "x y");
	assert_string_equal(sw.words[4], "");
	assert_string_equal(sw.words[5], "abc");
	assert_null(sw.words[6]);
	app_shellwords_done(&sw);
	assert_int_equal(app_shellwords_split("", &sw), 0);
	assert_int_equal(sw.n, 0);
	app_shellwords_done(&sw);
	assert_int_equal(app_shellwords_split("a\\", &sw), -EINVAL);
	assert_int_equal(app_shellwords_split("\"a", &sw), -EINVAL);
}

/* Write a file of targets and read it with -F; returns its name in name. */
static void
read_file(struct run *run, const char *text, size_t len, char *name)
{
	char line[128];
	int fd;

	strcpy(name, "hosts.XXXXXX");
	fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
	snprintf(line, sizeof(line), "hoptop -F %s last", name);
	parse_in(run, &plain_env, line);
	unlink(name);
}

static void
target_file(void **state)
{
	static const char text[] = "# ours\r\n\r\n example.net \r\n[::1]\n\n"
				   "192.0.2.1 # router\nfinal";
	struct run run;
	char name[32];

	(void)state;
	read_file(&run, text, sizeof(text) - 1, name);
	assert_string_equal(run.err.text, "");
	assert_int_equal(run.opt.n_targets, 5);
	assert_string_equal(run.opt.targets[0].host, "example.net");
	assert_string_equal(run.opt.targets[1].host, "::1");
	assert_string_equal(run.opt.targets[2].host, "192.0.2.1");
	assert_string_equal(run.opt.targets[3].host, "final");
	assert_string_equal(run.opt.targets[4].host, "last");
	done(&run);
}

static void
bad_target_files(void **state)
{
	static char longest[1000];
	static const struct {
		const char *text;
		size_t len;
		const char *error;
	} cases[] = {
		{ "a\nb c\n", 6, "2: 'b c' is not a host name" },
		{ "\0\0\0", 3, "1: this is not a text file" },
		{ "a\n\177ELF\n", 7, "2: '?ELF' is not a host name" },
		{ longest, sizeof(longest), "1: the line is too long" },
		{ longest, 300,
		    "1: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...' is too long" },
	};

	(void)state;
	memset(longest, 'a', sizeof(longest));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run run;
		char name[32], error[256];
		read_file(&run, cases[i].text, cases[i].len, name);
		assert_int_equal(run.r, APP_EXIT_USAGE);
		snprintf(error, sizeof(error), "hoptop: %s:%s\n", name, cases[i].error);
		assert_string_equal(run.err.text, error);
		done(&run);
	}
}

static void
unreadable_target_files(void **state)
{
	struct run run;

	(void)state;
	parse_in(&run, &plain_env, "hoptop -F /nonexistent/hosts");
	assert_int_equal(run.r, APP_EXIT_SYSTEM);
	assert_string_equal(run.err.text,
	    "hoptop: --filename: '/nonexistent/hosts': No such file or directory\n");
	done(&run);
	parse_in(&run, &plain_env, "hoptop -F /");
	assert_int_equal(run.r, APP_EXIT_SYSTEM);
	assert_string_equal(run.err.text, "hoptop: /: Is a directory\n");
	done(&run);
}

static void
help_and_version(void **state)
{
	struct ht_buf help;

	(void)state;
	assert_true(good("hoptop -h").is_help);
	assert_true(good("hoptop -rh --bogus").is_help);
	assert_true(good("hoptop --version").is_version);
	ht_buf_init(&help);
	app_options_help(&help);
	for (const struct app_option *row = app_option_table; row->name != NULL;
	     row++) {
		char name[64];
		snprintf(name, sizeof(name), "--%s", row->name);
		if (row->set != NULL)
			assert_non_null(strstr(help.text, name));
	}
	for (char *line = strtok(help.text, "\n"); line != NULL;
	     line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 80);
	ht_buf_done(&help);
}

/* No letter and no name stands twice in the table. */
static void
table_is_unambiguous(void **state)
{
	(void)state;
	for (const struct app_option *a = app_option_table; a->name != NULL; a++)
		for (const struct app_option *b = a + 1; b->name != NULL; b++) {
			assert_string_not_equal(a->name, b->name);
			assert_true(a->letter == 0 || a->letter != b->letter);
		}
}

static void
numbers(void **state)
{
	int64_t n;
	ht_time ns;
	char buf[32];

	(void)state;
	assert_true(app_number_parse("-0", &n) && n == 0);
	assert_true(app_number_parse("1000000000000000", &n) && n == 1000000000000000);
	assert_false(app_number_parse("1000000000000001", &n));
	assert_false(app_number_parse("+1", &n));
	assert_false(app_number_parse(" 1", &n));
	assert_false(app_number_parse("1 ", &n));
	assert_false(app_number_parse("-", &n));
	assert_true(app_seconds_parse("0.0000000019", &ns) && ns == 1);
	assert_true(app_seconds_parse("1.", &ns) && ns == HT_S);
	assert_false(app_seconds_parse(".", &ns));
	assert_false(app_seconds_parse("1.2.3", &ns));
	assert_false(app_seconds_parse("inf", &ns));
	assert_string_equal(app_seconds_text(3600 * HT_S, buf), "3600");
	assert_string_equal(app_seconds_text(10 * HT_MS, buf), "0.01");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(stated_defaults_hold),
		cmocka_unit_test(every_probe_option),
		cmocka_unit_test(every_other_option),
		cmocka_unit_test(sim_file),
		cmocka_unit_test(modes),
		cmocka_unit_test(words_as_getopt_takes_them),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(value_errors),
		cmocka_unit_test(planned_are_refused_by_name),
		cmocka_unit_test(trace),
		cmocka_unit_test(trace_in_a_variable),
		cmocka_unit_test(unknown_options),
		cmocka_unit_test(hosts_and_ports),
		cmocka_unit_test(ports_of_the_probes),
		cmocka_unit_test(no_host),
		cmocka_unit_test(too_many_hosts),
		cmocka_unit_test(root_may_be_fast),
		cmocka_unit_test(environment),
		cmocka_unit_test(environment_errors),
		cmocka_unit_test(quoted_words),
		cmocka_unit_test(target_file),
		cmocka_unit_test(bad_target_files),
		cmocka_unit_test(unreadable_target_files),
		cmocka_unit_test(help_and_version),
		cmocka_unit_test(table_is_unambiguous),
		cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
