"""Look-ups and results that a person reads, as blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from calaim_cli.base.wording import counted
from calaim_cli.decide.advice import GATES, Advice, Send, contact_line, phone_line
from calaim_cli.decide.determination import Determination
from calaim_cli.policy import dates
from calaim_cli.policy.places import KP, Contact, County, Place, Plan, city_in_words, plans_of
from calaim_cli.policy.policy import Policy, offered_in
from calaim_cli.policy.programs import THREE_PROGRAMS, Outcome, Program, Source, age_in_months, rules_of, subject_id
from calaim_cli.policy.questions import DONT_KNOW, Kind, Question, answered_by
from calaim_cli.policy.routes import Channel, OfferKind, Route, lines
from calaim_cli.policy.rules import Rule
from calaim_cli.show.blocks import BAD, DOUBT, GOOD, PLAIN, Block, Fact, Heading, Items, Points, Table, View

if TYPE_CHECKING:  # a look-up decides no case
    from calaim_cli.decide.diff import Change, Shift
    from calaim_cli.decide.screening import Decided

OFFERED = {True: "yes", False: "no", None: "not known: ask the member's plan"}
TONES = dict.fromkeys(Outcome, DOUBT) | {Outcome.LIKELY: GOOD, Outcome.UNLIKELY: BAD}


def _view(*blocks: Block) -> View:
    """The blocks that have something to say."""
    return tuple(block for block in blocks if getattr(block, "value", True) and getattr(block, "values", True))


def county_view(place: Place, policy: Policy) -> View:
    """The county: where to send, whom to call, what is not offered, what is, and which other plans there are."""
    county = place.county
    plans: list[Block] = []
    for plan in (policy.plans[one] for one in county.plans):
        routes = policy.way_to(plan.id, county, "ecm").routes
        asked = next(lines(routes[0])) if routes else f"for ECM {NO_ROUTE}"
        plans.append(Fact("plan", "Other plan" if county.kp else "Plan", f"{plan.name}: {asked}"))
        plans.append(Fact("plan_offers", "Offers", _offers_there(plan, county, policy)))
        # The note of a plan that works for another in some county is about that county.
        plans.append(Fact("plan_note", "Note", "" if plan.works_for.keys() - {county.name} else plan.note))
    return _view(
        Heading(f"{county.name} County, California (FIPS code {county.fips})"),
        Fact("county", "", county.name),
        Fact("fips", "", county.fips),
        Fact("zip", "ZIP code", place.zip),
        Fact("city", "City", city_in_words(place)),
        Fact("note", "Note", county.note),
        *_kp_blocks(county, policy),
        *([Heading("If the card says another plan")] if county.kp else []),
        *plans,
        Heading("If there is no card, or to choose or change a plan"),
        *(
            Fact("contact", one.name, f"{one.purpose}: {_ways(one)}", PLAIN, f"{one.name}: {_ways(one)}")
            for one in policy.counties_file.contact
            if one.for_counties and (not one.plan or one.plan in plans_of(county))
        ),
        *_conflicts(county.name, policy),
        Fact("edition", "Data edition", policy.edition),
    )


def _offers_there(plan: Plan, county: County, policy: Policy) -> str:
    """How many services the plan offers in the county by a list of its own; "" where it has none."""
    kind, total = policy.offers[plan.id].kind, len(policy.services)
    many = sum(policy.offered(plan.id, one, county) is True for one in policy.services)
    if kind is OfferKind.UNKNOWN:
        return ""
    known = f"at least {many}" if kind is OfferKind.AT_LEAST else str(many)
    return f"{known} of {total} Community Supports: see 'calaim plan {plan.id}'"


NO_ROUTE = "no way to refer is known: call the number on the member's card"


def _kp_blocks(county: County, policy: Policy) -> Iterator[Block]:
    presence, name = county.kp, policy.plans[KP].name
    if presence is None:
        yield Fact("kp_served", name, "does not serve this county: refer through the member's own plan", BAD, "no")
        return
    yield Heading(f"If the card says {name}")
    words = "has Medi-Cal members here; the card shows whether this member is one"
    yield Fact("kp_served", name, words, GOOD, "yes")
    lines_there = policy.lines_of(KP, county)
    if presence.region is None:
        # One of several mailboxes would be a guess: a split county's own ZIP codes decide, and else its plan.
        split = tuple(f"{code} {policy.regions[one].name}" for code, one in presence.by_zip.items())
        yield Items("by_zip", "Region by ZIP code", (*split, "any other ZIP code: not known, ask the plan"), DOUBT)
        yield Points("call", "Call", tuple(phone_line(one, policy) for one in lines_there))
    else:
        region = policy.regions[presence.region]
        yield Fact("region", "Region", region.name, PLAIN, region.id)
        mailboxes = [one for one in policy.way_to(KP, county, "ecm").routes if one.channel is Channel.EMAIL]
        for mailbox in mailboxes:
            yield Fact("email", "Send to", mailbox.address, GOOD)
            yield Items("subject", "With the subject", tuple(mailbox.subject[one] for one in THREE_PROGRAMS))
        for line in lines_there:
            yield Fact("phone", "Call", f"{line.address} (TTY {line.tty}), {line.hours}", GOOD, line.address)
        yield Fact("source", "Source", policy.cite((mailboxes or lines_there)[0].source))
    yield Fact("warning", "Take care", presence.warning, DOUBT)
    yield Fact("kp_note", "Area", presence.note)
    services = policy.programs_file.service
    # The oldest date holds for all of them.
    dated = "as of " + min(policy.listed(KP, one).as_of for one in services)
    offered, missing = (
        tuple(one.name for one in services if policy.offered(KP, one.id, county) is there) for there in (True, False)
    )
    yield Items("not_offered", f"Not offered ({dated}; call to confirm)", missing, BAD)
    yield Items("offered", f"Offered ({len(offered)} of {len(services)} Community Supports)", offered, GOOD)


def _ways(contact: Contact) -> str:
    """How a contact is reached, and when."""
    phone = f"{contact.phone} (TTY {contact.tty})" if contact.phone and contact.tty else contact.phone
    return ", ".join(filter(None, (phone, contact.email, contact.hours, contact.website)))


def _conflicts(name: str, policy: Policy) -> Iterator[Fact]:
    # Both sides, always: which of two sources is right is not ours to say.
    for conflict in policy.conflicts_of(name):
        yield Fact("conflict", "Sources differ", f"{conflict.matter}: {conflict.older} {conflict.newer}", DOUBT)


def counties_view(
    counties: Sequence[County], plan: str, offering: Program | None = None, lacking: Program | None = None
) -> View:
    """A list of counties with region and plans; the heading names the plan's service that all of them have or lack."""
    asked = [f"{word} {one.name}" for word, one in (("with", offering), ("without", lacking)) if one]
    served = f" served by {plan}, {' and '.join(asked)}" if asked else ""
    regions = {county.name: county.kp.region or "by ZIP code" for county in counties if county.kp}
    rows = [(one.name, one.fips, regions.get(one.name, "not served"), ", ".join(plans_of(one))) for one in counties]
    title = Heading(counted(len(rows), "county", "counties") + served)
    return (title, Table(("county", "fips", "kp_region", "plans"), tuple(rows)))


def services_view(services: Sequence[Program], county: County | None, policy: Policy) -> View:
    """The Community Supports: whether offered in the county, or in which counties not."""
    rows = []
    for one in services:
        listed = policy.listed(KP, one)
        words = OFFERED[policy.offered(KP, one.id, county)] if county else _missing_in(one, policy)
        rows.append((one.id, one.name, words, listed.as_of))
    where, third = (f"in {county.name} County", "offered") if county else ("by county", "not_offered_in")
    title = Heading(f"Community Supports of {policy.plans[KP].name} {where}")
    return (title, Table(("id", "name", third, "as_of"), tuple(rows)))


def _missing_in(service: Program, policy: Policy) -> str:
    """The counties of the plan without the service; "-" for none, and not known of a service newer than its list."""
    offered, missing = offered_in(service, policy)
    return ", ".join(missing) or ("-" if offered else OFFERED[None])


def service_view(service: Program, county: County | None, policy: Policy) -> View:
    """One Community Support: what it is, who it is for, limits, documents, codes, where it is offered."""
    listed, plan = policy.listed(KP, service), policy.plans[KP].name
    counties = policy.counties_file.county
    served = [one for one in counties if one.kp]
    offered, missing = offered_in(service, policy)
    others = f"The other {len(counties) - len(served)} of {len(counties)} counties are not served by {plan}"
    groups = (one for one in policy.programs_file.group if one.id == service.group)
    here = OFFERED[policy.offered(KP, service.id, county)] if county else ""
    whose = plan if county and county.kp else f"Offered in {county.name} County" if county else ""
    where: list[Block] = [
        Fact("offered", whose, here),
        *(_offered_by(service, county, policy) if county else ()),
        Items("not_offered_in", f"Not offered in ({len(missing)})", missing, BAD),
        Items("offered_in", f"Offered in ({len(offered)} counties of {plan})", offered, GOOD),
        Fact("not_served", "Elsewhere", f"{others}: ask the member's own plan."),
        Fact("as_of", "As of", f"{listed.as_of} ({policy.cite(listed.source)}); call to confirm"),
        Fact("availability_note", "Note", listed.note, DOUBT),
        *(Fact("group", "Group", f"{one.title}: {one.audience}") for one in groups),
    ]
    return _entry_view("service", service, where, policy)


def _offered_by(service: Program, county: County, policy: Policy) -> Iterator[Fact]:
    """Whether the other plans of the county offer a service, as far as a list of theirs tells."""
    for plan in (one for one in county.plans if policy.offered(one, service.id, county) is not None):
        listed = policy.listed(plan, service)
        cited = f"as of {listed.as_of or 'an undated page'} ({policy.cite(listed.source)}); call to confirm"
        words = f"{OFFERED[policy.offered(plan, service.id, county)]}, {cited}"
        yield Fact(f"offered_by\t{plan}", policy.plans[plan].name, words)


def _entry_view(kind: str, entry: Program, middle: Iterable[Block], policy: Policy) -> View:
    contacts = [one for one in policy.counties_file.contact if entry.id in one.touches]
    return _view(
        Heading(f"{entry.name} ({kind} {entry.id})"),
        Fact(kind, "", entry.id),
        Fact("name", "", entry.name),
        Items("alias", "Also called", entry.aliases),
        Fact("summary", "What it is", entry.summary),
        Points("does", "What it does", entry.does),
        Points("not_covered", "Not covered", entry.not_covered),
        Fact("who", "Who", entry.who),
        *middle,
        *_standing(entry, policy),
        Points("limit", "Limits", entry.limits),
        Points("referral_paper", "Documents for the referral", entry.referral_papers),
        Points("document", "Documents for the authorization, later", entry.documents),
        Points("extension_paper", "Documents to extend it", entry.extension_papers),
        Items("code", f"Codes ({policy.cite(entry.codes_source)})" if entry.codes else "", entry.codes),
        Points("note", "Notes", entry.notes),
        *_facts(entry.id, policy),
        *_conflicts(entry.id, policy),
        *(Fact("contact", "Contact", contact_line(one)) for one in contacts),
        Fact("source", "Source", policy.graded(entry.source)),
        Fact("review_by", "Review by", (entry.review_by or policy.review_by).isoformat()),
    )


AUTHORITY = {
    "state_plan": "the Medicaid state plan",
    "in_lieu": "the plan's contract, in lieu of other services",
    "calaim_1115": "the CalAIM waiver (section 1115)",
    "bh_connect_1115": "the BH-CONNECT waiver (section 1115)",
    "contract": "state law and the plan's contract",
}


def _standing(entry: Program, policy: Policy) -> Iterator[Block]:
    """Since when an entry runs, and what it rests on until when."""
    first, resting = dates.began(entry, policy), dates.allowed(entry, policy)
    if first.starts:
        since = f"{first.starts} [{policy.graded(first.from_source)}]"
        yield Fact("from", "Since", since, PLAIN, first.starts.isoformat())
    if entry.required_from:
        yield Fact("required_from", "Every plan must offer it from", entry.required_from.isoformat())
    if resting.authority:
        until = f"until {resting.authority_until}" if resting.authority_until else "no end date is known"
        cited = f"{policy.cite(resting.authority_source)}; grade {resting.authority_grade}"
        yield Fact("authority", "Based on", f"{AUTHORITY[resting.authority]}, {until} [{cited}]")


def _facts(touched: str, policy: Policy) -> Iterator[Block]:
    yield Points("fact", "Good to know", tuple(dates.fact_line(one, policy) for one in dates.facts_on(touched, policy)))


def calaim_view(policy: Policy) -> View:
    """CalAIM as a whole: what is said from some day on, what is known, since when and on what each program rests."""
    rows = []
    for one in (each for each in policy.entries if each.starts or each.authority):
        first, resting = dates.began(one, policy), dates.allowed(one, policy)
        known = (first.starts, resting.authority, resting.authority_until)
        rows.append((one.id, *(str(cell or "-") for cell in known)))
    said = tuple(f"From {one.starts}: {dates.sourced(one, policy)}" for one in policy.programs_file.notice)
    return _view(
        Heading("CalAIM: how long it lasts, and what is new"),
        Points("notice", "Said with ECM and Community Supports, or by age", said),
        *_facts(dates.WHOLE, policy),
        Table(("id", "from", "authority", "until"), tuple(rows)),
    )


PART_WORDS = {
    "rule": "Rule",
    "discretion": "Plan may decide if",
    "excluded": "Does not go together with",
    "choose_one": "Choose one if",
    "first": "Must come first",
    "limit": "Within the usual limit when",
}
CLAUSE_WORDS = {"all_of": "all of these", "any_of": "any of these", "none_of": "none of these"}


def program_view(kind: str, entry: Program, policy: Policy) -> View:
    """A program, population or service with its rule, criterion by criterion, each with its source."""
    rules = [Points(part, PART_WORDS[part], tuple(_rule_lines(rule, policy))) for part, rule in rules_of(entry).items()]
    return _entry_view(kind, entry, rules, policy)


def _rule_lines(rule: Rule, policy: Policy, indent: str = "") -> Iterator[str]:
    for clause, parts in rule.clauses.items():
        if parts:
            yield f"{indent}{CLAUSE_WORDS[clause]}:"
        for part in parts:
            if isinstance(part, str):
                criterion = policy.criteria[part]
                cited = f"{', '.join(criterion.source)}, grade {policy.grade(criterion.source)}"
                yield f"{indent}  {criterion.text} [{cited}]"
            else:
                yield from _rule_lines(part, policy, f"{indent}  ")


def programs_view(entries: Sequence[tuple[str, Program]]) -> View:
    """Every program, population and service: id, kind, name."""
    return (Table(("id", "kind", "name"), tuple((entry.id, kind, entry.name) for kind, entry in entries)),)


def plans_view(plans: Sequence[Plan], policy: Policy) -> View:
    """All plans: id, name, how many counties, how each is asked for ECM."""
    counties = policy.counties_file.county
    rows = []
    for plan in plans:
        served = [county for county in counties if plan.id in plans_of(county)]
        # Every plan has to offer ECM, so it tells best how a plan is asked.
        routes = [one for one in policy.routes_file.route if one.plan == plan.id and "ecm" in one.programs]
        best = next((next(lines(one)) for one in routes if one.takes_referrals), NO_ROUTE)
        rows.append((plan.id, plan.name, str(len(served)), best))
    return (Heading(f"{len(rows)} Medi-Cal plans"), Table(("id", "name", "counties", "ecm"), tuple(rows)))


PROGRAM_WORDS = {"ecm": "ECM", "cs": "Community Supports", "chw": "CHW"}
OFFER_WORDS = {
    OfferKind.ALL_BUT: "all Community Supports{but}",
    OfferKind.AT_LEAST: "at least {named}; nothing is known about the others",
    OfferKind.UNKNOWN: "not known: ask the plan",
}


def plan_view(plan: Plan, policy: Policy) -> View:
    """One plan: where it serves, its routes with source and date, what it offers, its history, notes and sources."""
    counties = [one.name for one in policy.counties_file.county if plan.id in plans_of(one)]
    offer = policy.offers.get(plan.id)
    facts: list[Block] = []
    if offer:
        named = tuple(policy.services[one].name for one in offer.services)
        but = f" but {', '.join(named)}" if named else ""
        words = OFFER_WORDS[offer.kind].format(but=but, named=", ".join(named))
        facts.append(Fact("offers", f"Offers ({offer.as_of or 'undated'})", words))
        for service, absent in offer.not_in.items():
            facts.append(Items(f"not_offered_in\t{service}", f"{policy.services[service].name}: not in", absent, BAD))
        facts.append(Fact("offers_note", "Note", offer.note, DOUBT))
    routes = [one for one in policy.routes_file.route if one.plan == plan.id]
    history = [f"{one.starts}, {', '.join(one.counties)}: {'; '.join(one.populations)}" for one in plan.history]
    return _view(
        Heading(f"{plan.name} ({plan.id})"),
        Fact("plan", "", plan.id),
        Fact("name", "", plan.name),
        Items("alias", "Also called", plan.aliases),
        Items("county", f"Serves ({len(counties)})", tuple(counties)),
        *(_route_block(one, policy) for one in routes),
        *([] if any(one.takes_referrals for one in routes) else [Fact("no_route", "Refer", NO_ROUTE, DOUBT)]),
        *facts,
        Fact("website", "Website", plan.website),
        Fact("note", "Note", plan.note),
        Points("history", "ECM began", tuple(history)),
        *_conflicts(plan.id, policy),
        *(Fact("contact", "Contact", contact_line(one)) for one in policy.counties_file.contact if one.plan == plan.id),
        Fact("source", "Source", policy.cite(plan.source)),
        Fact("edition", "Data edition", policy.edition),
    )


def _route_block(route: Route, policy: Policy) -> Points:
    """A route with its programs, or as what it is where nothing about a member goes there."""
    region = f", {policy.regions[route.region].name}" if route.region else ""
    where = f" in {', '.join(route.counties)}" if route.counties else ""
    kind, label, tone = "route", ", ".join(PROGRAM_WORDS[one] for one in route.programs), PLAIN
    if not route.takes_referrals:
        kind, label, tone = "question", f"{label}: for questions only, nothing about a member", DOUBT
    subjects = [f"Subject: {subject}" for subject in route.subject.values()]
    cited = f"{policy.cite(route.source)}{'' if route.date else ': verify'}; grade {route.grade}"
    key = f"{kind}\t{route.id}\t{','.join(route.programs)}"
    return Points(key, f"{label}{region}{where}", (*lines(route), *subjects, cited), tone)


def contacts_view(contacts: Sequence[Contact], policy: Policy) -> View:
    """Whom to call: number, TTY, hours, when; those for everybody before those of one plan."""
    blocks: list[Block] = [Heading(f"{len(contacts)} contacts")]
    for one in sorted(contacts, key=lambda one: bool(one.plan)):  # otherwise in the order of the file
        said = " ".join(filter(None, (f"{_ways(one)}: {one.purpose}.", one.note, f"[{policy.cite(one.source)}]")))
        blocks.append(Fact("contact", one.name, said, PLAIN, f"{one.name}: {said}"))
    return tuple(blocks)


REMEMBER = "A screening is not a decision: the plan decides."
WAYS_TO_ANSWER = (
    "Put the answers into the case file, below [answers]: key = true, false, or what the brackets say.",
    (
        "Or be asked: 'calaim interview --from CASE --save CASE' begins with what settles most, and leaves out what no "
        "longer matters."
    ),
)


def send_blocks(send: Sequence[Send], policy: Policy) -> Iterator[Block]:
    """Where the member's own plan is asked for each program, and how fast it has to answer."""
    for one in send:
        how = next(lines(one.route))
        subject = f', subject "{one.subject}"' if one.subject else ""
        hours = f" {one.route.hours}".rstrip(".") + "." if one.route.hours else ""
        asked = f"{policy.plans[one.plan].name}, {'ask there how to refer: ' if one.ask else ''}{how}{subject}.{hours}"
        yield Fact(f"send\t{one.program}", f"Send ({PROGRAM_WORDS[one.program]})", asked, GOOD)
        yield Fact(f"how_fast\t{one.program}", "How soon", one.how_fast)


def determination_view(decided: Decided, policy: Policy) -> View:
    """All results of a case: the summary, then what fits, what is open, what does not match today."""
    # Outcomes are defined from what fits to what does not: the reader finds help first.
    order = list(Outcome)
    ranked = sorted(decided.results, key=lambda result: order.index(result[0].outcome))
    names = {outcome: tuple(one.subject.entry.name for one, _ in ranked if one.outcome is outcome) for outcome in order}
    ways = WAYS_TO_ANSWER if any(one.missing for one, _ in ranked) else ()
    return _view(
        Heading(f"{decided.name}: what seems to fit, and what does not match today"),
        *(Items(f"summary\t{one}", policy.outcomes[one].label, names[one], TONES[one]) for one in order),
        Fact("county", "County", decided.county.name if decided.county else "not given"),
        *(Fact("remember", "Remember", one.message, DOUBT) for one in decided.reminders),
        *send_blocks(decided.send, policy),
        *(block for one, advice in ranked for block in _result_blocks(one, advice, decided, policy)),
        Fact("reminder", "Remember", REMEMBER),
        Fact("edition", "Data edition", policy.edition),
        Points("hint", "To answer", ways, DOUBT),
    )


def why_view(decided: Decided, about: str, policy: Policy) -> View:
    """One result of a case with all that it rests on, by the id of its program, population or service."""
    found = (one for one in decided.results if subject_id(one[0].subject) == about)
    return _view(*(block for one, advice in found for block in _result_blocks(one, advice, decided, policy)))


def _result_blocks(determination: Determination, advice: Advice, decided: Decided, policy: Policy) -> Iterator[Block]:
    subject, outcome = determination.subject, determination.outcome
    key = subject_id(subject)
    words = policy.outcomes[outcome]
    kind = "Population of focus: " if subject.population else ""
    yield Heading(f"{kind}{subject.entry.name}: {words.label.lower()} ({outcome})", TONES[outcome])
    yield Fact(f"{key}\toutcome", "", outcome)
    yield Fact(f"{key}\tmeaning", "In words", words.meaning)
    if advice.offered is not None:
        yield Fact(f"{key}\toffered", "Offered here", OFFERED[advice.offered], GOOD if advice.offered else BAD)
    # Gates that are passed are one line: there are many, and the eye is to find what the result rests on.
    passed = GATES if outcome in (Outcome.LIKELY, Outcome.PLAN_DISCRETION) else ()
    why = []
    for reason in determination.because:
        if reason.part not in passed:
            criterion = dates.statement(reason.criterion, subject.entry, policy)
            cited = policy.told_to(decided.plan, criterion.source) or criterion.source
            said = "" if criterion.id == dates.BEGINS else "yes: " if reason.met else "no: "
            follows = decided.followed.get(criterion.question, "")
            why.append(f"{said}{criterion.text} [{policy.cite(cited)}]{follows and f'; it follows: {follows}'}")
    if clear := len(determination.because) - len(why):
        why.append(f"no exclusion applies ({clear} checked)")
    yield Points(f"{key}\tbecause", "Why", tuple(why))
    asked = tuple(to_answer(policy.questions[one]) for one in policy.questions_of(determination.missing))
    yield Points(f"{key}\tmissing", "Still to ask", asked, DOUBT)
    yield Points(f"{key}\tnext", "What to do next", advice.next_steps)
    yield Points(f"{key}\tnote", "Good to know", advice.notes)


def to_answer(question: Question) -> str:
    """A question with its key in a case, and what it is answered by where that is not true or false."""
    choices = ", ".join(question.choices)
    ways = {Kind.NUMBER: ": a number", Kind.CHOICE: f": one of {choices}", Kind.CHOICES: f": any of {choices}"}
    return f"{question.ask} [{question.id}{ways.get(question.kind, '')}]"


def questions_view(questions: Sequence[Question]) -> View:
    """Questions with what answers them; one alone with its help, and its choices in words."""
    if len(questions) > 1:
        rows = tuple((one.id, answered_by(one), one.ask) for one in questions)
        return (Table(("id", f'answer, or "{DONT_KNOW}"', "question"), rows),)
    (one,) = questions
    return _view(
        Heading(one.ask),
        Fact("question", "In a case", one.id),
        Fact("ask", "", one.ask),
        Fact("help", "Help", one.help),
        Fact("answer", "Answer", f'{answered_by(one)}, or "{DONT_KNOW}"'),
        Points("choice", "Choices", tuple(f"{choice}: {words}" for choice, words in one.choices.items())),
    )


def data_diff_view(changes: Sequence[Change], shifts: Sequence[Shift], cases: int) -> View:
    """The changes between two editions, and the cases that come out differently."""
    said = tuple(f"{one.entry}{f': {one.key}' if one.key else ''}: was {one.was}, now {one.now}" for one in changes)
    moved = tuple(f"{one.case}: {one.subject}: was {one.was}, now {one.now}" for one in shifts)
    title = f"{counted(len(said), 'change')}; {counted(len(moved), 'new result')} in {counted(cases, 'case')}"
    return _view(
        Heading(title), Points("change", "Changed", said), Points("case", "Comes out differently", moved, DOUBT)
    )


def sources_view(sources: Sequence[tuple[Source, tuple[str, ...]]], as_of: date) -> View:
    """Every source with its date, its age in months, its grade and what rests on it: criteria by their number."""
    rows = []
    for source, uses in sources:
        months = age_in_months(source, as_of)
        others = [one for one in uses if not one.startswith("criterion ")]
        criteria = len(uses) - len(others)
        rests = [counted(criteria, "criterion", "criteria"), *others] if criteria else others
        age = "not known" if months is None else str(months)
        dated = source.date or source.dated or "undated"
        rows.append((source.id, dated, age, source.grade, source.name, ", ".join(rests) or "-"))
    columns = ("id", "date", "months old", "grade", "name", "what rests on it")
    return (Heading(f"{len(rows)} sources"), Table(columns, tuple(rows)))
