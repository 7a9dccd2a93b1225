# Everything a developer types. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DOCS := README.md $(wildcard docs/*.md)

.PHONY: help demo test test-all frozen freeze versions windows windows-zip windows-lock check format lint types docs site bench bench-startup bench-batch build clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.3'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

demo: $(VENV)/installed ## The main job on an invented member: look up, decide, draft
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

test: $(VENV)/installed ## Run the everyday tests, in two minutes or so
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow and not thorough"

test-all: $(VENV)/installed ## Run these and the thorough ones: terminals, faults, hostile texts
	$(BIN)/python -m pytest -n auto --dist worksteal

frozen: $(VENV)/installed ## Compare what every command says and writes with tests/frozen
	$(BIN)/python scripts/freeze.py

freeze: $(VENV)/installed ## Write tests/frozen anew, after a change that is meant to be seen
	$(BIN)/python scripts/freeze.py --write

versions: $(VENV)/versions-installed ## Run the tests on each Python at hand, and with the lowest dependencies
	@# pyenv keeps its Pythons off the PATH until one is chosen
	PATH="$$PATH$$(printf ':%s' "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin)" $(BIN)/tox run --recreate $(if $(ENVS),-e $(ENVS))

$(VENV)/versions-installed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --group versions
	@touch $@

check: $(VENV)/installed lint types test-all docs-check ## Format, lint, types, tests, docs: before every commit

windows: $(VENV)/installed ## Try every command, an interview and the tests on a Python for Windows, under Wine
	scripts/windows.sh

windows-zip: $(VENV)/installed ## Make dist/calaim-windows.zip, for Windows without installing, twice: the same bytes
	$(BIN)/python scripts/windows_zip.py --twice

windows-lock: $(VENV)/versions-installed ## Write scripts/windows.lock anew: what goes into that zip, the newest of each
	$(BIN)/uv pip compile --quiet pyproject.toml --extra panel --python-platform x86_64-pc-windows-msvc --python-version 3.12 \
	  --only-binary :all: --generate-hashes --no-annotate --upgrade --custom-compile-command "make windows-lock" -o scripts/windows.lock

format: $(VENV)/installed ## Format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix --quiet

lint: $(VENV)/installed
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet

types: $(VENV)/installed
	$(BIN)/mypy

docs: $(VENV)/installed ## Write the generated parts of README and docs anew
	$(BIN)/python scripts/manpage.py
	$(BIN)/python scripts/shapes.py
	$(BIN)/python scripts/pictures.py
	$(BIN)/python scripts/tiles.py
	$(BIN)/cog -r -P -I scripts $(DOCS)

docs-check: $(VENV)/installed
	$(BIN)/python scripts/manpage.py --check
	$(BIN)/python scripts/shapes.py --check
	$(BIN)/python scripts/pictures.py --check
	$(BIN)/python scripts/tiles.py --check
	$(BIN)/cog --check -P -I scripts $(DOCS)

site: $(VENV)/site-installed ## Build the site from README and docs into site/, strict about links
	rm -rf site
	$(BIN)/python -m sphinx -W -n -q -E -c docs -d build/doctrees -b html . site

$(VENV)/site-installed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --group site
	@touch $@

bench: bench-startup bench-batch ## Measure against the floor and other programs, into docs/benchmarks.md

bench-startup: $(VENV)/installed
	$(BIN)/python bench/startup.py --write

bench-batch: $(VENV)/installed
	$(BIN)/python bench/batch.py --write

build: $(VENV)/installed ## Build sdist and wheel into dist/
	$(BIN)/python -m build --quiet

clean: ## Take away what was built
	rm -rf $(VENV) build dist demo site .mypy_cache .pytest_cache .ruff_cache .hypothesis
