/* SPDX-License-Identifier: ISC */
/*
 * Run a command and say what it took.
 *
 *     meter [-o FILE] [-d MS] [-w MS] [-t COLSxLINES] [-k KEYS] [-S] COMMAND...
 *
 *     -o FILE  where to write that line (standard output)
 *     -d MS    end it after so long: SIGINT, or with -t the keys of -k (q)
 *     -w MS    warm up: what it used by then does not count
 *     -t SIZE  in a pseudo-terminal of this size, which is read at once
 *     -S       stop it (SIGSTOP) for 20 ms of every 100: all that a program
 *              does on its way to a slow screen, at its worst
 *
 *     wall_us=1003215 cpu_us=31022 from_ns=NS bytes=9120 bursts=12 status=0
 *
 * cpu is user and system time of the command and of all that it starts; bytes
 * went to the terminal, in bursts with 2 ms of silence between them; from is the
 * time of CLOCK_MONOTONIC at which cpu, bytes and bursts begin to count.  Without
 * -t the command has our standard output.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MS       INT64_C(1000000)
#define NEVER    INT64_MAX
#define PERIOD   (100 * MS)
#define STOPPED  (20 * MS)
#define SILENCE  (2 * MS)
#define PATIENCE (3000 * MS) /* after its end was asked for */
#define PIDS_MAX 16

struct meter {
	const char *out;
	const char *keys;
	struct winsize size; /* no columns: no terminal */
	bool stops;
	int64_t span;
	int64_t warm_up;

	pid_t pid;
	int fd; /* of the terminal, or -1 */
	int64_t began;
	int64_t asked; /* to end, NEVER: not yet */
	int64_t from;
	int64_t cpu_before; /* used by then */
	int64_t newest;     /* of the bytes */
	bool is_stopped;
	uint64_t bytes;
	uint64_t bursts;
	int status;
};

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

/* --- processor time --- */

static int64_t
cpu_of(pid_t pid)
{
	struct timespec ts;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &ts) < 0)
		return 0;
	return ts.tv_sec * 1000 * MS + ts.tv_nsec;
}

/* The command and what it has started so far, newest generation last. */
static int64_t
cpu_so_far(pid_t pid)
{
	pid_t pids[PIDS_MAX] = { pid };
	int64_t sum = 0;
	int n = 1;

	for (int i = 0; i < n; i++) {
		char path[64];
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pids[i],
		    (int)pids[i]);
		FILE *fp = fopen(path, "r");
		while (fp != NULL && n < PIDS_MAX && fscanf(fp, "%d", &pids[n]) == 1)
			n++;
		if (fp != NULL)
			fclose(fp);
		sum += cpu_of(pids[i]);
	}
	return sum;
}

static int64_t
timeval_ns(struct timeval tv)
{
	return tv.tv_sec * 1000 * MS + tv.tv_usec * 1000;
}

/* Of all that has ended, as everything has by now. */
static int64_t
cpu_in_all(void)
{
	struct rusage ru;

	getrusage(RUSAGE_CHILDREN, &ru);
	return timeval_ns(ru.ru_utime) + timeval_ns(ru.ru_stime);
}

/* --- what happens when --- */

static void
warm(struct meter *m, int64_t now)
{
	m->from = now;
	m->cpu_before = cpu_so_far(m->pid);
	m->bytes = 0;
	m->bursts = 0;
}

static void
ask_to_end(struct meter *m, int64_t now)
{
	if (m->is_stopped)
		kill(m->pid, SIGCONT);
	m->is_stopped = false;
	m->asked = now;
	if (m->fd < 0)
		kill(m->pid, SIGINT);
	else if (write(m->fd, m->keys, strlen(m->keys)) < 0)
		kill(m->pid, SIGTERM);
}

/* Stop it, or let it go on; when to look again. */
static int64_t
stall(struct meter *m, int64_t now)
{
	int64_t phase = (now - m->began) % PERIOD;
	bool is_stopped = phase >= PERIOD - STOPPED;

	if (is_stopped != m->is_stopped)
		kill(m->pid, is_stopped ? SIGSTOP : SIGCONT);
	m->is_stopped = is_stopped;
	return now - phase + (is_stopped ? PERIOD : PERIOD - STOPPED);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Do what is due; when the next thing is. */
static int64_t
do_due(struct meter *m)
{
	int64_t now = now_ns(), next = NEVER;

	if (m->asked != NEVER) {
		if (now >= m->asked + PATIENCE)
			kill(m->pid, SIGKILL);
		return now + 10 * MS;
	}
	if (m->from == 0 && now < m->began + m->warm_up)
		next = m->began + m->warm_up;
	else if (m->from == 0)
		warm(m, now);
	if (m->span > 0 && now >= m->began + m->span) {
		ask_to_end(m, now);
		return now;
	}
	if (m->span > 0)
		next = earlier(next, m->began + m->span);
	return m->stops ? earlier(next, stall(m, now)) : next;
}

static void
take_output(struct meter *m)
{
	static char text[65536];
	ssize_t n = read(m->fd, text, sizeof(text));
	int64_t now = now_ns();

	if (n <= 0) /* EIO: nobody has the other end */
		return;
	m->bytes += (uint64_t)n;
	m->bursts += now - m->newest > SILENCE;
	m->newest = now;
}

/* The signal of its end interrupts the sleep. */
static void
wait_until(struct meter *m, int64_t next, const sigset_t *mask)
{
	struct pollfd pfd = { .fd = m->fd, .events = POLLIN };
	int64_t left = next == NEVER ? 1000 * MS : next - now_ns();
	struct timespec ts = { 0 };

	if (left > 0) {
		ts.tv_sec = left / (1000 * MS);
		ts.tv_nsec = left % (1000 * MS);
	}
	if (ppoll(&pfd, m->fd >= 0, &ts, mask) > 0 && (pfd.revents & POLLIN))
		take_output(m);
	else if (pfd.revents & POLLHUP)
		m->fd = -1;
}

static void
on_child(int sig)
{
	(void)sig;
}

static void
watch(struct meter *m, const sigset_t *mask)
{
	while (waitpid(m->pid, &m->status, WNOHANG) == 0)
		wait_until(m, do_due(m), mask);
}

/* What it has started ends by itself, or now. */
static void
reap(void)
{
	int64_t until = now_ns() + 500 * MS;
	struct timespec ts = { .tv_nsec = MS };
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0 && now_ns() < until)
		if (pid == 0)
			nanosleep(&ts, NULL);
}

/* --- setting up --- */

static void
become(char **argv, const sigset_t *mask)
{
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

static bool
start(struct meter *m, char **argv, const sigset_t *mask)
{
	bool has_tty = m->size.ws_col > 0;

	m->began = now_ns();
	m->pid = has_tty ? forkpty(&m->fd, NULL, NULL, &m->size) : fork();
	if (m->pid == 0)
		become(argv, mask);
	if (m->pid < 0)
		perror("fork");
	return m->pid > 0;
}

static bool
set_size(struct meter *m, const char *text)
{
	return sscanf(text, "%hux%hu", &m->size.ws_col, &m->size.ws_row) == 2;
}

static bool
set_options(struct meter *m, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+o:d:w:t:k:S")) != -1) {
		if (c == 'o')
			m->out = optarg;
		else if (c == 'd')
			m->span = strtol(optarg, NULL, 10) * MS;
		else if (c == 'w')
			m->warm_up = strtol(optarg, NULL, 10) * MS;
		else if (c == 'k')
			m->keys = optarg;
		else if (c == 'S')
			m->stops = true;
		else if (c != 't' || !set_size(m, optarg))
			return false;
	}
	return optind < argc;
}

static int
print(const struct meter *m, int64_t ended)
{
	FILE *fp = m->out != NULL ? fopen(m->out, "w") : stdout;

	if (fp == NULL) {
		perror(m->out);
		return 1;
	}
	fprintf(fp,
	    "wall_us=%lld cpu_us=%lld from_ns=%lld bytes=%llu bursts=%llu "
	    "status=%d\n",
	    (long long)(ended - m->began) / 1000,
	    (long long)(cpu_in_all() - m->cpu_before) / 1000, (long long)m->from,
	    (unsigned long long)m->bytes, (unsigned long long)m->bursts,
	    WIFEXITED(m->status) ? WEXITSTATUS(m->status) : 128 + WTERMSIG(m->status));
	return fp == stdout ? 0 : fclose(fp);
}

int
main(int argc, char **argv)
{
	struct meter m = { .fd = -1, .keys = "q", .asked = NEVER };
	struct sigaction sa = { .sa_handler = on_child };
	sigset_t block, mask;

	if (!set_options(&m, argc, argv)) {
		fprintf(stderr, "usage: meter [-o FILE] [-d MS] [-w MS] "
				"[-t COLSxLINES] [-k KEYS] [-S] COMMAND...\n");
		return 2;
	}
	/* A helper that outlives its parent becomes ours, and so does its time. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	sigaction(SIGCHLD, &sa, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigprocmask(SIG_BLOCK, &block, &mask);
	if (!start(&m, argv + optind, &mask))
		return 1;
	watch(&m, &mask);
	int64_t ended = now_ns();
	reap();
	return print(&m, ended);
}
