"""A whole referral on a pseudo-terminal: it goes as docs/interview.md shows it."""

from __future__ import annotations

import pytest
import transcript

pytestmark = pytest.mark.thorough


@pytest.mark.unix("a pseudo-terminal")
def test_referral_goes_as_the_page_shows_it() -> None:
    """From the first question to the draft, whoever follows the page sees what it shows."""
    assert transcript.document() == transcript.TARGET.read_text("utf-8")
