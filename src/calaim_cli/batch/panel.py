"""The story of `screen`: a table of members is read and checked, all are decided, and what was asked for comes out.

`cells` says what a cell means; all else is done by the engine. Nothing of a member is in a message.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct

from calaim_cli.base import files
from calaim_cli.base.errors import InputError, OutputRefused, Problem, UsageError, caution
from calaim_cli.base.files import Folder, Status
from calaim_cli.base.wording import counted
from calaim_cli.batch import cells, row, table
from calaim_cli.batch.cells import Ways
from calaim_cli.batch.columns import Columns
from calaim_cli.batch.sheet import KEPT_NAME, PROBLEM, SECOND_PROBLEM, fold, letter
from calaim_cli.batch.table import Column, Engine, Table
from calaim_cli.case.case import AGE, Referrer
from calaim_cli.case.form import BY_COLUMN
from calaim_cli.decide import counts
from calaim_cli.decide.counts import Counts, Settled
from calaim_cli.decide.known import MANAGED_CARE, asked_by
from calaim_cli.decide.sql import (
    BECAUSE,
    COVERAGE_COLUMNS,
    MISSING,
    OUTCOME,
    RESULTS,
    SEPARATOR,
    contradicting,
    literal,
    quoted,
    result_column,
    select,
)
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import THREE_PROGRAMS, Outcome, Subject, subject_id
from calaim_cli.policy.questions import Kind

MOST_LISTED: Final = 20
MOST_ROWS: Final = 5
MOST_SETTLED: Final = 10
OFFERED: Final = "offered"
WORKBOOK: Final = ".xlsx"
ENDINGS: Final = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet", WORKBOOK: ""}
# Of Excel, with the header line: specifications and limits, "Worksheet and workbook specifications".
MOST_IN_A_WORKBOOK: Final = 1_048_575
DAY, EDITION, ASK_BY = "screened_on", "data_edition", "to_be_asked_by"
"""Columns behind all others: by which day and which rules the table was decided, and until when that is of use."""
KINDS: Final = (OUTCOME, OFFERED, BECAUSE, MISSING)
"""The columns of a result, in their order."""
ANSWERS: Final = "answers"
SAID, COUNTY, PLAN = cells.REFUSED, "calaim county", "calaim plan"
PROGRAM, SERVICES, PLACE = "calaim program", "calaim services", "calaim place"
"""Columns beside the answers, with names that no question has: what is wrong, where a member is, what to ask her."""
BY_PERSON: Final = ("member_agreed", "attested", "part2")
"""Columns that only a person can fill in, after asking the member."""


class Order(NamedTuple):
    """What is asked for. `likely`: write a sheet for `batch` of those for whom one of the subjects is likely.

    `keep`: columns of one's own that go into that sheet. `referrer` is known of the profile. `coverage`: say of each
    how she stands to the work rule, too.
    """

    source: str
    out: Path | None
    subjects: Sequence[Subject]
    policy: Policy
    as_of: date
    sheet: str | None = None
    map: Columns = Columns()
    keep: tuple[str, ...] = ()
    likely: bool = False
    counts: bool = False
    settle: bool = False
    keep_going: bool = False
    coverage: bool = False
    referrer: Referrer = Referrer()

    @property
    def ask_by(self) -> date:
        """The last day on which what is decided is of use."""
        return self.as_of + timedelta(days=self.policy.programs_file.answers_good_for_days)


class Done(Struct, frozen=True):
    """What became of a table: rows decided and refused, those of the sheet for `batch`, what to look at, the counts.

    `barred`: members who are not in that sheet, as their program excludes them.
    """

    rows: int
    refused: int = 0
    likely: int | None = None
    barred: int = 0
    warnings: tuple[Problem, ...] = ()
    counts: Counts | None = None
    settled: tuple[Settled, ...] | None = None


def output_named(text: str) -> Path:
    """The file that a person named. Raises UsageError for one of a kind that is not written."""
    path = Path(text)
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"--out {text or repr('')}: give a name that ends in .csv, .parquet or {WORKBOOK}")
    return path


def last_words(order: Order, done: Done) -> Iterator[str]:
    """What is told in the end: how many were decided by which day, and what that is worth."""
    days = order.policy.programs_file.answers_good_for_days
    where = f"{order.out}: " if order.out else ""
    rows = "few rows" if _is_withheld(done) else counted(done.rows, "row")
    what = f"{where}{rows} screened as of {order.as_of}"
    refused = f", {_many(order, done.refused, 'row')} refused" if done.refused else ""
    yield f"{what}{refused}, good for {days} days. Each member must still be asked, and the plan decides."
    if done.settled is not None:
        yield "Small counts are not withheld here: keep them to those who work with this panel."
    if done.likely is not None:
        yield from _of_sheet(order, done.likely, done.barred)


def _of_sheet(order: Order, likely: int, barred: int) -> Iterator[str]:
    """What is told of the sheet for `batch`. Its numbers could be taken from counts that may be passed on."""
    then = f"Fill in {', '.join(BY_PERSON)} once a member has been asked, then run calaim batch."
    if order.counts:
        yield f"The sheet lists the referrals to ask members about, if any, but none that ECM itself rules out. {then}"
        return
    if not likely:
        then = "" if barred else " Run it again with --settle to learn what is missing for most."
    yield f"{counted(likely, 'referral')} to ask members about.{' ' if likely else ''}{then}"
    if barred:
        why = "a population of ECM is likely for them, but ECM itself is unlikely"
        yield f"{counted(barred, 'member')} left out of the referrals: {why}. --program ecm --out shows the reason."


def _many(order: Order, many: int, thing: str) -> str:
    """How many there are, in words. Beside counts that may be passed on, what is few is not told."""
    return f"few {thing}s" if _is_few(order, many) else counted(many, thing)


def _is_few(order: Order, many: int) -> bool:
    return order.counts and counts.is_small(many)


def _is_withheld(done: Done) -> bool:
    """Whether how many rows there are is told to nobody, as all counts are withheld."""
    return done.counts is not None and done.counts.rows is None


def about(order: Order, done: Done) -> dict[str, object]:
    """What became of the table, for a document. Where all counts are withheld, so are the rows; None: not told."""
    return {
        "as_of": order.as_of.isoformat(),
        "rows": None if _is_withheld(done) else done.rows,
        "refused": None if _is_few(order, done.refused) else done.refused,
        "likely": None if order.counts else done.likely,
        "left_out": None if order.counts or done.likely is None else done.barred,
        "out": str(order.out) if order.out else None,
    }


def run(order: Order) -> Done:
    """What became of the table. Raises InputError where it is not in order: nothing is written."""
    out = order.out or Path("screened")
    with (
        table.engine() as engine,
        files.worded(out),
        files.beside(out) as folder,
        table.read(engine, order.source, folder, known(order), _result_names(order), order.sheet) as found,
    ):
        with table.sound(found):
            is_empty = not engine.ask("SELECT 1 FROM own LIMIT 1")
        if is_empty:
            raise InputError(f"{order.source}: no rows below the header line", code="no-rows")
        if not any(one.known_as for one in found.columns) and not cells.sources_of(found.columns, _ways(order)):
            words = "no column name is recognized: is the first line the header? 'calaim questions' lists the names"
            raise InputError(f"{order.source}: {words}", code="no-header")
        if lacking := [one for one in order.keep if fold(one) not in {fold(own.name) for own in found.columns}]:
            problems = tuple(Problem("--keep", "keep-column", "the table has no such column") for _ in lacking)
            raise InputError(f"{order.source}: the header line has errors; nothing was written", problems)
        panel = Panel(engine, order, found)
        panel.check()
        likely = panel.write(folder) if order.out else None
        return Done(
            panel.decided,
            panel.rows - panel.decided,
            likely,
            panel.barred() if order.likely else 0,
            tuple(panel.warnings()),
            panel.counts() if order.counts else None,
            panel.settled() if order.settle else None,
        )


def known(order: Order) -> dict[str, str]:
    """Our column for each folded header; a column of codes has none."""
    known = row.known_headers(order.policy.answerable) | order.map.by_header
    return {name: column for name, column in known.items() if name not in order.map.by_code}


def _ways(order: Order) -> Ways:
    return Ways(order.subjects, order.policy, order.as_of, order.map.by_code)


def _result_names(order: Order) -> tuple[str, ...]:
    """The columns that are added, in their order."""
    results = (result_column(one, what) for one in order.subjects for what in KINDS)
    return (*results, *(COVERAGE_COLUMNS if order.coverage else ()), DAY, EDITION, ASK_BY)


class Panel:
    """A table on the engine, from the check of its cells to what comes out."""

    def __init__(self, engine: Engine, order: Order, found: Table) -> None:
        self.engine, self.order, self.table, self.columns = engine, order, found, found.columns
        self.rows = self.decided = 0
        self.meanings = cells.Meanings()
        self.absent: tuple[str, ...] = ()
        self.kept: tuple[str, ...] = ()
        self.doubts: tuple[tuple[Problem, int], ...] = ()

    def check(self) -> None:
        """Find out what all cells mean. Raises InputError with rows and columns of those that cannot be read."""
        self.meanings = cells.meant(self.engine, self.table, _ways(self.order))
        [(self.rows,)] = self.engine.ask("SELECT count(*) FROM own")
        wrong = cells.refuse(self.engine, self.meanings.all, self.table.unread)
        if wrong and not self.order.keep_going:
            raise self._refused(wrong)
        self._put_together()
        [(self.decided,)] = self.engine.ask(f"SELECT count(*) FROM {ANSWERS} WHERE {quoted(SAID)} IS NULL")  # noqa: S608 ours
        if not self.decided:
            raise self._refused(wrong)

    def _refused(self, wrong: int) -> InputError:
        same: dict[Problem, list[int]] = {}
        told = (self._at(number, Problem(*said)) for number, *said in self.engine.ask("SELECT * FROM refused"))
        for number, _, problem in sorted(told):
            same.setdefault(problem, []).append(number)
        listed = [one._replace(where=f"{_rows(rows)}{one.where}") for one, rows in [*same.items()][:MOST_LISTED]]
        if left := sum(map(len, [*same.values()][MOST_LISTED:])):
            listed.append(Problem("further cells", "not-listed", f"{left:,} more; fix these first"))
        words = f"{counted(wrong, 'cell')} cannot be read; nothing was written. Fix them, or use --keep-going"
        words += " (row 1 is the first below the header line; blank rows of a CSV or workbook are not counted)"
        return InputError(f"{self.order.source}: {words}", tuple(listed), code="rows-refused")

    def _at(self, number: int, problem: Problem) -> tuple[int, int, Problem]:
        """The row, the column, and the problem with the column named."""
        own = {one.known_as or fold(one.name): one for one in reversed(self.columns)}
        read = self.meanings.answers.get(problem.where)
        column = own.get(fold(problem.where)) or (read.columns[0] if read else None)
        where = f", column {letter(column.at + 1)} ({column.known_as or problem.where})" if column else ""
        return number, column.at if column else 0, problem._replace(where=where)

    def _put_together(self) -> None:
        """All that is known of the members is in `answers` from then on."""
        self.doubts = tuple(dict.fromkeys(cells.doubts(self.engine, self.meanings.all)))
        values = {one: meant.of() for one, meant in self.meanings.answers.items()}
        values |= {COUNTY: self._place(0), PLAN: self._place(1)}
        for number, one in enumerate(self.order.subjects, 2):
            values[_offered(one)] = self._place(number) if one.service else "NULL"
        there = ", ".join(f"{value} AS {quoted(name)}" for name, value in values.items())
        self.engine.ask(f"CREATE VIEW {ANSWERS} AS SELECT *, rowid + 1 AS n, {there} FROM own")  # noqa: S608 quoted
        self.kept = ("n", *(f"c{one.at}" for one in self.columns), SAID, *values)
        self.absent = tuple(one for one in self.order.policy.answerable if one not in self.meanings.answers)

    def _place(self, at: int) -> str:
        """What a place comes to: the name of its county (0) or plan (1), or whether a subject is offered there."""
        if self.meanings.places is None:
            return literal(counts.NOT_KNOWN if at < 2 else cells.SAID[None])  # noqa: PLR2004 the names come first
        return self.meanings.places.of(at)

    def rules(self, wanted: Collection[str] = RESULTS, *, coverage: bool = False, also: Sequence[Subject] = ()) -> str:
        """The query that decides all answers, `also` of subjects not named, and passes on all that is known."""
        order, of = self.order, (ANSWERS, self.kept, self.absent)
        subjects = (*order.subjects, *(one for one in also if one not in order.subjects))
        return select(subjects, order.policy, order.as_of, *of, coverage=coverage, wanted=wanted)

    def _sound(self, wanted: str, also: Sequence[Subject] = ()) -> str:
        """The same for members whose cells could all be read, with only one of the results."""
        return f"SELECT * FROM ({self.rules((wanted,), also=also)}) WHERE {quoted(SAID)} IS NULL"  # noqa: S608 quoted

    def warnings(self) -> Iterator[Problem]:
        """The warnings about the table as a whole, which say nothing about a single row."""
        order, source = self.order, self.order.source
        yield from self.table.notes
        yield from _of_columns(order, self.columns)
        yield from (self._in_rows(*one) for one in (*self.table.doubts, *self.doubts))
        asked = [one for one in (AGE, MANAGED_CARE) if one in order.policy.questions]
        known = ", ".join(f"count({quoted(one)})" if one in self.meanings.answers else "count(NULL)" for one in asked)
        [several] = self.engine.ask(f"SELECT {known} FROM {ANSWERS}")  # noqa: S608 quoted
        yield from (
            caution("mostly-unknown", one) for one, many in zip(asked, several, strict=True) if 2 * many < self.decided
        )
        if order.policy.programs_file.contradiction:
            [several] = self.engine.ask(contradicting(order.policy, ANSWERS, self.absent))
            for one, many in zip(order.policy.programs_file.contradiction, several, strict=True):
                if many:
                    both = ", ".join(asked_by(one, order.policy))
                    problem = Problem(source, "answers-contradict", f"{one.why} Check both: {both}")
                    yield self._in_rows(problem, many)

    def _in_rows(self, problem: Problem, many: int) -> Problem:
        """What is said of so many rows at once."""
        return problem._replace(message=f"in {_many(self.order, many, 'row')}: {problem.message}")

    # What comes out

    def write(self, folder: Folder) -> int | None:
        """Write the table with its results, or the sheet for `batch`; of that gives the number of its rows."""
        if not self.order.likely:
            self._publish(*self._screened(), folder)
            return None
        query, names = self._sheet()
        [(many,)] = self.engine.ask(f"SELECT count(*) FROM ({query})")  # noqa: S608 quoted
        self._publish(query, names, folder)
        return int(many)

    def _publish(self, query: str, names: Sequence[str], folder: Folder) -> None:
        """Write what the query gives, whole and private, or leave the same file as it is."""
        out = self.order.out or Path()
        with folder.temporary(out.name) as pile:
            if out.suffix.lower() == WORKBOOK:
                pile.write(self._workbook(query, names))
            else:
                with folder.lent(pile) as path:
                    self.engine.write(query, path, ENDINGS[out.suffix.lower()])
            os.fsync(pile.descriptor)
            if folder.publish(pile, out.name) is Status.CONFLICT:
                raise OutputRefused(f"{out}: exists and differs; choose another name", code="exists")

    def _workbook(self, query: str, names: Sequence[str]) -> bytes:
        from calaim_cli.batch.workbook import Written

        written = Written(names, title=f"to be asked by {self.order.ask_by}")
        texts = f"SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ({query})"  # noqa: S608 quoted
        for number, one in enumerate(self.engine.rows(texts), 1):
            if number > MOST_IN_A_WORKBOOK:
                words = "more rows than a worksheet can hold: give --out a name that ends in .csv"
                raise InputError(f"{self.order.out}: {words}", code="too-many-rows")
            written.add(cell or "" for cell in one)
        return written.content()

    def _screened(self) -> tuple[str, list[str]]:
        """The query for the table with its results, and the names of its columns."""
        order, values = self.order, dict[str, str]()
        for subject in order.subjects:
            found = {what: f"nullif({quoted(result_column(subject, what))}, '')" for what in RESULTS}
            found[OFFERED] = quoted(_offered(subject))
            values |= {result_column(subject, what): found[what] for what in KINDS}
        if order.coverage:
            values |= {name: f"nullif({quoted(name)}, '')" for name in COVERAGE_COLUMNS}
        if order.keep_going:
            values = {name: f"CASE WHEN {quoted(SAID)} IS NULL THEN {value} END" for name, value in values.items()}
        last = {DAY: order.as_of.isoformat(), EDITION: order.policy.edition, ASK_BY: order.ask_by.isoformat()}
        values |= {name: literal(value) for name, value in last.items()}
        if order.keep_going:
            taken = {fold(one.name) for one in self.columns}
            values[SECOND_PROBLEM if PROBLEM in taken else PROBLEM] = quoted(SAID)
        results = [f"{value} AS {quoted(name)}" for name, value in values.items()]
        own = [f"{_typed(one)} AS {quoted(one.name)}" for one in self.columns]
        query = f"SELECT {', '.join([*own, *results])} FROM ({self.rules(coverage=self.order.coverage)})"  # noqa: S608 quoted
        return query, [*(one.name for one in self.columns), *values]

    def _sheet(self) -> tuple[str, list[str]]:
        """The query for a sheet for `batch`: a row for each member and program of which something is likely."""
        values: dict[str, str] = {"program": quoted(PROGRAM), "services": quoted(SERVICES)}
        for one in self.columns:
            column = BY_COLUMN.get(one.known_as)
            if one.known_as in self.order.policy.coverage_questions:
                continue  # nothing of keeping Medi-Cal goes into a referral
            if one.known_as and (column is None or column.part != "consent"):
                values.setdefault(one.known_as, _typed(one))
            elif fold(one.name) in map(fold, self.order.keep):
                values[one.name] = _typed(one)
        for question, meant in self.meanings.answers.items():
            if question in self.order.policy.questions and any(
                fold(one.name) in self.order.map.by_code for one in meant.columns
            ):
                values[question] = self._in_our_words(question)
        # An agreement that the table brings along was given for something else.
        values |= {one.known_as: "NULL" for one in self.columns if _is_of_consent(one.known_as)}
        values |= dict.fromkeys(BY_PERSON, "NULL")
        columns = ", ".join(f"{value} AS {quoted(name)}" for name, value in values.items())
        decided = f"WITH decided AS MATERIALIZED ({self._sound(OUTCOME, self._wholes())})"
        asked = f"{decided}, asked AS ({' UNION ALL '.join(self._asked())})"
        return f"{asked} SELECT {columns} FROM asked ORDER BY n, {quoted(PLACE)}", [*values]  # noqa: S608 quoted

    def _in_our_words(self, question: str) -> str:
        if self.order.policy.answerable[question].kind is Kind.YES_NO:
            return f"CASE {quoted(question)} WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END"
        return f"CAST({quoted(question)} AS VARCHAR)"

    def _asked(self) -> Iterator[str]:
        """By program the queries for the members of whom something is likely, and not known to be offered nowhere."""
        for place, program in enumerate(THREE_PROGRAMS):
            subjects = [one for one in self.order.subjects if one.program == program]
            likely = [f"({self._is_likely(one)} AND {self._is_offered(one)})" for one in subjects]
            names = (
                f"CASE WHEN {holds} THEN {literal(one.service)} END"
                for holds, one in zip(likely, subjects, strict=True)
                if one.service
            )
            services = f"concat_ws('{SEPARATOR}', {', '.join(names)})" if program == "cs" else "NULL"
            if subjects:
                yield (
                    f"SELECT *, {place:d} AS {quoted(PLACE)}, {literal(program)} AS {quoted(PROGRAM)}, "  # noqa: S608 quoted
                    f"{services} AS {quoted(SERVICES)} FROM decided "
                    f"WHERE ({' OR '.join(likely)}) AND NOT {self._is_barred(program)}"
                )

    def _wholes(self) -> tuple[Subject, ...]:
        """The programs of the populations that were named."""
        entered = {one.program for one in self.order.subjects if one.population}
        return tuple(one for one in self.order.policy.subjects if one.program in entered and not one.population)

    def _is_barred(self, program: str) -> str:
        """Whether the program excludes the member: a population is a way into it, and into nothing else."""
        wholes = [one for one in self._wholes() if one.program == program]
        unlikely = (f"{quoted(result_column(one, OUTCOME))} = {literal(Outcome.UNLIKELY)}" for one in wholes)
        return f"({' OR '.join(unlikely) or 'false'})"

    def barred(self) -> int:
        """How many are likely for a population that was named, and excluded from its program."""
        populations = [one for one in self.order.subjects if one.population]
        if not populations:
            return 0
        of = " OR ".join(f"({self._is_likely(one)} AND {self._is_barred(one.program)})" for one in populations)
        [(many,)] = self.engine.ask(f"SELECT count(*) FROM ({self._sound(OUTCOME, self._wholes())}) WHERE {of}")  # noqa: S608 quoted
        return int(many)

    @staticmethod
    def _is_likely(subject: Subject) -> str:
        return f"{quoted(result_column(subject, OUTCOME))} = {literal(Outcome.LIKELY)}"

    @staticmethod
    def _is_offered(subject: Subject) -> str:
        return f"{quoted(_offered(subject))} <> {literal(cells.SAID[False])}" if subject.service else "true"

    def counts(self) -> Counts:
        """How many members each result came to, and where the likely ones are."""
        names = [subject_id(one) for one in self.order.subjects]
        by = ", ".join(f"histogram({quoted(result_column(one, OUTCOME))})" for one in self.order.subjects)
        likely = " OR ".join(map(self._is_likely, self.order.subjects))
        where = f"{quoted(COUNTY)}, {quoted(PLAN)}, count(*) FILTER ({likely}), {by}"
        found = self.engine.ask(f"SELECT {where} FROM ({self._sound(OUTCOME)}) GROUP BY 1, 2")  # noqa: S608 quoted
        outcomes, cells = {name: Counter[str]() for name in names}, dict[tuple[str, str], int]()
        for county, plan, many, *several in found:
            cells[county, plan] = many
            for name, one in zip(names, several, strict=True):
                outcomes[name].update(one)
        return counts.told(outcomes, cells, self.decided)

    def settled(self) -> tuple[Settled, ...]:
        """The questions that are alone in missing for most members."""
        missing = [quoted(result_column(one, MISSING)) for one in self.order.subjects]
        alone = [f"CASE WHEN {one} <> '' AND instr({one}, '{SEPARATOR}') = 0 THEN {one} END" for one in missing]
        each = f"SELECT [{', '.join(alone)}] AS one FROM ({self._sound(MISSING)})"  # noqa: S608 quoted
        self.engine.ask(f"CREATE TABLE alone AS {each}")
        by = ", ".join(f"histogram(one[{number}])" for number in range(1, len(alone) + 1))
        [found] = self.engine.ask(f"SELECT {by} FROM alone")  # noqa: S608 ours
        settled = "SELECT unnest(list_distinct(one)) AS question FROM alone"
        members = self.engine.ask(f"SELECT question, count(*) FROM ({settled}) GROUP BY ALL")  # noqa: S608 ours
        names = map(subject_id, self.order.subjects)
        by_result = {name: by or {} for name, by in zip(names, found, strict=True)}
        return counts.settled(by_result, dict(members), MOST_SETTLED)


def _rows(numbers: Sequence[int]) -> str:
    """The rows in which the same is wrong, the first of them by their numbers."""
    shown = ", ".join(map(str, numbers[:MOST_ROWS]))
    more = f" and {len(numbers) - MOST_ROWS:,} more" if len(numbers) > MOST_ROWS else ""
    return f"row{'s' if numbers[1:] else ''} {shown}{more}"


def _offered(subject: Subject) -> str:
    return f"calaim {result_column(subject, OFFERED)}"


def _typed(column: Column) -> str:
    """What is in a cell of the column: what is known was numbered, and is a text again."""
    return f"CAST({column.sql} AS VARCHAR)" if column.known_as else column.sql


def _is_of_consent(column: str) -> bool:
    return column in BY_COLUMN and BY_COLUMN[column].part == "consent"


def _of_columns(order: Order, columns: Sequence[Column]) -> Iterator[Problem]:
    """What to know of the columns: those that nobody knows, once, and those that the map or `batch` would want."""
    names = {fold(one.name) for one in columns}
    others = [one for one in columns if not one.known_as and fold(one.name) not in order.map.by_code]
    others = [one for one in others if fold(one.name) not in map(fold, order.keep)]
    if others:
        # What is no plain name may be a cell of a member, where a header line is missing.
        told = [one.name if KEPT_NAME.fullmatch(one.name) else f"column {letter(one.at + 1)}" for one in others]
        more = [f"{len(told) - MOST_LISTED} more"] if len(told) > MOST_LISTED else []
        yield caution("unknown-columns", order.source, names=", ".join([*told[:MOST_LISTED], *more]))
    for name, theirs in order.map.names().items():
        if name not in names:
            yield caution("map-column", theirs)
    if order.likely:
        known = frozenset({one.known_as for one in columns} | {"program", "services", *BY_PERSON})
        if lacking := row.lacking(known, order.policy.routes_file.form, order.referrer):
            yield caution("batch-needs", str(order.out), names=", ".join(lacking))
