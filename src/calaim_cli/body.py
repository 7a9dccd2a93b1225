"""Floor 3: the text of a draft, section by section: the fields of the plan's form, then what is asked for and why.

A section ends in a line break and stands for itself, so that what is the same for many members is made once.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Final

from msgspec import Struct

from calaim_cli.case import Case, Member, Referrer
from calaim_cli.catalog import Catalog
from calaim_cli.determination import POSITIVE, Determination
from calaim_cli.questions import DONT_KNOW, Answer, Question
from calaim_cli.sources import source_id

WIDTH: Final = 72
NOT_GIVEN: Final = "(not given)"
HIDDEN: Final = "(hidden)"
MOST_NOT_KNOWN: Final = 6
RIGHT_TO_LEFT_BLOCKS: Final = re.compile(
    "[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
"""Where Unicode keeps what reads from right to left, so that most texts need no look at each letter."""


def sections(
    case: Case,
    county: str,
    to: tuple[str, ...],
    wanted: Iterable[Said],
    populations: Iterable[Said],
    catalog: Catalog,
    as_of: date,
) -> tuple[str, ...]:
    """The sections of a draft's text, in the order of section A of the plan's form.

    `wanted` are the program or services asked for; `populations` are ECM's, shown beneath it.
    """
    form = catalog.counties_file.form
    referrer = case.referrer
    return (
        head(catalog.name_of(case.referral.program), to, as_of),
        source_of_referral(referrer, form.relationships[referrer.relationship], form.referral_sources[referrer.source]),
        member_section(case.member, county),
        receives_now(tuple(form.current_services[one] for one in case.referral.current_services)),
        "".join(f"{line}\n" for line in requested(wanted, populations, case.answers)),
        *([notes(case.referral.notes)] if case.referral.notes else []),
        closing(
            form.attestation,
            "x" if case.consent.member_agreed and case.consent.attested else " ",
            form.part2_notice if case.consent.part2 else "",
            form.closed_loop,
            catalog.edition,
        ),
    )


DATE_LABEL: Final = "Date of referral"


@lru_cache
def head(title: str, to: tuple[str, ...], as_of: date) -> str:
    """What this is, for which day, and where it goes."""
    return _section(
        f"MEDI-CAL REFERRAL: {title.upper()}",
        "",
        *_field(DATE_LABEL, us_date(as_of)),
        *_field("Send to", ", ".join(to)),
    )


@lru_cache
def source_of_referral(referrer: Referrer, relationship: str, source: str) -> str:
    """Who refers, and how to reach her: the plan owes her the decision."""
    return _section(
        "SOURCE OF REFERRAL",
        *_field("Referrer's name", referrer.name),
        *_field("Organization", referrer.organization),
        *_field("Organization's NPI", referrer.npi),
        *_field("Address", referrer.address),
        *_field("Phone", referrer.phone),
        *_field("E-mail", referrer.email),
        *_field("Relationship to the member", _with_detail(relationship, referrer.relationship_detail)),
        *_field("External referral by", _with_detail(source, referrer.source_detail)),
    )


def _with_detail(label: str, detail: str) -> str:
    plain = label.removesuffix(" (say which)")
    return f"{plain}: {detail}" if detail else plain


def member_section(member: Member, county: str) -> str:
    """The member: only what the plan's form asks for."""
    born = member.date_of_birth
    return _section(
        "MEMBER",
        *_field("Kaiser Permanente Medi-Cal member", "yes"),
        *_field("First name", member.first_name),
        *_field("Middle name or initial", member.middle_name),
        *_field("Last name", member.last_name),
        *_field("Date of birth", us_date(date.fromisoformat(born)) if born != HIDDEN else HIDDEN),
        *_field("Phone", member.phone),
        *_field("E-mail", member.email),
        *_field("Mailing address", member.address),
        *_field("City, state, ZIP code", f"{member.city}, CA {member.zip}"),
        *_field("County", county),
        *_field("KP medical record number (MRN)", member.mrn),
        *_field("Medi-Cal client index number (CIN)", member.cin),
        *_field("Preferred language", member.preferred_language),
        *_field("Caregiver or support person", member.caregiver_name),
        *_field("Caregiver's e-mail or phone", member.caregiver_contact),
    )


def hidden(member: Member) -> Member:
    """The member with every text that is given masked, for a preview that others may see."""
    texts = {name: getattr(member, name) for name in member.__struct_fields__ if name != "kp_member"}
    return Member(**{name: HIDDEN for name, text in texts.items() if text}, kp_member=member.kp_member)


@lru_cache
def receives_now(services: tuple[str, ...]) -> str:
    """What the member receives now."""
    return _section("RECEIVES NOW (ECM, CCM, CHW services, Community Supports)", *wrapped(", ".join(services)))


class Said(Struct, frozen=True):
    """What a draft says of one determination, in lines; `cited` has those for each source of the criteria met.

    `form` has the questions whose answers fill the service's part of the plan's form, if it has one.
    """

    determination: Determination
    outcome: tuple[str, ...]
    population: tuple[str, ...]
    met: tuple[str, ...]
    not_known: tuple[str, ...]
    cited: dict[str, tuple[str, ...]]
    form: tuple[Question, ...]


def said(one: Determination, catalog: Catalog) -> Said:
    """What a draft says of a determination, whoever it is about."""
    entry = one.subject.entry
    met = [catalog.criteria[reason.criterion] for reason in one.because if reason.met]
    points = (f"{criterion.text} ({', '.join(criterion.source)})" for criterion in met)
    return Said(
        one,
        wrapped(f"{entry.name}: {catalog.outcomes[one.outcome].label.lower()}"),
        wrapped(f"Population of focus: {entry.name}", "  "),
        tuple(line for point in points for line in wrapped(point, "  - ")),
        tuple(_listed("Not known yet:", _not_known(one, catalog))),
        {
            name: wrapped(f"{name}: {catalog.cite((name,))}", "", "  ")
            for name in dict.fromkeys(source_id(citation) for criterion in met for citation in criterion.source)
        },
        catalog.questions_asked_by(entry) if entry.form_part else (),
    )


def requested(wanted: Iterable[Said], populations: Iterable[Said], answers: Mapping[str, Answer]) -> list[str]:
    """What is asked for, line by line: outcome, the criteria met with their sources, and what is not known.

    Of ECM, the populations of focus that fit are shown in place of its own criteria.
    """
    lines = ["REQUESTED, AND WHY (from the referrer's answers)"]
    fitting = [one for one in populations if one.determination.outcome in POSITIVE]
    cited: dict[str, tuple[str, ...]] = {}
    for one in wanted:
        lines += one.outcome
        shown = fitting if one.determination.subject.program == "ecm" else []
        for other in shown:
            lines += (*other.population, *other.met)
        if not shown:
            lines += one.met
        lines += (*one.not_known, *_form_part(one, answers), "")
        for other in shown or [one]:
            cited |= other.cited
    return [*lines, *chain.from_iterable(cited.values()), ""] if cited else lines


def _not_known(one: Determination, catalog: Catalog) -> list[str]:
    """The questions still open, the first few in full: a reader needs to know what is missing, not every question."""
    asked = [catalog.questions[question].ask for question in catalog.questions_of(one.missing)]
    more = len(asked) - MOST_NOT_KNOWN
    return asked if more <= 1 else [*asked[:MOST_NOT_KNOWN], f"and {more} more questions"]


def _form_part(one: Said, answers: Mapping[str, Answer]) -> Iterator[str]:
    """The part of the form's section B for a service, as far as the answers fill it; the rest is named."""
    entry = one.determination.subject.entry
    known = [
        f"{question.ask} {answer_words(question, answer)}"
        for question in one.form
        if (answer := answers.get(question.id, DONT_KNOW)) != DONT_KNOW
    ]
    if entry.form_part:
        yield from _listed(f"Section B, part {entry.form_part} of the plan's form:", known)
        yield from _listed(f"Asked in part {entry.form_part} of the plan's form, and still to follow:", entry.form_asks)


def _listed(title: str, points: Sequence[str]) -> Iterator[str]:
    """Points under a title; nothing where there are none."""
    if points:
        yield from wrapped(title, "  ")
        for point in points:
            yield from wrapped(point, "  - ")


def answer_words(question: Question, answer: Answer) -> str:
    """A known answer as a person would say it."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, int):
        return f"{answer} {question.unit}".rstrip()
    chosen = (answer,) if isinstance(answer, str) else answer
    return "; ".join(question.choices[choice] for choice in chosen)


@lru_cache
def notes(text: str) -> str:
    """The referrer's notes, paragraph by paragraph."""
    return _section("NOTES FROM THE REFERRER", *(line for part in text.split("\n") for line in wrapped(part)))


@lru_cache
def closing(attestation: tuple[str, ...], mark: str, part2_notice: str, closed_loop: str, edition: str) -> str:
    """Attestation, the Part 2 notice where it is due, who wants to hear the decision, and the data edition.

    `mark` is what stands in the boxes: "x" once a person has agreed and attested, a blank in a preview.
    """
    attested = [line for sentence in attestation for line in wrapped(sentence, f"[{mark}] ")]
    return "".join(
        (
            _section("ATTESTATION (confirmed by the referrer for this referral)", *attested),
            _section("CONFIDENTIAL", *wrapped(part2_notice)) if part2_notice else "",
            _section("DECISION", *wrapped(closed_loop)),
            f"Data edition {edition}. A screening is not a decision: the plan decides.\n",
        )
    )


def us_date(day: date) -> str:
    """A day as the plan's form writes it: MM/DD/YYYY."""
    text = day.isoformat()
    return f"{text[5:7]}/{text[8:]}/{text[:4]}"


def _section(title: str, *lines: str) -> str:
    """A title with its lines and an empty line after them; no line ends in white space."""
    return "".join(f"{line.rstrip()}\n" for line in (title, *lines, ""))


def _field(label: str, value: str) -> tuple[str, ...]:
    """A labelled value; one that reads from right to left stands on a line of its own, or the two would mix."""
    if not reads_left_to_right(value):
        return f"{label}:", *wrapped(value)
    line = f"{label}: {value or NOT_GIVEN}"
    return (line,) if len(line) <= WIDTH else wrapped(line, "", "  ")


def reads_left_to_right(text: str) -> bool:
    """Whether no letter of the text reads from right to left."""
    found = () if text.isascii() else RIGHT_TO_LEFT_BLOCKS.findall(text)
    return not any(unicodedata.bidirectional(c) in {"R", "AL"} for c in found)


@lru_cache(4096)
def wrapped(text: str, lead: str = "", hang: str | None = None) -> tuple[str, ...]:
    """The text on lines of at most 72 columns; words longer than that stay whole, so an address is never cut."""
    if text and len(lead) + len(text) <= WIDTH and text.isprintable() and text.strip() == text:
        return (lead + text,)
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * len(lead) if hang is None else hang,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return tuple(lines) or ("",)
