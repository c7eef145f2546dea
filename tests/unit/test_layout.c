/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ui/layout.h"
#include "ui/plan.h"

/* Mark the lines of a box as taken: inside the screen, and by nobody else. */
static void
take(struct ui_box box, int w, int h, uint8_t *lines)
{
	assert_true(box.h >= 0);
	if (box.h == 0)
		return;
	assert_int_equal(box.x, 0);
	assert_int_equal(box.w, w);
	assert_true(box.y >= 0 && box.y + box.h <= h);
	for (int y = box.y; y < box.y + box.h; y++)
		assert_int_equal(lines[y]++, 0);
}

static void
check(int w, int h, const struct ui_content *content)
{
	struct ui_layout lay = ui_layout(w, h, content);
	uint8_t lines[128] = { 0 };

	take(lay.status, w, h, lines);
	take(lay.tabs, w, h, lines);
	take(lay.banner, w, h, lines);
	take(lay.heading, w, h, lines);
	take(lay.table, w, h, lines);
	take(lay.detail, w, h, lines);
	take(lay.help, w, h, lines);
	take(lay.bottom, w, h, lines);

	/* The end of the path is the last line of the table: it has one. */
	if (!content->has_help && h >= 2)
		assert_true(lay.table.h >= 1);
	if (!content->has_help && h >= 3)
		assert_int_equal(lay.heading.h, 1);
	if (content->has_help && h >= 2)
		assert_true(lay.help.h >= 1);
	if (content->is_asking)
		assert_true(lay.bottom.h >= 1);
}

static void
test_every_size(void **state)
{
	(void)state;
	for (int h = 1; h <= 100; h++)
		for (int w = 1; w <= 300; w += w < 50 ? 1 : 25)
			for (unsigned bits = 0; bits < 16; bits++)
				for (int lines = 1; lines <= 61; lines += 12) {
					struct ui_content content = {
						.table_lines = lines,
						.targets = 1 + (bits & 1) * 3,
						.bottom_lines = 1 + (bits >> 3 & 1),
						.is_asking = (bits & 8) != 0,
						.has_detail = (bits & 2) != 0,
						.has_help = (bits & 4) != 0,
						.banner_lines = lines % 3 * 2,
					};
					check(w, h, &content);
				}
}

static void
test_models(void **state)
{
	struct ui_content content = {
		.table_lines = 9, .targets = 1, .bottom_lines = 1
	};
	struct ui_layout lay;

	(void)state;
	lay = ui_layout(40, 10, &content);
	assert_int_equal(lay.status.h, 1);
	assert_int_equal(lay.table.h, 7);
	assert_int_equal(lay.bottom.y, 9);

	content.has_detail = true;
	lay = ui_layout(80, 24, &content);
	assert_int_equal(lay.status.h, 2);
	assert_int_equal(lay.detail.y + lay.detail.h, 23);
	assert_true(lay.detail.h >= 10);

	lay = ui_layout(200, 50, &content);
	assert_int_equal(lay.table.h, 9);

	content.is_compact = true;
	lay = ui_layout(80, 24, &content);
	assert_int_equal(lay.status.h, 1);
}

static struct ui_plan
plan_of(const char *letters, int width, int host)
{
	struct ui_plan plan = { .host_longest = host, .has_history = true };

	for (; *letters != '\0'; letters++)
		plan.column[plan.n++] = (struct ui_plan_column){
			.col = *letters == ' ' ? NULL : view_column_find(*letters),
			.width = *letters == ' ' ? 0 : 5,
		};
	ui_plan(&plan, width);
	return plan;
}

static bool
has(const struct ui_plan *plan, char letter)
{
	for (unsigned i = 0; i < plan->n; i++)
		if (plan->column[i].col != NULL
		    && plan->column[i].col->letter == letter)
			return true;
	return false;
}

/* Nothing overlaps, nothing is beyond the edge. */
static void
test_plan_every_width(void **state)
{
	(void)state;
	for (int w = 1; w <= 300; w++)
		for (int host = 1; host <= 90; host += 11) {
			struct ui_plan plan = plan_of("LS NABWVGJMXImpqr", w, host);
			int x = UI_HOP_WIDTH + plan.host_w;
			for (unsigned i = 0; i < plan.n; i++) {
				assert_true(plan.column[i].x == x + 1);
				x = plan.column[i].x + plan.column[i].width;
			}
			if (plan.history_w > 0)
				x = plan.history_x + plan.history_w;
			assert_true(w < UI_HOP_WIDTH ? plan.host_w == 0 : x <= w);
		}
}

/* Host, loss and average stay as long as there is room for them at all. */
static void
test_plan_importance(void **state)
{
	(void)state;
	for (int w = 23; w <= 300; w++) {
		struct ui_plan plan = plan_of("DR AGJMXIL", w, 40);
		assert_true(has(&plan, 'L') && has(&plan, 'A'));
		assert_true(plan.host_w >= 6);
	}
	struct ui_plan narrow = plan_of("LS NABWV", 40, 60);
	assert_true(has(&narrow, 'L') && has(&narrow, 'A') && !has(&narrow, 'V'));
	struct ui_plan wide = plan_of("LS NABWV", 80, 26);
	assert_true(has(&wide, 'V') && has(&wide, 'S') && wide.host_w >= 26);
	assert_true(plan_of("LA", 18, 40).n == 1);
}

static void
test_plan_history(void **state)
{
	(void)state;
	assert_int_equal(plan_of("LS NABWV", 80, 20).history_w, 0);
	assert_true(plan_of("LS NABWV", 120, 26).history_w >= 40);
	/* Long names come before a history that nobody asked for. */
	assert_int_equal(plan_of("LS NABWV", 120, 90).history_w, 0);
	assert_int_equal(plan_of("LS NABWV", 120, 90).host_w, 120 - 5 - 43);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_size),
		cmocka_unit_test(test_models),
		cmocka_unit_test(test_plan_every_width),
		cmocka_unit_test(test_plan_importance),
		cmocka_unit_test(test_plan_history),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
