/* SPDX-License-Identifier: ISC */
/**
 * @file number.h
 * Numbers that people type, read strictly and without the locale.
 */
#ifndef HT_APP_NUMBER_H
#define HT_APP_NUMBER_H

#include <hoptop/types.h>

/**
 * Read a whole decimal number: an optional '-' and digits, nothing else.
 *
 * @param ret_number  set on success
 * @return false for anything else, and beyond +-10^15
 */
bool app_number_parse(const char *text, int64_t *ret_number);

/**
 * Read decimal seconds: digits with at most one '.', never ',' nor exponent.
 *
 * Digits beyond the nanosecond are cut off.
 *
 * @param ret_ns  set on success, >= 0
 * @return false for anything else, and beyond 10^9 seconds
 */
bool app_seconds_parse(const char *text, ht_time *ret_ns);

/**
 * Write a span as decimal seconds without needless zeros: "0.01", "3600".
 *
 * @param ns   >= 0
 * @param buf  caller's, at least 32 bytes; returned
 */
const char *app_seconds_text(ht_time ns, char *buf);

#endif /* HT_APP_NUMBER_H */
