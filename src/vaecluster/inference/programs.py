"""A model as programs that need nothing of this package: rows in, answers out; clusters and noise in, rows out."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self, final

import torch
from torch import Tensor, nn
from torch.distributions import MultivariateNormal

from vaecluster.data.schema import Schema
from vaecluster.data.tables import free_name
from vaecluster.data.traced import Values, traced
from vaecluster.hearing import unheard
from vaecluster.inference.answers import assigned_with_code
from vaecluster.inference.confidence import Confidence
from vaecluster.model.vae import ClusteringVAE

if TYPE_CHECKING:
    from torch.export import ExportedProgram

CLUSTER, PROBABILITIES, CODE, NOISE = "cluster", "probabilities", "code", "noise"


@final
@dataclass(frozen=True, eq=False)
class Program:
    """A module of the tensors `inputs`, in their order, to the tensors `outputs`; a row depends on no other.

    All of these have different names: ours begin with `vaecluster_` where a column has the name.
    """

    module: nn.Module
    inputs: tuple[Values, ...]
    outputs: tuple[Values, ...]

    @classmethod
    def classifying(
        cls, model: ClusteringVAE, schema: Schema, confidence: Confidence | None, min_confidence: float
    ) -> Self:
        """From rows to cluster, probabilities and code; `SettingError` if no program can read such rows."""
        rows = traced(schema)
        outputs = (
            Values(CLUSTER, torch.int64),
            Values(PROBABILITIES, torch.float32, (model.grouping.clusters,)),
            Values(CODE, torch.float32, (model.encoder.latent,)),
        )
        module = Classify(model, rows.encode, confidence, min_confidence)
        return cls(module.eval(), rows.values, _beside(outputs, rows.values))

    @classmethod
    def generating(cls, model: ClusteringVAE, schema: Schema) -> Self:
        """From clusters and noise to rows; `SettingError` if no program can give such rows."""
        rows = traced(schema)
        inputs = Values(CLUSTER, torch.int64), Values(NOISE, torch.float32, (model.encoder.latent + 1,))
        return cls(Generate(model, rows.restore).eval(), _beside(inputs, rows.values), rows.values)

    def exported(self) -> "ExportedProgram":
        """As torch exports it, for any number of rows."""
        tensors = tuple(torch.zeros(2, *one.shape, dtype=one.dtype, device="cpu") for one in self.inputs)
        rows = torch.export.Dim("rows")
        shapes = (({0: rows},) * len(tensors),)
        with silent():
            return torch.export.export(self.module, tensors, dynamic_shapes=shapes)


@final
class Classify(nn.Module):
    """Rows as tensors of a user's values to cluster (rows,), probabilities (rows, clusters), code (rows, latent).

    They are those of `predict`, `predict_proba` and `transform`. Infinite values are missing ones. The cluster is -1
    below `min_confidence`, and where a value is missing that never was in the fit: probabilities are then NaN.
    """

    def __init__(
        self, model: ClusteringVAE, encode: nn.Module, confidence: Confidence | None, min_confidence: float
    ) -> None:
        super().__init__()
        self.model, self.encode = model, encode
        self.confidence, self.min_confidence = confidence, min_confidence

    def forward(self, *values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of any number of rows."""
        # The estimator refuses infinite values: here they are missing.
        known = [
            torch.where(one.abs() == torch.inf, torch.nan, one) if one.is_floating_point() else one for one in values
        ]
        cluster, probabilities, code = assigned_with_code(self.model, self.encode(*known), self.confidence)
        # No comparison with NaN is true.
        sure = probabilities.amax(-1) >= self.min_confidence
        return torch.where(sure, cluster, -1), probabilities.float(), code.float()


@final
class Generate(nn.Module):
    """Clusters (rows,) and standard normal noise (rows, latent + 1) to rows, as tensors of a user's values.

    The code is drawn from p(z|c) by all entries of the noise but the last, which picks the component c from p(c|y), or
    from p(c) where the cluster is -1, as of rows that `Classify` is not sure of. The row is the mean of p(x|z), as of
    `sample`, but none is drawn again.
    """

    shares: Tensor
    means: Tensor
    factors: Tensor

    def __init__(self, model: ClusteringVAE, restore: nn.Module) -> None:
        super().__init__()
        self.decoder, self.restore = model.decoder, restore
        with torch.no_grad():
            components, of = model.prior.components(), model.grouping.cluster_of
            own = torch.nn.functional.one_hot(of, model.grouping.clusters).T * model.prior.weights().probs.double()
            shares = torch.cat([own.sum(0, keepdim=True), own]).cumsum(-1)
            # A cluster that a user made without components has none to draw from: then any will do.
            self.register_buffer("shares", shares / shares[:, -1:])  # 1 + clusters, components
            self.register_buffer("means", components.mean)
            full = isinstance(components, MultivariateNormal)
            self.register_buffer("factors", components.scale_tril if full else torch.diag_embed(components.stddev))

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        """Of any number of rows."""
        (cluster, noise), latent = values, self.means.shape[-1]
        # The normal distribution function makes of the last entry a number from 0 to 1, which is never 1.
        chance = (0.5 * (1 + (noise[:, latent:] / 2**0.5).erf())).clamp(max=1 - 2**-24).double()
        component = (self.shares[cluster + 1] <= chance).sum(-1)
        code = self.means[component] + (self.factors[component] @ noise[:, :latent].unsqueeze(-1)).squeeze(-1)
        found: tuple[Tensor, ...] = self.restore(self.decoder.expected(code))
        return found


@contextmanager
def silent() -> Iterator[None]:
    """Inside, torch writes no lines of what it does not find and warns of nothing: it exports, or it raises."""
    # The second is a record for its developers, which a program that hears all loggers would be given.
    loggers = [logging.getLogger(name) for name in ("torch", "torch.__trace")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with unheard():
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def _beside(own: Sequence[Values], columns: Sequence[Values]) -> tuple[Values, ...]:
    taken = {one.name for one in columns}
    return tuple(replace(one, name=free_name(one.name, taken)) for one in own)
