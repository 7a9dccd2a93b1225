"""What a person says for one referral alone: Part 2, that the draft is right, the member's agreement, the attestation.

Each is a word typed in full on a line, and no menu, which would open on one of its choices. None of it is saved, nor
taken from a saved case.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from msgspec.structs import replace

from calaim_cli.base.wording import one_of
from calaim_cli.case.case import Case
from calaim_cli.case.form import BY_KEY, is_child
from calaim_cli.draft.route import Destination
from calaim_cli.policy.policy import Policy, entry_named
from calaim_cli.policy.questions import DONT_KNOW
from calaim_cli.talk.prompt import NO, NOT_KNOWN, YES, Change, Declined, Prompt, Reply, Step

CHANGE: Final = "change"
KEPT: Final = {YES: True, NO: False, NOT_KNOWN: DONT_KNOW}
"""How a word is kept in a case; any other as it is."""


def spoken_step(where: str, text: str, words: tuple[str, ...] = (YES, NO), no_means: str = "", more: str = "") -> Step:
    """A step whose reply is one of the words; "no" raises Declined if it means that, and "change" raises Change."""

    def keep(case: Case, reply: Reply) -> Case:
        if no_means and reply == NO:
            raise Declined(no_means)
        if reply == CHANGE:
            raise Change
        # Whether the draft is right is no field of a case.
        part, _, key = where.partition(".")
        kept = {key: KEPT.get(str(reply), reply)} if key else {}
        return replace(case, consent=replace(case.consent, **kept)) if part == "consent" else case

    asked = Prompt(where=where, text=f"{text} Type {one_of(words)}.", words=words, help=more)
    return Step(lambda _: asked, keep)


def part2_steps() -> tuple[Step, ...]:
    """Part 2, which changes what the draft says, and where it may apply the written consent that it needs."""
    asked, consented = BY_KEY["consent.part2"], BY_KEY["consent.part2_consent"]
    no_means = "The member has not agreed in writing. Get that, or leave out what comes from that program"
    written = spoken_step(consented.key, consented.ask, no_means=no_means, more=consented.help)
    return (
        spoken_step(asked.key, asked.ask, (YES, NO, NOT_KNOWN), more=asked.help),
        Step(lambda case: written.prompt(case) if case.consent.from_part2_program else None, written.keep),
    )


def consent_steps(case: Case, goes: Destination, policy: Policy, as_of: date) -> tuple[Step, ...]:
    """Steps for what a person says of a draft that was read: it is right, who agreed, and that every word is true."""
    form = policy.form_of(goes.plan.id)
    where = f"It goes to {', '.join(goes.to)}." if goes.by_email else f"It is a sheet for {goes.plan.name}."
    right = f"This is everything that will go out. {where} Nothing is sent from here. Is it correct?"
    wrong = "The draft is not correct. Fix what is wrong, a saved answer in the file"
    steps = [spoken_step("write", right, (YES, NO, CHANGE), wrong)]
    steps += _agreement_steps(case, form.before_agreement.get(case.referral.program, ""), policy, as_of)
    if form.attestation:
        attested = BY_KEY["consent.attested"]
        text = f"Read this: {' '.join(form.attestation)} {attested.ask}"
        steps.append(spoken_step(attested.key, text, no_means="You did not confirm it. Fix what is wrong"))
    return tuple(steps)


def _agreement_steps(case: Case, note: str, policy: Policy, as_of: date) -> tuple[Step, ...]:
    """The member's agreement, and who said it where a guardian may speak for the member."""
    ids = case.referral.services or (case.referral.program,)
    guarded = bool(case.member.guardian_name) or is_child(case, as_of)
    agreed = BY_KEY["consent.member_agreed"]
    asked, no_means = agreed.ask, "The member has not agreed. Ask the member"
    if guarded:
        asked = "Did you tell the member or the guardian what this asks for, and did one of them say yes?"
        no_means = "Neither the member nor the guardian has agreed. Ask them"
    elif _refers_herself(case):
        asked = "Are you the member yourself, and do you want this to be sent?"
        no_means = "You said no. If you are not the member, ask the member"
    asks_for = f"It asks for: {'; '.join(entry_named(name, policy).name for name in ids)}."
    steps = spoken_step(agreed.key, f"{note} {asked} {asks_for}".lstrip(), no_means=no_means)
    who = spoken_step("consent.agreed_by", BY_KEY["consent.agreed_by"].ask, tuple(policy.words.agreed_by))
    return (steps, who) if guarded else (steps,)


def _refers_herself(case: Case) -> bool:
    """Whether referrer and member have the same name. A relative may have it, too, so she is asked who she is."""
    member, referrer = (
        [word for word in name.casefold().split() if len(word.strip(".")) > 1]  # without an initial
        for name in (f"{case.member.first_name} {case.member.last_name}", case.referrer.name)
    )
    return case.referrer.relationship == "member_or_family" and member == referrer
