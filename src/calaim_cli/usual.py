"""Floor 5: what a row says of its member, where every cell is written as most people write it.

One pattern looks at all of these cells at once. What fits it passes the checks of `fields` without a warning, is kept
as written and stands on one line of the draft: the section on the member is then a blank that is filled in.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from calaim_cli import fields
from calaim_cli.body import NOT_GIVEN, WIDTH, member_section, reads_left_to_right, us_date
from calaim_cli.case import Member
from calaim_cli.errors import Problem
from calaim_cli.message import as_it_stands, encoded, standing_for
from calaim_cli.rowcase import picker
from calaim_cli.rules import MOST_REMEMBERED

BETWEEN: Final = "~"
"""Stands before and after each cell while they are looked at, and so in none of them."""
BLANK_BEFORE, BLANK_AFTER = f"{BETWEEN} ", f" {BETWEEN}"
LETTER: Final = r"[^\x00-\x1f=~\x7f-\xa0]"
"""What a text may hold: no `=`, which quoted-printable writes in another way. What is not ASCII is looked at later."""
SHAPES: Final = {
    "date_of_birth": "([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}/[0-9]{1,2}/[0-9]{4})",
    "phone": r"\(?([2-9](?!11)[0-9]{2})\)?[-. ]?([2-9](?!11)[0-9]{2})[-. ]?([0-9]{4})",
    "email": (
        r"([A-Za-z0-9_%+-]{1,16}(?:\.[A-Za-z0-9_%+-]{1,16})?"
        r"@[A-Za-z0-9]{1,16}(?:\.[A-Za-z0-9]{1,6})?\.[A-Za-z]{2,6})"
    ),
    "mrn": "([0-9]{8})",
    "cin": "(9[0-9]{7}[ACDEFGHMNTUVWXYZ])",
}
"""The fields that are no free text: the telephone in three groups, the others in one."""
MARK: Final = 0xE001
"""From here on, a character that no draft can hold stands for a field of the blank."""
LONG_AGO: Final = "0001-01-01"
LONGEST_CODE: Final = 10


class Own(Struct, frozen=True):
    """What a row says of its member: the section, age in completed years, numbers that tell members apart, warnings."""

    section: bytes
    age: int
    numbers: tuple[str, ...]
    warnings: tuple[Problem, ...] = ()


def numbers_of(mrn: str, cin: str) -> tuple[str, ...]:
    """The numbers that a member is known by, those that are given."""
    return (mrn, cin) if mrn and cin else (mrn or cin,) if mrn or cin else ()


def _marked() -> tuple[str, dict[str, str]]:
    """The section as `member_section` lays it out with a mark in place of each value, and the field of each mark."""
    names = [name for name in Member.__struct_fields__ if name not in {"kp_member", "date_of_birth", "county"}]
    marks = {chr(MARK + n): name for n, name in enumerate(names)}
    filled: dict[str, Any] = {name: mark for mark, name in marks.items()}
    text = member_section(Member(**filled, date_of_birth=LONG_AGO), chr(MARK - 1))
    return text, marks | {us_date(date.fromisoformat(LONG_AGO)): "date_of_birth", chr(MARK - 1): "county"}


TEXT, MARKS = _marked()
MARKED: Final = re.compile("|".join(MARKS))
ORDER: Final = tuple(name for mark in MARKED.findall(TEXT) if (name := MARKS[mark]) not in {"county", "zip"})
"""The fields of the blank that differ from row to row, in their order."""
ROOM: Final = {
    MARKS[mark]: WIDTH - len(line) + 1 - (LONGEST_CODE if len(found) > 1 else 0)
    for line in TEXT.split("\n")
    for found in [MARKED.findall(line)]
    for mark in found
}
"""How long a value may be for its line to stay whole; the city shares its line with the ZIP code."""
ROOMS: Final = tuple(ROOM[name] for name in ORDER)


def blank_for(county: str, code: str) -> str:
    """The section for members of a county and ZIP code as it stands in a message, `%s` for each field of ORDER."""
    known = {"county": county.replace("%", "%%"), "zip": code.replace("%", "%%")}
    text = TEXT.replace("%", "%%").replace("\n", "\r\n")
    return MARKED.sub(lambda mark: known.get(MARKS[mark[0]], "%s"), text)


class UsualWay:
    """Reads the rows of one header. `required` are the fields of a member that have to be given."""

    def __init__(self, columns: Sequence[str], required: Container[str], as_of: date) -> None:
        self._as_of = as_of
        at = {column: n for n, column in enumerate(columns)}
        nowhere = len(columns)
        self._pick = picker([nowhere, *(at.get(name, nowhere) for name in ORDER), nowhere])
        self._pattern = re.compile(BETWEEN.join(["", *(_shape(name, name in required) for name in ORDER), ""]))

    def read(self, cells: Sequence[str], blank: str) -> Own | None:
        """The member of a row; None where a cell is written in another way, or does not pass its check.

        After the row's own cells comes an empty one, for every column that is not there.
        """
        joined = BETWEEN.join(self._pick(cells))
        found = self._pattern.fullmatch(joined)
        if found is None or BLANK_BEFORE in joined or BLANK_AFTER in joined:
            return None
        first, middle, last, born, area, office, number, email, address, city, mrn, cin, *others = found.groups("")
        numbers, day = numbers_of(mrn, cin), _day(born)
        age = fields.age_on(day, self._as_of) if day else -1
        if day is None or not 0 <= age <= fields.OLDEST or not numbers:
            return None
        phone = area and f"({area}) {office}-{number}"
        values = (first, middle, last, us_date(day), phone, email, address, city, mrn, cin, *others)
        if "" in values:
            values = tuple([value or NOT_GIVEN for value in values])
        section = as_it_stands((blank % values).encode()) if joined.isascii() else _spelled_out(blank, values)
        return Own(section, age, numbers) if section else None


def _shape(name: str, required: bool) -> str:
    """The pattern of a field; one that need not be given may be empty."""
    shape = SHAPES.get(name, f"({LETTER}{{1,{ROOM[name]}}})")
    return shape if required else f"(?:{shape}|)"


def _day(text: str) -> date | None:
    """A day written with the year first, or as MM/DD/YYYY; None where the calendar has no such day."""
    try:
        if "-" in text:
            return date.fromisoformat(text)
        month, day, year = text.split("/")
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def _spelled_out(blank: str, values: tuple[str, ...]) -> bytes | None:
    """The filled blank, where not all values are ASCII; None where one of them has to be looked at more closely."""
    spelled = [value if value.isascii() else _spelled(value) for value in values]
    if "" in spelled:
        return None
    raw = (blank % values).encode()
    if any(len(value) > room for value, room in zip(spelled, ROOMS, strict=True)):
        return encoded(raw)
    return standing_for(raw, (blank % tuple(spelled)).encode())


@lru_cache(MOST_REMEMBERED)
def _spelled(value: str) -> str:
    """A value as it stands on a line with room for it; nothing for one that has to be looked at more closely."""
    usual = value.isprintable() and unicodedata.is_normalized("NFC", value) and reads_left_to_right(value)
    return encoded(value.encode()).decode() if usual else ""
