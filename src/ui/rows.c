/* SPDX-License-Identifier: ISC */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ui/state.h"

struct view_row
ui_row_plain(const struct ui *ui, unsigned ttl)
{
	struct view_row row;

	view_row_init(&row, ui->ss, ui->target, 0, ttl);
	return row;
}

struct view_row
ui_row(struct ui *ui, unsigned ttl, unsigned slot)
{
	struct view_row row = ui_row_plain(ui, ttl);

	if (row.hop != NULL && ui->needs_recent) {
		ht_hop_window_last(row.hop, VIEW_RECENT, &ui->window[slot]);
		row.recent = &ui->window[slot];
	}
	return row;
}

const char *
ui_row_empty(const struct view_row *row)
{
	const struct ht_counts *counts = row->hop != NULL ? &row->hop->counts : NULL;

	if (counts == NULL || (counts->sent == 0 && counts->failed == 0))
		return "(not probed)";
	if (counts->sent == 0)
		return "(not sent)";
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

	for (unsigned i = 1; i < n; i++) {
		uint8_t ttl = ui->rows[i];
		struct view_row row = ui_row(ui, ttl, 0);
		unsigned at = i;
		for (; at > 0; at--) {
			struct view_row before = ui_row(ui, ui->rows[at - 1], 1);
			if (view_column_compare(col, &before, &row, ui->is_reversed)
			    <= 0)
				break;
			ui->rows[at] = ui->rows[at - 1];
		}
		ui->rows[at] = ttl;
	}
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
add_line(struct ui *ui, unsigned ttl, enum ui_line_kind kind, unsigned index)
{
	if (ui->n_lines < UI_LINES_MAX)
		ui->lines[ui->n_lines++] = (struct ui_table_line){
			.ttl = (uint8_t)ttl,
			.kind = (uint8_t)kind,
			.index = (uint8_t)index,
		};
}

/* The addresses of a hop other than the one in its own line. */
static void
add_addr_lines(struct ui *ui, const struct ht_hop *hop)
{
	unsigned others = hop->n_addrs > 1 ? hop->n_addrs - 1 : 0;
	unsigned room = others > UI_ADDR_LINES ? UI_ADDR_LINES - 1 : others;
	unsigned shown = 0;

	for (unsigned i = 0; i < hop->n_addrs && shown < room; i++)
		if ((int)i != hop->addr_index) {
			add_line(ui, hop->ttl, UI_LINE_ADDR, i);
			shown++;
		}
	if (shown < others)
		add_line(ui, hop->ttl, UI_LINE_MORE, others - shown);
}

static void
add_hop_lines(struct ui *ui, unsigned ttl)
{
	const struct ht_hop *hop = ht_path_hop(ui->path, ttl);

	add_line(ui, ttl, UI_LINE_HOP, 0);
	if (hop == NULL)
		return;
	if (!ui->is_compact)
		add_addr_lines(ui, hop);
	for (unsigned i = 0; ui->shows_mpls && hop->has_ext && i < hop->ext.n_mpls; i++)
		add_line(ui, ttl, UI_LINE_MPLS, i);
}

void
ui_rows_build(struct ui *ui)
{
	const struct ht_settings *set = ht_session_settings(ui->ss);
	const struct view_column *col = ui->sort != 0 ? view_column_find(ui->sort)
						      : NULL;

	ui->path = ht_session_path(ui->ss, ui->target, 0);
	ui->needs_recent = needs_recent(ui, col);
	ui->n_rows = 0;
	ui->n_lines = 0;
	if (ui->path == NULL || ht_path_first(ui->path) == 0)
		return;

	/* Hops that are no longer probed keep their history, but show no row. */
	unsigned first = ht_path_first(ui->path), last = ht_path_last(ui->path);
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
