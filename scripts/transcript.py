"""Write docs/interview.md anew: one whole referral on a pseudo-terminal, about an invented member.

`python scripts/transcript.py` writes it; with `--check` it only says whether it is up to date (exit code 1 if not).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pexpect  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "interview.md"
HINT = r"back\]: "
COLUMNS = 100
COMMAND = "calaim refer --plain --save case.toml --out draft.eml --as-of 2026-11-22"

HEAD = """\
# A whole referral

Made by `python scripts/transcript.py` from a real session; do not edit it by hand. The member is invented. The
referrer's details are in the profile (`calaim profile edit`), so they are not asked for. What follows a colon at the
end of a question is what the care manager typed.

This is the plain form, as with `--plain`, `ACCESSIBLE=1` or `TERM=dumb`: numbered choices, and lines that are only
appended. On other terminals the same questions come as menus with arrow keys, in the same order.
"""

# What the care manager types, by how the question begins; several lines are typed one after the other.
# A question that stands here is asked or not as the interview goes; one that does not is answered by "don't know".
REPLIES: dict[str, list[str]] = {
    "Member's county or ZIP code": ["san mateo"],
    "Member's Medi-Cal plan": ["1"],
    "What should be screened first?": ["1"],
    "How old is the member": ["03/04/1979"],
    "Does the member have full-scope Medi-Cal": ["yes"],
    "Which of these describe where the member lives": ["?", "3"],
    "Is the member at risk of becoming homeless?": ["no"],
    "Does the member have a health need that is too": ["yes"],
    "Is the member in a program to weigh": ["5"],
    "Is the member in a program that rules out": ["6"],
    "Which reasons for a Community Health Worker": ["back", "1,5"],
    "Does the member now get ECM": ["none"],
    "Has the plan authorized Transitional Rent": ["no"],
    "Has the county's Coordinated Entry System": ["no"],
    "Does the member have a serious health condition": ["yes"],
    "Has the member secured housing?": ["no"],
    "Has the member had the Housing Deposits": ["no"],
    "Which of these transitions apply": ["none"],
    "Does the member need a place to heal": ["no"],
    "Which of these places is the member leaving?": ["none"],
    "Without a home, would a health need": ["no"],
    "Is the member at risk of having to live in a nursing": ["no"],
    "Is the member at risk of a hospital stay?": ["no"],
    "Does the member need a caregiver": ["no"],
    "Which of these groups does the child belong to?": ["none"],
    "Does the member need the level of care": ["no"],
    "How many days in a row has the member been in": ["0"],
    "Are daily tasks hard for the member": ["no"],
    "Has the county granted the member In-Home": ["no"],
    "Does the member have a condition in which food": ["dk"],
    "Does the member need special meals": ["no"],
    "Does another program already pay": ["no"],
    "Is the member drunk or high at this moment?": ["no"],
    "Which of these show that the member's asthma": ["none"],
    "What should the referral ask for?": ["1,2"],
    "Member's first name": ["Test"],
    "Member's middle name": [""],
    "Member's last name": ["Member"],
    "Member's date of birth": [""],
    "Member's phone": ["415-555-01", "415-555-0123"],
    "Member's e-mail": [""],
    "Member's mailing address": ["1 Example St"],
    "City": ["San Mateo"],
    "ZIP code": ["94401"],
    "The plan's medical record number": ["00012345"],
    "Medi-Cal client index number": [""],
    "Preferred language": ["Spanish"],
    "Caregiver or support person": [""],
    "Caregiver's e-mail or phone": [""],
    "What does the member receive now?": ["none"],
    "Notes for the plan": ["Needs help to keep appointments; wants to get blood pressure under control."],
    "Does any of this come from a drug or alcohol": ["no"],
    "Page ": [""],
    "This is all that will leave": ["yes"],
    "The state does not make a member's consent": ["yes"],
    "Did you tell the member": ["yes"],
    "Read this: ": ["yes"],
}


def session() -> str:
    """What the terminal shows from the command to its end, typed replies included."""
    with tempfile.TemporaryDirectory() as folder:
        profile = ROOT / "examples" / "profile.toml"
        environment = {"PATH": os.environ["PATH"], "TERM": "dumb", "LC_ALL": "C.UTF-8", "CALAIM_PROFILE": str(profile)}
        child = pexpect.spawn(
            sys.executable,
            ["-m", "calaim_cli", *COMMAND.split()[1:]],
            cwd=folder,
            env=environment,
            dimensions=(50, COLUMNS),
            encoding="utf-8",
            timeout=60,
        )
        shown = _answered(child)
        child.close()
        if child.exitstatus:
            raise SystemExit(f"the session ended with exit code {child.exitstatus}:\n{shown[-2000:]}")
    return shown.replace("\r\n", "\n")


def _answered(child: pexpect.spawn) -> str:
    left = {question: list(replies) for question, replies in REPLIES.items()}
    shown = ""
    while child.expect([HINT, pexpect.EOF]) == 0:
        said = str(child.before)
        shown += said + str(child.after)
        child.sendline(_reply(said, left))
    return shown + str(child.before)


def _reply(said: str, left: dict[str, list[str]]) -> str:
    """The next line for the question that was said last."""
    found = {question: said.rfind(f"\n{question}") for question in left}
    question = max(found, key=found.__getitem__)
    if found[question] < 0:
        return "don't know"
    return left[question].pop(0) if len(left[question]) > 1 else left[question][0]


def document() -> str:
    """The whole document."""
    return f"{HEAD}\n```console\n$ {COMMAND}\n{session().strip()}\n```\n"


def main() -> int:
    """Write the document, or check it."""
    fresh = document()
    if "--check" in sys.argv[1:]:
        same = TARGET.exists() and TARGET.read_text("utf-8") == fresh
        print("docs/interview.md is up to date" if same else "docs/interview.md: run scripts/transcript.py")
        return 0 if same else 1
    TARGET.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
