#!/bin/sh
# SPDX-License-Identifier: ISC
# TCP without privilege on real sockets: kernel routers, then the simulator behind a
# TUN device, whose log says what was on the wire; as a user without any capability.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
net_chain 4
for program in hoptop tests/net/probe tests/net/listen; do
	net_install "${builddir:-.}/$program"
done
probe() { as_user c "$net_tmp/probe" "$@"; }

ip netns exec "${net_prefix}t" "$net_tmp/listen" 80 >"$net_tmp/listen.out" &
listener=$!
net_pids="$net_pids $listener"
until_true grep -qs ready "$net_tmp/listen.out"

until_true is_chain_up || say "the chain does not answer: $out"

## Kernel routers ##############################################################

te=time-exceeded
for family in 4 6; do
	eval "target=\$target$family"
	tcp="TCP IPv$family"
	is "$tcp: is allowed" "$(probe -n tcp "$target")" can=0
	out=$(probe -m 5 tcp "$target")
	is "$tcp: the hops in order" "$(each from)" "$(hops "$family")"
	is "$tcp: kinds" "$(each kind)" "$te $te $te $te tcp-open"
	is "$tcp: all are sure" "$(each match)" "3 3 3 3 3"
	is "$tcp: stamps" "$(each rx) / $(each tx)" \
		"kernel kernel kernel kernel kernel / user user user user kernel"
	is "$tcp: TTL of the errors" "$(each reply_ttl)" "64 63 62 61 -1"
	is "$tcp: source" "$(printf '%s\n' "$out" | sed -n 's/^source=//p')" \
		"$(if [ "$family" = 4 ]; then left4 0; else left6 0; fi)"
	out=$(probe -m 5 -P 443 tcp "$target")
	is "$tcp: a closed port" "$(each from) $(each kind)" \
		"$(hops "$family") $te $te $te $te tcp-closed"
	for port in 80 443; do
		out=$(probe -q -c 300 -m 5 -P $port tcp "$target")
		is "$tcp: 1500 probes to port $port, none lost" \
			"$(get sent) $(get failed) $(get received)" "1500 0 1500"
		is "$tcp: port $port, none foreign, twice or unreadable" \
			"$(get unmatched) $(get wrong) $(get malformed) $(get backwards)" \
			"0 0 0 0"
		is "$tcp: port $port, woken for nothing" "$(get idle)" 0
	done
done

is "nothing is left here" "$(in_ns c ss -Htan)" ""
is "nothing is left at the target" "$(in_ns t ss -Htan | grep -v LISTEN)" ""

# What firewalls do.
if in_ns t nft -f - 2>"$net_tmp/nft"; then
	for family in 4 6; do
		eval "target=\$target$family"
		tcp="TCP IPv$family"
		prohibited=$(if [ "$family" = 4 ]; then echo 3/13; else echo 1/1; fi)
		port=$(if [ "$family" = 4 ]; then echo 3/3; else echo 1/4; fi)
		out=$(probe -f 5 -m 5 -P 81 -w 200 tcp "$target")
		is "$tcp: dropped is silent" "$(get sent) $(get received)" "1 0"
		at_most "$tcp: dropped wakes nobody" "$(get idle)" 1
		out=$(probe -f 5 -m 5 -P 82 tcp "$target")
		is "$tcp: administratively prohibited" \
			"$(each kind) $(each icmp) $(each from) $(each rx)" \
			"unreachable $prohibited $target kernel"
		out=$(probe -f 5 -m 5 -P 83 tcp "$target")
		is "$tcp: port unreachable is no RST" \
			"$(each kind) $(each icmp)" "unreachable $port"
		out=$(probe -f 5 -m 5 -P 84 tcp "$target")
		is "$tcp: rejected by RST" "$(each kind) $(each from)" "tcp-closed $target"
	done
else
	skip "firewalls" "nft: $(head -n 1 "$net_tmp/nft")"
fi <<-END
	table inet f {
		chain i {
			type filter hook input priority 0;
			tcp dport 81 drop
			tcp dport 82 reject with icmpx type admin-prohibited
			tcp dport 83 reject
			tcp dport 84 reject with tcp reset
		}
	}
END

# Routes that refuse, from the third router on; here; and none at all.
ip -n "${net_prefix}r3" -batch - <<END
route add unreachable 203.0.113.1/32
route add prohibit 2001:db8:ff::2/128
END
# A kernel router answers from such a route once a second, whatever the limits are.
refused() {
	tries=0 out=
	while [ -z "$(each kind)" ] && [ "$tries" -lt 8 ]; do
		out=$(probe -f 5 -m 5 -w 1100 tcp "$2")
		tries=$((tries + 1))
	done
	is "$1" "$(each kind) $(each icmp) $(each from)" "unreachable $3 $4"
}
refused "an unreachable route" 203.0.113.1 3/1 "$(hop 4 3)"
refused "a prohibited route, IPv6" 2001:db8:ff::2 1/1 "$(hop 6 3)"
ip -n "${net_prefix}c" -batch - <<END
route add unreachable 198.51.100.1/32
route add prohibit 198.51.100.2/32
END
is "no route from here" "$(probe tcp 198.51.100.1)" prepare=EHOSTUNREACH
is "a route that forbids" "$(probe tcp 198.51.100.2)" prepare=EACCES

# Our own firewall: what it rejects it says; what it drops TCP keeps to itself.
if in_ns c nft -f - 2>"$net_tmp/nft"; then
	out=$(probe -m 1 -P 91 tcp "$target4")
	is "rejected here" "$(each kind) $(each icmp) $(each from)" \
		"unreachable 3/13 $(left4 0)"
	out=$(probe -m 1 -P 92 -w 200 tcp "$target4")
	is "dropped here: no answer" "$(get sent) $(get failed) $(get received)" "1 0 0"
	in_ns c nft delete table inet f
fi <<-END
	table inet f {
		chain o {
			type filter hook output priority 0;
			tcp dport 91 reject with icmpx type admin-prohibited
			tcp dport 92 drop
		}
	}
END

## Ports #######################################################################

# has_syn: is a SYN on its way?
has_syn() { in_ns c ss -Htan state syn-sent | grep -q .; }

# holder OPTION...: a run that keeps its source port, as its target is silent
holder() {
	probe -q -f 5 -m 5 -w 60000 "$@" tcp 203.0.113.4 >"$net_tmp/holder" &
	holder=$!
	until_true has_syn
}
# The shell in between is not what holds it.
release() {
	kill -KILL $(ip netns pids "${net_prefix}c")
	wait "$holder"
} 2>/dev/null

ip -n "${net_prefix}r3" route add blackhole 203.0.113.4/32
holder -L 5000
out=$(probe -q -m 1 -L 5000 tcp "$target4")
is "a source port that was asked for and is taken" "$(get sent) $(get error)" \
	"0 EADDRINUSE"
is "... says the program at once" "$(as_user c "$net_tmp/hoptop" -4 -Trn -c 1 -L 5000 "$target4" 2>&1)" \
	"hoptop: --localport: 5000 of IPv4: Address already in use"
out=$(probe -q -m 1 -L 5000 tcp "$target6")
is "... but not for IPv6" "$(get received) $(get error)" "1 0"
out=$(probe -q -m 1 -L 500 tcp "$target4")
is "a source port that is not permitted" "$(get sent) $(get error)" "0 EACCES"
release
is "nothing is left of who was killed" "$(in_ns c ss -Htan)" ""

# ways WANTED OPTION...: until so many SYNs are in flight at once, all from one port of
# each family; gives back how many, and from how many ports
are_sent() {
	in_ns c ss -Htn state syn-sent >"$net_tmp/syns"
	[ "$(wc -l <"$net_tmp/syns")" -ge "$wanted" ]
}
ways() {
	wanted=$1
	shift
	as_user c "$net_tmp/hoptop" -Trn -c 1000 -f 5 -m 5 "$@" >"$net_tmp/ways" 2>&1 &
	ways=$!
	until_true are_sent
	awk '{ sub(/.*:/, "", $3); n[$3]++ }
		END { for (port in n) ports++; print NR, ports + 0 }' "$net_tmp/syns"
	kill $(ip netns pids "${net_prefix}c")
	wait "$ways"
} 2>/dev/null
ip -n "${net_prefix}r3" -batch - <<END
route add blackhole 203.0.113.5/32
route add blackhole 2001:db8:ff::4/128
END
is "silent targets and ports are in nobody's way" "$(ways 4 203.0.113.4:80 \
	203.0.113.4:81 203.0.113.5:80 '[2001:db8:ff::4]:80')" "4 1"

# Sockets that are free are used again, by targets of the same family only.
out=$(as_user c "$net_tmp/hoptop" -Trn -c 3 -i 0.3 -o SRD "$target4" "$target6")
is "both families in one run" "$(printf '%s\n' "$out" | awk '/\|--/ { print $2, $3, $4, $5 }' |
	paste -s -d '/' -)" "$(for family in 4 6; do
		for ttl in 1 2 3 4 5; do echo "$(hop $family $ttl) 3 3 0"; done
	done | paste -s -d '/' -)"

## Device, source, zone ########################################################

is "a device that is not there" "$(probe -I nosuch0 tcp "$target4")" prepare=ENODEV
out=$(probe -m 5 -I r tcp "$target6")
is "bound to the device" "$(each from)" "$(hops 6)"
ip -n "${net_prefix}c" addr add 198.51.100.77/32 dev lo
for k in 1 2 3 4; do
	ip -n "${net_prefix}r$k" route add 198.51.100.77/32 via "$(left4 $((k - 1)))"
done
out=$(probe -m 5 -a 198.51.100.77 tcp "$target4")
is "another source" "$(each from)" "$(hops 4)"
is "another source is the one" "$(printf '%s\n' "$out" | sed -n 's/^source=//p')" 198.51.100.77
scope=$(in_ns c cat /sys/class/net/r/ifindex)
link=$(ip -n "${net_prefix}r1" -6 addr show dev l scope link |
	sed -n 's/.*inet6 \([^/]*\).*/\1/p')
out=$(probe -m 1 tcp "$link%$scope")
is "link-local with a zone" "$(each from) $(each kind)" "$link%$scope tcp-closed"

kill "$listener"
wait "$listener"
# The kernel acknowledges a SYN-ACK after 40 ms or more if we have not been able to run
# until then (delayed ACK); of more than 600 that came in, that was one, rarely.
at_most "the target's application saw no connection, or nearly none" \
	"$(sed -n 's/^accepted=//p' "$net_tmp/listen.out")" 3

## The simulator behind TUN ####################################################

if ! in_ns t ip tuntap add mode tun name tun 2>/dev/null; then
	skip "the simulator behind TUN" "TUN devices are not permitted"
	net_done
fi
ip netns del "${net_prefix}c"
tun_ns
cat >"$net_tmp/tun.net" <<-END
	target 203.0.113.9
	target 2001:db8:ff::9
	hop 1 192.168.1.1  2001:db8:1::1 rtt 2ms
	hop 2 198.51.100.2 2001:db8:2::1 rtt 6ms mpls 24001 3 1 mpls 16 5 254
	hop 3 198.51.100.3 2001:db8:3::1 rtt 10ms interface 42 ge-0/0/1 9000
	hop 4 198.51.100.4 2001:db8:4::1 silent
	hop 5 198.51.100.5 2001:db8:5::1 rtt 14ms quote 48
	hop 6 target       rtt 20ms tcp open
END
cat >"$net_tmp/old.net" <<-END
	target 203.0.113.8
	target 2001:db8:ff::8
	hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms mpls 24001 3 1 mpls 16 5 254
	hop 2 198.51.100.2 2001:db8:2::1 rtt 1ms mpls 3 0 1
	hop 3 198.51.100.3 rtt 1ms quote 28
	hop 4 target       rtt 2ms tcp closed
END
cat >"$net_tmp/late.net" <<-END
	target 203.0.113.7
	hop 1 192.168.1.7 rtt 1100ms
	hop 2 target      rtt 2ms
END
tun_start late
late_sim=$tun_pid
tun_start tun --log-all
sim=$tun_pid
# In a namespace made anew the source of IPv6 is a moment late.
has_route() { in_ns c ip -6 route get "$1" >/dev/null 2>&1; }

# logged KEY [FILTER]: values of the log, each once
logged() {
	grep "proto=tcp" "$net_tmp/tun.log" | grep -v kind=ignored | grep -e "${2:-.}" |
		tr ' ' '\n' | sed -n "s/^$1=//p" | sort -un | paste -s -d ' ' -
}

# errors FAMILY: measured minus true RTT in us, smallest and median
errors() {
	awk -v family="$1" '
		function get(key) {
			return match($0, "(^| )" key "=[^ ]*") ? \
				substr($0, RSTART, RLENGTH) : ""
		}
		function val(key,  s) { s = get(key); sub(/.*=/, "", s); return s }
		FNR == NR && /proto=tcp/ && !/kind=(none|ignored)/ && val("family") == family {
			true_us[val("ttl") "/" n[val("ttl")]++] = (val("out") - val("in")) / 1e3
		}
		FNR != NR && /^ttl=/ {
			key = val("ttl") "/" val("seq")
			if (key in true_us) print int(val("rtt_us") - true_us[key])
		}' "$net_tmp/tun.log" "$net_tmp/out$1" | sort -n |
		awk '{ v[NR] = $1 } END { print v[1], v[int((NR + 1) / 2)], NR }'
}

# A process that stands still cannot keep the kernel from sending the SYN again.  It
# is to stand still before it gives the SYN up or has its answer: if this shell is too
# late for that, it begins anew.
stands_still() {
	as_user c sh -c 'echo $$ >&3; exec "$@"' sh "$net_tmp/probe" -m 1 -w 60000 \
		tcp 203.0.113.7 >"$net_tmp/late.out" 3>"$net_tmp/late.pid" &
	late=$!
	until_true has_syn
	kill -STOP "$(cat "$net_tmp/late.pid")"
	has_syn && ! grep -qs kind=time "$net_tmp/late.log" && return
	kill -KILL "$(cat "$net_tmp/late.pid")"
	tun_stop "$late_sim"
	tun_start late
	late_sim=$tun_pid
	return 1
}
until_true stands_still

for family in 4 6; do
	target=$(if [ "$family" = 4 ]; then echo 203.0.113.9; else echo 2001:db8:ff::9; fi)
	until_true has_route 2001:db8:ff::9
	probe -c 8 -m 6 -w 1000 -Q 187 -F 7 tcp "$target" >"$net_tmp/out$family" &
	jobs="${jobs:-} $!"
done
for job in $jobs; do wait "$job"; done
for family in 4 6; do
	out=$(cat "$net_tmp/out$family")
	# A SYN is given up when the simulator is not run for long enough (hold.h).
	is "TUN IPv$family: all are sent" "$(get sent) $(get wrong)" "48 0"
	at_least "TUN IPv$family: all but the silent hop answer, or nearly all" "$(get received)" 34
	at_most "TUN IPv$family: the silent hop is" "$(get received)" 40
done
kill "$sim" && wait "$sim" 2>/dev/null

until_true grep -qs kind=time "$net_tmp/late.log" || say "no answer to the SYN that was late"
kill -CONT "$(cat "$net_tmp/late.pid")"
wait "$late"
out=$(cat "$net_tmp/late.out")
is "an answer when there were two SYNs says who, but no time" \
	"$(each from) $(each kind) $(each match)" "192.168.1.7 time-exceeded 1"

for family in 4 6; do
	out=$(cat "$net_tmp/out$family")
	tcp="TUN IPv$family"
	of="family=$family "
	is "$tcp: from one port, to one port" "$(logged sport "$of") $(logged dport "$of")" \
		"61007 80"
	is "$tcp: TTL" "$(logged ttl "$of")" "1 2 3 4 5 6"
	is "$tcp: TOS, without ECN" "$(logged tos "$of")" 184
	is "$tcp: one flow for all routers" "$(logged flow "$of" | wc -w)" 1
	is "$tcp: size" "$(logged len "$of")" "$(if [ "$family" = 4 ]; then echo 60; else echo 80; fi)"
	is "$tcp: no SYN twice" "$(logged syn "$of" | wc -w)" 48
	# SYN-ACK, RST (14): never an ACK alone (10), but where we were not run in time.
	# SYNs (02) are counted above; the kernel sends them again after a second.
	is "$tcp: SYN-ACK is answered by RST" \
		"$(grep "$of" "$net_tmp/tun.log" | tr ' ' '\n' | sed -n 's/^flags=//p' |
			sort | uniq -c | awk '$2 == "14" { rst = $1 } $2 == "10" { ack = $1 }
				END { print (rst >= 8 - ack && ack <= 2) ? "yes" : rst " " ack }')" yes
	is "$tcp: MPLS" "$(printf '%s\n' "$out" | grep -m 1 '^ttl=2 ' | grep -o ' mpls=[^ ]*' | tr -d '\n')" \
		" mpls=24001/3/0/1 mpls=16/5/1/254"
	is "$tcp: interface" "$(printf '%s\n' "$out" | grep -m 1 '^ttl=3 ' | grep -o ' if[a-z]*=[^ ]*' | tr -d '\n')" \
		" ifindex=42 ifname=ge-0/0/1"
	# Not more than the time that a connect() may take, if it is taken for the
	# departure; bounds above are those of a busy machine.
	errors=$(errors "$family")
	say "$tcp: error of the RTT, smallest and median, us: $errors"
	is "$tcp: as many in the log" "${errors##* }" "$(grep -c '^ttl=' "$net_tmp/out$family")"
	at_least "$tcp: no RTT is too small" "${errors%% *}" -25
	errors=${errors#* }
	at_most "$tcp: RTT" "${errors% *}" 2000
done
is "TUN IPv4: where the quotes were to" "$(out=$(cat "$net_tmp/out4") && each seen |
	tr ' ' '\n' | sort -u) $(out=$(cat "$net_tmp/out4") && each changed | tr ' ' '\n' | sort -u)" \
	"0x60 0x0"
quoted=$(grep -o ' seen=.*q_label=[^ ]*' "$net_tmp/out6" | sort -u)
is "TUN IPv6: quotes as sent" "$(printf '%s\n' "$quoted" | sed 's/ q_ttl=.* q_label/ q_label/')" \
	" seen=0x71 changed=0x0 q_tos=184 q_label=$(printf '0x%05x' $(((0x9e377 * 8) & 0xfffff)))"
is "TUN IPv6: the label" "$(logged label "family=6 ")" "$(((0x9e377 * 8) & 0xfffff))"

# One SYN at a time: each came when its predecessor was answered, or 100 ms later; the
# simulator may look at its clock a moment after it has written.  Where it is not run
# for that long, it sees some together; otherwise all but the first would be.
for family in 4 6; do
	at_most "TUN IPv$family: SYNs in the way of another" \
		"$(grep "family=$family " "$net_tmp/tun.log" |
		grep -v kind=ignored | sed 's/.* syn=\([0-9]*\) .* in=\([0-9]*\).* out=\([-0-9]*\).*/\2 \3 \1/' |
		sort -n | awk 'seen[$3]++ { next } last && $1 < last - 500000 { n++ }
			{ last = $2 > 0 ? $2 : $1 + 99000000 } END { print n + 0 }')" 8
done

## Many flows, few descriptors, old routers ####################################

tun_start old --no-length
for family in 4 6; do
	target=$(if [ "$family" = 4 ]; then echo 203.0.113.8; else echo 2001:db8:ff::8; fi)
	until_true has_route 2001:db8:ff::8
	out=$(probe -m 1 tcp "$target")
	is "routers before RFC 4884, IPv$family: MPLS" \
		"$(printf '%s\n' "$out" | grep '^ttl=1' | grep -o ' mpls=[^ ]*' | tr -d '\n')" \
		" mpls=24001/3/0/1 mpls=16/5/1/254"
done
out=$(probe -f 3 -m 4 tcp 203.0.113.8)
is "a quote of 28 bytes is enough" "$(each match) $(each kind)" \
	"3 3 time-exceeded tcp-closed"
# Nobody stamps a reset; what is taken off for our waking up is at most 100 us (lag.h).
out=$(probe -c 20 -f 1 -m 4 tcp 203.0.113.8)
is "a reset's time: not below the truth by more than may be guessed" \
	"$(printf '%s\n' "$out" | grep 'kind=tcp-closed' |
		sed -n 's/.*rtt_us=\([0-9]*\).*/\1/p' |
		awk '$1 < 1900 { low++ } END { print low + 0, (NR >= 10) }')" "0 1"
out=$(as_user c sh -c 'ulimit -n 40; exec "$@"' sh "$net_tmp/hoptop" -Trn -j -c 3 -i 0.3 \
	--flows 24 203.0.113.8)
# Of all 24: each has sent its three probes to each of the four hops.  On a busy machine
# some answers come when their SYN has been given up (tcp.h).
is "24 flows with 40 descriptors: all is sent" \
	"$(printf '%s\n' "$out" | grep -c '^ \{16\}"sent": 72,') $(printf '%s\n' "$out" |
		grep -c '^ \{16\}"failed": 0,')" "4 4"
lost=$(printf '%s\n' "$out" | sed -n 's/^ \{16\}"lost": \([0-9]*\),/\1/p' |
	awk '{ n += $1 } END { print NR == 4 ? n : "?" }')
check "24 flows with 40 descriptors: not much is lost ($lost of 288)" test "$lost" -le 60

net_done
