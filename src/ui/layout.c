/* SPDX-License-Identifier: ISC */
#include "ui/layout.h"

/* From this height on there is room for comfort. */
#define TALL 14
/* Least lines that make details worth opening, and most that they take. */
#define DETAIL_MIN  5
#define DETAIL_NICE 18

static int
min(int a, int b)
{
	return a < b ? a : b;
}

static int
max(int a, int b)
{
	return a > b ? a : b;
}

/* Cut n lines off the top of what is left. */
static struct ui_box
take(struct ui_box *left, int n)
{
	struct ui_box box = { left->x, left->y, left->w, max(0, min(n, left->h)) };

	left->y += box.h;
	left->h -= box.h;
	return box;
}

/* Cut n lines off the bottom of what is left. */
static struct ui_box
take_bottom(struct ui_box *left, int n)
{
	int h = max(0, min(n, left->h));

	left->h -= h;
	return (struct ui_box){ left->x, left->y + left->h, left->w, h };
}

/* Lines of status: none beside a table that has no room itself. */
static int
status_lines(int h, int left, const struct ui_content *content)
{
	if (left < 3)
		return 0;
	return h < TALL || content->is_compact ? 1 : 2;
}

/* Lines that the table gets where the details want the rest. */
static int
table_share(int body, const struct ui_content *content)
{
	int wanted = content->table_lines;

	if (!content->has_detail)
		return body;
	if (body - wanted >= DETAIL_NICE)
		return wanted;
	if (body - DETAIL_NICE >= min(wanted, 8))
		return min(wanted, body - DETAIL_NICE);
	if (body - DETAIL_MIN < 2)
		return body;
	return min(wanted, max(2, min(body - DETAIL_MIN, body / 2)));
}

struct ui_layout
ui_layout(int w, int h, const struct ui_content *content)
{
	struct ui_layout lay = { .status = { 0, 0, 0, 0 } };
	struct ui_box left = { 0, 0, w, h };
	bool is_tall = h >= TALL && !content->is_compact;

	if (h >= 4 || content->is_asking)
		lay.bottom = take_bottom(
		    &left, min(content->bottom_lines, max(1, h / 4)));
	if (content->has_help) {
		lay.help = left;
		return lay;
	}
	lay.status = take(&left, status_lines(h, left.h, content));
	if (content->targets > 1 && is_tall)
		lay.tabs = take(&left, 1);
	lay.banner = take(&left, min(content->banner_lines, left.h / 3));
	if (left.h >= 2)
		lay.heading = take(&left, 1);
	lay.table = take(&left, table_share(left.h, content));
	if (content->has_detail)
		lay.detail = left;
	return lay;
}
