/* SPDX-License-Identifier: ISC */
/**
 * @file run.h
 * One run of the program, from parsed options to the exit status.
 */
#ifndef HT_APP_RUN_H
#define HT_APP_RUN_H

#include "app/options.h"

/**
 * Trace, show, report.
 *
 * @param opt  mode is not AUTO any more
 * @param err  lines for standard error; may be filled whatever is returned
 * @return the status to exit with, or 128 + n when signal n ended the run
 */
int app_run(const struct app_options *opt, struct ht_buf *err);

#endif /* HT_APP_RUN_H */
