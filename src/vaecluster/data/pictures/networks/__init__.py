"""Networks that make features of pictures, one kind a file; each loads its library when it is used."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path, PurePath
from typing import Protocol

from vaecluster.data.pictures.networks.base import Network

# To add a kind of network, write the functions of `Kind` in a file here, and name the ending of its files or
# what stands before the names of such networks.
NETWORKS = {".pt2": "program", ".onnx": "onnx_file", "timm:": "of_timm", "torchvision:": "of_torchvision"}


class Kind(Protocol):
    """What the file of a kind of network has; `features` is what the user wrote."""

    def weights_file(self, features: str) -> Path:
        """The file that holds the weights; raises `FileError` or `SettingError` if that is not known."""

    def beside(self, weights: Path) -> Sequence[Path]:
        """Other files that hold a part of these weights."""

    def network(self, features: str, weights: Path) -> Network:
        """The network with the weights in that file, which is there; raises `FileError` if it holds none."""


def network_of(kind: str) -> Kind:
    """The file of that kind."""
    module: Kind = import_module(f"{__name__}.{NETWORKS[kind]}")
    return module


def kind_of(features: str) -> str:
    """The ending of a file in small letters, or the library before a name, with its colon.

    >>> kind_of("photos/vectors.NPY"), kind_of("timm:resnet18.a1_in1k")
    ('.npy', 'timm:')
    """
    library, colon, _ = features.partition(":")
    return f"{library}:" if f"{library}{colon}" in NETWORKS else PurePath(features).suffix.lower()
