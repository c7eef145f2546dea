/* SPDX-License-Identifier: ISC */
/* IP headers, and what is behind them: ICMP, UDP, TCP of either family. */

#include "fuzz.h"

static uint64_t
read_icmp(uint64_t digest, enum ht_family family, const uint8_t *data, size_t size)
{
	struct ht_icmp icmp;

	if (ht_icmp_parse(family, data, size, &icmp) < 0) {
		assert(size < 8);
		return digest;
	}
	fuzz_within(icmp.data, icmp.data_len, data, size);
	assert(icmp.quote_len <= 255u * 8);
	digest = fuzz_mix(digest, (uint64_t)icmp.type << 8 | icmp.code);
	digest = fuzz_mix(digest, (uint64_t)icmp.id << 16 | icmp.seq);
	return fuzz_mix(fuzz_mix(digest, icmp.quote_len), icmp.mtu);
}

static uint64_t
read_udp(uint64_t digest, const uint8_t *data, size_t size)
{
	struct ht_udp udp;

	if (ht_udp_parse(data, size, &udp) < 0) {
		assert(size < 8);
		return digest;
	}
	fuzz_within(udp.data, udp.data_len, data, size);
	assert(udp.length < 8 || udp.data_len + 8 <= udp.length);
	digest = fuzz_mix(digest, (uint64_t)udp.sport << 16 | udp.dport);
	return fuzz_mix(digest, udp.data_len);
}

static uint64_t
read_tcp(uint64_t digest, const uint8_t *data, size_t size)
{
	struct ht_tcp tcp;

	if (ht_tcp_parse(data, size, &tcp) < 0) {
		assert(size < 8 || (size >= 13 && data[12] >> 4 < 5));
		return digest;
	}
	fuzz_within(tcp.data, tcp.data_len, data, size);
	assert(tcp.data_len == 0 || tcp.data >= data + 20);
	digest = fuzz_mix(digest, (uint64_t)tcp.seq << 32 | tcp.ack);
	digest = fuzz_mix(digest, (uint64_t)tcp.checksum << 8 | tcp.flags);
	return fuzz_mix(digest, tcp.data_len);
}

static uint64_t
read_upper(uint64_t digest, const uint8_t *data, size_t size)
{
	digest = read_icmp(digest, HT_FAMILY_IP4, data, size);
	digest = read_icmp(digest, HT_FAMILY_IP6, data, size);
	digest = read_udp(digest, data, size);
	return read_tcp(digest, data, size);
}

static uint64_t
read_packet(const uint8_t *data, size_t size)
{
	struct ht_ip ip, quote;
	uint64_t digest = read_upper(0, data, size);
	int r = ht_ip_parse_quote(data, size, &quote);

	if (r == 0) {
		fuzz_within(quote.data, quote.data_len, data, size);
		assert(quote.total >= (size_t)(quote.data - data) + quote.data_len);
		digest = fuzz_mix_ip(digest, &quote);
		digest = read_upper(digest, quote.data, quote.data_len);
	}
	if (ht_ip_parse(data, size, &ip) == 0) {
		/* A quote is believed whatever is believed elsewhere. */
		assert(r == 0 && ip.data == quote.data);
		assert(ip.total >= (size_t)(ip.data - data) + ip.data_len);
		assert(ip.data_len <= quote.data_len);
		assert(ip.src.family == ip.dst.family);
		assert(ip.src.family == data[0] >> 4);
		assert(ip.data >= data + (ip.src.family == HT_FAMILY_IP6 ? 40 : 20));
		digest = fuzz_mix_ip(digest, &ip);
	}
	return digest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = fuzz_copy(data, size);

	assert(read_packet(data, size) == read_packet(copy, size));
	fuzz_free(copy);
	return 0;
}
