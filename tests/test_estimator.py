import os
import pickle
import signal
import threading
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch

from vaecluster import VAEClustering
from vaecluster.errors import DataError, EmptyClustersWarning, InterruptedFitWarning, SettingError, TrainingError
from vaecluster.views import GaussianNoise, Neighbours

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


@pytest.fixture(params=["vectors", "images"])
def fitted(request, blobs, images, blob_model, image_model):
    return (blob_model, blobs) if request.param == "vectors" else (image_model, images)


def test_labels_are_predictions_are_likeliest_clusters(fitted):
    model, X = fitted
    assert (model.labels_ == model.predict(X)).all()
    assert (model.labels_ == model.predict_proba(X).argmax(1)).all()


def test_a_row_gets_the_same_answers_alone_and_in_any_company(fitted):
    model, X = fitted
    order = np.random.default_rng(0).permutation(len(X))
    for method in (model.predict_proba, model.transform, model.score_samples):
        whole = method(X)
        assert (method(X[order]) == whole[order]).all()
        assert (method(X[7:8]) == whole[7:8]).all()


def test_probabilities_sum_to_one(fitted):
    model, X = fitted
    np.testing.assert_allclose(model.predict_proba(X).sum(1), 1, rtol=0, atol=1e-12)


def test_fit_predict_equals_fit_then_predict(blobs, blob_model):
    labels = VAEClustering(3, epochs=5, random_state=0).fit_predict(blobs)
    assert (labels == blob_model.predict(blobs)).all()


def test_the_seed_decides_every_byte(images, image_model):
    again = VAEClustering(4, epochs=2, random_state=0).fit(images)
    other = VAEClustering(4, epochs=2, random_state=1).fit(images)
    weights = image_model.model_.state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in again.model_.state_dict().items())
    assert not torch.equal(other.model_.encoder.mean.weight, weights["encoder.mean.weight"])


def test_fit_and_sample_leave_the_global_random_states_alone(blobs, blob_model):
    torch.manual_seed(3)
    np.random.seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    VAEClustering(3, epochs=1, random_state=0).fit(blobs)
    blob_model.sample(5)
    blob_model.score_samples(blobs[:5])
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()


def test_the_global_random_state_does_not_reach_the_fit(blobs, blob_model):
    torch.manual_seed(99)
    again = VAEClustering(3, epochs=5, random_state=0).fit(blobs)
    assert torch.equal(again.model_.encoder.mean.weight, blob_model.model_.encoder.mean.weight)


def test_labels_given_to_fit_change_nothing(blobs, blob_model):
    with_labels = VAEClustering(3, epochs=5, random_state=0).fit(blobs, np.arange(len(blobs)))
    assert (with_labels.labels_ == blob_model.labels_).all()


def test_samples_come_in_the_units_and_type_of_the_fit(images, image_model, blobs, blob_model):
    drawn = image_model.sample(50, cluster=2)
    assert drawn.shape == (50, 8, 8)
    assert drawn.dtype == np.uint8
    assert drawn.max() > 50
    rows = blob_model.sample(200)
    assert rows.dtype == blobs.dtype
    assert np.abs(rows.mean(0) - blobs.mean(0)).max() < blobs.std(0).max()


def test_samples_repeat_with_a_seed_and_differ_without_the_same(blob_model):
    assert (blob_model.sample(3) == blob_model.sample(3)).all()
    assert (blob_model.sample(3, random_state=1) != blob_model.sample(3, random_state=2)).any()


def test_decoding_the_code_of_a_row_comes_closer_to_it_than_the_mean_row(blobs):
    model = VAEClustering(3, epochs=60, precision=50, random_state=0).fit(blobs)
    back = model.inverse_transform(model.transform(blobs))
    assert ((back - blobs) ** 2).sum() < 0.3 * ((blobs.mean(0) - blobs) ** 2).sum()


def test_reconstruction_rises_as_the_fit_goes_on(blobs):
    model = VAEClustering(3, epochs=20, random_state=0).fit(blobs)
    reconstruction = model.history_.curves()["reconstruction"]
    assert reconstruction[-1] > reconstruction[0]


def test_the_score_is_the_mean_bound(fitted):
    model, X = fitted
    assert model.score(X) == pytest.approx(model.score_samples(X).mean())


def test_colour_images_of_any_size_and_type_come_back_as_they_were_given():
    X = np.random.default_rng(0).normal(5, 2, (40, 5, 7, 3)).astype(np.float32)
    model = VAEClustering(2, epochs=1, random_state=0).fit(X)
    drawn = model.sample(6)
    assert drawn.shape == (6, 5, 7, 3)
    assert drawn.dtype == np.float32
    assert X.min() <= drawn.min() <= drawn.max() <= X.max()


def test_column_names_of_a_frame_are_kept_and_checked(blobs):
    frame = pd.DataFrame(blobs, columns=list("abcd"))
    model = VAEClustering(3, epochs=1, random_state=0).fit(frame)
    assert model.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame.rename(columns={"a": "z"}))


PARTS = [
    {"likelihood": "gaussian-learned"},
    {"views": "counts"},
    {"views": [Neighbours(3), GaussianNoise(0.2)]},
    {"heads": 1, "components": 4},
    {"information_weight": 5.0, "agreement_weight": 0.0},
    {"preset": "su2018", "component_scale": "learned"},
    {"preset": "su2018", "component_scale": 0.5},
    {"preset": "su2018", "cluster_weights": "learned", "weights_temperature": 2.0},
    {"preset": "su2018", "cluster_weights": [0.5, 0.3, 0.2]},
    {"preset": "su2018", "cluster_posterior": "features"},
    {"preset": "su2018", "cluster_posterior": "bayes", "component_scale": "learned"},
    {"preset": "su2018", "cluster_kl_weight": 0.0},
    {"preset": "su2018", "schedule": "one-cycle"},
    {"preset": "su2018", "schedule": "cosine"},
    {"preset": "su2018", "early_stopping": True, "patience": 1},
    {"preset": "su2018", "hidden": (16,), "latent": 2, "batch_size": 33},
    {"hidden": (16,), "latent": 2, "batch_size": 33},
]


@pytest.mark.parametrize("parts", PARTS, ids=str)
def test_every_part_can_be_chosen_saved_and_opened_again(parts, blobs, tmp_path):
    model = VAEClustering(3, epochs=2, random_state=0, **parts).fit(blobs)
    model.save(tmp_path / "model.vaecluster")
    opened = VAEClustering.load(tmp_path / "model.vaecluster")
    assert (opened.predict_proba(blobs) == model.predict_proba(blobs)).all()
    assert (opened.sample(3) == model.sample(3)).all()
    again = {name: value for name, value in opened.get_params().items() if name not in ("device", "hidden")}
    assert again == {name: model.get_params()[name] for name in again}
    assert (opened.fit(blobs).labels_ == model.labels_).all()


def test_a_saved_model_opens_with_everything_but_the_rows(images, image_model, tmp_path):
    path = tmp_path / "model.vaecluster"
    image_model.save(path)
    opened = VAEClustering.load(path, device="cpu")
    weights = sum(value.numel() * value.element_size() for value in image_model.model_.state_dict().values())
    assert path.stat().st_size < 1.1 * weights + 20_000
    assert (opened.predict(images) == image_model.labels_).all()
    assert (opened.sample(5) == image_model.sample(5)).all()
    assert (opened.score_samples(images) == image_model.score_samples(images)).all()
    assert opened.history_ == image_model.history_
    assert opened.get_params() == image_model.get_params() | {"device": "cpu"}


def test_pickle_and_deepcopy_keep_the_predictions(blobs, blob_model):
    for copy in (pickle.loads(pickle.dumps(blob_model)), deepcopy(blob_model)):
        assert (copy.predict_proba(blobs) == blob_model.predict_proba(blobs)).all()


def test_bernoulli_takes_rows_between_zero_and_one():
    X = np.random.default_rng(0).random((60, 6)).round()
    model = VAEClustering(2, epochs=2, likelihood="bernoulli", random_state=0).fit(X)
    drawn = model.sample(10)
    assert 0 <= drawn.min() <= drawn.max() <= 1
    assert (model.score_samples(X) <= 0).all()


def test_ctrl_c_ends_the_fit_and_keeps_what_was_learned(blobs):
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    model = VAEClustering(3, epochs=1_000_000, random_state=0)
    with pytest.warns(InterruptedFitWarning, match="interrupted in epoch"):
        model.fit(blobs)
    assert model.history_.ending == "interrupted"
    assert (model.predict(blobs) == model.labels_).all()


def test_empty_clusters_are_told(blobs):
    with pytest.warns(EmptyClustersWarning, match=r"of 40 clusters hold any row\. Ask for fewer"):
        VAEClustering(40, epochs=1, random_state=0).fit(blobs)


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_fit_that_diverges_says_where_and_what_to_try(blobs):
    with pytest.raises(TrainingError, match=r"epoch \d+ of 50.*tenth of the learning rate"):
        VAEClustering(3, preset="su2018", learning_rate=1e18, random_state=0).fit(blobs)


def with_value(X, value, column=2):
    changed = X.astype(float)
    changed[5, column] = value
    return changed


BAD_ROWS = {
    "nan": (lambda X: with_value(X, np.nan), r"1 NaN values, in column 2;"),
    "infinity": (lambda X: with_value(X, np.inf), r"1 infinite \(inf\) values, in column 2;"),
    "fewer rows than clusters": (lambda X: X[:2], "n_samples=2 is fewer than n_clusters=3"),
    "no rows": (lambda X: X[:0], "0 sample"),
    "constant": (lambda X: np.ones((50, 4)), "All 50 rows are the same"),
    "text": (lambda X: X.astype(str), "rows hold text; expected numbers"),
    "text in lists": (lambda X: [["a", "b"], ["c", "d"]], "text|string|decimal"),
    "one axis": (lambda X: X[:, 0], "1D array"),
    "five axes": (lambda X: X.reshape(-1, 1, 1, 2, 2)[:, None], "dim"),
    "complex": (lambda X: X + 1j, "[Cc]omplex"),
    "images of text": (lambda X: np.full((5, 2, 2), "a"), "text"),
    "images with nan": (lambda X: np.full((5, 2, 2), np.nan), "20 NaN values, in 5 of 5 images"),
    "images without pixels": (lambda X: np.zeros((5, 0, 2)), "0 sample"),
    "constant images": (lambda X: np.zeros((5, 2, 2)), "All 5 rows are the same"),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_rows_that_cannot_be_used_are_refused_with_a_reason(case, blobs):
    spoil, message = BAD_ROWS[case]
    with pytest.raises(ValueError, match=message):
        VAEClustering(3, epochs=1).fit(spoil(blobs))


def test_a_named_column_is_named_in_the_error(blobs):
    frame = pd.DataFrame(with_value(blobs, np.nan), columns=["age", "height", "weight", "income"])
    with pytest.raises(DataError, match="column 'weight'"):
        VAEClustering(3, epochs=1).fit(frame)


def test_values_out_of_the_likelihoods_range_name_the_column_and_the_range(blobs):
    with pytest.raises(DataError, match=r"values in \[0, 1\], but column 0 ranges from .* to .*likelihood='gaussian'"):
        VAEClustering(3, likelihood="bernoulli").fit(blobs)


def test_rows_of_another_layout_are_refused_at_predict(blob_model, image_model, blobs, images):
    with pytest.raises(ValueError, match="3 features, but VAEClustering is expecting 4"):
        blob_model.predict(blobs[:, :3])
    with pytest.raises(DataError, match=r"an image of 8x8, but the fit was on a vector of 4 columns"):
        blob_model.predict(images)
    with pytest.raises(DataError, match=r"a vector of 64 columns, but the fit was on an image of 8x8"):
        image_model.predict(images.reshape(-1, 64))
    with pytest.raises(DataError, match=r"an image of 4x8, but the fit was on an image of 8x8\. Resize"):
        image_model.predict(images[:, :4])


BAD_SETTINGS = {
    "n_clusters": (0, 2.5, True, "many"),
    "preset": ("su2019",),
    "epochs": (0, -1, 1.5),
    "batch_size": (0, "all"),
    "learning_rate": (0, -1e-3, float("nan"), "fast"),
    "schedule": ("linear", 3),
    "patience": (0,),
    "network": ("transformer",),
    "hidden": ((0,), (16, -1)),
    "latent": (0,),
    "likelihood": ("poisson",),
    "precision": (0, float("inf")),
    "component_scale": (0, "unit"),
    "cluster_weights": ("equal", [0.5, 0.5], [1, 1, 0]),
    "weights_temperature": (0,),
    "cluster_posterior": ("exact",),
    "cluster_kl_weight": (-1,),
    "device": ("tpu-7",),
}


WRONG = [(name, value) for name, values in BAD_SETTINGS.items() for value in values]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=str)
def test_a_setting_that_cannot_be_is_named_with_what_came(name, value, blobs):
    with pytest.raises(SettingError) as caught:
        VAEClustering(**{"n_clusters": 3, "preset": "su2018", "epochs": 1, name: value}).fit(blobs)
    message = str(caught.value)
    culprits = value if isinstance(value, (tuple, list)) else (value,)
    assert name in message
    assert any(repr(culprit) in message for culprit in culprits)


def test_wrong_requests_to_a_fitted_model_say_what_is_possible(blob_model):
    with pytest.raises(SettingError, match="one of 0 to 2"):
        blob_model.sample(4, cluster=3)
    with pytest.raises(SettingError, match="n_samples is 0"):
        blob_model.sample(0)
    with pytest.raises(DataError, match=r"expected \(n, 8\)"):
        blob_model.inverse_transform(np.zeros((3, 7)))
