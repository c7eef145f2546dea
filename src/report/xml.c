/* SPDX-License-Identifier: ISC */
/*
 * mtr's XML document, with the escaping that mtr lacks.
 */
#include <string.h>

#include "report/layout.h"

/* Append text for an attribute or an element. */
static void
add_escaped(struct ht_buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			ht_buf_str(b, "&amp;");
			break;
		case '<':
			ht_buf_str(b, "&lt;");
			break;
		case '>':
			ht_buf_str(b, "&gt;");
			break;
		case '"':
			ht_buf_str(b, "&quot;");
			break;
		default:
			ht_buf_add(b, text, 1);
		}
	}
}

static void
add_attribute(struct ht_buf *b, const char *name, const char *value)
{
	ht_buf_printf(b, " %s=\"", name);
	add_escaped(b, value);
	ht_buf_str(b, "\"");
}

/* A heading as a tag: "Loss%" becomes "Loss", as in mtr. */
static void
add_tag(struct ht_buf *b, const char *slash, const char *heading)
{
	ht_buf_printf(b, "<%s%.*s>", slash, (int)strcspn(heading, "%"), heading);
}

static void
add_value(struct report *rp, const struct view_column *col, const struct view_row *row)
{
	struct view_value v;
	char cell[REPORT_CELL_MAX];

	if (col->unit == VIEW_UNIT_NONE)
		return;
	ht_buf_str(&rp->out, "        ");
	add_tag(&rp->out, "", col->heading);
	if (report_value(col, row, &v))
		add_escaped(&rp->out, report_cell(col, true, &v, cell));
	add_tag(&rp->out, "/", col->heading);
	ht_buf_str(&rp->out, "\n");
}

static void
add_hub(struct report *rp, unsigned target, uint64_t flows, unsigned ttl)
{
	struct report_row row;
	char host[VIEW_HOST_MAX];
	const char *letters = report_letters(rp);
	const struct view_column *col;

	report_row_init(&row, rp, target, flows, ttl);
	ht_buf_printf(&rp->out, "    <HUB COUNT=\"%u\"", ttl);
	add_attribute(&rp->out, "HOST", report_host(rp, &row.view, host));
	ht_buf_str(&rp->out, ">\n");
	while ((col = report_next_column(&letters)) != NULL)
		add_value(rp, col, &row.view);
	ht_buf_str(&rp->out, "    </HUB>\n");
}

/* A hub per branch. */
static void
add_hubs(struct report *rp, unsigned target, unsigned ttl)
{
	struct ht_branch branches[HT_MERGE_MAX];
	unsigned n = report_branches(rp, target, ttl, branches);

	for (unsigned i = 0; i < n; i++)
		add_hub(rp, target, branches[i].flows, ttl);
}

static void
add_head(struct report *rp, unsigned target)
{
	const struct ht_settings *set = ht_session_settings(rp->run.ss);
	const struct ht_target *tg = ht_session_target(rp->run.ss, target);
	char text[HT_NAME_MAX];

	ht_buf_str(&rp->out, "<?xml version=\"1.0\"?>\n<MTR");
	add_attribute(&rp->out, "SRC", report_local_host(rp, text));
	add_attribute(&rp->out, "DST", tg != NULL ? tg->name : "");
	ht_buf_printf(&rp->out, " TOS=\"0x%X\"", set->tos);
	add_attribute(&rp->out, "PSIZE", report_psize(rp, tg, text));
	add_attribute(&rp->out, "BITPATTERN", report_pattern(rp, text));
	ht_buf_printf(&rp->out, " TESTS=\"%llu\"", (unsigned long long)set->cycles);
	if (report_problem(rp, target, text)[0] != '\0')
		add_attribute(&rp->out, "ERROR", text);
	ht_buf_str(&rp->out, ">\n");
}

static void
finish_xml(struct report *rp, unsigned target)
{
	unsigned first, last;

	report_rows(rp, target, &first, &last);
	add_head(rp, target);
	for (unsigned ttl = first; ttl <= last; ttl++)
		add_hubs(rp, target, ttl);
	ht_buf_str(&rp->out, "</MTR>\n");
}

const struct report_ops report_xml = {
	.id = "xml",
	.letter = 'x',
	.long_name = "xml",
	.help = "an XML document",
	.finish = finish_xml,
};
