"""How the site is made from README and docs (see `make site`). The source folder is the repository's root."""

import shutil
from pathlib import Path

from sphinx.application import Sphinx

project = "calaim"
author = "The calaim maintainers"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md"]
exclude_patterns = [".*", "bench", "build", "data", "demo", "dist", "site", "src", "tests"]
html_theme = "furo"
html_title = "calaim"
html_show_copyright = False
html_copy_source = False
html_permalinks = True
myst_heading_anchors = 3
suppress_warnings = ["misc.highlighting_failure"]  # an example may be cut short

PAGES = """

```{toctree}
:hidden:
:glob:

docs/*
CONTRIBUTING
CHANGELOG
```
"""


def add_pages(app: Sphinx, name: str, source: list[str]) -> None:
    """Give the first page the list of the others, which GitHub would show as it is."""
    if name == root_doc:
        source[0] += PAGES


def finish(app: Sphinx, error: Exception | None) -> None:
    """Give the site its index, and the pictures that the first page shows."""
    if error is None:
        site = Path(app.outdir)
        shutil.copy(site / f"{root_doc}.html", site / "index.html")
        shutil.copytree(Path(app.srcdir) / "docs" / "pictures", site / "docs" / "pictures", dirs_exist_ok=True)


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("source-read", add_pages)
    app.connect("build-finished", finish)
