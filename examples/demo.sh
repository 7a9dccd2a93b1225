#!/bin/sh
# One story in four steps, with an invented member. What is written goes into demo/, nothing is sent.
set -eu
cd "$(dirname "$0")/.."
rm -rf demo
mkdir -m 700 demo
run() { printf '\n$ %s\n' "$*"; "$@"; }
first() { printf '\n$ %s\n' "$2"; sh -c "$2" | head -n "$1"; }

first 7 "calaim county 'san mateo'"
run calaim check examples/case.toml --program ecm
printf '\n$ calaim refer examples/case.toml --out demo/ecm.txt --log demo/referrals.ledger\n'
calaim refer examples/case.toml --out demo/ecm.txt --log demo/referrals.ledger 2>&1 | tail -n 1
sed -n 1,12p demo/ecm.txt
printf '...\n'
tail -n 3 demo/ecm.txt
run calaim referrals --log demo/referrals.ledger
printf '\nThe whole letter is in demo/ecm.txt. Try next, as if a member were on the phone: .venv/bin/calaim interview\n'
