"""Watching rows that the fit does not learn from."""

from copy import deepcopy
from typing import Any, final

from vaecluster.data.rows import Rows
from vaecluster.evaluation.inference import mean_bound
from vaecluster.model.vae import ClusteringVAE


@final
class HeldOutWatch:
    """Follows the bound on held-out rows and keeps the weights of its best epoch."""

    def __init__(self, model: ClusteringVAE, held_out: Rows, patience: int) -> None:
        self.model = model
        self.held_out = held_out
        self.patience = patience
        self.best = float("-inf")
        self.since_best = 0
        self.best_weights: dict[str, Any] = {}

    def look(self) -> float:
        """The bound on the held-out rows now, in nats per row."""
        bound = mean_bound(self.model, self.held_out)
        self.since_best += 1
        if bound > self.best:
            self.best, self.since_best = bound, 0
            self.best_weights = deepcopy(self.model.state_dict())
        return bound

    @property
    def patience_is_over(self) -> bool:
        """Whether the best bound is too many epochs ago."""
        return self.since_best >= self.patience

    def restore_best(self) -> None:
        """Give the model the weights of its best epoch."""
        self.model.load_state_dict(self.best_weights)

    def as_dict(self) -> dict[str, Any]:
        """The best bound and its weights; `restore` is the way back."""
        return {"best": self.best, "since_best": self.since_best, "best_weights": self.best_weights}

    def restore(self, plain: dict[str, Any]) -> None:
        """Become the watch that `as_dict` wrote down."""
        self.best, self.since_best, self.best_weights = plain["best"], plain["since_best"], plain["best_weights"]
