#!/bin/sh
# SPDX-License-Identifier: ISC
# How soon is a path of 15 hops and 80 ms there?
. "${srcdir:-.}/tests/net/lib.sh"
. "${srcdir:-.}/tests/bench/lib.sh"
net_begin "$@"
bench_begin hoptop
runs=5 screens=3 # of each; of those that always take the same, $screens
four=203.0.113.15 six=2001:db8:ff::15
worlds="icmp4 icmp6 udp4 udp6"

{
	echo "target $four"
	echo "target $six"
	for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
		echo "hop $k 198.51.100.$k 2001:db8:$k::1 rtt $((80 * k / 15))ms"
	done
	echo "hop 15 target rtt 80ms"
} >"$net_tmp/start.net"
tun_start start

host() {
	case $1 in *4) echo $four ;; *6) echo $six ;; esac
}

# option WORLD ICMP UDP: what says so to a program
option() {
	case $1 in icmp*) echo "$2" ;; udp*) echo "$3" ;; esac
}

# The columns of a hop and its address, as each of them prints it.
line_of_a_hop='^ *[0-9]+[.|-]* +(198\.51\.100\.[0-9]+|203\.0\.113\.15|2001:db8:[0-9a-f]+::1?5?)( |$)'

hops() {
	grep -cE "$line_of_a_hop" "$1"
}

# Each of these runs one program once: FILE WORLD.
report() { meter_user "$1" "$net_tmp/hoptop" -r -n -c 1 $(option "$2" "" -u) "$(host "$2")"; }
trace() { meter_user "$1" "$net_tmp/hoptop" --trace -n $(option "$2" "" -u) "$(host "$2")"; }
trace1() { meter_user "$1" "$net_tmp/hoptop" --trace -n -q 1 $(option "$2" "" -u) "$(host "$2")"; }
traceroute1() { meter_user "$1" traceroute -n -q 1 $(option "$2" -I "") "$(host "$2")"; }
traceroute3() { meter_user "$1" traceroute -n $(option "$2" -I "") "$(host "$2")"; }
scamper_() {
	meter "$1" scamper -O text -o "$1.text" \
		-I "trace -P $(option "$2" icmp-paris udp-paris) $(host "$2")"
	mv "$1.text" "$1"
}
mtr_() { meter "$1" mtr -r -n -c 1 $(option "$2" "" -u) "$(host "$2")"; }

# mtr is slow, but does nothing: all its runs at once.
run_mtr() {
	for world in $worlds; do
		for run in $(seq $runs); do
			mtr_ "$net_tmp/mtr_.$world.$run" "$world" &
			mtr_jobs="$mtr_jobs $!"
		done
	done
	wait $mtr_jobs
}
mtr_jobs=

# walls PROGRAM WORLD: of those runs that show the whole path, us
walls() {
	for run in $(seq $runs); do
		file=$net_tmp/$1.$2.$run
		if [ "$1" != mtr_ ]; then
			"$1" "$file" "$2"
		fi
		if [ "$(hops "$file")" -ge 15 ]; then
			used wall_us "$file"
		fi
	done
}

# cell NAME WORLD US: ms, times mtr's; mtr's own are kept in mtr_WORLD
cell() {
	if [ -z "$3" ]; then
		cells 9 "-" "-"
	else
		[ "$1" != mtr ] || eval "mtr_$2=$3"
		eval "cell_mtr=\${mtr_$2:-}"
		cells 9 "$(echo "$3" | awk '{ printf "%.0f", $1 / 1000 }')" \
			"$(ratio "$3" "$cell_mtr")"
	fi
}

# measure NAME PROGRAM FUNCTION
measure() {
	has "$2" || { note "$1" "not installed"; return; }
	row "$1"
	for world in $worlds; do
		cell "$2" $world "$(walls "$3" $world | median)"
	done
	missing=$(grep -LE "$line_of_a_hop" "$net_tmp/$3".*.1 | head -n 1)
	[ -z "$missing" ] || cells 1 "($(why "$missing"))"
	echo
}

## The first screen ############################################################

socket=$net_tmp/tmux

tmux_() {
	tmux -S "$socket" -f /dev/null "$@" 2>/dev/null
}

# until_screen: until the rows are there; how long that took, us
until_screen() {
	until tmux_ capture-pane -p >"$net_tmp/screen" && [ "$(hops "$net_tmp/screen")" -ge 15 ]; do
		[ $(($(date +%s%N) - begin)) -lt 20000000000 ] || return
	done
	echo $((($(date +%s%N) - begin) / 1000))
}

# screen_times COMMAND...
screen_times() {
	for run in $(seq $screens); do
		begin=$(date +%s%N)
		tmux_ respawn-pane -k "exec $*"
		until_screen
	done
}

# screens NAME WORDS...: what comes before its options
screens() {
	name=$1 program=$2
	shift 2
	has "$program" || { note "$name" "not installed"; return; }
	row "$name"
	for world in $worlds; do
		cell "$program" $world \
			"$(screen_times "$@" -n $(option $world "" -u) "$(host $world)" | median)"
	done
	echo
}

first_screens() {
	has tmux || { note "first full screen" "tmux is not installed"; return; }
	in_ns c tmux -S "$socket" -f /dev/null new-session -d -x 100 -y 30 cat
	screens "mtr (root)" mtr mtr
	screens "hoptop" sh $bench_as "$net_tmp/hoptop"
	tmux_ kill-server
}

## The tables ##################################################################

columns() {
	row "$1"
	cells 9 ICMP "x mtr" ICMPv6 "x mtr" UDP "x mtr" UDPv6 "x mtr"
	echo
}

title "Time to the whole path: 15 hops, 80 ms" \
	"ms from the start to the end of a program that has shown every hop; median of $runs runs." \
	"x mtr: times what mtr needs in that column.  scamper sends 20 packets a second unless told."
columns ""
if has mtr; then
	run_mtr
fi
measure "mtr -r -n -c 1 (root)" mtr mtr_
measure "hoptop -r -n -c 1" sh report
if "$net_tmp/hoptop" --help | grep -q -e --trace; then
	measure "hoptop --trace -n (3 probes)" sh trace
	measure "hoptop --trace -n -q 1" sh trace1
else
	note "hoptop --trace -n" "not yet in this version"
fi
measure "traceroute -n -q 1" traceroute traceroute1
measure "traceroute -n (3 probes)" traceroute traceroute3
runs=$screens
measure "scamper -I trace (root)" scamper scamper_

title "First full screen of the dashboard: the same path" \
	"ms from the start until tmux shows all 15 hops, seen every 5 ms; median of $screens runs."
columns ""
first_screens

title "Names do not delay: hoptop -r -c 1 with a name server that never answers"
echo 'nameserver 203.0.113.200' >"$net_tmp/resolv.conf"
ip -n "${net_prefix}c" route add 203.0.113.200 dev start
silent() {
	in_ns c sh -c 'mount --bind "$1/resolv.conf" /etc/resolv.conf && shift && exec "$@"' \
		sh "$net_tmp" $bench_as "$net_tmp/meter" -o "$1.use" \
		"$net_tmp/hoptop" -r -c 1 $four >"$1" 2>"$1.err"
}
row "hoptop -r -c 1"
worlds=icmp4
cells 9 "$(walls silent icmp4 | median | awk '{ printf "%.0f ms", $1 / 1000 }')"
echo
