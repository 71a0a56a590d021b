import json
from typing import Any

import numpy as np
import pytest

from benchmarks.generation import (
    PerCluster,
    frechet_distance,
    precision_recall,
    score_fidelity,
    score_generation,
)
from benchmarks.judge import Judge, train_judge
from vaecluster.clusters.scores import majority_names
from vaecluster.errors import DataError


def normal(number: int, dims: int = 6, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(number, dims))


@pytest.fixture(scope="module")
def judge(digits) -> Judge:
    return train_judge(*digits, epochs=8)


class Drawer:
    """A perfect generator: it draws from the data, where cluster k is class `classes[k]`."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, classes: list[int]) -> None:
        self.images, self.labels, self.classes = images, labels, classes

    def sample(self, n_samples: int, /, *, cluster: int | None = None, random_state: int) -> np.ndarray:
        wanted = self.classes if cluster is None else self.classes[cluster]
        rows = np.flatnonzero(np.isin(self.labels, wanted))
        return self.images[np.random.default_rng(random_state).choice(rows, n_samples)]


def scores_of(drawer: Drawer, names: dict[int, Any], judge: Judge, **others: Any):
    clusters = len(drawer.classes)
    return score_generation(drawer.sample, names, judge, drawer.images, clusters=clusters, per_cluster=100, **others)


# The Fréchet distance


def test_the_frechet_distance_of_a_set_to_itself_is_zero():
    points = normal(300)
    assert frechet_distance(points, points) == pytest.approx(0, abs=1e-6)


def test_the_frechet_distance_of_a_shifted_set_is_the_squared_shift():
    points, shift = normal(300), np.arange(6.0)
    assert frechet_distance(points, points + shift) == pytest.approx(shift @ shift)


def test_the_frechet_distance_of_normals_along_the_same_axes_is_that_of_their_scales():
    points = normal(5000, dims=3)
    points = (points - points.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(points.T))).T
    scales = np.array([0.5, 2, 3])
    assert frechet_distance(points, points * scales) == pytest.approx(((1 - scales) ** 2).sum())


def test_the_frechet_distance_is_symmetric_and_the_same_in_turned_space():
    first, second = normal(200), normal(300, seed=1) * [1, 2, 3, 1, 1, 1] + 1
    turn = np.linalg.qr(normal(6, seed=2))[0]
    distance = frechet_distance(first, second)
    assert frechet_distance(second, first) == pytest.approx(distance)
    assert frechet_distance(first @ turn, second @ turn) == pytest.approx(distance)


def test_features_that_never_change_do_no_harm():
    points = np.pad(normal(300), ((0, 0), (0, 4)))
    assert frechet_distance(points, points + 1) == pytest.approx(10)


# Precision and recall


def test_the_same_points_are_all_covered_even_copies():
    points = np.repeat(normal(50), 6, axis=0)
    assert precision_recall(points, points) == (1, 1)


def test_points_far_apart_cover_nothing_of_each_other():
    assert precision_recall(normal(200), normal(200) + 100) == (0, 0)


def test_points_of_the_same_distribution_are_mostly_covered():
    assert min(precision_recall(normal(1000, 2), normal(1000, 2, seed=1))) > 0.9


def test_dropping_a_mode_lowers_recall_and_not_precision():
    real = normal(600, 2) + 50 * np.arange(3).repeat(200)[:, None]
    generated = normal(600, 2, seed=1) + 50 * np.arange(2).repeat(300)[:, None]
    precision, recall = precision_recall(real, generated)
    assert precision > 0.9
    assert recall == pytest.approx(2 / 3, abs=0.05)


def test_adding_a_mode_lowers_precision_and_not_recall():
    real = normal(600, 2) + 50 * np.arange(2).repeat(300)[:, None]
    generated = normal(600, 2, seed=1) + 50 * np.arange(3).repeat(200)[:, None]
    precision, recall = precision_recall(real, generated)
    assert precision == pytest.approx(2 / 3, abs=0.05)
    assert recall > 0.9


def test_precision_one_way_is_recall_the_other_way():
    first, second = normal(300, 3), 0.5 * normal(200, 3, seed=1)
    precision, recall = precision_recall(first, second)
    assert precision_recall(second, first) == (recall, precision)


def test_too_few_points_are_refused():
    with pytest.raises(DataError, match="300 real and 3 generated images"):
        precision_recall(normal(300), normal(3))


# Fidelity of images


def test_fidelity_compares_equal_numbers_and_the_same_images_are_perfect(judge, digits):
    images, _ = digits
    perfect = score_fidelity(images, images, judge)
    assert (perfect.images, perfect.precision, perfect.recall) == (len(images), 1, 1)
    assert perfect.frechet_distance == pytest.approx(0, abs=1e-3)
    assert score_fidelity(images, images[:200], judge).images == 200
    assert score_fidelity(images, images, judge, images=100).images == 100


def test_images_of_noise_look_like_no_digits(judge, digits):
    images, _ = digits
    noise = np.random.default_rng(0).uniform(0, 16, (500, 8, 8))
    scores, best = (score_fidelity(images[:500], other, judge) for other in (noise, images[500:1000]))
    assert scores.frechet_distance > 5 * best.frechet_distance
    assert scores.recall < 0.2 < best.recall


# Samples of clusters


def test_a_perfect_generator_gets_nearly_full_marks(judge, digits):
    drawer = Drawer(*digits, classes=list(range(10)))
    scores = scores_of(drawer, dict(enumerate(range(10))), judge)
    assert scores.named.worst > 0.9
    assert scores.purity.mean >= scores.named.mean
    assert min(scores.fidelity.precision, scores.fidelity.recall) > 0.9
    assert scores.falls_back is None


def test_a_cluster_that_generates_another_class_is_pure_but_not_named_right(judge, digits):
    scores = scores_of(Drawer(*digits, classes=[0, 4]), {0: 0, 1: 7}, judge)
    assert scores.named.shares[0] > 0.9
    assert scores.named.worst < 0.1
    assert scores.purity.worst > 0.9


def test_a_generator_of_few_classes_lacks_recall_and_not_precision(judge, digits):
    fidelity = scores_of(Drawer(*digits, classes=[0, 1]), {0: 0, 1: 1}, judge).fidelity
    assert fidelity.precision > 0.9
    assert fidelity.recall < 0.4


def test_a_cluster_without_a_class_counts_as_wrong(judge, digits):
    assert scores_of(Drawer(*digits, classes=[0, 1]), {0: 0}, judge).named.shares[1] == 0


def test_samples_fall_back_where_the_model_predicts_their_cluster(judge, digits):
    drawer = Drawer(*digits, classes=[0, 1])
    scores = scores_of(drawer, {0: 0, 1: 1}, judge, predict=lambda rows: np.zeros(len(rows), dtype=int))
    assert scores.falls_back == PerCluster((1.0, 0.0))
    assert (scores.falls_back.mean, scores.falls_back.worst) == (0.5, 0)


@pytest.mark.filterwarnings("ignore::vaecluster.errors.EmptyClustersWarning")
def test_a_fitted_clusterer_is_scored_the_same_again_and_as_plain_numbers(image_model, images, digits):
    judge = train_judge(images, digits[1][: len(images)], epochs=2)
    names = majority_names(digits[1][: len(images)], image_model.labels_)
    first, again = (
        score_generation(
            image_model.sample, names, judge, images, clusters=4, predict=image_model.predict, per_cluster=50
        ).as_dict()
        for _ in range(2)
    )
    assert first == again == json.loads(json.dumps(first))
    shares = [name for name in first if name != "frechet_distance"]
    assert len(shares) == 8
    assert all(0 <= first[name] <= 1 for name in shares)
