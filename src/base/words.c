/* SPDX-License-Identifier: ISC */
/*
 * The words for the enums of the public headers, as machine formats write them.
 */
#include <hoptop/event.h>
#include <hoptop/transport.h>
#include <hoptop/types.h>
#include <hoptop/version.h>

#include <inttypes.h>
#include <stdio.h>

#define NAME(table, value)                                                             \
	((unsigned)(value) < sizeof(table) / sizeof((table)[0]) ? (table)[value]       \
								: "none")

const char *
ht_proto_name(enum ht_proto proto)
{
	static const char *const names[] = {
		[HT_PROTO_NONE] = "none",
		[HT_PROTO_ICMP] = "icmp",
		[HT_PROTO_UDP] = "udp",
		[HT_PROTO_TCP] = "tcp",
		[HT_PROTO_SCTP] = "sctp",
	};

	return NAME(names, proto);
}

const char *
ht_reply_kind_name(enum ht_reply_kind kind)
{
	static const char *const names[] = {
		[HT_REPLY_NONE] = "none",
		[HT_REPLY_TIME_EXCEEDED] = "time-exceeded",
		[HT_REPLY_UNREACHABLE] = "unreachable",
		[HT_REPLY_ECHO] = "echo-reply",
		[HT_REPLY_UDP_DATA] = "udp-data",
		[HT_REPLY_TCP_OPEN] = "tcp-open",
		[HT_REPLY_TCP_CLOSED] = "tcp-closed",
		[HT_REPLY_PORT_CLOSED] = "port-unreachable",
		[HT_REPLY_LOCAL_ERROR] = "local-error",
	};

	return NAME(names, kind);
}

const char *
ht_stamp_name(enum ht_stamp stamp)
{
	static const char *const names[] = {
		[HT_STAMP_NONE] = "none",
		[HT_STAMP_USER] = "user",
		[HT_STAMP_KERNEL] = "kernel",
		[HT_STAMP_SIMULATED] = "simulated",
	};

	return NAME(names, stamp);
}

const char *
ht_event_type_name(enum ht_event_type type)
{
	static const char *const names[] = {
		[HT_EVENT_NONE] = "none",
		[HT_EVENT_SENT] = "sent",
		[HT_EVENT_REPLY] = "reply",
		[HT_EVENT_LOST] = "lost",
		[HT_EVENT_LATE] = "late",
		[HT_EVENT_DUPLICATE] = "duplicate",
		[HT_EVENT_FAILED] = "failed",
		[HT_EVENT_UNMATCHED] = "unmatched",
		[HT_EVENT_END] = "end",
		[HT_EVENT_NAME] = "name",
		[HT_EVENT_MARK] = "mark",
	};

	return NAME(names, type);
}

const char *
ht_mark_name(enum ht_mark mark)
{
	static const char *const names[] = {
		[HT_MARK_NONE] = "none",
		[HT_MARK_START] = "start",
		[HT_MARK_PAUSE] = "pause",
		[HT_MARK_RESUME] = "resume",
		[HT_MARK_RESET] = "reset",
		[HT_MARK_GAP] = "gap",
		[HT_MARK_SETTINGS] = "settings",
		[HT_MARK_SOURCE] = "source",
		[HT_MARK_DONE] = "done",
	};

	return NAME(names, mark);
}

const char *
ht_quote_field_name(enum ht_quote_field field)
{
	switch (field) {
	case HT_QUOTE_TOS:
		return "tos";
	case HT_QUOTE_TTL:
		return "ttl";
	case HT_QUOTE_ID:
		return "id";
	case HT_QUOTE_CHECKSUM:
		return "checksum";
	case HT_QUOTE_LABEL:
		return "flow_label";
	case HT_QUOTE_ADDRESS:
		return "address";
	case HT_QUOTE_PORT:
		return "port";
	}
	return "none";
}

const char *
ht_stop_name(enum ht_stop stop)
{
	static const char *const names[] = {
		[HT_STOP_NONE] = "none",
		[HT_STOP_DESTINATION] = "destination",
		[HT_STOP_UNREACHABLE] = "unreachable",
		[HT_STOP_UNKNOWN] = "unknown",
		[HT_STOP_MAX_TTL] = "max-ttl",
	};

	return NAME(names, stop);
}

const char *
ht_version(void)
{
	return HT_VERSION;
}

bool
ht_reply_is_destination(const struct ht_reply *reply)
{
	return reply->kind == HT_REPLY_ECHO || reply->kind == HT_REPLY_UDP_DATA
	       || reply->kind == HT_REPLY_TCP_OPEN || reply->kind == HT_REPLY_TCP_CLOSED
	       || reply->kind == HT_REPLY_PORT_CLOSED;
}

bool
ht_icmp_is_port_unreachable(
    enum ht_family family, unsigned icmp_type, unsigned icmp_code)
{
	bool is6 = family == HT_FAMILY_IP6;

	return icmp_type == (is6 ? 1u : 3u) && icmp_code == (is6 ? 4u : 3u);
}

/* Codes of type 3, RFC 792, 1122 section 3.2.2.1, 1812 section 5.2.7.1. */
static const char *const marks4[] = { "!N", "!H", "!P", "", "!F", "!S", "!N", "!H",
	"!N", "!X", "!X", "!N", "!H", "!X", "!V", "!C" };

/* Codes of type 1, RFC 4443: 5 and 6 say more precisely what 1 says. */
static const char *const marks6[] = { "!N", "!X", "!H", "!H", "", "!X", "!X" };

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const names4[] = { "net-unreachable", "host-unreachable",
	"protocol-unreachable", "port-unreachable", "fragmentation-needed",
	"source-route-failed", "net-unknown", "host-unknown", "source-isolated",
	"net-prohibited", "host-prohibited", "net-unreachable-for-tos",
	"host-unreachable-for-tos", "admin-prohibited", "precedence-violation",
	"precedence-cutoff" };

static const char *const names6[] = { "no-route", "admin-prohibited", "beyond-scope",
	"address-unreachable", "port-unreachable", "source-policy-failed",
	"route-rejected" };

const char *
ht_icmp_error_name(enum ht_family family, unsigned icmp_type, unsigned icmp_code)
{
	bool is6 = family == HT_FAMILY_IP6;

	if (icmp_type == (is6 ? 3u : 11u))
		return icmp_code == 0 ? "time-exceeded" : "reassembly-time-exceeded";
	if (icmp_type == (is6 ? 4u : 12u))
		return "parameter-problem";
	if (is6 && icmp_type == 2)
		return "packet-too-big";
	if (is6 && icmp_type == 1 && icmp_code < COUNT(names6))
		return names6[icmp_code];
	if (!is6 && icmp_type == 3 && icmp_code < COUNT(names4))
		return names4[icmp_code];
	return "unreachable";
}

/* The mark of an error whose type and code have a letter, else NULL. */
static const char *
mark4(unsigned type, unsigned code)
{
	if (type == 3 && code < COUNT(marks4))
		return marks4[code];
	/* Echo reply, or no ICMP at all; TTL exceeded. */
	return type == 0 || (type == 11 && code == 0) ? "" : NULL;
}

static const char *
mark6(unsigned type, unsigned code)
{
	if (type == 1 && code < COUNT(marks6))
		return marks6[code];
	if (type == 2)
		return "!F";
	/* Unrecognized next header: IPv6's word for no protocol. */
	if (type == 4 && code == 1)
		return "!P";
	return type == 0 || type == 129 || (type == 3 && code == 0) ? "" : NULL;
}

const char *
ht_reply_mark(enum ht_family family, unsigned icmp_type, unsigned icmp_code,
    uint32_t mtu, char *buf)
{
	bool is6 = family == HT_FAMILY_IP6;
	unsigned type = icmp_type & 0xff, code = icmp_code & 0xff;
	const char *mark = is6 ? mark6(type, code) : mark4(type, code);

	if (mark != NULL && mark[0] != '\0' && mark[1] == 'F' && mtu > 0)
		snprintf(buf, HT_MARK_TEXT_MAX, "!F-%" PRIu32, mtu);
	else if (mark != NULL)
		snprintf(buf, HT_MARK_TEXT_MAX, "%s", mark);
	else if (type == (is6 ? 1u : 3u))
		snprintf(buf, HT_MARK_TEXT_MAX, "!<%u>", code);
	else
		snprintf(buf, HT_MARK_TEXT_MAX, "!<%u-%u>", type, code);
	return buf;
}
