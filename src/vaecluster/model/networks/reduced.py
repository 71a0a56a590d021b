"""Multiplication in bfloat16 while training."""

import torch
from torch import Tensor, nn


def run_reduced(network: nn.Module, inputs: Tensor, reduced: bool) -> Tensor:
    """The network's output in the type of its inputs; `reduced` multiplies in bfloat16 in training, never afterwards.

    Weights, sums over a batch and everything outside the network stay in single precision.
    """
    # Without its cache, which is only emptied at the end of the outermost autocast: inside one of the caller's,
    # weights would be multiplied as they were in the first step.
    enabled = reduced and network.training
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=enabled, cache_enabled=False):
        output: Tensor = network(inputs)
    return output.to(inputs.dtype)


def reduce(model: nn.Module, reduced: bool) -> None:
    """Have all networks of the model multiply in bfloat16 while training, or none of them."""
    for part in model.modules():
        if hasattr(part, "reduced"):
            setattr(part, "reduced", reduced)  # noqa: B010 - for type checkers every attribute is a tensor
