/* SPDX-License-Identifier: ISC */
/**
 * @file nametab.h
 * Names of addresses: a bounded hash table.
 */
#ifndef HT_SESSION_NAMETAB_H
#define HT_SESSION_NAMETAB_H

#include <hoptop/types.h>

/** Most names that are remembered. */
#define HT_NAMETAB_MAX 4096

struct ht_nametab_entry {
	struct ht_addr addr; /**< family none: free */
	char *name;          /**< owned */
};

struct ht_nametab {
	struct ht_nametab_entry *entries; /**< 2 * HT_NAMETAB_MAX places */
	unsigned used;
};

/** An empty table; takes no memory before the first name. */
void ht_nametab_init(struct ht_nametab *tab);

void ht_nametab_done(struct ht_nametab *tab);

/**
 * Remember a name; copied, sanitised and cut to HT_NAME_MAX.
 *
 * @return the copy, borrowed; NULL when the table is full or memory is short
 */
const char *ht_nametab_set(
    struct ht_nametab *tab, const struct ht_addr *addr, const char *name);

/** Find a name, borrowed until it is set anew; NULL if there is none. */
const char *ht_nametab_find(const struct ht_nametab *tab, const struct ht_addr *addr);

#endif /* HT_SESSION_NAMETAB_H */
