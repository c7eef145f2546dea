/* SPDX-License-Identifier: ISC */
/*
 * A wall clock that is set while a program runs, for that program alone.  To be
 * preloaded; HT_CLOCK_STEP=AFTER:DELTA, both in ns: from AFTER past the start on
 * CLOCK_REALTIME is DELTA off, and so are the kernel's stamps of all packets that
 * came or went since.
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000

static int64_t step_at; /* wall clock, as it is without us */
static int64_t delta;

static int64_t
to_ns(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * SECOND + ts->tv_nsec;
}

static void
shift(struct timespec *ts)
{
	int64_t ns = to_ns(ts);

	if (ns == 0 || step_at == 0 || ns < step_at)
		return;
	ns += delta;
	ts->tv_sec = (time_t)(ns / SECOND);
	ts->tv_nsec = (long)(ns % SECOND);
}

static void __attribute__((constructor)) begin(void)
{
	const char *text = getenv("HT_CLOCK_STEP");
	struct timespec now;
	char *rest;

	if (text == NULL)
		return;
	long long after = strtoll(text, &rest, 10);
	if (*rest == ':')
		delta = strtoll(rest + 1, NULL, 10);
	syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
	step_at = to_ns(&now) + after;
}

int
clock_gettime(clockid_t clock, struct timespec *ret_ts)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ret_ts);

	if (r == 0 && clock == CLOCK_REALTIME)
		shift(ret_ts);
	return r;
}

static void
shift_stamps(struct msghdr *msg)
{
	struct cmsghdr *cm;

	for (cm = CMSG_FIRSTHDR(msg); cm != NULL; cm = CMSG_NXTHDR(msg, cm)) {
		struct timespec st[3];
		if (cm->cmsg_level != SOL_SOCKET || cm->cmsg_type != SO_TIMESTAMPING
		    || cm->cmsg_len < CMSG_LEN(sizeof(st)))
			continue;
		memcpy(st, CMSG_DATA(cm), sizeof(st));
		for (int i = 0; i < 3; i++)
			shift(&st[i]);
		memcpy(CMSG_DATA(cm), st, sizeof(st));
	}
}

ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n = syscall(SYS_recvmsg, fd, msg, flags);

	if (n >= 0)
		shift_stamps(msg);
	return n;
}

int
recvmmsg(
    int fd, struct mmsghdr *msgs, unsigned count, int flags, struct timespec *timeout)
{
	int n = (int)syscall(SYS_recvmmsg, fd, msgs, count, flags, timeout);

	for (int i = 0; i < n; i++)
		shift_stamps(&msgs[i].msg_hdr);
	return n;
}
