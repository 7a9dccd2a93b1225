"""The talk on keeping Medi-Cal: one question at a time, only what may still lead to a better outcome, work last."""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from calaim_cli.base.errors import UsageError
from calaim_cli.base.values import Value, month
from calaim_cli.base.wording import one_of
from calaim_cli.case.case import AGE, Case
from calaim_cli.decide.coverage import Stand, worded
from calaim_cli.decide.known import known_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.questions import DONT_KNOW, Kind, Question, read_answer
from calaim_cli.talk import terminal
from calaim_cli.talk.interview import number_of
from calaim_cli.talk.prompt import NO, NOT_KNOWN, YES, Ask, Move, Prompt, Quit, Reply, Save

RENEWAL = Prompt(
    where="renewal_month",
    text="In which month is the next Medi-Cal renewal? For example, 2027-03",
    help="The county's notice and BenefitsCal show it. Press Enter to skip.",
    check=month,
    optional=True,
)


def need_a_person() -> None:
    """Raises UsageError when nobody can be asked."""
    if not terminal.can_ask():
        words = "no case, and there is no one to ask: give a case file: 'calaim coverage CASE'"
        raise UsageError(words, code="missing")


def asked(stand: Stand, policy: Policy, as_of: date, ask: Ask, save: Save) -> Case:
    """The case with all that was said, the month of renewal last; it is saved after each reply. Raises Quit."""
    cases = [Case()]
    save(cases[-1])
    while True:
        left = stand(known_of(cases[-1], policy.answerable, as_of, "").answers).open
        prompt = _prompt(policy.answerable[left[0]], policy, as_of) if left else RENEWAL
        reply = ask(replace(prompt, alone=len(cases) == 1))
        if reply is Move.QUIT:
            raise Quit
        if reply is Move.BACK:
            cases.pop()
        elif left:
            cases.append(_with(cases[-1], policy.answerable[left[0]], reply, as_of))
        else:
            cases.append(replace(cases[-1], renewal_month=str(reply)))
        save(cases[-1])
        if not left and reply is not Move.BACK:
            return cases[-1]


def _prompt(question: Question, policy: Policy, as_of: date) -> Prompt:
    # A menu opens on one of its choices, and a key that it does not know, then Enter, would answer that.
    words = (YES, NO, NOT_KNOWN) if question.kind is Kind.YES_NO else ()
    number = question.kind is Kind.NUMBER
    typed = f" Type {one_of(words)}." if words else ""
    return Prompt(
        where=f"answers.{question.id}",
        text=f"{worded(question, policy)}{typed}",
        words=words,
        help=question.help,
        options=question.choices,
        several=question.kind is Kind.CHOICES,
        check=(lambda text: number_of(question.id, text, policy, as_of)) if number else Value,
        dont_know=not words,
    )


def _with(case: Case, question: Question, reply: Reply, as_of: date) -> Case:
    """The case with a reply; a date of birth that was given for the age is kept as such."""
    case = replace(case, answered_on=as_of.isoformat())
    if question.id == AGE and isinstance(reply, str) and not reply.isdecimal():
        return replace(case, member=replace(case.member, date_of_birth=reply))
    said = DONT_KNOW if isinstance(reply, Move) else read_answer(question, reply, f"answers.{question.id}")
    kept = list(said) if isinstance(said, tuple) else said  # as a file would give it
    return replace(case, answers={**case.answers, question.id: kept})
