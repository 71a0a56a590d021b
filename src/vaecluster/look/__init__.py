"""What rows look like, where someone looks at them: as pictures, and as markup that holds these."""

# The most rows of a cluster that are shown together, and kept to be shown.
WALL_ROWS = 64


# Marks that turn the direction of the text after them: a name with one would turn what stands beside it, too. Those of
# a single place, such as U+200F, turn nothing else, and are ordinary in Arabic and Hebrew.
TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "\N{REPLACEMENT CHARACTER}")


def cut(text: object, length: int) -> str:
    """A text of so many letters at most.

    >>> cut("a long name", 6)
    'a lon…'
    """
    whole = str(text)
    return whole if len(whole) <= length else whole[: length - 1] + "\N{HORIZONTAL ELLIPSIS}"
