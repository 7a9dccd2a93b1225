"""How light each command starts, counted in modules, which no busy machine disturbs; and that none uses the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from conftest import WriteCase

COUNTED = """
import sys
from calaim_cli import __main__, quick
quick.FOLDER = sys.argv.pop(1)
try:
    __main__.run()
finally:
    sys.stderr.write("modules: " + " ".join(sys.modules))
"""
WATCHED = """
import sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.bind", "urllib.Request"}:
        raise RuntimeError(f"the network was used: {event}")

sys.addaudithook(refuse)
from calaim_cli import __main__, quick
quick.FOLDER = sys.argv.pop(1)
__main__.run()
"""
NEVER = {"pydantic", "http.client", "urllib.request", "ssl", "multiprocessing", "openpyxl", "pyexpat"}
HEAVY = NEVER | {"rich", "questionary", "prompt_toolkit", "asyncio", "importlib.metadata"}
NOT_IN_LOOKUPS = HEAVY | {"email", "tomllib", "tomli_w", "csv", "calaim_cli.base.values", "calaim_cli.decide.soundness"}
NOT_IN_PARSING = NOT_IN_LOOKUPS | {"msgspec", "json", "calaim_cli.policy.policy"}
NOT_IN_QUICK = NOT_IN_PARSING | {
    *("typer", "typing", "re", "pathlib", "dataclasses", "inspect", "enum", "functools", "collections", "socket"),
    *("datetime", "zlib", "hashlib", "calaim_cli.cli", "calaim_cli.base.errors", "calaim_cli.base.streams"),
}

LATER = sys.version_info >= (3, 14)
"""From here on Python does not load `io` at its own start, and `typing` and `shutil` bring ten modules more."""


def child(program: str, folder: Path, *arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command as a program of its own with the answers of a wheel, in an environment as plain as can be."""
    command = [sys.executable, "-I", "-c", program, str(folder), *map(str, arguments)]
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "CALAIM_PROFILE": "/nonexistent/profile.toml", **settings}
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=60, check=False)


def loaded(folder: Path, *arguments: str | Path, **settings: str) -> set[str]:
    """The modules that a command loads beyond those of an idle interpreter of this environment."""
    idle = subprocess.run(
        [sys.executable, "-I", "-c", "import sys; print('\\n'.join(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    done = child(COUNTED, folder, *arguments, **settings)
    assert done.returncode in {0, 2, 5}, done.stderr
    modules = set(done.stderr.partition("modules: ")[2].split()) - set(idle.stdout.split())
    assert "calaim_cli.quick" in modules
    return modules


QUICK = [
    ["county", "alameda"],
    ["county", "san", "mateo", "--json"],
    ["county", "94401"],
    ["services", "--county", "marin"],
    ["--version"],
]


@pytest.mark.parametrize("arguments", QUICK, ids=" ".join)
def test_quick_path_loads_next_to_nothing(answers_folder: Path, arguments: list[str]) -> None:
    """What scripts ask most loads a handful of modules, and none that takes a millisecond."""
    modules = loaded(answers_folder, *arguments)
    assert not modules & NOT_IN_QUICK
    assert len(modules) <= 8 + LATER, sorted(modules)


def test_completion_loads_next_to_nothing(answers_folder: Path) -> None:
    """The tab key answers before the finger has left it."""
    settings = {"_CALAIM_COMPLETE": "complete_bash", "COMP_WORDS": "calaim county al", "COMP_CWORD": "2"}
    modules = loaded(answers_folder, **settings)
    assert not modules & NOT_IN_QUICK
    assert len(modules) <= 9 + LATER, sorted(modules)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["county", "--help"], ["conty"], ["county", "--bogus"], []], ids=repr
)
def test_help_and_usage_errors_load_no_work(answers_folder: Path, arguments: list[str]) -> None:
    """Options are parsed before anything that works is loaded: Typer and five small modules."""
    modules = loaded(answers_folder, *arguments)
    assert not modules & NOT_IN_PARSING
    assert len(modules) <= 130 + 10 * LATER, len(modules)


@pytest.mark.parametrize(
    "arguments",
    [
        ["county", "alameda", "--plain"],
        ["counties"],
        ["services"],
        ["programs", "ecm"],
        ["county", "atlantis"],
        ["plan", "hpsm"],
        ["contacts"],
        ["when", "leaving", "jail"],
    ],
    ids=" ".join,
)
def test_lookups_load_what_they_show(answers_folder: Path, arguments: list[str]) -> None:
    """A look-up loads the policy and the words for it: nothing of cases, drafts, questions or tables."""
    modules = loaded(answers_folder, *arguments)
    assert not modules & NOT_IN_LOOKUPS
    assert len(modules) <= 180, len(modules)


def test_check_draws_and_sends_nothing(answers_folder: Path, write_case: WriteCase) -> None:
    """To decide a case takes its reader and the rules: no terminal, no mail, no interview."""
    modules = loaded(answers_folder, "check", write_case(), "--as-of", "2026-11-22")
    assert not modules & (HEAVY | {"email", "tomli_w", "csv", "calaim_cli.talk.interview", "calaim_cli.referral"})


def test_refer_loads_mail_but_no_terminal(answers_folder: Path, write_case: WriteCase) -> None:
    """A draft takes the standard library's mail modules, and nothing that draws or asks."""
    modules = loaded(answers_folder, "refer", write_case(), "--as-of", "2026-11-22")
    assert "email" in modules
    assert not modules & HEAVY


def test_typer_is_the_light_one() -> None:
    """Later versions load pydantic with the first option, and take twice the time: see docs/benchmarks.md."""
    assert typer.__version__.startswith("0.28.")


@pytest.mark.parametrize(
    "arguments",
    [
        *(
            ["county", "alameda"],
            ["county", "94401", "--plain"],
            ["check", "CASE"],
            ["refer", "CASE"],
            ["data", "check"],
        ),
        *(["interview", "--no-input"], ["programs", "--json"], ["--help"], ["profile", "show"]),
    ],
    ids=" ".join,
)
def test_no_command_uses_the_network(answers_folder: Path, write_case: WriteCase, arguments: list[str]) -> None:
    """Nothing is looked up or sent: an attempt to reach the network would stop the command."""
    case = str(write_case())
    done = child(WATCHED, answers_folder, *(case if word == "CASE" else word for word in arguments))
    assert "network" not in done.stderr
    assert done.returncode == (2 if arguments[0] == "interview" else 0), done.stderr


def test_watch_over_the_network_works(tmp_path: Path) -> None:
    """The test above would notice: with the same watch, a look-up of a host fails."""
    attempt = WATCHED.partition("from calaim_cli")[0] + "import socket; socket.getaddrinfo('localhost', 80)"
    done = child(attempt, tmp_path)
    assert "the network was used: socket.getaddrinfo" in done.stderr
