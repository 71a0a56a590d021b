import gzip
import os
import struct
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from sklearn.datasets import load_digits

from vaecluster.data.download import RemoteFile
from vaecluster.data.named import (
    NAMES,
    SOURCES,
    OfficialFiles,
    fingerprint,
    load_named,
    parse_idx_files,
    parse_pendigits_files,
)
from vaecluster.errors import FileError, SettingError

IDX_NAMES = [remote.name for remote in SOURCES["mnist"].files]
ARRAYS = (
    np.arange(5 * 28 * 28, dtype=np.uint64).reshape(5, 28, 28).astype(np.uint8),
    np.array([3, 1, 4, 1, 5], dtype=np.uint8),
    np.arange(2 * 28 * 28, dtype=np.uint64).reshape(2, 28, 28).astype(np.uint8),
    np.array([9, 2], dtype=np.uint8),
)


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """A folder and the address under which a real web server on this machine serves it."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    for name, array in zip(IDX_NAMES, ARRAYS, strict=True):
        (folder / name).write_bytes(gzip.compress(idx(array)))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("VAECLUSTER_DATA", raising=False)
    monkeypatch.setenv("VAECLUSTER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def data_folder() -> str:
    folder = os.environ.get("VAECLUSTER_DATA")
    if not folder:
        pytest.skip("VAECLUSTER_DATA is not set")
    return folder


def small_mnist(address: str, expected: str = fingerprint(ARRAYS)) -> dict[str, OfficialFiles]:
    files = tuple(RemoteFile(name, (address,)) for name in IDX_NAMES)
    return {"fashion-mnist": OfficialFiles(files, parse_idx_files, expected)}


def test_digits_are_split_the_same_way_every_time_and_lose_no_row() -> None:
    digits, again = load_named("digits"), load_named("digits")
    np.testing.assert_array_equal(digits.x_train, again.x_train)
    assert digits.x_train.shape == (1437, 8, 8)
    assert digits.x_test.shape == (360, 8, 8)
    assert (digits.x_train.min(), digits.x_train.max(), digits.x_train.dtype) == (0, 16, np.float32)
    together = np.empty((1797, 8, 8), np.float32)
    held_out = np.arange(1797) % 5 == 0
    together[held_out], together[~held_out] = digits.x_test, digits.x_train
    np.testing.assert_array_equal(together, load_digits().images)
    assert np.bincount(digits.y_test).min() > 25


def test_a_download_is_parsed_checked_and_kept(
    served: tuple[Path, str], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = served
    data = load_named("fashion-mnist", sources=small_mnist(address))
    assert data.name == "fashion-mnist"
    for loaded, original in zip((data.x_train, data.y_train, data.x_test, data.y_test), ARRAYS, strict=True):
        np.testing.assert_array_equal(loaded, original)
    assert data.x_train.dtype == np.uint8
    assert data.y_train.dtype == np.int64
    assert [path.name for path in cache.iterdir()] == ["fashion_mnist.npz"]
    # From now on the cache is enough, without a source and without the cache's variable naming it.
    for path in folder.iterdir():
        path.unlink()
    monkeypatch.delenv("VAECLUSTER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache.parent / "shared"))
    (cache.parent / "shared").mkdir()
    cache.rename(cache.parent / "shared" / "vaecluster")
    again = load_named("fashion-mnist", sources=small_mnist(address))
    np.testing.assert_array_equal(again.x_train, data.x_train)


def test_content_with_another_fingerprint_is_refused_and_not_kept(served: tuple[Path, str], cache: Path) -> None:
    with pytest.raises(FileError, match=r"shapes \(5, 28, 28\).*SHA-256"):
        load_named("fashion-mnist", sources=small_mnist(served[1], expected="0" * 64))
    assert list(cache.rglob("*")) == []


def test_the_fingerprint_sees_every_change() -> None:
    x_train, y_train, x_test, y_test = ARRAYS
    assert fingerprint((x_train[::-1], y_train, x_test, y_test)) != fingerprint(ARRAYS)
    assert fingerprint((x_train, y_train[::-1], x_test, y_test)) != fingerprint(ARRAYS)
    assert fingerprint((x_train.reshape(5, -1), y_train, x_test, y_test)) != fingerprint(ARRAYS)
    assert fingerprint((x_train, y_train.astype(np.int64), x_test, y_test)) == fingerprint(ARRAYS)


@pytest.mark.parametrize(
    "content",
    [
        b"not gzip",
        gzip.compress(b"\x00"),
        gzip.compress(idx(ARRAYS[0])[:-1]),
        gzip.compress(idx(ARRAYS[0]))[:-20],
        gzip.compress(b"\x00\x00\x0d\x01\x00\x00\x00\x00"),
    ],
    # Compressed bytes hold the time: as names of tests they would differ between the processes that run them.
    ids=["not gzip", "too short", "a byte missing", "cut off", "another type"],
)
def test_a_file_that_is_no_idx_file_is_refused_and_not_kept(
    served: tuple[Path, str], cache: Path, content: bytes
) -> None:
    (served[0] / IDX_NAMES[0]).write_bytes(content)
    with pytest.raises(FileError, match="cannot be parsed") as problem:
        load_named("fashion-mnist", sources=small_mnist(served[1]))
    assert "\n" not in str(problem.value)
    assert list(cache.rglob("*")) == []


def test_a_download_that_fails_says_what_to_do_by_hand(served: tuple[Path, str], cache: Path) -> None:
    (served[0] / IDX_NAMES[2]).unlink()
    with pytest.raises(FileError, match=r"HTTP status 404.*make fashion_mnist\.npz by hand.*\$VAECLUSTER_DATA") as p:
        load_named("fashion-mnist", sources=small_mnist(served[1]))
    assert "\n" not in str(p.value)
    assert not (cache / "fashion_mnist.npz").exists()


def test_a_cache_that_cannot_be_written_is_named(
    served: tuple[Path, str], tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VAECLUSTER_CACHE", str(tmp_path / "file"))
    with pytest.raises(FileError, match=r"cannot be kept in .*\$VAECLUSTER_CACHE"):
        load_named("fashion-mnist", sources=small_mnist(served[1]))


def test_the_users_folder_comes_before_cache_and_download(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAECLUSTER_DATA", str(tmp_path))
    np.savez(tmp_path / "fashion_mnist.npz", x_train=ARRAYS[0])
    np.savez(tmp_path / "my-own.npz", X=ARRAYS[2], y=ARRAYS[3])
    fashion = load_named("fashion-mnist", sources=small_mnist("http://127.0.0.1:9/"))
    assert (fashion.name, len(fashion.x_train), fashion.y_train) == ("fashion-mnist", 5, None)
    assert load_named("my-own").y_train.tolist() == [9, 2]
    assert not cache.exists()


def test_an_unknown_name_is_answered_with_the_known_ones(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAECLUSTER_DATA", str(tmp_path))
    np.savez(tmp_path / "flowers.npz", X=ARRAYS[0])
    with pytest.raises(SettingError, match=r"'mnits'; .* are digits, mnist, fashion-mnist, pendigits, flowers"):
        load_named("mnits")
    assert NAMES == ("digits", "mnist", "fashion-mnist", "pendigits")


@pytest.mark.parametrize("name", ["../outside", "", ".", "/etc/passwd"])
def test_a_name_never_leads_out_of_the_folder(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "inside").mkdir()
    np.savez(tmp_path / "outside.npz", X=ARRAYS[0])
    monkeypatch.setenv("VAECLUSTER_DATA", str(tmp_path / "inside"))
    with pytest.raises(SettingError):
        load_named(name)


def test_a_data_variable_that_names_no_folder_is_an_error(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAECLUSTER_DATA", str(tmp_path / "absent"))
    with pytest.raises(FileError, match="which is no folder"):
        load_named("mnist")
    assert load_named("digits").name == "digits"


def test_pendigits_lines_become_rows_and_labels(tmp_path: Path) -> None:
    line = ", ".join(["47", "100", *["  0"] * 14, "8"])
    (tmp_path / "train").write_text(f"{line}\r\n{line}\r\n")
    (tmp_path / "test").write_text(f" {line}\n")
    x_train, y_train, x_test, y_test = parse_pendigits_files([tmp_path / "train", tmp_path / "test"])
    assert x_train.tolist() == [[47, 100, *[0] * 14]] * 2
    assert (y_train.tolist(), x_test.shape, y_test.tolist()) == ([8, 8], (1, 16), [8])


@pytest.mark.parametrize("text", ["", "<html>", "1,2,3\n", ",".join(["101"] * 17), "1,2\n1,2,3\n", "-1," * 16 + "1"])
def test_pendigits_lines_of_another_kind_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "train").write_text(text)
    with pytest.raises(ValueError, match=r"."):
        parse_pendigits_files([tmp_path / "train", tmp_path / "train"])


@pytest.mark.data
@pytest.mark.parametrize("name", SOURCES)
def test_the_real_data_sets_have_the_pinned_fingerprints(name: str, data_folder: str) -> None:
    data = load_named(name)
    assert fingerprint((data.x_train, data.y_train, data.x_test, data.y_test)) == SOURCES[name].fingerprint


@pytest.mark.data
def test_the_real_pendigits_survive_the_way_through_their_official_format(tmp_path: Path, data_folder: str) -> None:
    data = load_named("pendigits")
    for name, rows, labels in (
        ("tra", data.x_train, data.y_train),
        ("tes", data.x_test, data.y_test),
    ):
        np.savetxt(tmp_path / name, np.column_stack([rows, labels]), fmt="%3d", delimiter=",")
    arrays = parse_pendigits_files([tmp_path / "tra", tmp_path / "tes"])
    assert fingerprint(arrays) == SOURCES["pendigits"].fingerprint
    assert [len(array) for array in arrays] == [7494, 7494, 3498, 3498]


@pytest.mark.data
def test_every_file_of_the_users_folder_loads_by_its_name(data_folder: str) -> None:
    for path in Path(data_folder).glob("*.npz"):
        assert load_named(path.stem).name == path.stem
