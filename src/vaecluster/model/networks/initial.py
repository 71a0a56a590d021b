"""Layers without weights, and weights to start from.

Layers are made on the meta device, where a tensor has a shape and no memory. Otherwise torch would draw their weights
from its global random state, which belongs to the caller's program. `start_` gives them memory.
"""

from math import sqrt
from typing import TypeVar, final

import torch
from torch import Generator, Tensor, nn

from vaecluster import ranks

_LAYERS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)
M = TypeVar("M", bound=nn.Module)
Layer = nn.Linear | nn.Conv2d | nn.ConvTranspose2d


def linear(inputs: int, outputs: int) -> nn.Linear:
    """A linear layer without weights."""
    return nn.Linear(inputs, outputs, device="meta", dtype=torch.float32)


def batch_norm(entries: int) -> nn.BatchNorm1d:
    """Batch normalisation, which starts as the identity."""
    return BatchNorm(entries, dtype=torch.float32, device="cpu")


@final
class BatchNorm(nn.BatchNorm1d):
    """Batch normalisation (Ioffe and Szegedy 2015) by the moments of the rows of all ranks, on any device."""

    def forward(self, rows: Tensor) -> Tensor:
        """Rows (rows, entries), normalised."""
        if not self.training or ranks.alone():
            return super().forward(rows)
        wide = rows.float() if rows.dtype == torch.bfloat16 else rows
        number = ranks.count(len(rows))
        mean = ranks.total(wide.sum(0)) / number
        centred = wide - mean
        variance = ranks.total(centred.square().sum(0)) / number
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            assert self.momentum is not None
            self.num_batches_tracked.add_(1)
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * number / max(1, number - 1), self.momentum)
        normalised = centred * (variance + self.eps).rsqrt() * self.weight + self.bias
        return normalised.to(rows.dtype)


def start_(module: nn.Module, generator: Generator, *, glorot: bool = False) -> None:
    """Draw the weights of every layer that has none.

    Uniform within 1 / sqrt(inputs), as torch does by itself; or with `glorot` by the sum of inputs and outputs, and
    zero biases (Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward networks").
    """
    for layer in module.modules():
        if isinstance(layer, _LAYERS) and layer.weight.is_meta:
            in_memory(layer)
            _glorot_(layer, generator) if glorot else _uniform_(layer, generator)


def in_memory(module: M, device: torch.device | str = "cpu") -> M:
    """The module itself, with memory for its weights and buffers, in which any numbers are.

    `nn.Module.to_empty` does the same, but has torch import its compiler, which takes seconds.
    """
    for part in module.modules():
        for name, tensor in [*part.named_parameters(recurse=False), *part.named_buffers(recurse=False)]:
            empty = torch.empty_strided(tensor.shape, tensor.stride(), dtype=tensor.dtype, device=device)
            setattr(part, name, nn.Parameter(empty) if isinstance(tensor, nn.Parameter) else empty)
    return module


def _uniform_(layer: Layer, generator: Generator) -> None:
    nn.init.kaiming_uniform_(layer.weight, sqrt(5), generator=generator)
    if layer.bias is not None:
        inputs, _ = nn.init._calculate_fan_in_and_fan_out(layer.weight)
        nn.init.uniform_(layer.bias, -1 / sqrt(inputs), 1 / sqrt(inputs), generator=generator)


def _glorot_(layer: Layer, generator: Generator) -> None:
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
