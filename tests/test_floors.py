"""The shape of the package: imports only point down, each library has one owner, functions stay short."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

import calaim_cli
from conftest import ROOT

PACKAGE = ROOT / "src" / "calaim_cli"
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if not path.stem.startswith("__"))
OWNERS = {
    "click": "",
    "csv": "sheet",
    "email": "message",
    "prompt_toolkit": "prompts",
    "questionary": "prompts",
    "rich": "render",
    "tomli_w": "casefile",
    "typer": "cli",
}


@cache
def floors() -> dict[str, int]:
    """The floor of each module, as the package's docstring draws it: number, modules, wide gap, remark."""
    rows = re.findall(r"^ {3,4}(\d+) {2}(\S+(?: {1,2}\S+)*)", calaim_cli.__doc__ or "", re.MULTILINE)
    return {module: int(floor) for floor, modules in rows for module in modules.split()}


@cache
def parsed(module: str) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse((PACKAGE / f"{module}.py").read_text("utf-8"))


def imports(module: str) -> Iterator[str]:
    """Every import of a module with its full dotted name, those inside functions too."""
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import in line {node.lineno}"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(module: str) -> set[str]:
    """The modules of this package that a module imports."""
    parts = [name.split(".") for name in imports(module)]
    return {part[1] for part in parts if part[0] == "calaim_cli" and part[1] in floors()}


DRAWN = [module for module in MODULES if module in floors()]


def test_every_module_is_in_the_drawing() -> None:
    """Whoever opens the package sees each module on its floor, and none that is gone."""
    assert sorted(floors()) == MODULES


@pytest.mark.parametrize("module", DRAWN)
def test_module_says_the_floor_it_is_drawn_on(module: str) -> None:
    """The drawing and the first words of the module do not contradict each other."""
    said = re.match(r"Floor (\d+):", ast.get_docstring(parsed(module)) or "")
    assert said is not None
    assert int(said[1]) == floors()[module]


@pytest.mark.parametrize("module", DRAWN)
def test_module_imports_only_from_lower_floors(module: str) -> None:
    """Logic never comes to depend on files or terminal, and no two modules on each other."""
    assert {name: floors()[name] for name in own_imports(module) if floors()[name] >= floors()[module]} == {}


@pytest.mark.parametrize(("library", "owner"), OWNERS.items())
def test_library_has_one_owner(library: str, owner: str) -> None:
    """What draws, asks, sends or writes a format is in one place, and can be replaced there."""
    importers = {module for module in MODULES for name in imports(module) if name.split(".")[0] == library}
    assert importers <= {owner}


def test_nine_functions_in_ten_fit_one_glance() -> None:
    """Short functions are the normal case: nine in ten have at most 25 lines, docstring and signature included."""
    functions = [
        node
        for module in MODULES
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    short = [node for node in functions if (node.end_lineno or 0) - node.lineno + 1 <= 25]
    assert len(functions) > 100
    assert len(short) >= 0.9 * len(functions)
