/* SPDX-License-Identifier: ISC */
/*
 * Traceroute's lines: what stands on them, and when they are said.  The layout was
 * copied from the screen of traceroute 2.1.2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/addr.h"
#include "report/report.h"

#define HEADER "traceroute to a.example (203.0.113.80), 30 hops max, 64 byte packets\n"

static unsigned
no_caps(const struct ht_transport *tp)
{
	(void)tp;
	return 0;
}

static struct ht_transport nowhere = {
	.ops = &(const struct ht_transport_ops){ .name = "nowhere", .caps = no_caps },
};

/* A session that never sends; what would have happened is told to the report. */
struct fixture {
	struct ht_settings set;
	struct report_run run;
	struct ht_session *ss;
	struct report rp;
	const char *unknown; /* an address whose name is still looked up, or NULL */
};

static bool
is_unknown(const void *ctx, const struct ht_addr *addr)
{
	const struct fixture *fx = ctx;
	struct ht_addr unknown;

	return fx->unknown != NULL && ht_addr_parse(fx->unknown, &unknown)
	       && ht_addr_equal(&unknown, addr);
}

static void
prepare(struct fixture *fx)
{
	*fx = (struct fixture){ .run.names = VIEW_NAMES_ADDR };
	fx->run.is_name_pending = is_unknown;
	fx->run.names_ctx = fx;
	ht_settings_init(&fx->set);
	fx->set.cycles = 3;
}

static void
add(struct fixture *fx, const char *name, const char *address)
{
	struct ht_addr addr;

	assert_true(ht_addr_parse(address, &addr));
	assert_true(ht_session_add(fx->ss, name, &addr) >= 0);
}

static void
begin(struct fixture *fx)
{
	fx->run.ss = fx->ss = ht_session_new(&fx->set, &nowhere);
	assert_non_null(fx->ss);
	assert_int_equal(report_init(&fx->rp, report_find("trace"), &fx->run), 0);
}

static void
setup(struct fixture *fx)
{
	prepare(fx);
	begin(fx);
	add(fx, "a.example", "203.0.113.80");
}

static void
done(struct fixture *fx)
{
	assert_false(fx->rp.out.failed);
	report_done(&fx->rp);
	ht_session_free(fx->ss);
}

/* What is said now that was not said before. */
static void
says(struct fixture *fx, ht_time now, const char *want)
{
	report_tick(&fx->rp, now);
	assert_string_equal(fx->rp.out.text, want);
	ht_buf_clear(&fx->rp.out);
}

static void
happen(struct fixture *fx, enum ht_event_type type, uint8_t ttl, uint32_t seq)
{
	struct ht_event ev = {
		.type = (uint8_t)type, .ttl = ttl, .seq = seq, .rtt_ns = -1
	};

	report_event(&fx->rp, &ev);
}

static void
send_all(struct fixture *fx, uint8_t from, uint8_t to)
{
	for (uint8_t ttl = from; ttl <= to; ttl++)
		for (uint32_t seq = 0; seq < 3; seq++)
			happen(fx, HT_EVENT_SENT, ttl, seq);
}

static void
lose_all(struct fixture *fx, uint8_t from, uint8_t to)
{
	for (uint8_t ttl = from; ttl <= to; ttl++)
		for (uint32_t seq = 0; seq < 3; seq++)
			happen(fx, HT_EVENT_LOST, ttl, seq);
}

static void
receive(struct fixture *fx, enum ht_event_type type, uint8_t ttl, uint32_t seq,
    int64_t rtt_ns, struct ht_reply *reply, const char *from)
{
	struct ht_event ev = {
		.type = (uint8_t)type,
		.ttl = ttl,
		.seq = seq,
		.rtt_ns = rtt_ns,
		.reply = reply,
	};

	assert_true(ht_addr_parse(from, &reply->from));
	report_event(&fx->rp, &ev);
}

static void
answer(struct fixture *fx, uint8_t ttl, uint32_t seq, int64_t rtt_us, const char *from)
{
	struct ht_reply reply = {
		.kind = HT_REPLY_TIME_EXCEEDED, .match = HT_MATCH_EXACT, .icmp_type = 11
	};

	receive(fx, HT_EVENT_REPLY, ttl, seq, rtt_us * HT_US, &reply, from);
}

static void
answer_all(struct fixture *fx, uint8_t ttl, const char *from)
{
	for (uint32_t seq = 0; seq < 3; seq++)
		answer(fx, ttl, seq, 1000, from);
}

static void
refuse(struct fixture *fx, uint8_t ttl, uint32_t seq, uint8_t code, uint32_t mtu,
    const char *from)
{
	struct ht_reply reply = { .kind = HT_REPLY_UNREACHABLE,
		.match = HT_MATCH_EXACT,
		.icmp_type = 3,
		.icmp_code = code,
		.mtu = mtu };

	receive(fx, HT_EVENT_REPLY, ttl, seq, HT_MS, &reply, from);
}

static void
end(struct fixture *fx, uint8_t ttl, enum ht_stop stop)
{
	struct ht_event ev = {
		.type = HT_EVENT_END, .ttl = ttl, .stop = (uint8_t)stop, .rtt_ns = -1
	};

	report_event(&fx->rp, &ev);
}

/* What stands on a line ******************************************************/

static void
test_one_address(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 1);
	answer(&fx, 1, 0, 123, "192.0.2.1");
	answer(&fx, 1, 1, 12345, "192.0.2.1");
	answer(&fx, 1, 2, 1234567, "192.0.2.1");
	says(&fx, 0, HEADER " 1  192.0.2.1  0.123 ms  12.345 ms  1234.567 ms\n");
	done(&fx);
}

/* Half a microsecond is rounded up, at an end of a millisecond too. */
static void
test_times_are_rounded(void **state)
{
	struct ht_reply reply = { .kind = HT_REPLY_ECHO, .match = HT_MATCH_EXACT };
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 1);
	receive(&fx, HT_EVENT_REPLY, 1, 0, 0, &reply, "192.0.2.1");
	receive(&fx, HT_EVENT_REPLY, 1, 1, 999499, &reply, "192.0.2.1");
	receive(&fx, HT_EVENT_REPLY, 1, 2, 999500, &reply, "192.0.2.1");
	says(&fx, 0, HEADER " 1  192.0.2.1  0.000 ms  0.999 ms  1.000 ms\n");
	done(&fx);
}

/* In the order of sending; an address again when another one was between. */
static void
test_several_addresses(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 2);
	answer(&fx, 1, 2, 3000, "192.0.2.1");
	answer(&fx, 1, 0, 1000, "192.0.2.1");
	answer(&fx, 1, 1, 2000, "192.0.2.2");
	answer(&fx, 2, 0, 1000, "192.0.2.9");
	answer(&fx, 2, 1, 1000, "192.0.2.8");
	answer(&fx, 2, 2, 1000, "192.0.2.8");
	says(&fx, 0,
	    HEADER " 1  192.0.2.1  1.000 ms 192.0.2.2  2.000 ms 192.0.2.1  3.000 ms\n"
		   " 2  192.0.2.9  1.000 ms 192.0.2.8  1.000 ms  1.000 ms\n");
	done(&fx);
}

static void
test_stars(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 4);
	lose_all(&fx, 1, 1);
	happen(&fx, HT_EVENT_LOST, 2, 0);
	answer(&fx, 2, 1, 1000, "192.0.2.2");
	happen(&fx, HT_EVENT_LOST, 2, 2);
	answer(&fx, 3, 0, 1000, "192.0.2.3");
	happen(&fx, HT_EVENT_LOST, 3, 1);
	answer(&fx, 3, 2, 1000, "192.0.2.3");
	answer(&fx, 4, 0, 1000, "192.0.2.4");
	happen(&fx, HT_EVENT_LOST, 4, 1);
	answer(&fx, 4, 2, 1000, "192.0.2.5");
	says(&fx, 0,
	    HEADER " 1  * * *\n"
		   " 2  * 192.0.2.2  1.000 ms *\n"
		   " 3  192.0.2.3  1.000 ms *  1.000 ms\n"
		   " 4  192.0.2.4  1.000 ms * 192.0.2.5  1.000 ms\n");
	done(&fx);
}

static void
test_marks_stand_behind_times(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 2);
	refuse(&fx, 1, 0, 1, 0, "192.0.2.1");
	answer(&fx, 1, 1, 1000, "192.0.2.1");
	refuse(&fx, 1, 2, 4, 1400, "192.0.2.2");
	refuse(&fx, 2, 0, 3, 0, "203.0.113.80");
	refuse(&fx, 2, 1, 200, 0, "203.0.113.80");
	happen(&fx, HT_EVENT_LOST, 2, 2);
	says(&fx, 0,
	    HEADER " 1  192.0.2.1  1.000 ms !H  1.000 ms 192.0.2.2  1.000 ms !F-1400\n"
		   " 2  203.0.113.80  1.000 ms  1.000 ms !<200> *\n");
	done(&fx);
}

/* A probe counts once, and only if it is known whose answer came. */
static void
test_duplicates_and_guesses(void **state)
{
	struct ht_reply guess = { .kind = HT_REPLY_TIME_EXCEEDED,
		.match = HT_MATCH_AMBIGUOUS };
	struct ht_event nobody = {
		.type = HT_EVENT_REPLY, .ttl = 1, .seq = 2, .rtt_ns = 5, .reply = &guess
	};
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 1);
	answer(&fx, 1, 0, 1000, "192.0.2.1");
	receive(&fx, HT_EVENT_DUPLICATE, 1, 0, 9, &guess, "192.0.2.2");
	receive(&fx, HT_EVENT_DUPLICATE, 1, 1, 9, &guess, "192.0.2.2");
	receive(&fx, HT_EVENT_REPLY, 1, 1, 9, &guess, "192.0.2.2");
	guess.from.family = HT_FAMILY_NONE;
	report_event(&fx.rp, &nobody);
	/* This hop answered, but maybe to another probe: who, but not when. */
	says(&fx, 0, HEADER " 1  192.0.2.1  1.000 ms 192.0.2.2 *\n");
	done(&fx);
}

/* One that was answered by nobody knows whom is sent again, and stands in its place. */
static void
test_one_more_stands_in(void **state)
{
	struct ht_reply guess = { .kind = HT_REPLY_TIME_EXCEEDED,
		.match = HT_MATCH_AMBIGUOUS };
	struct ht_event nobody = {
		.type = HT_EVENT_REPLY, .ttl = 1, .seq = 0, .rtt_ns = 5, .reply = &guess
	};
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 1);
	happen(&fx, HT_EVENT_SENT, 1, 3);
	report_event(&fx.rp, &nobody);
	answer(&fx, 1, 1, 1000, "192.0.2.1");
	answer(&fx, 1, 2, 1000, "192.0.2.1");
	says(&fx, 0, HEADER);
	answer(&fx, 1, 3, 2000, "192.0.2.1");
	says(&fx, 0, " 1  192.0.2.1  2.000 ms  1.000 ms  1.000 ms\n");
	done(&fx);
}

/* The one that was thought to have no answer gets it after all: the first counts. */
static void
test_two_for_one_place(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 1);
	happen(&fx, HT_EVENT_SENT, 1, 3);
	answer(&fx, 1, 3, 2000, "192.0.2.1");
	answer(&fx, 1, 0, 9000, "192.0.2.9");
	answer(&fx, 1, 1, 1000, "192.0.2.1");
	answer(&fx, 1, 2, 1000, "192.0.2.1");
	says(&fx, 0, HEADER " 1  192.0.2.1  2.000 ms  1.000 ms  1.000 ms\n");
	done(&fx);
}

/* One that could not be sent has the number of the next one that is. */
static void
test_not_sent(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	happen(&fx, HT_EVENT_FAILED, 1, 0);
	happen(&fx, HT_EVENT_FAILED, 1, 0);
	happen(&fx, HT_EVENT_SENT, 1, 0);
	answer(&fx, 1, 0, 1000, "192.0.2.1");
	happen(&fx, HT_EVENT_SENT, 2, 0);
	happen(&fx, HT_EVENT_FAILED, 2, 0); /* refused after all */
	happen(&fx, HT_EVENT_SENT, 2, 1);
	happen(&fx, HT_EVENT_SENT, 2, 2);
	answer(&fx, 2, 2, 1000, "192.0.2.2");
	says(&fx, 0, HEADER " 1  * * 192.0.2.1  1.000 ms\n");
	answer(&fx, 2, 1, 1000, "192.0.2.2");
	says(&fx, 0, " 2  * 192.0.2.2  1.000 ms  1.000 ms\n");
	done(&fx);
}

static void
test_names(void **state)
{
	struct fixture fx;
	struct ht_addr addr;

	(void)state;
	prepare(&fx);
	fx.run.names = VIEW_NAMES_NAME;
	begin(&fx);
	add(&fx, "a.example", "203.0.113.80");
	ht_addr_parse("192.0.2.1", &addr);
	ht_session_set_name(fx.ss, &addr, "r1\x1b[2J.example", 0);
	send_all(&fx, 1, 2);
	answer_all(&fx, 1, "192.0.2.1");
	answer_all(&fx, 2, "192.0.2.2");
	says(&fx, 0,
	    HEADER " 1  r1?[2J.example (192.0.2.1)  1.000 ms  1.000 ms  1.000 ms\n"
		   " 2  192.0.2.2 (192.0.2.2)  1.000 ms  1.000 ms  1.000 ms\n");
	done(&fx);
}

/* As traceroute has them; of an interface, what its bytes mean. */
static void
test_labels(void **state)
{
	struct ht_extensions two = { .n_mpls = 2,
		.mpls = { { .label = 100, .tc = 1, .ttl = 1 },
		    { .label = 1048575, .tc = 7, .bottom = 1, .ttl = 255 } } };
	struct ht_extensions port = {
		.if_index = 5, .if_name = "xe-0/0/1 <b>", .if_mtu = 9000
	};
	struct ht_reply reply = { .kind = HT_REPLY_TIME_EXCEEDED,
		.match = HT_MATCH_EXACT,
		.icmp_type = 11,
		.ext = &two };
	struct fixture fx;

	(void)state;
	assert_true(ht_addr_parse("192.0.2.77", &port.if_addr));
	prepare(&fx);
	fx.run.show_mpls = true;
	begin(&fx);
	add(&fx, "a.example", "203.0.113.80");
	send_all(&fx, 1, 1);
	receive(&fx, HT_EVENT_REPLY, 1, 0, HT_MS, &reply, "192.0.2.1");
	receive(&fx, HT_EVENT_REPLY, 1, 1, HT_MS, &reply, "192.0.2.1");
	reply.ext = &port;
	receive(&fx, HT_EVENT_REPLY, 1, 2, HT_MS, &reply, "192.0.2.1");
	says(&fx, 0,
	    HEADER " 1  192.0.2.1 <MPLS:L=100,E=1,S=0,T=1/L=1048575,E=7,S=1,T=255>"
		   "  1.000 ms  1.000 ms"
		   " 192.0.2.1 <IF:I=5,A=192.0.2.77,N=xe-0/0/1,M=9000>  1.000 ms\n");
	done(&fx);
}

static void
test_header_of_random_sizes(void **state)
{
	struct fixture fx;

	(void)state;
	prepare(&fx);
	fx.set.size = -1400;
	fx.set.max_ttl = 15;
	begin(&fx);
	add(&fx, "2001:db8::80", "2001:db8::80");
	says(&fx, 0,
	    "traceroute to 2001:db8::80 (2001:db8::80), 15 hops max,"
	    " 28-1400 byte packets\n");
	says(&fx, 0, "");
	done(&fx);
}

/* A SYN of the kernel has its own size, whatever was asked for. */
static void
test_header_of_tcp(void **state)
{
	struct fixture fx;

	(void)state;
	prepare(&fx);
	fx.set.size = 100;
	fx.set.proto = HT_PROTO_TCP;
	begin(&fx);
	add(&fx, "192.0.2.80", "192.0.2.80");
	add(&fx, "2001:db8::80", "2001:db8::80");
	says(&fx, 0,
	    "traceroute to 192.0.2.80 (192.0.2.80), 30 hops max, 60 byte packets\n");
	end(&fx, 1, HT_STOP_DESTINATION);
	send_all(&fx, 1, 1);
	answer_all(&fx, 1, "192.0.2.80");
	says(&fx, 0,
	    " 1  192.0.2.80  1.000 ms  1.000 ms  1.000 ms\n"
	    "traceroute to 2001:db8::80 (2001:db8::80), 30 hops max, 80 byte "
	    "packets\n");
	done(&fx);
}

/* When it is said ************************************************************/

static void
test_a_line_waits_for_those_before(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 3);
	answer_all(&fx, 3, "192.0.2.3");
	answer(&fx, 1, 0, 1000, "192.0.2.1");
	answer(&fx, 1, 1, 1000, "192.0.2.1");
	says(&fx, 0, HEADER);
	happen(&fx, HT_EVENT_LOST, 1, 2);
	says(&fx, 0, " 1  192.0.2.1  1.000 ms  1.000 ms *\n");
	lose_all(&fx, 2, 2);
	says(&fx, 0,
	    " 2  * * *\n"
	    " 3  192.0.2.3  1.000 ms  1.000 ms  1.000 ms\n");
	assert_false(report_is_complete(&fx.rp));
	done(&fx);
}

static void
test_a_line_waits_for_all_its_probes(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	happen(&fx, HT_EVENT_SENT, 1, 0);
	happen(&fx, HT_EVENT_SENT, 1, 1);
	answer(&fx, 1, 0, 1000, "192.0.2.1");
	answer(&fx, 1, 1, 1000, "192.0.2.1");
	says(&fx, 0, HEADER);
	happen(&fx, HT_EVENT_SENT, 1, 2);
	says(&fx, 0, "");
	happen(&fx, HT_EVENT_SENT, 1, 3); /* one more than there is place for */
	answer(&fx, 1, 2, 1000, "192.0.2.1");
	says(&fx, 0, " 1  192.0.2.1  1.000 ms  1.000 ms  1.000 ms\n");
	done(&fx);
}

/* Late is not lost, as long as the line was not said. */
static void
test_late(void **state)
{
	struct ht_reply reply = {
		.kind = HT_REPLY_TIME_EXCEEDED, .match = HT_MATCH_EXACT, .icmp_type = 11
	};
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 2);
	lose_all(&fx, 2, 2);
	receive(&fx, HT_EVENT_LATE, 2, 1, 3500 * HT_MS, &reply, "192.0.2.2");
	receive(&fx, HT_EVENT_LATE, 1, 0, 3500 * HT_MS, &reply, "192.0.2.1");
	happen(&fx, HT_EVENT_LOST, 1, 1);
	happen(&fx, HT_EVENT_LOST, 1, 2);
	says(&fx, 0,
	    HEADER " 1  192.0.2.1  3500.000 ms * *\n"
		   " 2  * 192.0.2.2  3500.000 ms *\n");
	receive(&fx, HT_EVENT_LATE, 1, 1, 3500 * HT_MS, &reply, "192.0.2.1");
	says(&fx, 0, "");
	done(&fx);
}

static void
test_the_end(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 4);
	answer_all(&fx, 1, "192.0.2.1");
	/* The target answers at every ttl beyond; the nearest comes last. */
	answer_all(&fx, 3, "203.0.113.80");
	end(&fx, 3, HT_STOP_DESTINATION);
	answer_all(&fx, 2, "203.0.113.80");
	end(&fx, 2, HT_STOP_DESTINATION);
	assert_false(report_is_complete(&fx.rp));
	says(&fx, 0,
	    HEADER " 1  192.0.2.1  1.000 ms  1.000 ms  1.000 ms\n"
		   " 2  203.0.113.80  1.000 ms  1.000 ms  1.000 ms\n");
	assert_true(report_is_complete(&fx.rp));
	/* What is said is said: there may be another target's block behind it. */
	end(&fx, 4, HT_STOP_DESTINATION);
	report_tick(&fx.rp, 0);
	report_finish(&fx.rp, 0);
	assert_string_equal(fx.rp.out.text, "");
	done(&fx);
}

/* No end is in sight: the last hop that was asked is the last line. */
static void
test_no_end(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 3);
	answer_all(&fx, 1, "192.0.2.1");
	lose_all(&fx, 2, 3);
	says(&fx, 0,
	    HEADER " 1  192.0.2.1  1.000 ms  1.000 ms  1.000 ms\n"
		   " 2  * * *\n"
		   " 3  * * *\n");
	assert_false(report_is_complete(&fx.rp));
	end(&fx, 0, HT_STOP_UNKNOWN);
	says(&fx, 0, "");
	assert_true(report_is_complete(&fx.rp));
	done(&fx);
}

static void
test_a_line_waits_for_its_names(void **state)
{
	struct fixture fx;
	struct ht_addr addr;

	(void)state;
	prepare(&fx);
	fx.run.names = VIEW_NAMES_BOTH;
	begin(&fx);
	add(&fx, "a.example", "203.0.113.80");
	fx.unknown = "192.0.2.1";
	send_all(&fx, 1, 2);
	answer_all(&fx, 1, "192.0.2.1");
	answer_all(&fx, 2, "192.0.2.2");
	assert_true(report_tick(&fx.rp, HT_MS) == HT_S);
	says(&fx, HT_MS, HEADER);
	ht_addr_parse("192.0.2.1", &addr);
	ht_session_set_name(fx.ss, &addr, "r1.example", 0);
	fx.unknown = "192.0.2.2";
	says(&fx, 2 * HT_MS,
	    " 1  r1.example (192.0.2.1)  1.000 ms  1.000 ms  1.000 ms\n");
	/* A second is enough. */
	assert_true(report_tick(&fx.rp, HT_S - 1) == HT_S);
	says(&fx, HT_S, " 2  192.0.2.2 (192.0.2.2)  1.000 ms  1.000 ms  1.000 ms\n");
	assert_true(report_tick(&fx.rp, HT_S) == HT_TIME_NEVER);
	done(&fx);
}

static void
test_no_names_no_wait(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	fx.unknown = "192.0.2.1";
	send_all(&fx, 1, 1);
	answer_all(&fx, 1, "192.0.2.1");
	says(&fx, 0, HEADER " 1  192.0.2.1  1.000 ms  1.000 ms  1.000 ms\n");
	done(&fx);
}

/* What is in flight is neither an answer nor silence. */
static void
test_interrupted(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 5);
	answer_all(&fx, 1, "192.0.2.1");
	answer(&fx, 4, 1, 1000, "192.0.2.4");
	happen(&fx, HT_EVENT_LOST, 2, 0);
	answer(&fx, 2, 2, 1000, "192.0.2.2");
	says(&fx, 0, HEADER " 1  192.0.2.1  1.000 ms  1.000 ms  1.000 ms\n");
	report_finish(&fx.rp, 0);
	assert_string_equal(fx.rp.out.text, " 2  * 192.0.2.2  1.000 ms\n"
					    " 3 \n"
					    " 4  192.0.2.4  1.000 ms\n");
	done(&fx);
}

static void
test_interrupted_beyond_the_end(void **state)
{
	struct fixture fx;

	(void)state;
	setup(&fx);
	send_all(&fx, 1, 3);
	answer(&fx, 2, 0, 1000, "203.0.113.80");
	answer(&fx, 3, 0, 1000, "203.0.113.80");
	end(&fx, 2, HT_STOP_DESTINATION);
	report_finish(&fx.rp, 0);
	assert_string_equal(fx.rp.out.text, HEADER " 1 \n 2  203.0.113.80  1.000 ms\n");
	done(&fx);
}

/* Several ********************************************************************/

static void
feed_second(struct fixture *fx)
{
	struct ht_reply reply = { .kind = HT_REPLY_ECHO, .match = HT_MATCH_EXACT };
	struct ht_event ev = { .target = 2, .ttl = 1, .rtt_ns = -1 };

	assert_true(ht_addr_parse("203.0.113.90", &reply.from));
	for (ev.seq = 0; ev.seq < 3; ev.seq++) {
		ev.type = HT_EVENT_SENT;
		report_event(&fx->rp, &ev);
	}
	ev.type = HT_EVENT_REPLY;
	ev.reply = &reply;
	ev.rtt_ns = HT_MS;
	for (ev.seq = 0; ev.seq < 3; ev.seq++)
		report_event(&fx->rp, &ev);
	ev.type = HT_EVENT_END;
	ev.stop = HT_STOP_DESTINATION;
	report_event(&fx->rp, &ev);
}

/* One block after the other, and none for a target without an address. */
static void
test_several_targets(void **state)
{
	struct fixture fx;

	(void)state;
	prepare(&fx);
	begin(&fx);
	add(&fx, "a.example", "203.0.113.80");
	ht_session_add(fx.ss, "b.example", NULL);
	add(&fx, "c.example", "203.0.113.90");
	feed_second(&fx);
	says(&fx, 0, HEADER);
	send_all(&fx, 1, 1);
	answer_all(&fx, 1, "203.0.113.80");
	end(&fx, 1, HT_STOP_DESTINATION);
	says(&fx, 0, " 1  203.0.113.80  1.000 ms  1.000 ms  1.000 ms\n");
	ht_session_resolve(fx.ss, 1, NULL, "no such host");
	says(&fx, 0,
	    "traceroute to c.example (203.0.113.90), 30 hops max, 64 byte packets\n"
	    " 1  203.0.113.90  1.000 ms  1.000 ms  1.000 ms\n");
	assert_true(report_is_complete(&fx.rp));
	done(&fx);
}

/* Only the flow that was asked for stands on the lines. */
static void
test_other_flows_are_not_mixed_in(void **state)
{
	struct ht_event ev = {
		.type = HT_EVENT_SENT, .ttl = 1, .flow = 8, .rtt_ns = -1
	};
	struct fixture fx;

	(void)state;
	prepare(&fx);
	fx.set.flow = 7;
	fx.set.flows = 2;
	begin(&fx);
	add(&fx, "a.example", "203.0.113.80");
	report_event(&fx.rp, &ev);
	ev.type = HT_EVENT_LOST;
	report_event(&fx.rp, &ev);
	ev.flow = 7;
	for (ev.seq = 0; ev.seq < 3; ev.seq++) {
		ev.type = HT_EVENT_SENT;
		report_event(&fx.rp, &ev);
	}
	report_finish(&fx.rp, 0);
	assert_string_equal(fx.rp.out.text, HEADER);
	done(&fx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_address),
		cmocka_unit_test(test_times_are_rounded),
		cmocka_unit_test(test_several_addresses),
		cmocka_unit_test(test_stars),
		cmocka_unit_test(test_marks_stand_behind_times),
		cmocka_unit_test(test_duplicates_and_guesses),
		cmocka_unit_test(test_one_more_stands_in),
		cmocka_unit_test(test_two_for_one_place),
		cmocka_unit_test(test_not_sent),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_header_of_random_sizes),
		cmocka_unit_test(test_header_of_tcp),
		cmocka_unit_test(test_a_line_waits_for_those_before),
		cmocka_unit_test(test_a_line_waits_for_all_its_probes),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_the_end),
		cmocka_unit_test(test_no_end),
		cmocka_unit_test(test_a_line_waits_for_its_names),
		cmocka_unit_test(test_no_names_no_wait),
		cmocka_unit_test(test_interrupted),
		cmocka_unit_test(test_interrupted_beyond_the_end),
		cmocka_unit_test(test_several_targets),
		cmocka_unit_test(test_other_flows_are_not_mixed_in),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
