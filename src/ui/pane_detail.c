/* SPDX-License-Identifier: ISC */
/*
 * All about one hop: a title, a plot of its newest probes where there is room,
 * then facts in order of interest; what does not fit scrolls.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "ui/spark.h"
#include "ui/state.h"

/* Lines of a plot with its axis; columns of the labels beside it. */
#define PLOT_MIN    4
#define PLOT_MAX    14
#define PLOT_LABELS 8

struct pen {
	struct ui_canvas *cv; /* NULL: only count */
	struct ui_box box;
	int skip;
	int n;
};

static void say(struct pen *pen, enum ui_role role, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Bytes of text that fit into w columns, cut between facts ("  ") if it can be. */
static size_t
fitting(const char *text, size_t w)
{
	size_t len = strlen(text);
	size_t best = 0;

	if (ht_text_width(text) <= w)
		return len;
	for (const char *gap = strstr(text, "  "); gap != NULL;
	     gap = strstr(gap + 2, "  "))
		if ((size_t)(gap - text) <= w)
			best = (size_t)(gap - text);
	return best > 0 ? best : len;
}

static void
put_line(struct pen *pen, enum ui_role role, const char *text)
{
	int y = pen->n++ - pen->skip;

	if (pen->cv != NULL && y >= 0 && y < pen->box.h)
		ui_canvas_text(pen->cv, 1, pen->box.y + y, pen->box.w - 1, role, text);
}

/* Write facts that stand two spaces apart, on as many lines as they need. */
static void
say(struct pen *pen, enum ui_role role, const char *fmt, ...)
{
	size_t w = pen->box.w > 1 ? (size_t)pen->box.w - 1 : 1;
	char text[VIEW_HOST_MAX + 160];
	char line[sizeof(text)];
	const char *rest = text;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	do {
		size_t len = fitting(rest, w);
		memcpy(line, rest, len);
		line[len] = '\0';
		put_line(pen, role, line);
		rest += len + strspn(rest + len, " ");
	} while (*rest != '\0');
}

/* A quantile of the hop in ms, "-" without a sample. */
static const char *
quantile_text(const struct ht_hop *hop, double q, char buf[static 24])
{
	int64_t ns;

	if (ht_hist_quantile(hop->hist, q, &ns))
		snprintf(buf, 24, "%.1f", (double)ns / 1e6);
	else
		snprintf(buf, 24, "-");
	return buf;
}

static const char *
ms_text(bool has, double ns, char buf[static 24])
{
	if (has)
		snprintf(buf, 24, "%.1f", ns / 1e6);
	else
		snprintf(buf, 24, "-");
	return buf;
}

static void
say_counts(struct pen *pen, const struct ht_hop *hop)
{
	const struct ht_counts *c = &hop->counts;
	double loss;
	char pct[32] = "-";

	if (ht_counts_loss_pct(c, &loss))
		snprintf(pct, sizeof(pct), "%.1f%%", loss);
	say(pen, UI_ROLE_NORMAL,
	    "loss %s  sent %llu  received %llu  lost %llu  pending %llu", pct,
	    (unsigned long long)c->sent, (unsigned long long)c->received,
	    (unsigned long long)c->lost, (unsigned long long)c->pending);
	if (c->late + c->duplicate + c->failed > 0)
		say(pen, UI_ROLE_WARN, "late %llu  duplicate %llu  not sent %llu%s%s",
		    (unsigned long long)c->late, (unsigned long long)c->duplicate,
		    (unsigned long long)c->failed, hop->last_error != 0 ? ": " : "",
		    hop->last_error != 0 ? ui_error_text(hop->last_error) : "");
}

static void
say_times(struct pen *pen, const struct ht_hop *hop)
{
	const struct ht_stats *st = &hop->rtt;
	char a[24], b[24], c[24], d[24];
	double stdev = 0, jitter = 0;
	bool has_stdev = ht_stats_stdev(st, &stdev);
	bool has_jitter = ht_stats_jitter_mean(st, &jitter);

	say(pen, UI_ROLE_NORMAL, "p50 %s  p90 %s  p95 %s  p99 %s  jitter %s",
	    quantile_text(hop, 0.5, a), quantile_text(hop, 0.9, b),
	    quantile_text(hop, 0.95, c), quantile_text(hop, 0.99, d),
	    ms_text(has_jitter, jitter, (char[24]){ 0 }));
	say(pen, UI_ROLE_NORMAL, "best %s  avg %s  worst %s  last %s  stdev %s ms",
	    ms_text(st->n > 0, (double)st->best_ns, a),
	    ms_text(st->n > 0, st->mean_ns, b),
	    ms_text(st->n > 0, (double)st->worst_ns, c),
	    ms_text(st->n > 0, (double)st->last_ns, d),
	    ms_text(has_stdev, stdev, (char[24]){ 0 }));
}

/* What the newest answer was, how it was timed, and how far it came. */
static void
say_reply(struct pen *pen, const struct view_row *row)
{
	const struct ht_hop *hop = row->hop;
	const struct view_column *back = view_column_find('b');
	const char *tx = ht_stamp_name((enum ht_stamp)hop->tx_stamp);
	const char *rx = ht_stamp_name((enum ht_stamp)hop->rx_stamp);
	struct view_value value;
	char ttl[64] = "";

	if (hop->reply_kind == HT_REPLY_NONE)
		return;
	if (hop->reply_ttl >= 0 && back->get(row, &value))
		snprintf(ttl, sizeof(ttl), "  reply TTL %d (%llu hop%s back)",
		    hop->reply_ttl, (unsigned long long)value.count,
		    value.count == 1 ? "" : "s");
	say(pen, UI_ROLE_NORMAL, "%s%s  stamps %s%s%s", view_answer_name(hop), ttl, tx,
	    tx != rx ? "/" : "", tx != rx ? rx : "");
}

static void
say_addrs(struct pen *pen, const struct ui *ui, const struct ht_hop *hop, ht_time now)
{
	char text[VIEW_HOST_MAX], span[32];

	for (unsigned i = 0; i < hop->n_addrs; i++) {
		const struct ht_hop_addr *addr = &hop->addrs[i];
		enum view_names how = pen->box.w < 60 ? ui->names : VIEW_NAMES_BOTH;
		view_addr(ui->ss, &addr->addr, how, text);
		say(pen, UI_ROLE_NORMAL, "%s  %llu answer%s  avg %.1f ms  last %s ago",
		    text, (unsigned long long)addr->replies,
		    addr->replies == 1 ? "" : "s", addr->rtt.mean_ns / 1e6,
		    ui_span_text(now - addr->last_at, span));
	}
	if (hop->other_addr_replies > 0)
		say(pen, UI_ROLE_NORMAL, "%llu answers from further addresses",
		    (unsigned long long)hop->other_addr_replies);
}

/* By what the routers before this hop share the load, if they do. */
static void
say_balance(struct pen *pen, const struct ui *ui, unsigned ttl)
{
	unsigned routers;

	switch (view_flows_balance(ui->ss, ui->target, ui->flows, ttl, &routers)) {
	case HT_BALANCE_FLOW:
		say(pen, UI_ROLE_NORMAL, "balances flows over %u routers", routers);
		break;
	case HT_BALANCE_PACKET:
		say(pen, UI_ROLE_NORMAL, "balances packets over %u routers", routers);
		break;
	case HT_BALANCE_NONE:
	case HT_BALANCE_COUNT:
		break;
	}
}

static void
say_flow(
    struct pen *pen, const struct ui *ui, unsigned number, const struct ht_hop *hop)
{
	char host[VIEW_HOST_MAX], avg[24], pct[24] = "-";
	double loss;

	if (hop->addr_index < 0)
		snprintf(host, sizeof(host), "%s",
		    hop->counts.lost > 0 ? "(no reply)" : "(waiting)");
	else
		view_addr(ui->ss, &hop->addrs[hop->addr_index].addr, ui->names, host);
	if (ht_counts_loss_pct(&hop->counts, &loss))
		snprintf(pct, sizeof(pct), "%.1f%%", loss);
	say(pen, UI_ROLE_NORMAL, "flow %u  %s  loss %s  avg %s ms", number, host, pct,
	    ms_text(hop->rtt.n > 0, hop->rtt.mean_ns, avg));
}

/* One line a flow, where several are looked at. */
static void
say_flows(struct pen *pen, const struct ui *ui, unsigned ttl)
{
	const struct ht_hop *hops[HT_MERGE_MAX];
	unsigned first = ht_session_settings(ui->ss)->flow;
	unsigned n = view_flows_hops(ui->ss, ui->target, ui->flows, ttl, hops);

	for (unsigned i = 0; ui_has_flows(ui) && i < n; i++)
		if (hops[i] != NULL)
			say_flow(pen, ui, first + i, hops[i]);
}

static void
say_extensions(struct pen *pen, const struct ht_hop *hop)
{
	const struct ht_extensions *ext = &hop->ext;

	if (!hop->has_ext)
		return;
	for (unsigned i = 0; i < ext->n_mpls && i < HT_MPLS_MAX; i++)
		say(pen, UI_ROLE_NORMAL, "MPLS label %u  TC %u  S %u  TTL %u",
		    ext->mpls[i].label, ext->mpls[i].tc, ext->mpls[i].bottom,
		    ext->mpls[i].ttl);
	if (ext->if_name[0] != '\0' || ext->if_index != 0)
		say(pen, UI_ROLE_NORMAL, "interface %s (index %u, MTU %u)",
		    ext->if_name[0] != '\0' ? ext->if_name : "-", ext->if_index,
		    ext->if_mtu);
	if (ext->malformed)
		say(pen, UI_ROLE_WARN, "its ICMP extensions are malformed");
}

/* What somebody on the way made of the probe, as its router quotes it. */
static void
say_quote(struct pen *pen, const struct ht_hop *hop)
{
	const struct ht_quote *q = &hop->quote;
	const unsigned nat = HT_QUOTE_CHECKSUM | HT_QUOTE_ADDRESS | HT_QUOTE_PORT;
	char fields[80] = "";

	if (!hop->has_quote || q->changed == 0)
		return;
	for (unsigned bit = HT_QUOTE_TOS; bit <= HT_QUOTE_PORT; bit <<= 1) {
		size_t len = strlen(fields);
		if ((q->changed & bit) != 0)
			snprintf(fields + len, sizeof(fields) - len, "%s%s",
			    len > 0 ? ", " : "",
			    ht_quote_field_name((enum ht_quote_field)bit));
	}
	say(pen, UI_ROLE_WARN, "changed on the way here: %s%s", fields,
	    (q->changed & nat) != 0 ? ": a NAT" : "");
	if ((q->changed & HT_QUOTE_TOS) != 0)
		say(pen, UI_ROLE_WARN, "its TOS is 0x%02x here", q->tos);
}

/* Answers that were told apart by less than what we had written into the probe. */
static void
say_matches(struct pen *pen, const struct ht_hop *hop)
{
	if (hop->mapped > 0)
		say(pen, UI_ROLE_NORMAL, "%llu answers known by their address alone",
		    (unsigned long long)hop->mapped);
	if (hop->ambiguous > 0)
		say(pen, UI_ROLE_WARN, "%llu answers that fit several probes: no time",
		    (unsigned long long)hop->ambiguous);
}

static void
say_changes_of(struct pen *pen, const struct ht_path *path, const char *whose,
    unsigned ttl, ht_time now)
{
	struct ht_path_change change;
	char from[HT_ADDR_TEXT_MAX], to[HT_ADDR_TEXT_MAX], span[32];

	for (unsigned back = 0; ht_path_change(path, back, &change); back++) {
		if (change.ttl != ttl)
			continue;
		ht_addr_text(&change.from, from);
		ht_addr_text(&change.to, to);
		say(pen, UI_ROLE_WARN, "%spath changed %s ago: %s -> %s", whose,
		    ui_span_text(now - change.at, span),
		    from[0] != '\0' ? from : "(end)", to[0] != '\0' ? to : "(end)");
	}
}

static void
say_changes(struct pen *pen, const struct ui *ui, unsigned ttl, ht_time now)
{
	unsigned first = ht_session_settings(ui->ss)->flow;
	char whose[32] = "";

	for (unsigned i = 0; i < HT_MERGE_MAX; i++) {
		const struct ht_path *path = (ui->flows >> i & 1) != 0
						 ? ht_session_path(
						     ui->ss, ui->target, i)
						 : NULL;

		if (path == NULL)
			continue;
		if (ui_has_flows(ui))
			snprintf(whose, sizeof(whose), "flow %u: ", first + i);
		say_changes_of(pen, path, whose, ttl, now);
	}
}

static void
say_all(struct pen *pen, const struct ui *ui, const struct view_row *row, ht_time now)
{
	if (row->hop == NULL) {
		say(pen, UI_ROLE_DIM, "%s", ui_row_empty(row));
		return;
	}
	say_counts(pen, row->hop);
	say_times(pen, row->hop);
	say_reply(pen, row);
	say_balance(pen, ui, row->ttl);
	say_addrs(pen, ui, row->hop, now);
	say_flows(pen, ui, row->ttl);
	say_extensions(pen, row->hop);
	say_quote(pen, row->hop);
	say_matches(pen, row->hop);
	say_changes(pen, ui, row->ttl, now);
}

static void
draw_title(struct ui *ui, struct ui_canvas *cv, struct ui_box box,
    const struct view_row *row, bool scrolls)
{
	char host[VIEW_HOST_MAX];
	uint32_t rule = ui->is_ascii ? '-' : 0x2500;
	const char *keys = ui->in_detail ? " Up Dn: scroll  Tab: hops  Esc: close "
			   : scrolls     ? " Tab: scroll  Esc: close "
					 : " Esc: close ";
	int room = box.w - 2 - (int)strlen(keys);

	ui_canvas_fill(cv, box.x, box.y, box.w, UI_ROLE_DIM, rule);
	if (box.w >= 60)
		ui_canvas_right(cv, box.x, box.y, box.w - 1, UI_ROLE_DIM, keys);
	else
		room = box.w - 2;
	view_host(row, VIEW_NAMES_BOTH, ui_row_empty(row), host);
	ui_canvas_printf(cv, box.x + 1, box.y, room,
	    ui->in_detail ? UI_ROLE_KEY : UI_ROLE_TITLE, " Hop %u  %s ", row->ttl,
	    host);
}

/* One probe as a column of the plot: a bar from the bottom, or what befell it. */
static void
draw_bar(struct ui *ui, struct ui_canvas *cv, struct ui_box box, int x,
    const struct ht_sample *sample, const struct ui_scale *scale)
{
	enum ui_role role;
	uint32_t glyph = ui_spark_glyph(sample, scale, ui->is_ascii, &role);

	if (sample->state != HT_SAMPLE_RECEIVED) {
		ui_canvas_put(cv, x, box.y, role, glyph);
		return;
	}
	unsigned eighths = 1
			   + ui_scale_step(scale, sample->rtt_ns, (unsigned)box.h * 8);
	for (int y = box.h - 1; y >= 0 && eighths > 0; y--) {
		unsigned here = eighths < 8 ? eighths : 8;
		ui_canvas_put(cv, x, box.y + y, role, ui_spark_bar(here, ui->is_ascii));
		eighths -= here;
	}
}

/* The axis: how long ago the leftmost probe was sent. */
static void
draw_axis(
    struct ui *ui, struct ui_canvas *cv, struct ui_box box, int shown, ht_time now)
{
	char span[32];
	int y = box.y + box.h;

	if (shown < 1)
		return;
	int used = ui_canvas_printf(cv, box.x + box.w - shown, y, shown, UI_ROLE_DIM,
	    "-%s", ui_span_text(now - ui->samples[shown - 1].at, span));
	if (shown - used > 6)
		ui_canvas_right(
		    cv, box.x + box.w - shown, y, shown, UI_ROLE_DIM, "now");
}

static void
draw_plot(
    struct ui *ui, struct ui_canvas *cv, struct ui_box box, unsigned ttl, ht_time now)
{
	struct ui_box area = { box.x + PLOT_LABELS, box.y, box.w - PLOT_LABELS - 1,
		box.h - 1 };
	struct ui_scale scale = { 0, HT_MS };
	int shown = (int)ui_samples(ui, ttl, ui->flows, (size_t)area.w);

	if (ui_scale_of(ui->samples, (size_t)shown, &scale)) {
		char text[24];
		ui_canvas_right(cv, box.x, area.y, PLOT_LABELS - 2, UI_ROLE_DIM,
		    ms_text(true, (double)scale.high_ns, text));
		ui_canvas_right(cv, box.x, area.y + area.h - 1, PLOT_LABELS - 2,
		    UI_ROLE_DIM, ms_text(true, (double)scale.low_ns, text));
	}
	for (int y = 0; y < area.h; y++)
		ui_canvas_put(cv, area.x - 1, area.y + y, UI_ROLE_DIM,
		    ui->is_ascii ? '|' : 0x2502);
	for (int i = 0; i < shown; i++)
		draw_bar(
		    ui, cv, area, area.x + area.w - 1 - i, &ui->samples[i], &scale);
	draw_axis(ui, cv, area, shown, now);
}

/* Lines of the plot: what the facts leave, or none. */
static int
plot_lines(struct ui_box box, int facts)
{
	int h = box.h - 1 - facts;

	if (box.w < 30 || h < PLOT_MIN)
		return 0;
	return h < PLOT_MAX ? h : PLOT_MAX;
}

void
ui_detail_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box, ht_time now)
{
	unsigned ttl = ui->selected;
	struct pen measure = { .box = box };

	if (box.h < 1 || ui->n_rows == 0)
		return;
	if (ttl == 0)
		ttl = ui->rows[ui->n_rows - 1];
	struct view_row row = ui_row(ui, ttl, ui->flows);
	say_all(&measure, ui, &row, now);

	int plot = row.hop != NULL ? plot_lines(box, measure.n < 6 ? measure.n : 6) : 0;
	struct pen pen = { .cv = cv, .box = box };
	pen.box.y += 1 + plot;
	pen.box.h -= 1 + plot;
	if (ui->detail_scroll > measure.n - pen.box.h)
		ui->detail_scroll = measure.n - pen.box.h;
	if (ui->detail_scroll < 0)
		ui->detail_scroll = 0;
	pen.skip = ui->detail_scroll;
	draw_title(ui, cv, box, &row, measure.n > pen.box.h);
	if (plot > 0)
		draw_plot(
		    ui, cv, (struct ui_box){ box.x, box.y + 1, box.w, plot }, ttl, now);
	say_all(&pen, ui, &row, now);
}
