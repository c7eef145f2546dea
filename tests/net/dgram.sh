#!/bin/sh
# SPDX-License-Identifier: ISC
# The unprivileged transport on real sockets: five kernel routers, IPv4 and IPv6,
# as a user without any capability.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
net_chain 5
net_install "${builddir:-.}/tests/net/probe"
probe() { as_user c "$net_tmp/probe" "$@"; }
many_idle=40

for family in 4 6; do
	eval "target=\$target$family"
	ping_sockets closed
	out=$(probe -n icmp "$target")
	if [ -n "${HT_NET_USERNS:-}" ] && [ "$out" = can=0 ]; then
		skip "ICMP IPv$family: a closed range is refused" "single user"
	else
		is "ICMP IPv$family: a closed range is refused" "$out" can=EACCES
		is "ICMP IPv$family: prepare() says so too" "$(probe icmp "$target")" \
			prepare=EACCES
	fi
	is "UDP IPv$family: is allowed all the same" "$(probe -n udp "$target")" can=0
done
ping_sockets open
until_true is_chain_up || say "the chain does not answer: $out"

path_of_six icmp 4 "$target4" echo-reply 0/0
path_of_six icmp 6 "$target6" echo-reply 129/0
path_of_six udp 4 "$target4" unreachable 3/3
path_of_six udp 6 "$target6" unreachable 1/4

for proto in icmp udp; do
	for family in 4 6; do
		eval "target=\$target$family"
		many "$proto IPv$family at once" "$proto" "$target"
		many "$proto IPv$family without a look" -b 100 "$proto" "$target"
		many "$proto IPv$family in turn" -i 300 "$proto" "$target"
		many "$proto IPv$family like before Linux 6.13" -o "$proto" "$target"
	done
	for proto in icmp udp; do
		many "$proto IPv$family too small for identity" -s 28 "$proto" "$target"
		# 28 bytes with nothing in them, and one less than would be needed.
		many "$proto IPv$family too small by one" -s $((family == 4 ? 37 : 57)) -i 300 \
			"$proto" "$target"
	done
done

# Slots turn over.
out=$(probe -q -c 11000 -m 6 -w 2000 udp "$target4")
is "66000 probes: none mistaken" \
	"$(($(get sent) - $(get received))) $(get unmatched) $(get wrong)" "0 0 0"
out=$(probe -m 6 -P 53 udp "$target4")
is "another destination port: all are sure" "$(each match)" "3 3 3 3 3 3"

# Other programs have the ports that two flows would like.
out=$(probe -q -m 6 -F 5 udp "$target4" & probe -q -m 6 -F 5 udp "$target4"; wait)
is "a source port that is taken: another one will do" \
	"$(printf '%s\n' "$out" | grep -c 'failed=0 error=0 received=6 unmatched=0 wrong=0')" 2

## Routes that refuse ##########################################################

ip -n "${net_prefix}r3" -batch - <<END
route add unreachable 203.0.113.1/32
route add prohibit 203.0.113.2/32
route add throw 203.0.113.3/32
route add blackhole 203.0.113.4/32
route add unreachable 2001:db8:ff::1/128
route add prohibit 2001:db8:ff::2/128
END
for proto in icmp udp; do
	# A kernel router answers from such a route once a second, whatever the
	# limits of ICMP are.
	refused() {
		tries=0 out=
		while [ -z "$(each kind)" ] && [ "$tries" -lt 8 ]; do
			out=$(probe -f 6 -m 6 -w 1100 "$proto" "$2")
			tries=$((tries + 1))
		done
		is "$proto: $1" "$(each kind) $(each icmp) $(each from) $(each match)" \
			"unreachable $3 $4 3"
	}
	refused "an unreachable route" 203.0.113.1 3/1 "$(hop 4 3)"
	refused "a prohibited route" 203.0.113.2 3/13 "$(hop 4 3)"
	refused "IPv6, no route" 2001:db8:ff::1 1/0 "$(hop 6 3)"
	refused "IPv6, a prohibited route" 2001:db8:ff::2 1/1 "$(hop 6 3)"
	out=$(probe -c 3 -f 6 -m 6 -w 100 "$proto" 203.0.113.4)
	is "$proto: a blackhole is silent" "$(get sent) $(get received)" "3 0"
done

# Who probes what is silent keeps his port for a while.
probe -q -k -f 6 -m 6 -c 2 -i 60000000 -w 0 -L 5000 udp 203.0.113.4 >"$net_tmp/first" &
first=$!
has_5000() { in_ns c grep -q ':1388 ' /proc/net/udp; }
until_true has_5000
out=$(probe -q -m 1 -L 5000 udp "$target4")
is "a source port that was asked for and is taken" "$(get sent) $(get error)" \
	"0 EADDRINUSE"
out=$(probe -q -m 1 -L 5000 udp "$target6")
is "... but not for IPv6" "$(get received) $(get error)" "1 0"
# It has no need to send its second one.
kill $(ip netns pids "${net_prefix}c")
wait "$first"
out=$(cat "$net_tmp/first")
is "... and its owner had it" "$(get sent) $(get error)" "1 0"
out=$(probe -q -m 1 -L 500 udp "$target4")
is "a source port that is not permitted" "$(get sent) $(get error)" "0 EACCES"

ip -n "${net_prefix}c" -batch - <<END
route add unreachable 198.51.100.1/32
route add prohibit 198.51.100.2/32
END
is "no route from here" "$(probe udp 198.51.100.1)" prepare=EHOSTUNREACH
is "a route that forbids" "$(probe udp 198.51.100.2)" prepare=EACCES
ip -n "${net_prefix}c" route del default
ip -n "${net_prefix}c" -6 route del default
is "no default route" "$(probe udp "$target4")" prepare=ENETUNREACH
is "no default route, IPv6" "$(probe icmp "$target6")" prepare=ENETUNREACH
ip -n "${net_prefix}c" route add default via "$(right4 0)"
ip -n "${net_prefix}c" -6 route add default via "$(right6 0)"

## Device and source ###########################################################

is "a device that is not there" "$(probe -I nosuch0 udp "$target4")" \
	"open=ENODEV: nosuch0: no such interface"
is "a source that is not ours" "$(probe -a 192.0.2.200 udp "$target4")" \
	"open=EADDRNOTAVAIL: 192.0.2.200: not an address of this host"
out=$(probe -m 6 -I r icmp "$target6")
is "bound to the device" "$(each from)" "$(hops 6)"
ip -n "${net_prefix}c" addr add 198.51.100.77/32 dev lo
for k in 1 2 3 4 5; do ip -n "${net_prefix}r$k" route add 198.51.100.77/32 via "$(left4 $((k - 1)))"; done
out=$(probe -m 6 -a 198.51.100.77 icmp "$target4")
is "another source" "$(each from)" "$(hops 4)"
is "another source is the one" "$(printf '%s\n' "$out" | sed -n 's/^source=//p')" 198.51.100.77
scope=$(in_ns c cat /sys/class/net/r/ifindex)
link=$(ip -n "${net_prefix}r1" -6 addr show dev l scope link | sed -n 's/.*inet6 \([^/]*\).*/\1/p')
out=$(probe -m 1 icmp "$link%$scope")
is "link-local with a zone" "$(each from) $(each kind)" "$link%$scope echo-reply"
out=$(probe -m 1 udp "$link%$scope")
is "link-local with a zone, UDP" "$(each from) $(each kind) $(each match)" \
	"$link%$scope unreachable 3"
out=$(probe -m 1 -s 48 udp "$link%$scope")
is "link-local with a zone, UDP without payload" "$(each from) $(each match)" "$link%$scope 2"

## What is on the wire #########################################################

wire() {
	# The pcap file has microseconds and lengths; -v shows TOS and checksum.
	rm -f "$net_tmp/wire" "$net_tmp/wire.err"
	in_ns r1 timeout 60 tcpdump -i l -n -v -l -c "$1" --immediate-mode "$2" \
		>"$net_tmp/wire" 2>"$net_tmp/wire.err" &
	dump=$!
	until_true grep -qs listening "$net_tmp/wire.err" || return 1
	shift 2
	probe -q -m 1 "$@" >/dev/null
	wait "$dump"
}

if command -v tcpdump >/dev/null && [ -z "${HT_NET_USERNS:-}" ]; then
	for size in 28 29 37 38 64 127 128 1500; do
		for proto in icmp udp; do
			wire 1 "$proto and src $(left4 0)" -s "$size" "$proto" "$target4"
			is "$proto: $size bytes on the wire" \
				"$(sed -n 's/.*, length \([0-9]*\))$/\1/p' "$net_tmp/wire")" "$size"
		done
	done
	for size in 48 58 64 1280; do
		for proto in icmp6 udp; do
			wire 1 "$proto and ip6 and dst $target6" -s "$size" "${proto%6}" "$target6"
			is "$proto IPv6: $size bytes on the wire" \
				"$(sed -n 's/.*payload length: \([0-9]*\)).*/\1/p' "$net_tmp/wire")" \
				"$((size - 40))"
		done
	done
	wire 1 "icmp and src $(left4 0)" -Q 0xb9 icmp "$target4"
	is "TOS, IPv4" "$(grep -c 'tos 0xb9' "$net_tmp/wire")" 1
	wire 1 "icmp6 and dst $target6" -Q 0xb9 icmp "$target6"
	is "traffic class, IPv6" "$(grep -c 'class 0xb9' "$net_tmp/wire")" 1
	is "DF is not set" "$(wire 1 "udp and src $(left4 0)" udp "$target4"; grep -c 'DF' "$net_tmp/wire")" 0
else
	skip "what is on the wire" "needs root and tcpdump"
fi

net_done
