/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "app/signals.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>

static volatile sig_atomic_t end_signal, n_ends;
static volatile sig_atomic_t has_resized, has_stopped, has_continued;
static sigset_t sleep_mask;

/* The first ones always, all with a screen. */
#define N_ENDS 4
static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP,
	SIGCONT };

static void
handle(int sig)
{
	switch (sig) {
	case SIGWINCH:
		has_resized = 1;
		break;
	case SIGTSTP:
		has_stopped = 1;
		break;
	case SIGCONT:
		has_continued = 1;
		break;
	default:
		end_signal = sig;
		n_ends++;
	}
}

void
app_signals_catch(bool has_screen)
{
	size_t n = has_screen ? sizeof(caught) / sizeof(caught[0]) : N_ENDS;
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < n; i++) {
		struct sigaction now, sa = { .sa_handler = handle };

		/* What nohup or a shell has set to be ignored stays so. */
		sigaction(caught[i], NULL, &now);
		if (now.sa_handler == SIG_IGN)
			continue;
		sigaction(caught[i], &sa, NULL);
		sigaddset(&block, caught[i]);
	}
	sigprocmask(SIG_BLOCK, &block, &sleep_mask);
}

const sigset_t *
app_signals_mask(void)
{
	return &sleep_mask;
}

int
app_signals_end(void)
{
	return end_signal;
}

int
app_signals_wait_output(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	sig_atomic_t before = n_ends;

	while (ppoll(&pfd, 1, NULL, &sleep_mask) < 0)
		if (errno != EINTR || n_ends != before)
			return -errno;
	return 0;
}

static bool
take(volatile sig_atomic_t *flag)
{
	bool was_set = *flag != 0;

	*flag = 0;
	return was_set;
}

bool
app_signals_take_resize(void)
{
	return take(&has_resized);
}

bool
app_signals_take_stop(void)
{
	return take(&has_stopped);
}

bool
app_signals_take_continue(void)
{
	return take(&has_continued);
}

void
app_signals_stop_self(void)
{
	/* Not SIGTSTP: that does nothing in an orphaned process group. */
	raise(SIGSTOP);
	/* What came meanwhile, such as the SIGTERM of `kill %1`, counts now. */
	sigset_t blocked;
	sigprocmask(SIG_SETMASK, &sleep_mask, &blocked);
	sigprocmask(SIG_SETMASK, &blocked, NULL);
	has_continued = 0;
}
