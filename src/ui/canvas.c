/* SPDX-License-Identifier: ISC */
#include "ui/canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

void
ui_canvas_init(struct ui_canvas *cv)
{
	*cv = (struct ui_canvas){ .cursor_x = -1, .cursor_y = -1 };
}

void
ui_canvas_done(struct ui_canvas *cv)
{
	free(cv->cells);
	ui_canvas_init(cv);
}

int
ui_canvas_resize(struct ui_canvas *cv, int width, int height)
{
	size_t w = width > 0 ? (size_t)width : 0;
	size_t h = height > 0 ? (size_t)height : 0;
	struct ui_cell *cells = calloc(w * h > 0 ? w * h : 1, sizeof(*cells));

	if (cells == NULL)
		return -ENOMEM;
	free(cv->cells);
	cv->cells = cells;
	cv->width = (int)w;
	cv->height = (int)h;
	ui_canvas_clear(cv);
	return 0;
}

void
ui_canvas_clear(struct ui_canvas *cv)
{
	for (int i = 0; i < cv->width * cv->height; i++)
		cv->cells[i] = (struct ui_cell){ .cp = ' ' };
	cv->cursor_x = -1;
	cv->cursor_y = -1;
}

static struct ui_cell *
cell_at(const struct ui_canvas *cv, int x, int y)
{
	if (x < 0 || y < 0 || x >= cv->width || y >= cv->height)
		return NULL;
	return &cv->cells[y * cv->width + x];
}

const struct ui_cell *
ui_canvas_cell(const struct ui_canvas *cv, int x, int y)
{
	return cell_at(cv, x, y);
}

/* Overwriting half of a wide character leaves no other half behind. */
static void
break_wide(struct ui_canvas *cv, int x, int y, uint32_t cp)
{
	/* cp 0 is the right half: its other half is to the left. */
	struct ui_cell *other = cell_at(cv, cp == 0 ? x - 1 : x + 1, y);

	if (other != NULL && (cp == 0 || other->cp == 0))
		*other = (struct ui_cell){ .cp = ' ', .role = other->role };
}

static void
put_mark(struct ui_canvas *cv, int x, int y, uint32_t cp)
{
	struct ui_cell *cell = cell_at(cv, x, y);

	/* Control characters have no width either; they never get here whole. */
	if (cell != NULL && cp >= 0x300)
		cell->mark = cp;
}

void
ui_canvas_put(struct ui_canvas *cv, int x, int y, enum ui_role role, uint32_t cp)
{
	struct ui_cell *cell = cell_at(cv, x, y);
	struct ui_cell *right = cell_at(cv, x + 1, y);
	bool is_wide = ht_text_cp_width(cp) == 2;

	if (cell == NULL)
		return;
	break_wide(cv, x, y, cell->cp);
	if (is_wide && right != NULL) {
		break_wide(cv, x + 1, y, right->cp);
		*right = (struct ui_cell){ .cp = 0, .role = (uint8_t)role };
	}
	*cell = (struct ui_cell){
		.cp = is_wide && right == NULL ? ' ' : cp,
		.role = (uint8_t)role,
	};
}

void
ui_canvas_fill(
    struct ui_canvas *cv, int x, int y, int w, enum ui_role role, uint32_t cp)
{
	for (int i = 0; i < w; i++)
		ui_canvas_put(cv, x + i, y, role, cp);
}

/* Draw what fits into w columns; returns the columns used. */
static int
draw(struct ui_canvas *cv, int x, int y, int w, enum ui_role role, const char *text)
{
	int used = 0;
	uint32_t cp;

	while (*text != '\0') {
		text += ht_text_decode(text, &cp);
		int width = (int)ht_text_cp_width(cp);
		if (used + width > w)
			break;
		if (width > 0)
			ui_canvas_put(cv, x + used, y, role, cp);
		else if (used > 0)
			put_mark(cv, x + used - 1, y, cp);
		used += width;
	}
	return used;
}

int
ui_canvas_text(
    struct ui_canvas *cv, int x, int y, int w, enum ui_role role, const char *text)
{
	if (w <= 0)
		return 0;
	/* In three columns, dots would say less than letters. */
	if (w <= 3 || ht_text_width(text) <= (size_t)w)
		return draw(cv, x, y, w, role, text);

	int used = draw(cv, x, y, w - 2, role, text);
	return used + draw(cv, x + used, y, w - used, role, "..");
}

void
ui_canvas_right(
    struct ui_canvas *cv, int x, int y, int w, enum ui_role role, const char *text)
{
	int width = (int)ht_text_width(text);
	int indent = width < w ? w - width : 0;

	ui_canvas_text(cv, x + indent, y, w - indent, role, text);
}

int
ui_canvas_printf(
    struct ui_canvas *cv, int x, int y, int w, enum ui_role role, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return ui_canvas_text(cv, x, y, w, role, text);
}

void
ui_canvas_paint(struct ui_canvas *cv, int x, int y, int w, enum ui_role role)
{
	for (int i = 0; i < w; i++) {
		struct ui_cell *cell = cell_at(cv, x + i, y);
		if (cell != NULL)
			cell->role = (uint8_t)role;
	}
}

static void
dump_cp(struct ht_buf *b, uint32_t cp)
{
	char utf8[8];

	if (cp != 0)
		ht_buf_add(b, utf8, ht_text_encode(cp, utf8));
}

void
ui_canvas_dump_text(const struct ui_canvas *cv, struct ht_buf *b)
{
	for (int y = 0; y < cv->height; y++) {
		const struct ui_cell *row = &cv->cells[y * cv->width];
		int end = cv->width;
		while (end > 0 && row[end - 1].cp == ' ')
			end--;
		for (int x = 0; x < end; x++) {
			dump_cp(b, row[x].cp);
			dump_cp(b, row[x].mark);
		}
		ht_buf_str(b, "\n");
	}
}

void
ui_canvas_dump_roles(const struct ui_canvas *cv, struct ht_buf *b)
{
	static const char letters[UI_ROLE_COUNT] = {
		[UI_ROLE_NORMAL] = '.',
		[UI_ROLE_TITLE] = 'T',
		[UI_ROLE_HEADING] = 'H',
		[UI_ROLE_GOOD] = 'g',
		[UI_ROLE_WARN] = 'w',
		[UI_ROLE_BAD] = 'b',
		[UI_ROLE_DIM] = 'd',
		[UI_ROLE_SELECTED] = 'S',
		[UI_ROLE_KEY] = 'k',
		[UI_ROLE_INPUT] = 'i',
	};

	for (int y = 0; y < cv->height; y++) {
		const struct ui_cell *row = &cv->cells[y * cv->width];
		int end = cv->width;
		while (end > 0 && row[end - 1].role == UI_ROLE_NORMAL)
			end--;
		for (int x = 0; x < end; x++)
			ht_buf_add(b, &letters[row[x].role], 1);
		ht_buf_str(b, "\n");
	}
}
