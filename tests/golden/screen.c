/* SPDX-License-Identifier: ISC */
/*
 * One screen of the demo on the virtual clock, as text and as roles.
 *
 *     screen WIDTHxHEIGHT utf8|ascii [sim=FILE] [flow=N] [flows=N] [+SECONDS|KEYS]...
 *
 * Keys are scripts of the key table: "<Dn><Enter>".  A FILE is another scenario
 * than the demo.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/buf.h"
#include "transport/sim/sim.h"
#include "ui/ui.h"

/* 2026-11-23 14:07:23 +0200 when the run is 0 seconds old. */
#define WALL_START  (1795435643 * HT_S)
#define CLOCK_START (1000 * HT_S)

struct run {
	struct ht_simnet *net;
	struct ht_transport *tp;
	struct ht_session *ss;
	struct ui *ui;
	struct ui_canvas cv;
	ht_time now;
};

static void
die(const char *text)
{
	fprintf(stderr, "screen: %s\n", text);
	exit(2);
}

/* Names come with the first answer, as if the resolver were instant. */
static void
name_it(void *ctx, const struct ht_event *ev)
{
	struct run *run = ctx;

	if (ev->reply == NULL || ht_session_name(run->ss, &ev->reply->from) != NULL)
		return;
	const char *name = ht_simnet_name(run->net, &ev->reply->from);
	if (name != NULL)
		ht_session_set_name(run->ss, &ev->reply->from, name, ev->at);
}

/* The text of a scenario; it lives as long as the program. */
static const char *
read_file(const char *name, size_t *ret_len)
{
	static char text[65536];
	FILE *fp = fopen(name, "r");

	if (fp == NULL)
		die("cannot read the scenario");
	*ret_len = fread(text, 1, sizeof(text), fp);
	fclose(fp);
	return text;
}

/* What is to be set before the run begins; returns the first argument beyond. */
static int
parse_settings(int argc, char **argv, struct ht_settings *set, const char **ret_file)
{
	int i = 3;

	for (; i < argc; i++) {
		if (strncmp(argv[i], "sim=", 4) == 0)
			*ret_file = argv[i] + 4;
		else if (strncmp(argv[i], "flow=", 5) == 0)
			set->flow = (unsigned)atoi(argv[i] + 5);
		else if (strncmp(argv[i], "flows=", 6) == 0)
			set->flows = (unsigned)atoi(argv[i] + 6);
		else
			break;
	}
	return i;
}

static void
start(struct run *run, bool is_ascii, const struct ht_settings *settings,
    const char *file)
{
	struct ui_options opts = { .is_ascii = is_ascii, .host = "laptop" };
	struct ht_settings set = *settings;
	struct ht_err err;
	char addr[HT_ADDR_TEXT_MAX];
	size_t len;
	const char *text = file != NULL ? read_file(file, &len) : ht_sim_demo(&len);

	set.proto = HT_PROTO_ICMP;
	run->now = CLOCK_START;
	run->net = ht_simnet_parse(text, len, &err);
	run->tp = run->net != NULL ? ht_sim_open(run->net, &err) : NULL;
	run->ss = run->tp != NULL ? ht_session_new(&set, run->tp) : NULL;
	run->ui = run->ss != NULL ? ui_new(run->ss, &opts) : NULL;
	if (run->ui == NULL)
		die("cannot start");
	const struct ht_sim_target *target = ht_simnet_target(run->net, 0);
	ht_session_observe(run->ss, ui_event, run->ui);
	ht_session_observe(run->ss, name_it, run);
	ht_session_add(run->ss,
	    target->name[0] != '\0' ? target->name : ht_addr_text(&target->addr, addr),
	    &target->addr);
	ui_canvas_init(&run->cv);
}

static void
stop(struct run *run)
{
	ui_canvas_done(&run->cv);
	ui_free(run->ui);
	ht_session_free(run->ss);
	run->tp->ops->close(run->tp);
	ht_simnet_free(run->net);
}

static void
draw(struct run *run)
{
	struct ui_clock wall = {
		.unix_ns = WALL_START + run->now - CLOCK_START,
		.utc_offset = 7200,
	};

	ui_draw(run->ui, &run->cv, run->now, &wall);
}

static void
wait_for(struct run *run, ht_time span)
{
	ht_time end = run->now + span;

	while (run->now < end) {
		ht_time next = ht_session_step(run->ss, run->now);
		run->now = next < end ? (next > run->now ? next : run->now + 1) : end;
	}
	draw(run);
}

static void
press(struct run *run, const char *script)
{
	size_t len;
	int key;

	for (; (len = ui_key_parse(script, &key)) > 0; script += len) {
		ui_key(run->ui, key, run->now);
		draw(run);
	}
	if (*script != '\0')
		die("no such key");
}

int
main(int argc, char **argv)
{
	struct run run = { .net = NULL };
	struct ht_settings set;
	const char *file = NULL;
	struct ht_buf b;
	int w = 0, h = 0;

	if (argc < 3 || sscanf(argv[1], "%dx%d", &w, &h) != 2)
		die("usage: screen WIDTHxHEIGHT utf8|ascii [SETTING=VALUE]... "
		    "[+SECONDS|KEYS]...");
	ht_settings_init(&set);
	int first = parse_settings(argc, argv, &set, &file);
	start(&run, strcmp(argv[2], "ascii") == 0, &set, file);
	if (ui_canvas_resize(&run.cv, w, h) < 0)
		die("no memory");
	for (int i = first; i < argc; i++)
		if (argv[i][0] == '+' && argv[i][1] != '\0')
			wait_for(&run, (ht_time)(atof(argv[i] + 1) * 1e9));
		else
			press(&run, argv[i]);
	draw(&run);

	ht_buf_init(&b);
	ui_canvas_dump_text(&run.cv, &b);
	ht_buf_str(&b, "=== roles\n");
	ui_canvas_dump_roles(&run.cv, &b);
	fputs(b.text, stdout);
	ht_buf_done(&b);
	stop(&run);
	return 0;
}
