#!/bin/sh
# SPDX-License-Identifier: ISC
# Every fuzzer over its corpus: what was wrong once, and what reaches far.
# Prints TAP; srcdir and builddir come from `make check`.
set -u
: "${srcdir:=.}" "${builddir:=.}"

out=$(mktemp)
trap 'rm -f "$out"' EXIT
number=0
failed=0

for fuzzer in "$srcdir"/tests/fuzz/fuzz_*.c; do
	number=$((number + 1))
	name=${fuzzer##*/fuzz_} name=${name%.c}
	set -- "$srcdir/tests/fuzz/corpus/$name"/*
	if [ -f "$1" ] && "$builddir/tests/fuzz/fuzz_$name" "$@" >"$out" 2>&1; then
		echo "ok $number - $name: $# inputs"
	else
		failed=1
		echo "not ok $number - $name: $# inputs"
		tail -n 20 "$out" | sed 's/^/# /'
	fi
done
echo "1..$number"
exit "$failed"
