# Vigil. `make help` lists what there is; CI uses the same words.
SHELL := /bin/bash
PY ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
DEV_STAMP := $(VENV)/.ready-dev
ASSETS := build/assets/manifest.json
# Compiled modules make every process start in half the time.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPATH := $(CURDIR):$(CURDIR)/platform

.DEFAULT_GOAL := help
.PHONY: help setup demo up test lint types docs bench soak migrate lock servers clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP) $(ASSETS) ## make the virtual environment and the web assets

demo: setup ## run the whole loop on real DICOM in a fresh data folder, and exit
	@$(BIN)/python -m vigil.app.demo

up: setup ## serve the console on what the demo left
	@$(BIN)/python -m vigil.app.demo up

test: $(DEV_STAMP) $(ASSETS) servers ## run all tests
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(DEV_STAMP) types ## check style, layers, templates and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/djlint --lint --quiet platform model_registry inference surveillance transparency_cards

types: $(DEV_STAMP) ## check types
	@$(BIN)/mypy

docs: setup ## write the tables of docs/ that come from the code
	@$(BIN)/python -m vigil.app.reference

bench: $(DEV_STAMP) $(ASSETS) ## measure, beside the peers
	@$(BIN)/python -m benchmarks

soak: $(DEV_STAMP) $(ASSETS) ## kill processes at random while studies flow; slow
	@$(BIN)/python -m pytest -q -p no:cacheprovider tests/soak --override-ini=testpaths=tests/soak -m soak --timeout=1800

migrate: setup ## bring the database of the data folder to the newest schema
	@$(BIN)/python -m vigil.app.cli db upgrade

lock: $(STAMP) ## pin the requirements anew, with hashes
	@for set in requirements requirements-dev; do \
	  $(BIN)/uv pip compile -q --python-version 3.11 --generate-hashes --no-emit-index-url $$set.in -o $$set.lock; done
	@$(BIN)/uv pip compile -q --python-version 3.11 --no-deps --generate-hashes --no-emit-index-url \
	  requirements-assets.in -o requirements-assets.lock

servers: ## install the Debian servers that tests talk to, where that is possible
	@tests/servers.sh

clean: ## remove what the other targets made
	rm -rf $(VENV) build var .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(VENV)/bin/uv: requirements-bootstrap.lock
	@$(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Vigil needs Python 3.11 or newer")'
	@echo "Setting up in $(VENV) ..."
	@$(PY) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-bootstrap.lock
	@touch $@

$(STAMP): $(VENV)/bin/uv requirements.lock requirements-assets.lock pyproject.toml
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --no-deps -r requirements.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --no-deps -r requirements-assets.lock
	@printf '%s\n%s\n' "$(CURDIR)" "$(CURDIR)/platform" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/vigil.pth"
	@printf '#!/bin/sh\nexec "%s/python" -P -m vigil.app.cli "$$@"\n' "$(CURDIR)/$(BIN)" > $(BIN)/vigil && chmod +x $(BIN)/vigil
	@touch $@

$(DEV_STAMP): $(STAMP) requirements-dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

$(ASSETS): $(STAMP) $(wildcard platform/vigil/kernel/web/static/*)
	@$(BIN)/python -m vigil.app.cli assets build
