/* SPDX-License-Identifier: ISC */
/*
 * The table of outputs.
 */
#include "report/report.h"

#include <string.h>

#include "report/layout.h"

static const struct report_ops *const outputs[] = {
	&report_text,
	&report_wide,
	&report_json,
	&report_csv,
	&report_xml,
	&report_raw,
	&report_split,
	&report_trace,
};

#define OUTPUTS (sizeof(outputs) / sizeof(outputs[0]))

const struct report_ops *
report_at(size_t i)
{
	return i < OUTPUTS ? outputs[i] : NULL;
}

const struct report_ops *
report_find(const char *id)
{
	for (size_t i = 0; i < OUTPUTS; i++)
		if (strcmp(outputs[i]->id, id) == 0)
			return outputs[i];
	return NULL;
}

const struct report_ops *
report_find_letter(char letter)
{
	for (size_t i = 0; i < OUTPUTS; i++)
		if (letter != 0 && outputs[i]->letter == letter)
			return outputs[i];
	return NULL;
}

int
report_init(
    struct report *rp, const struct report_ops *ops, const struct report_run *run)
{
	*rp = (struct report){ .ops = ops, .run = *run };
	ht_buf_init(&rp->out);
	return ops->begin != NULL ? ops->begin(rp) : 0;
}

void
report_done(struct report *rp)
{
	if (rp->ops->done != NULL)
		rp->ops->done(rp);
	ht_buf_done(&rp->out);
}

void
report_event(void *ctx, const struct ht_event *ev)
{
	struct report *rp = ctx;

	if (rp->ops->event != NULL)
		rp->ops->event(rp, ev);
}

ht_time
report_tick(struct report *rp, ht_time now)
{
	return rp->ops->tick != NULL ? rp->ops->tick(rp, now) : HT_TIME_NEVER;
}

bool
report_is_complete(const struct report *rp)
{
	return rp->ops->is_complete != NULL && rp->ops->is_complete(rp);
}

void
report_finish(struct report *rp, unsigned target)
{
	rp->ops->finish(rp, target);
}
