"""From settings and rows to a fitted model: each method behind the same two functions."""

from collections.abc import Sequence
from functools import singledispatch

from vaecluster.data.rows import Rows
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.bound import fit_bound
from vaecluster.training.build import build_model
from vaecluster.training.device import gains_by_bfloat16
from vaecluster.training.events import Listener
from vaecluster.training.fitted import Fitted
from vaecluster.training.keeper import NOTHING_KEPT, FitKeeper
from vaecluster.training.pairs import Pairs
from vaecluster.training.settings import Settings
from vaecluster.training.shared import build_headed, build_shared, fit_shared
from vaecluster.training.shared_settings import SharedSettings
from vaecluster.views.presets import as_views

MethodSettings = Settings | SharedSettings
# The names by which model files know the methods.
METHODS: dict[str, type[MethodSettings]] = {"bound": Settings, "shared": SharedSettings}


@singledispatch
def fit_model(
    settings: MethodSettings,
    rows: Rows,
    clusters: int | None,
    listeners: Sequence[Listener],
    keeper: FitKeeper = NOTHING_KEPT,
) -> Fitted:
    """Learn from the rows; without a number of `clusters` the method is to find one.

    Randomness comes from torch's global random state, which the caller forks and seeds. The fit goes on from what
    `keeper` has of it.
    """
    raise NotImplementedError(f"{type(settings).__name__} is no method's settings")


@fit_model.register
def _(
    settings: Settings,
    rows: Rows,
    clusters: int | None,
    listeners: Sequence[Listener],
    keeper: FitKeeper = NOTHING_KEPT,
) -> Fitted:
    assert clusters is not None, "this method does not find a number of clusters; resolve the settings first"
    model = build_model(settings, rows.preprocessing.data_shape, clusters).to(rows.device)
    return fit_bound(model, rows, settings, listeners, keeper)


@fit_model.register
def _(
    settings: SharedSettings,
    rows: Rows,
    clusters: int | None,
    listeners: Sequence[Listener],
    keeper: FitKeeper = NOTHING_KEPT,
) -> Fitted:
    model = build_headed(settings, rows.preprocessing.data_shape, reduced=reduces(settings, rows)).to(rows.device)
    return fit_shared(model, pairs_of(settings, rows), settings, clusters, listeners, keeper)


def pairs_of(settings: SharedSettings, rows: Rows) -> Pairs:
    """Batches of the rows and their views; finds their neighbours, which draws nothing at random."""
    views = as_views(settings.views, rows.preprocessing.kind)
    return Pairs(rows, views.prepare(rows), settings.decoded_share)


def reduces(settings: SharedSettings, rows: Rows) -> bool:
    """Whether training multiplies in bfloat16 where these rows are."""
    return settings.arithmetic == "bfloat16" or (settings.arithmetic == "auto" and gains_by_bfloat16(rows.device))


@singledispatch
def empty_model(settings: MethodSettings, data_shape: Sequence[int], clusters: int) -> ClusteringVAE:
    """A model of the right parts and shapes, for the weights of a fitted one."""
    raise NotImplementedError(f"{type(settings).__name__} is no method's settings")


empty_model.register(Settings, build_model)
empty_model.register(SharedSettings, build_shared)
