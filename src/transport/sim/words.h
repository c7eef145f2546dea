/* SPDX-License-Identifier: ISC */
/**
 * @file words.h
 * The words of a scenario's line, taken one after the other; private to the
 * simulator.
 *
 * Every function that takes a word returns false and fills err when the word is
 * missing or wrong, so that a caller can stop at the first false.
 */
#ifndef HT_TRANSPORT_SIM_WORDS_H
#define HT_TRANSPORT_SIM_WORDS_H

#include "transport/sim/model.h"

struct sim_cursor {
	const struct sim_words *words;
	unsigned at;        /**< next word */
	unsigned line;      /**< for err */
	struct ht_err *err; /**< filled with the first complaint */
};

/** The next word without taking it; NULL at the end. */
const char *sim_peek(const struct sim_cursor *cu);

/** Take the next word if it is this one. */
bool sim_take(struct sim_cursor *cu, const char *word);

/** Complain; returns false. */
bool sim_fail(struct sim_cursor *cu, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/** Take any word; what is expected is said when there is none. */
bool sim_word(struct sim_cursor *cu, const char *what, const char **ret_word);

/** Take a whole number in min..max; what names it in complaints. */
bool sim_uint(struct sim_cursor *cu, const char *what, uint64_t min, uint64_t max,
    uint64_t *ret_n);

/** Take a duration: "0", "21.9ms", "1s"; units ns us ms s m h. */
bool sim_duration(struct sim_cursor *cu, ht_time *ret_span);

/** Take a share: "5%", "0.5%"; 0..1 in ret_share. */
bool sim_share(struct sim_cursor *cu, double *ret_share);

/** Take a rate: "2/s", "30/m"; per second in ret_rate. */
bool sim_rate(struct sim_cursor *cu, double *ret_rate);

/** Take an address. */
bool sim_address(struct sim_cursor *cu, struct ht_addr *ret_addr);

#endif /* HT_TRANSPORT_SIM_WORDS_H */
