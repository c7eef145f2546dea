/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ui/line.h"
#include "ui/state.h"

static void
draw_footer(struct ui *ui, struct ui_canvas *cv, int y, int w)
{
	struct ui_line line = { .n = 0 };
	char name[16];

	for (const struct ui_key_row *row = ui_keys; row->action != UI_ACT_NONE;
	     row++) {
		if (row->label == NULL || (row->where & ui_where_now(ui)) == 0)
			continue;
		ui_key_name(row->keys[0], name);
		const char *label = row->action == UI_ACT_PAUSE
					    && ht_session_is_paused(ui->ss)
					? "resume"
					: row->label;
		struct ui_piece *piece = ui_line_add(
		    &line, row->rank, UI_ROLE_NORMAL, "%s %s", name, label);
		piece->key_len = (uint8_t)strlen(name);
	}
	ui_line_draw(&line, cv, 0, y, w);
}

/* Columns that a letter and its name take in the list of those to choose from. */
#define LETTER_W 14

static int
letters_per_line(int w)
{
	return w > LETTER_W ? w / LETTER_W : 1;
}

int
ui_bottom_lines(const struct ui *ui)
{
	int n = 0;

	if (ui->prompt.what != UI_ACT_COLUMNS)
		return 2;
	for (const struct view_column *col = view_columns; col->letter != '\0'; col++)
		n += col->letter != ' ';
	return 1 + (n + letters_per_line(ui->width) - 1) / letters_per_line(ui->width);
}

/* The letters to choose from, instead of an error, while columns are asked for. */
static void
draw_letters(struct ui_canvas *cv, struct ui_box box)
{
	int i = 0;

	for (const struct view_column *col = view_columns; col->letter != '\0'; col++) {
		if (col->letter == ' ')
			continue;
		int x = box.x + i % letters_per_line(box.w) * LETTER_W;
		int y = box.y + i / letters_per_line(box.w);
		if (y >= box.y + box.h - 1)
			return;
		ui_canvas_put(cv, x, y, UI_ROLE_KEY, (uint32_t)col->letter);
		ui_canvas_text(cv, x + 2, y, LETTER_W - 3, UI_ROLE_DIM, col->id);
		i++;
	}
}

static void
draw_prompt(struct ui *ui, struct ui_canvas *cv, struct ui_box box)
{
	const struct ui_prompt *prompt = &ui->prompt;
	int y = box.y + box.h - 1;
	int typed = (int)strlen(prompt->text) + 1;
	int label = (int)strlen(ui_prompt_label(prompt->what)) + 2;

	if (label + typed > box.w)
		label = box.w - typed > 0 ? box.w - typed : 0;
	ui_canvas_printf(
	    cv, box.x, y, label, UI_ROLE_KEY, "%s: ", ui_prompt_label(prompt->what));
	ui_canvas_fill(cv, label, y, box.w - label, UI_ROLE_INPUT, ' ');
	/* Of a text that is too long its end is shown: that is where one types. */
	const char *text = prompt->text + (typed > box.w ? typed - box.w : 0);
	int used = ui_canvas_text(cv, label, y, box.w - label, UI_ROLE_INPUT, text);
	cv->cursor_x = label + used < box.w ? label + used : box.w - 1;
	cv->cursor_y = y;
	if (prompt->error[0] != '\0' && box.h > 1)
		ui_canvas_text(cv, box.x, box.y, box.w, UI_ROLE_BAD, prompt->error);
	else if (prompt->error[0] != '\0')
		ui_canvas_printf(cv, label + used + 2, y, box.w - label - used - 2,
		    UI_ROLE_BAD, "%s", prompt->error);
	else if (prompt->what == UI_ACT_COLUMNS && box.h > 1)
		draw_letters(cv, box);
	else if (box.h > 1)
		ui_canvas_text(
		    cv, box.x, box.y, box.w, UI_ROLE_DIM, "Enter accept  Esc cancel");
}

void
ui_bottom_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box)
{
	if (box.h < 1)
		return;
	if (ui->prompt.what != UI_ACT_NONE)
		draw_prompt(ui, cv, box);
	else if (ui->notice[0] != '\0' && box.h == 1)
		ui_canvas_text(cv, box.x, box.y, box.w, UI_ROLE_TITLE, ui->notice);
	else {
		ui_canvas_text(cv, box.x, box.y, box.w, UI_ROLE_TITLE, ui->notice);
		draw_footer(ui, cv, box.y + box.h - 1, box.w);
	}
}
