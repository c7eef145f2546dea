# SPDX-License-Identifier: ISC
# Helpers for measurements: nothing here passes or fails.
# Sourced after tests/net/lib.sh.
#
#   bench_begin PROGRAM...      namespace c; the programs where a user may run them
#   bench_start NAME [OPTION].. a simulator that is never kept waiting
#   bench_start_quiet NAME      the same without a log
#   bench_stop                  end it, so that its log is whole
#   meter FILE OPTIONS COMMAND  tests/bench/meter as root; meter_user: as the user
#   has PROGRAM                 is this peer there?
#   cells WIDTH CELL...         a row of a table, after its name
#
# Whatever a peer prints is read with awk; what it lacks is a "-" in its cell.

# What is waited for at most, whatever a program does, in seconds.
limit=30
# What runs what is metered: on which processor, with which priority.
bench_how=

bench_begin() {
	tun_ns
	for bench_program in "$@" tests/bench/meter; do
		net_install "${builddir:-.}/$bench_program"
	done
	chmod 777 "$net_tmp" # what the user's programs write is here
	if [ -n "${HT_NET_USERNS:-}" ]; then
		bench_as="setpriv --bounding-set=-all --inh-caps=-all --no-new-privs"
	else
		bench_as="setpriv --reuid 65534 --regid 65534 --clear-groups
			--bounding-set=-all --inh-caps=-all --no-new-privs"
	fi
	trap "net_cleanup; exit 1" PIPE # "make bench | head" leaves nothing either
	export LC_ALL=C.UTF-8 TERM=xterm-256color
	unset HOPTOP_OPTIONS MTR_OPTIONS
}

# A processor to itself if there is a second one.
bench_start() {
	tun_start "$@"
	bench_favour
}

# Without a log it is twice as fast; what it saw is in the counters of its device.
bench_start_quiet() {
	mkfifo "$net_tmp/$1.quiet"
	ip netns exec "${net_prefix}c" "${builddir:-.}/tests/net/tunsim" \
		"$net_tmp/$1.net" --dev "$1" --busy >"$net_tmp/$1.quiet" &
	tun_pid=$!
	net_pids="$net_pids $tun_pid"
	read -r tun_word <"$net_tmp/$1.quiet"
	rm "$net_tmp/$1.quiet"
	tun_up "$1"
	bench_favour
}

bench_favour() {
	chrt -f -p 10 "$tun_pid" 2>/dev/null || echo "(no real-time priority)"
	[ "$(nproc)" -lt 2 ] || taskset -pc 1 "$tun_pid" >/dev/null
}

bench_stop() {
	tun_stop "$tun_pid"
}

# meter FILE [OPTION]... COMMAND...: as root; what the command prints is in FILE,
# what it took in FILE.use
meter() {
	meter_file=$1
	shift
	in_ns c timeout -k 1 $limit $bench_how "$net_tmp/meter" -o "$meter_file.use" "$@" \
		>"$meter_file" 2>"$meter_file.err" </dev/null
}

meter_user() {
	meter_file=$1
	shift
	rm -f "$meter_file.use"
	in_ns c timeout -k 1 $limit $bench_how $bench_as "$net_tmp/meter" -o "$meter_file.use" \
		"$@" >"$meter_file" 2>"$meter_file.err" </dev/null
}

# used KEY FILE: one value of what meter wrote
used() {
	sed -n "s/.*\<$1=\([-0-9]*\).*/\1/p" "$2.use" 2>/dev/null
}

# why FILE: the first thing that a program complained of
why() {
	sed -n '/[^[:space:]]/{p;q;}' "$1.err" "$1" 2>/dev/null | cut -c 1-60
}

has() {
	command -v "$1" >/dev/null
}

# hoptop_can OPTION...: is it there yet?  Tried on $bench_target; else $net_tmp/can.err
# says why not.  hoptop_can_root: the same as root.
hoptop_can() {
	as_user c timeout $limit "$net_tmp/hoptop" -r -n -c 1 -m 1 -Z 0.1 "$@" \
		"$bench_target" >/dev/null 2>"$net_tmp/can.err"
	hoptop_could $?
}

hoptop_can_root() {
	in_ns c timeout $limit "$net_tmp/hoptop" -r -n -c 1 -m 1 -Z 0.1 "$@" \
		"$bench_target" >/dev/null 2>"$net_tmp/can.err"
	hoptop_could $?
}

# Only its options and its rights count: nothing answers.
hoptop_could() {
	case $1 in 2 | 4) grep -q 'no route\|unreachable' "$net_tmp/can.err" ;; esac
}

# The middle of the numbers on standard input.
median() {
	sort -n | awk '{ x[NR] = $1 } END { if (NR) print x[int((NR + 1) / 2)] }'
}

# quantiles: of the numbers on standard input: how many, p50, p99
quantiles() {
	sort -n | awk '
		{ x[NR] = $1 }
		function q(p,  i) { i = int(p * NR + 0.9999); return x[i < 1 ? 1 : i] }
		END { if (NR) printf "%d %.1f %.1f\n", NR, q(0.5), q(0.99) }'
}

# ratio A B: A / B, as short as it can be said
ratio() {
	echo "${1:--} ${2:--}" | awk '
		$1 == "-" || $2 == "-" || $2 + 0 == 0 { print "-"; next }
		{ r = $1 / $2; printf r < 0.1 ? "%.3f\n" : r < 10 ? "%.2f\n" : "%.0f\n", r }'
}

# title TEXT LINE...: of a table; the lines say what its numbers mean
title() {
	printf '\n%s\n' "$1"
	shift
	printf '  %s\n' "$@"
}

row() {
	printf '%-34s' "$1"
}

cells() {
	cells_width=$1
	shift
	printf " %${cells_width}s" "$@"
}

# note NAME TEXT: a row that has no numbers, and why
note() {
	printf '%-34s %s\n' "$1" "$2"
}
