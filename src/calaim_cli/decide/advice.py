"""What to do with a determination: next steps, notes, and whom to call, in words a member can hear."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from msgspec import Struct

from calaim_cli.base.errors import Problem
from calaim_cli.decide.determination import POSITIVE, Determination
from calaim_cli.policy import dates
from calaim_cli.policy.places import Contact, County, plans_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import THREE_PROGRAMS, Gate, Outcome, Subject
from calaim_cli.policy.routes import Channel, Route, Way, lines
from calaim_cli.policy.rules import criteria_of

# What comes of each gate that decides: an exclusion, a choice, a step or a limit.
GATES = {
    "excluded": Outcome.UNLIKELY,
    "choose_one": Outcome.CHOOSE_ONE,
    "first": Outcome.NOT_YET,
    "limit": Outcome.PLAN_DISCRETION,
}
GATE_OF = {outcome: part for part, outcome in GATES.items()}
GIVE_COUNTY = "Give the county to see where the referral goes."
REFER_NOW = frozenset({Outcome.LIKELY, Outcome.PLAN_DISCRETION})
SATURDAY: Final = 5


class Membership(Struct, frozen=True):
    """The member's plan by its id, "" where it is not known; `ruled_out` is a plan that she is known not to be in."""

    plan: str = ""
    ruled_out: str = ""
    problems: tuple[Problem, ...] = ()


class Advice(Struct, frozen=True):
    """What goes with a determination."""

    offered: bool | None  # by the member's own plan; None where not known, or not a matter of counties
    next_steps: tuple[str, ...]
    notes: tuple[str, ...]


class Door(Struct, frozen=True):
    """Where a member is: her county, her plan as far as known with its region, and the day."""

    county: County | None
    membership: Membership
    region: str
    as_of: date

    @property
    def plan(self) -> str:
        """Her plan where it is known and serves the county; "" where whatever is some plan's own is left out."""
        plan, county = self.membership.plan, self.county
        return plan if county is None or plan in plans_of(county) else ""


class Send(Struct, frozen=True):
    """Where to send the referral to one program, and how fast the plan has to answer. `ask`: only a line to ask."""

    program: str
    plan: str
    route: Route
    subject: str
    how_fast: str
    ask: bool


def sends(programs: Iterable[str], door: Door, policy: Policy) -> Iterator[Send]:
    """The best route of the member's plan for each program; none where plan or county is not known."""
    if door.county is None or not door.plan:
        return
    for program in programs:
        way = policy.way_to(door.plan, door.county, program, door.region)
        best = way.routes[0] if way.routes else way.ask
        if best and not _is_split(way):
            rules = " ".join(rule.text for rule in policy.routes_file.rule if rule.urgent and program in rule.programs)
            yield Send(
                program, door.plan, best, best.subject.get(program, ""), best.turnaround or rules, not way.routes
            )


def at_once(found: Iterable[Determination], door: Door, kind: str, policy: Policy) -> str:
    """Whether an organization of this kind may begin ECM before the plan decides, and by when to ask; "" if not.

    DHCS, ECM Policy Guide of 2026-01, p.103-110: paid for 30 days; ask at least five working days before they end.
    """
    fitting = {one.subject.population for one in found if one.outcome in POSITIVE}
    rows = [row for row in policy.routes_file.at_once if kind in row.kinds and row.population in fitting]
    if not rows or not door.plan:
        return ""
    last = working_days_from(door.as_of + timedelta(days=30), -5, policy.routes_file.holidays)
    who = f"If {policy.plans[door.plan].name} contracts with you for ECM as a {policy.words.kinds[kind]}"
    words = f"you may begin today and be paid for 30 days; send the request by {last}"
    return f"{who}, {words} (for a first authorization only) [{policy.cite(rows[0].source)}]."


def working_days_from(day: date, count: int, holidays: Collection[date]) -> date:
    """The day so many working days after that one, or before it where the count is negative.

    They are Monday to Friday but state holidays. A year without holidays in the data is counted without them.
    """
    step = timedelta(days=1 if count > 0 else -1)
    while count:
        day += step
        if day.weekday() < SATURDAY and day not in holidays:
            count -= step.days
    return day


def offered_at(subject: Subject, policy: Policy, door: Door) -> bool | None:
    """Whether the member's own plan offers the service; None where that is not known, or not a matter of counties."""
    if not door.plan or not subject.service:
        return None
    if door.county and dates.not_begun(subject.entry, policy, door.as_of):
        return False
    return policy.offered(door.plan, subject.service, door.county, door.as_of)


def advise(determination: Determination, policy: Policy, door: Door, last: str = "") -> Advice:
    """What to do next, with `last` at the end if it is given, and notes: by the member's own plan in her county."""
    subject = determination.subject
    offered, offer = offered_at(subject, policy, door), policy.offers.get(door.plan)
    notes = [*subject.entry.notes]
    if door.county and offer and offer.note and subject.service in offer.not_in:
        notes.append(offer.note)
    conflicts = (one for one in policy.conflicts_of(subject.entry.id) if one.plan in {"", door.plan})
    notes += [f"Sources differ. {one.matter}: {one.older} {one.newer}" for one in conflicts]
    steps = (*_next_steps(determination, policy, door, offered), *([last] if last else []))
    return Advice(offered, tuple(dict.fromkeys(steps)), tuple(dict.fromkeys(notes)))


def _next_steps(determination: Determination, policy: Policy, door: Door, offered: bool | None) -> Iterator[str]:
    subject, outcome = determination.subject, determination.outcome
    yield from (gate.say for gate, _ in deciding_gates(determination))
    yield from subject.entry.next.get(outcome, policy.outcomes[outcome].next)
    if subject.population is None and (outcome in REFER_NOW or (not door.plan and outcome is Outcome.NEED_ANSWERS)):
        yield from _where(subject, policy, door, offered)
    if outcome in REFER_NOW or (subject.population is None and outcome is not Outcome.UNLIKELY):
        ids = {subject.population, subject.service, subject.program}
        told = [one for one in policy.counties_file.contact if one.plan in {"", door.plan}]
        yield from (contact_line(one) for one in told if ids.intersection(one.touches))


def deciding_gates(determination: Determination) -> Iterator[tuple[Gate, tuple[str, ...]]]:
    """Each gate that decided, with the criteria met in it; empty where the rule alone decided."""
    part = GATE_OF.get(determination.outcome, "")
    decided = {reason.criterion: reason.met for reason in determination.because if reason.part == part}
    # A service may be closed by a gate of its own and by its program's.
    for gate in determination.subject.parts[part].rules if decided else ():
        own = [criterion for criterion in criteria_of(gate) if criterion in decided]
        if isinstance(gate, Gate) and own:
            yield gate, tuple(criterion for criterion in own if decided[criterion])


def _where(subject: Subject, policy: Policy, door: Door, offered: bool | None) -> Iterator[str]:
    """Where a member is referred to, or what to do where her plan is not known."""
    if not door.plan:
        yield _which_plan(policy, door)
        return
    name, county = policy.plans[door.plan].name, door.county
    if county is None:
        yield GIVE_COUNTY
        return
    way = policy.way_to(door.plan, county, subject.program, door.region)
    routes = [one for one in way.routes if subject.service not in one.services_except]
    drafted = not _is_split(way) and routes == list(way.routes)  # what the best way does not take is asked for by phone
    if offered is False:
        as_of = policy.offers[door.plan].as_of
        yield f"Not offered by {name} in {county.name} County as of {as_of}: call to confirm."
    elif drafted and routes and routes[0].channel is Channel.EMAIL:
        region = f", {policy.regions[routes[0].region].name}" if routes[0].region else ""
        yield f"Refer: 'calaim refer CASE' writes the draft to {name}{region}."
    elif drafted and routes:
        yield f"Refer to {name}: 'calaim refer CASE' writes a sheet. {next(lines(routes[0]))}."
    if _is_split(way):
        yield _which_region(county)
        return
    yield from (phone_line(one, policy) for one in routes if one.channel is Channel.PHONE)
    if not way.routes:
        asked = f"Ask there how to refer: {way.ask.address}." if way.ask else "No way to refer is known."
        yield f"{name}: {asked} Or call the number on the member's card."


def _is_split(way: Way) -> bool:
    """Whether the way leads to several regions: to begin with one of them would be a guess."""
    return len({one.region for one in way.routes}) > 1


def _which_region(county: County) -> str:
    settled = "the member's ZIP code, or the region on the card (member.kp_region), decides where to refer"
    return f"{county.name} County is split between two regions: {settled}."


def instead_of_sending(door: Door, policy: Policy) -> Iterator[str]:
    """What to find out before a referral can be sent: where it is the plan, those of the county with their phones."""
    county, plan = door.county, door.membership.plan
    if county is None:
        yield GIVE_COUNTY if plan else _which_plan(policy, door)
    elif plan and not door.plan and county.name in policy.plans[plan].works_for:
        yield _which_plan(policy, door)
    elif not door.plan:
        other = plan or door.membership.ruled_out
        known = f"{policy.plans[plan].name} does not serve {county.name} County. " if plan else ""
        yield f"{known}Which plan is on the card?"
        yield from (policy.to_call(one, county) for one in plans_of(county) if one != other)
        yield f"Without a card, {policy.call_to_choose()}."
    elif any(_is_split(policy.way_to(door.plan, county, program, door.region)) for program in THREE_PROGRAMS):
        yield _which_region(county)
    else:
        yield "No way to refer is known: call the number on the member's card."


def _which_plan(policy: Policy, door: Door) -> str:
    """What to do for somebody whose plan is not known, or does not serve the county."""
    county, plan, ruled_out = door.county, door.membership.plan, door.membership.ruled_out
    if county is None:
        asked = "Refer through the member's own plan." if ruled_out else "Which plan is on the card?"
        return f"{asked} Give the county to see its plans and their phones, or {policy.call_to_choose()}."
    if plan:
        name = policy.plans[plan].name
        return f"{name} does not serve {county.name} County: {policy.not_served(plan, county)}."
    if ruled_out:
        words = policy.own_plan(county, ruled_out)
        return f"{words[0].upper()}{words[1:]}."
    return policy.plan_not_said(county)


def phone_line(route: Route, policy: Policy) -> str:
    """Whom to call, and when."""
    name = policy.plans[route.plan].name
    region = f", {policy.regions[route.region].name}" if route.region else ""
    tty, hours = f" (TTY {route.tty})" if route.tty else "", f", {route.hours}" if route.hours else ""
    return f"Call {name}{region}: {route.address}{tty}{hours}".rstrip(".") + "."  # hours may end with "p.m."


def contact_line(contact: Contact) -> str:
    """A contact on one line: name, phone, e-mail, what for."""
    ways = ", ".join(way for way in (contact.phone, contact.email) if way)
    return f"{contact.name}: {ways}. {contact.purpose}"
