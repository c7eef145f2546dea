/* SPDX-License-Identifier: ISC */
/**
 * @file state.h
 * The state of the view, shared by the panes and by nobody else.
 */
#ifndef HT_UI_STATE_H
#define HT_UI_STATE_H

#include "ui/layout.h"
#include "ui/prompt.h"
#include "ui/ui.h"
#include "view/flows.h"

#define UI_COLUMNS_MAX 64
/* Lines of a table: the addresses of each hop, their labels, what is left out. */
#define UI_LINES_MAX (HT_TTL_MAX * (VIEW_PATHS_MAX + HT_MPLS_MAX + 2))
/* Newest probes that a history shows. */
#define UI_SAMPLES_MAX 1024

/** What a line of the table shows. */
enum ui_line_kind {
	UI_LINE_HOP = 0,
	UI_LINE_BRANCH,        /**< a further branch of the hop */
	UI_LINE_ADDR,          /**< a further address; index into ht_hop.addrs */
	UI_LINE_MORE,          /**< index so many addresses are left out */
	UI_LINE_MORE_BRANCHES, /**< index so many branches are left out */
	UI_LINE_MPLS           /**< index into ht_hop.ext.mpls */
};

struct ui_table_line {
	uint64_t flows; /**< whose line it is */
	uint8_t ttl;
	uint8_t kind;  /**< enum ui_line_kind */
	uint8_t index; /**< see the kind */
};

struct ui {
	struct ht_session *ss;
	bool is_ascii;
	char host[HT_NAME_MAX]; /**< of this machine, "" unknown */
	ht_time min_interval_ns;
	unsigned max_ttl_limit; /**< the session takes no larger one */

	/* What is looked at, and how. */
	unsigned target;
	unsigned one_flow;  /**< 1 + index of the flow looked at, 0: all of them */
	unsigned paths_max; /**< addresses of a hop that are shown */
	enum ui_display display;
	enum view_names names;
	bool is_compact;
	bool shows_mpls;
	char columns[UI_COLUMNS_MAX];
	char columns_before[UI_COLUMNS_MAX]; /**< key j goes back to them */
	char sort;                           /**< letter of the column, 0: by hop */
	bool is_reversed;                    /**< the other way round */
	unsigned selected;                   /**< ttl, 0: none */
	int scroll;                          /**< first line of the table */
	bool is_following;                   /**< the selection is kept in view */

	/* What is open. */
	bool has_detail;
	bool in_detail; /**< arrows scroll the details */
	int detail_scroll;
	bool has_help;
	int help_scroll;
	struct ui_prompt prompt;

	/* What is to be told. */
	char notice[200];
	ht_time notice_until;
	unsigned requests; /**< set of 1 << enum ui_request */

	/* Frames. */
	bool is_changed; /**< by a key: draw at once */
	bool is_dirty;   /**< by an event: draw soon */
	ht_time drawn_at;
	int width; /**< columns of the newest frame */
	int page;  /**< lines of the pane that has the arrows, at least 1 */

	/* Made anew for every frame and every key. */
	uint64_t flows;             /**< set of those looked at */
	const struct ht_path *path; /**< says where it ends; NULL: no address yet */
	unsigned n_rows;
	uint8_t rows[HT_TTL_MAX]; /**< ttls in the order of the table */
	int n_lines;
	struct ui_table_line lines[UI_LINES_MAX];
	bool needs_recent;     /**< a column looks at the newest probes */
	struct view_room room; /**< of the row at hand */
	struct ht_sample samples[UI_SAMPLES_MAX];
};

/** Which keys count now, while no prompt is open. */
enum ui_where ui_where_now(const struct ui *ui);

/** Bring path, rows and lines up to date. */
void ui_rows_build(struct ui *ui);

/** Lines at the bottom that the open prompt wants. */
int ui_bottom_lines(const struct ui *ui);

/** The -o string that the table shows: more of it on a wide screen; borrowed. */
const char *ui_columns_shown(const struct ui *ui);

/** Is more than one flow looked at? */
bool ui_has_flows(const struct ui *ui);

/**
 * Fill in what the getters of columns look at; valid until the next call.
 *
 * @param flows  whose row: ui->flows, or those of a branch
 */
struct view_row ui_row(struct ui *ui, unsigned ttl, uint64_t flows);

/**
 * List the newest probes of flows at a ttl in ui->samples, newest first.
 *
 * @return how many there are, at most max
 */
size_t ui_samples(struct ui *ui, unsigned ttl, uint64_t flows, size_t max);

/** The same without a window: columns that look at it have no value. */
struct view_row ui_row_plain(struct ui *ui, unsigned ttl, uint64_t flows);

/** Text for a hop that never answered. */
const char *ui_row_empty(const struct view_row *row);

/** Is the last row of the table the end of the path, to be kept in view? */
bool ui_rows_are_pinned(const struct ui *ui);

/** Position of a ttl in ui.rows, -1 if it is not there. */
int ui_rows_find(const struct ui *ui, unsigned ttl);

/** Format a span: "12s", "5m12s", "3h07m", "2d04h". */
const char *ui_span_text(ht_time span, char buf[static 32]);

/** Say in words why a probe could not leave. */
const char *ui_error_text(int error);

void ui_status_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box, ht_time now,
    const struct ui_clock *wall);
void ui_tabs_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box);
void ui_table_draw(
    struct ui *ui, struct ui_canvas *cv, const struct ui_layout *lay, ht_time now);
void ui_detail_draw(
    struct ui *ui, struct ui_canvas *cv, struct ui_box box, ht_time now);
void ui_help_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box);
void ui_bottom_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box);

/** Lines of the words that stand below the table while nothing answers. */
int ui_words_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box, ht_time now);

#endif /* HT_UI_STATE_H */
