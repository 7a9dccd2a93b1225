"""Batch and what can go wrong: whatever fails wherever, no cut draft, all private, and a rerun ends as it should.

Every call to the file system is made to fail, or the process killed at it: a sample of the calls as a rule, all of
them in the slow lane (`pytest -m slow`). `points` counts what was tried, and the numbers are printed at the end.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, Self

import pytest

from calaim_cli import cli
from calaim_cli.base import files
from calaim_cli.base.errors import CalaimError, Locked, OutputRefused
from calaim_cli.batch.batch import Order
from conftest import AS_OF
from runs import (
    CANARY,
    TARGETS,
    as_anybody,
    attempt,
    calaim,
    child,
    contents,
    converges,
    invariant,
    is_draft,
    order_for,
    out_of,
    without_directory_descriptors,
    without_hard_links,
)
from sheets import ROW, row, sheet

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.unix("fork, signals, limits, mounts and modes, at whose calls the faults are set"),
]

CALLS: Final = (
    "open", "write", "read", "close", "link", "replace", "unlink", "mkdir", "listdir", "fsync", "ftruncate",
    "fstat", "stat", "lseek", "rmdir", "chmod", "sync",
)  # fmt: skip
ERRORS: Final = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENAMETOOLONG)
MANY: Final = 2_000
HALF: Final = {"half a write": ("write", 1), "half a read": ("read", 1)}
"""Calls that may do half of their work, and where among the arguments stands how much it is."""
points: Counter[str] = Counter()


class Interrupted(BaseException):
    """A Ctrl-C at a file call."""


def failing(number: int) -> Callable[[], None]:
    """A fault with this error number."""

    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return fail


def interrupt() -> None:
    """Ctrl-C."""
    raise Interrupted


def die() -> None:
    """Killed, as by the system or a power cut."""
    os.kill(os.getpid(), signal.SIGKILL)


FAULTS: Final = {errno.errorcode[number]: failing(number) for number in ERRORS} | {"Ctrl-C": interrupt}


class Faulty:
    """Stands before the calls to the file system, counts them, and lets something happen at the n-th.

    `lasting`: also at all later ones. `after`: once the call is done.
    """

    calls = 0

    def __init__(
        self, at: int = 0, fault: Callable[[], object] = die, *, lasting: bool = False, after: bool = False
    ) -> None:
        self.at, self.fault, self.lasting, self.after = at, fault, lasting, after

    def __enter__(self) -> Self:
        """From now on."""
        self._patch = pytest.MonkeyPatch()
        for name in CALLS:
            self._patch.setattr(os, name, self.instead_of(name, getattr(os, name)))
        return self

    def __exit__(self, *_: object) -> None:
        """No longer."""
        self._patch.undo()

    def instead_of(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """The call with its fault."""

        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 whatever the call takes
            self.calls += 1
            if self.calls != self.at and not (self.lasting and self.calls > self.at > 0):
                return real(*arguments, **named)
            if self.after or name == "close":  # a failing close closes all the same
                with suppress(OSError):
                    real(*arguments, **named)
            self.fault()
            raise AssertionError("a fault comes back from nowhere")

        return call


class Halved:
    """Lets the n-th call of a kind do only half of its work. The system may do so at any time."""

    calls = 0

    def __init__(self, at: int, fault: str) -> None:
        self.at = at
        self.name, self.argument = HALF[fault]

    def __enter__(self) -> Self:
        """From now on."""
        self._patch = pytest.MonkeyPatch()
        real = getattr(os, self.name)

        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 whatever the call takes
            self.calls += 1
            given = list(arguments)
            if self.calls == self.at:
                much = given[self.argument]
                given[self.argument] = much // 2 or 1 if isinstance(much, int) else much[: len(much) // 2 or 1]
            return real(*given, **named)

        self._patch.setattr(os, self.name, call)
        return self

    def __exit__(self, *_: object) -> None:
        """No longer."""
        self._patch.undo()


@pytest.fixture(autouse=True)
def _memory_for_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for the disk in this process: no test can see what has reached it. Commands do wait."""
    monkeypatch.setattr(os, "fsync", os.fstat)
    monkeypatch.setattr(os, "sync", lambda: None)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """What an undisturbed run leaves, by target."""
    found = {}
    for target in TARGETS:
        order = order_for(tmp_path_factory.mktemp("whole"), target)
        attempt(order)
        found[target] = contents(out_of(order).parent)
    return found


@pytest.fixture(scope="module", autouse=True)
def _tell_points() -> Iterator[None]:
    """Print how many points were tried."""
    yield
    print(f"\nfault points tried: {sum(points.values())}: {dict(points)}")  # noqa: T201


def sampled(every: int) -> pytest.MarkDecorator:
    """A lane that tries every n-th call, and the slow one that tries them all."""
    sample = pytest.param(every, id="sample")
    return pytest.mark.parametrize("every", [sample, pytest.param(1, id="all", marks=pytest.mark.slow)])


def calls_of(base: Path, target: str, counter: Faulty | Halved) -> int:
    """How many calls an undisturbed run makes."""
    order = order_for(base, target)
    with counter:
        attempt(order)
    return counter.calls


def hit(base: Path, target: str, name: str, faulty: Faulty | Halved, wanted: dict[str, bytes]) -> None:
    """One point: a run with a fault, then what must hold all the same, then a clean rerun."""
    order, ended = order_for(base, target), None
    try:
        with faulty:
            attempt(order)
    except (CalaimError, Interrupted) as error:
        ended = error
    if isinstance(ended, CalaimError):
        assert ended.exit_code in {4, 6}
        assert CANARY not in ended.message
    assert ended is None or name not in HALF
    assert not isinstance(ended, Interrupted) or name.endswith("Ctrl-C")
    points[f"{target}: {name}"] += 1
    invariant(out_of(order).parent, wanted)
    converges(order, wanted)


@sampled(13)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("fault", FAULTS)
def test_nth_call_goes_wrong(
    tmp_path: Path, expected: dict[str, dict[str, bytes]], target: str, fault: str, every: int
) -> None:
    """A call that fails or is interrupted costs at most a rerun."""
    calls = calls_of(tmp_path / "count", target, Faulty())
    for at in range(1 + list(FAULTS).index(fault) % every, calls + 1, every):
        hit(tmp_path / str(at), target, fault, Faulty(at, FAULTS[fault]), expected[target])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("fault", ["half a write", "half a read"])
def test_half_of_the_bytes(tmp_path: Path, expected: dict[str, dict[str, bytes]], target: str, fault: str) -> None:
    """A write or read that does only half its work is no error, and makes no difference."""
    calls = calls_of(tmp_path / "count", target, Halved(0, fault))
    assert calls > 0
    for at in range(1, calls + 1):
        hit(tmp_path / str(at), target, fault, Halved(at, fault), expected[target])


@sampled(17)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("fault", ["ENOSPC", "EIO", "EROFS"])
def test_everything_fails_from_the_nth_call_on(
    tmp_path: Path, expected: dict[str, dict[str, bytes]], target: str, fault: str, every: int
) -> None:
    """A disk that goes away and stays away leaves whole drafts or none."""
    calls = calls_of(tmp_path / "count", target, Faulty())
    for at in range(1, calls + 1, every):
        faulty = Faulty(at, FAULTS[fault], lasting=True)
        hit(tmp_path / str(at), target, f"lasting {fault}", faulty, expected[target])


LACKING: Final[dict[str, Callable[[pytest.MonkeyPatch], None]]] = {
    "links (EPERM)": partial(without_hard_links, number=errno.EPERM),
    "links (ENOTSUP)": partial(without_hard_links, number=errno.ENOTSUP),
    "links (EXDEV)": partial(without_hard_links, number=errno.EXDEV),
    "directory descriptors": without_directory_descriptors,
}
"""What a system may lack, and how to take it away."""


@sampled(29)
@pytest.mark.parametrize("lacking", LACKING)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("fault", ["ENOSPC", "Ctrl-C"])
def test_nth_call_goes_wrong_on_a_lesser_system(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    expected: dict[str, dict[str, bytes]],
    lacking: str,
    target: str,
    fault: str,
    every: int,
) -> None:
    """Without hard links or directory descriptors the outcome is the same, even after a fault in between."""
    LACKING[lacking](monkeypatch)
    calls = calls_of(tmp_path / "count", target, Faulty())
    for at in range(1, calls + 1, every):
        hit(tmp_path / str(at), target, f"no {lacking}, {fault}", Faulty(at, FAULTS[fault]), expected[target])


@sampled(9)
@pytest.mark.parametrize("lacking", [None, *LACKING])
@pytest.mark.parametrize("fault", ["ENOSPC", "Ctrl-C", "SIGKILL"])
@pytest.mark.parametrize("replace", [False, True], ids=["new", "replaced"])
def test_saving_goes_wrong_at_the_nth_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str | None, fault: str, replace: bool, every: int
) -> None:
    """Whatever fails, a draft, case or profile is the old or the new one, whole; and the next save works."""
    if lacking:
        LACKING[lacking](monkeypatch)
    old, new = (b"old" if replace else None), b"new, and longer"
    path = begun(tmp_path / "count", old)
    with Faulty() as counter:
        files.save(path, new, replace=replace)
    for at in range(1, counter.calls + 1, every):
        path = begun(tmp_path / str(at), old)
        if fault == "SIGKILL":
            assert child(partial(saved, path, new, replace, Faulty(at))) == -signal.SIGKILL
        else:
            with suppress(CalaimError, Interrupted), Faulty(at, FAULTS[fault]):
                files.save(path, new, replace=replace)
        points[f"save: {fault}"] += 1
        cut_allowed = {b""} if lacking and "links" in lacking and fault == "SIGKILL" else set()
        assert (path.read_bytes() if path.exists() else None) in {old, new} | cut_allowed
        files.save(path, new, replace=replace)
        assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == {path.name: new}


def begun(base: Path, old: bytes | None) -> Path:
    """A file to be saved in a folder of its own, with what is there before."""
    base.mkdir()
    if old is not None:
        (base / "draft.eml").write_bytes(old)
    return base / "draft.eml"


def saved(path: Path, content: bytes, replace: bool, surroundings: AbstractContextManager[object]) -> int:
    """A saving that goes on there to its end."""
    with surroundings:
        files.save(path, content, replace=replace)
    return 0


def exit_code_of(order: Order, surroundings: AbstractContextManager[object]) -> int:
    """How a run ends there."""
    try:
        with surroundings:
            return attempt(order).exit_code
    except CalaimError as error:
        return error.exit_code


@sampled(19)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("lacking", [None, "links (EPERM)", "directory descriptors"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_the_nth_call(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    expected: dict[str, dict[str, bytes]],
    target: str,
    lacking: str | None,
    after: bool,
    every: int,
) -> None:
    """SIGKILL before or after any call leaves nothing that the next run cannot finish, and no lasting lock."""
    if lacking:
        LACKING[lacking](monkeypatch)
    calls = calls_of(tmp_path / "count", target, Faulty())
    for at in range(1, calls + 1, every):
        order = order_for(tmp_path / str(at), target)
        assert child(partial(exit_code_of, order, Faulty(at, die, after=after))) == -signal.SIGKILL
        points[f"{target}: SIGKILL {'after' if after else 'before'}, no {lacking}"] += 1
        invariant(out_of(order).parent, expected[target], empty_allowed=lacking == "links (EPERM)")
        converges(order, expected[target])


def test_calls_that_are_interrupted_by_signals(tmp_path: Path, expected: dict[str, dict[str, bytes]]) -> None:
    """Harmless signals, a thousand a second, disturb no call."""
    heard: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda number, _: heard.append(number))
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    try:
        for target in TARGETS:
            order = order_for(tmp_path / target, target)
            attempt(order)
            assert contents(out_of(order).parent) == expected[target]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert heard


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spreadsheet of sixty good rows."""
    path = tmp_path_factory.mktemp("members") / "members.csv"
    path.write_bytes(sheet(row(number, program="chw", notes="A note. " * 60) for number in range(1, 61)))
    return path


@contextmanager
def small_files() -> Iterator[None]:
    """No file of this process may grow beyond 20 kB."""
    import resource

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
    yield


@pytest.mark.parametrize("target", TARGETS)
def test_file_size_limit(tmp_path: Path, members: Path, target: str) -> None:
    """At a real system limit a run ends with exit code 6, and nothing half-written."""
    order = Order(source=str(members), out=tmp_path / target)
    assert child(partial(exit_code_of, order, small_files())) == OutputRefused.exit_code
    assert contents(tmp_path) == {}
    assert attempt(order).written == 60


def own_mounts() -> list[str]:
    """Words before a command that let it mount what only it sees; none where the system forbids that."""
    words = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    allowed = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True, check=False)
    return words if allowed and allowed.returncode == 0 else []


TMPFS: Final = ('mount -t tmpfs -o size=64k tmpfs "$0"', 'mount -o remount,size=8m "$0"')
SMALL_FILES: Final = ('trap "" XFSZ; ulimit -S -f 64', "ulimit -S -f unlimited")
"""How a shell makes the folder $0 small, and large again: a disk of 64 kB or, without leave to mount, small files."""
TWICE: Final = """{0} && cd "$0" && "$@"; full=$?; ls -A; {1}; "$@" && exit $full"""
"""Runs a command where it is small, tells what is there then, and runs it again where it is large."""


@pytest.mark.parametrize("target", TARGETS)
def test_really_full_disk(tmp_path: Path, members: Path, target: str) -> None:
    """A small disk that really fills up: exit code 6, no draft cut off, and with more room it works."""
    mounts = own_mounts()
    script = TWICE.format(*(TMPFS if mounts else SMALL_FILES))
    words = [sys.executable, "-m", "calaim_cli", "batch", str(members), "--out", target]
    ran = subprocess.run([*mounts, "sh", "-c", script, str(tmp_path), *words], capture_output=True, check=False)
    assert ran.returncode == 6, ran.stderr
    assert (b"No space left" if mounts else b"File too large") in ran.stderr
    assert b"Traceback" not in ran.stderr
    assert not [name for name in ran.stdout.decode().split() if is_draft(name)]
    assert b"60 written" in ran.stderr


@contextmanager
def few_files(spare: int) -> Iterator[None]:
    """No more files may be open in this process than now, and a few spare ones; gaps between them count as spare."""
    import resource

    taken = [os.dup(0) for _ in range(spare + 1)]
    for number in taken:
        os.close(number)
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1], taken[-1]))
    yield


@pytest.mark.parametrize("target", TARGETS)
def test_too_few_open_files(tmp_path: Path, expected: dict[str, dict[str, bytes]], target: str) -> None:
    """However few files may be open, a run ends with an error message or does its work."""
    codes = []
    for spare in (*range(9), 16):
        order = order_for(tmp_path / str(spare), target)
        codes.append(child(partial(exit_code_of, order, few_files(spare))))
        points[f"{target}: few files"] += 1
        invariant(out_of(order).parent, expected[target])
        converges(order, expected[target])
    assert set(codes) <= {3, 4, 6}
    assert (codes[0], codes[-1]) == (6, 3)


def said_with_spare_memory(spare: int, arguments: Sequence[str], told: Path) -> int:
    """The command in this process with so much memory to spare and no more, gaps aside; gives the exit code."""
    import resource

    sys.argv = ["calaim", *arguments]
    sys.stdout = sys.stderr = told.open("w")
    kept, taken = bytearray(spare), []
    used = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used, used))
    with suppress(MemoryError):
        while True:
            taken.append(bytearray(64 * 1024))
    del kept
    code = cli.main()
    sys.stderr.flush()
    return code


@pytest.mark.parametrize("target", TARGETS)
def test_too_little_memory(tmp_path: Path, target: str) -> None:
    """With too little memory a run ends with one line and leaves nothing half-done; with enough it works."""
    source, codes = tmp_path / "members.csv", []
    source.write_bytes(sheet([row(1), row(2), *(row(number, notes="x" * 100_000) for number in range(3, 18))]))
    for spare in (2, 64):
        place, told = tmp_path / str(spare), tmp_path / f"told-{spare}"
        place.mkdir()
        words = ("batch", str(source), "--out", str(place / target), "--keep-going", "--as-of", AS_OF.isoformat())
        codes.append(child(partial(said_with_spare_memory, spare * 1024 * 1024, words, told)))
        points[f"{target}: little memory"] += 1
        drafts = [name for name in contents(place) if is_draft(name)]
        assert len(drafts) == (0 if codes[-1] == 1 else 2 if target == "out" else 1)
        *warned, last = told.read_text("utf-8").splitlines()
        assert last.startswith("calaim: internal error MemoryError") == (codes[-1] == 1)
        assert all(line.startswith("calaim: warning: ") for line in warned) or codes[-1] == 3
    assert (codes[0], codes[-1]) == (1, 3)
    assert set(codes) == {1, 3}


def test_two_runs_at_once(tmp_path: Path) -> None:
    """Exactly one run works on a folder or file; another ends at once."""
    for target in TARGETS:
        order = order_for(tmp_path, target)
        with (
            files.opened(out_of(order)) if target == "out" else files.beside(out_of(order)) as place,
            place.temporary(target),
            pytest.raises(Locked),
        ):
            attempt(order)
        attempt(order)


def test_four_commands_at_once(tmp_path: Path, members: Path) -> None:
    """While one run still waits for its input, three others end with exit code 7, and the first goes on undisturbed."""
    out, pipe = tmp_path / "out", tmp_path / "pipe"
    os.mkfifo(pipe)
    words = [sys.executable, "-m", "calaim_cli", "batch", str(pipe), "--out", str(out)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as first, pipe.open("wb") as writer:
        others = [subprocess.Popen([*words[:-3], str(members), *words[-2:]], stderr=subprocess.PIPE) for _ in range(3)]
        said = [other.communicate(timeout=60)[1] for other in others]
        writer.write(members.read_bytes())
        writer.close()
        assert first.wait(60) == 0
    assert [other.returncode for other in others] == [7, 7, 7]
    assert all(b"another run" in one for one in said)
    assert len(list(out.glob("*.eml"))) == 60


def test_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """A file in the way, a dangling link or a missing parent is refused, and nothing appears anywhere else."""
    source = order_for(tmp_path, "out").source
    place = tmp_path / "place"
    (place / "file").write_bytes(b"mine")
    (place / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link", "absent/out", "absent/out.zip", "link/out.mbox", "x" * 300, "x" * 300 + ".zip"):
        with pytest.raises(OutputRefused):
            attempt(Order(source=source, out=place / name))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "link", "members.csv", "place"]


def test_read_only_folder(tmp_path: Path, members: Path) -> None:
    """A folder that may not be written to is refused before the first row."""
    for target in TARGETS:
        place = tmp_path / f"of {target}"
        place.mkdir(mode=0o500)
        out = place if target == "out" else place / target
        ran = calaim("batch", members, "--out", out, preexec_fn=as_anybody)
        assert (ran.returncode, ran.stderr.count(b"\n")) == (6, 1), ran.stderr
        assert list(place.iterdir()) == []


def test_file_that_may_not_be_read(tmp_path: Path, members: Path) -> None:
    """A file that the user may not even read is a conflict of its row; the other rows are done."""
    out = tmp_path / "out"
    out.mkdir(mode=0o700)
    (out / "0002-chw.eml").write_bytes(b"mine")
    (out / "0002-chw.eml").chmod(0)
    ran = calaim("batch", members, "--out", out, preexec_fn=as_anybody)
    assert ran.returncode == 6, ran.stderr
    assert b"60 rows: 59 written, 0 unchanged, 0 refused, 1 conflict;" in ran.stderr
    assert (out / "0002-chw.eml").read_bytes() == b"mine"


@pytest.mark.parametrize("target", TARGETS)
def test_folder_that_goes_away(tmp_path: Path, members: Path, target: str) -> None:
    """If the folder is removed while rows are still coming, the run ends with an error and makes no other."""
    order = Order(source=str(tmp_path / "pipe"), out=order_for(tmp_path, target).out)
    os.mkfifo(order.source)

    def feed() -> None:
        with Path(order.source).open("wb") as pipe:
            shutil.rmtree(out_of(order) if target == "out" else out_of(order).parent)
            pipe.write(members.read_bytes())

    feeder = threading.Thread(target=feed)
    feeder.start()
    with pytest.raises(OutputRefused):
        attempt(order)
    feeder.join()
    assert not out_of(order).exists()


def test_links_in_the_way(tmp_path: Path, members: Path) -> None:
    """Links under a draft's name or a temporary name lead member data nowhere, and their targets stay intact."""
    out, target = tmp_path / "out", tmp_path / "target"
    out.mkdir(mode=0o700)
    target.write_bytes(b"mine")
    (out / "0001-chw.eml").symlink_to(target)
    (out / "0003-chw.eml").mkdir()
    tally = attempt(Order(source=str(members), out=out))
    assert (tally.conflict, tally.written, tally.exit_code) == (2, 58, 6)
    (out / ".tmp-0002-chw.eml").symlink_to(target)
    (out / "0002-chw.eml").unlink()
    with pytest.raises(OutputRefused):
        attempt(Order(source=str(members), out=out))
    assert target.read_bytes() == b"mine"


@pytest.mark.parametrize("target", ["out.zip", "out.mbox"])
def test_links_in_the_way_of_a_file(tmp_path: Path, members: Path, target: str) -> None:
    """The same for a single output file: a link under its name is a conflict, under its temporary name an error."""
    order, mine = Order(source=str(members), out=tmp_path / target), tmp_path / "target"
    mine.write_bytes(b"mine")
    out_of(order).symlink_to(mine)
    tally = attempt(order)
    assert (tally.conflict, tally.written, tally.exit_code) == (60, 0, 6)
    out_of(order).unlink()
    (tmp_path / f".tmp-{target}").symlink_to(mine)
    with pytest.raises(OutputRefused):
        attempt(order)
    assert mine.read_bytes() == b"mine"
    assert not out_of(order).exists()


@pytest.mark.parametrize("torn", [b"", b"half", b"nul"], ids=["empty", "cut", "filled with NULs"])
@pytest.mark.parametrize("target", TARGETS)
def test_power_cut(tmp_path: Path, members: Path, target: str, torn: bytes) -> None:
    """What a power failure left of a draft, or of a single output file, is repaired; an edited one is not."""
    order = Order(source=str(members), out=tmp_path / target)
    attempt(order)
    damaged = tmp_path / target / "0007-chw.eml" if target == "out" else tmp_path / target
    whole = damaged.read_bytes()
    half = whole[: len(whole) // 2]
    damaged.write_bytes({b"": b"", b"half": half, b"nul": half + bytes(len(whole) - len(half))}[torn])
    assert attempt(order).conflict == 0
    assert damaged.read_bytes() == whole
    damaged.write_bytes(half + b"edited")
    assert attempt(order).conflict == (1 if target == "out" else 60)
    assert damaged.read_bytes() == half + b"edited"


@pytest.mark.parametrize("target", TARGETS)
def test_unconfirmed_sync(tmp_path: Path, members: Path, monkeypatch: pytest.MonkeyPatch, target: str) -> None:
    """If the last sync fails the drafts stay, the run says so, and the next one finds them."""
    order = Order(source=str(members), out=tmp_path / target)
    with monkeypatch.context() as patched:
        patched.setattr(os, "sync", failing(errno.EIO))
        with pytest.raises(OutputRefused):
            attempt(order)
    assert attempt(order).unchanged == 60


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spreadsheet that takes a while."""
    path = tmp_path_factory.mktemp("many") / "many.csv"
    path.write_bytes(sheet(row(number, program="chw") for number in range(1, MANY + 1)))
    return path


Moment = Callable[[subprocess.Popen[bytes]], object]


def heeding_signals() -> None:
    """Give the command the signals of a terminal, also where the tests run under nohup, deaf to a hang-up."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def disturbed(many: Path, out: Path, moment: Moment, disturb: Moment) -> tuple[int, bytes]:
    """How the command ends, and what it says, when it is disturbed at that moment; anew where it was done too soon."""
    words = [sys.executable, "-m", "calaim_cli", "batch", str(many), "--out", str(out), "--as-of", AS_OF.isoformat()]
    for _ in range(20):
        with subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            preexec_fn=heeding_signals,  # noqa: PLW1509 no thread is waiting here
        ) as process:
            deadline = time.monotonic() + 60
            while not moment(process) and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.001)
            disturb(process)
            _, said = process.communicate(timeout=60)
        if process.returncode:
            return process.returncode, said
        shutil.rmtree(out)
    raise AssertionError("the command is always faster than the disturbance: give it more rows")


@pytest.mark.parametrize("publishing", [False, True], ids=["reading", "publishing"])
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_signals(tmp_path: Path, many: Path, name: str, code: int, publishing: bool) -> None:
    """A signal stops a run: exit code, a word on what is done, whole drafts or none, nothing half-done."""
    out = tmp_path / "out"
    begun = out / ("0100-chw.eml" if publishing else files.LOCK)

    def send(process: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.Signals[name])

    ended, said = disturbed(many, out, lambda _: begun.exists(), send)
    assert ended == code, said
    assert b"drafts written" in said
    assert b"Traceback" not in said
    left = list(out.glob("*.eml"))
    assert len(left) < MANY
    assert bool(left) == publishing
    assert not list(out.glob(".tmp-*"))
    assert all(path.stat().st_size for path in left)
    again = attempt(Order(source=str(many), out=out, limit=300))
    assert (again.unchanged >= 100, again.unchanged + again.written, again.exit_code) == (publishing, 300, 0)


@pytest.mark.parametrize("publishing", [False, True], ids=["reading", "publishing"])
def test_killed_command(tmp_path: Path, many: Path, publishing: bool) -> None:
    """After a command is killed outright, a rerun finishes what it left."""
    out = tmp_path / "out"
    begun = out / ("0100-chw.eml" if publishing else files.LOCK)
    ended, _ = disturbed(many, out, lambda _: begun.exists(), lambda process: process.kill())
    assert ended == -signal.SIGKILL
    assert bool(list(out.glob("*.eml"))) == publishing
    assert attempt(Order(source=str(many), out=out)).exit_code == 0
    assert len(list(out.glob("*.eml"))) == MANY
    assert not list(out.glob(".tmp-*"))


def test_canary_is_nowhere_but_in_drafts(tmp_path: Path) -> None:
    """Whatever is wrong with a row, none of its cells is on the terminal, in the report or in a file name."""
    source, out = tmp_path / "members.csv", tmp_path / "out"
    source.write_bytes(sheet(ROW | {column: f"{CANARY}\x07{ROW[column]}"} for column in ROW))
    points["canary"] += len(ROW)
    for going, code in ((), 4), (("--keep-going",), 3):
        ran = calaim("batch", source, "--out", out, *going)
        assert ran.returncode == code, ran.stderr
        assert CANARY.encode() not in ran.stdout + ran.stderr
    assert CANARY.encode() not in (out / "report.csv").read_bytes()
    assert not any(CANARY in path.name for path in out.iterdir())
    assert (out / "rejects.csv").read_bytes().count(CANARY.encode()) == len(ROW)
