"""The text of a draft, section by section: the fields of the plan's form, then what is asked for and why.

Titles, order, labels and closing words are the form's, from the data; this module lays each section out.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain, groupby
from operator import attrgetter
from typing import Final

from msgspec import Struct

from calaim_cli.case.case import Case, Member, Referrer
from calaim_cli.case.form import BY_KEY, SAY_WHICH
from calaim_cli.decide.determination import POSITIVE, Determination
from calaim_cli.draft.route import Destination
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Program, source_id
from calaim_cli.policy.questions import DONT_KNOW, Answer, Question
from calaim_cli.policy.routes import Form, ReferralWords, Section, lines

WIDTH: Final = 72
NOT_GIVEN: Final = "(not given)"
HIDDEN: Final = "(hidden)"
MOST_NOT_KNOWN: Final = 6
MOST_REMEMBERED: Final = 4096
# Stands before the day, in a line of its own: a rerun on another day compares the rest.
DATE_LABEL: Final = "Date of referral"
AGREEMENT: Final = ("The member agrees to the program or services that this referral names.",)
TO_ASK: Final = (
    "Who takes this referral, and how: phone, form, portal or fax?",
    "Which form does the plan want, and where is it?",
    "By when does the plan decide, and whom does it tell?",
    "Name of the person you spoke with, and the day:",
)
"""What to ask a plan whose way to refer is not known."""


class Letter(Struct, frozen=True):
    """All that differs from draft to draft: the case, its county by name, where it goes, and why."""

    case: Case
    county: str
    goes: Destination
    wanted: Sequence[Determination]  # of the program or services asked for
    populations: Sequence[Determination]  # of ECM, shown beneath it


Show = Callable[[Letter], str]


def body_of(letter: Letter, policy: Policy, as_of: date) -> str:
    """The text of a draft: what it is, the sections of the plan's form, the edition of the data."""
    form = policy.form_of(letter.goes.plan.id)
    title = f"MEDI-CAL REFERRAL: {policy.name_of(letter.case.referral.program).upper()}"
    head = _section(title, "", f"{DATE_LABEL}: {us_date(as_of)}", *_head(letter.goes, form))
    sections = [_laid_out(section, letter, form, policy) for section in form.sections]
    end = f"Data edition {policy.edition}. A screening is not a decision: the plan decides.\n"
    return "".join([head, *sections, end])


@lru_cache
def _head(goes: Destination, form: Form) -> tuple[str, ...]:
    """Where it goes. Of a sheet: the plan and its ways, best first, or whom to ask, with room for the answers."""
    if goes.by_email:
        return wrapped(f"Send to: {', '.join(goes.to)}", "", "  ")
    head = [f"Plan: {goes.plan.name}", *chain.from_iterable(_hanging(lines(route)) for route in goes.way.routes)]
    if goes.way.ask and goes.way.routes:
        head += wrapped(f"To ask: {next(lines(goes.way.ask))}", "  ", "    ")
    elif goes.way.ask:
        head += wrapped(f"Ask there how to refer: {next(lines(goes.way.ask))}", "", "  ")
        head += chain.from_iterable((*wrapped(question, "  - "), f"    {'_' * 40}") for question in TO_ASK)
    return (*head, "", *wrapped(form.opening)) if form.opening else tuple(head)


def _hanging(texts: Iterable[str]) -> Iterator[str]:
    """The first text near the margin, and the others beneath it."""
    for n, text in enumerate(texts):
        yield from wrapped(text, "    ") if n else wrapped(text, "  ", "    ")


def _laid_out(section: Section, letter: Letter, form: Form, policy: Policy) -> str:
    """A section with its title: a layout of its own by the first of its fields, or each field with its label."""
    words, case, first = policy.words, letter.case, section.fields[0] if section.fields else ""
    match first:
        case "referral.program":
            return _request(section.title, letter, policy)
        case "consent.member_agreed":
            # Ticked once a person has agreed and attested, and empty in a preview.
            mark = "x" if case.consent.member_agreed and (case.consent.attested or not form.attestation) else " "
            return _paragraphs(section.title, form.attestation or AGREEMENT, f"[{mark}] ")
        case "referral.current_services":
            text = ", ".join([words.current_services[one] for one in case.referral.current_services])
        case "referral.notes":
            text = case.referral.notes
        case "consent.part2":
            text = words.part2_notice if case.consent.part2 else ""
        case "":
            text = words.closed_loop
        case _ if first.startswith("referrer."):
            return _of_referrer(section, case.referrer, letter.goes, form, words)
        case _:
            return _labelled(section, letter, form, words)
    return _paragraphs(section.title, tuple(text.split("\n"))) if text else ""


@lru_cache(MOST_REMEMBERED)  # the same for every member whom she refers
def _of_referrer(section: Section, referrer: Referrer, goes: Destination, form: Form, words: ReferralWords) -> str:
    return _labelled(section, Letter(Case(referrer=referrer), "", goes, (), ()), form, words)


def _labelled(section: Section, letter: Letter, form: Form, words: ReferralWords) -> str:
    laid_out: list[str] = []
    for label, show in _shown(section, form, words):
        value = show(letter) or NOT_GIVEN
        line = f"{label}: {value}"
        # Beside its label, a value that reads from right to left would be shown out of order.
        if not line.isascii() and not reads_left_to_right(value):
            laid_out += (f"{label}:", *wrapped(value))
        elif len(line) <= WIDTH:
            laid_out.append(line)
        else:
            laid_out += wrapped(line, "", "  ")
    return _section(section.title, *laid_out)


@lru_cache
def _shown(section: Section, form: Form, words: ReferralWords) -> tuple[tuple[str, Show], ...]:
    """Each line of a section: its label, and what gives its text; neighbors of one label share a line."""

    def together(keys: Iterator[str]) -> Show:
        first, *others = shows = [_show(key, words) for key in keys]
        # Of a line with several texts the last is the ZIP code, after the one state that Medi-Cal is in.
        return (lambda letter: ", CA ".join(filter(None, [show(letter) for show in shows]))) if others else first

    labelled = groupby(section.fields, lambda key: form.labels.get(key, BY_KEY[key].label))
    return tuple([(label, together(keys)) for label, keys in labelled])


def _show(key: str, words: ReferralWords) -> Show:
    match key:
        case "member.kp_member":
            return lambda _: "yes"  # a letter goes to the member's own plan alone
        case "member.date_of_birth":
            return _born
        case "member.county":
            return attrgetter("county")
        case "referrer.relationship" | "referrer.source":
            known: Mapping[str, str] = getattr(words, BY_KEY[key].choices)
            said = {choice: text.removesuffix(SAY_WHICH).rstrip() for choice, text in known.items()}
            choice, detail = attrgetter(f"case.{key}"), attrgetter(f"case.{key}_detail")
            return lambda letter: ": ".join(filter(None, (said.get(choice(letter), ""), detail(letter))))
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
    text = [title]
    fitting = [one for one in letter.populations if one.outcome in POSITIVE]
    sources: dict[str, tuple[str, ...]] = {}
    for one in letter.wanted:
        text += wrapped(f"{one.subject.entry.name}: {policy.outcomes[one.outcome].label.lower()}")
        of_focus = fitting if one.subject.program == "ecm" else []
        for other in of_focus or [one]:
            if of_focus:
                text += wrapped(f"Population of focus: {other.subject.entry.name}", "  ")
            met, cited = _met(other, letter.goes.plan.id, policy)
            text += met
            sources |= cited
        text += (*_not_known(one, policy), *_form_part(one.subject.entry, letter.case.answers, policy), "")
    if sources:
        text += (*chain.from_iterable(sources.values()), "")
    return "".join([f"{line}\n" for line in text])


@lru_cache(MOST_REMEMBERED)
def _met(one: Determination, plan: str, policy: Policy) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The lines of the criteria that are met, and those of each source that they cite, but other plans' own."""
    met = [policy.criteria[reason.criterion] for reason in one.because if reason.met]
    cited = [(criterion.text, policy.told_to(plan, criterion.source)) for criterion in met]
    points = (f"{text} ({', '.join(citations)})" if citations else text for text, citations in cited)
    tags = dict.fromkeys(source_id(citation) for _, citations in cited for citation in citations)
    text = tuple(line for point in points for line in wrapped(point, "  - "))
    return text, {tag: wrapped(f"{tag}: {policy.cite((tag,))}", "", "  ") for tag in tags}


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
    return "; ".join(question.choices.get(choice, "not known of the others") for choice in chosen)


def hidden(member: Member) -> Member:
    """The member with every text that is given masked, for a preview that others may see."""
    texts = {name: getattr(member, name) for name in member.__struct_fields__ if name not in {"plan", "kp_member"}}
    masked = {name: HIDDEN for name, text in texts.items() if text}
    return Member(**masked, plan=member.plan, kp_member=member.kp_member)


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
