/* SPDX-License-Identifier: ISC */
#include "app/shellwords.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Copy what stands between quotes; text is behind the opening one. */
static const char *
copy_quoted(const char *text, char quote, char **out)
{
	for (; *text != quote; text++) {
		if (quote == '"' && *text == '\\'
		    && (text[1] == '"' || text[1] == '\\'))
			text++;
		if (*text == '\0')
			return NULL;
		*(*out)++ = *text;
	}
	return text + 1;
}

/* Copy one word and its NUL; returns what follows it, NULL if it is cut off. */
static const char *
copy_word(const char *text, char **out)
{
	while (*text != '\0' && !is_blank(*text)) {
		if (*text == '\'' || *text == '"') {
			text = copy_quoted(text + 1, *text, out);
			if (text == NULL)
				return NULL;
			continue;
		}
		if (*text == '\\' && *++text == '\0')
			return NULL;
		*(*out)++ = *text++;
	}
	*(*out)++ = '\0';
	return text;
}

int
app_shellwords_split(const char *text, struct app_shellwords *ret_sw)
{
	/* n bytes hold at most (n + 1) / 2 words, and their text is no longer. */
	size_t len = strlen(text);
	size_t max = len / 2 + 2;
	struct app_shellwords sw = { 0 };

	sw.words = malloc(max * sizeof(*sw.words) + len + 1);
	if (sw.words == NULL)
		return -ENOMEM;

	char *out = (char *)(sw.words + max);
	for (;;) {
		while (is_blank(*text))
			text++;
		if (*text == '\0')
			break;
		sw.words[sw.n++] = out;
		text = copy_word(text, &out);
		if (text == NULL) {
			free(sw.words);
			return -EINVAL;
		}
	}
	sw.words[sw.n] = NULL;
	*ret_sw = sw;
	return 0;
}

void
app_shellwords_done(struct app_shellwords *sw)
{
	free(sw->words);
	*sw = (struct app_shellwords){ 0 };
}
