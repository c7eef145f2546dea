/* SPDX-License-Identifier: ISC */
/**
 * @file targets.h
 * HOST[:PORT], and files of them.
 */
#ifndef HT_APP_TARGETS_H
#define HT_APP_TARGETS_H

#include <stdio.h>

#include "app/options.h"

/** Bytes that app_quote() needs. */
#define APP_QUOTE_MAX 48

/**
 * Make a text fit to be shown in an error: clean, cut, in single quotes.
 *
 * @param buf  caller's, APP_QUOTE_MAX bytes; returned
 */
const char *app_quote(const char *text, char *buf);

/**
 * Split HOST[:PORT]; an IPv6 address with a port stands in brackets.
 *
 * @param ret_target  set on success
 * @param err         what is wrong is appended, without a newline
 * @return 0 or -EINVAL
 */
int app_target_parse(
    const char *text, struct app_target *ret_target, struct ht_buf *err);

/**
 * Add one target.
 *
 * @return 0, -EINVAL, or -ENOSPC; err gets what is wrong
 */
int app_targets_add(struct app_options *opt, const char *text, struct ht_buf *err);

/**
 * Add the targets of a file: one a line, '#' begins a comment.
 *
 * @param fp    borrowed; read to its end
 * @param name  of the file, for errors
 * @return 0; -EINVAL, -ENOSPC with "NAME:LINE: ..." in err; or another negative
 *         errno when it cannot be read, with "NAME: ..." in err
 */
int app_targets_read(
    struct app_options *opt, FILE *fp, const char *name, struct ht_buf *err);

#endif /* HT_APP_TARGETS_H */
