/* SPDX-License-Identifier: ISC */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What .text points to before the first byte; never written to. */
static char empty[1];

void
ht_buf_init(struct ht_buf *b)
{
	*b = (struct ht_buf){ .text = empty };
}

void
ht_buf_done(struct ht_buf *b)
{
	if (b->alloc > 0)
		free(b->text);
	ht_buf_init(b);
}

void
ht_buf_clear(struct ht_buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->alloc > 0)
		b->text[0] = '\0';
}

/* Make room for more bytes and the NUL. */
static bool
grow(struct ht_buf *b, size_t more)
{
	size_t want = b->len + more + 1;

	if (want <= b->alloc)
		return true;

	size_t alloc = b->alloc > 0 ? b->alloc : 64;
	while (alloc < want)
		alloc *= 2;

	char *text = realloc(b->alloc > 0 ? b->text : NULL, alloc);
	if (text == NULL) {
		b->failed = true;
		return false;
	}
	b->text = text;
	b->alloc = alloc;
	return true;
}

void
ht_buf_add(struct ht_buf *b, const void *data, size_t len)
{
	if (!grow(b, len))
		return;
	memcpy(b->text + b->len, data, len);
	b->len += len;
	b->text[b->len] = '\0';
}

void
ht_buf_str(struct ht_buf *b, const char *s)
{
	ht_buf_add(b, s, strlen(s));
}

void
ht_buf_fill(struct ht_buf *b, char c, size_t n)
{
	if (!grow(b, n))
		return;
	memset(b->text + b->len, c, n);
	b->len += n;
	b->text[b->len] = '\0';
}

void
ht_buf_vprintf(struct ht_buf *b, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, fmt, ap);
	if (len >= 0 && grow(b, (size_t)len)) {
		vsnprintf(b->text + b->len, (size_t)len + 1, fmt, again);
		b->len += (size_t)len;
	}
	va_end(again);
}

void
ht_buf_printf(struct ht_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	ht_buf_vprintf(b, fmt, ap);
	va_end(ap);
}
