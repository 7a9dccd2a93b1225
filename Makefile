# Everything a developer types. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DOCS := README.md docs/programs.md docs/counties.md

.PHONY: help demo test check format lint types docs build clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

demo: $(VENV)/installed ## The main job on an invented member: look up, decide, draft
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh examples/demo.sh

test: $(VENV)/installed ## Run the tests
	$(BIN)/python -m pytest

check: $(VENV)/installed lint types test docs-check ## Format, lint, types, tests, docs: before every commit

format: $(VENV)/installed ## Format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix --quiet

lint: $(VENV)/installed
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet

types: $(VENV)/installed
	$(BIN)/mypy

docs: $(VENV)/installed ## Write the generated parts of README and docs anew
	$(BIN)/cog -r -P -I scripts $(DOCS)

docs-check: $(VENV)/installed
	$(BIN)/cog --check -P -I scripts $(DOCS)

build: $(VENV)/installed ## Build sdist and wheel into dist/
	$(BIN)/python -m build --quiet

clean: ## Take away what was built
	rm -rf $(VENV) build dist demo site .mypy_cache .pytest_cache .ruff_cache .hypothesis
