"""Floor 8: the story of `refer`: what is asked for, decided and drafted, then put in the format wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from msgspec.structs import replace

from calaim_cli.case import Case, LeadEntity, Profile, Referrer, with_profile
from calaim_cli.conversation import (
    Keep,
    ask_alone,
    choose_referrals,
    fresh_consent,
    member_steps,
    part2_steps,
    place_steps,
    referrer_steps,
    walk,
)
from calaim_cli.draft import Drafted, Drafter
from calaim_cli.errors import InputError, NotFound, Problem
from calaim_cli.fitness import check_case
from calaim_cli.policy import Policy, place_named
from calaim_cli.prompt import Ask, Prompt
from calaim_cli.route import check_member, region_of
from calaim_cli.screening import screener
from calaim_cli.values import MESSAGES, Checked, email, line
from calaim_cli.wording import name_key

Screen = Callable[[Case], Case]
"""Holds the interview for a case, or gives the case back when the person would rather not."""

ENTITY: Final = {
    "name": ("Network Lead Entity that takes referrals to your own organization, if you have one: its name", line),
    "email": ("The Network Lead Entity's e-mail", email),
}
"""How each field of a Network Lead Entity is asked for, and its check."""


def asked_for(case: Case, program: str | None, services: Sequence[str], *, own: bool) -> Case:
    """The case with what the command line asks for in place of what the file says."""
    referral = case.referral
    if program:
        program = program.lower()
        referral = replace(referral, program=program, services=() if program != "cs" else referral.services)
    if services:
        referral = replace(referral, program=program or "cs", services=tuple(services))
    return replace(case, referral=replace(referral, self_referral=own or referral.self_referral))


def refuse_consent_for_another(written: Case, asked: Case, name: str, catalog: Policy) -> None:
    """Raises InputError where the command line asks for something else than the case: its consent is for that alone."""
    if _request(written, catalog) != _request(asked, catalog):
        words = "the consent in the case is not for what the command line asks for"
        advice = "ask the member and attest anew in a case that names this program (and its services)"
        problem = Problem("consent", "consent-for-another", f"{words}: {advice}")
        raise InputError(f"{name}: {words}; nothing was written", (problem,), code=problem.code)


def _request(case: Case, catalog: Policy) -> tuple[str, frozenset[str]]:
    """What a case asks for, however it is typed: the program, and the services by their ids."""
    found = {typed: catalog.service_by_name.get(name_key(typed)) for typed in case.referral.services}
    return case.referral.program.lower(), frozenset(one.id if one else typed for typed, one in found.items())


def draft_of(
    case: Case, profile: Profile, catalog: Policy, as_of: date, name: str = "", *, preview: bool = False
) -> Drafted:
    """The draft of a case, completed from the profile; `preview` is one that nobody has agreed or attested to yet.

    Raises InputError with every problem, or NotFound when there is no route; `name` is the case file that they name.
    """
    drafter = Drafter(catalog, profile, as_of)
    try:
        return drafter.draft(case, preview=preview)
    except (InputError, NotFound) as error:
        said = f"{name}: {error.message}" if name else error.message
        raise type(error)(said, error.problems, code=error.code) from None


def talk(
    case: Case, profile: Referrer, catalog: Policy, as_of: date, ask: Ask, keep: Keep, screen: Screen
) -> tuple[Case, ...]:
    """A referral asked for from the beginning: place, screening, what to refer for, details, Part 2.

    Gives one case for each program, to be previewed, agreed to and attested.
    Raises NotFound as soon as no route can exist, Quit when left.
    """
    _known_request(case, catalog, as_of)
    case = walk(place_steps(catalog), fresh_consent(with_profile(case, profile)), ask, keep)
    place = place_named(case.member.county, catalog)
    check_member(case, place.county, catalog)
    if place.county.kp is None and not case.referral.self_referral:
        region_of(place.county, "", catalog)
    case = screen(case)
    results = screener(catalog.subjects, catalog).screen(case, as_of).determinations
    wanted = (case,) if _complete_request(case) else choose_referrals(case, results, catalog, ask)
    case = wanted[0] if len(wanted) == 1 else case
    keep(case)
    form = catalog.counties_file.form
    known = case.referrer == profile and all(
        getattr(profile, where.removeprefix("referrer.")) for where in form.required if where.startswith("referrer.")
    )
    missing = () if known else referrer_steps(catalog, as_of)
    done = walk([*missing, *member_steps(catalog, as_of)], case, ask, keep)
    done = walk(part2_steps(), done, ask, lambda _: None)  # what is said of consent is never kept for another time
    return tuple(
        replace(done, referral=replace(done.referral, program=one.referral.program, services=one.referral.services))
        for one in wanted
    )


def _known_request(case: Case, catalog: Policy, as_of: date) -> None:
    """Raises NotFound when what is asked for does not exist, before a person has said everything in vain."""
    where = {"referral.program", "referral.services"} if _complete_request(case) else set()
    problems = tuple(one for one in check_case(case, catalog, as_of).problems if one.where in where)
    if problems:
        raise NotFound(f"{problems[0].where}: {problems[0].message}", problems, code=problems[0].code)


def _complete_request(case: Case) -> bool:
    """Whether the case says what to refer for: a program, with its services where it has some."""
    return bool(case.referral.program) and (case.referral.program.lower() != "cs" or bool(case.referral.services))


def edited_profile(profile: Profile, catalog: Policy, ask: Ask) -> Profile:
    """The profile with the referrer's details and the Network Lead Entity asked anew; Enter keeps what was there."""
    about = Case(referrer=profile.referrer)
    details = walk(referrer_steps(catalog, date.min), about, ask, lambda _: None)
    old = profile.network_lead_entity or LeadEntity()
    said = {
        key: str(ask_alone(ask, _entity_prompt(key, text, getattr(old, key), check)))
        for key, (text, check) in ENTITY.items()
    }
    entity = LeadEntity(**said) if said["email"] else None
    return replace(profile, referrer=details.referrer, network_lead_entity=entity)


def _entity_prompt(key: str, text: str, given: str, check: Callable[[str], Checked]) -> Prompt:
    where = f"network_lead_entity.{key}"
    return Prompt(where=where, text=text, optional=True, given=given, check=check, explain=MESSAGES.__getitem__)
