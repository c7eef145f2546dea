/* SPDX-License-Identifier: ISC */
/**
 * @file plan.h
 * Which columns fit beside the host, and where: a pure function of the width.
 */
#ifndef HT_UI_PLAN_H
#define HT_UI_PLAN_H

#include "view/columns.h"

#define UI_PLAN_MAX 64

/** Columns before the host: marker, hop, mark, space. */
#define UI_HOP_WIDTH 5

/** One column that may be shown. */
struct ui_plan_column {
	const struct view_column *col; /**< NULL: a gap */
	int width; /**< widest text, heading included, without the space before */
	int x;     /**< set by ui_plan(): first column of the text */
};

struct ui_plan {
	unsigned n;
	struct ui_plan_column column[UI_PLAN_MAX];
	int host_longest;     /**< in: columns that the longest host needs */
	bool has_history;     /**< in: wanted wherever there is room */
	bool is_history_wide; /**< in: the history before long hosts */
	int host_w;           /**< out: 0 where there is no room at all */
	int history_x;        /**< out */
	int history_w;        /**< out: 0 where there is no room */
};

/**
 * Drop the least important columns until the rest fits, then share what is
 * left between host and history.  Loss and average go last, after the host has
 * been cut to 6 columns.
 */
void ui_plan(struct ui_plan *plan, int width);

#endif /* HT_UI_PLAN_H */
