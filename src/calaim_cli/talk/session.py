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

from msgspec.structs import replace

from calaim_cli.base import files
from calaim_cli.base.errors import InputError, NotFound, OutputRefused, Problem, Stopped, UsageError
from calaim_cli.base.streams import say
from calaim_cli.base.values import Value, age_on
from calaim_cli.case import casefile
from calaim_cli.case.case import AGE, Case, Consent, LeadEntity, Profile, with_profile
from calaim_cli.case.form import PROFILE_FIELDS
from calaim_cli.decide.interview import Inquiry, inquiry, open_questions, standing, to_settle
from calaim_cli.decide.known import known_of
from calaim_cli.decide.membership import membership_of
from calaim_cli.decide.screening import county_to_decide_for, screener
from calaim_cli.draft import fitness, route
from calaim_cli.draft.draft import Drafted, Drafter, as_text
from calaim_cli.policy.places import KP
from calaim_cli.policy.policy import Policy, entry_named, place_named
from calaim_cli.policy.programs import Outcome
from calaim_cli.talk import conversation, terminal
from calaim_cli.talk.prompt import Ask, Prompt, Reply


def started(start: Path | None, county: str | None, policy: Policy, as_of: date) -> Case:
    """The case to go on with; a county given on the command line is kept in it.

    Raises InputError with every problem of its answers, before anything is asked.
    """
    case = casefile.read(str(start)) if start else Case()
    if problems := known_of(case, policy.questions, as_of, plan="").problems:
        raise InputError(f"{start}: the answers are not valid; nothing was asked", problems)
    if county is None:
        return case
    found = place_named(county, policy)
    return replace(case, member=replace(case.member, county=found.city or found.county.name))


def inquiry_for(typed: list[str], case: Case, policy: Policy) -> Inquiry:
    """The inquiry to settle. Only what the member's own plan does not offer in the county is left out."""
    named = [entry_named(one, policy) for one in typed]
    county = county_to_decide_for("interview", case, policy).county if case.member.county else None
    subjects = to_settle(named, policy, county, membership_of(case, policy).plan)
    return inquiry(subjects, policy.criteria, policy.questions)


def need_a_person(about: Inquiry, case: Case, policy: Policy, as_of: date, *, no_input: bool) -> None:
    """Raises UsageError with the questions that are missing when nobody can be asked."""
    missing = open_questions(about, conversation.answers_of(case, policy, as_of))
    if missing and (no_input or not terminal.can_ask()):
        listed = tuple(Problem(f"answers.{one}", "missing", policy.questions[one].ask) for one in missing)
        how = "put the answers into a case file and use 'calaim check CASE'"
        few = "1 answer is" if len(missing) == 1 else f"{len(missing)} answers are"
        raise UsageError(f"{few} missing and nobody can be asked: {how}", listed, code="missing")


def interviewed(about: Inquiry, case: Case, policy: Policy, as_of: date, ask: Ask, save: conversation.Save) -> Case:
    """The case with what the interview found out; it is saved from the start, before the first question."""
    number = count(1)
    save(case)

    def ask_and_tell_age(prompt: Prompt) -> Reply:
        reply = ask(prompt)
        if prompt.where == AGE and isinstance(reply, str) and not reply.isdigit():
            say(f"Age {age_on(date.fromisoformat(reply), as_of)} on {as_of}.")
        return reply

    def stand(so_far: Case) -> None:
        outcomes, to_go = standing(about, conversation.answers_of(so_far, policy, as_of))
        services = [outcome for name, outcome in outcomes.items() if name in policy.services]
        settled = sum(outcome is not Outcome.NEED_ANSWERS for outcome in services)
        parts = [
            f"{policy.name_of(name)}: {policy.outcomes[outcome].label.lower()}"
            for name, outcome in outcomes.items()
            if name not in policy.services
        ]
        parts += [f"Community Supports: {settled} of {len(services)} settled"] if services else []
        words = f"{'; '.join(parts)}. Question {next(number)}, at most {to_go} to go."
        say(f"\n{terminal.filled(words)}")

    return conversation.hold_interview(about, case, policy, as_of, ask_and_tell_age, save, stand)


def saver(path: Path | None, start: Path | None) -> conversation.Save:
    """A function that saves the case in one step, readable by its owner alone; without a path it saves nothing.

    Raises OutputRefused when another case than the one to go on with is already there, also one that it has become
    since, and before anything is asked where saving would lose the remarks in it.
    """
    if path is None:
        return lambda _: None
    known, as_json = b"", path.suffix.lower() == ".json"
    if path.exists():
        if not (start and start.exists() and path.samefile(start)):
            raise OutputRefused(f"{path}: exists: go on with it by --from, or choose another name", code="exists")
        known = files.read_bytes(str(path), casefile.LARGEST)
        text = known.decode("utf-8-sig")
        as_json = casefile.is_json(text)
        if lost := () if as_json else casefile.remarks(text):
            words = f"saving would lose the {casefile.in_lines(lost)}; choose another name for --save"
            raise OutputRefused(f"{path}: {words}", code="remarks")

    def save(case: Case) -> None:
        nonlocal known
        content = casefile.case_bytes(case, as_json=as_json)
        files.save(path, content, known=known)
        known = content

    return save


@contextmanager
def leaving(path: Path | None) -> Iterator[None]:
    """Ctrl-C, "quit" and a "no" to consent leave with the way to go on; the replies so far are in the saved case."""
    try:
        yield
    except (KeyboardInterrupt, conversation.Quit, conversation.Declined) as stop:
        next_step = f"saved; go on with: {way_on(sys.argv[1:], path)}" if path else "nothing was saved"
        what = f"no draft was written: {stop}" if isinstance(stop, conversation.Declined) else "stopped"
        raise Stopped(f"{what}: {next_step}") from None


def way_on(words: Sequence[str], path: Path) -> str:
    """The command that goes on where these words of a command line stopped, with all else that was asked for."""
    line, rest = ["calaim"], iter(words)
    for word in rest:
        if word in {"--from", "--save"}:
            next(rest, None)
        elif not word.startswith(("--from=", "--save=")):
            line.append(word)
    line += ["--from", str(path), "--save", str(path)]
    if sys.platform != "win32":
        return shlex.join(line)
    # The shell of Windows knows double quotes alone, which no file name has there.
    return " ".join(word if re.fullmatch(r"[\w./\\:-]+", word) else f'"{word}"' for word in line)


def referred(
    case: Case,
    drafter: Drafter,
    path: Path | None,
    start: Path | None,
    *,
    redact: bool,
    no_input: bool,
    plain: bool,
    by_email: bool = False,
) -> list[Drafted]:
    """The drafts that a talk comes to, each agreed and attested to by a person who has read it, and knows its route.

    Raises Stopped when she says no to one of them: then none is written. To `redact` they are previews, not agreed to.
    """
    if no_input or not terminal.can_ask():
        raise UsageError("no case, and nobody can be asked: give a case file: 'calaim refer CASE'", code="missing")
    ask, save, drafts = terminal.asker(plain=plain), saver(path, start), []
    save(case)
    with leaving(path):
        for one in talk(case, drafter, ask, save, by_email=by_email):
            drafted = drafter.draft(one, preview=True)
            if not redact:
                say(f"\nThis is the complete draft. {drafted.goes.why}.\n")
                say(as_text(drafted.draft))
                say("The boxes are ticked only by what you say now.")
                steps = conversation.consent_steps(drafted.case, drafted.goes, drafter.policy)
                # What is said of consent is for this draft alone: it is never saved.
                drafted = drafter.draft(conversation.walk(steps, one, ask, lambda _: None))
            drafts.append(drafted)
    return drafts


def talk(
    case: Case, drafter: Drafter, ask: Ask, save: conversation.Save, *, by_email: bool = False
) -> tuple[Case, ...]:
    """One case for each program: place, screening, what to refer for, details and Part 2, asked from the beginning.

    Raises NotFound as soon as what is asked for does not exist or no route can, Quit when left.
    """
    policy, profile, as_of = drafter.policy, drafter.profile.referrer, drafter.as_of
    program, services, problems = fitness.requested(case, policy)
    complete = bool(program) and (program != "cs" or bool(services))
    if complete and problems:
        first = problems[0]
        raise NotFound(f"{first.where}: {first.message}", tuple(problems), code=first.code)
    # What was agreed to or attested before counted for another referral.
    case = replace(with_profile(case, profile), consent=Consent())
    case = conversation.walk(conversation.place_steps(policy), case, ask, save)
    county = place_named(case.member.county, policy).county
    membership = membership_of(case, policy)
    route.check_member(county, membership, policy)
    plan = policy.plans[membership.plan]
    if typed := conversation.choose_screening(case, policy, ask):
        case = interviewed(inquiry_for(typed, case, policy), case, policy, as_of, ask, save)
    results = screener(policy.subjects, policy).screen(case, as_of, plan=plan.id).determinations
    wanted = (case,) if complete else conversation.choose_referrals(case, results, plan.id, policy, ask)
    for one in wanted:
        # A refusal that is certain now is told before all that the form asks.
        way = policy.way_to(plan.id, county, one.referral.program)
        route.check_way(plan, way, policy, by_email=by_email and not one.referral.self_referral)
    case = wanted[0] if len(wanted) == 1 else case
    save(case)
    needed = [where for where in policy.form_of(plan.id).required if where.startswith("referrer.")]
    known = case.referrer == profile and all(attrgetter(where)(case) for where in needed)
    missing = () if known else conversation.form_steps("referrer", policy, as_of, plan.id)
    steps = [*missing, *conversation.form_steps("member", policy, as_of, plan.id)]
    done = conversation.walk(steps, case, ask, save)
    # What is said of consent is never saved for another time.
    done = conversation.walk(conversation.part2_steps(), done, ask, lambda _: None)
    return tuple(
        replace(done, referral=replace(done.referral, program=one.referral.program, services=one.referral.services))
        for one in wanted
    )


def edited_profile(profile: Profile, policy: Policy, ask: Ask) -> Profile:
    """The profile with the referrer's details and the Network Lead Entity asked anew; Enter keeps what was there."""
    steps = conversation.form_steps("referrer", policy, date.min, KP)
    details = conversation.walk(steps, Case(referrer=profile.referrer), ask, lambda _: None)
    old, said = profile.network_lead_entity or LeadEntity(), {}
    for field in (one for one in PROFILE_FIELDS if one.part == "network_lead_entity"):
        earlier, check = getattr(old, field.name), field.check or Value
        asked = Prompt(where=field.key, text=field.ask, optional=True, earlier=earlier, check=check)
        said[field.name] = str(conversation.ask_alone(ask, asked))
    entity = LeadEntity(**said) if said["email"] else None
    return replace(profile, referrer=details.referrer, network_lead_entity=entity)
