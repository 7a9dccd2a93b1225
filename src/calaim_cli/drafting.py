"""Floor 5: drafts of many rows. What is the same for many is made once; each draft is that of `refer`, byte for byte.

A row in the usual form takes the short way: its fields go through the same checks, and the sections of the text that
rest on nothing else are taken from an earlier row. Every other row is drafted like a single case, and so is the first
of each form, which has to give the same bytes both ways.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import date
from operator import itemgetter
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from calaim_cli import fields
from calaim_cli.body import NOT_GIVEN, WIDTH, member_section, notes, reads_left_to_right, requested, sections, us_date
from calaim_cli.case import Case, LeadEntity, Member, Referrer, SecureEmail, with_profile
from calaim_cli.catalog import Catalog
from calaim_cli.checks import CHECKS, county_of, named_diagnoses, part2_not_stated
from calaim_cli.counties import County
from calaim_cli.errors import InputError, NotFound, Problem
from calaim_cli.fields import MESSAGES, Checked
from calaim_cli.message import eml, headers, quoted_printable
from calaim_cli.programs import subject_id
from calaim_cli.referral import Prepared, prepare
from calaim_cli.routing import Route, route
from calaim_cli.rowcase import case_reader, questions_of, told
from calaim_cli.screening import Screener, Screening, screener

MOST_REMEMBERED: Final = 2048
LONGEST_PLAIN: Final = 100
PLAIN: Final = (
    "first_name",
    "middle_name",
    "last_name",
    "address",
    "city",
    "preferred_language",
    "caregiver_name",
    "caregiver_contact",
)
"""Fields that printable text of at most 100 characters passes as it is, in normal form and without blanks around."""
TYPED: Final = ("phone", "email", "mrn", "cin", "zip")
OWN: Final = frozenset({*PLAIN, *TYPED, "date_of_birth", "county", "notes"})
"""Columns that differ from member to member; the others decide the form of the draft."""
REPORTED: Final = frozenset(
    {"cin-letter", "mrn-length", "zip-state", "zip-county", "county-from-zip"}
    | {"text-ssn", "text-diagnosis", "part2-not-stated", "age-differs"}
)
"""Warnings that a report may show: they rest on how a cell is written, not on what the member has."""
NO_TEXT: Final = Checked("")
USUAL: Final = re.compile(
    r"(?:([2-9](?!11)[0-9]{2})-([2-9](?!11)[0-9]{2})-([0-9]{4}))?\n"
    r"([a-z0-9_-]{1,30}(?:\.[a-z0-9_-]{1,30})?@(?:[a-z0-9]{1,30}\.){1,3}[a-z]{2,20})?\n"
    r"([0-9]{8})?\n(9[0-9]{7}[ACDEFGHMNTUVWXYZ])?\n"
    r"(?P<born>[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8]))"
)
"""Telephone, e-mail, record number, index number and date of birth, each as most people write it, or empty.

What looks so passes the checks of `fields` without a warning and is kept as written, the telephone in its printed form.
"""


class Drafted(NamedTuple):
    """The draft of a row: bytes, program, what tells member and request apart from others, and warnings."""

    content: bytes
    program: str
    identity: Hashable
    warnings: tuple[Problem, ...]


class Refused(NamedTuple):
    """Why a row gets no draft, each problem with its column."""

    problems: tuple[Problem, ...]


class _Note(NamedTuple):
    """A row's notes: as kept, as a section in bytes, and what is doubtful about them."""

    value: str
    section: bytes
    warnings: tuple[Problem, ...]


NO_NOTE: Final = _Note("", b"", ())


class _Own(NamedTuple):
    """A row's own fields as kept, with the age in completed years and the warnings."""

    member: dict[str, Any]
    note: _Note
    age: int
    warnings: tuple[Problem, ...]


class _Form(NamedTuple):
    """What the drafts of one route and request have in common: the bytes around the sections that differ."""

    before: bytes
    middle: bytes
    after: bytes
    program: str
    services: tuple[str, ...]
    warnings: tuple[Problem, ...]


class _Answered(NamedTuple):
    """The section on what is requested, as bytes, and the warnings that rest on the answers."""

    section: bytes
    warnings: tuple[Problem, ...]


class Drafter:
    """Turns the cells of a row into a draft or a refusal, for one header, one profile and one day."""

    def __init__(
        self,
        columns: Sequence[str],
        referrer: Referrer,
        lead_entity: LeadEntity | None,
        secure: SecureEmail,
        catalog: Catalog,
        as_of: date,
    ) -> None:
        self.catalog, self.as_of = catalog, as_of
        self.referrer, self.lead_entity, self.secure = referrer, lead_entity, secure
        at = {column: n for n, column in enumerate(columns)}
        answers = questions_of(columns, catalog.questions)
        self._plain = [(name, at[name]) for name in PLAIN if name in at]
        self._typed = [(name, at[name], CHECKS[f"member.{name}"]) for name in TYPED if name in at]
        self._born, self._county, self._zip, self._note = (
            at.get(name, -1) for name in ("date_of_birth", "county", "zip", "notes")
        )
        self._usual = [at.get(name, -1) for name in ("phone", "email", "mrn", "cin", "date_of_birth")]
        self._years = (f"{as_of.year - fields.OLDEST + 1:04}", f"{as_of.year:04}")
        self._notes: dict[str, _Note | None] = {}
        self._required = [
            where.removeprefix("member.")
            for where in catalog.counties_file.form.required
            if where.startswith("member.") and where != "member.date_of_birth"
        ]
        self._answers = _picker(answers)
        self._rest = _picker(n for n, name in enumerate(columns) if name and name not in OWN and n not in answers)
        self._read = case_reader(columns, catalog)
        self._everything = screener(catalog.subjects, catalog)
        self._screeners: dict[Hashable, Screener] = {}
        self._places: dict[Hashable, tuple[County, tuple[Problem, ...]] | None] = {}
        self._ways: dict[Hashable, _Form | None] = {}
        self._kept: dict[Hashable, Case | None] = {}
        self._forms: dict[Hashable, _Form] = {}
        self._proved: set[_Form] = set()
        self._answered: dict[Hashable, _Answered | None] = {}

    def draft(self, cells: Sequence[str]) -> Drafted | Refused:
        """The draft of a row, or every reason why there is none."""
        own = self._own(cells)
        place = self._place(cells) if own else None
        form = self._form(cells, own, place[0]) if own and place else None
        answered = self._screened(cells, form, own.age) if own and form else None
        if own is None or place is None or form is None or answered is None:
            return self.one_at_a_time(cells)
        usual = _filled(form, own, place, answered)
        if form not in self._proved:
            single = self.one_at_a_time(cells)
            if usual != single:
                raise AssertionError("a row in the usual form came out unlike the single draft")
            self._proved.add(form)
        return usual

    def one_at_a_time(self, cells: Sequence[str]) -> Drafted | Refused:
        """The draft of a row, made like that of a single case."""
        case, unread = self._read(cells)
        try:
            prepared = self._prepare(case, unread)
        except (InputError, NotFound) as error:
            found = error.problems or (Problem("", error.code, error.message),)
            return Refused(tuple(dict.fromkeys(told(one) for one in (*unread, *found))))
        kept = prepared.case
        return Drafted(
            eml(prepared.draft),
            kept.referral.program,
            _identity(kept.member.mrn, kept.member.cin, kept.referral.program, kept.referral.services),
            _reported(prepared.warnings),
        )

    def _prepare(self, case: Case, unread: tuple[Problem, ...] = ()) -> Prepared:
        screening = self._everything.screen(case, self.as_of)
        if unread:
            screening = Screening({}, (*unread, *screening.problems))
        complete = with_profile(case, self.referrer)
        return prepare(complete, screening, self.catalog, self.as_of, self.lead_entity, self.secure)

    def _own(self, cells: Sequence[str]) -> _Own | None:
        """The row's own fields through their checks; None where one is missing or does not pass."""
        member = self._texts(cells)
        warnings = self._usual_fields(cells, member)
        if warnings is None:
            warnings = self._checked_fields(cells, member)
        note = self._noted(cells[self._note]) if self._note >= 0 and cells[self._note] else NO_NOTE
        named = member.get("mrn") or member.get("cin")
        if note is None or not named or None in member.values() or not all(map(member.get, self._required)):
            return None
        born = date.fromisoformat(member["date_of_birth"])
        return _Own(member, note, fields.age_on(born, self.as_of), (*warnings, *note.warnings))

    def _usual_fields(self, cells: Sequence[str], member: dict[str, Any]) -> tuple[Problem, ...] | None:
        """Put in the fields that are written in the most usual way, which passes every check without a warning."""
        found = USUAL.fullmatch("\n".join([cells[n] if n >= 0 else "" for n in self._usual]))
        if found is None or not self._years[0] <= found["born"] < self._years[1] or not self._zip_is_usual(cells):
            return None
        area, office, number, member["email"], member["mrn"], member["cin"], member["date_of_birth"] = found.groups("")
        member["phone"] = f"({area}) {office}-{number}" if area else ""
        member["zip"] = cells[self._zip]
        return ()

    def _zip_is_usual(self, cells: Sequence[str]) -> bool:
        code = cells[self._zip]
        return fields.zip_code(code) == (code, "", "")

    def _checked_fields(self, cells: Sequence[str], member: dict[str, Any]) -> tuple[Problem, ...]:
        """Put in the fields as their checks keep them, None for one that does not pass; gives the warnings."""
        warnings: list[Problem] = []
        for name, n, check in self._typed:
            if cells[n]:
                value, error, warning = check(cells[n])
                member[name] = None if error else value
                if warning:
                    warnings.append(Problem(f"member.{name}", warning, MESSAGES[warning]))
        born = fields.date_of_birth(cells[self._born], self.as_of)
        member["date_of_birth"] = None if born.error else born.value
        return tuple(warnings)

    def _noted(self, text: str) -> _Note | None:
        """The notes of a row as a section, with what is doubtful about them; None where they do not pass."""
        if text not in self._notes:
            _bound(self._notes)
            self._notes[text] = self._new_note(text)
        return self._notes[text]

    def _new_note(self, text: str) -> _Note | None:
        note = fields.free_text(text)
        if note.error:
            return None
        if not note.value:
            return NO_NOTE
        doubts = [Problem("referral.notes", note.warning, MESSAGES[note.warning])] if note.warning else []
        doubts += named_diagnoses(note.value, self.catalog.counties_file.form)
        return _Note(note.value, quoted_printable(notes(note.value)), tuple(doubts))

    def _texts(self, cells: Sequence[str]) -> dict[str, Any]:
        """The fields that may hold any text; None for one that does not pass its check."""
        texts: dict[str, Any] = {name: cells[n] for name, n in self._plain}
        if _looks_plain(cells) and max(map(len, texts.values())) <= LONGEST_PLAIN:
            return texts
        for name, text in texts.items():
            checked = CHECKS[f"member.{name}"](text) if text.strip() else NO_TEXT
            texts[name] = None if checked.error else checked.value
        return texts

    def _place(self, cells: Sequence[str]) -> tuple[County, tuple[Problem, ...]] | None:
        """The row's county and the warnings about it; None where it cannot be told."""
        stated, code = cells[self._county] if self._county >= 0 else "", cells[self._zip]
        if (stated, code) not in self._places:
            _bound(self._places)
            county, (problems, warnings) = county_of(Case(member=Member(county=stated, zip=code)), self.catalog)
            fits = county is not None and not problems
            self._places[stated, code] = (county, tuple(warnings)) if county and fits else None
        return self._places[stated, code]

    def _form(self, cells: Sequence[str], own: _Own, county: County) -> _Form | None:
        """What the row's draft has in common with others; None where the request itself is not in order."""
        rest = self._rest(cells)
        split = county.kp is not None and county.kp.region is None
        key = (rest, county.name, own.member["zip"][:5] if split else "")
        if key not in self._ways:
            _bound(self._ways)
            self._ways[key] = self._find_way(rest, cells, own, county)
        return self._ways[key]

    def _find_way(self, rest: Hashable, cells: Sequence[str], own: _Own, county: County) -> _Form | None:
        if rest not in self._kept:
            _bound(self._kept)
            self._kept[rest] = self._without_answers(cells)
        kept = self._kept[rest]
        if kept is None:
            return None
        kept = replace(kept, member=Member(**own.member, kp_member=kept.member.kp_member))
        try:
            way = route(kept, county, self.catalog, self.lead_entity)
        except NotFound:
            return None
        key = (rest, way.to)
        if key not in self._forms:
            _bound(self._forms)
            self._forms[key] = self._new_form(kept, county, way)
        return self._forms[key]

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
        head = headers(way.to, (), way.subject, self.secure.extra_header())
        return _Form(
            head + quoted_printable(self.secure.body_line() + texts[0] + texts[1]),
            quoted_printable(texts[3]),
            quoted_printable(texts[-1]),
            kept.referral.program,
            kept.referral.services,
            tuple(part2_not_stated(kept)),
        )

    def _screened(self, cells: Sequence[str], form: _Form, age: int) -> _Answered | None:
        """What the answers decide for the request; None where an answer is not in order."""
        key = (form.program, form.services, age, self._answers(cells))
        if key not in self._answered:
            _bound(self._answered)
            self._answered[key] = self._decide(cells, form)
        return self._answered[key]

    def _decide(self, cells: Sequence[str], form: _Form) -> _Answered | None:
        case, unread = self._read(cells)
        if unread:
            return None
        screening = self._screener(form).screen(case, self.as_of)
        if screening.problems:
            return None
        found = screening.determinations
        wanted = [found[one] for one in form.services or (form.program,)]
        populations = [one for one in found.values() if one.subject.population]
        return _Answered(
            quoted_printable(requested(wanted, populations, case.answers, self.catalog)), screening.warnings
        )

    def _screener(self, form: _Form) -> Screener:
        """A screener for what the form asks for and nothing else."""
        key = form.services or form.program
        if key not in self._screeners:
            wanted = (
                one
                for one in self.catalog.subjects
                if (subject_id(one) in form.services if form.services else one.program == form.program)
            )
            self._screeners[key] = screener(wanted, self.catalog)
        return self._screeners[key]


def _filled(form: _Form, own: _Own, place: tuple[County, tuple[Problem, ...]], answered: _Answered) -> Drafted:
    """The draft of a row, put together from its own sections and those of the form."""
    county, doubts = place
    member = own.member
    about = quoted_printable(_about(member, county.name))
    content = b"".join((form.before, about, form.middle, answered.section, own.note.section, form.after))
    identity = _identity(member.get("mrn", ""), member.get("cin", ""), form.program, form.services)
    warnings = (*own.warnings, *doubts, *form.warnings, *answered.warnings)
    return Drafted(content, form.program, identity, _reported(warnings) if warnings else ())


def _blank() -> tuple[str, tuple[str, ...]]:
    """The section on the member with a place for each value, made by `member_section`, and the fields in their order.

    Any single character that no draft can hold stands for a field, and a day long ago for the date of birth.
    """
    names = [name for name in Member.__struct_fields__ if name not in {"kp_member", "date_of_birth", "county"}]
    marks = {chr(FIRST_MARK + n): name for n, name in enumerate(names)}
    filled: dict[str, Any] = {name: mark for mark, name in marks.items()}
    text = member_section(Member(**filled, date_of_birth=LONG_AGO), chr(FIRST_MARK - 1))
    marks |= {us_date(date.fromisoformat(LONG_AGO)): "date_of_birth", chr(FIRST_MARK - 1): "county"}
    found = re.findall("|".join(marks), text)
    return re.sub("|".join(marks), "%s", text.replace("%", "%%")), tuple(marks[mark] for mark in found)


def _about(member: dict[str, Any], county: str) -> str:
    """The section on the member; the blank is for values that are plain and fit on their lines."""
    year, month, day = member["date_of_birth"].split("-")
    values = {**member, "county": county, "date_of_birth": f"{month}/{day}/{year}"}
    filled = tuple([values.get(name) or NOT_GIVEN for name in BLANK_FIELDS])
    text: str = BLANK % filled
    fits = max(map(len, filled)) <= ALWAYS_FITS or max(map(len, text.split("\n"))) <= WIDTH
    if fits and reads_left_to_right(text):
        return text
    return member_section(Member(**member), county)


FIRST_MARK: Final = 0xE001
LONG_AGO: Final = "0001-01-01"
ALWAYS_FITS: Final = 30
"""A value of so many characters fits beside any label, and two of them on the line with city and ZIP code."""
BLANK, BLANK_FIELDS = _blank()


def _identity(mrn: str, cin: str, program: str, services: tuple[str, ...]) -> Hashable:
    """Whom and what a row is about: two rows with the same are duplicates."""
    return mrn or cin, program, frozenset(services)


def _reported(warnings: Iterable[Problem]) -> tuple[Problem, ...]:
    """The warnings that a report may show, always in the same order."""
    return tuple(sorted({told(one) for one in warnings if one.code in REPORTED}))


def _looks_plain(cells: Sequence[str]) -> bool:
    """Whether every cell is printable text in normal form, without blanks around; a few that are look as if not."""
    joined = "~".join(cells)
    return (
        joined.isprintable()
        and (joined.isascii() or unicodedata.is_normalized("NFC", joined))
        and " ~" not in joined
        and "~ " not in joined
        and joined.strip() == joined
    )


def _picker(positions: Iterable[int]) -> Callable[[Sequence[str]], Hashable]:
    """A function that takes the cells at these positions out of a row, as one value."""
    several = tuple(positions)
    return itemgetter(*several) if several else lambda _: ()


def _bound(remembered: dict[Any, Any]) -> None:
    """Forget everything once too much is remembered."""
    if len(remembered) >= MOST_REMEMBERED:
        remembered.clear()
