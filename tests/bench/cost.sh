#!/bin/sh
# SPDX-License-Identifier: ISC
# What does a probe cost at the pace of a dashboard?  15 hops, each four times a
# second; the simulator says how many probes there were.
. "${srcdir:-.}/tests/net/lib.sh"
. "${srcdir:-.}/tests/bench/lib.sh"
net_begin "$@"
bench_begin hoptop
pace="-n -i 0.25"
warm=1000 span=5000  # ms: what is between them counts
short=1500 long=5500 # ms: their difference counts, of system calls

bench_target=203.0.113.15
bench_prefix=$net_prefix

{
	echo "target $bench_target"
	for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
		echo "hop $k 198.51.100.$k rtt $((80 * k / 15))ms jitter 1ms"
	done
	echo "hop 15 target rtt 80ms jitter 1ms"
} >"$net_tmp/cost.net"

# The rows: NAME | SIZE of the terminal, - without | WHO | COMMAND, without the host
cat >"$net_tmp/rows" <<END
mtr --raw (root), ICMP|-|root|mtr --raw -G 0.3 -c 999 $pace
mtr --raw (root), UDP|-|root|mtr --raw -G 0.3 -c 999 $pace -u
hoptop -r, ICMP|-|user|$net_tmp/hoptop -r -c 999 $pace
hoptop -r, UDP|-|user|$net_tmp/hoptop -r -c 999 $pace -u
hoptop -r, TCP|-|user|$net_tmp/hoptop -r -c 999 $pace -T
hoptop -r, raw ICMP (root)|-|root|$net_tmp/hoptop -r -c 999 $pace --transport raw
mtr (root), 80x24, ICMP|80x24|root|mtr $pace
mtr (root), 200x50, ICMP|200x50|root|mtr $pace
hoptop, 80x24, ICMP|80x24|user|$net_tmp/hoptop $pace
hoptop, 200x50, ICMP|200x50|user|$net_tmp/hoptop $pace
hoptop, 80x24, UDP|80x24|user|$net_tmp/hoptop $pace -u
END

# run FILE MS WARM SIZE WHO COMMAND...: under the meter; MS 0: until it ends
run() {
	run_file=$1 run_ms=$2 run_warm=$3 run_size=$4 run_who=$5
	shift 5
	[ "$run_size" = - ] || set -- -t "$run_size" "$@"
	set -- "$run_file" -d "$run_ms" -w "$run_warm" "$@"
	if [ "$run_who" = root ]; then meter "$@"; else meter_user "$@"; fi
}

# probes LOG FROM: that the simulator saw since then
probes() {
	awk -v from="$2" '
		match($0, / in=[0-9]+/) && substr($0, RSTART + 4, RLENGTH - 4) + 0 >= from { n++ }
		END { print n + 0 }' "$1"
}

# can COMMAND: is that installed, and can hoptop do it already?  Else says why not.
can() {
	has "${1%% *}" || { echo "not installed"; return 1; }
	case " $1 " in
	*" -T "*) hoptop_can -T ;;
	*" raw "*) hoptop_can_root --transport raw ;;
	esac || { cat "$net_tmp/can.err"; return 1; }
}

## Processor time ##############################################################

# cpu N SIZE WHO COMMAND...: of row N; its numbers are US/PROBE PROBES/S BYTES/S BURSTS/S
cpu() {
	cpu_file=$net_tmp/cpu.$1 cpu_size=$2 cpu_who=$3
	shift 3
	rm -f "$net_tmp/cost.log"
	bench_start cost
	run "$cpu_file" $span $warm "$cpu_size" "$cpu_who" "$@" $bench_target
	bench_stop
	echo "$(probes "$net_tmp/cost.log" "$(used from_ns "$cpu_file")")" \
		"$(used cpu_us "$cpu_file")" "$(used bytes "$cpu_file")" \
		"$(used bursts "$cpu_file")" | awk -v s=$(((span - warm) / 1000)) '
		$1 > 0 { printf "%.0f %.0f %.0f %.1f\n", $2 / $1, $1 / s, $3 / s, $4 / s; next }
		{ print "- - - -" }' >"$cpu_file.row"
}

## System calls: other runs, for strace takes its time ########################

# trace N MS SIZE WHO COMMAND...: a table of strace, and probes in the log.  Each has
# a namespace of its own: raw sockets see the answers to everybody in theirs.
trace() {
	trace_name=s$1_$2
	trace_file=$net_tmp/$trace_name
	trace_ms=$2 trace_size=$3 trace_who=$4
	net_prefix=$bench_prefix$trace_name
	shift 4
	tun_ns
	cp "$net_tmp/cost.net" "$net_tmp/$trace_name.net"
	tun_start "$trace_name" --no-spin
	if [ "$trace_size" = - ]; then # strace passes on no signal: it ends by itself
		set -- $(echo "$*" | sed "s/ 999 / $((trace_ms / 250)) /")
		trace_ms=0
	fi
	run "$trace_file" "$trace_ms" 0 "$trace_size" "$trace_who" strace -f -c -o "$trace_file.calls" "$@" $bench_target &
	net_prefix=$bench_prefix
	trace_jobs="$trace_jobs $!"
	trace_sims="$trace_sims $tun_pid"
}

# calls N: "NAME CALLS/PROBE", all of them first
calls() {
	for ms in $short $long; do
		echo "probes $(probes "$net_tmp/s$1_$ms.log" 0)"
		awk '$1 ~ /^[0-9.]+$/ && NF >= 5 { print ($NF == "total" ? "all" : $NF), $4 }' \
			"$net_tmp/s$1_$ms.calls" 2>/dev/null
	done | awk '
		$1 == "probes" { way = way == -1 ? 1 : -1 }
		{ n[$1] += way * $2 }
		END {
			if (n["probes"] > 0)
				for (name in n)
					if (name != "probes") printf "%s %.2f\n", name, n[name] / n["probes"]
		}' | sort -k 2rn
}

# trace_all KIND: those without a terminal (-) at once, or those with one (x)
trace_all() {
	n=0 trace_jobs= trace_sims=
	while IFS='|' read -r name size who command; do
		n=$((n + 1))
		case $size in *$1*) ;; *) continue ;; esac
		[ -f "$net_tmp/cpu.$n.row" ] || continue
		trace $n $short "$size" "$who" $command
		trace $n $long "$size" "$who" $command
	done <"$net_tmp/rows"
	wait $trace_jobs
	for sim in $trace_sims; do
		tun_stop "$sim"
	done
}

## The tables ##################################################################

title "Cost of a probe: 15 hops, four times a second" \
	"CPU: user and system time of all its processes in $(((span - warm) / 1000)) s after a warm-up, per probe that the" \
	"simulator saw.  calls: system calls, from two runs under strace -f -c, start and end not" \
	"counted.  bytes, screens: to the terminal; a screen is what comes without 2 ms of silence." \
	"x mtr: times mtr --raw of that protocol (TCP: of ICMP), or mtr in a terminal of that size."

n=0
while IFS='|' read -r name size who command; do
	n=$((n + 1))
	if reason=$(can "$command"); then
		cpu $n "$size" "$who" $command
	else
		echo "$reason" >"$net_tmp/why.$n"
	fi
done <"$net_tmp/rows"
if has strace; then
	trace_all -
	trace_all x
fi

row ""
cells 9 probes/s "CPU us" "x mtr" calls "x mtr" bytes/s screens/s
echo
n=0
while IFS='|' read -r name size who command; do
	n=$((n + 1))
	[ -f "$net_tmp/cpu.$n.row" ] || { note "$name" "$(cat "$net_tmp/why.$n")"; continue; }
	row "$name"
	read -r us rate bytes screens <"$net_tmp/cpu.$n.row"
	calls $n >"$net_tmp/calls.$n"
	all=$(sed -n 's/^all //p' "$net_tmp/calls.$n")
	# What it is compared with: mtr by the same protocol, or on such a terminal.
	case "$size ${name##*, }" in
	"- UDP") base=2 ;;
	"- "*) base=1 ;;
	"80x24 "*) base=7 ;;
	*) base=8 ;;
	esac
	base_us=$(cut -d ' ' -f 1 "$net_tmp/cpu.$base.row" 2>/dev/null)
	base_all=$(sed -n 's/^all //p' "$net_tmp/calls.$base" 2>/dev/null)
	cells 9 "$rate" "$us" "$(ratio "$us" "$base_us")" "${all:--}" \
		"$(ratio "$all" "$base_all")"
	[ "$size" = - ] || cells 9 "$bytes" "$screens"
	echo
done <"$net_tmp/rows"
has strace || { echo "strace is not installed: no system calls"; exit; }

title "Which system calls, per probe"
n=0
while IFS='|' read -r name size who command; do
	n=$((n + 1))
	[ -s "$net_tmp/calls.$n" ] || continue
	row "$name"
	sed -n '/^all /d; 1,9p' "$net_tmp/calls.$n" | awk '$2 >= 0.05' | paste -s -d ' '
done <"$net_tmp/rows"
