"""Numbers drawn for each row of a batch, and the check of the numbers that a view is given."""

from numbers import Real

import torch
from torch import Tensor

from vaecluster.errors import SettingError


def check_range(view: object, name: str, low: float, high: float = float("inf")) -> None:
    """Raise `SettingError` unless the view's parameter of this name is a finite number from `low` to `high`."""
    value = getattr(view, name)
    if (
        isinstance(value, Real)
        and not isinstance(value, bool)
        and low <= float(value) <= high
        and float(value) < float("inf")
    ):
        return
    expected = f"a number from {low:g} to {high:g}" if high < float("inf") else f"a number of {low:g} or more"
    raise SettingError(f"{type(view).__name__}({name}={value!r}) cannot be used; give {expected}.")


def uniform(low: float, high: float, like: Tensor) -> Tensor:
    """One draw for each row of a batch, from torch's global random state: (rows,)."""
    return low + (high - low) * torch.rand(len(like), dtype=like.dtype, device=like.device)
