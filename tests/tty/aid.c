/* SPDX-License-Identifier: ISC */
/*
 * What the tests in this directory cannot do in a shell.
 *
 *     aid keys      each key and place: "table Dn Select the hop below ..."
 *     aid silent    bind a UDP port that never answers, print it, wait to be
 *                   killed; exit 77 where loopback carries nothing
 *     aid now       milliseconds of the monotonic clock
 */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "ui/keys.h"

static void
print_row(const struct ui_key_row *row, enum ui_where where, const char *place)
{
	char name[16];

	for (int i = 0; i < UI_KEYS_PER_ROW && row->keys[i] != 0; i++)
		if ((row->where & where) != 0)
			printf("%s %s %s\n", place, ui_key_name(row->keys[i], name),
			    row->help);
}

static int
list_keys(void)
{
	for (const struct ui_key_row *row = ui_keys; row->action != UI_ACT_NONE;
	     row++) {
		print_row(row, UI_WHERE_TABLE, "table");
		print_row(row, UI_WHERE_DETAIL, "detail");
		print_row(row, UI_WHERE_HELP, "help");
		print_row(row, UI_WHERE_PROMPT, "prompt");
	}
	return 0;
}

static int
be_silent(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0
	    || getsockname(fd, (struct sockaddr *)&sin, &len) < 0
	    || sendto(fd, "", 1, 0, (struct sockaddr *)&sin, len) < 0
	    || poll(&pfd, 1, 1000) != 1)
		return 77;
	printf("%d\n", ntohs(sin.sin_port));
	fflush(stdout);
	pause();
	return 0;
}

static int
print_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	printf("%lld\n", (long long)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "keys") == 0)
		return list_keys();
	if (argc == 2 && strcmp(argv[1], "silent") == 0)
		return be_silent();
	if (argc == 2 && strcmp(argv[1], "now") == 0)
		return print_now();
	fprintf(stderr, "usage: aid keys|silent|now\n");
	return 2;
}
