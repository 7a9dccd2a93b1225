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

from calaim_cli import spreadsheet
from calaim_cli.errors import InputError
from calaim_cli.spreadsheet import Row, Sheet
from conftest import ROOT

KNOWN = {"name": "name", "zip": "zip", "date_of_birth": "date_of_birth", "notes": "notes"}


def read(content: bytes, encoding: str | None = None) -> Sheet:
    """The sheet of an input."""
    kept = spreadsheet.snapshot(io.BytesIO(content), "x.csv", encoding, spreadsheet.memory)
    return spreadsheet.read_header(kept, KNOWN, lambda columns: [] if "name" in columns else ["name"])


def rows(content: bytes, encoding: str | None = None) -> list[Row]:
    """All rows."""
    sheet = read(content, encoding)
    return list(spreadsheet.rows(sheet, spreadsheet.whole(sheet)))


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
        (b"nam,zip\r\n", "header", "name"),
        (b"name,zip,ZIP\r\n", "header", "zip stands twice"),
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


def test_unknown_encoding_is_refused() -> None:
    """A mistyped encoding is told."""
    assert refused(b"name\r\n", "utf-9").code == "encoding"


def test_rows_and_lines_are_counted() -> None:
    """Rows count without blank ones; lines are physical, also after quoted line breaks."""
    found = rows(b'name,notes\n"a","one\ntwo"\n\n,\nb,\n')
    assert [(one.number, one.line, one.cells) for one in found] == [(1, 2, ["a", "one\ntwo"]), (2, 6, ["b", ""])]


@pytest.mark.parametrize(
    ("line", "code"), [(b"a", "cell-count"), (b"a,b,c", "cell-count"), (b"a,b\0", "nul")], ids=["short", "long", "nul"]
)
def test_ragged_or_damaged_row_is_a_problem_of_that_row(line: bytes, code: str) -> None:
    """One bad row does not stop the others."""
    first, second = rows(b"name,zip\n" + line + b"\nok,1\n")
    assert first.problem is not None
    assert first.problem.code == code
    assert second.problem is None


def test_problem_column_is_left_out_when_read_back() -> None:
    """Rejects feed back in with their problem column, and come out with only the new one."""
    sheet = read(b"name,zip,problem\na,1,old\n")
    assert sheet.columns == ("name", "zip", "")
    assert spreadsheet.rejects_header(sheet) == b"name,zip,problem,problem\r\n".replace(
        b",problem,problem", b",problem"
    )
    assert spreadsheet.reject_writer(sheet)(["a", "1", "old"], "new") == b"a,1,new\r\n"


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=40), st.integers(1, 4))
def test_parts_hold_the_same_rows_as_the_whole(table: list[list[str]], workers: int) -> None:
    """Where a part begins at the row it is said to begin at, the parts together are the sheet, rows and lines."""
    content = b"name,zip\r\n" + "".join(map(spreadsheet.record, table)).encode()
    sheet = read(content)
    whole = list(spreadsheet.rows(sheet, spreadsheet.whole(sheet)))
    assert [one.cells for one in whole] == [one for one in table if "".join(one).strip()]
    guess = spreadsheet.estimate(sheet, workers)
    if guess.rows == len(whole):
        parts = [list(spreadsheet.rows(sheet, part)) for part in guess.parts]
        begins = [sum(map(len, parts[:n])) for n in range(len(parts))]
        if [part.rows for part in guess.parts] == begins:
            assert [(one.number, one.cells) for part in parts for one in part] == [
                (one.number, one.cells) for one in whole
            ]


def test_estimate_is_exact_for_usual_sheets() -> None:
    """Quoted line breaks and blank lines, also of delimiters only, are counted as they should be."""
    content = b"name,notes\r\n" + b'a,"x\r\ny"\r\n\r\n,\r\nb,c\r\n' * 500 + b"last,one"
    for workers in (1, 2, 3):
        guess = spreadsheet.estimate(read(content), workers)
        assert guess.rows == 1001
        assert len(guess.parts) == workers


@pytest.mark.parametrize(("end", "rows"), [(b"", 120_000), (b"last,one", 120_001), (b'b,"x\ny"\r\n', 120_002)])
def test_estimate_of_a_large_sheet_looks_at_its_beginning(end: bytes, rows: int) -> None:
    """Where a line is a row, lines are counted; only a break in quotes further on makes the guess too high."""
    sheet = read(b"sep=,\nname,notes\r\n" + b"a,something\r\n" * 120_000 + end)
    assert spreadsheet.estimate(sheet, 1) == (rows, (spreadsheet.whole(sheet),))


class InPieces(io.BytesIO):
    """An input that gives as much as comes at once: first the byte-order mark alone."""

    def read(self, size: int | None = -1, /) -> bytes:
        """At most three bytes at a time."""
        return super().read(min(3, 3 if size is None else size))


def test_byte_order_mark_may_come_alone() -> None:
    """What follows the mark is read, however the input comes in."""
    kept = spreadsheet.snapshot(InPieces(b"\xef\xbb\xbfname,zip\na,1\n"), "in.csv", None, spreadsheet.memory)
    assert (kept.read_at(0, kept.size), kept.mark, kept.lines) == (b"name,zip\na,1\n", True, 2)


@pytest.mark.parametrize("ends", [b"\r", b"\r\r\r"])
def test_estimate_is_never_less_than_nothing(ends: bytes) -> None:
    """Lines that end in a way that is not counted give a low guess, which the reading of the rows corrects."""
    guess = spreadsheet.estimate(read(ends * 9 + b"name,zip" + ends + b"a,1" + ends + b"b,2"), 1)
    assert guess.rows >= 0


def test_parts_of_a_large_sheet_begin_where_they_say() -> None:
    """What comes after the last cut is only counted by its lines; the parts before it are still exact."""
    sheet = read(b"name,notes\n" + b"a,something\r\n" * 120_000 + b'b,"x\ny"\r\n' * 40_000)
    guess = spreadsheet.estimate(sheet, 2)
    firsts = [next(spreadsheet.rows(sheet, part)) for part in guess.parts]
    assert [(one.number, one.line) for one in firsts] == [(1, 2), (guess.parts[1].rows + 1, guess.parts[1].lines + 1)]
    before = sum(1 for _ in spreadsheet.rows(sheet, guess.parts[0]))
    assert before == guess.parts[1].rows
    assert guess.rows == 200_000


SPECTRUM = sorted((ROOT / "tests" / "corpora" / "csv-spectrum").glob("*.csv"))


@pytest.mark.parametrize("path", SPECTRUM, ids=lambda path: path.stem)
def test_files_of_csv_spectrum(path: Path) -> None:
    """Public test files are read as their authors say."""
    wanted: list[dict[str, Any]] = json.loads(path.with_suffix(".json").read_text("utf-8"))
    known = {name: name for name in wanted[0]}
    with path.open("rb") as file:
        kept = spreadsheet.snapshot(file, path.name, None, spreadsheet.memory)
    sheet = spreadsheet.read_header(kept, known, lambda _: ())
    found = list(spreadsheet.rows(sheet, spreadsheet.whole(sheet)))
    assert [dict(zip(sheet.columns, one.cells, strict=True)) for one in found] == wanted
    assert [one.problem for one in found] == [None] * len(wanted)


class Endless(io.BytesIO):
    """Input that never ends, and how much of it was taken."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        """As many NULs as are asked for."""
        self.taken += size or 0
        return bytes(size or 0)


def test_input_without_end_is_refused_at_the_limit() -> None:
    """No more is read than the limit and a piece, and nothing is kept for longer than whoever keeps it wants."""
    source = Endless()

    def forget(pieces: Any) -> spreadsheet.Snapshot:  # noqa: ANN401 an iterable of bytes
        return spreadsheet.in_file(-1, sum(map(len, pieces)))

    with pytest.raises(InputError, match="larger than 512 MiB") as caught:
        spreadsheet.snapshot(source, "members.csv", None, forget)
    assert caught.value.code == "too-large"
    assert source.taken <= spreadsheet.LARGEST + spreadsheet.CHUNK


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
        spreadsheet.snapshot(Broken(), "members.csv", None, spreadsheet.memory)


DAMAGED = TEXT.encode()


@given(st.binary(max_size=60), st.integers(0, len(DAMAGED)))
def test_any_bytes_are_rows_or_an_error(noise: bytes, at: int) -> None:
    """Whatever is in the file, the answer is rows whose cells fit the header or are a problem, or a told error."""
    try:
        found = rows(DAMAGED[:at] + noise + DAMAGED[at:])
    except InputError:
        return
    assert all(one.problem is not None or len(one.cells) == 2 for one in found)
    assert [one.number for one in found] == list(range(1, len(found) + 1))
    assert all(before.line < after.line for before, after in pairwise(found))


def test_line_end_across_two_pieces_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are counted alike wherever the pieces in which a file is read happen to end."""
    content = b"name,zip\r\n" + b"".join(b"Ana,%05d\r\n" % n for n in range(90))
    wanted = [part.lines for part in spreadsheet.estimate(read(content), 3).parts]
    for size in range(2, 40):
        monkeypatch.setattr(spreadsheet, "CHUNK", size)
        parts = spreadsheet.estimate(read(content), 3).parts
        assert [part.lines for part in parts] == [1 + part.rows for part in parts]
    assert wanted[0] == 1
