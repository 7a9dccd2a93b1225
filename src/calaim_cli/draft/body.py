"""The text of a draft, section by section: the fields of the plan's form, then what is asked for and why.

Titles, order, labels and closing words are the form's, from the data; this module lays each section out.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain, groupby
from operator import attrgetter
from typing import Final

from msgspec import Struct

from calaim_cli.case.case import Case, Member, Referrer
from calaim_cli.case.form import BY_KEY, SAY_WHICH
from calaim_cli.decide.determination import POSITIVE, Determination
from calaim_cli.policy.places import Form, Section
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Program, source_id
from calaim_cli.policy.questions import DONT_KNOW, Answer, Question

WIDTH: Final = 72
NOT_GIVEN: Final = "(not given)"
HIDDEN: Final = "(hidden)"
MOST_NOT_KNOWN: Final = 6
MOST_REMEMBERED: Final = 4096
# Stands before the day, in a line of its own: a rerun on another day compares the rest.
DATE_LABEL: Final = "Date of referral"


class Letter(Struct, frozen=True):
    """All that differs from draft to draft: the case, its county by name, the recipients, and why."""

    case: Case
    county: str
    to: tuple[str, ...]
    wanted: Sequence[Determination]  # of the program or services asked for
    populations: Sequence[Determination]  # of ECM, shown beneath it


Show = Callable[[Letter], str]


def body_of(letter: Letter, policy: Policy, as_of: date) -> str:
    """The text of a draft: what it is, the sections of the plan's form, the edition of the data."""
    title = f"MEDI-CAL REFERRAL: {policy.name_of(letter.case.referral.program).upper()}"
    head = _section(
        title, "", f"{DATE_LABEL}: {us_date(as_of)}", *wrapped(f"Send to: {', '.join(letter.to)}", "", "  ")
    )
    sections = [_laid_out(section, letter, policy) for section in policy.form.sections]
    end = f"Data edition {policy.edition}. A screening is not a decision: the plan decides.\n"
    return "".join([head, *sections, end])


def _laid_out(section: Section, letter: Letter, policy: Policy) -> str:
    """A section with its title: a layout of its own by the first of its fields, or each field with its label."""
    form, case, first = policy.form, letter.case, section.fields[0] if section.fields else ""
    match first:
        case "referral.program":
            return _request(section.title, letter, policy)
        case "consent.member_agreed":
            # Ticked once a person has agreed and attested, and empty in a preview.
            mark = "x" if case.consent.member_agreed and case.consent.attested else " "
            return _paragraphs(section.title, form.attestation, f"[{mark}] ")
        case "referral.current_services":
            text = ", ".join([form.current_services[one] for one in case.referral.current_services])
        case "referral.notes":
            text = case.referral.notes
        case "consent.part2":
            text = form.part2_notice if case.consent.part2 else ""
        case "":
            text = form.closed_loop
        case _ if first.startswith("referrer."):
            return _of_referrer(section, case.referrer, form)
        case _:
            return _labelled(section, letter, form)
    return _paragraphs(section.title, tuple(text.split("\n"))) if text else ""


@lru_cache(MOST_REMEMBERED)  # the same for every member whom she refers
def _of_referrer(section: Section, referrer: Referrer, form: Form) -> str:
    return _labelled(section, Letter(Case(referrer=referrer), "", (), (), ()), form)


def _labelled(section: Section, letter: Letter, form: Form) -> str:
    lines: list[str] = []
    for label, show in _shown(section, form):
        value = show(letter) or NOT_GIVEN
        line = f"{label}: {value}"
        # Beside its label, a value that reads from right to left would be shown out of order.
        if not line.isascii() and not reads_left_to_right(value):
            lines += (f"{label}:", *wrapped(value))
        elif len(line) <= WIDTH:
            lines.append(line)
        else:
            lines += wrapped(line, "", "  ")
    return _section(section.title, *lines)


@lru_cache
def _shown(section: Section, form: Form) -> tuple[tuple[str, Show], ...]:
    """Each line of a section: its label, and what gives its text; neighbors of one label share a line."""

    def together(keys: Iterator[str]) -> Show:
        first, *others = shows = [_show(key, form) for key in keys]
        # Of a line with several texts the last is the ZIP code, after the one state that Medi-Cal is in.
        return (lambda letter: ", CA ".join(filter(None, [show(letter) for show in shows]))) if others else first

    lines = groupby(section.fields, lambda key: form.labels.get(key, BY_KEY[key].label))
    return tuple([(label, together(keys)) for label, keys in lines])


def _show(key: str, form: Form) -> Show:
    match key:
        case "member.kp_member":
            return lambda letter: "yes" if letter.case.member.kp_member else "no"
        case "member.date_of_birth":
            return _born
        case "member.county":
            return attrgetter("county")
        case "referrer.relationship" | "referrer.source":
            known: Mapping[str, str] = getattr(form, BY_KEY[key].choices)
            words = {choice: text.removesuffix(SAY_WHICH).rstrip() for choice, text in known.items()}
            choice, detail = attrgetter(f"case.{key}"), attrgetter(f"case.{key}_detail")
            return lambda letter: ": ".join(filter(None, (words[choice(letter)], detail(letter))))
        case _:
            return attrgetter(f"case.{key}")


def _born(letter: Letter) -> str:
    born = letter.case.member.date_of_birth
    return born if born in {"", HIDDEN} else us_date(date.fromisoformat(born))


@lru_cache(MOST_REMEMBERED)
def _paragraphs(title: str, paragraphs: tuple[str, ...], lead: str = "") -> str:
    return _section(title, *(line for one in paragraphs for line in wrapped(one, lead)))


def _request(title: str, letter: Letter, policy: Policy) -> str:
    """What is asked for: outcome, the criteria met with their sources, and what is not known.

    Of ECM, the populations of focus that fit are shown in place of its own criteria.
    """
    lines = [title]
    fitting = [one for one in letter.populations if one.outcome in POSITIVE]
    sources: dict[str, tuple[str, ...]] = {}
    for one in letter.wanted:
        lines += wrapped(f"{one.subject.entry.name}: {policy.outcomes[one.outcome].label.lower()}")
        of_focus = fitting if one.subject.program == "ecm" else []
        for other in of_focus or [one]:
            if of_focus:
                lines += wrapped(f"Population of focus: {other.subject.entry.name}", "  ")
            met, cited = _met(other, policy)
            lines += met
            sources |= cited
        lines += (*_not_known(one, policy), *_form_part(one.subject.entry, letter.case.answers, policy), "")
    if sources:
        lines += (*chain.from_iterable(sources.values()), "")
    return "".join([f"{line}\n" for line in lines])


@lru_cache(MOST_REMEMBERED)
def _met(one: Determination, policy: Policy) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The lines of the criteria that are met, and those of each source that they cite."""
    met = [policy.criteria[reason.criterion] for reason in one.because if reason.met]
    points = (f"{criterion.text} ({', '.join(criterion.source)})" for criterion in met)
    tags = dict.fromkeys(source_id(citation) for criterion in met for citation in criterion.source)
    lines = tuple(line for point in points for line in wrapped(point, "  - "))
    return lines, {tag: wrapped(f"{tag}: {policy.cite((tag,))}", "", "  ") for tag in tags}


@lru_cache(MOST_REMEMBERED)
def _not_known(one: Determination, policy: Policy) -> tuple[str, ...]:
    questions = [policy.questions[question].ask for question in policy.questions_of(one.missing)]
    more = len(questions) - MOST_NOT_KNOWN
    if more > 1:  # a reader needs to know that something is missing, not every question
        questions[MOST_NOT_KNOWN:] = [f"and {more} more questions"]
    return tuple(_listed("Not known yet:", questions))


def _form_part(entry: Program, answers: Mapping[str, Answer], policy: Policy) -> Iterator[str]:
    """The part of the form's section B for a service, as far as the answers fill it; the rest is named."""
    if entry.form_part:
        asked = policy.form_questions[entry.id]
        told = [question for question in asked if answers.get(question.id, DONT_KNOW) != DONT_KNOW]
        known = [f"{question.ask} {answer_words(question, answers[question.id])}" for question in told]
        yield from _listed(f"Section B, part {entry.form_part} of the plan's form:", known)
        yield from _listed(f"Asked in part {entry.form_part} of the plan's form, and still to follow:", entry.form_asks)


def _listed(title: str, points: Sequence[str]) -> Iterator[str]:
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


def hidden(member: Member) -> Member:
    """The member with every text that is given masked, for a preview that others may see."""
    texts = {name: getattr(member, name) for name in member.__struct_fields__ if name != "kp_member"}
    return Member(**{name: HIDDEN for name, text in texts.items() if text}, kp_member=member.kp_member)


def us_date(day: date) -> str:
    """A day as the plan's form writes it, whatever the locale: MM/DD/YYYY."""
    return f"{day.month:02}/{day.day:02}/{day.year:04}"


def _section(title: str, *lines: str) -> str:
    """A title with its lines and an empty line after them; no line ends in white space."""
    return "\n".join([line.rstrip() for line in (title, *lines, "", "")])


def reads_left_to_right(text: str) -> bool:
    """True where no letter of the text reads from right to left."""
    return {"R", "AL"}.isdisjoint(map(unicodedata.bidirectional, text))


@lru_cache(MOST_REMEMBERED)
def wrapped(text: str, lead: str = "", hang: str | None = None) -> tuple[str, ...]:
    """The text on lines of at most 72 columns; words longer than that stay whole, so an address is never cut."""
    hang = " " * len(lead) if hang is None else hang
    if not text.isprintable() or not text or "  " in text or text.strip() != text:
        wrapper = textwrap.TextWrapper(WIDTH, lead, hang, break_long_words=False, break_on_hyphens=False)
        return tuple(wrapper.wrap(text)) or ("",)
    # Words with single blanks between them, as nearly all texts are: the same, in a tenth of the time.
    first, *words = text.split(" ")
    lines = [lead + first]
    for word in words:
        if len(lines[-1]) + 1 + len(word) <= WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(hang + word)
    return tuple(lines)
