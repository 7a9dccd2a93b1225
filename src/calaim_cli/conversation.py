"""Floor 5: the interview and the referral as talks. They ask through an `Ask`, keep a case, and print nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli import values
from calaim_cli.case import AGE, Case, Consent, age_of
from calaim_cli.determination import Determination
from calaim_cli.errors import Problem
from calaim_cli.form import BY_KEY, SAY_WHICH, FieldKind
from calaim_cli.interview import Inquiry, next_question
from calaim_cli.places import Form, NoPlace, find_place
from calaim_cli.policy import Policy, entry_named
from calaim_cli.programs import Outcome
from calaim_cli.prompt import NONE_OF_THESE, Ask, Move, Prompt, Reply
from calaim_cli.questions import DONT_KNOW, Answer, Kind, Question, read_answer, read_answers
from calaim_cli.values import MESSAGES, Checked

Keep = Callable[[Case], None]
"""Takes the case after every reply, for saving."""
YES_NO: Final = {"yes": "Yes", "no": "No"}
WHOLE_WORD: Final = "Type yes or no."
LONGEST: Final = 9
"""A number that is typed has at most so many digits."""


class Quit(Exception):
    """The person wants to stop here; what was said so far has been kept."""


class Declined(Exception):
    """The person said no where only a yes may go on; the text says what that means."""


def answers_of(case: Case, catalog: Policy, as_of: date) -> dict[str, Answer]:
    """The case's answers as far as they are valid, with the age where the date of birth tells it."""
    answers, _ = read_answers(case.answers, catalog.questions)
    age = age_of(case, as_of)
    return answers if age is None else {**answers, AGE: age}


def hold_interview(
    about: Inquiry, case: Case, catalog: Policy, as_of: date, ask: Ask, keep: Keep, stand: Callable[[Case], None]
) -> Case:
    """Ask what can still change the inquiry's subjects, until nothing can; gives the case with the replies.

    "Back" asks an earlier question again and drops no later reply. `stand` is told the case before each question.
    """
    asked = [question for question in answers_of(case, catalog, as_of) if question in about.questions]
    question = next_question(about, answers_of(case, catalog, as_of))
    while question is not None:
        stand(case)
        reply = ask(question_prompt(catalog.questions[question], case, catalog, as_of))
        if reply is Move.QUIT:
            raise Quit
        if reply is Move.BACK:
            question = _before(asked, question)
            continue
        case = with_reply(case, catalog.questions[question], reply)
        keep(case)
        if question not in asked:
            asked.append(question)
        question = next_question(about, answers_of(case, catalog, as_of), question)
    return case


def _before(asked: Sequence[str], question: str) -> str:
    """The question asked before this one; the first stays where it is."""
    position = asked.index(question) if question in asked else len(asked)
    return asked[position - 1] if position else question


def question_prompt(question: Question, case: Case, catalog: Policy, as_of: date) -> Prompt:
    """How a question is put: its words, help with sources, choices, and the reply given before."""
    tests = [criterion for criterion in catalog.criteria.values() if criterion.question == question.id]
    cited = dict.fromkeys(catalog.cite((tag,)) for test in tests for tag in test.source)
    text = f"{question.ask} (or the date of birth)" if question.id == AGE else question.ask
    options = YES_NO if question.kind is Kind.YES_NO else question.choices
    return Prompt(
        where=question.id,
        text=text,
        help=f"{question.help}\nSource: {'; '.join(cited)}",
        options=options,
        several=question.kind is Kind.CHOICES,
        check=None if options else lambda typed: _number(question, typed, as_of),
        explain=_explain(question),
        dont_know=True,
        given=_given(question, case, as_of),
    )


def _given(question: Question, case: Case, as_of: date) -> str | tuple[str, ...]:
    """The reply given before, as the prompt knows it; one that is not valid counts as none."""
    if question.id == AGE and age_of(case, as_of) is not None:
        return case.member.date_of_birth
    answer = read_answer(question, case.answers.get(question.id, ()), question.id)
    if isinstance(answer, Problem) or answer == DONT_KNOW:
        return ""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return answer if isinstance(answer, tuple) else str(answer)


def _number(question: Question, typed: str, as_of: date) -> Checked:
    """A whole number within bounds; for the age a date of birth will do, too."""
    most = question.at_most
    if typed.isascii() and typed.isdigit() and len(typed) <= LONGEST and (most is None or int(typed) <= most):
        return Checked(typed)
    is_date = question.id == AGE and not typed.isdigit()
    return values.date_of_birth(typed, as_of) if is_date else Checked(typed, "number")


def _explain(question: Question) -> Callable[[str], str]:
    most = "" if question.at_most is None else f" to {question.at_most}"
    return lambda code: MESSAGES.get(code, f"give a whole number of {question.unit} from 0{most}")


def with_reply(case: Case, question: Question, reply: Reply) -> Case:
    """The case with the reply kept. A date of birth is kept as such, and the age is then no answer of its own."""
    if question.id == AGE and isinstance(reply, str) and not reply.isdigit():
        others = {key: value for key, value in case.answers.items() if key != AGE}
        return replace(case, member=replace(case.member, date_of_birth=reply), answers=others)
    if question.id == AGE:
        case = replace(case, member=replace(case.member, date_of_birth=""))
    return replace(case, answers={**case.answers, question.id: _as_written(question, reply)})


def _as_written(question: Question, reply: Reply) -> Any:  # noqa: ANN401 what a case file may hold
    if reply is Move.DONT_KNOW:
        return DONT_KNOW
    if question.kind is Kind.YES_NO:
        return reply == "yes"
    if question.kind is Kind.NUMBER:
        return int(str(reply))
    return list(reply) if isinstance(reply, tuple) else reply


def ask_alone(ask: Ask, prompt: Prompt) -> str | tuple[str, ...]:
    """The answer to a prompt that has nothing before it to go back to. Raises Quit when the person wants to stop."""
    while isinstance(reply := ask(prompt), Move):
        if reply is Move.QUIT:
            raise Quit
    return reply


def choose_screening(case: Case, catalog: Policy, ask: Ask) -> list[str]:
    """What the screening before a referral is to cover: what the case asks for, or any of the programs, or nothing."""
    typed = case.referral.services or ((case.referral.program,) if case.referral.program else ())
    entries = [entry_named(one, catalog) for one in typed] or catalog.programs_file.program
    options = {entry.id: entry.name for entry in entries} | {NONE_OF_THESE: "Nothing: go on without screening"}
    words = "What should be screened first? Only what matters is asked, and the referral then explains why."
    reply = ask_alone(ask, Prompt(where="screen", text=words, options=options, several=True))
    return [name for name in reply if name != NONE_OF_THESE]


class Step(Struct, frozen=True):
    """One prompt of a talk that goes through steps: what to ask (None: skip it), and how the reply is kept."""

    prompt: Callable[[Case], Prompt | None]
    keep: Callable[[Case, Reply], Case]


def walk(steps: Sequence[Step], case: Case, ask: Ask, keep: Keep) -> Case:
    """Go through the steps, back and forth; gives the case with every reply kept."""
    at = 0
    done: list[int] = []
    while at < len(steps):
        prompt = steps[at].prompt(case)
        if prompt is None:
            at += 1
            continue
        reply = ask(prompt)
        if reply is Move.QUIT:
            raise Quit
        if reply is Move.BACK:
            at = done.pop() if done else at
            continue
        case = steps[at].keep(case, reply)
        keep(case)
        done.append(at)
        at += 1
    return case


def field_step(where: str, required: Sequence[str], as_of: date) -> Step:
    """A step that asks one field of the form, checked as a case file's is."""
    field = BY_KEY[where]

    def prompt(case: Case) -> Prompt:
        given = _at(case, where)
        return Prompt(
            where=where,
            text=field.ask,
            check=field.check or (lambda text: values.date_of_birth(text, as_of)),
            explain=MESSAGES.__getitem__,
            given=given,
            optional=where not in required and not (where == "member.cin" and not case.member.mrn),
        )

    return Step(prompt, lambda case, reply: _with(case, where, reply))


def choice_step(where: str, form: Form) -> Step:
    """A step that asks for one choice of the form, or for several."""
    field = BY_KEY[where]
    options, several = dict(getattr(form, field.choices)), field.kind is FieldKind.CHOICES

    def prompt(case: Case) -> Prompt:
        return Prompt(where=where, text=field.ask, options=options, several=several, given=_at(case, where))

    return Step(prompt, lambda case, reply: _with(case, where, reply))


def detail_step(where: str, form: Form) -> Step:
    """A step that asks "which" after a choice whose words ask to say so; skipped after any other."""
    detail = BY_KEY[f"{where}_detail"]
    text = detail.ask.format(vendors=", ".join(form.vendors.values()))
    options: Mapping[str, str] = getattr(form, BY_KEY[where].choices)

    def prompt(case: Case) -> Prompt | None:
        if not options.get(_at(case, where), "").endswith(SAY_WHICH):
            return None
        given = _at(case, detail.key)
        return Prompt(where=detail.key, text=text, check=detail.check, explain=MESSAGES.__getitem__, given=given)

    return Step(prompt, lambda case, reply: _with(case, detail.key, reply))


def spoken_prompt(where: str, text: str, *, dont_know: bool = False) -> Prompt:
    """A yes or no that a person types as a whole word, for this referral alone.

    It is no menu: a menu opens on one of its choices, and Enter would say it.
    """
    return Prompt(
        where=where,
        text=f"{text} {WHOLE_WORD}",
        check=_whole_word,
        explain=lambda _: "type the whole word, yes or no",
        dont_know=dont_know,
    )


def _whole_word(text: str) -> Checked:
    word = text.casefold()
    return Checked(word, "" if word in YES_NO else "whole-word")


def spoken_step(where: str, text: str, *, no_means: str) -> Step:
    """A spoken yes that is needed to go on; "no" raises Declined with what it means."""

    def keep(case: Case, reply: Reply) -> Case:
        if reply != "yes":
            raise Declined(no_means)
        return _with(case, where, reply == "yes")

    return Step(lambda _: spoken_prompt(where, text), keep)


def _at(case: Case, where: str) -> Any:  # noqa: ANN401 any field of a case
    part, _, key = where.partition(".")
    return getattr(getattr(case, part), key)


def _with(case: Case, where: str, value: Any) -> Case:  # noqa: ANN401 any field of a case
    part, _, key = where.partition(".")
    return replace(case, **{part: replace(getattr(case, part), **{key: value})})


def _texts_of(part: str, form: Form) -> list[str]:
    """The keys of what a person types of the member or the referrer, in the form's order."""
    typed = {FieldKind.TEXT, FieldKind.DATE}
    return [key for key in form.keys if BY_KEY[key].part == part and BY_KEY[key].kind in typed]


def referrer_steps(catalog: Policy, as_of: date) -> tuple[Step, ...]:
    """The referrer's own details, as the form asks for them."""
    form = catalog.form
    return (
        *(field_step(where, form.required, as_of) for where in _texts_of("referrer", form)),
        choice_step("referrer.relationship", form),
        detail_step("referrer.relationship", form),
        choice_step("referrer.source", form),
        detail_step("referrer.source", form),
    )


def member_steps(catalog: Policy, as_of: date) -> tuple[Step, ...]:
    """The member's details, what she receives now, and notes."""
    form = catalog.form
    return (
        *(field_step(where, form.required, as_of) for where in _texts_of("member", form)),
        choice_step("referral.current_services", form),
        field_step("referral.notes", form.required, as_of),
    )


def part2_steps() -> tuple[Step, ...]:
    """Part 2, which changes what the draft says, and where it applies the written consent that it needs."""
    part2 = BY_KEY["consent.part2"].ask
    written = spoken_step(
        "consent.part2_consent",
        BY_KEY["consent.part2_consent"].ask,
        no_means="get the member's written consent, or leave out what comes from that program",
    )
    return (
        Step(
            lambda _: spoken_prompt("consent.part2", part2, dont_know=True),
            lambda case, reply: _with(case, "consent.part2", reply != "no"),
        ),
        Step(lambda case: written.prompt(case) if case.consent.part2 else None, written.keep),
    )


def consent_steps(case: Case, to: Sequence[str], catalog: Policy) -> tuple[Step, ...]:
    """What a person says of a draft that she has read: that it is right, the member's agreement, the attestation."""
    ids = case.referral.services or (case.referral.program,)
    named = "; ".join(entry_named(name, catalog).name for name in ids)
    attestation = " ".join(catalog.counties_file.form.attestation)
    right = spoken_prompt("write", f"Write this draft to {', '.join(to)}? Nothing is sent.")
    return (
        Step(lambda _: right, _draft_is_right),
        spoken_step(
            "consent.member_agreed",
            f"{BY_KEY['consent.member_agreed'].ask} It is for: {named}.",
            no_means="the member has not agreed; ask first",
        ),
        spoken_step(
            "consent.attested",
            f"{BY_KEY['consent.attested'].ask} It is for: {named}. {attestation}",
            no_means="only a person can attest to it",
        ),
    )


def _draft_is_right(case: Case, reply: Reply) -> Case:
    if reply != "yes":
        raise Declined("the draft is not right yet")
    return case


def place_steps(catalog: Policy) -> tuple[Step, ...]:
    """The county, which decides the route, and whether the member has Kaiser Permanente Medi-Cal."""

    def county(case: Case) -> Prompt:
        return Prompt(
            where="member.county",
            text=BY_KEY["member.county"].ask,
            given=case.member.county,
            check=lambda text: _place(text, catalog),
            explain=lambda message: message,
        )

    return (
        Step(county, lambda case, reply: _with(case, "member.county", reply)),
        Step(
            lambda _: Prompt(
                where="member.kp_member",
                text=BY_KEY["member.kp_member"].ask,
                options=YES_NO,
                help="Kaiser Permanente takes referrals only for its own Medi-Cal members. The card, the plan's "
                "eligibility page or its phone line tells.",
            ),
            lambda case, reply: _with(case, "member.kp_member", reply == "yes"),
        ),
    )


def _place(text: str, catalog: Policy) -> Checked:
    found = find_place(text, catalog.gazetteer)
    return Checked(text, found.message) if isinstance(found, NoPlace) else Checked(found.county.name)


def fresh_consent(case: Case) -> Case:
    """The case without what was agreed or attested before: it counts for one referral only."""
    return replace(case, consent=Consent())


def choose_referrals(
    case: Case, determinations: Mapping[str, Determination], catalog: Policy, ask: Ask
) -> tuple[Case, ...]:
    """What to refer for among the results: one case for each program, in the order of the policy."""
    offers = dict(_offers(case, determinations, catalog))
    words = "What should the referral ask for?"
    reply = ask_alone(ask, Prompt(where="referral.program", text=words, options=offers, several=True))
    services = tuple(one for one in reply if one in catalog.availability)
    programs = [(one, ()) for one in reply if one not in catalog.availability] + (
        [("cs", services)] if services else []
    )
    return tuple(
        replace(case, referral=replace(case.referral, program=program, services=chosen)) for program, chosen in programs
    )


def _offers(case: Case, determinations: Mapping[str, Determination], catalog: Policy) -> Iterator[tuple[str, str]]:
    """What can be referred for by e-mail in the member's county, with how it came out, best first."""
    found = find_place(case.member.county, catalog.gazetteer)
    county = None if isinstance(found, NoPlace) else found.county
    order = list(Outcome)
    ranked = sorted(determinations.items(), key=lambda item: order.index(item[1].outcome))
    for name, one in ranked:
        subject = one.subject
        if subject.population or not subject.entry.by_email:
            continue
        if subject.service and catalog.offered(subject.service, county) is False:
            continue
        yield name, f"{subject.entry.name}: {catalog.outcomes[one.outcome].label.lower()}"
