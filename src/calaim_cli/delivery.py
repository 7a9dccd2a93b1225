"""Where drafts go: each into a file of its own, its row into the ledger that keeps track, a page to the member.

Nothing is ever written over unasked, and the file comes before its row: a kill between them leaves a draft that a rerun
adds to the ledger. The ledger is loaded only where one is kept.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from datetime import date
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from calaim_cli.base import files
from calaim_cli.base.errors import OutputRefused, Problem, UsageError, caution
from calaim_cli.base.streams import emit_utf8, warn
from calaim_cli.base.system import typed_anew
from calaim_cli.case import casefile
from calaim_cli.case.case import Case, Profile, Referral
from calaim_cli.decide import follow_up
from calaim_cli.decide.coverage import renewal_of
from calaim_cli.decide.follow_up import Story
from calaim_cli.draft import again, draft, page
from calaim_cli.draft.draft import Drafted, Drafter
from calaim_cli.draft.formats import Format
from calaim_cli.policy.follow_up import REFERENCE_LABEL
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import THREE_PROGRAMS
from calaim_cli.show.blocks import few_of

PAGES: Final = (".html", ".txt")
OR_FORCE: Final = ", or use --force"
THE_LEDGER: Final = "the ledger (--log)"
MOST_NAMED: Final = 3
OF_EACH: Final = frozenset({"--out", "--for-member"})
"""What each of several drafts has of its own."""


class Delivery(NamedTuple):
    """Where drafts go and in which form: their file, the page for the member, the ledger; `tell` hears what is done.

    To `redact` they are only shown, with all about the member masked. `once_sent` are the options of the command that
    notes a sending; None where nobody is told of it.
    """

    form: Format
    out: Path | None
    page: Path | None
    ledger: Path | None
    force: bool
    redact: bool
    tell: Callable[[str], None]
    once_sent: tuple[str, ...] | None = None


def must_be_free(*paths: Path | None, force: bool) -> None:
    """Raises OutputRefused, before a talk begins, if its draft or page could not be written afterwards."""
    for path in filter(None, paths):
        if not path.absolute().parent.is_dir():
            raise OutputRefused(f"{path}: folder {path.parent} does not exist; create it first", code="no-folder")
        for one in _named_for_several(path) if not force else ():
            if one.exists():
                raise OutputRefused(f"{one}: exists; choose another name, or give --force", code="exists")


def _named_for_several(path: Path) -> tuple[Path, ...]:
    """The file of one draft, and those that several would get."""
    return (path, *(_own_file(path, f"-{program}") for program in THREE_PROGRAMS))


def _own_file(path: Path, own: str) -> Path:
    """The file that has this before its ending; a path without a name stays: it is told when it is written."""
    return path.with_stem(f"{path.stem}{own}") if path.name else path


def each_its_own(named: Mapping[str, Path | None], *, several: bool = False) -> None:
    """Raises UsageError if two names lead to the same file: one would replace the other.

    `several`: there may be more than one draft, and each page and draft has a name of its own then.
    """
    known: dict[str, str] = {}
    for name, path in named.items():
        paths = _named_for_several(path) if path and several and name in OF_EACH else filter(None, (path,))
        for one in {os.path.normcase(os.path.realpath(path)) for path in paths}:
            if (other := known.setdefault(one, name)) != name:
                raise UsageError(f"{other} and {name} name the same file: give each its own", code="same-file")


def deliver(
    drafts: Sequence[Drafted], left_out: Sequence[str], warnings: Iterable[Problem], drafter: Drafter, to: Delivery
) -> list[Drafted]:
    """The drafts as they were written, with these warnings before their own: to their files or to stdout.

    Each is followed by its row and the member's page, and all by how to send them and what was `left_out`. Raises
    OutputRefused at the first that cannot be written; those before it stay.
    """
    done, policy, first, begun = [], drafter.policy, tuple(warnings), list[str]()
    for drafted in drafts:
        one, day = replace(drafted, warnings=(*first, *drafted.warnings)), drafter.as_of
        kept = drafter.redacted(one) if to.redact else one
        warn(kept.warnings, to.tell)
        # Several get the program's id before the ending.
        own = f"-{one.case.referral.program}" if len(drafts) > 1 else ""
        if to.out is None:
            emit_utf8(draft.formatted(kept, to.form, policy).decode())
        else:
            kept, day = _filed(_own_file(to.out, own), kept, drafter, to)
        if to.ledger and (story := draft.story_of(kept, day, policy)):
            found = keep_track(to.ledger, [story], policy)
            to.tell(f"{to.ledger}: {story.reference} {'recorded before' if found is None else 'recorded'}.")
            begun += [] if found is None else [story.reference]
            kept = _warned(kept, found or (), to)
        if to.page:
            kept = _paged(_own_file(to.page, own), kept, day, policy, to)
        done.append(kept)
    for words in _last_words(done, left_out, policy, masked=to.redact):
        to.tell(words)
    if begun and to.once_sent is not None:
        to.tell(f"Once it is sent: {typed_anew(['calaim', 'referrals', 'sent', *begun, *to.once_sent])}")
    return done


def _warned(one: Drafted, extra: Iterable[Problem], to: Delivery) -> Drafted:
    """The draft with further warnings, which are told."""
    found = tuple(extra)
    warn(found, to.tell)
    return replace(one, warnings=(*one.warnings, *found))


def _filed(path: Path, one: Drafted, drafter: Drafter, to: Delivery) -> tuple[Drafted, date]:
    """The draft that stands in its file now, and its day."""
    old = _reference_in(path, to.ledger) if to.force else ""
    kept, content, day = _as_found(path, one, to.form, drafter, force=to.force)
    if old and old != kept.reference:
        kept = _warned(kept, [caution("reference-replaced", str(path), reference=old)], to)
    to.tell(f"{path}: {files.save(path, content, replace=to.force, hint=OR_FORCE)}. {one.goes.why}.")
    return kept, day


def _paged(path: Path, one: Drafted, day: date, policy: Policy, to: Delivery) -> Drafted:
    """The draft, once the member's page of it is written, with what that page has to be warned of."""
    paper = page.member_page(one, day, policy)
    content = page.paper_html(paper) if path.suffix.lower() == PAGES[0] else page.paper_text(paper)
    kept = _warned(one, follow_up.uncounted_holidays(page.running(one, day, policy), policy), to)
    to.tell(f"{path}: {files.save(path, content.encode(), replace=to.force, hint=OR_FORCE)}. For the member.")
    return kept


def _reference_in(path: Path, known: Path | None) -> str:
    """The first reference that the draft there has in it, where it is in the ledger; else ""."""
    if known is None or not path.is_file():
        return ""
    from calaim_cli.follow import ledger

    with closing(files.Folder(path.parent)) as folder:
        head = folder.find(path.name, again.HEAD).content or b""
    found = re.search(rb"%s: (%s)" % (REFERENCE_LABEL.encode(), again.REFERENCE.pattern), head)
    reference = found[1].decode() if found else ""
    return reference if reference in ledger.references(known) else ""


def _as_found(path: Path, one: Drafted, form: Format, drafter: Drafter, *, force: bool) -> tuple[Drafted, bytes, date]:
    """The draft, its bytes and its day, with reference and day of the file there.

    The same draft on another day is still the same draft. One that replaces a different draft keeps its own.
    """
    policy, as_of = drafter.policy, drafter.as_of
    written, found = draft.formatted(one, form, policy), b""
    with suppress(OSError), path.open("rb") as file:  # whoever writes it says what is wrong
        found = file.read(2 * len(written))
    said = again.warnings_in(found) if form is Format.JSON else None
    same = one if said is None else replace(one, warnings=said)
    content, reference, day = again.as_found(
        found,
        draft.formatted(same, form, policy),
        one.reference,
        as_of,
        lambda known: draft.formatted(draft.with_reference(same, known), form, policy),
    )
    kept = draft.with_reference(one, reference)
    if not force:
        return kept, content, day
    return (kept, draft.formatted(kept, form, policy), as_of) if found == content else (one, written, as_of)


def _last_words(drafts: Sequence[Drafted], left_out: Sequence[str], policy: Policy, *, masked: bool) -> Iterator[str]:
    """What is told after the drafts: that they are masked, or how to send them and which a person said no to."""
    if masked:
        yield "Member data is masked. Nothing was written, and nothing has been sent."
        return
    yield from dict.fromkeys(said for one in drafts for said in draft.reminders_of(one, policy))
    names = "; ".join(policy.name_of(one.case.referral.program) for one in drafts)
    parted = f"Written: {names}. Not written: {'; '.join(left_out)}. " if left_out else ""
    yield f"{parted}Nothing has been sent."


# The ledger that keeps track of drafts, where a person wants one


def ledger_named(log: Path | None, profile: Profile | None) -> Path | None:
    """The ledger of the command line, else the profile's, which names it from the folder that it lies in."""
    if log is not None or profile is None or not profile.ledger:
        return log
    return casefile.profile_path().parent / Path(profile.ledger).expanduser()


def ledger_for(log: Path | None, profile: Profile, out: object) -> tuple[Path | None, tuple[Problem, ...]]:
    """The ledger that a draft in a file goes into, if any is kept, with what is to be said of its place."""
    path = ledger_named(log, profile)
    if path is None or out is None:
        return None, (caution("not-in-ledger", str(path)),) if path else ()
    from calaim_cli.follow import ledger

    return path, tuple(ledger.doubts_about(path))


def unread_month(case: Case) -> tuple[Problem, ...]:
    """What is wrong with the month of renewal that a ledger keeps. It is told to a person alone: no draft says it."""
    return tuple(one._replace(message=f"{one.message}; there will be no reminder of it") for one in renewal_of(case)[1])


def references(path: Path | None, *, one_a_request: bool) -> Callable[[Referral], str] | None:
    """What gives a referral its reference, with `one_a_request` the same for the same; None without a ledger."""
    if path is None:
        return None
    from calaim_cli.follow import ledger

    draw = ledger.drawer(path)
    of_request = cache(lambda _: draw())
    return lambda referral: of_request(draft.request_of(referral)) if one_a_request else draw()


def keep_track(path: Path | None, new: Sequence[Story], policy: Policy) -> tuple[Problem, ...] | None:
    """A warning of open rows that ask the same as these, once the ledger has these; None where nothing was to add."""
    if path is None or not new:
        return None
    from calaim_cli.follow import ledger

    if not ledger.add(path, new):
        return None
    # By label, as nothing else tells that two are of one member.
    asked = {(one.label, one.plan, one.program, one.services): one.reference for one in new if one.label}
    same = [
        other.reference
        for other in (ledger.stories(path) if asked else ())
        if asked.get((other.label, other.plan, other.program, other.services), other.reference) != other.reference
        if follow_up.is_open(other, policy.follow_up_file)
    ]
    return (caution("asked-before", str(path), reference=few_of(same, MOST_NAMED)),) if same else ()
