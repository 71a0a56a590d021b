"""Typed records as plain values, and back with every type checked (docs/decisions/0026)."""

from typing import Any, TypeVar, get_args, get_origin

import msgspec
import numpy as np

Record = TypeVar("Record")


def plain(record: Any) -> Any:
    """A record of dataclasses, numbers, texts and arrays as JSON holds it; keys of dictionaries become texts."""
    return msgspec.to_builtins(record, str_keys=True, enc_hook=_plain)


def typed(kind: type[Record], values: Any) -> Record:
    """The record that `plain` wrote down; raises `ValueError` where a value is of another type than declared."""
    try:
        return msgspec.convert(values, kind, str_keys=True, dec_hook=_typed)
    except msgspec.ValidationError as problem:
        # A ValueError by itself in newer versions only.
        raise ValueError(str(problem)) from None


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be written down")


def _typed(kind: Any, value: Any) -> Any:
    if (get_origin(kind) or kind) is np.ndarray:
        # NDArray[np.float64] is ndarray[shape, dtype[float64]].
        dtype = get_args(get_args(kind)[1])[0]
        array = np.array(value)
        if array.size and array.dtype.kind not in ("iu" if np.issubdtype(dtype, np.integer) else "iuf"):
            raise ValueError(f"expected numbers of type {np.dtype(dtype)}")
        return array.astype(dtype)
    raise TypeError(f"{kind} cannot be read")
