"""Pages to print: the page for the member in plain words, and a draft as a web page. The one user of `html`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from html import escape
from string import Formatter
from typing import Final

from msgspec import Struct

from calaim_cli.base.wording import name_key
from calaim_cli.decide import follow_up
from calaim_cli.decide.follow_up import Due, Step, Story
from calaim_cli.draft.body import reads_left_to_right, wrapped
from calaim_cli.draft.draft import Drafted, as_text
from calaim_cli.policy.follow_up import ENGLISH, SENT, Page
from calaim_cli.policy.policy import Policy

# Letter paper, black on white; nothing is loaded from anywhere.
STYLE: Final = """\
@page { size: letter; margin: 0.5in 0.75in }
body { font: 9pt/1.18 sans-serif; color: #000; background: #fff; max-width: 7in; margin: 0 auto }
h1 { font-size: 1.4em; margin: 0 0 0.3em }
h2 { font-size: 1.05em; margin: 0.65em 0 0.15em; break-after: avoid }
p { margin: 0 0 0.2em; white-space: pre-wrap; overflow-wrap: anywhere }
ul { margin: 0.2em 0 0.4em }
body.member { font-size: 14pt; line-height: 1.4 }
.member h2 { margin-top: 0.9em }
.member p { margin-bottom: 0.3em; break-inside: avoid }
@media screen { body { padding: 0.5in 0.25in } }
"""
FORMATTER: Final = Formatter()


class Paper(Struct, frozen=True):
    """A page in a language: its title, then sections of a title, lines and points."""

    language: str
    title: str
    sections: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]


def page_for(language: str, policy: Policy) -> Page:
    """The page in the member's preferred language where somebody has reviewed one, else in English."""
    pages, key = policy.follow_up_file.page, name_key(language)
    english = next(one for one in pages if one.language == ENGLISH)
    named = (one for one in pages if key in {name_key(name) for name in (one.language, one.name, *one.aliases)})
    found = next(named, english)
    return found if found.reviewed_by else english


def member_page(drafted: Drafted, sent: date, policy: Policy) -> Paper:
    """The page for the member of a draft that is sent that day: her first name, and nothing on health.

    A line whose places are not all known is left out.
    """
    referral = drafted.case.referral
    page = page_for(drafted.case.member.preferred_language, policy)
    values = _values(drafted, sent, policy)
    asked = tuple(page.asked[one] for one in (referral.services or (referral.program,)))
    sections = []
    for one in page.sections:
        known = [line for line in one.lines if all(values.get(name) for _, name, _, _ in FORMATTER.parse(line) if name)]
        lines = tuple(line.format(**values) for line in known)
        sections.append((one.title, lines, asked if one.lists_asked else ()))
    return Paper(page.language, page.title, tuple(sections))


def running(drafted: Drafted, sent: date, policy: Policy) -> tuple[Due, ...]:
    """The clocks that run once a draft is sent that day, soonest first."""
    referral, plan, steps = drafted.case.referral, drafted.goes.plan.id, (Step(SENT, sent),)
    story = Story("", "", plan, referral.program, (), drafted.route_id, referral.expedited, steps)
    return follow_up.clocks_of(story, sent, policy)


def _values(drafted: Drafted, sent: date, policy: Policy) -> Mapping[str, str]:
    """What fills the places of a page; "" where it is not known."""
    plan, referrer, clocks = drafted.goes.plan, drafted.case.referrer, running(drafted, sent, policy)
    decides = [_spoken(due.last_day) for due in clocks if not due.clock.own]
    asks = [_spoken(due.last_day) for due in clocks if due.clock.promise]
    lines = follow_up.lines_to_ask(plan.id, drafted.route_id, policy)
    return {one.id: _phone(one.phone, one.tty) for one in policy.counties_file.contact} | {
        "first_name": drafted.case.member.first_name,
        "plan": plan.name,
        "decide_by": decides[0] if decides else "",
        "ask_after": asks[-1] if asks and not decides else "",
        "plan_phone": " or ".join(dict.fromkeys(_phone(one.address, one.tty) for one in lines)),
        "referrer": ", ".join(filter(None, (referrer.name, referrer.organization))),
        "organization": referrer.organization,
        "referrer_phone": referrer.phone,
    }


def _phone(number: str, tty: str) -> str:
    return f"{number} (TTY {tty})" if number and tty else number


def _spoken(day: date) -> str:
    """A day as it is said, in numbers, which every language reads: 12/1/2026."""
    return f"{day.month}/{day.day}/{day.year}"


def paper_text(paper: Paper) -> str:
    """The page as lines of at most 72 columns."""
    lines = [paper.title.upper(), ""]
    for title, said, points in paper.sections:
        lines += [title, *(line for one in said for line in wrapped(one))]
        lines += [*(line for one in points for line in wrapped(one, "- ", "  ")), ""]
    return "".join(f"{line}\n" for line in lines[:-1])


def paper_html(paper: Paper) -> str:
    """The page as a web page, in large print."""
    body = [f"<h1>{escape(paper.title)}</h1>"]
    for title, said, points in paper.sections:
        body += [f"<h2>{escape(title)}</h2>", *(f"<p>{escape(one)}</p>" for one in said)]
        body += ["<ul>", *(f"<li>{escape(one)}</li>" for one in points), "</ul>"] if points else []
    return _html(paper.language, paper.title, body, "member")


def draft_html(drafted: Drafted, policy: Policy) -> str:
    """A draft as a web page, section by section, its words and lines as in the text."""
    titles = {section.title for section in policy.form_of(drafted.goes.plan.id).sections}
    first, *lines = as_text(drafted.draft).rstrip("\n").split("\n")
    body, paragraph = [f"<h1>{escape(first)}</h1>"], list[str]()
    for line in (*lines, ""):
        if line and line not in titles:
            paragraph.append(line)
            continue
        text = "\n".join(paragraph)
        direction = "" if reads_left_to_right(text) else ' dir="auto"'
        body += [f"<p{direction}>{escape(text)}</p>"] if text else []
        body += [f"<h2>{escape(line)}</h2>"] if line else []
        paragraph = []
    return _html(ENGLISH, first, body)


def _html(language: str, title: str, body: Iterable[str], kind: str = "draft") -> str:
    head = f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
    style = f"<title>{escape(title)}</title>\n<style>\n{STYLE}</style>\n</head>\n"
    return "".join([head, style, f'<body class="{kind}">\n', *(f"{one}\n" for one in body), "</body>\n</html>\n"])
