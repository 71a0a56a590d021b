"""Weights to start from."""

from torch import nn

_WITH_WEIGHTS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def glorot_(module: nn.Module) -> None:
    """Glorot-uniform weights and zero biases, in place, in every layer below (Glorot and Bengio 2010)."""
    for layer in module.modules():
        if isinstance(layer, _WITH_WEIGHTS):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
