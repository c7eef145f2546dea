#!/bin/sh
# SPDX-License-Identifier: ISC
# What the unprivileged transport puts on the wire, as tcpdump sees it behind a TUN
# device, where the kernel has filled in all checksums.
. "${srcdir:-.}/tests/net/lib.sh"
net_begin "$@"
command -v tcpdump >/dev/null || skip_all "no tcpdump"
tun_ns
net_install "${builddir:-.}/tests/net/probe"
probe() { as_user c "$net_tmp/probe" "$@"; }

cat >"$net_tmp/wire.net" <<END
target 203.0.113.90
target 2001:db8:ff::90
hop 1 192.168.1.1  2001:db8:1::1 rtt 1ms
hop 2 198.51.100.1 2001:db8:2::1 rtt 2ms
hop 3 198.51.100.2 2001:db8:3::1 rtt 3ms
hop 4 target       rtt 4ms
END
tun_start wire --no-spin
target4=203.0.113.90 target6=2001:db8:ff::90

# capture N PROBE-OPTIONS...: the packets that it sends, one a line in $net_tmp/wire:
#
#   ip=4 tos=b8 label=0 size=64 ttl=1 frag=0 proto=udp sport=61000 dport=33434
#   id=0 sum=1f2e data=...		(one line; sum is the checksum, data are hex)
capture() {
	rm -f "$net_tmp/pcap.err"
	in_ns c timeout 10 tcpdump -i wire -n -w "$net_tmp/pcap" -c "$1" --immediate-mode -U \
		"src 192.0.2.10 or src 2001:db8::10" 2>"$net_tmp/pcap.err" &
	dump=$!
	polls=0
	until grep -q listening "$net_tmp/pcap.err" 2>/dev/null; do
		polls=$((polls + 1))
		[ "$polls" -lt 5000 ] || break
	done
	shift
	probe "$@" >"$net_tmp/probe.out" 2>&1
	wait "$dump"
	tcpdump -n -x -r "$net_tmp/pcap" 2>/dev/null | awk "$net_awk"'
		function field(at, n) { return substr(p, 2 * at + 1, 2 * n) }
		function number(at, n) { return hex(field(at, n)) }
		function upper(proto, at) {
			if (proto == "11")
				printf " proto=udp sport=%d dport=%d id=0 sum=%s data=%s\n",
					number(at, 2), number(at + 2, 2), field(at + 6, 2), substr(p, 2 * at + 17)
			else
				printf " proto=icmp sport=0 dport=0 id=%s sum=%s data=%s\n",
					field(at + 4, 2), field(at + 2, 2), substr(p, 2 * at + 17)
		}
		function flush() {
			if (substr(p, 1, 1) == "4") {
				printf "ip=4 tos=%s label=0 size=%d ttl=%d frag=%s", field(1, 1),
					number(2, 2), number(8, 1), field(6, 2)
				upper(field(9, 1), 20)
			} else if (p != "") {
				printf "ip=6 tos=%s label=%s size=%d ttl=%d frag=0", substr(p, 2, 2),
					substr(p, 4, 5), number(4, 2) + 40, number(7, 1)
				upper(field(6, 1), 40)
			}
			p = ""
		}
		/^\t0x/ { for (i = 2; i <= NF; i++) p = p $i; next }
		{ flush() }
		END { flush() }' >"$net_tmp/wire"
}

# values KEY: of all packets, each once
values() {
	sed -n "s/.* *$1=\([^ ]*\).*/\1/p" "$net_tmp/wire" | sort -u | paste -s -d ' '
}

## A flow ######################################################################

# What routers balance by: all but the id of ICMP is known beforehand.
# balance: of all packets, each once
balance() {
	sed 's/.*\(label=[^ ]*\) .*\(proto=.*\) data=.*/\1 \2/' "$net_tmp/wire" | sort -u
}

for proto in udp icmp; do
	for v in 4 6; do
		eval "target=\$target$v"
		before=
		for flow in 0 3; do
			capture 12 -q -c 3 -m 4 -i 2000 -F $flow "$proto" "$target"
			run="$proto IPv$v, flow $flow"
			is "$run: all packets, all TTLs" \
				"$(wc -l <"$net_tmp/wire") $(values ttl)" "12 1 2 3 4"
			is "$run: one way for all" "$(balance | wc -l)" 1
			is "$run: probes can be told apart" \
				"$(sed 's/.*data=//' "$net_tmp/wire" | sort -u | wc -l)" 12
			[ $flow = 0 ] ||
				check "$run: another way than flow 0" test "$(balance)" != "$before"
			before=$(balance)
			[ "$proto" = icmp ] ||
				is "$run: ports" "$(values sport) $(values dport)" "$((61000 + flow)) 33434"
			[ $v = 4 ] || is "$run: label" "$(values label)" \
				"$([ $flow = 0 ] && echo 9e377 || echo 78ddc)"
		done
		# Lengths that differ, in turn.
		capture 12 -q -s 64 -S 127 -c 3 -m 4 -i 2000 "$proto" "$target"
		is "$proto IPv$v, any size: all sizes" "$(values size | wc -w)" 12
		is "$proto IPv$v, any size: one way for all" "$(balance | wc -l)" 1
	done
done
capture 4 -q -F 7 -m 4 icmp "$target4"
is "icmp IPv4: the checksum is that of the flow" "$(values sum)" fff8

net_done
