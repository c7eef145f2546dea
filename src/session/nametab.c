/* SPDX-License-Identifier: ISC */
#include "session/nametab.h"

#include <stdlib.h>
#include <string.h>

#include <hoptop/session.h>

#include "base/addr.h"
#include "base/text.h"

#define PLACES (2 * HT_NAMETAB_MAX)

void
ht_nametab_init(struct ht_nametab *tab)
{
	*tab = (struct ht_nametab){ .entries = NULL };
}

void
ht_nametab_done(struct ht_nametab *tab)
{
	for (unsigned i = 0; tab->entries != NULL && i < PLACES; i++)
		free(tab->entries[i].name);
	free(tab->entries);
	ht_nametab_init(tab);
}

/* FNV-1a over the bytes that make two addresses equal. */
static uint32_t
hash(const struct ht_addr *addr)
{
	uint32_t h = 2166136261u ^ addr->family;

	for (size_t i = 0; i < sizeof(addr->bytes); i++)
		h = (h ^ addr->bytes[i]) * 16777619u;
	return (h ^ addr->scope) * 16777619u;
}

/* The entry of an address, or the free place where it belongs. */
static struct ht_nametab_entry *
place(const struct ht_nametab *tab, const struct ht_addr *addr)
{
	uint32_t i = hash(addr) % PLACES;

	while (tab->entries[i].addr.family != HT_FAMILY_NONE
	       && !ht_addr_equal(&tab->entries[i].addr, addr))
		i = (i + 1) % PLACES;
	return &tab->entries[i];
}

const char *
ht_nametab_set(struct ht_nametab *tab, const struct ht_addr *addr, const char *name)
{
	char clean[HT_NAME_MAX];

	if (tab->entries == NULL)
		tab->entries = calloc(PLACES, sizeof(tab->entries[0]));
	if (tab->entries == NULL || addr->family == HT_FAMILY_NONE)
		return NULL;

	struct ht_nametab_entry *e = place(tab, addr);
	if (e->addr.family == HT_FAMILY_NONE && tab->used >= HT_NAMETAB_MAX)
		return NULL;

	ht_text_clean(clean, sizeof(clean), name);
	char *copy = strdup(clean);
	if (copy == NULL)
		return NULL;
	if (e->addr.family == HT_FAMILY_NONE)
		tab->used++;
	free(e->name);
	*e = (struct ht_nametab_entry){ .addr = *addr, .name = copy };
	return copy;
}

const char *
ht_nametab_find(const struct ht_nametab *tab, const struct ht_addr *addr)
{
	if (tab->entries == NULL || addr->family == HT_FAMILY_NONE)
		return NULL;
	return place(tab, addr)->name;
}
