/* SPDX-License-Identifier: ISC */
#include "app/parse.h"

#include <string.h>

/* Where the help of an option begins, and where its lines end. */
#define HELP_COLUMN 30
#define HELP_WIDTH  80

static const char *
group_heading(enum app_group group)
{
	static const char *const headings[] = { "Where to", "What to print",
		"How to probe", "Names", "Look", "Other" };

	return (unsigned)group < APP_GROUP_COUNT ? headings[group] : "";
}

/* Append words from column on, broken before the width. */
static void
add_wrapped(struct ht_buf *out, const char *text, size_t column)
{
	size_t at = column;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		if (at > column && at + 1 + len > HELP_WIDTH) {
			ht_buf_str(out, "\n");
			ht_buf_fill(out, ' ', column);
			at = column;
		} else if (at > column) {
			ht_buf_str(out, " ");
			at++;
		}
		ht_buf_add(out, text, len);
		at += len;
		text += len;
		text += strspn(text, " ");
	}
	ht_buf_str(out, "\n");
}

/* The sentence, and in parentheses the default and the range. */
static void
add_sentence(struct ht_buf *out, const struct app_option *row)
{
	struct ht_buf text;

	ht_buf_init(&text);
	ht_buf_str(&text, row->help);

	size_t before = text.len;
	if (row->def != NULL)
		ht_buf_printf(&text, " (%s", row->def);
	if (row->arg == APP_ARG_NUMBER || row->arg == APP_ARG_SECONDS) {
		ht_buf_str(&text, row->def != NULL ? "; " : " (");
		app_option_range(row, &text);
	}
	if (text.len > before)
		ht_buf_str(&text, ")");
	add_wrapped(out, text.text, HELP_COLUMN);
	ht_buf_done(&text);
}

static void
add_option(struct ht_buf *out, const struct app_option *row)
{
	size_t before = out->len;

	if (row->letter != 0)
		ht_buf_printf(out, "  -%c, --%s", row->letter, row->name);
	else
		ht_buf_printf(out, "      --%s", row->name);
	if (row->metavar != NULL)
		ht_buf_printf(out, " %s", row->metavar);
	if (out->len - before + 2 > HELP_COLUMN) {
		ht_buf_str(out, "\n");
		before = out->len;
	}
	ht_buf_fill(out, ' ', HELP_COLUMN - (out->len - before));
	add_sentence(out, row);
}

void
app_options_help(struct ht_buf *out)
{
	enum app_group group = APP_GROUP_COUNT;

	ht_buf_str(out, "Usage: hoptop [OPTIONS] HOST...\n"
			"Show the hops between here and HOST, and what each of them "
			"does to packets.\n");
	for (const struct app_option *row = app_option_table; row->name != NULL;
	     row++) {
		if (row->set == NULL)
			continue;
		if (row->group != group)
			ht_buf_printf(out, "\n%s:\n", group_heading(row->group));
		group = row->group;
		add_option(out, row);
	}
	ht_buf_str(out, "\nIn parentheses: the default; the range.  More in the "
			"manual, hoptop(8).\n");
}
