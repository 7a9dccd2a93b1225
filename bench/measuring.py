"""What the benchmarks share: fresh environments, words for the machine, and the page that keeps the tables."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
TAKEN_OUT = ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "CALAIM_DATA", "FORCE_COLOR")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in TAKEN_OUT} | {
    "TERM": "xterm-256color",
    "CALAIM_PROFILE": "no-profile.toml",
}


def keep(name: str, text: str) -> None:
    """Put tables between the marks of this name in the page."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = PAGE.read_text("utf-8").partition(begin)
    PAGE.write_text(f"{before}{begin}\n{text}\n\n{end}{rest.partition(end)[2]}", "utf-8")


def machine() -> str:
    """What it was measured on, without a name."""
    cpu = next((line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if "model name" in line), "")
    system = next((line.partition("=")[2].strip('"') for line in _lines("/etc/os-release") if "PRETTY" in line), "")
    return f"{os.cpu_count()} processors ({cpu}), {system or platform.system()}, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines() if Path(path).exists() else []


def installed(scratch: Path) -> tuple[str, str]:
    """The interpreter and the command of a fresh environment with the wheel."""
    wheels = scratch / "wheels"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    binaries = environment(scratch / "calaim", *map(str, wheels.glob("*.whl")))
    return str(binaries / "python"), str(binaries / "calaim")


def environment(folder: Path, *requirements: str) -> Path:
    """The folder of commands of a fresh environment with a current pip, and without setuptools of its own."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = str(folder / "bin" / "python")
    for words in (["install", "--upgrade", "pip"], ["uninstall", "-y", "setuptools"], ["install", *requirements]):
        subprocess.run([python, "-m", "pip", *words, "--quiet"], env=ENVIRONMENT, stderr=subprocess.DEVNULL, check=True)
    return folder / "bin"
