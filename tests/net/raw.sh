#!/bin/sh
# SPDX-License-Identifier: ISC
# The raw transport on real sockets: kernel routers, the TUN simulator, and what is
# left of privileges.  What is true is in the simulator's log, which does not know our
# identities: the n-th probe that came in is the n-th that was sent.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
net_install "${builddir:-.}/hoptop"
cp "${builddir:-.}/tests/net/probe" "$net_tmp/"
# The leak checker cannot look into a process that lets nobody do so.
ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export ASAN_OPTIONS

probe() { in_ns c timeout 100 "$net_tmp/probe" -R "$@"; }

## Kernel routers ##############################################################

net_chain 5

until_true is_chain_up || say "the chain does not answer: $out"

# path: the same, and all that raw sockets see of a quote
path() {
	path_of_six "$@"
	is "$1 IPv$2: quotes are as sent" \
		"$(each changed | cut -d' ' -f1-5) $(each q_ttl | cut -d' ' -f1-5)" \
		"0x0 0x0 0x0 0x0 0x0 1 1 1 1 1"
}

many_idle=0
path icmp 4 "$target4" echo-reply 0/0
path icmp 6 "$target6" echo-reply 129/0
path udp 4 "$target4" unreachable 3/3
path udp 6 "$target6" unreachable 1/4
path tcp 4 "$target4" tcp-closed 0/0
path tcp 6 "$target6" tcp-closed 0/0
for proto in icmp udp tcp; do
	many "$proto IPv4" "$proto" "$target4"
	many "$proto IPv6" "$proto" "$target6"
	many "$proto IPv4 without a look" -b 100 "$proto" "$target4"
	many "$proto IPv4 like before Linux 6.13" -o "$proto" "$target4"
	many "$proto IPv6 like before Linux 6.13" -o "$proto" "$target6"
	many "$proto IPv4, 28 bytes" -s 28 "$proto" "$target4"
done
out=$(probe -q -c 11000 -m 6 -w 2000 udp "$target4")
is "66000 probes: none mistaken" \
	"$(($(get sent) - $(get received))) $(get unmatched) $(get wrong)" "0 0 0"
out=$(probe -q -m 1 -w 0 -s 1501 udp "$target4")
is "beyond the MTU: refused by name" "$(get sent) $(get failed) $(get error)" "0 1 EMSGSIZE"
for proto in icmp udp tcp; do
	for target in 127.0.0.1 ::1; do
		out=$(probe -q -m 1 -s 9000 "$proto" "$target")
		is "$proto $target, as large as can be" "$(get received) $(get malformed)" "1 0"
	done
done

# Two at once, to the same target, beside another traceroute: each sees its own.
pids=
for i in 1 2; do
	probe -q -k -c 100 -m 6 -i 1000 udp "$target4" >"$net_tmp/own$i" &
	pids="$pids $!"
done
in_ns c timeout 60 "$net_tmp/probe" -q -k -c 100 -m 6 -i 1000 udp "$target4" >"$net_tmp/own3" &
pids="$pids $!"
if command -v traceroute >/dev/null; then
	in_ns c timeout 60 traceroute -n -q 10 -m 6 -I "$target4" >/dev/null
	in_ns c timeout 60 traceroute -n -q 10 -m 6 "$target4" >/dev/null
fi
wait $pids
for i in 1 2; do
	out=$(cat "$net_tmp/own$i")
	is "one of two at once: all its own, no other's" \
		"$(get received) $(get unmatched) $(get wrong) $(get malformed)" "600 0 0 0"
done
is "and an unprivileged one beside them" \
	"$(sed -n 's/.* received=\([0-9]*\) unmatched=\([0-9]*\) .*/\1 \2/p' "$net_tmp/own3")" "600 0"

## Device, source, mark ########################################################

is "a device that is not there" "$(probe -I nosuch0 udp "$target4")" \
	"open=ENODEV: nosuch0: no such interface"
out=$(probe -m 6 -I r icmp "$target6")
is "bound to the device" "$(each from)" "$(hops 6)"
out=$(probe -I lo -m 1 -w 50 udp "$target4")
is "bound to another device: nobody is there" "$(get sent) $(get received)" "1 0"
is "a source that is not ours" "$(probe -a 192.0.2.200 udp "$target4")" \
	"open=EADDRNOTAVAIL: 192.0.2.200: not an address of this host"
ip -n "${net_prefix}c" addr add 198.51.100.77/32 dev lo
for k in 1 2 3 4 5; do
	ip -n "${net_prefix}r$k" route add 198.51.100.77/32 via "$(left4 $((k - 1)))"
done
for proto in icmp udp tcp; do
	out=$(probe -m 6 -a 198.51.100.77 "$proto" "$target4")
	is "$proto: another source" "$(each from)" "$(hops 4)"
	is "$proto: it is the one" "$(printf '%s\n' "$out" | sed -n 's/^source=//p')" 198.51.100.77
done
scope=$(in_ns c cat /sys/class/net/r/ifindex)
link=$(ip -n "${net_prefix}r1" -6 addr show dev l scope link | sed -n 's/.*inet6 \([^/]*\).*/\1/p')
out=$(probe -m 1 icmp "$link%$scope")
is "link-local with a zone" "$(each from) $(each kind)" "$link%$scope echo-reply"
is "link-local without" "$(probe icmp "$link")" prepare=EINVAL

# What is marked has a source of its own, and nowhere else to go.
ip -n "${net_prefix}c" route add default via "$(right4 0)" src 198.51.100.77 table 77
ip -n "${net_prefix}c" rule add fwmark 7 table 77
out=$(probe -m 6 -M 7 udp "$target4")
is "a mark: the route of its table" "$(printf '%s\n' "$out" | sed -n 's/^source=//p')" 198.51.100.77
ip -n "${net_prefix}c" route del default
is "a mark: packets go by it too" "$(each from) $(probe -q udp "$target4")" \
	"$(hops 4) prepare=ENETUNREACH"
out=$(probe -m 6 -M 7 icmp "$target4")
is "a mark: and by it alone" "$(each from)" "$(hops 4)"
ip -n "${net_prefix}c" route add default via "$(right4 0)"

# A NAT of Linux repairs what is quoted: it is there, and nothing is to be seen.
if in_ns r2 nft 'add table ip n
	add chain ip n p { type nat hook postrouting priority 100; }
	add rule ip n p oifname "r" masquerade' 2>/dev/null; then
	for proto in icmp udp tcp; do
		out=$(probe -m 6 -i 2000 "$proto" "$target4")
		is "$proto behind a masquerade: all there" "$(each from) $(each match)" \
			"$(hops 4) 3 3 3 3 3 3"
	done
	in_ns r2 nft flush ruleset
else
	skip "behind a masquerade" "no nft"
fi

# The interface goes down and comes back: the same sockets go on.
probe -k -c 5000 -m 1 -i 20000 -w 1000 icmp "$target6" >"$net_tmp/down6" &
pids=$!
probe -k -c 5000 -m 1 -i 20000 -w 1000 udp "$target4" >"$net_tmp/down4" &
pids="$pids $!"
grown() { [ "$(grep -c '^ttl=' "$net_tmp/down$1")" -ge 5 ]; }
until_true grown 4
until_true grown 6
ip -n "${net_prefix}c" link set r down
refuses() { grep -q '^failed' "$net_tmp/down$1"; }
until_true refuses 4
until_true refuses 6
ip -n "${net_prefix}c" -batch - <<END
link set r up
addr replace $(left6 0)/64 dev r nodad
route replace default via $(right4 0)
route replace ::/0 via $(right6 0)
END
goes_on() {
	awk '/^failed/ { failed = NR } /^ttl=/ { n = NR } END { exit !(failed && n > failed + 5) }' \
		"$net_tmp/down$1"
}
until_true goes_on 4
until_true goes_on 6
kill $(ip netns pids "${net_prefix}c")
wait $pids
for family in 4 6; do
	out=$(cat "$net_tmp/down$family")
	at_least "IPv$family, interface down: refused by name, $(get error)" "$(get failed)" 1
	is "IPv$family, interface up again: the last one is answered" \
		"$(printf '%s\n' "$out" | sed -n "s/^ttl=1 seq=$(($(get sent) + $(get failed) - 1)) match=3 kind=\([^ ]*\).*/\1/p")" \
		time-exceeded
done

## What is on the wire #########################################################

# wire COUNT FILTER PROBE-OPTIONS...: what tcpdump says to $net_tmp/wire
wire() {
	rm -f "$net_tmp/wire" "$net_tmp/wire.err"
	in_ns r1 timeout 60 tcpdump -i l -n -vv -XX -l -c "$1" --immediate-mode "$2" \
		>"$net_tmp/wire" 2>"$net_tmp/wire.err" &
	dump=$!
	until_true grep -qs listening "$net_tmp/wire.err"
	shift 2
	probe -q -m 1 "$@" >/dev/null
	wait "$dump"
}
# sees NAME PATTERN
sees() {
	if tr '\n' ' ' <"$net_tmp/wire" | grep -Eq -e "$2"; then
		ok "$1"
	else
		not_ok "$1" "no $2 in" "$(cat "$net_tmp/wire")"
	fi
}

if command -v tcpdump >/dev/null && [ -z "${HT_NET_USERNS:-}" ]; then
	from4="src $(left4 0)" from6="src $(left6 0)"
	wire 1 "icmp and $from4" -s 101 -Q 0xb9 icmp "$target4"
	sees "ICMP IPv4" 'tos 0xb9.*, ttl 1, id [1-9][0-9]*, offset 0, flags \[none\].*length 101\).*ICMP echo request.*length 81'
	wire 1 "udp and $from4" -s 101 -Q 0xb9 -P 999 -F 7 udp "$target4"
	sees "UDP IPv4" 'tos 0xb9.*, ttl 1, id [1-9][0-9]*, offset 0, flags \[none\].*length 101\).*\.61007 > .*\.999: \[udp sum ok\]'
	wire 1 "tcp and $from4" -s 100 -Q 0xb9 -P 999 -F 7 tcp "$target4"
	sees "TCP IPv4" 'tos 0xb9.*, ttl 1, id [1-9][0-9]*, offset 0, flags \[none\].*length 100\).*\.61007 > .*\.999: Flags \[S\], cksum 0x[0-9a-f]* \(correct\).*\[nop,nop.*length 20'
	# One more than its number times the odd step: flow.c says so, in decimal there.
	wire 1 "icmp6 and $from6 and ip6[40] = 128" -s 101 -Q 0xb9 icmp "$target6"
	sees "ICMP IPv6" 'class 0xb9, flowlabel 0x9e377, hlim 1, .*payload length: 61\).*\[icmp6 sum ok\].*echo request'
	wire 1 "udp and $from6" -s 101 -Q 0xb9 -P 999 -F 1 udp "$target6"
	sees "UDP IPv6" 'class 0xb9, flowlabel 0x3c6ee, hlim 1, .*payload length: 61\).*\.61001 > .*\.999: \[udp sum ok\]'
	wire 1 "tcp and $from6" -s 64 -Q 0xb9 -P 999 -F 1 tcp "$target6"
	sees "TCP IPv6" 'class 0xb9, flowlabel 0x3c6ee, hlim 1, .*payload length: 24\).*\.61001 > .*\.999: Flags \[S\], cksum 0x[0-9a-f]* \(correct\)'
	wire 6 "udp and $from4" -c 6 udp "$target4"
	is "six probes, one checksum, six IDs" \
		"$(sed -n 's/.*, id \([0-9]*\),.*/\1/p' "$net_tmp/wire" | sort -u | wc -l) $(
		sed -n 's/.*0x0020:  \([0-9a-f]* \)\{4\}\([0-9a-f]*\).*/\2/p' "$net_tmp/wire" | sort -u | wc -l)" \
		"6 1"
else
	skip "what tcpdump sees" "needs root and tcpdump"
fi

## Privileges ##################################################################

hint="raw sockets: not permitted: run as root, or once: setcap cap_net_raw+ep $net_tmp/hoptop;"

# refused NAME COMMAND...: status 4 and the line
refused() {
	refused_name=$1
	shift
	"$@" >"$net_tmp/refused" 2>&1
	is "$refused_name: exit status" $? 4
	is "$refused_name: one line" "$(wc -l <"$net_tmp/refused") $(cut -c1-$((${#hint} + 8)) "$net_tmp/refused")" \
		"1 hoptop: $hint"
}
for option in "--transport raw" --dublin "-M 7"; do
	refused "$option without privilege" as_user c "$net_tmp/hoptop" -r -c 1 $option "$target4"
done
is "-v says why not" "$(as_user c "$net_tmp/hoptop" -v | grep -c 'no: CAP_NET_RAW is missing')" 2
is "-v says that it can be had" \
	"$(in_ns c "$net_tmp/hoptop" -v | grep -A 2 'transport raw' | grep -c 'yes$')" 2

# begin NAME COMMAND...: run it until it has begun to probe; sets $pid
begin() {
	begun=$1
	shift
	in_ns c sh -c 'echo $$ >"$0.pid"; exec "$@"' "$net_tmp/$begun" "$@" \
		>"$net_tmp/$begun" 2>&1 &
	job=$!
	until_true grep -qs '^[hx] ' "$net_tmp/$begun"
	pid=$(cat "$net_tmp/$begun.pid")
	net_pids="$net_pids $pid"
}
end() {
	kill "$pid" 2>/dev/null
	wait "$job" 2>/dev/null
}
# sets: what may still be done
sets() {
	sed -n 's/^\(Cap[A-Z][a-z]*\|NoNewPrivs\):[[:space:]]*0*\([0-9a-f]\)/\1=\2/p' \
		"/proc/$pid/status" | grep -v "${1:-nothing}" | tr '\n' ' '
}
# raw_sockets: open in the namespace, IPv4 IPv6
raw_sockets() {
	echo "$(in_ns c sed 1d /proc/net/raw | wc -l) $(in_ns c sed 1d /proc/net/raw6 | wc -l)"
}
all_gone="CapInh=0 CapPrm=0 CapEff=0 CapBnd=0 CapAmb=0 NoNewPrivs=1 "

begin root "$net_tmp/hoptop" -l -n -c 100 --transport raw "$target4"
is "root: every capability is gone" "$(sets)" "$all_gone"
is "root: is still root" "$(sed -n 's/^Uid:[[:space:]]*//p' "/proc/$pid/status" | tr '\t' ' ')" "0 0 0 0"
is "root: raw sockets" "$(raw_sockets)" "4 4"
end
begin root4 "$net_tmp/hoptop" -l -n -c 100 -4 --dublin "$target4"
is "root, -4: raw sockets of IPv4 alone" "$(raw_sockets)" "4 0"
end
ping_sockets open
begin auto "$net_tmp/hoptop" -l -n -c 100 "$target4"
is "root, auto: every capability is gone" "$(sets)" "$all_gone"
is "root, auto: no raw socket" "$(raw_sockets)" "0 0"
end

# Only with more than one user, and on a file system that keeps capabilities.
if [ -z "${HT_NET_USERNS:-}" ] && cp "$net_tmp/hoptop" "$net_tmp/capable" &&
	setcap cap_net_raw+ep "$net_tmp/capable" 2>/dev/null; then
	begin cap setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$net_tmp/capable" -l -n -c 100 --transport raw "$target4"
	is "file capability: gone as well" "$(sets CapBnd)" \
		"CapInh=0 CapPrm=0 CapEff=0 CapAmb=0 NoNewPrivs=1 "
	is "file capability: raw sockets" "$(raw_sockets)" "4 4"
	is "file capability: nobody can take them" "$(stat -c %u "/proc/$pid/fd")" 0
	end
	begin cap2 setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$net_tmp/capable" -l -n -c 100 -u "$target4"
	is "file capability, unused: gone as well" "$(sets CapBnd) $(raw_sockets)" \
		"CapInh=0 CapPrm=0 CapEff=0 CapAmb=0 NoNewPrivs=1  0 0"
	end
else
	skip "file capability" "needs root, setcap and a file system that keeps them"
fi
case ${HT_NET_USERNS:-},$(findmnt -n -o OPTIONS -T "$net_tmp" 2>/dev/null) in
1,* | *nosuid*) skip "set-uid" "needs root, and a file system without nosuid" ;;
*)
	cp "$net_tmp/hoptop" "$net_tmp/setuid"
	chmod 4755 "$net_tmp/setuid"
	begin uid setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
		"$net_tmp/setuid" -l -n -c 100 --transport raw "$target4"
	is "set-uid: every capability is gone" "$(sets)" "$all_gone"
	is "set-uid: back to the real user" \
		"$(sed -n 's/^Uid:[[:space:]]*//p' "/proc/$pid/status" | tr '\t' ' ') $(raw_sockets)" \
		"65534 65534 65534 65534 4 4"
	end
	;;
esac

# All reports side by side.
reports=
for family in 4 6; do
	eval "target=\$target$family"
	for option in "--transport raw" "--transport raw -u" --dublin; do
		in_ns c timeout 60 "$net_tmp/hoptop" -n -w -c 3 -i 0.1 -G 1 $option "$target" \
			>"$net_tmp/report $option $family" 2>&1 &
		reports="$reports $!"
	done
done
wait $reports
for family in 4 6; do
	for option in "--transport raw" "--transport raw -u" --dublin; do
		is "hoptop $option IPv$family: the report" \
			"$(awk '/\|-- / { print $2, $3, $4 }' "$net_tmp/report $option $family" | tr '\n' ' ')" \
			"$(for ttl in 1 2 3 4 5 6; do echo "$(hop "$family" "$ttl") 0.0% 3"; done | tr '\n' ' ')"
	done
done

## The simulator ###############################################################

if ! in_ns c ip tuntap add mode tun name try 2>/dev/null; then
	skip "behind the simulator" "TUN devices are not permitted"
	net_done
fi
ip netns del "${net_prefix}c"
tun_ns

# judge NAME SCENARIO FIRST TTLS COUNT: every reply in $net_tmp/replies against the log:
# its probe, who answered, the time it took; how many of them there are
judge() {
	sed -n 's/.* in=\([0-9]*\).*/\1 &/p' "$net_tmp/$2.log" | grep -v kind=ignored |
		sort -n >"$net_tmp/sorted"
	awk -v first="$3" -v ttls="$4" "$net_awk"'
		FNR == NR {
			ttl[n + 0] = value("ttl")
			from[n + 0] = value("from")
			truth[n + 0] = (value("out") - value("in")) / 1000
			n++
			next
		}
		/^ttl=/ && value("match") == 3 {
			nth = value("seq") * ttls + value("ttl") - first
			replies++
			if (ttl[nth] != value("ttl") || from[nth] != value("from")) wrong++
			error = value("rtt_us") - truth[nth]
			if (error < 0) early++
			print int(error) | "sort -n"
		}
		END { close("sort -n"); print replies + 0, wrong + 0, early + 0 }
		' "$net_tmp/sorted" "$net_tmp/replies" >"$net_tmp/judged"
	is "$1: replies, to a wrong probe, before the truth" "$(tail -n 1 "$net_tmp/judged")" "$5 0 0"
	at_most "$1: microseconds above it, median" "$(sed -n "$(($5 / 2))p" "$net_tmp/judged")" 20000
}
# sim NAME SCENARIO PROBE-ARGUMENT...: with a simulator of its own, for a whole log
sim() {
	sim_name=$1
	shift
	tun_start "$sim_name" --no-spin --log-all
	probe "$@" >"$net_tmp/replies"
	tun_stop "$tun_pid"
	out=$(cat "$net_tmp/replies")
}
# logged KEY...: of all probes in the log, each combination once
logged() {
	awk -v keys="$*" '
		BEGIN { nk = split(keys, k, " ") }
		/kind=ignored/ { next }
		{
			line = ""
			for (j = 1; j <= nk; j++)
				for (i = 1; i <= NF; i++)
					if (index($i, k[j] "=") == 1) line = line " " $i
			print substr(line, 2)
		}' "$net_tmp/$sim_name.log" | sort -u | tr '\n' ';'
}

# The shortest quotes, from hops that answer in the wrong order, with what is allowed
# to them: the IPv4 header and 8 bytes, the same of IPv6.
cat >"$net_tmp/short.net" <<END
target 203.0.113.25
target 2001:db8:ff::25
hop 1 192.168.1.1  2001:db8:1::1 rtt 9ms  quote 28
hop 2 198.51.100.1 2001:db8:2::1 rtt 1ms  quote 28
hop 3 198.51.100.2 2001:db8:3::1 rtt 7ms  quote 28
hop 4 198.51.100.3 2001:db8:4::1 rtt 3ms  quote 28
hop 5 198.51.100.4 2001:db8:5::1 rtt 5ms  quote 28
hop 6 target       rtt 2ms  quote 28
END
for proto in icmp udp tcp; do
	sim short -c 100 -m 6 -i 200 "$proto" 203.0.113.25
	judge "$proto, 28 bytes quoted" short 1 6 600
	is "$proto, 28 bytes quoted: none foreign" "$(get unmatched) $(get wrong)" "0 0"
done
sed 's/quote 28/quote 48/' "$net_tmp/short.net" >"$net_tmp/short6.net"
for proto in icmp udp tcp; do
	sim short6 -c 100 -m 6 -i 200 "$proto" 2001:db8:ff::25
	judge "$proto IPv6, 48 bytes quoted" short6 1 6 600
done
# The one case where nothing is left, no payload: never guessed.
sim short6 -c 20 -m 6 -i 200 -s 48 udp 2001:db8:ff::25
is "udp IPv6, 48 bytes sent: by whom is not said" \
	"$(printf '%s\n' "$out" | sed -n 's/.* match=1 .* from=\([^ ]*\) .*/<\1>/p' | sort -u)" "<>"
is "udp IPv6, 48 bytes sent: none is sure" "$(printf '%s\n' "$out" | grep -c ' match=3 ')" 0
sim short6 -c 3 -m 6 -i 10000000 -s 48 udp 2001:db8:ff::25
is "udp IPv6, 48 bytes sent, one at a time: whose it is" \
	"$(each match) $(each from | cut -d' ' -f1)" \
	"2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2001:db8:1::1"

# Everything on the wire, for all six, as the other end read it.
cat >"$net_tmp/plain.net" <<END
target 203.0.113.30
target 2001:db8:ff::30
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 198.51.100.1 2001:db8:2::1 rtt 2ms mpls 24001 3 1 mpls 16 5 254
hop 3 198.51.100.2 2001:db8:3::1 rtt 3ms interface 42 ge-0/0/1 9000
hop 4 198.51.100.3 2001:db8:4::1 rtt 3ms mpls 77 1 2 no-length
hop 5 target       rtt 4ms tcp open
END
for target in 203.0.113.30 2001:db8:ff::30; do
	for proto in icmp udp tcp; do
		case $target in *:*) v=IPv6 ;; *) v=IPv4 ;; esac
		sim plain -c 40 -m 5 -Q 0xb8 -s 120 -F 5 -i 1000 "$proto" "$target"
		judge "$proto $v" plain 1 5 200
		port=33434
		[ "$proto" = udp ] || port=80
		ports="sport=61005 dport=$port "
		[ "$proto" = tcp ] || count='[0-9a-f]*'
		[ "$proto" != icmp ] || ports="sport=0 dport=0 "
		label=0 one=1
		[ "$v" = IPv4 ] || label=$((0x9e377 * 6 % 0x100000))
		is "$proto $v: size, ports, TOS, label, DF, checksum right" \
			"$(logged sport dport len tos label df sumok)" \
			"${ports}len=120 tos=184 label=$label df=0 sumok=1;"
		case $proto in
		udp) [ "$v" = IPv4 ] || one=200
			is "udp $v: $one checksum(s)" "$(logged sum | tr ';' '\n' | sort -u | grep -c .)" "$one" ;;
		tcp) is "tcp $v: checksums differ, so do sequence numbers" \
			"$(logged syn | tr ';' '\n' | wc -l)" 200 ;;
		*) is "$proto $v: one checksum" "$(logged sum | tr ';' '\n' | wc -l)" 1 ;;
		esac
		[ "$v" = IPv6 ] || is "$proto $v: IDs differ, none is 0" \
			"$(logged ident | tr ';' '\n' | grep -vc '=0$')" 200
		is "$proto $v: MPLS" "$(printf '%s\n' "$out" | grep -c '^ttl=2 .* mpls=24001/3/0/1 mpls=16/5/1/254')" 40
		is "$proto $v: interface" "$(printf '%s\n' "$out" | grep -c '^ttl=3 .* ifindex=42 ifname=ge-0/0/1')" 40
		is "$proto $v: MPLS of an old router" "$(printf '%s\n' "$out" | grep -c '^ttl=4 .* mpls=77/1/1/2')" 40
		is "$proto $v: TOS seen as sent" "$(printf '%s\n' "$out" | grep -c '^ttl=[1-4] .* changed=0x0 q_tos=184 q_ttl=1 ')" 160
		if [ "$proto" = tcp ]; then
			is "tcp $v: open" "$(printf '%s\n' "$out" | grep -c '^ttl=5 .* kind=tcp-open ')" 40
			# ttl 64, a reset, with the number that the target waits for
			is "tcp $v: the kernel resets what was opened" \
				"$(grep -c 'proto=tcp .*kind=ignored.* flags=0*4 ' "$net_tmp/plain.log")" 40
		fi
	done
done
# A target that waits for the end of a handshake answers no further SYN of the same
# ports: once one was answered, the next leaves after the answer to the one before.
# The first may meet those that left before that, and one is on its way meanwhile.
sim plain -k -c 30 -f 5 -m 5 -i 500 tcp 203.0.113.30
at_most "tcp: SYNs in the way of another" \
	"$(sed -n 's/^ttl=5 .* in=\([0-9]*\) out=\([0-9]*\)$/\1 \2/p' "$net_tmp/plain.log" | grep -v -- '-1' |
		sort -n | awk '!first { first = $2 } $1 > first && $1 < before { n++ } { before = $2 }
			END { print n + 0 }')" 3
at_least "tcp: some had to wait" "$(get again)" 1
sim plain -c 20 -m 1 -s 28 -F 9 -Q 3 udp 203.0.113.30
is "28 bytes of UDP" "$(logged len tos sport sumok)" "len=28 tos=3 sport=61009 sumok=1;"
sim plain -c 2 -m 1 -s 1400 -B 171 udp 203.0.113.30
is "the pattern fills it" "$(logged len payload fill filled)" "len=1400 payload=1372 fill=ab filled=1362;"

# A target that answers from another address.
cat >"$net_tmp/else.net" <<END
target 203.0.113.33
target 2001:db8:ff::33
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 target from 198.51.100.99 from 2001:db8:99::99 rtt 4ms tcp open 443
END
for target in 203.0.113.33 2001:db8:ff::33; do
	case $target in *:*) other=2001:db8:99::99 ;; *) other=198.51.100.99 ;; esac
	sim else -c 10 -f 2 -m 2 -P 443 tcp "$target"
	is "tcp $target, open, from another address" \
		"$(printf '%s\n' "$out" | grep -c " match=3 kind=tcp-open from=$other ") $(get wrong)" "10 0"
	sim else -c 10 -f 2 -m 2 -P 80 tcp "$target"
	is "tcp $target, closed, from another address" \
		"$(printf '%s\n' "$out" | grep -c " match=3 kind=tcp-closed from=$other ") $(get wrong)" "10 0"
done

# NATs and others who rewrite, in the quotes of all hops behind.
cat >"$net_tmp/nat.net" <<END
target 203.0.113.31
target 2001:db8:ff::31
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 198.51.100.1 2001:db8:2::1 rtt 2ms quote-source 203.0.113.9 40001 quote 28
hop 3 198.51.100.2 2001:db8:3::1 rtt 3ms quote-source 2001:db8:9::9 40001
hop 4 198.51.100.3 2001:db8:4::1 rtt 4ms tos 0
hop 5 198.51.100.4 2001:db8:5::1 rtt 5ms quote-id 0 quote full
hop 6 198.51.100.5 2001:db8:6::1 rtt 6ms quote-length 0
hop 7 target       rtt 8ms
END
for proto in icmp udp tcp; do
	sim nat -c 10 -m 7 -Q 0xb8 "$proto" 203.0.113.31
	judge "$proto IPv4 through a NAT" nat 1 7 70
	printf '%s\n' "$out" | sed -n 's/^\(ttl=[0-9]*\) .* \(changed=[0-9a-fx]*\).*/\1 \2/p' |
		sort -u >"$net_tmp/changed"
	say "$(tr '\n' ';' <"$net_tmp/changed")"
	is "$proto IPv4: nothing has changed before it" "$(sed -n 's/ttl=1 //p' "$net_tmp/changed")" changed=0x0
	# Address 0x20, checksum 0x8 (TCP: not quoted; ICMP for IPv4 has no addresses in
	# it), port 0x40.
	case $proto in icmp) nat='0x20' ;; tcp) nat='0x60' ;; *) nat='0x68' ;; esac
	is "$proto IPv4: behind it source and port have" "$(sed -n 's/ttl=2 //p' "$net_tmp/changed")" "changed=$nat"
	is "$proto IPv4: the ID of a host that erases it" "$(sed -n 's/ttl=5 //p' "$net_tmp/changed")" changed=0x5
	is "$proto IPv4: the TOS has from hop 4 on" \
		"$(awk '{ sub(/.*0x/, "0x"); print (substr($1, length($1)) ~ /[13579bdf]/) }' "$net_tmp/changed" | head -n 6 | tr '\n' ' ')" \
		"0 0 0 1 1 1 "
done
sed 's/ quote 28//' "$net_tmp/nat.net" >"$net_tmp/nat6.net"
for proto in icmp udp tcp; do
	sim nat6 -c 10 -m 7 -Q 0xb8 "$proto" 2001:db8:ff::31
	judge "$proto IPv6 through a NAT" nat6 1 7 70
done

# Garbage of every kind and damaged answers come first: nothing of it is believed.
sed 's/31$/32/' "$net_tmp/nat.net" | sed 's/ quote.*//; s/ tos 0//' >"$net_tmp/bad.net"
for target in 203.0.113.32 2001:db8:ff::32; do
	for proto in icmp udp; do
		tun_start bad --no-spin --garbage
		out=$(probe -c 40 -m 7 -i 500 "$proto" "$target")
		tun_stop "$tun_pid"
		# One kind has the token of another time: who asked knows that it is not his.
		is "$proto $target, garbage: all answered by whom they should be, and one kind late" \
			"$(get received) $(get wrong) $(printf '%s\n' "$out" | grep -v ' match=0 ' | grep -cE 'from=(198\.51\.100\.66|2001:db8:66::66)')" "280 280 280"
	done
done
net_done
