#!/bin/sh
# SPDX-License-Identifier: ISC
# --trace beside traceroute(8) in the same chain of kernel routers: the same
# addresses, as many times, the same marks.  Prints TAP.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
command -v traceroute >/dev/null || skip_all "no traceroute"
net_chain 4
net_install "${builddir:-.}/hoptop"
unset HOPTOP_OPTIONS MTR_OPTIONS
ping_sockets open

hoptop() {
	as_user c "$net_tmp/hoptop" "$@"
}

ms_now() {
	echo $(($(date +%s%N) / 1000000))
}

# shape FILE: what may not differ: all but the times, the header's size
shape() {
	sed -E -e 's/ +[0-9]+\.[0-9]{3} ms/ T/g' -e '1s/[0-9]+ byte packets/BYTES/' "$1"
}

# same NAME TARGET STATUS [OURS [THEIRS [SIZE]]]: both trace it
same() {
	ours=$net_tmp/ours theirs=$net_tmp/theirs
	hoptop --trace -n -Z 2 ${4:-} "$2" >"$ours" 2>"$ours.err"
	status=$?
	in_ns c timeout 60 traceroute -n -w 2 ${5:-} "$2" ${6:-} >"$theirs" 2>&1
	is "$1: as traceroute" "$(shape "$ours")" "$(shape "$theirs")"
	is "$1: status" "$status$(cat "$ours.err")" "$3"
}

# Routers that limit: six answers at once to each asker, and then one a second.  First,
# for where there is no limit the kernel forgets what it owes.
limit() {
	for ns in r1 r2 r3 r4 t; do
		in_ns "$ns" sh -c "echo $1 >/proc/sys/net/ipv4/icmp_ratelimit
			echo $1 >/proc/sys/net/ipv6/icmp/ratelimit"
	done
}
# wanted FAMILY: all hops, three answers each
wanted() {
	for k in 1 2 3 4 5; do
		echo " $k  $(hop "$1" $k) T T T"
	done
}
# Neighbours are found first, by echo, which has no limit.
in_ns c ping -c 1 -w 5 "$target4" >/dev/null
in_ns c ping -6 -c 1 -w 5 "$target6" >/dev/null
limit 1000
for family in 4 6; do
	eval "target=\$target$family"
	hoptop --trace -n -u -Z 5 "$target" >"$net_tmp/out" 2>&1
	is "routers that limit ($family)" "$(shape "$net_tmp/out" | tail -n +2)" \
		"$(wanted $family)"
done
limit 0

# The whole way, by each protocol; -I is traceroute's word for ICMP.
same "udp4" "$target4" 0 -u
same "udp6" "$target6" 0 -u
same "icmp4" "$target4" 0 "--protocol icmp" -I
same "icmp6" "$target6" 0 "--protocol icmp" -I
same "tcp4" "$target4" 0 -T -T
same "tcp6" "$target6" 0 -T -T
same "ten probes" "$target4" 0 "-q 10" "-q 10"
same "one probe" "$target6" 0 "-q 1" "-q 1"
same "from hop 3" "$target4" 0 "-f 3" "-f 3"
same "not so far" "$target4" 1 "-m 3" "-m 3"
lines=$(hoptop --trace -n "$target4" | wc -l)
is "the whole way: a line for each hop" "$lines" 6

# Reached, and no probe in vain: as quick as its three probes.
begin=$(ms_now)
hoptop --trace -n -Z 60 "$target4" >/dev/null
took=$(($(ms_now) - begin))
check "the whole way takes less than the timeout ($took ms)" test "$took" -lt 30000

# Names: both ways of having none, and one for all.
out=$net_tmp/out
serve() {
	rm -f "$net_tmp/ready"
	mkfifo "$net_tmp/ready"
	in_ns c "${builddir:-.}/tests/net/dns" 5353 "$1" 192.0.2.1 100 \
		>"$net_tmp/ready" 2>&1 &
	server=$!
	read -r dns <"$net_tmp/ready"
}
# The next one wants its port.
unserve() {
	kill "$dns"
	wait "$server"
} 2>/dev/null
serve 20
hoptop --trace --dns-server 127.0.0.1:5353 "$target4" >"$out" 2>&1
unserve
is "names of all hops" "$(awk 'NR > 1 { print $2, $3 }' "$out")" \
	"$(for k in 1 2 3 4 5; do echo "router.example ($(hop 4 $k))"; done)"
serve 10000
begin=$(ms_now)
hoptop --trace --dns-server 127.0.0.1:5353 "$target4" >"$out" 2>&1
took=$(($(ms_now) - begin))
unserve
is "no names: the addresses twice" "$(awk 'NR > 1 { print $2, $3 }' "$out")" \
	"$(for k in 1 2 3 4 5; do echo "$(hop 4 $k) ($(hop 4 $k))"; done)"
# The resolver would give up after more than ten.
check "a name server that is silent costs a second ($took ms)" test "$took" -lt 9000

# A local refusal is no silence of the network.
if in_ns c nft list tables >/dev/null 2>&1; then
	in_ns c nft -f - <<-END
		table inet t { chain f { type filter hook output priority 0;
			ip daddr $target4 drop; }; }
	END
	hoptop --trace -n -u "$target4" >"$out" 2>"$out.err"
	is "a local firewall: status" "$?" 1
	is "a local firewall: said" "$(cat "$out.err")" \
		"hoptop: $target4: blocked by the local firewall or a prohibit route"
	in_ns c nft delete table inet t
else
	skip "a local firewall" "no nft"
fi

# The ways to say no: router 3 says it, of what it would have to forward.  IPv4 has
# its own limit for that, which cannot be taken away; there the firewall says it.
in_ns r3 ip -6 route del default
same "no route" "$target6" 1
for kind in unreachable prohibit; do
	in_ns r3 ip route add $kind "$target6"
	same "$kind" "$target6" 1
	in_ns r3 ip route del $kind "$target6"
done

# Silence to the end.
in_ns r3 ip route add blackhole "$target6"
same "silence" "$target6" 1 "-m 6 -Z 2" "-m 6 -w 2"
hoptop --trace -n -m 8 -Z 60 "$target6" >"$out" 2>"$out.err" &
pid=$!
until [ "$(wc -l <"$out")" -gt 2 ]; do
	kill -0 "$pid" || break
done
kill $(cat "/proc/$pid/task/$pid/children")
wait "$pid"
is "interrupted: status" "$?$(cat "$out.err")" 143
is "interrupted: what was known is said" "$(shape "$out" | tail -n +2)" \
	"$(wanted 6 | head -n 2)"
in_ns r3 ip route del blackhole "$target6"
in_ns r3 ip route add ::/0 via "$(right6 3)"

# rejects WHAT FAMILY MATCH HOW STATUS: router 3 forwards nothing to the target
rejects() {
	in_ns r3 nft -f - <<-END
		table inet t { chain f { type filter hook forward priority 0;
			$3 reject with $4; }; }
	END
	if [ "$2" = 4 ]; then same "$1" "$target4" "$5"; else same "$1" "$target6" "$5"; fi
	in_ns r3 nft delete table inet t
}
if in_ns r3 nft list tables >/dev/null 2>&1; then
	for how in net-unreachable host-unreachable prot-unreachable net-prohibited \
		host-prohibited admin-prohibited; do
		rejects "$how (4)" 4 "ip daddr $target4" "icmp type $how" 1
	done
	for how in no-route admin-prohibited addr-unreachable; do
		rejects "$how (6)" 6 "ip6 daddr $target6" "icmpv6 type $how" 1
	done
	# An echo has no port: it is a firewall that says so, not the target.
	rejects "port-unreachable (4)" 4 "ip daddr $target4" \
		"icmp type port-unreachable" 1
	rejects "port-unreachable (6)" 6 "ip6 daddr $target6" \
		"icmpv6 type port-unreachable" 1
else
	skip "rejected by a firewall" "no nft"
fi

# Too big for the link behind router 2, which does not take IPv6 apart; what comes
# after the first answer, the client takes apart itself.
ip -n "${net_prefix}r2" link set dev r mtu 1400
hoptop --trace -n -q 1 -f 3 -m 3 -s 1450 "$target6" >"$out" 2>&1
is "too big: status" "$?" 1
in_ns c ip -6 route flush cache
in_ns c timeout 60 traceroute -n -q 1 -f 3 -m 3 "$target6" 1450 >"$net_tmp/theirs" 2>&1
is "too big: as traceroute" "$(shape "$out")" "$(shape "$net_tmp/theirs")"
net_done
