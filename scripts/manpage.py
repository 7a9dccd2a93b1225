"""Writes docs/calaim.1 from the commands. With --check it only says whether the file is current."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import tree

from calaim_cli import __version__
from calaim_cli.policy import load
from calaim_cli.show.blocks import Points
from calaim_cli.show.help import ENVIRONMENT, EXIT_CODES, page_named

PAGE = Path(__file__).parents[1] / "docs" / "calaim.1"


def page() -> str:
    """The whole man page."""
    return "".join(f"{line}\n" for line in _lines())


def _lines() -> Iterator[str]:
    top, *others = tree.commands()
    yield f'.TH CALAIM 1 "{load.load().edition}" "calaim {__version__}" "User commands"'
    yield from (".SH NAME", r"calaim \- CalAIM at a care manager's terminal")
    yield from (".SH SYNOPSIS", f".B {_plain(top.usage)}")
    yield from (".SH DESCRIPTION", *(_text(part) for part in top.help))
    yield from _records("OPTIONS", top.options)
    yield ".SH COMMANDS"
    for command in others:
        yield from _command(command)
    yield from _records("EXIT STATUS", ((str(code), meaning) for code, meaning in EXIT_CODES))
    yield from _records("ENVIRONMENT", _environment())
    yield ".SH PRIVACY"
    for block in page_named("privacy").view:
        if isinstance(block, Points):
            yield from (f".SS {_plain(block.label)}", *(f".IP \\(bu 2\n{_text(line)}" for line in block.values))


def _command(command: tree.Shown) -> Iterator[str]:
    yield f".SS {_plain(command.name.removeprefix('calaim '))}"
    yield f".B {_plain(command.usage)}"
    for part in command.help:
        yield from (".PP", _text(part))
    for name, text in (*command.arguments, *command.options):
        yield from (".TP", f".B {_plain(name)}", _text(text))
    if command.example:
        yield from (".PP", "Example:", ".PP", ".RS 4", f".B {_plain(command.example)}", ".RE")


def _records(title: str, records: Iterator[tuple[str, str]] | tuple[tuple[str, str], ...]) -> Iterator[str]:
    yield f".SH {title}"
    for name, text in records:
        yield from (".TP", f".B {_plain(name)}", _text(text))


def _environment() -> Iterator[tuple[str, str]]:
    """The variables of the help topic, each with a sentence."""
    return ((name, f"{meaning[:1].upper()}{meaning[1:]}.") for name, meaning in ENVIRONMENT)


def _plain(text: str) -> str:
    """Text in which roff sees no command: backslashes and hyphens escaped."""
    return text.replace("\\", r"\e").replace("-", r"\-")


def _text(text: str) -> str:
    """A line of text, never taken for a request."""
    line = _plain(text).replace("'", r"\(aq")
    return rf"\&{line}" if line.startswith((".", "'")) else line


def main() -> int:
    """Write the page, or with --check say whether it is current."""
    if "--check" in sys.argv:
        current = PAGE.exists() and PAGE.read_text("utf-8") == page()
        if not current:
            print("docs/calaim.1 is not current: run make docs")
        return 0 if current else 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
