"""Write the golden drafts anew, by hand, after a change that is meant to change drafts. Then read what differs.

Run it from the project's folder: python scripts/golden.py
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from calaim_cli.policy import load  # noqa: E402
from drafts import golden_drafts  # noqa: E402 it lies among the tests


def main() -> None:
    """Write each draft to tests/golden and say which ones changed."""
    folder = ROOT / "tests" / "golden"
    folder.mkdir(exist_ok=True)
    for name, content in golden_drafts(load.load()).items():
        path = folder / f"{name}.eml"
        before = path.read_bytes() if path.exists() else b""
        path.write_bytes(content)
        print(f"{path.relative_to(ROOT)}: {'unchanged' if before == content else 'written: read it'}")


if __name__ == "__main__":
    main()
