"""Spreadsheets: every cell is text as it came; what is not sound is refused by line, and never guessed at."""

from __future__ import annotations

import errno
import io
import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.base.errors import InputError
from calaim_cli.batch import sheet as sheets
from calaim_cli.batch.sheet import Expected, Row, Sheet, Source
from conftest import ROOT

KNOWN = {"name": "name", "zip": "zip", "date_of_birth": "date_of_birth", "notes": "notes"}


def read(content: bytes, encoding: str | None = None, *keep: str) -> Sheet:
    """The sheet of an input."""
    source = Source(io.BytesIO(content), "x.csv")
    return Sheet(source, encoding, Expected(KNOWN, lambda columns: [] if "name" in columns else ["name"], keep))


def rows(content: bytes, encoding: str | None = None) -> list[Row]:
    """All rows."""
    return list(read(content, encoding).rows())


def refused(content: bytes, encoding: str | None = None) -> InputError:
    """Why the input is refused."""
    with pytest.raises(InputError) as caught:
        rows(content, encoding)
    return caught.value


TEXT = "name,zip\r\nNúñez,02139\r\n"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), None),
        (TEXT.encode("utf-8-sig"), None),
        (TEXT.encode("utf-16"), None),
        (TEXT.encode("utf-8-sig"), "utf-16"),
        (TEXT.encode("utf-16-be").join([b"\xfe\xff", b""]), None),
        (TEXT.encode("cp1252"), "cp1252"),
        (TEXT.replace("\r\n", "\n").encode(), None),
        (TEXT.replace("\r\n", "\r").encode(), None),
        (TEXT.replace(",", ";").encode(), None),
        (TEXT.replace(",", "\t").encode(), None),
        (b"sep=;\r\n" + TEXT.replace(",", ";").encode(), None),
        (b"\r\n\r\n" + TEXT.encode(), None),
        (TEXT.replace("name", " Name ").encode(), None),
    ],
    ids=[
        "utf8",
        "bom",
        "utf16-le",
        "mark-wins-over-name",
        "utf16-be",
        "cp1252",
        "lf",
        "cr",
        "semicolon",
        "tab",
        "sep-line",
        "blank-lines-first",
        "folded-header",
    ],
)
def test_ways_to_write_the_same_sheet(content: bytes, encoding: str | None) -> None:
    """Encoding by mark or name, the three delimiters and all line ends give the same cells, zeros kept."""
    assert [one.cells for one in rows(content, encoding)] == [["Núñez", "02139"]]


@pytest.mark.parametrize(
    ("content", "code", "where"),
    [
        (b"name\r\nok\r\nN\xfa\xf1ez\r\n", "encoding", "line 3"),
        (b'name,zip\r\n"open,1\r\nmore\r\n', "quotes", "lines 2"),
        (b'name,zip\r\nok,1\r\n"a"b,1\r\n', "quotes", "line 3"),
        (b"name\r\n" + b"x" * 140_000, "cell-length", "line 2"),
        (b"", "no-header", ""),
        (b"nam,zip\r\n", "header", "column A unknown column"),
        (b"name,zip,ZIP\r\n", "header", "column C zip appears twice"),
        (b"zip\r\n1\r\n", "header", "these columns are needed: name"),
        (b"\xff\xfea", "encoding", "line 1"),
    ],
    ids=[
        "not-utf8",
        "open-quote",
        "text-after-quote",
        "long-cell",
        "empty",
        "unknown",
        "duplicate",
        "lacking",
        "half-utf16",
    ],
)
def test_unsound_input_is_refused(content: bytes, code: str, where: str) -> None:
    """Nobody guesses: the code, and the line or column, are told; never the bytes."""
    error = refused(content)
    assert error.code == code
    said = error.message + "".join(f" {one.where} {one.message}" for one in error.problems)
    assert where in said
    assert "\xfa" not in said


@pytest.mark.parametrize("encoding", ["utf-9", "base64", "hex", "rot13", "bz2", "zlib", "uu", "quopri", ""])
def test_what_is_no_text_encoding_is_refused(encoding: str) -> None:
    """A mistyped encoding, or a codec that gives no text, is told before anything is read with it."""
    assert refused(b"name\r\n", encoding).code == "encoding"


def test_rows_and_lines_are_counted() -> None:
    """Rows count without blank ones; lines are physical, also after quoted line breaks."""
    found = rows(b'name,notes\n"a","one\ntwo"\n\n,\nb,\n')
    assert [(one.number, one.line, one.cells) for one in found] == [(1, 2, ["a", "one\ntwo"]), (2, 6, ["b", ""])]


@pytest.mark.parametrize(
    ("line", "code", "where"),
    [
        (b"a,b,c", "cell-count", ""),
        (b"a,,,c", "cell-count", ""),
        (b"a,b\0", "nul", "zip"),
        ("Nu\ufffdez,1".encode(), "lost-character", "name"),
    ],
    ids=["long", "text further on", "nul", "lost character"],
)
def test_ragged_or_damaged_row_is_a_problem_of_that_row(line: bytes, code: str, where: str) -> None:
    """One bad row does not stop the others; a character that was lost on the way is never drafted."""
    first, second = rows(b"name,zip\n" + line + b"\nok,1\n")
    assert first.problem is not None
    assert (first.problem.code, first.problem.where) == (code, where)
    assert second.problem is None


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        (b"a,,", ["a", "", ""]),
        (b"a", ["a", "", ""]),
        (b"a,1,x,,, ", ["a", "1", "x", "", "", " "]),
    ],
    ids=["whole", "short", "long"],
)
def test_empty_cells_at_the_end_may_lack_or_be_too_many(line: bytes, cells: list[str]) -> None:
    """A spreadsheet leaves out empty cells at the end of a row, or adds some: that is no fault."""
    assert [(one.cells, one.problem) for one in rows(b"name,zip,notes\n" + line + b"\n")] == [(cells, None)]


def test_columns_without_name_and_text_are_ignored() -> None:
    """Columns that are empty throughout are what a spreadsheet leaves behind, however many there are."""
    found = rows(b"name,,zip, ,\na,,1,,\nb, ,2,,\n,,,,\n")
    assert [(one.cells[0], one.cells[2], one.problem) for one in found] == [("a", "1", None), ("b", "2", None)]


@pytest.mark.parametrize(("at", "letter"), [(1, "B"), (30, "AE")])
def test_text_in_a_column_without_name_is_refused_by_letter(at: int, letter: str) -> None:
    """Text that stands in no named column is never left out of a draft in silence: its row says where it stands."""
    names, cells = ["name", *[""] * 30], ["a", *[""] * 30]
    cells[at] = "canary"
    (found,) = rows("\n".join(",".join(one) for one in (names, cells)).encode())
    assert found.problem is not None
    assert (found.problem.code, found.problem.where) == ("nameless-column", f"column {letter}")
    assert "canary" not in found.problem.message


FIVE = {name: name for name in ("name", "zip", "notes", "mrn", "city")}


@pytest.mark.parametrize(
    ("cell", "lost"),
    [
        ("Call first.\nb,2,,4,Oakland\nThen write.", True),
        ("b,2,,4,Oakland", True),
        ("Call first.\nb,2,,4\nThen write.", False),
        ("One, two, three, four, five.\nSix.", True),
        ("One; two.\nThree; four; five; six; seven.", False),
    ],
    ids=["a row within", "in one line", "fewer cells", "commas", "other delimiter"],
)
def test_row_inside_a_cell_means_a_lost_quote(cell: str, lost: bool) -> None:
    """Where a cell holds a line of as many cells as the header, others' rows would go out in this one's letter."""
    content = sheets.records([FIVE, ["a", "1", f"x\n{cell}", "3", "y"]]) + "c,3,,5,Fresno\r\n"
    source = Source(io.BytesIO(content.encode()), "x.csv")
    first, second = Sheet(source, None, Expected(FIVE)).rows()
    assert ("" if first.problem is None else first.problem.code) == ("lost-quote" if lost else "")
    if first.problem:
        assert "begins in line 2" in first.problem.message
        assert "Oakland" not in first.problem.message
    assert second.problem is None


def test_title_above_the_header_is_named() -> None:
    """A sheet that begins with a title says in which line the names of the columns stand."""
    error = refused(b"Referrals of November,,,\n,,,\nname,zip,notes,date_of_birth\na,1,,\n")
    assert (error.code, "are in line 3" in error.message) == ("title-row", True)
    assert refused(b"My clinic\nname,zip\n").code == "header"


def test_header_may_lack_a_column_only_where_it_is_the_header() -> None:
    """A first row of a member whose cells look like names of columns does not make her a header."""
    assert refused(b"zip,notes,more\nname,zip,notes\n").code == "header"


def test_workbook_is_told() -> None:
    """A workbook is no CSV, and says what to do, whatever encoding was given."""
    for encoding in (None, "cp1252"):
        error = refused(b"PK\x03\x04\x14\x00rest", encoding)
        assert (error.code, "CSV UTF-8" in error.message) == ("workbook", True)


def test_unknown_column_has_two_ways_out() -> None:
    """An unknown column is taken out or passed through; none is suggested that takes its text into a letter."""
    source = Source(io.BytesIO(b"name,note\na,b\n"), "x.csv")
    with pytest.raises(InputError) as caught:
        Sheet(source, None, Expected(KNOWN, suggested=lambda column: column != "notes"))
    (problem,) = caught.value.problems
    assert (problem.where, problem.code) == ("column B", "unknown-column")
    assert "remove it" in problem.message
    assert "--keep" in problem.message
    assert "notes" not in problem.message
    assert "did you mean notes" in refused(b"name,note\n").problems[0].message


def test_kept_column_is_known_by_its_position() -> None:
    """A column to be passed through fills nothing, and is met however its name is written."""
    sheet = read(b"Client No.,name\nx,a\n", None, "client  no.")
    assert (sheet.columns, sheet.kept) == (("", "name"), (0,))


@pytest.mark.parametrize(
    "keep",
    ["zip", "Date of birth", "absent", "", "=1+1", "x" * 41, "a\nb", "Núñez"],
    ids=["form column", "folded", "absent", "nothing", "formula", "long", "two lines", "accents"],
)
def test_what_cannot_be_kept(keep: str) -> None:
    """A column of the form holds what is the member's, and a name goes into the report as it is: both are refused."""
    with pytest.raises(InputError) as caught:
        read(
            f"name,zip,date_of_birth,mine,{'' if keep == 'absent' else sheets.records([[keep]]).strip()}\n".encode(),
            None,
            keep,
        )
    assert "keep-column" in {one.code for one in caught.value.problems}


@pytest.mark.parametrize(
    ("header", "row", "wanted"),
    [
        (b"name,zip", ["a", "1"], b"name,zip,problem\r\na,1,new\r\n"),
        (b"name,zip,problem", ["a", "1", "old"], b"name,zip,problem,problem_2\r\na,1,old,new\r\n"),
        (
            b"problem,problem_2,name",
            ["mine", "old", "a"],
            b"problem,problem_2,name\r\nmine,new,a\r\n",
        ),
        (b"name,,zip", ["a", "text", "1"], b"name,,zip,problem\r\na,text,1,new\r\n"),
        (b"name,zip", ["a", "1", "more"], b"name,zip,problem\r\na,1,new,more\r\n"),
    ],
    ids=["none yet", "one", "two", "nameless", "too many cells"],
)
def test_refused_row_comes_back_with_every_cell(header: bytes, row: list[str], wanted: bytes) -> None:
    """Nothing of a refused row is lost; our column never takes the place of one that the sheet brought along."""
    sheet = read(header + b"\n")
    sheet.refused.add(sheet.with_problem(row, "new"))
    assert sheet.refused.content() == wanted
    assert not {"problem", "problem_2"} & set(sheet.columns)


class InPieces(io.BytesIO):
    """An input that gives as much as comes at once: first the byte-order mark alone."""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most three bytes at a time."""
        return super().read(min(3, 3 if size is None else size))


def test_byte_order_mark_may_come_alone() -> None:
    """What follows the mark is read, however the input comes in."""
    source = Source(InPieces(b"\xef\xbb\xbfname,zip\na,1\n"), "in.csv")
    sheet = Sheet(source, None, Expected(KNOWN))
    assert (sheet.mark, [one.cells for one in sheet.rows()]) == (True, [["a", "1"]])


SPECTRUM = sorted((ROOT / "tests" / "corpora" / "csv-spectrum").glob("*.csv"))


@pytest.mark.parametrize("path", SPECTRUM, ids=lambda path: path.stem)
def test_files_of_csv_spectrum(path: Path) -> None:
    """Public test files are read as their authors say."""
    wanted: list[dict[str, Any]] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    known = {name: name for name in wanted[0]}
    with path.open("rb") as file:
        sheet = Sheet(Source(file, path.name), None, Expected(known))
        found = list(sheet.rows())
    assert [dict(zip(sheet.columns, one.cells, strict=True)) for one in found] == wanted
    assert [one.problem for one in found] == [None] * len(wanted)


class Endless(io.BytesIO):
    """A header and rows that never end, and how much of them was taken."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        """As many bytes as are asked for."""
        begun, self.taken = self.taken, self.taken + (size or 0)
        return (b"name,zip\n" if not begun else b"") + b"a,1\n" * ((size or 0) // 4 - 3)


@pytest.mark.thorough
def test_input_without_end_is_refused_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more is read than the limit and a piece."""
    monkeypatch.setattr(sheets, "LARGEST", 2 * sheets.MIB)
    endless = Endless()
    with pytest.raises(InputError, match="larger than 2 MiB") as caught:
        list(Sheet(Source(endless, "members.csv"), None, Expected(KNOWN)).rows())
    assert caught.value.code == "too-large"
    assert endless.taken <= sheets.LARGEST + sheets.PIECE


class Broken(io.BytesIO):
    """Input that cannot be read further after its beginning."""

    begun = False

    def read(self, size: int | None = -1) -> bytes:
        """A header, and then an error of the disk."""
        if self.begun:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.begun = True
        return b"name,zip\r\n"


def test_input_that_breaks_off_is_told() -> None:
    """A disk that fails while the file is read is an error of the input; what was read so far is not taken for all."""
    with pytest.raises(InputError, match="cannot be read: Input/output error"):
        list(Sheet(Source(Broken(), "members.csv"), None, Expected(KNOWN)).rows())


DAMAGED = TEXT.encode()


@given(st.binary(max_size=60), st.integers(0, len(DAMAGED)))
def test_any_bytes_are_rows_or_an_error(noise: bytes, at: int) -> None:
    """Whatever is in the file, the answer is rows whose cells fit the header or are a problem, or a told error."""
    try:
        found = rows(DAMAGED[:at] + noise + DAMAGED[at:])
    except InputError:
        return
    assert all(one.problem is not None or not "".join(one.cells[2:]).strip() for one in found)
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert all(before.line < after.line for before, after in pairwise(found))


@pytest.mark.parametrize("size", range(2, 40, 3))
def test_bad_bytes_are_told_by_line_wherever_the_pieces_end(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """The line of bytes that are not in the encoding does not depend on the pieces in which the file is read."""
    monkeypatch.setattr(sheets, "PIECE", size)
    error = refused(b"name,zip\r\n" + b"An\xc3\xa4,00001\r\n" * 30 + b"N\xfa\xf1ez,1\r\n" + b"b,2\r\n" * 9)
    assert "line 32:" in error.message
