"""Where a model computes, and the random state that it computes with."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import torch

from vaecluster.errors import SettingError


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
def forked_random_state(device: torch.device, seed: int) -> Iterator[None]:
    """Torch's global random state set to `seed` inside, and as it was before outside."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


@contextmanager
def plain_torch() -> Iterator[None]:
    """Torch as it is by default: gradients where they are asked for, single precision, no autocast.

    A caller may have set something else for code of its own.
    """
    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    default = torch.get_default_dtype()
    with ExitStack() as entered:
        entered.enter_context(torch.inference_mode(False))
        entered.enter_context(torch.enable_grad())
        for device in devices:
            entered.enter_context(torch.autocast(device, enabled=False))
        entered.callback(torch.set_default_dtype, default)
        torch.set_default_dtype(torch.float32)
        yield


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Torch's global random state, the processor's and that of a GPU."""
    state = {"cpu": torch.random.get_rng_state()}
    return state | ({"cuda": torch.cuda.get_rng_state(device)} if device.type == "cuda" else {})


def restore_random_state(state: dict[str, torch.Tensor], device: torch.device) -> None:
    """Set what `random_state` gave; a GPU goes on from its own where the state is from a machine without one."""
    torch.random.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)


def gains_by_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies in bfloat16 by instructions of its own; without them it would be slower."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    here = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(here.get("avx512_bf16") or here.get("amx_bf16"))
