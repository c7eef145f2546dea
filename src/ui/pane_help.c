/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "ui/state.h"

#define KEY_WIDTH 12

/* What no key table can tell. */
static const char *const legend[][2] = {
	{ "Counts",
	    "sent = received + pending + lost + late; only lost is loss. Late "
	    "came after the timeout; what this host could not send is neither" },
	{ "History", "one character a probe, newest right; the higher the slower, "
		     "between the best and the worst that are shown" },
	{ "x > !", "in the history: lost, late, not sent; blank: still waiting" },
	{ ". !", "behind the hop number: never answers, unreachable" },
};

#define N_LEGEND (int)(sizeof(legend) / sizeof(legend[0]))

/* clang-format off */
static const struct {
	unsigned where;
	const char *title;
} sections[] = {
	{ UI_WHERE_PANES, "Keys" },
	{ UI_WHERE_HELP, "In this help" },
	{ UI_WHERE_PROMPT, "While a question is open" },
};
/* clang-format on */

#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

struct pen {
	struct ui_canvas *cv;
	struct ui_box box;
	int skip; /* lines that are scrolled away */
	int n;    /* lines so far */
};

/* Y of the next line; outside of the canvas if it is not in view. */
static int
next_y(struct pen *pen)
{
	int y = pen->n++ - pen->skip;

	return y >= 0 && y < pen->box.h ? pen->box.y + y : -1;
}

/* Bytes of the text that fit into w columns, cut between words. */
static size_t
fitting(const char *text, int w)
{
	size_t len = strlen(text);

	if (len <= (size_t)(w > 0 ? w : 0))
		return len;
	for (size_t i = (size_t)(w > 0 ? w : 0); i > 0; i--)
		if (text[i] == ' ')
			return i;
	return len;
}

/* A key or letter, and what it does on as many lines as that takes. */
static void
write_pair(struct pen *pen, const char *key, const char *help)
{
	int w = pen->box.w - 1 - KEY_WIDTH;
	char line[200];

	for (; *key != '\0' || *help != '\0'; key = "") {
		size_t len = fitting(help, w);
		int y = next_y(pen);
		snprintf(line, sizeof(line), "%.*s", (int)len, help);
		if (y >= 0) {
			ui_canvas_text(pen->cv, 1, y, pen->box.w - 1, UI_ROLE_KEY, key);
			ui_canvas_text(
			    pen->cv, 1 + KEY_WIDTH, y, w, UI_ROLE_NORMAL, line);
		}
		help += len + (help[len] == ' ');
	}
}

static void
write_row(struct pen *pen, const struct ui_key_row *row)
{
	char keys[64];

	write_pair(pen, ui_key_names(row, keys), row->help);
}

static void
write_text(struct pen *pen, enum ui_role role, const char *text)
{
	int y = next_y(pen);

	if (y >= 0)
		ui_canvas_text(pen->cv, 1, y, pen->box.w - 1, role, text);
}

static void
write_columns(struct pen *pen)
{
	char name[32];

	write_text(pen, UI_ROLE_NORMAL, "");
	write_text(pen, UI_ROLE_HEADING, "Columns, by letter");
	for (const struct view_column *col = view_columns; col->letter != '\0'; col++) {
		snprintf(name, sizeof(name), "%c  %s", col->letter, col->heading);
		write_pair(pen, name, col->help);
	}
}

static void
write_help(struct pen *pen)
{
	for (size_t i = 0; i < N_SECTIONS; i++) {
		if (i > 0)
			write_text(pen, UI_ROLE_NORMAL, "");
		write_text(pen, UI_ROLE_HEADING, sections[i].title);
		for (const struct ui_key_row *row = ui_keys; row->action != UI_ACT_NONE;
		     row++)
			/* A row stands in the first section that it fits. */
			if ((row->where & sections[i].where) != 0
			    && (i == 0 || (row->where & sections[0].where) == 0))
				write_row(pen, row);
	}
	write_columns(pen);
	write_text(pen, UI_ROLE_NORMAL, "");
	write_text(pen, UI_ROLE_HEADING, "Signs");
	for (int i = 0; i < N_LEGEND; i++)
		write_pair(pen, legend[i][0], legend[i][1]);
}

void
ui_help_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box)
{
	struct pen measure = { .cv = cv, .box = { 0, 0, box.w, 0 } };
	struct pen pen = { .cv = cv, .box = box };

	if (box.h < 1)
		return;
	write_help(&measure);
	if (ui->help_scroll > measure.n - box.h)
		ui->help_scroll = measure.n - box.h;
	if (ui->help_scroll < 0)
		ui->help_scroll = 0;
	pen.skip = ui->help_scroll;
	write_help(&pen);
	if (pen.skip + box.h < measure.n)
		ui_canvas_right(
		    cv, 0, box.y + box.h - 1, box.w, UI_ROLE_DIM, " more: Dn");
}
