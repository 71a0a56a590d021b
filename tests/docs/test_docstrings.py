"""Whatever a user may import has an example that runs as it stands, is on the site, and names equations that exist."""

import ast
import builtins
import doctest
import inspect
import re
from pathlib import Path

import pytest

import vaecluster
from vaecluster import VAEClustering, peers, plot, views

ROOT = Path(__file__).parents[2]
MODULES = (vaecluster, plot, views, peers)
METHODS = {
    name: member
    for name, member in inspect.getmembers(VAEClustering, callable)
    if not name.startswith("_") and getattr(member, "__module__", "") == VAEClustering.__module__
}
NAMES = {name: getattr(module, name) for module in MODULES for name in module.__all__} | METHODS
# What is seen in the example of what makes or takes it; these peers need an extra, and `annotate` has a tutorial.
ELSEWHERE = {
    *("PEERS", "Partition", "Peer", "ImageChange", "Reliability", "load"),
    *("Leiden", "UmapMixture", "UmapHdbscan", "annotate"),
}


@pytest.mark.parametrize("name", sorted(NAMES.keys() - ELSEWHERE))
def test_a_public_name_has_an_example_that_needs_nothing_else(name: str) -> None:
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(NAMES[name]) or "")
    tree = list(ast.walk(ast.parse("".join(example.source for example in examples))))
    used, made = set[str](), set(dir(builtins))
    for node in tree:
        match node:
            case ast.Name(id=one, ctx=ast.Load()):
                used.add(one)
            case ast.Name(id=one) | ast.arg(arg=one) | ast.ClassDef(name=one):
                made.add(one)
            case ast.alias(name=one, asname=other):
                made.add(other or one)
    assert used
    assert used <= made


def test_every_public_name_is_on_the_site() -> None:
    pages = "".join(page.read_text() for page in (ROOT / "docs" / "api").glob("*.rst"))
    whole = {name for module in (plot, peers) if f"automodule:: {module.__name__}" in pages for name in module.__all__}
    listed = set(re.findall(r"auto\w+:: (?:[\w.]+\.)?(\w+)$", pages, re.MULTILINE)) | whole
    assert {name for module in MODULES for name in module.__all__} - listed == set()


def test_equations_that_the_code_names_are_in_the_description_of_the_model() -> None:
    there = set(re.findall(r"\((\d+[a-z]?)\)$", (ROOT / "docs" / "model.md").read_text(), re.MULTILINE))
    named = {
        number: path.name
        for path in (ROOT / "src").rglob("*.py")
        for some in re.findall(r"equations? (\([^.:;]*)", path.read_text())
        for number in re.findall(r"\((\d+[a-z]?)\)", some)
    }
    assert there
    assert {number: name for number, name in named.items() if number not in there} == {}
