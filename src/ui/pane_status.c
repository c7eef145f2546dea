/* SPDX-License-Identifier: ISC */
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "ui/line.h"
#include "ui/state.h"

/* Silence that deserves an explanation. */
#define PATIENCE (2 * HT_S)

static const struct ht_target *
target_now(const struct ui *ui)
{
	return ht_session_target(ui->ss, ui->target);
}

static void
add_target(const struct ui *ui, struct ui_line *line, bool is_single)
{
	const struct ht_target *target = target_now(ui);
	const char *arrow = ui->is_ascii ? "->" : "\u2192";
	char addr[HT_ADDR_TEXT_MAX], source[HT_ADDR_TEXT_MAX];
	unsigned n = ht_session_targets(ui->ss);

	if (target == NULL) {
		ui_line_add(line, 0, UI_ROLE_TITLE, "no target");
		return;
	}
	ht_addr_text(&target->addr, addr);
	ht_addr_text(&target->source, source);
	if (!is_single && source[0] != '\0' && ui->host[0] != '\0')
		ui_line_add(
		    line, 11, UI_ROLE_NORMAL, "%.64s (%s) %s", ui->host, source, arrow);
	else if (!is_single && source[0] != '\0')
		ui_line_add(line, 11, UI_ROLE_NORMAL, "%s %s", source, arrow);
	ui_line_add(line, 0, UI_ROLE_TITLE, "%.255s", target->name)->is_tight =
	    !is_single && source[0] != '\0';
	if (addr[0] != '\0' && strcmp(addr, target->name) != 0)
		ui_line_add(line, 10, UI_ROLE_NORMAL, "(%s)", addr)->is_tight = true;
	if (n > 1)
		ui_line_add(line, 3, UI_ROLE_KEY, "%u/%u", ui->target + 1, n);
}

/* Which flows are looked at, unless it is the usual one. */
static void
add_flows(const struct ui *ui, struct ui_line *line)
{
	const struct ht_settings *set = ht_session_settings(ui->ss);

	if (ui_has_flows(ui))
		ui_line_add(line, 8, UI_ROLE_NORMAL, "%u flows", set->flows);
	else if (set->flows > 1)
		ui_line_add(line, 3, UI_ROLE_KEY, "flow %u of %u..%u",
		    set->flow + view_flows_first(ui->flows), set->flow,
		    set->flow + set->flows - 1);
	else if (set->flow != 0)
		ui_line_add(line, 13, UI_ROLE_NORMAL, "flow %u", set->flow);
}

/* By some transports a SYN is as large as the kernel makes it. */
static bool
has_size(const struct ui *ui)
{
	const struct ht_transport *tp = ht_session_transport(ui->ss);

	return ht_session_settings(ui->ss)->proto != HT_PROTO_TCP
	       || (tp->ops->caps(tp) & HT_CAP_SYN_SIZE) != 0;
}

static void
add_probing(const struct ui *ui, struct ui_line *line)
{
	const struct ht_settings *set = ht_session_settings(ui->ss);
	const struct ht_transport *tp = ht_session_transport(ui->ss);
	double interval = (double)set->interval_ns / 1e9;

	unsigned port = target_now(ui) != NULL ? ht_session_port(ui->ss, ui->target)
					       : 0;

	ui_line_add(line, 5, UI_ROLE_NORMAL, "%s", ht_proto_name(set->proto));
	if (port != 0)
		ui_line_add(line, 15, UI_ROLE_NORMAL, "port %u", port);
	if (tp != NULL)
		ui_line_add(line, 12, UI_ROLE_NORMAL, "%s", tp->ops->name);
	ui_line_add(line, 9, UI_ROLE_NORMAL, "%.*fs", interval < 1 ? 2 : 1, interval);
	if (has_size(ui) && set->size < 0)
		ui_line_add(line, 20, UI_ROLE_NORMAL, "random B");
	else if (has_size(ui))
		ui_line_add(line, 20, UI_ROLE_NORMAL, "%d B", set->size);
	add_flows(ui, line);
}

static void
add_state(const struct ui *ui, struct ui_line *line)
{
	bool is_paused = ht_session_is_paused(ui->ss);
	bool is_done = ht_session_is_done(ui->ss);
	const char *word = is_done ? "DONE" : is_paused ? "PAUSE" : "RUN";
	enum ui_role role = is_done     ? UI_ROLE_TITLE
			    : is_paused ? UI_ROLE_WARN
					: UI_ROLE_GOOD;

	ui_line_add(line, 1, role, "[%s]", word)->is_right = true;
}

/* hh:mm:ss and the zone, from numbers alone: no time zone database is asked. */
static void
add_clock(struct ui_line *line, const struct ui_clock *wall)
{
	if (wall == NULL || wall->unix_ns == 0)
		return;

	int64_t local = wall->unix_ns / HT_S + wall->utc_offset;
	int s = (int)(((local % 86400) + 86400) % 86400);
	int zone = wall->utc_offset / 60;
	int minutes = zone < 0 ? -zone : zone;
	ui_line_add(line, 14, UI_ROLE_NORMAL, "%02d:%02d:%02d %c%02d%02d", s / 3600,
	    s / 60 % 60, s % 60, zone < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* The next path of those looked at, from *index on; NULL after the last. */
static const struct ht_path *
next_path(const struct ui *ui, unsigned *index)
{
	const struct ht_path *path = NULL;

	while (path == NULL && *index < HT_MERGE_MAX) {
		if ((ui->flows >> *index & 1) != 0)
			path = ht_session_path(ui->ss, ui->target, *index);
		(*index)++;
	}
	return path;
}

/* Cycles of the flow that has had most of them. */
static unsigned long long
count_cycles(const struct ui *ui)
{
	const struct ht_path *path;
	uint64_t most = 0;

	for (unsigned i = 0; (path = next_path(ui, &i)) != NULL;)
		if (ht_path_cycles(path) > most)
			most = ht_path_cycles(path);
	return (unsigned long long)most;
}

static void
add_progress(const struct ui *ui, struct ui_line *line, ht_time now, bool is_single)
{
	const struct ht_settings *set = ht_session_settings(ui->ss);
	unsigned long long cycles = count_cycles(ui);
	const char *word = is_single ? "cy" : cycles == 1 ? " cycle" : " cycles";
	char span[32];

	if (set->cycles > 0)
		ui_line_add(line, 6, UI_ROLE_NORMAL, "%llu/%llu%s", cycles,
		    (unsigned long long)set->cycles, word);
	else
		ui_line_add(line, 6, UI_ROLE_NORMAL, "%llu%s", cycles, word);
	if (ui->path != NULL && ht_path_first(ui->path) != 0)
		ui_line_add(line, 7, UI_ROLE_NORMAL, "%s",
		    ui_span_text(now - ht_path_since(ui->path), span));
}

static void
add_route(const struct ui *ui, struct ui_line *line, ht_time now)
{
	const struct ht_path *path;
	unsigned epochs = 0;
	ht_time since = 0;
	char span[32];

	if (ui->path == NULL || ui->n_rows == 0)
		return;
	/* A change of the route hits many flows: it counts once. */
	for (unsigned i = 0; (path = next_path(ui, &i)) != NULL;) {
		if (ht_path_epoch(path) > epochs)
			epochs = ht_path_epoch(path);
		if (ht_path_epoch(path) > 0 && ht_path_epoch_since(path) > since)
			since = ht_path_epoch_since(path);
	}
	ui_span_text(now - since, span);
	if (epochs == 0)
		ui_line_add(line, 16, UI_ROLE_NORMAL, "path unchanged");
	else
		ui_line_add(
		    line, 8, UI_ROLE_WARN, "path changed %ux, %s ago", epochs, span);
}

/* Hops to the target, of the flows that reached it. */
static void
add_length(const struct ui *ui, struct ui_line *line)
{
	const struct ht_path *path;
	unsigned least = HT_TTL_MAX, most = 0;

	for (unsigned i = 0; (path = next_path(ui, &i)) != NULL;) {
		unsigned last = ht_path_last(path);

		if (!ht_path_is_reached(path))
			continue;
		least = last < least ? last : least;
		most = last > most ? last : most;
	}
	if (least < most)
		ui_line_add(line, 13, UI_ROLE_GOOD, "%u..%u hops", least, most);
	else
		ui_line_add(
		    line, 13, UI_ROLE_GOOD, "%u hop%s", most, most == 1 ? "" : "s");
}

/* How the path ends: hops, or why it is not complete. */
static void
add_end(const struct ui *ui, struct ui_line *line)
{
	unsigned last = ui->path != NULL ? ht_path_last(ui->path) : 0;
	unsigned max = ht_session_settings(ui->ss)->max_ttl;

	if (last == 0)
		return;
	enum ht_stop stop = ht_path_stop(ui->path);
	if (last > max) { /* the user has made it shorter */
		stop = HT_STOP_MAX_TTL;
		last = max;
	}
	switch (stop) {
	case HT_STOP_DESTINATION:
		add_length(ui, line);
		break;
	case HT_STOP_UNREACHABLE:
		ui_line_add(line, 4, UI_ROLE_BAD, "unreachable at hop %u", last);
		break;
	case HT_STOP_UNKNOWN:
		ui_line_add(
		    line, 4, UI_ROLE_WARN, "not reached: silent to hop %u", last);
		break;
	case HT_STOP_MAX_TTL:
		ui_line_add(line, 4, UI_ROLE_WARN, "not reached in %u hops", last);
		break;
	case HT_STOP_NONE:
	case HT_STOP_COUNT:
		ui_line_add(line, 13, UI_ROLE_NORMAL, "%u hop%s so far", last,
		    last == 1 ? "" : "s");
		break;
	}
}

/* The flow that was answered last at a hop; NULL if none ever was. */
static const struct ht_hop *
newest_answered(const struct ui *ui, unsigned ttl)
{
	const struct ht_hop *newest = NULL;
	const struct ht_path *path;

	for (unsigned i = 0; (path = next_path(ui, &i)) != NULL;) {
		const struct ht_hop *hop = ht_path_hop(path, ttl);

		if (hop != NULL && hop->n_addrs > 0
		    && (newest == NULL || hop->reply_at > newest->reply_at))
			newest = hop;
	}
	return newest;
}

/* The worse of the two stamps of the newest answer. */
static void
add_stamps(const struct ui *ui, struct ui_line *line)
{
	for (unsigned i = ui->n_rows; i > 0; i--) {
		const struct ht_hop *hop = newest_answered(ui, ui->rows[i - 1]);
		if (hop == NULL || hop->reply_kind == HT_REPLY_NONE)
			continue;
		unsigned worse = hop->tx_stamp < hop->rx_stamp ? hop->tx_stamp
							       : hop->rx_stamp;
		ui_line_add(line, 18, UI_ROLE_NORMAL, "ts:%s",
		    ht_stamp_name((enum ht_stamp)worse));
		return;
	}
}

/* The newest reason why a probe of these paths did not leave, 0 if none. */
static int
newest_error(const struct ui *ui)
{
	const struct ht_hop *newest = NULL;
	const struct ht_path *path;

	for (unsigned i = 0; (path = next_path(ui, &i)) != NULL;)
		for (unsigned k = 0; k < ui->n_rows; k++) {
			const struct ht_hop *hop = ht_path_hop(path, ui->rows[k]);
			if (hop != NULL && hop->last_error != 0
			    && (newest == NULL
				|| hop->last_error_at > newest->last_error_at))
				newest = hop;
		}
	return newest != NULL ? newest->last_error : 0;
}

static void
add_troubles(const struct ui *ui, struct ui_line *line)
{
	const struct ht_target *target = target_now(ui);
	struct ht_totals totals = ht_session_totals(ui->ss);
	int error = target != NULL && target->send_error != 0 ? target->send_error
							      : newest_error(ui);

	if (target != NULL && target->send_error != 0)
		ui_line_add(line, 2, UI_ROLE_BAD, "cannot send: %s",
		    ui_error_text(target->send_error));
	else if (totals.failed > 0)
		ui_line_add(line, 15, UI_ROLE_WARN, "%llu not sent%s%s",
		    (unsigned long long)totals.failed, error != 0 ? ": " : "",
		    error != 0 ? ui_error_text(error) : "");
	if (totals.late > 0)
		ui_line_add(line, 17, UI_ROLE_WARN, "%llu late",
		    (unsigned long long)totals.late);
	if (totals.duplicate > 0)
		ui_line_add(line, 19, UI_ROLE_WARN, "%llu dup",
		    (unsigned long long)totals.duplicate);
}

void
ui_status_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box, ht_time now,
    const struct ui_clock *wall)
{
	struct ui_line line = { .n = 0 };
	bool is_single = box.h == 1;

	if (box.h < 1)
		return;
	if (!is_single)
		ui_line_add(&line, 21, UI_ROLE_TITLE, "hoptop");
	add_target(ui, &line, is_single);
	add_probing(ui, &line);
	add_state(ui, &line);
	if (!is_single) {
		ui_line_draw(&line, cv, box.x, box.y, box.w);
		line.n = 0;
		add_clock(&line, wall);
	}
	add_progress(ui, &line, now, is_single);
	add_troubles(ui, &line);
	add_route(ui, &line, now);
	add_end(ui, &line);
	if (!is_single)
		add_stamps(ui, &line);
	ui_line_draw(&line, cv, box.x, box.y + box.h - 1, box.w);
}

void
ui_tabs_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box)
{
	struct ui_line line = { .n = 0 };
	unsigned n = ht_session_targets(ui->ss);

	if (box.h < 1)
		return;
	for (unsigned i = 0; i < n && i < UI_PIECES_MAX; i++) {
		const struct ht_target *target = ht_session_target(ui->ss, i);
		bool is_now = i == ui->target;
		unsigned away = i > ui->target ? i - ui->target : ui->target - i;
		const char *state = target->state == HT_TARGET_FAILED ? " (failed)"
								      : "";
		ui_line_add(&line, is_now ? 0 : away,
		    is_now ? UI_ROLE_TITLE : UI_ROLE_DIM,
		    is_now ? "[%u %.60s%s]" : "%u %.60s%s", i + 1, target->name, state);
	}
	ui_line_draw(&line, cv, box.x, box.y, box.w);
}

/* Lines of words, clipped by their box. */
struct words {
	struct ui_canvas *cv;
	struct ui_box box;
	int n;
};

static void
say(struct words *words, enum ui_role role, const char *text)
{
	if (words->n < words->box.h)
		ui_canvas_text(words->cv, words->box.x + 1, words->box.y + words->n,
		    words->box.w - 1, role, text);
	words->n++;
}

static uint64_t
sent_so_far(const struct ui *ui)
{
	const struct ht_path *path;
	uint64_t sent = 0;

	for (unsigned i = 0; (path = next_path(ui, &i)) != NULL;)
		for (unsigned ttl = 1; ttl <= HT_TTL_MAX; ttl++) {
			const struct ht_hop *hop = ht_path_hop(path, ttl);
			sent += hop != NULL ? hop->counts.sent : 0;
		}
	return sent;
}

static bool
has_answer(const struct ui *ui)
{
	for (unsigned i = 0; i < ui->n_rows; i++)
		if (newest_answered(ui, ui->rows[i]) != NULL)
			return true;
	return false;
}

static void
say_causes(const struct ui *ui, struct words *words)
{
	enum ht_proto proto = ht_session_settings(ui->ss)->proto;
	char text[120];

	say(words, UI_ROLE_NORMAL, "Likely causes:");
	say(words, UI_ROLE_NORMAL,
	    "- this host is offline, or its VPN or Wi-Fi is down");
	snprintf(text, sizeof(text), "- a firewall drops %s or the answers to it",
	    ht_proto_name(proto));
	say(words, UI_ROLE_NORMAL, text);
	if (proto == HT_PROTO_ICMP)
		say(words, UI_ROLE_NORMAL, "  (UDP may pass: hoptop -u)");
	else
		say(words, UI_ROLE_NORMAL, "  (ICMP may pass: --protocol icmp)");
	say(words, UI_ROLE_NORMAL,
	    "- in a container or a virtual machine: its network drops ICMP");
}

static void
say_silence(const struct ui *ui, struct words *words, ht_time now)
{
	const struct ht_target *target = target_now(ui);
	unsigned long long sent = (unsigned long long)sent_so_far(ui);
	char text[256];

	if (target->send_error != 0) {
		snprintf(text, sizeof(text), "cannot send: %s; trying again",
		    ui_error_text(target->send_error));
		say(words, UI_ROLE_BAD, text);
		return;
	}
	snprintf(text, sizeof(text), "sent %llu probe%s, no answer yet", sent,
	    sent == 1 ? "" : "s");
	say(words, UI_ROLE_NORMAL, text);
	if (now - ht_path_since(ui->path) >= PATIENCE)
		say_causes(ui, words);
}

int
ui_words_draw(struct ui *ui, struct ui_canvas *cv, struct ui_box box, ht_time now)
{
	const struct ht_target *target = target_now(ui);
	struct words words = { .cv = cv, .box = box };
	char text[HT_NAME_MAX + 200];

	if (target == NULL)
		say(&words, UI_ROLE_WARN, "there is no target");
	else if (target->state == HT_TARGET_RESOLVING) {
		snprintf(text, sizeof(text), "resolving %s", target->name);
		say(&words, UI_ROLE_NORMAL, text);
	} else if (target->state == HT_TARGET_FAILED) {
		snprintf(text, sizeof(text), "%s: %s", target->name, target->error);
		say(&words, UI_ROLE_BAD, text);
	} else if (ui->path != NULL && !has_answer(ui))
		say_silence(ui, &words, now);
	return words.n;
}
