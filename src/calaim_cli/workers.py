"""Floor 1: a second process for a part of the work. Only counts and findings come back, through a pipe."""

from __future__ import annotations

import marshal
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, NoReturn, Self

from calaim_cli.errors import InputError, Problem

Talk = Callable[[Any], Any]
"""Tells something plain to the other process and gives its reply."""
Job = Callable[[Talk], object]
"""What a worker does; its result is told last."""


Pipe = tuple[int, int]
STOPPING: Final = frozenset({signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])})


class Worker:
    """A process that does one job. Leaving the `with` block ends it, finished or not."""

    def __init__(self, job: Job) -> None:
        to_worker, from_worker = os.pipe(), os.pipe()
        parent = os.getpid()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            self.process = os.fork()
            if self.process == 0:
                _leave_after(partial(_work, job, to_worker, from_worker, parent, before))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(to_worker[0])
        os.close(from_worker[1])
        self._orders, self._news = os.fdopen(to_worker[1], "wb"), os.fdopen(from_worker[0], "rb")

    def __enter__(self) -> Self:
        """The worker, at work already."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, finished or not."""
        with suppress(ProcessLookupError):
            os.kill(self.process, signal.SIGTERM)
        os.waitpid(self.process, 0)
        with suppress(BrokenPipeError):
            self._orders.close()
        self._news.close()

    def hear(self) -> Any:  # noqa: ANN401 whatever the job tells
        """What the worker tells next. Raises the error that ended it."""
        try:
            kind, value = marshal.load(self._news)  # noqa: S302 from our own process
        except EOFError:
            raise RuntimeError("a worker ended early") from None
        if kind == "input":
            message, problems, code = value
            raise InputError(message, tuple(Problem(*one) for one in problems), code=code)
        if kind == "system":
            raise OSError(value, os.strerror(value))
        return value

    def reply(self, value: str) -> None:
        """Let the worker go on."""
        marshal.dump(value, self._orders)
        self._orders.flush()


def _leave_after(work: Callable[[], None]) -> NoReturn:
    """Do the work and leave the new process at once, so that nothing of the parent's runs twice, whatever happens."""
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def _work(job: Job, to_worker: Pipe, from_worker: Pipe, parent: int, mask: set[int | signal.Signals]) -> None:
    """Do the job and tell its result or its error. A signal ends it where it is.

    The parent's handlers for signals would have to wait for a read to end that may never end.
    """
    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    os.close(to_worker[1])
    os.close(from_worker[0])
    orders, news = os.fdopen(to_worker[0], "rb"), os.fdopen(from_worker[1], "wb")

    def tell(kind: str, value: Any) -> None:  # noqa: ANN401 whatever the job tells
        marshal.dump((kind, value), news)
        news.flush()

    def talk(value: Any) -> Any:  # noqa: ANN401 whatever the job tells
        tell("told", value)
        return marshal.load(orders)  # noqa: S302 from our own process

    try:
        tell("told", job(talk))
    except InputError as error:
        tell("input", (error.message, [tuple(one) for one in error.problems], error.code))
    except OSError as error:
        if os.getppid() == parent:
            tell("system", error.errno)


def cores(wanted: int = 0) -> int:
    """As many as wanted, else the processors that this process may use; 1 where no second process is to be had."""
    if not hasattr(os, "fork"):
        return 1
    if wanted:
        return wanted
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
