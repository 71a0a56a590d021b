"""Warnings kept back, or heard, in one thread at a time: their filters belong to the whole process."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

# Whoever left while another thread was inside would put back the filters of that one, for good.
_FILTERS = RLock()


@contextmanager
def unheard(category: type[Warning] = Warning, beginning: str = "") -> Iterator[None]:
    """Inside, warnings of this category that begin with this text, a regular expression, are not given."""
    with _FILTERS, warnings.catch_warnings():
        warnings.filterwarnings("ignore", beginning, category)
        yield


@contextmanager
def heard(category: type[Warning] = Warning) -> Iterator[list[warnings.WarningMessage]]:
    """Inside, warnings of this category are put into this list, those too that were given before."""
    with _FILTERS, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", category)
        yield caught
