# The menu. `make demo` and `make test` need Python 3.11 or later with venv, nothing else.

PYTHON ?= python3
BIN := .venv/bin
PROJECTS := orders inventory payments monolith

.PHONY: help venv demo demo-once test test-all test-postgresql test-stock-layer compose-test check audit-dependencies lock clean layers rpc overload soak simulate points chaos chaos-plots hostile mutants

help:  ## show this menu
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

venv: .venv/ready  ## build the environment of ./manage.py: . .venv/bin/activate

demo: .venv/demo-ready  ## run the three services, place some orders, serve; PORT=8000
	$(BIN)/python manage.py demo $(if $(PORT),--port=$(PORT))

demo-once: .venv/demo-ready  ## the same, but stop after the orders and the audit
	$(BIN)/python manage.py demo --once $(if $(PORT),--port=$(PORT))

test: check  ## lint, types, boundaries and all tests; under five minutes
	$(BIN)/pytest -m "not slow"

test-postgresql: .venv/ready  ## all tests that use a database, on a PostgreSQL of their own
	$(BIN)/python -m tests.on_postgresql -m "not slow" tests/orders tests/inventory \
	  tests/payments tests/common/http/test_entrance.py tests/common/test_database.py \
	  tests/journeys

test-stock-layer: .venv/ready  ## the journeys on the stock channel layer; two minutes
	CHANNEL_LAYER=channels_redis.core.RedisChannelLayer \
	  $(BIN)/pytest -m "not slow" tests/journeys

test-all: test test-postgresql test-stock-layer  ## what CI runs: all of these, and the slow parts
	$(BIN)/pytest -m slow

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

simulate: .venv/ready  ## orders in virtual time with random misfortunes; SEEDS=1000
	$(BIN)/python -m tests.simulation seeds --seeds $(or $(SEEDS),1000) $(ARGS)

points: .venv/ready  ## die, then stand still, at each commit and send of an order's way
	$(BIN)/python -m tests.simulation points $(ARGS)
	$(BIN)/python -m tests.simulation points --fault stall $(ARGS)

chaos: .venv/ready  ## ten minutes of real processes under a nemesis, then their books
	$(BIN)/python -m tests.chaos $(ARGS)

hostile: .venv/ready  ## slow, rude, silent and wrong clients; ARGS=--list names them
	$(BIN)/python -m tests.hostile $(ARGS)

chaos-plots: .venv-lab/ready
	.venv-lab/bin/python -m tests.chaos.plot tests/chaos/results/*.json

mutants: .venv/ready  ## remove each protection in turn; the simulation must notice
	$(BIN)/python -m tests.mutants --write $(ARGS)

layers: .venv/ready  ## the stock channel layer and ours, under both test suites; four minutes
	$(BIN)/python -m lab.layers $(ARGS)

rpc: .venv-lab/ready  ## measure request/reply beside HTTP, gRPC, NATS, Celery, nameko
	.venv-lab/bin/python -m lab.rpc $(ARGS)

overload: .venv/ready  ## measure what still gets done under five times the load
	$(BIN)/python -m lab.overload $(ARGS)

soak: .venv/ready  ## ten minutes at 500 requests a second, watching what grows
	$(BIN)/python -m lab.soak $(ARGS)

audit-dependencies: .venv-audit/ready  ## known vulnerabilities in what is pinned (needs the network)
	.venv-audit/bin/python requirements/audit.py

lock: .venv/ready  ## pin all requirements again, with hashes
	$(BIN)/python requirements/lock.py

clean:  ## remove everything that was made here
	rm -rf .venv .venv-lab .venv-audit .run .mypy_cache .ruff_cache .pytest_cache .hypothesis

# what `check --deploy` needs to see: production, with every variable it asks for
PRODUCTION = MODE=production BUS_URL=redis://bus.example:6379/0 \
  PAYMENTS_GATEWAY=payments.demo_gateway.gateway.DemoGateway \
  SHOP_ORIGIN=https://shop.example \
  $(foreach project,ORDERS INVENTORY PAYMENTS MONOLITH, \
    $(project)_SECRET_KEY=$(shell od -An -N40 -tx1 /dev/urandom | tr -d ' \n') \
    $(project)_ALLOWED_HOSTS=shop.example \
    $(project)_DATABASE_URL=sqlite:////tmp/$(project).sqlite3)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.13 …" or 0)'
	$(PYTHON) -m venv .venv

.venv/demo-ready: requirements/monolith.txt requirements/suite.txt | .venv/bin/python
	@echo "Installing what the demo runs into .venv, once; this takes half a minute"
	$(BIN)/pip install --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r requirements/monolith.txt -r requirements/suite.txt
	@touch $@

.venv/ready: requirements/dev.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r requirements/dev.txt
	touch $@

.venv-lab/ready: lab/peers/requirements.txt
	$(PYTHON) -m venv .venv-lab
	.venv-lab/bin/pip install --quiet --disable-pip-version-check --require-hashes \
	  -r lab/peers/requirements.txt
	touch $@

.venv-audit/ready: requirements/audit.txt
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/pip install --quiet --disable-pip-version-check --require-hashes \
	  --only-binary :all: -r requirements/audit.txt
	touch $@
