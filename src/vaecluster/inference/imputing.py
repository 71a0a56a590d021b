"""Missing values filled in, and how far off they may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Generator, Tensor

from vaecluster.data.raw import Coded, Doubles
from vaecluster.data.rows import Rows
from vaecluster.inference.answers import BLOCK, codes, decode, in_blocks, noise_of
from vaecluster.model.vae import ClusteringVAE

# Values are hidden in so many rows of a fit at most, a part of the values of a row at a time.
MOST_ROWS, PARTS = 500, 5


@final
@dataclass(frozen=True, eq=False)
class Imputed:
    """`rows` with nothing missing, and how sure each value is: (rows,) for each column, by its name as a text.

    `deviation` holds the standard deviations of numbers, in the column's units (of dates and durations seconds), and 0
    where the value was there. `probability` says of categories how likely the one filled in is; it is 1 where one was
    there. Both are empty for rows that are no frame, of which no value can be missing.
    """

    rows: Any
    deviation: dict[str, Doubles]
    probability: dict[str, Doubles]


@torch.no_grad()
def filled(model: ClusteringVAE, rows: Rows) -> Any:
    """The rows as they were given, with missing values filled in by the row that their code stands for."""
    codes_of = torch.from_numpy(codes(model, rows)).to(rows.device)
    return rows.source.filled(rows.schema, decode(model, codes_of))


def imputed(model: ClusteringVAE, rows: Rows, spread: Doubles | None) -> Imputed:
    """The same with how sure it is: equation (28b); `spread` (columns,) is what `spread_of` found in the fit."""
    whole, raw = filled(model, rows), rows.source.read(slice(None))
    if not isinstance(raw, Mapping):
        return Imputed(whole, {}, {})
    noise = noise_of(model, rows.device)
    found = np.concatenate(list(in_blocks(model, rows, lambda batch: _doubt(model, batch, noise))))
    expected, deviations, probabilities = found.swapaxes(0, 1)
    deviations = deviations.astype(np.float64) * (1.0 if spread is None else spread)
    by_name = rows.schema.deviations(expected, deviations)
    deviation, probability = {}, {}
    # In the order in which the model has them, which is not that of the frame.
    order = {name: number for number, name in enumerate(n for block in rows.schema.blocks for n in block.columns)}
    for name, values in raw.items():
        missing = values.codes < 0 if isinstance(values, Coded) else np.isnan(values)
        if name in by_name:
            deviation[name] = np.where(missing, by_name[name], 0.0)
        else:
            probability[name] = np.where(missing, probabilities[:, order[name]].astype(np.float64), 1.0)
    return Imputed(whole, deviation, probability)


def spread_of(model: ClusteringVAE, rows: Rows) -> Doubles | None:
    """How many times further off values are than the model says, for each column: (columns,).

    Values that are there are hidden, each once, and filled in. None where no value may be missing; 1 for columns of
    categories, and where nothing could be hidden.
    """
    may_be_hidden = [gap and measured for gap, measured in zip(rows.schema.gaps, rows.schema.measured, strict=False)]
    if not any(may_be_hidden):
        return None
    some = rows.some(np.sort(np.random.default_rng(0).permutation(len(rows))[:MOST_ROWS]))
    generator = Generator().manual_seed(0)
    shape = (BLOCK, len(may_be_hidden))
    part_of = torch.randint(PARTS, shape, generator=generator, dtype=torch.int64, device="cpu").to(rows.device)
    columns, noise = torch.tensor(may_be_hidden, device=rows.device), noise_of(model, rows.device)

    def squares(batch: Tensor) -> Tensor:
        """Squares of errors in standard deviations; NaN where nothing was hidden."""
        found = torch.full_like(batch, torch.nan)
        for part in range(PARTS):
            hidden = (part_of == part) & columns
            expected, deviation, _ = _doubt(model, batch.masked_fill(hidden, torch.nan), noise).unbind(1)
            found = torch.where(hidden, ((batch - expected) / deviation).square(), found)
        return found

    errors = np.concatenate(list(in_blocks(model, some, squares))).astype(np.float64)
    there = np.isfinite(errors)
    number = there.sum(0)
    means = np.where(there, errors, 0.0).sum(0) / np.maximum(number, 1)
    spread: Doubles = np.where(number > 0, np.sqrt(means), 1.0)
    return spread


def _doubt(model: ClusteringVAE, batch: Tensor, noise: Tensor) -> Tensor:
    """What is expected of each entry, its deviation, and how likely it is: (rows, 3, columns).

    The mean square distance from what is expected, by the law of total variance over codes; of categories alone the
    probability says something.
    """
    likelihood, network = model.decoder.likelihood, model.decoder.network
    posterior = model.encoder(batch)
    expected = model.decoder.expected(posterior.mean)
    variance, probability = torch.zeros_like(expected), torch.zeros_like(expected)
    for draw in noise:
        numbers = network(posterior.mean + posterior.stddev * draw)
        entries = likelihood.entries(numbers)
        variance += entries.variance + (likelihood.expected(numbers) - expected).square()
        probability += entries.log_prob(expected).exp()
    return torch.stack([expected, (variance / len(noise)).sqrt(), probability / len(noise)], 1)
