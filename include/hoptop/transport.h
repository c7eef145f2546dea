/* SPDX-License-Identifier: ISC */
/**
 * @file transport.h
 * The contract between the engine and whatever carries its probes.
 *
 * The engine owns pacing, the TTL window, statistics and the timeout.  The
 * transport owns sockets, identity on the wire, stamps and matching.  Real
 * sockets, the simulated internet and fault injectors stand behind this one
 * table of functions.
 */
#ifndef HOPTOP_TRANSPORT_H
#define HOPTOP_TRANSPORT_H

#include <hoptop/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pollfd;

/** Destination ports where nobody names one. */
#define HT_PORT_UDP 33434 /**< what traceroute has always used */
#define HT_PORT_TCP 80    /**< as in mtr */

/** What a transport can do or see; a set of bits. */
enum ht_cap {
	HT_CAP_ICMP = 1 << 0,          /**< can send ICMP echo probes */
	HT_CAP_UDP = 1 << 1,           /**< can send UDP probes */
	HT_CAP_TCP = 1 << 2,           /**< can send TCP SYN probes */
	HT_CAP_KERNEL_RX = 1 << 3,     /**< replies are stamped by the kernel */
	HT_CAP_KERNEL_TX = 1 << 4,     /**< probes are stamped by the kernel */
	HT_CAP_REPLY_TTL = 1 << 5,     /**< TTL of the reply is known */
	HT_CAP_EXTENSIONS = 1 << 6,    /**< RFC 4884 extensions are handed up */
	HT_CAP_VIRTUAL_CLOCK = 1 << 7, /**< time is whatever the caller says */
	HT_CAP_QUOTE4 = 1 << 8,        /**< IPv4 headers that routers quote are seen */
	HT_CAP_QUOTE6 = 1 << 9,        /**< so are traffic class and label of IPv6 */
	HT_CAP_SYN_SIZE = 1 << 10      /**< a SYN has the size that is asked for */
};

/** Where a time stamp was taken, worst first. */
enum ht_stamp {
	HT_STAMP_NONE = 0,
	HT_STAMP_USER,      /**< user-space clock around the system call */
	HT_STAMP_KERNEL,    /**< kernel, software stamp */
	HT_STAMP_SIMULATED, /**< exact by construction */
	HT_STAMP_COUNT
};

/** What came back. */
enum ht_reply_kind {
	HT_REPLY_NONE = 0,
	HT_REPLY_TIME_EXCEEDED, /**< ICMP 11/0, ICMPv6 3/0: a transit hop */
	HT_REPLY_UNREACHABLE,   /**< ICMP 3/x, ICMPv6 1/x, 2/0, parameter problem */
	HT_REPLY_ECHO,          /**< ICMP echo reply */
	HT_REPLY_UDP_DATA,      /**< the target's UDP port answered with data */
	HT_REPLY_PORT_CLOSED, /**< ICMP 3/3, ICMPv6 1/4 of the target: the session tells
			       *   it from UNREACHABLE, transports need not */
	HT_REPLY_TCP_OPEN,    /**< SYN-ACK */
	HT_REPLY_TCP_CLOSED,  /**< RST */
	HT_REPLY_LOCAL_ERROR, /**< this host refused the probe after send() */
	HT_REPLY_COUNT
};

/** How sure it is that the reply belongs to the probe of its token. */
enum ht_match {
	HT_MATCH_NONE = 0,
	HT_MATCH_AMBIGUOUS, /**< a guess: never counted as an RTT */
	HT_MATCH_MAPPED,    /**< by a learned offender-to-TTL map */
	HT_MATCH_EXACT,     /**< by port, sequence number or payload */
	HT_MATCH_COUNT
};

/** Fields of the probe's own headers, as a router quotes them; a set of bits. */
enum ht_quote_field {
	HT_QUOTE_TOS = 1 << 0,      /**< TOS or traffic class */
	HT_QUOTE_TTL = 1 << 1,      /**< what was left of the TTL, usually 1 */
	HT_QUOTE_ID = 1 << 2,       /**< IPv4 identification */
	HT_QUOTE_CHECKSUM = 1 << 3, /**< of UDP, TCP or ICMP */
	HT_QUOTE_LABEL = 1 << 4,    /**< IPv6 flow label */
	HT_QUOTE_ADDRESS = 1 << 5,  /**< source or target */
	HT_QUOTE_PORT = 1 << 6      /**< source or destination */
};

/**
 * What the path did to a probe, told by the quote in an ICMP error.
 *
 * A changed checksum, address or port means a NAT before the router, a changed
 * TOS somebody who rewrites it.
 */
struct ht_quote {
	uint16_t seen;    /**< fields that the quote held and we could see */
	uint16_t changed; /**< of those, the ones that differ from what was sent;
			       never HT_QUOTE_TTL */
	uint8_t tos;      /**< as quoted; these are 0 unless seen */
	uint8_t ttl;
	uint16_t id;
	uint16_t checksum;
	uint32_t label;
};

#define HT_MPLS_MAX 8

/** One MPLS label stack entry, RFC 4950. */
struct ht_mpls {
	uint32_t label; /**< 0..1048575 */
	uint8_t tc;     /**< traffic class, 0..7 */
	uint8_t bottom; /**< 1 at the bottom of the stack */
	uint8_t ttl;    /**< 0..255 */
};

/** ICMP extension objects that came with a reply (RFC 4884, 4950, 5837). */
struct ht_extensions {
	uint8_t n_mpls;                   /**< entries used in mpls */
	uint8_t malformed;                /**< 1: checksum or length was wrong */
	struct ht_mpls mpls[HT_MPLS_MAX]; /**< top of stack first */
	uint32_t if_index;                /**< RFC 5837, 0 if absent */
	uint32_t if_mtu;                  /**< bytes, 0 if absent */
	struct ht_addr if_addr;           /**< family none if absent */
	char if_name[64];                 /**< printable ASCII, "" if absent */
};

/**
 * One probe, as the engine asks for it.
 *
 * All that routers balance by is constant for one target, protocol, flow and
 * port (Paris traceroute): addresses, ports, ICMP checksum, IPv6 flow label.
 * Which probe it was has to be told from the rest.
 */
struct ht_probe {
	uint32_t token;        /**< opaque; comes back in the reply */
	struct ht_addr target; /**< where to */
	uint8_t proto;         /**< enum ht_proto */
	uint8_t ttl;           /**< 1..255 */
	uint8_t tos;           /**< TOS or traffic class byte */
	uint8_t pattern;       /**< payload fill byte */
	uint16_t flow;         /**< flow number, 0..HT_FLOW_MAX */
	uint16_t size;         /**< whole IP packet in bytes, 28..9000 */
	uint16_t port;         /**< destination port, 0 = protocol's default */
	uint16_t local_port;   /**< source port of flow 0, flow N has that plus N;
				    0 = the transport's choice */
};

/**
 * One answer, or a local refusal.
 *
 * Two of them are special. Kind NONE with match AMBIGUOUS is no answer yet:
 * something came that may belong to this probe or to another one, and is kept
 * back until more is known; it helps to ask this hop again soon. A kind with match
 * AMBIGUOUS and no address in from: it was answered, but nobody can say by whom; with
 * an address: it was this hop that answered, but maybe to another probe of its.
 */
struct ht_reply {
	uint32_t token;      /**< of the probe; meaningless if match is NONE */
	uint8_t kind;        /**< enum ht_reply_kind */
	uint8_t match;       /**< enum ht_match; NONE: nobody's, count as unmatched */
	uint8_t icmp_type;   /**< raw type of the family, 0 if not ICMP */
	uint8_t icmp_code;   /**< raw code */
	struct ht_addr from; /**< outer source address; none for LOCAL_ERROR */
	ht_time tx_ns;       /**< monotonic; best stamp of the probe's departure */
	ht_time rx_ns;       /**< monotonic; best stamp of the reply's arrival */
	uint8_t tx_stamp;    /**< enum ht_stamp of tx_ns */
	uint8_t rx_stamp;    /**< enum ht_stamp of rx_ns */
	int16_t reply_ttl;   /**< TTL of the reply packet, -1 unknown */
	int16_t reply_tos;   /**< TOS of the reply packet, -1 unknown */
	int error;           /**< LOCAL_ERROR: positive errno */
	uint32_t mtu;        /**< bytes, with "too big" replies, else 0 */
	const struct ht_extensions *ext; /**< borrowed for the call, NULL if none */
	const struct ht_quote *quote;    /**< borrowed for the call, NULL if none */
};

/** What send() may say of a probe that has left: see there. */
#define HT_SENT_ALONE 1

struct ht_transport;

/** Called once for every reply that a transport hands up. */
typedef void ht_reply_fn(void *ctx, const struct ht_reply *reply);

/** The functions of a transport; every member but the marked ones is needed. */
struct ht_transport_ops {
	const char *name; /**< "dgram", "raw", "sim": as shown on the screen */

	/** Tell what it can do; a set of enum ht_cap, constant while open. */
	unsigned (*caps)(const struct ht_transport *tp);

	/**
	 * Get ready to probe a target, and find the source address.
	 *
	 * May open sockets.  Called once per target before its first probe, and
	 * again after a run of send errors (the route may have changed).
	 *
	 * @param ret_source  address that packets will leave from
	 * @return 0, or negative errno: -EACCES (this user may not send proto),
	 *         -ENETUNREACH, -EHOSTUNREACH, -EPROTONOSUPPORT ...
	 */
	int (*prepare)(struct ht_transport *tp, const struct ht_addr *target,
	    enum ht_proto proto, struct ht_addr *ret_source);

	/**
	 * Fill in what to poll for.
	 *
	 * @return number of entries used, at most max
	 */
	int (*fds)(const struct ht_transport *tp, struct pollfd *fds, int max);

	/**
	 * Send one probe.  Never blocks, never ends the run.
	 *
	 * @param now  the caller's time; a real transport stamps by itself
	 * @return 0; HT_SENT_ALONE (its flow to this target takes no other probe until
	 *         a receive() that finds an answer, or that next() asks for); -EAGAIN
	 *         (not now: one that is in flight on this flow could not be told from
	 *         it; nothing has failed, ask again after the next receive()); or
	 *         another negative errno, the local refusal
	 */
	int (*send)(struct ht_transport *tp, const struct ht_probe *probe, ht_time now);

	/**
	 * Tell what poll() found, so that the next receive() need not ask the kernel
	 * about what is not ready.  NULL where it makes no difference.
	 *
	 * @param fds  n entries, as filled in by fds(), with their revents
	 */
	void (*polled)(struct ht_transport *tp, const struct pollfd *fds, int n);

	/**
	 * Hand up everything that has arrived by now, until nothing is left; looks
	 * only at what was ready if polled() was called since the last time.
	 *
	 * @return number of replies handed up
	 */
	int (*receive)(
	    struct ht_transport *tp, ht_time now, ht_reply_fn *fn, void *ctx);

	/**
	 * Say when receive() should be called without any descriptor being ready.
	 *
	 * @return monotonic time, or HT_TIME_NEVER
	 */
	ht_time (*next)(const struct ht_transport *tp);

	/** Free everything; tp is gone afterwards. */
	void (*close)(struct ht_transport *tp);
};

/** Base of every transport; the implementation's struct starts with it. */
struct ht_transport {
	const struct ht_transport_ops *ops;
	uint64_t malformed; /**< packets that could not be parsed, since open */
};

/**
 * Tell whether the reply says that the probe got to its end.
 *
 * True for an echo reply, for data, SYN-ACK and RST, and for a closed port.
 */
bool ht_reply_is_destination(const struct ht_reply *reply);

/** Is it "port unreachable", whoever says so?  ICMP 3/3, ICMPv6 1/4. */
bool ht_icmp_is_port_unreachable(
    enum ht_family family, unsigned icmp_type, unsigned icmp_code);

/** Name a reply kind: "time-exceeded", "echo-reply"; never NULL. */
const char *ht_reply_kind_name(enum ht_reply_kind kind);

/**
 * Name an ICMP error by its type and code: "time-exceeded", "net-unreachable",
 * "admin-prohibited", "fragmentation-needed", ... (RFC 792, 1122, 1812, 4443).
 *
 * @return static string; "unreachable" for a code that has no name
 */
const char *ht_icmp_error_name(
    enum ht_family family, unsigned icmp_type, unsigned icmp_code);

/** Name one field of a quote: "tos", "ttl", "id", "checksum", ...; never NULL. */
const char *ht_quote_field_name(enum ht_quote_field field);

/** Name a stamp source: "user", "kernel", "simulated"; never NULL. */
const char *ht_stamp_name(enum ht_stamp stamp);

/** Bytes that any mark of ht_reply_mark() needs, NUL included. */
#define HT_MARK_TEXT_MAX 16

/**
 * Give traceroute's mark for an ICMP error (RFC 792, 1122, 1812, 4443): "!N" no
 * network, "!H" no host, "!P" no protocol, "!X" prohibited, "!F-1400" too big, "!S"
 * source route failed, "!V" and "!C" precedence, "!<code>" another unreachable,
 * "!<type-code>" another error.  "" for what needs none: TTL exceeded, port
 * unreachable, echo reply.
 *
 * @param mtu  bytes, of "too big" replies; 0: not told, then "!F"
 * @param buf  caller's, HT_MARK_TEXT_MAX bytes; returned
 */
const char *ht_reply_mark(enum ht_family family, unsigned icmp_type, unsigned icmp_code,
    uint32_t mtu, char *buf);

#ifdef __cplusplus
}
#endif

#endif /* HOPTOP_TRANSPORT_H */
