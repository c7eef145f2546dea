/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "tunlog.h"

#include "base/addr.h"

#include "answer.h"

static int
describe_both(char *line, size_t size, const struct seen *seen,
    const struct ht_sim_answer *an, const char *kind)
{
	char from[HT_ADDR_TEXT_MAX] = "-", data[17] = "-";
	size_t n = seen->data_len < 8 ? seen->data_len : 8;

	for (size_t i = 0; i < n; i++)
		snprintf(data + 2 * i, 3, "%02x", seen->data[i]);
	if (an != NULL)
		ht_addr_text(&an->from, from);
	return snprintf(line, size,
	    "ttl=%u proto=%s id=%u seq=%u sport=%u dport=%u len=%zu data=%s kind=%s"
	    " from=%s",
	    seen->ip.ttl, ht_proto_name((enum ht_proto)seen->proto), seen->id,
	    seen->seq, seen->sport, seen->dport, seen->len, data,
	    an != NULL ? ht_reply_kind_name((enum ht_reply_kind)an->kind) : kind, from);
}

static bool
is_sum_right(const struct seen *seen)
{
	const struct ht_ip *ip = &seen->ip;

	if (ip->proto == HT_IP_ICMP)
		return ht_checksum(ip->data, ip->data_len) == 0;
	if (ip->proto == HT_IP_UDP && ip->src.family == HT_FAMILY_IP4
	    && seen->checksum == 0)
		return true;
	return ht_checksum_upper(ip, ip->proto, ip->data, ip->data_len) == 0;
}

/* How many bytes at the end are like the last one. */
static size_t
filled(const struct seen *seen)
{
	size_t n = 0;

	while (n < seen->data_len
	       && seen->data[seen->data_len - 1 - n] == seen->data[seen->data_len - 1])
		n++;
	return n;
}

static unsigned long
total(const struct seen *seen)
{
	unsigned long sum = 0;

	for (size_t i = 0; i < seen->data_len; i++)
		sum += seen->data[i];
	return sum;
}

/* The probe alone. */
static int
describe_probe(char *text, size_t size, const struct seen *seen)
{
	char src[HT_ADDR_TEXT_MAX], dst[HT_ADDR_TEXT_MAX];
	const struct ht_ip *ip = &seen->ip;
	bool is_ip4 = ip->src.family == HT_FAMILY_IP4;
	unsigned fill = seen->data_len > 0 ? seen->data[seen->data_len - 1] : 0;

	return snprintf(text, size,
	    " family=%u src=%s dst=%s tos=%u label=%u ident=%u df=%d flow=%08x sum=%04x"
	    " sumok=%d syn=%u flags=%02x payload=%zu fill=%02x filled=%zu total=%lu",
	    ip->src.family, ht_addr_text(&ip->src, src), ht_addr_text(&ip->dst, dst),
	    ip->tos, (unsigned)ip->label, ip->id, is_ip4 && seen->packet[6] & 0x40,
	    (unsigned)answer_probe(seen).flow, seen->checksum, is_sum_right(seen),
	    (unsigned)seen->tcp_seq, seen->tcp_flags, seen->data_len, fill,
	    filled(seen), total(seen));
}

/* The answer alone. */
static void
describe_answer(
    char *text, size_t size, const struct seen *seen, const struct ht_sim_answer *an)
{
	bool is_error = an->kind == HT_REPLY_TIME_EXCEEDED
			|| an->kind == HT_REPLY_UNREACHABLE;

	snprintf(text, size,
	    " hop=%u branch=%u delay=%lld type=%u code=%u back=%u class=%u mtu=%u"
	    " quote=%zu in=%lld",
	    an->hop, an->branch, (long long)an->delay, an->icmp_type, an->icmp_code,
	    an->reply_ttl, an->reply_tos, (unsigned)an->mtu,
	    is_error ? answer_quoted(seen, an) : 0, (long long)seen->in);
}

void
tunlog_describe(char *line, const struct seen *seen, const struct ht_sim_answer *an,
    const char *kind)
{
	static const struct ht_sim_answer none = { .delay = -1 };
	size_t n;

	n = (size_t)describe_both(line, TUNLOG_MAX, seen, an, kind);
	n += (size_t)describe_probe(line + n, TUNLOG_MAX - n, seen);
	describe_answer(line + n, TUNLOG_MAX - n, seen, an != NULL ? an : &none);
}

void
tunlog_write(FILE *fp, const char *line, ht_time out)
{
	fprintf(fp, "%s out=%lld\n", line, (long long)out);
}
