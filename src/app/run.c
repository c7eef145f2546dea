/* SPDX-License-Identifier: ISC */
/*
 * The one loop.  Each round, in this order:
 *
 * 1. names: an address that comes now is probed in this round;
 * 2. the session's step: replies first, for their user-space stamps grow old;
 * 3. signals and keys, and at last the frame, which is what takes longest;
 * 4. sleep until the earliest deadline of them all, or a descriptor; not at all
 *    after a key, for it may have changed what is due.
 *
 * Simulated time without a screen does not sleep: the clock jumps.
 */
#include "config.h"

#include "app/run.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/hosts.h"
#include "app/output.h"
#include "app/signals.h"
#include "app/world.h"
#include "names/names.h"
#include "report/report.h"
#include "ui/curses.h"
#include "ui/ui.h"
#include "view/flows.h"

#define REPORT_CYCLES 10
/* Probing is done: how long a report still waits for names. */
#define NAMES_GRACE (3 * HT_S / 10)
/* ... and where names are half of what it says. */
#define TRACE_NAMES_GRACE     HT_S
#define TRANSPORT_FDS_MAX     300
#define FDS_MAX               (TRANSPORT_FDS_MAX + NAMES_FDS_MAX + 2)
#define UNPRIVILEGED_INTERVAL (HT_S / 10)
#define ROOT_INTERVAL         (HT_S / 100)
/* Virtual steps between two looks for signals. */
#define STEPS_PER_LOOK 256

/* What is shorter is no suspension: two clocks are not read at once. */
#define SLEEP_MIN HT_S

struct run {
	const struct app_options *opt;
	struct app_world world;
	struct ht_session *ss;
	struct app_hosts hosts;
	struct report report; /* unless there is a screen */
	struct ui *ui;        /* with a screen */
	struct ui_curses *term;
	struct ui_canvas cv;
	ht_time done_at; /* probing is done since; NEVER before */
	bool has_keys;   /* the terminal has something to read */
	bool is_stuck;   /* a frame is due that the terminal would not take */
	bool has_quit;
	unsigned steps; /* of the virtual clock */
	int status;     /* of a write that failed, else 0 */
};

/* The screen *****************************************************************/

/* Do flows make common routers answer more often than once a second? */
static bool
is_crowded(const struct run *run)
{
	const struct ht_settings *set = &run->opt->settings;

	return set->flows > 1 && (ht_time)set->flows * HT_S > set->interval_ns;
}

static void
tell_crowd(struct run *run, ht_time now)
{
	const struct ht_settings *set = &run->opt->settings;
	ht_time rate = ((ht_time)set->flows * HT_S + set->interval_ns / 2)
		       / set->interval_ns;
	char text[100];

	snprintf(text, sizeof(text),
	    "%u flows: %llu probes a second to each router, many answer one",
	    set->flows, (unsigned long long)rate);
	ui_notice(run->ui, text, now);
}

/* What the user did not ask for, or may not know that it was asked for. */
static void
tell_at_start(struct run *run)
{
	ht_time now = app_world_now(&run->world);

	if (is_crowded(run))
		tell_crowd(run, now);
	else if (run->opt->is_fast)
		ui_notice(run->ui,
		    "interval below 1 s: routers may limit their answers", now);
	else if (run->world.is_fallback)
		ui_notice(run->ui,
		    "by UDP: net.ipv4.ping_group_range leaves this user out of ICMP",
		    now);
}

/* Is the terminal ours, or that of another job? */
static bool
is_foreground(void)
{
	pid_t group = tcgetpgrp(STDIN_FILENO);

	return group < 0 || group == getpgrp();
}

/* In the background, setting the terminal would stop us deaf to signals. */
static void
wait_for_terminal(void)
{
	while (!is_foreground() && app_signals_end() == 0)
		app_signals_stop_self();
}

/* As programs have agreed on: set, and not empty. */
static bool
is_color_unwanted(void)
{
	const char *no_color = getenv("NO_COLOR");

	return no_color != NULL && no_color[0] != '\0';
}

static int
open_screen(struct run *run, struct ht_buf *err)
{
	const struct app_options *opt = run->opt;
	struct report_run about = app_output_run(run->ss, &run->world, opt);
	struct ui_options look = {
		/* In another locale curses would leave the other characters blank. */
		.is_ascii = opt->is_ascii || strcmp(nl_langinfo(CODESET), "UTF-8") != 0,
		.has_color = opt->color == APP_COLOR_ALWAYS
			     || (opt->color == APP_COLOR_AUTO && !is_color_unwanted()),
		.is_compact = opt->is_compact,
		.shows_mpls = opt->show_mpls,
		.names = (enum view_names)opt->names,
		.display = (enum ui_display)opt->display,
		.columns = about.columns,
		.host = about.local_host,
		.paths_max = opt->paths_max,
		.min_interval_ns = geteuid() == 0 ? ROOT_INTERVAL
						  : UNPRIVILEGED_INTERVAL,
	};
	struct ht_err why = { .code = 0 };

	ui_canvas_init(&run->cv);
	run->ui = ui_new(run->ss, &look);
	if (run->ui == NULL || ht_session_observe(run->ss, ui_event, run->ui) < 0) {
		ht_buf_str(err, strerror(ENOMEM));
		return APP_EXIT_SYSTEM;
	}
	wait_for_terminal();
	if (app_signals_end() != 0)
		return 0;
	run->term = ui_curses_open(&look, &why);
	if (run->term == NULL) {
		ht_buf_str(err, why.text);
		return APP_EXIT_SYSTEM;
	}
	ui_curses_resize(run->term, &run->cv);
	tell_at_start(run);
	return 0;
}

static void
close_screen(struct run *run)
{
	/* Restored even if it is another job's by now: never stop on the way out. */
	signal(SIGTTOU, SIG_IGN);
	if (run->term != NULL)
		ui_curses_close(run->term);
	run->term = NULL;
}

/* Take the terminal as it is now: other programs may have used it. */
static void
come_back(struct run *run)
{
	wait_for_terminal();
	if (app_signals_end() != 0)
		return;
	ui_curses_resume(run->term);
	ui_curses_resize(run->term, &run->cv);
	ui_touch(run->ui);
}

static void
suspend(struct run *run)
{
	ui_curses_suspend(run->term);
	app_signals_stop_self();
	come_back(run);
}

static void
save_report(struct run *run, ht_time now)
{
	struct report_run about = app_output_run(run->ss, &run->world, run->opt);
	char text[200];

	about.names = ui_names(run->ui);
	about.columns = ui_columns(run->ui);
	about.flows = ui_flows(run->ui);
	app_output_save(&about, ui_target(run->ui), text);
	ui_notice(run->ui, text, now);
}

static void
serve_requests(struct run *run, ht_time now)
{
	enum ui_request request;

	while ((request = ui_take_request(run->ui)) != UI_REQUEST_NONE) {
		switch (request) {
		case UI_REQUEST_QUIT:
			run->has_quit = true;
			break;
		case UI_REQUEST_SUSPEND:
			suspend(run);
			break;
		case UI_REQUEST_REDRAW:
			ui_curses_redraw(run->term);
			break;
		case UI_REQUEST_REPORT:
			save_report(run, now);
			break;
		case UI_REQUEST_NONE:
		case UI_REQUEST_COUNT:
			break;
		}
	}
}

/* Give back whether there were any. */
static bool
take_keys(struct run *run, ht_time now)
{
	bool has_any = false;
	int key;

	while (!run->has_quit && (key = ui_curses_key(run->term)) != UI_KEY_NONE) {
		has_any = true;
		ui_key(run->ui, key, now);
		serve_requests(run, now);
	}
	run->hosts.resolve = ui_names(run->ui) != VIEW_NAMES_ADDR;
	return has_any;
}

static void
draw(struct run *run, ht_time now)
{
	struct ui_clock wall = { .unix_ns = app_world_wall(&run->world) };

	run->is_stuck = now >= ui_next_frame(run->ui) && !ui_curses_is_ready(run->term);
	if (run->is_stuck || now < ui_next_frame(run->ui))
		return;
	wall.utc_offset = app_utc_offset(wall.unix_ns);
	ui_draw(run->ui, &run->cv, now, &wall);
	ui_curses_blit(run->term, &run->cv);
}

/* Give back when the session has to be looked at again at the latest. */
static ht_time
tend_screen(struct run *run, ht_time now, ht_time next)
{
	if (app_signals_take_stop())
		suspend(run);
	if (app_signals_take_continue())
		come_back(run);
	if (app_signals_take_resize()) {
		ui_curses_resize(run->term, &run->cv);
		ui_touch(run->ui);
	}
	/* Keys change settings, pause and resume: what is due may be another now. */
	if (app_signals_end() == 0 && run->has_keys && take_keys(run, now))
		next = now;
	if (app_signals_end() == 0 && !run->has_quit)
		draw(run, now);
	return next;
}

/* Reports ********************************************************************/

static void
flush_report(struct run *run)
{
	if (run->status < 0)
		return; /* what failed, or was given up, is not tried again */
	run->status = app_output_write(STDOUT_FILENO, &run->report.out);
	if (run->status < 0)
		run->has_quit = true;
}

static bool
is_name_pending(const void *ctx, const struct ht_addr *addr)
{
	return names_is_pending(ctx, addr);
}

static int
open_report(struct run *run, const char *id, struct ht_buf *err)
{
	struct report_run about = app_output_run(run->ss, &run->world, run->opt);
	const struct report_ops *ops = report_find(id);

	if (run->hosts.names != NULL) {
		about.is_name_pending = is_name_pending;
		about.names_ctx = run->hosts.names;
	}
	if (run->ui != NULL) {
		about.names = ui_names(run->ui);
		about.columns = ui_columns(run->ui);
	}
	if (report_init(&run->report, ops, &about) < 0
	    || (ops->event != NULL
		&& ht_session_observe(run->ss, report_event, &run->report) < 0)) {
		ht_buf_str(err, strerror(ENOMEM));
		return APP_EXIT_SYSTEM;
	}
	return 0;
}

/* Give back when the session or the report has to be looked at again. */
static ht_time
tend_report(struct run *run, ht_time now, ht_time next)
{
	ht_time due = report_tick(&run->report, now);

	flush_report(run);
	return due < next ? due : next;
}

static void
finish_report(struct run *run)
{
	run->report.run.end_ns = app_world_wall(&run->world);
	for (unsigned i = 0; i < ht_session_targets(run->ss); i++)
		if (!app_hosts_all_failed(&run->hosts))
			report_finish(&run->report, i);
	if (run->opt->mode == APP_MODE_TRACE)
		app_hosts_tell_unsent(&run->hosts);
	flush_report(run);
	report_done(&run->report);
}

/* The loop *******************************************************************/

static ht_time
earliest(ht_time a, ht_time b)
{
	return a < b ? a : b;
}

static ht_time
names_next_deadline(const struct run *run, ht_time now)
{
	return run->hosts.names != NULL ? names_next(run->hosts.names, now)
					: HT_TIME_NEVER;
}

static void
sleep_until(struct run *run, ht_time next)
{
	struct ht_transport *tp = run->world.tp;
	struct pollfd fds[FDS_MAX];
	int n_transport = tp->ops->fds(tp, fds, TRANSPORT_FDS_MAX);
	int n = n_transport;
	ht_time now = app_world_now(&run->world);
	struct timespec ts, *timeout = NULL;

	if (run->hosts.names != NULL)
		n += names_fds(run->hosts.names, fds + n, NAMES_FDS_MAX);
	if (run->is_stuck)
		fds[n++] = (struct pollfd){ .fd = STDOUT_FILENO, .events = POLLOUT };
	if (run->term != NULL)
		fds[n++] = (struct pollfd){ .fd = STDIN_FILENO, .events = POLLIN };
	if (next != HT_TIME_NEVER) {
		ht_time left = next > now ? next - now : 0;
		ts = (struct timespec){ .tv_sec = (time_t)(left / HT_S),
			.tv_nsec = (long)(left % HT_S) };
		timeout = &ts;
	}
	run->has_keys = false;
	int ready = ppoll(fds, (nfds_t)n, timeout, app_signals_mask());
	if (ready >= 0 && tp->ops->polled != NULL)
		tp->ops->polled(tp, fds, n_transport);
	if (ready <= 0 || run->term == NULL)
		return;
	run->has_keys = (fds[n - 1].revents & POLLIN) != 0;
	/* The terminal is gone, and nobody was there to tell us. */
	if (fds[n - 1].revents & (POLLHUP | POLLERR | POLLNVAL))
		run->has_quit = true;
}

static ht_time
names_grace(const struct run *run)
{
	return run->opt->mode == APP_MODE_TRACE ? TRACE_NAMES_GRACE : NAMES_GRACE;
}

/* Is there anything left that the user would wait for? */
static bool
is_over(struct run *run, ht_time now)
{
	if (run->has_quit || app_signals_end() != 0 || app_hosts_all_failed(&run->hosts)
	    || (run->ui == NULL && report_is_complete(&run->report)))
		return true;
	if (!ht_session_is_done(run->ss))
		return false;
	if (run->done_at == HT_TIME_NEVER)
		run->done_at = now;
	return run->term != NULL || run->world.is_virtual || run->hosts.names == NULL
	       || names_pending(run->hosts.names) == 0
	       || now - run->done_at >= names_grace(run);
}

/* Time that needs no sleep jumps; but signals are to be heard. */
static void
jump_to(struct run *run, ht_time next)
{
	static const struct timespec no_time;

	if (next != HT_TIME_NEVER && next > run->world.now)
		run->world.now = next;
	if (run->steps++ % STEPS_PER_LOOK == 0)
		ppoll(NULL, 0, &no_time, app_signals_mask());
}

/* What else than the session wants to be looked at. */
static ht_time
next_deadline(const struct run *run, ht_time now, ht_time next)
{
	next = earliest(next, names_next_deadline(run, now));
	if (run->term != NULL && !run->is_stuck)
		next = earliest(next, ui_next_frame(run->ui));
	if (run->done_at != HT_TIME_NEVER)
		next = earliest(next, run->done_at + names_grace(run));
	return next;
}

static void
loop(struct run *run)
{
	for (;;) {
		ht_time now = app_world_now(&run->world);

		if (run->hosts.names != NULL)
			names_process(run->hosts.names, now);
		if (app_world_slept(&run->world) > SLEEP_MIN)
			ht_session_wake(run->ss, now);
		ht_time next = ht_session_step(run->ss, now);
		if (run->term != NULL)
			next = tend_screen(run, now, next);
		else if (run->ui == NULL)
			next = tend_report(run, now, next);
		if (is_over(run, now))
			return;
		if (run->world.is_virtual)
			jump_to(run, next);
		else
			sleep_until(run, next_deadline(run, now, next));
	}
}

/* Did every target answer, to any of its flows? */
static bool
is_all_reached(const struct run *run)
{
	for (unsigned i = 0; i < ht_session_targets(run->ss); i++)
		if (!view_is_reached(run->ss, i))
			return false;
	return true;
}

static int
exit_status(const struct run *run, bool has_screen, struct ht_buf *err)
{
	if (run->status < 0 && run->status != -EINTR) {
		ht_buf_printf(
		    err, "hoptop: standard output: %s\n", strerror(-run->status));
		return APP_EXIT_SYSTEM;
	}
	if (app_signals_end() != 0)
		return 128 + app_signals_end();
	if (run->hosts.failed > 0)
		return run->hosts.status;
	return has_screen || is_all_reached(run) ? APP_EXIT_OK : APP_EXIT_UNREACHED;
}

static int
open_session(struct run *run, bool has_screen, struct ht_buf *err)
{
	struct ht_settings set = run->opt->settings;

	set.proto = run->world.proto;
	if (!has_screen && set.cycles == 0)
		set.cycles = REPORT_CYCLES;
	set.seed = (uint64_t)run->world.start_ns;
	run->ss = ht_session_new(&set, run->world.tp);
	if (run->ss == NULL) {
		ht_buf_str(err, strerror(ENOMEM));
		return APP_EXIT_SYSTEM;
	}
	return app_hosts_init(
	    &run->hosts, run->ss, &run->world, run->opt, has_screen, err);
}

static int
open_all(struct run *run, bool has_screen, struct ht_buf *err)
{
	int status = app_world_open(&run->world, run->opt, has_screen, err);

	if (status == 0)
		status = open_session(run, has_screen, err);
	if (status == 0
	    && ht_session_observe(run->ss, app_hosts_event, &run->hosts) < 0)
		status = APP_EXIT_SYSTEM;
	if (status == 0)
		status = has_screen
			     ? open_screen(run, err)
			     : open_report(run, app_mode_name(run->opt->mode), err);
	return status;
}

/* After the screen is gone: the last report stays on the terminal. */
static void
leave_report(struct run *run, struct ht_buf *err)
{
	close_screen(run);
	if (ht_session_totals(run->ss).sent > 0 && open_report(run, "text", err) == 0)
		finish_report(run);
}

int
app_run(const struct app_options *opt, struct ht_buf *err)
{
	bool has_screen = opt->mode == APP_MODE_DASHBOARD;
	struct run run = { .opt = opt, .done_at = HT_TIME_NEVER };
	struct ht_buf why;
	int status;

	ht_buf_init(&why);
	ht_buf_init(&run.hosts.complaints);
	app_signals_catch(has_screen);
	status = open_all(&run, has_screen, &why);
	if (status == 0) {
		loop(&run);
		if (has_screen)
			leave_report(&run, &why);
		else
			finish_report(&run);
		ht_buf_add(err, run.hosts.complaints.text, run.hosts.complaints.len);
		status = exit_status(&run, has_screen, err);
	}
	close_screen(&run);
	if (why.len > 0)
		ht_buf_printf(err, "hoptop: %s\n", why.text);
	ui_free(run.ui);
	ui_canvas_done(&run.cv);
	app_hosts_done(&run.hosts);
	ht_session_free(run.ss);
	app_world_close(&run.world);
	ht_buf_done(&why);
	return status;
}
