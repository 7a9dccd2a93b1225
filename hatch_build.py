"""Build hook: puts the answers and the policy as JSON into a wheel. An editable install reads `data/` itself."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Answers(BuildHookInterface[Any]):
    """Writes what `data/` says with the package's own code, before the wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from calaim_cli.show import answers

        self.folder = Path(tempfile.mkdtemp())
        answers.write(root / "data", self.folder)
        build_data["force_include"][str(self.folder)] = "calaim_cli/data/answers"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            shutil.rmtree(self.folder)
