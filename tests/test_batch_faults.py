"""Batch and what can go wrong: whatever fails wherever, no cut draft, all private, and a rerun ends as it should.

Every call to the file system is made to fail or the process killed at it: a sample here, all of them with
CALAIM_ALL_FAULTS=1. `points` counts what was tried; the last test prints the numbers.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from calaim_cli import batch, datafiles, folder
from calaim_cli.casefile import Profile
from calaim_cli.errors import CalaimError, Locked, OutputRefused
from calaim_cli.takes import Order
from conftest import AS_OF
from sheets import ROW, row, sheet

EVERYTHING = bool(os.environ.get("CALAIM_ALL_FAULTS"))
CATALOG = datafiles.load()
POLICY = batch.Policy(Profile(), CATALOG, AS_OF)
CALLS = (
    "open", "write", "pwrite", "pread", "close", "link", "replace", "unlink", "mkdir", "listdir", "fsync", "ftruncate",
    "fstat", "stat",
)  # fmt: skip
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EDQUOT, errno.EROFS, errno.EMFILE, errno.ENAMETOOLONG)
CANARY = "Zyxcanary"
ROWS = [row(1, first_name=CANARY), row(2, program="chw"), row(3, phone="555", last_name=CANARY), row(4)]
TARGETS = ("out", "out.zip", "out.mbox")
points: Counter[str] = Counter()


class Interrupted(BaseException):
    """A Ctrl-C at a file call."""


class Faulty:
    """Stands before the calls to the file system: counts them, and lets the n-th (or all from there) go wrong."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, fault: Callable[[], object], *, lasting: bool) -> None:
        self.calls, self.at, self.fault, self.lasting, self.active = 0, at, fault, lasting, True
        self._within = False
        for name in CALLS:
            monkeypatch.setattr(os, name, self.instead_of(name, getattr(os, name)))
        monkeypatch.setattr(folder, "sync_file_system", self.instead_of("sync", folder.sync_file_system))

    def instead_of(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """The call with its fault."""

        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 whatever the call takes
            if not self.active:
                return real(*arguments, **named)
            self.calls += 1
            if self.calls == self.at or (self.lasting and self.calls > self.at):
                if self.fault is half_a_write:
                    return (
                        real(arguments[0], arguments[1][: len(arguments[1]) // 2 or 1])
                        if name == "write"
                        else (real(*arguments, **named))
                    )
                if name == "close":
                    real(*arguments)  # a failing close closes all the same
                self.fault()
            return real(*arguments, **named)

        return call


def half_a_write() -> None:
    """A write that takes only half of the bytes."""


def failing(number: int) -> Callable[[], None]:
    """A fault with this error number."""

    def fail() -> None:
        raise OSError(number, os.strerror(number))

    return fail


def interrupt() -> None:
    """Ctrl-C."""
    raise Interrupted


def order_for(tmp_path: Path, target: str) -> Order:
    """The batch that all faults are tried on: three good rows and a bad one."""
    source = tmp_path / "members.csv"
    if not source.exists():
        source.write_bytes(sheet(ROWS))
    return Order(source=str(source), out=tmp_path / "place" / target, keep_going=True)


def attempt(order: Order) -> batch.Tally:
    """One run."""
    tally = batch.Tally()
    batch.run(order, POLICY, tally)
    return tally


def contents(place: Path) -> dict[str, bytes]:
    """Every file below the place, but for lock files."""
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.name != folder.LOCK
    }


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, bytes]]:
    """What an undisturbed run leaves, by target."""
    found = {}
    for target in TARGETS:
        tmp_path = tmp_path_factory.mktemp("whole")
        (tmp_path / "place").mkdir()
        attempt(order_for(tmp_path, target))
        found[target] = contents(tmp_path / "place")
    return found


def is_draft(name: str) -> bool:
    """Whether a name is that of a draft or of a file of drafts."""
    return name.endswith((".eml", ".zip", ".mbox"))


def invariant(place: Path, wanted: dict[str, bytes], *, empty_allowed: bool = False) -> None:
    """No cut draft under a final name, and nothing that others could read."""
    for name, content in contents(place).items():
        assert stat.S_IMODE((place / name).stat().st_mode) & 0o177 == 0, name
        if is_draft(name) and not Path(name).name.startswith(folder.TEMPORARY):
            assert content == wanted[name] or (empty_allowed and content == b""), name


def converges(order: Order, wanted: dict[str, bytes]) -> None:
    """A clean rerun ends with just the expected files."""
    tally = attempt(order)
    assert tally.exit_code == 3
    found = contents(order.out.parent)
    assert {name: content for name, content in found.items() if "report" not in name} == {
        name: content for name, content in wanted.items() if "report" not in name
    }
    assert len([name for name in found if "report" in name]) == 1


def calls_of(tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many calls an undisturbed run makes."""
    tmp_path.mkdir()
    (tmp_path / "place").mkdir()
    order = order_for(tmp_path, target)
    with monkeypatch.context() as patched:
        faulty = Faulty(patched, 0, lambda: None, lasting=False)
        attempt(order)
        faulty.active = False
    return faulty.calls


FAULTS: dict[str, Callable[[], object]] = {
    **{errno.errorcode[number]: failing(number) for number in ERRORS},
    "Ctrl-C": interrupt,
    "half a write": half_a_write,
}


def hit(
    tmp_path: Path, target: str, at: int, fault: str, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, bytes],
    *, lasting: bool = False,
) -> None:  # fmt: skip
    """One point: the fault at the n-th call, then the invariant, then a clean rerun."""
    tmp_path.mkdir()
    (tmp_path / "place").mkdir()
    order = order_for(tmp_path, target)
    ended: CalaimError | None = None
    with monkeypatch.context() as patched:
        faulty = Faulty(patched, at, FAULTS[fault], lasting=lasting)
        try:
            attempt(order)
        except Interrupted:
            assert fault == "Ctrl-C"
        except CalaimError as error:
            ended = error
        finally:
            faulty.active = False
    assert ended is None or (ended.exit_code in {4, 6} and CANARY not in ended.message)
    points[f"{target}: {'lasting ' if lasting else ''}{fault}"] += 1
    invariant(order.out.parent, wanted)
    converges(order, wanted)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("fault", FAULTS)
def test_nth_call_goes_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, dict[str, bytes]], target: str, fault: str
) -> None:
    """A call that fails, is interrupted or does half of its work costs at most a rerun."""
    calls = calls_of(tmp_path / "count", target, monkeypatch)
    step = 1 if EVERYTHING else 5
    for at in range(1 + list(FAULTS).index(fault) % step, calls + 1, step):
        hit(tmp_path / str(at), target, at, fault, monkeypatch, expected[target])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("fault", ["ENOSPC", "EIO", "EROFS"])
def test_everything_fails_from_the_nth_call_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, dict[str, bytes]], target: str, fault: str
) -> None:
    """A disk that goes away and stays away leaves whole drafts or none."""
    calls = calls_of(tmp_path / "count", target, monkeypatch)
    step = 1 if EVERYTHING else 7
    for at in range(1, calls + 1, step):
        hit(tmp_path / str(at), target, at, fault, monkeypatch, expected[target], lasting=True)


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.EXDEV])
@pytest.mark.parametrize("target", TARGETS)
def test_without_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, dict[str, bytes]], target: str, number: int
) -> None:
    """Where the file system has no hard links the outcome is the same, also after a fault in between."""

    def no_link(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", no_link)
    calls = calls_of(tmp_path / "count", target, monkeypatch)
    for at in range(1, calls + 1, 1 if EVERYTHING else 6):
        case = tmp_path / str(at)
        case.mkdir()
        (case / "place").mkdir()
        order = order_for(case, target)
        with monkeypatch.context() as patched:
            faulty = Faulty(patched, at, interrupt, lasting=False)
            try:
                attempt(order)
            except Interrupted:
                pass
            finally:
                faulty.active = False
        points[f"{target}: no links"] += 1
        invariant(order.out.parent, expected[target], empty_allowed=True)
        converges(order, expected[target])


CHILD = """
import os, signal, sys
from datetime import date
from pathlib import Path
sys.path[:0] = {path!r}
import test_batch_faults as faults
at, after, target, base = int(sys.argv[1]), sys.argv[2] == "after", sys.argv[3], Path(sys.argv[4])
import pytest
order = faults.order_for(base, target)
patch = pytest.MonkeyPatch()
class Deadly(faults.Faulty):
    def instead_of(self, name, real):
        def call(*arguments, **named):
            self.calls += 1
            if self.calls == self.at and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return real(*arguments, **named)
            finally:
                if self.calls == self.at:
                    os.kill(os.getpid(), signal.SIGKILL)
        return call
Deadly(patch, at, lambda: None, lasting=False)
faults.attempt(order)
"""


def killed(tmp_path: Path, target: str, at: int, when: str) -> int:
    """A child process that is killed at the n-th call; gives how it ended."""
    code = CHILD.format(path=[str(Path(__file__).parent), str(Path(__file__).parents[1] / "src")])
    process = os.fork()
    if process == 0:
        try:
            sys.argv = ["child", str(at), when, target, str(tmp_path)]
            exec(compile(code, "child", "exec"), {"__name__": "child"})  # noqa: S102 our own text, in our own child
        finally:
            os._exit(0)
    return os.waitpid(process, 0)[1]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_at_the_nth_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: dict[str, dict[str, bytes]], target: str, when: str
) -> None:
    """SIGKILL before or after any call leaves nothing that the next run cannot finish, and no lock that holds."""
    calls = calls_of(tmp_path / "count", target, monkeypatch)
    for at in range(1, calls + 1, 1 if EVERYTHING else 8):
        case = tmp_path / str(at)
        case.mkdir()
        (case / "place").mkdir()
        order = order_for(case, target)
        assert killed(case, target, at, when) == signal.SIGKILL
        points[f"{target}: SIGKILL {when}"] += 1
        invariant(order.out.parent, expected[target])
        converges(order, expected[target])


def calaim(*arguments: str | Path, **named: Any) -> subprocess.CompletedProcess[bytes]:  # noqa: ANN401 passed on
    """The command as a user runs it."""
    words = [sys.executable, "-m", "calaim_cli", "batch", *map(str, arguments), "--as-of", AS_OF.isoformat()]
    return subprocess.run(words, capture_output=named.pop("capture_output", True), check=False, **named)


@pytest.fixture
def members(tmp_path: Path) -> Path:
    """A spreadsheet of sixty good rows."""
    path = tmp_path / "members.csv"
    path.write_bytes(sheet(row(number, notes="A note. " * 60) for number in range(1, 61)))
    return path


@pytest.mark.parametrize("target", TARGETS)
def test_file_size_limit(tmp_path: Path, members: Path, target: str) -> None:
    """A limit that the system really sets is one line and exit code 6, and nothing half-written."""

    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    ran = calaim(members, "--out", tmp_path / target, preexec_fn=limited)
    assert ran.returncode == 6, ran.stderr
    assert b"Traceback" not in ran.stderr
    assert not list(tmp_path.rglob("*.eml"))
    assert not (tmp_path / "out.zip").exists()
    assert calaim(members, "--out", tmp_path / target).returncode == 0


@pytest.mark.parametrize("target", TARGETS)
def test_really_full_disk(tmp_path: Path, members: Path, target: str) -> None:
    """A small disk that really fills up: exit code 6, no draft cut, and with more room it works."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        ran = calaim(members, "--out", disk / target)
        assert ran.returncode == 6, ran.stderr
        assert b"Traceback" not in ran.stderr
        assert not [name for name in contents(disk) if is_draft(name)]
        subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)
        assert calaim(members, "--out", disk / target).returncode == 0
    finally:
        subprocess.run(["umount", disk], check=True)


def test_full_stdout(tmp_path: Path, members: Path) -> None:
    """When the summary cannot be delivered that is told in one line, and the drafts are there."""
    with Path("/dev/full").open("wb") as full:
        words = [sys.executable, "-m", "calaim_cli", "batch", str(members), "--out", str(tmp_path / "out"), "--json"]
        ran = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, check=False)
    assert ran.returncode == 6
    assert b"Traceback" not in ran.stderr
    assert len(list((tmp_path / "out").glob("*.eml"))) == 60


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams(tmp_path: Path, members: Path, closed: str) -> None:
    """With standard streams closed from the start the batch works, and nothing of the talk lands in a draft."""
    line = f'"{sys.executable}" -m calaim_cli batch "{members}" --out "{tmp_path / "out"}" --json {closed}'
    assert subprocess.run(["sh", "-c", line], capture_output=True, check=False).returncode == 0
    drafts = list((tmp_path / "out").glob("*.eml"))
    assert len(drafts) == 60
    assert all(path.read_bytes().startswith(b"X-Unsent: 1\r\n") for path in drafts)


def test_two_runs_at_once(tmp_path: Path, members: Path) -> None:
    """Exactly one run works on a folder or file; another ends at once with exit code 7."""
    for target in TARGETS:
        order = Order(source=str(members), out=tmp_path / target)
        with folder.opened(order.out) if target == "out" else folder.beside(order.out), pytest.raises(Locked):
            attempt(order)
        attempt(order)


def test_folder_that_cannot_be_used(tmp_path: Path, members: Path) -> None:
    """A file in the way, a dangling link or a missing parent is refused, and nothing appears anywhere else."""
    (tmp_path / "file").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("file", "link", "absent/out", "absent/out.zip", "x" * 300):
        with pytest.raises(OutputRefused):
            attempt(Order(source=str(members), out=tmp_path / name))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link", "members.csv"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder(tmp_path: Path, members: Path) -> None:
    """A folder that may not be written to is refused before the first row."""
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    with pytest.raises(OutputRefused):
        attempt(Order(source=str(members), out=out))


def test_links_in_the_way(tmp_path: Path, members: Path) -> None:
    """Links under a draft's name or a temporary name lead member data nowhere, and their targets stay intact."""
    out, target = tmp_path / "out", tmp_path / "target"
    out.mkdir(mode=0o700)
    target.write_bytes(b"mine")
    (out / "0001-ecm.eml").symlink_to(target)
    (out / "0003-ecm.eml").mkdir()
    tally = attempt(Order(source=str(members), out=out))
    assert (tally.conflict, tally.written, tally.exit_code) == (2, 58, 6)
    (out / ".tmp-0002-ecm.eml").symlink_to(target)
    (out / "0002-ecm.eml").unlink()
    with pytest.raises(OutputRefused):
        attempt(Order(source=str(members), out=out))
    assert target.read_bytes() == b"mine"


@pytest.mark.parametrize("torn", [b"", b"half", b"nul"], ids=["empty", "cut", "filled with NULs"])
def test_power_cut(tmp_path: Path, members: Path, torn: bytes) -> None:
    """After a run that could not confirm its sync, torn files are repaired; after one that could, they are not ours."""
    out = tmp_path / "out"
    order = Order(source=str(members), out=out)
    attempt(order)
    draft = out / "0007-ecm.eml"
    whole = draft.read_bytes()
    half = whole[: len(whole) // 2]
    damaged = {b"": b"", b"half": half, b"nul": half + bytes(len(whole) - len(half))}[torn]
    draft.write_bytes(damaged)
    assert attempt(order).conflict == 1
    assert draft.read_bytes() == damaged
    (out / folder.LOCK).write_bytes(folder.DIRTY)
    assert attempt(order).written == 1
    assert draft.read_bytes() == whole
    assert (out / folder.LOCK).read_bytes() == b""


def test_unconfirmed_sync(tmp_path: Path, members: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last sync fails the drafts stay, the run says so, and the next one looks at every file again."""
    order = Order(source=str(members), out=tmp_path / "out")
    with monkeypatch.context() as patched:
        patched.setattr(folder, "sync_file_system", lambda _: failing(errno.EIO)())
        with pytest.raises(OutputRefused):
            attempt(order)
    assert len(list((tmp_path / "out").glob("*.eml"))) == 60
    assert (tmp_path / "out" / folder.LOCK).read_bytes() == folder.DIRTY
    assert attempt(order).unchanged == 60


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A spreadsheet that takes a while."""
    path = tmp_path / "many.csv"
    path.write_bytes(sheet(row(number) for number in range(1, 20_001)))
    return path


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals(tmp_path: Path, many: Path, number: signal.Signals, code: int, jobs: str) -> None:
    """A signal stops between two calls: its exit code, finished drafts stay, and the next run goes on."""
    out = tmp_path / "out"
    words = [sys.executable, "-m", "calaim_cli", "batch", str(many), "--out", str(out), "--jobs", jobs]
    words += ["--as-of", AS_OF.isoformat()]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        deadline = time.monotonic() + 60
        while not (out / "00100-ecm.eml").exists() and time.monotonic() < deadline and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    assert b"drafts written" in said
    assert b"Traceback" not in said
    left = list(out.glob("*.eml"))
    assert 0 < len(left) < 20_000
    assert not list(out.glob(".tmp-*"))
    assert all(path.stat().st_size for path in left)
    source = out.parent / "first.csv"
    source.write_bytes(many.read_bytes())
    done = calaim(source, "--out", out, "--limit", "300", "--json")
    assert done.returncode == 0, done.stderr


def test_killed_worker(tmp_path: Path, many: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that dies is an error of ours, and leaves what a rerun can finish."""
    from calaim_cli import takes

    here, real = os.getpid(), takes.Take.publish

    def deadly(*arguments: Any, **named: Any) -> None:  # noqa: ANN401 passed on
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        real(*arguments, **named)

    order = Order(source=str(many), out=tmp_path / "out", jobs=2)
    with monkeypatch.context() as patched:
        patched.setattr(takes.Take, "publish", deadly)
        with pytest.raises(RuntimeError):
            attempt(order)
    assert attempt(order).exit_code == 0
    assert len(list((tmp_path / "out").glob("*.eml"))) == 20_000
    assert not list((tmp_path / "out").glob(".tmp-*"))


@pytest.fixture(scope="module", autouse=True)
def _tell_points() -> Iterator[None]:
    """Print how many points were tried."""
    yield
    print(f"\nfault points tried: {sum(points.values())}: {dict(points)}")  # noqa: T201


def test_canary_is_nowhere_but_in_drafts(tmp_path: Path) -> None:
    """Whatever is wrong with a row, no cell of it is on the terminal, in the report or in a file name."""
    for column in ROW:
        source = tmp_path / f"{column}.csv"
        source.write_bytes(sheet([ROW | {column: f"{CANARY}\x07{ROW[column]}"}, row(2, phone=CANARY)]))
        out = tmp_path / f"out-{column}"
        ran = calaim(source, "--out", out, "--keep-going")
        points["canary"] += 1
        assert ran.returncode in {3, 4}, ran.stderr
        assert CANARY.encode() not in ran.stdout + ran.stderr
        if out.exists():
            assert CANARY.encode() not in (out / "report.csv").read_bytes()
            assert not any(CANARY in path.name for path in out.iterdir())
