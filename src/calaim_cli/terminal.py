"""Floor 5: the standard streams. Results go to stdout, talk to stderr; a closed or full stream is never a traceback."""

from __future__ import annotations

import os
import sys
from typing import Final, TextIO

from calaim_cli.errors import OutputRefused

READER_GONE: Final = 141
"""Exit code when the reader of stdout went away: 128 + SIGPIPE."""
CONTROLS: Final = {n: f"\\x{n:02x}" for n in (*range(32), *range(127, 160)) if chr(n) not in "\t\n"}
"""How control characters are printed: a key or file name must not drive the terminal."""


def prepare_streams() -> None:
    """Open the null device on closed standard descriptors, and let no character stop an output."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if descriptor == 0 else os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def emit(text: str) -> None:
    """Write a result to stdout in the terminal's encoding, and make sure it arrived."""
    if sys.stdout is not None:
        _deliver(sys.stdout, text.translate(CONTROLS))


def emit_utf8(text: str) -> None:
    """Write a document or draft to stdout as UTF-8, whatever the locale."""
    if sys.stdout is None:
        return
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()
    except OSError as error:
        raise _undelivered(error) from None


def _deliver(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError as error:
        raise _undelivered(error) from None


def _undelivered(error: OSError) -> BaseException:
    """What to raise when stdout takes no more: quiet for a reader that left, an error for a full disk."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if isinstance(error, BrokenPipeError):
        return SystemExit(READER_GONE)
    return OutputRefused(f"standard output cannot be written: {error.strerror}", code="stdout")


def say(text: str) -> None:
    """One line of talk on stderr; a stderr that is gone stops nothing."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{text.translate(CONTROLS)}\n")
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
