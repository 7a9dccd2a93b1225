"""The entry of the command: `calaim`, or `python -m calaim_cli`."""

import gc
import sys

from calaim_cli import quick


def run() -> None:
    """Run the command line and leave with its exit code. Most questions of scripts need no more than `quick`."""
    text = quick.quick_text(sys.argv[1:])
    if text is not None:
        sys.exit(write(text))
    # What is loaded now stays: to look through it for garbage takes a tenth of the start.
    gc.disable()
    from calaim_cli.cli import main

    gc.freeze()
    gc.enable()
    sys.exit(main())


def write(text: str | bytes) -> int:
    """Write a quick answer to stdout, which fails as it does for every command."""
    try:
        if isinstance(text, bytes):
            sys.stdout.buffer.write(text)
        else:
            sys.stdout.reconfigure(errors="backslashreplace", newline="\n")  # type: ignore[union-attr]
            sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        from calaim_cli.base.streams import undelivered
        from calaim_cli.cli import failed

        return failed(undelivered(error))
    return 0


if __name__ == "__main__":
    run()
