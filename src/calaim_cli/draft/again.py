"""The same draft on another day is still the same draft: it takes over the reference and day of the file there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from typing import Final

from calaim_cli.base.errors import Problem
from calaim_cli.draft.body import DATE_LABEL, us_date
from calaim_cli.policy.follow_up import REFERENCE_LABEL, REFERENCE_LENGTH, REFERENCE_SIGNS

# The day of the first draft is within so many bytes of a file of drafts.
HEAD: Final = 16_384
REFERENCE: Final = re.compile(rf"[{REFERENCE_SIGNS}]{{{REFERENCE_LENGTH}}}".encode())
US_DATE: Final = re.compile(rb"([0-9]{2})/([0-9]{2})/([0-9]{4})")


def as_found(
    found: bytes, content: bytes, reference: str, as_of: date, refer: Callable[[str], bytes]
) -> tuple[bytes, str, date]:
    """The content with the reference and day of the file there, and these two; its own where the file has none.

    `reference` and `as_of` are those of the content, and `refer` makes it with another reference.
    """
    line = f"{REFERENCE_LABEL}: {reference}".encode()
    end = content.find(line) + len(line)
    signs = found[end - REFERENCE_LENGTH : end]
    known = signs.decode() if reference and REFERENCE.fullmatch(signs) else ""
    again = refer(known) if known else content
    day = carried_day(found, again, as_of) or as_of
    return again.replace(date_line(as_of), date_line(day), 1), known or reference, day


def warnings_in(found: bytes) -> tuple[Problem, ...] | None:
    """The warnings that a draft written as JSON has, as some change from day to day; None where it is no such file."""
    try:
        told = tuple(Problem(**one) for one in json.loads(found)["warnings"])
        "".join(text for one in told for text in one).encode()  # what is no text, or no whole one, is not of ours
    except (KeyError, RecursionError, TypeError, ValueError):
        return None
    return told


def date_line(day: date) -> bytes:
    """How a draft is dated, in one of its first lines, before any text of a person."""
    return f"{DATE_LABEL}: {us_date(day)}".encode()


def referring(content: bytes, old: str, new: str) -> bytes:
    """The draft with another reference, in the one line that has it."""
    before, after = (f"{REFERENCE_LABEL}: {one}".encode() for one in (old, new))
    return content.replace(before, after, 1) if old != new else content


def carried_day(found: bytes, content: bytes, as_of: date) -> date | None:
    """The day that a file carries where the expected one carries `as_of`; None where there is none."""
    end = content.find(date_line(as_of)) + len(date_line(as_of))
    day = US_DATE.fullmatch(found[end - 10 : end])
    try:
        return date(int(day[3]), int(day[1]), int(day[2])) if day else None
    except ValueError:
        return None
