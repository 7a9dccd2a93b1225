"""Errors and warnings; none of them ever holds a member's value.

One family of errors, each with its exit code. One table of warnings, from which `check`, `refer` and `batch` take
their words. A report may say nothing about a member: where she lives, what she is referred for, what she has been
through. Where the words of a warning or a refusal would say that, it uses general ones.
"""

from __future__ import annotations

from typing import ClassVar, Final, NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong: `where` (a field, key, row or file), a stable `code`, and what to do about it."""

    where: str
    code: str
    message: str

    @property
    def warning(self) -> str:
        """The line to print when the problem is only a warning."""
        return f"calaim: warning: {self.where}: {self.code}: {self.message}"


class CalaimError(Exception):
    """Something a user can fix. The message says what, where and what next."""

    exit_code: ClassVar[int] = 1
    code: str = "internal"

    def __init_subclass__(cls, exit_code: int, code: str) -> None:
        cls.exit_code, cls.code = exit_code, code

    def __init__(self, message: str, problems: tuple[Problem, ...] = (), *, code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems
        self.code = code or type(self).code


class UsageError(CalaimError, exit_code=2, code="usage"):
    """Wrong usage, or answers are missing and there is no one to ask."""


class InputError(CalaimError, exit_code=4, code="invalid-input"):
    """A case, CSV, profile or data file is not valid; nothing was written."""


class NotFound(CalaimError, exit_code=5, code="not-found"):
    """An unknown or ambiguous place or program, or no route for a referral."""


class OutputRefused(CalaimError, exit_code=6, code="output-refused"):
    """The output exists and differs, cannot be written, or there is no space."""


class Locked(CalaimError, exit_code=7, code="locked"):
    """Another run is using the output folder."""


class Stopped(CalaimError, exit_code=130, code="stopped"):
    """A person left by Ctrl-C or "quit"; the message says how to go on."""


CAUTIONS: Final = {
    "cin-letter": "the letter in this client index number is unusual: check it against the card",
    "mrn-length": "medical record numbers usually have 8 digits: check it against the card",
    "zip-state": "the ZIP code is not in California: check the address",
    "text-ssn": "this seems to contain a Social Security number: remove it",
    "double-encoding": "characters such as \u00c3\u00b1 mean that a letter was garbled: type it again",
    "text-diagnosis": "this seems to name a diagnosis: send only what the plan's form asks for",
    "say-which": "the plan's form asks {what}",
    "not-on-the-form": "the plan's form has no line for this, so the letter does not say it",
    "agreed-by-not-stated": "not stated: did the member agree, or a parent or guardian?",
    "agreed-by-child": "the member is under 18 and agreed alone: ask the parent or guardian if the law requires it",
    "guardian-not-named": "a parent or guardian agreed, but no name is given: add guardian_name and guardian_contact",
    "part2-phrase": "this may come from a substance-use program: read it again, and correct part2 if it does",
    "part2-attach": "attach the member's written consent or a clear account of what it covers, as the letter says",
    "part2-not-stated": "not stated: does any of this come from a substance-use program under 42 CFR Part 2?",
    "age-differs": "does not match the date of birth, which was used instead: remove this answer",
    "answers-old": "the answers are {days} days old{again}",
    "answered-on": "not a date up to today, so the age of the answers is not known: use YYYY-MM-DD, or remove it",
    "answers-contradict": "these answers cannot both be true: {why} Check both: {questions}",
    "plan-without-managed-care": "says no, but a plan is named, so yes was used: check the card, and remove this",
    "ask-how-to-refer": "no way to refer is known: call {plan} and ask",
    "county-from-zip": "not given: taken from the ZIP code",
    "county-from-city": "this is a city: its county was used",
    "zip-county": "the ZIP code is not in the county given, and the county was used: check both",
    "zip-region": "the ZIP code is in another region of the plan than the county, which decided the mailbox: look at "
    "the card and the address before you send it",
    "region-not-confirmed": "the region of the member's county is not confirmed: check the card, or ask by phone",
    "county-in-part": "the plan serves only part of the member's county: check the address with the plan",
    "own-mailbox": "comes from your own data, and the built-in edition {edition} has a different one: check it",
    "plan-discretion": "{name}: up to the plan{why}: say in the notes why the member needs it",
    "choose-one": "{name}: a choice to make{why}: explain both to the member, and say in the notes which one it is",
    "not-yet": "{name}: one step comes first{why}: anyone may refer, the plan decides",
    "unlikely": "{name}: does not match today, by the answers so far{why}: anyone may refer, the plan decides",
    "need-answers": "{name}: answers are missing: {asked} See 'calaim check CASE --program {id}'; the plan decides",
    "has-ecm": "the member already receives ECM: to change providers, say so in the notes",
    "has-chw": "the member already receives CHW services: say in the notes why more are requested",
    "has-ecm-for-chw": "the member receives ECM, which includes what a community health worker does: choose one",
    "has-ccm": "the plan's Complex Care Management (CCM) and ECM do not go together: let the member choose",
    "has-support": "{name}: the member already receives this{which}; say in the notes why it is requested",
    "ecm-and-chw": "both ECM and Community Health Worker services are requested: let the member choose one",
    "offered-by-all": "without `from`, plans that offer all services seem to offer this one: add the day it began",
    "own-words": "differs from the built-in edition {edition}, which has: {was}. Here: {now}",
    "same-edition": "differs from the built-in data of this edition: change `edition`, by which results are told apart",
    "notes-wanted": "{note}",
    "availability-not-confirmed": "{name}: {note}",
    "contact": "{line}",
    "past-review": "due for review since {day}: facts may be old, so call the plan to confirm",
    "coverage-past-review": "was due for review by {day}, and the rule may have changed: ask the county to confirm",
    "waivers-end": "{text}",
    "waiver-needed": "{name}: {text}",
    "keep-medi-cal": "{text}",
    "id-name": "row {row} has the same member number but a different name",
    "id-zeros": "row {row} has the same member number except for leading zeros",
    "keep-format": "a kept cell is more than one plain word, or says something about the member: it was left empty",
    "lost-zeros": "stored as a number, so leading zeros may be lost: check it, and format the column as Text",
    "hidden-rows": "the sheet has {what}; hidden cells are read too: remove what does not belong",
    "hidden-columns": "the sheet has {what}; hidden cells are read too: remove what does not belong",
    "merged-cells": "the sheet has {what}; only the first cell of each has the text, and the others count as empty",
    "other-sheets": "only the first sheet was read, but there is text in {what}: to read another, give --sheet",
    "mostly-unknown": "not known for most members, and nearly every result depends on it: add the column, or ask first",
    "unknown-columns": "these column names are not recognized, and nothing was read from them: {names}",
    "map-column": "the map names this column, but it is not there",
    "not-in-sql": "the SQL does not read {names}: give it age and managed_care as columns of numbers",
    "unmapped-codes": "codes that are not in the map, so they answer nothing: add them to the map if they should",
    "batch-needs": "before 'calaim batch' can draft, the sheet needs more columns: {names}",
    "renewal-passed": "this month has passed: ask the county, or look in BenefitsCal, for the next renewal month",
    "open-folder": "other users can list this folder (they cannot read the files)",
    "git-work-tree": "this is inside a git work tree: do not commit drafts or cases",
    "synced-folder": "this folder seems to sync to a cloud, where others may read it: choose one that does not",
    "no-holidays": "the holidays of {year} are not known, so working days are counted without them",
    "ledger-begins": "this starts a ledger: it keeps reference, label, plan, program, services, route, dates, "
    "month of Medi-Cal renewal; never a name, birth date, member number, county or answer",
    "asked-before": "the same request for this label is still open: {reference}; delete the draft that you do "
    "not need, and remove its reference with 'calaim referrals undo REF'",
    "reference-replaced": "the draft that was replaced had the reference {reference}, which stays in the ledger; "
    "if it was never sent, remove it with 'calaim referrals undo {reference}'",
    "ledger-place": "this seems to be {what}, where a ledger may be damaged or seen by others: keep it on this "
    "computer, and share the output of 'calaim referrals --csv'",
    "not-in-ledger": "nothing is recorded: only a draft that is written to a file (--out) goes into the ledger",
    "not-followed": "{name} is not tracked: it gets no reference, and is not in the ledger",
    "stale": "a draft from an earlier run that this sheet no longer produces; check it, and delete it yourself",
}

GENERAL: Final = {
    "answers-old": "the answers are old: ask again about the last months",
    "answers-contradict": "these answers cannot both be true: check them",
    "plan-discretion": "what is requested is up to the plan: say in the notes why the member needs it",
    "choose-one": "there is a choice to make: 'calaim check' says which",
    "not-yet": "one step comes first: 'calaim check' says which",
    "unlikely": "what is requested does not match today, by the answers so far; anyone may refer, the plan decides",
    "need-answers": "answers are missing; anyone may refer, the plan decides",
    "has-ecm": "the member already receives this: say in the notes why it is requested",
    "has-chw": "the member already receives this: say in the notes why it is requested",
    "has-ecm-for-chw": "what is requested does not go together with what the member receives: let the member choose",
    "say-which": "the plan's form asks for more here",
    "agreed-by-not-stated": "not stated: who agreed, for a member who may have a guardian?",
    "agreed-by-child": "check who agreed, for a member who may have a guardian",
    "guardian-not-named": "somebody agreed for the member, but no name is given: add guardian_name",
    "has-ccm": "what is requested does not go together with what the member receives: let the member choose",
    "has-support": "the member already receives this: say in the notes why it is requested",
    "ecm-and-chw": "two programs are requested, and a member can have only one of them: let the member choose",
    "part2-phrase": "read this text again: does it come under 42 CFR Part 2?",
    "part2-attach": "the letter says that a document goes with it: 'calaim refer' says which",
    "notes-wanted": "the plan asks for more in the notes: 'calaim refer' says what",
    "availability-not-confirmed": "where this service is offered is not confirmed: call the plan",
    "not-followed": "something requested is not tracked",
    "contact": "there is a contact for this member's situation: 'calaim check' names it",
    "ask-how-to-refer": "no way to refer is known, so the sheet is for asking: call the plan",
    "waiver-needed": "something requested depends on the waiver",
    "not-kp-member": "the member's own plan is not known: name the one on the card in plan",
    "plan-unknown": "the member's plan is not known: name the one on the card in plan",
    "no-route": "no way to refer to this plan is known: call the number on the member's card",
    "no-lead-entity": "your profile names no Network Lead Entity: add it with 'calaim profile edit'",
    "county-not-served": "the plan does not serve this county: check the county and the card",
    "region-unknown": "this county is split between regions: give the one on the card in kp_region, or a listed ZIP",
    "service-not-offered": "not offered in this county: 'calaim services' tells where it is",
    "not-by-email": "referrals for this are not taken by e-mail: call the plan, or write to a folder or zip file",
    "not-separated": "several in one cell: separate them with a semicolon (;)",
    "unknown-place": "not a California county: enter one of the 58, or a ZIP code",
    "ambiguous-place": "this may mean several counties: give the county",
    "city-ambiguous": "places of this name lie in several counties: give the county",
    "not-a-place": "a place in digits must be a five-digit ZIP code: give it, or the county's name",
    "zip-ambiguous": "this ZIP code lies in several counties: give the county",
    "zip-unlisted": "this ZIP code is not in the table: give the county",
    "zip-outside": "not a California ZIP code: give the county",
}
"""What a report says in place of a message that would say something about the member."""


def caution(code: str, where: str, **facts: object) -> Problem:
    """The warning with this code in its own words, about a field, file or folder."""
    return Problem(where, code, CAUTIONS[code].format(**facts))


def in_general(problem: Problem) -> str:
    """What a report may say of a problem."""
    return GENERAL.get(problem.code, problem.message)
