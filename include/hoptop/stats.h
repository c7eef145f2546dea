/* SPDX-License-Identifier: ISC */
/**
 * @file stats.h
 * Counts, running RTT statistics and quantiles of a set of probes.
 *
 * All are values of fixed size that never allocate.  RTTs go in as integer
 * nanoseconds; means and deviations are doubles in nanoseconds.
 */
#ifndef HOPTOP_STATS_H
#define HOPTOP_STATS_H

#include <hoptop/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What became of the probes of a hop.
 *
 * sent = received + pending + lost + late.  failed and duplicate stand beside
 * that sum: a probe that failed to leave was not sent.
 */
struct ht_counts {
	uint64_t sent;      /**< left this host */
	uint64_t received;  /**< answered within the timeout */
	uint64_t pending;   /**< in flight */
	uint64_t lost;      /**< not answered within the timeout, nor since */
	uint64_t late;      /**< answered after the timeout */
	uint64_t duplicate; /**< further answers */
	uint64_t failed;    /**< this host could not send */
};

/**
 * Compute loss: lost / (received + lost + late), in percent.
 *
 * @param ret_pct  0..100
 * @return false when no probe has settled yet
 */
bool ht_counts_loss_pct(const struct ht_counts *counts, double *ret_pct);

/** Add the counts of other probes. */
void ht_counts_merge(struct ht_counts *counts, const struct ht_counts *other);

/** Running statistics of RTTs, in the order in which they were added. */
struct ht_stats {
	uint64_t n;              /**< samples */
	int64_t last_ns;         /**< newest; these four are 0 while n is 0 */
	int64_t best_ns;         /**< smallest */
	int64_t worst_ns;        /**< largest */
	int64_t jitter_ns;       /**< |last - one before|, 0 while n < 2 */
	int64_t jitter_worst_ns; /**< largest jitter */
	double mean_ns;          /**< Welford's running mean */
	double m2;               /**< sum of squared deviations, ns^2 */
	double log_sum;          /**< sum of ln(rtt in ns), for the geometric mean */
	double log_carry;        /**< compensation of log_sum (Neumaier) */
	double jitter_sum_ns;    /**< sum of jitters, for their mean */
	double jitter_rfc_ns;    /**< RFC 3550 A.8 interarrival jitter */
	uint64_t jitters;        /**< how many: n - 1, less when merged */
};

/** Forget everything. */
void ht_stats_clear(struct ht_stats *st);

/** Add one RTT in ns, >= 0. */
void ht_stats_add(struct ht_stats *st, int64_t rtt_ns);

/** Sample standard deviation (n - 1) in ns; false while n < 2. */
bool ht_stats_stdev(const struct ht_stats *st, double *ret_ns);

/** Geometric mean in ns; false while n is 0. */
bool ht_stats_gmean(const struct ht_stats *st, double *ret_ns);

/** Mean of the jitters in ns; false while there is none. */
bool ht_stats_jitter_mean(const struct ht_stats *st, double *ret_ns);

/**
 * Add the samples of another flow, as if all had been counted in one place.
 *
 * Two flows have no order between them, and so no jitter: the jitters of each
 * flow are counted, but none between an answer of the one and an answer of the
 * other.  Interarrival jitter becomes the mean of both, weighted by their
 * jitters; last and newest jitter are those of the newer one that has them.
 *
 * @param is_newer  other's newest sample is the newer one
 */
void ht_stats_merge(struct ht_stats *st, const struct ht_stats *other, bool is_newer);

#define HT_HIST_SUB_BITS 7
#define HT_HIST_MAX_BITS 40
#define HT_HIST_BUCKETS  ((HT_HIST_MAX_BITS - HT_HIST_SUB_BITS + 1) << HT_HIST_SUB_BITS)

/**
 * A log-linear histogram: 128 buckets per octave from 128 ns to 2^40 ns (18
 * minutes), exact below; a bucket's middle is within 0.4 % of its members.
 */
struct ht_hist {
	uint64_t n;                      /**< samples */
	uint32_t first;                  /**< lowest bucket in use, if n > 0 */
	uint32_t last;                   /**< highest */
	uint32_t count[HT_HIST_BUCKETS]; /**< per bucket; saturates */
};

/** Forget everything. */
void ht_hist_clear(struct ht_hist *hist);

/** Add one RTT in ns; negative counts as 0, too large as the largest. */
void ht_hist_add(struct ht_hist *hist, int64_t rtt_ns);

/** Add the samples of another histogram. */
void ht_hist_merge(struct ht_hist *hist, const struct ht_hist *other);

/**
 * Find a quantile by nearest rank, ceil(q * n), within 1 % of the exact order
 * statistic.
 *
 * @param q       0 < q <= 1
 * @param ret_ns  middle of the bucket that holds the rank
 * @return false while there is no sample
 */
bool ht_hist_quantile(const struct ht_hist *hist, double q, int64_t *ret_ns);

#ifdef __cplusplus
}
#endif

#endif /* HOPTOP_STATS_H */
