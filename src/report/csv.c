/* SPDX-License-Identifier: ISC */
/*
 * mtr's comma-separated lines, with the quoting of RFC 4180 that mtr lacks.
 */
#include <string.h>

#include <hoptop/version.h>

#include "report/layout.h"
#include "view/number.h"

/* mtr's word for itself, so that readers that look for it find it. */
#define CSV_VERSION "MTR.0.96+hoptop-"

/* Append a field, quoted if it has to be. */
static void
add_field(struct ht_buf *b, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		ht_buf_str(b, text);
		return;
	}
	ht_buf_str(b, "\"");
	for (; *text != '\0'; text++) {
		if (*text == '"')
			ht_buf_str(b, "\"");
		ht_buf_add(b, text, 1);
	}
	ht_buf_str(b, "\"");
}

/* mtr ends the heading line, and only that, with a comma. */
static void
add_headings(struct report *rp)
{
	const char *letters = report_letters(rp);
	const struct view_column *col;

	ht_buf_str(&rp->out, "Mtr_Version,Start_Time,Status,Host,Hop,Ip,");
	while ((col = report_next_column(&letters)) != NULL)
		ht_buf_printf(&rp->out, "%s,", col->heading);
	ht_buf_str(&rp->out, "\n");
}

static void
add_value(struct report *rp, const struct view_column *col, const struct view_row *row)
{
	struct view_value v;
	char text[VIEW_NUMBER_MAX];

	/* In the gap's place mtr prints the probes lost. */
	if (col->unit == VIEW_UNIT_NONE)
		col = view_column_find('D');

	bool has = report_value(col, row, &v);

	ht_buf_str(&rp->out, ",");
	if (!has)
		return;
	switch (col->unit) {
	case VIEW_UNIT_PCT:
		ht_buf_str(&rp->out, view_number(v.number, 2, text));
		break;
	case VIEW_UNIT_MS:
		ht_buf_str(&rp->out, view_number(v.number / (double)HT_MS, 2, text));
		break;
	case VIEW_UNIT_COUNT:
		ht_buf_printf(&rp->out, "%llu", (unsigned long long)v.count);
		break;
	case VIEW_UNIT_TEXT:
		add_field(&rp->out, v.text);
		break;
	case VIEW_UNIT_NONE:
	case VIEW_UNIT_HISTORY:
	case VIEW_UNIT_COUNT_:
		break;
	}
}

/* The fields before the hop. */
static void
add_lead(struct report *rp, unsigned target, const char *status)
{
	const struct ht_target *tg = ht_session_target(rp->run.ss, target);

	ht_buf_printf(&rp->out, CSV_VERSION "%s,%lld,", ht_version(),
	    (long long)(rp->run.start_ns / HT_S));
	add_field(&rp->out, status);
	ht_buf_str(&rp->out, ",");
	add_field(&rp->out, tg != NULL ? tg->name : "");
}

static void
add_row(struct report *rp, unsigned target, uint64_t flows, unsigned ttl)
{
	struct report_row row;
	char host[VIEW_HOST_MAX];
	const char *letters = report_letters(rp);
	const struct view_column *col;

	report_row_init(&row, rp, target, flows, ttl);
	add_lead(rp, target, "OK");
	ht_buf_printf(&rp->out, ",%u,", ttl);
	add_field(&rp->out, report_host(rp, &row.view, host));
	while ((col = report_next_column(&letters)) != NULL)
		add_value(rp, col, &row.view);
	ht_buf_str(&rp->out, "\n");
}

/* A line per branch. */
static void
add_rows(struct report *rp, unsigned target, unsigned ttl)
{
	struct ht_branch branches[HT_MERGE_MAX];
	unsigned n = report_branches(rp, target, ttl, branches);

	for (unsigned i = 0; i < n; i++)
		add_row(rp, target, branches[i].flows, ttl);
}

/* A target without a row: the status says why, all else is empty. */
static void
add_problem(struct report *rp, unsigned target)
{
	char why[160];
	const char *letters = report_letters(rp);

	report_problem(rp, target, why);
	add_lead(rp, target, why[0] != '\0' ? why : "nothing was sent");
	ht_buf_str(&rp->out, ",,");
	while (report_next_column(&letters) != NULL)
		ht_buf_str(&rp->out, ",");
	ht_buf_str(&rp->out, "\n");
}

static void
finish_csv(struct report *rp, unsigned target)
{
	unsigned first, last;

	add_headings(rp);
	if (!report_rows(rp, target, &first, &last))
		add_problem(rp, target);
	for (unsigned ttl = first; ttl <= last; ttl++)
		add_rows(rp, target, ttl);
}

const struct report_ops report_csv = {
	.id = "csv",
	.letter = 'C',
	.long_name = "csv",
	.help = "comma-separated values",
	.finish = finish_csv,
};
