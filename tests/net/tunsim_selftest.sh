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
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$tmp"' EXIT INT TERM

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

mkfifo "$tmp/ready"
"$builddir/tests/net/tunsim" "$tmp/test.net" --dev hsim0 --log "$tmp/log" \
	>"$tmp/ready" 2>"$tmp/err" &
pid=$!
read -r word <"$tmp/ready"
if [ "$word" != ready ]; then
	echo "not ok 1 - tunsim is ready"
	sed 's/^/# /' "$tmp/err"
	echo 1..1
	exit 1
fi
# Only now: a device that goes up before it is opened drops packets for a while.
set -e
ip link set lo up
ip addr add 192.0.2.10/32 dev hsim0
ip addr add 2001:db8::10/128 dev hsim0 nodad
ip link set hsim0 up
ip route add default dev hsim0
ip -6 route add default dev hsim0
set +e

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

# Time exceeded and port unreachable, as the kernel and traceroute read them.  A
# time may be longer than the scenario says, never shorter.
for v in 4 6; do
	if [ $v = 4 ]; then
		target=203.0.113.80 hop1=192.0.2.1 hop2=198.51.100.1 hop4=198.51.100.5
	else
		target=2001:db8:80::80 hop1=2001:db8:1::1 hop2=2001:db8:2::1 hop4=2001:db8:4::1
	fi
	traceroute -$v -n -e -q 1 -w 1 -m 8 $target >"$tmp/udp$v" 2>&1
	is "IPv$v UDP: hop 1" "$tmp/udp$v" "^ 1  $hop1  ([5-9]|[0-9]{2,3})\.[0-9]+ ms"
	is "IPv$v UDP: hop 2 and its labels" "$tmp/udp$v" \
		"^ 2  $hop2 <MPLS:L=24001,E=3,S=0,T=1/L=16,E=5,S=1,T=254>  ([3-9][0-9]|[0-9]{3})\.[0-9]+ ms"
	is "IPv$v UDP: hop 3 is silent" "$tmp/udp$v" "^ 3  \*"
	is "IPv$v UDP: hop 4, quote of 28 bytes" "$tmp/udp$v" \
		"$([ $v = 4 ] && echo "^ 4  $hop4  ([5-9][0-9]|[0-9]{3})\.[0-9]+ ms" || echo "^ 4  \*")"
	is "IPv$v UDP: the target" "$tmp/udp$v" "^ 5  $target  ([89][0-9]|[0-9]{3})\.[0-9]+ ms"

	ping -$v -n -c 3 -i 0.2 -W 2 $target >"$tmp/ping$v" 2>&1
	is "IPv$v ping: all answered" "$tmp/ping$v" "3 received, 0% packet loss"
	is "IPv$v ping: TTL of the answer" "$tmp/ping$v" "ttl=60 time=([89][0-9]|[0-9]{3})"
done

# The log, and the time it takes: nothing may leave before it is due.
kill "$pid"
wait "$pid"
pid=
is "log: a transit hop" "$tmp/log" \
	"^ttl=1 proto=udp .* kind=time-exceeded from=192\.0\.2\.1 .* in=[0-9]+ out=[0-9]+$"
is "log: silence" "$tmp/log" "^ttl=3 proto=udp .* kind=none from=- .* in=[0-9]+ out=-1$"
is "log: echo" "$tmp/log" "proto=icmp .* seq=1 .* kind=echo-reply from=203\.0\.113\.80"
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
' "$tmp/log" >"$tmp/times"
is "answers leave no earlier than due" "$tmp/times" "^early 0,"
# Loose, for machines that are busy: idle ones show some 20 us.
is "and within 5 ms, in the median" "$tmp/times" "lateness ([0-9]|[0-9][0-9]|[0-9][0-9][0-9]|[0-4][0-9][0-9][0-9]) us"
sed 's/^/# /' "$tmp/times"
echo "1..$n"
