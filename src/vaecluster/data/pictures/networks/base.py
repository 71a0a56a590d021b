"""What a network for features of pictures is, and where weights of named ones are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from vaecluster.data.raw import Array
from vaecluster.errors import DataError, FileError, SettingError

# The side of squares for a network that takes any, and how many it takes at a time, if it takes any number.
SIDE, BATCH = 224, 32


@final
@dataclass(frozen=True)
class Network:
    """A function of images (n, 3, side, side), values from 0 to 1, to features, (n, width) or of more axes.

    It takes `batch` images at a time, and where `fixed` no fewer.
    """

    source: str
    compute: Callable[[NDArray[np.float32]], Any]
    side: int
    batch: int = BATCH
    fixed: bool = False

    def __call__(self, images: Array) -> NDArray[np.float32]:
        """(rows, side, side, 3) of bytes to (rows, width); raises `DataError` if the network fails on them."""
        found = []
        for start in range(0, len(images), self.batch):
            some = images[start : start + self.batch]
            # The last ones once more, where the number is fixed.
            filled = some[np.arange(self.batch) % len(some)] if self.fixed else some
            batch = np.ascontiguousarray(np.moveaxis(filled, -1, 1), np.float32) / np.float32(255)
            try:
                features = np.asarray(self.compute(batch), np.float32)
                found.append(features.reshape(len(filled), -1)[: len(some)])
            # A library raises what it likes.
            except Exception as problem:
                raise DataError(
                    f"{self.source} fails on images {batch.shape} ({reason(problem)}). Give a network for such images."
                ) from None
        return np.concatenate(found)


def of_images(source: str, shape: Sequence[Any]) -> tuple[int, int, bool]:
    """The side, the batch, and whether that is fixed, of a network that says it takes this shape.

    Raises `FileError` if that is no shape of images (n, 3, H, W); what is no number may be any.
    """
    batch, channels, height, width = shape if len(shape) == 4 else (None, None, None, None)
    fixed = [side for side in (height, width) if isinstance(side, int)]
    if channels != 3 or len(set(fixed)) > 1:
        shown = ", ".join(map(str, shape))
        raise FileError(
            f"{source} takes ({shown}); expected images (n, 3, H, W) with H equal to W. Export it for such images."
        )
    number = batch if isinstance(batch, int) else None
    return fixed[0] if fixed else SIDE, number or BATCH, number is not None


def reason(problem: Exception) -> str:
    """What a library says, on one line that is not too long."""
    return f"{' '.join(str(problem).split()) or type(problem).__name__:.200}"


def name_and_weights(features: str) -> tuple[str, Path | None]:
    """The name of a network after its library, and the file of its weights, where one follows behind @.

    >>> name_and_weights("timm:resnet18@weights.pth")
    ('resnet18', PosixPath('weights.pth'))
    """
    name, at, weights = features.partition(":")[2].partition("@")
    if not name or (at and not weights):
        raise SettingError(f"features is {features!r}; expected a name, such as resnet18, or NAME@FILE with weights.")
    return name, Path(weights).expanduser() if at else None


def unknown(features: str, name: str, known: Sequence[str]) -> SettingError:
    """The error for a network that the library does not have."""
    near = get_close_matches(name, known, 3)
    hint = f" Did you mean {', '.join(near)}?" if near else ""
    return SettingError(f"features is {features!r}, but the library has no network {name!r}.{hint} Check the name.")


def cannot_import(library: str, problem: Exception) -> FileError:
    """The error for a library that is not there, or that does not go with torch."""
    return FileError(
        f"Features by {library}:NAME need {library}, which cannot be imported ({reason(problem)}). Install the "
        "version of it that goes with your torch, or give a .pt2 or .onnx file."
    )


def in_torch_hub(features: str, url: str, command: str) -> Path:
    """The file of weights from that address in torch.hub's folder; raises the error of `no_weights` without one."""
    import torch

    place = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if not place.is_file():
        raise no_weights(features, place, command)
    return place


def no_weights(features: str, where: Path | str, command: str) -> FileError:
    """The error for weights that are not on this machine."""
    return FileError(
        f"The weights of {features} are not on this machine (looked for {where}), and nothing is downloaded unasked. "
        f'Fetch them by `python -c "{command}"`, or name a file with them: {features.partition("@")[0]}@FILE.'
    )
