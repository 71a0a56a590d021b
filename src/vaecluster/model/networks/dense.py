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


def _layers(network: nn.Sequential) -> list[nn.Module]:
    parts = list(network)
    starts = [place for place, part in enumerate(parts) if isinstance(part, nn.Linear)]
    return [nn.Sequential(*parts[start:end]) for start, end in pairwise([0, *starts[1:], len(parts)])]


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

    def layers(self) -> list[nn.Module]:
        """The network in parts with one linear layer each, from the rows on."""
        return _layers(self.network)


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

    def layers(self) -> list[nn.Module]:
        """The network in parts with one linear layer each, from the code on."""
        return _layers(self.network)
