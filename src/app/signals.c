/* SPDX-License-Identifier: ISC */
#include "app/signals.h"

#include <stddef.h>

static volatile sig_atomic_t end_signal;
static volatile sig_atomic_t has_resized, has_stopped, has_continued;
static sigset_t sleep_mask;

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
	}
}

void
app_signals_catch(void)
{
	sigset_t block;

	sigemptyset(&block);
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
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
