"""The article's convolutional networks, for images of any size and number of channels.

The article's library pads an even side by one pixel *after* it when the stride is 2; torch's own padding comes
*before* it. The two are mirror images, so the encoder mirrors its input and the decoder its output: exactly the
article's networks with mirrored kernels, at the speed of the plain operators (measured: cropping and padding
by hand costs a third of a training step).
"""

from typing import final

import torch
from torch import Tensor, nn

from vaecluster.model.networks.initial import linear

KERNEL = 3
ENCODER_LAYERS = ((32, 2), (32, 1), (64, 2), (64, 1))  # filters, stride
DECODER_LAYERS = ((64, 1), (64, 2), (32, 1), (32, 2))
SLOPE = 0.2

Size = tuple[int, int]


def sizes_after_layers(size: Size) -> list[Size]:
    """The image's size before the first encoder layer and after each: divided by the stride, rounded up.

    >>> sizes_after_layers((28, 27))
    [(28, 27), (14, 14), (14, 14), (7, 7), (7, 7)]
    """
    sizes = [size]
    for _, stride in ENCODER_LAYERS:
        height, width = sizes[-1]
        sizes.append((-(-height // stride), -(-width // stride)))
    return sizes


def _transposed(channels: int, filters: int, stride: int, small: Size, large: Size) -> nn.ConvTranspose2d:
    """The transposed convolution from an image of size `small` to one of size `large`."""
    rest = (large[0] - stride * (small[0] - 1) - 1, large[1] - stride * (small[1] - 1) - 1)
    return nn.ConvTranspose2d(
        channels, filters, KERNEL, stride, padding=1, output_padding=rest, device="meta", dtype=torch.float32
    )


@final
class ConvEncoderNetwork(nn.Module):
    """3x3 convolutions, 32-32-64-64 filters with strides 2-1-2-1, LeakyReLU 0.2 after each, flattened."""

    def __init__(self, data_shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = data_shape
        layers: list[nn.Module] = []
        for filters, stride in ENCODER_LAYERS:
            layers += [
                nn.Conv2d(channels, filters, KERNEL, stride, padding=1, device="meta", dtype=torch.float32),
                nn.LeakyReLU(SLOPE, inplace=True),
            ]
            channels = filters
        last = sizes_after_layers((height, width))[-1]
        self.features = channels * last[0] * last[1]
        self.network = nn.Sequential(*layers, nn.Flatten())
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, rows: Tensor) -> Tensor:  # rows channels height width
        """Features (rows, features)."""
        mirrored = rows.flip(-2, -1).contiguous(memory_format=torch.channels_last)
        features: Tensor = self.network(mirrored)
        return features


@final
class ConvDecoderNetwork(nn.Module):
    """A linear layer, then transposed 3x3 convolutions 64-64-32-32 and one per channel; no final activation."""

    def __init__(self, latent: int, data_shape: tuple[int, int, int]) -> None:
        super().__init__()
        channels, height, width = data_shape
        # The encoder's sizes backwards: each layer returns to the size before the encoder layer that it undoes.
        sizes = sizes_after_layers((height, width))[::-1]
        filters = DECODER_LAYERS[0][0]
        self.start = (filters, *sizes[0])
        self.linear = linear(latent, filters * sizes[0][0] * sizes[0][1])
        layers: list[nn.Module] = []
        small = sizes[0]
        for (after, stride), large in zip(DECODER_LAYERS, sizes[1:], strict=True):
            # Strides 1-2-1-2 against the encoder's 2-1-2-1: seen from the small end both grow at the same place.
            layers += [_transposed(filters, after, stride, small, large), nn.LeakyReLU(SLOPE, inplace=True)]
            filters, small = after, large
        layers.append(_transposed(filters, channels, 1, small, small))
        self.network = nn.Sequential(*layers)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, code: Tensor) -> Tensor:  # rows latent
        """One number per pixel and channel: (rows, channels, height, width)."""
        start = self.linear(code).view(-1, *self.start)
        image: Tensor = self.network(start.contiguous(memory_format=torch.channels_last))
        return image.flip(-2, -1)
