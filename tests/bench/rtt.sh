#!/bin/sh
# SPDX-License-Identifier: ISC
# How far is a round-trip time from the truth?  A path of 60 hops, each 1 ms away
# behind the TUN simulator, which knows when a probe came and its answer left.
. "${srcdir:-.}/tests/net/lib.sh"
. "${srcdir:-.}/tests/bench/lib.sh"
net_begin "$@"
bench_begin hoptop
bench_target=203.0.113.60
four=$bench_target six=2001:db8:ff::60
hops=60 cycles=17 # some 1000 probes, 600 a second
stall=            # or -S, for meter
out=$net_tmp/out

{
	echo "target $four"
	echo "target $six"
	for k in $(seq $((hops - 1))); do
		echo "hop $k 198.51.100.$k 2001:db8:$k::1 rtt 1ms"
	done
	echo "hop $hops target rtt 1ms tcp open 443"
} >"$net_tmp/rtt.net"

## What each of them prints, as lines "TTL US" in the order in which the probes of a
## hop were sent; us is "-" without an answer ##################################

from_raw() { # x HOP SEQ; p HOP US SEQ; hops count from 0
	awk '
		$1 == "x" { at[$2, $3] = n; hop[n] = $2 + 1; us[n++] = "-" }
		$1 == "p" && ($2, $4) in at { us[at[$2, $4]] = $3 }
		END { for (i = 0; i < n; i++) print hop[i], us[i] }' "$1"
}

from_traceroute() { # 1  ADDRESS  0.123 ms * 0.125 ms
	awk '$1 ~ /^[0-9]+$/ {
		for (i = 2; i <= NF; i++)
			if ($i == "*") print $1, "-"
			else if ($(i + 1) == "ms") print $1, 1000 * $i
	}' "$1"
}

from_scamper() { # {"addr":..., "probe_ttl":1, ... "tx":{...}, "rtt":1.041, ...}
	sed 's/"tx":{[^}]*}//g' "$1" | tr '{' '\n' |
		sed -n 's/.*"probe_ttl":\([0-9]*\).*"rtt":\([0-9.]*\).*/\1 \2/p' |
		awk '{ print $1, 1000 * $2 }'
}

# errors LOG: of what is on standard input, in us.  The nth probe of a hop is the
# nth that the simulator saw with this TTL.  It rests for 300 us behind a probe, and
# the kernel may stop it for up to 50 ms a second: when a probe came that had to wait
# for it is not known.  Such ones are read soon after another one, or right before.
errors() {
	sed -n 's/^ttl=\([0-9]*\) .* in=\([0-9]*\) out=\([-0-9]*\)$/\1 \2 \3/p' "$1" |
		sort -k 2n >"$net_tmp/truth"
	awk '
		function settle(next_in,  is_known) {
			is_known = is_first && next_in - came > 60000 && left > 0
			if (ttl != "")
				truth[ttl, n[ttl]++] = is_known ? (left - came) / 1000 : "-"
		}
		FNR == NR {
			settle($2)
			is_first = $2 - came > 400000
			ttl = $1; came = $2; left = $3
			next
		}
		FNR == 1 { settle(came + 1000000) }
		{ t = truth[$1, m[$1]++] }
		$2 != "-" && t != "-" && t != "" { print ($2 < t ? t - $2 : $2 - t) }
	' "$net_tmp/truth" -
}

## The programs, pinned to nothing: each writes $out ###########################

as_mtr() {
	meter "$out" $stall mtr --raw -n -i 0.1 -G 0.3 -m $hops -c $cycles "$@"
}

as_hoptop() {
	meter_user "$out" $stall "$net_tmp/hoptop" --raw -n -i 0.1 -m $hops -c $cycles "$@"
}

as_hoptop_root() {
	meter "$out" $stall "$net_tmp/hoptop" --raw -n -i 0.1 -m $hops -c $cycles "$@"
}

# It asks at most 10 times a hop.
as_traceroute() {
	: >"$out.all"
	for run in 1 2; do
		meter_user "$out" $stall traceroute -n -N 1 -q 9 -m $hops "$@"
		cat "$out" >>"$out.all"
	done
	mv "$out.all" "$out"
}

as_scamper() {
	method=$1
	shift
	meter "$out" $stall scamper -p 600 -O json -o "$out.json" \
		-I "trace -P $method -Q -q $cycles -m $hops $*"
	[ ! -f "$out.json" ] || mv "$out.json" "$out"
}

## The table ###################################################################

hogs=
begin_hogs() {
	for hog in 1 2; do
		timeout -k 1 $((limit * 4)) sh -c 'while :; do :; done' &
		hogs="$hogs $!"
	done
	net_pids="$net_pids $hogs"
}

end_hogs() {
	for hog in $hogs; do
		tun_stop "$hog"
	done
	hogs=
}

# What hoptop says if it cannot do that yet.
why_no_tcp() { hoptop_can -T || cat "$net_tmp/can.err"; }
why_no_raw() { hoptop_can_root --transport raw || cat "$net_tmp/can.err"; }

# name NAME PROTO PROGRAM FUNCTION ARGUMENT...: write NAME|PROTO|WHY NOT
name() {
	name_why=
	has "$3" || name_why="not installed"
	case "$*" in
	*hoptop*" -T "*) name_why=$(why_no_tcp) ;;
	*" raw "*) name_why=$(why_no_raw) ;;
	esac
	echo "$1|$2|$name_why"
}

# each NAME PROTO PROGRAM FORMAT FUNCTION ARGUMENT...: measure, if it can be done;
# its numbers are a line of the file of the condition
each() {
	each_name=$1 each_proto=$2 each_program=$3 each_format=$4
	shift 4
	if [ "$condition" = idle ]; then
		name "$each_name" "$each_proto" "$each_program" "$@" >>"$net_tmp/names"
	fi
	n=$((n + 1))
	if sed -n "${n}p" "$net_tmp/names" | grep -q '|$'; then
		bench_start rtt --busy
		"$@"
		bench_stop
		"from_$each_format" "$out" | errors "$net_tmp/rtt.log" | quantiles >"$net_tmp/row"
		[ -s "$net_tmp/row" ] || echo "0 - -" >"$net_tmp/row"
		cat "$net_tmp/row" >>"$net_tmp/$condition"
	else
		echo "0 - -" >>"$net_tmp/$condition"
	fi
}

rows() {
	condition=$1 n=0
	each "mtr --raw (root)" ICMP mtr raw as_mtr $four
	each "mtr --raw -u (root)" UDP mtr raw as_mtr -u $four
	each "mtr --raw -T (root)" TCP mtr raw as_mtr -T $four
	each "traceroute -N 1" UDP traceroute traceroute as_traceroute $four
	each "scamper, icmp-paris (root)" ICMP scamper scamper as_scamper icmp-paris $four
	each "scamper, udp-paris (root)" UDP scamper scamper as_scamper udp-paris $four
	each "hoptop --raw" ICMP sh raw as_hoptop $four
	each "hoptop --raw, IPv6" ICMP sh raw as_hoptop $six
	each "hoptop --raw -u" UDP sh raw as_hoptop -u $four
	each "hoptop --raw -u, IPv6" UDP sh raw as_hoptop -u $six
	each "hoptop --raw -T, closed" TCP sh raw as_hoptop -T $four
	each "hoptop --raw -T, open" TCP sh raw as_hoptop -T -P 443 $four
	each "hoptop --raw --transport raw (root)" ICMP sh raw as_hoptop_root --transport raw $four
}

title "Error of the round-trip time: 60 hops, 1 ms, some 600 probes a second" \
	"us, |measured - true|, the kernel's way from socket to simulator included (some 2 us)." \
	"busy: two endless loops run.  stopped: 20 ms of each 100 (SIGSTOP), as if its screen" \
	"were slow; of mtr only what draws, for what sends is another process." \
	"x mtr: times mtr's p99 with this protocol in that column.  n: probes, the least of three;" \
	"those that had to wait for the simulator are left out.  TCP, closed: Linux stamps no RST:" \
	"the 17 of the last hop are by our own clock, and p99 is made of them."
rows idle
begin_hogs
rows busy
end_hogs
stall=-S
rows stopped

row ""
cells 8 idle:p50 p99 "x mtr" busy:p50 p99 "x mtr" stop:p50 p99 "x mtr" n
echo
paste -d '|' "$net_tmp/names" "$net_tmp/idle" "$net_tmp/busy" "$net_tmp/stopped" |
	awk -F '|' '
		function group(text, proto, at,  x) {
			split(text, x, " ")
			if (name ~ /^mtr/) mtr[proto, at] = x[3]
			r = mtr[proto, at] + 0 > 0 && x[3] != "-" ? sprintf("%.2g", x[3] / mtr[proto, at]) : "-"
			if (n == "" || x[1] < n) n = x[1] + 0
			return sprintf(" %8s %8s %8s", x[2], x[3], r)
		}
		{ name = $1 ", " $2; n = "" }
		$3 != "" { printf "%-34s %s\n", name, $3; next }
		{ printf "%-34s%s%s%s %8d\n", name, group($4, $2, 1), group($5, $2, 2), group($6, $2, 3), n }'
