"""Counts that may be told: nothing withheld can be worked out from what stands beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.decide.counts import FEWEST, Counts, Row, settled, told, withheld
from calaim_cli.policy.programs import Outcome
from strategies import unhurried

numbers = st.one_of(st.integers(0, 12), st.integers(0, 60))


def possible(shown: tuple[int | None, ...], total: int) -> list[set[int]]:
    """What each count may be, by those beside it and their total."""
    left, several = total - sum(one or 0 for one in shown), sum(one is None for one in shown)
    free = {left} if several == 1 else set(range(left + 1))
    return [free if one is None else {one} for one in shown]


@given(counts=st.lists(numbers, min_size=1, max_size=8))
@unhurried
def test_no_withheld_count_can_be_computed_back(counts: list[int]) -> None:
    """Small counts are withheld, and row and total leave several possible values for each."""
    hidden = withheld(counts)
    shown = tuple(None if n in hidden else one for n, one in enumerate(counts))
    assert all(one is None or one >= FEWEST for one in shown)
    if sum(counts) >= FEWEST and len(counts) > 1:
        assert all(len(one) > 1 for one, cell in zip(possible(shown, sum(counts)), shown, strict=True) if cell is None)
        assert sum(counts[n] for n in hidden) == 0 or sum(counts[n] for n in hidden) >= FEWEST


@given(
    likely=st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from("XYZ")), max_size=50),
    several=st.integers(1, 3),
    others=st.lists(numbers, min_size=5, max_size=5),
)
@unhurried
def test_three_tables_together_give_nothing_away(
    likely: list[tuple[str, str]], several: int, others: list[int]
) -> None:
    """Of one result, the likely members are in all three tables: no table reveals what another withholds."""
    likely = [(county, plan if plan in "XYZ"[:several] else "X") for county, plan in likely]
    cells = {one: likely.count(one) for one in product("ABC", "XYZ"[:several])}
    first, *rest = Outcome
    rows = len(likely) + sum(others)
    counts = told({"ecm": {first: len(likely), **dict(zip(rest, others, strict=True))}}, cells, rows)
    if rows < FEWEST:
        assert counts == Counts((), (), (), None, None)
        return
    if others[3] == rows:  # all are still to be asked
        return
    shown = [*counts.outcomes[0].counts, *(one.total for one in (*counts.counties, *counts.plans)), counts.likely]
    assert all(one is None or one >= FEWEST for one in shown)
    ways = [_fitting(counts, many, rows) for many in range(rows + 1)]
    for n in range(len(shown)):
        values = {value for way in ways if way for value in way[n]}
        assert shown[n] is not None or len(values) > 1, n


def _fitting(counts: Counts, likely: int, rows: int) -> list[set[int]] | None:
    """What each count may be where so many are likely; None where the tables do not fit that."""
    if counts.likely not in {None, likely}:
        return None
    [row] = counts.outcomes
    if row.counts[0] not in {None, likely}:
        return None
    tables = [
        (likely, *row.counts[1:]),
        *(tuple(one.total for one in some) for some in (counts.counties, counts.plans)),
    ]
    found: list[list[set[int]]] = []
    for table, total in zip(tables, (rows, likely, likely), strict=True):
        left, several = total - sum(one or 0 for one in table), sum(one is None for one in table)
        if left < 0 or (left and not several):
            return None
        found.append(possible(table, total))
    return [one for some in found for one in some] + [{likely}]


def test_everybody_still_to_be_asked_is_told() -> None:
    """If nobody's result is settled, the row says so, and that reveals nothing about anyone."""
    counts = told({"ecm": {"need-answers": 40}, "chw": {"likely": 40}}, {("Alameda", "KP"): 40}, 40)
    assert [one.counts for one in counts.outcomes] == [(0, 0, 0, 0, 40, 0), (None,) * 6]


def test_few_members_are_not_counted() -> None:
    """A panel of ten gives no count at all, not even its own size."""
    assert told({"ecm": {"likely": 10}}, {("Alameda", "KP"): 10}, 10) == Counts((), (), (), None, None)


@pytest.mark.parametrize(
    ("counts", "hidden"),
    [((40, 30, 20), ()), ((40, 30, 5), (1, 2)), ((40, 6, 5), (1, 2)), ((40, 3, 5), (0, 1, 2)), ((50, 0, 0), (0, 1, 2))],
)
def test_what_gives_a_small_count_away_is_withheld(counts: tuple[int, ...], hidden: tuple[int, ...]) -> None:
    """A small count takes the next smallest with it, and withheld ones never add up to a small count."""
    assert withheld(counts) == set(hidden)


def test_results_that_are_all_open_give_nothing_away() -> None:
    """If one result settles nobody, the other's likely members are all there are: both counts are withheld."""
    chw = {"likely": 15, "unlikely": 3, "need-answers": 212}
    counts = told({"chw": chw, "respite": {"need-answers": 230}}, {("Alameda", "KP"): 15}, 230)
    assert counts.outcomes[0].counts[0] is None
    assert (counts.likely, counts.counties[0].total, counts.plans[0].total) == (None, None, None)


def _alike(tables: Iterable[tuple[int, ...]]) -> Collection[list[tuple[int, ...]]]:
    """The tables by how they look once small counts and what gives them away are withheld."""
    by_look: dict[object, list[tuple[int, ...]]] = {}
    for one in tables:
        hidden = withheld(one)
        look = (sum(one), tuple(None if n in hidden else count for n, count in enumerate(one)))
        by_look.setdefault(look, []).append(one)
    return by_look.values()


@pytest.mark.parametrize("tables", [product(range(45), repeat=3), product([0, 1, *range(9, 14), 20], repeat=4)])
def test_who_knows_the_rule_knows_no_withheld_count(tables: Iterable[tuple[int, ...]]) -> None:
    """Among all small tables that look alike, a withheld count always has several possible values."""
    for same in _alike(tables):
        if FEWEST <= sum(same[0]) < 45:
            hidden = withheld(same[0])
            assert all(len({one[n] for one in same}) > 1 for n in hidden), same[0]


@given(
    likely=st.fixed_dictionaries(
        {
            pair: st.sampled_from([0, 1, 4, 11, 15, 30])
            for pair in [*product("ABC", "K"), ("A", "x"), ("B", "y"), ("B", "z")]
        }
    ),
    others=st.sampled_from([0, 5, 40]),
)
@unhurried
def test_counties_and_plans_together_tell_no_small_count(likely: dict[tuple[str, str], int], others: int) -> None:
    """Plans that are in only one county do not reveal how few members another plan has there."""
    rows = sum(likely.values()) + others
    outcomes = {name: {"likely": 20, "unlikely": rows - 20} for name in ("ecm", "chw")}
    counts = told(outcomes, likely, rows)
    if rows < FEWEST:
        return
    fitting = [
        now
        for now in _near(likely)
        if all(one.total in {None, sum(now[pair] for pair in now if one.name in pair)} for one in _all(counts))
        and counts.likely in {None, sum(now.values())}
    ]
    for pair, many in likely.items():
        assert not 0 < many < FEWEST or len({now[pair] for now in fitting}) > 1, pair
    for one in _all(counts):
        sums = {sum(now[pair] for pair in now if one.name in pair) for now in fitting}
        assert one.total is not None or len(sums) > 1, one


def _all(counts: Counts) -> tuple[Row, ...]:
    return (*counts.counties, *counts.plans)


def _near(likely: dict[tuple[str, str], int]) -> Iterator[dict[tuple[str, str], int]]:
    """The tables that differ by one in some of their counts."""
    for by in product((-1, 0, 1), repeat=len(likely)):
        now = {pair: many + one for (pair, many), one in zip(likely.items(), by, strict=True)}
        if min(now.values()) >= 0:
            yield now


def test_questions_that_settle_most_come_first() -> None:
    """The ten largest are listed with the results that wait for them, in order."""
    by_result = {"ecm": {"age": 3, "housing": 4}, "respite": {"age": 2}}
    found = settled(by_result, {"age": 3, "housing": 4, "smi": 0}, 2)
    assert [(one.question, one.members, one.results) for one in found] == [
        ("housing", 4, (("ecm", 4),)),
        ("age", 3, (("ecm", 3), ("respite", 2))),
    ]
