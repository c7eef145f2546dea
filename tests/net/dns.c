/* SPDX-License-Identifier: ISC */
/*
 * A name server that knows one address and one name, slowly.
 *
 *   dns PORT DELAY_MS IPV4 COUNT
 *
 * Listens on 127.0.0.1, prints its process id, answers COUNT questions, each after the
 * delay: A with the address, PTR with router.example, any other type with nothing;
 * names that begin with "nosuch" do not exist.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER       12
#define TYPE_A       1
#define TYPE_PTR     12
#define NO_SUCH_NAME 3

/* Where the question ends; 0 if it is none. */
static size_t
question_end(const unsigned char *q, size_t len)
{
	size_t at = HEADER;

	while (at < len && q[at] != 0)
		at += q[at] + 1u;
	return at + 5 <= len ? at + 5 : 0;
}

/* Turn the question into its answer; gives the length. */
static size_t
answer(unsigned char *q, size_t len, const struct in_addr *addr)
{
	static const unsigned char record[] = { 0xc0, HEADER, 0, 1, 0, 1, 0, 0, 0, 60,
		0, 4 };
	static const unsigned char pointer[] = "\xc0\x0c\0\x0c\0\1\0\0\0\x3c\0\x10"
					       "\6router\7example";
	size_t end = question_end(q, len);
	int is_unknown = memcmp(q + HEADER + 1, "nosuch", 6) == 0;
	int is_a = end != 0 && q[end - 3] == TYPE_A;
	int is_ptr = end != 0 && q[end - 3] == TYPE_PTR;

	if (end == 0)
		return 0;
	memset(q + 6, 0, 6);
	q[2] = 0x81;
	q[3] = (unsigned char)(0x80 | (is_unknown ? NO_SUCH_NAME : 0));
	if (is_unknown || (!is_a && !is_ptr))
		return end;
	q[7] = 1;
	if (is_ptr) {
		memcpy(q + end, pointer, sizeof(pointer));
		return end + sizeof(pointer);
	}
	memcpy(q + end, record, sizeof(record));
	memcpy(q + end + sizeof(record), addr, 4);
	return end + sizeof(record) + 4;
}

int
main(int argc, char **argv)
{
	struct sockaddr_in self = { .sin_family = AF_INET };
	struct sockaddr_in peer;
	unsigned char q[600];
	struct in_addr addr;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (argc != 5 || inet_pton(AF_INET, argv[3], &addr) != 1)
		return 2;
	self.sin_port = htons((uint16_t)atoi(argv[1]));
	self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0)
		return 1;
	printf("%d\n", (int)getpid());
	fflush(stdout);
	/* Whoever forgets to end us is not waited for. */
	alarm(60);
	for (int i = 0; i < atoi(argv[4]); i++) {
		socklen_t size = sizeof(peer);
		ssize_t n = recvfrom(fd, q, 512, 0, (struct sockaddr *)&peer, &size);
		poll(NULL, 0, atoi(argv[2]));
		size_t len = n > HEADER ? answer(q, (size_t)n, &addr) : 0;
		if (len > 0)
			sendto(fd, q, len, 0, (struct sockaddr *)&peer, size);
	}
	return 0;
}
