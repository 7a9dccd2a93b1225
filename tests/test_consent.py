"""Consent: agreement and attestation come from a person, for each referral; the program never fills them in."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli_w

from calaim_cli.base.errors import InputError
from calaim_cli.case.case import Case, Consent, Profile, Referral, Referrer, SecureEmail, read_case
from calaim_cli.draft.draft import Drafter, asked_for
from calaim_cli.policy.policy import Policy
from calaim_cli.talk.conversation import Declined, Step, consent_steps, part2_steps, walk
from calaim_cli.talk.prompt import Prompt, Refusal, Reply, read_reply
from calaim_cli.talk.session import edited_profile
from conftest import AS_OF, COMPLETE, ROOT, Run, WriteCase, WriteProfile, changed
from drafts import by_email
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
    """Agreement and attestation are said by a person for each referral: no format, preview or profile stands in."""
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
    """Nowhere in the program is agreement or attestation set to yes; the shipped examples apart from one are unset."""
    sources = [path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")]
    assert sources
    for text in sources:
        for name in ("attested", "member_agreed", "part2_consent"):
            assert f"{name}=True" not in text
            assert f"{name} = True" not in text
            assert f'"{name}": True' not in text


def spoken(catalog: Policy) -> tuple[Step, ...]:
    """Everything that a person says for one referral alone, in the order of the talk."""
    return (*part2_steps(), *consent_steps(FOR_ECM, by_email(catalog), catalog))


@pytest.mark.parametrize("consent", [Consent(part2=True), AGREED], ids=["never asked", "said before"])
def test_consent_is_typed_as_a_whole_word(catalog: Policy, consent: Consent) -> None:
    """Each is a line to type on that shows no earlier answer: Enter, one letter or a number is neither yes nor no."""
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
        assert all(isinstance(read_reply(prompt, typed), Refusal) for typed in ("", " ", "y", "n", "1", "2", "yes no"))
        assert [read_reply(prompt, typed) for typed in ("yes", " Yes ", "NO")] == ["yes", "yes", "no"]


def test_attestation_is_shown_in_full_when_asked(catalog: Policy) -> None:
    """A person attests to sentences that she has before her eyes."""
    prompt = next(p for step in spoken(catalog) if (p := step.prompt(Case())) and p.where == "consent.attested")
    assert all(sentence in prompt.text for sentence in catalog.form_of("kp").attestation)


@pytest.mark.parametrize("refused", ["consent.member_agreed", "consent.attested", "consent.part2_consent"])
def test_no_in_the_talk_makes_no_draft(catalog: Policy, refused: str) -> None:
    """A "no" to any of them on the terminal stops the draft as it does in a file."""

    def ask(prompt: Prompt) -> Reply:
        return "no" if prompt.where == refused else "yes"

    with pytest.raises(Declined):
        walk(spoken(catalog), read_case(changed(COMPLETE, {"consent": {}}))[0], ask, lambda _: None)


def test_preview_ticks_no_box(catalog: Policy) -> None:
    """What a person reads before she agrees has empty boxes; what she then agrees to is the same with ticks."""
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
    """A sheet for a plan whose form has no attestation is for the member's agreement alone, and never without it."""
    other = {"member.plan": "hpsm", "member.kp_member": None, "member.cin": "91234567A", "consent.attested": None}
    ran = run("refer", write_case({**other, "consent.member_agreed": agreed}), *DAY)
    assert ran.code == code
    assert ("agreement-missing" in ran.err) is (code != 0)
    assert ran.out.count("[x]") == (code == 0)
    assert "attest" not in ran.out + ran.err


def test_dont_know_about_part2_counts_as_yes() -> None:
    """Who does not know whether 42 CFR Part 2 covers it needs the consent as well."""
    step = part2_steps()[0]
    prompt = step.prompt(Case())
    assert prompt is not None
    assert prompt.dont_know
    reply = read_reply(prompt, "don't know")
    assert not isinstance(reply, Refusal)
    assert step.keep(Case(), reply).consent.part2 is True


def test_command_line_cannot_consent(catalog: Policy) -> None:
    """No option changes what was agreed to or attested."""
    case = Case(referral=Referral(program="ecm"))
    assert asked_for(case, "cs", ["respite"], own=True).consent == Consent()


def test_editing_a_profile_keeps_the_secure_tag(catalog: Policy) -> None:
    """Going through the profile's questions does not switch off how mail is encrypted."""
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


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("way", [(), ("--plain",)], ids=["menus", "lines"])
def test_bare_enters_write_no_draft(
    tmp_path: Path, write_profile: WriteProfile, write_case: WriteCase, way: tuple[str, ...]
) -> None:
    """Leaning on Enter through a talk about a complete case comes to the first question of consent, and no further."""
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
        terminal.read_on()
        said = terminal.words[shown:] or terminal.words[-300:]
        if "42 CFR Part 2" in said:
            return
        keys = next((keys[way] for words, keys in UNLIKE_ENTER.items() if words in said), (ENTER,))
        terminal.type(*keys)
    raise AssertionError(terminal.words[-500:])


@pytest.mark.unix("a pseudo-terminal")
def test_menus_end_in_lines_to_type_on(tmp_path: Path, write_profile: WriteProfile, write_case: WriteCase) -> None:
    """In menus, too, the words of consent are typed in full, after the preview, and then the draft is written."""
    write_profile((ROOT / "examples" / "profile.toml").read_text("utf-8"))
    out, case = tmp_path / "draft.eml", write_case({"consent": {}, "answers": {}})
    with Terminal("refer", "--from", case, "--program", "ecm", "--out", out, *DAY) as terminal:
        reach_consent(terminal, "menus")
        terminal.line("y")
        terminal.wait("whole word")
        for typed, next_words in (
            ("no", "Write this draft to"),
            ("yes", "Has the member agreed"),
            ("yes", "Do you attest"),
        ):
            terminal.line(typed)
            terminal.wait(next_words)
            assert not out.exists()
        terminal.line("yes")
        assert terminal.end() == 0
    assert "[x]" in out.read_text("utf-8")


@pytest.mark.unix("a pseudo-terminal")
@pytest.mark.parametrize("declined", ["write", "consent.member_agreed", "consent.attested", "consent.part2_consent"])
def test_no_on_the_terminal_ends_with_130(
    tmp_path: Path, write_profile: WriteProfile, write_case: WriteCase, declined: str
) -> None:
    """No to the preview, agreement, attestation or written consent writes nothing and says how to go on."""
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
    assert "no draft was written" in terminal.words
    assert "go on with: calaim refer" in terminal.words
    assert "consent" not in save.read_text("utf-8")
