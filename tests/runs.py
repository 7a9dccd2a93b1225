"""Batches as the tests run them: in this process, as a command, as a child with less than usual; and what must hold."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec.structs import replace

from calaim_cli.base import files, system
from calaim_cli.batch import batch
from calaim_cli.batch.batch import Order
from calaim_cli.batch.sheet import LEFT_OUT
from calaim_cli.case.case import Profile
from calaim_cli.draft.draft import Drafter
from calaim_cli.policy import load
from calaim_cli.policy.programs import subject_id
from conftest import AS_OF
from sheets import row, sheet

CATALOG: Final = load.load()
ALL_PROGRAMS: Final = Drafter(CATALOG, Profile(), AS_OF)
"""What the command drafts by."""
ONE_PROGRAM: Final = Drafter(
    replace(CATALOG, subjects=tuple(one for one in CATALOG.subjects if subject_id(one) == "chw")), Profile(), AS_OF
)
"""A policy with one program: it drafts the same, and thousands of runs fit into a minute."""
CANARY: Final = "Zyxcanary"
ROWS: Final = tuple(
    row(number, program="chw", **changes)
    for number, changes in enumerate(({"first_name": CANARY}, {}, {"phone": "555", "last_name": CANARY}, {}), 1)
)
TARGETS: Final = ("out", "out.zip", "out.mbox")
DROP_FROM_BOUNDS, OVERRIDE_ACCESS, SEARCH_ANYTHING = 24, 1, 2
"""Of prctl(2) and capabilities(7)."""


def order_for(base: Path, target: str) -> Order:
    """The batch that faults are tried on: three good rows and a bad one, into a place of their own."""
    (base / "place").mkdir(parents=True, exist_ok=True)
    source = base / "members.csv"
    if not source.exists():
        source.write_bytes(sheet(ROWS))
    return Order(source=str(source), out=base / "place" / target, keep_going=True)


def out_of(order: Order) -> Path:
    """Where the drafts of an order go."""
    assert order.out is not None
    return order.out


def attempt(order: Order, drafter: Drafter = ONE_PROGRAM) -> batch.Tally:
    """One run in this process."""
    tally = batch.Tally()
    batch.run(order, drafter, tally)
    return tally


def calaim(*arguments: str | Path, **named: Any) -> subprocess.CompletedProcess[bytes]:  # noqa: ANN401 passed on
    """The command as a user runs it."""
    words = [sys.executable, "-m", "calaim_cli", *map(str, arguments), "--as-of", AS_OF.isoformat()]
    return subprocess.run(words, capture_output=named.pop("capture_output", True), check=False, **named)


def child(work: Callable[[], int]) -> int:
    """What becomes of some work in a process of its own, which has all modules loaded: exit code, or minus a signal."""
    process = os.fork()
    if process == 0:
        try:
            os._exit(work())
        finally:
            os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def as_anybody() -> None:
    """Take away, before a command starts, what lets root write and look everywhere. Others never had it."""
    if os.geteuid() == 0:
        library = ctypes.CDLL(None, use_errno=True)
        for capability in (OVERRIDE_ACCESS, SEARCH_ANYTHING):
            if library.prctl(DROP_FROM_BOUNDS, capability, 0, 0, 0):
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def without_hard_links(patch: pytest.MonkeyPatch, number: int = errno.EPERM) -> None:
    """A file system that knows no hard links, as on many memory sticks and network drives."""

    def no_link(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    patch.setattr(os, "link", no_link)


def without_directory_descriptors(patch: pytest.MonkeyPatch) -> None:
    """A system where a folder is known by its path alone, such as Windows."""
    patch.setattr(system, "BY_DESCRIPTOR", False)


def contents(place: Path) -> dict[str, bytes]:
    """Every file below the place, but for lock files."""
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.name != files.LOCK
    }


def is_draft(name: str) -> bool:
    """Whether a name is that of a draft or of a file of drafts."""
    return name.endswith((".eml", ".zip", ".mbox")) and not Path(name).name.startswith(files.TEMPORARY)


def invariant(place: Path, wanted: dict[str, bytes], *, empty_allowed: bool = False) -> None:
    """No cut draft under a final name, and nothing that others could read."""
    for name, content in contents(place).items():
        assert stat.S_IMODE((place / name).stat().st_mode) & 0o177 == 0, name
        if is_draft(name):
            assert content == wanted[name] or (empty_allowed and content == b""), name


def converges(order: Order, wanted: dict[str, bytes]) -> None:
    """A clean rerun ends with just the expected files; only the report tells which drafts were there before."""
    assert attempt(order).exit_code == LEFT_OUT
    found = contents(out_of(order).parent)
    assert found.keys() == wanted.keys()
    assert {name: found[name] for name in found if "report" not in name} == {
        name: wanted[name] for name in wanted if "report" not in name
    }
