/* SPDX-License-Identifier: ISC */
/*
 * The classic: what traceroute(8) of Linux prints, a line a hop.
 *
 * 1. A line is said when all probes of its hop are settled, and those of all hops
 *    before it, and when the names of its addresses are known or had their time.
 * 2. A probe stands where it was sent, whatever came first.  An address is said when
 *    it is not that of the answer before it, and so are its labels.
 * 3. A '*' is a probe whose time ran out; what answers later still counts while the
 *    line has to wait for others.
 * 4. The block ends with the line of the path's end, or with the last hop that was
 *    asked.  The next target's block begins then: all of them are probed at once.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "report/layout.h"

/* Probes of a hop that have a place on its line. */
#define QUERIES_MAX 10

/* A line that is complete waits so long for its names. */
#define NAMES_WAIT HT_S

enum fate {
	PENDING = 0,
	ANSWERED,
	SILENT, /* or not sent, or answered by nobody that can be named */
};

/* One probe; and the one that was sent again because its answer was nobody's. */
struct query {
	uint32_t seq;
	uint32_t again;
	bool has_again;
	uint8_t open; /* of the two, not settled yet */
	uint8_t fate; /* enum fate */
	struct ht_addr from;
	int64_t rtt_ns; /* -1: not to be told */
	char mark[HT_MARK_TEXT_MAX];
	char *labels; /* owned; NULL if none */
};

/* One hop. */
struct line {
	unsigned n; /* tried so far */
	ht_time settled_at;
	struct query queries[QUERIES_MAX];
};

/* One target. */
struct block {
	bool has_header;
	bool is_said;      /* to its last line */
	unsigned next;     /* ttl of the next line */
	unsigned farthest; /* largest ttl that was tried */
	unsigned settled;  /* largest ttl of which anything is known */
	uint8_t end, stop; /* as the newest END said */
	struct line *lines[HT_TTL_MAX + 1];
};

struct report_blocks {
	unsigned current; /* target whose block is being said */
	struct block *of[HT_TARGETS_MAX];
};

static int
begin_trace(struct report *rp)
{
	rp->blocks = calloc(1, sizeof(*rp->blocks));
	return rp->blocks != NULL ? 0 : -ENOMEM;
}

static void
line_free(struct line *line)
{
	for (unsigned i = 0; line != NULL && i < line->n; i++)
		free(line->queries[i].labels);
	free(line);
}

static void
block_free(struct block *block)
{
	for (unsigned ttl = 0; block != NULL && ttl <= HT_TTL_MAX; ttl++)
		line_free(block->lines[ttl]);
	free(block);
}

static void
done_trace(struct report *rp)
{
	for (unsigned i = 0; i < HT_TARGETS_MAX; i++)
		block_free(rp->blocks->of[i]);
	free(rp->blocks);
	rp->blocks = NULL;
}

/* The block of a target, made when it is first needed; NULL when there is none. */
static struct block *
block_of(struct report *rp, unsigned target)
{
	if (target >= HT_TARGETS_MAX)
		return NULL;

	struct block **block = &rp->blocks->of[target];
	if (*block == NULL)
		*block = calloc(1, sizeof(**block));
	if (*block == NULL)
		rp->out.failed = true;
	else if ((*block)->next == 0)
		(*block)->next = ht_session_settings(rp->run.ss)->first_ttl;
	return *block;
}

static unsigned
queries(const struct report *rp)
{
	uint64_t cycles = ht_session_settings(rp->run.ss)->cycles;

	return cycles >= 1 && cycles < QUERIES_MAX ? (unsigned)cycles : QUERIES_MAX;
}

/* What happened ==============================================================*/

static void
add_mpls(struct ht_buf *b, const struct ht_extensions *ext)
{
	for (unsigned i = 0; i < ext->n_mpls && i < HT_MPLS_MAX; i++) {
		const struct ht_mpls *m = &ext->mpls[i];

		ht_buf_printf(b, "%sL=%" PRIu32 ",E=%u,S=%u,T=%u",
		    i == 0 ? "MPLS:" : "/", m->label, m->tc, m->bottom, m->ttl);
	}
}

/* In words, where traceroute has the bytes of the object. */
static void
add_interface(struct ht_buf *b, const struct ht_extensions *ext)
{
	const char *lead = b->len > 0 ? ";IF:" : "IF:";
	char addr[HT_ADDR_TEXT_MAX];

	if (ext->if_index != 0) {
		ht_buf_printf(b, "%sI=%" PRIu32, lead, ext->if_index);
		lead = ",";
	}
	if (ext->if_addr.family != HT_FAMILY_NONE) {
		ht_buf_printf(b, "%sA=%s", lead, ht_addr_text(&ext->if_addr, addr));
		lead = ",";
	}
	/* What would end the word ends the name. */
	if (ext->if_name[0] != '\0') {
		ht_buf_printf(b, "%sN=%.*s", lead,
		    (int)strcspn(ext->if_name, " ,;<>()"), ext->if_name);
		lead = ",";
	}
	if (ext->if_mtu != 0)
		ht_buf_printf(b, "%sM=%" PRIu32, lead, ext->if_mtu);
}

/* What came with an answer, for -e; NULL if nothing did. */
static char *
labels(struct report *rp, const struct ht_extensions *ext)
{
	struct ht_buf b;
	char *text = NULL;

	if (!rp->run.show_mpls || ext == NULL)
		return NULL;
	ht_buf_init(&b);
	add_mpls(&b, ext);
	add_interface(&b, ext);
	if (b.len > 0) {
		text = strdup(b.text);
		rp->out.failed |= text == NULL || b.failed;
	}
	ht_buf_done(&b);
	return text;
}

static bool
has_number(const struct query *q, uint32_t seq)
{
	return q->seq == seq || (q->has_again && q->again == seq);
}

/* The newest probe of this number; one that could not be sent has that of the next. */
static struct query *
find_query(struct line *line, uint32_t seq)
{
	for (unsigned i = line != NULL ? line->n : 0; i-- > 0;)
		if (has_number(&line->queries[i], seq))
			return &line->queries[i];
	return NULL;
}

/* One probe more than there are places: it stands in for one without an answer. */
static void
stand_in(struct line *line, uint32_t seq)
{
	for (unsigned i = 0; i < line->n; i++) {
		struct query *q = &line->queries[i];
		if (q->fate == ANSWERED || q->has_again)
			continue;
		q->again = seq;
		q->has_again = true;
		q->fate = PENDING;
		q->open++;
		return;
	}
}

/* A probe was sent, or could not be. */
static void
note_try(
    struct report *rp, struct block *block, const struct ht_event *ev, enum fate fate)
{
	struct line *line = block->lines[ev->ttl];

	if (line == NULL)
		line = block->lines[ev->ttl] = calloc(1, sizeof(*line));
	if (line == NULL) {
		rp->out.failed = true;
		return;
	}
	if (ev->ttl > block->farthest)
		block->farthest = ev->ttl;
	if (line->n < queries(rp))
		line->queries[line->n++] = (struct query){
			.seq = ev->seq, .fate = (uint8_t)fate, .rtt_ns = -1, .open = 1
		};
	else
		stand_in(line, ev->seq);
}

static bool
is_from_somebody(const struct ht_event *ev)
{
	return ev->reply != NULL && ev->reply->from.family != HT_FAMILY_NONE;
}

static void
note_answer(struct report *rp, struct query *q, const struct ht_event *ev)
{
	const struct ht_reply *reply = ev->reply;

	q->fate = ANSWERED;
	q->from = reply->from;
	q->rtt_ns = reply->match != HT_MATCH_AMBIGUOUS ? ev->rtt_ns : -1;
	if (reply->kind == HT_REPLY_UNREACHABLE)
		ht_reply_mark((enum ht_family)reply->from.family, reply->icmp_type,
		    reply->icmp_code, reply->mtu, q->mark);
	q->labels = labels(rp, reply->ext);
}

/* Something became of a probe that was sent. */
static void
note_fate(
    struct report *rp, struct block *block, struct query *q, const struct ht_event *ev)
{
	struct line *line = block->lines[ev->ttl];

	if (q == NULL || q->fate == ANSWERED)
		return;
	if (is_from_somebody(ev))
		note_answer(rp, q, ev);
	else if (q->open > 0 && --q->open == 0)
		q->fate = SILENT;
	if (ev->at > line->settled_at)
		line->settled_at = ev->at;
	if (ev->ttl > block->settled)
		block->settled = ev->ttl;
}

static void
note_failed(struct report *rp, struct block *block, const struct ht_event *ev)
{
	struct query *q = find_query(block->lines[ev->ttl], ev->seq);

	/* Either it had been announced as sent, or it never was. */
	if (q == NULL || q->fate != PENDING) {
		note_try(rp, block, ev, PENDING);
		q = find_query(block->lines[ev->ttl], ev->seq);
	}
	note_fate(rp, block, q, ev);
}

static void
event_trace(struct report *rp, const struct ht_event *ev)
{
	const struct ht_settings *set = ht_session_settings(rp->run.ss);
	bool is_of_path = (ev->type >= HT_EVENT_SENT && ev->type <= HT_EVENT_FAILED)
			  || ev->type == HT_EVENT_END;
	struct block *block;

	if (!is_of_path || ev->flow != set->flow + view_flows_first(report_flows(rp))
	    || (block = block_of(rp, ev->target)) == NULL)
		return;
	if (ev->type == HT_EVENT_SENT) {
		note_try(rp, block, ev, PENDING);
	} else if (ev->type == HT_EVENT_FAILED) {
		note_failed(rp, block, ev);
	} else if (ev->type == HT_EVENT_END) {
		block->end = ev->ttl;
		block->stop = ev->stop;
	} else if (ev->type != HT_EVENT_DUPLICATE) {
		note_fate(rp, block, find_query(block->lines[ev->ttl], ev->seq), ev);
	}
}

/* What is said ===============================================================*/

static void
say_size(struct report *rp, const struct ht_addr *target)
{
	int size = report_size(rp, target);

	if (size < 0)
		ht_buf_printf(&rp->out, "%d-", REPORT_SIZE_MIN);
	ht_buf_printf(&rp->out, "%d byte packets\n", abs(size));
}

static void
say_header(struct report *rp, struct block *block, const struct ht_target *tg)
{
	const struct ht_settings *set = ht_session_settings(rp->run.ss);
	char addr[HT_ADDR_TEXT_MAX];

	if (block->has_header)
		return;
	block->has_header = true;
	ht_buf_printf(&rp->out, "traceroute to %s (%s), %u hops max, ", tg->name,
	    ht_addr_text(&tg->addr, addr), set->max_ttl);
	say_size(rp, &tg->addr);
}

static bool
has_same_source(const struct query *a, const struct query *b)
{
	if (!ht_addr_equal(&a->from, &b->from)
	    || (a->labels == NULL) != (b->labels == NULL))
		return false;
	return a->labels == NULL || strcmp(a->labels, b->labels) == 0;
}

static void
say_source(struct report *rp, const struct query *q)
{
	enum view_names how = rp->run.names == VIEW_NAMES_ADDR ? VIEW_NAMES_ADDR
							       : VIEW_NAMES_NAME;
	char host[VIEW_HOST_MAX], addr[HT_ADDR_TEXT_MAX];

	ht_buf_printf(&rp->out, " %s", view_addr(rp->run.ss, &q->from, how, host));
	if (how == VIEW_NAMES_NAME)
		ht_buf_printf(&rp->out, " (%s)", ht_addr_text(&q->from, addr));
	if (q->labels != NULL)
		ht_buf_printf(&rp->out, " <%s>", q->labels);
}

/* before: the answer before it on the same line, or NULL. */
static void
say_answer(struct report *rp, const struct query *q, const struct query *before)
{
	int64_t us = (q->rtt_ns + 500) / 1000;

	if (before == NULL || !has_same_source(q, before))
		say_source(rp, q);
	if (q->rtt_ns >= 0)
		ht_buf_printf(
		    &rp->out, "  %" PRId64 ".%03" PRId64 " ms", us / 1000, us % 1000);
	if (q->mark[0] != '\0')
		ht_buf_printf(&rp->out, " %s", q->mark);
}

/* What is still in flight is neither an answer nor silence. */
static void
say_line(struct report *rp, unsigned ttl, const struct line *line)
{
	const struct query *before = NULL;

	ht_buf_printf(&rp->out, "%2u ", ttl);
	for (unsigned i = 0; line != NULL && i < line->n; i++) {
		const struct query *q = &line->queries[i];

		if (q->fate == SILENT)
			ht_buf_str(&rp->out, " *");
		if (q->fate != ANSWERED)
			continue;
		say_answer(rp, q, before);
		before = q;
	}
	ht_buf_str(&rp->out, "\n");
}

static bool
is_settled(const struct report *rp, const struct line *line)
{
	if (line == NULL || line->n < queries(rp))
		return false;
	for (unsigned i = 0; i < line->n; i++)
		if (line->queries[i].fate == PENDING)
			return false;
	return true;
}

static bool
is_name_pending(const struct report *rp, const struct query *q)
{
	const struct report_run *run = &rp->run;

	return q->fate == ANSWERED && run->names != VIEW_NAMES_ADDR
	       && run->is_name_pending != NULL
	       && ht_session_name(run->ss, &q->from) == NULL
	       && run->is_name_pending(run->names_ctx, &q->from);
}

/* When a line that is settled may be said; 0 for at once. */
static ht_time
say_at(const struct report *rp, const struct line *line)
{
	for (unsigned i = 0; i < line->n; i++)
		if (is_name_pending(rp, &line->queries[i]))
			return line->settled_at + NAMES_WAIT;
	return 0;
}

/* The ttl of the last line; 0 while it is not known. */
static unsigned
last_of(const struct block *block)
{
	if (block->end != 0)
		return block->end;
	return block->stop != HT_STOP_NONE ? block->farthest : 0;
}

/* Say the lines that can be said; true when the block is complete. */
static bool
say_lines(struct report *rp, struct block *block, ht_time now, ht_time *ret_next)
{
	while (last_of(block) == 0 || block->next <= last_of(block)) {
		const struct line *line = block->next <= HT_TTL_MAX
					      ? block->lines[block->next]
					      : NULL;
		if (!is_settled(rp, line))
			return false;
		*ret_next = say_at(rp, line);
		if (*ret_next > now)
			return false;
		say_line(rp, block->next++, line);
	}
	return true;
}

/* true when the target's block is complete; else when to look again. */
static bool
say_block(struct report *rp, unsigned target, ht_time now, ht_time *ret_next)
{
	const struct ht_target *tg = ht_session_target(rp->run.ss, target);
	struct block *block = block_of(rp, target);

	*ret_next = 0;
	if (tg->state == HT_TARGET_FAILED || block == NULL)
		return true;
	if (tg->state == HT_TARGET_RESOLVING)
		return false;
	say_header(rp, block, tg);
	block->is_said = say_lines(rp, block, now, ret_next);
	return block->is_said;
}

static bool
is_complete_trace(const struct report *rp)
{
	return rp->blocks->current >= ht_session_targets(rp->run.ss);
}

static ht_time
tick_trace(struct report *rp, ht_time now)
{
	ht_time next = 0;

	while (!is_complete_trace(rp) && say_block(rp, rp->blocks->current, now, &next))
		rp->blocks->current++;
	return next > now ? next : HT_TIME_NEVER;
}

/* The run is over before its time, or some answers never came: say what is known. */
static void
finish_trace(struct report *rp, unsigned target)
{
	const struct ht_target *tg = ht_session_target(rp->run.ss, target);
	struct block *block = block_of(rp, target);

	if (tg == NULL || tg->state != HT_TARGET_READY || block == NULL
	    || block->is_said)
		return;
	say_header(rp, block, tg);
	while (block->next <= block->settled
	       && (block->end == 0 || block->next <= block->end)) {
		say_line(rp, block->next, block->lines[block->next]);
		block->next++;
	}
	block->is_said = true;
}

const struct report_ops report_trace = {
	.id = "trace",
	.long_name = "trace",
	.help = "traceroute's lines, a hop each, as soon as they are known",
	.begin = begin_trace,
	.done = done_trace,
	.event = event_trace,
	.tick = tick_trace,
	.is_complete = is_complete_trace,
	.finish = finish_trace,
};
