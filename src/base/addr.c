/* SPDX-License-Identifier: ISC */
#include "base/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

size_t
ht_addr_size(const struct ht_addr *addr)
{
	if (addr->family == HT_FAMILY_IP4)
		return 4;
	return addr->family == HT_FAMILY_IP6 ? 16 : 0;
}

int
ht_addr_compare(const struct ht_addr *a, const struct ht_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;

	int r = memcmp(a->bytes, b->bytes, ht_addr_size(a));
	if (r != 0)
		return r;
	return (a->scope > b->scope) - (a->scope < b->scope);
}

bool
ht_addr_equal(const struct ht_addr *a, const struct ht_addr *b)
{
	return ht_addr_compare(a, b) == 0;
}

static bool
parse_scope(const char *text, uint32_t *ret_scope)
{
	char *end;
	unsigned long long scope = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || scope > UINT32_MAX)
		return false;
	*ret_scope = (uint32_t)scope;
	return true;
}

bool
ht_addr_parse(const char *text, struct ht_addr *ret_addr)
{
	struct ht_addr addr = { .family = HT_FAMILY_IP4 };
	char copy[HT_ADDR_TEXT_MAX];

	if (inet_pton(AF_INET, text, addr.bytes) == 1) {
		*ret_addr = addr;
		return true;
	}
	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);

	char *zone = strchr(copy, '%');
	if (zone != NULL) {
		*zone++ = '\0';
		if (!parse_scope(zone, &addr.scope))
			return false;
	}
	addr.family = HT_FAMILY_IP6;
	if (inet_pton(AF_INET6, copy, addr.bytes) != 1)
		return false;
	*ret_addr = addr;
	return true;
}

const char *
ht_addr_text(const struct ht_addr *addr, char *buf)
{
	buf[0] = '\0';
	if (addr->family == HT_FAMILY_IP4) {
		inet_ntop(AF_INET, addr->bytes, buf, HT_ADDR_TEXT_MAX);
	} else if (addr->family == HT_FAMILY_IP6) {
		inet_ntop(AF_INET6, addr->bytes, buf, HT_ADDR_TEXT_MAX);
		if (addr->scope != 0) {
			size_t len = strlen(buf);
			snprintf(buf + len, HT_ADDR_TEXT_MAX - len, "%%%u",
			    (unsigned)addr->scope);
		}
	}
	return buf;
}

struct ht_addr
ht_addr_ip4(const void *bytes)
{
	struct ht_addr addr = { .family = HT_FAMILY_IP4 };

	memcpy(addr.bytes, bytes, 4);
	return addr;
}

struct ht_addr
ht_addr_ip6(const void *bytes, uint32_t scope)
{
	struct ht_addr addr = { .family = HT_FAMILY_IP6, .scope = scope };

	memcpy(addr.bytes, bytes, 16);
	return addr;
}

struct ht_addr
ht_addr_from_sockaddr(const struct sockaddr *sa)
{
	/* Copies, for sa may be less aligned than its type asks for. */
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in sin;
		memcpy(&sin, sa, sizeof(sin));
		return ht_addr_ip4(&sin.sin_addr);
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 sin6;
		memcpy(&sin6, sa, sizeof(sin6));
		return ht_addr_ip6(&sin6.sin6_addr, sin6.sin6_scope_id);
	}
	return (struct ht_addr){ .family = HT_FAMILY_NONE };
}

static bool
is_zero(const struct ht_addr *addr)
{
	for (size_t i = 0; i < ht_addr_size(addr); i++)
		if (addr->bytes[i] != 0)
			return false;
	return true;
}

static bool
is_link_local(const struct ht_addr *addr)
{
	return addr->family == HT_FAMILY_IP6 && addr->bytes[0] == 0xfe
	       && (addr->bytes[1] & 0xc0) == 0x80;
}

const char *
ht_addr_refusal(const struct ht_addr *addr)
{
	static const uint8_t broadcast[4] = { 255, 255, 255, 255 };

	if (is_zero(addr))
		return "is the unspecified address, not a host";
	if (addr->family == HT_FAMILY_IP4 && addr->bytes[0] == 0)
		return "is in 0.0.0.0/8, not a host";
	if (addr->family == HT_FAMILY_IP4 && memcmp(addr->bytes, broadcast, 4) == 0)
		return "is the broadcast address, not a host";
	if (addr->family == HT_FAMILY_IP4 && (addr->bytes[0] & 0xf0) == 0xe0)
		return "is a multicast group, not a host";
	if (is_link_local(addr) && addr->scope == 0)
		return "is link-local: say on which interface, as in fe80::1%eth0";
	if (addr->family == HT_FAMILY_IP6 && addr->bytes[0] == 0xff)
		return "is a multicast group, not a host";
	return NULL;
}
