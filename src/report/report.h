/* SPDX-License-Identifier: ISC */
/**
 * @file report.h
 * Everything that hoptop prints without a screen: one table of outputs.
 *
 * An output never reads a clock and never writes: it appends to `out`, and the
 * program writes that wherever it wants, sees the error of a full disk, and
 * clears it.  Two kinds: those that speak once a target is done, and streams
 * (raw, split, trace) that speak while the run goes on.
 *
 *     report_init(&rp, ops, &run);
 *     ht_session_observe(ss, report_event, &rp);
 *     while (!report_is_complete(&rp) && ...) {
 *             ... ht_session_step() ...
 *             next = report_tick(&rp, now);
 *             ... write rp.out.text, rp.out.len; ht_buf_clear(&rp.out) ...
 *     }
 *     rp.run.end_ns = ...; for each target: report_finish(&rp, target);
 *     ... write and clear as above; rp.out.failed: out of memory ...
 *     report_done(&rp);
 */
#ifndef HT_REPORT_REPORT_H
#define HT_REPORT_REPORT_H

#include <hoptop/session.h>

#include "base/buf.h"
#include "view/flows.h"
#include "view/host.h"

/** What the program knows and a report has to be told; all borrowed. */
struct report_run {
	const struct ht_session *ss;
	uint64_t flows;         /**< set of indices, as in view/flows.h; 0: all */
	const char *columns;    /**< letters of -o; NULL: view_columns_default */
	enum view_names names;  /**< -n, -b */
	bool show_mpls;         /**< -e */
	unsigned paths_max;     /**< -E; 0: VIEW_PATHS_DEFAULT */
	const char *local_host; /**< name of this host; cleaned when printed */
	int64_t start_ns;       /**< wall clock at ht_session_start(), ns since 1970 */
	int64_t end_ns;         /**< wall clock now; set before report_finish() */
	int utc_offset_s;       /**< of local time, seconds east of Greenwich */

	/** May a name of this address still come?  NULL: none is looked up. */
	bool (*is_name_pending)(const void *ctx, const struct ht_addr *addr);
	const void *names_ctx; /**< for is_name_pending */
};

struct report_ops;
struct report_stream; /* lines of raw and split; private to src/report */
struct report_blocks; /* hops of trace; private to src/report */

/** One output being made. */
struct report {
	const struct report_ops *ops;
	struct report_run run;
	struct ht_buf out;            /**< to be written and cleared by the program */
	struct report_stream *stream; /**< private to raw and split, else NULL */
	struct report_blocks *blocks; /**< private to trace, else NULL */
};

/** One output format. */
struct report_ops {
	const char *id;        /**< "text", "wide", "json", "csv", "raw", ... */
	char letter;           /**< option, as in mtr: 'r'; 0 if none */
	const char *long_name; /**< long option without dashes: "report" */
	const char *help;      /**< half a sentence */

	/* The first five are for streams; others have NULL there. */

	/** Take memory; 0 or -ENOMEM. */
	int (*begin)(struct report *rp);

	/** Give it back. */
	void (*done)(struct report *rp);

	/** Note an event, say what it is worth. */
	void (*event)(struct report *rp, const struct ht_event *ev);

	/** Say what can be said by now; when to be called again.  May be NULL. */
	ht_time (*tick)(struct report *rp, ht_time now);

	/** Has all been said?  NULL: never before the end of the run. */
	bool (*is_complete)(const struct report *rp);

	/** Say the final word about a target. */
	void (*finish)(struct report *rp, unsigned target);
};

/** List the outputs, in the order of the help; NULL beyond the last. */
const struct report_ops *report_at(size_t i);

/** Find an output by its id, NULL if there is none. */
const struct report_ops *report_find(const char *id);

/** Find an output by its option letter, NULL if there is none. */
const struct report_ops *report_find_letter(char letter);

/**
 * Begin an output.
 *
 * @param run  copied; what it points to is borrowed until report_done()
 * @return 0, or -ENOMEM (streams only); report_done() is needed only after 0
 */
int report_init(
    struct report *rp, const struct report_ops *ops, const struct report_run *run);

/** Give back what the output holds. */
void report_done(struct report *rp);

/**
 * Take in an event; an ht_event_fn, to be given to ht_session_observe().
 *
 * Appends to rp->out for streams, does nothing for others.  mtr's streams have
 * no word for the target: target 0 speaks at once, the lines of others are kept
 * until report_finish().
 *
 * @param ctx  struct report *
 */
void report_event(void *ctx, const struct ht_event *ev);

/**
 * Append what can be said at this time; to be called after every step.
 *
 * @return when to call again without any event: HT_TIME_NEVER, or later than now
 */
ht_time report_tick(struct report *rp, ht_time now);

/** True when nothing would be added, however long the run goes on. */
bool report_is_complete(const struct report *rp);

/**
 * Append what is to be said when a target is done: its whole report, or for a
 * stream the lines that were kept.  Call once per target, in order.
 */
void report_finish(struct report *rp, unsigned target);

#endif /* HT_REPORT_REPORT_H */
