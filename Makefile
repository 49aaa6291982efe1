# What a developer runs. Needs python3 (3.11 to 3.13) with venv, make and git; everything else comes into .venv.
# Another interpreter: make PYTHON=python3.12 install.   Options for a server: make demo OPTIONS="--port 8000".

PYTHON ?= python3
UV ?= uv
OPTIONS ?=
PART ?=
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: install demo serve test torture bench lint check lock clean

install: .venv/installed

demo: install
	$(BIN)/bosslet $(OPTIONS)

serve: install
	$(BIN)/bosslet serve ./uploads $(OPTIONS)

# A file of tests stays in one process, as what it starts serves all of it.
PYTEST := $(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile

test: .venv/installed-dev
	$(PYTEST)

# About two hours. A part of it: make torture PART=kill, or with numbers of its own: make torture PART="kill --rounds 5".
torture: .venv/installed-dev
	$(BIN)/python -m tests.torture $(PART)

lint: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint
	$(PYTEST) --cov --cov-report=term

# All tables and pictures of docs/performance.md. One part of them: make bench OPTIONS=reads (python -m benchmarks --help).
bench: .venv/installed-dev
	$(BIN)/python -m benchmarks $(OPTIONS)

# Resolves for all supported Pythons what pyproject.toml asks for, and leaves other pins alone. An upgrade is a commit of
# its own: make lock UPGRADE=--upgrade. Pipfile is brought into step by hand; a test compares.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url $(UPGRADE)
lock:
	$(COMPILE) --extra hdf5 --extra jp2k --extra viewer pyproject.toml --output-file requirements.lock
	$(COMPILE) --constraint requirements.lock --group check --extra hdf5 --extra jp2k --extra viewer pyproject.toml --output-file requirements-dev.lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The files in .venv remember what was installed last, so that the second run takes no time.
.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	    { echo "bosslet needs Python 3.11 to 3.13, and $(PYTHON) is another: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/installed: requirements.lock pyproject.toml | .venv/bin/python
	$(PIP) install -r requirements.lock
	$(PIP) install --no-deps --editable .
	@touch $@

.venv/installed-dev: requirements-dev.lock .venv/installed
	$(PIP) install -r requirements-dev.lock
	@touch $@
