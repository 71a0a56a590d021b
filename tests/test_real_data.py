"""The named data sets as they really are; these run when the data are there."""

import numpy as np
import pytest

from vaecluster import TwoViews, VAEClustering
from vaecluster.clusters.scores import score_labels
from vaecluster.data.named import load_named
from vaecluster.methods import METHODS
from vaecluster.settings import declared

pytestmark = [pytest.mark.data, pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")]


NAMES = ("mnist", "fashion-mnist", "pendigits", "imagenet50_moco_val", "reuters_r8_tfidf2000")
# Every kind of data with the default method, and every other method with images and with two kinds of vectors.
FITTED = [
    (name, method)
    for number, method in enumerate(METHODS)
    for turn, name in enumerate(NAMES)
    if number == 0 or turn == number % 2 or (turn > 1 and (number - turn) % 3)
]


@pytest.mark.parametrize(("name", "method"), FITTED)
def test_every_kind_of_data_can_be_fitted_and_generated(name, method, data_folder):
    rows = load_named(name).x_train[:300]
    known = declared(METHODS[method])
    short = {setting: 2 for setting in ("epochs", "warm_epochs", "generator_epochs") if setting in known}
    model = VAEClustering(5, method=METHODS[method](**short), random_state=0).fit(rows)
    assert (model.predict(rows) == model.labels_).all()
    drawn = model.sample(7, cluster=1)
    assert drawn.shape == (7, *rows.shape[1:])
    assert drawn.dtype == rows.dtype
    assert np.isfinite(model.score_samples(rows[:50])).all()


def test_a_few_steps_on_some_of_mnist_beat_k_means(data_folder):
    data = load_named("mnist")
    method = TwoViews(views="digits", hidden=(256, 256), epochs=20)
    model = VAEClustering(10, method=method, random_state=0).fit(data.x_train[:8_000])
    scores = score_labels(data.y_test[:2000], model.predict(data.x_test[:2000]))
    assert scores.hungarian_accuracy > 0.6
