/* SPDX-License-Identifier: ISC */
/**
 * @file curses.h
 * The one file that speaks to ncurses: puts a canvas on the terminal, hands
 * out keys.
 *
 * The program sets the locale before.  It also installs its own handlers of
 * SIGWINCH, SIGTSTP, SIGINT and SIGTERM before: ncurses puts its own in where
 * it finds the default.
 */
#ifndef HT_UI_CURSES_H
#define HT_UI_CURSES_H

#include "ui/ui.h"

struct ui_curses;

/**
 * Take over the terminal.
 *
 * @param err  filled on failure: standard output is no terminal, TERM unknown
 *             or unable to move the cursor
 * @return NULL on failure; the terminal is untouched then
 */
struct ui_curses *ui_curses_open(const struct ui_options *opts, struct ht_err *err);

/** Give the terminal back as it was; only free if it is given back already. */
void ui_curses_close(struct ui_curses *term);

/** Give the terminal back for a while, before stopping. */
void ui_curses_suspend(struct ui_curses *term);

/** Take it again; the next blit paints everything. */
void ui_curses_resume(struct ui_curses *term);

/** Paint everything with the next blit, not only what changed. */
void ui_curses_redraw(struct ui_curses *term);

/**
 * Ask the terminal for its size, after SIGWINCH or resume.
 *
 * @param cv  made that size; unchanged when memory is short
 */
void ui_curses_resize(struct ui_curses *term, struct ui_canvas *cv);

/**
 * Would the terminal take a frame now?  One that is stopped (Ctrl-S), or behind
 * a line that stalls, would make us wait: poll it for output instead.
 */
bool ui_curses_is_ready(const struct ui_curses *term);

/** Show a canvas; only what changed is sent. */
void ui_curses_blit(struct ui_curses *term, const struct ui_canvas *cv);

/**
 * Take the next key, without waiting (25 ms after an Esc).
 *
 * @return code point, enum ui_key, or UI_KEY_NONE when there is none
 */
int ui_curses_key(struct ui_curses *term);

#endif /* HT_UI_CURSES_H */
