#!/bin/sh
# SPDX-License-Identifier: ISC
# How soon is a path of 15 hops and 80 ms there?  Medians of 5 runs in ms, and how
# many round trips that is.
. "${srcdir:-.}/tests/net/lib.sh"
. "${srcdir:-.}/tests/bench/lib.sh"
net_begin "$@"
bench_begin hoptop

{
	echo "target 203.0.113.15"
	echo "target 2001:db8:ff::15"
	for k in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do
		echo "hop $k 198.51.100.$k 2001:db8:$k::1 rtt $((80 * k / 15))ms"
	done
	echo "hop 15 target rtt 80ms"
} >"$net_tmp/start.net"
tun_start start

# measure NAME COMMAND...
measure() {
	name=$1
	shift
	for run in 1 2 3 4 5; do
		begin=$(date +%s%N)
		"$@" >"$net_tmp/out" 2>&1
		echo $((($(date +%s%N) - begin) / 1000))
	done | bench_quantiles | {
		read -r n median rest
		bench_row "$name" $(echo "$median" | awk '{ printf "%.0f %.1f", $1 / 1000, $1 / 80000 }')
	}
}

# dashboard: until the rows are on the screen
dashboard() {
	chmod 777 "$net_tmp"
	as_user c tmux -S "$net_tmp/tmux" -f /dev/null new-session -d -x 100 -y 30 \
		"exec $net_tmp/hoptop -n 203.0.113.15"
	polls=0
	until [ "$(as_user c tmux -S "$net_tmp/tmux" capture-pane -p |
		grep -cE '^ *[0-9]+  (198\.51|203\.0)[0-9.]+ +0\.0 +1 ')" -ge 15 ]; do
		polls=$((polls + 1))
		[ "$polls" -lt 300 ] || break
	done
	# Its end is not measured.
	as_user c tmux -S "$net_tmp/tmux" kill-server
}

user() { as_user c "$@"; }
bench_row "15 hops, 80 ms" ms "x RTT"
measure "as_user alone" user true
measure "hoptop -r -n -c 1" user "$net_tmp/hoptop" -r -n -c 1 203.0.113.15
measure "hoptop -r -n -c 1 -u" user "$net_tmp/hoptop" -r -n -c 1 -u 203.0.113.15
measure "hoptop -r -n -c 1, IPv6" user "$net_tmp/hoptop" -r -n -c 1 2001:db8:ff::15
echo 'nameserver 203.0.113.200' >"$net_tmp/resolv.conf"
ip -n "${net_prefix}c" route add 203.0.113.200 dev start
measure "hoptop -r -c 1, silent name server" in_ns c sh -c '
	mount --bind "$1/resolv.conf" /etc/resolv.conf && exec setpriv --bounding-set=-all \
		--inh-caps=-all --no-new-privs "$1/hoptop" -r -c 1 203.0.113.15' sh "$net_tmp"
command -v tmux >/dev/null && measure "dashboard, with tmux's start" dashboard
command -v traceroute >/dev/null &&
	measure "traceroute -n -q 1" user traceroute -n -q 1 203.0.113.15
command -v mtr >/dev/null && measure "mtr -r -n -c 1 (root)" in_ns c mtr -r -n -c 1 203.0.113.15
exit 0
