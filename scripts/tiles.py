"""Draws docs/pictures/offered-*.svg: the 58 counties as tiles, where a plan offers a service. With --check it compares.

The tiles stand roughly where the counties lie. A letter says what the color says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from calaim_cli.policy import load
from calaim_cli.policy.places import KP, plans_of
from calaim_cli.policy.policy import Policy

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
SERVICE = "sobering_centers"
# From north to south and from the coast to the east, by the first letters of the name that no other county has.
ROWS = (
    ("Del", "Sis", "Mod"),
    ("Hum", "Tri", "Sha", "Las"),
    ("Men", "Gle", "Teh", "Plu"),
    ("Lake", "Col", "But", "Sie"),
    ("Son", "Yol", "Sut", "Yub", "Nev"),
    ("Nap", "Sacr", "Pla", "El D", "Alp"),
    ("Marin", "Sol", "San J", "Ama", "Cal", "Mono"),
    ("San F", "Con", "Sta", "Tuo", "Marip", "Iny"),
    ("San M", "Alam", "Mer", "Mad", "Fre"),
    ("Santa Cr", "Santa Cl", "San Beni", "Kin", "Tul"),
    ("Mont", "San L", "Ker", "San Bern"),
    ("Santa B", "Ven", "Los", "Riv"),
    ("Ora", "San D", "Imp"),
)
SHIFTS = (0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3)
"""How many tiles the coast has gone to the east by each row."""
STATES = {
    "Y": ("offered", "#1a7f37"),
    "N": ("not offered", "#b35900"),
    "?": ("not known: ask the plan", "#8250df"),
    "-": ("the plan does not serve the county", "#8c959f"),
}
SIZE, GAP = 58, 4
INKS = {"light": "#1f2328", "dark": "#e6edf3"}


def state(policy: Policy, name: str) -> str:
    """The letter of STATES for a county, for KP's members there."""
    county = next(one for one in policy.counties_file.county if one.name == name)
    if KP not in plans_of(county):
        return "-"
    return {True: "Y", False: "N", None: "?"}[policy.offered(KP, SERVICE, county)]


def placed(policy: Policy) -> Iterator[tuple[str, int, int]]:
    """Each county's name with its column and row. Raises LookupError unless each stands once."""
    names = [county.name for county in policy.counties_file.county]
    found = []
    for row, starts in enumerate(ROWS):
        for column, start in enumerate(starts):
            (name,) = [one for one in names if one.startswith(start)]
            found.append(name)
            yield name, column + SHIFTS[row], row
    if sorted(found) != sorted(names):
        raise LookupError(f"not a tile each: {set(names) ^ set(found)}")


def drawn(policy: Policy, theme: str) -> str:
    """The picture in a theme."""
    step, ink, top = SIZE + GAP, INKS[theme], 30
    title = f"{policy.services[SERVICE].name}: where {policy.plans[KP].name} offers it"
    parts = [f'<text x="0" y="16" font-size="15" fill="{ink}">{escape(title)}</text>']
    for name, column, row in placed(policy):
        letter = state(policy, name)
        x, y = column * step, top + row * step
        parts.append(f'<rect x="{x}" y="{y}" width="{SIZE}" height="{SIZE}" rx="6" fill="{STATES[letter][1]}"/>')
        parts.append(f'<text x="{x + SIZE / 2}" y="{y + 24}" {WHITE} font-size="17" font-weight="bold">{letter}</text>')
        for line, words in enumerate(folded(name)):
            parts.append(f'<text x="{x + SIZE / 2}" y="{y + 40 + 11 * line}" {WHITE} font-size="9.5">{words}</text>')
    for line, (letter, (words, color)) in enumerate(STATES.items()):
        y = top + 24 * line
        parts.append(f'<rect x="{LEGEND}" y="{y}" width="18" height="18" rx="3" fill="{color}"/>')
        parts.append(f'<text x="{LEGEND + 9}" y="{y + 14}" {WHITE} font-size="12" font-weight="bold">{letter}</text>')
        parts.append(f'<text x="{LEGEND + 26}" y="{y + 14}" font-size="13" fill="{ink}">{escape(words)}</text>')
    size = f'viewBox="0 0 {LEGEND + 260} {top + len(ROWS) * step}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
    return "\n".join((head, *parts, "</svg>\n"))


ON_ONE_LINE = 9
LEGEND = 6 * (SIZE + GAP) + 20
WHITE = 'text-anchor="middle" fill="#fff"'


def folded(name: str) -> list[str]:
    """The name in one line, or in two where it is long."""
    first, _, rest = name.partition(" ")
    return [first, rest] if rest and len(name) > ON_ONE_LINE else [name]


def main() -> int:
    """Draw the pictures, or with --check say which are not current."""
    policy = load.load()
    wanted = {FOLDER / f"offered-{theme}.svg": drawn(policy, theme) for theme in INKS}
    if "--check" in sys.argv:
        old = [path.name for path, svg in wanted.items() if not path.exists() or path.read_text("utf-8") != svg]
        print(*(f"docs/pictures/{name} is not current: run make docs" for name in old), sep="\n", end="")
        return 1 if old else 0
    for path, svg in wanted.items():
        path.write_text(svg, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
