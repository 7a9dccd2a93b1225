"""Floor 1: a second process for a part of the work. Only counts and findings come back, through a pipe."""

from __future__ import annotations

import marshal
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, Final, NoReturn, Self

from calaim_cli.errors import InputError, Problem

Talk = Callable[[Any], Any]
"""Tells something plain to the other process and gives its reply."""
Job = Callable[[Talk], object]
"""What a worker does; its result is told last."""


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
                os.close(to_worker[1])
                os.close(from_worker[0])
                _work(job, os.fdopen(to_worker[0], "rb"), os.fdopen(from_worker[1], "wb"), parent, before)
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


def _work(job: Job, orders: BinaryIO, news: BinaryIO, parent: int, mask: set[int | signal.Signals]) -> NoReturn:
    """Do the job in the new process and leave it at once, so that nothing of the parent's runs twice.

    A signal ends it where it is. The parent's handlers would have to wait for a read to end that may never end.
    """

    def tell(kind: str, value: Any) -> None:  # noqa: ANN401 whatever the job tells
        marshal.dump((kind, value), news)
        news.flush()

    def talk(value: Any) -> Any:  # noqa: ANN401 whatever the job tells
        tell("told", value)
        return marshal.load(orders)  # noqa: S302 from our own process

    code = 1
    try:
        for number in STOPPING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        tell("told", job(talk))
        code = 0
    except InputError as error:
        tell("input", (error.message, [tuple(one) for one in error.problems], error.code))
    except OSError as error:
        if os.getppid() == parent:
            tell("system", error.errno)
    finally:
        os._exit(code)


def cores() -> int:
    """How many processors this process may use; 1 where there is no second process to be had."""
    if not hasattr(os, "fork"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
