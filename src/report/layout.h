/* SPDX-License-Identifier: ISC */
/**
 * @file layout.h
 * What several outputs need: rows, cells, times.  Private to src/report.
 */
#ifndef HT_REPORT_LAYOUT_H
#define HT_REPORT_LAYOUT_H

#include "report/report.h"

/** Bytes that a cell needs, NUL included. */
#define REPORT_CELL_MAX 64

/** Smallest packet that -s takes. */
#define REPORT_SIZE_MIN 28

/** Bytes that a time needs, NUL included. */
#define REPORT_TIME_MAX 48

extern const struct report_ops report_text;
extern const struct report_ops report_wide;
extern const struct report_ops report_json;
extern const struct report_ops report_csv;
extern const struct report_ops report_raw;
extern const struct report_ops report_xml;
extern const struct report_ops report_split;
extern const struct report_ops report_trace;

/** One row with all that its columns look at. */
struct report_row {
	struct view_row view;
	struct view_room room; /**< view points here, and into the session */
};

/** Look up the row of flows at a ttl; not to be copied. */
void report_row_init(struct report_row *row, const struct report *rp, unsigned target,
    uint64_t flows, unsigned ttl);

/** The flows to report, as a set of indices. */
uint64_t report_flows(const struct report *rp);

/** Is there more than one? */
bool report_has_flows(const struct report *rp);

/** The branches of a hop, see view_flows_branches(). */
unsigned report_branches(const struct report *rp, unsigned target, unsigned ttl,
    struct ht_branch ret_branches[HT_MERGE_MAX]);

/**
 * Give the rows of a target's report: every ttl in [first, last].
 *
 * @return false, and first > last, when there is none
 */
bool report_rows(
    const struct report *rp, unsigned target, unsigned *ret_first, unsigned *ret_last);

/** The column after *letters, advancing it; NULL at the end. */
const struct view_column *report_next_column(const char **letters);

/** Letters of the columns to print. */
const char *report_letters(const struct report *rp);

/**
 * Get a value; for mtr's columns a missing one is mtr's 0.
 *
 * @return false when there is none and the column is ours
 */
bool report_value(const struct view_column *col, const struct view_row *row,
    struct view_value *ret_value);

/**
 * Write a value in mtr's layout: a blank, then right-aligned to the column's
 * width, with '%' where mtr has it.  Longer than the width if it must be.
 *
 * @param buf  caller's, REPORT_CELL_MAX bytes; returned
 */
const char *report_cell(
    const struct view_column *col, bool has, const struct view_value *v, char *buf);

/** Turn a point of the session's time into wall-clock ns since 1970. */
int64_t report_wall_ns(const struct report *rp, ht_time at);

/** Write "2026-11-23T14:07:23+0200", local time as mtr has it. */
const char *report_time_mtr(const struct report *rp, int64_t wall_ns, char *buf);

/** Write "2026-11-23T14:07:23.250+02:00", RFC 3339. */
const char *report_time(const struct report *rp, int64_t wall_ns, char *buf);

/**
 * The host of a row as machine formats want it: no mark behind it, "???" for a
 * hop that never answered.
 *
 * @param buf  caller's, VIEW_HOST_MAX bytes; returned
 */
const char *report_host(const struct report *rp, const struct view_row *row, char *buf);

/** Name of this host, clean; buf has HT_NAME_MAX bytes. */
const char *report_local_host(const struct report *rp, char *buf);

/**
 * Say why a target could not be traced: "no such host".
 *
 * @param buf  caller's, 160 bytes; returned; "" when nothing is wrong
 */
const char *report_problem(const struct report *rp, unsigned target, char *buf);

/** Bytes of the probes to an address (or NULL); negative: random up to that. */
int report_size(const struct report *rp, const struct ht_addr *target);

/** Write mtr's word for the packet size: "64", "rand(28-100)". */
const char *report_psize(
    const struct report *rp, const struct ht_target *tg, char *buf);

/** Write mtr's word for the fill byte: "0x00", "rand(0x00-FF)". */
const char *report_pattern(const struct report *rp, char *buf);

#endif /* HT_REPORT_LAYOUT_H */
