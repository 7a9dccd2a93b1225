"""Sheets saved as CSV, in and out. The only importer of `csv`; a cell is text and stays as it came."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
PROBLEM, SECOND_PROBLEM = "problem", "problem_2"
"""The column that rejects.csv adds, and its name where the sheet has one of its own; read back, both are left out."""
BOM: Final = "\ufeff"
LOST: Final = "\ufffd"
WORKBOOK: Final = b"PK\3\4"
"""How a file of Excel begins."""
UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
FEWEST_CELLS: Final = 5
"""A line inside a cell with as many cells as the header is taken for a row of its own from so many on."""
TITLE_WITHIN: Final = 10
FEWEST_KNOWN: Final = 3
"""A header that stands below a title is looked for in so many lines, and known by so many names."""
KEPT_NAME: Final = re.compile(r"[A-Za-z0-9 ._-]{1,40}")


class Source(io.BufferedIOBase):
    """An input as it is read, piece by piece, up to the largest size; `watch` hears how many bytes there were."""

    def __init__(self, file: BinaryIO, name: str, watch: Callable[[int], object] = lambda _: None) -> None:
        self._file, self.name, self._watch = file, name, watch
        self.size = self._lines = 0
        self._piece = self._read()
        self.first: bytes | None = self._piece

    def _read(self) -> bytes:
        try:
            piece = self._file.read(PIECE)
        except OSError as error:
            raise InputError(f"{self.name}: cannot be read: {error.strerror}") from None
        self.size += len(piece)
        if self.size > LARGEST:
            raise InputError(f"{self.name}: larger than {LARGEST // MIB} MiB; split it", code="too-large")
        self._watch(self.size)
        return piece

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if self.name != "-":
            self._file.close()
        super().close()

    def read1(self, _: int = -1, /) -> bytes:
        first, self.first = self.first, None
        if first is not None:
            return first
        self._lines += self._piece.count(b"\n")
        self._piece = self._read()
        return self._piece

    def line_of(self, error: UnicodeDecodeError) -> int:
        """The line in which the piece that was read last has bytes that are not in the encoding."""
        return self._lines + error.object.count(b"\n", 0, error.start) + 1


class Sheet(Struct, frozen=True):
    """A header that was understood, and the lines below it, to be read once.

    `columns` has one name per cell, "" for one that is left out: nameless, kept as it is, or added by rejects.csv.
    `kept` are the positions of the columns that pass through to the report; `line` is the last line of the header.
    """

    source: Source
    lines: Iterator[str]
    delimiter: str
    columns: tuple[str, ...]
    typed: tuple[str, ...]
    kept: tuple[int, ...]
    encoding: str
    mark: bool
    line: int


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
    required: Callable[[frozenset[str]], Iterable[str]],
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
        raise _undecodable(error, source, codec) from None
    ahead = _before_header(head)
    typed, delimiter, length = max(
        (_parsed_header(head[ahead:], delimiter) for delimiter in DELIMITERS),
        key=lambda one: sum(fold(cell) in known for cell in one[0]),
    )
    if not typed:
        raise InputError(f"{source.name}: no header line; 'calaim batch --template' prints one", code="no-header")
    names = [fold(cell) for cell in typed]
    columns = tuple("" if _is_left_out(name, keep) else known.get(name, name) for name in names)
    problems = (*_wrong_names(typed, columns, known, suggested), *_not_kept(keep, names, known))
    if problems and (line := _header_below(head[ahead:], delimiter, known)):
        words = (
            f"the column names are in line {_line_ends(head[:ahead]) + line}, not in the first; remove what is above"
        )
        raise InputError(f"{source.name}: {words}", code="title-row")
    problems += tuple(_lacking(columns, required))
    if problems:
        raise InputError(f"{source.name}: the header line does not fit; nothing was written", problems, code="header")
    before = head[: ahead + length]
    lines = chain(io.StringIO(head[ahead + length :], newline=""), text)
    kept = tuple(names.index(fold(name)) for name in keep)
    return Sheet(source, lines, delimiter, columns, tuple(typed), kept, codec, mark, _line_ends(before))


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


def _undecodable(error: UnicodeDecodeError, source: Source, codec: str) -> InputError:
    guessed = codec in {"utf-8-sig", "utf-16"}
    advice = "not UTF-8: in Excel save as 'CSV UTF-8', or give --encoding cp1252" if guessed else f"not {codec}"
    return InputError(f"{source.name}: line {source.line_of(error)}: {advice}", code="encoding")


def fold(header: str) -> str:
    """How column names are compared: case, blanks and hyphens do not matter."""
    return "_".join(header.casefold().replace("-", " ").replace("_", " ").split())


def _is_left_out(name: str, keep: Sequence[str]) -> bool:
    return name in {"", PROBLEM, SECOND_PROBLEM} or name in map(fold, keep)


def _before_header(text: str) -> int:
    """The length of what may stand before the header: a `sep=` line and blank lines."""
    length = 0
    for line in io.StringIO(text, newline=""):
        if line.strip() and not (length == 0 and line.casefold().startswith("sep=")):
            break
        length += len(line)
    return length


def _parsed_header(text: str, delimiter: str) -> tuple[list[str], str, int]:
    """The cells of the first record, the delimiter, and how many characters the record takes."""
    taken: list[int] = []

    def lines() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(len(line))
            yield line

    try:
        cells = next(csv.reader(lines(), delimiter=delimiter, strict=True), [])
    except csv.Error:
        cells = []
    return cells, delimiter, sum(taken)


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
    text = ""
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _not_kept(keep: Iterable[str], names: Sequence[str], known: Mapping[str, str]) -> Iterator[Problem]:
    """What cannot pass through: a column that is not there, or that is the form's and holds what is the member's."""
    for name in keep:
        folded = fold(name)
        if folded in known or not KEPT_NAME.fullmatch(name):
            words = "is not a column of your own with a plain name; a report may hold nothing about the member"
            yield Problem("--keep", "keep-column", words)
        elif folded not in names:
            yield Problem("--keep", "keep-column", "the sheet has no such column; check the name")


def _header_below(text: str, delimiter: str, known: Mapping[str, str]) -> int:
    """The line in which the header stands below a title; 0 where there is none."""
    try:
        records = list(islice(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), TITLE_WITHIN))
    except csv.Error:
        return 0
    counts = [sum(fold(cell) in known for cell in cells) for cells in records]
    best = max(range(len(counts)), key=counts.__getitem__)
    return best + 1 if best and counts[best] >= FEWEST_KNOWN and counts[best] > 2 * counts[0] else 0


def _lacking(columns: Iterable[str], required: Callable[[frozenset[str]], Iterable[str]]) -> Iterator[Problem]:
    lacking = tuple(required(frozenset(columns)))
    if lacking:
        mine = any(column.startswith("referrer_") for column in lacking)
        hint = "; 'calaim profile edit' keeps those of the referrer once for all" if mine else ""
        yield Problem("header", "missing-column", f"these columns are needed: {', '.join(lacking)}{hint}")


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def rows(sheet: Sheet) -> Iterator[Row]:
    """The rows; blank ones are left out and not counted.

    Raises InputError where the quoting is broken, for from there on nobody can tell the rows apart, and where bytes are
    not in the encoding.
    """
    reader = csv.reader(sheet.lines, delimiter=sheet.delimiter, strict=True)
    number, width, line = 0, len(sheet.columns), sheet.line + 1
    try:
        for cells in reader:
            joined = "".join(cells)
            if joined and not joined.isspace():
                number += 1
                cells.extend([""] * (width - len(cells)))  # a spreadsheet leaves out empty cells at the end
                yield Row(number, line, cells, _unsound(cells, joined, sheet, line))
            line = sheet.line + reader.line_num + 1
    except csv.Error as error:
        raise _broken(error, sheet, line, sheet.line + reader.line_num) from None
    except UnicodeDecodeError as error:
        raise _undecodable(error, sheet.source, sheet.encoding) from None


def _unsound(cells: Sequence[str], joined: str, sheet: Sheet, line: int) -> Problem | None:
    """What is wrong with the row whatever its columns mean."""
    width = len(sheet.columns)
    if any(map(str.strip, cells[width:])):
        return Problem("", "cell-count", f"{len(cells)} cells where the header has {width}")
    for mark, code, words in (
        ("\0", "nul", "a NUL character: the file is damaged here; type the cell again"),
        (LOST, "lost-character", "a character was lost on the way (it shows as a question mark); type the cell again"),
    ):
        if mark in joined:
            at = next(n for n, cell in enumerate(cells) if mark in cell)
            return Problem(sheet.columns[at] or f"column {letter(at + 1)}", code, words)
    for n, name in enumerate(sheet.typed):
        if not name.strip() and cells[n].strip():
            return Problem(
                f"column {letter(n + 1)}", "nameless-column", "has text but no name; name or empty the column"
            )
    if "\n" in joined or "\r" in joined:
        return _row_inside(cells, sheet, line)
    return None


def _row_inside(cells: Sequence[str], sheet: Sheet, line: int) -> Problem | None:
    """A problem where a cell holds what looks like another row: its closing quote was lost, and others follow."""
    width = len(sheet.columns)
    if width < FEWEST_CELLS:
        return None
    for cell in cells:
        for inside in cell.splitlines() if sheet.delimiter in cell else ():
            if len(next(csv.reader([inside], delimiter=sheet.delimiter), ())) == width:
                words = f"a cell that begins in line {line} holds a whole row; a closing quote is missing before it"
                return Problem("", "lost-quote", words)
        line += _line_ends(cell)
    return None


def _broken(error: csv.Error, sheet: Sheet, first: int, last: int) -> InputError:
    if "limit" in str(error):
        what, code = "a cell of more than 131,072 characters: is a quote missing?", "cell-length"
    else:
        what, code = "a quoted cell that does not end, or has text after its end; fix the quotes", "quotes"
    where = f"line {first}" if last <= first else f"lines {first} to {last}"
    problem = Problem(where, code, what)
    return InputError(f"{sheet.source.name}: not a sound CSV file; nothing was written", (problem,), code=code)


def record(cells: Iterable[object], delimiter: str = ",") -> str:
    """One line of a CSV file, with CRLF."""
    line = io.StringIO(newline="")
    csv.writer(line, delimiter=delimiter).writerow(cells)
    return line.getvalue()


def reject_writer(sheet: Sheet) -> Callable[[Sequence[str], str], bytes]:
    """A function that gives a refused row as it came, with the problem, in the encoding of the input.

    The problem goes into a column of ours, which never takes the place of one that the sheet brought along.
    """
    codec = "utf-8" if sheet.encoding in {"utf-8-sig", "utf-16"} else sheet.encoding
    names = [fold(cell) for cell in sheet.typed]
    at = names.index(SECOND_PROBLEM) if SECOND_PROBLEM in names else len(names)

    def write(cells: Sequence[str], problem: str) -> bytes:
        kept = [*cells[:at], problem, *cells[at + (at < len(names)) :]]
        return record(kept, sheet.delimiter).encode(codec, "replace")

    return write


def rejects_header(sheet: Sheet) -> bytes:
    """The header line of rejects.csv: that of the input, with a byte-order mark where the input had one."""
    mark = BOM.encode() if sheet.mark else b""
    ours = SECOND_PROBLEM if PROBLEM in map(fold, sheet.typed) else PROBLEM
    return mark + reject_writer(sheet)(sheet.typed, ours)


def template(columns: Iterable[str]) -> str:
    """The header line alone, with a byte-order mark, so that a spreadsheet program opens it as UTF-8."""
    return BOM + record(columns)
