/* SPDX-License-Identifier: ISC */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "ui/keys.h"

static const enum ui_where places[] = {
	UI_WHERE_TABLE,
	UI_WHERE_DETAIL,
	UI_WHERE_HELP,
	UI_WHERE_PROMPT,
};

/* How many rows claim a key in a place? */
static unsigned
claims(int key, enum ui_where where)
{
	unsigned n = 0;

	for (const struct ui_key_row *row = ui_keys; row->action != UI_ACT_NONE; row++)
		for (int i = 0; i < UI_KEYS_PER_ROW && row->keys[i] != 0; i++)
			n += row->keys[i] == key && (row->where & where) != 0;
	return n;
}

static void
test_no_key_twice(void **state)
{
	(void)state;
	for (const struct ui_key_row *row = ui_keys; row->action != UI_ACT_NONE; row++)
		for (int i = 0; i < UI_KEYS_PER_ROW && row->keys[i] != 0; i++)
			for (size_t p = 0; p < 4; p++)
				if ((row->where & places[p]) != 0) {
					assert_int_equal(
					    claims(row->keys[i], places[p]), 1);
					assert_ptr_equal(
					    ui_key_find(row->keys[i], places[p]), row);
				}
}

static void
test_every_action_has_a_key(void **state)
{
	(void)state;
	for (int action = 1; action < UI_ACT_COUNT; action++) {
		const struct ui_key_row *row = ui_keys;
		while (row->action != UI_ACT_NONE && (int)row->action != action)
			row++;
		assert_int_equal(row->action, action);
	}
}

/* Whoever is lost gets out: quit or cancel is everywhere, and in the footer. */
static void
test_rows_are_complete(void **state)
{
	(void)state;
	for (const struct ui_key_row *row = ui_keys; row->action != UI_ACT_NONE;
	     row++) {
		assert_true(row->keys[0] != 0 && row->where != 0);
		assert_int_equal(row->keys[UI_KEYS_PER_ROW - 1], 0);
		assert_non_null(row->help);
		assert_true(row->help[0] >= 'A' && row->help[0] <= 'Z');
		assert_true(row->help[strlen(row->help) - 1] != '.');
		assert_true(ht_text_width(row->help) <= 67);
		assert_true(row->label == NULL || row->rank > 0);
	}
	for (size_t p = 0; p < 4; p++) {
		assert_non_null(ui_key_find(UI_KEY_ESC, places[p]));
		assert_non_null(ui_key_find(UI_KEY_CTRL_C, places[p]));
	}
}

/* mtr folds case but for Q: every letter of mtr's means here what it means there. */
static void
test_mtr_letters(void **state)
{
	static const struct {
		int key;
		enum ui_action action;
	} rows[] = {
		{ 'q', UI_ACT_QUIT },
		{ '?', UI_ACT_HELP },
		{ 'h', UI_ACT_HELP },
		{ 'p', UI_ACT_PAUSE },
		{ ' ', UI_ACT_PAUSE },
		{ 'r', UI_ACT_RESET },
		{ 'd', UI_ACT_DISPLAY },
		{ 'c', UI_ACT_COMPACT },
		{ 'e', UI_ACT_MPLS },
		{ 'n', UI_ACT_NAMES },
		{ 'j', UI_ACT_JITTER },
		{ 'o', UI_ACT_COLUMNS },
		{ 'i', UI_ACT_INTERVAL },
		{ 'f', UI_ACT_FIRST_TTL },
		{ 'm', UI_ACT_MAX_TTL },
		{ 's', UI_ACT_SIZE },
		{ 'b', UI_ACT_PATTERN },
		{ 'Q', UI_ACT_TOS },
		{ '+', UI_ACT_SCROLL_DOWN },
		{ '-', UI_ACT_SCROLL_UP },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(
		    ui_key_find(rows[i].key, UI_WHERE_TABLE)->action, rows[i].action);
}

/* A script can press every key of the table. */
static void
test_scripts(void **state)
{
	char name[16], script[24];
	int key = 0;

	(void)state;
	for (const struct ui_key_row *row = ui_keys; row->action != UI_ACT_NONE; row++)
		for (int i = 0; i < UI_KEYS_PER_ROW && row->keys[i] != 0; i++) {
			ui_key_name(row->keys[i], name);
			bool is_char = ht_text_width(name) == 1 && name[0] != '<';
			strcpy(script, is_char ? "" : "<");
			strcat(script, name);
			strcat(script, is_char ? "" : ">");
			assert_int_equal(ui_key_parse(script, &key), strlen(script));
			assert_int_equal(key, row->keys[i]);
		}
	assert_int_equal(ui_key_parse("", &key), 0);
	assert_int_equal(ui_key_parse("<Enter", &key), 0);
	assert_int_equal(ui_key_parse("<Nokey>", &key), 0);
	assert_int_equal(ui_key_parse("<", &key), 0);
	assert_int_equal(ui_key_parse("\u00e9x", &key), 2);
	assert_int_equal(key, 0xe9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_key_twice),
		cmocka_unit_test(test_every_action_has_a_key),
		cmocka_unit_test(test_rows_are_complete),
		cmocka_unit_test(test_mtr_letters),
		cmocka_unit_test(test_scripts),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
