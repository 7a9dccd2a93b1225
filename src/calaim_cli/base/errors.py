"""What can go wrong, and what a person is warned of; none of it ever holds a member's value.

One family of errors, each with its exit code. One table of warnings, from which `check`, `refer` and `batch` take
their words. A report may hold nothing of a member: where she lives, what she is referred for, what she has been
through. Where the words of a warning or a refusal would tell that, it has general ones.
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
        """The line that warns of it, where it stops nothing."""
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
    """Wrong usage, or answers are missing and nobody can be asked."""


class InputError(CalaimError, exit_code=4, code="invalid-input"):
    """A case, CSV, profile or data file is not valid; nothing was written."""


class NotFound(CalaimError, exit_code=5, code="not-found"):
    """An unknown or ambiguous place or program, or no route for a referral."""


class OutputRefused(CalaimError, exit_code=6, code="output-refused"):
    """The output exists and differs, cannot be written, or there is no space."""


class Locked(CalaimError, exit_code=7, code="locked"):
    """Another run holds the output folder."""


class Stopped(CalaimError, exit_code=130, code="stopped"):
    """A person left by Ctrl-C or "quit"; the message says how to go on."""


CAUTIONS: Final = {
    "cin-letter": "the letter of the client index number is an unusual one: compare it with the card",
    "mrn-length": "medical record numbers usually have 8 digits: compare it with the card",
    "zip-state": "the ZIP code is not in California: check the address",
    "text-ssn": "this looks like it holds a Social Security number: remove it",
    "double-encoding": "signs such as \u00c3\u00b1 stand where a letter was lost on the way: type it again",
    "text-diagnosis": "this seems to name a diagnosis: send only what the plan's form asks for",
    "say-which": "the plan's form asks {what}",
    "not-on-the-form": "the plan's form has no line for this, so the letter does not say it",
    "agreed-by-not-stated": "not stated: who agreed, the member, or a parent or guardian?",
    "agreed-by-child": "under 18, and only the member agreed: where the law wants it, ask the parent or guardian too",
    "guardian-not-named": "a parent or guardian agreed, and no name is given: add guardian_name and guardian_contact",
    "part2-phrase": "this may come from a substance-use program: read it again, and correct part2 if so",
    "part2-attach": "attach the member's written consent or a clear account of what it covers, as the letter says",
    "part2-not-stated": "not stated: does any of this come from a substance-use program under 42 CFR Part 2?",
    "age-differs": "differs from the date of birth, so the date of birth was used. Remove this answer",
    "answers-old": "the answers are {days} days old{again}",
    "answered-on": "not a day up to today, so nothing tells how old the answers are: give YYYY-MM-DD, or remove it",
    "answers-contradict": "these answers cannot both be true: {why} Check both: {questions}",
    "plan-without-managed-care": "says no, and a plan is named: the plan was believed. Check the card, and remove this",
    "ask-how-to-refer": "no way to refer is known: call {plan} and ask",
    "county-from-zip": "not given: taken from the ZIP code",
    "county-from-city": "the county of the city was used",
    "zip-county": "the ZIP code does not lie in the stated county, which was used",
    "zip-region": "the ZIP code is in another region of the plan than the county, which decided the mailbox: look at "
    "the card and the address before you send it",
    "region-not-confirmed": "the region of the member's county is not confirmed: check the card, or ask by phone",
    "county-in-part": "the plan serves a part of the member's county: compare the address",
    "own-mailbox": "comes from your own data, and the built-in edition {edition} has another: check it",
    "plan-discretion": "{name}: up to the plan{why}: say in the notes why the member needs it",
    "choose-one": "{name}: a choice to make{why}: explain both to the member, and say in the notes which it is",
    "not-yet": "{name}: one step comes first{why}: anyone may refer, the plan decides",
    "unlikely": "{name}: does not match today as far as answered{why}: anyone may refer, the plan decides",
    "need-answers": "{name}: answers are missing: {asked} See 'calaim check CASE --program {id}'; the plan decides",
    "has-ecm": "the member receives ECM already: to change its provider, say so in the notes",
    "has-chw": "the member receives CHW services already: say in the notes why more are asked for",
    "has-ecm-for-chw": "the member receives ECM, which includes what a community health worker does: one or the other",
    "has-ccm": "the plan's complex case management (CCM) and ECM do not go together: let the member choose",
    "has-support": "{name}: the member receives this already{which}; say in the notes why it is asked for",
    "ecm-and-chw": "ECM is asked for as well as Community Health Worker services, and it is one or the other",
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
    "id-name": "row {row} has the same member number and another name",
    "id-zeros": "row {row} has the same member number but for zeros before it",
    "keep-format": "a kept cell holds more than plain words of one's own, or tells of the member; it was left empty",
    "lost-zeros": "a number in the workbook, which keeps no zeros before it: compare it, and format the column as Text",
    "hidden-rows": "the sheet has {what}; what cannot be seen is taken as well: remove what is not meant",
    "hidden-columns": "the sheet has {what}; what cannot be seen is taken as well: remove what is not meant",
    "merged-cells": "the sheet has {what}; the text is in the first row and column of each, and nothing in the others",
    "other-sheets": "only the first sheet was read, and there is text in {what}: to read another give --sheet",
    "mostly-unknown": "not known of most members, and nearly every result waits for it: add the column, or ask first",
    "unknown-columns": "these columns are not known and were left alone: {names}",
    "map-column": "the map names this column, and there is none of that name",
    "not-in-sql": "SQL does not read {names}: give it age and managed_care as columns of numbers",
    "unmapped-codes": "codes that the map does not name, which answer nothing",
    "batch-needs": "before 'calaim batch' can draft, the sheet needs more columns: {names}",
    "renewal-passed": "this month has passed: ask the county, or look in BenefitsCal, when the next renewal is",
    "open-folder": "other users can list this folder (they cannot read the files)",
    "git-work-tree": "this is inside a git work tree: do not commit drafts or cases",
    "synced-folder": "this folder seems to be copied to a cloud, where others may read it: choose one of your own",
    "no-holidays": "no holidays of {year} are known: working days in it are counted without them",
    "ledger-begins": "a ledger begins: reference, label, plan, program, services, route, days of drafts, "
    "month of Medi-Cal renewal; never a name, birth date, member number, county or answer",
    "asked-before": "the same is asked for the same label already, and is open: {reference}; delete the draft that is "
    "not needed, and take its reference out with 'calaim referrals undo REF'",
    "reference-replaced": "the draft that was replaced had the reference {reference}, which stays in the ledger; "
    "if it was never sent, 'calaim referrals undo {reference}' takes it out",
    "ledger-place": "this seems to be {what}, where a ledger may be damaged or seen by others: keep it here, "
    "and exchange 'calaim referrals --csv'",
    "not-in-ledger": "nothing goes into it: only a draft that is written to a file (--out) does",
    "not-followed": "{name} is not followed up: it has no reference, and is not in the ledger",
    "stale": "a draft of an earlier run that this sheet no longer gives; check it, and delete it yourself",
}

GENERAL: Final = {
    "answers-old": "the answers are old: ask again what looks back some months",
    "answers-contradict": "these answers cannot both be true: check them",
    "plan-discretion": "what is asked for is up to the plan: say in the notes why the member needs it",
    "choose-one": "there is a choice to make: 'calaim check' says which",
    "not-yet": "one step comes first: 'calaim check' says which",
    "unlikely": "what is asked for does not match today as far as answered; anyone may refer, the plan decides",
    "need-answers": "answers are missing; anyone may refer, the plan decides",
    "has-ecm": "what is asked for is received already: say in the notes why",
    "has-chw": "what is asked for is received already: say in the notes why",
    "has-ecm-for-chw": "what is asked for does not go together with what is received: let the member choose",
    "say-which": "the plan's form asks for more here",
    "agreed-by-not-stated": "not stated: who agreed, for a member who may have a guardian?",
    "agreed-by-child": "look at who agreed, for a member who may have a guardian",
    "guardian-not-named": "somebody agreed for the member, and no name is given: add guardian_name",
    "has-ccm": "what is asked for does not go together with what is received: let the member choose",
    "has-support": "what is asked for is received already: say in the notes why",
    "ecm-and-chw": "two programs are asked for of which a member has one: let the member choose",
    "part2-phrase": "read this text again: does it come under 42 CFR Part 2?",
    "part2-attach": "the letter says that a paper goes with it: 'calaim refer' says which",
    "notes-wanted": "the plan asks for more in the notes: 'calaim refer' says what",
    "availability-not-confirmed": "where this service is offered is not confirmed: call the plan",
    "not-followed": "something asked for is not followed up",
    "contact": "there is a contact for this member's situation: 'calaim check' names it",
    "ask-how-to-refer": "no way to refer is known, the sheet is for asking: call the plan",
    "waiver-needed": "something asked for depends on the waiver",
    "not-kp-member": "the member's own plan is not known: name the one on the card in plan",
    "plan-unknown": "the member's plan is not known: name the one on the card in plan",
    "no-route": "no way to refer to this plan is known: call the number on the member's card",
    "no-lead-entity": "your profile names no Network Lead Entity: add it with 'calaim profile edit'",
    "county-not-served": "the plan does not serve this county: check the county and the card",
    "region-unknown": "this county is split between regions: give the card's in kp_region, or a listed ZIP code",
    "service-not-offered": "not offered in this county: 'calaim services' tells where it is",
    "not-by-email": "no e-mailed referral is taken for this: call the plan, or write into a folder or zip file",
    "not-separated": "several in one cell: separate them with ;",
    "unknown-place": "not a California county: enter one of the 58, or a ZIP code",
    "ambiguous-place": "this may mean several counties: give the county",
    "city-ambiguous": "places of this name lie in several counties: give the county",
    "not-a-place": "a place in digits is a five-digit ZIP code: give that, or the county's name",
    "zip-ambiguous": "this ZIP code lies in several counties: give the county",
    "zip-unlisted": "this ZIP code is not in the table: give the county",
    "zip-outside": "not a California ZIP code: give the county",
}
"""What a report says of a warning or refusal whose own words would tell of the member."""


def caution(code: str, where: str, **facts: object) -> Problem:
    """The warning with this code in its own words, about a field, file or folder."""
    return Problem(where, code, CAUTIONS[code].format(**facts))


def in_general(problem: Problem) -> str:
    """What a report may say of a problem."""
    return GENERAL.get(problem.code, problem.message)
