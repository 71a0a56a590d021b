"""Two and four processes that learn together, started by torchrun; the two on two hosts, in network namespaces."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Hosts:
    """Two hosts: what commands begin with to run there, their addresses, and the interface between them."""

    before: Sequence[Sequence[str]] = ((), ())
    addresses: Sequence[str] = ("localhost", "localhost")
    interface: str = "lo"
    # Why both are this host, if they are.
    problem: str = ""


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """Two network namespaces, or twice this host where none can be made."""
    names = [f"vaecluster{os.getpid()}-{host}" for host in (1, 2)]
    made = [["ip", "netns", "add", name] for name in names]
    made.append(["ip", "-n", names[0], "link", "add", "eth0", "type", "veth", "peer", "eth0", "netns", names[1]])
    for host, name in enumerate(names, 1):
        inside = ["ip", "-n", name]
        made.append([*inside, "address", "add", f"10.77.0.{host}/24", "dev", "eth0"])
        made += [[*inside, "link", "set", device, "up"] for device in ("lo", "eth0")]
    found = Hosts([["ip", "netns", "exec", name] for name in names], ["10.77.0.1", "10.77.0.2"], "eth0")
    try:
        for command in made:
            subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        found = Hosts(problem=getattr(error, "stderr", "") or str(error))
    yield found
    for name in names:
        with suppress(OSError):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


@pytest.fixture(scope="module")
def commanded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the ranks on two hosts fit by the command line, and the rows of that fit."""
    folder = tmp_path_factory.mktemp("commanded")
    np.save(folder / "rows.npy", vectors(60))
    return folder


def fit_of(folder: Path, name: str) -> list[str]:
    words = ["fit", str(folder / "rows.npy"), "--clusters", "3", "--set", "epochs=40", "--quiet", "--output"]
    return [*words, str(folder / name)]


@pytest.fixture(scope="module")
def several(hosts: Hosts, commanded: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Left]:
    """What each rank of two and of four has; the two are on two hosts, and the last one was killed once."""
    left, folders = {}, {size: tmp_path_factory.mktemp(f"ranks{size}") for size in (2, 4)}
    with socket.create_server(("localhost", 0)) as free:
        meeting = f"{hosts.addresses[0]}:{free.getsockname()[1]}"
    words = ["--nnodes", 2, "--rdzv-backend", "c10d", "--rdzv-endpoint", meeting, "--max-restarts", 1]
    started = []
    for host, (before, address) in enumerate(zip(hosts.before, hosts.addresses, strict=True)):
        own = ["--local-addr", address, "--rdzv-conf", f"is_host={host == 0}"]
        program = [PROGRAM, folders[2], *fit_of(commanded, "together")]
        started.append(torchrun(*words, *own, *program, before=before, GLOO_SOCKET_IFNAME=hosts.interface))
    ended(*started)
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


@quiet
def test_the_command_line_learns_on_two_hosts(hosts: Hosts, several: dict[int, Left], commanded: Path) -> None:
    assert run(fit_of(commanded, "alone")) == 0
    together, alone = (pd.read_csv(commanded / name / "labels.csv").cluster for name in ("together", "alone"))
    # In single precision sums over ranks round differently, and a row or two lie between clusters.
    assert (together == alone).sum() >= 57
    if hosts.problem:
        pytest.skip(f"both hosts were this one, since network namespaces cannot be made here: {hosts.problem}")
