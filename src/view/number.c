/* SPDX-License-Identifier: ISC */
/*
 * printf's %f follows LC_NUMERIC, which a program that shows UTF-8 has to set;
 * a report with "0,5" in it is broken for every reader but a human one.
 */
#include "view/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define NUMBER_LIMIT 1e12

const char *
view_number(double value, unsigned decimals, char *buf)
{
	static const int64_t powers[] = { 1, 10, 100, 1000, 10000, 100000, 1000000 };
	int64_t scale = powers[decimals < 6 ? decimals : 6];

	if (!isfinite(value)) {
		snprintf(buf, VIEW_NUMBER_MAX, "-");
		return buf;
	}
	value = fmin(fmax(value, -NUMBER_LIMIT), NUMBER_LIMIT);

	int64_t scaled = llround(fabs(value) * (double)scale);
	const char *sign = value < 0 && scaled > 0 ? "-" : "";

	if (decimals == 0)
		snprintf(buf, VIEW_NUMBER_MAX, "%s%" PRId64, sign, scaled);
	else
		snprintf(buf, VIEW_NUMBER_MAX, "%s%" PRId64 ".%0*" PRId64, sign,
		    scaled / scale, (int)decimals, scaled % scale);
	return buf;
}
