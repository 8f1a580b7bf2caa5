# The menu. `make demo` and `make test` need Python 3.11 or later with venv, nothing else.

PYTHON ?= python3
BIN := .venv/bin
SERVICES := orders inventory payments

.PHONY: help demo demo-once test test-all check lock clean

help:  ## show this menu
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/ready  ## run the three services, place some orders, serve until Ctrl-C
	$(BIN)/python manage.py demo

demo-once: .venv/ready  ## the same, but stop after the orders and the audit
	$(BIN)/python manage.py demo --once

test: check  ## lint, types, boundaries and all tests; under five minutes
	$(BIN)/pytest

test-all: test services-alone  ## what CI runs: test, and the slow parts
	$(BIN)/pytest tests/test_docs.py -q

check: .venv/ready  ## lint, types, import boundaries, migrations, deployment settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-cache > .run-lint.log 2>&1 || (cat .run-lint.log; exit 1)
	$(BIN)/python tests/deploy_checks.py

lock: .venv/ready  ## pin all requirements again, with hashes
	$(BIN)/python requirements/lock.py

clean:  ## remove everything that was made here
	rm -rf .venv .run .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/ready: requirements/dev.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.13 …")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --only-binary :all: -r requirements/dev.txt
	touch $@
