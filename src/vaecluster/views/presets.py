"""Named views, and the setting that holds views."""

from collections.abc import Callable, Sequence
from typing import Any, final

from torch import Tensor

from vaecluster import settings
from vaecluster.errors import SettingError
from vaecluster.row_kind import RowKind
from vaecluster.settings import Kind
from vaecluster.views.change import Change, Function
from vaecluster.views.images import ColourJitter, HorizontalFlip, RandomAffine, RandomCrop
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import Views
from vaecluster.views.vectors import FeatureDropout, GaussianNoise
from vaecluster.views.windows import Amplitude, TimeShift

View = Neighbours | Change
# What a user lists; a setting holds views alone, as a tuple.
Listed = View | Callable[..., Tensor]
VIEWS: dict[str, type[View]] = {
    view.__name__: view
    for view in (
        *(Neighbours, RandomAffine, RandomCrop, HorizontalFlip, ColourJitter),
        *(GaussianNoise, FeatureDropout, TimeShift, Amplitude),
    )
}

# What is shown stays the same in any image, whatever it is, that moves, turns or grows by a little: without turns each
# slant of a letter is a cluster (docs/decisions/0091). Nothing here may flip or turn far: a mirrored letter can be
# another class.
_AUTO: dict[RowKind, Views] = {
    RowKind.IMAGES: Views(Neighbours(), (RandomAffine(padding="border"),)),
    RowKind.VECTORS: Views(Neighbours()),
    # Where a window begins is most often chance.
    RowKind.WINDOWS: Views(Neighbours(), (TimeShift(), Amplitude())),
}

PRESETS: dict[str, Views] = {
    # On MNIST the neighbours carry it. Test accuracy in trials: 0.37 with the changes alone, 0.97 with both.
    # By gradients sevens with a bar are a kind of their own: docs/decisions/0088.
    "digits": Views(Neighbours(images_by="pixels"), (RandomAffine(),)),
    # Fewer neighbours: on Fashion-MNIST about one in six is of another class (on MNIST one in thirty).
    "clothes": Views(Neighbours(5, images_by="pixels"), (RandomCrop(0.5), HorizontalFlip(), ColourJitter(0.4, 0.4))),
    "photos": Views(changes=(RandomCrop(0.4), HorizontalFlip(), ColourJitter(0.4, 0.4, 0.4))),
    "vectors": Views(Neighbours()),
    "counts": Views(Neighbours(), (FeatureDropout(0.1),)),
}


@final
class ViewsSetting(Kind):
    """A name, or a tuple of views of which only the first may be `Neighbours`."""

    @property
    def expected(self) -> str:
        """The names, and what a list may hold."""
        names = ", ".join(repr(known) for known in ("auto", *PRESETS))
        return f"one of {names}, or a list of views such as [Neighbours(), RandomCrop()]"

    def accepts(self, value: Any) -> bool:
        """Names, views, functions, and lists of them; `normal` says what is wrong in a list."""
        return (isinstance(value, str) and value in ("auto", *PRESETS)) or isinstance(
            value, Views | Neighbours | list | tuple | Callable
        )

    def normal(self, value: Any) -> str | tuple[View, ...]:
        """Names as they are, all else as a tuple of views; raises `SettingError` for what is no view."""
        if isinstance(value, str):
            return value
        if isinstance(value, Views):
            listed = [*([] if value.neighbours is None else [value.neighbours]), *value.changes]
        else:
            listed = list(value) if isinstance(value, list | tuple) else [value]
        if not listed:
            raise SettingError("views is an empty list; expected one view or more. Give views='auto' for the default.")
        views = tuple(_view(one) for one in listed)
        if any(isinstance(view, Neighbours) for view in views[1:]):
            raise SettingError(
                "views holds Neighbours in a later place; expected them once, as the first of the list: a row's "
                "neighbour is picked before anything is changed."
            )
        return views

    def plain(self, value: Any) -> Any:
        """Names as they are, a view as its class and settings, a function as its name."""
        return value if isinstance(value, str) else [_plain(view) for view in value]

    def restored(self, plain: Any) -> Any:
        """The way back; a function is gone but for its name."""
        return plain if isinstance(plain, str) else tuple(_restored(view) for view in plain)


def views_of(value: str | Sequence[Listed], kind: RowKind, *, numbers_only: bool = True) -> Views:
    """The views that a setting stands for.

    Raises `SettingError` for changes of images where the rows are vectors, and for any change where rows hold more
    than numbers.
    """
    if isinstance(value, str):
        views = _AUTO[kind] if value == "auto" else PRESETS[value]
    else:
        first = value[0] if isinstance(value[0], Neighbours) else None
        views = Views(first, tuple(view for view in value if isinstance(view, Change)))
    for change in views.changes:
        if change.kind is not None and change.kind != kind:
            raise SettingError(
                f"views holds {change.name}, which is for {change.kind}, but the rows are {kind}. Use Neighbours, "
                f"GaussianNoise or FeatureDropout, or give the rows as {change.kind}: {change.kind.layout}."
            )
        if not numbers_only:
            raise SettingError(
                f"views holds {change.name}, which changes numbers, but the rows hold categories or missing values. "
                "Use Neighbours alone."
            )
    return views


def _view(value: Any) -> View:
    if isinstance(value, type):
        raise SettingError(f"views holds the class {value.__name__}; expected an object. Write {value.__name__}().")
    if isinstance(value, Neighbours | Change):
        return value
    if callable(value):
        return Function.of(value)
    raise SettingError(
        f"views holds {value!r}; expected view objects, such as Neighbours() or RandomCrop(), or functions that take "
        "a batch and return it changed."
    )


def _plain(view: View) -> dict[str, Any]:
    if isinstance(view, Function):
        return {"view": "function", "name": view.called}
    return {"view": type(view).__name__} | settings.plain(view)


def _restored(plain: Any) -> View:
    values = {name: value for name, value in plain.items() if name != "view"}
    if plain["view"] == "function":
        return Function(str(values["name"]), None)
    return settings.restored(VIEWS[plain["view"]], values)
