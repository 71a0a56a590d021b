"""Named views, and views from what a user writes."""

from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import Any, Literal

from vaecluster.errors import SettingError
from vaecluster.views.images import ColourJitter, HorizontalFlip, ImageChange, RandomAffine, RandomCrop
from vaecluster.views.neighbours import Neighbours
from vaecluster.views.pipeline import Change, Views, view_name
from vaecluster.views.vectors import FeatureDropout, GaussianNoise

VIEWS = {
    view.__name__: view
    for view in (Neighbours, RandomAffine, RandomCrop, HorizontalFlip, ColourJitter, GaussianNoise, FeatureDropout)
}
Kind = Literal["images", "vectors"]
View = Neighbours | Change

# What is shown stays the same in any image, whatever it is, that moves by a twentieth of its side. Nothing here may
# flip or rotate: a mirrored letter or a turned arrow can be another class.
_AUTO: dict[Kind, Views] = {
    "images": Views(Neighbours(), (RandomAffine(rotation=0, shift=0.05, scale=0, shear=0, padding="border"),)),
    "vectors": Views(Neighbours()),
}

PRESETS: dict[str, Views] = {
    # On MNIST the neighbours carry it. Test accuracy in trials: 0.37 with the changes alone, 0.97 with both.
    "digits": Views(Neighbours(), (RandomAffine(rotation=15, shift=0.1, scale=0.1, shear=0.2),)),
    # Fewer neighbours: on Fashion-MNIST about one in six is of another class (on MNIST one in thirty).
    "clothes": Views(Neighbours(5), (RandomCrop(0.5), HorizontalFlip(), ColourJitter(0.4, 0.4))),
    "photos": Views(changes=(RandomCrop(0.4), HorizontalFlip(), ColourJitter(0.4, 0.4, 0.4))),
    "vectors": Views(Neighbours()),
    "counts": Views(Neighbours(), (FeatureDropout(0.1),)),
}


def as_views(value: str | View | Views | list[View] | tuple[View, ...], kind: Kind) -> Views:
    """Views by name ("auto", or one of `PRESETS`), or from a view object, a function on a batch, or a list of them.

    Raises `SettingError` for a name or an object that is no view, for `Neighbours` that do not come first, and for
    image views where the rows are vectors.
    """
    match value:
        case str():
            views = _named(value, kind)
        case Views():
            views = value
        case list() | tuple():
            views = _listed(list(value))
        case _:
            views = _listed([value])
    if kind == "vectors":
        _check_for_vectors(views)
    return views


def describe(value: Any) -> Any:
    """A `views` setting as JSON holds it; a function is kept by its name alone. `as_views` reads it again."""
    if isinstance(value, Views):
        value = [*([value.neighbours] if value.neighbours is not None else []), *value.changes]
    if isinstance(value, list | tuple):
        return [describe(view) for view in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {"view": type(value).__name__} | asdict(value)
    return value if value is None or isinstance(value, str) else view_name(value)


def undescribe(value: Any) -> Any:
    """The way back from `describe`; names stay names."""
    if isinstance(value, list):
        return [undescribe(view) for view in value]
    if isinstance(value, dict):
        return VIEWS[value["view"]](**{name: field for name, field in value.items() if name != "view"})
    return value


def _named(name: str, kind: Kind) -> Views:
    if name == "auto":
        return _AUTO[kind]
    if name not in PRESETS:
        known = ", ".join(repr(known) for known in ("auto", *PRESETS))
        raise SettingError(f"views is {name!r}, which is unknown; expected one of {known}, or a list of views.")
    return PRESETS[name]


def _listed(views: list[View]) -> Views:
    if not views:
        raise SettingError("views is an empty list; give at least one view, or views='auto'.")
    for view in views:
        _check_view(view)
    first, rest = (views[0], views[1:]) if isinstance(views[0], Neighbours) else (None, views)
    changes = tuple(view for view in rest if not isinstance(view, Neighbours))
    if len(changes) < len(rest):
        raise SettingError(
            "views holds Neighbours in a later place; expected them once, as the first of the list: a row's neighbour "
            "is picked before anything is changed."
        )
    return Views(first, changes)


def _check_view(view: object) -> None:
    if isinstance(view, type):
        raise SettingError(f"views holds the class {view.__name__}; write {view.__name__}().")
    if not isinstance(view, Neighbours | Callable):
        raise SettingError(
            f"views holds {view!r}; expected view objects, such as Neighbours() or RandomCrop(), or functions that "
            "take a batch and return it changed."
        )


def _check_for_vectors(views: Views) -> None:
    for change in views.changes:
        if isinstance(change, ImageChange):
            raise SettingError(
                f"views holds {view_name(change)}, which is for images, but the rows are vectors. Use Neighbours, "
                "GaussianNoise or FeatureDropout, or give the rows as (rows, height, width[, channels])."
            )
