"""A person at a terminal, asked and listened to: the interview, a referral without a case, the profile."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from calaim_cli.base import files
from calaim_cli.base.errors import InputError, NotFound, OutputRefused, Problem, Stopped, UsageError
from calaim_cli.base.streams import say
from calaim_cli.base.values import MESSAGES, age_on, email, line
from calaim_cli.case import casefile
from calaim_cli.case.case import AGE, Case, Consent, LeadEntity, Profile, with_profile
from calaim_cli.decide.interview import Inquiry, inquiry, open_questions, standing, to_settle
from calaim_cli.decide.screening import screener
from calaim_cli.draft.draft import Drafted, Drafter, as_text
from calaim_cli.draft.fitness import requested
from calaim_cli.draft.route import check_member, region_of
from calaim_cli.policy.policy import Policy, entry_named, place_named
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.questions import read_answers
from calaim_cli.talk import terminal
from calaim_cli.talk.conversation import (
    Declined,
    Keep,
    Quit,
    answers_of,
    ask_alone,
    choose_referrals,
    choose_screening,
    consent_steps,
    form_steps,
    hold_interview,
    part2_steps,
    place_steps,
    walk,
)
from calaim_cli.talk.prompt import Ask, Prompt, Reply

ENTITY: Final = {
    "name": ("Network Lead Entity that takes referrals to your own organization, if you have one: its name", line),
    "email": ("The Network Lead Entity's e-mail", email),
}
"""How each field of a Network Lead Entity is asked for, and its check."""


def started(start: Path | None, county: str | None, catalog: Policy) -> Case:
    """The case to go on with; a county given on the command line is kept in it.

    Raises InputError with every problem of its answers, before anything is asked.
    """
    case = casefile.read(str(start)) if start else Case()
    if problems := read_answers(case.answers, catalog.questions)[1]:
        raise InputError(f"{start}: the answers are not valid; nothing was asked", problems)
    if county is None:
        return case
    found = place_named(county, catalog)
    return replace(case, member=replace(case.member, county=found.city or found.county.name))


def inquiry_for(typed: list[str], case: Case, catalog: Policy) -> Inquiry:
    """What the interview is to settle. Only Kaiser Permanente's members miss what it does not offer in the county."""
    named = [entry_named(one, catalog) for one in typed]
    county = place_named(case.member.county, catalog).county if case.member.county else None
    offering = county if case.member.kp_member else None
    return inquiry(to_settle(named, catalog, offering), catalog.criteria, catalog.questions)


def need_a_person(about: Inquiry, case: Case, catalog: Policy, day: date, *, no_input: bool) -> None:
    """Raises UsageError with the questions that are missing when nobody can be asked."""
    missing = open_questions(about, answers_of(case, catalog, day))
    if missing and (no_input or not terminal.can_ask()):
        listed = tuple(Problem(f"answers.{one}", "missing", catalog.questions[one].ask) for one in missing)
        how = "put the answers into a case file and use 'calaim check CASE'"
        few = "1 answer is" if len(missing) == 1 else f"{len(missing)} answers are"
        raise UsageError(f"{few} missing and nobody can be asked: {how}", listed, code="missing")


def interviewed(about: Inquiry, case: Case, catalog: Policy, day: date, ask: Ask, keep: Keep) -> Case:
    """The case with what the interview found out; it is kept from the start, before the first question."""
    number = count(1)
    keep(case)

    def ask_and_tell_age(prompt: Prompt) -> Reply:
        reply = ask(prompt)
        if prompt.where == AGE and isinstance(reply, str) and not reply.isdigit():
            say(f"Age {age_on(date.fromisoformat(reply), day)} on {day}.")
        return reply

    def stand(so_far: Case) -> None:
        outcomes, to_go = standing(about, answers_of(so_far, catalog, day))
        services = [outcome for name, outcome in outcomes.items() if name in catalog.availability]
        settled = sum(outcome is not Outcome.NEED_ANSWERS for outcome in services)
        parts = [
            f"{catalog.name_of(name)}: {catalog.outcomes[outcome].label.lower()}"
            for name, outcome in outcomes.items()
            if name not in catalog.availability
        ]
        parts += [f"Community Supports: {settled} of {len(services)} settled"] if services else []
        words = f"{'; '.join(parts)}. Question {next(number)}, at most {to_go} to go."
        say(f"\n{terminal.filled(words)}")

    return hold_interview(about, case, catalog, day, ask_and_tell_age, keep, stand)


def keeper(save: Path | None, start: Path | None) -> Keep:
    """Saves the case after every reply, in one step, readable by its owner alone; or keeps nothing.

    Raises OutputRefused when another case than the one to go on with is already there.
    """
    if save is None:
        return lambda _: None
    if save.exists() and not (start and start.exists() and save.samefile(start)):
        raise OutputRefused(f"{save}: exists: go on with it by --from, or choose another name", code="exists")

    def keep(case: Case) -> None:
        files.save(save, casefile.case_bytes(case), replace=True)

    return keep


@contextmanager
def leaving(save: Path | None) -> Iterator[None]:
    """Ctrl-C, "quit" and a "no" to consent leave with the way to go on; the replies so far are in the saved case."""
    try:
        yield
    except (KeyboardInterrupt, Quit, Declined) as stop:
        kept = f"saved; go on with: {way_on(sys.argv[1:], save)}" if save else "nothing was saved"
        what = f"no draft was written: {stop}" if isinstance(stop, Declined) else "stopped"
        raise Stopped(f"{what}: {kept}") from None


def way_on(words: Sequence[str], save: Path) -> str:
    """The command that goes on where these words of a command line stopped, with all else that was asked for."""
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in {"--from", "--save"}:
            next(rest, None)
        elif not word.startswith(("--from=", "--save=")):
            kept.append(word)
    line = ["calaim", *kept, "--from", str(save), "--save", str(save)]
    if sys.platform != "win32":
        return shlex.join(line)
    # The shell of Windows knows double quotes alone, which no file name has there.
    return " ".join(word if re.fullmatch(r"[\w./\\:-]+", word) else f'"{word}"' for word in line)


def referred(
    case: Case,
    drafter: Drafter,
    save: Path | None,
    start: Path | None,
    *,
    redact: bool,
    no_input: bool,
    plain_wanted: bool,
) -> list[Drafted]:
    """The drafts that a talk comes to, each agreed and attested to by a person who has seen what will leave, and where.

    Raises Stopped when she says no to one of them: then none is written. To `redact` they are previews, not agreed to.
    """
    if no_input or not terminal.can_ask():
        raise UsageError("no case, and nobody can be asked: give a case file: 'calaim refer CASE'", code="missing")
    ask, keep, drafts = terminal.asker(plain=plain_wanted), keeper(save, start), []
    keep(case)
    with leaving(save):
        for one in talk(case, drafter, ask, keep):
            shown = drafter.draft(one, preview=True)
            if redact:
                drafts.append(shown)
                continue
            say(f"\nThis is what will leave, and nothing else. {shown.route.why}.\n")
            say(as_text(shown.draft))
            say("The boxes are ticked only by what you say now.")
            steps = consent_steps(shown.case, shown.draft.to, drafter.policy)
            drafts.append(drafter.draft(walk(steps, one, ask, lambda _: None)))
    return drafts


def talk(case: Case, drafter: Drafter, ask: Ask, keep: Keep) -> tuple[Case, ...]:
    """One case for each program: place, screening, what to refer for, details and Part 2, asked from the beginning.

    Raises NotFound as soon as what is asked for does not exist or no route can, Quit when left.
    """
    catalog, profile, day = drafter.policy, drafter.profile.referrer, drafter.as_of
    program, services, problems = requested(case, catalog)
    complete = bool(program) and (program != "cs" or bool(services))
    if complete and problems:
        first = problems[0]
        raise NotFound(f"{first.where}: {first.message}", tuple(problems), code=first.code)
    # What was agreed to or attested before counted for another referral.
    case = replace(with_profile(case, profile), consent=Consent())
    case = walk(place_steps(catalog), case, ask, keep)
    county = place_named(case.member.county, catalog).county
    check_member(case, county, catalog)
    # Only whether there is a region is known by now: in a split county the ZIP code of the address decides.
    if county.kp is None and not case.referral.self_referral:
        region_of(county, "", catalog)
    if typed := choose_screening(case, catalog, ask):
        case = interviewed(inquiry_for(typed, case, catalog), case, catalog, day, ask, keep)
    results = screener(catalog.subjects, catalog).screen(case, day).determinations
    wanted = (case,) if complete else choose_referrals(case, results, catalog, ask)
    case = wanted[0] if len(wanted) == 1 else case
    keep(case)
    needed = [where for where in catalog.form.required if where.startswith("referrer.")]
    known = case.referrer == profile and all(attrgetter(where)(case) for where in needed)
    missing = () if known else form_steps("referrer", catalog, day)
    done = walk([*missing, *form_steps("member", catalog, day)], case, ask, keep)
    # What is said of consent is never kept for another time.
    done = walk(part2_steps(), done, ask, lambda _: None)
    return tuple(
        replace(done, referral=replace(done.referral, program=one.referral.program, services=one.referral.services))
        for one in wanted
    )


def edited_profile(profile: Profile, catalog: Policy, ask: Ask) -> Profile:
    """The profile with the referrer's details and the Network Lead Entity asked anew; Enter keeps what was there."""
    steps = form_steps("referrer", catalog, date.min)
    details = walk(steps, Case(referrer=profile.referrer), ask, lambda _: None)
    old = profile.network_lead_entity or LeadEntity()
    said = {}
    for key, (text, check) in ENTITY.items():
        where, given = f"network_lead_entity.{key}", getattr(old, key)
        asked = Prompt(where=where, text=text, optional=True, given=given, check=check, explain=MESSAGES.__getitem__)
        said[key] = str(ask_alone(ask, asked))
    entity = LeadEntity(**said) if said["email"] else None
    return replace(profile, referrer=details.referrer, network_lead_entity=entity)
