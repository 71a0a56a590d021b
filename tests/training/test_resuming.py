"""A fit that was killed or interrupted ends, once it goes on, with the bytes of one that was not."""

import shutil
import signal
import warnings
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from torch import Tensor

from builders import estimator, frame, images, quiet, vectors
from vaecluster import VAEClustering
from vaecluster.errors import InterruptedFitWarning
from vaecluster.files import record
from vaecluster.training import run, session
from vaecluster.training.checkpoint import ARRAYS, Checkpoint
from vaecluster.training.state import tensors_of
from vaecluster.views import GaussianNoise, Neighbours, RandomAffine
from vaecluster.views.neighbours import Near

pytestmark = [quiet, pytest.mark.filterwarnings("ignore::vaecluster.errors.UnnamedClustersWarning")]
NEAR = Neighbours(5)
STOPPING = {"early_stopping": True, "patience": 2, "schedule": "cosine", "epochs": 12, "learning_rate": 0.3}


def turned(batch: Tensor, generator: Any) -> Tensor:
    return batch.flip(-1)


@cache
def fitted(method: str, *choice: tuple[str, Any]) -> VAEClustering:
    return estimator(method, **dict(choice)).fit(vectors(seed=1)).set_params(warm_start=True)


def gone_on(method: str, **choice: Any) -> VAEClustering:
    """A fitted estimator that the next fit goes on from."""
    return deepcopy(fitted(method, *choice.items()))


# A fresh estimator and its rows: every method, and every way to learn that it has.
CASES: dict[str, Callable[[], tuple[VAEClustering, Any]]] = {
    "neighbours and noise": lambda: (estimator(views=[NEAR, GaussianNoise(0.1)]), vectors()),
    "a function, in bfloat16": lambda: (estimator(views=[NEAR, turned], arithmetic="bfloat16"), vectors()),
    "changes of images": lambda: (estimator(views=RandomAffine(shift=0.1)), images()),
    "a frame": lambda: (estimator(), frame()),
    "number and outliers to be found": lambda: (estimator(n_clusters="auto", outlier_fraction=0.2), vectors()),
    "merged again": lambda: (estimator(n_clusters=5, epochs=6, learning_rate=0.5), vectors()),
    "su2018": lambda: (estimator("su2018", likelihood="gaussian-learned"), vectors()),
    "convolutions": lambda: (estimator("su2018", network="conv", epochs=2), images()),
    "early stopping": lambda: (estimator("su2018", **STOPPING), vectors()),
    "early stopping too late": lambda: (estimator("su2018", early_stopping=True, patience=50), vectors()),
    "vamp": lambda: (estimator("su2018", components="vamp", cluster_posterior="bayes"), vectors()),
    "rolled back": lambda: (estimator("su2018", schedule="one-cycle", learning_rate=1e7), vectors()),
    "labels": lambda: (estimator(n_clusters=5, epochs=6, learning_rate=0.5, label_weight=5.0), vectors()),
    "labels and the bound": lambda: (estimator("su2018", label_weight=5.0), vectors()),
    "vade": lambda: (estimator("vade"), vectors()),
    "dgg": lambda: (estimator("dgg"), vectors()),
    "vade from scratch": lambda: (estimator("vade", warm_epochs=0), vectors()),
    "dec": lambda: (estimator("dec", tolerance=0), vectors()),
    "dec, done early": lambda: (estimator("dec", tolerance=1), vectors()),
    "idec": lambda: (estimator("idec", tolerance=0, learning_rate=0.1), vectors()),
    "stepwise": lambda: (estimator("stepwise"), vectors()),
    "stepwise, a mixture": lambda: (estimator("stepwise", representation="vae", clusterer="mixture"), vectors()),
    "two-views, gone on": lambda: (gone_on("two-views", views=(NEAR, GaussianNoise(0.1))), vectors()),
    "su2018, gone on": lambda: (gone_on("su2018", early_stopping=True, patience=2), vectors()),
    "vamp, gone on": lambda: (gone_on("su2018", components="vamp"), vectors()),
    "vade, gone on": lambda: (gone_on("vade"), vectors()),
    "dec, gone on": lambda: (gone_on("dec", tolerance=0), vectors()),
    "stepwise, gone on": lambda: (gone_on("stepwise"), vectors()),
}
# Labels of a few rows, of the fits that learn from them.
Y = {case: np.array([0, 1, 2] * 4 + [-1] * 28) for case in ("labels", "labels and the bound")}
# What Ctrl-C is pressed in: it has the same few lines behind it whatever is learned.
PRESSED = ["neighbours and noise", "su2018", "vade", "dec", "stepwise", "two-views, gone on"]


@pytest.fixture(autouse=True)
def good_states_every_three_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that tiny fits have some beside the first."""
    monkeypatch.setattr(run, "GOOD_EVERY", 3)


@pytest.fixture(autouse=True)
def pythons_own_handler() -> Iterator[None]:
    # A process started in the background of a script ignores SIGINT; these tests must not depend on that.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def after_each_file(monkeypatch: pytest.MonkeyPatch, act: Callable[[Checkpoint, int], object]) -> None:
    """Let fits call `act` with the checkpoint and its number whenever they have kept their state."""

    class Watched(Checkpoint):
        files = 0

        def keep(self, *state: Any) -> None:
            super().keep(*state)
            act(self, self.files)
            self.files += 1

    monkeypatch.setattr(session, "Checkpoint", Watched)


def left(fitted: VAEClustering) -> dict[str, Any]:
    """All that a fit leaves and that a clock does not decide."""
    history, weights = fitted.history_, tensors_of(fitted.model_)
    rest = replace(fitted.fitted_, history=None, model=None, schema=None, method=None)
    return {
        "weights": {name: (str(values.dtype), values.numpy().tobytes()) for name, values in weights.items()},
        "epochs": [replace(epoch, seconds=0.0) for epoch in history.epochs],
        "events": (history.ending, history.merged_again, history.rolled_back),
        "schema": fitted.fitted_.schema.as_dict(),
        "labels": fitted.labels_.tolist(),
        "method": fitted.method_,
        "rest": record.plain(rest),
    }


@cache
def whole(case: str) -> VAEClustering:
    """A fit that nothing cuts off."""
    fresh, rows = CASES[case]()
    return fresh.fit(rows, Y.get(case))


def fit(case: str, folder: Path) -> VAEClustering:
    fresh, rows = CASES[case]()
    return fresh.set_params(checkpoint_dir=folder, checkpoint_every=0).fit(rows, Y.get(case))


class Killed(BaseException):
    """What no fit may do anything about."""


@pytest.mark.parametrize("case", CASES)
def test_a_fit_killed_at_every_step_ends_as_one_that_was_not(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = left(whole(case))
    folders, files = [tmp_path / "0"], [b""]

    def kill(checkpoint: Checkpoint, number: int) -> None:
        # At the end of a stage the first file is the one that it goes on from.
        if (file := checkpoint.path.read_bytes()) == files[-1]:
            return
        files.append(file)
        folders.append(tmp_path / f"{len(folders)}")
        shutil.copytree(checkpoint.path.parent, folders[-1], ignore=lambda *_: [".lock"])
        raise Killed

    after_each_file(monkeypatch, kill)
    # Each goes on from what the one before left when it was killed, which was after its first step.
    while (ended := killed(case, folders[-1])) is None:
        pass
    assert left(ended) == expected
    # Two steps an epoch, and one more before each stage.
    assert len(folders) - 1 > 2 * len(expected["epochs"])


def killed(case: str, folder: Path) -> VAEClustering | None:
    """The fit; None if it was killed."""
    try:
        return fit(case, folder)
    except Killed:
        return None


@pytest.mark.parametrize("room", [None, "5kB"])
def test_neighbours_are_looked_for_once(room: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case, rows = CASES["neighbours and noise"]()
    kept = case.set_params(memory=room, checkpoint_dir=tmp_path, checkpoint_every=0)
    expected, found, searches = left(clone(case).set_params(checkpoint_dir=None).fit(rows)), Neighbours.find, []

    def find(*given: Any) -> Near:
        searches.append(given)
        return found(*given)

    def kill(checkpoint: Checkpoint, number: int) -> None:
        assert len(list((tmp_path / ARRAYS / "neighbours").glob("*.npy"))) == 4
        if number == 2:
            raise Killed

    monkeypatch.setattr(Neighbours, "find", find)
    with monkeypatch.context() as patch:
        after_each_file(patch, kill)
        with pytest.raises(Killed):
            clone(kept).fit(rows)
    assert left(clone(kept).fit(rows)) == expected
    assert len(searches) == 1
    assert not (tmp_path / ARRAYS).exists()


@pytest.mark.parametrize("case", PRESSED)
def test_a_fit_interrupted_at_any_step_is_usable_and_goes_on(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, rows, endings = left(whole(case)), CASES[case]()[1], []
    while not endings or endings[-1] in (None, "interrupted"):
        number, folder = len(endings), tmp_path / str(len(endings))
        with monkeypatch.context() as patch:
            after_each_file(patch, lambda _, files, at=number: files == at and signal.raise_signal(signal.SIGINT))
            endings.append(interrupted(case, folder, rows))
        assert left(fit(case, folder)) == expected, number
    # Nothing is there before the first step, and nothing can be interrupted after the last one.
    assert endings[0] is None or case.endswith("gone on")
    assert endings.count("interrupted") >= 2 * len(expected["epochs"]) - 2


def interrupted(case: str, folder: Path, rows: Any) -> str | None:
    """How the fit ended; None if nothing was learned."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fitted = fit(case, folder)
        except KeyboardInterrupt:
            return None
    ending = fitted.history_.ending
    assert (ending == "interrupted") == any(warning.category is InterruptedFitWarning for warning in caught)
    probabilities = fitted.predict_proba(rows)
    assert fitted.labels_.tolist() == fitted.predict(rows).tolist()
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)
    assert np.isfinite(fitted.score_samples(rows)).all()
    assert len(fitted.sample(3)) == 3
    return ending


def test_the_cases_hold_what_their_names_say() -> None:
    assert whole("merged again").history_.merged_again
    assert whole("rolled back").history_.rolled_back
    assert whole("early stopping").history_.ending == "early stopping"
    assert whole("early stopping too late").history_.ending == "finished"
