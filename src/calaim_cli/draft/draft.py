"""A case becomes a draft: the one way of `refer` and of each row of `batch`. It is never sent from here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.errors import InputError, NotFound, OutputRefused, Problem, UsageError, caution, in_general
from calaim_cli.base.streams import escaped
from calaim_cli.case.case import Case, Member, Profile, Referral, with_profile
from calaim_cli.decide.advice import contact_line, deciding_gates
from calaim_cli.decide.coverage import renewal_of
from calaim_cli.decide.determination import POSITIVE, Determination
from calaim_cli.decide.follow_up import Step, Story, followed
from calaim_cli.decide.known import with_current_services
from calaim_cli.decide.screening import Screening, membership_of, region_of, screener
from calaim_cli.draft.body import HIDDEN, MOST_REMEMBERED, Letter, body_of, hidden
from calaim_cli.draft.fitness import check_case, requested
from calaim_cli.draft.formats import SUFFIXES, Format
from calaim_cli.draft.message import Draft, eml, sheet, tagged
from calaim_cli.draft.route import Destination, check_member, destination, not_by_email
from calaim_cli.policy import dates
from calaim_cli.policy.follow_up import DRAFTED, REFERENCE_LABEL
from calaim_cli.policy.places import County
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome, subject_id
from calaim_cli.policy.routes import Form

# Problems of a name that finds nothing, or more than one thing.
NOT_FOUND: Final = frozenset(
    {"unknown-place", "ambiguous-place", "city-ambiguous", "not-a-place"}
    | {"zip-ambiguous", "zip-unlisted", "zip-outside"}
    | {"unknown-program", "unknown-service", "unknown-plan", "ambiguous-plan"}
)
# Problems that a preview may have: a person agrees and attests to what she has read.
STILL_TO_SAY: Final = frozenset({"agreement-missing", "attestation-missing"})
# Characters: browsers and mail clients cut a longer mailto link without a word.
LONGEST_LINK: Final = 2000
# What is a doubt in a screening and stops a referral.
STOPPING: Final = frozenset({"plan-without-managed-care"})
# A person who has to look up a few things does so; a long list is left to `check`.
MOST_ASKED: Final = 3
TOGETHER: Final = frozenset({"ecm", "chw"})
"""Two programs of which a member can have only one at a time."""
ECM_AND_CHW: Final = "ecm-and-chw"
# What is received, by the program that is asked for. ECM includes what a community health worker does.
RECEIVED: Final = {
    "ecm": {"ecm": "has-ecm", "ccm": "has-ccm"},
    "chw": {"chw": "has-chw", "ecm": "has-ecm-for-chw"},
}


class Drafted(Struct, frozen=True):
    """A draft with the route it takes, the case as kept, and what a person should look at before sending."""

    draft: Draft  # of a sheet without recipients and subject
    goes: Destination
    case: Case
    letter: Letter  # made of the case without the number that this plan does not want
    warnings: tuple[Problem, ...]
    reference: str = ""  # where it is followed up
    renewal: date | None = None  # of Medi-Cal, for the ledger and never for the plan

    @property
    def route_id(self) -> str:
        """The route that it takes, or the line to ask; "" where none is known."""
        best = next((one for one in self.goes.way.routes if one.address in self.goes.to), None)
        first = best or next(iter(self.goes.way.routes), None) or self.goes.way.ask
        return first.id if first else ""


class Drafter:
    """Drafts cases of one referrer for one day; what it works out for one case it remembers for the next."""

    def __init__(
        self, policy: Policy, profile: Profile, as_of: date, reference: Callable[[Referral], str] | None = None
    ) -> None:
        """`reference` gives that of a referral; None where no ledger is kept."""
        self.policy, self.profile, self.as_of, self.reference = policy, profile, as_of, reference
        self._screener = screener(policy.subjects, policy)
        self._populations = frozenset(one.population for one in policy.subjects if one.population)

    def draft(self, case: Case, unread: tuple[Problem, ...] = (), *, preview: bool = False) -> Drafted:
        """The draft of a case, completed from the profile; `unread` are problems of what could not be read into it.

        A preview has empty boxes: nobody has agreed or attested yet. Raises InputError with every problem of the case,
        or NotFound when a name finds nothing or no route exists.
        """
        policy, membership = self.policy, membership_of(case, self.policy)
        renewal, _ = renewal_of(case)  # whoever keeps the ledger says what is wrong with it: a draft says nothing of it
        case = with_current_services(_of_programs(case, policy), policy.questions)
        form = policy.form_of(membership.plan)
        checked = check_case(with_profile(case, self.profile.referrer), form, policy, self.as_of)
        kept, county = checked.case, checked.county
        if county is not None:
            check_member(county, membership, policy, unread)
        asked = _asked(kept)
        # ECM is decided by its populations of focus.
        subjects = self._populations.union(asked) if "ecm" in asked else asked
        screening = self._screener.screen(case, self.as_of, subjects, membership.plan)
        # What could not be read is told so, and not that it is missing.
        told = {one.where for one in unread}
        stated = [one for one in checked.problems if one.where not in told]
        stated = [one for one in stated if not preview or one.code not in STILL_TO_SAY]
        stated += [one for one in screening.warnings if one.code in STOPPING]
        region, wrong = region_of(case, county, policy) if county else ("", ())
        problems = (*unread, *membership.problems, *wrong, *stated, *screening.problems)
        if problems or county is None:
            raise _refusal(problems)
        # Each number that the form knows is kept, also where one alone leaves: any tells that a row is there twice.
        unknown = {number: "" for number in ("mrn", "cin") if number not in form.numbers}
        kept = replace(kept, member=replace(kept.member, **unknown), answers={**screening.answers})
        entity = self.profile.network_lead_entity
        goes = destination(kept, county, policy.plans[membership.plan], region, policy, entity, self.as_of)
        letter = self._letter(kept, county, goes, screening)
        doubts = self._doubts(kept, membership.plan, letter)
        warnings = (*screening.warnings, *checked.warnings, *goes.warnings, *doubts)
        renews = date.fromisoformat(f"{renewal}-01") if letter.reference and renewal else None
        return Drafted(self._written(letter), goes, kept, letter, warnings, letter.reference, renews)

    def _letter(self, case: Case, county: County, goes: Destination, screening: Screening) -> Letter:
        referral, found, reference = case.referral, screening.determinations, ""
        if self.reference and followed(referral.program, referral.services, self.policy):
            reference = self.reference(referral)
        leaving = _leaving(case, self.policy.form_of(goes.plan.id))
        wanted = [found[one] for one in _asked(case)]
        populations = tuple(found[one] for one in found if one in self._populations)
        return Letter(leaving, county.name, goes, wanted, populations, reference=reference)

    def _written(self, letter: Letter) -> Draft:
        body = body_of(letter, self.policy, self.as_of)
        return tagged(letter.goes.to, letter.goes.subject, body, self.profile.secure_email)

    def draft_file(self, name: str, written: Case, asked: Case) -> Drafted:
        """The draft of a case file as it is asked for on the command line; what is raised names the file."""
        # The consent in a file is for what the file says, and for that alone.
        wanted = [requested(one, self.policy) for one in (written, asked)]
        if len({(program, frozenset(services)) for program, services, _ in wanted}) > 1:
            words = "the consent in the case is for something other than what the command line requests"
            advice = "ask the member, and attest again in a case that names this program (and its services)"
            problem = Problem("consent", "consent-for-another", f"{words}: {advice}")
            raise InputError(f"{name}: {words}; nothing was written", (problem,), code=problem.code)
        try:
            return self.draft(asked)
        except (InputError, NotFound) as error:
            raise type(error)(f"{name}: {error.message}", error.problems, code=error.code) from None

    def redacted(self, drafted: Drafted) -> Drafted:
        """A draft with all about the member masked, also in what is warned of, for a preview that others may see."""
        letter = drafted.letter
        letter = replace(letter, case=hidden(letter.case), county=HIDDEN, masked=True)
        warnings = tuple(Problem(one.where, one.code, in_general(one)) for one in drafted.warnings)
        return replace(drafted, draft=self._written(letter), case=letter.case, letter=letter, warnings=warnings)

    def _doubts(self, case: Case, plan: str, letter: Letter) -> Iterator[Problem]:
        """What a person should know before sending, although the plan decides."""
        policy, services = self.policy, case.referral.services
        for one in letter.wanted:
            if one.outcome is not Outcome.LIKELY:
                yield _doubt(one, policy)
            if one.subject.entry.ask_in_notes and not case.referral.notes:
                yield caution("notes-wanted", "referral.notes", note=one.subject.entry.ask_in_notes)
        yield from _received(case, policy)
        for service in policy.follow_up_file.not_followed if self.reference else ():
            if service in services:
                yield caution("not-followed", "referral.services", name=policy.services[service].name)
        fitting = {one.subject.population for one in letter.populations if one.outcome in POSITIVE}
        for contact in policy.counties_file.contact:
            if contact.plan in {"", plan} and fitting.intersection(contact.touches):
                yield caution("contact", "answers", line=contact_line(contact))
        # It has to be said to the person who refers, and never in the letter.
        yield from dates.notices((one.subject.entry for one in letter.wanted), policy, self.as_of)


def _refusal(problems: tuple[Problem, ...]) -> InputError | NotFound:
    """The error of a case that cannot be drafted: of a name that finds nothing where that is all."""
    if problems and all(one.code in NOT_FOUND for one in problems):
        first = problems[0]
        return NotFound(f"{first.where}: {first.message}", problems, code=first.code)
    return InputError("the case is not complete enough for a referral; nothing was written", problems)


def _of_programs(case: Case, policy: Policy) -> Case:
    """The case without what it says on keeping Medi-Cal: no plan is to learn of that."""
    said = {one: answer for one, answer in case.answers.items() if one not in policy.coverage_questions}
    return replace(case, answers=said, renewal_month="")


@lru_cache(MOST_REMEMBERED)
def _doubt(one: Determination, policy: Policy) -> Problem:
    """The warning of an outcome that is not likely: which gate decides, or which answers are missing, a few of them."""
    said = [gate.say.rstrip(".") for gate, _ in deciding_gates(one)]
    asked = [policy.questions[question].ask for question in policy.questions_of(one.missing)]
    if len(asked) > MOST_ASKED + 1:
        asked[MOST_ASKED:] = [f"and {len(asked) - MOST_ASKED} more"]
    facts = {"name": one.subject.entry.name, "id": subject_id(one.subject)}
    why = f" ({'. '.join(said)})" if said else ""
    return caution(one.outcome.value, "answers", why=why, asked=" ".join(asked), **facts)


def _received(case: Case, policy: Policy) -> Iterator[Problem]:
    """A warning for what is asked for and received already, by the referral or the answers."""
    referral, answered = case.referral, case.answers.get("current_services", ())
    now = {*referral.current_services, *(answered if isinstance(answered, tuple) else ())}
    for one, code in RECEIVED.get(referral.program, {}).items():
        if one in now:
            yield caution(code, "referral.current_services")
    supports = referral.current_supports
    for service in referral.services:
        if service in supports or (not supports and "community_supports" in now):
            which = "" if supports else ", unless it is another Community Support: name those in current_supports"
            yield caution("has-support", "referral.current_supports", name=policy.services[service].name, which=which)


def _asked(case: Case) -> tuple[str, ...]:
    return case.referral.services or (case.referral.program,)


def _leaving(case: Case, form: Form) -> Case:
    """The case with what the form needs alone: one number, and of some names the initial, where they have a letter."""
    given = [number for number in form.numbers if getattr(case.member, number)]
    left = dict.fromkeys(given[1:], "")
    for name in (key.partition(".")[2] for key in form.initials):
        text: str = getattr(case.member, name)
        left[name] = next(filter(str.isalpha, text), text)
    return replace(case, member=replace(case.member, **left))


def both_asked_for(drafts: Sequence[Drafted]) -> list[Drafted]:
    """The drafts for one member, with a warning in each of two that do not go together."""
    both = TOGETHER.issubset(one.case.referral.program for one in drafts)
    extra = caution(ECM_AND_CHW, "referral.program")
    return [
        replace(one, warnings=(*one.warnings, extra)) if both and one.case.referral.program in TOGETHER else one
        for one in drafts
    ]


def with_reference(drafted: Drafted, reference: str) -> Drafted:
    """The draft with another reference in place of its own: that of the same draft of another day."""
    old, new = (f"{REFERENCE_LABEL}: {one}\n" for one in (drafted.reference, reference))
    draft = replace(drafted.draft, body=drafted.draft.body.replace(old, new, 1))
    return replace(drafted, draft=draft, letter=replace(drafted.letter, reference=reference), reference=reference)


def story_of(drafted: Drafted, day: date, policy: Policy) -> Story | None:
    """What a ledger keeps of a draft of that day; None of one that is not followed up."""
    referral = drafted.case.referral
    kept = followed(referral.program, referral.services, policy)
    if kept is None or not drafted.reference:
        return None
    plan, steps, route = drafted.goes.plan.id, (Step(DRAFTED, day),), drafted.route_id
    return Story(drafted.reference, referral.label, plan, *kept, route, referral.expedited, steps, drafted.renewal)


def asked_for(case: Case, program: str | None, services: Sequence[str], *, own: bool, expedited: bool = False) -> Case:
    """The case with what the command line asks for in place of what the file says."""
    referral = case.referral
    if program:
        program = program.lower()
        referral = replace(referral, program=program, services=() if program != "cs" else referral.services)
    if services:
        referral = replace(referral, program=program or "cs", services=tuple(services))
    own, expedited = own or referral.self_referral, expedited or referral.expedited
    return replace(case, referral=replace(referral, self_referral=own, expedited=expedited))


def numbers_of(member: Member) -> tuple[str, ...]:
    """The numbers that a member is known by, those that are given."""
    return tuple(filter(None, (member.mrn, member.cin)))


def request_of(referral: Referral) -> str:
    """What is asked for, as one text whatever the order of the services."""
    return " ".join((referral.program, *sorted(referral.services)))


def format_for(wanted: Format | None, out: Path | None) -> Format:
    """The format asked for, else the one that the file's ending names, else text. Raises UsageError."""
    by_suffix = SUFFIXES.get(out.suffix.lower()) if out else Format.TEXT
    if wanted is None and by_suffix is None:
        raise UsageError(f"{out}: no format has this ending: use .eml, .txt, .html or .json, or give --format")
    return wanted or by_suffix or Format.TEXT


def formatted(drafted: Drafted, wanted: Format, policy: Policy) -> bytes:
    """The draft in the wanted format; whatever is wanted, it has to pass the checks of a message, or of a sheet.

    Raises NotFound for a message to a plan that takes none.
    """
    goes = drafted.goes
    if not goes.by_email and wanted in {Format.EML, Format.MAILTO}:
        raise not_by_email(goes.plan)
    message = eml(drafted.draft) if goes.by_email else sheet(drafted.draft)
    match wanted:
        case Format.EML:
            return message
        case Format.JSON:
            return f"{escaped(json.dumps(referral_document(drafted, policy), ensure_ascii=False))}\n".encode()
        case Format.TEXT:
            return as_text(drafted.draft).encode()
        case Format.MAILTO:
            return as_mailto(drafted.draft).encode()
        case Format.HTML:
            from calaim_cli.draft.page import draft_html

            return draft_html(drafted, policy).encode()


def referral_document(drafted: Drafted, policy: Policy) -> dict[str, Any]:
    """A draft with its route, as `calaim.referral/1`."""
    draft, goes, referral = drafted.draft, drafted.goes, drafted.case.referral
    return {
        "schema": "calaim.referral/1",
        "to": list(draft.to),
        "cc": [],
        "subject": draft.subject or None,
        "route": {"kind": goes.kind, "region": goes.region, "why": goes.why},
        "program": referral.program,
        "services": list(referral.services),
        "body": draft.body,
        "warnings": [warning._asdict() for warning in drafted.warnings],
        "edition": policy.edition,
        "reminders": list(reminders_of(drafted, policy)),
        "reference": drafted.reference or None,
    }


def reminders_of(drafted: Drafted, policy: Policy) -> tuple[str, ...]:
    """What the person who sends the draft is reminded of, by the form of the member's plan and the program."""
    form = policy.form_of(drafted.goes.plan.id)
    return (*form.reminders, *form.reminders_for.get(drafted.case.referral.program, ()))


def as_text(draft: Draft) -> str:
    """The draft for copying: recipients, subject, an empty line, the body; no wrapping to a window."""
    if not draft.to:
        return draft.body
    return f"To: {', '.join(draft.to)}\nSubject: {draft.subject}\n\n{draft.body}"


def as_mailto(draft: Draft) -> str:
    """The draft as a mailto link. Raises OutputRefused when it is too long to arrive whole."""
    parts = {"subject": draft.subject, "body": draft.body.replace("\n", "\r\n")}
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parts.items())
    link = f"mailto:{','.join(quote(address, safe='@') for address in draft.to)}?{query}"
    if len(link) > LONGEST_LINK:
        words = f"a mailto link of {len(link)} characters would be cut (at most {LONGEST_LINK})"
        raise OutputRefused(f"{words}: use --format eml or text", code="mailto-too-long")
    return f"{link}\n"
