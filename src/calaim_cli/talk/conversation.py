"""The interview and the referral as talks. They ask through an `Ask`, save a case, and print nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from operator import attrgetter
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.errors import NotFound, Problem
from calaim_cli.base.folding import is_unknown, whole_number
from calaim_cli.base.values import MESSAGES, Value, date_of_birth
from calaim_cli.base.wording import name_key, one_of
from calaim_cli.case.case import AGE, Case, age_of
from calaim_cli.case.form import BY_KEY, REACH, SAY_WHICH, Field, FieldKind
from calaim_cli.decide.determination import Determination
from calaim_cli.decide.interview import Inquiry, next_question
from calaim_cli.decide.known import CURRENT_SERVICES, known_of, with_current_services
from calaim_cli.decide.membership import membership_of
from calaim_cli.policy.places import KP, County, NoPlace, find_place, plans_of
from calaim_cli.policy.policy import Policy, entry_named, place_named, plan_named
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.questions import DONT_KNOW, Answer, Kind, Question, read_answer
from calaim_cli.policy.routes import Form
from calaim_cli.talk.prompt import NONE_OF_THESE, Ask, Move, Prompt, Reply

Save = Callable[[Case], None]
"""Takes the case after every reply, to save it."""
YES_NO: Final = {"yes": "Yes", "no": "No"}
BOTH: Final = "both"
WHERE_THE_PLAN_STANDS: Final = "A referral goes to the member's own plan. It is on the card, in AEVS and in the portal."
CHOICES_OF_REFERRER: Final = ("relationship", "relationship_detail", "source", "source_detail")
"""Asked for before the texts about the referrer: they decide which of those are needed."""


class Quit(Exception):
    """The person wants to stop here; what was said so far has been saved."""


def answers_of(case: Case, policy: Policy, as_of: date) -> dict[str, Answer]:
    """What is known by the case, as far as its answers are valid."""
    return known_of(case, policy.questions, as_of, membership_of(case, policy).plan).answers


def hold_interview(
    about: Inquiry, case: Case, policy: Policy, as_of: date, ask: Ask, save: Save, stand: Callable[[Case], None]
) -> Case:
    """The case with the replies to all that can still change the inquiry's subjects.

    "Back" asks an earlier question again and drops no later reply. `stand` is told the case before each question.
    The replies are of this day; where older answers stay, the case keeps their day, or has none.
    """
    older = set(case.answers)
    asked = [question for question in answers_of(case, policy, as_of) if question in about.questions]
    question = next_question(about, answers_of(case, policy, as_of))
    while question is not None:
        stand(case)
        reply = ask(question_prompt(policy.questions[question], case, policy, as_of))
        if reply is Move.QUIT:
            raise Quit
        if reply is Move.BACK:
            position = asked.index(question) if question in asked else len(asked)
            question = asked[position - 1] if position else question
            continue
        case = with_reply(case, policy.questions[question], reply)
        older.discard(question)
        case = case if older else replace(case, answered_on=as_of.isoformat())
        save(case)
        if question not in asked:
            asked.append(question)
        question = next_question(about, answers_of(case, policy, as_of), question)
    return case


def question_prompt(question: Question, case: Case, policy: Policy, as_of: date) -> Prompt:
    """The prompt for a question: its words, help with sources, choices, and the reply given before."""
    tests = [one for one in policy.criteria.values() if one.question == question.id and one.id in policy.rule_criteria]
    cited = dict.fromkeys(policy.cite((tag,)) for test in tests for tag in test.source)
    most = question.at_most
    bound = "" if most is None else f" to {most}"

    def number(typed: str) -> Value:
        counted = whole_number(typed)
        if counted is not None and (most is None or counted <= most):
            return Value(str(counted))
        # A date of birth will do for the age, and is kept as such.
        born = question.id == AGE and counted is None and any(c.isdigit() for c in typed)
        return date_of_birth(typed, as_of) if born else Value(typed, "number")

    return Prompt(
        where=question.id,
        text=f"{question.ask} (or the date of birth)" if question.id == AGE else question.ask,
        help=f"{question.help}\nSource: {'; '.join(cited)}",
        options=YES_NO if question.kind is Kind.YES_NO else question.choices,
        several=question.kind is Kind.CHOICES,
        check=number,
        explain=lambda code: MESSAGES.get(code, f"give a whole number of {question.unit} from 0{bound}"),
        dont_know=True,
        earlier=_earlier(question, case, as_of),
    )


def _earlier(question: Question, case: Case, as_of: date) -> str | tuple[str, ...]:
    """The reply given before, as the prompt knows it; one that is not valid counts as none."""
    if question.id == AGE and age_of(case, as_of) is not None:
        return case.member.date_of_birth
    referred = case.referral.current_services if question.id == CURRENT_SERVICES else ()
    answer = read_answer(question, case.answers.get(question.id, referred), question.id)
    if isinstance(answer, Problem) or answer == DONT_KNOW:
        return ""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return tuple(one for one in answer if one != DONT_KNOW) if isinstance(answer, tuple) else str(answer)


def with_reply(case: Case, question: Question, reply: Reply) -> Case:
    """The case with the reply kept. A date of birth is kept as such, and the age is then no answer of its own.

    What the member receives now is said once, and so no longer in the referral.
    """
    if question.id == AGE and isinstance(reply, str) and not reply.isdigit():
        others = {key: value for key, value in case.answers.items() if key != AGE}
        return replace(case, member=replace(case.member, date_of_birth=reply), answers=others)
    if question.id == AGE:
        case = replace(case, member=replace(case.member, date_of_birth=""))
    if question.id == CURRENT_SERVICES:
        case = _without_details(replace(case, referral=replace(case.referral, current_services=())), reply)
    answer: Any = list(reply) if isinstance(reply, tuple) else reply
    if reply is Move.DONT_KNOW:
        answer = DONT_KNOW
    elif question.kind is Kind.YES_NO:
        answer = reply == "yes"
    elif question.kind is Kind.NUMBER:
        answer = int(str(reply))
    return replace(case, answers={**case.answers, question.id: answer})


def ask_alone(ask: Ask, prompt: Prompt) -> str | tuple[str, ...]:
    """The answer to a prompt that has nothing before it to go back to. Raises Quit when the person wants to stop."""
    while isinstance(reply := ask(prompt), Move):
        if reply is Move.QUIT:
            raise Quit
    return reply


def choose_screening(case: Case, policy: Policy, ask: Ask) -> list[str]:
    """The names to screen before a referral: what the case asks for, or any of the programs, or nothing."""
    typed = case.referral.services or ((case.referral.program,) if case.referral.program else ())
    entries = [entry_named(one, policy) for one in typed] or policy.programs_file.program
    options = {entry.id: entry.name for entry in entries} | {NONE_OF_THESE: "Nothing: go on without screening"}
    words = "What should be screened first? Only what matters is asked, and the referral then explains why."
    reply = ask_alone(ask, Prompt(where="screen", text=words, options=options, several=True))
    return [name for name in reply if name != NONE_OF_THESE]


def choose_referrals(
    case: Case, determinations: Mapping[str, Determination], plan: str, policy: Policy, ask: Ask
) -> tuple[Case, ...]:
    """The referrals to write: one case for each program, in the order of the policy.

    It is chosen among what the member's plan takes referrals for in her county, with how it came out, best first.
    """
    county, order = place_named(case.member.county, policy).county, list(Outcome)
    refused = {service for route in policy.routes_file.route if route.plan == plan for service in route.services_except}
    offers = {
        name: f"{one.subject.entry.name}: {policy.outcomes[one.outcome].label.lower()}"
        for name, one in sorted(determinations.items(), key=lambda item: order.index(item[1].outcome))
        if name not in refused and not one.subject.population
        if not one.subject.service or policy.offered(plan, one.subject.service, county) is not False
    }
    words = "What should the referral ask for?"
    reply = ask_alone(ask, Prompt(where="referral.program", text=words, options=offers, several=True))
    if {"ecm", "chw"} <= set(reply):
        which = ask_alone(ask, _one_or_both(policy))
        reply = tuple(one for one in reply if one not in {"ecm", "chw"} or which in {one, BOTH})
    services = tuple(one for one in reply if one in policy.services)
    wanted = [(one, ()) for one in reply if one not in policy.services] + ([("cs", services)] if services else [])
    return tuple(
        replace(case, referral=replace(case.referral, program=program, services=chosen)) for program, chosen in wanted
    )


def _one_or_both(policy: Policy) -> Prompt:
    words = ("ecm", "chw", BOTH)
    return Prompt(where="ecm_or_chw", text=f"{policy.words.ecm_or_chw} Type {one_of(words)}.", words=words)


class Step(Struct, frozen=True):
    """One prompt of a talk that goes through steps: what to ask (None: skip it), and how the reply is kept."""

    prompt: Callable[[Case], Prompt | None]
    keep: Callable[[Case, Reply], Case]


def walk(steps: Sequence[Step], case: Case, ask: Ask, save: Save) -> Case:
    """The case with every reply kept, after going through the steps, back and forth."""
    at = 0
    done: list[int] = []
    while at < len(steps):
        if prompt := steps[at].prompt(case):
            reply = ask(prompt)
            if reply is Move.QUIT:
                raise Quit
            if reply is Move.BACK:
                # A step that was skipped is not gone back to: it has no prompt.
                at = done.pop() if done else at
                continue
            case = steps[at].keep(case, reply)
            save(case)
            done.append(at)
        at += 1
    return case


def _with(case: Case, where: str, value: Any) -> Case:  # noqa: ANN401 any field of a case
    part, _, key = where.partition(".")
    return replace(case, **{part: replace(getattr(case, part), **{key: value})})


def place_steps(policy: Policy) -> tuple[Step, ...]:
    """Steps for the county and the member's plan there, which decide the route."""
    county, plan, region = (BY_KEY[f"member.{name}"] for name in ("county", "plan", "kp_region"))

    # Typed, and no menu: a menu opens on one of the plans, and Enter would say that the member is in it.
    def card(case: Case) -> Prompt:
        served = place_named(case.member.county, policy).county
        named = ", ".join(f"{policy.plans[one].name} ({one})" for one in plans_of(served))
        return Prompt(
            where=plan.key,
            text=f"{plan.ask}. Here: {named}. Type its name or id, or {DONT_KNOW}",
            help=WHERE_THE_PLAN_STANDS,
            check=lambda typed: _plan_here(typed, served, policy),
            earlier=membership_of(case, policy).plan,
        )

    def on_the_card(case: Case) -> Prompt | None:
        served = place_named(case.member.county, policy).county
        if membership_of(case, policy).plan != KP or policy.region_in(served):
            return None
        text = f"{region.ask}: type {one_of(policy.regions)}, or {DONT_KNOW}"
        return Prompt(where=region.key, text=text, check=lambda typed: _region(typed, policy))

    def place(typed: str) -> Value:
        found = find_place(typed, policy.gazetteer)
        return Value(typed, found.message) if isinstance(found, NoPlace) else Value(found.city or found.county.name)

    return (
        Step(
            lambda case: Prompt(where=county.key, text=county.ask, earlier=case.member.county, check=place),
            lambda case, reply: _with(case, county.key, reply),
        ),
        Step(card, lambda case, reply: _with(_with(case, plan.key, reply), "member.kp_member", None)),
        Step(on_the_card, lambda case, reply: _with(case, region.key, "" if reply == DONT_KNOW else reply)),
    )


def _plan_here(typed: str, county: County, policy: Policy) -> Value:
    """The id of the plan that is typed; one that does not serve the county is asked for again, with what is known."""
    if is_unknown(typed):
        return Value(DONT_KNOW)
    try:
        plan = plan_named(typed, policy)
    except NotFound as error:
        return Value(typed, error.problems[0].message)
    if plan.id in plans_of(county):
        return Value(plan.id)
    return Value(typed, f"{plan.name} does not serve the member's county: {policy.not_served(plan.id, county)}")


def _region(typed: str, policy: Policy) -> Value:
    key = DONT_KNOW if is_unknown(typed) else name_key(typed)
    return Value(key, "" if key in {DONT_KNOW, *policy.regions} else f"give {one_of(policy.regions)}, or {DONT_KNOW}")


def form_steps(part: str, policy: Policy, as_of: date, plan: str) -> tuple[Step, ...]:
    """Steps for what the form asks of the referrer, or of the member with what she receives and wishes for."""
    form, typed = policy.form_of(plan), {FieldKind.TEXT, FieldKind.DATE}
    texts = [key for key in form.keys if BY_KEY[key].part == part and BY_KEY[key].kind in typed]
    wishes = [key for key in form.keys if BY_KEY[key].part == "referral" and BY_KEY[key].ask]
    keys = [*(f"referrer.{name}" for name in CHOICES_OF_REFERRER), *texts] if part == "referrer" else [*texts, *wishes]
    return tuple(field_step(where, form, policy, as_of) for where in keys)


def field_step(where: str, form: Form, policy: Policy, as_of: date) -> Step:
    """A step that asks for one field of the form: a text, checked as a case file's is, or a choice, or several.

    It is skipped where the field is not of the case: the detail of a choice is asked for after words that want one.
    """
    field, choice = BY_KEY[where], BY_KEY[where.removesuffix("_detail")]
    options = _options(field, policy)

    def prompt(case: Case) -> Prompt | None:
        answered = case.answers.get(field.name, DONT_KNOW)
        if where == f"referral.{CURRENT_SERVICES}" and answered and DONT_KNOW not in answered:
            return None  # the interview asked it
        needed = where in form.needed(lambda key: attrgetter(key)(case))
        chosen = _options(choice, policy).get(attrgetter(choice.key)(case), "")
        no_detail = choice is not field and not chosen.endswith(SAY_WHICH)
        not_of_it = field.when is not None and not field.when(with_current_services(case, policy.questions), as_of)
        if no_detail or not_of_it or (where in form.required and not needed):
            return None
        # One number has to be given: whoever has no MRN cannot skip the CIN, which is asked for after it.
        must = needed or where == REACH or (where == "member.cin" and not (case.member.mrn and "mrn" in form.numbers))
        return Prompt(
            where=where,
            text=field.ask.format(vendors=", ".join(policy.words.vendors.values())),
            options=options,
            several=field.kind is FieldKind.CHOICES,
            check=field.check or (lambda text: date_of_birth(text, as_of)),
            optional=not must and not options and choice is field,
            earlier=attrgetter(where)(case),
        )

    def keep(case: Case, reply: Reply) -> Case:
        said = _with(case, where, reply)
        return _without_details(said, reply) if where == f"referral.{CURRENT_SERVICES}" else said

    return Step(prompt, keep)


def _without_details(case: Case, reply: Reply) -> Case:
    """The case without details of what the member does not receive, once what she receives is told anew."""
    received = reply if isinstance(reply, tuple) else ()
    gone = {name: "" for name in ("ecm_provider", "ecm_provider_contact") if "ecm" not in received}
    supports = case.referral.current_supports if "community_supports" in received else ()
    return replace(case, referral=replace(case.referral, **gone, current_supports=supports))


def _options(field: Field, policy: Policy) -> dict[str, str]:
    """The choices of a field: ids of services with their names, or a list in the data; empty for a text."""
    if field.choices == "services":
        return {name: service.name for name, service in policy.services.items()}
    return getattr(policy.words, field.choices) if field.choices else {}
