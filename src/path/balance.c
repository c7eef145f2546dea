/* SPDX-License-Identifier: ISC */
/*
 * Is the load balanced, and by what?
 *
 * 1. Of each flow, look at who answered its newest probes, in sending order.
 * 2. Flows with at least two answers that are not the commonest address's are
 *    mixed.  Count their runs: rows of answers from the same address.
 * 3. Chance would make R runs of n answers, n_i of them from address i:
 *
 *        E(R)   = (n (n + 1) - S2) / n
 *        Var(R) = (S2 (S2 + n (n + 1)) - 2 n S3 - n^3) / (n^2 (n - 1))
 *
 *    where S2 and S3 are the sums of n_i^2 and n_i^3; for two addresses that is
 *    the test of Wald and Wolfowitz.  Means and variances of all mixed flows add
 *    up, so many flows can tell earlier than one.
 * 4. Not too few runs: per packet.  Taking turns makes more than chance would.
 *    A route that changes, or flaps slower than it is looked at, makes fewer.
 *
 * A route changes for all flows at once.  So few answers of each flow prove
 * nothing, however many flows there are: each needs enough for a change to look
 * like one.
 */
#include "path/balance.h"

#include <assert.h>
#include <math.h>

#include "base/addr.h"

#define ANSWERS_MAX  64  /* newest answers of a flow that are looked at ... */
#define PROBES_MAX   256 /* ... of so many probes */
#define ANSWERS_MIN  20  /* that a verdict needs of one flow ... */
#define ANSWERS_ALL  30  /* ... or of several ... */
#define ANSWERS_EACH 10  /* ... that have so many each */
#define MINORITY_MIN 2   /* of a flow, to be mixed */
#define ANSWERS_ONE  5   /* in a row from one address: the flow keeps to it */
#define LOWEST_Z     (-1.96)

/* Addresses of a hop, and one more for those that its table does not hold. */
#define PLACES (HT_HOP_ADDRS_MAX + 1)

/* Who answered the newest probes of a flow. */
struct answers {
	unsigned n;
	unsigned runs;
	unsigned first_run;     /* length of the newest run */
	unsigned count[PLACES]; /* by address */
};

static bool
is_answer(const struct ht_sample *sample)
{
	if (sample->state == HT_SAMPLE_LATE)
		return true;
	return sample->state == HT_SAMPLE_RECEIVED && sample->has_rtt;
}

static void
look(const struct ht_hop *hop, struct answers *ret)
{
	struct ht_sample sample;
	unsigned newer = PLACES;

	*ret = (struct answers){ .n = 0 };
	for (size_t back = 0; back < PROBES_MAX && ret->n < ANSWERS_MAX
			      && ht_hop_sample(hop, back, &sample);
	     back++) {
		unsigned place = sample.addr_index < PLACES ? sample.addr_index
							    : PLACES - 1;
		if (!is_answer(&sample))
			continue;
		ret->runs += place != newer;
		ret->first_run += ret->runs == 1;
		ret->count[place]++;
		ret->n++;
		newer = place;
	}
}

/* Answers that are not the commonest address's. */
static unsigned
minority(const struct answers *a)
{
	unsigned most = 0;

	for (unsigned i = 0; i < PLACES; i++)
		if (a->count[i] > most)
			most = a->count[i];
	return a->n - most;
}

/* What is known of the runs of all mixed flows. */
struct evidence {
	unsigned flows;
	unsigned n;
	unsigned minority;
	double excess; /* runs beyond what chance makes */
	double variance;
};

static void
add_evidence(struct evidence *ev, const struct answers *a)
{
	double n = a->n, s2 = 0, s3 = 0;

	for (unsigned i = 0; i < PLACES; i++) {
		double c = a->count[i];

		s2 += c * c;
		s3 += c * c * c;
	}
	ev->flows++;
	ev->n += a->n;
	ev->minority += minority(a);
	ev->excess += a->runs - (n * (n + 1) - s2) / n;
	ev->variance += (s2 * (s2 + n * (n + 1)) - 2 * n * s3 - n * n * n)
			/ (n * n * (n - 1));
}

static bool
is_per_packet(const struct evidence *ev)
{
	unsigned least = ev->flows > 1 ? ANSWERS_ALL : ANSWERS_MIN;

	return ev->n >= least && 10 * ev->minority >= ev->n && ev->variance > 0
	       && ev->excess / sqrt(ev->variance) > LOWEST_Z;
}

uint64_t
ht_balance_mixed(const struct ht_hop *const *hops, unsigned n)
{
	struct evidence ev = { .n = 0 };
	struct answers answers;
	uint64_t mixed = 0;

	assert(n <= HT_MERGE_MAX);
	for (unsigned i = 0; i < n; i++) {
		if (hops[i] == NULL || hops[i]->n_addrs < 2)
			continue;
		look(hops[i], &answers);
		if (answers.n < ANSWERS_EACH || minority(&answers) < MINORITY_MIN)
			continue;
		add_evidence(&ev, &answers);
		mixed |= UINT64_C(1) << i;
	}
	return is_per_packet(&ev) ? mixed : 0;
}

/* A set of addresses; beyond its room it only grows no more. */
struct addr_set {
	unsigned n;
	struct ht_addr addrs[HT_MERGE_MAX];
};

static void
add_addr(struct addr_set *set, const struct ht_addr *addr)
{
	for (unsigned i = 0; i < set->n; i++)
		if (ht_addr_equal(&set->addrs[i], addr))
			return;
	if (set->n < HT_MERGE_MAX)
		set->addrs[set->n++] = *addr;
}

/* Addresses that answered the newest probes of the mixed flows. */
static unsigned
count_mixed(const struct ht_hop *const *hops, unsigned n, uint64_t mixed)
{
	struct addr_set set = { .n = 0 };
	struct answers answers;

	for (unsigned i = 0; i < n; i++) {
		if ((mixed >> i & 1) == 0)
			continue;
		look(hops[i], &answers);
		for (unsigned k = 0; k < hops[i]->n_addrs; k++)
			if (answers.count[k] > 0)
				add_addr(&set, &hops[i]->addrs[k].addr);
	}
	return set.n;
}

/*
 * Addresses of the flows that keep to one; 0 when these are not most of those
 * that were answered.
 */
static unsigned
count_kept(const struct ht_hop *const *hops, unsigned n)
{
	struct addr_set set = { .n = 0 };
	struct answers answers;
	unsigned kept = 0, answered = 0;

	for (unsigned i = 0; i < n; i++) {
		if (hops[i] == NULL || hops[i]->addr_index < 0)
			continue;
		look(hops[i], &answers);
		answered++;
		if (answers.first_run < ANSWERS_ONE)
			continue;
		kept++;
		add_addr(&set, &hops[i]->addrs[hops[i]->addr_index].addr);
	}
	return 2 * kept > answered ? set.n : 0;
}

enum ht_balance
ht_hops_balance(const struct ht_hop *const *hops, unsigned n, unsigned *ret_routers)
{
	uint64_t mixed = ht_balance_mixed(hops, n);
	unsigned kept = mixed == 0 ? count_kept(hops, n) : 0;

	*ret_routers = mixed != 0 ? count_mixed(hops, n, mixed) : kept > 1 ? kept : 0;
	if (mixed != 0)
		return HT_BALANCE_PACKET;
	return kept > 1 ? HT_BALANCE_FLOW : HT_BALANCE_NONE;
}
