# Everything below runs in $(VENV), which is made and filled once and again whenever setup.py changes.
#   make demo PYTHON=/path/to/python3.11 VENV=/elsewhere
SHELL := /bin/bash
# The first Python that runs and is supported; 3.11 first, the only one with the whole renderer.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
  $$name -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$name && break; done)
VENV ?= .venv
OUT ?= runs/demo
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# TensorFlow's start-up notes (no GPU, oneDNN) say nothing about this project.
export TF_CPP_MIN_LOG_LEVEL ?= 2

.PHONY: help install demo test test-all test-jax clean
.DEFAULT_GOAL := help

help:
	@echo "make demo      install, train a few minutes on synthetic hands, predict on the sample photographs"
	@echo "make test      install, run the tests (without those marked slow)"
	@echo "make test-jax  the tests of layers, models, losses and metrics, under JAX"
	@echo "make test-all  every test, the slow ones too"
	@echo "make install   only the environment, in $(VENV)"
	@echo "make clean     remove $(VENV), $(OUT) and caches"

install: $(STAMP)

$(STAMP): setup.py tfhand/version.py
	@test -x $(BIN)/python || test -n "$(PYTHON)" || \
	  { echo "No Python 3.11, 3.12 or 3.13 was found. On Debian: apt install python3.11 python3.11-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || \
	  { echo "$(PYTHON) could not make a virtual environment in $(VENV). On Debian: apt install python3.11-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test,export,beam]"
	@touch $@

demo: $(STAMP)
	$(BIN)/python -m trainers.fully_supervised --out $(OUT)/training
	$(BIN)/tfhand predict tfhand/assets/samples --out $(OUT)/predictions
	@echo
	@echo "Training curves and validation pictures: $(OUT)/training"
	@echo "Overlays, meshes (GLB, OBJ) and JSON of the sample photographs, made with the shipped weights:"
	@ls $(OUT)/predictions/*.png

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: $(STAMP)
	$(BIN)/python -m pytest -n 2

test-jax: $(STAMP)
	KERAS_BACKEND=jax $(BIN)/python -m pytest -n 2 -m "not slow" tests/layers tests/models tests/losses tests/metrics

clean:
	rm -rf $(VENV) $(OUT) build dist *.egg-info .pytest_cache
	find . -name __pycache__ -not -path './.git/*' -type d -prune -exec rm -rf {} +
