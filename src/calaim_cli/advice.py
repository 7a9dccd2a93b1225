"""Floor 4: what to do with a determination: next steps, notes, and whom to call, in words a member can hear."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from calaim_cli.determination import Determination
from calaim_cli.places import Contact, County, Region
from calaim_cli.policy import Policy
from calaim_cli.programs import Gate, Outcome
from calaim_cli.rules import Rule, criteria_of

GATES = ("excluded", "choose_one", "first", "limit")
REFER_NOW = frozenset({Outcome.LIKELY, Outcome.PLAN_DISCRETION})


class Advice(Struct, frozen=True):
    """What goes with a determination. `offered` is None where it is not known or not a matter of counties."""

    offered: bool | None
    next_steps: tuple[str, ...]
    notes: tuple[str, ...]


def advise(determination: Determination, catalog: Policy, county: County | None) -> Advice:
    """Next steps and notes for one determination, for a member of Kaiser Permanente in `county`."""
    subject = determination.subject
    offered = catalog.offered(subject.service, county) if subject.service else None
    return Advice(
        offered,
        tuple(dict.fromkeys(_next_steps(determination, catalog, county, offered))),
        tuple(dict.fromkeys(_notes(determination, catalog, county))),
    )


def _next_steps(
    determination: Determination, catalog: Policy, county: County | None, offered: bool | None
) -> Iterator[str]:
    entry, outcome = determination.subject.entry, determination.outcome
    yield from _said_by_gates(determination)
    yield from entry.next.get(outcome, catalog.outcomes[outcome].next)
    if outcome in REFER_NOW and determination.subject.population is None:
        yield from _where_to(determination, catalog, county, offered)
    if outcome in REFER_NOW or determination.subject.population is None:
        yield from (contact_line(one) for one in _contacts(determination, catalog) if outcome is not Outcome.UNLIKELY)


def _said_by_gates(determination: Determination) -> Iterator[str]:
    """The sentences of the gates that decided: why a choice, a step or a limit stands in the way."""
    stands = {
        "excluded": determination.outcome is Outcome.UNLIKELY,
        "choose_one": determination.outcome is Outcome.CHOOSE_ONE,
        "first": determination.outcome is Outcome.NOT_YET,
        "limit": determination.outcome is Outcome.PLAN_DISCRETION,
    }
    for part in GATES:
        decided = {reason.criterion for reason in determination.because if reason.part == part}
        if stands[part] and decided:
            gates = _gates(determination.subject.parts[part])
            yield from (gate.say for gate in gates if not decided.isdisjoint(criteria_of(gate)))


def _gates(rule: Rule) -> Iterator[Gate]:
    """The gates that a part of the policy is made of: a service may be closed by its own and by its program's."""
    if isinstance(rule, Gate):
        yield rule
    else:
        yield from (gate for part in rule.any_of if isinstance(part, Rule) for gate in _gates(part))


def _where_to(
    determination: Determination, catalog: Policy, county: County | None, offered: bool | None
) -> Iterator[str]:
    if county is None:
        yield "Give the county to see where the referral goes."
        return
    if county.kp is None:
        plans = ", ".join(catalog.plans[plan].name for plan in county.plans)
        yield f"Kaiser Permanente does not serve {county.name} County: refer through the member's own plan ({plans})."
        return
    region = catalog.regions.get(county.kp.region or "")
    if offered is False:
        as_of = catalog.availability[determination.subject.service or ""].as_of
        yield f"Not offered by Kaiser Permanente in {county.name} County as of {as_of}: call to confirm."
    elif region and determination.subject.entry.by_email:
        yield f"Refer: 'calaim refer CASE' writes the draft to Kaiser Permanente, {region.name}."
    if region:
        yield phone_line(region)
    else:
        yield f"{county.name} County is split between two regions: the member's ZIP code decides where to refer."


def phone_line(region: Region) -> str:
    """Whom to call in a region, and when."""
    return f"Call Kaiser Permanente, {region.name}: {region.phone} (TTY {region.tty}), {region.hours}."


def contact_line(contact: Contact) -> str:
    """A contact on one line: name, phone, e-mail, what for."""
    ways = ", ".join(way for way in (contact.phone, contact.email) if way)
    return f"{contact.name}: {ways}. {contact.purpose}"


def _contacts(determination: Determination, catalog: Policy) -> Iterator[Contact]:
    subject = determination.subject
    ids = {subject.population, subject.service, subject.program}
    return (contact for contact in catalog.counties_file.contact if ids.intersection(contact.touches))


def _notes(determination: Determination, catalog: Policy, county: County | None) -> Iterator[str]:
    subject = determination.subject
    yield from subject.entry.notes
    if county is not None and county.kp is not None and subject.service:
        availability = catalog.availability.get(subject.service)
        if availability and availability.note:
            yield availability.note
    for conflict in catalog.conflicts_of(subject.entry.id):
        yield f"Sources differ. {conflict.matter}: {conflict.older} {conflict.newer}"
