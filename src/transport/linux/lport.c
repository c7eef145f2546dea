/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "transport/linux/lport.h"

#include <errno.h>
#include <unistd.h>

#include "transport/linux/family.h"
#include "transport/linux/syn.h"

/* That of the flow, or a free place; NULL if there is neither. */
static struct ht_lport *
find(struct ht_lports *lps, unsigned family, uint16_t wanted)
{
	struct ht_lport *place = NULL;

	for (unsigned i = 0; i < HT_LPORTS; i++) {
		struct ht_lport *p = &lps->ports[i];
		if (p->family == family && p->wanted == wanted)
			return p;
		if (p->family == HT_FAMILY_NONE && place == NULL)
			place = p;
	}
	return place;
}

int
ht_lport_get(struct ht_lports *lps, const struct ht_socket_config *cfg, unsigned family,
    uint16_t wanted, bool is_named, struct ht_lport **ret_port)
{
	const struct ht_family_facts *ff = ht_family_facts(family);
	struct ht_lport *p = find(lps, family, wanted);
	uint16_t actual = wanted;

	if (p == NULL)
		return -EMFILE;
	*ret_port = p;
	if (p->family != HT_FAMILY_NONE)
		return 0;
	int fd = ht_syn_reserve(ff, cfg, wanted, &actual);
	if (fd == -EADDRINUSE && !is_named)
		fd = ht_syn_reserve(ff, cfg, 0, &actual);
	if (fd < 0 && fd != -EMFILE && fd != -ENFILE)
		return fd;
	*p = (struct ht_lport){ .family = (uint8_t)family,
		.wanted = wanted,
		.actual = actual,
		.fd = fd < 0 ? -1 : fd };
	return 0;
}

int
ht_lport_change(
    struct ht_lport *p, const struct ht_socket_config *cfg, struct ht_lport *ret_old)
{
	uint16_t actual;
	int fd = ht_syn_reserve(ht_family_facts(p->family), cfg, 0, &actual);

	if (fd < 0)
		return fd;
	*ret_old = *p;
	p->actual = actual;
	p->fd = fd;
	return 0;
}

void
ht_lport_undo(struct ht_lport *p, const struct ht_lport *old)
{
	ht_lport_release(p);
	*p = *old;
}

void
ht_lport_release(struct ht_lport *p)
{
	if (p->family != HT_FAMILY_NONE && p->fd >= 0)
		close(p->fd);
	p->family = HT_FAMILY_NONE;
}

void
ht_lports_done(struct ht_lports *lps)
{
	for (unsigned i = 0; i < HT_LPORTS; i++)
		ht_lport_release(&lps->ports[i]);
}
