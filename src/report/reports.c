/* SPDX-License-Identifier: ISC */
/*
 * The table of outputs.
 */
#include "report/report.h"

#include <errno.h>
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
		if (outputs[i]->letter == letter)
			return outputs[i];
	return NULL;
}

int
report_init(
    struct report *rp, const struct report_ops *ops, const struct report_run *run)
{
	*rp = (struct report){ .ops = ops, .run = *run };
	ht_buf_init(&rp->out);
	if (ops->event == NULL)
		return 0;
	rp->stream = report_stream_new();
	return rp->stream != NULL ? 0 : -ENOMEM;
}

void
report_done(struct report *rp)
{
	report_stream_free(rp->stream);
	rp->stream = NULL;
	ht_buf_done(&rp->out);
}

void
report_event(void *ctx, const struct ht_event *ev)
{
	struct report *rp = ctx;

	if (rp->ops->event != NULL)
		rp->ops->event(rp, ev);
}

void
report_finish(struct report *rp, unsigned target)
{
	rp->ops->finish(rp, target);
}
