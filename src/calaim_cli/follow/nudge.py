"""A reminder to a plan of a referral, by the way that it took: with our reference, and without the member."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from calaim_cli.base.errors import InputError
from calaim_cli.case.case import Profile
from calaim_cli.decide.follow_up import Story, clocks_of, lines_to_ask, route_of, sent_on
from calaim_cli.draft.body import us_date, wrapped
from calaim_cli.draft.message import Draft
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.routes import Channel, Route, lines


def reminder(story: Story, profile: Profile, policy: Policy, as_of: date) -> Draft:
    """The reminder of a referral; a sheet, without recipients and subject, where the plan takes no e-mail.

    Raises InputError for one that was not sent, whose plan owes no answer, or whose plan the data do not have.
    """
    sent, plan = sent_on(story), policy.plans.get(story.plan)
    if sent is None or plan is None:
        why = "was not sent yet, so there is nothing to remind of" if plan else "its plan is not in the data"
        raise InputError(f"{story.reference}: {why}", code="not-sent")
    status = policy.follow_up_file.statuses.get(story.last.status)
    owed = any(due.clock.asks_plan and not due.clock.own for due in clocks_of(story, as_of, policy))
    if status and status.instead and not owed:
        instead = status.instead.replace("REF", story.reference)
        raise InputError(f"{story.reference}: {status.name} since {story.last.day}: {instead}", code="nothing-owed")
    to, subject = _recipient(story, profile, policy)
    values = {"plan": plan.name, "day": us_date(sent), "reference": story.reference}
    values["program"] = policy.name_of(story.program)
    words = policy.follow_up_file.nudge
    body = [words.title, "", f"Date: {us_date(as_of)}", *([f"Send to: {to}"] if to else _ways(story, policy)), ""]
    body += [line for said in words.lines for line in wrapped(said.format(**values))]
    own = profile.referrer
    body += ["", *filter(None, (own.name, own.organization, own.phone, own.email))]
    secure = profile.secure_email
    extra = (secure.header, secure.text) if to and secure.secure_tag == "header" else None
    tag = secure.body_line() if to else ""
    return Draft((to,) if to else (), subject, tag + "".join(f"{line}\n" for line in body), extra)


def _recipient(story: Story, profile: Profile, policy: Policy) -> tuple[str, str]:
    """The mailbox that the referral went to, with the exact subject of its route; empty where it went another way."""
    route = route_of(story, policy)
    if route is None or (route.channel is not Channel.EMAIL and not route.own_organization):
        return "", ""
    of_plan = [route, *(one for one in policy.routes_file.route if one.plan == route.plan)]
    subject = next((one.subject[story.program] for one in of_plan if story.program in one.subject), "")
    entity = profile.network_lead_entity
    address = (entity.email if entity else "") if route.own_organization else route.address
    return (address, subject) if address and subject else ("", "")


def _ways(story: Story, policy: Policy) -> Iterator[str]:
    """How the plan is reached: the way that the referral took, else its phone lines."""
    route = route_of(story, policy)
    ways: list[Route] = [route] if route and route.takes_referrals else [*lines_to_ask(story, policy)]
    yield f"Plan: {policy.plans[story.plan].name}"
    for one in ways:
        yield from wrapped(next(lines(one)), "  ", "    ")
