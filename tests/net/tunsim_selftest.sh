#!/bin/sh
# SPDX-License-Identifier: ISC
# The simulator behind a TUN device against the system's own ping and traceroute.
#
# They are the oracle here: what they and the kernel accept and print must be what
# the scenario says.  All in a network namespace that ends with this script.
set -u
: "${srcdir:=.}" "${builddir:=.}"

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

if [ "${1-}" != inside ]; then
	command -v unshare >/dev/null || skip_all "no unshare"
	command -v ip >/dev/null || skip_all "no ip"
	command -v ping >/dev/null || skip_all "no ping"
	command -v traceroute >/dev/null || skip_all "no traceroute"
	[ -c /dev/net/tun ] || skip_all "no /dev/net/tun"
	# Root makes a namespace; others need a user namespace around it.
	for how in "-n" "-rn"; do
		unshare $how ip tuntap add mode tun name hsim0 2>/dev/null \
			&& exec unshare $how "$0" inside
	done
	skip_all "may not make a network namespace with a TUN device"
fi

tmp=$(mktemp -d) || exit 1
pids=
trap '[ -z "$pids" ] || kill $pids 2>/dev/null; rm -rf "$tmp"' EXIT INT TERM

ip link set lo up
ip addr add 192.0.2.10/32 dev lo
ip addr add 2001:db8::10/128 dev lo nodad

# world NAME [OPTION]...: the scenario $tmp/NAME.net behind device NAME
world() {
	world=$1
	shift
	mkfifo "$tmp/ready"
	"$builddir/tests/net/tunsim" "$tmp/$world.net" --dev "$world" --log "$tmp/$world.log" \
		"$@" >"$tmp/ready" 2>"$tmp/err" &
	pid=$!
	pids="$pids $pid"
	word=
	read -r word <"$tmp/ready"
	rm "$tmp/ready"
	if [ "$word" != ready ]; then
		echo "not ok 1 - the world $world is ready"
		sed 's/^/# /' "$tmp/err"
		echo 1..1
		exit 1
	fi
	# Only now: a device that goes up before it is opened drops packets for a while.
	ip link set "$world" up
	echo 0 >"/proc/sys/net/ipv4/conf/$world/rp_filter"
	for to in $(sed -n 's/^target *//p' "$tmp/$world.net"); do
		ip route add "$to" dev "$world"
	done
}

# end PID: of a world; its log is whole then
end() {
	kill "$1"
	wait "$1"
} 2>/dev/null

n=0
# is NAME FILE PATTERN: a line of FILE matches.
is() {
	n=$((n + 1))
	if grep -Eq -e "$3" "$2"; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		sed 's/^/# /' "$2"
	fi
}

# same NAME GOT WANTED
same() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		printf 'not ok %d - %s\n' "$n" "$1"
		printf 'got:\n%s\nwanted:\n%s\n' "$2" "$3" | sed 's/^/# /'
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

## Answers and times ###########################################################

cat >"$tmp/test.net" <<'END'
name   self-test
target 203.0.113.80
target 2001:db8:80::80
hop 1  192.0.2.1       2001:db8:1::1  rtt 5ms
hop 2  198.51.100.1    2001:db8:2::1  rtt 30ms mpls 24001 3 1 mpls 16 5 254
hop 3  silent
hop 4  198.51.100.5    2001:db8:4::1  rtt 50ms quote 28
hop 5  target          rtt 80ms tcp open
END
world test

# Time exceeded and port unreachable, as the kernel and traceroute read them.  A
# time may be longer than the scenario says, never shorter.
for v in 4 6; do
	if [ $v = 4 ]; then
		target=203.0.113.80 hop1=192.0.2.1 hop2=198.51.100.1 hop4=198.51.100.5
	else
		target=2001:db8:80::80 hop1=2001:db8:1::1 hop2=2001:db8:2::1 hop4=2001:db8:4::1
	fi
	traceroute -$v -n -e -q 1 -w 3 -m 8 $target >"$tmp/udp$v" 2>&1
	is "IPv$v UDP: hop 1" "$tmp/udp$v" "^ 1  $hop1  ([5-9]|[0-9]{2,})\.[0-9]+ ms"
	is "IPv$v UDP: hop 2 and its labels" "$tmp/udp$v" \
		"^ 2  $hop2 <MPLS:L=24001,E=3,S=0,T=1/L=16,E=5,S=1,T=254>  ([3-9][0-9]|[0-9]{3,})\.[0-9]+ ms"
	is "IPv$v UDP: hop 3 is silent" "$tmp/udp$v" "^ 3  \*"
	is "IPv$v UDP: hop 4, quote of 28 bytes" "$tmp/udp$v" \
		"$([ $v = 4 ] && echo "^ 4  $hop4  ([5-9][0-9]|[0-9]{3,})\.[0-9]+ ms" || echo "^ 4  \*")"
	is "IPv$v UDP: the target" "$tmp/udp$v" "^ 5  $target  ([89][0-9]|[0-9]{3,})\.[0-9]+ ms"

	ping -$v -n -c 3 -i 0.2 -w 20 $target >"$tmp/ping$v" 2>&1
	is "IPv$v ping: all answered" "$tmp/ping$v" "3 received, 0% packet loss"
	is "IPv$v ping: TTL of the answer" "$tmp/ping$v" "ttl=60 time=([89][0-9]|[0-9]{3,})"
done

# The log, and the time it takes: nothing may leave before it is due.
end "$pid"
is "log: a transit hop" "$tmp/test.log" \
	"^ttl=1 proto=udp .* kind=time-exceeded from=192\.0\.2\.1 .* in=[0-9]+ out=[0-9]+$"
is "log: silence" "$tmp/test.log" "^ttl=3 proto=udp .* kind=none from=- .* in=[0-9]+ out=-1$"
is "log: echo" "$tmp/test.log" "proto=icmp .* seq=1 .* kind=echo-reply from=203\.0\.113\.80"
awk '
	{ for (i = 1; i <= NF; i++) { split($i, kv, "="); f[kv[1]] = kv[2] }
	  if (f["out"] < 0) next
	  base = f["ttl"] == 1 ? 5 : f["ttl"] == 2 ? 30 : f["ttl"] == 4 ? 50 : 80
	  off = (f["out"] - f["in"]) / 1000 - base * 1000
	  if (off < 0) early++
	  lateness[++n] = off }
	END { for (i = 1; i <= n; i++) for (j = i; j > 1 && lateness[j] < lateness[j - 1]; j--) {
			t = lateness[j]; lateness[j] = lateness[j - 1]; lateness[j - 1] = t }
		printf "early %d, median lateness %d us\n", early, lateness[int((n + 1) / 2)] }
' "$tmp/test.log" >"$tmp/times"
is "answers leave no earlier than due" "$tmp/times" "^early 0,"
# Loose, for machines that are busy: idle ones show some 20 us.
is "and within 50 ms, in the median" "$tmp/times" "lateness ([0-9]{1,4}|[0-4][0-9]{4}) us"
sed 's/^/# /' "$tmp/times"

## Flows #######################################################################

# Four ways of two hops each.  traceroute keeps the ports as they are told.
cat >"$tmp/ecmp.net" <<'END'
target 203.0.113.81
target 2001:db8:80::81
hop 1 192.168.1.1 2001:db8:1::1
hop 2 198.51.100.11 198.51.100.12 198.51.100.13 198.51.100.14 2001:db8:2::11 2001:db8:2::12 2001:db8:2::13 2001:db8:2::14
hop 3 198.51.100.21 198.51.100.22 198.51.100.23 198.51.100.24 2001:db8:3::21 2001:db8:3::22 2001:db8:3::23 2001:db8:3::24
hop 3 choose like 2
hop 4 target rtt 1ms tcp open
END
sed -e 's/81$/82/' -e 's/like 2/like 2\nhop 2 choose packet/' "$tmp/ecmp.net" >"$tmp/random.net"
world ecmp
ecmp=$pid
world random
random=$pid
flows="0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15"

# ways OPTION...: of flow $f, "hop 2's address, hop 3's": their last digits
ways() {
	traceroute -n -q 1 -w 20 -f 2 -m 3 "$@" | awk '
		NR > 1 { way = way substr($2, length($2)) }
		END { print way }'
}
# split_ways: the first sixteen flows, and the first three once more
split_ways() {
	cat >"$tmp/all"
	head -n 16 "$tmp/all" >"$tmp/ways"
	tail -n +17 "$tmp/all" >"$tmp/again"
}
# all_flows NAME: in the files "ways" and "again" each flow keeps to one way, all ways are found
all_flows() {
	same "$1: flows keep to one of four ways" "$(sort -u "$tmp/ways" | paste -s -d ' ')" \
		"11 22 33 44"
	same "$1: and again to the same" "$(cat "$tmp/again")" "$(head -n 3 "$tmp/ways")"
}
for how in "4 UDP -U" "6 UDP -U -l 5" "4 TCP -T" "6 TCP -T -l 5"; do
	set -- $how
	v=$1 proto=$2
	shift 2
	target=$([ "$v" = 4 ] && echo 203.0.113.81 || echo 2001:db8:80::81)
	for f in $flows 0 1 2; do
		ways "-$v" "$@" -p 33434 --sport=$((61000 + f)) "$target"
	done | split_ways
	all_flows "IPv$v $proto, by source port"
done
for f in $flows 0 1 2; do
	ways -6 -U -p 33434 --sport=61000 -l $((f + 1)) 2001:db8:80::81
done | split_ways
all_flows "IPv6 UDP, by flow label"
for f in $flows 0 1 2; do
	ways -U -p $((33434 + f)) --sport=61000 203.0.113.81
done | split_ways
all_flows "IPv4 UDP, by target port"
# ICMP: all that ping sends is in the checksum, the time of day too, so that each echo
# is a flow, another one in every run; 128 of them miss one of four ways once in 10^15
# runs.  Our own transport has a checksum for each flow, so that all its echoes are one.
echo "0 0" >/proc/sys/net/ipv4/ping_group_range # all that a user namespace may have
for v in 4 6; do
	target=$([ $v = 4 ] && echo 203.0.113.81 || echo 2001:db8:80::81)
	ping -$v -n -q -t 2 -c 128 -i 0.002 -W 1 $target >/dev/null
	for f in 0 1 2 3 4 5 6 7; do
		"$builddir/tests/net/probe" -F "$f" -f 2 -m 3 -c 3 icmp $target |
			sed -n 's/^ttl=\([23]\) .* from=[^ ]*\([0-9]\) .*/\1\2/p' | sort -u |
			paste -s -d ' '
	done >"$tmp/ways"
	same "IPv$v ICMP, by checksum: flows keep to one of four ways" \
		"$(grep -c '^2\([1-4]\) 3\1$' "$tmp/ways")" 8
	sort -u "$tmp/ways" | grep -c . >"$tmp/several"
	is "IPv$v ICMP, by checksum: not all to the same" "$tmp/several" '^[2-4]$'
done

# Packet by packet: one flow sees all, and each packet stays on its way.
for v in 4 6; do
	target=$([ $v = 4 ] && echo 203.0.113.82 || echo 2001:db8:80::82)
	for ttl in 2 3; do
		for i in 1 2 3 4; do
			traceroute -$v -n -q 10 -w 20 -f $ttl -m $ttl -U -p 33434 --sport=61000 \
				$([ $v = 6 ] && echo -l 5) "$target"
		done | tr ' ' '\n' | sed -n 's/^\(198\|2001\)[.:].*\(.\)$/\2/p' | sort -u |
			paste -s -d ' ' >"$tmp/random"
		same "IPv$v, balanced by packet: hop $ttl" "$(cat "$tmp/random")" "1 2 3 4"
	done
done
end "$ecmp"
end "$random"
for v in 4 6; do
	target=$([ $v = 4 ] && echo 203.0.113.81 || echo 2001:db8:80::81)
	same "IPv$v ICMP: echoes with other checksums go all ways" \
		"$(sed -n "s/^ttl=2 proto=icmp .*len=\(84\|104\) .*dst=$target .*branch=\([0-9]\).*/\2/p" \
			"$tmp/ecmp.log" | sort -u | paste -s -d ' ')" "1 2 3 4"
done

## TCP #########################################################################

# The kernel's own sockets must accept what comes back.
cat >"$tmp/tcp.net" <<'END'
target 203.0.113.83
target 2001:db8:80::83
hop 1 192.168.1.1 2001:db8:1::1
hop 2 198.51.100.2 2001:db8:2::1 quote 28
hop 3 target rtt 1ms tcp open 443 tcp silent 25
END
world tcp --log-all

# connect ADDRESS PORT [SECONDS]: what becomes of it
#
# An ICMP error that arrives while connect() still holds the socket is only a
# "soft" one to Linux: the next SYN, a second later, is the one that says it. So
# an error has time for some SYNs; silence needs none.
connect() {
	timeout "${3:-20}" bash -c 'exec 3<>"/dev/tcp/$1/$2"' bash "$1" "$2" 2>"$tmp/connect"
	case $? in
	0) echo open ;;
	124) echo silence ;;
	*) sed -n 's/^bash: connect: //p' "$tmp/connect" ;;
	esac
}
if command -v bash >/dev/null; then
	for target in 203.0.113.83 2001:db8:80::83; do
		same "TCP $target: an open port" "$(connect $target 443)" open
		same "TCP $target: a closed port" "$(connect $target 80)" "Connection refused"
		same "TCP $target: a silent port" "$(connect $target 25 0.5)" silence
		for ttl in 1 2; do
			ip route change "$target" dev tcp hoplimit $ttl
			# Linux wants 8 bytes behind the IP header: 28 are too few for IPv6.
			case $ttl$target in
			2*:*) want=silence seconds=0.5 ;;
			*) want="No route to host" seconds=20 ;;
			esac
			same "TCP $target: time exceeded at hop $ttl" "$(connect $target 443 $seconds)" "$want"
		done
	done
else
	skip "TCP: what sockets say" "no bash"
fi
end "$pid"
if command -v bash >/dev/null; then
	same "TCP: what follows SYN-ACK has no answer" \
		"$(grep 'dport=443 .*flags=\([^0].\|0[^2]\)' "$tmp/tcp.log" | sed 's/.*\(kind=[^ ]*\).*/\1/' | sort -u)" \
		"kind=ignored"
	# The kernel sends it again when the simulator is not run for a second.
	same "TCP: one SYN each, the checksum right, the sequence number told" \
		"$(sed -n 's/.*dport=443 .*kind=tcp-open .*sumok=1 \(syn=[1-9][0-9]*\) .*/\1/p' \
			"$tmp/tcp.log" | sort -u | wc -l)" 2
fi

## Quotes ######################################################################

cat >"$tmp/nat.net" <<'END'
target 203.0.113.84
target 2001:db8:80::84
hop 1  192.168.1.1   2001:db8:1::1
hop 2  198.51.100.2  2001:db8:2::1 tos 4
hop 3  198.51.100.3  2001:db8:3::1 quote-source 203.0.113.9 40001 quote-source 2001:db8:99::9 40001
hop 4  198.51.100.4  2001:db8:4::1 quote-target 203.0.113.99 quote-target 2001:db8:99::99
hop 5  198.51.100.5  2001:db8:5::1 quote-id 0 quote-checksum 4660
hop 6  198.51.100.6  2001:db8:6::1 quote-length 0
hop 7  198.51.100.7  2001:db8:7::1 quote 48 mpls 24001 3 1
hop 8  198.51.100.8  2001:db8:8::1 mpls 24001 3 1 no-length
hop 9  198.51.100.9  2001:db8:9::1 quote 28
hop 10 target
END
world nat
nat=$pid

# Errors as one line each: the router's last digit, the bytes from ICMP on, in hex
errors() {
	tcpdump -nn -x -r "$1" 2>/dev/null | awk '
		function flush() {
			v6 = substr(hex, 1, 1) == "6"
			if (hex != "" && substr(hex, v6 ? 13 : 19, 2) == (v6 ? "3a" : "01"))
				print substr(hex, v6 ? 28 : 32, 1), substr(hex, v6 ? 81 : 41)
			hex = ""
		}
		/^[0-9]/ { flush() }
		/^\t0x/ { for (i = 2; i <= NF; i++) hex = hex $i }
		END { flush() }' | grep -E '^[0-9a-f] (0b|03)'
}
# six HOP: how many errors of a hop are about UDP, TCP and ICMP, IPv4 and IPv6, with
# TTL 1, $tos, $len4, $len6, $id, $addrs4, $addrs6, $port, $sum
six() {
	for pattern in \
		"45$tos$len4${id}00000111....$addrs4${port:-ee48}829a0028$sum" \
		"45$tos$len4${id}00000106....$addrs4${port:-ee4a}829a.{16}....$window$sum" \
		"45$tos$len4${id}00000101....${addrs4}0800$sum" \
		"6${tos}00005${len6}1101$addrs6${port:-ee49}829a0014$sum" \
		"6${tos}00005${len6}0601$addrs6${port:-ee4b}829a.{16}....$window$sum" \
		"6${tos}00005${len6}3a01${addrs6}8000$sum"; do
		grep -cE "^$1 .{16}$pattern" "$tmp/errors"
	done | paste -s -d ' '
}

# listen: capture what passes the device nat; false if that is not to be had, as in
# some user namespaces
listen() {
	command -v tcpdump >/dev/null || return 1
	# Short packets: many fit in its buffer.
	tcpdump -i nat -Z root -s 1600 -w "$tmp/nat.pcap" -U --immediate-mode 2>"$tmp/listens" &
	dump=$!
	pids="$pids $dump"
	polls=0
	until grep -q listening "$tmp/listens"; do
		polls=$((polls + 1))
		[ $polls -lt 1000 ] && kill -0 $dump 2>/dev/null || return 1
		sleep 0.02
	done
}

if listen; then
	jobs=
	for how in "4 U ee48 -p 33434" "4 T ee4a -p 33434" "4 I 0 -N 1" \
		"6 U ee49 -p 33434 -l 5" "6 T ee4b -p 33434 -l 5" "6 I 0 -N 1 -l 5"; do
		set -- $how
		target=$([ "$1" = 4 ] && echo 203.0.113.84 || echo 2001:db8:80::84)
		port=$((0x$3)) trace=$tmp/trace$2$1
		[ $port = 0 ] || port="0 --sport=$port"
		what="-$1 -$2"
		shift 3
		traceroute -n -q 1 -w 2 -t 184 $what "$@" ${port#0} "$target" 60 \
			>"$trace" 2>&1 &
		jobs="$jobs $!"
	done
	for target in 203.0.113.84 2001:db8:80::84; do
		traceroute -n -q 1 -w 20 -m 1 $target 1400 >/dev/null &
		jobs="$jobs $!"
	done
	wait $jobs
	# What is captured is in order: all is there when this one is.
	ping -n -q -c 1 -s 999 -w 20 203.0.113.84 >/dev/null
	polls=0
	until tcpdump -nn -r "$tmp/nat.pcap" 2>/dev/null | grep -q 'echo reply.*length 1007' ||
		[ $polls = 1000 ]; do
		polls=$((polls + 1))
		sleep 0.02
	done
	end $dump
	errors "$tmp/nat.pcap" >"$tmp/errors"

	# As they were sent; then what each hop makes of that.
	sent4=c000020acb007154 nat4=cb007109cb007154 dnat4=c000020acb007163
	source6=20010db8000000000000000000000010 target6=20010db8008000000000000000000084
	nat6=20010db8009900000000000000000009 dnat6=20010db8009900000000000000000099
	as_sent() {
		tos=04 len4=003c len6='00(14|28)' id=.... port='' window=.... sum=....
		addrs4=$sent4 addrs6=$source6$target6
	}
	all="1 1 1 1 1 1"
	as_sent
	tos=b8
	same "quotes: as sent, but for the TTL" "$(six 1)" "$all"
	as_sent
	same "quotes: the TOS is another from hop 2 on" "$(six 2)" "$all"
	addrs4=$nat4 addrs6=$nat6$target6 port=9c41
	same "quotes: source and port of a NAT" "$(six 3)" "$all"
	as_sent
	addrs4=$dnat4 addrs6=$source6$dnat6
	same "quotes: another target" "$(six 4)" "$all"
	as_sent
	id=0000 sum=1234
	same "quotes: identification 0, another checksum" "$(six 5)" "$all"
	as_sent
	len4=0000 len6=0000
	same "quotes: length 0" "$(six 6)" "$all"
	as_sent
	same "quotes: in front of extensions" "$(six 7)" "$all"
	same "quotes: in front of old extensions" "$(six 8)" "$all"

	tcpdump -nvv -r "$tmp/nat.pcap" 2>/dev/null >"$tmp/nat.text"
	is "quotes: checksum of UDP behind a NAT" "$tmp/nat.text" \
		"203\.0\.113\.9\.40001 > 203\.0\.113\.84\.33434: \[udp sum ok\]"
	is "quotes: checksum of TCP behind a NAT" "$tmp/nat.text" \
		"203\.0\.113\.9\.40001 > 203\.0\.113\.84\.33434: Flags \[S\], cksum 0x[0-9a-f]+ \(correct\)"
	labels=2000....0008010105dc1701
	count() { grep -cE "$1" "$tmp/errors"; }
	same "quotes of 48 bytes, padded to 128, length told" \
		"$(count "^7 0b00....00200000.{96}0{160}$labels\$") $(count "^7 0300....10000000.{96}0{160}$labels\$")" \
		"3 3"
	same "quotes padded to 128, length not told" \
		"$(count "^8 0b00....00000000.{256}$labels\$") $(count "^8 0300....00000000.{256}$labels\$")" "3 3"
	same "quotes of 28 bytes" \
		"$(count "^9 0b00....00000000.{56}\$") $(count "^9 0300....00000000.{56}\$")" "3 3"
	# RFC 1812 and RFC 4443: 576 and 1280 with the IP header.
	same "quotes of 1400 bytes: the error has 576 or 1280" \
		"$(count "^1 0b.{1110}\$") $(count "^1 03.{2478}\$")" "1 1"
	for trace in U4 T4 I4 U6 T6 I6; do
		# What a NAT did not repair is nobody's; 28 bytes are too few for IPv6.
		same "quotes: whose answers reach traceroute, $trace" \
			"$(awk 'NR > 1 && $2 != "*" { print $1 }' "$tmp/trace$trace" | paste -s -d ' ')" \
			"$(case $trace in *4) echo 1 2 5 6 7 8 9 10 ;; *) echo 1 2 5 6 7 8 10 ;; esac)"
	done
else
	skip "quotes" "tcpdump does not work here"
fi
for target in 203.0.113.84 2001:db8:80::84; do
	for proto in icmp udp; do
		"$builddir/tests/net/probe" -m 10 -c 2 -w 2000 $proto $target >"$tmp/probe"
		# What it makes of other addresses is its own affair.
		same "quotes: $proto $target, our transport takes nothing else amiss" \
			"$(sed -n 's/.* \(wrong=[0-9]*\) .*\(malformed=[0-9]*\).*/\1 \2/p' "$tmp/probe") $(
				grep -c '^ttl=[1256] .* match=3' "$tmp/probe")" "wrong=0 malformed=0 8"
	done
done
end "$nat"

## Who answers #################################################################

cat >"$tmp/who.net" <<'END'
target 203.0.113.85
target 2001:db8:80::85
hop 1 192.168.1.1  2001:db8:1::1
hop 2 198.51.100.2 2001:db8:2::1 refuses admin
hop 3 from target
hop 4 198.51.100.4 2001:db8:4::1
hop 5 target from 198.51.100.99 from 2001:db8:99::99 udp closed udp data 53
END
sed -e 's/85$/86/' -e 's/refuses/blocks/' "$tmp/who.net" >"$tmp/wall.net"
world who
who=$pid
world wall
wall=$pid
for v in 4 6; do
	[ $v = 4 ] && net=203.0.113. || net=2001:db8:80::
	[ $v = 4 ] && other=198.51.100.99 || other=2001:db8:99::99
	[ $v = 4 ] && hop2=198.51.100.2 || hop2=2001:db8:2::1
	trace() { traceroute -$v -n -q 1 -w 10 "$@" 2>&1 | sed 1d; }
	trace -f 2 -m 2 ${net}85 >"$tmp/2"
	is "IPv$v: refused in the middle ..." "$tmp/2" "^ 2  $hop2 .* !X$"
	trace -f 3 ${net}85 >"$tmp/3"
	is "IPv$v: ... and it goes on: time exceeded by the target's address" "$tmp/3" \
		"^ 3  ${net}85  [0-9.]+ ms$"
	is "IPv$v: port unreachable from another address" "$tmp/3" "^ 5  $other  [0-9.]+ ms$"
	# traceroute has a socket that is connected, and takes data from the target alone.
	"$builddir/tests/net/probe" -f 5 -m 5 -P 53 udp ${net}85 >"$tmp/5"
	# The simulator writes its log when it has sent the answer.
	tries=0
	until grep -q "dport=53 .*kind=udp-data from=$other " "$tmp/who.log"; do
		tries=$((tries + 1))
		[ "$tries" -lt 1000 ] || break
		sleep 0.02
	done
	is "IPv$v: data from another address" "$tmp/who.log" "dport=53 .*kind=udp-data from=$other "
	trace -f 2 -m 2 ${net}86 >"$tmp/2"
	is "IPv$v: a wall is a hop ..." "$tmp/2" "^ 2  $hop2  [0-9.]+ ms$"
	trace -f 3 -m 3 ${net}86 >"$tmp/3"
	is "IPv$v: ... and lets none pass" "$tmp/3" "^ 3  $hop2 .* !X$"
done
end "$who"
end "$wall"

## The log #####################################################################

cat >"$tmp/keys.net" <<'END'
target 203.0.113.87
target 2001:db8:80::87
hop 1 192.168.1.1  2001:db8:1::1 rtt 3ms
hop 2 198.51.100.2 2001:db8:2::1 2001:db8:2::2 rtt 4ms mtu 1300 hops-back 9
hop 3 target rtt 5ms
END
world keys
# traceroute counts from 0x40 up in its payload, ping repeats what it is told behind
# its 16 bytes of time.
traceroute -n -q 1 -w 20 -m 1 -U -p 33434 --sport=61000 -t 184 -F 203.0.113.87 80 >/dev/null
traceroute -6 -n -q 1 -w 20 -f 2 -m 2 -U -p 33435 --sport=61001 -t 32 -l 74565 2001:db8:80::87 80 \
	>/dev/null
ping -4 -n -c 1 -w 20 -Q 16 -p ab -s 40 203.0.113.87 >/dev/null
ping -6 -n -c 1 -W 1 -s 1400 2001:db8:80::87 >/dev/null
traceroute -n -q 1 -w 20 -f 3 -m 3 -T -p 80 --sport=61002 203.0.113.87 >/dev/null
for v in 4 6; do
	[ $v = 4 ] && target=203.0.113.87 || target=2001:db8:80::87
	for df in "" -F; do
		traceroute -$v -n -q 1 -w 20 -f 3 -m 3 $df $target 1400 >"$tmp/big$v$df" 2>&1
	done
done
is "IPv4 without DF: a narrow link lets it pass" "$tmp/big4" '^ 3  203\.0\.113\.87  [0-9.]+ ms$'
is "IPv4 with DF: too big" "$tmp/big4-F" '^ 3  198\.51\.100\.2  [0-9.]+ ms !F-1300$'
is "IPv6: too big" "$tmp/big6-F" '^ 3  2001:db8:2::[12]  [0-9.]+ ms !F-1300$'
end "$pid"
# line PATTERN KEY=VALUE...: there is such a line, and it says all that
line() {
	pattern=$1
	shift
	grep -e "$pattern" "$tmp/keys.log" | head -n 1 | tr ' ' '\n' >"$tmp/keys"
	for want; do
		grep -qxE "$want" "$tmp/keys" || echo "$want"
	done
}
same "log: IPv4 UDP" "$(line 'sport=61000 ' ttl=1 proto=udp dport=33434 len=80 \
	data=4041424344454647 family=4 src=192.0.2.10 dst=203.0.113.87 tos=184 label=0 \
	'ident=[0-9]+' df=1 sumok=1 payload=52 fill=73 filled=1 total=4654 \
	kind=time-exceeded from=192.168.1.1 hop=1 branch=1 delay=3000000 type=11 code=0 \
	back=255 class=192 mtu=0 quote=80)" ""
same "log: IPv6 UDP" "$(line 'sport=61001 ' ttl=2 proto=udp dport=33435 len=80 \
	family=6 src=2001:db8::10 dst=2001:db8:80::87 tos=32 label=74565 ident=0 df=0 \
	sumok=1 payload=32 hop=2 'branch=[12]' delay=4000000 type=3 code=0 back=247 class=0 \
	quote=80)" ""
same "log: IPv4 ICMP" "$(line 'proto=icmp .*family=4' ttl=64 'id=[1-9][0-9]*' seq=1 \
	len=68 tos=16 sumok=1 payload=40 fill=ab filled=2[4-9] kind=echo-reply hop=3 \
	branch=0 delay=5000000 type=0 back=62 class=16 quote=0)" ""
same "log: IPv6 ICMP, too big" "$(line 'proto=icmp .*family=6' len=1448 payload=1400 \
	kind=unreachable from=2001:db8:2::[12] hop=2 type=2 code=0 mtu=1300 quote=1232)" ""
same "log: TCP" "$(line 'sport=61002 ' proto=tcp dport=80 sumok=1 'syn=[1-9][0-9]*' flags=02 \
	payload=0 kind=tcp-closed from=203.0.113.87 type=0 back=62)" ""
same "log: the keys" "$(sed 's/=[^ ]*//g' "$tmp/keys.log" | sort -u)" \
	"ttl proto id seq sport dport len data kind from family src dst tos label ident df flow \
sum sumok syn flags payload fill filled total hop branch delay type code back class mtu \
quote in out"
echo "1..$n"
