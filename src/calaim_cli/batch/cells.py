"""What the cells of a table mean: asked once for each different cell of a column, of what reads the sheet of `batch`.

Cells that are read together (a plan with a number of a plan, a county with a ZIP code) are asked about together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final, NamedTuple

from msgspec import Struct

from calaim_cli.base.errors import CAUTIONS, Problem, caution
from calaim_cli.base.values import MESSAGES, age_on, date_of_birth
from calaim_cli.base.wording import unwrapped, word
from calaim_cli.batch import row
from calaim_cli.batch.columns import coded, merged, spaced
from calaim_cli.batch.sheet import fold, letter
from calaim_cli.batch.table import Column, Engine, Table, sound
from calaim_cli.case.case import AGE, Case
from calaim_cli.decide.advice import Door, offered_at
from calaim_cli.decide.counts import NOT_KNOWN
from calaim_cli.decide.known import MANAGED_CARE
from calaim_cli.decide.screening import county_of, membership_of, region_of
from calaim_cli.decide.sql import SEPARATOR, literal, quoted
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Subject
from calaim_cli.policy.questions import DONT_KNOW, Answer, Kind, Question, read_answer

PLAN_COLUMNS, COUNTY_COLUMNS = ("plan", "kp_member"), ("county", "zip", "kp_region")
PLACE_COLUMNS: Final = (*PLAN_COLUMNS, *COUNTY_COLUMNS)
BORN: Final = "date_of_birth"
COUNT_MORE: Final = (BORN, *PLAN_COLUMNS)
"""Columns from which an answer is worked out; they outrank one that is stated."""
SAID: Final = {True: "yes", False: "no", None: "unknown"}
"""How a table says whether the plan offers a service."""
PLACES, STATED = "calaim places", "stated "
"""Names of columns: what plan and county come to, and (a prefix) stated answers that are only checked."""
REFUSED: Final = "calaim said"
"""The column of `own` with what is wrong with a row; a name that no question has."""
TOLD: Final = ("place", "code", "words")
NOT_SEPARATED: Final = "more than the code is in the cell: name the whole cell in the map, or separate codes with ;"
NO_ANSWER: Final = frozenset({"n/a", "na", "u", "unk", "?", "-"})
"""What people write where an answer is not known, or asked for in vain: which of the two, nobody can tell."""
LEAVE_EMPTY: Final = "no answer to this question: where nobody knows, leave the cell empty"
Cell = int | str | None
Cells = Sequence[str | None]


class Means(NamedTuple):
    """What some cells of a row come to, and what is wrong with them or to be warned of."""

    values: tuple[Cell, ...] = ()
    problem: Problem | None = None


Meaning = Callable[[Cells], Means]


class Ways(NamedTuple):
    """By what cells are read."""

    subjects: Sequence[Subject]
    policy: Policy
    as_of: date
    by_code: Mapping[str, Mapping[str, Mapping[str, Answer]]]


class Meant(Struct, frozen=True):
    """What each different cell of a column comes to, or the cells of several; `told`: not only values."""

    name: str
    columns: tuple[Column, ...]
    told: bool

    def of(self, what: str | int = 0) -> str:
        """What the cells of a row come to: a value by its number, or one of what is TOLD."""
        code = f"CAST(enum_code(own.{_key(self.columns)}) AS BIGINT)"
        return f"list_extract(getvariable({literal(f'{self.name} {what}')}), {code} + 1)"


def sources_of(columns: Sequence[Column], ways: Ways) -> dict[str, tuple[Column, ...]]:
    """The columns that answer each question, in question order: its own, and those whose codes the map tells."""
    found: dict[str, list[Column]] = {}
    for one in columns:
        of_codes = {question for said in ways.by_code.get(fold(one.name), {}).values() for question in said}
        for question in {one.known_as, *of_codes}.intersection(ways.policy.answerable):
            found.setdefault(question, []).append(one)
    for question, names in ((AGE, (BORN,)), (MANAGED_CARE, PLAN_COLUMNS)):
        if some := [one for one in columns if one.known_as in names]:
            found[question] = [*some, *found.get(question, [])]
    return {question: tuple(found[question]) for question in ways.policy.answerable if question in found}


class Meanings(NamedTuple):
    """What all cells mean: the answers by question, what they tell of places, and what else has to be in order."""

    answers: dict[str, Meant] = {}  # noqa: RUF012 never changed
    places: Meant | None = None
    stated: tuple[Meant, ...] = ()

    @property
    def all(self) -> tuple[Meant, ...]:
        """All of these."""
        return (*self.answers.values(), *self.stated, *([self.places] if self.places else []))


def meant(engine: Engine, table: Table, ways: Ways) -> Meanings:
    """What the cells mean; an age or managed care that is stated has to be in order whatever counts more.

    In `own`, which is a table from then on, they are numbered. Raises InputError where the file is not sound.
    """
    columns = table.columns
    asked: list[tuple[str, tuple[Column, ...], Meaning, Sequence[str]]] = []
    for name, some in sources_of(columns, ways).items():
        question = ways.policy.answerable[name]
        kind = ["VARCHAR" if question.kind in {Kind.CHOICE, Kind.CHOICES} else "INTEGER"]
        others = tuple(one for one in some if one.known_as not in COUNT_MORE)
        read = _answer if others == some else {AGE: _age, MANAGED_CARE: _managed_care}[name]
        asked.append((name, some, partial(read, some, question, ways), kind))
        if others and others != some:
            asked.append((f"{STATED}{name}", others, partial(_answer, others, question, ways), kind))
    of_codes = [(one, ways.by_code[fold(one.name)]) for one in columns if fold(one.name) in ways.by_code]
    asked += (
        (f"{STATED}codes {one.at}", (one,), partial(_codes, one.name, by, [*map(spaced, by)]), [])
        for one, by in of_codes
    )
    if places := tuple(one for one in columns if one.known_as in PLACE_COLUMNS):
        asked.append((PLACES, places, partial(_place, places, ways), ["VARCHAR"] * (2 + len(ways.subjects))))
    with sound(table):
        different = _numbered(engine, [*dict.fromkeys(some for _, some, *_ in asked)])
    found = {name: _made(engine, name, some, map(read, different[some]), kinds) for name, some, read, kinds in asked}
    of_places = found.pop(PLACES, None)
    stated = tuple(found.pop(name) for name in [*found] if name.startswith(STATED))
    return Meanings(found, of_places, stated)


def _numbered(engine: Engine, several: Sequence[tuple[Column, ...]]) -> dict[tuple[Column, ...], list[Cells]]:
    """The different cells of these columns, or of several together, in the order by which `own` then numbers them."""
    # The file is read twice, as numbers take a tenth of the memory of texts, and no more time than to keep these first.
    each = ", ".join(f"list(DISTINCT {_cells_of(some)})" for some in several)
    [lists] = engine.ask(f"SELECT {each} FROM own") if several else [()]  # noqa: S608 quoted
    different, replaced, added = dict[tuple[Column, ...], list[Cells]](), list[str](), list[str]()
    for number, (some, found) in enumerate(zip(several, lists, strict=True)):
        if is_alone := _is_alone(some):
            keys = {cell: (cell,) for cell in found or () if cell is not None}  # which answers nothing
        else:
            keys = {"".join(f"{len(cell or '')}:{cell or ''}" for cell in cells): cells for cells in found or ()}
        kind = quoted(f"key {number}")
        engine.ask(f"CREATE TYPE {kind} AS ENUM (SELECT unnest(?::VARCHAR[]))", [*keys])
        (replaced if is_alone else added).append(f"CAST({_joined(some)} AS {kind}) AS {_key(some)}")
        different[some] = [*keys.values()]
    replacing = f"* REPLACE ({', '.join(replaced)})" if replaced else "*"
    engine.ask(f"CREATE TABLE numbered AS SELECT {', '.join([replacing, *added])} FROM own")  # noqa: S608 quoted
    engine.ask("DROP VIEW own")
    engine.ask("ALTER TABLE numbered RENAME TO own")
    return different


def _cells_of(columns: Sequence[Column]) -> str:
    """The one cell of a column that is alone, or a list of several."""
    return columns[0].text if _is_alone(columns) else f"[{', '.join(one.text for one in columns)}]"


def _is_alone(columns: Sequence[Column]) -> bool:
    """Whether it is one column of a question, which then is numbered in its place."""
    return len(columns) == 1 and columns[0].known_as not in {"", *PLACE_COLUMNS}


def _key(columns: Sequence[Column]) -> str:
    """The column of `own` that numbers the cells of these columns."""
    return columns[0].sql if _is_alone(columns) else quoted(" ".join(["key", *(f"{one.at}" for one in columns)]))


def _joined(columns: Sequence[Column]) -> str:
    """One text for the cells of these columns, another for others: each stands behind its length."""
    if _is_alone(columns):
        return columns[0].sql
    cells = [f"coalesce({one.text}, '')" for one in columns]
    parts = ", ".join(f"length({cell}), ':', {cell}" for cell in cells)
    return f"concat({parts})"


def _made(engine: Engine, name: str, columns: tuple[Column, ...], read: Iterable[Means], kinds: Sequence[str]) -> Meant:
    """What the different cells of some columns come to, kept on the engine by what it is."""
    results = [*read]
    values = [one.values or (None,) * len(kinds) for one in results]
    told = any(one.problem for one in results)
    lists = {f"{n}": (kind, [one[n] for one in values]) for n, kind in enumerate(kinds)}
    if told:
        problems = [one.problem or (None,) * len(TOLD) for one in results]
        lists |= {what: ("VARCHAR", [one[n] for one in problems]) for n, what in enumerate(TOLD)}
    for what, (kind, held) in lists.items():
        engine.ask(f"SET VARIABLE {quoted(f'{name} {what}')} = ?::{kind}[]", held)
    return Meant(name, columns, told)


def said_by(columns: Sequence[Column], question: Question, ways: Ways, cells: Cells) -> Answer | Problem:
    """What the cells of these columns answer, as those of a sheet do, or by the codes of the map."""
    said: list[tuple[Column, Answer]] = []
    for column, cell in zip(columns, cells, strict=True):
        text = unwrapped(cell or "")
        if not text.strip():
            continue
        if column.known_as == question.id:
            given = row.cell_answer(text, question)
            wrong = Problem(question.id, "bool-format", "give yes, no or unknown")
            answer = wrong if given is None else read_answer(question, given, f"answers.{question.id}")
            if isinstance(answer, Problem):
                nobody_knows = any(word(one) in NO_ANSWER for one in text.split(SEPARATOR))
                return Problem(question.id, answer.code, LEAVE_EMPTY) if nobody_knows else row.worded(answer)
            said.append((column, answer))
        by_code = ways.by_code.get(fold(column.name), {})
        codes = map(coded, text.split(SEPARATOR)) if by_code else ()
        said += ((column, by_code.get(one, {}).get(question.id, DONT_KNOW)) for one in codes)
    found = said[0][1] if len(said) == 1 else merged([answer for _, answer in said], question.id)
    if isinstance(found, Problem):
        several = dict.fromkeys(one for one, answer in said if answer not in {DONT_KNOW, ()})
        names = " and ".join(f"{letter(one.at + 1)} ({one.known_as or one.name})" for one in several)
        return found._replace(message=f"{'columns' if len(several) > 1 else 'codes of column'} {names} {found.message}")
    return found


def _answer(columns: Sequence[Column], question: Question, ways: Ways, cells: Cells) -> Means:
    answer = said_by(columns, question, ways, cells)
    if isinstance(answer, Problem):
        return Means(problem=answer)
    return Means((_cell(answer),))


def _codes(where: str, named: Collection[str], spaced_out: Sequence[str], cells: Cells) -> Means:
    """What is wrong with a cell of codes, whatever they answer; a code that the map does not name is only told."""
    others = [one for one in unwrapped(cells[0] or "").split(SEPARATOR) if coded(one) and coded(one) not in named]
    if any(code in text for text in map(spaced, others) for code in spaced_out):
        return Means(problem=Problem(where, "not-separated", NOT_SEPARATED))
    return Means(problem=caution("unmapped-codes", where) if others else None)


def _cell(answer: Answer) -> Cell:
    """The answer as the SELECT of the rules reads it."""
    if answer in {DONT_KNOW, ()}:
        return None
    if isinstance(answer, tuple):
        return SEPARATOR.join(answer)
    return int(answer) if isinstance(answer, bool) else answer


def _apart(
    columns: Sequence[Column], question: Question, ways: Ways, cells: Cells
) -> tuple[Case, tuple[Problem, ...], Cell]:
    """The case from the columns that outrank the others, its problems, and what the others state."""
    pairs = [*zip(columns, cells, strict=True)]
    more = [(one, cell) for one, cell in pairs if one.known_as in COUNT_MORE]
    others = [(one, cell) for one, cell in pairs if one.known_as not in COUNT_MORE]
    stated = _answer([one for one, _ in others], question, ways, [cell for _, cell in others])
    case, problems = _case([one for one, _ in more], ways, [cell for _, cell in more])
    return case, problems, stated.values[0] if stated.values else None


def _age(columns: Sequence[Column], question: Question, ways: Ways, cells: Cells) -> Means:
    """The age by the date of birth, where there is one."""
    case, _, stated = _apart(columns, question, ways, cells)
    if not case.member.date_of_birth.strip():
        return Means((stated,))
    day = date_of_birth(case.member.date_of_birth, ways.as_of)
    if day.error:
        return Means(problem=row.worded(Problem(f"member.{BORN}", day.error, MESSAGES[day.error])))
    age = age_on(date.fromisoformat(day.value), ways.as_of)
    return Means((age,), caution("age-differs", AGE) if stated not in {None, age} else None)


def _managed_care(columns: Sequence[Column], question: Question, ways: Ways, cells: Cells) -> Means:
    """Whether the member is in managed care: certainly where a plan is named."""
    case, problems, stated = _apart(columns, question, ways, cells)
    membership = membership_of(case, ways.policy)
    if wrong := (*problems, *membership.problems):
        return Means(problem=row.worded(wrong[0]))
    if not membership.plan:
        return Means((stated,))
    return Means((1,), caution("plan-without-managed-care", MANAGED_CARE) if stated == 0 else None)


def _case(columns: Sequence[Column], ways: Ways, cells: Cells) -> tuple[Case, tuple[Problem, ...]]:
    read = row.reader([one.known_as for one in columns], ways.policy.answerable)
    return read([cell or "" for cell in cells])


def _place(columns: Sequence[Column], ways: Ways, cells: Cells) -> Means:
    """The county and the plan that these cells name, and for each subject whether it is offered there.

    A ZIP code alone that tells no county leaves it unknown, as in a case.
    """
    case, _ = _case(columns, ways, cells)
    place, membership = county_of(case, ways.policy), membership_of(case, ways.policy)
    problems = place.problems if case.member.county.strip() else ()
    if place.county:
        problems += region_of(case, place.county, ways.policy)[1]
    if problems:
        return Means(problem=row.worded(problems[0]))
    door = Door(place.county, membership, "", ways.as_of)
    offers = [SAID[offered_at(one, ways.policy, door)] if one.service else None for one in ways.subjects]
    names = (
        place.county.name if place.county else NOT_KNOWN,
        ways.policy.plans[membership.plan].name if membership.plan else NOT_KNOWN,
    )
    doubts = [row.worded(one) for one in place.warnings if one.code != "county-from-zip"]
    return Means((*names, *offers), doubts[0] if doubts else None)


def refuse(engine: Engine, found: Iterable[Meant], unread: Sequence[tuple[int, Problem]]) -> int:
    """How many cells are refused. They are in `refused` from then on, by row and column, beside those not read."""
    shape = "CREATE TABLE refused AS SELECT unnest(?::BIGINT[]) AS n, unnest(?::VARCHAR[]) AS place, "
    shape += "unnest(?::VARCHAR[]) AS code, unnest(?::VARCHAR[]) AS words"
    engine.ask(shape, [n for n, _ in unread], *([one[at] for _, one in unread] for at in range(len(TOLD))))
    for one in found:
        if one.told:
            wrong = f"FROM ({_told(one)}) WHERE code NOT IN (SELECT unnest(?::VARCHAR[]))"
            engine.ask(f"INSERT INTO refused SELECT * {wrong}", list(CAUTIONS))
    words = "string_agg(concat_ws(': ', place, words), '; ' ORDER BY place) AS words"
    engine.ask(f"ALTER TABLE own ADD COLUMN {quoted(REFUSED)} VARCHAR")
    said = f"(SELECT n, {words} FROM refused GROUP BY n) AS said"  # noqa: S608 ours
    engine.ask(f"UPDATE own SET {quoted(REFUSED)} = said.words FROM {said} WHERE said.n = own.rowid + 1")  # noqa: S608 ours
    [(many,)] = engine.ask("SELECT count(*) FROM refused")
    return int(many)


def _told(one: Meant) -> str:
    """The query for what is told of each row."""
    return f"SELECT rowid + 1 AS n, {', '.join(f'{one.of(what)} AS {what}' for what in TOLD)} FROM own"  # noqa: S608 quoted


def doubts(engine: Engine, found: Iterable[Meant]) -> Iterator[tuple[Problem, int]]:
    """What to look at in cells that are read, each with the number of rows."""
    for one in found:
        if one.told:
            rows = f"FROM ({_told(one)}) WHERE code IN (SELECT unnest(?::VARCHAR[])) GROUP BY ALL ORDER BY ALL"
            told = engine.ask(f"SELECT {', '.join(TOLD)}, count(*) {rows}", list(CAUTIONS))
            yield from ((Problem(*words), many) for *words, many in told)
