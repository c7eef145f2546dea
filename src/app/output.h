/* SPDX-License-Identifier: ISC */
/**
 * @file output.h
 * Reports to where the user wants them: standard output, or a file.
 */
#ifndef HT_APP_OUTPUT_H
#define HT_APP_OUTPUT_H

#include "base/buf.h"
#include "report/report.h"

/**
 * Write all of a buffer to a descriptor and empty it.
 *
 * @return 0 or negative errno
 */
int app_output_write(int fd, struct ht_buf *b);

/** Fill in what a report has to be told about the run. */
struct ht_session;
struct app_world;
struct app_options;
struct report_run app_output_run(const struct ht_session *ss,
    const struct app_world *world, const struct app_options *opt);

/**
 * Save a report of one target in a new file in the home directory (else here).
 *
 * @param ret_text  one line for the user: where it is, or why not; 200 bytes
 */
void app_output_save(const struct report_run *run, unsigned target, char *ret_text);

#endif /* HT_APP_OUTPUT_H */
