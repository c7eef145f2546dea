#!/bin/sh
# SPDX-License-Identifier: ISC
# Holds the documents to the program: every option, column, key and JSON key is
# described and nothing else is, every example runs, the screen in the README
# is one that is drawn, exit statuses and file names are true.
set -u
: "${srcdir:=.}" "${builddir:=.}"
man=$srcdir/docs/hoptop.8
hoptop=$builddir/hoptop
unset HOPTOP_OPTIONS MTR_OPTIONS
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

n=0
# check DESCRIPTION FILE: passes if FILE, which lists what is wrong, is empty.
check() {
	n=$((n + 1))
	if [ -s "$2" ]; then
		echo "not ok $n - $1"
		sed 's/^/# /' "$2"
	else
		echo "ok $n - $1"
	fi
}

skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

"$builddir/tests/docs/rows" >"$tmp/rows"
sed -n 's/^line //p' "$tmp/rows" | sort >"$tmp/lines"
sed -n 's/^name //p' "$tmp/rows" | sort >"$tmp/names"
sed -n 's/^later //p' "$tmp/rows" | sort >"$tmp/later"

: >"$tmp/few"
[ "$(wc -l <"$tmp/lines")" -gt 100 ] || echo "too few rows" >"$tmp/few"
check "the tables have rows" "$tmp/few"

# Behind a column and a key stands its sentence.
awk '/^\.It (Fl|Sy|Ic) / { item = $0; if (/^\.It Fl/) { print item; item = "" }; next }
	item != "" { print item "\t" $0; item = "" }' "$man" | sort >"$tmp/man"
comm -23 "$tmp/lines" "$tmp/man" >"$tmp/missing"
check "every option, column and key is in the manual" "$tmp/missing"
comm -13 "$tmp/lines" "$tmp/man" >"$tmp/extra"
check "the manual has no other option, column or key" "$tmp/extra"

# One line of the manual begins with .Fl for every option that is to come.
sed -n '/^\.Sh CAVEATS/,$s/^\.Fl -\([a-z-]*\).*/\1/p' "$man" | sort >"$tmp/man-later"
comm -3 "$tmp/later" "$tmp/man-later" >"$tmp/differ"
check "the manual lists exactly what is not there yet" "$tmp/differ"

cat "$tmp/names" "$tmp/later" | sort >"$tmp/known"
grep -oE -e '--[a-z][a-z-]+' "$srcdir/README.md" | sed 's/^--//' | sort -u |
	grep -vE '^enable-|^without-' | comm -23 - "$tmp/known" >"$tmp/readme"
check "the README mentions no option that nobody knows" "$tmp/readme"

# run COMMAND: an example, on the virtual clock; what it says if it fails.
run() {
	command=$(printf '%s\n' "$1" | sed -E "s#example\.com|192\.0\.2\.1#example.net#g
		s#^(\./)?hoptop#'$hoptop' --demo#")
	sh -c "$command" >"$tmp/out" 2>&1 </dev/null && [ -s "$tmp/out" ] ||
		{ echo "$1"; sed 's/^/  /' "$tmp/out"; }
}

{
	sed -n 's/^\.Dl \(hoptop.*\)/\1/p' "$man"
	sed -nE 's/^    (\.\/hoptop [^#]*).*/\1/p' "$srcdir/README.md"
} | grep -v -e '--sim' >"$tmp/examples"
command -v jq >/dev/null || sed -i 's/|.*//' "$tmp/examples"
while IFS= read -r example; do
	run "$example"
done <"$tmp/examples" >"$tmp/broken"
[ "$(wc -l <"$tmp/examples")" -gt 5 ] || echo "too few examples" >>"$tmp/broken"
check "every example runs" "$tmp/broken"

# The first block of the language's description is a scenario.
sed -n '/^    name /,/^[^ ]/s/^    //p' "$srcdir/docs/SCENARIOS.md" >"$tmp/example.net"
"$hoptop" --sim "$tmp/example.net" -nrc 100 >"$tmp/out" 2>&1 &&
	[ "$(grep -c -e '|--' "$tmp/out")" = 3 ] && : >"$tmp/out"
check "the scenario in docs/SCENARIOS.md runs" "$tmp/out"

# status WANTED ARGUMENT...
status() {
	wanted=$1
	shift
	"$hoptop" "$@" >/dev/null 2>&1 </dev/null
	got=$?
	[ "$got" = "$wanted" ] || echo "hoptop $*: $got instead of $wanted"
}

{
	status 0 --demo -rc 1
	status 1 --demo -rc 1 -m 3
	status 2 --demo --no-such-option
	status 3 --demo -rc 1 nosuch.example
	status 4 --sim /nonexistent -rc 1
	# Once it speaks, it listens to signals too.
	"$hoptop" -ni 0.1 -lc 1000 127.0.0.1 >"$tmp/raw" 2>&1 &
	until [ -s "$tmp/raw" ] || ! kill -0 $! 2>/dev/null; do :; done
	kill -TERM $! 2>/dev/null
	wait $!
	got=$?
	[ "$got" = 143 ] || echo "terminated: $got instead of 143"
} >"$tmp/status"
check "exit statuses are as the manual has them" "$tmp/status"

sed -n '1,/^=== roles/p' "$srcdir/tests/golden/screens.d/80x24-utf8.txt" |
	grep -v '^=== roles' | sed '/^$/d' >"$tmp/screen"
sed -n '/^```$/,/^```$/p' "$srcdir/README.md" | grep -v '^```$' | sed '/^$/d' |
	diff "$tmp/screen" - >"$tmp/other"
check "the screen in the README is that of the demo" "$tmp/other"

# The keys of the first column of the tables of the section on JSON, and those
# of its text that begin a path.
name_keys() {
	sed -n '/^## JSON/,/^## Raw/p' "$srcdir/docs/FORMATS.md" |
		sed -nE 's/^\| (`[^|]*) \|.*/\1/p' | tr -d '`[]' | tr ' ' '\n' | grep . | sort
}
if command -v jq >/dev/null; then
	"$hoptop" --demo -jc 2 -o ' LDRSNBAWVGJMXI' | jq -r '
		(.report.hubs[0] | keys[] | select(test("^[a-z]") and . != "count" and . != "host")),
		(.report.hoptop | keys[])' | sort >"$tmp/keys"
	name_keys | comm -3 - "$tmp/keys" >"$tmp/differ"
	[ "$(wc -l <"$tmp/keys")" -gt 30 ] || echo "too few keys" >>"$tmp/differ"
	check "docs/FORMATS.md lists exactly the keys of the JSON" "$tmp/differ"
else
	skip "docs/FORMATS.md lists exactly the keys of the JSON" "no jq"
fi

# Files that the documents name are there.
for doc in README.md docs/ARCHITECTURE.md docs/CONTRIBUTING.md docs/FORMATS.md \
	docs/SCENARIOS.md docs/SECURITY.md docs/STYLE.md; do
	grep -v '^- `' "$srcdir/$doc" |
		grep -oE '`(src|include|tests|docs)/[A-Za-z0-9_./-]+`' | tr -d '`' | while read -r file; do
			[ -e "$srcdir/$file" ] || echo "$doc: $file"
		done
done >"$tmp/files"
check "the files that the documents name exist" "$tmp/files"

# The map has every source file, by its name without .c and .h.
map=$srcdir/docs/ARCHITECTURE.md
(cd "$srcdir" && find src include -name '*.[ch]' ! -name demo_net.c) |
	sed 's/\.[ch]$//' | sort -u | while read -r file; do
		grep -qF "\`$file\`" "$map" || echo "$file is not in the map"
	done >"$tmp/unmapped"
sed -nE 's/^- `(src[^`]*|include[^`]*)`.*/\1/p' "$map" | while read -r file; do
	[ -e "$srcdir/$file.c" ] || [ -e "$srcdir/$file.h" ] || echo "$file is gone"
done >>"$tmp/unmapped"
check "docs/ARCHITECTURE.md maps the files that there are" "$tmp/unmapped"

# A machine without these tools takes our word for it.
if command -v mandoc >/dev/null 2>&1; then
	mandoc -Tlint -Wwarning "$man" >"$tmp/lint" 2>&1
elif command -v groff >/dev/null 2>&1; then
	groff -mdoc -ww -z -Tutf8 "$man" >"$tmp/lint" 2>&1
else
	: >"$tmp/lint"
fi
check "the manual is well-formed" "$tmp/lint"
echo "1..$n"
