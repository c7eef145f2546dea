#!/bin/sh
# SPDX-License-Identifier: ISC
# What happens to a run while the network goes and comes back, the address of this
# host changes, the wall clock is set: it goes on, and no number is wrong.  Each case
# has a client of its own behind the same router, and all run at once.  HT_OUTAGE_S says
# for how many seconds the network is gone (2).  Prints TAP.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
net_install "${builddir:-.}/hoptop"
net_install "${builddir:-.}/tests/net/clockstep.so"
unset HOPTOP_OPTIONS MTR_OPTIONS

# client NAME K: namespace NAME, its link to the router r, routes
client() {
	net_ns "$1"
	ip -n "$net_prefix$1" link add r type veth peer name "c$2" netns "${net_prefix}r"
	ip -n "$net_prefix$1" -batch - <<-END
		addr add 10.9.$2.2/24 dev r
		addr add fd09:$2::2/64 dev r nodad
		link set r up
	END
	ip -n "${net_prefix}r" -batch - <<-END
		addr add 10.9.$2.1/24 dev c$2
		addr add fd09:$2::1/64 dev c$2 nodad
		link set c$2 up
	END
	routes "$1" "$2"
	in_ns "$1" sh -c 'echo "0 65534" >/proc/sys/net/ipv4/ping_group_range ||
		echo "0 0" >/proc/sys/net/ipv4/ping_group_range' 2>/dev/null
}

routes() {
	ip -n "$net_prefix$1" -batch - <<-END
		route replace default via 10.9.$2.1
		route replace ::/0 via fd09:$2::1
	END
}

net_ns r
net_ns t
ip -n "${net_prefix}r" link add tt type veth peer name r netns "${net_prefix}t"
ip -n "${net_prefix}r" -batch - <<END
addr add 10.9.200.1/24 dev tt
addr add fd09:200::1/64 dev tt nodad
link set tt up
END
ip -n "${net_prefix}t" -batch - <<END
addr add 10.9.200.2/24 dev r
addr add fd09:200::2/64 dev r nodad
link set r up
route add default via 10.9.200.1
route add ::/0 via fd09:200::1
END
target4=10.9.200.2 target6=fd09:200::2
client link 1
client route 2
client addr 3

# Answers that take long are under way while the clock is set.
tun_ns
cat >"$net_tmp/clock.net" <<END
target 203.0.113.80
target 2001:db8:80::80
hop 1 192.168.1.1 2001:db8:1::1 rtt 300ms
hop 2 target      rtt 500ms
END
tun_start clock

# How long the network is gone, in seconds, and probes for that and 5 s more.
gone=${HT_OUTAGE_S:-2}
cycles=$((25 + 5 * gone))

# begin NAME FAMILY OPTION...: so many probes to each hop, in the background; the
# variables in $with are set for it
with=
who=as_user
begin() {
	name=$1 family=$2
	shift 2
	# The simulator may not be run for a while; what the kernel answers is in time.
	patience=1
	[ "$name" != c ] || patience=10
	case $name$family in
	c4) to=203.0.113.80 ;;
	c6) to=2001:db8:80::80 ;;
	*4) to=$target4 ;;
	*) to=$target6 ;;
	esac
	out=$net_tmp/$name.$family$*
	{
		$who "$name" env ${with:-A=} "$net_tmp/hoptop" -r -n -i 0.2 -c $cycles -Z $patience \
			-o SRDftNBAW "$@" "$to" >"$out" 2>"$out.err"
		echo "status $?" >>"$out"
	} &
	pids="${pids:-} $!"
}

# have_begun: do all eight run in each of the three?
have_begun() {
	for name in link route addr; do
		[ "$(for pid in $(ip netns pids "$net_prefix$name"); do cat "/proc/$pid/comm"; done 2>/dev/null |
			grep -c '^hoptop')" -ge 8 ] || return 1
	done
}

# outages: the network goes when all have been under way for a while, and comes back;
# sets $away, for how many seconds it was gone at most
outages() {
	until_true have_begun
	sleep 2
	away=$(date +%s)
	ip -n "${net_prefix}link" link set r down
	ip -n "${net_prefix}route" route del default
	ip -n "${net_prefix}route" -6 route del default
	ip -n "${net_prefix}addr" -batch - <<-END
		addr del 10.9.3.2/24 dev r
		addr del fd09:3::2/64 dev r
		addr add 10.9.3.77/24 dev r
		addr add fd09:3::77/64 dev r nodad
	END
	routes addr 3
	sleep "$gone"
	ip -n "${net_prefix}link" link set r up
	ip -n "${net_prefix}link" -6 addr replace fd09:1::2/64 dev r nodad
	routes link 1
	routes route 2
	away=$(($(date +%s) - away + 1))
}

# IPv6 neighbours take a while to find each other.
warm_up() {
	tries=0
	until as_user "$1" "$net_tmp/hoptop" -r -n -c 1 -Z 0.5 "$2" >"$net_tmp/warm" 2>&1; do
		tries=$((tries + 1))
		[ "$tries" -lt 20 ] || break
	done
}
for name in link route addr; do
	warm_up "$name" "$target4"
	warm_up "$name" "$target6"
done

for protocol in icmp udp; do
	for family in 4 6; do
		begin link "$family" --protocol=$protocol
		begin route "$family" --protocol=$protocol
		begin addr "$family" --protocol=$protocol
		if [ "$protocol" = icmp ]; then step=-30000000000; else step=30000000000; fi
		with="HT_CLOCK_STEP=3000000000:$step LD_PRELOAD=$net_tmp/clockstep.so"
		# A sanitizer wants to be loaded before us.
		with="$with ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0"
		begin c "$family" --protocol=$protocol
		with=
	done
done
for case in link route addr; do
	for family in 4 6; do
		begin "$case" "$family" --protocol=tcp
		who=in_ns
		begin "$case" "$family" --protocol=udp --transport=raw
		who=as_user
	done
done
outages
for pid in $pids; do
	wait "$pid"
done

# holds FILE CONDITION: for both hops, over Snt Rcv Drop Fail Late Last Best Avg Wrst.
# While neighbours are looked for anew, somebody may say from another address that he
# does not find one: only then may there be such a line.
holds() {
	awk -v cycles="$cycles" -v what="$case" '
		/^status 0$/ { good++ }
		/`\|--/ && what != "addr" { rows++ }
		/^ *[0-9]+\.\|--/ {
			S = $3; R = $4; D = $5; f = $6; t = $7; B = $9; W = $11
			rows++
			if (S + f >= cycles - 1 && S + f <= cycles + 1 && S == R + D && W < 10000 && ('"$2"')) good++
		}
		END { exit !(rows == 2 && good == 3) }
	' "$1"
}

for protocol in icmp udp tcp "udp --transport=raw"; do
	for family in 4 6; do
		run="$family--protocol=$protocol"
		for case in link route addr c; do
			[ -e "$net_tmp/$case.$run" ] || continue
			case $case in
			link) what="the link goes down and comes back" ;;
			route) what="the routes are deleted and come back" ;;
			addr) what="the address of this host changes" ;;
			c) what="the wall clock is set by 30 s" ;;
			esac
			case $case in
			link | route) wanted="f >= 1 && f <= 5 * ($away + 1) && D <= 2" ;;
			# Raw packets have the old address for a second.
			addr) wanted='D <= 6 && f <= 3' ;;
			c) wanted='S == cycles && D == 0 && f == 0 && t == 0 && B >= 300 * rows - 100 * (rows - 1) && W < B + 10000' ;;
			esac
			out=$net_tmp/$case.$run
			if holds "$out" "$wanted"; then
				ok "$protocol, IPv$family: $what"
			else
				not_ok "$protocol, IPv$family: $what" "wanted: $wanted" \
					"$(cat "$out" "$out.err")"
			fi
		done
	done
done
net_done
