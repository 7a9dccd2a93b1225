"""A second process: what it tells arrives, what goes wrong in it is told, and it never outlives its use."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from calaim_cli.errors import InputError, Problem
from calaim_cli.terminal import leave_on_signals
from calaim_cli.workers import Job, Talk, Worker, cores
from runs import child


def test_talk_goes_to_and_fro() -> None:
    """Each thing told waits for its reply, and the result comes last."""

    def job(talk: Talk) -> object:
        return [talk({"rows": n}) for n in range(3)]

    with Worker(job) as worker:
        heard = []
        for reply in "abc":
            heard.append(worker.hear())
            worker.reply(reply)
        assert heard == [{"rows": 0}, {"rows": 1}, {"rows": 2}]
        assert worker.hear() == ["a", "b", "c"]


def test_large_results_arrive_whole() -> None:
    """A result larger than a pipe holds is heard as it was told."""
    with Worker(lambda _: b"x" * 5_000_000) as worker:
        assert worker.hear() == b"x" * 5_000_000


def test_memory_is_its_own() -> None:
    """What the worker changes changes nothing here."""
    kept = ["before"]

    def job(_: Talk) -> object:
        kept.append("there")
        return kept

    with Worker(job) as worker:
        assert worker.hear() == ["before", "there"]
    assert kept == ["before"]


def test_bad_input_is_told_with_its_problems() -> None:
    """An error of the input is the same error here: message, problems and code."""
    problems = (Problem("line 3", "quotes", "mend them"), Problem("", "nul", "type it again"))

    def job(_: Talk) -> object:
        raise InputError("members.csv: not sound", problems, code="quotes")

    with Worker(job) as worker, pytest.raises(InputError) as caught:
        worker.hear()
    assert (caught.value.message, caught.value.problems, caught.value.code) == (
        "members.csv: not sound",
        problems,
        "quotes",
    )


def test_error_of_the_system_is_told_by_its_number() -> None:
    """A full disk there is a full disk here, and no file name comes along."""

    def job(_: Talk) -> object:
        raise OSError(errno.ENOSPC, "no room", "0001-ecm.eml")

    with Worker(job) as worker, pytest.raises(OSError, match=os.strerror(errno.ENOSPC)) as caught:
        worker.hear()
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, None)


def surprise(_: Talk) -> object:
    """A bug, with a member's data in its text."""
    raise ValueError("Zyxcanary")


def killed(_: Talk) -> object:
    """A process that the system ends."""
    os.kill(os.getpid(), signal.SIGKILL)
    return None


@pytest.mark.parametrize("job", [surprise, killed])
def test_worker_that_ends_early(job: Job, capfd: pytest.CaptureFixture[str]) -> None:
    """A bug or a kill there is an error here that says no more than that, and nothing is printed."""
    with Worker(job) as worker, pytest.raises(RuntimeError, match=r"^a worker ended early$"):
        worker.hear()
    assert capfd.readouterr() == ("", "")


def test_leaving_ends_the_worker(tmp_path: Path) -> None:
    """A worker that is not done is ended when its use is over, and no dead process stays behind."""

    def job(talk: Talk) -> object:
        talk("ready")
        time.sleep(600)
        return (tmp_path / "too late").write_bytes(b"")

    with Worker(job) as worker:
        assert worker.hear() == "ready"
        worker.reply("go on")
    with pytest.raises(ChildProcessError):
        os.waitpid(worker.process, 0)
    assert list(tmp_path.iterdir()) == []


def test_error_here_ends_the_worker_too() -> None:
    """Whatever happens here while it works, it does not go on alone."""

    def job(talk: Talk) -> object:
        return talk("waiting for a word that never comes")

    with suppress(ZeroDivisionError), Worker(job) as worker:
        worker.hear()
        raise ZeroDivisionError
    with pytest.raises(ProcessLookupError):
        os.kill(worker.process, 0)


def ended_while_it_starts() -> int:
    """A worker of a slow start, in a program that handles signals, which is wanted no longer before it has begun."""
    leave_on_signals()
    os.register_at_fork(after_in_child=lambda: time.sleep(0.2))
    signal.alarm(10)
    with suppress(ZeroDivisionError), Worker(lambda talk: talk("waiting for a word that never comes")):
        time.sleep(0.05)
        raise ZeroDivisionError
    return 0


def test_worker_may_be_ended_while_it_starts() -> None:
    """However early the end comes, the worker hears of it, and nobody waits for ever."""
    assert child(ended_while_it_starts) == 0


def test_processors_that_may_be_used() -> None:
    """At least one, and no more than this process may use."""
    assert 1 <= cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize("set_to", [signal.SIG_IGN, signal.SIG_DFL, signal.default_int_handler])
def test_signals_of_a_worker(set_to: signal.Handlers | Callable[[int, FrameType | None], Any]) -> None:
    """What the parent ignores, as under nohup, a worker ignores too; everything else ends it without a handler."""
    before = signal.signal(signal.SIGHUP, set_to)
    try:
        with Worker(lambda _: signal.getsignal(signal.SIGHUP) == signal.SIG_IGN) as worker:
            assert worker.hear() is (set_to is signal.SIG_IGN)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_worker_never_goes_on_as_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error before the job begins ends the new process, which would else do all of the parent's work again."""
    here = os.getpid()

    def failing(number: int, handler: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(signal, "signal", failing)
    with Worker(lambda _: None) as worker, pytest.raises(RuntimeError, match="ended early"):
        worker.hear()
    assert os.getpid() == here
