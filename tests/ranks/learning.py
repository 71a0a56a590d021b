"""A program that torchrun starts: stages of fits in double precision, and a fit that loses one of its processes.

python learning.py OUTPUT [ARGUMENT ...]

The arguments are a command of vaecluster, which all processes are then given too.
"""

import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from builders import rows_of, tiny, vectors
from vaecluster import TwoViews, VAEClustering, cli, ranks
from vaecluster.errors import DataError
from vaecluster.methods.dec import Sharpening
from vaecluster.methods.dgg import GraphObjective
from vaecluster.methods.labels import with_labelled
from vaecluster.methods.moments import empty_prior
from vaecluster.methods.two_views.heads import ComponentHeads
from vaecluster.methods.two_views.method import pairs
from vaecluster.methods.two_views.objective import TwoViewsObjective, Weights
from vaecluster.model.networks.initial import start_
from vaecluster.model.objective import Batch, BoundObjective, Objective
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.plan import Plan
from vaecluster.training.run import Batches, Run
from vaecluster.training.state import tensors_of
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import Views

# So many that four ranks never have the same number of rows.
ROWS, FEATURES, SEED = 43, 16, 3
CASES = ("information", "pointwise", "refined", "labels", "su2018", "dgg", "dec")


def learned(case: str) -> dict[str, NDArray[Any]]:
    """All that a case of these learns in two epochs, in double precision, and what it says of each epoch."""
    rows = rows_of(vectors(ROWS))
    if case == "labels":
        rows = rows.labelled(np.where(np.arange(ROWS) % 4 == 0, np.arange(ROWS) % 3, -1))
    run = Run(rows, None, SEED)
    run.stages({case: Plan(2, 15, 1e-2)})
    objective = _objective(case, rows.schema)
    start_(objective, Generator().manual_seed(SEED))
    run.train_through(case, objective.double(), _doubled(_batches(case, run)))
    said = {
        f"{epoch.epoch} {name}": np.array(mean) for epoch in run.history.epochs for name, mean in epoch.terms.items()
    }
    return {name: tensor.numpy() for name, tensor in tensors_of(objective).items()} | said


def _objective(case: str, schema: Any) -> Objective:
    if case in ("su2018", "dgg", "dec"):
        model: ClusteringVAE = tiny(case).completed(schema, ROWS, 3).build(schema, 3)
        if case == "dec":
            start_(model, Generator().manual_seed(SEED))
            nn.init.normal_(model.cluster_posterior.centres, generator=Generator().manual_seed(0))  # type: ignore[arg-type]
            return Sharpening(model, weight=1.0, kept=True)
        return BoundObjective(model) if case == "su2018" else GraphObjective(model, 0.5)
    model = tiny("two-views").completed(schema, ROWS, 3).build(schema, 3)
    parts = model.encoder, model.decoder, ComponentHeads(FEATURES, 2, 6)
    weights = Weights(information=20.0, agreement=1.0, balance=1.0, decoded_share=0.25, labels=5.0)
    if case in ("information", "pointwise"):
        return TwoViewsObjective.of_components(*parts, weights, pointwise=case == "pointwise")
    groups, target = torch.tensor([[0, 1, 2, 0, 1, 2]] * 2), torch.full((2, 3), 1 / 3)
    return TwoViewsObjective.of_groups(*parts, empty_prior(6, 2), groups, target, weights)


def _batches(case: str, run: Run) -> Batches:
    if case in ("su2018", "dec"):
        return run.batch
    batches = pairs(Views(Neighbours(4)).prepare(run.rows))
    return with_labelled(batches, run.rows)


def _doubled(batches: Batches) -> Batches:
    def double(batch: Batch) -> Batch:
        return replace(
            batch,
            rows=batch.rows.double(),
            view=None if batch.view is None else batch.view.double(),
            labelled=None if batch.labelled is None else double(batch.labelled),
        )

    return lambda numbers, generator: double(batches(numbers, generator))


def fitted(folder: Path, calls: list[int], *, dies: bool = False) -> VAEClustering:
    """A whole fit with its state in the folder, in which this process may be killed on the way."""

    def killing(batch: Tensor) -> Tensor:
        calls.append(len(batch))
        if dies and len(calls) == 9:
            os.kill(os.getpid(), signal.SIGKILL)
        return batch

    method: TwoViews = tiny("two-views", views=[Neighbours(), killing], epochs=6)
    model = VAEClustering(3, method=method, random_state=0, checkpoint_dir=folder, checkpoint_every=0.0)
    return model.fit(vectors(ROWS))


def main(output: Path, command: Sequence[str]) -> None:
    """Write what each rank has into a file of its own, and do the command."""
    calls: list[int] = []
    generator = Generator().manual_seed(SEED)
    with ranks.together() as here:
        own = [torch.rand(3, generator=ranks.own(generator))]
        moved = torch.rand(3, generator=generator)
        own.append(torch.rand(3, generator=ranks.own(generator)))
        dies = here == ranks.Ranks(1, 2) and not ranks.restarted()
        model = fitted(output / "state", calls, dies=dies)
        # After it, so that they are learned once.
        found = {f"{case}/{name}": value for case in CASES for name, value in learned(case).items()}
        with pytest.raises(DataError, match="different rows"):
            VAEClustering(3, method=tiny("two-views")).fit(vectors(ROWS, seed=min(1, here.rank)))
    found |= {"moved": moved.numpy(), "own": torch.stack(own).numpy()}
    found |= {"labels": model.labels_, "probabilities": model.predict_proba(vectors(ROWS)), "calls": np.array(calls)}
    np.savez(output / f"{here.rank}.npz", **found)
    if command:
        assert cli.run(command) == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
