"""Missing values filled in, and how far off they may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Generator, Tensor

from vaecluster.data.raw import Coded, Doubles
from vaecluster.data.rows import Rows
from vaecluster.inference.answers import BLOCK, in_blocks, noise_of
from vaecluster.model.vae import ClusteringVAE

# Values are hidden in so many rows of a fit at most, a part of the values of a row at a time.
MOST_ROWS, PARTS = 500, 5
# Errors of more columns are not compared, nor those of a column that so few rows tell of. Penalties are tried in these
# parts of the sum of squares of a column.
MOST_COLUMNS, LEAST_ERRORS, PENALTIES = 256, 10, np.logspace(-4, 2, 13)


@final
@dataclass(frozen=True, eq=False)
class Errors:
    """What errors in values that were hidden from a model say of others that it fills in.

    `regression` (columns, columns) is by how much a missing value of the second column is off for each unit that the
    model is off in the first, in the model's units; None where that was not learned. `spread` (columns,) is how many
    times further off values are than the model says.
    """

    regression: Doubles | None
    spread: Doubles


@final
@dataclass(frozen=True, eq=False)
class Imputed:
    """`rows` with nothing missing, and how sure each value is, (28b): (rows,) for each column, by its name as a text.

    `deviation` holds the standard deviations of numbers, in the column's units (of dates and durations seconds), and 0
    where the value was there. `probability` says of categories how likely the one filled in is; it is 1 where one was
    there. Both are empty for rows that are no frame, of which no value can be missing.
    """

    rows: Any
    deviation: dict[str, Doubles]
    probability: dict[str, Doubles]


def filled(model: ClusteringVAE, rows: Rows, errors: Errors | None) -> Any:
    """The rows as they were given, with missing values filled in: equation (28c)."""
    regression = _regression(errors, rows)
    found = np.concatenate(list(in_blocks(model, rows, lambda batch: _expected(model, batch, regression))))
    return rows.source.filled(rows.schema, torch.from_numpy(found))


def imputed(model: ClusteringVAE, rows: Rows, errors: Errors | None) -> Imputed:
    """The same with how sure it is: equation (28b); `errors` are what `errors_of` found in the fit."""
    raw = rows.source.read(slice(None))
    if not isinstance(raw, Mapping):
        return Imputed(filled(model, rows, errors), {}, {})
    regression, noise = _regression(errors, rows), noise_of(model, rows.device)
    found = np.concatenate(list(in_blocks(model, rows, lambda batch: _doubt(model, batch, noise, regression))))
    expected, deviations, probabilities = found.swapaxes(0, 1)
    deviations = deviations.astype(np.float64) * (1.0 if errors is None else errors.spread)
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
    return Imputed(rows.source.filled(rows.schema, torch.from_numpy(expected.copy())), deviation, probability)


def errors_of(model: ClusteringVAE, rows: Rows) -> Errors | None:
    """What is learned of errors by hiding values that are there, each once, and filling them in.

    None where no value may be missing. The spread is 1 for columns of categories, and where nothing could be hidden.
    """
    may_be_hidden = [gap and measured for gap, measured in zip(rows.schema.gaps, rows.schema.measured, strict=False)]
    if not any(may_be_hidden):
        return None
    some = rows.drawn(MOST_ROWS)
    generator = Generator().manual_seed(0)
    shape = (BLOCK, len(may_be_hidden))
    part_of = torch.randint(PARTS, shape, generator=generator, dtype=torch.int64, device="cpu").to(rows.device)
    columns, noise = torch.tensor(may_be_hidden, device=rows.device), noise_of(model, rows.device)

    def found(batch: Tensor) -> Tensor:
        """Errors of values that are seen and of those that are hidden, and what the model says: (rows, parts, 3, ...).

        NaN where there is none.
        """
        parts = []
        for part in range(PARTS):
            hidden = (part_of == part) & columns
            expected, deviation, _ = _doubt(model, batch.masked_fill(hidden, torch.nan), noise, None).unbind(1)
            off = batch - expected
            seen = off.masked_fill(hidden, torch.nan)
            parts.append(torch.stack([seen, off.masked_fill(~hidden, torch.nan), deviation], 1))
        return torch.stack(parts, 1)

    blocks = np.concatenate(list(in_blocks(model, some, found))).astype(np.float64)
    seen, hidden, deviation = blocks.reshape(-1, 3, len(may_be_hidden)).swapaxes(0, 1)
    regression = _regressed(np.nan_to_num(seen) * np.array(rows.schema.measured), hidden)
    if regression is not None:
        hidden = hidden - np.nan_to_num(seen) @ regression
    squares = np.square(hidden / deviation)
    there = np.isfinite(squares)
    number = there.sum(0)
    means = np.where(there, squares, 0.0).sum(0) / np.maximum(number, 1)
    return Errors(regression, np.where(number > 0, np.sqrt(means), 1.0))


def _regressed(seen: Doubles, hidden: Doubles) -> Doubles | None:
    """A ridge regression of errors in hidden values (rows, columns), NaN for others, on those in values that are seen.

    Its penalty is the one by which errors of single rows left out are told best.
    """
    columns = seen.shape[1]
    if columns > MOST_COLUMNS:
        return None
    scale = np.sqrt(np.square(seen).mean(0))
    scale[scale == 0] = 1
    regression = np.zeros((columns, columns))
    for column, errors in enumerate(hidden.T):
        rows = np.isfinite(errors)
        others = np.arange(columns) != column
        if rows.sum() >= LEAST_ERRORS and others.any():
            regression[others, column] = _ridge((seen / scale)[np.ix_(rows, others)], errors[rows]) / scale[others]
    return regression


def _ridge(inputs: Doubles, outputs: Doubles) -> Doubles:
    """Coefficients (columns,) of a ridge regression.

    scikit-learn's would change the filters of warnings for a moment, which other threads would see.
    """
    rows, values, columns = np.linalg.svd(inputs, full_matrices=False)
    shrunk = values**2 / (values**2 + len(inputs) * PENALTIES[:, None])  # penalties values
    along = rows.T @ outputs
    # Without a row its residual is the larger, the more the row says of itself.
    left_out = (outputs - (shrunk * along) @ rows.T) / (1 - shrunk @ np.square(rows).T)
    best = np.square(left_out).mean(1).argmin()
    coefficients: Doubles = columns.T @ (shrunk[best] * along / np.where(values > 0, values, 1))
    return coefficients


def _regression(errors: Errors | None, rows: Rows) -> Tensor | None:
    if errors is None or errors.regression is None:
        return None
    return torch.from_numpy(errors.regression).float().to(rows.device)


def _expected(model: ClusteringVAE, batch: Tensor, regression: Tensor | None) -> Tensor:
    """What the code stands for, moved by what the errors in values that are there say of the others."""
    expected = model.decoder.expected(model.encoder(batch).mean)
    return expected if regression is None else expected + (batch - expected).nan_to_num(0) @ regression


def _doubt(model: ClusteringVAE, batch: Tensor, noise: Tensor, regression: Tensor | None) -> Tensor:
    """What is expected of each entry, its deviation, and how likely it is: (rows, 3, columns).

    The mean square distance from what the code stands for, by the law of total variance over codes; of categories
    alone the probability says something.
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
    deviation = (variance / len(noise)).sqrt()
    return torch.stack([_expected(model, batch, regression), deviation, probability / len(noise)], 1)
