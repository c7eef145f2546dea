/* SPDX-License-Identifier: ISC */
#include "report/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

uint64_t
report_flows(const struct report *rp)
{
	return rp->run.flows != 0 ? rp->run.flows : view_flows_all(rp->run.ss);
}

bool
report_has_flows(const struct report *rp)
{
	return view_flows_count(report_flows(rp)) > 1;
}

void
report_row_init(struct report_row *row, const struct report *rp, unsigned target,
    uint64_t flows, unsigned ttl)
{
	view_row_flows(&row->view, &row->room, rp->run.ss, target, flows, ttl);
	view_row_recent(&row->view, &row->room);
}

unsigned
report_branches(const struct report *rp, unsigned target, unsigned ttl,
    struct ht_branch ret_branches[HT_MERGE_MAX])
{
	return view_flows_branches(
	    rp->run.ss, target, report_flows(rp), ttl, ret_branches);
}

bool
report_rows(
    const struct report *rp, unsigned target, unsigned *ret_first, unsigned *ret_last)
{
	return view_flows_rows(
	    rp->run.ss, target, report_flows(rp), ret_first, ret_last);
}

const char *
report_letters(const struct report *rp)
{
	return rp->run.columns != NULL ? rp->run.columns : view_columns_default;
}

const struct view_column *
report_next_column(const char **letters)
{
	while (**letters != '\0') {
		const struct view_column *col = view_column_find(*(*letters)++);

		if (col != NULL && col->unit != VIEW_UNIT_HISTORY)
			return col;
	}
	return NULL;
}

bool
report_value(const struct view_column *col, const struct view_row *row,
    struct view_value *ret_value)
{
	*ret_value = (struct view_value){ 0 };
	return col->get(row, ret_value) || col->is_mtr;
}

const char *
report_cell(
    const struct view_column *col, bool has, const struct view_value *v, char *buf)
{
	char text[32];
	const char *sign = has && col->is_mtr && col->unit == VIEW_UNIT_PCT ? "%" : "";
	int width = col->width - 1 - (int)strlen(sign);

	if (col->unit == VIEW_UNIT_NONE)
		snprintf(buf, REPORT_CELL_MAX, "%*s", col->width, "");
	else
		snprintf(buf, REPORT_CELL_MAX, " %*s%s", width,
		    view_value_text(col, has, v, text), sign);
	return buf;
}

int64_t
report_wall_ns(const struct report *rp, ht_time at)
{
	return rp->run.start_ns + (at - ht_session_start(rp->run.ss));
}

/* Split the local time; 0..999 ms are returned, also before 1970. */
static int
split_time(const struct report *rp, int64_t wall_ns, struct tm *ret_tm)
{
	int64_t ms = wall_ns / HT_MS - (wall_ns % HT_MS < 0);
	int64_t rest = ((ms % 1000) + 1000) % 1000;
	time_t local = (time_t)((ms - rest) / 1000 + rp->run.utc_offset_s);

	if (gmtime_r(&local, ret_tm) == NULL)
		*ret_tm = (struct tm){ .tm_mday = 1, .tm_year = 70 };
	return (int)rest;
}

/* Write the offset from Greenwich; between its two halves stands colon. */
static void
zone_text(const struct report *rp, const char *colon, char *buf, size_t size)
{
	int minutes = abs(rp->run.utc_offset_s) / 60;

	snprintf(buf, size, "%c%02d%s%02d", rp->run.utc_offset_s < 0 ? '-' : '+',
	    minutes / 60, colon, minutes % 60);
}

const char *
report_time_mtr(const struct report *rp, int64_t wall_ns, char *buf)
{
	struct tm tm;
	char date[32], zone[16];

	split_time(rp, wall_ns, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	zone_text(rp, "", zone, sizeof(zone));
	snprintf(buf, REPORT_TIME_MAX, "%s%s", date, zone);
	return buf;
}

const char *
report_time(const struct report *rp, int64_t wall_ns, char *buf)
{
	struct tm tm;
	char date[24], zone[16];
	int ms = split_time(rp, wall_ns, &tm);

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	zone_text(rp, ":", zone, sizeof(zone));
	snprintf(buf, REPORT_TIME_MAX, "%s.%03d%s", date, ms, zone);
	return buf;
}

const char *
report_host(const struct report *rp, const struct view_row *row, char *buf)
{
	const struct ht_addr *addr = view_row_addr(row);

	if (addr != NULL)
		return view_addr(rp->run.ss, addr, rp->run.names, buf);
	snprintf(buf, VIEW_HOST_MAX, "???");
	return buf;
}

const char *
report_local_host(const struct report *rp, char *buf)
{
	const char *name = rp->run.local_host;

	ht_text_clean(buf, HT_NAME_MAX, name != NULL ? name : "");
	return buf;
}

const char *
report_problem(const struct report *rp, unsigned target, char *buf)
{
	const struct ht_target *tg = ht_session_target(rp->run.ss, target);
	const char *why = "";

	if (tg == NULL)
		why = "no such target";
	else if (tg->state == HT_TARGET_FAILED)
		why = tg->error[0] != '\0' ? tg->error : "has no address";
	else if (tg->state == HT_TARGET_RESOLVING)
		why = "its address was not found in time";
	else if (tg->send_error != 0)
		why = strerror(tg->send_error);
	ht_text_clean(buf, 160, why);
	return buf;
}

/* The kernel's SYN is as long as the kernel likes, docs/hoptop.8, -s. */
int
report_size(const struct report *rp, const struct ht_addr *target)
{
	const struct ht_settings *set = ht_session_settings(rp->run.ss);
	const struct ht_transport *tp = ht_session_transport(rp->run.ss);
	bool is_kernels = set->proto == HT_PROTO_TCP
			  && (tp->ops->caps(tp) & HT_CAP_SYN_SIZE) == 0;

	if (!is_kernels)
		return set->size;
	return target != NULL && target->family == HT_FAMILY_IP6 ? 80 : 60;
}

const char *
report_psize(const struct report *rp, const struct ht_target *tg, char *buf)
{
	int size = report_size(rp, tg != NULL ? &tg->addr : NULL);

	if (size < 0)
		snprintf(buf, REPORT_CELL_MAX, "rand(%d-%d)", REPORT_SIZE_MIN, -size);
	else
		snprintf(buf, REPORT_CELL_MAX, "%d", size);
	return buf;
}

const char *
report_pattern(const struct report *rp, char *buf)
{
	int pattern = ht_session_settings(rp->run.ss)->pattern;

	if (pattern < 0)
		snprintf(buf, REPORT_CELL_MAX, "rand(0x00-FF)");
	else
		snprintf(buf, REPORT_CELL_MAX, "0x%02X", (unsigned)pattern & 0xff);
	return buf;
}
