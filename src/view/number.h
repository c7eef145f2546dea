/* SPDX-License-Identifier: ISC */
/**
 * @file number.h
 * Numbers as text, with a decimal point in every locale.
 */
#ifndef HT_VIEW_NUMBER_H
#define HT_VIEW_NUMBER_H

/** Bytes that any number's text needs, NUL included. */
#define VIEW_NUMBER_MAX 32

/**
 * Write a number with a fixed count of decimals, halves rounded away from zero.
 *
 * Never writes "-0.0"; what is not finite is written "-"; what is beyond
 * +-10^12 is written as +-10^12.
 *
 * @param decimals  0..6
 * @param buf       caller's, VIEW_NUMBER_MAX bytes; returned
 */
const char *view_number(double value, unsigned decimals, char *buf);

#endif /* HT_VIEW_NUMBER_H */
