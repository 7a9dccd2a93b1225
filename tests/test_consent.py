"""Consent: agreement and attestation come from a person, for each referral; the program never fills them in."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli_w

from calaim_cli import datafiles
from calaim_cli.case import Case, Consent, Profile, Referral, Referrer, SecureEmail, read_case
from calaim_cli.catalog import Catalog
from calaim_cli.conversation import consent_steps, fresh_consent, walk
from calaim_cli.errors import InputError
from calaim_cli.prompt import Prompt, Refusal, Reply, read_reply
from calaim_cli.referring import asked_for, edited_profile, prepare
from conftest import AS_OF, COMPLETE, Run, WriteCase, WriteProfile, changed

FOR_ECM = (Case(referral=Referral(program="ecm")),)

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
    package = Path(datafiles.__file__).parent
    sources = [path.read_text("utf-8") for path in package.glob("*.py")]
    assert sources
    for text in sources:
        for name in ("attested", "member_agreed", "part2_consent"):
            assert f"{name}=True" not in text
            assert f"{name} = True" not in text
            assert f'"{name}": True' not in text


def test_consent_of_an_earlier_referral_is_forgotten() -> None:
    """A saved case that is gone on with has to be agreed to and attested again."""
    assert fresh_consent(Case(consent=AGREED)).consent == Consent()


@pytest.mark.parametrize("consent", [Consent(), AGREED], ids=["never asked", "said before"])
def test_consent_questions_have_no_default(catalog: Catalog, consent: Consent) -> None:
    """Each is asked anew, shows no earlier answer, and Enter alone is none."""
    prompts = [step.prompt(Case(consent=consent)) for step in consent_steps(catalog, FOR_ECM)]
    asked = [prompt for prompt in prompts if prompt is not None]
    assert {prompt.where for prompt in asked} >= {"consent.member_agreed", "consent.attested", "consent.part2"}
    for prompt in asked:
        assert not prompt.given
        assert not prompt.optional
        assert isinstance(read_reply(prompt, ""), Refusal)


def test_attestation_is_shown_in_full_when_asked(catalog: Catalog) -> None:
    """A person attests to sentences that she has before her eyes."""
    prompt = next(
        p for step in consent_steps(catalog, FOR_ECM) if (p := step.prompt(Case())) and p.where == "consent.attested"
    )
    assert all(sentence in prompt.text for sentence in catalog.counties_file.form.attestation)


@pytest.mark.parametrize("refused", ["consent.member_agreed", "consent.attested", "consent.part2_consent"])
def test_no_in_the_talk_makes_no_draft(catalog: Catalog, refused: str) -> None:
    """A "no" to any of them on the terminal stops the draft as it does in a file."""

    def ask(prompt: Prompt) -> Reply:
        return "no" if prompt.where == refused else "yes"

    case = walk(consent_steps(catalog, FOR_ECM), read_case(changed(COMPLETE, {"consent": {}}))[0], ask, lambda _: None)
    with pytest.raises(InputError) as caught:
        prepare(case, Profile(), catalog, AS_OF)
    assert [problem.where for problem in caught.value.problems] == [refused]


def test_dont_know_about_part2_counts_as_yes(catalog: Catalog) -> None:
    """Who does not know whether 42 CFR Part 2 covers it needs the consent as well."""
    step = next(
        step for step in consent_steps(catalog, FOR_ECM) if (p := step.prompt(Case())) and p.where == "consent.part2"
    )
    prompt = step.prompt(Case())
    assert prompt is not None
    assert prompt.dont_know
    reply = read_reply(prompt, "don't know")
    assert not isinstance(reply, Refusal)
    assert step.keep(Case(), reply).consent.part2 is True


def test_command_line_cannot_consent(catalog: Catalog) -> None:
    """No option changes what was agreed to or attested."""
    case = Case(referral=Referral(program="ecm"))
    assert asked_for(case, "cs", ["respite"], own=True).consent == Consent()


def test_editing_a_profile_keeps_the_secure_tag(catalog: Catalog) -> None:
    """Going through the profile's questions does not switch off how mail is encrypted."""
    secured = Profile(Referrer(**COMPLETE["referrer"]), secure_email=SecureEmail(secure_tag="body", text="[secure]"))

    def ask(prompt: Prompt) -> Reply:
        return prompt.given if prompt.given or prompt.optional else next(iter(prompt.options))

    assert edited_profile(secured, catalog, ask) == secured
