"""Floor 5: text files read whole, and what is wrong with them: missing, a folder, too large, not UTF-8, not TOML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

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
        found = re.search(r"(.*) \(at (line \d+), column \d+\)|(.*) \(at end of document\)", str(error))
        what, line = (found[1] or found[3], found[2] or "at the end") if found else (str(error), "")
        raise InputError(f"{name}: {line}: not valid TOML: {_without_quotes(what)}: mend that line") from None
    except (RecursionError, ValueError):  # lists nested a thousand deep, or a number of thousands of digits
        raise InputError(f"{name}: not valid TOML: nested too deeply, or a number too long") from None


def _without_quotes(reason: str) -> str:
    """The parser's reason without the characters of the file that it quotes."""
    return re.sub(r"[ :]*(['\"]).*\1", "", reason).lower()
