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

from msgspec import Struct

from calaim_cli.base.errors import InputError, Problem
from calaim_cli.base.wording import did_you_mean

MIB: Final = 1024 * 1024
LARGEST: Final = 512 * MIB
PIECE: Final = 64 * 1024
HEADER_WITHIN: Final = 64 * 1024
DELIMITERS: Final = (",", ";", "\t")
# The column that rejects.csv adds, and its name where the sheet has one of its own; read back, both are left out.
PROBLEM, SECOND_PROBLEM = "problem", "problem_2"
BOM: Final = "\ufeff"
UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# A file of Excel is a zip.
WORKBOOK: Final = b"PK\3\4"
DAMAGE: Final = {
    "\0": ("nul", "a NUL character: the file is damaged here; type the cell again"),
    "\ufffd": ("lost-character", "a character was lost on the way (it shows as a question mark); type the cell again"),
}
# In a narrower sheet a sentence with commas has as many cells as a row.
FEWEST_CELLS: Final = 5
# The header is looked for below a title in so many records, and known by so many names.
TITLE_WITHIN, FEWEST_KNOWN = 10, 3
# Excel writes the line `sep=;` for itself, before anything else.
BEFORE_HEADER: Final = re.compile(r"\A(?:sep=[^\r\n]*(?:[\r\n]+|\Z))?(?:\s*(?:[\r\n]|\Z))?", re.IGNORECASE)
KEPT_NAME: Final = re.compile(r"[A-Za-z0-9 ._-]{1,40}")


class Source(io.BufferedIOBase):
    """An input as it is read, piece by piece, up to the largest size; `watch` hears how many bytes there were."""

    def __init__(self, file: BinaryIO, name: str, watch: Callable[[int], object] = lambda _: None) -> None:
        self._file, self.name, self._watch = file, name, watch
        self.size = self._lines = 0
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
        self._watch(self.size)
        return self._piece

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if self.name != "-":
            self._file.close()
        super().close()

    def read1(self, _: int = -1, /) -> bytes:
        first, self.first = self.first, None
        return self._read() if first is None else first

    def undecodable(self, error: UnicodeDecodeError, codec: str) -> InputError:
        """What to say of the piece that was read last, which is not in the encoding."""
        line = self._lines + error.object.count(b"\n", 0, error.start) + 1
        guessed = codec in {"utf-8-sig", "utf-16"}
        advice = "not UTF-8: in Excel save as 'CSV UTF-8', or give --encoding cp1252" if guessed else f"not {codec}"
        return InputError(f"{self.name}: line {line}: {advice}", code="encoding")


class Sheet(Struct, frozen=True):
    """A header that was understood, and the lines from it on, to be read once.

    `columns` has one name per cell, "" for one that is left out: nameless, kept as it is, or added by rejects.csv.
    `kept` are the positions of the columns that pass through to the report; `above` counts the lines over the header.
    """

    source: Source
    lines: Iterator[str]
    delimiter: str
    columns: tuple[str, ...]
    typed: tuple[str, ...]
    kept: tuple[int, ...]
    encoding: str
    mark: bool
    above: int


class Row(NamedTuple):
    """One data row: its number from 1, its first physical line, its cells as they came, and what is wrong with them."""

    number: int
    line: int
    cells: list[str]
    problem: Problem | None


def read_sheet(
    source: Source,
    encoding: str | None,
    known: Mapping[str, str],
    required: Callable[[frozenset[str]], Sequence[str]],
    keep: Sequence[str] = (),
    suggested: Callable[[str], bool] = lambda _: True,
) -> Sheet:
    """The sheet of an input. `known` maps each accepted header, folded, to its column; `required` gives what lacks.

    The delimiter is the one under which the header has most known names. Raises InputError with every problem.
    """
    first = source.first or b""
    codec, mark = _codec(encoding, first), first.startswith((codecs.BOM_UTF8, *UTF16_MARKS))
    text = io.TextIOWrapper(source, codec, newline="")
    try:
        head = text.read(HEADER_WITHIN)
        head = (head + text.readline()).removeprefix(BOM)
    except UnicodeDecodeError as error:
        raise source.undecodable(error, codec) from None
    below = BEFORE_HEADER.sub("", head, count=1)
    above = _line_ends(head.removesuffix(below))
    records, delimiter = max(
        ((_records(below, delimiter), delimiter) for delimiter in DELIMITERS), key=lambda one: _met(one[0][0], known)
    )
    if not (typed := records[0]):
        raise InputError(f"{source.name}: no header line; 'calaim batch --template' prints one", code="no-header")
    names, left_out = [fold(cell) for cell in typed], {"", PROBLEM, SECOND_PROBLEM, *map(fold, keep)}
    columns = tuple("" if name in left_out else known.get(name, name) for name in names)
    problems = (*_wrong_names(typed, columns, known, suggested), *_not_kept(keep, names, known))
    best = max(range(len(records)), key=lambda n: _met(records[n], known))
    if problems and _met(records[best], known) >= max(FEWEST_KNOWN, 2 * _met(typed, known) + 1):
        words = f"the column names are in line {above + best + 1}, not in the first; remove what is above"
        raise InputError(f"{source.name}: {words}", code="title-row")
    if problems := (*problems, *_lacking(required(frozenset(columns)))):
        raise InputError(f"{source.name}: the header line does not fit; nothing was written", problems, code="header")
    lines = chain(io.StringIO(below, newline=""), text)
    kept = tuple(names.index(fold(name)) for name in keep)
    return Sheet(source, lines, delimiter, columns, tuple(typed), kept, codec, mark, above)


def _codec(encoding: str | None, first: bytes) -> str:
    if first.startswith(WORKBOOK):
        raise InputError("this is a workbook, not a CSV; in Excel save it as 'CSV UTF-8'", code="workbook")
    if encoding is None:
        return "utf-16" if first.startswith(UTF16_MARKS) else "utf-8-sig"
    try:
        found = codecs.lookup(encoding)
    except LookupError:
        found = None
    if found is None or not found._is_text_encoding:  # noqa: SLF001 nothing public tells
        words = "--encoding: no such text encoding; give a name such as utf-8, cp1252 or utf-16"
        raise InputError(words, code="encoding")
    # The refused rows of a UTF-16 sheet come back as UTF-8 with its mark: the same command line has to read them.
    return "utf-8-sig" if first.startswith(codecs.BOM_UTF8) else found.name


def fold(header: str) -> str:
    """How column names are compared: case, blanks and hyphens do not matter."""
    return "_".join(header.casefold().replace("-", " ").replace("_", " ").split())


def _met(cells: Iterable[str], known: Mapping[str, str]) -> int:
    return sum(fold(cell) in known for cell in cells)


def _records(text: str, delimiter: str) -> list[list[str]]:
    """The first records, to the one that is not sound; one without cells where that is the first."""
    found: list[list[str]] = []
    with suppress(csv.Error):
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        found.extend(islice(reader, TITLE_WITHIN))
    return found or [[]]


def _wrong_names(
    typed: Sequence[str], columns: Sequence[str], known: Mapping[str, str], suggested: Callable[[str], bool]
) -> Iterator[Problem]:
    for number, (cell, column) in enumerate(zip(typed, columns, strict=True), 1):
        where = f"column {letter(number)}"
        if column and fold(cell) not in known:
            near = did_you_mean(cell, filter(suggested, known.values()))
            ways = "remove it, or pass it through to the report with --keep 'NAME'"
            yield Problem(where, "unknown-column", f"unknown column; {f'{near} If not, ' if near else ''}{ways}")
        elif column and column in columns[: number - 1]:
            yield Problem(where, "duplicate-column", f"{column} appears twice; remove one")


def letter(number: int) -> str:
    """The letter that a spreadsheet shows above a column: A for 1, AA for 27."""
    before, last = divmod(number - 1, 26)
    return (letter(before) if before else "") + chr(ord("A") + last)


def _not_kept(keep: Iterable[str], names: Sequence[str], known: Mapping[str, str]) -> Iterator[Problem]:
    """What cannot pass through: a column that is not there, or that is the form's and holds what is the member's."""
    for name in keep:
        if fold(name) in known or not KEPT_NAME.fullmatch(name):
            words = "is not a column of your own with a plain name; a report may hold nothing about the member"
            yield Problem("--keep", "keep-column", words)
        elif fold(name) not in names:
            yield Problem("--keep", "keep-column", "the sheet has no such column; check the name")


def _lacking(columns: Sequence[str]) -> Iterator[Problem]:
    if columns:
        mine = any(column.startswith("referrer_") for column in columns)
        hint = "; 'calaim profile edit' keeps those of the referrer once for all" if mine else ""
        yield Problem("header", "missing-column", f"these columns are needed: {', '.join(columns)}{hint}")


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def rows(sheet: Sheet) -> Iterator[Row]:
    """The rows; blank ones are left out and not counted.

    Raises InputError where the quoting is broken, for from there on nobody can tell the rows apart, and where bytes are
    not in the encoding.
    """
    reader = csv.reader(sheet.lines, delimiter=sheet.delimiter, strict=True)
    next(reader)
    number, width, line = 0, len(sheet.columns), sheet.above + reader.line_num + 1
    nameless = [n for n, name in enumerate(sheet.typed) if not name.strip()]
    try:
        for cells in reader:
            joined = "".join(cells)
            if joined and not joined.isspace():
                number += 1
                cells.extend([""] * (width - len(cells)))  # a spreadsheet leaves out empty cells at the end
                yield Row(number, line, cells, _unsound(cells, joined, sheet, nameless, line))
            line = sheet.above + reader.line_num + 1
    except csv.Error as error:
        raise _broken(error, sheet, line, sheet.above + reader.line_num) from None
    except UnicodeDecodeError as error:
        raise sheet.source.undecodable(error, sheet.encoding) from None


def _unsound(cells: Sequence[str], joined: str, sheet: Sheet, nameless: Sequence[int], line: int) -> Problem | None:
    """What is wrong with the row whatever its columns mean."""
    width = len(sheet.columns)
    if len(cells) > width and "".join(cells[width:]).strip():
        return Problem("", "cell-count", f"{len(cells)} cells where the header has {width}")
    for mark, (code, words) in DAMAGE.items():
        if mark in joined:
            at = next(n for n, cell in enumerate(cells) if mark in cell)
            return Problem(sheet.columns[at] or f"column {letter(at + 1)}", code, words)
    for n in nameless:
        if cells[n].strip():
            words = "has text but no name; name or empty the column"
            return Problem(f"column {letter(n + 1)}", "nameless-column", words)
    return _row_inside(cells, sheet, line) if "\n" in joined or "\r" in joined else None


def _row_inside(cells: Sequence[str], sheet: Sheet, line: int) -> Problem | None:
    """A problem where a cell holds what looks like another row: its closing quote was lost, and others follow."""
    width = len(sheet.columns)
    for cell in cells if width >= FEWEST_CELLS else ():
        for inside in cell.splitlines() if cell.count(sheet.delimiter) >= width - 1 else ():
            if len(next(csv.reader([inside], delimiter=sheet.delimiter), ())) == width:
                words = f"a cell that begins in line {line} holds a whole row; a closing quote is missing before it"
                return Problem("", "lost-quote", words)
        line += _line_ends(cell)
    return None


def _broken(error: csv.Error, sheet: Sheet, first: int, last: int) -> InputError:
    what, code = "a quoted cell that does not end, or has text after its end; fix the quotes", "quotes"
    if "limit" in str(error):
        what, code = "a cell of more than 131,072 characters: is a quote missing?", "cell-length"
    where = f"line {first}" if last <= first else f"lines {first} to {last}"
    problem = Problem(where, code, what)
    return InputError(f"{sheet.source.name}: not a sound CSV file; nothing was written", (problem,), code=code)


def records(rows: Iterable[Iterable[object]], delimiter: str = ",") -> str:
    """Lines of a CSV file, each with CRLF."""
    lines = io.StringIO(newline="")
    csv.writer(lines, delimiter=delimiter).writerows(rows)
    return lines.getvalue()


def reject_writer(sheet: Sheet) -> Callable[[Sequence[str], str], bytes]:
    """A function that gives a refused row as it came, with the problem, in the encoding of the input.

    The problem goes into a column of ours, which never takes the place of one that the sheet brought along.
    """
    codec = "utf-8" if sheet.encoding in {"utf-8-sig", "utf-16"} else sheet.encoding
    names = [fold(cell) for cell in sheet.typed]
    at = names.index(SECOND_PROBLEM) if SECOND_PROBLEM in names else len(names)

    def write(cells: Sequence[str], problem: str) -> bytes:
        kept = [*cells[:at], problem, *cells[at + (at < len(names)) :]]
        return records([kept], sheet.delimiter).encode(codec, "replace")

    return write


def rejects_header(sheet: Sheet) -> bytes:
    """The header line of rejects.csv: that of the input, with a byte-order mark where the input had one."""
    mark = BOM.encode() if sheet.mark else b""
    ours = SECOND_PROBLEM if PROBLEM in map(fold, sheet.typed) else PROBLEM
    return mark + reject_writer(sheet)(sheet.typed, ours)


def template(columns: Iterable[str]) -> str:
    """The header line alone, with a byte-order mark, so that a spreadsheet program opens it as UTF-8."""
    return BOM + records([columns])
