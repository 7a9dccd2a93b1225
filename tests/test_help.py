"""What `calaim help` explains: every topic in full, a near name suggested, the exit codes complete."""

from __future__ import annotations

import pytest

from calaim_cli.base.errors import CalaimError, UsageError
from calaim_cli.base.streams import READER_GONE
from calaim_cli.show.help import EXIT_CODES, PAGES, page_named
from conftest import Run

NAMES = [page.name for page in PAGES]


def test_help_alone_lists_the_topics(run: Run) -> None:
    """Who does not know a topic's name finds it."""
    ran = run("help")
    assert (ran.code, ran.err) == (0, "")
    assert all(f"{page.name}\t{page.summary}\n" in ran.out for page in PAGES)


@pytest.mark.parametrize("name", NAMES)
def test_topic_is_explained(run: Run, name: str) -> None:
    """Each topic prints something of substance on stdout, plain in a pipe."""
    ran = run("help", name)
    assert (ran.code, ran.err) == (0, "")
    assert len(ran.out.splitlines()) >= 5
    assert "\x1b" not in ran.out


def test_help_takes_hyphens_and_underscores_alike(run: Run) -> None:
    """A topic is found however its words are joined."""
    assert run("help", "exit_codes") == run("help", "exit-codes") == run("help", "Exit codes")


@pytest.mark.parametrize(
    ("typed", "meant"), [("exitcode", "exit-codes"), ("pryvacy", "privacy"), ("setings", "settings")]
)
def test_near_topic_is_suggested(run: Run, typed: str, meant: str) -> None:
    """A typo is answered with the topic that was meant, as wrong usage."""
    ran = run("help", typed)
    assert (ran.code, ran.out) == (2, "")
    assert f"did you mean {meant}?" in ran.err


def test_strange_topic_names_all() -> None:
    """A word that is near to nothing is answered with all topics."""
    with pytest.raises(UsageError) as refused:
        page_named("xyzzy")
    assert all(name in refused.value.message for name in NAMES)


def test_exit_codes_are_those_of_the_errors() -> None:
    """Every code that an error ends with is explained, once, in order; so are the signals and the closed pipe."""
    codes = [code for code, _ in EXIT_CODES]
    known = {CalaimError.exit_code, *(kind.exit_code for kind in CalaimError.__subclasses__())}
    assert known | {0, 3, 129, 130, 143, READER_GONE} == set(codes)
    assert codes == sorted(set(codes))
