/* SPDX-License-Identifier: ISC */
/* What routers balance by, from the number of a flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "transport/linux/flow.h"

static struct ht_flow
flow(enum ht_proto proto, unsigned number, unsigned local_port)
{
	const struct ht_probe pr = { .proto = (uint8_t)proto,
		.flow = (uint16_t)number,
		.local_port = (uint16_t)local_port };

	return ht_flow_of(&pr);
}

/* All that can differ does, and stays what the fields can hold. */
static void
flows_differ_in_all(void **state)
{
	(void)state;
	for (unsigned a = 0; a <= HT_FLOW_MAX; a++) {
		struct ht_flow f = flow(HT_PROTO_UDP, a, 0);
		assert_in_range(f.label, 1, 0xfffff);
		assert_int_not_equal(f.checksum, 0);
		assert_true(f.local_port >= 1024);
	}
	for (unsigned a = 0; a < 64; a++)
		for (unsigned b = a + 1; b < 64; b++) {
			struct ht_flow f = flow(HT_PROTO_UDP, a, 0);
			struct ht_flow g = flow(HT_PROTO_UDP, b, 0);
			assert_int_not_equal(f.label, g.label);
			assert_int_not_equal(f.checksum, g.checksum);
			assert_int_not_equal(f.local_port, g.local_port);
		}
}

/* TTL, token, size and the like make no difference. */
static void
a_flow_is_one_way(void **state)
{
	struct ht_probe pr = { .proto = HT_PROTO_UDP, .flow = 3, .ttl = 1 };
	struct ht_flow f = ht_flow_of(&pr), g;

	(void)state;
	pr.ttl = 9;
	pr.token = 77;
	pr.size = 1400;
	pr.tos = 184;
	g = ht_flow_of(&pr);
	assert_int_equal(f.label, g.label);
	assert_int_equal(f.checksum, g.checksum);
	assert_int_equal(f.local_port, g.local_port);
	assert_int_equal(f.port, g.port);
}

static void
ports_are_the_users_or_the_defaults(void **state)
{
	const struct ht_probe named = {
		.proto = HT_PROTO_TCP, .flow = 2, .port = 443, .local_port = 5000
	};

	(void)state;
	assert_int_equal(flow(HT_PROTO_UDP, 0, 0).port, 33434);
	assert_int_equal(flow(HT_PROTO_TCP, 0, 0).port, 80);
	assert_int_equal(ht_flow_of(&named).port, 443);
	assert_int_equal(ht_flow_of(&named).local_port, 5002);
	/* Behind the last port there is none, and below 1024 they are privileged. */
	assert_int_equal(flow(HT_PROTO_UDP, 1, 65534).local_port, 65535);
	assert_int_equal(flow(HT_PROTO_UDP, 2, 65534).local_port, 1024);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(flows_differ_in_all),
		cmocka_unit_test(a_flow_is_one_way),
		cmocka_unit_test(ports_are_the_users_or_the_defaults),
	};

	return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
