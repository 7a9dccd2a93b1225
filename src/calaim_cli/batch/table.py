"""Tables of members on an embedded engine: how a file becomes rows to ask, and is found sound or refused.

The only importer of `duckdb`. What the engine says of a file quotes it, and is never passed on.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from calaim_cli.base import files
from calaim_cli.base.errors import InputError, Problem, UsageError, caution
from calaim_cli.base.files import Folder, Pile
from calaim_cli.batch.sheet import (
    DAMAGE,
    DELIMITERS,
    LARGEST,
    WORKBOOK,
    Expected,
    fold,
    is_workbook,
    letter,
    records,
)
from calaim_cli.decide.sql import literal, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from calaim_cli.batch.workbook import Book

# Nothing is guessed. Cells that are left out at the end of a row are empty, as a spreadsheet writes them.
READ: Final = (
    "read_csv({path}, delim = {delimiter}, columns = {{{columns}}}, auto_detect = false, "
    "quote = '\"', escape = '\"', comment = '', compression = 'none', null_padding = true, parallel = {parallel}, "
    "hive_partitioning = false{more})"
)
EVERY_LINE: Final = ", header = false"
# An empty cell of the header line is told from none by this, which no cell is.
FIRST: Final = EVERY_LINE + ", nullstr = '\x01', ignore_errors = true, strict_mode = false"
MOST_COLUMNS: Final = 1000
# Else a folder named `medicare=yes` would answer a question.
READ_PARQUET: Final = "read_parquet({path}, hive_partitioning = false)"
COPY: Final = "screen.input"
# DuckDB takes a name with one of these for many files, or for one elsewhere.
NO_PLAIN_NAME: Final = re.compile(r"[*?\[\]]|://")
PIECE: Final = 1024 * 1024
LINE_END: Final = b"\n"
UNDAMAGED: Final = str.maketrans(dict.fromkeys(DAMAGE, "?"))
BLANKS: Final = "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
"""What a blank cell may hold, as `batch` reads it: the last of Unicode's blanks is U+3000."""
LINE: Final = re.compile(r"CSV Error on Line: (\d+)")
# The first bytes of a Parquet file (Apache Parquet, "File format").
PARQUET: Final = b"PAR1"
PLAIN: Final = "CAST({0} AS VARCHAR)"
AS_TEXT: Final = {
    # So a whole number is kept where some rows have none (pandas, "Integer NA").
    "DOUBLE": "regexp_replace(CAST({0} AS VARCHAR), '\\.0$', '')",
    "TIMESTAMP": "CASE WHEN {0} = date_trunc('day', {0}) THEN strftime({0}, '%Y-%m-%d') ELSE CAST({0} AS VARCHAR) END",
}
"""How a cell of a Parquet file is read as a person would type it, by its type; every other one as it is printed."""
LIST: Final = "array_to_string(CAST({0} AS VARCHAR[]), ';')"


class Column(NamedTuple):
    """A column of the table: its name as typed, and what it is known as, "" for one that just passes through."""

    name: str
    known_as: str
    at: int
    as_text: str = PLAIN

    @property
    def sql(self) -> str:
        """Its name while the table is worked on, which nobody typed."""
        return quoted(f"c{self.at}")

    @property
    def text(self) -> str:
        """What is in its cells, as a person would type it."""
        return self.as_text.format(self.sql)


class Table(NamedTuple):
    """A table that is read: its columns, what it has to be, the cells that are none, by row, and what to know of it.

    `doubts` are what to look at in cells that are read, each with the number of rows.
    """

    source: str
    wanted: str
    columns: tuple[Column, ...]
    unread: tuple[tuple[int, Problem], ...] = ()
    notes: tuple[Problem, ...] = ()
    doubts: tuple[tuple[Problem, int], ...] = ()


class Engine:
    """An engine in memory, which loads nothing from anywhere and leaves nothing on the disk."""

    def __init__(self, connection: DuckDBPyConnection) -> None:
        self._connection = connection

    def ask(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows that a query gives, with these values for its question marks."""
        return list(self.rows(query, *values))

    def rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows that a query gives, some thousand at a time."""
        import duckdb

        try:
            found = self._connection.execute(query, list(values))
            while several := found.fetchmany(PIECE // 64):
                yield from several
        except duckdb.OutOfMemoryException:
            raise InputError("the table is too large for this computer's memory; split it", code="too-large") from None

    def write(self, query: str, path: Path, form: str) -> None:
        """Write what a query gives into a file that is there, in one of the forms that DuckDB knows."""
        import duckdb

        try:
            self.ask(f"COPY ({query}) TO {literal(str(path))} ({form}, USE_TMP_FILE false)")
        except duckdb.IOException:
            raise OSError(errno.EIO, os.strerror(errno.EIO)) from None


@contextmanager
def engine() -> Iterator[Engine]:
    """A new engine. Raises UsageError where none is installed."""
    try:
        import duckdb
    except ImportError:
        words = "calaim screen needs DuckDB, which is not installed: pip install 'calaim-cli[panel]'"
        raise UsageError(words, code="not-installed") from None
    config: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "temp_directory": "",
    }
    with duckdb.connect(config=config) as connection:
        with suppress(duckdb.CatalogException):  # without its zones the engine knows UTC alone
            connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")  # it would be drawn among what is printed
        yield Engine(connection)


@contextmanager
def read(
    engine: Engine,
    source: str,
    folder: Folder,
    known: Mapping[str, str],
    taken: Collection[str],
    sheet: str | None = None,
) -> Iterator[Table]:
    """The table in a CSV or Parquet file or a sheet of a workbook, or of a CSV on standard input for `-`.

    `own` has its rows, in their order; blank ones are not counted. It reads the file each time, until `cells.meant`
    makes a table of it. `known` names the columns by their headers, folded; no other may be called as one that is
    `taken`.
    What is no plain file is copied into the folder meanwhile.
    """
    path, is_parquet = Path(source), False
    if source != "-" and path.is_file():
        with path.open("rb") as file:
            if is_workbook(file):
                from calaim_cli.batch.workbook import Book

                book = Book(file, source, sheet, Expected(known, others=True))
                with folder.temporary(COPY) as copy:
                    unread, doubts = _copied(book, copy)
                    found = _of_csv(engine, _path_of(copy, folder), source, known, taken, blank=False)
                    yield found._replace(unread=unread, notes=book.notes, doubts=doubts)
                return
            is_parquet = file.read(len(PARQUET)) == PARQUET
    if sheet is not None:
        raise UsageError("--sheet names a sheet of a workbook, but this is not one: leave it out")
    with _plain_file(source, folder, _as_it_is if is_parquet else _whole) as (name, quotes):
        if is_parquet:
            yield _of_parquet(engine, name, source, known, taken)
        else:
            yield _of_csv(engine, name, source, known, taken, quotes=quotes)


def _of_csv(
    engine: Engine,
    path: str,
    source: str,
    known: Mapping[str, str],
    taken: Collection[str],
    *,
    quotes: bool = True,
    blank: bool = True,
) -> Table:
    """The table in a CSV file; whether there may be `quotes`, and `blank` rows, which are none."""
    wanted = "a valid CSV file; check the quotes, and that no row has more cells than the header"
    found = Table(source, wanted, ())
    with sound(found):
        delimiter, names = _header(engine, path, source, known)
        columns = _columns(names, source, known, taken)
        top = f"SELECT * FROM {_given(path, delimiter, len(names))} LIMIT 1"  # noqa: S608 quoted
        engine.ask(top)  # a header line that is not sound would be passed over below
        below = f", header = true, skip = {_empty_lines(path)}"
        # Lines that go on within quotes are not read by several at once.
        given = _given(path, delimiter, len(names), below, parallel=not quotes)
        cells = [quoted(f"c{n}") for n in range(len(names))]
        filled = " OR ".join(map(_filled, cells)) if blank else "true"
        engine.ask(f"CREATE VIEW own AS SELECT * FROM {given} WHERE {filled}")  # noqa: S608 quoted
        for n, name in enumerate(names):
            text = f"SELECT 1 FROM own WHERE {_filled(cells[n])} LIMIT 1"  # noqa: S608 quoted
            if not name.strip() and engine.ask(text):
                words = "has text but no column name; name the column, or empty it"
                raise _no_header(source, Problem(f"column {letter(n + 1)}", "nameless-column", words))
    return found._replace(columns=columns)


def _filled(cell: str) -> str:
    return f"trim({cell}, {literal(BLANKS)}) <> ''"


def _of_parquet(engine: Engine, path: str, source: str, known: Mapping[str, str], taken: Collection[str]) -> Table:
    """The table in a Parquet file. The columns that are known become texts, the others stay what they are."""
    found, given = Table(source, "a valid Parquet file; export it again", ()), READ_PARQUET.format(path=literal(path))
    with sound(found):
        described = engine.ask(f"DESCRIBE FROM {given}")
        names, types = [one[0] for one in described], [one[1].partition(" ")[0] for one in described]
        texts = [LIST if one.endswith("[]") else AS_TEXT.get(one, PLAIN) for one in types]
        columns = _columns(names, source, known, taken)
        columns = tuple(one if one.known_as else one._replace(as_text=texts[one.at]) for one in columns)
        cells = [texts[one.at].format(quoted(one.name)) if one.known_as else quoted(one.name) for one in columns]
        values = ", ".join(f"{cell} AS {one.sql}" for one, cell in zip(columns, cells, strict=True))
        engine.ask(f"CREATE VIEW own AS SELECT {values} FROM {given}")  # noqa: S608 quoted
    return found._replace(columns=columns)


def _copied(book: Book, copy: Pile) -> tuple[tuple[tuple[int, Problem], ...], tuple[tuple[Problem, int], ...]]:
    """Write a sheet of a workbook as a CSV file; gives its cells that are none, by row, and what is in doubt."""
    unread, doubts, waiting = list[tuple[int, Problem]](), Counter[Problem](), [[*book.typed]]
    for one in book.rows():
        doubts.update(one.doubts)
        if one.problem:
            unread.append((one.number, one.problem))
        # One with signs of damage is refused, whatever is read of it.
        waiting.append([cell.translate(UNDAMAGED) for cell in one.cells[: len(book.typed)]])
        if len(waiting) >= PIECE // 256:
            copy.write(records(waiting).encode())
            waiting = []
    copy.write(records(waiting).encode())
    return tuple(unread), tuple((caution(one.code, one.where), many) for one, many in doubts.items())


@contextmanager
def _plain_file(
    source: str, folder: Folder, check: Callable[[str, Iterable[bytes]], bool]
) -> Iterator[tuple[str, bool]]:
    """The path that the table is read from, its own or a private copy's of what is no plain file; what is checked."""
    path = Path(source)
    if source != "-" and path.is_file() and not NO_PLAIN_NAME.search(str(path.absolute())):
        with path.open("rb") as file:
            checked = check(source, iter(partial(file.read, PIECE), b""))
        yield str(path.absolute()), checked
        return
    content = files.read_bytes(source, LARGEST)
    checked = check(source, [content])
    with folder.temporary(COPY) as copy:
        copy.write(content)
        yield _path_of(copy, folder), checked


def _path_of(copy: Pile, folder: Folder) -> str:
    return f"{folder.path.absolute() / copy.name}"


def _as_it_is(_name: str, _pieces: Iterable[bytes]) -> bool:
    """Nothing is checked: the engine looks at the whole of it."""
    return False


def _whole(name: str, pieces: Iterable[bytes]) -> bool:
    """Whether there are quotes. Raises InputError for another kind of file, signs of damage, and an open quote."""
    quotes, lines, first = 0, 1, True
    for piece in pieces:
        if first and piece.startswith((WORKBOOK, PARQUET)):
            words = "this is a workbook or a Parquet file: give its name, not its content"
            raise InputError(f"{name}: {words}", code="workbook")
        for mark, (code, words) in DAMAGE.items():
            before, met, _ = piece.partition(mark.encode())
            if met:
                raise InputError(f"{name}: line {lines + before.count(LINE_END)}: {words}", code=code)
        quotes, lines, first = quotes + piece.count(b'"'), lines + piece.count(LINE_END), False
    if quotes % 2:
        raise InputError(f"{name}: not a valid CSV file; a quote is not closed, or is left over", code="quotes")
    return quotes > 0


@contextmanager
def sound(table: Table) -> Iterator[None]:
    """Turn what the engine says of a file, which quotes it, into the line and what to do."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        found = LINE.search(str(error))
        where = f"line {found[1]}: " if found else ""
        if "unicode" in str(error):
            words = f"{table.source}: {where}not UTF-8: in Excel save as 'CSV UTF-8'"
            raise InputError(words, code="encoding") from None
        raise InputError(f"{table.source}: {where}not {table.wanted}", code="quotes") from None


def _header(engine: Engine, path: str, source: str, known: Mapping[str, str]) -> tuple[str, list[str]]:
    """The delimiter under which the header line has most known names, and its cells.

    The engine reads it, as it does the rows: what it takes for the end of a cell is not in all what Python does.
    """
    found: list[tuple[str, list[str]]] = []
    for delimiter in DELIMITERS:
        given = _given(path, delimiter, MOST_COLUMNS, FIRST)
        first = engine.ask(f"SELECT * FROM {given} LIMIT 1")  # noqa: S608 quoted
        found.append((delimiter, [cell for one in first for cell in one if cell is not None]))
    delimiter, names = max(found, key=lambda one: sum(fold(cell) in known for cell in one[1]))
    if not any(map(str.strip, names)):
        raise InputError(f"{source}: no header line; 'calaim questions' lists the columns", code="no-header")
    return delimiter, names


def _given(path: str, delimiter: str, width: int, more: str = EVERY_LINE, *, parallel: bool = False) -> str:
    """The file as a table of so many columns of text; the header line is a row unless `more` says otherwise."""
    columns = ", ".join(f"{literal(f'c{n}')}: 'VARCHAR'" for n in range(width))
    return READ.format(path=literal(path), delimiter=literal(delimiter), columns=columns, parallel=parallel, more=more)


def _empty_lines(path: str) -> int:
    """How many lines are empty before the first that is not: the engine takes no such line for a row."""
    with Path(path).open("rb") as file:
        top = file.read(PIECE).removeprefix(codecs.BOM_UTF8).replace(b"\r\n", LINE_END).replace(b"\r", LINE_END)
    return len(top) - len(top.lstrip(LINE_END))


def _columns(names: Sequence[str], source: str, known: Mapping[str, str], taken: Collection[str]) -> tuple[Column, ...]:
    """The columns that have a name. Raises InputError where two have the same, one that is taken, or none is known."""
    columns = tuple(Column(name, known.get(fold(name), ""), n) for n, name in enumerate(names) if name.strip())
    ours = {one.casefold() for one in taken}
    first, *others = [one.name for one in columns if one.name.casefold() in ours] or [""]
    if others:
        words = f"its columns {first} and {len(others)} more are results: remove them, or give the table as it was"
        raise InputError(f"{source}: this table was screened already; {words}", code="header")
    problems, met = [], set[str]()
    for one in columns:
        where = f"column {letter(one.at + 1)}"
        same = {one.known_as or one.name.casefold(), one.name.casefold()}
        if not met.isdisjoint(same):
            problems.append(Problem(where, "duplicate-column", "appears twice; remove or rename one"))
        elif one.name.casefold() in ours:
            problems.append(Problem(where, "result-column", "has the name of a result; remove or rename it"))
        met |= same
    if problems:
        raise _no_header(source, *problems)
    return columns


def _no_header(source: str, *problems: Problem) -> InputError:
    return InputError(f"{source}: the header line has errors; nothing was written", problems, code="header")
