"""Cases against the policy: the answers checked, each subject decided, the county and the plan of the member."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import date

from msgspec import Struct

from calaim_cli.base.errors import GENERAL, InputError, NotFound, Problem, caution
from calaim_cli.base.values import figures
from calaim_cli.base.wording import did_you_mean, is_unknown, name_key, one_of
from calaim_cli.case.case import AGE, Case
from calaim_cli.decide.advice import Advice, Door, Membership, Send, advise, at_once, sends
from calaim_cli.decide.coverage import Stand, in_short, stander
from calaim_cli.decide.determination import Decide, Determination, Reason, decider
from calaim_cli.decide.known import Contradicted, age_of_answers, contradicted_by, known_of
from calaim_cli.policy import dates
from calaim_cli.policy.places import KP, County, NoPlace, Place, find_place, find_zip
from calaim_cli.policy.policy import Policy, plan_named
from calaim_cli.policy.programs import Grade, Outcome, Subject, subject_id
from calaim_cli.policy.questions import Answer, Question, TruthsOf, truths_of


class Screening(Struct, frozen=True):
    """Determinations keyed by program, population or service id, in the order asked for."""

    determinations: dict[str, Determination]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    answers: Mapping[str, Answer] = {}  # all that is known


class Screener(Struct, frozen=True):
    """The policy made ready to decide many cases; what it works out for one it remembers for the next."""

    questions: Mapping[str, Question]
    truths_of: TruthsOf
    deciders: dict[str, Decide]
    beginnings: dict[str, tuple[date, Determination]]  # what comes out before the day
    contradicted: Contradicted
    stand: Stand
    good_for: int  # days

    def screen(self, case: Case, as_of: date, only: Container[str] | None = None, plan: str = "") -> Screening:
        """The case decided as far as its answers go, for all subjects or `only` some. Wrong answers decide nothing.

        Answers that are old, or that contradict each other, are warnings.
        """
        known = known_of(case, self.questions, as_of, plan)
        if known.problems:
            return Screening({}, known.problems)
        truths = self.truths_of(known.answers)
        found = {one: decide(truths) for one, decide in self.deciders.items() if only is None or one in only}
        # Before its day nothing is to be had of it, whatever the answers are.
        for one, (starts, determination) in self.beginnings.items():
            if one in found and as_of < starts:
                found[one] = determination
        old = age_of_answers(case, known.answers, self.questions, self.good_for, as_of)
        warnings = (*known.warnings, *old, *self.contradicted(known.answers, truths))
        return Screening(found, (), warnings, known.answers)


def screener(subjects: Iterable[Subject], policy: Policy) -> Screener:
    """A screener for these subjects."""
    named = {subject_id(one): one for one in subjects}
    deciders = {name: decider(one) for name, one in named.items()}
    reason = (Reason(dates.BEGINS, met=False, part="from"),)
    beginnings = {
        name: (starts, Determination(one, Outcome.UNLIKELY, reason))
        for name, one in named.items()
        if (starts := dates.began(one.entry, policy).starts)
    }
    good_for = policy.programs_file.answers_good_for_days
    truths = truths_of(policy.criteria.values())
    return Screener(policy.answerable, truths, deciders, beginnings, contradicted_by(policy), stander(policy), good_for)


class CaseCounty(Struct, frozen=True):
    """The county that a case is of, where that can be told; else the problem. `warnings` are of the ZIP code."""

    county: County | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def county_of(case: Case, policy: Policy) -> CaseCounty:
    """The county that the case states, else the one that its ZIP code lies in. No problem or warning names a place."""
    stated, code = case.member.county.strip(), figures(case.member.zip)
    if not stated and not code:
        return CaseCounty(None, (Problem("member.county", "missing", "the county decides where the referral goes"),))
    place = find_place(stated, policy.gazetteer) if stated else find_zip(code, policy.gazetteer)
    if isinstance(place, NoPlace):
        return CaseCounty(None, (Problem("member.county", place.code, GENERAL[place.code]),))
    if not stated:
        return CaseCounty(place.county, warnings=(caution("county-from-zip", "member.county"),))
    warnings = [caution("county-from-city", "member.county")] if place.city else []
    if place.county.name not in (lies_in(case, policy) or (place.county.name,)):
        warnings.append(caution("zip-county", "member.zip"))
    return CaseCounty(place.county, warnings=tuple(warnings))


def lies_in(case: Case, policy: Policy) -> tuple[str, ...]:
    """The names of the counties that the ZIP code of the case lies in; none where it is not known."""
    code = figures(case.member.zip)
    found = find_zip(code, policy.gazetteer) if code else NoPlace("", "")
    return (found.county.name,) if isinstance(found, Place) else found.candidates


def county_to_decide_for(name: str, case: Case, policy: Policy) -> CaseCounty:
    """The county of the case. One that is none raises NotFound, and a ZIP code that tells none is a warning."""
    own = county_of(case, policy)
    if own.county is None and case.member.county.strip():
        [problem] = own.problems
        raise NotFound(f"{name}: member.county: {problem.message}", own.problems, code=problem.code)
    if case.member.county.strip():
        return own
    doubts = [Problem("member.zip", one.code, one.message) for one in own.problems if case.member.zip.strip()]
    return CaseCounty(own.county, warnings=tuple(doubts))


def membership_of(case: Case, policy: Policy) -> Membership:
    """The plan that the case names. That she is in no named plan says nothing about managed care."""
    typed, in_kp = case.member.plan.strip(), case.member.kp_member
    ruled_out = KP if in_kp is False else ""
    if not typed or is_unknown(typed):
        return Membership(KP if in_kp else "", ruled_out)
    try:
        plan = plan_named(typed, policy).id
    except NotFound as error:
        return Membership("", ruled_out, (Problem("member.plan", error.code, error.problems[0].message),))
    if in_kp is not None and in_kp != (plan == KP):
        words = "member.plan and member.kp_member contradict each other: keep what is on the card"
        return Membership("", "", (Problem("member.plan", "plan-conflict", words),))
    return Membership(plan, ruled_out)


def region_of(case: Case, county: County, policy: Policy) -> tuple[str, tuple[Problem, ...]]:
    """The member's region of a plan that has several, "" where nothing settles it; and what is wrong with a stated one.

    What is printed on the card settles it only where the county is split, or its region is inferred.
    """
    stated = name_key(case.member.kp_region)
    if not stated or county.kp is None:
        return policy.region_in(county, figures(case.member.zip)), ()
    if stated not in policy.regions:
        return "", (Problem("member.kp_region", "unknown-region", f"give {one_of(policy.regions)}, as on the card"),)
    settled = county.kp.region is not None and county.kp.grade in {Grade.OFFICIAL, Grade.COPY}
    if settled and stated != county.kp.region:
        words = "the member's county is known to be in another region: check the county and the card"
        return "", (Problem("member.kp_region", "region-conflict", words),)
    return stated, ()


class Decided(Struct, frozen=True):
    """One case with its determinations, each with its advice, for the county it was decided for."""

    name: str
    door: Door
    results: tuple[tuple[Determination, Advice], ...]
    warnings: tuple[Problem, ...]
    send: tuple[Send, ...] = ()
    reminders: tuple[Problem, ...] = ()  # of the member's age
    answers: Mapping[str, Answer] = {}  # all that is known
    followed: Mapping[str, str] = {}  # why, by question, for what nobody said and an interview inferred

    @property
    def county(self) -> County | None:
        """The county it was decided for."""
        return self.door.county

    @property
    def plan(self) -> str:
        """The member's plan, "" where it is not known."""
        return self.door.membership.plan


class Difference(Struct, frozen=True):
    """A program, population or service that did not come out as expected."""

    case: str
    subject: str
    expected: str
    found: str


def decide(
    name: str, case: Case, screener: Screener, policy: Policy, as_of: date, stated: County | None, kind: str = ""
) -> Decided:
    """The case decided for the stated county, else for its own; `kind` is that of the user's organization.

    Raises InputError with every problem of the answers, NotFound for a county that is none.
    """
    membership = membership_of(case, policy)
    screening = _screened(name, case, screener, as_of, membership)
    own = CaseCounty(stated) if stated else county_to_decide_for(name, case, policy)
    county, warnings = own.county, (*screening.warnings, *own.warnings)
    region, wrong = region_of(case, county, policy) if county else ("", ())
    if wrong:
        raise InputError(f"{name}: the member's region is not valid; nothing was screened", wrong, code=wrong[0].code)
    door, found = Door(county, membership, region, as_of), screening.determinations.values()
    # Who may begin at once begins ECM as a whole, so it is said with that result and no population's.
    begin = {"ecm": at_once(found, door, kind, policy)}
    results = tuple((one, advise(one, policy, door, begin.get(subject_id(one.subject), ""))) for one in found)
    send = tuple(sends(dict.fromkeys(one.subject.program for one in found), door, policy))
    age = screening.answers.get(AGE)
    notices = dates.notices((one.subject.entry for one in found), policy, as_of)
    stands = in_short(screener.stand(screening.answers), policy)
    reminders = tuple(dates.notices_at(age if isinstance(age, int) else None, policy, as_of, stands))
    return Decided(name, door, results, (*warnings, *notices), send, reminders, screening.answers)


def _screened(name: str, case: Case, screener: Screener, as_of: date, membership: Membership) -> Screening:
    screening = screener.screen(case, as_of, plan=membership.plan)
    if screening.problems:
        problems = (*membership.problems, *screening.problems)
        raise InputError(f"{name}: the answers are not valid; nothing was screened", problems)
    if membership.problems:
        one = membership.problems[0]
        wrong = InputError if one.code == "plan-conflict" else NotFound
        raise wrong(f"{name}: {one.where}: {one.message}", membership.problems, code=one.code)
    return screening


def compare(name: str, case: Case, screener: Screener, policy: Policy, as_of: date) -> tuple[Difference, ...]:
    """Where the case does not come out as its [expect] table says.

    Raises InputError when it has no such table, or the table names what does not exist.
    """
    expected = case.expect or {}
    known = [subject_id(subject) for subject in policy.subjects]
    words = "add an [expect] table: program, population or service = outcome"
    problems = [] if expected else [Problem("expect", "missing", words)]
    for subject, outcome in expected.items():
        if subject not in known:
            hint = did_you_mean(subject, known) or "'calaim programs' lists them"
            problems.append(Problem(f"expect.{subject}", "unknown-program", f"unknown program; {hint}"))
        elif outcome not in list(Outcome):
            problems.append(Problem(f"expect.{subject}", "unknown-outcome", f"give {one_of(Outcome)}"))
    if problems:
        raise InputError(f"{name}: the [expect] table is not valid", tuple(problems))
    found = _screened(name, case, screener, as_of, membership_of(case, policy)).determinations
    return tuple(
        Difference(name, subject, outcome, found[subject].outcome)
        for subject, outcome in expected.items()
        if found[subject].outcome != outcome
    )
