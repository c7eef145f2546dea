/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "transport/linux/identity.h"

#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "packet/bytes.h"
#include "packet/csum.h"

#define WORD_AT    8
#define TOKEN_AT   HT_IDENTITY_MAGIC
#define QUOTED_MIN WORD_AT /* magic and token */

/* Routers that quote less than the token may pad with zeros; a mask of bytes
 * that are never zero keeps token 0 apart from that. */
static uint32_t
mask(const uint8_t *magic)
{
	return ht_get32(magic);
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* How much of it was quoted: routers may fill up with zeros what they cut off, and
 * half a magic is not foreign, half a token not another one.  A whole payload is
 * mistaken for such a one only if its token ends in a zero and its word is zero. */
static size_t
quoted_len(const uint8_t *payload, size_t len)
{
	size_t n = len < QUOTED_MIN ? len : QUOTED_MIN;

	if (len < HT_IDENTITY_SIZE || !is_zero(payload + n, len - n))
		return n;
	while (n > 0 && payload[n - 1] == 0)
		n--;
	return n;
}

void
ht_identity_make(uint8_t *bytes, size_t n)
{
	struct timespec now;

	/* So early after the start of the machine that it has nothing random yet. */
	if (getrandom(bytes, n, GRND_NONBLOCK) != (ssize_t)n) {
		clock_gettime(CLOCK_REALTIME, &now);
		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)((now.tv_nsec + getpid()) >> (i % 4 * 8));
	}
	for (size_t i = 0; i < n; i++)
		if (bytes[i] == 0)
			bytes[i] = 0xa5;
}

bool
ht_identity_put(uint8_t *payload, size_t len, const uint8_t *magic, uint32_t token,
    uint8_t pattern, uint16_t varying, uint16_t wanted)
{
	bool is_marked = len >= HT_IDENTITY_SIZE;

	memset(payload, pattern, len);
	if (len < 2)
		return false;
	uint8_t *word = is_marked ? payload + WORD_AT : payload;
	if (is_marked) {
		memcpy(payload, magic, HT_IDENTITY_MAGIC);
		ht_put32(payload + TOKEN_AT, token ^ mask(magic));
	}
	word[0] = word[1] = 0;
	uint16_t sum = ht_csum_compensator(ht_csum_add(varying, payload, len), wanted);
	word[0] = (uint8_t)(sum >> 8);
	word[1] = (uint8_t)sum;
	return is_marked;
}

enum ht_identity
ht_identity_get(
    const uint8_t *payload, size_t len, const uint8_t *magic, uint32_t *ret_token)
{
	size_t quoted = quoted_len(payload, len);
	size_t n = quoted < HT_IDENTITY_MAGIC ? quoted : HT_IDENTITY_MAGIC;

	if (is_zero(payload, n))
		return HT_IDENTITY_NONE;
	if (memcmp(payload, magic, n) != 0)
		return HT_IDENTITY_FOREIGN;
	if (quoted < QUOTED_MIN || is_zero(payload + TOKEN_AT, 4))
		return HT_IDENTITY_NONE;
	*ret_token = ht_get32(payload + TOKEN_AT) ^ mask(magic);
	return HT_IDENTITY_OURS;
}
