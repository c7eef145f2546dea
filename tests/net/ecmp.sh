#!/bin/sh
# SPDX-License-Identifier: ISC
# Load balancing, as users without capabilities see it: one flow keeps to one way,
# sixteen find them all, and each way has the statistics of its own packets.  Prints
# TAP.
#
# First kernel routers that hash by ports: how many probes went which way is counted
# by the routers on the ways (nft).  They hash ICMP by addresses alone, and TCP of
# this machine by the hash of its socket, which comes along with the packet from one
# namespace to the next.  So these two go through the simulator behind a TUN device,
# whose log knows each packet.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
command -v jq >/dev/null || skip_all "no jq"
net_install "${builddir:-.}/hoptop"
unset HOPTOP_OPTIONS MTR_OPTIONS

hoptop() {
	as_user c "$net_tmp/hoptop" -n "$@"
}

# what JQ FILE: one line of compact JSON a result
what() {
	jq -r "$1" "$net_tmp/$2"
}

## Kernel routers: c - r1 = b1..b4 = r3 - t ####################################

# link LEFT RIGHT NAME V4 V6: a veth pair called NAME at both ends, .1 and .2
link() {
	ip -n "$net_prefix$1" link add "$3" type veth peer name "$3" netns "$net_prefix$2" ||
		skip_all "cannot make a veth pair"
	for side in 1 2; do
		[ "$side" = 1 ] && ns=$1 || ns=$2
		ip -n "$net_prefix$ns" -batch - <<-END
			addr add $4.$side/24 dev $3
			addr add $5::$side/64 dev $3 nodad
			link set dev $3 up
		END
	done
}

net_ns c
net_ns r1
net_ns r3
net_ns t
link c r1 near 10.0.1 2001:db8:1
link r3 t far 10.0.9 2001:db8:9
hops4= hops6=
for k in 1 2 3 4; do
	net_ns "b$k"
	link r1 "b$k" "in$k" "10.1.$k" "2001:db8:1$k"
	link "b$k" r3 "out$k" "10.2.$k" "2001:db8:2$k"
	ip -n "${net_prefix}b$k" -batch - <<-END
		route add default via 10.2.$k.2
		route add ::/0 via 2001:db8:2$k::2
		route add 10.0.1.0/24 via 10.1.$k.1
		route add 2001:db8:1::/64 via 2001:db8:1$k::1
	END
	hops4="$hops4 nexthop via 10.1.$k.2"
	hops6="$hops6 nexthop via 2001:db8:1$k::2"
done
ip -n "${net_prefix}c" -batch - <<-END
	route add default via 10.0.1.2
	route add ::/0 via 2001:db8:1::2
END
ip -n "${net_prefix}r1" -batch - <<-END
	route add 10.0.9.0/24 $hops4
	route add 2001:db8:9::/64 $hops6
END
# All answers from behind come back by one way: r3 has one address.
ip -n "${net_prefix}r3" -batch - <<-END
	route add default via 10.2.1.1
	route add ::/0 via 2001:db8:21::1
END
ip -n "${net_prefix}t" -batch - <<-END
	route add default via 10.0.9.1
	route add ::/0 via 2001:db8:9::1
END
for ns in r1 r3 b1 b2 b3 b4; do
	in_ns "$ns" sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >"$f"; done'
done
in_ns r1 sh -c '
	echo 1 >/proc/sys/net/ipv4/fib_multipath_hash_policy &&
	echo 1 >/proc/sys/net/ipv6/fib_multipath_hash_policy' 2>/dev/null ||
	skip_all "the kernel does not balance by ports"
# By a seed of our own (Linux 6.11): that of the machine is another one each time it
# starts, and with 4 of 100 seeds sixteen flows do not find all four ways.
has_seed=yes
in_ns r1 sh -c 'echo 2 >/proc/sys/net/ipv4/fib_multipath_hash_seed' 2>/dev/null ||
	has_seed=no

# Count what ends at the routers on the ways.
has_nft=yes
for k in 1 2 3 4; do
	in_ns "b$k" nft -f - 2>/dev/null <<-END || has_nft=no
		table inet ways {
			counter c4 { }
			counter c6 { }
			chain in {
				type filter hook prerouting priority -300;
				iifname "in$k" ip ttl 1 counter name c4
				iifname "in$k" meta l4proto udp ip6 hoplimit 1 counter name c6
			}
		}
	END
done

# counted FAMILY: how many packets ended at each of the four
counted() {
	for k in 1 2 3 4; do
		in_ns "b$k" nft list counter inet ways "c$1" |
			sed -n "s/.*packets \([0-9]*\).*/\1/p"
	done | tr '\n' ' '
}

# reset_counters FAMILY
reset_counters() {
	for k in 1 2 3 4; do
		in_ns "b$k" nft reset counter inet ways "c$1" >/dev/null
	done
}

# way FAMILY K: address of router bK
way() {
	if [ "$1" = 4 ]; then echo "10.1.$2.2"; else echo "2001:db8:1$2::2"; fi
}

# told FILE FAMILY: what the report says was sent by each of the four
told() {
	for k in 1 2 3 4; do
		what "[.report.hubs[1].branches[] | select(.ip == \"$(way "$2" "$k")\") |
			.Snt] | add // 0" "$1"
	done | tr '\n' ' '
}

until_up() {
	deadline=$(($(date +%s) + 10))
	until in_ns c ping -c 1 -W 1 "$1" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt "$deadline" ] || return 1
	done
}

# run FILE FAMILY TARGET OPTION...: one flow, then sixteen, and what was counted
run() {
	file=$net_tmp/$1 family=$2 target=$3
	shift 3
	hoptop "$@" --flow 3 -jc 3 -i 0.2 "$target" >"$file.one"
	echo $? >"$file.status"
	[ "$has_nft" = no ] || reset_counters "$family"
	hoptop "$@" --flows 16 -jc 5 -i 0.2 "$target" >"$file.all"
	echo $? >>"$file.status"
	[ "$has_nft" = no ] || counted "$family" >"$file.count"
}

# judge NAME FILE FAMILY
judge() {
	is "$1: reached" "$(tr '\n' ' ' <"$net_tmp/$2.status")" "0 0 "
	is "$1, one flow: one address a hop" \
		"$(what '.report.hubs | [length, (.[].addresses | length)] | @text' "$2.one")" \
		"[4,1,1,1,1]"
	if [ "$has_seed" = yes ]; then
		is "$1, 16 flows: all four branches, and no more" \
			"$(what '.report.hubs[1].branches[].ip' "$2.all" | sort)" \
			"$(for k in 1 2 3 4; do way "$3" "$k"; done | sort)"
	elif [ "$has_nft" = yes ]; then
		is "$1, 16 flows: all branches where the routers counted any, and no more" \
			"$(what '.report.hubs[1].branches[].ip' "$2.all" | sort)" \
			"$(k=0; for n in $(cat "$net_tmp/$2.count"); do
				k=$((k + 1)); [ "$n" = 0 ] || way "$3" "$k"; done | sort)"
	else
		skip "$1, 16 flows: all four branches" "the kernel has a seed of its own"
	fi
	is "$1, 16 flows: each flow is in one branch, at every hop" \
		"$(what '.report.hubs | map([.branches[].flows[]] | sort == [range(16)]) | all' \
			"$2.all")" true
	is "$1, 16 flows: one branch at the first hop and at the target" \
		"$(what '[.report.hubs[0, 3].branches | length] | @text' "$2.all")" "[1,1]"
	is "$1, 16 flows: balanced per flow, where it is" \
		"$(what '[.report.hubs[0, 1, 3].balance] | @text' "$2.all")" '[null,"flow",null]'
	is "$1, 16 flows: no probe lost" "$(what '[.report.hubs[].lost] | add' "$2.all")" 0
	is "$1: flow 3 is the same flow in every run" \
		"$(what '.report.hubs[1].branches[] | select(.flows | index(3)) | .ip' "$2.all")" \
		"$(what '.report.hubs[1].ip' "$2.one")"
	if [ "$has_nft" = yes ]; then
		is "$1, 16 flows: probes by branch, as the routers counted them" \
			"$(told "$2.all" "$3")" "$(cat "$net_tmp/$2.count")"
	else
		skip "$1, 16 flows: probes by branch" "no nft"
	fi
}

until_up 10.0.9.2
until_up 2001:db8:9::2
run udp4 4 10.0.9.2 -u &
four=$!
run udp6 6 2001:db8:9::2 -u &
wait "$four" $!
judge "UDP, IPv4" udp4 4
judge "UDP, IPv6" udp6 6
# The router behind has one address in IPv4, and four in IPv6, where it answers from
# the link that the probe came by: the same flows come by the same link.
is "UDP, IPv4, 16 flows: one branch behind" \
	"$(what '.report.hubs[2].branches | length' udp4.all)" 1
is "UDP, IPv6, 16 flows: the same branches behind" \
	"$(what '.report.hubs[1] | [.branches[].flows] | @text' udp6.all)" \
	"$(what '.report.hubs[2] | [.branches[].flows] | @text' udp6.all)"
hoptop -u --flows 16 -rc 2 -i 0.1 10.0.9.2 >"$net_tmp/text"
is "text: a line for each branch" "$(grep -c '|-- 10\.1\.' "$net_tmp/text")" \
	"$(what '.report.hubs[1].branches | length' udp4.all)"

## The simulator: each packet is in its log ####################################

if ! in_ns c ip tuntap add mode tun name try 2>/dev/null; then
	skip "behind the simulator" "TUN devices are not permitted"
	net_done
fi
for ns in c r1 r3 t b1 b2 b3 b4; do
	ip netns del "$net_prefix$ns"
done
net_names=
tun_ns
cat >"$net_tmp/ways.net" <<'END'
target 203.0.113.80
target 203.0.113.81
target 203.0.113.82
target 203.0.113.83
target 2001:db8:ff::80
target 2001:db8:ff::81
target 2001:db8:ff::82
target 2001:db8:ff::83
hop 1 10.0.0.1 2001:db8:a::1 rtt 1ms
hop 2 10.0.2.1 10.0.2.2 10.0.2.3 10.0.2.4 2001:db8:a:2::1 2001:db8:a:2::2 2001:db8:a:2::3 2001:db8:a:2::4 rtt 4ms
hop 2 branch 2 rtt 20ms branch 3 reply-loss 25% branch 4 rtt 40ms
hop 3 target rtt 10ms
END
tun_start ways --no-spin

# What the log says of hop 2: address, sent, lost of each branch.  A flow has one
# branch, which its answers name.  A SYN that the kernel sent again, where hoptop had
# to wait for long on a busy machine, is the same probe: it has the same number.
logged() {
	awk -v dst="dst=$1" "$net_awk"'
		index($0, dst " ") && /^ttl=2 / {
			flow = value("flow")
			probe = flow " " (value("proto") == "tcp" ? value("syn") : NR)
			is_first = !(probe in is_lost)
			sent[flow] += is_first
			if (value("kind") == "none") {
				lost[flow] += is_first
				if (is_first) is_lost[probe] = 1
			} else {
				from[flow] = value("from")
				lost[flow] -= !is_first && is_lost[probe]
				is_lost[probe] = 0
			}
		}
		END {
			for (f in sent) { n[from[f]] += sent[f]; l[from[f]] += lost[f] }
			for (a in n) print a, n[a], l[a] + 0
		}' "$net_tmp/ways.log" | sort
}

branches() {
	what '.report.hubs[1].branches[] | "\(.ip) \(.Snt) \(.lost)"' "$1" | sort
}

# wrong PROTO FILE TARGET: branches whose loss is not that of the log.  TCP gives up
# what is answered too late, as on a busy machine (tcp.h): it may lose more.
wrong() {
	{ logged "$3" | sed 's/^/log /'; branches "$2" | sed 's/^/hoptop /'; } |
		awk -v proto="$1" '
			$1 == "log" { want[$2] = $4 }
			$1 == "hoptop" && (proto == "tcp" ? $4 < want[$2] : $4 != want[$2]) {
				print $0, "instead of", want[$2]
			}'
}

# A target for each run: the log tells them apart.
pids=
for net in 203.0.113.8 2001:db8:ff::8; do
	n=0
	for proto in icmp tcp; do
		hoptop --protocol "$proto" --flow 3 -jc 5 -i 0.2 -Z 0.5 "$net$n" \
			>"$net_tmp/one.$proto.$net" &
		pids="$pids $!"
		n=$((n + 1))
		hoptop --protocol "$proto" --flows 16 --flow 20 -jc 10 -i 0.3 -Z 0.8 "$net$n" \
			>"$net_tmp/all.$proto.$net" &
		pids="$pids $!"
		n=$((n + 1))
	done
done
wait $pids
tun_stop "$tun_pid"
for net in 203.0.113.8 2001:db8:ff::8; do
	n=1
	for proto in icmp tcp; do
		is "$proto, $net, one flow: at most one address a hop" \
			"$(what '.report.hubs | [length, ([.[].addresses | length] | max)] | @text' \
				"one.$proto.$net")" "[3,1]"
		is "$proto, $net, 16 flows: all four branches" \
			"$(what '.report.hubs[1].branches | length' "all.$proto.$net")" 4
		is "$proto, $net, 16 flows: sent by branch, as in the log" \
			"$(branches "all.$proto.$net" | cut -d' ' -f1,2)" \
			"$(logged "$net$n" | cut -d' ' -f1,2)"
		is "$proto, $net, 16 flows: lost by branch, as in the log" \
			"$(wrong "$proto" "all.$proto.$net" "$net$n")" ""
		is "$proto, $net, 16 flows: times by branch, as the scenario has them" \
			"$(what '.report.hubs[1].branches | sort_by(.ip) | map(.Best) |
				if .[0] > 3 and .[0] < 20 and .[1] > 19 and .[1] < 40 and
				.[2] > 3 and .[2] < 20 and .[3] > 39 then "right" else @text end' \
				"all.$proto.$net")" right
		n=$((n + 2))
	done
done
net_done
