/* SPDX-License-Identifier: ISC */
#include "config.h"

#include "transport/linux/family.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

/* Linux 5.9; younger than some C libraries' headers. */
#ifndef IP_RECVERR_RFC4884
#define IP_RECVERR_RFC4884 26
#endif
#ifndef IPV6_RECVERR_RFC4884
#define IPV6_RECVERR_RFC4884 31
#endif

static const struct ht_family_facts ip4_facts = {
	.domain = AF_INET,
	.level = IPPROTO_IP,
	.ping_protocol = IPPROTO_ICMP,
	.recverr = IP_RECVERR,
	.rfc4884 = IP_RECVERR_RFC4884,
	.recvttl = IP_RECVTTL,
	.recvtos = IP_RECVTOS,
	.ttl = IP_TTL,
	.tos = IP_TOS,
	.mtu_discover = IP_MTU_DISCOVER,
	.mtu_dont = IP_PMTUDISC_DONT,
	.mtu_probe = IP_PMTUDISC_PROBE,
	.icmp_origin = SO_EE_ORIGIN_ICMP,
	.echo_request = 8,
	.echo_reply = 0,
	.exceeded = 11,
	.too_big_type = 3,
	.too_big_code = 4,
	.ip_header = 20,
	.first_byte = 0x45,
	.proto_at = 9,
	.sockaddr = sizeof(struct sockaddr_in),
};

static const struct ht_family_facts ip6_facts = {
	.domain = AF_INET6,
	.level = IPPROTO_IPV6,
	.ping_protocol = IPPROTO_ICMPV6,
	.recverr = IPV6_RECVERR,
	.rfc4884 = IPV6_RECVERR_RFC4884,
	.recvttl = IPV6_RECVHOPLIMIT,
	.recvtos = IPV6_RECVTCLASS,
	.ttl = IPV6_HOPLIMIT,
	.tos = IPV6_TCLASS,
	.mtu_discover = IPV6_MTU_DISCOVER,
	.mtu_dont = IPV6_PMTUDISC_DONT,
	.mtu_probe = IPV6_PMTUDISC_PROBE,
	.icmp_origin = SO_EE_ORIGIN_ICMP6,
	.echo_request = 128,
	.echo_reply = 129,
	.exceeded = 3,
	.too_big_type = 2,
	.too_big_code = 0,
	.ip_header = 40,
	.first_byte = 0x60,
	.proto_at = 6,
	.sockaddr = sizeof(struct sockaddr_in6),
};

const struct ht_family_facts *
ht_family_facts(unsigned family)
{
	if (family == HT_FAMILY_IP4)
		return &ip4_facts;
	return family == HT_FAMILY_IP6 ? &ip6_facts : NULL;
}

socklen_t
ht_family_sockaddr(const struct ht_family_facts *ff, const struct ht_addr *addr,
    uint16_t port, struct sockaddr_storage *ret_sa)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port),
		.sin6_scope_id = addr->scope };

	memcpy(&sin.sin_addr, addr->bytes, sizeof(sin.sin_addr));
	memcpy(&sin6.sin6_addr, addr->bytes, sizeof(sin6.sin6_addr));
	memset(ret_sa, 0, sizeof(*ret_sa));
	if (ff->domain == AF_INET)
		memcpy(ret_sa, &sin, sizeof(sin));
	else
		memcpy(ret_sa, &sin6, sizeof(sin6));
	return ff->sockaddr;
}

uint16_t
ht_family_port(const struct sockaddr_storage *sa)
{
	struct sockaddr_in sin;

	/* The port is in the same place in both families. */
	if (sa->ss_family != AF_INET && sa->ss_family != AF_INET6)
		return 0;
	memcpy(&sin, sa, sizeof(sin));
	return ntohs(sin.sin_port);
}

void
ht_family_set_flowinfo(struct sockaddr_storage *sa, uint32_t flowinfo)
{
	struct sockaddr_in6 sin6;

	if (sa->ss_family != AF_INET6)
		return;
	memcpy(&sin6, sa, sizeof(sin6));
	sin6.sin6_flowinfo = htonl(flowinfo);
	memcpy(sa, &sin6, sizeof(sin6));
}

uint32_t
ht_family_flowinfo(const struct sockaddr_storage *sa)
{
	struct sockaddr_in6 sin6;

	if (sa->ss_family != AF_INET6)
		return 0;
	memcpy(&sin6, sa, sizeof(sin6));
	return ntohl(sin6.sin6_flowinfo);
}
