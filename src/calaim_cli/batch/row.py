"""One row of a sheet as a case, and what is said of it in a report: columns and rules, never a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from calaim_cli.base.cautions import in_general
from calaim_cli.base.errors import Problem
from calaim_cli.case.case import PARTS, Case, Referrer
from calaim_cli.case.form import BY_COLUMN, BY_KEY, FIELDS, FieldKind
from calaim_cli.policy.questions import DONT_KNOW, Kind, Question
from calaim_cli.policy.routes import Form

FLAGS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
NUMBER: Final = re.compile(r"[0-9]{1,9}")
NEEDED: Final = ("referral.program",)
ALSO_NEEDED: Final = ("referral.current_services", "consent.member_agreed", "consent.attested")
"""Columns that every sheet has, before and after those that the plan's form requires."""

ROUTE_COLUMNS: Final = {
    "not-kp-member": "plan",
    "plan-unknown": "plan",
    "no-route": "plan",
    "no-lead-entity": "self_referral",
    "county-not-served": "county",
    "region-unknown": "zip",
    "service-not-offered": "services",
}
"""The column to look at where no route was found."""


def known_headers(questions: Iterable[str]) -> dict[str, str]:
    """Each accepted header, folded, with its column."""
    aliases = {alias: field.column for field in FIELDS for alias in field.aliases}
    return {name: name for name in (*BY_COLUMN, *questions)} | aliases


def stays_in_the_house(column: str) -> bool:
    """Whether a column is of no text that stands in a letter: only such a one is suggested for an unknown header."""
    return column not in BY_COLUMN or "letter" in BY_COLUMN[column].absent


def lacking(forms: Sequence[Form], profile: Referrer) -> Callable[[frozenset[str]], tuple[str, ...]]:
    """A function that tells which columns a header lacks; the profile may stand in for the referrer's.

    A sheet that names plans needs what all forms need; what one form needs beyond is told row by row.
    """
    from_profile = {f"referrer_{name}" for name in Referrer.__struct_fields__ if getattr(profile, name)}

    def find(columns: frozenset[str]) -> tuple[str, ...]:
        several = forms if "plan" in columns else [form for form in forms if form.plans]
        first, *others = several or forms
        required = [key for key in first.required if all(key in form.required for form in others)]
        wanted = [BY_KEY[key].column for key in (*NEEDED, *required, *ALSO_NEEDED)]
        missing = [column for column in wanted if column not in columns and column not in from_profile]
        plan = () if columns & {"plan", "kp_member"} else ("plan",)
        return (*missing, *plan, *(() if columns & {"mrn", "cin"} else ("mrn or cin",)))

    return find


def column_of(where: str) -> str:
    """The column that a problem's place is about."""
    return BY_KEY[where].column if where in BY_KEY else where.partition(".")[2] or where


def worded(problem: Problem) -> Problem:
    """The problem with its column, in words that tell nothing of the member."""
    column = ROUTE_COLUMNS.get(problem.code) or column_of(problem.where)
    return Problem(column, problem.code, in_general(problem))


def summed(problems: Iterable[Problem]) -> tuple[str, str]:
    """The codes of some problems, and what they say with their columns, each as one text."""
    several = list(dict.fromkeys(problems))
    codes = ";".join(dict.fromkeys(one.code for one in several))
    return codes, "; ".join(f"{one.where}: {one.message}" if one.where else one.message for one in several)


Reader = Callable[[Sequence[str]], tuple[Case, tuple[Problem, ...]]]


def reader(columns: Sequence[str], questions: Mapping[str, Question]) -> Reader:
    """A function that turns the cells under these columns into a case, and tells what cells cannot be read.

    An empty cell is not given. An answer that cannot be read is kept as it came, so that it is never taken for none.
    """
    cells_of = [
        (n, *_target(column), *_way(column, questions)) for n, column in enumerate(columns) if column and column != " "
    ]

    def read(cells: Sequence[str]) -> tuple[Case, tuple[Problem, ...]]:
        tables: dict[str, dict[str, Any]] = {part: {} for part in (*PARTS, "answers")}
        problems: list[Problem] = []
        for n, part, key, value_of, words in cells_of:
            if cells[n].strip():
                value = value_of(cells[n])
                if value is None:
                    problems.append(Problem(f"{part}.{key}", "bool-format", words))
                else:
                    tables[part][key] = value
        parts: dict[str, Any] = {part: shape(**tables[part]) for part, shape in PARTS.items()}
        return Case(**parts, answers=tables["answers"]), tuple(problems)

    return read


def _target(column: str) -> tuple[str, str]:
    """The table and key of a case that a column fills."""
    return (BY_COLUMN[column].part, BY_COLUMN[column].name) if column in BY_COLUMN else ("answers", column)


def _way(column: str, questions: Mapping[str, Question]) -> tuple[Callable[[str], object], str]:
    """How a cell of the column is read, and what to say where it cannot be."""
    if column not in BY_COLUMN:
        question = questions[column]
        return lambda text: cell_answer(text, question), "give yes, no or unknown"
    match BY_COLUMN[column].kind:
        case FieldKind.YES_NO:
            return flag, "give yes or no"
        case FieldKind.CHOICES:
            return lambda text: tuple(_split(text)), ""
        case _:
            return (str if column == "notes" else lambda text: text.strip(" ")), ""


def flag(text: str) -> bool | None:
    """Yes or no, in any case; None for anything else."""
    return FLAGS.get(text.strip().lower())


def _split(text: str) -> Iterator[str]:
    return (part.strip() for part in text.split(";") if part.strip())


def cell_answer(text: str, question: Question) -> object:
    """The answer that a cell gives; None where yes or no is due and something else is given."""
    given = text.strip()
    if given.lower() == DONT_KNOW:
        return DONT_KNOW
    match question.kind:
        case Kind.YES_NO:
            return flag(given)
        case Kind.NUMBER:
            return int(given) if NUMBER.fullmatch(given) else given
        case Kind.CHOICE:
            return given
        case Kind.CHOICES:
            return list(_split(given))
