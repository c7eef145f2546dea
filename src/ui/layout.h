/* SPDX-License-Identifier: ISC */
/**
 * @file layout.h
 * Which pane stands where: a pure function of the size and of what there is.
 *
 * Lines are given out in this order of need: the row of the destination, the
 * heading, one line of status, the footer, three hops, details, more hops, the
 * second line of status.
 */
#ifndef HT_UI_LAYOUT_H
#define HT_UI_LAYOUT_H

#include "ui/canvas.h"

/** What there is to show. */
struct ui_content {
	int table_lines;  /**< lines that all hops need, without the heading */
	unsigned targets; /**< more than one: a line of tabs */
	int banner_lines; /**< lines of a banner below the status, 0: none */
	int bottom_lines; /**< footer, or a prompt with its error: 1 or 2 */
	bool is_asking;   /**< a prompt is open: it comes before all else */
	bool is_compact;  /**< one line of status, no tabs */
	bool has_detail;  /**< the details are open */
	bool has_help;    /**< the help takes the place of everything but the footer */
};

/** Where the panes stand; boxes of height 0 are not shown. */
struct ui_layout {
	struct ui_box status;
	struct ui_box tabs;
	struct ui_box banner;
	struct ui_box heading; /**< of the table */
	struct ui_box table;
	struct ui_box detail;
	struct ui_box help;
	struct ui_box bottom;
};

/** Lay out a screen of w columns and h lines. */
struct ui_layout ui_layout(int w, int h, const struct ui_content *content);

#endif /* HT_UI_LAYOUT_H */
