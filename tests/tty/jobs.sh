#!/bin/sh
# SPDX-License-Identifier: ISC
# The dashboard as a job of an interactive shell: Ctrl-Z, fg, bg, kill, and
# kill -STOP from elsewhere.
set -u
. "${srcdir:=.}/tests/tty/lib.sh"
need_tmux

# Not Enter: a shell that edits no lines leaves the modes of a job that was
# stopped by kill -STOP, and there Enter is no end of a line.
enter() {
	press C-j
}

# The shell keeps its own modes while it waits for a command: look inside one.
modes() {
	type_in "stty -g >$tmp/$1.new; mv $tmp/$1.new $tmp/$1" && enter &&
		until_ok test -s "$tmp/$1"
}

launch() {
	rm -f "$tmp/pid"
	type_in "clear; sh -c 'echo \$\$ >$tmp/pid; exec $hoptop --demo' ${1-}" &&
		enter && job=$(pid)
}

in_shell() {
	rm -f "$tmp/modes"
	until_ok is_stopped "$job" && modes modes && sane "$tmp/modes"
}

comes_back() {
	type_in fg && enter && shows_re '^ +9 +example\.net' && shows '[RUN]' &&
		press p && shows '[PAUSE]' && press p && shows '[RUN]'
}

start_pane 80x24 sh -i
shows '$' && modes before
result "an interactive shell"

launch && shows '9  example.net' && press C-z && in_shell
result "Ctrl-Z: the shell is back, tty as before"
comes_back
result "fg: the dashboard is back, keys work"

press i && shows 'Interval in seconds' && press C-z && in_shell &&
	type_in fg && enter && shows 'Interval in seconds' && press Escape &&
	lacks 'Interval in seconds'
result "Ctrl-Z and fg while a question is open"

press C-z && in_shell && type_in 'bg' && enter && in_shell
result "bg: stays stopped, and leaves the terminal alone"
comes_back
result "fg after bg"

kill -STOP "$job" && until_ok is_stopped "$job" && comes_back
result "kill -STOP, fg: the dashboard is back"

kill -STOP "$job" && until_ok is_stopped "$job" && rm -f "$tmp/modes" &&
	modes modes && kill -CONT "$job" && until_ok is_stopped "$job" && comes_back
result "kill -CONT in the background: stops again until fg"

kill -STOP "$job" && until_ok is_stopped "$job" && rm -f "$tmp/modes" &&
	type_in 'stty sane' && enter && modes modes && comes_back
result "modes that changed meanwhile are set anew"

press C-z && in_shell && kill -TERM "$job" && kill -CONT "$job" &&
	until_ok is_gone "$job" && rm -f "$tmp/modes" && modes modes && sane "$tmp/modes"
result "SIGTERM while suspended: gone, tty as before"

launch '&' && until_ok is_stopped "$job" && comes_back
result "started in the background, then fg"
press q && until_ok is_gone "$job" && rm -f "$tmp/modes" && modes modes &&
	sane "$tmp/modes"
result "q: tty as before"

launch '&' && until_ok is_stopped "$job" && kill -TERM "$job" && kill -CONT "$job" &&
	until_ok is_gone "$job"
result "SIGTERM to one that was never in the foreground"

# Nobody's job: whoever runs scripts sends these two.
start 80x24 "$hoptop" --demo && shows '9  example.net' && job=$(pid) &&
	kill -STOP "$job" && until_ok is_stopped "$job" && kill -CONT "$job" &&
	press p && shows '[PAUSE]' && press q && ended 0 && sane
result "kill -STOP and -CONT without a shell in between"

type_in 'x' # the pane's cat shows it: the terminal takes input again
shows x
result "the terminal takes input"

echo "1..$n"
