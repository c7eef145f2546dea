/* SPDX-License-Identifier: ISC */
/*
 * The column table and its getters.
 *
 * How the seven counts become mtr's three: Drop is what was lost, Rcv is what
 * was answered at all, late answers included, so that Loss% is always Drop /
 * (Drop + Rcv).  Probes in flight are in Snt and in neither of the two.  All
 * RTT columns are about answers in time.
 */
#include "view/columns.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <hoptop/stats.h>

#include "view/flows.h"
#include "view/number.h"

const char *const view_columns_default = "LS NABWV";

void
view_row_init(struct view_row *row, const struct ht_session *ss, unsigned target,
    unsigned flow, unsigned ttl)
{
	const struct ht_path *path = ht_session_path(ss, target, flow);

	*row = (struct view_row){
		.ss = ss,
		.target = target,
		.flows = UINT64_C(1) << flow,
		.path = path,
		.hop = path != NULL ? ht_path_hop(path, ttl) : NULL,
		.ttl = ttl,
	};
}

/* RTT statistics of the row once there is a sample, else NULL. */
static const struct ht_stats *
stats(const struct view_row *row)
{
	return row->hop != NULL && row->hop->rtt.n > 0 ? &row->hop->rtt : NULL;
}

/* The same once there is a jitter: two answers of one flow. */
static const struct ht_stats *
jitter(const struct view_row *row)
{
	return row->hop != NULL && row->hop->rtt.jitters > 0 ? &row->hop->rtt : NULL;
}

static bool
put_ns(struct view_value *v, bool has, double ns)
{
	if (has)
		v->number = ns;
	return has;
}

static bool
put_count(struct view_value *v, bool has, uint64_t count)
{
	if (has)
		v->count = count;
	return has;
}

static bool
get_none(const struct view_row *row, struct view_value *v)
{
	(void)row;
	(void)v;
	return false;
}

static bool
get_loss(const struct view_row *row, struct view_value *v)
{
	return row->hop != NULL && ht_counts_loss_pct(&row->hop->counts, &v->number);
}

static bool
get_drop(const struct view_row *row, struct view_value *v)
{
	const struct ht_hop *hop = row->hop;

	return put_count(v, hop != NULL, hop != NULL ? hop->counts.lost : 0);
}

static bool
get_received(const struct view_row *row, struct view_value *v)
{
	const struct ht_hop *hop = row->hop;

	return put_count(
	    v, hop != NULL, hop != NULL ? hop->counts.received + hop->counts.late : 0);
}

static bool
get_sent(const struct view_row *row, struct view_value *v)
{
	const struct ht_hop *hop = row->hop;

	return put_count(v, hop != NULL, hop != NULL ? hop->counts.sent : 0);
}

static bool
get_last(const struct view_row *row, struct view_value *v)
{
	const struct ht_stats *st = stats(row);

	return put_ns(v, st != NULL, st != NULL ? (double)st->last_ns : 0);
}

static bool
get_best(const struct view_row *row, struct view_value *v)
{
	const struct ht_stats *st = stats(row);

	return put_ns(v, st != NULL, st != NULL ? (double)st->best_ns : 0);
}

static bool
get_mean(const struct view_row *row, struct view_value *v)
{
	const struct ht_stats *st = stats(row);

	return put_ns(v, st != NULL, st != NULL ? st->mean_ns : 0);
}

static bool
get_worst(const struct view_row *row, struct view_value *v)
{
	const struct ht_stats *st = stats(row);

	return put_ns(v, st != NULL, st != NULL ? (double)st->worst_ns : 0);
}

static bool
get_stdev(const struct view_row *row, struct view_value *v)
{
	return row->hop != NULL && ht_stats_stdev(&row->hop->rtt, &v->number);
}

static bool
get_gmean(const struct view_row *row, struct view_value *v)
{
	return row->hop != NULL && ht_stats_gmean(&row->hop->rtt, &v->number);
}

static bool
get_jitter(const struct view_row *row, struct view_value *v)
{
	const struct ht_stats *st = jitter(row);

	return put_ns(v, st != NULL, st != NULL ? (double)st->jitter_ns : 0);
}

static bool
get_jitter_mean(const struct view_row *row, struct view_value *v)
{
	return row->hop != NULL && ht_stats_jitter_mean(&row->hop->rtt, &v->number);
}

static bool
get_jitter_worst(const struct view_row *row, struct view_value *v)
{
	const struct ht_stats *st = jitter(row);

	return put_ns(v, st != NULL, st != NULL ? (double)st->jitter_worst_ns : 0);
}

static bool
get_jitter_rfc(const struct view_row *row, struct view_value *v)
{
	const struct ht_stats *st = jitter(row);

	return put_ns(v, st != NULL, st != NULL ? st->jitter_rfc_ns : 0);
}

/*
 * A quantile of everything since reset.  A bucket's middle may lie a hair
 * outside of what was seen; a p50 below Best would look wrong, and be it.
 */
static bool
quantile(const struct view_row *row, double q, struct view_value *v)
{
	const struct ht_stats *st = stats(row);
	int64_t ns = 0;
	bool has = st != NULL && row->hop->hist != NULL
		   && ht_hist_quantile(row->hop->hist, q, &ns);

	if (has && ns < st->best_ns)
		ns = st->best_ns;
	if (has && ns > st->worst_ns)
		ns = st->worst_ns;
	return put_ns(v, has, (double)ns);
}

static bool
get_p50(const struct view_row *row, struct view_value *v)
{
	return quantile(row, 0.50, v);
}

static bool
get_p90(const struct view_row *row, struct view_value *v)
{
	return quantile(row, 0.90, v);
}

static bool
get_p95(const struct view_row *row, struct view_value *v)
{
	return quantile(row, 0.95, v);
}

static bool
get_p99(const struct view_row *row, struct view_value *v)
{
	return quantile(row, 0.99, v);
}

static bool
get_recent_loss(const struct view_row *row, struct view_value *v)
{
	return row->recent != NULL
	       && ht_counts_loss_pct(&row->recent->counts, &v->number);
}

static bool
get_duplicate(const struct view_row *row, struct view_value *v)
{
	const struct ht_hop *hop = row->hop;

	return put_count(v, hop != NULL, hop != NULL ? hop->counts.duplicate : 0);
}

static bool
get_late(const struct view_row *row, struct view_value *v)
{
	const struct ht_hop *hop = row->hop;

	return put_count(v, hop != NULL, hop != NULL ? hop->counts.late : 0);
}

static bool
get_failed(const struct view_row *row, struct view_value *v)
{
	const struct ht_hop *hop = row->hop;

	return put_count(v, hop != NULL, hop != NULL ? hop->counts.failed : 0);
}

/* How many of the target's flows go here. */
static bool
get_flows(const struct view_row *row, struct view_value *v)
{
	if (row->ss == NULL)
		return false;
	snprintf(v->text, sizeof(v->text), "%u/%u", view_flows_count(row->flows),
	    ht_session_settings(row->ss)->flows);
	return true;
}

/*
 * How long packets stand in queues now: the recent median above the best of
 * all.  The median is a bucket's middle and may lie a hair below the best.
 */
static bool
get_queue(const struct view_row *row, struct view_value *v)
{
	const struct ht_stats *st = stats(row);
	int64_t ns = 0;
	bool has = st != NULL && row->recent != NULL
		   && ht_hist_quantile(&row->recent->hist, 0.5, &ns);

	return put_ns(v, has, has ? fmax(0, (double)(ns - st->best_ns)) : 0);
}

/*
 * Hops that the newest answer took: senders begin with 32, 64, 128 or 255, and
 * each router on the way takes one; the answer of a neighbour has lost none and
 * is one hop away.
 */
static bool
get_hops_back(const struct view_row *row, struct view_value *v)
{
	int ttl = row->hop != NULL ? row->hop->reply_ttl : -1;
	int initial = ttl <= 32 ? 32 : ttl <= 64 ? 64 : ttl <= 128 ? 128 : 255;
	bool has = ttl >= 0 && ttl <= 255;

	return put_count(v, has, has ? (uint64_t)(initial - ttl + 1) : 0);
}

#define TEXT    VIEW_UNIT_TEXT
#define PCT     VIEW_UNIT_PCT
#define COUNT   VIEW_UNIT_COUNT
#define MS      VIEW_UNIT_MS
#define NONE    VIEW_UNIT_NONE
#define HISTORY VIEW_UNIT_HISTORY

/* clang-format off */
const struct view_column view_columns[] = {
/*     id             heading    JSON key       w  unit     mtr    desc   help                                               value */
{ 'L', "loss",        "Loss%",   "Loss%",        6, PCT,     true,  true,  "lost, of all probes that are settled",            get_loss },
{ 'D', "drop",        "Drop",    "Drop",         5, COUNT,   true,  true,  "probes lost",                                     get_drop },
{ 'R', "rcv",         "Rcv",     "Rcv",          6, COUNT,   true,  true,  "probes answered, late ones included",             get_received },
{ 'S', "snt",         "Snt",     "Snt",          6, COUNT,   true,  true,  "probes sent",                                     get_sent },
{ 'N', "last",        "Last",    "Last",         6, MS,      true,  true,  "newest round-trip time, ms",                      get_last },
{ 'B', "best",        "Best",    "Best",         6, MS,      true,  true,  "shortest round-trip time, ms",                    get_best },
{ 'A', "avg",         "Avg",     "Avg",          6, MS,      true,  true,  "mean round-trip time, ms",                        get_mean },
{ 'W', "wrst",        "Wrst",    "Wrst",         6, MS,      true,  true,  "longest round-trip time, ms",                     get_worst },
{ 'V', "stdev",       "StDev",   "StDev",        6, MS,      true,  true,  "standard deviation, ms",                          get_stdev },
{ 'G', "gmean",       "Gmean",   "Gmean",        6, MS,      true,  true,  "geometric mean, ms",                              get_gmean },
{ 'J', "jttr",        "Jttr",    "Jttr",         5, MS,      true,  true,  "newest jitter: difference of two answers, ms",    get_jitter },
{ 'M', "javg",        "Javg",    "Javg",         5, MS,      true,  true,  "mean jitter, ms",                                 get_jitter_mean },
{ 'X', "jmax",        "Jmax",    "Jmax",         5, MS,      true,  true,  "largest jitter, ms",                              get_jitter_worst },
{ 'I', "jint",        "Jint",    "Jint",         5, MS,      true,  true,  "interarrival jitter of RFC 3550, ms",             get_jitter_rfc },
{ ' ', "gap",         " ",       NULL,           1, NONE,    true,  false, "an empty column",                                 get_none },
{ 'm', "p50",         "p50",     "p50",          6, MS,      false, true,  "median round-trip time, ms",                      get_p50 },
{ 'p', "p90",         "p90",     "p90",          6, MS,      false, true,  "90 % of the answers took no longer, ms",          get_p90 },
{ 'q', "p95",         "p95",     "p95",          6, MS,      false, true,  "95 % of the answers took no longer, ms",          get_p95 },
{ 'r', "p99",         "p99",     "p99",          6, MS,      false, true,  "99 % of the answers took no longer, ms",          get_p99 },
{ 'l', "loss-recent", "Loss60",  "loss_recent",  7, PCT,     false, true,  "lost, of the last 60 probes",                     get_recent_loss },
{ 'd', "duplicates",  "Dup",     "duplicates",   5, COUNT,   false, true,  "further answers to the same probe",               get_duplicate },
{ 't', "late",        "Late",    "late",         5, COUNT,   false, true,  "answered after the timeout",                      get_late },
{ 'f', "failed",      "Fail",    "failed",       5, COUNT,   false, true,  "could not be sent by this host",                  get_failed },
{ 'k', "queue",       "Queue",   "queue",        6, MS,      false, true,  "median of the last 60 probes above the best, ms", get_queue },
{ 'b', "hops-back",   "Back",    "hops_back",    5, COUNT,   false, true,  "hops that answers take, from their TTL",          get_hops_back },
{ 'h', "history",     "History", NULL,          10, HISTORY, false, false, "the newest probes as a graph",                    get_none },
{ 'F', "flows",       "Flows",   NULL,           6, TEXT,    false, false, "flows that go here, of all",                      get_flows },
{ 0,   NULL,          NULL,      NULL,           0, NONE,    false, false, NULL,                                              NULL },
};
/* clang-format on */

const struct view_column *
view_column_find(char letter)
{
	for (const struct view_column *col = view_columns; col->letter != 0; col++)
		if (col->letter == letter)
			return col;
	return NULL;
}

bool
view_column_is_recent(const struct view_column *col)
{
	return col->get == get_recent_loss || col->get == get_queue;
}

const char *
view_column_planned(char letter)
{
	return letter == 'o' ? "AS number" : letter == 'c' ? "class of the hop" : NULL;
}

const char *
view_value_text(
    const struct view_column *col, bool has, const struct view_value *value, char *buf)
{
	snprintf(buf, VIEW_NUMBER_MAX, "-");
	if (!has)
		return buf;
	switch (col->unit) {
	case VIEW_UNIT_PCT:
		return view_number(value->number, 1, buf);
	case VIEW_UNIT_MS:
		return view_number(value->number / (double)HT_MS, 1, buf);
	case VIEW_UNIT_COUNT:
		snprintf(
		    buf, VIEW_NUMBER_MAX, "%llu", (unsigned long long)value->count);
		return buf;
	case VIEW_UNIT_TEXT:
		snprintf(buf, VIEW_NUMBER_MAX, "%s", value->text);
		return buf;
	case VIEW_UNIT_NONE:
	case VIEW_UNIT_HISTORY:
	case VIEW_UNIT_COUNT_:
		break;
	}
	return buf;
}

static int
order(double a, double b)
{
	return (a > b) - (a < b);
}

static int
compare_values(const struct view_column *col, const struct view_value *a,
    const struct view_value *b)
{
	if (col->unit == VIEW_UNIT_TEXT)
		return strcmp(a->text, b->text);
	if (col->unit == VIEW_UNIT_COUNT)
		return (a->count > b->count) - (a->count < b->count);
	return order(a->number, b->number);
}

struct view_key
view_column_key(const struct view_column *col, const struct view_row *row)
{
	struct view_key key = { .ttl = row->ttl };

	key.has = col->get(row, &key.value);
	return key;
}

int
view_column_compare(const struct view_column *col, const struct view_key *a,
    const struct view_key *b, bool is_reversed)
{
	int way = col->is_descending != is_reversed ? -1 : 1;

	if (a->has != b->has)
		return a->has ? -1 : 1;

	int r = a->has ? way * compare_values(col, &a->value, &b->value) : 0;

	return r != 0 ? r : (a->ttl > b->ttl) - (a->ttl < b->ttl);
}
