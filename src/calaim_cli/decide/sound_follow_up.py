"""Is what follows a referral sound? Statuses lead on, a clock counts one way, a page says all that may be asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from string import Formatter

from calaim_cli.base.errors import Problem
from calaim_cli.decide.follow_up import NUDGE_PLACES, PAGE_PLACES
from calaim_cli.decide.plausible import repeated
from calaim_cli.policy.follow_up import ENGLISH, KNOWN_STATUSES, REASON, UNTIL, Clock, Page
from calaim_cli.policy.policy import FOLLOW_UP, Policy


def unsound_follow_up(policy: Policy) -> Iterator[Problem]:
    """Problems of statuses, clocks, reminders and pages; the statuses and services that they name are there."""
    data = policy.follow_up_file
    yield from _statuses(policy)
    for clock in data.clock:
        yield from _clock(clock, f'{FOLLOW_UP}: clock "{clock.id}"')
    yield from _places(data.nudge.lines, NUDGE_PLACES, f"{FOLLOW_UP}: nudge: lines")
    languages = [page.language for page in data.page]
    if ENGLISH not in languages:
        words = f'there is no page in English (language "{ENGLISH}"): add it'
        yield Problem(f"{FOLLOW_UP}: page", "missing-page", words)
    for language, number in repeated(languages):
        yield Problem(f'{FOLLOW_UP}: page "{language}"', "duplicate-id", f"appears {number} times; leave it one")
    for page in data.page:
        yield from _page(page, f'{FOLLOW_UP}: page "{page.name}"', policy)


def _statuses(policy: Policy) -> Iterator[Problem]:
    data = policy.follow_up_file
    for known in KNOWN_STATUSES:
        if known not in data.statuses:
            yield Problem(f'{FOLLOW_UP}: status "{known}"', "missing-status", "the program knows it by name: add it")
    if data.status and data.status[0].id != KNOWN_STATUSES[0]:
        yield Problem(f"{FOLLOW_UP}: status", "first-status", f'"{KNOWN_STATUSES[0]}" has to be the first')
    for one in data.status:
        if one.takes not in {"", REASON, UNTIL}:
            yield Problem(f'{FOLLOW_UP}: status "{one.id}": takes', "takes", f'give "{REASON}" or "{UNTIL}"')


def _clock(clock: Clock, where: str) -> Iterator[Problem]:
    if [clock.working_days, clock.days, clock.months_before_renewal].count(None) != 2:  # noqa: PLR2004 of three
        yield Problem(where, "clock", "give one of working_days, days and months_before_renewal")
    if clock.before_end and clock.working_days is None:
        yield Problem(f"{where}: before_end", "clock", "what is counted backward is working days: give working_days")
    if clock.before_end != bool(clock.ask_after_end):
        yield Problem(f"{where}: ask_after_end", "clock", "before_end goes with ask_after_end, for the time after it")
    if not clock.own and clock.grade is None:
        yield Problem(f"{where}: grade", "missing-key", "say how well it is known: A, B, C or U")


def _page(page: Page, where: str, policy: Policy) -> Iterator[Problem]:
    if page.language != ENGLISH and not page.reviewed_by:
        words = "name the person who has read it for members who speak the language, or leave the page out"
        yield Problem(f"{where}: reviewed_by", "not-reviewed", words)
    lines = [line for section in page.sections for line in section.lines]
    yield from _places(lines, {*PAGE_PLACES, *(one.id for one in policy.counties_file.contact)}, f"{where}: lines")
    for one in ("ecm", "chw", *policy.services):
        if one not in page.asked:
            yield Problem(f"{where}: asked.{one}", "missing-key", "say in plain words what is asked for")
    if sum(section.lists_asked for section in page.sections) != 1:
        yield Problem(f"{where}: sections", "lists-asked", "one section has to list what is asked for: lists_asked")


def _places(lines: Iterable[str], known: Iterable[str], where: str) -> Iterator[Problem]:
    for line in lines:
        try:
            names = [name for _, name, _, _ in Formatter().parse(line) if name is not None]
        except ValueError:
            names = [line]
        for name in names:
            if name not in known:
                yield Problem(where, "place", f"nothing fills {{{name}}}: remove it, or use a place that is known")
