/* SPDX-License-Identifier: ISC */
/**
 * @file balance.h
 * Which flows are balanced per packet.
 */
#ifndef HT_PATH_BALANCE_H
#define HT_PATH_BALANCE_H

#include <hoptop/path.h>

/**
 * The flows whose packets take several ways in turn.
 *
 * @return set of indices; 0 when none does, or nobody can tell yet
 */
uint64_t ht_balance_mixed(const struct ht_hop *const *hops, unsigned n);

#endif /* HT_PATH_BALANCE_H */
