"""How rows vary around what the decoder gives: p(x|z) from the decoder's numbers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import log
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli, Categorical, Distribution, Independent, Normal
from torch.nn.functional import logsigmoid, pad

from vaecluster.model.distributions import scale_of


class Likelihood(nn.Module, ABC):
    """p(x|z); to add one, write a class with these members.

    The decoder's network makes `shape` numbers for each row.
    """

    # Whether entries must lie in [0, 1].
    unit: ClassVar[bool] = False

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.shape = tuple(shape)

    @abstractmethod
    def entries(self, numbers: Tensor) -> Distribution:
        """p(x_i|z) entry by entry, from numbers (rows, *shape): batch (rows, *data)."""

    @abstractmethod
    def expected(self, numbers: Tensor) -> Tensor:
        """What is shown for the numbers (rows, *shape): (rows, *data)."""

    def forward(self, numbers: Tensor) -> Distribution:
        """p(x|z): batch (rows,), event (*data)."""
        entries = self.entries(numbers)
        return Independent(entries, len(entries.batch_shape) - 1, validate_args=False)


def _bounded(numbers: Tensor, bounded: bool) -> Tensor:
    return numbers.sigmoid() if bounded else numbers


@final
class Gaussian(Likelihood):
    """Entries around a mean with one fixed spread: squared error in the bound's own units.

    `precision` is 1 / variance. The article's weight 2.5 on half the squared error is precision 2.5. With `bounded`
    the mean lies between 0 and 1, as pixels do.
    """

    scale: Tensor

    def __init__(self, shape: Sequence[int], precision: float = 1.0, *, bounded: bool = False) -> None:
        super().__init__(shape)
        self.bounded = bounded
        self.register_buffer("scale", torch.tensor(precision**-0.5, dtype=torch.float32, device="cpu"))

    def entries(self, numbers: Tensor) -> Distribution:
        """p(x_i|z) = N(mean_i(z), 1 / precision)."""
        return Normal(_bounded(numbers, self.bounded), self.scale, validate_args=False)

    def expected(self, numbers: Tensor) -> Tensor:
        """The mean."""
        return _bounded(numbers, self.bounded)


@final
class LearnedScaleGaussian(Likelihood):
    """Entries around a mean with one spread for all of them, learned by the bound itself.

    At the bound's optimum the variance is the mean squared error, so no weight has to be chosen.
    """

    def __init__(self, shape: Sequence[int], precision: float = 1.0, *, bounded: bool = False) -> None:
        super().__init__(shape)
        self.bounded = bounded
        self.log_scale = nn.Parameter(torch.tensor(-0.5 * log(precision), dtype=torch.float32, device="cpu"))

    def entries(self, numbers: Tensor) -> Distribution:
        """p(x_i|z) = N(mean_i(z), scale^2)."""
        return Normal(_bounded(numbers, self.bounded), scale_of(self.log_scale), validate_args=False)

    def expected(self, numbers: Tensor) -> Tensor:
        """The mean."""
        return _bounded(numbers, self.bounded)


@final
class CoinFlips(Likelihood):
    """Entries as coin flips; for rows in [0, 1], where a value between is read as a probability."""

    unit = True

    def __init__(self, shape: Sequence[int], precision: float = 1.0, *, bounded: bool = False) -> None:
        super().__init__(shape)

    def entries(self, numbers: Tensor) -> Distribution:
        """p(x_i|z) = Bernoulli(sigmoid(number_i))."""
        return Bernoulli(logits=numbers, validate_args=False)

    def expected(self, numbers: Tensor) -> Tensor:
        """The probabilities."""
        return numbers.sigmoid()


@final
class Categories(Likelihood):
    """One column of categories, kept as their numbers from 0: one number of the network for each category."""

    def __init__(self, categories: int) -> None:
        super().__init__((categories,))

    def entries(self, numbers: Tensor) -> Distribution:
        """p(x|z) = softmax(numbers): batch (rows, 1)."""
        return _Column(numbers)

    def expected(self, numbers: Tensor) -> Tensor:
        """The most likely category: (rows, 1)."""
        return numbers.argmax(-1, keepdim=True).to(numbers.dtype)


@final
class Ordinal(Likelihood):
    """One column of ordered categories, kept as their ranks from 0: one number of the network for all of them.

    The number moves a row past thresholds between the categories, which are learned: cumulative logits (McCullagh
    1980, "Regression models for ordinal data"). A number of 0 stands for the `shares` (categories,) of all rows, all
    of them above 0.
    """

    def __init__(self, shares: Sequence[float]) -> None:
        super().__init__((1,))
        below = torch.tensor(shares, dtype=torch.float64, device="cpu").cumsum(0)[:-1] / sum(shares)
        thresholds = below.logit().float()
        # The first, and how far each is above the one before.
        self.first = nn.Parameter(thresholds[:1].clone())
        self.log_steps = nn.Parameter(thresholds.diff().log())

    def entries(self, numbers: Tensor) -> Distribution:
        """p(x <= k|z) = sigmoid(threshold_k - number): batch (rows, 1)."""
        return _Column(self._log_probs(numbers))

    def expected(self, numbers: Tensor) -> Tensor:
        """The rank of the most likely category: (rows, 1)."""
        return self._log_probs(numbers).argmax(-1, keepdim=True).to(numbers.dtype)

    def _log_probs(self, numbers: Tensor) -> Tensor:
        """(rows, 1) to (rows, categories)."""
        steps = scale_of(self.log_steps)
        thresholds = torch.cat([self.first, steps]).cumsum(0) - numbers
        # sigmoid(high) - sigmoid(low) = sigmoid(high) sigmoid(-low) (1 - exp(low - high)); at both ends one factor.
        between = pad((-(-steps).expm1()).log(), (1, 1))[: thresholds.shape[-1] + 1]
        return pad(logsigmoid(thresholds), (0, 1)) + pad(logsigmoid(-thresholds), (1, 0)) + between


@final
class Columns(Likelihood):
    """Blocks of columns, each with a likelihood of its own; missing entries (NaN) are left out.

    `widths` says how many entries of the row each has.
    """

    def __init__(self, parts: Sequence[Likelihood], widths: Sequence[int]) -> None:
        super().__init__((sum(part.shape[0] for part in parts),))
        self.parts = nn.ModuleList(parts)
        self.widths = tuple(widths)

    def entries(self, numbers: Tensor) -> Distribution:
        """p(x_i|z) by the likelihood of its block: batch (rows, columns)."""
        parts = zip(self._likelihoods(), self._split(numbers), strict=True)
        return _Columns([part.entries(some) for part, some in parts], self.widths)

    def expected(self, numbers: Tensor) -> Tensor:
        """What each block shows."""
        parts = zip(self._likelihoods(), self._split(numbers), strict=True)
        return torch.cat([part.expected(some) for part, some in parts], -1)

    def _likelihoods(self) -> list[Likelihood]:
        return list(self.parts)  # type: ignore[arg-type]

    def _split(self, numbers: Tensor) -> tuple[Tensor, ...]:
        return torch.split(numbers, [part.shape[0] for part in self._likelihoods()], -1)


@final
class _Column(Distribution):
    """Categories of one column: batch (rows, 1)."""

    arg_constraints: ClassVar = {}

    def __init__(self, logits: Tensor) -> None:
        self.categorical = Categorical(logits=logits, validate_args=False)
        super().__init__(torch.Size((len(logits), 1)), validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """log p of the numbers of categories (rows, 1)."""
        log_prob: Tensor = self.categorical.log_prob(value.squeeze(-1).long())  # type: ignore[no-untyped-call]
        return log_prob.unsqueeze(-1)

    @property
    def variance(self) -> Tensor:
        """Of the numbers of categories: (rows, 1)."""
        probs: Tensor = self.categorical.probs
        numbers = torch.arange(probs.shape[-1], dtype=probs.dtype, device=probs.device)
        off = numbers - (probs * numbers).sum(-1, keepdim=True)
        return (probs * off.square()).sum(-1, keepdim=True)


@final
class _Columns(Distribution):
    """Independent blocks of columns: batch (rows, columns)."""

    arg_constraints: ClassVar = {}

    def __init__(self, parts: Sequence[Distribution], widths: Sequence[int]) -> None:
        self.parts, self.widths = parts, list(widths)
        super().__init__(torch.Size((parts[0].batch_shape[0], sum(widths))), validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """log p of each entry, 0 for a missing one: (rows, columns)."""
        # Filled before anything is computed: the gradient of a masked NaN would still be NaN.
        missing = value.isnan()
        parts = zip(self.parts, torch.split(value.masked_fill(missing, 0), self.widths, -1), strict=True)
        return torch.cat([part.log_prob(some) for part, some in parts], -1).masked_fill(missing, 0)

    @property
    def variance(self) -> Tensor:
        """Of each entry: (rows, columns)."""
        return torch.cat([part.variance.expand(part.batch_shape) for part in self.parts], -1)


# The likelihoods of numbers and pixels by the names that a setting has for them.
OF_NUMBERS: dict[str, type[Gaussian | LearnedScaleGaussian | CoinFlips]] = {
    "gaussian": Gaussian,
    "gaussian-learned": LearnedScaleGaussian,
    "bernoulli": CoinFlips,
}
