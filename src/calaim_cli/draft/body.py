"""The text of a draft, section by section: the fields of the plan's form, then what is asked for and why.

Titles, order, labels and closing words are the form's, from the data; here stands how each section is laid out.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import chain, groupby
from operator import attrgetter
from typing import Final

from msgspec import Struct

from calaim_cli.base.values import MOST_REMEMBERED
from calaim_cli.case.case import Case, Member, Referrer
from calaim_cli.case.form import BY_KEY, SAY_WHICH
from calaim_cli.decide.determination import POSITIVE, Determination
from calaim_cli.draft.route import Destination
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import source_id
from calaim_cli.policy.questions import DONT_KNOW, Answer, Question
from calaim_cli.policy.routes import Form, ReferralWords, Section, lines

WIDTH: Final = 72
AGREEMENT: Final = ("The member agrees to the program or services that this referral names.",)
NOT_GIVEN: Final = "(not given)"
HIDDEN: Final = "(hidden)"
MOST_NOT_KNOWN: Final = 6
# Stands before the day, in a line of its own: a rerun on another day compares the rest.
DATE_LABEL: Final = "Date of referral"
# Where Unicode keeps what reads from right to left, so that most texts need no look at each letter.
RIGHT_TO_LEFT_BLOCKS: Final = re.compile(
    "[\u0590-\u08ff\u200f\ufb1d-\ufdff\ufe70-\ufeff\U00010800-\U00010fff\U0001e800-\U0001efff]"
)


class Explanation(Struct, frozen=True):
    """A determination in the lines of a draft."""

    determination: Determination
    outcome: tuple[str, ...]
    population: tuple[str, ...]
    met: tuple[str, ...]
    not_known: tuple[str, ...]
    cited: dict[str, tuple[str, ...]]  # by the source of a criterion that is met
    form: tuple[Question, ...]  # whose answers fill the service's part of the plan's form, if it has one


class Letter(Struct, frozen=True):
    """All that differs from draft to draft: the case, its county by name, the recipients, and why."""

    case: Case
    county: str
    goes: Destination
    wanted: Sequence[Explanation]  # of the program or services asked for
    populations: Sequence[Explanation]  # of ECM, shown beneath it


Show = Callable[[Letter], str]


def body_of(letter: Letter, policy: Policy, as_of: date) -> str:
    """The text of a draft: what it is, the sections of the plan's form, the edition of the data."""
    form, program = policy.form_of(letter.goes.plan.id), letter.case.referral.program
    head = _head(policy.name_of(program), letter.goes, form, as_of)
    sections = [_laid_out(section, letter, form, policy.words) for section in form.sections]
    end = f"Data edition {policy.edition}. A screening is not a decision: the plan decides.\n"
    return "".join([head, *sections, end])


@lru_cache
def _head(title: str, goes: Destination, form: Form, as_of: date) -> str:
    """The first lines: what this is, for which day, and where it goes."""
    sent = wrapped(f"Send to: {', '.join(goes.to)}", "", "  ") if goes.by_email else _to_plan(goes, form)
    return _section(f"MEDI-CAL REFERRAL: {title.upper()}", "", f"{DATE_LABEL}: {us_date(as_of)}", *sent)


def _to_plan(goes: Destination, form: Form) -> Iterator[str]:
    """The first lines of a sheet: the plan and its ways, best first, or whom to ask, with room for the answers."""
    yield f"Plan: {goes.plan.name}"
    for route in goes.way.routes:
        yield from _hanging(lines(route))
    if goes.way.ask and not goes.way.routes:
        yield from wrapped(f"Ask there how to refer: {next(lines(goes.way.ask))}", "", "  ")
        for question in TO_ASK:
            yield from wrapped(question, "  - ")
            yield f"    {'_' * 40}"
    if form.opening:
        yield from ("", *wrapped(form.opening))


TO_ASK: Final = (
    "Who takes this referral, and how: phone, form, portal or fax?",
    "Which form does the plan want, and where is it?",
    "By when does the plan decide, and whom does it tell?",
    "Name of the person you spoke with, and the day:",
)
"""What to ask a plan whose way to refer is not known."""


def _hanging(texts: Iterable[str]) -> Iterator[str]:
    """The first text at the margin, and the others beneath it."""
    for n, text in enumerate(texts):
        yield from wrapped(text, "    ") if n else wrapped(text, "  ", "    ")


def _laid_out(section: Section, letter: Letter, form: Form, words: ReferralWords) -> str:
    """A section with its title: a layout of its own by the first of its fields, or each field with its label."""
    case, first = letter.case, section.fields[0] if section.fields else ""
    match first:
        case "referral.program":
            return _request(section.title, letter)
        case "consent.member_agreed":
            # Ticked once a person has agreed and attested, and empty in a preview.
            mark = "x" if case.consent.member_agreed and (case.consent.attested or not form.attestation) else " "
            return _ticked(section.title, form.attestation or AGREEMENT, mark)
        case "referral.current_services":
            text = ", ".join(words.current_services[one] for one in case.referral.current_services)
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
    return _paragraphs(section.title, text)


@lru_cache(MOST_REMEMBERED)
def _of_referrer(section: Section, referrer: Referrer, goes: Destination, form: Form, words: ReferralWords) -> str:
    """The referrer's fields, which are the same for every member whom she refers."""
    return _labelled(section, Letter(Case(referrer=referrer), "", goes, (), ()), form, words)


def _labelled(section: Section, letter: Letter, form: Form, words: ReferralWords) -> str:
    """Each line with its label; a value that reads from right to left stands on a line of its own."""
    texts: list[str] = []
    for label, shows in _shown(section, form, words):
        # Of a line with several texts the last is the ZIP code, after the one state that Medi-Cal is in.
        value = ", CA ".join([text for show in shows if (text := show(letter))])
        line = f"{label}: {value or NOT_GIVEN}"
        if not line.isascii() and not reads_left_to_right(value):
            texts += (f"{label}:", *wrapped(value))
        elif len(line) <= WIDTH:
            texts.append(line)
        else:
            texts += wrapped(line, "", "  ")
    return _section(section.title, *texts)


@lru_cache
def _shown(section: Section, form: Form, words: ReferralWords) -> tuple[tuple[str, tuple[Show, ...]], ...]:
    """Each line of a section: its label, and what gives its texts; neighbors of one label share a line."""
    keys = groupby(section.fields, lambda key: form.labels.get(key, BY_KEY[key].label))
    return tuple((label, tuple([_show(key, words) for key in several])) for label, several in keys)


def _show(key: str, words: ReferralWords) -> Show:
    """A function that gives the text of a field, in the words of a choice where it is one."""
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


@lru_cache
def _ticked(title: str, sentences: tuple[str, ...], mark: str) -> str:
    return _section(title, *(line for sentence in sentences for line in wrapped(sentence, f"[{mark}] ")))


@lru_cache(MOST_REMEMBERED)
def _paragraphs(title: str, text: str) -> str:
    """A text under its title, paragraph by paragraph; nothing where there is none."""
    return _section(title, *(line for part in text.split("\n") for line in wrapped(part))) if text else ""


@lru_cache(MOST_REMEMBERED)
def explanation(one: Determination, plan: str, policy: Policy) -> Explanation:
    """A determination in the lines of a draft to the plan, whoever it is about."""
    entry = one.subject.entry
    met = [policy.criteria[reason.criterion] for reason in one.because if reason.met]
    cited = [(criterion.text, policy.told_to(plan, criterion.source)) for criterion in met]
    points = (f"{text} ({', '.join(citations)})" if citations else text for text, citations in cited)
    tags = dict.fromkeys(source_id(citation) for _, citations in cited for citation in citations)
    open_questions = [policy.questions[question].ask for question in policy.questions_of(one.missing)]
    more = len(open_questions) - MOST_NOT_KNOWN
    if more > 1:  # a reader needs to know that something is missing, not every question
        open_questions[MOST_NOT_KNOWN:] = [f"and {more} more questions"]
    return Explanation(
        one,
        wrapped(f"{entry.name}: {policy.outcomes[one.outcome].label.lower()}"),
        wrapped(f"Population of focus: {entry.name}", "  "),
        tuple(line for point in points for line in wrapped(point, "  - ")),
        tuple(_listed("Not known yet:", open_questions)),
        {tag: wrapped(f"{tag}: {policy.cite((tag,))}", "", "  ") for tag in tags},
        policy.questions_asked_by(entry) if entry.form_part else (),
    )


def _request(title: str, letter: Letter) -> str:
    """What is asked for: outcome, the criteria met with their sources, and what is not known.

    Of ECM, the populations of focus that fit are shown in place of its own criteria.
    """
    lines = [title]
    fitting = [one for one in letter.populations if one.determination.outcome in POSITIVE]
    cited: dict[str, tuple[str, ...]] = {}
    for one in letter.wanted:
        lines += one.outcome
        shown = fitting if one.determination.subject.program == "ecm" else []
        for other in shown:
            lines += (*other.population, *other.met)
        if not shown:
            lines += one.met
        lines += (*one.not_known, *_form_part(one, letter.case.answers), "")
        for other in shown or [one]:
            cited |= other.cited
    if cited:
        lines += (*chain.from_iterable(cited.values()), "")
    return "".join(f"{line}\n" for line in lines)


def _form_part(one: Explanation, answers: Mapping[str, Answer]) -> Iterator[str]:
    """The part of the form's section B for a service, as far as the answers fill it; the rest is named."""
    entry = one.determination.subject.entry
    told = [question for question in one.form if answers.get(question.id, DONT_KNOW) != DONT_KNOW]
    known = [f"{question.ask} {answer_words(question, answers[question.id])}" for question in told]
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


def hidden(member: Member) -> Member:
    """The member with every text that is given masked, for a preview that others may see."""
    texts = {name: getattr(member, name) for name in member.__struct_fields__ if name not in {"plan", "kp_member"}}
    masked = {name: HIDDEN for name, text in texts.items() if text}
    return Member(**masked, plan=member.plan, kp_member=member.kp_member)


def us_date(day: date) -> str:
    """A day as the plan's form writes it, whatever the locale: MM/DD/YYYY."""
    text = day.isoformat()
    return f"{text[5:7]}/{text[8:]}/{text[:4]}"


def _section(title: str, *lines: str) -> str:
    """A title with its lines and an empty line after them; no line ends in white space."""
    return "\n".join([line.rstrip() for line in (title, *lines, "", "")])


def reads_left_to_right(text: str) -> bool:
    """True where no letter of the text reads from right to left."""
    return not any(unicodedata.bidirectional(c) in {"R", "AL"} for c in RIGHT_TO_LEFT_BLOCKS.findall(text))


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
