/* SPDX-License-Identifier: ISC */
/**
 * @file sockopt.h
 * What all our sockets have in common: from where they send, and some options.
 */
#ifndef HT_TRANSPORT_LINUX_SOCKOPT_H
#define HT_TRANSPORT_LINUX_SOCKOPT_H

#include <hoptop/types.h>

#include "transport/linux/family.h"

/** Bytes of an interface name, NUL included; the kernel's IFNAMSIZ. */
#define HT_DEVICE_MAX 16

/** How to open a transport; all zero is a good default. */
struct ht_socket_config {
	char device[HT_DEVICE_MAX]; /**< send through this interface only; "": any */
	struct ht_addr source; /**< source address; family none: the kernel's choice */
	uint32_t mark;         /**< SO_MARK of what is sent, 0 for none */
	unsigned family;    /**< raw: 4 or 6 opens no sockets of the other; 0: both */
	bool is_old_kernel; /**< for tests: do without SCM_TS_OPT_ID (Linux 6.13) */
};

/**
 * Say why a transport could not be opened.
 *
 * @param what  that was to be opened: "a socket"
 * @param r     negative errno
 */
void ht_socket_explain(const struct ht_socket_config *cfg, const char *what, int r,
    struct ht_err *ret_err);

/** setsockopt() of a number; 0 or negative errno. */
int ht_sockopt_set(int fd, int level, int option, int value);

/**
 * Send and hear through this interface only.
 *
 * @param device  "": nothing happens
 * @return 0, -ENODEV, -EPERM (before Linux 5.7), ...
 */
int ht_sockopt_device(int fd, const char *device);

/**
 * Tell whether another socket may send where this one cannot: the interface or the
 * address that it is bound to is gone, and may be back by now.
 *
 * @param r  negative errno of the attempt
 */
bool ht_sockopt_is_stale(int fd, int r);

/**
 * Bind to an address, or to any if addr is of another family, and to a port.
 *
 * @return 0, -EADDRINUSE, -EADDRNOTAVAIL, -EACCES (port below 1024), ...
 */
int ht_sockopt_bind(int fd, const struct ht_family_facts *ff,
    const struct ht_addr *addr, uint16_t port);

/** The port that a socket is bound to, or the identifier of a ping socket; 0: none. */
uint16_t ht_sockopt_port(int fd);

/**
 * Connect a datagram socket, which sends nothing, and see what that makes its address.
 *
 * @return 0, -ENETUNREACH, -EHOSTUNREACH, ...
 */
int ht_sockopt_route(int fd, const struct ht_family_facts *ff,
    const struct ht_addr *target, struct ht_addr *ret_source);

/**
 * Ask for an IPv6 flow label.
 *
 * Where anybody in this network namespace has one for himself alone, all others are
 * to ask for theirs as well.
 *
 * @return whether it may be used now
 */
bool ht_sockopt_lease(int fd, const struct ht_addr *target, uint32_t label);

#endif /* HT_TRANSPORT_LINUX_SOCKOPT_H */
