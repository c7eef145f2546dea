/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "transport/linux/raw_socket.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/icmp.h>

#include "base/addr.h"
#include "transport/linux/socket.h"
#include "transport/linux/sockopt.h"

/* Linux 6.13; the name came to C libraries later. */
#ifndef SCM_TS_OPT_ID
#define SCM_TS_OPT_ID 81
#endif

/* Stamps and answers of a burst have to fit: they are dropped without a word. */
#define RECEIVE_BUFFER (4 << 20)

#define FILTER_MAX (2 * HT_RAW_PORTS_MAX + 3)
#define ALL        UINT32_MAX

/* Filters *******************************************************************/

static int
attach(int fd, struct sock_filter *code, unsigned n)
{
	struct sock_fprog prog = { .len = (unsigned short)n, .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof(prog)) < 0
		   ? -errno
		   : 0;
}

/* X is where the header behind IP begins: a raw IPv4 socket has packets with their
 * IP header, an IPv6 one without. */
static struct sock_filter
find_header(const struct ht_family_facts *ff)
{
	if (ff->domain == AF_INET)
		return (struct sock_filter)BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0);
	return (struct sock_filter)BPF_STMT(BPF_LDX | BPF_W | BPF_IMM, 0);
}

/* Only what is addressed to a port of ours; to begin with, nothing. */
static int
filter_ports(int fd, const struct ht_family_facts *ff, const struct ht_raw_ports *held)
{
	struct sock_filter code[FILTER_MAX];
	unsigned n = 0;

	code[n++] = find_header(ff);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_H | BPF_IND, 2);
	for (unsigned i = 0; i < held->n; i++) {
		code[n++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, held->ports[i], 0, 1);
		code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, ALL);
	}
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, 0);
	return attach(fd, code, n);
}

/* All errors, for a NAT may have changed what they quote; of the replies ours. */
static int
filter_icmp(int fd, const struct ht_family_facts *ff, uint16_t echo_id)
{
	struct sock_filter code[] = {
		find_header(ff),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ff->echo_reply, 0, 2),
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, echo_id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ALL),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	return attach(fd, code, sizeof(code) / sizeof(code[0]));
}

/* The same by the kernel's own filter, which is asked before a packet is copied. */
static int
choose_types(int fd, const struct ht_family_facts *ff)
{
	if (ff->domain == AF_INET) {
		struct icmp_filter drop = { .data = ~(
						uint32_t)(1u << ICMP_ECHOREPLY
							  | 1u << ICMP_DEST_UNREACH
							  | 1u << ICMP_TIME_EXCEEDED
							  | 1u << ICMP_PARAMETERPROB) };
		return setsockopt(fd, SOL_RAW, ICMP_FILTER, &drop, sizeof(drop)) < 0
			   ? -errno
			   : 0;
	}

	struct icmp6_filter pass;
	ICMP6_FILTER_SETBLOCKALL(&pass);
	ICMP6_FILTER_SETPASS(ICMP6_DST_UNREACH, &pass);
	ICMP6_FILTER_SETPASS(ICMP6_PACKET_TOO_BIG, &pass);
	ICMP6_FILTER_SETPASS(ICMP6_TIME_EXCEEDED, &pass);
	ICMP6_FILTER_SETPASS(ICMP6_PARAM_PROB, &pass);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &pass);
	return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &pass, sizeof(pass)) < 0
		   ? -errno
		   : 0;
}

/* Opening *******************************************************************/

static int
open_socket(const struct ht_raw_sockets *s, int type, int protocol)
{
	int fd = socket(s->ff->domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	int r;

	if (fd < 0)
		return -errno;
	r = ht_sockopt_device(fd, s->device);
	/* Raw IPv6 sockets know no such option, and need none. */
	if (r == 0 && s->ff->domain == AF_INET6 && type != SOCK_RAW)
		r = ht_sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

static int
set_mark(int fd, uint32_t mark)
{
	return mark != 0 ? ht_sockopt_set(fd, SOL_SOCKET, SO_MARK, (int)mark) : 0;
}

static int
open_out(struct ht_raw_sockets *s, const struct ht_socket_config *cfg)
{
	int fd = open_socket(s, SOCK_RAW, IPPROTO_RAW);
	int r;

	if (fd < 0)
		return fd;
	s->out = fd;
	s->is_tsid = !cfg->is_old_kernel;
	ht_sockopt_set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	/* Hops before the one that says "too big" are to be asked all the same. */
	ht_sockopt_set(fd, s->ff->level, s->ff->mtu_discover, s->ff->mtu_probe);
	r = set_mark(fd, cfg->mark);
	/* Without stamps it works as well, a little less exactly. */
	ht_socket_stamp(fd, s->is_tsid ? HT_STAMP_ID_TOKEN : HT_STAMP_ID_PACKET);
	return r;
}

static int
open_finder(struct ht_raw_sockets *s, const struct ht_socket_config *cfg)
{
	int fd = open_socket(s, SOCK_DGRAM, IPPROTO_UDP);
	int r;

	if (fd < 0)
		return fd;
	s->finder = fd;
	r = set_mark(fd, cfg->mark);
	if (r == 0 && s->source.family != HT_FAMILY_NONE)
		r = ht_sockopt_bind(fd, s->ff, &s->source, 0);
	return r;
}

static int
filter(const struct ht_raw_sockets *s, enum ht_raw_ear ear, uint16_t echo_id)
{
	int fd = s->ears[ear], r;

	switch (ear) {
	case HT_RAW_EAR_UDP:
		return filter_ports(fd, s->ff, &s->udp);
	case HT_RAW_EAR_TCP:
		return filter_ports(fd, s->ff, &s->tcp);
	case HT_RAW_EAR_ICMP:
	case HT_RAW_EAR_COUNT:
		break;
	}
	r = choose_types(fd, s->ff);
	return r == 0 ? filter_icmp(fd, s->ff, echo_id) : r;
}

static int
open_ear(struct ht_raw_sockets *s, enum ht_raw_ear ear, uint16_t echo_id)
{
	const struct ht_family_facts *ff = s->ff;
	const int protocols[] = { ff->ping_protocol, IPPROTO_UDP, IPPROTO_TCP };
	int fd = open_socket(s, SOCK_RAW, protocols[ear]);

	if (fd < 0)
		return fd;
	s->ears[ear] = fd;
	ht_sockopt_set(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	ht_sockopt_set(fd, ff->level, ff->recvttl, 1);
	ht_sockopt_set(fd, ff->level, ff->recvtos, 1);
	ht_socket_stamp(fd, HT_STAMP_ID_PACKET);
	return filter(s, ear, echo_id);
}

int
ht_raw_sockets_open(struct ht_raw_sockets *s, enum ht_family family,
    const struct ht_socket_config *cfg, uint16_t echo_id)
{
	int r;

	s->ff = ht_family_facts(family);
	s->out = s->finder = -1;
	for (int i = 0; i < HT_RAW_EAR_COUNT; i++)
		s->ears[i] = -1;
	s->source = (struct ht_addr){ .family = HT_FAMILY_NONE };
	if (cfg->source.family == family)
		s->source = cfg->source;
	memcpy(s->device, cfg->device, sizeof(s->device));
	r = open_out(s, cfg);
	for (int i = 0; i < HT_RAW_EAR_COUNT && r == 0; i++)
		r = open_ear(s, (enum ht_raw_ear)i, echo_id);
	if (r == 0)
		r = open_finder(s, cfg);
	if (r < 0)
		ht_raw_sockets_close(s);
	return r;
}

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
close_ports(struct ht_raw_ports *held)
{
	while (held->n > 0)
		close(held->fds[--held->n]);
}

void
ht_raw_sockets_close(struct ht_raw_sockets *s)
{
	if (s->ff == NULL)
		return;
	close_one(&s->out);
	close_one(&s->finder);
	for (int i = 0; i < HT_RAW_EAR_COUNT; i++)
		close_one(&s->ears[i]);
	close_ports(&s->udp);
	close_ports(&s->tcp);
	s->ff = NULL;
}

/* Source address and ports **************************************************/

int
ht_raw_source(
    struct ht_raw_sockets *s, const struct ht_addr *target, struct ht_addr *ret_source)
{
	static const struct sockaddr none = { .sa_family = AF_UNSPEC };
	int r = ht_sockopt_route(s->finder, s->ff, target, ret_source);

	/* A connected socket would keep its source the next time.  To disconnect takes
	 * the device away, too; to give it back needs no privilege (Linux 5.7). */
	connect(s->finder, &none, sizeof(none));
	int bound = ht_sockopt_device(s->finder, s->device);
	return r < 0 ? r : bound;
}

/* It holds the port and is deaf: the raw socket hears for it. */
static int
open_holder(
    const struct ht_raw_sockets *s, enum ht_proto proto, uint16_t wanted, bool is_named)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct ht_addr any = { .family = HT_FAMILY_NONE };
	int fd = open_socket(s, proto == HT_PROTO_TCP ? SOCK_STREAM : SOCK_DGRAM, 0);
	int r;

	if (fd < 0)
		return fd;
	r = proto == HT_PROTO_UDP ? attach(fd, nothing, 1) : 0;
	if (r == 0)
		r = ht_sockopt_bind(fd, s->ff, &any, wanted);
	if (!is_named && (r == -EADDRINUSE || r == -EACCES))
		r = ht_sockopt_bind(fd, s->ff, &any, 0);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

static int
hold(struct ht_raw_sockets *s, struct ht_raw_ports *held, enum ht_proto proto,
    uint16_t wanted, bool is_named)
{
	enum ht_raw_ear ear = proto == HT_PROTO_TCP ? HT_RAW_EAR_TCP : HT_RAW_EAR_UDP;
	int fd = held->n < HT_RAW_PORTS_MAX ? open_holder(s, proto, wanted, is_named)
					    : -EMFILE;
	uint16_t port;
	int r;

	if (fd < 0)
		return fd;
	port = ht_sockopt_port(fd);
	held->fds[held->n] = fd;
	held->ports[held->n] = port;
	held->n++;
	r = filter_ports(s->ears[ear], s->ff, held);
	if (r < 0) {
		held->n--;
		close(fd);
		return r;
	}
	held->by_wanted[wanted] = port;
	return port;
}

int
ht_raw_port(
    struct ht_raw_sockets *s, enum ht_proto proto, uint16_t wanted, bool is_named)
{
	struct ht_raw_ports *held = proto == HT_PROTO_TCP ? &s->tcp : &s->udp;

	if (held->by_wanted[wanted] != 0)
		return held->by_wanted[wanted];
	return hold(s, held, proto, wanted, is_named);
}

bool
ht_raw_has_port(const struct ht_raw_sockets *s, enum ht_proto proto, uint16_t port)
{
	const struct ht_raw_ports *held = proto == HT_PROTO_TCP ? &s->tcp : &s->udp;

	for (unsigned i = 0; i < held->n; i++)
		if (held->ports[i] == port)
			return true;
	return false;
}

/* Sending *******************************************************************/

static int
send_once(const struct ht_raw_sockets *s, const struct ht_addr *target, uint32_t token,
    const uint8_t *packet, size_t len)
{
	union {
		struct cmsghdr align;
		uint8_t bytes[CMSG_SPACE(sizeof(token))];
	} control = { .bytes = { 0 } };
	struct sockaddr_storage sa;
	struct iovec iov = { .iov_len = len };
	struct msghdr msg = {
		.msg_name = &sa,
		/* The port of a raw socket's address would be a protocol. */
		.msg_namelen = ht_family_sockaddr(s->ff, target, 0, &sa),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};

	/* sendmsg() does not write, but its type says that it might. */
	memcpy(&iov.iov_base, &packet, sizeof(iov.iov_base));
	if (s->is_tsid) {
		control.align = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(token)),
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_TS_OPT_ID };
		memcpy(control.bytes + CMSG_LEN(0), &token, sizeof(token));
		msg.msg_control = control.bytes;
		msg.msg_controllen = sizeof(control.bytes);
	}
	return sendmsg(s->out, &msg, MSG_DONTWAIT) < 0 ? -errno : 0;
}

int
ht_raw_send(struct ht_raw_sockets *s, const struct ht_addr *target, uint32_t token,
    const uint8_t *packet, size_t len, struct ht_instant *ret_at)
{
	int r;

	ht_stamps_now(ret_at);
	r = send_once(s, target, token, packet, len);
	/* That is how a kernel before 6.13 answers to our own stamp id. */
	if (r == -EINVAL && s->is_tsid) {
		s->is_tsid = false;
		ht_socket_stamp(s->out, HT_STAMP_ID_PACKET);
		r = send_once(s, target, token, packet, len);
	}
	return r;
}
