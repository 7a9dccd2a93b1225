"""Golden drafts: what leaves for the plan, byte for byte, so that no change of it goes unseen."""

from __future__ import annotations

from email import message_from_bytes, policy

import fast_mail_parser
import pytest

from calaim_cli.policy.policy import Policy
from conftest import ROOT
from drafts import GOLDEN, golden_drafts

FOLDER = ROOT / "tests" / "golden"


@pytest.fixture(scope="module")
def drafts(catalog: Policy) -> dict[str, bytes]:
    """Every golden draft as it comes out now."""
    return golden_drafts(catalog)


@pytest.mark.parametrize("name", GOLDEN)
def test_draft_is_the_one_that_was_read(drafts: dict[str, bytes], name: str) -> None:
    """A draft changes only on purpose: `python scripts/golden.py` rewrites it, and a person reads it."""
    assert drafts[name] == (FOLDER / f"{name}.eml").read_bytes()


def test_no_golden_draft_is_left_over() -> None:
    """Each stored file belongs to one of the drafts."""
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_two_readers_agree(name: str) -> None:
    """Two mail readers in different programming languages see the same headers and text, and nothing wrong."""
    content = (FOLDER / f"{name}.eml").read_bytes()
    ours = message_from_bytes(content, policy=policy.default)
    theirs = fast_mail_parser.parse_email(content)
    assert not ours.defects
    assert not theirs.warnings
    assert {key: [str(value)] for key, value in ours.items()} == theirs.headers
    assert [ours.get_content()] == theirs.text_plain
