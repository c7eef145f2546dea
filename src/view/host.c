/* SPDX-License-Identifier: ISC */
#include "view/host.h"

#include <stdio.h>

#include <hoptop/transport.h>

#include "base/addr.h"
#include "base/text.h"

const struct ht_addr *
view_row_addr(const struct view_row *row)
{
	const struct ht_hop *hop = row->hop;

	if (hop == NULL || hop->addr_index < 0 || hop->addr_index >= (int)hop->n_addrs)
		return NULL;
	return &hop->addrs[hop->addr_index].addr;
}

const char *
view_addr(const struct ht_session *ss, const struct ht_addr *addr, enum view_names how,
    char *buf)
{
	char text[HT_ADDR_TEXT_MAX];
	char name[HT_NAME_MAX];
	const char *known = how != VIEW_NAMES_ADDR ? ht_session_name(ss, addr) : NULL;

	ht_addr_text(addr, text);
	if (known == NULL || known[0] == '\0') {
		snprintf(buf, VIEW_HOST_MAX, "%s", text);
		return buf;
	}
	/* Cleaned when it was learned; once more costs nothing. */
	ht_text_clean(name, sizeof(name), known);
	if (how == VIEW_NAMES_BOTH)
		snprintf(buf, VIEW_HOST_MAX, "%s (%s)", name, text);
	else
		snprintf(buf, VIEW_HOST_MAX, "%s", name);
	return buf;
}

const char *
view_host(const struct view_row *row, enum view_names how, const char *empty, char *buf)
{
	const struct ht_addr *addr = view_row_addr(row);
	char host[VIEW_HOST_MAX];
	char mark[HT_MARK_TEXT_MAX];

	if (addr == NULL) {
		snprintf(buf, VIEW_HOST_MAX, "%s", empty);
		return buf;
	}
	view_addr(row->ss, addr, how, host);
	ht_reply_mark(addr->family, row->hop->icmp_type, row->hop->icmp_code,
	    row->hop->mtu, mark);
	if (row->hop->reply_kind != HT_REPLY_UNREACHABLE)
		mark[0] = '\0';
	else if (mark[0] == '\0') /* port unreachable, and not by the target */
		snprintf(mark, sizeof(mark), "!<%u>", row->hop->icmp_code);
	snprintf(
	    buf, VIEW_HOST_MAX, "%.380s%s%s", host, mark[0] != '\0' ? " " : "", mark);
	return buf;
}

char
view_hop_mark(const struct view_row *row)
{
	const struct ht_hop *hop = row->hop;

	if (hop == NULL)
		return ' ';
	if (view_row_addr(row) == NULL)
		return hop->counts.lost > 0 ? '.' : ' ';

	return hop->reply_kind == HT_REPLY_UNREACHABLE ? '!' : ' ';
}

const char *
view_answer_name(const struct ht_hop *hop)
{
	if (hop->reply_kind != HT_REPLY_UNREACHABLE || hop->addr_index < 0)
		return ht_reply_kind_name((enum ht_reply_kind)hop->reply_kind);
	return ht_icmp_error_name(
	    (enum ht_family)hop->addrs[hop->addr_index].addr.family, hop->icmp_type,
	    hop->icmp_code);
}
