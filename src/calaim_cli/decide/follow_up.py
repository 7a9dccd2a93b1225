"""What a referral has come to, what may follow, and when to ask the plan. Pure: the day comes from outside.

The plan's clock runs from the day on which it has the request, which nobody tells: so nothing here is "overdue".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Final, NamedTuple

from calaim_cli.base.errors import Problem, caution
from calaim_cli.base.wording import did_you_mean, one_of
from calaim_cli.decide.advice import working_days_from
from calaim_cli.policy.follow_up import REASON, SENT, UNTIL, Clock, FollowUpFile
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.routes import Channel, Route

NUDGE_PLACES: Final = frozenset({"plan", "day", "program", "reference"})
"""What a reminder may say of a referral: nothing of the member, not even the label."""
PAGE_PLACES: Final = frozenset(
    {"first_name", "plan", "decide_by", "ask_after", "plan_phone", "referrer", "organization", "referrer_phone"}
)
"""What a member's page may say, beside what is asked for and the phones of contacts."""


NEVER: Final = date.max.toordinal()


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
    steps, renewal = story.steps, story.renewal
    found = []
    for clock in _clocks_after(tuple([step.status for step in steps]), story.program, story.expedited, policy):
        start: date | None = steps[-1].day
        if clock.before_end:
            start = _end_of(steps, policy)
        elif clock.months_before_renewal is not None:
            # Once the month is over nobody knows the next one.
            start = renewal if renewal and (renewal >= as_of or renewal >= as_of.replace(day=1)) else None
        if start:
            found.append(_due(clock, start, as_of, policy))
    return tuple(sorted(found, key=_last_day) if len(found) > 1 else found)


_last_day: Final = attrgetter("last_day")


@lru_cache  # a long list has few such ways, and few days on which its clocks begin
def _clocks_after(statuses: tuple[str, ...], program: str, expedited: bool, policy: Policy) -> tuple[Clock, ...]:
    """The clocks that may run of what came to these statuses, one after the other."""
    *past, last = statuses
    return tuple(
        clock
        for clock in policy.follow_up_file.clock
        if last in clock.at
        and (not clock.programs or program in clock.programs)
        and clock.expedited in {None, expedited}
        and not {*past}.intersection(clock.not_after)
    )


def _end_of(steps: Sequence[Step], policy: Policy) -> date | None:
    """The last day authorized. Of several letters the newest counts, also where it names no day."""
    statuses = policy.follow_up_file.statuses
    letters = (step for step in reversed(steps) if step.status in statuses and statuses[step.status].takes == UNTIL)
    return next((step.until for step in letters), None)


def _to_look_at(story: Story, as_of: date, policy: Policy) -> tuple[Due, ...]:
    """Of several clocks the last that has run out, else the next: a decision makes the arrival of a mail needless.

    Beside it stands a renewal of Medi-Cal that is near: it has nothing to do with what the plan decides.
    """
    running = clocks_of(story, as_of, policy)
    asked = [due for due in running if due.ask_now]
    if len(asked) > 1:
        of_medi_cal = [due for due in asked if due.clock.months_before_renewal is not None]
        return (*[due for due in asked if due not in of_medi_cal][-1:], *of_medi_cal)
    return tuple(asked) or running[:1]


def words_of(due: Due, story: Story) -> str:
    """What is due, or what to ask once it is time, in the words of the data."""
    said = due.ask if due.ask_now else due.clock.text
    if story.renewal and "MONTH" in said:
        said = said.replace("MONTH", f"{story.renewal:%B %Y}")
    return said.replace("REF", story.reference)


@lru_cache(4096)
def _due(clock: Clock, start: date, as_of: date, policy: Policy) -> Due:
    """The clock from that day. A plan may take all of its last day; a reminder of our own is due on it."""
    try:
        last = last_day_of(clock, start, policy)
    except OverflowError:  # at the end of the calendar
        last = date.max
    return Due(clock, last, as_of >= last if clock.own else as_of > last, clock.before_end and as_of > start)


def last_day_of(clock: Clock, start: date, policy: Policy) -> date:
    """The last day of a clock that begins on that day, or ends before it."""
    if clock.months_before_renewal is not None:
        year, month = divmod(start.year * 12 + start.month - 1 - clock.months_before_renewal, 12)
        return date(year, month + 1, 1)
    if clock.days is not None:
        return start + timedelta(days=clock.days)
    count = -(clock.working_days or 0) if clock.before_end else clock.working_days or 0
    return working_days_from(start, count, _holidays(policy))


@lru_cache
def _holidays(policy: Policy) -> frozenset[date]:
    return frozenset(policy.routes_file.holidays)


def waiting(stories: Iterable[Story], as_of: date, policy: Policy) -> list[Waiting]:
    """The stories in the order in which to look at them: to ask about first, longest due first, then what is next."""
    looked: dict[tuple[object, ...], tuple[tuple[Due, ...], int, int]] = {}
    found = []
    for one in stories:
        # Of a long list many went the same way on the same days.
        _, label, _, program, _, _, expedited, steps, renewal = one
        alike = (steps, program, expedited, renewal)
        if (known := looked.get(alike)) is None:
            dues = _to_look_at(one, as_of, policy)
            last_day = dues[0].last_day.toordinal() if dues else NEVER
            order = last_day if dues and dues[0].ask_now else last_day + NEVER
            known = looked[alike] = dues, order, steps[-1].day.toordinal()
        dues, order, since = known
        found.append((order, since, label, one.reference, Waiting(one, dues)))
    return [row[-1] for row in sorted(found)]


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
        what = one_of(may_follow) if may_follow else f"nothing; 'calaim referrals undo {story.reference}' takes it back"
        words, code = f"is {last.status} since {last.day}: next may come {what}", "misstep"
    elif step.day < last.day:
        words, code = f"{last.status} on {last.day}, and this would be before it: give another --on", "before"
    elif step.day > today:
        words, code = "--on is a day that has not come yet: give today or a day before", "not-yet-come"
    elif step.until and step.until < step.day:
        words, code = "--until is before the day itself: give the last day in the plan's letter", "before"
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
    found: dict[tuple[str, str, str], int] = {}
    for one in stories:
        key = (one.plan, one.last.status, one.last.reason)
        found[key] = found.get(key, 0) + 1
    return [(*key, number) for key, number in sorted(found.items())]


def sent_on(story: Story) -> date | None:
    """The day on which it was sent, the last time."""
    return next((step.day for step in reversed(story.steps) if step.status == SENT), None)


def route_of(story: Story, policy: Policy) -> Route | None:
    """The route by which it went; None where the data do not have it any more."""
    return next((one for one in policy.routes_file.route if one.id == story.route), None)


def lines_to_ask(story: Story, policy: Policy) -> Sequence[Route]:
    """The plan's phone lines; where they are of regions, that of the route."""
    route = route_of(story, policy)
    lines = policy.lines_of(story.plan, None) if story.plan in policy.plans else ()
    if route and route.channel is Channel.PHONE:
        return (route,)
    region = route.region if route else ""
    counties = set(route.counties) if route else set()
    return [
        one
        for one in lines
        if (not region or one.region in {"", region})
        and (not counties or not one.counties or counties & {*one.counties})
    ]


def promise_of(story: Story, policy: Policy) -> str:
    """How fast the plan itself says that it answers, by the route; "" where it says nothing."""
    route = route_of(story, policy)
    return route.turnaround if route else ""


def followed(program: str, services: Sequence[str], policy: Policy) -> tuple[str, tuple[str, ...]] | None:
    """The program and services that are followed up; None where nothing of it is."""
    kept = tuple(one for one in services if one not in policy.follow_up_file.not_followed)
    return None if services and not kept else (program, kept)
