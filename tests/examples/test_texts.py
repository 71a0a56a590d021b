import runpy
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_clusters_of_texts_and_of_vectors_are_said_in_words(capsys) -> None:
    found = runpy.run_path(str(EXAMPLES / "texts.py"))
    *clusters, new, vectors = capsys.readouterr().out.splitlines()
    topics = [set(topic) for topic in found["TOPICS"]]
    for line in clusters:
        words = set(line.split(": ")[1].partition(";")[0].split(", "))
        assert any(words <= topic for topic in topics)
    assert new.startswith("new texts [")
    assert vectors.startswith("by vectors [")
