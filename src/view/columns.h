/* SPDX-License-Identifier: ISC */
/**
 * @file columns.h
 * The column table: one row says everything about a column.  Dashboard, text,
 * CSV, JSON, the -o option, help and the manual read it; nobody else knows a
 * column.
 */
#ifndef HT_VIEW_COLUMNS_H
#define HT_VIEW_COLUMNS_H

#include <hoptop/session.h>

/** How a value is written. */
enum view_unit {
	VIEW_UNIT_NONE = 0,
	VIEW_UNIT_PCT,     /**< double, 0..100, written with 1 decimal */
	VIEW_UNIT_COUNT,   /**< uint64_t */
	VIEW_UNIT_MS,      /**< double nanoseconds, written in ms with 1 decimal; of
				a hop none is larger than its worst RTT */
	VIEW_UNIT_TEXT,    /**< short text */
	VIEW_UNIT_HISTORY, /**< drawn by the screen, absent from reports */
	VIEW_UNIT_COUNT_
};

/** A tagged value; which member counts is said by the column's unit. */
struct view_value {
	double number;  /**< PCT: percent; MS: nanoseconds */
	uint64_t count; /**< COUNT */
	char text[32];  /**< TEXT */
};

/** What a getter looks at; all borrowed. */
struct view_row {
	const struct ht_session *ss;
	unsigned target;
	uint64_t flows;             /**< set of indices: whose row it is */
	const struct ht_path *path; /**< of the lowest flow */
	const struct ht_hop *hop;   /**< NULL: this ttl was never probed */
	unsigned ttl;
	const struct ht_window *recent; /**< the last VIEW_RECENT probes; may be
					     NULL: those columns have no value then */
};

/** Size of the recent window in probes. */
#define VIEW_RECENT 60

/** One column. */
struct view_column {
	char letter;          /**< of -o and of the column editor */
	const char *id;       /**< machine name: "loss", "p99" */
	const char *heading;  /**< as in mtr for mtr's columns: "Loss%", "Snt" */
	const char *json_key; /**< key in a hub of the JSON report */
	int width;            /**< of the text report, as in mtr */
	enum view_unit unit;
	bool is_mtr;        /**< one of mtr's columns: its JSON prints 0.0 for none */
	bool is_descending; /**< sorting by it starts with the largest */
	const char *help;   /**< half a sentence */

	/** Compute the value; false means "no data", printed "-". */
	bool (*get)(const struct view_row *row, struct view_value *ret_value);
};

/** All columns, in the order of the help; ends with letter 0. */
extern const struct view_column view_columns[];

/** Find a column by its letter; NULL if there is none. */
const struct view_column *view_column_find(char letter);

/**
 * Say that a letter is kept for a column of a later version ('o' ASN, 'c'
 * class), so that -o can refuse it by name.
 *
 * @return what the column will be, or NULL if the letter means nothing
 */
const char *view_column_planned(char letter);

/** Does the column look at view_row.recent?  Else that may be NULL. */
bool view_column_is_recent(const struct view_column *col);

/** The default -o string, mtr's: "LS NABWV". */
extern const char *const view_columns_default;

/**
 * Fill in a row: path and hop are looked up, recent is NULL.
 *
 * @param flow  index of the flow, from 0
 */
void view_row_init(struct view_row *row, const struct ht_session *ss, unsigned target,
    unsigned flow, unsigned ttl);

/**
 * Write a value as the screen shows it: "4.8", "312", "23.1", without padding,
 * without a sign for percent, with a decimal point in every locale.
 *
 * @param has  false writes "-"
 * @param buf  caller's, at least 32 bytes; returned
 */
const char *view_value_text(
    const struct view_column *col, bool has, const struct view_value *value, char *buf);

/** What a row is sorted by. */
struct view_key {
	bool has; /**< value is set */
	struct view_value value;
	unsigned ttl;
};

/** Compute the key of a row for a column. */
struct view_key view_column_key(
    const struct view_column *col, const struct view_row *row);

/**
 * Compare two keys of a column; those without a value come last, whatever the
 * direction; ties are broken by ttl.
 *
 * @return <0, 0, >0 as for qsort
 */
int view_column_compare(const struct view_column *col, const struct view_key *a,
    const struct view_key *b, bool is_reversed);

#endif /* HT_VIEW_COLUMNS_H */
