#!/bin/sh
# SPDX-License-Identifier: ISC
# How many probes a second can be sent and answered, by one processor?
. "${srcdir:-.}/tests/net/lib.sh"
. "${srcdir:-.}/tests/bench/lib.sh"
net_begin "$@"
bench_begin hoptop tests/net/probe
four=203.0.113.1 six=2001:db8:ff::1
out=$net_tmp/out
bench_how="taskset -c 0"
# Whatever else runs on this machine does not count.
if chrt -f 5 true 2>/dev/null; then
	bench_how="chrt -f 5 taskset -c 0"
fi

{
	echo "target $six"
	for k in $(seq 60); do
		echo "target 203.0.113.$k"
		echo "203.0.113.$k" >&3
	done
	for k in $(seq 29); do
		echo "hop $k 198.51.100.$k 2001:db8:$k::1 rtt 1us"
	done
	echo "hop 30 target rtt 1us"
} >"$net_tmp/rate.net" 3>"$net_tmp/targets"

# Answered probes, and the seconds from the first to the last.
by_log() {
	sed -n 's/.* in=\([0-9]*\) out=[0-9].*/\1/p' "$net_tmp/rate.log" | awk '
		NR == 1 || $1 < first { first = $1 }
		$1 > last { last = $1 }
		END { if (NR > 1) print NR, (last - first) / 1e9 }'
}

by_probe() {
	sed -n 's/^sent=.* received=\([0-9]*\) .*took_us=\([0-9]*\).*/\1 \2/p' "$out" |
		awk '$1 > 0 { print $1, $2 / 1e6 }'
}

# print NAME: after a run; $net_tmp/count has what one of them found
print() {
	row "$1"
	if [ ! -s "$net_tmp/count" ]; then
		echo " $(why "$out")"
		return
	fi
	read -r n seconds <"$net_tmp/count"
	rate=$(echo "$n $seconds" | awk '{ printf "%.0f", $1 / $2 }')
	case $1 in mtr*) : "${mtr_rate:=$rate}" ;; esac
	cells 9 "$rate" "$(ratio "$rate" "${mtr_rate:-}")" \
		"$(echo "$(used cpu_us "$out") $n" | awk '{ printf "%.1f", $1 / $2 }')"
	echo
}

# peer NAME PROGRAM ARGUMENT...
peer() {
	peer_name=$1
	shift
	has "$1" || { note "$peer_name" "not installed"; return; }
	bench_start rate
	meter "$out" "$@"
	bench_stop
	by_log >"$net_tmp/count"
	print "$peer_name"
}

# hoptop NAME WHO ARGUMENT...: tests/net/probe, the transport without the engine
hoptop() {
	hoptop_name=$1 hoptop_who=$2
	shift 2
	bench_start_quiet rate
	"$hoptop_who" "$out" "$net_tmp/probe" -q -m 30 "$@"
	bench_stop
	by_probe >"$net_tmp/count"
	print "$hoptop_name"
}

title "Saturated: 30 hops that answer at once, the program with one processor to itself" \
	"probes/s: sent and answered.  x mtr: times mtr's.  CPU: user and system time of a probe," \
	"its program's start and end included.  The simulator has the other processor, and is a" \
	"limit as well.  hoptop: its transport in a closed loop, some in flight."
row ""
cells 9 probes/s "x mtr" "CPU us"
echo
peer "mtr -r -i 0.0001 (root)" mtr -r -n -c 200 -i 0.0001 -G 0.3 $four
peer "mtr -r -u -i 0.0001 (root)" mtr -r -u -n -c 200 -i 0.0001 -G 0.3 $four
peer "scamper -p 10000, udp-paris (root)" scamper -p 10000 -w 60 -o "$net_tmp/warts" \
	-c "trace -P udp-paris -Q -q 10" -f "$net_tmp/targets"
peer "traceroute -N 64 -q 10" traceroute -n -N 64 -q 10 $four
hoptop "hoptop ICMP, 64 in flight" meter_user -W 64 -c 3000 icmp $four
hoptop "hoptop ICMPv6, 64 in flight" meter_user -W 64 -c 3000 icmp $six
hoptop "hoptop UDP, 64 in flight" meter_user -W 64 -c 3000 udp $four
hoptop "hoptop UDPv6, 64 in flight" meter_user -W 64 -c 3000 udp $six
hoptop "hoptop TCP, one flow" meter_user -W 64 -c 600 tcp $four
hoptop "hoptop raw ICMP, 64 (root)" meter -R -W 64 -c 3000 icmp $four
hoptop "hoptop raw UDP, 64 (root)" meter -R -W 64 -c 3000 udp $four
hoptop "hoptop raw TCP, 64 (root)" meter -R -W 64 -c 3000 tcp $four
hoptop "hoptop ICMP, 1 in flight" meter_user -W 1 -c 300 icmp $four
hoptop "hoptop UDP, 1 in flight" meter_user -W 1 -c 300 udp $four
