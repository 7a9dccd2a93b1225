"""A talk in steps: how one goes through them and back, and the steps for the place and for what a form asks."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import date
from operator import attrgetter
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.errors import NotFound
from calaim_cli.base.folding import is_unknown
from calaim_cli.base.values import Value, date_of_birth
from calaim_cli.base.wording import name_key, one_of
from calaim_cli.case.case import Case
from calaim_cli.case.form import BY_KEY, REACH, SAY_WHICH, Field, FieldKind
from calaim_cli.decide.known import CURRENT_SERVICES, with_current_services
from calaim_cli.decide.membership import membership_of
from calaim_cli.policy.places import KP, County, NoPlace, find_place, plans_of
from calaim_cli.policy.policy import Policy, place_named, plan_named
from calaim_cli.policy.questions import DONT_KNOW
from calaim_cli.policy.routes import Form
from calaim_cli.talk.prompt import NOT_KNOWN, Ask, Move, Prompt, Reply

Save = Callable[[Case], None]
"""Takes the case after every reply, to save it."""
WHY: Final = "referral.expedited_why"
MRN, CIN = "member.mrn", "member.cin"
COUNTY, PLAN, REGION = (BY_KEY[f"member.{name}"] for name in ("county", "plan", "kp_region"))
WHERE_THE_PLAN_STANDS: Final = "A referral goes to the member's own plan. It is on the card, in AEVS and in the portal."
CHOICES_OF_REFERRER: Final = ("relationship", "relationship_detail", "source", "source_detail")
"""Asked for before the texts about the referrer: they decide which of those are needed."""


class Quit(Exception):
    """The person wants to stop here; what was said so far has been saved."""


class Back(Exception):
    """The person wants to go back to what was asked before; `case` holds what was said since, if anything was."""

    def __init__(self, case: Case | None = None) -> None:
        super().__init__()
        self.case = case


def ask_alone(ask: Ask, prompt: Prompt) -> str | tuple[str, ...]:
    """The answer to a prompt by itself. Raises Quit when the person wants to stop, Back to go back."""
    reply = ask(prompt)
    if reply is Move.QUIT:
        raise Quit
    if isinstance(reply, Move):
        raise Back
    return reply


Stage = Callable[[Case, bool], Case]
"""A part of a talk: the case with what was said in it; the flag says that the person came back to it on purpose."""


def through(stages: Sequence[Stage], case: Case, to_change: int | None = None) -> Case:
    """The case after all the stages, or from the one to change on; back before a stage leads to the one before."""
    at, again = to_change or 0, to_change is not None
    while at < len(stages):
        try:
            case, at, again = stages[at](case, again), at + 1, False
        except Back as back:
            case, at, again = back.case or case, max(at - 1, 0), True
    return case


class Step(Struct, frozen=True):
    """One prompt of a talk that goes through steps: what to ask (None: skip it), and how the reply is kept."""

    prompt: Callable[[Case], Prompt | None]
    keep: Callable[[Case, Reply], Case]


def walk(steps: Sequence[Step], case: Case, ask: Ask, save: Save) -> Case:
    """The case with every reply kept, after going through the steps. Raises Back before the first, Quit when left."""
    at = 0
    done: list[int] = []
    while at < len(steps):
        if prompt := steps[at].prompt(case):
            reply = ask(prompt)
            if reply is Move.QUIT:
                raise Quit
            if reply is Move.BACK:
                # A step that was skipped is not gone back to: it has no prompt.
                if not done:
                    raise Back(case)
                at = done.pop()
                continue
            case = steps[at].keep(case, reply)
            save(case)
            done.append(at)
        at += 1
    return case


def _with(case: Case, where: str, value: Any) -> Case:  # noqa: ANN401 any field of a case
    part, _, key = where.partition(".")
    return replace(case, **{part: replace(getattr(case, part), **{key: value})})


def place_steps(policy: Policy, *, needed: bool, again: bool) -> tuple[Step, ...]:
    """Steps for the county and the member's plan there, which decide the route.

    Where they are not needed, both may be left open. What the case knows already is asked only `again`.
    """

    def where(case: Case) -> Prompt | None:
        earlier = case.member.county
        if earlier and not again and not isinstance(find_place(earlier, policy.gazetteer), NoPlace):
            return None
        return Prompt(
            where=COUNTY.key,
            text=COUNTY.ask,
            earlier=earlier,
            optional=not needed,
            enter="if not known",
            check=lambda typed: _place(typed, policy),
        )

    def card(case: Case) -> Prompt | None:
        served, member_of = _county(case, policy), membership_of(case, policy)
        serves = bool(member_of.plan) and (served is None or member_of.plan in plans_of(served))
        if not again and (serves or (not needed and (is_unknown(case.member.plan) or member_of.ruled_out))):
            return None
        return _card(served, member_of.plan, policy)

    def on_the_card(case: Case) -> Prompt | None:
        served = _county(case, policy)
        split = served and membership_of(case, policy).plan == KP and not policy.region_in(served)
        if not split or (case.member.kp_region and not again):
            return None
        text = f"{REGION.ask}: type {one_of(policy.regions)}, or {NOT_KNOWN}"
        return Prompt(where=REGION.key, text=text, check=lambda typed: _region(typed, policy))

    def in_county(case: Case, reply: Reply) -> Case:
        # The region on the card was said of the county before.
        region = case.member.kp_region if case.member.county == reply else ""
        return _with(_with(case, REGION.key, region), COUNTY.key, reply)

    return (
        Step(where, in_county),
        Step(card, lambda case, reply: _with(_with(case, PLAN.key, reply), "member.kp_member", None)),
        Step(on_the_card, lambda case, reply: _with(case, REGION.key, "" if reply == DONT_KNOW else reply)),
    )


def _county(case: Case, policy: Policy) -> County | None:
    return place_named(case.member.county, policy).county if case.member.county else None


def _card(served: County | None, earlier: str, policy: Policy) -> Prompt:
    """Which plan is on the card; typed, as a menu opens on one of the plans, and Enter would say that it is hers."""
    named = ", ".join(f"{policy.plans[one].name} ({one})" for one in (plans_of(served) if served else ()))
    among = f" Here: {named}." if named else ""
    return Prompt(
        where=PLAN.key,
        text=f"{PLAN.ask}.{among} Type its name or id, or {NOT_KNOWN}",
        help=WHERE_THE_PLAN_STANDS,
        check=lambda typed: _plan_here(typed, served, policy),
        earlier=earlier,
    )


def _place(typed: str, policy: Policy) -> Value:
    found = find_place(typed, policy.gazetteer)
    return Value(typed, found.message) if isinstance(found, NoPlace) else Value(found.city or found.county.name)


def _plan_here(typed: str, county: County | None, policy: Policy) -> Value:
    """The id of the plan that is typed; one that does not serve the county is asked for again, with what is known."""
    if is_unknown(typed):
        return Value(DONT_KNOW)
    try:
        plan = plan_named(typed, policy)
    except NotFound as error:
        return Value(typed, error.problems[0].message)
    if county is None or plan.id in plans_of(county):
        return Value(plan.id)
    return Value(typed, f"{plan.name} does not serve the member's county: {policy.not_served(plan.id, county)}")


def _region(typed: str, policy: Policy) -> Value:
    key = DONT_KNOW if is_unknown(typed) else name_key(typed)
    return Value(key, "" if key in {DONT_KNOW, *policy.regions} else f"give {one_of(policy.regions)}, or {NOT_KNOWN}")


def form_steps(part: str, policy: Policy, as_of: date, plan: str, known: Container[str] = ()) -> tuple[Step, ...]:
    """Steps for what the form asks of the referrer, or of the member with what she receives and wishes for.

    A field that is `known` is left out.
    """
    form, typed = policy.form_of(plan), {FieldKind.TEXT, FieldKind.DATE}
    texts = [key for key in form.keys if BY_KEY[key].part == part and BY_KEY[key].kind in typed]
    wishes = [key for key in form.keys if BY_KEY[key].part == "referral" and BY_KEY[key].ask]
    keys = [*(f"referrer.{name}" for name in CHOICES_OF_REFERRER), *texts] if part == "referrer" else [*texts, *wishes]
    either = {MRN, CIN}.issubset(keys)
    return tuple(
        number_step() if either and where == MRN else field_step(where, form, policy, as_of)
        for where in keys
        if where not in known and not (either and where == CIN)
    )


def number_step() -> Step:
    """A step for the one number that the form needs: what holds a letter is a CIN, which ends in one."""

    def which(typed: str) -> str:
        return CIN if any(one.isalpha() for one in typed) else MRN

    def prompt(case: Case) -> Prompt:
        return Prompt(
            where=MRN,
            text="The plan's record number (MRN), or the CIN on the Medi-Cal card: one of the two",
            help="Both are in the plan's record. The CIN is a 9, seven digits and a letter.",
            check=lambda typed: (BY_KEY[which(typed)].check or Value)(typed),
            earlier=case.member.mrn or case.member.cin,
        )

    def keep(case: Case, reply: Reply) -> Case:
        return _with(_with(_with(case, MRN, ""), CIN, ""), which(str(reply)), reply)

    return Step(prompt, keep)


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
        only_number = where == CIN and not (case.member.mrn and "mrn" in form.numbers)
        must = needed or where in {REACH, WHY} or only_number
        return Prompt(
            where=where,
            text=field.ask.format(vendors=", ".join(policy.words.vendors.values())),
            help=field.help,
            options=options,
            several=field.kind is FieldKind.CHOICES,
            check=field.check or (lambda text: date_of_birth(text, as_of)),
            optional=not must and not options and choice is field,
            earlier=attrgetter(where)(case),
        )

    def keep(case: Case, reply: Reply) -> Case:
        said = _with(case, where, reply)
        return without_details(said, reply) if where == f"referral.{CURRENT_SERVICES}" else said

    return Step(prompt, keep)


def without_details(case: Case, reply: Reply) -> Case:
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
