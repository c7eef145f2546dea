/* SPDX-License-Identifier: ISC */
#include "ui/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTICE_FOR (5 * HT_S)
/* Columns of the screen from which on more of the table is shown. */
#define WIDE         110
#define VERY_WIDE    160
#define FRAME        (100 * HT_MS)
#define MIN_INTERVAL (100 * HT_MS)

static const char jitter_columns[] = "DR AGJMXI";

struct ui *
ui_new(struct ht_session *ss, const struct ui_options *opts)
{
	struct ui *ui = calloc(1, sizeof(*ui));
	const char *columns = opts->columns != NULL ? opts->columns
						    : view_columns_default;

	if (ui == NULL)
		return NULL;
	ui->ss = ss;
	ui->is_ascii = opts->is_ascii;
	ui->is_compact = opts->is_compact;
	ui->shows_mpls = opts->shows_mpls;
	ui->names = opts->names;
	ui->display = opts->display;
	ui->min_interval_ns = opts->min_interval_ns > 0 ? opts->min_interval_ns
							: MIN_INTERVAL;
	ui->paths_max = opts->paths_max > 0 ? opts->paths_max : VIEW_PATHS_DEFAULT;
	ui->max_ttl_limit = ht_session_settings(ss)->max_ttl;
	ui->page = 1;
	ui->is_changed = true;
	snprintf(ui->columns, sizeof(ui->columns), "%s", columns);
	if (opts->host != NULL)
		snprintf(ui->host, sizeof(ui->host), "%s", opts->host);
	return ui;
}

void
ui_free(struct ui *ui)
{
	free(ui);
}

void
ui_event(void *ctx, const struct ht_event *ev)
{
	struct ui *ui = ctx;

	ui->is_dirty = true;
	if (ev->type != HT_EVENT_MARK)
		return;
	if (ev->mark == HT_MARK_GAP)
		ui_notice(ui, "a gap: nothing was sent for a while", ev->at);
	else if (ev->mark == HT_MARK_SOURCE)
		ui_notice(ui, "this host sends from another address now", ev->at);
}

void
ui_notice(struct ui *ui, const char *text, ht_time now)
{
	snprintf(ui->notice, sizeof(ui->notice), "%s", text);
	ui->notice_until = now + NOTICE_FOR;
	ui->is_changed = true;
}

enum ui_request
ui_take_request(struct ui *ui)
{
	for (unsigned i = 1; i < UI_REQUEST_COUNT; i++)
		if ((ui->requests & 1u << i) != 0) {
			ui->requests &= ~(1u << i);
			return (enum ui_request)i;
		}
	return UI_REQUEST_NONE;
}

void
ui_touch(struct ui *ui)
{
	ui->is_changed = true;
}

uint64_t
ui_flows(const struct ui *ui)
{
	return ui->one_flow > 0 ? UINT64_C(1) << (ui->one_flow - 1)
				: view_flows_all(ui->ss);
}

unsigned
ui_target(const struct ui *ui)
{
	return ui->target;
}

enum view_names
ui_names(const struct ui *ui)
{
	return ui->names;
}

const char *
ui_columns(const struct ui *ui)
{
	return ui->columns;
}

ht_time
ui_next_frame(const struct ui *ui)
{
	if (ui->is_changed)
		return ui->drawn_at;
	return ui->drawn_at + (ui->is_dirty ? FRAME : HT_S);
}

const char *
ui_columns_shown(const struct ui *ui)
{
	/* Who has chosen gets what was chosen; else a wide screen says more. */
	if (strcmp(ui->columns, view_columns_default) != 0 || ui->width < WIDE)
		return ui->columns;
	return ui->width < VERY_WIDE ? "LS NABWVr" : "LS NABprWVk";
}

/* Columns that can be sorted by, in the order of the table. */
static unsigned
sort_letters(const struct ui *ui, char letters[UI_COLUMNS_MAX + 1])
{
	unsigned n = 0;

	letters[n++] = 0; /* by hop */
	for (const char *s = ui_columns_shown(ui); *s != '\0'; s++) {
		const struct view_column *col = view_column_find(*s);
		if (*s != ' ' && col != NULL && col->unit != VIEW_UNIT_HISTORY
		    && memchr(letters, *s, n) == NULL)
			letters[n++] = *s;
	}
	return n;
}

static void
sort_by_next(struct ui *ui, int step)
{
	char letters[UI_COLUMNS_MAX + 1];
	unsigned n = sort_letters(ui, letters);
	const char *here = memchr(letters, ui->sort, n);
	unsigned at = here != NULL ? (unsigned)(here - letters) : 0;

	ui->sort = letters[(at + n + (unsigned)step) % n];
}

static void
toggle_jitter(struct ui *ui)
{
	bool is_back = strcmp(ui->columns, jitter_columns) == 0;
	const char *before = ui->columns_before[0] != '\0' ? ui->columns_before
							   : view_columns_default;
	char next[UI_COLUMNS_MAX];

	snprintf(next, sizeof(next), "%s", is_back ? before : jitter_columns);
	if (!is_back)
		memcpy(ui->columns_before, ui->columns, sizeof(ui->columns));
	memcpy(ui->columns, next, sizeof(next));
	if (ui->sort != 0 && strchr(ui->columns, ui->sort) == NULL)
		ui->sort = 0;
}

static void
look_at(struct ui *ui, unsigned target)
{
	if (target == ui->target)
		return;
	ui->target = target;
	ui->selected = 0;
	ui->scroll = 0;
	ui->detail_scroll = 0;
}

static void
look_at_next(struct ui *ui, unsigned step)
{
	unsigned n = ht_session_targets(ui->ss);

	if (n > 0)
		look_at(ui, (ui->target + n + step) % n);
}

static void
look_at_number(struct ui *ui, unsigned number, ht_time now)
{
	unsigned n = ht_session_targets(ui->ss);
	char text[48];

	if (number <= n) {
		look_at(ui, number - 1);
		return;
	}
	snprintf(text, sizeof(text), "there %s %u target%s", n == 1 ? "is" : "are", n,
	    n == 1 ? "" : "s");
	ui_notice(ui, text, now);
}

/* From all flows to the first, to the next, and to all again. */
static void
look_at_next_flow(struct ui *ui, ht_time now)
{
	unsigned n = ht_session_settings(ui->ss)->flows;

	if (n == 1) {
		ui_notice(ui, "there is one flow; --flows N looks at more", now);
		return;
	}
	ui->one_flow = (ui->one_flow + 1) % (n + 1);
	ui->detail_scroll = 0;
}

/* Move the selection by rows; without one, come in from the edge behind us. */
static void
select_by(struct ui *ui, int rows)
{
	int last = (int)ui->n_rows - 1;
	int at = ui_rows_find(ui, ui->selected);

	if (last < 0)
		return;
	if (at < 0)
		at = rows > 0 ? -1 : last + 1;
	at += rows;
	at = at < 0 ? 0 : at > last ? last : at;
	ui->selected = ui->rows[at];
	ui->is_following = true;
	ui->detail_scroll = 0;
}

/* The arrows and pages move what has them: help, details or the selection. */
static void
move_by(struct ui *ui, int lines)
{
	if (ui->has_help)
		ui->help_scroll += lines;
	else if (ui->in_detail)
		ui->detail_scroll += lines;
	else
		select_by(ui, lines);
}

static void
scroll_by(struct ui *ui, int lines)
{
	if (ui->has_help || ui->in_detail)
		move_by(ui, lines);
	else {
		ui->scroll += lines;
		ui->is_following = false;
	}
}

static void
toggle_detail(struct ui *ui)
{
	if (ui->selected == 0 && ui->n_rows > 0 && !ui->has_detail)
		ui->selected = ui->rows[ui->n_rows - 1];
	ui->has_detail = !ui->has_detail;
	ui->in_detail = false;
	ui->detail_scroll = 0;
	ui->is_following = true;
}

static void
go_back(struct ui *ui)
{
	if (ui->has_help)
		ui->has_help = false;
	else if (ui->has_detail)
		toggle_detail(ui);
	else
		ui->selected = 0;
}

static void
go_next(struct ui *ui)
{
	if (ui->has_detail)
		ui->in_detail = !ui->in_detail;
	else
		look_at_next(ui, 1);
}

static void
toggle_pause(struct ui *ui, ht_time now)
{
	if (ht_session_is_paused(ui->ss))
		ht_session_resume(ui->ss, now);
	else
		ht_session_pause(ui->ss, now);
}

static unsigned
cap_of(enum ht_proto proto)
{
	static const unsigned caps[HT_PROTO_COUNT] = {
		[HT_PROTO_ICMP] = HT_CAP_ICMP,
		[HT_PROTO_UDP] = HT_CAP_UDP,
		[HT_PROTO_TCP] = HT_CAP_TCP,
	};

	return caps[proto];
}

/* Probe with another protocol, or with ICMP if that is the one in use. */
static void
change_proto(struct ui *ui, enum ht_proto proto, ht_time now)
{
	const struct ht_transport *tp = ht_session_transport(ui->ss);
	struct ht_settings set = *ht_session_settings(ui->ss);
	char text[80];

	if (set.proto == proto)
		proto = (tp->ops->caps(tp) & HT_CAP_ICMP) != 0 ? HT_PROTO_ICMP
							       : HT_PROTO_UDP;
	if ((tp->ops->caps(tp) & cap_of(proto)) == 0) {
		snprintf(text, sizeof(text), "%s cannot be sent from here by this user",
		    ht_proto_name(proto));
	} else {
		set.proto = proto;
		snprintf(text, sizeof(text), "%s now; what was seen before is kept",
		    ht_proto_name(proto));
		if (ht_session_set(ui->ss, &set, now) < 0)
			snprintf(text, sizeof(text), "memory is short");
	}
	ui_notice(ui, text, now);
}

/* Enough to get to either end of anything. */
#define ALL 100000

static void
act_move(struct ui *ui, enum ui_action action)
{
	int half = ui->page > 1 ? ui->page / 2 : 1;

	if (action == UI_ACT_UP)
		move_by(ui, -1);
	else if (action == UI_ACT_DOWN)
		move_by(ui, 1);
	else if (action == UI_ACT_PAGE_UP)
		move_by(ui, -ui->page);
	else if (action == UI_ACT_PAGE_DOWN)
		move_by(ui, ui->page);
	else if (action == UI_ACT_FIRST)
		move_by(ui, -ALL);
	else if (action == UI_ACT_LAST)
		move_by(ui, ALL);
	else
		scroll_by(ui, action == UI_ACT_SCROLL_UP ? -half : half);
}

static void
ask(struct ui *ui, enum ui_request request)
{
	ui->requests |= 1u << request;
}

static void
act(struct ui *ui, enum ui_action action, int key, ht_time now)
{
	switch (action) {
	case UI_ACT_HELP:
		ui->has_help = !ui->has_help;
		ui->help_scroll = 0;
		break;
	case UI_ACT_QUIT:
		ask(ui, UI_REQUEST_QUIT);
		break;
	case UI_ACT_BACK:
		go_back(ui);
		break;
	case UI_ACT_PAUSE:
		toggle_pause(ui, now);
		break;
	case UI_ACT_RESET:
		ht_session_reset(ui->ss, now);
		ui_notice(ui, "statistics begin anew", now);
		break;
	case UI_ACT_UP:
	case UI_ACT_DOWN:
	case UI_ACT_PAGE_UP:
	case UI_ACT_PAGE_DOWN:
	case UI_ACT_FIRST:
	case UI_ACT_LAST:
	case UI_ACT_SCROLL_UP:
	case UI_ACT_SCROLL_DOWN:
		act_move(ui, action);
		break;
	case UI_ACT_DETAIL:
		toggle_detail(ui);
		break;
	case UI_ACT_NEXT:
		go_next(ui);
		break;
	case UI_ACT_PREVIOUS:
		look_at_next(ui, -1u);
		break;
	case UI_ACT_TARGET:
		look_at_number(ui, (unsigned)(key - '0'), now);
		break;
	case UI_ACT_FLOW:
		look_at_next_flow(ui, now);
		break;
	case UI_ACT_DISPLAY:
		ui->display = (enum ui_display)((ui->display + 1) % UI_DISPLAY_COUNT);
		break;
	case UI_ACT_COMPACT:
		ui->is_compact = !ui->is_compact;
		break;
	case UI_ACT_MPLS:
		ui->shows_mpls = !ui->shows_mpls;
		ui_notice(
		    ui, ui->shows_mpls ? "MPLS labels on" : "MPLS labels off", now);
		break;
	case UI_ACT_NAMES:
		ui->names = (enum view_names)((ui->names + 1) % VIEW_NAMES_COUNT);
		break;
	case UI_ACT_JITTER:
		toggle_jitter(ui);
		break;
	case UI_ACT_SORT:
	case UI_ACT_SORT_RIGHT:
		sort_by_next(ui, 1);
		break;
	case UI_ACT_SORT_LEFT:
		sort_by_next(ui, -1);
		break;
	case UI_ACT_REVERSE:
		ui->is_reversed = !ui->is_reversed;
		break;
	case UI_ACT_COLUMNS:
	case UI_ACT_INTERVAL:
	case UI_ACT_FIRST_TTL:
	case UI_ACT_MAX_TTL:
	case UI_ACT_SIZE:
	case UI_ACT_PATTERN:
	case UI_ACT_TOS:
		ui_prompt_open(ui, action);
		break;
	case UI_ACT_UDP:
		change_proto(ui, HT_PROTO_UDP, now);
		break;
	case UI_ACT_TCP:
		change_proto(ui, HT_PROTO_TCP, now);
		break;
	case UI_ACT_REPORT:
		ask(ui, UI_REQUEST_REPORT);
		break;
	case UI_ACT_REDRAW:
		ask(ui, UI_REQUEST_REDRAW);
		break;
	case UI_ACT_SUSPEND:
		ask(ui, UI_REQUEST_SUSPEND);
		break;
	case UI_ACT_ACCEPT:
	case UI_ACT_CANCEL:
	case UI_ACT_ERASE:
	case UI_ACT_ERASE_ALL: /* the prompt's own */
	case UI_ACT_NONE:
	case UI_ACT_COUNT:
		break;
	}
}

/* Who presses a key expects something: say that nothing comes. */
static void
act_unknown(struct ui *ui, int key, ht_time now)
{
	char name[16], text[64];

	if (key < ' ' || (key >= 0x7f && key < 0xa0))
		return;
	snprintf(text, sizeof(text), "%s does nothing here; ? shows the keys",
	    ui_key_name(key, name));
	ui_notice(ui, text, now);
}

enum ui_where
ui_where_now(const struct ui *ui)
{
	if (ui->has_help)
		return UI_WHERE_HELP;
	return ui->in_detail ? UI_WHERE_DETAIL : UI_WHERE_TABLE;
}

void
ui_key(struct ui *ui, int key, ht_time now)
{
	bool is_asking = ui->prompt.what != UI_ACT_NONE;
	const struct ui_key_row *row = ui_key_find(
	    key, is_asking ? UI_WHERE_PROMPT : ui_where_now(ui));

	if (key == UI_KEY_NONE)
		return;
	ui->is_changed = true;
	ui->notice_until = now;
	ui_rows_build(ui);
	if (is_asking && (row == NULL || row->where == UI_WHERE_PROMPT))
		ui_prompt_key(ui, key, now);
	else if (row != NULL)
		act(ui, row->action, key, now);
	else
		act_unknown(ui, key, now);
}

static struct ui_content
content(const struct ui *ui)
{
	bool is_asking = ui->prompt.what != UI_ACT_NONE;

	return (struct ui_content){
		.table_lines = ui->n_lines > 0 ? ui->n_lines : 1,
		.targets = ht_session_targets(ui->ss),
		.bottom_lines = is_asking               ? ui_bottom_lines(ui)
				: ui->notice[0] != '\0' ? 2
							: 1,
		.is_asking = is_asking,
		.is_compact = ui->is_compact,
		.has_detail = ui->has_detail && ui->n_rows > 0,
		.has_help = ui->has_help,
	};
}

/* How far PgDn goes. */
static int
page_lines(const struct ui *ui, const struct ui_layout *lay)
{
	const struct ui_box *box = ui->has_help    ? &lay->help
				   : ui->in_detail ? &lay->detail
						   : &lay->table;

	return box->h > 1 ? box->h - 1 : 1;
}

void
ui_draw(struct ui *ui, struct ui_canvas *cv, ht_time now, const struct ui_clock *wall)
{
	ui->width = cv->width;
	ui_rows_build(ui);
	/* A path that was only begun may get there yet. */
	if (ui->n_rows > 0 && ui_rows_find(ui, ui->selected) < 0
	    && ht_path_stop(ui->path) != HT_STOP_NONE)
		ui->selected = 0;
	if (now >= ui->notice_until)
		ui->notice[0] = '\0';

	struct ui_content what = content(ui);
	struct ui_layout lay = ui_layout(cv->width, cv->height, &what);
	ui->page = page_lines(ui, &lay);
	ui_canvas_clear(cv);
	ui_status_draw(ui, cv, lay.status, now, wall);
	ui_tabs_draw(ui, cv, lay.tabs);
	ui_table_draw(ui, cv, &lay, now);
	ui_detail_draw(ui, cv, lay.detail, now);
	ui_help_draw(ui, cv, lay.help);
	ui_bottom_draw(ui, cv, lay.bottom);

	ui->drawn_at = now;
	ui->is_changed = false;
	ui->is_dirty = false;
}
