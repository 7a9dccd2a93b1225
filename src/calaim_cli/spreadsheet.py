"""Floor 1: spreadsheets saved as CSV, in and out. The only importer of `csv`; a cell is text and stays as it came."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import BinaryIO, Final, NamedTuple

from msgspec import Struct

from calaim_cli.errors import InputError, Problem
from calaim_cli.system import read_at
from calaim_cli.wording import did_you_mean

LARGEST: Final = 512 * 1024 * 1024
CHUNK: Final = 1024 * 1024
HEADER_WITHIN: Final = 64 * 1024
DELIMITERS: Final = (",", ";", "\t")
PROBLEM: Final = "problem"
"""The column that rejects.csv adds; read back, it is left out."""
BOM: Final = "\ufeff"
UTF8: Final = ("utf-8", "utf-8-sig")
UTF16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Snapshot(Struct, frozen=True):
    """The whole input as UTF-8, which nothing can change any more.

    `read_at` gives bytes by offset and length. `encoding` and `mark` (a byte-order mark) are those of the input;
    `lines` is the number of its line feeds.
    """

    name: str
    size: int
    read_at: Callable[[int, int], bytes]
    encoding: str = "utf-8"
    mark: bool = False
    lines: int = 0

    def chunks(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` to `end`, a piece at a time."""
        for offset in range(start, end, CHUNK):
            yield self.read_at(offset, min(CHUNK, end - offset))


class Sheet(Struct, frozen=True):
    """A header that was understood. `columns` has one name per cell, "" for the problem column of rejects.csv.

    `start` is the offset of the first byte after the header; `lines` how many physical lines end before it.
    """

    snapshot: Snapshot
    delimiter: str
    columns: tuple[str, ...]
    typed: tuple[str, ...]
    start: int
    lines: int


class Row(Struct, frozen=True):
    """One data row: its number from 1, its first physical line, its cells, and what is wrong with its shape."""

    number: int
    line: int
    cells: list[str]
    problem: Problem | None


def snapshot(
    source: BinaryIO, name: str, encoding: str | None, keep: Callable[[Iterable[bytes]], Snapshot]
) -> Snapshot:
    """Read the input to its end, strictly, and keep it as UTF-8 by `keep`, which gives a Snapshot of what it kept.

    Raises InputError for what is not in the encoding (naming the line), too large or unreadable.
    """
    first = source.read(CHUNK)
    codec, lines = _codec(encoding, first), 0
    mark = first.startswith((codecs.BOM_UTF8, *UTF16_MARKS))

    def counted() -> Iterator[bytes]:
        nonlocal lines
        begin = first
        if codec == "utf-8-sig" and mark:
            begin = first[len(codecs.BOM_UTF8) :] or source.read(CHUNK)
        for piece in _as_utf8(_checked_size(begin, source, name), codec):
            lines += piece.count(b"\n")
            yield piece

    try:
        kept = keep(counted())
    except UnicodeDecodeError as error:
        line = lines + 1 + error.object.count(b"\n", 0, error.start)
        advice = f"not {codec}" if encoding else "not UTF-8: in Excel save as 'CSV UTF-8', or give --encoding cp1252"
        raise InputError(f"{name}: line {line}: {advice}", code="encoding") from None
    except UnicodeEncodeError as error:
        line, what = lines + 1 + error.object.count("\n", 0, error.start), "half a character, which UTF-8 cannot hold"
        raise InputError(f"{name}: line {line}: {what}", code="encoding") from None
    return Snapshot(name, kept.size, kept.read_at, codec, mark, lines)


def _codec(encoding: str | None, first: bytes) -> str:
    if encoding is None:
        return "utf-16" if first.startswith(UTF16_MARKS) else "utf-8-sig"
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        words = "--encoding: no such encoding: give a name such as utf-8, cp1252 or utf-16"
        raise InputError(words, code="encoding") from None


def too_large(name: str) -> InputError:
    """The error for an input that is larger than any spreadsheet."""
    return InputError(f"{name}: larger than {LARGEST // CHUNK} MiB: split it", code="too-large")


def _checked_size(first: bytes, source: BinaryIO, name: str) -> Iterator[bytes]:
    size = 0
    piece = first
    while piece:
        size += len(piece)
        if size > LARGEST:
            raise too_large(name)
        yield piece
        try:
            piece = source.read(CHUNK)
        except OSError as error:
            raise InputError(f"{name}: cannot be read: {error.strerror}") from None


def _as_utf8(pieces: Iterable[bytes], codec: str) -> Iterator[bytes]:
    """The input as UTF-8 without a mark, decoded once to be sure of every byte."""
    already = codec in UTF8
    decoder = codecs.getincrementaldecoder("utf-8" if already else codec)("strict")
    for piece in pieces:
        text = decoder.decode(piece)
        yield piece if already else text.encode()
    yield decoder.decode(b"", final=True).encode()


def read_header(kept: Snapshot, known: Mapping[str, str], required: Callable[[frozenset[str]], Iterable[str]]) -> Sheet:
    """The sheet of an input. `known` maps each accepted header, folded, to its column; `required` gives what lacks.

    The delimiter is the one under which the header has most known names. Raises InputError with every problem.
    """
    text = kept.read_at(0, min(kept.size, HEADER_WITHIN)).decode("utf-8", "ignore")
    ahead = _before_header(text)
    best = max(
        (_parsed_header(text[ahead:], delimiter) for delimiter in DELIMITERS),
        key=lambda one: sum(fold(cell) in known for cell in one[0]),
    )
    typed, delimiter, length = best
    if not typed:
        raise InputError(f"{kept.name}: no header line: 'calaim batch --template' prints one", code="no-header")
    columns = tuple("" if fold(cell) == PROBLEM else known.get(fold(cell), cell) for cell in typed)
    problems = (*_wrong_names(typed, columns, known), *_lacking(columns, required))
    if problems:
        raise InputError(f"{kept.name}: the header line does not fit; nothing was written", problems, code="header")
    before = text[: ahead + length]
    return Sheet(kept, delimiter, columns, tuple(typed), len(before.encode()), _line_ends(before))


def fold(header: str) -> str:
    """How column names are compared: case, blanks and hyphens do not matter."""
    return "_".join(header.casefold().replace("-", " ").replace("_", " ").split())


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


def _wrong_names(typed: Sequence[str], columns: Sequence[str], known: Mapping[str, str]) -> Iterator[Problem]:
    for number, (cell, column) in enumerate(zip(typed, columns, strict=True), 1):
        where = f"column {number}"
        if column and fold(cell) not in known:
            hint = did_you_mean(cell, known.values()) or "take it out; 'calaim batch --template' prints the known ones"
            yield Problem(where, "unknown-column", f"no such column: {hint}")
        elif column in columns[: number - 1]:
            yield Problem(where, "duplicate-column", f"{column or PROBLEM} stands twice: take one out")


def _lacking(columns: Iterable[str], required: Callable[[frozenset[str]], Iterable[str]]) -> Iterator[Problem]:
    lacking = tuple(required(frozenset(columns)))
    if lacking:
        mine = any(column.startswith("referrer_") for column in lacking)
        hint = "; 'calaim profile edit' keeps those of the referrer once for all" if mine else ""
        yield Problem("header", "missing-column", f"these columns are needed: {', '.join(lacking)}{hint}")


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


class Part(Struct, frozen=True):
    """A stretch of a sheet that ends at the end of a row: offsets, and what stands before it in rows and lines."""

    start: int
    end: int
    rows: int
    lines: int


class _Window(io.RawIOBase):
    """The bytes of a part as a file."""

    def __init__(self, kept: Snapshot, part: Part) -> None:
        self._kept, self._at, self._end = kept, part.start, part.end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        piece = self._kept.read_at(self._at, min(len(buffer), self._end - self._at))
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def rows(sheet: Sheet, part: Part) -> Iterator[Row]:
    """The rows of a part; blank ones are left out and not counted.

    Raises InputError where the quoting is broken: from there on nobody can tell the rows apart.
    """
    text = io.TextIOWrapper(io.BufferedReader(_Window(sheet.snapshot, part), 65536), "utf-8", newline="")
    reader = csv.reader(text, delimiter=sheet.delimiter, strict=True)
    number, before, width = part.rows, part.lines, len(sheet.columns)
    line = before + 1
    try:
        for cells in reader:
            if len(cells) == width or any(map(str.strip, cells)):
                joined = "".join(cells)
                if joined and not joined.isspace():
                    number += 1
                    sound = len(cells) == width and "\0" not in joined
                    yield Row(number, line, cells, None if sound else _shape(cells, joined, sheet))
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise _broken(error, sheet, line, before + reader.line_num) from None


def _shape(cells: list[str], joined: str, sheet: Sheet) -> Problem | None:
    """What is wrong with the row whatever its columns mean."""
    if len(cells) != len(sheet.columns):
        return Problem("", "cell-count", f"{len(cells)} cells where the header has {len(sheet.columns)}")
    if "\0" in joined:
        where = next(column for column, cell in zip(sheet.columns, cells, strict=True) if "\0" in cell)
        return Problem(where, "nul", "a NUL character: the file is damaged here; type the cell again")
    return None


def _broken(error: csv.Error, sheet: Sheet, first: int, last: int) -> InputError:
    if "limit" in str(error):
        what, code = "a cell of more than 131,072 characters: is a quote missing?", "cell-length"
    else:
        what, code = "a quoted cell that does not end, or has text after its end: mend the quotes", "quotes"
    where = f"line {first}" if last <= first else f"lines {first} to {last}"
    problem = Problem(where, code, what)
    return InputError(f"{sheet.snapshot.name}: not a sound CSV file; nothing was written", (problem,), code=code)


def count_rows(sheet: Sheet) -> int:
    """How many rows the sheet has, read in full."""
    return sum(1 for _ in rows(sheet, whole(sheet)))


def whole(sheet: Sheet) -> Part:
    """All rows as one part."""
    return Part(sheet.start, sheet.snapshot.size, 0, sheet.lines)


class Estimate(NamedTuple):
    """What a quick look tells: probably so many rows, and parts that probably begin at a row."""

    rows: int
    parts: tuple[Part, ...]


def estimate(sheet: Sheet, workers: int) -> Estimate:
    """Count rows by line ends outside quotes, and cut the sheet there into about equal parts.

    Only rows that are blank in unusual ways are miscounted, and after the last cut, where the sheet begins with a row a
    line, line breaks in quotes: whoever reads the rows has to compare.
    """
    plain = _begins_with_a_row_a_line(sheet)
    goals = [sheet.start + (sheet.snapshot.size - sheet.start) * n // workers for n in range(1, workers)]
    parts: list[Part] = []
    start, at, count, lines = Part(sheet.start, 0, 0, sheet.lines), sheet.start, 0, sheet.lines
    quoted, last = False, b"\n"
    for piece in sheet.snapshot.chunks(sheet.start, sheet.snapshot.size):
        if plain and not goals:
            rest = Part(start.start, sheet.snapshot.size, start.rows, start.lines)
            return Estimate(max(count, _lines_after_header(sheet)), (*parts, rest))
        stretches = piece.split(b'"')
        while goals and at + len(piece) > goals[0]:
            cut = _cut(piece, max(goals[0] - at, 0), quoted=quoted)
            if cut is None:
                break
            ahead = piece[:cut]
            here = count + _rows_in(ahead.split(b'"'), last, sheet, quoted=quoted)
            end = lines + _line_ends_in(ahead, last)
            parts.append(Part(start.start, at + cut, start.rows, start.lines))
            start = Part(at + cut, 0, here, end)
            goals.pop(0)
        count += _rows_in(stretches, last, sheet, quoted=quoted)
        if goals:
            lines += _line_ends_in(piece, last)
        quoted ^= len(stretches) % 2 == 0
        at, last = at + len(piece), piece[-1:]
    parts.append(Part(start.start, sheet.snapshot.size, start.rows, start.lines))
    return Estimate(count + (last not in b"\r\n"), tuple(parts))


def _begins_with_a_row_a_line(sheet: Sheet) -> bool:
    piece = sheet.snapshot.read_at(sheet.start, min(CHUNK, sheet.snapshot.size - sheet.start))
    return b"\n" in piece and _rows_in(piece.split(b'"'), b"\n", sheet, quoted=False) == piece.count(b"\n")


def _lines_after_header(sheet: Sheet) -> int:
    unended = sheet.snapshot.read_at(sheet.snapshot.size - 1, 1) not in b"\r\n"
    return sheet.snapshot.lines - sheet.lines + unended


def _line_ends_in(piece: bytes, last: bytes) -> int:
    """Line ends of a piece of a file; one that was begun with the last byte before counts as ended there."""
    unended = piece[-1:] not in b"\r\n"
    return len(piece.splitlines()) - unended - (last == b"\r" and piece.startswith(b"\n"))


def _rows_in(stretches: list[bytes], last: bytes, sheet: Sheet, *, quoted: bool) -> int:
    """Line ends outside quotes, without those of blank lines."""
    empty = sheet.delimiter.encode() * (len(sheet.columns) - 1)
    blank = {b"", b"\r", empty, empty + b"\r"}
    ended = b"x".join(stretches[int(quoted) :: 2]).split(b"\n")[:-1]
    if ended and (quoted or last != b"\n"):
        ended[0] = b"x"  # the end of a line that began before
    return len(ended) - sum(map(blank.__contains__, ended))


def _cut(piece: bytes, wanted: int, *, quoted: bool) -> int | None:
    """The offset after the first line end outside quotes at or behind `wanted`."""
    inside = quoted ^ (piece.count(b'"', 0, wanted) % 2 == 1)
    at = wanted
    while (end := piece.find(b"\n", at)) >= 0:
        inside ^= piece.count(b'"', at, end) % 2 == 1
        at = end + 1
        if not inside:
            return at
    return None


REPORT: Final = ("row", "line", "status", "code", "message", "file")


def report_header() -> bytes:
    """The header line of report.csv."""
    return record(REPORT).encode()


def record(cells: Iterable[object], delimiter: str = ",") -> str:
    """One line of a CSV file, with CRLF."""
    line = io.StringIO(newline="")
    csv.writer(line, delimiter=delimiter).writerow(cells)
    return line.getvalue()


def reject_writer(sheet: Sheet) -> Callable[[Sequence[str], str], bytes]:
    """A function that gives a refused row as it came, with the problem, in the encoding of the input."""
    codec = "utf-8" if sheet.snapshot.encoding in {"utf-8-sig", "utf-16"} else sheet.snapshot.encoding
    at = sheet.columns.index("") if "" in sheet.columns else None

    def write(cells: Sequence[str], problem: str) -> bytes:
        kept = [cell for n, cell in enumerate(cells) if n != at]
        return record([*kept, problem], sheet.delimiter).encode(codec, "replace")

    return write


def rejects_header(sheet: Sheet) -> bytes:
    """The header line of rejects.csv: that of the input, with a byte-order mark where the input had one."""
    mark = BOM.encode() if sheet.snapshot.mark else b""
    return mark + reject_writer(sheet)(sheet.typed, PROBLEM)


def template(columns: Iterable[str]) -> str:
    """The header line alone, with a byte-order mark, so that a spreadsheet program opens it as UTF-8."""
    return BOM + record(columns)


def memory(pieces: Iterable[bytes]) -> Snapshot:
    """Keep the input in memory."""
    content = b"".join(pieces)
    return Snapshot("", len(content), lambda offset, length: content[offset : offset + length])


def in_file(descriptor: int, size: int) -> Snapshot:
    """An input that was kept in an open file."""
    return Snapshot("", size, lambda offset, length: read_at(descriptor, length, offset))
