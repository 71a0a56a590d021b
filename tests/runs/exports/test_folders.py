import os
import unicodedata

import pytest

from vaecluster.runs.exports.folders import MOST_OF_CLUSTER, MOST_OF_FILE, different, safe

CLUSTERS = [
    "0 ../../etc",
    "1 a/b\\c",
    "2 \0\n\x1b[31m",
    "3 CON: <x>?",
    "4 " + "ü" * 300,
    "5 ..",
    "6 e\u0301",
    "7 .",
    "8 😀",
]
FILES = {
    "in two folders": ["a.png", "a.png", "a.png"],
    "upper and lower case": ["IMG.JPG", "img.jpg"],
    "composed in two ways": ["\u00e9.png", "e\u0301.png"],
    "made names that are there": ["a.png", "a-2.png", "a.png", "a-2.png"],
    "long": ["x" * 251 + ".png"] * 12,
    "long in several bytes": ["ü" * 125 + ".png"] * 2,
    "no ending": ["a", "a", ".b", ".b"],
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_a_cluster_has_a_name_that_is_one_folder(name: str) -> None:
    made = safe(name)
    assert made.startswith(name[0])
    assert os.path.basename(made) == made
    assert len(made.encode()) <= MOST_OF_CLUSTER
    assert made.isprintable()
    assert not set(made) & set('/\\<>:"|?*')
    assert not made.endswith((".", " "))


@pytest.mark.parametrize("names", FILES.values(), ids=FILES)
def test_files_keep_their_names_but_where_two_are_alike(names: list[str]) -> None:
    made = list(different(names))
    assert len({unicodedata.normalize("NFC", name).casefold() for name in made}) == len(names)
    assert made[0] == names[0]
    assert all(len(name.encode()) <= MOST_OF_FILE for name in made)
    assert [os.path.splitext(name)[1] for name in made] == [os.path.splitext(name)[1] for name in names]
    assert list(different(dict.fromkeys(made))) == made
