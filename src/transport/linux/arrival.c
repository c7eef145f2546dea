/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "transport/linux/arrival.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include <linux/errqueue.h>

#include "base/addr.h"

/* Room for every control message that our options can bring: the error with
 * its offender, three stamps, TTL, TOS. */
union control {
	struct cmsghdr align;
	uint8_t bytes[512];
};

static size_t
data_size(const struct cmsghdr *cm)
{
	return cm->cmsg_len - CMSG_LEN(0);
}

/* TOS is a byte in IPv4, TTL and everything in IPv6 an int. */
static int16_t
read_number(const struct cmsghdr *cm)
{
	int value;
	uint8_t byte;

	if (data_size(cm) >= sizeof(value)) {
		memcpy(&value, CMSG_DATA(cm), sizeof(value));
		return (int16_t)(value & 0xff);
	}
	memcpy(&byte, CMSG_DATA(cm), sizeof(byte));
	return byte;
}

static void
read_error(const struct cmsghdr *cm, struct ht_arrival *a)
{
	struct sock_extended_err ee;
	struct sockaddr_storage sa = { 0 };

	if (data_size(cm) < sizeof(ee))
		return;
	size_t left = data_size(cm) - sizeof(ee);
	memcpy(&ee, CMSG_DATA(cm), sizeof(ee));
	memcpy(&sa, CMSG_DATA(cm) + sizeof(ee), left < sizeof(sa) ? left : sizeof(sa));
	a->origin = ee.ee_origin;
	a->icmp_type = ee.ee_type;
	a->icmp_code = ee.ee_code;
	a->error = (int)ee.ee_errno;
	a->info = ee.ee_info;
	a->id = ee.ee_data;
	a->offender = ht_addr_from_sockaddr((const struct sockaddr *)&sa);
	if (ee.ee_origin == SO_EE_ORIGIN_TIMESTAMPING)
		return;

	/* ee_rfc4884, by hand for it is younger than some headers:
	 * offset in 16 bits, flags in 8, of which bit 0 is "invalid". */
	uint8_t raw[sizeof(ee.ee_data)];
	memcpy(raw, &ee.ee_data, sizeof(raw));
	memcpy(&a->ext_at, raw, sizeof(a->ext_at));
	a->is_ext_bad = (raw[2] & 1) != 0;
}

static void
read_stamp(const struct cmsghdr *cm, struct ht_arrival *a)
{
	struct scm_timestamping st;

	if (data_size(cm) < sizeof(st))
		return;
	memcpy(&st, CMSG_DATA(cm), sizeof(st));
	a->at.kernel = st.ts[0].tv_sec * HT_S + st.ts[0].tv_nsec;
}

static void
read_control(struct msghdr *msg, const struct ht_family_facts *ff, struct ht_arrival *a)
{
	struct cmsghdr *cm;

	for (cm = CMSG_FIRSTHDR(msg); cm != NULL; cm = CMSG_NXTHDR(msg, cm)) {
		if (cm->cmsg_level == SOL_SOCKET && cm->cmsg_type == SCM_TIMESTAMPING)
			read_stamp(cm, a);
		else if (cm->cmsg_level != ff->level)
			continue;
		else if (cm->cmsg_type == ff->recverr)
			read_error(cm, a);
		else if (cm->cmsg_type == ff->ttl)
			a->ttl = read_number(cm);
		else if (cm->cmsg_type == ff->tos)
			a->tos = read_number(cm);
	}
}

int
ht_arrival_read(int fd, const struct ht_family_facts *ff, int flags, uint8_t *buf,
    size_t size, struct ht_arrival *ret_arrival)
{
	struct sockaddr_storage name = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	union control control;
	struct msghdr msg = {
		.msg_name = &name,
		.msg_namelen = sizeof(name),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};

	ssize_t n = recvmsg(fd, &msg, flags | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	*ret_arrival = (struct ht_arrival){ .len = (size_t)n, .ttl = -1, .tos = -1 };
	ht_stamps_now(&ret_arrival->at);
	ret_arrival->peer = ht_addr_from_sockaddr((const struct sockaddr *)&name);
	ret_arrival->port = ht_family_port(&name);
	read_control(&msg, ff, ret_arrival);
	return 0;
}
