"""Wrong uses from Python: the error's class and its whole message, and that nothing is changed or written by them."""

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.exceptions import NotFittedError

from vaecluster import VAEClustering
from vaecluster.atomic import locked
from vaecluster.errors import DataError, FileError, SettingError
from vaecluster.stability import stability
from vaecluster.training.checkpoint import FINISHED
from vaecluster.views import (
    ColourJitter,
    FeatureDropout,
    GaussianNoise,
    HorizontalFlip,
    Neighbours,
    RandomAffine,
    RandomCrop,
)

NAN, INF = float("nan"), float("inf")
SU2018 = {"preset": "su2018"}
# Three groups of 4 columns, as the fixture `blobs` has them; tables are made before there are fixtures.
ROWS = np.random.default_rng(0).normal(size=(30, 4)) + 5 * np.repeat(np.eye(4)[:3], 10, axis=0)
GREY = np.random.default_rng(0).integers(0, 256, (20, 8, 8)).astype(np.uint8)
FRAME = pd.DataFrame(ROWS, columns=["age", "height", "weight", "pulse"])
SMALL = {"n_clusters": 3, "epochs": 1, "hidden": (16,), "latent": 2, "components": 6, "heads": 2, "random_state": 0}
SMALL_SU2018 = {"preset": "su2018", "n_clusters": 3, "epochs": 1, "hidden": (16,), "latent": 2, "random_state": 0}


def small(**others) -> VAEClustering:
    """An estimator that is fitted in a moment."""
    return VAEClustering(**(SMALL_SU2018 if others.get("preset") == "su2018" else SMALL) | others)


pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


@pytest.fixture(scope="module")
def model() -> VAEClustering:
    return small(epochs=3).fit(ROWS)


@pytest.fixture(scope="module")
def frame_model() -> VAEClustering:
    return small().fit(FRAME)


@pytest.fixture(scope="module")
def grey_model() -> VAEClustering:
    return small().fit(GREY)


def put(values, place, value):
    """A copy with one value replaced."""
    changed = np.array(values, dtype=float)
    changed[place] = value
    return changed


def cut_off(at):
    """Leave the checkpoint of a fit in the folder that did not come to its end."""
    small(checkpoint_dir=at, checkpoint_every=0).fit(ROWS)
    (at / FINISHED).unlink()


def returns_none(batch):
    return None


def drops_columns(batch):
    return batch[:, :2]


# Parameters that are refused by `fit`: what is given besides those of `small`, and the message of the `SettingError`.
WRONG_PARAMETERS = {
    "n_clusters: 0": (
        {"n_clusters": 0},
        "n_clusters is 0; expected a whole number of 1 or more, or 'auto'.",
    ),
    "n_clusters: -1": (
        {"n_clusters": -1},
        "n_clusters is -1; expected a whole number of 1 or more, or 'auto'.",
    ),
    "n_clusters: 2.5": (
        {"n_clusters": 2.5},
        "n_clusters is 2.5; expected a whole number of 1 or more, or 'auto'.",
    ),
    "n_clusters: '10'": (
        {"n_clusters": "10"},
        "n_clusters is '10'; expected a whole number of 1 or more, or 'auto'.",
    ),
    "n_clusters: None": (
        {"n_clusters": None},
        "n_clusters is None; expected a whole number of 1 or more, or 'auto'.",
    ),
    "n_clusters: True": (
        {"n_clusters": True},
        "n_clusters is True; expected a whole number of 1 or more, or 'auto'.",
    ),
    "n_clusters: NAN": (
        {"n_clusters": NAN},
        "n_clusters is nan; expected a whole number of 1 or more, or 'auto'.",
    ),
    "n_clusters: INF": (
        {"n_clusters": INF},
        "n_clusters is inf; expected a whole number of 1 or more, or 'auto'.",
    ),
    "n_clusters: [3]": (
        {"n_clusters": [3]},
        "n_clusters is [3]; expected a whole number of 1 or more, or 'auto'.",
    ),
    "n_clusters: np.float64(3.0)": (
        {"n_clusters": np.float64(3.0)},
        "n_clusters is np.float64(3.0); expected a whole number of 1 or more, or 'auto'.",
    ),
    "preset: 'shard'": (
        {"preset": "shard"},
        "preset is 'shard'; expected one of 'shared', 'su2018'.",
    ),
    "preset: None": (
        {"preset": None},
        "preset is None; expected one of 'shared', 'su2018'.",
    ),
    "preset: ['shared']": (
        {"preset": ["shared"]},
        "preset is ['shared']; expected one of 'shared', 'su2018'.",
    ),
    "epochs: 0": (
        {"epochs": 0},
        "epochs is 0; expected a whole number of 1 or more.",
    ),
    "epochs: -1": (
        {"epochs": -1},
        "epochs is -1; expected a whole number of 1 or more.",
    ),
    "epochs: 2.5": (
        {"epochs": 2.5},
        "epochs is 2.5; expected a whole number of 1 or more.",
    ),
    "epochs: '8'": (
        {"epochs": "8"},
        "epochs is '8'; expected a whole number of 1 or more.",
    ),
    "epochs: True": (
        {"epochs": True},
        "epochs is True; expected a whole number of 1 or more.",
    ),
    "epochs: NAN": (
        {"epochs": NAN},
        "epochs is nan; expected a whole number of 1 or more.",
    ),
    "epochs: INF": (
        {"epochs": INF},
        "epochs is inf; expected a whole number of 1 or more.",
    ),
    "batch_size: 0": (
        {"batch_size": 0},
        "batch_size is 0; expected a whole number of 1 or more.",
    ),
    "batch_size: 2.5": (
        {"batch_size": 2.5},
        "batch_size is 2.5; expected a whole number of 1 or more.",
    ),
    "batch_size: True": (
        {"batch_size": True},
        "batch_size is True; expected a whole number of 1 or more.",
    ),
    "latent: 0": (
        {"latent": 0},
        "latent is 0; expected a whole number of 1 or more.",
    ),
    "latent: '8'": (
        {"latent": "8"},
        "latent is '8'; expected a whole number of 1 or more.",
    ),
    "latent: INF": (
        {"latent": INF},
        "latent is inf; expected a whole number of 1 or more.",
    ),
    "heads: 0": (
        {"heads": 0},
        "heads is 0; expected a whole number of 1 or more.",
    ),
    "heads: 1.5": (
        {"heads": 1.5},
        "heads is 1.5; expected a whole number of 1 or more.",
    ),
    "components: 0": (
        {"components": 0},
        "components is 0; expected a whole number of 1 or more.",
    ),
    "components: 2": (
        {"components": 2},
        "components is 2, fewer than n_clusters=3. Give several for each cluster.",
    ),
    "learning_rate: 0": (
        {"learning_rate": 0},
        "learning_rate is 0; expected a number above 0.",
    ),
    "learning_rate: -1.0": (
        {"learning_rate": -1.0},
        "learning_rate is -1.0; expected a number above 0.",
    ),
    "learning_rate: NAN": (
        {"learning_rate": NAN},
        "learning_rate is nan; expected a number above 0.",
    ),
    "learning_rate: INF": (
        {"learning_rate": INF},
        "learning_rate is inf; expected a number above 0.",
    ),
    "learning_rate: '0.1'": (
        {"learning_rate": "0.1"},
        "learning_rate is '0.1'; expected a number above 0.",
    ),
    "learning_rate: True": (
        {"learning_rate": True},
        "learning_rate is True; expected a number above 0.",
    ),
    "learning_rate: 1 + 1j": (
        {"learning_rate": 1 + 1j},
        "learning_rate is (1+1j); expected a number above 0.",
    ),
    "precision: 0": (
        {"precision": 0},
        "precision is 0; expected a number above 0.",
    ),
    "precision: 'a'": (
        {"precision": "a"},
        "precision is 'a'; expected a number above 0.",
    ),
    "precision: INF": (
        {"precision": INF},
        "precision is inf; expected a number above 0.",
    ),
    "information_weight: 0": (
        {"information_weight": 0},
        "information_weight is 0; expected a number above 0.",
    ),
    "information_weight: NAN": (
        {"information_weight": NAN},
        "information_weight is nan; expected a number above 0.",
    ),
    "agreement_weight: -1": (
        {"agreement_weight": -1},
        "agreement_weight is -1; expected a number of 0 or more.",
    ),
    "agreement_weight: NAN": (
        {"agreement_weight": NAN},
        "agreement_weight is nan; expected a number of 0 or more.",
    ),
    "agreement_weight: 'a'": (
        {"agreement_weight": "a"},
        "agreement_weight is 'a'; expected a number of 0 or more.",
    ),
    "balance_weight: -0.5": (
        {"balance_weight": -0.5},
        "balance_weight is -0.5; expected a number of 0 or more.",
    ),
    "balance_weight: True": (
        {"balance_weight": True},
        "balance_weight is True; expected a number of 0 or more.",
    ),
    "component_share: 0": (
        {"component_share": 0},
        "component_share is 0; expected a number between 0 and 1.",
    ),
    "component_share: 1": (
        {"component_share": 1},
        "component_share is 1; expected a number between 0 and 1.",
    ),
    "component_share: NAN": (
        {"component_share": NAN},
        "component_share is nan; expected a number between 0 and 1.",
    ),
    "component_share: 'a'": (
        {"component_share": "a"},
        "component_share is 'a'; expected a number between 0 and 1.",
    ),
    "hidden: ()": (
        {"hidden": ()},
        "hidden is (); expected one or more widths, such as (256, 256).",
    ),
    "hidden: (0,)": (
        {"hidden": (0,)},
        "hidden is 0; expected a whole number of 1 or more.",
    ),
    "hidden: (10,)": (
        {"hidden": (10,)},
        "hidden is (10,); expected widths that are multiples of 16, so that a row's answer does not "
        "depend on its place among the others.",
    ),
    "hidden: 64": (
        {"hidden": 64},
        "hidden is 64; expected one or more widths, such as (256, 256).",
    ),
    "hidden: (16.0,)": (
        {"hidden": (16.0,)},
        "hidden is 16.0; expected a whole number of 1 or more.",
    ),
    "hidden: (16, True)": (
        {"hidden": (16, True)},
        "hidden is True; expected a whole number of 1 or more.",
    ),
    "hidden: 'big'": (
        {"hidden": "big"},
        "hidden is 'big'; expected one or more widths, such as (256, 256).",
    ),
    "likelihood: 'normal'": (
        {"likelihood": "normal"},
        "likelihood is 'normal'; expected one of 'gaussian', 'gaussian-learned', 'bernoulli'.",
    ),
    "likelihood: 3": (
        {"likelihood": 3},
        "likelihood is 3; expected one of 'gaussian', 'gaussian-learned', 'bernoulli'.",
    ),
    "scaling: 'rows'": (
        {"scaling": "rows"},
        "scaling is 'rows'; expected one of 'columns', 'common'.",
    ),
    "scaling: True": (
        {"scaling": True},
        "scaling is True; expected one of 'columns', 'common'.",
    ),
    "arithmetic: 'float16'": (
        {"arithmetic": "float16"},
        "arithmetic is 'float16'; expected one of 'auto', 'float32', 'bfloat16'.",
    ),
    "cluster_weights: 'equal'": (
        {"cluster_weights": "equal"},
        "cluster_weights is 'equal'; expected one of 'merged', 'uniform', or one share per cluster.",
    ),
    "cluster_weights: [1, 2]": (
        {"cluster_weights": [1, 2]},
        "cluster_weights holds 2 shares ([1.0, 2.0]); expected 3 positive numbers, one per cluster. "
        "Give them, or use 'merged' or 'uniform'.",
    ),
    "cluster_weights: [1, 2, -1]": (
        {"cluster_weights": [1, 2, -1]},
        "cluster_weights holds 3 shares ([1.0, 2.0, -1.0]); expected 3 positive numbers, one per "
        "cluster. Give them, or use 'merged' or 'uniform'.",
    ),
    "cluster_weights: [1, 2, NAN]": (
        {"cluster_weights": [1, 2, NAN]},
        "cluster_weights holds 3 shares ([1.0, 2.0, nan]); expected 3 positive numbers, one per "
        "cluster. Give them, or use 'merged' or 'uniform'.",
    ),
    "cluster_weights: ['a', 'b', 'c']": (
        {"cluster_weights": ["a", "b", "c"]},
        "cluster_weights is ['a', 'b', 'c']; expected 'merged', 'uniform', or 3 shares.",
    ),
    "cluster_weights: 'learned'": (
        {"cluster_weights": "learned"},
        "cluster_weights is 'learned'; expected one of 'merged', 'uniform', or one share per cluster.",
    ),
    "min_confidence: 1": (
        {"min_confidence": 1},
        "min_confidence is 1; expected a number from 0 to below 1.",
    ),
    "min_confidence: -0.1": (
        {"min_confidence": -0.1},
        "min_confidence is -0.1; expected a number from 0 to below 1.",
    ),
    "min_confidence: NAN": (
        {"min_confidence": NAN},
        "min_confidence is nan; expected a number from 0 to below 1.",
    ),
    "min_confidence: 'a'": (
        {"min_confidence": "a"},
        "min_confidence is 'a'; expected a number from 0 to below 1.",
    ),
    "min_confidence: True": (
        {"min_confidence": True},
        "min_confidence is True; expected a number from 0 to below 1.",
    ),
    "min_confidence: None": (
        {"min_confidence": None},
        "min_confidence is None; expected a number from 0 to below 1.",
    ),
    "outlier_fraction: 1": (
        {"outlier_fraction": 1},
        "outlier_fraction is 1; expected a number from 0 to below 1.",
    ),
    "outlier_fraction: -0.1": (
        {"outlier_fraction": -0.1},
        "outlier_fraction is -0.1; expected a number from 0 to below 1.",
    ),
    "outlier_fraction: NAN": (
        {"outlier_fraction": NAN},
        "outlier_fraction is nan; expected a number from 0 to below 1.",
    ),
    "warm_start: 'yes'": (
        {"warm_start": "yes"},
        "warm_start is 'yes'; expected True or False.",
    ),
    "warm_start: 2": (
        {"warm_start": 2},
        "warm_start is 2; expected True or False.",
    ),
    "checkpoint_every: -1": (
        {"checkpoint_every": -1},
        "checkpoint_every is -1; expected a number of seconds, 0 or more.",
    ),
    "checkpoint_every: NAN": (
        {"checkpoint_every": NAN},
        "checkpoint_every is nan; expected a number of seconds, 0 or more.",
    ),
    "checkpoint_every: 'a'": (
        {"checkpoint_every": "a"},
        "checkpoint_every is 'a'; expected a number of seconds, 0 or more.",
    ),
    "checkpoint_every: None": (
        {"checkpoint_every": None},
        "checkpoint_every is None; expected a number of seconds, 0 or more.",
    ),
    "checkpoint_dir: 3": (
        {"checkpoint_dir": 3},
        "checkpoint_dir is 3; expected the path of a folder, as a string or a pathlib.Path.",
    ),
    "checkpoint_dir: ''": (
        {"checkpoint_dir": ""},
        "checkpoint_dir is ''; expected the path of a folder, as a string or a pathlib.Path.",
    ),
    "log_dir: True": (
        {"log_dir": True},
        "log_dir is True; expected the path of a folder, as a string or a pathlib.Path.",
    ),
    "log_dir: 'a/0b'": (
        {"log_dir": "a\0b"},
        "log_dir is 'a\\x00b'; expected the path of a folder, as a string or a pathlib.Path.",
    ),
    "device: 'gpu'": (
        {"device": "gpu"},
        "device is 'gpu'; expected 'auto', 'cpu'; there is no GPU here.",
    ),
    "device: None": (
        {"device": None},
        "device is None; expected 'auto', 'cpu'; there is no GPU here.",
    ),
    "random_state: 'a'": (
        {"random_state": "a"},
        "random_state is 'a'; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "random_state: -1": (
        {"random_state": -1},
        "random_state is -1; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "random_state: 1.5": (
        {"random_state": 1.5},
        "random_state is 1.5; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "random_state: 2**32": (
        {"random_state": 2**32},
        "random_state is 4294967296; expected None, a whole number from 0 to 4294967295, or a "
        "numpy.random.RandomState.",
    ),
    "random_state: [1, 2]": (
        {"random_state": [1, 2]},
        "random_state is [1, 2]; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "verbose: 'a'": (
        {"verbose": "a"},
        "verbose is 'a'; expected 0 (silent) or 1 (progress on standard error).",
    ),
    "verbose: -1": (
        {"verbose": -1},
        "verbose is -1; expected 0 (silent) or 1 (progress on standard error).",
    ),
    "verbose: 1.5": (
        {"verbose": 1.5},
        "verbose is 1.5; expected 0 (silent) or 1 (progress on standard error).",
    ),
    "early_stopping: True": (
        {"early_stopping": True},
        "early_stopping is True, but preset 'shared' has no such setting. Leave it out, or use another preset.",
    ),
    "patience: 3": (
        {"patience": 3},
        "patience is 3, but preset 'shared' has no such setting. Leave it out, or use another preset.",
    ),
    "schedule: 'cosine'": (
        {"schedule": "cosine"},
        "schedule is 'cosine', but preset 'shared' has no such setting. Leave it out, or use another preset.",
    ),
    "network: 'dense'": (
        {"network": "dense"},
        "network is 'dense', but preset 'shared' has no such setting. Leave it out, or use another preset.",
    ),
    "component_scale: 1.0": (
        {"component_scale": 1.0},
        "component_scale is 1.0, but preset 'shared' has no such setting. Leave it out, or use another preset.",
    ),
    "cluster_posterior: 'code'": (
        {"cluster_posterior": "code"},
        "cluster_posterior is 'code', but preset 'shared' has no such setting. Leave it out, or use another preset.",
    ),
    "cluster_kl_weight: 1.0": (
        {"cluster_kl_weight": 1.0},
        "cluster_kl_weight is 1.0, but preset 'shared' has no such setting. Leave it out, or use another preset.",
    ),
    "weights_temperature: 2.0": (
        {"weights_temperature": 2.0},
        "weights_temperature is 2.0, but preset 'shared' has no such setting. Leave it out, or use another preset.",
    ),
    "views: 'auto' in su2018": (
        SU2018 | {"views": "auto"},
        "views is 'auto', but preset 'su2018' has no such setting. Leave it out, or use another preset.",
    ),
    "heads: 2 in su2018": (
        SU2018 | {"heads": 2},
        "heads is 2, but preset 'su2018' has no such setting. Leave it out, or use another preset.",
    ),
    "components: 5 in su2018": (
        SU2018 | {"components": 5},
        "components is 5, but preset 'su2018' has no such setting. Leave it out, or use another preset.",
    ),
    "information_weight: 1.0 in su2018": (
        SU2018 | {"information_weight": 1.0},
        "information_weight is 1.0, but preset 'su2018' has no such setting. Leave it out, or use another preset.",
    ),
    "component_share: 0.5 in su2018": (
        SU2018 | {"component_share": 0.5},
        "component_share is 0.5, but preset 'su2018' has no such setting. Leave it out, or use another preset.",
    ),
    "agreement_weight: 1.0 in su2018": (
        SU2018 | {"agreement_weight": 1.0},
        "agreement_weight is 1.0, but preset 'su2018' has no such setting. Leave it out, or use another preset.",
    ),
    "balance_weight: 1.0 in su2018": (
        SU2018 | {"balance_weight": 1.0},
        "balance_weight is 1.0, but preset 'su2018' has no such setting. Leave it out, or use another preset.",
    ),
    "arithmetic: 'auto' in su2018": (
        SU2018 | {"arithmetic": "auto"},
        "arithmetic is 'auto', but preset 'su2018' has no such setting. Leave it out, or use another preset.",
    ),
    "n_clusters: 'auto' in su2018": (
        SU2018 | {"n_clusters": "auto"},
        "n_clusters is 'auto', but this preset does not find a number of clusters. Give one.",
    ),
    "network: 'cnn' in su2018": (
        SU2018 | {"network": "cnn"},
        "network is 'cnn'; expected one of 'conv', 'dense'.",
    ),
    "schedule: 'x' in su2018": (
        SU2018 | {"schedule": "x"},
        "schedule is 'x'; expected one of 'constant', 'one-cycle', 'cosine'.",
    ),
    "early_stopping: 'yes' in su2018": (
        SU2018 | {"early_stopping": "yes"},
        "early_stopping is 'yes'; expected True or False.",
    ),
    "early_stopping: 1 in su2018": (
        SU2018 | {"early_stopping": 1},
        "early_stopping is 1; expected True or False.",
    ),
    "patience: 0 in su2018": (
        SU2018 | {"patience": 0},
        "patience is 0; expected a whole number of 1 or more.",
    ),
    "patience: 1.5 in su2018": (
        SU2018 | {"patience": 1.5},
        "patience is 1.5; expected a whole number of 1 or more.",
    ),
    "component_scale: 0 in su2018": (
        SU2018 | {"component_scale": 0},
        "component_scale is 0; expected 'learned' or a number above 0.",
    ),
    "component_scale: 'x' in su2018": (
        SU2018 | {"component_scale": "x"},
        "component_scale is 'x'; expected 'learned' or a number above 0.",
    ),
    "component_scale: NAN in su2018": (
        SU2018 | {"component_scale": NAN},
        "component_scale is nan; expected 'learned' or a number above 0.",
    ),
    "cluster_kl_weight: -1 in su2018": (
        SU2018 | {"cluster_kl_weight": -1},
        "cluster_kl_weight is -1; expected a number of 0 or more.",
    ),
    "weights_temperature: 0 in su2018": (
        SU2018 | {"weights_temperature": 0},
        "weights_temperature is 0; expected a number above 0.",
    ),
    "cluster_posterior: 'x' in su2018": (
        SU2018 | {"cluster_posterior": "x"},
        "cluster_posterior is 'x'; expected one of 'code', 'features', 'bayes'.",
    ),
    "cluster_weights: 'merged' in su2018": (
        SU2018 | {"cluster_weights": "merged"},
        "cluster_weights is 'merged'; expected one of 'uniform', 'learned', or one share per cluster.",
    ),
}

WRONG_VIEWS = {
    "views: unknown name": (
        lambda: small(views="digit").fit(ROWS),
        "views is 'digit', which is unknown; expected one of 'auto', 'digits', 'clothes', 'photos', "
        "'vectors', 'counts', or a list of views.",
    ),
    "views: empty list": (
        lambda: small(views=[]).fit(ROWS),
        "views is an empty list; give at least one view, or views='auto'.",
    ),
    "views: a number": (
        lambda: small(views=7).fit(ROWS),
        "views holds 7; expected view objects, such as Neighbours() or RandomCrop(), or functions that "
        "take a batch and return it changed.",
    ),
    "views: None in a list": (
        lambda: small(views=[None]).fit(ROWS),
        "views holds None; expected view objects, such as Neighbours() or RandomCrop(), or functions "
        "that take a batch and return it changed.",
    ),
    "views: a dict": (
        lambda: small(views={"a": 1}).fit(ROWS),
        "views holds {'a': 1}; expected view objects, such as Neighbours() or RandomCrop(), or "
        "functions that take a batch and return it changed.",
    ),
    "Neighbours: a class": (
        lambda: small(views=Neighbours).fit(ROWS),
        "views holds the class Neighbours; write Neighbours().",
    ),
    "Neighbours: in a later place": (
        lambda: small(views=[GaussianNoise(), Neighbours()]).fit(ROWS),
        "views holds Neighbours in a later place; expected them once, as the first of the list: a row's "
        "neighbour is picked before anything is changed.",
    ),
    "RandomCrop: for images": (
        lambda: small(views=[RandomCrop()]).fit(ROWS),
        "views holds RandomCrop, which is for images, but the rows are vectors. Use Neighbours, "
        "GaussianNoise or FeatureDropout, or give the rows as (rows, height, width[, channels]).",
    ),
    "RandomAffine: digits are images": (
        lambda: small(views="digits").fit(ROWS),
        "views holds RandomAffine, which is for images, but the rows are vectors. Use Neighbours, "
        "GaussianNoise or FeatureDropout, or give the rows as (rows, height, width[, channels]).",
    ),
    "view: returns nothing": (
        lambda: small(views=returns_none).fit(ROWS),
        "The view returns_none returned NoneType; expected a tensor. A view takes a batch of rows and "
        "returns the changed batch.",
    ),
    "view: drops columns": (
        lambda: small(views=[Neighbours(), drops_columns]).fit(ROWS),
        "The view drops_columns returned a batch of shape (30, 2), torch.float32 on cpu, but was given "
        "one of shape (30, 4), torch.float32 on cpu. A view must keep the shape, the type and the "
        "device.",
    ),
    "Neighbours: 0": (
        lambda: Neighbours(0),
        "Neighbours(number=0) cannot be used; give a whole number from 1 on.",
    ),
    "Neighbours: '3'": (
        lambda: Neighbours("3"),
        "Neighbours(number='3') cannot be used; give a whole number from 1 on.",
    ),
    "Neighbours: exact_up_to=-1": (
        lambda: Neighbours(exact_up_to=-1),
        "Neighbours(exact_up_to=-1) cannot be used; give a whole number from 0 on.",
    ),
    "GaussianNoise: -1": (
        lambda: GaussianNoise(-1),
        "GaussianNoise(scale=-1) cannot be used; give a number of 0 or more.",
    ),
    "GaussianNoise: INF": (
        lambda: GaussianNoise(INF),
        "GaussianNoise(scale=inf) cannot be used; give a number of 0 or more.",
    ),
    "FeatureDropout: NAN": (
        lambda: FeatureDropout(NAN),
        "FeatureDropout(share=nan) cannot be used; give a number from 0 to 1.",
    ),
    "HorizontalFlip: 2": (
        lambda: HorizontalFlip(2),
        "HorizontalFlip(probability=2) cannot be used; give a number from 0 to 1.",
    ),
    "RandomCrop: 0": (
        lambda: RandomCrop(0),
        "RandomCrop(smallest=0) cannot be used; give a number from 0.01 to 1.",
    ),
    "RandomAffine: padding='x'": (
        lambda: RandomAffine(padding="x"),
        "RandomAffine(padding='x') is unknown; use 'zeros' or 'border'.",
    ),
    "ColourJitter: brightness=True": (
        lambda: ColourJitter(brightness=True),
        "ColourJitter(brightness=True) cannot be used; give a number from 0 to 1.",
    ),
    "RandomAffine: rotation=-1": (
        lambda: RandomAffine(rotation=-1),
        "RandomAffine(rotation=-1) cannot be used; give a number from 0 to 180.",
    ),
}

# Rows that `fit` refuses: a function that gives them, and the message of the `DataError`.
WRONG_ROWS = {
    "X: None": (
        lambda: None,
        "X is None (NoneType); expected rows, as an array (n, columns), or images (n, H, W) or (n, H, "
        "W, C). Read a file first, and make an array of what is in it.",
    ),
    "array: empty list": (
        list,
        "Found array with 0 sample(s) (shape=(0,)) while a minimum of 1 is required. Check how the rows were read.",
    ),
    "sample(s): no rows": (
        lambda: np.zeros((0, 4)),
        "Found array with 0 sample(s) (shape=(0, 4)) while a minimum of 1 is required. Check how the rows were read.",
    ),
    "feature(s): no columns": (
        lambda: np.zeros((5, 0)),
        "Found array with 0 feature(s) (shape=(5, 0)) while a minimum of 1 is required. Check how the rows were read.",
    ),
    "X: one axis": (
        lambda: ROWS[:, 0],
        "X has shape (30,); expected rows and columns. Reshape your data: X.reshape(-1, 1) if it is one "
        "column, X.reshape(1, -1) if it is one row.",
    ),
    "X: a number": (
        lambda: 3.0,
        "X is 3.0 (float); expected rows, as an array (n, columns), or images (n, H, W) or (n, H, W, "
        "C). Read a file first, and make an array of what is in it.",
    ),
    "X: the name of a file": (
        lambda: "rows.csv",
        "X is 'rows.csv' (str); expected rows, as an array (n, columns), or images (n, H, W) or (n, H, "
        "W, C). Read a file first, and make an array of what is in it.",
    ),
    "X: a dict": (
        lambda: {"a": [1, 2]},
        "X is {'a': [1, 2]} (dict); expected rows, as an array (n, columns), or images (n, H, W) or (n, "
        "H, W, C). Read a file first, and make an array of what is in it.",
    ),
    "X: a set": (
        lambda: {1, 2},
        "X is {1, 2} (set); expected rows, as an array (n, columns), or images (n, H, W) or (n, H, W, "
        "C). Read a file first, and make an array of what is in it.",
    ),
    "X: five axes": (
        lambda: np.zeros((3, 2, 2, 2, 2)),
        "X has shape (3, 2, 2, 2, 2); expected vectors (n, columns) or images (n, H, W) or (n, H, W, C). Reshape it.",
    ),
    "X: rows of different lengths": (
        lambda: [[1, 2], [3]],
        "X is a list whose rows are not all of one length; expected a table of numbers. Fill the short "
        "rows up, or leave them out.",
    ),
    "rows: text in lists": (
        lambda: [["1", "b"], ["c", "d"]],
        "The rows hold text; expected numbers. Encode the text as numbers or leave those columns out.",
    ),
    "rows: text in an array": (
        lambda: np.array([["a", "b"]]),
        "The rows hold text; expected numbers. Encode the text as numbers or leave those columns out.",
    ),
    "X: text among objects": (
        lambda: np.array([[1, "a"], [2, 3]], object),
        "X holds 'a' (str) in row 0, column 1; each entry of this argument must be a number or the "
        "string of a number. Encode other values as numbers, or leave them out.",
    ),
    "X: a dict among objects": (
        lambda: np.array([[1, 2], [2, {"a": 1}]], object),
        "X holds {'a': 1} (dict) in row 1, column 1; each entry of this argument must be a number or "
        "the string of a number. Encode other values as numbers, or leave them out.",
    ),
    "X: a number beyond all types": (
        lambda: [[10**400, 1], [2, 3]],
        "X holds 1000000000000000000000000000000000000... (int) in row 0, column 0; each entry of this "
        "argument must be a number or the string of a number. Encode other values as numbers, or leave "
        "them out.",
    ),
    "rows: dates": (
        lambda: np.array([["2020-01-01", "2021-01-01"]], "M8[D]"),
        "The rows hold dates or times (datetime64[D]); expected numbers. Count the days or seconds from "
        "some date, or leave those columns out.",
    ),
    "rows: times": (
        lambda: np.array([[1, 2]], "m8[h]"),
        "The rows hold dates or times (timedelta64[h]); expected numbers. Count the days or seconds "
        "from some date, or leave those columns out.",
    ),
    "rows: complex numbers": (
        lambda: ROWS + 1j,
        "Complex data not supported: the rows are of type complex128; expected real numbers. Give real "
        "and imaginary parts as columns.",
    ),
    "rows: named fields": (
        lambda: np.zeros(5, [("a", "f4"), ("b", "f4")]),
        "The rows have named fields (a, b); expected a plain array with a column for each. Use "
        "numpy.lib.recfunctions.structured_to_unstructured.",
    ),
    "columns 1, 2: NaN and infinity": (
        lambda: put(put(ROWS, (3, 1), NAN), (4, 2), -INF),
        "The rows hold 1 NaN and 1 infinite (inf) values, in columns 1, 2; expected finite numbers. "
        "Fill them in or leave them out.",
    ),
    "column 'height': missing in a frame": (
        lambda: FRAME.assign(height=FRAME["height"].where(FRAME.index != 3)),
        "The rows hold 1 NaN values, in column 'height'; expected finite numbers. Fill them in or leave them out.",
    ),
    "column 'age': infinite in a frame": (
        lambda: FRAME.assign(age=INF),
        "The rows hold 30 infinite (inf) values, in column 'age'; expected finite numbers. Fill them in "
        "or leave them out.",
    ),
    "column 'pulse': missing whole number": (
        lambda: FRAME.assign(pulse=pd.array([1] * 29 + [None], dtype="Int64")),
        "The rows hold 1 NaN values, in column 'pulse'; expected finite numbers. Fill them in or leave them out.",
    ),
    "X: sparse matrix": (
        lambda: csr_matrix(ROWS),
        "X is a sparse matrix; expected a dense array. Give X.toarray(), or components of it.",
    ),
    "column 'weight': text in a frame": (
        lambda: FRAME.assign(weight="heavy"),
        "X holds something else than numbers in column 'weight'; expected numbers. Encode text, "
        "categories and dates as numbers, or leave those columns out.",
    ),
    "column 'weight': categories": (
        lambda: FRAME.assign(weight=pd.Categorical(["heavy"] * 30)),
        "X holds something else than numbers in column 'weight'; expected numbers. Encode text, "
        "categories and dates as numbers, or leave those columns out.",
    ),
    "column 'weight': dates in a frame": (
        lambda: FRAME.assign(weight=pd.Timestamp("2020-01-01")),
        "X holds something else than numbers in column 'weight'; expected numbers. Encode text, "
        "categories and dates as numbers, or leave those columns out.",
    ),
    "columns 'age', 'pulse': text in two": (
        lambda: FRAME.assign(age="old", pulse="fast"),
        "X holds something else than numbers in columns 'age', 'pulse'; expected numbers. Encode text, "
        "categories and dates as numbers, or leave those columns out.",
    ),
    "'age': the name of two columns": (
        lambda: FRAME.set_axis(["age", "age", "weight", "pulse"], axis=1),
        "X has several columns called 'age'; expected one each. Rename the others.",
    ),
    "X: names of several types": (
        lambda: FRAME.set_axis(["age", 1, "weight", "pulse"], axis=1),
        "X has column names of types int and str; expected strings. Use X.columns = X.columns.astype(str).",
    ),
    "X: a series": (
        lambda: FRAME["age"],
        "X has shape (30,); expected rows and columns. Reshape your data: X.reshape(-1, 1) if it is one "
        "column, X.reshape(1, -1) if it is one row.",
    ),
    "rows: all equal": (
        lambda: np.ones((9, 4)),
        "All 9 rows are the same, so there is nothing to tell apart. Check how the data were read.",
    ),
    "n_samples: one row": (
        lambda: ROWS[:1],
        "n_samples=1: a single row has nothing to be told apart from. Give at least 2 rows.",
    ),
    "rows: masked values": (
        lambda: np.ma.masked_array(ROWS, ROWS > 5),
        "The rows hold 11 masked values; expected numbers. Fill them in, as by X.filled(0), or leave those rows out.",
    ),
    "rows: masked pixels": (
        lambda: np.ma.masked_array(GREY, GREY > 200),
        "The rows hold 279 masked values; expected numbers. Fill them in, as by X.filled(0), or leave those rows out.",
    ),
    "images: NaN": (
        lambda: put(GREY, (3, 1, 1), NAN),
        "The rows hold 1 NaN values, in 1 of 20 images; expected finite numbers. Fill them in or leave them out.",
    ),
    "images: objects": (
        lambda: GREY.astype(object),
        "The images are of type object; expected numbers, such as uint8 or float32.",
    ),
    "pixels: none": (
        lambda: np.zeros((4, 0, 8)),
        "Found array with 0 sample(s) or pixels (shape=(4, 0, 8)) while a minimum of 1 is required. "
        "Check how the images were read.",
    ),
    "rows: images all equal": (
        lambda: np.ones((5, 8, 8)),
        "All 5 rows are the same, so there is nothing to tell apart. Check how the data were read.",
    ),
    "pixels: too far apart": (
        lambda: np.stack([np.full((2, 2), -1e308), np.full((2, 2), 1e308), np.zeros((2, 2))]),
        "The pixels range from -1e+308 to 1e+308, and the difference is more than a double holds. Scale them.",
    ),
    "rows: NaN behind a mask": (
        lambda: np.ma.masked_invalid(put(ROWS, (0, 0), NAN)),
        "The rows hold 1 masked values; expected numbers. Fill them in, as by X.filled(0), or leave those rows out.",
    ),
    "columns 0, 1, 2: NaN in a tensor": (
        lambda: torch.full((5, 3), NAN),
        "The rows hold 15 NaN values, in columns 0, 1, 2; expected finite numbers. Fill them in or leave them out.",
    ),
}

# New rows, of a model that was fitted on ROWS, on FRAME or on GREY.
WRONG_NEW_ROWS = {
    "features: too few columns": (
        "model",
        lambda: ROWS[:, :3],
        "X has 3 features, but VAEClustering is expecting 4 features as input. Give the columns of the fit.",
    ),
    "features: too many columns": (
        "model",
        lambda: np.ones((3, 5)),
        "X has 5 features, but VAEClustering is expecting 4 features as input. Give the columns of the fit.",
    ),
    "image: for a vector": (
        "model",
        lambda: GREY,
        "Each row is an image of 8x8, but the fit was on a vector of 4 columns. Give the same columns.",
    ),
    "X: one axis": (
        "model",
        lambda: ROWS[0],
        "X has shape (4,); expected rows and columns. Reshape your data: X.reshape(-1, 1) if it is one "
        "column, X.reshape(1, -1) if it is one row.",
    ),
    "column 2: NaN": (
        "model",
        lambda: put(ROWS, (0, 2), NAN),
        "The rows hold 1 NaN values, in column 2; expected finite numbers. Fill them in or leave them out.",
    ),
    "sample(s): none": (
        "model",
        lambda: ROWS[:0],
        "Found array with 0 sample(s) (shape=(0, 4)) while a minimum of 1 is required. Check how the rows were read.",
    ),
    "feature names: one renamed": (
        "frame_model",
        lambda: FRAME.rename(columns={"age": "years"}),
        "The feature names should match those that were passed during fit, in their order; new are "
        "'years', missing are 'age'. Use X[model.feature_names_in_], with every column of the fit.",
    ),
    "feature names: another order": (
        "frame_model",
        lambda: FRAME[FRAME.columns[::-1]],
        "The feature names should match those that were passed during fit, in their order; elsewhere "
        "are 'pulse', 'weight', 'height', 'age'. Use X[model.feature_names_in_], with every column of "
        "the fit.",
    ),
    "feature names: one too few": (
        "frame_model",
        lambda: FRAME.drop(columns="pulse"),
        "The feature names should match those that were passed during fit, in their order; missing are "
        "'pulse'. Use X[model.feature_names_in_], with every column of the fit.",
    ),
    "feature names: one too many": (
        "frame_model",
        lambda: FRAME.assign(sex=1.0),
        "The feature names should match those that were passed during fit, in their order; new are "
        "'sex'. Use X[model.feature_names_in_], with every column of the fit.",
    ),
    "column 'pulse': missing value": (
        "frame_model",
        lambda: FRAME.assign(pulse=NAN),
        "The rows hold 30 NaN values, in column 'pulse'; expected finite numbers. Fill them in or leave them out.",
    ),
    "column 'pulse': text": (
        "frame_model",
        lambda: FRAME.assign(pulse="fast"),
        "X holds something else than numbers in column 'pulse'; expected numbers. Encode text, "
        "categories and dates as numbers, or leave those columns out.",
    ),
    "image: another size": (
        "grey_model",
        lambda: np.zeros((3, 9, 9)),
        "Each row is an image of 9x9, but the fit was on an image of 8x8. Resize the images to that size first.",
    ),
    "image: colours": (
        "grey_model",
        lambda: np.zeros((3, 8, 8, 3)),
        "Each row is an image of 8x8x3, but the fit was on an image of 8x8. Resize the images to that size first.",
    ),
    "vector: in place of an image": (
        "grey_model",
        lambda: GREY.reshape(20, 64),
        "Each row is a vector of 64 columns, but the fit was on an image of 8x8. Resize the images to "
        "that size first.",
    ),
    "vector: a single image": (
        "grey_model",
        lambda: GREY[0],
        "Each row is a vector of 8 columns, but the fit was on an image of 8x8. Resize the images to that size first.",
    ),
}

# What is given to `fit` beside ROWS.
WRONG_COMPANIONS = {
    "y: too short": (
        {"y": [1] * 10},
        "y has shape (10,), but there are 30 rows. Give each row a label, or -1.",
    ),
    "y: a number": (
        {"y": 3},
        "y has shape (), but there are 30 rows. Give each row a label, or -1.",
    ),
    "y: numbers and text": (
        {"y": [1, "a"] + [None] * 28},
        "y: labels of type object are not all integers or all strings. Convert them. Unknown labels are "
        "-1, None, NaN or ''.",
    ),
    "y: fractions": (
        {"y": [0.5] + [-1] * 29},
        "y: labels of type float64 are not all integers or all strings. Convert them. Unknown labels "
        "are -1, None, NaN or ''.",
    ),
    "y: infinite": (
        {"y": [INF] + [-1] * 29},
        "y: labels of type float64 are not all integers or all strings. Convert them. Unknown labels "
        "are -1, None, NaN or ''.",
    ),
    "y: lists": (
        {"y": [[1], [1, 2]] + [None] * 28},
        "y holds lists of several lengths; expected 30 labels. Give each row one.",
    ),
    "y: objects": (
        {"y": [{"a": 1}] + [None] * 29},
        "y: labels of type object are not all integers or all strings. Convert them. Unknown labels are "
        "-1, None, NaN or ''.",
    ),
    "y: complex": (
        {"y": [1j] + [-1] * 29},
        "y: labels of type complex128 are not all integers or all strings. Convert them. Unknown labels "
        "are -1, None, NaN or ''.",
    ),
    "sample_weight: too short": (
        {"sample_weight": [1.0] * 10},
        "sample_weight has shape (10,), but there are 30 rows. Give each row one weight.",
    ),
    "sample_weight: two axes": (
        {"sample_weight": np.ones((30, 1))},
        "sample_weight has shape (30, 1), but there are 30 rows. Give each row one weight.",
    ),
    "sample_weight: text": (
        {"sample_weight": ["a"] * 30},
        "sample_weight holds values that are no numbers. Give one number for each row.",
    ),
    "sample_weight: dates": (
        {"sample_weight": np.array(["2020-01-01"] * 30, "M8[D]")},
        "sample_weight holds values that are no numbers. Give one number for each row.",
    ),
    "sample_weight: negative": (
        {"sample_weight": put(np.ones(30), 4, -1)},
        "sample_weight is -1 for row 4; expected finite numbers of 0 or more.",
    ),
    "sample_weight: NaN": (
        {"sample_weight": put(np.ones(30), 4, NAN)},
        "sample_weight is nan for row 4; expected finite numbers of 0 or more.",
    ),
    "sample_weight: infinite": (
        {"sample_weight": put(np.ones(30), 4, INF)},
        "sample_weight is inf for row 4; expected finite numbers of 0 or more.",
    ),
    "sample_weight: missing": (
        {"sample_weight": [None] + [1] * 29},
        "sample_weight is nan for row 0; expected finite numbers of 0 or more.",
    ),
    "sample_weight: all zero": (
        {"sample_weight": np.zeros(30)},
        "sample_weight is 0 for all 30 rows; Sample weights must contain at least one non-zero number. "
        "Give the rows that count a weight above 0, or no weights at all.",
    ),
    "sample_weight: single positive": (
        {"sample_weight": np.eye(30)[0]},
        "sample_weight is above 0 for a single row; expected 2 or more to learn from.",
    ),
    "sample_weight: a dict": (
        {"sample_weight": {"a": 1}},
        "sample_weight holds values that are no numbers. Give one number for each row.",
    ),
    "sample_weight: lists of lengths": (
        {"sample_weight": [[1], [1, 2]]},
        "sample_weight holds values that are no numbers. Give one number for each row.",
    ),
}

# Questions to a model that is fitted.
WRONG_QUESTIONS = {
    "n_samples: sample(0)": (
        lambda model: model.sample(0),
        SettingError,
        "n_samples is 0; expected a whole number of 1 or more.",
    ),
    "n_samples: sample(-1)": (
        lambda model: model.sample(-1),
        SettingError,
        "n_samples is -1; expected a whole number of 1 or more.",
    ),
    "n_samples: sample(2.5)": (
        lambda model: model.sample(2.5),
        SettingError,
        "n_samples is 2.5; expected a whole number of 1 or more.",
    ),
    "n_samples: sample('3')": (
        lambda model: model.sample("3"),
        SettingError,
        "n_samples is '3'; expected a whole number of 1 or more.",
    ),
    "n_samples: sample(True)": (
        lambda model: model.sample(True),
        SettingError,
        "n_samples is True; expected a whole number of 1 or more.",
    ),
    "cluster: sample(1, cluster=3)": (
        lambda model: model.sample(1, cluster=3),
        SettingError,
        "cluster is 3; expected one of 0 to 2, or None for all.",
    ),
    "cluster: sample(1, cluster=-1)": (
        lambda model: model.sample(1, cluster=-1),
        SettingError,
        "cluster is -1; expected one of 0 to 2, or None for all.",
    ),
    "cluster: sample(1, cluster=True)": (
        lambda model: model.sample(1, cluster=True),
        SettingError,
        "cluster is True; expected one of 0 to 2, or None for all.",
    ),
    "cluster: sample(1, cluster=1.0)": (
        lambda model: model.sample(1, cluster=1.0),
        SettingError,
        "cluster is 1.0; expected one of 0 to 2, or None for all.",
    ),
    "cluster: sample(1, cluster='a')": (
        lambda model: model.sample(1, cluster="a"),
        SettingError,
        "cluster is 'a'; expected one of 0 to 2, or None for all.",
    ),
    "random_state: sample(1, random_state='a')": (
        lambda model: model.sample(1, random_state="a"),
        SettingError,
        "random_state is 'a'; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "random_state: sample(1, random_state=-1)": (
        lambda model: model.sample(1, random_state=-1),
        SettingError,
        "random_state is -1; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "codes: inverse_transform(np.zeros((2, 3)))": (
        lambda model: model.inverse_transform(np.zeros((2, 3))),
        DataError,
        "codes has shape (2, 3); expected (n, 2), as transform returns.",
    ),
    "codes: inverse_transform(np.zeros(2))": (
        lambda model: model.inverse_transform(np.zeros(2)),
        DataError,
        "codes has shape (2,); expected (n, 2), as transform returns.",
    ),
    "codes: inverse_transform(np.zeros((0, 2)))": (
        lambda model: model.inverse_transform(np.zeros((0, 2))),
        DataError,
        "codes has shape (0, 2); expected (n, 2), as transform returns.",
    ),
    "codes: inverse_transform(np.full((2, 2), NAN))": (
        lambda model: model.inverse_transform(np.full((2, 2), NAN)),
        DataError,
        "codes holds nan in row 0; expected finite numbers, as from transform.",
    ),
    "codes: inverse_transform([[0.0, 1e300]])": (
        lambda model: model.inverse_transform([[0.0, 1e300]]),
        DataError,
        "codes holds inf in row 0; expected finite numbers, as from transform.",
    ),
    "codes: inverse_transform([['a', 'b']])": (
        lambda model: model.inverse_transform([["a", "b"]]),
        DataError,
        "codes is [['a', 'b']] (list); expected numbers (n, 2), as from transform.",
    ),
    "codes: inverse_transform([[1], [1, 2]])": (
        lambda model: model.inverse_transform([[1], [1, 2]]),
        DataError,
        "codes is [[1], [1, 2]] (list); expected numbers (n, 2), as from transform.",
    ),
    "codes: inverse_transform(None)": (
        lambda model: model.inverse_transform(None),
        DataError,
        "codes has shape (); expected (n, 2), as transform returns.",
    ),
    "codes: inverse_transform([[1j, 1.0]])": (
        lambda model: model.inverse_transform([[1j, 1.0]]),
        DataError,
        "codes is [[1j, 1.0]] (list); expected numbers (n, 2), as from transform.",
    ),
    "n_clusters: cut(0)": (
        lambda model: model.cut(0),
        SettingError,
        "n_clusters is 0; expected a whole number from 1 to 6, the number of components.",
    ),
    "n_clusters: cut(7)": (
        lambda model: model.cut(7),
        SettingError,
        "n_clusters is 7; expected a whole number from 1 to 6, the number of components.",
    ),
    "n_clusters: cut(2.0)": (
        lambda model: model.cut(2.0),
        SettingError,
        "n_clusters is 2.0; expected a whole number from 1 to 6, the number of components.",
    ),
    "n_clusters: cut(True)": (
        lambda model: model.cut(True),
        SettingError,
        "n_clusters is True; expected a whole number from 1 to 6, the number of components.",
    ),
    "n_clusters: cut('auto')": (
        lambda model: model.cut("auto"),
        SettingError,
        "n_clusters is 'auto'; expected a whole number from 1 to 6, the number of components.",
    ),
    "min_confidence: predict(ROWS, min_confidence=1)": (
        lambda model: model.predict(ROWS, min_confidence=1),
        SettingError,
        "min_confidence is 1; expected a number from 0 to below 1.",
    ),
    "outlier_fraction: predict(ROWS, outlier_fraction=NAN)": (
        lambda model: model.predict(ROWS, outlier_fraction=NAN),
        SettingError,
        "outlier_fraction is nan; expected a number from 0 to below 1.",
    ),
    "min_confidence: predict(ROWS, min_confidence='a')": (
        lambda model: model.predict(ROWS, min_confidence="a"),
        SettingError,
        "min_confidence is 'a'; expected a number from 0 to below 1.",
    ),
    "names: name_clusters({3: 'a'})": (
        lambda model: model.name_clusters({3: "a"}),
        SettingError,
        "names holds the cluster 3; expected 0 to 2.",
    ),
    "names: name_clusters({-1: 'a'})": (
        lambda model: model.name_clusters({-1: "a"}),
        SettingError,
        "names holds the cluster -1; expected 0 to 2.",
    ),
    "names: name_clusters({'a': 0})": (
        lambda model: model.name_clusters({"a": 0}),
        SettingError,
        "names holds the cluster 'a'; expected 0 to 2.",
    ),
    "names: name_clusters(['a'])": (
        lambda model: model.name_clusters(["a"]),
        SettingError,
        "names is ['a']; expected a dict from clusters to names, such as {0: 'cats'}.",
    ),
    "names: name_clusters(None)": (
        lambda model: model.name_clusters(None),
        SettingError,
        "names is None; expected a dict from clusters to names, such as {0: 'cats'}.",
    ),
    "names: name_clusters({0: 1.5})": (
        lambda model: model.name_clusters({0: 1.5}),
        SettingError,
        "names holds 1.5; expected a string or a whole number for each cluster.",
    ),
    "path: save(None)": (
        lambda model: model.save(None),
        SettingError,
        "path is None; expected the path of a file, as a string or a pathlib.Path.",
    ),
    "path: save('')": (
        lambda model: model.save(""),
        SettingError,
        "path is ''; expected the path of a file, as a string or a pathlib.Path.",
    ),
    "path: save('a/0b')": (
        lambda model: model.save("a\0b"),
        SettingError,
        "path is 'a\\x00b'; expected the path of a file, as a string or a pathlib.Path.",
    ),
    "path: load(None)": (
        lambda model: VAEClustering.load(None),
        SettingError,
        "path is None; expected the path of a file, as a string or a pathlib.Path.",
    ),
    "preset: cut of su2018": (
        lambda model: small(**SU2018).fit(ROWS).cut(2),
        SettingError,
        "preset 'su2018' has no tree to cut. Fit with preset='shared', or fit again.",
    ),
    "VAEClustering: predict(ROWS) before fit": (
        lambda model: small().predict(ROWS),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
    "VAEClustering: predict_proba(ROWS) before fit": (
        lambda model: small().predict_proba(ROWS),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
    "VAEClustering: transform(ROWS) before fit": (
        lambda model: small().transform(ROWS),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
    "VAEClustering: sample() before fit": (
        lambda model: small().sample(),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
    "VAEClustering: score_samples(ROWS) before fit": (
        lambda model: small().score_samples(ROWS),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
    "VAEClustering: score(ROWS) before fit": (
        lambda model: small().score(ROWS),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
    "VAEClustering: outlier_score(ROWS) before fit": (
        lambda model: small().outlier_score(ROWS),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
    "VAEClustering: cut(2) before fit": (
        lambda model: small().cut(2),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
    "VAEClustering: save('model.vaecluster') before fit": (
        lambda model: small().save("model.vaecluster"),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
    "VAEClustering: name_clusters({0: 'a'}) before fit": (
        lambda model: small().name_clusters({0: "a"}),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
    "VAEClustering: inverse_transform(np.zeros((1, 2))) before fit": (
        lambda model: small().inverse_transform(np.zeros((1, 2))),
        NotFittedError,
        "This VAEClustering instance is not fitted yet. Call 'fit' with appropriate arguments before "
        "using this estimator.",
    ),
}

# Fits whose parameters and rows do not go together, and fits that go on from a fitted model.
WRONG_FITS = {
    "n_clusters: more than rows": (
        lambda model: small(n_clusters=31, components=40).fit(ROWS),
        DataError,
        "n_samples=30 is fewer than n_clusters=31. Give more rows or ask for fewer clusters.",
    ),
    "Bernoulli likelihood: of rows beyond 0 and 1": (
        lambda model: small(likelihood="bernoulli").fit(ROWS),
        DataError,
        "The Bernoulli likelihood needs values in [0, 1], but column 0 ranges from -2.25014 to 5.90347. "
        "Scale it, or use likelihood='gaussian'.",
    ),
    "'age': Bernoulli likelihood of a frame": (
        lambda model: small(likelihood="bernoulli").fit(FRAME + 1),
        DataError,
        "The Bernoulli likelihood needs values in [0, 1], but column 'age' ranges from -1.25014 to "
        "6.90347. Scale it, or use likelihood='gaussian'.",
    ),
    "outlier_fraction: too few rows": (
        lambda model: small(outlier_fraction=0.01).fit(ROWS),
        DataError,
        "outlier_fraction=0.01 needs 100 rows held out, but of 30 rows at most 6 are. Give at least 500 "
        "rows, or a larger fraction.",
    ),
    "views: for images, given to vectors": (
        lambda model: small(views="photos").fit(ROWS),
        SettingError,
        "views holds RandomCrop, which is for images, but the rows are vectors. Use Neighbours, "
        "GaussianNoise or FeatureDropout, or give the rows as (rows, height, width[, channels]).",
    ),
    "cluster_weights: shares without a number": (
        lambda model: small(n_clusters="auto", cluster_weights=[1, 2]).fit(ROWS),
        SettingError,
        "cluster_weights holds shares, but n_clusters is 'auto'. Give the number of clusters too.",
    ),
    "features: fit with fewer columns": (
        lambda model: model.set_params(warm_start=True).fit(ROWS[:, :3]),
        DataError,
        "X has 3 features, but VAEClustering is expecting 4 features as input. Give the columns of the fit.",
    ),
    "image: fit with images": (
        lambda model: model.set_params(warm_start=True).fit(GREY),
        DataError,
        "Each row is an image of 8x8, but the fit was on a vector of 4 columns. Give the same columns.",
    ),
    "n_clusters: another number": (
        lambda model: model.set_params(warm_start=True, n_clusters=4).fit(ROWS),
        SettingError,
        "n_clusters is 4, but the model has 3 clusters, and warm_start keeps them. Set n_clusters=3, or "
        "warm_start=False to begin anew.",
    ),
    "preset: another one": (
        lambda model: model.set_params(warm_start=True, preset="su2018", components=None, heads=None).fit(ROWS),
        SettingError,
        "preset is not the one that the model was fitted with, and warm_start keeps it. Set that one, "
        "or warm_start=False to begin anew.",
    ),
    "latent: another one": (
        lambda model: model.set_params(warm_start=True, latent=3).fit(ROWS),
        SettingError,
        "latent is 3, but the model was built with 2, and warm_start keeps its parts. Set latent=2, or "
        "warm_start=False to begin anew.",
    ),
    "features: partial_fit with fewer columns": (
        lambda model: model.partial_fit(ROWS[:, :3]),
        DataError,
        "X has 3 features, but VAEClustering is expecting 4 features as input. Give the columns of the fit.",
    ),
    "column 1: partial_fit with NaN": (
        lambda model: model.partial_fit(put(ROWS, (0, 1), NAN)),
        DataError,
        "The rows hold 1 NaN values, in column 1; expected finite numbers. Fill them in or leave them out.",
    ),
    "sample_weight: partial_fit with too few": (
        lambda model: model.partial_fit(ROWS, sample_weight=[1.0, 2.0]),
        DataError,
        "sample_weight has shape (2,), but there are 30 rows. Give each row one weight.",
    ),
    "y: partial_fit with too few": (
        lambda model: model.partial_fit(ROWS, [1, -1]),
        DataError,
        "y has shape (2,), but there are 30 rows. Give each row a label, or -1.",
    ),
    "sample(s): partial_fit with no rows": (
        lambda model: model.partial_fit(ROWS[:0]),
        DataError,
        "Found array with 0 sample(s) (shape=(0, 4)) while a minimum of 1 is required. Check how the rows were read.",
    ),
    "outlier_fraction: too small for the rows": (
        lambda model: model.set_params(warm_start=True, outlier_fraction=0.001).fit(ROWS),
        DataError,
        "outlier_fraction=0.001 needs 1,000 rows held out, but of 30 rows at most 6 are. Give at least "
        "5,000 rows, or a larger fraction.",
    ),
    "random_state: wrong when going on": (
        lambda model: model.set_params(random_state="a").partial_fit(ROWS),
        SettingError,
        "random_state is 'a'; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
}

# Files and folders; `at` is an empty folder in which `prepare` has put something.
WRONG_PLACES = {
    "'AT/file': checkpoint_dir is a file": (
        lambda at: (at / "file").write_text("a"),
        lambda model, at: small(checkpoint_dir=at / "file").fit(ROWS),
        FileError,
        "'AT/file' cannot be written: File exists. Choose a place that can be written to.",
    ),
    "'AT/file/state': checkpoint_dir lies in a file": (
        lambda at: (at / "file").write_text("a"),
        lambda model, at: small(checkpoint_dir=at / "file" / "state").fit(ROWS),
        FileError,
        "'AT/file/state' cannot be written: Not a directory. Choose a place that can be written to.",
    ),
    "latent: checkpoint_dir of other settings": (
        cut_off,
        lambda model, at: small(checkpoint_dir=at, latent=3).fit(ROWS),
        FileError,
        "'AT/checkpoint.safetensors' is of another fit: latent was 2, now 3. Fit as before, choose "
        "another folder, or delete it.",
    ),
    "the data: checkpoint_dir of other rows": (
        cut_off,
        lambda model, at: small(checkpoint_dir=at).fit(ROWS[:20]),
        FileError,
        "'AT/checkpoint.safetensors' is of another fit: the data was '0b1dbe24ebf...', now '51fd477d1f8...'. "
        "Fit as before, choose another folder, or delete it.",
    ),
    "random_state: checkpoint_dir of another seed": (
        cut_off,
        lambda model, at: small(checkpoint_dir=at, random_state=1).fit(ROWS),
        FileError,
        "'AT/checkpoint.safetensors' is of another fit: random_state was 0, now 1. Fit as before, "
        "choose another folder, or delete it.",
    ),
    "'AT': checkpoint_dir is in use": (
        lambda at: locked(at),
        lambda model, at: small(checkpoint_dir=at).fit(ROWS),
        FileError,
        "'AT' is in use by another process. Wait for it, or choose another folder.",
    ),
    "'AT/checkpoint.safetensors': damaged": (
        lambda at: (at / "checkpoint.safetensors").write_bytes(b"damaged"),
        lambda model, at: small(checkpoint_dir=at).fit(ROWS),
        FileError,
        "'AT/checkpoint.safetensors' is missing or damaged. Delete it and begin anew.",
    ),
    "'AT/checkpoint.safetensors': empty": (
        lambda at: (at / "checkpoint.safetensors").touch(),
        lambda model, at: small(checkpoint_dir=at).fit(ROWS),
        FileError,
        "'AT/checkpoint.safetensors' is missing or damaged. Delete it and begin anew.",
    ),
    "'AT/file': log_dir is a file": (
        lambda at: (at / "file").write_text("a"),
        lambda model, at: small(log_dir=at / "file").fit(ROWS),
        FileError,
        "'AT/file' is a file; the logs need a folder. Choose another place for them.",
    ),
    "'AT/file/logs/history.jsonl': log_dir lies in a file": (
        lambda at: (at / "file").write_text("a"),
        lambda model, at: small(log_dir=at / "file" / "logs").fit(ROWS),
        FileError,
        "'AT/file/logs/history.jsonl' cannot be written: Not a directory. Choose a place that can be written to.",
    ),
    "'AT': save to a folder": (
        lambda at: None,
        lambda model, at: model.save(at),
        FileError,
        "'AT' cannot be written: Is a directory. Choose a place that can be written to.",
    ),
    "'AT/file/model': save into a file": (
        lambda at: (at / "file").write_text("a"),
        lambda model, at: model.save(at / "file" / "model"),
        FileError,
        "'AT/file/model' cannot be written: File exists. Choose a place that can be written to.",
    ),
    "AT/model: load of nothing": (
        lambda at: None,
        lambda model, at: VAEClustering.load(at / "model"),
        FileError,
        "There is no model file AT/model. Give the folder or file that `vaecluster fit` wrote.",
    ),
    "AT: load of a folder": (
        lambda at: None,
        lambda model, at: VAEClustering.load(at),
        FileError,
        "AT is a folder, but a model file is expected. Name the file in it, such as model.vaecluster.",
    ),
    "AT/file: load of another file": (
        lambda at: (at / "file").write_text("a"),
        lambda model, at: VAEClustering.load(at / "file"),
        FileError,
        "AT/file is no model file, or damaged. Give a file that `save` or `fit` wrote.",
    ),
    "AT/model: load of an empty file": (
        lambda at: (at / "model").touch(),
        lambda model, at: VAEClustering.load(at / "model"),
        FileError,
        "AT/model is no model file, or damaged. Give a file that `save` or `fit` wrote.",
    ),
    "device: load to one that is not there": (
        lambda at: None,
        lambda model, at: VAEClustering.load(at / "model", device="gpu"),
        SettingError,
        "device is 'gpu'; expected 'auto', 'cpu'; there is no GPU here.",
    ),
}

# Fits of several seeds.
WRONG_COMPARISONS = {
    "n_runs: 1": (
        lambda: stability(small(), ROWS, 1),
        SettingError,
        "n_runs is 1; expected a whole number of 2 or more, since runs are compared.",
    ),
    "n_runs: 2.5": (
        lambda: stability(small(), ROWS, 2.5),
        SettingError,
        "n_runs is 2.5; expected a whole number of 2 or more, since runs are compared.",
    ),
    "n_runs: True": (
        lambda: stability(small(), ROWS, True),
        SettingError,
        "n_runs is True; expected a whole number of 2 or more, since runs are compared.",
    ),
    "n_jobs: 0": (
        lambda: stability(small(), ROWS, 2, n_jobs=0),
        SettingError,
        "n_jobs is 0; expected a whole number of 1 or more, or -1 for one job per processor core.",
    ),
    "n_jobs: 1.5": (
        lambda: stability(small(), ROWS, 2, n_jobs=1.5),
        SettingError,
        "n_jobs is 1.5; expected a whole number of 1 or more, or -1 for one job per processor core.",
    ),
    "model: a string": (
        lambda: stability("model", ROWS, 2),
        SettingError,
        "model is 'model'; expected a VAEClustering, such as VAEClustering(3).",
    ),
    "model: a class": (
        lambda: stability(VAEClustering, ROWS, 2),
        SettingError,
        "model is <class 'vaecluster.estimator.VAEClustering'>; expected a VAEClustering, such as VAEClustering(3).",
    ),
    "epochs: wrong in the copies": (
        lambda: stability(small(epochs=0), ROWS, 2),
        SettingError,
        "epochs is 0; expected a whole number of 1 or more.",
    ),
    "random_state: wrong in the copies": (
        lambda: stability(small(random_state="a"), ROWS, 2),
        SettingError,
        "random_state is 'a'; expected None, a whole number from 0 to 4294967295, or a numpy.random.RandomState.",
    ),
    "n_samples: fewer than clusters": (
        lambda: stability(small(), ROWS[:2], 2),
        DataError,
        "n_samples=2 is fewer than n_clusters=3. Give more rows or ask for fewer clusters.",
    ),
}


def each(table: dict) -> pytest.MarkDecorator:
    """A test for every entry of a table."""
    return pytest.mark.parametrize("name", table)


def check(error: pytest.ExceptionInfo, expected: type[Exception], message: str) -> None:
    assert isinstance(error.value, expected)
    assert str(error.value) == message


@each(WRONG_PARAMETERS)
def test_wrong_parameters(name, model, unchanged, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given, message = WRONG_PARAMETERS[name]
    others = {"components": None, "heads": None} if given.get("preset") == "su2018" else {}
    for estimator in (small(**given), deepcopy(model).set_params(**others | given)):
        with unchanged(estimator), pytest.raises(SettingError) as error:
            estimator.fit(ROWS)
        check(error, SettingError, message)
    assert not list(tmp_path.iterdir())


@each(WRONG_VIEWS)
def test_wrong_views(name):
    do, message = WRONG_VIEWS[name]
    with pytest.raises(SettingError) as error:
        do()
    check(error, SettingError, message)


@each(WRONG_ROWS)
def test_wrong_rows(name, model, unchanged, tmp_path):
    make, message = WRONG_ROWS[name]
    folders = {"checkpoint_dir": tmp_path / "state", "log_dir": tmp_path / "logs"}
    for estimator in (small(n_clusters=1, **folders), deepcopy(model).set_params(n_clusters=1, **folders)):
        with unchanged(estimator), pytest.raises(DataError) as error:
            estimator.fit(make())
        check(error, DataError, message)
    assert not list(tmp_path.iterdir())


@each(WRONG_NEW_ROWS)
def test_wrong_new_rows(name, request, unchanged):
    fitted, make, message = WRONG_NEW_ROWS[name]
    fitted = request.getfixturevalue(fitted)
    asked = (fitted.predict, fitted.predict_proba, fitted.transform, fitted.score_samples, fitted.outlier_score)
    for method in (*asked, fitted.score, fitted.partial_fit):
        with unchanged(fitted), pytest.raises(DataError) as error:
            method(make())
        check(error, DataError, message)


@each(WRONG_COMPANIONS)
def test_wrong_labels_and_weights(name, model, unchanged):
    given, message = WRONG_COMPANIONS[name]
    for estimator in (small(), deepcopy(model)):
        with unchanged(estimator), pytest.raises(DataError) as error:
            estimator.fit(ROWS, **given)
        check(error, DataError, message)


@each(WRONG_QUESTIONS)
def test_wrong_questions(name, model, unchanged, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ask, expected, message = WRONG_QUESTIONS[name]
    with unchanged(model), pytest.raises(expected) as error:
        ask(model)
    check(error, expected, message)
    assert not list(tmp_path.iterdir())


@each(WRONG_FITS)
def test_wrong_fits(name, model, unchanged, tmp_path):
    fit, expected, message = WRONG_FITS[name]
    estimator = deepcopy(model).set_params(checkpoint_dir=tmp_path / "state", log_dir=tmp_path / "logs")
    before = {key: value for key, value in vars(estimator).items() if key.endswith("_")}
    with pytest.raises(expected) as error:
        fit(estimator)
    check(error, expected, message)
    assert {key: value for key, value in vars(estimator).items() if key.endswith("_")} == before
    assert not list(tmp_path.iterdir())


@each(WRONG_PLACES)
def test_wrong_places(name, model, unchanged, untouched, tmp_path):
    prepare, use, expected, message = WRONG_PLACES[name]
    kept = prepare(tmp_path)
    with untouched(tmp_path), unchanged(model), pytest.raises(expected) as error:
        use(model, tmp_path)
    check(error, expected, message.replace("AT", str(tmp_path)))
    del kept


@each(WRONG_COMPARISONS)
def test_wrong_comparisons(name):
    compare, expected, message = WRONG_COMPARISONS[name]
    with pytest.raises(expected) as error:
        compare()
    check(error, expected, message)


def test_a_misspelt_parameter_is_named(model):
    with pytest.raises(TypeError, match="unexpected keyword argument 'nclusters'"):
        VAEClustering(nclusters=3)
    with pytest.raises(ValueError, match="Invalid parameter 'nclusters' for estimator VAEClustering"):
        small().set_params(nclusters=3)


@pytest.mark.parametrize(
    "given",
    [
        {"n_clusters": np.int64(3), "epochs": np.int32(1), "latent": np.uint8(2), "random_state": np.int64(3)},
        {"learning_rate": np.float32(1e-3), "min_confidence": np.float64(0.1), "checkpoint_every": np.float32(3)},
        {"hidden": np.array([16, 16]), "cluster_weights": np.array([1.0, 2, 3])},
        {"preset": np.str_("shared"), "likelihood": np.str_("gaussian"), "warm_start": np.True_},
        SU2018 | {"early_stopping": np.False_, "verbose": np.int8(0)},
    ],
)
def test_numbers_of_numpy_are_numbers(given):
    assert small(**given).fit(ROWS).n_clusters_ == 3


@pytest.mark.parametrize(
    "rows",
    [
        ROWS.tolist(),
        torch.from_numpy(ROWS),
        torch.from_numpy(ROWS).requires_grad_(),
        ROWS.astype(">f8"),
        ROWS.astype(object),
        np.ma.masked_array(ROWS),
    ],
)
def test_rows_may_come_in_many_forms(rows, model):
    assert (model.predict(rows) == model.predict(ROWS)).all()


def test_columns_of_objects_may_hold_numbers(frame_model):
    assert (frame_model.predict(FRAME.astype(object)) == frame_model.predict(FRAME)).all()


def test_images_may_be_lists_and_tensors(grey_model):
    for images in (GREY.tolist(), torch.from_numpy(GREY)):
        assert (grey_model.predict(images) == grey_model.predict(GREY)).all()
