/* SPDX-License-Identifier: ISC */
/*
 * Have a flow label of IPv6 for this process alone, until standard input ends.
 *
 *     label ADDRESS LABEL
 *
 * Prints "leased", or why not.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As linux/in6.h has them, which does not go together with netinet/in.h. */
#define FLOWLABEL_MGR 32
#define ACTION_GET    0
#define SHARE_EXCL    1
#define FLAG_CREATE   1
#define LINGER_S      6
#define EXPIRES_S     60

struct lease {
	struct in6_addr target;
	uint32_t label; /* network order */
	uint8_t action, share;
	uint16_t flags, expires, linger;
	uint32_t pad;
};

int
main(int argc, char **argv)
{
	struct lease lease = { .action = ACTION_GET,
		.share = SHARE_EXCL,
		.flags = FLAG_CREATE,
		.expires = EXPIRES_S,
		.linger = LINGER_S };
	char end[16];
	int fd;

	if (argc != 3 || inet_pton(AF_INET6, argv[1], &lease.target) != 1)
		return 2;
	lease.label = htonl((uint32_t)strtoul(argv[2], NULL, 0));
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0
	    || setsockopt(fd, IPPROTO_IPV6, FLOWLABEL_MGR, &lease, sizeof(lease)) < 0) {
		perror("label");
		return 1;
	}
	puts("leased");
	fflush(stdout);
	while (read(STDIN_FILENO, end, sizeof(end)) > 0)
		;
	close(fd);
	return 0;
}
