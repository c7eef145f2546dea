/* SPDX-License-Identifier: ISC */
/**
 * @file spark.h
 * Probes as characters: how high, and what was lost.
 */
#ifndef HT_UI_SPARK_H
#define HT_UI_SPARK_H

#include <hoptop/path.h>

#include "ui/canvas.h"

/** RTTs at the bottom and at the top of a picture. */
struct ui_scale {
	int64_t low_ns;
	int64_t high_ns; /**< > low_ns */
};

/**
 * Find the scale of n probes.
 *
 * It spans their RTTs, but at least 1 ms and a tenth of the smallest, so that
 * the noise of a quiet hop does not fill the picture.
 *
 * @return false while none of them was answered
 */
bool ui_scale_of(const struct ht_sample *samples, size_t n, struct ui_scale *ret_scale);

/** Height of an RTT in a picture of so many steps: 0..steps-1, clipped. */
unsigned ui_scale_step(const struct ui_scale *scale, int64_t rtt_ns, unsigned steps);

/** A bar of 1..8 eighths of a cell; in ASCII one of ".:|". */
uint32_t ui_spark_bar(unsigned eighths, bool is_ascii);

/**
 * Give the character of a probe: a bar, 'x' lost, '>' late, '!' not sent,
 * space while pending.
 *
 * @param ret_role  set
 */
uint32_t ui_spark_glyph(const struct ht_sample *sample, const struct ui_scale *scale,
    bool is_ascii, enum ui_role *ret_role);

/**
 * Draw probes into w columns, newest right.
 *
 * @param samples  n of them, newest first; at most w are drawn
 */
void ui_spark_draw(struct ui_canvas *cv, int x, int y, int w,
    const struct ht_sample *samples, size_t n, bool is_ascii);

#endif /* HT_UI_SPARK_H */
