"""The shape of the package: rooms on floors, imports that only point down, one owner for each library."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from conftest import ROOT

PACKAGE = ROOT / "src" / "calaim_cli"
FLOORS = (
    ("base",),
    ("quick",),
    ("policy", "case"),
    ("decide",),
    ("draft",),
    ("batch", "talk", "show", "follow"),
    ("delivery",),
    ("cli",),
)
"""From the ground up; rooms of one floor do not know each other."""
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if path.stem != "__init__")
OWNERS = {
    "click": "",
    "csv": "batch/sheet.py",
    "duckdb": "batch/table.py",
    "email": "draft/message.py",
    "openpyxl": "batch/workbook.py",
    "prompt_toolkit": "talk/terminal.py",
    "questionary": "talk/terminal.py",
    "rich": "show/render.py",
    "sqlite3": "follow/ledger.py",
    "tomli_w": "case/casefile.py",
    "typer": "cli.py",
}
BODY = 40


def room_of(module: str) -> str:
    """The room of a module, or its own name at the top."""
    return module.split("/", maxsplit=1)[0].removesuffix(".py").replace("__main__", "cli")


def floor_of(room: str) -> int:
    """The floor that a room is on."""
    return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


@cache
def parsed(module: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse((PACKAGE / module).read_text("utf-8"))


@cache
def imports(module: str) -> tuple[str, ...]:
    """Every import of a module with its full dotted name, those inside functions too."""
    found: list[str] = []
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import in line {node.lineno}"
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(found)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_to_the_same_room_or_down(module: str) -> None:
    """Logic never comes to depend on files or terminal, and no two rooms on each other."""
    room = room_of(module)
    rooms = {name.split(".")[1] for name in imports(module) if name.startswith("calaim_cli.")} - {"__version__", room}
    assert {one for one in rooms if floor_of(one) >= floor_of(room)} == set()


@pytest.mark.parametrize(("library", "owner"), OWNERS.items())
def test_library_has_one_owner(library: str, owner: str) -> None:
    """What draws, asks, sends or writes a format is in one place, and can be replaced there."""
    importers = {module for module in MODULES for name in imports(module) if name.split(".")[0] == library}
    assert importers <= {owner}


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Every function with its module."""
    for module in MODULES:
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield module, node


def test_no_body_is_longer_than_a_screen() -> None:
    """Whoever reads a function sees all of it: a body has at most 40 lines."""
    long = []
    for module, node in functions():
        first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node.body[0]
        if (node.end_lineno or 0) - first.lineno + 1 > BODY:
            long.append(f"{module}: {node.name}")
    assert long == []
