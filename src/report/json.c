/* SPDX-License-Identifier: ISC */
/*
 * mtr's JSON document, with keys added and none renamed.
 *
 * mtr's keys hold 0 where there is no value, because their readers expect a
 * number; ours hold null.  There is no "findings" key until findings exist: an
 * empty list would say that all is well.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <hoptop/version.h>

#include "base/addr.h"
#include "base/text.h"
#include "report/layout.h"

/* Version of the keys under "hoptop" and of those added to the hubs. */
#define JSON_SCHEMA 1

/* Enough digits for what thousandths() leaves, too few to show binary dust. */
#define JSON_FLAGS (JSON_INDENT(4) | JSON_REAL_PRECISION(15))

/* Text of any origin; invalid UTF-8 would make jansson drop the key. */
static json_t *
text(const char *s)
{
	char clean[VIEW_HOST_MAX];

	ht_text_clean(clean, sizeof(clean), s);
	return json_string(clean);
}

static json_t *
text_or_null(const char *s)
{
	return s != NULL && s[0] != '\0' ? text(s) : json_null();
}

static json_t *
address(const struct ht_addr *addr)
{
	char buf[HT_ADDR_TEXT_MAX];

	return text_or_null(ht_addr_text(addr, buf));
}

/* A number with at most three decimals, as mtr has them: microseconds in ms. */
static json_t *
thousandths(double x)
{
	return json_real(round(x * 1000) / 1000);
}

static json_t *
milliseconds(bool has, double ns)
{
	return has ? thousandths(ns / (double)HT_MS) : json_null();
}

static json_t *
count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

/* The value of a column; null when there is none. */
static json_t *
column_value(const struct view_column *col, bool has, const struct view_value *v)
{
	if (!has)
		return json_null();
	switch (col->unit) {
	case VIEW_UNIT_PCT:
		return thousandths(v->number);
	case VIEW_UNIT_MS:
		return milliseconds(true, v->number);
	case VIEW_UNIT_COUNT:
		return count(v->count);
	case VIEW_UNIT_TEXT:
		return text(v->text);
	case VIEW_UNIT_NONE:
	case VIEW_UNIT_HISTORY:
	case VIEW_UNIT_COUNT_:
		break;
	}
	return json_null();
}

static void
set_column(json_t *hub, const struct view_column *col, const struct view_row *row)
{
	struct view_value v;
	bool has = report_value(col, row, &v);

	if (col->json_key != NULL)
		json_object_set_new(hub, col->json_key, column_value(col, has, &v));
}

/* mtr's columns as asked for with -o; ours always, so that the schema stands. */
static void
set_columns(const struct report *rp, json_t *hub, const struct view_row *row)
{
	const char *letters = report_letters(rp);
	const struct view_column *col;

	while ((col = report_next_column(&letters)) != NULL)
		if (col->is_mtr)
			set_column(hub, col, row);
	for (col = view_columns; col->letter != 0; col++)
		if (!col->is_mtr)
			set_column(hub, col, row);
}

static json_t *
one_address(const struct report *rp, const struct ht_hop_addr *a)
{
	const struct ht_stats *st = &a->rtt;
	json_t *obj = json_object();

	json_object_set_new(obj, "ip", address(&a->addr));
	json_object_set_new(
	    obj, "name", text_or_null(ht_session_name(rp->run.ss, &a->addr)));
	json_object_set_new(obj, "replies", count(a->replies));
	json_object_set_new(obj, "last", milliseconds(st->n > 0, (double)st->last_ns));
	json_object_set_new(obj, "best", milliseconds(st->n > 0, (double)st->best_ns));
	json_object_set_new(obj, "avg", milliseconds(st->n > 0, st->mean_ns));
	json_object_set_new(
	    obj, "worst", milliseconds(st->n > 0, (double)st->worst_ns));
	return obj;
}

static json_t *
addresses(const struct report *rp, const struct ht_hop *hop)
{
	json_t *list = json_array();

	for (unsigned i = 0; hop != NULL && i < hop->n_addrs; i++)
		json_array_append_new(list, one_address(rp, &hop->addrs[i]));
	return list;
}

static json_t *
labels(const struct ht_hop *hop)
{
	json_t *list = json_array();

	if (hop == NULL || !hop->has_ext)
		return list;
	for (unsigned i = 0; i < hop->ext.n_mpls; i++) {
		const struct ht_mpls *m = &hop->ext.mpls[i];
		json_t *obj = json_object();

		json_object_set_new(obj, "label", count(m->label));
		json_object_set_new(obj, "tc", count(m->tc));
		json_object_set_new(obj, "s", count(m->bottom));
		json_object_set_new(obj, "ttl", count(m->ttl));
		json_array_append_new(list, obj);
	}
	return list;
}

/* What RFC 5837 tells about the interface that the probe came in by, or null. */
static json_t *
interface(const struct ht_hop *hop)
{
	const struct ht_extensions *ext = hop != NULL && hop->has_ext ? &hop->ext
								      : NULL;
	char addr[HT_ADDR_TEXT_MAX];
	json_t *obj;

	if (ext == NULL
	    || (ext->if_index == 0 && ext->if_mtu == 0 && ext->if_name[0] == '\0'
		&& ext->if_addr.family == HT_FAMILY_NONE))
		return json_null();
	ht_addr_text(&ext->if_addr, addr);
	obj = json_object();
	json_object_set_new(
	    obj, "index", ext->if_index != 0 ? count(ext->if_index) : json_null());
	json_object_set_new(
	    obj, "name", text_or_null(ext->if_name[0] != '\0' ? ext->if_name : NULL));
	json_object_set_new(obj, "ip", text_or_null(addr[0] != '\0' ? addr : NULL));
	json_object_set_new(
	    obj, "mtu", ext->if_mtu != 0 ? count(ext->if_mtu) : json_null());
	return obj;
}

static void
set_seen(
    json_t *obj, const struct ht_quote *q, enum ht_quote_field field, uint32_t value)
{
	json_object_set_new(obj, ht_quote_field_name(field),
	    (q->seen & field) != 0 ? count(value) : json_null());
}

/* The probe as the newest answer quotes it; null if it shows nothing of it. */
static json_t *
quote(const struct ht_hop *hop)
{
	const struct ht_quote *q = hop != NULL && hop->has_quote ? &hop->quote : NULL;
	json_t *obj, *changed;

	if (q == NULL || q->seen == 0)
		return json_null();
	obj = json_object();
	changed = json_array();
	set_seen(obj, q, HT_QUOTE_TOS, q->tos);
	set_seen(obj, q, HT_QUOTE_TTL, q->ttl);
	set_seen(obj, q, HT_QUOTE_ID, q->id);
	set_seen(obj, q, HT_QUOTE_CHECKSUM, q->checksum);
	set_seen(obj, q, HT_QUOTE_LABEL, q->label);
	for (unsigned bit = HT_QUOTE_TOS; bit <= HT_QUOTE_PORT; bit <<= 1)
		if ((q->changed & bit) != 0)
			json_array_append_new(changed,
			    text(ht_quote_field_name((enum ht_quote_field)bit)));
	json_object_set_new(obj, "changed", changed);
	return obj;
}

/* The newest answer's ICMP header; null if it was not ICMP, or none came. */
static json_t *
icmp(const struct ht_hop *hop)
{
	if (hop == NULL
	    || (hop->reply_kind != HT_REPLY_TIME_EXCEEDED
		&& hop->reply_kind != HT_REPLY_UNREACHABLE
		&& hop->reply_kind != HT_REPLY_PORT_CLOSED
		&& hop->reply_kind != HT_REPLY_ECHO))
		return json_null();

	json_t *obj = json_object();

	json_object_set_new(obj, "type", count(hop->icmp_type));
	json_object_set_new(obj, "code", count(hop->icmp_code));
	if (hop->mtu > 0)
		json_object_set_new(obj, "mtu", count(hop->mtu));
	json_object_set_new(obj, "text", text(view_answer_name(hop)));
	return obj;
}

static void
set_counts(json_t *hub, const struct ht_hop *hop)
{
	static const struct ht_counts nothing;
	const struct ht_counts *c = hop != NULL ? &hop->counts : &nothing;

	json_object_set_new(hub, "sent", count(c->sent));
	json_object_set_new(hub, "received", count(c->received));
	json_object_set_new(hub, "lost", count(c->lost));
	json_object_set_new(hub, "pending", count(c->pending));
}

/* What a hub and a branch say alike. */
static void
set_row(const struct report *rp, json_t *obj, const struct view_row *row)
{
	const struct ht_addr *addr = view_row_addr(row);
	const char *name = addr != NULL ? ht_session_name(rp->run.ss, addr) : NULL;
	char host[VIEW_HOST_MAX];

	json_object_set_new(obj, "host", text(report_host(rp, row, host)));
	set_columns(rp, obj, row);
	set_counts(obj, row->hop);
	json_object_set_new(obj, "ip", addr != NULL ? address(addr) : json_null());
	json_object_set_new(obj, "name", text_or_null(name));
	json_object_set_new(obj, "addresses", addresses(rp, row->hop));
}

/* Numbers of flows, as --flow takes them. */
static json_t *
flow_numbers(const struct report *rp, uint64_t flows)
{
	unsigned first = ht_session_settings(rp->run.ss)->flow;
	json_t *list = json_array();

	for (unsigned i = 0; i < HT_MERGE_MAX; i++)
		if ((flows >> i & 1) != 0)
			json_array_append_new(list, count(first + i));
	return list;
}

/* Where the flows part; empty where there is one flow. */
static json_t *
branches(const struct report *rp, unsigned target, unsigned ttl)
{
	struct ht_branch found[HT_MERGE_MAX];
	struct report_row row;
	json_t *list = json_array();

	if (!report_has_flows(rp))
		return list;
	unsigned n = report_branches(rp, target, ttl, found);
	for (unsigned i = 0; i < n; i++) {
		json_t *obj = json_object();

		report_row_init(&row, rp, target, found[i].flows, ttl);
		json_object_set_new(obj, "flows", flow_numbers(rp, found[i].flows));
		set_row(rp, obj, &row.view);
		json_array_append_new(list, obj);
	}
	return list;
}

static json_t *
one_flow(unsigned number, const struct ht_hop *hop)
{
	const struct ht_stats *st = &hop->rtt;
	const struct ht_addr *addr = hop->addr_index >= 0
					 ? &hop->addrs[hop->addr_index].addr
					 : NULL;
	json_t *obj = json_object();

	json_object_set_new(obj, "flow", count(number));
	json_object_set_new(obj, "ip", addr != NULL ? address(addr) : json_null());
	set_counts(obj, hop);
	json_object_set_new(obj, "last", milliseconds(st->n > 0, (double)st->last_ns));
	json_object_set_new(obj, "best", milliseconds(st->n > 0, (double)st->best_ns));
	json_object_set_new(obj, "avg", milliseconds(st->n > 0, st->mean_ns));
	json_object_set_new(
	    obj, "worst", milliseconds(st->n > 0, (double)st->worst_ns));
	return obj;
}

/* Each flow for itself; empty where there is one. */
static json_t *
flows(const struct report *rp, unsigned target, unsigned ttl)
{
	const struct ht_hop *hops[HT_MERGE_MAX];
	unsigned first = ht_session_settings(rp->run.ss)->flow;
	json_t *list = json_array();

	if (!report_has_flows(rp))
		return list;
	unsigned n = view_flows_hops(rp->run.ss, target, report_flows(rp), ttl, hops);
	for (unsigned i = 0; i < n; i++)
		if (hops[i] != NULL)
			json_array_append_new(list, one_flow(first + i, hops[i]));
	return list;
}

static json_t *
balance(const struct report *rp, unsigned target, unsigned ttl)
{
	unsigned routers;

	switch (
	    view_flows_balance(rp->run.ss, target, report_flows(rp), ttl, &routers)) {
	case HT_BALANCE_FLOW:
		return text("flow");
	case HT_BALANCE_PACKET:
		return text("packet");
	case HT_BALANCE_NONE:
	case HT_BALANCE_COUNT:
		break;
	}
	return json_null();
}

static json_t *
one_hub(const struct report *rp, unsigned target, unsigned ttl)
{
	struct report_row row;
	json_t *hub = json_object();

	report_row_init(&row, rp, target, report_flows(rp), ttl);

	const struct ht_hop *hop = row.view.hop;

	json_object_set_new(hub, "count", count(ttl));
	set_row(rp, hub, &row.view);
	json_object_set_new(hub, "answer",
	    hop != NULL && hop->reply_kind != HT_REPLY_NONE
		? text(view_answer_name(hop))
		: json_null());
	json_object_set_new(hub, "icmp", icmp(hop));
	json_object_set_new(hub, "mpls", labels(hop));
	json_object_set_new(hub, "interface", interface(hop));
	json_object_set_new(hub, "quote", quote(hop));
	json_object_set_new(hub, "mapped", count(hop != NULL ? hop->mapped : 0));
	json_object_set_new(hub, "ambiguous", count(hop != NULL ? hop->ambiguous : 0));
	json_object_set_new(hub, "reply_ttl",
	    hop != NULL && hop->reply_ttl >= 0 ? json_integer(hop->reply_ttl)
					       : json_null());
	json_object_set_new(hub, "balance", balance(rp, target, ttl));
	json_object_set_new(hub, "branches", branches(rp, target, ttl));
	json_object_set_new(hub, "flows", flows(rp, target, ttl));
	return hub;
}

static json_t *
hubs(const struct report *rp, unsigned target)
{
	json_t *list = json_array();
	unsigned first, last;

	report_rows(rp, target, &first, &last);
	for (unsigned ttl = first; ttl <= last; ttl++)
		json_array_append_new(list, one_hub(rp, target, ttl));
	return list;
}

static json_t *
mtr_part(const struct report *rp, const struct ht_target *tg)
{
	const struct ht_settings *set = ht_session_settings(rp->run.ss);
	char buf[HT_NAME_MAX];
	json_t *obj = json_object();

	json_object_set_new(obj, "src", text(report_local_host(rp, buf)));
	json_object_set_new(obj, "dst", text(tg != NULL ? tg->name : ""));
	json_object_set_new(obj, "tos", count(set->tos));
	json_object_set_new(obj, "tests", count(set->cycles));
	json_object_set_new(obj, "psize", text(report_psize(rp, tg, buf)));
	json_object_set_new(obj, "bitpattern", text(report_pattern(rp, buf)));
	return obj;
}

/* Of one path, so many of its newest changes are not said yet. */
struct telling {
	const struct ht_path *path;
	unsigned left;
};

static unsigned
count_changes(const struct ht_path *path)
{
	struct ht_path_change ch;
	unsigned n = 0;

	while (path != NULL && ht_path_change(path, n, &ch))
		n++;
	return n;
}

/* Which flow has the oldest change that is not said yet; -1 if none has. */
static int
oldest_change(const struct telling *tells, struct ht_path_change *ret_change)
{
	struct ht_path_change ch;
	int oldest = -1;

	for (int i = 0; i < HT_MERGE_MAX; i++)
		if (tells[i].left > 0
		    && ht_path_change(tells[i].path, tells[i].left - 1, &ch)
		    && (oldest < 0 || ch.at < ret_change->at)) {
			oldest = i;
			*ret_change = ch;
		}
	return oldest;
}

static json_t *
one_change(const struct report *rp, unsigned flow, const struct ht_path_change *ch)
{
	char at[REPORT_TIME_MAX];
	json_t *obj = json_object();

	report_time(rp, report_wall_ns(rp, ch->at), at);
	json_object_set_new(obj, "at", text(at));
	json_object_set_new(obj, "ttl", count(ch->ttl));
	json_object_set_new(obj, "from", address(&ch->from));
	json_object_set_new(obj, "to", address(&ch->to));
	json_object_set_new(obj, "epoch", count(ch->epoch));
	json_object_set_new(obj, "flow", count(flow));
	return obj;
}

/* Changes of the route, oldest first, of all flows. */
static json_t *
path_changes(const struct report *rp, unsigned target)
{
	unsigned first = ht_session_settings(rp->run.ss)->flow;
	struct telling tells[HT_MERGE_MAX] = { { .left = 0 } };
	struct ht_path_change ch = { .at = 0 };
	json_t *list = json_array();
	int i;

	for (i = 0; i < HT_MERGE_MAX; i++)
		if ((report_flows(rp) >> i & 1) != 0) {
			tells[i].path = ht_session_path(
			    rp->run.ss, target, (unsigned)i);
			tells[i].left = count_changes(tells[i].path);
		}
	while ((i = oldest_change(tells, &ch)) >= 0) {
		tells[i].left--;
		json_array_append_new(list, one_change(rp, first + (unsigned)i, &ch));
	}
	return list;
}

static uint8_t
worse(uint8_t a, uint8_t b)
{
	return a < b ? a : b;
}

/* The worst stamp that any hop's newest answer was timed with. */
static json_t *
stamps(const struct report *rp, unsigned target)
{
	const struct ht_hop *hops[HT_MERGE_MAX];
	uint8_t worst = HT_STAMP_COUNT;
	unsigned first, last;

	report_rows(rp, target, &first, &last);
	for (unsigned ttl = first; ttl <= last; ttl++) {
		unsigned n = view_flows_hops(
		    rp->run.ss, target, report_flows(rp), ttl, hops);

		for (unsigned i = 0; i < n; i++)
			if (hops[i] != NULL && hops[i]->addr_index >= 0)
				worst = worse(
				    worst, worse(hops[i]->tx_stamp, hops[i]->rx_stamp));
	}
	if (worst == HT_STAMP_NONE || worst == HT_STAMP_COUNT)
		return json_null();
	return text(ht_stamp_name((enum ht_stamp)worst));
}

/* How the run was made. */
static void
set_means(const struct report *rp, unsigned target, json_t *obj)
{
	const struct ht_settings *set = ht_session_settings(rp->run.ss);
	const struct ht_transport *tp = ht_session_transport(rp->run.ss);
	unsigned port = ht_session_port(rp->run.ss, target);

	json_object_set_new(obj, "protocol", text(ht_proto_name(set->proto)));
	json_object_set_new(obj, "port", port != 0 ? count(port) : json_null());
	json_object_set_new(
	    obj, "flow", count(set->flow + view_flows_first(report_flows(rp))));
	json_object_set_new(obj, "flows", count(view_flows_count(report_flows(rp))));
	json_object_set_new(
	    obj, "transport", text_or_null(tp != NULL ? tp->ops->name : NULL));
	json_object_set_new(obj, "stamps", stamps(rp, target));
	json_object_set_new(
	    obj, "interval", thousandths((double)set->interval_ns / (double)HT_S));
	json_object_set_new(
	    obj, "timeout", thousandths((double)set->timeout_ns / (double)HT_S));
}

/* When it was, and what came of it. */
static void
set_outcome(const struct report *rp, unsigned target, json_t *obj)
{
	const struct ht_path *path = view_flows_path(
	    rp->run.ss, target, report_flows(rp));
	enum ht_stop stop = path != NULL ? ht_path_stop(path) : HT_STOP_NONE;
	char buf[160];

	json_object_set_new(obj, "start", text(report_time(rp, rp->run.start_ns, buf)));
	json_object_set_new(obj, "end", text(report_time(rp, rp->run.end_ns, buf)));
	json_object_set_new(
	    obj, "reached", json_boolean(path != NULL && ht_path_is_reached(path)));
	json_object_set_new(obj, "stop_reason",
	    stop != HT_STOP_NONE ? text(ht_stop_name(stop)) : json_null());
	json_object_set_new(
	    obj, "error", text_or_null(report_problem(rp, target, buf)));
	json_object_set_new(obj, "path_changes", path_changes(rp, target));
}

static json_t *
hoptop_part(const struct report *rp, unsigned target, const struct ht_target *tg)
{
	static const struct ht_addr none;
	json_t *obj = json_object();

	json_object_set_new(obj, "version", text(ht_version()));
	json_object_set_new(obj, "schema", count(JSON_SCHEMA));
	json_object_set_new(obj, "dst_ip", address(tg != NULL ? &tg->addr : &none));
	json_object_set_new(obj, "src_ip", address(tg != NULL ? &tg->source : &none));
	set_means(rp, target, obj);
	set_outcome(rp, target, obj);
	return obj;
}

static void
finish_json(struct report *rp, unsigned target)
{
	const struct ht_target *tg = ht_session_target(rp->run.ss, target);
	json_t *report = json_object();
	json_t *doc = json_object();

	json_object_set_new(report, "mtr", mtr_part(rp, tg));
	json_object_set_new(report, "hoptop", hoptop_part(rp, target, tg));
	json_object_set_new(report, "hubs", hubs(rp, target));
	json_object_set_new(doc, "report", report);

	char *dump = json_dumps(doc, JSON_FLAGS);

	if (dump == NULL)
		rp->out.failed = true;
	else
		ht_buf_printf(&rp->out, "%s\n", dump);
	free(dump);
	json_decref(doc);
}

const struct report_ops report_json = {
	.id = "json",
	.letter = 'j',
	.long_name = "json",
	.help = "a JSON document per target",
	.finish = finish_json,
};
