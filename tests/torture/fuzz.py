"""Mutated files for every reader: each must be read, or refused with an error of ours.

    PYTHONPATH=tests python tests/torture/fuzz.py --inputs 100000 --seed 0 --output fuzz.json
    PYTHONPATH=tests python tests/torture/fuzz.py --inputs 18000 --only csv png

Anything else is a failure: another exception, more than ten seconds, memory that the file does not hold. Inputs that
fail are kept in a folder, with what happened. An opened model must also predict and sample.

The inputs are made by hypothesis. A fuzzer that changes bytes and watches which lines run, such as atheris, would stop
at the first check of these formats: a length before JSON, checksums in archives. The mutations here know the formats,
so most of them get past it.
"""

import argparse
import io
import json
import resource
import signal
import sys
import tempfile
import traceback
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import asdict
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import torch
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from torture.data_files import data_readers
from torture.mutations import Files, Inputs, Reader, changed_bytes, named
from vaecluster import Bound, TwoViews, VaDE, VAEClustering
from vaecluster.data.dataset import DataSet
from vaecluster.data.files import read_dataset
from vaecluster.errors import FileError, VaeclusterError
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import versions
from vaecluster.methods import Method
from vaecluster.runs.examples import read_examples
from vaecluster.runs.folder import RunFolder
from vaecluster.runs.order import ORDER, STATE, FitOrder
from vaecluster.training.checkpoint import FILE as CHECKPOINT
from vaecluster.training.checkpoint import Checkpoint
from vaecluster.training.listeners.history import History

SECONDS = 10.0
# No input is larger than some 100 kB, and packed numbers grow a thousand times at most.
GROWTH = 2**28
ADDRESSES = 2**31
# Hypothesis remembers what it has tried, so it starts anew after so many inputs.
BATCH = 2000
IDENTITY = {"epochs": 8}

# JSON

# Is replaced in the text: a Python value that deep cannot be written as JSON.
DEEP = "deep: fifty thousand lists"
VALUES = [
    *(
        None,
        True,
        False,
        "",
        "auto",
        "learned",
        "x",
        "\ud800",
        DEEP,
        [],
        {},
        [[]],
        [None],
        [0],
        [16],
        [1, 2],
        {"view": 1},
    ),
    *(0, -1, 1, 2, 3, 7, 16, 10**4, 10**9, 10**18, 2**63, 10**30, 10**400, [10**9], [16] * 5000, [4] * 3),
    *(0.5, -0.5, 0.0, 1e-320, 1e300, -1e300, float("nan"), float("inf"), [float("nan")], [0.2, 0.3, 0.5]),
    *(
        "<f4",
        "|u1",
        "|b1",
        ">i2",
        "<U4",
        "|O",
        "<m8[s]",
        "<f8,<f8",
        "su2018",
        "two-views",
        "conv",
        "dense",
        "bernoulli",
    ),
    *("gaussian-learned", "bayes", "features", "common", "uniform", "one-cycle", "Neighbours", "F16", "BF16", "I64"),
]
any_value = st.sampled_from(VALUES) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=4), inside, max_size=3),
    max_leaves=6,
)


def places(value: Any, depth: int = 0) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Every place below the top of a JSON value, with its depth."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in inside:
        yield depth, (key,)
        yield from ((below, (key, *place)) for below, place in places(entry, depth + 1))


@st.composite
def changed_json(draw: st.DrawFn, value: Any) -> Any:
    """The value after one to three changes somewhere in it: an entry replaced, left out, doubled or added."""
    value = deepcopy(value)
    for _ in range(draw(st.integers(1, 3))):
        found = list(places(value))
        depth = draw(st.integers(0, max((depth for depth, _ in found), default=0)))
        here = [place for at, place in found if at == depth]
        if not here:
            continue
        *way, last = draw(st.sampled_from(here))
        inside = value
        for key in way:
            inside = inside[key]
        match draw(st.integers(0, 5)):
            case 0:
                del inside[last]
            case 1 if isinstance(inside, list):
                inside.insert(last, inside[last])
            case 1:
                inside[draw(st.text(max_size=8))] = deepcopy(draw(any_value))
            case _:
                inside[last] = deepcopy(draw(any_value))
    return value


def as_json(value: Any) -> bytes:
    """The value as text, very deep where it says so."""
    return json.dumps(value).replace(f'"{DEEP}"', "[" * 50_000 + "]" * 50_000).encode()


# Arrays

SHAPES = st.lists(st.integers(-2, 12) | st.sampled_from([0, 2**31, 2**63, 10**15, 10**30]), max_size=5)
DTYPES = st.sampled_from(
    ["<f4", ">f8", "<f2", "|u1", "|b1", "<i8", "<c8", "<U3", "|S0", "|V0", "|O", "<M8[s]", "<f16", "<U0", "|V8", "f"]
) | st.text("<>|=fiubcSUVOMm0123456789[](), '{}", max_size=10)
# zipfile ends a name at the first zero, and does not write one without a letter.
MEMBERS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4)


@st.composite
def npy_headers(draw: st.DrawFn, array: np.ndarray) -> bytes:
    """A file of numpy's for the array, with a header that may claim something else."""
    fields: dict[str, Any] = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    match draw(st.integers(0, 5)):
        case 0:
            fields["shape"] = tuple(draw(SHAPES))
        case 1:
            fields["descr"] = draw(DTYPES)
        case 2:
            fields["descr"] = draw(st.lists(st.tuples(st.text(max_size=3), DTYPES), max_size=3))
        case 3:
            fields[draw(st.sampled_from(list(fields)))] = deepcopy(draw(any_value))
        case 4:
            fields["fortran_order"] = draw(st.booleans())
            fields["shape"] = draw(st.permutations(array.shape))
        case _:
            pass
    text = repr(fields)
    if draw(st.integers(0, 9)) == 0:
        text = draw(
            st.sampled_from(["(" * 300, "-" * 5000 + "1", "[" * 9000, "{'shape': (1,", "1" * 5000, "\\", "lambda: 0"])
        )
    header = (text.ljust(117) + "\n").encode("latin-1", "replace")
    major = draw(st.sampled_from([1, 1, 1, 1, 2, 3, 9]))
    length = len(header) if draw(st.integers(0, 9)) else draw(st.integers(0, 2**16 - 1))
    return b"\x93NUMPY" + bytes([major, 0]) + length.to_bytes(2 if major == 1 else 4, "little") + header


@st.composite
def npy_files(draw: st.DrawFn, arrays: Sequence[np.ndarray]) -> bytes:
    """One array, true or not."""
    array = draw(st.sampled_from(arrays))
    if draw(st.booleans()):
        return draw(npy_headers(array)) + array.tobytes()
    content = io.BytesIO()
    np.save(content, array)
    return draw(changed_bytes(content.getvalue(), 0))


@st.composite
def npz_files(draw: st.DrawFn, arrays: dict[str, np.ndarray], names: Sequence[str]) -> bytes:
    """An archive whose members may be missing, renamed or untrue, and whose own bytes may be changed."""
    content = io.BytesIO()
    packing = draw(
        st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
    )
    changed = draw(st.sampled_from([*arrays, None]))
    with warnings.catch_warnings(), zipfile.ZipFile(content, "w", packing) as archive:
        warnings.simplefilter("ignore")  # names that occur twice
        for name, array in arrays.items():
            member = name
            body = io.BytesIO()
            np.save(body, array)
            packed = body.getvalue()
            if name == changed:
                if draw(st.integers(0, 4)) == 0:
                    continue
                member = draw(st.just(name) | st.sampled_from(names) | MEMBERS)
                packed = draw(npy_files(list(arrays.values())))
            archive.writestr(f"{member}.npy", packed)
    return draw(st.just(content.getvalue()) | changed_bytes(content.getvalue()))


# Models

TYPES = {"F32": np.float32, "F64": np.float64, "I64": np.int64}
NUMBERS = st.sampled_from([float("nan"), float("inf"), 0.0, -1.0, 1.0, 3.0, 1e30, -1e30, 1e-30, 2.0**62]) | st.floats()


@st.composite
def changed_models(draw: st.DrawFn, models: Sequence[bytes]) -> bytes:
    """A model file with another description, other claims about its tensors, other numbers in them, or other bytes."""
    content = models[draw(st.integers(0, len(models) - 1))]
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return draw(changed_bytes(content))
    length = int.from_bytes(content[:8], "little")
    header, body = json.loads(content[8 : 8 + length]), bytearray(content[8 + length :])
    if kind == 1:
        header = draw(changed_json(header))
    elif kind == 2:
        name = draw(st.sampled_from([name for name in header if name != "__metadata__"]))
        start, end = header[name]["data_offsets"]
        values = np.frombuffer(bytes(body[start:end]), TYPES[header[name]["dtype"]]).copy()
        with np.errstate(all="ignore"):
            first, many = draw(st.integers(0, len(values) - 1)), draw(st.integers(1, 4))
            values[first : first + many] = np.array(draw(NUMBERS)).astype(values.dtype)
        body[start:end] = values.tobytes()
    else:
        described = json.loads(header["__metadata__"]["nested"])
        header["__metadata__"]["nested"] = as_json(draw(changed_json(described))).decode()
    if kind > 1:
        # With its checksum, or nothing would look at what was changed.
        header["__metadata__"]["checksum"] = str(checksum(header, bytes(body)))
    packed = as_json(header)
    return len(packed).to_bytes(8, "little") + packed + bytes(body)


def checksum(header: dict[str, Any], body: bytes) -> int:
    """That of a container: of its tensors by their names, then of its text."""
    found = 0
    for name in sorted(name for name in header if name != "__metadata__"):
        start, end = header[name]["data_offsets"]
        found = zlib.crc32(body[start:end], found) if end > start else found
    return zlib.crc32(header["__metadata__"]["nested"].encode("utf-8", "replace"), found)


def open_model(folder: Path) -> None:
    """Open a model and use it; once opened it has to answer."""
    model = VAEClustering.load(folder / "model.vaecluster", device="cpu")
    try:
        labels = model.predict(np.ones((3, *model.fitted_.schema.row_shape)))
        assert labels.shape == (3,)
        assert labels.max() < model.n_clusters_
        assert model.sample(2).shape == (2, *model.fitted_.schema.row_shape)
        assert len(model.sample(1, cluster=model.n_clusters_ - 1)) == 1
        model.history_.curves()
        if model.hierarchy_ is not None:
            assert model.cut(1).n_clusters_ == 1
            model.hierarchy_.linkage()
        if model.evidence_ is not None:
            assert model.evidence_.clusters >= 1
    except VaeclusterError as problem:
        raise AssertionError("a model was opened that cannot be used") from problem


def open_run(folder: Path) -> None:
    """Everything of a run but its model."""
    run = RunFolder.open(folder)
    run.description()
    read_examples(run.path)


def open_unfinished(folder: Path) -> None:
    """What a fit that was cut off goes on from."""
    (folder / STATE).mkdir(exist_ok=True)
    (folder / CHECKPOINT).rename(folder / STATE / CHECKPOINT)
    FitOrder.read(folder)
    with Checkpoint(folder / STATE, IDENTITY, 30.0) as checkpoint:
        assert checkpoint.seed == 0
        assert checkpoint.found == {}


def _unfinished() -> Inputs:
    """An order and a checkpoint, one of them changed."""
    with tempfile.TemporaryDirectory() as folder:
        with Checkpoint(Path(folder), IDENTITY, 30.0) as checkpoint:
            state = {"model": {"weight": torch.ones(2, 3)}, "epoch": 1, "rate": 0.5}
            checkpoint.begin(0, History()).keep("components", {}, state, None)
        content = (Path(folder) / CHECKPOINT).read_bytes()
    order = asdict(FitOrder("rows.npy", {"n_clusters": 3}, "two-views", {"views": "digits"}, 1))
    orders = changed_json(order).map(as_json) | changed_bytes(as_json(order))
    changed = named(ORDER, orders) | named(CHECKPOINT, changed_bytes(content, 0))
    return changed.map(lambda files: {ORDER: as_json(order), CHECKPOINT: content} | files)


def readers() -> list[Reader]:
    """Every reader, with small files of all the kinds that it knows."""
    random = np.random.default_rng(0)
    vectors = np.repeat([[0.0, 0, 0, 0], [9, 9, 0, 0], [0, 9, 9, 0]], 10, 0) + random.normal(size=(30, 4))
    images = random.integers(0, 256, (30, 4, 4), dtype=np.uint8)
    labels = np.arange(30) % 3
    arrays = [vectors, vectors.astype(np.float32)[:5], images, labels, np.array(["a", "bc"])]
    data = {"x_train": vectors, "y_train": labels, "x_test": vectors[:3], "y_test": np.array(["a", "b", "c"])}
    examples = {str(cluster): images[labels == cluster] for cluster in range(3)}
    names = ["x_train", "X", "x", "data", "y", "labels", "y_test", "0", "17", "-1", "../x"]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # after one epoch clusters are empty
        models = [_saved(fitted, Path(folder) / "model") for fitted in _models(vectors, images)]
        run = RunFolder(Path(folder))
        run.write(
            VAEClustering(3, method=TwoViews(epochs=1, hidden=(16,), latent=2, components=6), random_state=0).fit(
                images
            ),
            DataSet("rows", images),
            source="rows.npy",
            seconds=1.0,
            cpu_seconds=1.0,
            scores={},
        )
        described = json.loads(run.run_file.read_text())
    changed, packed = changed_json(described).map(as_json), npz_files(examples, names)
    whole = {"run.json": as_json(described), "examples.npz": _npz(examples)}
    descriptions = named("run.json", changed | changed_bytes(as_json(described)))
    runs = (descriptions | named("examples.npz", packed)).map(lambda files: whole | files)
    return [
        Reader(
            "npy",
            named("rows.npy", npy_files(arrays)),
            lambda folder: read_dataset(folder / "rows.npy"),
            VaeclusterError,
        ),
        Reader(
            "npz",
            named("rows.npz", npz_files(data, names)),
            lambda folder: read_dataset(folder / "rows.npz"),
            VaeclusterError,
        ),
        Reader("model", named("model.vaecluster", changed_models(models)), open_model, FileError),
        Reader("run", runs, open_run, FileError),
        Reader("unfinished", _unfinished(), open_unfinished, FileError),
    ]


def _models(vectors: np.ndarray, images: np.ndarray) -> Iterator[VAEClustering]:
    small: dict[str, Any] = {"epochs": 1, "hidden": (16,), "latent": 2}
    methods: list[tuple[Any, Method, np.ndarray]] = [
        (3, TwoViews(heads=1, components=6, views="vectors", **small), vectors),
        ("auto", TwoViews(components=4, likelihood="gaussian-learned", **small), images),
        (3, Bound(cluster_posterior="bayes", component_scale="learned", **small), vectors),
        (3, Bound(cluster_weights=[0.5, 0.3, 0.2], cluster_posterior="features", **small), vectors),
        (3, Bound(components="vamp", cluster_weights="learned", weights_temperature=2.0, **small), vectors),
        (3, VaDE(warm_epochs=0, **small), vectors),
    ]
    for clusters, method, rows in methods:
        yield VAEClustering(clusters, method=method, random_state=0).fit(rows)


def _saved(model: VAEClustering, path: Path) -> bytes:
    model.save(path)
    return path.read_bytes()


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **arrays)  # type: ignore[arg-type]
    return content.getvalue()


# The run


class Hang(BaseException):
    """An input took too long."""


@contextmanager
def guarded() -> Iterator[None]:
    """A bound on the addresses of this process, where the system has one, and an alarm that raises `Hang`."""

    def ring(*_: object) -> None:
        raise Hang

    before, limits = signal.signal(signal.SIGALRM, ring), resource.getrlimit(resource.RLIMIT_AS)
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ADDRESSES, limits[1]))
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        signal.signal(signal.SIGALRM, before)


def outcome(reader: Reader, files: Files, folder: Path) -> tuple[str, str]:
    """What came of one input: "read", the name of the error that refused it, or "failure" with what happened."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    before = most_memory()
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        reader.read(folder)
        result = "read", ""
    except reader.refusals as problem:
        result = type(problem).__name__, ""
        if _memory_ran_out(problem):
            result = "failure", f"memory ran out\n{traceback.format_exc()}"
    except (Exception, Hang):
        result = "failure", traceback.format_exc()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    grown = most_memory() - before
    return ("failure", f"memory grew by {grown} bytes") if grown > GROWTH else result


def most_memory() -> int:
    """The most memory that this process has held so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _memory_ran_out(problem: BaseException | None) -> bool:
    """Whether the error was told in place of one that says so; the addresses are bounded, so that it does."""
    while problem is not None:
        if isinstance(problem, MemoryError) or "allocate" in str(problem):
            return True
        problem = problem.__context__
    return False


def fuzz(reader: Reader, inputs: int, first_seed: int, kept: Path) -> Counter[str]:
    """How often each outcome came; the inputs that failed are written to `kept`, each in a folder."""
    counts: Counter[str] = Counter()

    def try_one(files: Files) -> None:
        told, what = outcome(reader, files, Path(here))
        counts[told] += 1
        if told == "failure":
            folder = kept / f"{reader.name}-{counts[told]}"
            folder.mkdir(parents=True, exist_ok=True)
            for file, content in files.items():
                (folder / file).write_bytes(content)
            (folder / "what.txt").write_text(what)

    with tempfile.TemporaryDirectory(dir=_fast_folder()) as here, guarded():
        for batch, start in enumerate(range(0, inputs, BATCH)):
            run = settings(
                max_examples=min(BATCH, inputs - start),
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            seed(first_seed * 1_000_003 + batch)(run(given(reader.inputs)(try_one)))()
    return counts


def _fast_folder() -> str | None:
    """Files live for a millisecond: in memory where there is a folder for that."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() else None


@cache
def all_readers() -> dict[str, tuple[Reader, int]]:
    """Every reader by its name, and how many share the inputs of its group: our own files, or files of data."""
    groups = readers(), data_readers()
    return {reader.name: (reader, len(group)) for group in groups for reader in group}


def fuzz_one(name: str, inputs: int, first_seed: int, kept: Path) -> tuple[str, dict[str, Any]]:
    """The reader's share of the inputs, and how often each outcome came."""
    started = monotonic()
    reader, sharing = all_readers()[name]
    counts = fuzz(reader, inputs // sharing, first_seed, kept)
    return name, {"outcomes": dict(counts), "seconds": round(monotonic() - started, 1)}


def main() -> int:
    """Fuzz every reader with an equal share of the inputs of its group; 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, help="files of our own, and as many files of data")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="readers to try; all if not given")
    parser.add_argument("--processes", type=int, default=1, help="readers at a time")
    parser.add_argument("--output", type=Path, help="counts as JSON")
    parser.add_argument("--kept", type=Path, default=Path("fuzz-failures"), help="folder for inputs that fail")
    chosen = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    with ProcessPoolExecutor(chosen.processes, get_context("spawn")) as processes:
        names = chosen.only or list(all_readers())
        tasks = [processes.submit(fuzz_one, name, chosen.inputs, chosen.seed, chosen.kept) for name in names]
        for task in as_completed(tasks):
            name, found = task.result()
            results[name] = found
            print(f"{name}: {sum(found['outcomes'].values()):,} inputs, {found}", flush=True)
    failures = sum(result["outcomes"].get("failure", 0) for result in results.values())
    if chosen.output is not None:
        facts = {"seed": chosen.seed, "inputs": sum(sum(found["outcomes"].values()) for found in results.values())}
        ordered = {name: results[name] for name in names}
        write_json(chosen.output, facts | {"failures": failures, "readers": ordered, "versions": versions()})
    print(f"{failures} failures" + (f", kept in {chosen.kept}" if failures else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
