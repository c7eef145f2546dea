/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "ui/canvas.h"
#include "ui/line.h"

/* Compare the text plane, one string for all lines. */
static void
expect_text(const struct ui_canvas *cv, const char *text)
{
	struct ht_buf b;

	ht_buf_init(&b);
	ui_canvas_dump_text(cv, &b);
	assert_string_equal(b.text, text);
	ht_buf_done(&b);
}

static void
expect_roles(const struct ui_canvas *cv, const char *text)
{
	struct ht_buf b;

	ht_buf_init(&b);
	ui_canvas_dump_roles(cv, &b);
	assert_string_equal(b.text, text);
	ht_buf_done(&b);
}

static struct ui_canvas
canvas(int w, int h)
{
	struct ui_canvas cv;

	ui_canvas_init(&cv);
	assert_int_equal(ui_canvas_resize(&cv, w, h), 0);
	return cv;
}

static void
test_clipping(void **state)
{
	struct ui_canvas cv = canvas(5, 2);

	(void)state;
	ui_canvas_text(&cv, -2, 0, 10, UI_ROLE_GOOD, "abcdefghij");
	ui_canvas_text(&cv, 3, 1, 10, UI_ROLE_BAD, "xyz");
	ui_canvas_text(&cv, 0, -1, 5, UI_ROLE_BAD, "above");
	ui_canvas_text(&cv, 0, 2, 5, UI_ROLE_BAD, "below");
	ui_canvas_put(&cv, 5, 0, UI_ROLE_BAD, 'r');
	expect_text(&cv, "cdefg\n   xy\n");
	expect_roles(&cv, "ggggg\n...bb\n");
	assert_null(ui_canvas_cell(&cv, 5, 0));
	assert_null(ui_canvas_cell(&cv, 0, -1));
	ui_canvas_done(&cv);
}

static void
test_cut(void **state)
{
	/* clang-format off: one line, one width */
	static const struct {
		int w, used;
		const char *out;
	} rows[] = {
		{ -1, 0, "\n" },
		{ 0, 0, "\n" },
		{ 1, 1, "b\n" },
		{ 3, 3, "be1\n" },
		{ 4, 4, "be..\n" },
		{ 6, 6, "be12..\n" },
		{ 7, 7, "be12.ed\n" },
		{ 9, 7, "be12.ed\n" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ui_canvas cv = canvas(20, 1);
		int used = ui_canvas_text(
		    &cv, 0, 0, rows[i].w, UI_ROLE_NORMAL, "be12.ed");
		assert_int_equal(used, rows[i].used);
		expect_text(&cv, rows[i].out);
		ui_canvas_done(&cv);
	}
}

static void
test_right(void **state)
{
	struct ui_canvas cv = canvas(8, 2);

	(void)state;
	ui_canvas_right(&cv, 1, 0, 6, UI_ROLE_NORMAL, "4.8");
	ui_canvas_right(&cv, 1, 1, 4, UI_ROLE_NORMAL, "123456");
	expect_text(&cv, "    4.8\n 12..\n");
	ui_canvas_done(&cv);
}

/* U+4E2D is two columns wide; U+0301 sits on the letter before it. */
static void
test_wide(void **state)
{
	struct ui_canvas cv = canvas(6, 1);

	(void)state;
	assert_int_equal(
	    ui_canvas_text(&cv, 0, 0, 6, UI_ROLE_NORMAL, "a\u4e2de\u0301z"), 5);
	expect_text(&cv, "a\u4e2de\u0301z\n");
	assert_int_equal(ui_canvas_cell(&cv, 2, 0)->cp, 0);
	assert_int_equal(ui_canvas_cell(&cv, 3, 0)->mark, 0x301);

	/* Half of it overwritten, from either side: the other half is a space. */
	ui_canvas_put(&cv, 2, 0, UI_ROLE_NORMAL, 'R');
	expect_text(&cv, "a Re\u0301z\n");
	ui_canvas_put(&cv, 1, 0, UI_ROLE_NORMAL, 0x4e2d);
	ui_canvas_put(&cv, 1, 0, UI_ROLE_NORMAL, 'L');
	expect_text(&cv, "aL e\u0301z\n");

	/* It never hangs over the right edge. */
	ui_canvas_put(&cv, 5, 0, UI_ROLE_NORMAL, 0x4e2d);
	assert_int_equal(ui_canvas_cell(&cv, 5, 0)->cp, ' ');
	assert_int_equal(
	    ui_canvas_text(&cv, 0, 0, 3, UI_ROLE_NORMAL, "\u4e2d\u4e2d"), 2);
	ui_canvas_done(&cv);
}

/* Text that pretends to be something else must not reach a terminal. */
static void
test_hostile(void **state)
{
	struct ui_canvas cv = canvas(10, 1);

	(void)state;
	ui_canvas_text(&cv, 0, 0, 10, UI_ROLE_NORMAL, "a\x1b[2Jb\x07\xff");
	expect_text(&cv, "a[2Jb\ufffd\n");
	for (int x = 0; x < 10; x++)
		assert_true(ui_canvas_cell(&cv, x, 0)->mark == 0);
	ui_canvas_done(&cv);
}

static void
test_tiny(void **state)
{
	(void)state;
	for (int w = -1; w <= 2; w++)
		for (int h = -1; h <= 2; h++) {
			struct ui_canvas cv = canvas(w, h);
			ui_canvas_text(&cv, 0, 0, 5, UI_ROLE_NORMAL, "\u4e2dabc");
			ui_canvas_right(&cv, 0, 0, 5, UI_ROLE_NORMAL, "abc");
			ui_canvas_fill(&cv, -1, 0, 9, UI_ROLE_DIM, '-');
			ui_canvas_paint(&cv, -1, 0, 9, UI_ROLE_SELECTED);
			assert_int_equal(cv.width, w > 0 ? w : 0);
			assert_int_equal(cv.height, h > 0 ? h : 0);
			ui_canvas_done(&cv);
		}
}

static void
test_paint_keeps_text(void **state)
{
	struct ui_canvas cv = canvas(4, 1);

	(void)state;
	ui_canvas_text(&cv, 0, 0, 4, UI_ROLE_BAD, "abcd");
	ui_canvas_paint(&cv, 1, 0, 2, UI_ROLE_SELECTED);
	expect_text(&cv, "abcd\n");
	expect_roles(&cv, "bSSb\n");
	ui_canvas_clear(&cv);
	expect_text(&cv, "\n");
	expect_roles(&cv, "\n");
	ui_canvas_done(&cv);
}

/* Draw the same facts into w columns. */
static void
expect_line(int w, const char *text)
{
	struct ui_canvas cv = canvas(w, 1);
	struct ui_line line = { .n = 0 };

	ui_line_add(&line, 0, UI_ROLE_TITLE, "%s", "example.net");
	ui_line_add(&line, 2, UI_ROLE_NORMAL, "(%d)", 42)->is_tight = true;
	ui_line_add(&line, 3, UI_ROLE_NORMAL, "late");
	ui_line_add(&line, 1, UI_ROLE_GOOD, "[RUN]")->is_right = true;
	ui_line_draw(&line, &cv, 0, 0, w);
	expect_text(&cv, text);
	ui_canvas_done(&cv);
}

static void
test_line_drops_by_rank(void **state)
{
	(void)state;
	expect_line(32, "example.net (42)  late     [RUN]\n");
	expect_line(29, "example.net (42)  late  [RUN]\n");
	expect_line(28, "example.net (42)       [RUN]\n");
	expect_line(22, "example.net      [RUN]\n");
	expect_line(18, "example.net  [RUN]\n");
	expect_line(17, "example.net\n");
	expect_line(8, "exampl..\n");
	expect_line(1, "e\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clipping),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_tiny),
		cmocka_unit_test(test_paint_keeps_text),
		cmocka_unit_test(test_line_drops_by_rank),
	};

	return cmocka_run_group_tests_name("canvas", tests, NULL, NULL);
}
