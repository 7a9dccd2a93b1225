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
from calaim_cli.base.values import Value, age_on, free_text
from calaim_cli.case import casefile
from calaim_cli.case.case import AGE, Case, Consent, LeadEntity, Profile, Referral, with_profile
from calaim_cli.case.form import PROFILE_FIELDS
from calaim_cli.decide.interview import Inquiry, inquiry, open_questions, standing, to_settle
from calaim_cli.decide.known import known_of
from calaim_cli.decide.membership import membership_of
from calaim_cli.decide.screening import county_to_decide_for, screener
from calaim_cli.draft import fitness, route
from calaim_cli.draft.draft import Drafted, Drafter, as_text, both_asked_for
from calaim_cli.policy.places import KP
from calaim_cli.policy.policy import Policy, entry_named, place_named
from calaim_cli.policy.programs import Outcome
from calaim_cli.talk import consent, conversation, terminal
from calaim_cli.talk.prompt import Ask, Prompt, Reply
from calaim_cli.talk.terminal import INPUT_ENDED


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
    """Ctrl-C, "quit", a "no" to consent and the end of input leave with the way to go on; the replies are saved."""
    command = path and f"go on with: {way_on(sys.argv[1:], path)}"
    left = f"saved; {command}" if command else "nothing was saved"
    try:
        yield
    except (KeyboardInterrupt, conversation.Quit):
        raise Stopped(f"stopped: {left}") from None
    except consent.Declined as no:
        again = command or "begin again: nothing was saved"
        raise Stopped(f"nothing was written. {no}, then {again}") from None
    except UsageError as error:
        if error.code != INPUT_ENDED:
            raise
        raise UsageError(f"{error.message}: {left}", code=error.code) from None


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
) -> tuple[list[Drafted], list[str]]:
    """The drafts that a talk comes to, each agreed and attested to by a person who has read it, and knows its route.

    With them the names of the programs that she said no to. Raises Stopped when that leaves nothing. To `redact` they
    are previews, not agreed to.
    """
    if no_input or not terminal.can_ask():
        raise UsageError("no case, and nobody can be asked: give a case file: 'calaim refer CASE'", code="missing")
    ask, save = terminal.asker(plain=plain), saver(path, start)
    save(case)
    with leaving(path):
        cases = talk(case, drafter, ask, save, by_email=by_email)
        if redact:
            return [drafter.draft(one, preview=True) for one in both_said(cases, drafter.policy)], []
        while True:
            try:
                return agreed(both_said(cases, drafter.policy), drafter, ask)
            except consent.Change:
                cases = detailed(cases, ("referrer", "member"), drafter, ask, save)


def agreed(cases: Sequence[Case], drafter: Drafter, ask: Ask) -> tuple[list[Drafted], list[str]]:
    """The drafts that a person has read and says yes to, and the names of the programs that she says no to.

    Raises Declined when that leaves nothing to write, Change when a detail is to be another one.
    """
    drafts: list[Drafted] = []
    left_out: list[str] = []
    for one in cases:
        shown = drafter.draft(one, preview=True)
        turn_pages(f"\nThis is the complete draft. {shown.goes.why}.\n\n{as_text(shown.draft)}", ask)
        # Before she says that it is right, while a detail can still be changed.
        for one_doubt in shown.warnings:
            say(f"Look at this: {one_doubt.where}: {one_doubt.message}.")
        say("The boxes are ticked only by what you say now.")
        steps = consent.consent_steps(shown.case, shown.goes, drafter.policy, drafter.as_of)
        try:
            # What is said of consent is for this draft alone: it is never saved.
            drafts.append(drafter.draft(conversation.walk(steps, one, ask, lambda _: None)))
        except consent.Declined as no:
            left_out.append(drafter.policy.name_of(one.referral.program))
            if len(left_out) == len(cases):
                raise
            say(f"{left_out[-1]}: nothing was written. {no}.")
    return both_asked_for(drafts), left_out


def turn_pages(text: str, ask: Ask) -> None:
    """Show a text from its first line, a page at a time; what is asked next comes after the last one."""
    *before, last = terminal.pages(text)
    for number, page in enumerate(before, 1):
        say(page)
        words = f"Page {number} of {len(before) + 1}"
        turn = Prompt(where="page", text=words, optional=True, enter="turns the page", check=_enter_alone)
        conversation.ask_alone(ask, turn)
    say(last)


def _enter_alone(_: str) -> Value:
    return Value("", "press Enter alone, which turns the page")


def both_said(cases: Sequence[Case], policy: Policy) -> tuple[Case, ...]:
    """The cases; where ECM and CHW services are both asked for, the notes of each say so, as the plan may choose."""
    if not {"ecm", "chw"} <= {one.referral.program for one in cases}:
        return tuple(cases)
    return tuple(one if one.referral.program == "cs" else _with_line(one, policy.words.both) for one in cases)


def _with_line(case: Case, line: str) -> Case:
    """The case with a line before its notes, where that leaves them short enough."""
    notes = free_text(f"{line}\n{case.referral.notes}")
    if notes.error:
        say(f"The notes are too long to begin with: {line}")
        return case
    return replace(case, referral=replace(case.referral, notes=notes.value))


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
    needed = policy.form_of(plan.id).needed(lambda where: attrgetter(where)(case))
    known = case.referrer == profile and all(
        attrgetter(where)(case) for where in needed if where.startswith("referrer.")
    )
    return detailed(wanted, ("member",) if known else ("referrer", "member"), drafter, ask, save)


def detailed(
    wanted: Sequence[Case], parts: Sequence[str], drafter: Drafter, ask: Ask, save: conversation.Save
) -> tuple[Case, ...]:
    """The cases with what the form asks for in these parts, and Part 2, asked once for all of them."""
    asked = wanted[0].referral if len(wanted) == 1 else Referral()
    of_all = replace(wanted[0].referral, program=asked.program, services=asked.services)
    case = replace(wanted[0], referral=of_all, consent=Consent())
    plan = membership_of(case, drafter.policy).plan
    steps = [step for part in parts for step in conversation.form_steps(part, drafter.policy, drafter.as_of, plan)]
    save(case)
    # What is said of consent is never saved for another time.
    done = conversation.walk(
        [*steps, *consent.part2_steps()], case, ask, lambda said: save(replace(said, consent=Consent()))
    )
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
