"""A referral without a case, as a talk: place, screens, what to refer for, what the form asks, and the drafts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from operator import attrgetter
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.errors import NotFound, UsageError
from calaim_cli.base.streams import say
from calaim_cli.base.values import Value, date_of_birth, free_text
from calaim_cli.base.wording import one_of
from calaim_cli.case.case import Case, Consent, Referral, Referrer, with_profile
from calaim_cli.case.form import BY_KEY, FIELDS
from calaim_cli.decide.determination import POSITIVE, Determination
from calaim_cli.decide.screening import membership_of, screener
from calaim_cli.draft import fitness, route
from calaim_cli.draft.draft import TOGETHER, Drafted, Drafter, as_text, both_asked_for
from calaim_cli.policy.policy import Policy, entry_named, place_named
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.questions import NONE_OF_THESE
from calaim_cli.policy.routes import Form
from calaim_cli.talk import terminal
from calaim_cli.talk.consent import consent_steps, part2_steps
from calaim_cli.talk.conversation import field_step, form_steps, place_steps
from calaim_cli.talk.interview import Screens, open_questions, talk_for
from calaim_cli.talk.prompt import Ask, Back, Change, Declined, Move, Prompt, Reply, Step, ask_alone, through, walk
from calaim_cli.talk.session import Ways, leaving

BOTH: Final = "both"
OTHERS: Final = "others"


def referred(
    case: Case, drafter: Drafter, to: Ways, *, redact: bool, no_input: bool, by_email: bool = False
) -> tuple[list[Drafted], list[str]]:
    """The drafts that a talk comes to, each agreed and attested to by a person who has read it, and knows its route.

    With them the names of the programs that she said no to. Raises Stopped when that leaves nothing. To `redact` they
    are previews, not agreed to.
    """
    if not terminal.can_ask(no_input=no_input):
        raise UsageError("no case, and there is no one to ask: give a case file: 'calaim refer CASE'", code="missing")
    if case.consent != Consent() and to.keep.path:
        say(f"{to.keep.path}: the consent in it is not saved: each referral asks again.")
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
            except Change:
                with suppress(Back):  # to the draft, as nothing is to be changed
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
        return through((self.place, self.screening, self.request, self.details), case, to_change)

    @property
    def complete(self) -> bool:
        """Whether what to ask for was said before the talk."""
        program, services, _ = fitness.requested(self.begun, self.drafter.policy)
        return bool(program) and (program != "cs" or bool(services))

    def place(self, case: Case, again: bool) -> Case:
        """County, plan, and the date of birth, which tells the age."""
        policy, as_of = self.drafter.policy, self.drafter.as_of
        case = walk(place_steps(policy, needed=True, again=again), case, self.to.ask, self.to.keep)
        membership = membership_of(case, policy)
        route.check_member(place_named(case.member.county, policy).county, membership, policy)
        if again or date_of_birth(case.member.date_of_birth, as_of).error:
            step = field_step("member.date_of_birth", policy.form_of(membership.plan), policy, as_of)
            case = walk([step], case, self.to.ask, self.to.keep)
        return case

    def screening(self, case: Case, again: bool) -> Case:
        """What the screens found out about what should be screened first."""
        drafter, policy = self.drafter, self.drafter.policy
        if self.screens is None or (again and not self.screens.under_way):
            if not open_questions(talk_for((), case, policy), case, drafter.as_of):
                if again:
                    raise Back
                return case
            typed = choose_screening(case, policy, self.to.ask)
            self.screens = Screens(typed, policy, drafter.as_of, self.to)
        return self.screens.stage(case, again) if self.screens.typed else case

    def request(self, case: Case, again: bool) -> Case:
        """What to refer for, in `wanted`; a refusal that is certain now is told before all that the form asks."""
        policy, plan = self.drafter.policy, membership_of(case, self.drafter.policy).plan
        if not self.complete:
            found = screener(policy.subjects, policy).screen(case, self.drafter.as_of, plan=plan).determinations
            earlier = tuple(name for one in self.wanted for name in (one.services or (one.program,)))
            self.wanted = choose_referrals(case, found, plan, policy, self.to.ask, earlier)
        elif again:
            raise Back
        else:
            self.wanted = (case.referral,)
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
        left_out = () if again else known
        steps = [step for part in ("referrer", "member") for step in form_steps(part, policy, as_of, plan, left_out)]
        # It stands in a ledger alone.
        of_use = self.drafter.reference is not None and "referral.label" not in known
        steps.append(label_step(form, policy, as_of, ask=of_use))
        case = _for(case, self.wanted[0] if len(self.wanted) == 1 else Referral())

        def ask(prompt: Prompt) -> Reply:
            # What was answered or skipped is not asked again, unless it is to be changed.
            reply = self.to.ask(prompt)
            if not isinstance(reply, Move) and (reply or prompt.optional):
                self.asked.add(prompt.where)
            return reply

        return walk([*steps, *part2_steps()], case, ask, self.to.keep)

    def cases(self, case: Case) -> tuple[Case, ...]:
        return tuple(_for(case, one) for one in self.wanted)

    def to_change(self) -> int:
        """The part of the talk to go back to."""
        parts = ("County, plan, date of birth", "Answers", "What to refer for", "Details")
        shown = {str(n): words for n, words in enumerate(parts) if n != 1 or (self.screens and self.screens.typed)}
        asked = Prompt(where="change", text="What should be changed?", options=shown)
        return int(str(ask_alone(self.to.ask, asked)))


def label_step(form: Form, policy: Policy, as_of: date, *, ask: bool) -> Step:
    """A step for the referrer's own number; one that is there and tells who the member is, is asked for anyway."""
    step, check = field_step("referral.label", form, policy, as_of), BY_KEY["referral.label"].check or Value

    def tells(label: str, case: Case) -> bool:
        labeled = replace(case, referral=replace(case.referral, label=label))
        return fitness.label_tells(labeled, place_named(case.member.county, policy).county)

    def prompt(case: Case) -> Prompt | None:
        def checked(typed: str) -> Value:
            found = check(typed)
            return (
                Value(typed, f"this {fitness.LABEL_TELLS}") if not found.error and tells(found.value, case) else found
            )

        asked, told = step.prompt(case), tells(case.referral.label, case)
        if asked is None or not (ask or told):
            return None
        return replace(asked, check=checked, earlier="" if told else asked.earlier)

    return Step(prompt, step.keep)


def _for(case: Case, asked: Referral) -> Case:
    return replace(case, referral=replace(case.referral, program=asked.program, services=asked.services))


def choose_screening(case: Case, policy: Policy, ask: Ask) -> list[str]:
    """The names to screen before a referral: what the case asks for, or any of the programs, or nothing."""
    typed = case.referral.services or ((case.referral.program,) if case.referral.program else ())
    entries = [entry_named(one, policy) for one in typed] or policy.programs_file.program
    options = {entry.id: entry.name for entry in entries} | {NONE_OF_THESE: "Nothing: continue without screening"}
    words = "What should be screened first? Only what matters is asked, and the referral then explains why."
    reply = ask_alone(ask, Prompt(where="screen", text=words, options=options, several=True))
    return [name for name in reply if name != NONE_OF_THESE]


def choose_referrals(
    case: Case,
    determinations: Mapping[str, Determination],
    plan: str,
    policy: Policy,
    ask: Ask,
    earlier: tuple[str, ...] = (),
) -> tuple[Referral, ...]:
    """The referrals to write, one for each program, in the order of the policy; `earlier` are chosen so far.

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
    fits = {name: words for name, words in offers.items() if determinations[name].outcome in POSITIVE}
    first = fits | {OTHERS: "Show the others"} if fits and len(fits) < len(offers) else offers
    what = "What should the referral ask for?"
    asked = Prompt(where="referral.program", text=what, options=first, several=True, earlier=earlier)
    reply = ask_alone(ask, asked)
    if OTHERS in reply:
        so_far = tuple(one for one in (*reply, *earlier) if one != OTHERS)
        reply = ask_alone(ask, replace(asked, options=offers, earlier=so_far))
    if TOGETHER.issubset(reply):
        words = ("ecm", "chw", BOTH)
        text = f"{policy.words.ecm_or_chw} Type {one_of(words)}."
        which = ask_alone(ask, Prompt(where="ecm_or_chw", text=text, words=words))
        reply = tuple(one for one in reply if one not in TOGETHER or which in {one, BOTH})
    services = tuple(one for one in reply if one in policy.services)
    wanted = [(one, ()) for one in reply if one not in policy.services] + ([("cs", services)] if services else [])
    return tuple(replace(case.referral, program=program, services=chosen) for program, chosen in wanted)


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
            # Before she says that it is right, while a detail can still be changed.
            for doubt in shown.warnings:
                say(f"Look at this: {doubt.where}: {doubt.message}.")
            say(terminal.filled(said_where))
            say("The boxes are checked only by what you say now.")
            steps = consent_steps(shown.case, shown.goes, drafter.policy, drafter.as_of)
            # What is said of consent is for this draft alone: it is never saved.
            drafts.append(drafter.draft(walk(steps, one, ask, lambda _: None)))
        except Back:
            raise Change from None
        except Declined as no:
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
    enter_alone = Value("", "press just Enter to turn the page")
    while at + 1 < len(pages):
        say(pages[at])
        words = f"Page {at + 1} of {len(pages)}"
        turn = Prompt(where="page", text=words, optional=True, enter="turns the page", check=lambda _: enter_alone)
        try:
            ask_alone(ask, turn)
        except Back:
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
        say(f"The notes are too long: {line}")
        return case
    return replace(case, referral=replace(case.referral, notes=notes.value))
