"""The folder of a run: private files, whole under their names or not there, and nothing of others is touched."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from calaim_cli import folder
from calaim_cli.errors import Locked, OutputRefused
from calaim_cli.folder import Folder, Found, Status
from runs import without_nameless_files

WHOLE = b"a draft, all of it"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the folder is, or will be."""
    return tmp_path / "out"


@pytest.fixture(params=[True, False], ids=["nameless", "named"])
def place(out: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """A new folder, locked for this run, where files may do without a name until they are whole, and where not."""
    if not request.param:
        without_nameless_files(monkeypatch)
    with folder.opened(out) as opened:
        yield opened


def names(path: Path) -> list[str]:
    """What a user sees there."""
    return sorted(one.name for one in path.iterdir() if one.name != folder.LOCK)


def mode(path: Path) -> int:
    """The permissions of a file."""
    return stat.S_IMODE(path.stat().st_mode)


def test_put_again_changes_nothing(place: Folder, out: Path) -> None:
    """A file appears whole and private; the same again is unchanged, and another content never takes its place."""
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


@pytest.mark.parametrize("found", TORN)
def test_torn_file_is_made_whole_after_a_run_that_was_cut_short(out: Path, found: bytes) -> None:
    """What a power cut leaves is replaced only where a run began and did not confirm: else somebody else did it."""
    for confirmed, expected in ((True, Status.CONFLICT), (False, Status.WRITTEN)):
        out.mkdir(mode=0o700, exist_ok=True)
        (out / "draft").write_bytes(found)
        (out / folder.LOCK).write_bytes(b"" if confirmed else folder.DIRTY)
        with folder.opened(out) as place:
            assert place.is_torn(found, WHOLE) is not confirmed
            assert place.put("draft", WHOLE) is expected
        assert (out / "draft").read_bytes() == (found if confirmed else WHOLE)


@pytest.mark.parametrize("found", FOREIGN)
def test_what_is_not_torn_is_a_conflict_even_then(out: Path, found: bytes) -> None:
    """A file that no cut run could have left is never replaced."""
    out.mkdir(mode=0o700)
    (out / "draft").write_bytes(found)
    (out / folder.LOCK).write_bytes(folder.DIRTY)
    with folder.opened(out) as place:
        assert place.put("draft", WHOLE) is Status.CONFLICT
    assert (out / "draft").read_bytes() == found


def test_mark_stays_until_the_sync_is_confirmed(out: Path) -> None:
    """The next run knows whether an earlier one ended as it should."""
    with folder.opened(out) as place:
        assert not place.was_dirty
        place.mark()
        place.put("draft", WHOLE)
    with folder.opened(out) as place:
        assert place.was_dirty
        place.confirm()
    with folder.opened(out) as place:
        assert not place.was_dirty


def test_find_tells_plain_files_from_all_else(place: Folder, out: Path) -> None:
    """A link is not followed, a pipe not waited for, and nothing but a plain file gives bytes."""
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


@pytest.mark.parametrize("cut", [1, 4, 100])
def test_holds_compares_piece_by_piece(place: Folder, out: Path, cut: int) -> None:
    """Only a plain file with just these bytes holds them, however they are cut."""
    (out / "file").write_bytes(WHOLE)
    (out / "link").symlink_to(out / "file")

    def pieces(content: bytes) -> list[bytes]:
        return [content[at : at + cut] for at in range(0, len(content), cut)]

    assert place.holds("file", pieces(WHOLE))
    for other in (b"", WHOLE[:-1], WHOLE + b"!", b"A" + WHOLE[1:]):
        assert not place.holds("file", pieces(other))
    assert not place.holds("link", pieces(WHOLE))
    assert not place.holds("absent", [])


@pytest.mark.parametrize("same", [True, False])
def test_publish_asks_only_where_something_stands(place: Folder, out: Path, same: bool) -> None:
    """A free name is taken; for one that is not, whoever knows the content tells whether it is the same."""
    asked: list[bool] = []
    (out / "done").write_bytes(WHOLE)

    def compare() -> bool:
        asked.append(same)
        return same

    assert place.publish("done", "first", compare) is Status.WRITTEN
    assert asked == []
    assert place.publish("done", "first", compare) is (Status.UNCHANGED if same else Status.CONFLICT)
    assert asked == [same]


def test_own_lists_are_replaced_and_removed(place: Folder, out: Path) -> None:
    """A list of an earlier run gives way to the new one in one step, and goes when it no longer holds."""
    place.replace("report.csv", [b"one\n"])
    before = (out / "report.csv").stat().st_ino
    place.replace("report.csv", [b"one\n", b"two\n"])
    assert (out / "report.csv").read_bytes() == b"one\ntwo\n"
    assert (out / "report.csv").stat().st_ino != before
    assert mode(out / "report.csv") == 0o600
    place.remove("report.csv")
    assert names(out) == []


def test_sweep_takes_only_what_a_crash_left(out: Path) -> None:
    """Temporary files of ours go; links, folders and all other names stay."""
    out.mkdir(mode=0o700)
    kept = ["notes.txt", f"{folder.TEMPORARY}folder", f"{folder.TEMPORARY}link", "x" + folder.TEMPORARY]
    (out / kept[0]).write_bytes(b"mine")
    (out / kept[1]).mkdir()
    (out / kept[2]).symlink_to(out / kept[0])
    (out / kept[3]).write_bytes(b"mine")
    (out / f"{folder.TEMPORARY}0001-ecm.eml").write_bytes(b"half")
    with folder.opened(out):
        assert names(out) == sorted(kept)


def test_temporary_file_is_gone_whatever_happens(place: Folder, out: Path) -> None:
    """An error in the middle leaves neither the name nor anything else."""
    begun: list[str] = []
    with suppress(ZeroDivisionError), place.temporary("draft", [b"half"]) as name:
        begun += names(out)
        raise ZeroDivisionError
    assert (begun, names(out)) == ([name], [])


def test_folder_is_made_for_its_owner(out: Path) -> None:
    """A new folder is private, one that was there keeps its permissions, and parents are never made."""
    with folder.opened(out) as place:
        assert mode(out) == 0o700
        place.put("draft", WHOLE)
    out.chmod(0o755)
    with folder.opened(out):
        assert (mode(out), mode(out / folder.LOCK)) == (0o755, 0o600)
    with pytest.raises(FileNotFoundError), folder.opened(out / "absent" / "deeper"):
        pass
    assert names(out) == ["draft"]


def test_folder_made_in_vain_is_gone(out: Path) -> None:
    """A run that writes nothing leaves no empty folder behind, but never takes away one that was there."""
    with pytest.raises(ZeroDivisionError), folder.opened(out):
        raise ZeroDivisionError
    assert not out.exists()
    out.mkdir()
    with folder.opened(out):
        pass
    assert names(out) == []


def test_only_one_run_works_there(out: Path) -> None:
    """A second run is told at once; after the first has ended it may."""
    with folder.opened(out) as place:
        place.put("draft", WHOLE)
        with pytest.raises(Locked), folder.opened(out):
            pass
        assert names(out) == ["draft"]
    with folder.opened(out) as place:
        assert place.put("draft", WHOLE) is Status.UNCHANGED


def test_files_beside_each_other_do_not_wait(tmp_path: Path) -> None:
    """The lock of a file is for this file alone, private, and gone in the end."""
    with folder.beside(tmp_path / "a.zip") as (place, whole), folder.beside(tmp_path / "b.zip"):
        assert names(tmp_path) == [".tmp-a.zip", ".tmp-b.zip"]
        assert {mode(path) for path in tmp_path.iterdir()} == {0o600}
        with pytest.raises(Locked), folder.beside(tmp_path / "a.zip"):
            pass
        whole.add(WHOLE)
        assert place.publish(".tmp-a.zip", "a.zip", lambda: False) is Status.WRITTEN
    assert names(tmp_path) == ["a.zip"]
    assert (tmp_path / "a.zip").read_bytes() == WHOLE


@pytest.mark.parametrize("left", [b"", b"half"], ids=["empty", "begun"])
def test_temporary_file_of_a_crash_is_used_again(tmp_path: Path, left: bytes) -> None:
    """What a crash left beside the target begins anew, private, and tells whether something had been begun."""
    (tmp_path / ".tmp-a.zip").write_bytes(left)
    with folder.beside(tmp_path / "a.zip") as (place, whole):
        assert place.was_dirty == bool(left)
        assert mode(tmp_path / ".tmp-a.zip") == 0o600
        assert list(whole.pieces()) == []
    assert names(tmp_path) == []


def test_crash_between_link_and_unlink(tmp_path: Path) -> None:
    """A temporary file that already has its final name gives up the other one; the finished file is not touched."""
    (tmp_path / ".tmp-a.zip").write_bytes(WHOLE)
    (tmp_path / "a.zip").hardlink_to(tmp_path / ".tmp-a.zip")
    with folder.beside(tmp_path / "a.zip"):
        assert (tmp_path / "a.zip").read_bytes() == WHOLE
        assert (tmp_path / "a.zip").stat().st_nlink == 1
    assert names(tmp_path) == ["a.zip"]


def test_pile_grows_without_a_name(place: Folder, out: Path) -> None:
    """What waits is on no list of files, comes back in order and in pieces of any size, and can begin anew."""
    pile = place.pile("drafts")
    assert names(out) == []
    parts = [bytes([n]) * 400_000 for n in range(8)]
    for part in parts:
        pile.add(part)
    assert b"".join(pile.pieces()) == b"".join(parts)
    assert [len(piece) for piece in pile.pieces(1_000_000)] == [1_000_000] * 3 + [200_000]
    pile.clear()
    pile.add(b"anew")
    assert (list(pile.pieces()), pile.size) == ([b"anew"], 4)


def test_what_has_no_name_is_given_up_before_the_sync(place: Folder, out: Path) -> None:
    """Only what was published is brought to the disk; nothing of members waits there without need."""
    pile = place.pile("drafts")
    pile.add(WHOLE * 1000)
    assert place.put("draft", WHOLE) is Status.WRITTEN
    place.confirm()
    assert os.fstat(pile.descriptor).st_size == 0
    assert (out / "draft").read_bytes() == WHOLE


@pytest.mark.parametrize("copies", [True, False], ids=["by the system", "by hand"])
def test_pile_takes_all_of_another(place: Folder, monkeypatch: pytest.MonkeyPatch, copies: bool) -> None:
    """One file is put at the end of another, what waits in both included, also where the system cannot copy."""
    if not copies:

        def refuse(*_: int, **__: int) -> int:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

        monkeypatch.setattr(os, "copy_file_range", refuse)
    whole, other = place.pile("whole"), place.pile("other")
    whole.add(b"first,")
    other.add(b"second" * 300_000)
    other.add(b",third")
    whole.append(other)
    whole.append(place.pile("empty"))
    whole.add(b",last")
    assert b"".join(whole.pieces()) == b"first," + b"second" * 300_000 + b",third,last"


def test_read_exactly_does_not_take_less(tmp_path: Path) -> None:
    """A file that ends too early is an error, never a shorter answer."""
    (tmp_path / "file").write_bytes(WHOLE)
    with (tmp_path / "file").open("rb") as file:
        assert folder.read_exactly(file.fileno(), 5, 2) == WHOLE[2:7]
        with pytest.raises(OSError, match=os.strerror(errno.EIO)):
            folder.read_exactly(file.fileno(), len(WHOLE), 1)


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
    """The error names the path that the user gave and the system's reason, not the file it came from."""
    with pytest.raises(OutputRefused) as caught, folder.told(Path("drafts")):
        raise OSError(number, os.strerror(number), "0001-ecm.eml")
    assert (caught.value.code, caught.value.exit_code) == (code, 6)
    assert caught.value.message == f"drafts: cannot be written: {os.strerror(number)}"
