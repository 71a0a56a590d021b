"""The ways to learn, one file or folder each."""

from typing import Any

from vaecluster.errors import SettingError
from vaecluster.methods.base import Fitted, Method
from vaecluster.methods.bound import Bound
from vaecluster.methods.dec import DEC, IDEC
from vaecluster.methods.dgg import DGG
from vaecluster.methods.stepwise import Stepwise
from vaecluster.methods.two_views import TwoViews
from vaecluster.methods.vade import VaDE

# The list of names: what a user calls them, and what model files know them by.
METHODS: dict[str, type[Method]] = {
    method.name: method for method in (TwoViews, Bound, VaDE, DGG, DEC, IDEC, Stepwise)
}


def as_method(value: Any) -> Method:
    """The method that a user gave, itself or by its name; raises `SettingError` for anything else."""
    if isinstance(value, Method):
        return value
    if isinstance(value, str) and value in METHODS:
        return METHODS[value]()
    names = ", ".join(map(repr, METHODS))
    raise SettingError(f"method is {value!r}; expected one of {names}, or a method such as TwoViews(heads=7).")


__all__ = ["DEC", "DGG", "IDEC", "METHODS", "Bound", "Fitted", "Method", "Stepwise", "TwoViews", "VaDE", "as_method"]
