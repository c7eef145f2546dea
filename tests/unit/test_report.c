/* SPDX-License-Identifier: ISC */
/*
 * Parts of the outputs that the golden run does not reach: headings as mtr
 * prints them, cells that are too narrow, times, streams of several targets.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "report/layout.h"
#include "report/report.h"

static unsigned
no_caps(const struct ht_transport *tp)
{
	(void)tp;
	return 0;
}

static struct ht_transport nowhere = {
	.ops = &(const struct ht_transport_ops){ .name = "nowhere", .caps = no_caps },
};

/* A session that never sends: two targets without an address. */
struct fixture {
	struct ht_session *ss;
	struct report rp;
};

static void
setup(struct fixture *fx, const char *id, const struct ht_settings *set,
    const char *columns)
{
	struct report_run rn = { .local_host = "vm", .columns = columns };

	fx->ss = ht_session_new(set, &nowhere);
	assert_non_null(fx->ss);
	rn.ss = fx->ss;
	assert_int_equal(ht_session_add(fx->ss, "a.example", NULL), 0);
	assert_int_equal(ht_session_add(fx->ss, "b.example", NULL), 1);
	assert_int_equal(ht_session_resolve(fx->ss, 1, NULL, "no such host"), 0);
	assert_int_equal(report_init(&fx->rp, report_find(id), &rn), 0);
}

static void
setup_default(struct fixture *fx, const char *id, const char *columns)
{
	struct ht_settings set;

	ht_settings_init(&set);
	setup(fx, id, &set, columns);
}

static void
done(struct fixture *fx)
{
	report_done(&fx->rp);
	ht_session_free(fx->ss);
}

/* The table *****************************************************************/

static void
test_every_output_is_found(void **state)
{
	char letters[16] = "";

	(void)state;
	for (size_t i = 0; report_at(i) != NULL; i++) {
		const struct report_ops *ops = report_at(i);

		letters[i] = ops->letter != 0 ? ops->letter : '-';
		assert_ptr_equal(report_find(ops->id), ops);
		assert_ptr_equal(
		    report_find_letter(ops->letter), ops->letter != 0 ? ops : NULL);
		assert_non_null(ops->finish);
		assert_true(ops->long_name[0] != '\0' && ops->help[0] != '\0');
	}
	assert_string_equal(letters, "rwjCxlp-");
	assert_null(report_find("nosuch"));
	assert_null(report_find_letter('?'));
}

/* Text **********************************************************************/

/* The headings were copied from the screen of mtr 0.95 on a host named "vm". */
static void
test_headings_are_those_of_mtr(void **state)
{
	static const char narrow[] = "Start: 1970-01-01T00:00:00+0000\n"
				     "HOST: vm                          Loss%   Snt   "
				     "Last   Avg  Best  Wrst StDev\n"
				     "  b.example: no such host\n";
	static const char all[] =
	    "Start: 1970-01-01T00:00:00+0000\n"
	    "HOST: vm Loss% Drop   Rcv   Snt   Last  Best   Avg  Wrst StDev Gmean  Jttr"
	    " Javg Jmax Jint\n"
	    "  a.example: its address was not found in time\n";
	struct fixture fx;

	(void)state;
	setup_default(&fx, "text", NULL);
	report_finish(&fx.rp, 1);
	assert_string_equal(fx.rp.out.text, narrow);
	done(&fx);

	setup_default(&fx, "wide", "LDRS NBAWVG JMXI");
	report_finish(&fx.rp, 0);
	assert_string_equal(fx.rp.out.text, all);
	done(&fx);
}

static void
test_a_long_local_name_is_cut_in_the_narrow_report_only(void **state)
{
	struct fixture fx;
	static const char name[] = "a-host-with-a-name-of-more-than-27.example";

	(void)state;
	setup_default(&fx, "text", "L");
	fx.rp.run.local_host = name;
	report_finish(&fx.rp, 0);
	assert_non_null(
	    strstr(fx.rp.out.text, "HOST: a-host-with-a-name-of-more- Loss%\n"));
	done(&fx);

	setup_default(&fx, "wide", "L");
	fx.rp.run.local_host = name;
	report_finish(&fx.rp, 0);
	assert_non_null(strstr(fx.rp.out.text,
	    "HOST: a-host-with-a-name-of-more-than-27.example Loss%\n"));
	done(&fx);
}

static void
check_cell(char letter, double number, uint64_t count, bool has, const char *want)
{
	struct view_value v = { .number = number, .count = count };
	char cell[REPORT_CELL_MAX];

	assert_string_equal(report_cell(view_column_find(letter), has, &v, cell), want);
}

static void
test_cells(void **state)
{
	(void)state;
	check_cell('L', 0, 0, true, "  0.0%");
	check_cell('L', 33.34, 0, true, " 33.3%");
	check_cell('L', 100, 0, true, " 100.0%");
	check_cell('L', 0, 0, false, "     -");
	check_cell('S', 0, 7, true, "     7");
	check_cell('S', 0, 1234567, true, " 1234567");
	check_cell('D', 0, 7, true, "    7");
	check_cell('N', 54000, 0, true, "   0.1");
	check_cell('N', 3062.69e6, 0, true, " 3062.7");
	check_cell('J', 1.25e6, 0, true, "  1.3");
	check_cell('l', 4.8, 0, true, "    4.8");
	check_cell(' ', 0, 0, false, " ");
}

/* Times *********************************************************************/

static void
check_time(int offset, int64_t ns, const char *mtr, const char *rfc)
{
	struct report rp = { .run = { .utc_offset_s = offset } };
	char buf[REPORT_TIME_MAX];

	assert_string_equal(report_time_mtr(&rp, ns, buf), mtr);
	assert_string_equal(report_time(&rp, ns, buf), rfc);
}

static void
test_times(void **state)
{
	const int64_t ns = INT64_C(1795435643) * HT_S + 250 * HT_MS;

	(void)state;
	check_time(0, ns, "2026-11-23T12:07:23+0000", "2026-11-23T12:07:23.250+00:00");
	check_time(
	    7200, ns, "2026-11-23T14:07:23+0200", "2026-11-23T14:07:23.250+02:00");
	check_time(
	    -12600, ns, "2026-11-23T08:37:23-0330", "2026-11-23T08:37:23.250-03:30");
	check_time(
	    20700, ns, "2026-11-23T17:52:23+0545", "2026-11-23T17:52:23.250+05:45");
	check_time(0, -1, "1969-12-31T23:59:59+0000", "1969-12-31T23:59:59.999+00:00");
}

/* Settings in words *********************************************************/

static void
test_size_and_pattern(void **state)
{
	struct ht_settings set;
	struct fixture fx;
	char buf[REPORT_CELL_MAX];

	(void)state;
	ht_settings_init(&set);
	set.size = -100;
	set.pattern = -1;
	set.tos = 0xb8;
	setup(&fx, "xml", &set, NULL);
	assert_string_equal(report_psize(&fx.rp, NULL, buf), "rand(28-100)");
	assert_string_equal(report_pattern(&fx.rp, buf), "rand(0x00-FF)");
	report_finish(&fx.rp, 1);
	assert_non_null(strstr(fx.rp.out.text, " TOS=\"0xB8\" "));
	assert_non_null(strstr(fx.rp.out.text, " ERROR=\"no such host\""));
	done(&fx);

	ht_settings_init(&set);
	set.pattern = 0xab;
	setup(&fx, "json", &set, NULL);
	assert_string_equal(report_psize(&fx.rp, NULL, buf), "64");
	assert_string_equal(report_pattern(&fx.rp, buf), "0xAB");
	done(&fx);
}

static void
test_no_such_target_is_said(void **state)
{
	struct fixture fx;

	(void)state;
	for (size_t i = 0; report_at(i) != NULL; i++) {
		setup_default(&fx, report_at(i)->id, NULL);
		report_finish(&fx.rp, 63);
		assert_false(fx.rp.out.failed);
		done(&fx);
	}
	setup_default(&fx, "json", NULL);
	report_finish(&fx.rp, 63);
	assert_non_null(strstr(fx.rp.out.text, "\"error\": \"no such target\""));
	done(&fx);
}

/* Streams *******************************************************************/

static void
feed(struct fixture *fx, uint16_t target, uint8_t type, uint8_t ttl, uint32_t seq,
    const char *from)
{
	struct ht_reply reply = { .match = HT_MATCH_EXACT };
	struct ht_event ev = {
		.type = type,
		.ttl = ttl,
		.target = target,
		.seq = seq,
		.rtt_ns = from != NULL ? 1234567 : -1,
		.reply = from != NULL ? &reply : NULL,
	};

	if (from != NULL)
		assert_true(ht_addr_parse(from, &reply.from));
	report_event(&fx->rp, &ev);
}

static void
test_raw_speaks_of_the_first_target_at_once(void **state)
{
	struct fixture fx;

	(void)state;
	setup_default(&fx, "raw", NULL);
	feed(&fx, 1, HT_EVENT_SENT, 1, 0, NULL);
	assert_string_equal(fx.rp.out.text, "");
	feed(&fx, 0, HT_EVENT_SENT, 1, 0, NULL);
	feed(&fx, 0, HT_EVENT_REPLY, 1, 0, "192.0.2.1");
	assert_string_equal(
	    fx.rp.out.text, "x 0 33000\nh 0 192.0.2.1\np 0 1235 33000\n");
	ht_buf_clear(&fx.rp.out);
	report_finish(&fx.rp, 0);
	assert_string_equal(fx.rp.out.text, "");
	report_finish(&fx.rp, 1);
	assert_string_equal(fx.rp.out.text, "x 0 33000\n");
	done(&fx);
}

static void
test_raw_says_a_host_when_it_changes(void **state)
{
	struct fixture fx;

	(void)state;
	setup_default(&fx, "raw", NULL);
	feed(&fx, 0, HT_EVENT_REPLY, 2, 0, "192.0.2.1");
	feed(&fx, 0, HT_EVENT_LATE, 2, 1, "192.0.2.1");
	feed(&fx, 0, HT_EVENT_REPLY, 2, 2, "192.0.2.2");
	feed(&fx, 0, HT_EVENT_LOST, 2, 3, NULL);
	feed(&fx, 0, HT_EVENT_DUPLICATE, 2, 2, "192.0.2.3");
	feed(&fx, 0, HT_EVENT_FAILED, 2, 4, NULL);
	assert_string_equal(fx.rp.out.text,
	    "h 1 192.0.2.1\np 1 1235 33001\np 1 1235 33256\n"
	    "h 1 192.0.2.2\np 1 1235 33511\n");
	done(&fx);
}

static void
test_raw_says_a_name_that_comes_late(void **state)
{
	struct fixture fx;
	struct ht_addr addr;
	struct ht_event ev = { .type = HT_EVENT_NAME, .addr = &addr, .rtt_ns = -1 };

	(void)state;
	setup_default(&fx, "raw", NULL);
	assert_true(ht_addr_parse("192.0.2.1", &addr));
	feed(&fx, 0, HT_EVENT_REPLY, 1, 0, "192.0.2.1");
	ht_session_set_name(fx.ss, &addr, "gw.example", 0);
	ht_buf_clear(&fx.rp.out);
	report_event(&fx.rp, &ev);
	report_event(&fx.rp, &ev);
	feed(&fx, 0, HT_EVENT_REPLY, 1, 1, "192.0.2.1");
	assert_string_equal(fx.rp.out.text, "d 0 gw.example\np 0 1235 33255\n");
	done(&fx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_output_is_found),
		cmocka_unit_test(test_headings_are_those_of_mtr),
		cmocka_unit_test(
		    test_a_long_local_name_is_cut_in_the_narrow_report_only),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_size_and_pattern),
		cmocka_unit_test(test_no_such_target_is_said),
		cmocka_unit_test(test_raw_speaks_of_the_first_target_at_once),
		cmocka_unit_test(test_raw_says_a_host_when_it_changes),
		cmocka_unit_test(test_raw_says_a_name_that_comes_late),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
