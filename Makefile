# The project's own commands; `make help` lists them. Everything is kept in .venv and build.
# The build's switches (at the top of setup.py) work here too: OMS_DEBUG=1 make test

PYTHON ?= python3
BIN := .venv/bin
ENVIRONMENT := .venv/ready
GENERATED_C := $(patsubst oms/%.pyx,build/cython/oms/%.c,$(wildcard oms/_core/*.pyx))

.DEFAULT_GOAL := help
.PHONY: help install run test soak bench check clean

help:  ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

install: $(ENVIRONMENT)  ## the environment in .venv, with the core built and the command .venv/bin/oms
	@$(BIN)/python setup.py --quiet build_ext --inplace

run: install  ## play a broker's day
	$(BIN)/oms demo

test: install  ## run all tests
	$(BIN)/python -m pytest

soak: install  ## play many more and longer random days, crashes and faults, with progress; SEED=, DAY= to go on from
	OMS_SOAK=1 $(BIN)/python -m pytest tests/property tests/journal/test_crash_states.py tests/store/test_snapshot_power_cuts.py \
		tests/serve/test_durability.py tests/journal/test_commands_at_call.py tests/follower/test_takeover_day.py \
		tests/overload -o timeout=0
	$(BIN)/python -m tests.simulation $(or $(SEED),1) --to 10000 --jobs $$(nproc)
	$(BIN)/python -m tests.crash $(or $(DAY),1) --to 250

bench: install  ## measure; prints the machine, the build and the settings with each figure
	$(BIN)/python -m pytest benchmarks -o addopts= -o python_files='bench_*.py' -o python_functions='bench_* test_*' \
		--import-mode=importlib --benchmark-only --benchmark-disable-gc -s

check: install  ## format, lint, types, generated files, source limits
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cython-lint oms
	$(BIN)/mypy
	$(BIN)/python tools/generate.py --check
	$(BIN)/python tools/tidy.py
	@grep -n ErrOccurredWithGIL $(GENERATED_C) /dev/null; test $$? -eq 1 || { \
	    echo "each call above takes the GIL to ask for an exception: declare the called function noexcept"; exit 1; }

clean:  ## remove what was built, not the environment
	rm -rf build dist *.egg-info oms/_core/*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(ENVIRONMENT): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"{sys.executable} is Python " \
	    f"{sys.version.split()[0]}; 3.11 or later is needed: make install PYTHON=python3.12")'
	$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv  # one that works keeps its interpreter
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
	    > .venv/build-requires.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r .venv/build-requires.txt
	OMS_ONLY=none $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -e '.[test,dev]'
	@touch $@
