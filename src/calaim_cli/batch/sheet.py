"""Sheets saved as CSV, in and out. The only importer of `csv`; a cell is text and stays as it came."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import BinaryIO, Final, NamedTuple

from calaim_cli.base.errors import InputError, Problem
from calaim_cli.base.wording import did_you_mean, plain
from calaim_cli.case.form import BY_KEY, MAY_BE_NONE

MIB: Final = 1024 * 1024
LARGEST: Final = 512 * MIB
LONGEST_LINE: Final = 16 * MIB
PIECE: Final = 64 * 1024
HEADER_WITHIN: Final = 64 * 1024
DELIMITERS: Final = (",", ";", "\t")
# Exit code when some rows were drafted, or decided, and others refused.
LEFT_OUT: Final = 3
# The column that rejects.csv adds, and its name where the sheet has one of its own; read back, both are left out.
PROBLEM, SECOND_PROBLEM = "problem", "problem_2"
BOM: Final = "\ufeff"
UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A file of Excel is a zip; an old one, or one with a password, a compound file ([MS-CFB] 2.2).
WORKBOOK: Final = b"PK\3\4"
COMPOUND: Final = bytes.fromhex("d0cf11e0a1b11ae1")
REJECTS, REJECTS_BOOK = "rejects.csv", "rejects.xlsx"
DAMAGE: Final = {
    "\0": ("nul", "a NUL character: the file is damaged here; type the cell again"),
    "\ufffd": ("lost-character", "a character was garbled (it shows as a question mark); type the cell again"),
}
# In a narrower sheet a sentence with commas has as many cells as a row.
FEWEST_CELLS: Final = 5
# The header is looked for below a title in so many records, and known by so many names.
TITLE_WITHIN, FEWEST_KNOWN = 10, 3
# Excel writes the line `sep=;` for itself, before anything else.
BEFORE_HEADER: Final = re.compile(r"\A(?:sep=[^\r\n]*(?:[\r\n]+|\Z))?(?:\s*(?:[\r\n]|\Z))?", re.IGNORECASE)
KEPT_NAME: Final = re.compile(r"[A-Za-z0-9 ._-]{1,40}")

Watch = Callable[[int], object]
"""Hears how many bytes of an input were read."""


class Source(io.BufferedIOBase):
    """An input as it is read, piece by piece, up to the largest size."""

    def __init__(self, file: BinaryIO, name: str, watch: Watch = lambda _: None) -> None:
        self._file, self.name, self._watch = file, name, watch
        self.size = self._lines = self._line = 0
        self._piece = b""
        self.first: bytes | None = self._read()

    def _read(self) -> bytes:
        self._lines += self._piece.count(b"\n")
        try:
            self._piece = self._file.read(PIECE)
        except OSError as error:
            raise InputError(f"{self.name}: cannot be read: {error.strerror}") from None
        self.size += len(self._piece)
        if self.size > LARGEST:
            raise InputError(f"{self.name}: larger than {LARGEST // MIB} MiB; split it", code="too-large")
        # A line is held whole before its cells are told apart: one that never ends would take all the memory.
        ended = max(self._piece.rfind(b"\n"), self._piece.rfind(b"\r")) + 1
        self._line = len(self._piece) - ended + (0 if ended else self._line)
        if self._line > LONGEST_LINE:
            words = f"a line of more than {LONGEST_LINE // MIB} MiB; is it a CSV file?"
            raise InputError(f"{self.name}: {words}", code="too-large")
        self._watch(self.size)
        return self._piece

    def readable(self) -> bool:
        return True

    def read1(self, _: int = -1, /) -> bytes:
        first, self.first = self.first, None
        return self._read() if first is None else first

    def undecodable(self, error: UnicodeDecodeError, codec: str) -> InputError:
        """What to say of the piece that was read last, which is not in the encoding."""
        line = self._lines + error.object.count(b"\n", 0, error.start) + 1
        guessed = codec in {"utf-8-sig", "utf-16"}
        advice = "not UTF-8: in Excel save as 'CSV UTF-8', or give --encoding cp1252" if guessed else f"not {codec}"
        return InputError(f"{self.name}: line {line}: {advice}", code="encoding")


class Row(NamedTuple):
    """One data row: its number from 1, its first physical line, its cells as they came, and what is wrong with them.

    `doubts` are what to look at again in a row that is sound.
    """

    number: int
    line: int
    cells: list[str]
    problem: Problem | None
    doubts: tuple[Problem, ...] = ()


def is_workbook(file: BinaryIO) -> bool:
    """Whether what is read next is a workbook, by its first bytes; a pipe cannot be one."""
    if not file.seekable():
        return False
    at = file.tell()
    first = file.read(len(COMPOUND))
    file.seek(at)
    return first.startswith((WORKBOOK, COMPOUND))


class Expected(NamedTuple):
    """What a header is read by. `known`: each accepted name, folded, with its column.

    `lacking` gives what a header with some columns lacks, `keep` names own columns that pass through, `suggested` tells
    of which columns an unknown one may be meant. `others`: columns that are not known pass.
    """

    known: Mapping[str, str]
    lacking: Callable[[frozenset[str]], Sequence[str]] = lambda _: ()
    keep: Sequence[str] = ()
    suggested: Callable[[str], bool] = lambda _: True
    others: bool = False


class Header:
    """A header that was understood, among the first records of a table, and what holds of any row below it.

    `columns` has one name per cell, "" for one that is left out: nameless, kept as it is, or added to refused rows.
    `kept` are the positions of the columns that pass through to the report; `notes` what to know of the whole table.
    """

    rejects, shows_cells = REJECTS, False
    notes: tuple[Problem, ...] = ()

    def __init__(self, name: str, top: Mapping[int, Sequence[str]], expected: Expected) -> None:
        """Read the header, the first of the records, each by its line. Raises InputError with every problem."""
        self.typed = tuple(next(iter(top.values()), ()))
        if not self.typed:
            raise InputError(f"{name}: no header line; 'calaim batch --template' prints one", code="no-header")
        known, keep = expected.known, [*map(fold, expected.keep)]
        self.names, left_out = [fold(cell) for cell in self.typed], {"", PROBLEM, SECOND_PROBLEM, *keep}
        self.columns = tuple("" if one in left_out else known.get(one, one) for one in self.names)
        problems = [*self._wrong_names(expected)]
        best = max(top, key=lambda line: _met(top[line], known))
        enough = max(FEWEST_KNOWN, 2 * _met(self.typed, known) + 1)
        if (problems or expected.others) and _met(top[best], known) >= enough:
            words = f"the column names are in line {best}, not in the first; remove what is above"
            raise InputError(f"{name}: {words}", code="title-row")
        if lacking := expected.lacking(frozenset(self.columns)):
            problems.append(_lacking(lacking))
        if problems:
            words = f"{name}: the header line has errors; nothing was written"
            raise InputError(words, tuple(problems), code="header")
        self._nameless = [n for n, cell in enumerate(self.typed) if not cell.strip()]
        self.kept = tuple(map(self.names.index, keep))

    def _wrong_names(self, expected: Expected) -> Iterator[Problem]:
        """A problem for each column that is not known or there twice, and each that cannot pass through."""
        for at, column in enumerate(self.columns):
            where = f"column {letter(at + 1)}"
            if column and self.names[at] not in expected.known:
                if not expected.others:
                    near = did_you_mean(self.typed[at], filter(expected.suggested, expected.known.values()))
                    ways = f"{near} If not, " if near else ""
                    ways += "remove it, or pass it through to the report with --keep 'NAME'"
                    yield Problem(where, "unknown-column", f"unknown column; {ways}")
            elif column and column in self.columns[:at]:
                yield Problem(where, "duplicate-column", f"{column} appears twice; remove one")
        for name in expected.keep:
            if fold(name) in expected.known or not KEPT_NAME.fullmatch(name):
                # What the form asks for is the member's.
                words = "must be a column of your own with a plain name; a report may say nothing about the member"
                yield Problem("--keep", "keep-column", words)
            elif fold(name) not in self.names:
                yield Problem("--keep", "keep-column", "the sheet has no such column; check the name")

    def damaged(self, cells: Sequence[str], joined: str) -> Problem | None:
        """A character that tells of damage in a cell, or text in a column without a name."""
        for mark, (code, words) in DAMAGE.items():
            if mark in joined:
                at = next(n for n, cell in enumerate(cells) if mark in cell)
                return Problem(self.columns[at] or f"column {letter(at + 1)}", code, words)
        return next((self.nameless(n) for n in self._nameless if cells[n].strip()), None)

    @staticmethod
    def nameless(at: int) -> Problem:
        """What to say of text in a column without a name."""
        words = "has text but no column name; name the column, or empty it"
        return Problem(f"column {letter(at + 1)}", "nameless-column", words)

    def place(self, number: int, line: int, column: str) -> str:
        """Where a problem is: the line, the row, and the column, as far as it is one of a column."""
        at = self.columns.index(column) if column and column in self.columns else None
        cell = "" if at is None or not self.shows_cells else f", cell {letter(at + 1)}{line}"
        of = f", column {column}".replace("column column", "column") if column else ""
        return f"line {line} (row {number}){cell}{of}"

    def with_problem(self, cells: Sequence[str], problem: str) -> list[str]:
        """A refused row as it came, with the problem.

        The problem goes into a column of ours, which never takes the place of one that the sheet brought along.
        """
        at = self.names.index(SECOND_PROBLEM) if SECOND_PROBLEM in self.names else len(self.names)
        return [*cells[:at], problem, *cells[at + (at < len(self.names)) :]]

    @property
    def with_ours(self) -> list[str]:
        """The header of the refused rows."""
        return self.with_problem(self.typed, SECOND_PROBLEM if PROBLEM in self.names else PROBLEM)


class Sheet(Header):
    """A CSV: its header, and the rows below it, to be read once.

    `refused` takes the rows that cannot be drafted, in the delimiter, encoding and mark of the input.
    """

    def __init__(self, source: Source, encoding: str | None, expected: Expected) -> None:
        """Read the header, under the delimiter by which it has most known names, as a header of any table."""
        first, self.source = source.first or b"", source
        self.mark, self.encoding = first.startswith((codecs.BOM_UTF8, *UTF16_MARKS)), _codec(encoding, first)
        text = io.TextIOWrapper(source, self.encoding, newline="")
        try:
            head = text.read(HEADER_WITHIN)
            head = (head + text.readline()).removeprefix(BOM)
        except UnicodeDecodeError as error:
            raise source.undecodable(error, self.encoding) from None
        below = BEFORE_HEADER.sub("", head, count=1)
        self._above, self._lines = _line_ends(head.removesuffix(below)), chain(io.StringIO(below, newline=""), text)
        top, self.delimiter = max(
            ((_records(below, delimiter), delimiter) for delimiter in DELIMITERS),
            key=lambda one: _met(one[0][0], expected.known),
        )
        lines = {self._above + n: record for n, record in enumerate(top, 1)}
        super().__init__(source.name, lines, expected)
        codec = "utf-8" if self.encoding in {"utf-8-sig", "utf-16"} else self.encoding
        self.refused = Lines(self.with_ours, self.delimiter, codec, BOM.encode() if self.mark else b"")

    def rows(self) -> Iterator[Row]:
        """The rows; blank ones are left out and not counted.

        Raises InputError where the quoting is broken, for from there on nobody can tell the rows apart, and where bytes
        are not in the encoding.
        """
        reader = csv.reader(self._lines, delimiter=self.delimiter, strict=True)
        next(reader)
        number, width, line = 0, len(self.columns), self._above + reader.line_num + 1
        try:
            for cells in reader:
                joined = "".join(cells)
                if joined and not joined.isspace():
                    number += 1
                    cells.extend([""] * (width - len(cells)))  # a spreadsheet leaves out empty cells at the end
                    yield Row(number, line, cells, self._unsound(cells, joined, line))
                line = self._above + reader.line_num + 1
        except csv.Error as error:
            what, code = "a quoted cell has no closing quote, or has text after it; fix the quotes", "quotes"
            if "limit" in str(error):  # of the csv module, which has no other name for it
                what, code = "a cell of more than 131,072 characters: is a quote missing?", "cell-length"
            last = self._above + reader.line_num
            problem = Problem(f"line {line}" if last <= line else f"lines {line} to {last}", code, what)
            words = f"{self.source.name}: not a valid CSV file; nothing was written"
            raise InputError(words, (problem,), code=code) from None
        except UnicodeDecodeError as error:
            raise self.source.undecodable(error, self.encoding) from None

    def _unsound(self, cells: Sequence[str], joined: str, line: int) -> Problem | None:
        """What is wrong with the row whatever its columns mean."""
        width = len(self.columns)
        if len(cells) > width and "".join(cells[width:]).strip():
            return Problem("", "cell-count", f"{len(cells)} cells, but the header has {width}")
        if damage := self.damaged(cells, joined):
            return damage
        for cell in cells if width >= FEWEST_CELLS and ("\n" in joined or "\r" in joined) else ():
            for inside in cell.splitlines() if cell.count(self.delimiter) >= width - 1 else ():
                if len(next(csv.reader([inside], delimiter=self.delimiter), ())) == width:
                    # The closing quote of a row was lost, and others follow within its cell.
                    words = f"a cell that begins in line {line} holds a whole row; add the missing closing quote"
                    return Problem("", "lost-quote", words)
            line += _line_ends(cell)
        return None


class Lines:
    """A CSV file, made row by row in an encoding; `begun` is its header line, by which it is known."""

    def __init__(self, header: Sequence[str], delimiter: str, codec: str, mark: bytes) -> None:
        self._file, self._delimiter, self._codec = io.BytesIO(), delimiter, codec
        self._file.write(mark)
        self.add(header)
        self.begun = self._file.getvalue()

    def add(self, cells: Iterable[str]) -> None:
        """Put a row below those that are there."""
        self._file.write(records([cells], self._delimiter).encode(self._codec, "replace"))

    def content(self) -> bytes:
        """The whole file."""
        return self._file.getvalue()


def _codec(encoding: str | None, first: bytes) -> str:
    if first.startswith(WORKBOOK):
        words = "this is a workbook: give its name, not its content; or save it in Excel as 'CSV UTF-8'"
        raise InputError(words, code="workbook")
    if encoding is None:
        return "utf-16" if first.startswith(UTF16_MARKS) else "utf-8-sig"
    try:
        "x".encode(encoding)  # codecs that give no text are looked up without complaint
    except LookupError:
        words = "--encoding: no such text encoding; give a name such as utf-8, cp1252 or utf-16"
        raise InputError(words, code="encoding") from None
    # The refused rows of a UTF-16 sheet come back as UTF-8 with its mark: the same command line has to read them.
    return "utf-8-sig" if first.startswith(codecs.BOM_UTF8) else codecs.lookup(encoding).name


def fold(header: str) -> str:
    """How column names are compared: case, blanks and hyphens do not matter."""
    return "_".join(plain(header).casefold().replace("-", " ").replace("_", " ").split())


def _met(cells: Iterable[str], known: Mapping[str, str]) -> int:
    return sum(fold(cell) in known for cell in cells)


def _records(text: str, delimiter: str) -> list[list[str]]:
    """The first records, to the one that is not sound; one without cells where that is the first."""
    found: list[list[str]] = []
    with suppress(csv.Error):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        found.extend(islice(reader, TITLE_WITHIN))
    return found or [[]]


def letter(number: int) -> str:
    """The letter that a spreadsheet shows above a column: A for 1, AA for 27."""
    before, last = divmod(number - 1, 26)
    return (letter(before) if before else "") + chr(ord("A") + last)


def _lacking(columns: Sequence[str]) -> Problem:
    mine = any(column.startswith("referrer_") for column in columns)
    hint = "; 'calaim profile edit' saves the referrer's for all sheets" if mine else ""
    if {BY_KEY[key].column for key in MAY_BE_NONE}.intersection(columns):
        hint += "; for a member who has none, write none, and say in reach_through how to reach the member"
    return Problem("header", "missing-column", f"these columns are needed: {', '.join(columns)}{hint}")


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def records(rows: Iterable[Iterable[object]], delimiter: str = ",") -> str:
    """Lines of a CSV file, each with CRLF."""
    lines = io.StringIO(newline="")
    csv.writer(lines, delimiter=delimiter).writerows(rows)
    return lines.getvalue()


def template(columns: Iterable[str]) -> str:
    """The header line alone, with a byte-order mark, so that a spreadsheet program opens it as UTF-8."""
    return BOM + records([columns])
