/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "app/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/options.h"
#include "app/signals.h"
#include "app/world.h"

#define TEXT_MAX 200

int
app_output_write(int fd, struct ht_buf *b)
{
	const char *text = b->text;
	size_t left = b->len;

	while (left > 0) {
		/* Signals are blocked: a write that waits would be deaf to them. */
		int r = app_signals_wait_output(fd);
		if (r < 0)
			return r;
		ssize_t n = write(fd, text, left < PIPE_BUF ? left : PIPE_BUF);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		left -= (size_t)n;
	}

	int r = b->failed ? -ENOMEM : 0;
	ht_buf_clear(b);
	return r;
}

/* The name of this machine; kept, for the report borrows it. */
static const char *
host_name(void)
{
	static char name[256];

	if (gethostname(name, sizeof(name) - 1) < 0)
		strcpy(name, "localhost");
	return name;
}

struct report_run
app_output_run(const struct ht_session *ss, const struct app_world *world,
    const struct app_options *opt)
{
	return (struct report_run){
		.ss = ss,
		.columns = opt->columns[0] != '\0' ? opt->columns : NULL,
		.names = (enum view_names)opt->names,
		.show_mpls = opt->show_mpls,
		.paths_max = opt->paths_max,
		.local_host = host_name(),
		.start_ns = world->start_ns,
		.end_ns = app_world_wall(world),
		.utc_offset_s = app_utc_offset(world->start_ns),
	};
}

/* A name for the file: nothing in it that a shell or a file system minds. */
static void
file_name(const struct report_run *run, unsigned target, char *buf, size_t size)
{
	const char *home = getenv("HOME");
	const char *name = ht_session_target(run->ss, target)->name;
	time_t seconds = (time_t)(run->end_ns / HT_S);
	char when[32] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm) != NULL)
		strftime(when, sizeof(when), "%Y%m%dT%H%M%S", &tm);

	int dir = snprintf(buf, size, "%s%shoptop-", home != NULL ? home : "",
	    home != NULL ? "/" : "");
	if (dir < 0 || (size_t)dir >= size)
		return;
	snprintf(buf + dir, size - (size_t)dir, "%.100s-%s.txt", name, when);
	for (char *c = buf + dir; *c != '\0'; c++)
		if (strchr("/\\ :*?\"'<>|&;$`%", *c) != NULL)
			*c = '_';
}

static int
save(const struct report_run *run, unsigned target, const char *path)
{
	struct report rp;
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return -errno;

	int r = report_init(&rp, report_find("text"), run);
	if (r == 0) {
		report_finish(&rp, target);
		r = app_output_write(fd, &rp.out);
		report_done(&rp);
	}
	if (close(fd) < 0 && r == 0)
		r = -errno;
	return r;
}

void
app_output_save(const struct report_run *run, unsigned target, char *ret_text)
{
	char path[4096] = "";

	file_name(run, target, path, sizeof(path));
	int r = save(run, target, path);
	if (r < 0)
		snprintf(
		    ret_text, TEXT_MAX, "not saved: %.120s: %s", path, strerror(-r));
	else
		snprintf(ret_text, TEXT_MAX, "saved %.180s", path);
}
