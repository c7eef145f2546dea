#!/bin/sh
# SPDX-License-Identifier: ISC
# What does a probe cost at the pace of a dashboard?  15 hops, each four times a
# second; the simulator says how many probes there were.
. "${srcdir:-.}/tests/net/lib.sh"
. "${srcdir:-.}/tests/bench/lib.sh"
net_begin "$@"
bench_begin hoptop
pace="-n -i 0.25"
warm=1000 span=13000 # ms: what is between them counts
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
mtr --raw (root), TCP|-|root|mtr --raw -G 0.3 -c 999 $pace -T
hoptop -r, ICMP|-|user|$net_tmp/hoptop -r -c 999 $pace
hoptop -r, UDP|-|user|$net_tmp/hoptop -r -c 999 $pace -u
hoptop -r, TCP|-|user|$net_tmp/hoptop -r -c 999 $pace -T
hoptop -r, raw ICMP (root)|-|root|$net_tmp/hoptop -r -c 999 $pace --transport raw
mtr (root), 80x24, ICMP|80x24|root|mtr $pace
mtr (root), 200x50, ICMP|200x50|root|mtr $pace
hoptop, 80x24, ICMP|80x24|user|$net_tmp/hoptop $pace
hoptop, 200x50, ICMP|200x50|user|$net_tmp/hoptop $pace
hoptop, 80x24, UDP|80x24|user|$net_tmp/hoptop $pace -u
hoptop, 80x24, TCP|80x24|user|$net_tmp/hoptop $pace -T
END

# begin NAME MS WARM SIZE WHO COMMAND...: run it under the meter, MS 0: until it ends;
# output, log and so on are $net_tmp/NAME.*.  Each has a namespace of its own, for raw
# sockets hear the answers to everybody in theirs, and a simulator.
begin() {
	begin_name=$1 begin_ms=$2 begin_warm=$3 begin_size=$4 begin_who=$5
	shift 5
	[ "$begin_size" = - ] || set -- -t "$begin_size" "$@"
	set -- "$net_tmp/$begin_name" -d "$begin_ms" -w "$begin_warm" "$@" $bench_target
	net_prefix=$bench_prefix$begin_name
	tun_ns
	cp "$net_tmp/cost.net" "$net_tmp/$begin_name.net"
	tun_start "$begin_name" --no-spin
	if [ "$begin_who" = root ]; then meter "$@"; else meter_user "$@"; fi &
	jobs="$jobs $!"
	sims="$sims $tun_pid"
	net_prefix=$bench_prefix
}
jobs= sims=

# end_all: wait until those that have begun have ended
end_all() {
	wait $jobs
	for sim in $sims; do
		tun_stop "$sim"
	done
	jobs= sims=
}

# each FUNCTION: for each row that can be measured: its number, SIZE WHO COMMAND
each() {
	each_n=0
	while IFS='|' read -r name size who command; do
		each_n=$((each_n + 1))
		[ -f "$net_tmp/why.$each_n" ] || "$1" $each_n "$size" "$who" $command
	done <"$net_tmp/rows"
}

# probes LOG FROM: that the simulator saw since then
probes() {
	awk -v from="$2" '
		match($0, / in=[0-9]+/) && substr($0, RSTART + 4, RLENGTH - 4) + 0 >= from { n++ }
		END { print n + 0 }' "$1" 2>/dev/null || echo 0
}

# can COMMAND: is that installed, and can hoptop do it already?  Else says why not.
can() {
	has "${1%% *}" || { echo "not installed"; return 1; }
	case " $1 " in
	*/hoptop*" -T "*) hoptop_can -T ;;
	*" raw "*) hoptop_can_root --transport raw ;;
	esac || { cat "$net_tmp/can.err"; return 1; }
}

# why_not: who cannot be measured, and why
why_not() {
	n=0
	while IFS='|' read -r name size who command; do
		n=$((n + 1))
		can "$command" >"$net_tmp/why.$n" && rm "$net_tmp/why.$n"
	done <"$net_tmp/rows"
}

## Processor time ##############################################################

# All at once: what else this machine does meanwhile is the same for all of them.
cpu() {
	cpu_name=c$1 cpu_size=$2 cpu_who=$3
	shift 3
	begin $cpu_name $span $warm "$cpu_size" "$cpu_who" "$@"
}

# cpu_of N: US/PROBE PROBES/S BYTES/S BURSTS/S
cpu_of() {
	cpu_file=$net_tmp/c$1
	echo "$(probes "$cpu_file.log" "$(used from_ns "$cpu_file")")" \
		"$(used cpu_us "$cpu_file")" "$(used bytes "$cpu_file")" \
		"$(used bursts "$cpu_file")" | awk -v s=$(((span - warm) / 1000)) '
		NF == 4 && $1 > 0 { printf "%.0f %.0f %.0f %.1f\n", $2 / $1, $1 / s, $3 / s, $4 / s; next }
		{ print "- - - -" }'
}

## System calls: other runs, for strace takes its time ########################

# trace N SIZE WHO COMMAND...: two tables of strace, $net_tmp/sN_MS.calls
trace() {
	trace_n=$1 trace_size=$2 trace_who=$3
	shift 3
	case $trace_size in *$trace_kind*) ;; *) return ;; esac
	for ms in $short $long; do
		trace_ms=$ms trace_command=$*
		if [ "$trace_size" = - ]; then # strace passes on no signal: it ends by itself
			trace_command=$(echo "$*" | sed "s/ 999 / $((ms / 250)) /") trace_ms=0
		fi
		begin s${trace_n}_$ms $trace_ms 0 "$trace_size" "$trace_who" \
			strace -f -c -o "$net_tmp/s${trace_n}_$ms.calls" $trace_command
	done
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

## The tables ##################################################################

title "Cost of a probe: 15 hops, four times a second" \
	"CPU: user and system time of all its processes in $(((span - warm) / 1000)) s after a warm-up, per probe that the" \
	"simulator saw; they run side by side.  calls: system calls, from two runs under strace" \
	"-f -c, start and end not counted.  bytes, screens: to the terminal; a screen is what comes" \
	"without 2 ms of silence." \
	"x mtr: times mtr --raw of that protocol, or mtr (by ICMP) in a terminal of that size."

why_not
each cpu
end_all
if has strace; then
	for trace_kind in - x; do # without a terminal, with one
		each trace
		end_all
	done
fi

row ""
cells 9 probes/s "CPU us" "x mtr" calls "x mtr" bytes/s screens/s
echo
n=0
while IFS='|' read -r name size who command; do
	n=$((n + 1))
	[ ! -f "$net_tmp/why.$n" ] || { note "$name" "$(cat "$net_tmp/why.$n")"; continue; }
	row "$name"
	cpu_of $n >"$net_tmp/cpu.$n"
	read -r us rate bytes screens <"$net_tmp/cpu.$n"
	calls $n >"$net_tmp/calls.$n"
	all=$(sed -n 's/^all //p' "$net_tmp/calls.$n")
	# What it is compared with: mtr by the same protocol, or on such a terminal.
	case "$size ${name##*, }" in
	"- UDP") base=2 ;;
	"- TCP") base=3 ;;
	"- "*) base=1 ;;
	"80x24 "*) base=8 ;;
	*) base=9 ;;
	esac
	base_us=$(cut -d ' ' -f 1 "$net_tmp/cpu.$base" 2>/dev/null)
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
