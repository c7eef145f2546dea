/* SPDX-License-Identifier: ISC */
#include "ui/prompt.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ui/state.h"

#define INTERVAL_MAX (3600 * HT_S)
#define PSIZE_MIN    28
#define PSIZE_MAX    9000

/** One question; number questions have get and put, others take. */
struct question {
	enum ui_action what;
	const char *label;

	/** Write the present value. */
	void (*show)(const struct ui *ui, char *buf, size_t size);

	/** Take a text; on refusal say why in the prompt's error. */
	bool (*take)(struct ui *ui, const char *text, ht_time now);
};

/* The text itself stands in the prompt: the line has room for the reason. */
static void
refuse(struct ui *ui, const char *what)
{
	snprintf(ui->prompt.error, sizeof(ui->prompt.error), "not %s", what);
}

/* Settings that the session refuses for reasons of its own. */
static bool
apply(struct ui *ui, const struct ht_settings *set, ht_time now)
{
	if (ht_session_set(ui->ss, set, now) == 0)
		return true;
	refuse(ui, "possible here");
	return false;
}

/* A whole number in decimal and nothing else, or a refusal. */
static bool
take_number(struct ui *ui, const char *text, long min, long max, long *ret_value)
{
	char range[64];
	char *end;
	long value = strtol(text, &end, 10);

	if (end != text && *end == '\0' && value >= min && value <= max) {
		*ret_value = value;
		return true;
	}
	snprintf(range, sizeof(range), "a number from %ld to %ld", min, max);
	refuse(ui, range);
	return false;
}

/* Seconds with a decimal point, whatever the locale says; -1 if it is none. */
static ht_time
parse_seconds(const char *text)
{
	ht_time ns = 0, unit = HT_S;
	bool has_digit = false;

	for (; isdigit((unsigned char)*text); text++, has_digit = true) {
		ns = ns * 10 + (*text - '0') * HT_S;
		if (ns > INTERVAL_MAX)
			return -1;
	}
	if (*text == '.')
		for (text++; isdigit((unsigned char)*text); text++, has_digit = true)
			ns += (*text - '0') * (unit /= 10);
	return *text == '\0' && has_digit ? ns : -1;
}

static void
write_seconds(ht_time ns, char *buf, size_t size)
{
	long ms = (long)(ns / HT_MS);
	size_t len = (size_t)snprintf(buf, size, "%ld.%03ld", ms / 1000, ms % 1000);

	while (len > 1 && len < size && buf[len - 1] == '0' && buf[len - 2] != '.')
		buf[--len] = '\0';
}

static void
show_interval(const struct ui *ui, char *buf, size_t size)
{
	write_seconds(ht_session_settings(ui->ss)->interval_ns, buf, size);
}

static bool
take_interval(struct ui *ui, const char *text, ht_time now)
{
	struct ht_settings set = *ht_session_settings(ui->ss);
	char least[32], range[64];

	set.interval_ns = parse_seconds(text);
	if (set.interval_ns >= ui->min_interval_ns && set.interval_ns <= INTERVAL_MAX)
		return apply(ui, &set, now);
	write_seconds(ui->min_interval_ns, least, sizeof(least));
	snprintf(range, sizeof(range), "a number of seconds (%s to 3600)", least);
	refuse(ui, range);
	return false;
}

static void
show_first_ttl(const struct ui *ui, char *buf, size_t size)
{
	snprintf(buf, size, "%u", ht_session_settings(ui->ss)->first_ttl);
}

static bool
take_first_ttl(struct ui *ui, const char *text, ht_time now)
{
	struct ht_settings set = *ht_session_settings(ui->ss);
	long value;

	if (!take_number(ui, text, 1, (long)set.max_ttl, &value))
		return false;
	set.first_ttl = (unsigned)value;
	return apply(ui, &set, now);
}

static void
show_max_ttl(const struct ui *ui, char *buf, size_t size)
{
	snprintf(buf, size, "%u", ht_session_settings(ui->ss)->max_ttl);
}

static bool
take_max_ttl(struct ui *ui, const char *text, ht_time now)
{
	struct ht_settings set = *ht_session_settings(ui->ss);
	long value;

	if (!take_number(
		ui, text, (long)set.first_ttl, (long)ui->max_ttl_limit, &value))
		return false;
	set.max_ttl = (unsigned)value;
	return apply(ui, &set, now);
}

static void
show_size(const struct ui *ui, char *buf, size_t size)
{
	snprintf(buf, size, "%d", ht_session_settings(ui->ss)->size);
}

static bool
take_size(struct ui *ui, const char *text, ht_time now)
{
	struct ht_settings set = *ht_session_settings(ui->ss);
	long value;

	if (!take_number(ui, text, -PSIZE_MAX, PSIZE_MAX, &value))
		return false;
	if (labs(value) < PSIZE_MIN) {
		refuse(ui, "a size from 28 to 9000 (negative: random up to it)");
		return false;
	}
	set.size = (int)value;
	return apply(ui, &set, now);
}

static void
show_pattern(const struct ui *ui, char *buf, size_t size)
{
	snprintf(buf, size, "%d", ht_session_settings(ui->ss)->pattern);
}

static bool
take_pattern(struct ui *ui, const char *text, ht_time now)
{
	struct ht_settings set = *ht_session_settings(ui->ss);
	long value;

	if (!take_number(ui, text, -1, 255, &value))
		return false;
	set.pattern = (int)value;
	return apply(ui, &set, now);
}

static void
show_tos(const struct ui *ui, char *buf, size_t size)
{
	snprintf(buf, size, "%u", ht_session_settings(ui->ss)->tos);
}

static bool
take_tos(struct ui *ui, const char *text, ht_time now)
{
	struct ht_settings set = *ht_session_settings(ui->ss);
	long value;

	if (!take_number(ui, text, 0, 255, &value))
		return false;
	set.tos = (unsigned)value;
	return apply(ui, &set, now);
}

static void
show_columns(const struct ui *ui, char *buf, size_t size)
{
	snprintf(buf, size, "%s", ui->columns);
}

static void
refuse_letter(struct ui *ui, char letter)
{
	const char *planned = view_column_planned(letter);

	if (planned != NULL)
		snprintf(ui->prompt.error, sizeof(ui->prompt.error),
		    "'%c' (%s) is not there yet", letter, planned);
	else
		snprintf(ui->prompt.error, sizeof(ui->prompt.error),
		    "'%c' is not the letter of a column", letter);
}

static bool
take_columns(struct ui *ui, const char *text, ht_time now)
{
	(void)now;
	for (const char *s = text; *s != '\0'; s++) {
		if (*s != ' ' && view_column_find(*s) == NULL) {
			refuse_letter(ui, *s);
			return false;
		}
	}
	snprintf(ui->columns, sizeof(ui->columns), "%s", text);
	if (ui->sort != 0 && strchr(text, ui->sort) == NULL)
		ui->sort = 0;
	return true;
}

/* clang-format off: one row, one question */
static const struct question questions[] = {
	{ UI_ACT_INTERVAL, "Interval in seconds", show_interval, take_interval },
	{ UI_ACT_FIRST_TTL, "First TTL", show_first_ttl, take_first_ttl },
	{ UI_ACT_MAX_TTL, "Largest TTL", show_max_ttl, take_max_ttl },
	{ UI_ACT_SIZE, "Packet size, negative for random", show_size, take_size },
	{ UI_ACT_PATTERN, "Payload byte 0..255, -1 for random", show_pattern,
	    take_pattern },
	{ UI_ACT_TOS, "Type of service 0..255", show_tos, take_tos },
	{ UI_ACT_COLUMNS, "Columns", show_columns, take_columns },
	{ UI_ACT_NONE, "", NULL, NULL },
};
/* clang-format on */

static const struct question *
find(enum ui_action what)
{
	const struct question *q = questions;

	while (q->what != UI_ACT_NONE && q->what != what)
		q++;
	return q;
}

const char *
ui_prompt_label(enum ui_action what)
{
	return find(what)->label;
}

void
ui_prompt_open(struct ui *ui, enum ui_action what)
{
	ui->prompt = (struct ui_prompt){ .what = what, .is_fresh = true };
	find(what)->show(ui, ui->prompt.text, sizeof(ui->prompt.text));
}

static void
type(struct ui_prompt *prompt, int key)
{
	size_t len = prompt->is_fresh ? 0 : strlen(prompt->text);

	if (key < ' ' || key > '~' || len + 1 >= sizeof(prompt->text))
		return;
	prompt->text[len] = (char)key;
	prompt->text[len + 1] = '\0';
	prompt->is_fresh = false;
	prompt->error[0] = '\0';
}

static void
erase(struct ui_prompt *prompt, size_t n)
{
	size_t len = strlen(prompt->text);

	prompt->text[len > n ? len - n : 0] = '\0';
	prompt->is_fresh = false;
	prompt->error[0] = '\0';
}

void
ui_prompt_key(struct ui *ui, int key, ht_time now)
{
	struct ui_prompt *prompt = &ui->prompt;
	const struct ui_key_row *row = ui_key_find(key, UI_WHERE_PROMPT);
	enum ui_action action = row != NULL ? row->action : UI_ACT_NONE;

	if (action == UI_ACT_ACCEPT && find(prompt->what)->take(ui, prompt->text, now))
		action = UI_ACT_CANCEL;
	if (action == UI_ACT_CANCEL)
		*prompt = (struct ui_prompt){ .what = UI_ACT_NONE };
	else if (action == UI_ACT_ERASE)
		erase(prompt, 1);
	else if (action == UI_ACT_ERASE_ALL)
		erase(prompt, sizeof(prompt->text));
	else if (action == UI_ACT_NONE)
		type(prompt, key);
}
