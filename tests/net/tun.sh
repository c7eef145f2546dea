#!/bin/sh
# SPDX-License-Identifier: ISC
# The program on real sockets, behind the TUN simulator, as a user without any
# capability.  What is true is in the scenarios and in the simulator's logs.
#
# Times are asserted only with bounds that a busy machine keeps: `make bench` is
# where they are measured.  What has to wait runs side by side.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
tun_ns
for program in hoptop tests/net/events tests/net/probe; do
	net_install "${builddir:-.}/$program"
done

hoptop() { as_user c "$net_tmp/hoptop" "$@"; }

# bg NAME PROGRAM [ARGUMENT]...: run it as the user, output to $net_tmp/NAME
bg() {
	bg_name=$1 bg_program=$net_tmp/$2
	shift 2
	as_user c sh -c 'echo $$ >&3; exec "$@"' sh "$bg_program" "$@" \
		>"$net_tmp/$bg_name" 2>"$net_tmp/$bg_name.err" 3>"$net_tmp/$bg_name.pid" &
	bg_jobs="$bg_jobs $!"
}
bg_jobs=

# await: until everything begun by bg has ended
await() {
	for job in $bg_jobs; do
		wait "$job"
	done
	bg_jobs=
}

# lines FILE PATTERN N: are so many lines like that?
lines() {
	[ "$(grep -c -e "$2" "$1" 2>/dev/null)" -ge "$3" ]
}

# hubs FILE KEY...: a line for each hop of a JSON report: its number, the values
hubs() {
	hubs_file=$1
	shift
	awk -v keys="$*" '
		function flush(  i) {
			if (!n) return
			printf "%s", n
			for (i = 1; i <= nk; i++) printf " %s", v[k[i]]
			print ""
		}
		BEGIN { nk = split(keys, k, " ") }
		/^                "[^"]*": / {
			key = $1; gsub(/[":]/, "", key)
			val = $2; gsub(/[",]/, "", val)
			if (key == "count") { flush(); split("", v); n = val }
			v[key] = val
		}
		END { flush() }' "$net_tmp/$hubs_file"
}

# hub FILE TTL KEY...: the values of one hop
hub() {
	hub_file=$1 hub_ttl=$2
	shift 2
	hubs "$hub_file" "$@" | sed -n "s/^$hub_ttl //p"
}

# total FILE KEY: a value of the last line of events
total() { sed -n "s/^totals.* $2=\([0-9]*\).*/\1/p" "$net_tmp/$1"; }

# totals FILE: sent - received, lost late duplicate failed unmatched malformed
totals() {
	echo "$(($(total "$1" sent) - $(total "$1" received)))" \
		$(for key in lost late duplicate failed unmatched malformed; do total "$1" $key; done)
}

# replies FILE TTL KEY: values of the answers of a hop, each once
replies() {
	sed -n "s/^reply ttl=$2 .*$3=\([^ ]*\).*/\1/p" "$net_tmp/$1" | sort -u | paste -s -d ' '
}

# now_ms: wall clock
now_ms() { echo $(($(date +%s%N) / 1000000)); }

## Fifteen hops, 80 ms #########################################################

fifteen() {
	cat <<-END
		target 203.0.113.$1
		target 2001:db8:ff::$1
		hop 1  192.168.1.1   2001:db8:1::1 rtt 1ms
		hop 2  10.64.0.1     2001:db8:2::1 rtt 8ms
		hop 3  198.51.100.3  2001:db8:3::1 rtt 9ms
		hop 4  198.51.100.4  2001:db8:4::1 rtt 12ms
		hop 5  198.51.100.5  2001:db8:5::1 rtt 18ms
		hop 6  198.51.100.6  2001:db8:6::1 rtt 22ms mpls 24001 3 1 mpls 16 5 254
		hop 7  198.51.100.7  2001:db8:7::1 rtt 30ms interface 42 ge-0/0/1 9000
		hop 8  198.51.100.8  2001:db8:8::1 rtt 38ms
		hop 9  198.51.100.9  2001:db8:9::1 rtt 45ms
		hop 10 198.51.100.10 2001:db8:a::1 rtt 52ms
		hop 11 198.51.100.11 2001:db8:b::1 rtt 60ms
		hop 12 198.51.100.12 2001:db8:c::1 rtt 66ms
		hop 13 198.51.100.13 2001:db8:d::1 rtt 72ms
		hop 14 198.51.100.14 2001:db8:e::1 rtt 77ms
		hop 15 target        rtt 80ms
	END
}
fifteen 15 >"$net_tmp/fast.net"
tun_start fast

# quick NAME ARGUMENT...: the report is whole, and soon there: it takes 0.2 s, but the
# machine may be slow.  Who waits for what he need not wait for takes a minute.
quick() {
	name=$1
	shift
	begin=$(now_ms)
	out=$(hoptop -r -c 1 -Z 60 "$@")
	took=$(($(now_ms) - begin))
	is "$name: fifteen hops, nothing lost" \
		"$(printf '%s\n' "$out" | grep -c '|-- [0-9].* 0\.0% ')" 15
	at_most "$name: milliseconds, not the timeout" "$took" 30000
}
for target in 203.0.113.15 2001:db8:ff::15; do
	quick "icmp $target" -n "$target"
	quick "udp $target" -n -u "$target"
done

# A name server that is silent costs a moment, not the timeout of the resolver, which
# is over ten seconds.
echo 'nameserver 203.0.113.200' >"$net_tmp/resolv.conf"
ip -n "${net_prefix}c" route add 203.0.113.200 dev fast
begin=$(now_ms)
in_ns c sh -c 'mount --bind "$1/resolv.conf" /etc/resolv.conf && exec setpriv \
	--bounding-set=-all --inh-caps=-all --no-new-privs "$1/hoptop" -r -c 1 203.0.113.15' \
	sh "$net_tmp" >"$net_tmp/names"
took=$(($(now_ms) - begin))
is "a silent name server: fifteen hops" "$(grep -c '|-- [0-9]' "$net_tmp/names")" 15
at_most "a silent name server: milliseconds, not its timeout" "$took" 9000

if command -v tmux >/dev/null; then
	# The shell of nobody, which tmux would take, lets nobody in.
	screen() { as_user c env SHELL=/bin/sh tmux -S "$net_tmp/tmux" "$@"; }
	chmod 777 "$net_tmp"
	: >"$net_tmp/began"
	chmod 666 "$net_tmp/began"
	screen -f /dev/null new-session -d -x 100 -y 30 \
		"date +%s%N >$net_tmp/began; exec $net_tmp/hoptop -n 203.0.113.15"
	# It takes a second to find them all; one after the other, a cycle each, takes 14.
	rows=0 took=-1 until=$(($(now_ms) + 20000))
	while [ "$rows" -lt 15 ] && [ "$(now_ms)" -lt "$until" ]; do
		rows=$(screen capture-pane -p |
			grep -cE '^ *[0-9]+  (192\.168|10\.64|198\.51|203\.0)[0-9.]+ +0\.0 +[0-9]+ ')
		began=$(cat "$net_tmp/began")
		[ -z "$began" ] || took=$(($(now_ms) - began / 1000000))
	done
	screen kill-server
	is "dashboard: fifteen rows" "$rows" 15
	at_most "dashboard: milliseconds, not a cycle a row" "$took" 10000
else
	skip "dashboard" "no tmux"
fi

## Times, and looking too soon #################################################

cat >"$net_tmp/near.net" <<END
target 203.0.113.16
target 2001:db8:ff::16
hop 1 192.168.1.1 2001:db8:1::1 rtt 1ms
hop 2 198.51.100.1 2001:db8:2::1 rtt 30us
hop 3 target      rtt 1ms
END

# errors: for each answer, measured less true time in us; the token that is in the
# packet joins them
errors() {
	awk "$net_awk"'
		FNR == NR {
			key = token(value("data"))
			if (value("out") > 0) truth[key] = (value("out") - value("in")) / 1000
			next
		}
		/^ttl=/ && value("seq") in truth {
			print value("rtt_us") - truth[value("seq")], value("tx"), value("rx")
		}' "$net_tmp/near.log" "$net_tmp/times" | sort -n
}
for target in 203.0.113.16 2001:db8:ff::16; do
	for proto in icmp udp; do
		tun_start near --no-spin
		as_user c "$net_tmp/probe" -c 500 -f 1 -m 1 -i 50000 "$proto" "$target" >"$net_tmp/times"
		tun_stop "$tun_pid"
		errors >"$net_tmp/errors"
		is "$proto $target: each answer is in the log" "$(wc -l <"$net_tmp/errors")" 500
		is "$proto $target: stamped by the kernel at both ends" \
			"$(cut -d' ' -f2- "$net_tmp/errors" | sort | uniq -c | sed 's/^ *//')" \
			"500 kernel kernel"
		# No probe comes in before it left: whatever the load, a time too short is wrong.
		is "$proto $target: never less than the truth" "$(awk '$1 < 0' "$net_tmp/errors")" ""
		median=$(awk 'NR == 250 { print int($1) }' "$net_tmp/errors")
		at_most "$proto $target: microseconds above it, median" "$median" 20000

		# Errors that the kernel tells of after they were read, see drain_answers().
		tun_start near --no-spin
		as_user c "$net_tmp/probe" -q -x -c 4000 -f 2 -m 2 -i 100000 "$proto" "$target" \
			>"$net_tmp/stuck"
		tun_stop "$tun_pid"
		is "$proto $target: no socket stays ready for nothing" \
			"$(sed -n 's/.* received=\([0-9]*\).* stuck=\([0-9]*\).*/\1 \2/p' "$net_tmp/stuck")" \
			"4000 0"
	done
done

## All that takes its time, side by side #######################################

cat >"$net_tmp/slow.net" <<END
target 203.0.113.20
target 2001:db8:ff::20
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 198.51.100.1 2001:db8:2::1 rtt 2500ms
hop 3 target       rtt 2500ms
END
cat >"$net_tmp/late.net" <<END
target 203.0.113.21
target 2001:db8:ff::21
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 198.51.100.1 2001:db8:2::1 rtt 4500ms
hop 3 target       rtt 20ms
END
cat >"$net_tmp/loss.net" <<END
seed 3
target 203.0.113.22
target 2001:db8:ff::22
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 198.51.100.1 2001:db8:2::1 rtt 5ms reply-loss 30%
hop 3 198.51.100.2 2001:db8:3::1 rtt 8ms loss 30%
hop 4 198.51.100.3 2001:db8:4::1 rtt 9ms silent
hop 5 target       rtt 20ms
END
cat >"$net_tmp/two.net" <<END
target 203.0.113.23
target 2001:db8:ff::23
hop 1 192.168.1.1  2001:db8:1::1 rtt 60ms
hop 2 198.51.100.1 2001:db8:2::1 rtt 20ms
hop 3 198.51.100.2 2001:db8:3::1 rtt 90ms
hop 4 target       rtt 40ms
END
cat >"$net_tmp/twice.net" <<END
target 203.0.113.24
target 2001:db8:ff::24
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 198.51.100.1 2001:db8:2::1 rtt 5ms duplicates 100% 3ms
hop 3 target       rtt 300ms duplicates 100% 40ms
END
# The shortest quotes, from hops that answer in the wrong order.
cat >"$net_tmp/short.net" <<END
target 203.0.113.25
hop 1 192.168.1.1  rtt 90ms quote 28
hop 2 198.51.100.1 rtt 10ms quote 28
hop 3 198.51.100.2 rtt 70ms quote 28
hop 4 198.51.100.3 rtt 30ms quote 28
hop 5 198.51.100.4 rtt 50ms quote 28
hop 6 target       rtt 20ms quote 28
END
cat >"$net_tmp/dnat.net" <<END
target 203.0.113.26
target 2001:db8:ff::26
hop 1 192.168.1.1 2001:db8:1::1 rtt 1ms
hop 2 from target rtt 10ms
hop 3 from target rtt 12ms
hop 4 target      rtt 20ms
END
cat >"$net_tmp/other4.net" <<END
target 203.0.113.27
hop 1 192.168.1.1  rtt 1ms
hop 2 198.51.100.1 rtt 10ms
hop 3 target from 198.51.100.99 rtt 20ms
END
cat >"$net_tmp/other6.net" <<END
target 2001:db8:ff::27
hop 1 2001:db8:1::1 rtt 1ms
hop 2 2001:db8:2::1 rtt 10ms
hop 3 target from 2001:db8:99::99 rtt 20ms
END
cat >"$net_tmp/data.net" <<END
target 203.0.113.28
target 2001:db8:ff::28
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 target       rtt 20ms udp data
END
cat >"$net_tmp/down.net" <<END
target 203.0.113.29
target 2001:db8:ff::29
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 target       rtt 20ms
END
sed 's/29$/30/' "$net_tmp/down.net" >"$net_tmp/gone.net"
cat >"$net_tmp/stall.net" <<END
target 203.0.113.31
target 2001:db8:ff::31
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 target       rtt 1500ms
END
cat >"$net_tmp/big.net" <<END
target 203.0.113.32
target 2001:db8:ff::32
target 2001:db8:ff::36
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 198.51.100.1 2001:db8:2::1 rtt 5ms mtu 1500
hop 3 target       rtt 20ms
END
fifteen 33 >"$net_tmp/old.net"
fifteen 34 >"$net_tmp/bad.net"
fifteen 35 >"$net_tmp/hurt.net"
for name in slow late loss two twice short dnat other4 other6 data down gone stall big; do
	tun_start "$name" --no-spin
	[ "$name" != gone ] || gone=$tun_pid
done
tun_start old --no-spin --no-length
tun_start bad --no-spin --garbage
tun_start hurt --no-spin --damage
ip -n "${net_prefix}c" link set dev big mtu 9000

# kinds: of "unreachable", with type and code of IPv4 and IPv6, and the marks that
# traceroute(8) has for them
kinds='net 3/0 1/0 !N !N
host 3/1 1/3 !H !H
protocol 3/2 4/1 !P !P
route 3/5 1/6 !S !X
net-admin 3/9 1/1 !X !X
admin 3/13 1/1 !X !X'
number=40
for kind in $(echo "$kinds" | cut -d' ' -f1); do
	cat >"$net_tmp/no-$kind.net" <<-END
		target 203.0.113.$number
		target 2001:db8:ff::$number
		hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
		hop 2 198.51.100.5 2001:db8:5::1 rtt 5ms unreachable $kind
		hop 3 target       rtt 20ms
	END
	tun_start "no-$kind" --no-spin
	number=$((number + 1))
done

# net V: all but the last number of the targets
net() { if [ "$1" = 4 ]; then echo 203.0.113.; else echo 2001:db8:ff::; fi; }
for v in 4 6; do
	net=$(net $v)
	bg stall.icmp$v events -i 250 -c 100000 -m 2 -Z 4500 ${net}31
	bg stall.udp$v events -u -i 250 -c 100000 -m 2 -Z 4500 ${net}31
	bg slow.icmp$v hoptop -j -n -c 5 -Z 20 ${net}20
	bg slow.udp$v events -u -c 5 -Z 20000 ${net}20
	bg late.icmp$v hoptop -j -n -c 5 -Z 4 -G 20 ${net}21
	bg late.udp$v hoptop -j -n -u -c 5 -Z 4 -G 20 ${net}21
	bg down.icmp$v events -i 100 -c 100000 -m 2 ${net}29
	bg down.udp$v events -u -i 100 -c 100000 -m 2 ${net}29
	bg gone.icmp$v events -i 100 -c 100000 -m 2 ${net}30
	bg gone.udp$v events -u -i 100 -c 100000 -m 2 ${net}30
	bg twice.icmp$v events -i 100 -c 10 ${net}24
	bg twice.udp$v events -u -i 100 -c 10 ${net}24
	bg bad.icmp$v events -i 100 -c 10 ${net}34
	bg bad.udp$v events -u -i 100 -c 10 ${net}34
	for one in a b; do
		bg two.icmp$v.$one events -i 100 -c 40 ${net}23
		bg two.udp$v.$one events -u -i 100 -c 40 ${net}23
	done
done
# Chance takes another course in each run: of 50 probes, with 30 %, none is lost once
# in 5 * 10^7 runs.
bg loss.icmp hoptop -j -n -i 0.1 -c 50 -Z 5 203.0.113.22
bg loss.udp hoptop -j -n -u -i 0.1 -c 50 -Z 5 2001:db8:ff::22
bg short.icmp events -i 100 -c 30 203.0.113.25
bg short.udp events -u -i 100 -c 30 203.0.113.25

# The stall: four programs stop while six answers of each are under way.
all4="icmp4 udp4 icmp6 udp6"
stalled=
for run in $all4; do
	until_true lines "$net_tmp/stall.$run" '^reply ttl=2' 2
	stalled="$stalled $(cat "$net_tmp/stall.$run.pid")"
done
kill -STOP $stalled
stalled_at=$(now_ms)

# The device goes down, another one goes away; until all have noticed.
for run in $all4; do
	until_true lines "$net_tmp/down.$run" '^reply ttl=2' 10
	until_true lines "$net_tmp/gone.$run" '^reply ttl=2' 10
done
ip -n "${net_prefix}c" link set dev down down
tun_stop "$gone"
cp "$net_tmp/gone.log" "$net_tmp/gone.log.before"
for run in $all4; do
	until_true lines "$net_tmp/down.$run" '^failed' 20
	until_true lines "$net_tmp/gone.$run" '^failed' 20
done
tun_up down
tun_start gone --no-spin

# The newest probes have to be older than their timeout, by the simulator's time too.
while [ $(($(now_ms) - stalled_at)) -lt 6000 ]; do
	sleep 0.05
done
kill -CONT $stalled
# They have no hop behind the last one, where a probe might be under way at the end;
# and they end when they have seen what we want to know: answers behind the failures, and
# behind the gap.
goes_on() { awk -v what="$2" '$0 ~ what { seen = NR } /^reply ttl=2/ { reply = NR }
	END { exit !(seen && reply > seen + 9) }' "$net_tmp/$1"; }
for run in $all4; do
	until_true goes_on "down.$run" '^failed'
	until_true goes_on "gone.$run" '^failed'
	until_true goes_on "stall.$run" '^mark gap'
	for name in down gone stall; do
		kill "$(cat "$net_tmp/$name.$run.pid")"
	done
done
await

## Slow, late, lost ############################################################

for v in 4 6; do
	is "2.5 s by icmp IPv$v: nothing lost or late" \
		"$(hubs slow.icmp$v sent received lost late pending)" \
		"$(printf '%s\n' '1 5 5 0 0 0' '2 5 5 0 0 0' '3 5 5 0 0 0')"
	is "2.5 s by icmp IPv$v: loss is 0.0 %" "$(hubs slow.icmp$v Loss%)" \
		"$(printf '%s\n' '1 0.0' '2 0.0' '3 0.0')"
	at_least "2.5 s by icmp IPv$v: time" "$(hub slow.icmp$v 3 Best | sed 's/\..*//')" 2500
	is "2.5 s by udp IPv$v: at no time lost" \
		"$(grep -c '^lost' "$net_tmp/slow.udp$v") $(totals slow.udp$v)" \
		"0 0 0 0 0 0 0 0"
	for proto in icmp udp; do
		# The run ends when the last probe is past its timeout: that one is lost.
		is "after the timeout, $proto IPv$v: late, not lost" \
			"$(hub late.$proto$v 2 sent received lost late)" "5 0 0 5"
		is "after the timeout, $proto IPv$v: others are in time" \
			"$(hub late.$proto$v 3 sent received lost late)" "5 5 0 0"
	done
done

# truth LOG PROTO LAST: for each hop, probes that came and those without answer
truth() {
	awk -v proto="proto=$2" -v last="$3" '
		$2 == proto {
			split($1, ttl, "="); split($NF, out, "=")
			n[ttl[2]]++
			lost[ttl[2]] += out[2] < 0
		}
		END { for (t = 1; t <= last; t++) print t, n[t], lost[t] + 0 }' "$net_tmp/$1.log"
}
for proto in icmp udp; do
	is "loss by $proto: as the simulator has it" "$(hubs loss.$proto sent lost)" \
		"$(truth loss $proto 5)"
	say "ttl, sent, lost: $(hubs loss.$proto sent lost | tr '\n' ';')"
	is "loss by $proto: some, of all kinds" "$(hubs loss.$proto lost |
		awk '{ print ($2 > 0) }' | tr '\n' ' ')" "0 1 1 1 1 "
done

## Whose answer is it? #########################################################

# quickest FILE: for each hop, its addresses, and is no answer quicker than there is
# a way to be?
quickest() {
	for want in $2; do
		ttl=${want%:*} base=${want#*:}
		replies "$1" "$ttl" rtt | tr ' ' '\n' | sort -n | head -n 1 |
			awk -v ttl="$ttl" -v base="$base" '{
				if ($1 < base * 1000000) print ttl " took " $1 " ns" }'
	done
}
for v in 4 6; do
	for proto in icmp udp; do
		for one in a b; do
			is "two at once, $proto IPv$v, $one: nothing lost, twice or foreign" \
				"$(totals two.$proto$v.$one)" "0 0 0 0 0 0 0"
			is "two at once, $proto IPv$v, $one: no time of another hop" \
				"$(quickest two.$proto$v.$one '1:60 2:20 3:90 4:40')" ""
		done
		is "duplicates, $proto IPv$v: counted as such" \
			"$(totals twice.$proto$v | cut -d' ' -f1-3,5-)" "0 0 0 0 0 0"
		# The run may end between the last answer and its repetition.
		repeated=$(grep -c '^duplicate ttl=2 ' "$net_tmp/twice.$proto$v")
		answered=$(grep -c '^reply ttl=2 ' "$net_tmp/twice.$proto$v")
		check "duplicates, $proto IPv$v: of hop 2 ($repeated of $answered)" \
			test $((answered - repeated)) -ge 0 -a $((answered - repeated)) -le 1
		is "duplicates, $proto IPv$v: none of hop 1" \
			"$(grep -c '^duplicate ttl=1 ' "$net_tmp/twice.$proto$v")" 0
	done
done
for proto in icmp udp; do
	is "two at once, $proto: all probes came through" \
		"$(for v in 4 6; do total two.$proto$v.a sent; total two.$proto$v.b sent; done |
			awk '{ n += $1 } END { print n }')" \
		"$(grep -c "proto=$proto " "$net_tmp/two.log")"
done
# ICMP has its sequence number in them; for UDP, see bare.sh as well.
for proto in icmp udp; do
	is "quotes of 28 bytes, $proto: nothing lost, twice or foreign" \
		"$(totals short.$proto)" "0 0 0 0 0 0 0"
	# An answer of nobody knows whom has no address.
	grep -v match=1 "$net_tmp/short.$proto" >"$net_tmp/short"
	is "quotes of 28 bytes, $proto: addresses" \
		"$(for ttl in 1 2 3 4 5 6; do replies short $ttl from; done | paste -s -d ' ')" \
		"192.168.1.1 198.51.100.1 198.51.100.2 198.51.100.3 198.51.100.4 203.0.113.25"
	is "quotes of 28 bytes, $proto: no time of another hop" \
		"$(quickest short '1:90 2:10 3:70 4:30 5:50 6:20')" ""
	check "quotes of 28 bytes, $proto: nearly all are sure" test \
		"$(grep '^reply' "$net_tmp/short.$proto" | grep -c ' match=[01] ')" -le \
		$([ $proto = icmp ] && echo 0 || echo 12)
done

## What is wrong on the way ####################################################

is "garbage: all that the sockets saw is counted, nothing else" \
	"$(for run in $all4; do total bad.$run unmatched; done | awk '{ n += $1 } END { print n }')" \
	"$(grep -c 'kind=garbage heard=1' "$net_tmp/bad.log")"
for run in $all4; do
	is "garbage, $run: none is taken for an answer" \
		"$(totals bad.$run | cut -d' ' -f1-5,7)" "0 0 0 0 0 0"
	is "garbage, $run: none has a place" \
		"$(grep -v ^unmatched "$net_tmp/bad.$run" | grep -c '198.51.100.66\|:66::66')" 0
done

# recovered FILE: answers come after the last failure, what was lost was lost
recovered() {
	awk '/^failed/ { failed = NR } /^reply/ { reply = NR }
		END { print (failed > 0 && reply > failed) ? "yes" : "no" }' "$net_tmp/$1"
}
# answered LOG...: answers that left the simulator
answered() { cat "$@" | grep -v 'out=-1$' | grep -c ' out='; }
sum() { for run in $all4; do total "$1.$run" "$2"; done | awk '{ n += $1 } END { print n }'; }
for run in $all4; do
	is "the device was down, $run: goes on" "$(recovered down.$run)" yes
	is "the device was down, $run: said why" \
		"$(sed -n 's/^failed.* error=\([A-Z]*\).*/\1/p' "$net_tmp/down.$run" | sort -u)" \
		ENETUNREACH
	is "the device was gone, $run: goes on" "$(recovered gone.$run)" yes
	is "the device was gone, $run: said why" \
		"$(sed -n 's/^failed.* error=\([A-Z]*\).*/\1/p' "$net_tmp/gone.$run" | sort -u)" \
		ENETUNREACH
	is "the device was down, $run: nothing late, twice or foreign" \
		"$(totals down.$run | cut -d' ' -f3,4,6,7)" "0 0 0 0"
done
is "the device was down: what came back is received" "$(sum down received)" \
	"$(answered "$net_tmp/down.log")"
is "the device was gone: what came back is received" "$(sum gone received)" \
	"$(answered "$net_tmp/gone.log.before" "$net_tmp/gone.log")"

for run in $all4; do
	is "stopped for 6 s, $run: nothing lost, late, twice or foreign" \
		"$(totals stall.$run)" "0 0 0 0 0 0 0"
	is "stopped for 6 s, $run: times are right" \
		"$(replies stall.$run 2 rtt | tr ' ' '\n' |
			awk '$1 < 1.5e9 || $1 > 4.5e9 { print }')" ""
	# On a busy machine there may be more.
	at_least "stopped for 6 s, $run: the gap is marked" \
		"$(grep -c '^mark gap' "$net_tmp/stall.$run")" 1
done

## Who says what ###############################################################

for v in 4 6; do
	net=$(net $v)
	for proto in icmp udp; do
		option=$([ $proto = icmp ] || echo -u)
		bg labels.$proto$v hoptop -j -n -c 1 $option ${net}15
		bg text.$proto$v hoptop -r -e -n -c 1 $option ${net}15
		bg old.$proto$v hoptop -j -n -c 1 $option ${net}33
		bg dnat.$proto$v hoptop -j -n -c 2 -i 0.1 $option ${net}26
		bg dnat.$proto$v.kinds events -c 2 -i 100 $option ${net}26
		bg other.$proto$v events -c 2 -i 100 $option ${net}27
		bg data.$proto$v events -c 2 -i 100 $option ${net}28
		bg cut.$proto$v events -c 1 -s 9000 -m 2 -i 100 -Z 20000 $option ${net}15
		bg ifname.$proto$v probe -f 7 -m 7 $proto ${net}15
	done
done
# What the kernel learns about a target holds for all that send to it.
bg big.icmp4 events -c 1 -s 9000 -i 100 -Z 5000 203.0.113.32
bg big.icmp6 events -c 1 -s 9000 -i 100 -Z 5000 2001:db8:ff::32
bg big.udp6 events -u -c 1 -s 9000 -i 100 -Z 5000 2001:db8:ff::36
await
for v in 4 6; do
	net=$(net $v)
	a6=$([ $v = 4 ] && echo 11/0 || echo 3/0)
	for proto in icmp udp; do
		run=$proto$v
		is "labels, $run" "$(grep -A 4 '"label"' "$net_tmp/labels.$run" | tr -d ' \n')" \
			'"label":24001,"tc":3,"s":0,"ttl":1},--"label":16,"tc":5,"s":1,"ttl":254}'
		is "labels of a router older than RFC 4884, $run" \
			"$(grep '"label"' "$net_tmp/old.$run" | tr -d ' ,\n')" \
			'"label":24001"label":16'
		is "labels in the report, $run" "$(grep -c 'Lbl 24001 TC 3 S 0 TTL 1\|Lbl 16 TC 5 S 1 TTL 254' \
			"$net_tmp/text.$run")" 2
		is "interface, $run" \
			"$(sed -n 's/.* ifindex=\([0-9]*\) ifname=\([^ ]*\).*/\1 \2/p' "$net_tmp/ifname.$run")" \
			"42 ge-0/0/1"
		is "TTL of the answers, $run" "$(hubs labels.$run reply_ttl | sed -n '1p;6p;15p' | tr '\n' ' ')" \
			"1 255 6 250 15 50 "
		is "hops with the target's address, $run: the path goes on" \
			"$(hubs dnat.$run ip lost | tail -n +2)" \
			"$(printf '%s\n' "2 ${net}26 0" "3 ${net}26 0" "4 ${net}26 0")"
		is "hops with the target's address, $run: are transit" \
			"$(replies dnat.$run.kinds 2 kind) $(replies dnat.$run.kinds 2 icmp)" \
			"time-exceeded $a6"
		is "hops with the target's address, $run: reached" \
			"$(grep -c '"reached": true' "$net_tmp/dnat.$run")" 1
	done
	is "the target answers from another address, IPv$v" "$(replies other.udp$v 3 from)" \
		"$([ $v = 4 ] && echo 198.51.100.99 || echo 2001:db8:99::99)"
	is "the target answers from another address, IPv$v: is the end" \
		"$(grep '^end' "$net_tmp/other.udp$v" | tail -n 1 | sed 's/seq=.*stop/stop/')" \
		"end ttl=3 stop=destination"
	is "an open port answers, IPv$v" "$(replies data.udp$v 2 kind)" udp-data
	is "an open port answers, IPv$v: is the end" \
		"$(grep '^end' "$net_tmp/data.udp$v" | tail -n 1 | sed 's/seq=.*stop/stop/')" \
		"end ttl=2 stop=destination"
	for proto in icmp udp; do
		# The simulator answers to the first piece.
		is "9000 bytes, $proto IPv$v: cut to pieces here, nothing refused" \
			"$(totals cut.$proto$v)" "0 0 0 0 0 0 0"
	done
done

for proto in icmp udp; do
	is "9000 bytes, $proto IPv6: a smaller link says so" \
		"$(replies big.${proto}6 3 icmp) $(replies big.${proto}6 3 mtu)" "2/0 1500"
done
# Without DF nobody may say that of IPv4, and the kernel does not believe it.
is "9000 bytes, icmp IPv4: nothing refused" "$(total big.icmp4 failed)" 0

# Alone, for a damaged identifier is a neighbour's.
for v in 4 6; do
	bg hurt.icmp$v hoptop -j -n -i 0.1 -c 20 "$(net $v)35"
	bg hurt.udp$v hoptop -j -n -u -i 0.1 -c 20 "$(net $v)35"
done
await
for run in $all4; do
	is "damaged answers, $run: the run ends well" "$(hubs hurt.$run | wc -l)" 15
	is "damaged answers, $run: no complaint" "$(cat "$net_tmp/hurt.$run.err")" ""
done

number=40
echo "$kinds" >"$net_tmp/kinds"
while read -r kind icmp4 icmp6 mark4 mark6; do
	for v in 4 6; do
		eval "icmp=\$icmp$v mark=\$mark$v"
		bg no.icmp events -c 1 -i 100 -m 4 "$(net $v)$number"
		bg no.udp hoptop -r -n -c 1 -u "$(net $v)$number"
		await
		is "$kind unreachable, IPv$v" \
			"$(replies no.icmp 2 kind) $(replies no.icmp 2 icmp)" "unreachable $icmp"
		is "$kind unreachable, IPv$v: is the last line, marked" \
			"$(tail -n 1 "$net_tmp/no.udp" | awk '{ print $1, $3 }')" "2.|-- $mark"
	done
	number=$((number + 1))
done <"$net_tmp/kinds"

## What routers say that became of a probe ####################################

cat >"$net_tmp/rewritten.net" <<END
target 203.0.113.70
target 2001:db8:ff::70
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 198.51.100.2 2001:db8:2::1 rtt 2ms tos 0
hop 3 target       rtt 3ms
END
tun_start rewritten --no-spin
# rewritten PROTO TARGET: what hops 1 and 2 quoted that we see, and what differs
rewritten() {
	out=$(as_user c "$net_tmp/probe" -m 2 -Q 184 "$1" "$2")
	echo "$(each seen), $(each changed), $(each q_tos)"
}
# Of IPv4 the kernel shows where to (0x20, 0x40), and our ICMP header (0x8); of IPv6
# traffic class and flow label (0x11) as well.
is "quotes by icmp IPv4" "$(rewritten icmp 203.0.113.70)" "0x28 0x28, 0x0 0x0, 0 0"
is "quotes by udp IPv4" "$(rewritten udp 203.0.113.70)" "0x60 0x60, 0x0 0x0, 0 0"
is "quotes by icmp IPv6: the class was rewritten" "$(rewritten icmp 2001:db8:ff::70)" \
	"0x31 0x31, 0x0 0x1, 184 0"
is "quotes by udp IPv6: the class was rewritten" "$(rewritten udp 2001:db8:ff::70)" \
	"0x71 0x71, 0x0 0x1, 184 0"

net_done
