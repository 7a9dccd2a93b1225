"""Floor 6: a view on the terminal with rich, or as plain tab-separated lines. The only importer of `rich`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TextIO

from calaim_cli.views import BAD, DOUBT, GOOD, Block, Fact, Heading, Items, Points, Table, View

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST = 40
WIDE = 70
LABEL_WIDTH = 22
CELL_STYLES = {"yes": "green", "no": "red", "not served": "red"}
COLORS = {GOOD: "green", BAD: "red", DOUBT: "yellow", "": ""}


def plain(view: View) -> str:
    """One fact a line, tab-separated, whole: for pipes, scripts and plain terminals."""
    return "".join(f"{line}\n" for line in _plain_lines(view))


def _plain_lines(view: View) -> Iterator[str]:
    for block in view:
        match block:
            case Heading():
                pass
            case Fact():
                yield f"{block.key}\t{_flat(block.bare or block.value)}"
            case Items():
                yield from (f"{block.key}\t{_flat(value)}" for value in block.values)
            case Points():
                yield from (f"{block.key}\t{_flat(line)}" for line in block.lines)
            case Table():
                yield "\t".join(block.columns)
                yield from ("\t".join(_flat(cell) for cell in row) for row in block.rows)


def _flat(text: str) -> str:
    return text.replace("\t", " ").replace("\n", " ")


def wants_rich(stream: TextIO | None, *, plain_wanted: bool) -> bool:
    """Whether a person looks at the stream on a terminal that can show a table."""
    if stream is None or plain_wanted or not stream.isatty() or os.environ.get("TERM") == "dumb":
        return False
    if os.environ.get("ACCESSIBLE", "0") not in {"", "0"}:
        return False
    return os.get_terminal_size(stream.fileno()).columns >= NARROWEST


def on_terminal(view: View, stream: TextIO) -> None:
    """Print the view with rich: colors from the basic eight, never without the word that says the same.

    Every value is printed as it is: markup, emoji codes and guesses at what to highlight are off.
    """
    from rich.console import Console

    utf8 = (stream.encoding or "").lower().replace("-", "").startswith("utf8")
    color: Literal["standard"] | None = None if os.environ.get("NO_COLOR") else "standard"
    console = Console(file=stream, color_system=color, highlight=False, markup=False, emoji=False, safe_box=not utf8)
    for block in view:
        _print_block(console, block)


def _print_block(console: Console, block: Block) -> None:
    match block:
        case Heading():
            console.print()
            console.print(block.text, style=f"bold {COLORS[block.tone]}", overflow="fold")
        case Fact():
            if block.label:
                _print_labelled(console, block.label, [block.value], COLORS[block.tone])
        case Items():
            _print_labelled(console, block.label, ["; ".join(block.values)], COLORS[block.tone])
        case Points():
            bullet = "- " if len(block.lines) > 1 else ""
            _print_labelled(console, block.label, [bullet + line for line in block.lines], COLORS[block.tone])
        case Table():
            _print_table(console, block)


def _print_labelled(console: Console, label: str, lines: list[str], style: str) -> None:
    """Label and lines side by side where there is room, else the lines indented below the label."""
    from rich.padding import Padding
    from rich.table import Table as Grid
    from rich.text import Text

    if console.width < WIDE or len(label) > LABEL_WIDTH:
        console.print(Text(label, style="bold"), overflow="fold")
        for line in lines:
            console.print(Padding(Text(line, style=style, overflow="fold"), (0, 0, 0, 2)))
        return
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(width=LABEL_WIDTH, style="bold", overflow="fold")
    grid.add_column(style=style, overflow="fold")
    for number, line in enumerate(lines):
        grid.add_row(Text(label if number == 0 else ""), Text(line))
    console.print(grid)


def _print_records(console: Console, table: Table) -> None:
    """The rows one below the other, for a window too narrow for columns."""
    for row in table.rows:
        console.print(row[0], style="bold", overflow="fold")
        for column, cell in zip(table.columns[1:], row[1:], strict=True):
            console.print(f"  {column.replace('_', ' ')}: {cell}", overflow="fold")


def _print_table(console: Console, table: Table) -> None:
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    if console.width < WIDE:
        _print_records(console, table)
        return
    grid = Grid(box=box.ASCII if console.safe_box else box.SIMPLE_HEAD, pad_edge=False)
    for column in table.columns:
        grid.add_column(column.replace("_", " "), overflow="fold")
    for row in table.rows:
        grid.add_row(*(Text(cell, style=CELL_STYLES.get(cell, "")) for cell in row))
    console.print(grid)
