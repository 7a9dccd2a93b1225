"""Every value of the data is walked over, with where it is."""

from __future__ import annotations

from collections.abc import Iterator

from calaim_cli.policy.leaves import leaves
from calaim_cli.policy.policy import Policy
from mutants import SHIPPED, Node


def values(node: Node) -> Iterator[Node]:
    """The values of a table as it is written, with the names of its tables of texts left out."""
    if isinstance(node, dict):
        for one in node.values():
            yield from values(one)
    elif isinstance(node, list):
        for one in node:
            yield from values(one)
    else:
        yield node


def test_every_value_that_is_written_is_walked_over(catalog: Policy) -> None:
    """A check of all values misses none, in whatever table it is: each text of the files comes by."""
    seen = {str(leaf.value) for leaf in leaves(catalog)}
    written = {one for file in SHIPPED.values() for one in values(file) if isinstance(one, str) and one}
    assert written - seen <= {"A"}  # the grade that is meant where none is written
    assert len(seen) > 2000


def test_a_value_is_found_where_an_editor_finds_it(catalog: Policy) -> None:
    """The place names file, kind, entry and key as they are written in the file."""
    places = {leaf.where: leaf.value for leaf in leaves(catalog)}
    assert places['routes.toml: route "kp-north-email": subject.ecm'] == "ECM Referral"
    assert places['programs.toml: notice "keep-medi-cal": from'].isoformat() == "2026-12-01"  # type: ignore[attr-defined]
    assert places['programs.toml: question "housing": choices.none'] == "None of these: stably housed"
