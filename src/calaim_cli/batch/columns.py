"""The map of a table with other names: which of its columns is which of ours, and what its codes answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from msgspec import Struct

from calaim_cli.base import files
from calaim_cli.base.errors import InputError, Problem
from calaim_cli.base.wording import YES_NO, did_you_mean, plain
from calaim_cli.batch import row
from calaim_cli.batch.sheet import fold
from calaim_cli.decide import sql
from calaim_cli.decide.sql import MEMBERS, SEPARATOR, literal, own, quoted
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Subject
from calaim_cli.policy.questions import DONT_KNOW, NONE_OF_THESE, Answer, Kind, Question, answered_by, read_answer

LARGEST: Final = 1024 * 1024
TABLES: Final = ("columns", "codes")
# The shape of ICD-10-CM: a letter, a digit, one more sign, and up to four behind the dot.
ICD_10: Final = re.compile(r"[a-z]\d[0-9a-z]\.?[0-9a-z]{1,4}")
BETWEEN: Final = re.compile(r"[\s,|/&+]+")
"""What people put between codes beside the one sign that is read."""
# The last two are what an engine makes of a 1 or 0 in a column where others are missing.
TYPED: Final = YES_NO | {"1.0": True, "0.0": False}
NONE_OF_OURS: Final = "is none of our columns. Leave it out: a column that is not named passes through"
WORKED_OUT: Final = ("date_of_birth", "plan", "kp_member", "county", "zip", "kp_region")
"""Columns of ours from which an age, a plan or a place is worked out, which SQL cannot."""


class Columns(Struct, frozen=True):
    """What a map says: our column by theirs, and by column of codes what each code answers; theirs as typed."""

    columns: dict[str, str] = {}
    codes: dict[str, dict[str, dict[str, Answer]]] = {}

    @property
    def by_header(self) -> dict[str, str]:
        """Our column by theirs as headers are compared."""
        return {fold(theirs): ours for theirs, ours in self.columns.items()}

    @property
    def by_code(self) -> dict[str, dict[str, dict[str, Answer]]]:
        """What codes answer, by column and code as they are compared."""
        return {fold(one): {coded(code): said for code, said in by.items()} for one, by in self.codes.items()}

    def names(self) -> dict[str, str]:
        """Every column of theirs that the map names, by how it is compared."""
        return {fold(one): one for one in (*self.columns, *self.codes)}


def coded(code: str) -> str:
    """How codes are compared: without case, the blanks around them, and the dot of an ICD-10 code, as claims."""
    code = plain(code).strip().casefold()
    return code.replace(".", "") if ICD_10.fullmatch(code) else code


def spaced(text: str) -> str:
    """The codes of a text with a blank around each, whatever stands between them."""
    return f" {' '.join(map(coded, BETWEEN.split(plain(text))))} "


def read(name: str, policy: Policy) -> Columns:
    """The map in a TOML file. Raises InputError with every problem."""
    given = files.parse_toml(files.read_text(name, LARGEST), name)
    problems: list[Problem] = []
    for table, held in given.items():
        if table not in TABLES or not isinstance(held, dict):
            problems.append(Problem(table, "unknown-key", "use only the tables [columns] and [codes.COLUMN]"))
    tables = [one if isinstance(one := given.get(table), dict) else {} for table in TABLES]
    found = Columns(dict(_columns(tables[0], policy, problems)), _codes(tables[1], policy, problems))
    both = [one for one in found.codes if fold(one) in found.by_header]
    problems += (Problem(f"codes.{one}", "duplicate-column", "is also in [columns]: keep one") for one in both)
    if problems:
        raise InputError(f"{name}: the map is not valid; nothing was written", tuple(problems), code="map")
    return found


def _columns(given: Mapping[str, Any], policy: Policy, problems: list[Problem]) -> Iterator[tuple[str, str]]:
    known, met = row.known_headers(policy.answerable), set[str]()
    for theirs, ours in given.items():
        where, column = f"columns.{theirs}", known.get(fold(ours), "") if isinstance(ours, str) else ""
        if not column:
            near = did_you_mean(ours, known.values(), least=0.8) if isinstance(ours, str) else ""
            problems.append(Problem(where, "unknown-column", near or NONE_OF_OURS))
        elif column in met:
            problems.append(Problem(where, "duplicate-column", f"{column} is mapped twice: keep one of the two"))
        met.add(column)
        yield theirs, column


def _codes(
    given: Mapping[str, Any], policy: Policy, problems: list[Problem]
) -> dict[str, dict[str, dict[str, Answer]]]:
    found: dict[str, dict[str, dict[str, Answer]]] = {}
    for theirs, by in given.items():
        for code, said in by.items() if isinstance(by, dict) else [("", None)]:
            where, answers = f"codes.{theirs}.{code}", dict[str, Answer]()
            if not isinstance(said, dict):
                problems.append(Problem(where, "map-code", 'give what the code answers: { housing = "shelter" }'))
                continue
            for question, value in said.items():
                answer = _answer(question, value, f"{where}.{question}", policy)
                if isinstance(answer, Problem):
                    problems.append(answer)
                else:
                    answers[question] = answer
            if any(coded(one) == coded(code) and other != answers for one, other in found.get(theirs, {}).items()):
                problems.append(Problem(where, "duplicate-code", "is there in another spelling, too: keep one"))
            found.setdefault(theirs, {})[code] = answers
    return found


def _answer(name: str, value: object, where: str, policy: Policy) -> Answer | Problem:
    question = policy.answerable.get(name)
    if question is None:
        near = did_you_mean(name, policy.answerable) or "'calaim questions' lists them"
        return Problem(where, "unknown-question", f"unknown question; {near}")
    given = row.cell_answer(value, question) if isinstance(value, str) else value
    return read_answer(question, value if given is None else given, where)


def merged(answers: Iterable[Answer], where: str) -> Answer | Problem:
    """One answer from several columns: lists are joined, anything else has to agree."""
    said = [one for one in dict.fromkeys(answers) if one not in {DONT_KNOW, ()}]
    if len(said) < 2:  # noqa: PLR2004 one answer is the answer
        return said[0] if said else DONT_KNOW
    together = dict.fromkeys(choice for one in said if isinstance(one, tuple) for choice in one)
    if not all(isinstance(one, tuple) for one in said) or NONE_OF_THESE in together:
        return Problem(where, "says-two-things", "contradict each other: fix one, or empty it")
    return (*(one for one in together if one != DONT_KNOW), *([DONT_KNOW] if DONT_KNOW in together else []))


def template(policy: Policy) -> str:
    """A map without entries, with remarks that say how to write it and name every question."""
    asked = "".join(f'# "..." = "{one.id}"  # {answered_by(one)}\n' for one in policy.answerable.values())
    return f"""\
# How to read a table with other column names and codes than calaim's. Remove the number sign from what you use.
# A column that is not named here is read if it has one of calaim's names; otherwise it passes through.

[columns] # your column = ours; besides the questions: date_of_birth, county, zip, plan, first_name and so on
{asked}
# What the codes of a column answer. A code that is not named answers nothing. Where a code gives one item of a
# list and nothing about the rest, add "unknown": otherwise the list counts as complete.
# [codes.housing_flag]
# "Z59.0" = {{ housing = ["shelter", "unknown"] }}
"""


def unread(mapping: Columns) -> tuple[str, ...]:
    """The columns of theirs that `script` does not read, as it works out no age and no place."""
    return tuple(theirs for theirs, ours in mapping.columns.items() if ours in WORKED_OUT)


def script(
    mapping: Columns | None,
    subjects: Sequence[Subject],
    policy: Policy,
    as_of: date,
    table: str,
    keep: Sequence[str],
    *,
    coverage: bool,
) -> str:
    """The rules as SQL for a table that has our columns, or those of the map."""
    of_coverage = sql.coverage_questions(policy) if coverage else ()
    asked = tuple(dict.fromkeys((*sql.questions_asked(subjects, policy), *of_coverage)))
    theirs = {one: one for one in asked} if mapping is None else {ours: one for one, ours in mapping.columns.items()}
    cells = {one: _typed(own(theirs[one]), policy.answerable[one]) for one in asked if one in theirs}
    codes = [*_told(mapping or Columns())]
    for question in (policy.answerable[one] for one in asked):
        if told := [(column, code, said[question.id]) for column, code, said in codes if question.id in said]:
            cells[question.id] = _of_codes(question, told)
    columns = [f"{cell} AS {quoted(name)}" for name, cell in cells.items()]
    columns += (own(one) for one in keep if one.casefold() not in cells)
    source = f"SELECT {', '.join(columns or ['NULL'])} FROM {sql.qualified(table)} AS {MEMBERS}"  # noqa: S608 quoted
    absent = [one for one in asked if one not in cells]
    return sql.script(subjects, policy, as_of, source, keep, absent, coverage=coverage)


DECIMALS: Final = ("00", "000", "0000")
"""How a column of decimal numbers writes a whole one."""


def _typed(cell: str, question: Question) -> str:
    """The cell of a column; yes and no as numbers, whether the table keeps them as such or as texts."""
    if question.kind is not Kind.YES_NO:
        return cell
    known = {**TYPED, **{f"{int(yes)}.{zeros}": yes for yes in (True, False) for zeros in DECIMALS}}
    words = {yes: ", ".join(literal(one) for one, is_yes in known.items() if is_yes is yes) for yes in (True, False)}
    typed = f"LOWER(TRIM({cell} || ''))"
    return f"CASE WHEN {typed} IN ({words[True]}) THEN 1 WHEN {typed} IN ({words[False]}) THEN 0 END"


def _told(mapping: Columns) -> Iterator[tuple[str, str, dict[str, Answer]]]:
    return ((theirs, code, said) for theirs, by in mapping.codes.items() for code, said in by.items())


def _of_codes(question: Question, told: Sequence[tuple[str, str, Answer]]) -> str:
    if question.kind is not Kind.CHOICES:
        values = [(_has(theirs, code), said) for theirs, code, said in told if said != DONT_KNOW]
        cases = (
            f"WHEN {holds} THEN {literal(said) if isinstance(said, str) else f'{said:d}'}"
            for holds, said in values
            if isinstance(said, str | int)
        )
        return f"CASE {' '.join(cases)} END" if values else "NULL"
    by_choice: dict[str, list[str]] = {}
    for theirs, code, said in told:
        for choice in said if isinstance(said, tuple) else ():
            by_choice.setdefault(choice, []).append(_has(theirs, code))
    texts = (
        f"CASE WHEN {' OR '.join(any_of)} THEN {literal(SEPARATOR + choice)} ELSE '' END"
        for choice, any_of in by_choice.items()
    )
    return f"NULLIF(SUBSTR({' || '.join(texts)}, {len(SEPARATOR) + 1}), '')" if by_choice else "NULL"


def _has(column: str, code: str) -> str:
    """Whether the cell has this code, alone or among several, compared as `coded` compares."""
    cell = f"LOWER(TRIM({own(column)}))"
    for typed in (f"{SEPARATOR} ", f" {SEPARATOR}"):
        cell = f"REPLACE({cell}, {literal(typed)}, {literal(SEPARATOR)})"
    ends, code = literal(SEPARATOR), coded(code)
    spellings = [code, f"{code[:3]}.{code[3:]}"] if ICD_10.fullmatch(code) else [code]
    has = (f"INSTR({ends} || {cell} || {ends}, {literal(f'{SEPARATOR}{one}{SEPARATOR}')}) > 0" for one in spellings)
    return f"({' OR '.join(has)})"
