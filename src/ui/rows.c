/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "ui/state.h"

bool
ui_has_flows(const struct ui *ui)
{
	return view_flows_count(ui->flows) > 1;
}

/*
 * Who was answered last changes from frame to frame.  Where several branches share
 * a row it is headed by the first of them.
 */
static void
head_steadily(struct ui *ui, unsigned ttl)
{
	struct ht_branch branches[HT_MERGE_MAX];
	struct ht_hop *hop = &ui->room.merged.hop;

	if (view_flows_branches(ui->ss, ui->target, ui->flows, ttl, branches) < 2)
		return;
	for (unsigned i = 0; i < hop->n_addrs; i++)
		if (ht_addr_equal(&hop->addrs[i].addr, &branches[0].addr))
			hop->addr_index = (int)i;
}

struct view_row
ui_row_plain(struct ui *ui, unsigned ttl, uint64_t flows)
{
	struct view_row row;

	view_row_flows(&row, &ui->room, ui->ss, ui->target, flows, ttl);
	if (ui_has_flows(ui) && flows == ui->flows)
		head_steadily(ui, ttl);
	return row;
}

struct view_row
ui_row(struct ui *ui, unsigned ttl, uint64_t flows)
{
	struct view_row row = ui_row_plain(ui, ttl, flows);

	if (ui->needs_recent)
		view_row_recent(&row, &ui->room);
	return row;
}

size_t
ui_samples(struct ui *ui, unsigned ttl, uint64_t flows, size_t max)
{
	const struct ht_hop *hops[HT_MERGE_MAX];
	unsigned n = view_flows_hops(ui->ss, ui->target, flows, ttl, hops);

	return ht_hops_newest(
	    hops, n, ui->samples, max < UI_SAMPLES_MAX ? max : UI_SAMPLES_MAX);
}

const char *
ui_row_empty(const struct view_row *row)
{
	const struct ht_counts *counts = row->hop != NULL ? &row->hop->counts : NULL;

	if (counts == NULL || (counts->sent == 0 && counts->failed == 0))
		return "(not probed)";
	if (counts->sent == 0)
		return "(not sent)";
	if (counts->received + counts->late > 0)
		return "(answer unsure)";
	return counts->lost > 0 ? "(no reply)" : "(waiting)";
}

bool
ui_rows_are_pinned(const struct ui *ui)
{
	return ui->path != NULL && ht_path_stop(ui->path) != HT_STOP_NONE
	       && ht_path_last(ui->path) <= ht_session_settings(ui->ss)->max_ttl;
}

int
ui_rows_find(const struct ui *ui, unsigned ttl)
{
	for (unsigned i = 0; i < ui->n_rows; i++)
		if (ui->rows[i] == ttl)
			return (int)i;
	return -1;
}

/* Windows are computed from the samples, which takes longer than all the rest. */
static bool
needs_recent(const struct ui *ui, const struct view_column *sort)
{
	if (sort != NULL && view_column_is_recent(sort))
		return true;
	for (const char *s = ui_columns_shown(ui); *s != '\0'; s++) {
		const struct view_column *col = view_column_find(*s);
		if (col != NULL && view_column_is_recent(col))
			return true;
	}
	return false;
}

/* Insertion keeps ties in the order of the path; paths are short. */
static void
sort_rows(struct ui *ui, const struct view_column *col)
{
	unsigned n = ui->n_rows - (ui_rows_are_pinned(ui) && ui->n_rows > 0 ? 1 : 0);
	struct view_key keys[HT_TTL_MAX];

	for (unsigned i = 0; i < n; i++) {
		struct view_row row = ui_row(ui, ui->rows[i], ui->flows);
		struct view_key key = view_column_key(col, &row);
		unsigned at = i;
		for (; at > 0; at--) {
			if (view_column_compare(
				col, &keys[at - 1], &key, ui->is_reversed)
			    <= 0)
				break;
			keys[at] = keys[at - 1];
		}
		keys[at] = key;
	}
	for (unsigned i = 0; i < n; i++)
		ui->rows[i] = (uint8_t)keys[i].ttl;
}

static void
reverse_rows(struct ui *ui)
{
	unsigned n = ui->n_rows - (ui_rows_are_pinned(ui) && ui->n_rows > 0 ? 1 : 0);

	for (unsigned i = 0; i < n / 2; i++) {
		uint8_t ttl = ui->rows[i];
		ui->rows[i] = ui->rows[n - 1 - i];
		ui->rows[n - 1 - i] = ttl;
	}
}

static void
add_line(
    struct ui *ui, enum ui_line_kind kind, const struct view_row *row, unsigned index)
{
	if (ui->n_lines < UI_LINES_MAX)
		ui->lines[ui->n_lines++] = (struct ui_table_line){
			.flows = row->flows,
			.ttl = (uint8_t)row->ttl,
			.kind = (uint8_t)kind,
			.index = (uint8_t)index,
		};
}

/* The addresses other than the one in the row's own line; returns how many. */
static unsigned
add_addr_lines(struct ui *ui, const struct view_row *row, unsigned room)
{
	const struct ht_hop *hop = row->hop;
	unsigned others = hop->n_addrs > 1 ? hop->n_addrs - 1 : 0;
	unsigned shown = 0;

	for (unsigned i = 0; i < hop->n_addrs && shown < room; i++)
		if ((int)i != hop->addr_index) {
			add_line(ui, UI_LINE_ADDR, row, i);
			shown++;
		}
	if (shown < others)
		add_line(ui, UI_LINE_MORE, row, others - shown);
	return shown;
}

/* The lines of a branch, or of a hop without any; returns addresses shown. */
static unsigned
add_branch_lines(
    struct ui *ui, const struct view_row *row, enum ui_line_kind kind, unsigned room)
{
	const struct ht_hop *hop = row->hop;
	unsigned shown = 1;

	add_line(ui, kind, row, 0);
	if (hop == NULL)
		return shown;
	if (!ui->is_compact)
		shown += add_addr_lines(ui, row, room - shown);
	for (unsigned i = 0; ui->shows_mpls && hop->has_ext && i < hop->ext.n_mpls; i++)
		add_line(ui, UI_LINE_MPLS, row, i);
	return shown;
}

static void
add_hop_lines(struct ui *ui, unsigned ttl)
{
	struct ht_branch branches[HT_MERGE_MAX] = { { .flows = ui->flows } };
	unsigned left = ui->paths_max, n = 1, i;
	struct view_row row = { .flows = ui->flows, .ttl = ttl };

	if (!ui->is_compact)
		n = view_flows_branches(ui->ss, ui->target, ui->flows, ttl, branches);
	for (i = 0; i < n && left > 0; i++) {
		row = ui_row_plain(ui, ttl, branches[i].flows);
		left -= add_branch_lines(
		    ui, &row, i == 0 ? UI_LINE_HOP : UI_LINE_BRANCH, left);
	}
	if (i < n)
		add_line(ui, UI_LINE_MORE_BRANCHES, &row, n - i);
}

/* Which flows are looked at, and where they end. */
static void
look_at_flows(struct ui *ui)
{
	ui->flows = ui_flows(ui);
	ui->path = view_flows_path(ui->ss, ui->target, ui->flows);
}

void
ui_rows_build(struct ui *ui)
{
	const struct ht_settings *set = ht_session_settings(ui->ss);
	const struct view_column *col = ui->sort != 0 ? view_column_find(ui->sort)
						      : NULL;
	unsigned first, last;

	look_at_flows(ui);
	ui->needs_recent = needs_recent(ui, col);
	ui->n_rows = 0;
	ui->n_lines = 0;
	if (!view_flows_rows(ui->ss, ui->target, ui->flows, &first, &last))
		return;

	/* Hops that are no longer probed keep their history, but show no row. */
	if (first < set->first_ttl)
		first = set->first_ttl;
	if (last > set->max_ttl)
		last = set->max_ttl;
	for (unsigned ttl = first; ttl <= last && ui->n_rows < HT_TTL_MAX; ttl++)
		ui->rows[ui->n_rows++] = (uint8_t)ttl;
	if (col != NULL)
		sort_rows(ui, col);
	else if (ui->is_reversed)
		reverse_rows(ui);
	for (unsigned i = 0; i < ui->n_rows; i++)
		add_hop_lines(ui, ui->rows[i]);
}

const char *
ui_span_text(ht_time span, char buf[static 32])
{
	long s = span > 0 ? (long)(span / HT_S) : 0;

	if (s < 60)
		snprintf(buf, 32, "%lds", s);
	else if (s < 3600)
		snprintf(buf, 32, "%ldm%02lds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, 32, "%ldh%02ldm", s / 3600, s / 60 % 60);
	else
		snprintf(buf, 32, "%ldd%02ldh", s / 86400, s / 3600 % 24);
	return buf;
}

struct error_word {
	int error;
	const char *text;
};

const char *
ui_error_text(int error)
{
	/* strerror() would speak another language in another locale. */
	static const struct error_word words[] = {
		{ EACCES, "not permitted to this user" },
		{ EPERM, "blocked by the local firewall" },
		{ ENETUNREACH, "no route" },
		{ EHOSTUNREACH, "no route to the host" },
		{ ENETDOWN, "network is down" },
		{ ENODEV, "interface is gone" },
		{ EADDRNOTAVAIL, "source address is gone" },
		{ EADDRINUSE, "source port is taken" },
		{ EMSGSIZE, "too big for the interface" },
		{ ENOBUFS, "send queue is full" },
		{ ENOMEM, "send queue is full" },
		{ EAGAIN, "send queue is full" },
		{ EINVAL, "refused by the kernel" },
		{ EMFILE, "too many open sockets" },
		{ EPROTONOSUPPORT, "protocol is not supported" },
		{ EAFNOSUPPORT, "address family is not supported" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].error == error)
			return words[i].text;
	return strerror(error);
}
