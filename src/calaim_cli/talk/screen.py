"""One screen of the interview while it is shown: its rows, their marks, and what a key or a typed line does to them.

Nothing is drawn or kept here: `terminal` shows the lines and reads the keys, `interview` keeps what was said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from os import terminal_size
from typing import Final, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.values import Value
from calaim_cli.base.wording import DONT_KNOW_WORDS, choice_of, folded, is_unknown, word, yes_or_no
from calaim_cli.decide.screens import Mark, Shown, marked
from calaim_cli.policy.questions import Kind, Question
from calaim_cli.policy.rules import Truth
from calaim_cli.policy.talk import IN_PRIVATE, Row, Voice
from calaim_cli.talk.prompt import MOVES as OF_PROMPTS
from calaim_cli.talk.prompt import Move, Refusal

LETTERS: Final = "acefghijklmoprtwxyz"
"""The keys of rows, by their place among all rows of the screen; the others end a screen, or lead elsewhere."""
ENDS: Final = {"n": Truth.NO, "u": Truth.UNKNOWN}
ONE_KEY: Final = {"y": Truth.YES, "n": Truth.NO, "d": Truth.UNKNOWN, "u": Truth.UNKNOWN}
MOVES: Final = {"b": Move.BACK, "s": Move.STOP, "q": Move.QUIT, "v": Move.VOICE}
MOVE_WORDS: Final = OF_PROMPTS | {"stop": Move.STOP, "voice": Move.VOICE}
SIGNS: Final = {Truth.YES: "[x]", Truth.UNKNOWN: "[?]", Truth.NO: "[-]", None: "[ ]"}
TURNS: Final = {None: Truth.YES, Truth.NO: Truth.YES, Truth.YES: Truth.UNKNOWN}
HANGING: Final = " " * 8
NOTHING_YET: Final = 'Say what the empty ones are: n "no", u not known.'
NOT_KEPT: Final = {
    key: f"The marks on this screen are not saved yet: finish it first, or press {key} again to {does} without them."
    for key, does in (("s", "stop"), ("q", "leave"))
}
NO_IS_NO_NUMBER: Final = "Give the number here, or mark it not known: no is no number."
LAST_PAGE: Final = "More rows below (arrow down): n and u end the screen on its last page."


class Sheet(Struct, frozen=True, kw_only=True):
    """A screen with the marks so far; a number stands as it was typed. `at` is the row under the arrow.

    `check` gives the number, or the date of birth, that was typed for a question, or what is wrong with it.
    """

    shown: Shown
    status: str
    title: str
    voice: Voice
    questions: Mapping[str, Question]
    check: Callable[[str, str], Value]
    explain: Callable[[Row], str]
    before: str = ""  # what is known of this screen already
    marks: Mapping[str, Mark] = {}
    kept: Mapping[str, Mark] | None = None  # as they were when it was ended before
    at: int = 0
    note: str = ""  # why the last key did nothing
    explained: int = 0  # the page that is shown of what the row means

    @property
    def row(self) -> Row:
        """The row under the arrow."""
        return self.shown.rows[self.at]

    @property
    def choices(self) -> Mapping[str, str]:
        """What the row under the arrow lets one choose among; empty where it asks for nothing, or for a number."""
        return self.questions[self.row.asks].choices if self.row.asks else {}

    @property
    def letters(self) -> dict[str, int]:
        """The rows by their letters, which are the same whatever rows are left out."""
        letters = dict(zip((row.id for row in self.shown.screen.rows), LETTERS, strict=False))
        return {letters[row.id]: n for n, row in enumerate(self.shown.rows)}

    @property
    def way(self) -> Literal["rows", "numbers", "choice", "one"]:
        """How it is answered: rows to tick, numbers alone, one choice of several, or one key for one row."""
        rows = self.shown.rows
        kinds = {self.questions[row.asks].kind if row.asks else None for row in rows}
        if kinds == {Kind.NUMBER}:
            return "numbers"
        if len(rows) > 1:
            return "rows"
        return "choice" if rows[0].asks else "one"

    def says(self, row: Row) -> str:
        """The words of a row, as they are said aloud; alone on its screen a statement is asked about."""
        said = self.voice.says(row.say)
        asked = said if self.way != "one" or said.endswith("?") else f"{said}: is that right?"
        return asked + (IN_PRIVATE if row.private else "")


class Ended(NamedTuple):
    """A screen that was left: a mark for each row, or a move with the marks so far; help is on `one` row, or on all."""

    marks: Mapping[str, Mark]
    move: Move | None = None
    at: int = 0
    one: bool = False


Show = Callable[[Sheet], Ended]
"""Shows a screen to a person until it is left."""

# What a key does


def pressed(sheet: Sheet, key: str, size: terminal_size) -> Sheet | Ended:
    """The screen after a key: a sign as it is typed, or up, down, enter, space, backspace."""
    last, sheet = sheet.note, replace(sheet, note="")
    if sheet.explained or key == "?":
        more = sheet.explained < len(_explanation(sheet, size))
        return replace(sheet, explained=sheet.explained + 1 if more else 0)
    typed = _typed(sheet, key)
    if typed is not None:
        return typed
    # Marks that no ending has confirmed would be lost: it is told once, and the second press leaves.
    if key in NOT_KEPT and dict(sheet.marks) != dict(sheet.kept or {}) and last != NOT_KEPT[key]:
        return replace(sheet, note=NOT_KEPT[key])
    if key in MOVES:
        return Ended(sheet.marks, MOVES[key], sheet.at)
    if key in {"up", "down"}:
        step = 1 if key == "down" else -1
        return replace(sheet, at=min(max(sheet.at + step, 0), len(sheet.shown.rows) - 1))
    one_by_key = _number_by_key if sheet.way == "numbers" else _single_by_key
    return _row_by_key(sheet, key, size) if sheet.way == "rows" else one_by_key(sheet, key)


def _typed(sheet: Sheet, key: str) -> Sheet | None:
    """The screen with one more sign of a number or date on its row, or one less; None for any other key."""
    row = sheet.row
    if not row.asks or sheet.way == "choice" or not (key == "backspace" or re.fullmatch(r"[0-9/-]", key)):
        return None
    mark = sheet.marks.get(row.id)
    text = "" if mark is None or isinstance(mark, Truth) else str(mark)
    return _with(sheet, row, text[:-1] if key == "backspace" else text + key)


def _with(sheet: Sheet, row: Row, mark: Mark | None) -> Sheet:
    others = {name: one for name, one in sheet.marks.items() if name != row.id}
    return replace(sheet, marks=others if mark in {None, ""} else {**others, row.id: mark})


def _single_by_key(sheet: Sheet, key: str) -> Sheet | Ended:
    """One key answers a row that is alone on its screen."""
    marks, note = dict[str, Mark](ONE_KEY), "Press y, n or d."
    if sheet.way == "choice":
        choices = dict(zip(LETTERS, sheet.choices, strict=False))
        marks, note = {**choices, "d": Truth.UNKNOWN, "u": Truth.UNKNOWN}, "Press a letter, or d for not known."
    return Ended({sheet.row.id: marks[key]}) if key in marks else replace(sheet, note=note)


def _number_by_key(sheet: Sheet, key: str) -> Sheet | Ended:
    """Numbers go by Enter from one to the next, and after the last; d: this one is not known, u: none of the empty."""
    no = all(row.no for row in sheet.shown.rows)
    if key == "u" or (key == "n" and no):
        return _ended(sheet, ENDS[key])
    if key == "d":
        sheet = _with(sheet, sheet.row, Truth.UNKNOWN)
    elif key != "enter" or sheet.row.id not in sheet.marks:
        return replace(sheet, note="Type the number, then Enter; d for not known.")
    ended = _ended(sheet, Truth.UNKNOWN)
    left = [n for n, row in enumerate(sheet.shown.rows) if row.id not in sheet.marks]
    return replace(sheet, at=left[0]) if left and isinstance(ended, Ended) else ended


def _row_by_key(sheet: Sheet, key: str, size: terminal_size) -> Sheet | Ended:
    if key in ENDS:
        return _ended(sheet, ENDS[key]) if sheet.at in pages(sheet, size)[-1] else replace(sheet, note=LAST_PAGE)
    if key == "d":
        return _with(sheet, sheet.row, Truth.UNKNOWN)
    at = sheet.at if key == "space" else sheet.letters.get(key)
    if at is None:
        return replace(sheet, note=NOTHING_YET if key == "enter" else "")
    sheet = replace(sheet, at=at)
    mark = sheet.marks.get(sheet.row.id)
    if not sheet.row.asks:
        return _with(sheet, sheet.row, TURNS.get(mark if isinstance(mark, Truth) else None))
    # A number is typed: its letter only leads there, and space turns it from empty to not known.
    return _with(sheet, sheet.row, Truth.UNKNOWN if mark is None else None) if key == "space" else sheet


def _ended(sheet: Sheet, rest: Truth) -> Sheet | Ended:
    """The screen ended, with every number as its check keeps it; or at the first that lacks or cannot be, and why."""
    marks: dict[str, Mark] = {}
    for n, row in enumerate(sheet.shown.rows):
        mark = sheet.marks.get(row.id)
        if isinstance(mark, str):
            value, error, _ = sheet.check(row.asks, mark)
            if error:
                return replace(sheet, at=n, note=error)
            mark = int(value) if value.isdigit() else value  # a date of birth stays a text
        if mark is not None:
            marks[row.id] = mark
        elif rest is Truth.NO and row.asks and not row.no:
            return replace(sheet, at=n, note=NO_IS_NO_NUMBER)
    return Ended(marked(sheet.shown, marks, rest))


# What a typed line does


def read_line(sheet: Sheet, typed: str) -> Ended | Refusal:
    """What a typed line ends the screen with: ticks by number, ?N what is not known, N=5 a number, then the rest."""
    text, row = word(typed), sheet.row
    if elsewhere := _elsewhere(sheet, text):
        return elsewhere
    if sheet.way == "rows":
        return _rows_by_line(sheet, text)
    if sheet.way == "numbers":
        return _numbers_by_line(sheet, text)
    if _unknown(text):
        return Ended({row.id: Truth.UNKNOWN})
    if sheet.way == "one":
        said = False if text == "none" else yes_or_no(text)
        mark = Truth.YES if said else Truth.NO
        return Refusal("type yes, no or not known") if said is None else Ended({row.id: mark})
    by_number = {str(number): choice for number, choice in enumerate(sheet.choices, 1)}
    chosen = by_number.get(text) or choice_of(text, sheet.choices)
    how = f"type a number from 1 to {len(sheet.choices)}, or not known"
    return Ended({row.id: chosen}) if chosen else Refusal(how)


def _elsewhere(sheet: Sheet, text: str) -> Ended | Refusal | None:
    """The screen left by a word, or for help on one row, so that nobody has to hear it on all of them."""
    if text in MOVE_WORDS:
        return Ended(sheet.marks, MOVE_WORDS[text])
    # Among numbers "? 2" says that the first is not known, and the second 2.
    found = re.fullmatch(r"help ([0-9]{1,2})" if sheet.way == "numbers" else r"(?:help|\?) ([0-9]{1,2})", text)
    if found and 0 < int(found[1]) <= len(sheet.shown.rows):
        return Ended(sheet.marks, Move.HELP, int(found[1]) - 1, one=True)
    return Refusal(_no_row(sheet)) if found else None


def _numbers_by_line(sheet: Sheet, text: str) -> Ended | Refusal:
    rows = sheet.shown.rows
    parts = [text] if len(rows) == 1 else [one for one in re.split(r"[\s,;]+", text) if one]
    if _unknown(text):
        parts = ["?"] * len(rows)
    if text in NO_WORDS and all(row.no for row in rows):
        return _by_line(replace(sheet, marks={}), Truth.NO)
    if len(parts) != len(rows) or not text:
        example = ", ".join(["0"] * (len(rows) - 1) + ["?"])
        return Refusal("type the number" if len(rows) == 1 else f"type {len(rows)} numbers, such as {example}")
    marks = {row.id: Truth.UNKNOWN if _unknown(one) else one for row, one in zip(rows, parts, strict=True)}
    return _by_line(replace(sheet, marks=marks), Truth.UNKNOWN)


def _unknown(text: str) -> bool:
    return is_unknown(text) or text in {"d", "u", "?"}


NO_WORDS: Final = ("no", "n", "none")
REST: Final = re.compile(rf"(?P<said>.*?)(?:^|[\s,;]+)(?P<rest>{'|'.join((*NO_WORDS, 'u', *DONT_KNOW_WORDS))})")


def _rows_by_line(sheet: Sheet, text: str) -> Ended | Refusal:
    found = REST.fullmatch(text)
    said, rest = (found["said"], found["rest"]) if found else (text, "")
    marks: dict[str, Mark] = {}
    rows = dict(enumerate(sheet.shown.rows, 1))
    for part in (one for one in re.split(r"[\s,;]+", said) if one):
        one = re.fullmatch(r"(\??)([0-9]{1,2})(?:=(.+))?", part)
        if one is None:
            return Refusal(_how(sheet))
        row = rows.get(int(one[2]))
        if row is None or row.id in marks:
            return Refusal(f"row {one[2]} is there twice" if row else _no_row(sheet))
        if bool(one[3]) != bool(row.asks and not one[1]):
            number = (
                f"asks for a number, such as {one[2]}=3" if row.asks else f"takes no number: {one[2]} alone is true"
            )
            return Refusal(f"row {one[2]} {number}, ?{one[2]} not known")
        marks[row.id] = Truth.UNKNOWN if one[1] else one[3] or Truth.YES
    if not rest and len(marks) < len(rows):
        return Refusal(f'say what the others are: "{said} no", or "{said} not known"' if marks else _how(sheet))
    return _by_line(replace(sheet, marks=marks), Truth.NO if rest in NO_WORDS else Truth.UNKNOWN)


def _no_row(sheet: Sheet) -> str:
    return f"there is no row of that number: they are 1 to {len(sheet.shown.rows)}"


def _by_line(sheet: Sheet, rest: Truth) -> Ended | Refusal:
    ended = _ended(sheet, rest)
    return ended if isinstance(ended, Ended) else Refusal(f"{sheet.says(ended.row)}: {ended.note.rstrip('.')}")


def _how(sheet: Sheet) -> str:
    """How a line ends the screen, by an example."""
    number = next((f" {n}=3" for n, row in enumerate(sheet.shown.rows, 1) if row.asks), "")
    return f'type the true ones, then "no" or "not known" for the others, such as "1{number} no", "1 ?2 no" or "none"'


# What is shown


def drawn(sheet: Sheet, size: terminal_size) -> list[str]:
    """The lines of the screen, or of its page with the arrow, no wider than the window and cut between words only."""
    if sheet.explained:
        return _explanation(sheet, size)[sheet.explained - 1]
    several = pages(sheet, size)
    number = next(n for n, rows in enumerate(several) if sheet.at in rows)
    head = _head(sheet, number, several, size.columns)
    body = _choices(sheet, size.columns) if sheet.way == "choice" else _rows(sheet, several[number], size.columns)
    foot = _foot(sheet, size.columns, last=number + 1 == len(several))
    # What the window has no room for is left out.
    for text in (sheet.before, sheet.shown.screen.note, ""):
        lines = folded(text, size.columns)
        if len(head) + len(lines) + len(body) + len(foot) <= size.lines:
            head, body = ([*head, *lines], body) if text else (head, [*body, *lines])
    return [*head, *body, *foot]


def _explanation(sheet: Sheet, size: terminal_size) -> list[list[str]]:
    """What the row under the arrow means, in pages of the window."""
    lines = [line for text in sheet.explain(sheet.row).split("\n") for line in folded(text, size.columns)]
    room = max(size.lines - 2, 1)
    parts = [lines[n : n + room] for n in range(0, len(lines), room)]
    keys = ["More: any key." if n < len(parts) else "To go back: any key." for n in range(1, len(parts) + 1)]
    return [[*part, "", key] for part, key in zip(parts, keys, strict=True)]


def pages(sheet: Sheet, size: terminal_size) -> list[range]:
    """The rows of each page; all on one where the window holds them."""
    whole = [range(len(sheet.shown.rows))]
    heights = [len(_rows(sheet, range(n, n + 1), size.columns)) for n in whole[0]]
    if sheet.way in {"choice", "one"} or sum(heights) <= _room(sheet, whole, size):
        return whole
    return parted(heights, _room(sheet, [range(0)] * 2, size))


def parted(heights: Sequence[int], room: int) -> list[range]:
    """Pages of at most so many lines, each as the range of what stands on it; what is higher has a page of its own."""
    starts, taken = [0], 0
    for n, height in enumerate(heights):
        if taken and taken + height > room:
            starts.append(n)
            taken = 0
        taken += height
    return [range(one, end) for one, end in pairwise([*starts, len(heights)])]


def _room(sheet: Sheet, several: list[range], size: terminal_size) -> int:
    """The lines that are left for rows, on a page that is the last or another."""
    plain = replace(sheet, note="")
    feet = (_foot(plain, size.columns, last=last) for last in ((True,) if len(several) == 1 else (True, False)))
    return size.lines - len(_head(sheet, 0, several, size.columns)) - max(map(len, feet))


def _head(sheet: Sheet, number: int, several: list[range], columns: int) -> list[str]:
    """Where the talk stands, the title of the screen, which of its pages this is, and what opens it."""
    title = sheet.title + (f", page {number + 1} of {len(several)}" if len(several) > 1 else "")
    lines = folded(sheet.status, columns)
    room = columns - len(lines[-1]) - len(title)
    lines[-1:] = [lines[-1] + " " * room + title] if room > 1 else [lines[-1], *folded(title, columns)]
    says = sheet.voice.says(sheet.shown.screen.say) if sheet.way != "one" else ""
    return [*lines, *(folded(says, columns) if says else [])]


def _rows(sheet: Sheet, page: range, columns: int) -> list[str]:
    if sheet.way == "one":
        return folded(sheet.says(sheet.row) + _earlier(sheet, sheet.row), columns)
    lines, letters = [], {n: letter for letter, n in sheet.letters.items()}
    for n in page:
        row, mark = sheet.shown.rows[n], sheet.marks.get(sheet.shown.rows[n].id)
        empty = "[_]" if row.asks else SIGNS[None]
        sign = SIGNS[mark] if isinstance(mark, Truth) else empty if mark is None else f"[{mark}]"
        arrow, letter = ">" if n == sheet.at else " ", "" if sheet.way == "numbers" else f" {letters[n]} "
        lines += folded(f"{arrow}{sign}{letter} {sheet.says(row)}", columns, HANGING)
    return lines


def _choices(sheet: Sheet, columns: int) -> list[str]:
    lines = folded(sheet.says(sheet.row), columns)
    for letter, (choice, words) in zip(LETTERS, sheet.choices.items(), strict=False):
        earlier = " (chosen before)" if sheet.marks.get(sheet.row.id) == choice else ""
        lines += folded(f" {letter}  {words}{earlier}", columns, " " * 4)
    return lines


KEYS: Final = {
    "one": "y yes   n no   d not known",
    "choice": "The letter chooses one; d not known",
    "numbers": "Type the number, then Enter; d: not known",
    "rows": "Space or letter: true [x], again or d: not known [?], again: empty",
}
ENDING: Final = 'n  the empty ones are "no"      u  the empty ones are not known'
ELSEWHERE: Final = "b back   ? more on this row   v who is asked   s stop here   q save and leave"


def _foot(sheet: Sheet, columns: int, *, last: bool) -> list[str]:
    """The keys; or, in place of those that lead elsewhere, why the last one did nothing."""
    several = "; u: none of the empty ones is known" if sheet.way == "numbers" and len(sheet.shown.rows) > 1 else ""
    several += "; n: nothing" if sheet.way == "numbers" and all(row.no for row in sheet.shown.rows) else ""
    texts = [KEYS[sheet.way] + several, sheet.note or ELSEWHERE]
    if sheet.way == "rows":
        texts.insert(1, ENDING if last else LAST_PAGE)
    return [f" {line}" for text in texts for line in folded(text, columns - 1)]


def as_lines(sheet: Sheet) -> list[str]:
    """The screen as lines that are only ever appended, with numbers in place of letters."""
    rows = sheet.shown.rows
    lines = [sheet.status, f"{sheet.title}. {sheet.before}".strip()]
    if sheet.way == "one":
        return [*lines, sheet.says(rows[0]) + _earlier(sheet, rows[0])]
    lines += [sheet.voice.says(sheet.shown.screen.say)] if sheet.shown.screen.say else []
    if sheet.way == "choice":
        numbered = enumerate(sheet.choices.values(), 1)
        return [*lines, sheet.says(rows[0]), *(f"  {n}) {words}" for n, words in numbered)]
    return [*lines, *(f"  {n}) {sheet.says(row)}{_earlier(sheet, row)}" for n, row in enumerate(rows, 1))]


def _earlier(sheet: Sheet, row: Row) -> str:
    """How a row was marked when the screen was shown before; a line says all of its marks anew."""
    mark = sheet.marks.get(row.id)
    words = {None: "", Truth.YES: " (yes before)", Truth.UNKNOWN: " (not known before)", Truth.NO: " (no before)"}
    return words[mark] if mark is None or isinstance(mark, Truth) else f" ({mark} before)"


def asked_by_line(sheet: Sheet) -> str:
    """What stands before the typed line: how to answer, and where else to go."""
    ways = {
        "one": "Yes, no or not known",
        "choice": f"Choice (1-{len(sheet.choices)}) or not known",
        "numbers": "Number or not known" if len(sheet.shown.rows) == 1 else "Numbers in this order, ? where not known",
        "rows": f"{_how(sheet)[0].upper()}{_how(sheet)[1:]}",
    }
    more = "?, ? 2 on row 2" if sheet.way == "rows" else "?"
    return f"{ways[sheet.way]} [{more}, back, stop, voice, quit]: "


def echo(sheet: Sheet, marks: Mapping[str, Mark]) -> str:
    """What was said on the screen, in one sentence: what is true, what is not known, how many are no."""
    said: dict[Truth, list[str]] = {truth: [] for truth in Truth}
    for row in sheet.shown.rows:
        mark = marks.get(row.id)
        if isinstance(mark, Truth):
            said[mark].append(sheet.voice.says(row.say).rstrip("?."))
        elif mark is not None:
            words = sheet.choices.get(str(mark), str(mark))
            alone = len(sheet.shown.rows) == 1
            said[Truth.YES].append(words if alone else f"{sheet.voice.says(row.say).rstrip('?.')}: {words}")
    yes, no, rows = "; ".join(said[Truth.YES]), said[Truth.NO], len(sheet.shown.rows)
    parts = [yes if sheet.way in {"numbers", "choice"} else f"Yes: {yes}"] if yes else []
    parts += [f"Not known: {'; '.join(said[Truth.UNKNOWN])}"] if said[Truth.UNKNOWN] else []
    if no:
        parts.append(f"No: {no[0]}" if rows == 1 else f"No to {'all' if len(no) == rows else 'the other'} {len(no)}")
    return f"{sheet.title}: {'. '.join(parts)}."
