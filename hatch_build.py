"""Build hook: puts the compiled data into a wheel. An editable install has none and reads `data/` itself."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledData(BuildHookInterface[Any]):
    """Compiles `data/` with the package's own code before the wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root / "src"))
        from calaim_cli import compiling

        self.folder = Path(tempfile.mkdtemp())
        compiling.write(root / "data", self.folder)
        build_data["force_include"] |= {str(path): f"calaim_cli/data/{path.name}" for path in self.folder.iterdir()}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            shutil.rmtree(self.folder)
