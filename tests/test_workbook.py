"""Workbooks: read as people see them, refused where nobody could see it, and never opened where that would do harm."""

from __future__ import annotations

import errno
import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from calaim_cli.base.errors import CalaimError
from calaim_cli.batch import workbook
from calaim_cli.batch.parts import Look, column_number, unsound
from calaim_cli.batch.sheet import COMPOUND as OLD
from calaim_cli.batch.sheet import MIB, Expected, is_workbook
from calaim_cli.batch.workbook import Book, Written
from calaim_cli.case.form import FIELDS
from conftest import ROOT, Run, WriteProfile, is_private
from sheets import ROW, read_csv, row, sheet
from test_startup import NEVER, loaded

DAY = ("--as-of", "2026-11-22")
MEMBERS = ROOT / "tests" / "corpora" / "workbooks" / "members.xlsx"
KNOWN = {name: name for name in ("name", "zip", "mrn", "date_of_birth", "notes")}
Change = Callable[[Worksheet], object]


def made(rows: Iterable[Mapping[str, Any]], change: Change = lambda _: None, columns: Iterable[str] = ROW) -> bytes:
    """A workbook of these rows, changed before it is saved."""
    book, names, file = Workbook(), list(columns), io.BytesIO()
    cells: Any = book.active
    cells.append(names)
    for one in rows:
        cells.append([one.get(name) for name in names])
    change(cells)
    book.save(file)
    return file.getvalue()


def written(tmp_path: Path, content: bytes, name: str = "members.xlsx") -> Path:
    """The workbook as a file."""
    path = tmp_path / name
    path.write_bytes(content)
    return path


def drafts(out: Path) -> dict[str, bytes]:
    """The drafts of a folder."""
    return {path.name: path.read_bytes() for path in out.glob("[0-9]*")}


def read(content: bytes, wanted: str | None = None) -> Book:
    """The sheet of a workbook."""
    return Book(io.BytesIO(content), "x.xlsx", wanted, Expected(KNOWN))


def refused(content: bytes) -> CalaimError:
    """Why a workbook is refused."""
    with pytest.raises(CalaimError) as caught:
        list(read(content).rows())
    return caught.value


def test_workbook_of_the_inputs_is_drafted_as_its_csv(run: Run, write_profile: WriteProfile, tmp_path: Path) -> None:
    """The three invented members come out as those of the same sheet in CSV, with the same words said of them."""
    write_profile((ROOT / "examples" / "profile.toml").read_text("utf-8"))
    book, csv = tmp_path / "book", tmp_path / "csv"
    first = run("batch", MEMBERS, "--out", book, *DAY)
    second = run("batch", ROOT / "examples" / "members.csv", "--out", csv, "--limit", "3", *DAY)
    assert (first.code, first.err) == (0, second.err)
    assert drafts(book) == drafts(csv)
    assert len(drafts(book)) == 3
    assert read_csv((book / "report.csv").read_bytes()) == read_csv((csv / "report.csv").read_bytes())


def test_cells_of_every_kind_mean_what_is_typed(run: Run, tmp_path: Path) -> None:
    """A day, a whole number, yes and no and a number shown with its zeros give the draft that their text gives."""
    typed = row(1, date_of_birth="1980-03-04", phone="4155550123", mrn="00012345", ed_visits_6_months="5")
    kept: dict[str, Any] = typed | {
        "date_of_birth": datetime(1980, 3, 4),  # noqa: DTZ001 a cell has no zone
        "phone": 4155550123,
        "zip": 94401,
        "mrn": 12345,
        "kp_member": True,
        "part2": False,
        "ed_visits_6_months": 5.0,
        "referrer_npi": 1234567893,
    }

    def with_zeros(cells: Worksheet) -> None:
        cells.cell(2, list(kept).index("mrn") + 1).number_format = "00000000"

    source = written(tmp_path, made([kept], with_zeros, kept))
    (tmp_path / "members.csv").write_bytes(sheet([typed], typed))
    assert run("batch", source, "--out", tmp_path / "book", *DAY).code == 0
    assert run("batch", tmp_path / "members.csv", "--out", tmp_path / "csv", *DAY).code == 0
    assert drafts(tmp_path / "book") == drafts(tmp_path / "csv")


DRAFTED = "need-answers"
"""What is said of a row of these tests that is drafted: nothing of its cells."""


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("mrn", 123456, "lost-zeros"),
        ("mrn", 12345678, DRAFTED),
        ("mrn", "12345678", DRAFTED),
        ("mrn", 9.123456789e20, "id-excel"),
        ("mrn", 1234567.5, "mrn-format"),
        ("zip", 2139, "zip-format"),
        ("zip", 94401.25, "zip-format"),
        ("phone", 415555012, "phone-format"),
        ("phone", 4155550123, DRAFTED),
        ("cin", 9123456700, "id-excel"),
        ("date_of_birth", 29284, "dob-excel"),
        ("date_of_birth", date(1980, 3, 4), DRAFTED),
        ("date_of_birth", datetime(1980, 3, 4, 8, 30), "dob-time"),  # noqa: DTZ001 a cell has no zone
        ("date_of_birth", time(8, 30), "dob-format"),
        ("first_name", "Garc_x0007_ia", "name-char"),
        ("first_name", "Nu\ufffdez", "lost-character"),
        ("member_agreed", False, "agreement-missing"),
    ],
)
def test_what_a_number_or_a_day_may_have_lost(run: Run, tmp_path: Path, column: str, value: object, code: str) -> None:
    """Where zeros or digits may be gone it is a warning or a refusal, as in a CSV; what is whole is taken."""
    cells = row(1) | {column: value}
    source, out = written(tmp_path, made([cells], columns=cells)), tmp_path / "out"
    ran = run("batch", source, "--out", out, "--keep-going", *DAY)
    (report,) = read_csv((out / "report.csv").read_bytes())
    assert ran.code == (0 if code in {DRAFTED, "lost-zeros"} else 3), ran.err
    assert code in report["code"].split(";")
    assert ("lost-zeros" in report["code"]) == (code == "lost-zeros")
    assert report["line"] == "2"


def test_formula_has_its_saved_value(run: Run, tmp_path: Path) -> None:
    """A formula counts by what was saved for it; where that lacks, or is an error, the cell is named."""
    place, town = (letter_of(name) for name in ("zip", "city"))

    def change(cells: Worksheet) -> None:
        cells[f"{place}2"] = "=94400+1"
        cells[f"{town}3"] = "#REF!"

    content = made([row(1), row(2), row(3)], change)
    ran = run("batch", written(tmp_path, content), "--dry-run", *DAY)
    assert ran.code == 4
    assert f"line 2 (row 1), cell {place}2, column zip: formula-value: " in ran.err
    assert f"line 3 (row 2), cell {town}3, column city: cell-error: " in ran.err
    saved = edited(content, SHEET, lambda text: re.sub("</f><v[^c]*</c>", "</f><v>94401</v></c>", text))
    ran = run("batch", written(tmp_path, saved), "--dry-run", *DAY)
    assert "1 of 3 rows refused" in ran.err
    assert "formula-value" not in ran.err


def test_row_of_formulas_alone_is_not_taken_for_a_blank_one() -> None:
    """A row of which every cell waits for its value is a row, and refused as one."""
    content = made([{"name": "=A1", "zip": "=B1"}, {}, {"name": "Test"}], columns=KNOWN)
    first, second = read(content).rows()
    assert (first.line, first.problem and first.problem.code) == (2, "formula-value")
    assert (second.line, second.number, second.problem) == (4, 2, None)


SHEET = "xl/worksheets/sheet1.xml"


def letter_of(column: str) -> str:
    """The letter above a column of a complete row."""
    return chr(ord("A") + list(ROW).index(column))


def edited(content: bytes, name: str, change: Callable[[str], str]) -> bytes:
    """The workbook with one part changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as after:
        for one in before.namelist():
            text = before.read(one)
            after.writestr(one, change(text.decode()).encode() if one == name else text)
    return file.getvalue()


def test_what_a_screen_does_not_show_is_said(run: Run, tmp_path: Path) -> None:
    """Rows behind a filter, hidden columns, merged cells and a second sheet with text: each is told, with its count."""

    def change(cells: Worksheet) -> None:
        cells.auto_filter.ref = f"A1:Z{cells.max_row}"
        cells.row_dimensions[3].hidden = True
        cells.row_dimensions[900].hidden = True  # there is nothing in it
        cells.column_dimensions["C"].hidden = True
        cells.column_dimensions["XX"].hidden = True  # nor in this
        cells.merge_cells("AA1:AB2")
        cells.parent.create_sheet("more").append(["x"])
        cells.parent.create_sheet("empty")

    source = written(tmp_path, made([row(1), row(2)], change))
    ran = run("batch", source, "--dry-run", *DAY)
    assert (ran.code, "2 would be drafted" in ran.err) == (0, True)
    told = [line.split(": ", 3)[3] for line in ran.err.splitlines() if str(source) in line]
    assert [one.partition(";")[0].partition(": to read")[0] for one in told] == [
        "hidden-rows: the sheet has 1 hidden row (there is a filter)",
        "hidden-columns: the sheet has 1 hidden column",
        "merged-cells: the sheet has 1 merged cell",
        "other-sheets: only the first sheet was read, but there is text in 1 other sheet",
    ]
    bad = written(tmp_path, made([row(1, zip="1")], change))
    assert "hidden-columns" in run("batch", bad, "--dry-run", *DAY).err
    assert "other-sheets" not in run("batch", source, "--dry-run", "--sheet", "Sheet", *DAY).err


def test_sheet_by_name(run: Run, tmp_path: Path) -> None:
    """The first sheet that can be seen, or the one that is named; for another name those that there are."""

    def change(cells: Worksheet) -> None:
        first = cells.parent.create_sheet("Old", 0)
        first.sheet_state = "hidden"
        first.append(["not a header"])
        cells.title = "Members"

    source = written(tmp_path, made([row(1)], change))
    assert run("batch", source, "--dry-run", *DAY).code == 0
    assert run("batch", source, "--dry-run", "--sheet", "members", *DAY).code == 0
    assert run("batch", source, "--dry-run", "--sheet", "Old", *DAY).code == 4
    other = run("batch", source, "--dry-run", "--sheet", "Mine", *DAY)
    assert (other.code, '"Old", "Members"' in other.err) == (5, True)


def test_options_are_of_one_kind_of_file(run: Run, tmp_path: Path) -> None:
    """A CSV has no sheets and a workbook no encoding: neither is passed over."""
    source = written(tmp_path, sheet([row(1)]), "members.csv")
    assert run("batch", source, "--dry-run", "--sheet", "Members").code == 2
    assert run("batch", MEMBERS, "--dry-run", "--encoding", "cp1252").code == 2
    assert run("batch", "--template", "--out", tmp_path / "x.csv").code == 2
    assert run("batch", "--template", "--sheet", "x").code == 2


def test_what_is_not_installed_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra a workbook is no internal error: one line says what to install."""
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    ran = run("batch", MEMBERS, "--dry-run")
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "pip install 'calaim-cli[panel]'" in ran.err


def test_csv_loads_no_reader_of_workbooks(answers_folder: Path, tmp_path: Path) -> None:
    """Who has a CSV waits for nothing that reads workbooks."""
    csv = written(tmp_path, sheet([row(1)]), "members.csv")
    modules = loaded(answers_folder, "batch", csv, "--dry-run", *DAY)
    assert "calaim_cli.batch.sheet" in modules
    assert not modules & (NEVER | {"calaim_cli.batch.workbook"})


def test_header_is_found_as_in_a_csv(run: Run, tmp_path: Path) -> None:
    """Blank rows above it are passed over, a title is named by its row, and text under no name by its column."""
    titled = made([row(1)], lambda cells: cells.insert_rows(1, 2))
    assert run("batch", written(tmp_path, titled), "--dry-run", *DAY).code == 0

    def title(cells: Worksheet) -> None:
        cells.insert_rows(1, 2)
        cells["A1"] = "Referrals of November"

    assert "are in line 3" in run("batch", written(tmp_path, made([row(1)], title)), "--dry-run", *DAY).err
    wide = run("batch", written(tmp_path, made([row(1)], lambda cells: cells.cell(2, 40, "x"))), "--dry-run", *DAY)
    assert "line 2 (row 1), column AN: nameless-column" in wide.err
    assert "no-rows" in run("batch", written(tmp_path, made([])), "--dry-run", "--json", *DAY).err
    assert "no header line" in run("batch", written(tmp_path, made([], columns=[])), "--dry-run", *DAY).err


ODD = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(1)",
    "a\tb",
    "two\nlines",
    "bell\x07",
    "_x0041_",
    " blank ",
    "<&>\"'",
    "Núñez",
    "\u202e",
]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5).filter(lambda cells: "".join(cells).strip()))
def test_any_text_comes_back_from_a_written_workbook(cells: list[str]) -> None:
    """What is written is what is read: no text becomes a formula, and none is lost on the way."""
    file = Written(["name", *[f"n{n}" for n in range(5)]])
    file.add(cells)
    (found,) = load_workbook(io.BytesIO(file.content()), read_only=True).active.iter_rows(min_row=2)
    assert {one.data_type for one in found if one.value is not None} <= {"s"}
    said = [workbook.text_of(one) for one in found][: len(cells)]
    assert said + [""] * (len(cells) - len(said)) == cells


def test_rejects_are_a_workbook_of_texts(run: Run, tmp_path: Path) -> None:
    """Refused rows come back as texts under a header that stays in sight, private, and run again once mended."""
    out, rows = tmp_path / "out", [row(1), *(row(n, phone="911", notes=text) for n, text in enumerate(ODD, 2))]
    source = written(tmp_path, made([rows[0]], lambda cells: None, [*ROW, "notes"]))
    file = Written([*ROW, "notes"])
    for one in rows:
        file.add([one.get(name, "") for name in (*ROW, "notes")])
    source.write_bytes(file.content())
    ran = run("batch", source, "--out", out, "--keep-going", *DAY)
    assert (ran.code, str(out / "rejects.xlsx") in ran.err) == (3, True)
    assert is_private(out / "rejects.xlsx")
    assert not (out / "rejects.csv").exists()
    cells: Any = load_workbook(out / "rejects.xlsx").active
    assert (cells.freeze_panes, cells.max_row) == ("A2", len(ODD) + 1)
    header = [one.value for one in cells[1]]
    assert header == [*ROW, "notes", "problem"]
    assert {one.data_type for found in cells.iter_rows() for one in found if one.value is not None} == {"s"}
    assert [workbook.text_of(cells.cell(n, len(header) - 1)) for n in range(2, len(ODD) + 2)] == ODD
    assert cells.cell(2, len(header)).value.startswith("phone-format: phone: ")
    again = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.iterdir()}
    assert run("batch", source, "--out", out, "--keep-going", *DAY).code == 3
    assert again == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in out.iterdir()}
    for n in range(2, len(ODD) + 2):
        cells.cell(n, header.index("phone") + 1).value = "415-555-0111"
    mended = tmp_path / "mended.xlsx"
    cells.parent.save(mended)
    assert run("batch", mended, "--out", tmp_path / "two", "--keep-going", *DAY).code == 3  # the bell, and what turns
    assert len(drafts(tmp_path / "two")) == len(ODD) - 2


def test_rejects_that_somebody_mends_are_kept(run: Run, tmp_path: Path) -> None:
    """Refused rows that another program saved are not written over, nor fed back into their own folder."""
    out, source = tmp_path / "out", written(tmp_path, made([row(1), row(2, phone="911")]))
    assert run("batch", source, "--out", out, "--keep-going", *DAY).code == 3
    assert run("batch", out / "rejects.xlsx", "--out", out, "--keep-going", *DAY).code == 6
    load_workbook(out / "rejects.xlsx").save(out / "rejects.xlsx")
    saved = (out / "rejects.xlsx").read_bytes()
    assert run("batch", source, "--out", out, "--keep-going", *DAY).code == 6
    assert (out / "rejects.xlsx").read_bytes() == saved


def test_workbook_is_the_same_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A template made on Windows has the bytes of one made elsewhere, so that it can be compared and is left alone."""
    elsewhere = Written(["name"]).content()
    monkeypatch.setattr(sys, "platform", "win32")
    assert Written(["name"]).content() == elsewhere


def test_template_is_a_workbook_to_begin_with(run: Run, tmp_path: Path) -> None:
    """It has the columns of the printed one, keeps zeros as typed, offers the choices, and holds nobody's data."""
    path = tmp_path / "new.xlsx"
    assert run("batch", "--template", "--out", path).code == 0
    assert is_private(path)
    cells: Any = load_workbook(path).active
    columns = [field.column for field in FIELDS if "template" not in field.absent]
    assert [[one.value for one in found] for found in cells.iter_rows()] == [columns]
    (width,) = cells.column_dimensions.values()
    assert (width.min, width.max, width.number_format, cells.freeze_panes) == (1, len(columns), "@", "A2")
    offered = {str(one.sqref).partition("2")[0]: one.formula1 for one in cells.data_validations.dataValidation}
    by_column = {columns[column_number(name) - 1]: words for name, words in offered.items()}
    assert by_column["program"] == '"ecm,cs,chw"'
    assert by_column["part2"] == '"yes,no,unknown"'
    assert "county" not in by_column
    filled = row(1) | {"plan": "kp"}
    cells.append([filled.get(name) for name in columns])
    cells.parent.save(path)
    assert run("batch", path, "--out", tmp_path / "out", *DAY).code == 0
    assert run("batch", "--template", "--out", path).code == 6


def packed(**changes: str | bytes) -> bytes:
    """A workbook whose parts are replaced: `sheet`, `styles`, `book`."""
    names = {"sheet": SHEET, "styles": "xl/styles.xml", "book": "xl/workbook.xml"}
    content, file = made([{"name": "Test"}], columns=KNOWN), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as after:
        kept = {name: before.read(name) for name in before.namelist()}
        for name, part in (kept | {names.get(name, name): part for name, part in changes.items()}).items():
            after.writestr(name, part)
    return file.getvalue()


HEAD = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
TAIL = "</sheetData></worksheet>"
TEXT = '<c r="{}" t="inlineStr"><is><t>{}</t></is></c>'
NAME = f'<row r="1">{TEXT.format("A1", "name")}</row>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
COMPOUND = OLD + bytes(600)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (packed(sheet=LAUGHS + HEAD + NAME + TAIL), "workbook-entities"),
        (packed(styles=LAUGHS + "<styleSheet/>"), "workbook-entities"),
        (packed(sheet='<!DOCTYPE x SYSTEM "file:///etc/passwd">' + HEAD + NAME + TAIL), "workbook-entities"),
        (packed(sheet=(LAUGHS + HEAD + NAME + TAIL).encode("utf-16")), "workbook-entities"),
        (packed(sheet=f"{HEAD}<row>{'<c/>' * 1_000_000}</row>{TAIL}"), "workbook"),
        (packed(sheet=f"{HEAD}<row>{'<x/>' * 1_000_000}</row>{TAIL}"), "too-many-columns"),
        (packed(sheet=f"{HEAD}{'<row>' * 100}{'</row>' * 100}{TAIL}"), "too-many-columns"),
        (packed(sheet=f'{HEAD}{NAME}<row r="2">{TEXT.format("A2", "x" * 5 * MIB)}</row>{TAIL}'), "row-length"),
        (packed(sheet=f'{HEAD}<row a="{"x" * 3 * MIB}"/>{TAIL}'), "workbook"),
        (packed(sheet=f'{HEAD}{NAME}<row r="99999999999"/>{TAIL}'), "workbook"),
        (packed(sheet=f'{HEAD}{NAME}<row r="3"/><row r="2"/>{TAIL}'), "workbook"),
        (packed(sheet=f'{HEAD}<row r="1">{TEXT.format("B1", "x")}{TEXT.format("A1", "name")}</row>{TAIL}'), "workbook"),
        (packed(sheet=f'{HEAD}<row r="1">{TEXT.format("A2", "name")}</row>{TAIL}'), "workbook"),
        (packed(sheet=f'{HEAD}{NAME}<row r="2"><c r="A2" t="s"><v>7</v></c></row>{TAIL}'), "workbook"),
        (packed(sheet=HEAD + NAME), "workbook"),
        (packed(sheet=b"no XML"), "workbook"),
        (packed(book="<workbook/>"), "workbook"),
        (packed(styles=b" " * 17 * MIB), "too-large"),
        (b"PK\3\4" + bytes(100), "workbook"),
        (made([{"name": "Test"}], columns=KNOWN)[:-100], "workbook"),
        (COMPOUND, "workbook"),
        (COMPOUND + "EncryptedPackage".encode("utf-16-le"), "workbook-password"),
    ],
    ids=[
        *("entities", "entities of styles", "external entity", "entities in utf-16", "million cells"),
        *("million other elements", "rows in rows", "long row", "long tag", "far row", "rows turned", "cells turned"),
        *("cell of another row", "text that is not there", "cut", "no xml", "no sheets", "white space", "no zip"),
        *("cut zip", "old kind", "password"),
    ],
)
def test_hostile_or_broken_workbook_is_one_line(content: bytes, code: str) -> None:
    """What no spreadsheet program writes is refused before it costs memory, and never a traceback."""
    assert is_workbook(io.BytesIO(content))
    assert refused(content).code == code


def test_zip_of_something_else_is_no_workbook() -> None:
    """Another office file says how to save it; a file whose parts have a password, how to take that away."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
    assert "Excel Workbook (.xlsx)" in refused(file.getvalue()).message
    content = bytearray(packed())
    for mark, flag in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.find(mark) + flag] |= 1
    assert refused(bytes(content)).code == "workbook-password"


BOMB = r"""
import re, sys, zipfile
from pathlib import Path
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
    with archive.open("xl/worksheets/sheet1.xml", "w") as part:
        for _ in range(1024):
            part.write(bytes(1024 * 1024))
sys.argv = ["calaim", "batch", sys.argv[1], "--dry-run"]
from calaim_cli import cli
print(cli.main(), re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process is told by /proc")
def test_bomb_of_a_gibibyte_is_refused_in_little_memory(tmp_path: Path) -> None:
    """A file of a megabyte that unpacks to 1 GiB is refused by what its table of contents says."""
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(tmp_path / "bomb.xlsx")], capture_output=True, text=True, check=True
    )
    code, peak = map(int, done.stdout.split())
    assert (code, "larger than 512 MiB" in done.stderr) == (4, True)
    assert peak < 100 * 1024  # in KiB


def test_sizes_that_lie_are_no_way_around(run: Run, tmp_path: Path) -> None:
    """A part that is larger than its zip says is broken, not read on."""
    content = bytearray(packed(sheet=HEAD + NAME + " " * 5000 + TAIL))
    at = content.rfind(b"PK\1\2", 0, content.rfind(SHEET.encode()))
    content[at + 24 : at + 28] = (300).to_bytes(4, "little")
    assert refused(bytes(content)).code == "workbook"


class Failing(io.BytesIO):
    """A file on a disk that fails where its parts are."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Its first bytes and its end, and nothing of its parts."""
        if self.tell() < 300 and size != len(OLD):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().read(size)


def test_disk_that_fails_is_told() -> None:
    """A workbook that cannot be read further is not called broken."""
    with pytest.raises(CalaimError, match=r"x\.xlsx: cannot be read: Input/output error"):
        Book(Failing(SOUND), "x.xlsx", None, Expected(KNOWN))


SOUND = made([{"name": "Test", "zip": "94401"}], columns=KNOWN)


@given(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=8))
def test_any_damage_is_rows_or_an_error(at: int, noise: bytes) -> None:
    """Whatever was written over a part of the file: rows, or a told error."""
    content = SOUND[:at] + noise + SOUND[at + len(noise) :]
    try:
        found = list(read(content).rows())
    except CalaimError:
        return
    assert [one.number for one in found] == list(range(1, len(found) + 1))


def test_size_of_the_file_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file too large to be a sheet of members is not opened."""
    monkeypatch.setattr(workbook, "LARGEST", 1000)
    assert refused(SOUND).code == "too-large"


def test_look_finds_what_is_hidden_and_unsaved() -> None:
    """A saved text may be empty; a formula without any value is remembered by its cell."""
    look = Look()
    cells = '<c r="A1"><f>1</f></c><c r="B1" t="str"><f>1</f><v></v></c><c r="C1"><f>1</f><v>2</v></c>'
    look.feed(f'{HEAD}<row r="1" hidden="1">{cells}</row>{TAIL}'.encode(), last=True)
    assert (look.seen.unsaved, look.seen.hidden_rows, look.seen.last) == ({(1, 1)}, 1, 1)


def test_reader_tells_how_far_it_is() -> None:
    """Whoever waits for many rows sees them go by: the whole file was read when the last one was."""
    heard: list[int] = []
    book = Book(io.BytesIO(SOUND), "x.xlsx", None, Expected(KNOWN), watch=heard.append)
    assert (len(list(book.rows())), heard) == (1, [len(SOUND)])


def test_unsound_says_that_nothing_was_written() -> None:
    """Each refusal of a file ends by what did not happen."""
    assert unsound("x").message == "x; nothing was written"
