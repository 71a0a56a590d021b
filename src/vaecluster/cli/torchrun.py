"""What torchrun has told this process, read without torch: who gives another command than a fit is told so at once."""

import os
import time
from collections.abc import Sequence

from vaecluster.errors import SettingError

# What torchrun sets in the processes that it starts.
_STARTED = "TORCHELASTIC_RUN_ID"
# So long, in seconds, all but the first process keep what went wrong to themselves: the first most likely says the
# same, and torchrun then ends the others.
_LATER = 10.0
_SEVERAL = "fit"


def started() -> bool:
    """Whether torchrun has started this process."""
    return _STARTED in os.environ


def follows() -> bool:
    """Whether torchrun has started this process, and it is not the first."""
    return started() and int(os.environ.get("RANK", "0")) > 0


def check_several(arguments: Sequence[str]) -> None:
    """Raise `SettingError` for a command that several processes would all do, each as if it were alone."""
    if started() and int(os.environ.get("WORLD_SIZE", "1")) > 1 and arguments[:1] != [_SEVERAL]:
        raise SettingError(
            f"torchrun starts several processes, which share `vaecluster {_SEVERAL}` alone. Give the other commands "
            "without torchrun."
        )


def let_first_speak() -> None:
    """Wait, in all processes but the first, before anything is said of what went wrong."""
    if follows():
        time.sleep(_LATER)
