"""A person at a real pseudo-terminal: the command is started there, read from, and typed at."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pexpect  # type: ignore[import-untyped]
import pyte

from calaim_cli.decide.screens import Mark, Placed
from calaim_cli.policy.rules import Truth
from people import policy

CALAIM: Final = [sys.executable, "-m", "calaim_cli"]
UP, DOWN, ENTER, SPACE = "\x1b[A", "\x1b[B", "\r", " "
CTRL_C, CTRL_D = "\x03", "\x04"
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")
PLAIN_HINT = r"back\]: |\[\?.*, back, stop, voice, quit\]: "
WAIT = 30
"""Seconds to wait for a prompt: far more than it takes, because a busy machine is no failure."""


class Terminal:
    """A command under way on a terminal of its own. Leaving the `with` block ends it."""

    def __init__(
        self,
        *words: str | Path,
        columns: int = 200,
        rows: int = 200,
        out: Path | None = None,
        settings: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
    ) -> None:
        """Start the command in an environment with these settings; with `out`, its stdout goes there.

        `command` is a program of another name with its arguments, in place of `words`.
        """
        # Without PYTHONPATH the installed code would be run, which in another worktree is not the code that is tested.
        passed_on = ("PATH", "HOME", "PYTHONPATH", "CALAIM_PROFILE")
        kept = {name: os.environ[name] for name in passed_on if name in os.environ}
        command = [*command] if command else [*CALAIM, *map(str, words)]
        if out is not None:
            command = ["sh", "-c", 'out=$1; shift; exec "$@" >"$out"', "sh", str(out), *command]
        self.heard = io.StringIO()
        self.display, self.fed = pyte.Screen(columns, rows), 0
        self.painter = pyte.Stream(self.display)
        self.child = pexpect.spawn(
            command[0],
            command[1:],
            env={**kept, "TERM": "xterm", "LC_ALL": "C.UTF-8", **(settings or {})},
            dimensions=(rows, columns),
            encoding="utf-8",
            codec_errors="replace",
            timeout=WAIT,
            preexec_fn=heeding_ctrl_c,
        )
        self.child.logfile_read = self.heard
        self.child.delaybeforesend = 0.01

    def __enter__(self) -> Self:
        """Nothing but the terminal itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End what is still under way."""
        self.child.close(force=True)

    @property
    def text(self) -> str:
        """Everything the terminal has shown so far, as bytes in their order."""
        return self.heard.getvalue()

    @property
    def words(self) -> str:
        """What was shown without escape sequences, every gap as one blank."""
        return " ".join(ESCAPES.sub(" ", self.text).split())

    def seen(self) -> str:
        """What stands on the screen now, every gap as one blank."""
        text = self.text
        self.painter.feed(text[self.fed :])
        self.fed = len(text)
        return " ".join(" ".join(self.display.display).split())

    def see(self, words: str) -> str:
        """Read until the words stand on the screen, wherever a line ends; gives all that stands there."""
        deadline = time.monotonic() + WAIT
        while words not in (shown := self.seen()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{words!r} is not on the screen: {shown}")
            self.child.expect([pexpect.TIMEOUT, pexpect.EOF], timeout=0.03)
        return shown

    def resize(self, rows: int, columns: int) -> None:
        """Make the window larger or smaller."""
        self.seen()
        self.display.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def wait(self, pattern: str) -> str:
        """Read until the pattern matches; gives what came before it."""
        self.child.expect(pattern)
        return str(self.child.before)

    def type(self, *keys: str) -> None:
        """Send keys as they are."""
        for key in keys:
            self.child.send(key)

    def line(self, text: str) -> None:
        """Type a line and Enter."""
        self.child.send(f"{text}\n")

    def bytes(self, text: bytes) -> None:
        """Send bytes as they are, whatever they mean."""
        os.write(self.child.child_fd, text)

    def prompt(self) -> str:
        """Read up to the next plain prompt; gives what was said since the last one, or "" at the end."""
        if self.child.expect([PLAIN_HINT, pexpect.EOF]):
            return ""
        return str(self.child.before)

    def answer(
        self,
        replies: Mapping[str, str],
        texts: Mapping[str, str],
        rows: Mapping[str, Mark] | None = None,
        most: int = 1000,
    ) -> list[str]:
        """Answer at most so many plain prompts by their id (`texts` has their words), and screens by their rows.

        Gives the ids of prompts and screens in order.
        """
        asked: list[str] = []
        while len(asked) < most and (said := self.prompt()):
            if re.search(SCREEN_HINT, str(self.child.after)) and rows is not None:
                asked.append(screen_of(said))
                self.line(screen_line(said, rows))
            else:
                asked.append(which(said, texts))
                self.line(replies[asked[-1]])
        return asked

    def read_on(self) -> None:
        """Read what is shown until the terminal is quiet for a moment."""
        while self.child.expect([r".+", pexpect.TIMEOUT, pexpect.EOF], timeout=0.3) == 0:
            pass

    def end(self) -> int:
        """Read to the end; gives the exit code, or minus the signal."""
        self.child.expect(pexpect.EOF)
        self.child.wait()
        return int(-self.child.signalstatus if self.child.exitstatus is None else self.child.exitstatus)

    def kill(self) -> None:
        """End the process as a power cut would."""
        os.kill(self.child.pid, signal.SIGKILL)
        self.child.wait()


def heeding_ctrl_c() -> None:
    """Give the command a terminal's Ctrl-C, also where a shell runs the tests in its background, deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def which(said: str, texts: Mapping[str, str]) -> str:
    """The id of the prompt whose words were said last."""
    found = {name: said.rfind(f"\n{words}") for name, words in texts.items()}
    name = max(found, key=found.__getitem__)
    if found[name] < 0:
        raise AssertionError(f"an unknown prompt: {said}")
    return name


ROW = re.compile(r"^  (\d+)\) (.+?)\r*$", re.MULTILINE)
SCREEN_HINT: Final = r"\[\?.*, back, stop, voice, quit\]: "


def screen_of(said: str) -> str:
    """The id of the screen whose rows, or whose one row, were said last."""
    return str(_rows_said(said)[0].screen.id)


def screen_line(said: str, rows: Mapping[str, Mark]) -> str:
    """What a person types at the screen that was said last, by what is true of its rows."""
    placed = _rows_said(said)
    marks = [rows[one.row.id] for one in placed]
    if said.endswith("Yes, no or not known "):
        return {Truth.YES: "yes", Truth.NO: "no", Truth.UNKNOWN: "not known"}[Truth(int(marks[0]))]
    if "Choice (1-" in said.splitlines()[-1]:
        choices = list(policy().questions[placed[0].row.asks].choices)
        return "not known" if marks[0] is Truth.UNKNOWN else str(choices.index(str(marks[0])) + 1)
    if "umber" in said.splitlines()[-1].split("[")[0] and all(one.row.asks for one in placed):
        unknown = "not known" if len(marks) == 1 else "?"
        return ", ".join(unknown if mark is Truth.UNKNOWN else str(0 if mark is Truth.NO else mark) for mark in marks)
    parts = []
    for n, (one, mark) in enumerate(zip(placed, marks, strict=True), 1):
        if mark is not Truth.NO:
            number = f"={mark}" if one.row.asks and mark is not Truth.UNKNOWN else ""
            parts.append(f"?{n}" if mark is Truth.UNKNOWN else f"{n}{number}")
    return " ".join([*parts, "no"])


def _rows_said(said: str) -> list[Placed]:
    """The rows that were said last, each with its screen."""
    last = said[max(said.rfind("\nECM: "), said.rfind("\nScreen ")) :]
    said_before = re.compile(r" \([\w ]+ before\)$")
    rows = [said_before.sub("", words) for _, words in ROW.findall(last)]
    placed = [found for words in rows for found in (_by_words().get(words),) if found]
    if placed:
        return placed
    alone = (re.sub(r"(: is that right\?)?( \(\w+ before\))?$", "", line.strip()) for line in last.splitlines())
    return [found for line in alone for found in (_by_words().get(line),) if found][-1:]


@cache
def _by_words() -> dict[str, Placed]:
    """The rows of every screen by their words, in each voice."""
    talk = policy().talk_file
    return {
        voice.says(row.say) + (" (ask in private)" if row.private else ""): Placed(row, screen)
        for voice in talk.voice
        for screen in talk.screen
        for row in screen.rows
    }
