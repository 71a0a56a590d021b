"""A layout of codes in the plane, in which new rows have a place too."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from vaecluster.data.draws import Draws
from vaecluster.errors import DataError
from vaecluster.model.networks.initial import in_memory, linear, start_
from vaecluster.training.adam import Adam
from vaecluster.views.neighbours import Neighbours

# Rows that it is learned from, a random sample of more; all others are placed by what was learned.
MOST_ROWS = 20_000
# The nearest codes that are to stay near, and what is learned by.
NEAREST, WIDTH, BATCH, RATE = 15, 128, 256, 3e-3
# Steps: so many looks at each row, within these bounds. Times and what more steps gain: docs/decisions/0066.
LOOKS, FEWEST_STEPS, MOST_STEPS = 150, 100, 2000
WARM_UP = 0.05
# Rows that are placed at a time.
BLOCK = 4096


@final
@dataclass(frozen=True, eq=False)
class Layout:
    """A function from codes (rows, latent) to places in the plane (rows, 2), within about -1 to 1.

    The two leading principal components of the codes, moved by a network so that near codes lie near and others apart.
    It learns by the cross-entropy of finding a row's neighbour among others, from distances in the plane with the
    kernel of t-SNE: the InfoNC-t-SNE of Damrich, Boehm, Hamprecht and Kobak (2023), "From t-SNE to UMAP with
    contrastive learning", in its parametric form. Clusters and labels take no part.

    >>> import numpy as np
    >>> from vaecluster import Layout
    >>> codes = np.random.default_rng(0).normal(size=(50, 8))
    >>> layout = Layout.learned(codes)
    >>> layout(codes).shape, layout(codes[:1]).tolist() == layout(codes)[:1].tolist()
    ((50, 2), True)
    """

    network: nn.Module
    mean: Tensor
    scale: float
    axes: Tensor
    centre: Tensor
    reach: float

    @classmethod
    def learned(cls, codes: NDArray[Any], seed: int = 0) -> Self:
        """The layout of these codes (rows, latent); the same codes and seed give the same one.

        Raises `DataError` for what is no table of finite numbers.
        """
        draws = Draws(seed)
        some = _checked(codes, None)
        if not len(some):
            raise DataError("codes holds no row. Give those of some rows, as transform returns them.")
        if len(some) > MOST_ROWS:
            order = torch.randperm(len(some), generator=draws.at("layout", "rows"), device="cpu")
            some = some[order[:MOST_ROWS].sort().values]
        mean = some.mean(0)
        centred = some - mean
        scale = float(centred.square().mean().sqrt()) or 1.0
        points = centred / scale
        network = _network(points.shape[1])
        start_(network, draws.at("layout", "start"))
        raw = cls(network, mean, scale, _leading(points), torch.zeros(2, dtype=torch.float32, device="cpu"), 1.0)
        # Of two or three rows nothing can be learned but where they are.
        if len(some) > 3:
            raw._learn(points, draws)
        places = torch.from_numpy(raw(some.numpy()))
        low, high = places.min(0).values, places.max(0).values
        return cls(network, mean, scale, raw.axes, (low + high) / 2, float((high - low).max()) / 2 or 1.0)

    @torch.no_grad()
    def __call__(self, codes: NDArray[Any]) -> NDArray[np.float32]:
        """The places of codes (rows, latent); a row's place does not depend on the rows beside it."""
        rows = _checked(codes, len(self.mean))
        places = torch.empty(len(rows), 2, dtype=torch.float32, device="cpu")
        for start in range(0, len(rows), BLOCK):
            block = (rows[start : start + BLOCK] - self.mean) / self.scale
            # Blocks of one size: other kernels for other sizes round differently.
            filled = torch.cat([block, block.new_zeros(BLOCK - len(block), block.shape[1])])
            places[start : start + BLOCK] = (self._raw(filled)[: len(block)] - self.centre) / self.reach
        found: NDArray[np.float32] = places.numpy()
        return found

    def content(self) -> dict[str, Any]:
        """What a file holds of it (`vaecluster.files.container`)."""
        own = {name: getattr(self, name) for name in ("mean", "scale", "axes", "centre", "reach")}
        return own | {"network": dict(self.network.state_dict())}

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """The layout whose `content` this is; raises what Python and torch raise for another."""
        network = in_memory(_network(len(content["mean"])))
        network.load_state_dict(content["network"])
        return cls(network, *(content[name] for name in ("mean", "scale", "axes", "centre", "reach")))

    def _raw(self, points: Tensor) -> Tensor:
        places: Tensor = points @ self.axes + self.network(points)
        return places

    def _learn(self, points: Tensor, draws: Draws) -> None:
        rows, size = len(points), min(BATCH, len(points))
        near = Neighbours(number=NEAREST).among(lambda some: np.ascontiguousarray(points.numpy()[some]), rows)
        partners = torch.from_numpy(np.asarray(near.rows).astype(np.int64))
        steps = min(MOST_STEPS, max(FEWEST_STEPS, LOOKS * rows // BATCH))
        generator, target = draws.at("layout", "learn"), torch.arange(size, device="cpu")
        optimiser = Adam(self.network.parameters(), lr=RATE)
        for step in range(steps):
            done = step / steps
            optimiser.param_groups[0]["lr"] = RATE * min(1.0, (done + 1 / steps) / WARM_UP) * (1 - done)
            some = torch.randint(rows, (size,), generator=generator, device="cpu")
            which = torch.randint(partners.shape[1], (size,), generator=generator, device="cpu")
            places = self._raw(torch.cat([points[some], points[partners[some, which]]]))
            own, other = places[:size], places[size:]
            squared = own.square().sum(1)[:, None] + other.square().sum(1) - 2 * own @ other.T
            # The row's own neighbour has the largest 1 / (1 + squared distance) among the neighbours of all.
            loss = cross_entropy(-torch.log1p(squared.clamp(min=0)), target)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()


def _network(latent: int) -> nn.Module:
    widths = (latent, WIDTH, WIDTH, WIDTH)
    hidden = [layer for pair in pairwise(widths) for layer in (linear(*pair), nn.SiLU())]
    return nn.Sequential(*hidden, linear(WIDTH, 2))


def _leading(points: Tensor) -> Tensor:
    """The two leading principal components (latent, 2); their signs are such that the largest entry is positive."""
    axes = torch.linalg.eigh(points.T.double() @ points.double()).eigenvectors.flip(1)[:, :2]
    signs = axes.gather(0, axes.abs().argmax(0, keepdim=True)).sign()
    axes = (axes * signs).float()
    return axes if axes.shape[1] == 2 else torch.cat([axes, torch.zeros_like(axes)], 1)


def _checked(codes: NDArray[Any], width: int | None) -> Tensor:
    try:
        rows = np.ascontiguousarray(codes, dtype=np.float32)
    except (TypeError, ValueError):
        raise DataError("codes holds what is no number. Give what transform returned.") from None
    if rows.ndim != 2 or width not in (None, rows.shape[1]):
        latent = "latent" if width is None else width
        raise DataError(f"codes has shape {rows.shape}; expected (rows, {latent}). Give what transform returned.")
    if not np.isfinite(rows).all():
        raise DataError("codes holds numbers that are not finite. Give what transform returned.")
    return torch.from_numpy(rows)
