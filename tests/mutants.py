"""Data files changed at random, as by a hand that slips: keys left out, values of another entry, texts of any kind."""

from __future__ import annotations

import copy
import datetime as dt
import tomllib
from collections import defaultdict
from contextlib import suppress
from typing import Any, Final

from hypothesis import strategies as st

from calaim_cli.policy import load

Node = Any  # a table, a list or a value
Tables = dict[str, dict[str, Node]]
Path = tuple[str | int, ...]
SHIPPED: Final[Tables] = {name: tomllib.loads((load.shipped() / name).read_text("utf-8")) for name in load.SHAPES}
TEXTS: Final = ("", " ", "none", "unknown", "x", "é", "Text \u202egnp", "a\nb", "a\r\nb", "x\x1b[2J", "0", "{x}", "-")


def at(tables: Node, path: Path) -> Node:
    """The value at a path."""
    for step in path:
        tables = tables[step]
    return tables


def paths(value: Node, here: Path = ()) -> list[Path]:
    """The paths to all values inside, tables and lists too."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [one for step, inside in steps for one in ((*here, step), *paths(inside, (*here, step)))]


def put(tables: Node, path: Path, value: Node) -> Node:
    """A copy with the value at the path, or without it where the value is None; what is not on the way is shared."""
    step, *rest = path
    fresh = copy.copy(tables)
    if rest:
        fresh[step] = put(tables[step], tuple(rest), value)
    elif value is None:
        del fresh[step]
    else:
        fresh[step] = value
    return fresh


def kind(path: Path) -> Path:
    """What the path leads to, whichever the entry: without the numbers in it."""
    return tuple(step for step in path if isinstance(step, str))


PATHS: Final = [path for path in paths(SHIPPED) if len(path) > 1]
ALIKE: Final[dict[Path, list[Path]]] = defaultdict(list)
for _path in PATHS:
    ALIKE[kind(_path)].append(_path)
KINDS: Final = list(ALIKE)


def other(draw: st.DrawFn, value: Node) -> Node:
    """Another value of the same type."""
    if isinstance(value, dict):
        gone = draw(st.sampled_from(list(value)))
        return {key: one for key, one in value.items() if key != gone}
    several: dict[type, st.SearchStrategy[Node]] = {
        bool: st.booleans(),
        int: st.sampled_from((0, 1, -1, 10**12)) | st.integers(),
        float: st.floats(),
        dt.date: st.dates(),
        str: st.sampled_from((*TEXTS, f"{value} ", str(value) * 40)) | st.text(max_size=20),
        list: st.just([]) | st.permutations(value) if isinstance(value, list) else st.nothing(),
    }
    return draw(several[type(value)])


@st.composite
def mutants(draw: st.DrawFn) -> Tables:
    """The tables of the shipped files with one to three values left out, changed, or taken from another entry."""
    tables: Tables = SHIPPED
    for _ in range(draw(st.integers(1, 3))):
        # By kind, so that the few of a kind are met as often as the many of another.
        several = ALIKE[draw(st.sampled_from(KINDS))]
        path, source = draw(st.sampled_from(several)), draw(st.sampled_from(several))
        how = draw(st.sampled_from(("leave out", "other", "other", "of another", "of another", "of any")))
        with suppress(KeyError, IndexError, TypeError):  # it went with an earlier change
            source = source if how == "of another" else draw(st.sampled_from(ALIKE[draw(st.sampled_from(KINDS))]))
            value = other(draw, at(tables, path)) if how == "other" else at(SHIPPED, source)
            tables = put(tables, path, None if how == "leave out" else value)
    return tables
