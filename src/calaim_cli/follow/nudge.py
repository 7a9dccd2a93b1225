"""A reminder to a plan of a referral, by the way that it took: with our reference, and without the member."""

from __future__ import annotations

from datetime import date

from calaim_cli.base.errors import InputError
from calaim_cli.case.case import Profile
from calaim_cli.decide.follow_up import Story, clocks_of, lines_to_ask, route_of
from calaim_cli.draft.body import us_date, wrapped
from calaim_cli.draft.message import Draft, tagged
from calaim_cli.policy.follow_up import SENT
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.routes import Channel, lines


def reminder(story: Story, profile: Profile, policy: Policy, as_of: date) -> Draft:
    """The reminder of a referral; a sheet, without recipients and subject, where the plan takes no e-mail.

    Raises InputError for one that was not sent, whose plan owes no answer, or whose plan the data do not have.
    """
    sent = next((step.day for step in reversed(story.steps) if step.status == SENT), None)
    plan, data = policy.plans.get(story.plan), policy.follow_up_file
    if sent is None or plan is None:
        why = "was not sent yet, so there is nothing to remind the plan of" if plan else "its plan is not in the data"
        raise InputError(f"{story.reference}: {why}", code="not-sent")
    status = data.statuses.get(story.last.status)
    owed = any(due.clock.asks_plan and not due.clock.own for due in clocks_of(story, as_of, policy))
    if status and status.instead and not owed:
        instead = status.instead.replace("REF", story.reference)
        raise InputError(f"{story.reference}: {status.name} since {story.last.day}: {instead}", code="nothing-owed")
    to, subject = _recipient(story, profile, policy)
    if to:
        goes = [f"Send to: {to}"]
    else:
        route = route_of(story.route, policy)
        ways = [route] if route and route.takes_referrals else lines_to_ask(plan.id, story.route, policy)
        goes = [f"Plan: {plan.name}", *(line for way in ways for line in wrapped(next(lines(way)), "  ", "    "))]
    values = {"plan": plan.name, "day": us_date(sent), "reference": story.reference}
    values["program"] = policy.name_of(story.program)
    body = [data.nudge.title, "", f"Date: {us_date(as_of)}", *goes, ""]
    body += [line for said in data.nudge.lines for line in wrapped(said.format(**values))]
    own = profile.referrer
    body += ["", *filter(None, (own.name, own.organization, own.phone, own.email))]
    return tagged((to,) if to else (), subject, "".join(f"{line}\n" for line in body), profile.secure_email)


def _recipient(story: Story, profile: Profile, policy: Policy) -> tuple[str, str]:
    """The mailbox that the referral went to, with the exact subject of its route; empty where it went another way."""
    route, entity = route_of(story.route, policy), profile.network_lead_entity
    if route is None or (route.channel is not Channel.EMAIL and not route.own_organization):
        return "", ""
    of_plan = [route, *(one for one in policy.routes_file.route if one.plan == route.plan)]
    subject = next((one.subject[story.program] for one in of_plan if story.program in one.subject), "")
    address = (entity.email if entity else "") if route.own_organization else route.address
    return (address, subject) if address and subject else ("", "")
