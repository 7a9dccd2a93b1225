"""The story of `batch`: every row is checked and drafted first, then all drafts are published, or none.

Drafts wait in a private file without a name until every row has been read. What is published depends on nothing but
the input, the data and the day, so running again is the way to go on after whatever stopped a run.
"""

from __future__ import annotations

import gc
import io
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import date
from enum import StrEnum
from pathlib import Path
from stat import S_ISFIFO, S_ISREG
from typing import Any, Final

from msgspec import Struct, field

from calaim_cli.base import files, system
from calaim_cli.base.cautions import CAUTIONS, caution
from calaim_cli.base.errors import InputError, NotFound, OutputRefused, Problem, UsageError
from calaim_cli.base.files import Folder, Pile, Status
from calaim_cli.base.wording import counted, name_key
from calaim_cli.batch import row, sheet
from calaim_cli.batch.sheet import Row, Sheet, Source
from calaim_cli.draft.body import DATE_LABEL, us_date
from calaim_cli.draft.draft import Drafter, numbers_of, request_of
from calaim_cli.draft.message import eml

MOST_LISTED: Final = 1000
MOST_ROWS: Final = 500_000
NARROWEST: Final = 4
LEFT_OUT: Final = 3
"""Exit code when some rows were drafted and others refused."""
REPORT, REJECTS = "report.csv", "rejects.csv"
REPORT_COLUMNS: Final = ("row", "line", "status", "code", "message", "file")
EXISTS: Final = "another file of this name exists; it was not changed"
STALE_NAME: Final = re.compile(r"[0-9]{4,}-(?:ecm|cs|chw)\.(?:eml|txt)")
KEPT_CELL: Final = re.compile(r"[A-Za-z0-9._-]{0,40}")
NO_FOLDER: Final = re.compile(r".*\.(?:7z|csv|docx|eml|gz|html|json|ods|pdf|tar|toml|tsv|txt|xlsx)", re.IGNORECASE)
"""Names that nobody means a folder by."""
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
"""The day that every entry of a zip file carries, so that the same drafts give the same bytes."""
FROM_LINE: Final = re.compile(rb"^(>*From )", re.MULTILINE)
MAIL_HEAD: Final = b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"
HEAD: Final = 16_384
"""Bytes of a file of drafts in which the day of its first draft stands."""
US_DATE: Final = re.compile(rb"([0-9]{2})/([0-9]{2})/([0-9]{4})")


class Output(StrEnum):
    """Where the drafts go: files in a folder, or one file."""

    FOLDER = ""
    ZIP = ".zip"
    MBOX = ".mbox"


class Order(Struct, frozen=True, kw_only=True):
    """What was asked for; a dry run needs no `out`. `limit` 0: all rows. `keep`: columns that go into the report."""

    source: str
    out: Path | None = None
    keep_going: bool = False
    dry_run: bool = False
    encoding: str | None = None
    limit: int = 0
    keep: tuple[str, ...] = ()

    @property
    def output(self) -> Output:
        """Told by the ending of the output's name."""
        suffix = self.out.suffix.lower() if self.out else ""
        return Output(suffix) if suffix in {Output.ZIP, Output.MBOX} else Output.FOLDER

    def list_of(self, name: str) -> Path:
        """Where a list goes: into the folder of drafts, or beside the one file, with its name before."""
        out = self.out or Path()
        return out / name if self.output is Output.FOLDER else out.with_name(f"{out.name}.{name}")


def output_named(text: str | None) -> Path | None:
    """The output that a person named. Raises UsageError for the name of another kind of file."""
    if text is None:
        return None
    path = Path(text)
    if not text.strip() or (NO_FOLDER.fullmatch(path.name) and not os.path.isdir(path)):  # noqa: PTH112 it never raises
        raise UsageError(f"--out {text or repr('')}: give a folder, or a file that ends in .zip or .mbox")
    return path


class Tally(Struct):
    """How many rows met which fate; `watch` hears how many bytes of the input were read."""

    rows: int = 0
    written: int = 0
    unchanged: int = 0
    refused: int = 0
    conflict: int = 0
    stale: list[str] = field(default_factory=list)
    warned: int = 0
    dry: bool = False
    watch: Callable[[int], object] = field(default=lambda _: None)

    @property
    def exit_code(self) -> int:
        """0, or that of a conflict or stale draft, else that of a run that left rows out."""
        if self.conflict or (self.stale and not self.dry):
            return OutputRefused.exit_code
        return LEFT_OUT if self.refused else 0

    def text(self) -> str:
        """The summary, in one line."""
        drafted = self.rows - self.refused
        words = f"{self.warned} with warnings" + ("" if self.dry else ": see report.csv")
        warned = f" ({words})" if self.warned and (self.dry or self.written == drafted) else ""
        if self.dry:
            fates = f"{drafted} would be drafted{warned}, {self.refused} refused. Dry run: nothing was written."
        else:
            fates = f"{self.written} written{warned}, {self.unchanged} unchanged, {self.refused} refused, "
            fates += counted(self.conflict, "conflict") + (f", {len(self.stale)} stale" if self.stale else "")
            fates += f"; {words}." if self.warned and not warned else "."
        return f"{counted(self.rows, 'row')}: {fates} Nothing has been sent."

    def document(self, out: Path | None) -> dict[str, Any]:
        """The summary as `calaim.batch/1`."""
        counts = ("rows", "written", "unchanged", "refused", "conflict", "warned")
        return {
            "schema": "calaim.batch/1",
            **{name: getattr(self, name) for name in counts},
            "stale": len(self.stale),
            "out": None if out is None else str(out),
            "dry_run": self.dry,
        }


def size_of(source: str) -> int | None:
    """How many bytes the input has; None where nobody can tell."""
    try:
        return Path(source).stat().st_size or None
    except OSError:
        return None


def doubts_about(order: Order) -> Iterator[Problem]:
    """Warnings about the place where drafts are to go: others may list it. What cannot be found out is left out."""
    if order.dry_run or order.out is None:
        return
    place = order.out if order.output is Output.FOLDER else order.out.parent
    try:
        open_to_others = order.output is Output.FOLDER and place.is_dir() and system.is_open_to_others(place)
        work_tree = any((parent / ".git").exists() for parent in (place, *place.absolute().parents))
    except OSError:
        return
    if open_to_others:
        yield caution("open-folder", str(place))
    if work_tree:
        yield caution("git-work-tree", str(place))


def left_to_do(order: Order, tally: Tally) -> Iterator[Problem]:
    """What a person has to do after a run that could not do all of it."""
    report, out = order.list_of(REPORT), str(order.out)
    if tally.dry:
        yield from (caution("stale", name) for name in tally.stale)
    elif tally.conflict and order.output is Output.FOLDER:
        words = f"{report} lists files that already exist with different content; they were not changed"
        yield Problem(out, "conflict", f"{words}. Remove them or choose another --out")
    elif tally.conflict:
        words = "exists with different content and was not changed. Remove it or choose another --out"
        yield Problem(out, "conflict", words)
    elif tally.refused:
        words = "lists the refused rows. Fix them there, then run that file with a new --out"
        yield Problem(str(order.list_of(REJECTS)), "refused", words)
    if tally.stale and not tally.dry:
        many = counted(len(tally.stale), "draft")
        words = f"{report} lists {many} of an earlier run that this sheet no longer gives"
        yield Problem(out, "stale", f"{words}. Check them, and delete them yourself")


class Fate(Struct):
    """What became of a row: codes and words for the report, and where in the pile its draft waits, if it has one."""

    number: int
    line: int
    program: str = ""
    codes: str = ""
    text: str = ""
    kept: tuple[str, ...] = ()
    start: int = 0
    length: int = 0
    status: Status = Status.REFUSED

    def say_first(self, codes: str, words: str) -> None:
        """What matters more than what is said of the row so far."""
        self.codes, self.text = (f"{codes};{self.codes}", f"{words}; {self.text}") if self.codes else (codes, words)

    def warn(self, one: Problem) -> None:
        """One more warning, unless it has it already."""
        if one.code not in self.codes.split(";"):
            codes, text = f"{self.codes};{one.code}", f"{self.text}; {one.message}"
            self.codes, self.text = (codes, text) if self.codes else (one.code, one.message)


class Rows:
    """All rows of a sheet, drafted or refused. Without a folder the drafts are only counted."""

    def __init__(self, order: Order, sheet_: Sheet, drafter: Drafter, folder: Folder | None) -> None:
        self.order, self.sheet, self.drafter = order, sheet_, drafter
        self.fates: list[Fate] = []
        self.total = 0
        self.problems: list[Problem] = []
        self.drafts: Pile | None = folder.pile("drafts") if folder else None
        self.rejects: Pile | None = folder.pile("rejects") if folder else None
        self._read = row.reader(sheet_.columns, drafter.policy.questions)
        self._reject = sheet.reject_writer(sheet_)
        self._members: dict[str, tuple[Fate, str, str]] = {}
        self._requests: dict[tuple[str, str], int] = {}

    def read(self) -> None:
        """Draft every row, or of more than the limit the first ones: the others are counted, for the names' width."""
        for one in sheet.rows(self.sheet):
            self.total = one.number
            if one.number > MOST_ROWS:
                words = f"more than {MOST_ROWS:,} rows; cut the sheet into several, each with the header line"
                raise InputError(f"{self.order.source}: {words}", code="too-many-rows")
            if not self.order.limit or one.number <= self.order.limit:
                self._take(one)
        if not self.total:
            raise InputError(f"{self.order.source}: no rows below the header line", code="no-rows")

    def close(self) -> None:
        """Give up what has no name."""
        self.sheet.source.close()
        for pile in (self.drafts, self.rejects):
            if pile:
                pile.close()

    def _take(self, one: Row) -> None:
        fate = Fate(one.number, one.line)
        self.fates.append(fate)
        if problems := (one.problem,) if one.problem else self._draft(one, fate):
            self._refuse(one, fate, problems)
        kept = [one.cells[n].strip() for n in self.sheet.kept]
        fate.kept = tuple(cell if KEPT_CELL.fullmatch(cell) else "" for cell in kept)
        if [*fate.kept] != kept:
            fate.warn(caution("keep-format", ""))

    def _draft(self, one: Row, fate: Fate) -> tuple[Problem, ...]:
        """Draft a row, or tell why not."""
        case, unread = self._read(one.cells)
        try:
            drafted = self.drafter.draft(case, unread)
        except (InputError, NotFound) as error:
            found = error.problems or (Problem("", error.code, error.message),)
            return tuple(map(row.worded, found))
        member, fate.program = drafted.case.member, drafted.case.referral.program
        numbers, request = numbers_of(member), request_of(drafted.case.referral)
        self._compare(numbers, name_key(f"{member.first_name} {member.last_name}"), fate)
        earlier = min((self._requests.setdefault((number, request), one.number) for number in numbers), default=0)
        if 0 < earlier < one.number:
            return (Problem("", "duplicate", f"the same member and request as in row {earlier}"),)
        content = eml(drafted.draft)
        if drafted.warnings:
            fate.say_first(*row.summed(map(row.worded, drafted.warnings)))
        fate.status = Status.WRITTEN
        if self.drafts:
            fate.start, fate.length = self.drafts.size, self.drafts.write(content)
        return ()

    def _compare(self, numbers: Sequence[str], name: str, fate: Fate) -> None:
        """Warn of both rows where a number comes again with another name, or the same but for zeros before it."""
        for number in numbers:
            earlier, written, known_as = self._members.setdefault(number.lstrip("0"), (fate, number, name))
            if known_as != name:
                self._warn_both(earlier, fate, "id-name")
            if written != number:
                self._warn_both(earlier, fate, "id-zeros")

    @staticmethod
    def _warn_both(one: Fate, other: Fate, code: str) -> None:
        one.warn(caution(code, "", row=other.number))
        other.warn(caution(code, "", row=one.number))

    def _refuse(self, one: Row, fate: Fate, problems: Sequence[Problem]) -> None:
        fate.status, fate.program = Status.REFUSED, ""
        fate.say_first(*row.summed(problems))
        for problem in problems if len(self.problems) < MOST_LISTED else ():
            column = f", column {problem.where}" if problem.where else ""
            where = f"line {one.line} (row {one.number}){column}".replace("column column", "column")
            self.problems.append(Problem(where, problem.code, problem.message))
        if self.rejects:
            self.rejects.write(self._reject(one.cells, f"{fate.codes}: {fate.text}"))

    def name_of(self, fate: Fate) -> str:
        """The file of a row's draft: its number, as wide as the largest, and the program."""
        return f"{fate.number:0{max(NARROWEST, len(str(self.total)))}d}-{fate.program}.eml"

    def drafted(self) -> Iterator[tuple[Fate, str, bytes]]:
        """The rows that have a draft, each with the name of its file and, outside a dry run, the draft."""
        for fate in self.fates:
            if fate.status is not Status.REFUSED:
                yield fate, self.name_of(fate), self.drafts.read(fate.start, fate.length) if self.drafts else b""

    def stale(self, folder: Folder) -> list[str]:
        """Drafts of an earlier run that this one does not give; not asked for where only the first rows are taken."""
        if self.order.limit or self.order.output is not Output.FOLDER:
            return []
        given = {self.name_of(fate) for fate in self.fates if fate.status is not Status.REFUSED}
        names = (name for name in folder.names() if STALE_NAME.fullmatch(name) and name not in given)
        return sorted(name for name in names if S_ISREG(folder.status(name).st_mode))

    def count(self, tally: Tally) -> None:
        """Tell what is known once all rows have been read."""
        tally.rows = len(self.fates)
        tally.refused = sum(fate.status is Status.REFUSED for fate in self.fates)
        tally.warned = sum(fate.status is not Status.REFUSED and bool(fate.codes) for fate in self.fates)

    def refuse_all(self, tally: Tally) -> None:
        """Without `keep_going`, one bad row is enough. What an earlier run left is named all the same."""
        if not tally.refused or self.order.keep_going:
            return
        listed = self.problems[:MOST_LISTED]
        if max(len(self.problems), tally.refused) > MOST_LISTED:
            listed.append(Problem("further rows", "not-listed", "only the first are listed; fix them and run again"))
        listed += [caution("stale", name) for name in tally.stale]
        what = f"{self.order.source}: {tally.refused} of {counted(tally.rows, 'row')} refused; nothing was written"
        raise InputError(f"{what}. Fix them, or use --keep-going", tuple(listed), code="rows-refused")


def run(order: Order, drafter: Drafter, tally: Tally) -> None:
    """Do what was asked for; `tally` tells what became of it.

    Raises InputError when the file or, without `keep_going`, a row is not in order: then nothing was written.
    """
    with _fewer_collections(), ExitStack() as stack:
        whole, folder, tally.dry = None, None, order.dry_run or order.out is None
        if order.out is not None and not tally.dry:
            stack.enter_context(files.worded(order.out))
            if order.output is Output.FOLDER:
                folder = stack.enter_context(files.opened(order.out))
            else:
                folder = stack.enter_context(files.beside(order.out))
                whole = stack.enter_context(folder.temporary(order.out.name))
        source = _source(order, folder, tally.watch)
        known = row.known_headers(drafter.policy.questions)
        lacking = row.lacking(drafter.policy.counties_file.form.required, drafter.profile.referrer)
        stack.callback(source.close)
        read = sheet.read_sheet(source, order.encoding, known, lacking, order.keep, row.stays_in_the_house)
        rows = Rows(order, read, drafter, folder)
        stack.callback(rows.close)
        rows.read()
        rows.count(tally)
        if order.out is not None:
            tally.stale = rows.stale(folder) if folder else _stale_in(order.out, rows)
        rows.refuse_all(tally)
        if folder is not None:
            _publish(rows, tally, folder, whole)
            rows.close()  # what has no name need not get to the disk
            folder.confirm()


def _stale_in(out: Path, rows: Rows) -> list[str]:
    """What a dry run can find out about the folder, which it does not lock."""
    with suppress(OSError), closing(Folder(out)) as folder:
        return rows.stale(folder)
    return []


@contextmanager
def _fewer_collections() -> Iterator[None]:
    """Within it the collector of cycles rests: rows make none, and it would look at each of them again and again."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def _source(order: Order, folder: Folder | None, watch: Callable[[int], object]) -> Source:
    """The input opened for reading: a file, a pipe, or standard input for `-`."""
    name = order.source
    if name == "-":
        return Source(sys.stdin.buffer if sys.stdin else io.BytesIO(), name, watch)
    try:
        found = Path(name).stat()
        if not S_ISREG(found.st_mode) and not S_ISFIFO(found.st_mode):
            raise InputError(f"{name}: is not a file; give a CSV file, or - for standard input", code="not-a-file")
        if folder is not None:
            _refuse_own_rejects(found, order, folder)
        return Source(Path(name).open("rb"), name, watch)
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None


def _refuse_own_rejects(given: os.stat_result, order: Order, folder: Folder) -> None:
    """The rejects of a run fed back into its own folder would be overwritten, and their rows count from 1 again."""
    try:
        rejects = folder.status(order.list_of(REJECTS).name)
    except FileNotFoundError:
        return
    if os.path.samestat(given, rejects):
        words = f"this is the {REJECTS} of the same folder. Choose another --out"
        raise OutputRefused(f"{order.source}: {words}", code="own-input")


def _publish(rows: Rows, tally: Tally, folder: Folder, whole: Pile | None) -> None:
    """Everything has been read; what is good may appear now."""
    _check_lists(rows, tally, folder)
    if whole is None:
        _publish_folder(rows, tally, folder)
    else:
        _publish_file(rows, tally, folder, whole)
    if whole is None or not tally.conflict:
        _publish_lists(rows, tally, folder)


def _publish_folder(rows: Rows, tally: Tally, folder: Folder) -> None:
    there, as_of = set(folder.names()), rows.drafter.as_of
    for fate, name, content in rows.drafted():
        found = (folder.find(name).content or b"") if name in there else b""
        if (day := carried_day(found, content, as_of)) and found == of_another_day(content, as_of, day):
            fate.status = Status.UNCHANGED
        else:
            fate.status = folder.put(name, content)
        setattr(tally, fate.status, getattr(tally, fate.status) + 1)


def carried_day(found: bytes, content: bytes, as_of: date) -> date | None:
    """The day that a file carries where the expected one carries `as_of`; None where there is none."""
    line = f"{DATE_LABEL}: {us_date(as_of)}".encode()
    end = content.find(line) + len(line)
    day = US_DATE.fullmatch(found[end - 10 : end]) if line in content else None
    try:
        return date(int(day[3]), int(day[1]), int(day[2])) if day else None
    except ValueError:
        return None


def of_another_day(content: bytes, as_of: date, day: date) -> bytes:
    """A draft as a run of that day would have dated it. Its first lines hold the date, before any text of a person."""
    old, new = (f"{DATE_LABEL}: {us_date(one)}".encode() for one in (as_of, day))
    return content.replace(old, new, 1)


def _publish_file(rows: Rows, tally: Tally, folder: Folder, whole: Pile) -> None:
    """Put the drafts into the one file, bring it to the disk, and give it its name."""
    name, as_of = (rows.order.out or Path()).name, rows.drafter.as_of
    _fill(rows, whole, as_of)
    os.fsync(whole.descriptor)

    status = folder.publish(whole, name)
    if status is Status.CONFLICT:
        head = folder.find(name, HEAD).content or b""
        if day := carried_day(head, whole.read(0, min(HEAD, whole.size)), as_of):
            _fill(rows, whole, day)
            if folder.compared(name, whole.pieces()) is Status.UNCHANGED:
                status = Status.UNCHANGED
    for fate in rows.fates:
        fate.status = fate.status if fate.status is Status.REFUSED else status
    setattr(tally, status, tally.rows - tally.refused)


def _fill(rows: Rows, whole: Pile, day: date) -> None:
    """Write the one file of drafts, each dated that day."""
    os.ftruncate(whole.descriptor, 0)
    os.lseek(whole.descriptor, 0, os.SEEK_SET)
    drafts = ((name, of_another_day(content, rows.drafter.as_of, day)) for _, name, content in rows.drafted())
    with os.fdopen(whole.descriptor, "w+b", closefd=False) as file:
        if rows.order.output is Output.ZIP:
            with zipfile.ZipFile(file, "w") as archive:
                for name, content in drafts:
                    entry = zipfile.ZipInfo(name, EARLIEST)
                    entry.create_system = 3  # so that the mode counts, on every system
                    entry.external_attr = 0o100600 << 16
                    archive.writestr(entry, content)
        else:
            for _, content in drafts:
                # lines end in LF, and lines that look like the beginning of a message are quoted
                file.write(MAIL_HEAD + FROM_LINE.sub(rb">\1", content.replace(b"\r\n", b"\n")) + b"\n")
    whole.size = os.fstat(whole.descriptor).st_size


def _report(rows: Rows, stale: Iterable[str]) -> bytes:
    kept_names = [rows.sheet.typed[n].strip() for n in rows.sheet.kept]
    lines = [sheet.record((*REPORT_COLUMNS, *kept_names))]
    for fate in rows.fates:
        name = "" if fate.status is Status.REFUSED else rows.name_of(fate)
        codes, text = ("exists", EXISTS) if fate.status is Status.CONFLICT else (fate.codes, fate.text)
        lines.append(sheet.record((fate.number, fate.line, fate.status.value, codes, text, name, *fate.kept)))
    none_kept = [""] * len(kept_names)
    lines += [
        sheet.record(("", "", Status.STALE.value, "stale", CAUTIONS["stale"], name, *none_kept)) for name in stale
    ]
    return "".join(lines).encode()


def _check_lists(rows: Rows, tally: Tally, folder: Folder) -> None:
    """Refuse to take the place of lists that are not ours, or of refused rows that somebody is fixing there."""
    order, header = rows.order, sheet.rejects_header(rows.sheet)
    report, rejects = order.list_of(REPORT), order.list_of(REJECTS)
    lists = {report: sheet.record(REPORT_COLUMNS).rstrip().encode()} | ({rejects: header} if tally.refused else {})
    for path, begins in lists.items():
        found = folder.find(path.name, len(begins))
        if found.exists and not files.could_be(found.content, begins):
            words = "already exists and is not a report of this command. Move it away and run again"
            raise OutputRefused(f"{path}: {words}", code="exists")
    if folder.changed_at(rejects.name) > folder.changed_at(report.name) > 0:
        known = folder.find(rejects.name).content or b""
        expected = header + (rows.rejects.read(0, min(rows.rejects.size, len(known))) if rows.rejects else b"")
        if not files.could_be(known, expected):
            words = "was edited after the last run. Save it under another name first"
            raise OutputRefused(f"{rejects}: {words}", code="exists")


def _publish_lists(rows: Rows, tally: Tally, folder: Folder) -> None:
    """The report and the refused rows; left as they are where this run changed nothing."""
    report, rejects = rows.order.list_of(REPORT).name, rows.order.list_of(REJECTS).name

    def refused_rows() -> Iterator[bytes]:
        yield sheet.rejects_header(rows.sheet)
        yield from rows.rejects.pieces() if rows.rejects else ()

    there = folder.find(rejects, 0).exists
    same = folder.compared(rejects, refused_rows()) is Status.UNCHANGED if tally.refused else not there
    if tally.refused and not same:
        folder.replace(rejects, refused_rows())
    elif there and not tally.refused and not tally.conflict:
        folder.remove(rejects)  # its rows have been fixed: fed back they would be a second referral
    lines, known = _report(rows, tally.stale), folder.find(report).content or b""
    if tally.written or tally.conflict or not same or _as_if_written(known) != _as_if_written(lines):
        folder.replace(report, [lines])


def _as_if_written(report: bytes) -> bytes:
    """A report in which it does not matter what was there before: one that says the same is left as it is."""
    return report.replace(b",unchanged,", b",written,")
