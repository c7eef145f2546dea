#!/bin/sh
# SPDX-License-Identifier: ISC
# Fuzz for a bounded time: FUZZ_SECONDS a fuzzer, one after the other.  Called by
# `make check-fuzz`; what is found is kept in tests/fuzz/out of the build tree, a
# line for each fuzzer is printed.  At the end a million packets go to real sockets.
set -u
: "${srcdir:=.}" "${builddir:=.}" "${FUZZ_SECONDS:=20}"

if [ -z "${FUZZING:-}" ]; then
	echo "check-fuzz: the fuzzers are not there: ./configure --enable-fuzzing CC=clang" >&2
	exit 1
fi

failed=0
for fuzzer in "$srcdir"/tests/fuzz/fuzz_*.c; do
	name=${fuzzer##*/fuzz_} name=${name%.c}
	corpus=$srcdir/tests/fuzz/corpus/$name
	out=$builddir/tests/fuzz/out/$name
	mkdir -p "$out/new"
	dict=
	[ ! -f "$corpus.dict" ] || dict=-dict=$corpus.dict
	# New inputs go to the first directory, the second is only read.
	"$builddir/tests/fuzz/fuzz_$name" $dict -max_total_time="$FUZZ_SECONDS" -timeout=5 -rss_limit_mb=1024 \
		-max_len=2048 -artifact_prefix="$out/" "$out/new" "$corpus" >"$out/log" 2>&1
	if [ $? -eq 0 ]; then
		sed -n "s/^Done \([0-9]*\) runs.*/$name: \1 inputs, no fault/p" "$out/log"
	else
		failed=1
		echo "$name: FAULT, see $out"
		tail -n 20 "$out/log"
	fi
done

# Each round is 156000 packets.
HT_GARBAGE_ROUNDS=7 "${SHELL:-sh}" "$srcdir/tests/net/garbage.sh" >"$builddir/tests/fuzz/out/garbage"
if [ $? -eq 0 ]; then
	grep -E '# SKIP|are no answer' "$builddir/tests/fuzz/out/garbage"
else
	failed=1
	grep -A 4 '^not ok' "$builddir/tests/fuzz/out/garbage"
fi
exit "$failed"
