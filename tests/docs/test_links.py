import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def links():
    spec = importlib.util.spec_from_file_location("links", ROOT / "docs" / "links.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_links_of_the_pages_lead_somewhere_in_a_plain_checkout(links):
    assert list(links.broken(ROOT, ".md", links.of_markdown)) == []


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("[a](other.md)", None),
        ("[a](other.md#two-words)", None),
        ("[a](https://example.org/none)", None),
        ("`[a](none.md)`", None),
        ("[a](none.md)", "no such file"),
        ("![a](none.png)", "no such file"),
        ('<img src="none.png">', "no such file"),
        ("[a](other.md#three-words)", "no such anchor"),
        ("[a](#two-words)", "no such anchor"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(links, tmp_path, page, said):
    (tmp_path / "other.md").write_text("# Other\n\n## Two `words`\n")
    (tmp_path / "page.md").write_text(page)
    found = list(links.broken(tmp_path, ".md", links.of_markdown))
    assert len(found) == int(said is not None)
    assert all(line.endswith(said) for line in found)


def test_anchors_of_a_built_page_are_found(links, tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#here"></a><a href="b.html#there"></a>')
    (tmp_path / "b.html").write_text('<p id="here"></p>')
    assert [line.rsplit(": ", 2)[1:] for line in links.broken(tmp_path, ".html", links.of_html)] == [
        ["b.html#there", "no such anchor"]
    ]
