/* SPDX-License-Identifier: ISC */
/*
 * The words for the enums of the public headers, as machine formats write them.
 */
#include <hoptop/event.h>
#include <hoptop/transport.h>
#include <hoptop/types.h>
#include <hoptop/version.h>

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

static bool
is_port_unreachable(const struct ht_reply *reply)
{
	if (reply->kind != HT_REPLY_UNREACHABLE)
		return false;
	if (reply->from.family == HT_FAMILY_IP6)
		return reply->icmp_type == 1 && reply->icmp_code == 4;
	return reply->icmp_type == 3 && reply->icmp_code == 3;
}

bool
ht_reply_is_destination(const struct ht_reply *reply)
{
	return reply->kind == HT_REPLY_ECHO || reply->kind == HT_REPLY_UDP_DATA
	       || reply->kind == HT_REPLY_TCP_OPEN || reply->kind == HT_REPLY_TCP_CLOSED
	       || is_port_unreachable(reply);
}

/* RFC 792 and RFC 1812 section 5.2.7.1 codes of type 3. */
static const char *
mark4(unsigned type, unsigned code)
{
	if (type != 3)
		return NULL;
	switch (code) {
	case 0:
	case 6:
	case 8:
	case 11:
		return "!N";
	case 1:
	case 7:
	case 12:
		return "!H";
	case 2:
		return "!P";
	case 3:
		return "";
	case 4:
		return "!F";
	case 5:
		return "!S";
	case 9:
	case 10:
	case 13:
		return "!X";
	default:
		return NULL;
	}
}

/* RFC 4443 codes of type 1. */
static const char *
mark6(unsigned type, unsigned code)
{
	if (type == 2)
		return "!F";
	if (type == 4)
		return "!P";
	if (type != 1)
		return NULL;
	switch (code) {
	case 0:
		return "!N";
	case 1:
	case 5:
	case 6:
		return "!X";
	case 2:
	case 3:
		return "!H";
	case 4:
		return "";
	default:
		return NULL;
	}
}

const char *
ht_reply_mark(enum ht_family family, unsigned icmp_type, unsigned icmp_code, char *buf)
{
	bool is6 = family == HT_FAMILY_IP6;
	unsigned time_exceeded = is6 ? 3 : 11;
	unsigned echo = is6 ? 129 : 0;
	const char *mark = is6 ? mark6(icmp_type, icmp_code)
			       : mark4(icmp_type, icmp_code);

	if (mark != NULL || icmp_type == time_exceeded || icmp_type == echo)
		snprintf(buf, 8, "%s", mark != NULL ? mark : "");
	else
		snprintf(buf, 8, "!<%u>", icmp_code & 0xff);
	return buf;
}
