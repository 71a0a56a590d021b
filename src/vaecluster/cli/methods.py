"""`vaecluster methods`."""

import re
from textwrap import fill

from vaecluster.errors import SettingError


def methods(name: str | None = None, /) -> None:
    """List the methods and their settings, as `fit --method NAME --set SETTING=VALUE` takes them.

    Example: `vaecluster methods two-views`.

    Parameters
    ----------
    name
        The method; all if not given.
    """
    from vaecluster.methods import METHODS
    from vaecluster.settings import described

    if name is not None and name not in METHODS:
        raise SettingError(f"NAME is {name!r}; expected one of {', '.join(map(repr, METHODS))}.")
    for method in METHODS.values() if name is None else [METHODS[name]]:
        summary = (method.__doc__ or "").strip().splitlines()[0]
        print(f"{method.name}: {summary}\n")
        for setting, default, meaning in described(method):
            print(f"  {setting} (default {_typed(default)})")
            print(fill(f"{_typed(meaning)}.", 100, initial_indent="      ", subsequent_indent="      "))
        print()


def _typed(text: str) -> str:
    """Values in a text as they are typed on the command line.

    >>> _typed("None (80), True or (256, 256), 'auto'")
    'none (80), true or 256,256, auto'
    """
    # Views of one's own are objects, which only Python has.
    text = text.replace(", or a list of views such as [Neighbours(), RandomCrop()]", "")
    text = re.sub(r"\((\d+(?:, \d+)+)\)", lambda found: found[1].replace(", ", ","), text)
    text = re.sub(r"\b(None|True|False)\b", lambda found: found[1].lower(), text)
    return re.sub(r"'([\w-]+)'", r"\1", text)
