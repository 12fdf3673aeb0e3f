# make run    sync the example configuration from PyPI and search the result
# make test   all tests
# make lint   ruff, mypy, import-linter
# make bench  every benchmark, one table each
# make fuzz   200,000 mutants of archives and project pages
# make lock   renew the locks from pyproject.toml

PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
DATA   ?= data
CONFIG ?= docs/examples/python-packages.jsonc
INSTALL := bin/python -m pip --disable-pip-version-check install --quiet --require-hashes
PIP    := $(VENV)/$(INSTALL)

.DEFAULT_GOAL := help
.PHONY: help run test warm lint bench fuzz lock clean

help:
	@sed -n 's/^# make/make/p' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: $(BIN)/python requirements.lock pyproject.toml
	$(PIP) --requirement requirements.lock
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(PIP) --requirement requirements-dev.lock
	@touch $@

# The servers that the tests start: an environment of their own, so that none of their needs becomes the program's.
$(VENV)/mirrors/.installed: $(BIN)/python requirements-mirrors.lock
	$(PYTHON) -m venv $(VENV)/mirrors
	$(VENV)/mirrors/$(INSTALL) --requirement requirements-mirrors.lock
	@touch $@

run: $(VENV)/.run
	@$(BIN)/python -m codehost sync $(CONFIG) --data-dir $(DATA); status=$$?; test $$status -le 1 || exit $$status; \
	echo "\nA search over them, for classes called Meta something:"; \
	$(BIN)/python -m codehost search 'class\ \w*Meta\w*\(' --lines 20 --data-dir $(DATA); status=$$?; \
	test $$status -le 1 || exit $$status; \
	echo "\nSearch for more:  $(BIN)/codehost search 'QUERY' --data-dir $(DATA)"; \
	echo "Clone one:        git clone $(DATA)/repos/python/six/1.16.0.git"; \
	echo "Know one:         $(BIN)/codehost show python/isal/1.6.1 --data-dir $(DATA)"; \
	echo "Serve them all:   $(BIN)/codehost serve --config $(CONFIG) --data-dir $(DATA)   (then open http://127.0.0.1:3434/-/search)"

# The tests start hundreds of processes. Where Python writes no bytecode by itself, each would compile all modules anew.
# Much of their time is waiting: so there are more at once than a small machine has cores.
test: $(VENV)/.dev $(VENV)/mirrors/.installed
	$(BIN)/python -m compileall -q -j 0 codehost
	$(BIN)/python -m pytest --numprocesses 5

# Rewrites the tests' assertions once, and not in each of the processes that run tests. For those who have something else
# to do meanwhile: see .ci/run.
warm: $(VENV)/.dev
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest --collect-only --quiet > /dev/null

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.ingest
	$(BIN)/python -m benchmarks.sync
	$(BIN)/python -m benchmarks.replan
	$(BIN)/python -m benchmarks.queue
	$(BIN)/python -m benchmarks.idle
	$(BIN)/python -m benchmarks.memory
	$(BIN)/python -m benchmarks.pages
	$(BIN)/python -m benchmarks.bombs
	$(BIN)/python -m benchmarks.clone
	$(BIN)/python -m benchmarks.search

fuzz: $(VENV)/.dev
	$(BIN)/python -m tests.fuzz

lock: $(VENV)/.dev
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group build pyproject.toml --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group dev pyproject.toml --constraint requirements.lock --output-file requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --group mirrors --output-file requirements-mirrors.lock

clean:
	rm -rf $(VENV) $(DATA) dist build .mypy_cache .ruff_cache .pytest_cache
