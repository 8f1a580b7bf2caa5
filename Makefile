# The menu. `make demo` and `make test` need Python 3.11 or later with venv, nothing else.

PYTHON ?= python3
BIN := .venv/bin
ON_BOTH_CORES := -n 2 --dist loadfile
PROJECTS := $(patsubst %/settings.py,%,$(wildcard */settings.py))

.PHONY: help venv demo demo-once test test-all test-postgresql test-stock-layer compose-test check audit-dependencies lock clean

help:  ## show this menu
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

venv: .venv/ready  ## build the environment of ./manage.py: . .venv/bin/activate

demo: .venv/demo-ready  ## run the three services, place some orders, serve; PORT=8000
	$(BIN)/python manage.py demo $(if $(PORT),--port=$(PORT))

demo-once: .venv/demo-ready  ## the same, but stop after the orders and the audit
	$(BIN)/python manage.py demo --once $(if $(PORT),--port=$(PORT))

test: check  ## lint, types, boundaries and all tests; under five minutes
	$(BIN)/pytest -m "not slow" $(ON_BOTH_CORES)

test-postgresql: .venv/ready  ## all tests that use a database, on a PostgreSQL of their own
	$(BIN)/python -m tests.on_postgresql $(ON_BOTH_CORES) -m "not slow" tests/orders tests/inventory \
	  tests/payments tests/common/http/test_entrance.py tests/common/test_database.py \
	  tests/common/test_indexes.py tests/common/test_sql.py tests/journeys

test-stock-layer: .venv/ready  ## the journeys on the stock channel layer; two minutes
	CHANNEL_LAYER=channels_redis.core.RedisChannelLayer \
	  $(BIN)/pytest -m "not slow" tests/journeys

test-all: test test-postgresql test-stock-layer  ## what CI runs: all of these, and the slow parts
	$(BIN)/pytest -m "slow and not alone" $(ON_BOTH_CORES)
	$(BIN)/pytest -m alone

compose-test: .venv/ready  ## docker-compose.yml on a real engine; needs ports 8000 to 8002
	$(BIN)/python -m tests.compose $(ARGS)

check: .venv/ready  ## lint, types, import boundaries, migrations, deployment settings
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports --no-cache
	@for project in $(PROJECTS); do \
	  echo "$$project: migrations, deployment settings" && \
	  $(BIN)/python manage.py $$project makemigrations --check --dry-run -v0 && \
	  env $(PRODUCTION) $(BIN)/python manage.py $$project check --deploy \
	    --fail-level WARNING || exit 1; \
	done

audit-dependencies: .venv-audit/ready  ## known vulnerabilities in what is pinned (needs the network)
	.venv-audit/bin/python requirements/audit.py

lock: .venv/ready  ## pin all requirements again, with hashes
	$(BIN)/python requirements/lock.py

clean:  ## remove everything that was made here
	rm -rf .venv .venv-lab .venv-audit .run .mypy_cache .ruff_cache .pytest_cache .hypothesis

# what `check --deploy` needs to see: production, with every variable it asks for
PRODUCTION = MODE=production TLS_PROXY=true BUS_URL=redis://bus.example:6379/0 \
  PAYMENTS_GATEWAY=payments.demo_gateway.gateway.DemoGateway \
  SHOP_ORIGIN=https://shop.example \
  $(foreach project,$(shell echo $(PROJECTS) | tr a-z A-Z), \
    $(project)_SECRET_KEY=$(shell od -An -N40 -tx1 /dev/urandom | tr -d ' \n') \
    $(project)_ALLOWED_HOSTS=shop.example \
    $(project)_DATABASE_URL=sqlite:////tmp/$(project).sqlite3)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.13 …" or 0)'
	$(PYTHON) -m venv .venv

.venv/demo-ready: requirements/services.txt requirements/suite.txt | .venv/bin/python
	@echo "Installing what the demo runs into .venv, once; this takes half a minute"
	$(BIN)/pip install --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r requirements/services.txt -r requirements/suite.txt
	@touch $@

.venv/ready: requirements/dev.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r requirements/dev.txt
	touch $@

.venv-audit/ready: requirements/audit.txt
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/pip install --quiet --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r requirements/audit.txt
	touch $@

# the proofs and the lab bring their own
-include */menu.mk tests/*/menu.mk
