/* SPDX-License-Identifier: ISC */
#include "app/targets.h"

#include <errno.h>
#include <string.h>

#include "app/number.h"
#include "base/text.h"
#include "names/names.h"

/* Longest line of a target file that is not a comment. */
#define LINE_MAX_BYTES 512

const char *
app_quote(const char *text, char *buf)
{
	char clean[APP_QUOTE_MAX - 2];

	ht_text_clean(clean, sizeof(clean), text);
	if (strlen(text) >= sizeof(clean))
		strcpy(clean + sizeof(clean) - 4, "...");
	snprintf(buf, APP_QUOTE_MAX, "'%s'", clean);
	return buf;
}

static int
parse_port(const char *text, unsigned *ret_port, struct ht_buf *err)
{
	char quote[APP_QUOTE_MAX];
	int64_t port;

	if (!app_number_parse(text, &port) || port < 1 || port > 65535) {
		ht_buf_printf(
		    err, "%s is not a port (1 to 65535)", app_quote(text, quote));
		return -EINVAL;
	}
	*ret_port = (unsigned)port;
	return 0;
}

/*
 * Where the host is, and where its port (NULL if none).  Two colons without
 * brackets make an IPv6 address, which then has no port.
 */
static void
split_port(const char *text, const char **host, size_t *len, const char **port)
{
	const char *close = text[0] == '[' ? strchr(text, ']') : NULL;
	const char *colon = strchr(text, ':');

	*host = text;
	*len = strlen(text);
	*port = NULL;
	if (close != NULL && (close[1] == '\0' || close[1] == ':')) {
		*host = text + 1;
		*len = (size_t)(close - text) - 1;
		*port = close[1] == ':' ? close + 2 : NULL;
	} else if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		*len = (size_t)(colon - text);
		*port = colon + 1;
	}
}

int
app_target_parse(const char *text, struct app_target *ret_target, struct ht_buf *err)
{
	struct app_target target = { .port = 0 };
	char quote[APP_QUOTE_MAX];
	const char *host, *port;
	size_t len;

	if (strstr(text, "://") != NULL) {
		ht_buf_printf(
		    err, "%s is a URL; give its host alone", app_quote(text, quote));
		return -EINVAL;
	}
	split_port(text, &host, &len, &port);
	if (len >= sizeof(target.host)) {
		ht_buf_printf(err, "%s is too long", app_quote(text, quote));
		return -EINVAL;
	}
	memcpy(target.host, host, len);

	const char *refusal = names_refusal(target.host);
	if (refusal != NULL) {
		ht_buf_printf(err, "%s %s", app_quote(target.host, quote), refusal);
		return -EINVAL;
	}
	if (port != NULL && parse_port(port, &target.port, err) != 0)
		return -EINVAL;
	*ret_target = target;
	return 0;
}

int
app_targets_add(struct app_options *opt, const char *text, struct ht_buf *err)
{
	struct app_target target;

	if (app_target_parse(text, &target, err) != 0)
		return -EINVAL;
	if (opt->n_targets == HT_TARGETS_MAX) {
		ht_buf_printf(err, "more than %d hosts", HT_TARGETS_MAX);
		return -ENOSPC;
	}
	opt->targets[opt->n_targets++] = target;
	return 0;
}

/*
 * Read one line without its end; comments are dropped however long they are.
 * 1: a line, 0: the end, else negative errno.
 */
static int
read_line(FILE *fp, char *line, size_t size)
{
	bool is_comment = false;
	size_t len = 0;
	int c;

	while ((c = getc(fp)) != EOF && c != '\n') {
		is_comment = is_comment || c == '#';
		if (is_comment)
			continue;
		if (c == '\0')
			return -EILSEQ;
		if (len + 1 == size)
			return -E2BIG;
		line[len++] = (char)c;
	}
	line[len] = '\0';
	if (c == EOF && ferror(fp))
		return errno != 0 ? -errno : -EIO;
	return c != EOF || len > 0 || is_comment;
}

/* Cut blanks, and the \r of other systems' lines, off both ends. */
static char *
trim(char *line)
{
	size_t len = strlen(line);

	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		line[--len] = '\0';
	return line + strspn(line, " \t");
}

static int
add_line(struct app_options *opt, const char *text, const char *name, unsigned number,
    struct ht_buf *err)
{
	struct ht_buf why;

	ht_buf_init(&why);

	int r = app_targets_add(opt, text, &why);
	if (r != 0)
		ht_buf_printf(err, "%s:%u: %s", name, number, why.text);
	ht_buf_done(&why);
	return r;
}

static const char *
line_error(int r)
{
	if (r == -EILSEQ)
		return "this is not a text file";
	return r == -E2BIG ? "the line is too long" : NULL;
}

int
app_targets_read(
    struct app_options *opt, FILE *fp, const char *name, struct ht_buf *err)
{
	char line[LINE_MAX_BYTES], clean[LINE_MAX_BYTES];
	unsigned number = 0;
	int r;

	ht_text_clean(clean, sizeof(clean), name);
	errno = 0;
	while ((r = read_line(fp, line, sizeof(line))) > 0) {
		const char *text = trim(line);

		number++;
		r = *text != '\0' ? add_line(opt, text, clean, number, err) : 0;
		if (r != 0)
			return r;
	}
	if (r == 0)
		return 0;
	if (line_error(r) != NULL) {
		ht_buf_printf(err, "%s:%u: %s", clean, number + 1, line_error(r));
		return -EINVAL;
	}
	ht_buf_printf(err, "%s: %s", clean, strerror(-r));
	return r;
}
