"""The device of a model, and shelter from what the caller has set for torch."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from vaecluster.errors import SettingError

# The process in which torch's threads were started.
_PROCESS = os.getpid()


def choose_device(name: str) -> torch.device:
    """The device of that name; "auto" is a GPU where there is one. Raises `SettingError` if it is not here."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        # The meta device has shapes and no numbers.
        torch.empty(1, device=device).item()
    except (RuntimeError, AssertionError, TypeError):
        here = "'auto', 'cpu'" + (" or 'cuda'" if torch.cuda.is_available() else "; there is no GPU here")
        raise SettingError(f"device is {name!r}; expected {here}.") from None
    return device


@contextmanager
def isolated() -> Iterator[None]:
    """Inside, what the caller has set for torch has no effect, and nothing of it is changed for other threads.

    Gradients where they are asked for, no autocast, tensors on the processor unless a device is given. Types are
    always given, since the default type belongs to the whole process. In a process that was forked, torch gets one
    thread: the others did not survive the fork, and waiting for them would never end.
    """
    if os.getpid() != _PROCESS and torch.get_num_threads() > 1:
        torch.set_num_threads(1)
    with ExitStack() as entered:
        entered.enter_context(torch.inference_mode(False))
        entered.enter_context(torch.enable_grad())
        for device in ("cpu", *(["cuda"] if torch.cuda.is_available() else [])):
            entered.enter_context(torch.autocast(device, enabled=False))
        # The mode costs time at every call, and belongs to this thread alone.
        if torch.get_default_device().type != "cpu":
            entered.enter_context(torch.device("cpu"))
        yield


def gains_by_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies in bfloat16 by instructions of its own; without them it would be slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    here = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(here.get("avx512_bf16") or here.get("amx_bf16"))
