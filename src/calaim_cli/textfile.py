"""Floor 1: text files read whole, and what is wrong with them: missing, a folder, too large, not UTF-8, not TOML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from calaim_cli.errors import InputError


def read_bytes(path: Path, largest: int) -> bytes:
    """The bytes of a regular file of at most `largest` bytes. Raises InputError saying what is wrong with it."""
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder: give a file")
        if path.stat().st_size > largest:
            raise InputError(f"{path}: larger than {largest // 1024 // 1024} MiB: this cannot be the right file")
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file: check the name") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def decode_utf8(content: bytes, name: str) -> str:
    """The text of a file. Raises InputError naming the line that is not UTF-8, never its bytes."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}: line {line}: not UTF-8: save the file as UTF-8 text") from None


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises InputError with the line; the line itself is not quoted."""
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name}: {_in_words(str(error))}") from None
    except (RecursionError, ValueError):  # lists nested a thousand deep, or a number of thousands of digits
        raise InputError(f"{name}: not valid TOML: nested too deeply, or a number too long") from None


OPEN_QUOTE: Final = ("Unterminated string", "Illegal character '\\n'", 'Expected "\'"')
HINTS: Final = (
    ("Invalid value", "a word without quotes, or no value: write true or false, or put text in straight quotes"),
    ("Expected newline", "more after the value: put text, dates such as 03/04/1980 and numbers such as 0012 in quotes"),
    ("Expected '='", 'neither a [table] nor a key with its value: write key = "text"'),
    ("Expected ']'", "a [table] without its closing bracket: add it"),
    *((said, "a text without its closing quote: add it") for said in OPEN_QUOTE),
    ("Cannot overwrite", "a key that stands twice: take one out"),
    ("Cannot declare", "a table that stands twice: put its keys together"),
)
"""What the parser says of a frequent slip, and in words what it found and what to write."""


def _in_words(said: str) -> str:
    """What the parser says, with the line and what to write, but without the characters of the file it quotes."""
    found = re.search(r"(.*) \(at (?:(line \d+), column \d+|end of document)\)", said)
    what, where = (found[1], found[2] or "at the end") if found else (said, "somewhere")
    hint = next((words for start, words in HINTS if what.startswith(start)), f"{_without_quotes(what)}: mend that line")
    return f"{where}: not valid TOML: {hint}"


def _without_quotes(reason: str) -> str:
    """The parser's reason without the characters of the file that it quotes."""
    return re.sub(r"[ :]*(['\"]).*\1", "", reason).lower()
