"""Two and four processes that learn together, started by torchrun, also on two hosts in network namespaces."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from builders import quiet, vectors
from ranks.learning import CASES, ROWS, fitted, learned
from vaecluster import ranks
from vaecluster.cli import run
from vaecluster.errors import TrainingError

TESTS = Path(__file__).parent.parent
PROGRAM = Path(__file__).with_name("learning.py")
Left = list[Mapping[str, NDArray[Any]]]


def torchrun(
    *arguments: Any, before: Sequence[str] = (), folder: Path | None = None, **variables: str
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*before, sys.executable, "-m", "torch.distributed.run", *map(str, arguments)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])} | variables,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(*processes: "subprocess.Popen[str]") -> None:
    try:
        for process in processes:
            said, _ = process.communicate(timeout=300)
            assert process.returncode == 0, said
    finally:
        for process in processes:
            # So told, torchrun ends what it has started too.
            process.terminate()
            process.wait(60)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Left]:
    """What each rank of two and of four has; the two are started like two hosts, and the last one was killed once."""
    left, folders = {}, {size: tmp_path_factory.mktemp(f"ranks{size}") for size in (2, 4)}
    with socket.create_server(("localhost", 0)) as free:
        meeting = ["--nnodes", 2, "--rdzv-backend", "c10d", "--rdzv-endpoint", f"localhost:{free.getsockname()[1]}"]
    hosts = [
        torchrun(*meeting, "--rdzv-conf", f"is_host={first}", "--max-restarts", 1, PROGRAM, folders[2])
        for first in (True, False)
    ]
    ended(*hosts)
    ended(torchrun("--standalone", "--nproc-per-node", 4, PROGRAM, folders[4]))
    for size, folder in folders.items():
        left[size] = [dict(np.load(folder / f"{rank}.npz")) for rank in range(size)]
    return left


@pytest.mark.parametrize("size", [2, 4])
@pytest.mark.parametrize("case", CASES)
def test_many_learn_what_one_does(case: str, size: int, several: dict[int, Left]) -> None:
    alone = learned(case)
    for rank in several[size]:
        for name, value in alone.items():
            np.testing.assert_allclose(rank[f"{case}/{name}"], value, rtol=1e-6, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("size", [2, 4])
def test_all_have_the_same_model(size: int, several: dict[int, Left]) -> None:
    first, *others = several[size]
    for other in others:
        for name in first.keys() - {"calls", "own"}:
            np.testing.assert_array_equal(other[name], first[name], err_msg=name)


@pytest.mark.parametrize("size", [2, 4])
def test_each_draws_for_its_own_rows_and_nothing_twice(size: int, several: dict[int, Left]) -> None:
    own = np.concatenate([rank["own"] for rank in several[size]])
    assert len(np.unique(own)) == own.size == 2 * 3 * size


@quiet
def test_a_fit_that_lost_a_process_ends_as_if_it_had_not(several: dict[int, Left], tmp_path: Path) -> None:
    calls: list[int] = []
    model = fitted(tmp_path, calls)
    for rank in several[2]:
        np.testing.assert_array_equal(rank["labels"], model.labels_)
        np.testing.assert_allclose(rank["probabilities"], model.predict_proba(vectors(ROWS)), atol=1e-2)
        # What was learned before was not learned again.
        assert len(rank["calls"]) < len(calls)


BAD = {
    "no rows": (["fit", "none.npy", "--output", "run"], "does not exist"),
    "an option that is none": (["fit", "--cluster", "3"], "--cluster"),
    "another command": (["report", "run"], "without torchrun"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_is_said_once(name: str, tmp_path: Path) -> None:
    words, expected = BAD[name]
    process = torchrun("--standalone", "--nproc-per-node", 2, "-m", "vaecluster", *words, folder=tmp_path)
    said, _ = process.communicate(timeout=120)
    errors = [line for line in said.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, said
    assert expected in errors[0]
    assert process.returncode
    assert not list(tmp_path.iterdir())


def test_a_process_that_ended_is_told_of_by_the_others() -> None:
    with pytest.raises(TrainingError, match="--resume"), ranks.together():
        raise RuntimeError("[/src/gloo/transport/tcp/pair.cc:537] Read error [127.0.0.1]:41615: Connection reset")
    with pytest.raises(RuntimeError, match="of another kind"), ranks.together():
        raise RuntimeError("of another kind")


@pytest.fixture
def two_hosts() -> Iterator[list[Sequence[str]]]:
    """What commands begin with to run on each of two hosts that see each other, 10.77.0.1 and 10.77.0.2, by eth0."""
    names = [f"vaecluster{os.getpid()}-{host}" for host in (1, 2)]
    made = [["ip", "netns", "add", name] for name in names]
    made.append(["ip", "-n", names[0], "link", "add", "eth0", "type", "veth", "peer", "eth0", "netns", names[1]])
    for host, name in enumerate(names, 1):
        inside = ["ip", "-n", name]
        made.append([*inside, "address", "add", f"10.77.0.{host}/24", "dev", "eth0"])
        made += [[*inside, "link", "set", device, "up"] for device in ("lo", "eth0")]
    try:
        for command in made:
            try:
                subprocess.run(command, check=True, capture_output=True, text=True)
            except (OSError, subprocess.CalledProcessError) as error:
                pytest.skip(f"network namespaces cannot be made here: {getattr(error, 'stderr', '') or error}")
        yield [["ip", "netns", "exec", name] for name in names]
    finally:
        for name in names:
            with suppress(OSError):
                subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


@quiet
def test_the_command_line_learns_on_two_hosts(two_hosts: list[Sequence[str]], tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", vectors(60))
    asked = ["fit", str(tmp_path / "rows.npy"), "--clusters", "3", "--set", "epochs=4", "--output"]
    meeting = ["--nnodes", 2, "--rdzv-backend", "c10d", "--rdzv-endpoint", "10.77.0.1:29400"]
    own = [["--local-addr", f"10.77.0.{host}", "--rdzv-conf", f"is_host={host == 1}"] for host in (1, 2)]
    processes = [
        torchrun(
            *meeting, *of_host, "-m", "vaecluster", *asked, tmp_path / "run", before=on, GLOO_SOCKET_IFNAME="eth0"
        )
        for of_host, on in zip(own, two_hosts, strict=True)
    ]
    ended(*processes)
    assert run([*asked, str(tmp_path / "alone"), "--quiet"]) == 0
    together, alone = (pd.read_csv(tmp_path / name / "labels.csv").cluster for name in ("run", "alone"))
    # In single precision sums over ranks round differently, and a row or two lie between clusters.
    assert (together == alone).sum() >= 57
