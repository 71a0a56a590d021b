"""How Sphinx makes the site of these pages; `make docs` does."""

import logging
import re
from importlib.metadata import version as version_of

from sphinx.application import Sphinx

from vaecluster.settings import Settings

# sphinx-gallery shows all that is logged; the epochs of four fits are too much.
for name in ("vaecluster", "faiss.loader"):
    logging.getLogger(name).setLevel(logging.WARNING)

project = "vaecluster"
author = "The vaecluster authors"
release = version = version_of("vaecluster")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
    "sphinx_copybutton",
    "cyclopts.sphinx_ext",
]
# Names in docstrings stand in single backticks.
default_role = "code"

# Anchors of headings, as GitHub makes them.
myst_heading_anchors = 3
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True}
napoleon_google_docstring = False
napoleon_use_rtype = False
# Attributes have their own entries as properties.
napoleon_use_ivar = True

sphinx_gallery_conf = {
    "examples_dirs": "../examples/tutorials",
    "gallery_dirs": "tutorials",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"__init__\.py$",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    # A plot returns its axes, and they are not worth a line.
    "ignore_repr_types": r"matplotlib\.axes",
    "show_signature": False,
    "show_memory": False,
    "download_all_examples": False,
    "remove_config_comments": True,
    "thumbnail_size": (320, 220),
}

html_theme = "furo"
html_title = "vaecluster"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
copybutton_prompt_text = "$ "

# The list of decisions links to each, and the site's navigation does too.
DECISIONS = "\n```{toctree}\n:hidden:\n:glob:\n\n0*\n```\n"
# In the repository a link leads to a tutorial's program, on the site to its page.
TUTORIAL = re.compile(r"\]\((?:\.\./)*examples/tutorials/(\w+)\.py\)")


def setup(app: Sphinx) -> None:
    """Pages are read as they lie in the repository, but for what only a site needs."""
    app.connect("source-read", _for_the_site)
    app.connect("autodoc-process-signature", _short)
    # Before napoleon.
    app.connect("autodoc-process-docstring", _no_type, priority=400)


def _for_the_site(app: Sphinx, page: str, source: list[str]) -> None:
    source[0] = TUTORIAL.sub(r"](/tutorials/\1.rst)", source[0])
    if page == "decisions/README":
        source[0] += DECISIONS


def _short(_app: Sphinx, _what: str, _name: str, thing: object, *_: object) -> tuple[str, str] | None:
    """Settings are listed below their class, each with its default: its signature says the same once more."""
    return ("(...)", "") if isinstance(thing, type) and issubclass(thing, Settings) else None


def _no_type(_app: Sphinx, what: str, _name: str, _thing: object, _options: object, lines: list[str]) -> None:
    """What stands before a colon in the first line of a property is no type, though napoleon reads it as one."""
    if what in ("attribute", "data", "property"):
        # An empty comment takes the first line.
        lines[:0] = ["..", ""]
