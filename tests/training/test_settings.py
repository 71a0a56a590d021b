from dataclasses import replace

import numpy as np
import pytest

from vaecluster.errors import SettingError
from vaecluster.training.settings import Settings

GOOD = Settings(
    network="dense", latent=3, likelihood="gaussian", precision=2.5, epochs=1, batch_size=8, learning_rate=1e-3
)
NAN, INFINITY = float("nan"), float("inf")
WHOLE = ("latent", "epochs", "batch_size", "patience")
POSITIVE = ("precision", "learning_rate", "weights_temperature")
NAMES = {
    "network": ("conv", "dense"),
    "likelihood": ("gaussian", "gaussian-learned", "bernoulli"),
    "cluster_posterior": ("code", "features", "bayes"),
    "schedule": ("constant", "one-cycle", "cosine"),
    "scaling": ("columns", "common"),
}


def complaint(**choice: object) -> str:
    with pytest.raises(SettingError) as caught:
        replace(GOOD, **choice).resolve(3)
    return str(caught.value)


def test_right_settings_resolve_to_themselves() -> None:
    assert GOOD.resolve(3) == GOOD


def test_without_a_number_of_clusters_the_bound_has_nothing_to_find_one_with() -> None:
    with pytest.raises(SettingError, match=r"n_clusters is 'auto', but this preset does not find.* Give one\."):
        GOOD.resolve(None)


@pytest.mark.parametrize(("setting", "choices"), NAMES.items())
@pytest.mark.parametrize("wrong", ["nothing", "", "Dense", None, 3, ["dense"]])
def test_an_unknown_name_is_answered_by_the_known_ones(setting: str, choices: tuple[str, ...], wrong: object) -> None:
    message = complaint(**{setting: wrong})
    assert message.startswith(f"{setting} is {wrong!r}; expected one of ")
    assert all(repr(choice) in message for choice in choices)


@pytest.mark.parametrize(("setting", "choices"), NAMES.items())
def test_every_known_name_is_allowed(setting: str, choices: tuple[str, ...]) -> None:
    for choice in choices:
        replace(GOOD, **{setting: choice}).resolve(3)


@pytest.mark.parametrize("setting", WHOLE)
@pytest.mark.parametrize("wrong", [0, -1, 2.0, 1.5, True, "8", None, NAN])
def test_a_count_must_be_a_whole_number_of_one_or_more(setting: str, wrong: object) -> None:
    message = complaint(**{setting: wrong})
    assert message == f"{setting} is {wrong!r}; expected a whole number of 1 or more."


@pytest.mark.parametrize("setting", WHOLE)
def test_a_count_may_be_numpys(setting: str) -> None:
    replace(GOOD, **{setting: np.int64(5)}).resolve(3)


@pytest.mark.parametrize("setting", POSITIVE)
@pytest.mark.parametrize("wrong", [0, 0.0, -1.0, NAN, INFINITY, True, "1", None])
def test_a_quantity_must_be_a_number_above_zero(setting: str, wrong: object) -> None:
    message = complaint(**{setting: wrong})
    assert message == f"{setting} is {wrong!r}; expected a number above 0."


@pytest.mark.parametrize("setting", POSITIVE)
@pytest.mark.parametrize("right", [1, 0.5, np.float32(2), np.float64(1e-3)])
def test_a_quantity_may_be_any_number_above_zero(setting: str, right: float) -> None:
    replace(GOOD, **{setting: right}).resolve(3)


@pytest.mark.parametrize("wrong", [(0,), (12, -3), (12, 2.5), (True,), ("12",)])
def test_every_width_must_be_a_whole_number_of_one_or_more(wrong: tuple[object, ...]) -> None:
    message = complaint(hidden=wrong)
    assert message.startswith(f"hidden is {wrong[-1]!r}; expected a whole number of 1 or more")


@pytest.mark.parametrize("wrong", [(30,), (32, 9), (8,)])
def test_a_width_that_would_make_answers_depend_on_the_place_is_refused(wrong: tuple[int, ...]) -> None:
    assert "multiples of 16" in complaint(hidden=wrong)


@pytest.mark.parametrize("wrong", [(), 12, None])
def test_the_widths_must_be_a_sequence_with_one_or_more(wrong: object) -> None:
    assert complaint(hidden=wrong).startswith("hidden is ")


@pytest.mark.parametrize("wrong", ["nothing", 0, -1.0, NAN, INFINITY, None])
def test_the_scale_of_components_is_learned_or_a_number_above_zero(wrong: object) -> None:
    message = complaint(component_scale=wrong)
    assert message == f"component_scale is {wrong!r}; expected 'learned' or a number above 0."


@pytest.mark.parametrize("wrong", [-0.1, NAN, INFINITY, "1", None])
def test_the_weight_of_the_cluster_term_is_a_number_of_zero_or_more(wrong: object) -> None:
    assert complaint(cluster_kl_weight=wrong).startswith(f"cluster_kl_weight is {wrong!r}; ")
    for right in (0, 0.5, 3):
        replace(GOOD, cluster_kl_weight=right).resolve(3)


@pytest.mark.parametrize("wrong", [0, 1, -0.1, 1.5, NAN, "0.1", None])
def test_the_held_out_share_lies_between_zero_and_one(wrong: object) -> None:
    assert complaint(held_out_share=wrong).startswith(f"held_out_share is {wrong!r}; ")


@pytest.mark.parametrize("wrong", ["nothing", ""])
def test_the_shares_by_name_are_uniform_or_learned(wrong: str) -> None:
    message = complaint(cluster_weights=wrong)
    assert message.startswith(f"cluster_weights is {wrong!r}; expected one of 'uniform', 'learned'")
    assert "one share per cluster" in message


@pytest.mark.parametrize(
    "wrong",
    [(0.5, 0.5), (0.2, 0.3, 0.3, 0.2), (), ((0.2, 0.3, 0.5),), (0.5, 0.5, 0.0), (1.5, -0.2, -0.3), (NAN, 1, 1), 3],
)
def test_the_shares_are_one_positive_number_per_cluster(wrong: object) -> None:
    message = complaint(cluster_weights=wrong)
    assert message.startswith("cluster_weights holds ")
    assert "expected 3 positive numbers, one per cluster" in message


@pytest.mark.parametrize("wrong", [("a", "b", "c"), ((0.5, 0.2), (0.3,)), {"a": 1}])
def test_shares_that_are_no_numbers_are_a_wrong_setting_too(wrong: object) -> None:
    assert complaint(cluster_weights=wrong).startswith("cluster_weights ")


@pytest.mark.parametrize("right", ["uniform", "learned", (1, 2, 3), [0.2, 0.3, 0.5], np.array([5.0, 1.0, 1.0])])
def test_the_shares_may_be_a_name_or_any_sequence(right: object) -> None:
    replace(GOOD, cluster_weights=right).resolve(3)


def test_a_wrong_setting_is_a_value_error_as_scikit_learn_expects() -> None:
    assert issubclass(SettingError, ValueError)
