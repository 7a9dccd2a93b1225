"""What may come of a referral, by which clock to ask, and the words for plan and member: all of it is data."""

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from msgspec import Struct

from calaim_cli.policy.programs import DataFile, Grade

DRAFTED: Final = "drafted"
SENT: Final = "sent"
KNOWN_STATUSES: Final = (DRAFTED, SENT)
"""The statuses that the program knows by name: the first of each story, and the one that a reminder is of."""
REASON: Final = "reason"
UNTIL: Final = "until"
ENGLISH: Final = "en"
# In a letter below the day, where a ledger is kept: six signs, no vowel and none that is easily taken for another.
REFERENCE_LABEL: Final = "Our reference"
REFERENCE_SIGNS: Final = "346789CDFHJKMNPRTVWX"
REFERENCE_LENGTH: Final = 6


def is_reference(text: str) -> bool:
    """Whether a text can be a reference of ours."""
    return len(text) == REFERENCE_LENGTH and set(text) <= set(REFERENCE_SIGNS)


class Status(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a referral may have come to, and what may follow; `takes` is a reason, or a last day (until)."""

    id: str
    name: str
    may_follow: tuple[str, ...] = ()
    takes: str = ""
    tells_rights: bool = False
    instead: str = ""  # what to do in place of a reminder, where the plan owes no answer


class Closing(Struct, frozen=True, forbid_unknown_fields=True):
    """A reason for closing, in our words."""

    id: str
    name: str


class Clock(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """How long something takes from the day of a status, in working days or in days; an `own` one is our reminder."""

    id: str
    at: tuple[str, ...]
    text: str
    ask: str
    working_days: int | None = None
    days: int | None = None
    programs: tuple[str, ...] = ()
    expedited: bool | None = None
    not_after: tuple[str, ...] = ()
    before_end: bool = False
    ask_after_end: str = ""
    own: bool = False
    asks_plan: bool = True
    promise: bool = False  # whether the plan's own answer time is shown beside it
    source: tuple[str, ...] = ()
    grade: Grade | None = None


class StatusFact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What else is known of a referral with one of these statuses."""

    id: str
    at: tuple[str, ...]
    text: str
    source: tuple[str, ...]
    grade: Grade
    programs: tuple[str, ...] = ()


class Right(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a member may do when the plan says no, and who helps."""

    id: str
    text: str
    source: tuple[str, ...]
    grade: Grade
    call: tuple[str, ...] = ()


class Nudge(Struct, frozen=True, forbid_unknown_fields=True):
    """The words of a reminder to a plan, with places for what the ledger knows."""

    title: str
    lines: tuple[str, ...]


class PageSection(Struct, frozen=True, forbid_unknown_fields=True):
    """A section of a member's page; `lists_asked`: what is asked for comes below its lines."""

    title: str
    lines: tuple[str, ...]
    lists_asked: bool = False


class Page(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A member's page in a language. One that is not English has been read by somebody: `reviewed_by`."""

    language: str
    name: str
    title: str
    asked: dict[str, str]
    sections: tuple[PageSection, ...]
    aliases: tuple[str, ...] = ()
    reviewed_by: str = ""


class FollowUpFile(DataFile, frozen=True, forbid_unknown_fields=True, dict=True, kw_only=True):
    """What `follow_up.toml` holds."""

    nudge: Nudge
    not_followed: tuple[str, ...] = ()
    status: tuple[Status, ...] = ()
    closing: tuple[Closing, ...] = ()
    clock: tuple[Clock, ...] = ()
    fact: tuple[StatusFact, ...] = ()
    right: tuple[Right, ...] = ()
    page: tuple[Page, ...] = ()

    @cached_property
    def statuses(self) -> Mapping[str, Status]:
        """Each status by its id."""
        return {one.id: one for one in self.status}

    @cached_property
    def reasons(self) -> Mapping[str, str]:
        """The closing reasons: words by id."""
        return {one.id: one.name for one in self.closing}
