#!/bin/sh
# SPDX-License-Identifier: ISC
# Three walls, each tried with a breach as well, so that this test can fail:
#   1. who includes whom is as the picture of the layers has it
#   2. the pure archive reads no clock, socket, file or environment, never
#      prints and never exits
#   3. the public headers compile alone, as C99 and as C++11
# Prints TAP; srcdir, builddir, CC and NM come from `make check`.
set -u
: "${srcdir:=.}" "${builddir:=.}" "${CC:=cc}" "${NM:=nm}" "${CXX:=c++}"

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0

# ok DESCRIPTION COMPLAINTS: passes when there are none.
ok() {
	number=$((number + 1))
	if [ -z "$2" ]; then
		echo "ok $number - $1"
	else
		echo "not ok $number - $1"
		echo "$2" | sed 's/^/# /'
	fi
}

# breach DESCRIPTION COMPLAINTS: passes when there are some.
breach() {
	if [ -n "$2" ]; then
		ok "$1" ""
	else
		ok "$1" "the breach was not seen"
	fi
}

skip() {
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}

## 1. Layers ##################################################################

# What a folder may include, besides itself.  <hoptop/path.h>, stats.h,
# session.h and diagnosis.h count as headers of their folder, written <path> and
# so on; the other public headers are everyone's.  The schedule takes its
# settings from <hoptop/session.h>: the one look upwards, at a plain struct.
allowed() {
	case $1 in
	base)      echo "" ;;
	packet)    echo "base" ;;
	probe)     echo "base packet <session>" ;;
	path)      echo "base packet" ;;
	diagnose)  echo "base packet path" ;;
	session)   echo "base packet probe path diagnose" ;;
	transport) echo "base packet" ;;
	names)     echo "base packet session path diagnose" ;;
	view)      echo "base packet session path diagnose" ;;
	report)    echo "base packet session path diagnose view" ;;
	ui)        echo "base packet session path diagnose view" ;;
	app)       echo "base packet session path diagnose view report ui transport names" ;;
	*)         echo "" ;;
	esac
}

# includes_of FILE: the folders whose headers it includes, one a line; a header
# without folder is "(none)", for it would slip through.
includes_of() {
	sed -nE \
		-e 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*"([^"/]*)/.*|\1|p' \
		-e '/"config\.h"/d' \
		-e 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*"[^"/]*".*|(none)|p' \
		-e 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*<hoptop/(path\|session)\.h>.*|<\1>|p' \
		-e 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*<hoptop/stats\.h>.*|<path>|p' \
		-e 's|^[[:space:]]*#[[:space:]]*include[[:space:]]*<hoptop/diagnosis\.h>.*|<diagnose>|p' \
		"$1" | sort -u
}

# check_layers TREE: complaints about TREE/src.
check_layers() {
	(cd "$1" && find src -name '*.[ch]') | sort | while read -r file; do
		folder=${file#src/}
		folder=${folder%%/*}
		includes_of "$1/$file" | while read -r other; do
			inner=${other#<}
			case " $folder $(allowed "$folder") " in
			*" $other "* | *" ${inner%>} "*) ;;
			*) echo "$file must not include $other" ;;
			esac
		done
	done
}

ok "includes go downwards only" "$(check_layers "$srcdir")"

# tree LINE: a tree with one file of the path layer that has this line.
tree() {
	rm -rf "$work/tree"
	mkdir -p "$work/tree/src/path"
	echo "$1" >"$work/tree/src/path/x.c"
	echo "$work/tree"
}

ok "an include downwards is none" "$(check_layers "$(tree '#include "base/addr.h"')")"
breach "an include sideways is seen" "$(check_layers "$(tree '#include "probe/x.h"')")"
breach "an include upwards is seen" "$(check_layers "$(tree '#  include "ui/x.h"')")"
breach "a public header from above is seen" \
	"$(check_layers "$(tree '#include <hoptop/session.h>')")"
breach "an include without folder is seen" "$(check_layers "$(tree '#include "x.h"')")"
breach "an include by .. is seen" "$(check_layers "$(tree '#include "../ui/x.h"')")"

## 2. Symbols #################################################################

# Also what they are called with FORTIFY_SOURCE, large files or 64-bit time.
denied='
	time gettimeofday clock clock_.* timespec_get localtime.* gmtime.* mktime
	strftime tzset nanosleep usleep sleep alarm setitimer timer_.* timerfd_.*
	socket.* bind connect listen accept.* send sendto sendmsg sendmmsg recv
	recvfrom recvmsg recvmmsg getsockopt setsockopt getsockname getaddrinfo
	getnameinfo gethostby.* if_nametoindex if_indextoname getifaddrs
	poll ppoll select pselect epoll_.* ioctl fcntl pipe.*
	open.* creat.* close read readv pread.* write writev pwrite.* lseek.* mmap.*
	stat.* fstat.* lstat.* access unlink rename mkdir opendir readdir.*
	fopen.* fdopen freopen.* fclose fread fwrite fgets fputs fputc fgetc getc
	putc getline getdelim fflush fseek.* ftell.* popen tmpfile.* mkstemp.*
	printf vprintf fprintf vfprintf dprintf vdprintf puts putchar perror syslog
	stdin stdout stderr scanf fscanf
	getenv secure_getenv setenv putenv unsetenv environ setlocale
	exit _exit _Exit quick_exit abort atexit raise kill signal sigaction
	fork vfork exec.* system getpid getuid geteuid
	rand random srand srandom getrandom getentropy arc4random.*
'
pattern=$(for name in $denied; do printf '%s|' "$name"; done)
pattern="^(__)?(${pattern%|})(_chk|_2|64|_time64)*\$"

# check_symbols FILE...: complaints about undefined symbols of objects, archives.
check_symbols() {
	"$NM" -u "$@" 2>/dev/null | awk '$1 == "U" { sub(/@.*/, "", $2); print $2 }' |
		sort -u | grep -E "$pattern" | sed 's/$/ is used/'
}

if ! command -v "$NM" >/dev/null 2>&1; then
	skip "the pure archive is pure" "no nm"
	skip "the simulator is pure" "no nm"
	skip "a breach of the archive is seen" "no nm"
else
	if [ "$("$NM" -u "$builddir/libhoptop.a" 2>/dev/null | grep -c ' U ')" -gt 0 ]; then
		ok "the pure archive is pure" "$(check_symbols "$builddir/libhoptop.a")"
	else
		ok "the pure archive is pure" "nm reads nothing from libhoptop.a"
	fi
	sim=$(find "$builddir/src/transport" -path '*sim*' -name '*.o' 2>/dev/null)
	if [ -n "$sim" ]; then
		# One word a file: object names hold no blanks.
		ok "the simulator is pure" "$(check_symbols $sim)"
	else
		skip "the simulator is pure" "not built"
	fi
	missed=
	for call in 'time(0)' 'clock_gettime(0, 0)' 'socket(1, 1, 0)' 'fopen("x", "r")' \
		'getenv("x")' 'exit(1)' 'abort()' 'printf("%d", 1)' 'puts("x")' \
		'fprintf(stderr, "%d", 1)' 'read(0, 0, 0)' 'open("x", 0)' 'recvmsg(0, 0, 0)'; do
		cat >"$work/breach.c" <<-EOT
			#include <fcntl.h>
			#include <stdio.h>
			#include <stdlib.h>
			#include <sys/socket.h>
			#include <time.h>
			#include <unistd.h>
			void breach(void);
			void breach(void) { (void)$call; }
		EOT
		# The warnings of a call that makes no sense are not wanted.
		$CC -w -O2 -c -o "$work/breach.o" "$work/breach.c" 2>"$work/err" ||
			missed="$missed $(head -n 1 "$work/err")"
		[ -n "$(check_symbols "$work/breach.o")" ] || missed="$missed $call"
	done
	ok "a breach of the archive is seen" "$missed"
fi

## 3. Headers #################################################################

# check_headers TREE LANGUAGE STANDARD COMPILER...: complaints about public
# headers that do not compile as the only one, or not twice.
check_headers() {
	tree=$1 language=$2 standard=$3
	shift 3
	for header in "$tree"/include/hoptop/*.h; do
		name=hoptop/$(basename "$header")
		printf '#include <%s>\n#include <%s>\nextern int x;\n' "$name" "$name" |
			"$@" -x "$language" -std="$standard" -pedantic-errors -Wall -Wextra \
				-Werror -fsyntax-only -I"$tree/include" - 2>&1
	done
}

bad=$work/bad
mkdir -p "$bad/include/hoptop"
echo 'uint8_t ht_bad(void);' >"$bad/include/hoptop/bad.h"

# CC may hold flags as well, so it is split.
ok "public headers are C99" "$(check_headers "$srcdir" c c99 $CC)"
breach "a header that needs another is seen" "$(check_headers "$bad" c c99 $CC)"

if echo 'int x;' | $CXX -x c++ -std=c++11 -fsyntax-only - >/dev/null 2>&1; then
	ok "public headers are C++11" "$(check_headers "$srcdir" c++ c++11 $CXX)"
	echo 'void ht_bad(int n, int a[static 4]);' >"$bad/include/hoptop/bad.h"
	breach "a header that is not C++ is seen" "$(check_headers "$bad" c++ c++11 $CXX)"
else
	skip "public headers are C++11" "no C++ compiler"
	skip "a header that is not C++ is seen" "no C++ compiler"
fi

echo "1..$number"
