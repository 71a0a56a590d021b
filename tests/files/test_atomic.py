import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from vaecluster.errors import FileError
from vaecluster.files.atomic import (
    LOCK,
    check_writable,
    clear_parts,
    holds_more,
    locked,
    made_anew,
    remove_empty,
    write_atomically,
    write_json,
)


def test_a_file_is_written_whole_with_the_folders_on_the_way(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a" / "b" / "file", b"content")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"content"
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["file"]


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path, seen, done = tmp_path / "file", set(), threading.Event()
    contents = {bytes([letter]) * 100_000 for letter in b"ab"}
    write_atomically(path, next(iter(contents)))

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(50):
        for content in contents:
            write_atomically(path, content)
    done.set()
    reader.join()
    assert seen <= contents


def test_what_was_there_stays_when_the_disk_is_full(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / "file"
    write_atomically(path, b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.raises(FileError, match="file' cannot be written: File too large"):
            write_atomically(path, b"new" * 100)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["file/below", "folder"])
def test_a_place_that_cannot_be_written_to_is_named(place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FileError, match=r"cannot be written: .* Choose a place that can be written to"):
        write_json(tmp_path / place, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.skipif(os.name != "posix", reason="modes are Unix's")
def test_who_may_read_the_folder_may_read_the_file(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_atomically(tmp_path / "file", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


@pytest.mark.skipif(os.name != "posix", reason="modes are Unix's")
@pytest.mark.parametrize("mode", [0o600, 0o444, 0o666, 0o640])
def test_a_file_that_is_replaced_keeps_its_mode(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write_atomically(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", mode)


@pytest.mark.skipif(os.name != "posix", reason="not everyone may make links elsewhere")
@pytest.mark.parametrize("there", [True, False], ids=["a file", "nothing"])
def test_a_link_stays_and_the_file_that_it_leads_to_is_written(there: bool, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "file", tmp_path / "link"
    if there:
        target.write_bytes(b"old")
    link.symlink_to(target)
    check_writable(link)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert sorted(tmp_path.rglob("*")) == [target.parent, target, link]


def test_a_name_may_be_as_long_as_the_system_lets_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / ("a" * 251 + ".npy"), b"content")
    with pytest.raises(FileError, match="cannot be written: File name too long"):
        write_atomically(tmp_path / ("a" * 256), b"content")


def test_a_folder_that_another_process_holds_is_refused_and_free_when_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from vaecluster.files.atomic import locked;"
        "lock = locked(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, tmp_path / "run"], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(FileError, match=r"run' is in use by another process\. Wait for it"):
            locked(tmp_path / "run")
    finally:
        holder.kill()
        holder.communicate()
    with locked(tmp_path / "run"):
        assert [path.name for path in (tmp_path / "run").iterdir()] == [LOCK]


def test_where_no_file_can_be_written_is_said_before_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    check_writable(tmp_path / "new" / "folder" / "file.npy")
    check_writable(tmp_path / "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "file" / "below", "Not a directory")):
        with pytest.raises(FileError, match=f"'{path}' cannot be written: {reason}. Choose a place"):
            check_writable(path)


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("there", ["a file", "a folder", "a link to nothing"])
def test_what_is_there_is_never_replaced(folder: bool, there: str, tmp_path: Path) -> None:
    path = tmp_path / "path"

    def put() -> None:
        if there == "a file":
            path.write_bytes(b"own")
        elif there == "a folder":
            path.mkdir()
        else:
            path.symlink_to(tmp_path / "none")

    put()
    with pytest.raises(FileError, match=r"is there already.*Choose another"), made_anew(path, folder=folder):
        pytest.fail("nothing is to be made")
    path.rmdir() if path.is_dir() else path.unlink()
    # Somebody else was faster.
    with pytest.raises(FileError, match="is there already"), made_anew(path, folder=folder):
        put()
    assert [one.name for one in tmp_path.iterdir()] == ["path"]


def test_what_a_kill_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    begun = [made_anew(tmp_path / f"new {folder}", folder=folder) for folder in (False, True)]
    for one in begun:
        one.__enter__()
    (tmp_path / "own.part").write_bytes(b"")
    assert len(list(tmp_path.iterdir())) == 3
    clear_parts(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["own.part"]


@pytest.mark.parametrize("folder", [False, True])
def test_what_is_made_is_there_when_it_is_whole(folder: bool, tmp_path: Path) -> None:
    path = tmp_path / "new" / "path"
    broken = made_anew(path, folder=folder)
    part = broken.__enter__()
    (part / "file" if folder else part).write_bytes(b"half")
    assert not path.exists()
    assert not broken.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert list(path.parent.iterdir()) == []
    with made_anew(path, folder=folder) as part:
        (part / "file" if folder else part).write_bytes(b"whole")
    assert (path / "file" if folder else path).read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("files", "more", "stays"),
    [((), False, False), ((LOCK,), False, False), ((LOCK, ".a.part", "ours"), False, True), (("theirs",), True, True)],
)
def test_a_folder_with_a_lock_alone_is_empty_and_one_with_anything_else_stays(
    files: tuple[str, ...], more: bool, stays: bool, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in files:
        (folder / name).touch()
    assert holds_more(folder, "ours") == more
    remove_empty(folder)
    assert folder.exists() == stays
