"""A person at the screens of the interview: what she marks on each, by keys or in a typed line."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import callers
import people
from calaim_cli.case.case import Case
from calaim_cli.decide.screens import Mark
from calaim_cli.policy.questions import Kind
from calaim_cli.policy.rules import Truth
from calaim_cli.talk.interview import Interview, held, known
from calaim_cli.talk.prompt import Move
from calaim_cli.talk.screen import LETTERS, Ended, Sheet, pages, pressed, read_line
from conftest import AS_OF

SIZE = os.terminal_size((80, 24))
KEYS = {" ": "space", "\r": "enter", "\u2193": "down"}
SAID_BY = {Truth.YES: "yes", Truth.NO: "no", Truth.UNKNOWN: "not known"}


class Turn(NamedTuple):
    """A screen with what a person does on it: the keys, and the typed line that comes to the same."""

    sheet: Sheet
    keys: str
    line: str


class Sits:
    """A person in front of the screens, with what is true of every row, and the moves to make on a screen before."""

    def __init__(self, rows: Mapping[str, Mark], before: Mapping[str, Sequence[Move]] | None = None) -> None:
        self.rows = rows
        self.before = {screen: list(moves) for screen, moves in (before or {}).items()}
        self.turns: list[Turn] = []

    def __call__(self, sheet: Sheet) -> Ended:
        """What she does on a screen: the move that is in her script, or her marks, by keys and by a line alike."""
        if moves := self.before.get(sheet.shown.screen.id):
            return Ended(sheet.marks, moves.pop(0))
        turn = Turn(sheet, keys_for(sheet, self.rows), line_for(sheet, self.rows))
        self.turns.append(turn)
        by_keys, by_line = press(sheet, turn.keys), read_line(sheet, turn.line)
        assert isinstance(by_keys, Ended), (turn.keys, by_keys)
        assert by_keys == by_line, turn
        return by_keys

    @property
    def screens(self) -> list[str]:
        """The screens that she has answered, in order."""
        return [turn.sheet.shown.screen.id for turn in self.turns]


def press(sheet: Sheet, keys: str, size: os.terminal_size = SIZE) -> Sheet | Ended:
    """The screen after these keys, or what it ended with; keys after its end fail the test."""
    state: Sheet | Ended = sheet
    for key in keys:
        assert isinstance(state, Sheet), keys
        state = pressed(state, KEYS.get(key, key), size)
    return state


def keys_for(sheet: Sheet, rows: Mapping[str, Mark], size: os.terminal_size = SIZE) -> str:
    """The keys that mark the rows as they are true, and end the screen."""
    shown = sheet.shown.rows
    if sheet.way == "one":
        return {Truth.YES: "y", Truth.NO: "n", Truth.UNKNOWN: "d"}[Truth(int(rows[shown[0].id]))]
    if sheet.way == "choice":
        return _choice_key(sheet, rows[shown[0].id])
    keys = ""
    if sheet.way == "numbers":
        for row in shown:
            mark = rows[row.id]
            mark = 0 if mark is Truth.NO else mark
            keys += "d" if mark is Truth.UNKNOWN else f"{mark}\r"
        return keys
    rest = _rest(sheet, rows)
    for letter, n in sheet.letters.items():
        row, mark, now = shown[n], rows[shown[n].id], sheet.marks.get(shown[n].id)
        wanted = None if mark is rest and now is not rest else mark
        if row.asks and wanted is not None and now is None:
            keys += letter + ("d" if mark is Truth.UNKNOWN else str(0 if mark is Truth.NO else mark))
        elif not row.asks:
            keys += letter * _presses(now, wanted)
    to_the_end = "\u2193" * len(shown) if len(pages(sheet, size)) > 1 else ""
    return keys + to_the_end + ("u" if rest is Truth.UNKNOWN else "n")


def _presses(now: Mark | None, wanted: Mark | None) -> int:
    """How often a row's letter is pressed to turn its mark."""
    turns, presses = {None: Truth.YES, Truth.NO: Truth.YES, Truth.YES: Truth.UNKNOWN, Truth.UNKNOWN: None}, 0
    while now is not wanted and presses < 4:
        now, presses = turns[now if isinstance(now, Truth) else None], presses + 1
    return presses


def _choice_key(sheet: Sheet, mark: Mark) -> str:
    choices = list(sheet.questions[sheet.shown.rows[0].asks].choices)
    return "d" if mark is Truth.UNKNOWN else LETTERS[choices.index(str(mark))]


def _rest(sheet: Sheet, rows: Mapping[str, Mark]) -> Truth:
    """What to end with: no, as long as it is the answer of a row."""
    marks = [rows[row.id] for row in sheet.shown.rows]
    return Truth.UNKNOWN if Truth.UNKNOWN in marks and Truth.NO not in marks else Truth.NO


def line_for(sheet: Sheet, rows: Mapping[str, Mark]) -> str:
    """The line that says the same."""
    shown = sheet.shown.rows
    if sheet.way == "one":
        return SAID_BY[Truth(int(rows[shown[0].id]))]
    if sheet.way == "choice":
        mark, choices = rows[shown[0].id], list(sheet.questions[shown[0].asks].choices)
        return "not known" if mark is Truth.UNKNOWN else str(choices.index(str(mark)) + 1)
    if sheet.way == "numbers":
        marks = [0 if rows[row.id] is Truth.NO else rows[row.id] for row in shown]
        alone = "not known" if len(shown) == 1 else "?"
        return ", ".join(alone if mark is Truth.UNKNOWN else str(mark) for mark in marks)
    rest, parts = _rest(sheet, rows), []
    for n, row in enumerate(shown, 1):
        mark = rows[row.id]
        if mark is rest:
            continue
        number = f"={0 if mark is Truth.NO else mark}" if row.asks and mark is not Truth.UNKNOWN else ""
        parts.append(f"?{n}" if mark is Truth.UNKNOWN else f"{n}{number}")
    return " ".join([*parts, "not known" if rest is Truth.UNKNOWN else "no"])


@cache
def rows_of(vignette: str) -> dict[str, Mark]:
    """What is true of every row for the person of a vignette."""
    return callers.caller(vignette, people.whole(vignette), random.Random(1)).rows  # noqa: S311 nothing secret


def interview_of(*named: str, case: Case | None = None) -> Interview:
    """An interview about these, just begun."""
    begun = Case() if case is None else case
    start = known(begun, people.policy(), AS_OF)
    return Interview(callers.about(*named), AS_OF, dict(begun.answers), start)


def turns(vignette: str, *named: str, case: Case | None = None) -> list[Turn]:
    """Every screen of a talk with the person of a vignette, with her keys and lines."""
    person = Sits(rows_of(vignette))
    held(interview_of(*named, case=case), case or Case(), person, lambda _: None)
    return person.turns


def is_number(sheet: Sheet) -> bool:
    """Whether the first row asks for a number."""
    row = sheet.shown.rows[0]
    return bool(row.asks) and sheet.questions[row.asks].kind is Kind.NUMBER
