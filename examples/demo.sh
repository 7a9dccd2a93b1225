#!/bin/sh
# The main job in three steps, on an invented member. The draft goes into demo/, nothing is sent.
set -eu
cd "$(dirname "$0")/.."
mkdir -p demo
show() { printf '\n$ %s\n' "$*"; "$@"; }

show calaim county san mateo
show calaim check examples/case.toml --program ecm --county "san mateo"
show calaim refer examples/case.toml --out demo/ecm.eml --force
printf '\nWritten to demo/ecm.eml:\n\n'
cat demo/ecm.eml
