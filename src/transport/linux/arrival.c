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
#define CONTROL_MAX 512

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

/* What recvmsg() writes to besides the data. */
struct envelope {
	struct sockaddr_storage name;
	struct iovec iov;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
};

static void
prepare(struct msghdr *msg, struct envelope *env, uint8_t *buf, size_t size)
{
	env->name.ss_family = AF_UNSPEC;
	env->iov = (struct iovec){ .iov_base = buf, .iov_len = size };
	*msg = (struct msghdr){
		.msg_name = &env->name,
		.msg_namelen = sizeof(env->name),
		.msg_iov = &env->iov,
		.msg_iovlen = 1,
		.msg_control = env->control,
		.msg_controllen = sizeof(env->control),
	};
}

static void
take_apart(struct msghdr *msg, const struct envelope *env,
    const struct ht_family_facts *ff, size_t len, const struct ht_instant *at,
    struct ht_arrival *ret_arrival)
{
	*ret_arrival = (struct ht_arrival){
		.len = len,
		.peer = ht_addr_from_sockaddr((const struct sockaddr *)&env->name),
		.port = ht_family_port(&env->name),
		.flowinfo = ht_family_flowinfo(&env->name),
		.ttl = -1,
		.tos = -1,
		.at = *at,
	};
	read_control(msg, ff, ret_arrival);
}

int
ht_arrival_read(int fd, const struct ht_family_facts *ff, int flags, uint8_t *buf,
    size_t size, struct ht_arrival *ret_arrival)
{
	struct envelope env;
	struct ht_instant at;
	struct msghdr msg;

	prepare(&msg, &env, buf, size);
	ssize_t n = recvmsg(fd, &msg, flags | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	ht_stamps_now(&at);
	take_apart(&msg, &env, ff, (size_t)n, &at, ret_arrival);
	return 0;
}

int
ht_arrival_batch(
    int fd, const struct ht_family_facts *ff, int flags, struct ht_inbox *ret_inbox)
{
	struct envelope envs[HT_INBOX_SIZE];
	struct mmsghdr msgs[HT_INBOX_SIZE];
	struct ht_instant at;

	for (int i = 0; i < HT_INBOX_SIZE; i++)
		prepare(&msgs[i].msg_hdr, &envs[i], ret_inbox->data[i],
		    sizeof(ret_inbox->data[i]));
	ret_inbox->n = 0;
	int n = recvmmsg(fd, msgs, HT_INBOX_SIZE, flags | MSG_DONTWAIT, NULL);
	if (n < 0)
		return -errno;
	ht_stamps_now(&at);
	ret_inbox->n = (unsigned)n;
	for (int i = 0; i < n; i++)
		take_apart(&msgs[i].msg_hdr, &envs[i], ff, msgs[i].msg_len, &at,
		    &ret_inbox->arrivals[i]);
	return 0;
}
