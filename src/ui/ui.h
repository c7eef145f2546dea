/* SPDX-License-Identifier: ISC */
/**
 * @file ui.h
 * The dashboard as the program sees it: keys go in, a canvas comes out.
 *
 * It reads no clock, no terminal and no file.  Keys act on the session and on
 * the state of the view; what only the program can do is asked for with
 * ui_take_request().
 *
 *     ui_key(ui, key, now);
 *     ... do what ui_take_request(ui) asks for ...
 *     if (now >= ui_next_frame(ui)) {
 *             ui_draw(ui, &cv, now, &wall);
 *             ui_curses_blit(term, &cv);
 *     }
 */
#ifndef HT_UI_UI_H
#define HT_UI_UI_H

#include <hoptop/session.h>

#include "ui/canvas.h"
#include "ui/keys.h"
#include "view/host.h"

/** What the table shows; key d cycles. */
enum ui_display {
	UI_DISPLAY_AUTO = 0, /**< numbers, and the history where there is room */
	UI_DISPLAY_HISTORY,  /**< loss, average and the history */
	UI_DISPLAY_GRAPH,    /**< the history alone */
	UI_DISPLAY_COUNT
};

/** How to begin; zeroes are the defaults. */
struct ui_options {
	bool is_ascii;           /**< nothing but ASCII on the screen */
	bool has_color;          /**< read by ui_curses_open() alone */
	bool is_compact;         /**< --compact */
	bool shows_mpls;         /**< -e */
	enum view_names names;   /**< -n, -b */
	enum ui_display display; /**< --displaymode */
	const char *columns;     /**< -o; copied; NULL: view_columns_default */
	const char *host;        /**< name of this host; copied; NULL: unknown */
	unsigned paths_max;      /**< -E, 1..VIEW_PATHS_MAX; 0: VIEW_PATHS_DEFAULT */
	ht_time min_interval_ns; /**< least that `i` takes; 0: 100 ms */
};

/** The wall clock of a frame. */
struct ui_clock {
	int64_t unix_ns; /**< since 1970 UTC; 0: unknown, shown nowhere */
	int utc_offset;  /**< local time minus UTC, in seconds */
};

/** What only the program can do. */
enum ui_request {
	UI_REQUEST_NONE = 0,
	UI_REQUEST_QUIT,    /**< end the run */
	UI_REQUEST_SUSPEND, /**< give the terminal back and stop (Ctrl-Z) */
	UI_REQUEST_REDRAW,  /**< paint the whole terminal anew (Ctrl-L) */
	UI_REQUEST_REPORT,  /**< save a report, then ui_notice() where */
	UI_REQUEST_COUNT
};

struct ui;

/**
 * Make the dashboard of a session.
 *
 * @param ss  borrowed until ui_free(); ui_event() is to be made its observer
 * @return NULL when memory is short
 */
struct ui *ui_new(struct ht_session *ss, const struct ui_options *opts);

void ui_free(struct ui *ui);

/** Take in an event; an ht_event_fn, ctx is the struct ui. */
void ui_event(void *ctx, const struct ht_event *ev);

/** Take in a key: a code point or an enum ui_key. */
void ui_key(struct ui *ui, int key, ht_time now);

/** Hand out the oldest request that was not handed out yet; NONE if none. */
enum ui_request ui_take_request(struct ui *ui);

/** Show one line for some seconds, such as "report saved to ..."; copied. */
void ui_notice(struct ui *ui, const char *text, ht_time now);

/** Draw the next frame at once: the terminal has a new size, or came back. */
void ui_touch(struct ui *ui);

/** Which target is looked at, from 0. */
unsigned ui_target(const struct ui *ui);

/** Which flows are looked at: a set of indices, as in view/flows.h. */
uint64_t ui_flows(const struct ui *ui);

/** How names are shown now. */
enum view_names ui_names(const struct ui *ui);

/** Which -o string is in use now; borrowed. */
const char *ui_columns(const struct ui *ui);

/**
 * Draw everything.
 *
 * @param cv    of any size from 0x0
 * @param wall  NULL: no wall clock
 */
void ui_draw(
    struct ui *ui, struct ui_canvas *cv, ht_time now, const struct ui_clock *wall);

/**
 * When to draw again: at once after a key, at most ten times a second while
 * events come in, else once a second for the clock.
 */
ht_time ui_next_frame(const struct ui *ui);

#endif /* HT_UI_UI_H */
