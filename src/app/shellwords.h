/* SPDX-License-Identifier: ISC */
/**
 * @file shellwords.h
 * Splits a text into words as a shell would, without expanding anything.
 */
#ifndef HT_APP_SHELLWORDS_H
#define HT_APP_SHELLWORDS_H

#include <hoptop/types.h>

/** The words of a text; all memory is in one block. */
struct app_shellwords {
	unsigned n;   /**< words */
	char **words; /**< n of them, then NULL */
};

/**
 * Split at blanks; '...' keeps all, "..." all but \" and \\, \x is x.
 *
 * @param ret_sw  set on success, then give it back with _done()
 * @return 0, -EINVAL if a quote is not closed or a lone \ ends the text, or
 *         -ENOMEM
 */
int app_shellwords_split(const char *text, struct app_shellwords *ret_sw);

void app_shellwords_done(struct app_shellwords *sw);

#endif /* HT_APP_SHELLWORDS_H */
