"""The parts of a workbook's file, looked through piece by piece before anything opens them whole.

What a stranger's file could do to its reader ends here: more than fits into memory, entities, rows without end. And
what the reader of cells does not tell is found here: hidden rows and columns, formulas without a saved value.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Final
from xml.parsers import expat
from zipfile import ZipFile

from msgspec import Struct, field

from calaim_cli.base.errors import InputError
from calaim_cli.batch.sheet import MIB, PIECE

# All parts together; a table and its texts are read row by row, any other part at once.
MOST_UNPACKED: Final = 512 * MIB
MOST_AT_ONCE: Final = 16 * MIB
MOST_PARTS: Final = 10_000
# A tag longer than this is none that a spreadsheet program writes.
LONGEST_TAG: Final = MIB
DEEPEST: Final = 64
# Of Excel: specifications and limits, "Worksheet and workbook specifications".
LAST_ROW: Final = 1_048_576
LAST_COLUMN: Final = 16_384
# A row, or a text, is in the memory as a whole: so many bytes of the part.
LONGEST_ROW: Final = 4 * MIB
# A cell has up to three elements within it.
MOST_IN_A_ROW: Final = 4 * LAST_COLUMN
ON: Final = frozenset({"1", "true"})
READ_BY_ROW: Final = frozenset({"worksheet", "sst"})
CELL: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
NO_WORKBOOK: Final = "not a valid workbook: open it in Excel and save it as 'Excel Workbook (.xlsx)'"


class Seen(Struct):
    """What was seen of a worksheet. `last` is its last row with a cell.

    `hidden_columns` are from one column to another, `unsaved` the cells of formulas without a value, by row and column.
    """

    last: int = 0
    hidden_rows: int = 0
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    filtered: bool = False
    merged: int = 0
    unsaved: set[tuple[int, int]] = field(default_factory=set)


def unsound(words: str = NO_WORKBOOK, code: str = "workbook") -> InputError:
    """The error of a file that is not read."""
    return InputError(f"{words}; nothing was written", code=code)


def column_number(letters: str) -> int:
    """The number of a column that a spreadsheet names by letters: 1 for A, 27 for AA."""
    number = 0
    for one in letters:
        number = 26 * number + ord(one) - ord("A") + 1
    return number


class Look:
    """One part as it goes by. Raises InputError at the first thing that no spreadsheet program would write."""

    def __init__(self) -> None:
        self.seen, self.root, self._name = Seen(), "", ""
        self._depth = self._since = self._begun = self._row = self._column = self._fed = 0
        self._hidden = self._formula = self._saved = self._below = False
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._characters
        self._parser = parser

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        """Look at the next piece. Raises ExpatError where it is not XML."""
        self._fed += len(piece)
        self._parser.Parse(piece, last)
        now = self._parser.CurrentByteIndex
        if self._fed - now > LONGEST_TAG:
            raise unsound()
        if now - self._begun > LONGEST_ROW and self._is_read_by_row:
            raise unsound(f"a row of more than {LONGEST_ROW // MIB} MiB", "row-length")

    @property
    def _is_read_by_row(self) -> bool:
        return self.root in READ_BY_ROW and not self._below

    @staticmethod
    def _doctype(*_: object) -> None:
        raise unsound("a workbook that declares XML entities is not opened", "workbook-entities")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._name = name = tag.rpartition(" ")[2]
        self._depth, self._since = self._depth + 1, self._since + 1
        self.root = self.root or name
        if name in {"row", "si"}:
            self._since, self._begun = 0, self._parser.CurrentByteIndex
        if self._depth > DEEPEST or (self._since > MOST_IN_A_ROW and self._is_read_by_row):
            raise unsound("a row with more cells than a spreadsheet has", "too-many-columns")
        if self.root == "worksheet":
            self._of_sheet(name, attributes)

    def _of_sheet(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._cell(attributes)
        elif name == "f":
            self._formula = True
        elif name == "row":
            row = _number(attributes.get("r", str(self._row + 1)))
            if not self._row < row <= LAST_ROW:
                raise unsound()
            self._row, self._column, self._hidden = row, 0, attributes.get("hidden") in ON
        elif name == "col" and attributes.get("hidden") in ON:
            self.seen.hidden_columns.append((_number(attributes.get("min", "")), _number(attributes.get("max", ""))))
        elif name == "autoFilter":
            self.seen.filtered = True
        elif name == "mergeCell":
            self.seen.merged += 1

    def _cell(self, attributes: dict[str, str]) -> None:
        """Check the order of cells: one out of order would silently replace another."""
        place = attributes.get("r")
        found = CELL.fullmatch(place) if place else None
        column = column_number(found[1]) if found else self._column + 1
        if not self._column < column <= LAST_COLUMN or (place and (not found or int(found[2]) != self._row)):
            raise unsound()
        self._column, self._formula = column, False
        # A text may be empty and saved all the same.
        self._saved = attributes.get("t") == "str"
        self.seen.last = self._row

    def _end(self, tag: str) -> None:
        self._depth, self._name = self._depth - 1, ""
        if self.root != "worksheet":
            return
        name = tag.rpartition(" ")[2]
        if name == "c" and self._formula and not self._saved:
            self.seen.unsaved.add((self._row, self._column))
        elif name == "row":
            self.seen.hidden_rows += self._hidden and self.seen.last == self._row
        elif name == "sheetData":
            self._below = True

    def _characters(self, _: str) -> None:
        self._saved = self._saved or self._name == "v"


def _number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,7}", text):
        raise unsound()
    return int(text)


def looked_through(archive: ZipFile) -> dict[str, Seen]:
    """What was seen of each worksheet, by the name of its part. Raises InputError for what is not to be opened."""
    entries = archive.infolist()
    if len(entries) > MOST_PARTS or sum(one.file_size for one in entries) > MOST_UNPACKED:
        words = f"unpacked, it is larger than {MOST_UNPACKED // MIB} MiB; split it"
        raise unsound(words, "too-large")
    if any(one.flag_bits & 1 for one in entries):
        raise unsound("a workbook with a password: remove the password in Excel first", "workbook-password")
    seen: dict[str, Seen] = {}
    for entry in entries:
        look = Look()
        # What is no XML is a picture, or the like; where it should be some, its reader says so.
        with archive.open(entry) as file, suppress(expat.ExpatError):
            while piece := file.read(PIECE):
                look.feed(piece)
            look.feed(b"", last=True)
        if look.root not in READ_BY_ROW and entry.file_size > MOST_AT_ONCE:
            raise unsound("it has more in it than rows of text: copy the sheet to a new workbook", "too-large")
        if look.root == "worksheet":
            seen[entry.filename] = look.seen
    return seen
