/* SPDX-License-Identifier: ISC */
/* Scenario files: read or refused, and what was read can be run. */
#include <errno.h>
#include <string.h>

#include "transport/sim/net.h"

#include "fuzz.h"

#define PROBES 64

static uint64_t
mix_answer(uint64_t digest, const struct ht_sim_answer *an)
{
	assert(an->delay >= 0);
	assert(an->kind > HT_REPLY_NONE && an->kind < HT_REPLY_COUNT);
	digest = fuzz_mix(digest, (uint64_t)an->delay);
	digest = fuzz_mix(digest, (uint64_t)an->icmp_type << 8 | an->icmp_code);
	digest = fuzz_mix(digest, (uint64_t)an->reply_ttl << 8 | an->reply_tos);
	digest = fuzz_mix(digest, (uint64_t)an->mtu << 16 | an->quote);
	return an->has_ext ? fuzz_mix_ext(digest, &an->ext) : digest;
}

/* Probes of growing TTL at growing times, to all targets in turn. */
static uint64_t
probe(struct ht_simnet *net)
{
	uint64_t digest = ht_simnet_targets(net);

	for (unsigned i = 0; i < PROBES; i++) {
		const struct ht_sim_target *target = ht_simnet_target(
		    net, i % ht_simnet_targets(net));
		struct ht_sim_probe pr = { .target = target->addr,
			.proto = (uint8_t)(HT_PROTO_ICMP + i % 3),
			.ttl = (uint8_t)(1 + i / 2),
			.flow = i % 5,
			.size = 28 + 50 * i };
		struct ht_sim_answer answers[HT_SIM_ANSWERS_MAX];
		ht_time now = i * i * 100 * HT_MS;
		int r = ht_simnet_send_error(net, now);
		unsigned n = ht_simnet_probe(net, now, &pr, answers);

		assert(r <= 0 && n <= HT_SIM_ANSWERS_MAX);
		digest = fuzz_mix(digest, (uint64_t)r + n);
		for (unsigned j = 0; j < n; j++)
			digest = mix_answer(digest, &answers[j]);
		digest = fuzz_mix(digest, ht_simnet_hops(net, now));
	}
	return digest;
}

static uint64_t
run(const char *text, size_t len)
{
	struct ht_err err = { 0 };
	struct ht_simnet *net = ht_simnet_parse(text, len, &err);

	if (net == NULL) {
		assert(err.code == -EINVAL || err.code == -ENOMEM);
		assert(memchr(err.text, '\0', sizeof(err.text)) != NULL);
		assert(err.text[0] != '\0' && strchr(err.text, '\n') == NULL);
		return err.line;
	}
	assert(ht_simnet_targets(net) >= 1);
	for (unsigned i = 0; i < ht_simnet_notes(net); i++)
		assert(ht_simnet_note(net, i)->n_words >= 1);

	uint64_t digest = probe(net);
	ht_simnet_free(net);
	return digest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(data, size);

	assert(run((const char *)data, size) == run((const char *)copy, size));
	fuzz_free(copy);
	return 0;
}
