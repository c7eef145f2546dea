/* SPDX-License-Identifier: ISC */
/**
 * @file buf.h
 * A text buffer that grows.
 *
 * .text is never NULL and always terminated.  When memory runs out the buffer
 * keeps what it has and remembers that it is incomplete: callers look at
 * .failed once, at the end.
 */
#ifndef HT_BASE_BUF_H
#define HT_BASE_BUF_H

#include <stdarg.h>

#include <hoptop/types.h>

struct ht_buf {
	char *text;   /**< never NULL, NUL-terminated */
	size_t len;   /**< bytes before the NUL */
	size_t alloc; /**< 0 while text is the shared empty string */
	bool failed;  /**< something did not fit into memory */
};

/** An empty buffer; needs no memory. */
void ht_buf_init(struct ht_buf *b);

/** Give the memory back; the buffer is empty and usable afterwards. */
void ht_buf_done(struct ht_buf *b);

/** Forget the text, keep the memory. */
void ht_buf_clear(struct ht_buf *b);

/** Append len bytes. */
void ht_buf_add(struct ht_buf *b, const void *data, size_t len);

/** Append a string. */
void ht_buf_str(struct ht_buf *b, const char *s);

/** Append n times the character c. */
void ht_buf_fill(struct ht_buf *b, char c, size_t n);

/** Append like printf. */
void ht_buf_printf(struct ht_buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void ht_buf_vprintf(struct ht_buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

#endif /* HT_BASE_BUF_H */
