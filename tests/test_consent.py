"""Consent: agreement and attestation come from a person, for each referral; the program never fills them in."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import tomli_w
from msgspec.structs import replace

from calaim_cli.base.errors import InputError
from calaim_cli.base.wording import yes_or_no
from calaim_cli.batch.row import yes_no_or_unknown
from calaim_cli.case.case import Case, Consent, Profile, Referral, Referrer, SecureEmail, read_case
from calaim_cli.draft.draft import Drafter, as_text, asked_for
from calaim_cli.policy.policy import Policy
from calaim_cli.talk.consent import consent_steps, part2_steps
from calaim_cli.talk.conversation import edited_profile
from calaim_cli.talk.prompt import Change, Declined, Move, Prompt, Refusal, Reply, Step, read_reply, walk
from calaim_cli.talk.referral import agreed, both_said
from conftest import AS_OF, COMPLETE, ROOT, Run, WriteCase, WriteProfile, changed
from drafts import by_email
from sheets import row, sheet
from terminals import DOWN, ENTER, SPACE, Terminal

FOR_ECM = Case(referral=Referral(program="ecm"))

DAY = ("--as-of", "2026-11-22")
AGREED = Consent(member_agreed=True, attested=True, part2=True, part2_consent=True)
CONSENTS: dict[str, dict[str, object]] = {
    "no table": {"consent": {}},
    "not agreed": {"consent": {"attested": True, "part2": False}},
    "not attested": {"consent": {"member_agreed": True, "part2": False}},
    "said no": {"consent": {"member_agreed": False, "attested": False}},
}


@pytest.mark.parametrize("way", [(), ("--json",), ("--format", "eml"), ("--format", "mailto"), ("--redact",)], ids=str)
@pytest.mark.parametrize("name", CONSENTS)
def test_no_draft_without_consent_in_any_way(
    run: Run, tmp_path: Path, write_profile: WriteProfile, name: str, way: tuple[str, ...]
) -> None:
    """A person gives agreement and attestation for each referral: no format, preview or profile replaces that."""
    write_profile(tomli_w.dumps({"schema": "calaim.profile/1", "referrer": COMPLETE["referrer"]}))
    case = tmp_path / "case.toml"
    case.write_bytes(tomli_w.dumps(changed(COMPLETE, dict(CONSENTS[name]))).encode())
    ran = run("refer", case, *DAY, *way)
    assert (ran.code, ran.out) == (4, "")
    assert "[x]" not in ran.err
    assert "missing" in ran.err


@pytest.mark.parametrize("table", ["[consent]\nattested = true\n", "[referrer]\nattested = true\n"])
def test_profile_cannot_consent(run: Run, write_case: WriteCase, write_profile: WriteProfile, table: str) -> None:
    """A profile that would attest for every referral is refused."""
    write_profile(f'schema = "calaim.profile/1"\n{table}')
    ran = run("refer", write_case({"consent.attested": None}), *DAY)
    assert (ran.code, ran.out) == (4, "")
    assert "unknown-key" in ran.err


def test_no_source_sets_consent() -> None:
    """The program never sets agreement or attestation to yes; all shipped examples but one leave them unset."""
    sources = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    assert sources
    for text in sources:
        for name in ("attested", "member_agreed", "part2_consent"):
            assert f"{name}=True" not in text
            assert f"{name} = True" not in text
            assert f'"{name}": True' not in text


def spoken(catalog: Policy) -> tuple[Step, ...]:
    """Everything that a person says for one referral alone, in the order of the talk."""
    return (*part2_steps(), *consent_steps(FOR_ECM, by_email(catalog), catalog, AS_OF))


@pytest.mark.parametrize("consent", [Consent(part2=True), AGREED], ids=["never asked", "said before"])
def test_consent_is_typed_as_a_whole_word(catalog: Policy, consent: Consent) -> None:
    """Each is typed on a line that shows no earlier answer: Enter, one letter or a number is neither yes nor no."""
    prompts = [step.prompt(Case(consent=consent)) for step in spoken(catalog)]
    asked = [prompt for prompt in prompts if prompt is not None]
    assert [prompt.where for prompt in asked] == [
        "consent.part2",
        "consent.part2_consent",
        "write",
        "consent.member_agreed",
        "consent.attested",
    ]
    for prompt in asked:
        assert (prompt.options, prompt.earlier, prompt.optional) == ({}, "", False)
        assert all(isinstance(read_reply(prompt, typed), Refusal) for typed in ("", " ", "y", "1", "2", "yes no"))
        assert [read_reply(prompt, typed) for typed in ("yes", " Yes ", "NO", "n")] == ["yes", "yes", "no", "no"]


def test_attestation_is_shown_in_full_when_asked(catalog: Policy) -> None:
    """A person attests to sentences that are on the screen in front of her."""
    prompt = next(p for step in spoken(catalog) if (p := step.prompt(Case())) and p.where == "consent.attested")
    assert all(sentence in prompt.text for sentence in catalog.form_of("kp").attestation)


@pytest.mark.parametrize("refused", ["write", "consent.member_agreed", "consent.attested", "consent.part2_consent"])
def test_no_in_the_talk_makes_no_draft(catalog: Policy, refused: str) -> None:
    """A "no" to any of them on the terminal stops the draft, just as it does in a file."""

    def ask(prompt: Prompt) -> Reply:
        return "no" if prompt.where == refused else "yes"

    with pytest.raises(Declined):
        walk(spoken(catalog), read_case(changed(COMPLETE, {"consent": {}}))[0], ask, lambda _: None)


def test_preview_ticks_no_box(catalog: Policy) -> None:
    """Before agreeing, a person reads the draft with empty boxes; afterward it is the same with ticks."""
    unsaid = read_case(changed(COMPLETE, {"consent": {"part2": False}}))[0]
    said = read_case(COMPLETE)[0]
    drafter = Drafter(catalog, Profile(), AS_OF)
    with pytest.raises(InputError):
        drafter.draft(unsaid)
    shown = drafter.draft(unsaid, preview=True).draft.body
    assert "[x]" not in shown
    assert shown.replace("[ ]", "[x]") == drafter.draft(said).draft.body


@pytest.mark.parametrize(("agreed", "code"), [(None, 4), (False, 4), (True, 0)])
def test_sheet_needs_agreement_and_no_attestation(
    run: Run, write_case: WriteCase, agreed: bool | None, code: int
) -> None:
    """A sheet for a plan with no attestation on its form needs only the member's agreement, but always that."""
    other = {"member.plan": "hpsm", "member.kp_member": None, "member.cin": "91234567A", "consent.attested": None}
    ran = run("refer", write_case({**other, "consent.member_agreed": agreed}), *DAY)
    assert ran.code == code
    assert ("agreement-missing" in ran.err) is (code != 0)
    assert ran.out.count("[x]") == (code == 0)
    assert "attest" not in ran.out + ran.err


def test_part2_not_known_counts_as_yes_in_the_talk() -> None:
    """If you do not know whether 42 CFR Part 2 applies, you can say so; the written consent is then needed too."""
    asked, consented = part2_steps()
    prompt = asked.prompt(Case())
    assert prompt is not None
    case = asked.keep(Case(), str(read_reply(prompt, "not known")))
    assert case.consent == Consent(part2="unknown")
    assert consented.prompt(case) is not None
    assert consented.prompt(Case(consent=Consent(part2=False))) is None


PART2: dict[str, tuple[object, bool]] = {"unknown": ("unknown", True), "yes": (True, True), "no": (False, False)}


@pytest.mark.parametrize("said", PART2)
@pytest.mark.parametrize("written", [None, False, True])
def test_part2_in_a_case_and_in_a_cell_need_written_consent_alike(
    run: Run, write_case: WriteCase, tmp_path: Path, said: str, written: bool | None
) -> None:
    """If records are or may be from a Part 2 program, no file or sheet makes a draft without written consent."""
    value, needed = PART2[said]
    refused = needed and written is not True
    ran = run("refer", write_case({"consent.part2": value, "consent.part2_consent": written}), *DAY)
    assert (ran.code, "part2-consent-missing" in ran.err) == ((4, True) if refused else (0, False))
    cell = "" if written is None else "yes" if written else "no"
    (tmp_path / "members.csv").write_bytes(sheet([row(1, part2=said, part2_consent=cell)]))
    ran = run("batch", tmp_path / "members.csv", "--dry-run", *DAY)
    assert (ran.code, "part2-consent-missing" in ran.err) == ((4, True) if refused else (0, False))


@pytest.mark.parametrize("cell", ["unknown", "Unknown ", "don't know", "Don\u2019t know", "not known"])
def test_part2_is_not_known_in_the_words_of_a_sheet(cell: str) -> None:
    """A cell may say in a person's words that Part 2 is not known; every other consent needs a yes or no."""
    assert yes_no_or_unknown(cell) == "unknown"
    assert yes_or_no(cell) is None


@pytest.mark.parametrize("value", ["perhaps", ""])
def test_part2_in_a_case_is_no_other_text(run: Run, write_case: WriteCase, value: str) -> None:
    """A text that is none of the three is named, and makes no draft even with the written consent."""
    ran = run("refer", write_case({"consent.part2": value, "consent.part2_consent": True}), *DAY)
    assert (ran.code, ran.out) == (4, "")
    assert 'consent.part2: type: wrong type: give true, false or "unknown"' in ran.err


def asked_of(catalog: Policy, **changes: object) -> dict[str, str]:
    """What is said at each step about the complete case with changes by dotted key (two underscores for the dot)."""
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    case = read_case(changed(COMPLETE, {"consent": {"part2": False}} | dotted))[0]
    shown = Drafter(catalog, Profile(), AS_OF).draft(case, preview=True)
    prompts = [step.prompt(shown.case) for step in consent_steps(shown.case, shown.goes, catalog, AS_OF)]
    return {prompt.where: prompt.text for prompt in prompts if prompt is not None}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Kaiser Permanente's form asks for it, and so does this program."),
        ({"member__plan": "hpsm", "member__kp_member": None, "member__cin": "91234567A"}, "still asks for it"),
        ({"referral__program": "chw"}, ""),
    ],
    ids=["ECM, Kaiser Permanente", "ECM, another plan", "CHW"],
)
def test_consent_to_ecm_is_said_to_be_our_rule(catalog: Policy, changes: dict[str, object], said: str) -> None:
    """Before agreeing to ECM, a person is told that the state does not require it, and who does."""
    agreement = asked_of(catalog, **changes)["consent.member_agreed"]
    assert ("The state does not make a member's consent a condition" in agreement) is bool(said)
    assert said in agreement
    assert agreement.count("It asks for: ") == 1


BOY = {"member__date_of_birth": "2010-03-04"}
WITH_GUARDIAN = {"member__guardian_name": "Ana Example"}


@pytest.mark.parametrize(
    ("changes", "asked"),
    [({}, False), (BOY, True), ({"member__date_of_birth": "2008-11-22"}, False), (WITH_GUARDIAN, True)],
)
def test_who_agreed_is_asked_where_a_guardian_may(catalog: Policy, changes: dict[str, object], asked: bool) -> None:
    """For a member under 18, or with a guardian named, it asks who said yes; otherwise only the member may."""
    said = asked_of(catalog, **changes)
    assert ("consent.agreed_by" in said) is asked
    assert ("or the guardian" in said["consent.member_agreed"]) is asked


@pytest.mark.parametrize("who", ["member", "guardian"])
def test_who_agreed_is_kept(catalog: Policy, who: str) -> None:
    """The draft's case records who said yes, from a word typed in full."""
    case = read_case(changed(COMPLETE, {"consent": {"part2": False}, "member.date_of_birth": "2010-03-04"}))[0]
    words = {"consent.agreed_by": who}
    ((drafted,), _) = agreed([case], Drafter(catalog, Profile(), AS_OF), lambda one: words.get(one.where, "yes"), "")
    assert drafted.case.consent.agreed_by == who


@pytest.mark.parametrize(
    ("name", "relationship", "own"),
    [
        ("Test Member", "member_or_family", True),
        ("test q. member", "member_or_family", True),
        ("Ana Member", "member_or_family", False),
        ("Test Maria Member", "member_or_family", False),
        ("Test Member", "medical_provider", False),
    ],
)
def test_member_who_refers_herself_is_asked_for_herself(
    catalog: Policy, name: str, relationship: str, own: bool
) -> None:
    """A member who refers herself is asked whether she wants it sent; a relative, whether the member said yes."""
    said = asked_of(catalog, referrer__name=name, referrer__relationship=relationship)["consent.member_agreed"]
    assert ("Are you the member yourself" in said) is own
    assert ("did the member say yes?" in said) is not own


class Says:
    """A person who answers by the place of a prompt, one word after the other, and yes or Enter to the rest."""

    def __init__(self, **words: list[str]) -> None:
        self.left = {where: [*typed] for where, typed in words.items()}

    def __call__(self, prompt: Prompt) -> Reply:
        """The reply that her next word gives; a word that is refused fails the test."""
        where = prompt.where.rpartition(".")[2]
        typed = self.left[where].pop(0) if self.left.get(where) else "yes" if prompt.words else ""
        reply = read_reply(prompt, typed)
        assert not isinstance(reply, Refusal), reply.message
        return reply


def two_cases() -> list[Case]:
    """A member for whom ECM and CHW services are asked for, agreed to by nobody yet."""
    changes = ({"referral.program": one, "consent": {"part2": False}} for one in ("ecm", "chw"))
    return [read_case(changed(COMPLETE, one))[0] for one in changes]


@pytest.mark.parametrize("where", ["write", "member_agreed", "attested"])
@pytest.mark.parametrize(
    ("words", "written", "left_out"),
    [
        (["yes", "yes"], ["ecm", "chw"], []),
        (["no", "yes"], ["chw"], ["Enhanced Care Management"]),
        (["yes", "no"], ["ecm"], ["Community Health Worker services"]),
    ],
    ids=["both", "the second", "the first"],
)
def test_no_to_one_of_two_lets_the_other_go_on(
    catalog: Policy, where: str, words: list[str], written: list[str], left_out: list[str]
) -> None:
    """Each of two drafts has its own yes: a no to one of them, at any point, leaves the other to be written."""
    drafts, names = agreed(two_cases(), Drafter(catalog, Profile(), AS_OF), Says(**{where: words}), "")
    assert [one.case.referral.program for one in drafts] == written
    assert names == left_out
    assert all("[x]" in one.draft.body for one in drafts)


def test_no_to_both_leaves_nothing(catalog: Policy) -> None:
    """If nothing is left to write, the last no ends the session."""
    with pytest.raises(Declined):
        agreed(two_cases(), Drafter(catalog, Profile(), AS_OF), Says(write=["no"], attested=["no"]), "")


def test_change_ends_what_was_said(catalog: Policy) -> None:
    """Changing a detail counts for nothing else: it makes no draft, whatever was agreed to before."""
    with pytest.raises(Change):
        agreed(two_cases(), Drafter(catalog, Profile(), AS_OF), Says(write=["yes", "change"]), "")


def test_draft_is_read_page_by_page_before_it_is_asked_about(
    catalog: Policy, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The draft is shown from To and Subject on, as much as fits at a time; the questions come after all of it."""
    monkeypatch.setattr(os, "get_terminal_size", lambda _: os.terminal_size((80, 24)))
    told = list[str]()

    def ask(prompt: Prompt) -> Reply:
        told.append(capsys.readouterr().err)
        return "" if prompt.where == "page" else "yes"

    case = two_cases()[0]
    agreed([case], Drafter(catalog, Profile(), AS_OF), ask, "")
    *pages, last = told[: told.index("")]
    assert len(pages) > 2
    assert "To: REGMCDURNS-KPNC@kp.org\nSubject: ECM Referral\n" in pages[0]
    assert all(page.count("\n") < 24 for page in (*pages, last))
    whole = as_text(Drafter(catalog, Profile(), AS_OF).draft(case, preview=True).draft)
    assert whole.strip() in "".join((*pages, last))


@pytest.mark.parametrize("typed", ["yes", "no", "n", "1"])
def test_page_is_turned_by_enter_alone(catalog: Policy, typed: str) -> None:
    """A word meant for a later question turns no page, so it is never lost or taken for an answer."""
    pages = list[Prompt]()

    def ask(prompt: Prompt) -> Reply:
        if prompt.where == "page":
            pages.append(prompt)
        return "" if prompt.where == "page" else "yes"

    agreed(two_cases()[:1], Drafter(catalog, Profile(), AS_OF), ask, "")
    assert isinstance(read_reply(pages[0], typed), Refusal)
    assert read_reply(pages[0], "") == ""
    assert read_reply(pages[0], "quit") is Move.QUIT


def test_each_of_two_letters_says_that_the_plan_may_choose(catalog: Policy) -> None:
    """If ECM and CHW are both requested, both letters say so before the notes; a single one does not mention it."""
    line = catalog.words.both
    noted = [replace(one, referral=replace(one.referral, notes="Call after 4.")) for one in two_cases()]
    assert [one.referral.notes for one in both_said(noted, catalog)] == [f"{line}\nCall after 4."] * 2
    assert [one.referral.notes for one in both_said(noted[:1], catalog)] == ["Call after 4."]
    full = replace(noted[0], referral=replace(noted[0].referral, notes="x" * 1000))
    assert both_said([full, noted[1]], catalog)[0] == full


def test_command_line_cannot_consent(catalog: Policy) -> None:
    """No option changes what was agreed to or attested."""
    case = Case(referral=Referral(program="ecm"))
    assert asked_for(case, "cs", ["respite"], own=True).consent == Consent()


def test_editing_a_profile_keeps_the_secure_tag(catalog: Policy) -> None:
    """Going through the profile's questions does not switch off mail encryption."""
    secured = Profile(Referrer(**COMPLETE["referrer"]), secure_email=SecureEmail(secure_tag="body", text="[secure]"))

    def ask(prompt: Prompt) -> Reply:
        return prompt.earlier if prompt.earlier or prompt.optional else next(iter(prompt.options))

    assert edited_profile(secured, catalog, ask) == secured


BARE_ENTERS = 40


def press_enter_only(terminal: Terminal) -> None:
    """Lean on Enter, one after the other, and then end the input."""
    for _ in range(BARE_ENTERS):
        terminal.type(ENTER)
        terminal.read_on()
    terminal.kill()


@pytest.mark.thorough
@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("way", [(), ("--plain",)], ids=["menus", "lines"])
def test_bare_enters_write_no_draft(
    tmp_path: Path, write_profile: WriteProfile, write_case: WriteCase, way: tuple[str, ...]
) -> None:
    """Holding down Enter with a complete case leads to the first consent question, and no further."""
    write_profile((ROOT / "examples" / "profile.toml").read_text("utf-8"))
    out, case = tmp_path / "draft.eml", write_case({"consent": {}, "answers": {}})
    with Terminal("refer", *way, "--from", case, "--program", "ecm", "--out", out, *DAY) as terminal:
        press_enter_only(terminal)
    assert not out.exists()
    assert "[x]" not in terminal.text
    assert "written" not in terminal.words


UNLIKE_ENTER: dict[str, dict[str, tuple[str, ...]]] = {
    "What should be screened first?": {"menus": (DOWN, SPACE, ENTER), "lines": ("2\n",)},
}
"""The questions about a complete case that Enter alone does not answer, and the keys that do."""


def reach_consent(terminal: Terminal, way: str) -> None:
    """Go through a talk about a complete case, by Enter where that keeps what the case says, up to Part 2."""
    for _ in range(BARE_ENTERS):
        shown = len(terminal.words)
        # Keys that come before a menu is there would be echoed, and lost.
        terminal.wait(r"back(?:\)|\]: |, \? help)")
        terminal.read_on()
        said = terminal.words[shown:] or terminal.words[-300:]
        if "42 CFR Part 2" in said:
            return
        keys = next((keys[way] for words, keys in UNLIKE_ENTER.items() if words in said), (ENTER,))
        terminal.type(*keys)
    raise AssertionError(terminal.words[-500:])


@pytest.mark.thorough
@pytest.mark.unix("a pseudo-terminal")
def test_menus_end_in_lines_to_type_on(tmp_path: Path, write_profile: WriteProfile, write_case: WriteCase) -> None:
    """In menus too, the words of consent are typed in full after the preview; only then is the draft written."""
    write_profile((ROOT / "examples" / "profile.toml").read_text("utf-8"))
    out, case = tmp_path / "draft.eml", write_case({"consent": {}, "answers": {}})
    with Terminal("refer", "--from", case, "--program", "ecm", "--out", out, *DAY) as terminal:
        reach_consent(terminal, "menus")
        terminal.line("y")
        terminal.wait("whole word")
        for typed, next_words in (
            ("no", "This is everything that will go out"),
            ("yes", "did the member say yes"),
            ("yes", "Read this: "),
        ):
            terminal.line(typed)
            terminal.wait(next_words)
            assert not out.exists()
        terminal.line("yes")
        assert terminal.end() == 0
    assert "[x]" in out.read_text("utf-8")


@pytest.mark.thorough
@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("way", ["lines", "menus"])
def test_draft_is_read_a_page_at_a_time(
    tmp_path: Path, write_profile: WriteProfile, write_case: WriteCase, way: str
) -> None:
    """In a 24-row window the draft starts at its first line and stops at each page; quit there writes nothing."""
    write_profile((ROOT / "examples" / "profile.toml").read_text("utf-8"))
    case, out = write_case({"consent": {}, "answers": {}}), tmp_path / "draft.eml"
    words = ("refer", "--from", case, "--program", "ecm", "--out", out, *DAY)
    with Terminal(*words, *(["--plain"] if way == "lines" else []), rows=24) as terminal:
        reach_consent(terminal, way)
        terminal.line("no")
        terminal.wait("This is the complete draft")
        terminal.wait(r"To: REGMCDURNS-KPNC@kp\.org\r\nSubject: ECM Referral\r\n")
        terminal.wait(r"Page 1 of [3-9]")
        terminal.wait(r"back[)\]]")
        terminal.line("")
        terminal.wait(r"Page 2 of [3-9]")
        terminal.wait(r"back[)\]]")
        assert "This is everything that will go out" not in terminal.words
        terminal.line("quit")
        assert terminal.end() == 130
    assert not out.exists()


@pytest.mark.thorough
@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("declined", ["write", "consent.member_agreed", "consent.attested", "consent.part2_consent"])
def test_no_on_the_terminal_ends_with_130(
    tmp_path: Path, write_profile: WriteProfile, write_case: WriteCase, declined: str
) -> None:
    """No to the preview, agreement, attestation or written consent writes nothing and says how to continue."""
    write_profile((ROOT / "examples" / "profile.toml").read_text("utf-8"))
    out, save, case = tmp_path / "draft.eml", tmp_path / "saved.toml", write_case({"consent": {}, "answers": {}})
    save.write_bytes(case.read_bytes())
    words = ("refer", "--plain", "--from", save, "--save", save, "--program", "ecm", "--out", out, *DAY)
    with Terminal(*words) as terminal:
        reach_consent(terminal, "lines")
        said = {"consent.part2": "yes" if declined == "consent.part2_consent" else "no"}
        asked = ["consent.part2", "consent.part2_consent", "write", "consent.member_agreed", "consent.attested"]
        if declined != "consent.part2_consent":
            asked.remove("consent.part2_consent")
        for where in asked[: asked.index(declined)]:
            terminal.line(said.get(where, "yes"))
            terminal.prompt()
        terminal.line("no")
        assert terminal.end() == 130
    assert not out.exists()
    assert "nothing was written" in terminal.words
    assert "go on with: calaim refer" in terminal.words
    assert "consent" not in save.read_text("utf-8")


@pytest.mark.parametrize("where", ["consent.part2", "consent.part2_consent"])
def test_part2_can_be_explained(where: str) -> None:
    """Anyone who does not know what 42 CFR Part 2 is can read it at the question."""
    prompts = (step.prompt(Case(consent=Consent(part2=True))) for step in part2_steps())
    (asked,) = (one for one in prompts if one and one.where == where)
    assert len(asked.help) > 40
