/* SPDX-License-Identifier: ISC */
/**
 * @file keys.h
 * The key table: one row says everything about a key.  The help pane, the
 * footer and the key scripts of the tests read it.
 */
#ifndef HT_UI_KEYS_H
#define HT_UI_KEYS_H

#include <hoptop/types.h>

/** Keys that are no character; all others are their code point. */
enum ui_key {
	UI_KEY_NONE = -1,
	UI_KEY_CTRL_C = 0x03,
	UI_KEY_BACKSPACE = 0x08,
	UI_KEY_TAB = 0x09,
	UI_KEY_CTRL_L = 0x0c,
	UI_KEY_ENTER = 0x0d,
	UI_KEY_CTRL_U = 0x15,
	UI_KEY_CTRL_Z = 0x1a,
	UI_KEY_ESC = 0x1b,
	UI_KEY_UP = 0x110000, /* beyond Unicode */
	UI_KEY_DOWN,
	UI_KEY_LEFT,
	UI_KEY_RIGHT,
	UI_KEY_PGUP,
	UI_KEY_PGDN,
	UI_KEY_HOME,
	UI_KEY_END,
	UI_KEY_DELETE,
	UI_KEY_BACKTAB,
	UI_KEY_F1,
	UI_KEY_F12 = UI_KEY_F1 + 11
};

/** Where a key means something; a set of bits. */
enum ui_where {
	UI_WHERE_TABLE = 1 << 0,
	UI_WHERE_DETAIL = 1 << 1, /**< the detail pane has the arrows */
	UI_WHERE_HELP = 1 << 2,
	UI_WHERE_PROMPT = 1 << 3,
	UI_WHERE_PANES = UI_WHERE_TABLE | UI_WHERE_DETAIL,
	UI_WHERE_ANY = UI_WHERE_PANES | UI_WHERE_HELP,
	UI_WHERE_ALWAYS = UI_WHERE_ANY | UI_WHERE_PROMPT
};

/** What a key does. */
enum ui_action {
	UI_ACT_NONE = 0,
	UI_ACT_HELP,
	UI_ACT_QUIT,
	UI_ACT_BACK,
	UI_ACT_PAUSE,
	UI_ACT_RESET,
	UI_ACT_UP,
	UI_ACT_DOWN,
	UI_ACT_PAGE_UP,
	UI_ACT_PAGE_DOWN,
	UI_ACT_FIRST,
	UI_ACT_LAST,
	UI_ACT_SCROLL_UP,
	UI_ACT_SCROLL_DOWN,
	UI_ACT_DETAIL,
	UI_ACT_NEXT,
	UI_ACT_PREVIOUS,
	UI_ACT_TARGET,
	UI_ACT_FLOW,
	UI_ACT_DISPLAY,
	UI_ACT_COMPACT,
	UI_ACT_MPLS,
	UI_ACT_NAMES,
	UI_ACT_JITTER,
	UI_ACT_SORT,
	UI_ACT_SORT_LEFT,
	UI_ACT_SORT_RIGHT,
	UI_ACT_REVERSE,
	UI_ACT_COLUMNS,
	UI_ACT_INTERVAL,
	UI_ACT_FIRST_TTL,
	UI_ACT_MAX_TTL,
	UI_ACT_SIZE,
	UI_ACT_PATTERN,
	UI_ACT_TOS,
	UI_ACT_UDP,
	UI_ACT_TCP,
	UI_ACT_REPORT,
	UI_ACT_REDRAW,
	UI_ACT_SUSPEND,
	UI_ACT_ACCEPT,
	UI_ACT_CANCEL,
	UI_ACT_ERASE,
	UI_ACT_ERASE_ALL,
	UI_ACT_COUNT
};

#define UI_KEYS_PER_ROW 10

/** One row of the table. */
struct ui_key_row {
	int keys[UI_KEYS_PER_ROW]; /**< ends with 0; the first is the footer's */
	enum ui_action action;
	unsigned where;    /**< set of enum ui_where */
	const char *label; /**< word in the footer, NULL: not shown there */
	unsigned rank;     /**< in the footer, smaller stays longer */
	const char *help;  /**< what it does, a sentence without its period */
};

/** All keys, in the order of the help; ends with action NONE. */
extern const struct ui_key_row ui_keys[];

/** Find the row of a key; NULL if it means nothing there. */
const struct ui_key_row *ui_key_find(int key, enum ui_where where);

/**
 * Name a key: "q", "Enter", "F5", "Ctrl-L".
 *
 * @param buf  caller's, at least 16 bytes; returned
 */
const char *ui_key_name(int key, char *buf);

/**
 * Name all keys of a row, "Enter F5"; a run of digits as "1..9".
 *
 * @param buf  caller's, at least 64 bytes; returned
 */
const char *ui_key_names(const struct ui_key_row *row, char *buf);

/**
 * Read one key of a script: a character, or a name in angle brackets
 * ("<Enter>"); a '<' is "<<>".
 *
 * @param ret_key  set on success
 * @return bytes read; 0 at the end, and for an unknown name
 */
size_t ui_key_parse(const char *script, int *ret_key);

#endif /* HT_UI_KEYS_H */
