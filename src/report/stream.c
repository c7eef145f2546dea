/* SPDX-License-Identifier: ISC */
/*
 * mtr's two streams: raw, a line per event, and split, a line per changed row.
 *
 * Neither has a word for the target.  mtr traces its targets one after another;
 * here they run side by side, so target 0 speaks at once and the lines of every
 * other one wait for report_finish().
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "report/layout.h"

/* mtr numbers its probes from here. */
#define RAW_SEQ_FIRST 33000

/* What a stream has said about a hop. */
struct said {
	struct ht_addr addr; /* newest "h" line; family none before it */
	bool has_name;       /* its "d" line was said */
	struct ht_buf line;  /* newest line of split */
};

struct said_target {
	struct ht_buf kept;
	struct said hops[HT_TTL_MAX + 1];
};

struct report_stream {
	struct said_target *targets[HT_TARGETS_MAX];
};

static int
begin_stream(struct report *rp)
{
	rp->stream = calloc(1, sizeof(struct report_stream));
	return rp->stream != NULL ? 0 : -ENOMEM;
}

static void
said_free(struct said_target *said)
{
	if (said == NULL)
		return;
	for (unsigned ttl = 0; ttl <= HT_TTL_MAX; ttl++)
		ht_buf_done(&said->hops[ttl].line);
	ht_buf_done(&said->kept);
	free(said);
}

static void
done_stream(struct report *rp)
{
	for (unsigned i = 0; i < HT_TARGETS_MAX; i++)
		said_free(rp->stream->targets[i]);
	free(rp->stream);
	rp->stream = NULL;
}

/* Memory of a target, made when it first speaks; NULL when there is none. */
static struct said_target *
said_about(struct report *rp, unsigned target)
{
	if (target >= HT_TARGETS_MAX)
		return NULL;
	if (rp->stream->targets[target] != NULL)
		return rp->stream->targets[target];

	struct said_target *said = calloc(1, sizeof(*said));
	if (said == NULL) {
		rp->out.failed = true;
		return NULL;
	}
	ht_buf_init(&said->kept);
	for (unsigned ttl = 0; ttl <= HT_TTL_MAX; ttl++)
		ht_buf_init(&said->hops[ttl].line);
	rp->stream->targets[target] = said;
	return said;
}

/* Where the lines of a target go. */
static struct ht_buf *
voice(struct report *rp, struct said_target *said, unsigned target)
{
	return target == 0 ? &rp->out : &said->kept;
}

static void
finish_stream(struct report *rp, unsigned target)
{
	struct said_target *said = said_about(rp, target);

	if (said == NULL || target == 0)
		return;
	ht_buf_add(&rp->out, said->kept.text, said->kept.len);
	if (said->kept.failed)
		rp->out.failed = true;
	ht_buf_done(&said->kept);
}

/* A number for a probe that no other probe of the target has. */
static uint64_t
raw_seq(const struct report *rp, const struct ht_event *ev)
{
	const struct ht_settings *set = ht_session_settings(rp->run.ss);
	uint64_t nth = (uint64_t)ev->seq * set->flows + (ev->flow - set->flow);

	return RAW_SEQ_FIRST + nth * HT_TTL_MAX + ev->ttl - 1;
}

/* The "d" line, once the address of the hop has a name. */
static void
raw_name(struct report *rp, struct ht_buf *b, struct said *hop, unsigned ttl)
{
	char name[VIEW_HOST_MAX];

	if (hop->has_name || rp->run.names == VIEW_NAMES_ADDR
	    || ht_session_name(rp->run.ss, &hop->addr) == NULL)
		return;
	hop->has_name = true;
	ht_buf_printf(b, "d %u %s\n", ttl - 1,
	    view_addr(rp->run.ss, &hop->addr, VIEW_NAMES_NAME, name));
}

/* The "h" line, whenever another address answers than the time before. */
static void
raw_host(
    struct report *rp, struct ht_buf *b, struct said *hop, const struct ht_event *ev)
{
	const struct ht_extensions *ext = ev->reply->ext;
	char addr[HT_ADDR_TEXT_MAX];

	if (ht_addr_equal(&hop->addr, &ev->reply->from))
		return;
	hop->addr = ev->reply->from;
	hop->has_name = false;
	ht_buf_printf(b, "h %u %s\n", ev->ttl - 1u, ht_addr_text(&hop->addr, addr));
	for (unsigned i = 0; rp->run.show_mpls && ext != NULL && i < ext->n_mpls; i++)
		ht_buf_printf(b, "m %u %" PRIu32 " %u %u %u\n", ev->ttl - 1u,
		    ext->mpls[i].label, ext->mpls[i].tc, ext->mpls[i].bottom,
		    ext->mpls[i].ttl);
}

/* A name that came after the last answer of the hops that it belongs to. */
static void
raw_late_name(struct report *rp, const struct ht_addr *addr)
{
	for (unsigned target = 0; target < HT_TARGETS_MAX; target++) {
		struct said_target *said = rp->stream->targets[target];

		for (unsigned ttl = 1; said != NULL && ttl <= HT_TTL_MAX; ttl++)
			if (ht_addr_equal(&said->hops[ttl].addr, addr))
				raw_name(
				    rp, voice(rp, said, target), &said->hops[ttl], ttl);
	}
}

static void
raw_answer(
    struct report *rp, struct ht_buf *b, struct said *hop, const struct ht_event *ev)
{
	if (ev->reply != NULL && ev->reply->from.family != HT_FAMILY_NONE) {
		raw_host(rp, b, hop, ev);
		raw_name(rp, b, hop, ev->ttl);
	}
	if (ev->rtt_ns >= 0)
		ht_buf_printf(b, "p %u %" PRId64 " %" PRIu64 "\n", ev->ttl - 1u,
		    (ev->rtt_ns + 500) / 1000, raw_seq(rp, ev));
}

static void
event_raw(struct report *rp, const struct ht_event *ev)
{
	if (ev->type == HT_EVENT_NAME && ev->addr != NULL) {
		raw_late_name(rp, ev->addr);
		return;
	}
	if ((ev->type != HT_EVENT_SENT && ev->type != HT_EVENT_REPLY
		&& ev->type != HT_EVENT_LATE)
	    || ev->ttl == 0)
		return;

	struct said_target *said = said_about(rp, ev->target);
	if (said == NULL)
		return;

	struct ht_buf *b = voice(rp, said, ev->target);
	if (ev->type == HT_EVENT_SENT)
		ht_buf_printf(b, "x %u %" PRIu64 "\n", ev->ttl - 1u, raw_seq(rp, ev));
	else
		raw_answer(rp, b, &said->hops[ev->ttl], ev);
}

/* Whole milliseconds, cut as mtr does. */
static unsigned long long
whole_ms(double ns)
{
	return (unsigned long long)(ns / (double)HT_MS);
}

/* mtr's line of a row, its loss in thousandths of a percent. */
static void
split_line(const struct report *rp, const struct view_row *row, struct ht_buf *b)
{
	const struct ht_counts *c = &row->hop->counts;
	const struct ht_stats *st = &row->hop->rtt;
	const struct ht_addr *addr = view_row_addr(row);
	bool has_both = rp->run.names == VIEW_NAMES_BOTH;
	enum view_names how = has_both ? VIEW_NAMES_NAME : rp->run.names;
	char host[VIEW_HOST_MAX];
	double loss = 0;

	ht_counts_loss_pct(c, &loss);
	ht_buf_printf(b, "%u %s", row->ttl, view_addr(rp->run.ss, addr, how, host));
	if (has_both)
		ht_buf_printf(
		    b, " %s", view_addr(rp->run.ss, addr, VIEW_NAMES_ADDR, host));
	ht_buf_printf(b, " %lld %" PRIu64 " %" PRIu64 " %llu %llu %llu\n",
	    llround(loss * 1000), c->received + c->late, c->sent,
	    whole_ms((double)st->best_ns), whole_ms(st->mean_ns),
	    whole_ms((double)st->worst_ns));
}

static void
event_split(struct report *rp, const struct ht_event *ev)
{
	struct view_row row;
	struct said_target *said;

	if ((ev->type != HT_EVENT_REPLY && ev->type != HT_EVENT_LATE
		&& ev->type != HT_EVENT_LOST)
	    || ev->ttl == 0)
		return;
	view_row_init(
	    &row, rp->run.ss, ev->target, view_flows_first(report_flows(rp)), ev->ttl);
	said = said_about(rp, ev->target);
	if (said == NULL || view_row_addr(&row) == NULL)
		return;

	struct ht_buf line;
	struct ht_buf *old = &said->hops[ev->ttl].line;

	ht_buf_init(&line);
	split_line(rp, &row, &line);
	if (strcmp(line.text, old->text) == 0) {
		ht_buf_done(&line);
		return;
	}
	ht_buf_str(voice(rp, said, ev->target), line.text);
	ht_buf_done(old);
	*old = line;
}

const struct report_ops report_raw = {
	.id = "raw",
	.letter = 'l',
	.long_name = "raw",
	.help = "a line for every probe and answer, as they happen",
	.begin = begin_stream,
	.done = done_stream,
	.event = event_raw,
	.finish = finish_stream,
};

const struct report_ops report_split = {
	.id = "split",
	.letter = 'p',
	.long_name = "split",
	.help = "a line whenever a row of the table changes",
	.begin = begin_stream,
	.done = done_stream,
	.event = event_split,
	.finish = finish_stream,
};
