/* SPDX-License-Identifier: ISC */
/*
 * Listen on a TCP port of IPv4 and IPv6, and count the connections that get through.
 *
 *     listen PORT
 *
 * Prints "ready", and at SIGTERM how many were accepted.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128

static volatile sig_atomic_t is_over;

static void
on_signal(int sig)
{
	(void)sig;
	is_over = 1;
}

static int
open_port(unsigned port)
{
	const struct sockaddr_in6 any = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port) };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int both = 0;

	if (fd < 0 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof(both)) < 0
	    || bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0
	    || listen(fd, BACKLOG) < 0) {
		perror("listen");
		exit(1);
	}
	return fd;
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	unsigned n = 0;

	if (argc != 2)
		return 2;
	int fd = open_port((unsigned)strtoul(argv[1], NULL, 10));
	sigaction(SIGTERM, &sa, NULL);
	puts("ready");
	fflush(stdout);
	while (!is_over) {
		int c = accept(fd, NULL, NULL);
		if (c < 0)
			continue;
		n++;
		close(c);
	}
	printf("accepted=%u\n", n);
	return 0;
}
