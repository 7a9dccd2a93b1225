"""Keep what every command says and writes in tests/frozen, and tell later what has become different.

`python scripts/freeze.py` compares and leaves with 1 if a run differs; with `--write` it keeps everything anew. With
names of groups it does these alone. A long text is kept as its beginning and its SHA-256; the whole of it lies in
build/frozen after a run that found no difference or wrote anew, and a diff shows it from there. The day is always
DAY, but for runs that set TODAY. Lock files are left out, and so are the bytes of a zip around those of its files.
"""

from __future__ import annotations

import difflib
import gc
import os
import pkgutil
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, tzinfo
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Final, NamedTuple, NoReturn
from unittest.mock import patch

from frozen_inputs import ROOT, write_inputs
from frozen_runs import GROUPS

FROZEN: Final = ROOT / "tests" / "frozen"
WHOLE: Final = ROOT / "build" / "frozen"
DAY: Final = "2026-11-22"
LONGEST, LONGEST_DOCUMENT, LONGEST_LIST, BEGINNING = 2_000, 500, 8_000, 300
"""How many letters are kept of a text, of a JSON document, of what was told or reported, and of any longer one."""
SECONDS: Final = 60
LOCK: Final = ".calaim.lock"
OWNERS_HOME: Final = pwd.getpwuid(os.getuid()).pw_dir
"""Of whoever runs this: not what $HOME says, which is a folder of the run."""
RUN: Final = "$ "
BROKEN: Final = ("exit 1", "exit 99", f"exit {-signal.SIGALRM}")
UNSEEN: Final = re.compile("[^\t\n -\x7e\u00a1-\u00ac\u00ae-\u05ff\u0620-\u1fff\u2070-\ud7ff\uf900-\ufefe]")


class Run(NamedTuple):
    """A command line taken apart."""

    settings: dict[str, str]
    words: list[str]
    stdin: str


class Clock(type):
    """Real moments are instances of the fixed clock's class too."""

    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, REAL)


REAL: Final = datetime
REAL_STRFTIME: Final = time.strftime


class Fixed(datetime, metaclass=Clock):
    """Moments of the day that a run is told."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Fixed:
        """Noon of that day."""
        return cls.fromisoformat(f"{os.environ.get('TODAY', DAY)}T12:00:00").replace(tzinfo=tz)


def fixed_strftime(form: str, moment: time.struct_time | None = None) -> str:
    """The day of the run where no moment is given."""
    return REAL_STRFTIME(form, moment or Fixed.now().timetuple())


# --- One group, in a process with all of calaim loaded, which is copied for each run ---


def run_group(name: str, target: Path) -> None:
    """Run a group's command lines in a new folder, and write what came of them."""
    with (
        patch("datetime.datetime", Fixed),
        patch("time.strftime", fixed_strftime),
        tempfile.TemporaryDirectory() as made,
    ):
        start = entry()
        folder = Path(made).resolve() / "folder"
        folder.mkdir(mode=0o700)
        write_inputs(folder)
        os.chdir(folder)
        Path("home").mkdir()
        target.write_text("\n".join(_blocks(name, start, folder)), "utf-8")
        os.chdir(ROOT)


def entry() -> Callable[[], None]:
    """The command's own entry, with every module of the package loaded."""
    package = import_module("calaim_cli")
    for module in pkgutil.walk_packages(package.__path__, "calaim_cli."):
        import_module(module.name)
    run: Callable[[], None] = import_module("calaim_cli.__main__").run
    gc.freeze()  # a copy of the process shares what it does not look through
    return run


def _blocks(name: str, start: Callable[[], None], folder: Path) -> Iterator[str]:
    times: Counter[str] = Counter()
    said: dict[bytes, str] = {}
    files = Files(folder)
    for line in GROUPS[name]():
        times[line] += 1
        again = f" # {times[line]}" if times[line] > 1 else ""
        yield f"{RUN}{line}{again}"
        if " " in line and line.partition(" ")[0] in CHANGES:
            yield from _change(*shlex.split(line))
            files.changes()
            continue
        code = _in_a_copy(start, _taken_apart(line), folder.parent)
        yield f"exit {code}"
        for stream in ("stdout", "stderr"):
            content = (folder.parent / stream).read_bytes().replace(os.fsencode(folder), b"OUT")
            content = content.replace(os.fsencode(OWNERS_HOME), b"HOME")
            first = said.setdefault(content, line)
            yield from (
                _text(stream, content) if first == line or len(content) < BEGINNING else _same(stream, content, first)
            )
        yield from files.changes()


def _change(verb: str, *words: str) -> Iterator[str]:
    try:
        CHANGES[verb](*words)
    except FileNotFoundError:
        yield "there is no such file"


def _taken_apart(line: str) -> Run:
    words, stdin = shlex.split(line), os.devnull
    if "<" in words:
        at = words.index("<")
        _, stdin = words[at : at + 2]
        del words[at : at + 2]
    at = words.index("calaim")
    return Run(dict(word.split("=", 1) for word in words[:at]), words[at:], stdin)


def _in_a_copy(start: Callable[[], None], run: Run, beside: Path) -> int:
    """The exit code of a run in a copy of this process, its streams in files."""
    process = os.fork()
    if process == 0:
        _leave_after(start, run, beside)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _leave_after(start: Callable[[], None], run: Run, beside: Path) -> NoReturn:
    code = 99
    try:
        signal.alarm(SECONDS)
        for number, path in enumerate((Path(run.stdin), beside / "stdout", beside / "stderr")):
            opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY)
            os.dup2(opened, number)
            os.close(opened)
        os.environ.update(run.settings)
        sys.argv = run.words
        start()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    except BaseException:  # noqa: BLE001 shown as the interpreter would
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _replace(name: str, old: str, new: str) -> None:
    path = Path(name)
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))


def _append(name: str, text: str) -> None:
    path = Path(name)
    path.write_bytes(path.read_bytes() + text.encode())


def _cut(name: str, length: str) -> None:
    path = Path(name)
    path.write_bytes(path.read_bytes()[: int(length)])


def _copy(name: str, target: str) -> None:
    shutil.copyfile(name, target)


CHANGES: Final[Mapping[str, Callable[..., None]]] = {
    "replace": _replace,
    "append": _append,
    "cut": _cut,
    "copy": _copy,
    "remove": os.remove,
}


class Files:
    """What lies in the folders that runs write to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: dict[str, str] = {}
        self.stamps: dict[str, tuple[object, ...]] = {}
        for _ in self.changes():
            pass

    def changes(self) -> list[str]:
        """What is new, different or gone since the last call, and the text of the lists among it."""
        found = {name: self._told(path) for name, path in self._present()}
        changed = [name for name in found if found[name] != self.seen.get(name)]
        lines = [f"file {name} {found[name]}" for name in changed]
        lines += [f"gone {name}" for name in self.seen if name not in found]
        self.seen = found
        return [
            *lines,
            *(
                line
                for name in changed
                if (self.folder / name).is_file() and name.endswith(".csv")
                for line in self._content(name)
            ),
        ]

    def _present(self) -> Iterator[tuple[str, Path]]:
        places = (path for top in ("out", "home", "nowhere") for path in (self.folder / top).rglob("*"))
        for path in sorted(places):
            if path.name != LOCK:
                yield str(path.relative_to(self.folder)), path

    def _told(self, path: Path) -> str:
        """Mode and hash, read anew only where the file was touched."""
        stat = path.lstat()
        name, stamp = str(path), (stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size)
        if self.stamps.get(name) != stamp or path.is_dir():
            self.stamps[name] = stamp
            return f"{stat.st_mode & 0o7777:o} {_summary(path)}"
        return self.seen[str(path.relative_to(self.folder))]

    def _content(self, name: str) -> Iterator[str]:
        yield from _text(
            Path(name).name.removesuffix(".csv").replace(".", "_").replace(" ", "_"), (self.folder / name).read_bytes()
        )


def _summary(path: Path) -> str:
    if path.is_dir():
        return "folder"
    if path.suffix != ".zip" or not zipfile.is_zipfile(path):
        return _kept(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        members = [
            f"{one.filename} {one.external_attr >> 16:o} {one.date_time} {one.compress_type} {_kept(archive.read(one))}"
            for one in archive.infolist()
        ]
    return f"zip of {len(members)}, sha256 of the list {_kept(chr(10).join(members).encode())}"


def _kept(content: bytes) -> str:
    """The hash of something that is also laid where a diff finds it."""
    digest = sha256(content).hexdigest()
    if spool := os.environ.get("FROZEN_SPOOL"):
        (Path(spool) / digest).write_bytes(content)
    return digest


def _text(label: str, content: bytes) -> Iterator[str]:
    """A text under its label, each line with a mark before it; of a long one only the beginning."""
    if not content:
        return
    text = content.decode("utf-8", "backslashreplace")
    longest = LONGEST_LIST if label in {"stderr", "report"} else LONGEST
    if len(text) > (LONGEST_DOCUMENT if text.startswith("{") else longest):
        yield f"{label}: {len(content)} bytes, sha256 {_kept(content)}, which begins"
        text = text[:BEGINNING]
    else:
        yield f"{label}{'' if text.endswith(chr(10)) else ' (without a last line end)'}:"
    yield from _lines(text)


def _same(label: str, content: bytes, first: str) -> Iterator[str]:
    yield f"{label}: sha256 {_kept(content)}, as first of: {first}"


def _lines(text: str) -> Iterator[str]:
    for line in text.removesuffix("\n").split("\n"):
        yield f"| {UNSEEN.sub(_shown, line)}"


def _shown(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


# --- All groups: compared, or written ---


def run_all(names: list[str], folder: Path) -> dict[str, str]:
    """What came of each group, by its name; two at a time."""
    spool = folder / "whole"
    spool.mkdir()
    (folder / "home").mkdir()
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(ROOT / "src"),  # in a second work tree, too, this code is judged
        "HOME": "home",
        "XDG_CONFIG_HOME": "home/config",
        "XDG_DATA_HOME": "home/data",
        "COLUMNS": "80",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "CALAIM_PROFILE": "profile.toml",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "FROZEN_SPOOL": str(spool),
    }

    def one(name: str) -> str:
        target = folder / f"{name}.txt"
        words = [sys.executable, __file__, "--group", name, str(target)]
        subprocess.run(words, env=environment, cwd=ROOT, check=True, stdin=subprocess.DEVNULL, umask=0o022)  # noqa: S603
        return target.read_text("utf-8") + "\n"

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def write(found: Mapping[str, str]) -> None:
    """Keep everything anew."""
    FROZEN.mkdir(exist_ok=True)
    for name, text in found.items():
        (FROZEN / f"{name}.txt").write_text(text, "utf-8")
    for path in FROZEN.glob("*.txt"):
        if path.stem not in GROUPS:
            path.unlink()


def keep_whole(spool: Path) -> None:
    """Lay the whole of long texts and files where the next diff finds them."""
    shutil.rmtree(WHOLE, ignore_errors=True)
    shutil.copytree(spool, WHOLE)


def differences(found: Mapping[str, str], spool: Path) -> Iterator[str]:
    """A unified diff for each run that is not as it was."""
    for name, text in found.items():
        path = FROZEN / f"{name}.txt"
        before, after = _by_run(path.read_text("utf-8") if path.exists() else ""), _by_run(text)
        for line in (*before, *(one for one in after if one not in before)):
            old, new = before.get(line, []), after.get(line, [])
            if old != new:
                yield "\n".join(_diff(f"{name}: {line}", old, new, spool))


def _by_run(text: str) -> dict[str, list[str]]:
    blocks = (block.splitlines() for block in f"\n{text}".split(f"\n{RUN}")[1:])
    return {first: lines for first, *lines in blocks}


def _diff(title: str, old: list[str], new: list[str], spool: Path) -> Iterator[str]:
    yield f"=== {title}"
    if not new:
        yield "is not run any more"
        return
    if not old:
        yield "is new"
    yield from difflib.unified_diff(
        _in_full(old, set(new), WHOLE), _in_full(new, set(old), spool), "frozen", "now", lineterm=""
    )


def _in_full(lines: list[str], elsewhere: set[str], store: Path) -> list[str]:
    """The lines, and for each long text or draft that differs the whole of it where it is at hand."""
    full: list[str] = []
    for line in lines:
        full.append(line)
        hashed = re.search(r"\b[0-9a-f]{64}\b", line)
        if hashed and line not in elsewhere and (store / hashed[0]).exists():
            text = (store / hashed[0]).read_bytes().decode("utf-8", "backslashreplace")
            text = re.sub(r'(?<=[,{\[])(?=["{\[])', "\n", text) if text.startswith("{") else text
            full += [f"  {shown}" for shown in _lines(text)]
    return full


def main(words: list[str]) -> int:
    """Compare or write; gives the exit code."""
    if words[:1] == ["--group"]:
        run_group(words[1], Path(words[2]))
        return 0
    names = [word for word in words if word in GROUPS] or list(GROUPS)
    with tempfile.TemporaryDirectory() as made:
        found = run_all(names, Path(made))
        spool = Path(made) / "whole"
        runs = [lines for text in found.values() for lines in _by_run(text).values()]
        broken = sum(lines[0] in BROKEN for lines in runs if lines)
        different = list(differences(found, spool))
        if "--write" in words:
            write(found)
        elif different:
            print(*different, f"{len(different)} of {len(runs)} runs differ", sep="\n")
            return 1
        if names == list(GROUPS):
            keep_whole(spool)
    print(f"{len(runs)} runs, {len(different)} different from what was kept, {broken} that failed in calaim itself")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
