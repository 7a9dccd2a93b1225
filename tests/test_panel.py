"""Screening a table: each row comes to what its case comes to, and nothing about a member is said or left behind."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from calaim_cli.batch.sheet import records
from calaim_cli.case.case import Case, Member
from calaim_cli.decide.screening import decide, screener
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import subject_id
from calaim_cli.policy.questions import DONT_KNOW, Answer
from conftest import AS_OF, Run, is_private
from panels import QUESTIONS, Answers, members

OWN = ["first name", 'A "quoted"; name\'); --', "Notes, of mine"]
NAME = "Rosalind"
PLACES = [
    ({"county": "san mateo", "plan": "kp"}, "San Mateo"),
    ({"county": "Alameda", "plan": "alameda alliance"}, "Alameda"),
    ({"zip": "94401", "kp_member": "yes"}, "San Mateo"),
    ({"county": "alpine", "plan": "kp"}, "Alpine"),
    ({"zip": "00000"}, ""),
    ({}, ""),
]


def written(answer: Answer, chance: random.Random) -> str:
    """A cell as people write the answer."""
    if answer == DONT_KNOW:
        return chance.choice(("", "unknown", "Don't know", "DK"))
    if isinstance(answer, bool):
        return chance.choice(("yes", "Y", "TRUE", "1") if answer else ("no", "n", "False", "0"))
    if isinstance(answer, int):
        return chance.choice((f"{answer}", f" {answer}.0 ", f'="{answer}"'))
    return chance.choice(("; ", ";")).join(answer) if isinstance(answer, tuple) else answer


def rows_of(several: list[Answers]) -> Iterator[dict[str, str]]:
    """A row for each member, with columns of one's own before and after, and a place."""
    chance = random.Random(7)  # noqa: S311 nothing secret is drawn
    for number, answers in enumerate(several):
        place, _ = PLACES[number % len(PLACES)]
        born = {"dob": "3/4/2010"} if number % 5 == 0 else {}
        own = dict(zip(OWN, (f"{NAME} {number}", "'); DROP TABLE own; --", '=1+1,"x"\n;'), strict=True))
        yield {**own, **{one: written(answers[one], chance) for one in QUESTIONS}, **place, **born}


COLUMNS = [*OWN[:2], "DOB", "County", "ZIP", "plan", "KP member", *QUESTIONS, OWN[2]]
KEYS = {"DOB": "dob", "County": "county", "ZIP": "zip", "KP member": "kp_member"}


def table_of(path: Path, rows: list[dict[str, str]], columns: list[str] = COLUMNS) -> Path:
    """The rows as a CSV file."""
    lines = [[row.get(KEYS.get(name, name), "") for name in columns] for row in rows]
    path.write_text(records([columns, *lines]), "utf-8", newline="")
    return path


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


def case_of(answers: Answers, row: dict[str, str]) -> Case:
    """The case that says what the row says."""
    given = {name: row[name] for name in ("county", "zip", "plan") if name in row}
    member = Member(**given, kp_member=True if row.get("kp_member") else None, date_of_birth=row.get("dob", ""))
    return Case(member=member, answers=answers)


@pytest.mark.thorough
def test_every_row_comes_to_what_its_case_comes_to(catalog: Policy, run: Run, tmp_path: Path) -> None:
    """Outcome, offer, reasons and missing questions match `check`; your own columns stay as they are."""
    several = list(members(120))
    rows = list(rows_of(several))
    out = tmp_path / "screened.csv"
    ran = run("screen", table_of(tmp_path / "panel.csv", rows), "--out", out)
    assert (ran.code, ran.out) == (0, "")
    assert is_private(out)
    made_ready = screener(catalog.subjects, catalog)
    for answers, row, found in zip(several, rows, read(out), strict=True):
        assert [found[name] for name in OWN] == [row[name] for name in OWN]
        for one, advice in decide("it", case_of(answers, row), made_ready, catalog, AS_OF, None).results:
            name = subject_id(one.subject)
            offered = {True: "yes", False: "no", None: "unknown" if one.subject.service else ""}[advice.offered]
            assert (found[f"{name}__outcome"], found[f"{name}__offered"]) == (one.outcome, offered)
            because = {f"{'' if reason.met else 'not '}{reason.criterion}" for reason in one.because}
            assert {*found[f"{name}__because"].split(";")} - {""} == because
            assert found[f"{name}__missing"] == ";".join(catalog.questions_of(one.missing))


def test_columns_keep_their_order_and_results_follow(run: Run, tmp_path: Path) -> None:
    """The table comes back as it was, with four columns for each result, then the day and the rules behind them."""
    table = table_of(tmp_path / "panel.csv", [{"age": "44", OWN[0]: NAME}], [OWN[0], "age"])
    out = tmp_path / "screened.csv"
    assert run("screen", table, "--program", "respite", "--as-of", "2026-11-20", "--out", out).code == 0
    [row] = read(out)
    kinds = ("outcome", "offered", "because", "missing")
    assert [*row] == [
        OWN[0],
        "age",
        *(f"respite__{one}" for one in kinds),
        "screened_on",
        "data_edition",
        "to_be_asked_by",
    ]
    assert (row[OWN[0]], row["screened_on"]) == (NAME, "2026-11-20")


@pytest.mark.thorough
def test_nothing_about_a_member_is_said(run: Run, tmp_path: Path) -> None:
    """The screen shows how many rows there were, and that each member still has to be asked."""
    table, out = table_of(tmp_path / "panel.csv", list(rows_of([*members(3)]))), tmp_path / "screened.csv"
    ran = run("screen", table, "--out", out)
    assert NAME not in ran.err
    assert "3 rows screened as of 2026-11-22, good for 30 days. Each member must still be asked" in ran.err
    document = json.loads(run("screen", table, "--out", out, "--json").out)
    assert [*document][:6] == ["schema", "as_of", "rows", "refused", "likely", "left_out"]


def test_cells_that_cannot_be_read_are_told_by_row_and_column(run: Run, tmp_path: Path) -> None:
    """The same fault is told once with its rows, twenty are listed and the rest counted; no cell is quoted."""
    wrong = {"age": f"{NAME}", "county": f"{NAME}", "plan": f"{NAME}", "dob": "13/13/2000", "is_tenant": "maybe"}
    rows = [wrong | {"housing": "shelter, none"}, *[{"age": "-1"}] * 40, dict.fromkeys(QUESTIONS, NAME)]
    out, columns = tmp_path / "screened.csv", ["age", "County", "plan", "DOB", "is_tenant", "housing"]
    columns += [one for one in QUESTIONS if one not in columns]
    ran = run("screen", table_of(tmp_path / "panel.csv", rows, columns), "--out", out)
    assert (ran.code, ran.out) == (4, "")
    told = ran.err.splitlines()
    assert f"{46 + len(QUESTIONS)} cells cannot be read; nothing was written" in told[0]
    assert "blank rows of a CSV or workbook are not counted" in told[0]
    assert [line.split(": ")[0].strip() for line in told[1:7]] == [
        "rows 1, 2, 3, 4, 5 and 37 more, column A (age)",
        "row 1, column B (county)",
        "row 1, column C (plan)",
        "row 1, column D (date_of_birth)",
        "rows 1, 42, column E (is_tenant)",
        "row 1, column F (housing)",
    ]
    assert len(told) == 1 + 20 + 1
    assert f"further cells: not-listed: {len(QUESTIONS) - 2 - 14} more" in told[-1]
    assert NAME not in ran.err
    assert [one.name for one in tmp_path.iterdir()] == ["panel.csv"]


@pytest.mark.parametrize("cell", ["N/A", "NA", "u", "?", " n/a "])
def test_what_may_mean_not_known_is_told_so(run: Run, tmp_path: Path, cell: str) -> None:
    """What may mean not known, or not asked for, is told to be left empty, and no near choice is guessed."""
    table = table_of(tmp_path / "panel.csv", [{"age": cell, "is_tenant": cell, "housing": f"shelter;{cell}"}], COLUMNS)
    ran = run("screen", table, "--out", tmp_path / "x.csv")
    assert (ran.code, ran.err.count("where nobody knows, leave the cell empty"), "did you mean" in ran.err) == (
        4,
        3,
        False,
    )


@pytest.mark.parametrize("words", [[], ["--program", "ecm"], ["--program", "respite"], ["--likely", "ecm"]])
def test_a_table_that_was_screened_is_told_in_a_sentence(run: Run, tmp_path: Path, words: list[str]) -> None:
    """Screened before, for all or for something else: one sentence names a column and the number of the others."""
    table, out = table_of(tmp_path / "panel.csv", [{"age": "44"}], ["age"]), tmp_path / "screened.csv"
    assert run("screen", table, "--program", "chw", "--out", out).code == 0
    ran = run("screen", out, *words, "--out", tmp_path / "again.csv")
    assert (ran.code, len(ran.err.splitlines())) == (4, 1)
    assert "was screened already; its columns " in ran.err
    assert re.search(r" and \d+ more are results: remove them", ran.err)


@pytest.mark.thorough
def test_from_standard_input_the_same(run: Run, tmp_path: Path) -> None:
    """A table that comes through a pipe gives the same file, and no copy of it is left."""
    table = table_of(tmp_path / "panel.csv", list(rows_of([*members(5)])))
    run("screen", table, "--out", tmp_path / "one.csv")
    assert run("screen", "-", "--out", tmp_path / "two.csv", stdin=table.read_bytes()).code == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["one.csv", "panel.csv", "two.csv"]


@pytest.mark.thorough
def test_nothing_is_written_over(run: Run, tmp_path: Path) -> None:
    """The same table again changes nothing; another file of that name stays, and so does the table itself."""
    table, out = table_of(tmp_path / "panel.csv", list(rows_of([*members(5)]))), tmp_path / "screened.csv"
    assert [run("screen", table, "--out", out).code for _ in range(2)] == [0, 0]
    before = out.read_bytes(), table.read_bytes()
    assert run("screen", table, "--out", out, "--program", "ecm").code == 6
    assert run("screen", table, "--out", table).code == 6
    assert (out.read_bytes(), table.read_bytes()) == before


@pytest.mark.thorough
def test_parquet_holds_the_same(run: Run, tmp_path: Path) -> None:
    """Depending on its name, the file is Parquet for another engine, with the same cells."""
    table, out = table_of(tmp_path / "panel.csv", list(rows_of([*members(5)]))), tmp_path / "screened.parquet"
    run("screen", table, "--out", tmp_path / "screened.csv")
    assert run("screen", table, "--out", out).code == 0
    with duckdb.connect() as engine:
        rows = engine.execute("SELECT * FROM read_parquet(?)", [str(out)]).fetchall()
    assert [[cell or "" for cell in row] for row in rows] == [
        [*row.values()] for row in read(tmp_path / "screened.csv")
    ]


@pytest.mark.parametrize("words", [[], ["{table}"], ["--out", "x.csv"], ["{table}", "--out", "x.xls"]])
def test_what_is_needed_is_named(run: Run, tmp_path: Path, words: list[str]) -> None:
    """A command line that does not say what to do ends with 2, and names what would work."""
    table = table_of(tmp_path / "panel.csv", [{"age": "44"}], ["age"])
    ran = run("screen", *(word.format(table=table) for word in words))
    assert (ran.code, ran.out) == (2, "")
    assert "--out" in ran.err


@pytest.mark.parametrize("column", ["housing", "zip"])
def test_one_column_is_enough(run: Run, tmp_path: Path, column: str) -> None:
    """A table that knows one thing about its members, with nothing to contradict it, is decided."""
    table = table_of(tmp_path / "panel.csv", [{column: {"housing": "shelter", "zip": "94401"}[column]}], [column])
    ran = run("screen", table, "--program", "ecm", "--settle")
    assert (ran.code, "1 row" in ran.err) == (0, True)


def test_a_table_without_rows_is_refused(run: Run, tmp_path: Path) -> None:
    """A header line alone is not a panel."""
    ran = run("screen", table_of(tmp_path / "panel.csv", [], ["age"]), "--out", tmp_path / "x.csv")
    assert (ran.code, "no rows below the header line" in ran.err) == (4, True)


@pytest.mark.parametrize("mapped", [True, False])
@pytest.mark.parametrize(
    ("yes", "no"), [("yes", "no"), ("Y", "N"), (" true ", "FALSE"), ("1", "0"), (1, 0), (1.0, 0.0), (True, False)]
)
def test_sql_reads_yes_and_no_as_they_are_kept(
    run: Run, tmp_path: Path, memory: sqlite3.Connection, *, yes: str | float, no: str | float, mapped: bool
) -> None:
    """Yes and no may be texts or numbers: either engine comes to what it comes to with 1 and 0, never to not known."""
    asked = ("managed_care", "caregiver_dependent", "respite_child_group", "respite_hours_used")
    by = tmp_path / "map.toml"
    by.write_text("[columns]\n" + "".join(f"{one.upper()} = '{one}'\n" for one in asked), "utf-8")
    select = run("screen", "--sql", "--program", "respite", *(["--columns", by] if mapped else [])).out
    kind = {str: "VARCHAR", int: "INTEGER", float: "DOUBLE", bool: "BOOLEAN"}[type(yes)]
    made = f"CREATE TABLE members ({', '.join(f'{one} {kind}' for one in asked[:3])}, respite_hours_used INTEGER)"
    rows = [(yes, yes, None, 20), (no, None, None, None), (yes, yes, no, None), (None, yes, None, 20)]
    memory.execute(made)
    memory.executemany("INSERT INTO members VALUES (?, ?, ?, ?)", rows)
    with duckdb.connect() as engine:
        engine.execute(made)
        engine.executemany("INSERT INTO members VALUES (?, ?, ?, ?)", rows)
        found = [[one[0] for one in some.execute(select).fetchall()] for some in (memory, engine)]
    assert [*map(sorted, found)] == [["likely", "need-answers", "need-answers", "unlikely"]] * 2


@pytest.mark.parametrize("kind", ["DECIMAL(3, 2)", "DECIMAL(10, 4)", "DECIMAL(2, 1)"])
def test_sql_reads_yes_and_no_in_decimal_columns(run: Run, kind: str) -> None:
    """A database that keeps 1 and 0 as 1.00 and 0.00 comes to the same."""
    select = run("screen", "--sql", "--program", "respite").out
    with duckdb.connect() as engine:
        asked = ("managed_care", "caregiver_dependent", "respite_child_group")
        columns = ", ".join(f"{one} {kind}" for one in asked)
        engine.execute(f"CREATE TABLE members ({columns}, respite_hours_used INTEGER)")
        engine.execute("INSERT INTO members VALUES (1, 1, 0, 20), (0, NULL, NULL, NULL)")
        assert sorted(one[0] for one in engine.execute(select).fetchall()) == ["likely", "unlikely"]


def test_sql_runs_where_the_table_is(run: Run, memory: sqlite3.Connection) -> None:
    """The output is a whole statement for a database that holds the table, with the column to join on."""
    ran = run("screen", "--sql", "--program", "respite", "--table", 'my "panel"', "--keep", "member id")
    assert (ran.code, ran.err) == (0, "")
    asked = "managed_care, caregiver_dependent, respite_child_group, respite_hours_used"
    memory.execute(f'CREATE TABLE "my ""panel""" ("member id", {asked})')
    memory.execute('INSERT INTO "my ""panel""" VALUES (7, 1, 1, NULL, 20), (8, 0, NULL, NULL, NULL)')
    found = memory.execute(ran.out)
    assert [one[0] for one in found.description] == [
        "member id",
        *(f"respite__{one}" for one in ("outcome", "because", "missing")),
    ]
    assert [row[:2] for row in found] == [(7, "likely"), (8, "unlikely")]
    remarks = [line for line in ran.out.splitlines() if line.startswith("--")]
    assert "as of 2026-11-22" in remarks[0]
    assert all(any(line.startswith(f"-- {one}: ") for line in remarks) for one in asked.split(", "))
