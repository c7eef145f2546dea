/* SPDX-License-Identifier: ISC */
/*
 * Prints the rows that the manual has to hold, for tests/check-docs.sh: a word
 * that says what it is, then the name, or the line of the manual; behind a tab
 * the sentence that has to follow that line, if it has to be the table's.
 */
#include <stdio.h>

#include "app/options.h"
#include "ui/keys.h"
#include "view/columns.h"

static void
print_option(const struct app_option *row)
{
	if (row->set == NULL) {
		printf("later %s\n", row->name);
		return;
	}
	printf("name %s\nline .It Fl ", row->name);
	if (row->letter != 0)
		printf("%c , ", row->letter);
	printf("-%s", row->name);
	if (row->metavar != NULL)
		printf(" Ar %s", row->metavar);
	printf("\n");
}

/* What mdoc takes for punctuation, or for a minus that is none, is escaped. */
static void
print_key(const struct ui_key_row *row)
{
	char names[64];

	ui_key_names(row, names);
	printf("line .It Ic ");
	for (const char *c = names; *c != '\0'; c++)
		printf("%s%c", *c == '?' ? "\\&" : *c == '-' ? "\\" : "", *c);
	printf("\t%s.\n", row->help);
}

int
main(void)
{
	for (const struct app_option *row = app_option_table; row->name != NULL; row++)
		print_option(row);
	for (const struct view_column *col = view_columns; col->letter != 0; col++)
		if (col->letter != ' ')
			printf("line .It Sy %c Pq %s\t%s\n", col->letter, col->heading,
			    col->help);
	for (const struct ui_key_row *row = ui_keys; row->action != UI_ACT_NONE; row++)
		print_key(row);
	return 0;
}
