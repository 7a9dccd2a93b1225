"""Batch and its surroundings: streams, locale, clock, umask and kind of input never change, cut or open a draft."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from calaim_cli import cli
from calaim_cli.batch import batch
from calaim_cli.batch.batch import Order
from conftest import AS_OF, Run, WriteCase
from runs import ONE_PROGRAM, TARGETS, attempt, calaim, contents
from sheets import row, sheet
from terminals import Terminal

pytestmark = pytest.mark.thorough

NAMES: Final = ("Trần Thị Ánh", "فاطمة", "王小明", "Núñez-O\u2019Higgins", "Zoë 🙂")
ENCODINGS: Final = {
    "C": {"LC_ALL": "C"},
    "C without UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "strict ascii": {"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
}
OTHERS: Final = {
    "dumb and narrow": {"TERM": "dumb", "COLUMNS": "20", "LINES": "3"},
    "no color, no home": {"NO_COLOR": "1", "HOME": "/nonexistent"},
    "far east": {"TZ": "Pacific/Kiritimati"},
    "far west, a day of 25 hours": {"TZ": "XXX12YYY,M11.4.0/0,M12.1.0"},
}
SURROUNDINGS: Final = ENCODINGS | OTHERS
HUNDRED_MB: Final = 100 * 1024 * 1024


def several(path: Path) -> Path:
    """A spreadsheet of names in many scripts and a bad row, written to this path."""
    rows = [row(number, last_name=name, program="chw") for number, name in enumerate(NAMES, 1)]
    path.write_bytes(sheet([*rows, row(9, phone="911")]))
    return path


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run leaves where nothing is unusual, by name."""
    base = tmp_path_factory.mktemp("usual")
    (base / "place").mkdir()
    for target in TARGETS:
        attempt(Order(source=str(several(base / "members.csv")), out=base / "place" / target, keep_going=True))
    return contents(base / "place")


def of(target: str, usual: dict[str, bytes]) -> dict[str, bytes]:
    """The files of one output."""
    begins = ("out/",) if target == "out" else (target)
    return {name: content for name, content in usual.items() if name.startswith(begins)}


def assert_quiet(ran: subprocess.CompletedProcess[bytes]) -> None:
    """Nothing that drives a terminal, and no trace of a stumble."""
    for said in (ran.stdout, ran.stderr):
        assert b"\x1b" not in said
        assert b"Traceback" not in said
        assert b"Error" not in said


@pytest.mark.parametrize("settings", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_batch_in_any_surroundings(tmp_path: Path, usual: dict[str, bytes], settings: dict[str, str]) -> None:
    """Locale, encoding, terminal settings and time zone change no byte of a draft, and no character stops the talk."""
    source, place = several(tmp_path / "Núñez 王.csv"), tmp_path / "Zoë"
    place.mkdir()
    ran = calaim(
        "batch", source, "--out", place / "out", "--keep-going", "--json", env=os.environ | settings, timeout=60
    )
    assert ran.returncode == 3, ran.stderr
    assert contents(place) == of("out", usual)
    assert json.loads(ran.stdout)["written"] == len(NAMES)
    assert ran.stderr == b""
    assert_quiet(ran)


@pytest.mark.parametrize("settings", ENCODINGS.values(), ids=ENCODINGS)
def test_refer_in_any_locale(write_case: WriteCase, run: Run, tmp_path: Path, settings: dict[str, str]) -> None:
    """The draft of one case is UTF-8 and the same whatever the terminal could show, on stdout and in a file."""
    case = write_case(
        {"member.first_name": NAMES[0], "member.last_name": NAMES[1], "referral.notes": NAMES[4]}, "王.toml"
    )
    wanted = run("refer", case, "--as-of", AS_OF).out.encode()
    shown = calaim("refer", case, env=os.environ | settings)
    assert (shown.returncode, shown.stdout) == (0, wanted), shown.stderr
    assert_quiet(shown)
    out = tmp_path / "Zoë.txt"
    written = calaim("refer", case, "--out", out, env=os.environ | settings)
    assert (written.returncode, out.read_bytes()) == (0, wanted), written.stderr
    assert_quiet(written)


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize(
    ("settings", "forbidden"),
    [({"TERM": "dumb"}, "\x1b"), ({"NO_COLOR": "1"}, r"\x1b\[[0-9;:]*m")],
    ids=["dumb", "no color"],
)
def test_batch_on_a_plain_terminal(tmp_path: Path, settings: dict[str, str], forbidden: str) -> None:
    """A terminal that understands nothing gets no escape, one that wants no color gets none, and nothing is cut."""
    source = several(tmp_path / "members.csv")
    words = ("batch", source, "--out", tmp_path / "out", "--keep-going", "--as-of", AS_OF.isoformat())
    with Terminal(*words, settings=settings, columns=20) as terminal:
        assert terminal.end() == 3
    assert (
        "6 rows: 5 written (5 with warnings: see report.csv), 0 unchanged, 1 refused, 0 conflicts. Nothing"
        in terminal.words
    )
    assert not re.search(forbidden, terminal.text)


@pytest.mark.parametrize("today", [date(1970, 1, 1), date(2100, 1, 1)], ids=str)
def test_clock_has_no_say(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch, usual: dict[str, bytes], today: date
) -> None:
    """For the same --as-of the bytes are the same whatever day the machine believes it is."""
    monkeypatch.setattr(cli, "_today", lambda: today)
    source, place = several(tmp_path / "members.csv"), tmp_path / "place"
    place.mkdir()
    for target in TARGETS:
        assert run("batch", source, "--out", place / target, "--keep-going", "--as-of", AS_OF).code == 3
    assert contents(place) == usual


@pytest.mark.unix("umask and modes")
def test_everybody_may_write_here(tmp_path: Path) -> None:
    """With umask 000, in folders that are open to all, every file is for its owner alone, and there is a warning."""
    source, place = several(tmp_path / "members.csv"), tmp_path / "place"
    for folder in (place, place / "open"):
        folder.mkdir()
        folder.chmod(0o777)
    for out in ("open", "new", "out.zip", "out.mbox"):
        ran = calaim("batch", source, "--out", place / out, "--keep-going", umask=0)
        assert ran.returncode == 3
        assert (b"open-folder" in ran.stderr) == (out != "new")
    modes = {path.relative_to(place): stat.S_IMODE(path.stat().st_mode) for path in place.rglob("*")}
    assert len(modes) == 2 + 2 * (len(NAMES) + 3) + 6
    assert {path for path, mode in modes.items() if mode != 0o600} == {Path("open"), Path("new")}
    assert (modes[Path("open")], modes[Path("new")]) == (0o777, 0o700)


@pytest.fixture
def members(tmp_path: Path) -> Path:
    """A spreadsheet of sixty good rows."""
    path = tmp_path / "members.csv"
    path.write_bytes(sheet(row(number, program="chw") for number in range(1, 61)))
    return path


@pytest.mark.unix("the device /dev/full")
def test_full_stdout(tmp_path: Path, members: Path) -> None:
    """When the summary cannot be delivered that is told in one document, and the drafts are there."""
    with Path("/dev/full").open("wb") as full:
        ran = calaim(
            "batch",
            members,
            "--out",
            tmp_path / "out",
            "--json",
            stdout=full,
            stderr=subprocess.PIPE,
            capture_output=False,
        )
    assert ran.returncode == 6
    assert json.loads(ran.stderr)["code"] == "stdout"
    assert len(list((tmp_path / "out").glob("*.eml"))) == 60


@pytest.mark.unix("the signal of a broken pipe")
@pytest.mark.parametrize(("bad", "code"), [({}, 141), ({"phone": "911"}, 3)], ids=["all drafted", "one refused"])
def test_reader_that_went_away(tmp_path: Path, bad: dict[str, str], code: int) -> None:
    """When nobody reads the summary, the drafts are there all the same, and the code still tells of rows left out."""
    members = tmp_path / "members.csv"
    members.write_bytes(sheet([row(1), row(2), row(3, **bad)]))
    reading, writing = os.pipe()
    os.close(reading)
    words = ("batch", members, "--out", tmp_path / "out", "--json", "--keep-going")
    ran = calaim(*words, stdout=writing, stderr=subprocess.PIPE, capture_output=False)
    os.close(writing)
    assert ran.returncode == code
    assert b"Traceback" not in ran.stderr
    assert len(list((tmp_path / "out").glob("*.eml"))) == 3 - len(bad)


@pytest.mark.unix("a shell that closes streams")
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams(tmp_path: Path, members: Path, closed: str) -> None:
    """With standard streams closed from the start the batch works, and nothing of the talk lands in a draft."""
    line = f'"{sys.executable}" -m calaim_cli batch "{members}" --out "{tmp_path / "out"}" --json {closed}'
    assert subprocess.run(["sh", "-c", line], capture_output=True, check=False).returncode == 0
    drafts = list((tmp_path / "out").glob("*.eml"))
    assert len(drafts) == 60
    assert all(path.read_bytes().startswith(b"X-Unsent: 1\r\n") for path in drafts)


@contextmanager
def fed(pipe: Path, content: bytes, pieces: int) -> Iterator[None]:
    """A named pipe that somebody writes to, a piece at a time."""
    os.mkfifo(pipe)

    def feed() -> None:
        with pipe.open("wb", buffering=0) as writer:
            for n in range(pieces):
                writer.write(content[len(content) * n // pieces : len(content) * (n + 1) // pieces])
                time.sleep(0.002)

    feeder = threading.Thread(target=feed)
    feeder.start()
    yield
    feeder.join()


@pytest.mark.unix("named pipes")
@pytest.mark.parametrize("target", TARGETS)
def test_pipe_that_is_written_slowly(tmp_path: Path, usual: dict[str, bytes], target: str) -> None:
    """Rows may come through a named pipe in pieces, cut anywhere, also within a character."""
    content, place = several(tmp_path / "members.csv").read_bytes(), tmp_path / "place"
    place.mkdir()
    with fed(tmp_path / "pipe", content, pieces=97):
        attempt(Order(source=str(tmp_path / "pipe"), out=place / target, keep_going=True))
    assert contents(place) == of(target, usual)


@pytest.mark.unix("devices and sockets")
def test_what_is_no_file(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, a device, a socket or nothing at all is refused before it is opened, and no output begun."""
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for target in TARGETS:
            for source in (tmp_path, "/dev/zero", "/dev/null", "socket"):
                ran = run("batch", source, "--out", target, "--json")
                assert (ran.code, json.loads(ran.err)["code"]) == (4, "not-a-file")
            assert run("batch", "absent", "--out", target).code == 4
    assert [path.name for path in tmp_path.iterdir()] == ["socket"]


@pytest.mark.unix("a file that loses its name while it is open")
def test_input_that_is_emptied_while_it_is_read(tmp_path: Path) -> None:
    """A file that ends while it is read is taken to where it ends; one that loses its name is read on."""
    source = tmp_path / "members.csv"
    source.write_bytes(sheet(row(number, program="chw") for number in range(1, 2001)))
    watched: list[int] = []

    def change(read: int) -> None:
        if not watched:
            source.unlink()
        watched.append(read)

    tally = batch.Tally(watch=change)
    batch.run(Order(source=str(source), dry_run=True), ONE_PROGRAM, tally)
    assert (tally.rows, tally.refused) == (2000, 0)
    assert watched == sorted(watched)
    assert len(watched) > 2


def no_more_than(size: int) -> None:
    """No process started from here may take more memory than that."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (size, size))


@pytest.mark.unix("the device /dev/zero")
@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_input_without_end(tmp_path: Path, target: str) -> None:
    """Input that never ends, in one line, is refused in little memory, and nothing of it stays on the disk."""
    huge = tmp_path / "huge.csv"
    with huge.open("wb") as file:
        file.truncate(8 * 1024 * HUNDRED_MB)
    for source in (huge, "-"):
        with Path("/dev/zero").open("rb") as endless:
            ran = calaim(
                "batch", source, "--out", tmp_path / target, stdin=endless, timeout=300,
                preexec_fn=lambda: no_more_than(3 * HUNDRED_MB),
            )  # fmt: skip
        assert ran.returncode == 4, ran.stderr
        assert b"a line of more than 16 MiB" in ran.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["huge.csv"]
