/* SPDX-License-Identifier: ISC */
#include "ui/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define GAP 2

struct ui_piece *
ui_line_add(
    struct ui_line *line, unsigned rank, enum ui_role role, const char *fmt, ...)
{
	unsigned at = line->n < UI_PIECES_MAX ? line->n++ : UI_PIECES_MAX - 1;
	struct ui_piece *piece = &line->piece[at];
	va_list ap;

	*piece = (struct ui_piece){ .role = (uint8_t)role, .rank = rank };
	va_start(ap, fmt);
	vsnprintf(piece->text, sizeof(piece->text), fmt, ap);
	va_end(ap);
	return piece;
}

static int
line_width(const struct ui_line *line)
{
	int width = line->n > 0 ? -GAP : 0;

	for (unsigned i = 0; i < line->n; i++)
		width += (int)ht_text_width(line->piece[i].text) + GAP
			 - (i > 0 && line->piece[i].is_tight);
	return width;
}

/* Drop the piece of the largest rank; false when all are needed. */
static bool
drop_one(struct ui_line *line)
{
	unsigned worst = 0;

	for (unsigned i = 1; i < line->n; i++)
		if (line->piece[i].rank >= line->piece[worst].rank)
			worst = i;
	if (line->n < 2 || line->piece[worst].rank == 0)
		return false;
	memmove(&line->piece[worst], &line->piece[worst + 1],
	    (line->n - worst - 1) * sizeof(line->piece[0]));
	line->n--;
	return true;
}

static int
draw_piece(const struct ui_piece *piece, struct ui_canvas *cv, int x, int y, int w)
{
	int used = ui_canvas_text(cv, x, y, w, (enum ui_role)piece->role, piece->text);

	ui_canvas_paint(cv, x, y, piece->key_len < used ? piece->key_len : used,
	    piece->key_len > 0 ? UI_ROLE_KEY : (enum ui_role)piece->role);
	return used;
}

/* Columns that the pieces at the right end take, their gaps included. */
static int
right_width(const struct ui_line *line)
{
	int width = 0;

	for (unsigned i = 0; i < line->n; i++)
		if (line->piece[i].is_right)
			width += (int)ht_text_width(line->piece[i].text) + GAP;
	return width;
}

void
ui_line_draw(struct ui_line *line, struct ui_canvas *cv, int x, int y, int w)
{
	while (line_width(line) > w && drop_one(line))
		;

	int end = x + w;
	int right = right_width(line);
	int left_end = right < w ? end - right : end;
	int right_x = right < w ? left_end + GAP : end;
	for (unsigned i = 0; i < line->n; i++) {
		const struct ui_piece *piece = &line->piece[i];
		if (piece->is_right)
			right_x += draw_piece(piece, cv, right_x, y, end - right_x)
				   + GAP;
		else {
			x -= i > 0 && piece->is_tight;
			x += draw_piece(piece, cv, x, y, left_end - x) + GAP;
		}
	}
}
