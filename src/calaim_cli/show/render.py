"""A view for whoever reads it: drawn on a terminal, or as lines for an ear or a pipe. The only importer of `rich`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TextIO

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.streams import emit, is_on, tamed
from calaim_cli.show import blocks
from calaim_cli.show.blocks import BAD, DOUBT, GOOD, PLAIN, Bars, Fact, Heading, Items, Points, Screenful, Table, View

if TYPE_CHECKING:
    from rich.console import Console

NARROWEST = 40
WIDE = 70
LABEL_WIDTH = 22
COLUMN_GAP = 3
# What rich gives to some columns more than they need.
SLACK = 6
BAR_WIDTH = 24
CELL_STYLES = {"yes": "green", "no": "red", "not served": "red"}
COLORS = {GOOD: "green", BAD: "red", DOUBT: "yellow", PLAIN: ""}
# SGR of ECMA-48: the foreground colors of the basic eight.
PAINTS = {GOOD: 32, BAD: 31, DOUBT: 33}


def show(view: View, *, plain_wanted: bool) -> None:
    """Print the view on a terminal with rich, else as lines: labelled by ear, tab-separated in a pipe."""
    if wants_rich(sys.stdout, plain_wanted=plain_wanted):
        on_terminal(view, sys.stdout)
    elif wants_color(plain_wanted=plain_wanted):
        emit(painted(view), painted=True)
    else:
        by_ear = is_on("ACCESSIBLE") and sys.stdout is not None and sys.stdout.isatty()
        emit(labelled(view) if by_ear else plain(view))


def plain(view: View) -> str:
    """One fact a line, tab-separated, whole: for pipes, scripts and plain terminals."""
    return "".join(f"{line}\n" for line, _ in _plain_lines(view))


def painted(view: View) -> str:
    """The plain lines with colors, for who forces them in a pipe; not a character is different otherwise."""
    lines = ((tamed(line), PAINTS.get(tone)) for line, tone in _plain_lines(view))
    return "".join(f"\x1b[{paint}m{line}\x1b[0m\n" if paint else f"{line}\n" for line, paint in lines)


def _plain_lines(view: View) -> Iterator[tuple[str, str]]:
    """Each line with its tone."""
    for block in view:
        match block:
            case Heading():
                pass
            case Fact():
                yield f"{block.key}\t{_flat(block.bare or block.value)}", block.tone
            case Items():
                yield from ((f"{block.key}\t{_flat(value)}", block.tone) for value in block.values)
            case Table():
                yield from ((_cells(row), PLAIN) for row in (block.columns, *block.rows))
            case Screenful():
                yield from _plain_lines(block.plain)


def _flat(text: str) -> str:
    # A tab or line break within a value would look like a further column or fact.
    return text.replace("\t", " ").replace("\n", " ")


def _cells(row: tuple[str, ...]) -> str:
    line = "\t".join(row)
    return line if line.count("\t") == len(row) - 1 and "\n" not in line else "\t".join(map(_flat, row))


def labelled(view: View) -> str:
    """One "label: value" a line, for a person who reads by ear: nothing drawn, nothing cut."""
    lines: list[str] = []
    for block in view:
        match block:
            case Heading():
                lines += ["", block.text]
            case Fact():
                lines += [f"{block.label}: {block.value}"] if block.label else []
            case Points():
                lines += [f"{block.label}:", *(f"  - {line}" for line in block.values)]
            case Items():
                lines.append(f"{block.label}: {'; '.join(block.values)}")
            case Table():
                names = [column.replace("_", " ") for column in block.columns]
                for row in block.rows:
                    lines += ["", *(f"{name}: {cell}" for name, cell in zip(names, row, strict=True))]
            case Screenful():
                lines += [f"{line.label}: {line.text}" if line.label else line.text for line in block.lines]
    return "".join(f"{line}\n" for line in lines)


def wants_rich(stream: TextIO | None, *, plain_wanted: bool) -> bool:
    """True where a person looks at the stream on a terminal that can show a table."""
    if stream is None or plain_wanted or not stream.isatty() or _wants_simple():
        return False
    return os.get_terminal_size(stream.fileno()).columns >= NARROWEST


def wants_color(*, plain_wanted: bool) -> bool:
    """True where colors are forced although no table is drawn; whatever turns colors off wins."""
    # Names and meaning as on force-color.org, bixense.com/clicolors and no-color.org.
    forced = is_on("FORCE_COLOR") or is_on("CLICOLOR_FORCE")
    return forced and not plain_wanted and not os.environ.get("NO_COLOR") and not _wants_simple()


def _wants_simple() -> bool:
    return os.environ.get("TERM") == "dumb" or is_on("ACCESSIBLE")


def on_terminal(view: View, stream: TextIO) -> None:
    """Print the view with rich: colors from the basic eight, never without the word that says the same.

    Every value is printed as it is: markup, emoji codes and guesses at what to highlight are off.
    """
    console = _console(stream)
    shown: View = _tamed(view)
    for block in shown:
        match block:
            case Heading():
                console.print()
                console.print(block.text, style=f"bold {COLORS[block.tone]}", overflow="fold")
            case Fact():
                if block.label:
                    _print_labelled(console, block, [block.value])
            case Points():
                bullet = "- " if len(block.values) > 1 else ""
                _print_labelled(console, block, [bullet + line for line in block.values])
            case Items():
                _print_labelled(console, block, ["; ".join(block.values)])
            case Table():
                _print_table(console, block)
            case Screenful():
                _print_screenful(console, block)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    utf8 = (stream.encoding or "").lower().replace("-", "").startswith("utf8")
    # The basic eight are the ones that the user's own theme sets, readable on light and on dark.
    color: Literal["standard"] | None = None if os.environ.get("NO_COLOR") else "standard"
    # What boxes are drawn with lies outside ASCII, hence the safe ones.
    return Console(file=stream, color_system=color, highlight=False, markup=False, emoji=False, safe_box=not utf8)


def _tamed(value: Any) -> Any:  # noqa: ANN401 a view, a block or what it holds
    # A case file's name must not drive the terminal.
    if isinstance(value, str):
        return tamed(value)
    if isinstance(value, tuple):
        return tuple(map(_tamed, value))
    if isinstance(value, Struct):
        return replace(value, **{name: _tamed(getattr(value, name)) for name in value.__struct_fields__})
    return value


def _print_screenful(console: Console, screenful: Screenful) -> None:
    """The lines as they are laid out for this window: nothing else folds or cuts them."""
    from rich.text import Text

    for line in blocks.laid_out(screenful.lines, console.width, screenful.most):
        text = Text.assemble((line.label, "bold"), (line.text, COLORS[line.tone]))
        console.print(text, soft_wrap=True)


def _print_labelled(console: Console, block: Fact | Items, lines: list[str]) -> None:
    """Label and lines side by side where there is room, else the lines below the label."""
    from rich.table import Table as Grid

    style = COLORS[block.tone]
    if console.width < WIDE or len(block.label) > LABEL_WIDTH:
        _print_below(console, block.label, lines, style)
        return
    grid = Grid.grid(padding=(0, 1))
    grid.add_column(width=LABEL_WIDTH, style="bold", overflow="fold")
    grid.add_column(style=style, overflow="fold")
    for number, line in enumerate(lines):
        grid.add_row("" if number else block.label, line)
    console.print(grid)


def _print_below(console: Console, title: str, lines: Iterable[str], style: str = "") -> None:
    """The lines indented below their title."""
    from rich.padding import Padding
    from rich.text import Text

    # Folded, never cut: an address with its end missing would be copied as it is.
    console.print(Text(title, style="bold"), overflow="fold")
    for line in lines:
        console.print(Padding(Text(line, style=style, overflow="fold"), (0, 0, 0, 2)))


def _print_table(console: Console, table: Table) -> None:
    """The rows under their columns, or one below the other in a window too narrow for columns."""
    from rich import box
    from rich.table import Table as Grid
    from rich.text import Text

    names = [column.replace("_", " ") for column in table.columns]
    columns = list(zip(names, *table.rows, strict=True))
    # No word is broken, as a phone number must not be; but for ids, which come first.
    first, *others = (max((len(word) for cell in column for word in cell.split()), default=0) for column in columns)
    widths = (min(first, LABEL_WIDTH), *others)
    if console.width < max(WIDE, SLACK + sum(width + COLUMN_GAP for width in widths)):
        for title, *cells in table.rows:
            _print_below(console, title, map(": ".join, zip(names[1:], cells, strict=True)))
        return
    values = [one or 0 for one in table.values] if isinstance(table, Bars) else []
    mark, longest = "#" if console.safe_box else "\u2588", max(values, default=0) or 1
    grid = Grid(box=box.ASCII if console.safe_box else box.SIMPLE_HEAD, pad_edge=False)
    if values:
        grid.add_column("")
    for name, width in zip(names, widths, strict=True):
        grid.add_column(name, overflow="fold", min_width=width)
    for number, row in enumerate(table.rows):
        bar = [Text(mark * round(BAR_WIDTH * values[number] / longest), style=COLORS[GOOD])] if values else []
        grid.add_row(*bar, *(Text(cell, style=CELL_STYLES.get(cell, "")) for cell in row))
    console.print(grid)


@contextmanager
def progress(stream: TextIO | None, size: int | None) -> Iterator[Callable[[int], object]]:
    """A function to tell how many bytes of `size` are done, as a bar on a terminal only; in the end it is gone."""
    if stream is None or not wants_rich(stream, plain_wanted=False):
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=_console(stream), transient=True, redirect_stdout=False, redirect_stderr=False)
    with bar:
        rows = bar.add_task("rows", total=size)
        yield lambda done: bar.update(rows, completed=done)
