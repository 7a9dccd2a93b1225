"""What to do with a determination: next steps, notes, and whom to call, in words a member can hear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from calaim_cli.decide.determination import Determination
from calaim_cli.policy.places import KP, Contact, County, Region
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Gate, Outcome
from calaim_cli.policy.rules import Rule, criteria_of

# What comes of each gate that decides: an exclusion, a choice, a step or a limit.
GATES = {
    "excluded": Outcome.UNLIKELY,
    "choose_one": Outcome.CHOOSE_ONE,
    "first": Outcome.NOT_YET,
    "limit": Outcome.PLAN_DISCRETION,
}
REFER_NOW = frozenset({Outcome.LIKELY, Outcome.PLAN_DISCRETION})


class Advice(Struct, frozen=True):
    """What goes with a determination."""

    offered: bool | None  # by the member's own plan; None where not known, or not a matter of counties
    next_steps: tuple[str, ...]
    notes: tuple[str, ...]


def advise(determination: Determination, policy: Policy, county: County | None, *, kp_member: bool | None) -> Advice:
    """Next steps and notes for one determination in `county`; `kp_member` is None where nobody has said."""
    subject = determination.subject
    # What is Kaiser Permanente's own is told to its members alone, and in no county that it does not serve.
    plan = KP if kp_member and (county is None or county.kp) else ""
    offered = policy.offered(subject.service, county) if plan and subject.service else None
    where = _where_in_kp(determination, policy, county) if plan else _where_else(policy, county, kp_member)
    return Advice(
        offered,
        tuple(dict.fromkeys(_next_steps(determination, policy, plan, where))),
        tuple(dict.fromkeys(_notes(determination, policy, plan, county))),
    )


def _next_steps(determination: Determination, policy: Policy, plan: str, where: Iterable[str]) -> Iterator[str]:
    """`plan` is "" where the member's own is not known: whatever is some plan's own is then left out."""
    subject, outcome = determination.subject, determination.outcome
    yield from _said_by_gates(determination)
    yield from subject.entry.next.get(outcome, policy.outcomes[outcome].next)
    if subject.population is None and (outcome in REFER_NOW or (not plan and outcome is Outcome.NEED_ANSWERS)):
        yield from where
    if outcome in REFER_NOW or (subject.population is None and outcome is not Outcome.UNLIKELY):
        ids = {subject.population, subject.service, subject.program}
        told = [one for one in policy.counties_file.contact if one.plan in {"", plan}]
        yield from (contact_line(one) for one in told if ids.intersection(one.touches))


def _said_by_gates(determination: Determination) -> Iterator[str]:
    part = next((part for part, outcome in GATES.items() if outcome is determination.outcome), "")
    decided = {reason.criterion for reason in determination.because if reason.part == part}
    if decided:
        gates = _gates(determination.subject.parts[part])
        yield from (gate.say for gate in gates if not decided.isdisjoint(criteria_of(gate)))


def _gates(rule: Rule) -> Iterator[Gate]:
    """The gates that a part of the policy is made of: a service may be closed by its own and by its program's."""
    if isinstance(rule, Gate):
        yield rule
    else:
        yield from (gate for part in rule.any_of if isinstance(part, Rule) for gate in _gates(part))


def _where_in_kp(determination: Determination, policy: Policy, county: County | None) -> Iterator[str]:
    if county is None or county.kp is None:
        yield "Give the county to see where the referral goes."
        return
    region = policy.regions.get(county.kp.region or "")
    if policy.offered(determination.subject.service or "", county) is False:
        as_of = policy.availability[determination.subject.service or ""].as_of
        yield f"Not offered by Kaiser Permanente in {county.name} County as of {as_of}: call to confirm."
    elif region and determination.subject.entry.by_email:
        yield f"Refer: 'calaim refer CASE' writes the draft to Kaiser Permanente, {region.name}."
    if region:
        yield phone_line(region)
    else:
        yield f"{county.name} County is split between two regions: the member's ZIP code decides where to refer."


def _where_else(policy: Policy, county: County | None, kp_member: bool | None) -> Iterator[str]:
    """Where to refer somebody who is not known to be a member of Kaiser Permanente in a county that it serves."""
    if county is None:
        asked = "Which plan is on the card?" if kp_member is None else "Refer through the member's own plan."
        yield f"{asked} Give the county to see its plans and their phones."
    elif kp_member is None:
        yield policy.plan_not_said(county)
    elif kp_member:
        yield f"Kaiser Permanente does not serve {county.name} County: {policy.own_plan(county)}."
    else:
        words = policy.own_plan(county)
        yield f"{words[0].upper()}{words[1:]}."


def phone_line(region: Region) -> str:
    """Whom to call in a region, and when."""
    return f"Call Kaiser Permanente, {region.name}: {region.phone} (TTY {region.tty}), {region.hours}."


def contact_line(contact: Contact) -> str:
    """A contact on one line: name, phone, e-mail, what for."""
    ways = ", ".join(way for way in (contact.phone, contact.email) if way)
    return f"{contact.name}: {ways}. {contact.purpose}"


def _notes(determination: Determination, policy: Policy, plan: str, county: County | None) -> Iterator[str]:
    subject = determination.subject
    yield from subject.entry.notes
    if plan and county is not None and subject.service:
        availability = policy.availability.get(subject.service)
        if availability and availability.note:
            yield availability.note
    for conflict in policy.conflicts_of(subject.entry.id):
        if conflict.plan in {"", plan}:
            yield f"Sources differ. {conflict.matter}: {conflict.older} {conflict.newer}"
