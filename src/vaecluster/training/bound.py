"""The method of the article: the bound alone, with held-out rows if early stopping is on."""

from collections.abc import Sequence

from vaecluster.data.rows import Rows, split
from vaecluster.model.vae import ClusteringVAE
from vaecluster.training.build import build_objective
from vaecluster.training.early_stopping import HeldOutWatch
from vaecluster.training.events import Listener
from vaecluster.training.fitted import Fitted
from vaecluster.training.keeper import NOTHING_KEPT, FitKeeper
from vaecluster.training.loop import train
from vaecluster.training.settings import Settings

# The stage's name in a checkpoint.
BOUND = "bound"


def fit_bound(
    model: ClusteringVAE,
    rows: Rows,
    settings: Settings,
    listeners: Sequence[Listener],
    keeper: FitKeeper = NOTHING_KEPT,
) -> Fitted:
    """Fit in place, a fresh model or one that was fitted before."""
    watch = None
    if settings.early_stopping:
        rows, held_out = split(rows, max(1, round(settings.held_out_share * len(rows))))
        watch = HeldOutWatch(model, held_out, settings.patience)
    ending = train(
        model,
        rows,
        build_objective(settings),
        settings.plan,
        weights=rows.weights,
        watch=watch,
        listeners=listeners,
        keeper=keeper.at(BOUND, {}),
    )
    return Fitted(model, ending)
