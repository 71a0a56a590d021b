"""Codes that a user gave."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vaecluster.data import checks
from vaecluster.errors import DataError


def given_codes(codes: Any, latent: int) -> NDArray[np.float32]:
    """Codes (n, latent) of finite numbers; `DataError` if they are not."""
    if isinstance(codes, torch.Tensor):
        codes = codes.detach().cpu().numpy()
    try:
        # A number too large for this becomes infinite, and is refused below.
        with np.errstate(over="ignore"):
            array = np.asarray(codes).astype(np.float32, casting="same_kind" if np.iscomplexobj(codes) else "unsafe")
    except (TypeError, ValueError):
        raise DataError(
            f"codes is {checks.shown(codes)}; expected numbers (n, {latent}), as from transform."
        ) from None
    if array.ndim != 2 or array.shape[1] != latent or not len(array):
        raise DataError(f"codes has shape {array.shape}; expected (n, {latent}), as transform returns.")
    if not np.isfinite(array).all():
        row, entry = np.argwhere(~np.isfinite(array))[0]
        raise DataError(f"codes holds {array[row, entry]} in row {row}; expected finite numbers, as from transform.")
    return array
