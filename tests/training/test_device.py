import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache

import numpy as np
import pytest
import torch

from builders import TINY, estimator, quiet, vectors
from vaecluster import VAEClustering
from vaecluster.errors import SettingError
from vaecluster.training.device import choose_device, gains_by_bfloat16, isolated

pytestmark = quiet


@contextmanager
def default_type() -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def default_device() -> Iterator[None]:
    torch.set_default_device("meta")
    try:
        yield
    finally:
        torch.set_default_device(None)


@contextmanager
def all_at_once() -> Iterator[None]:
    with ExitStack() as stack:
        for around in SURROUNDINGS.values():
            if around is not all_at_once:
                stack.enter_context(around())
        yield


# What a caller can have set for torch.
SURROUNDINGS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "inference mode": torch.inference_mode,
    "no gradients": torch.no_grad,
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
    "default type": default_type,
    "default device": default_device,
    "a device in a block": lambda: torch.device("meta"),
    "all of these": all_at_once,
}


def what_is_set() -> list[object]:
    modes = torch.is_inference_mode_enabled(), torch.is_grad_enabled(), torch.is_autocast_enabled("cpu")
    return [*modes, torch.get_default_dtype(), torch.get_default_device(), torch.get_num_threads()]


def used(method: str) -> tuple[list[bytes], VAEClustering]:
    """The bytes of everything that can be asked of a fit and of a fit that goes on."""
    X = vectors()
    model = estimator(method).fit(X)
    asked = [model.predict_proba(X), model.transform(X), model.score_samples(X), model.outlier_score(X)]
    asked += [model.sample(5), model.inverse_transform(model.transform(X)), model.impute(X)]
    asked += [model.partial_fit(vectors(seed=1)).predict_proba(X)]
    return [values.tobytes() for values in asked], model


used_alone = cache(used)


# One method meets each alone, and every method all of them.
MET = [("two-views", around) for around in SURROUNDINGS if around != "all of these"]
MET += [(method, "all of these") for method in TINY]


@pytest.mark.parametrize(("method", "around"), MET)
def test_what_a_caller_has_set_changes_no_byte_and_stays(method: str, around: str) -> None:
    expected, _ = used_alone(method)
    with SURROUNDINGS[around]():
        before = what_is_set()
        found, model = used(method)
        assert what_is_set() == before
    assert found == expected
    # The weights can be learned further, whatever the fit was surrounded by.
    weights = next(model.model_.parameters())
    assert weights.requires_grad
    assert not weights.is_inference()


def test_a_fit_neither_reads_nor_moves_the_global_random_states() -> None:
    expected, _ = used_alone("two-views")
    torch.manual_seed(5)
    np.random.seed(5)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    assert used("two-views")[0] == expected
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]


def test_a_device_is_chosen_by_its_name() -> None:
    here = "cuda" if torch.cuda.is_available() else "cpu"
    assert (choose_device("auto").type, choose_device("cpu").type) == (here, "cpu")
    assert isinstance(gains_by_bfloat16(choose_device("auto")), bool)
    assert not gains_by_bfloat16(torch.device("meta"))


@pytest.mark.parametrize("wrong", ["tpu-7", "cuda:99", "meta", "", 3.5, None])
def test_a_device_that_is_not_here_is_answered_by_those_that_are(wrong: object) -> None:
    with pytest.raises(SettingError, match=r"device is .*; expected 'auto', 'cpu'"):
        choose_device(wrong)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_does_not_wait_for_threads_that_are_gone() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        # Starts the threads.
        torch.ones(400, 400) @ torch.ones(400, 400)
        child = os.fork()
        if child == 0:
            with isolated():
                os._exit(torch.get_num_threads())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    finally:
        torch.set_num_threads(before)
