/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "transport/linux/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/in6.h>
#include <linux/net_tstamp.h>

#include "transport/linux/flow.h"

/* Linux 6.13; the name came to C libraries later. */
#ifndef SCM_TS_OPT_ID
#define SCM_TS_OPT_ID 81
#endif

/* The error queue is charged to this, and overflows silently: 4 MiB hold over a
 * thousand errors, the default 127. */
#define RECEIVE_BUFFER (4 << 20)

/* An ICMP error in the queue makes the next send fail without sending, and more
 * errors may come in between. */
#define SEND_TRIES 16

/* TTL, TOS, stamp id. */
union control {
	struct cmsghdr align;
	uint8_t bytes[3 * CMSG_SPACE(sizeof(int))];
};

int
ht_socket_plain(const struct ht_family_facts *ff, int protocol,
    const struct ht_socket_config *cfg, uint16_t port)
{
	int fd = socket(
	    ff->domain, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (fd < 0)
		return -errno;

	int r = ff->domain == AF_INET6
		    ? ht_sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)
		    : 0;
	if (r == 0 || r == -EINVAL) /* ping sockets know no such option */
		r = ht_sockopt_device(fd, cfg->device);
	if (r == 0 && cfg->mark != 0)
		r = ht_sockopt_set(fd, SOL_SOCKET, SO_MARK, (int)cfg->mark);
	if (r == 0)
		r = ht_sockopt_bind(fd, ff, &cfg->source, port);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int
ht_socket_try_port(const struct ht_socket_config *cfg, enum ht_family family,
    enum ht_proto proto, uint16_t port)
{
	const struct ht_family_facts *ff = ht_family_facts(family);
	int type = proto == HT_PROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
	int fd = socket(ff->domain, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;

	int r = family == HT_FAMILY_IP6
		    ? ht_sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)
		    : 0;
	if (r == 0)
		r = ht_sockopt_bind(fd, ff, &cfg->source, port);
	close(fd);
	return r;
}

int
ht_socket_stamp(int fd, enum ht_stamp_id stamp_id)
{
	int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE
		    | SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_CMSG;

	if (stamp_id == HT_STAMP_ID_TOKEN)
		flags |= SOF_TIMESTAMPING_OPT_ID | SOF_TIMESTAMPING_OPT_TSONLY;
	return ht_sockopt_set(fd, SOL_SOCKET, SO_TIMESTAMPING, flags);
}

/* Everything but the error queue is a nicety: without, it is unknown. */
static int
set_options(const struct ht_socket *s)
{
	const struct ht_family_facts *ff = s->ff;

	ht_sockopt_set(s->fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	ht_sockopt_set(s->fd, ff->level, ff->mtu_discover, ff->mtu_dont);
	ht_sockopt_set(s->fd, ff->level, ff->recvttl, 1);
	ht_sockopt_set(s->fd, ff->level, ff->recvtos, 1);
	ht_sockopt_set(s->fd, ff->level, ff->rfc4884, 1);
	if (ff->domain == AF_INET6)
		ht_sockopt_set(s->fd, ff->level, IPV6_FLOWINFO_SEND, 1);
	ht_socket_stamp(s->fd, s->stamp_id);
	return ht_sockopt_set(s->fd, ff->level, ff->recverr, 1);
}

int
ht_socket_open(struct ht_socket *s, const struct ht_socket_config *cfg)
{
	int protocol = s->proto == HT_PROTO_ICMP ? s->ff->ping_protocol : IPPROTO_UDP;
	int fd = ht_socket_plain(s->ff, protocol, cfg, s->local_port);

	if (fd == -EADDRINUSE && !s->is_port_fixed)
		fd = ht_socket_plain(s->ff, protocol, cfg, 0);
	if (fd < 0)
		return fd;

	s->fd = fd;
	s->is_stale = false;
	s->stamp_id = cfg->is_old_kernel ? HT_STAMP_ID_PACKET : HT_STAMP_ID_TOKEN;
	s->id = ht_sockopt_port(fd);
	int r = set_options(s);
	if (r < 0)
		ht_socket_close(s);
	return r;
}

void
ht_socket_close(struct ht_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void
add_control(struct msghdr *msg, int level, int type, uint32_t value)
{
	struct cmsghdr cm = { .cmsg_len = CMSG_LEN(sizeof(value)),
		.cmsg_level = level,
		.cmsg_type = type };
	uint8_t *at = (uint8_t *)msg->msg_control + msg->msg_controllen;

	memset(at, 0, CMSG_SPACE(sizeof(value)));
	memcpy(at, &cm, sizeof(cm));
	memcpy(at + CMSG_LEN(0), &value, sizeof(value));
	msg->msg_controllen += CMSG_SPACE(sizeof(value));
}

/* Could an earlier probe's ICMP error have caused it?  Those that it cannot are
 * not worth trying again: a full queue, a local firewall, a wrong argument. */
static bool
is_maybe_stale(int r)
{
	return r != -EAGAIN && r != -ENOBUFS && r != -EPERM && r != -EINVAL;
}

static int
send_patiently(
    const struct ht_socket *s, const struct msghdr *msg, struct ht_instant *ret_at)
{
	int r = 0;

	for (int i = 0; i < SEND_TRIES; i++) {
		ht_stamps_now(ret_at);
		if (sendmsg(s->fd, msg, MSG_DONTWAIT) >= 0)
			return 0;
		r = -errno;
		if (!is_maybe_stale(r))
			break;
	}
	return r;
}

static int
send_once(const struct ht_socket *s, const struct ht_socket_mail *mail,
    struct ht_instant *ret_at)
{
	struct sockaddr_storage sa;
	union control control;
	struct iovec iov = { .iov_len = mail->len };
	struct msghdr msg = {
		.msg_name = &sa,
		.msg_namelen = ht_family_sockaddr(s->ff, mail->target, mail->port, &sa),
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
	};

	if (!s->is_unlabeled)
		ht_family_set_flowinfo(&sa, mail->label);
	/* sendmsg() does not write, but its type says that it might. */
	memcpy(&iov.iov_base, &mail->data, sizeof(iov.iov_base));
	add_control(&msg, s->ff->level, s->ff->ttl, mail->ttl);
	add_control(&msg, s->ff->level, s->ff->tos, mail->tos);
	if (s->stamp_id == HT_STAMP_ID_TOKEN)
		add_control(&msg, SOL_SOCKET, SCM_TS_OPT_ID, mail->token);
	return send_patiently(s, &msg, ret_at);
}

/* EINVAL may mean that a flow label has to be asked for, or that this is a kernel
 * before 6.13, which knows no stamp ids of ours. */
static int
send_otherwise(
    struct ht_socket *s, const struct ht_socket_mail *mail, struct ht_instant *ret_at)
{
	int r = -EINVAL;

	if (s->ff->domain == AF_INET6 && mail->label != 0 && !s->is_unlabeled) {
		s->is_unlabeled = !ht_sockopt_lease(s->fd, mail->target, mail->label);
		r = send_once(s, mail, ret_at);
	}
	if (r == -EINVAL && s->stamp_id == HT_STAMP_ID_TOKEN) {
		s->stamp_id = HT_STAMP_ID_PACKET;
		ht_socket_stamp(s->fd, s->stamp_id);
		r = send_once(s, mail, ret_at);
	}
	return r;
}

int
ht_socket_send(
    struct ht_socket *s, const struct ht_socket_mail *mail, struct ht_instant *ret_at)
{
	int r = send_once(s, mail, ret_at);

	if (r == -EINVAL)
		r = send_otherwise(s, mail, ret_at);
	if (ht_sockopt_is_stale(s->fd, r))
		s->is_stale = true;
	return r;
}

int
ht_socket_source(const struct ht_socket_config *cfg, const struct ht_addr *target,
    struct ht_addr *ret_source)
{
	const struct ht_family_facts *ff = ht_family_facts(target->family);
	int fd = ht_socket_plain(ff, IPPROTO_UDP, cfg, 0);
	if (fd < 0)
		return fd;

	int r = ht_sockopt_route(fd, ff, target, ret_source);
	close(fd);
	return r;
}
