/* SPDX-License-Identifier: ISC */
/*
 * What may be a host name: letters, digits, '-' and '_' in labels of at most 63
 * (RFC 1123, and the underscore that people do use); nothing whose last label
 * is a number, for that is a mistyped address.
 */
#include "names/names.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"

#define LABEL_MAX 63

bool
names_literal(const char *host, struct ht_addr *ret_addr)
{
	const char *zone = strchr(host, '%');
	char copy[HT_ADDR_TEXT_MAX];

	if (ht_addr_parse(host, ret_addr))
		return true;
	if (zone == NULL)
		return false;

	unsigned index = if_nametoindex(zone + 1);
	int len = snprintf(
	    copy, sizeof(copy), "%.*s%%%u", (int)(zone - host), host, index);
	return index != 0 && (size_t)len < sizeof(copy)
	       && ht_addr_parse(copy, ret_addr);
}

static bool
has_unknown_zone(const char *host)
{
	const char *zone = strchr(host, '%');
	char copy[HT_ADDR_TEXT_MAX] = "";
	struct ht_addr addr;

	if (zone == NULL || (size_t)(zone - host) >= sizeof(copy))
		return false;
	memcpy(copy, host, (size_t)(zone - host));
	return ht_addr_parse(copy, &addr) && addr.family == HT_FAMILY_IP6;
}

static bool
is_label(const char *label, size_t len)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

	return len > 0 && strspn(label, allowed) >= len;
}

/* Look at the labels of a name whose final dot is not in len. */
static const char *
labels_refusal(const char *host, size_t len)
{
	const char *end = host + len;
	const char *label = host;

	for (;;) {
		const char *dot = memchr(label, '.', (size_t)(end - label));
		size_t n = (size_t)((dot != NULL ? dot : end) - label);

		if (!is_label(label, n))
			return "is not a host name";
		if (n > LABEL_MAX)
			return "is not a host name: a part is longer than 63";
		if (dot == NULL)
			break;
		label = dot + 1;
	}
	if (strspn(label, "0123456789") >= (size_t)(end - label))
		return "is neither a host name nor an address";
	return NULL;
}

const char *
names_refusal(const char *host)
{
	size_t len = strlen(host);
	struct ht_addr addr;

	if (names_literal(host, &addr))
		return NULL;
	if (has_unknown_zone(host))
		return "has a zone that is no interface here";
	for (const char *c = host; *c != '\0'; c++)
		if ((unsigned char)*c >= 0x80)
			return "is not ASCII: write the name as xn--...";
	len -= len > 1 && host[len - 1] == '.';
	if (len > NAMES_HOST_MAX)
		return "is too long for a host name";
	return labels_refusal(host, len);
}
