/* SPDX-License-Identifier: ISC */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hoptop/version.h>

#include "app/options.h"
#include "app/output.h"
#include "app/priv.h"
#include "app/run.h"
#include "app/world.h"
#include "app/world_raw.h"
#include "base/text.h"

static int
print(struct ht_buf *text)
{
	int r = app_output_write(STDOUT_FILENO, text);

	if (r == 0)
		return APP_EXIT_OK;
	fprintf(stderr, "hoptop: standard output: %s\n", strerror(-r));
	return APP_EXIT_SYSTEM;
}

static int
print_version(void)
{
	struct ht_buf text;

	ht_buf_init(&text);
	ht_buf_printf(&text, "hoptop %s\n", ht_version());
	app_world_features(&text);
	int status = print(&text);
	ht_buf_done(&text);
	return status;
}

static int
print_help(void)
{
	struct ht_buf text;

	ht_buf_init(&text);
	app_options_help(&text);
	int status = print(&text);
	ht_buf_done(&text);
	return status;
}

/* The dashboard if somebody is there to look at it. */
static void
choose_mode(struct app_options *opt)
{
	if (opt->mode == APP_MODE_AUTO)
		opt->mode = isatty(STDOUT_FILENO) ? APP_MODE_DASHBOARD : APP_MODE_TEXT;
}

/* The targets came from standard input: let the keys come from the terminal. */
static bool
take_keyboard(const struct app_options *opt, struct ht_buf *err)
{
	if (opt->mode != APP_MODE_DASHBOARD || isatty(STDIN_FILENO)
	    || freopen("/dev/tty", "r", stdin) != NULL)
		return true;
	ht_buf_printf(err,
	    "hoptop: standard input is not a terminal, and /dev/tty: %s\n",
	    strerror(errno));
	return false;
}

/*
 * A closed standard descriptor would become that of a socket, and the report
 * would be sent through it.  In its place goes one that cannot be used.
 */
static void
fill_closed(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/*
 * The one door to standard error: nothing that a file name, a host name or an
 * environment variable brought along may speak to the terminal.
 */
static void
print_errors(const struct ht_buf *err)
{
	const char *s = err->text;

	while (*s != '\0') {
		uint32_t cp;
		size_t len = ht_text_decode(s, &cp);
		bool is_harmless = cp == '\n' || ht_text_cp_width(cp) > 0;
		if (is_harmless && cp != 0xfffd)
			fwrite(s, 1, len, stderr);
		else
			fputc('?', stderr);
		s += len;
	}
}

/* Whoever holds more than he should must not go on. */
static bool
has_given_up(int r)
{
	if (r < 0)
		fprintf(
		    stderr, "hoptop: cannot give up privileges: %s\n", strerror(-r));
	return r == 0;
}

static int
begin(struct app_options *opt, struct ht_buf *err)
{
	if (!app_world_needs_privilege(opt) && !has_given_up(app_priv_drop(false)))
		return APP_EXIT_SYSTEM;
	if (opt->is_help)
		return print_help();
	if (opt->is_version)
		return print_version();
	choose_mode(opt);
	if (!take_keyboard(opt, err))
		return APP_EXIT_SYSTEM;
	return app_run(opt, err);
}

int
main(int argc, char **argv)
{
	static struct app_options opt;
	struct ht_buf err;

	fill_closed();
	if (!has_given_up(app_priv_begin()))
		return APP_EXIT_SYSTEM;
	setlocale(LC_CTYPE, "");
	ht_buf_init(&err);

	struct app_env env = {
		.mtr_options = getenv("MTR_OPTIONS"),
		.hoptop_options = getenv("HOPTOP_OPTIONS"),
		.is_root = geteuid() == 0,
	};
	int status = app_options_parse(argc, argv, &env, &opt, &err);
	if (status == 0) {
		status = begin(&opt, &err);
		app_options_done(&opt);
	}
	print_errors(&err);
	ht_buf_done(&err);
	return status;
}
