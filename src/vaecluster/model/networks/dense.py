"""Networks for plain vectors, which read images as vectors too."""

from collections.abc import Sequence
from itertools import pairwise
from math import prod
from typing import final

from torch import Tensor, nn

from vaecluster.model.networks.initial import batch_norm, linear
from vaecluster.model.networks.reduced import run_reduced


def _hidden(widths: Sequence[int], normalised: bool) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [linear(before, after), *([batch_norm(after)] if normalised else []), nn.ReLU()]
    return layers


@final
class DenseEncoderNetwork(nn.Module):
    """Fully connected layers from (rows, *data) to (rows, features), with batch normalisation if `normalised`."""

    def __init__(
        self, data_shape: Sequence[int], widths: Sequence[int], *, normalised: bool = False, reduced: bool = False
    ) -> None:
        super().__init__()
        self.features = widths[-1]
        self.reduced = reduced
        self.network = nn.Sequential(nn.Flatten(), *_hidden([prod(data_shape), *widths], normalised))

    def forward(self, rows: Tensor) -> Tensor:  # rows *data
        """Features (rows, features)."""
        return run_reduced(self.network, rows, self.reduced)


@final
class DenseDecoderNetwork(nn.Module):
    """The encoder's mirror: from codes (rows, latent) to (rows, *shape), without a final activation."""

    def __init__(
        self,
        latent: int,
        widths: Sequence[int],
        shape: Sequence[int],
        *,
        normalised: bool = False,
        reduced: bool = False,
    ) -> None:
        super().__init__()
        self.reduced = reduced
        self.network = nn.Sequential(
            *_hidden([latent, *widths], normalised),
            linear(widths[-1], prod(shape)),
            nn.Unflatten(1, tuple(shape)),
        )

    def forward(self, code: Tensor) -> Tensor:  # rows latent
        """Numbers for the likelihood: (rows, *shape)."""
        return run_reduced(self.network, code, self.reduced)
