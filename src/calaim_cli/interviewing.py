"""Floor 9: the stories of `interview` and of `refer` without a case: a person at a terminal, asked and listened to."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from calaim_cli import casefile, conversation, files, policy, prompts, referring, views
from calaim_cli.case import AGE, Case, Profile
from calaim_cli.conversation import Keep
from calaim_cli.draft import Drafted, as_text
from calaim_cli.errors import InputError, OutputRefused, Problem, Stopped, UsageError
from calaim_cli.interview import Inquiry, inquiry, open_questions, standing, to_settle
from calaim_cli.policy import Policy
from calaim_cli.prompt import Ask, Prompt, Reply
from calaim_cli.questions import Answer, read_answers
from calaim_cli.terminal import say
from calaim_cli.values import age_on


def started(start: Path | None, county: str | None, catalog: Policy) -> Case:
    """The case to go on with; a county given on the command line is kept in it.

    Raises InputError with every problem of its answers, before anything is asked.
    """
    case = casefile.read(str(start)) if start else Case()
    if problems := read_answers(case.answers, catalog.questions)[1]:
        raise InputError(f"{start}: the answers are not valid; nothing was asked", problems)
    if county is None:
        return case
    return replace(case, member=replace(case.member, county=policy.place_named(county, catalog).county.name))


def inquiry_for(typed: list[str], case: Case, catalog: Policy) -> Inquiry:
    """What the interview is to settle. Only Kaiser Permanente's members miss what it does not offer in the county."""
    named = [policy.entry_named(one, catalog) for one in typed]
    county = policy.place_named(case.member.county, catalog).county if case.member.county else None
    offering = county if case.member.kp_member else None
    return inquiry(to_settle(named, catalog, offering), catalog.criteria, catalog.questions)


def need_a_person(about: Inquiry, answers: Mapping[str, Answer], catalog: Policy, *, no_input: bool) -> None:
    """Raises UsageError with the questions that are missing when nobody can be asked."""
    missing = open_questions(about, answers)
    if missing and (no_input or not prompts.can_ask()):
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
        where = standing(about, conversation.answers_of(so_far, catalog, day))
        say(f"\n{prompts.filled(views.standing_line(where, catalog, next(number)))}")

    return conversation.hold_interview(about, case, catalog, day, ask_and_tell_age, keep, stand)


def keeper(save: Path | None, start: Path | None) -> Keep:
    """Saves the case after every reply, in one step, readable by its owner alone; or keeps nothing.

    Raises OutputRefused when another case than the one to go on with is already there.
    """
    if save is None:
        return lambda _: None
    if save.exists() and not (start and start.exists() and save.samefile(start)):
        raise OutputRefused(f"{save}: exists: go on with it by --from, or choose another name", code="exists")
    return lambda case: (files.save(save, casefile.case_bytes(case), replace=True), None)[1]


@contextmanager
def leaving(save: Path | None) -> Iterator[None]:
    """Ctrl-C, "quit" and a "no" to consent leave with the way to go on; the replies so far are in the saved case."""
    try:
        yield
    except (KeyboardInterrupt, conversation.Quit, conversation.Declined) as stop:
        kept = f"saved; go on with: {way_on(sys.argv[1:], save)}" if save else "nothing was saved"
        what = f"no draft was written: {stop}" if isinstance(stop, conversation.Declined) else "stopped"
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
    return _as_typed(["calaim", *kept, "--from", str(save), "--save", str(save)])


def _as_typed(words: Sequence[str]) -> str:
    """The words as a command line; the shell of Windows knows double quotes alone, which no file name has there."""
    if sys.platform != "win32":
        return shlex.join(words)
    return " ".join(word if re.fullmatch(r"[\w./\\:-]+", word) else f'"{word}"' for word in words)


def talked(
    case: Case,
    profile: Profile,
    catalog: Policy,
    day: date,
    save: Path | None,
    start: Path | None,
    *,
    no_input: bool,
    plain_wanted: bool,
) -> tuple[Case, ...]:
    """The cases that a talk on the terminal comes to, one for each program."""
    if no_input or not prompts.can_ask():
        raise UsageError("no case, and nobody can be asked: give a case file: 'calaim refer CASE'", code="missing")
    ask, keep = prompts.asker(plain=plain_wanted), keeper(save, start)
    keep(case)

    def screen(so_far: Case) -> Case:
        typed = conversation.choose_screening(so_far, catalog, ask)
        return interviewed(inquiry_for(typed, so_far, catalog), so_far, catalog, day, ask, keep) if typed else so_far

    with leaving(save):
        return referring.talk(case, profile.referrer, catalog, day, ask, keep, screen)


def previewed(
    cases: Iterable[Case], profile: Profile, catalog: Policy, day: date, ask: Ask, save: Path | None
) -> list[Drafted]:
    """The drafts, each agreed and attested to by a person who has seen exactly what will leave and where to.

    Raises Stopped when she says no to one of them: then none is written.
    """
    return [_agreed(case, profile, catalog, day, ask, save) for case in cases]


def _agreed(case: Case, profile: Profile, catalog: Policy, day: date, ask: Ask, save: Path | None) -> Drafted:
    shown = referring.draft_of(case, profile, catalog, day, preview=True)
    say(f"\nThis is what will leave, and nothing else. {shown.route.why}.\n")
    say(as_text(shown.draft))
    say("The boxes are ticked only by what you say now.")
    with leaving(save):
        steps = conversation.consent_steps(shown.case, shown.draft.to, catalog)
        said = conversation.walk(steps, case, ask, lambda _: None)
    return referring.draft_of(said, profile, catalog, day)
