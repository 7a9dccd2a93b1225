"""A person at a real pseudo-terminal: the command is started there, read from, and typed at."""

from __future__ import annotations

import io
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import pexpect  # type: ignore[import-untyped]

from people import policy

CALAIM: Final = [sys.executable, "-m", "calaim_cli"]
UP, DOWN, ENTER, SPACE = "\x1b[A", "\x1b[B", "\r", " "
CTRL_C, CTRL_D = "\x03", "\x04"
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[()][A-Z0-9]|[=>78])")
PLAIN_HINT = r"back\]: "
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
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "CALAIM_PROFILE") if name in os.environ}
        command = [*command] if command else [*CALAIM, *map(str, words)]
        if out is not None:
            command = ["sh", "-c", 'out=$1; shift; exec "$@" >"$out"', "sh", str(out), *command]
        self.heard = io.StringIO()
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

    def answer(self, replies: Mapping[str, str], texts: Mapping[str, str], most: int = 1000) -> list[str]:
        """Answer at most so many plain prompts by their id (`texts` has their words); gives the ids in order."""
        asked: list[str] = []
        while len(asked) < most and (said := self.prompt()):
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


def question_texts() -> dict[str, str]:
    """The words of every question of the policy, by id."""
    return {name: question.ask for name, question in policy().questions.items()}


def typed(answers: Mapping[str, object]) -> dict[str, str]:
    """How a person types these answers at plain prompts: words for yes and no, numbers for choices."""
    lines = {}
    for name, answer in answers.items():
        order = [*policy().questions[name].choices]
        if isinstance(answer, bool):
            lines[name] = "yes" if answer else "no"
        elif isinstance(answer, tuple):
            lines[name] = ",".join(str(order.index(choice) + 1) for choice in answer)
        elif isinstance(answer, str) and answer in order:
            lines[name] = str(order.index(answer) + 1)
        else:
            lines[name] = str(answer)
    return lines


def pressed(answers: Mapping[str, object]) -> dict[str, list[str]]:
    """The keys that give these answers in menus: arrows, space, Enter; "d" for not knowing; text is typed."""
    keys: dict[str, list[str]] = {}
    for name, answer in answers.items():
        order = [*policy().questions[name].choices] or ["yes", "no"]
        if answer == "unknown":
            keys[name] = ["d"]
        elif isinstance(answer, tuple):
            keys[name] = [key for choice in order for key in ([SPACE, DOWN] if choice in answer else [DOWN])] + [ENTER]
        elif isinstance(answer, bool):
            keys[name] = [ENTER] if answer else [DOWN, ENTER]
        elif isinstance(answer, str):
            keys[name] = [DOWN] * order.index(answer) + [ENTER]
        else:
            keys[name] = [str(answer), ENTER]
    return keys
