"""A table of members in numbers: what its results come to, and which one question would settle most, for a reader."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from calaim_cli.decide.counts import FEWEST, Counts, Row, Settled
from calaim_cli.policy.dates import PANEL, fact_line, facts_on
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome
from calaim_cli.show.blocks import Bars, Block, Fact, Heading, Table, View
from calaim_cli.show.documents import Document

WITHHELD: Final = "withheld"


def counts_view(counts: Counts, policy: Policy, ask_by: date) -> View:
    """The three tables, each with its total, and what is known of all members of Medi-Cal plans."""
    return (
        Heading(f"To be asked by {ask_by}: this is a screening, and the plan decides"),
        Fact("members", "Members", _told(counts.rows)),
        *_outcomes(counts),
        Heading("Where the members are for whom at least one of these is likely"),
        *_places("county", counts.counties, counts.likely),
        *_places("plan", counts.plans, counts.likely),
        Fact("withheld", "Withheld", f"a count below {FEWEST}, or one that would give it away"),
        *(Fact("context", "For comparison", fact_line(one, policy)) for one in facts_on(PANEL, policy)),
    )


def _told(count: int | None) -> str:
    return WITHHELD if count is None else f"{count}"


def _outcomes(counts: Counts) -> Iterator[Block]:
    rows = tuple((one.name, *map(_told, one.counts), _told(one.total)) for one in counts.outcomes)
    if rows:
        likely = tuple(one.counts[0] for one in counts.outcomes)
        yield Bars(("result", *map(str, Outcome), "total"), rows, likely)


def _places(kind: str, rows: tuple[Row, ...], likely: int | None) -> Iterator[Block]:
    told = tuple((one.name, _told(one.total)) for one in rows)
    if told:
        yield Bars((kind, "likely"), (*told, ("total", _told(likely))), (*(one.total for one in rows), None))


def settled_view(settled: tuple[Settled, ...], policy: Policy) -> View:
    """The questions to ask first: how many members each one settles, and of which results."""
    rows = tuple(
        (
            f"{one.members}",
            one.question,
            policy.questions[one.question].ask,
            "; ".join(f"{name} {many}" for name, many in one.results),
        )
        for one in settled
    )
    return (
        Heading("Ask these members this one thing: nothing else is missing"),
        Table(("members", "question", "ask", "settles"), rows),
    )


def counts_document(counts: Counts | None, policy: Policy) -> Document | None:
    """The counts as part of `calaim.screen/1`; null is what is withheld."""
    if counts is None:
        return None
    return {
        "members": counts.rows,
        "fewest": FEWEST,
        "outcomes": [
            {
                "result": one.name,
                "counts": dict(zip(map(str, Outcome), one.counts, strict=True)),
                "total": one.total,
            }
            for one in counts.outcomes
        ],
        "counties": [{"county": one.name, "likely": one.total} for one in counts.counties],
        "plans": [{"plan": one.name, "likely": one.total} for one in counts.plans],
        "likely": counts.likely,
        "context": [fact_line(one, policy) for one in facts_on(PANEL, policy)],
    }


def settled_document(settled: tuple[Settled, ...] | None, policy: Policy) -> list[Document] | None:
    """The questions to ask first as part of `calaim.screen/1`."""
    if settled is None:
        return None
    return [
        {
            "question": one.question,
            "ask": policy.questions[one.question].ask,
            "members": one.members,
            "results": [{"result": name, "members": many} for name, many in one.results],
        }
        for one in settled
    ]


def screen_document(
    about: Document, counts: Counts | None, settled: tuple[Settled, ...] | None, policy: Policy, ask_by: date
) -> Document:
    """What became of a table of members, as `calaim.screen/1`: nothing about any of them.

    `about` says the day, rows decided and refused, those of a sheet for `batch`, and the file; `ask_by` is the last
    day of use.
    """
    return {
        "schema": "calaim.screen/1",
        **about,
        "to_be_asked_by": ask_by.isoformat(),
        "edition": policy.edition,
        "counts": counts_document(counts, policy),
        "settle": settled_document(settled, policy),
        "warnings": [],
    }
