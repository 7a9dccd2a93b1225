"""Floor 6: drafts of many rows. What is the same for many is made once; each draft is that of `refer`, byte for byte.

A row whose member is in order takes the short way: her fields go through the same checks, and the sections of the text
that rest on nothing else are taken from an earlier row. Every other row is drafted like a single case, and so is the
first of each form, which has to give the same bytes both ways.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli import fields
from calaim_cli.answering import Answering
from calaim_cli.body import member_section, notes, sections
from calaim_cli.case import Case, Member, Profile, Referral
from calaim_cli.catalog import Catalog
from calaim_cli.checks import CHECKS, county_of, named_diagnoses, part2_not_stated
from calaim_cli.counties import County
from calaim_cli.errors import InputError, NotFound, Problem
from calaim_cli.fields import MESSAGES, Checked
from calaim_cli.message import eml, headers, quoted_printable
from calaim_cli.referral import Prepared, prepare
from calaim_cli.routing import Route, route
from calaim_cli.rowcase import case_reader, keyer, picker, questions_of, told
from calaim_cli.rules import MOST_REMEMBERED, UNSEEN, Memory
from calaim_cli.screening import Screening, screener
from calaim_cli.usual import ORDER, Own, UsualWay, blank_for, numbers_of

OWN: Final = frozenset({*ORDER, "county", "zip", "notes"})
"""Columns that differ from member to member; the others decide the form of the draft."""
REPORTED: Final = frozenset(
    {"cin-letter", "mrn-length", "zip-state", "zip-county", "county-from-zip"}
    | {"text-ssn", "text-diagnosis", "part2-not-stated", "age-differs"}
)
"""Warnings that a report may show: they rest on how a cell is written, not on what the member has."""


class Drafted(Struct, frozen=True):
    """The draft of a row: bytes, program, whom and what it is about, and warnings.

    Rows that share a member's number and have the same request are duplicates.
    """

    content: bytes
    program: str
    numbers: tuple[str, ...]
    request: str
    warnings: tuple[Problem, ...]


class Refused(Struct, frozen=True):
    """Why a row gets no draft, each problem with its column."""

    problems: tuple[Problem, ...]


class _Note(Struct, frozen=True):
    """A row's notes as a section in bytes, and what is doubtful about them."""

    section: bytes
    warnings: tuple[Problem, ...]


class _Place(Struct, frozen=True):
    """A county and the ZIP code as kept, what of them decides the route, and the blank for members there."""

    county: County
    code: str
    by: tuple[str, str]
    blank: str
    warnings: tuple[Problem, ...]


class _Form(Struct, frozen=True, eq=False):
    """What the drafts of one route and request have in common: the bytes around the sections that differ."""

    before: bytes
    middle: bytes
    after: bytes
    program: str
    services: tuple[str, ...]
    request: str
    warnings: tuple[Problem, ...]


class Drafter:
    """Turns the cells of a row into a draft or a refusal, for one header, one profile and one day."""

    def __init__(self, columns: Sequence[str], profile: Profile, catalog: Catalog, as_of: date) -> None:
        self.profile, self.catalog, self.as_of = profile, catalog, as_of
        required = catalog.counties_file.form.required
        self._required = [name for name in ORDER if f"member.{name}" in required]
        self._usual = UsualWay(columns, self._required, as_of)
        at = {column: n for n, column in enumerate(columns)}
        self._fields = [(name, at[name]) for name in ORDER if name in at]
        self._place_and_notes = picker(at.get(name, len(columns)) for name in ("county", "zip", "notes"))
        answers = questions_of(columns, catalog.questions)
        self._rest = keyer(n for n, name in enumerate(columns) if name and name not in OWN and n not in answers)
        self._read = case_reader(columns, catalog)
        self._everything = screener(catalog.subjects, catalog)
        self._answering = Answering(columns, catalog, self._everything)
        self._place = lru_cache(MOST_REMEMBERED)(self._find_place)
        self._noted = lru_cache(MOST_REMEMBERED)(self._new_note)
        self._ways = Memory[Hashable, _Form | None]()
        self._kept = Memory[Hashable, Case]()
        self._forms = Memory[Hashable, _Form]()
        self._proved = Memory[_Form, _Form]()

    def draft(self, cells: Sequence[str]) -> Drafted | Refused:
        """The draft of a row, or every reason why there is none."""
        padded = (*cells, "")
        county, code, text = self._place_and_notes(padded)
        place = self._place(county, code)
        own = self._own(padded, place) if place else None
        note = self._noted(text) if own else None
        form = self._form(cells, place) if note and place else None
        answered = None
        if own and form:
            answered = self._answering.decided(cells, form.program, form.services, own.age)
        if place is None or own is None or note is None or form is None or answered is None:
            return self.one_at_a_time(cells)
        content = b"".join((form.before, own.section, form.middle, answered.section, note.section, form.after))
        warnings = own.warnings + note.warnings + place.warnings + form.warnings + answered.warnings
        usual = Drafted(content, form.program, own.numbers, form.request, _reported(warnings) if warnings else ())
        if form not in self._proved:
            self._prove(form, usual, cells)
        return usual

    def _prove(self, form: _Form, usual: Drafted, cells: Sequence[str]) -> None:
        """The first row of a form has to come out as a single case does."""
        if usual != self.one_at_a_time(cells):
            raise AssertionError("a row in the usual form came out unlike the single draft")
        self._proved.keep(form, form)

    def one_at_a_time(self, cells: Sequence[str]) -> Drafted | Refused:
        """The draft of a row, made like that of a single case."""
        case, unread = self._read(cells)
        try:
            prepared = self._prepare(case, unread)
        except (InputError, NotFound) as error:
            found = error.problems or (Problem("", error.code, error.message),)
            return Refused(tuple(dict.fromkeys(told(one) for one in (*unread, *found))))
        member, referral = prepared.case.member, prepared.case.referral
        return Drafted(
            eml(prepared.draft),
            referral.program,
            numbers_of(member.mrn, member.cin),
            _request(referral),
            _reported(prepared.warnings),
        )

    def _prepare(self, case: Case, unread: tuple[Problem, ...] = ()) -> Prepared:
        screening = self._everything.screen(case, self.as_of)
        if unread:
            screening = Screening({}, (*unread, *screening.problems))
        return prepare(case, screening, self.catalog, self.as_of, self.profile)

    def _find_place(self, stated: str, typed: str) -> _Place | None:
        """A row's county and ZIP code with the warnings about them; None where they are not in order."""
        code, error, warning = fields.zip_code(typed)
        county, (problems, warnings) = county_of(Case(member=Member(county=stated, zip=code)), self.catalog)
        if error or county is None or problems:
            return None
        if warning:
            warnings.append(Problem("member.zip", warning, MESSAGES[warning]))
        split = county.kp is not None and county.kp.region is None
        by = (county.name, code[:5] if split else "")
        return _Place(county, code, by, blank_for(county.name, code), tuple(warnings))

    def _own(self, cells: Sequence[str], place: _Place) -> Own | None:
        """The row's member; None where something is missing or does not pass its check."""
        return self._usual.read(cells, place.blank) or self._checked(cells, place)

    def _checked(self, cells: Sequence[str], place: _Place) -> Own | None:
        """The member of a row that is not written the usual way, each field through its own check."""
        member: dict[str, Any] = {}
        warnings: list[Problem] = []
        for name, n in self._fields:
            if cells[n].strip():
                member[name], error, warning = self._check(name, cells[n])
                if error:
                    return None
                if warning:
                    warnings.append(Problem(f"member.{name}", warning, MESSAGES[warning]))
        numbers = numbers_of(member.get("mrn", ""), member.get("cin", ""))
        if not numbers or not all(map(member.get, self._required)):
            return None
        section = quoted_printable(member_section(Member(**member, zip=place.code), place.county.name))
        age = fields.age_on(date.fromisoformat(member["date_of_birth"]), self.as_of)
        return Own(section, age, numbers, tuple(warnings))

    def _check(self, name: str, text: str) -> Checked:
        return fields.date_of_birth(text, self.as_of) if name == "date_of_birth" else CHECKS[f"member.{name}"](text)

    def _new_note(self, text: str) -> _Note | None:
        """The notes of a row as a section, with what is doubtful about them; None where they do not pass."""
        note = fields.free_text(text)
        if note.error:
            return None
        if not note.value:
            return _Note(b"", ())
        doubts = [Problem("referral.notes", note.warning, MESSAGES[note.warning])] if note.warning else []
        doubts += named_diagnoses(note.value, self.catalog.counties_file.form)
        return _Note(quoted_printable(notes(note.value)), tuple(doubts))

    def _form(self, cells: Sequence[str], place: _Place) -> _Form | None:
        """What the row's draft has in common with others; None where the request itself is not in order."""
        key = (self._rest(cells), place.by)
        known = self._ways.get(key, UNSEEN)
        return self._ways.keep(key, self._find_way(key[0], cells, place)) if known is UNSEEN else known

    def _find_way(self, rest: Hashable, cells: Sequence[str], place: _Place) -> _Form | None:
        kept = self._kept.get(rest) or self._without_answers(cells)
        if kept is None:
            return None  # which may be for the place, so that it says nothing of the same request elsewhere
        self._kept.keep(rest, kept)
        kept = replace(kept, member=replace(kept.member, zip=place.code))
        try:
            way = route(kept, place.county, self.catalog, self.profile.network_lead_entity)
        except NotFound:
            return None
        key = (rest, way.to)
        return self._forms.get(key) or self._forms.keep(key, self._new_form(kept, place.county, way))

    def _without_answers(self, cells: Sequence[str]) -> Case | None:
        """The case of a row as kept, whatever its answers; None where it is not in order."""
        case, unread = self._read(cells)
        if any(not one.where.startswith("answers.") for one in unread):
            return None
        try:
            return self._prepare(replace(case, answers={})).case
        except (InputError, NotFound):
            return None

    def _new_form(self, kept: Case, county: County, way: Route) -> _Form:
        texts = sections(kept, county.name, way.to, (), (), self.catalog, self.as_of)
        head = headers(way.to, (), way.subject, self.profile.secure_email.extra_header())
        return _Form(
            head + quoted_printable(self.profile.secure_email.body_line() + texts[0] + texts[1]),
            quoted_printable(texts[3]),
            quoted_printable(texts[-1]),
            kept.referral.program,
            kept.referral.services,
            _request(kept.referral),
            tuple(part2_not_stated(kept)),
        )


def _request(referral: Referral) -> str:
    """What is asked for, whatever the order of the services."""
    return " ".join((referral.program, *sorted(referral.services)))


def _reported(warnings: Iterable[Problem]) -> tuple[Problem, ...]:
    """The warnings that a report may show, always in the same order."""
    return tuple(sorted({told(one) for one in warnings if one.code in REPORTED}))
