import shutil
import sys

import pytest

# It comes without a wheel, and is as large as all else together: whoever works on it installs it.
pytest.importorskip("pyspark")


@pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java")
@pytest.mark.filterwarnings("ignore")
def test_batches_of_a_frame_are_answered_for_as_the_whole(printed, monkeypatch):
    # Of the environment of the tests, which may not be the one that is on the path.
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    columns, same = printed("predict_with_spark")[-2:]
    assert columns == "columns ['key', 'cluster', 'confidence']"
    assert same == "the same labels True"
