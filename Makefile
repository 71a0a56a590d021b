# make demo    fit scikit-learn's digits and write demo/report.html
# make test    all checks, all tests with the tested versions, then those of the package with the oldest
# make torture damaged files and killed fits by the thousand; under 30 minutes
# make peers   an environment with what people would pick instead, for the benchmark
# make tables  the tables in the README and in docs, from benchmarks/results
# make docs    the documentation as a site, build/docs/index.html; runs the tutorials
# make pictures  the pictures in the README and in docs
# make release-check  build wheel and sdist into dist, and try them in a new environment
# make clean   remove what the others made, but no results

PYTHON ?= python3
VENV := .venv
OLDEST := .venv-oldest
PEERS := .venv-peers
PIP := -m pip install --quiet --disable-pip-version-check --only-binary=:all:

# What the tests import; the checks run with the tested versions only.
TEST_TOOLS := pytest pytest-xdist hypothesis pandas polars h5py onnxruntime umap-learn scikit-network fastapi uvicorn

# Or every process that the tests start compiles the package again, and pytest its own version of all tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check test-tested test-oldest torture peers tables docs pictures release-check clean

demo: $(VENV)/.installed
	$(VENV)/bin/vaecluster demo

test: check test-tested test-oldest

check: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/python -m benchmarks.tables --check

# One thread a process: there are two processes. A folder's tests stay in one of them (tests/conftest.py), and folders
# are given out in their order, of which short ones are the last.
PYTEST := pytest -n 2 --no-loadscope-reorder

test-tested: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(VENV)/bin/$(PYTEST)

# What torch, a browser, a cluster, the file system or this package alone decides is tested above: they are the same
# here. So are whole programs, and the examples in docstrings.
ONCE := benchmarks docs editing engines examples inference methods model ranks torture training
ONCE += cli/test_edit.py cli/test_passing.py cli/test_resume.py explore/browser
ONCE += report/browser report/test_without_names.py runs/exports/test_programs.py
ONCE += $(addprefix test_,$(addsuffix .py,estimator extreme_values hearing host memory stability surroundings))

test-oldest: $(OLDEST)/.installed
	OMP_NUM_THREADS=1 $(OLDEST)/bin/$(PYTEST) tests -m "not data" $(ONCE:%=--ignore tests/%)

# One thread a process, and no more processes than processors: what hangs or grows must not be blamed on its neighbour.
torture: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(VENV)/bin/python tests/torture/kill.py --kills 1000 --commands 20 --output benchmarks/results/torture/kill.json
	OMP_NUM_THREADS=1 PYTHONPATH=tests $(VENV)/bin/python tests/torture/fuzz.py --inputs 100000 --processes 2 --output benchmarks/results/torture/fuzz.json
	OMP_NUM_THREADS=1 $(VENV)/bin/python tests/torture/threads.py --output benchmarks/results/torture/threads.json
	OMP_NUM_THREADS=1 HYPOTHESIS_PROFILE=fresh $(VENV)/bin/pytest -n 2 -q tests/model tests/views tests/data tests/clusters

# What people would pick instead, for `python -m benchmarks --data NAME --methods umap-mixture`.
peers: $(PEERS)/.installed

tables: $(VENV)/.installed
	$(VENV)/bin/python -m benchmarks.tables

# Warnings are errors, and so are links that lead nowhere; nothing is asked for on the network.
docs: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 $(VENV)/bin/sphinx-build -q -W --keep-going -b html docs build/docs
	$(VENV)/bin/python docs/links.py build/docs
	$(VENV)/bin/python docs/links.py .

# The demo's overview, and its map and explorer as a browser shows them.
pictures: $(VENV)/.installed-dev
	rm -rf build/pictures
	$(VENV)/bin/vaecluster demo --quiet --output build/pictures/demo
	$(VENV)/bin/vaecluster report build/pictures/demo --format png --output build/pictures/png
	cp build/pictures/png/overview.png docs/overview.png
	$(VENV)/bin/python -m benchmarks.plots
	$(VENV)/bin/python docs/screenshot.py build/pictures/demo docs

release-check: $(VENV)/.installed-dev
	$(VENV)/bin/python $(PIP) -e '.[release]' -c constraints/tested.txt
	rm -rf dist
	$(VENV)/bin/python -m build
	$(VENV)/bin/twine check --strict dist/*
	$(VENV)/bin/python tests/release/check.py dist

# A stamp is newer than what it was made from, so nothing is installed twice.
$(VENV)/.installed: pyproject.toml constraints/tested.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python $(PIP) -e . -c constraints/tested.txt
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(VENV)/bin/python $(PIP) -e '.[dev,docs]' -c constraints/tested.txt
	touch $@

$(OLDEST)/.installed: pyproject.toml constraints/oldest.txt
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python $(PIP) -e . $(TEST_TOOLS) -c constraints/oldest.txt
	touch $@

$(PEERS)/.installed: benchmarks/peers/requirements.txt benchmarks/peers/requirements-alone.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python $(PIP) -r $<
	$(PEERS)/bin/python $(PIP) --no-deps -r $(word 2,$^)
	touch $@

clean:
	rm -rf $(VENV) $(OLDEST) $(PEERS) demo build dist docs/tutorials docs/sg_execution_times.rst .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
