/* SPDX-License-Identifier: ISC */
#include "packet/ext.h"

#include <string.h>

#include "base/addr.h"
#include "base/text.h"
#include "packet/bytes.h"
#include "packet/csum.h"

#define HEADER_SIZE 4 /* of the structure, and of each object */
#define VERSION     2

/* Objects: class numbers, and the C-Type of RFC 4950. */
#define CLASS_MPLS      1
#define CLASS_INTERFACE 2
#define CTYPE_STACK     1

/* RFC 5837: what the C-Type of interface information says. */
#define ROLE(ctype)  ((ctype) >> 6)
#define ROLE_ARRIVAL 0
#define HAS_INDEX    0x08
#define HAS_ADDRESS  0x04
#define HAS_NAME     0x02
#define HAS_MTU      0x01
#define AFI_IP4      1
#define AFI_IP6      2

/* The bytes that are left to read. */
struct reader {
	const uint8_t *at;
	size_t left;
};

/* Interface information, before it is known whether it is wanted. */
struct interface {
	uint32_t index;
	uint32_t mtu;
	struct ht_addr addr;
	char name[64];
};

/* Take n bytes; NULL when there are not as many. */
static const uint8_t *
take(struct reader *rd, size_t n)
{
	const uint8_t *p = rd->at;

	if (n > rd->left)
		return NULL;
	rd->at += n;
	rd->left -= n;
	return p;
}

static bool
take32(struct reader *rd, uint32_t *ret_value)
{
	const uint8_t *p = take(rd, 4);

	if (p == NULL)
		return false;
	*ret_value = ht_get32(p);
	return true;
}

/* RFC 4950 section 3: 20 bits label, 3 traffic class, 1 bottom, 8 TTL. */
static bool
read_stack(struct reader rd, struct ht_extensions *ext)
{
	uint32_t word;

	while (rd.left >= 4 && take32(&rd, &word)) {
		if (ext->n_mpls == HT_MPLS_MAX)
			continue;
		ext->mpls[ext->n_mpls++] = (struct ht_mpls){
			.label = word >> 12,
			.tc = word >> 9 & 7,
			.bottom = word >> 8 & 1,
			.ttl = word & 0xff,
		};
	}
	return rd.left == 0;
}

static bool
read_address(struct reader *rd, struct ht_addr *ret_addr)
{
	const uint8_t *head = take(rd, 4);

	if (head == NULL)
		return false;

	uint32_t afi = ht_get16(head);
	if (afi != AFI_IP4 && afi != AFI_IP6)
		return false;
	const uint8_t *bytes = take(rd, afi == AFI_IP4 ? 4 : 16);
	if (bytes == NULL)
		return false;
	*ret_addr = afi == AFI_IP4 ? ht_addr_ip4(bytes) : ht_addr_ip6(bytes, 0);
	return true;
}

/* Section 4.3: the length counts itself and is a multiple of 4, at most 64. */
static bool
read_name(struct reader *rd, char *name, size_t size)
{
	if (rd->left == 0)
		return false;

	size_t len = rd->at[0];
	const uint8_t *p = take(rd, len);
	char raw[64];
	if (p == NULL || len == 0 || len > sizeof(raw) || len % 4 != 0)
		return false;
	memcpy(raw, p + 1, len - 1);
	raw[len - 1] = '\0';
	ht_text_clean(name, size, raw);
	return true;
}

/* Section 4.1: the parts come in this order, each only if its bit is set. */
static bool
read_parts(struct reader rd, unsigned ctype, struct interface *ifc)
{
	if (ctype & HAS_INDEX && !take32(&rd, &ifc->index))
		return false;
	if (ctype & HAS_ADDRESS && !read_address(&rd, &ifc->addr))
		return false;
	if (ctype & HAS_NAME && !read_name(&rd, ifc->name, sizeof(ifc->name)))
		return false;
	if (ctype & HAS_MTU && !take32(&rd, &ifc->mtu))
		return false;
	return true;
}

/* Takes the role of what ext holds so far; -1 if nothing. */
static bool
read_interface(struct reader rd, unsigned ctype, int *role, struct ht_extensions *ext)
{
	struct interface ifc = { 0 };
	bool is_better = *role < 0
			 || (*role != ROLE_ARRIVAL && ROLE(ctype) == ROLE_ARRIVAL);

	if (!read_parts(rd, ctype, &ifc))
		return false;
	if (is_better) {
		*role = (int)ROLE(ctype);
		ext->if_index = ifc.index;
		ext->if_mtu = ifc.mtu;
		ext->if_addr = ifc.addr;
		memcpy(ext->if_name, ifc.name, sizeof(ext->if_name));
	}
	return true;
}

static bool
read_objects(struct reader rd, struct ht_extensions *ext)
{
	int role = -1;

	while (rd.left > 0) {
		const uint8_t *head = take(&rd, HEADER_SIZE);
		if (head == NULL || ht_get16(head) < HEADER_SIZE)
			return false;

		size_t len = ht_get16(head) - HEADER_SIZE;
		const uint8_t *body = take(&rd, len);
		if (body == NULL)
			return false;

		struct reader object = { body, len };
		bool is_good = true;
		if (head[2] == CLASS_MPLS && head[3] == CTYPE_STACK)
			is_good = read_stack(object, ext);
		else if (head[2] == CLASS_INTERFACE)
			is_good = read_interface(object, head[3], &role, ext);
		if (!is_good)
			ext->malformed = 1;
	}
	return true;
}

/* Is this a structure at all?  A checksum of zero means that there is none. */
static bool
is_structure(const uint8_t *data, size_t len, bool needs_checksum)
{
	if (len < HEADER_SIZE || data[0] >> 4 != VERSION)
		return false;
	if (ht_get16(data + 2) == 0)
		return !needs_checksum;
	return ht_csum_add(0, data, len) == 0xffff;
}

static bool
has_content(const struct ht_extensions *ext)
{
	return ext->n_mpls > 0 || ext->if_index != 0 || ext->if_mtu != 0
	       || ext->if_addr.family != HT_FAMILY_NONE || ext->if_name[0] != '\0'
	       || ext->malformed != 0;
}

bool
ht_ext_parse(const uint8_t *data, size_t len, struct ht_extensions *ret_ext)
{
	memset(ret_ext, 0, sizeof(*ret_ext));
	if (!is_structure(data, len, false)) {
		ret_ext->malformed = 1;
		return true;
	}

	struct reader rd = { data + HEADER_SIZE, len - HEADER_SIZE };
	if (!read_objects(rd, ret_ext))
		ret_ext->malformed = 1;
	return has_content(ret_ext);
}

bool
ht_ext_find(const uint8_t *data, size_t len, size_t cut, size_t stated,
    struct ht_extensions *ret_ext)
{
	if (stated > 0 && stated <= len)
		return ht_ext_parse(data + stated, len - stated, ret_ext);
	if (stated > 0 || cut >= HT_EXT_LEGACY_OFFSET)
		return false;

	size_t offset = HT_EXT_LEGACY_OFFSET - cut;
	if (len <= offset || !is_structure(data + offset, len - offset, true))
		return false;
	return ht_ext_parse(data + offset, len - offset, ret_ext)
	       && !ret_ext->malformed;
}
