/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "ui/curses.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

#include "base/text.h"

/* With the canvas's own names, none of the curses macros is needed. */
struct ui_curses {
	SCREEN *screen;
	bool has_color;
	bool is_redraw; /* paint everything next time */
	bool is_away;   /* given back for a while */
	/* What stdscr holds: only cells that differ from it are put there. */
	struct ui_canvas shown;
};

/* No cell of a canvas is like that. */
#define UNKNOWN UINT32_MAX

/* How a role looks; the pair is its colour, where there are colours. */
struct look {
	attr_t attr;
	short color;
};

/* clang-format off: one row, one role; never a background */
static const struct look looks[UI_ROLE_COUNT] = {
	[UI_ROLE_NORMAL] = { A_NORMAL, -1 },
	[UI_ROLE_TITLE] = { A_BOLD, -1 },
	[UI_ROLE_HEADING] = { A_BOLD, -1 },
	[UI_ROLE_GOOD] = { A_NORMAL, COLOR_GREEN },
	[UI_ROLE_WARN] = { A_NORMAL, COLOR_YELLOW },
	[UI_ROLE_BAD] = { A_BOLD, COLOR_RED },
	[UI_ROLE_DIM] = { A_DIM, -1 },
	[UI_ROLE_SELECTED] = { A_REVERSE, -1 },
	[UI_ROLE_KEY] = { A_BOLD, COLOR_CYAN },
	[UI_ROLE_INPUT] = { A_UNDERLINE, -1 },
};
/* clang-format on */

static void fail(struct ht_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
fail(struct ht_err *err, int code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	err->line = 0;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
}

/*
 * Look at TERM before curses does: initscr() would print to the terminal and
 * exit on its own.
 */
static bool
check_terminal(struct ht_err *err)
{
	const char *name = getenv("TERM");
	int status = 0;

	if (name == NULL || *name == '\0')
		name = "unknown";
	if (!isatty(STDOUT_FILENO)) {
		fail(err, -ENOTTY, "standard output is not a terminal");
		return false;
	}
	if (setupterm(name, STDOUT_FILENO, &status) != OK) {
		fail(err, -ENOTSUP, "terminal type '%.60s' (TERM) is unknown here",
		    name);
		return false;
	}
	const char *move = tigetstr("cup");
	if (move == NULL || move == (const char *)-1) {
		fail(err, -ENOTSUP, "terminal '%.60s' cannot move its cursor", name);
		del_curterm(cur_term);
		return false;
	}
	del_curterm(cur_term);
	return true;
}

static void
set_up_colors(struct ui_curses *term)
{
	if (!term->has_color || !has_colors() || start_color() != OK
	    || use_default_colors() != OK) {
		term->has_color = false;
		return;
	}
	for (short role = 0; role < UI_ROLE_COUNT; role++)
		if (looks[role].color >= 0)
			init_pair((short)(role + 1), looks[role].color, -1);
}

struct ui_curses *
ui_curses_open(const struct ui_options *opts, struct ht_err *err)
{
	if (!check_terminal(err))
		return NULL;

	struct ui_curses *term = calloc(1, sizeof(*term));
	if (term == NULL || (term->screen = newterm(NULL, stdout, stdin)) == NULL) {
		free(term);
		fail(err, -ENOMEM, "cannot set up the terminal");
		return NULL;
	}
	term->has_color = opts->has_color;
	term->is_redraw = true;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	/* A frame is sent whole and in one piece: no look for keys in between. */
	typeahead(-1);
	/* Nothing that a canvas draws may move the text on the terminal. */
	scrollok(stdscr, FALSE);
	leaveok(stdscr, FALSE);
	set_up_colors(term);
	/*
	 * Until it has been left once, curses (6.4) takes every movement of the
	 * cursor for one of a program without a screen, and flushes: a frame would
	 * come in as many writes.
	 */
	endwin();
	refresh();
	/* endwin() has switched it off, and only getch() would switch it on again. */
	keypad(stdscr, TRUE);
	ui_canvas_init(&term->shown);
	return term;
}

void
ui_curses_close(struct ui_curses *term)
{
	if (term == NULL)
		return;
	/*
	 * Stopped by Ctrl-S it would wait here for a Ctrl-Q, deaf to signals.
	 * TCOON alone undoes nothing but a TCOOFF.
	 */
	if (!term->is_away) {
		tcflow(STDOUT_FILENO, TCOOFF);
		tcflow(STDOUT_FILENO, TCOON);
	}
	ui_curses_suspend(term);
	delscreen(term->screen);
	ui_canvas_done(&term->shown);
	free(term);
}

void
ui_curses_suspend(struct ui_curses *term)
{
	/* What another program shows since then is not ours to touch. */
	if (!term->is_away) {
		curs_set(1);
		endwin();
	}
	term->is_away = true;
}

void
ui_curses_resume(struct ui_curses *term)
{
	/* A shell may have changed the modes without our giving them back. */
	reset_prog_mode();
	keypad(stdscr, TRUE);
	term->is_away = false;
	/* The next refresh leaves the state that endwin() made. */
	term->is_redraw = true;
}

void
ui_curses_redraw(struct ui_curses *term)
{
	term->is_redraw = true;
}

void
ui_curses_resize(struct ui_curses *term, struct ui_canvas *cv)
{
	struct winsize size = { .ws_row = 0 };
	int w = COLS, h = LINES;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0
	    && size.ws_col > 0) {
		w = size.ws_col;
		h = size.ws_row;
		if (w != COLS || h != LINES) {
			resizeterm(h, w);
			ui_canvas_done(&term->shown);
		}
	}
	if (w != cv->width || h != cv->height)
		ui_canvas_resize(cv, w, h);
}

static void
blit_cell(const struct ui_curses *term, int y, int x, const struct ui_cell *cell)
{
	wchar_t text[3] = { (wchar_t)cell->cp, (wchar_t)cell->mark, 0 };
	const struct look *look = &looks[cell->role];
	short pair = term->has_color && look->color >= 0 ? (short)(cell->role + 1) : 0;
	cchar_t out;

	if (setcchar(&out, text, look->attr, pair, NULL) == OK)
		mvadd_wchnstr(y, x, &out, 1);
}

bool
ui_curses_is_ready(const struct ui_curses *term)
{
	struct pollfd fd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	(void)term;
	return poll(&fd, 1, 0) != 0;
}

static bool
is_same(const struct ui_cell *a, const struct ui_cell *b)
{
	return a->cp == b->cp && a->mark == b->mark && a->role == b->role;
}

/* Make room for what is shown; without memory, all is put every time. */
static bool
remembers(struct ui_canvas *shown, const struct ui_canvas *cv)
{
	if (shown->width == cv->width && shown->height == cv->height)
		return true;
	if (ui_canvas_resize(shown, cv->width, cv->height) < 0)
		return false;
	for (int i = 0; i < shown->width * shown->height; i++)
		shown->cells[i].cp = UNKNOWN;
	return true;
}

/* Asking curses is what takes long: it is asked for what differs. */
static void
put_cells(struct ui_curses *term, const struct ui_canvas *cv)
{
	bool has_shown = remembers(&term->shown, cv);

	for (int i = 0; i < cv->width * cv->height; i++) {
		const struct ui_cell *cell = &cv->cells[i];
		if (has_shown && is_same(cell, &term->shown.cells[i]))
			continue;
		if (cell->cp != 0)
			blit_cell(term, i / cv->width, i % cv->width, cell);
		if (has_shown)
			term->shown.cells[i] = *cell;
	}
}

void
ui_curses_blit(struct ui_curses *term, const struct ui_canvas *cv)
{
	put_cells(term, cv);
	/* A terminal that cannot hide its cursor has it in one place. */
	if (cv->cursor_x >= 0)
		move(cv->cursor_y, cv->cursor_x);
	else
		move(cv->height - 1, cv->width - 1);
	curs_set(cv->cursor_x >= 0);
	if (term->is_redraw)
		clearok(curscr, TRUE);
	term->is_redraw = false;
	refresh();
}

static int
function_key(wint_t key)
{
	static const struct {
		int from, to;
	} table[] = {
		{ KEY_UP, UI_KEY_UP },
		{ KEY_DOWN, UI_KEY_DOWN },
		{ KEY_LEFT, UI_KEY_LEFT },
		{ KEY_RIGHT, UI_KEY_RIGHT },
		{ KEY_PPAGE, UI_KEY_PGUP },
		{ KEY_NPAGE, UI_KEY_PGDN },
		{ KEY_HOME, UI_KEY_HOME },
		{ KEY_END, UI_KEY_END },
		{ KEY_DC, UI_KEY_DELETE },
		{ KEY_BTAB, UI_KEY_BACKTAB },
		{ KEY_ENTER, UI_KEY_ENTER },
		{ KEY_BACKSPACE, UI_KEY_BACKSPACE },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if ((wint_t)table[i].from == key)
			return table[i].to;
	if (key >= KEY_F(1) && key <= KEY_F(12))
		return UI_KEY_F1 + (int)(key - KEY_F(1));
	return UI_KEY_NONE;
}

int
ui_curses_key(struct ui_curses *term)
{
	wint_t key;
	int r;

	(void)term;
	while ((r = get_wch(&key)) != ERR) {
		int known = r == KEY_CODE_YES ? function_key(key) : (int)key;
		if (known == '\n')
			return UI_KEY_ENTER;
		if (known == 0x7f)
			return UI_KEY_BACKSPACE;
		if (known != UI_KEY_NONE)
			return known;
	}
	return UI_KEY_NONE;
}
