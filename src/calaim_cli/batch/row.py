"""One row of a sheet as a case, and what is said of it in a report: columns and rules, never a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache, partial
from operator import methodcaller
from typing import Any, Final

from calaim_cli.base import values
from calaim_cli.base.errors import Problem, in_general
from calaim_cli.base.wording import is_unknown, plain, unwrapped, whole_number, yes_or_no
from calaim_cli.case.case import PARTS, Case, Referrer
from calaim_cli.case.form import BY_COLUMN, BY_KEY, FIELDS, MAY_BE_NONE, REACH, FieldKind
from calaim_cli.policy.questions import DONT_KNOW, Kind, Question
from calaim_cli.policy.routes import Form

# A column of the case itself, and of none of its tables.
ANSWERED_ON: Final = "answered_on"
SHORTEST_TOLD: Final = 3
# Every sheet has these columns, before and after those that the plan's form requires.
NEEDED: Final = ("referral.program",)
ALSO_NEEDED: Final = ("referral.current_services", "consent.member_agreed", "consent.attested")
# How a case file writes what a cell has without quotes, brackets, or the table before a key.
WRITTEN: Final = re.compile(rf"\b(true|false)\b|\[?\"(\w+)\"\]?|\b(?:{'|'.join(PARTS)}|answers)\.(?=\w)")
IN_A_CELL: Final = {"true": "yes", "false": "no"}
# What a spreadsheet does again to a cell that is no text.
SPOILED: Final = frozenset({"id-excel", "dob-excel"})
# The column to look at where no route was found.
ROUTE_COLUMNS: Final = {
    "not-kp-member": "plan",
    "plan-unknown": "plan",
    "no-route": "plan",
    "no-lead-entity": "self_referral",
    "county-not-served": "county",
    "region-unknown": "zip",
    "service-not-offered": "services",
    # Which answers they are would tell of the member.
    "answers-contradict": "answers",
}


def known_headers(questions: Iterable[str]) -> dict[str, str]:
    """Each accepted header, folded, with its column."""
    aliases = {alias: field.column for field in FIELDS for alias in field.aliases}
    return {name: name for name in (*BY_COLUMN, ANSWERED_ON, *questions)} | aliases


def stays_in_the_house(column: str) -> bool:
    """Whether no text of the letter comes from the column: only such a one is suggested for an unknown header."""
    return column not in BY_COLUMN or "letter" in BY_COLUMN[column].absent


def lacking(columns: frozenset[str], forms: Sequence[Form], profile: Referrer) -> tuple[str, ...]:
    """The columns that a header lacks; the profile may stand in for the referrer's.

    A sheet that names plans needs what all forms need; what one form needs beyond is told row by row.
    """
    mine = forms if "plan" in columns else [form for form in forms if form.plans]
    needed = [_needed_of_all(columns, form, profile) for form in mine]
    required = [key for key in needed[0] if all(key in keys for keys in needed)]
    wanted = [BY_KEY[key].column for key in (*NEEDED, *required, *ALSO_NEEDED)]
    there = columns | {f"referrer_{name}" for name in Referrer.__struct_fields__ if getattr(profile, name)}
    missing = [column for column in wanted if column not in there]
    plan = () if columns & {"plan", "kp_member"} else ("plan",)
    return (*missing, *plan, *(() if columns & {"mrn", "cin"} else ("mrn or cin",)))


def _needed_of_all(columns: frozenset[str], form: Form, profile: Referrer) -> list[str]:
    """What the form needs of every row. What some rows are without is told row by row: no address, no city."""

    def of_all(key: str) -> str:
        field = BY_KEY[key]
        return getattr(profile, field.name) if field.part == "referrer" and field.column not in columns else ""

    def tells(key: str) -> bool:
        # A sheet with members who have no address has reach_through for them.
        return BY_KEY[REACH if key in MAY_BE_NONE else key].column in columns

    return [key for key in form.needed(of_all) if not any(map(tells, form.required_unless.get(key, ())))]


@lru_cache(maxsize=1024)  # most rows are warned of the same, and each keeps what is said of it
def worded(problem: Problem) -> Problem:
    """The problem with its column, in words of cells and columns that tell nothing of the member."""
    where = problem.where
    column = BY_KEY[where].column if where in BY_KEY else where.replace("answers.", "")
    said = WRITTEN.sub(lambda one: IN_A_CELL.get(one[1], one[1] or one[2] or ""), in_general(problem))
    said += "; format the column as Text first" if problem.code in SPOILED else ""
    return Problem(ROUTE_COLUMNS.get(problem.code, column), problem.code, said)


def is_of_the_member(column: str) -> bool:
    """Whether a column tells who the member is, or where."""
    field = BY_COLUMN.get(column)
    return field is not None and field.part == "member" and field.kind not in {FieldKind.YES_NO, FieldKind.PLAN}


def tells_of_the_member(text: str, cells: Iterable[str], as_of: date) -> bool:
    """Whether a cell repeats one of these cells of the member, however it is written, or looks like an identifier."""
    said = _compared(text, as_of)
    # An initial or a state is in many a text of one's own.
    told = len(said) >= SHORTEST_TOLD and said in {_compared(one, as_of) for one in cells if one}
    return told or values.cin(text).error in {"", "id-ssn"}


def _compared(text: str, as_of: date) -> str:
    born = values.date_of_birth(text, as_of)
    return re.sub(r"[\W_]+", "", text.casefold()).lstrip("0") if born.error else born.value


def summed(problems: Iterable[Problem]) -> tuple[str, str]:
    """The codes of some problems, and what they say with their columns, each as one text."""
    several = list(dict.fromkeys(problems))
    codes = ";".join(dict.fromkeys(one.code for one in several))
    return codes, "; ".join(f"{one.where}: {one.message}" if one.where else one.message for one in several)


def offered(kind: FieldKind, listed: Sequence[str]) -> Sequence[str]:
    """What a cell of this kind is one of, by the list that its field is chosen of; empty where it is free."""
    yes_no = ("yes", "no")
    of_kind = {FieldKind.YES_NO: yes_no, FieldKind.YES_NO_UNKNOWN: (*yes_no, DONT_KNOW), FieldKind.CHOICE: listed}
    return of_kind.get(kind, ())


def reader(
    columns: Sequence[str], questions: Mapping[str, Question]
) -> Callable[[Sequence[str]], tuple[Case, tuple[Problem, ...]]]:
    """A function that turns the cells under these columns into a case, and tells what cells cannot be read.

    An empty cell is not given. An answer that cannot be read is kept as it came, so that it is never taken for none.
    """
    targets = [(n, *_target(column, questions)) for n, column in enumerate(columns) if column]

    def read(cells: Sequence[str]) -> tuple[Case, tuple[Problem, ...]]:
        tables: dict[str, dict[str, Any]] = {part: {} for part in (*PARTS, "answers", "")}
        problems: list[Problem] = []
        for n, part, key, value_of in targets:
            text = unwrapped(cells[n])
            if text and not text.isspace():
                value = value_of(text)
                if value is not None:
                    tables[part][key] = value
                else:
                    unsure = value_of is yes_no_or_unknown or part == "answers"
                    words = "give yes, no or unknown" if unsure else "give yes or no"
                    problems.append(Problem(f"{part}.{key}", "bool-format", words))
        parts: dict[str, Any] = {part: shape(**tables[part]) for part, shape in PARTS.items()}
        return Case(**parts, **tables[""], answers=tables["answers"]), tuple(problems)

    return read


def _target(column: str, questions: Mapping[str, Question]) -> tuple[str, str, Callable[[str], object]]:
    """The table and key of a case that a column fills, and how a cell of it is read."""
    if column == ANSWERED_ON:
        return "", column, str
    if column not in BY_COLUMN:
        return "answers", column, partial(cell_answer, question=questions[column])
    field = BY_COLUMN[column]
    # Blanks and line breaks in notes are the referrer's own.
    text = str if column == "notes" else methodcaller("strip", " ")
    by_kind = {FieldKind.YES_NO: yes_or_no, FieldKind.YES_NO_UNKNOWN: yes_no_or_unknown, FieldKind.CHOICES: _split}
    return field.part, field.name, by_kind.get(field.kind, text)


def yes_no_or_unknown(text: str) -> bool | str | None:
    """Yes, no, or that it is not known; None for anything else."""
    return DONT_KNOW if is_unknown(text) else yes_or_no(text)


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in plain(text).split(";") if part.strip())


def cell_answer(text: str, question: Question) -> object:
    """The answer that a cell gives; None where yes or no is due and something else is given."""
    given = plain(text).strip()
    if is_unknown(given):
        return DONT_KNOW
    if question.kind is Kind.YES_NO:
        return yes_or_no(given)
    if question.kind is Kind.CHOICES:
        return list(_split(given))
    number = whole_number(given) if question.kind is Kind.NUMBER else None
    return given if number is None else number
