#!/bin/sh
# SPDX-License-Identifier: ISC
# Routers that quote nothing of the payload of UDP: is each answer given to the probe
# that it belongs to?  The log of the simulator knows.  HT_BARE_MS is how long each of
# the four runs takes: 300000 makes some 10000 probes.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
tun_ns
net_install "${builddir:-.}/tests/net/events"

# Out of order, lossy, silent, an address at two places, two routers at one place,
# one that quotes all; then other routers, and then one more.
# scenario FAMILY TARGET QUOTE SEED
scenario() {
	cat <<-END
		seed $4
		target $2
		hop 1  $(router 1 "$1")  rtt 1ms  jitter 20ms quote $3
		hop 2  $(router 2 "$1")  rtt 40ms jitter 30ms quote $3
		hop 3  $(router 3 "$1")  rtt 5ms  jitter 30ms quote $3 reply-loss 20%
		hop 4  $(router 4 "$1")  rtt 60ms jitter 20ms
		hop 5  $(router 5 "$1")  rtt 10ms silent
		hop 6  $(router 6 "$1") $(router 66 "$1") rtt 30ms jitter 20ms quote $3 choose packet
		hop 7  $(router 2 "$1")  rtt 3ms  jitter 30ms quote $3
		hop 8  $(router 8 "$1")  rtt 70ms jitter 20ms quote $3 loss 5%
		hop 9  $(router 9 "$1")  rtt 20ms jitter 40ms quote $3
		hop 10 target            rtt 9ms  jitter 40ms quote $3
		at 3s hop 8 $(router 88 "$1")
		at 3s hop 9 $(router 99 "$1")
		at 5s insert 3 $(router 33 "$1") rtt 15ms jitter 20ms quote $3
	END
}
router() { if [ "$2" = 4 ]; then echo "198.51.100.$1"; else echo "2001:db8:$1::1"; fi; }

jobs=
for run in 4.1 4.2 4.3 6.1; do
	v=${run%.*} n=${run#*.}
	target=$([ $v = 4 ] && echo "203.0.113.$n" || echo "2001:db8:ff::$n")
	scenario $v "$target" $([ $v = 4 ] && echo 28 || echo 48) "$n" >"$net_tmp/bare$v$n.net"
	tun_start "bare$v$n" --no-spin
	as_user c "$net_tmp/events" -u -i 100 -c 0 -t "${HT_BARE_MS:-8000}" -m 12 "$target" >"$net_tmp/$run" &
	jobs="$jobs $!"
done

# A silent hop before the first one that quotes little, whose answers come twice.
cat >"$net_tmp/quiet.net" <<END
target 203.0.113.9
target 2001:db8:ff::9
hop 1 198.51.100.1 2001:db8:1::1 silent
hop 2 198.51.100.2 2001:db8:2::1 rtt 9ms jitter 5ms quote 48 duplicates 20% 15ms
hop 3 198.51.100.3 2001:db8:3::1 rtt 3ms
hop 4 target rtt 6ms
END
sed 's/quote 48/quote 28/' "$net_tmp/quiet.net" >"$net_tmp/quiet4.net"
sed -i /2001:db8:ff/d "$net_tmp/quiet4.net"
sed -i /203.0.113/d "$net_tmp/quiet.net"
tun_start quiet --no-spin
tun_start quiet4 --no-spin
for target in 203.0.113.9 2001:db8:ff::9; do
	as_user c "$net_tmp/events" -u -i 300 -c 20 -m 12 "$target" >"$net_tmp/quiet.$target" &
	jobs="$jobs $!"
done

for job in $jobs; do
	wait "$job"
done

for target in 203.0.113.9 2001:db8:ff::9; do
	of="$net_tmp/quiet.$target"
	# A copy that comes when the machine has not run us or the simulator for a while may
	# look like an answer (bare.h).
	at_most "$target: nothing is given to the silent hop, or nearly nothing" \
		"$(grep -c '^reply ttl=1 ' "$of")" 2
	at_most "$target: nothing is lost but there, or nearly nothing" \
		"$(grep '^lost' "$of" | grep -vc '^lost ttl=1 ')" 2
	is "$target: all are sent" "$(grep -c '^sent ttl=2 ' "$of")" 20
done

# joined LOG EVENTS: for each answer that was given to a probe, who it came from, the
# true sender, by how much its time is off, in ms, and whether the same hop has sent
# another one between its departure and its arrival, to which it would fit better.  A
# slow machine makes times longer, by reading the probe late as well, but sends nothing
# out of order.  All clocks are the same.
joined() {
	awk "$net_awk"'
		FNR == NR {
			# The nth probe of a hop; they come in the order in which they leave.
			key = value("ttl") " " value("in")
			if (!(key in out)) { order[++n] = value("in") " " value("ttl") }
			from[key] = value("from"); out[key] = value("out")
			next
		}
		FNR == 1 {
			for (i = 1; i <= n; i++) {
				split(order[i], at, " ")
				times[at[2]] = times[at[2]] " " at[1]
			}
		}
		$1 == "reply" && value("match") >= 2 {
			t = value("ttl")
			if (!(t in sorted)) {
				m = split(times[t], list, " ")
				for (i = 2; i <= m; i++) {
					x = list[i]
					for (j = i - 1; j > 0 && list[j] + 0 > x + 0; j--) list[j + 1] = list[j]
					list[j + 1] = x
				}
				for (i = 1; i <= m; i++) nth[t, i - 1] = list[i]
				sorted[t] = 1
			}
			came = nth[t, value("seq")]
			left = out[t " " came]
			better = 0
			for (i = 0; (t, i) in nth; i++) {
				x = out[t " " nth[t, i]] - left
				better += x > 0 && x < value("at") - left - 1000000
			}
			print t, value("from"), from[t " " came],
				(value("rtt") - (left - came)) / 1000000, better
		}' "$1" "$2"
}

for run in 4.1 4.2 4.3 6.1; do
	joined "$net_tmp/bare${run%.*}${run#*.}.log" "$net_tmp/$run" >"$net_tmp/joined"
	sent=$(sed -n 's/^totals sent=\([0-9]*\).*/\1/p' "$net_tmp/$run")
	say "IPv$run: $sent probes, $(wc -l <"$net_tmp/joined") given to one," \
		"$(grep -c '^reply.* match=1' "$net_tmp/$run") to nobody;" \
		"$(grep '^totals' "$net_tmp/$run")"
	check "IPv$run: many have an answer" test "$(wc -l <"$net_tmp/joined")" -gt $((sent / 3))
	is "IPv$run: from whom it says" "$(awk '$2 != $3' "$net_tmp/joined" | head -n 5)" ""
	is "IPv$run: after the time that it says" \
		"$(awk '$4 < 0 || $5 > 0' "$net_tmp/joined" | head -n 5)" ""
	is "IPv$run: nothing twice or foreign" \
		"$(sed -n 's/^totals.* duplicate=\([0-9]*\).* unmatched=\([0-9]*\).*/\1 \2/p' "$net_tmp/$run")" \
		"0 0"
done

net_done
