#!/bin/sh
# SPDX-License-Identifier: ISC
# Many tracers on one host at once, to the same target and to another one, by every
# protocol, and mtr among them: each sees its own answers only.  The hops of the two
# paths differ in address, and each by 20 ms from its neighbours, so that an answer
# that was another's shows in the numbers.  Prints TAP.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
tun_ns
net_install "${builddir:-.}/hoptop"
unset HOPTOP_OPTIONS MTR_OPTIONS

# path NAME TARGET4 TARGET6 NET FIRST-MS: five hops behind device NAME
path() {
	{
		echo "target $2"
		echo "target $3"
		for k in 1 2 3 4; do
			echo "hop $k 10.$4.$k.1 2001:db8:$4:$k::1 rtt $(($5 + 20 * k - 20))ms"
		done
		echo "hop 5 target rtt $(($5 + 80))ms"
	} >"$net_tmp/$1.net"
	tun_start "$1" --no-spin
}
path a 203.0.113.80 2001:db8:80::80 1 20
path b 203.0.113.90 2001:db8:90::90 2 30

# trace NAME WHO ADDRESS OPTION...: 20 cycles of 0.2 s in the background
names=
trace() {
	name=$1 who=$2 to=$3
	shift 3
	names="$names $name"
	{
		$who c "$net_tmp/hoptop" -r -n -i 0.2 -c 20 -o "SRDdtBmW" "$@" "$to" \
			>"$net_tmp/$name" 2>"$net_tmp/$name.err"
		echo "status $?" >>"$net_tmp/$name"
	} &
	pids="${pids:-} $!"
}

as_root() {
	in_ns "$@"
}

# Not ours to check, but theirs are the packets that must not disturb us.
has_mtr=$(command -v mtr) || say "no mtr: none runs beside"
peer() {
	[ -n "$has_mtr" ] || return 0
	in_ns c timeout 8 mtr -r -n -c 20 -i 0.2 "$@" >"$net_tmp/mtr" 2>&1 &
	pids="$pids $!"
}

trace a4-icmp    as_user 203.0.113.80 --protocol icmp
trace a4-icmp2   as_user 203.0.113.80 --protocol icmp
trace a4-udp     as_user 203.0.113.80 --protocol udp
trace a4-udp2    as_user 203.0.113.80 --protocol udp
trace b4-udp     as_user 203.0.113.90 --protocol udp
trace a4-tcp     as_user 203.0.113.80 --protocol tcp
trace a4-tcp2    as_user 203.0.113.80 --protocol tcp
trace b4-tcp     as_user 203.0.113.90 --protocol tcp -P 443
trace a4-raw     as_root 203.0.113.80 --transport raw --protocol udp
trace a4-raw2    as_root 203.0.113.80 --transport raw --protocol udp
trace a4-rawicmp as_root 203.0.113.80 --transport raw --protocol icmp
trace a4-rawicmp2 as_root 203.0.113.80 --transport raw --protocol icmp
trace a4-rawtcp  as_root 203.0.113.80 --transport raw --protocol tcp
trace a4-rawtcp2 as_root 203.0.113.80 --transport raw --protocol tcp
trace a6-icmp    as_user 2001:db8:80::80 --protocol icmp
trace a6-udp     as_user 2001:db8:80::80 --protocol udp
trace a6-udp2    as_user 2001:db8:80::80 --protocol udp
trace b6-tcp     as_user 2001:db8:90::90 --protocol tcp
trace a6-raw     as_root 2001:db8:80::80 --transport raw --protocol udp
trace a6-raw2    as_root 2001:db8:80::80 --transport raw --protocol udp
peer 203.0.113.80
peer -u 203.0.113.80
peer -T -P 80 203.0.113.80
peer 2001:db8:80::80
for pid in $pids; do
	wait "$pid"
done

# own NAME: five hops of its own path, nothing lost, late or twice.  An answer to
# another probe would be one to an earlier or a later one: some of them would be too
# fast.  Slow ones prove nothing, for the simulator is one process among many; but one
# of twenty is as quick as it should be.
own() {
	awk -v name="$1" '
		BEGIN {
			net = name ~ /^a/ ? 1 : 2
			base = net == 1 ? 20 : 30
			end["a4"] = "203.0.113.80"; end["b4"] = "203.0.113.90"
			end["a6"] = "2001:db8:80::80"; end["b6"] = "2001:db8:90::90"
		}
		/^status 0$/ { good++ }
		/\|--/ {
			k = ++rows
			addr = k == 5 ? end[substr(name, 1, 2)] : name ~ /^.4/ ? "10." net "." k ".1" \
				: "2001:db8:" net ":" k "::1"
			rtt = base + 20 * (k - 1)
			# Without privilege TCP gives up what is answered too late (tcp.h).
			most = name ~ /-tcp/ ? 4 : 0
			if ($2 == addr && $3 == 20 && $4 == 20 - $5 && $5 <= most && $6 == 0 \
			    && $7 == 0 && $8 >= rtt - 1 && $8 < rtt + 18) good++
		}
		END { exit !(rows == 5 && good == 6) }
	' "$net_tmp/$1"
}

for name in $names; do
	if own "$name"; then
		ok "$name sees what is its own"
	else
		not_ok "$name sees what is its own" "$(cat "$net_tmp/$name" "$net_tmp/$name.err")"
	fi
done
net_done
