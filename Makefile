# `make` alone lists the targets. Every target prepares the environment first (0.2 s once it is
# there), so nothing has to be installed or activated by hand.

PYTHON ?= python3
BIN := .venv/bin
# Tools that start others (slither, pytest) find forge, anvil and the compiler here.
export PATH := $(CURDIR)/$(BIN):$(PATH)
# Test processes at a time; anvil and the compiler run beside them.
WORKERS ?= 2
PYTEST := $(BIN)/pytest --numprocesses=$(WORKERS)

# `ape compile` alone misses contracts whose imports changed; with --force nothing is stale, and the
# compiler's launcher answers from its cache what it has compiled before.

# slither detectors that are off in the whole tree; what concerns one line is switched off there.
#   assembly            asks for none; the few blocks are memory-safe and say what they do
#   incorrect-equality  takes every number that depends on the clock for one a miner can steer
#   naming-convention   asks for mixedCase where the project writes immutables in UPPER_SNAKE
#   reentrancy-events   asks for events before calls; hub and faces call each other only, and a
#                       face repeats a move once the hub has made it
#   timestamp           asks for no clock; epochs and deadlines are hours and days
#   too-many-digits     counts the digits of embedded creation code
#   unused-return       reports tuple members left out on purpose: (value,) = f()
SLITHER_OFF := assembly,incorrect-equality,naming-convention,reentrancy-events,timestamp,too-many-digits,unused-return

.DEFAULT_GOAL := help
.PHONY: help demo test test-node lint bench mutants compile artifacts codes api format lock clean environment

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: environment ## run the story on a local chain: deploy, award, spend, expire, settle
	@$(BIN)/python -m scripts.demo $(DEMO)
	@echo "To look around yourself, in the browser: $(BIN)/crmdapp up --sample"

test: environment ## run all tests
	@$(BIN)/ape compile --force --verbosity WARNING
	@$(PYTEST) $(TESTS)

test-node: environment ## run the portable tests against another Ethereum node: make test-node RPC=http://...
	@test -n "$(RPC)" || { echo "say which node: make test-node RPC=http://127.0.0.1:8545" >&2; exit 2; }
	@CRMDAPP_TEST_RPC=$(RPC) $(BIN)/pytest --numprocesses=0 -p no:ape_test -m portable $(TESTS)
	@CRMDAPP_TEST_RPC=$(RPC) $(BIN)/python -m scripts.demo --rpc $(RPC)

lint: environment ## check style, types, generated files, code size, and the contracts with slither
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/forge fmt --check contracts $(wildcard tests/forge)
	@$(BIN)/python -m scripts.check_tree
	@$(BIN)/python -m scripts.export_artifacts --check
	@$(BIN)/python -m scripts.export_codes --check
	@$(BIN)/python -m scripts.export_scale --check
	@$(BIN)/python -m scripts.export_api --check
	@$(PYTHON) scripts/bootstrap.py --slither
	@HOME="$(CURDIR)/.cache/slither" PATH="$(CURDIR)/$(BIN):$$PATH" .cache/slither/bin/slither . --exclude $(SLITHER_OFF)

bench: environment ## measure gas and speed beside the peers, write scripts/bench/results.json
	@$(BIN)/python -m scripts.bench
	@$(BIN)/python -m scripts.export_scale

mutants: environment ## remove each defence in turn and require its test to fail
	@$(BIN)/python -m tests.mutants

compile: environment ## compile the contracts
	@$(BIN)/ape compile --force

artifacts: environment ## write ABIs, bytecode and Python twins after a change of a contract
	@$(BIN)/python -m scripts.export_artifacts

codes: environment ## write the tables of public codes after a change of scripts/codes
	@$(BIN)/python -m scripts.export_codes

api: environment ## write docs/api.md after a change of the HTTP API
	@$(BIN)/python -m scripts.export_api

format: environment ## format Python and Solidity
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .
	@$(BIN)/forge fmt contracts $(wildcard tests/forge)

lock: environment ## resolve pyproject.toml and package.json anew into the lock files
	@$(PYTHON) scripts/bootstrap.py --lock

clean: ## remove everything that was built or installed
	@rm -rf .venv .build .cache node_modules dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

environment:
	@$(PYTHON) scripts/bootstrap.py
