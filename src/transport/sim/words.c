/* SPDX-License-Identifier: ISC */
#include "transport/sim/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"

/* Decimals are read as a whole number of billionths: no locale, no rounding. */
#define BILLION 1000000000

const char *
sim_peek(const struct sim_cursor *cu)
{
	return cu->at < cu->words->n ? cu->words->word[cu->at] : NULL;
}

bool
sim_take(struct sim_cursor *cu, const char *word)
{
	const char *next = sim_peek(cu);

	if (next == NULL || strcmp(next, word) != 0)
		return false;
	cu->at++;
	return true;
}

bool
sim_fail(struct sim_cursor *cu, const char *fmt, ...)
{
	va_list ap;

	if (cu->err->code != 0)
		return false;
	cu->err->code = -EINVAL;
	cu->err->line = cu->line;
	va_start(ap, fmt);
	vsnprintf(cu->err->text, sizeof(cu->err->text), fmt, ap);
	va_end(ap);
	return false;
}

bool
sim_word(struct sim_cursor *cu, const char *what, const char **ret_word)
{
	const char *word = sim_peek(cu);

	if (word == NULL) {
		sim_fail(cu, "the line ends where %s should be", what);
		return false; /* said again for gcc, which warns otherwise */
	}
	cu->at++;
	*ret_word = word;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Read "12" or "12.5"; up to nine digits on either side. */
static bool
decimal(const char *s, const char **ret_end, int64_t *ret_billionths)
{
	int64_t whole = 0, part = 0, place = BILLION;
	unsigned digits = 0;

	if (!is_digit(*s))
		return false;
	for (; is_digit(*s); s++) {
		if (++digits > 9)
			return false;
		whole = whole * 10 + (*s - '0');
	}
	if (*s == '.') {
		s++;
		if (!is_digit(*s))
			return false;
		for (; is_digit(*s); s++) {
			if (place == 1)
				return false;
			place /= 10;
			part += (*s - '0') * place;
		}
	}
	*ret_end = s;
	*ret_billionths = whole * BILLION + part;
	return true;
}

bool
sim_uint(struct sim_cursor *cu, const char *what, uint64_t min, uint64_t max,
    uint64_t *ret_n)
{
	const char *word, *s;
	uint64_t n = 0;

	if (!sim_word(cu, what, &word))
		return false;
	for (s = word; is_digit(*s); s++) {
		uint64_t digit = (uint64_t)(*s - '0');
		if (n > (UINT64_MAX - digit) / 10)
			break;
		n = n * 10 + digit;
	}
	if (s == word || *s != '\0' || n < min || n > max)
		return sim_fail(cu, "%.40s: not %s (%llu to %llu)", word, what,
		    (unsigned long long)min, (unsigned long long)max);
	*ret_n = n;
	return true;
}

bool
sim_duration(struct sim_cursor *cu, ht_time *ret_span)
{
	static const struct {
		const char *name;
		ht_time ns;
	} units[] = { { "ns", 1 }, { "us", HT_US }, { "ms", HT_MS }, { "s", HT_S },
		{ "m", 60 * HT_S }, { "h", 3600 * HT_S } };
	const ht_time most = 10000 * 3600 * HT_S;
	const char *word, *unit;
	int64_t n;

	if (!sim_word(cu, "a duration", &word))
		return false;
	if (!decimal(word, &unit, &n))
		return sim_fail(cu, "%.40s: not a duration, such as 21.9ms", word);
	if (n == 0 && *unit == '\0') {
		*ret_span = 0;
		return true;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		if (n / BILLION > most / units[i].ns)
			return sim_fail(cu, "%.40s: longer than 10000h", word);
		*ret_span = n / BILLION * units[i].ns
			    + (ht_time)((double)(n % BILLION) * (double)units[i].ns
					    / BILLION
					+ 0.5);
		return true;
	}
	return sim_fail(cu, "%.40s: a duration needs a unit: ns us ms s m h", word);
}

bool
sim_share(struct sim_cursor *cu, double *ret_share)
{
	const char *word, *end;
	int64_t n;

	if (!sim_word(cu, "a percentage", &word))
		return false;
	if (!decimal(word, &end, &n) || strcmp(end, "%") != 0
	    || n > INT64_C(100) * BILLION)
		return sim_fail(cu, "%.40s: not a percentage (0%% to 100%%)", word);
	*ret_share = (double)n / (100.0 * BILLION);
	return true;
}

bool
sim_rate(struct sim_cursor *cu, double *ret_rate)
{
	const char *word, *end;
	int64_t n;

	if (!sim_word(cu, "a rate", &word))
		return false;
	if (!decimal(word, &end, &n) || n == 0
	    || (strcmp(end, "/s") != 0 && strcmp(end, "/m") != 0))
		return sim_fail(cu, "%.40s: not a rate, such as 1/s or 30/m", word);
	*ret_rate = (double)n / BILLION / (end[1] == 'm' ? 60 : 1);
	return true;
}

bool
sim_address(struct sim_cursor *cu, struct ht_addr *ret_addr)
{
	const char *word, *why;
	struct ht_addr addr;

	if (!sim_word(cu, "an address", &word))
		return false;
	if (!ht_addr_parse(word, &addr) || addr.scope != 0)
		return sim_fail(cu, "%.40s: not an address", word);
	why = ht_addr_refusal(&addr);
	if (why != NULL)
		return sim_fail(cu, "%.40s: %s", word, why);
	*ret_addr = addr;
	return true;
}
