"""Tiny rows, and settings with which every method learns them in a moment."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from vaecluster import VAEClustering
from vaecluster.data.arrays import ArraySource
from vaecluster.data.blocks.reading import Reading
from vaecluster.data.rows import Rows
from vaecluster.methods import METHODS, Fitted, Method
from vaecluster.training.events import Listener
from vaecluster.training.listeners.history import History
from vaecluster.training.run import Run

# So little learning leaves clusters empty, and few clues.
quiet = pytest.mark.filterwarnings(
    *(f"ignore::vaecluster.errors.{name}Warning" for name in ("EmptyClusters", "FewClues", "RolledBack"))
)
# Whoever cuts into more clusters than were learned is warned.
splits = pytest.mark.filterwarnings("ignore::vaecluster.errors.SplitClustersWarning")
CLUSTERS = 3
# Settings that make each method small; 40 rows are then two steps an epoch.
TINY: dict[str, dict[str, Any]] = {
    "two-views": {"epochs": 4, "batch_size": 20, "hidden": (16,), "latent": 2, "heads": 2, "components": 6},
    "su2018": {"network": "dense", "epochs": 3, "batch_size": 20, "hidden": (16,), "latent": 2},
    "dec": {"warm_epochs": 2, "epochs": 2, "generator_epochs": 1, "batch_size": 20, "hidden": (16,), "latent": 2},
    "idec": {"warm_epochs": 2, "epochs": 2, "generator_epochs": 1, "batch_size": 20, "hidden": (16,), "latent": 2},
    "stepwise": {"epochs": 3, "generator_epochs": 2, "batch_size": 20, "hidden": (16,), "latent": 2},
    "vade": {"warm_epochs": 2, "epochs": 2, "batch_size": 20, "hidden": (16,), "latent": 2},
    "dgg": {"warm_epochs": 2, "epochs": 2, "batch_size": 20, "hidden": (16,), "latent": 2},
}


def vectors(number: int = 40, groups: int = CLUSTERS, seed: int = 0) -> np.ndarray:
    """Groups of spread 1 around corners that are 6 and more apart: (number, 4), float64."""
    random = np.random.default_rng(seed)
    corners = 3 * np.array([[1, 1, -1, -1], [1, -1, 1, -1], [-1, 1, 1, -1], [-1, -1, -1, 1]])
    return corners[np.arange(number) % groups] + random.normal(size=(number, 4))


def images(number: int = 40, seed: int = 0) -> np.ndarray:
    """Grey images with one of three bright bars: (number, 8, 8), bytes."""
    random = np.random.default_rng(seed)
    made = random.integers(0, 40, (number, 8, 8))
    for row, image in enumerate(made):
        image[2 * (row % CLUSTERS) + 1] += 200
    return made.astype(np.uint8)


def frame(number: int = 40, seed: int = 0) -> pd.DataFrame:
    """Two columns of numbers, one with gaps, and one of categories."""
    rows = vectors(number, seed=seed)
    gaps = np.where(np.arange(number) % 7 == 3, np.nan, rows[:, 1])
    colours = np.array(["red", "green", "blue"])[np.arange(number) % CLUSTERS]
    return pd.DataFrame({"height": rows[:, 0], "width": gaps, "colour": colours})


def colour_images(number: int = 40, seed: int = 0) -> np.ndarray:
    """Images of one of three colours: (number, 5, 7, 3), float32 from 0 to 10."""
    made = np.random.default_rng(seed).random((number, 5, 7, 3), dtype=np.float32)
    made[np.arange(number), ..., np.arange(number) % CLUSTERS] += 9
    return made


def number_frame(number: int = 40, seed: int = 0) -> pd.DataFrame:
    """Four columns of numbers without gaps, of three types."""
    made = pd.DataFrame(10 * vectors(number, seed=seed).round(1), columns=["age", "height", "weight", "pulse"])
    return made.astype({"age": np.int64, "height": np.float32})


def tiny(method: str, **choice: Any) -> Method:
    """The method with its tiny settings, and with others by choice."""
    return METHODS[method](**TINY[method] | choice)


def estimator(method: str = "two-views", n_clusters: Any = CLUSTERS, **choice: Any) -> VAEClustering:
    """An estimator with a tiny method; `choice` holds its own parameters and those of the method."""
    own = {name: choice.pop(name) for name in list(choice) if name in VAEClustering().get_params(deep=False)}
    return VAEClustering(n_clusters, method=tiny(method, **choice), **{"random_state": 0, "device": "cpu"} | own)


def rows_of(array: np.ndarray, method: Method | None = None) -> Rows:
    """The rows as a fit of the method reads them."""
    method = method or tiny("two-views")
    source = ArraySource(array)
    return Rows(source, source.schema(Reading(method.likelihood, method.scaling)), torch.device("cpu"))


def learned(
    method: Method, array: np.ndarray, clusters: int | None = CLUSTERS, *listeners: Listener, seed: int = 0
) -> Fitted:
    """What the method learns from the rows, without an estimator around it."""
    rows = rows_of(array, method)
    return method.completed(rows.schema, len(rows), clusters).fit(Run(rows, clusters, seed, History(), listeners))


def learned_on(fitted: Fitted, array: np.ndarray, epochs: int = 1, seen: int = 0, seed: int = 1) -> Fitted:
    """What a copy of the model learns from other rows."""
    rows = Rows(ArraySource(array), fitted.schema, torch.device("cpu"))
    before = replace(fitted, model=deepcopy(fitted.model))
    return fitted.method.go_on(Run(rows, fitted.clusters, seed), before, epochs, seen)
