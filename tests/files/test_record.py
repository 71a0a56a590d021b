import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vaecluster.files.record import plain, typed


@dataclass(frozen=True)
class Inner:
    name: str
    share: float


@dataclass(frozen=True)
class Outer:
    number: int
    inner: list[Inner]
    names: dict[int, str | int]
    counts: NDArray[np.intp]
    values: NDArray[np.float64]
    maybe: Inner | None = None


RECORD = Outer(
    3, [Inner("a", 0.1 + 0.2)], {0: "ape", 2: 7}, np.array([[0, 1], [2, 3]]), np.array([1.5, -np.inf]), Inner("b", 1.0)
)


def test_a_record_comes_back_from_json_as_it_was() -> None:
    again = typed(Outer, json.loads(json.dumps(plain(RECORD))))
    assert plain(again) == plain(RECORD)
    assert (again.number, again.inner, again.names, again.maybe) == (3, RECORD.inner, RECORD.names, RECORD.maybe)
    assert (again.counts.dtype, again.values.dtype) == (np.intp, np.float64)
    assert typed(Outer, plain(RECORD) | {"values": []}).values.shape == (0,)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *[("number", wrong) for wrong in ("3", 2.5, None, [3])],
        *[("inner", wrong) for wrong in (None, [{}], [{"name": 3, "share": 1.0}], [{"name": "a", "share": "b"}])],
        *[("names", wrong) for wrong in (None, {"x": "ape"}, {"0": None}, ["ape"])],
        *[("counts", wrong) for wrong in (["a"], [0.5], [True], [None], [[1], [2, 3]], [{}])],
        *[("values", wrong) for wrong in (["a"], [None], [True, False], [10**400])],
        ("maybe", 3),
    ],
    ids=repr,
)
def test_a_value_of_another_type_is_refused(name: str, wrong: Any) -> None:
    # An integer of 400 digits is no number of numpy's.
    with pytest.raises((ValueError, OverflowError)):
        typed(Outer, plain(RECORD) | {name: wrong})


def test_a_missing_value_is_refused_and_what_cannot_be_written_is_not_written() -> None:
    with pytest.raises(ValueError, match="number"):
        typed(Outer, {name: value for name, value in plain(RECORD).items() if name != "number"})
    with pytest.raises(TypeError, match="cannot be written down"):
        plain({"x": object()})
    assert plain({"x": np.float32(0.5), "y": [np.int8(1)]}) == {"x": 0.5, "y": [1]}
