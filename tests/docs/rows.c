/* SPDX-License-Identifier: ISC */
/*
 * Prints the rows that the manual has to hold, for tests/check-docs.sh: a word
 * that says what it is, and the line of the manual or the name.
 */
#include <stdio.h>

#include "app/options.h"
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

int
main(void)
{
	for (const struct app_option *row = app_option_table; row->name != NULL; row++)
		print_option(row);
	for (const struct view_column *col = view_columns; col->letter != 0; col++)
		if (col->letter != ' ')
			printf("line .It Sy %c Pq %s\n", col->letter, col->heading);
	return 0;
}
