"""Running means of the terms of an epoch."""

from math import isfinite
from typing import Any, final

import torch
from torch import Tensor

from vaecluster import ranks
from vaecluster.model.objective import Terms
from vaecluster.training.events import EpochDone


@final
class EpochMeans:
    """Sums over one epoch, kept on the device so that a step need not wait for them."""

    def __init__(self) -> None:
        self.rows = 0
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._confidence: Tensor | float = 0.0
        self._populated: Tensor | None = None
        self._loss: Tensor | float = 0.0

    @torch.no_grad()
    def add(self, terms: Terms) -> None:
        """Count a batch of all ranks in."""
        confidence, cluster = terms.assignment.max(-1)
        populated = terms.assignment.new_zeros(terms.assignment.shape[-1], dtype=torch.float64)
        populated.index_fill_(0, cluster, 1.0)
        named = terms.named()
        rows, *lengths = ranks.counts([len(cluster), *(len(values) for values in named.values())])
        sums = [values.detach().double().sum() for values in (terms.loss, confidence, *named.values())]
        populated, loss, total, *sums = ranks.totals(populated, *sums)
        for name, value, length in zip(named, sums, lengths, strict=True):
            self._sums[name] = self._sums.get(name, 0.0) + value
            self._counts[name] = self._counts.get(name, 0) + length
        self._confidence += total
        self._loss += loss
        self._populated = populated if self._populated is None else self._populated + populated
        self.rows += rows

    def finite(self) -> bool:
        """Whether all losses that were counted in are finite; this waits for the device."""
        return isfinite(float(self._loss))

    def terms(self) -> dict[str, float]:
        """The mean of each term so far, in nats per row."""
        return {name: float(total) / self._counts[name] for name, total in self._sums.items()}

    def done(self, epoch: int, epochs: int, seconds: float, rate: float, bound: float | None) -> EpochDone:
        """The event at the end of the epoch."""
        populated = int((self._populated > 0).sum()) if self._populated is not None else 0
        confidence = float(self._confidence) / self.rows
        return EpochDone(epoch, epochs, self.rows, seconds, rate, self.terms(), populated, confidence, bound)

    def as_dict(self) -> dict[str, Any]:
        """Plain values and tensors; `from_dict` is the way back."""
        return {
            "rows": self.rows,
            "sums": self._sums,
            "counts": self._counts,
            "confidence": self._confidence,
            "populated": self._populated,
            "loss": self._loss,
        }

    @classmethod
    def from_dict(cls, plain: dict[str, Any], device: torch.device) -> "EpochMeans":
        """The sums that `as_dict` wrote down, on the device."""
        means = cls()
        means.rows, means._counts = plain["rows"], plain["counts"]
        means._sums = {name: total.to(device) for name, total in plain["sums"].items()}
        confidence, populated, loss = (plain[name] for name in ("confidence", "populated", "loss"))
        means._confidence = confidence.to(device) if means.rows else 0.0
        means._populated = populated.to(device) if means.rows else None
        means._loss = loss.to(device) if means.rows else 0.0
        return means
