"""What a view is made of, for `render` to print on a terminal or as plain lines in a pipe.

A screenful fits one screen: its lines have a label, are folded between words, and some give way to the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from msgspec import Struct

from calaim_cli.base.wording import folded

GOOD, BAD, DOUBT, PLAIN = "good", "bad", "doubt", ""
WIDE, WIDEST = 80, 100
"""From how many columns on labels stand in a column of their own, and beyond how many no line is easily read."""
HEIGHT, HEIGHT_NARROW = 15, 23
"""How many lines a wide window has room for beside what was there before, and a narrow one beside the prompt."""
LABEL = 10


class Heading(Struct, frozen=True):
    """A title on a terminal; nothing in a pipe, where every line says what it is."""

    text: str
    tone: str = PLAIN


class Fact(Struct, frozen=True):
    """One thing that is so. `key` is its stable name in a pipe, and `bare` what a script wants in place of `value`."""

    key: str
    label: str
    value: str
    tone: str = PLAIN
    bare: str = ""


class Items(Struct, frozen=True):
    """Several short things under one label: on a terminal in one paragraph, in a pipe each on its line."""

    key: str
    label: str
    values: tuple[str, ...]
    tone: str = PLAIN


class Points(Items, frozen=True):
    """Sentences under one label, each on a line of its own."""


class Table(Struct, frozen=True):
    """Rows under column names. Alone in a pipe it has a header line."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Bars(Table, frozen=True):
    """A table with a bar before each row on a terminal, as long as its share of the longest; None: no bar."""

    values: tuple[int | None, ...] = ()


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


class Screenful(Struct, frozen=True):
    """An answer that is laid out to fit a screen; in a pipe it is `plain`."""

    lines: tuple[Line, ...]
    plain: tuple[Fact, ...]
    most: int | None = None  # lines in a wide window, where they are fewer than on other screens


Block = Heading | Fact | Items | Table | Bars | Screenful
View = tuple[Block, ...]


def laid_out(lines: Sequence[Line], columns: int, most: int | None = None) -> list[Line]:
    """The lines for a window of so many columns, as many as fit its height; a word longer than a line is not cut.

    Each is one line of the screen, with its label or the blanks below it. A wide window has `most`, where given.
    """
    height = (most or HEIGHT) if columns >= WIDE else HEIGHT_NARROW
    staying = {Gives.NEVER}
    laid = _at_width(lines, staying, columns)
    # From what matters most on: each that still fits stays, and one that is too long does not keep out the next.
    for one in Gives:
        more = _at_width(lines, staying | {one}, columns)
        # A word that is too long, such as an address, is broken by the window.
        if sum(-(-len(line.label + line.text) // columns) for line in more) <= height:
            staying, laid = staying | {one}, more
    return laid


def _at_width(lines: Sequence[Line], staying: set[Gives], columns: int) -> list[Line]:
    """The lines, folded, of which only what is `staying` is whole."""
    laid, last = list[Line](), ""
    for line in lines:
        short = line.short if Gives.SECOND in staying else line.least or line.short
        text = line.text if line.gives in staying else short
        if not text:
            continue
        head = "" if line.label in {"", last} else line.label
        last = line.label
        if columns >= WIDE:
            head, below = (head.ljust(LABEL), " " * LABEL) if line.label else ("", "")
        else:
            head, below = (f"{head}: " if head else "  " if line.label else "", "  ")
        for number, one in enumerate(folded(head + text, min(columns, WIDEST), below)):
            start = len(below) if number else len(head)
            laid.append(Line(one[:start], one[start:], tone=line.tone))
    return laid
