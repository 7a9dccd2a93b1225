"""A person at a terminal, asked and listened to: the interview, a referral without a case, the profile."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from operator import attrgetter
from pathlib import Path
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base import files
from calaim_cli.base.errors import InputError, NotFound, OutputRefused, Problem, Stopped, UsageError
from calaim_cli.base.streams import leave_on_signals, say
from calaim_cli.base.values import Value, date_of_birth, free_text
from calaim_cli.base.wording import word
from calaim_cli.case import casefile
from calaim_cli.case.case import Case, Consent, LeadEntity, Profile, Referral, Referrer, with_profile
from calaim_cli.case.form import BY_KEY, FIELDS, PROFILE_FIELDS
from calaim_cli.decide.known import known_of
from calaim_cli.decide.screening import county_to_decide_for, membership_of, region_of, screener
from calaim_cli.decide.screens import Talk, talk_about, to_settle
from calaim_cli.draft import fitness, route
from calaim_cli.draft.draft import TOGETHER, Drafted, Drafter, as_text, both_asked_for
from calaim_cli.policy.places import KP
from calaim_cli.policy.policy import Policy, entry_named, place_named
from calaim_cli.policy.routes import Form
from calaim_cli.talk import consent, conversation, interview, terminal
from calaim_cli.talk.prompt import NO, Ask, Move, Prompt, Reply
from calaim_cli.talk.terminal import INPUT_ENDED


def started(start: Path | None, county: str | None, policy: Policy, as_of: date) -> Case:
    """The case to go on with; a county given on the command line is kept in it.

    Raises InputError with every problem of its answers, before anything is asked.
    """
    case = casefile.read(str(start)) if start else Case()
    if problems := known_of(case, policy.answerable, as_of, plan="").problems:
        raise InputError(f"{start}: the answers are not valid; nothing was asked", problems)
    if county is None:
        return case
    found = place_named(county, policy)
    return replace(case, member=replace(case.member, county=found.city or found.county.name))


def talk_for(typed: Sequence[str], case: Case, policy: Policy, first: Sequence[str] = ()) -> Talk:
    """The talk that settles what is named. Only what the member's own plan does not offer in the county is left out.

    The rows in `first` come before the others of their screens.
    """
    named = [entry_named(one, policy) for one in typed]
    county = county_to_decide_for("interview", case, policy).county if case.member.county else None
    return talk_about(to_settle(named, policy, county, membership_of(case, policy).plan), policy, first)


def can_ask(*, no_input: bool) -> bool:
    """Whether a person sits at the terminal, and may be asked."""
    return not no_input and terminal.can_ask()


def need_a_person(about: Talk, case: Case, policy: Policy, as_of: date, *, no_input: bool) -> None:
    """Raises UsageError with the questions that are missing when nobody can be asked."""
    missing = interview.open_questions(about, case, policy, as_of)
    if missing and not can_ask(no_input=no_input):
        listed = tuple(Problem(f"answers.{one}", "missing", policy.questions[one].ask) for one in missing)
        how = "put the answers into a case file and use 'calaim check CASE'"
        few = "1 answer is" if len(missing) == 1 else f"{len(missing)} answers are"
        raise UsageError(f"{few} missing and nobody can be asked: {how}", listed, code="missing")


class Ways(NamedTuple):
    """The ways to a person at the terminal: a prompt, a screen, and where what she says is kept."""

    ask: Ask
    show: interview.Show
    keep: Keeping


def ways(keep: Keeping, *, plain: bool) -> Ways:
    """Menus and keys, or plain lines."""
    return Ways(terminal.asker(plain=plain), terminal.shower(plain=plain), keep)


def interviewed(
    typed: Sequence[str], case: Case, policy: Policy, as_of: date, to: Ways, first: Sequence[str] = ()
) -> tuple[Case, dict[str, str]]:
    """The case with place, plan and all that the interview found out; it is saved from the start.

    With it the questions of which the answer follows from what was said, and why.
    """
    screens = Screens(typed, policy, as_of, to, first)

    def place(case: Case, again: bool) -> Case:
        steps = conversation.place_steps(policy, needed=False, again=again)
        case = conversation.walk(steps, case, to.ask, to.keep)
        # A region that is not the county's is refused before answers could be lost.
        county = place_named(case.member.county, policy).county if case.member.county else None
        _, wrong = region_of(case, county, policy) if county else ("", ())
        if wrong:
            raise InputError("the member's region is not valid; nothing was asked", wrong, code=wrong[0].code)
        return case

    done = conversation.through((place, screens.stage), case)
    followed = screens.under_way.said.followed if screens.under_way else {}
    return done, {question: fact.because for question, fact in followed.items()}


class Screens(Struct):
    """The screens as a part of a talk, to which one can come back with all that was marked."""

    typed: Sequence[str]
    policy: Policy
    as_of: date
    to: Ways
    first: Sequence[str] = ()
    under_way: interview.Interview | None = None

    def stage(self, case: Case, again: bool) -> Case:
        about = talk_for(self.typed, case, self.policy, self.first)
        if self.under_way is None:
            self.under_way = interview.begun(about, case, self.policy, self.as_of, self.to.ask)
        elif again and not self.under_way.seen:
            raise conversation.Back
        else:
            interview.moved(self.under_way, about, case)
        return interview.held(self.under_way, case, self.to.show, self.to.keep)


class Keeping:
    """Keeps the case as it stands: in its file in one step, readable by its owner alone; without a path, in memory.

    Raises OutputRefused when another case than the one to go on with is already there, also one that it has become
    since, and before anything is asked where saving would lose the remarks in it.
    """

    def __init__(self, path: Path | None, start: Path | None) -> None:
        self.path, self.last = path, Case()
        self.begun: Case | None = None
        self._known, self._as_json = b"", path is not None and path.suffix.lower() == ".json"
        if path is None or not path.exists():
            return
        if not (start and start.exists() and path.samefile(start)):
            raise OutputRefused(f"{path}: exists: go on with it by --from, or choose another name", code="exists")
        self._known = files.read_bytes(str(path), casefile.LARGEST)
        text = self._known.decode("utf-8-sig")
        self._as_json = casefile.is_json(text)
        if lost := () if self._as_json else casefile.remarks(text):
            words = f"saving would lose the {casefile.in_lines(lost)}; choose another name for --save"
            raise OutputRefused(f"{path}: {words}", code="remarks")

    def __call__(self, case: Case) -> None:
        """Keep the case, without what was said of consent, which counts for one referral alone."""
        self.last = replace(case, consent=Consent())
        self.begun = self.begun or self.last
        if self.path is not None:
            content = casefile.case_bytes(self.last, as_json=self._as_json)
            files.save(self.path, content, known=self._known)
            self._known = content


@contextmanager
def leaving(to: Ways) -> Iterator[None]:
    """Ctrl-C, "quit", a "no" to consent and the end of input leave with the way to go on; the replies are saved."""
    try:
        yield
    except (KeyboardInterrupt, conversation.Quit):
        raise Stopped(f"stopped: {_left(to, offer=True)}") from None
    except consent.Declined as no:
        again = _go_on(to) or "begin again: nothing was saved"
        raise Stopped(f"nothing was written. {no}, then {again}") from None
    except UsageError as error:
        if error.code != INPUT_ENDED:
            raise
        raise UsageError(f"{error.message}: {_left(to, offer=False)}", code=error.code) from None
    except (InputError, NotFound):
        offer_to_keep(to)
        if to.keep.path:
            say(f"What was said is saved; {_go_on(to)}")
        raise


def _left(to: Ways, *, offer: bool) -> str:
    """What is said on leaving; who gave no file for what was said is asked for one."""
    if offer:
        leave_on_signals()  # the one before has given the next back to the system
        offer_to_keep(to)
    command = _go_on(to)
    return f"saved; {command}" if command else "nothing was saved"


def offer_to_keep(to: Ways) -> None:
    """Ask for a file for what was said, where none was given; until one can be written, or the person says no."""
    words = "Keep what was said? Type a new file name, such as case.toml, or no"
    asked = Prompt(where="save", text=words, check=_new_file, alone=True)
    with suppress(KeyboardInterrupt, UsageError):
        while to.keep.path is None and to.keep.last != (to.keep.begun or to.keep.last):
            if (reply := to.ask(asked)) in {NO, Move.QUIT}:
                return
            try:
                keep = Keeping(Path(str(reply)), None)
                keep(to.keep.last)
            except (OSError, OutputRefused) as error:
                say(f"{error}")
            else:
                to.keep.path = keep.path
                say(f"{keep.path}: saved.")
                for doubt in files.doubts_about([Path(str(reply)).parent]):
                    say(doubt.warning)


def _new_file(typed: str) -> Value:
    if word(typed) in {NO, NO[0]}:
        return Value(NO)
    try:
        path = Path(typed).expanduser()
        there, folder = path.exists(), path.absolute().parent.is_dir()
    except (OSError, RuntimeError, ValueError):
        return Value(typed, "no file can have this name: choose another")
    if there:
        return Value(typed, "this exists: choose another name")
    return Value(str(path)) if folder else Value(typed, "its folder does not exist: choose another")


def _go_on(to: Ways) -> str:
    return f"go on with: {way_on(sys.argv[1:], to.keep.path)}" if to.keep.path else ""


IN_THE_CASE: Final = ("--from", "--save", "--county")
"""Options that the saved case makes up for; a county may have been corrected in the talk."""


def way_on(words: Sequence[str], path: Path) -> str:
    """The command that goes on where these words of a command line stopped, with all else that was asked for."""
    line, rest = ["calaim"], iter(words)
    for typed in rest:
        if typed in IN_THE_CASE:
            next(rest, None)
        elif not typed.startswith(tuple(f"{option}=" for option in IN_THE_CASE)):
            line.append(typed)
    line += ["--from", str(path), "--save", str(path)]
    if sys.platform != "win32":
        return shlex.join(line)
    # The shell of Windows knows double quotes alone, which no file name has there.
    return " ".join(word if re.fullmatch(r"[\w./\\:-]+", word) else f'"{word}"' for word in line)


def referred(
    case: Case, drafter: Drafter, to: Ways, *, redact: bool, no_input: bool, by_email: bool = False
) -> tuple[list[Drafted], list[str]]:
    """The drafts that a talk comes to, each agreed and attested to by a person who has read it, and knows its route.

    With them the names of the programs that she said no to. Raises Stopped when that leaves nothing. To `redact` they
    are previews, not agreed to.
    """
    if not can_ask(no_input=no_input):
        raise UsageError("no case, and nobody can be asked: give a case file: 'calaim refer CASE'", code="missing")
    if case.consent != Consent() and to.keep.path:
        say(f"{to.keep.path}: the consent in it is not kept: each referral asks anew.")
    talk = ReferralTalk(drafter, to, case, by_email)
    to.keep(case)
    with leaving(to):
        case = talk.held(case)
        while True:
            cases = both_said(talk.cases(case), drafter.policy)
            if redact:
                return [drafter.draft(one, preview=True) for one in cases], []
            try:
                return agreed(cases, drafter, to.ask, origins(case, talk.begun, drafter.profile.referrer))
            except consent.Change:
                case = talk.held(case, talk.to_change())


class ReferralTalk(Struct):
    """A referral as a talk in parts: the place and plan, the screens, what to refer for, the details of the form."""

    drafter: Drafter
    to: Ways
    begun: Case
    by_email: bool
    screens: Screens | None = None
    wanted: tuple[Referral, ...] = ()
    asked: set[str] = set()  # details that were asked for, also those that were skipped

    def held(self, case: Case, to_change: int | None = None) -> Case:
        """The case after all parts, or from the one to change on, with what the case says of consent left out.

        Raises NotFound as soon as what is asked for does not exist or no route can, Quit when left.
        """
        _, _, problems = fitness.requested(case, self.drafter.policy)
        if self.complete and problems:
            first = problems[0]
            raise NotFound(f"{first.where}: {first.message}", tuple(problems), code=first.code)
        # What was agreed to or attested before counted for another referral.
        case = replace(with_profile(case, self.drafter.profile.referrer), consent=Consent())
        stages = (self.place, self.screening, self.request, self.details)
        return conversation.through(stages, case, to_change)

    @property
    def complete(self) -> bool:
        """Whether what to ask for was said before the talk."""
        program, services, _ = fitness.requested(self.begun, self.drafter.policy)
        return bool(program) and (program != "cs" or bool(services))

    def place(self, case: Case, again: bool) -> Case:
        """County, plan, and the date of birth, which tells the age."""
        policy = self.drafter.policy
        steps = conversation.place_steps(policy, needed=True, again=again)
        case = conversation.walk(steps, case, self.to.ask, self.to.keep)
        county, membership = place_named(case.member.county, policy).county, membership_of(case, policy)
        route.check_member(county, membership, policy)
        born = BY_KEY["member.date_of_birth"]
        if again or date_of_birth(case.member.date_of_birth, self.drafter.as_of).error:
            step = conversation.field_step(born.key, policy.form_of(membership.plan), policy, self.drafter.as_of)
            case = conversation.walk([step], case, self.to.ask, self.to.keep)
        return case

    def screening(self, case: Case, again: bool) -> Case:
        """What the screens found out about what should be screened first."""
        drafter, policy = self.drafter, self.drafter.policy
        if self.screens is None or (again and not self.screens.under_way):
            if not interview.open_questions(talk_for((), case, policy), case, policy, drafter.as_of):
                if again:
                    raise conversation.Back
                return case
            typed = conversation.choose_screening(case, policy, self.to.ask)
            self.screens = Screens(typed, policy, drafter.as_of, self.to)
        return self.screens.stage(case, again) if self.screens.typed else case

    def request(self, case: Case, again: bool) -> Case:
        """What to refer for, in `wanted`; a refusal that is certain now is told before all that the form asks."""
        policy, plan = self.drafter.policy, membership_of(case, self.drafter.policy).plan
        if self.complete and not again:
            self.wanted = (case.referral,)
        elif self.complete:
            raise conversation.Back
        else:
            screen = screener(policy.subjects, policy).screen(case, self.drafter.as_of, plan=plan)
            earlier = tuple(name for one in self.wanted for name in (one.services or (one.program,)))
            found = screen.determinations
            self.wanted = conversation.choose_referrals(case, found, plan, policy, self.to.ask, earlier)
        county = place_named(case.member.county, policy).county
        for one in self.wanted:
            way = policy.way_to(plan, county, one.program)
            route.check_way(policy.plans[plan], way, policy, by_email=self.by_email and not one.self_referral)
        return case

    def details(self, case: Case, again: bool) -> Case:
        """What the form asks for, and Part 2, asked once for all that is referred for."""
        policy, as_of, plan = self.drafter.policy, self.drafter.as_of, membership_of(case, self.drafter.policy).plan
        form = policy.form_of(plan)
        known = self.asked | given(case, self.drafter.profile.referrer, form, policy, as_of)
        steps = [
            step
            for part in ("referrer", "member")
            for step in conversation.form_steps(part, policy, as_of, plan, () if again else known)
        ]
        if self.drafter.reference and "referral.label" not in known:
            steps.append(conversation.field_step("referral.label", form, policy, as_of))
        case = _for(case, self.wanted[0] if len(self.wanted) == 1 else Referral())

        def ask(prompt: Prompt) -> Reply:
            # What was answered or skipped is not asked again, unless it is to be changed.
            reply = self.to.ask(prompt)
            if not isinstance(reply, Move) and (reply or prompt.optional):
                self.asked.add(prompt.where)
            return reply

        return conversation.walk([*steps, *consent.part2_steps()], case, ask, self.to.keep)

    def cases(self, case: Case) -> tuple[Case, ...]:
        return tuple(_for(case, one) for one in self.wanted)

    def to_change(self) -> int:
        """The part of the talk to go back to."""
        parts = ("County, plan, date of birth", "Answers", "What to refer for", "Details")
        shown = {str(n): words for n, words in enumerate(parts) if n != 1 or (self.screens and self.screens.typed)}
        asked = Prompt(where="change", text="What should be changed?", options=shown)
        return int(str(conversation.ask_alone(self.to.ask, asked)))


def _for(case: Case, asked: Referral) -> Case:
    return replace(case, referral=replace(case.referral, program=asked.program, services=asked.services))


def given(case: Case, profile: Referrer, form: Form, policy: Policy, as_of: date) -> frozenset[str]:
    """The keys of fields with a value that passes its check; of a profile that lacks nothing all of the referrer's."""
    wrong = {one.where for one in fitness.check_case(case, form, policy, as_of).problems}
    whole = case.referrer == profile and not any(one.startswith("referrer.") for one in wrong)
    return frozenset(
        field.key
        for field in FIELDS
        if field.key not in wrong
        if attrgetter(field.key)(case) not in {"", None, ()} or (whole and field.part == "referrer")
    )


def origins(case: Case, begun: Case, profile: Referrer) -> str:
    """Where what the draft says of referrer and member comes from: the profile, the case, or said just now."""
    # Each label once, in the order of the form.
    said: dict[str, dict[str, None]] = {"your profile": {}, "the case": {}, "what was said just now": {}}
    for field in FIELDS:
        value = attrgetter(field.key)(case)
        if field.part in {"referrer", "member"} and field.label and value:
            of_profile = field.part == "referrer" and getattr(profile, field.name) == value
            of_case = attrgetter(field.key)(begun) == value
            where = "your profile" if of_profile else "the case" if of_case else "what was said just now"
            said[where][field.label] = None
    return "\n".join(f"From {where}: {', '.join(labels)}." for where, labels in said.items() if labels)


def agreed(cases: Sequence[Case], drafter: Drafter, ask: Ask, said_where: str) -> tuple[list[Drafted], list[str]]:
    """The drafts that a person has read and says yes to, and the names of the programs that she says no to.

    Raises Declined when that leaves nothing to write, Change when a detail is to be another one.
    """
    drafts: list[Drafted] = []
    left_out: list[str] = []
    for number, one in enumerate(cases, 1):
        shown = drafter.draft(one, preview=True)
        which = f" {number} of {len(cases)}, {drafter.policy.name_of(one.referral.program)}" if len(cases) > 1 else ""
        try:
            turn_pages(f"\nThis is the complete draft{which}. {shown.goes.why}.\n\n{as_text(shown.draft)}", ask)
        except conversation.Back:
            raise consent.Change from None
        # Before she says that it is right, while a detail can still be changed.
        for one_doubt in shown.warnings:
            say(f"Look at this: {one_doubt.where}: {one_doubt.message}.")
        say(terminal.filled(said_where))
        say("The boxes are ticked only by what you say now.")
        steps = consent.consent_steps(shown.case, shown.goes, drafter.policy, drafter.as_of)
        try:
            # What is said of consent is for this draft alone: it is never saved.
            drafts.append(drafter.draft(conversation.walk(steps, one, ask, lambda _: None)))
        except conversation.Back:
            raise consent.Change from None
        except consent.Declined as no:
            left_out.append(drafter.policy.name_of(one.referral.program))
            if len(left_out) == len(cases):
                raise
            say(f"{left_out[-1]}: nothing was written. {no}.")
    return both_asked_for(drafts), left_out


def turn_pages(text: str, ask: Ask) -> None:
    """Show a text from its first line, a page at a time; what is asked next comes after the last one.

    Raises Back before the first.
    """
    pages, at = terminal.pages(text), 0
    enter_alone = Value("", "press Enter alone, which turns the page")
    while at + 1 < len(pages):
        say(pages[at])
        words = f"Page {at + 1} of {len(pages)}"
        turn = Prompt(where="page", text=words, optional=True, enter="turns the page", check=lambda _: enter_alone)
        try:
            conversation.ask_alone(ask, turn)
        except conversation.Back:
            if at == 0:
                raise
            at -= 1
        else:
            at += 1
    say(pages[-1])


def both_said(cases: Sequence[Case], policy: Policy) -> tuple[Case, ...]:
    """The cases; where ECM and CHW services are both asked for, the notes of each say so, as the plan may choose."""
    if not TOGETHER.issubset(one.referral.program for one in cases):
        return tuple(cases)
    return tuple(_with_line(one, policy.words.both) if one.referral.program in TOGETHER else one for one in cases)


def _with_line(case: Case, line: str) -> Case:
    """The case with a line before its notes, where that leaves them short enough."""
    notes = free_text(f"{line}\n{case.referral.notes}")
    if notes.error:
        say(f"The notes are too long to begin with: {line}")
        return case
    return replace(case, referral=replace(case.referral, notes=notes.value))


def edited_profile(profile: Profile, policy: Policy, ask: Ask) -> Profile:
    """The profile with the referrer's details and the Network Lead Entity asked anew; Enter keeps what was there."""
    old, said = profile.network_lead_entity or LeadEntity(), dict[str, str]()

    def details(case: Case, _: bool) -> Case:
        steps = conversation.form_steps("referrer", policy, date.min, KP)
        return conversation.walk(steps, case, ask, lambda _: None)

    def entity(case: Case, _: bool) -> Case:
        for field in (one for one in PROFILE_FIELDS if one.part == "network_lead_entity"):
            earlier, check = getattr(old, field.name), field.check or Value
            asked = Prompt(
                where=field.key, text=field.ask, help=field.help, optional=True, earlier=earlier, check=check
            )
            said[field.name] = str(conversation.ask_alone(ask, asked))
        return case

    done = conversation.through((details, entity), Case(referrer=profile.referrer))
    lead = LeadEntity(**said) if said["email"] else None
    if said["name"] and not lead:
        say("The Network Lead Entity was not kept: without its e-mail nothing can be sent to it.")
    return replace(profile, referrer=done.referrer, network_lead_entity=lead)
