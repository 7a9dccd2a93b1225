"""From a panel to letters: whom to ask, what to ask first, how many there are, and tables as they are kept."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sqlite3
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from calaim_cli.batch.columns import merged
from calaim_cli.batch.sheet import records
from calaim_cli.decide.sql import literal, quoted
from calaim_cli.policy.questions import DONT_KNOW
from conftest import ROOT, Run, WriteProfile
from strategies import unhurried
from terminals import Terminal

pytestmark = pytest.mark.thorough

PANEL = ROOT / "examples" / "panel.csv"
DAY = ("--as-of", "2026-11-22")
NAME = "Rosalind"
MAP = """\
[columns]
"er visits, 180d" = "ed_visits_6_months"
"Sex'; DROP TABLE own; --" = "plan"

[codes.flag]
"Z59.0" = { housing = "shelter" }
"z59.1" = { housing = ["doubled_up", "unknown"], is_tenant = true }
"""


def saved(path: Path, text: str) -> Path:
    """A file with this text."""
    path.write_text(text, "utf-8", newline="")
    return path


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


def test_from_panel_to_letters(run: Run, write_profile: WriteProfile, tmp_path: Path) -> None:
    """The sheet of likely members is one that batch drafts from, as soon as a person has asked each of them."""
    sheet = tmp_path / "ask.csv"
    write_profile((ROOT / "examples" / "profile.toml").read_text("utf-8"))
    ran = run("screen", PANEL, "--likely", "ecm", "--keep", "chart", "--out", sheet, *DAY)
    assert (ran.code, ran.out) == (0, "")
    rows = read(sheet)
    assert {(row["program"], row["member_agreed"], row["attested"], row["part2"]) for row in rows} == {
        ("ecm", "", "", "")
    }
    assert not [name for name in rows[0] if "__" in name or name in {"screened_on", "data_edition"}]
    assert run("batch", sheet, "--keep", "chart", "--out", tmp_path / "early", *DAY).code == 4
    for row in rows:
        row |= {"member_agreed": "yes", "attested": "yes", "part2": "no"}
    saved(sheet, records([[*rows[0]], *(row.values() for row in rows)]))
    drafted = run("batch", sheet, "--keep", "chart", "--out", tmp_path / "drafts", *DAY)
    assert (drafted.code, f"{len(rows)} rows: {len(rows)} written" in drafted.err) == (0, True)
    report = read(tmp_path / "drafts" / "report.csv")
    assert [row["chart"] for row in report] == [row["chart"] for row in rows]


@pytest.mark.parametrize("likely", [["homelessness"], ["incarceration"], ["homelessness", "ecm"]])
def test_nobody_is_referred_by_a_population_whom_the_program_excludes(
    run: Run, tmp_path: Path, likely: list[str]
) -> None:
    """A member for whom a population is likely and ECM unlikely stays out of the sheet, and is counted."""
    text = PANEL.read_text("utf-8").splitlines()
    at = text[0].split(",").index("released_within_12_months")
    rows = [one.split(",") for one in text]
    released = [rows[0], *([*row[:at], "yes", *row[at + 1 :]] for row in rows[1:])]
    source, seen, sheet = saved(tmp_path / "t.csv", records(released)), tmp_path / "all.csv", tmp_path / "ask.csv"
    named = dict.fromkeys([*likely, "ecm"])
    assert run("screen", source, *(word for one in named for word in ("--program", one)), "--out", seen, *DAY).code == 0
    wanted = [row for row in read(seen) if any(row[f"{one}__outcome"] == "likely" for one in likely)]
    sent = [row["chart"] for row in wanted if row["ecm__outcome"] != "unlikely"]
    ran = run("screen", source, *(f"--likely={one}" for one in likely), "--keep", "chart", "--out", sheet, *DAY)
    assert [row["chart"] for row in read(sheet)] == sent
    assert 0 < len(sent) < len(wanted)
    assert f"{len(wanted) - len(sent)} members left out of the referrals" in ran.err


def test_nothing_of_keeping_medi_cal_goes_into_a_sheet(run: Run, tmp_path: Path) -> None:
    """What a panel or its codes say for the work rule alone is not copied into the sheet that becomes referrals."""
    by = saved(tmp_path / "map.toml", "[codes.dx]\nF = { health_limits_80_hours = true }\n")
    text = PANEL.read_text("utf-8").splitlines()
    mine = ["dx,care_given,renewal_month", *["F,own_child_13,2027-04"] * (len(text) - 1)]
    source = saved(tmp_path / "t.csv", "".join(f"{one},{two}\n" for one, two in zip(text, mine, strict=True)))
    assert run("screen", source, "--likely", "ecm", "--columns", by, "--out", tmp_path / "ask.csv", *DAY).code == 0
    names = read(tmp_path / "ask.csv")[0].keys()
    assert not names & {"care_given", "health_limits_80_hours", "renewal_month"}
    assert "housing" in names


def test_services_that_are_likely_are_asked_for_together(run: Run, tmp_path: Path) -> None:
    """A member gets one row for each program; a service that her plan does not offer is not asked for."""
    source = saved(
        tmp_path / "t.csv",
        "county,plan,managed_care,nursing_facility_resident,caregiver_dependent,respite_hours_used,intoxicated_now,"
        "would_go_to_ed_or_jail,age,member_agreed\nsan mateo,kp,yes,no,yes,0,yes,yes,44,yes\n",
    )
    out, seen = tmp_path / "ask.csv", tmp_path / "all.csv"
    services = ("--likely", "respite", "--likely", "sobering_centers")
    assert run("screen", source, *services, "--out", out, *DAY).code == 0
    run("screen", source, "--program", "respite", "--program", "sobering_centers", "--out", seen, *DAY)
    [found], [row] = read(seen), read(out)
    wanted = [one for one in ("respite", "sobering_centers") if found[f"{one}__outcome"] == "likely"]
    offered = [one for one in wanted if found[f"{one}__offered"] != "no"]
    assert wanted == ["respite", "sobering_centers"]
    assert offered == ["respite"]
    assert (row["program"], row["services"], row["member_agreed"]) == ("cs", "respite", "")


def test_map_tells_columns_and_codes(run: Run, tmp_path: Path, memory: sqlite3.Connection) -> None:
    """Columns of other names and codes are read by the map, in the file and as SQL, and go under our names to batch."""
    header = """id,"er visits, 180d",flag,"Sex'; DROP TABLE own; --"\n"""
    source = saved(tmp_path / "t.csv", header + "1,7,Z59.0,kp\n2,2,z59.1; Z59.0,\n3,2,other,\n")
    by, out = saved(tmp_path / "map.toml", MAP), tmp_path / "out.csv"
    assert run("screen", source, "--columns", by, "--program", "homelessness", "--out", out, *DAY).code == 0
    missing = [row["homelessness__missing"].split(";") for row in read(out)]
    assert ["housing" in one for one in missing] == [False, False, True]
    ran = run("screen", "--sql", "--columns", by, "--program", "homelessness", "--keep", "id", *DAY)
    names = ", ".join(map(quoted, next(csv.reader([header]))))
    memory.execute(f"CREATE TABLE members ({names})")
    memory.execute("INSERT INTO members VALUES (1, 7, 'Z59.0', 'kp'), (3, 2, 'other', NULL)")
    by_sql = {row[0]: row for row in memory.execute(ran.out)}
    assert by_sql[1][3].split(";") == missing[0]
    assert by_sql[3][3].split(";") == missing[2]
    assert "-- Not in the map, so not known: age" in ran.out


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('[columns]\nx = "agee"', "columns.x"),
        ('[columns]\nx = "age"\ny = "age"', "columns.y"),
        ("[columns]\nx = 5", "columns.x"),
        ('[codes.x]\n"1" = { housing = "tent" }', "codes.x.1.housing"),
        ('[codes.x]\n"1" = { hous = "shelter" }', "codes.x.1.hous"),
        ('[codes.x]\n"1" = "shelter"', "codes.x.1"),
        ('[columns]\nx = "age"\n[codes.x]\n"1" = { is_tenant = true }', "codes.x"),
        ('[codes.x]\n"Z59.0" = { is_tenant = true }\nZ590 = { is_tenant = false }', "codes.x.Z590"),
        ("[other]", "other"),
    ],
)
def test_map_that_says_what_is_not_is_refused(run: Run, tmp_path: Path, text: str, where: str) -> None:
    """A slip in a map is told by its key, and no table is read by half a map."""
    by = saved(tmp_path / "map.toml", text)
    ran = run("screen", PANEL, "--columns", by, "--counts", *DAY)
    assert (ran.code, ran.out) == (4, "")
    assert f"  {where}: " in ran.err


@pytest.mark.parametrize(
    ("ours", "said"), [("member_id", "Leave it out"), ("hosing", "did you mean housing"), ("dx_code", "Leave it out")]
)
def test_map_guesses_only_what_is_near(run: Run, tmp_path: Path, ours: str, said: str) -> None:
    """A column that is none of ours is to be left out of the map; a name of ours with a slip is suggested."""
    by = saved(tmp_path / "map.toml", f'[columns]\n"Member ID" = "{ours}"\n')
    ran = run("screen", PANEL, "--columns", by, "--counts", *DAY)
    assert (ran.code, said in ran.err, ran.err.count("did you mean")) == (4, True, said.count("did you mean"))


def test_template_of_a_map_is_one(run: Run, tmp_path: Path) -> None:
    """What --template prints is a sound map without entries, and names every question."""
    text = run("screen", "--template").out
    assert f'= "{"age"}"' in text
    ran = run("screen", PANEL, "--columns", saved(tmp_path / "map.toml", text), "--settle", "--program", "chw", *DAY)
    assert ran.code == 0
    used = re.sub(r"^# (\[codes|\"Z59)", r"\1", text, flags=re.MULTILINE)
    ran = run("screen", PANEL, "--columns", saved(tmp_path / "used.toml", used), "--settle", "--program", "chw", *DAY)
    assert (ran.code, "housing_flag: map-column" in ran.err) == (0, True)


def test_columns_that_say_two_things(run: Run, tmp_path: Path) -> None:
    """What two columns say to one question is taken together, or refused by row."""
    assert merged([("shelter",), (), ("doubled_up", DONT_KNOW)], "housing") == ("shelter", "doubled_up", DONT_KNOW)
    by = saved(tmp_path / "map.toml", '[codes.dx]\nA = { housing = "none" }\nB = { is_tenant = true }\n')
    source = saved(tmp_path / "t.csv", "dx,housing,is_tenant\nA;B,shelter,no\nB,none,yes\n")
    ran = run("screen", source, "--columns", by, "--out", tmp_path / "x.csv", "--program", "ecm", *DAY)
    assert (ran.code, ran.err.count("row 1,"), ran.err.count("says-two-things"), "row 2" in ran.err) == (4, 2, 2, False)
    assert "columns A (dx) and B (housing) contradict each other" in ran.err
    assert "columns A (dx) and C (is_tenant) contradict each other" in ran.err
    saved(by, "[codes.dx]\nA = { is_tenant = false }\nB = { is_tenant = true }\n")
    codes = saved(tmp_path / "c.csv", "dx\nA;B\n")
    ran = run("screen", codes, "--columns", by, "--out", tmp_path / "x.csv", *DAY)
    assert "row 1, column A (is_tenant): says-two-things: codes of column A (dx) contradict each other" in ran.err


def test_rows_that_cannot_be_read_are_left_out(run: Run, tmp_path: Path) -> None:
    """With --keep-going they stay in the table without results, with what is wrong; nothing of them is counted."""
    source = saved(tmp_path / "t.csv", f"age,problem,county\n44,x,alameda\n{NAME},y,{NAME}\n50,z,\n")
    out = tmp_path / "x.csv"
    ran = run("screen", source, "--program", "chw", "--out", out, "--keep-going", "--json", *DAY)
    assert ran.code == 3
    assert (json.loads(ran.out)["rows"], json.loads(ran.out)["refused"]) == (2, 1)
    rows = read(out)
    assert [bool(row["chw__outcome"]) for row in rows] == [True, False, True]
    assert [row["problem"] for row in rows] == ["x", "y", "z"]
    assert [bool(row["problem_2"]) for row in rows] == [False, True, False]
    assert ("age: " in rows[1]["problem_2"], "county: " in rows[1]["problem_2"], NAME in rows[1]["problem_2"]) == (
        True,
        True,
        False,
    )


def test_what_contradicts_is_said_by_its_number(run: Run, tmp_path: Path) -> None:
    """What check warns of in a case is counted in a table, with the questions and no row or cell."""
    source = saved(
        tmp_path / "t.csv",
        "dob,age,plan,managed_care,county,zip,kp_member,ed_visits_6_months,ed_visits_12_months,mine\n"
        "1/2/1980,50,kp,no,alameda,94401,yes,5,2,x\n1/2/1980,46,,,alameda,94601,,2,2,x\n",
    )
    ran = run("screen", source, "--program", "chw", "--out", tmp_path / "x.csv", *DAY)
    said = dict(re.findall(r"warning: \S+: ([a-z-]+): (.*)", ran.err))
    for code in ("age-differs", "plan-without-managed-care", "zip-county", "answers-contradict"):
        assert said[code].startswith("in 1 row: "), code
    assert "ed_visits_6_months, ed_visits_12_months" in said["answers-contradict"]
    assert said["unknown-columns"].endswith(": mine")
    conflict = saved(tmp_path / "c.csv", "plan,kp_member\nhealth net,yes\n")
    assert "row 1, column A (plan): plan-conflict" in run("screen", conflict, "--counts", *DAY).err


def test_what_nearly_everything_waits_for_is_said(run: Run, tmp_path: Path) -> None:
    """A table without ages or plans is warned of; one that has them is not."""
    few = saved(tmp_path / "few.csv", "age,housing\n,shelter\n44,shelter\n,shelter\n")
    ran = run("screen", few, "--program", "chw", "--out", tmp_path / "x.csv", *DAY)
    assert re.findall(r"(\w+): mostly-unknown", ran.err) == ["age", "managed_care"]
    assert "mostly-unknown" not in run("screen", PANEL, "--settle", "--program", "chw", *DAY).err


def test_a_table_without_a_header_shows_nothing_of_its_first_row(run: Run, tmp_path: Path) -> None:
    """Where no column is known the first line may be a member: it is refused, and not quoted."""
    ran = run("screen", saved(tmp_path / "t.csv", f"{NAME},44\nAna,45\n"), "--counts", *DAY)
    assert (ran.code, "is the first line the header?" in ran.err, NAME in ran.err) == (4, True, False)


def test_settling_questions_are_the_only_ones_missing(run: Run, tmp_path: Path) -> None:
    """Whom one question settles is counted by result, as the table itself says it."""
    out, ids = tmp_path / "x.csv", ["ecm", "homelessness", "chw"]
    words = [word for one in ids for word in ("--program", one)]
    ran = run("screen", PANEL, *words, "--out", out, "--settle", "--json", *DAY)
    rows = read(out)
    found = json.loads(ran.out)["settle"]
    assert 0 < len(found) <= 10
    assert [one["members"] for one in found] == sorted((one["members"] for one in found), reverse=True)
    for one in found:
        alone = [name for name in rows[0] if name.endswith("__missing")]
        by = {name: sum(row[name] == one["question"] for row in rows) for name in alone}
        assert {f"{two['result']}__missing": two["members"] for two in one["results"]} == {
            k: n for k, n in by.items() if n
        }
        assert one["members"] == sum(any(row[name] == one["question"] for name in alone) for row in rows)


def test_a_list_that_withholds_nothing_stands_alone(run: Run) -> None:
    """Counts that may be passed on do not come with a list that tells what they withhold, and that list says so."""
    both = run("screen", PANEL, "--counts", "--settle", "--program", "chw", *DAY)
    assert (both.code, both.out, "give one of them" in both.err) == (2, "", True)
    assert run("screen", PANEL, "--settle", "--program", "chw", *DAY).err.strip().endswith("work with this panel.")


@pytest.mark.unix("a pseudo-terminal")
def test_counts_on_a_terminal_have_bars() -> None:
    """A person sees bars beside the counts, and what is withheld as a word."""
    own = {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    with Terminal("screen", PANEL, "--program", "ecm", "--counts", *DAY, settings=own) as terminal:
        terminal.end()
        shown = terminal.words
    assert "\u2588" in shown
    assert "To be asked by 2026-12-22" in shown


def test_small_panels_give_no_counts(run: Run, tmp_path: Path) -> None:
    """Of ten members not even their number is told."""
    source = saved(tmp_path / "t.csv", "age,county\n" + "44,alameda\n" * 10)
    ran = run("screen", source, "--counts", "--program", "chw", *DAY)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "members\twithheld")
    assert "10" not in ran.err.replace(str(source), "").replace("2026-11-22", "")


@pytest.mark.parametrize("shown", ["--counts", "--settle", ""])
@pytest.mark.thorough
def test_warnings_beside_counts_tell_no_small_one(run: Run, tmp_path: Path, shown: str) -> None:
    """Rows refused, in doubt or left out are few beside counts that may be passed on; else they have a number."""
    book, rows = Workbook(), [line.split(",") for line in PANEL.read_text("utf-8").splitlines()]
    for row in (["mrn", *rows[0]], *(["12345678", *one] for one in rows[1:]), ["1", *rows[1]]):
        book["Sheet"].append(row)
    book["Sheet"]["B2"], book["Sheet"]["A3"], book["Sheet"]["E4"] = "", 12345, "13/13/1980"
    book.save(tmp_path / "t.xlsx")
    words = ["screen", tmp_path / "t.xlsx", "--likely", "homelessness", "--keep-going", *([shown] if shown else [])]
    words += ["--out", tmp_path / "x.csv", *DAY]
    ran, document = run(*words), json.loads(run(*words, "--json").out)
    codes = [line["code"] for line in document["warnings"]]
    assert (ran.code, {"lost-zeros", "answers-contradict"} - {*codes}) == (3, set())
    counted = shown == "--counts"
    assert "referrals to ask" in ran.err
    assert ("6 members left out of the referrals" in ran.err) is not counted
    told = f"{ran.err} {document['warnings']}"
    few = re.findall(r"\b(?:[1-9]|10) (?:row|member|referral)s?\b", told)
    assert (bool(few), "in few rows" in told, document["refused"]) == (not counted, counted, None if counted else 1)
    assert (document["likely"], document["left_out"]) == ((None, None) if counted else (39, 6))


def test_nothing_beside_counts_tells_whether_any_is_likely(run: Run, tmp_path: Path) -> None:
    """A withheld count is not told by the last line either: it is the same whether the sheet has rows or none."""
    table = saved(tmp_path / "t.csv", "age,county\n" + "44,alameda\n" * 40)
    last = []
    for subject, rows in (("child_welfare", 0), ("chw", 0)):
        out = tmp_path / f"{subject}.csv"
        last.append(run("screen", table, "--likely", subject, "--counts", "--out", out, *DAY).err.splitlines()[-1])
        assert out.read_text("utf-8").count("\n") == 1 + rows
    most = run("screen", PANEL, "--likely", "ecm", "--counts", "--out", tmp_path / "ecm.csv", *DAY).err.splitlines()[-1]
    assert {*last} == {most}


def test_small_panels_give_no_counts_beside_a_file(run: Run, tmp_path: Path) -> None:
    """What is shown may be passed on, and the file need not go with it."""
    source = saved(tmp_path / "t.csv", "age,county\n" + "44,alameda\n" * 10)
    ran = run("screen", source, "--counts", "--program", "chw", "--out", tmp_path / "x.csv", *DAY)
    assert "few rows screened" in ran.err


# Other kinds of tables


def test_parquet_means_what_a_csv_means(run: Run, tmp_path: Path) -> None:
    """Days, numbers, yes and no and lists of a Parquet file are read as typed; other columns keep what they are."""
    source, out = tmp_path / "t.parquet", tmp_path / "x.parquet"
    row = "44::DOUBLE AS ed_visits_6_months, DATE '1980-03-04' AS dob, true AS complex_need, "
    row += "TIMESTAMP '2026-01-02' AS answered_on, ['shelter', 'unknown'] AS housing, "
    row += "7::BIGINT AS id, 'san mateo' AS county"
    with duckdb.connect() as engine:
        engine.execute(f"COPY (SELECT {row}) TO {literal(str(source))} (FORMAT parquet)")
        assert run("screen", source, "--program", "homelessness", "--out", out, *DAY).code == 0
        [found] = engine.execute(
            "SELECT dob, answered_on, housing, id, homelessness__outcome FROM read_parquet(?)", [str(out)]
        ).fetchall()
    assert found == ("1980-03-04", "2026-01-02", "shelter;unknown", 7, "likely")


def test_workbook_means_what_a_csv_means(run: Run, tmp_path: Path) -> None:
    """The sheet that is named is read with its days and numbers; what cannot be seen and lost zeros are said."""
    book = Workbook()
    book.create_sheet("Panel 2").append(["dob", "ed_visits_6_months", "mrn", "note"])
    cells = book["Panel 2"]
    cells.append([datetime(1980, 3, 4), 5.0, 12345, "=1+1"])  # noqa: DTZ001 a cell has no zone
    cells.append([])
    cells.append([date(1990, 1, 1), 0, "00012345", NAME])
    cells["D2"].value, cells.row_dimensions[4].hidden = "'=1", True
    book.save(tmp_path / "t.xlsx")
    typed = saved(
        tmp_path / "t.csv",
        records(
            [
                ["dob", "ed_visits_6_months", "mrn", "note"],
                ["1980-03-04", "5", "12345", "'=1"],
                ["1990-01-01", "0", "00012345", NAME],
            ]
        ),
    )
    told = run(
        "screen", tmp_path / "t.xlsx", "--sheet", "panel 2", "--program", "ecm", "--out", tmp_path / "a.csv", *DAY
    )
    run("screen", typed, "--program", "ecm", "--out", tmp_path / "b.csv", *DAY)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert ("lost-zeros: in 1 row" in told.err, "hidden-rows" in told.err, NAME in told.err) == (True, True, False)


def test_workbook_of_libreoffice_is_read_right(run: Run, tmp_path: Path) -> None:
    """Days are days, a filter and lost zeros are said, and the sheet that is meant has to be named."""
    book, out = ROOT / "tests" / "corpora" / "workbooks" / "libreoffice.xlsx", tmp_path / "x.csv"
    assert "no rows below the header line" in run("screen", book, "--counts", *DAY).err
    ran = run("screen", book, "--sheet", "Panel", "--program", "homelessness", "--out", out, *DAY)
    assert [[*row.values()][1:7] for row in read(out)] == [
        ["1980-03-04", "San Mateo", "94401", "12345", "5", "shelter"],
        ["2010-12-31", "Alameda", "94601", "123456", "0", "none"],
        ["1955-07-01", "Alpine", "96120", "12345678", "2", "doubled_up;unknown"],
    ]
    assert ("1 hidden row (there is a filter)" in ran.err, "lost-zeros: in 2 rows" in ran.err) == (True, True)


def test_cells_of_a_workbook_that_are_none_are_refused(run: Run, tmp_path: Path) -> None:
    """An error or a formula without a value is told by row and column, and with --keep-going its row is left out."""
    book = Workbook()
    for one in (["age", "mine"], ["#N/A", "x"], [44, "=1+1"], [45, "y"]):
        book["Sheet"].append(one)
    book["Sheet"]["A2"].data_type = "e"
    book.save(tmp_path / "t.xlsx")
    ran = run("screen", tmp_path / "t.xlsx", "--program", "chw", "--out", tmp_path / "x.csv", *DAY)
    assert ran.code == 4
    assert [
        line
        for line in ("row 1, column A (age): cell-error", "row 2, column B (mine): formula-value")
        if line not in ran.err
    ] == []
    assert (
        run("screen", tmp_path / "t.xlsx", "--program", "chw", "--out", tmp_path / "x.csv", "--keep-going", *DAY).code
        == 3
    )


def test_screened_workbook_is_of_texts_and_says_until_when(run: Run, tmp_path: Path) -> None:
    """What is written as a workbook holds no formula, its header stays in sight, and its sheet says what it is."""
    source = saved(tmp_path / "t.csv", records([["age", "mine"], ["44", "=1+1"], ["45", "007"]]))
    out = tmp_path / "x.xlsx"
    assert [run("screen", source, "--program", "chw", "--out", out, *DAY).code for _ in range(2)] == [0, 0]
    sheet = load_workbook(out).active
    assert (sheet.title, sheet.freeze_panes) == ("to be asked by 2026-12-22", "A2")
    assert [(cell.value, cell.data_type) for cell in sheet["B"]] == [
        ("mine", "s"),
        ("=1+1", "s"),
        ("007", "s"),
    ]


@given(name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12))
@unhurried
def test_any_name_is_one_name(name: str) -> None:
    """A quoted name is the name itself to an engine, whatever signs it has, and a literal the text itself."""
    with closing(sqlite3.connect(":memory:")) as database:
        found = database.execute(f"SELECT {literal(name)} AS {quoted(name)}")
        assert (found.description[0][0], found.fetchone()[0]) == (name, name)


def test_hostile_table_runs_nothing(run: Run, tmp_path: Path, memory: sqlite3.Connection) -> None:
    """SQL in names, cells, codes and file names is text: it comes back as it was, and nothing else is written."""
    evil = "x'); COPY (SELECT 1) TO 'pwned'; --\";"
    by = saved(
        tmp_path / "map.toml",
        f'[columns]\n{json.dumps(evil)} = "age"\n'
        f"[codes.{json.dumps(evil + '2')}]\n{json.dumps(evil)} = {{ is_tenant = true }}\n",
    )
    source = tmp_path / "a';--.csv"
    saved(source, records([[evil, evil + "2", evil + "3"], ["44", evil, evil], ["45", "", '"; DROP TABLE own; --']]))
    before, out = sorted(one.name for one in tmp_path.iterdir()), tmp_path / "b'; DROP.csv"
    ran = run(
        "screen",
        source,
        "--columns",
        by,
        "--program",
        "housing_deposits",
        "--keep-going",
        "--settle",
        "--out",
        out,
        *DAY,
    )
    assert (ran.code, sorted(one.name for one in tmp_path.iterdir())) == (0, sorted([*before, out.name]))
    assert [row[evil + "3"] for row in read(out)] == [evil, '"; DROP TABLE own; --']
    assert (
        run(
            "screen",
            source,
            "--columns",
            by,
            "--likely",
            "ecm",
            "--keep",
            evil + "3",
            "--out",
            tmp_path / "c.csv",
            *DAY,
        ).code
        == 0
    )
    script = run(
        "screen", "--sql", "--columns", by, "--table", evil, "--keep", evil + "3", "--program", "housing_deposits", *DAY
    ).out
    memory.execute(f"CREATE TABLE {quoted(evil)} ({quoted(evil)}, {quoted(evil + '2')}, {quoted(evil + '3')})")
    memory.execute(f"INSERT INTO {quoted(evil)} VALUES (44, {literal(evil)}, 'mine')")  # noqa: S608 quoted
    assert memory.execute(script).fetchone()[0] == "mine"


@pytest.mark.parametrize("cell", ["Z59.0", "z59.0", " Z59.0 ", "Z59.0;Z99", "Z99; z59.0", "Z590", "E11;z590"])
def test_codes_mean_the_same_in_a_file_and_in_sql(
    run: Run, tmp_path: Path, cell: str, memory: sqlite3.Connection
) -> None:
    """However a code is written, alone or among others, the rules as SQL read what `screen` reads."""
    mapping = tmp_path / "map.toml"
    mapping.write_text('[columns]\nOLD = "age"\n[codes.DX]\n"Z59.0" = { housing = ["shelter"] }\n', "utf-8")
    table = saved(tmp_path / "t.csv", f"OLD,DX\n40,{cell}\n")
    out = tmp_path / "out.csv"
    asked = ("--columns", mapping, "--program", "homelessness")
    assert run("screen", table, "--out", out, *asked, *DAY).code == 0
    memory.execute("CREATE TABLE members (OLD INTEGER, DX TEXT)")
    memory.execute("INSERT INTO members VALUES (40, ?)", [cell])
    [[outcome, _, missing]] = memory.execute(run("screen", "--sql", *asked, *DAY).out).fetchall()
    [row] = read(out)
    assert (row["homelessness__outcome"], row["homelessness__missing"]) == (outcome, missing)
    assert "housing" not in missing


@pytest.mark.parametrize("between", [",", "|", " ", ", ", "/", "\n", " & "])
def test_codes_that_are_not_separated_are_refused(run: Run, tmp_path: Path, between: str) -> None:
    """A code that the map names, beside a sign that does not separate, is told and never loses its answer."""
    named = '"Z59.0" = { housing = "shelter", is_tenant = false }\n"doubled up" = { is_tenant = true }\n'
    by = saved(tmp_path / "map.toml", f'[codes."Dx Codes"]\n{named}"Z59.0 or so" = {{}}\n')
    several = [between.join(pair) for pair in (("Z59.0", "E11.9"), ("E11.9", "z590"), ("I10", "Doubled up"))]
    rows = [*several, f"I10;{several[0]}", "Z59.0 or so", f"E11{between}Z59.00", "doubled"]
    source = saved(tmp_path / "t.csv", records([["Dx Codes"], *([row] for row in rows)]))
    ran = run("screen", source, "--columns", by, "--out", tmp_path / "x.csv", *DAY)
    assert (ran.code, "4 cells cannot be read" in ran.err) == (4, True)
    assert "column A (Dx Codes): not-separated: more than the code is in the cell" in ran.err
    ran = run("screen", source, "--columns", by, "--out", tmp_path / "x.csv", "--keep-going", *DAY)
    assert [bool(row["problem"]) for row in read(tmp_path / "x.csv")] == [True] * 4 + [False] * 3


def test_codes_without_a_dot_are_the_same_and_longer_ones_are_not(run: Run, tmp_path: Path) -> None:
    """Claims write Z590 for Z59.0; Z59.00 is another code, and codes of other kinds keep their dots."""
    by = saved(tmp_path / "map.toml", '[codes.dx]\n"Z59.0" = { is_tenant = true }\n"1.0" = { is_tenant = false }\n')
    source = saved(tmp_path / "t.csv", "dx\nZ590\nz59.0\nZ59.00\nZ5900\n1.0\n10\n")
    out = tmp_path / "x.csv"
    asked = ("--columns", by, "--program", "housing_tenancy_sustaining")
    ran = run("screen", source, *asked, "--out", out, *DAY)
    missing = ["is_tenant" in row["housing_tenancy_sustaining__missing"] for row in read(out)]
    assert (ran.code, missing) == (0, [False, False, True, True, False, True])


def test_codes_that_no_map_names_are_counted_once(run: Run, tmp_path: Path) -> None:
    """However many questions the codes of a column answer, the column is warned of once, as its header has it."""
    said = '{ housing = "shelter", is_tenant = true, complex_need = true }'
    by = saved(tmp_path / "map.toml", f'[codes."Dx Codes"]\nA = {said}\n')
    source = saved(tmp_path / "t.csv", "Dx Codes,housing\nA;B,shelter\nB,doubled_up\nA,\n,shelter\nC;D,\n")
    ran = run("screen", source, "--columns", by, "--out", tmp_path / "x.csv", *DAY)
    assert re.findall(r"(\S+ \S+): unmapped-codes: (in \d rows)", ran.err) == [("Dx Codes", "in 3 rows")]


def test_what_sql_or_a_map_leaves_unread_is_said(run: Run, tmp_path: Path) -> None:
    """A date of birth that SQL cannot read, and codes that no map names, are told and never silently nothing."""
    mapping = tmp_path / "map.toml"
    mapping.write_text('[columns]\nDOB = "date_of_birth"\n[codes.DX]\n"Z59.0" = { housing = "shelter" }\n', "utf-8")
    assert "not-in-sql: the SQL does not read DOB" in run("screen", "--sql", "--columns", mapping, *DAY).err
    table = saved(tmp_path / "t.csv", "DOB,DX\n1/2/1980,Z591\n1/2/1980,Z59.0\n")
    ran = run("screen", table, "--out", tmp_path / "x.csv", "--columns", mapping, *DAY)
    assert "unmapped-codes: in 1 row" in ran.err
