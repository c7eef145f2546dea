/* SPDX-License-Identifier: ISC */
/**
 * @file cache.h
 * Which addresses were asked for, when they may be again, and whose turn it is.
 *
 * Holds no names: whoever was given one keeps it.  All memory is taken when the
 * cache is made.
 */
#ifndef HT_NAMES_CACHE_H
#define HT_NAMES_CACHE_H

#include "names/names.h"

enum names_state {
	NAMES_FREE = 0,
	NAMES_WAITING, /**< in the queue */
	NAMES_ASKED,   /**< taken from the queue, not settled yet */
	NAMES_SETTLED  /**< answered, one way or the other, until expires */
};

/** One address. */
struct names_entry {
	struct ht_addr addr;
	uint8_t state;                  /**< enum names_state */
	ht_time expires;                /**< SETTLED: ask anew from then on */
	struct names_entry *next;       /**< in its bucket */
	struct names_entry *next_queue; /**< WAITING: behind it in the queue */
};

struct names_cache;

/** @return NULL when memory is short */
struct names_cache *names_cache_new(void);

void names_cache_free(struct names_cache *cache);

/**
 * Put an address at the end of the queue, unless it is asked for already or
 * settled.  When all entries are taken, the settled one that expires first
 * makes room; when none is settled, the address is forgotten.
 *
 * @return true if it was put there
 */
bool names_cache_want(
    struct names_cache *cache, const struct ht_addr *addr, ht_time now);

/** Is this address in the queue, or taken from it and not settled yet? */
bool names_cache_is_pending(
    const struct names_cache *cache, const struct ht_addr *addr);

/** Take the next address from the queue, now ASKED; NULL if it is empty. */
struct names_entry *names_cache_take(struct names_cache *cache);

/** Addresses in the queue. */
unsigned names_cache_waiting(const struct names_cache *cache);

/** Say that an entry of names_cache_take() is answered until expires. */
void names_cache_settle(struct names_entry *entry, ht_time expires);

#endif /* HT_NAMES_CACHE_H */
