#!/bin/sh
# SPDX-License-Identifier: ISC
# The program as its users run it: no capability, a chain of five kernel
# routers, IPv4 and IPv6, ICMP and UDP.  Prints TAP.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
net_chain 5
net_install "${builddir:-.}/hoptop"
unset HOPTOP_OPTIONS MTR_OPTIONS

hoptop() {
	as_user c "$net_tmp/hoptop" "$@"
}

ms_now() {
	echo $(($(date +%s%N) / 1000000))
}

# What a right report lists: address and loss of the six hops.
wanted() {
	k=1
	while [ "$k" -le 6 ]; do
		echo "$(hop "$1" "$k") 0.0%"
		k=$((k + 1))
	done
}

listed() {
	awk '/\|--/ { print $2, $3 }' "$1"
}

# traces NAME FAMILY TARGET OPTIONS...: ten cycles, in order, without loss, and
# done without waiting for the timeout, which is a minute
traces() {
	name=$1 family=$2 target=$3
	shift 3
	out=$net_tmp/$family$(echo "$name" | tr -c 'a-zA-Z0-9\n' _)
	begin=$(ms_now)
	hoptop -r -n -c 10 -Z 60 "$@" "$target" >"$out" 2>"$out.err"
	status=$?
	took=$(($(ms_now) - begin))
	is "$name: reached" "$status$(cat "$out.err")" 0
	is "$name: five routers and the target, none lost" "$(listed "$out")" \
		"$(wanted "$family")"
	# Ten seconds, and as long as this machine does not run it.
	check "$name: ends in time ($took ms)" test "$took" -lt 50000
}

# Six runs at once: ten seconds, not sixty.
in_background() {
	(
		tests=0 failures=0
		traces "$@" >"$net_tmp/tap.$2.$(echo "$1" | tr -c 'a-z0-9\n' _)"
	) &
	pids="${pids:-} $!"
}

collect() {
	for pid in $pids; do
		wait "$pid"
	done
	for tap in "$net_tmp"/tap.*; do
		while IFS= read -r line; do
			case $line in
			"ok "*) ok "${line#*- }" ;;
			"not ok "*) not_ok "${line#*- }" ;;
			*) printf '%s\n' "$line" ;;
			esac
		done <"$tap"
	done
}

has_socket() {
	in_ns c grep -q '^ *[0-9]*:' "/proc/net/$1"
}

# A new namespace begins closed; a user without root cannot close it again.
ping_sockets closed
out=$net_tmp/out
hoptop -r -n -c 1 --protocol icmp "$target4" >"$out" 2>&1
is "icmp that is not permitted: status" "$?" 4
check "icmp that is not permitted: says why and what else" \
	grep -q 'icmp: not permitted.*ping_group_range.*-u' "$out"
is "icmp that is not permitted: one line" "$(wc -l <"$out")" 1

if command -v jq >/dev/null; then
	hoptop -j -n -c 1 "$target4" >"$out" 2>&1
	is "the report says what was used" \
		"$(jq -r '.report.hoptop | "\(.protocol) \(.transport) \(.reached)"' "$out")" \
		"udp dgram true"
else
	skip "the report says what was used" "no jq"
fi

# Those that find the range closed have chosen once they have their sockets.
in_background "auto, range closed" 4 "$target4"
in_background "auto, range closed" 6 "$target6"
until has_socket udp && has_socket udp6; do
	kill -0 $pids 2>/dev/null || break
done
ping_sockets open
in_background "icmp" 4 "$target4" --protocol icmp
in_background "icmp" 6 "$target6" --protocol icmp
in_background "udp" 4 "$target4" -u
in_background "udp" 6 "$target6" -u
collect
ping_sockets closed

# Bad input: one clear line, the right status.
refused() {
	name=$1 status=$2 words=$3
	shift 3
	hoptop "$@" >"$out" 2>&1 </dev/null
	is "$name: status" "$?" "$status"
	is "$name: one line" "$(wc -l <"$out")" 1
	check "$name: says '$words'" grep -q -- "$words" "$out"
}

long=$(printf 'a%.0s' $(seq 300))
refused "unspecified" 2 "0.0.0.0: is the unspecified" -r 0.0.0.0
refused "multicast" 2 "224.0.0.1: is a multicast" -r 224.0.0.1
refused "300 bytes" 2 "is too long" -r "$long"
refused "unknown host" 3 "nosuch.invalid: " -r --dns-server 192.0.2.1:9 nosuch.invalid
refused "unknown interface" 4 "nosuch0" -r -I nosuch0 "$target4"
refused "foreign source" 4 "198.51.100.1" -r -a 198.51.100.1 "$target4"
refused "unreadable scenario" 4 "/nonexistent.net: No such file" --sim /nonexistent.net -r
echo 'hop banana' >"$net_tmp/bad.net"
chmod 644 "$net_tmp/bad.net"
refused "bad scenario" 2 "bad.net:1: " --sim "$net_tmp/bad.net" -r

# Names that take a while; the report ends all the same.
mkfifo "$net_tmp/ready"
in_ns c "${builddir:-.}/tests/net/dns" 5353 50 "$target4" 20 >"$net_tmp/ready" 2>&1 &
read -r dns <"$net_tmp/ready"
hoptop -r -n -c 1 --dns-server 127.0.0.1:5353 target.example >"$out" 2>&1
is "a name that takes 50 ms: status" "$?" 0
is "a name that takes 50 ms: traced" "$(listed "$out")" "$(wanted 4)"
hoptop -r -n -c 1 --dns-server 127.0.0.1:5353 127.0.0.1 nosuch.example >"$out" 2>"$out.err"
is "one of two names unknown: status" "$?" 3
is "one of two names unknown: one line" "$(cat "$out.err")" \
	"hoptop: nosuch.example: no such host"
is "one of two names unknown: the other is traced" "$(listed "$out")" "127.0.0.1 0.0%"
hoptop -r -n -c 1 --dns-server 127.0.0.1:5353 nosuch.example 127.0.0.1 >"$out" 2>"$out.err"
is "the first of two names unknown: status" "$?" 3
is "the first of two names unknown: the other is traced" "$(listed "$out")" \
	"127.0.0.1 0.0%"
kill "$dns"

# The route goes away and comes back: the run goes on, nothing counts as lost.
in_ns c ip route del default
refused "no route" 4 "$target4: no route" -r -n -c 3 "$target4"
in_ns c ip route add default via "$(right4 0)"

# A socket alone would not do: it is open before the route is asked for.
udp_sent() {
	in_ns c awk '/^Udp: [0-9]/ { print $5 }' /proc/net/snmp
}
sent=$(udp_sent)
hoptop -r -n -c 4 -u "$target4" >"$out" 2>"$out.err" &
pid=$!
until [ "$(udp_sent)" -gt "$sent" ]; do
	kill -0 "$pid" || break
done
in_ns c ip route del default
gone_until=$(($(ms_now) + 1500))
while [ "$(ms_now)" -lt "$gone_until" ]; do
	kill -0 "$pid" || break
done
in_ns c ip route add default via "$(right4 0)"
wait "$pid"
is "route lost and found: reached" "$?" 0
check "route lost and found: the target lost nothing" \
	sh -c "grep -q '$target4 *0.0%' '$out'"

# Two at once do not mix.
hoptop -r -n -c 3 "$target4" >"$out.a" &
a=$!
hoptop -r -n -c 3 "$(right4 2)" >"$out.b" &
b=$!
wait "$a"
wait "$b"
is "two at once: the longer path" "$(listed "$out.a")" "$(wanted 4)"
is "two at once: the shorter path" "$(listed "$out.b")" "$(wanted 4 | head -n 3)"

# The virtual clock never sleeps, but it listens.
hoptop --demo -r -n -c 1000000000 >"$out" 2>&1 &
pid=$!
busy() {
	child=$(cat "/proc/$pid/task/$pid/children")
	[ -n "$child" ] && [ "$(awk '{ print $14 }' "/proc/${child% }/stat")" -gt 10 ]
}
until busy 2>/dev/null; do
	kill -0 "$pid" || break
done
kill -TERM $child
wait "$pid"
is "virtual clock: a signal ends it" "$?" 143
check "virtual clock: and leaves the report" grep -q 203.0.113.80 "$out"

# Several targets in one run.
hoptop -r -n -c 3 "$target4" "$(right4 2)" "$target6" >"$out" 2>&1
is "three targets: reached" "$?" 0
is "three targets: all hops, none lost" "$(listed "$out")" \
	"$(wanted 4; wanted 4 | head -n 3; wanted 6)"
net_done
