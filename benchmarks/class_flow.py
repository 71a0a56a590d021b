"""A normalizing flow whose code is normal around a mean of its class, and a classifier that reads the code.

The equations are in `docs/flow.md`. Prior and classifier are the package's own parts; the flow's layers are zuko's.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn
from torch.distributions import Categorical, Distribution
from torch.nn.functional import cross_entropy

from vaecluster.data.draws import Draws
from vaecluster.data.raw import Array
from vaecluster.errors import DataError
from vaecluster.model.cluster_posterior import CodePosterior
from vaecluster.model.networks.initial import start_
from vaecluster.model.prior import LearnedScaleComponents, LearnedWeights, MixturePrior

Labels = NDArray[np.intp]
# Answers are made in blocks of so many rows; this share of the rows says when to stop.
BLOCK, LOOKED_AT = 1000, 0.1
# A part of a single row has no deviation.
LEAST_SCALE = 0.01


@final
@dataclass(frozen=True)
class Plan:
    """How a flow is built and learned, alike for all data.

    Half of the columns move in each of the `transforms`, by splines of so many `bins` that a network of the other
    half gives. Every `look_every` steps the objective is looked at in rows that were set aside. The best weights are
    kept, and learning ends when `patience` looks in a row were no better.
    """

    transforms: int = 4
    bins: int = 8
    hidden: int = 64
    steps: int = 1000
    batch_size: int = 256
    learning_rate: float = 2e-3
    look_every: int = 50
    patience: int = 6


class Coded(NamedTuple):
    """Codes (rows, columns), and log |det dz/dx| (rows,), in nats."""

    code: Tensor
    log_volume: Tensor


def check_density(rows: Array) -> None:
    """Raise `DataError` for rows (rows, columns) of which a flow can learn no density.

    It does not see everything: where many rows share a value, or all lie on a surface, a density has no upper limit.
    """
    if rows.ndim != 2 or rows.shape[1] < 2 or not len(rows):
        raise DataError(f"The rows have the shape {rows.shape}; a flow needs rows of two columns or more.")
    if rows.dtype.kind not in "biuf":
        raise DataError(f"The rows hold {rows.dtype}; a flow needs numbers.")
    if not np.isfinite(rows).all():
        raise DataError("Some values are missing or infinite; a flow needs all of them. Fill or drop them.")
    constant = np.flatnonzero(np.ptp(rows, axis=0) == 0)
    if len(constant) and not np.array_equal(rows, np.rint(rows)):
        raise DataError(f"Column {constant[0]} has one value only, whose density is infinite. Leave it out.")


@final
class ClassFlow(nn.Module):
    """p(x|y) by an invertible z = f(x) and p(z|y) = N(mean_y, diag scale_y^2); q(y|z) beside it.

    It starts at f(x) = x, standardised, and at mean and deviation of each of the `parts` (rows,) of `rows`
    (rows, columns). Raises `DataError` as `check_density`.
    """

    mean: Tensor
    scale: Tensor
    step: Tensor

    def __init__(self, rows: Array, parts: Labels, plan: Plan, seed: int) -> None:
        super().__init__()
        check_density(rows)
        table = torch.as_tensor(rows, dtype=torch.float32)
        number, draws = int(parts.max()) + 1, Draws(seed)
        # Whole numbers have no density; they are spread evenly over the unit above each.
        self.register_buffer("step", (table == table.round()).all().float())
        self.register_buffer("mean", table.mean(0) + self.step / 2)
        self.register_buffer("scale", (table.var(0, correction=0) + self.step / 12).sqrt())
        self.layers = _layers(table.shape[1], plan, draws)
        self.prior = MixturePrior(LearnedScaleComponents(torch.zeros(number, table.shape[1])), LearnedWeights(number))
        self.classifier = CodePosterior(table.shape[1], number)
        start_(self.classifier, draws.at("classifier"))
        self._start_at(self(self.dequantised(table, draws.at("start"))).code, torch.as_tensor(parts))

    @torch.no_grad()
    def _start_at(self, code: Tensor, parts: Tensor) -> None:
        components = self.prior.components
        for part in parts.unique():
            own = code[parts == part]
            components.means[part] = own.mean(0)
            components.log_scales[part] = own.std(0, correction=0).clamp_min(LEAST_SCALE).log()
        self.prior.weights.logits.copy_(parts.bincount(minlength=len(components.means)).clamp_min(1).log())

    def dequantised(self, rows: Tensor, generator: Generator) -> Tensor:
        """Rows (rows, columns) as what has a density: whole numbers with noise in [0, 1), others as they are."""
        return rows + self.step * torch.rand(rows.shape, generator=generator)

    def forward(self, rows: Tensor) -> Coded:
        """z = f(x); (rows, columns)."""
        code, log_volume = (rows - self.mean) / self.scale, -self.scale.log().sum().expand(len(rows))
        for layer in self.layers:
            code, change = layer().call_and_ladj(code)
            log_volume = log_volume + change
        return Coded(code, log_volume)

    def inverse(self, code: Tensor) -> Tensor:
        """x = f^-1(z); (rows, columns)."""
        for layer in reversed(self.layers):
            code = layer().inv(code)
        return code * self.scale + self.mean

    def log_joint(self, coded: Coded) -> Tensor:
        """log p(x, y) = log p(y) + log p(z|y) + log |det dz/dx|: (rows, parts), in nats.  (2)"""
        return self.prior.joint_log_prob(coded.code) + coded.log_volume.unsqueeze(-1)

    def by_bayes(self, coded: Coded) -> Categorical:
        """p(y|x) by Bayes' rule.  (3)"""
        return Categorical(logits=self.log_joint(coded), validate_args=False)

    def by_classifier(self, coded: Coded) -> Categorical:
        """q(y|z)."""
        posterior: Categorical = self.classifier(coded.code, coded.code, self.prior)
        return posterior


def loss_with(flow: ClassFlow, rows: Tensor, labels: Tensor) -> Tensor:
    """Mean of - log p(x, y) - log q(y|z), in nats.  (4)"""
    coded = flow(rows)
    joint = flow.log_joint(coded).gather(1, labels.unsqueeze(-1))
    return cross_entropy(flow.by_classifier(coded).logits, labels) - joint.mean()


def loss_without(flow: ClassFlow, rows: Tensor, labels: Tensor) -> Tensor:
    """Mean of - log sum_y p(x, y), in nats; no label is read.  (5)"""
    return -flow.log_joint(flow(rows)).logsumexp(-1).mean()


def learn(rows: Array, parts: Labels, seed: int, plan: Plan, *, told: bool) -> ClassFlow:
    """A flow of rows (rows, columns) that starts at their parts (rows,), 0 and up.

    `told` says whether these are labels that stay, by (4), or only where the components start, by (5).
    """
    flow, draws = ClassFlow(rows, parts, plan, seed), Draws(seed)
    loss = loss_with if told else loss_without
    table, labels = torch.as_tensor(rows, dtype=torch.float32), torch.as_tensor(parts)
    order = torch.randperm(len(table), generator=draws.at("aside"))
    aside, own = order.tensor_split([max(1, round(LOOKED_AT * len(table)))])
    optimizer = torch.optim.Adam(flow.parameters(), plan.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, plan.steps)
    best, kept, worse = np.inf, flow.state_dict(), 0
    for step in range(plan.steps):
        batch = own[torch.randint(len(own), (plan.batch_size,), generator=draws.at("batch", step))]
        now = loss(flow, flow.dequantised(table[batch], draws.at("noise", step)), labels[batch])
        optimizer.zero_grad()
        now.backward()
        optimizer.step()
        schedule.step()
        if (step + 1) % plan.look_every:
            continue
        found = mean_in_blocks(flow, loss, table[aside], labels[aside], draws.at("look"))
        worse = 0 if found < best else worse + 1
        if worse == 0:
            best, kept = found, {name: value.clone() for name, value in flow.state_dict().items()}
        if worse == plan.patience:
            break
    flow.load_state_dict(kept)
    return flow


@torch.no_grad()
def mean_in_blocks(flow: ClassFlow, loss: Any, rows: Tensor, labels: Tensor, generator: Generator) -> float:
    """The mean of a loss over all rows, with noise from the generator."""
    blocks = zip(rows.split(BLOCK), labels.split(BLOCK), strict=True)
    parts = [len(some) * float(loss(flow, flow.dequantised(some, generator), own)) for some, own in blocks]
    return sum(parts) / len(rows)


def _layers(columns: int, plan: Plan, draws: Draws) -> nn.ModuleList:
    """Coupling layers, in pairs in which each column moves once."""
    # zuko switches off torch's checks of arguments when it is imported, for the whole process.
    kept = {name: vars(Distribution)[name] for name in ("_validate_args", "arg_constraints")}
    from zuko.flows.coupling import GeneralCouplingTransform
    from zuko.transforms import MonotonicRQSTransform

    for name, value in kept.items():
        setattr(Distribution, name, value)
    splines: dict[str, Any] = {
        "univariate": MonotonicRQSTransform,
        "shapes": [(plan.bins,), (plan.bins,), (plan.bins - 1,)],
        "hidden_features": (plan.hidden, plan.hidden),
    }
    made = partial(GeneralCouplingTransform, columns, **splines)
    layers = nn.ModuleList()
    # Its layers draw their weights from torch's global random state.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draws.at("weights").initial_seed())
        for number in range(plan.transforms):
            if number % 2 == 0:
                order = torch.randperm(columns, generator=draws.at("mask", number))
                mask = order < columns // 2
            layers.append(made(mask=mask if number % 2 == 0 else ~mask))
    for layer in layers:
        last = layer.hyper[-1]
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
    return layers
