import csv
import gc
import os
import socket
import tempfile

import numpy as np
import pytest
from PIL import Image

from vaecluster.data.pictures import cache
from vaecluster.data.pictures.folder import Pictures
from vaecluster.errors import DataError, FileError, SkippedFilesWarning
from vaecluster.files import space


def picture(path, colour=(200, 10, 10), size=(20, 20)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


@pytest.fixture
def photos(tmp_path):
    """Five good pictures in a folder and folders within it, of several sizes."""
    for number, name in enumerate(["b.png", "a.jpg", "in/c.webp", "in/deep/d.tif", "Z.bmp"]):
        picture(tmp_path / "photos" / name, (40 * number, 10, 10), (20 + number, 30))
    return tmp_path / "photos"


ORDER = ["Z.bmp", "a.jpg", "b.png", "in/c.webp", "in/deep/d.tif"]


def test_rows_are_pictures_in_the_order_of_their_paths(photos):
    data = Pictures(photos).read()
    assert data.paths.tolist() == ORDER
    assert (data.values.shape, data.values.dtype) == ((5, 22, 22, 3), np.uint8)
    np.testing.assert_allclose(data.values.mean((1, 2))[:, 0], [160, 40, 0, 80, 120], atol=2)


def test_pictures_are_grey_where_all_are_and_have_the_size_that_is_asked_for(photos, tmp_path):
    for name in ("x.png", "y.jpg"):
        picture(tmp_path / "grey" / name, (90, 90, 90), (100, 70))
    assert Pictures(tmp_path / "grey").read().values.shape == (2, 32, 32)
    assert Pictures(tmp_path / "grey", size=48).read().values.shape == (2, 48, 48)
    assert Pictures(photos).read(like=(12, 12)).values.shape == (5, 12, 12)
    assert Pictures(tmp_path / "grey").read(like=(12, 12, 3)).values.shape == (2, 12, 12, 3)
    assert Pictures(photos / "a.jpg").read(like=(12, 12, 3)).paths.tolist() == ["a.jpg"]
    with pytest.raises(DataError, match="a vector of 16 columns; expected square images"):
        Pictures(photos).read(like=(16,))


def test_a_temporary_folder_is_gone_with_the_array(photos, tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    data = Pictures(photos).read()
    view = data.values[1:]
    del data
    gc.collect()
    assert len(os.listdir(tmp_path / "tmp")) == 1
    assert view.shape == (4, 22, 22, 3)
    del view
    gc.collect()
    assert os.listdir(tmp_path / "tmp") == []


def spoiled(photos):
    """What else may lie in a folder, with the reasons that are written down."""
    (photos / ".hidden.jpg").write_bytes(b"")
    (photos / "Thumbs.db").write_bytes(b"")
    picture(photos / "__MACOSX" / "a.jpg")
    (photos / "notes.txt").write_text("notes")
    (photos / "empty.jpg").write_bytes(b"")
    (photos / "cut.png").write_bytes((photos / "b.png").read_bytes()[:60])
    (photos / "gone.jpg").symlink_to(photos / "none.jpg")
    (photos / "itself.jpg").symlink_to(photos / "itself.jpg")
    (photos / "in" / "circle").symlink_to(photos)
    os.mkfifo(photos / "pipe.jpg")
    (photos / os.fsdecode(b"caf\xe9.jpg")).write_bytes((photos / "a.jpg").read_bytes())
    return {
        "caf\\udce9.jpg": "not UTF-8",
        "cut.png": "truncated",
        "empty.jpg": "empty",
        "gone.jpg": "No such file",
        "in/circle": "read already",
        "itself.jpg": "symbolic links",
        "notes.txt": "no picture by its ending '.txt'",
        "pipe.jpg": "pipe",
    }


@pytest.mark.skipif(os.name != "posix", reason="pipes and such names are there on POSIX only")
def test_what_cannot_be_read_is_listed_and_left_out(photos, tmp_path):
    reasons = spoiled(photos)
    with pytest.warns(
        SkippedFilesWarning, match=r"2 of 7 pictures cannot.*'cut.png': .*; 6 other files.*lists all"
    ) as told:
        data = Pictures(photos).read(keep=tmp_path / "run")
    assert len(told) == 1
    assert data.paths.tolist() == ORDER
    assert len(data.values) == 5
    with (tmp_path / "run" / "skipped.csv").open() as file:
        found = {row["path"]: row["reason"] for row in csv.DictReader(file)}
    assert found.keys() == reasons.keys()
    assert all(reason in found[name] for name, reason in reasons.items())


@pytest.mark.skipif(os.name != "posix", reason="sockets lie in folders on POSIX only")
def test_a_socket_is_left_out_and_a_linked_folder_is_read(photos, tmp_path):
    picture(tmp_path / "elsewhere" / "e.png")
    (photos / "link").symlink_to(tmp_path / "elsewhere")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(photos / "s.png"))
        with pytest.warns(SkippedFilesWarning, match=r"'s.png': no regular file"):
            assert Pictures(photos).read().paths.tolist() == [*ORDER, "link/e.png"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_left_out(photos):
    (photos / "a.jpg").chmod(0)
    (photos / "in").chmod(0)
    with pytest.warns(SkippedFilesWarning, match=r"'a.jpg': Permission denied; .*'in': Permission denied"):
        assert Pictures(photos).read().paths.tolist() == ["Z.bmp", "b.png"]
    (photos / "in").chmod(0o755)


def test_more_than_half_broken_is_an_error_and_still_listed(photos, tmp_path):
    for number in range(5):
        (photos / f"{number}.jpg").write_bytes(b"")
    with pytest.warns(SkippedFilesWarning, match="5 of 10"):
        Pictures(photos).read()
    (photos / "5.jpg").write_bytes(b"")
    with pytest.raises(DataError, match=r"6 of 11 pictures cannot.*'0.jpg': the file is empty; expected at most 50%"):
        Pictures(photos).read(keep=tmp_path / "run")
    assert len((tmp_path / "run" / "skipped.csv").read_text().splitlines()) == 7


def test_a_folder_without_pictures_says_what_is_there(tmp_path):
    with pytest.raises(DataError, match=r"no files; expected pictures \(.jpg, .*Check the path"):
        Pictures(tmp_path).read()
    for name in ("a.txt", "b.txt", "c.csv", "plain"):
        (tmp_path / name).touch()
    with pytest.raises(DataError, match=r"no pictures but 4 other files \(2 x no picture by its ending '.txt', "):
        Pictures(tmp_path).read()


@pytest.mark.parametrize("cut", ["files", "torn line", "nothing", "short pixels", "garbage"])
def test_what_is_decoded_is_not_decoded_again(cut, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "BLOCK", 2)
    asked = []

    def stopping(what, parts):
        for done, part in enumerate(parts):
            if done == 2:
                raise KeyboardInterrupt
            yield part

    def counted(path, side, mode):
        asked.append(path.name)
        return decode(path, side, mode)

    decode = cache.decode
    (photos / "b.png").write_bytes(b"")
    with pytest.warns(SkippedFilesWarning):
        whole = Pictures(photos).read()
    monkeypatch.setattr(cache, "decode", counted)
    with pytest.raises(KeyboardInterrupt):
        Pictures(photos).read(keep=tmp_path, telling=stopping)
    assert sorted(asked) == sorted(["Z.bmp", "a.jpg", "b.png", "c.webp"])
    journal, pixels = tmp_path / "decoded" / "pixels.jsonl", tmp_path / "decoded" / "pixels.npy"
    left = {"files": 1, "torn line": 2, "nothing": 0, "short pixels": 5, "garbage": 5}[cut]
    match cut:
        case "torn line":
            journal.write_bytes(journal.read_bytes()[:-3])
        case "short pixels":
            pixels.write_bytes(pixels.read_bytes()[:-1])
        case "garbage":
            journal.write_bytes(b"\xff" + journal.read_bytes())
        case "nothing":
            with pytest.warns(SkippedFilesWarning):
                Pictures(photos).read(keep=tmp_path)
    asked.clear()
    with pytest.warns(SkippedFilesWarning):
        again = Pictures(photos).read(keep=tmp_path)
    assert len(asked) == left
    assert again.paths.tolist() == whole.paths.tolist()
    np.testing.assert_array_equal(again.values, whole.values)
    np.testing.assert_array_equal(np.load(pixels), whole.values)


def test_other_files_are_decoded_anew(photos, tmp_path):
    before = Pictures(photos).read(keep=tmp_path).values
    picture(photos / "a.jpg", (1, 2, 250), (40, 40))
    after = Pictures(photos).read(keep=tmp_path).values
    assert not np.array_equal(before[1], after[1])


def test_no_room_is_told_before_anything_is_decoded(photos, tmp_path, monkeypatch):
    usage = space.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(space.shutil, "disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(FileError, match=r"room for 0 MB.*Make room"):
        Pictures(photos).read(keep=tmp_path)
