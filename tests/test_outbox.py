"""The outbox: files with member data are private, whole or not there, and never written over something different."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from calaim_cli.errors import OutputRefused
from calaim_cli.folder import Status
from calaim_cli.outbox import save

CONTENT, OTHER = b"a draft\r\n", b"another draft\r\n"
NOBODY = 65534


@pytest.fixture(params=[0o022, 0o000, 0o077], ids=["umask 022", "umask 000", "umask 077"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    """The user's umask, which must not matter."""
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def refused(path: Path, *, replace: bool = False) -> OutputRefused:
    """What is said when the content is not to be written there."""
    with pytest.raises(OutputRefused) as caught:
        save(path, CONTENT, replace=replace)
    assert caught.value.exit_code == 6
    assert str(path) in caught.value.message
    return caught.value


def names(folder: Path) -> list[str]:
    """What is in the folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("replaced", [False, True], ids=["new", "replaced"])
def test_file_is_for_its_owner_only(tmp_path: Path, replaced: bool) -> None:
    """Whatever the umask, nobody else can read a draft, also where it replaces a file that others could read."""
    path = tmp_path / "draft.eml"
    if replaced:
        path.write_bytes(OTHER)
        path.chmod(0o644)
    assert save(path, CONTENT, replace=replaced) is Status.WRITTEN
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_content_is_written_byte_for_byte(tmp_path: Path) -> None:
    """Line ends and encoding are those of the draft on every system."""
    path = tmp_path / "draft.eml"
    content = bytes(range(256)) + b"\r\n\n\r"
    save(path, content)
    assert path.read_bytes() == content


def test_same_content_is_left_alone(tmp_path: Path) -> None:
    """A rerun does not touch a file that is already as it should be."""
    path = tmp_path / "draft.eml"
    save(path, CONTENT)
    before = path.stat()
    assert save(path, CONTENT) is Status.UNCHANGED
    assert save(path, CONTENT, replace=True) is Status.UNCHANGED
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("there", [OTHER, b"", CONTENT + b"x", CONTENT[:-1]], ids=["other", "empty", "longer", "cut"])
def test_differing_file_is_kept(tmp_path: Path, there: bytes) -> None:
    """What somebody may have edited is never overwritten unasked."""
    path = tmp_path / "draft.eml"
    path.write_bytes(there)
    assert "--force" in refused(path).message
    assert path.read_bytes() == there


def test_force_replaces_a_differing_file(tmp_path: Path) -> None:
    """Asked to, the new draft takes the place of the old one in one step."""
    path = tmp_path / "draft.eml"
    path.write_bytes(OTHER)
    assert save(path, CONTENT, replace=True) is Status.WRITTEN
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("replace", [False, True], ids=["plain", "force"])
@pytest.mark.parametrize("exists", [False, True], ids=["dangling", "to a file"])
def test_symlink_is_not_followed(tmp_path: Path, exists: bool, replace: bool) -> None:
    """A link put in the way leads member data nowhere: it is refused and its target untouched."""
    target, link = tmp_path / "target", tmp_path / "draft.eml"
    if exists:
        target.write_bytes(OTHER)
    link.symlink_to(target)
    refused(link, replace=replace)
    assert link.is_symlink()
    assert (target.read_bytes() if exists else target.exists()) == (OTHER if exists else False)


@pytest.mark.parametrize("replace", [False, True], ids=["plain", "force"])
def test_folder_is_not_replaced(tmp_path: Path, replace: bool) -> None:
    """A folder of that name is refused as it is."""
    refused(tmp_path, replace=replace)


def test_special_file_is_not_written_to(tmp_path: Path) -> None:
    """A named pipe is no place for a draft, and is not waited for."""
    pipe = tmp_path / "draft.eml"
    os.mkfifo(pipe)
    refused(pipe, replace=True)


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    """A folder that is not there is not made up: the name may be mistyped."""
    path = tmp_path / "absent" / "draft.eml"
    error = refused(path)
    assert error.code == "no-folder"
    assert error.message.endswith(f"there is no folder {path.parent}: make it first")
    assert not path.parent.exists()


def test_file_for_a_folder_is_refused(tmp_path: Path) -> None:
    """A path through a file cannot be written."""
    (tmp_path / "file").write_bytes(b"")
    refused(tmp_path / "file" / "draft.eml")


def test_too_long_name_is_refused(tmp_path: Path) -> None:
    """A name the system cannot take is an answer, not a traceback."""
    refused(tmp_path / ("x" * 300))


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder that this process may not write to, not even where root runs the tests."""
    before = os.geteuid()
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        if before == 0:
            os.seteuid(NOBODY)
        yield Path(name)
        os.seteuid(before)


def test_folder_without_permission_is_refused(closed: Path) -> None:
    """A folder that may not be written to is named."""
    refused(closed / "draft.eml")


@pytest.mark.parametrize("there", [None, CONTENT, OTHER], ids=["new", "unchanged", "refused"])
def test_no_temporary_file_is_left(tmp_path: Path, there: bytes | None) -> None:
    """Whatever becomes of the output, nothing half-written stays beside it."""
    path = tmp_path / "draft.eml"
    if there is not None:
        path.write_bytes(there)
    if there == OTHER:
        refused(path)
    else:
        save(path, CONTENT)
    assert names(tmp_path) == ["draft.eml"]


def test_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk is full there is no draft and no half of one, and the reason is told."""

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in refused(tmp_path / "draft.eml").message
    assert names(tmp_path) == []


def test_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program that writes the same name first does not lose its file."""
    path = tmp_path / "draft.eml"
    really_sync = os.fsync

    def sync_too_late(descriptor: int) -> None:
        really_sync(descriptor)
        path.write_bytes(OTHER)

    monkeypatch.setattr(os, "fsync", sync_too_late)
    refused(path)
    assert path.read_bytes() == OTHER
    assert names(tmp_path) == ["draft.eml"]


@pytest.mark.skipif(os.name != "posix", reason="needs owners and modes")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666, 0o700])
def test_unchanged_file_becomes_private(tmp_path: Path, mode: int) -> None:
    """A draft that is there already, readable by others, is closed to them although its bytes are left alone."""
    path = tmp_path / "draft.eml"
    path.write_bytes(CONTENT)
    path.chmod(mode)
    before = path.stat()
    assert save(path, CONTENT) is Status.UNCHANGED
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
