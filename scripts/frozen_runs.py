"""The frozen runs: groups of command lines as a shell would take them, in a folder with the inputs.

A line may begin with settings (`ACCESSIBLE=1`, `TODAY=2027-02-01`) and have `< FILE`. Lines of their own kind change a
file between two runs: `replace FILE OLD NEW`, `append FILE TEXT`, `cut FILE BYTES`, `remove FILE`, `copy FILE TO`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from frozen_inputs import COUNTIES, EDITS, KINDS, PLANS, PROGRAMS, REFERRALS, ROOT, SERVICES, ZIPS

DAY: Final = "--as-of 2026-11-22"
COMMANDS: Final = (
    "county",
    "counties",
    "plan",
    "contacts",
    "when",
    "services",
    "programs",
    "check",
    "interview",
    "refer",
    "help",
    "batch",
    "data",
    "data check",
    "data sources",
    "data diff",
    "profile",
    "profile path",
    "profile show",
    "profile edit",
)


def both(lines: Iterable[str]) -> Iterator[str]:
    """Each line as text and as JSON."""
    for line in lines:
        yield line
        yield f"{line} --json"


def three(lines: Iterable[str]) -> Iterator[str]:
    """Each line as text, plain and as JSON."""
    for line in lines:
        yield from (line, f"{line} --plain", f"{line} --json")


def counties() -> Iterator[str]:
    """Every county, and what it offers."""
    for name in map(shlex.quote, COUNTIES):
        yield from both([f"calaim county {name}"])
        yield f"calaim services --county {name}"
    yield from three(["calaim county san mateo", "calaim services --county placer", "calaim services --county Alpine"])


def places() -> Iterator[str]:
    """ZIP codes, aliases, misspellings, and what is no place."""
    yield from (f"calaim county {code}" for code in ZIPS)
    named = ("la", "SF", "san matteo", "sb", "oakland", "Atlantis", "san", "''", "06001", "00501", "99999", "9440",
             "94401-1234", "san mateo county", "SAN  MATEO", "'s\u00e1n mateo'", "Los", "sacremento",
             "'x\\ny'")  # fmt: skip
    yield from both(f"calaim county {name}" for name in (*named, "94401", "89439", "95603", "96161"))
    yield from both(f"calaim services --county {name}" for name in ("94401", "sb", "Atlantis", "99999"))
    yield from three(["calaim counties"])
    options = ("--service respite", "--without sobering-centers", "--region north", "--region south", "--plan kp",
               "--plan 'health net'", "--without recuperative_care --region north", "--service respite --plan aah",
               "--service castle", "--region east", "--plan nobody", "--without castle")  # fmt: skip
    yield from both(f"calaim counties {one}" for one in options)
    for name in ("county alameda", "counties", "services respite", "programs ecm", "services --county alameda"):
        yield f"TODAY=2027-02-01 calaim {name}"
        yield f"ACCESSIBLE=1 calaim {name}"
        yield f"FORCE_COLOR=1 calaim {name}"
        yield f"CALAIM_DATA=my-county calaim {name} --json"
        yield f"calaim {name} --data my-mailbox"
        yield f"calaim {name} --data no-such-plan"


def plans() -> Iterator[str]:
    """Plans, contacts and situations; members of other plans, on several days."""
    yield from three(["calaim plan", "calaim contacts", "calaim plan health-net"])
    yield from three(["calaim when", "calaim when leaving the hospital"])
    yield from (f"calaim when {name}" for name in ("leaving-jail", "'just had a baby'", "eviction", "ccs", "asthma"))
    yield from both(f"calaim when {name}" for name in ("home", "hosptial", "castle", "''"))
    yield "ACCESSIBLE=1 calaim when often-in-er"
    yield from (f"calaim plan {name}" for name in PLANS[::4])
    yield from both(f"calaim plan {name}" for name in ("Kaiser", "alliance", "'blue cross'", "medicare", "''", "hpsn"))
    yield from ("TODAY=2027-02-01 calaim plan kp", "FORCE_COLOR=1 calaim contacts", "calaim plan kp --data my-mailbox")
    for name in ("sheet", "sheet-to-ask", "no-route", "plan-unknown", "plan-elsewhere", "plan-conflict", "no-region"):
        yield f"calaim check referrals/{name}.toml --program ecm --program respite {DAY}"
    yield f"calaim check referrals/sheet.toml --program ecm --json {DAY}"
    days = ("2025-06-30", "2025-12-31", "2026-11-30", "2026-12-01", "2026-12-31", "2027-01-01", "2030-01-01")
    for day in days:
        yield f"calaim check referrals/sheet.toml --program transitional-rent --as-of {day}"
        yield f"calaim refer referrals/sheet.toml --out out/sheet.txt --as-of {day}"
    sheet = f"calaim refer referrals/sheet.toml {DAY}"
    yield from (f"{sheet} --format {form}" for form in ("text", "eml", "json", "mailto"))
    yield from (f"{sheet} --redact", f"{sheet} --out out/sheet.eml", f"{sheet} --self-referral")
    for ending in ("", ".zip", ".mbox"):
        several = f"calaim batch sheets/plans.csv --keep-going --out out/plans{ending}"
        yield from (f"{several} {DAY}", f"{several} --as-of 2026-12-01")


def policy() -> Iterator[str]:
    """Services, programs, sources, the data's own commands."""
    yield from three(["calaim services", "calaim programs"])
    yield from ("calaim case new", "calaim case new --program respite", "calaim questions", "calaim questions respite")
    for name in SERVICES:
        yield from both([f"calaim services {name}"])
        yield f"calaim services {name} --county {'alameda' if name < 'm' else 'orange'}"
    yield from both(f"calaim programs {name}" for name in PROGRAMS)
    for name in ("meals", "Sobering", "castle", "home", "''", "ecm", "'respite services'"):
        yield from both([f"calaim services {name}", f"calaim programs {name}"])
    yield from three(["calaim programs homelessness --plain", "calaim services respite --county alpine"])
    yield from three([f"calaim data sources {DAY}"])
    yield from (f"calaim data sources --as-of {day}" for day in ("2024-02-29", "2027-02-01"))
    yield from both(f"calaim data check {DAY} --data {name}" for name in ("data", *EDITS, "empty", "nowhere"))
    yield from both([f"calaim data check {DAY}", "calaim data check --as-of 2027-02-01"])
    for name in (*EDITS, "data", "empty"):
        yield from both([f"calaim data diff data {name} {DAY}"])
    yield from three([f"calaim data diff data six-visits examples/case.toml cases/five_avoidable_ed_visits.toml {DAY}"])
    yield f"calaim data diff data six-visits {_all_cases()} {DAY}"
    yield from ("calaim data diff data", "calaim data diff data my-county nothing.toml", "calaim data nothing")


def _all_cases() -> str:
    return " ".join(f"cases/{path.name}" for path in sorted((ROOT / "tests" / "cases").glob("*.toml")))


def decisions() -> Iterator[str]:
    """Every case decided, as text and as JSON."""
    for case in (*_all_cases().split(), "examples/case.toml", "examples/expected.toml"):
        yield from both([f"calaim check {case} {DAY}"])
    yield from both([f"calaim check {_all_cases()} --expect {DAY}"])


def checks() -> Iterator[str]:
    """The options of `check`, and what is wrong with cases."""
    yield from (f"calaim check examples/case.toml --program {name} {DAY}" for name in PROGRAMS)
    yield from three([f"calaim check examples/case.toml --county alameda --program cs --program respite {DAY}"])
    case = "calaim check examples/case.toml"
    yield from (f"{case} --plain {DAY}", f"calaim check - {DAY} < examples/case.toml", f"calaim check - {DAY}", case)
    yield from both(f"{case} --as-of {day}" for day in ("2027-02-01", "2026-13-01", "2006-01-01"))
    yield from both(f"{case} --county {name} {DAY}" for name in ("sb", "Atlantis", "94601", "alpine"))
    yield from both(f"{case} --program {name} {DAY}" for name in ("ecmm", "castle", "''"))
    broken = ("broken", "blank", "latin", "bom", "schema", "wrong", "nothing", "expects", "differs")
    yield from both(f"calaim check {name}.toml {DAY}" for name in broken)
    yield from both(f"calaim check {name}.toml --expect {DAY}" for name in ("expects", "differs", "wrong"))
    yield from both([f"calaim check examples/expected.toml differs.toml --expect {DAY}", f"{case} --expect {DAY}"])
    yield from (f"{case} --expect --program ecm", "calaim check", "calaim check empty", f"{case} nothing.toml {DAY}")
    yield from both(f"calaim check referrals/{name}.toml --program ecm {DAY}" for name in REFERRALS if name < "cs-b")
    yield from (f"{case} --data six-visits {DAY}", f"{case} --data wrong-key {DAY}", f"ACCESSIBLE=1 {case} {DAY}")
    yield from both([f"{case} examples/expected.toml --program ecm {DAY}"])


def referrals() -> Iterator[str]:
    """Every referral as text and as JSON, and some in every way."""
    for name in REFERRALS:
        yield from both([f"calaim refer referrals/{name}.toml {DAY}"])
    for name in ("ecm-south", "ecm-whole", "chw-north", "cs-several", "self-referral", "unicode", "long-notes"):
        case = f"calaim refer referrals/{name}.toml {DAY}"
        yield from (f"{case} --format {form}" for form in ("text", "eml", "json", "mailto"))
        yield f"{case} --redact"
        yield from (f"{case} --out out/{name}.{ending}" for ending in ("eml", "txt", "json"))
    case = f"calaim refer referrals/ecm-whole.toml {DAY}"
    yield from (f"{case} {one}" for one in (
        "--redact --json", "--redact --out out/x.eml", "--plain", "--no-input", "--format json --json",
        "--self-referral", "--self-referral --format eml", "--program chw", "--program cs",
        "--program cs --service respite", "--program cs --service respite --service castle",
        "--program cs --service respite --service 'asthma remediation' --format eml", "--service respite",
        "--program ecmm", "--format pdf", "--out out/x.doc", "--out out", "--out nowhere/x.eml", "--out ''",
        "--out out/j.eml --json", "--out out/j.eml --format text", "--data my-mailbox", "--data six-visits",
        "--data bad-mailbox", "--as-of 2027-02-01", "--from examples/case.toml",
    ))  # fmt: skip
    yield from (f"CALAIM_PROFILE={name}.toml {case}" for name in ("none", "bad-profile", "no-lead"))
    yield from (f"CALAIM_PROFILE={name}.toml {case} --format eml" for name in ("body", "header"))
    yield from both([f"CALAIM_PROFILE=no-lead.toml {case} --self-referral"])
    yield from both([f"CALAIM_PROFILE=none.toml calaim refer referrals/from-profile.toml {DAY}"])
    yield "calaim refer examples/case.toml"
    yield "TODAY=2027-02-01 calaim refer examples/case.toml --format eml"
    yield from both(
        f"calaim refer {name}.toml {DAY}" for name in ("broken", "blank", "latin", "bom", "wrong", "nothing")
    )
    yield from both([f"calaim refer {DAY}", f"calaim refer --no-input {DAY}", f"calaim refer - {DAY}"])
    yield from both([f"calaim refer - {DAY} < examples/case.toml", f"calaim refer --no-input --from wrong.toml {DAY}"])
    out = "calaim refer examples/case.toml --out out/again.eml"
    yield from (f"{out} {DAY}", f"{out} {DAY}", "append out/again.eml edited", f"{out} {DAY}", f"{out} {DAY} --json")
    yield f"{out} {DAY} --force"
    yield f"calaim refer examples/case.toml --redact --plain {DAY}"


def rest() -> Iterator[str]:
    """Help, completion, profile, interviews without a person, and command lines that are not right."""
    yield from ("calaim", "calaim --help", "calaim -h", "calaim --version", "calaim --json", "calaim nothing")
    yield from (f"calaim {name} --help" for name in COMMANDS)
    yield from (f"calaim {name}" for name in ("county", "data", "interview", "profile edit", "profile edit --no-input"))
    yield from (f"calaim help {name}".strip() for name in ("", "exit-codes", "privacy", "privat", "''"))
    yield from ("calaim help --plain", "calaim help privacy --plain", "ACCESSIBLE=1 calaim help exit-codes")
    yield from both(["calaim profile", "calaim profile show", "CALAIM_PROFILE=none.toml calaim profile show"])
    yield from both(["CALAIM_PROFILE=bad-profile.toml calaim profile show", "calaim profile nothing"])
    yield from ("calaim profile --json show", "CALAIM_PROFILE=body.toml calaim profile show", "calaim profile path")
    yield from ("CALAIM_PROFILE= calaim profile path", "CALAIM_PROFILE= calaim profile show")
    interviews = ("--program ecm --county alameda", "--from examples/case.toml", "--from nothing.toml", "--program x",
                  "--county Atlantis", "--from cases/everything_unknown.toml --program ecm", "--save out/x.toml",
                  "--from examples/case.toml --program ecm")  # fmt: skip
    yield from both(f"calaim interview --no-input {one} {DAY}" for one in interviews)
    yield from (f"calaim interview {one} {DAY}" for one in interviews)
    wrong = ("county alameda --jason", "county --data", "counties san mateo", "services respite meals", "--data data",
             "--data data county alameda", "check examples/case.toml --as-of tomorrow", "programs ecm chw --json",
             "refer a b", "services --county san mateo", "chek", "batch --limit x", "batch a b", "--verson",
             "county alameda --json=yes", "data sources --as-of 2026-02-30", "check examples/case.toml --progam ecm",
             "county alameda --data nowhere", "county alameda --data empty",
             "county alameda --data no-toml")  # fmt: skip
    yield from both(f"calaim {one}" for one in wrong)
    yield from completions()


def completions() -> Iterator[str]:
    """What shells are told, and the scripts that ask."""
    for shell in ("bash", "zsh", "fish"):
        yield f"calaim --show-completion {shell}"
        yield f"_CALAIM_COMPLETE=source_{shell} calaim"
    typed = ("cou", "county ", "county s", "county san", "county san m", "services ", "services me", "programs ho",
             "services respite --county al", "check ex", "check examples/", "check --program ", "counties --without s",
             "counties --plan ", "counties --region ", "refer --service as", "refer --fo", "batch sh", "data ",
             "profile ", "help ", "county --", "interview --from ca", "county zz")  # fmt: skip
    for line in typed:
        words = shlex.quote(f"calaim {line}")
        at = len(line.split()) + (1 if line.endswith(" ") else 0)
        yield f"_CALAIM_COMPLETE=complete_bash COMP_WORDS={words} COMP_CWORD={at} calaim"
        yield f"_CALAIM_COMPLETE=complete_zsh _TYPER_COMPLETE_ARGS={words} calaim"


def kinds() -> Iterator[str]:
    """The kinds of sheet that are measured, into folder, zip and mailbox, and again."""
    for name in KINDS:
        run = f"calaim batch sheets/{name}.csv {DAY}"
        for ending in ("", ".zip", ".mbox"):
            yield from (f"{run} --out out/{name}{ending}", f"{run} --out out/{name}{ending}")
        yield f"{run} --dry-run --json"
        yield f"{run} --out out/{name}-keep --keep-going --json"
        yield f"{run} --out out/{name}-keep.zip --keep-going --json"
        yield f"{run} --out out/{name}-5 --limit 5"
        yield f"{run} --out out/{name}-5 --keep-going"


def refused() -> Iterator[str]:
    """A sheet with every kind of bad row: nothing, the good ones, and the others mended."""
    run = f"calaim batch sheets/nasty.csv {DAY}"
    yield from both([f"{run} --out out/none", f"{run} --dry-run", f"{run} --dry-run --keep-going"])
    yield from both([f"CALAIM_PROFILE=no-lead.toml {run} --dry-run --keep-going"])
    for ending in ("", ".zip", ".mbox"):
        keep = f"{run} --keep-going --out out/nasty{ending}"
        yield from (keep, keep, f"{keep} --json", f"calaim batch sheets/nasty.csv --keep-going --out out/nasty{ending}")
        yield f"{run} --limit 9 --keep-going --out out/nine{ending}"
    for source in ("out/nasty/rejects.csv", "out/nasty.rejects.csv"):
        again = f"calaim batch {source} {DAY} --keep-going --out out/again"
        yield from (again, again, f"calaim batch {source} {DAY} --dry-run", f"{again}.zip --json")
    yield f"calaim batch out/again/rejects.csv {DAY} --keep-going --out out/third"
    yield from ("replace out/nasty/rejects.csv 911 415-555-0111", f"{run} --keep-going --out out/nasty")
    yield f"calaim batch out/nasty/rejects.csv {DAY} --keep-going --out out/nasty"
    yield f"calaim batch out/nasty/rejects.csv {DAY} --keep-going --out out/mended"


def outputs() -> Iterator[str]:
    """What is in the way of an output, and other days, limits and places."""
    run = f"calaim batch sheets/few.csv {DAY} --keep-going"
    for ending in ("", ".zip", ".mbox"):
        out = f"out/few{ending}"
        yield from (f"{run} --out {out}", f"calaim batch sheets/few.csv --as-of 2026-11-29 --keep-going --out {out}")
        yield from (f"append {out}{'' if ending else '/0001-ecm.eml'} edited", f"{run} --out {out}")
        yield from both([f"{run} --out {out}"])
    for lists in ("report", "rejects"):
        yield from (f"{run} --out out/{lists}", f"cut out/{lists}/{lists}.csv 10", f"{run} --out out/{lists}")
        yield from (f"copy profile.toml out/{lists}/{lists}.csv", f"{run} --out out/{lists}")
        yield from (f"remove out/{lists}/{lists}.csv", f"{run} --out out/{lists}")
    yield from both([f"calaim batch sheets/fewer.csv {DAY} --keep-going --out out/report"])
    stale = f"calaim batch sheets/unagreed.csv {DAY} --keep-going --out out/stale"
    yield f"calaim batch sheets/agreed.csv {DAY} --out out/stale"
    yield from (stale, f"{stale} --json", f"calaim batch sheets/unagreed.csv {DAY} --out out/stale")
    yield from (f"{run} --out {out}" for out in ("out/open", "out/git", "out/git/x.zip", "nowhere/x", "nowhere/x.zip"))
    yield from both(f"{run} --out {out}" for out in ("out/x.eml", "out/x.csv", "out/x.tar", "''", "profile.toml"))
    yield from (f"{run} --out out/{out}.zip" for out in ("q", "a b"))
    yield from (f"{run} --out out/q.mbox", f"{run} --limit 1 --out out/one", f"{run} --limit 0 --out out/all")
    yield from (
        f"calaim batch - {DAY} --out out/stdin < sheets/ordinary.csv",
        f"calaim batch - {DAY} --out out/nothing",
    )
    yield from both(
        [
            "calaim batch sheets/few.csv",
            "calaim batch",
            "calaim batch --out out/x",
            "calaim batch nothing.csv --out out/x",
        ]
    )
    yield from ("calaim batch --template", "calaim batch empty --out out/x", f"{run} --limit -1 --out out/x")
    yield "calaim batch examples/members.csv --as-of 2027-02-01 --out out/later"
    yield from (f"calaim batch examples/members.csv {DAY} --data {name} --out out/{name}" for name in EDITS)


def sheets() -> Iterator[str]:
    """The example, sheets as programs write them, odd headers and odd rows."""
    example = f"calaim batch examples/members.csv {DAY}"
    for ending in ("", ".zip", ".mbox"):
        yield from both([f"{example} --out out/members{ending}"])
    yield f"CALAIM_PROFILE=none.toml {example} --out out/none"
    yield from (f"CALAIM_PROFILE={name}.toml {example} --out out/{name}" for name in ("body", "header", "no-lead"))
    names = ("excel", "excel-sep", "excel-wide", "cp1252", "utf-16", "tabs", "old-mac", "unix", "blank-lines",
             "no-rows", "empty", "title", "unknown", "own-column", "double", "lacking", "no-referrer", "aliases",
             "nameless", "problem", "short-row", "lost-quote", "bare-quote", "nul", "long-cell", "latin")  # fmt: skip
    for name in names:
        yield f"calaim batch sheets/{name}.csv {DAY} --out out/{name}"
        yield f"calaim batch sheets/{name}.csv {DAY} --keep-going --json --out out/{name}-keep"
    for name, encoding in (("cp1252", "cp1252"), ("latin", "latin-1"), ("utf-16", "utf-16"), ("unix", "ascii")):
        run = f"calaim batch sheets/{name}.csv {DAY} --encoding {encoding} --keep-going"
        yield from (f"{run} --out out/{name}-{encoding}", f"{run} --out out/{name}-{encoding}.zip")
        again = f"calaim batch out/{name}-{encoding}/rejects.csv {DAY} --encoding {encoding}"
        yield f"{again} --keep-going --out out/{name}-2"
    yield from (f"{example} --encoding {name} --out out/x" for name in ("base64", "nothing", "rot13", "utf-8-sig"))
    yield f"CALAIM_PROFILE=none.toml calaim batch sheets/no-referrer.csv {DAY} --out out/x"
    yield f"calaim batch out/problem-keep/rejects.csv {DAY} --keep-going --out out/problem-2"


GROUPS: Final[dict[str, Callable[[], Iterator[str]]]] = {
    one.__name__: one
    for one in (decisions, referrals, checks, counties, plans, policy, places, kinds, outputs, sheets, refused, rest)
}
"""Each group has a folder of its own, and a file of what came out. The long ones come first."""
