"""The interview: place and plan, then screen after screen of what can still change a result, and what is kept of it.

The screens are decided by `decide.screens`; here is who is asked, in which words, and the case with what was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.errors import InputError, Problem, UsageError
from calaim_cli.base.streams import say
from calaim_cli.base.values import MESSAGES, Value, age_on, date_of_birth
from calaim_cli.base.wording import counted, whole_number
from calaim_cli.case.case import AGE, Case
from calaim_cli.decide.known import CURRENT_SERVICES, contradicted_by, known_of
from calaim_cli.decide.screening import county_to_decide_for, membership_of, region_of
from calaim_cli.decide.screens import (
    Mark,
    Marks,
    Said,
    Shown,
    Talk,
    answers_of_marks,
    not_known,
    open_to,
    screen_after,
    screens_left,
    standing,
    talk_about,
    to_settle,
)
from calaim_cli.decide.summary import brief, unknown_of
from calaim_cli.policy.policy import Policy, entry_named, place_named
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.questions import Answer
from calaim_cli.policy.rules import Truth
from calaim_cli.policy.talk import Row, Screen, Voice
from calaim_cli.talk import terminal
from calaim_cli.talk.conversation import place_steps, without_details
from calaim_cli.talk.prompt import NO, YES, Ask, Back, Move, Prompt, Quit, Save, ask_alone, through, walk
from calaim_cli.talk.screen import Sheet, Show, echo
from calaim_cli.talk.session import Ways

ECM: Final = "ecm"
OF_AGE: Final = 18
MOST_REASONS: Final = 2


def talk_for(typed: Sequence[str], case: Case, policy: Policy, first: Sequence[str] = ()) -> Talk:
    """The talk that settles what is named. Only what the member's own plan does not offer in the county is left out.

    The rows in `first` come before the others of their screens.
    """
    named = [entry_named(one, policy) for one in typed]
    county = county_to_decide_for("interview", case, policy).county if case.member.county else None
    return talk_about(to_settle(named, policy, county, membership_of(case, policy).plan), policy, first)


def need_a_person(typed: Sequence[str], case: Case, policy: Policy, as_of: date, *, no_input: bool) -> None:
    """Raises UsageError with the questions that are missing when nobody can be asked."""
    missing = open_questions(talk_for(typed, case, policy), case, as_of)
    if missing and not terminal.can_ask(no_input=no_input):
        listed = tuple(Problem(f"answers.{one}", "missing", policy.questions[one].ask) for one in missing)
        how = "put the answers into a case file and use 'calaim check CASE'"
        few = counted(len(missing), "answer is", "answers are")
        raise UsageError(f"{few} missing, and there is no one to ask: {how}", listed, code="missing")


def interviewed(
    typed: Sequence[str], case: Case, policy: Policy, as_of: date, to: Ways, first: Sequence[str] = ()
) -> tuple[Case, dict[str, str]]:
    """The case with place, plan and all that the interview found out; it is saved from the start.

    With it the questions of which the answer follows from what was said, and why.
    """
    screens = Screens(typed, policy, as_of, to, first)

    def place(case: Case, again: bool) -> Case:
        case = walk(place_steps(policy, needed=False, again=again), case, to.ask, to.keep)
        # A region that is not the county's is refused before answers could be lost.
        county = place_named(case.member.county, policy).county if case.member.county else None
        _, wrong = region_of(case, county, policy) if county else ("", ())
        if wrong:
            raise InputError("the member's region is not valid; nothing was asked", wrong, code=wrong[0].code)
        return case

    done = through((place, screens.stage), case)
    followed = screens.under_way.said.followed if screens.under_way else {}
    return done, {question: fact.because for question, fact in followed.items()}


class Screens(Struct):
    """The screens as a part of a talk, to which one can come back with all that was marked."""

    typed: Sequence[str]
    policy: Policy
    as_of: date
    to: Ways
    first: Sequence[str] = ()
    under_way: Interview | None = None

    def stage(self, case: Case, again: bool) -> Case:
        about = talk_for(self.typed, case, self.policy, self.first)
        if self.under_way is None:
            self.under_way = begun(about, case, self.as_of, self.to.ask)
        elif again and not self.under_way.seen:
            raise Back
        else:
            moved(self.under_way, about, case)
        return held(self.under_way, case, self.to.show, self.to.keep)


class Seen(Struct):
    """A screen that was shown: its marks as they stand, and as they were when it was ended last (None: never)."""

    shown: Shown
    marks: Marks
    kept: Marks | None = None


class Interview(Struct):
    """An interview under way: what it is about, the answers it began with, and the screens in their order."""

    about: Talk
    as_of: date
    begun: dict[str, Any]  # the answers of the case
    start: dict[str, Answer]  # what was known, without what is asked again
    seen: list[Seen] = []
    ticks: dict[str, Mark] = {}  # of screens that were left before they were ever ended, and of half-known answers
    born: str = ""
    voice: str = ""  # chosen by the person; else it goes by the age
    told: set[str] = set()

    @property
    def marks(self) -> dict[str, Mark]:
        """The marks of every screen that was ended."""
        return {row: mark for one in self.seen for row, mark in (one.kept or {}).items()}

    @property
    def said(self) -> Said:
        """All that is known so far, with the facts that nobody said and that follow from it."""
        return answers_of_marks(self.about, self.marks, self.start)


def begun(about: Talk, case: Case, as_of: date, ask: Ask) -> Interview:
    """An interview that goes on with the case; what was not known in it is asked again if the person says so."""
    start = known(case, about.policy, as_of)
    interview = Interview(about, as_of, dict(case.answers), start)
    if doubtful := not_known(about, start):
        some = counted(len(doubtful), "answer is", "answers are")
        again = Prompt(where="again", text=f"{some} not known. Ask again? Type yes or no.", words=(YES, NO))
        if ask_alone(ask, again) == YES:
            interview.start = {question: answer for question, answer in start.items() if question not in doubtful}
            for question in doubtful:
                # Of a half-known list, what is named is true on its rows, and the rest not known.
                if isinstance(named := start[question], tuple):
                    for row in (one.row for one in about.answering[question] if question in one.row.yes):
                        interview.ticks[row.id] = Truth.YES if row.yes[question] in named else Truth.UNKNOWN
    return interview


def moved(interview: Interview, about: Talk, case: Case) -> None:
    """Go on with the same marks where the county, the plan or the date of birth is another one by now."""
    asked_again = interview.begun.keys() - interview.start.keys()
    now = known(replace(case, answers=interview.begun), interview.about.policy, interview.as_of)
    interview.start = {one: answer for one, answer in now.items() if one not in asked_again}
    interview.about = about


def known(case: Case, policy: Policy, as_of: date) -> dict[str, Answer]:
    """What is known by the case, as far as its answers are valid."""
    return known_of(case, policy.answerable, as_of, membership_of(case, policy).plan).answers


def held(interview: Interview, case: Case, show: Show, save: Save) -> Case:
    """The case with all that was said, once nothing more can change a result, or the person stops there.

    It is saved after each screen. Raises Quit when left, and Back before the first screen.
    """
    number = next_screen(interview)
    if number is None and interview.seen:  # come back to from what is asked after the interview
        number = len(interview.seen) - 1
    row = 0
    while number is not None:
        one = interview.seen[number]
        sheet = replace(sheet_of(interview, one, number), at=row)
        ended, row = show(sheet), 0
        one.marks = ended.marks
        match ended.move:
            case None:
                say(echo(sheet, ended.marks))
                _keep(interview, one)
                save(case_of(interview, case))
                number = next_screen(interview)
            case Move.BACK if number:
                number -= 1
            case Move.BACK:
                raise Back
            case Move.QUIT:
                raise Quit
            case Move.STOP:
                break
            case Move.VOICE:
                row, ids = ended.at, [voice.id for voice in interview.about.policy.talk_file.voice]
                interview.voice = ids[(ids.index(sheet.voice.id) + 1) % len(ids)]
            case _:  # help in lines; keys show it on the screen itself
                row = ended.at
                for one_row in (sheet.shown.rows[row],) if ended.one else sheet.shown.rows:
                    say(sheet.explain(one_row))
    return case_of(interview, case)


def next_screen(interview: Interview) -> int | None:
    """The number of the screen to show next: one whose marks were changed and not confirmed, else a new one, if any."""
    for one in interview.seen:
        if one.kept is None:
            interview.ticks |= one.marks
    interview.seen = [one for one in interview.seen if one.kept is not None]
    changed = next((n for n, one in enumerate(interview.seen) if dict(one.marks) != dict(one.kept or {})), None)
    shown = None if changed is not None else screen_after(interview.about, interview.marks, interview.start)
    if shown is None:
        return changed
    ticks = interview.ticks
    interview.seen.append(Seen(shown, {row.id: ticks[row.id] for row in shown.rows if row.id in ticks}))
    return len(interview.seen) - 1


def more_on(row: Row, screen: Screen, voice: Voice, policy: Policy) -> str:
    """What a row means by the words of the rule, with the source."""
    asked = [one for one in (*row.questions, row.part_of) if one in policy.questions]
    own = [one for one in asked if one in screen.answers] or asked
    tests = [one for one in policy.criteria.values() if one.question in own and one.id in policy.rule_criteria]
    cited = dict.fromkeys(policy.cite((tag,)) for test in tests for tag in test.source)
    means = " ".join(f"{policy.questions[one].ask} {policy.questions[one].help}" for one in sorted(own))
    private = f" {policy.talk_file.private_say}" if row.private and policy.talk_file.private_say not in means else ""
    return f"{voice.says(row.say)}: {means}{private}\nSource: {'; '.join(cited)}"


def _keep(interview: Interview, one: Seen) -> None:
    """Keep the marks of a screen; a date of birth as such, with the age that it comes to."""
    marks = dict(one.marks)
    for name in (name for name in marks if interview.about.placed[name].row.asks == AGE):
        if isinstance(typed := marks[name], str):
            interview.born, marks[name] = typed, age_on(date.fromisoformat(typed), interview.as_of)
            say(f"Age {marks[name]} on {interview.as_of}.")
        elif interview.born and typed != age_on(date.fromisoformat(interview.born), interview.as_of):
            interview.born = ""  # a number takes the place of another date
    one.marks = one.kept = marks
    for doubt in _contradictions(interview):
        if doubt not in interview.told:
            interview.told.add(doubt)
            say(f"Look at this again (b goes back): {doubt}")


def _contradictions(interview: Interview) -> Iterator[str]:
    """What cannot both be true: rows that another row rules out by its no, and answers."""
    answers, marks, voice = interview.said.answers, interview.marks, voice_of(interview)
    for name, mark in marks.items():
        for other in interview.about.placed[name].row.rules_out if mark is Truth.NO else ():
            if marks.get(other) is Truth.YES:
                no, yes = (voice.says(interview.about.placed[one].row.say) for one in (name, other))
                yield f'you said no to "{no}" and yes to "{yes}". Which is right?'
    truths = interview.about.truths_of(answers)
    yield from (one.message for one in contradicted_by(interview.about.policy)(answers, truths))


def voice_of(interview: Interview) -> Voice:
    """Who is spoken to: as chosen, else the member, or whoever answers for a child."""
    voices = {voice.id: voice for voice in interview.about.policy.talk_file.voice}
    answers = interview.said.answers
    age, welfare = answers.get(AGE), answers.get("child_welfare")
    young = isinstance(age, int) and age < OF_AGE
    fostered = isinstance(welfare, tuple) and "foster_care_now" in welfare
    return voices[interview.voice or ("foster" if young and fostered else "child" if young else "you")]


def sheet_of(interview: Interview, one: Seen, number: int = 0) -> Sheet:
    """The screen as it is shown, with its marks; `number` screens come before it."""
    policy, voice, screen = interview.about.policy, voice_of(interview), one.shown.screen
    return Sheet(
        shown=one.shown,
        status=status(interview, one, number),
        title=screen.title or next(other.title for other in policy.talk_file.screen if other.id == screen.follows),
        voice=voice,
        questions=policy.questions,
        check=lambda question, text: number_of(question, text, policy, interview.as_of),
        explain=lambda row: more_on(row, screen, voice, policy),
        before=_before(interview, one.shown),
        marks=one.marks,
        kept=one.kept,
    )


def _before(interview: Interview, shown: Shown) -> str:
    """What of the screen was known before the interview began."""
    # Not what the plan or a date tells.
    said = {one: answer for one, answer in interview.start.items() if one in interview.begun}
    values = {one: answer if isinstance(answer, tuple) else (answer,) for one, answer in said.items()}
    not_asked = [row for row in shown.screen.rows if row not in shown.rows and row.yes]
    true = [row for row in not_asked if all(value in values.get(one, ()) for one, value in row.yes.items())]
    return f"Already known: {'; '.join(voice_of(interview).says(row.say) for row in true)}." if true else ""


def number_of(question: str, text: str, policy: Policy, as_of: date) -> Value:
    """The number that was typed for a question, or the date of birth for the age; the error is in words."""
    asked = policy.questions[question]
    most, given = asked.at_most, whole_number(text)
    if given is not None and (most is None or given <= most):
        return Value(str(given))
    if question == AGE and given is None and any(one.isdigit() for one in text):
        born = date_of_birth(text, as_of)
        return Value(born.value, MESSAGES[born.error] if born.error else "")
    bound = "" if most is None else f" to {most}"
    return Value(text, f"Give a whole number of {asked.unit} from 0{bound}.")


# Where the talk stands


def status(interview: Interview, one: Seen, number: int) -> str:
    """How ECM stands, or how much is settled, which screen it is, and about how many more there are."""
    about = interview.about
    left = screens_left(about, interview.marks, interview.start)
    left -= one.kept is None and not one.shown.screen.follows
    screen = f"Screen {number + 1}, {f'about {left} more' if left > 0 else 'perhaps the last'}"
    if ECM not in about.deciders:
        return f"{screen}."
    stands, words = _of_ecm(interview)
    settled = stands is not Outcome.NEED_ANSWERS and len(about.deciders) > 1
    return f"ECM: {words}. {screen}{', for the rest; s shows the result now' if settled else ''}."


def _of_ecm(interview: Interview) -> tuple[Outcome, str]:
    """The outcome for ECM, and the words for it with the reason, or with what nobody knows."""
    about, answers = interview.about, interview.said.answers
    stands, found = standing(about, ECM, answers), about.deciders[ECM](about.truths_of(answers))
    label = interview.about.policy.outcomes[stands.outcome].label
    words = label[0].lower() + label[1:]
    if stands.outcome is not Outcome.NEED_ANSWERS:
        met = [about.policy.criteria[one.criterion] for one in found.because if one.met]
        why = [brief(one) for one in met if one.question != AGE]
        return stands.outcome, f"{words} ({'; '.join(why[:MOST_REASONS])})" if why else words
    if stands.open or not stands.not_known:
        return stands.outcome, words
    unknown = unknown_of(found, stands.not_known, interview.about.policy)
    return stands.outcome, f"{words}, but nobody knows: {'; '.join(unknown[:MOST_REASONS])}. The rest depends on that"


# What is kept


def case_of(interview: Interview, case: Case) -> Case:
    """The case with the answers that the interview began with, what was said, and what follows from it.

    The replies are of this day; where older answers stay, the case keeps their day, or has none.
    """
    answers = interview.said.answers
    said = {one: answer for one, answer in answers.items() if one not in interview.start}
    older = {one: value for one, value in interview.begun.items() if one not in said}
    if said and not older:
        case = replace(case, answered_on=interview.as_of.isoformat())
    if AGE in said:
        case = replace(case, member=replace(case.member, date_of_birth=interview.born))
    if interview.born:
        said.pop(AGE, None)
        older.pop(AGE, None)
    if CURRENT_SERVICES in said:
        received = said[CURRENT_SERVICES]
        cleared = replace(case, referral=replace(case.referral, current_services=()))
        case = without_details(cleared, received if isinstance(received, tuple) else ())
    whole = older | {one: list(answer) if isinstance(answer, tuple) else answer for one, answer in said.items()}
    return replace(case, answers={one: whole[one] for one in interview.about.policy.answerable if one in whole})


def open_questions(about: Talk, case: Case, as_of: date) -> tuple[str, ...]:
    """The questions without a reply that can still change a result, in their order."""
    wanted = frozenset[str]().union(*open_to(about, known(case, about.policy, as_of)).values())
    return tuple(one for one in about.policy.questions if one in wanted)
