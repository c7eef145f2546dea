# SPDX-License-Identifier: ISC
# Helpers for measurements: nothing here passes or fails.
# Sourced after tests/net/lib.sh.

# bench_begin PROGRAM...: namespace c as in tests of the TUN simulator
bench_begin() {
	tun_ns
	for bench_program in "$@"; do
		net_install "${builddir:-.}/$bench_program"
	done
}

# bench_start NAME [OPTION]...: a simulator that has a processor to itself if there
# is a second one, and is never kept waiting for it
bench_start() {
	tun_start "$@"
	chrt -f -p 10 "$tun_pid" 2>/dev/null || echo "(no real-time priority)"
	[ "$(nproc)" -lt 2 ] || taskset -pc 1 "$tun_pid" >/dev/null
}

# bench_user COMMAND...: as the user, on the first processor
bench_user() {
	as_user c taskset -c 0 "$@"
}

# bench_quantiles: of the numbers on standard input: n, median, p90, p99, largest
bench_quantiles() {
	sort -n | awk '
		{ x[NR] = $1 }
		function q(p,  i) { i = int(p * NR + 0.9999); return x[i < 1 ? 1 : i] }
		END { if (NR) printf "%d %.1f %.1f %.1f %.1f\n", NR, q(0.5), q(0.9), q(0.99), x[NR] }'
}

bench_row() {
	row_name=$1
	shift
	printf '%-34s' "$row_name"
	printf ' %9s' "$@"
	echo
}

now_ms() { echo $(($(date +%s%N) / 1000000)); }
