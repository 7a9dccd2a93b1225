"""The standard streams. Results go to stdout, talk to stderr; a closed or full stream is never a traceback."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, redirect_stdout
from typing import Final, TextIO, cast

from calaim_cli.base.errors import OutputRefused, Problem
from calaim_cli.base.wording import folded

# Exit code when the reader of stdout went away: 128 + SIGPIPE, as shells count.
READER_GONE: Final = 141
# Controls but tab and line feed, up to 159, as terminals of 8 bits take 155 for the start of an escape (ECMA-48, CSI);
# then what turns the order of letters around (UAX #9), breaks lines or is not seen. What joins letters of names stays.
UNSEEN: Final = (
    *((0, 8), (11, 31), (127, 159), (0xAD, 0xAD), (0x61C, 0x61C), (0x180E, 0x180E), (0x200B, 0x200B)),
    *((0x2028, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB)),
)
ESCAPES: Final = {number: f"\\u{number:04x}" for first, last in UNSEEN for number in range(first, last + 1)}
"""What a key or file name must not bring to a terminal: it would drive it, or make one name look like another."""
SHOWN: Final = {number: escape.replace("u00", "x") for number, escape in ESCAPES.items()}


def is_on(name: str) -> bool:
    """True where a variable of the user's surroundings, such as ACCESSIBLE, is set to anything but 0."""
    return os.environ.get(name, "0") not in {"", "0"}


def prepare_streams() -> None:
    """Open the null device on closed standard descriptors; no character stops an output, and lines end as on Linux."""
    # Else the next file opened would take the number of a closed one, and what is printed would go into it.
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if descriptor == 0 else os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace", newline="\n")


def tamed(text: str) -> str:
    """The text with what would drive a terminal, or not be seen, shown by its number."""
    return text if text.isprintable() else text.translate(SHOWN)


def escaped(document: str) -> str:
    """The JSON or TOML text with such characters as escapes of its own, so that it means the same and stays valid."""
    return document.translate(ESCAPES)


def undelivered(error: OSError) -> OutputRefused:
    """The error for a stdout that takes no more, such as a full disk; a reader that left ends the command quietly."""
    # The null device takes what is still in the buffer, which would fail once more when the interpreter leaves.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if isinstance(error, BrokenPipeError) or (os.name == "nt" and error.errno == errno.EINVAL):  # so Windows puts it
        raise SystemExit(READER_GONE)
    return OutputRefused(f"standard output cannot be written: {error.strerror}", code="stdout")


@contextmanager
def _delivered() -> Iterator[None]:
    """Within it, a stdout that takes no more is an error of ours."""
    try:
        yield
    except OSError as error:
        raise undelivered(error) from None


def emit(text: str, *, painted: bool = False) -> None:
    """Write a result to stdout in the terminal's encoding, and make sure it arrived.

    A painted text holds color escapes of our own; its values are tamed already.
    """
    if sys.stdout is not None:
        with _delivered():
            sys.stdout.write(text if painted else tamed(text))
            sys.stdout.flush()


def emit_utf8(text: str) -> None:
    """Write a document or draft to stdout as UTF-8, whatever the locale."""
    if sys.stdout is not None:
        sys.stdout.flush()
        with _delivered():
            sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
            sys.stdout.buffer.flush()


class _Watched:
    """Stdout for what a library prints, such as help: where it takes no more, that is told as `emit` tells it.

    Typer tries a stream with an empty text and swallows what comes of it, so that is never an error.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        with _delivered():
            return self._stream.write(text) if text != "" else 0

    def flush(self) -> None:
        with _delivered():
            self._stream.flush()


def watched_stdout() -> AbstractContextManager[object]:
    """Within it, what libraries print to stdout fails as `emit` does."""
    return nullcontext() if sys.stdout is None else redirect_stdout(cast("TextIO", _Watched(sys.stdout)))


@contextmanager
def code_wins(exit_code: int) -> Iterator[None]:
    """Within it, a reader of stdout that left does not hide what a batch has done: its own exit code tells."""
    try:
        yield
    except SystemExit as gone:
        if gone.code != READER_GONE or not exit_code:
            raise


def say(text: str) -> None:
    """One line of talk on stderr; a stderr that is gone stops nothing."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(f"{fitted(tamed(text)) if sys.stderr.isatty() else tamed(text)}\n")
        sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def warn(problems: Iterable[Problem], tell: Callable[[str], None] = say) -> None:
    """A line of talk for each."""
    for problem in problems:
        tell(problem.warning)


COMMAND: Final = ": calaim "
"""Stands before a command that goes on where one stopped."""


def fitted(text: str) -> str:
    """The text for the width of the terminal; shorter lines stay.

    A command to copy stays whole as well: a line break would end it.
    """
    # Of the errors' terminal: the other stream may go to a file.
    width = os.get_terminal_size(sys.stderr.fileno()).columns or len(text)
    return "\n".join(
        "\n".join(folded(line, width)) if len(line) > width and COMMAND not in line else line
        for line in text.split("\n")
    )


def leave_on_signals() -> None:
    """Let "interrupt", "terminate" and "hang up" end the program through its clean-up, and a second one at once."""

    def leave(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    # Windows has no SIGHUP; what is ignored already, as under nohup or for a job in the background, stays so.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}:
            signal.signal(number, leave)
