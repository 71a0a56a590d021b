import os
import pickle
import signal
import threading
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.metrics import adjusted_rand_score

from vaecluster import VAEClustering
from vaecluster.errors import (
    DataError,
    EmptyClustersWarning,
    FewCluesWarning,
    InterruptedFitWarning,
    SettingError,
    TrainingError,
)
from vaecluster.training.regrouping import LOOKS
from vaecluster.views import GaussianNoise, Neighbours

pytestmark = pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")


# Enough for 150 rows in a second.
SMALL = {"epochs": 100, "batch_size": 100, "learning_rate": 1e-2, "hidden": (32,), "latent": 2, "components": 12}


@pytest.fixture(scope="session")
def auto_model(blobs):
    return VAEClustering(random_state=0, **SMALL).fit(blobs)


@pytest.fixture(params=["vectors", "images"])
def fitted(request, blobs, images, blob_model, image_model):
    return (blob_model, blobs) if request.param == "vectors" else (image_model, images)


def test_labels_are_predictions_are_likeliest_clusters(fitted):
    model, X = fitted
    assert (model.labels_ == model.predict(X)).all()
    assert (model.labels_ == model.predict_proba(X).argmax(1)).all()


def test_confidence_is_the_probability_of_the_label(fitted):
    model, X = fitted
    assert (model.confidence_ == model.predict_proba(X).max(1)).all()


def test_the_sizes_of_clusters_count_the_labels(fitted):
    model, X = fitted
    assert model.cluster_sizes_.shape == (model.n_clusters_,)
    assert model.cluster_sizes_.sum() == len(X)
    assert all((model.labels_ == cluster).sum() == size for cluster, size in enumerate(model.cluster_sizes_))


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
    {"balance_weight": 0.5, "component_share": 0.5},
    {"cluster_weights": "uniform"},
    {"cluster_weights": [0.5, 0.3, 0.2]},
    {"scaling": "common", "arithmetic": "bfloat16"},
    {"preset": "su2018", "scaling": "common"},
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


@pytest.mark.parametrize("preset", ["shared", "su2018"])
def test_a_common_scale_makes_the_unit_of_all_columns_one(preset, blobs):
    X = blobs * [1, 1, 10, 100]
    model = VAEClustering(3, preset=preset, scaling="common", epochs=1, random_state=0).fit(X)
    assert model.settings_.scaling == "common"
    assert model.preprocessing_.scale == pytest.approx(np.sqrt(X.var(0).mean()))
    assert model.sample(5).shape == (5, 4)
    # The unit itself is of no consequence.
    again = VAEClustering(3, preset=preset, scaling="common", epochs=1, random_state=0).fit(X * 1024)
    assert (again.labels_ == model.labels_).all()
    assert VAEClustering(3, preset=preset, epochs=1).fit(X).preprocessing_.scale == pytest.approx(X.std(0))


@pytest.mark.parametrize("share", [0.4, 0.5, 0.8])
def test_the_share_of_the_epochs_before_merging_can_be_chosen(share, blobs):
    model = VAEClustering(3, component_share=share, epochs=10, random_state=0).fit(blobs)
    before = np.isfinite(model.history_.curves()["component_information"])
    assert before.tolist() == [epoch < 10 * share for epoch in range(10)]


@pytest.mark.parametrize("arithmetic", ["float32", "bfloat16"])
def test_a_model_trained_in_either_arithmetic_answers_for_each_row_by_itself(arithmetic, blobs, tmp_path):
    model = VAEClustering(3, arithmetic=arithmetic, random_state=0, **SMALL).fit(blobs)
    assert adjusted_rand_score(KMeans(3, n_init=10, random_state=0).fit_predict(blobs), model.labels_) == 1
    assert (model.labels_ == model.predict(blobs)).all()
    order = np.random.default_rng(0).permutation(len(blobs))
    model.save(tmp_path / "model.vaecluster")
    opened = VAEClustering.load(tmp_path / "model.vaecluster")
    for method in ("predict_proba", "transform", "score_samples"):
        answer, whole = getattr(model, method), getattr(model, method)(blobs)
        assert (answer(blobs[order]) == whole[order]).all()
        assert (answer(blobs[7:8]) == whole[7:8]).all()
        assert (getattr(opened, method)(blobs) == whole).all()
    assert (opened.sample(9) == model.sample(9)).all()


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


# The number of clusters


def test_separate_groups_are_counted_and_found(auto_model, blobs):
    groups = KMeans(3, n_init=10, random_state=0).fit_predict(blobs)  # they are far apart
    assert (auto_model.n_clusters_, auto_model.evidence_.strength) == (3, "clear")
    assert auto_model.n_clusters == "auto"
    assert adjusted_rand_score(groups, auto_model.labels_) == 1


def test_in_noise_no_clusters_are_seen_and_that_is_told():
    X = np.random.default_rng(0).uniform(size=(150, 4))
    with pytest.warns(FewCluesWarning, match="No clusters were seen.* Give n_clusters"):
        model = VAEClustering(random_state=0, **SMALL).fit(X)
    assert model.n_clusters_ == 1
    assert model.cluster_sizes_.tolist() == [150]
    np.testing.assert_allclose(model.confidence_, 1)
    assert model.sample(3, cluster=0).shape == (3, 4)
    # Some can still be had.
    assert model.cut(2).predict_proba(X).shape == (150, 2)


def test_a_number_that_is_given_is_not_weighed_against_the_evidence(blobs):
    # Two steps show nothing, and nobody is warned of it.
    model = VAEClustering(3, random_state=0, **SMALL | {"epochs": 2}).fit(blobs)
    assert (model.n_clusters_, model.evidence_.strength) == (3, "none")


def test_the_bound_alone_finds_no_number(blobs):
    with pytest.raises(SettingError, match=r"n_clusters is 'auto', but this preset does not find"):
        VAEClustering(preset="su2018", epochs=1).fit(blobs)


def test_a_number_that_was_found_is_saved_with_its_evidence(auto_model, blobs, tmp_path):
    auto_model.save(tmp_path / "model.vaecluster")
    opened = VAEClustering.load(tmp_path / "model.vaecluster")
    assert (opened.n_clusters, opened.n_clusters_) == ("auto", 3)
    assert opened.evidence_.as_dict() == auto_model.evidence_.as_dict()
    assert opened.hierarchy_.as_dict() == auto_model.hierarchy_.as_dict()
    assert (opened.predict_proba(blobs) == auto_model.predict_proba(blobs)).all()


# Other numbers of clusters


@pytest.mark.parametrize("number", [1, 2, 3, 5, 12])
def test_a_cut_model_says_of_the_rows_what_it_predicts(auto_model, blobs, number):
    cut = auto_model.cut(number)
    probabilities = cut.predict_proba(blobs)
    assert cut.n_clusters == cut.n_clusters_ == number
    assert probabilities.shape == (150, number)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=0, atol=1e-12)
    assert (cut.labels_ == cut.predict(blobs)).all()
    assert (cut.confidence_ == probabilities.max(1)).all()
    assert cut.cluster_sizes_.tolist() == np.bincount(cut.labels_, minlength=number).tolist()


def test_cutting_at_the_number_there_is_changes_nothing(fitted):
    model, X = fitted
    cut = model.cut(model.n_clusters_)
    assert (cut.predict_proba(X) == model.predict_proba(X)).all()
    assert (cut.labels_ == model.labels_).all()


def test_a_cut_leaves_the_original_and_the_codes_as_they_were(auto_model, blobs):
    before = deepcopy(auto_model)
    cut = auto_model.cut(2)
    assert auto_model.get_params() == before.get_params()
    assert auto_model.n_clusters_ == 3
    assert (auto_model.labels_ == before.labels_).all()
    assert (auto_model.cluster_sizes_ == before.cluster_sizes_).all()
    assert (auto_model.predict_proba(blobs) == before.predict_proba(blobs)).all()
    for method in ("transform", "score_samples"):
        assert (getattr(cut, method)(blobs) == getattr(auto_model, method)(blobs)).all()


def test_cuts_can_follow_each_other_in_any_order(auto_model):
    for number in (2, 3, 7):
        again = auto_model.cut(5).cut(number)
        assert (again.labels_ == auto_model.cut(number).labels_).all()


@pytest.mark.parametrize(("fewer", "more"), [(1, 2), (2, 3), (3, 6), (2, 12)])
def test_fewer_clusters_are_unions_of_more(fitted, fewer, more):
    model, X = fitted
    finer, coarser = model.cut(more), model.cut(fewer)
    # Where a row's cluster is likelier than all others together, so is the one that holds it.
    sure = finer.confidence_ > 0.5
    holder = {}
    for own, union in zip(finer.labels_[sure], coarser.labels_[sure], strict=True):
        assert holder.setdefault(own, union) == union
    # And a union is as likely as its parts.
    parts, unions = finer.predict_proba(X), coarser.predict_proba(X)
    component_of = model.hierarchy_.cut(more), model.hierarchy_.cut(fewer)
    holders = np.array([component_of[1][component_of[0] == cluster][0] for cluster in range(more)])
    np.testing.assert_allclose(parts @ np.eye(fewer)[holders], unions, rtol=0, atol=1e-12)


def test_samples_of_a_cut_models_cluster_are_of_that_cluster(auto_model):
    cut = auto_model.cut(2)
    for cluster in range(2):
        drawn = cut.sample(100, cluster=cluster)
        assert (cut.predict(drawn) == cluster).mean() > 0.8
    with pytest.raises(SettingError, match="one of 0 to 1"):
        cut.sample(1, cluster=2)


def test_a_saved_model_can_be_cut_and_a_cut_one_saved(auto_model, blobs, tmp_path):
    cut = auto_model.cut(2)
    auto_model.save(tmp_path / "whole.vaecluster")
    cut.save(tmp_path / "cut.vaecluster")
    opened = VAEClustering.load(tmp_path / "cut.vaecluster")
    assert opened.get_params() == cut.get_params()
    assert opened.cluster_sizes_.tolist() == cut.cluster_sizes_.tolist()
    cut_later = VAEClustering.load(tmp_path / "whole.vaecluster").cut(2)
    for other in (opened, cut_later):
        assert other.n_clusters_ == 2
        assert (other.predict_proba(blobs) == cut.predict_proba(blobs)).all()
        assert (other.sample(5, cluster=1) == cut.sample(5, cluster=1)).all()
        assert (other.cut(3).predict_proba(blobs) == auto_model.predict_proba(blobs)).all()


def test_a_model_opened_and_cut_tells_no_sizes_of_other_clusters(auto_model, tmp_path):
    # Without the rows nobody can count them anew.
    auto_model.save(tmp_path / "model.vaecluster")
    opened = VAEClustering.load(tmp_path / "model.vaecluster").cut(2)
    assert len(getattr(opened, "cluster_sizes_", range(2))) == 2


def test_a_number_of_clusters_may_be_numpys(auto_model, blobs, tmp_path):
    auto_model.cut(np.int64(2)).save(tmp_path / "model.vaecluster")
    opened = VAEClustering.load(tmp_path / "model.vaecluster")
    assert (opened.predict(blobs) == auto_model.cut(2).labels_).all()


@pytest.mark.parametrize("wrong", [0, -1, 13, 2.0, True, "auto", None])
def test_a_cut_at_a_number_that_cannot_be_is_refused(auto_model, wrong):
    with pytest.raises(SettingError) as caught:
        auto_model.cut(wrong)
    expected = "expected a whole number from 1 to 12, the number of components."
    assert str(caught.value) == f"n_clusters is {wrong!r}; {expected}"


def test_a_model_without_a_tree_cannot_be_cut(blobs):
    model = VAEClustering(3, preset="su2018", epochs=1, random_state=0).fit(blobs)
    assert (model.hierarchy_, model.evidence_) == (None, None)
    with pytest.raises(SettingError, match="preset 'su2018' has no tree to cut"):
        model.cut(2)


def test_a_model_that_was_not_fitted_cannot_be_cut():
    with pytest.raises(NotFittedError):
        VAEClustering(3).cut(2)


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


# At such a rate nothing is learned, and all clusters stay the same.
LEARNS_NOTHING = {"epochs": 10, "learning_rate": 1e-9, "hidden": (16,), "heads": 2, "components": 6}


def test_clusters_that_were_dead_at_every_look_are_told(blobs):
    with pytest.warns(EmptyClustersWarning, match=r"Each time that was looked.*Ask for fewer clusters"):
        model = VAEClustering(3, random_state=0, **LEARNS_NOTHING).fit(blobs)
    assert len(model.history_.merged_again) == len(LOOKS)


@pytest.mark.filterwarnings("error")
def test_clusters_that_all_live_in_the_end_are_no_reason_to_warn(auto_model, blobs):
    model = VAEClustering(3, random_state=0, **SMALL).fit(blobs)
    assert len(model.history_.merged_again) < len(LOOKS)
    assert len(auto_model.history_.merged_again) < len(LOOKS)


@pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
def test_what_was_merged_again_is_saved(blobs, tmp_path):
    model = VAEClustering(3, random_state=0, **LEARNS_NOTHING).fit(blobs)
    model.save(tmp_path / "model.vaecluster")
    history = VAEClustering.load(tmp_path / "model.vaecluster").history_
    assert history.merged_again == model.history_.merged_again != []


@pytest.mark.filterwarnings("ignore:overflow")
def test_a_fit_that_diverges_says_where_and_what_to_try(blobs):
    with pytest.raises(TrainingError, match=r"epoch \d+ of 50.*Try a much smaller learning_rate"):
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
    "one axis": (lambda X: X[:, 0], "Reshape your data"),
    "five axes": (lambda X: X.reshape(-1, 1, 1, 2, 2)[:, None], "expected vectors"),
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
    "scaling": ("rows", 1),
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


WRONG_SHARED = {
    "scaling": ("rows", 1),
    "arithmetic": ("float16",),
    "component_share": (0, 1, "half"),
    "balance_weight": (-1, "none"),
    "agreement_weight": (-1,),
    "information_weight": (0,),
    "cluster_weights": ("learned", [0.5, 0.5], [1, 1, 0]),
    "heads": (0,),
    "components": (2, 0.5),
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG_SHARED.items() for value in values], ids=str
)
def test_a_setting_of_the_default_method_that_cannot_be_is_named_with_what_came(name, value, blobs):
    with pytest.raises(SettingError) as caught:
        VAEClustering(**{"n_clusters": 3, "epochs": 1, name: value}).fit(blobs)
    assert name in str(caught.value)
    assert any(repr(culprit) in str(caught.value) for culprit in (value if isinstance(value, list) else [value]))


def test_shares_without_a_number_of_clusters_are_refused(blobs):
    with pytest.raises(SettingError, match="cluster_weights holds shares, but n_clusters is 'auto'"):
        VAEClustering(cluster_weights=[0.5, 0.5], epochs=1).fit(blobs)


def test_wrong_requests_to_a_fitted_model_say_what_is_possible(blob_model):
    with pytest.raises(SettingError, match="one of 0 to 2"):
        blob_model.sample(4, cluster=3)
    with pytest.raises(SettingError, match="n_samples is 0"):
        blob_model.sample(0)
    with pytest.raises(DataError, match=r"expected \(n, 8\)"):
        blob_model.inverse_transform(np.zeros((3, 7)))


def test_assign_gives_the_answers_of_predict_and_their_probability(blob_model, blobs):
    labels, confidence = blob_model.assign(blobs, min_confidence=0.5)
    assert (labels == blob_model.predict(blobs, min_confidence=0.5)).all()
    assert (confidence == blob_model.predict_proba(blobs).max(1)).all()
