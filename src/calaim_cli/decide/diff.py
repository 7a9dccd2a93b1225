"""The changes between two editions of the policy, in words, and who would be decided differently."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.case.case import Case
from calaim_cli.decide.screening import Screener
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.rules import Rule


class Change(Struct, frozen=True):
    """One thing that differs, before and after; `key` is "" where it is the whole entry."""

    entry: str
    key: str
    was: str
    now: str


class Shift(Struct, frozen=True):
    """A program, population or service that a case comes out differently for."""

    case: str
    subject: str
    was: str
    now: str


NOUNS: Final = ("program", "population", "service")
TOLD: Final = ("source", "conflict", "notice", "fact")
PROGRAM_LISTS: Final = (*TOLD, "topic", "outcome", "group", "question", "criterion", "contradiction", *NOUNS)
COUNTY_LISTS: Final = ("source", "conflict", "region", "contact", "plan", "county")
ROUTE_LISTS: Final = ("source", "rule", "route", "form", "offer", "at_once", "rejected")

KEYS: Final = ("id", "address", "plan", "name", "population")
"""What an entry is known by: an offer by its plan, a rejected address by itself, a county by its name."""


def changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """Every entry added, removed or changed, in the order of the files."""
    programs, counties = (old.programs_file, new.programs_file), (old.counties_file, new.counties_file)
    routes, found = (old.routes_file, new.routes_file), list[Change]()
    for files, names in ((programs, PROGRAM_LISTS), (counties, COUNTY_LISTS), (routes, ROUTE_LISTS)):
        for name in names:
            found += _between(name, *(getattr(file, name) for file in files))
    found += _keys("referral", old.words, new.words, new.words.__struct_fields__)
    for name, (was, now) in (("programs.toml", programs), ("counties.toml", counties), ("routes.toml", routes)):
        found += _keys(name, was, now, ("edition", "as_of", "review_by"))
    return tuple(found)


def _between(kind: str, old: Iterable[Struct], new: Iterable[Struct]) -> Iterator[Change]:
    was, now = (
        {str(next(getattr(one, key) for key in KEYS if hasattr(one, key))): one for one in entries}
        for entries in (old, new)
    )
    yield from (Change(f'{kind} "{name}"', "", "there", "removed") for name in was if name not in now)
    for name, entry in now.items():
        if name in was:
            yield from _keys(f'{kind} "{name}"', was[name], entry, entry.__struct_fields__)
        else:
            yield Change(f'{kind} "{name}"', "", "not there", "added")


def _keys(where: str, was: Struct, now: Struct, keys: Iterable[str]) -> Iterator[Change]:
    for key in keys:
        before, after = getattr(was, key), getattr(now, key)
        if before != after:
            yield Change(where, "from" if key == "starts" else key, in_words(before), in_words(after))


def in_words(value: object) -> str:
    """A value of the data as a reader would write it; "nothing" for what is absent or empty."""
    if isinstance(value, Rule):
        clauses = {"all of": value.all_of, "any of": value.any_of, "none of": value.none_of}
        return "; ".join(f"{clause} ({', '.join(map(in_words, parts))})" for clause, parts in clauses.items() if parts)
    if isinstance(value, Struct):
        pairs = ((key, getattr(value, key)) for key in value.__struct_fields__)
        return "; ".join(f"{key} {in_words(one)}" for key, one in pairs if one not in (None, "", (), {}))
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {in_words(one)}" for key, one in value.items()) or "nothing"
    if isinstance(value, tuple):
        return ", ".join(map(in_words, value)) or "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in (None, "") else "nothing"


def shifts(cases: Iterable[tuple[str, Case]], old: Screener, new: Screener, as_of: date) -> tuple[Shift, ...]:
    """For each case, what comes out differently. Answers that only one edition asks for count there alone."""
    found: list[Shift] = []
    for name, case in cases:
        was, now = (_outcomes(case, screener, as_of) for screener in (old, new))
        for subject in was | now:
            before, after = (outcomes.get(subject, "not decided") for outcomes in (was, now))
            found += [Shift(name, subject, before, after)] if before != after else []
    return tuple(found)


def _outcomes(case: Case, screener: Screener, as_of: date) -> dict[str, str]:
    # An answer that an edition does not ask for would be refused as unknown.
    answers = {key: value for key, value in case.answers.items() if key in screener.questions}
    screening = screener.screen(replace(case, answers=answers), as_of)
    return {subject: one.outcome.value for subject, one in screening.determinations.items()}
