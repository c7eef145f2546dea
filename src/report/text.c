/* SPDX-License-Identifier: ISC */
/*
 * The report for people, as mtr lays it out.
 *
 * Scripts cut these lines by column, so the quirks stay: 33 columns for the
 * host (8 of them "  1.|-- "), a wide header that begins two columns left of
 * the rows, and a value too wide for its column that loses its last decimals
 * ("100.0" without '%', "3062.") unless it stands at the end of the line.  What
 * is not kept: a digit before the point is never cut, a value that does not
 * exist is "-", a name in the wide report is never cut.
 */
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "report/layout.h"

/* Letters of -o, and one more. */
#define LETTERS_MAX 80

/* Columns of the host part of a narrow report. */
#define HOST_WIDTH 33

/* What stands before the host in a row, and so much more in a further branch. */
#define LEAD_WIDTH   8
#define BRANCH_WIDTH 4

/* The columns; where there are branches, how many flows each has comes first. */
static const char *
text_letters(const struct report *rp, char buf[static LETTERS_MAX])
{
	const char *letters = report_letters(rp);
	bool is_missing = report_has_flows(rp) && strchr(letters, 'F') == NULL;

	snprintf(buf, LETTERS_MAX, "%s%s", is_missing ? "F" : "", letters);
	return buf;
}

/* Append text, padded to width. */
static void
add_padded(struct ht_buf *b, const char *text, size_t width)
{
	size_t len = strlen(text);

	ht_buf_add(b, text, len);
	if (len < width)
		ht_buf_fill(b, ' ', width - len);
}

static void
add_cell(struct ht_buf *b, const struct view_column *col, const struct view_row *row,
    bool is_last)
{
	struct view_value v = { 0 };
	char cell[REPORT_CELL_MAX];
	bool has = col->get(row, &v);
	size_t len = strlen(report_cell(col, has, &v, cell));
	size_t whole = strcspn(cell, ".%");
	size_t width = (size_t)col->width;

	if (!is_last && len > width)
		len = whole > width ? whole : width;
	ht_buf_add(b, cell, len);
}

static void
add_cells(struct report *rp, const struct view_row *row)
{
	char buf[LETTERS_MAX];
	const char *letters = text_letters(rp, buf);
	const struct view_column *col = report_next_column(&letters);

	while (col != NULL) {
		const struct view_column *next = report_next_column(&letters);

		add_cell(&rp->out, col, row, next == NULL);
		col = next;
	}
	ht_buf_str(&rp->out, "\n");
}

static void
add_headings(struct report *rp)
{
	char buf[LETTERS_MAX];
	const char *letters = text_letters(rp, buf);
	const struct view_column *col;

	while ((col = report_next_column(&letters)) != NULL)
		ht_buf_printf(&rp->out, "%*s", col->width, col->heading);
	ht_buf_str(&rp->out, "\n");
}

static void
add_interface(struct report *rp, const struct ht_extensions *ext, const char *lead)
{
	char addr[HT_ADDR_TEXT_MAX];

	ht_addr_text(&ext->if_addr, addr);
	if (ext->if_index == 0 && ext->if_name[0] == '\0' && addr[0] == '\0')
		return;
	ht_buf_printf(&rp->out, "%s[Interface:", lead);
	if (ext->if_name[0] != '\0')
		ht_buf_printf(&rp->out, " %s", ext->if_name);
	if (addr[0] != '\0')
		ht_buf_printf(&rp->out, " %s", addr);
	if (ext->if_index != 0)
		ht_buf_printf(&rp->out, " index %lu", (unsigned long)ext->if_index);
	if (ext->if_mtu != 0)
		ht_buf_printf(&rp->out, " MTU %lu", (unsigned long)ext->if_mtu);
	ht_buf_str(&rp->out, "]\n");
}

static void
add_extensions(struct report *rp, const struct ht_hop *hop, const char *lead)
{
	if (!rp->run.show_mpls || hop == NULL || !hop->has_ext)
		return;
	for (unsigned i = 0; i < hop->ext.n_mpls; i++) {
		const struct ht_mpls *m = &hop->ext.mpls[i];

		ht_buf_printf(&rp->out, "%s[MPLS: Lbl %lu TC %u S %u TTL %u]\n", lead,
		    (unsigned long)m->label, m->tc, m->bottom, m->ttl);
	}
	add_interface(rp, &hop->ext, lead);
}

/* So many are left out. */
static void
add_rest(struct report *rp, unsigned n, const char *one, const char *many)
{
	ht_buf_printf(&rp->out, "    |      and %u more %s\n", n, n == 1 ? one : many);
}

/* The other addresses of a row, and what its labels are; at most room of them. */
static unsigned
add_more(struct report *rp, const struct ht_hop *hop, unsigned room)
{
	char host[VIEW_HOST_MAX];
	unsigned others, n = 0;

	if (hop == NULL)
		return 0;
	others = hop->n_addrs > 1 ? hop->n_addrs - 1 : 0;
	add_extensions(rp, hop, hop->n_addrs > 1 ? "    |  |+-- " : "    |   +-- ");
	for (unsigned i = 0; i < hop->n_addrs && n < room; i++) {
		if ((int)i == hop->addr_index)
			continue;
		ht_buf_printf(&rp->out, "    |  %c|-- %s\n", n++ == 0 ? '`' : ' ',
		    view_addr(rp->run.ss, &hop->addrs[i].addr, rp->run.names, host));
	}
	if (n < others)
		add_rest(rp, others - n, "address", "addresses");
	return n;
}

/* Columns of the host in a row, its lead's excess over a first row's included. */
static size_t
host_width(const struct report *rp, unsigned target, uint64_t flows, unsigned ttl,
    bool is_first)
{
	struct report_row row;
	char text[VIEW_HOST_MAX];

	report_row_init(&row, rp, target, flows, ttl);
	view_host(&row.view, rp->run.names, "???", text);
	return strlen(text) + (is_first ? 0 : BRANCH_WIDTH);
}

/* Columns of the longest host, for the wide report. */
static size_t
widest_host(const struct report *rp, unsigned target)
{
	struct ht_branch branches[HT_MERGE_MAX];
	char text[VIEW_HOST_MAX];
	size_t widest = strlen(report_local_host(rp, text));
	unsigned first, last;

	report_rows(rp, target, &first, &last);
	for (unsigned ttl = first; ttl <= last; ttl++) {
		unsigned n = report_branches(rp, target, ttl, branches);

		for (unsigned i = 0; i < n; i++) {
			size_t len = host_width(
			    rp, target, branches[i].flows, ttl, i == 0);
			if (len > widest)
				widest = len;
		}
	}
	return widest;
}

/* The host; of a name too long the end is cut, never the mark behind it. */
static void
add_host(struct report *rp, const struct view_row *row, size_t width, bool cut)
{
	char plain[VIEW_HOST_MAX], host[VIEW_HOST_MAX];
	size_t len = strlen(report_host(rp, row, plain));
	const char *mark = view_host(row, rp->run.names, "???", host) + len;
	size_t room = width - strlen(mark);

	if (cut && len > room)
		len = room;
	ht_buf_add(&rp->out, plain, len);
	add_padded(&rp->out, mark, width - len);
}

/* A row and what belongs to it; returns how many addresses were said. */
static unsigned
add_row(struct report *rp, unsigned target, const struct ht_branch *branch,
    unsigned ttl, size_t width, bool cut, unsigned room)
{
	struct report_row row;

	report_row_init(&row, rp, target, branch->flows, ttl);
	add_host(rp, &row.view, width, cut);
	add_cells(rp, &row.view);
	return 1 + add_more(rp, row.view.hop, room - 1);
}

/* The branches of a hop: the first with its number, the others below it. */
static void
add_hop(struct report *rp, unsigned target, unsigned ttl, size_t width, bool cut)
{
	struct ht_branch branches[HT_MERGE_MAX];
	unsigned n = report_branches(rp, target, ttl, branches);
	unsigned room = rp->run.paths_max > 0 ? rp->run.paths_max : VIEW_PATHS_DEFAULT;
	unsigned i;

	for (i = 0; i < n && room > 0; i++) {
		if (i == 0)
			ht_buf_printf(&rp->out, " %2u.|-- ", ttl);
		else
			ht_buf_printf(&rp->out, "    |  %c|-- ", i == 1 ? '`' : ' ');
		room -= add_row(rp, target, &branches[i], ttl,
		    i == 0 ? width : width - BRANCH_WIDTH, cut, room);
	}
	if (i < n)
		add_rest(rp, n - i, "branch", "branches");
}

/* Under the rows, or in their place: what went wrong, if anything did. */
static void
add_problem(struct report *rp, unsigned target, bool has_rows)
{
	const struct ht_target *tg = ht_session_target(rp->run.ss, target);
	char why[160];

	report_problem(rp, target, why);
	if (tg != NULL && why[0] != '\0')
		ht_buf_printf(&rp->out, "  %s: %s\n", tg->name, why);
	else if (tg != NULL && !has_rows)
		ht_buf_printf(&rp->out, "  %s: nothing was sent\n", tg->name);
}

static void
add_report(
    struct report *rp, unsigned target, size_t head_width, size_t row_width, bool cut)
{
	char time[REPORT_TIME_MAX], host[HT_NAME_MAX];
	unsigned first, last;
	bool has_rows = report_rows(rp, target, &first, &last);

	ht_buf_printf(
	    &rp->out, "Start: %s\n", report_time_mtr(rp, rp->run.start_ns, time));
	ht_buf_str(&rp->out, "HOST: ");
	report_local_host(rp, host);
	if (cut)
		host[head_width] = '\0';
	add_padded(&rp->out, host, head_width);
	add_headings(rp);
	for (unsigned ttl = first; ttl <= last; ttl++)
		add_hop(rp, target, ttl, row_width, cut);
	add_problem(rp, target, has_rows);
}

static void
finish_text(struct report *rp, unsigned target)
{
	add_report(
	    rp, target, HOST_WIDTH - strlen("HOST: "), HOST_WIDTH - LEAD_WIDTH, true);
}

static void
finish_wide(struct report *rp, unsigned target)
{
	size_t width = widest_host(rp, target);

	add_report(rp, target, width, width, false);
}

const struct report_ops report_text = {
	.id = "text",
	.letter = 'r',
	.long_name = "report",
	.help = "a table, once all cycles are done",
	.finish = finish_text,
};

const struct report_ops report_wide = {
	.id = "wide",
	.letter = 'w',
	.long_name = "report-wide",
	.help = "the same table, names are never cut",
	.finish = finish_wide,
};
