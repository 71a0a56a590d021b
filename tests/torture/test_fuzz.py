import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).with_name("fuzz.py")
# With these seeds about as many inputs as make every mutation of every file likely; the script tries many more.
INPUTS = 300
OWN = ["npy", "npz", "model", "run", "unfinished"]
DATA = ["csv", "parquet", "h5ad", "png", "jpeg", "gif", "tiff", "webp", "bmp"]


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fuzz", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # records look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def readers(fuzz: ModuleType) -> dict:
    return {name: reader for name, (reader, _) in fuzz.all_readers().items()}


@pytest.mark.parametrize("name", [*OWN, *DATA])
def test_a_mutated_file_is_read_or_refused_and_nothing_else(
    name: str, fuzz: ModuleType, readers: dict, tmp_path: Path
) -> None:
    counts = fuzz.fuzz(readers[name], INPUTS, 0, tmp_path)
    assert counts.total() == INPUTS
    assert counts["failure"] == 0, "\n\n".join(path.read_text() for path in sorted(tmp_path.glob("*/what.txt")))
    # Mutations that are all refused at the first byte would show nothing.
    assert counts["read"] >= INPUTS / 30


def reader_that(fuzz: ModuleType, readers: dict, read: object) -> object:
    one = readers["npy"]
    return type(one)("npy", one.inputs, read, one.refusals)


def test_another_exception_a_hang_and_too_much_memory_are_failures_and_are_kept(
    fuzz: ModuleType, readers: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_another(folder: Path) -> None:
        raise KeyError("rows")

    def hang(folder: Path) -> None:
        while True:
            pass

    def refuse_for_memory(folder: Path) -> None:
        try:
            raise MemoryError
        except MemoryError:
            raise fuzz.FileError("cannot be opened") from None

    monkeypatch.setattr(fuzz, "SECONDS", 0.05)
    for what, read in (("KeyError", raise_another), ("Hang", hang), ("memory ran out", refuse_for_memory)):
        kept = tmp_path / what
        assert fuzz.fuzz(reader_that(fuzz, readers, read), 1, 0, kept) == {"failure": 1}
        assert what in (kept / "npy-1" / "what.txt").read_text()
        assert (kept / "npy-1" / "rows.npy").exists()


def test_the_same_seed_makes_the_same_inputs(fuzz: ModuleType, readers: dict, tmp_path: Path) -> None:
    def inputs_of(seed: int) -> list[bytes]:
        seen: list[bytes] = []
        reader = reader_that(fuzz, readers, lambda folder: seen.append((folder / "rows.npy").read_bytes()))
        fuzz.fuzz(reader, 40, seed, tmp_path)
        return seen

    assert inputs_of(7) == inputs_of(7)
    assert inputs_of(7) != inputs_of(8)
