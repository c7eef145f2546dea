/* SPDX-License-Identifier: ISC */
/* Columns, their values and their order; what stands in the host column. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <hoptop/session.h>

#include "base/addr.h"
#include "view/columns.h"
#include "view/host.h"
#include "view/number.h"

/* A hop by hand *************************************************************/

struct fixture {
	struct ht_hop hop;
	struct ht_hist hist;
	struct ht_window recent;
	struct view_row row;
};

/* A hop that was probed and has answered with these RTTs, in ms. */
static struct fixture *
hop_with(unsigned n, const double *ms)
{
	struct fixture *fx = calloc(1, sizeof(*fx));

	assert_non_null(fx);
	fx->hop.hist = &fx->hist;
	fx->hop.addr_index = -1;
	fx->hop.reply_ttl = -1;
	for (unsigned i = 0; i < n; i++) {
		int64_t ns = (int64_t)(ms[i] * 1e6);

		ht_stats_add(&fx->hop.rtt, ns);
		ht_hist_add(&fx->hist, ns);
		ht_stats_add(&fx->recent.rtt, ns);
		ht_hist_add(&fx->recent.hist, ns);
	}
	fx->hop.counts.sent = fx->hop.counts.received = n;
	fx->recent.counts = fx->hop.counts;
	fx->row = (struct view_row){ .hop = &fx->hop, .recent = &fx->recent, .ttl = 3 };
	return fx;
}

/* What the screen shows in a column; "-" for none. */
static const char *
shown(char letter, const struct view_row *row)
{
	static char buf[32];
	const struct view_column *col = view_column_find(letter);
	struct view_value v = { 0 };

	assert_non_null(col);

	bool has = col->get(row, &v);

	return view_value_text(col, has, &v, buf);
}

static double
number_of(char letter, const struct view_row *row)
{
	struct view_value v = { 0 };

	assert_true(view_column_find(letter)->get(row, &v));
	return v.number;
}

/* Numbers *******************************************************************/

static void
check_number(double value, unsigned decimals, const char *want)
{
	char buf[VIEW_NUMBER_MAX];

	assert_string_equal(view_number(value, decimals, buf), want);
}

static void
test_numbers(void **state)
{
	(void)state;
	check_number(0, 1, "0.0");
	check_number(0.04, 1, "0.0");
	check_number(0.06, 1, "0.1");
	check_number(99.96, 1, "100.0");
	check_number(1.005, 0, "1");
	check_number(12.3456789, 6, "12.345679");
	check_number(0.05, 2, "0.05");
	check_number(-2.5, 1, "-2.5");
	check_number(-0.01, 1, "0.0");
	check_number(0.0 / 0.0, 1, "-");
	check_number(1.0 / 0.0, 1, "-");
	check_number(1e300, 1, "1000000000000.0");
	check_number(-1e300, 6, "-1000000000000.000000");
}

/* The table *****************************************************************/

static void
test_table_is_whole(void **state)
{
	char letters[64] = "";

	(void)state;
	for (const struct view_column *c = view_columns; c->letter != 0; c++) {
		size_t n = strlen(letters);

		assert_null(strchr(letters, c->letter));
		letters[n] = c->letter;
		letters[n + 1] = '\0';
		assert_ptr_equal(view_column_find(c->letter), c);
		assert_true(c->id[0] != '\0' && c->help[0] != '\0');
		assert_true((size_t)c->width >= strlen(c->heading));
		for (const struct view_column *d = c + 1; d->letter != 0; d++)
			assert_string_not_equal(c->id, d->id);
	}
	assert_string_equal(letters, "LDRSNBAWVGJMXI mpqrldtfkbhF");
}

static void
test_planned_letters_are_no_columns_yet(void **state)
{
	(void)state;
	assert_null(view_column_find('o'));
	assert_null(view_column_find('c'));
	assert_null(view_column_find('\0'));
	assert_null(view_column_find('!'));
	assert_string_equal(view_column_planned('o'), "AS number");
	assert_string_equal(view_column_planned('c'), "class of the hop");
	assert_null(view_column_planned('L'));
	assert_null(view_column_planned('!'));
}

static void
test_default_columns_exist(void **state)
{
	(void)state;
	assert_string_equal(view_columns_default, "LS NABWV");
	for (const char *s = view_columns_default; *s != '\0'; s++)
		assert_non_null(view_column_find(*s));
}

/* Values ********************************************************************/

static void
test_rtt_columns(void **state)
{
	/* Mean 14, deviations -4 6 -2 0, sum of squares 56; jitters 10 8 2. */
	static const double ms[] = { 10, 20, 12, 14 };
	struct fixture *fx = hop_with(4, ms);

	(void)state;
	assert_string_equal(shown('N', &fx->row), "14.0");
	assert_string_equal(shown('B', &fx->row), "10.0");
	assert_string_equal(shown('A', &fx->row), "14.0");
	assert_string_equal(shown('W', &fx->row), "20.0");
	assert_string_equal(shown('V', &fx->row), "4.3");  /* sqrt(56 / 3) = 4.320 */
	assert_string_equal(shown('G', &fx->row), "13.5"); /* 33600^(1/4) = 13.539 */
	assert_string_equal(shown('J', &fx->row), "2.0");
	assert_string_equal(shown('M', &fx->row), "6.7"); /* 20 / 3 */
	assert_string_equal(shown('X', &fx->row), "10.0");
	/* RFC 3550: J += (|D| - J) / 16: 0.625, 1.0859375, 1.14306640625 */
	assert_float_equal(number_of('I', &fx->row), 1.14306640625e6, 1);
	free(fx);
}

static void
test_quantiles(void **state)
{
	double ms[100];
	struct fixture *fx;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		ms[i] = 100 - i;
	fx = hop_with(100, ms);
	assert_float_equal(number_of('m', &fx->row), 50e6, 0.5e6);
	assert_float_equal(number_of('p', &fx->row), 90e6, 0.9e6);
	assert_float_equal(number_of('q', &fx->row), 95e6, 0.95e6);
	assert_float_equal(number_of('r', &fx->row), 99e6, 0.99e6);
	free(fx);

	/* Never outside of Best and Wrst. */
	fx = hop_with(1, (const double[]){ 1.25 });
	assert_float_equal(number_of('m', &fx->row), 1.25e6, 0);
	assert_float_equal(number_of('r', &fx->row), 1.25e6, 0);
	free(fx);
}

static void
test_counts(void **state)
{
	struct fixture *fx = hop_with(0, NULL);

	(void)state;
	fx->hop.counts = (struct ht_counts){
		.sent = 25,
		.received = 10,
		.pending = 3,
		.lost = 5,
		.late = 7,
		.duplicate = 11,
		.failed = 13,
	};
	fx->recent.counts = (struct ht_counts){ .lost = 1, .received = 3 };
	assert_string_equal(shown('S', &fx->row), "25");
	assert_string_equal(shown('D', &fx->row), "5");
	assert_string_equal(shown('R', &fx->row), "17");
	assert_string_equal(shown('d', &fx->row), "11");
	assert_string_equal(shown('t', &fx->row), "7");
	assert_string_equal(shown('f', &fx->row), "13");
	assert_string_equal(shown('L', &fx->row), "22.7"); /* 5 / 22 */
	assert_string_equal(shown('l', &fx->row), "25.0");
	free(fx);
}

static void
test_no_value_is_a_dash(void **state)
{
	struct view_row never = { .ttl = 3 };
	struct fixture *fx = hop_with(0, NULL);
	const struct view_column *col;

	(void)state;
	for (col = view_columns; col->letter != 0; col++)
		assert_string_equal(shown(col->letter, &never), "-");
	/* Probed, nothing settled: counts are counts, all else has no value. */
	fx->hop.counts.sent = fx->hop.counts.pending = 1;
	for (col = view_columns; col->letter != 0; col++)
		if (col->unit != VIEW_UNIT_COUNT || col->letter == 'b')
			assert_string_equal(shown(col->letter, &fx->row), "-");
	assert_string_equal(shown('S', &fx->row), "1");
	assert_string_equal(shown('D', &fx->row), "0");
	free(fx);
}

static void
test_one_answer_has_no_spread(void **state)
{
	static const double ms[] = { 5 };
	struct fixture *fx = hop_with(1, ms);

	(void)state;
	for (const char *s = "VJMXI"; *s != '\0'; s++)
		assert_string_equal(shown(*s, &fx->row), "-");
	for (const char *s = "NBAWG"; *s != '\0'; s++)
		assert_string_equal(shown(*s, &fx->row), "5.0");
	free(fx);
}

static void
test_queue_is_recent_median_above_best(void **state)
{
	static const double ms[] = { 30, 30, 30 };
	struct fixture *fx = hop_with(3, ms);

	(void)state;
	ht_stats_add(&fx->hop.rtt, 10 * HT_MS);
	assert_float_equal(number_of('k', &fx->row), 20e6, 0.3e6);
	fx->row.recent = NULL;
	assert_string_equal(shown('k', &fx->row), "-");
	assert_string_equal(shown('l', &fx->row), "-");
	free(fx);

	/* A bucket's middle below the best is no negative delay. */
	fx = hop_with(1, (const double[]){ 1.00001 });
	assert_true(number_of('k', &fx->row) >= 0);
	free(fx);
}

/* The dashboard computes the window only for columns that say so. */
static void
test_who_looks_at_the_window(void **state)
{
	static const double ms[] = { 30, 10, 20 };
	struct fixture *fx = hop_with(3, ms);
	char with[32];

	(void)state;
	for (const struct view_column *col = view_columns; col->letter != 0; col++) {
		fx->row.recent = &fx->recent;
		snprintf(with, sizeof(with), "%s", shown(col->letter, &fx->row));
		fx->row.recent = NULL;
		assert_int_equal(view_column_is_recent(col),
		    strcmp(with, shown(col->letter, &fx->row)) != 0);
	}
	free(fx);
}

/* The dashboard relies on it when it measures columns. */
static void
test_no_time_is_above_the_worst(void **state)
{
	static const double samples[][5] = {
		{ 1, 900, 1, 900, 1 },
		{ 900, 900, 900, 900, 900 },
		{ 0, 0, 0, 0, 900 },
		{ 900, 0, 0, 0, 0 },
		{ 0.001, 0.002, 0.001, 0.003, 0.001 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		struct fixture *fx = hop_with(5, samples[i]);
		double most = (double)fx->hop.rtt.worst_ns * 1.01;
		for (const struct view_column *col = view_columns; col->letter != 0;
		     col++)
			if (col->unit == VIEW_UNIT_MS)
				assert_true(number_of(col->letter, &fx->row) <= most);
		free(fx);
	}
}

static void
test_hops_back(void **state)
{
	static const struct {
		int ttl;
		const char *want;
	} cases[] = {
		{ 255, "1" },
		{ 247, "9" },
		{ 129, "127" },
		{ 128, "1" },
		{ 65, "64" },
		{ 64, "1" },
		{ 55, "10" },
		{ 33, "32" },
		{ 32, "1" },
		{ 30, "3" },
		{ -1, "-" },
	};
	struct fixture *fx = hop_with(0, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fx->hop.reply_ttl = (int16_t)cases[i].ttl;
		assert_string_equal(shown('b', &fx->row), cases[i].want);
	}
	free(fx);
}

/* Order *********************************************************************/

static int
compare(char letter, const struct fixture *a, const struct fixture *b, bool reversed)
{
	const struct view_column *col = view_column_find(letter);
	struct view_key ka = view_column_key(col, &a->row);
	struct view_key kb = view_column_key(col, &b->row);

	return view_column_compare(col, &ka, &kb, reversed);
}

static void
test_order(void **state)
{
	struct fixture *fast = hop_with(1, (const double[]){ 1 });
	struct fixture *slow = hop_with(1, (const double[]){ 9 });
	struct fixture *none = hop_with(0, NULL);

	(void)state;
	fast->row.ttl = 1;
	slow->row.ttl = 2;
	none->row.ttl = 3;
	/* Largest first; reversed, smallest first; no value last both ways. */
	assert_true(compare('A', slow, fast, false) < 0);
	assert_true(compare('A', fast, slow, false) > 0);
	assert_true(compare('A', fast, slow, true) < 0);
	assert_true(compare('A', none, slow, false) > 0);
	assert_true(compare('A', none, slow, true) > 0);
	assert_true(compare('A', fast, none, true) < 0);
	/* Ties by ttl, whatever the direction. */
	assert_true(compare('S', fast, slow, false) < 0);
	assert_true(compare('S', fast, slow, true) < 0);
	assert_true(compare('h', none, fast, false) > 0);
	assert_int_equal(compare('A', fast, fast, false), 0);
	/* Counts beyond 2^53 are compared as integers. */
	fast->hop.counts.sent = UINT64_C(9007199254740993);
	slow->hop.counts.sent = UINT64_C(9007199254740992);
	slow->row.ttl = 0;
	assert_true(compare('S', fast, slow, false) < 0);
	free(fast);
	free(slow);
	free(none);
}

/* Hosts *********************************************************************/

static unsigned
no_caps(const struct ht_transport *tp)
{
	(void)tp;
	return 0;
}

static struct ht_transport nowhere = {
	.ops = &(const struct ht_transport_ops){ .name = "nowhere", .caps = no_caps },
};

/* A session that knows one name, and a hop that 192.0.2.1 answered at. */
static struct ht_session *
session_with_name(struct fixture *fx, const char *name)
{
	struct ht_settings set;
	struct ht_session *ss;

	ht_settings_init(&set);
	ss = ht_session_new(&set, &nowhere);
	assert_non_null(ss);
	assert_true(ht_addr_parse("192.0.2.1", &fx->hop.addrs[0].addr));
	fx->hop.n_addrs = 1;
	fx->hop.addr_index = 0;
	fx->hop.reply_kind = HT_REPLY_TIME_EXCEEDED;
	fx->hop.icmp_type = 11;
	fx->row.ss = ss;
	if (name != NULL)
		ht_session_set_name(ss, &fx->hop.addrs[0].addr, name, 0);
	return ss;
}

static void
test_host(void **state)
{
	struct fixture *fx = hop_with(0, NULL);
	struct ht_session *ss = session_with_name(fx, "r1.example");
	const struct view_row *row = &fx->row;
	char buf[VIEW_HOST_MAX];

	(void)state;
	assert_string_equal(view_host(row, VIEW_NAMES_NAME, "???", buf), "r1.example");
	assert_string_equal(view_host(row, VIEW_NAMES_ADDR, "???", buf), "192.0.2.1");
	assert_string_equal(
	    view_host(row, VIEW_NAMES_BOTH, "???", buf), "r1.example (192.0.2.1)");
	assert_int_equal(view_hop_mark(row), ' ');

	fx->hop.reply_kind = HT_REPLY_UNREACHABLE;
	fx->hop.icmp_type = 3;
	fx->hop.icmp_code = 13;
	assert_string_equal(
	    view_host(row, VIEW_NAMES_ADDR, "???", buf), "192.0.2.1 !X");
	assert_int_equal(view_hop_mark(row), '!');
	fx->hop.icmp_code = 4;
	fx->hop.mtu = 1400;
	assert_string_equal(
	    view_host(row, VIEW_NAMES_ADDR, "???", buf), "192.0.2.1 !F-1400");
	fx->hop.icmp_code = 3; /* port unreachable: a firewall's, or the target's */
	assert_string_equal(
	    view_host(row, VIEW_NAMES_ADDR, "???", buf), "192.0.2.1 !<3>");
	assert_int_equal(view_hop_mark(row), '!');
	fx->hop.reply_kind = HT_REPLY_PORT_CLOSED;
	assert_string_equal(view_host(row, VIEW_NAMES_ADDR, "???", buf), "192.0.2.1");
	assert_int_equal(view_hop_mark(row), ' ');

	fx->hop.addr_index = -1;
	assert_string_equal(
	    view_host(row, VIEW_NAMES_NAME, "(no reply)", buf), "(no reply)");
	assert_int_equal(view_hop_mark(row), ' ');
	fx->hop.counts.lost = 1;
	assert_int_equal(view_hop_mark(row), '.');
	fx->row.hop = NULL;
	assert_string_equal(view_host(row, VIEW_NAMES_NAME, "???", buf), "???");
	assert_int_equal(view_hop_mark(row), ' ');
	ht_session_free(ss);
	free(fx);
}

static void
test_host_is_printable_and_fits(void **state)
{
	char name[2000];
	char buf[VIEW_HOST_MAX];
	struct fixture *fx = hop_with(0, NULL);
	struct ht_session *ss;

	(void)state;
	memset(name, 'x', sizeof(name));
	memcpy(name, "a\x1b[31mb\n", 8);
	name[sizeof(name) - 1] = '\0';
	ss = session_with_name(fx, name);
	fx->hop.reply_kind = HT_REPLY_UNREACHABLE;
	fx->hop.icmp_type = 3;
	fx->hop.icmp_code = 1;
	view_host(&fx->row, VIEW_NAMES_BOTH, "???", buf);
	assert_true(strlen(buf) < VIEW_HOST_MAX);
	assert_non_null(strstr(buf, "(192.0.2.1) !H"));
	for (const char *s = buf; *s != '\0'; s++)
		assert_in_range((unsigned char)*s, 0x20, 0x7e);
	ht_session_free(ss);
	free(fx);
}

static void
test_no_name_gives_the_address(void **state)
{
	struct fixture *fx = hop_with(0, NULL);
	struct ht_session *ss = session_with_name(fx, NULL);
	char buf[VIEW_HOST_MAX];

	(void)state;
	assert_string_equal(
	    view_host(&fx->row, VIEW_NAMES_NAME, "???", buf), "192.0.2.1");
	assert_string_equal(
	    view_host(&fx->row, VIEW_NAMES_BOTH, "???", buf), "192.0.2.1");
	ht_session_free(ss);
	free(fx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_table_is_whole),
		cmocka_unit_test(test_planned_letters_are_no_columns_yet),
		cmocka_unit_test(test_default_columns_exist),
		cmocka_unit_test(test_rtt_columns),
		cmocka_unit_test(test_quantiles),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_no_value_is_a_dash),
		cmocka_unit_test(test_one_answer_has_no_spread),
		cmocka_unit_test(test_queue_is_recent_median_above_best),
		cmocka_unit_test(test_who_looks_at_the_window),
		cmocka_unit_test(test_no_time_is_above_the_worst),
		cmocka_unit_test(test_hops_back),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_host_is_printable_and_fits),
		cmocka_unit_test(test_no_name_gives_the_address),
	};

	return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
