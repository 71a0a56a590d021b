"""Each tutorial is a notebook as well, and runs as one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

gallery = pytest.importorskip("sphinx_gallery")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
jupyter_client = pytest.importorskip("jupyter_client")

import nbformat  # noqa: E402
from sphinx_gallery.gen_gallery import DEFAULT_GALLERY_CONF  # noqa: E402
from sphinx_gallery.notebook import jupyter_notebook  # noqa: E402
from sphinx_gallery.py_source_parser import split_code_and_text_blocks  # noqa: E402

TUTORIALS = sorted((Path(__file__).parents[2] / "examples" / "tutorials").glob("*.py"))
# Nothing of the tutorial before is left. A warning would be the reader's first impression, but for that of few clues,
# which depends on the machine and which the tutorial of embeddings explains.
BEFORE = """import warnings
warnings.simplefilter("ignore")
%reset -f
%cd -q {}
import gc, warnings
gc.collect()
warnings.simplefilter("error")
warnings.filterwarnings("ignore", ".* clusters were found. .* parts of the model")
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Any]:
    """One for all, since it takes as long to load libraries as to run a tutorial; each begins without names."""
    manager = jupyter_client.KernelManager()
    manager.start_kernel()
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_runs_as_the_notebook_that_the_site_offers(path: Path, tmp_path: Path, kernel: Any) -> None:
    if path.stem == "cells":
        pytest.importorskip("anndata")
    _, blocks = split_code_and_text_blocks(path)
    made = jupyter_notebook(blocks, dict(DEFAULT_GALLERY_CONF), str(path.parent))
    # Sources may be lists of lines, cells have no identifiers.
    notebook = nbformat.reads(nbformat.writes(nbformat.from_dict(made)), as_version=4)
    _, notebook = nbformat.validator.normalize(notebook)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(BEFORE.format(tmp_path)))
    client = nbclient.NotebookClient(notebook, timeout=300, km=kernel)
    client.execute()
    client.kc.stop_channels()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not [output for output in outputs if output.get("name") == "stderr"]
    assert not list(tmp_path.iterdir())
