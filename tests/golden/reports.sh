#!/bin/sh
# SPDX-License-Identifier: ISC
# Outputs of a fixed run, compared with the files in tests/golden/reports.d,
# then read by programs that are not ours.
#
#   reports.sh            print TAP
#   reports.sh --update   write the files anew; read the diff before committing
set -u
LC_ALL=C
export LC_ALL
unset HOPTOP_OPTIONS MTR_OPTIONS
: "${srcdir:=.}" "${builddir:=.}"
golden=$srcdir/tests/golden/reports.d
reports=$builddir/tests/golden/reports
all_columns='LDRS NBAWVG JMXI mpqrldtfkbh'

# name, then the arguments of tests/golden/reports
cases() {
	cat <<-CASES
	text text
	text-all text -o "$all_columns" -e -b
	text-numeric text -n -o LS
	wide wide -e
	json json
	json-all json -b -o "$all_columns"
	json-moved json -m
	csv csv
	csv-all csv -o "$all_columns"
	xml xml
	xml-all xml -o "$all_columns"
	raw raw -e
	raw-numeric raw -n
	split split -b
	trace trace -e
	text-flows text -F 4 -n -e
	text-flows-few text -F 4 -n -E 2
	wide-flows wide -F 4
	json-flows json -F 4
	csv-flows csv -F 4
	xml-flows xml -F 4
	raw-flows raw -F 4 -n
	CASES
}

# name, scenario, then the arguments of hoptop
simulated() {
	cat <<-CASES
	trace-sim trace.net --trace example.net other.example.net
	trace-sim-one trace.net --trace -q 1 -n -e -f 2 -m 6 example.net
	trace-sim-short trace.net --trace -u -Z 0.1 -m 6 example.net
	trace-sim-six trace.net --trace -n -s 1400 six.example.net
	trace-sim-refused trace-refused.net --trace -b example.net six.example.net
	CASES
}

# The version is no matter of layout.
output() {
	"$reports" "$@" | sed -e 's/hoptop-[0-9][0-9.]*/hoptop-VERSION/' \
		-e 's/"version": "[0-9.]*"/"version": "VERSION"/'
}

trace() {
	net=$golden/$1
	shift
	"$builddir/hoptop" --sim "$net" "$@" 2>&1
	echo "exit status $?"
}

if [ "${1-}" = --update ]; then
	cases | while read -r name args; do
		eval "output $args" >"$golden/$name.txt"
	done
	simulated | while read -r name args; do
		eval "trace $args" >"$golden/$name.txt"
	done
	exit
fi

n=0
ok() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
	fi
}
skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cases >"$tmp/cases"

while read -r name args; do
	eval "output $args" >"$tmp/$name"
	diff -u "$golden/$name.txt" "$tmp/$name" >"$tmp/diff"
	ok $? "$name is as it was"
	sed 's/^/# /' "$tmp/diff"
done <"$tmp/cases"

simulated >"$tmp/simulated"
while read -r name args; do
	eval "trace $args" >"$tmp/$name"
	diff -u "$golden/$name.txt" "$tmp/$name" >"$tmp/diff"
	ok $? "$name is as it was"
	sed 's/^/# /' "$tmp/diff"
done <"$tmp/simulated"

# One flow is lost on its way, others are not: any of them reaches the target.
dead=$srcdir/tests/scenarios/ecmp-dead.net
"$builddir/hoptop" --sim "$dead" -rc 2 >/dev/null
[ $? -eq 1 ]
ok $? "a flow that is lost: exit status 1"
"$builddir/hoptop" --sim "$dead" --flows 8 -rc 2 >/dev/null
ok $? "any flow reaches the target: exit status 0"

# Text: nothing that a terminal would obey.
cat "$tmp"/text* "$tmp"/wide "$tmp"/raw* "$tmp"/split "$tmp"/csv* "$tmp"/xml* \
	"$tmp"/trace* |
	tr -d '\n\040-\176' >"$tmp/odd"
ok "$(wc -c <"$tmp/odd")" "every byte is printable ASCII"

# JSON: one document per target; mtr's types; null where there is no value.
# Numbers are worked out from the table in reports.c.
query() {
	if ! command -v jq >/dev/null 2>&1; then
		skip "$1" "no jq"
		return
	fi
	jq -es "$2" <"$tmp/json" >"$tmp/answer" 2>&1
	ok $? "json: $1"
}
query "one document per target" 'length == 3'
query "mtr's head" '.[0].report.mtr == {src: "laptop", dst: "example.net", tos: 0,
	tests: 10, psize: "64", bitpattern: "0x00"}'
query "mtr's keys are numbers, and mtr's 0 for none" '[.[].report.hubs[] |
	.count, .["Loss%"], .Snt, .Last, .Avg, .Best, .Wrst, .StDev] |
	all(type == "number")'
query "no value is null in our keys" '.[0].report.hubs[1] |
	.Avg == 0 and .p50 == null and .ip == null and .icmp == null'
query "loss of 2 in 10" '.[0].report.hubs[2]["Loss%"] == 20'
query "mean of 10 to 19 without 12 and 17" '.[0].report.hubs[2].Avg == 14.5'
query "both addresses of a hop" '.[0].report.hubs[2].addresses | map(.ip) ==
	["198.51.100.3", "198.51.100.4"]'
query "late is not lost" '.[0].report.hubs[3] |
	.received == 7 and .late == 3 and .lost == 0 and .["Loss%"] == 0'
query "a second answer is a duplicate" '.[0].report.hubs[4] |
	.duplicates == 1 and .received == 10'
query "counts add up" '[.[].report.hubs[] |
	.sent == .received + .lost + .late + .pending] | all'
query "labels" '.[0].report.hubs[2].mpls == [{label: 24001, tc: 0, s: 1, ttl: 1}]'
query "reached" '[.[].report.hoptop.reached] == [true, false, false]'
query "why it ends" '[.[].report.hoptop.stop_reason] ==
	["destination", null, "unreachable"]'
query "a target without an address says why" '.[1].report |
	.hoptop.error == "no such host" and .hubs == []'
query "times are RFC 3339" '.[0].report.hoptop |
	.start == "2026-11-23T14:07:23.000+02:00" and
	(.end | test("^2026-11-23T14:07:[0-9]{2}\\.[0-9]{3}\\+02:00$"))'
cp "$tmp/json-moved" "$tmp/json"
query "the route's change, when and where" '.[0].report.hoptop.path_changes |
	map(del(.at)) == [{ttl: 2, from: "198.51.100.7", to: "198.51.100.8", epoch: 1,
	flow: 0}]
	and (.[0].at | startswith("2026-11-23T14:07:35"))'
query "nothing is said about findings that nobody looked for" '[.[].report.hoptop |
	has("findings")] | any | not'

cp "$tmp/json-flows" "$tmp/json"
query "the flows" '.[0].report.hoptop | .flow == 8 and .flows == 4 and .reached'
query "one branch of two flows, one of one, one silent" '.[0].report.hubs[1].branches |
	map([.ip, .flows]) == [["198.51.100.61", [8, 10]], ["198.51.100.62", [9]],
	[null, [11]]]'
query "loss of 4 in 20, of 0 in 10, of all" '.[0].report.hubs[1].branches |
	map([."Loss%", .Snt, .lost]) == [[20, 20, 4], [0, 10, 0], [100, 10, 10]]'
query "mean of 10 to 29 without 12, 17, 22, 27" '.[0].report.hubs[1].branches |
	.[0].Avg == 19.5 and .[0].Best == 10 and .[0].Wrst == 29 and .[1].Avg == 30'
query "a hub is its branches together" '.[0].report.hubs[1] | .Snt == 40 and
	.lost == 14 and ."Loss%" == 35 and .Avg == 23.538 and .balance == "flow"'
query "flows add up to their hub" '.[0].report.hubs |
	map(.sent == ([.flows[].sent] | add) and .lost == ([.flows[].lost] | add) and
	.sent == ([.branches[].sent] | add)) | all'
query "where all flows meet there is one branch" '.[0].report.hubs[0, 2] |
	(.branches | length) == 1 and .balance == null and .Snt == 40'

# CSV: read with RFC 4180's own grammar; a row has a field per heading.
for f in csv csv-all; do
	awk '
		function fields(s,   n, rest) {
			n = 0
			do {
				n++
				if (match(s, /^"([^"]|"")*"/) || match(s, /^[^",]*/))
					value[n] = substr(s, 1, RLENGTH)
				rest = substr(s, RLENGTH + 1)
				if (rest != "" && substr(rest, 1, 1) != ",") return -1
				s = substr(rest, 2)
			} while (rest != "")
			return n
		}
		/^Mtr_Version/ { want = fields($0) - 1; heads++; next }
		fields($0) != want { print "# " $0; bad = 1 }
		value[5] == 2 && value[4] == "203.0.113.99" { evil = value[6] }
		END { exit bad || heads != 3 || evil != "\"evil\"\",<b>&?[31m.example\"" }
	' "$tmp/$f"
	ok $? "$f: fields and quotes"
done

# XML: a parser that is not ours takes every document.
well_formed() {
	if command -v xmllint >/dev/null 2>&1; then
		xmllint --noout "$@"
	else
		python3 -c 'import sys, xml.dom.minidom as d
for f in sys.argv[1:]: d.parse(f)' "$@"
	fi
}
for f in xml xml-all; do
	if command -v xmllint >/dev/null 2>&1 || command -v python3 >/dev/null 2>&1; then
		awk -v out="$tmp/doc" '/^<\?xml/ { n++ } { print > (out n) }' "$tmp/$f"
		well_formed "$tmp"/doc[1-3] 2>/dev/null
		ok $? "$f: well-formed"
	else
		skip "$f: well-formed" "neither xmllint nor python3"
	fi
done

# raw: every answer names a probe that was sent, none is answered twice.  Each
# target counts from 33000.
awk '
	/^x 0 33000$/ { delete sent; delete seen }
	$1 == "x" { if (($2, $3) in sent) bad = 1; sent[$2, $3] = 1 }
	$1 == "p" { if (!(($2, $4) in sent) || (($2, $4) in seen)) bad = 1
		seen[$2, $4] = 1; answers++ }
	$1 !~ /^[xhpdm]$/ { bad = 1 }
	END { exit bad || answers == 0 }
' "$tmp/raw"
ok $? "raw: answers fit the probes"
grep -q '^d ' "$tmp/raw-numeric"
[ $? -eq 1 ]
ok $? "raw: no names with -n"

echo "1..$n"
