"""Files of a run: private, whole under their names or not there; nothing of others is touched or written over."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from calaim_cli.base import files, system
from calaim_cli.base.errors import CalaimError, InputError, Locked, OutputRefused
from calaim_cli.base.files import Folder, Found, Status, save
from runs import without_directory_descriptors, without_hard_links

WHOLE = b"a draft, all of it"
CONTENT, OTHER = b"a draft\r\n", b"another draft\r\n"
NOBODY = 65534
LACKING: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "nothing": lambda _: None,
    "hard links": without_hard_links,
    "directory descriptors": without_directory_descriptors,
}
"""What a system may lack, and how to take it away."""


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the folder is, or will be."""
    return tmp_path / "out"


@pytest.fixture(params=LACKING)
def system_lacks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each system once; gives what it lacks."""
    LACKING[request.param](monkeypatch)
    return str(request.param)


@pytest.fixture
def place(out: Path, system_lacks: str) -> Iterator[Folder]:
    """A new folder, locked for this run, on a system that has all or lacks something."""
    with files.opened(out) as opened:
        yield opened


def names(path: Path) -> list[str]:
    """What a user sees there."""
    return sorted(one.name for one in path.iterdir() if one.name != files.LOCK)


def mode(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.unix("file modes")
def test_put_again_changes_nothing(place: Folder, out: Path) -> None:
    """A file appears whole and private; writing it again changes nothing, and other content never replaces it."""
    assert [place.put("draft", content) for content in (WHOLE, WHOLE, b"another")] == [
        Status.WRITTEN,
        Status.UNCHANGED,
        Status.CONFLICT,
    ]
    assert names(out) == ["draft"]
    assert ((out / "draft").read_bytes(), mode(out / "draft")) == (WHOLE, 0o600)


@pytest.mark.parametrize("content", [b"", b"x" * 3_000_000], ids=["nothing", "3 MB"])
def test_put_any_size(place: Folder, out: Path, content: bytes) -> None:
    """Size makes no difference."""
    assert place.put("draft", content) is Status.WRITTEN
    assert (out / "draft").read_bytes() == content
    assert place.put("draft", content) is Status.UNCHANGED


TORN = [b"", WHOLE[:5], WHOLE[:5] + bytes(len(WHOLE) - 5), bytes(len(WHOLE))]
FOREIGN = [b"mine", WHOLE + b"!", WHOLE[:5] + b"\0!", WHOLE + bytes(4)]


@pytest.mark.parametrize(
    ("found", "status"), [*((one, Status.WRITTEN) for one in TORN), *((one, Status.CONFLICT) for one in FOREIGN)]
)
def test_only_a_torn_file_is_made_whole(place: Folder, out: Path, found: bytes, status: Status) -> None:
    """What a power failure leaves (nothing, a beginning, NULs) is replaced; any other file never is."""
    (out / "draft").write_bytes(found)
    assert files.could_be(found, WHOLE) is (status is Status.WRITTEN)
    assert place.put("draft", WHOLE) is status
    assert (out / "draft").read_bytes() == (WHOLE if status is Status.WRITTEN else found)
    assert names(out) == ["draft"]


def test_large_torn_file_is_known_by_pieces(place: Folder, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a power failure cut a file between the pieces compared, it is recognized; other content never is."""
    monkeypatch.setattr(files, "PIECE", 4)
    torn = [WHOLE[:n] + bytes(m - n) for n in range(len(WHOLE)) for m in (n, n + 1, len(WHOLE))]
    foreign = [WHOLE[:n] + bytes(2) + b"!" for n in range(len(WHOLE) - 3)]
    for found in (*torn, *foreign):
        (out / "draft").write_bytes(found)
        assert place.put("draft", WHOLE) is (Status.WRITTEN if found in torn else Status.CONFLICT), found


@pytest.mark.unix("named pipes")
def test_find_tells_plain_files_from_all_else(place: Folder, out: Path) -> None:
    """A link is not followed, a pipe is not waited for, and only a plain file is read."""
    (out / "file").write_bytes(WHOLE)
    (out / "folder").mkdir()
    (out / "link").symlink_to(out / "file")
    (out / "dangling").symlink_to(out / "nowhere")
    os.mkfifo(out / "pipe")
    assert place.find("absent") == Found(exists=False)
    assert place.find("file") == Found(exists=True, content=WHOLE)
    assert [place.find("file", most).content for most in (0, 5, 99)] == [b"", WHOLE[:5], WHOLE]
    for name in ("folder", "link", "dangling", "pipe"):
        assert place.find(name) == Found(exists=True), name


@pytest.mark.unix("symbolic links")
@pytest.mark.parametrize("cut", [1, 4, 100])
def test_file_is_compared_piece_by_piece(place: Folder, out: Path, cut: int) -> None:
    """Only a plain file with exactly these bytes is unchanged, however they are cut; only a torn one is rewritten."""
    (out / "file").write_bytes(WHOLE)
    (out / "link").symlink_to(out / "file")

    def pieces(content: bytes) -> list[bytes]:
        return [content[at : at + cut] for at in range(0, len(content), cut)]

    assert place.compared("file", pieces(WHOLE)) is Status.UNCHANGED
    assert place.compared("file", pieces(WHOLE + b"!")) is Status.WRITTEN
    for other in (b"", WHOLE[:-1], b"A" + WHOLE[1:]):
        assert place.compared("file", pieces(other)) is Status.CONFLICT
    assert place.compared("link", pieces(WHOLE)) is Status.CONFLICT
    assert place.compared("absent", []) is Status.CONFLICT


@pytest.mark.parametrize(("content", "status"), [(WHOLE, Status.UNCHANGED), (OTHER, Status.CONFLICT)])
def test_publish_compares_only_where_something_stands(place: Folder, out: Path, content: bytes, status: Status) -> None:
    """A free name is used; for a taken one, the content shows whether it is the same."""
    for written, wanted in ((WHOLE, Status.WRITTEN), (content, status)):
        with place.temporary("any") as pile:
            pile.write(written)
            assert place.publish(pile, "first") is wanted
    assert ((out / "first").read_bytes(), names(out)) == (WHOLE, ["first"])


@pytest.mark.unix("file modes")
def test_own_lists_are_replaced_and_removed(place: Folder, out: Path) -> None:
    """A list from an earlier run is replaced by the new one in one step, and removed when it no longer applies."""
    place.replace("report.csv", [b"one\n"])
    before = (out / "report.csv").stat().st_ino
    place.replace("report.csv", [b"one\n", b"two\n"])
    assert (out / "report.csv").read_bytes() == b"one\ntwo\n"
    assert (out / "report.csv").stat().st_ino != before
    assert mode(out / "report.csv") == 0o600
    place.remove("report.csv")
    assert names(out) == []


@pytest.mark.unix("symbolic links")
def test_sweep_takes_only_what_a_crash_left(out: Path) -> None:
    """Our own temporary files are removed; links, folders and all other names stay."""
    out.mkdir(mode=0o700)
    kept = ["notes.txt", f"{files.TEMPORARY}folder", f"{files.TEMPORARY}link", "x" + files.TEMPORARY]
    (out / kept[0]).write_bytes(b"mine")
    (out / kept[1]).mkdir()
    (out / kept[2]).symlink_to(out / kept[0])
    (out / kept[3]).write_bytes(b"mine")
    (out / f"{files.TEMPORARY}0001-ecm.eml").write_bytes(b"half")
    with files.opened(out):
        assert names(out) == sorted(kept)


def test_sweep_leaves_what_another_run_is_writing(out: Path) -> None:
    """A locked temporary file belongs to a run that is still going, in whatever folder: it stays."""
    out.mkdir()
    with files.beside(out / "a.zip") as place, place.temporary("a.zip"):
        with files.opened(out):
            assert names(out) == [".tmp-a.zip"]
        assert save(out / "b.eml", CONTENT) is Status.WRITTEN
        assert names(out) == [".tmp-a.zip", "b.eml"]
    assert names(out) == ["b.eml"]


@pytest.mark.parametrize("write", ["save", "folder", "file"])
def test_what_a_kill_left_is_swept_by_the_next_writer(out: Path, write: str) -> None:
    """The next draft, case or batch written there removes what a killed run had begun."""
    out.mkdir()
    (out / ".tmp-case.toml").write_bytes(b"half")
    if write == "save":
        save(out / "draft.eml", CONTENT)
        assert names(out) == ["draft.eml"]
    else:
        with files.opened(out) if write == "folder" else files.beside(out / "a.zip"):
            assert names(out) == []


def test_temporary_file_is_gone_whatever_happens(place: Folder, out: Path) -> None:
    """An error halfway leaves neither the name nor anything else."""
    begun: list[str] = []
    with suppress(ZeroDivisionError), place.temporary("draft") as pile:
        pile.write(b"half")
        begun += names(out)
        raise ZeroDivisionError
    assert (begun, names(out)) == ([".tmp-draft"], [])


@pytest.mark.unix("folder modes")
def test_folder_is_made_for_its_owner(out: Path) -> None:
    """A new folder is private, an existing one keeps its permissions, and parent folders are never created."""
    with files.opened(out) as place:
        assert mode(out) == 0o700
        place.put("draft", WHOLE)
    out.chmod(0o755)
    with files.opened(out):
        assert (mode(out), mode(out / files.LOCK)) == (0o755, 0o600)
    with pytest.raises(FileNotFoundError), files.opened(out / "absent" / "deeper"):
        pass
    assert names(out) == ["draft"]


def test_folder_made_in_vain_is_gone(out: Path) -> None:
    """A run that writes nothing leaves no empty folder behind, but never removes one that was there."""
    with pytest.raises(ZeroDivisionError), files.opened(out):
        raise ZeroDivisionError
    assert not out.exists()
    out.mkdir()
    with files.opened(out):
        pass
    assert names(out) == []


def test_only_one_run_works_there(out: Path) -> None:
    """A second run is told at once; after the first has ended it may go ahead."""
    with files.opened(out) as place:
        place.put("draft", WHOLE)
        with pytest.raises(Locked), files.opened(out):
            pass
        assert names(out) == ["draft"]
    with files.opened(out) as place:
        assert place.put("draft", WHOLE) is Status.UNCHANGED


@pytest.mark.parametrize("content", [b"mine", b"dd", b"d\n", b"\0"])
def test_lock_that_is_not_ours_is_refused(out: Path, content: bytes) -> None:
    """Another person's file under the lock's name is not emptied, and nothing is written next to it."""
    out.mkdir()
    (out / files.LOCK).write_bytes(content)
    with pytest.raises(OutputRefused), files.opened(out):
        pass
    assert (out / files.LOCK).read_bytes() == content


@pytest.mark.unix("symbolic links")
@pytest.mark.parametrize("link", ["second name", "symbolic"])
def test_lock_that_is_a_link_is_refused(tmp_path: Path, out: Path, link: str) -> None:
    """A link under the lock's name leads to no file being locked, emptied or removed."""
    out.mkdir()
    (tmp_path / "mine").write_bytes(b"")
    if link == "symbolic":
        (out / files.LOCK).symlink_to(tmp_path / "mine")
    else:
        (out / files.LOCK).hardlink_to(tmp_path / "mine")
    with pytest.raises(OutputRefused), files.worded(out), files.opened(out):
        pass
    assert (tmp_path / "mine").exists()
    assert os.path.lexists(out / files.LOCK)


@pytest.mark.parametrize("content", [b"", b"d"])
def test_lock_of_an_earlier_run_is_used_again(out: Path, content: bytes) -> None:
    """What a killed run left, even one of version 0.1, holds nobody up."""
    out.mkdir()
    (out / files.LOCK).write_bytes(content)
    with files.opened(out) as place:
        assert place.put("draft", WHOLE) is Status.WRITTEN


@pytest.mark.unix("file modes")
def test_files_beside_each_other_do_not_wait(tmp_path: Path) -> None:
    """The lock of a file is for this file alone, private, and gone at the end."""
    with (
        files.beside(tmp_path / "a.zip") as place,
        files.beside(tmp_path / "b.zip") as other,
        place.temporary("a.zip") as whole,
        other.temporary("b.zip"),
    ):
        assert names(tmp_path) == [".tmp-a.zip", ".tmp-b.zip"]
        assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
        with pytest.raises(Locked), files.beside(tmp_path / "a.zip") as third, third.temporary("a.zip"):
            pass
        whole.write(WHOLE)
        assert place.publish(whole, "a.zip") is Status.WRITTEN
    assert names(tmp_path) == ["a.zip"]
    assert (tmp_path / "a.zip").read_bytes() == WHOLE


def test_crash_between_link_and_unlink(tmp_path: Path) -> None:
    """A temporary file that already has its final name gives up the other; the finished file is not touched."""
    (tmp_path / ".tmp-a.zip").write_bytes(WHOLE)
    (tmp_path / "a.zip").hardlink_to(tmp_path / ".tmp-a.zip")
    with files.beside(tmp_path / "a.zip"):
        assert (tmp_path / "a.zip").read_bytes() == WHOLE
        assert (tmp_path / "a.zip").stat().st_nlink == 1
    assert names(tmp_path) == ["a.zip"]


def test_pile_grows_without_a_name(place: Folder, out: Path) -> None:
    """Waiting data is in no directory listing (on Windows, until closed), and comes back in order, in pieces."""
    pile = place.pile("drafts")
    assert names(out) == ([".tmp-drafts"] if system.VANISHING else [])
    parts = [bytes([n]) * 400_000 for n in range(8)]
    assert [pile.write(part) for part in parts] == [400_000] * 8
    assert b"".join(pile.pieces()) == b"".join(parts)
    assert pile.read(400_000, 3) == b"\1\1\1"
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        pile.read(pile.size - 1, 2)
    pile.close()
    pile.close()
    assert names(out) == []


def test_bytes_are_brought_to_the_disk_once_and_only_where_something_changed(
    place: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that writes nothing does not wait for a disk."""
    waited: list[bool] = []
    monkeypatch.setattr(os, "sync", lambda: waited.append(True), raising=False)
    place.confirm()
    assert waited == []
    place.put("draft", WHOLE)
    place.put("other", WHOLE)
    place.confirm()
    assert waited == [True]


@pytest.mark.unix("the device /dev/zero")
@pytest.mark.parametrize("largest", [0, 9, 1000])
def test_input_is_limited_while_it_is_read(tmp_path: Path, largest: int) -> None:
    """A file or pipe has a size limit; one that never ends is refused as soon as it exceeds it."""
    (tmp_path / "file").write_bytes(b"x" * largest)
    assert len(files.read_text(str(tmp_path / "file"), largest)) == largest
    (tmp_path / "file").write_bytes(b"x" * (largest + 1))
    with pytest.raises(InputError) as caught:
        files.read_text(str(tmp_path / "file"), largest)
    assert caught.value.code == "too-large"
    with pytest.raises(InputError):
        files.read_text("/dev/zero", largest)


@pytest.mark.unix("error numbers of quotas")
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "no-space"),
        (errno.EDQUOT, "no-space"),
        (errno.EFBIG, "no-space"),
        (errno.EACCES, "not-writable"),
        (errno.EROFS, "not-writable"),
        (errno.ENOENT, "not-writable"),
    ],
)
def test_what_goes_wrong_is_told_about_the_folder(number: int, code: str) -> None:
    """The error names the path that the user gave and the system's reason, not an internal file."""
    with pytest.raises(OutputRefused) as caught, files.worded(Path("drafts")):
        raise OSError(number, os.strerror(number), "0001-ecm.eml")
    assert (caught.value.code, caught.value.exit_code) == (code, 6)
    assert caught.value.message == f"drafts: cannot be written: {os.strerror(number)}"


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


@pytest.mark.unix("file modes")
@pytest.mark.usefixtures("umask")
@pytest.mark.parametrize("replaced", [False, True], ids=["new", "replaced"])
def test_file_is_for_its_owner_only(tmp_path: Path, replaced: bool) -> None:
    """Whatever the umask, nobody else can read a draft, even one that replaces a file others could read."""
    path = tmp_path / "draft.eml"
    if replaced:
        path.write_bytes(OTHER)
        path.chmod(0o644)
    assert save(path, CONTENT, replace=replaced) is Status.WRITTEN
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_content_is_written_byte_for_byte(tmp_path: Path) -> None:
    """Line ends and encoding are the draft's own on every system."""
    path = tmp_path / "draft.eml"
    content = bytes(range(256)) + b"\r\n\n\r"
    save(path, content)
    assert path.read_bytes() == content


def test_same_content_is_left_alone(tmp_path: Path) -> None:
    """A rerun does not touch a file that is already right."""
    path = tmp_path / "draft.eml"
    save(path, CONTENT)
    before = path.stat()
    assert save(path, CONTENT) is Status.UNCHANGED
    assert save(path, CONTENT, replace=True) is Status.UNCHANGED
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("there", [OTHER, CONTENT + b"x", CONTENT[1:]], ids=["other", "longer", "cut in front"])
def test_differing_file_is_kept(tmp_path: Path, there: bytes) -> None:
    """A file that someone may have edited is never overwritten without asking."""
    path = tmp_path / "draft.eml"
    path.write_bytes(there)
    assert "exists and differs; choose another name" in refused(path).message
    assert path.read_bytes() == there


@pytest.mark.parametrize("there", [b"", CONTENT[:-1], CONTENT[:3] + bytes(6)], ids=["empty", "cut", "NULs"])
def test_torn_file_is_made_whole(tmp_path: Path, there: bytes) -> None:
    """What a power failure left of this same draft is replaced without asking."""
    path = tmp_path / "draft.eml"
    path.write_bytes(there)
    assert save(path, CONTENT) is Status.WRITTEN
    assert path.read_bytes() == CONTENT


@pytest.mark.unix("file modes")
@pytest.mark.usefixtures("system_lacks")
def test_save_on_any_system(tmp_path: Path) -> None:
    """Without hard links or directory descriptors a file is written, left alone, kept and replaced just the same."""
    path = tmp_path / "draft.eml"
    assert [save(path, CONTENT), save(path, CONTENT)] == [Status.WRITTEN, Status.UNCHANGED]
    with pytest.raises(OutputRefused):
        save(path, OTHER)
    assert path.read_bytes() == CONTENT
    assert save(path, OTHER, replace=True) is Status.WRITTEN
    assert (path.read_bytes(), mode(path), names(tmp_path)) == (OTHER, 0o600, ["draft.eml"])


def test_several_writers_of_one_name_lose_nothing(tmp_path: Path, system_lacks: str) -> None:
    """Of several writers at once, one wins; the others are told, or find the same; nothing is mixed or lost."""
    contents = [b"%d" % n * 1000 for n in range(8)]
    won: list[bytes] = []

    def write(content: bytes) -> None:
        with suppress(CalaimError):
            if save(tmp_path / "draft.eml", content) is Status.WRITTEN:
                won.append(content)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(tmp_path / "draft.eml").read_bytes()] == won
    assert names(tmp_path) == ["draft.eml"]


def test_force_replaces_a_differing_file(tmp_path: Path) -> None:
    """On request, the new draft replaces the old one in one step."""
    path = tmp_path / "draft.eml"
    path.write_bytes(OTHER)
    assert save(path, CONTENT, replace=True) is Status.WRITTEN
    assert path.read_bytes() == CONTENT


@pytest.mark.unix("symbolic links")
@pytest.mark.parametrize("replace", [False, True], ids=["plain", "force"])
@pytest.mark.parametrize("exists", [False, True], ids=["dangling", "to a file"])
def test_symlink_is_not_followed(tmp_path: Path, exists: bool, replace: bool) -> None:
    """A link put in the way leads member data nowhere: it is refused and its target is not touched."""
    target, link = tmp_path / "target", tmp_path / "draft.eml"
    if exists:
        target.write_bytes(OTHER)
    link.symlink_to(target)
    refused(link, replace=replace)
    assert link.is_symlink()
    assert (target.read_bytes() if exists else target.exists()) == (OTHER if exists else False)


@pytest.mark.parametrize("replace", [False, True], ids=["plain", "force"])
def test_folder_is_not_replaced(tmp_path: Path, replace: bool) -> None:
    """A folder with that name is refused and left alone."""
    refused(tmp_path, replace=replace)


@pytest.mark.unix("named pipes")
def test_special_file_is_not_written_to(tmp_path: Path) -> None:
    """A named pipe is no place for a draft, and is not waited for."""
    pipe = tmp_path / "draft.eml"
    os.mkfifo(pipe)
    refused(pipe, replace=True)


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    """A missing folder is not created: the name may be mistyped."""
    path = tmp_path / "absent" / "draft.eml"
    error = refused(path)
    assert error.code == "no-folder"
    assert error.message.endswith(f"folder {path.parent} does not exist; create it first")
    assert not path.parent.exists()


def test_file_for_a_folder_is_refused(tmp_path: Path) -> None:
    """A path through a file cannot be written."""
    (tmp_path / "file").write_bytes(b"")
    refused(tmp_path / "file" / "draft.eml")


def test_too_long_name_is_refused(tmp_path: Path) -> None:
    """A name the system cannot accept gets an answer, not a traceback."""
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


@pytest.mark.unix("owners and modes")
def test_folder_without_permission_is_refused(closed: Path) -> None:
    """A folder that may not be written to is named."""
    refused(closed / "draft.eml")


@pytest.mark.parametrize("there", [None, CONTENT, OTHER], ids=["new", "unchanged", "refused"])
def test_no_temporary_file_is_left(tmp_path: Path, there: bytes | None) -> None:
    """Whatever happens to the output, nothing half-written is left next to it."""
    path = tmp_path / "draft.eml"
    if there is not None:
        path.write_bytes(there)
    if there == OTHER:
        refused(path)
    else:
        save(path, CONTENT)
    assert names(tmp_path) == ["draft.eml"]


def test_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the disk is full there is no draft, not even half of one, and the reason is given."""

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert "No space left" in refused(tmp_path / "draft.eml").message
    assert names(tmp_path) == []


def test_file_that_appears_meanwhile_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If another program writes the same name first, its file is not lost."""
    path = tmp_path / "draft.eml"
    really_sync = os.fsync

    def sync_too_late(descriptor: int) -> None:
        really_sync(descriptor)
        path.write_bytes(OTHER)

    monkeypatch.setattr(os, "fsync", sync_too_late)
    refused(path)
    assert path.read_bytes() == OTHER
    assert names(tmp_path) == ["draft.eml"]


@pytest.mark.unix("file modes")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o666, 0o700])
def test_unchanged_file_becomes_private(tmp_path: Path, mode: int) -> None:
    """An existing draft that others can read is made private, although its bytes are left alone."""
    path = tmp_path / "draft.eml"
    path.write_bytes(CONTENT)
    path.chmod(mode)
    before = path.stat()
    assert save(path, CONTENT) is Status.UNCHANGED
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def interrupted(out: Path, event: int) -> bool:
    """Whether a draft was being written when Ctrl-C came, at that step of the work: a line of it, or its return."""
    left = event

    def watch(frame: FrameType, what: str, _: object) -> Callable[..., Any] | None:
        nonlocal left
        if Path(frame.f_code.co_filename).name not in {"files.py", "system.py"}:
            return None
        left -= what in {"line", "return"}
        if left < 0:
            raise KeyboardInterrupt
        return watch

    with suppress(KeyboardInterrupt), files.opened(out) as folder:
        before = sys.gettrace()
        sys.settrace(watch)
        try:
            folder.put("0001-ecm.eml", WHOLE)
        finally:
            sys.settrace(before)
    return left < 0


def test_ctrl_c_at_any_step_leaves_nothing_beside_the_drafts(out: Path, system_lacks: str) -> None:
    """Ctrl-C at any step of writing a draft leaves it whole or not at all, and no temporary file.

    Without hard links its name may be taken and empty: the next run fills it.
    """
    event, taken = 0, [b""] if system_lacks == "hard links" else []
    while interrupted(out, event):
        event += 1
        assert [path.read_bytes() for path in out.glob("*.eml")] in ([], [WHOLE], taken), event
        assert not list(out.glob(".tmp-*")), event
        with files.opened(out) as folder:
            assert folder.put("0001-ecm.eml", WHOLE) in {Status.WRITTEN, Status.UNCHANGED}
        shutil.rmtree(out)
    assert event > 30, system_lacks
