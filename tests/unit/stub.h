/* SPDX-License-Identifier: ISC */
/*
 * What a transport in the hands of a test need not do itself: it has nothing to poll
 * for, and every target is its own source.
 */
#ifndef HT_TEST_STUB_H
#define HT_TEST_STUB_H

#include <hoptop/transport.h>

static inline int
stub_prepare(struct ht_transport *tp, const struct ht_addr *target, enum ht_proto proto,
    struct ht_addr *ret_source)
{
	(void)tp, (void)proto;
	*ret_source = *target;
	return 0;
}

static inline int
stub_fds(const struct ht_transport *tp, struct pollfd *fds, int max)
{
	(void)tp, (void)fds, (void)max;
	return 0;
}

static inline ht_time
stub_next(const struct ht_transport *tp)
{
	(void)tp;
	return HT_TIME_NEVER;
}

static inline void
stub_close(struct ht_transport *tp)
{
	(void)tp;
}

#endif /* HT_TEST_STUB_H */
