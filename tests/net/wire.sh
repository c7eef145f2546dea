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
	in_ns c timeout 60 tcpdump -i "${device:-wire}" -s 9100 -n -w "$net_tmp/pcap" -c "$1" --immediate-mode -U \
		"src host ${source:-192.0.2.10} or src host ${source6:-2001:db8::10}" 2>"$net_tmp/pcap.err" &
	dump=$!
	until_true grep -qs listening "$net_tmp/pcap.err"
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
is "icmp IPv4: the checksum is that of the flow" "$(values sum)" fff7

## What was asked for ###########################################################

ip -n "${net_prefix}c" link set dev wire mtu 9000
for proto in udp icmp; do
	for v in 4 6; do
		eval "target=\$target$v"
		least=$([ $v = 4 ] && echo 28 || echo 48)
		capture 33 -q -s 28 -S 60 -c 33 -m 1 -i 500 "$proto" "$target"
		is "$proto IPv$v: sizes of 28 to 60 bytes, at least $least" \
			"$(sed -n 's/.* size=\([0-9]*\) .*/\1/p' "$net_tmp/wire" | paste -s -d ' ')" \
			"$(n=28; while [ $n -le 60 ]; do
				[ $n -lt $least ] && echo $least || echo $n; n=$((n + 1)); done | paste -s -d ' ')"
		for size in 127 128 576 1280 1500 8999 9000; do
			capture 1 -q -s $size -m 1 "$proto" "$target"
			is "$proto IPv$v: $size bytes, in one piece" \
				"$(values size) $(values frag | tr -d 0)" "$size "
			is "$proto IPv$v: $size bytes, all of them there" \
				"$(sed 's/.* data=//' "$net_tmp/wire" | tr -d '\n' | wc -c)" \
				$((2 * (size - least)))
		done
		capture 3 -q -B 0xa5 -Q 0xb9 -s 100 -f 7 -m 9 "$proto" "$target"
		is "$proto IPv$v: TTLs, TOS" "$(values ttl) $(values tos)" "7 8 9 b9"
		is "$proto IPv$v: the pattern fills what is not identity" \
			"$(sed 's/.* data=.\{20\}//; s/a5//g' "$net_tmp/wire" | sort -u)" ""
		is "$proto IPv$v: and it is there" "$(grep -c 'a5a5a5a5$' "$net_tmp/wire")" 3
		capture 1 -q -B 0 -Q 0 -m 1 "$proto" "$target"
		is "$proto IPv$v: no TOS, zeros" "$(values tos) $(grep -c '00000000$' "$net_tmp/wire")" "00 1"
		[ "$proto" = icmp ] && continue
		capture 2 -q -P 53 -L 5000 -F 2 -m 2 "$proto" "$target"
		is "udp IPv$v: ports that were asked for" "$(values sport) $(values dport)" "5002 53"
	done
done

# A label that somebody has for himself: ours has to be asked for, or is not to be had.
lease() {
	in_ns c timeout 100 "${builddir:-.}/tests/net/label" "$target6" "$1" \
		<"$net_tmp/lease" >"$net_tmp/leased" 2>&1 &
	leaser=$!
	exec 9>"$net_tmp/lease"
	until_true grep -qs . "$net_tmp/leased"
}
mkfifo "$net_tmp/lease"
: >"$net_tmp/leased"
lease 0x12345
capture 4 -q -c 2 -m 2 udp "$target6"
is "a label of somebody else: ours is asked for" \
	"$(cat "$net_tmp/leased") $(values label)" "leased 9e377"
exec 9>&-
wait "$leaser"
: >"$net_tmp/leased"
lease 0x78ddc
capture 8 -q -F 3 -c 4 -m 2 udp "$target6"
is "our label is somebody else's: one, but another" \
	"$(cat "$net_tmp/leased") $(values label | wc -w) $(values label | grep -c 78ddc)" "leased 1 0"
is "our label is somebody else's: stamps are the kernel's all the same" \
	"$(sed -n 's/.* kernel_tx=\([0-9]*\) .*/\1/p' "$net_tmp/probe.out")" 8
exec 9>&-
wait "$leaser"

# Device and source: the route says otherwise.
cat >"$net_tmp/other.net" <<END
target 203.0.113.91
target 2001:db8:ff::91
target 169.254.7.7
hop 1 192.168.1.1 2001:db8:1::1 rtt 1ms
hop 2 target rtt 2ms
END
tun_start other --no-spin
ip -n "${net_prefix}c" route del 169.254.7.7 dev other
ip -n "${net_prefix}c" addr add 192.0.2.11/32 dev lo
ip -n "${net_prefix}c" addr add 2001:db8::11/128 dev lo nodad
device=other
for proto in udp icmp; do
	capture 2 -q -m 2 -I other "$proto" 169.254.7.7
	is "$proto: a link-local target of IPv4, by its device" "$(values ttl)" "1 2"
	# Nobody there knows that target.
	capture 2 -q -m 2 -w 0 -I other "$proto" "$target4"
	is "$proto: leaves by the device that was asked for" "$(values ttl)" "1 2"
	source=192.0.2.11 source6=2001:db8::11
	capture 2 -q -m 2 -a 192.0.2.11 "$proto" 203.0.113.91
	is "$proto IPv4: leaves from the source that was asked for" "$(values ttl)" "1 2"
	capture 2 -q -m 2 -a 2001:db8::11 "$proto" 2001:db8:ff::91
	is "$proto IPv6: leaves from the source that was asked for" "$(values ttl)" "1 2"
	source= source6=
done

# A mark is for routing here: what has it has no way.
is "a mark is not for everybody" "$(probe -M 7 udp "$target4")" \
	"open=EPERM: mark 7: takes CAP_NET_RAW or CAP_NET_ADMIN"
if ip -n "${net_prefix}c" rule add fwmark 7 prohibit 2>/dev/null; then
	is "with the mark" "$(in_ns c "$net_tmp/probe" -m 1 -M 7 udp "$target4")" prepare=EACCES
	is "with another mark" \
		"$(in_ns c "$net_tmp/probe" -q -m 1 -M 8 udp "$target4" | grep -c received=1)" 1
else
	skip "with a mark" "no rules by mark here"
fi

net_done
