"""Every value that the data files hold, with where it is and what it is: for what holds of all entries alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import fields

from calaim_cli.policy.policy import Policy

NAMES: Final = ("id", "address", "plan", "name", "population", "typed")
"""What an entry is known by: an offer by its plan, a rejected address by itself, a county by its name."""


fields_of = cache(fields)  # there are two thousand entries of thirty shapes


class Leaf(NamedTuple):
    """A value of an entry, by the key that it is of; of a table its names are `key:name`, its values `key:value`."""

    where: str
    key: str
    value: object
    entry: Struct


def entry_name(entry: Struct) -> str:
    """What the entry is known by; empty for a part of another that has no name."""
    found: str | tuple[str, ...] = next((getattr(entry, key) for key in NAMES if hasattr(entry, key)), "")
    return found if isinstance(found, str) else ", ".join(found)


def leaves(policy: Policy) -> Iterator[Leaf]:
    """Every value that the files give, in their order. One that is left out, or is what is left out, is none."""
    for name, file in policy.files.items():
        yield from _of_entry(file, name)


def _of_entry(entry: Struct, where: str) -> Iterator[Leaf]:
    for field in fields_of(type(entry)):
        value = getattr(entry, field.name)
        if value != field.default:
            yield from _of_value(value, f"{where}: {field.encode_name}", field.encode_name, entry)


def _of_value(value: object, where: str, key: str, entry: Struct) -> Iterator[Leaf]:
    if isinstance(value, Struct):
        name = entry_name(value)
        yield from _of_entry(value, f'{where} "{name}"' if name else where)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from _of_value(one, where, key, entry)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield Leaf(where, f"{key}:name", name, entry)
            yield from _of_value(one, f"{where}.{name}", f"{key}:value", entry)
    else:
        yield Leaf(where, key, value, entry)
