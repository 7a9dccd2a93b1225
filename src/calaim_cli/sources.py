"""Floor 0: where a fact comes from. Every fact in `data/` names a source; a source has a date and a grade."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum

from msgspec import Struct


class Grade(StrEnum):
    """How well a source is known."""

    OFFICIAL = "A"
    COPY = "B"
    INFERRED = "C"
    UNVERIFIED = "U"


class Source(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A document. `date` is text, as exact as the document is: "2026", "2026-01" or "2026-01-05"; "" if undated."""

    id: str
    name: str
    title: str
    date: str
    grade: Grade
    dated: str = ""
    link: str = ""
    note: str = ""
    review_by: dt.date | None = None


class Conflict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Two sources that disagree: both sides are shown wherever one of `touches` is.

    One with a `plan` is about that plan's own documents, and no advice for members of another plan.
    """

    id: str
    matter: str
    older: str
    newer: str
    touches: tuple[str, ...]
    source: tuple[str, ...]
    plan: str = ""


def source_id(citation: str) -> str:
    """The source a citation names: its first word, as `G26` in "G26 p.32"."""
    return citation.partition(" ")[0]


def age_in_months(source: Source, as_of: dt.date) -> int | None:
    """Whole months from the source's date to `as_of`; None for an undated one. A bare year counts from its end."""
    if not source.date:
        return None
    year, month = [*map(int, source.date.split("-")), 12][:2]
    return max(0, 12 * (as_of.year - year) + as_of.month - month)
