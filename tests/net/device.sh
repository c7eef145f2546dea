#!/bin/sh
# SPDX-License-Identifier: ISC
# Interfaces that go away for good and come back as others, by the same name, and links
# that take less than the one before.  Prints TAP.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
net_install "${builddir:-.}/hoptop"
unset HOPTOP_OPTIONS MTR_OPTIONS
net_chain 2
ping_sockets open

hoptop() {
	as_user c "$net_tmp/hoptop" -r -n "$@"
}

# row FILE HOP: what it says of that hop: sent, received, failed
row() {
	sed -n "s/^ *$2\\.|-- [^ ]* *\\([0-9]*\\) *\\([0-9]*\\) *\\([0-9]*\\)\$/\\1 \\2 \\3/p" "$1"
}

## A packet too big ############################################################

# What is too big for the second link is not for the first one, however often the
# kernel has been told.
ip -n "${net_prefix}r1" link set dev r mtu 1280
ip -n "${net_prefix}r2" link set dev l mtu 1280
for proto in icmp udp; do
	in_ns c "$net_tmp/hoptop" -r -n --transport raw --protocol "$proto" -s 1400 -c 3 \
		-i 0.2 -m 2 -o SRf "$target6" >"$net_tmp/big"
	is "raw IPv6 $proto, too big behind the first hop: all are sent" \
		"$(row "$net_tmp/big" 1)" "3 3 0"
done

## An interface made anew ######################################################

# Another one by the same name, with the same addresses and routes.
make_anew() {
	ip -n "${net_prefix}c" link del dev r
	ip -n "${net_prefix}c" link add name r type veth peer name l netns "${net_prefix}r1"
	ip -n "${net_prefix}r1" -batch - <<-END
		addr add $(right4 0)/30 dev l
		addr add $(right6 0)/64 dev l nodad
		link set dev l up
	END
	ip -n "${net_prefix}c" -batch - <<-END
		addr add $(left4 0)/30 dev r
		addr add $(left6 0)/64 dev r nodad
		link set dev r up
		route add default via $(right4 0)
		route add ::/0 via $(right6 0)
	END
}

before=$(in_ns c cat /sys/class/net/r/statistics/tx_packets)
pids=
for proto in icmp udp tcp; do
	for target in "$target4" "$target6"; do
		hoptop --protocol "$proto" -I r -i 0.2 -c 60 -m 1 -o SRf "$target" \
			>"$net_tmp/$proto.$target" 2>&1 &
		pids="$pids $!"
	done
done
# are_under_way: has each of the six sent about ten?
are_under_way() {
	[ "$(in_ns c cat /sys/class/net/r/statistics/tx_packets)" -ge $((before + 60)) ]
}
until_true are_under_way
make_anew
wait $pids
for proto in icmp udp tcp; do
	for target in "$target4" "$target6"; do
		# All but what came while there was none, and for as long to notice it.
		set -- $(row "$net_tmp/$proto.$target" 1)
		at_least "$proto to $target, interface made anew: the run goes on ($*)" "${2:-0}" 30
	done
done
net_done
