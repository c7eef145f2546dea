/* SPDX-License-Identifier: ISC */
#include "ui/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define F(n) (UI_KEY_F1 + (n)-1)

/* clang-format off: one row, one key */
const struct ui_key_row ui_keys[] = {
	{ { '?', 'h', F(1) }, UI_ACT_HELP, UI_WHERE_ANY, "help", 1,
	    "Show or leave this help" },
	{ { UI_KEY_ENTER, F(5) }, UI_ACT_DETAIL, UI_WHERE_PANES, "hop", 3,
	    "Show or hide the details of the selected hop" },
	{ { UI_KEY_ESC }, UI_ACT_BACK, UI_WHERE_PANES, NULL, 0,
	    "Close the details, then deselect" },
	{ { UI_KEY_ESC, 'q' }, UI_ACT_BACK, UI_WHERE_HELP, "back", 2,
	    "Leave this help" },
	{ { 'd' }, UI_ACT_DISPLAY, UI_WHERE_PANES, "view", 7,
	    "Change the view: numbers, history, history alone" },
	{ { 'p', ' ' }, UI_ACT_PAUSE, UI_WHERE_ANY, "pause", 4,
	    "Pause or resume probing" },
	{ { 'r' }, UI_ACT_RESET, UI_WHERE_PANES, "reset", 5,
	    "Begin all statistics anew; the history stays" },

	{ { UI_KEY_UP }, UI_ACT_UP, UI_WHERE_ANY, NULL, 0,
	    "Select the hop above; scroll up" },
	{ { UI_KEY_DOWN }, UI_ACT_DOWN, UI_WHERE_ANY, NULL, 0,
	    "Select the hop below; scroll down" },
	{ { UI_KEY_PGUP }, UI_ACT_PAGE_UP, UI_WHERE_ANY, NULL, 0, "One page up" },
	{ { UI_KEY_PGDN }, UI_ACT_PAGE_DOWN, UI_WHERE_ANY, NULL, 0, "One page down" },
	{ { UI_KEY_HOME }, UI_ACT_FIRST, UI_WHERE_ANY, NULL, 0,
	    "To the first hop or line" },
	{ { UI_KEY_END }, UI_ACT_LAST, UI_WHERE_ANY, NULL, 0,
	    "To the last hop or line" },
	{ { '-' }, UI_ACT_SCROLL_UP, UI_WHERE_ANY, NULL, 0,
	    "Scroll up by half a page" },
	{ { '+' }, UI_ACT_SCROLL_DOWN, UI_WHERE_ANY, NULL, 0,
	    "Scroll down by half a page" },
	{ { UI_KEY_TAB }, UI_ACT_NEXT, UI_WHERE_PANES, NULL, 0,
	    "Next pane while the details are open, else next target" },
	{ { UI_KEY_BACKTAB }, UI_ACT_PREVIOUS, UI_WHERE_PANES, NULL, 0,
	    "Previous target" },
	{ { '1', '2', '3', '4', '5', '6', '7', '8', '9' }, UI_ACT_TARGET,
	    UI_WHERE_PANES, NULL, 0, "Look at target 1 to 9" },

	{ { 'F' }, UI_ACT_FLOW, UI_WHERE_PANES, NULL, 0,
	    "Look at each flow alone, then at all together" },

	{ { 'S' }, UI_ACT_SORT, UI_WHERE_PANES, "sort", 9,
	    "Sort by the next column; after the last one by hop" },
	{ { '<' }, UI_ACT_SORT_LEFT, UI_WHERE_PANES, NULL, 0,
	    "Sort by the column to the left" },
	{ { '>' }, UI_ACT_SORT_RIGHT, UI_WHERE_PANES, NULL, 0,
	    "Sort by the column to the right" },
	{ { 'R' }, UI_ACT_REVERSE, UI_WHERE_PANES, NULL, 0, "Reverse the order" },
	{ { 'o', F(4) }, UI_ACT_COLUMNS, UI_WHERE_PANES, "columns", 8,
	    "Choose the columns by their letters" },
	{ { 'j' }, UI_ACT_JITTER, UI_WHERE_PANES, "jitter", 12,
	    "Jitter columns and back" },
	{ { 'n' }, UI_ACT_NAMES, UI_WHERE_PANES, "names", 10,
	    "Names, addresses, both" },
	{ { 'e' }, UI_ACT_MPLS, UI_WHERE_PANES, NULL, 0,
	    "Show or hide MPLS labels below their hop" },
	{ { 'c' }, UI_ACT_COMPACT, UI_WHERE_PANES, NULL, 0,
	    "Compact: one line a hop, one line of status" },

	{ { 'i' }, UI_ACT_INTERVAL, UI_WHERE_PANES, "interval", 13,
	    "Set the interval between two probes of a hop" },
	{ { 'f' }, UI_ACT_FIRST_TTL, UI_WHERE_PANES, NULL, 0, "Set the first TTL" },
	{ { 'm' }, UI_ACT_MAX_TTL, UI_WHERE_PANES, NULL, 0, "Set the largest TTL" },
	{ { 's' }, UI_ACT_SIZE, UI_WHERE_PANES, NULL, 0, "Set the packet size" },
	{ { 'b' }, UI_ACT_PATTERN, UI_WHERE_PANES, NULL, 0,
	    "Set the byte that fills the packet" },
	{ { 'Q' }, UI_ACT_TOS, UI_WHERE_PANES, NULL, 0,
	    "Set the type of service (traffic class)" },
	{ { 'u' }, UI_ACT_UDP, UI_WHERE_PANES, NULL, 0,
	    "Probe with UDP, or with ICMP again; each keeps its history" },
	{ { 't' }, UI_ACT_TCP, UI_WHERE_PANES, NULL, 0,
	    "Probe with TCP, or with ICMP again; each keeps its history" },

	{ { 'w', F(9) }, UI_ACT_REPORT, UI_WHERE_PANES, "save", 11,
	    "Write a report to a file" },
	{ { UI_KEY_CTRL_L }, UI_ACT_REDRAW, UI_WHERE_ALWAYS, NULL, 0,
	    "Paint the screen anew" },
	{ { UI_KEY_CTRL_Z }, UI_ACT_SUSPEND, UI_WHERE_ALWAYS, NULL, 0,
	    "Suspend; fg comes back" },
	{ { 'q' }, UI_ACT_QUIT, UI_WHERE_PANES, "quit", 2, "Quit" },
	{ { F(10) }, UI_ACT_QUIT, UI_WHERE_ALWAYS, NULL, 0, "Quit, from anywhere" },
	{ { UI_KEY_CTRL_C }, UI_ACT_QUIT, UI_WHERE_ALWAYS, NULL, 0,
	    "Interrupt: quit with exit status 130" },

	{ { UI_KEY_ENTER }, UI_ACT_ACCEPT, UI_WHERE_PROMPT, "accept", 1,
	    "Take the value" },
	{ { UI_KEY_ESC }, UI_ACT_CANCEL, UI_WHERE_PROMPT, "cancel", 2,
	    "Leave everything as it was" },
	{ { UI_KEY_BACKSPACE, UI_KEY_DELETE }, UI_ACT_ERASE, UI_WHERE_PROMPT, NULL, 0,
	    "Erase a character" },
	{ { UI_KEY_CTRL_U }, UI_ACT_ERASE_ALL, UI_WHERE_PROMPT, NULL, 0, "Erase all" },
	{ { 0 }, UI_ACT_NONE, 0, NULL, 0, NULL },
};
/* clang-format on */

const struct ui_key_row *
ui_key_find(int key, enum ui_where where)
{
	if (key <= 0)
		return NULL;
	for (const struct ui_key_row *row = ui_keys; row->action != UI_ACT_NONE; row++)
		for (int i = 0; (row->where & where) != 0 && i < UI_KEYS_PER_ROW; i++)
			if (row->keys[i] == key)
				return row;
	return NULL;
}

struct key_name {
	int key;
	const char *name;
};

/* clang-format off */
static const struct key_name names[] = {
	{ UI_KEY_CTRL_C, "Ctrl-C" },
	{ UI_KEY_BACKSPACE, "Bksp" },
	{ UI_KEY_TAB, "Tab" },
	{ UI_KEY_CTRL_L, "Ctrl-L" },
	{ UI_KEY_ENTER, "Enter" },
	{ UI_KEY_CTRL_U, "Ctrl-U" },
	{ UI_KEY_CTRL_Z, "Ctrl-Z" },
	{ UI_KEY_ESC, "Esc" },
	{ ' ', "Space" },
	{ UI_KEY_UP, "Up" },
	{ UI_KEY_DOWN, "Dn" },
	{ UI_KEY_LEFT, "Left" },
	{ UI_KEY_RIGHT, "Right" },
	{ UI_KEY_PGUP, "PgUp" },
	{ UI_KEY_PGDN, "PgDn" },
	{ UI_KEY_HOME, "Home" },
	{ UI_KEY_END, "End" },
	{ UI_KEY_DELETE, "Del" },
	{ UI_KEY_BACKTAB, "Shift-Tab" },
	{ F(1), "F1" }, { F(2), "F2" }, { F(3), "F3" }, { F(4), "F4" },
	{ F(5), "F5" }, { F(6), "F6" }, { F(7), "F7" }, { F(8), "F8" },
	{ F(9), "F9" }, { F(10), "F10" }, { F(11), "F11" }, { F(12), "F12" },
};
/* clang-format on */

#define N_NAMES (sizeof(names) / sizeof(names[0]))

const char *
ui_key_name(int key, char *buf)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (names[i].key == key)
			return strcpy(buf, names[i].name);
	if (key > ' ' && key <= 0x10ffff)
		ht_text_encode((uint32_t)key, buf);
	else
		snprintf(buf, 16, "#%d", key);
	return buf;
}

const char *
ui_key_names(const struct ui_key_row *row, char *buf)
{
	char name[16];
	size_t len = 0;

	if (row->action == UI_ACT_TARGET)
		return strcpy(buf, "1..9");
	buf[0] = '\0';
	for (int i = 0; i < UI_KEYS_PER_ROW && row->keys[i] != 0 && len < 63; i++)
		len += (size_t)snprintf(buf + len, 64 - len, "%s%s", i > 0 ? " " : "",
		    ui_key_name(row->keys[i], name));
	return buf;
}

/* A name in angle brackets, of len bytes. */
static bool
find_name(const char *name, size_t len, int *ret_key)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (strncmp(name, names[i].name, len) == 0
		    && names[i].name[len] == '\0') {
			*ret_key = names[i].key;
			return true;
		}
	return false;
}

size_t
ui_key_parse(const char *script, int *ret_key)
{
	uint32_t cp;

	if (*script == '\0')
		return 0;
	if (*script != '<') {
		size_t len = ht_text_decode(script, &cp);
		*ret_key = (int)cp;
		return len;
	}
	if (strncmp(script, "<<>", 3) == 0) {
		*ret_key = '<';
		return 3;
	}
	size_t len = strcspn(script + 1, ">");
	if (script[1 + len] != '>' || !find_name(script + 1, len, ret_key))
		return 0;
	return len + 2;
}
