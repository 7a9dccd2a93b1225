"""The rules as SQL: on every engine they come to what they come to here, and nothing in a name or cell is executed."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import date
from itertools import product
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import people
from calaim_cli.batch.sheet import records
from calaim_cli.case.case import Case
from calaim_cli.decide import sql
from calaim_cli.decide.determination import Parts, outcome_of, still_open
from calaim_cli.decide.screening import screener
from calaim_cli.policy.dates import BEGINS
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import PARTS, Subject
from calaim_cli.policy.questions import DONT_KNOW
from calaim_cli.policy.rules import Rule, Truth, criteria_of
from conftest import AS_OF
from panels import QUESTIONS, TYPES, Answers, Cell, members, row_of
from strategies import unhurried

Rows = Sequence[Sequence[Cell]]
Run = Callable[[str, Rows], list[tuple[Cell, ...]]]
"""What a SELECT gives for a table of these rows, which has a number for each and a column for each question."""
TABLE = 'mem"bers; DROP TABLE x'
NUMBER = "row\"; --'"
COLUMNS = ", ".join(f"{sql.quoted(name)} {kind}" for name, kind in {NUMBER: "INTEGER", **TYPES}.items())
HOSTILE = "x'); DROP TABLE members; --\"\\%_`;"


def in_sqlite(select: str, rows: Rows) -> list[tuple[Cell, ...]]:
    """What SQLite gives."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute(f"CREATE TABLE {sql.quoted(TABLE)} ({COLUMNS})")
        marks = ", ".join("?" * (len(TYPES) + 1))
        database.executemany(f"INSERT INTO {sql.quoted(TABLE)} VALUES ({marks})", rows)  # noqa: S608 quoted
        return sorted(database.execute(select).fetchall())


def in_duckdb(select: str, rows: Rows, folder: Path) -> list[tuple[Cell, ...]]:
    """What DuckDB gives."""
    (folder / "rows.csv").write_text(records(rows), "utf-8", newline="")
    with duckdb.connect() as database:
        database.execute(f"CREATE TABLE {sql.quoted(TABLE)} ({COLUMNS})")
        given = "read_csv(?, header = false, all_varchar = true, delim = ',', quote = '\"')"
        database.execute(f"INSERT INTO {sql.quoted(TABLE)} SELECT * FROM {given}", [str(folder / "rows.csv")])  # noqa: S608
        return sorted(database.execute(select).fetchall())


@pytest.fixture(params=["sqlite", "duckdb"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    """An engine."""
    return in_sqlite if request.param == "sqlite" else lambda select, rows: in_duckdb(select, rows, tmp_path)


def numbered(several: Iterable[Answers]) -> Rows:
    """The rows of these members, each with its number."""
    return [(number, *row_of(one)) for number, one in enumerate(several)]


def decided(
    policy: Policy, as_of: date, several: Iterable[Answers], subjects: Sequence[Subject] = ()
) -> list[tuple[Cell, ...]]:
    """What the engine here comes to, as the SELECT gives it."""
    made_ready, found = screener(subjects or policy.subjects, policy), []
    for number, answers in enumerate(several):
        row: list[Cell] = [number]
        for one in made_ready.screen(Case(answers=answers), as_of).determinations.values():
            met = {reason.criterion: reason.met for reason in one.because}
            named = sorted(met, key=[*policy.criteria, BEGINS].index)
            because = [name if met[name] else f"not {name}" for name in named]
            row += [one.outcome.value, ";".join(because), ";".join(policy.questions_of(one.missing))]
        found.append(tuple(row))
    return found


@pytest.mark.thorough
@pytest.mark.parametrize("count", [2000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_every_engine_comes_to_the_same(catalog: Policy, run: Run, count: int) -> None:
    """Outcome and missing questions of every result match a case, whatever is known or half known of it."""
    several = list(members(count))
    select = sql.select(catalog.subjects, catalog, AS_OF, TABLE, [NUMBER])
    assert run(select, numbered(several)) == decided(catalog, AS_OF, several)


@pytest.mark.thorough
@pytest.mark.parametrize("day", [date(2021, 12, 31), date(2023, 6, 1), date(2024, 1, 1), date(2025, 6, 30)])
def test_days_on_which_a_result_begins_count(catalog: Policy, run: Run, day: date) -> None:
    """Before its first day a result is unlikely in SQL as in a case; from that day on the rules decide."""
    several = list(members(100))
    select = sql.select(catalog.subjects, catalog, day, TABLE, [NUMBER])
    assert run(select, numbered(several)) == decided(catalog, day, several)


@pytest.mark.parametrize("parts", [("rule",), ("rule", "limit", "excluded"), Parts._fields])
def test_every_state_of_the_parts(run: Run, parts: tuple[str, ...]) -> None:
    """The outcome and what is open come from the functions that decide a case, for each of 729 states."""
    ways = [*product(Truth, repeat=len(parts))]
    cells = {Truth.NO: 0, Truth.UNKNOWN: None, Truth.YES: 1}
    numbers = [name for name, kind in TYPES.items() if kind == "INTEGER"]
    columns = {part: f"({sql.quoted(name)} = 1)" for part, name in zip(parts, numbers, strict=False)}
    rows = []
    for n, way in enumerate(ways):
        of = dict(zip(numbers, (cells[truth] for truth in way), strict=False))
        rows.append((n, *(of.get(name) for name in QUESTIONS)))
    outcome = sql._by_case(columns, lambda known: sql.literal(outcome_of(known)))
    open_rule = sql._by_case(columns, lambda known: "1" if "rule" in still_open(known) else "0")
    select = f"SELECT {sql.quoted(NUMBER)}, {outcome}, {open_rule} FROM {sql.quoted(TABLE)}"  # noqa: S608 quoted
    states = [Parts(**dict(zip(parts, way, strict=True))) for way in ways]
    wanted = [(n, outcome_of(one).value, int("rule" in still_open(one))) for n, one in enumerate(states)]
    assert run(select, rows) == wanted


def _rules(parts: st.SearchStrategy[str | Rule]) -> st.SearchStrategy[Rule]:
    several = st.lists(parts, max_size=3).map(tuple)
    return st.builds(Rule, all_of=several, any_of=several, none_of=several).filter(lambda rule: any(criteria_of(rule)))


ASKED = ("complex_need", "is_tenant", "ccs_enrolled", "visits_avoidable", "hospital_risk", "facility_risk")
_parts = st.recursive(st.sampled_from(ASKED), _rules, max_leaves=14)


@pytest.mark.thorough
@given(parts=st.fixed_dictionaries({"rule": _rules(_parts)}, optional=dict.fromkeys(PARTS[1:], _rules(_parts))))
@settings(unhurried, max_examples=30)
@example({"rule": Rule(none_of=(Rule(all_of=("complex_need",), any_of=("complex_need",)),) * 2)})
def test_any_rules_come_to_the_same(parts: dict[str, Rule]) -> None:
    """Whatever rules your own data has, however nested, SQL follows them, with reasons and what is open."""
    policy, chance = people.policy(), random.Random(1)  # noqa: S311 nothing secret is drawn
    of_question = {one: next(c.id for c in policy.criteria.values() if c.question == one) for one in ASKED}
    one = policy.subjects[0]
    subject = Subject("ecm", one.entry, {part: _renamed(rule, of_question) for part, rule in parts.items()})
    several: list[Answers] = [{one: chance.choice((True, False, DONT_KNOW)) for one in ASKED} for _ in range(40)]
    select = sql.select([subject], policy, AS_OF, TABLE, [NUMBER])
    assert in_sqlite(select, numbered(several)) == decided(policy, AS_OF, several, [subject])


def _renamed(rule: Rule, names: dict[str, str]) -> Rule:
    """The rule with a criterion for each question that it names."""
    parts = (rule.all_of, rule.any_of, rule.none_of)
    return Rule(
        *(tuple(names[one] if isinstance(one, str) else _renamed(one, names) for one in some) for some in parts)
    )


def test_what_answers_nothing_is_not_known(catalog: Policy, run: Run) -> None:
    """In a table that nobody checked, a cell that is no answer counts as not known: it never rules anyone out."""
    junk: dict[str, Cell] = {"ihss_status": "moon", "age": -1, "ed_visits_6_months": 4000, "complex_need": 7}
    lists = {"housing": "moon", "excluded_programs": "", "chw_triggers": "unknown", "child_welfare": HOSTILE}
    several = list(members(60))
    at = {QUESTIONS.index(name): cell for name, cell in (junk | lists).items()}
    rows = [[at.get(n, cell) for n, cell in enumerate(row_of(one))] for one in several]
    unknown = [one | dict.fromkeys((*junk, *lists), DONT_KNOW) for one in several]
    select = sql.select(catalog.subjects, catalog, AS_OF, TABLE, [NUMBER])
    assert run(select, [(n, *row) for n, row in enumerate(rows)]) == decided(catalog, AS_OF, unknown)


def test_questions_without_a_column_are_not_known(catalog: Policy, run: Run) -> None:
    """A table that lacks a question is still screened, with everyone's answer to it not known."""
    several = list(members(60))
    absent = ("age", "housing", "ihss_status", "ed_visits_6_months")
    select = sql.select(catalog.subjects, catalog, AS_OF, TABLE, [NUMBER], absent)
    less = [one | dict.fromkeys(absent, DONT_KNOW) for one in several]
    assert not any(sql.quoted(one) in select for one in absent)
    assert run(select, numbered(several)) == decided(catalog, AS_OF, less)


def test_some_results_need_their_questions_alone(catalog: Policy, run: Run) -> None:
    """For one service no other column is read, so a small table can be screened for it."""
    one = [subject for subject in catalog.subjects if subject.service == "respite"]
    asked = sql.questions_asked(one, catalog)
    select = sql.select(one, catalog, AS_OF, TABLE, [])
    assert {name for name in QUESTIONS if sql.quoted(name) in select} == set(asked)
    assert len(run(select, numbered(members(3)))) == 3


@given(name=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1) | st.just(HOSTILE))
@unhurried
def test_a_name_or_text_is_never_more_than_that(name: str) -> None:
    """Whatever a column is called or a text says, SQL takes it as this name and text, and as nothing else."""
    with closing(sqlite3.connect(":memory:")) as database:
        made = database.execute(f"SELECT {sql.literal(name)} AS {sql.quoted(name)}")
        assert made.description[0][0] == name
        assert made.fetchall() == [(name,)]


def test_texts_that_are_numbers_count_as_such(catalog: Policy, memory: sqlite3.Connection) -> None:
    """A table of texts, as a shell imports one, never says no where a table of numbers says yes."""
    subjects = [one for one in catalog.subjects if one.population == "avoidable_utilization"]
    asked = sql.questions_asked(subjects, catalog)
    found = []
    for kind in ("TEXT", "INTEGER"):
        memory.execute("DROP TABLE IF EXISTS members")
        memory.execute(f"CREATE TABLE members ({', '.join(f'{sql.quoted(one)} {kind}' for one in asked)})")
        for age, visits in (("100", "12"), ("40", "5"), ("40", "not known")):
            said = {"age": age, "ed_visits_6_months": visits, "visits_avoidable": "1"}
            cells = [said.get(one) for one in asked]
            memory.execute(f"INSERT INTO members VALUES ({', '.join('?' * len(cells))})", cells)  # noqa: S608 marks
        found.append(memory.execute(sql.select(subjects, catalog, AS_OF, "members")).fetchall())
    assert found[0] == found[1]
    assert "five_ed_visits_6_months" in str(found[0][0])


def test_column_that_is_not_there_is_refused(catalog: Policy, memory: sqlite3.Connection) -> None:
    """SQLite takes an unknown name for a text: the rules would run, and know nothing about anyone."""
    memory.execute("CREATE TABLE members (age INTEGER)")
    with pytest.raises(sqlite3.OperationalError, match="no such column"):
        memory.execute(sql.select(catalog.subjects, catalog, AS_OF, "members"))


@pytest.mark.thorough
def test_table_may_stand_in_a_schema(catalog: Policy) -> None:
    """In a warehouse every table has a schema before its name."""
    with duckdb.connect() as database:
        database.execute(f"CREATE SCHEMA wh; CREATE TABLE wh.members ({COLUMNS})")
        assert database.execute(sql.select(catalog.subjects, catalog, AS_OF, "wh.members")).fetchall() == []
