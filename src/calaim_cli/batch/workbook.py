"""Sheets as spreadsheet programs keep them: read by openpyxl, whose only importer this is; written as texts alone.

A workbook that is written holds no formula and no number, and the same rows give the same bytes.
"""

from __future__ import annotations

import errno
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, dropwhile, islice
from typing import Any, BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from calaim_cli.base.errors import CalaimError, InputError, NotFound, Problem, UsageError, caution
from calaim_cli.base.values import USUAL_MRN
from calaim_cli.base.wording import counted
from calaim_cli.batch.parts import LAST_ROW, Seen, looked_through, unsound
from calaim_cli.batch.sheet import COMPOUND, MIB, REJECTS_BOOK, TITLE_WITHIN, Expected, Header, Row, Watch, letter

LARGEST: Final = 64 * MIB
# The one part of a compound file that has a password, [MS-OFFCRYPTO] 2.3.
ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
WITH_EXTRA: Final = (
    "reading workbooks needs openpyxl: pip install 'calaim-cli[panel]' (in a copy of calaim '.[panel]'); or save the "
    "sheet as 'CSV UTF-8'"
)
MOST_NAMED: Final = 20
# Of a number with more digits the last ones are lost.
EXACT_BELOW: Final = 10**15
# Every part of one that is written carries this day, so that the same rows give the same bytes.
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
# How a workbook writes what XML does not hold, ECMA-376 part 1, 22.9.2.19 (ST_Xstring).
WRITTEN_BY_NUMBER: Final = re.compile("_x([0-9A-Fa-f]{4})_")
MARKUP: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
NOT_IN_XML: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")


@contextmanager
def _sound(name: str) -> Iterator[None]:
    """Within it, whatever the readers of zip, XML and cells stumble over is a workbook that is not sound."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error.message}", error.problems, code=error.code) from None
    except (CalaimError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 a broken file has many ways to break them
        if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:  # of zip files cut short
            raise InputError(f"{name}: cannot be read: {error.strerror}") from None
        raise InputError(f"{name}: {unsound().message}", code="workbook") from None


def _opened(file: BinaryIO) -> tuple[Any, dict[str, Seen]]:
    """The workbook, and what was seen of each sheet before it was opened."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise UsageError(WITH_EXTRA, code="not-installed") from None
    if file.read(len(COMPOUND)) == COMPOUND:
        locked = ENCRYPTED in file.read(LARGEST)
        words = "a workbook with a password: remove the password in Excel" if locked else "a workbook in the old format"
        code = "workbook-password" if locked else "workbook"
        raise unsound(f"{words}, and save it as 'Excel Workbook (.xlsx)'", code)
    if file.seek(0, io.SEEK_END) > LARGEST:
        raise unsound(f"larger than {LARGEST // MIB} MiB; split it", "too-large")
    with ZipFile(file) as archive:
        seen = looked_through(archive)
    # It warns of what it does not keep, and of days that are none, which are refused as cells.
    warnings.filterwarnings("ignore", module="openpyxl")
    return load_workbook(file, read_only=True, data_only=True, keep_links=False), seen


def _chosen(book: Any, wanted: str | None, name: str) -> Any:  # noqa: ANN401 openpyxl has no types
    """The sheet of this name, or the first that can be seen."""
    sheets = book.worksheets
    if not sheets:
        raise unsound()
    if wanted is None:
        return next((one for one in sheets if one.sheet_state == "visible"), sheets[0])
    for same in (str, str.casefold):
        for one in sheets:
            if same(one.title) == same(wanted):
                return one
    # A workbook with a sheet for each member would have all of them told.
    more = [f"{len(sheets) - MOST_NAMED} more"] if len(sheets) > MOST_NAMED else []
    names = ", ".join([*(f'"{one.title}"' for one in sheets[:MOST_NAMED]), *more])
    raise NotFound(f"{name}: no sheet of this name; the sheets are: {names}", code="unknown-sheet")


def text_of(cell: Any) -> str:  # noqa: ANN401 openpyxl has no types
    """What a cell says, as it would be typed: yes or no, a day as YYYY-MM-DD, a number with the zeros it shows."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return WRITTEN_BY_NUMBER.sub(lambda one: chr(int(one[1], 16)), value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT_BELOW:
        value = int(value)
    if isinstance(value, int):
        shown = cell.number_format
        zeros = len(shown) if set(shown) == {"0"} else 0
        return str(value).zfill(zeros) if abs(value) < EXACT_BELOW else f"{value:E}"
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != datetime.min.time() else value.date().isoformat()
    return str(value)


class Book(Header):
    """A sheet of a workbook: its header, and the rows below it, to be read once.

    A line is a row as it is numbered there. `notes` are what whoever sees it on a screen may not know of it, `refused`
    takes the rows that cannot be drafted.
    """

    rejects, shows_cells = REJECTS_BOOK, True

    def __init__(
        self, file: BinaryIO, name: str, wanted: str | None, expected: Expected, watch: Watch = lambda _: None
    ) -> None:
        """Read the header of the sheet, as a header of any table.

        Raises UsageError where openpyxl is not installed, InputError for what cannot be read, NotFound for its sheet.
        """
        self.name, self._size, self._watch = name, file.seek(0, io.SEEK_END), watch
        file.seek(0)
        with _sound(name):
            book, seen = _opened(file)
            self._sheet = _chosen(book, wanted, name)
            self._seen = seen[self._sheet._worksheet_path]  # noqa: SLF001 nothing else tells which part it is
            above = dropwhile(lambda one: not any(map(text_of, one[1])), self._lines())
            top = list(islice(above, TITLE_WITHIN))
        texts = {line: [text_of(cell) for cell in cells] for line, cells in top}
        super().__init__(name, texts, expected)
        self._below = chain(top[1:], above)
        filled = sum(seen[one._worksheet_path].last > 0 for one in book.worksheets)  # noqa: SLF001 as above
        self.notes = tuple(self._notes(0 if wanted else filled - 1))
        self.refused = Written(self.with_ours)

    def _lines(self) -> Iterator[tuple[int, list[Any]]]:
        """The rows with their numbers, to the last one with a cell, each to its last cell that is not empty."""
        # What a file says of its own size is often wrong, and cells beyond it would be lost.
        self._sheet.reset_dimensions()
        for line, cells in enumerate(islice(self._sheet.iter_rows(), self._seen.last), 1):
            filled = max((n for n, cell in enumerate(cells, 1) if cell.value is not None), default=0)
            yield line, list(cells[:filled])

    def _notes(self, others: int) -> Iterator[Problem]:
        seen, width = self._seen, len(self.columns)
        columns = sum(max(0, min(last, width) - first + 1) for first, last in seen.hidden_columns)
        rows = counted(seen.hidden_rows, "hidden row") + (" (there is a filter)" if seen.filtered else "")
        found = {
            "hidden-rows": rows if seen.hidden_rows else "",
            "hidden-columns": counted(columns, "hidden column") if columns else "",
            "merged-cells": counted(seen.merged, "merged cell") if seen.merged else "",
            "other-sheets": counted(others, "other sheet") if others else "",
        }
        return (caution(code, self.name, what=what) for code, what in found.items() if what)

    def rows(self) -> Iterator[Row]:
        """The rows; blank ones are left out and not counted. Raises InputError where the workbook is damaged."""
        number = 0
        with _sound(self.name):
            for line, cells in self._below:
                self._watch(self._size * line // self._seen.last)
                texts = [text_of(cell) for cell in cells]
                unsaved = [n for n, column in enumerate(self.columns) if column and (line, n + 1) in self._seen.unsaved]
                if unsaved or any(text and not text.isspace() for text in texts):
                    number += 1
                    texts.extend([""] * (len(self.columns) - len(texts)))
                    yield Row(number, line, texts, self._wrong(line, cells, texts, unsaved), self._doubts(cells, texts))

    def _wrong(self, line: int, cells: Sequence[Any], texts: Sequence[str], unsaved: Sequence[int]) -> Problem | None:
        """What is wrong with the row whatever its columns mean."""
        if unsaved:
            words = f"{letter(unsaved[0] + 1)}{line} is a formula without a saved value: open the workbook and save it"
            return Problem(self.columns[unsaved[0]], "formula-value", words)
        for n, column in enumerate(self.columns[: len(cells)]):
            if column and cells[n].data_type == "e":
                words = f"{letter(n + 1)}{line} shows an error such as #REF! or #N/A: type the cell again"
                return Problem(column, "cell-error", words)
        beyond = (self.nameless(n) for n in range(len(self.columns), len(texts)) if texts[n].strip())
        return next(beyond, None) or self.damaged(texts, "".join(texts))

    def _doubts(self, cells: Sequence[Any], texts: Sequence[str]) -> tuple[Problem, ...]:
        """A number that may have had zeros before it; a ZIP code, phone or CIN without them is refused as that."""
        at = self.columns.index("mrn") if "mrn" in self.columns else len(cells)
        is_number = at < len(cells) and cells[at].data_type == "n" and cells[at].value is not None
        return (caution("lost-zeros", "mrn"),) if is_number and len(texts[at]) < USUAL_MRN else ()


MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
RELATION: Final = f'<Relationship Id="rId%d" Type="{OFFICE}/%s" Target="%s"/>'
XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SHEET: Final = "xl/worksheets/sheet1.xml"
TITLE: Final = "members"
# The second style has the format "Text", number 49 (ECMA-376 part 1, 18.8.30).
STYLES: Final = (
    '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
)
PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/>'
    f'<Override PartName="/{SHEET}" ContentType="{TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f"{RELATION % (1, 'officeDocument', 'xl/workbook.xml')}</Relationships>",
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><bookViews><workbookView/></bookViews><sheets>'
    f'<sheet name="{TITLE}" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f"{RELATION % (1, 'worksheet', 'worksheets/sheet1.xml')}{RELATION % (2, 'styles', 'styles.xml')}</Relationships>",
    "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{STYLES}</styleSheet>',
}
PANE: Final = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
# A list within a cell's rule has at most so many characters (Excel: data validation).
LONGEST_LIST: Final = 255


class Written:
    """A workbook of one sheet, made row by row: every cell a text, the header in sight, columns formatted as text.

    `begun` are its first bytes, the same for every such workbook: they do not depend on how a system packs.
    """

    def __init__(
        self, header: Sequence[str], choices: Mapping[str, Iterable[str]] | None = None, title: str = TITLE
    ) -> None:
        """`choices` are what a column offers to choose of; a list too long for that is left out. `title`: the sheet's.

        A title is of at most 31 letters, digits, blanks and hyphens.
        """
        self._file, self._row, self._rules = io.BytesIO(), 0, _rules(header, choices or {})
        self._archive = ZipFile(self._file, "w")
        for name, text in PARTS.items():
            self._archive.writestr(_entry(name), XML + text.replace(TITLE, title))
        self.begun = self._file.getvalue()
        entry = _entry(SHEET)
        entry.compress_type = ZIP_DEFLATED
        self._sheet = self._archive.open(entry, "w")
        head = f'<worksheet xmlns="{MAIN}"><sheetViews><sheetView workbookViewId="0">{PANE}</sheetView></sheetViews>'
        columns = f'<cols><col min="1" max="{len(header)}" width="18" style="1" customWidth="1"/></cols>'
        self._sheet.write(f"{XML}{head}{columns}<sheetData>".encode())
        self.add(header)

    def add(self, cells: Iterable[str]) -> None:
        """Put a row below those that are there."""
        self._row += 1
        written = ""
        for n, text in enumerate(cells, 1):
            if text:
                kept = NOT_IN_XML.sub(lambda one: f"_x{ord(one[0]):04X}_", text).translate(MARKUP)
                place = f'r="{letter(n)}{self._row}" s="1" t="inlineStr"'
                written += f'<c {place}><is><t xml:space="preserve">{kept}</t></is></c>'
        self._sheet.write(f'<row r="{self._row}">{written}</row>'.encode())

    def content(self) -> bytes:
        """The whole workbook; no row can be added any more."""
        if not self._sheet.closed:
            self._sheet.write(f"</sheetData>{self._rules}</worksheet>".encode())
            self._sheet.close()
            self._archive.close()
        return self._file.getvalue()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, EARLIEST)
    entry.create_system = 3  # the same on every system
    return entry


def _rules(header: Sequence[str], choices: Mapping[str, Iterable[str]]) -> str:
    """What columns offer to choose of, as rules that refuse nothing: `batch` reads more than one way to say it."""
    lists = {n: ",".join(choices.get(column, ())) for n, column in enumerate(header, 1)}
    rules = [
        f'<dataValidation type="list" allowBlank="1" sqref="{letter(n)}2:{letter(n)}{LAST_ROW}">'
        f'<formula1>"{one.translate(MARKUP)}"</formula1></dataValidation>'
        for n, one in lists.items()
        if 0 < len(one) <= LONGEST_LIST
    ]
    return f'<dataValidations count="{len(rules)}">{"".join(rules)}</dataValidations>' if rules else ""


def template(columns: Sequence[str], choices: Mapping[str, Iterable[str]]) -> bytes:
    """A workbook with the header line alone, and what its columns offer to choose of."""
    return Written(columns, choices).content()
