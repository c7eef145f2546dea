#!/bin/sh
# SPDX-License-Identifier: ISC
# Every key of the help does what the help says, in a real terminal.  The list
# is that of the key table: a key that this file does not know fails.
set -u
. "${srcdir:=.}/tests/tty/lib.sh"
need_tmux

# Our name for a key, as tmux calls it.
tmux_name() {
	case $1 in
	Dn) echo Down ;;
	PgUp) echo PPage ;;
	PgDn) echo NPage ;;
	Esc) echo Escape ;;
	Bksp) echo BSpace ;;
	Del) echo DC ;;
	Shift-Tab) echo BTab ;;
	Ctrl-*) echo "C-$(echo "${1#Ctrl-}" | tr '[:upper:]' '[:lower:]')" ;;
	*) echo "$1" ;;
	esac
}

begin() {
	start 100x24 "$hoptop" --demo -i 0.25 203.0.113.80 2001:db8:80::80 &&
		shows_re '^ +9 +example\.net' && shows '[1 example.net]' &&
		# The very first key may be one that the terminal spells in several bytes.
		press Up && shows '> 9' && press Escape && lacks '> '
}

# toggles KEY FIRST SECOND: the key switches to the first, and back.
toggles() {
	press "$1" && shows "$2" && press "$1" && shows "$3"
}

# answers KEY LABEL TEXT: the key asks, the text is taken.
answers() {
	press "$1" && shows "$2" && press C-u && type_in "$3" && press Enter &&
		lacks "$2"
}

# scrolls KEY TEXT BACK: one key takes the text out of view, the other back.
scrolls() {
	press "$1" && lacks "$2" && press "$3" && shows "$2"
}

# Spoil the screen behind the dashboard's back.
spoils() {
	tty=$(term display-message -p -t t '#{pane_tty}')
	# The cursor stays where the dashboard thinks that it is.
	printf '\0337\033[6;1Hspoilt\0338' >"$tty" && shows spoilt && press C-l && lacks spoilt
}

suspends() {
	job=$(pid) && press C-z && until_ok is_stopped "$job" && kill -CONT "$job" &&
		shows "$1"
}

# quits KEY STATUS: ends the program, which then begins again.
quits() {
	press "$1" && ended "$2" && sane && begin
}

saves() {
	rm -f "$tmp"/hoptop-*
	press "$1" && shows "saved $tmp/hoptop-example.net-" &&
		grep -q '9\.|-- example\.net' "$tmp"/hoptop-example.net-*.txt
}

# Number keys: to the first and second target, and no other.
looks_at() {
	case $1 in
	1) press 2 && shows '[2 example.net]' && press 1 && shows '[1 example.net]' ;;
	2) press 2 && shows '[2 example.net]' && press 1 && shows '[1 example.net]' ;;
	*) press "$1" && shows 'there are 2 targets' && shows '[1 example.net]' ;;
	esac
}

# Each leaves the dashboard as it was.
in_table() {
	case $1 in
	'?' | h | F1) toggles "$1" 'Show or leave this help' 'Hop Host' ;;
	Enter | F5) toggles "$1" ' Hop 9  example.net' '> 9' && press Escape &&
		lacks '> 9' && lacks ' Hop 9' ;;
	Esc) press Enter && shows ' Hop 9  example.net' && press Escape &&
		lacks ' Hop 9  ' && shows '> 9' && press Escape && lacks '> 9' ;;
	d) press d && shows 'probes (x = lost)' && lacks Wrst && press d &&
		lacks 'Loss%' && press d && shows Wrst ;;
	p | Space) toggles "$1" '[PAUSE]' '[RUN]' ;;
	# In a pause, or the count might be larger again before we look.
	r) shows_re '^ +1 +gateway +0\.0 +([3-9]|[0-9]{2,}) ' && press p && shows '[PAUSE]' &&
		press r && shows 'statistics begin anew' &&
		shows_re '^ +1 +gateway +(-|0\.0) +[0-2] ' && press p && shows '[RUN]' ;;
	Up) press Up && shows '> 9' && press Up && shows '> 8' ;;
	Dn) press Down && shows '> 1' && press Down && shows '> 2' ;;
	PgUp) press End && shows '> 9' && press PPage && shows '> 1' ;;
	PgDn) press Home && shows '> 1' && press NPage && shows '> 9' ;;
	Home) press End && shows '> 9' && press Home && shows '> 1' ;;
	End) press Home && shows '> 1' && press End && shows '> 9' ;;
	+ | -) resize 100x10 && shows '(Dn to scroll)' && press + &&
		shows_re '\(Up( Dn)? to scroll\)' && press - && shows '(Dn to scroll)' &&
		resize 100x24 && lacks 'to scroll' ;;
	Tab | Shift-Tab) press "$2" && shows '[2 example.net]' && press "$2" &&
		shows '[1 example.net]' ;;
	[1-9]) looks_at "$1" ;;
	F) press F && shows 'there is one flow' ;;
	S | '>') press "$2" && shows_re ' [v^]Loss%' && press '<' && shows ' Loss%' ;;
	'<') press '<' && shows_re '[v^]StDev' && press '>' && shows ' StDev' ;;
	R) toggles R 'vHop' ' Hop' && shows_re '^ +1 +gateway' ;;
	o | F4) answers "$2" 'Columns: ' LA && lacks Wrst &&
		answers "$2" 'Columns: ' 'LSNABWV' && shows Wrst ;;
	j) toggles j Jttr Wrst ;;
	n) press n && shows_re '^ +1 +192\.168\.1\.1 ' && press n &&
		shows 'gateway (192.168.1.1)' && press n && lacks '192.168.1.1' ;;
	e) toggles e 'Lbl 24001' 'MPLS labels off' && lacks 'Lbl 24001' ;;
	c) press c && lacks ' cycles' && lacks '[1 example.net]' && press c &&
		shows ' cycles' '[1 example.net]' ;;
	i) answers i 'Interval in seconds: 0.25' 0.5 && shows '0.50s' &&
		answers i 'Interval in seconds: 0.5' 0.25 && shows '0.25s' ;;
	f) answers f 'First TTL: 1' 3 && lacks gateway && answers f 'First TTL: 3' 1 &&
		shows_re '^ +1 +gateway' ;;
	m) answers m 'Largest TTL: 30' 5 && shows 'not reached in 5 hops' &&
		answers m 'Largest TTL: 5' 30 && shows_re '^ +9 +example\.net' ;;
	s) answers s 'Packet size, negative for random: 64' 100 && shows '100 B' &&
		answers s 'random: 100' 64 && shows '64 B' ;;
	b) answers b '-1 for random: 0' 7 && answers b '-1 for random: 7' 0 ;;
	Q) answers Q 'Type of service 0..255: 0' 16 && answers Q '0..255: 16' 0 ;;
	u) toggles u ' udp  port 33434' ' icmp  sim' ;;
	t) toggles t ' tcp  port 80' ' icmp  sim' ;;
	w | F9) saves "$2" ;;
	Ctrl-L) spoils ;;
	Ctrl-Z) suspends 'Hop Host' ;;
	q | F10) quits "$2" 0 ;;
	Ctrl-C) quits C-c 130 ;;
	*) return 1 ;;
	esac
}

# Every selection is undone by Esc, which begins at nothing selected.
none_selected() {
	press Escape && shows_re '^ +9 ' && lacks '> ' && shows_re '^ +9 '
}

# The details of hop 4 at a size where they do not fit: Tab gives them the keys.
open_detail() {
	resize 100x12 && press Home && press Down Down Down && shows '> 4' &&
		press Enter && shows ' Hop 4  ' 'loss ' 'Tab: scroll' && press Tab &&
		shows 'Tab: hops'
}

close_detail() {
	press Escape && lacks ' Hop 4  ' && press Escape && lacks '> 4' && resize 100x24 &&
		shows_re '^ +9 +example\.net'
}

# Keys that move mean the details there; all others mean what they always do.
in_detail() {
	case $1 in
	Up | Dn) scrolls Down ' loss ' Up ;;
	PgUp | PgDn) scrolls NPage ' loss ' PPage ;;
	Home | End) scrolls End ' loss ' Home ;;
	+ | -) scrolls + ' loss ' - ;;
	Tab) toggles Tab 'Tab: scroll' 'Tab: hops' ;;
	*) [ "$(echo "$keys" | grep -cF -x -e "table $1 $3")" -eq 1 ] ;;
	esac
}

in_help() {
	case $1 in
	'?' | h | F1 | Esc | q) press "$2" && lacks 'Show or leave this help' &&
		press '?' && shows 'Show or leave this help' ;;
	p | Space) toggles "$2" 'p resume' 'p pause' ;;
	Up | Dn) scrolls Down ' Keys' Up ;;
	PgUp | PgDn) scrolls NPage 'Show or leave this help' PPage ;;
	Home | End) press End && shows 'behind the hop number' && press Home &&
		shows 'Show or leave this help' ;;
	+ | -) scrolls + 'Show or leave this help' - ;;
	Ctrl-L) spoils ;;
	Ctrl-Z) suspends 'Show or leave this help' ;;
	F10) quits F10 0 && press '?' && shows 'Show or leave this help' ;;
	Ctrl-C) quits C-c 130 && press '?' && shows 'Show or leave this help' ;;
	*) return 1 ;;
	esac
}

in_prompt() {
	press i && shows 'Interval in seconds: 0.25' && case $1 in
	Enter) press C-u && type_in 0.75 && press Enter && shows '0.75s' &&
		answers i 'Interval' 0.25 && shows '0.25s' ;;
	Esc) type_in 5 && shows 'seconds: 5' && press Escape &&
		lacks 'Interval in seconds' && shows '0.25s' ;;
	Bksp | Del) type_in 123 && shows 'seconds: 123' && press "$2" &&
		shows_re 'seconds: 12 *$' && press Escape ;;
	Ctrl-U) press C-u && shows_re 'seconds: *$' && press Escape ;;
	Ctrl-L) spoils && press Escape ;;
	Ctrl-Z) suspends 'Interval in seconds' && press Escape ;;
	F10) quits F10 0 ;;
	Ctrl-C) quits C-c 130 ;;
	*) return 1 ;;
	esac && lacks 'Interval in seconds'
}

keys=$("$aid" keys)
begin
result "the dashboard"

# here PLACE: the keys of a place, in the order of the help.
here() {
	echo "$keys" | sed -n "s/^$1 //p" >"$tmp/keys"
	exec 3<"$tmp/keys"
	while read -r key help <&3; do
		"in_$1" "$key" "$(tmux_name "$key")" "$help" &&
			{ [ "$1" != table ] || none_selected; }
		result "$1: $key: $help"
	done
	exec 3<&-
}

here table
here prompt
open_detail
result "the details"
here detail
close_detail
result "the details closed"
press '?' && shows 'Show or leave this help'
result "the help"
here help

# One flow after the other, and back to all.
press q && press q && ended 0
start 100x24 "$hoptop" --sim "$srcdir/tests/scenarios/ecmp.net" --flow 7 --flows 2 &&
	shows ' 2 flows ' ' Flows ' && press F && shows 'flow 7 of 7..8' && lacks ' Flows ' &&
	press F && shows 'flow 8 of 7..8' && press F && shows ' 2 flows ' ' Flows '
result "F with several flows"

echo "1..$n"
