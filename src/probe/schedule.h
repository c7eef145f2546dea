/* SPDX-License-Identifier: ISC */
/**
 * @file schedule.h
 * Decides which probe leaves when, for one (target, flow), and where its path
 * ends.
 *
 * The schedule keeps the few facts that it needs and does not read the path
 * model, so what is displayed can never change what is measured.
 */
#ifndef HT_PROBE_SCHEDULE_H
#define HT_PROBE_SCHEDULE_H

#include <hoptop/event.h>
#include <hoptop/session.h>
#include <hoptop/transport.h>

/** Facts about one TTL. */
struct ht_slot {
	ht_time due;          /**< when the next probe may leave */
	ht_time tried_at;     /**< newest attempt */
	ht_time asked_at;     /**< newest attempt, or another lane's instead of it */
	uint32_t seq;         /**< probes sent */
	uint64_t attempts;    /**< probes sent or failed to send */
	uint64_t extra;       /**< of those, beyond the cycles: asked again */
	uint32_t pending;     /**< in flight */
	bool is_transit;      /**< a time-exceeded was ever the answer */
	unsigned transit_run; /**< newest answers in a row: time-exceeded */
	unsigned target_run;  /**< newest answers in a row: the destination's */
	unsigned refusal_run; /**< newest answers in a row: unreachable */
	unsigned silent_run;  /**< newest probes in a row that were lost */
	unsigned own_silent;  /**< of its own, not of shared ones, lost in a row */
	unsigned own_judged;  /**< newest of its own that were answered or lost */
	unsigned own_lost;    /**< of those */
	struct ht_addr from;  /**< of the newest answer, family none if none */
	bool is_busy;         /**< the transport has no way for it at the moment */
	bool is_delayed;      /**< it had none since its turn came */
	bool is_in_turn;      /**< due is set by lanes that take turns here */
	bool had_turn;        /**< its newest probe was sent in its turn */
	bool is_tried;        /**< never answered, not even in its turn */
};

struct ht_schedule {
	const struct ht_settings *set;        /**< borrowed, may change between calls */
	struct ht_slot slots[HT_TTL_MAX + 1]; /**< by ttl */
	double phase;          /**< 0..1: offset among all lanes, in hop steps */
	ht_time start;         /**< first probe; grid of the phases */
	ht_time not_before;    /**< nothing leaves earlier (pause, stall) */
	ht_time progress_at;   /**< newest growth or first answer of a ttl */
	int64_t rtt_worst_ns;  /**< largest RTT seen, for the patience of discovery */
	ht_time burst_at;      /**< newest attempt of any ttl */
	unsigned burst;        /**< attempts at that moment */
	ht_time checked_at;    /**< newest look beyond the end */
	unsigned check;        /**< that look was so many beyond end + 1 */
	unsigned farthest;     /**< largest ttl that answered; first - 1 if none */
	unsigned frontier;     /**< largest ttl that was tried; first - 1 if none */
	unsigned end;          /**< last ttl of the path, 0 while unknown */
	enum ht_stop stop;     /**< why it ends */
	unsigned cut_end;      /**< end that max_ttl was set below, 0 if none */
	enum ht_stop cut_stop; /**< its stop */
	ht_time wake;          /**< cached: when anything may be due */
	bool is_wake_known;    /**< wake is set; nothing has changed since */
	bool is_started;
	bool is_blocked; /**< the newest attempt failed: do not grow */
	bool has_busy;   /**< any slot is busy */
	bool is_taken;   /**< the transport has no way for any probe at the moment */
};

/**
 * Begin.
 *
 * @param set    borrowed for the life of the schedule
 * @param phase  0..1, different for every lane so that they do not send at once
 */
void ht_schedule_init(
    struct ht_schedule *sch, const struct ht_settings *set, double phase);

/** The ttl whose probe is due now; 0 if none. */
unsigned ht_schedule_due(struct ht_schedule *sch, ht_time now);

/** When ht_schedule_due() will next be non-zero without any news. */
ht_time ht_schedule_next(struct ht_schedule *sch);

/** A probe of this ttl has left. */
void ht_schedule_sent(struct ht_schedule *sch, unsigned ttl, ht_time now);

/** Another lane's probe turned out to stand for one of this ttl. */
void ht_schedule_shared(struct ht_schedule *sch, unsigned ttl);

/** A probe of this ttl could not leave. */
void ht_schedule_failed(struct ht_schedule *sch, unsigned ttl, ht_time now);

/**
 * The transport cannot take a probe of this ttl now: it is due again, as soon as
 * ht_schedule_free() was called, however late that is.
 */
void ht_schedule_busy(struct ht_schedule *sch, unsigned ttl);

/** The same for all that are due until then, without asking the transport. */
void ht_schedule_taken(struct ht_schedule *sch);

/** The transport has news: what was refused by it may be tried again. */
void ht_schedule_free(struct ht_schedule *sch, ht_time now);

/** Let a ttl be asked again at once, out of turn. */
void ht_schedule_again(struct ht_schedule *sch, unsigned ttl, ht_time now);

/**
 * A probe that had left was answered for the first time, late or not.
 *
 * One that is nobody's counts, but tells nothing about the end of the path.
 */
void ht_schedule_reply(struct ht_schedule *sch, unsigned ttl,
    const struct ht_reply *reply, bool was_pending, ht_time now);

/** A probe was lost; or withdrawn, which is no sign of silence. */
void ht_schedule_lost(struct ht_schedule *sch, unsigned ttl, bool is_silence);

/** It was the lane's own probe, not a shared one, that was answered or lost. */
void ht_schedule_own(struct ht_schedule *sch, unsigned ttl, bool is_answered);

/**
 * Can a lane take turns with others at this ttl?  It is before the end or known to
 * be on the way, answers this lane as transit or is on trial, and can be asked.
 * Not if its own probes are lost while those of others are answered: then it is
 * another router, one that keeps silent.
 */
bool ht_schedule_takes_turns(const struct ht_schedule *sch, unsigned ttl);

/**
 * May it be the same router for two lanes?  One of them has an answer from it, and
 * no router that answers one of them up to this ttl differs from the other's.  One
 * that has not answered a lane for a while may be there too.
 */
bool ht_schedule_is_same_way(
    const struct ht_schedule *a, const struct ht_schedule *b, unsigned ttl);

/**
 * Tell by how much the losses of two lanes' own probes differ at this ttl.
 *
 * @return standard deviations, squared (pooled test of two proportions); 0 if none
 * of them, or all, were lost
 */
double ht_schedule_contrast(
    const struct ht_schedule *a, const struct ht_schedule *b, unsigned ttl);

/** Has it never had an answer here, or none to its newest own probe? */
bool ht_schedule_is_doubtful(const struct ht_schedule *sch, unsigned ttl);

/** The router of this ttl was asked at now, by whomever: ask it again at due. */
void ht_schedule_turn(struct ht_schedule *sch, unsigned ttl, ht_time now, ht_time due);

/** Take turns with nobody: send this ttl at its own next turn after now. */
void ht_schedule_alone(struct ht_schedule *sch, unsigned ttl, ht_time now);

/**
 * Let nothing leave before now; what is overdue waits for its next turn.  To be
 * called after a change of the settings, too: the end may be out of their range.
 */
void ht_schedule_hold(struct ht_schedule *sch, ht_time now);

/** True when a ttl has had its cycles. */
bool ht_schedule_is_exhausted(const struct ht_schedule *sch, unsigned ttl);

/** True when every hop has had its cycles. */
bool ht_schedule_is_done(const struct ht_schedule *sch);

/** Probes in flight to hops of the path. */
unsigned ht_schedule_pending(const struct ht_schedule *sch);

#endif /* HT_PROBE_SCHEDULE_H */
