"""What a ledger holds, for a person, a script and a spreadsheet. No member is in any of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from calaim_cli.base.wording import counted, one_of
from calaim_cli.decide import follow_up
from calaim_cli.decide.advice import contact_line, phone_line
from calaim_cli.decide.follow_up import Due, Step, Story, Waiting
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.routes import lines
from calaim_cli.show.blocks import DOUBT, PLAIN, Fact, Heading, Points, Table, View
from calaim_cli.show.documents import Document

COLUMNS = ("reference", "label", "plan", "program", "status", "since", "when", "what")
CSV_COLUMNS = (
    *("reference", "label", "plan", "program", "services", "expedited", "drafted", "status", "status_date"),
    *("closing_reason", "until"),
)
COUNTED = ("plan", "status", "closing_reason", "count")
ASK_NOW = "ask now"


def list_view(found: Sequence[Waiting], policy: Policy) -> View:
    """The referrals, a row each, those to ask about first."""
    now = sum(one.ask_now for one in found)
    title = Heading(f"{counted(len(found), 'referral')}, {now} to ask about now")
    ways: dict[tuple[str, str], tuple[str, str]] = {}
    return (title, Table(COLUMNS, tuple([_row(one, ways, policy) for one in found])))


def _row(one: Waiting, ways: dict[tuple[str, str], tuple[str, str]], policy: Policy) -> tuple[str, ...]:
    """A row of the list; `ways` has by plan and route what the plan promises, and whom to call."""
    (story, dues), last = one, one.story.steps[-1]
    program = " ".join((story.program, *story.services)) if story.services else story.program
    named = (story.reference, story.label, story.plan, program, last.status, last.day.isoformat())
    if not dues:
        return (*named, "", "")
    due, more = dues[0], "".join([f"; {follow_up.words_of(each, story)}" for each in dues[1:]]) if len(dues) > 1 else ""
    said = follow_up.words_of(due, story)
    if not due.ask_now:
        return (*named, f"by {due.last_day.isoformat()}", said)
    if not due.clock.asks_plan:
        return (*named, ASK_NOW, f"{said}{more}")
    key = (story.plan, story.route)
    if key not in ways:
        phones = dict.fromkeys(line.address for line in follow_up.lines_to_ask(story, policy))
        own = follow_up.promise_of(story, policy)
        promised = f" The plan itself says: {own}." if own else ""
        ways[key] = (promised, f" Call {one_of(phones)}." if phones else "")
    promised, call = ways[key]
    return (*named, ASK_NOW, f"{said}{promised if due.clock.promise else ''}{call}{more}")


def _promise(story: Story, due: Due, policy: Policy) -> str:
    return follow_up.promise_of(story, policy) if due.clock.promise else ""


def _whom_to_ask(story: Story, policy: Policy) -> Iterator[str]:
    return (phone_line(one, policy) for one in follow_up.lines_to_ask(story, policy))


def story_view(one: Waiting, as_of: date, policy: Policy) -> View:
    """All of one referral: what it asked for, each step, every clock with its source, whom to ask."""
    story, route = one.story, follow_up.route_of(one.story, policy)
    plan = policy.plans.get(story.plan)
    facts = (
        Heading(f"Referral {story.reference}"),
        Fact("reference", "", story.reference),
        Fact("label", "Your label", story.label),
        Fact("plan", "Plan", plan.name if plan else story.plan, PLAIN, story.plan),
        Fact("program", "Asked for", _asked_for(story, policy), PLAIN, " ".join((story.program, *story.services))),
        Fact("route", "Sent by", next(lines(route)) if route else "", PLAIN, story.route),
        Fact("expedited", "Expedited", "yes" if story.expedited else ""),
        Fact("renewal_month", "Medi-Cal renewal", story.renewal_month),
        Points("step", "What became of it", tuple(_said(step, policy) for step in story.steps)),
        Points(
            "due",
            "What is due",
            tuple(_clock_line(due, story, policy) for due in follow_up.clocks_of(one.story, as_of, policy)),
            DOUBT,
        ),
        Points("known", "Good to know", tuple(_facts(story, policy))),
        Points("call", "Call", tuple(_whom_to_ask(story, policy))),
        *(rights(policy) if _tells_rights(story, policy) else ()),
    )
    return tuple(block for block in facts if getattr(block, "value", True) and getattr(block, "values", True))


def _asked_for(story: Story, policy: Policy) -> str:
    known = {entry.id: entry.name for entry in policy.entries}
    return ", ".join(known.get(one, one) for one in (story.services or (story.program,)))


def _said(step: Step, policy: Policy) -> str:
    data = policy.follow_up_file
    name = data.statuses[step.status].name if step.status in data.statuses else step.status
    reason = f": {data.reasons.get(step.reason, step.reason)} (our words)" if step.reason else ""
    return f"{step.day} {name}{reason}" + (f", until {step.until}" if step.until else "")


def _clock_line(due: Due, story: Story, policy: Policy) -> str:
    clock = due.clock
    said = f"{ASK_NOW if due.ask_now else f'by {due.last_day}'}: {follow_up.words_of(due, story)}"
    own = f" The plan itself says: {promise}." if (promise := _promise(story, due, policy)) else ""
    cited = f"{policy.cite(clock.source)}; grade {clock.grade}" if clock.source else ""
    return f"{said} [{'; '.join(filter(None, ('our own reminder' if clock.own else '', cited)))}]{own}"


def _facts(story: Story, policy: Policy) -> Iterator[str]:
    for one in policy.follow_up_file.fact:
        if story.last.status in one.at and (not one.programs or story.program in one.programs):
            yield f"{one.text} [{policy.cite(one.source)}; grade {one.grade}]"


def _tells_rights(story: Story, policy: Policy) -> bool:
    status = policy.follow_up_file.statuses.get(story.last.status)
    return status is not None and status.tells_rights


def rights_view(stories: Iterable[Story], policy: Policy) -> View:
    """What a member may do, where a plan has said no to one of these."""
    return tuple(rights(policy)) if any(_tells_rights(one, policy) for one in stories) else ()


def rights(policy: Policy) -> Iterator[Heading | Points]:
    """What a member may do when the plan says no, and who helps."""
    contacts = {one.id: one for one in policy.counties_file.contact}
    yield Heading("When the plan says no")
    for one in policy.follow_up_file.right:
        cited = f"[{policy.cite(one.source)}; grade {one.grade}]"
        if not one.call:
            yield Points("right", "The member's right", (f"{one.text} {cited}",))
        else:
            yield Points("help", one.text.rstrip(":"), tuple(contact_line(contacts[name]) for name in one.call))


def counts_view(stories: Iterable[Story]) -> View:
    """How many there are by plan, status and closing reason."""
    rows = tuple(tuple(map(str, row)) for row in follow_up.counts(stories))
    return (Heading("Referrals by plan, status and closing reason"), Table(COUNTED, rows))


def csv_rows(found: Iterable[Story]) -> Iterator[tuple[str, ...]]:
    """The rows of a spreadsheet, to join with a plan's own list."""
    yield CSV_COLUMNS
    for one in found:
        last = one.last
        asked = (one.plan, one.program, ";".join(one.services), "yes" if one.expedited else "no")
        until = last.until.isoformat() if last.until else ""
        days = (one.steps[0].day.isoformat(), last.status, last.day.isoformat(), last.reason, until)
        yield one.reference, one.label, *asked, *days


def referrals_document(found: Sequence[Waiting], as_of: date, policy: Policy) -> Document:
    """Referrals with their steps and clocks, and how many there are of each kind, as `calaim.referrals/1`."""
    return {
        "schema": "calaim.referrals/1",
        "as_of": as_of.isoformat(),
        "referrals": [_story(one, as_of, policy) for one in found],
        "counts": [
            dict(zip(COUNTED, (plan, status, reason or None, number), strict=True))
            for plan, status, reason, number in follow_up.counts(one.story for one in found)
        ],
        "edition": policy.edition,
        "warnings": [],
    }


def _story(one: Waiting, as_of: date, policy: Policy) -> Document:
    story = one.story
    return {
        "reference": story.reference,
        "label": story.label or None,
        "plan": story.plan,
        "program": story.program,
        "services": [*story.services],
        "route": story.route or None,
        "expedited": story.expedited,
        "renewal_month": story.renewal_month or None,
        "status": story.last.status,
        "status_on": story.last.day.isoformat(),
        "open": follow_up.is_open(story, policy.follow_up_file),
        "ask_now": one.ask_now,
        "due": [_due(due, story, policy) for due in follow_up.clocks_of(one.story, as_of, policy)],
        "call": [line.address for line in follow_up.lines_to_ask(story, policy)],
        "steps": [
            {
                "status": step.status,
                "on": step.day.isoformat(),
                "closing_reason": step.reason or None,
                "until": step.until.isoformat() if step.until else None,
            }
            for step in story.steps
        ],
    }


def _due(due: Due, story: Story, policy: Policy) -> Document:
    clock = due.clock
    return {
        "id": clock.id,
        "last_day": due.last_day.isoformat(),
        "ask_now": due.ask_now,
        "text": follow_up.words_of(due, story),
        "own": clock.own,
        "source": policy.cite(clock.source) or None,
        "grade": clock.grade,
        "promise": _promise(story, due, policy) or None,
    }
