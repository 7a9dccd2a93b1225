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
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext, suppress
from datetime import date
from functools import partial
from pathlib import Path
from stat import S_ISFIFO, S_ISREG
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from msgspec import Struct, field

from calaim_cli.base import files
from calaim_cli.base.errors import CAUTIONS, InputError, NotFound, OutputRefused, Problem, UsageError, caution
from calaim_cli.base.files import Folder, Pile, Status
from calaim_cli.base.wording import counted, name_key
from calaim_cli.batch import row
from calaim_cli.batch.sheet import LEFT_OUT, REJECTS, REJECTS_BOOK, Expected, Sheet, Source, Watch, is_workbook, records
from calaim_cli.decide.follow_up import Story
from calaim_cli.draft.again import HEAD, REFERENCE, as_found, carried_day, date_line, referring
from calaim_cli.draft.body import DATE_LABEL
from calaim_cli.draft.draft import ECM_AND_CHW, TOGETHER, Drafted, Drafter, formatted, numbers_of, request_of, story_of
from calaim_cli.draft.formats import Format
from calaim_cli.policy.follow_up import REFERENCE_LABEL

if TYPE_CHECKING:
    from calaim_cli.batch.workbook import Book

MOST_LISTED: Final = 1000
# A row takes about 1 KB until all have been read, and one that is refused its own length.
MOST_ROWS: Final = 500_000
NARROWEST: Final = 4
REPORT: Final = "report.csv"
REPORT_COLUMNS: Final = ("row", "line", "status", "code", "message", "file")
EXISTS: Final = "another file with this name exists; it was not changed"
STALE_NAME: Final = re.compile(r"[0-9]{4,}-(?:ecm|cs|chw)\.(?:eml|txt)")
KEPT_CELL: Final = re.compile(r"[A-Za-z0-9._-]{0,40}")
# Nobody means a folder by such a name.
NO_FOLDER: Final = re.compile(r".*\.(?:7z|csv|docx|eml|gz|html|json|ods|pdf|tar|toml|tsv|txt|xlsx)", re.IGNORECASE)
# Every entry of a zip file carries this day, so that the same drafts give the same bytes.
EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
FROM_LINE: Final = re.compile(rb"^(>*From )", re.MULTILINE)
MAIL_HEAD: Final = b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"
LONGEST_HEAD: Final = 64  # of the two lines with day and reference
# The head of a draft, as no text of a person has it in two lines.
REFERRED: Final = re.compile(
    rb"%s: [0-9/]{10}\r?\n%s: (%s)\r?\n" % (DATE_LABEL.encode(), REFERENCE_LABEL.encode(), REFERENCE.pattern)
)


class Order(Struct, frozen=True):
    """What was asked for; a dry run needs no `out`. `limit` 0: all rows. `keep`: columns that go into the report.

    `sheet` is the name of a sheet within a workbook; None for its first.
    """

    source: str
    out: Path | None = None
    keep_going: bool = False
    dry_run: bool = False
    encoding: str | None = None
    limit: int = 0
    keep: tuple[str, ...] = ()
    sheet: str | None = None

    @property
    def one_file(self) -> str:
        """The ending of the one file that all drafts go into; "" where each has its own in a folder."""
        suffix = self.out.suffix.lower() if self.out else ""
        return suffix if suffix in {".zip", ".mbox"} else ""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where something is to be written, if anything is."""
        if self.dry_run or self.out is None:
            return ()
        return (self.out.parent if self.one_file else self.out,)

    def list_of(self, name: str) -> Path:
        """Where a list goes: into the folder of drafts, or beside the one file, with its name before."""
        out = self.out or Path()
        return out.with_name(f"{out.name}.{name}") if self.one_file else out / name


def output_named(text: str | None) -> Path | None:
    """The output that a person named. Raises UsageError for the name of another kind of file."""
    if text is None:
        return None
    path = Path(text)
    if not text.strip() or (NO_FOLDER.fullmatch(path.name) and not os.path.isdir(path)):  # noqa: PTH112 it never raises
        raise UsageError(f"--out {text or repr('')}: give a folder, or a file that ends in .zip or .mbox")
    return path


class Tally(Struct):
    """How many rows met which fate; `watch` hears how many bytes of the input were read.

    `rejects` is the list of refused rows; `notes` are what the sheet does not show of itself.
    """

    rows: int = 0
    written: int = 0
    unchanged: int = 0
    refused: int = 0
    conflict: int = 0
    stale: list[str] = field(default_factory=list)
    warned: int = 0
    dry: bool = False
    rejects: str = REJECTS
    notes: tuple[Problem, ...] = ()
    stories: list[Story] = field(default_factory=list)  # what a ledger is to keep of the drafts that are there now
    watch: Watch = field(default=lambda _: None)

    @property
    def exit_code(self) -> int:
        """0, or that of a conflict or stale draft, else that of a run that left rows out."""
        if self.conflict or (self.stale and not self.dry):
            return OutputRefused.exit_code
        return LEFT_OUT if self.refused else 0

    def text(self, report: str = REPORT) -> str:
        """The summary, in one line, with the name of the report."""
        drafted = self.rows - self.refused
        words = f"{self.warned} with warnings" + ("" if self.dry else f": see {report}")
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
            "warnings": [],
        }


def size_of(source: str) -> int | None:
    """How many bytes the input has; None where nobody can tell."""
    try:
        return Path(source).stat().st_size or None
    except OSError:
        return None


def left_to_do(order: Order, tally: Tally) -> Iterator[Problem]:
    """What a person has to do after a run that could not do all of it."""
    yield from tally.notes
    if tally.dry:
        yield from (caution("stale", name) for name in tally.stale)
        return
    report, out = order.list_of(REPORT), str(order.out)
    if tally.conflict:
        words = f"{report} lists files that already exist with different content; they were not changed. Remove them"
        if order.one_file:
            words = "exists with different content and was not changed. Remove it"
        yield Problem(out, "conflict", f"{words} or choose another --out")
    if tally.refused:
        words = "lists the refused rows. Fix them there, then run that file with a new --out"
        yield Problem(str(order.list_of(tally.rejects)), "refused", words)
    if tally.stale:
        many = counted(len(tally.stale), "draft")
        words = f"{report} lists {many} from an earlier run or another sheet, which this sheet does not produce"
        yield Problem(out, "stale", f"{words}. Check each one, and delete only those that should not be sent")


class Fate(Struct):
    """What became of a row: what is said of it, and where in the pile its draft waits, if it has one."""

    number: int
    line: int
    ending: str = ""  # of the name of its file; "" where it has none
    said: tuple[Problem, ...] = ()
    kept: tuple[str, ...] = ()
    start: int = 0
    length: int = 0
    status: Status = Status.REFUSED
    story: Story | None = None
    drawn: str = ""  # the reference in the pile; that of the story may be the one of an earlier run

    def carry(self, reference: str, day: date) -> None:
        """Take the reference and day of the draft that is there."""
        if self.story is not None:
            first = self.story.steps[0]._replace(day=day)
            self.story = self.story._replace(reference=reference or self.story.reference, steps=(first,))

    def warn(self, code: str, **facts: object) -> None:
        """One more warning, unless it has it already."""
        if all(one.code != code for one in self.said):
            self.said = (*self.said, row.worded(caution(code, "", **facts)))


class Rows:
    """All rows of a sheet, drafted or refused, and the pile of drafts."""

    def __init__(self, order: Order, sheet: Sheet | Book, drafter: Drafter, drafts: Pile) -> None:
        self.order, self.sheet, self.drafter, self.drafts = order, sheet, drafter, drafts
        self.fates: list[Fate] = []
        self.total = 0
        self._case_of = row.reader(sheet.columns, drafter.policy.answerable)
        self._of_member = [n for n, column in enumerate(sheet.columns) if row.is_of_the_member(column)]
        self._members: dict[str, tuple[Fate, str, str]] = {}
        self._requests: dict[tuple[str, str], Fate] = {}
        self._of_both: dict[tuple[str, str], Fate] = {}  # as _requests, by numbers without the zeros before them

    def read(self, tally: Tally) -> None:
        """Draft every row, or of more than the limit the first ones: the others are counted, for the names' width."""
        for one in self.sheet.rows():
            self.total = one.number
            if one.number > MOST_ROWS:
                words = f"more than {MOST_ROWS:,} rows; split the sheet, and repeat the header line in each part"
                raise InputError(f"{self.order.source}: {words}", code="too-many-rows")
            if self.order.limit and one.number > self.order.limit:
                continue
            fate = Fate(one.number, one.line, said=tuple(map(row.worded, one.doubts)))
            self.fates.append(fate)
            if problems := (one.problem,) if one.problem else self._draft(one.cells, fate):
                fate.said = (*problems, *fate.said)
                self.sheet.refused.add(self.sheet.with_problem(one.cells, ": ".join(row.summed(fate.said))))
            self._keep(one.cells, fate)
        if not self.total:
            raise InputError(f"{self.order.source}: no rows below the header line", code="no-rows")
        tally.rows = len(self.fates)
        tally.refused = sum(fate.status is Status.REFUSED for fate in self.fates)
        tally.warned = sum(fate.status is not Status.REFUSED and bool(fate.said) for fate in self.fates)

    def _keep(self, cells: Sequence[str], fate: Fate) -> None:
        """Keep what goes into the report of a row's own columns: short plain words, and nothing of the member."""
        mine, of_member = [cells[n].strip() for n in self.sheet.kept], [cells[n] for n in self._of_member]
        told = partial(row.tells_of_the_member, cells=of_member, as_of=self.drafter.as_of)
        fate.kept = tuple(one if KEPT_CELL.fullmatch(one) and not told(one) else "" for one in mine)
        if [*fate.kept] != mine:
            fate.warn("keep-format")

    def _draft(self, cells: Sequence[str], fate: Fate) -> tuple[Problem, ...]:
        """Draft a row, or tell why not."""
        case, unread = self._case_of(cells)
        try:
            drafted = self.drafter.draft(case, unread)
        except (InputError, NotFound) as error:
            found = error.problems or (Problem("", error.code, error.message),)
            return tuple(map(row.worded, found))
        if (earlier := self._first_asked(drafted, fate)) < fate.number:
            return (Problem("", "duplicate", f"the same member and request as in row {earlier}"),)
        by_email = drafted.goes.by_email
        if self.order.one_file == ".mbox" and not by_email:
            return (row.worded(Problem("member.plan", "not-by-email", "")),)
        content = formatted(drafted, Format.EML if by_email else Format.TEXT, self.drafter.policy)
        fate.ending = f"{drafted.case.referral.program}.{'eml' if by_email else 'txt'}"
        fate.said = (*map(row.worded, drafted.warnings), *fate.said)
        fate.status = Status.WRITTEN
        fate.start, fate.length = self.drafts.size, self.drafts.write(content)
        fate.story, fate.drawn = story_of(drafted, self.drafter.as_of, self.drafter.policy), drafted.reference
        return ()

    def _first_asked(self, drafted: Drafted, fate: Fate) -> int:
        """The first row with the same member and request; where a number comes again otherwise, both are warned."""
        member, request = drafted.case.member, request_of(drafted.case.referral)
        numbers, name = numbers_of(member), name_key(f"{member.first_name} {member.last_name}")
        for number in numbers:
            earlier, written, known_as = self._members.setdefault(number.lstrip("0"), (fate, number, name))
            for code, differ in (("id-name", known_as != name), ("id-zeros", written != number)):
                if differ:
                    earlier.warn(code, row=fate.number)
                    fate.warn(code, row=earlier.number)
            for program in TOGETHER - {request} if request in TOGETHER else ():
                if other := self._of_both.get((number.lstrip("0"), program)):
                    other.warn(ECM_AND_CHW)
                    fate.warn(ECM_AND_CHW)
            self._of_both.setdefault((number.lstrip("0"), request), fate)
        first = (self._requests.setdefault((number, request), fate).number for number in numbers)
        return min(first, default=fate.number)

    def name_of(self, fate: Fate) -> str:
        """The file of a row's draft: its number, as wide as the largest, and the program; "" where it has none."""
        width = max(NARROWEST, len(str(self.total)))
        return f"{fate.number:0{width}d}-{fate.ending}" if fate.ending else ""

    def drafted(self) -> Iterator[tuple[Fate, str, bytes]]:
        """The rows that have a draft, each with the name of its file and the draft."""
        for fate in self.fates:
            if name := self.name_of(fate):
                content = self.drafts.read(fate.start, fate.length)
                yield fate, name, referring(content, fate.drawn, fate.story.reference) if fate.story else content

    def stale(self, folder: Folder | None) -> list[str]:
        """Drafts of an earlier run that this one does not give; not asked for where only the first rows are taken."""
        if self.order.out is None or self.order.limit or self.order.one_file:
            return []
        given = set(map(self.name_of, self.fates))
        with nullcontext(folder) if folder else closing(Folder(self.order.out)) as there:
            names = (name for name in there.names() if STALE_NAME.fullmatch(name) and name not in given)
            return sorted(name for name in names if S_ISREG(there.status(name).st_mode))


def run(order: Order, drafter: Drafter, tally: Tally) -> None:
    """Do what was asked for; `tally` tells what became of it.

    Raises InputError when the file or, without `keep_going`, a row is not in order: then nothing was written.
    """
    with ExitStack() as stack:
        # Rows make no cycles, and the collector would look at each of them again and again.
        stack.callback(gc.enable)
        gc.disable()
        tally.dry, folder, whole = order.dry_run or order.out is None, None, None
        if order.out is not None and not tally.dry:
            stack.enter_context(files.worded(order.out))
            folder = stack.enter_context((files.beside if order.one_file else files.opened)(order.out))
            whole = stack.enter_context(folder.temporary(order.out.name)) if order.one_file else None
        sheet = _sheet(stack.enter_context(_input(order, folder)), order, drafter, tally)
        stack.callback(sheet.refused.content)  # an archive that is never finished warns when it is thrown away
        tally.rejects, tally.notes = sheet.rejects, sheet.notes
        drafts = stack.enter_context(closing((folder.pile if folder else files.nowhere)("drafts")))
        rows = Rows(order, sheet, drafter, drafts)
        rows.read(tally)
        with nullcontext() if folder else suppress(OSError):  # a dry run leaves out what it cannot find out
            tally.stale = rows.stale(folder)
        if tally.refused and not order.keep_going:
            raise _all_refused(rows, tally)
        if folder is not None:
            _check_lists(rows, tally, folder)
            if whole is not None:
                _publish_file(rows, tally, folder, whole)
            else:
                _publish_folder(rows, tally, folder)
            if whole is None or not tally.conflict:
                _publish_lists(rows, tally, folder)
            kept = (fate for fate in rows.fates if fate.status in {Status.WRITTEN, Status.UNCHANGED})
            tally.stories = [fate.story for fate in kept if fate.story]
            drafts.close()  # what has no name need not get to the disk
            folder.confirm()


def _sheet(file: BinaryIO, order: Order, drafter: Drafter, tally: Tally) -> Sheet | Book:
    """The sheet that the input is, or has as a workbook. Raises UsageError for an option of the other kind."""
    known, forms = row.known_headers(drafter.policy.answerable), drafter.policy.routes_file.form
    lacking = partial(row.lacking, forms=forms, profile=drafter.profile.referrer)
    expected = Expected(known, lacking, order.keep, row.stays_in_the_house)
    if not is_workbook(file):
        if order.sheet is not None:
            raise UsageError("--sheet names a sheet of a workbook, but this is a CSV: leave it out")
        return Sheet(Source(file, order.source, tally.watch), order.encoding, expected)
    if order.encoding is not None:
        raise UsageError("--encoding is for a CSV, but this is a workbook: leave it out")
    from calaim_cli.batch.workbook import Book

    return Book(file, order.source, order.sheet, expected, tally.watch)


def _all_refused(rows: Rows, tally: Tally) -> InputError:
    """Without `keep_going`, one bad row is enough. What an earlier run left is named as well."""
    refused = ((fate, one) for fate in rows.fates if fate.status is Status.REFUSED for one in fate.said)
    wrong = [(fate, one) for fate, one in refused if one.code not in CAUTIONS]
    listed = [
        Problem(rows.sheet.place(fate.number, fate.line, one.where), one.code, one.message)
        for fate, one in wrong[:MOST_LISTED]
    ]
    if len(wrong) > MOST_LISTED:
        listed.append(Problem("further rows", "not-listed", "only the first ones are listed; fix them and run again"))
    listed += [*tally.notes, *(caution("stale", name) for name in tally.stale)]
    what = f"{rows.order.source}: {tally.refused} of {counted(tally.rows, 'row')} refused; nothing was written"
    return InputError(f"{what}. Fix them, or use --keep-going", tuple(listed), code="rows-refused")


def _input(order: Order, folder: Folder | None) -> AbstractContextManager[BinaryIO]:
    """What is read, opened: a file, a pipe, or standard input for `-`."""
    name = order.source
    if name == "-":
        return nullcontext(sys.stdin.buffer if sys.stdin else io.BytesIO())
    try:
        found = Path(name).stat()
        if not S_ISREG(found.st_mode) and not S_ISFIFO(found.st_mode):
            words = "is not a file; give a CSV file or a workbook, or - for standard input"
            raise InputError(f"{name}: {words}", code="not-a-file")
        for rejects in (REJECTS, REJECTS_BOOK):
            with suppress(FileNotFoundError):
                if folder and os.path.samestat(found, folder.status(order.list_of(rejects).name)):
                    # It would be overwritten, and its rows would count from 1 again.
                    words = f"this is the {rejects} of the same folder. Choose another --out"
                    raise OutputRefused(f"{name}: {words}", code="own-input")
        return Path(name).open("rb")
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None


def _publish_folder(rows: Rows, tally: Tally, folder: Folder) -> None:
    there = set(folder.names())
    for fate, name, drafted in rows.drafted():
        found = (folder.find(name).content or b"") if name in there else b""
        refer = partial(referring, drafted, fate.drawn)
        content, reference, day = as_found(found, drafted, fate.drawn, rows.drafter.as_of, refer)
        fate.carry(reference, day)
        fate.status = Status.UNCHANGED if found == content else folder.put(name, content)
        setattr(tally, fate.status, getattr(tally, fate.status) + 1)


def _publish_file(rows: Rows, tally: Tally, folder: Folder, whole: Pile) -> None:
    """Put the drafts into the one file, bring it to the disk, and give it its name."""
    name, as_of = (rows.order.out or Path()).name, rows.drafter.as_of
    for fate, reference in zip(
        [fate for fate in rows.fates if fate.story], _references(folder.pieces(name)), strict=False
    ):
        fate.carry(reference, as_of)
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
                    fate.carry("", day)
    for fate in rows.fates:
        fate.status = fate.status if fate.status is Status.REFUSED else status
    setattr(tally, status, tally.rows - tally.refused)


def _references(pieces: Iterable[bytes]) -> Iterator[str]:
    """The references of the drafts in one file, in their order; a zip of ours stores them uncompressed."""
    rest = b""
    for piece in pieces:
        text, end = rest + piece, 0
        for found in REFERRED.finditer(text):
            yield found[1].decode()
            end = found.end()
        rest = text[max(end, len(text) - LONGEST_HEAD) :]


def _fill(rows: Rows, whole: Pile, day: date) -> None:
    """Write the one file of drafts, each dated that day."""
    os.ftruncate(whole.descriptor, 0)
    os.lseek(whole.descriptor, 0, os.SEEK_SET)
    old, new = date_line(rows.drafter.as_of), date_line(day)
    drafts = ((name, content.replace(old, new, 1)) for _, name, content in rows.drafted())
    with os.fdopen(whole.descriptor, "w+b", closefd=False) as file:
        if rows.order.one_file == ".zip":
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


def _check_lists(rows: Rows, tally: Tally, folder: Folder) -> None:
    """Refuse to take the place of lists that are not ours, or of refused rows that somebody is fixing there."""
    report, rejects = rows.order.list_of(REPORT), rows.order.list_of(rows.sheet.rejects)
    ours = {report: records([REPORT_COLUMNS]).rstrip().encode()}
    if tally.refused:
        ours[rejects] = rows.sheet.refused.begun
    for path, begins in ours.items():
        found = folder.find(path.name, len(begins))
        if found.exists and not files.could_be(found.content, begins):
            words = "already exists, and is not a report of calaim batch. Move it away and run again"
            raise OutputRefused(f"{path}: {words}", code="exists")
    if folder.changed_at(rejects.name) > folder.changed_at(report.name) > 0:
        known = folder.find(rejects.name).content or b""
        if not files.could_be(known, rows.sheet.refused.content()[: len(known)]):
            words = "was edited after the last run. Save it under another name first"
            raise OutputRefused(f"{rejects}: {words}", code="exists")


def _publish_lists(rows: Rows, tally: Tally, folder: Folder) -> None:
    """The report and the refused rows; left as they are where this run changed nothing."""
    report, rejects = rows.order.list_of(REPORT).name, rows.order.list_of(rows.sheet.rejects).name
    refused, known = rows.sheet.refused, folder.find(report).content
    if tally.refused:
        content = [refused.content()]
        same = folder.compared(rejects, content) is Status.UNCHANGED
        if not same:
            folder.replace(rejects, content)
    else:
        there = folder.find(rejects, len(refused.begun))
        same = not there.exists
        # A list beside no report is not of an earlier run, unless it looks so.
        ours = known is not None or files.could_be(there.content, refused.begun)
        if there.exists and ours and not tally.conflict:
            folder.remove(rejects)  # its rows have been fixed: fed back they would be a second referral
    lines = records(_report(rows, tally)).encode()
    # A report that differs in what was there before alone is left as it is.
    before, now = (one.replace(b",unchanged,", b",written,") for one in (known or b"", lines))
    if tally.written or tally.conflict or not same or before != now:
        folder.replace(report, [lines])


def _report(rows: Rows, tally: Tally) -> Iterator[Sequence[object]]:
    kept = [rows.sheet.typed[n].strip() for n in rows.sheet.kept]
    yield *REPORT_COLUMNS, *kept
    for fate in rows.fates:
        exists = (Problem("", "exists", EXISTS),) if fate.status is Status.CONFLICT else ()
        codes, text = row.summed((*exists, *fate.said))
        yield fate.number, fate.line, fate.status, codes, text, rows.name_of(fate), *fate.kept
    for name in tally.stale:
        yield "", "", Status.STALE, "stale", CAUTIONS["stale"], name, *[""] * len(kept)
