/* SPDX-License-Identifier: ISC */
#include <hoptop/stats.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>

bool
ht_counts_loss_pct(const struct ht_counts *counts, double *ret_pct)
{
	uint64_t settled = counts->received + counts->lost + counts->late;

	if (settled == 0)
		return false;
	*ret_pct = 100.0 * (double)counts->lost / (double)settled;
	return true;
}

void
ht_counts_merge(struct ht_counts *counts, const struct ht_counts *other)
{
	counts->sent += other->sent;
	counts->received += other->received;
	counts->pending += other->pending;
	counts->lost += other->lost;
	counts->late += other->late;
	counts->duplicate += other->duplicate;
	counts->failed += other->failed;
}

void
ht_stats_clear(struct ht_stats *st)
{
	*st = (struct ht_stats){ .n = 0 };
}

/* Neumaier's sum: what the big operand cannot hold goes to the carry. */
static void
add_log(struct ht_stats *st, double x)
{
	double sum = st->log_sum + x;

	if (fabs(st->log_sum) >= fabs(x))
		st->log_carry += (st->log_sum - sum) + x;
	else
		st->log_carry += (x - sum) + st->log_sum;
	st->log_sum = sum;
}

static void
add_jitter(struct ht_stats *st, int64_t rtt_ns)
{
	int64_t jitter = llabs(rtt_ns - st->last_ns);

	st->jitter_ns = jitter;
	if (jitter > st->jitter_worst_ns)
		st->jitter_worst_ns = jitter;
	st->jitter_sum_ns += (double)jitter;
	st->jitters++;
	st->jitter_rfc_ns += ((double)jitter - st->jitter_rfc_ns) / 16.0;
}

void
ht_stats_add(struct ht_stats *st, int64_t rtt_ns)
{
	assert(rtt_ns >= 0);

	double rtt = (double)rtt_ns;
	double delta = rtt - st->mean_ns;

	if (st->n > 0)
		add_jitter(st, rtt_ns);
	if (st->n == 0 || rtt_ns < st->best_ns)
		st->best_ns = rtt_ns;
	if (rtt_ns > st->worst_ns)
		st->worst_ns = rtt_ns;
	st->last_ns = rtt_ns;
	st->n++;
	st->mean_ns += delta / (double)st->n;
	st->m2 += delta * (rtt - st->mean_ns);
	/* Below the clock's grain: one RTT of 0 must not make the product 0. */
	add_log(st, rtt_ns > 0 ? log(rtt) : 0.0);
}

bool
ht_stats_stdev(const struct ht_stats *st, double *ret_ns)
{
	if (st->n < 2)
		return false;
	*ret_ns = sqrt(st->m2 / (double)(st->n - 1));
	return true;
}

bool
ht_stats_gmean(const struct ht_stats *st, double *ret_ns)
{
	if (st->n == 0)
		return false;
	*ret_ns = exp((st->log_sum + st->log_carry) / (double)st->n);
	return true;
}

bool
ht_stats_jitter_mean(const struct ht_stats *st, double *ret_ns)
{
	if (st->jitters == 0)
		return false;
	*ret_ns = st->jitter_sum_ns / (double)st->jitters;
	return true;
}

/* Chan, Golub and LeVeque: mean and squared deviations of two sets together. */
static void
merge_moments(struct ht_stats *st, const struct ht_stats *other)
{
	double n = (double)(st->n + other->n);
	double delta = other->mean_ns - st->mean_ns;

	st->m2 += other->m2 + delta * delta * ((double)st->n * (double)other->n / n);
	st->mean_ns += delta * ((double)other->n / n);
}

static void
merge_jitter(struct ht_stats *st, const struct ht_stats *other, bool is_newer)
{
	uint64_t jitters = st->jitters + other->jitters;

	if (other->jitters == 0)
		return;
	if (is_newer || st->jitters == 0)
		st->jitter_ns = other->jitter_ns;
	st->jitter_rfc_ns += (other->jitter_rfc_ns - st->jitter_rfc_ns)
			     * ((double)other->jitters / (double)jitters);
	st->jitter_sum_ns += other->jitter_sum_ns;
	st->jitters = jitters;
	if (other->jitter_worst_ns > st->jitter_worst_ns)
		st->jitter_worst_ns = other->jitter_worst_ns;
}

void
ht_stats_merge(struct ht_stats *st, const struct ht_stats *other, bool is_newer)
{
	if (other->n == 0)
		return;
	if (st->n == 0) {
		*st = *other;
		return;
	}
	merge_moments(st, other);
	merge_jitter(st, other, is_newer);
	if (other->best_ns < st->best_ns)
		st->best_ns = other->best_ns;
	if (other->worst_ns > st->worst_ns)
		st->worst_ns = other->worst_ns;
	if (is_newer)
		st->last_ns = other->last_ns;
	st->n += other->n;
	add_log(st, other->log_sum);
	st->log_carry += other->log_carry;
}
