/* SPDX-License-Identifier: ISC */
#include "ui/plan.h"

#include <string.h>

#define HOST_LEAST    6
#define HOST_NICE     18
#define HOST_COMMON   28
#define HISTORY_LEAST 12
#define HISTORY_NICE  60

/*
 * What is dropped last stands first; letters that are not here go first of
 * all, gaps before them.
 */
static const char importance[] = "LAFNWSBVpmqrltJMdkfDRXIGcbo";

static unsigned
rank(const struct ui_plan_column *column)
{
	if (column->col == NULL)
		return 1000;
	const char *at = strchr(importance, column->col->letter);
	return at != NULL ? (unsigned)(at - importance) : 100;
}

static int
columns_width(const struct ui_plan *plan)
{
	int width = 0;

	for (unsigned i = 0; i < plan->n; i++)
		width += 1 + plan->column[i].width;
	return width;
}

static int
clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

/* Drop the least important column of rank > keep; false if there is none. */
static bool
drop_one(struct ui_plan *plan, unsigned keep)
{
	unsigned worst = 0;

	for (unsigned i = 1; i < plan->n; i++)
		if (rank(&plan->column[i]) >= rank(&plan->column[worst]))
			worst = i;
	if (plan->n == 0 || rank(&plan->column[worst]) < keep)
		return false;
	memmove(&plan->column[worst], &plan->column[worst + 1],
	    (plan->n - worst - 1) * sizeof(plan->column[0]));
	plan->n--;
	return true;
}

/*
 * Give the history what hosts leave; returns the columns of the host.  Where it
 * was not asked for, it leaves room for hosts of common length, so that it does
 * not come and go as names come in.
 */
static int
share(struct ui_plan *plan, int room)
{
	int nice = plan->is_history_wide ? HOST_NICE : HOST_COMMON;
	int longest = plan->host_longest > nice ? plan->host_longest : nice;
	int history = room - longest - 1;

	if (!plan->has_history)
		return room;
	if (plan->is_history_wide && history < HISTORY_NICE)
		history = clamp(HISTORY_NICE, history, room - HOST_NICE - 1);
	if (history < HISTORY_LEAST)
		return room;
	plan->history_w = history;
	return room - history - 1;
}

void
ui_plan(struct ui_plan *plan, int width)
{
	int room = width - UI_HOP_WIDTH;
	int host = clamp(plan->host_longest, HOST_LEAST,
	    width / 3 > HOST_NICE ? width / 3 : HOST_NICE);

	/* Two steps: what is dispensable, then even average and loss. */
	while (columns_width(plan) + host > room && drop_one(plan, 2))
		;
	while (columns_width(plan) + HOST_LEAST > room && drop_one(plan, 0))
		;

	room -= columns_width(plan);
	plan->history_w = 0;
	plan->host_w = share(plan, room > 0 ? room : 0);

	int x = UI_HOP_WIDTH + plan->host_w;
	for (unsigned i = 0; i < plan->n; i++) {
		plan->column[i].x = x + 1;
		x += 1 + plan->column[i].width;
	}
	plan->history_x = x + 1;
}
