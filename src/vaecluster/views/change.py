"""Random changes of a batch that leave the meaning of its rows the same."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Generator, Tensor

from vaecluster.errors import SettingError
from vaecluster.row_kind import RowKind
from vaecluster.settings import Settings


class Change(Settings, ABC):
    """A change of a batch; to add one, write a class under `@settings` with this member.

    Every row gets its own draw, from the generator, which is on the batch's device. The batch is not written to.
    `kind` is the kind of rows that it is for, if not all.

    >>> import torch
    >>> from vaecluster.settings import settings
    >>> from vaecluster.views import Change
    >>> @settings
    ... class Reversed(Change):
    ...     def __call__(self, batch, generator):
    ...         return batch.flip(-1)
    >>> Reversed()(torch.tensor([[1.0, 2.0]]), torch.Generator()).tolist()
    [[2.0, 1.0]]
    """

    kind: ClassVar[RowKind | None] = None

    @abstractmethod
    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """The changed batch (rows, *data), of the same shape, type and device."""

    @property
    def name(self) -> str:
        """The name by which a user knows it."""
        return type(self).__name__


class ImageChange(Change, ABC):
    """A change that only makes sense for images: (rows, channels, height, width) with values in [0, 1].

    The values that it returns are in [0, 1] as well.
    """

    kind = RowKind.IMAGES


@final
@dataclass(frozen=True)
class Function(Change):
    """A user's function on a batch, `change(batch)` or `change(batch, generator)`.

    What it draws from torch's global random state is not decided by the seed of a fit. A model file keeps a function
    by its name alone: then `function` is None.
    """

    called: str
    function: Callable[..., Tensor] | None

    @property
    def name(self) -> str:
        """The name of the function."""
        return self.called

    def __post_init__(self) -> None:
        """Nothing is declared here."""

    @classmethod
    def of(cls, function: Callable[..., Tensor]) -> "Function":
        """By the name that it has."""
        return cls(str(getattr(function, "__name__", type(function).__name__)), function)

    def __call__(self, batch: Tensor, generator: Generator) -> Tensor:
        """What the function returns; raises `SettingError` if that is no batch of the same layout."""
        if self.function is None:
            raise SettingError(
                f"views holds the function {self.name!r}, of which a model file keeps the name alone. Set the views "
                "again, with the function in them."
            )
        # A user's function may write into what it is given.
        given = batch.clone()
        returned: object = self.function(given, generator) if _takes_two(self.function) else self.function(given)
        if not isinstance(returned, Tensor):
            raise SettingError(
                f"The view {self.name} returned {type(returned).__name__}; expected a tensor. A view takes a batch of "
                "rows and returns the changed batch."
            )
        if _layout(returned) != _layout(batch):
            raise SettingError(
                f"The view {self.name} returned a batch of {_layout(returned)}, but was given one of "
                f"{_layout(batch)}. A view must keep the shape, the type and the device."
            )
        return returned


def uniform(low: float, high: float, like: Tensor, generator: Generator) -> Tensor:
    """One draw for each row of a batch: (rows,)."""
    drawn = torch.rand(len(like), generator=generator, dtype=like.dtype, device=like.device)
    return low + (high - low) * drawn


def _takes_two(function: Callable[..., Tensor]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    by_place = [one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return len([one for one in by_place if one.default is one.empty]) == 2


def _layout(batch: Tensor) -> str:
    return f"shape {tuple(batch.shape)}, {batch.dtype} on {batch.device}"
