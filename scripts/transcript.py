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
HINT = r"(?:back|quit)\]: "
COLUMNS = 100
COMMAND = "calaim refer --plain --save case.toml --out draft.eml --as-of 2026-11-22"

HEAD = """\
# A whole referral

Made by `python scripts/transcript.py` from a real session; do not edit it by hand. The member is invented. The
referrer's details are in the profile (`calaim profile edit`), so they are not asked for. What follows the colon at the
end of a question is what the care manager typed.

This is the plain form, as with `--plain`, `ACCESSIBLE=1` or `TERM=dumb`: numbered rows, and lines that are only
appended. On other terminals you mark the same screens with keys, and the same questions come as menus, in this order.
"""

# What the care manager types, by how the question begins, or by the title of a screen; several lines are typed one
# after the other. A screen that is not here has no row that is true.
REPLIES: dict[str, list[str]] = {
    "Member's county or ZIP code": ["san mateo"],
    "Member's Medi-Cal plan": ["kp"],
    "Member's date of birth": ["03/04/1979"],
    "What should be screened first?": ["1,2"],
    "Home.": ["2", "2 no"],
    "Health.": ["back", "1,2 ?5 no"],
    "Hospital and emergency visits.": ["1 no", "none"],
    "What should the referral ask for?": ["1,2"],
    "Member's first name": ["Test"],
    "Member's middle name": [""],
    "Member's last name": ["Member"],
    "Member's phone": ["415-555-01", "415-555-0123"],
    "Member's e-mail": [""],
    "Member's mailing address": ["none"],
    "How can the plan reach": ["Example Shelter, front desk"],
    "The plan's record number (MRN), or": ["00012345"],
    "Preferred language": ["Spanish"],
    "Caregiver or support person": [""],
    "Caregiver's e-mail or phone": [""],
    "What does the member receive now?": ["none"],
    "Notes for the plan": ["Needs help to keep appointments."],
    "Does any of this come from a drug or alcohol": ["no"],
    "Page ": [""],
    "This is everything that will go out": ["yes"],
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
        child.sendline(_reply(said + str(child.after), left))
    return shown + str(child.before)


def _reply(said: str, left: dict[str, list[str]]) -> str:
    """The next line for the question or screen that was said last."""
    found = {question: said.rfind(f"\n{question}") for question in left}
    question = max(found, key=found.__getitem__)
    if found[question] < 0:
        return "none" if "voice" in said[said.rfind("[") :] else ""  # what can be skipped
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
