"""What a talk costs invented callers: python bench/interview.py [N], for N callers (1,000).

How the callers are drawn: each has one of the stories of tests/people.py, in turn (a homeless man with a health need,
a mother after birth, a widow after a stroke ...). What the story does not tell is quiet (no, none, zero), but one
question in four of it is drawn anew, as often yes as its `likely` in the data says, so that no two callers are alike.
Then what contradicts is put right: who is in CCS has it among the groups for respite, visits of 6 months are among
those of 12, and so on (tests/callers.py). Callers who do not know the answers to a share of the questions mark each row
about them as not known; all know whether they are in managed care. The plan on the card is not counted.

The stories, and so the medians, are a guess; that no outcome differs is not, and is counted in the last column.
"""

from __future__ import annotations

import random
import sys
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import callers
import people
from calaim_cli.decide.screens import Mark, Shown, Talk
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.rules import Truth

CALLERS = 1000
HEADS = ("", "not known", "prompts", "ECM at", "changes of topic", "keys, letters", "keys, arrows", "lines", "wrong")
AIMED = {  # of the design, on callers of its own
    0.0: ("8 / 9", "6 / 8", "5.6", "17", "32", "74"),
    0.15: ("9 / 11", "6 / 9", "5.9", "28", "62", ""),
    0.3: ("9 / 11", "5 / 9", "6.2", "37", "77", ""),
}


class Cost(NamedTuple):
    """What one talk cost, and how many results it settled otherwise than they are."""

    prompts: int
    ecm_at: int
    changes: int
    letters: int
    arrows: int
    lines: int
    wrong: int


def cost_of(talk: Talk, caller: callers.Caller, who: callers.Caller) -> Cost:
    """The cost of a talk with somebody who is like the caller, but does not know all of it."""
    held = callers.talk_with(talk, who)
    topics = [shown.screen.follows or shown.screen.id for shown in held.shown]
    true, found = callers.outcomes(talk, caller.answers), callers.outcomes(talk, held.answers)
    sure = who == caller
    wrong = [one for one in found if found[one] is not true[one] and (sure or found[one] is not Outcome.NEED_ANSWERS)]
    pressed = [keys(shown, who.rows) for shown in held.shown]
    return Cost(
        len(held.shown),
        held.ecm_at or len(held.shown),
        sum(one != other for one, other in pairwise(topics)),
        sum(letters for letters, _ in pressed),
        sum(arrows for _, arrows in pressed),
        sum(read(shown) for shown in held.shown),
        len(wrong),
    )


def keys(shown: Shown, rows: dict[str, Mark]) -> tuple[int, int]:
    """The keys for one screen by letters, and by arrows: marks (two keys if not known), numbers, the key at the end."""
    marks = [rows[row.id] for row in shown.rows]
    if len(marks) == 1 or all(row.asks for row in shown.rows):
        typed = sum(len(str(mark)) + 1 if type(mark) is int else 1 for mark in marks)
        return typed, typed
    marked = [n for n, mark in enumerate(marks) if mark is not Truth.NO]
    pressed = sum(2 if marks[n] is Truth.UNKNOWN else 1 for n in marked)
    return pressed + 1, pressed + 1 + max(marked, default=0)


def read(shown: Shown) -> int:
    """The lines that are read: what opens the screen, its rows, and the choices of one that has them."""
    choices = sum(len(people.policy().questions[row.asks].choices) for row in shown.rows if row.asks)
    return bool(shown.screen.say) + len(shown.rows) + choices


def table(count: int, seed: int = 2026) -> str:
    """The table of costs: medians with the number that 90 % of the callers stay within, and means."""
    rows: list[tuple[str, ...]] = [HEADS]
    everybody = list(callers.plausible(count, seed))
    for name, named in (("everything", ()), ("ecm", ("ecm",))):
        talk = callers.about(*named)
        for share, aim in AIMED.items():
            chance = random.Random(seed)  # noqa: S311 nothing secret is drawn
            costs = [cost_of(talk, one, callers.unsure_of_questions(one, share, chance)) for one in everybody]
            rows.append((name, f"{share:.0%}", *numbers(costs)))
            if not named:
                rows.append(("  as designed", "", *aim, "0"))
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEADS))]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows)


def numbers(costs: list[Cost]) -> tuple[str, ...]:
    """The cells of a row."""
    prompts, ecm_at = (
        f"{people.percentile(one, 50)} / {people.percentile(one, 90)}"
        for one in ([cost.prompts for cost in costs], [cost.ecm_at for cost in costs])
    )
    changes = sum(cost.changes for cost in costs) / len(costs)
    medians = (
        people.percentile(one, 50)
        for one in ([c.letters for c in costs], [c.arrows for c in costs], [c.lines for c in costs])
    )
    return prompts, ecm_at, f"{changes:.1f}", *map(str, medians), str(sum(cost.wrong for cost in costs))


def main(words: list[str]) -> int:
    """Print the table for N callers."""
    if len(words) > 1 or not all(word.isascii() and word.isdigit() and int(word) for word in words):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    sys.stdout.write(f"{table(int(words[0]) if words else CALLERS)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
