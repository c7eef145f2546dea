/* SPDX-License-Identifier: ISC */
#include "app/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX  INT64_C(1000000000000000)
#define SECONDS_MAX INT64_C(1000000000)

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Read digits up to the first other character; false beyond max. */
static bool
read_digits(const char **text, int64_t max, int64_t *ret_number)
{
	int64_t number = 0;

	for (; is_digit(**text); ++*text) {
		number = number * 10 + (**text - '0');
		if (number > max)
			return false;
	}
	*ret_number = number;
	return true;
}

bool
app_number_parse(const char *text, int64_t *ret_number)
{
	bool is_negative = *text == '-';
	int64_t number;

	text += is_negative;
	if (!is_digit(*text) || !read_digits(&text, NUMBER_MAX, &number)
	    || *text != '\0')
		return false;
	*ret_number = is_negative ? -number : number;
	return true;
}

/* Read the digits behind the point; those beyond the nanosecond are skipped. */
static ht_time
read_fraction(const char **text)
{
	ht_time ns = 0;

	for (ht_time unit = HT_S / 10; is_digit(**text); unit /= 10, ++*text)
		ns += (**text - '0') * unit;
	return ns;
}

bool
app_seconds_parse(const char *text, ht_time *ret_ns)
{
	bool has_digit = is_digit(text[0]) || (text[0] == '.' && is_digit(text[1]));
	ht_time fraction = 0;
	int64_t seconds;

	if (!has_digit || !read_digits(&text, SECONDS_MAX, &seconds))
		return false;
	if (*text == '.') {
		text++;
		fraction = read_fraction(&text);
	}
	if (*text != '\0')
		return false;
	*ret_ns = seconds * HT_S + fraction;
	return true;
}

const char *
app_seconds_text(ht_time ns, char *buf)
{
	snprintf(buf, 32, "%" PRId64 ".%09" PRId64, ns / HT_S, ns % HT_S);

	size_t len = strlen(buf);
	while (buf[len - 1] == '0')
		len--;
	if (buf[len - 1] == '.')
		len--;
	buf[len] = '\0';
	return buf;
}
