"""Floor 1: the questions that scripts ask most, answered before Typer is loaded, in a fraction of the time.

The answers were written when the wheel was built, by the same views and documents as ever; here the place is looked up
and the answer is copied out. Whatever is not exactly one of these, or finds nothing, is left to Typer:

    calaim --version
    calaim county PLACE...            unless on a terminal
    calaim county PLACE... --json
    calaim services --county PLACE    unless on a terminal
    completion of names and case files, in bash and zsh

CALAIM_NO_QUICK=1 switches it off. Nothing heavy may be imported here: no `re`, `typing` or `pathlib`.
"""

import io
import marshal
import os
import sys
import time

from calaim_cli import __version__
from calaim_cli.compiled import QUICK, UNUSABLE, opened
from calaim_cli.wording import place_key

COUNTY, COUNTY_BY_ZIP, JSON, SERVICES = "county", "county by ZIP code", "json", "services"
MARK = "\N{REPLACEMENT CHARACTER}".encode()
"""Stands in an answer where the place goes as it was typed; no data hold it."""
LEFT_TO_TYPER = ("CALAIM_NO_QUICK", "CALAIM_DATA", "FORCE_COLOR", "CLICOLOR_FORCE")
"""Where one of these variables is set, nothing is answered here."""


def answer(arguments: list[str]) -> str | bytes | None:
    """What to print: lines, or a document in bytes, which is UTF-8 in every locale. None: the question is Typer's."""
    if sys.stdout is None or any(os.environ.get(name) for name in LEFT_TO_TYPER):
        return None
    shell = os.environ.get("_CALAIM_COMPLETE")
    try:
        return _completion(shell) if shell else _answer_to(arguments)
    except UNUSABLE:
        return None


def _answer_to(arguments: list[str]) -> str | bytes | None:
    piped = not sys.stdout.isatty()
    match arguments:
        case ["--version"]:
            with opened(QUICK) as file:
                return f"calaim {__version__}, data {Answers(file).edition}\n"
        case ["services", "--county", place] if piped:
            return _about(place, SERVICES)
        case ["county", *words] if piped or "--json" in words:
            place = " ".join(word for word in words if word != "--json")
            return _about(place, JSON if "--json" in words else COUNTY)
    return None


class Answers:
    """The open file of answers: an index, and behind it the pieces that the index gives start and length of."""

    def __init__(self, file: io.BufferedReader) -> None:
        index = marshal.loads(file.read(int(file.readline())))
        self.edition: str = index["edition"]
        self.review_by: str = index["review_by"]
        self.names: dict[str, list[str]] = index["names"]
        self.numbers: dict[str, int] = index["places"]
        self.pieces: dict[str, list[tuple[int, int]]] = index["pieces"]
        self.start = file.tell()
        self.file = file

    def by_zip(self) -> dict[str, int]:
        """The number of the county that each ZIP code lies in."""
        numbers: dict[str, int] = marshal.loads(self.piece("zips", 0))
        return numbers

    def piece(self, kind: str, number: int) -> bytes:
        start, length = self.pieces[kind][number]
        self.file.seek(self.start + start)
        return self.file.read(length)


def _about(place: str, kind: str) -> str | bytes | None:
    """What is known of a place; None where the place needs more thought."""
    if not place.isprintable() or place != place.strip() or any(word.startswith("-") for word in place.split()):
        return None
    with opened(QUICK) as file:
        answers = Answers(file)
        if time.strftime("%Y-%m-%d") > answers.review_by:
            return None  # Typer says that the data are due for a review
        number = answers.numbers.get(key(place))
        if number is None and place.isdigit():
            number = answers.by_zip().get(place)
            kind = COUNTY_BY_ZIP if kind == COUNTY else kind
        if number is None:
            return None
        text = answers.piece(kind, number).replace(MARK, place.encode())
    return text if kind == JSON else text.decode()


def key(place: str) -> str:
    """What a place is looked up by: codes exactly as typed, names in the form in which they are compared."""
    return place if any(c.isdigit() for c in place) else place_key(place)


def _completion(shell: str) -> str | None:
    """What the half-typed word may become, in the form that the shell wants."""
    from calaim_cli.completion import candidates, kind_after

    if shell not in {"complete_bash", "complete_zsh"}:
        return None
    line = os.environ.get("COMP_WORDS" if shell == "complete_bash" else "_TYPER_COMPLETE_ARGS", "")
    before, typed = _bash_words(line) if shell == "complete_bash" else _zsh_words(line)
    kind = kind_after(before)
    if not kind or typed.startswith("-") or not set("\"'\\=").isdisjoint(line):
        return None
    with opened(QUICK) as file:
        found = candidates(kind, before[1:], typed, Answers(file).names)
    if shell == "complete_bash":
        return "\n".join(found) + "\n"
    listed = "\n".join(f'"{one}"' for one in found)
    return f"_arguments '*: :(({listed}))'\n" if found else "_files\n"


def _bash_words(line: str) -> tuple[list[str], str]:
    words, at = line.split(), int(os.environ.get("COMP_CWORD", ""))
    return words[1:at], "".join(words[at : at + 1])


def _zsh_words(line: str) -> tuple[list[str], str]:
    words = line.split()[1:]
    return (words[:-1], words[-1]) if words and not line.endswith(" ") else (words, "")
