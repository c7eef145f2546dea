/* SPDX-License-Identifier: ISC */
#include "ui/spark.h"

static bool
has_rtt(const struct ht_sample *sample)
{
	return sample->state == HT_SAMPLE_RECEIVED && sample->rtt_ns >= 0;
}

bool
ui_scale_of(const struct ht_sample *samples, size_t n, struct ui_scale *ret_scale)
{
	int64_t low = INT64_MAX, high = -1;

	for (size_t i = 0; i < n; i++) {
		if (!has_rtt(&samples[i]))
			continue;
		low = samples[i].rtt_ns < low ? samples[i].rtt_ns : low;
		high = samples[i].rtt_ns > high ? samples[i].rtt_ns : high;
	}
	if (high < 0)
		return false;

	int64_t least = low / 10 > HT_MS ? low / 10 : HT_MS;
	ret_scale->low_ns = low;
	ret_scale->high_ns = high - low < least ? low + least : high;
	return true;
}

unsigned
ui_scale_step(const struct ui_scale *scale, int64_t rtt_ns, unsigned steps)
{
	double share = (double)(rtt_ns - scale->low_ns)
		       / (double)(scale->high_ns - scale->low_ns);

	if (share <= 0 || steps == 0)
		return 0;
	return share >= 1 ? steps - 1 : (unsigned)(share * steps);
}

uint32_t
ui_spark_bar(unsigned eighths, bool is_ascii)
{
	static const char ascii[] = "...:::|||";

	eighths = eighths < 1 ? 1 : eighths > 8 ? 8 : eighths;
	return is_ascii ? (uint32_t)ascii[eighths] : 0x2580 + eighths;
}

uint32_t
ui_spark_glyph(const struct ht_sample *sample, const struct ui_scale *scale,
    bool is_ascii, enum ui_role *ret_role)
{
	*ret_role = UI_ROLE_NORMAL;
	switch ((enum ht_sample_state)sample->state) {
	case HT_SAMPLE_RECEIVED:
		return ui_spark_bar(
		    1 + ui_scale_step(scale, sample->rtt_ns, 8), is_ascii);
	case HT_SAMPLE_LOST:
		*ret_role = UI_ROLE_BAD;
		return 'x';
	case HT_SAMPLE_LATE:
		*ret_role = UI_ROLE_WARN;
		return '>';
	case HT_SAMPLE_FAILED:
		*ret_role = UI_ROLE_WARN;
		return '!';
	case HT_SAMPLE_PENDING:
	case HT_SAMPLE_NONE:
	case HT_SAMPLE_COUNT:
		break;
	}
	return ' ';
}

void
ui_spark_draw(struct ui_canvas *cv, int x, int y, int w,
    const struct ht_sample *samples, size_t n, bool is_ascii)
{
	struct ui_scale scale = { 0, HT_MS };
	enum ui_role role;

	if (w <= 0)
		return;
	n = n < (size_t)w ? n : (size_t)w;
	ui_scale_of(samples, n, &scale);
	for (size_t i = 0; i < n; i++) {
		uint32_t cp = ui_spark_glyph(&samples[i], &scale, is_ascii, &role);
		ui_canvas_put(cv, x + w - 1 - (int)i, y, role, cp);
	}
}
