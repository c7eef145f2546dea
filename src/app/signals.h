/* SPDX-License-Identifier: ISC */
/**
 * @file signals.h
 * Signals as flags that the run loop looks at.
 *
 * They are blocked except while the loop sleeps, so none is missed between the
 * look and the sleep.
 */
#ifndef HT_APP_SIGNALS_H
#define HT_APP_SIGNALS_H

#include <signal.h>
#include <stdbool.h>

/**
 * Block and catch what the loop handles; app_signals_end() is 0 until then.
 *
 * @param has_screen  false: Ctrl-Z and the like do what they always do
 */
void app_signals_catch(bool has_screen);

/** The mask to sleep with. */
const sigset_t *app_signals_mask(void);

/** The signal that asks the run to end (INT, TERM, HUP, QUIT), 0 if none did. */
int app_signals_end(void);

/**
 * Wait until a descriptor takes output, such as a pipe that nobody reads.
 *
 * @return 0, or -EINTR when a further signal asks the run to end
 */
int app_signals_wait_output(int fd);

/** True once per change of the terminal's size. */
bool app_signals_take_resize(void);

/** True once per Ctrl-Z or kill -TSTP. */
bool app_signals_take_stop(void);

/** True once after the process was continued. */
bool app_signals_take_continue(void);

/**
 * Stop this process now, as if nothing had been caught.  Signals that came
 * while it was stopped are handled when this returns.
 */
void app_signals_stop_self(void);

#endif /* HT_APP_SIGNALS_H */
