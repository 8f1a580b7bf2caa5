.PHONY: layers rpc orders overload soak

layers: .venv/ready  ## the stock channel layer and ours, under both test suites; four minutes
	$(BIN)/python -m lab.layers $(ARGS)

rpc: .venv-lab/ready  ## measure request/reply beside HTTP, gRPC, NATS, Celery, nameko
	.venv-lab/bin/python -m lab.rpc $(ARGS)

orders: .venv-lab/ready  ## measure whole orders, beside the naive way; needs PostgreSQL and wrk
	.venv-lab/bin/python -m lab.orders $(ARGS)

overload: .venv/ready  ## measure what still gets done under five times the load
	$(BIN)/python -m lab.overload $(ARGS)

soak: .venv/ready  ## ten minutes at 500 requests a second, watching what grows
	$(BIN)/python -m lab.soak $(ARGS)

.venv-lab/ready: lab/peers/requirements.txt
	$(PYTHON) -m venv .venv-lab
	.venv-lab/bin/pip install --quiet --disable-pip-version-check --require-hashes \
	  -r lab/peers/requirements.txt
	touch $@
