"""How a member stands with keeping Medi-Cal, for a person and as JSON. An answer names no illness."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from calaim_cli.decide.coverage import SETTLED, Covered, worded
from calaim_cli.policy.coverage import TOPIC
from calaim_cli.policy.dates import fact_line
from calaim_cli.policy.places import Contact
from calaim_cli.policy.policy import Policy
from calaim_cli.show.blocks import DOUBT, GOOD, Fact, Gives, Heading, Line, Points, Screenful, View, few_of
from calaim_cli.show.documents import Document, filled, keys, problems_document, rests_on
from calaim_cli.show.summary import row

MOST_LINES: Final = 12
REASONS, CALLED = 2, 3
"""How many reasons and contacts are named."""
ASK_RANKS = (Gives.NEVER, Gives.THIRD, Gives.NAMES)
"""How the questions that are named give way."""


def coverage_view(covered: Covered, policy: Policy, as_of: date, *, why: bool, named: bool) -> View:
    """The answer on one screen, with the name of the case where there are several; then what it rests on (`why`)."""
    remember = policy.coverage_file.remember
    lines = (*_lines(covered, policy, as_of), Line("", f"{remember}{'' if why else ' More: --why'}", short=remember))
    screen = Screenful(tuple(one for one in lines if one.text), tuple(_plain(covered, policy, as_of)), MOST_LINES)
    head = (Heading(covered.name), Fact("case", "", covered.name)) if named else ()
    return (*head, screen, *(_why(covered, policy) if why else ()))


def _lines(covered: Covered, policy: Policy, as_of: date) -> Iterator[Line]:
    standing, own = covered.standing, policy.coverage_file
    words, names = policy.coverage_words[standing.outcome], [one.name for one in standing.because]
    said = ": ".join(filter(None, (words.label, few_of(names, REASONS))))
    # Until the day, nobody loses Medi-Cal by the rule, and the answer has to say so at once.
    begins = f" {own.not_yet}" if as_of < own.in_force else ""
    yield Line("Result", f"{said}.{begins}", tone=GOOD if standing.outcome in SETTLED else DOUBT)
    # Before a second question: a bare no to hours can cost the member, and this is the line that says so.
    yield Line("Result", words.meaning, Gives.SECOND)
    for number, proof in enumerate(dict.fromkeys(proof for one in standing.because for proof in one.proof)):
        yield Line("Show it", proof, Gives.NAMES if number else Gives.NEVER)
    for number, question in enumerate(standing.to_ask[: len(ASK_RANKS)]):
        yield Line("Ask next", worded(policy.answerable[question], policy), ASK_RANKS[number], tone=DOUBT)
    yield Line("Renewal", ": ".join(filter(None, (covered.month, covered.renewal.text))))
    yield Line("Renewal", own.missed)
    called = [f"{one.name}: {_way(one)}" for one in own.contact[:CALLED]]
    yield Line("Call", "; ".join(called), Gives.PLANS, "; ".join(called[:-1]))


def _way(contact: Contact) -> str:
    return contact.phone or contact.website or contact.email


def _plain(covered: Covered, policy: Policy, as_of: date) -> Iterator[Fact]:
    """The answer as rows for a script."""
    standing, own = covered.standing, policy.coverage_file
    yield row("outcome", standing.outcome, policy.coverage_words[standing.outcome].label)
    yield from (row("because", one.id, one.name) for one in standing.because)
    if as_of < own.in_force:
        yield row("not_yet", own.not_yet)
    yield from (row("proof", one.id, proof) for one in standing.because for proof in one.proof)
    yield from (row("ask_next", one, policy.answerable[one].ask) for one in standing.to_ask)
    yield row("renewal", covered.month or "unknown", covered.renewal.text)
    yield row("missed", own.missed)
    yield from (row("call", one.name, _way(one), one.purpose) for one in own.contact)
    yield row("remember", own.remember)


def _why(covered: Covered, policy: Policy) -> Iterator[Heading | Fact | Points]:
    """Whom the reasons are for, with what else is known of them; where none holds, of all that there are."""
    reasons = covered.standing.because or policy.coverage_file.coverage
    for one in reasons:
        yield Heading(f"{one.name[0].upper()}{one.name[1:]}")
        yield Fact(f"{one.id}\twho", "For whom", one.who)
        yield Points(f"{one.id}\tproof", "Show it", one.proof)
        if known := tuple(_known({one.id}, policy)):
            yield Points(f"{one.id}\tknown", "Known", known)
        yield Fact(f"{one.id}\tsource", "Source", policy.graded(one.source))
    yield Heading("The rule")
    yield Points("known", "Known", tuple(_known({TOPIC}, policy)))


def _known(touched: set[str], policy: Policy) -> Iterator[str]:
    """Facts, and both sides of each conflict."""
    own = policy.coverage_file
    yield from (fact_line(one, policy) for one in own.fact if touched.intersection(one.touches))
    for one in (each for each in own.conflict if touched.intersection(each.touches)):
        yield f"Sources differ. {one.matter}: {one.older} {one.newer} [{policy.cite(one.source)}]"


def coverage_document(covered: Covered, policy: Policy, as_of: date) -> Document:
    """How the member of a case stands, as `calaim.coverage/1`."""
    standing, own = covered.standing, policy.coverage_file
    return {
        "schema": "calaim.coverage/1",
        "case": covered.name,
        "as_of": as_of.isoformat(),
        "edition": own.edition,
        "review_by": own.review_by.isoformat(),
        "in_force": as_of >= own.in_force,
        "outcome": standing.outcome,
        "text": policy.coverage_words[standing.outcome].label,
        "because": [
            {
                "id": one.id,
                "text": one.name,
                **keys(one, "who", "proof"),
                **rests_on(one.source, policy, ", ".join(one.source)),
            }
            for one in standing.because
        ],
        "proof": list(dict.fromkeys(proof for one in standing.because for proof in one.proof)),
        "missing": [{"question": one, "text": policy.answerable[one].ask} for one in standing.to_ask],
        "renewal": {"month": covered.month or None, "id": covered.renewal.id, "text": covered.renewal.text},
        "missed": own.missed,
        "calls": [{**keys(one, "id", "name", "purpose"), **filled(one, "phone", "website")} for one in own.contact],
        "remember": own.remember,
        "warnings": problems_document(covered.warnings),
    }
