"""Laws that every plot keeps, for every kind of model."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.exceptions import NotFittedError

from builders import colour_images, estimator, frame, images, quiet, vectors
from h5ad_files import cells, counts_of_groups
from vaecluster import VAEClustering, plot
from vaecluster.errors import DataError, SettingError
from vaecluster.plot.base import axes_of

pytestmark = quiet
Draw = Callable[..., Axes]
ROWS: dict[str, Any] = {
    "images": images(),
    "colour images": colour_images(),
    "windows": images().reshape(40, 64),
    "table": frame(),
    "counts": cells(counts_of_groups(40, 30)[0]),
    "embeddings": vectors(),
}
PLOTS: dict[str, Draw] = {
    "map": plot.map,
    "map by values": lambda model, X, ax=None: plot.map(model, X, values=np.arange(40), ax=ax),
    "walls": plot.walls,
    "generated": lambda model, X, ax=None: plot.walls(model, clusters=[2, 0], n_rows=3, ax=ax),
    "history": lambda model, X, ax=None: plot.history(model, ax=ax),
    "learning rate": lambda model, X, ax=None: plot.history(model, "learning_rate", ax=ax),
    "interpolation": lambda model, X, ax=None: plot.interpolation(model, 0, 2, n_steps=4, ax=ax),
    "confidence": plot.confidence,
    "confidence of one": lambda model, X, ax=None: plot.confidence(model, X, cluster=1, ax=ax),
    "density": lambda model, X, ax=None: plot.number_of_clusters(model, ax=ax),
    "agreement": lambda model, X, ax=None: plot.number_of_clusters(model, "agreement", ax=ax),
    "profile": lambda model, X, ax=None: plot.profile(model, 0, X, ax=ax),
    "profile of the fit": lambda model, X, ax=None: plot.profile(model, 0, ax=ax),
}
PICTURES = {"images", "colour images", "windows"}
# What is refused, in one line, and what it says to do.
REFUSED: dict[tuple[str, str], tuple[type[Exception], str]] = {
    **{("walls", kind): (SettingError, "plot.profile") for kind in ROWS.keys() - PICTURES},
    **{("generated", kind): (SettingError, "plot.profile") for kind in ROWS.keys() - PICTURES},
    **{("profile", kind): (DataError, "samples of each cluster") for kind in PICTURES},
    ("profile", "counts"): (DataError, "marker_genes"),
    **{("profile of the fit", kind): (SettingError, "Give the rows") for kind in ROWS.keys() - {"table"}},
}
# Every plot of every kind of rows; every third in turn by a model from its file.
CASES = [(name, kind, (turn + number) % 3 == 0) for turn, name in enumerate(PLOTS) for number, kind in enumerate(ROWS)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], VAEClustering]:
    """A model of each kind, as it was fitted and as it comes from its file; a name in it is hostile."""
    made = {}
    for kind, X in ROWS.items():
        model = estimator(rows="windows" if kind == "windows" else "auto").fit(X)
        model.name_clusters({0: r"$\frac{$ _a", 1: "<b>"})
        path = tmp_path_factory.mktemp("models") / "model.vaecluster"
        model.save(path)
        made[kind, False], made[kind, True] = model, VAEClustering.load(path, device="cpu")
    return made


@pytest.fixture(autouse=True)
def no_figures() -> Iterator[None]:
    """The backend draws into memory, and no figure of pyplot is left."""
    before = matplotlib.get_backend()
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")
    pyplot.switch_backend(before)


def drawn(axes: Axes) -> bytes:
    """The picture, as small as it shows that it can be drawn."""
    buffer = io.BytesIO()
    axes.figure.savefig(buffer, format="raw", dpi=20)
    return buffer.getvalue()


def artists(axes: Axes) -> int:
    return sum(len(some) for some in (axes.lines, axes.collections, axes.patches, axes.images, axes.texts))


@pytest.mark.parametrize(("name", "kind", "loaded"), CASES)
def test_a_plot_is_drawn_on_its_axes_and_changes_nothing_else(
    name: str, kind: str, loaded: bool, models: dict[tuple[str, bool], VAEClustering]
) -> None:
    current, axes, others = pyplot.figure(), *Figure(layout="constrained").subplots(1, 2)
    before, draw = dict(matplotlib.rcParams), PLOTS[name]
    if (name, kind) in REFUSED:
        error, part = REFUSED[name, kind]
        with pytest.raises(error, match=part):
            draw(models[kind, loaded], ROWS[kind], ax=axes)
        assert artists(axes) == 0
        return
    assert draw(models[kind, loaded], ROWS[kind], ax=axes) is axes
    drawn(axes)
    assert artists(axes) > 0
    assert axes.get_xlabel() or axes.images
    assert not any(axes.get_title(loc=side) for side in ("left", "center", "right"))
    assert artists(others) == 0
    assert dict(matplotlib.rcParams) == before
    assert pyplot.get_fignums() == [current.number]
    assert not current.axes


@pytest.mark.parametrize("name", ["map", "walls", "history", "interpolation", "confidence", "density"])
def test_without_axes_a_plot_goes_to_the_current_ones(
    name: str, models: dict[tuple[str, bool], VAEClustering]
) -> None:
    axes = pyplot.figure().add_subplot()
    assert PLOTS[name](models["images", False], ROWS["images"]) is axes


def test_a_loaded_model_draws_what_the_fitted_one_does(models: dict[tuple[str, bool], VAEClustering]) -> None:
    for name, kind in [(name, kind) for name, kind, loaded in CASES if not loaded]:
        if kind in ("images", "table") and (name, kind) not in REFUSED:
            own, back = (
                PLOTS[name](models[kind, loaded], ROWS[kind], ax=Figure().subplots()) for loaded in (False, True)
            )
            assert drawn(own) == drawn(back), (name, kind)


@pytest.mark.parametrize(("style", "brighter"), [("default", False), ("dark_background", True)])
def test_marks_are_darker_than_light_paper_and_lighter_than_dark(
    style: str, brighter: bool, models: dict[tuple[str, bool], VAEClustering]
) -> None:
    with pyplot.style.context(style):
        axes = plot.history(models["images", False], ax=Figure().subplots())
        line, paper = axes.lines[0].get_color(), axes.get_facecolor()
    difference = np.mean(matplotlib.colors.to_rgb(line)) - np.mean(paper[:3])
    assert (difference > 0.2) if brighter else (difference < -0.2)


def test_clusters_are_named_as_they_are_called(models: dict[tuple[str, bool], VAEClustering]) -> None:
    axes = plot.map(models["table", False], ROWS["table"], ax=Figure().subplots())
    axes.legend()
    drawn(axes)
    said = {text.get_text().replace(r"\$", "$") for text in axes.texts}
    assert said <= {r"$\frac{$ _a", "<b>", "2"}
    assert said


def test_the_largest_difference_is_on_top(models: dict[tuple[str, bool], VAEClustering]) -> None:
    model = models["table", True]
    axes = plot.profile(model, 1, ax=Figure().subplots())
    assert [bar.get_width() for bar in axes.patches] == [one.effect for one in model.fitted_.profile[1]]
    top, bottom = axes.get_ylim()[::-1]
    assert top < bottom


def test_codes_of_one_entry_have_a_map_too() -> None:
    model = estimator(latent=1).fit(vectors())
    assert artists(plot.map(model, vectors(), ax=Figure().subplots())) > 0


def test_rows_in_doubt_are_grey_and_in_no_cluster() -> None:
    model = estimator().fit(vectors())
    model.set_params(min_confidence=0.9999999)
    axes = plot.map(model, vectors(), ax=Figure().subplots())
    assert axes.collections[0].get_label() == "in no cluster"


REFUSALS: dict[str, tuple[Callable[[VAEClustering, Any], Any], str]] = {
    "axes of a grid": (lambda model, X: plot.history(model, ax=Figure().subplots(2)), "ax is a ndarray"),
    "no such cluster": (lambda model, X: plot.profile(model, 3, X), "cluster is 3; expected a cluster from 0 to 2"),
    "no such start": (lambda model, X: plot.interpolation(model, -1, 2), "start is -1"),
    "no such end": (lambda model, X: plot.interpolation(model, 0, "2"), "end is '2'"),
    "one step": (lambda model, X: plot.interpolation(model, 0, 2, n_steps=1), "n_steps is 1"),
    "no cluster": (lambda model, X: plot.walls(model, X, clusters=[]), "clusters is empty"),
    "another cluster": (lambda model, X: plot.walls(model, X, clusters=[5]), "clusters is 5"),
    "too many rows": (lambda model, X: plot.walls(model, X, n_rows=65), "n_rows is 65; .* from 1 to 64"),
    "no such quantity": (lambda model, X: plot.history(model, "los"), "name is 'los'; expected one of .*reconstr"),
    "nothing to show": (lambda model, X: plot.number_of_clusters(model, "size"), "values is 'size'"),
    "too few values": (lambda model, X: plot.map(model, X, values=[1, 2]), r"\(2,\); expected a number .* 40 rows"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_drawn_is_refused_with_what_to_give(
    case: str, models: dict[tuple[str, bool], VAEClustering]
) -> None:
    draw, said = REFUSALS[case]
    with pytest.raises((SettingError, DataError), match=said):
        draw(models["images", False], ROWS["images"])
    assert not pyplot.get_fignums()


def test_methods_that_weigh_no_numbers_of_clusters_say_so() -> None:
    with pytest.raises(SettingError, match="su2018"):
        plot.number_of_clusters(estimator("su2018").fit(vectors()))


def test_a_model_from_a_file_asks_for_rows_and_one_without_a_fit_for_a_fit(
    models: dict[tuple[str, bool], VAEClustering],
) -> None:
    with pytest.raises(AttributeError, match="Call predict with the rows"):
        plot.confidence(models["images", True])
    for name, draw in PLOTS.items():
        with pytest.raises(NotFittedError):
            draw(VAEClustering(), ROWS["images"])
        assert not pyplot.get_fignums(), name


@pytest.mark.parametrize("projection", ["polar", "3d"])
def test_axes_that_are_no_plane_are_refused(projection: str) -> None:
    with pytest.raises(SettingError, match=f"projection '{projection}'"):
        axes_of(Figure().add_subplot(projection=projection))
