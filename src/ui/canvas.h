/* SPDX-License-Identifier: ISC */
/**
 * @file canvas.h
 * The screen as a value: cells of text and role that panes draw into.
 *
 * Drawing is clipped and never allocates; only ui_canvas_resize() does.  Two
 * canvases with the same dumps look the same on any terminal.
 */
#ifndef HT_UI_CANVAS_H
#define HT_UI_CANVAS_H

#include <hoptop/types.h>

#include "base/buf.h"

/** What a cell means; how it looks is decided by the terminal alone. */
enum ui_role {
	UI_ROLE_NORMAL = 0,
	UI_ROLE_TITLE,
	UI_ROLE_HEADING,
	UI_ROLE_GOOD,
	UI_ROLE_WARN,
	UI_ROLE_BAD,
	UI_ROLE_DIM,
	UI_ROLE_SELECTED,
	UI_ROLE_KEY,
	UI_ROLE_INPUT,
	UI_ROLE_COUNT
};

/** One column of one line. */
struct ui_cell {
	uint32_t cp;   /**< code point; 0: right half of the wide one before */
	uint32_t mark; /**< combining mark on top of it, 0 if none */
	uint8_t role;  /**< enum ui_role */
};

struct ui_canvas {
	int width;             /**< columns, >= 0 */
	int height;            /**< lines, >= 0 */
	int cursor_x;          /**< where the text cursor stands; -1: hidden */
	int cursor_y;          /**< likewise */
	struct ui_cell *cells; /**< height * width, row-major */
};

/** A rectangle of a canvas; w or h of 0 draws nothing. */
struct ui_box {
	int x, y, w, h;
};

/** An empty canvas; needs no memory. */
void ui_canvas_init(struct ui_canvas *cv);

/** Give the memory back. */
void ui_canvas_done(struct ui_canvas *cv);

/**
 * Set the size and clear it; negative sizes count as 0.
 *
 * @return 0, or -ENOMEM: it keeps its size and content then
 */
int ui_canvas_resize(struct ui_canvas *cv, int width, int height);

/** Fill with spaces of role NORMAL, hide the cursor. */
void ui_canvas_clear(struct ui_canvas *cv);

/** Look at a cell; NULL outside. */
const struct ui_cell *ui_canvas_cell(const struct ui_canvas *cv, int x, int y);

/** Put one code point; a wide one at the right edge becomes a space. */
void ui_canvas_put(struct ui_canvas *cv, int x, int y, enum ui_role role, uint32_t cp);

/** Put the same code point, of width 1, into w columns. */
void ui_canvas_fill(
    struct ui_canvas *cv, int x, int y, int w, enum ui_role role, uint32_t cp);

/**
 * Draw UTF-8 text into at most w columns; longer text is cut and ends in "..".
 *
 * @return columns used, 0..w, also for text outside of the canvas
 */
int ui_canvas_text(
    struct ui_canvas *cv, int x, int y, int w, enum ui_role role, const char *text);

/** Draw like ui_canvas_text(), right-aligned in the w columns from x. */
void ui_canvas_right(
    struct ui_canvas *cv, int x, int y, int w, enum ui_role role, const char *text);

/** Draw like printf; text beyond 511 bytes is dropped. */
int ui_canvas_printf(struct ui_canvas *cv, int x, int y, int w, enum ui_role role,
    const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/** Give w columns another role, keeping their text. */
void ui_canvas_paint(struct ui_canvas *cv, int x, int y, int w, enum ui_role role);

/** Append the text, one line per line, without trailing spaces. */
void ui_canvas_dump_text(const struct ui_canvas *cv, struct ht_buf *b);

/**
 * Append the roles, one character per column, '.' for NORMAL, without trailing
 * dots: T title, H heading, g good, w warn, b bad, d dim, S selected, k key, i
 * input.
 */
void ui_canvas_dump_roles(const struct ui_canvas *cv, struct ht_buf *b);

#endif /* HT_UI_CANVAS_H */
