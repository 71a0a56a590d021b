"""Rows of which the clusters are known, and the file of what was found in them; a run that was stopped goes on.

Labels say how good a fit was, once it is over. None takes part in it.
"""

import json
import warnings
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray

from vaecluster.data.raw import Array
from vaecluster.files.atomic import write_json
from vaecluster.files.provenance import versions

Labels = NDArray[np.intp]
# Rows, their clusters and a seed to what was found.
Measure = Callable[[Any, Labels, int], dict[str, Any]]

# Blobs are normal with deviation 1; no two centres are nearer than this.
APART = 6.0


@final
@dataclass(frozen=True)
class Case:
    """Rows of known clusters; `make` draws them with their clusters."""

    name: str
    group: str
    make: Callable[[Generator], tuple[Any, Labels]]

    @property
    def key(self) -> str:
        """What it is called in the file."""
        return f"{self.group}: {self.name}"

    def drawn(self, seed: int) -> tuple[Any, Labels]:
        """Its rows and their clusters, (rows, *data) and (rows,); the same for the same seed."""
        return self.make(np.random.default_rng([seed, *self.name.encode()]))


def blobs(random: Generator, sizes: Sequence[int], columns: int) -> tuple[Array, Labels]:
    """Normal blobs of these sizes around centres drawn at random."""
    centres = random.normal(size=(len(sizes), columns)) * 2.5
    widening = 1.0
    while True:
        between = np.linalg.norm(centres[:, None] - centres, axis=-1) + np.eye(len(centres)) * 2 * APART
        near = np.argwhere(between < APART)
        if not len(near):
            break
        widening += 0.005
        centres[near[0, 0]] = random.normal(size=columns) * 2.5 * widening
    return around(random, centres, sizes)


def around(random: Generator, centres: Array, sizes: Sequence[int]) -> tuple[Array, Labels]:
    """Normal rows of deviation 1, so many around each of the centres (clusters, columns)."""
    clusters = np.repeat(np.arange(len(sizes)), sizes)
    return centres[clusters] + random.normal(size=(len(clusters), centres.shape[1])), clusters


def record(cases: Sequence[Case], measure: Measure, seeds: range, path: Path) -> None:
    """Measure what the file does not hold yet, and write it after every case."""
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"versions": versions(), "fits": {}}
    for case in cases:
        for seed in seeds:
            fits = found["fits"].setdefault(case.key, {})
            if str(seed) in fits:
                continue
            rows, clusters = case.drawn(seed)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                fits[str(seed)] = measure(rows, clusters, seed)
            write_json(path, found)
            print(case.key, seed, fits[str(seed)], flush=True)


def main(description: str | None, cases: Sequence[Case], measure: Measure, path: Path) -> None:
    """Measure from the command line."""
    parser = ArgumentParser(description=description)
    parser.add_argument("--seeds", type=int, default=3, help="fits of every case")
    parser.add_argument("--only", default="", help="cases whose group or name holds this text")
    parser.add_argument("--output", type=Path, default=path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    record([case for case in cases if given.only in case.key], measure, range(given.seeds), given.output)
