"""`vaecluster predict --engine ray` with a real Ray: what is killed is killed, and every row is there once."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from vaecluster.cli import run
from vaecluster.engines import ray as engine
from vaecluster.hearing import unheard

pytest.importorskip("ray")
psutil = pytest.importorskip("psutil")
# Ray starts processes and leaves them to themselves.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
GROUPS = 16
# A worker takes long to start.
ONE = ["--engine", "ray", "--workers", "1"]


@pytest.fixture(scope="module")
def plain(sales, tmp_path_factory) -> pa.Table:
    """What is answered without an engine."""
    output = tmp_path_factory.mktemp("plain") / "plain.parquet"
    assert run(["predict", str(sales / "run"), str(sales / "rows"), "--output", str(output)]) == 0
    return parquet.read_table(output)


def answers_in(folder: Path) -> pa.Table:
    return pa.concat_tables(parquet.read_table(file) for file in sorted(folder.iterdir()))


def check_same(output: Path, plain: pa.Table) -> None:
    """The same rows in the same order, each with its file and its number there."""
    found = answers_in(output)
    assert found.drop_columns(["file", "row"]) == plain.drop_columns("row")
    numbers = {"a.parquet": 25_000, os.path.join("new", "b.parquet"): 14_000}
    assert found.column("file").to_pylist() == [name for name, rows in numbers.items() for _ in range(rows)]
    assert found.column("row").to_pylist() == [row for rows in numbers.values() for row in range(rows)]


def kept_in(output: Path) -> int:
    return len(list(output.with_name(f".{output.name}.parts").glob("*.parquet")))


def workers() -> list["psutil.Process"]:
    own = psutil.Process().children(recursive=True)
    return [one for one in own if one.is_running() and "MapWorker" in " ".join(one.cmdline())]


def test_no_row_is_lost_or_doubled_when_workers_are_killed(sales, plain, local_ray, tmp_path, capsys):
    output, killed = tmp_path / "out", []

    def kill() -> None:
        for after in (2, GROUPS // 2):
            while kept_in(output) < after:
                time.sleep(0.01)
            for worker in workers():
                worker.kill()
                killed.append(worker.pid)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    assert run(["predict", str(sales / "run"), str(sales / "rows"), "--engine", "ray", "--output", str(output)]) == 0
    killer.join()
    assert len(set(killed)) >= 3
    check_same(output, plain)
    captured = capsys.readouterr()
    assert captured.out == f"39,000 rows written to {output}\n"
    assert "Workers died; " in captured.err
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_killed_driver_leaves_nothing_that_looks_finished_and_the_next_goes_on(
    sales, plain, local_ray, tmp_path, capsys
):
    output = tmp_path / "out"
    words = ["predict", str(sales / "run"), str(sales / "rows"), "--output", str(output), *ONE]
    command = [sys.executable, "-m", "vaecluster", *words, "--address", local_ray]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        while child.poll() is None and kept_in(output) < 3:
            time.sleep(0.01)
        child.kill()
    assert not output.exists()
    kept = kept_in(output)
    assert 3 <= kept < GROUPS
    assert run(words) == 0
    captured = capsys.readouterr()
    assert "Going on after" in captured.err
    check_same(output, plain)
    assert "is there already" in refused(capsys, words)


@pytest.mark.filterwarnings("always::vaecluster.errors.SkippedFilesWarning")
def test_pictures_are_read_by_workers_and_those_that_cannot_be_are_named(tmp_path, local_ray, capsys):
    random = np.random.default_rng(0)
    for number in range(30):
        pixels = random.integers(0, 60, (8, 8, 3), np.uint8) + np.uint8(150 * (number % 2))
        (tmp_path / "photos" / str(number % 3)).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(tmp_path / "photos" / str(number % 3) / f"{number:02}.png")
    words = ["fit", str(tmp_path / "photos"), "--clusters", "2", "--size", "8", "--set", "epochs=2", "--quiet"]
    with unheard():
        assert run([*words, "--set", "hidden=16", "--output", str(tmp_path / "run")]) == 0
    (tmp_path / "photos" / "0" / "torn.png").write_bytes(b"\x89PNG and no more")
    words = ["predict", str(tmp_path / "run"), str(tmp_path / "photos"), "--outlier-scores", "--output"]
    assert run([*words, str(tmp_path / "plain.parquet")]) == 0
    warned = [line for line in capsys.readouterr().err.splitlines() if "torn.png" in line]
    assert run([*words, str(tmp_path / "out"), *ONE]) == 0
    assert [line for line in capsys.readouterr().err.splitlines() if "torn.png" in line] == warned
    assert len(warned) == 1
    assert answers_in(tmp_path / "out") == parquet.read_table(tmp_path / "plain.parquet").drop_columns("row")


def refused(capsys: pytest.CaptureFixture[str], words: list[str]) -> str:
    """The one line that a command leaves that is to fail."""
    capsys.readouterr()
    assert run(words) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    return lines[0]


def test_rows_that_cannot_be_used_are_one_line_and_leave_nothing(sales, local_ray, tmp_path, capsys):
    parquet.write_table(pa.table({"size": ["large"] * 40, "colour": ["red"] * 40}), tmp_path / "texts.parquet")
    output = tmp_path / "out"
    words = ["predict", str(sales / "run"), str(tmp_path / "texts.parquet"), "--output", str(output)]
    assert "'size'" in refused(capsys, [*words, *ONE])
    assert [path.name for path in tmp_path.iterdir()] == ["texts.parquet"]


BAD: dict[str, tuple[Callable[[Path, Path], list[str]], str]] = {
    "no output": (lambda sales, place: [str(sales / "rows")], "Give a new one"),
    "a file as output": (lambda sales, place: [str(sales / "rows"), "--output", str(place / "a.csv")], "Give a new"),
    "an output that is there": (
        lambda sales, place: [str(sales / "rows"), "--output", str(sales)],
        "is there already",
    ),
    "no rows": (lambda sales, place: [str(place / "none"), "--output", str(place / "out")], "does not exist"),
    "a table of another kind": (
        lambda sales, place: [str(sales / "run" / "labels.csv"), "--output", str(place / "out")],
        "--engine reads Parquet files and pictures",
    ),
    "features of a table": (
        lambda sales, place: [str(sales / "rows"), "--features", "f.npy", "--output", str(place / "out")],
        "--features is for pictures",
    ),
    "a cluster that is not there": (
        lambda sales, place: [str(sales / "rows"), "--address", "127.0.0.1:1", "--output", str(place / "out")],
        "No Ray cluster answers at '127.0.0.1:1'",
    ),
    "no workers": (
        lambda sales, place: [str(sales / "rows"), "--workers", "0", "--output", str(place / "out")],
        "--workers is 0",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_refused_before_ray_is_started(name, sales, tmp_path, capsys):
    words, message = BAD[name]
    line = refused(capsys, ["predict", str(sales / "run"), *words(sales, tmp_path), "--engine", "ray"])
    assert message in line
    assert list(tmp_path.iterdir()) == []


def test_options_of_engines_need_one(sales, capsys):
    words = ["predict", str(sales / "run"), str(sales / "rows"), "--workers", "2"]
    assert "Add --engine ray" in refused(capsys, words)


def test_a_block_that_ends_every_worker_is_given_up(sales, tmp_path, monkeypatch):
    run_folder = engine.RunFolder.open(sales / "run")
    function = engine.predict_function(run_folder.model_file)
    blocks = engine.CutSource.of(str(sales / "old.parquet"), run_folder, function.model, None).blocks
    worker = engine.Worker(function, blocks, engine.Answered(tmp_path, ".parquet"))
    (tmp_path / f"{0:08}{engine.TRIES}").write_bytes(b"." * engine.MOST_TRIES)
    assert "5 workers died" in str(worker.done(0).problem)
