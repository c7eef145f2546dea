/* SPDX-License-Identifier: ISC */
#include "names/cache.h"

#include <stdlib.h>

#include "base/addr.h"

#define BUCKETS 1024

struct names_cache {
	struct names_entry *buckets[BUCKETS];
	struct names_entry *first, *last; /* of the queue */
	unsigned n_waiting;
	unsigned n_entries; /* taken so far; they are never given back */
	struct names_entry entries[NAMES_CACHE_MAX];
};

struct names_cache *
names_cache_new(void)
{
	return calloc(1, sizeof(struct names_cache));
}

void
names_cache_free(struct names_cache *cache)
{
	free(cache);
}

/* FNV-1a; nobody gains by colliding, for there are at most 4096 entries. */
static unsigned
bucket_of(const struct ht_addr *addr)
{
	uint32_t hash = 2166136261u ^ addr->scope;

	for (size_t i = 0; i < ht_addr_size(addr); i++)
		hash = (hash ^ addr->bytes[i]) * 16777619u;
	return (hash ^ hash >> 16) % BUCKETS;
}

static struct names_entry *
find(const struct names_cache *cache, const struct ht_addr *addr)
{
	struct names_entry *entry = cache->buckets[bucket_of(addr)];

	while (entry != NULL && !ht_addr_equal(&entry->addr, addr))
		entry = entry->next;
	return entry;
}

static void
unlink_entry(struct names_cache *cache, struct names_entry *entry)
{
	struct names_entry **link = &cache->buckets[bucket_of(&entry->addr)];

	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	entry->state = NAMES_FREE;
}

/* An entry for a new address; NULL if all of them are being asked for. */
static struct names_entry *
make_room(struct names_cache *cache)
{
	struct names_entry *oldest = NULL;

	if (cache->n_entries < NAMES_CACHE_MAX)
		return &cache->entries[cache->n_entries++];
	for (unsigned i = 0; i < NAMES_CACHE_MAX; i++) {
		struct names_entry *entry = &cache->entries[i];
		if (entry->state == NAMES_SETTLED
		    && (oldest == NULL || entry->expires < oldest->expires))
			oldest = entry;
	}
	if (oldest != NULL)
		unlink_entry(cache, oldest);
	return oldest;
}

static void
enqueue(struct names_cache *cache, struct names_entry *entry)
{
	entry->state = NAMES_WAITING;
	entry->next_queue = NULL;
	if (cache->first == NULL)
		cache->first = entry;
	else
		cache->last->next_queue = entry;
	cache->last = entry;
	cache->n_waiting++;
}

bool
names_cache_want(struct names_cache *cache, const struct ht_addr *addr, ht_time now)
{
	struct names_entry *entry = find(cache, addr);

	if (entry == NULL) {
		struct names_entry **bucket = &cache->buckets[bucket_of(addr)];

		entry = make_room(cache);
		if (entry == NULL)
			return false;
		*entry = (struct names_entry){ .addr = *addr, .next = *bucket };
		*bucket = entry;
	} else if (entry->state != NAMES_SETTLED || now < entry->expires) {
		return false;
	}
	enqueue(cache, entry);
	return true;
}

bool
names_cache_is_pending(const struct names_cache *cache, const struct ht_addr *addr)
{
	const struct names_entry *entry = find(cache, addr);

	return entry != NULL && entry->state != NAMES_SETTLED;
}

struct names_entry *
names_cache_take(struct names_cache *cache)
{
	struct names_entry *entry = cache->first;

	if (entry == NULL)
		return NULL;
	cache->first = entry->next_queue;
	cache->n_waiting--;
	entry->state = NAMES_ASKED;
	return entry;
}

unsigned
names_cache_waiting(const struct names_cache *cache)
{
	return cache->n_waiting;
}

void
names_cache_settle(struct names_entry *entry, ht_time expires)
{
	entry->state = NAMES_SETTLED;
	entry->expires = expires;
}
