SHELL := /bin/bash
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= demo_home
UV := 0.13.8
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo dev test format lint types layers unit test-aws bench-decisions bench-release bench-serving drill year constraints serving-requirements clean

demo: $(VENV)/.installed  ## set up, run the weekly loop on generated leads, leave a live endpoint
	@$(BIN)/leadscore --home $(HOME_DIR) demo

dev: $(VENV)/.installed  ## the Dagster UI on the demo's home
	@$(BIN)/leadscore --home $(HOME_DIR) ui

test: $(VENV)/.installed-dev lint types layers unit  ## set up, then format, lint, types, layers and tests

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

layers: $(VENV)/.installed-dev
	$(BIN)/lint-imports

# The core's own tests measure what they cover; tracing all others would take half as long again.
CORE := backends domain jobs reports serving
TESTS := leadscore_assets_tests

unit: $(VENV)/.installed-dev
	$(BIN)/pytest $(TESTS) $(CORE:%=--ignore=$(TESTS)/%)
	$(BIN)/pytest --cov --cov-report=term:skip-covered $(CORE:%=$(TESTS)/%)

test-aws: $(VENV)/.installed-dev  ## with AWS_LIVE=1, the smallest loop on a real account; costs money, deletes everything
	$(BIN)/pytest -n0 --no-cov -s leadscore_assets_tests/aws/test_live.py

bench-decisions: $(VENV)/.installed-dev  ## measure the error rates of every gate again and write them into docs
	$(BIN)/python -m benchmarks.decisions --docs docs

bench-release: $(VENV)/.installed-dev  ## measure the error rates of the release's guards again and write them into docs
	$(BIN)/python -m benchmarks.release_rules --docs docs

bench-serving: $(VENV)/.installed-dev  ## measure the server beside FastAPI, Flask and MLflow and write it into docs
	$(BIN)/python -m benchmarks.serving --docs docs

drill: $(VENV)/.installed-dev  ## ten minutes of releases and faults under load, every answer checked, written into docs
	$(BIN)/python -m benchmarks.drill --docs docs

year: $(VENV)/.installed-dev  ## 52 generated weeks with planted events under a held clock, judged by the truth, into docs
	$(BIN)/python -W ignore -m benchmarks.year --docs docs

constraints: $(VENV)/bin/uv  ## pin every package of every extra again
	$(BIN)/uv pip compile pyproject.toml --all-extras --python-version 3.11 --universal --upgrade \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -q -o constraints.txt

serving-requirements: $(VENV)/bin/uv  ## pin what the serving image holds again, as constraints.txt has it
	$(BIN)/uv pip compile deploy/serving/requirements.in --constraint constraints.txt --python-version 3.11 \
	  --python-platform x86_64-manylinux_2_28 --no-emit-package nvidia-nccl-cu12 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate -q \
	  -o deploy/serving/requirements.txt

$(VENV)/bin/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv==$(UV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --constraint constraints.txt --editable '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build dist *.egg-info
