"""Floor 4: one row of a spreadsheet as a case, and what is said of it in a report: places and rules, never a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from calaim_cli.case import PARTS, Case, Referrer
from calaim_cli.errors import Problem
from calaim_cli.policy import Policy
from calaim_cli.questions import DONT_KNOW, Kind, Question

COLUMNS: Final = (
    "program",
    "services",
    "county",
    "zip",
    "self_referral",
    "kp_member",
    "first_name",
    "middle_name",
    "last_name",
    "date_of_birth",
    "phone",
    "address",
    "city",
    "mrn",
    "cin",
    "email",
    "preferred_language",
    "caregiver_name",
    "caregiver_contact",
    "referrer_name",
    "referrer_organization",
    "referrer_npi",
    "referrer_address",
    "referrer_phone",
    "referrer_email",
    "referrer_relationship",
    "referrer_source",
    "current_services",
    "notes",
    "member_agreed",
    "attested",
    "part2",
    "part2_consent",
)
FURTHER: Final = ("referrer_relationship_detail", "referrer_source_detail")
ALIASES: Final = {
    "service": "services",
    "zip_code": "zip",
    "dob": "date_of_birth",
    "birth_date": "date_of_birth",
    "medical_record_number": "mrn",
    "client_index_number": "cin",
    "language": "preferred_language",
}
"""Other headers that are understood; the batch guide lists them."""
FLAGS: Final = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
FLAG_COLUMNS: Final = frozenset({"self_referral", "kp_member", "member_agreed", "attested", "part2", "part2_consent"})
LIST_COLUMNS: Final = frozenset({"services", "current_services"})
BETWEEN: Final = "\x1f"
NUMBER: Final = re.compile(r"[0-9]{1,9}")

GENERAL: Final = {
    "not-kp-member": "not a Kaiser Permanente member: refer through the member's own plan, named on the card",
    "no-lead-entity": "your profile names no Network Lead Entity: add it with 'calaim profile edit'",
    "county-not-served": "Kaiser Permanente does not serve this county: refer through the member's own plan",
    "region-unknown": "this county is split between regions: give the member's ZIP code, or ask for the region",
    "service-not-offered": "not offered in this county: 'calaim services' tells where it is",
    "not-by-email": "this service takes no e-mailed referral: call the plan",
    "unknown-place": "not a California county: give one of the 58, or a ZIP code",
    "ambiguous-place": "this may mean several counties: give the county",
    "not-a-county": "a city, not a county: give the county",
    "not-a-place": "a place in digits is a five-digit ZIP code: give that, or the county's name",
    "zip-ambiguous": "this ZIP code lies in several counties: give the county",
    "zip-unlisted": "this ZIP code is not in the table: give the county",
    "zip-outside": "not a California ZIP code: give the county",
    "zip-county": "the ZIP code does not lie in the stated county, which was used",
}
"""What is said instead of a message that would name the member's county."""
ROUTE_COLUMN: Final = {"not-kp-member": "kp_member", "no-lead-entity": "self_referral", "county-not-served": "county"}
ROUTE_COLUMNS: Final = ROUTE_COLUMN | {"region-unknown": "zip", "service-not-offered": "services"}


def known_headers(questions: Iterable[str]) -> dict[str, str]:
    """Each accepted header, folded, with its column."""
    return {name: name for name in (*COLUMNS, *FURTHER, *questions)} | ALIASES


def lacking(required: Iterable[str], profile: Referrer) -> Callable[[frozenset[str]], tuple[str, ...]]:
    """A function that tells which columns a header lacks; the profile may stand in for the referrer's."""
    wanted = ["program", "kp_member", *(column_of(where) for where in required), "current_services"]
    wanted += ["member_agreed", "attested"]
    from_profile = {f"referrer_{name}" for name in Referrer.__struct_fields__ if getattr(profile, name)}

    def find(columns: frozenset[str]) -> tuple[str, ...]:
        missing = [column for column in wanted if column not in columns and column not in from_profile]
        return (*missing, *(() if columns & {"mrn", "cin"} else ("mrn or cin",)))

    return find


def place_of(column: str) -> tuple[str, str]:
    """The part and the key of a case that a column fills; part "" for a question."""
    if column.startswith("referrer_"):
        return "referrer", column.removeprefix("referrer_")
    part = next((part for part, shape in PARTS.items() if column in shape.__struct_fields__), "")
    return part, column


def column_of(where: str) -> str:
    """The column that a problem's place is about."""
    part, _, key = where.partition(".")
    return f"referrer_{key}" if part == "referrer" else key or part


def told(problem: Problem) -> Problem:
    """The problem with its column, in words that do not name the member's county."""
    column = ROUTE_COLUMNS.get(problem.code) or column_of(problem.where)
    return Problem(column, problem.code, GENERAL.get(problem.code, problem.message))


def flag(text: str) -> bool | None:
    """Yes or no, in any case; None for anything else."""
    return FLAGS.get(text.strip().lower())


Reader = Callable[[Sequence[str]], tuple[Case, tuple[Problem, ...]]]


def case_reader(columns: Sequence[str], catalog: Policy) -> Reader:
    """A function that turns the cells under these columns into a case, and tells what cells cannot be read.

    An empty cell is not given. An answer that cannot be read is kept as it came, so that it is never taken for none.
    """
    cells_of = [(n, *place_of(column), column) for n, column in enumerate(columns) if column]

    def read(cells: Sequence[str]) -> tuple[Case, tuple[Problem, ...]]:
        tables: dict[str, dict[str, Any]] = {part: {} for part in (*PARTS, "")}
        problems: list[Problem] = []
        for n, part, key, column in cells_of:
            if cells[n].strip():
                value = _value(cells[n], column) if part else answer(cells[n], catalog.questions[key])
                if value is None:
                    words = "give yes or no" if part else "give yes, no or unknown"
                    problems.append(Problem(f"{part or 'answers'}.{key}", "bool-format", words))
                else:
                    tables[part][key] = value
        parts: dict[str, Any] = {part: shape(**tables[part]) for part, shape in PARTS.items()}
        return Case(**parts, answers=tables[""]), tuple(problems)

    return read


def _value(text: str, column: str) -> object:
    """A cell's value; None where yes or no is due and something else is given."""
    if column in FLAG_COLUMNS:
        return flag(text)
    if column in LIST_COLUMNS:
        return tuple(_split(text))
    return text if column == "notes" else text.strip(" ")


def _split(text: str) -> Iterator[str]:
    return (part.strip() for part in text.split(";") if part.strip())


def answer(text: str, question: Question) -> object:
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


def words(problems: Iterable[Problem]) -> tuple[str, str]:
    """The codes of some problems, and what they say with their columns, each as one text."""
    several = list(dict.fromkeys(problems))
    codes = dict.fromkeys(one.code for one in several)
    return "; ".join(codes), "; ".join(f"{one.where}: {one.message}" if one.where else one.message for one in several)


def picker(positions: Iterable[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """A function that takes the cells at these positions out of a row."""
    match tuple(positions):
        case ():
            return lambda _: ()
        case (one,):
            return lambda cells: (cells[one],)
        case several:
            return itemgetter(*several)


def keyer(positions: Iterable[int]) -> Callable[[Sequence[str]], Hashable]:
    """A function that gives one value for the cells at these positions, the same for the same cells and no others.

    One text is compared faster than many. Where a cell holds what stands between them, the cells themselves are it.
    """
    several = tuple(positions)
    pick, most = picker(several), max(1, len(several))

    def key(cells: Sequence[str]) -> Hashable:
        picked = pick(cells)
        joined = BETWEEN.join(picked)
        return joined if joined.count(BETWEEN) < most else picked

    return key


def questions_of(columns: Sequence[str], questions: Mapping[str, Question]) -> dict[int, Question]:
    """The questions that columns answer, by the position of the column."""
    return {n: questions[column] for n, column in enumerate(columns) if column in questions and not place_of(column)[0]}
