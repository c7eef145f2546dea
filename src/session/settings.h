/* SPDX-License-Identifier: ISC */
/**
 * @file settings.h
 * What settings may hold.
 */
#ifndef HT_SESSION_SETTINGS_H
#define HT_SESSION_SETTINGS_H

#include <hoptop/session.h>

/** An IPv4 header and 8 bytes of ICMP or UDP. */
#define HT_SIZE_MIN 28
#define HT_SIZE_MAX 9000

/**
 * Tell whether a run can be made with these settings.
 *
 * @param max_ttl  the largest that max_ttl may be
 */
bool ht_settings_are_valid(const struct ht_settings *set, unsigned max_ttl);

#endif /* HT_SESSION_SETTINGS_H */
