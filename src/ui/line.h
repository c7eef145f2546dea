/* SPDX-License-Identifier: ISC */
/**
 * @file line.h
 * A line of facts that drops the less important ones where it gets narrow.
 */
#ifndef HT_UI_LINE_H
#define HT_UI_LINE_H

#include "ui/canvas.h"

#define UI_PIECES_MAX 32

/** One fact. */
struct ui_piece {
	char text[320];
	uint8_t role;    /**< enum ui_role */
	uint8_t key_len; /**< so many first bytes are drawn as KEY */
	unsigned rank;   /**< 0 is never dropped; the largest goes first */
	bool is_tight;   /**< one space before it, not two */
	bool is_right;   /**< stands at the right end */
};

struct ui_line {
	unsigned n;
	struct ui_piece piece[UI_PIECES_MAX];
};

/** Append a fact, printf-like; what is beyond UI_PIECES_MAX is dropped. */
struct ui_piece *ui_line_add(struct ui_line *line, unsigned rank, enum ui_role role,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/**
 * Draw the facts with two spaces between them, dropping by rank what does not
 * fit; a single one that is too long is cut.
 *
 * @param line  pieces that were dropped are gone from it afterwards
 */
void ui_line_draw(struct ui_line *line, struct ui_canvas *cv, int x, int y, int w);

#endif /* HT_UI_LINE_H */
