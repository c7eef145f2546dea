/* SPDX-License-Identifier: ISC */
/*
 * Names on c-ares.
 *
 * 1. names_lookup() only puts an address into the queue; names_process() asks
 *    for at most NAMES_IN_FLIGHT_MAX of them at a time.  So callbacks come out
 *    of names_process() alone (or names_resolve(), where nothing is to be asked).
 * 2. What a server answers is trusted for nothing: a name that is not a host
 *    name counts as none, an address that is no host is left out.
 * 3. After a server failed to answer, and once nothing is under way, the
 *    channel is opened anew: c-ares reads resolv.conf only then, and a laptop
 *    that changed networks has other servers now.
 */
#include "names/names.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/addr.h"
#include "names/cache.h"

#define TIMEOUT_MS 1500
#define TRIES      3

#define KEEP_NAME    (3600 * HT_S)
#define KEEP_NONE    (300 * HT_S)
#define KEEP_FAILURE (30 * HT_S)

/* One reverse look-up in flight. */
struct ask {
	struct names *names;
	struct names_entry *entry; /* NULL: the slot is free */
};

struct names {
	struct names_config cfg;
	char *server; /* cfg.server, owned; NULL for the system's */
	ares_channel channel;
	struct names_cache *cache;
	struct ask asks[NAMES_IN_FLIGHT_MAX];
	unsigned n_asks;      /* slots in use */
	unsigned n_questions; /* names_resolve() under way */
	ht_time now;          /* of the newest call that said it */
	unsigned depth;       /* of calls into c-ares: the channel is in use */
	bool is_suspect;      /* a server did not answer: rule 3 */
	bool is_closing;
};

/* One names_resolve() under way. */
struct question {
	struct names *names;
	names_answer_fn *fn;
	unsigned id;
	unsigned family;
};

static int
open_channel(const struct names *names, ares_channel *ret_channel)
{
	const struct names_config *cfg = &names->cfg;
	struct ares_options options = {
		.timeout = cfg->timeout_ms > 0 ? cfg->timeout_ms : TIMEOUT_MS,
		.tries = cfg->tries > 0 ? cfg->tries : TRIES,
	};
	ares_channel channel;
	int r;

	r = ares_init_options(&channel, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
	if (r != ARES_SUCCESS)
		return r;
	if (names->server != NULL) {
		r = ares_set_servers_ports_csv(channel, names->server);
		if (r != ARES_SUCCESS) {
			ares_destroy(channel);
			return r;
		}
	}
	*ret_channel = channel;
	return ARES_SUCCESS;
}

/* Rule 3.  If it fails, the old channel goes on. */
static void
reopen_channel(struct names *names)
{
	ares_channel channel;

	if (!names->is_suspect || names->depth > 0 || names->n_asks > 0
	    || names->n_questions > 0)
		return;
	names->is_suspect = false;
	if (open_channel(names, &channel) != ARES_SUCCESS)
		return;
	ares_destroy(names->channel);
	names->channel = channel;
}

static struct names *
fail(struct names *names, int status, struct ht_err *err)
{
	if (err != NULL) {
		err->code = status == ARES_ENOMEM ? -ENOMEM : -EINVAL;
		err->line = 0;
		snprintf(err->text, sizeof(err->text), "cannot look up names: %s",
		    ares_strerror(status));
	}
	if (names != NULL) {
		names_cache_free(names->cache);
		free(names->server);
	}
	free(names);
	ares_library_cleanup();
	return NULL;
}

struct names *
names_new(const struct names_config *cfg, struct ht_err *err)
{
	int status = ares_library_init(ARES_LIB_INIT_ALL);
	struct names *names = calloc(1, sizeof(*names));
	bool has_server = cfg->server != NULL && *cfg->server != '\0';

	if (names == NULL)
		return fail(NULL, ARES_ENOMEM, err);
	names->cfg = *cfg;
	names->cfg.server = NULL;
	names->server = has_server ? strdup(cfg->server) : NULL;
	names->cache = names_cache_new();
	if (names->cache == NULL || (has_server && names->server == NULL))
		return fail(names, ARES_ENOMEM, err);
	if (status == ARES_SUCCESS)
		status = open_channel(names, &names->channel);
	return status == ARES_SUCCESS ? names : fail(names, status, err);
}

void
names_free(struct names *names)
{
	if (names == NULL)
		return;
	names->is_closing = true;
	ares_destroy(names->channel);
	names_cache_free(names->cache);
	free(names->server);
	free(names);
	ares_library_cleanup();
}

static void
note_status(struct names *names, int status)
{
	if (status == ARES_ETIMEOUT || status == ARES_ECONNREFUSED)
		names->is_suspect = true;
}

/* Names to addresses ========================================================*/

static const char *
no_address(unsigned family)
{
	if (family == HT_FAMILY_IP4)
		return "no IPv4 address";
	return family == HT_FAMILY_IP6 ? "no IPv6 address" : "no address";
}

static const char *
status_text(int status, unsigned family)
{
	switch (status) {
	case ARES_ENOTFOUND:
	case ARES_ENONAME:
		return "no such host";
	case ARES_SUCCESS:
	case ARES_ENODATA:
		return no_address(family);
	case ARES_ETIMEOUT:
		return "name server does not answer";
	case ARES_ECONNREFUSED: /* also when all of them failed or refused */
		return "no name server gives an answer";
	case ARES_EBADRESP:
	case ARES_EFORMERR:
		return "name server sent a malformed answer";
	case ARES_EBADNAME:
	case ARES_EBADQUERY:
		return "is not a host name";
	case ARES_ENOMEM:
		return "out of memory";
	default:
		return "cannot be looked up";
	}
}

/* Rule 2; the refusal of the newest one that is left out goes to *why. */
static unsigned
collect_hosts(
    const struct ares_addrinfo_node *node, struct ht_addr *addrs, const char **why)
{
	unsigned n = 0;

	for (; node != NULL && n < NAMES_ADDRS_MAX; node = node->ai_next) {
		struct ht_addr addr = ht_addr_from_sockaddr(node->ai_addr);
		const char *refusal = ht_addr_refusal(&addr);

		if (addr.family != HT_FAMILY_NONE && refusal == NULL)
			addrs[n++] = addr;
		else if (refusal != NULL)
			*why = refusal;
	}
	return n;
}

static void
on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *ai)
{
	struct question *q = arg;
	struct names *names = q->names;
	const char *why = status_text(status, q->family);
	struct ht_addr addrs[NAMES_ADDRS_MAX];
	unsigned n = 0;

	(void)timeouts;
	names->n_questions--;
	note_status(names, status);
	if (status == ARES_SUCCESS)
		n = collect_hosts(ai->nodes, addrs, &why);
	if (!names->is_closing)
		q->fn(names->cfg.ctx, q->id, addrs, n, n > 0 ? NULL : why);
	if (ai != NULL)
		ares_freeaddrinfo(ai);
	free(q);
}

static void
answer_literal(struct names *names, const struct ht_addr *addr, unsigned family,
    unsigned id, names_answer_fn *fn)
{
	const char *why = ht_addr_refusal(addr);

	if (why == NULL && family != 0 && family != addr->family)
		why = no_address(family);
	fn(names->cfg.ctx, id, addr, why == NULL, why);
}

void
names_resolve(struct names *names, const char *host, unsigned family, unsigned id,
    names_answer_fn *fn)
{
	struct ares_addrinfo_hints hints = { .ai_socktype = SOCK_DGRAM };
	struct question *q;
	struct ht_addr addr;

	if (names_literal(host, &addr)) {
		answer_literal(names, &addr, family, id, fn);
		return;
	}
	if (names_refusal(host) != NULL) {
		fn(names->cfg.ctx, id, NULL, 0, names_refusal(host));
		return;
	}
	q = malloc(sizeof(*q));
	if (q == NULL) {
		fn(names->cfg.ctx, id, NULL, 0, status_text(ARES_ENOMEM, 0));
		return;
	}
	*q = (struct question){ names, fn, id, family };
	hints.ai_family = family == HT_FAMILY_IP4   ? AF_INET
			  : family == HT_FAMILY_IP6 ? AF_INET6
						    : AF_UNSPEC;
	reopen_channel(names);
	names->n_questions++;
	names->depth++;
	ares_getaddrinfo(names->channel, host, NULL, &hints, on_addresses, q);
	names->depth--;
}

/* Addresses to names ========================================================*/

/* Rule 2: the name without its final dot, or NULL if it is none. */
static const char *
checked_name(const struct hostent *host, char *buf, size_t size)
{
	struct ht_addr addr;

	if (host == NULL || host->h_name == NULL || strlen(host->h_name) >= size)
		return NULL;
	strcpy(buf, host->h_name);

	size_t len = strlen(buf);
	if (len > 1 && buf[len - 1] == '.')
		buf[len - 1] = '\0';
	return names_refusal(buf) == NULL && !names_literal(buf, &addr) ? buf : NULL;
}

static ht_time
keep_for(int status, bool has_name)
{
	if (has_name)
		return KEEP_NAME;
	if (status == ARES_SUCCESS || status == ARES_ENOTFOUND
	    || status == ARES_ENODATA)
		return KEEP_NONE;
	return KEEP_FAILURE;
}

static void
on_name(void *arg, int status, int timeouts, struct hostent *host)
{
	struct ask *ask = arg;
	struct names *names = ask->names;
	struct names_entry *entry = ask->entry;
	const char *name = NULL;
	char buf[NAMES_HOST_MAX + 2];

	/* c-ares says "not found" after a silent server as well. */
	if (status == ARES_ENOTFOUND && timeouts > 0)
		status = ARES_ETIMEOUT;
	ask->entry = NULL;
	names->n_asks--;
	if (names->is_closing)
		return;
	note_status(names, status);
	if (status == ARES_SUCCESS)
		name = checked_name(host, buf, sizeof(buf));
	names_cache_settle(entry, names->now + keep_for(status, name != NULL));
	if (name != NULL && names->cfg.found != NULL)
		names->cfg.found(names->cfg.ctx, &entry->addr, name);
}

static struct ask *
free_slot(struct names *names)
{
	for (unsigned i = 0; i < NAMES_IN_FLIGHT_MAX; i++)
		if (names->asks[i].entry == NULL)
			return &names->asks[i];
	return NULL;
}

/* Rule 1. */
static void
ask_waiting(struct names *names)
{
	struct names_entry *entry;
	struct ask *ask;

	if (names_cache_waiting(names->cache) > 0)
		reopen_channel(names);
	while ((ask = free_slot(names)) != NULL
	       && (entry = names_cache_take(names->cache)) != NULL) {
		bool is_ip4 = entry->addr.family == HT_FAMILY_IP4;

		*ask = (struct ask){ names, entry };
		names->n_asks++;
		ares_gethostbyaddr(names->channel, entry->addr.bytes,
		    (int)ht_addr_size(&entry->addr), is_ip4 ? AF_INET : AF_INET6,
		    on_name, ask);
	}
}

void
names_lookup(struct names *names, const struct ht_addr *addr, ht_time now)
{
	if (addr->family != HT_FAMILY_NONE)
		names_cache_want(names->cache, addr, now);
}

unsigned
names_pending(const struct names *names)
{
	return names->n_asks + names_cache_waiting(names->cache);
}

bool
names_is_pending(const struct names *names, const struct ht_addr *addr)
{
	return names_cache_is_pending(names->cache, addr);
}

/* The loop ==================================================================*/

int
names_fds(const struct names *names, struct pollfd *fds, int max)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	unsigned bits = (unsigned)ares_getsock(
	    names->channel, sockets, ARES_GETSOCK_MAXNUM);
	int n = 0;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM && n < max; i++) {
		int events = (ARES_GETSOCK_READABLE(bits, i) ? POLLIN : 0)
			     | (ARES_GETSOCK_WRITABLE(bits, i) ? POLLOUT : 0);
		if (events == 0)
			break;
		fds[n++] = (struct pollfd){ .fd = sockets[i], .events = (short)events };
	}
	return n;
}

static void
process_ready(struct names *names, const struct pollfd *fd)
{
	ares_socket_t in = fd->revents & ~POLLOUT ? fd->fd : ARES_SOCKET_BAD;
	ares_socket_t out = fd->revents & POLLOUT ? fd->fd : ARES_SOCKET_BAD;

	if (fd->revents != 0)
		ares_process_fd(names->channel, in, out);
}

void
names_process(struct names *names, ht_time now)
{
	struct pollfd fds[NAMES_FDS_MAX];
	int n = names_fds(names, fds, NAMES_FDS_MAX);

	names->now = now;
	names->depth++;
	if (n > 0 && poll(fds, (nfds_t)n, 0) > 0)
		for (int i = 0; i < n; i++)
			process_ready(names, &fds[i]);
	ares_process_fd(names->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	names->depth--;
	ask_waiting(names);
}

ht_time
names_next(const struct names *names, ht_time now)
{
	struct timeval tv;

	if (names_cache_waiting(names->cache) > 0
	    && names->n_asks < NAMES_IN_FLIGHT_MAX)
		return now;
	if (ares_timeout(names->channel, NULL, &tv) == NULL)
		return HT_TIME_NEVER;
	return now + tv.tv_sec * HT_S + tv.tv_usec * HT_US;
}
