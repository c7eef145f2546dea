# SPDX-License-Identifier: ISC
# Helpers for tests on real sockets: network namespaces with kernel routers.
# Sourced by scripts that print TAP:
#
#   . "${srcdir:-.}/tests/net/lib.sh"
#   net_begin "$@"        as root, or again inside a user namespace; else skip
#   net_chain 5           client - r1 ... r5 - target, IPv4 and IPv6
#   ok|not_ok|is|skip     one test each
#   net_done              the plan
#
# Everything made has a name with the number of this process and is gone after
# the script, whatever ended it.
set -u

tests=0
failures=0

say() {
	printf '# %s\n' "$*"
}

ok() {
	tests=$((tests + 1))
	printf 'ok %d - %s\n' "$tests" "$1"
}

# not_ok NAME [DETAIL]...: each detail is a line
not_ok() {
	tests=$((tests + 1)) failures=$((failures + 1))
	printf 'not ok %d - %s\n' "$tests" "$1"
	shift
	for detail in "$@"; do
		printf '%s\n' "$detail" | sed 's/^/#   /'
	done
}

# check NAME COMMAND...: ok if the command succeeds
check() {
	name=$1
	shift
	if "$@"; then ok "$name"; else not_ok "$name" "failed: $*"; fi
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got:" "$2" "wanted:" "$3"; fi
}

skip() {
	tests=$((tests + 1))
	printf 'ok %d - %s # SKIP %s\n' "$tests" "$1" "$2"
}

# at_most NAME NUMBER LIMIT [DETAIL]..., at_least the same
at_most() {
	at_name=$1 at_number=$2 at_limit=$3
	shift 3
	if [ "$at_number" -le "$at_limit" ]; then
		ok "$at_name ($at_number)"
	else
		not_ok "$at_name" "$at_number is more than $at_limit" "$@"
	fi
}
at_least() {
	at_name=$1 at_number=$2 at_limit=$3
	shift 3
	if [ "$at_number" -ge "$at_limit" ]; then
		ok "$at_name ($at_number)"
	else
		not_ok "$at_name" "$at_number is less than $at_limit" "$@"
	fi
}

# until_true COMMAND...: again and again, for at most 20 s; false if it never is
until_true() {
	until_polls=0
	until "$@"; do
		until_polls=$((until_polls + 1))
		[ "$until_polls" -lt 1000 ] || return 1
		sleep 0.02
	done
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

net_done() {
	echo "1..$tests"
	[ "$failures" -eq 0 ]
	exit
}

## Namespaces ##################################################################

net_prefix=ht$$
net_names=
net_pids=
net_tmp=

net_cleanup() {
	trap - EXIT HUP INT TERM
	[ -z "$net_pids" ] || kill $net_pids 2>/dev/null
	for ns in $net_names; do
		ip netns del "$ns" 2>/dev/null
	done
	[ -z "$net_tmp" ] || rm -rf "$net_tmp"
}

net_can() {
	ip netns add "${net_prefix}x" 2>/dev/null || return 1
	ip netns exec "${net_prefix}x" true 2>/dev/null
	net_r=$?
	ip netns del "${net_prefix}x" 2>/dev/null
	return "$net_r"
}

# Go on as root; as another user start anew in a user namespace, where /run is
# our own; if that is not allowed, say so.
net_begin() {
	PATH=$PATH:/usr/sbin:/sbin
	command -v ip >/dev/null || skip_all "no ip command (iproute2)"
	if [ "$(id -u)" != 0 ]; then
		unshare -Urnm true 2>/dev/null || skip_all "no user namespaces here"
		HT_NET_USERNS=1 exec unshare -Urnm sh -c \
			'mount -t tmpfs tmpfs /run && exec sh "$0" "$@"' "$0" "$@"
	fi
	net_can || skip_all "network namespaces are not permitted"
	trap net_cleanup EXIT
	trap 'net_cleanup; exit 1' HUP INT TERM
	net_tmp=$(mktemp -d)
	chmod 755 "$net_tmp"
}

# Copy a program to where a user without capabilities may run it.
net_install() {
	cp "$1" "$net_tmp/" && chmod 755 "$net_tmp/$(basename "$1")"
}

# net_ns NAME: make one, with everything that limits ICMP switched off
net_ns() {
	ip netns add "$net_prefix$1" || skip_all "cannot make a network namespace"
	net_names="$net_names $net_prefix$1"
	in_ns "$1" sh -c '
		set_() { [ ! -e "/proc/sys/net/$1" ] || echo "$2" >"/proc/sys/net/$1"; } 2>/dev/null
		set_ ipv4/ip_forward 1
		set_ ipv6/conf/all/forwarding 1
		set_ ipv6/conf/all/accept_dad 0
		set_ ipv6/conf/default/accept_dad 0
		set_ ipv4/icmp_ratelimit 0
		set_ ipv4/icmp_msgs_per_sec 10000000
		set_ ipv4/icmp_msgs_burst 1000000
		set_ ipv6/icmp/ratelimit 0
		ip link set lo up'
}

# in_ns NAME COMMAND...
in_ns() {
	net_name=$net_prefix$1
	shift
	ip netns exec "$net_name" "$@"
}

# as_user NAME COMMAND...: in a namespace, without any capability
as_user() {
	net_name=$net_prefix$1
	shift
	if [ -n "${HT_NET_USERNS:-}" ]; then
		# Only one user is there; without a bounding set he has nothing.
		ip netns exec "$net_name" setpriv --bounding-set=-all \
			--inh-caps=-all --no-new-privs "$@"
	else
		ip netns exec "$net_name" setpriv --reuid 65534 --regid 65534 \
			--clear-groups --bounding-set=-all --inh-caps=-all \
			--no-new-privs "$@"
	fi
}

# ping_sockets open|closed: may users of the client send ICMP?
ping_sockets() {
	case $1 in
	open) in_ns c sh -c 'echo "0 65534" >/proc/sys/net/ipv4/ping_group_range' ||
		in_ns c sh -c 'echo "0 0" >/proc/sys/net/ipv4/ping_group_range' ;;
	closed) in_ns c sh -c 'echo "1 0" >/proc/sys/net/ipv4/ping_group_range' ;;
	esac 2>/dev/null
}

# Addresses of link K (0 is the client's), left and right end.
left4() { echo "192.0.2.$((4 * $1 + 1))"; }
right4() { echo "192.0.2.$((4 * $1 + 2))"; }
left6() { echo "2001:db8:$((1 + $1))::1"; }
right6() { echo "2001:db8:$((1 + $1))::2"; }

# hop FAMILY TTL: address that answers there
hop() {
	if [ "$1" = 4 ]; then right4 $(($2 - 1)); else right6 $(($2 - 1)); fi
}

# net_link K LEFT RIGHT: veth "r" of LEFT to "l" of RIGHT
net_link() {
	ip -n "$net_prefix$2" link add r type veth peer name l netns "$net_prefix$3" ||
		skip_all "cannot make a veth pair"
	ip -n "$net_prefix$2" -batch - <<-END
		addr add $(left4 "$1")/30 dev r
		addr add $(left6 "$1")/64 dev r nodad
		link set dev r up
	END
	ip -n "$net_prefix$3" -batch - <<-END
		addr add $(right4 "$1")/30 dev l
		addr add $(right6 "$1")/64 dev l nodad
		link set dev l up
	END
}

# net_routes NAME K LAST: default to the right, links before K to the left
net_routes() {
	{
		if [ "$2" -le "$3" ]; then
			echo "route add default via $(right4 "$2")"
			echo "route add ::/0 via $(right6 "$2")"
		fi
		link=0
		while [ "$link" -lt $(($2 - 1)) ]; do
			echo "route add 192.0.2.$((4 * link))/30 via $(left4 $(($2 - 1)))"
			echo "route add 2001:db8:$((1 + link))::/64 via $(left6 $(($2 - 1)))"
			link=$((link + 1))
		done
	} >"$net_tmp/routes"
	ip -n "$net_prefix$1" -batch "$net_tmp/routes"
}

# net_chain N: namespaces c (client), r1..rN, t (target); sets target4, target6
net_chain() {
	net_ns c
	net_left=c
	k=1
	while [ "$k" -le "$1" ]; do
		net_ns "r$k"
		net_link $((k - 1)) "$net_left" "r$k"
		net_left=r$k
		k=$((k + 1))
	done
	net_ns t
	net_link "$1" "$net_left" t
	net_routes c 0 "$1"
	k=1
	while [ "$k" -le "$1" ]; do
		net_routes "r$k" "$k" "$1"
		k=$((k + 1))
	done
	ip -n "${net_prefix}t" route add default via "$(left4 "$1")"
	ip -n "${net_prefix}t" -6 route add default via "$(left6 "$1")"
	target4=$(right4 "$1") target6=$(right6 "$1") net_routers=$1
}

## The simulator behind a TUN device ###########################################

# tun_ns: namespace c, whose addresses stay when a device goes
tun_ns() {
	[ -c /dev/net/tun ] || skip_all "no /dev/net/tun"
	net_ns c
	in_ns c ip tuntap add mode tun name tun 2>/dev/null ||
		skip_all "TUN devices are not permitted"
	ping_sockets open
	in_ns c sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >"$f"; done'
	ip -n "${net_prefix}c" -batch - <<-END
		addr add 192.0.2.10/32 dev lo
		addr add 2001:db8::10/128 dev lo nodad
	END
}

# tun_start NAME [OPTION]...: run the scenario $net_tmp/NAME.net behind device NAME;
# the log is $net_tmp/NAME.log.  Targets of scenarios in one namespace differ.
tun_start() {
	tun_name=$1
	shift
	rm -f "$net_tmp/$tun_name.ready"
	mkfifo "$net_tmp/$tun_name.ready"
	ip netns exec "${net_prefix}c" "${builddir:-.}/tests/net/tunsim" \
		"$net_tmp/$tun_name.net" --dev "$tun_name" --log "$net_tmp/$tun_name.log" \
		"$@" >"$net_tmp/$tun_name.ready" 2>"$net_tmp/$tun_name.err" &
	tun_pid=$!
	net_pids="$net_pids $tun_pid"
	tun_word=
	read -r tun_word <"$net_tmp/$tun_name.ready"
	if [ "$tun_word" != ready ]; then
		not_ok "the simulator $tun_name is ready" "$(cat "$net_tmp/$tun_name.err")"
		net_done
	fi
	tun_up "$tun_name"
}

# tun_up NAME: the device and the routes to its targets
tun_up() {
	{
		echo "link set dev $1 up"
		sed -n "s/^target *\([^ ]*\).*/route add \1 dev $1/p" "$net_tmp/$1.net"
	} >"$net_tmp/$1.batch"
	ip -n "${net_prefix}c" -batch "$net_tmp/$1.batch"
}

# tun_stop PID: end a simulator, so that its log is whole
tun_stop() {
	kill "$1"
	wait "$1"
} 2>/dev/null

## What tests/net/probe printed, which is in $out ##############################

# get KEY: value of a key in the totals, the last line
get() { printf '%s\n' "$out" | tail -n 1 | tr ' ' '\n' | sed -n "s/^$1=//p"; }

# each KEY: its values in the order of the probes, one line
each() {
	printf '%s\n' "$out" | grep '^ttl=' | sort -t= -k2,2n -k3,3n |
		tr ' ' '\n' | sed -n "s/^$1=//p" | tr '\n' ' ' | sed 's/ $//'
}

# hops FAMILY: whom it should name, in a chain of net_chain
hops() {
	for hops_ttl in $(seq $((net_routers + 1))); do
		hop "$1" "$hops_ttl"
	done | tr '\n' ' ' | sed 's/ $//'
}

# is_chain_up: has every hop of the chain answered?  Neighbours are unknown at first,
# and IPv6 takes a moment to come up.  Calls the probe() of the script.
is_chain_up() {
	out=$(for is_target in "$target4" "$target6"; do
		probe -q -m $((net_routers + 1)) -w 250 udp "$is_target"
	done)
	[ "$(printf '%s\n' "$out" | grep -c "received=$((net_routers + 1)) ")" = 2 ]
}

# path_of_six PROTO FAMILY TARGET LAST_KIND LAST_ICMP: are five routers and the target
# shown as they are?  Leaves $out.
path_of_six() {
	out=$(probe -m 6 -i 2000 "$1" "$3")
	is "$1 IPv$2: the hops in order" "$(each from)" "$(hops "$2")"
	te=time-exceeded
	is "$1 IPv$2: kinds" "$(each kind)" "$te $te $te $te $te $4"
	is "$1 IPv$2: type and code of the last" "$(each icmp | awk '{ print $NF }')" "$5"
	is "$1 IPv$2: TTL of the replies" "$(each reply_ttl)" "64 63 62 61 60 59"
	is "$1 IPv$2: all are sure" "$(each match)" "3 3 3 3 3 3"
	is "$1 IPv$2: source" "$(printf '%s\n' "$out" | sed -n 's/^source=//p')" \
		"$(if [ "$2" = 4 ]; then left4 0; else left6 0; fi)"
}

# many NAME PROBE-OPTIONS...: 1200 probes, none lost, nearly all stamped; $many_idle is
# how often it may have been woken for nothing
many() {
	many_name=$1
	shift
	out=$(probe -q -c 200 -m 6 -w 2000 "$@")
	is "$many_name: none lost" "$(get sent) $(get failed) $(get received)" "1200 0 1200"
	is "$many_name: none foreign, twice or unreadable" \
		"$(get unmatched) $(get wrong) $(get malformed) $(get backwards)" "0 0 0 0"
	at_least "$many_name: departure stamped by the kernel" "$(get kernel_tx)" 1190
	at_least "$many_name: arrival stamped by the kernel" "$(get kernel_rx)" 1190
	at_most "$many_name: woken for nothing" "$(get idle)" "$many_idle"
}

# awk functions: value(KEY) is that of KEY=VALUE in the line; token(DATA) tells which probe of tests/net/probe it was, from data=
# of a log: two words, the second masked by the first (identity.h)
net_awk='
	function value(key,  i) {
		for (i = 1; i <= NF; i++)
			if (index($i, key "=") == 1) return substr($i, length(key) + 2)
		return ""
	}
	function digit(c) { return index("0123456789abcdef", c) - 1 }
	function hex(s,  i, n) {
		for (i = 1; i <= length(s); i++) n = 16 * n + digit(substr(s, i, 1))
		return n
	}
	function apart(a, b,  bit, n) {
		for (bit = 1; bit < 16; bit *= 2)
			if (int(a / bit) % 2 != int(b / bit) % 2) n += bit
		return n + 0
	}
	function token(data,  i, n) {
		for (i = 1; i <= 8; i++)
			n = 16 * n + apart(digit(substr(data, i, 1)), digit(substr(data, 8 + i, 1)))
		return n
	}'
