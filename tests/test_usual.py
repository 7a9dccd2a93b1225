"""Members written the usual way: what is taken without a look at each field would pass each look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli import fields
from calaim_cli.body import WIDTH, member_section
from calaim_cli.case import Member
from calaim_cli.fields import Checked
from calaim_cli.message import quoted_printable
from calaim_cli.usual import ORDER, ROOM, SHAPES, UsualWay, blank_for
from conftest import AS_OF

REQUIRED = ("first_name", "last_name", "date_of_birth", "phone", "address", "city")
MEMBER = {
    "first_name": "Ana",
    "last_name": "Núñez",
    "date_of_birth": "1980-03-04",
    "phone": "(415) 555-0123",
    "address": "1 Example St",
    "city": "Oakland",
    "mrn": "00012345",
}
CHECKS: dict[str, Callable[[str], Checked]] = {
    "phone": fields.phone,
    "email": fields.email,
    "mrn": fields.mrn,
    "cin": fields.cin,
}
WAY = UsualWay(ORDER, REQUIRED, AS_OF)
BLANK = blank_for("San Mateo", "94401-1234")


def read(**changes: str) -> bytes | None:
    """The section on a member with some fields changed, as the short way has it."""
    own = WAY.read([*((MEMBER | changes).get(name, "") for name in ORDER), ""], BLANK)
    return own.section if own else None


def laid_out(**changes: str) -> bytes:
    """The same section, laid out and encoded field by field."""
    values: dict[str, Any] = MEMBER | changes
    return quoted_printable(member_section(Member(**values, zip="94401-1234"), "San Mateo"))


@pytest.mark.parametrize("name", CHECKS)
@given(data=st.data())
def test_usual_shape_passes_the_check_of_its_field(name: str, data: st.DataObject) -> None:
    """A telephone, an address, a number written the usual way would be kept as it is, without a warning."""
    text = data.draw(st.from_regex(SHAPES[name], fullmatch=True).filter(str.isascii))
    if name == "phone":
        assert CHECKS[name](text)[1:] == ("", "")
    else:
        assert CHECKS[name](text) == (text, "", "")


@given(st.from_regex(SHAPES["phone"], fullmatch=True).filter(str.isascii))
def test_telephone_is_printed_as_its_check_keeps_it(text: str) -> None:
    """However a telephone is written, the short way prints it like the long one."""
    assert read(phone=text) == laid_out(phone=fields.phone(text).value)


@given(st.dates(date(1900, 1, 1), AS_OF), st.sampled_from(("%Y-%m-%d", "%m/%d/%Y", "{0.month}/{0.day}/{0.year}")))
def test_day_of_birth_is_printed_as_its_check_keeps_it(born: date, written: str) -> None:
    """Both ways to write a day come to the same line; somebody who would be too old goes the long way."""
    text = written.format(born) if "{" in written else born.strftime(written)
    checked = fields.date_of_birth(text, AS_OF)
    assert read(date_of_birth=text) == (None if checked.error else laid_out(date_of_birth=checked.value))


@given(st.text(st.characters(codec="utf-8"), max_size=80), st.sampled_from(("last_name", "address")))
def test_any_text_is_laid_out_as_field_by_field_or_not_at_all(text: str, name: str) -> None:
    """No text that needs care is taken for a usual one: what the short way gives is what the long way gives."""
    section = read(**{name: text})
    assert section is None or section == laid_out(**{name: text})


@pytest.mark.parametrize("text", ["é", "é" * 9, "é" * 10, "é" * 30, "Łukasz", "王小明", "王" * 20, "🙂"])
def test_letters_beyond_ascii_are_written_as_in_a_single_draft(text: str) -> None:
    """However much longer a value gets by its encoding, lines are broken where those of a single draft are."""
    assert read(last_name=text, city=text) == laid_out(last_name=text, city=text)


@pytest.mark.parametrize(
    "odd",
    [
        {"first_name": ""},
        {"first_name": " Ana"},
        {"first_name": "Ana "},
        {"last_name": "x=y"},
        {"last_name": "x~y"},
        {"last_name": "tab\there"},
        {"last_name": "e\u0301"},
        {"last_name": "דוד"},
        {"date_of_birth": "1980-02-30"},
        {"date_of_birth": "1850-01-01"},
        {"date_of_birth": "2999-01-01"},
        {"date_of_birth": "02/30/1980"},
        {"mrn": "", "cin": ""},
        {"mrn": "123456"},
        {"cin": "91234567B"},
    ],
    ids=str,
)
def test_what_needs_a_look_goes_the_long_way(odd: dict[str, str]) -> None:
    """A missing, doubtful or unusual cell is never taken for a usual one."""
    assert read() == laid_out()
    assert read(**odd) is None


def test_longest_values_still_fit_their_lines() -> None:
    """No line of a section made the short way is longer than the text of a draft may be."""
    texts = [name for name in ORDER if name not in SHAPES]
    assert all(ROOM[name] >= 30 for name in texts)
    for name in texts:
        section = read(**{name: "x" * ROOM[name]})
        assert section == laid_out(**{name: "x" * ROOM[name]})
        assert section is not None
        assert max(map(len, section.split(b"\r\n"))) <= WIDTH
        assert read(**{name: "x" * (ROOM[name] + 1)}) is None
