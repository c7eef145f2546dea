/* SPDX-License-Identifier: ISC */
/**
 * @file host.h
 * What stands in the host column.
 */
#ifndef HT_VIEW_HOST_H
#define HT_VIEW_HOST_H

#include "view/columns.h"

/** How hosts are shown. */
enum view_names {
	VIEW_NAMES_NAME = 0, /**< the name, else the address */
	VIEW_NAMES_ADDR,     /**< -n: the address */
	VIEW_NAMES_BOTH,     /**< -b: "name (address)" */
	VIEW_NAMES_COUNT
};

/** Bytes that any host text needs, NUL included. */
#define VIEW_HOST_MAX 400

/**
 * Write what answers at a hop: name and address by how, with traceroute's mark
 * for an unreachable (" !X").
 *
 * @param empty  text for a hop that never answered: "???" in mtr's reports,
 *               "(no reply)" or "(waiting)" on the screen
 * @param buf    caller's, VIEW_HOST_MAX bytes; returned
 */
const char *view_host(
    const struct view_row *row, enum view_names how, const char *empty, char *buf);

/** The newest address that answered, borrowed; NULL while nothing did. */
const struct ht_addr *view_row_addr(const struct view_row *row);

/** Write one address by how; same buffer rule. */
const char *view_addr(const struct ht_session *ss, const struct ht_addr *addr,
    enum view_names how, char *buf);

/** A character to stand behind the hop number: '.' silent, '!' unreachable, ' '. */
char view_hop_mark(const struct view_row *row);

/** What the newest answer was: "echo-reply", or the error by its name; "none". */
const char *view_answer_name(const struct ht_hop *hop);

#endif /* HT_VIEW_HOST_H */
