"""The documents: every command in them runs as printed, everything is documented, no link leads nowhere."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import document
import manpage
import pytest
import tree

from calaim_cli.case.case import PARTS, Profile, read_case
from calaim_cli.case.form import BY_KEY
from calaim_cli.draft.draft import Drafter
from calaim_cli.policy.policy import Policy, kinds
from calaim_cli.show.help import EXIT_CODES
from conftest import AS_OF, COMPLETE, ROOT, changed

PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
COMMANDS = tuple(tree.commands())
LEAVES = [one for one in COMMANDS if not any(other.name.startswith(f"{one.name} ") for other in COMMANDS)]
BLOCK = re.compile(r"(?:<!-- edit: (\S+) -->\n)?^```(console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WRAPPER = """#!/bin/sh
{python} -m calaim_cli "$@"
code=$?
echo "$code $*" >> "{log}"
exit $code
"""


class Printed(NamedTuple):
    """A command as a document prints it: where, the command, the exit code it should have, and an edit done before."""

    page: str
    command: str
    code: int
    edit: str


def asks(command: str) -> bool:
    """Whether a command asks a person, so that it ends with 2 where there is no terminal."""
    words = shlex.split(command)
    alone = words[1:2] == ["refer"] and (len(words) == 2 or words[2].startswith("--"))
    return alone or words[1:2] == ["interview"] or words[1:3] == ["profile", "edit"]


def consoles() -> Iterator[Printed]:
    """Every command after a dollar sign in a console block."""
    for page in PAGES:
        for edit, kind, body in BLOCK.findall(page.read_text("utf-8")):
            lines = body.splitlines() if kind == "console" else []
            commands = [line.removeprefix("$ ") for line in lines if line.startswith("$ calaim")]
            code = int(lines[lines.index("$ echo $?") + 1]) if "$ echo $?" in lines else 0
            for command in commands:
                yield Printed(page.name, command, 2 if asks(command) else code, edit)


def scripts() -> Iterator[tuple[str, str]]:
    """Every shell block that uses the command, with its page."""
    for page in PAGES:
        for _, kind, body in BLOCK.findall(page.read_text("utf-8")):
            if kind == "sh" and re.search(r"^(?:if )?calaim ", body, re.MULTILINE):
                yield page.name, body


@pytest.mark.thorough
@pytest.mark.parametrize("printed", sorted(set(consoles())), ids=lambda one: f"{one.page}: {one.command} {one.edit}")
def test_printed_command_runs(printed: Printed) -> None:
    """A reader who types what a document shows gets the exit code that it shows."""
    with document.workspace(printed.edit) as folder:
        ran = document.run(printed.command, folder)
    assert ran.returncode == printed.code, ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.thorough
@pytest.mark.unix("a shell")
@pytest.mark.parametrize(("page", "script"), sorted(set(scripts())), ids=lambda one: one.splitlines()[0][:60])
def test_printed_script_runs(page: str, script: str) -> None:
    """A script that a document shows runs: each command in it ends with 0, or as it should."""
    with document.workspace() as folder:
        log, wrapper = folder / "log", folder / "bin" / "calaim"
        wrapper.parent.mkdir()
        wrapper.write_text(WRAPPER.format(python=sys.executable, log=log), encoding="utf-8")
        wrapper.chmod(0o700)
        environment = {"PATH": f"{wrapper.parent}:{os.environ['PATH']}", "CALAIM_PROFILE": "profile.toml"}
        subprocess.run(
            ["sh", "-c", script],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        codes = [line.partition(" ") for line in log.read_text("utf-8").splitlines()]
    assert len(codes) >= len(re.findall(r"^(?:if )?calaim ", script, re.MULTILINE))
    for code, _, arguments in codes:
        expected = 2 if asks(f"calaim {arguments}") else 0
        assert int(code) == expected, f"{page}: calaim {arguments}"


@pytest.mark.thorough
@pytest.mark.parametrize("command", LEAVES, ids=lambda one: one.name)
def test_example_of_help_runs(command: tree.Shown) -> None:
    """Every command shows one example of itself in its help, and the example works."""
    assert command.example.startswith(command.name)
    with document.workspace() as folder:
        ran = document.run(command.example, folder)
    assert ran.returncode == (2 if asks(command.example) else 0), ran.stderr


@pytest.mark.thorough
@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)
def test_help_fits_the_terminal(command: tree.Shown) -> None:
    """Help is plain text of at most 80 columns, and every command and option says what it is for."""
    with document.workspace() as folder:
        ran = document.run(f"{command.name} --help", folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "\x1b" not in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80
    assert "..." not in re.sub(r"\S+\.\.\.", "", ran.stdout)
    assert all(text for _, text in (*command.arguments, *command.options))
    assert all(sentence.endswith(".") for sentence in command.help)


@pytest.mark.unix("a shell")
def test_demo_tells_its_story_on_a_screen(tmp_path: Path) -> None:
    """Who tries `make demo` sees a place, a member, the letter and what is due in 60 lines, and is told what next."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    command = tmp_path / "bin" / "calaim"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m calaim_cli "$@"\n', encoding="utf-8")
    command.chmod(0o700)
    environment = {"PATH": f"{command.parent}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    words = ["sh", str(tmp_path / "examples" / "demo.sh")]
    ran = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=True)
    lines = (ran.stdout + ran.stderr).splitlines()
    assert len(lines) <= 60
    assert [line.split()[2] for line in lines if line.startswith("$ calaim ")] == [
        "county",
        "check",
        "refer",
        "referrals",
    ]
    assert "Subject: ECM Referral" in lines
    assert "Try next" in ran.stdout.splitlines()[-1]


def test_everything_is_documented(catalog: Policy) -> None:
    """Each command, option, program, population, service and exit code is in the documents."""
    text = "\n".join(page.read_text("utf-8") for page in PAGES)
    options = {name for one in COMMANDS for names, _ in one.options for name in re.findall(r"--[a-z-]+", names)}
    ids = {f"`{entry.id}`" for _, entry in kinds(catalog)} | {f"`{id_}`" for id_ in catalog.questions}
    codes = {f"| {code} | {meaning} |" for code, meaning in EXIT_CODES}
    wanted = {one.name for one in COMMANDS} | options | ids | codes
    assert {one for one in wanted if one not in text} == set()
    assert len(wanted) > 100


def test_acronyms_are_in_the_glossary(catalog: Policy) -> None:
    """An acronym in a name, a question or a rule can be looked up."""
    glossary = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    texts = [entry.name for _, entry in kinds(catalog)]
    texts += [text for one in catalog.questions.values() for text in (one.ask, one.help, *one.choices.values())]
    texts += [text for one in catalog.criteria.values() for text in (one.text, one.brief)]
    texts += [text for _, one in kinds(catalog) for text in (one.who, one.summary, *one.limits, *one.notes)]
    acronyms = {word for text in texts for word in re.findall(r"\b[A-Z]{2,}\b", text)}
    assert {word for word in acronyms if not re.search(rf"\b{word}\b", glossary)} == set()
    assert len(acronyms) > 20


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@EVERY_PAGE
def test_link_leads_somewhere(page: Path) -> None:
    """A relative link, a picture or an anchor in a document is there."""
    text = page.read_text("utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    for target, _, anchor in ((a or b).partition("#") for a, b in links):
        if "://" in target:
            continue
        file = page.parent / target if target else page
        assert file.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", file.read_text("utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings)


@EVERY_PAGE
def test_page_has_one_title_first(page: Path) -> None:
    """A page begins with its title, by which it is listed."""
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1


def test_man_page_is_current_and_sound() -> None:
    """The man page says what the commands say, and starts with the header that `man` needs."""
    assert manpage.PAGE.read_text("utf-8") == manpage.page()
    assert manpage.page().startswith(".TH CALAIM 1 ")
    assert all(f".SS {one.name.removeprefix('calaim ')}\n" in manpage.page() for one in COMMANDS[1:])


@pytest.mark.parametrize(
    ("kind", "file", "said"),
    [
        ("route", "routes.toml", ["unknown-plan"]),
        ("question", "programs.toml", ["unused-question", "not-asked"]),
        ("criterion", "programs.toml", ["duplicate-id"]),
        ("situation", "talk.toml", []),
    ],
)
def test_entry_of_the_data_guide_fits(kind: str, file: str, said: list[str]) -> None:
    """An entry that the data guide shows can be put into the file as it is; the check says no more than the guide."""
    guide = "".join(path.read_text("utf-8") for path in sorted((ROOT / "docs").glob("data-*.md")))
    (entry,) = re.findall(rf"```toml\n(\[\[{kind}\]\].*?)```", guide, re.DOTALL)
    with document.workspace() as folder:
        with (folder / "my-county" / file).open("a", encoding="utf-8") as data:
            data.write(f"\n{entry}")
        ran = document.run("calaim data check --data my-county --as-of 2026-11-22", folder)
    told = ran.stderr.splitlines()[1:]
    assert [code for line, code in zip(told, said, strict=True) if code not in line] == [], ran.stderr


def test_plan_of_the_data_guide_can_be_added() -> None:
    """The plan that the data guide adds, with its route and its offer, makes sound data that tell of it."""
    guide = (ROOT / "docs" / "data-guide.md").read_text("utf-8")
    with document.workspace() as folder:
        for kind, file in (("plan", "counties.toml"), ("route", "routes.toml"), ("offer", "routes.toml")):
            (entry,) = re.findall(rf"```toml\n(\[\[{kind}\]\].*?)```", guide, re.DOTALL)
            with (folder / "my-county" / file).open("a", encoding="utf-8") as data:
                data.write(f"\n{entry}")
        checked = document.run("calaim data check --data my-county --as-of 2026-11-22", folder)
        assert (checked.returncode, checked.stderr.count("\n"), "same-edition" in checked.stderr) == (0, 1, True)
        assert "415-555-0100" in document.run("calaim plan 'Example Plan' --data my-county", folder).stdout


PAGE: Final = (ROOT / "docs" / "privacy.md").read_text("utf-8").partition("## What leaves, and why")[2]
COUNTIES: Final = {"kp": ("San Mateo", "Alameda"), "hpsj": ("San Joaquin", "Stanislaus")}
NEVER: Final = {"member.plan", "member.kp_member", "member.kp_region", "referral.self_referral", "referral.expedited"}
"""What steers the route, and is printed with it if at all."""
CHILD: Final = {"member.date_of_birth": "2015-03-04"}
TWO: Final[dict[str, tuple[dict[str, Any], Any, Any]]] = {
    "member.date_of_birth": ({}, "1980-03-04", "1981-03-04"),
    "member.phone": ({}, "415-555-0123", "415-555-0124"),
    "member.email": ({}, "one@example.org", "two@example.org"),
    "member.state": ({}, "NV", "OR"),
    "member.zip": ({}, "94401", "94402"),
    "member.reach_through": ({"member.phone": "none"}, "First shelter", "Other shelter"),
    "member.mrn": ({}, "12345678", "12345679"),
    "member.cin": ({"member.mrn": None}, "91234567A", "91234568A"),
    "member.guardian_name": (CHILD, "First", "Other"),
    "member.guardian_contact": (CHILD, "one@example.org", "two@example.org"),
    "consent.agreed_by": (CHILD, "member", "guardian"),
    "referrer.npi": ({}, "1234567893", "1245319599"),
    "referrer.phone": ({}, "510-555-0100", "510-555-0101"),
    "referrer.email": ({}, "one@example.org", "two@example.org"),
    "referrer.relationship": ({}, "medical_provider", "social_services_provider"),
    "referrer.relationship_detail": ({"referrer.relationship": "other"}, "First", "Other"),
    "referrer.source": ({}, "legal_aid", "school_or_lea"),
    "referrer.source_detail": ({"referrer.source": "other"}, "First", "Other"),
    "referral.program": ({}, "ecm", "chw"),
    "referral.services": ({"referral.program": "cs"}, ["respite"], ["day_habilitation"]),
    "referral.current_services": ({}, ["none"], ["chw"]),
    "referral.current_supports": (
        {"referral.current_services": ["community_supports"]},
        ["respite"],
        ["day_habilitation"],
    ),
    "referral.ecm_provider": ({"referral.current_services": ["ecm"]}, "First", "Other"),
    "referral.ecm_provider_contact": ({"referral.current_services": ["ecm"]}, "one@example.org", "two@example.org"),
    "referral.expedited_why": ({"referral.expedited": True}, "First", "Other"),
}
"""What else a case has to say for a field to be of it, and two of its values; of the others any two texts will do."""


@pytest.mark.parametrize("plan", COUNTIES)
def test_what_leaves_is_what_the_page_on_privacy_lists(catalog: Policy, plan: str) -> None:
    """Each field that changes a draft is in the table for that plan, and each in the table changes a draft."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in PAGE.splitlines() if line.startswith("| `")]
    assert all(why for *_, why in rows)
    listed = {key: row for row in rows for key in re.findall("`([^`]+)`", row[0])}
    drafter = Drafter(catalog, Profile(), AS_OF)
    place = {"member.plan": plan, "member.kp_member": None, "member.cin": "91234567A", "member.zip": "94401"}

    def body(key: str, value: object, around: dict[str, Any]) -> str:
        case, problems = read_case(
            changed(COMPLETE, {**place, "member.county": COUNTIES[plan][0], **around, key: value})
        )
        assert not problems
        return drafter.draft(case).draft.body

    leaving = set[str]()
    # Of the rest of the consent there are the boxes alone.
    for part in ("member", "referrer", "referral", "consent"):
        for name in PARTS[part].__struct_fields__ if part != "consent" else ("agreed_by",):
            key = f"{part}.{name}"
            two = ({}, *COUNTIES[plan]) if key == "member.county" else TWO.get(key, ({}, "First", "Other"))
            if key not in NEVER and body(key, two[1], two[0]) != body(key, two[2], two[0]):
                leaving.add(key)
    column = 1 if plan == "kp" else 2
    assert leaving == {key for key, row in listed.items() if row[column] != "no"}
    said = " ".join(row[column] for row in rows)
    assert (" initial " in f" {said} ") is bool(catalog.form_of(plan).initials)


SOURCES = sorted((ROOT / "src" / "calaim_cli").rglob("*.py"))
SEEN = (
    "X",  # the report by its own name
    *("report.csv", "the member's card", "the other entries", "first whether", "what became of"),
    *("where the referral", "its plans and their phones", "where each fact comes from"),
    *("BenefitsCal", "the month of renewal", "that the member meets"),  # the counties' own site
)
"""What a person is told to see, or what she gets to see, beside commands, pages and keys."""


def messages() -> Iterator[str]:
    """Every text in the code that a person may read, with what is filled in as X, and every text of the data."""
    for path in SOURCES:
        nodes = [*ast.walk(ast.parse(path.read_text("utf-8")))]
        about = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
        inside = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in about | inside:
                yield node.value
    for path in (ROOT / "data").glob("*.toml"):
        yield from path.read_text("utf-8").splitlines()


def test_what_a_message_points_to_is_there() -> None:
    """Each command, option and page that a message names exists, and each "see ..." leads to one of them."""
    by_name = {one.name: one for one in COMMANDS}
    everywhere = {name for one in COMMANDS for names, _ in one.options for name in re.findall(r"--[a-z-]+", names)}
    pointed = 0
    for text in messages():
        for command in re.findall(r"'(calaim [^']*)'", text):
            words = command.split()
            name = next(" ".join(words[:n]) for n in (3, 2, 1) if " ".join(words[:n]) in by_name)
            assert name != "calaim", command
            options = {one for names, _ in by_name[name].options for one in re.findall(r"--[a-z-]+", names)}
            assert set(re.findall(r"--[a-z-]+", command)) <= options, command
            pointed += 1
        assert all((ROOT / page).exists() for page in re.findall(r"\bdocs/[\w-]+\.md", text)), text
        assert set(re.findall(r"(?<![\w-])--[a-z]+(?:-[a-z]+)*", text)) <= everywhere, text
        for seen in re.findall(r"\b[Ss]ee (.+)", text):
            assert seen.startswith((*SEEN, *BY_KEY, "'calaim ", "docs/", "[[", "routes.toml")), text
    assert pointed > 20
