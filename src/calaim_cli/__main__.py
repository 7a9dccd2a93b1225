"""The entry of the command: `calaim`, or `python -m calaim_cli`."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the command line and leave with its exit code."""
    from calaim_cli.cli import main

    sys.exit(main())


if __name__ == "__main__":
    run()
