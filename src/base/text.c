/* SPDX-License-Identifier: ISC */
/*
 * UTF-8 and widths without the locale, so that a golden screen is the same
 * everywhere.  The widths cover what hoptop itself draws and what a target
 * name may hold: combining marks are 0 columns, East Asian wide forms 2, all
 * else 1.
 */
#include "base/text.h"

#include <string.h>

/* Length that the first byte promises; 0 if it cannot start a character. */
static size_t
promised(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

size_t
ht_text_decode(const char *s, uint32_t *ret_cp)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s[0];
	size_t len = promised(first);
	uint32_t cp;

	*ret_cp = 0xfffd;
	if (len == 0)
		return 1;
	cp = len == 1 ? first : first & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if ((c & 0xc0) != 0x80)
			return i;
		cp = cp << 6 | (c & 0x3f);
	}
	if (cp < smallest[len] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		return len;
	*ret_cp = cp;
	return len;
}

size_t
ht_text_encode(uint32_t cp, char *buf)
{
	size_t len = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	buf[len] = '\0';
	for (size_t i = len - 1; i > 0; i--) {
		buf[i] = (char)(0x80 | (cp & 0x3f));
		cp >>= 6;
	}
	buf[0] = (char)(lead[len == 1 ? 0 : len] | cp);
	return len;
}

struct range {
	uint32_t first, last;
};

static bool
is_in(const struct range *table, size_t n, uint32_t cp)
{
	for (size_t i = 0; i < n; i++)
		if (cp >= table[i].first && cp <= table[i].last)
			return true;
	return false;
}

unsigned
ht_text_cp_width(uint32_t cp)
{
	static const struct range zero[] = {
		{ 0x0300, 0x036f },
		{ 0x0483, 0x0489 },
		{ 0x0591, 0x05bd },
		{ 0x0610, 0x061a },
		{ 0x064b, 0x065f },
		{ 0x0900, 0x0902 },
		{ 0x1ab0, 0x1aff },
		{ 0x1dc0, 0x1dff },
		{ 0x200b, 0x200f },
		{ 0x202a, 0x202e },
		{ 0x2060, 0x2064 },
		{ 0x20d0, 0x20ff },
		{ 0xfe00, 0xfe0f },
		{ 0xfe20, 0xfe2f },
		{ 0xfeff, 0xfeff },
	};
	static const struct range wide[] = {
		{ 0x1100, 0x115f },
		{ 0x2e80, 0x303e },
		{ 0x3041, 0x33ff },
		{ 0x3400, 0x4dbf },
		{ 0x4e00, 0x9fff },
		{ 0xa000, 0xa4cf },
		{ 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff },
		{ 0xfe30, 0xfe6f },
		{ 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 },
		{ 0x1f300, 0x1f64f },
		{ 0x1f900, 0x1f9ff },
		{ 0x20000, 0x3fffd },
	};

	if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
		return 0;
	if (cp < 0x300)
		return 1;
	if (is_in(zero, sizeof(zero) / sizeof(zero[0]), cp))
		return 0;
	return is_in(wide, sizeof(wide) / sizeof(wide[0]), cp) ? 2 : 1;
}

size_t
ht_text_width(const char *s)
{
	size_t width = 0;
	uint32_t cp;

	while (*s != '\0') {
		s += ht_text_decode(s, &cp);
		width += ht_text_cp_width(cp);
	}
	return width;
}

void
ht_text_clean(char *dst, size_t size, const char *src)
{
	size_t i;

	for (i = 0; i + 1 < size && src[i] != '\0'; i++)
		dst[i] = src[i] >= 0x20 && src[i] < 0x7f ? src[i] : '?';
	dst[i] = '\0';
}
