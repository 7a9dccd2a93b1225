"""The steps of a talk for the place, and for what a form or the profile asks, from the table of fields."""

from __future__ import annotations

from collections.abc import Container
from datetime import date
from operator import attrgetter
from typing import Any, Final

from msgspec.structs import replace

from calaim_cli.base.errors import NotFound
from calaim_cli.base.streams import say
from calaim_cli.base.values import Value, cin, date_of_birth, email, mrn, phone
from calaim_cli.base.wording import is_unknown, name_key, one_of
from calaim_cli.case.case import Case, LeadEntity, Profile
from calaim_cli.case.form import BY_KEY, PROFILE_FIELDS, REACH, SAY_WHICH, Check, Field, FieldKind
from calaim_cli.decide.known import CURRENT_SERVICES, with_current_services
from calaim_cli.decide.screening import membership_of
from calaim_cli.policy.places import KP, County, NoPlace, find_place, plans_of
from calaim_cli.policy.policy import Policy, place_named, plan_named
from calaim_cli.policy.questions import DONT_KNOW
from calaim_cli.policy.routes import Form
from calaim_cli.talk.prompt import NOT_KNOWN, Ask, Prompt, Reply, Step, ask_alone, through, walk

WHY: Final = "referral.expedited_why"
MRN, CIN = "member.mrn", "member.cin"
COUNTY, PLAN, REGION = (BY_KEY[f"member.{name}"] for name in ("county", "plan", "kp_region"))
WHERE_THE_PLAN_STANDS: Final = "A referral goes to the member's own plan. It is on the card, in AEVS and in the portal."
CONTACT_OF: Final = {
    "member.caregiver_contact": "member.caregiver_name",
    "member.guardian_contact": "member.guardian_name",
    "referral.ecm_provider_contact": "referral.ecm_provider",
}
"""Fields that ask how to reach somebody, each with the one that names who it is."""
A_NUMBER: Final = "this is a number or an e-mail address: type the words that are asked for"
IN_WORDS: Final = frozenset(
    {"referrer.name", "member.preferred_language", "member.caregiver_name", "member.guardian_name"}
    | {f"member.{one}_name" for one in ("first", "middle", "last")}
)
CHOICES_OF_REFERRER: Final = ("relationship", "relationship_detail", "source", "source_detail")
"""Asked for before the texts about the referrer: they decide which of those are needed."""


def _with(case: Case, where: str, value: Any) -> Case:  # noqa: ANN401 any field of a case
    part, _, key = where.partition(".")
    return replace(case, **{part: replace(getattr(case, part), **{key: value})})


def place_steps(policy: Policy, *, needed: bool, again: bool) -> tuple[Step, ...]:
    """Steps for the county, the member's plan there and its region, which decide the route.

    Where they are not needed, county and plan may be left open. What the case knows already is asked only `again`.
    """
    return (
        _county_step(policy, needed=needed, again=again),
        _plan_step(policy, needed=needed, again=again),
        _region_step(policy, again=again),
    )


def _county_step(policy: Policy, *, needed: bool, again: bool) -> Step:
    def place(typed: str) -> Value:
        found = find_place(typed, policy.gazetteer)
        return Value(typed, found.message) if isinstance(found, NoPlace) else Value(found.city or found.county.name)

    def prompt(case: Case) -> Prompt | None:
        earlier = case.member.county
        if earlier and not again and not place(earlier).error:
            return None
        enter = "if not known"
        return Prompt(where=COUNTY.key, text=COUNTY.ask, earlier=earlier, optional=not needed, enter=enter, check=place)

    def keep(case: Case, reply: Reply) -> Case:
        # The region on the card was said of the county before.
        region = case.member.kp_region if case.member.county == reply else ""
        return _with(_with(case, REGION.key, region), COUNTY.key, reply)

    return Step(prompt, keep)


def _plan_step(policy: Policy, *, needed: bool, again: bool) -> Step:
    """Which plan is on the card; typed, as a menu opens on one of the plans, and Enter would say that it is hers."""

    def prompt(case: Case) -> Prompt | None:
        county, member_of = _county(case, policy), membership_of(case, policy)
        here = plans_of(county) if county else ()
        known = bool(member_of.plan) and (county is None or member_of.plan in here)
        may_stay_open = not needed and (is_unknown(case.member.plan) or member_of.ruled_out)
        if not again and (known or may_stay_open):
            return None
        among = ", ".join(f"{policy.plans[one].name} ({one})" for one in here)
        return Prompt(
            where=PLAN.key,
            text=f"{PLAN.ask}.{f' Here: {among}.' if among else ''} Type its name or id, or {NOT_KNOWN}",
            help=WHERE_THE_PLAN_STANDS,
            check=lambda typed: _plan_here(typed, county, policy),
            earlier=member_of.plan,
        )

    return Step(prompt, lambda case, reply: _with(_with(case, PLAN.key, reply), "member.kp_member", None))


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


def _region_step(policy: Policy, *, again: bool) -> Step:
    """The region that is printed on the card, asked for where the county has several."""
    how = f"{one_of(policy.regions)}, or {NOT_KNOWN}"

    def region(typed: str) -> Value:
        key = DONT_KNOW if is_unknown(typed) else name_key(typed)
        return Value(key, "" if key in {DONT_KNOW, *policy.regions} else f"give {how}")

    def prompt(case: Case) -> Prompt | None:
        county = _county(case, policy)
        split = county and membership_of(case, policy).plan == KP and not policy.region_in(county)
        if not split or (case.member.kp_region and not again):
            return None
        return Prompt(where=REGION.key, text=f"{REGION.ask}: type {how}", check=region)

    return Step(prompt, lambda case, reply: _with(case, REGION.key, "" if reply == DONT_KNOW else reply))


def _county(case: Case, policy: Policy) -> County | None:
    return place_named(case.member.county, policy).county if case.member.county else None


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
        nobody = where in CONTACT_OF and not any(attrgetter(one)(case) for one in (where, CONTACT_OF[where]))
        if no_detail or not_of_it or ((nobody or where in form.required) and not needed):
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
            check=_check_of(field, as_of),
            optional=not must and not options and choice is field,
            earlier=attrgetter(where)(case),
        )

    def keep(case: Case, reply: Reply) -> Case:
        said = _with(case, where, reply)
        return without_details(said, reply) if where == f"referral.{CURRENT_SERVICES}" else said

    return Step(prompt, keep)


def _check_of(field: Field, as_of: date) -> Check:
    """The check of a text as it is typed: a number in the place of a name is a slip by one prompt."""
    check = field.check or (lambda text: date_of_birth(text, as_of))

    def in_words(text: str) -> Value:
        slip = any(not one(text).error for one in (phone, cin, mrn, email))
        return Value(text, A_NUMBER) if slip else check(text)

    return in_words if field.key in IN_WORDS else check


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


def edited_profile(profile: Profile, policy: Policy, ask: Ask) -> Profile:
    """The profile with the referrer's details and the Network Lead Entity asked anew; Enter keeps what was there."""
    old, said = profile.network_lead_entity or LeadEntity(), dict[str, str]()

    def details(case: Case, _: bool) -> Case:
        return walk(form_steps("referrer", policy, date.min, KP), case, ask, lambda _: None)

    def entity(case: Case, _: bool) -> Case:
        for field in (one for one in PROFILE_FIELDS if one.part == "network_lead_entity"):
            earlier, check = getattr(old, field.name), field.check or Value
            asked = Prompt(
                where=field.key, text=field.ask, help=field.help, optional=True, earlier=earlier, check=check
            )
            nobody = field.name == "email" and not (said["name"] or earlier)
            said[field.name] = "" if nobody else str(ask_alone(ask, asked))
        return case

    done = through((details, entity), Case(referrer=profile.referrer))
    lead = LeadEntity(**said) if said["email"] else None
    if said["name"] and not lead:
        say("The Network Lead Entity was not saved: without its e-mail, nothing can be sent to it.")
    return replace(profile, referrer=done.referrer, network_lead_entity=lead)
