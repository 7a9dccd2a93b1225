"""What a referral has come to, what may follow, and when to ask the plan. Pure: the day comes from outside.

The plan's clock runs from the day on which it has the request, which nobody tells: so nothing here is "overdue".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from calaim_cli.base.errors import Problem, caution
from calaim_cli.base.values import MOST_REMEMBERED
from calaim_cli.base.wording import did_you_mean, one_of
from calaim_cli.decide.advice import working_days_from
from calaim_cli.policy.follow_up import REASON, UNTIL, Clock, FollowUpFile
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.routes import Channel, Route

NUDGE_PLACES: Final = frozenset({"plan", "day", "program", "reference"})
"""What a reminder may say of a referral: nothing of the member, not even the label."""
PAGE_PLACES: Final = frozenset(
    {"first_name", "plan", "decide_by", "ask_after", "plan_phone", "referrer", "organization", "referrer_phone"}
)
"""What a member's page may say, beside what is asked for and the phones of contacts."""


class Step(NamedTuple):
    """A status that a referral came to, and the day; `until` is the last day by the plan's letter."""

    status: str
    day: date
    reason: str = ""
    until: date | None = None


class Story(NamedTuple):
    """A referral as a ledger knows it: who it is for is not in it. Steps in their order, "drafted" first.

    `renewal` is the first day of the month in which the member's Medi-Cal is renewed, where that is known.
    """

    reference: str
    label: str
    plan: str
    program: str
    services: tuple[str, ...]
    route: str
    expedited: bool
    steps: tuple[Step, ...]
    renewal: date | None = None

    @property
    def last(self) -> Step:
        """What it has come to."""
        return self.steps[-1]

    @property
    def renewal_month(self) -> str:
        """The month of renewal as YYYY-MM; "" where it is not known."""
        return self.renewal.isoformat()[:7] if self.renewal else ""


class Due(NamedTuple):
    """A clock that runs: its last day, and whether it is time to ask."""

    clock: Clock
    last_day: date
    ask_now: bool
    ended: bool = False  # the day before which it runs has passed

    @property
    def ask(self) -> str:
        """What to ask, in the words for that day."""
        return self.clock.ask_after_end if self.ended else self.clock.ask


class Waiting(NamedTuple):
    """A story on a day, with the clock to look at, if any runs, and after it a renewal of Medi-Cal that is near."""

    story: Story
    dues: tuple[Due, ...]

    @property
    def ask_now(self) -> bool:
        """Whether it is time to ask."""
        return bool(self.dues) and self.dues[0].ask_now


def is_open(story: Story, data: FollowUpFile) -> bool:
    """Whether anything may still follow."""
    status = data.statuses.get(story.last.status)
    return status is None or bool(status.may_follow)


def clocks_of(story: Story, as_of: date, policy: Policy) -> tuple[Due, ...]:
    """The clocks that run, soonest first."""
    return _running(story.steps, story.program, story.expedited, story.renewal, as_of, policy)


@lru_cache(MOST_REMEMBERED)  # of a long list many went the same way on the same days
def _running(
    steps: tuple[Step, ...], program: str, expedited: bool, renewal: date | None, as_of: date, policy: Policy
) -> tuple[Due, ...]:
    *past, last = [step.status for step in steps]
    found = []
    for clock in policy.follow_up_file.clock:
        if last not in clock.at or (clock.programs and program not in clock.programs):
            continue
        if clock.expedited not in {None, expedited} or any(one in clock.not_after for one in past):
            continue
        start: date | None = steps[-1].day
        if clock.before_end:
            start = _end_of(steps, policy)
        elif clock.months_before_renewal is not None:
            # Once the month is over nobody knows the next one.
            start = renewal if renewal and renewal >= as_of.replace(day=1) else None
        if start:
            found.append(_due(clock, start, as_of, policy))
    return tuple(sorted(found, key=lambda due: due.last_day))


def _end_of(steps: Sequence[Step], policy: Policy) -> date | None:
    """The last day authorized. Of several letters the newest counts, also where it names no day."""
    statuses = policy.follow_up_file.statuses
    letters = (step for step in reversed(steps) if step.status in statuses and statuses[step.status].takes == UNTIL)
    return next((step.until for step in letters), None)


def words_of(due: Due, story: Story) -> str:
    """What is due, or what to ask once it is time, in the words of the data."""
    said = due.ask if due.ask_now else due.clock.text
    if story.renewal and "MONTH" in said:
        said = said.replace("MONTH", f"{story.renewal:%B %Y}")
    return said.replace("REF", story.reference)


@lru_cache(MOST_REMEMBERED)
def _due(clock: Clock, start: date, as_of: date, policy: Policy) -> Due:
    """The clock that begins on that day, or ends before it, by its last day.

    A plan may take all of its last day; a reminder of our own is due on it.
    """
    try:
        if clock.months_before_renewal is not None:
            year, month = divmod(start.year * 12 + start.month - 1 - clock.months_before_renewal, 12)
            last = date(year, month + 1, 1)
        elif clock.days is not None:
            last = start + timedelta(days=clock.days)
        else:
            count = clock.working_days or 0
            holidays = frozenset(policy.routes_file.holidays)
            last = working_days_from(start, -count if clock.before_end else count, holidays)
    except OverflowError:  # at the end of the calendar
        last = date.max
    return Due(clock, last, as_of >= last if clock.own else as_of > last, clock.before_end and as_of > start)


def waiting(stories: Iterable[Story], as_of: date, policy: Policy) -> list[Waiting]:
    """The stories in the order in which to look at them: to ask about first, longest due first, then what is next."""

    def order(one: Waiting) -> tuple[bool, date, date, str, str]:
        story, last_day = one.story, one.dues[0].last_day if one.dues else date.max
        return not one.ask_now, last_day, story.last.day, story.label, story.reference

    return sorted((Waiting(one, _to_look_at(clocks_of(one, as_of, policy))) for one in stories), key=order)


def _to_look_at(running: tuple[Due, ...]) -> tuple[Due, ...]:
    """Of several clocks the last that has run out, else the next: after a decision, arrival no longer matters.

    Beside it stands a renewal of Medi-Cal that is near: it has nothing to do with what the plan decides.
    """
    asked = [due for due in running if due.ask_now]
    of_medi_cal = [due for due in asked if due.clock.months_before_renewal is not None]
    others = [due for due in asked if due not in of_medi_cal]
    return (*others[-1:], *of_medi_cal) or running[:1]


def uncounted_holidays(found: Iterable[Due], policy: Policy) -> Iterator[Problem]:
    """A warning for each year in which working days were counted without holidays, as the data have none of it."""
    known = {day.year for day in policy.routes_file.holidays}
    years = {due.last_day.year for due in found if due.clock.working_days}
    return (caution("no-holidays", "routes.toml: holidays", year=year) for year in sorted(years - known))


def misstep(story: Story, step: Step, today: date, data: FollowUpFile) -> Problem | None:
    """What is wrong with a step after this story, saying what may follow; None where nothing is."""
    last, known = story.last, data.statuses.get(story.last.status)
    may_follow = known.may_follow if known else ()
    words = code = ""
    if step.status not in may_follow:
        what = one_of(may_follow) if may_follow else f"nothing; 'calaim referrals undo {story.reference}' undoes it"
        words, code = f"is {last.status} since {last.day}: next may come {what}", "misstep"
    elif step.day < last.day:
        words, code = f"{last.status} on {last.day}, and this would be before it: give a later --on", "before"
    elif step.day > today:
        words, code = "--on is in the future: give today or an earlier day", "not-yet-come"
    elif step.until and step.until < step.day:
        words, code = "--until is before the day of the status: give the last day in the plan's letter", "before"
    return Problem(story.reference, code, words) if code else None


def unfit_details(status: str, reason: str, until: date | None, data: FollowUpFile) -> Problem | None:
    """What is wrong with what is said beside a status: a reason goes with some, a last day with others."""
    takes = data.statuses[status].takes
    if bool(reason) != (takes == REASON):
        ids = one_of(data.reasons)
        words = f"give --reason with {ids}" if takes == REASON else f"--reason goes with {_taking(REASON, data)}"
        return Problem("--reason", "reason", words)
    if reason and reason not in data.reasons:
        words = did_you_mean(reason, data.reasons) or f"give {one_of(data.reasons)}"
        return Problem("--reason", "unknown-reason", f"unknown reason: {words}")
    if until and takes != UNTIL:
        return Problem("--until", "until", f"--until goes with {_taking(UNTIL, data)}")
    return None


def _taking(what: str, data: FollowUpFile) -> str:
    return one_of(one.id for one in data.status if one.takes == what)


def counts(stories: Iterable[Story]) -> list[tuple[str, str, str, int]]:
    """How many there are by plan, status and closing reason, in this order."""
    found = Counter((one.plan, one.last.status, one.last.reason) for one in stories)
    return [(*key, number) for key, number in sorted(found.items())]


@lru_cache
def route_of(route_id: str, policy: Policy) -> Route | None:
    """The route by which a referral went; None where the data do not have it any more."""
    return next((one for one in policy.routes_file.route if one.id == route_id), None)


@lru_cache
def lines_to_ask(plan: str, route_id: str, policy: Policy) -> tuple[Route, ...]:
    """The phone lines of a referral's plan; where they are of regions or counties, those of the route."""
    route, lines = route_of(route_id, policy), policy.lines_of(plan, None) if plan in policy.plans else ()
    if route is None:
        return lines
    if route.channel is Channel.PHONE:
        return (route,)
    counties = {*route.counties}
    of_region = (one for one in lines if not route.region or one.region in {"", route.region})
    return tuple(one for one in of_region if not counties or not one.counties or counties & {*one.counties})


def promise_of(due: Due, story: Story, policy: Policy) -> str:
    """How fast the plan itself says that it answers, where that stands beside the clock; else ""."""
    route = route_of(story.route, policy) if due.clock.promise else None
    return route.turnaround if route else ""


def followed(program: str, services: Sequence[str], policy: Policy) -> tuple[str, tuple[str, ...]] | None:
    """The program and services that are followed up; None where nothing of it is."""
    kept = tuple(one for one in services if one not in policy.follow_up_file.not_followed)
    return None if services and not kept else (program, kept)
