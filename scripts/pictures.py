"""Draws docs/pictures/*.svg: real runs in a real terminal. With --check it only says whether they are current.

Needs a system with pseudo-terminals (Linux, macOS). The pictures load no font from the network.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pexpect  # type: ignore[import-untyped]
import pyte
from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI, TerminalTheme
from rich.text import Text

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "pictures"
LIGHT = TerminalTheme(
    (255, 255, 255),
    (31, 35, 40),
    [
        (36, 41, 47),
        (179, 29, 40),
        (17, 99, 41),
        (125, 78, 0),
        (9, 86, 170),
        (112, 50, 180),
        (17, 105, 125),
        (87, 96, 106),
    ],
)
THEMES = {"light": LIGHT, "dark": DIMMED_MONOKAI}
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
FORMAT = FORMAT.replace("rgba(255,255,255,0.35)", "rgba(128,128,128,0.5)").replace("Fira Code, monospace", "monospace")
DAY = "--as-of 2026-11-22"


class Picture(NamedTuple):
    """A picture: its name, the command, how wide the terminal is, the themes, and what a person waits for and types."""

    name: str
    command: str
    columns: int
    themes: tuple[str, ...]
    typed: tuple[tuple[str, str], ...] = ()


PICTURES = (
    Picture("county", "calaim county san mateo", 80, ("light", "dark")),
    Picture("check", f"calaim check examples/case.toml {DAY}", 80, ("light", "dark")),
    Picture(
        "interview",
        f"calaim interview --county 'san mateo' {DAY}",
        80,
        ("light", "dark"),
        (
            ("Type its name or id", "kp\r"),
            ("How old", "46\r"),
            ("Screen 2,", "n"),
            ("Screen 3,", "ckk"),
            ("[?] k", ""),
        ),
    ),
    Picture("narrow", "calaim county san mateo", 40, ("light", "dark")),
)


def screen(picture: Picture) -> str:
    """What the command writes to a terminal, with its escapes; or what stands there once all is typed, without."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "CALAIM_PROFILE": "no-profile.toml"}
    words = ["-m", "calaim_cli", *shlex.split(picture.command)[1:]]
    size = (24 if picture.typed else 60, picture.columns)
    child = pexpect.spawn(
        sys.executable, words, cwd=ROOT, env=environment, dimensions=size, encoding="utf-8", timeout=60
    )
    if picture.typed:
        return typed_at(child, picture)
    child.expect(pexpect.EOF)
    child.close()
    written: str = child.before
    if child.exitstatus != 0:
        raise SystemExit(f"{picture.command}: exit {child.exitstatus}: {written}")
    return written.replace("\r\n", "\n").strip("\n")


def typed_at(child: pexpect.spawn, picture: Picture) -> str:
    """The lines of the window after each text was waited for and its keys were typed; then the command is ended."""
    display = pyte.Screen(picture.columns, 24)
    stream = pyte.Stream(display)
    for text, keys in picture.typed:
        deadline = time.monotonic() + 60
        while text not in "\n".join(display.display):
            if time.monotonic() > deadline:
                raise SystemExit(f"{picture.command}: no {text!r} on the screen")
            with suppress(pexpect.TIMEOUT):
                stream.feed(child.read_nonblocking(10_000, timeout=0.1))
        child.send(keys)
    child.close(force=True)
    lines = [line.rstrip() for line in display.display]
    first = next(n for n, line in enumerate(lines) if line.startswith("ECM: "))
    return "\n".join(lines[first:]).rstrip()


def drawn(picture: Picture, written: str, theme: str) -> str:
    """The picture of what was written, in a theme."""
    console = Console(record=True, width=picture.columns, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text(f"$ {picture.command}", overflow="fold"))
    console.print(Text.from_ansi(written))
    return console.export_svg(
        title="calaim", theme=THEMES[theme], code_format=FORMAT, unique_id=f"{picture.name}-{theme}"
    )


def main() -> int:
    """Draw the pictures, or with --check say which are not current."""
    wanted = {}
    for picture in PICTURES:
        written = screen(picture)
        for theme in picture.themes:
            wanted[FOLDER / f"{picture.name}-{theme}.svg"] = drawn(picture, written, theme)
    if "--check" in sys.argv:
        old = [path.name for path, svg in wanted.items() if not path.exists() or path.read_text("utf-8") != svg]
        print(*(f"docs/pictures/{name} is not current: run make docs" for name in old), sep="\n", end="")
        return 1 if old else 0
    FOLDER.mkdir(exist_ok=True)
    for path, svg in wanted.items():
        path.write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
