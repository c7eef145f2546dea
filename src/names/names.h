/* SPDX-License-Identifier: ISC */
/**
 * @file names.h
 * Names to addresses and back, without ever waiting.
 *
 * Look-ups are begun, and answered by callbacks out of names_process() (or at
 * once where no server needs asking).  A slow, absent or lying name server
 * costs nobody but the name.
 *
 *     n = names_fds(names, fds, max);    ... poll, until names_next() ...
 *     names_process(names, now);
 */
#ifndef HT_NAMES_NAMES_H
#define HT_NAMES_NAMES_H

#include <hoptop/types.h>

struct pollfd;

/** Longest host name, without the NUL and without a final dot (RFC 1035). */
#define NAMES_HOST_MAX 253
/** Reverse look-ups in flight at a time; the others wait for their turn. */
#define NAMES_IN_FLIGHT_MAX 16
/** Addresses whose name, or lack of one, is remembered. */
#define NAMES_CACHE_MAX 4096
/** Addresses of one host that are handed up. */
#define NAMES_ADDRS_MAX 16
/** Descriptors that names_fds() fills in at most. */
#define NAMES_FDS_MAX 16

/** Called with the name of an address, once per look-up that found one. */
typedef void names_found_fn(void *ctx, const struct ht_addr *addr, const char *name);

/**
 * Called with the addresses of a host, exactly once per names_resolve().
 *
 * @param id     as given to names_resolve()
 * @param addrs  best first (RFC 6724), none that is not a host; borrowed
 * @param n      0 on failure
 * @param error  one line to stand behind "HOST: " when n is 0, else NULL
 */
typedef void names_answer_fn(
    void *ctx, unsigned id, const struct ht_addr *addrs, unsigned n, const char *error);

/** How to look up. */
struct names_config {
	const char *server; /**< "1.2.3.4:53", "[::1]:53"; NULL or "": the system's */
	int timeout_ms;     /**< of the first try, doubled for each; 0: 1500 */
	int tries;          /**< per server; 0: 3 */
	names_found_fn *found; /**< gets what names_lookup() found; may be NULL */
	void *ctx;             /**< for found and for every names_answer_fn */
};

struct names;

/**
 * Get ready to look up.
 *
 * @param cfg  copied
 * @param err  says why not; may be NULL
 * @return NULL on failure
 */
struct names *names_new(const struct names_config *cfg, struct ht_err *err);

/** Give up what is under way, without calling back, and free. */
void names_free(struct names *names);

/**
 * Find the addresses of a host.
 *
 * A literal address ("192.0.2.1", "fe80::1%eth0") and a text that cannot be a
 * host name are answered before this returns.  /etc/hosts comes before the
 * name server.
 *
 * @param host    copied
 * @param family  4, 6, or 0 for any
 * @param id      handed to fn
 */
void names_resolve(struct names *names, const char *host, unsigned family, unsigned id,
    names_answer_fn *fn);

/**
 * Ask for the name of an address, unless it is known not to have changed.
 *
 * Cheap: to be called for every reply.  A name is asked for anew after an
 * hour, a missing one after 5 minutes, and after 30 s if the server failed.
 */
void names_lookup(struct names *names, const struct ht_addr *addr, ht_time now);

/**
 * Fill in what to poll for.
 *
 * @return entries used, at most max
 */
int names_fds(const struct names *names, struct pollfd *fds, int max);

/** Take in what has arrived, give up what took too long, begin what waits. */
void names_process(struct names *names, ht_time now);

/** When names_process() is due without a descriptor, or HT_TIME_NEVER. */
ht_time names_next(const struct names *names, ht_time now);

/** Reverse look-ups that are in flight or wait for their turn. */
unsigned names_pending(const struct names *names);

/** Is the name of this address being asked for, or waiting for its turn? */
bool names_is_pending(const struct names *names, const struct ht_addr *addr);

/**
 * Say why a text cannot be a host name (nor an address).
 *
 * @return half a sentence, "is not a host name", or NULL when it can
 */
const char *names_refusal(const char *host);

/**
 * Parse a literal address; a zone may be an interface's name.
 *
 * @return false if it is not a literal address
 */
bool names_literal(const char *host, struct ht_addr *ret_addr);

#endif /* HT_NAMES_NAMES_H */
