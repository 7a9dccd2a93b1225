"""The commands as the command line knows them, with their help and options: for the man page and the documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import typer
from typer.main import get_command

from calaim_cli.cli import app

EXAMPLE = "Example: "


class Shown(NamedTuple):
    """A command: its words, usage, paragraphs of help, example, and (name, help) of each argument and option."""

    name: str
    usage: str
    help: tuple[str, ...]
    example: str
    arguments: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]


def commands() -> Iterator[Shown]:
    """Every command with its subcommands, the command line itself first."""
    yield from _below(get_command(app), "calaim", None)


def _below(command: Any, name: str, parent: typer.Context | None) -> Iterator[Shown]:  # noqa: ANN401 Typer's own classes
    context = typer.Context(command, info_name=name.rpartition(" ")[2], parent=parent)
    context.help_option_names = ["-h", "--help"]
    yield _shown(command, name, context)
    for word in command.list_commands(context) if hasattr(command, "list_commands") else ():
        yield from _below(command.get_command(context, word), f"{name} {word}", context)


def _shown(command: Any, name: str, context: typer.Context) -> Shown:  # noqa: ANN401 Typer's own classes
    paragraphs = [" ".join(part.split()) for part in (command.help or "").split("\n\n")]
    examples = [part.removeprefix(EXAMPLE) for part in paragraphs if part.startswith(EXAMPLE)]
    records = [(one.param_type_name, one.get_help_record(context)) for one in command.get_params(context)]
    of_kind = {
        kind: tuple((record[0], " ".join(record[1].split())) for found, record in records if found == kind and record)
        for kind in ("argument", "option")
    }
    return Shown(
        name,
        " ".join(command.get_usage(context).removeprefix("Usage: ").split()),
        tuple(part for part in paragraphs if not part.startswith(EXAMPLE)),
        examples[0] if examples else "",
        of_kind["argument"],
        of_kind["option"],
    )
