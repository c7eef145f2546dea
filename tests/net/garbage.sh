#!/bin/sh
# SPDX-License-Identifier: ISC
# Packets that answer no probe, on real sockets: what the simulator wrote, what the
# kernel hands to the socket, what the transport counts.  Each probe brings all kinds
# of tests/net/garbage.c and then its answer, and the next one waits for that: so no
# queue runs over, however busy the machine is.
#
# HT_GARBAGE_ROUNDS: of 2000 probes for each protocol and family;
# `make check-fuzz` has enough of them for a million packets.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
tun_ns
net_install "${builddir:-.}/tests/net/probe"
probes=2000
: "${HT_GARBAGE_ROUNDS:=1}"

# value KEY: of the line of totals
value() { sed -n "s/^sent=.*/ & /p" "$net_tmp/out" | sed -n "s/.* $1=\([^ ]*\) .*/\1/p"; }

# logged PATTERN: lines of the simulator's log
logged() { grep -c "kind=garbage.*$1" "$net_tmp/bad.log"; }

# try PROTO TARGET: probe once, and compare
try() {
	tun_start bad --no-spin --garbage
	as_user c "$net_tmp/probe" -q -c "$probes" -f 1 -m 1 -i 2000000 -w 2000 "$1" "$2" \
		>"$net_tmp/out"
	tun_stop "$tun_pid"
	written=$(logged '') heard=$(logged heard=1)
	# The transport hands up tokens as they are: that no probe has this one is for
	# the engine to see.
	old=$(logged 'heard=1 what=token of another time')
	all=$((all + written))
	is "$1 $2: every probe has its own answer" "$(value sent) $(value received)" \
		"$probes $probes"
	is "$1 $2: of $written packets $heard are seen and counted, none accepted" \
		"$(value unmatched) $(value wrong)" "$((heard - old)) $old"
}

all=0
round=0
while [ "$round" -lt "$HT_GARBAGE_ROUNDS" ]; do
	for target in 203.0.113.1 2001:db8:ff::1; do
		cat >"$net_tmp/bad.net" <<-END
			target $target
			hop 1 $(echo "$target" | sed 's/1$/9/') rtt 10us
			hop 2 target rtt 20us
		END
		for proto in icmp udp tcp; do
			try "$proto" "$target"
		done
	done
	round=$((round + 1))
done
# Thirteen kinds, six runs a round; the kernel may send a SYN twice.
least=$((13 * 6 * probes * HT_GARBAGE_ROUNDS))
check "$all packets that are no answer, at least $least" [ "$all" -ge "$least" ]
net_done
