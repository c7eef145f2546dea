/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "transport/linux/syn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/in6.h>
#include <linux/net_tstamp.h>

#include "transport/linux/sockopt.h"

/* A connect() that takes longer than this was interrupted.  It takes 2 to 20 us,
 * and an RTT is not made smaller by more than this. */
#define CONNECT_MAX (20 * HT_US)

static int
open_bound(const struct ht_family_facts *ff, const struct ht_socket_config *cfg,
    uint16_t port, int reuse)
{
	int fd = socket(ff->domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;

	int r = ht_sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, reuse);
	if (r == 0 && ff->domain == AF_INET6)
		r = ht_sockopt_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (r == 0)
		r = ht_sockopt_device(fd, cfg->device);
	if (r == 0)
		r = ht_sockopt_bind(fd, ff, &cfg->source, port);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* Without SO_REUSEADDR bind() fails if anybody has the port; with it afterwards,
 * our own sockets may have it too. */
int
ht_syn_reserve(const struct ht_family_facts *ff, const struct ht_socket_config *cfg,
    uint16_t port, uint16_t *ret_port)
{
	int fd = open_bound(ff, cfg, port, 0);
	if (fd < 0)
		return fd;

	int r = ht_sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_port = ht_sockopt_port(fd);
	return fd;
}

/* Everything but the error queue is a nicety: without, it is unknown. */
static int
set_options(int fd, const struct ht_family_facts *ff)
{
	const struct linger reset = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	ht_sockopt_set(fd, SOL_SOCKET, SO_TIMESTAMPING,
	    SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE
		| SOF_TIMESTAMPING_OPT_CMSG);
	/* The ACK that would complete the connection waits, and RST is sooner.  Other
	 * than TCP_QUICKACK this outlives a reset. */
	ht_sockopt_set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
	ht_sockopt_set(fd, IPPROTO_TCP, TCP_SYNCNT, 1);
	ht_sockopt_set(fd, ff->level, ff->recvttl, 1);
	ht_sockopt_set(fd, ff->level, ff->recvtos, 1);
	ht_sockopt_set(fd, ff->level, ff->rfc4884, 1);
	if (ff->domain == AF_INET6)
		ht_sockopt_set(fd, IPPROTO_IPV6, IPV6_FLOWINFO_SEND, 1);
	return ht_sockopt_set(fd, ff->level, ff->recverr, 1);
}

int
ht_syn_open(struct ht_syn *s, const struct ht_family_facts *ff,
    const struct ht_socket_config *cfg, uint16_t local_port)
{
	int fd = open_bound(ff, cfg, local_port, 1);
	if (fd < 0)
		return fd;

	int r = set_options(fd, ff);
	if (r < 0) {
		close(fd);
		return r;
	}
	*s = (struct ht_syn){
		.ff = ff,
		.fd = fd,
		.local_port = local_port,
		.ttl = -1,
		.tos = -1,
	};
	return 0;
}

void
ht_syn_close(struct ht_syn *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int
set_header(struct ht_syn *s, const struct ht_syn_mail *mail)
{
	bool is_ip4 = s->ff->domain == AF_INET;
	int r = 0;

	if (s->ttl != mail->ttl)
		r = ht_sockopt_set(s->fd, s->ff->level,
		    is_ip4 ? IP_TTL : IPV6_UNICAST_HOPS, mail->ttl);
	if (r < 0)
		return r;
	s->ttl = mail->ttl;
	if (s->tos != mail->tos)
		r = ht_sockopt_set(s->fd, s->ff->level, s->ff->tos, mail->tos);
	s->tos = mail->tos;
	return r;
}

static int
connect_once(struct ht_syn *s, const struct ht_syn_mail *mail)
{
	struct sockaddr_storage sa;
	struct ht_instant after;
	socklen_t len = ht_family_sockaddr(s->ff, mail->target, mail->port, &sa);
	int r = 0;

	if (!s->is_unlabeled)
		ht_family_set_flowinfo(&sa, mail->label);
	s->is_used = true;
	ht_stamps_now(&s->before);
	if (connect(s->fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
		r = -errno;
	ht_stamps_now(&after);
	s->after = after.user;
	return r;
}

int
ht_syn_send(struct ht_syn *s, const struct ht_syn_mail *mail)
{
	if (s->is_used)
		ht_syn_reset(s);

	int r = set_header(s, mail);
	if (r == 0)
		r = connect_once(s, mail);
	if (r == -EINVAL && s->ff->domain == AF_INET6 && !s->is_unlabeled) {
		s->is_unlabeled = !ht_sockopt_lease(s->fd, mail->target, mail->label);
		r = connect_once(s, mail);
	}
	return r;
}

static int
take_socket_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return error;
}

struct ht_syn_state
ht_syn_look(const struct ht_syn *s)
{
	struct tcp_info info = { .tcpi_state = TCP_CLOSE };
	socklen_t len = sizeof(info);
	int error = take_socket_error(s->fd);

	getsockopt(s->fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	/* It may have ended between the two questions. */
	if (error == 0 && info.tcpi_state == TCP_CLOSE)
		error = take_socket_error(s->fd);
	return (struct ht_syn_state){
		/* The target may have taken it back by now. */
		.is_open = info.tcpi_rtt > 0
			   || (info.tcpi_state != TCP_SYN_SENT
			       && info.tcpi_state != TCP_CLOSE),
		.is_over = info.tcpi_state == TCP_CLOSE,
		.is_doubted = info.tcpi_total_retrans > 0,
		.error = error,
		.rtt_ns = info.tcpi_rtt * HT_US,
	};
}

void
ht_syn_reset(struct ht_syn *s)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	connect(s->fd, &nobody, sizeof(nobody));
	s->is_used = false;
}

struct ht_instant
ht_syn_departure(const struct ht_syn *s, const struct ht_instant *rx)
{
	struct ht_instant tx = s->before;
	ht_time came = rx->kernel != 0 ? rx->kernel - rx->offset : rx->user;
	ht_time took = s->after - s->before.user;

	if (came > s->after)
		tx.user += took < CONNECT_MAX ? took : CONNECT_MAX;
	return tx;
}
