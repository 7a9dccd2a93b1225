"""The story of `screen`: a table of members is read, every cell checked, all of them decided, and the table written.

What a cell means is asked of the functions that read the sheet of `batch`, once for each different cell of a column;
all else is done by the engine. Nothing of a member is in a message.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base import files
from calaim_cli.base.errors import InputError, OutputRefused, Problem, UsageError
from calaim_cli.base.files import Folder, Status
from calaim_cli.base.folding import unwrapped
from calaim_cli.base.values import MESSAGES, age_on, date_of_birth
from calaim_cli.base.wording import counted
from calaim_cli.batch import row, table
from calaim_cli.batch.sheet import letter
from calaim_cli.batch.table import Column, Engine
from calaim_cli.case.case import AGE, Case
from calaim_cli.decide.advice import Door, offered_at
from calaim_cli.decide.known import MANAGED_CARE
from calaim_cli.decide.membership import membership_of
from calaim_cli.decide.screening import county_of
from calaim_cli.decide.sql import (
    BECAUSE,
    MISSING,
    OUTCOME,
    RESULTS,
    SEPARATOR,
    literal,
    questions_asked,
    quoted,
    result_column,
    select,
)
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Subject
from calaim_cli.policy.questions import DONT_KNOW, Answer, Kind, read_answer

MOST_LISTED: Final = 20
OFFERED: Final = "offered"
SAID: Final = {True: "yes", False: "no", None: "unknown"}
"""How a table says whether the plan offers a service."""
ENDINGS: Final = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet"}
PLAN_COLUMNS, COUNTY_COLUMNS = ("plan", "kp_member"), ("county", "zip")
PLACE_COLUMNS: Final = (*PLAN_COLUMNS, *COUNTY_COLUMNS)
BORN: Final = "date_of_birth"
DAY, EDITION = "screened_on", "data_edition"
"""Columns behind all others: by which day and which rules the table was decided."""
KINDS: Final = (OUTCOME, OFFERED, BECAUSE, MISSING)
"""The columns of a result, in their order."""
PLACES, ANSWERS = "places", "answers"
TOLD: Final = ("place", "code", "words")
Cell = int | str | None
Meaning = Callable[[Sequence[str | None]], tuple[Cell, ...] | Problem]
"""What some cells of a row come to, or the problem with them."""


class Order(NamedTuple):
    """What is asked for."""

    source: str
    out: Path
    subjects: Sequence[Subject]
    policy: Policy
    as_of: date


def output_named(text: str) -> Path:
    """The file that a person named. Raises UsageError for one of a kind that is not written."""
    path = Path(text)
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"--out {text or repr('')}: give a file that ends in {' or '.join(ENDINGS)}")
    return path


def last_words(order: Order, rows: int) -> str:
    """What is told in the end: how many were decided by which day, and what that is worth."""
    days = order.policy.programs_file.answers_good_for_days
    what = f"{order.out}: {counted(rows, 'row')} decided as of {order.as_of}"
    return f"{what}, of use for {days} days. Each member is still to be asked, and the plan decides."


def run(order: Order) -> int:
    """How many rows were decided and written. Raises InputError where the table is not in order: nothing is written."""
    with table.engine() as engine, files.worded(order.out), files.beside(order.out) as folder:
        known, used = row.known_headers(order.policy.questions), {*PLACE_COLUMNS, BORN, *order.policy.questions}
        columns = table.read(engine, order.source, folder, known, used, _result_names(order))
        [(rows,)] = engine.ask("SELECT count(*) FROM own")
        if not rows:
            raise InputError(f"{order.source}: no rows below the header line", code="no-rows")
        _write(engine, order, columns, _check(engine, order, columns), folder)
    return int(rows)


def _result_names(order: Order) -> tuple[str, ...]:
    """The columns that are added, in their order."""
    return (*(result_column(one, what) for one in order.subjects for what in KINDS), DAY, EDITION)


# Check


class Meant(Struct, frozen=True):
    """A table with what each different cell of a column comes to, or the cells of several; and how many are wrong."""

    name: str
    columns: tuple[Column, ...]
    told: bool  # whether there is more than what is wrong
    wrong: int = 0
    listed: tuple[tuple[int, int, Problem], ...] = ()  # the first of them: row, column

    @property
    def join(self) -> str:
        """How a row of the table finds what its cells mean."""
        same = (f"own.{one.sql} IS NOT DISTINCT FROM {self.name}.{one.sql}" for one in self.columns)
        return f"LEFT JOIN {self.name} ON {' AND '.join(same)}"


def _check(engine: Engine, order: Order, columns: Sequence[Column]) -> list[Meant]:
    """What all cells mean. Raises InputError with the rows and columns of those that cannot be read."""
    places = tuple(one for one in columns if one.known_as in PLACE_COLUMNS)
    found = []
    for one in columns:
        if one.known_as and one not in places:
            kind = "VARCHAR" if _kind(one, order) in {Kind.CHOICE, Kind.CHOICES} else "INTEGER"
            found.append(_meant(engine, f"of {one.known_as}", (one,), partial(_answer, one, order), [kind]))
    for names, problem in ((PLAN_COLUMNS, _wrong_plan), (COUNTY_COLUMNS, _wrong_county)):
        if some := tuple(one for one in places if one.known_as in names):
            found.append(_meant(engine, f"of {names[0]}", some, partial(problem, some, order), []))
    if places:
        offers = ["INTEGER", *["VARCHAR"] * len(order.subjects)]
        found.append(_meant(engine, PLACES, places, partial(_place, places, order), offers))
    if wrong := sum(one.wrong for one in found):
        listed = [problem for _, _, problem in sorted(chain.from_iterable(one.listed for one in found))][:MOST_LISTED]
        if wrong > len(listed):
            listed.append(Problem("further cells", "not-listed", f"{wrong - len(listed):,} more; fix these first"))
        words = f"{counted(wrong, 'cell')} cannot be read; nothing was written"
        raise InputError(f"{order.source}: {words}", tuple(listed), code="rows-refused")
    return [one for one in found if one.told]


def _meant(engine: Engine, name: str, columns: tuple[Column, ...], read: Meaning, kinds: Sequence[str]) -> Meant:
    """The table of what the different cells of some columns come to by `read`, its values named v0 and on."""
    cells = [one.sql for one in columns]
    different = engine.ask(f"SELECT DISTINCT {', '.join(cells)} FROM own")  # noqa: S608 quoted
    results = [read(one) for one in different]
    values = [(None,) * len(kinds) if isinstance(one, Problem) else one for one in results]
    told = [(one.where, one.code, one.message) if isinstance(one, Problem) else (None,) * 3 for one in results]
    names = [*cells, *(f"v{n}" for n in range(len(kinds))), *TOLD]
    shape = [*["VARCHAR"] * len(cells), *kinds, *["VARCHAR"] * len(TOLD)]
    unnested = (f"unnest(?::{kind}[]) AS {column}" for column, kind in zip(names, shape, strict=True))
    filled = [*zip(*different, strict=True), *zip(*values, strict=True), *zip(*told, strict=True)]
    meant = Meant(quoted(name), columns, bool(kinds))
    engine.ask(f"CREATE TABLE {meant.name} AS SELECT {', '.join(unnested)}", *map(list, filled))
    if not any(isinstance(one, Problem) for one in results):
        return meant
    wrong = f"FROM own {meant.join} WHERE code IS NOT NULL"
    [(many,)] = engine.ask(f"SELECT count(*) {wrong}")
    first = f"SELECT n, {', '.join(TOLD)} {wrong} ORDER BY n LIMIT {MOST_LISTED:d}"
    return replace(meant, wrong=many, listed=tuple(_told(columns, *one) for one in engine.ask(first)))


def _told(columns: Sequence[Column], number: int, where: str, code: str, words: str) -> tuple[int, int, Problem]:
    at = next((one for one in columns if one.known_as == where), columns[0])
    return number, at.at, Problem(f"row {number}, column {letter(at.at + 1)} ({at.known_as})", code, words)


def _kind(column: Column, order: Order) -> Kind:
    return Kind.NUMBER if column.known_as == BORN else order.policy.questions[column.known_as].kind


def _answer(column: Column, order: Order, cells: Sequence[str | None]) -> tuple[Cell] | Problem:
    """What a cell answers, as the SELECT of the rules reads it; or the problem with it."""
    text = unwrapped(cells[0] or "")
    if not text.strip():
        return (None,)
    if column.known_as == BORN:
        born = date_of_birth(text, order.as_of)
        if born.error:
            return row.worded(Problem(f"member.{BORN}", born.error, MESSAGES[born.error]))
        return (age_on(date.fromisoformat(born.value), order.as_of),)
    question, where = order.policy.questions[column.known_as], f"answers.{column.known_as}"
    given = row.cell_answer(text, question)
    if given is None:
        return Problem(column.known_as, "bool-format", "give yes, no or unknown")
    answer = read_answer(question, given, where)
    return row.worded(answer) if isinstance(answer, Problem) else (_cell(answer),)


def _cell(answer: Answer) -> Cell:
    if answer in {DONT_KNOW, ()}:
        return None
    if isinstance(answer, tuple):
        return SEPARATOR.join(answer)
    return int(answer) if isinstance(answer, bool) else answer


def _case(columns: Sequence[Column], order: Order, cells: Sequence[str | None]) -> tuple[Case, tuple[Problem, ...]]:
    read = row.reader([one.known_as for one in columns], order.policy.questions)
    return read([cell or "" for cell in cells])


def _wrong_plan(columns: Sequence[Column], order: Order, cells: Sequence[str | None]) -> tuple[()] | Problem:
    case, problems = _case(columns, order, cells)
    problems += membership_of(case, order.policy).problems
    return row.worded(problems[0]) if problems else ()


def _wrong_county(columns: Sequence[Column], order: Order, cells: Sequence[str | None]) -> tuple[()] | Problem:
    """The problem with a county that is none. A ZIP code alone that tells no county leaves it unknown, as in a case."""
    case, _ = _case(columns, order, cells)
    problems = county_of(case, order.policy).problems if case.member.county.strip() else ()
    return row.worded(problems[0]) if problems else ()


def _place(columns: Sequence[Column], order: Order, cells: Sequence[str | None]) -> tuple[Cell, ...]:
    """Whether these cells name a plan, and for each subject whether it is offered there."""
    case, _ = _case(columns, order, cells)
    membership = membership_of(case, order.policy)
    door = Door(county_of(case, order.policy).county, membership, "", order.as_of)
    offers = [SAID[offered_at(one, order.policy, door)] if one.service else None for one in order.subjects]
    return (1 if membership.plan else None, *offers)


# Decide and write


def _write(engine: Engine, order: Order, columns: Sequence[Column], meant: Sequence[Meant], folder: Folder) -> None:
    """Write the table with its results, whole and private, or leave the same one as it is."""
    query, name = _decided(order, columns, meant, _put_together(engine, order, meant)), order.out.name
    with folder.temporary(name) as pile:
        with folder.lent(pile) as path:
            engine.write(query, path, ENDINGS[order.out.suffix.lower()])
        os.fsync(pile.descriptor)
        if folder.publish(pile, name) is Status.CONFLICT:
            raise OutputRefused(f"{order.out}: exists and differs; choose another name", code="exists")


def _put_together(engine: Engine, order: Order, meant: Sequence[Meant]) -> tuple[str, ...]:
    """The questions that the table has no column for; the answers of all members are in `answers` from then on."""
    asked = questions_asked(order.subjects, order.policy)
    values = {one.columns[0].known_as: f"{one.name}.v0" for one in meant if one.name != quoted(PLACES)}
    if BORN in values:
        values[AGE] = f"coalesce({values[BORN]}, {values.get(AGE, 'NULL')})"
    if any(one.name == quoted(PLACES) for one in meant):
        values[MANAGED_CARE] = f"coalesce({quoted(PLACES)}.v0, {values.get(MANAGED_CARE, 'NULL')})"
    there = [f"{values[one]} AS {quoted(one)}" for one in asked if one in values]
    joined = " ".join(one.join for one in meant)
    # By itself: to plan the joins together with the rules would take seconds.
    answers = f"SELECT {', '.join(['own.n', *there])} FROM own {joined}"  # noqa: S608 quoted
    engine.ask(f"CREATE TABLE {ANSWERS} AS {answers}")
    return tuple(one for one in asked if one not in values)


def _decided(order: Order, columns: Sequence[Column], meant: Sequence[Meant], absent: Sequence[str]) -> str:
    """The query for the table with its results."""
    placed = any(one.name == quoted(PLACES) for one in meant)
    rules = select(order.subjects, order.policy, order.as_of, ANSWERS, ["n"], absent)
    results = []
    for number, one in enumerate(order.subjects, 1):
        found = {what: f"nullif(decided.{quoted(result_column(one, what))}, '')" for what in RESULTS}
        unknown = literal(SAID[None]) if one.service else "NULL"
        found[OFFERED] = f"{quoted(PLACES)}.v{number}" if placed else unknown
        results += [f"{found[what]} AS {quoted(result_column(one, what))}" for what in KINDS]
    last = {DAY: order.as_of.isoformat(), EDITION: order.policy.edition}
    results += [f"{literal(value)} AS {quoted(name)}" for name, value in last.items()]
    own = [f"own.{one.sql} AS {quoted(one.name)}" for one in columns]
    place = next((one.join for one in meant if one.name == quoted(PLACES)), "")
    return (
        f"WITH decided AS ({rules}) "  # noqa: S608 quoted
        f"SELECT {', '.join([*own, *results])} FROM own JOIN decided ON decided.n = own.n {place} ORDER BY own.n"
    )
