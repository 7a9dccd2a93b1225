"""What can go wrong. One family of errors, each with its exit code; none ever holds a member's value."""

from __future__ import annotations

from typing import ClassVar, NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong: `where` (a field, key, row or file), a stable `code`, and what to do about it."""

    where: str
    code: str
    message: str

    @property
    def warning(self) -> str:
        """The line that warns of it, where it stops nothing."""
        return f"calaim: warning: {self.where}: {self.code}: {self.message}"


class CalaimError(Exception):
    """Something a user can fix. The message says what, where and what next."""

    exit_code: ClassVar[int] = 1
    code: str = "internal"

    def __init__(self, message: str, problems: tuple[Problem, ...] = (), *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems
        self.code = code or type(self).code


class UsageError(CalaimError):
    """Wrong usage, or answers are missing and nobody can be asked."""

    exit_code, code = 2, "usage"


class InputError(CalaimError):
    """A case, CSV, profile or data file is not valid; nothing was written."""

    exit_code, code = 4, "invalid-input"


class NotFound(CalaimError):
    """An unknown or ambiguous place or program, or no route for a referral."""

    exit_code, code = 5, "not-found"


class OutputRefused(CalaimError):
    """The output exists and differs, cannot be written, or there is no space."""

    exit_code, code = 6, "output-refused"


class Locked(CalaimError):
    """Another run holds the output folder."""

    exit_code, code = 7, "locked"


class Stopped(CalaimError):
    """A person left by Ctrl-C or "quit"; the message says how to go on."""

    exit_code, code = 130, "stopped"
