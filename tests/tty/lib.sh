# SPDX-License-Identifier: ISC
# A terminal for the tests in this directory: a tmux server of their own, with
# nothing of the user's environment.  To be sourced.
#
#   need_tmux               skip the whole file, visibly, where there is none
#   start 80x24 COMMAND...  run it in a new pane, with a look at the tty before
#                           and after
#   press KEY... | type_in TEXT   names of keys are tmux's
#   shows TEXT...           wait until all are on the screen; 1 after $deadline
#   shows_re ERE / lacks TEXT
#   ended STATUS            wait for its end and this exit status
#   sane                    is the terminal as it was before?
#   result NAME             of what ran before, by its exit status
: "${srcdir:=.}" "${builddir:=.}"
case $builddir in /*) ;; *) builddir=$PWD/$builddir ;; esac
hoptop=$builddir/hoptop
aid=$builddir/tests/tty/aid
deadline=10
n=0

tmp=$(mktemp -d)
tmux=no
leave() {
	[ "$tmux" = no ] || term kill-server 2>/dev/null
	[ -z "${silent-}" ] || kill "$silent" 2>/dev/null
	rm -rf "$tmp"
}
trap leave EXIT
trap 'exit 1' HUP INT TERM

cat >"$tmp/conf" <<'CONF'
set -g exit-empty off
set -g status off
set -g default-terminal screen-256color
set -s escape-time 0
CONF

# What the pane runs: the command is the foreground job of a plain script.
cat >"$tmp/pane" <<'PANE'
trap : INT QUIT
stty -g >"$tmp/before"
sh -c 'echo $$ >"$tmp/pid"; exec "$@"' sh "$@"
echo $? >"$tmp/rc.new"
stty -g >"$tmp/after"
mv "$tmp/rc.new" "$tmp/rc"
exec cat
PANE

term() {
	env -i "PATH=$PATH" "HOME=$tmp" "tmp=$tmp" TERM=xterm-256color LC_ALL=C.UTF-8 \
		TZ=UTC PS1='$ ' tmux -S "$tmp/socket" -f "$tmp/conf" "$@"
}

need_tmux() {
	if ! command -v tmux >/dev/null 2>&1; then
		echo "1..0 # SKIP no tmux"
		exit 0
	fi
	if ! term start-server 2>"$tmp/err"; then
		echo "1..0 # SKIP tmux does not start: $(head -n 1 "$tmp/err")"
		exit 0
	fi
	tmux=yes
}

# Milliseconds, for what has to be quick.
now() {
	"$aid" now
}

# until_ok COMMAND...: run it again and again until it succeeds.
until_ok() {
	end=$(($(date +%s) + deadline))
	until "$@"; do
		[ "$(date +%s)" -lt "$end" ] || return 1
		sleep 0.02
	done
}

start_pane() {
	size=$1
	shift
	rm -f "$tmp/rc" "$tmp/pid"
	term kill-session -t t 2>/dev/null
	term new-session -d -s t -x "${size%x*}" -y "${size#*x}" "$@"
}

# start SIZE [NAME=VALUE]... COMMAND...
start() {
	size=$1
	shift
	start_pane "$size" sh "$tmp/pane" env "$@"
}

resize() {
	term resize-window -t t -x "${1%x*}" -y "${1#*x}"
}

press() {
	term send-keys -t t "$@"
}

type_in() {
	term send-keys -t t -l "$1"
}

screen() {
	term capture-pane -p -t t 2>&1
}

has() {
	screen >"$tmp/screen" && grep -qF -e "$1" "$tmp/screen"
}

has_re() {
	screen >"$tmp/screen" && grep -qE -e "$1" "$tmp/screen"
}

has_not() {
	! has "$1"
}

shows() {
	for text; do
		until_ok has "$text" || { why="no '$text'"; return 1; }
	done
}

shows_re() {
	until_ok has_re "$1" || { why="no match of '$1'"; return 1; }
}

lacks() {
	until_ok has_not "$1" || { why="still '$1'"; return 1; }
}

pid() {
	until_ok test -s "$tmp/pid" && cat "$tmp/pid"
}

# The letter of a process's state; ps is not on every machine.
state() {
	sed -n 's/^State:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null
}

# A zombie whose parent is gone is as good as dead.
is_gone() {
	case $(state "$1") in
	'' | Z*) return 0 ;;
	esac
	return 1
}

is_stopped() {
	case $(state "$1") in
	T*) return 0 ;;
	esac
	return 1
}

ended() {
	until_ok test -e "$tmp/rc" || { why="it goes on"; return 1; }
	[ "$(cat "$tmp/rc")" = "$1" ] || { why="exit status $(cat "$tmp/rc")"; return 1; }
}

# Modes of the terminal, then what the tty driver knows.
sane() {
	state=$(term display-message -p -t t \
		'alternate #{alternate_on}, cursor #{cursor_flag}, keypad #{keypad_flag}#{keypad_cursor_flag}, insert #{insert_flag}, mouse #{mouse_any_flag}')
	want='alternate 0, cursor 1, keypad 00, insert 0, mouse 0'
	[ "$state" = "$want" ] || { why=$state; return 1; }
	cmp -s "$tmp/before" "${1-$tmp/after}" || { why="stty differs"; return 1; }
}

result() {
	rc=$?
	n=$((n + 1))
	if [ "$rc" -eq 0 ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# ${why-}"
		screen 2>&1 | sed 's/^/# |/'
	fi
	why=
}
