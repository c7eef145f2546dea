/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "transport/linux/sockopt.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/in6.h>

#include <hoptop/transport.h>

#include "base/addr.h"

void
ht_socket_explain(
    const struct ht_socket_config *cfg, const char *what, int r, struct ht_err *ret_err)
{
	char addr[HT_ADDR_TEXT_MAX], *text = ret_err->text;
	size_t size = sizeof(ret_err->text);
	bool has_device = cfg->device[0] != '\0';

	*ret_err = (struct ht_err){ .code = r };
	if (r == -EPERM && cfg->mark != 0)
		snprintf(text, size, "mark %u: takes CAP_NET_RAW or CAP_NET_ADMIN",
		    (unsigned)cfg->mark);
	else if (r == -EPERM && has_device)
		snprintf(text, size,
		    "%s: this kernel binds to a device for root only (before 5.7)",
		    cfg->device);
	else if (r == -ENODEV && has_device)
		snprintf(text, size, "%s: no such interface", cfg->device);
	else if (r == -EADDRNOTAVAIL)
		snprintf(text, size, "%s: not an address of this host",
		    ht_addr_text(&cfg->source, addr));
	else
		snprintf(text, size, "cannot open %s: %s", what, strerror(-r));
}

int
ht_sockopt_set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

int
ht_sockopt_device(int fd, const char *device)
{
	socklen_t len = (socklen_t)strlen(device);

	if (len == 0)
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, len) < 0 ? -errno
									    : 0;
}

/* IPv6 has no route through an interface that is gone, and does not say why. */
static bool
is_device_gone(int fd)
{
	char name[HT_DEVICE_MAX];
	socklen_t len = sizeof(name);

	return getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) < 0
	       && errno == ENODEV;
}

bool
ht_sockopt_is_stale(int fd, int r)
{
	return r == -ENODEV || r == -ENETDOWN || r == -ENXIO || r == -EADDRNOTAVAIL
	       || (r == -ENETUNREACH && is_device_gone(fd));
}

int
ht_sockopt_bind(
    int fd, const struct ht_family_facts *ff, const struct ht_addr *addr, uint16_t port)
{
	struct sockaddr_storage sa;
	struct ht_addr any = { .family = HT_FAMILY_NONE };
	bool fits = ht_family_facts(addr->family) == ff;
	socklen_t len = ht_family_sockaddr(ff, fits ? addr : &any, port, &sa);

	return bind(fd, (struct sockaddr *)&sa, len) < 0 ? -errno : 0;
}

uint16_t
ht_sockopt_port(int fd)
{
	struct sockaddr_storage sa = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof(sa);

	getsockname(fd, (struct sockaddr *)&sa, &len);
	return ht_family_port(&sa);
}

int
ht_sockopt_route(int fd, const struct ht_family_facts *ff, const struct ht_addr *target,
    struct ht_addr *ret_source)
{
	struct sockaddr_storage sa;
	socklen_t len = ht_family_sockaddr(ff, target, HT_PORT_UDP, &sa);

	if (connect(fd, (struct sockaddr *)&sa, len) < 0)
		return -errno;
	len = sizeof(sa);
	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	*ret_source = ht_addr_from_sockaddr((struct sockaddr *)&sa);
	return 0;
}

bool
ht_sockopt_lease(int fd, const struct ht_addr *target, uint32_t label)
{
	struct in6_flowlabel_req req = {
		.flr_label = htonl(label),
		.flr_action = IPV6_FL_A_GET,
		.flr_share = IPV6_FL_S_ANY,
		.flr_flags = IPV6_FL_F_CREATE,
	};

	memcpy(&req.flr_dst, target->bytes, sizeof(req.flr_dst));
	return setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &req, sizeof(req)) == 0;
}
