#!/bin/sh
# SPDX-License-Identifier: ISC
# However the dashboard ends, the terminal is as it was before, and the last
# report stays on the screen.
set -u
. "${srcdir:=.}/tests/tty/lib.sh"
need_tmux

demo() {
	start 80x24 "$hoptop" --demo && shows_re '^ +9 +example\.net' && pid >/dev/null
}

# ends NAME STATUS COMMAND...: what ends it, and how that is told.
ends() {
	name=$1 status=$2
	shift 2
	demo && "$@" && ended "$status" && sane && shows 'HOST: ' '9.|-- example.net'
	result "$name: exit status $status, tty as before, report stays"
}

kill_it() {
	kill "-$1" "$(cat "$tmp/pid")"
}

ctrl_c_in_prompt() {
	press i && shows 'Interval in seconds' && press C-c
}

# Output stands still, and nobody presses Ctrl-Q.
term_while_stopped() {
	press C-s && until_ok is_still && kill_it TERM
}

# Does nothing come any more?  The clock alone would change within a second.
is_still() {
	screen >"$tmp/one" && sleep 1.2 && screen >"$tmp/two" && cmp -s "$tmp/one" "$tmp/two"
}

ends 'q' 0 press q
ends 'F10' 0 press F10
ends 'Ctrl-C' 130 press C-c
ends 'Ctrl-C while a question is open' 130 ctrl_c_in_prompt
ends 'SIGTERM' 143 kill_it TERM
ends 'SIGQUIT' 131 press 'C-\'
ends 'SIGTERM after Ctrl-S' 143 term_while_stopped

start 80x24 "$hoptop" --demo -c 1 -Z 0.3 && ended 0 && sane && shows '9.|-- example.net'
result "-c 1: ends by itself"

# The window is closed: SIGHUP.
demo && victim=$(cat "$tmp/pid") && term kill-session -t t &&
	until_ok is_gone "$victim"
result "the terminal goes away: gone soon"

# The connection is lost, and SIGHUP ignored, as under nohup.
start 80x24 sh -c 'trap "" HUP; exec "$@"' sh "$hoptop" --demo &&
	shows '9  example.net' && victim=$(pid) &&
	term kill-session -t t && until_ok is_gone "$victim"
result "the same with SIGHUP ignored: no endless loop"

# refuses TERM TEXT: it does not start, and says why in one line.
refuses() {
	start 80x24 "TERM=$1" "$hoptop" --demo && ended 4 && sane && shows "$2" &&
		[ "$(grep -c . "$tmp/screen")" -eq 1 ]
	result "TERM=$1: one line, exit status 4"
}

refuses dumb "hoptop: terminal 'dumb' cannot move its cursor"
refuses no-such-terminal "hoptop: terminal type 'no-such-terminal' (TERM) is unknown"

for type in xterm linux vt100 screen; do
	if ! infocmp "$type" >/dev/null 2>&1; then
		n=$((n + 1))
		echo "ok $n - TERM=$type # SKIP not in terminfo here"
		continue
	fi
	start 80x24 "TERM=$type" "$hoptop" --demo && shows '9  example.net' 'q quit' &&
		press q && ended 0 && sane && shows '9.|-- example.net'
	result "TERM=$type: shows, ends, tty as before"
done

echo "1..$n"
