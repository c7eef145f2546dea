/* SPDX-License-Identifier: ISC */
/*
 * The table of hops.
 *
 *   1. Measure what every row has to say, so that no number is ever cut.
 *   2. Plan the columns (plan.c): the least important ones go first.
 *   3. Fit the lines: where they do not fit, the end of the path stays as the
 *      last line, and the line above it says how many hops are hidden.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "ui/plan.h"
#include "ui/spark.h"
#include "ui/state.h"

/* Least columns by unit, so that a table does not jump as numbers grow. */
static int
least_width(const struct view_column *col)
{
	static const int widths[] = {
		[VIEW_UNIT_PCT] = 5,
		[VIEW_UNIT_COUNT] = 4,
		[VIEW_UNIT_MS] = 5,
		[VIEW_UNIT_TEXT] = 5,
	};
	int heading = (int)strlen(col->heading);
	int unit = (size_t)col->unit < sizeof(widths) / sizeof(widths[0])
		       ? widths[col->unit]
		       : 0;

	return heading > unit ? heading : unit;
}

/* Which -o string the present view shows. */
static const char *
columns_now(const struct ui *ui)
{
	if (ui->display == UI_DISPLAY_GRAPH)
		return "";
	return ui->display == UI_DISPLAY_HISTORY ? "LA" : ui_columns_shown(ui);
}

static void
plan_column(struct ui_plan *plan, char letter)
{
	const struct view_column *col = letter != ' ' ? view_column_find(letter) : NULL;

	if (col != NULL && col->unit == VIEW_UNIT_HISTORY)
		plan->is_history_wide = true;
	else if ((col != NULL || letter == ' ') && plan->n < UI_PLAN_MAX)
		plan->column[plan->n++] = (struct ui_plan_column){
			.col = col,
			.width = col != NULL ? least_width(col) : 0,
		};
}

static void
begin_plan(const struct ui *ui, struct ui_plan *plan)
{
	const char *columns = columns_now(ui);

	memset(plan, 0, sizeof(*plan));
	plan->has_history = ui->n_rows > 0;
	plan->is_history_wide = ui->display != UI_DISPLAY_AUTO;
	/* Branches are told apart by how many flows go there. */
	if (ui_has_flows(ui) && !ui->is_compact && strchr(columns, 'F') == NULL)
		plan_column(plan, 'F');
	for (const char *s = columns; *s != '\0'; s++)
		plan_column(plan, *s);
}

static const char *
host_text(const struct ui *ui, const struct view_row *row, char buf[VIEW_HOST_MAX + 16])
{
	view_host(row, ui->names, ui_row_empty(row), buf);
	if (ui->is_compact && row->hop != NULL && row->hop->n_addrs > 1) {
		size_t len = strlen(buf);
		snprintf(
		    buf + len, VIEW_HOST_MAX + 16 - len, " +%u", row->hop->n_addrs - 1);
	}
	return buf;
}

static void
widen(int *width, const char *text)
{
	int needed = (int)ht_text_width(text);

	if (needed > *width)
		*width = needed;
}

/*
 * No statistic of a hop is larger than its worst RTT: its times all fit into the
 * least width, 999.9, and need not be computed to know that.  (A quantile is within
 * 1 %.)
 */
static bool
is_fast(const struct ht_hop *hop)
{
	return hop == NULL || hop->rtt.worst_ns < 990 * HT_MS;
}

static bool
is_short(const struct view_column *col, const struct ht_hop *hop)
{
	return col->unit == VIEW_UNIT_PCT
	       || (col->unit == VIEW_UNIT_MS && is_fast(hop));
}

/* Does the line have columns? */
static bool
is_row(const struct ui_table_line *line)
{
	return line->kind == UI_LINE_HOP || line->kind == UI_LINE_BRANCH;
}

static void
measure_row(struct ui *ui, struct ui_plan *plan, const struct ui_table_line *line)
{
	struct view_row row = ui_row_plain(ui, line->ttl, line->flows);
	struct view_value value;
	char text[VIEW_HOST_MAX + 16];

	if (!is_fast(row.hop))
		row = ui_row(ui, line->ttl, line->flows);
	widen(&plan->host_longest, host_text(ui, &row, text));
	for (unsigned i = 0; i < plan->n; i++) {
		const struct view_column *col = plan->column[i].col;
		if (col != NULL && !is_short(col, row.hop))
			widen(&plan->column[i].width,
			    view_value_text(col, col->get(&row, &value), &value, text));
	}
}

static void
draw_heading(const struct ui *ui, struct ui_canvas *cv, struct ui_box box,
    const struct ui_plan *plan)
{
	char title[80];

	if (box.h < 1)
		return;
	ui_canvas_fill(cv, box.x, box.y, box.w, UI_ROLE_HEADING, ' ');
	ui_canvas_text(cv, 0, box.y, box.w, UI_ROLE_HEADING,
	    ui->sort == 0 && ui->is_reversed ? "vHop" : " Hop");
	ui_canvas_text(cv, UI_HOP_WIDTH, box.y, plan->host_w, UI_ROLE_HEADING, "Host");
	for (unsigned i = 0; i < plan->n; i++) {
		const struct ui_plan_column *column = &plan->column[i];
		if (column->col == NULL)
			continue;
		ui_canvas_right(cv, column->x, box.y, column->width, UI_ROLE_HEADING,
		    column->col->heading);
		/* There is a space before every heading: it says what sorts. */
		if (column->col->letter == ui->sort)
			ui_canvas_put(cv,
			    column->x + column->width
				- (int)strlen(column->col->heading) - 1,
			    box.y, UI_ROLE_KEY,
			    ui->is_reversed != column->col->is_descending ? 'v' : '^');
	}
	snprintf(title, sizeof(title),
	    plan->history_w >= 28 ? "Last %d probes (x = lost)" : "Last %d",
	    plan->history_w);
	ui_canvas_text(
	    cv, plan->history_x, box.y, plan->history_w, UI_ROLE_HEADING, title);
}

static enum ui_role
value_role(const struct view_column *col, bool has, const struct view_value *value)
{
	if (!has)
		return UI_ROLE_DIM;
	if (col->unit != VIEW_UNIT_PCT || value->number <= 0)
		return UI_ROLE_NORMAL;
	return value->number < 5 ? UI_ROLE_WARN : UI_ROLE_BAD;
}

static void
draw_values(
    struct ui_canvas *cv, int y, const struct view_row *row, const struct ui_plan *plan)
{
	struct view_value value;
	char text[64];

	for (unsigned i = 0; i < plan->n; i++) {
		const struct ui_plan_column *column = &plan->column[i];
		if (column->col == NULL)
			continue;
		bool has = column->col->get(row, &value);
		ui_canvas_right(cv, column->x, y, column->width,
		    value_role(column->col, has, &value),
		    view_value_text(column->col, has, &value, text));
	}
}

/* A hop, or one more branch of it. */
static void
draw_hop(struct ui *ui, struct ui_canvas *cv, struct ui_box box, int y,
    const struct ui_table_line *line, const struct ui_plan *plan)
{
	struct view_row row = ui_row(ui, line->ttl, line->flows);
	bool is_first = line->kind == UI_LINE_HOP;
	bool is_selected = is_first && line->ttl == ui->selected;
	bool is_silent = row.hop == NULL || row.hop->n_addrs == 0;
	char host[VIEW_HOST_MAX + 16], number[8] = "";

	if (is_first)
		snprintf(number, sizeof(number), "%u", line->ttl);
	ui_canvas_printf(cv, 0, y, box.w, UI_ROLE_NORMAL, "%c%2s%c",
	    is_selected ? '>' : ' ', number, view_hop_mark(&row));
	ui_canvas_text(cv, UI_HOP_WIDTH, y, plan->host_w,
	    is_silent ? UI_ROLE_DIM : UI_ROLE_NORMAL, host_text(ui, &row, host));
	draw_values(cv, y, &row, plan);
	if (plan->history_w > 0 && !is_silent) {
		size_t n = ui_samples(
		    ui, line->ttl, line->flows, (size_t)plan->history_w);
		ui_spark_draw(cv, plan->history_x, y, plan->history_w, ui->samples, n,
		    ui->is_ascii);
	}
	if (is_selected)
		ui_canvas_paint(cv, box.x, y, box.w, UI_ROLE_SELECTED);
}

/* A further address of a hop, with its share of the answers. */
static void
draw_addr(struct ui *ui, struct ui_canvas *cv, struct ui_box box, int y,
    const struct ui_table_line *line)
{
	struct view_row row = ui_row(ui, line->ttl, line->flows);
	const struct ht_hop *hop = row.hop;
	const struct ht_hop_addr *addr = &hop->addrs[line->index];
	uint64_t all = hop->other_addr_replies;
	char text[VIEW_HOST_MAX];

	for (unsigned i = 0; i < hop->n_addrs; i++)
		all += hop->addrs[i].replies;
	view_addr(ui->ss, &addr->addr, ui->names, text);
	int used = ui_canvas_text(
	    cv, UI_HOP_WIDTH + 2, y, box.w - UI_HOP_WIDTH - 2, UI_ROLE_DIM, text);
	ui_canvas_printf(cv, UI_HOP_WIDTH + 4 + used, y,
	    box.w - UI_HOP_WIDTH - 4 - used, UI_ROLE_DIM, "%.0f%% of answers",
	    all > 0 ? 100.0 * (double)addr->replies / (double)all : 0.0);
}

static void
draw_mpls(struct ui *ui, struct ui_canvas *cv, struct ui_box box, int y,
    const struct ui_table_line *line)
{
	struct view_row row = ui_row(ui, line->ttl, line->flows);
	const struct ht_mpls *mpls = &row.hop->ext.mpls[line->index];

	ui_canvas_printf(cv, UI_HOP_WIDTH + 2, y, box.w - UI_HOP_WIDTH - 2, UI_ROLE_DIM,
	    "[MPLS: Lbl %u TC %u S %u TTL %u]", mpls->label, mpls->tc, mpls->bottom,
	    mpls->ttl);
}

static void
draw_more(struct ui_canvas *cv, struct ui_box box, int y, unsigned n, const char *one,
    const char *many)
{
	ui_canvas_printf(cv, UI_HOP_WIDTH + 2, y, box.w - UI_HOP_WIDTH - 2, UI_ROLE_DIM,
	    "and %u more %s", n, n == 1 ? one : many);
}

static void
draw_line(struct ui *ui, struct ui_canvas *cv, struct ui_box box, int y,
    const struct ui_table_line *line, const struct ui_plan *plan)
{
	switch ((enum ui_line_kind)line->kind) {
	case UI_LINE_HOP:
	case UI_LINE_BRANCH:
		draw_hop(ui, cv, box, y, line, plan);
		break;
	case UI_LINE_ADDR:
		draw_addr(ui, cv, box, y, line);
		break;
	case UI_LINE_MORE:
		draw_more(cv, box, y, line->index, "address", "addresses");
		break;
	case UI_LINE_MORE_BRANCHES:
		draw_more(cv, box, y, line->index, "branch", "branches");
		break;
	case UI_LINE_MPLS:
		draw_mpls(ui, cv, box, y, line);
		break;
	}
}

/* Which lines are shown where not all fit. */
struct fit {
	int n;         /* lines that scroll */
	int shown;     /* of them */
	int pinned;    /* first line of the end of the path, -1: none stays */
	int n_pinned;  /* lines that stay */
	bool has_note; /* a line says what is hidden */
};

static int
find_line(const struct ui *ui, unsigned ttl)
{
	for (int i = 0; i < ui->n_lines; i++)
		if (ui->lines[i].ttl == ttl && ui->lines[i].kind == UI_LINE_HOP)
			return i;
	return -1;
}

/* The end of the path stays in view, with its branches if they are few. */
static void
pin_end(const struct ui *ui, int h, struct fit *fit)
{
	int at = find_line(ui, ui->rows[ui->n_rows - 1]);
	int lines = ui->n_lines - at;
	int most = h >= 9 ? h / 3 : 1;

	fit->pinned = at;
	fit->n_pinned = lines < most ? lines : most;
	fit->n = at;
}

static struct fit
fit_lines(const struct ui *ui, int h)
{
	struct fit fit = { .n = ui->n_lines, .shown = ui->n_lines, .pinned = -1 };

	if (ui->n_lines <= h || ui->n_rows == 0)
		return fit;
	if (ui_rows_are_pinned(ui))
		pin_end(ui, h, &fit);
	fit.has_note = h >= 4;
	fit.shown = h - fit.n_pinned - (fit.has_note ? 1 : 0);
	if (fit.shown > fit.n)
		fit.shown = fit.n;
	return fit;
}

/* Keep the offset in range, and the selection in view until the user scrolls away. */
static void
scroll_into_range(struct ui *ui, const struct fit *fit)
{
	int at = find_line(ui, ui->selected);

	if (ui->is_following && at >= 0 && at < fit->n) {
		if (at < ui->scroll)
			ui->scroll = at;
		else if (at >= ui->scroll + fit->shown)
			ui->scroll = at - fit->shown + 1;
	}
	if (ui->scroll > fit->n - fit->shown)
		ui->scroll = fit->n - fit->shown;
	if (ui->scroll < 0)
		ui->scroll = 0;
}

/* Say what is out of view, and how to get there. */
static void
draw_note(
    struct ui *ui, struct ui_canvas *cv, int x, int y, int w, const struct fit *fit)
{
	int above = 0, below = 0;

	for (int i = 0; i < fit->n; i++)
		if (ui->lines[i].kind == UI_LINE_HOP) {
			above += i < ui->scroll;
			below += i >= ui->scroll + fit->shown;
		}
	if (above + below == 0)
		ui_canvas_text(
		    cv, x, y, w, UI_ROLE_DIM, "+ further lines (+ - scroll)");
	else
		ui_canvas_printf(cv, x, y, w, UI_ROLE_DIM,
		    "+%d hop%s hidden (%s to scroll)", above + below,
		    above + below == 1 ? "" : "s",
		    below == 0   ? "Up"
		    : above == 0 ? "Dn"
				 : "Up Dn");
}

void
ui_table_draw(
    struct ui *ui, struct ui_canvas *cv, const struct ui_layout *lay, ht_time now)
{
	struct ui_box box = lay->table;
	struct ui_plan plan;

	if (box.h < 1 || box.w < 1)
		return;
	begin_plan(ui, &plan);
	for (int i = 0; i < ui->n_lines; i++)
		if (is_row(&ui->lines[i]))
			measure_row(ui, &plan, &ui->lines[i]);
	ui_plan(&plan, box.w);
	draw_heading(ui, cv, lay->heading, &plan);

	struct fit fit = fit_lines(ui, box.h);
	scroll_into_range(ui, &fit);
	int y = box.y;
	for (int i = 0; i < fit.shown; i++)
		draw_line(ui, cv, box, y++, &ui->lines[ui->scroll + i], &plan);
	if (fit.has_note)
		draw_note(ui, cv, UI_HOP_WIDTH, y++, box.w - UI_HOP_WIDTH, &fit);
	for (int i = 0; i < fit.n_pinned; i++)
		draw_line(ui, cv, box, y++, &ui->lines[fit.pinned + i], &plan);
	ui_words_draw(
	    ui, cv, (struct ui_box){ box.x, y, box.w, box.y + box.h - y }, now);
}
