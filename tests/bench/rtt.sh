#!/bin/sh
# SPDX-License-Identifier: ISC
# How far is a round-trip time from the truth?  1000 probes each, to a hop 1 ms away
# behind the TUN simulator, which knows when a probe came and its answer left.  The
# error includes the way between socket and simulator, some 2 us.
. "${srcdir:-.}/tests/net/lib.sh"
. "${srcdir:-.}/tests/bench/lib.sh"
net_begin "$@"
bench_begin hoptop tests/net/probe

cat >"$net_tmp/rtt.net" <<END
target 203.0.113.80
target 2001:db8:80::80
hop 1 192.168.1.1 2001:db8:1::1 rtt 1ms
hop 2 target      rtt 1200us
END

# errors LOG OUTPUT: of each probe, in us; the token in the packet joins them
errors() {
	awk "$net_awk"'
		function value(key,  i, kv) {
			for (i = 1; i <= NF; i++) {
				split($i, kv, "=")
				if (kv[1] == key) return kv[2]
			}
			return ""
		}
		FNR == NR {
			key = token(value("data"))
			if (value("out") > 0) truth[key] = (value("out") - value("in")) / 1000
			next
		}
		/^ttl=/ && value("seq") in truth { print value("rtt_us") - truth[value("seq")] }
	' "$1" "$2"
}

# errors_raw LOG OUTPUT: the same for hoptop --raw; the nth probe of a hop is the
# nth that the simulator saw with this ttl, in the order in which they came
errors_raw() {
	sort -t= -k13,13n "$1" | awk '
		FNR == NR {
			for (i = 1; i <= NF; i++) { split($i, kv, "="); v[kv[1]] = kv[2] }
			if (v["out"] > 0) truth[v["ttl"], n[v["ttl"]]++] = (v["out"] - v["in"]) / 1000
			next
		}
		$1 == "x" { nth[$2, $3] = m[$2]++ }
		$1 == "p" { print $3 - truth[$2 + 1, nth[$2, $4]] }
	' - "$2"
}

echo "error of the round-trip time in us, $(date +%F), Linux $(uname -r)"
bench_row "" probes median p90 p99 largest
for proto in icmp udp; do
	for target in 203.0.113.80 2001:db8:80::80; do
		bench_start rtt --busy
		bench_user "$net_tmp/probe" -c 1000 -f 1 -m 1 -i 2500 "$proto" "$target" \
			>"$net_tmp/out"
		tun_stop "$tun_pid"
		bench_row "$proto $target" $(errors "$net_tmp/rtt.log" "$net_tmp/out" | bench_quantiles)
	done
done
# At this pace the simulator has to sleep, and the time that it takes to wake up is in
# the error.
for proto in icmp udp; do
	bench_start rtt
	option=$([ $proto = icmp ] || echo -u)
	bench_user "$net_tmp/hoptop" --raw -n -i 0.1 -c 100 -m 2 $option 203.0.113.80 >"$net_tmp/out"
	tun_stop "$tun_pid"
	bench_row "hoptop --raw, $proto, asleep" \
		$(errors_raw "$net_tmp/rtt.log" "$net_tmp/out" | bench_quantiles)
done
