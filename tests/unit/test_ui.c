/* SPDX-License-Identifier: ISC */
/*
 * The dashboard on a simulated internet: keys go in as scripts of the key
 * table, what comes out is looked for on the canvas.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "base/buf.h"
#include "transport/sim/sim.h"
#include "ui/ui.h"

/* A path of 20 hops: at 80x24 it does not fit. */
static const char long_path[] = "source 192.0.2.10\ntarget 203.0.113.80 (example.net)\n"
				"hop 1 10.0.0.1\nhop 1 rtt 1ms\n"
				"hop 2 10.0.0.2\nhop 2 rtt 9ms\n"
				"hop 3 10.0.0.3\nhop 3 rtt 3ms mpls 24001 0 1\n"
				"hop 4 silent\nhop 5 silent\nhop 6 10.0.0.6\n"
				"hop 7 10.0.0.7\nhop 8 10.0.0.8\nhop 9 10.0.0.9\n"
				"hop 10 10.0.0.10\nhop 11 10.0.0.11\n"
				"hop 12 10.0.0.12\nhop 13 10.0.0.13\n"
				"hop 14 10.0.0.14\nhop 15 10.0.0.15\n"
				"hop 16 10.0.0.16\nhop 17 10.0.0.17\n"
				"hop 18 10.0.0.18\nhop 19 10.0.0.19\n"
				"hop 20 target rtt 20ms\n";

static const char dead_path[] = "source 192.0.2.10\ntarget 203.0.113.80\n"
				"hop 1 silent\nhop 2 silent\nhop 3 target loss 100%\n";

struct bench {
	struct ht_simnet *net;
	struct ht_transport *tp;
	struct ht_session *ss;
	struct ui *ui;
	struct ui_canvas cv;
	struct ht_buf text;
	ht_time now;
};

static void
bench_init(struct bench *b, const char *scenario, const char *addr)
{
	struct ht_settings set;
	struct ht_addr target;
	struct ht_err err = { 0 };
	const struct ui_options opts = { .is_ascii = true };

	*b = (struct bench){ .now = HT_S };
	ht_settings_init(&set);
	set.proto = HT_PROTO_ICMP;
	set.history = 256;
	b->net = ht_simnet_parse(scenario, strlen(scenario), &err);
	assert_non_null(b->net);
	b->tp = ht_sim_open(b->net, &err);
	b->ss = ht_session_new(&set, b->tp);
	if (addr != NULL)
		assert_true(ht_addr_parse(addr, &target));
	assert_int_equal(
	    ht_session_add(b->ss, "example.net", addr != NULL ? &target : NULL), 0);
	b->ui = ui_new(b->ss, &opts);
	ht_session_observe(b->ss, ui_event, b->ui);
	ui_canvas_init(&b->cv);
	ht_buf_init(&b->text);
}

static void
bench_done(struct bench *b)
{
	ht_buf_done(&b->text);
	ui_canvas_done(&b->cv);
	ui_free(b->ui);
	ht_session_free(b->ss);
	b->tp->ops->close(b->tp);
	ht_simnet_free(b->net);
}

static void
run(struct bench *b, ht_time span)
{
	ht_time end = b->now + span;

	while (b->now < end) {
		ht_time next = ht_session_step(b->ss, b->now);
		b->now = next < end ? (next > b->now ? next : b->now + HT_US) : end;
	}
}

static void
press(struct bench *b, const char *script)
{
	size_t len;
	int key;

	while ((len = ui_key_parse(script, &key)) > 0) {
		ui_key(b->ui, key, b->now);
		script += len;
	}
	assert_int_equal(*script, '\0');
}

/* The screen as text, at a size. */
static const char *
look(struct bench *b, int w, int h)
{
	if (b->cv.width != w || b->cv.height != h)
		assert_int_equal(ui_canvas_resize(&b->cv, w, h), 0);
	ui_draw(b->ui, &b->cv, b->now, NULL);
	ht_buf_clear(&b->text);
	ui_canvas_dump_text(&b->cv, &b->text);
	return b->text.text;
}

static void
expect(struct bench *b, const char *needle)
{
	const char *screen = look(b, 80, 24);

	if (strstr(screen, needle) == NULL)
		fail_msg("no '%s' in:\n%s", needle, screen);
}

static void
expect_not(struct bench *b, const char *needle)
{
	const char *screen = look(b, 80, 24);

	if (strstr(screen, needle) != NULL)
		fail_msg("'%s' in:\n%s", needle, screen);
}

/* The end of the path is in view whatever the size, the scroll, the pane. */
static void
test_destination_in_view(void **state)
{
	/* With details open, some of these sizes show next to nothing else. */
	static const char *const scripts[] = { "", "<Dn><Dn><Dn>", "<PgDn><PgDn>",
		"<Enter>", "<Tab><Dn>", "<Esc>+++", "i", "<Esc>S", "R", "e", "c", "d",
		"d" };
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, 6 * HT_S);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		press(&b, scripts[i]);
		for (int h = 2; h <= 100; h += h < 30 ? 1 : 10)
			for (int w = 3; w <= 300; w += w < 50 ? 1 : 50)
				if (strstr(look(&b, w, h), w < 12 ? "20" : "20  ")
				    == NULL)
					fail_msg("%s at %dx%d:\n%s", scripts[i], w, h,
					    b.text.text);
	}
	bench_done(&b);
}

static void
test_any_size_any_pane(void **state)
{
	static const char *const scripts[] = { "", "<Enter>", "?", "q", "o", "<Esc>i" };
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, 5 * HT_S);
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		press(&b, scripts[i]);
		for (int h = 0; h <= 100; h += h < 26 ? 1 : 9)
			for (int w = 0; w <= 300; w += w < 90 ? 1 : 15)
				look(&b, w, h);
	}
	bench_done(&b);
}

static void
test_hidden_hops_are_told(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, 5 * HT_S);
	const char *screen = look(&b, 40, 10);
	assert_non_null(strstr(screen, "+14 hops hidden (Dn to scroll)"));
	assert_null(strstr(screen, "10.0.0.6"));
	press(&b, "<Dn><Dn><Dn><Dn><Dn><Dn>");
	screen = look(&b, 40, 10);
	assert_non_null(strstr(screen, "> 6  10.0.0.6"));
	assert_non_null(strstr(screen, "Up Dn to scroll"));
	press(&b, "<End><Up>");
	assert_non_null(strstr(look(&b, 40, 10), ">19  10.0.0.19"));
	expect(&b, "Last");
	bench_done(&b);
}

/* Silence is explained: at once what was done, after two seconds why. */
static void
test_words(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, dead_path, "203.0.113.80");
	run(&b, 500 * HT_MS);
	expect(&b, "probes, no answer yet");
	expect_not(&b, "Likely causes");
	run(&b, 2 * HT_S);
	expect(&b, "Likely causes:");
	expect(&b, "firewall drops icmp");
	bench_done(&b);

	bench_init(&b, long_path, NULL);
	run(&b, HT_S);
	expect(&b, "resolving example.net");
	assert_int_equal(ht_session_resolve(b.ss, 0, NULL, "no such host"), 0);
	expect(&b, "example.net: no such host");
	bench_done(&b);
}

static void
test_pause_and_reset(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, 5 * HT_S);
	expect(&b, "[RUN]");
	press(&b, "p");
	assert_true(ht_session_is_paused(b.ss));
	expect(&b, "[PAUSE]");
	expect(&b, "p resume");
	press(&b, " ");
	assert_false(ht_session_is_paused(b.ss));
	press(&b, "r");
	expect(&b, "statistics begin anew");
	run(&b, 6 * HT_S);
	expect(&b, "? help");
	bench_done(&b);
}

/* A question is a state: refusals keep it open, and nothing stops meanwhile. */
static void
test_prompt(void **state)
{
	struct bench b;
	const struct ht_settings *set;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	set = ht_session_settings(b.ss);
	run(&b, 2 * HT_S);
	press(&b, "i");
	expect(&b, "Interval in seconds: 1.0");
	assert_int_equal(b.cv.cursor_y, 23);
	press(&b, "0,5<Enter>");
	expect(&b, "not a number of seconds (0.1 to 3600)");
	assert_int_equal(set->interval_ns, HT_S);
	press(&b, "<Bksp><Bksp>.25<Enter>");
	assert_int_equal(ht_session_settings(b.ss)->interval_ns, 250 * HT_MS);
	expect(&b, "? help");
	assert_int_equal(b.cv.cursor_x, -1);

	uint64_t sent = ht_session_totals(b.ss).sent;
	press(&b, "s");
	run(&b, 2 * HT_S);
	assert_true(ht_session_totals(b.ss).sent > sent);
	press(&b, "27<Enter>");
	expect(&b, "from 28 to 9000");
	press(&b, "<Ctrl-U>-500<Enter>");
	assert_int_equal(ht_session_settings(b.ss)->size, -500);

	press(&b, "q<Esc>");
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_QUIT);
	press(&b, "bq<Esc>");
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_NONE);
	bench_done(&b);
}

static void
test_prompt_ranges(void **state)
{
	/* clang-format off: one line, one refusal */
	static const struct {
		const char *keys, *why;
	} rows[] = {
		{ "i0.09<Enter>", "seconds (0.1 to 3600)" },
		{ "i3601<Enter>", "seconds (0.1 to 3600)" },
		{ "i<Ctrl-U><Enter>", "seconds (0.1 to 3600)" },
		{ "i9999999999999999999999<Enter>", "seconds (0.1 to 3600)" },
		{ "i.<Enter>", "seconds" },
		{ "f0<Enter>", "a number from 1 to 30" },
		{ "f31<Enter>", "a number from 1 to 30" },
		{ "m31<Enter>", "a number from 1 to 30" },
		{ "m-1<Enter>", "a number from 1 to 30" },
		{ "s9001<Enter>", "a number from -9000 to 9000" },
		{ "s99999999999999999999<Enter>", "a number from" },
		{ "s-27<Enter>", "28 to 9000" },
		{ "b256<Enter>", "a number from -1 to 255" },
		{ "b-2<Enter>", "a number from -1 to 255" },
		{ "b0x1<Enter>", "a number from -1 to 255" },
		{ "Q256<Enter>", "a number from 0 to 255" },
		{ "Q1 <Enter>", "a number from 0 to 255" },
		{ "oLZ<Enter>", "'Z' is not the letter of a column" },
	};
	/* clang-format on */
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, HT_S);
	struct ht_settings before = *ht_session_settings(b.ss);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		press(&b, rows[i].keys);
		expect(&b, rows[i].why);
		press(&b, "<Esc>");
		expect(&b, "? help");
	}
	const struct ht_settings *after = ht_session_settings(b.ss);
	assert_int_equal(after->interval_ns, before.interval_ns);
	assert_int_equal(after->size, before.size);
	assert_int_equal(after->max_ttl, before.max_ttl);
	press(&b, "b255<Enter>Q184<Enter>f2<Enter>m25<Enter>");
	after = ht_session_settings(b.ss);
	assert_int_equal(after->pattern, 255);
	assert_int_equal(after->tos, 184);
	assert_int_equal(after->first_ttl, 2);
	assert_int_equal(after->max_ttl, 25);
	bench_done(&b);
}

static void
test_columns(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, 3 * HT_S);
	press(&b, "oLp h<Enter>");
	expect(&b, "p90");
	expect(&b, "probes (x = lost)");
	assert_string_equal(ui_columns(b.ui), "Lp h");
	press(&b, "j");
	expect(&b, "Jint");
	press(&b, "j");
	assert_string_equal(ui_columns(b.ui), "Lp h");
	bench_done(&b);
}

/* Large numbers push the columns apart; those of the window are there if asked for. */
static void
test_no_number_is_cut(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b,
	    "source 192.0.2.10\ntarget 203.0.113.80\nhop 1 10.0.0.1 rtt 1ms\n"
	    "hop 2 target rtt 1500ms\nat 30s hop 2 rtt 2900ms\n",
	    "203.0.113.80");
	run(&b, 10 * HT_S);
	expect(&b, " 1500.0 1500.0 1500.0");
	press(&b, "oNkl<Enter>");
	expect(&b, " 1500.0   0.0    0.0 ");
	run(&b, 100 * HT_S);
	expect(&b, " 2900.0 1");
	press(&b, "oNl<Enter>");
	expect(&b, " 2900.0    0.0 ");
	bench_done(&b);
}

/* Hop 2 is slower than hop 3; rows without a value come last. */
static void
test_sort(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, 5 * HT_S);
	press(&b, "oA<Enter>S");
	const char *screen = look(&b, 80, 50);
	assert_true(strstr(screen, "10.0.0.2 ") < strstr(screen, "10.0.0.3 "));
	assert_true(strstr(screen, "10.0.0.3 ") < strstr(screen, "10.0.0.1 "));
	press(&b, "R");
	screen = look(&b, 80, 50);
	assert_true(strstr(screen, "10.0.0.1 ") < strstr(screen, "10.0.0.3 "));
	assert_true(strstr(screen, "10.0.0.2 ") < strstr(screen, "(no reply)"));
	press(&b, "RS");
	screen = look(&b, 80, 50);
	assert_true(strstr(screen, "10.0.0.1 ") < strstr(screen, "10.0.0.2 "));
	bench_done(&b);
}

static void
test_targets(void **state)
{
	struct bench b;
	struct ht_addr addr;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	assert_true(ht_addr_parse("203.0.113.80", &addr));
	ht_session_add(b.ss, "second.example", &addr);
	run(&b, 2 * HT_S);
	expect(&b, "[1 example.net]");
	press(&b, "2");
	assert_int_equal(ui_target(b.ui), 1);
	expect(&b, "[2 second.example]");
	press(&b, "9");
	assert_int_equal(ui_target(b.ui), 1);
	expect(&b, "there are 2 targets");
	press(&b, "<Tab>");
	assert_int_equal(ui_target(b.ui), 0);
	press(&b, "<Shift-Tab>");
	assert_int_equal(ui_target(b.ui), 1);
	bench_done(&b);
}

static void
test_detail(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, 3 * HT_S);
	press(&b, "<Dn><Dn><Dn><Enter>");
	expect(&b, "Hop 3  10.0.0.3");
	expect(&b, "sent 3  received 3");
	press(&b, "e");
	expect(&b, "Lbl 24001");
	press(&b, "<Tab><Dn><Dn><Dn><Dn><Dn><Dn>");
	expect(&b, "MPLS label 24001");
	press(&b, "<Esc>");
	expect_not(&b, "MPLS label");
	expect(&b, "> 3");
	press(&b, "<Esc>");
	expect_not(&b, "> 3");
	bench_done(&b);
}

/* Help lists every key there is, and q leaves it without ending the run. */
static void
test_help(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, HT_S);
	press(&b, "?");
	const char *screen = look(&b, 100, 120);
	for (const struct ui_key_row *row = ui_keys; row->action != UI_ACT_NONE; row++)
		assert_non_null(strstr(screen, row->help));
	expect(&b, "more: Dn");
	press(&b, "<End>");
	expect(&b, "behind the hop number");
	press(&b, "q");
	expect(&b, "Host");
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_NONE);
	bench_done(&b);
}

/* Home and End go to the first and last row, whatever is selected. */
static void
test_home_and_end(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, 3 * HT_S);
	press(&b, "<End>");
	expect(&b, ">20");
	press(&b, "<Esc><Home>");
	expect(&b, "> 1");
	press(&b, "<Esc><PgUp>");
	expect_not(&b, ">20");
	bench_done(&b);
}

/* Hops outside of the range that the user has set make room for the others. */
static void
test_range_of_hops(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, 3 * HT_S);
	press(&b, "f3<Enter>m7<Enter>");
	expect_not(&b, " 2  10.0.0.2");
	expect(&b, " 3  10.0.0.3");
	expect(&b, " 7  10.0.0.7");
	expect_not(&b, " 8  10.0.0.8");
	expect_not(&b, "20  ");
	expect(&b, "not reached in 7 hops");
	press(&b, "f1<Enter>m30<Enter>");
	run(&b, 4 * HT_S); /* the end has to be found anew */
	expect(&b, " 1  10.0.0.1");
	expect(&b, "20  203.0.113.80");
	bench_done(&b);
}

/* Each protocol has a path and counts of its own, which are there again later. */
static void
test_protocol_is_changed_live(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, 20 * HT_S);
	expect(&b, "icmp");
	press(&b, "u");
	expect(&b, "udp now; what was seen before is kept");
	run(&b, 5 * HT_S);
	expect(&b, " udp ");
	expect(&b, "20  203.0.113.80");
	assert_in_range(ht_path_cycles(ht_session_path(b.ss, 0, 0)), 4, 6);
	press(&b, "t");
	run(&b, 3 * HT_S);
	expect(&b, " tcp ");
	press(&b, "t");
	run(&b, 5 * HT_S);
	expect(&b, " icmp ");
	assert_in_range(ht_path_cycles(ht_session_path(b.ss, 0, 0)), 24, 26);
	bench_done(&b);
}

/* Whoever presses a key sees that it does something, or that it does not. */
static void
test_unknown_keys(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	run(&b, HT_S);
	press(&b, "Y");
	expect(&b, "Y does nothing here; ? shows the keys");
	press(&b, "<F8>");
	expect(&b, "F8 does nothing here");
	press(&b, "<Ctrl-U>");
	expect_not(&b, "does nothing here");
	bench_done(&b);
}

/* No question holds back the keys that are about the program. */
static void
test_keys_that_always_work(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	press(&b, "i<Ctrl-L>");
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_REDRAW);
	press(&b, "<Ctrl-Z>");
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_SUSPEND);
	press(&b, "q");
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_NONE);
	expect(&b, "Interval in seconds: q");
	press(&b, "<F10>");
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_QUIT);
	press(&b, "<Ctrl-C>");
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_QUIT);
	bench_done(&b);
}

static void
test_requests_and_frames(void **state)
{
	struct bench b;

	(void)state;
	bench_init(&b, long_path, "203.0.113.80");
	press(&b, "w<Ctrl-L>");
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_REDRAW);
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_REPORT);
	assert_int_equal(ui_take_request(b.ui), UI_REQUEST_NONE);
	look(&b, 80, 24);
	assert_int_equal(ui_next_frame(b.ui), b.now + HT_S);
	run(&b, 10 * HT_MS);
	assert_true(ui_next_frame(b.ui) <= b.now + 100 * HT_MS);
	press(&b, "<Dn>");
	assert_true(ui_next_frame(b.ui) <= b.now);
	look(&b, 80, 24);
	assert_true(ui_next_frame(b.ui) > b.now);
	ui_touch(b.ui);
	assert_true(ui_next_frame(b.ui) <= b.now);
	ui_notice(b.ui, "report saved to x.txt", b.now);
	expect(&b, "report saved to x.txt");
	b.now += 6 * HT_S;
	expect(&b, "? help");
	bench_done(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_destination_in_view),
		cmocka_unit_test(test_any_size_any_pane),
		cmocka_unit_test(test_hidden_hops_are_told),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_pause_and_reset),
		cmocka_unit_test(test_prompt),
		cmocka_unit_test(test_prompt_ranges),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_no_number_is_cut),
		cmocka_unit_test(test_sort),
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_detail),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_home_and_end),
		cmocka_unit_test(test_range_of_hops),
		cmocka_unit_test(test_protocol_is_changed_live),
		cmocka_unit_test(test_unknown_keys),
		cmocka_unit_test(test_keys_that_always_work),
		cmocka_unit_test(test_requests_and_frames),
	};

	return cmocka_run_group_tests_name("ui", tests, NULL, NULL);
}
