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
    return (title, Table(COLUMNS, tuple([_row(one, policy) for one in found])))


def _row(one: Waiting, policy: Policy) -> tuple[str, ...]:
    story, last = one.story, one.story.last
    program = " ".join((story.program, *story.services))
    named = (story.reference, story.label, story.plan, program, last.status, last.day.isoformat())
    if not one.dues:
        return (*named, "", "")
    due, *others = one.dues
    said = follow_up.words_of(due, story)
    if not due.ask_now:
        return (*named, f"by {due.last_day}", said)
    if due.clock.asks_plan:
        phones = dict.fromkeys(line.address for line in follow_up.lines_to_ask(story.plan, story.route, policy))
        said += _promised(due, story, policy) + (f" Call {one_of(phones)}." if phones else "")
    return (*named, ASK_NOW, "; ".join([said, *(follow_up.words_of(each, story) for each in others)]))


def _promised(due: Due, story: Story, policy: Policy) -> str:
    promise = follow_up.promise_of(due, story, policy)
    return f" The plan itself says: {promise}." if promise else ""


def story_view(one: Waiting, as_of: date, policy: Policy) -> View:
    """All of one referral: what it asked for, each step, every clock with its source, whom to ask."""
    story, last = one.story, one.story.last
    route, plan = follow_up.route_of(story.route, policy), policy.plans.get(story.plan)
    names = {entry.id: entry.name for entry in policy.entries}
    asked_for = ", ".join(names.get(asked, asked) for asked in story.services or (story.program,))
    facts = [
        f"{fact.text} [{policy.cite(fact.source)}; grade {fact.grade}]"
        for fact in policy.follow_up_file.fact
        if last.status in fact.at and (not fact.programs or story.program in fact.programs)
    ]
    clocks = tuple(_clock_line(due, story, policy) for due in follow_up.clocks_of(story, as_of, policy))
    lines_to_ask = follow_up.lines_to_ask(story.plan, story.route, policy)
    blocks = (
        Heading(f"Referral {story.reference}"),
        Fact("reference", "", story.reference),
        Fact("label", "Your label", story.label),
        Fact("plan", "Plan", plan.name if plan else story.plan, PLAIN, story.plan),
        Fact("program", "Asked for", asked_for, PLAIN, " ".join((story.program, *story.services))),
        Fact("route", "Sent by", next(lines(route)) if route else "", PLAIN, story.route),
        Fact("expedited", "Expedited", "yes" if story.expedited else ""),
        Fact("renewal_month", "Medi-Cal renewal", story.renewal_month),
        Points("step", "What became of it", tuple(_step_line(step, policy) for step in story.steps)),
        Points("due", "What is due", clocks, DOUBT),
        Points("known", "Good to know", tuple(facts)),
        Points("call", "Call", tuple(phone_line(line, policy) for line in lines_to_ask)),
        *rights_view([story], policy),
    )
    return tuple(block for block in blocks if getattr(block, "value", True) and getattr(block, "values", True))


def _step_line(step: Step, policy: Policy) -> str:
    data = policy.follow_up_file
    name = data.statuses[step.status].name if step.status in data.statuses else step.status
    reason = f": {data.reasons.get(step.reason, step.reason)} (our words)" if step.reason else ""
    return f"{step.day} {name}{reason}" + (f", until {step.until}" if step.until else "")


def _clock_line(due: Due, story: Story, policy: Policy) -> str:
    clock = due.clock
    said = f"{ASK_NOW if due.ask_now else f'by {due.last_day}'}: {follow_up.words_of(due, story)}"
    cited = f"{policy.cite(clock.source)}; grade {clock.grade}" if clock.source else ""
    rests_on = "; ".join(filter(None, ("our own reminder" if clock.own else "", cited)))
    return f"{said} [{rests_on}]{_promised(due, story, policy)}"


def rights_view(stories: Iterable[Story], policy: Policy) -> View:
    """What a member may do, and who helps, where a plan has said no to one of these."""
    says_no = {one.id for one in policy.follow_up_file.status if one.tells_rights}
    if says_no.isdisjoint(one.last.status for one in stories):
        return ()
    contacts = {one.id: one for one in policy.counties_file.contact}
    view: list[Heading | Points] = [Heading("When the plan says no")]
    for right in policy.follow_up_file.right:
        if right.call:
            helping = tuple(contact_line(contacts[name]) for name in right.call)
            view.append(Points("help", right.text.rstrip(":"), helping))
        else:
            cited = f"[{policy.cite(right.source)}; grade {right.grade}]"
            view.append(Points("right", "The member's right", (f"{right.text} {cited}",)))
    return tuple(view)


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
        "due": [
            {
                "id": due.clock.id,
                "last_day": due.last_day.isoformat(),
                "ask_now": due.ask_now,
                "text": follow_up.words_of(due, story),
                "own": due.clock.own,
                "source": policy.cite(due.clock.source) or None,
                "grade": due.clock.grade,
                "promise": follow_up.promise_of(due, story, policy) or None,
            }
            for due in follow_up.clocks_of(story, as_of, policy)
        ],
        "call": [line.address for line in follow_up.lines_to_ask(story.plan, story.route, policy)],
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
