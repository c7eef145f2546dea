/* SPDX-License-Identifier: ISC */
/**
 * @file parse.h
 * What the parser and the options of the table tell each other.
 */
#ifndef HT_APP_PARSE_H
#define HT_APP_PARSE_H

#include "app/options.h"

/** Where an option was given. */
enum app_given {
	APP_GIVEN_NOT = 0,
	APP_GIVEN_ENV, /**< in a variable: the user's habit, where it has a meaning */
	APP_GIVEN_ARGV /**< on the command line, perhaps in a variable too */
};

/** State of one parse. */
struct app_parse {
	struct app_options *opt;
	const struct app_env *env;
	struct ht_buf *err;
	const struct app_option *row; /**< the option being parsed */
	const char *origin; /**< "MTR_OPTIONS: " while those are parsed, else "" */
	bool is_mtr;        /**< run as "mtr" */
	bool is_wide;       /**< -w was given: a text report is wide */
	bool show_ips;      /**< -b was given */
	bool is_over;       /**< -h or -v was given: look no further */
	unsigned queries;   /**< -q, 0 if it was not given */
	uint8_t given[128]; /**< options by their letter: enum app_given */
};

/** A value that passed the checks of its row. */
struct app_value {
	const char *text; /**< as given; "" for a flag */
	int64_t number;   /**< NUMBER; SECONDS: ns; CHOICE: index; flag: row->min */
};

/** Append "hoptop: ORIGIN...\n" to err; returns APP_EXIT_USAGE. */
int app_refuse(struct app_parse *ps, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** Refuse the value: "--NAME: 'VALUE' is not WHAT (RANGE)". */
int app_refuse_value(struct app_parse *ps, const char *text);

/** Append the range of a row in words: "0.01 to 3600"; nothing if it has none. */
void app_option_range(const struct app_option *row, struct ht_buf *out);

#endif /* HT_APP_PARSE_H */
