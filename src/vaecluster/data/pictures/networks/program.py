"""Programs that torch.export has saved."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vaecluster.data.pictures.networks.base import Network, of_images, reason
from vaecluster.errors import FileError


def weights_file(features: str) -> Path:
    """The program itself."""
    return Path(features)


def beside(weights: Path) -> Sequence[Path]:
    """None."""
    return ()


def network(features: str, weights: Path) -> Network:
    """A program of one argument."""
    # It would print the whole traceback of what is told below.
    logger, disabled = logging.getLogger("torch.export"), logging.getLogger("torch.export").disabled
    logger.disabled = True
    try:
        program = torch.export.load(weights)
        name = program.graph_signature.user_inputs[0]
        shape = next(node for node in program.graph.nodes if node.name == name).meta["val"].shape
        module = program.module()
    # torch raises what it likes on bytes that are no program.
    except Exception as problem:
        raise FileError(
            f"{features} cannot be read as a program for images ({reason(problem)}). Write it with "
            "torch.export.save, of a network that takes (n, 3, H, W)."
        ) from None
    finally:
        logger.disabled = disabled
    return torch_network(features, module, *of_images(features, shape))


def torch_network(source: str, module: Any, *shape: Any) -> Network:
    """A module of torch; `shape` is side, batch, and whether that is fixed."""

    def compute(batch: Any) -> Any:
        with torch.inference_mode():
            features = module(torch.from_numpy(batch))
        return (features[0] if isinstance(features, tuple | list) else features).float().numpy()

    return Network(source, compute, *shape)


def trained_network(source: str, module: Any, side: int, mean: Sequence[float], std: Sequence[float]) -> Network:
    """A module of torch that was trained on colours with this mean and deviation taken out: (3,) each."""
    made = torch_network(source, module, side)
    middle, spread = (np.array(values, np.float32)[:, None, None] for values in (mean, std))
    return Network(source, lambda batch: made.compute((batch - middle) / spread), made.side)
