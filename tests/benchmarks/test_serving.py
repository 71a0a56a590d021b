from itertools import product

import pytest

from benchmarks.serving import HTTP, PACKAGE, RUNTIME, SIZES, measure
from builders import images, quiet

pytest.importorskip("onnxscript")


@quiet
def test_each_way_to_ask_is_measured_for_each_number_of_rows() -> None:
    found = measure(images(100), epochs=1, times=2)
    assert [(one["by"], one["rows"]) for one in found] == list(product((RUNTIME, PACKAGE, HTTP), SIZES))
    assert all(0 < one["least_ms"] <= one["median_ms"] <= one["p95_ms"] for one in found)
