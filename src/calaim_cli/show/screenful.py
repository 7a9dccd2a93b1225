"""An answer that fits one screen: lines with a label, folded between words, of which some give way to the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import IntEnum

from msgspec import Struct

from calaim_cli.base.wording import folded

WIDE, WIDEST = 80, 100
"""From how many columns on labels stand in a column of their own, and beyond how many no line is easily read."""
HEIGHT, HEIGHT_NARROW = 15, 23
"""How many lines a wide window has room for beside what was there before, and a narrow one beside the prompt."""
LABEL = 10


class Gives(IntEnum):
    """What gives way where the lines are too many: the highest first, unless there is room for it alone."""

    NEVER = 0
    SECOND = 1
    PLANS = 2
    THIRD = 3
    NAMES = 4
    FAST = 5
    HOURS = 6
    REASON = 7
    GROUPS = 8
    NOT_OFFERED = 9
    COMMAND = 10


RANKS = (Gives.NEVER, Gives.SECOND, Gives.THIRD)
"""How questions, and ways to send, give way: by their place."""


def few_of(names: Sequence[str], most: int) -> str:
    """So many of the names, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{'; '.join(names[:most])}{more}"


class Line(Struct, frozen=True):
    """Words under a label, which is said once for all lines that have it.

    `short` is what stays when it gives way, and `least` what stays of that when all else has.
    """

    label: str
    text: str
    gives: Gives = Gives.NEVER
    short: str = ""
    least: str = ""
    tone: str = ""


class Laid(Struct, frozen=True):
    """One line of a screen: its label or the blanks below it, and its words."""

    label: str
    text: str
    tone: str


def laid_out(lines: Sequence[Line], columns: int, most: int | None = None) -> list[Laid]:
    """The lines for a window of so many columns, as many as fit its height; a word longer than a line is not cut.

    In a wide window it has `most` lines, where that is given.
    """
    height = (most or HEIGHT) if columns >= WIDE else HEIGHT_NARROW
    staying = {Gives.NEVER}
    folded = _at_width(lines, staying, columns)
    # From what matters most on: each that still fits stays, and one that is too long does not keep out the next.
    for one in Gives:
        more = _at_width(lines, staying | {one}, columns)
        # A word that is too long, such as an address, is broken by the window.
        if sum(-(-len(line.label + line.text) // columns) for line in more) <= height:
            staying, folded = staying | {one}, more
    return folded


def _at_width(lines: Sequence[Line], staying: set[Gives], columns: int) -> list[Laid]:
    """The lines, folded, of which only what is `staying` is whole."""
    kept = []
    for line in lines:
        short = line.short if Gives.SECOND in staying else line.least or line.short
        if text := line.text if line.gives in staying else short:
            kept.append((line, text))
    return list(_folded(kept, min(columns, WIDEST)))


def _folded(lines: Sequence[tuple[Line, str]], columns: int) -> Iterator[Laid]:
    last = ""
    for line, text in lines:
        head = "" if line.label in {"", last} else line.label
        last = line.label
        if columns >= WIDE:
            head, below = (head.ljust(LABEL), " " * LABEL) if line.label else ("", "")
        else:
            head, below = (f"{head}: " if head else "  " if line.label else "", "  ")
        wrapped = folded(head + text, columns, below)
        for number, one in enumerate(wrapped):
            start = len(below) if number else len(head)
            yield Laid(one[:start], one[start:], line.tone)
