"""Kinds of columns, one a file; model files know them by these names."""

from vaecluster.data.blocks.amounts import Amounts
from vaecluster.data.blocks.base import Block
from vaecluster.data.blocks.categories import Categories
from vaecluster.data.blocks.counts import Counts
from vaecluster.data.blocks.expression import Expression
from vaecluster.data.blocks.numbers import Numbers
from vaecluster.data.blocks.ordinal import Ordinal
from vaecluster.data.blocks.pixels import Pixels
from vaecluster.data.blocks.sparse import Sparse
from vaecluster.data.blocks.windows import Windows
from vaecluster.data.blocks.words import Words

BLOCKS: dict[str, type[Block]] = {
    "pixels": Pixels,
    "windows": Windows,
    "words": Words,
    "sparse": Sparse,
    "numbers": Numbers,
    "amounts": Amounts,
    "counts": Counts,
    "categories": Categories,
    "ordinal": Ordinal,
    "expression": Expression,
}

__all__ = [
    "BLOCKS",
    "Amounts",
    "Block",
    "Categories",
    "Counts",
    "Expression",
    "Numbers",
    "Ordinal",
    "Pixels",
    "Sparse",
    "Windows",
    "Words",
]
