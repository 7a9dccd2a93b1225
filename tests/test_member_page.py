"""The page for the member: plain words, her first name alone, nothing on health; and a draft as a page to print."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from itertools import chain
from pathlib import Path

import pytest
from msgspec.structs import replace

from calaim_cli.draft import page
from calaim_cli.policy.policy import Policy
from conftest import Run, WriteCase, is_private
from grades import grade, names_apart
from test_canary import VALID, traces

DAY = ("--as-of", "2026-11-23")
EASIEST = 6.0
OF_HEALTH = re.compile(
    r"asthma|hospital|health (?!plan|worker)|\bill\b|sick|medic|diagnos|surgery|recover|drunk|alcohol|drug|sober|"
    r"homeless|nursing|treat|disab|mental|condition|patient",
    re.IGNORECASE,
)
OTHER_PLAN = {"member.plan": "hpsm", "member.kp_member": None, "member.mrn": None, "member.cin": "91234567A"}
HARD = ("Enhanced Care Management (ECM)", "Community Health Worker services (CHW)", "Kaiser Permanente")


class Text(HTMLParser):
    """The text of a page, and the tags in it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.tags: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag."""
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.said.append(data)


def test_every_text_is_easy(catalog: Policy) -> None:
    """Each section, and each way of saying what is requested, reads at sixth grade or easier, apart from names."""
    for one in catalog.follow_up_file.page:
        for section in one.sections:
            text = " ".join(section.lines)
            filled = re.sub(r"{\w+}", "Bob", text)
            assert grade(names_apart(filled, HARD)) <= EASIEST, section.title
        for words in one.asked.values():
            assert grade(names_apart(words, HARD)) <= EASIEST, words


def test_nothing_on_health(catalog: Policy) -> None:
    """No word of a page, or of what is requested, says what is wrong with someone: others may read it."""
    for one in catalog.follow_up_file.page:
        said = chain(one.asked.values(), *(section.lines for section in one.sections))
        assert [words for words in said if OF_HEALTH.search(words)] == []


@pytest.mark.parametrize("ending", ["html", "txt"])
def test_page_has_the_first_name_alone(run: Run, write_case: WriteCase, tmp_path: Path, ending: str) -> None:
    """Of all that a case says about the member, only the first name is on the page, and the page is private."""
    path = tmp_path / f"page.{ending}"
    case = write_case({**VALID, "referrer.name": "Pat Example", "referrer.organization": "", "referrer.phone": ""})
    whole = write_case({key: value for key, value in VALID.items() if key.startswith("member.")}, "member.toml")
    assert run("refer", case, "--out", tmp_path / "d.eml", "--for-member", path, *DAY).code == 4  # no phone: no draft
    assert run("refer", whole, "--out", tmp_path / "d.eml", "--for-member", path, *DAY).code == 0
    text = path.read_text("utf-8")
    assert "Hello Qzxcanary-first." in text
    assert not traces(text.replace("Qzxcanary-first", ""))
    assert is_private(path)


def test_page_says_what_next_and_by_when(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """With a time limit the page has the day; if none is known, the day from which to call; urgent is sooner."""
    said = {}
    urgent = {"referral.expedited": True, "referral.expedited_why": "No bed after Friday"}
    support = {"referral.program": "cs", "referral.services": ["asthma_remediation"]}
    for name, changes in {"ecm": {}, "urgent": urgent, "chw": {"referral.program": "chw"}, "cs": support}.items():
        path = tmp_path / f"{name}.txt"
        assert run("refer", write_case(changes), "--for-member", path, *DAY).code == 0
        said[name] = " ".join(path.read_text("utf-8").split())
    assert "should say yes or no by 12/2/2026" in said["ecm"]
    assert "should say yes or no by 11/26/2026" in said["urgent"]
    assert "If you hear nothing by 12/9/2026, call us." in said["chw"]
    assert "should say yes or no by" not in said["chw"]
    assert "asthma" not in said["cs"].lower()
    for text in said.values():
        assert "Your plan: 1-833-721-6012 (TTY 711)." in text
        assert "Us: Pat Example, Example Clinic, (510) 555-0100." in text
        assert "1-888-452-8609" in text


def test_rerun_of_a_later_day_leaves_the_page(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """The page goes by the day of the existing draft, so that both stay as they were handed out."""
    words = ("refer", write_case(), "--out", tmp_path / "d.eml", "--for-member", tmp_path / "p.html")
    assert run(*words, *DAY).code == 0
    before = (tmp_path / "p.html").read_bytes()
    again = run(*words, "--as-of", "2026-11-29")
    assert (again.code, (tmp_path / "p.html").read_bytes()) == (0, before)
    assert "p.html: unchanged" in again.err


def test_other_language_is_taken_once_reviewed(catalog: Policy) -> None:
    """A member who prefers another language gets that page if someone has reviewed it, else the English one."""
    english = catalog.follow_up_file.page[0]
    other = replace(english, language="es", name="Spanish", aliases=("Español",), title="Su solicitud")
    for reviewer, expected in (("", "en"), ("Pat Example", "es")):
        pages = (english, replace(other, reviewed_by=reviewer))
        policy = replace(catalog, follow_up_file=replace(catalog.follow_up_file, page=pages))
        assert page.page_for("español", policy).language == expected
        assert page.page_for("Tagalog", policy).language == "en"


MARKUP = {"member.last_name": "O'Hara & Sons", "referral.notes": "<script>alert(1)</script>\n\nSecond & last"}


@pytest.mark.parametrize("changes", [{}, OTHER_PLAN], ids=["e-mail", "sheet"])
def test_draft_as_a_page_has_every_line(
    run: Run, write_case: WriteCase, tmp_path: Path, changes: dict[str, object]
) -> None:
    """The page to print has the words of the text, line by line, on Letter paper; it runs and loads nothing."""
    case = write_case({**changes, **MARKUP})
    assert run("refer", case, "--out", tmp_path / "d.txt", *DAY).code == 0
    assert run("refer", case, "--out", tmp_path / "d.html", *DAY).code == 0
    source, text = (tmp_path / "d.html").read_text("utf-8"), (tmp_path / "d.txt").read_text("utf-8")
    read = Text(source)
    shown = [line for line in "\n".join(read.said).split("\n") if line.strip()]
    wanted = [line for line in text.split("\n") if line.strip()]
    assert [line for line in wanted if line not in shown] == []
    assert "size: letter" in source
    assert {"script", "link", "img", "iframe"}.isdisjoint(read.tags)
    assert "http" not in source.replace(html.escape(text), "") or "https://" in text
    assert is_private(tmp_path / "d.html")
