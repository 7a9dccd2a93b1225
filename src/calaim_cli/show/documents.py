"""JSON documents, written key by key in the order of the contract. Unknown is null, never a missing key."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from calaim_cli.base.errors import CalaimError, Problem
from calaim_cli.base.streams import escaped
from calaim_cli.policy import dates
from calaim_cli.policy.places import KP, Contact, County, Place, Plan, plans_of
from calaim_cli.policy.policy import Policy, offered_in
from calaim_cli.policy.programs import THREE_PROGRAMS, Program, Source, age_in_months, rules_of
from calaim_cli.policy.questions import Criterion, Question
from calaim_cli.policy.routes import Channel, Offer, Route, lines
from calaim_cli.policy.rules import Rule

if TYPE_CHECKING:  # a look-up needs none of these
    from calaim_cli.case.case import Profile
    from calaim_cli.decide import determination, diff, screening
    from calaim_cli.decide.advice import Send

Document = dict[str, Any]


def written(document: Document) -> str:
    """The document on one line of UTF-8 JSON, without the newline at its end."""
    # Loaded here: text answers do without it.
    import json

    return escaped(json.dumps(document, ensure_ascii=False))


def keys(part: Struct | None, *names: str) -> Document:
    """The values of a part under the names that they have in the data too; each is null where there is no such part."""
    return {name: msgspec.to_builtins(part and getattr(part, name)) for name in names}


def filled(part: Struct | None, *names: str) -> Document:
    """The same, with null for what is empty: nobody has said."""
    return {name: value or None for name, value in keys(part, *names).items()}


def rests_on(citations: tuple[str, ...], policy: Policy, said: str = "") -> Document:
    """The sources in words, or as they are `said`, with the newest date and the weakest grade among them."""
    return {
        "source": said or policy.cite(citations),
        "as_of": policy.dated(citations),
        "grade": policy.grade(citations),
    }


def listing(name: str, entries: Iterable[Document], policy: Policy, **about: str | None) -> Document:
    """Entries under their name, as `calaim.NAME/1`; before them what they are all about."""
    schema = {"schema": f"calaim.{name}/1", **about}
    return {**schema, name: [*entries], "edition": policy.edition, "warnings": []}


def problems_document(problems: Iterable[Problem]) -> list[Document]:
    """Problems or warnings, as every document has them."""
    return [one._asdict() for one in problems]


def with_warnings(document: Document, warnings: Iterable[Problem]) -> Document:
    """The document with these warnings before its own, each once; a document without any gets them at its end."""
    # By their places, for a dict cannot be in a set.
    said = [*problems_document(warnings), *document.get("warnings", ())]
    return {**document, "warnings": [one for n, one in enumerate(said) if one not in said[:n]]}


def county_document(place: Place, typed: str, policy: Policy) -> Document:
    """A county with its mailbox, services and plans, as `calaim.county/1`."""
    county = place.county
    return {
        "schema": "calaim.county/1",
        "county": county.name,
        "fips": county.fips,
        "place": typed,
        "kp": _kp(county, policy),
        "services": [
            {
                **keys(one, "id", "name"),
                "offered": policy.offered(KP, one.id, county),
                "as_of": listed.as_of,
                "source": policy.cite(listed.source),
            }
            for one, listed in ((one, policy.listed(KP, one)) for one in policy.programs_file.service)
        ],
        "plans": [_plan_in(policy.plans[one], county, policy) for one in plans_of(county)],
        "note": county.note or None,
        "model": county.model,
        "ccs": county.ccs,
        "city": city_document(place),
        "edition": policy.edition,
        "warnings": [],
    }


def _plan_in(plan: Plan, county: County, policy: Policy) -> Document:
    """A plan with its phone and its ways in a county, by program, best first."""
    ways = {program: policy.way_to(plan.id, county, program).routes for program in THREE_PROGRAMS}
    line = _line_in(county, plan.id, policy)
    several = dict.fromkeys(route for routes in ways.values() for route in routes)
    return {
        **keys(plan, "id", "name"),
        "phone": line and line.address,
        "referral": [" ".join(lines(route)) for route in several],
        "routes": {program: [route_document(one, policy) for one in routes] for program, routes in ways.items()},
    }


def _line_in(county: County, plan: str, policy: Policy) -> Route | None:
    """The plan's phone line; None where it has none, or one of two regions' would be a guess."""
    several = policy.lines_of(plan, county)
    return several[0] if several and not (plan == KP and len(several) > 1) else None


def route_document(route: Route, policy: Policy) -> Document:
    """A route with its address, where it is known to hold and from when."""
    return {
        **keys(route, "id", "kind", "channel", "address", "grade", "programs"),
        **filled(route, "counties", "subject", "also", "form_name", "who", "tty", "hours", "turnaround", "note"),
        **filled(route, "date", "region"),
        "source": policy.cite(route.source),
        **keys(route, "checked"),
    }


def plans_document(plans: Iterable[Plan], policy: Policy) -> Document:
    """Plans with their counties, routes and what they offer, as `calaim.plans/1`."""
    listed = [
        {
            **keys(plan, "id", "name", "aliases"),
            **filled(plan, "website", "note"),
            "counties": [county.name for county in policy.counties_file.county if plan.id in plans_of(county)],
            "routes": [route_document(one, policy) for one in policy.routes_file.route if one.plan == plan.id],
            "offers": _offer(policy.offers.get(plan.id), policy),
            **keys(plan, "history"),
            "source": policy.cite(plan.source),
        }
        for plan in plans
    ]
    return listing("plans", listed, policy)


def _offer(offer: Offer | None, policy: Policy) -> Document | None:
    if offer is None:
        return None
    said = {**keys(offer, "kind", "services", "not_in"), **filled(offer, "as_of", "note")}
    return {**said, "source": policy.cite(offer.source)}


def contacts_document(contacts: Iterable[Contact], policy: Policy) -> Document:
    """Whom to call, as `calaim.contacts/1`."""
    listed = [
        {
            **keys(one, "id", "name", "purpose"),
            **filled(one, "plan", "phone", "tty", "hours", "email", "website", "note"),
            "source": policy.cite(one.source),
        }
        for one in contacts
    ]
    return listing("contacts", listed, policy)


def city_document(place: Place) -> Document | None:
    """The city that was typed, in a document of its county."""
    return {"name": place.city, "also_in": list(place.also)} if place.city else None


def _kp(county: County, policy: Policy) -> Document:
    # A county that is not served has every key, too: readers of a schema may rely on each of them.
    presence, line = county.kp, _line_in(county, KP, policy)
    ways = (route for program in THREE_PROGRAMS for route in policy.way_to(KP, county, program).routes)
    mailbox = next((one for one in ways if one.channel is Channel.EMAIL), None)
    return {
        "served": presence is not None,
        **keys(presence, "region"),
        "email": mailbox and mailbox.address,
        "phone": line and line.address,
        **filled(line, "tty", "hours"),
        **keys(presence, "partial"),
        **filled(presence, "note", "warning"),
        **keys(presence, "members", "grade"),
        "source": presence and policy.cite(presence.source),
        **filled(presence, "by_zip"),
    }


def counties_document(counties: Iterable[County], policy: Policy) -> Document:
    """A list of counties, as `calaim.counties/1`."""
    listed = [
        {
            "county": one.name,
            "fips": one.fips,
            "kp_served": one.kp is not None,
            "region": one.kp.region if one.kp else None,
            "plans": list(plans_of(one)),
        }
        for one in counties
    ]
    return listing("counties", listed, policy)


def services_document(services: Iterable[Program], county: County | None, policy: Policy) -> Document:
    """Community Supports with where the plan of the `kp` keys offers them, as `calaim.services/1`."""
    listed_services = [
        {
            **keys(service, "id", "name", "aliases", "group"),
            "offered": policy.offered(KP, service.id, county),
            "offered_in": list(offered),
            "not_offered_in": list(missing),
            "as_of": listed.as_of,
            "source": policy.cite(listed.source),
            "grade": listed.grade,
            **keys(service, "summary", "limits", "documents", "codes"),
            # What is to know of the availability has no key of its own in this schema.
            "notes": [*service.notes, *filter(None, (listed.note,))],
        }
        for service, listed, (offered, missing) in (
            (one, policy.listed(KP, one), offered_in(one, policy)) for one in services
        )
    ]
    return listing("services", listed_services, policy, county=county.name if county else None)


def programs_document(entries: Iterable[tuple[str, Program]], policy: Policy) -> Document:
    """Programs, populations and services with their rules, as `calaim.programs/1`; each with the word for its kind."""
    listed = [
        {
            "id": entry.id,
            "kind": kind,
            **keys(entry, "name", "aliases", "summary", "who"),
            "rules": {part: _rule(rule, policy) for part, rule in rules_of(entry).items()},
            **keys(entry, "limits", "not_covered", "documents", "codes", "notes"),
            **rests_on(entry.source, policy),
            "review_by": (entry.review_by or policy.review_by).isoformat(),
            **_standing(entry, policy),
        }
        for kind, entry in entries
    ]
    return listing("programs", listed, policy)


def _standing(entry: Program, policy: Policy) -> Document:
    """Since when and on what authority an entry runs, the papers of each step, and what else is known of it."""
    first, resting = dates.began(entry, policy), dates.allowed(entry, policy)
    return {
        "from": first.starts and first.starts.isoformat(),
        "from_source": policy.cite(first.from_source) or None,
        **keys(entry, "required_from"),
        **keys(resting, "authority", "authority_until", "authority_grade"),
        "authority_source": policy.cite(resting.authority_source) or None,
        **keys(entry, "referral_papers", "extension_papers"),
        "facts": [
            {**keys(fact, "text"), **filled(fact, "plan"), **rests_on(fact.source, policy)}
            for fact in dates.facts_on(entry.id, policy)
        ],
    }


def _rule(rule: Rule, policy: Policy) -> Document:
    return {
        clause: [
            _rule(part, policy) if isinstance(part, Rule) else _criterion(policy.criteria[part], policy)
            for part in parts
        ]
        for clause, parts in rule.clauses.items()
        if parts
    }


def _criterion(criterion: Criterion, policy: Policy, reason: determination.Reason | None = None) -> Document:
    """A criterion with the question it tests, or with what it came to where it is a reason; and its source."""
    return {
        "criterion": criterion.id,
        "text": criterion.text,
        # The order of the keys is part of what the schemas promise.
        **({"met": reason.met, "part": reason.part} if reason else {"question": criterion.question}),
        **rests_on(criterion.source, policy, ", ".join(criterion.source)),
    }


def questions_document(questions: Iterable[Question], policy: Policy) -> Document:
    """Questions with their choices, as `calaim.questions/1`."""
    listed = [
        {
            **keys(one, "id", "topic", "kind", "ask", "help", "at_most"),
            **filled(one, "unit"),
            "choices": [{"id": choice, "text": words} for choice, words in one.choices.items()],
        }
        for one in questions
    ]
    return listing("questions", listed, policy)


def determination_document(decided: screening.Decided, policy: Policy, as_of: date) -> Document:
    """The outcomes of a case with their reasons and what is missing, as `calaim.determination/1`."""
    from calaim_cli.decide.summary import ask_next, waits_for

    return {
        "schema": "calaim.determination/1",
        "as_of": as_of.isoformat(),
        "edition": policy.edition,
        "county": decided.county.name if decided.county else None,
        "results": [
            {
                **keys(one.subject, "program", "population", "service"),
                "name": one.subject.entry.name,
                "outcome": one.outcome,
                "offered": advice.offered,
                "because": [
                    _criterion(dates.statement(reason.criterion, one.subject.entry, policy), policy, reason)
                    for reason in one.because
                ],
                "missing": [
                    {"question": question, "text": policy.questions[question].ask}
                    for question in policy.questions_of(one.missing)
                ],
                "next_steps": list(advice.next_steps),
                "notes": list(advice.notes),
            }
            for one, advice in decided.results
        ],
        "warnings": problems_document((*decided.warnings, *decided.reminders)),
        "plan": decided.plan or None,
        "send": [_send(one, policy) for one in decided.send],
        "ask_next": [
            {"question": one.question, "ask": policy.questions[one.question].ask, "results": one.results}
            for one in ask_next(decided, waits_for(decided, policy), policy)
        ],
    }


def _send(send: Send, policy: Policy) -> Document:
    route = send.route
    to = {**keys(send, "program", "plan"), **keys(route, "channel", "address"), **filled(send, "subject")}
    return {**to, **filled(route, "hours"), **filled(send, "how_fast"), "source": policy.cite(route.source)}


def expectations_document(cases: int, differences: Iterable[screening.Difference]) -> Document:
    """The results that did not come out as expected, as `calaim.expectations/1`."""
    listed = [
        {"case": one.case, "result": one.subject, "expected": one.expected, "found": one.found} for one in differences
    ]
    return {"schema": "calaim.expectations/1", "cases": cases, "differences": listed, "warnings": []}


def sources_document(sources: Iterable[tuple[Source, tuple[str, ...]]], policy: Policy, as_of: date) -> Document:
    """Every source with its age on `as_of` and what rests on it, as `calaim.sources/1`."""
    listed = [
        {
            **keys(source, "id", "name", "title"),
            **filled(source, "date", "dated"),
            "age_months": age_in_months(source, as_of),
            **keys(source, "grade"),
            **filled(source, "link", "note"),
            "review_by": (source.review_by or policy.review_by).isoformat(),
            "used_by": list(uses),
        }
        for source, uses in sources
    ]
    return {"schema": "calaim.sources/1", "sources": listed, "edition": policy.edition}


def data_check_document(warnings: Iterable[Problem], lacking: Iterable[str], policy: Policy, as_of: date) -> Document:
    """Data without errors, what is due for a review on `as_of`, what their folder lacks, as `calaim.data-check/1`."""
    return {
        "schema": "calaim.data-check/1",
        "as_of": as_of.isoformat(),
        "edition": policy.edition,
        "review_by": policy.review_by.isoformat(),
        "warnings": problems_document(warnings),
        "shipped": list(lacking),
    }


def data_diff_document(
    changes: Iterable[diff.Change], shifts: Iterable[diff.Shift], old: Policy, new: Policy
) -> Document:
    """The differences between two editions of the data, and the cases they matter to, as `calaim.data-diff/1`."""
    return {
        "schema": "calaim.data-diff/1",
        "old": old.edition,
        "new": new.edition,
        "changes": [keys(one, "entry", "key", "was", "now") for one in changes],
        "cases": [keys(one, "case", "subject", "was", "now") for one in shifts],
    }


def profile_document(profile: Profile) -> Document:
    """The user's profile, as `calaim.profile/1`: the tables and keys of the file, null for what is not given."""
    tables = {name: getattr(profile, name) for name in ("referrer", "network_lead_entity", "secure_email")}
    given = {name: table and filled(table, *table.__struct_fields__) for name, table in tables.items()}
    return {"schema": "calaim.profile/1", **given, **filled(profile, "kind", "ledger")}


def error_document(error: CalaimError) -> Document:
    """An error with its problems, as `calaim.error/1`."""
    said = {"code": error.code, "message": error.message, "problems": problems_document(error.problems)}
    return {"schema": "calaim.error/1", **said}
