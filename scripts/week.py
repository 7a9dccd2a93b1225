"""Write docs/follow-up.md anew: a week of a care manager's referrals, on a pseudo-terminal, about invented members.

`python scripts/week.py` writes it; with `--check` it only says whether it is up to date (exit code 1 if not).
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pexpect  # type: ignore[import-untyped]

from calaim_cli.follow import ledger

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "follow-up.md"
COLUMNS = 110
MEMBERS = """\
label,program,county,plan,first_name,last_name,date_of_birth,phone,address,city,zip,mrn,cin,current_services,\
ed_visits_6_months,visits_avoidable,excluded_programs,choose_one_programs,member_agreed,attested,part2
A-17,ecm,San Mateo,kp,Test,Member,1980-03-04,415-555-0123,1 Example St,San Mateo,94401,00012345,,none,\
5,yes,none,none,yes,yes,no
A-18,ecm,San Mateo,kp,Sample,Person,1975-05-06,415-555-0124,2 Example St,San Mateo,94401,00012346,,none,\
6,yes,none,none,yes,yes,no
A-19,ecm,San Mateo,hpsm,Third,Example,1990-07-08,510-555-0125,3 Example St,San Mateo,94401,,91234567A,none,\
5,yes,none,none,yes,yes,no
"""
SHOWN: Final = {"A-17": "4FJX73", "A-18": "7RCV43", "A-19": "9KM8TD"}
"""The references that the page shows in place of those that were drawn."""
HEAD: Final = """\
# After the draft

Made by `python scripts/week.py` from a real session; do not edit it by hand. The members are invented.

A referral that nobody follows up on is easily lost. If you name a *ledger*, each draft gets a reference of six
characters, which is in the letter, and a row in one file on your computer. The row has the reference, label, plan,
program, services, route, whether it is expedited, each status with its day, and the month of Medi-Cal renewal if the
case gives it (`renewal_month`); never a name, birth date, member number, county or answer. Without `--log` and without
a ledger in the profile nothing is kept.

- Put `ledger = "referrals.ledger"` at the top of the profile, or use `--log referrals.ledger` with `refer`, `batch`
  and `referrals`. A ledger named in the profile is kept next to it. Only drafts in files (`--out`) are recorded.
- The *label* is your own number for a member, to find the member in your own records: `label` in a case
  (`[referral]`) or a sheet. It is letters, digits and hyphens, and never goes to the plan. Names and member numbers
  are refused.
- `expedited = true` with `expedited_why` (or `refer --expedited`) asks for a faster decision, and says in the
  letter why.
- The same case or sheet into the same place again keeps the reference, and adds a missing row. Into another file it
  is a second request, and if there is a label, a warning names the open one. `--force` over another member's draft
  begins a new row. If a case gives the month of renewal later, that is added to the row too.
- Keep the ledger on your own computer. On a network drive it may be damaged, and in a synchronized folder others may
  see it: exchange `calaim referrals --csv` instead. Its columns `label`, `status`, `status_date` and `closing_reason`
  match it with a plan's own list.

"Ask now" does not blame the plan: its time runs from the day it has your request, and nobody tells you that day. A
rule is shown with its source; a reminder that is only our own says so.

## A week

"""
TAIL: Final = """
## What may follow what

| status | what may follow |
|---|---|
{statuses}

`closed` needs `--reason`: {reasons}. These words are our own. `authorized` takes `--until`, the last day in the
plan's letter; ten working days before it you are reminded of the renewal, which is `authorized` once more. `undo`
removes the last status, or takes a draft that was never sent off the list. Sobering centers are not followed up: they
are outside the closed-loop rules.

`calaim referrals` lists what is open, `--due` only what to ask about now, `--all` closed ones too, `--plan ID` those
of one plan; `calaim referrals REF` tells one story. `--on` is the day of a status, if it is not today.

If the ledger knows the month in which Medi-Cal is renewed, it says to remind the member from two months before until
that month is over, as long as the referral is open. Of all that is said about [keeping Medi-Cal](coverage.md) only
this month is kept; it is in no letter, reminder or page, and not in `--csv`, which is for the plan.

`--nudge REF` writes a reminder to the plan, by the same route as the referral: with reference, program and day, and
without the member. `--counts` counts by plan, status and closing reason; `--json` gives everything. When a plan says
no, `not-authorized` shows what the member can do.

## A page for the member

`calaim refer CASE --out draft.eml --for-member page.html` (or `.txt`) also writes a page to print: what was requested
and from whom, what comes next and by when, whom to call, and what to do if the answer is no. It has the first name
and nothing about health. Its words are data (`follow_up.toml`): the English is ours, and another language is accepted
only once a person who speaks it has reviewed it.
"""


def week(references: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Each command of the week, with what is said before it; the references are known after the first."""
    own = references
    yield "Monday: three drafts from a sheet.", "calaim batch week.csv --out drafts --as-of 2026-11-16"
    yield "", "calaim referrals --as-of 2026-11-16"
    yield "Two are sent.", f"calaim referrals sent {own['A-17']} {own['A-18']} --as-of 2026-11-16"
    words = "Tuesday: one came back. The address turns out to be right, so it is sent again."
    yield words, f"calaim referrals bounced {own['A-18']} --as-of 2026-11-17"
    yield "", f"calaim referrals sent {own['A-18']} --as-of 2026-11-17"
    words = "Thursday: a letter from the plan, dated the day before."
    letter = "--on 2026-11-18 --until 2027-11-17 --as-of 2026-11-19"
    yield words, f"calaim referrals authorized {own['A-17']} {letter}"
    yield "Friday: the week's list. What to ask about comes first.", "calaim referrals --as-of 2026-11-20"
    yield "One of them in full, and a reminder to its plan.", f"calaim referrals {own['A-18']} --as-of 2026-11-20"
    yield "", f"calaim referrals --nudge {own['A-18']} --out reminder.eml --as-of 2026-11-20"


def session() -> str:
    """The week as Markdown: what is said before each command, the command, and what the terminal shows."""
    with tempfile.TemporaryDirectory() as name:
        folder, known, text = Path(name), dict.fromkeys(SHOWN, ""), ""
        (folder / "week.csv").write_text(MEMBERS, encoding="utf-8")
        profile = Path(shutil.copy(ROOT / "examples" / "profile.toml", folder))
        said = profile.read_text("utf-8")
        profile.write_text(said.replace("\n", '\nledger = "referrals.ledger"\n', 1), encoding="utf-8")
        commands = week(known)
        for words, command in commands:
            shown = _typed(command, folder)
            known |= {one.label: one.reference for one in ledger.stories(folder / "referrals.ledger")}
            text += f"{words}\n\n" if words else ""
            text += f"```text\n$ {command}\n{shown}\n```\n\n"
        for label, reference in known.items():
            text = text.replace(reference, SHOWN[label])
        return text


def _typed(command: str, folder: Path) -> str:
    """What the terminal shows of a command. A command that fails ends the script."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPATH") if name in os.environ}
    # A batch draws a bar while it works, which no page can show.
    term = "dumb" if command.startswith("calaim batch") else "xterm"
    settings = {"TERM": term, "NO_COLOR": "1", "LC_ALL": "C.UTF-8", "CALAIM_PROFILE": "profile.toml"}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "calaim_cli", *shlex.split(command)[1:]],
        cwd=folder,
        env={**kept, **settings},
        dimensions=(50, COLUMNS),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(pexpect.EOF)
    child.close()
    shown = str(child.before).replace("\r\n", "\n")
    if child.exitstatus:
        raise SystemExit(f"{command}: exit code {child.exitstatus}:\n{shown}")
    return "\n".join(line.rstrip() for line in shown.strip("\n").splitlines())


def document() -> str:
    """The whole document."""
    from calaim_cli.policy import load

    data = load.load().follow_up_file
    rows = (f"| `{one.id}` | {', '.join(f'`{then}`' for then in one.may_follow) or 'nothing'} |" for one in data.status)
    tail = TAIL.format(statuses="\n".join(rows), reasons=", ".join(f"`{one}`" for one in data.reasons))
    return f"{HEAD}{session().rstrip()}\n{tail}"


def main() -> int:
    """Write the document, or check it."""
    fresh = document()
    if "--check" in sys.argv[1:]:
        same = TARGET.exists() and TARGET.read_text("utf-8") == fresh
        print("docs/follow-up.md is up to date" if same else "docs/follow-up.md: run scripts/week.py")
        return 0 if same else 1
    TARGET.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
