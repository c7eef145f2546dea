#!/bin/sh
# SPDX-License-Identifier: ISC
# Holds the manual and the README to the tables: every option and every column
# is there, and nothing else is.
set -u
: "${srcdir:=.}" "${builddir:=.}"
man=$srcdir/docs/hoptop.8
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

echo 1..7
"$builddir/tests/docs/rows" >"$tmp/rows"
sed -n 's/^line //p' "$tmp/rows" | sort >"$tmp/lines"
sed -n 's/^name //p' "$tmp/rows" | sort >"$tmp/names"
sed -n 's/^later //p' "$tmp/rows" | sort >"$tmp/later"

[ "$(wc -l <"$tmp/lines")" -gt 40 ] || echo "too few rows" >"$tmp/few"
[ -e "$tmp/few" ] || : >"$tmp/few"
check "the tables have rows" "$tmp/few"

grep -E '^\.It (Fl|Sy)' "$man" | sort >"$tmp/man"
comm -23 "$tmp/lines" "$tmp/man" >"$tmp/missing"
check "every option and column is in the manual" "$tmp/missing"
comm -13 "$tmp/lines" "$tmp/man" >"$tmp/extra"
check "the manual has no other option or column" "$tmp/extra"

# One line of the manual begins with .Fl for every option that is to come.
sed -n '/^\.Sh CAVEATS/,$s/^\.Fl -\([a-z-]*\).*/\1/p' "$man" | sort >"$tmp/man-later"
comm -3 "$tmp/later" "$tmp/man-later" >"$tmp/differ"
check "the manual lists exactly what is not there yet" "$tmp/differ"

grep -oE -e '--[a-z][a-z-]+' "$srcdir/README.md" | sed 's/^--//' | sort -u |
	grep -vE '^enable-|^without-' | comm -23 - "$tmp/names" >"$tmp/readme"
check "the README mentions no option that is not there" "$tmp/readme"

# Files that the documents name are there.
for doc in README.md docs/ARCHITECTURE.md docs/CONTRIBUTING.md docs/STYLE.md \
	docs/SECURITY.md; do
	grep -oE '`(src|include|tests|docs)/[A-Za-z0-9_./-]+`' "$srcdir/$doc" |
		tr -d '`' | while read -r file; do
			[ -e "$srcdir/$file" ] || echo "$doc: $file"
		done
done >"$tmp/files"
check "the files that the documents name exist" "$tmp/files"

# A machine without these tools takes our word for it.
if command -v mandoc >/dev/null 2>&1; then
	mandoc -Tlint -Wwarning "$man" >"$tmp/lint" 2>&1
elif command -v groff >/dev/null 2>&1; then
	groff -mdoc -ww -z -Tutf8 "$man" >"$tmp/lint" 2>&1
else
	: >"$tmp/lint"
fi
check "the manual is well-formed" "$tmp/lint"
