#!/bin/sh
# SPDX-License-Identifier: ISC
# Screens of the demo on the virtual clock, compared with the files in
# tests/golden/screens.d: first what is written, then what it means (roles).
#
#   screens.sh            print TAP
#   screens.sh --update   write the files anew; read the diff before committing
set -u
: "${srcdir:=.}" "${builddir:=.}"
golden=$srcdir/tests/golden/screens.d
screen=$builddir/tests/golden/screen
ecmp=$srcdir/tests/scenarios/ecmp.net
lengths=$srcdir/tests/scenarios/ecmp-lengths.net
balanced=$srcdir/tests/scenarios/balanced.net

# name, then the arguments of tests/golden/screen
cases() {
	for size in 40x10 80x24 120x40 200x50; do
		for set in utf8 ascii; do
			echo "$size-$set $size $set +60"
		done
	done
	cat <<-CASES
	first-answers 80x24 utf8 +0.15
	detail 80x24 utf8 +60 <Dn><Dn><Dn><Dn><Enter>
	detail-ascii 80x24 ascii +60 <Enter>
	detail-small 40x10 utf8 +60 <Dn><Dn><Dn><Dn><Enter>
	detail-large 200x50 utf8 +60 <Dn><Dn><Dn><Dn><Enter>
	history 80x24 utf8 +60 d
	graph-ascii 80x24 ascii +60 dd
	mpls 80x24 utf8 +60 e
	compact 80x24 utf8 +60 c
	addresses 80x24 utf8 +60 n
	jitter 80x24 utf8 +60 j
	sorted 80x24 utf8 +60 oLA<Enter>SSR
	paused 80x24 utf8 +20 p +20
	prompt-error 80x24 utf8 +20 i0,5<Enter>
	prompt-columns 80x24 utf8 +20 o
	help 80x24 utf8 +5 ?
	help-whole 80x90 utf8 +5 ?
	help-small 40x10 utf8 +5 ?<PgDn>
	flows 120x40 utf8 sim=$ecmp flows=16 +30
	flows-ascii 80x24 ascii sim=$ecmp flows=16 +30
	flows-small 40x10 utf8 sim=$ecmp flows=16 +30
	flows-sorted 80x24 utf8 sim=$ecmp flows=16 +30 S
	flows-detail 80x40 utf8 sim=$ecmp flows=16 +30 <Dn><Dn><Enter>
	flows-compact 80x24 utf8 sim=$ecmp flows=16 +30 c
	flows-lengths 80x24 utf8 sim=$lengths flows=8 +30
	flow-alone 80x24 utf8 sim=$ecmp flows=16 flow=100 +30 FFF
	flow-only 80x24 utf8 sim=$ecmp flow=3 +30
	packets-detail 80x24 utf8 sim=$balanced +60 <Dn><Dn><Enter>
	packets-flows 80x24 utf8 sim=$balanced flows=4 +60
	CASES
}

if [ "${1-}" = --update ]; then
	mkdir -p "$golden"
	cases | while read -r name args; do
		# shellcheck disable=SC2086
		set -f; "$screen" $args >"$golden/$name.txt"
	done
	exit
fi

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cases >"$tmp/cases"
n=0
set -f
while read -r name args; do
	n=$((n + 1))
	"$screen" $args >"$tmp/screen"
	if diff -u "$golden/$name.txt" "$tmp/screen" >"$tmp/diff"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		sed 's/^/# /' "$tmp/diff"
	fi
done <"$tmp/cases"

# --ascii means it.
n=$((n + 1))
if "$screen" 200x50 ascii +60 '<Enter>' | LC_ALL=C grep -q '[^ -~]'; then
	echo "not ok $n - nothing but ASCII"
else
	echo "ok $n - nothing but ASCII"
fi
echo "1..$n"
