"""What people would pick instead, each with its own recommended settings, in an environment of its own.

`make peers` installs it. A fit is a process of that environment; its seconds and its memory count as the fit's.
"""

import json
import os
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.baselines import BaselineClustering, as_vectors, choose_scaling
from benchmarks.runs import Outcome
from vaecluster.data.raw import Array
from vaecluster.errors import SettingError

ENVIRONMENT = Path(__file__).parents[2] / ".venv-peers"
SCRIPT = Path(__file__).with_name("fit.py")
# What `make peers` installs, first with all that it needs, then as it is.
PINNED = ("requirements.txt", "requirements-alone.txt")


@dataclass(frozen=True)
class Peer:
    """A method of the other environment; its fields are its settings, and what was set otherwise follows its name."""

    name: str
    standardise: bool = True

    # The kind of data whose rows it sees raw and prepares by itself; the others see what every method sees.
    prepares: ClassVar[str | None] = None

    @property
    def finds_number(self) -> bool:
        """Whether it pays no heed to the number of clusters that it is given."""
        return False

    def parameters(self) -> dict[str, Any]:
        """Every setting, and the versions of the other environment."""
        pinned = [line for file in PINNED for line in SCRIPT.with_name(file).read_text().splitlines()]
        versions = [line for line in pinned if line and not line.startswith(("#", "--"))]
        return {key: value for key, value in asdict(self).items() if key != "name"} | {"peers": versions}

    def fit(self, rows: Array, clusters: int, seed: int) -> Outcome:
        """Find clusters in rows (rows, *data); `clusters` is the number for those that must be given one."""
        as_seen = self._rows_as_seen(rows)
        place = Path(tempfile.mkdtemp())
        order = asdict(self) | {"peer": self.name.partition(",")[0], "clusters": clusters, "seed": seed}

        def predict(some: Array) -> NDArray[np.intp]:
            if some is rows:
                return labels
            np.save(place / "new.npy", as_seen(some))
            _run("predict", place)
            found: NDArray[np.intp] = np.load(place / "new-labels.npy").astype(np.intp)
            return found

        # The folder goes when nothing can ask for new rows any more.
        weakref.finalize(predict, shutil.rmtree, place, ignore_errors=True)
        (place / "order.json").write_text(json.dumps(order))
        np.save(place / "rows.npy", as_seen(rows))
        _run("fit", place)
        labels = np.load(place / "labels.npy").astype(np.intp)
        return Outcome(
            BaselineClustering(labels, predict), self.parameters(), json.loads((place / "facts.json").read_text())
        )

    def _rows_as_seen(self, rows: Array) -> Callable[[Array], Array]:
        if self.prepares is not None:
            return lambda some: some
        scaling = choose_scaling(rows, standardise=self.standardise)
        return lambda some: as_vectors(some, scaling)


@final
@dataclass(frozen=True)
class UmapMixture(Peer):
    """UMAP, then a Gaussian mixture of full covariances."""

    neighbours: int = 10
    dimensions: int = 10
    restarts: int = 5


@final
@dataclass(frozen=True)
class UmapHdbscan(Peer):
    """UMAP, then HDBSCAN, which finds the number of clusters; a cluster has at least `least_share` of the rows."""

    neighbours: int = 10
    dimensions: int = 10
    min_samples: int = 10
    least_share: float = 1 / 140
    least_rows: int = 15

    @property
    def finds_number(self) -> bool:
        """By the density of the map."""
        return True


@dataclass(frozen=True)
class OnGraph(Peer):
    """Leiden on scanpy's graph of neighbours at the end; without a `resolution`, that which gives the number."""

    neighbours: int = 15
    resolution: float | None = 1.0

    @property
    def finds_number(self) -> bool:
        """By the resolution, if that is given."""
        return self.resolution is not None


@final
@dataclass(frozen=True)
class Leiden(OnGraph):
    """Leiden on the graph of the rows as they are."""


@final
@dataclass(frozen=True)
class Scanpy(OnGraph):
    """scanpy's default recipe for counts, then Leiden; `most_spreads` is the largest value of a scaled gene."""

    genes: int = 2000
    most_spreads: float = 10.0
    components: int = 50

    prepares: ClassVar[str | None] = "counts"


@final
@dataclass(frozen=True)
class KPrototypes(Peer):
    """k-prototypes (Huang 1998) of columns of numbers, standardised already, and of `categorical` ones, by place."""

    categorical: tuple[int, ...] = ()
    restarts: int = 10

    prepares: ClassVar[str | None] = "mixed"


@final
@dataclass(frozen=True)
class ScVI(OnGraph):
    """scVI's codes of raw counts as in scvi-tools' first tutorial, then Leiden on the graph of their neighbours.

    Without `epochs` it learns for as many as scvi-tools advises: 400, fewer from 20,000 cells on.
    """

    genes: int = 1200
    epochs: int | None = None

    prepares: ClassVar[str | None] = "counts"


@final
@dataclass(frozen=True)
class ClustPy(Peer):
    """A deep method of ClustPy with the settings that it comes with; fewer epochs are a limit on its time.

    An autoencoder of 500-500-2000-10 learns for `pretrain_epochs`, then codes and clusters for `epochs`.
    """

    pretrain_epochs: int = 100
    epochs: int = 150


@final
@dataclass(frozen=True)
class ClustPyN2D(Peer):
    """N2D of ClustPy with UMAP, as its paper has it: ClustPy's own default, t-SNE, has three dimensions at most."""

    pretrain_epochs: int = 100
    neighbours: int = 10


PEERS: dict[str, Peer] = {
    peer.name: peer
    for peer in (
        UmapMixture("umap-mixture"),
        UmapHdbscan("umap-hdbscan"),
        Leiden("leiden"),
        Leiden("leiden-to-k", resolution=None),
        Scanpy("scanpy", standardise=False),
        ScVI("scvi", standardise=False),
        ScVI("scvi-to-k", standardise=False, resolution=None),
        *(ClustPy(f"clustpy-{method}") for method in ("vade", "dec", "idec", "dcn")),
        ClustPyN2D("clustpy-n2d"),
    )
}


def _run(what: str, folder: Path) -> None:
    threads = str(torch.get_num_threads())
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), threads)
    command = [python(), str(SCRIPT), what, str(folder / "order.json"), str(folder)]
    subprocess.run(command, check=True, env=os.environ | limits)


def python() -> str:
    """The Python of the peers' environment."""
    place = ENVIRONMENT / "bin" / "python"
    if not place.exists():
        raise SettingError(f"The peers are not installed in '{ENVIRONMENT}'. Run: make peers.")
    return str(place)
