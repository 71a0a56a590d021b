import os

import pytest
import torch

from vaecluster.errors import SettingError
from vaecluster.training.device import choose_device, gains_by_bfloat16, isolated


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
