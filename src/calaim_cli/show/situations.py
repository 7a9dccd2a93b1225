"""Situations that people tell of, for a person and as JSON. Nothing of a single plan is in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from calaim_cli.decide.advice import contact_line
from calaim_cli.policy.places import Contact
from calaim_cli.policy.policy import Policy, kinds
from calaim_cli.policy.talk import IN_PRIVATE, MEMBER, Row, Situation
from calaim_cli.show.blocks import Fact, Heading, Points, Table, View
from calaim_cli.show.documents import Document, filled, keys, listing, rests_on
from calaim_cli.show.views import PROGRAM_WORDS

OWN_PLAN = "The member's plan, at the number on the card"


def situations_view(situations: Sequence[Situation]) -> View:
    """The situations: id and name."""
    title = Heading("Situations: 'calaim when ID' says what to think of and what to ask first")
    return (title, Table(("id", "name"), tuple((one.id, one.name) for one in situations)))


def situation_view(situation: Situation, policy: Policy) -> View:
    """One situation: what to think of and why, what to ask first, whom to call, and how to go on."""
    names = {
        entry.id: f"{entry.name} ({PROGRAM_WORDS['ecm']})" if kind == "population" else entry.name
        for kind, entry in kinds(policy)
    }
    rows = tuple(f"{said}{IN_PRIVATE if row.private else ''}" for row, said in _asked_first(situation, policy))
    notes = (Fact("note", "Note", situation.note),) if situation.note else ()
    return (
        Heading(f"{situation.name} ({situation.id})"),
        Fact("situation", "", situation.id),
        Fact("name", "", situation.name),
        Points("think_of", "What to think of, and why", tuple(f"{names[a.id]}: {a.why}" for a in situation.think_of)),
        Points("asked_first", "What to ask or look up first", rows),
        *notes,
        Points("call", "Call", (OWN_PLAN, *map(contact_line, _contacts(situation, policy)))),
        Fact("source", "Source", policy.cite(situation.source)),
        Fact("next", "Go on with", f"calaim interview --when {situation.id}"),
    )


def situations_document(situations: Iterable[Situation], policy: Policy) -> Document:
    """Situations with what to think of and what to ask first, as `calaim.situations/1`."""
    known = {entry.id: (kind, entry) for kind, entry in kinds(policy)}
    listed = [
        {
            **keys(one, "id", "name", "aliases"),
            "think_of": [
                {"id": about.id, "kind": known[about.id][0], "name": known[about.id][1].name, "why": about.why}
                for about in one.think_of
            ],
            "asked_first": [
                {"id": row.id, "text": said, "private": row.private} for row, said in _asked_first(one, policy)
            ],
            "call": [
                {**keys(contact, "id", "name", "purpose"), **filled(contact, "phone")}
                for contact in _contacts(one, policy)
            ],
            **filled(one, "note"),
            **rests_on(one.source, policy),
        }
        for one in situations
    ]
    return listing("situations", listed, policy)


def _asked_first(situation: Situation, policy: Policy) -> Iterator[tuple[Row, str]]:
    """The rows to ask first, in the order in which the situation names them, each as it is said of the member."""
    rows = {row.id: row for screen in policy.talk_file.screen for row in screen.rows}
    [voice] = (one for one in policy.talk_file.voice if one.id == MEMBER)
    return ((rows[one], voice.says(rows[one].say)) for one in situation.asked_first)


def _contacts(situation: Situation, policy: Policy) -> Iterator[Contact]:
    contacts = {one.id: one for one in policy.counties_file.contact}
    return (contacts[one] for one in situation.call)
