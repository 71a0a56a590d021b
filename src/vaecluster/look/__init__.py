"""What rows look like, where someone looks at them: as pictures, and as markup that holds these."""

# The most rows of a cluster that are shown together, and kept to be shown.
WALL_ROWS = 64


def cut(text: object, length: int) -> str:
    """A text of so many letters at most.

    >>> cut("a long name", 6)
    'a lon…'
    """
    whole = str(text)
    return whole if len(whole) <= length else whole[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"
